#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# What goes wrong around a job: programs that die or stop, disks that fill, power that fails, files
# that are not what they seem.

# photographs: JPEG files with metadata in src.
photographs() {
    local i
    mkdir src
    for i in 1 2 3; do
        pamtopnm "$FIXTURES/made/000$i.pam" | pnmtojpeg >src/f$i.jpg
    done
}

# ---- programs that die or stop ----

@test "an exiftool that dies fails its frame, and the others are made" {
    photographs
    # The others get no metadata from this one.
    tool exiftool 'while IFS= read -r word; do' \
        'case $last in' '-tagsFromFile) case $(readlink "$word") in *f2.jpg) kill -KILL $$ ;; esac ;;' \
        '-echo) echo "$word" ;;' '-o) out=$word ;;' '-echo3) said=${word% *} ;;' 'esac' \
        '[ "$before" != -o ] || cp "$word" "$out"' '[ "$word" != -execute ] || echo "$said 0"' \
        'before=$last last=$word' 'done'
    for format in png tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" 'ref_idx = 0' BalanceFrames
        fails_with 1 'metadata of src/f2.jpg cannot be copied; "metadata = no".*frame f2: copy-metadata failed' \
            timeout 60 stackjob -q -k job
        [ "$(ls $format | tr -d '\n' | tr -s '.a-z' ' ')" = ' 1 3 ' ]
    done
}

# bats test_tags=all
@test "where the exiftool of a job does not start, or is killed before its work, frames get their metadata from others" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    photographs
    exiftool -q -overwrite_original -Artist=me src
    job 'StackJob t' 'input_path = src' 'Actions ready' 'ref_idx = 0' BalanceFrames
    for trouble in 'exit 1' 'kill -KILL $$' 'kill -KILL 0'; do
        tool pamtopng "case \$PWD in */exiftool) ${trouble/\$\$/\$PPID} ;; esac" "exec $(type -ap pamtopng | tail -n 1)"' "$@"'
        rm -rf ready .stackjob
        timeout -k 1 60 stackjob -q job
        [ "$(exiftool -q -s -s -s -Artist ready)" = "$(printf '%s\n' me me me)" ]
    done
}

@test "where stackjob and its workers are killed before its exiftool has started, that does not stay" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    photographs
    session_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 4; }
    tool pamtopng "case \$PWD in */exiftool) echo \$\$ >'$PWD/starting'; sleep 0.5 ;; esac" \
        "exec $(type -ap pamtopng | tail -n 1)"' "$@"'
    job 'StackJob t' 'input_path = src' 'Actions ready' 'ref_idx = 0' BalanceFrames
    STACKJOB_TEST=$BATS_TEST_TMPDIR stackjob -q job >/dev/null 2>&1 &
    until [ -s starting ]; do sleep 0.02; done
    session=$(session_of "$(cat starting)")
    for process in $(marked) $(marked); do
        [ "$(session_of "$process" 2>/dev/null)" = "$session" ] || kill -KILL "$process" 2>/dev/null || true
    done
    wait $! || true
    for _ in {1..100}; do
        [ -n "$(marked)" ] || break
        sleep 0.1
    done
    [ -z "$(marked)" ]
}

@test "TERM ends stackjob, and an exiftool that has stopped" {
    photographs
    tool exiftool 'kill -STOP $$'
    for load in 1 2; do
        job 'StackJob t' 'input_path = src' 'Actions ready' 'ref_idx = 0' BalanceFrames
        STACKJOB_TEST=$BATS_TEST_TMPDIR timeout -k 10 120 stackjob -q -j $load job 2>err &
        until grep -s -q '^State:.T' $(marked | sed 's|.*|/proc/&/status|'); do sleep 0.1; done
        kill -TERM $!
        status=0
        wait $! || status=$?
        [ "$status" -eq 143 ]
        for _ in {1..100}; do
            [ -n "$(marked)" ] || break
            sleep 0.1
        done
        [ -z "$(marked)" ] && [ ! -e ready ]
    done
}

