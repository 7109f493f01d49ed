#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    pam 3 3 1 255 10 20 30 40 200 61 70 80 93 >nine.pam
    pam 3 3 1 255 0 0 0 0 255 0 0 0 0 >center.pam
    pam 3 3 1 255 255 0 0 0 0 0 0 0 0 >corner.pam
    pam 3 3 1 255 0 >none.pam
    pam 3 3 1 255 1 >all.pam
    local depth maxval
    for depth in 1 2 3 4; do
        for maxval in 255 4095 65535; do
            makestack -kind=noise -width=60 -height=50 -hot=4 -dead=2 -cluster2=2 -cluster5=1 \
                -frames=2 -depth=$depth -maxval=$maxval stack$depth-$maxval
        done
    done
    mask_of stack3-255/pixels.tsv any >any.pam
    mask_of stack3-255/pixels.tsv planes >planes.pam
}

# mask_of PIXELS.TSV any|planes: the mask of the planted pixels of a 60x50 stack.
mask_of() {
    local depth=1 marks=()
    [ "$2" = any ] || depth=3
    mapfile -t marks < <(awk -v depth=$depth '
        NR > 1 { noisy[($2 * 60 + $1) * depth + (depth == 3 ? $3 : 0)] = 1 }
        END { for (i = 0; i < 3000 * depth; i++) print noisy[i] ? 255 : 0 }' "$1")
    pam 60 50 $depth 255 "${marks[@]}"
}

# repaired FRAME MASK [OPTION...]: the samples of the repaired frame. averaged: by -method=mean.
repaired() {
    local frame=$1 mask=$2
    shift 2
    noisemask -mask="$mask" "$@" "$frame" >repaired.pam && samples repaired.pam
}

averaged() {
    repaired "$@" -method=mean
}

# reference_repair FRAME MASK WINDOW METHOD: what the manual says, computed by awk.
reference_repair() {
    local colors depth planes
    depth=$(header DEPTH "$1") planes=$(header DEPTH "$2")
    colors=$((depth >= 3 ? 3 : 1))
    { samples "$2" | tr ' ' '\n' && samples "$1" | tr ' ' '\n'; } |
        awk -v width="$(header WIDTH "$1")" -v height="$(header HEIGHT "$1")" -v depth="$depth" \
            -v planes="$planes" -v colors="$colors" -v window="$3" -v method="$4" '
        NR <= width * height * planes { mask[NR - 1] = $1; next }
        { sample[NR - 1 - width * height * planes] = $1 }
        function noisy(x, y, c) { return mask[(y * width + x) * planes + (planes == 3 ? c : 0)] }
        function opaque(x, y) { return depth == colors || sample[(y * width + x) * depth + colors] }
        function repair(x, y, c,    r, i, j, k, n, sum, v, t) {
            for (r = (window - 1) / 2; n == 0; r++)
                for (j = y - r; j <= y + r; j++)
                    for (i = x - r; i <= x + r; i++)
                        if (i >= 0 && i < width && j >= 0 && j < height && !noisy(i, j, c) &&
                            opaque(i, j)) {
                            t = sample[(j * width + i) * depth + c]
                            sum += t
                            for (k = n++; k > 0 && v[k] > t; k--) v[k + 1] = v[k]
                            v[k + 1] = t
                        }
            if (method == "median")
                return int((v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2 + .5)
            return int(sum / n + .5)
        }
        END {
            for (y = 0; y < height; y++) for (x = 0; x < width; x++) for (c = 0; c < depth; c++) {
                good = c >= colors || !noisy(x, y, c) || !opaque(x, y)
                at = (y * width + x) * depth + c
                printf "%s%d", at ? " " : "", good ? sample[at] : repair(x, y, c)
            }
            print ""
        }'
}

# ---- contract ----

@test "a value that is wrong is refused before any frame is read" {
    for kernel in 0 1 2 4 -3 x ''; do
        fails_with 1 'kernel' noisemask -mask="$FIXTURES/center.pam" -kernel="$kernel" absent.pam
    done
    for limit in -1 x 1.5 ''; do
        fails_with 1 'maxpixels' noisemask -mask="$FIXTURES/center.pam" -maxpixels="$limit" absent.pam
    done
    for grow in -1 51 1.5 x ''; do
        fails_with 1 'grow' noisemask -mask="$FIXTURES/center.pam" -grow="$grow" absent.pam
    done
    fails_with 1 'method.*membrane.*mean.*median.*nearest' noisemask -mask="$FIXTURES/center.pam" -method=mode absent.pam
}

@test "a window is refused where the method has none" {
    for method in '' -method=membrane -method=nearest; do
        # shellcheck disable=SC2086
        fails_with 1 'kernel.*effect' noisemask -mask="$FIXTURES/center.pam" -kernel=3 $method \
            "$FIXTURES/nine.pam"
    done
}

@test "the mask is needed and has to be an image" {
    fails_with 1 '^-mask=FILE is needed' noisemask "$FIXTURES/nine.pam"
    fails_with 1 'absent.pam' noisemask -mask=absent.pam "$FIXTURES/nine.pam"
    echo text >text
    fails_with 1 'text is no PAM' noisemask -mask=text "$FIXTURES/nine.pam"
    head -c 70 "$FIXTURES/center.pam" >cut.pam
    fails_with 1 'cut.pam is truncated' noisemask -mask=cut.pam "$FIXTURES/nine.pam"
}

@test "a mask of another size is refused with both sizes" {
    pam 3 2 1 255 0 >small.pam
    fails_with 1 'small.pam.*3x2.*nine.*3x3' noisemask -mask=small.pam "$FIXTURES/nine.pam"
    pam 2 3 1 255 0 >narrow.pam
    fails_with 1 'narrow.pam.*2x3.*nine.*3x3' noisemask -mask=narrow.pam "$FIXTURES/nine.pam"
}

@test "a mask of three planes does not serve gray frames" {
    pam 3 3 3 255 0 >planes.pam
    fails_with 1 'planes.pam.*gray' noisemask -mask=planes.pam "$FIXTURES/nine.pam"
}

@test "a frame without one good sample is refused" {
    fails_with 1 'all.pam.*every' noisemask -mask="$FIXTURES/all.pam" "$FIXTURES/nine.pam"
    mkdir out
    fails_with 1 'every' noisemask -mask="$FIXTURES/all.pam" -outdir=out "$FIXTURES/nine.pam"
    is_empty out
}

@test "more than a thousand noisy pixels are refused before any frame is read" {
    pam 7 143 1 255 255 >1001.pam
    mkdir out
    fails_with 2 '1001.pam marks 1001 pixels; the limit is 1000.*nothing was written.*-target=1000' \
        noisemask -mask=1001.pam -outdir=out absent.pam
    is_empty out
    pam 8 125 1 255 255 >1000.pam
    fails_with 1 'absent.pam cannot be read' noisemask -mask=1000.pam absent.pam
}

@test "-maxpixels sets that limit, and 0 lifts it" {
    pam 7 143 1 255 7 >frame.pam
    pam 7 143 1 255 255 255 255 255 255 255 0 >858.pam
    fails_with 2 'marks 858 pixels; the limit is 857' noisemask -mask=858.pam -maxpixels=857 frame.pam
    noisemask -mask=858.pam -maxpixels=858 frame.pam >out
    cat 858.pam 858.pam >two.pam
    noisemask -mask=two.pam -maxpixels=858 frame.pam >out
    noisemask -mask=858.pam -maxpixels=0 frame.pam >out
}

@test "two frames of one name are refused in a directory" {
    mkdir a out
    cp "$FIXTURES/nine.pam" a/nine.pam
    fails_with 1 'two frames are called nine, and out' noisemask -mask="$FIXTURES/center.pam" -outdir=out \
        a/nine.pam "$FIXTURES/nine.pam"
}

@test "a directory that cannot be written is an error" {
    echo >file
    fails_with 1 '-outdir=file ' noisemask -mask="$FIXTURES/center.pam" -outdir=file "$FIXTURES/nine.pam"
    fails_with 1 '-outdir=absent/out: ' noisemask -mask="$FIXTURES/center.pam" -outdir=absent/out "$FIXTURES/nine.pam"
    fails_with 1 '-outdir=/proc/self/x: ' noisemask -mask="$FIXTURES/center.pam" -outdir=/proc/self/x "$FIXTURES/nine.pam"
}

@test "-name has no effect on operands and is refused" {
    fails_with 1 '^-name has no effect on files' noisemask -mask="$FIXTURES/center.pam" -name=x "$FIXTURES/nine.pam"
}

# ---- what is computed ----

@test "-method=mean: of the good samples around, rounded half up" {
    # (10 + 20 + 30 + 40 + 61 + 70 + 80 + 93) / 8 = 50.5
    [ "$(averaged "$FIXTURES/nine.pam" "$FIXTURES/center.pam")" = "10 20 30 40 51 61 70 80 93" ]
}

@test "-method=median: of an even number the middle of two, rounded half up" {
    [ "$(repaired "$FIXTURES/nine.pam" "$FIXTURES/center.pam" -method=median)" = \
        "10 20 30 40 51 61 70 80 93" ]
    [ "$(repaired "$FIXTURES/nine.pam" "$FIXTURES/corner.pam" -method=median)" = \
        "40 20 30 40 200 61 70 80 93" ]
}

@test "in a corner the samples inside the frame count" {
    # (20 + 40 + 200) / 3 = 86.7
    [ "$(averaged "$FIXTURES/nine.pam" "$FIXTURES/corner.pam")" = "87 20 30 40 200 61 70 80 93" ]
}

@test "a noisy neighbour takes no part" {
    pam 3 3 1 255 255 0 0 0 255 0 0 0 0 >two.pam
    # corner: (20 + 40) / 2; center: (20 + 30 + 40 + 61 + 70 + 80 + 93) / 7 = 56.3
    [ "$(averaged "$FIXTURES/nine.pam" two.pam)" = "30 20 30 40 56 61 70 80 93" ]
}

@test "a wider window is taken where asked for" {
    pam 5 1 1 255 10 20 200 40 90 >row.pam
    pam 5 1 1 255 0 0 255 0 0 >mask.pam
    [ "$(averaged row.pam mask.pam)" = "10 20 30 40 90" ]
    [ "$(averaged row.pam mask.pam -kernel=5)" = "10 20 40 40 90" ]
    [ "$(averaged row.pam mask.pam -kernel=99)" = "10 20 40 40 90" ]
}

@test "the window grows until one sample is good" {
    pam 7 1 1 255 10 200 200 200 200 200 60 >row.pam
    pam 7 1 1 255 0 1 1 1 1 1 0 >mask.pam
    [ "$(averaged row.pam mask.pam)" = "10 10 10 35 60 60 60" ]
}

@test "where all but one sample are noisy, all become that one" {
    local good values=(10 20 30 40 200 61 70 80 93) marks
    for good in {0..8}; do
        marks=(1 1 1 1 1 1 1 1 1)
        marks[good]=0
        pam 3 3 1 255 "${marks[@]}" >mask.pam
        [ "$(averaged "$FIXTURES/nine.pam" mask.pam | tr ' ' '\n' | sort -u)" = "${values[good]}" ]
    done
}

@test "one good sample far away from many noisy ones is found in no time" {
    printf 'P5 800 800 255\n' >header
    { cat header; head -c 639999 /dev/zero; printf '\011'; } >frame.pgm
    { cat header; head -c 639999 /dev/zero | tr '\0' x; printf '\0'; } >mask.pgm
    for method in mean median nearest; do
        kernel=
        case $method in mean | median) kernel=-kernel=999 ;; esac
        # shellcheck disable=SC2086
        timeout 100 noisemask -mask=mask.pgm -maxpixels=0 -method=$method $kernel frame.pgm >out
        [ "$(raster out | od -An -v -w1 -tu1 | sort -u)" -eq 9 ]
    done
}

@test "a fully transparent frame passes, whatever the mask" {
    pam 3 2 4 255 10 20 30 0 >frame.pam
    pam 3 2 1 255 1 >all.pam
    for method in mean median nearest membrane; do
        noisemask -mask=all.pam -method=$method frame.pam >out
        [ "$(samples out)" = "$(samples frame.pam)" ]
    done
}

@test "any value but 0 marks, at any maxval" {
    pam 3 3 1 1 0 0 0 0 1 0 0 0 0 >bits.pam
    pam 3 3 1 65535 0 0 0 0 1 0 0 0 0 >deep.pam
    printf 'P1 3 3 000 010 000\n' >bits.pbm # PBM has 1 for black, which is 0
    want=$(averaged "$FIXTURES/nine.pam" "$FIXTURES/center.pam")
    [ "$(averaged "$FIXTURES/nine.pam" bits.pam)" = "$want" ]
    [ "$(averaged "$FIXTURES/nine.pam" deep.pam)" = "$want" ]
    pamtopng "$FIXTURES/center.pam" >center.png
    [ "$(averaged "$FIXTURES/nine.pam" center.png)" = "$want" ]
}

@test "a mask of one plane serves all colours, one of three each its own" {
    pam 3 1 3 255 1 2 3 100 100 100 5 6 8 >frame.pam
    pam 3 1 1 255 0 255 0 >one.pam
    pam 3 1 3 255 0 0 0 0 255 0 0 0 0 >green.pam
    [ "$(averaged frame.pam one.pam)" = "1 2 3 3 4 6 5 6 8" ]
    [ "$(averaged frame.pam green.pam)" = "1 2 3 100 4 100 5 6 8" ]
}

@test "a mask of several images is what any of them marks" {
    cat "$FIXTURES/corner.pam" "$FIXTURES/center.pam" >both.pam
    [ "$(averaged "$FIXTURES/nine.pam" both.pam)" = "30 20 30 40 56 61 70 80 93" ]
}

@test "opacity passes untouched, and what is fully transparent takes no part" {
    pam 3 1 2 255 10 255 200 128 30 255 >frame.pam
    pam 3 1 1 255 0 1 0 >mask.pam
    [ "$(averaged frame.pam mask.pam)" = "10 255 20 128 30 255" ]
    pam 3 1 2 255 10 0 200 128 30 255 >frame.pam
    [ "$(averaged frame.pam mask.pam)" = "10 0 30 128 30 255" ]
}

# ---- membrane, the default ----

# plane WIDTH HEIGHT DEPTH MAXVAL: a frame whose samples rise evenly to the right and downwards.
plane() {
    mapfile -t values < <(awk -v w="$1" -v h="$2" -v d="$3" 'BEGIN {
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) for (c = 0; c < d; c++)
            print 10 + (c + 1) * x + 2 * y }')
    pam "$1" "$2" "$3" "$4" "${values[@]}"
}

