#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    makestack -kind=easy -width=97 -height=61 -frames=3 stack
    for name in 0000 0001 0002; do
        pamtopnm "stack/$name.pam" >$name.ppm
        pnmtojpeg -quiet -quality=95 $name.ppm >$name.jpg
    done
    pamdepth -quiet 65535 0000.ppm >deep.ppm
    pam 2 2 4 65535 1 2 3 65535 1000 30000 65535 32768 7 8 9 0 65535 0 256 1 >opacity.pam
}

# need PROGRAM...: skips the test where one is not installed.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

# bytes NUMBER...: those bytes.
bytes() {
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o' "$@")"
}

# big NUMBER: its four bytes.
big() {
    bytes $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
}

# profile SPACE [BYTES]: a colour profile of a display, of no more than a header and a count of tags.
profile() {
    local size=${2:-132}
    big "$size" && printf '\0\0\0\0\2\20\0\0mntr%sXYZ ' "$1" && head -c 12 /dev/zero && printf acsp &&
        head -c $((size - 40)) /dev/zero
}

# orient N FILE: says in its EXIF that the photograph has that orientation.
orient() {
    exiftool -q -overwrite_original -Orientation#="$1" -ExifImageWidth=97 -ExifImageHeight=61 "$2"
}

# upright N: turns as a photograph of orientation N asks for.
upright() {
    case $1 in
    1) cat ;;
    2) pamflip -leftright ;;
    3) pamflip -rotate180 ;;
    4) pamflip -topbottom ;;
    5) pamflip -transpose ;;
    6) pamflip -rotate270 ;;
    7) pamflip -transpose | pamflip -rotate180 ;;
    8) pamflip -rotate90 ;;
    esac
}

# chunk TYPE FILE: such a chunk of a PNG, what FILE holds.
chunk() {
    big "$(stat -c %s "$2")" && printf %s "$1" && cat "$2" &&
        { printf %s "$1" && cat "$2"; } | gzip -1 | tail -c 8 | od -An -tu4 -N4 --endian=little |
        { read -r sum && big "$sum"; }
}

# with_chunks PNG CHUNKS: the PNG with those behind its header.
with_chunks() {
    head -c 33 "$1" && cat "$2" && tail -c +34 "$1"
}

# packed: what zlib makes of standard input.
packed() {
    perl -MIO::Compress::Deflate=deflate -e 'deflate "-" => "-"'
}

# held TYPE PNG: what its first chunk of that type holds.
held() {
    perl -e 'my $wanted = shift; local $/; $_ = <>; for (my $i = 8; $i < length; ) {
        my ($n, $type) = unpack "Na4", substr $_, $i;
        if ($type eq $wanted) { print substr $_, $i + 8, $n; last } $i += 12 + $n }' "$1" "$2"
}

# shown FILE: the samples of the picture in FILE, on one line.
shown() {
    framein -quiet "$1" >shown.pam && samples shown.pam
}

# chunks PNG: types and lengths of its chunks, but for those of the raster, on one line.
chunks() {
    perl -e 'local $/; $_ = <>; for (my $i = 8; $i < length; ) {
        my ($n, $type) = unpack "Na4", substr $_, $i; $i += 12 + $n;
        print "$type $n " unless $type =~ /IHDR|IDAT|IEND/ }' "$1" | sed 's/ $//'
}

# ---- pixels ----

@test "a JPEG is byte for byte what pnmtojpeg makes at that quality, at 95 unless told" {
    ppmtopgm "$FIXTURES/0000.ppm" >gray.pgm
    for frame in "$FIXTURES/0000.ppm" gray.pgm; do
        for quality in 1 20 75 95 100; do
            frameout -jpeg=$quality "$frame" >out.jpg
            pnmtojpeg -quiet -quality=$quality "$frame" | same - out.jpg
        done
        frameout -jpeg "$frame" >out.jpg
        pnmtojpeg -quiet -quality=95 "$frame" | same - out.jpg
    done
    # 16 bits are rounded to 8.
    frameout -jpeg "$FIXTURES/deep.ppm" | same - <(frameout -jpeg "$FIXTURES/0000.ppm")
}

# bats test_tags=all
@test "each orientation goes out upright, once, and the mask is in the sensor's order" {
    need exiftool
    pam 97 61 1 255 0 >mask.pam
    # Twelve noisy pixels of the sensor, in a corner that tells turned ones apart.
    for at in 200 201 205 297 301 500 633 700 808 1001 1300 1407; do
        bytes 255 | dd of=mask.pam bs=1 seek=$(($(stat -c %s mask.pam) - 97 * 61 + at)) conv=notrunc 2>/dev/null
    done
    framein "$FIXTURES/0001.jpg" | noisemask -mask=mask.pam | pamtopnm >repaired.ppm
    for n in 1 2 3 4 5 6 7 8; do
        cp "$FIXTURES/0001.jpg" photo.jpg
        orient $n photo.jpg
        framein photo.jpg | noisemask -mask=mask.pam >frame.pam
        upright $n <repaired.ppm >wanted.ppm
        frameout -png -from=photo.jpg frame.pam >out.png
        pngtopam out.png | same - wanted.ppm
        frameout -tiff frame.pam >out.tif
        framein out.tif | pamtopnm | same - wanted.ppm
        frameout -jpeg=90 frame.pam >out.jpg
        pnmtojpeg -quiet -quality=90 wanted.ppm | same - out.jpg
        frameout -jpeg=90 -from=photo.jpg frame.pam >out.jpg
        [ "$(exiftool -n -T -Orientation -ExifImageWidth -ExifImageHeight -ImageWidth out.jpg)" = \
            "1	$(pamfile -machine wanted.ppm | cut -d ' ' -f 4,5 | tr ' ' '\t')	$(pamfile -machine wanted.ppm | cut -d ' ' -f 4)" ]
        [ "$(exiftool -n -T -Orientation out.png)" = 1 ]
        [ "$(exiftool -n -T -Orientation out.tif)" = 1 ]
    done
}

