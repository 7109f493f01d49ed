#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Noisy pixels on the raw mosaic: noisedetect -cfa, noisemask -cfa, and the made mosaics themselves.

load helper

XTRANS=GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG
LEVELS='-black=512 -white=16383'

make_fixtures() {
    makestack -kind=defocus -noise=0 -width=600 -height=500 -frames=9 subject
    for iso in 100 3200; do
        makemosaic -iso=$iso -grid=20 -defects=5,10,25,50,saturated bayer$iso subject/*.pam
    done
    makemosaic -iso=100 -grid=20 -defects=5,10,25,50,saturated -pattern=xtrans xtrans100 subject/*.pam
    makemosaic -iso=100 clean subject/*.pam
    # 12x10 samples of 12 bits: noise, some of them far off.
    for seed in 1 2 3 4 5 6 7; do
        # shellcheck disable=SC2046
        pam 12 10 1 4095 $(random_samples $seed 120) >random$seed.pam
    done
    pam 12 10 1 4095 1000 >flat.pam
    with_samples flat.pam '5 4 1100' >impulse.pam
}

# random_samples SEED COUNT: whole numbers, one in eight at the same places for all seeds and far off.
random_samples() {
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(99)
        for (i = 0; i < count; i++) { bad[i] = rand() < .12; size[i] = rand() * 3500 }
        srand(seed)
        for (i = 0; i < count; i++) {
            v = int(700 + 300 * (i % 2) + 200 * rand() + rand() * 60 + bad[i] * (size[i] - 700))
            print (v < 0 ? 0 : v > 4095 ? 4095 : v)
        } }'
}

# with_samples FRAME 'X Y SAMPLE'...: the gray frame with these samples.
with_samples() {
    local frame=$1 width
    shift
    width=$(header WIDTH "$frame")
    # shellcheck disable=SC2046
    pam "$width" "$(header HEIGHT "$frame")" 1 "$(header MAXVAL "$frame")" $({
        printf '%s\n' "$@"
        echo
        samples "$frame" | tr ' ' '\n'
    } | awk -v width="$width" '
        !NF { given = NR; next }
        !given { set[$2 * width + $1] = $3; next }
        { at = NR - given - 1; print at in set ? set[at] : $1 }')
}

detect() {
    # shellcheck disable=SC2086
    noisedetect -quiet $LEVELS "$@"
}

# reference_map PATTERN BLACK WHITE FRAME...: the map as lib/noise/excess.h and mosaic_deviation.h
# define it, by awk.
reference_map() {
    local pattern=$1 black=$2 white=$3
    shift 3
    for frame; do samples "$frame"; done | awk -v pattern="$pattern" -v black="$black" \
        -v white="$white" -v w="$(header WIDTH "$1")" -v h="$(header HEIGHT "$1")" '
        # I in 0 .. n - 1; outside it is moved by the least number of whole periods that is 5 or more.
        # Less than 0: there is none.
        function inside(i, n, period,    shift) {
            for (shift = period; shift < 5;) shift += period
            if (i >= n) return i - shift
            if (i < 0) i += shift
            return i < n ? i : -1
        }
        function color(x, y) { return substr(rows[y % period_h + 1], x % period_w + 1, 1) }
        function insert(list, count, value,    k) {
            for (k = count; k > 0 && list[k] > value; k--) list[k + 1] = list[k]
            list[k + 1] = value
        }
        # The samples of colour c in the 5x5 window, without x, y, into own[]; returns how many.
        function window(f, x, y, c,    i, j, u, t, count) {
            for (j = -2; j <= 2; j++) for (i = -2; i <= 2; i++) {
                u = inside(x + i, w, period_w); t = inside(y + j, h, period_h)
                if (u >= 0 && t >= 0 && (i || j) && color(u, t) == c) insert(own, count++, v[f, u, t])
            }
            return count
        }
        function level(f, x, y, c,    n, m) {
            n = window(f, x, y, c)
            m = (own[int((n + 1) / 2)] + own[int(n / 2) + 1]) / 2 - black
            return m < 4 ? 4 : m
        }
        function excess(f, x, y,    c, n, i, j, k, u, t, b, r, hi, lo, base, others) {
            c = color(x, y)
            base = level(f, x, y, c)
            if (window(f, x, y, c) == 0) return 0
            others = 0
            for (j = -1; j <= 1; j++) for (i = -1; i <= 1; i++) {
                u = inside(x + i, w, period_w); t = inside(y + j, h, period_h)
                if (u >= 0 && t >= 0 && color(u, t) != c) {
                    b = black + (v[f, u, t] - black) * base / level(f, x, y, color(u, t))
                    brought[others++] = b < 0 ? 0 : int(b + .5)
                }
            }
            n = window(f, x, y, c)
            for (k = 0; k < others; k++) insert(own, n++, brought[k])
            r = rank > n / 3 ? int(n / 3) : rank
            r = r < 1 ? 1 : r
            lo = own[r]; hi = own[n + 1 - r]
            t = v[f, x, y]
            return t > 2 * hi - lo ? t - 2 * hi + lo : t < 2 * lo - hi ? t - 2 * lo + hi : 0
        }
        { for (i = 1; i <= NF; i++) v[NR, (i - 1) % w, int((i - 1) / w)] = $i }
        END {
            period_h = split(pattern, rows, "/")
            period_w = length(rows[1])
            bayer = period_h == 2 && period_w == 2
            rank = NR == 1 ? 1 : NR <= 5 ? (bayer ? 2 : 1) : bayer ? 5 : 3
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
                sum = squares = 0
                for (f = 1; f <= NR; f++) { d = excess(f, x, y); sum += d; squares += d * d }
                root = squares / NR - (sum / NR) ^ 2
                size = (sum < 0 ? -sum : sum) / NR - sqrt(root < 0 ? 0 : root)
                size = size < 0 ? 0 : size > white - black ? white - black : int(size + .5)
                print color(x, y) == "R" ? size : 0, color(x, y) == "G" ? size : 0, \
                    color(x, y) == "B" ? size : 0
            }
        }' | paste -sd ' '
}

# are_close A B: lists of as many numbers, each at most 1 from the other's.
are_close() {
    paste <(tr ' ' '\n' <<<"$1") <(tr ' ' '\n' <<<"$2") | awk '
        NF != 2 || $1 - $2 > 1 || $2 - $1 > 1 { print "sample " NR - 1 ": " $0; bad = 1 }
        END { exit bad }'
}

# ---- what is refused ----

@test "a pattern that is wrong is refused" {
    while IFS='|' read -r pattern message; do
        fails_with 1 "^-cfa=$pattern: .*$message" noisedetect -cfa="$pattern" -white=9 absent.pam
        fails_with 1 "^-cfa=$pattern: .*$message" noisemask -cfa="$pattern" -mask=absent.pam absent.pam
    done <<'END'
|RG/GB
RG|RG/GB
RGB|RG/GB
RGGG|RG/GB
RGBG|RG/GB
rggb|RG/GB
RG/G|differ in length
RG/GB/|no letter
/RG/GB|no letter
RX/GB|only the letters
RG/gb|only the letters
RG /GB |only the letters
RG/GG|each of the colours
RG/GR|each of the colours
RGGGGGGGB/GGGGGGGGG|at most 8x8
R/G/B/R/G/B/R/G/B|at most 8x8
RGGGGGGG/GGGGGGGG/GGGGGGGG/GGGGBGGG|no other of its colour
END
}

@test "-white is needed, -black is below it, and both are sample values" {
    fails_with 1 '^mosaics need -white' noisedetect -cfa=RGGB "$FIXTURES/flat.pam"
    fails_with 1 '-white=512 is not above -black=512' noisedetect -cfa=RGGB -black=512 -white=512 absent.pam
    fails_with 1 '-white=511 is not above -black=512' noisedetect -cfa=RGGB -black=512 -white=511 absent.pam
    for level in -1 x '' 65536 1.5; do
        fails_with 1 'white' noisedetect -cfa=RGGB -white="$level" absent.pam
        fails_with 1 'black' noisedetect -cfa=RGGB -black="$level" -white=9 absent.pam
    done
    fails_with 1 'white=0' noisedetect -cfa=RGGB -white=0 absent.pam
    for read in "$FIXTURES/flat.pam" -; do
        fails_with 1 '-white=4096 is above the maxval of .*, 4095' \
            noisedetect -cfa=RGGB -white=4096 "$read" <"$FIXTURES/flat.pam"
    done
}

@test "options without effect on mosaics are refused, and those of mosaics on other frames" {
    fails_with 1 '^-blur has no effect on mosaics' noisedetect -cfa=RGGB -white=9 -blur=3 absent.pam
    fails_with 1 '^-statistic has no effect on mosaics' \
        noisedetect -cfa=RGGB -white=9 -statistic=persistent absent.pam
    fails_with 1 '^-black has no effect on frames that are no mosaics' noisedetect -black=1 "$FIXTURES/flat.pam"
    pam 12 10 3 4095 7 >rgb.pam
    fails_with 1 '^-white has no effect on frames that are no mosaics' noisedetect -white=9 rgb.pam
    for option in -cfa=RGGB -black=1 -white=9; do
        fails_with 1 'frommap.*-cfa, -black, -white' noisedetect -frommap $option absent.pam
    done
    fails_with 1 '^-kernel has no effect on mosaics' noisemask -mask=absent.pam -cfa=RGGB -kernel=3 absent.pam
    for method in membrane mean median; do
        fails_with 1 '^-method has no effect on mosaics' \
            noisemask -mask=absent.pam -cfa=RGGB -method=$method absent.pam
    done
}

@test "frames that cannot be mosaics of the pattern are refused, and nothing is written" {
    mkdir out
    pam 12 10 3 4095 7 >rgb.pam
    pam 12 10 2 4095 7 >opacity.pam
    pam 5 6 1 4095 7 >narrow.pam
    pam 6 5 1 4095 7 >low.pam
    pam 12 10 1 1 1 0 >mask.pam
    while read -r frame message; do
        fails_with 1 "$frame.* is no mosaic of -cfa=$XTRANS: .*$message" \
            noisedetect -cfa=$XTRANS -white=4095 -output=out/x "$frame.pam"
        pamcut -quiet -pad -width "$(header WIDTH "$frame.pam")" -height "$(header HEIGHT "$frame.pam")" mask.pam >fits.pam
        fails_with 1 "$frame is no mosaic of -cfa=$XTRANS: .*$message" \
            noisemask -cfa=$XTRANS -mask=fits.pam -outdir=out "$frame.pam"
    done <<'END'
rgb colours
opacity opacity
narrow 5x6 samples, less than a period, 6x6
low 6x5 samples, less than a period, 6x6
END
    is_empty out
}

@test "thresholds are one or three" {
    for threshold in 1,2 1,2,3,4 -1 256; do
        fails_with 1 'threshold' noisedetect -cfa=RGGB -white=4095 -threshold=$threshold absent.pam
    done
}

@test "a mask of the developed frames' size is refused on the mosaic, and nothing is written" {
    mkdir out
    pam 10 8 1 255 255 0 0 0 >developed.pam
    fails_with 1 'developed.pam is 10x8 pixels, but frame flat is 12x10' \
        noisemask -cfa=RGGB -mask=developed.pam -outdir=out "$FIXTURES/flat.pam"
    is_empty out
}

# ---- what is computed ----

# bats test_tags=all
@test "the map is what the definition gives, for one frame, few and many, borders too" {
    for count in 1 2 5 6 7; do
        frames=()
        for i in $(seq $count); do frames+=("$FIXTURES/random$i.pam"); done
        for pattern in RG/GB BG/GR $XTRANS RGB/GBR/BRG RRGG/RRGG/GGBB/GGBB; do
            noisedetect -quiet -map -cfa=$pattern -black=256 -white=4000 "${frames[@]}" >map.pam
            are_close "$(samples map.pam)" "$(reference_map $pattern 256 4000 "${frames[@]}")"
            [ "$(samples map.pam | tr -d '0 ')" ]
        done
    done
}

@test "the same in mosaics of a period and little more, and without a black level" {
    for size in '6 6' '7 9' '8 6' '13 6'; do
        # shellcheck disable=SC2046,SC2086
        pam $size 1 4095 $(random_samples 5 117) >small.pam
        for pattern in GR/BG $XTRANS; do
            noisedetect -quiet -map -cfa=$pattern -white=4095 small.pam >map.pam
            are_close "$(samples map.pam)" "$(reference_map $pattern 0 4095 small.pam)"
        done
        [ "$(samples map.pam | tr -d '0 ')" ]
    done
    for size in '2 2' '2 3' '3 2' '4 4'; do
        # shellcheck disable=SC2046,SC2086
        pam $size 1 4095 $(random_samples 5 16) >small.pam
        noisedetect -quiet -map -cfa=GR/BG -white=4095 small.pam >map.pam
        [ "$(samples map.pam)" = "$(reference_map GR/BG 0 4095 small.pam)" ]
    done
}

@test "a sample beyond even surroundings deviates by the whole difference, in its own plane" {
    # 5, 4 is green under RGGB and BGGR, blue under GBRG, red under GRBG.
    while read -r pattern plane; do
        noisedetect -quiet -map -cfa="$pattern" -white=4095 "$FIXTURES/impulse.pam" >map.pam
        [ "$(samples map.pam | tr ' ' '\n' | awk '$1 { print (NR - 1) / 3, $1 }')" = \
            "$(awk -v at=$((4 * 12 + 5)) -v plane="$plane" 'BEGIN { print at + plane / 3, 100 }')" ]
    done <<'END'
RGGB 1
BGGR 1
GRBG 0
GBRG 2
END
}

@test "hot and dead are the two sides" {
    with_samples "$FIXTURES/flat.pam" '5 4 1700' '2 7 300' >both.pam
    noisedetect -quiet -cfa=RGGB -white=4095 both.pam >mask.pam
    [ "$(noisy mask.pam | paste -sd ,)" = '5 4,2 7' ]
    noisedetect -quiet -hot -cfa=RGGB -white=4095 both.pam >mask.pam
    [ "$(noisy mask.pam)" = '5 4' ]
    noisedetect -quiet -dead -cfa=RGGB -white=4095 both.pam >mask.pam
    [ "$(noisy mask.pam)" = '2 7' ]
}

@test "a level is 1/255 of white less black, and noisy is strictly above the threshold" {
    # 100 of 3050 - 500 are ten levels.
    for threshold in 10 9.9; do
        noisedetect -quiet -cfa=RGGB -black=500 -white=3050 -threshold=$threshold "$FIXTURES/impulse.pam" >mask$threshold.pam
    done
    [ -z "$(noisy mask10.pam)" ]
    [ "$(noisy mask9.9.pam)" = '5 4' ]
}

@test "each colour has its own threshold, and the message counts by colour" {
    # Three reds, two greens and a blue, one of each by 100, the others by 200.
    with_samples "$FIXTURES/flat.pam" '0 0 1100' '6 0 1200' '0 6 1200' '7 6 1100' '3 4 1200' '9 9 1100' >frame.pam
    says '6 noisy pixels \(red 3, green 2, blue 1\) at threshold 2,2,2 ' \
        noisedetect -cfa=RGGB -white=4095 -threshold=2 frame.pam
    says '4 noisy pixels \(red 2, green 2, blue 0\) at threshold 10,2,10 ' \
        noisedetect -cfa=RGGB -white=4095 -threshold=10,2,10 frame.pam
}

@test "the deviation is at most white less black" {
    with_samples "$FIXTURES/flat.pam" '5 4 4095' >frame.pam
    noisedetect -quiet -map -cfa=RGGB -black=900 -white=1100 frame.pam >map.pam
    [ "$(header MAXVAL map.pam)" = 200 ]
    [ "$(samples map.pam | tr ' ' '\n' | sort -n | tail -n 1)" = 200 ]
}

@test "a noisy column or row beside a border makes nothing else noisy" {
    pam 36 30 1 4095 1000 >flat.pam
    # Ten samples, two away from the left border; turned, from the others.
    local column=()
    for y in {10..19}; do column+=("2 $y 2000"); done
    with_samples flat.pam "${column[@]}" >left.pam
    pamflip -leftright left.pam >right.pam
    pamflip -transpose left.pam >top.pam
    pamflip -topbottom top.pam >bottom.pam
    for side in left right top bottom; do
        pamthreshold -simple -threshold=.4 $side.pam | pamtopnm | pamtopam >planted.pam
        noisy planted.pam | sort >planted
        frames=("$side".pam{,,,,,})
        noisedetect -quiet -cfa=RGGB -white=4095 "${frames[@]}" >mask.pam
        diff <(noisy mask.pam | sort) planted
        noisedetect -quiet -cfa=$XTRANS -white=4095 "${frames[@]}" >mask.pam
        [ -z "$(noisy mask.pam | sort | comm -23 - planted)" ]
    done
}

# ---- the default threshold, and maps ----

@test "the default threshold depends on the number of frames and on the pattern, and the map carries it" {
    while read -r pattern count threshold; do
        frames=()
        for i in $(seq "$count"); do frames+=("$FIXTURES/random$i.pam"); done
        cat "${frames[@]}" >stream
        for read in "${frames[*]}" stream; do
            # shellcheck disable=SC2086
            noisedetect -quiet -map -cfa="$pattern" -white=4095 $read >map.pam
            [ "$(sed -n 2p map.pam)" = "# threshold $threshold" ]
            # shellcheck disable=SC2086
            says "at threshold $threshold,$threshold,$threshold " noisedetect -cfa="$pattern" -white=4095 $read
        done
    done <<END
RGGB 1 10.2
RGGB 2 1.275
RGGB 6 1.275
$XTRANS 1 25.5
$XTRANS 2 1.275
$XTRANS 7 1.275
END
}

@test "-frommap and noisehist need no more words" {
    detect -map -cfa=RGGB "$FIXTURES"/bayer100/*.pgm >map.pam
    [ "$(header DEPTH map.pam) $(header MAXVAL map.pam) $(header TUPLTYPE map.pam)" = '3 15871 RGB' ]
    says 'at threshold 1.275' noisedetect -frommap map.pam
    detect -cfa=RGGB "$FIXTURES"/bayer100/*.pgm | cmp - out
    says 'noisy' noisedetect -frommap -threshold=9 map.pam
    counts=$(sed 's/.*: \([0-9]*\) noisy pixels (red \([0-9]*\), green \([0-9]*\), blue \([0-9]*\)).*/9 \2 \3 \4 \1/' "$BATS_TEST_TMPDIR/err")
    [ "$(noisehist -range=9,9 map.pam | tail -n 1 | tr '\t' ' ')" = "$counts" ]
}

