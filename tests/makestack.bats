#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

# numbers TABLE: its rows without the header, a frame's name and nine elements.
numbers() {
    tail -n +2 "$1" | cut -f 1-10
}

# are_near EXPECTED FOUND: files of names and numbers that differ by at most 1e-6.
are_near() {
    paste -d ' ' "$1" "$2"
    paste -d ' ' "$1" "$2" | awk '
        NF % 2 || $1 != $(NF / 2 + 1) { bad = 1 }
        { for (i = 2; i <= NF / 2; i++) { d = $i - $(NF / 2 + i); if (d > 1e-6 || d < -1e-6) bad = 1 } }
        END { exit bad || NR == 0 }'
}

# difference A B: a frame of how far each sample of A is from that of B.
difference() {
    pamarith -difference "$1" "$2"
}

# near_share LIMIT FRAME: the share, in per cent, of its samples that are LIMIT or less.
near_share() {
    raster "$2" | od -An -v -w1 -tu1 | awk -v limit="$1" '
        $1 <= limit { n++ } END { printf "%d\n", 100 * n / NR }'
}

# transforms_at_depths ALONG: at the depths 0, 1/3, 2/3 and 1 the transform of a frame of 300x200 that
# is ALONG the stack from its reference, with -parallax=4 -parallaxangle=90 -depthbreathing=4.
transforms_at_depths() {
    awk -v along="$1" 'BEGIN {
        for (i = 0; i < 4; i++) {
            beyond = along * (i / 3 - 0.5)
            s = 0.04 * beyond
            printf "%d\t%.12f\t0\t%.12f\t0\t%.12f\t%.12f\t0\t0\t1\n", i, 1 + s, -s * 149.5, 1 + s,
                4 * beyond - s * 99.5
        } }'
}

@test "with parallax the truth is the transform of the depth in focus" {
    # Frame i is i/3 of the stack from the reference and focused at depth i/3: it moves by
    # 12 * i/3 * (i/3 - 1/2) to the left (180 degrees).
    makestack -width=300 -height=200 -frames=4 -reference=0 -parallax=12 -parallaxangle=180 stack
    printf '%s 1 0 %s 0 1 0 0 0 1\n' 0000 0 0001 0.666666666667 0002 -1.333333333333 0003 -6 >expected
    numbers stack/truth.tsv | tr '\t' ' ' >found
    are_near expected found
}

@test "with parallax the truth between neighbours is that half-way between their depths in focus" {
    # From frame to frame the camera moves by a third of the stack, at depths 1/6, 1/2 and 5/6.
    makestack -width=300 -height=200 -frames=4 -reference=2 -parallax=9 -parallaxangle=90 stack
    printf '%s 1 0 0 0 1 %s 0 0 1\n' 0001 -1 0002 0 0003 1 >expected
    numbers stack/neighbours.tsv | tr '\t' ' ' >found
    are_near expected found
}

@test "where scales depend on depth the truth has the scale of the depth in focus, about the middle" {
    makestack -width=300 -height=200 -frames=4 -reference=0 -parallax=4 -parallaxangle=90 \
        -depthbreathing=4 stack
    for i in 0 1 2 3; do
        transforms_at_depths "$(awk -v i=$i 'BEGIN { printf "%.15f", i / 3 }')" |
            sed -n "s/^$i\t/000$i\t/p"
    done | tr '\t' ' ' >expected
    numbers stack/truth.tsv | tr '\t' ' ' >found
    are_near expected found
}

@test "without parallax the truth between neighbours is what lies between their truths" {
    makestack -kind=homography -width=300 -height=200 -frames=5 stack
    awk -f "$REPO/tests/tools/links.awk" stack/truth.tsv >links
    awk -v width=300 -v height=200 -f "$REPO/tests/alignerror.awk" stack/neighbours.tsv links >errors
    cat errors
    awk '$2 == "failed" || $2 > 0.0001 { bad = 1 } END { exit bad || NR != 4 }' errors
    # The links are not the identity, and not the truths.
    awk -v width=300 -v height=200 -f "$REPO/tests/alignerror.awk" stack/neighbours.tsv stack/truth.tsv |
        awk '$1 != "0000" && $2 > 0.5 { n++ } END { exit n < 3 }'
}