# bats test_tags=all
@test "a viewer that turns by EXIF sees each orientation as it sees the original" {
    need exiftool convert
    for n in 1 2 3 4 5 6 7 8; do
        cp "$FIXTURES/0002.jpg" photo.jpg
        orient $n photo.jpg
        convert photo.jpg -auto-orient wanted.ppm
        for format in png tiff jpeg=100; do
            framein photo.jpg | frameout -$format -from=photo.jpg -output=out.${format%=*} 2>/dev/null
            convert "out.${format%=*}" -auto-orient seen.ppm
            [ $format = jpeg=100 ] || same seen.ppm wanted.ppm
            # JPEG at 100 keeps all but the finest colour.
            [ "$(pamarith -difference seen.ppm wanted.ppm | pamsumm -mean -brief | cut -d . -f 1)" -lt 4 ]
        done
    done
}

# bats test_tags=all
@test "a TIFF holds the frame's samples, of 8 or 16 bits, with opacity, for libtiff, ImageMagick and Pillow" {
    need tiffinfo convert
    ppmtopgm "$FIXTURES/deep.ppm" >gray.pgm
    pamtopam <"$FIXTURES/0000.ppm" >8.pam
    pamtopam <"$FIXTURES/deep.ppm" >16.pam
    pamtopam <gray.pgm >gray.pam
    pam 3 2 2 255 9 255 8 7 0 0 1 2 3 4 5 6 >gray-opacity.pam
    cp "$FIXTURES/opacity.pam" .
    for frame in 8 16 gray gray-opacity opacity; do
        for compression in '' =deflate =lzw; do
            frameout -tiff$compression $frame.pam >out.tif
            tiffinfo out.tif >info 2>warnings
            [ ! -s warnings ]
            grep -q "Predictor: horizontal differencing" info
            grep -q "Compression Scheme: $([ "$compression" = =lzw ] && echo LZW || echo AdobeDeflate)" info
            grep -q 'Orientation: row 0 top, col 0 lhs' info
            [[ $frame != *opacity ]] || grep -q 'Extra Samples: 1<unassoc-alpha>' info
            framein out.tif >read.pam
            same <(raster read.pam) <(raster $frame.pam)
            [ "$(header DEPTH read.pam) $(header MAXVAL read.pam)" = "$(header DEPTH $frame.pam) $(header MAXVAL $frame.pam)" ]
            convert out.tif seen.pam
            same <(raster seen.pam) <(raster $frame.pam)
            /usr/bin/python3 -c 'import PIL' 2>/dev/null || continue
            # Pillow has no 16 bits of several planes: it shows the high bytes.
            /usr/bin/python3 -c '
import sys
from PIL import Image
image = Image.open("out.tif")
sys.stdout.buffer.write(image.tobytes())' >seen
            case $frame in
            8 | gray-opacity) raster $frame.pam | same - seen ;;
            gray) raster gray.pam | od -An -v -tx2 --endian=big -w2 | same - <(od -An -v -tx2 -w2 seen) ;;
            *) raster $frame.pam | od -An -v -tx1 -w2 | cut -c 2-3 | same - <(od -An -v -tx1 -w1 seen | cut -c 2-3) ;;
            esac
        done
    done
}

@test "a TIFF of many strips holds the frame" {
    makestack -kind=noise -width=700 -height=500 -frames=1 large
    frameout -tiff=lzw large/0000.pam >large.tif
    framein large.tif >large.pam
    same <(raster large.pam) <(raster large/0000.pam)
}

@test "samples of any maxval are scaled to 8 or 16 bits, rounded, with a message" {
    pam 6 1 1 3 0 1 2 3 >3.pam
    pam 6 1 1 1000 0 1 499 500 999 1000 >1000.pam
    pam 6 1 1 4095 0 1 2 2048 4094 4095 >4095.pam
    for format in tiff png; do
        says "maxval 3 is not written: samples are scaled to 255" frameout -$format 3.pam
        [ "$(shown out)" = '0 85 170 255 0 85' ]
        says "samples are scaled to 65535" frameout -$format 1000.pam
        # 65535/1000 is 65.535, times 499 is 32701.965, times 500 is 32767.5
        [ "$(shown out)" = '0 66 32702 32768 65469 65535' ]
        says "samples are scaled to 65535" frameout -$format 4095.pam
        # 65535/4095 is 16.0037, times 2048 is 32775.502, times 4094 is 65518.996
        [ "$(shown out)" = '0 16 32 32776 65519 65535' ]
        frameout -quiet -$format 4095.pam >out 2>err
        [ ! -s err ]
        [ "$(shown out)" = '0 16 32 32776 65519 65535' ]
    done
}