# marks WIDTH HEIGHT AWK: a mask of what the condition on x and y says.
marks() {
    mapfile -t values < <(awk -v w="$1" -v h="$2" "BEGIN {
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) print ($3) ? 255 : 0 }")
    pam "$1" "$2" 1 255 "${values[@]}"
}

@test "membrane: a single pixel is the mean of its four neighbours, of those inside" {
    # (20 + 40 + 61 + 80) / 4 = 50.25, with 82 for 80 50.75
    [ "$(repaired "$FIXTURES/nine.pam" "$FIXTURES/center.pam")" = "10 20 30 40 50 61 70 80 93" ]
    pam 3 3 1 255 10 20 30 40 200 61 70 81 93 >half.pam # 50.5
    [ "$(repaired half.pam "$FIXTURES/center.pam" -method=membrane)" = "10 20 30 40 51 61 70 81 93" ]
    [ "$(repaired "$FIXTURES/nine.pam" "$FIXTURES/corner.pam")" = "30 20 30 40 200 61 70 80 93" ]
}

@test "membrane: a row between two samples is a straight line" {
    pam 7 1 1 255 10 200 0 200 0 200 60 >row.pam
    pam 7 1 1 255 0 1 1 1 1 1 0 >mask.pam
    [ "$(repaired row.pam mask.pam)" = "10 18 27 35 43 52 60" ]
    pam 7 1 1 255 10 0 0 0 0 0 13 >row.pam # 10.5 11 11.5 12 12.5: halves are rounded up
    [ "$(repaired row.pam mask.pam)" = "10 11 11 12 12 13 13" ]
    pam 7 1 1 255 13 0 0 0 0 0 10 >row.pam
    [ "$(repaired row.pam mask.pam)" = "13 13 12 12 11 11 10" ]
}