@test "frames that cannot be aligned have no truth, and none to their neighbours" {
    makestack -width=60 -height=40 -frames=5 -wrong=1:dark stack
    [ "$(awk '$2 == "failed" { print $1 }' stack/truth.tsv)" = 0001 ]
    [ "$(awk '$2 == "failed" { print $1 }' stack/neighbours.tsv | paste -sd ' ')" = '0001 0002' ]
}

@test "layers move by the parallax of their depths, by whole pixels where that is whole" {
    # From the middle frame to the last the layers move by 12 * 1/2 * (depth - 1/2): -3, -1, 1, 3.
    makestack -width=300 -height=200 -frames=3 -depth=1 -relief=layers -parallax=12 -seed=3 stack
    for shift in -4 -3 -2 -1 0 1 2 3 4; do
        pamcut -left=10 -width=280 stack/0001.pam >a.pam
        pamcut -left=$((10 + shift)) -width=280 stack/0002.pam >b.pam
        difference a.pam b.pam >"by$shift"
    done
    pamarith -minimum by-3 by-1 by1 by3 >right
    pamarith -minimum by-4 by-2 by0 by2 by4 >wrong
    near_share 1 right
    near_share 1 wrong
    [ "$(near_share 1 right)" -ge 95 ]
    [ "$(near_share 1 wrong)" -le 50 ]
    for shift in -3 -1 1 3; do
        [ "$(near_share 1 by$shift)" -ge 15 ]
    done
}

@test "layers are scaled as their depths tell, about the middle of the frame" {
    makestack -width=300 -height=200 -frames=3 -depth=1 -relief=layers -points=0 -texture=0.3 \
        -parallax=4 -parallaxangle=90 -depthbreathing=4 stack
    transforms_at_depths 0.5 >depths
    for i in 0 1 2 3; do
        framealign -quiet -estimate -reference=stack/0001.pam stack/0001.pam | head -n 1 >table
        awk -v i=$i '$1 == i' depths | sed -e 's/^./0002/' -e 's/$/\t0\t0\t1\t1/' >>table
        framealign -quiet -apply=table -border=replicate stack/0002.pam >warped
        difference stack/0001.pam warped | pamcut -left=10 -right=-11 -top=10 -bottom=-11 >by$i
        near_share 1 by$i
    done
    pamarith -minimum by0 by1 by2 by3 >right
    near_share 1 right
    [ "$(near_share 1 right)" -ge 92 ]
    for i in 0 1 2 3; do
        [ "$(near_share 1 by$i)" -ge 12 ]
    done
}

@test "on a ramp what is near moves against what is far" {
    makestack -width=600 -height=400 -frames=3 -depth=1 -relief=ramp -parallax=20 stack
    # The shift of a corner of 100x100 from the middle frame to the last: 20 * 1/2 * (depth - 1/2).
    corner() {
        pamcut -left="$1" -top="$2" -width=100 -height=100 stack/0001.pam >a.pam
        for shift in $(seq -9 9); do
            pamcut -left=$(($1 + shift)) -top="$2" -width=100 -height=100 stack/0002.pam >b.pam
            difference a.pam b.pam >by
            echo "$(raster by | od -An -v -w1 -tu1 | awk '{ s += $1 } END { print s }') $shift"
        done | sort -n | sed -n '1s/.* //p'
    }
    near=$(corner 10 10) far=$(corner 490 290)
    echo "$near $far"
    [ "$near" -ge -6 ] && [ "$near" -le -2 ]
    [ "$far" -ge 2 ] && [ "$far" -le 6 ]
}