@test "planes are the colours of the samples, and -output writes all of them" {
    detect -planes -cfa=RGGB "$FIXTURES"/bayer100/*.pgm >planes.pam
    raster planes.pam | od -An -v -w3 -tu1 | awk '
        { x = (NR - 1) % 600; y = int((NR - 1) / 600); own = x % 2 + y % 2 }
        $1 && own != 0 || $2 && own != 1 || $3 && own != 2 { bad = 1 }
        { found += $1 + $2 + $3 > 0 }
        END { exit bad || found < 300 }'
    detect -output=x -cfa=RGGB "$FIXTURES"/bayer100/*.pgm
    pamstack -tupletype RGB <(pngtopam x-r.png) <(pngtopam x-g.png) <(pngtopam x-b.png) | cmp - planes.pam
    pngtopam x-rgb.png | cmp - <(detect -cfa=RGGB "$FIXTURES"/bayer100/*.pgm | pamtopnm)
}

@test "a word is its rows, and a pattern written twice is itself" {
    detect -map -cfa=RGGB "$FIXTURES"/bayer100/000[0-5].pgm >map.pam
    for pattern in RG/GB RGRG/GBGB RG/GB/RG/GB RGRGRG/GBGBGB/RGRGRG/GBGBGB; do
        detect -map -cfa=$pattern "$FIXTURES"/bayer100/000[0-5].pgm | cmp - map.pam
    done
}

@test "mosaics in files, in a stream and as PNG have the same map, whatever their number" {
    for count in 1 3 5 6 9; do
        frames=()
        for i in $(seq 0 $((count - 1))); do frames+=("$FIXTURES/xtrans100/000$i.pgm"); done
        detect -map -cfa=$XTRANS "${frames[@]}" >map.pam
        cat "${frames[@]}" | detect -map -cfa=$XTRANS | cmp - map.pam
        for frame in "${frames[@]}"; do pnmtopng -quiet "$frame"; done | detect -map -cfa=$XTRANS | cmp - map.pam
        detect -map -maxframes=$count -cfa=$XTRANS "$FIXTURES"/xtrans100/*.pgm | cmp - map.pam
    done
}

# bats test_tags=all
@test "bands of any height give the same map" {
    # A row of 120000 bytes makes bands of 21 rows.
    for height in 2 3 20 21 22 23 24 42 43; do
        # shellcheck disable=SC2046
        pam 60000 $height 1 65535 $(random_samples 3 997) >frame.pam
        for count in 1 6; do
            frames=()
            for i in $(seq $count); do frames+=(frame.pam); done
            noisedetect -quiet -map -cfa=GBRG -white=4095 "${frames[@]}" | cmp - <(
                cat "${frames[@]}" | noisedetect -quiet -map -cfa=GBRG -white=4095)
        done
    done
}

@test "the order of the frames does not matter" {
    cd "$FIXTURES/bayer100"
    detect -map -cfa=RGGB ./*.pgm | cmp - <(detect -map -cfa=RGGB 0008.pgm 000[0-7].pgm)
}

# bats test_tags=all
@test "the peak of memory is the same for 6 and for 200 mosaics, and that of persistent" {
    local few=() many=()
    while [ ${#few[@]} -lt 6 ]; do few+=("$FIXTURES/clean/0000.pgm"); done
    while [ ${#many[@]} -lt 200 ]; do many+=("$FIXTURES/clean/0000.pgm"); done
    # shellcheck disable=SC2086
    for detector in "-cfa=RGGB $LEVELS" "-cfa=$XTRANS $LEVELS"; do
        files=$(peak noisedetect $detector "${few[@]}")
        all=$(peak noisedetect $detector "${many[@]}")
        echo "files: $files KiB, $all KiB"
        [ "$all" -le $((files + files / 20 + 256)) ]
        stream=$(cat "${few[@]}" | peak noisedetect $detector)
        all=$(cat "${many[@]}" | peak noisedetect $detector)
        echo "stream: $stream KiB, $all KiB"
        [ "$all" -le $((stream + stream / 20 + 256)) ]
        persistent=$(cat "${few[@]}" | peak noisedetect)
        echo "persistent: $persistent KiB"
        # Beside the sums, the windows of five frames and their work.
        [ "$stream" -le $((persistent + persistent / 10 + 1024)) ]
    done
}

# ---- frames that look like mosaics ----

@test "mosaics without -cfa bring a warning" {
    for stack in bayer100 bayer3200; do
        for options in '' -statistic=mean; do
            # shellcheck disable=SC2086
            says 'warning: the frames look like mosaics.*-cfa' noisedetect $options "$FIXTURES/$stack"/*.pgm
            # shellcheck disable=SC2086
            cat "$FIXTURES/$stack"/*.pgm | says 'warning: the frames look like mosaics.*-cfa' noisedetect $options
        done
    done
}

@test "what is no mosaic, or is said to be one, brings no such warning" {
    makestack -kind=noise -depth=1 -width=300 -height=200 -frames=3 gray
    awk 'BEGIN { for (i = 0; i < 300; i++) print i }' >ramp
    # shellcheck disable=SC2046
    pam 300 200 1 1000 $(cat ramp) >ramp.pam
    pam 300 200 1 255 7 >flat.pam
    pam 20 20 1 255 90 200 >few.pam
    for frames in 'gray/*.pam' ramp.pam flat.pam few.pam "$FIXTURES/subject/*.pam" \
        "-cfa=RGGB $LEVELS $FIXTURES/bayer100/*.pgm"; do
        # shellcheck disable=SC2086
        noisedetect $frames 2>messages >mask.pam
        cat messages
        [ "$(grep -c mosaic messages)" -eq 0 ]
    done
}

# ---- made mosaics ----

# planted STACK...: four seeds of a stack, STACK-1 to STACK-4, 1.2 megapixels, its options being those of makemosaic.
planted() {
    local stack=$1 seed
    figures
    shift
    for seed in 1 2 3 4; do
        makemosaic -seed=$seed "$@" "$stack-$seed" "$FIXTURES"/subject/*.pam
    done
}

# finds STACK PATTERN FRAMES FALSE {KIND SHARE}...: at default settings the masks of the four seeds have at most FALSE
# marks that are not planted, and of each kind at least SHARE per cent.
finds() {
    local stack=$1 pattern=$2 frames=$3 false=$4 seed
    shift 4
    for seed in 1 2 3 4; do
        detect -maxframes="$frames" -cfa="$pattern" "$stack-$seed"/*.pgm >mask.pam
        awk 'NR == FNR { kind[$1 " " $2] = $4; if (FNR > 1) print "planted", $4; next }
            { print $0 in kind ? "found " kind[$0] : "false 0" }' "$stack-$seed/pixels.tsv" <(noisy mask.pam)
    done >marks
    awk -v stack="$stack, $frames frames" -v most="$false" -v wanted="$*" '{ n[$1 " " $2]++ }
        END {
            print stack ": " n["false 0"] + 0 " false"
            bad = n["false 0"] > most
            count = split(wanted, want)
            for (i = 1; i < count; i += 2) {
                share = 100 * n["found " want[i]] / n["planted " want[i]]
                print "+" want[i] " %: " share " % found"
                bad = bad || share < want[i + 1]
            }
            exit bad
        }' marks
}

# bats test_tags=all
@test "nine mosaics: nearly all that is 5 % too bright is found, and nothing else" {
    planted bayer100 -iso=100 -defects=5,10,25,50,saturated
    finds bayer100 RGGB 9 1 5 85 10 95 25 99 50 99 saturated 99
    planted bayer3200 -iso=3200 -defects=5,10,25,50,saturated
    finds bayer3200 RGGB 9 1 10 95 25 99 50 99 saturated 99
}

# bats test_tags=all
@test "three mosaics: most of what is 10 % too bright is found, and nothing else" {
    planted bayer100 -iso=100 -defects=5,10,25,50,saturated
    finds bayer100 RGGB 3 1 10 85 25 95
    planted bayer3200 -iso=3200 -defects=5,10,25,50,saturated
    finds bayer3200 RGGB 3 1 10 70 25 95
}

@test "one mosaic: most of what is 25 % too bright is found, and nothing else" {
    planted bayer100 -iso=100 -defects=5,10,25,50,saturated
    finds bayer100 RGGB 1 2 25 85 50 95
}

@test "nine mosaics of X-Trans" {
    planted xtrans100 -pattern=xtrans -iso=100 -defects=5,10,25,50,saturated
    finds xtrans100 $XTRANS 9 1 10 93 25 99 50 99 saturated 99
}

# bats test_tags=all
@test "pairs, clusters and columns are found whole, and nothing else" {
    for shape in 'pair 98' 'square 98' 'column 90'; do
        # shellcheck disable=SC2086
        set -- $shape
        planted "$1" -grid=25 -defects=25 -shape="$1"
        finds "$1" RGGB 9 1 25 "$2"
    done
}

# ---- repair ----

# reference_repair FRAME MASK PATTERN: the mean of the nearest good samples of the colour, by awk; where
# the pattern is not of 2x2, of those in the 5x5 window, each by the inverse of its squared distance.
reference_repair() {
    { samples "$2" | tr ' ' '\n' && samples "$1" | tr ' ' '\n'; } |
        awk -v w="$(header WIDTH "$1")" -v h="$(header HEIGHT "$1")" -v pattern="$3" '
        function color(x, y) { return substr(rows[y % period_h + 1], x % period_w + 1, 1) }
        NR <= w * h { noisy[NR - 1] = $1; next }
        { v[NR - 1 - w * h] = $1 }
        END {
            period_h = split(pattern, rows, "/")
            period_w = length(rows[1])
            for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
                if (!noisy[y * w + x]) { print v[y * w + x]; continue }
                least = -1
                sum = n = 0
                for (j = y - 2; j <= y + 2; j++) for (i = x - 2; i <= x + 2; i++) {
                    if (period_w == 2 || i < 0 || j < 0 || i >= w || j >= h) continue
                    if (noisy[j * w + i] || color(i, j) != color(x, y)) continue
                    d = (i - x) ^ 2 + (j - y) ^ 2
                    sum += v[j * w + i] * 40 / d; n += 40 / d
                }
                if (n) { print int(sum / n + .5); continue }
                for (j = 0; j < h; j++) for (i = 0; i < w; i++) {
                    if (noisy[j * w + i] || color(i, j) != color(x, y)) continue
                    d = (i - x) ^ 2 + (j - y) ^ 2
                    if (least < 0 || d < least) { least = d; sum = n = 0 }
                    if (d == least) { sum += v[j * w + i]; n++ }
                }
                print int(sum / n + .5)
            }
        }' | paste -sd ' '
}

@test "repair takes the mean of the nearest good samples of the colour; in X-Trans of those around, by their distance" {
    for share in .02 .2 .6 .9; do
        # shellcheck disable=SC2046
        pam 12 10 1 1 $(awk -v share=$share 'BEGIN { srand(7); for (i = 0; i < 120; i++) print rand() < share }') >mask.pam
        for pattern in RG/GB GR/BG $XTRANS; do
            noisemask -mask=mask.pam -cfa=$pattern "$FIXTURES/random1.pam" >repaired.pam
            [ "$(samples repaired.pam)" = "$(reference_repair "$FIXTURES/random1.pam" mask.pam $pattern)" ]
        done
    done
}

@test "so it does where the nearest good sample is far away" {
    # All but the left and the right two columns of 40x30.
    # shellcheck disable=SC2046
    pam 40 30 1 1 $(awk 'BEGIN { for (i = 0; i < 40; i++) print (i >= 2 && i < 38) }') >mask.pam
    # shellcheck disable=SC2046
    pam 40 30 1 65535 $(random_samples 3 1200) >frame.pam
    for pattern in RG/GB $XTRANS; do
        noisemask -mask=mask.pam -maxpixels=0 -cfa=$pattern frame.pam >repaired.pam
        [ "$(samples repaired.pam)" = "$(reference_repair frame.pam mask.pam $pattern)" ]
    done
}

@test "a colour without a good sample is refused, and nothing is written" {
    mkdir out
    pam 12 10 1 1 1 0 1 0 1 0 1 0 1 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 >reds.pam
    fails_with 1 'reds.pam marks every sample of a colour' \
        noisemask -mask=reds.pam -cfa=RGGB -outdir=out "$FIXTURES/random1.pam"
    is_empty out
    # Greens and blues in its place have good ones left.
    noisemask -mask=reds.pam -cfa=GRGB/RGBG "$FIXTURES/random1.pam" >repaired.pam
}

@test "a mask by colours marks samples of these colours alone" {
    # Each colour is marked at all four samples of a period; three quarters mean another's.
    pam 12 10 3 255 0 >none.pam
    detect -planes -cfa=RGGB "$FIXTURES"/bayer100/*.pgm >planes.pam
    detect -cfa=RGGB "$FIXTURES"/bayer100/*.pgm >any.pam
    frame=$FIXTURES/bayer100/0000.pgm
    noisemask -quiet -maxpixels=0 -mask=any.pam -cfa=RGGB "$frame" >want.pam
    noisemask -quiet -maxpixels=0 -mask=planes.pam -cfa=RGGB "$frame" | cmp - want.pam
    # Red, green and blue marked on their neighbours' places: nothing to repair.
    pamstack -tupletype RGB <(pamchannel -quiet -infile planes.pam 1) <(pamchannel -quiet -infile planes.pam 2) \
        <(pamchannel -quiet -infile planes.pam 0) >others.pam
    noisemask -quiet -maxpixels=0 -mask=others.pam -cfa=RGGB "$frame" >untouched.pam
    same <(raster untouched.pam) <(tail -c 600000 "$frame")
}

@test "-grow counts samples of the mosaic, of whatever colour" {
    with_samples "$FIXTURES/flat.pam" '5 4 1' >mask.pam
    pamarith -difference mask.pam "$FIXTURES/flat.pam" >mark.pam
    noisemask -mask=mark.pam -grow=1 -cfa=RGGB "$FIXTURES/random1.pam" >repaired.pam
    # shellcheck disable=SC2046
    pam 12 10 1 1 $(awk 'BEGIN { for (i = 0; i < 120; i++) { x = i % 12; y = int(i / 12); print (x >= 4 && x <= 6 && y >= 3 && y <= 5) } }') >grown.pam
    [ "$(samples repaired.pam)" = "$(reference_repair "$FIXTURES/random1.pam" grown.pam RG/GB)" ]
}

# ---- what the frames say of themselves ----

# commented FRAME COMMENT...: the frame with these comments in its header.
commented() {
    local frame=$1
    shift
    { echo P7 && printf '# %s\n' "$@" && tail -n +2 "$frame"; }
}

@test "mosaics that name their filters, black and white need no options; options override" {
    for i in 0 1 2; do
        pamtopam <"$FIXTURES/bayer100/000$i.pgm" >plain.pam
        commented plain.pam "frame f$i" 'cfa RG/GB' 'black 512' 'white 16383' >said$i.pam
        commented plain.pam "frame f$i" 'cfa GB/RG' 'black 9' 'white 60000' >wrong$i.pam
    done
    detect -cfa=RGGB "$FIXTURES"/bayer100/000[0-2].pgm >wanted.pam
    detect -map -cfa=RGGB "$FIXTURES"/bayer100/000[0-2].pgm >wanted-map.pam
    for read in 'cat said0.pam said1.pam said2.pam' 'cat'; do
        $read </dev/null >piped.pam
        frames=()
        [ "$read" != cat ] || frames=(said?.pam)
        noisedetect -quiet "${frames[@]}" <piped.pam >mask.pam
        same <(raster mask.pam) <(raster wanted.pam)
        noisedetect -quiet -map "${frames[@]}" <piped.pam >map.pam
        [ "$(header MAXVAL map.pam)" -eq 15871 ]
        same <(raster map.pam) <(raster wanted-map.pam)
    done
    noisedetect -quiet -frommap map.pam >mask.pam
    same <(raster mask.pam) <(raster wanted.pam)
    detect -cfa=RGGB wrong?.pam >mask.pam
    same <(raster mask.pam) <(raster wanted.pam)
    noisemask -quiet -maxpixels=0 -mask=mask.pam -cfa=RGGB "$FIXTURES/bayer100/0000.pgm" >wanted.pam
    noisemask -quiet -maxpixels=0 -mask=mask.pam said0.pam >repaired.pam
    same <(raster repaired.pam) <(raster wanted.pam)
    LC_ALL=C grep -aq '^# cfa RG/GB$' repaired.pam
    noisemask -quiet -maxpixels=0 -mask=mask.pam -cfa=RGGB wrong0.pam >repaired.pam
    same <(raster repaired.pam) <(raster wanted.pam)
    fails_with 1 '^-statistic has no effect on mosaics' noisedetect -statistic=mean said0.pam
    fails_with 1 '^-method has no effect on mosaics' noisemask -method=mean -kernel=5 -mask=mask.pam said0.pam
}

@test "a frame's own black and white count for it" {
    # The same light at other levels: black 100 less, and twice the scale.
    for i in 0 1 2; do
        pamtopam <"$FIXTURES/bayer100/000$i.pgm" >plain$i.pam
        commented plain$i.pam "frame f$i" 'cfa RG/GB' 'black 512' 'white 16383' >said$i.pam
        # shellcheck disable=SC2046
        pamfunc -subtractor=100 plain$i.pam | pamtopam >less.pam
        commented less.pam "frame f$i" 'cfa RG/GB' 'black 412' 'white 16283' >less$i.pam
        pamfunc -multiplier=2 plain$i.pam | pamtopam >twice.pam
        commented twice.pam "frame f$i" 'cfa RG/GB' 'black 1024' 'white 32766' >twice$i.pam
    done
    noisedetect -quiet -map said0.pam said1.pam said2.pam >wanted.pam
    noisedetect -quiet -map said0.pam less1.pam twice2.pam >map.pam
    same <(raster map.pam) <(raster wanted.pam)
    cat said0.pam less1.pam twice2.pam | noisedetect -quiet -map >map.pam
    same <(raster map.pam) <(raster wanted.pam)
}

@test "frames of other filters are no stack, and the message names both" {
    pam 12 10 1 4095 7 8 9 >plain.pam
    commented plain.pam 'frame a' 'cfa RG/GB' 'white 4095' >a.pam
    commented plain.pam 'frame b' 'cfa GR/BG' 'white 4095' >b.pam
    pam 12 10 1 1 0 >none.pam
    for command in noisedetect 'noisemask -mask=none.pam -outdir=out'; do
        fails_with 1 'frame b .b.pam. is a mosaic of the colour filters GR/BG, the first one of RG/GB' $command a.pam b.pam
    done
    commented plain.pam 'frame c' 'cfa RGX/GBR' >c.pam
    fails_with 1 'c(.pam)?: colour filters RGX/GBR in its header: only the letters' noisedetect c.pam
    commented plain.pam 'frame d' 'cfa RG/GB' >d.pam
    fails_with 1 '^mosaics need -white' noisedetect d.pam
}

@test "a monochrome camera's frames have levels of their own white and black" {
    pam 12 10 1 65535 1000 >flat.pam
    with_samples flat.pam '5 4 3000' >spot.pam
    commented spot.pam 'frame a' 'black 500' 'white 16383' >a.pam
    # At the spot 3000 - (36 * 3000 + 220 * 1000) / 256 = 1719.
    noisedetect -quiet -map a.pam >map.pam
    [ "$(header MAXVAL map.pam) $(header DEPTH map.pam)" = '15883 1' ]
    samples map.pam | tr ' ' '\n' | sort -n | tail -n 1 | grep -qx 1719
    noisedetect -quiet -black=500 -white=16383 spot.pam >mask.pam
    [ "$(noisy mask.pam)" = '5 4' ]
    noisedetect -quiet spot.pam >mask.pam
    [ -z "$(noisy mask.pam)" ]
}

@test "a list of a mosaic's mask by colours says nothing of its colours" {
    pam 2 2 3 255 255 0 0 0 0 0 0 0 0 0 0 0 >planes.pam
    says 'noisy in some colours only' noiselist -format=plain planes.pam
    commented planes.pam 'cfa RG/GB' >mosaic.pam
    noiselist -format=plain mosaic.pam 2>err
    [ ! -s err ]
}

# rms_around PIXELS A B: of the samples within three pixels of the planted ones, in 16 bits.
rms_around() {
    awk -v width=600 'NR == FNR {
            if (FNR > 1)
                for (j = -3; j <= 3; j++) for (i = -3; i <= 3; i++) near[($2 + j) * width + $1 + i] = 1
            next
        }
        (FNR - 1) in near { for (c = 1; c <= 3; c++) { sum += ($c - $(c + 3)) ^ 2; n++ } }
        END { printf "%d\n", sqrt(sum / n) }' "$1" <(
        paste -d ' ' <(raster "$2" | od -An -v -w6 --endian=big -tu2) \
            <(raster "$3" | od -An -v -w6 --endian=big -tu2))
}

@test "repair before demosaicing leaves a tenth of the error, repair after it three times as much" {
    figures
    makemosaic -grid=40 -defects=25,50,saturated,dead bad "$FIXTURES/subject/0000.pam"
    pamcut -quiet "$FIXTURES/clean/0000.pgm" | pambayer -quiet -type=2 >clean.pam
    # shellcheck disable=SC2046
    pam 600 500 1 1 $(awk 'FNR > 1 { noisy[$2 * 600 + $1] = 1 }
        END { for (i = 0; i < 300000; i++) print i in noisy }' bad/pixels.tsv) >mask.pam
    pambayer -quiet -type=2 bad/0000.pgm >none.pam
    noisemask -mask=mask.pam -cfa=RGGB bad/0000.pgm | pambayer -quiet -type=2 >before.pam
    noisemask -mask=mask.pam -grow=1 -maxpixels=0 none.pam >after.pam
    none=$(rms_around bad/pixels.tsv none.pam clean.pam)
    before=$(rms_around bad/pixels.tsv before.pam clean.pam)
    after=$(rms_around bad/pixels.tsv after.pam clean.pam)
    echo "$none without, $before before, $after after"
    [ $((10 * before)) -le "$none" ]
    [ "$after" -ge $((3 * before)) ]
}

# errors_of_repairs DIR REPAIRED: the root mean square errors, against the mosaic without them, of the planted samples of
# DIR as REPAIRED has them, and as the mean and the median of the good samples of the colour in 5x5 would.
errors_of_repairs() {
    local mosaic
    for mosaic in "$FIXTURES/clean/0000.pgm" "$1/0000.pgm" "$2"; do
        tail -c 600000 "$mosaic" | od -An -v -w2 --endian=big -tu2
    done | awk -v width=600 -v height=500 '
        NR == FNR { if (FNR > 1) planted[$2 * width + $1]; next }
        { sample[int((FNR - 1) / (width * height)), (FNR - 1) % (width * height)] = $1 }
        function add(way, value) { squares[way] += (value - sample[0, at]) ^ 2 }
        END {
            for (at in planted) {
                x = at % width; y = int(at / width); n = sum = 0
                for (j = -2; j <= 2; j++) for (i = -2; i <= 2; i++) {
                    u = x + i; t = y + j; other = t * width + u
                    if (u < 0 || t < 0 || u >= width || t >= height || other in planted ||
                        u % 2 + t % 2 != x % 2 + y % 2)
                        continue
                    v = sample[1, other]
                    sum += v
                    for (k = n++; k > 0 && sorted[k] > v; k--) sorted[k + 1] = sorted[k]
                    sorted[k + 1] = v
                }
                count++
                add("none", sample[1, at])
                add("repaired", sample[2, at])
                add("mean", sum / n)
                add("median", (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2)
            }
            split("none repaired mean median", way)
            for (k = 1; k <= 4; k++) printf "%.2f%s", sqrt(squares[way[k]] / count), k < 4 ? " " : "\n"
        }' "$1/pixels.tsv" -
}

# bats test_tags=all
@test "repair errs less than the mean and the median of the colour in 5x5" {
    figures
    for shape in single pair square column; do
        makemosaic -defects=1,2,3,5,10,25,50,saturated,dead,half -shape=$shape $shape "$FIXTURES/subject/0000.pam"
        awk 'NR > 1 { print $1, $2 }' $shape/pixels.tsv | noiselist -quiet -mask -width=600 -height=500 -format=plain >mask.pam
        noisemask -quiet -maxpixels=0 -mask=mask.pam -cfa=RGGB $shape/0000.pgm | pamtopnm >repaired.pgm
        read -r none repaired mean median < <(errors_of_repairs $shape repaired.pgm)
        echo "$shape: $none without, $repaired repaired, $mean by the mean, $median by the median"
        awk -v repaired="$repaired" -v mean="$mean" -v median="$median" \
            'BEGIN { exit !(repaired < mean && repaired < median) }'
    done
}

# ---- made mosaics and digital negatives ----

@test "a made mosaic has the light, the levels and the noise that it should have" {
    # L = (200/255)^2.2 = 0.58610; 4000 samples of red and blue each.
    pam 200 80 3 255 200 >flat.pam
    makemosaic -iso=400 -black=1000 -white=9000 -gains=0.4,0.8,0.2 mosaic flat.pam
    tail -c 32000 mosaic/0000.pgm | od -An -v -w2 --endian=big -tu2 | awk '
        { x = (NR - 1) % 200; y = int((NR - 1) / 200); c = x % 2 + y % 2; n[c]++; s[c] += $1; q[c] += $1 * $1 }
        END {
            split("0.4 0.8 0.2", gain)
            for (c = 0; c < 3; c++) {
                light = gain[c + 1] * (200 / 255) ^ 2.2
                mean = 1000 + light * 8000
                # shot and read noise in electrons of 8000 / 12500, quantisation and rounding
                variance = (light * 12500 + 6.25) * (8000 / 12500) ^ 2 + 1 + 1 / 12
                d = s[c] / n[c] - mean
                ratio = (q[c] / n[c] - (s[c] / n[c]) ^ 2) / variance
                print c, d, ratio
                if (d > 4 * sqrt(variance / n[c]) || -d > 4 * sqrt(variance / n[c]) || ratio < .9 || ratio > 1.1)
                    bad = 1
            }
            exit bad
        }'
}

@test "defects are where the list tells, by what it tells, and nowhere else" {
    makemosaic -grid=30 -defects=10,saturated,dead,half bad "$FIXTURES/subject/0000.pam"
    paste <(tail -c 600000 "$FIXTURES/clean/0000.pgm" | od -An -v -w2 --endian=big -tu2) \
        <(tail -c 600000 bad/0000.pgm | od -An -v -w2 --endian=big -tu2) | awk '
        NR == FNR { if (FNR > 1) { kind[$2 * 600 + $1] = $4; if ($3 != $1 % 2 + $2 % 2) bad = 1 }; next }
        !((FNR - 1) in kind) { if ($1 != $2) bad = 1; next }
        { k = kind[FNR - 1]; seen[k]++ }
        k == 10 && ($2 - $1 < 1586 || $2 - $1 > 1588) || k == "saturated" && $2 != 16383 ||
            k == "dead" && $2 != 512 || k == "half" && ($2 - 512 < ($1 - 512) * .3 || $2 > $1) { print k, $0; bad = 1 }
        END { exit bad || seen[10] < 80 || seen["saturated"] < 80 || seen["dead"] < 80 || seen["half"] < 80 }
    ' bad/pixels.tsv -
}

@test "a raw converter takes the same mosaic out of a digital negative of it" {
    command -v dcraw >/dev/null || skip "dcraw is not installed"
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    digital_negative bayer.dng RG/GB 512 16383 <"$FIXTURES/bayer100/0000.pgm"
    digital_negative xtrans.dng $XTRANS 512 16383 <"$FIXTURES/xtrans100/0000.pgm"
    [ "$(dcraw -i -v bayer.dng | sed -n 's/^Filter pattern: //p')" = RG/GB ]
    [ "$(dcraw -i -v xtrans.dng | sed -n 's/^Filter pattern: //p')" = $XTRANS ]
    for kind in bayer xtrans; do
        dcraw -D -4 -j -t 0 -P /dev/null -c $kind.dng | cmp - "$FIXTURES/${kind}100/0000.pgm"
    done
    matches 'Scaling with darkness 512, saturation 16383' "$(dcraw -v -h -c bayer.dng 2>&1 >/dev/null)"
}
