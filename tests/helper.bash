# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests share; each .bats file loads it. A test runs in an empty directory of its own, with
# the programs of the build under test ($STACKPBM_BUILD, else build) first in PATH and nothing on
# standard input. A file that defines make_fixtures has it run once; what it makes lies in $FIXTURES.

set -o pipefail

setup_file() {
    export REPO BUILD SHARED FIXTURES
    REPO=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    BUILD=$(cd "$REPO" && cd "${STACKPBM_BUILD:-build}" && pwd)
    SHARED=${STACKPBM_SHARED:-$REPO/../shared}
    FIXTURES=$BATS_FILE_TMPDIR/fixtures
    [ -d "$BUILD/bin" ] || {
        echo "$BUILD/bin is missing: run make first" >&2
        return 1
    }
    export PATH="$BUILD/bin:$BUILD/tools:$PATH"
    export LC_ALL=C.UTF-8
    # What others run on the machine neither sees nor removes what the programs put there.
    export TMPDIR=$BATS_FILE_TMPDIR
    # A status that no program of ours ends with, so that a crash cannot pass for a refusal; and
    # memory that cannot be had is for the program to report.
    export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}:exitcode=99:allocator_may_return_null=1"
    export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}:exitcode=99"
    mkdir "$FIXTURES"
    if declare -F make_fixtures >/dev/null; then
        (cd "$FIXTURES" && make_fixtures)
    fi
}

setup() {
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    exec </dev/null
}

# shared NAME: sets $shared to that file or directory of the shared material, or skips the test.
shared() {
    # shellcheck disable=SC2034
    shared=$SHARED/$1
    [ -e "$shared" ] || skip "the shared material is not here: no $shared"
}

# sanitized: whether the build under test is one.
sanitized() {
    grep -q __asan_init "$BUILD/bin/noisemask"
}

# portable PROGRAM: makes build/bin/PROGRAM here, for the base instruction set alone.
portable() {
    local part
    # A tree of links, so that the one Makefile builds elsewhere.
    for part in cmd lib tests scripts man; do
        ln -s "$REPO/$part" $part
    done
    make -s -f "$REPO/Makefile" CPPFLAGS=-DSIMD_PORTABLE CFLAGS=-O1 "build/bin/$1"
}

# Skips a test of how good results are where the build is sanitized: it would take ten times as long to say the same.
figures() {
    ! sanitized || skip "figures are those of any build"
}

# ---- frames made from numbers, and numbers from frames ----

# pam WIDTH HEIGHT DEPTH MAXVAL SAMPLE...: a PAM on standard output, its samples row by row; when
# they run out they begin again from the first.
pam() {
    local width=$1 height=$2 depth=$3 maxval=$4 types=('' GRAYSCALE GRAYSCALE_ALPHA RGB RGB_ALPHA)
    shift 4
    printf 'P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n' \
        "$width" "$height" "$depth" "$maxval" "${types[depth]:-OTHER}"
    # shellcheck disable=SC2059
    printf "$(printf '%s\n' "$@" | awk -v n=$((width * height * depth)) -v wide=$((maxval > 255)) '
        { sample[NR - 1] = $1 }
        END {
            for (i = 0; i < n; i++) {
                v = sample[i % NR]
                if (wide)
                    printf "\\%03o", int(v / 256)
                printf "\\%03o", v % 256
            }
        }')"
}

# header KEY FILE: a field of a PAM header: WIDTH, HEIGHT, DEPTH, MAXVAL or TUPLTYPE.
header() {
    LC_ALL=C sed -n -e "s/^$1 //p" -e '/^ENDHDR$/q' "$2"
}

# raster FILE: what follows the header of a file that holds one PAM.
raster() {
    local width height depth wide=1
    width=$(header WIDTH "$1") height=$(header HEIGHT "$1") depth=$(header DEPTH "$1")
    [ "$(header MAXVAL "$1")" -le 255 ] || wide=2
    tail -c $((width * height * depth * wide)) "$1"
}

