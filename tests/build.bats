#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How the programs are built.

load helper

@test "programs are position-independent, read-only after relocation, and check stack and buffers" {
    ! sanitized || skip "a sanitized build has its own checks"
    type readelf >/dev/null || skip "no readelf here"
    for program in framealign framebalance noisedetect noisehist noisemask; do
        readelf -hldW --dyn-syms "$BUILD/bin/$program" >elf
        for wanted in 'Type: *DYN' GNU_RELRO BIND_NOW __stack_chk_fail __fprintf_chk; do
            grep -q "$wanted" elf || {
                echo "$program is built without $wanted"
                return 1
            }
        done
    done
}