@test "membrane: holes in an even slope come out as the slope, large ones too" {
    plane 90 70 3 1023 >slope.pam
    marks 90 70 'x > 2 && x < 6 && y > 2 && y < 6 || x > 12 && x < 20 && y == 5 || x == 30 && y > 0 && y < 69' >small.pam
    marks 90 70 'x > 0 && x < 89 && y > 0 && y < 69 && (x < 40 || y > 30)' >large.pam
    for mask in small large; do
        pamarith -quiet -max <(pamdepth -quiet 1023 $mask.pam) <(pamchannel -quiet 0 <slope.pam) >spoiled.pgm
        pamstack -quiet -tupletype=RGB spoiled.pgm spoiled.pgm spoiled.pgm >all.pam
        pamstack -quiet -tupletype=RGB <(pamchannel -quiet 0 <all.pam) <(pamchannel -quiet 1 <slope.pam) \
            <(pamchannel -quiet 2 <slope.pam) >spoiled.pam
        noisemask -mask=$mask.pam -maxpixels=0 spoiled.pam >out.pam
        cmp <(raster out.pam) <(raster slope.pam)
    done
}

@test "membrane: what is transparent is no neighbour, and what is enclosed takes the nearest" {
    pam 3 1 2 255 10 0 200 128 30 255 >frame.pam
    pam 3 1 1 255 0 1 0 >mask.pam
    [ "$(repaired frame.pam mask.pam)" = "10 0 30 128 30 255" ]
    pam 3 2 2 255 200 255 50 0 7 255 60 0 9 255 8 255 >frame.pam
    pam 3 2 1 255 1 0 0 0 0 0 >mask.pam
    [ "$(repaired frame.pam mask.pam)" = "9 255 50 0 7 255 60 0 9 255 8 255" ]
    pam 3 2 1 255 1 1 0 0 0 0 >mask.pam # the transparent one is noisy, too
    [ "$(repaired frame.pam mask.pam | cut -d ' ' -f 3,4)" = "50 0" ]
}