@test "a mosaic keeps each pixel's own colour and takes the others from the nearest that see them" {
    makestack -width=23 -height=14 -frames=1 -noise=3 plain
    makestack -width=23 -height=14 -frames=1 -noise=3 -mosaic stack
    samples plain/0000.pam | awk '
        function mirrored(i, n) { return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i }
        function at(x, y, c) { return $(3 * (23 * mirrored(y, 14) + mirrored(x, 23)) + c + 1) }
        function sides(x, y, c) { return at(x - 1, y, c) + at(x + 1, y, c) }
        function ends(x, y, c) { return at(x, y - 1, c) + at(x, y + 1, c) }
        function corners(x, y, c) { return sides(x, y - 1, c) + sides(x, y + 1, c) }
        function half(sum) { return int((sum + 1) / 2) }
        function quarter(sum) { return int((sum + 2) / 4) }
        {
            for (y = 0; y < 14; y++)
                for (x = 0; x < 23; x++) {
                    green = quarter(sides(x, y, 1) + ends(x, y, 1))
                    if (y % 2 == 0 && x % 2 == 0)
                        print at(x, y, 0), green, quarter(corners(x, y, 2))
                    else if (y % 2 == 0)
                        print half(sides(x, y, 0)), at(x, y, 1), half(ends(x, y, 2))
                    else if (x % 2 == 0)
                        print half(ends(x, y, 0)), at(x, y, 1), half(sides(x, y, 2))
                    else
                        print quarter(corners(x, y, 0)), green, at(x, y, 2)
                }
        }' | paste -sd ' ' >expected
    samples stack/0000.pam >found
    same expected found
}

@test "on a mosaic a hot pixel is a spot around the place that the list tells, in its colour" {
    for hot in 0 6; do
        makestack -width=120 -height=90 -frames=2 -mosaic -hot=$hot -levels=60,90 -seed=4 stack$hot
    done
    [ "$(tail -n +2 stack6/pixels.tsv | wc -l)" -eq 6 ]
    difference stack0/0001.pam stack6/0001.pam >spots
    samples spots | tr ' ' '\n' | awk -v width=120 '
        NR == FNR { if (FNR > 1) { x[++n] = $1; y[n] = $2; channel[n] = $3; if ($1 % 2 + $2 % 2 != $3) bad = 1 }; next }
        { v[FNR - 1] = $1; sum += $1 }
        function at(i, dx, dy) { return v[3 * ((y[i] + dy) * width + x[i] + dx) + channel[i]] }
        function is_near(a, b) { return a - b <= 1 && b - a <= 1 }
        END {
            for (i = 1; i <= n; i++) {
                own = at(i, 0, 0)
                total += own
                if (own < 50)
                    bad = 1
                # Green: a quarter of it to each side. Red and blue: half of it, and a quarter at corners.
                share = channel[i] == 1 ? 4 : 2
                if (!is_near(at(i, 1, 0), own / share) || !is_near(at(i, 0, -1), own / share))
                    bad = 1
                if (!is_near(at(i, -1, 1), channel[i] == 1 ? 0 : own / 4))
                    bad = 1
                expected += channel[i] == 1 ? 2 * own : 4 * own
            }
            exit bad || n != 6 || sum < expected - 8 * n || sum > expected + 8 * n
        }' stack6/pixels.tsv -
}

@test "what cannot be made is refused" {
    fails_with 1 'up to 31.0 pixels.*limit.*30.0' makestack -parallax=31 stack
    fails_with 1 'limit is a twentieth of the width' makestack -parallax=10 -depthbreathing=6 stack
    fails_with 1 'relief=flat' makestack -relief=flat stack
    fails_with 1 'mosaic needs colours' makestack -mosaic -depth=1 stack
    fails_with 1 '2x2' makestack -mosaic -width=1 stack
    [ ! -e stack ]
}
