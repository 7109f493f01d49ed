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

# tool NAME LINE...: puts a program of these lines of shell first in PATH.
tool() {
    mkdir -p tools
    printf '%s\n' '#!/bin/sh' "${@:2}" >"tools/$1"
    chmod +x "tools/$1"
    [[ $PATH == "$PWD/tools:"* ]] || PATH=$PWD/tools:$PATH
}

# ---- programs that die or stop ----

@test "an exiftool that dies fails its frame, and the others are made" {
    photographs
    tool exiftool 'read -r line <&3' "case \$(readlink /proc/\$\$/fd/3) in *f2.jpg) kill -KILL \$\$ ;; esac" \
        'exec cat'
    for format in png tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" 'ref_idx = 0' BalanceFrames
        fails_with 1 'metadata of src/f2.jpg cannot be copied; "metadata = no".*frame f2: copy-metadata failed' \
            timeout 60 stackjob -q -k job
        [ "$(ls $format | tr -d '\n' | tr -s '.a-z' ' ')" = ' 1 3 ' ]
    done
}

@test "TERM ends stackjob, and an exiftool that has stopped" {
    photographs
    tool exiftool 'kill -STOP $$'
    for load in 1 2; do
        job 'StackJob t' 'input_path = src' 'Actions ready' 'ref_idx = 0' BalanceFrames
        STACKJOB_TEST=$BATS_TEST_NAME timeout -k 1 120 stackjob -q -j $load job 2>err &
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