# relaxed FRAME MASK: the solution of Laplace's equation in the holes of a gray frame, by awk.
relaxed() {
    { samples "$2" | tr ' ' '\n' && samples "$1" | tr ' ' '\n'; } |
        awk -v w="$(header WIDTH "$1")" -v h="$(header HEIGHT "$1")" '
        NR <= w * h { noisy[NR - 1] = $1; next }
        { v[NR - 1 - w * h] = $1 }
        END {
            for (pass = 0; pass < 3000; pass++)
                for (i = 0; i < w * h; i++) if (noisy[i]) {
                    n = sum = 0
                    if (i % w > 0) { n++; sum += v[i - 1] }
                    if (i % w < w - 1) { n++; sum += v[i + 1] }
                    if (i >= w) { n++; sum += v[i - w] }
                    if (i < w * (h - 1)) { n++; sum += v[i + w] }
                    v[i] = sum / n
                }
            for (i = 0; i < w * h; i++) print int(v[i] + .5 + 1e-6)
        }' | paste -sd ' '
}

# bats test_tags=all
@test "membrane: clusters and points and the frame's edges, as the equation has it" {
    frame=$FIXTURES/stack1-65535/0001.pam
    [ "$(repaired "$frame" "$FIXTURES/any.pam")" = "$(relaxed "$frame" "$FIXTURES/any.pam")" ]
    marks 60 50 'x < 3 || y > 47 || (x * 7 + y * 11) % 5 == 0' >edges.pam
    [ "$(repaired "$frame" edges.pam -maxpixels=0)" = "$(relaxed "$frame" edges.pam)" ]
}

