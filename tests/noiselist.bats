#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

formats='dcraw siril rawtherapee jpegpixi plain'

make_fixtures() {
    # Six columns of four: a column and a row that are whole, a block, a pixel alone.
    pam 6 4 1 255 $(printf '%s ' \
        0 255 0 0 0 0 \
        255 255 255 255 255 255 \
        0 255 0 255 255 0 \
        0 255 0 255 255 0) >lines.pam
    pam 6 4 1 255 $(printf '%s ' \
        0 0 0 0 0 1 \
        0 255 255 0 0 0 \
        0 255 255 0 255 255 \
        0 0 0 0 0 0) >block.pam
    # Scattered pixels, and some that touch: a fifth of them.
    pam 97 61 1 255 $(awk 'BEGIN { srand(7); for (i = 0; i < 97 * 61; i++) print rand() < .2 ? 255 : 0 }') >dense.pam
    pam 5 3 1 255 0 >empty.pam
}

# ---- lists ----

@test "each format is what its program reads" {
    block=$FIXTURES/block.pam
    printf '%s\n' '5 0' '1 1' '2 1' '1 2' '2 2' '4 2' '5 2' >plain
    noiselist -format=plain "$block" | same - plain
    noiselist -format=rawtherapee "$block" | same - plain
    noiselist -format=dcraw -once "$block" | same - <(sed 's/$/ 0/' plain)
    noiselist -format=siril "$block" | same - <(sed 's/^/P /; s/$/ H/' plain)
    noiselist -format=jpegpixi "$block" | same - <(printf '%s\n' 5,0 1,1,2 4,2,2,1)
}

@test "dcraw's list comes eight times, one after the other" {
    noiselist -format=dcraw -once "$FIXTURES/block.pam" >once
    noiselist -format=dcraw "$FIXTURES/block.pam" | same - <(for _ in {1..8}; do cat once; done)
}

@test "whole columns and rows are Siril's C and L, and what they hold comes once" {
    noiselist -format=siril "$FIXTURES/lines.pam" |
        same - <(printf '%s\n' 'C 1 0 H' 'L 1 0 H' 'P 3 2 H' 'P 4 2 H' 'P 3 3 H' 'P 4 3 H')
    pam 3 2 1 255 9 >full.pam
    noiselist -format=siril full.pam | same - <(printf 'C %d 0 H\n' 0 1 2)
}

@test "a mask of no noisy pixel is an empty list, and back" {
    for format in $formats; do
        noiselist -format=$format "$FIXTURES/empty.pam" >list
        [ ! -s list ]
        noiselist -quiet -mask -width=5 -height=3 -format=$format list >back.pam
        same <(raster back.pam) <(raster "$FIXTURES/empty.pam")
    done
}

@test "a mask goes into each format and back without a change" {
    for mask in lines block dense; do
        width=$(header WIDTH "$FIXTURES/$mask.pam") height=$(header HEIGHT "$FIXTURES/$mask.pam")
        pamfunc -multiplier=255 "$FIXTURES/$mask.pam" >wanted.pam
        for format in $formats; do
            for offset in 0,0 8,5 -0,3; do
                noiselist -format=$format -offset=$offset "$FIXTURES/$mask.pam" >list
                noiselist -quiet -mask -width=$width -height=$height -format=$format -offset=$offset list >back.pam
                same <(raster back.pam) <(raster wanted.pam)
            done
        done
    done
    [ "$(header TUPLTYPE back.pam)" = GRAYSCALE ]
}

@test "the offset is added to what a list says, and taken from it" {
    pam 4 4 1 255 0 0 0 0 0 0 255 0 >one.pam
    [ "$(noiselist -format=plain -offset=10,-1 one.pam | head -n 1)" = '12 0' ]
    echo 'P 12 0 H' | noiselist -quiet -mask -width=4 -height=4 -format=siril -offset=10,-1 >back.pam
    [ "$(noisy back.pam)" = '2 1' ]
    echo 'C 12 0 C' | noiselist -quiet -mask -width=4 -height=2 -format=siril -offset=10,0 >back.pam
    noisy back.pam | same - <(printf '2 %d\n' 0 1)
    # A whole column of the mask is none of a larger sensor.
    noiselist -format=siril -offset=1,0 "$FIXTURES/lines.pam" >list
    ! grep '^[CL]' list || false
    fails_with 1 'row -1; lists count from 0' noiselist -format=plain -offset=0,-2 one.pam
    fails_with 1 'column -2' noiselist -format=dcraw -offset=-4,0 one.pam
}

