# SPDX-License-Identifier: MIT
#
# awk -f links.awk TABLE: from a table of transforms from a reference's pixels to each frame's, in the
# stack's order, makes a table of links: from the pixels of the frame before to the frame's own. The
# first frame has none; "failed" if either frame has no transform.

BEGIN {
    FS = OFS = "\t"
    print "frame", "m11", "m12", "m13", "m21", "m22", "m23", "m31", "m32", "m33", "error", "scatter", "share", "ncc"
}

FNR == 1 { next }

# The inverse of the frame before, up to a factor, in b.
FNR > 2 {
    if (before == "failed" || $2 == "failed") {
        print $1, "failed"
    } else {
        b[1] = m[5] * m[9] - m[6] * m[8]; b[2] = m[3] * m[8] - m[2] * m[9]; b[3] = m[2] * m[6] - m[3] * m[5]
        b[4] = m[6] * m[7] - m[4] * m[9]; b[5] = m[1] * m[9] - m[3] * m[7]; b[6] = m[3] * m[4] - m[1] * m[6]
        b[7] = m[4] * m[8] - m[5] * m[7]; b[8] = m[2] * m[7] - m[1] * m[8]; b[9] = m[1] * m[5] - m[2] * m[4]
        for (i = 0; i < 3; i++)
            for (j = 1; j <= 3; j++)
                link[3 * i + j] = $(3 * i + 2) * b[j] + $(3 * i + 3) * b[j + 3] + $(3 * i + 4) * b[j + 6]
        line = $1
        for (i = 1; i <= 9; i++)
            line = line OFS sprintf("%.15g", link[i] / link[9])
        print line, 0, 0, 1, 1
    }
}

{
    before = $2
    for (i = 1; i <= 9; i++)
        m[i] = $(i + 1)
}
