#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How the programs are built.

load helper

@test "programs are position-independent, read-only after relocation, and check stack and buffers" {
    ! sanitized || skip "a sanitized build has its own checks"
    type readelf >/dev/null || skip "no readelf here"
    for program in framein framealign framebalance framefuse frameout noisedetect noisehist noiselist noisemask; do
        readelf -hldW --dyn-syms "$BUILD/bin/$program" >elf
        for wanted in 'Type: *DYN' GNU_RELRO BIND_NOW __stack_chk_fail __fprintf_chk; do
            grep -q "$wanted" elf || {
                echo "$program is built without $wanted"
                return 1
            }
        done
    done
}

# example HEADER: the C in its comments, that is each indented paragraph in which a line ends like a
# statement, in braces of its own.
example() {
    awk '
        function end() { if (code) print "{" text "}"; text = ""; code = 0 }
        /^ \*     / { text = text substr($0, 3) "\n"; if (/;$/) code = 1; next }
        { end() }
        END { end() }' "$1"
}

@test "the examples in the comments of headers compile" {
    cat >given.h <<'EOF'
#include <stdint.h>
void use();
void fill();
const unsigned char *rows();
extern char *const *operands;
extern unsigned count, height, band_height, first, end, from, frames, i, at;
EOF
    found=0
    for header in "$REPO"/lib/*/*.h; do
        example "$header" >body
        [ -s body ] || continue
        found=$((found + 1))
        case $header in
        */deviation.h) declare='struct deviation *deviation; struct deviation_options options; struct frame frame; uint16_t *row;' ;;
        */excess.h) declare='struct excess *excess; const uint16_t *samples; int32_t *d; unsigned row, at;' ;;
        */ahead.h) declare='struct input *in; struct frame frame; void check(struct frame *), work(struct frame *);' ;;
        */energy.h) declare='struct energy *energy; float *detail(unsigned); unsigned planes, width;' ;;
        */fuse.h) declare='struct frame frame, frames[2]; struct fuse_options options;' ;;
        */halving.h) declare='struct halving halving; struct image coarse;' ;;
        */rolling.h) declare='struct rolling rolling;' ;;
        */threads.h) declare='unsigned rows, bands; struct room { int x; } room[2]; void work(struct room *, unsigned, unsigned);' ;;
        */png_pieces.h) declare='unsigned row_bytes; void *file; void write_out(void *, const unsigned char *, size_t);' ;;
        */gauss.h) declare='struct gauss *blur; const uint16_t *samples; uint16_t *blurred; unsigned row;' ;;
        */leaveout.h) declare='struct leaveout *leaveout; uint16_t *size, *hot; unsigned row;' ;;
        */raw.h) declare='struct raw *raw; struct raw_look look; struct frame frame; FILE *file; char *error, *label; bool tiff, mosaic; unsigned char *row;' ;;
        */register.h) declare='struct pyramid pyramid, frame_pyramid; struct frame reference, frame; struct register_models models;' ;;
        *) declare= ;;
        esac
        {
            printf '#include "given.h"\n#include "%s"\nvoid example(void);\nvoid example(void) { %s\n' "${header##*/}" "$declare"
            cat body
            echo '}'
        } >example.c
        "${CC:-cc}" -std=c11 -Werror -Wall -Wno-uninitialized -Wno-maybe-uninitialized -fsyntax-only \
            -D_POSIX_C_SOURCE=200809L -I. $(printf -- '-I%s ' "$REPO"/lib/*/) example.c || {
            echo "the example of $header does not compile"
            return 1
        }
    done
    [ "$found" -ge 5 ]
}

# tested ARGUMENT...: scripts/test, as if no test were running: bats puts its parts first in PATH.
tested() {
    env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" TMPDIR="$BATS_TEST_TMPDIR" sh "$REPO/scripts/test" "$@" >out 2>&1
}

@test "scripts/test adds up its files, and leaves the exhaustive tests out unless all are wanted" {
    printf '%s\n' '@test "good" { true; }' '@test "no tool" { skip "here"; }' '# bats test_tags=all' '@test "long" { true; }' >one.bats
    printf '%s\n' '@test "ok bad" { false; }' '@test "better" { true; }' >two.bats
    tested "$BUILD" "$PWD/one.bats"
    [ "$(tail -n 1 out)" = '1 passed, 0 failed, 1 skipped' ]
    tested all "$BUILD" "$PWD/one.bats"
    [ "$(tail -n 1 out)" = '2 passed, 0 failed, 1 skipped' ]
    tested all "$BUILD" "$PWD/one.bats" "$PWD/two.bats" && false
    [ "$(tail -n 1 out)" = '3 passed, 1 failed, 1 skipped' ]
    grep -qx 'not ok [1-5] ok bad' out
    [ "$(sed -n 's/^.*ok \([1-5]\) .*/\1/p' out | paste -sd ' ')" = '1 2 3 4 5' ]
    tested "$BUILD" -f better "$PWD/one.bats" "$PWD/two.bats"
    [ "$(tail -n 1 out)" = '1 passed, 0 failed, 0 skipped' ]
}

@test "scripts/test fails where a test does not report, or nothing is tested" {
    printf '%s\n' '@test "good" { true; }' >one.bats
    tested "$BUILD" -f 'no such test' "$PWD/one.bats" && false
    matches 'ran 0 tests .*0 passed, 1 failed, 0 skipped *$' "$(cat out)"
    tested "$BUILD" "$PWD/absent.bats" && false
    matches '0 passed, 1 failed, 0 skipped *$' "$(cat out)"
    # A bats that is killed, and one whose tests are.
    printf '%s\n' '#!/bin/sh' 'printf "1..3\nok 1 good\n"' >bats
    chmod +x bats
    PATH=$PWD:$PATH
    tested "$BUILD" "$PWD/one.bats" && false
    matches '2 tests did not report 1 passed, 2 failed, 0 skipped *$' "$(cat out)"
    printf '%s\n' 'kill -KILL $$' >>bats
    sed -i 's/1\.\.3/1..1/' bats
    tested "$BUILD" "$PWD/one.bats" && false
    matches '1 passed, 1 failed, 0 skipped *$' "$(cat out)"
}
