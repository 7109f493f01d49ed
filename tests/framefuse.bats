#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    makestack -kind=bristle -width=320 -height=208 -frames=9 bristle
    makestack -kind=relief -width=320 -height=208 -frames=9 relief
    makestack -kind=blobs -width=320 -height=208 -frames=9 -noise=5 blobs
    makestack -kind=flat -width=320 -height=208 -frames=60 flat
    # The same without opacity, in gray, and of 16 bits.
    mkdir rgb gray
    for frame in bristle/0*.pam; do
        pamchannel -infile "$frame" -tupletype RGB 0 1 2 >"rgb/${frame##*/}"
        pamchannel -infile "$frame" -tupletype GRAYSCALE 1 >"gray/${frame##*/}"
    done
}

# error STACK SIGMA PICTURE: sets psnr, ssim, invented, soft, noise (against a frame's) and halo.
error() {
    local one
    read -r psnr ssim invented soft noise halo < <(fusionerror "$2" "$FIXTURES/$1/truth.pam" "$FIXTURES/$1/edges.pam" "$3" \
        "$FIXTURES/$1"/0*.pam)
    read -r _ _ _ _ one _ < <(fusionerror "$2" "$FIXTURES/$1/truth.pam" "$FIXTURES/$1/edges.pam" \
        "$FIXTURES/$1/0004.pam" "$FIXTURES/$1"/0*.pam)
    noise=$(awk -v a="$noise" -v b="$one" 'BEGIN { print a / b }')
    echo "$1: PSNR $psnr, SSIM $ssim, invented $invented %, soft $soft %, noise $noise, halo $halo"
}

# holds EXPRESSION: of numbers with fractions.
holds() {
    awk "BEGIN { exit !($*) }"
}

# off A B MOST: how many samples differ, in 10,000; none by more than MOST.
off() {
    paste <(samples "$1" | tr ' ' '\n') <(samples "$2" | tr ' ' '\n') | awk -v most="$3" '
        $1 != $2 { n++; d = $1 > $2 ? $1 - $2 : $2 - $1; if (d > most) { print "sample " NR - 1 ": " $0; bad = 1 } }
        END { print 10000 * n / NR; exit bad }'
}

# ---- what comes out ----

@test "one opaque frame comes out bit for bit, of every kind and maxval" {
    for depth in 1 3; do
        for maxval in 1 5 255 256 4095 65535; do
            pam 37 23 $depth $maxval $(seq 0 7 $maxval | head -n 500) >frame.pam
            framefuse frame.pam >out.pam
            same <(raster frame.pam) <(raster out.pam)
            [ "$(header MAXVAL out.pam)" = "$maxval" ] && [ "$(header TUPLTYPE out.pam)" = "$(header TUPLTYPE frame.pam)" ]
        done
    done
    # Of a frame with opacity that is all there the plane goes.
    pam 20 20 4 255 9 8 7 255 >frame.pam
    framefuse frame.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB ]
    [ "$(samples out.pam | tr ' ' '\n' | sort -u | paste -sd ' ')" = '7 8 9' ]
    framefuse -opacity frame.pam >out.pam
    same <(raster frame.pam) <(raster out.pam)
}

@test "the sharp half of each of two frames makes the picture" {
    # Noise on the left in one frame, on the right in the other; the rest is flat.
    for side in 0 1; do
        pam 128 64 1 255 $(awk -v side=$side 'BEGIN { srand(3)
            for (i = 0; i < 8192; i++) { v = int(rand() * 200); print int(i % 128 / 64) == side ? v : 100 } }') >f$side.pam
    done
    pam 128 64 1 255 $(awk 'BEGIN { srand(3); for (i = 0; i < 8192; i++) print int(rand() * 200) }') >truth.pam
    framefuse f0.pam f1.pam >out.pam
    # But for eight columns about the middle, all is within 3 levels.
    paste <(samples out.pam | tr ' ' '\n') <(samples truth.pam | tr ' ' '\n') | awk '
        { x = (NR - 1) % 128; d = $1 - $2 }
        (x < 60 || x > 67) && (d > 3 || d < -3) { bad++ }
        END { print bad + 0; exit bad > 0 }'
}