@test "several images of a mask are united, and colours too, with a word" {
    pam 3 1 1 255 255 0 0 >a.pam
    pam 3 1 1 255 0 0 255 >b.pam
    cat a.pam b.pam | noiselist -format=plain | same - <(printf '%s\n' '0 0' '2 0')
    pam 3 1 3 255 255 0 0 0 0 0 9 9 9 >rgb.pam
    says '^1 of the pixels are noisy in some colours only' noiselist -format=plain rgb.pam
    same out <(printf '%s\n' '0 0' '2 0')
    noiselist -format=plain a.pam 2>err >out
    [ ! -s err ]
}

@test "Netpbm compares and joins masks as the manual says" {
    pam 4 1 1 255 255 255 0 0 >may.pam
    pam 4 1 1 255 255 0 255 0 >june.pam
    pamarith -minimum may.pam june.pam | noiselist -format=plain | same - <(echo 0 0)
    pamarith -maximum may.pam june.pam | noiselist -format=plain >ever
    same ever <(printf '%d 0\n' 0 1 2)
    pamarith -subtract june.pam may.pam | noiselist -format=plain | same - <(echo 2 0)
    cat may.pam june.pam >both.pam
    noiselist -format=plain both.pam | same - ever
}

# ---- masks ----

@test "comments, blank lines, blanks and carriage returns are no entries" {
    printf '# of a camera\n\n \t\r\n1 2\r\n  3   0 # hot\n' >list
    says '^2 noisy pixels' noiselist -mask -width=4 -height=3 -format=plain list
    noisy out | same - <(printf '%s\n' '3 0' '1 2')
    noiselist -mask -width=4 -height=3 -format=plain <list 2>/dev/null | same - out
    printf '3 2' | noiselist -quiet -mask -width=4 -height=3 -format=plain >last.pam
    [ "$(noisy last.pam)" = '3 2' ]
}

@test "RawTherapee's lone first integer moves all pixels" {
    printf '%s\n' 4 '1 0' '0 1' >list
    noiselist -quiet -mask -width=7 -height=6 -format=rawtherapee list >mask.pam
    noisy mask.pam | same - <(printf '%s\n' '5 4' '4 5')
    printf '%s\n' '1 0' 4 >list
    fails_with 1 'list: line 2, "4", is none' noiselist -mask -width=7 -height=6 -format=rawtherapee list
}

@test "jpegpixi's blocks, with or without a direction" {
    printf '%s\n' 0,0 2:2,0,2 V:0,2,1,2 h:5,3 >list
    noiselist -quiet -mask -width=6 -height=4 -format=jpegpixi list >mask.pam
    noisy mask.pam | same - <(printf '%s\n' '0 0' '2 0' '3 0' '2 1' '3 1' '0 2' '0 3' '5 3')
}

@test "jpegpixi repairs what its list says, and nothing else" {
    type jpegpixi >/dev/null || skip "jpegpixi is not installed"
    # At the best quality JPEG keeps a ramp within a level or two.
    pgmramp -lr 64 48 | pamfunc -adder=20 >ramp.pgm
    pam 64 48 1 255 $(awk 'BEGIN { for (i = 0; i < 64 * 48; i++) print i == 20 * 64 + 30 || i == 21 * 64 + 30 ? 255 : 0 }') >mask.pam
    pamarith -max ramp.pgm mask.pam | pnmtojpeg -quality=100 >spoilt.jpg
    noiselist -format=jpegpixi mask.pam >list
    jpegpixi -f list spoilt.jpg repaired.jpg
    jpegtopnm repaired.jpg 2>/dev/null >repaired.pgm
    [ "$(pamarith -difference ramp.pgm repaired.pgm | pamsumm -max -brief)" -le 3 ]
    [ "$(jpegtopnm spoilt.jpg 2>/dev/null | pamarith -difference ramp.pgm - | pamsumm -max -brief)" -ge 100 ]
}

@test "a line that is no entry is told by number, with what is one" {
    for line in 'dcraw 1 2' 'dcraw 1 2 0 0' 'dcraw 1 2 x' 'siril P 1 2' 'siril P 1 2 X' 'siril Q 1 2 H' \
        'siril C 1 2 H' 'siril 1 2' 'plain 1 2 0' 'plain 1' 'plain 1,2' 'plain 1.5 2' 'plain 9999999999 1' \
        'rawtherapee a b' 'jpegpixi 1' 'jpegpixi 1,2,3,4,5' 'jpegpixi 1,2,' 'jpegpixi 1, 2' 'jpegpixi 1,2,0' \
        'jpegpixi X:1,2' 'jpegpixi 10%,2'; do
        printf '# first\n%s\n' "${line#* }" >list
        fails_with 1 "list: line 2, \"${line#* }\", is none of a list of that format: an entry is \"" \
            noiselist -mask -width=9 -height=9 -format="${line%% *}" list
    done
    printf '1 \0002\n' >list
    fails_with 1 'line 1 has a NUL byte' noiselist -mask -width=9 -height=9 -format=plain list
}

