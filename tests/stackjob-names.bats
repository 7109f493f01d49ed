#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# No name and no folder runs a command, writes elsewhere or takes what another job made. What a name would run is
# "touch CANARY".

make_fixtures() {
    local i
    mkdir tiny
    for i in 1 2 3; do
        pam 8 8 3 255 $((100 + i)) 120 130 >"tiny/f$i.pam"
    done
    pamtopng tiny/f1.pam >one.png
    pamtopng tiny/f2.pam >two.png
    pamtopnm tiny/f1.pam | pnmtojpeg >one.jpg
}

nothing_ran() {
    [ -z "$(find "$BATS_TEST_TMPDIR" -name CANARY)" ]
}

@test "exiftool runs no configuration of the folder" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    mkdir src
    cp "$FIXTURES/one.jpg" src/1.jpg
    cp "$FIXTURES/one.jpg" src/2.jpg
    echo 'system("touch CANARY"); 1;' >.ExifTool_config
    cp .ExifTool_config src/
    env -u HOME exiftool -ver
    [ -e CANARY ]
    rm CANARY
    job 'StackJob t' 'input_path = src' 'Actions ready' BalanceFrames 'FocusStack fused' 'output_format = tiff'
    env -u HOME stackjob -n job >script
    env -u HOME sh script
    rm -r ready fused
    env -u HOME stackjob -q job
    nothing_ran
}

@test "raw_options with a number too many, which would be a file, or too few are refused" {
    frames tiny
    for options in '-w 1' '-o 1 2' '-b 1 7' '-6 -W 3' '-C 1' '-g 2.2' '-A 1 2 3' '-r 1 1 1 1 1' '-o 7' '-o 10' '-o x' '-k -1' '-K 5' \
        '-b' '1' '-w 0000.dng' '-t' '-b .5' '-q 0x1'; do
        refused "\"$options\" is no value for raw_options .*each with its numbers" 'StackJob a' 'Actions b' "raw_options = $options"
    done
    for options in '-w -W -6 -t 0' '-a -f -h -4' '-b 1.5 -H 2 -k 100 -m 3 -n 50. -o 6 -q 3 -S 4000 -t 5' '-C 1.0 0.9 -g 2.4 12.9' \
        '-A 1 2 3 4 -r 2 1 1.5 1'; do
        job 'StackJob a' 'input_path = src' 'Actions b' "raw_options = $options"
        stackjob -n job >/dev/null
    done
}
