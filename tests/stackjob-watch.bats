#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# stackjob -w: a stack that is still being taken.

load helper
load stackjob

# A job whose frames can be made one by one.
live_job() {
    noisedetect -quiet "$FIXTURES"/made/*.pam >hot.pam
    job 'StackJob test' 'input_path = src' 'report = no' 'Actions ready' 'ref_idx = 0' MaskNoise 'noise_mask = hot.pam' \
        AlignFrames 'step_process = no' BalanceFrames "$@"
    mkdir -p src
}

# watch ARGUMENT...: stackjob -w in the background: its process in $watcher, what it says in err.
watch() {
    STACKJOB_TEST=$BATS_TEST_TMPDIR env --default-signal stackjob "$@" job >out 2>>err &
    watcher=$!
}

# until_there COMMAND...: waits for it to succeed, not forever.
until_there() {
    local i
    for ((i = 0; i < 600; i++)); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.1
    done
    cat err
    echo "this did not come true: $*"
    return 1
}

take() {
    cp "$FIXTURES/stack/$1.png" src/
}

# The frames in ready are those that an ordinary run makes.
as_an_ordinary_run() {
    contents ready | grep png >watched
    rm -rf ready bunches fused .stackjob
    stackjob -q job 2>messages
    contents ready | grep png | diff watched -
}

# bats test_tags=all
@test "each result is there before the next frame comes, and all are those of an ordinary run" {
    live_job 'FocusStackBunch bunches' 'frames = 2' 'overlap = 0' 'FocusStack fused' 'input_path = ready'
    watch -w
    until_there grep 'watching .*/src until .*/test.end is there' err
    for i in 0 1 2 3 4; do
        take 000$i
        until_there [ -f ready/000$i.png ]
        ((i % 2 == 0)) || until_there [ -f bunches/test-00$(((i + 1) / 2)).png ]
    done
    [ ! -e fused ] && [ ! -e bunches/test-003.png ] && kill -0 $watcher
    touch test.end
    wait $watcher
    [ -f fused/test.png ] && [ -f bunches/test-003.png ] && [ ! -e test.end ]
    grep 'the stack is complete: .*/test.end is there' err
    grep 'Actions ready: 5 frames$' out
    [ "$(grep -c '>ready/.stackjob-.*/frames-.*png$' test.log)" -eq 5 ]
    as_an_ordinary_run
}

# bats test_tags=all
@test "without inotifywait it looks by itself" {
    live_job
    only_tools inotifywait
    PATH=$tools_only watch -w
    take 0000
    until_there [ -f ready/0000.png ]
    touch test.end
    wait $watcher
}

# bats test_tags=all
@test "a file on its way is left alone; one that failed is tried again when it has changed" {
    live_job
    take 0000
    head -c 9000 "$FIXTURES/stack/0001.png" >src/0001.png
    watch -w
    until_there [ -f ready/0000.png ]
    # Still for so long, it counts as it is.
    until_there grep 'frame 0001: .* failed' err
    [ "$(grep -c 'frame 0001: ' err)" -eq 1 ]
    take 0002
    until_there [ -f ready/0002.png ]
    [ "$(grep -c 'frame 0001: ' err)" -eq 1 ] && [ ! -e ready/0001.png ]
    take 0001
    until_there [ -f ready/0001.png ]
    touch test.end
    wait $watcher
    [ "$(ls ready/*.png | wc -l)" -eq 3 ]
}

