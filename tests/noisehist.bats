#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    makestack -kind=noise -width=200 -height=150 -hot=30 -dead=15 stack
    makestack -kind=noise -width=200 -height=150 -hot=30 -dead=15 -maxval=4095 stack12
    noisedetect -quiet -map stack/*.pam >map.pam
    noisedetect -quiet -map stack12/*.pam >map12.pam
    pam 4 1 1 255 0 6 20 30 >gray.pam
}

# without_gnuplot COMMAND...: runs it where gnuplot cannot be found.
without_gnuplot() {
    mkdir -p bare
    local program
    for program in sh cat rm; do ln -sf "$(type -P $program)" bare; done
    PATH=$BUILD/bin:$PWD/bare "$@"
}

# ---- contract ----

@test "a value that is wrong is refused before the map is read" {
    for range in 5 30,5 a,b -1,5 5,256 1,2,3 1.5,4 ''; do
        fails_with 1 'range' noisehist -range="$range" absent.pam
    done
    for target in -1 x 1.5 '' 5,6 1,2,3,4 1,2,-3 1,2,0.5 4000000001; do
        fails_with 1 'target' noisehist -target="$target" absent.pam
    done
    for threshold in x -1 256 1,2 1,2,3,4 nan; do
        fails_with 1 'threshold' noisehist -threshold="$threshold" absent.pam
    done
    for plot in '' plot plot.jpg pdf; do
        fails_with 1 'plot.*pdf.*png.*svg' noisehist -plot="$plot" absent.pam
    done
}

@test "options without effect are refused" {
    fails_with 1 '^-log has no effect without -plot' noisehist -log "$FIXTURES/map.pam"
    for option in -range=1,2 -threshold=3 -plot=x.pdf; do
        fails_with 1 "^${option%=*} has no effect with -target" noisehist -target=10 "$option" "$FIXTURES/map.pam"
    done
    is_empty .
}

@test "only one map is taken" {
    fails_with 1 'one deviation map is wanted' noisehist "$FIXTURES/map.pam" "$FIXTURES/map.pam"
    cat "$FIXTURES/map.pam" "$FIXTURES/map.pam" >two.pam
    fails_with 1 'one deviation map is wanted' noisehist two.pam
}

@test "an image with opacity is no map" {
    pam 2 2 2 255 1 >opacity.pam
    fails_with 1 'opacity is no deviation map' noisehist opacity.pam
}

@test "without gnuplot the table is still printed, and the status is 1" {
    noisehist "$FIXTURES/map.pam" >want
    status=0
    without_gnuplot noisehist -plot=x.pdf "$FIXTURES/map.pam" >table 2>messages || status=$?
    [ "$status" -eq 1 ]
    same table want
    matches 'gnuplot' "$(cat messages)"
    [ ! -e x.pdf ]
}

@test "a plot that cannot be written is an error, and no part of it stays" {
    mkdir dir.pdf
    for plot in absent/x.pdf /proc/self/x.png dir.pdf; do
        status=0
        noisehist -plot=$plot "$FIXTURES/map.pam" >table 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches "$plot" "$(cat messages)"
    done
    [ "$(ls -A)" = "$(printf 'dir.pdf\nmessages\ntable')" ]
    is_empty dir.pdf
}

@test "a map that fails leaves an earlier plot as it was" {
    echo earlier >x.svg
    head -c 5000 "$FIXTURES/map.pam" >cut.pam
    fails_with 1 'cut.pam is truncated' noisehist -plot=x.svg cut.pam
    [ "$(cat x.svg)" = earlier ]
}

# ---- oracles ----

@test "the counts of a gray map are those of pgmhist" {
    pamchannel -infile "$FIXTURES/map.pam" 1 | pamtopnm -assume >green.pgm
    noisehist -range=0,60 green.pgm | tail -n +2 | cut -f 1,2 >ours
    pgmhist -machine green.pgm | awk '{ n[$1] = $2 }
        END { for (t = 60; t >= 0; t--) {
                  above = 0
                  for (v in n) if (v + 0 > t) above += n[v]
                  print t "\t" above } }' | sort -n | cmp - ours
}

@test "each row counts what noisedetect marks at that threshold" {
    for map in map map12; do
        noisehist -range=0,40 "$FIXTURES/$map.pam" >table
        for threshold in 0 1 2 7 13 39; do
            noisedetect -quiet -planes -frommap -threshold=$threshold "$FIXTURES/$map.pam" >planes.pam
            raster planes.pam | od -An -v -w3 -tu1 | awk -v OFS='\t' -v t=$threshold '
                { r += $1 > 0; g += $2 > 0; b += $3 > 0; any += $1 + $2 + $3 > 0 }
                END { print t, r, g, b, any }' >row
            grep -qxF "$(cat row)" table
        done
    done
}

# ---- what is printed ----

@test "the table has a header and a row for each threshold from 5 to 30" {
    noisehist "$FIXTURES/map.pam" >table
    [ "$(head -n 1 table)" = "$(printf 'threshold\tr\tg\tb\tany')" ]
    [ "$(tail -n +2 table | cut -f 1 | paste -sd ' ')" = "$(seq -s ' ' 5 30)" ]
}

@test "a gray map has one column for its samples" {
    noisehist -range=5,7 "$FIXTURES/gray.pam" >table
    printf 'threshold\tgray\tany\n5\t3\t3\n6\t2\t2\n7\t2\t2\n' | cmp - table
}

@test "the range is widened to hold the marked thresholds" {
    noisehist -range=10,12 -threshold=8.5,11,14.2 "$FIXTURES/map.pam" >table
    [ "$(tail -n +2 table | cut -f 1 | paste -sd ' ')" = "$(seq -s ' ' 8 15)" ]
}

@test "the map comes from standard input too" {
    noisehist "$FIXTURES/map.pam" >want
    noisehist <"$FIXTURES/map.pam" | cmp - want
    noisehist - <"$FIXTURES/map.pam" | cmp - want
}

@test "counts never rise with the threshold" {
    noisehist -range=0,255 "$FIXTURES/map.pam" | awk '
        NR > 2 { for (c = 2; c <= 5; c++) if ($c > before[c]) exit 1 }
        NR > 1 { for (c = 2; c <= 5; c++) before[c] = $c }'
    noisehist -range=255,255 "$FIXTURES/map.pam" | tail -n 1 | grep -qx "$(printf '255\t0\t0\t0\t0')"
}

@test "-target proposes thresholds by which no more pixels than that are noisy" {
    for target in 0 1 10 45 100 1000 29999 30000 4000000; do
        option=$(noisehist -target=$target "$FIXTURES/map.pam")
        [[ $option =~ ^-threshold=[0-9]+,[0-9]+,[0-9]+$ ]]
        noisedetect -quiet -frommap "$option" "$FIXTURES/map.pam" >mask.pam
        [ "$(noisy mask.pam | wc -l)" -le $target ]
    done
}

@test "-target's thresholds are those of the largest allowance for each colour" {
    noisehist -range=0,255 "$FIXTURES/map.pam" >table
    raster "$FIXTURES/map.pam" | od -An -v -w3 -tu1 >pixels
    for target in 20 150 2000; do
        want=$(awk -v target=$target '
            NR == FNR { if (FNR > 1) for (c = 1; c <= 3; c++) count[FNR - 2, c] = $(c + 1); next }
            { for (c = 1; c <= 3; c++) v[FNR, c] = $c; n = FNR }
            END {
                for (m = target; m >= 0; m--) { # no allowance above the target can hold
                    for (c = 1; c <= 3; c++) for (t[c] = 0; count[t[c], c] > m; t[c]++) ;
                    key = t[1] "," t[2] "," t[3]
                    if (key == before) continue
                    before = key
                    any = 0
                    for (i = 1; i <= n; i++) any += v[i, 1] > t[1] || v[i, 2] > t[2] || v[i, 3] > t[3]
                    if (any <= target) { print "-threshold=" key; exit }
                }
            }' table pixels)
        [ "$(noisehist -target=$target "$FIXTURES/map.pam")" = "$want" ]
    done
}

@test "-target of a gray map is one threshold" {
    [ "$(noisehist -target=1 "$FIXTURES/gray.pam")" = -threshold=20 ]
    [ "$(noisehist -target=0 "$FIXTURES/gray.pam")" = -threshold=30 ]
    [ "$(noisehist -target=3 "$FIXTURES/gray.pam")" = -threshold=0 ]
}

@test "three targets are for the colours, each by itself" {
    noisehist -range=0,255 "$FIXTURES/map.pam" >table
    for target in 0,0,0 5,20,1000 29999,0,3; do
        want=$(awk -v target=$target '
            BEGIN { split(target, most, ",") }
            NR > 1 { for (c = 1; c <= 3; c++) if (t[c] == "" && $(c + 1) <= most[c]) t[c] = $1 }
            END { print "-threshold=" t[1] "," t[2] "," t[3] }' table)
        [ "$(noisehist -target=$target "$FIXTURES/map.pam")" = "$want" ]
    done
    [ "$(noisehist -target=1,1,1 "$FIXTURES/gray.pam")" = -threshold=20 ]
    for target in 1,2,3 1,2,1 1,1,2; do
        fails_with 1 "-target=$target is for three colours; the map is gray" noisehist -target=$target "$FIXTURES/gray.pam"
    done
}

# ---- plots ----

@test "-plot draws PDF, PNG and SVG by the ending, and the table is printed too" {
    noisehist "$FIXTURES/map.pam" >want
    for ending in pdf png svg; do
        noisehist -plot="a plot.$ending" "$FIXTURES/map.pam" | cmp - want
    done
    [ "$(head -c 5 'a plot.pdf')" = %PDF- ]
    pngtopam 'a plot.png' >/dev/null
    grep -q '<svg' 'a plot.svg'
}

@test "the plot has its axes, a line for each colour, and marks" {
    noisehist -plot=x.svg -threshold=13 "$FIXTURES/map.pam" >table
    for text in threshold 'number of noisy pixels' red green blue; do grep -q ">$text<" x.svg; done
    noisehist -plot=y.svg "$FIXTURES/map.pam" >table
    [ "$(grep -c dasharray x.svg)" -gt "$(grep -c dasharray y.svg)" ]
}

@test "-log changes the plot and not the table" {
    noisehist -plot=linear.svg "$FIXTURES/map.pam" >linear
    noisehist -plot=log.svg -log "$FIXTURES/map.pam" >log
    same linear log
    ! cmp -s linear.svg log.svg
}

@test "-plot=- draws with characters in place of the table" {
    noisehist -plot=- -threshold=13 "$FIXTURES/map.pam" >drawing
    for text in threshold 'number of noisy pixels' red green blue; do grep -q "$text" drawing; done
    [ "$(wc -l <drawing)" -gt 15 ]
    ! grep -q "$(printf '\t')" drawing
}

@test "on a terminal -plot=- is as wide as it, and no higher" {
    command -v script >/dev/null || skip "script is not installed"
    for size in '72 20' '120 40'; do
        set -- $size
        script -qec "stty cols $1 rows $2; noisehist -plot=- '$FIXTURES/map.pam'" drawing >/dev/null </dev/null
        sed -e '1d;$d' -e 's/\x1b\[[0-9;]*m//g' drawing | tr -d '\r\f' >plain
        [ "$(wc -l <plain)" -le "$2" ]
        [ "$(awk 'length > most { most = length } END { print most + 0 }' plain)" -le "$1" ]
        [ "$(awk 'length > most { most = length } END { print most + 0 }' plain)" -ge $(($1 - 6)) ]
    done
}

@test "a plot may have any name" {
    name="-p \$x;'\"ü
.svg"
    noisehist -plot "$name" "$FIXTURES/map.pam" >table
    [ -s "./$name" ]
}

@test "a map without one noisy pixel can be drawn" {
    pam 3 3 3 255 0 >flat.pam
    for option in -range=5,30 -range=7,7 -log; do
        for plot in flat.svg -; do
            noisehist -plot=$plot $option flat.pam 2>messages >out
            [ ! -s messages ] && [ -s out ]
        done
    done
}

@test "the manual's examples run" {
    mkdir src
    for name in 0000 0001; do pamtopnm "$FIXTURES/stack/$name.pam" | pnmtopng -quiet >src/$name.png; done
    examples noisehist.1 >script
    sh -eu script
    [ -s noise.pdf ] && [ -s hot.pam ]
}