# bats test_tags=all
@test "what the method says, plainly computed, is what comes out" {
    for stack in bristle rgb gray; do
        for sharpness in 4 6 8; do
            framefuse -sharpness=$sharpness "$FIXTURES/$stack"/0*.pam >out.pam
            plainfuse $sharpness "$FIXTURES/$stack"/0*.pam >plain.pam
            [ "$(header DEPTH out.pam)" -eq "$(header DEPTH plain.pam)" ] || framefuse -opacity \
                -sharpness=$sharpness "$FIXTURES/$stack"/0*.pam >out.pam
            echo "$stack $sharpness: $(off out.pam plain.pam 1) in 10,000 differ"
            holds "$(off out.pam plain.pam 1) < 20"
        done
    done
    # Small and odd sizes.
    for size in '1 1' '2 1' '1 7' '15 16' '17 33' '16 16'; do
        for i in 1 2; do
            # shellcheck disable=SC2046,SC2086
            pam $size 3 65535 $(awk -v i=$i 'BEGIN { for (k = 0; k < 1700; k++) print (k * k * 31 * i + 77 * k) % 65536 }') >s$i.pam
        done
        framefuse s1.pam s2.pam >out.pam
        plainfuse 6 s1.pam s2.pam >plain.pam
        off out.pam plain.pam 2
    done
}

@test "the order of the frames changes fewer than one of 10,000 samples, by one level; every run gives the same" {
    framefuse "$FIXTURES"/rgb/0*.pam >out.pam
    framefuse "$FIXTURES"/rgb/0*.pam | same - out.pam
    # shellcheck disable=SC2046
    framefuse $(printf '%s\n' "$FIXTURES"/rgb/0*.pam | sort -r) >reversed.pam
    off out.pam reversed.pam 1
    holds "$(off out.pam reversed.pam 1) <= 1"
    cat "$FIXTURES"/rgb/0*.pam | framefuse | same - out.pam
    # At 16 bits, where a level is 1/65535: as many frames as are about equally sharp, so that many weights count.
    makestack -kind=relief -width=320 -height=208 -frames=30 -noise=1 -maxval=65535 -seed=2 deep
    framefuse deep/0*.pam >deep.pam
    # shellcheck disable=SC2046
    framefuse $(printf '%s\n' deep/0*.pam | sort -r) >reversed.pam
    off deep.pam reversed.pam 1
    holds "$(off deep.pam reversed.pam 1) <= 1"
    # Those with even numbers first.
    framefuse deep/0*[02468].pam deep/0*[13579].pam >parted.pam
    holds "$(off deep.pam parted.pam 1) <= 1"
}

# bats test_tags=all
@test "every instruction set gives the same picture" {
    sanitized && skip "one build is enough"
    portable framefuse
    makestack -kind=relief -width=163 -height=121 -frames=5 -noise=1 -maxval=65535 deep
    for stack in "$FIXTURES"/rgb deep; do
        for sharpness in 4 6 8; do
            framefuse -sharpness=$sharpness -depthmap=own.depth "$stack"/0*.pam >own
            build/bin/framefuse -sharpness=$sharpness -depthmap=depth "$stack"/0*.pam | same - own
            same depth own.depth
        done
    done
}

@test "against the truth: sharp, without halo, little noise, nothing invented" {
    figures
    framefuse "$FIXTURES"/bristle/0*.pam >out.pam
    error bristle 2 out.pam
    holds "$psnr > 27 && $ssim > .9 && $invented <= .5 && $soft < 8 && $noise <= .75"
    framefuse "$FIXTURES"/relief/0*.pam >out.pam
    error relief 1 out.pam
    holds "$psnr > 33 && $ssim > .95 && $invented <= .5 && $soft < 3 && $noise <= .75"
    framefuse "$FIXTURES"/blobs/0*.pam >out.pam
    error blobs 5 out.pam
    holds "$psnr > 27 && $invented <= .5 && $noise <= .75"
    framefuse "$FIXTURES"/flat/0*.pam >out.pam
    error flat 2 out.pam
    holds "$invented <= .5 && $noise <= .4"
}

