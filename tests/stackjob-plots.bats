#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# Plots are results like frames: planned, made again where what they show has changed, never lost,
# never in the way of what is somebody's own. Here gnuplot writes the script that it gets.

setup() {
    mkdir "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/tools"
    cd "$BATS_TEST_TMPDIR/here" || return
    exec </dev/null
    printf '%s\n' '#!/bin/sh' 'script=$(cat "$@") || exit' 'plot=$(printf "%s\n" "$script" | sed -n "s/^set output .\(.*\).$/\1/p")' \
        'if [ -n "$plot" ]; then printf "%s\n" "$script" >"$plot"; else printf "%s\n" "$script"; fi' >"$BATS_TEST_TMPDIR/tools/gnuplot"
    chmod +x "$BATS_TEST_TMPDIR/tools/gnuplot"
    PATH=$BATS_TEST_TMPDIR/tools:$PATH
}

# plotting_job: one with all kinds of plots.
plotting_job() {
    job 'StackJob t' 'input_path = src' 'NoiseDetection noise' 'plot_histograms = yes' \
        'Actions ready' 'output_format = pam' AlignFrames 'plot_summary = yes' \
        BalanceFrames 'plot_summary = yes' 'plot_histograms = yes'
}

# bats test_tags=all
@test "plots that are done are not drawn again, those that are missing are" {
    frames stack
    plotting_job
    stackjob -q job
    [ "$(ls plots | tr '\n' ' ')" = 'noise-hot-pixels.pdf ready-align.pdf ready-balance.pdf ready-hist-0000.pdf ready-hist-0001.pdf ready-hist-0002.pdf ready-hist-0003.pdf ready-hist-0004.pdf ' ]
    untouched plots >before
    contents plots >wanted
    stackjob job 2>err
    untouched plots | diff before -
    ! grep plotted err || false
    for plot in noise-hot-pixels ready-align ready-balance ready-hist-0003; do
        rm plots/$plot.pdf
        : >plots/ready-hist-0001.pdf
        stackjob -q job
        contents plots | diff wanted -
    done
}

# bats test_tags=all
@test "frames of an interrupted run get their histograms, and no other frame is made again" {
    frames stack
    plotting_job
    stackjob -q job
    contents plots >wanted
    rm -r ready plots .stackjob/ready
    cp "$BATS_TEST_TMPDIR/tools/gnuplot" gnuplot
    # It is killed over the histograms of the last frame, or over the table's plot.
    for at in 'frame4\|0004' 'ready.*corrections'; do
        printf '%s\n' '#!/bin/sh' 'cat "$@" >'$PWD'/drawn' "if grep -q '$at' '$PWD/drawn'; then kill -KILL \$(cat '$PWD/victim'); sleep 60; fi" \
            "exec '$PWD/gnuplot' '$PWD/drawn'" >"$BATS_TEST_TMPDIR/tools/gnuplot"
        STACKJOB_TEST=$BATS_TEST_TMPDIR stackjob -q -j 1 job 2>/dev/null &
        echo $! >victim
        wait $! || true
        marked | xargs -r kill -KILL || true
        cp gnuplot "$BATS_TEST_TMPDIR/tools/gnuplot"
        ls ready/0*.pam >made || true
        stackjob job >summary
        made=$(wc -l <made)
        [ "$made" -eq 5 ] || grep -q "5 frames, $((5 - made)) made now" summary
        contents plots | diff wanted -
        rm -r ready plots .stackjob/ready
    done
}

# bats test_tags=all
@test "what a plot shows is what there is: another range, another threshold, other frames, other options" {
    frames stack
    plotting_job
    stackjob -q job
    redrawn() {
        contents plots >before
        stackjob -q job
        contents plots | diff before - | sed -n 's/^> .*\.\///p' | tr '\n' ' '
    }
    sed -i 's/^NoiseDetection.*/&\nplot_range = 3,33/' job
    [ "$(redrawn)" = 'noise-hot-pixels.pdf ' ]
    sed -i 's/^NoiseDetection.*/&\nchannel_thresholds = 9/' job
    [ "$(redrawn)" = 'noise-hot-pixels.pdf ' ]
    echo 'channel = RGB' >>job
    [[ $(redrawn) == 'ready-balance.pdf ready-hist-0000.pdf '* ]]
    cp src/0001.png src/0000.png
    [[ $(redrawn) == 'noise-hot-pixels.pdf ready-align.pdf ready-balance.pdf ready-hist-0000.pdf '* ]]
}

# bats test_tags=all
@test "a file of somebody's own is not overwritten by a plot without -f, and seen before anything runs" {
    frames stack
    mkdir plots
    for plot in noise-hot-pixels ready-align ready-balance ready-hist-0003; do
        echo mine >plots/$plot.pdf
        plotting_job
        fails_with 1 "plots/$plot.pdf was changed after stackjob wrote it, or was never its own" stackjob job
        [ "$(cat plots/$plot.pdf)" = mine ] && [ ! -e ready ] && [ ! -e noise ]
        fails_with 1 "plots/$plot.pdf was changed" stackjob -n job
        rm plots/$plot.pdf
    done
    echo mine >plots/ready-align.pdf
    stackjob -q -f job
    ! grep mine plots/ready-align.pdf || false
    stackjob -q job
    echo >>plots/ready-align.pdf
    fails_with 1 'plots/ready-align.pdf was changed' stackjob job
}