# bats test_tags=all
@test "what grows is not taken before it is whole" {
    live_job
    tiff=$(printf '%s\n' "$FIXTURES"/made/0000.pam)
    take 0000
    pamtotiff -quiet -truecolor "$tiff" >whole.tif
    pamtopnm "$tiff" | pnmtojpeg >whole.jpg
    watch -w
    until_there [ -f ready/0000.png ]
    for ((part = 1; part <= 8; part++)); do
        for grows in whole.tif:0007.tif whole.jpg:0008.jpg; do
            size=$(stat -c %s ${grows%:*})
            head -c $((size * part / 8)) ${grows%:*} | tail -c +$((size * (part - 1) / 8 + 1)) >>src/${grows#*:}
        done
        sleep 0.7
    done
    until_there [ -f ready/0007.png ]
    until_there [ -f ready/0008.png ]
    ! grep 'frame 000[78]' err || false
    touch test.end
    wait $watcher
}

# bats test_tags=all
@test "killed in the middle and started again nothing is made twice and nothing is lost" {
    live_job
    watch -w
    for i in 0 1; do
        take 000$i
        until_there [ -f ready/000$i.png ]
    done
    take 0002
    for _ in 1 2 3; do
        marked | xargs -r kill -KILL 2>/dev/null || true
        sleep 0.2
    done
    wait $watcher || true
    untouched ready | grep '^./000' >before
    take 0003
    watch -w
    take 0004
    until_there [ -f ready/0004.png ]
    touch test.end
    wait $watcher
    untouched ready | grep '^./000' | comm -23 before - >changed
    diff changed /dev/null
    [ "$(ls ready/*.png | wc -l)" -eq 5 ]
    as_an_ordinary_run
}

@test "SIGINT says that the stack is complete; what is at work is not lost" {
    live_job 'FocusStack fused'
    watch -w
    take 0000
    take 0001
    until_there [ -f ready/0000.png ]
    kill -INT $watcher
    wait $watcher
    grep 'the stack is complete: ^C' err
    [ -f ready/0001.png ] && [ -f fused/test.png ]
}

@test "TERM ends it, with all that it started" {
    live_job
    watch -w
    take 0000
    until_there [ -f ready/0000.png ]
    kill -TERM $watcher
    status=0
    wait $watcher || status=$?
    [ $status -eq 143 ]
    until_there [ -z "$(marked)" ]
    [ -z "$(find . -name lock)" ]
}

@test "-w SECONDS ends where no frame has come for so long" {
    live_job
    take 0000
    watch -w 2
    until_there [ -f ready/0000.png ]
    wait $watcher
    grep 'the stack is complete: no frame came for 2 s' err
    fails_with 1 'a whole number of seconds from 1' stackjob -w 0 job
}

# bats test_tags=all
@test "what needs the whole stack waits, and says why" {
    frames stack
    job 'StackJob test' 'input_path = src' 'report = no' NoiseDetection 'Actions masked' MaskNoise \
        'Actions aligned' AlignFrames 'Actions balanced' 'input_path = src' BalanceFrames 'FocusStackBunch last' 'input_path = balanced'
    watch -w
    until_there grep 'Actions masked: waits for the whole stack: the mask noise-map/hot-rgb.png is not there yet' err
    until_there grep 'Actions aligned: waits for the whole stack: its frames come from a step that does' err
    until_there grep 'Actions balanced: waits for the whole stack: the reference is the middle frame; ref_idx' err
    [ ! -e masked ] && [ ! -e aligned ] && [ ! -e balanced ]
    touch test.end
    wait $watcher
    [ -f noise-map/hot-rgb.png ] && [ -f aligned/0004.png ] && [ -f last/test-001.png ]
    [ "$(grep -c 'waits for' err)" -eq 4 ]
    # Now that there is a mask, masked does not wait.
    : >err
    cp src/0004.png src/0005.png
    watch -w
    until_there [ -f masked/0005.png ]
    until_there grep 'Actions aligned: waits for the whole stack: AlignFrames compares all frames' err
    touch test.end
    wait $watcher
}

@test "what contradicts -w, and what is wrong from the start" {
    live_job
    for other in -n -f; do
        fails_with 1 '-w makes what is not there yet: -n and -f contradict it' stackjob -w $other job
    done
    # The first number is the seconds, and only one job file is taken.
    fails_with 1 '^7: there is no such file' stackjob -w 5 7
    fails_with 1 'one job file at a time' stackjob -w job 5 other
    fails_with 1 'one job file at a time' stackjob -w 5 7 job
    fails_with 1 'the mask none.pam is not there' stackjob -w <(sed 's/hot.pam/none.pam/' job)
    sed 's/StackJob test/StackJob other/' job >two
    cat job >>two
    fails_with 1 'one job can be watched at a time; two has 2' stackjob -w two
    rmdir src
    fails_with 1 'the input path src is no directory' stackjob -w job
    printf '%s\n' 'StackJob test' 'input_path = dark' NoiseDetection >noise
    mkdir dark
    fails_with 1 '-w: no step of this job takes frames from a directory' stackjob -w noise
}