@test "more sharpness is less soft and keeps more noise" {
    figures
    for sharpness in 4 6 8; do
        framefuse -sharpness=$sharpness "$FIXTURES"/blobs/0*.pam >out.pam
        error blobs 5 out.pam
        soft_of[sharpness]=$soft noise_of[sharpness]=$noise
    done
    holds "${soft_of[4]} > ${soft_of[6]} && ${soft_of[6]} > ${soft_of[8]}"
    holds "${noise_of[4]} < ${noise_of[6]} && ${noise_of[6]} < ${noise_of[8]}"
}

# ground COLOR...: an 8-bit frame of 128x96 in that colour with weak texture, and dots of 1 to 3 pixels on it, dark and
# bright ones, in turn, 16 pixels apart.
ground() {
    pam 128 96 3 255 $(awk -v r="$1" -v g="$2" -v b="$3" 'BEGIN {
        srand(11)
        for (y = 0; y < 96; y++)
            for (x = 0; x < 128; x++) {
                size = 1 + int(x / 16) % 3
                if (x % 16 < size && y % 16 < size && x >= 16 && y >= 16)
                    r1 = g1 = b1 = (int(y / 16) % 2) ? 235 : 20
                else {
                    t = .95 + .1 * rand()
                    r1 = int(r * t); g1 = int(g * t); b1 = int(b * t)
                }
                print r1, g1, b1
            } }')
}

# blurred FRAME: out of focus.
blurred() {
    pamtopnm "$1" | pnmconvol -quiet -normalize -matrix=1,2,3,2,1,2,4,6,4,2,3,6,9,6,3,2,4,6,4,2,1,2,3,2,1 2>/dev/null
}

@test "dots of one to three pixels keep their contrast on grounds of every colour" {
    for color in '225 195 60' '180 50 40' '60 90 180' '120 120 120'; do
        # shellcheck disable=SC2086
        ground $color >truth.pam
        pamtopnm truth.pam >sharp.ppm
        blurred truth.pam >soft.ppm
        # The left half is sharp in one frame, the right half in the other.
        pnmcat -leftright <(pamcut -width 64 sharp.ppm) <(pamcut -left 64 soft.ppm) >a.ppm
        pnmcat -leftright <(pamcut -width 64 soft.ppm) <(pamcut -left 64 sharp.ppm) >b.ppm
        framefuse a.ppm b.ppm >out.pam
        # Of the dots that are not at the seam none loses a fifth of its contrast, in any colour.
        paste <(samples out.pam | tr ' ' '\n' | paste -d ' ' - - -) <(samples truth.pam | tr ' ' '\n' | paste -d ' ' - - -) |
            awk -v color="$color" '
            BEGIN { split(color, ground, " ") }
            { x = (NR - 1) % 128; y = int((NR - 1) / 128); size = 1 + int(x / 16) % 3 }
            x % 16 < size && y % 16 < size && x >= 16 && y >= 16 && (x < 48 || x >= 80) {
                for (c = 1; c <= 3; c++) {
                    want = $(c + 3) - ground[c]
                    if (want * want > 1600) { n++; if (($c - ground[c]) / want < .8) { bad++; print x, y, $c, $(c + 3) } }
                }
            }
            END { print color ": " n " samples, " bad + 0 " dull"; exit !(n > 100 && !bad) }'
    done
}

@test "no value is more than two levels beyond those of the frames at its pixel" {
    for stack in rgb gray; do
        set -- "$FIXTURES/$stack"/0*.pam
        framefuse "$@" >out.pam
        cp "$1" low.pam
        cp "$1" high.pam
        for frame; do
            pamarith -minimum low.pam "$frame" >next && mv next low.pam
            pamarith -maximum high.pam "$frame" >next && mv next high.pam
        done
        paste <(samples out.pam | tr ' ' '\n') <(samples low.pam | tr ' ' '\n') <(samples high.pam | tr ' ' '\n') | awk '
            $1 < $2 - 2 || $1 > $3 + 2 { bad++ }
            # The margin is used: without one, noise would be cut.
            $1 < $2 || $1 > $3 { beyond++ }
            END { print bad + 0 " too far, " beyond + 0 " beyond"; exit bad > 0 || beyond == 0 }'
    done
}

