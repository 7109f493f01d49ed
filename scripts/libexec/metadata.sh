#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# Metadata and colour profile of a frame's source for its result, by exiftool. Sourced by stackjob and
# by copy-metadata. TIFF and JPEG results exiftool edits. A PNG of tens of megabytes would cost it
# seconds (it sums every chunk up, in Perl): it edits a PNG of one pixel, the donor, and the donor's
# chunks go into the result behind its header.

# All tags but those that tell of the source's own pixels.
metadata_tags='-all:all
-icc_profile
--ExifImageWidth
--ExifImageHeight
--IFD1:all'

# make_donor DIR: DIR/donor.png, the PNG of one pixel.
make_donor() {
    printf 'P6\n1 1\n255\n\0\0\0' | pamtopng >"$1/donor.png"
}

# metadata_request SOURCE RESULT FORMAT: exiftool's arguments, a line each; for a PNG its result is
# RESULT.png. The names must be harmless: no dash at the beginning, no %.
metadata_request() {
    printf '%s\n' -m -tagsFromFile "$1" "$metadata_tags"
    if [ "$3" = png ]; then
        printf '%s\n' -o "$2.png" donor.png
    else
        printf '%s\n' -overwrite_original "$2"
    fi
}

# splice_png DONOR PNG: the chunks of DONOR but header, raster and end, into PNG behind its header.
splice_png() {
    spans=$(od -An -v -tu1 -w1 <"$1" | awk '
        NR <= 8 { next }
        { value = at < 4 ? value * 256 + $1 : value; type = at >= 4 && at < 8 ? type sprintf("%c", $1) : type }
        ++at == value + 12 {
            if (type == "IDAT") { before = begin; behind = NR }
            if (type == "IEND") last = begin
            begin = NR
            at = value = 0
            type = ""
        }
        END { if (behind && last) print before - 33, behind, last - behind }') || return
    [ -n "$spans" ] || return
    # shellcheck disable=SC2086
    set -- "$1" "$2" $spans
    {
        head -c 33 "$2" &&
            { head -c $((33 + $3)) "$1" | tail -c "$3"; } &&
            { head -c $(($4 + $5)) "$1" | tail -c "$5"; } &&
            tail -c +34 "$2"
    } >"$2.new" && mv -f -- "$2.new" "$2"
}
