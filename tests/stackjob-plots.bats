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