# bats test_tags=all
@test "plots that the job no longer makes go; where gnuplot is missing all stay" {
    frames stack
    plotting_job
    stackjob -q job
    echo mine >plots/ready-notes.pdf
    contents plots >wanted
    only_tools gnuplot
    PATH=$tools_only stackjob -q job 2>err
    grep -c 'gnuplot is not installed' err
    contents plots | diff wanted -
    stackjob job 2>err
    ! grep plotted err || false
    rm src/0004.png
    stackjob -q job
    [ ! -e plots/ready-hist-0004.pdf ]
    plotting_job
    sed -i -e 's/plot_summary = yes/plot_summary = no/' -e 's/plot_histograms = yes/plot_histograms = no/' job
    says 'removed plots/ready-align.pdf' stackjob job
    [ "$(ls plots)" = ready-notes.pdf ]
}

@test "two steps do not plot to one file" {
    frames stack
    mkdir other
    refused 'Actions ready: another step plots to .*/plots/ready-balance.pdf already' \
        'StackJob t' 'input_path = src' 'Actions ready' BalanceFrames 'plot_summary = yes' \
        'Actions ready' 'output_path = other' 'input_path = src' BalanceFrames 'plot_summary = yes'
}

@test "a plot that cannot be drawn leaves no part of one" {
    frames stack
    plotting_job
    stackjob -q job
    contents plots >wanted
    printf '%s\n' '#!/bin/sh' 'cat >/dev/null' 'echo half' 'exit 1' >"$BATS_TEST_TMPDIR/tools/gnuplot"
    touch src/*
    fails_with 1 'NoiseDetection noise: noisehist failed' stackjob -q job
    same <(grep noise wanted) <(contents plots | grep noise)
    sed -i '/^NoiseDetection/,/^Actions/{/plot/d}' job
    fails_with 1 'frame 000[0-4]: plot-histograms failed' stackjob -q job
    contents plots | diff <(grep -v noise wanted) -
    [ -z "$(find . -name '.stackjob-*')" ]
}

# transforms: a table of framealign of four frames: one turned by 30 degrees, twice as large and shifted by 3, -4; one in
# perspective; and two that are as they were.
transforms() {
    printf 'frame\tm11\tm12\tm13\tm21\tm22\tm23\tm31\tm32\tm33\terror\tscatter\tshare\tncc\n'
    printf 'f1\t1.7320508075688772\t-1\t3\t1\t1.7320508075688772\t-4\t0\t0\t1\t0.1\t0.2\t0.5\t0.75\n'
    printf 'f2\t1\t0\t0\t0\t1\t0\t0.01\t0\t1\t0.1\t0.2\t1\t1\n'
    printf '%s\t1\t0\t0\t0\t1\t0\t0\t0\t1\t0\t0\t1\t1\n' f3 f4
}

@test "the plot of an alignment shows shift of the centre, rotation and scale" {
    transforms >table
    "$BUILD/libexec/stackpbm/plot-align" title f2 101 51 table >plot
    # The centre is 50, 25: of f1 it comes to 2 (50 cos 30 - 25 sin 30) + 3, 2 (50 sin 30 + 25 cos 30) - 4; of f2 to
    # two thirds of it.
    diff <(sed -n '/^\$data/,/^EOD/p' plot) - <<'END'
$data << EOD
0 14.6025 64.3013 30 200 0.1 0.2 50 75
1 -16.6667 -8.33333 0 100 0.1 0.2 100 100
2 0 0 0 100 0 0 100 100
3 0 0 0 100 0 0 100 100
EOD
END
}

@test "the line of the reference stands at its frame" {
    rm "$BATS_TEST_TMPDIR/tools/gnuplot"
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    transforms >table
    printf 'frame\ty\nf1\t1.1\nf2\t1\nf3\t0.9\nf4\t0.8\n' >corrections
    for n in 1 2 3 4; do
        STACKJOB_TERMINAL='svg size 960,1000' "$BUILD/libexec/stackpbm/plot-align" title f$n 101 51 table >align.svg
        STACKJOB_TERMINAL='svg size 960,1000' "$BUILD/libexec/stackpbm/plot-balance" title f$n lumi corrections >balance.svg
        for plot in align balance; do
            # The marks of the first curve, one a frame, and the first line in the reference's grey.
            mark=$(grep -o "#gpPt6' transform='translate([0-9.]*" $plot.svg | sed -n "$n s/.*(//p")
            line=$(grep -o "rgb( 85,  85,  85)'[^>]*d='M[0-9.]*" $plot.svg | head -n 1 | sed 's/.*M//')
            echo "$plot, frame $n at $mark: $line"
            awk -v a="$mark" -v b="$line" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 0.01) }'
        done
    done
}
