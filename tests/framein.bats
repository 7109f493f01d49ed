#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    makestack -kind=easy -width=97 -height=61 -frames=3 stack
    for name in 0000 0001 0002; do
        pamtopnm "stack/$name.pam" >$name.ppm
        pnmtojpeg -quiet $name.ppm >$name.jpg
    done
    pamdepth -quiet 65535 0000.ppm >deep.ppm
    pamtotiff -quiet -none 0000.ppm | cat >8.tif
    pamtotiff -quiet -none deep.ppm | cat >16.tif
}

# bytes NUMBER...: those bytes.
bytes() {
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o' "$@")"
}

# tiff TAG=NUMBER,...  ... <DATA: a TIFF of one strip, whose tags, in their order, are short numbers;
# those of the strip (273, 279) come by themselves.
tiff() {
    local tag n at values more=() directory=() size
    cat >data.tmp
    size=$(stat -c %s data.tmp)
    at=$((8 + size))
    for tag in "$@" 273=8 279=$((size)); do
        IFS=, read -ra values <<<"${tag#*=}"
        n=${#values[@]}
        directory+=("${tag%%=*} $n $([ $n -le 2 ] && echo "${values[*]}" || echo "@$at")")
        [ "$n" -le 2 ] && continue
        at=$((at + 2 * n))
        more+=("${values[@]}")
    done
    bytes 73 73 42 0 $((at & 255)) $((at >> 8 & 255)) $((at >> 16)) 0
    cat data.tmp
    [ ${#more[@]} -eq 0 ] || bytes $(for n in "${more[@]}"; do echo $((n & 255)) $((n >> 8)); done)
    bytes ${#directory[@]} 0
    printf '%s\n' "${directory[@]}" | sort -n | while read -r tag n value other; do
        type=3
        [ "$tag" != 330 ] || type=4 # an offset
        [[ $value != @* ]] || { type=3 other=$((${value#@} >> 16)) value=$((${value#@} & 65535)); }
        bytes $((tag & 255)) $((tag >> 8)) $type 0 $((n & 255)) $((n >> 8)) 0 0 \
            $((value & 255)) $((value >> 8)) $((${other:-0} & 255)) $((${other:-0} >> 8))
    done
    bytes 0 0 0 0
}

# gray BITS [TAG=...]...: a TIFF of one row, 4 pixels, of so many bits.
gray() {
    tiff 256=4 257=1 258="$1" 259=1 262=1 277=1 "${@:2}"
}

# stream FILE: the names of its frames, and how it ends, on one line.
stream() {
    {
        LC_ALL=C grep -a '^# frame ' "$1" | sed 's/^# frame //'
        [ "$(tail -c 10 "$1" | tr -d '\0')" != 'P7 failed' ] || echo P7 failed
    } | paste -sd ' '
}

# ---- JPEG ----

@test "a JPEG is byte for byte what jpegtopnm makes of it" {
    for options in '' -grayscale -progressive '-sample=1x1 -quality=40' -optimize; do
        # shellcheck disable=SC2086
        pnmtojpeg -quiet $options "$FIXTURES/0001.ppm" >photo.jpg
        framein photo.jpg >out.pam
        jpegtopnm -quiet photo.jpg | pamtopam >wanted.pam
        same <(raster out.pam) <(raster wanted.pam)
        for key in WIDTH HEIGHT DEPTH MAXVAL TUPLTYPE; do
            [ "$(header $key out.pam)" = "$(header $key wanted.pam)" ]
        done
    done
}

@test "stray bytes between the markers of a JPEG: a frame and one message" {
    { head -c 20 "$FIXTURES/0000.jpg" && bytes 1 2 3 && tail -c +21 "$FIXTURES/0000.jpg"; } >stray.jpg
    says 'stray.jpg: .*3 extraneous bytes' framein stray.jpg
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
    jpegtopnm -quiet "$FIXTURES/0000.jpg" | pamtopam >wanted.pam
    same <(raster out) <(raster wanted.pam)
}

@test "a JPEG that is cut off anywhere is no frame" {
    size=$(stat -c %s "$FIXTURES/0000.jpg")
    for count in 2 3 30 $((size / 2)) $((size - 1)); do
        head -c "$count" "$FIXTURES/0000.jpg" >cut.jpg
        fails_with 1 'cut.jpg: the JPEG (is damaged or cut off|cannot be read)' framein cut.jpg
        fails_with 1 'standard input: the JPEG' framein <cut.jpg
    done
}

@test "of two JPEGs in one file the first is read" {
    cat "$FIXTURES/0000.jpg" "$FIXTURES/0001.jpg" >both.jpg
    framein -outdir=out both.jpg
    framein -outdir=out "$FIXTURES/0000.jpg"
    same <(raster out/both.pam) <(raster out/0000.pam)
}

@test "a JPEG of inks is converted, its profile unused" {
    command -v convert || skip "ImageMagick is not installed"
    pam 2 1 3 255 200 100 50 | pamtopnm >two.ppm
    convert two.ppm -colorspace CMYK -sampling-factor 1x1 -quality 100 inks.jpg
    says 'inks.jpg: CMYK, converted without its profile' framein inks.jpg
    # Inks of 8 bits and JPEG each round.
    samples out | awk '{ exit !($1 >= 197 && $1 <= 203 && $2 >= 97 && $2 <= 103 && $3 >= 47 && $3 <= 53) }'
}

@test "-deep scales all samples to 16 bits, and photographs of 8 and 16 bits are alike then" {
    pam 3 1 1 1000 0 499 1000 >1000.pam
    framein -deep 1000.pam >out.pam
    # 499 * 65.535 is 32701.97
    [ "$(header MAXVAL out.pam) $(samples out.pam)" = '65535 0 32702 65535' ]
    framein -deep "$FIXTURES/0000.ppm" | pamtopnm | same - "$FIXTURES/deep.ppm"
    framein -deep -outdir=out "$FIXTURES/8.tif" "$FIXTURES/16.tif" "$FIXTURES/0000.jpg"
    same <(raster out/8.pam) <(raster out/16.pam)
    [ "$(header MAXVAL out/0000.pam)" -eq 65535 ]
    fails_with 1 '-deep has no effect with -mosaic' framein -deep -mosaic "$FIXTURES/0000.jpg"
}

# ---- TIFF ----

@test "a TIFF of 8 or 16 bits, in either order of bytes, holds the samples that went in" {
    framein "$FIXTURES/8.tif" >out.pam
    same <(raster out.pam) <(tail -c +$(($(stat -c %s "$FIXTURES/0000.ppm") - 97 * 61 * 3 + 1)) "$FIXTURES/0000.ppm")
    command -v tiffcp || skip "libtiff-tools are not installed"
    framein "$FIXTURES/16.tif" >wanted.pam
    tail -c $((97 * 61 * 6)) "$FIXTURES/deep.ppm" | same - <(raster wanted.pam)
    for options in -B -L -8 '-t -w 32 -l 16' '-r 7' '-c lzw' '-c zip' '-c zip:2' '-c packbits'; do
        # shellcheck disable=SC2086
        tiffcp $options "$FIXTURES/16.tif" copy.tif
        framein copy.tif >out.pam
        same <(raster out.pam) <(raster wanted.pam)
    done
    for options in '-p separate' '-t -w 32 -l 16 -p separate' '-c lzw -r 5 -p separate -B'; do
        # shellcheck disable=SC2086
        tiffcp $options "$FIXTURES/8.tif" copy.tif
        framein copy.tif | pamtopnm | same - "$FIXTURES/0000.ppm"
    done
}

@test "samples of 1 to 16 bits keep their maxval" {
    gray 1 <<<"$(bytes 176)" >1.tif # 1 0 1 1
    gray 2 < <(bytes 27) >2.tif     # 0 1 2 3
    gray 3 < <(bytes 5 112) >3.tif  # 000 001 010 111
    gray 4 < <(bytes 18 63) >4.tif
    gray 12 < <(bytes 1 35 255 240 0 7) >12.tif # 012 3ff f00 007
    gray 14 < <(bytes 255 252 0 16 0 64 8) >14.tif
    gray 16 < <(bytes 1 0 0 1 255 255 2 1) >16.tif
    while read -r bits wanted; do
        framein "$bits.tif" >out.pam
        [ "$(header MAXVAL out.pam)" -eq $(((1 << bits) - 1)) ]
        [ "$(samples out.pam)" = "$wanted" ] || {
            echo "$bits bits: $(samples out.pam)"
            return 1
        }
    done <<<'1 1 0 1 1
2 0 1 2 3
3 0 1 2 7
4 1 2 3 15
12 18 1023 3840 7
14 16383 1 1 8
16 1 256 65535 258'
}

@test "where white is 0 the samples are turned round" {
    tiff 256=4 257=1 258=8 259=1 262=0 277=1 < <(bytes 0 1 200 255) >white.tif
    framein white.tif >out.pam
    [ "$(samples out.pam)" = '255 254 55 0' ]
}

@test "a palette is its colours, of 8 bits where all have 8, else of 16" {
    palette() {
        tiff 256=4 257=1 258=2 259=1 262=3 277=1 320="$1" < <(bytes 27) >palette.tif
        framein palette.tif >out.pam
        [ "$(header MAXVAL out.pam) $(samples out.pam)" = "$2" ]
    }
    palette 0,257,514,65535,771,0,0,65535,0,0,257,1028 '255 0 3 0 1 0 0 2 0 1 255 255 4'
    palette 0,255,2,3,4,5,6,7,8,9,10,11 '255 0 4 8 255 5 9 2 6 10 3 7 11'
    palette 0,256,2,3,4,5,6,7,8,9,10,11 '65535 0 4 8 256 5 9 2 6 10 3 7 11'
}

@test "floating point within 0 to 1 becomes 16 bits; beyond, and not a number, it is refused" {
    gray 32 339=3 < <(bytes 0 0 0 0 0 0 128 63 0 0 0 63 0 0 128 62) >32.tif # 0 1 1/2 1/4
    gray 16 339=3 < <(bytes 0 0 0 60 0 56 0 52) >16.tif
    gray 64 339=3 < <(bytes 0 0 0 0 0 0 0 0 0 0 0 0 0 0 240 63 0 0 0 0 0 0 224 63 0 0 0 0 0 0 208 63) >64.tif
    for bits in 16 32 64; do
        framein $bits.tif >out.pam
        [ "$(header MAXVAL out.pam) $(samples out.pam)" = '65535 0 65535 32768 16384' ]
    done
    gray 32 339=3 < <(bytes 0 0 0 0 1 0 128 63 0 0 0 63 0 0 128 62) >over.tif
    gray 32 339=3 < <(bytes 0 0 0 0 0 0 192 127 0 0 0 63 0 0 128 62) >nan.tif
    gray 32 339=3 < <(bytes 0 0 0 0 0 0 128 191 0 0 0 63 0 0 128 62) >negative.tif
    for file in over nan negative; do
        fails_with 1 "$file.tif: floating-point samples outside 0 to 1" framein $file.tif
    done
}

@test "opacity stays, is divided out where it is multiplied in, and is dropped where it is something else" {
    for kind in 0 1 2; do
        tiff 256=2 257=1 258=8,8,8,8 259=1 262=2 277=4 338=$kind < <(bytes 10 20 30 128 40 50 60 0) >$kind.tif
        framein $kind.tif >$kind.pam
    done
    [ "$(header DEPTH 0.pam) $(samples 0.pam)" = '3 10 20 30 40 50 60' ]
    [ "$(header DEPTH 2.pam) $(samples 2.pam)" = '4 10 20 30 128 40 50 60 0' ]
    # 10 * 255 / 128 is 19.92
    [ "$(header DEPTH 1.pam) $(samples 1.pam)" = '4 20 40 60 128 0 0 0 0' ]
    [ "$(header TUPLTYPE 1.pam)" = RGB_ALPHA ]
}

@test "inks: a colour is what its ink and black let through, and a message says that the profile is unused" {
    tiff 256=2 257=1 258=8,8,8,8 259=1 262=5 277=4 < <(bytes 0 255 51 0 0 0 0 51) >inks.tif
    says 'inks.tif: CMYK, converted without its profile' framein inks.tif
    [ "$(samples out)" = '255 0 204 204 204 204' ]
}

@test "what a TIFF holds that no frame can is refused, with a way round it" {
    gray 8 339=2 < <(bytes 1 2 3 4) >signed.tif
    fails_with 1 'signed.tif: signed samples: convert it first, as with "vips cast' framein signed.tif
    gray 32 < <(bytes 1 2 3 4 1 2 3 4 1 2 3 4 1 2 3 4) >32.tif
    fails_with 1 '32.tif: samples of 32 bits, and the limit is 16: convert it' framein 32.tif
    tiff 256=1 257=1 258=8,8,8 259=1 262=8 277=3 < <(bytes 1 2 3) >lab.tif
    fails_with 1 'lab.tif: Lab colours: convert it' framein lab.tif
    tiff 256=1 257=1 258=8,8,8,8 259=1 262=5 277=4 332=2 < <(bytes 1 2 3 4) >inks.tif
    fails_with 1 'inks.tif: inks other than CMYK' framein inks.tif
}

@test "a TIFF that is cut off is no frame, whatever libtiff makes of it" {
    for file in 8.tif 16.tif; do
        head -c 3000 "$FIXTURES/$file" >cut.tif
        fails_with 1 'cut.tif: the TIFF is damaged, cut off' framein cut.tif
    done
    # The directory at the beginning, the samples cut.
    gray 8 < <(bytes 1 2 3 4) | sed 's/\x01\x02\x03\x04/\x01\x02/' >short.tif
    fails_with 1 'short.tif: the TIFF is damaged' framein short.tif
}

@test "JPEG and fax in a TIFF that have too few rows are no frame, though libtiff reports success" {
    pam 8 8 1 255 10 200 30 | pamtopnm | pnmtojpeg -quiet >gray.jpg
    rows() {
        tiff 256=8 257="$1" 258=8 259=7 262=1 277=1 278="$1" <gray.jpg >jpeg.tif
        # Group 4: eight white rows are a bit each.
        tiff 256=8 257="$1" 258=1 259=4 262=0 277=1 278="$1" < <(bytes 255) >fax.tif
    }
    rows 8
    framein jpeg.tif >out.pam
    same <(raster out.pam) <(jpegtopnm -quiet gray.jpg | tail -c 64)
    framein fax.tif >out.pam
    [ "$(samples out.pam)" = "$(printf '1 %.0s' {1..64} | sed 's/ $//')" ]
    rows 16
    fails_with 1 'jpeg.tif: the TIFF is damaged or cut off at row 0' framein jpeg.tif
    fails_with 1 'fax.tif: the TIFF is damaged or cut off at row 0' framein fax.tif
    # Whatever a row ends with.
    for last in 167 88; do
        gray 8 < <(bytes 1 2 3 $last) >end.tif
        framein end.tif >out.pam
        [ "$(samples out.pam)" = "1 2 3 $last" ]
    done
}

@test "a fault of a size that is claimed costs neither time nor memory" {
    figures
    # Two bytes of fax for half a gigabyte.
    tiff 256=65535 257=65535 258=1 259=4 262=1 277=1 278=65535 < <(bytes 0 1) >fax.tif
    peakmemory kib framein fax.tif 2>err && return 1
    [ "$(cat kib)" -lt 700000 ]
}

@test "a size that no photograph has, and more memory than there is, are refused" {
    tiff 256=65535 257=65535 258=16,16,16 259=1 262=2 277=3 < <(bytes 1 2 3 4) >huge.tif
    fails_with 1 'huge.tif: (65535x65535 pixels take 24.0 GiB of memory|the TIFF is damaged)' framein huge.tif
    tiff 256=0 257=5 258=8 259=1 262=1 277=1 < <(bytes 1 2 3 4) >none.tif
    fails_with 1 'none.tif: ' framein none.tif
}

@test "pages of a TIFF are frames; thumbnails, masks and what is unlike the first are left out" {
    command -v tiffcp || skip "libtiff-tools are not installed"
    pamcut -width 20 -height 10 "$FIXTURES/0001.ppm" | pamtotiff -quiet -none | cat >small.tif
    for name in 0001 0002; do
        pamtotiff -quiet -none "$FIXTURES/$name.ppm" | cat >$name.tif
    done
    tiffcp "$FIXTURES/8.tif" small.tif 0001.tif 0002.tif "$FIXTURES/16.tif" pages.tif
    says 'pages.tif: 2 of its 5 pages are left out' framein pages.tif
    [ "$(stream out)" = 'pages-1 pages-2 pages-3' ]
    pamsplit -quiet out page%d.pam
    for n in 0 1 2; do
        pamtopnm page$n.pam | same - "$FIXTURES/000$n.ppm"
    done
    tiffset -s 254 1 0001.tif
    tiffset -s 254 4 0002.tif
    tiffcp -a 0001.tif flagged.tif
    tiffcp -a "$FIXTURES/8.tif" flagged.tif
    tiffcp -a 0002.tif flagged.tif
    says 'flagged.tif: 2 of its 3 pages are left out' framein flagged.tif
    [ "$(stream out)" = flagged ]
    framein -quiet flagged.tif | pamtopnm | same - "$FIXTURES/0000.ppm"
}

# ---- raw files and others ----

@test "raw files are told by their content, and never taken for their thumbnail" {
    { printf 'II*\0\20\0\0\0CR\2\0' && head -c 100 /dev/zero; } >canon.jpg
    { printf '\0\0\0\30ftypcrx \0\0\0\1' && head -c 100 /dev/zero; } >new.jpg
    { printf 'FUJIFILMCCD-RAW 0201' && head -c 100 /dev/zero; } >fuji.jpg
    { printf 'II\32\0\0\0HEAPCCDR' && head -c 100 /dev/zero; } >old.jpg
    gray 8 50706=1,4,0,0 < <(bytes 1 2 3 4) >negative.tif
    tiff 256=4 257=1 258=8 259=1 262=32803 277=1 < <(bytes 1 2 3 4) >mosaic.tif
    for file in *.jpg *.tif; do
        fails_with 1 "$file: a camera raw file that LibRaw .* cannot read: .* convert it first to DNG" framein $file
    done
}

@test "a directory of samples below a thumbnail makes a raw file" {
    # The sensor's directory, at 300: tag 330 leads there.
    gray 8 330=300 < <(bytes 1 2 3 4) >raw.tif
    truncate -s 300 raw.tif
    bytes 5 0 0 1 3 0 1 0 0 0 4 0 0 0 1 1 3 0 1 0 0 0 1 0 0 0 6 1 3 0 1 0 0 0 35 128 0 0 \
        17 1 3 0 1 0 0 0 8 0 0 0 23 1 3 0 1 0 0 0 4 0 0 0 0 0 0 0 >>raw.tif
    fails_with 1 'raw.tif: a camera raw file' framein raw.tif
    # Cut off before that directory, and only a thumbnail left.
    gray 8 254=1 330=300 < <(bytes 1 2 3 4) >cut.tif
    fails_with 1 'cut.tif: a camera raw file' framein cut.tif
}

@test "other pictures are named, with what converts them" {
    printf '\0\0\0\30ftypheic' >heif
    printf 'RIFF\0\0\0\0WEBPVP8 ' >webp
    printf '\377\12\1\2' >jxl
    printf 'BM\0\0\0\0\0\0\0\0' >bmp
    printf 'v/1\1\2\0\0\0' >exr
    printf 'GIF89a' >gif
    while read -r file pattern; do
        fails_with 1 "$file: an? $pattern picture: convert it first, as with" framein $file
        fails_with 1 "standard input: an? $pattern picture" framein <$file
    done <<<'heif HEIF
webp WebP
jxl JPEG XL
bmp BMP
exr OpenEXR
gif GIF'
    echo 'Some text' >text
    fails_with 1 'text: no photograph that framein knows: it begins with byte 0x53' framein text
    : >nothing
    fails_with 1 'nothing: is empty' framein nothing
    fails_with 1 'standard input is empty' framein
    fails_with 1 'absent: cannot be read: No such file' framein absent
}

@test "the content tells what a file is, and not its name" {
    cp "$FIXTURES/0000.jpg" photo.tif
    cp "$FIXTURES/8.tif" photo.txt
    pamtopng "$FIXTURES/0000.ppm" >photo.jpg
    for file in photo.tif photo.txt photo.jpg; do
        framein $file >out.pam
        [ "$(stream out.pam)" = photo ]
    done
    pamtopnm out.pam | same - "$FIXTURES/0000.ppm"
}

# ---- directories ----

@test "a directory is its photographs, numbers by their value; what else is there is told once" {
    mkdir -p src/below
    for name in img_8 img_13 img_100 'img 9' Käfer img_009 img_9b 18446744073709551617 18446744073709551616; do
        cp "$FIXTURES/0000.jpg" "src/$name.JPG"
    done
    cp "$FIXTURES/0001.jpg" src/.hidden.jpg
    echo text >src/notes.txt
    printf '\0\0\0\30ftypmp42\0\0\0\0' >src/clip.mp4
    head -c 50 /dev/zero >src/Thumbs.db
    says 'src: left out, as no photographs: Thumbs.db, below, clip.mp4, notes.txt $' framein src
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
    wanted='18446744073709551616 18446744073709551617 Käfer img 9 img_8 img_009 img_9b img_13 img_100'
    [ "$(stream out)" = "$wanted" ]
    framein -quiet src/ >out 2>err
    [ "$(stream out) $(cat err)" = "$wanted " ]
    mkdir none
    fails_with 1 'none holds no photograph' framein none
    echo text >none/text
    fails_with 1 'none holds no photograph' framein -quiet none
}

@test "two photographs of one name in a directory are an error before anything is read" {
    mkdir src
    cp "$FIXTURES/0000.jpg" src/img_1.JPG
    cp "$FIXTURES/0001.jpg" src/img_2.JPG
    cp "$FIXTURES/8.tif" src/img_2.tif
    fails_with 1 'src/img_2.JPG and src/img_2.tif would both be frame img_2: name .*framein src/\*.tif' framein src
    framein src/*.JPG >out
    [ "$(stream out)" = 'img_1 img_2' ]
}

# ---- what fails ----

# failing: a directory of six photographs, two of which cannot be read.
failing() {
    mkdir src
    for n in 1 3 5; do
        cp "$FIXTURES/0000.jpg" src/$n.jpg
    done
    head -c 900 "$FIXTURES/0000.jpg" >src/2.jpg
    pamtopng "$FIXTURES/0001.ppm" >src/6.png
    head -c 2000 src/6.png >src/4.png
}

@test "a photograph that cannot be read ends the stream as broken; with -k the others go on, with status 1" {
    failing
    status=0
    framein src >out 2>err || status=$?
    [ "$status $(stream out)" = '1 1 P7 failed' ]
    matches '^framein: src/2.jpg: the JPEG is damaged or cut off: [^:]*' "$(cat err)"
    status=0
    framein -k src >out 2>err || status=$?
    [ "$status" -eq 1 ]
    framein src/[135].jpg src/6.png | same - out
    matches '^framein: src/2.jpg: .*framein: src/4.png: .*framein: 2 of 6 photographs left out' "$(cat err)"
    [ "$(wc -l <err)" -eq 3 ]
    status=0
    framein -k -outdir=out.d src 2>err || status=$?
    [ "$status $(ls out.d | paste -sd ' ')" = '1 1.pam 3.pam 5.pam 6.pam' ]
    fails_with 1 '2.jpg: .*4.png: .*no photograph could be read' framein -k src/2.jpg src/4.png
}

@test "a photograph of another size or kind is an error that names both; with -k it is left out" {
    pamcut -width 20 "$FIXTURES/0000.ppm" | pnmtojpeg -quiet >thumb.jpg
    status=0
    framein "$FIXTURES/0000.jpg" thumb.jpg "$FIXTURES/0001.jpg" >out 2>err || status=$?
    [ "$status $(stream out)" = '1 0000 P7 failed' ]
    matches 'frame thumb is 20x61, depth 3, maxval 255, but frame 0000 is 97x61, depth 3' "$(cat err)"
    status=0
    framein -k "$FIXTURES/0000.jpg" thumb.jpg "$FIXTURES/16.tif" "$FIXTURES/0001.jpg" >out 2>err || status=$?
    [ "$status $(stream out)" = '1 0000 0001' ]
}

# ---- names, standard input ----

@test "standard input holds one photograph, or a stream" {
    framein <"$FIXTURES/0000.jpg" >out
    [ "$(stream out)" = frame ]
    cat "$FIXTURES/16.tif" | framein -name='a b' >out
    [ "$(stream out)" = 'a b' ]
    same <(raster out) <(framein "$FIXTURES/16.tif" | tail -c $((97 * 61 * 6)))
    cat "$FIXTURES/0000.ppm" "$FIXTURES/0001.ppm" | framein -name=x -name=y >out
    [ "$(stream out)" = 'x y' ]
    framein "$FIXTURES/0000.jpg" - <"$FIXTURES/0001.ppm" >out
    [ "$(stream out)" = '0000 frame' ]
    framein "$FIXTURES"/000?.jpg | framein | framein -outdir=out.d
    [ "$(ls out.d | paste -sd ' ')" = '0000.pam 0001.pam 0002.pam' ]
    fails_with 1 '-name was given 2 times' framein -name=a -name=b <"$FIXTURES/0000.jpg"
    fails_with 1 '-name has no effect on files' framein -name=a "$FIXTURES/0000.jpg"
}

@test "a pipe as an operand" {
    mkfifo pipe.jpg
    for file in 0000.jpg 16.tif 0000.ppm; do
        cat "$FIXTURES/$file" >pipe.jpg &
        framein pipe.jpg >out
        wait $!
        framein "$FIXTURES/$file" >wanted
        [ "$(stream out)" = pipe ]
        same <(raster out) <(raster wanted)
    done
}

# ---- orientation ----

@test "nothing is turned: the orientation goes with the frame, and one message tells where it changes" {
    command -v exiftool || skip "exiftool is not installed"
    for n in 1 6 8; do
        exiftool -q -n -Orientation=$n -o turned$n.jpg "$FIXTURES/0000.jpg"
        exiftool -q -n -Orientation=$n -o turned$n.tif "$FIXTURES/8.tif"
        for file in turned$n.jpg turned$n.tif; do
            framein $file >out
            [ "$(sed -n -e 's/^# orientation //p' -e '/^ENDHDR/q' out)" = $n ]
            [ "$(header WIDTH out)" = 97 ]
        done
        pamtopnm out | same - "$FIXTURES/0000.ppm"
    done
    exiftool -q -n -ExifByteOrder=MM -Orientation=3 -o big.jpg "$FIXTURES/0000.jpg"
    framein big.jpg >out
    grep -a -q '^# orientation 3' out
    says 'frame turned6 has orientation 6, frame turned1 1: .*No frame is turned $' \
        framein turned1.jpg "$FIXTURES/0001.jpg" turned6.jpg turned8.jpg
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
}

# ---- all of it ----

@test "memory does not grow with the number of photographs" {
    figures
    mkdir few many
    pamscale 8 "$FIXTURES/0000.ppm" | pnmtojpeg -quiet >big.jpg
    for n in {1..20}; do
        ln -s ../big.jpg many/$n.jpg
    done
    ln -s ../big.jpg few/1.jpg
    [ "$(peak framein many)" -lt $(($(peak framein few) * 11 / 10)) ]
}

@test "only framein and frameout depend on the libraries of photographs" {
    type ldd >/dev/null || skip "no ldd here"
    for program in "$BUILD"/bin/*; do
        case $(ldd "$program" 2>/dev/null | grep -cE 'libjpeg|libtiff|libraw') in
        0) [[ ${program##*/} != frame@(in|out) ]] ;;
        *) [[ ${program##*/} == frame@(in|out) ]] ;;
        esac
    done
}

@test "photographs of public test material are read, or refused in one line, as their tables say" {
    shared photos
    # Two of a table's files are damaged fax pages: libtiff reports errors and makes a picture.
    damaged='pillow_crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif pillow_crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3.tif'
    for kind in jpeg tiff; do
        while IFS=$'\t' read -r file wanted _; do
            [[ " $damaged " != *" $file "* ]] || wanted=fail
            status=0
            framein "$shared/$kind/$file" >out.pam 2>err || status=$?
            case $wanted in
            file) continue ;;
            read) [ $status -eq 0 ] && [ "$(wc -l <err)" -le 1 ] ;;
            *) [ $status -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out.pam ] ;;
            esac || {
                echo "status $status of $file, and it should $wanted"
                cat err
                return 1
            }
        done <"$shared/$kind.tsv"
    done
}

@test "the examples of the manual run" {
    mkdir src
    cp "$FIXTURES"/000?.jpg src
    cp "$FIXTURES/8.tif" scan.tif
    cp src/0000.jpg IMG_0001.JPG
    mkdir raw
    makemosaic mosaics "$FIXTURES"/stack/*.pam
    for n in 0 1 2; do
        digital_negative raw/$n.dng RG/GB 512 16383 <mosaics/000$n.pgm
    done
    examples framein.1 >script
    [ "$(wc -l <script)" -ge 4 ]
    bash -euo pipefail script
}