@test "no name of a frame, a file or a word works the terminal or forges a message" {
    mkdir src
    pam 8 8 3 255 1 2 3 >src/good.pam
    echo broken >$'src/c\033[31m\nstackjob: all is well.pam'
    job 'StackJob t' 'input_path = src' $'NoiseDetection a\033b' 'Actions ready' 'ref_idx = 0' BalanceFrames $'Bad\033 word'
    for words in job $'no\033[31m\nfile' $'-j \033[31m job'; do
        # shellcheck disable=SC2086
        IFS=' ' stackjob -k $words >>out 2>>err || true
    done
    stackjob -j $'\033[31m' job >>out 2>>err || true
    sed -i '/Bad/d' job
    stackjob -v job >>out 2>>err || true
    sed -i '/Noise/d' job
    stackjob -v -k job >>out 2>>err || true
    LC_ALL=C grep -c '[[:cntrl:]]' out err t.log | grep -v ':0$' && false
    ! grep '^stackjob: all is well' out err t.log || false
    grep -F 'c\x1b[31m\nstackjob: all is well: framebalance failed' err
    grep -F '\x1b word' err
    grep -F 'NoiseDetection a\x1bb: noisedetect failed' err
}

@test "a worker that is killed is an error, status 1, told by name" {
    frames tiny
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' 'kill -KILL $$' >build/libexec/stackpbm/run-pipeline
    job 'StackJob t' 'input_path = src' NoiseDetection
    fails_with 1 'NoiseDetection noise-map: run-pipeline failed' build/bin/stackjob -q job
    plain_job
    for load in 1 2; do
        fails_with 1 'only 0 of 3 frames came back' build/bin/stackjob -q -j $load job
        ! grep -i arithmetic "$BATS_TEST_TMPDIR/err" || false
        [ ! -e ready ]
    done
}

@test "status 2 is for refusals of the programs alone" {
    frames tiny
    tool pamtotiff 'exit 2'
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = tiff'
    fails_with 1 'frame f1: pamtotiff failed \(status 1\)' stackjob -q -j 1 job
    # A run directory that is not as it should be.
    tool mktemp 'case $* in *.stackjob-*) mkdir -p ready/.stackjob-1/reports/x; echo ready/.stackjob-1 ;; *) exec /usr/bin/mktemp "$@" ;; esac'
    plain_job
    fails_with 1 'reports.*File exists' stackjob -q job
    rm -r tools
    # A tree that can only be read.
    mkdir small
    mount -t tmpfs -o size=1m tmpfs small 2>/dev/null || skip "no file system can be mounted here"
    cp -r src small/
    mkdir -p small/.stackjob/ready
    mount -o remount,ro small
    run fails_with 1 'cannot be (written|made)' stackjob -q -C small job
    umount small
    [ "$status" -eq 0 ]
}

@test "a relative TMPDIR is that of the directory where stackjob was called" {
    frames tiny
    mkdir temporary jobs
    mv src jobs/
    plain_job 'working_path = jobs'
    sed -i 's/^Actions/working_path = jobs\n&/; $d' job
    TMPDIR=temporary stackjob -q job
    [ -f jobs/ready/f1.pam ]
    is_empty temporary
}

@test "what a killed run left in TMPDIR the next one removes, and nothing else" {
    frames tiny
    mkdir temporary temporary/stackjob.mine temporary/stackjob.other0
    echo 'elsewhere 1 1' >temporary/stackjob.other0/owner
    plain_job
    tool cat 'case $* in *src*) sleep 60 ;; esac' 'exec /bin/cat "$@"'
    for load in 1 2; do
        STACKJOB_TEST=$BATS_TEST_TMPDIR TMPDIR=$PWD/temporary stackjob -q -j $load job >/dev/null 2>&1 &
        until [ -n "$(marked | xargs -r -I{} readlink /proc/{}/exe | grep sleep)" ]; do sleep 0.05; done
        # One that runs is left alone.
        job 'StackJob u' 'input_path = src' 'Actions no' 'enabled = no'
        TMPDIR=$PWD/temporary stackjob -q job
        [ "$(ls temporary | wc -l)" -gt 2 ]
        kill -KILL $!
        marked | xargs -r kill -KILL || true
        wait $! || true
        [ "$(ls temporary | wc -l)" -gt 2 ]
        TMPDIR=$PWD/temporary stackjob -q job
        [ "$(ls temporary | tr '\n' ' ')" = 'stackjob.mine stackjob.other0 ' ]
        plain_job
    done
}