@test "a JPEG shows white where the frame is transparent, or -background" {
    # 100 at 128/255 over 255: (100 * 128 + 255 * 127) / 255 is 177.2. A flat gray survives JPEG.
    pam 8 8 2 255 100 128 >gray.pam
    frameout -jpeg=100 gray.pam >out.jpg
    [ "$(shown out.jpg | cut -d " " -f 1,64)" = '177 177' ]
    # At 130: 175.98.
    pam 8 8 2 255 100 130 >near.pam
    frameout -jpeg=100 near.pam >out.jpg
    [ "$(shown out.jpg | cut -d " " -f 1)" = 176 ]
    # Over 10: (12800 + 1270) / 255 is 55.2.
    frameout -jpeg=100 -background=10 gray.pam >out.jpg
    [ "$(shown out.jpg | cut -d " " -f 1,64)" = '55 55' ]
    # Of 1000: 900 at 250/1000 over 20 of 255 is 72.375 of 255.
    pam 8 8 2 1000 900 250 >1000.pam
    frameout -jpeg=100 -background=20 1000.pam >out.jpg
    [ "$(shown out.jpg | cut -d " " -f 1)" = 72 ]
    pam 8 8 4 255 9 9 9 0 >clear.pam
    frameout -jpeg=100 -background=200,100,50 clear.pam >out.jpg
    shown out.jpg |
        awk '{ exit !($1 >= 199 && $1 <= 201 && $2 >= 99 && $2 <= 101 && $3 >= 49 && $3 <= 51) }'
    # An opaque frame is the frame without its opacity.
    pamstack -tupletype=RGB_ALPHA <(pamtopam <"$FIXTURES/0000.ppm") <(pam 97 61 1 255 255) >opaque.pam
    frameout -jpeg opaque.pam | same - <(frameout -jpeg "$FIXTURES/0000.ppm")
    fails_with 1 'frame gray is gray, but -background has three samples' frameout -jpeg -background=1,2,3 gray.pam
}

@test "a PNG is the frame, opacity included" {
    frameout -png "$FIXTURES/opacity.pam" | pngtopam -alphapam | same - <(pamtopam <"$FIXTURES/opacity.pam")
}

# ---- which file, and which original ----

@test "-outdir makes a file a frame, called by its name, whole, in the place of one that is there" {
    mkdir out
    echo old >out/0001.jpg
    frameout -jpeg -outdir=out "$FIXTURES"/000?.ppm
    [ "$(ls -A out | paste -sd ' ')" = '0000.jpg 0001.jpg 0002.jpg' ]
    same out/0001.jpg <(frameout -jpeg "$FIXTURES/0001.ppm")
    frameout -tiff -outdir=out "$FIXTURES/0000.ppm"
    frameout -png -outdir=out "$FIXTURES/0000.ppm"
    [ "$(ls out | wc -l)" -eq 5 ]
    frameout -tiff -output=one.tif "$FIXTURES/0001.ppm"
    framein one.tif | pamtopnm | same - "$FIXTURES/0001.ppm"
}

@test "several frames in one file: an error that names -outdir, and nothing is written" {
    echo old >one.jpg
    fails_with 1 'standard output holds one picture, but frame 0001 follows frame 0000: use -outdir=DIR' \
        frameout -jpeg "$FIXTURES"/000?.ppm
    fails_with 1 'one.jpg holds one picture, but frame 0001 follows frame 0000: use -outdir=DIR' \
        frameout -tiff -output=one.jpg "$FIXTURES"/000?.ppm
    [ "$(cat one.jpg) $(ls -A | paste -sd ' ')" = 'old one.jpg' ]
}

@test "a stream that is broken behind its frame makes no picture" {
    { pamtopam <"$FIXTURES/0000.ppm" && echo P7 failed; } >broken
    for format in jpeg tiff png; do
        fails_with 1 '' frameout -$format <broken
        fails_with 1 '' frameout -$format -output=x <broken
    done
    [ ! -e x ]
}

@test "the original is that of the frame's name, whatever its ending" {
    need exiftool
    mkdir src
    for n in 0 1 2; do
        cp "$FIXTURES/000$n.jpg" src/img_$n.JPG
        exiftool -q -overwrite_original -Artist=artist$n src/img_$n.JPG
        cp "$FIXTURES/000$n.ppm" img_$n.ppm
    done
    frameout -jpeg -from=src -outdir=a img_?.ppm 2>err
    frameout -png -from=src/img_2.JPG -from src/img_0.JPG --from=src/img_1.JPG -outdir=a img_?.ppm 2>>err
    [ ! -s err ]
    for n in 0 1 2; do
        [ "$(exiftool -T -Artist a/img_$n.jpg a/img_$n.png | paste -sd ' ')" = "artist$n artist$n" ]
    done
}

@test "a fused picture takes the reference's original, else the middle one, and says so" {
    need exiftool
    mkdir src
    for n in 0 1 2 3; do
        cp "$FIXTURES/0000.jpg" src/img_$((n + 8)).jpg
        exiftool -q -overwrite_original -Artist=artist$n src/img_$((n + 8)).jpg
    done
    pamtopam <"$FIXTURES/0000.ppm" | sed '1a # frame fused\n# reference img_11' >fused.pam
    says 'frame fused has no original of its name: its picture takes the metadata of src/img_11.jpg, the reference' \
        frameout -jpeg -from=src <fused.pam
    [ "$(exiftool -T -Artist out)" = artist3 ]
    # In natural order 8 9 10 11: of four, number 2 from 0.
    says 'frame x has no original of its name: .* src/img_10.jpg, the middle one' frameout -png -name=x -from=src <"$FIXTURES/0000.ppm"
    [ "$(exiftool -T -Artist out)" = artist2 ]
    # Where the reference is none of the originals, too.
    rm src/img_11.jpg
    says 'src/img_9.jpg, the middle one' frameout -png -from=src <fused.pam
    says 'photo, the middle one' frameout -jpeg -from="$(cp src/img_8.jpg photo && echo photo)" <fused.pam
    # Once for many frames of one original.
    frameout -jpeg -from=src -outdir=many "$FIXTURES"/000?.ppm 2>err
    [ "$(wc -l <err)" -eq 1 ]
}

