#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    local maxval
    for maxval in 255 4095 65535; do
        makestack -kind=noise -width=300 -height=200 -hot=60 -dead=30 -seed=3 -maxval=$maxval \
            stack$maxval
        tail -n +2 stack$maxval/pixels.tsv | cut -f 1,2 --output-delimiter=' ' |
            sort -u >planted$maxval
    done
    pam 5 1 1 255 0 100 0 0 0 >impulse.pam
    pam 4 3 3 255 90 91 92 >flat.pam
    pam 4 1 3 255 14 13 13 0 14 0 13 13 13 0 0 14 >map.pam
}

# map_of STATISTIC FRAME... [OPTION...]: the deviation map, as numbers.
map_of() {
    local statistic=$1
    shift
    noisedetect -quiet -map -statistic="$statistic" "$@" >map_of.pam && samples map_of.pam
}

# ---- contract ----

@test "a value that is wrong is refused before any frame is read" {
    for blur in 0 2 4 -1 3.5 five '' 1001; do
        fails_with 1 'blur' noisedetect -blur="$blur" absent.pam
    done
    for threshold in -1 256 x '' nan inf 13,13 1,2,3,4 '13,' '13 13'; do
        fails_with 1 'threshold' noisedetect -threshold="$threshold" absent.pam
    done
    for frames in 0 -1 x '' 99999999999; do
        fails_with 1 'maxframes' noisedetect -maxframes="$frames" absent.pam
    done
    fails_with 1 'statistic.*(mean|persistent)' noisedetect -statistic=median absent.pam
    fails_with 1 '^-output: .*empty' noisedetect -output= absent.pam
}

@test "options that contradict each other are refused" {
    fails_with 1 'hot.*dead' noisedetect -hot -dead "$FIXTURES/flat.pam"
    fails_with 1 'exclude each other' noisedetect -planes -map "$FIXTURES/flat.pam"
    fails_with 1 'exclude each other' noisedetect -planes -output=x "$FIXTURES/flat.pam"
    fails_with 1 'exclude each other' noisedetect -map -output=x "$FIXTURES/flat.pam"
    is_empty .
}

@test "options without effect are refused" {
    fails_with 1 '^-threshold has no effect with -map' noisedetect -map -threshold=9 "$FIXTURES/flat.pam"
    for option in -blur=3 -statistic=mean -hot -dead -maxframes=1 -map; do
        fails_with 1 'frommap' noisedetect -frommap "$option" "$FIXTURES/map.pam"
    done
}

@test "an unknown option and an ambiguous abbreviation are refused" {
    fails_with 1 "^unrecognized option '-treshold=9'" noisedetect -treshold=9 "$FIXTURES/flat.pam"
    fails_with 1 '-ma .*-map.*-maxframes' noisedetect -ma "$FIXTURES/flat.pam"
}

@test "gray frames take no threshold for each colour, unless all are equal" {
    fails_with 1 'gray' noisedetect -threshold=1,2,3 "$FIXTURES/impulse.pam"
    noisedetect -quiet -threshold=39,39,39 "$FIXTURES/impulse.pam" | cmp - <(
        noisedetect -quiet -threshold=39 "$FIXTURES/impulse.pam")
}

@test "two maps are refused" {
    cat "$FIXTURES/map.pam" "$FIXTURES/map.pam" >two.pam
    fails_with 1 'one deviation map is wanted' noisedetect -frommap two.pam
    fails_with 1 'one deviation map is wanted' noisedetect -frommap "$FIXTURES/map.pam" "$FIXTURES/map.pam"
}

@test "files that cannot be written are an error, and none is left behind" {
    mkdir x-rgb.png
    fails_with 1 'absent/x-r' noisedetect -output=absent/x "$FIXTURES/flat.pam"
    fails_with 1 'x-rgb.png' noisedetect -output=x "$FIXTURES/impulse.pam"
    fails_with 1 'x-rgb.png' noisedetect -output=x "$FIXTURES/flat.pam"
    [ "$(ls -A)" = x-rgb.png ]
}