@test "a full disk is called by its name, whoever writes; a summary that cannot be written fails" {
    photographs
    for format in png tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" 'ref_idx = 0' BalanceFrames
        [ $format != jpeg ] || echo 'channel = RGB' >>job
        (
            trap '' XFSZ
            ulimit -f 4
            stackjob -q job >/dev/null 2>err
        ) && false
        matches 'write error: File too large' "$(cat err)"
        ! grep 'metadata = no' err || false
        [ -z "$(find . -name '*.png' -o -name '*.tif' -o -name 'metadata.*')" ]
    done
    frames tiny
    plain_job 'pattern = *.pam'
    status=0
    stackjob job >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ]
    matches 'write error: No space left' "$(cat err)"
}

# ---- signals, and descriptors that lead nowhere ----

@test "whatever signal ends stackjob, no lock and no run directory stays" {
    frames tiny
    tool cat 'case $* in *src*) sleep 60 ;; esac' 'exec /bin/cat "$@"'
    mkdir temporary
    plain_job
    for signal in HUP INT QUIT PIPE ALRM TERM USR1 XCPU; do
        STACKJOB_TEST=$BATS_TEST_TMPDIR TMPDIR=$PWD/temporary env --default-signal stackjob -q job >/dev/null 2>err &
        until [ -n "$(marked | xargs -r -I{} readlink /proc/{}/exe | grep sleep)" ]; do sleep 0.05; done
        kill -$signal $!
        status=0
        wait $! || status=$?
        [ "$status" -eq $((128 + $(kill -l $signal))) ]
        [ -z "$(marked)" ] && [ ! -e ready ] && [ ! -e .stackjob/ready/lock ]
        is_empty temporary
    done
    [ "$(wc -l <err)" -eq 1 ]
}

@test "a reader of the progress that goes away ends stackjob without a trace" {
    frames tiny
    plain_job
    mkdir temporary
    set +o pipefail
    TMPDIR=$PWD/temporary env --default-signal stackjob job 2>&1 >/dev/null | true
    [ "${PIPESTATUS[0]}" -eq 141 ] || [ "${PIPESTATUS[0]}" -eq 0 ]
    [ ! -e .stackjob/ready/lock ]
    [ -z "$(find . -name '.stackjob-*')" ]
    is_empty temporary
}

@test "closed descriptors are as good as /dev/null" {
    frames tiny
    plain_job
    stackjob -q -f job >&-
    stackjob -q -f job 2>&-
    stackjob -f job >&- 2>&- <&-
    stackjob -q -f job <&-
    for i in 1 2 3; do same src/f$i.pam ready/f$i.pam; done
}

# ---- job files ----

@test "a job file may come through a pipe, and its lines may end with CR" {
    frames tiny
    plain_job
    stackjob -q /dev/stdin <job
    stackjob -q <(cat job)
    mkfifo fifo
    cat job >fifo &
    stackjob -q -f fifo
    tr '\n' '\r' <job >cr
    says 'all 3 frames are up to date' stackjob cr
    printf 'StackJob t\rinput_path = src\r\rActions a\rresample = 0\r' >cr
    fails_with 1 'cr:5: "0" is no value' stackjob cr
    fails_with 1 'is a directory' stackjob src
}

@test "a job file with NUL bytes is refused" {
    frames tiny
    printf 'StackJob t\ninput_path = s\0rc\nActions a\n' >job
    fails_with 1 'job has NUL bytes' stackjob job
}

# ---- what is done already ----

@test "a frame from the future is made once" {
    frames tiny
    plain_job
    touch -d 'next year' src/f2.pam
    stackjob -q job
    says 'all 3 frames are up to date' stackjob job
    touch -d '2 years' src/f2.pam
    says '1 frames to make, 2 up to date' stackjob job
}