@test "membrane: each colour by itself where the mask has planes" {
    pam 3 1 3 255 1 2 3 100 100 100 5 6 8 >frame.pam
    pam 3 1 3 255 0 0 0 0 255 0 0 0 0 >green.pam
    [ "$(repaired frame.pam green.pam)" = "1 2 3 100 4 100 5 6 8" ]
    # the holes of red and of blue overlap
    pam 4 1 3 255 10 0 1 99 0 99 99 0 2 40 0 2 >frame.pam
    pam 4 1 3 255 0 0 0 1 0 1 1 0 0 0 0 0 >mask.pam
    [ "$(repaired frame.pam mask.pam)" = "10 0 1 20 0 2 30 0 2 40 0 2" ]
}

# ---- nearest ----

@test "nearest: the mean of the good samples at the smallest distance" {
    [ "$(repaired "$FIXTURES/nine.pam" "$FIXTURES/center.pam" -method=nearest)" = \
        "10 20 30 40 50 61 70 80 93" ]
    # seen from 3,3 the corner 0,0 lies in a smaller square than 7,3, and yet further away
    marks 9 7 '!(x == 0 && y == 0 || x == 7 && y == 3 || x == 0 && y == 6)' >mask.pam
    mapfile -t values < <(awk 'BEGIN { for (i = 0; i < 63; i++) print i == 0 ? 90 : i == 34 ? 20 : i == 54 ? 11 : 255 }')
    pam 9 7 1 255 "${values[@]}" >frame.pam
    repaired frame.pam mask.pam -method=nearest | tr ' ' '\n' >ours
    awk 'BEGIN {
        x[1] = 0; y[1] = 0; v[1] = 90; x[2] = 7; y[2] = 3; v[2] = 20; x[3] = 0; y[3] = 6; v[3] = 11
        for (j = 0; j < 7; j++) for (i = 0; i < 9; i++) {
            least = 1000; n = sum = 0
            for (k = 1; k <= 3; k++) {
                d = (x[k] - i) ^ 2 + (y[k] - j) ^ 2
                if (d < least) { least = d; n = sum = 0 }
                if (d == least) { n++; sum += v[k] }
            }
            print int(sum / n + .5)
        } }' | cmp - ours
}

