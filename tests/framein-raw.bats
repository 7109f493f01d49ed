#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

# framein on camera raw files, which makedng makes of known samples.

load helper

XTRANS=GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG

make_fixtures() {
    # LibRaw develops X-Trans from 512 rows and columns on.
    makestack -kind=defocus -noise=0 -width=560 -height=520 -frames=1 scene
    for pattern in rggb xtrans; do
        makemosaic -pattern=$pattern -white=15000 $pattern scene/*.pam
    done
    mkdir gray
    pamtopnm scene/0000.pam | ppmtopgm | pamdepth -quiet 65535 | pamfunc -multiplier=.2 | pamfunc -adder=512 |
        pamtopnm >gray/0000.pgm
    dng bayer.dng -cfa=RG/GB rggb/0000.pgm
    dng xtrans.dng -cfa=$XTRANS xtrans/0000.pgm
    dng mono.dng gray/0000.pgm
    pamdepth -quiet 16383 scene/0000.pam | pamtopam >linear.pam
    makedng -white=16383 linear.pam >linear.dng
}

# dng FILE [OPTION]... MOSAIC: a raw file of black 512 and white 15000.
dng() {
    makedng -black=512 -white=15000 "${@:2}" >"$1"
}

# comment KEY FILE: that comment of a PAM.
comment() {
    LC_ALL=C sed -n -e "s/^# $1 //p" -e '/^ENDHDR$/q' "$2"
}

# farthest A B: the largest difference of two frames' samples.
farthest() {
    pamarith -difference <(pamtopam <"$1") <(pamtopam <"$2") | pamsumm -max -brief
}

# mean FRAME: of its samples.
mean() {
    pamsumm -mean -brief <"$1"
}

# ---- development ----

@test "a raw file is developed as LibRaw's own program does with nothing automatic but the camera's white balance" {
    type dcraw_emu >/dev/null || skip "dcraw_emu is not installed"
    for kind in bayer xtrans linear mono; do
        for options in '' -linear -halfsize; do
            case $options,$kind in
            -halfsize,xtrans) continue ;; # LibRaw halves these in a way of its own
            -linear,*) as='-g 1 1' ;;
            -halfsize,*) as='-g 2.4 12.92 -h' ;;
            *) as='-g 2.4 12.92' ;;
            esac
            # shellcheck disable=SC2086
            framein $options "$FIXTURES/$kind.dng" >out.pam
            # shellcheck disable=SC2086
            dcraw_emu -w -W -6 -c 0 $as -Z - "$FIXTURES/$kind.dng" >wanted.pnm
            # Its curve joins its two parts at another place than sRGB's: 2 of 65535.
            [ "$(farthest out.pam wanted.pnm)" -le "$([ "$options" = -linear ] && echo 0 || echo 2)" ]
        done
    done
    framein "$FIXTURES/mono.dng" >out.pam
    [ "$(header DEPTH out.pam) $(header MAXVAL out.pam)" = '1 65535' ]
}

@test "files that differ only in white balance develop alike: by the first, or by -like" {
    dng red.dng -cfa=RG/GB -neutral=400,1000,700 "$FIXTURES/rggb/0000.pgm"
    dng blue.dng -cfa=RG/GB -neutral=900,1000,300 "$FIXTURES/rggb/0000.pgm"
    framein -outdir=both red.dng blue.dng
    same <(raster both/red.pam) <(raster both/blue.pam)
    framein -outdir=blue blue.dng
    ! cmp -s <(raster both/blue.pam) <(raster blue/blue.pam) || false
    framein -outdir=like -like=red.dng blue.dng
    same <(raster both/blue.pam) <(raster like/blue.pam)
    pamtopnm "$FIXTURES/scene/0000.pam" | pnmtojpeg -quiet >photo.jpg
    fails_with 1 '-like=photo.jpg: no camera raw file' framein -like=photo.jpg red.dng
    fails_with 1 '-like=absent.dng: cannot be read' framein -like=absent.dng red.dng
}

@test "a file without white balance gets daylight's, and a message tells" {
    dng none.dng -cfa=RG/GB -neutral=none "$FIXTURES/rggb/0000.pgm"
    says 'none.dng: no white balance in the file: daylight' framein none.dng "$FIXTURES/bayer.dng"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
}

@test "a few saturated pixels more leave the light of a frame as it is" {
    # Samples end at 80 % of white.
    most=$(pamsumm -max -brief "$FIXTURES/rggb/0000.pgm")
    pamfunc -multiplier="$(awk -v most="$most" 'BEGIN { print 12000 / most }')" "$FIXTURES/rggb/0000.pgm" | pamtopnm >dim.pgm
    dng dim.dng -cfa=RG/GB dim.pgm
    pam 4 4 1 65535 15000 | pamtopnm >spot.pgm
    pnmpaste -quiet spot.pgm 100 100 dim.pgm >spotted.pgm
    dng spotted.dng -cfa=RG/GB spotted.pgm
    for name in dim spotted; do
        framein $name.dng | pamcut -left=200 | pamtopam >$name.pam
    done
    [ "$(farthest dim.pam spotted.pam)" -eq 0 ]
}

@test "nothing is turned: the orientation goes with the frame" {
    framein "$FIXTURES/bayer.dng" >wanted.pam
    for n in 1 3 6 8; do
        dng turned.dng -orientation=$n -cfa=RG/GB "$FIXTURES/rggb/0000.pgm"
        framein turned.dng >out.pam
        [ "$(comment orientation out.pam)" = $n ]
        same <(raster out.pam) <(raster wanted.pam)
    done
}

@test "a raw file whose sensor saturates elsewhere than the first's is told once" {
    makedng -cfa=RG/GB -black=512 -white=14000 "$FIXTURES/rggb/0000.pgm" >other.dng
    cp other.dng another.dng
    says 'other.dng: its sensor saturates at 14000, that of the first photograph at 15000' \
        framein "$FIXTURES/bayer.dng" other.dng another.dng
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
}

# ---- what a file is ----

@test "raw files come by any name, from pipes, and beside plain TIFFs, which stay such" {
    framein "$FIXTURES/bayer.dng" >wanted.pam
    cp "$FIXTURES/bayer.dng" photo.jpg
    framein photo.jpg >out.pam
    same <(raster out.pam) <(raster wanted.pam)
    cat "$FIXTURES/bayer.dng" | framein >out.pam
    same <(raster out.pam) <(raster wanted.pam)
    pamtopnm "$FIXTURES/scene/0000.pam" | pamtotiff -quiet -none | cat >plain.tif
    framein plain.tif | pamtopnm | same - <(pamtopnm "$FIXTURES/scene/0000.pam")
}

@test "of a JPEG and a raw file of one name in a directory the raw file is taken, with a message" {
    mkdir src
    cp "$FIXTURES/bayer.dng" src/a.DNG
    cp "$FIXTURES/bayer.dng" src/b.dng
    pamtopnm "$FIXTURES/scene/0000.pam" | pnmtojpeg -quiet | tee src/a.JPG src/c.jpg >src/b.jpg
    says 'src: of a JPEG and a raw file of one name the raw file is taken: 2 JPEGs are left out' \
        framein -k src || true
    framein -quiet src/a.DNG src/b.dng >wanted
    rm src/c.jpg
    framein -quiet src | same - wanted
    pamtopnm "$FIXTURES/scene/0000.pam" | pamtotiff -quiet -none | cat >src/c.tif
    cp src/a.JPG src/c.jpg
    fails_with 1 'src/c.jpg and src/c.tif would both be frame c' framein src
}

@test "a raw file that is cut off anywhere is no frame" {
    size=$(stat -c %s "$FIXTURES/bayer.dng")
    for count in $((size / 5)) $((size / 2)) $((size - 2000)) $((size - 1)); do
        head -c $count "$FIXTURES/bayer.dng" >cut.dng
        for options in '' -like=cut.dng; do
            fails_with 1 'cut.dng: (the raw file is damaged or cut off|a camera raw file that LibRaw)' framein $options cut.dng
        done
    done
}

@test "a last row of one value is a file cut off, unless it is saturated" {
    pamcut -height=519 "$FIXTURES/rggb/0000.pgm" >most.pgm
    for value in 0 512 3000; do
        pam 560 1 1 65535 $value | pamtopnm | pnmcat -topbottom most.pgm - >cut.pgm
        dng cut.dng -cfa=RG/GB cut.pgm
        fails_with 1 'cut.dng: the raw file is damaged or cut off: its last row is of one value' framein cut.dng
    done
    pam 560 1 1 65535 15000 | pamtopnm | pnmcat -topbottom most.pgm - >bright.pgm
    dng bright.dng -cfa=RG/GB bright.pgm
    framein bright.dng >out.pam
}

@test "development needs the memory of its samples and of one picture, for any number of files" {
    figures
    pnmtile 2400 1600 "$FIXTURES/rggb/0000.pgm" >big.pgm
    dng big.dng -cfa=RG/GB big.pgm
    one=$(peak framein big.dng)
    base=$(peak framein "$FIXTURES/bayer.dng")
    # 2 bytes and 8 bytes a pixel, and 3 of what a raster would take.
    [ $((one - base)) -lt $(((2400 * 1600 - 560 * 520) * 14 / 1024)) ]
    ln -s big.dng again.dng
    ln -s big.dng third.dng
    [ "$(peak framein big.dng again.dng third.dng)" -lt $((one * 11 / 10)) ]
}

# ---- the mosaic ----

# pattern_from X Y PATTERN: that of a mosaic which begins at X, Y of one of PATTERN.
pattern_from() {
    awk -v x="$1" -v y="$2" -v pattern="$3" 'BEGIN {
        n = split(pattern, rows, "/")
        for (j = 0; j < n; j++) {
            row = rows[(j + y) % n + 1]
            out = out (j ? "/" : "") substr(row, x % length(row) + 1) substr(row, 1, x % length(row))
        }
        print out }'
}

# even_margins PATTERN LEFT,TOP,RIGHT,BOTTOM: sets left, top, right, bottom as LibRaw takes them: a Bayer
# mosaic begins at an even row and column.
even_margins() {
    IFS=, read -r left top right bottom <<<"$2"
    [ ${#1} -gt 5 ] || left=$(((left + 1) / 2 * 2)) top=$(((top + 1) / 2 * 2))
}

@test "the mosaic is the sensor's samples, with its filters, black and white: of all phases, margins and sensors" {
    while read -r kind x y pattern; do
        pamcut -left=$x -top=$y "$FIXTURES/$kind/0000.pgm" >mosaic.pgm
        whole=$(pattern_from $x $y $pattern)
        for margins in 0,0,0,0 1,0,0,0 0,1,0,0 1,1,0,0 3,1,2,1 4,5,1,0; do
            IFS=, read -r left top _ <<<$margins
            dng file.dng -cfa="$(pattern_from $left $top $whole)" -margins=$margins mosaic.pgm
            framein -mosaic file.dng >out.pam
            even_margins $pattern $margins
            [ "$(comment cfa out.pam)" = "$(pattern_from $left $top $whole)" ]
            [ "$(comment black out.pam) $(comment white out.pam) $(header MAXVAL out.pam)" = '512 15000 65535' ]
            pamcut -left=$left -top=$top -right=-$((right + 1)) -bottom=-$((bottom + 1)) mosaic.pgm |
                same - <(pamtopnm out.pam)
        done
    done <<END
rggb 0 0 RG/GB
rggb 1 0 RG/GB
rggb 0 1 RG/GB
rggb 1 1 RG/GB
xtrans 0 0 $XTRANS
xtrans 2 5 $XTRANS
END
    framein -mosaic "$FIXTURES/mono.dng" >out.pam
    [ "$(comment cfa out.pam)$(comment black out.pam) $(comment white out.pam)" = '512 15000' ]
    pamtopnm out.pam | same - "$FIXTURES/gray/0000.pgm"
}

@test "where black differs within the sensor its samples have the smallest, unless it is less than black is measured to" {
    makedng -cfa=RG/GB -black=500,510,512,530 -blackdim=2,2 -white=15000 "$FIXTURES/rggb/0000.pgm" >uneven.dng
    framein -mosaic uneven.dng >out.pam
    [ "$(comment black out.pam)" = 500 ]
    pam 560 1 1 65535 0 10 | pamtopnm >even.pgm
    pam 560 1 1 65535 12 30 | pamtopnm | pnmcat -topbottom even.pgm - | pnmtile 560 520 >excess.pgm
    pamarith -subtract "$FIXTURES/rggb/0000.pgm" excess.pgm | pamtopnm | same - <(pamtopnm out.pam)
    makedng -cfa=RG/GB -black=512,513,513,513 -blackdim=2,2 -white=15000 "$FIXTURES/rggb/0000.pgm" >even.dng
    framein -mosaic even.dng >out.pam
    [ "$(comment black out.pam)" = 512 ]
    pamtopnm out.pam | same - "$FIXTURES/rggb/0000.pgm"
}

@test "what holds no mosaic of red, green and blue is refused by name" {
    pamtopnm "$FIXTURES/scene/0000.pam" | pnmtojpeg -quiet >photo.jpg
    pam 560 520 1 1 0 >none.pam
    for option in -mosaic -mask=none.pam; do
        fails_with 1 'linear.dng: holds no mosaic: it is already in colour' framein $option "$FIXTURES/linear.dng"
        fails_with 1 'photo.jpg: no camera raw file, so it holds no mosaic' framein $option photo.jpg
    done
    for option in -like=x -linear -halfsize; do
        fails_with 1 "^${option%=*} has no effect with -mosaic" framein -mosaic $option absent
    done
    for option in -grow=1 -maxpixels=1; do
        fails_with 1 "^${option%=*} has no effect without -mask" framein $option absent
    done
}

@test "mosaics of other filters are no stack" {
    dng other.dng -cfa=GR/BG "$FIXTURES/rggb/0000.pgm"
    framein -mosaic "$FIXTURES/bayer.dng" other.dng 2>err >out && false
    matches 'other.dng: is a mosaic of the colour filters GR/BG, the first one of RG/GB' "$(cat err)"
    pam 560 520 1 1 0 >none.pam
    framein -mask=none.pam "$FIXTURES/bayer.dng" other.dng 2>err >out && false
    matches 'other.dng: is a mosaic of the colour filters GR/BG, the first one of RG/GB' "$(cat err)"
    # Developed they are one.
    framein "$FIXTURES/bayer.dng" other.dng >out
}

@test "the mosaic of real files is that of dcraw, bit for bit; files that are cut off are refused" {
    shared photos/raw
    type dcraw >/dev/null || skip "dcraw is not installed"
    for file in colorchart.dng eos-d30.crw; do
        framein -mosaic "$shared/$file" >out.pam
        dcraw -D -4 -j -t 0 -P /dev/null -c "$shared/$file" | same - <(pamtopnm out.pam)
    done
    framein "$shared/linear-6d.dng" >out.pam
    fails_with 1 'cut-r6.cr3: a camera raw file that LibRaw .* cannot read' framein "$shared/cut-r6.cr3"
    for options in '' -mosaic; do
        fails_with 1 'cut.nef: is a JPEG by its content' framein $options "$shared/cut.nef"
    done
}

@test "a JPEG that is called like a raw file is refused, for it is the preview of a lost one" {
    pam 16 8 3 255 10 20 30 | pamtopnm | pnmtojpeg >preview.jpg
    for name in a.nef b.CR2 c.Dng; do
        cp preview.jpg $name
        fails_with 1 "$name: is a JPEG by its content.*\.jpg" framein $name
    done
    framein preview.jpg >out.pam
    [ "$(header WIDTH out.pam)" = 16 ]
}

# ---- repair ----

# plant MOSAIC LEFT,TOP,RIGHT,BOTTOM [OPTION]...: clean.dng and planted.dng, raw files of the mosaic
# without and with saturated samples, which mask.pam and the list noisy have, in these margins.
plant() {
    local mosaic=$1 left top right bottom
    even_margins "${3#-cfa=}" "$2"
    # Every 23rd column of every 17th row, and a pair.
    # shellcheck disable=SC2046
    pam 560 520 1 65535 $(awk 'BEGIN { for (y = 0; y < 520; y++) for (x = 0; x < 560; x++)
        print (x % 23 == 11 && y % 17 == 7 || x == 300 && y == 301 || x == 302 && y == 301) ? 15000 : 0 }') |
        pamtopnm >spots.pgm
    pamcut -left="$left" -top="$top" -right=-$((right + 1)) -bottom=-$((bottom + 1)) spots.pgm |
        pamdepth -quiet 255 | pamfunc -multiplier=255 | pamtopam >mask.pam
    noiselist -format=plain mask.pam >noisy
    pamarith -maximum "$mosaic" spots.pgm | pamtopnm >planted.pgm
    makedng -black=512 -white=15000 -margins="$2" "${@:3}" "$mosaic" >clean.dng
    makedng -black=512 -white=15000 -margins="$2" "${@:3}" planted.pgm >planted.dng
}

# error_around A B: root mean square, in levels of 255, of 16-bit pixels within 3 of the noisy ones.
error_around() {
    pamarith -difference <(pamtopam <"$1") <(pamtopam <"$2") >difference.pam
    awk -v width="$(header WIDTH difference.pam)" '
        NR == FNR { for (j = -3; j <= 3; j++) for (i = -3; i <= 3; i++) near[($2 + j) * width + $1 + i]; next }
        (FNR - 1) in near { for (c = 1; c <= NF; c++) { sum += ($c / 257) ^ 2; n++ } }
        END { print sqrt(sum / n) }' noisy <(raster difference.pam |
        od -An -v -w$((2 * $(header DEPTH difference.pam))) --endian=big -tu2)
}

# bats test_tags=all
@test "noisy pixels are repaired on the mosaic: at most 5 % of their error is left in the picture" {
    while read -r mosaic margins options; do
        # shellcheck disable=SC2086
        plant "$FIXTURES/$mosaic/0000.pgm" $margins $options
        framein clean.dng >clean.pam
        framein planted.dng >planted.pam
        framein -mask=mask.pam planted.dng >repaired.pam
        error_around clean.pam planted.pam >before
        error_around clean.pam repaired.pam >after
        paste before after | awk '{ exit !($1 > 8 && $2 < .05 * $1) }' || {
            echo "$mosaic $margins $options: $(paste before after)"
            return 1
        }
        # By way of the mosaic it is the same, and noisemask repairs that alike.
        framein -mosaic -mask=mask.pam planted.dng >mosaic.pam
        framein -mosaic planted.dng | noisemask -mask=mask.pam -maxpixels=0 | same - mosaic.pam
    done <<END
rggb 0,0,0,0 -cfa=RG/GB
rggb 1,1,1,2 -cfa=BG/GR
rggb 0,0,0,0 -cfa=RG/GB -black=500,510,512,530 -blackdim=2,2
xtrans 0,0,0,0 -cfa=$XTRANS
xtrans 1,2,0,0 -cfa=$(pattern_from 1 2 $XTRANS)
gray 0,0,0,0
END
}

@test "a mask that marks nothing changes nothing" {
    pam 560 520 1 1 0 >none.pam
    for kind in bayer xtrans mono; do
        framein -mask=none.pam "$FIXTURES/$kind.dng" | same - <(framein "$FIXTURES/$kind.dng")
    done
}

@test "-grow widens the mask, -maxpixels limits it with status 2, and its size must be the mosaic's" {
    pam 560 520 1 1 1 0 0 0 0 0 0 0 0 0 >many.pam
    fails_with 2 'many.pam marks 29120 pixels; the limit is 1000' framein -mask=many.pam "$FIXTURES/bayer.dng"
    fails_with 2 'the limit is 29119' framein -maxpixels=29119 -mask=many.pam "$FIXTURES/bayer.dng"
    framein -maxpixels=29120 -mask=many.pam "$FIXTURES/bayer.dng" >out.pam
    framein -maxpixels=0 -mask=many.pam "$FIXTURES/bayer.dng" | same - out.pam
    plant "$FIXTURES/rggb/0000.pgm" 0,0,0,0 -cfa=RG/GB
    framein -mosaic -grow=1 -mask=mask.pam clean.dng >out.pam
    framein -mosaic clean.dng | noisemask -grow=1 -mask=mask.pam | same - out.pam
    dng odd.dng -cfa=BG/GR -margins=1,1,0,0 "$FIXTURES/rggb/0000.pgm"
    fails_with 1 'odd.dng: the mask mask.pam is 560x520 pixels, but frame odd is 558x518' framein -mask=mask.pam odd.dng
    fails_with 1 'absent.pam' framein -mask=absent.pam odd.dng
}

@test "the chain by pipe: found on the mosaics, repaired before development" {
    figures
    makestack -kind=defocus -noise=0 -width=560 -height=520 -frames=6 stack
    makemosaic -defects=none clean-stack stack/*.pam
    makemosaic -defects=20,50,saturated -grid=50 noisy-stack stack/*.pam
    mkdir src
    for n in 0 1 2 3 4 5; do
        makedng -cfa=BG/GR -margins=1,1,0,0 -black=512 -white=16383 noisy-stack/000$n.pgm >src/$n.dng
    done
    makedng -cfa=BG/GR -margins=1,1,0,0 -black=512 -white=16383 clean-stack/0003.pgm >3.dng
    framein -mosaic src | noisedetect >hot.pam
    tail -n +2 noisy-stack/pixels.tsv | awk '$1 > 1 && $2 > 1 { print $1 - 2, $2 - 2 }' | sort >truth
    noiselist -format=plain hot.pam | tee noisy | sort >marked
    [ "$(comm -13 marked truth | wc -l)" -eq 0 ]
    [ "$(comm -23 marked truth | wc -l)" -le 1 ]
    framein 3.dng >clean.pam
    framein -mask=hot.pam src | pamsplit -quiet - frame%d.pam
    error_around clean.pam <(framein src/3.dng) >before
    error_around clean.pam frame3.pam >after
    paste before after | awk '{ exit !($1 > 8 && $2 < .05 * $1) }'
}
