#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How the programs are built.

load helper

@test "programs are position-independent, read-only after relocation, and check stack and buffers" {
    ! sanitized || skip "a sanitized build has its own checks"
    type readelf >/dev/null || skip "no readelf here"
    for program in framein framealign framebalance framefuse noisedetect noisehist noiselist noisemask; do
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
extern unsigned count, height, band_height, first, from, frames, i, at;
EOF
    found=0
    for header in "$REPO"/lib/*/*.h; do
        example "$header" >body
        [ -s body ] || continue
        found=$((found + 1))
        case $header in
        */deviation.h) declare='struct deviation *deviation; struct deviation_options options; struct frame frame; uint16_t *row;' ;;
        */excess.h) declare='struct excess *excess; const uint16_t *samples; int32_t *d; unsigned row, at;' ;;
        */energy.h) declare='struct energy *energy; float *detail; unsigned planes, width;' ;;
        */fuse.h) declare='struct frame frame, frames[2]; struct fuse_options options;' ;;
        */halving.h) declare='struct halving halving; struct image coarse;' ;;
        */rolling.h) declare='struct rolling rolling;' ;;
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