@test "a line of RawTherapee's that is none is told of the offset too" {
    echo 1,2 >list
    fails_with 1 'an entry is "x y", and the first line may be a number alone, which is added to both' \
        noiselist -mask -width=9 -height=9 -format=rawtherapee list
}

@test "dcraw's times are read up to any that a photograph may have" {
    # The end of 32 bits of seconds, that of 2106, and one of the year 33658.
    for time in 0 1 1700000000 2147483647 2147483648 4294967295 999999999999; do
        echo "3 4 $time" >list
        noiselist -quiet -mask -width=9 -height=9 -format=dcraw list >mask.pam
        [ "$(noisy mask.pam)" = '3 4' ]
    done
}

@test "entries that say what a mask cannot hold are counted" {
    while IFS='|' read -r format lost lines; do
        tr , '\n' <<<"$lines" >list
        [ "$format" != jpegpixi ] || tr ' ' '\n' <<<"$lines" >list
        says "^2 of the entries .*$lost.* 4 noisy pixels" noiselist -mask -width=9 -height=9 -format="$format" list
        noiselist -quiet -mask -width=9 -height=9 -format="$format" list 2>err >mask.pam
        [ ! -s err ]
    done <<'END'
siril|cold|P 1 2 C,P 3 4 H,# C,P 5 6 C,P 7 8 H
dcraw|time|1 2 1700000000,3 4 0,5 6 0,7 8 1
jpegpixi|direction|V:1,2 3,4 h:5,6 2:7,8
END
    for list in 'siril P 1 2 H' 'dcraw 1 2 0' 'jpegpixi 1,2' 'jpegpixi 2:1,2' 'rawtherapee 1 2' 'plain 1 2'; do
        echo "${list#* }" >list
        noiselist -mask -width=9 -height=9 -format="${list%% *}" list 2>err >mask.pam
        [ "$(grep -c entries err)" -eq 0 ]
        [ "$(noisy mask.pam)" = '1 2' ]
    done
}

@test "pixels outside the mask are an error" {
    for line in 'plain 4 0' 'plain 0 3' 'plain -1 0' 'plain 0 -1' 'siril C 4 0 H' 'siril L 3 0 H' 'jpegpixi 3,0,2' \
        'jpegpixi 0,2,1,2' 'jpegpixi 0,0,999999999'; do
        echo "${line#* }" >list
        fails_with 1 "list: line 1, \"${line#* }\", is outside the 4x3 pixels" \
            noiselist -mask -width=4 -height=3 -format="${line%% *}" list
    done
}

# ---- contract ----

@test "options that are missing, wrong or without effect are refused" {
    mask=$FIXTURES/block.pam
    fails_with 1 'format is needed' noiselist "$mask"
    fails_with 1 'one of these words' noiselist -format=lightroom "$mask"
    fails_with 1 'once has no effect' noiselist -format=plain -once "$mask"
    fails_with 1 'once has no effect' noiselist -mask -width=3 -height=3 -format=dcraw -once list
    fails_with 1 'width has no effect' noiselist -format=plain -width=3 "$mask"
    fails_with 1 'height has no effect' noiselist -format=plain -height=3 "$mask"
    fails_with 1 'width=W and -height=H are needed' noiselist -mask -width=3 -format=plain list
    fails_with 1 'width=0 is outside' noiselist -mask -width=0 -height=3 -format=plain list
    for offset in 1 1,2,3 1.5,2 2000000,0 x,y ''; do
        fails_with 1 'offset' noiselist -format=plain -offset="$offset" "$mask"
    done
    fails_with 1 'one mask is wanted; "b"' noiselist -format=plain "$mask" b
    fails_with 1 'one list is wanted; "b"' noiselist -mask -width=3 -height=3 -format=plain a b
    fails_with 1 'absent cannot be read' noiselist -mask -width=3 -height=3 -format=plain absent
    fails_with 1 'absent.pam cannot be read' noiselist -format=plain absent.pam
}

@test "a list that cannot be written is an error" {
    [ -c /dev/full ] || skip "no /dev/full here"
    status=0
    noiselist -format=plain "$FIXTURES/dense.pam" >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    matches 'standard output could not be written' "$(cat err)"
}

# ---- with the programs that read the lists ----

# negative MOSAIC: makes of a 16-bit gray PAM of 96x64 a digital negative, a.dng, that asks to be
# turned, with a margin of 8 columns and 4 rows outside its active area.
negative() {
    pamtopnm "$1" | pamtotiff -quiet -none -rowsperstrip=64 | cat >mosaic.tif
    rm -f a.dng
    exiftool -q -n -o a.dng -DNGVersion='1 4 0 0' -IFD0:PhotometricInterpretation=32803 \
        -IFD0:CFARepeatPatternDim='2 2' -IFD0:CFAPattern2='0 1 1 2' -Make=Test -Model=Camera \
        -UniqueCameraModel='Test Camera' -ColorMatrix1='1 0 0 0 1 0 0 0 1' -AsShotNeutral='1 1 1' \
        -IFD0:ActiveArea='4 8 64 96' -Orientation=6 mosaic.tif
}

