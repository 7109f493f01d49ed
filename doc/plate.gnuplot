# SPDX-License-Identifier: MIT
#
# A printed plate of a beetle with a ruler, the subject of the README's pictures: 1440x960 pixels, of
# which a frame shows the middle 1200x800.

set terminal pngcairo size 1440,960 enhanced font 'DejaVu Serif,13' background '#f4efe2'
unset border; unset tics; unset key
set margins 0,0,0,0
set xrange [-120:1320]; set yrange [-80:880]
set parametric; set samples 400
set style fill solid 1 noborder

# the ruler
set object 1 polygon from 60,90 to 1140,90 to 1140,170 to 60,170 to 60,90 fillcolor rgb '#fffdf4' fillstyle solid border lc rgb '#333333'
n = 100
do for [i=0:104] {
    x = 80 + i * 10
    h = i % 10 == 0 ? 34 : i % 5 == 0 ? 24 : 14
    set arrow from x,170 to x,170-h nohead lw (i % 10 == 0 ? 2 : 1.2) lc rgb '#222222'
    if (i % 10 == 0) { set label sprintf('%d', i / 10) at x,112 center font ',14' textcolor rgb '#222222' }
}
set label 'cm' at 1128,135 right font ',11' textcolor rgb '#222222'

# text
set label 'CARABUS  VIOLACEUS' at 600,750 center font ',26' textcolor rgb '#2a2a2a'
set label 'Tab. XII.  The violet ground beetle, seen from above, drawn at five times its size.' at 600,712 center font ',12' textcolor rgb '#2a2a2a'
parts = 'mandible eye antenna pronotum elytra femur tibia tarsus'
do for [i=0:7] {
    set label word(parts, i + 1) at 1010,640-i*28 font ',12' textcolor rgb '#3a3a3a'
    set label sprintf('%d', i + 1) at 985,640-i*28 right font ',12' textcolor rgb '#803020'
}
set label "It lives in woods\nand gardens, hides\nunder bark and stones\nby day, and hunts\nsnails and worms\nby night." at 70,640 font ',12' textcolor rgb '#3a3a3a'

# legs: thigh, shin, foot, with hairs
do for [side=-1:1:2] {
    do for [k=0:2] {
        x0 = 600 + side * 90;            y0 = 520 - k * 95
        x1 = 600 + side * (210 + 20*k);  y1 = 560 - k * 110
        x2 = 600 + side * (270 + 30*k);  y2 = 470 - k * 120
        x3 = 600 + side * (300 + 32*k);  y3 = 400 - k * 105
        set arrow from x0,y0 to x1,y1 nohead lw 13 lc rgb '#1b1420'
        set arrow from x1,y1 to x2,y2 nohead lw 8 lc rgb '#241a2c'
        set arrow from x2,y2 to x3,y3 nohead lw 4 lc rgb '#241a2c'
        do for [h=0:17] {
            u = h / 18.0
            bx = x1 + (x2 - x1) * u; by = y1 + (y2 - y1) * u
            set arrow from bx,by to bx + side*(10+4*sin(h*7.)), by + 9 + 4*cos(h*5.) nohead lw 1 lc rgb '#1b1420'
            bx = x2 + (x3 - x2) * u; by = y2 + (y3 - y2) * u
            set arrow from bx,by to bx + side*(8+3*sin(h*3.)), by + 4*cos(h*4.) nohead lw 0.8 lc rgb '#1b1420'
        }
    }
    # antennae: eleven joints
    ax = 600 + side * 35; ay = 640
    do for [j=0:10] {
        bx = ax + side * (16 + j); by = ay + 9 - 2.2 * j
        set arrow from ax,ay to bx,by nohead lw 5-0.25*j lc rgb '#2b2030'
        ax = bx; ay = by
    }
    # mandibles
    set arrow from 600+side*20,672 to 600+side*5,700 nohead lw 6 lc rgb '#151018'
}

plot [0:2*pi] \
    600 + 118*cos(t), 400 + 190*sin(t)*(1-0.1*sin(t)) with filledcurves closed lc rgb '#241a3c', \
    600 + 108*cos(t), 403 + 180*sin(t)*(1-0.1*sin(t)) with filledcurves closed lc rgb '#3a2a66', \
    600 + 78*cos(t), 590 + 44*sin(t) with filledcurves closed lc rgb '#1c1530', \
    600 + 72*cos(t), 591 + 39*sin(t) with filledcurves closed lc rgb '#33265c', \
    600 + 40*cos(t), 645 + 34*sin(t) with filledcurves closed lc rgb '#1b1428', \
    566 + 11*cos(t), 652 + 10*sin(t) with filledcurves closed lc rgb '#8a6a30', \
    634 + 11*cos(t), 652 + 10*sin(t) with filledcurves closed lc rgb '#8a6a30', \
    for [k=-6:6] 600 + k*15.5*sqrt(1-((t/pi-1)*0.93)**2), 400 + 180*(t/pi-1)*0.93 with lines lw 1.4 lc rgb '#6f5bb0', \
    600 + 0*t, 400 + 180*(t/pi-1)*0.95 with lines lw 3 lc rgb '#120c20'