# ---- growth ----

@test "-grow widens the mask by a square, cut at the frame's edges" {
    plane 20 15 3 255 >frame.pam
    marks 20 15 'x == 9 && y == 7 || x == 0 && y == 0 || x == 19 && y == 10' >points.pam
    for n in 0 1 2 5; do
        marks 20 15 "x >= 9 - $n && x <= 9 + $n && y >= 7 - $n && y <= 7 + $n || x <= $n && y <= $n ||
            x >= 19 - $n && y >= 10 - $n && y <= 10 + $n" >squares.pam
        for method in membrane mean; do
            noisemask -mask=points.pam -grow=$n -method=$method frame.pam >grown.pam
            noisemask -mask=squares.pam -method=$method frame.pam | cmp - grown.pam
        done
    done
}

@test "-grow widens each colour by itself" {
    pam 5 1 3 255 1 1 1 2 2 2 9 9 9 4 4 4 5 5 5 >frame.pam
    pam 5 1 3 255 0 0 0 0 0 0 0 255 0 0 0 0 0 0 0 >green.pam
    [ "$(repaired frame.pam green.pam -grow=1)" = "1 1 1 2 2 2 9 3 9 4 4 4 5 5 5" ]
}

@test "-maxpixels counts before -grow" {
    plane 20 15 1 255 >frame.pam
    marks 20 15 'x == 9 && y == 7' >point.pam
    noisemask -mask=point.pam -maxpixels=1 -grow=3 frame.pam >out
    fails_with 2 'marks 2 pixels' noisemask -mask=<(marks 20 15 'x == 9 && y < 2') -maxpixels=1 -grow=3 frame.pam
}

@test "a mask that grows over the whole frame is refused" {
    fails_with 1 'center.pam, grown,.*every' noisemask -mask="$FIXTURES/center.pam" -grow=1 "$FIXTURES/nine.pam"
}

# ---- against the definition ----