@test "through the whole pipe the picture is upright and has the reference's EXIF" {
    need exiftool
    makestack -kind=noise -width=300 -height=200 -frames=3 frames
    mkdir src
    for n in 0 1 2; do
        pamtopnm frames/000$n.pam | pnmtojpeg -quality=95 >src/$n.jpg
        exiftool -q -overwrite_original -Orientation#=6 -Artist=artist$n src/$n.jpg
    done
    framein src | framealign | framebalance | framefuse | frameout -jpeg -from=src >fused.jpg 2>err
    [ "$(exiftool -n -T -Orientation -Artist -ImageWidth -ImageHeight fused.jpg)" = '1	artist0	200	300' ]
    grep -q 'src/0.jpg, the reference' err
}

@test "two originals of one name are an error, and one beside a raw file is left out" {
    mkdir a b
    cp "$FIXTURES/0000.jpg" a/x.jpg
    cp "$FIXTURES/0000.jpg" b/x.jpg
    fails_with 1 'a/x.jpg and b/x.jpg would both be the original of frame x' frameout -jpeg -from=a -from=b "$FIXTURES/0000.ppm"
    pam 100 80 1 65535 600 700 800 | digital_negative a/x.dng RG/GB 512 16383
    pam 4 4 1 255 1 >x.pam
    says 'of a JPEG and a raw file of one name the raw file is taken' frameout -jpeg -from=a x.pam
}

@test "no picture takes the place of an original" {
    mkdir src
    cp "$FIXTURES/0000.jpg" src/x.jpg
    cp src/x.jpg before.jpg
    ln -s src/x.jpg link.jpg
    cp "$FIXTURES/0000.ppm" x.ppm
    fails_with 1 'src/x.jpg is an original that -from names: the picture would replace it' frameout -jpeg -from=src -outdir=src x.ppm
    fails_with 1 'link.jpg is an original' frameout -jpeg -from=src -output=link.jpg x.ppm
    same src/x.jpg before.jpg
    [ "$(ls -A src)" = x.jpg ]
}

# ---- metadata ----

# noted BITS: a JPEG in ./photo.jpg with EXIF of all kinds, maker notes and a thumbnail.
noted() {
    shared photos/raw/cut.nef
    cp "$FIXTURES/0000.jpg" photo.jpg
    exiftool -q -q -m -overwrite_original -tagsFromFile "$shared" -all:all -makernotes -thumbnailimage \
        -Orientation#=6 -ExifImageWidth=97 -ExifImageHeight=61 photo.jpg
}

# told FILE: what exiftool reads of EXIF and maker notes, but for what a turned picture changes. Where
# the maker notes' own preview lies in the file, each format differs.
told() {
    exiftool -a -G1 -s -EXIF:all -MakerNotes:all "$1" |
        grep -vE '^\[(IFD1|ExifTool)\]|ExifImage|Orientation|PreviewImageStart'
}

# bats test_tags=all
@test "EXIF goes verbatim into JPEG and PNG, maker notes whole, without thumbnail" {
    need exiftool
    noted
    told photo.jpg >wanted
    [ "$(wc -l <wanted)" -gt 80 ]
    [ "$(exiftool -s3 -IFD1:all photo.jpg | wc -l)" -gt 0 ]
    exiftool -b -EXIF photo.jpg >before
    for format in jpeg png; do
        framein photo.jpg | frameout -$format -from=photo.jpg >out
        told out | diff wanted -
        [ -z "$(exiftool -a -s3 -Warning -Error -IFD1:all -ThumbnailImage out)" ]
        [ "$(exiftool -n -T -Orientation -ExifImageWidth -ExifImageHeight out)" = '1	61	97' ]
        exiftool -b -EXIF out >after
        # Cut off behind, and elsewhere the same but for orientation, size, and the link to the thumbnail.
        [ "$(stat -c %s after)" -lt "$(stat -c %s before)" ]
        [ "$({ cmp -l before after || true; } 2>/dev/null | wc -l)" -le 8 ]
        ! exiftool -b -EXIF out | grep -qa JFIF
    done
    # From a PNG, too.
    cp out photo.png
    framein photo.png | frameout -jpeg -from=photo.png >out.jpg
    exiftool -b -EXIF out.jpg | same - after
}

