# SPDX-License-Identifier: MIT
#
# What is to be done of a step. Reads three files: what lies in the output directory (name, size,
# time), the step's journal (result, key, size and time of the input, size and time of the result,
# ...) and the frames (number, path, size, time, name, result and, where it is not $STACKJOB_KEY, the
# key that the result should have). Writes a line a frame: "make", "done" or "foreign", the frame's
# six fields, the reason. Own unchanged results that no frame has go to the file $STACKJOB_STALE.

BEGIN {
    FS = OFS = "\t"
    force = ENVIRON["STACKJOB_FORCE"]
    other = ENVIRON["STACKJOB_OTHER"]
}

# In an empty file, as a power cut may leave it, there is nothing to lose.
FILENAME == ARGV[1] { if ($2 > 0) there[$1] = $2 OFS $3; next }

# A line that is not whole, where the disk was full or the power failed, says nothing.
FILENAME == ARGV[2] && NF < 6 { next }

FILENAME == ARGV[2] {
    key[$1, $5, $6] = $2
    input[$1, $5, $6] = $3 OFS $4
    next
}

{
    planned[$6] = 1
    print verdict($6, $3, $4, NF > 6 ? $7 : ENVIRON["STACKJOB_KEY"]), $1, $2, $3, $4, $5, $6, reason
}

function verdict(result, size, time, wanted,    stat, id) {
    reason = "new"
    if (!(result in there))
        return "make"
    split(there[result], stat, OFS)
    id = result SUBSEP stat[1] SUBSEP stat[2]
    reason = "changed by hand or never its own"
    if (!(id in key))
        return force ? "make" : "foreign"
    reason = "all is done again"
    if (force)
        return "make"
    reason = size == "-" || time > stat[2] ? "older than its input" : "its input has changed"
    if (input[id] != size OFS time)
        return "make"
    reason = other
    if (key[id] != wanted)
        return "make"
    reason = "-"
    return "done"
}

END {
    for (name in there) {
        split(there[name], stat, OFS)
        if (!(name in planned) && (name SUBSEP stat[1] SUBSEP stat[2]) in key)
            print name >ENVIRON["STACKJOB_STALE"]
    }
}