@test "dcraw and LibRaw repair what the list of a mask says, in a negative with a margin that is turned" {
    for program in dcraw dcraw_emu exiftool; do
        type $program >/dev/null || skip "$program is not installed"
    done
    pam 96 64 1 65535 $(for _ in {1..32}; do
        printf '8000 16000 %.0s' {1..48}
        printf '16000 4000 %.0s' {1..48}
    done) >clean.pam
    # A pixel alone, and a column of ten, at places of the visible area.
    { echo 30 20; for y in {30..39}; do echo 50 $y; done; } >planted
    noiselist -quiet -mask -width=88 -height=60 -format=plain planted >mask.pam
    noiselist -quiet -mask -width=96 -height=64 -format=plain -offset=-8,-4 planted | pamfunc -multiplier=255 |
        pamdepth 65535 >spots.pam
    pamarith -maximum clean.pam spots.pam >spoilt.pam

    negative clean.pam
    dcraw -D -4 -j -t 0 -P /dev/null -c a.dng >clean.pgm
    dcraw_emu -w -W -6 -Z - a.dng >clean.ppm
    dcraw -c -w -W -6 -P /dev/null a.dng >clean2.ppm
    negative spoilt.pam
    dcraw -D -4 -j -t 0 -P /dev/null -c a.dng >visible.pgm
    # The mask is that of the visible area, as dcraw shows it.
    pamarith -difference clean.pgm visible.pgm >difference.pgm
    pamthreshold -simple -threshold=0.1 difference.pgm | pamtopnm | pamtopam >found.pam
    noiselist -format=plain found.pam | same - planted

    noiselist -format=dcraw mask.pam >list
    dcraw -D -4 -j -t 0 -P list -c a.dng | same - clean.pgm
    dcraw_emu -P list -w -W -6 -Z - a.dng | same - clean.ppm
    dcraw -c -w -W -6 -P list a.dng | same - clean2.ppm
    ! dcraw -c -w -W -6 -P /dev/null a.dng | same - clean2.ppm || false
}

# differs_by A B: the mean difference of the samples of two pictures.
differs_by() {
    pamarith -difference "$1" "$2" | pamsumm -mean -brief
}

# bats test_tags=all
@test "noisedetect -cfa finds what is planted in such negatives, and the list takes it out of the developments" {
    for program in dcraw dcraw_emu exiftool; do
        type $program >/dev/null || skip "$program is not installed"
    done
    makestack -kind=defocus -noise=0 -width=96 -height=64 -frames=6 subject
    makemosaic clean subject/*.pam
    makemosaic -grid=16 -defects=50,saturated single subject/*.pam
    makemosaic -grid=24 -defects=50,saturated -shape=column column subject/*.pam
    negative <(pamtopam <clean/0000.pgm)
    mv a.dng clean.dng
    for stack in single column; do
        for frame in $stack/*.pgm; do
            negative <(pamtopam <"$frame")
            mv a.dng "${frame%.pgm}.dng"
            dcraw -D -4 -j -t 0 -P /dev/null -c "${frame%.pgm}.dng" >"${frame%.pgm}.visible"
        done
        noisedetect -quiet -cfa=RGGB -black=512 -white=16383 $stack/*.visible >mask.pam
        # In the visible area, which leaves out eight columns and four rows.
        awk 'NR > 1 && $1 >= 8 && $2 >= 4 { print $1 - 8, $2 - 4 }' $stack/pixels.tsv | sort >planted
        [ "$(wc -l <planted)" -ge 15 ]
        noisy mask.pam | sort | diff - planted

        noiselist -format=dcraw mask.pam >list
        for list in /dev/null list; do
            dcraw -c -w -W -6 -P $list $stack/0000.dng >"dcraw-${list##*/}.ppm"
            dcraw_emu -P $list -w -W -6 -Z - $stack/0000.dng >"dcraw_emu-${list##*/}.ppm"
        done
        dcraw -c -w -W -6 -P /dev/null clean.dng >dcraw-clean.ppm
        dcraw_emu -P /dev/null -w -W -6 -Z - clean.dng >dcraw_emu-clean.ppm
        for program in dcraw dcraw_emu; do
            before=$(differs_by $program-null.ppm $program-clean.ppm)
            after=$(differs_by $program-list.ppm $program-clean.ppm)
            echo "$stack, $program: $before with them, $after without"
            awk -v before="$before" -v after="$after" 'BEGIN { exit !(20 * after < before) }'
        done
    done
}