@test "a frame that fails leaves the files of an earlier run as they were" {
    noisedetect -quiet -output=x "$FIXTURES/flat.pam"
    md5sum x-*.png >sums
    head -c 80 "$FIXTURES/flat.pam" >cut.pam
    fails_with 1 'cut.pam is truncated' noisedetect -output=x "$FIXTURES/flat.pam" cut.pam
    md5sum --quiet -c sums
}

# ---- oracles ----

@test "the map of real photographs has the counts that OpenCV gave" {
    shared frames/noise
    for photo in "$shared"/*.jpg; do jpegtopnm -quiet "$photo"; done |
        noisedetect -quiet -map -statistic=mean >map
    noisehist -range=0,60 map | cmp - "$SHARED/oracle/img-noise-counts.tsv"
}

@test "another stack of real photographs has the counts that OpenCV gave" {
    shared frames/flies
    for photo in "$shared"/*.jpg; do jpegtopnm -quiet "$photo"; done |
        noisedetect -quiet -map -statistic=mean >map
    noisehist -range=0,60 map | cmp - "$SHARED/oracle/img-jpg-counts.tsv"
}

@test "the pixels of real photographs are those that OpenCV marked" {
    shared frames/noise
    for photo in "$shared"/*.jpg; do jpegtopnm -quiet "$photo"; done |
        noisedetect -quiet -planes -statistic=mean >mask.pam
    raster mask.pam | od -An -v -w3 -tu1 | awk 'BEGIN { print "x\ty\tr\tg\tb" }
        $1 + $2 + $3 { print (NR-1) % 2000 "\t" int((NR-1) / 2000) "\t" !!$1 "\t" !!$2 "\t" !!$3 }' |
        cmp - "$SHARED/oracle/img-noise-mask.tsv"
}

# inside FILE: the image without the border that pnmconvol copies.
inside() {
    pamcut -left 2 -top 2 -right -3 -bottom -3 "$1" | pamtopnm
}

@test "inside the borders one frame's map is what pnmconvol and pamarith make of it" {
    pamtopnm "$FIXTURES/stack255/0003.pam" >frame.ppm
    pnmconvol -quiet -normalize \
        -matrix='1,4,6,4,1;4,16,24,16,4;6,24,36,24,6;4,16,24,16,4;1,4,6,4,1' frame.ppm >blur.ppm
    pamarith -difference frame.ppm blur.ppm >difference.ppm
    noisedetect -quiet -map -statistic=mean frame.ppm >map.pam
    inside map.pam | cmp - <(inside difference.ppm)
}

@test "at maxval 4095 too" {
    pamtopnm "$FIXTURES/stack4095/0003.pam" >frame.ppm
    pnmconvol -quiet -normalize -matrix='1,2,1;2,4,2;1,2,1' frame.ppm >blur.ppm
    pamarith -difference frame.ppm blur.ppm >difference.ppm
    noisedetect -quiet -map -statistic=mean -blur=3 frame.ppm >map.pam
    inside map.pam | cmp - <(inside difference.ppm)
}

@test "the mask is what pamthreshold makes of a gray map" {
    pamtopnm "$FIXTURES/stack255/0003.pam" | ppmtopgm -quiet >frame.pgm
    noisedetect -quiet -map frame.pgm >map.pam
    noisedetect -quiet -threshold=13 frame.pgm >mask.pam
    # pamthreshold marks what is at least its threshold
    pamthreshold -quiet -simple -threshold=0.053 map.pam | pamdepth -quiet 255 >theirs.pam
    [ "$(noisy mask.pam)" = "$(noisy theirs.pam)" ]
}

# ---- defaults ----

@test "the statistic is persistent at 8 levels, unless told otherwise; the mean's default is 13" {
    noisedetect -quiet "$FIXTURES"/stack255/*.pam | cmp - <(
        noisedetect -quiet -statistic=persistent -threshold=8,8,8 "$FIXTURES"/stack255/*.pam)
    noisedetect -quiet -statistic=mean "$FIXTURES"/stack255/*.pam | cmp - <(
        noisedetect -quiet -statistic=mean -threshold=13 "$FIXTURES"/stack255/*.pam)
}

@test "a map carries the default threshold of its statistic, and another image has 8" {
    for statistic in mean persistent; do
        noisedetect -quiet -map -statistic=$statistic "$FIXTURES"/stack255/*.pam >made.pam
        noisedetect -quiet -frommap made.pam |
            cmp - <(noisedetect -quiet -statistic=$statistic "$FIXTURES"/stack255/*.pam)
    done
    [ "$(sed -n 2p made.pam)" = '# threshold 8' ]
    pam 3 1 1 255 8 9 13 >plain.pam
    says '2 noisy pixels at threshold 8 $' noisedetect -frommap plain.pam
    sed '1a # threshold 8.5' plain.pam >carries.pam
    says '2 noisy pixels at threshold 8.5 $' noisedetect -frommap carries.pam
    says '1 noisy pixels at threshold 12 $' noisedetect -frommap -threshold=12 carries.pam
    for junk in x -3 256 nan inf; do
        sed "1a # threshold $junk" plain.pam >junk.pam
        says 'at threshold 8 $' noisedetect -frommap junk.pam
    done
}

# ---- what is computed ----

@test "blur of 3: an impulse and its mirror images, halves rounded up" {
    [ "$(map_of mean -blur=3 "$FIXTURES/impulse.pam")" = "50 50 25 0 0" ]
    pam 5 1 1 255 0 102 0 0 0 >frame.pam
    [ "$(map_of mean -blur=3 frame.pam)" = "51 51 26 0 0" ]
}

@test "blur of 1, 5 and 7: their kernels" {
    pam 5 1 1 255 0 0 160 0 0 >five.pam
    pam 13 1 1 255 0 0 0 0 0 0 64 0 0 0 0 0 0 >seven.pam
    [ "$(map_of mean -blur=1 five.pam)" = "0 0 0 0 0" ]
    [ "$(map_of mean five.pam)" = "20 40 100 40 20" ]
    [ "$(map_of mean -blur=7 seven.pam)" = "0 0 0 2 7 14 46 14 7 2 0 0 0" ]
}

@test "a larger blur is a sampled Gaussian of sigma 0.3 ((N - 1)/2 - 1) + 0.8" {
    pam 17 1 1 65535 0 0 0 0 0 0 0 0 65535 0 0 0 0 0 0 0 0 >frame.pam
    map_of mean -blur=9 frame.pam | awk '{
        for (i = -4; i <= 4; i++) sum += w[i] = exp(-i * i / (2 * 1.7 * 1.7))
        for (i = -8; i <= 8; i++) {
            want = 65535 * (i == 0 ? 1 - w[0] / sum : i * i > 16 ? 0 : w[i] / sum)
            if ($(i + 9) < want - 2 || $(i + 9) > want + 2) { print i, $(i + 9), want; bad = 1 }
        }
        exit bad }'
}

@test "columns are blurred as rows are" {
    pam 1 5 1 255 0 0 160 0 0 >column.pam
    [ "$(map_of mean column.pam)" = "20 40 100 40 20" ]
}

@test "an axis of one sample, or shorter than the kernel, reflects onto itself" {
    pam 1 1 3 255 7 8 200 >one.pam
    [ "$(map_of mean one.pam)" = "0 0 0" ]
    [ "$(map_of mean -blur=99 one.pam)" = "0 0 0" ]
    pam 2 1 1 255 0 160 >two.pam
    [ "$(map_of mean two.pam)" = "80 80" ]
}

@test "mean: the mean of the frames is rounded down before the blur" {
    pam 5 1 1 255 0 61 0 0 0 >other.pam
    [ "$(map_of mean -blur=3 "$FIXTURES/impulse.pam" other.pam)" = "40 40 20 0 0" ]
}

@test "persistent: the mean of the deviations less their standard deviation" {
    pam 5 1 1 65535 0 100 0 0 0 >one.pam
    pam 5 1 1 65535 0 60 0 0 0 >other.pam
    [ "$(map_of persistent -blur=3 one.pam other.pam)" = "30 30 15 0 0" ]
}

@test "persistent: the result is rounded to the nearest sample" {
    pam 5 1 1 65535 0 20 0 0 0 >twenty.pam
    pam 5 1 1 65535 0 16 0 0 0 >sixteen.pam
    cat twenty.pam twenty.pam twenty.pam sixteen.pam >stack.pam
    [ "$(map_of persistent -blur=3 stack.pam)" = "9 9 4 0 0" ]
}

@test "persistent: what changes sign from frame to frame vanishes" {
    pam 5 1 1 255 100 200 100 100 100 >bright.pam
    pam 5 1 1 255 100 0 100 100 100 >dark.pam
    [ "$(map_of persistent bright.pam dark.pam)" = "0 0 0 0 0" ]
}

# gray WIDTH HEIGHT AWK: an image of maxval 255 whose samples the expression gives, of x and y.
gray() {
    mapfile -t values < <(awk -v w="$1" -v h="$2" "BEGIN {
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) print int($3) }")
    pam "$1" "$2" 1 255 "${values[@]}"
}

persistent_at_8() {
    noisedetect -quiet -statistic=persistent -threshold=8 "$@"
}

@test "persistent: nothing is marked beside a bright column, cluster or pixel" {
    for defect in 'x == 10' 'y == 10' '(x == 10 || x == 11) && (y == 7 || y == 8)' 'x == 9 && y == 9'; do
        for level in 30 100 240; do
            gray 20 20 "5 + $level * ($defect)" >frame.pam
            gray 20 20 "255 * ($defect)" >want.pam
            persistent_at_8 frame.pam >mask.pam
            [ "$(noisy mask.pam)" = "$(noisy want.pam)" ]
        done
    done
    # the mean does: a quarter of the column's height is missing beside it
    gray 20 20 '5 + 100 * (x == 10)' >frame.pam
    noisedetect -quiet -statistic=mean frame.pam >mask.pam
    [ "$(noisy mask.pam | wc -l)" -eq 60 ]
}

@test "persistent: samples of a column that the others hide are found" {
    # between samples of 20 the 12 stand 12 - 16 * 6/16 = 6 above the blur, less than the threshold
    gray 20 20 '5 + (x == 10) * (y % 2 ? 12 : 20)' >frame.pam
    persistent_at_8 frame.pam >mask.pam
    [ "$(noisy mask.pam | wc -l)" -eq 20 ]
    persistent_at_8 -hot frame.pam | cmp - mask.pam
    persistent_at_8 -dead frame.pam >mask.pam
    [ -z "$(noisy mask.pam)" ]
}

# leaves_out FRAME: the map of one gray frame as lib/noise/leaveout.h defines it, by awk.
leaves_out() {
    samples "$1" | tr ' ' '\n' | awk -v w="$(header WIDTH "$1")" -v h="$(header HEIGHT "$1")" \
        -v maxval="$(header MAXVAL "$1")" '
        { v[(NR - 1) % w, int((NR - 1) / w)] = $1 }
        function abs(a) { return a < 0 ? -a : a }
        function mirror(i, n) { return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i }
        function weight(at, of, n,    k, sum) {
            for (k = -2; k <= 2; k++) if (mirror(at + k, n) == of) sum += t[k]
            return sum / 16
        }
        function both(x, y, i, j) { return weight(x, i, w) * weight(y, j, h) }
        function inside(i, j) { return i >= 0 && j >= 0 && i < w && j < h }
        END {
            t[0] = 6; t[1] = t[-1] = 4; t[2] = t[-2] = 1
            limit = int(8 * maxval / 255)
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
                sum = 0
                for (j = -2; j <= 2; j++) for (i = -2; i <= 2; i++)
                    sum += t[i] * t[j] * v[mirror(x + i, w), mirror(y + j, h)]
                d[x, y] = v[x, y] - int((sum + 128) / 256)
            }
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) if (abs(d[x, y]) > limit) {
                q[x, y] = 1
                for (j = y - 2; j <= y + 2; j++) for (i = x - 2; i <= x + 2; i++)
                    if (inside(i, j) && d[i, j] * d[x, y] < 0 && abs(d[i, j]) > abs(d[x, y]))
                        q[x, y] = 0
                h0[x, y] = d[x, y] / (1 - both(x, y, x, y))
            }
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) if (q[x, y]) {
                sum = 0
                for (j = y - 2; j <= y + 2; j++) for (i = x - 2; i <= x + 2; i++)
                    if (inside(i, j) && q[i, j] && (i != x || j != y))
                        sum += both(x, y, i, j) * h0[i, j]
                h1[x, y] = (d[x, y] + sum) / (1 - both(x, y, x, y))
            }
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
                sum = d[x, y]
                for (j = y - 2; j <= y + 2; j++) for (i = x - 2; i <= x + 2; i++)
                    if (inside(i, j) && q[i, j] && (i != x || j != y))
                        sum += both(x, y, i, j) * h1[i, j]
                print int((abs(sum) > maxval ? maxval : abs(sum)) + .5)
            }
        }' | paste -sd ' '
}

@test "persistent: the map of one frame is what the definition gives, borders too" {
    for size in '9 7' '3 8' '16 12'; do
        for seed in 1 2 3; do
            mapfile -t values < <(awk -v seed=$seed 'BEGIN {
                srand(seed)
                for (i = 0; i < 200; i++) {
                    v = int(100 + 8 * rand() + (rand() < .15) * (rand() * 280 - 125))
                    print (v < 0 ? 0 : v > 255 ? 255 : v)
                } }')
            # shellcheck disable=SC2086
            pam $size 1 255 "${values[@]}" >frame.pam
            [ "$(map_of persistent frame.pam)" = "$(leaves_out frame.pam)" ]
        done
    done
}

@test "hot and dead are the two sides of the map" {
    [ "$(map_of mean -hot -blur=3 "$FIXTURES/impulse.pam")" = "0 50 0 0 0" ]
    [ "$(map_of mean -dead -blur=3 "$FIXTURES/impulse.pam")" = "50 0 25 0 0" ]
}

@test "noisy is strictly above the threshold" {
    noisedetect -quiet -frommap -planes -threshold=13 "$FIXTURES/map.pam" >mask.pam
    [ "$(samples mask.pam)" = "255 0 0 0 255 0 0 0 0 0 0 255" ]
    noisedetect -quiet -frommap -planes -threshold=12.9 "$FIXTURES/map.pam" >mask.pam
    [ "$(samples mask.pam)" = "255 255 255 0 255 0 255 255 255 0 0 255" ]
}

@test "a deviation of exactly the threshold is not noisy, whatever the decimals" {
    # level maxval: as many deviations exceed it as there are whole numbers above level * maxval / 255
    while read -r level maxval above; do
        pam $((maxval + 1)) 1 1 "$maxval" $(seq 0 "$maxval") >map.pam
        says "^$above noisy pixels" noisedetect -frommap -threshold="$level" map.pam
    done <<'END'
2.55 100 99
5.1 100 98
5.11 100 98
5.09 100 99
68.85 100 73
81.6 50 34
129.54 250 123
24.99 10000 9020
13 255 242
END
}

@test "each colour has its own threshold" {
    noisedetect -quiet -frommap -planes -threshold=14,13,12.5 "$FIXTURES/map.pam" >mask.pam
    [ "$(samples mask.pam)" = "0 0 255 0 255 0 0 0 255 0 0 255" ]
}

@test "a level is 1/255 of full scale at every maxval" {
    pam 4 1 1 4095 208 209 0 4095 >twelve.pam
    noisedetect -quiet -frommap -threshold=13 twelve.pam >mask.pam
    [ "$(noisy mask.pam | tr '\n' ,)" = "1 0,3 0," ]
    pam 4 1 1 65535 3341 3342 0 65535 >sixteen.pam
    noisedetect -quiet -frommap -threshold=13 sixteen.pam >mask.pam
    [ "$(noisy mask.pam | tr '\n' ,)" = "1 0,3 0," ]
    pam 2 1 1 1 0 1 >bits.pam
    noisedetect -quiet -frommap bits.pam >mask.pam
    [ "$(noisy mask.pam)" = "1 0" ]
}

@test "a pixel that is noisy in several colours counts once" {
    says '3 noisy pixels.*red 1, green 1, blue 1.*13' noisedetect -frommap -threshold=13 "$FIXTURES/map.pam"
    pam 1 1 3 255 99 99 99 >three.pam
    says '1 noisy pixels?.*red 1, green 1, blue 1' noisedetect -frommap three.pam
}

@test "the mask is gray with 0 and 255, or a plane a colour" {
    noisedetect -quiet -frommap -threshold=13 "$FIXTURES/map.pam" >mask.pam
    [ "$(header TUPLTYPE mask.pam) $(header DEPTH mask.pam) $(header MAXVAL mask.pam)" = "GRAYSCALE 1 255" ]
    [ "$(samples mask.pam)" = "255 255 0 255" ]
    noisedetect -quiet -frommap -planes "$FIXTURES/map.pam" >planes.pam
    [ "$(header TUPLTYPE planes.pam) $(header DEPTH planes.pam) $(header MAXVAL planes.pam)" = "RGB 3 255" ]
}

@test "a fully transparent pixel counts nowhere" {
    pam 5 1 2 255 100 255 100 255 255 0 100 255 100 255 >hole.pam
    [ "$(map_of mean hole.pam)" = "0 0 0 0 0" ]
    [ "$(map_of persistent hole.pam)" = "0 0 0 0 0" ]
    pam 5 1 2 255 10 255 10 0 255 255 10 0 10 255 >beside.pam
    [ "$(map_of persistent beside.pam | cut -d ' ' -f 2,4)" = "0 0" ]
}

@test "an opacity plane is not looked at otherwise" {
    pamtopnm "$FIXTURES/stack255/0003.pam" >frame.ppm
    ppmmake -quiet white 300 200 | ppmtopgm -quiet >opaque.pgm
    pamstack -tupletype RGB_ALPHA frame.ppm opaque.pgm >opaque.pam
    noisedetect -quiet -map opaque.pam | cmp - <(noisedetect -quiet -map frame.ppm)
}

@test "dark frames bring a warning that tells what the default threshold is in samples" {
    pam 3 1 1 65535 0 4095 0 >dark.pam
    says 'warning.*4095.*8 levels are 2056' noisedetect dark.pam
    says 'warning.*4095.*13 levels are 3341' noisedetect -statistic=mean dark.pam
    pam 3 1 1 65535 0 8192 0 >bright.pam
    noisedetect bright.pam 2>messages >mask.pam
    ! grep -i warning messages
}

@test "-quiet leaves only errors" {
    pam 3 1 1 65535 0 4095 0 >dark.pam
    noisedetect -quiet dark.pam 2>messages >mask.pam
    [ ! -s messages ]
    fails_with 1 'absent' noisedetect -quiet absent.pam
}

# ---- properties ----

# found MASK MAXVAL, missed, false_ones: planted pixels that the mask has, has not, and others.
found() { noisy "$1" | sort | comm -12 - "$FIXTURES/planted$2" | wc -l; }
false_ones() { noisy "$1" | sort | comm -23 - "$FIXTURES/planted$2" | wc -l; }

@test "persistent finds the planted pixels and no other, at 8, 12 and 16 bits" {
    for maxval in 255 4095 65535; do
        noisedetect -quiet -statistic=persistent "$FIXTURES/stack$maxval"/*.pam >mask.pam
        [ $(($(found mask.pam $maxval) * 100)) -ge $(($(wc -l <"$FIXTURES/planted$maxval") * 97)) ]
        [ "$(false_ones mask.pam $maxval)" -eq 0 ]
    done
}

@test "mean takes detail that is sharp in some frames for noise" {
    noisedetect -quiet -statistic=mean "$FIXTURES"/stack255/*.pam >mask.pam
    [ $(($(found mask.pam 255) * 100)) -ge $(($(wc -l <"$FIXTURES/planted255") * 97)) ]
    [ "$(false_ones mask.pam 255)" -gt 50 ]
}

@test "the planted pixels deviate by as much as was planted" {
    noisedetect -quiet -map -statistic=mean "$FIXTURES"/stack65535/*.pam >map.pam
    raster map.pam | od -An -v -w2 --endian=big -tu2 >numbers
    awk 'NR == FNR { d[NR - 1] = $1; next }
         FNR > 1 { level = d[($2 * 300 + $1) * 3 + $3] / 257
                   if (level < $5 - .02 || level > $5 + .02) { print; bad = 1 } }
         END { exit bad }' numbers "$FIXTURES/stack65535/pixels.tsv"
}

@test "hot and dead pixels are told apart" {
    noisedetect -quiet -statistic=persistent -hot "$FIXTURES"/stack255/*.pam >hot.pam
    noisedetect -quiet -statistic=persistent -dead "$FIXTURES"/stack255/*.pam >dead.pam
    for kind in hot dead; do
        awk -v kind=$kind '$4 == kind { print $1, $2 }' "$FIXTURES/stack255/pixels.tsv" | sort -u >want
        [ -z "$(noisy $kind.pam | sort | comm -23 - want)" ]
        [ "$(noisy $kind.pam | wc -l)" -gt 20 ]
    done
}

@test "nothing is noisy where nothing stands out" {
    for statistic in mean persistent; do
        noisedetect -quiet -threshold=0 -statistic=$statistic "$FIXTURES/flat.pam" >mask.pam
        [ -z "$(noisy mask.pam)" ]
    done
}

@test "the order of the frames does not matter" {
    cd "$FIXTURES/stack255"
    for statistic in mean persistent; do
        noisedetect -quiet -map -statistic=$statistic ./*.pam |
            cmp - <(noisedetect -quiet -map -statistic=$statistic 0005.pam 000[0-4].pam 0006.pam)
    done
}

@test "a higher threshold's mask is a subset" {
    noisedetect -quiet -map "$FIXTURES"/stack255/*.pam >map.pam
    noisedetect -quiet -frommap -threshold=0 map.pam >mask.pam
    noisy mask.pam | sort >below
    for threshold in 1 2.5 5 13 13.5 40; do
        noisedetect -quiet -frommap -threshold=$threshold map.pam >mask.pam
        noisy mask.pam | sort >here
        [ -z "$(comm -13 below here)" ]
        mv here below
    done
    [ -s below ]
}

@test "the mask from frames and the mask from their map agree at every threshold" {
    for maxval in 255 4095; do
        for statistic in mean persistent; do
            noisedetect -quiet -map -statistic=$statistic "$FIXTURES/stack$maxval"/*.pam >map.pam
            for threshold in 0 4.5 13 20,7.25,12; do
                noisedetect -quiet -planes -threshold=$threshold -statistic=$statistic \
                    "$FIXTURES/stack$maxval"/*.pam >mask.pam
                noisedetect -quiet -planes -frommap -threshold=$threshold map.pam | cmp - mask.pam
            done
        done
    done
}

@test "frames that are scaled to another maxval have the same mask" {
    for frame in "$FIXTURES"/stack255/*.pam; do pamdepth -quiet 65535 "$frame"; done >deep.pam
    noisedetect -quiet -statistic=persistent deep.pam |
        cmp - <(noisedetect -quiet -statistic=persistent "$FIXTURES"/stack255/*.pam)
}

@test "frames in files, which are read in bands, and in a stream have the same map" {
    for maxval in 255 65535; do
        cat "$FIXTURES/stack$maxval"/*.pam >stream
        for options in -blur=1 -blur=5 -blur=31 '-blur=199 -statistic=mean' -dead; do
            for statistic in mean persistent; do
                # shellcheck disable=SC2086
                noisedetect -quiet -map -statistic=$statistic $options "$FIXTURES/stack$maxval"/*.pam |
                    cmp - <(noisedetect -quiet -map -statistic=$statistic $options stream)
            done
        done
    done
}

# bats test_tags=all
@test "bands of any height give the same map, the last of one row too" {
    # a row of 120000 bytes makes bands of 1 + 8 radius + 1 rows
    for height in 1 2 3 10 11 17 18 19 20 36 37; do
        pam 6 1 1 255 9 200 7 3 14 15 | pamtopnm | pnmtile 120000 $height >frame.pam
        for blur in 1 3 5; do
            noisedetect -quiet -map -blur=$blur frame.pam | cmp - <(noisedetect -quiet -map -blur=$blur <frame.pam)
        done
        noisedetect -quiet -map -statistic=persistent frame.pam |
            cmp - <(noisedetect -quiet -map -statistic=persistent <frame.pam)
    done
}

@test "the map of a frame and of 300 copies of it is the same" {
    local copies=()
    pam 20 10 3 255 9 255 7 254 14 15 253 >frame.pam
    while [ ${#copies[@]} -lt 300 ]; do copies+=(frame.pam); done
    cat "${copies[@]}" >stream
    for statistic in mean persistent; do
        noisedetect -quiet -map -statistic=$statistic frame.pam >want
        noisedetect -quiet -map -statistic=$statistic "${copies[@]}" | cmp - want
        noisedetect -quiet -map -statistic=$statistic <stream | cmp - want
    done
}

@test "-maxframes looks at the first frames only" {
    cd "$FIXTURES/stack255"
    noisedetect -quiet -map -maxframes=3 ./*.pam | cmp - <(noisedetect -quiet -map 000[0-2].pam)
    noisedetect -quiet -map -maxframes=99 ./*.pam | cmp - <(noisedetect -quiet -map ./*.pam)
}

@test "-output writes the mask and its planes as PNG, and nothing to standard output" {
    noisedetect -quiet -output=sensor "$FIXTURES"/stack255/*.pam >out
    [ ! -s out ]
    pngtopam sensor-rgb.png | cmp - <(noisedetect -quiet "$FIXTURES"/stack255/*.pam | pamtopnm)
    pamstack -tupletype RGB <(pngtopam sensor-r.png) <(pngtopam sensor-g.png) <(pngtopam sensor-b.png) |
        cmp - <(noisedetect -quiet -planes "$FIXTURES"/stack255/*.pam)
    [ "$(ls)" = "$(printf '%s\n' out sensor-b.png sensor-g.png sensor-r.png sensor-rgb.png)" ]
}

@test "-output of gray frames writes the one mask" {
    noisedetect -quiet -output=sensor "$FIXTURES/impulse.pam"
    [ "$(ls)" = sensor-rgb.png ]
}

@test "-output takes any name" {
    mkdir -- "-d \$x;'\"ü"
    noisedetect -quiet -output "-d \$x;'\"ü/a b" "$FIXTURES/flat.pam"
    [ -s "./-d \$x;'\"ü/a b-rgb.png" ]
}

@test "the peak of memory is the same for 5 and for 200 frames" {
    local five=() many=()
    makestack -kind=easy -width=600 -height=400 -frames=1 one
    while [ ${#five[@]} -lt 5 ]; do five+=(one/0000.pam); done
    while [ ${#many[@]} -lt 200 ]; do many+=(one/0000.pam); done
    for statistic in mean persistent; do
        few=$(peak noisedetect -statistic=$statistic "${five[@]}")
        all=$(peak noisedetect -statistic=$statistic "${many[@]}")
        echo "$statistic, files: $few KiB, $all KiB"
        [ "$all" -le $((few + few / 20 + 256)) ]
        few=$(cat "${five[@]}" | peak noisedetect -statistic=$statistic)
        all=$(cat "${many[@]}" | peak noisedetect -statistic=$statistic)
        echo "$statistic, stream: $few KiB, $all KiB"
        [ "$all" -le $((few + few / 20 + 256)) ]
    done
}

@test "the manual's examples run" {
    mkdir src
    for frame in "$FIXTURES"/stack255/000[0-3].pam; do
        name=$(basename "$frame" .pam)
        pamtopnm "$frame" | tee >(pnmtojpeg -quiet >"src/$name.jpg") | pnmtopng -quiet >"src/$name.png"
    done
    examples noisedetect.1 >script
    mkdir raw
    for i in 1 2; do
        pam 48 40 1 65535 $((i * 500 + 900)) 3000 4000 | pamtopnm | digital_negative raw/$i.dng RG/GB 512 16383
    done
    sh -eu script
    [ -s hot.pam ] && [ -s fewer.pam ] && [ -s sensor-rgb.png ]
}