@test "clusters of 2x2 and 5x5, points and all depths: as the definition has it" {
    for depth in 1 2 3 4; do
        frame=$FIXTURES/stack$depth-255/0001.pam
        [ "$(averaged "$frame" "$FIXTURES/any.pam")" = \
            "$(reference_repair "$frame" "$FIXTURES/any.pam" 3 mean)" ]
    done
}

@test "the same for medians, wider windows, 12 and 16 bits and planes" {
    for maxval in 4095 65535; do
        frame=$FIXTURES/stack3-$maxval/0000.pam
        for mask in "$FIXTURES/any.pam" "$FIXTURES/planes.pam"; do
            for method in mean median; do
                [ "$(repaired "$frame" "$mask" -kernel=5 -method=$method)" = \
                    "$(reference_repair "$frame" "$mask" 5 $method)" ]
            done
        done
    done
}

@test "the same along all edges of the frame" {
    mapfile -t marks < <(awk 'BEGIN { for (i = 0; i < 3000; i++) {
        x = i % 60; y = int(i / 60)
        print (x < 2 || y < 3 || x > 57 || y > 46) } }')
    pam 60 50 1 255 "${marks[@]}" >frame.pam
    for method in mean median; do
        [ "$(repaired "$FIXTURES/stack4-255/0000.pam" frame.pam -method=$method)" = \
            "$(reference_repair "$FIXTURES/stack4-255/0000.pam" frame.pam 3 $method)" ]
    done
}

# ---- properties ----

@test "nothing changes where nothing is noisy" {
    pam 60 50 1 255 0 >none.pam
    for frame in "$FIXTURES"/stack*/0000.pam; do
        noisemask -mask=none.pam "$frame" >out
        cmp <(raster out) <(raster "$frame")
        [ "$(header TUPLTYPE out) $(header MAXVAL out)" = \
            "$(header TUPLTYPE "$frame") $(header MAXVAL "$frame")" ]
    done
}

@test "what is not marked comes out bit for bit, also through PNG" {
    for depth in 1 2 3 4; do
        [ $((depth % 2)) -eq 1 ] && alpha=-byrow || alpha=-alphapam
        for maxval in 255 65535; do
            frame=$FIXTURES/stack$depth-$maxval/0000.pam
            noisemask -mask="$FIXTURES/any.pam" "$frame" >out.pam
            noisemask -mask="$FIXTURES/any.pam" -png "$frame" >out.png
            pngtopam "$alpha" out.png | pamtopam >png.pam
            [ "$(samples png.pam)" = "$(samples out.pam)" ]
            awk 'NR == FNR { m[NR - 1] = $1; next } $1 != $2 && !m[int((FNR - 1) / depth)] { exit 1 }' \
                depth="$depth" <(samples "$FIXTURES/any.pam" | tr ' ' '\n') \
                <(paste <(samples "$frame" | tr ' ' '\n') <(samples out.pam | tr ' ' '\n'))
        done
    done
}