@test "500 hot pixels leave no trail once noisedetect has found and noisemask repaired them" {
    figures
    # The subject moves by a pixel from frame to frame, the hot pixels do not.
    makestack -kind=bristle -width=336 -height=208 -frames=9 subject
    pam 328 208 3 255 $(awk 'BEGIN { srand(7); for (k = 0; k < 500; k++) spot[int(rand() * 328 * 208) * 3 + int(rand() * 3)] = 80 + int(rand() * 150)
        for (i = 0; i < 328 * 208 * 3; i++) print spot[i] + 0 }') >spots.pam
    mkdir taken repaired clean hot masked
    for i in 0 1 2 3 4 5 6 7 8; do
        pamchannel -infile subject/000$i.pam -tupletype RGB 0 1 2 | pamcut -left $i -width 328 >frame.pam
        pamarith -add frame.pam spots.pam >taken/000$i.pam
        pamcut -left $((8 - i)) -width 320 frame.pam >clean/000$i.pam
        pamcut -left $((8 - i)) -width 320 taken/000$i.pam >hot/000$i.pam
    done
    noisedetect taken/*.pam >mask.pam
    noisemask -mask=mask.pam -outdir=repaired taken/*.pam
    for i in 0 1 2 3 4 5 6 7 8; do pamcut -left $((8 - i)) -width 320 repaired/000$i.pam >masked/000$i.pam; done
    for stack in clean hot masked; do framefuse $stack/*.pam >$stack.pam; done
    read -r count left left_rms left_over < <(trailerror 9 clean.pam hot.pam clean/*.pam hot/*.pam)
    read -r _ mean rms over < <(trailerror 9 clean.pam masked.pam clean/*.pam hot/*.pam)
    echo "$count samples; not repaired: mean $left, RMS $left_rms, over 60 $left_over; repaired: $mean, $rms, $over"
    holds "$count > 2000 && $left_rms > 5 && $over == 0 && $mean < 1 && $rms < 2"
}

# ---- opacity ----

@test "opacity: what one frame shows is there; where none shows anything the picture is transparent" {
    # The left half in one frame, the right half in the other, a column of four in none.
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print 10, 20, 30, (x < 14) ? 255 : 0 } }') >left.pam
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print 90, 80, 70, (x >= 18) ? 255 : 0 } }') >right.pam
    framefuse left.pam right.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB_ALPHA ]
    samples out.pam | tr ' ' '\n' | paste -d ' ' - - - - | awk '
        { x = (NR - 1) % 32; want = x < 14 || x >= 18 ? 255 : 0; if ($4 != want) bad = 1 }
        x == 2 && ($1 != 10 || $2 != 20 || $3 != 30) { bad = 1 }
        x == 29 && ($1 != 90 || $2 != 80 || $3 != 70) { bad = 1 }
        END { exit bad }'
    # The middle filled by a third: no opacity is left, unless it is asked for.
    pam 32 16 4 255 50 50 50 255 >all.pam
    framefuse left.pam right.pam all.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB ]
    framefuse -opacity left.pam right.pam all.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB_ALPHA ]
    [ "$(samples out.pam | tr ' ' '\n' | awk 'NR % 4 == 0' | sort -u)" = 255 ]
    # Colours of what is transparent do not bleed in.
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print (x < 14) ? "100 100 100 255" : "255 0 255 0" } }' | tr ' ' '\n') >lurid.pam
    framefuse lurid.pam >out.pam
    samples out.pam | tr ' ' '\n' | paste -d ' ' - - - - | awk '$4 == 255 && ($1 != 100 || $2 != 100 || $3 != 100) { bad = 1 } END { exit bad }'
}

@test "a frame that is transparent everywhere adds nothing, and that is said" {
    pam 20 20 4 255 1 2 3 0 >none.pam
    pam 20 20 4 255 9 8 7 255 >some.pam
    framefuse some.pam >want.pam
    says 'frame none is transparent everywhere: it adds nothing' framefuse none.pam some.pam
    same out want.pam
    fails_with 1 'all 2 frames are transparent everywhere' framefuse none.pam none.pam
}

# ---- the depth map ----

# depth_error MAP STACK COUNT: sets median and gross, the median error in frames and the share off by more than 1.5 frames, in
# per cent; and sure, that share among the surer half. 16 pixels of border are left out.
depth_error() {
    pamchannel -infile "$1" -tupletype GRAYSCALE 0 >d.pam
    pamchannel -infile "$1" -tupletype GRAYSCALE 1 >o.pam
    paste <(samples d.pam | tr ' ' '\n') <(samples "$2/depth.pam" | tr ' ' '\n') <(samples o.pam | tr ' ' '\n') |
        awk -v frames=$(($3 - 1)) -v w="$(header WIDTH "$1")" -v h="$(header HEIGHT "$1")" '
            { x = (NR - 1) % w; y = int((NR - 1) / w); d = ($1 - $2) * frames / 65535 }
            x >= 16 && x < w - 16 && y >= 16 && y < h - 16 { print $3, d < 0 ? -d : d }' | sort -rn >errors
    median=$(cut -d ' ' -f 2 errors | sort -g | awk '{ v[NR] = $1 } END { print v[int(NR / 2)] }')
    read -r gross sure < <(awk '{ all += ($2 > 1.5); half[NR] = all } END { n = int(NR / 2); print 100 * all / NR, 100 * half[n] / n }' errors)
    echo "$2: median $median frames, off by more than 1.5: $gross %, in the surer half: $sure %"
}

@test "the depth map tells depths between frames, with the scale beside it" {
    makestack -kind=relief -width=480 -height=320 -frames=9 -noise=1 stack
    framefuse -depthmap=depth.pam stack/0*.pam >out.pam
    framefuse stack/0*.pam | same - out.pam
    [ "$(header TUPLTYPE depth.pam)" = GRAYSCALE_ALPHA ]
    [ "$(head -n 1 depth.tsv)" = "$(printf 'sample\tframe')" ]
    [ "$(tail -n +2 depth.tsv | cut -f 2 | paste -sd ' ')" = '0000 0001 0002 0003 0004 0005 0006 0007 0008' ]
    [ "$(tail -n +2 depth.tsv | cut -f 1 | paste -sd ' ')" = '0 8192 16384 24576 32768 40959 49151 57343 65535' ]
    # Against the truth. A whole frame's number would be off by a quarter of a frame.
    depth_error depth.pam stack 9
    holds "$median < .1 && $gross <= 1"
    # As PNG, by the ending, and without opacity.
    framefuse -depthmap=other.png stack/0*.pam >/dev/null
    same <(pngtopam -alphapam other.png | pamchannel -tupletype GRAYSCALE 0 | tail -c 307200) <(raster d.pam)
    framefuse -depthopaque -depthmap=opaque.pam stack/0*.pam >/dev/null
    [ "$(header TUPLTYPE opaque.pam)" = GRAYSCALE ]
    same <(raster opaque.pam) <(raster d.pam)
}

# bats test_tags=all
@test "the depth map's opacity is how sure it is" {
    figures
    for kind in bristle:20:20:.75 blobs:24:10:.5; do
        IFS=: read -r kind frames most share <<<"$kind"
        makestack -kind="$kind" -width=640 -height=416 -frames="$frames" -noise=2 "$kind"
        framefuse -depthmap="$kind.pam" "$kind"/0*.pam >/dev/null
        depth_error "$kind.pam" "$kind" "$frames"
        holds "$median <= .15 && $gross <= $most && $sure <= $share * $gross"
    done
    # Where nothing but noise is, nothing is sure.
    for i in 1 2 3 4 5 6; do
        pam 128 128 1 255 $(awk -v i=$i 'BEGIN { srand(i); for (k = 0; k < 16384; k++) print 97 + int(rand() * 7) }') >n$i.pam
    done
    framefuse -depthmap=noise.pam n?.pam >/dev/null
    pamchannel -infile noise.pam -tupletype GRAYSCALE 1 >o.pam
    holds "$(samples o.pam | tr ' ' '\n' | awk '{ sum += $1 } END { print sum / NR / 65535 }') < .005"
}

@test "-depthsmooth fills what is unsure from what is sure, up to the outline" {
    # A left half of one colour at the depth of the first frame, a right one of another at that of the last; each has
    # texture in its outer third alone. All of it is sharp in its own frame and soft in the others.
    for i in 0 1 2; do
        pam 240 96 1 255 $(awk -v i=$i 'BEGIN { srand(4)
            for (k = 0; k < 23040; k++) { x = k % 240; r = rand() - .5
                a = x < 80 ? (i == 0 ? 60 : i == 1 ? 20 : 6) : x >= 160 ? (i == 2 ? 60 : i == 1 ? 20 : 6) : 0
                print int((x < 120 ? 70 : 170) + a * r) } }') >s$i.pam
    done
    framefuse -depthsmooth=160 -depthmap=depth.pam s?.pam >/dev/null
    pamchannel -infile depth.pam -tupletype GRAYSCALE 0 >d.pam
    samples d.pam | tr ' ' '\n' | awk '
        { x = (NR - 1) % 240; depth = $1 / 65535 }
        x >= 84 && x < 112 { left += depth; n++ }
        x >= 128 && x < 156 { right += depth }
        END { print left / n, right / n; exit !(left / n < .1 && right / n > .9) }'
    fails_with 1 '-depthsmooth has no effect without -depthmap' framefuse -depthsmooth=5 s?.pam
    fails_with 1 '-depthopaque has no effect without -depthmap' framefuse -depthopaque s?.pam
    fails_with 1 '-depthsmooth=0 is outside its range, 1 to 10000' framefuse -depthsmooth=0 -depthmap=d.pam s?.pam
}

# ---- a person's choice ----

# choice WIDTH HEIGHT SAMPLE RADIUS: a map of 16 bits that chooses that sample in a disc in the middle; radius 0: everywhere.
choice() {
    pam "$1" "$2" 2 65535 $(awk -v w="$1" -v h="$2" -v v="$3" -v r="$4" 'BEGIN { for (y = 0; y < h; y++) for (x = 0; x < w; x++)
        print v, (r == 0 || (x - w / 2) ^ 2 + (y - h / 2) ^ 2 < r * r) ? 65535 : 0 }')
}

@test "-choose with one frame everywhere gives that frame, and with opacity 0 the program's picture" {
    for stack in rgb gray; do
        set -- "$FIXTURES/$stack"/0*.pam
        choice 320 208 24576 0 >map.pam # frame 3 of 0 to 8
        framefuse -choose=map.pam "$@" >out.pam
        off out.pam "$FIXTURES/$stack/0003.pam" 1
        framefuse "$@" >own.pam
        pam 320 208 2 65535 24576 0 >none.pam
        framefuse -choose=none.pam "$@" | same - own.pam
    done
    # Half-way between two frames, and without an opacity plane: their mean.
    pam 320 208 1 65535 28672 >map.pam
    framefuse -choose=map.pam "$@" >out.pam
    pamarith -mean "$FIXTURES/gray/0003.pam" "$FIXTURES/gray/0004.pam" >mean.pam
    off out.pam mean.pam 1
    # With half the strength: half-way between that frame and the program's picture.
    pam 320 208 2 65535 24576 32768 >half.pam
    framefuse -choose=half.pam "$@" >out.pam
    pamarith -mean "$FIXTURES/gray/0003.pam" own.pam >mean.pam
    # What is clipped to the frames' range in the one or the other makes the difference.
    pamarith -difference out.pam mean.pam >difference.pam
    holds "$(samples difference.pam | tr ' ' '\n' | awk '{ sum += $1 } END { print sum / NR }') < 1"
}

@test "-choose shows a frame inside what is painted, and the program's picture outside" {
    choice 320 208 0 60 >map.pam
    framefuse "$FIXTURES"/rgb/0*.pam >own.pam
    framefuse -choose=map.pam "$FIXTURES"/rgb/0*.pam >out.pam
    paste <(samples out.pam | tr ' ' '\n') <(samples "$FIXTURES/rgb/0000.pam" | tr ' ' '\n') <(samples own.pam | tr ' ' '\n') | awk '
        { k = int((NR - 1) / 3); x = k % 320 - 160; y = int(k / 320) - 104; r = sqrt(x * x + y * y) }
        { inside = $1 - $2; outside = $1 - $3 }
        r < 44 && (inside > 3 || inside < -3) { bad++ }
        r > 76 && (outside > 3 || outside < -3) { bad++ }
        r < 44 && ($2 - $3 > 10 || $3 - $2 > 10) { differ++ }
        END { print bad + 0 " off, " differ + 0 " where the two differ"; exit bad > 0 || differ < 100 }'
}

@test "the depth map itself is a choice, by the table beside it" {
    framefuse -depthmap=depth.png -depthsmooth=40 "$FIXTURES"/rgb/0*.pam >own.pam
    pam 320 208 1 255 0 >none.pam
    noisemask -mask=none.pam "$FIXTURES"/rgb/0*.pam | framefuse -choose=depth.png >out.pam
    psnr=$(pnmpsnr -rgb -machine out.pam own.pam 2>&1 | awk '{ print $1 }')
    holds "$psnr > 25"
    # It is meant for these frames, in this order.
    fails_with 1 'frame 1 is 0008, but depth.tsv .* says 0000' framefuse -choose=depth.png $(printf '%s\n' "$FIXTURES"/rgb/0*.pam | sort -r)
    fails_with 1 '8 frames were read, but .* stands for 9' framefuse -choose=depth.png "$FIXTURES"/rgb/000[0-7].pam
    fails_with 1 'depth.png would be replaced' framefuse -choose=depth.png -depthmap=depth.png "$FIXTURES"/rgb/0*.pam
    printf 'a\tb\n' >depth.tsv
    fails_with 1 'line 1 is not .*: it is not the table' framefuse -choose=depth.png "$FIXTURES"/rgb/0*.pam
    # Without a table operands count; standard input has none.
    rm depth.tsv
    framefuse -choose=depth.png "$FIXTURES"/rgb/0*.pam | same - out.pam
    fails_with 1 'how many frames .* not known: there is no depth.tsv' framefuse -choose=depth.png <own.pam
}

@test "a choice that cannot be meant is refused" {
    mkdir out
    pam 320 207 2 65535 1 2 >small.pam
    pam 320 208 3 255 1 2 3 >colors.pam
    pam 320 208 1 7 1 >coarse.pam
    fails_with 1 'small.pam is 320x207, but frame 0000 is 320x208' framefuse -output=out/x.png -choose=small.pam "$FIXTURES"/rgb/0*.pam
    fails_with 1 'colors.pam has colours: a gray image' framefuse -output=out/x.png -choose=colors.pam "$FIXTURES"/rgb/0*.pam
    fails_with 1 'a maxval of 7, too few to tell 9 frames apart' framefuse -output=out/x.png -choose=coarse.pam "$FIXTURES"/rgb/0*.pam
    fails_with 1 'absent.pam' framefuse -output=out/x.png -choose=absent.pam "$FIXTURES"/rgb/0*.pam
    is_empty out
}

# ---- output ----

@test "the picture goes to standard output or a file, as PAM or PNG" {
    framefuse -name=beetle "$FIXTURES"/rgb/0*.pam >out.pam
    grep -a -x '# frame beetle' out.pam
    framefuse -output=a.pam -name=beetle "$FIXTURES"/rgb/0*.pam
    same a.pam out.pam
    framefuse -output=a.png "$FIXTURES"/rgb/0*.pam
    framefuse -png "$FIXTURES"/rgb/0*.pam | same - a.png
    pngtopam a.png | pamtopam >png.pam
    same <(raster png.pam) <(raster out.pam)
    framefuse -png -output=b "$FIXTURES"/rgb/0*.pam
    same a.png b
}

@test "what is wrong is told, and nothing is written" {
    mkdir out
    pam 20 20 3 255 1 2 3 >a.pam
    pam 21 20 3 255 1 2 3 >wide.pam
    pam 20 20 1 255 1 2 3 >gray.pam
    pam 20 20 3 65535 1 2 3 >deep.pam
    for other in wide gray deep; do
        fails_with 1 "frame $other .*all frames of a stream must be alike" framefuse -output=out/x.png a.pam $other.pam
        fails_with 1 "frame $other .*all frames of a stream must be alike" framefuse a.pam $other.pam
    done
    fails_with 1 'standard input is empty' framefuse -output=out/x.png
    head -c 700 a.pam >short.pam
    fails_with 1 'short.pam' framefuse -output=out/x.png a.pam short.pam
    cat a.pam short.pam >two.pam
    fails_with 1 'truncated: image 2' framefuse -output=out/x.png - <two.pam
    fails_with 1 '-sharpness=5: one of these words is needed: 4, 6, 8' framefuse -sharpness=5 a.pam
    fails_with 1 '-name has no effect on PNG' framefuse -png -name=x a.pam
    fails_with 1 '-name: the name is empty' framefuse -name= a.pam
    fails_with 1 'would replace the depth map' framefuse -output=out/x.png -depthmap=out/x.png a.pam
    fails_with 1 'would replace the depth map or its table, out/d.tsv' \
        framefuse -output=out/d.tsv -depthmap=out/d.png a.pam
    fails_with 1 'another ending' framefuse -depthmap=out/x.tsv a.pam
    fails_with 1 'out/absent/x.png' framefuse -output=out/absent/x.png a.pam
    is_empty out
}

@test "a size that cannot be had in memory is refused before anything is read" {
    printf 'P7\nWIDTH 400000\nHEIGHT 400000\nDEPTH 3\nMAXVAL 65535\nTUPLTYPE RGB\nENDHDR\n' >huge.pam
    fails_with 1 'takes [0-9.]+ GiB of memory, and this machine has [0-9.]+ GiB' framefuse - <huge.pam
}

# bats test_tags=all
@test "memory is at most 52 bytes a pixel at 8 bits, 58 at 16, beside the frame, whatever the number of frames" {
    sanitized && skip "the sanitizers need memory of their own"
    makestack -kind=easy -width=1200 -height=800 -frames=3 three
    few=$(peak framefuse three/0*.pam)
    many=$(for _ in 1 2 3 4 5 6 7 8 9 10; do cat three/0*.pam; done | peak framefuse)
    echo "3 frames: $few KiB, 30 frames from a pipe: $many KiB"
    # With a frame of 3 bytes, and 8 MiB for the program.
    [ "$few" -le $((1200 * 800 * (52 + 3) / 1024 + 8192)) ]
    [ "$many" -le $((few + 1024)) ]
    # The most that can be wanted: opacity, in frames of 8 bytes a pixel, and the depth map.
    makestack -kind=bristle -width=1200 -height=800 -frames=2 -maxval=65535 deep
    all=$(peak framefuse -depthmap=depth.pam deep/0*.pam)
    echo "with opacity and the depth map: $all KiB"
    [ "$all" -le $((1200 * 800 * (58 + 8) / 1024 + 8192)) ]
}

@test "the manual's examples run" {
    mkdir src ready
    for i in 0 1 2; do
        pamtopng "$FIXTURES/bristle/000$i.pam" >src/$i.png
        pamtopng "$FIXTURES/bristle/000$i.pam" >ready/$i.png
    done
    pam 320 208 1 255 0 >hot.pam
    examples framefuse.1 >script
    [ "$(wc -l <script)" -ge 3 ]
    sh -eu script
    [ -s beetle.png ] && [ -s depth.png ]
}
