# SPDX-License-Identifier: MIT
#
# Which frames a step has, and in which order. Reads lines of an escaped path and 0, or 1 where an
# earlier step is still to make the file; the size and time of each of the others is a line of the
# file $STACKJOB_STATS. Writes a line a frame: number, path, size, time, name, result; and the
# reference frame's alone to the file $STACKJOB_REFERENCE. Refuses results that clash or whose names,
# or those of their histograms, which begin with $STACKJOB_HISTOGRAM where there are any, are too long.

BEGIN {
    FS = OFS = "\t"
    stats = ENVIRON["STACKJOB_STATS"]
    resample = ENVIRON["STACKJOB_RESAMPLE"]
    limit = ENVIRON["STACKJOB_MAX_FRAMES"]
    ending = ENVIRON["STACKJOB_ENDING"]
    histogram = ENVIRON["STACKJOB_HISTOGRAM"]
}

{
    size = time = "-"
    if ($2 == 0 && (getline stat <stats) > 0) {
        split(stat, part, "\t")
        size = part[1]
        time = part[2]
    }
    if ((NR - 1) % resample || limit && n == limit)
        next
    n++
    path[n] = $1 OFS size OFS time
    name = $1
    sub(/.*\//, "", name)
    sub(/\.[^.]*$/, "", name)
    result = name ending
    frame[n] = name OFS result
    if (ending != "" && result in taken)
        clash(taken[result], $1, result)
    else if (bytes(result) > 255)
        fail("the result of " $1 " would have a name of " bytes(result) " bytes; 255 are possible")
    if (histogram != "" && bytes(histogram name ".pdf") > 255)
        fail("the histograms of " $1 " would have a name of " bytes(histogram name ".pdf") \
             " bytes; 255 are possible: plot_histograms = no, or shorter names")
    taken[result] = $1
}

# As a rule all frames are there twice, as raw file and as JPEG: told once.
function clash(one, other, result) {
    if (clashes++)
        return
    clashing = one " and " other " would both become " result
    sub(/.*\./, "", other)
    sub(/.*\./, "", one)
    proposal = one == other ? "a pattern that only one of them matches" : "\"pattern = *." one "\" or \"pattern = *." other "\""
}

function fail(text) {
    print "stackjob: " ENVIRON["STACKJOB_STEP"] ": " text | "cat >&2"
    failed = 1
}

# The length of an escaped text without its escapes.
function bytes(text) {
    gsub(/\\./, "x", text)
    return length(text)
}

END {
    if (clashes)
        fail(clashing (clashes > 1 ? ", and " clashes - 1 " more such pairs" : "") \
             ". Set " proposal " in this step, or give them directories of their own")
    wanted = ENVIRON["STACKJOB_REF_IDX"]
    if (wanted != "" && wanted >= n)
        fail("ref_idx = " wanted ", but there are " n " frames: 0 to " n - 1)
    if (failed) {
        close("cat >&2")
        exit 1
    }
    wanted = wanted == "" ? int(n / 2) : wanted + 0
    for (i = 1; i <= n; i++) {
        k = ENVIRON["STACKJOB_REVERSE"] == "yes" ? n + 1 - i : i
        print i, path[k], frame[k]
        if (i == wanted + 1)
            print i, path[k], frame[k] >ENVIRON["STACKJOB_REFERENCE"]
    }
}