@test "the planted pixels are gone afterwards" {
    stack=$FIXTURES/stack3-255
    noisemask -mask="$FIXTURES/any.pam" "$stack"/*.pam >out
    noisedetect -quiet -planes "$stack"/*.pam >before.pam
    noisedetect -quiet -planes out >after.pam
    awk 'NR > 1 { print $1, $2, $3 }' "$stack/pixels.tsv" >pixels
    still=$(samples after.pam | tr ' ' '\n' | awk 'NR == FNR { d[NR - 1] = $1; next }
        d[($2 * 60 + $1) * 3 + $3] { n++ } END { print n + 0 }' - pixels)
    was=$(samples before.pam | tr ' ' '\n' | awk 'NR == FNR { d[NR - 1] = $1; next }
        d[($2 * 60 + $1) * 3 + $3] { n++ } END { print n + 0 }' - pixels)
    [ "$was" -gt 10 ] && [ "$still" -eq 0 ]
}

@test "a repaired frame stays as it is when repaired again" {
    noisemask -mask="$FIXTURES/any.pam" "$FIXTURES/stack3-255/0000.pam" >once.pam
    noisemask -mask="$FIXTURES/any.pam" once.pam >twice.pam
    [ "$(samples once.pam)" = "$(samples twice.pam)" ]
}

@test "PNG of a maxval that it cannot hold is scaled, and a message says so" {
    pam 2 1 1 4095 0 4095 >twelve.pam
    pam 2 1 1 255 0 >mask.pam
    says '4095.*65535' noisemask -mask=mask.pam -png twelve.pam
    pngtopam out | pamtopnm -plain | tail -n +2 | grep -q '0 65535'
}

@test "what PNG scales is rounded to the nearest" {
    for spec in '100 255' '4095 65535'; do
        read -r maxval scale <<<"$spec"
        pam $((maxval + 1)) 1 1 $maxval $(seq 0 $maxval) >ramp.pam
        pam $((maxval + 1)) 1 1 255 0 >mask.pam
        noisemask -quiet -mask=mask.pam -png ramp.pam | pngtopam | pamtopam >scaled.pam
        [ "$(header MAXVAL scaled.pam)" -eq "$scale" ]
        seq 0 $maxval | awk -v from=$maxval -v to="$scale" '{ print int(($1 * to * 2 + from) / (2 * from)) }' |
            diff - <(samples scaled.pam | tr ' ' '\n')
    done
}

@test "-outdir makes a file a frame, called by its name" {
    noisemask -mask="$FIXTURES/any.pam" -outdir=new "$FIXTURES"/stack3-255/*.pam >out
    [ ! -s out ]
    [ "$(ls -A new)" = "$(printf '0000.pam\n0001.pam')" ]
    noisemask -mask="$FIXTURES/any.pam" "$FIXTURES/stack3-255/0001.pam" | cmp - new/0001.pam
    noisemask -mask="$FIXTURES/any.pam" -png -outdir=new "$FIXTURES/stack3-255/0001.pam"
    pngtopam new/0001.png | cmp - <(pamtopnm new/0001.pam)
}

@test "a frame that fails leaves the file of an earlier run as it was" {
    noisemask -mask="$FIXTURES/center.pam" -outdir=. "$FIXTURES/nine.pam"
    cp nine.pam before.pam
    mkdir in
    head -c 70 "$FIXTURES/nine.pam" >in/nine.pam
    fails_with 1 'in/nine.pam' noisemask -mask="$FIXTURES/corner.pam" -outdir=. in/nine.pam
    same nine.pam before.pam
    [ "$(ls -A)" = "$(printf 'before.pam\nin\nnine.pam')" ]
}

@test "-name names the frame on standard input" {
    noisemask -mask="$FIXTURES/center.pam" -outdir=. -name=x/../y <"$FIXTURES/nine.pam" && false
    noisemask -mask="$FIXTURES/center.pam" -outdir=. -name='a b' <"$FIXTURES/nine.pam"
    noisemask -mask="$FIXTURES/center.pam" -outdir=. <"$FIXTURES/nine.pam"
    [ "$(ls)" = "$(printf 'a b.pam\nframe.pam')" ]
}

@test "the peak of memory is the same for 5 and for 200 frames" {
    local few=() many=()
    makestack -kind=easy -width=600 -height=400 -frames=1 one
    pam 600 400 1 255 0 0 255 0 0 0 0 >mask.pam
    while [ ${#few[@]} -lt 5 ]; do few+=(one/0000.pam); done
    while [ ${#many[@]} -lt 200 ]; do many+=(one/0000.pam); done
    five=$(peak noisemask -mask=mask.pam -maxpixels=0 "${few[@]}")
    all=$(peak noisemask -mask=mask.pam -maxpixels=0 "${many[@]}")
    echo "$five KiB, $all KiB"
    [ "$all" -le $((five + five / 20 + 256)) ]
}

@test "the manual's examples run" {
    mkdir src
    for name in 0000 0001; do pamtopnm "$FIXTURES/stack3-255/$name.pam" | pnmtopng -quiet >src/$name.png; done
    examples noisemask.1 >script
    sh -eu script
    [ -s repaired/0001.png ] && [ -s stack.pam ]
}
