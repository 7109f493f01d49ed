# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of stackjob share: frames, jobs, looks at directories and at what still runs.

make_fixtures() {
    # A stack of 8-bit frames with hot pixels, shifted and of different light.
    makestack -kind=easy -width=160 -height=120 -frames=5 -hot=12 -shift=2 -gain=0.1 made
    mkdir stack
    for frame in made/*.pam; do
        name=${frame##*/}
        pamtopng <"$frame" >"stack/${name%.pam}.png"
    done
    # Three tiny frames, for what does not depend on the picture.
    mkdir tiny
    for i in 1 2 3; do
        pam 8 8 3 255 10 20 30 40 "$i" >"tiny/f$i.pam"
    done
}

# A directory to run jobs in, with frames in src: those of the fixture NAME.
frames() {
    mkdir -p src
    cp "$FIXTURES/$1"/* src/
}

# job LINE...: writes the file job.
job() {
    printf '%s\n' "$@" >job
}

# The job most tests need: the noisy pixels of src found and repaired, to the directory ready. A report would take half
# of its time; report=yes before it asks for one.
masked_job() {
    job 'StackJob test' 'input_path = src' "report = ${report:-no}" NoiseDetection 'Actions ready' 'metadata = no' "$@" MaskNoise
}

# A job that only converts.
plain_job() {
    job 'StackJob test' 'input_path = src' "report = ${report:-no}" 'Actions ready' 'output_format = pam' "$@"
}

# refused PATTERN LINE...: the job of these lines ends with status 1 and that message, and nothing
# is made.
refused() {
    local pattern=$1
    shift
    job "$@"
    find . | sort >"$BATS_TEST_TMPDIR/before"
    fails_with 1 "$pattern" stackjob job
    find . | sort | diff "$BATS_TEST_TMPDIR/before" -
}

# What a directory holds, to compare with a later look: names, contents.
contents() {
    (cd "$1" && find . -type f -exec md5sum {} + | LC_ALL=C sort -k 2)
}

# Names, times and sizes: whether anything was touched.
untouched() {
    (cd "$1" && find . -type f -exec stat -c '%n %s %y %z' {} + | LC_ALL=C sort)
}

# The processes of this test's own runs, by a variable in their environment.
marked() {
    grep -lsz "^STACKJOB_TEST=$BATS_TEST_TMPDIR" /proc/[0-9]*/environ | cut -d/ -f3
}

# only_tools [NAME...]: sets $tools_only, a PATH of the programs under test and the system's, without
# camera converters and those named.
only_tools() {
    local tool
    tools_only=$BATS_TEST_TMPDIR/tools
    mkdir -p "$tools_only"
    ln -sf /usr/bin/* /bin/* "$tools_only/" 2>/dev/null || true
    for tool in dcraw_emu dcraw "$@"; do
        rm -f "$tools_only/$tool"
    done
    tools_only=$BUILD/bin:$tools_only
}

# with_framealign LINE...: a copy of the build in ./build, with a framealign of these lines of shell.
with_framealign() {
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' "case \$* in *-version*) exec '$BUILD/bin/framealign' -version ;; esac" "$@" >build/bin/framealign
}

# tool NAME LINE...: puts a program of these lines of shell first in PATH.
tool() {
    mkdir -p tools
    printf '%s\n' '#!/bin/sh' "${@:2}" >"tools/$1"
    chmod +x "tools/$1"
    [[ $PATH == "$PWD/tools:"* ]] || PATH=$PWD/tools:$PATH
}
