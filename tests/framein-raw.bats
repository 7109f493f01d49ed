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
    dng bayer.dng -cfa=RG/GB rggb/0000.pgm
    dng xtrans.dng -cfa=$XTRANS xtrans/0000.pgm
    dng mono.dng rggb/0000.pgm
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
    pamfunc -multiplier=.8 "$FIXTURES/rggb/0000.pgm" | pamtopnm >dim.pgm
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