# bats test_tags=all
@test "the EXIF of the shared photographs arrives with no warning that the original had not" {
    need exiftool
    shared photos/jpeg
    count=0
    for photo in "$shared"/*.jp*g; do
        framein -quiet "$photo" >frame.pam 2>/dev/null || continue
        [ -n "$(exiftool -s3 -EXIF:all "$photo" 2>/dev/null)" ] || continue
        told "$photo" | sort >wanted
        exiftool -a -s3 -Warning -Error "$photo" | sort >warned
        for format in jpeg png; do
            frameout -quiet -$format -from="$photo" frame.pam >out
            told out | sort | diff wanted -
            [ -z "$(exiftool -a -s3 -Warning -Error out | sort | comm -13 warned -)" ]
            [ -z "$(exiftool -a -s3 -IFD1:all out)" ]
        done
        count=$((count + 1))
    done
    [ $count -ge 3 ]
}

# block ENTRY...: a big-endian EXIF block: its first directory, of entries of twelve bytes in hex.
block() {
    local more=$1
    shift
    { printf 4d4d002a00000008%04x $# && printf %s "$@" && printf %s "$more"; } | perl -pe 'chomp; $_ = pack "H*", $_'
}

# in_jpeg BLOCK: the fixture's JPEG with that EXIF block.
in_jpeg() {
    local size=$(($(stat -c %s "$1") + 8))
    head -c 20 "$FIXTURES/0000.jpg" && bytes 255 225 $((size >> 8)) $((size & 255)) && printf 'Exif\0\0' && cat "$1" &&
        tail -c +21 "$FIXTURES/0000.jpg"
}

@test "a thumbnail that is not the block's end is overwritten, unless the photograph's values lie there" {
    need exiftool
    artist=013b0002000000080000002c # 8 bytes at 44, behind a directory of two entries, and then more
    directory=0000004c              # the second, at 76
    second=0002020100040000000100000034020200040000000100000010 # a thumbnail of 16 bytes at 52
    text=53746172657300ff
    thumb=ffd8ffe1112233445566778899aaffd9
    # 8 + 2 + 24 + 4 is 38: fill to 44, the artist, the thumbnail to 68, fill to 76.
    block "${directory}000000000000${text}${thumb}1111111122222222${second}00000000aa" \
        011200030000000100030000 $artist >noted
    in_jpeg noted >photo.jpg
    [ "$(exiftool -n -T -Orientation -Artist -ThumbnailLength photo.jpg)" = '3	Stares	16' ]
    frameout -quiet -jpeg -from=photo.jpg "$FIXTURES/0000.ppm" >out.jpg
    exiftool -b -EXIF out.jpg >after
    { head -c 18 noted && bytes 0 1 && tail -c +21 noted | head -c 14 && bytes 0 0 0 0 && tail -c +39 noted | head -c 14 &&
        head -c 16 /dev/zero && tail -c +69 noted; } | same - after
    # The same, but that the thumbnail begins within the artist.
    block "${directory}000000000000${text}${thumb}1111111122222222${second/00000034/00000030}00000000aa" \
        011200030000000100030000 $artist >noted
    in_jpeg noted >photo.jpg
    frameout -quiet -jpeg -from=photo.jpg "$FIXTURES/0000.ppm" >out.jpg
    [ "$(exiftool -T -Artist -ThumbnailLength out.jpg)" = 'Stares	-' ]
    exiftool -b -EXIF out.jpg | grep -qaF "$(printf '\377\330\377')"
}

@test "EXIF that is no block is left out, with a message; one that lies about its sizes stays within itself" {
    need exiftool
    printf 'MM\0\0junkjunkjunk' >junk
    in_jpeg junk >photo.jpg
    says 'photo.jpg: its EXIF is damaged: it is left out' frameout -jpeg -from=photo.jpg -name=photo <"$FIXTURES/0000.ppm"
    same out <(frameout -jpeg "$FIXTURES/0000.ppm")
    for hostile in 4d4d002affffffff 4d4d002a00000008ffff 49492a0008000000ffff12010300ffffffff \
        4d4d002a0000000800018769000400000001ffffffff00000008 4d4d002a0000000800018769000400000001000000080000000800; do
        perl -e 'print pack("H*", $ARGV[0]), "\0" x 20' $hostile >junk
        in_jpeg junk >photo.jpg
        for format in jpeg png; do
            frameout -quiet -$format -from=photo.jpg -name=photo <"$FIXTURES/0000.ppm" >out
            [ "$(exiftool -b -EXIF out | wc -c)" -ge 10 ]
        done
    done
}

@test "EXIF too long for a JPEG goes into a PNG, and is exiftool's part for the JPEG" {
    pamtopng "$FIXTURES/0000.ppm" >plain.png
    for size in 65527 65528; do
        { bytes 77 77 0 42 0 0 0 8 0 0 0 0 0 0 && head -c $((size - 14)) /dev/zero | tr '\0' x; } >exif
        chunk eXIf exif >some
        with_chunks plain.png some >photo.png
        frameout -quiet -png -from=photo.png "$FIXTURES/0000.ppm" >out
        held eXIf out | same - exif
        frameout -quiet -v -jpeg -from=photo.png -output=out.jpg "$FIXTURES/0000.ppm" 2>call
        [ "$(grep -c xxxxxxxx out.jpg) $(grep -c -e ' -all:all ' call)" = "$([ $size = 65527 ] && echo 1 0 || echo 0 1)" ]
    done
}

@test "a frame that lost its orientation on the way is not turned, and a message says so" {
    need exiftool
    cp "$FIXTURES/0000.jpg" photo.jpg
    orient 6 photo.jpg
    says 'photo.jpg has orientation 6, but frame photo says none, .*: it is not turned' \
        frameout -png -from=photo.jpg -name=photo <"$FIXTURES/0000.ppm"
    pngtopam out | same - "$FIXTURES/0000.ppm"
}

# bats test_tags=all
@test "a colour profile goes along where it is one of the picture's colours" {
    need exiftool
    profile 'RGB ' 70000 >rgb.icc # more than one marker of a JPEG
    profile GRAY >gray.icc
    profile CMYK >inks.icc
    profile 'Lab ' >lab.icc
    profile 'RGB ' 500 | head -c 400 >cut.icc
    profile 'RGB ' | sed s/mntr/link/ >link.icc
    ppmtopgm "$FIXTURES/0000.ppm" >gray.pgm
    framein "$FIXTURES/0000.jpg" | frameout -jpeg >photo.jpg
    framein "$FIXTURES/0000.jpg" | frameout -tiff >photo.tif
    framein "$FIXTURES/0000.jpg" | frameout -png >photo.png
    for original in photo.jpg photo.tif photo.png; do
        for profile in rgb gray inks lab cut link; do
            exiftool -q -m -overwrite_original "-icc_profile<=$profile.icc" $original
            for format in jpeg tiff png; do
                for frame in "$FIXTURES/0000.ppm" gray.pgm; do
                    frameout -$format -from=$original -name=photo <"$frame" >out 2>err
                    exiftool -b -icc_profile out >got
                    case $profile:$frame in
                    rgb:*.ppm | gray:*.pgm) same got $profile.icc ;;
                    *)
                        [ ! -s got ]
                        grep -qE 'its colour profile is (not one of (RGB|gray) pictures|damaged): it is left out|iCCP is damaged' err
                        ;;
                    esac
                done
            done
        done
    done
}

@test "a photograph of inks keeps no profile, even one that claims to be of RGB" {
    need exiftool convert
    profile 'RGB ' >rgb.icc
    for photo in inks.jpg inks.tif; do
        convert "$FIXTURES/0000.ppm" -colorspace CMYK $photo
        exiftool -q -overwrite_original '-icc_profile<=rgb.icc' $photo
        framein -quiet $photo >frame.pam
        says "$photo: its colour profile is not one of RGB pictures" frameout -jpeg -from=$photo frame.pam
        [ -z "$(exiftool -b -icc_profile out)" ]
    done
}

@test "what a PNG says of its colours goes from PNG to PNG; other formats have no place for it" {
    big 45455 >gama
    for n in 31270 32900 64000 33000 30000 60000 15000 6000; do big $n; done >chrm
    bytes 0 >srgb
    bytes 9 16 0 1 >cicp
    { printf 'my name\0\0' && profile 'RGB ' | packed; } >iccp
    pamtopng "$FIXTURES/0000.ppm" >plain.png
    { chunk gAMA gama && chunk cHRM chrm && chunk cICP cicp; } >some
    with_chunks plain.png some >photo.png
    frameout -png -from=photo.png -name=photo <"$FIXTURES/0000.ppm" >out.png
    [ "$(chunks out.png)" = 'gAMA 4 cHRM 32 cICP 4' ]
    held gAMA out.png | same - gama
    held cHRM out.png | same - chrm
    held cICP out.png | same - cicp
    pngtopam out.png | same - "$FIXTURES/0000.ppm"
    for format in jpeg tiff; do
        says 'photo.png: a (JPEG|TIFF) has no place for its gAMA' frameout -$format -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    done
    { chunk sRGB srgb && chunk iCCP iccp; } >some
    with_chunks plain.png some >photo.png
    says '' frameout -png -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    [[ $(chunks out) == 'sRGB 1 iCCP '* ]]
    # The name that the profile has in the file, too.
    LC_ALL=C grep -qaP 'iCCPmy name\x00\x00' out
    says '' frameout -jpeg -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    [ -z "$said" ]
}

@test "texts and profiles that unpack to megabytes cost neither time nor memory" {
    pamtopng "$FIXTURES/0000.ppm" >plain.png
    { printf 'Comment\0\0' && head -c 100M /dev/zero | packed; } >text
    chunk zTXt text >some
    with_chunks plain.png some >photo.png
    base=$(peak frameout -png -from=plain.png "$FIXTURES/0000.ppm")
    [ "$(peak frameout -png -from=photo.png "$FIXTURES/0000.ppm")" -lt $((base + 4096)) ]
    # A profile of 132 bytes, and then much more.
    { printf 'x\0\0' && { profile 'RGB ' && head -c 100M /dev/zero; } | packed; } >iccp
    chunk iCCP iccp >some
    with_chunks plain.png some >photo.png
    [ "$(peak frameout -png -from=photo.png "$FIXTURES/0000.ppm")" -lt $((base + 4096)) ]
    says 'photo.png: its chunk iCCP is damaged: it is left out' frameout -png -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    [ -z "$(chunks out)" ]
    # One that says it has 4 GB.
    { printf 'x\0\0' && { big 4294967295 && profile 'RGB ' | tail -c +5; } | packed; } >iccp
    chunk iCCP iccp >some
    with_chunks plain.png some >photo.png
    says 'photo.png: its chunk iCCP is damaged' frameout -tiff -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    sanitized || (ulimit -v 1000000 && frameout -tiff -from=photo.png "$FIXTURES/0000.ppm" >out)
}

@test "chunks with a wrong checksum or length are left out with a message, and a PNG cut off is an error" {
    pamtopng "$FIXTURES/0000.ppm" >plain.png
    big 45455 >gama
    { chunk gAMA gama | head -c 15 && bytes 1; } >some
    with_chunks plain.png some >photo.png
    says 'its chunk gAMA is damaged' frameout -png -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    [ -z "$(chunks out)" ]
    bytes 1 2 >short
    chunk gAMA short >some
    with_chunks plain.png some >photo.png
    says 'its chunk gAMA is damaged' frameout -png -from=photo.png -name=photo <"$FIXTURES/0000.ppm"
    { head -c 33 plain.png && big 2000000000 && printf eXIf; } >photo.png
    fails_with 1 'photo.png: the PNG is cut off' frameout -png -from=photo.png "$FIXTURES/0000.ppm"
    { head -c 33 plain.png && big 2000 && printf eXIfabc; } >photo.png
    fails_with 1 'photo.png: the PNG is cut off' frameout -png -from=photo.png "$FIXTURES/0000.ppm"
    head -c 300 "$FIXTURES/0000.jpg" >photo.jpg
    fails_with 1 'photo.jpg: the JPEG' frameout -png -from=photo.jpg "$FIXTURES/0000.ppm"
}

# ---- what is exiftool's part ----

# bats test_tags=all
@test "-v prints one call of exiftool, which gives all pictures the rest" {
    need exiftool
    noted
    mkdir src
    for n in 1 2; do
        cp photo.jpg src/$n.jpg
        exiftool -q -overwrite_original -XMP:Title=title$n -IPTC:City=city$n -XMP-tiff:Orientation#=6 src/$n.jpg
    done
    framein src >src.pam
    told src/1.jpg | sort >wanted
    for format in jpeg tiff png; do
        says '2 originals have metadata that only exiftool carries over: -v prints the call' \
            frameout -$format -from=src -outdir=made src.pam
        frameout -quiet -v -$format -from=src -outdir=made src.pam 2>call
        [ "$(grep -c '^exiftool' call) $(grep -c -e -tagsFromFile call)" = '1 2' ]
        sh call
        ending=${format/jpeg/jpg}
        ending=${ending/tiff/tif}
        for n in 1 2; do
            [ "$(exiftool -n -T -Title -Orientation -XMP:Orientation made/$n.$ending)" = "title$n	1	-" ]
            # A PNG has no place for IPTC.
            [ "$(exiftool -T -IPTC:City made/$n.$ending)" = "$([ $format = png ] && echo - || echo city$n)" ]
            [ -z "$(exiftool -a -s3 -Warning -Error -IFD1:all -ThumbnailImage made/$n.$ending)" ]
        done
        # A TIFF says of its own pixels in the same directory.
        told made/1.$ending | sort | comm -23 wanted - >missing
        [ ! -s missing ] || [ $format = tiff ]
        grep -vE 'Resolution|YCbCr|PreviewImage|Version|ComponentsConfig|ReferenceBlackWhite' missing >left || true
        diff left /dev/null
    done
}

# bats test_tags=all
@test "TIFF and raw originals are exiftool's part whole" {
    need exiftool
    frameout -tiff "$FIXTURES/0000.ppm" >photo.tif
    exiftool -q -overwrite_original -Artist=someone -Orientation#=8 photo.tif
    framein photo.tif | frameout -quiet -v -jpeg -from=photo.tif -output=out.jpg 2>call
    sh call
    [ "$(exiftool -n -T -Artist -ImageWidth -ImageHeight out.jpg)" = 'someone	61	97' ]
    [ "$(exiftool -n -T -Orientation out.jpg)" != 8 ]
    # A raw file that LibRaw cannot read, as its TIFF's directory says it is one.
    cp photo.tif strange.dng
    exiftool -q -q -m -overwrite_original -DNGVersion='1 4 0 0' strange.dng
    fails_with 1 'strange.dng: a camera raw file that LibRaw .* cannot read' framein strange.dng
    frameout -quiet -v -jpeg -from=strange.dng -output=out.jpg "$FIXTURES/0000.ppm" 2>call
    sh call
    [ "$(exiftool -T -Artist out.jpg)" = someone ]
    # What it says of a second page, where thumbnails are, stays there.
    need tiffcp
    tiffcp photo.tif photo.tif two.tif
    exiftool -q -overwrite_original -Artist=someone -IFD1:XResolution=44 two.tif
    frameout -quiet -v -jpeg -from=two.tif -output=out.jpg "$FIXTURES/0000.ppm" 2>call
    sh call
    [ "$(exiftool -T -Artist out.jpg)" = someone ]
    [ -z "$(exiftool -s3 -IFD1:all out.jpg)" ]
    shared photos/raw/linear-6d.dng
    for format in jpeg tiff png; do
        framein -halfsize "$shared" | frameout -quiet -v -$format -from="$shared" -output=out.$format 2>call
        sh call
        [ "$(exiftool -T -Model out.$format)" = 'Canon EOS 6D' ]
        [ -z "$(exiftool -s3 -DNGVersion -XMP-crs:all -Warning out.$format)" ]
        # It stays what it is: no raw file.
        framein out.$format >read.pam
        [ "$(header WIDTH read.pam)" -gt 1000 ]
    done
}

@test "there is no call where nothing is left, and on standard output only a word of it" {
    need exiftool
    frameout -v -jpeg -from="$FIXTURES/0000.jpg" "$FIXTURES/0000.ppm" >out.jpg 2>err
    [ ! -s err ]
    cp "$FIXTURES/0000.jpg" 0000.jpg
    exiftool -q -overwrite_original -XMP:Title=t 0000.jpg
    says 'only exiftool carries over, to a file: use -output=FILE and -v' frameout -v -jpeg -from=0000.jpg "$FIXTURES/0000.ppm"
}

# bats test_tags=all
@test "a hostile name is an argument of the call, never an option, a pattern or a command" {
    need exiftool
    mkdir src
    cp "$FIXTURES/0000.jpg" base.jpg
    exiftool -q -overwrite_original -XMP:Title=secret base.jpg
    names=(-execute -ver @ 'a%fb' '%d%f' '100%' '%%0f' '%-.4f' '%o' "it's" '$(touch pwned)' '`touch pwned`' $'new\nline'
        $'esc\e[31m' 'back\slash' "$'x'" ' lead' '*' '#x' '; touch pwned;' $'bad\xff' 'ü')
    for name in "${names[@]}"; do
        cp base.jpg "src/$name.jpg"
        cp "$FIXTURES/0000.ppm" "./$name.ppm"
    done
    # exiftool runs the Perl of such a file where HOME is not set.
    echo 'open F, ">pwned"; 1;' >.ExifTool_config
    frameout -quiet -v -jpeg -from=src -outdir=out ./*.ppm 2>call
    [ -z "$(LC_ALL=C tr -d '\n -~' <call)" ]
    HOME='' bash call
    [ "$(find out -type f -printf x)" = "$(printf 'x%.0s' "${names[@]}")" ]
    for name in "${names[@]}"; do
        [ "$(exiftool -T -Title - <"out/$name.jpg")" = secret ]
    done
    [ ! -e pwned ]
    # Relative names that begin as options do.
    cd src
    for name in -execute @ ; do
        cp "../$name.ppm" .
    done
    rm -r ../out
    frameout -quiet -v -jpeg -from=-execute.jpg -from=@.jpg -outdir=-out -- -execute.ppm @.ppm 2>../call
    bash ../call
    [ "$(exiftool -T -Title ./-out/-execute.jpg ./-out/@.jpg | paste -sd ' ')" = 'secret secret' ]
}

# ---- failures ----

@test "a full disk, a closed output: an error, and nothing half written" {
    for format in jpeg tiff png; do
        status=0
        frameout -$format "$FIXTURES/0000.ppm" >/dev/full 2>err || status=$?
        [ $status -eq 1 ]
        grep -qiE 'standard output could not be written: no space left' err
        status=0
        frameout -$format "$FIXTURES/0000.ppm" >&- 2>err || status=$?
        [ $status -eq 1 ]
        ln -sf /dev/full full
        fails_with 1 'full could not be written: No space left' frameout -$format -output=full "$FIXTURES/0000.ppm"
        mkdir -p here
        # A limit on the size of files ends the program by a signal, or a write by an error.
        (ulimit -f 1 && frameout -$format -outdir=here "$FIXTURES/0000.ppm" 2>/dev/null) && false
        is_empty here
    done
}

@test "a directory in the picture's place, or none for it, is an error" {
    mkdir -p out/0000.jpg
    fails_with 1 'out/0000.jpg cannot be written' frameout -jpeg -outdir=out "$FIXTURES/0000.ppm"
    fails_with 1 'absent/x.jpg cannot be written' frameout -jpeg -output=absent/x.jpg "$FIXTURES/0000.ppm"
    fails_with 1 '-outdir=absent/there: the directory is not there' frameout -jpeg -outdir=absent/there "$FIXTURES/0000.ppm"
    cp "$FIXTURES/0000.ppm" x.ppm
    fails_with 1 'two frames are called x' frameout -jpeg -outdir=out x.ppm x.ppm
}

@test "the command line is checked before a frame is read" {
    frame=$FIXTURES/absent.ppm
    fails_with 1 'no format is named: give one of -jpeg, -tiff and -png' frameout "$frame"
    fails_with 1 'one format at a time' frameout -jpeg -png "$frame"
    fails_with 1 '-jpeg=0 is outside its range, 1 to 100' frameout -jpeg=0 "$frame"
    fails_with 1 '-jpeg=x: a whole number from 1 to 100' frameout -jpeg=x "$frame"
    fails_with 1 '-jpeg=: a whole number from 1 to 100' frameout -jpeg= "$frame"
    fails_with 1 '-tiff=zip: one of these words is needed: deflate, lzw' frameout -tiff=zip "$frame"
    fails_with 1 "png.* doesn't allow an argument" frameout -png=9 "$frame"
    fails_with 1 '-background=256: .*0 to 255' frameout -jpeg -background=256 "$frame"
    fails_with 1 '-background=1.5: .*0 to 255' frameout -jpeg -background=1.5 "$frame"
    fails_with 1 '-background=1,2: one sample .* or three' frameout -jpeg -background=1,2 "$frame"
    fails_with 1 '-background has no effect without -jpeg' frameout -png -background=0 "$frame"
    fails_with 1 '-v has no effect without -from' frameout -png -v "$frame"
    fails_with 1 '-outdir and -output cannot both be given' frameout -png -outdir=x -output=y "$frame"
    fails_with 1 '-from=absent cannot be read: No such file' frameout -png -from=absent "$frame"
    fails_with 1 '-name has no effect on files' frameout -png -name=x "$frame"
    echo text >notes
    fails_with 1 'notes: no photograph' frameout -png -from=notes "$FIXTURES/0000.ppm"
    # The value that may be left out stands behind "=", and a name may be abbreviated.
    fails_with 1 '^80 cannot be read' frameout -jpeg 80
    frameout -j=80 "$FIXTURES/0000.ppm" | same - <(frameout --jpeg=80 "$FIXTURES/0000.ppm")
}

@test "memory does not grow with the number of frames" {
    figures
    mkdir few many
    for n in 1 2 3; do
        cp "$FIXTURES/0000.ppm" few/$n.ppm
    done
    for n in $(seq 40); do
        cp "$FIXTURES/0000.ppm" many/$n.ppm
    done
    [ "$(peak frameout -tiff -outdir=a many/*)" -lt $(($(peak frameout -tiff -outdir=b few/*) * 11 / 10)) ]
}

@test "the examples of the manual run" {
    need exiftool
    mkdir src
    for n in 0 1 2; do
        cp "$FIXTURES/000$n.jpg" src/$n.jpg
        exiftool -q -overwrite_original -XMP:Title=t$n src/$n.jpg
    done
    examples frameout.1 >script
    [ "$(wc -l <script)" -ge 8 ]
    bash -euo pipefail script
    [ "$(exiftool -T -Title ready/?.tif | paste -sd ' ')" = 't0 t1 t2' ]
}
