# SPDX-License-Identifier: MIT
#
# awk -v width=W -v height=H -f alignerror.awk TRUTH FOUND: two tables of transforms as framealign
# -save writes them; for each frame of FOUND its name, the RMS distance in pixels between the two
# transforms over a 9x9 grid that spans a W x H frame, and the predicted error; "failed" in place of
# both where FOUND has none, "wrong" for the distance where only TRUTH has none.

BEGIN { FS = "\t" }

FNR == 1 { next }

NR == FNR { truth[$1] = $0; next }

$2 == "failed" { print $1, "failed", "failed"; next }

{
    if (split(truth[$1], m, FS) < 10) {
        print $1, "wrong", $11
        next
    }
    sum = 0
    for (i = 0; i < 9; i++)
        for (j = 0; j < 9; j++) {
            x = (width - 1) * j / 8
            y = (height - 1) * i / 8
            a = m[8] * x + m[9] * y + m[10]
            b = $8 * x + $9 * y + $10
            dx = (m[2] * x + m[3] * y + m[4]) / a - ($2 * x + $3 * y + $4) / b
            dy = (m[5] * x + m[6] * y + m[7]) / a - ($5 * x + $6 * y + $7) / b
            sum += dx * dx + dy * dy
        }
    printf "%s %.5f %s\n", $1, sqrt(sum / 81), $11
}