# samples FILE: the samples of a file that holds one PAM, on one line.
samples() {
    local wide=1
    [ "$(header MAXVAL "$1")" -le 255 ] || wide=2
    raster "$1" | od -An -v -w$wide --endian=big -tu$wide | tr -d ' ' | paste -sd ' '
}

# noisy MASK: "x y" of each pixel of a one-plane 8-bit PAM that is not 0, in row order.
noisy() {
    raster "$1" | od -An -v -w1 -tu1 | awk -v width="$(header WIDTH "$1")" '
        $1 > 0 { print (NR - 1) % width, int((NR - 1) / width) }'
}

# digital_negative FILE.dng PATTERN BLACK WHITE <MOSAIC: a raw file of the mosaic; PATTERN is rows of
# R, G, B with slashes between them.
digital_negative() {
    makedng -cfa="$2" -black="$3" -white="$4" - >"$1"
}

# ---- checks ----

same() {
    cmp -- "$1" "$2"
}

# matches PATTERN TEXT: as an extended pattern, in any case, a line's end as good as a blank.
matches() {
    local text="${2//$'\n'/ } "
    while [[ $text == *'  '* ]]; do
        text=${text//  / }
    done
    shopt -s nocasematch
    [[ $text =~ $1 ]] && shopt -u nocasematch && return
    shopt -u nocasematch
    printf 'this does not match "%s":\n%s\n' "$1" "$2"
    return 1
}

# said_by PROGRAM FILE: sets $said to the messages in FILE, without the program's name before each,
# which a pattern would else match.
said_by() {
    said=$'\n'$(<"$2")
    said=${said//$'\n'"${1##*/}: "/$'\n'}
    said=${said#$'\n'}
}

# fails_with STATUS PATTERN COMMAND...: the command ends with that status, writes nothing to
# standard output, and says on standard error what the pattern matches.
fails_with() {
    local wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    [ "$status" -eq "$wanted" ] || {
        printf 'status %s, not %s, of: %s\n' "$status" "$wanted" "$*"
        cat "$BATS_TEST_TMPDIR/err"
        return 1
    }
    [ ! -s "$BATS_TEST_TMPDIR/out" ] || {
        printf 'something is on standard output of: %s\n' "$*"
        return 1
    }
    said_by "$1" "$BATS_TEST_TMPDIR/err"
    matches "$pattern" "$said"
}

# says PATTERN COMMAND...: the command succeeds and says that on standard error; what it writes to
# standard output is in the file ./out.
says() {
    local pattern=$1
    shift
    "$@" >out 2>"$BATS_TEST_TMPDIR/err" || {
        printf 'status %s of: %s\n' $? "$*"
        cat "$BATS_TEST_TMPDIR/err"
        return 1
    }
    said_by "$1" "$BATS_TEST_TMPDIR/err"
    matches "$pattern" "$said"
}

# is_empty DIR: nothing is in it, not even a file left half written.
is_empty() {
    [ -z "$(ls -A "$1")" ] || {
        printf 'there is something in %s:\n' "$1"
        ls -lA "$1"
        return 1
    }
}

# peak COMMAND...: runs it and prints its peak memory in KiB; what it writes is dropped.
peak() {
    ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=0:thread_local_quarantine_size_kb=0 \
        peakmemory kib "$@" >/dev/null && cat kib
}

# ---- the examples of the manual ----

# examples PAGE: the commands of a manual page's EXAMPLES, as a script: its .Dl lines and the
# literal displays (.Bd -literal), as mandoc renders them.
examples() {
    awk '
        /^\.Sh / { wanted = $2 == "EXAMPLES"; next }
        !wanted { next }
        /^\.Bd -literal/ { literal = 1; next }
        /^\.Ed/ { literal = 0; next }
        literal { print; next }
        sub(/^\.Dl /, "") { print }' "$REPO/man/$1" | sed -e 's/\\&//g' -e 's/\\e/\\/g' -e 's/\\-/-/g' -e 's/\\(dq/"/g'
}