@test "max_pixels decides whether, not what: raising it redoes nothing, lowering it refuses" {
    frames stack
    masked_job 'output_format = pam'
    sed -i '/^MaskNoise/a max_pixels = 500' job
    echo AlignFrames >>job
    stackjob -q job
    sed -i 's/^max_pixels.*/max_pixels = 0/' job
    says 'all 5 frames are up to date' stackjob job
    sed -i 's/^max_pixels.*/max_pixels = 3/' job
    untouched ready >before
    fails_with 2 'the limit is 3.*Actions ready: stopped' stackjob -q job
    untouched ready | diff before -
}

@test "with -f and -k a file that was never its own stays where its frame fails" {
    frames tiny
    plain_job 'ref_idx = 0'
    echo BalanceFrames >>job
    stackjob -q job
    mkdir mine
    echo mine | tee ready/f2.pam >mine/f2.pam
    head -c 100 "$FIXTURES/tiny/f2.pam" >src/f2.pam
    head -c 100 "$FIXTURES/tiny/f3.pam" >src/f3.pam
    fails_with 1 'frame f2: framebalance failed' stackjob -q -f -k job
    same mine/f2.pam ready/f2.pam
    [ ! -e ready/f3.pam ]
}

@test "results that differ only in case are refused where that is no difference" {
    frames tiny
    cp src/f1.pam src/F1.pam
    plain_job
    stackjob -q job
    rm -r ready
    # A directory that is found by a name in either case.
    tool mktemp 'made=$(/usr/bin/mktemp "$@")' 'case $made in
        */.stackjob-*) ln -s "${made##*/}" "${made%/*}/$(printf %s "${made##*/}" | tr a-zA-Z A-Za-z)" ;; esac' \
        'printf "%s\n" "$made"'
    fails_with 1 'F1.pam and f1.pam would be one file in ready' stackjob -q job
    [ -z "$(ls ready)" ]
    rm src/F1.pam
    stackjob -q job
}

# ---- disks that fill, power that fails ----

# bats test_tags=all
@test "a line of the journal that was cut short makes no result of stackjob foreign" {
    frames tiny
    plain_job
    stackjob -q job
    cp .stackjob/ready/journal whole
    line=$(tail -n 1 whole | wc -c)
    for missing in 1 2 5 11 14 30 45 $((line - 3)) $((line - 1)); do
        # Not in its place yet was the result that the last line tells of.
        rm "ready/$(tail -n 1 whole | cut -f 1)"
        head -c "-$missing" whole >.stackjob/ready/journal
        says '1 frames to make, 2 up to date' stackjob job
        says 'all 3 frames are up to date' stackjob job
        cp .stackjob/ready/journal whole
    done
    # What was there before is still known, too.
    printf '\n%s' "$(grep ^f1 whole | head -c 40)" >>.stackjob/ready/journal
    touch src/f2.pam
    says '1 frames to make, 2 up to date' stackjob job
    says 'all 3 frames are up to date' stackjob job
}

@test "an empty result, as a power cut may leave it, is made again" {
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames
    stackjob -q job
    contents ready >wanted
    : >ready/0001.pam
    : >ready/transforms.tsv
    says '1 frames to make, 4 up to date' stackjob job
    contents ready | diff wanted -
}

@test "frame and journal are on the disk before a result has its name" {
    frames tiny
    tool sync "echo \"sync \$*\" >>'$PWD/order'" 'exec /usr/bin/sync "$@"'
    tool mv "echo \"mv \$*\" >>'$PWD/order'" 'exec /bin/mv "$@"'
    plain_job
    stackjob -q job
    for i in 1 2 3; do
        awk -v i=$i '
            $0 ~ "^sync.*/f" i "\\.pam .*/journal$" { synced = 1 }
            $0 ~ "^mv .*-t ready .*/f" i "\\.pam" { moved = synced }
            END { exit !moved }' order
    done
    grep -A 1 '^sync.*/journal$' order | grep '^mv .*/\.stackjob/ready/journal$'
}
