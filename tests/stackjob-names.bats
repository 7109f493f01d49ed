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
