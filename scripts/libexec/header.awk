# SPDX-License-Identifier: MIT
#
# The header of a PAM or PNM image: width, height, depth, maxval, and the bytes of the header (or
# "plain"), on one line. Stops reading behind it.

BEGIN { magic = "" }

{ bytes += length($0) + 1 }

magic == "" {
    magic = substr($0, 1, 2)
    if (magic !~ /^P[1-7]$/)
        exit 1
    plain = magic ~ /P[1-3]/
    $0 = substr($0, 3)
    need = magic == "P7" ? 0 : magic ~ /P[14]/ ? 2 : 3
}

magic == "P7" {
    if ($1 == "ENDHDR")
        finish(value["WIDTH"], value["HEIGHT"], value["DEPTH"], value["MAXVAL"])
    else if ($1 !~ /^#/)
        value[$1] = $2
    next
}

{
    sub(/#.*/, "")
    for (i = 1; i <= NF && n < need; i++)
        number[++n] = $i
    if (n == need)
        finish(number[1], number[2], magic ~ /P[36]/ ? 3 : 1, need == 2 ? 1 : number[3])
}

function finish(width, height, depth, maxval) {
    print width + 0, height + 0, depth + 0, maxval + 0, plain ? "plain" : bytes
    exit
}
