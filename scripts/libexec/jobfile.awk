# SPDX-License-Identifier: MIT
#
# Reads the lines of a job file and writes what stackjob is to do, in order, into the directory
# $STACKJOB_PARSED: a file J for the J-th enabled StackJob, a file J.S for its S-th enabled step; each
# line a word, a blank and a value. Every error is reported with the line and what may stand there,
# and then the status is 1. $STACKJOB_FILE is the file's name for the messages.
#
# A path comes as two lines: "from WORKING_PATH", the directory that it is relative to, as the job
# file has it (empty: where the job file lies, or -C), and then the path itself.

BEGIN {
    file = ENVIRON["STACKJOB_FILE"]
    parsed = ENVIRON["STACKJOB_PARSED"]
    blocks = "StackJob NoiseDetection Actions MaskNoise AlignFrames BalanceFrames"

    keys("StackJob", "working_path path input_path path plot_path path raw_options raw enabled bool")
    keys("NoiseDetection", "input_path path working_path path max_frames count plot_path path " \
         "plot_histograms bool channel_thresholds levels blur_size odd statistic statistic " \
         "file_name file plot_range range pattern pattern raw_options raw output_path path enabled bool")
    keys("Actions", "input_path path output_path path working_path path plot_path path " \
         "pattern pattern resample count reverse_order bool ref_idx whole output_format format " \
         "jpeg_quality percent metadata bool raw_options raw enabled bool")
    keys("MaskNoise", "noise_mask path kernel_size kernel method method grow grow max_pixels whole enabled bool")
    keys("AlignFrames", "transform transform step_process bool crop bool border_mode border " \
         "border_value samples border_blur sigma apply path plot_summary bool enabled bool")
    keys("BalanceFrames", "channel channel corr_map curve mask_size positive intensity_interval " \
         "interval plot_histograms bool plot_summary bool enabled bool")

    words("statistic", "mean=mean persistent=persistent")
    words("format", "png=png pam=pam tiff=tiff tif=tiff jpeg=jpeg jpg=jpeg")
    words("method", "membrane=membrane INTERPOLATE_MEAN=mean INTERPOLATE_MEDIAN=median nearest=nearest " \
          "mean=mean median=median")
    words("transform", "auto=auto ALIGN_RIGID=similarity ALIGN_HOMOGRAPHY=homography shift=shift " \
          "similarity=similarity affine=affine homography=homography")
    words("border", "BORDER_REPLICATE_BLUR=blur BORDER_REPLICATE=replicate BORDER_CONSTANT=constant " \
          "blur=blur replicate=replicate constant=constant transparent=transparent")
    words("channel", "LUMI=lumi RGB=rgb HSV=hsv HLS=hls")
    words("curve", "LINEAR=linear GAMMA=gamma MATCH_HIST=match match=match")
    words("bool", "yes=yes no=no true=yes false=no on=yes off=no")
}

# keys(BLOCK, "KEY TYPE ..."): the keys of a block and the types of their values.
function keys(block, list,    part, n, i) {
    n = split(list, part, " ")
    for (i = 1; i < n; i += 2) {
        type[block, part[i]] = part[i + 1]
        known[block] = known[block] (i > 1 ? ", " : "") part[i]
    }
}

# words(TYPE, "WORD=MEANING ..."): the words that a value may be, in any case.
function words(kind, list,    part, n, i, pair) {
    n = split(list, part, " ")
    for (i = 1; i <= n; i++) {
        split(part[i], pair, "=")
        meaning[kind, tolower(pair[1])] = pair[2]
        choices[kind] = choices[kind] (i > 1 ? ", " : "") pair[1]
    }
}

function fail(text, allowed) {
    printf "stackjob: %s:%d: %s\n    %s\n", file, NR, text, line | "cat >&2"
    if (allowed != "")
        printf "  allowed here: %s\n", allowed | "cat >&2"
    failed = 1
}

# An error in a block as a whole, with the line that opened it.
function fail_block(b, text, allowed) {
    printf "stackjob: %s:%d: %s\n    %s\n", file, opened[b], text, opening[b] | "cat >&2"
    if (allowed != "")
        printf "  allowed here: %s\n", allowed | "cat >&2"
    failed = 1
}

NR == 1 { sub(/^\357\273\277/, "") }

{
    line = $0
    sub(/^[ \t]+/, "", line)
    sub(/[ \t]+$/, "", line)
}

line == "" || line ~ /^#/ { next }

line ~ /^[^ \t=]+[ \t]*=/ {
    key = value = line
    sub(/[ \t]*=.*/, "", key)
    sub(/^[^=]*=[ \t]*/, "", value)
    set_key(key, value)
    next
}

{
    word = name = line
    sub(/[ \t].*/, "", word)
    sub(/^[^ \t]+[ \t]*/, "", name)
    open_block(word, name)
}

# ---- blocks ----

function open_block(word, name) {
    skipping = 0
    if (index(" " blocks " ", " " word " ") == 0 || word ~ /=/) {
        skipping = 1
        fail("\"" word "\" is no block, and no \"key = value\" either", allowed_blocks())
    } else if (word == "StackJob")
        open_top(word, name)
    else if (!jobs) {
        skipping = 1
        fail(word " stands before any StackJob", "StackJob NAME")
    } else if (word == "NoiseDetection" || word == "Actions")
        open_top(word, name == "" && word == "NoiseDetection" ? "noise-map" : name)
    else
        open_sub(word, name)
}

function allowed_blocks() {
    if (!jobs)
        return "StackJob NAME"
    if (kind[step] != "Actions")
        return "StackJob NAME, NoiseDetection [NAME], Actions NAME" block_keys()
    return "StackJob NAME, NoiseDetection [NAME], Actions NAME, MaskNoise, AlignFrames, " \
           "BalanceFrames" block_keys()
}

function block_keys() {
    return current ? "; in " kind[current] ": " known[kind[current]] : ""
}

function open_top(word, name) {
    begin_block(word, name)
    step = current
    if (word == "StackJob")
        jobs++
    job[current] = jobs
    if (name == "")
        fail(word " needs a name", word " NAME")
    else if (name ~ /\// || name == "." || name == "..")
        fail("a name becomes part of file names: it holds no slash and is not \".\" or \"..\"")
    else if (length(name) > 200)
        fail("a name becomes part of file names: it has at most 200 bytes")
}

function open_sub(word, name) {
    if (kind[step] != "Actions") {
        skipping = 1
        fail(word " stands outside of Actions", allowed_blocks())
        return
    }
    begin_block(word, "")
    owner[current] = step
    if (name != "")
        fail(word " takes no name", word)
}

function begin_block(word, name) {
    current = ++count
    kind[current] = word
    title[current] = name
    opened[current] = NR
    opening[current] = line
}

# ---- keys and their values ----

function set_key(key, value,    what, where) {
    if (skipping)
        return
    if (!current) {
        fail("\"" key "\" stands before any StackJob", "StackJob NAME")
        return
    }
    where = kind[current]
    if (!((where, key) in type)) {
        fail("\"" key "\" is no key of " where, known[where])
        return
    }
    if ((current, key) in set && !(where == "NoiseDetection" && key == "input_path")) {
        fail("\"" key "\" is set twice in this " where)
        return
    }
    what = type[where, key]
    if (value == "")
        fail("\"" key "\" has no value", expected(what))
    else if (!valid(what, value))
        fail("\"" value "\" is no value for " key, expected(what))
    else {
        inputs[current] += key == "input_path"
        if (key == "input_path")
            input[current, inputs[current]] = value
        set[current, key] = result
    }
}

function expected(what) {
    if (what in choices)
        return choices[what]
    if (what == "path") return "a path"
    if (what == "count") return "a whole number from 1 on"
    if (what == "whole") return "a whole number from 0 on"
    if (what == "percent") return "a whole number from 1 to 100"
    if (what == "grow") return "a number of pixels from 0 to 50"
    if (what == "odd") return "an odd number from 1 to 999"
    if (what == "kernel") return "an odd number from 3 to 999"
    if (what == "sigma") return "a number of pixels from 0.5 to 10000"
    if (what == "positive") return "a number above 0"
    if (what == "levels") return "one number or three, each 0 to 255, as in 13,13,13"
    if (what == "range") return "two whole numbers MIN,MAX, 0 to 255, MIN below MAX, as in 5,30"
    if (what == "interval") return "two whole numbers MIN,MAX, 0 to 65535, MIN not above MAX; MAX -1: the maxval"
    if (what == "samples") return "one to four whole numbers from 0 to 65535, as in 0,0,0"
    if (what == "file") return "a file name without slash, of at most 200 bytes, that begins with no dot"
    if (what == "pattern") return "a shell pattern without slash, as in IMG_*"
    if (what == "raw") return "dcraw's options that choose no file: -a -A -b -C -f -g -h -H -k -m -n -o -q -r -S -t -w -W -4 -6"
    return ""
}

# valid(TYPE, VALUE): whether it is one; then RESULT is what the programs are told.
function valid(what, value,    part, n, i) {
    result = value
    if (what in choices) {
        if (!((what, tolower(value)) in meaning))
            return 0
        result = meaning[what, tolower(value)]
        return 1
    }
    if (what == "path")
        return 1
    if (what == "count")
        return whole(value, 1, 99999999)
    if (what == "whole")
        return whole(value, 0, 99999999)
    if (what == "percent")
        return whole(value, 1, 100)
    if (what == "grow")
        return whole(value, 0, 50)
    if (what == "odd")
        return whole(value, 1, 999) && value % 2 == 1
    if (what == "kernel")
        return whole(value, 3, 999) && value % 2 == 1
    if (what == "sigma")
        return real(value) && value + 0 >= 0.5 && value + 0 <= 10000
    if (what == "positive")
        return real(value) && value + 0 > 0
    if (what == "file")
        return value !~ /^\./ && value !~ /\// && length(value) <= 200
    if (what == "pattern")
        return value !~ /\//
    if (what == "raw")
        return raw_options(value)
    n = list(value, part)
    if (what == "levels") {
        if (n != 1 && n != 3)
            return 0
        for (i = 1; i <= n; i++)
            if (!real(part[i]) || part[i] > 255)
                return 0
    } else if (what == "samples") {
        if (n > 4)
            return 0
        for (i = 1; i <= n; i++)
            if (!whole(part[i], 0, 65535))
                return 0
    } else if (what == "range")
        return n == 2 && whole(part[1], 0, 255) && whole(part[2], 0, 255) && part[1] + 0 < part[2] + 0
    else if (what == "interval")
        return n == 2 && whole(part[1], 0, 65535) && \
               (part[2] == "-1" || whole(part[2], 0, 65535) && part[1] + 0 <= part[2] + 0)
    return n > 0
}

# The parts of a list as in "(13, 13, 13)"; RESULT is the list with commas alone.
function list(value, part,    n, i, text) {
    text = value
    if (text ~ /^\(.*\)$/ || text ~ /^\[.*\]$/)
        text = substr(text, 2, length(text) - 2)
    if (text ~ /,[ \t]*,/ || text ~ /^[ \t]*,/ || text ~ /,[ \t]*$/)
        return 0
    gsub(/[ \t]*,[ \t]*/, " ", text)
    n = split(text, part, " ")
    result = part[1]
    for (i = 2; i <= n; i++)
        result = result "," part[i]
    return n
}

function whole(text, min, max) {
    return text ~ /^[0-9]+$/ && length(text) <= 9 && text + 0 >= min && text + 0 <= max
}

function real(text) {
    return length(text) <= 20 && (text ~ /^[0-9]+\.?[0-9]*$/ || text ~ /^\.[0-9]+$/)
}

# Only options that name no file may reach dcraw: a job file must not make it write somewhere.
function raw_options(value,    part, n, i) {
    n = split(value, part, " ")
    result = part[1]
    for (i = 1; i <= n; i++) {
        if (part[i] !~ /^-[aAbCfghHkmnoqrStwW46]$/ && part[i] !~ /^-?[0-9]*\.?[0-9]+$/)
            return 0
        if (i > 1)
            result = result " " part[i]
    }
    return part[1] ~ /^-[a-zA-Z46]$/
}

# ---- what is to be done ----

function get(b, key, otherwise) {
    return (b, key) in set ? set[b, key] : otherwise
}

function enabled(b) {
    return get(b, "enabled", "yes") == "yes"
}

END {
    if (!jobs && !failed) {
        NR = NR ? NR : 1
        line = ""
        fail("there is no StackJob in this file", "StackJob NAME")
    }
    for (b = 1; b <= count; b++)
        check_block(b)
    if (failed) {
        close("cat >&2")
        exit 1
    }
    for (b = 1; b <= count; b++)
        if (kind[b] == "StackJob")
            write_job(b)
}

function crops(b) {
    return get(b, "crop", "no") == "yes"
}

function holds_opacity(actions) {
    return get(actions, "output_format", "png") != "jpeg"
}

# What an AlignFrames puts outside of a frame. With crop nothing is outside, and only what is asked
# for counts.
function border_mode(b) {
    return get(b, "border_mode", crops(b) ? "" : holds_opacity(owner[b]) ? "transparent" : "blur")
}

# Keys that have no effect beside the others of their block.
function check_block(b) {
    if (kind[b] == "AlignFrames") {
        if (border_mode(b) != "constant" && (b, "border_value") in set)
            fail_block(b, "border_value has no effect without border_mode = BORDER_CONSTANT")
        if (border_mode(b) != "blur" && (b, "border_blur") in set)
            fail_block(b, "border_blur has no effect without border_mode = BORDER_REPLICATE_BLUR")
        if ((b, "apply") in set && (b, "step_process") in set)
            fail_block(b, "step_process has no effect beside apply")
        if ((b, "apply") in set && (b, "transform") in set)
            fail_block(b, "transform has no effect beside apply")
        if (crops(b) && (b, "border_mode") in set && border_mode(b) != "transparent")
            fail_block(b, "border_mode has no effect with crop = yes, which leaves no border")
        if (border_mode(b) == "transparent" && !holds_opacity(owner[b]))
            fail_block(b, "border_mode = transparent needs an output_format other than jpeg")
    } else if (kind[b] == "MaskNoise") {
        if ((b, "kernel_size") in set && get(b, "method", "membrane") !~ /^(mean|median)$/)
            fail_block(b, "kernel_size has no effect without method = INTERPOLATE_MEAN or INTERPOLATE_MEDIAN")
    } else if (kind[b] == "BalanceFrames") {
        if (get(b, "corr_map", "linear") == "match" && (b, "intensity_interval") in set)
            fail_block(b, "intensity_interval has no effect with corr_map = MATCH_HIST")
    } else if (kind[b] == "Actions") {
        if (get(b, "output_format", "png") != "jpeg" && (b, "jpeg_quality") in set)
            fail_block(b, "jpeg_quality has no effect without output_format = jpeg")
    }
}

function write_job(b,    s, out, steps) {
    this_job = b
    last_actions = last_noise = 0
    if (!enabled(b)) {
        print title[b] >(parsed "/disabled")
        return
    }
    number++
    out = parsed "/" number
    print "name " title[b] >out
    print "working " get(b, "working_path", "") >out
    for (s = b + 1; s <= count && kind[s] != "StackJob"; s++)
        if ((kind[s] == "NoiseDetection" || kind[s] == "Actions") && enabled(s)) {
            out = parsed "/" number "." ++steps
            write_step(s, out)
            if (kind[s] == "NoiseDetection") {
                write_noise(s, out)
                last_noise = s
            } else {
                write_actions(s, out)
                last_actions = s
            }
            close(out)
        }
    out = parsed "/" number
    print "steps " steps + 0 >out
    close(out)
}

function working(b) {
    return get(b, "working_path", get(this_job, "working_path", ""))
}

function write_step(s, out) {
    print "kind " kind[s] >out
    print "name " title[s] >out
    print "line " opened[s] >out
    print "working " working(s) >out
    write_inputs(s, out)
    if ((s, "plot_path") in set)
        print "from " working(s) "\nplots " set[s, "plot_path"] >out
    else
        print "from " get(this_job, "working_path", "") "\nplots " get(this_job, "plot_path", "plots") >out
    print "pattern " get(s, "pattern", "*") >out
    print "raw_options " get(s, "raw_options", get(this_job, "raw_options", "-w -W -6 -t 0")) >out
}

# A step's own input; else the last enabled Actions' output; else the job's input; else the last
# NoiseDetection's.
function write_inputs(s, out,    i) {
    if (inputs[s])
        for (i = 1; i <= inputs[s]; i++)
            print "from " working(s) "\ninput " input[s, i] >out
    else if (last_actions)
        print "from " working(last_actions) "\ninput " output(last_actions) >out
    else if ((this_job, "input_path") in set)
        print "from " get(this_job, "working_path", "") "\ninput " set[this_job, "input_path"] >out
    else if (last_noise)
        for (i = 1; i <= inputs[last_noise]; i++)
            print "from " working(last_noise) "\ninput " input[last_noise, i] >out
}

function output(s) {
    return get(s, "output_path", title[s])
}

function write_noise(s, out,    statistic) {
    statistic = get(s, "statistic", "persistent")
    print "output " title[s] >out
    print "file_name " get(s, "file_name", "hot") >out
    print "max_frames " get(s, "max_frames", 0) >out
    print "plot " get(s, "plot_histograms", "no") >out
    print "plot_range " get(s, "plot_range", "5,30") >out
    print "thresholds " get(s, "channel_thresholds", statistic == "mean" ? "13,13,13" : "8,8,8") >out
    print "blur " get(s, "blur_size", 5) >out
    print "statistic " statistic >out
    if ((s, "output_path") in set)
        print "unused output_path" >out
}

function write_actions(s, out,    b) {
    print "output " output(s) >out
    print "resample " get(s, "resample", 1) >out
    print "reverse " get(s, "reverse_order", "no") >out
    print "ref_idx " get(s, "ref_idx", "") >out
    print "format " get(s, "output_format", "png") >out
    print "quality " get(s, "jpeg_quality", "") >out
    print "metadata " get(s, "metadata", "yes") >out
    for (b = s + 1; b <= count && owner[b] == s; b++)
        if (enabled(b)) {
            if (kind[b] == "MaskNoise") write_mask(b, working(s), out)
            if (kind[b] == "AlignFrames") write_align(b, working(s), out)
            if (kind[b] == "BalanceFrames") write_balance(b, out)
        }
}

# An option of the program, where the key is set.
function option(b, key, name, out) {
    if ((b, key) in set)
        print "option " name "=" set[b, key] >out
}

function write_mask(b, from, out) {
    print "stage noisemask" >out
    if ((b, "noise_mask") in set)
        print "from " from "\nmask " set[b, "noise_mask"] >out
    else if (last_noise)
        print "from " working(last_noise) "\nmask " title[last_noise] "/" \
              get(last_noise, "file_name", "hot") "-rgb.png" >out
    else
        print "from " from "\nmask noise-map/hot-rgb.png" >out
    option(b, "kernel_size", "-kernel", out)
    option(b, "method", "-method", out)
    option(b, "grow", "-grow", out)
    if (!((b, "grow") in set))
        print "grow by format" >out
    option(b, "max_pixels", "-maxpixels", out)
}

function write_align(b, from, out) {
    print "stage framealign" >out
    option(b, "transform", "-model", out)
    if ((b, "apply") in set)
        print "from " from "\napply " set[b, "apply"] >out
    else
        print (get(b, "step_process", "yes") == "yes" ? "together" : "direct") " yes" >out
    if (crops(b))
        print "crop yes" >out
    if (border_mode(b) == "blur" && !((b, "border_mode") in set))
        print "option -border=blur\nopaque yes" >out
    option(b, "border_mode", "-border", out)
    option(b, "border_value", "-bordervalue", out)
    option(b, "border_blur", "-borderblur", out)
    print "summary " get(b, "plot_summary", "no") >out
}

function write_balance(b, out) {
    print "stage framebalance" >out
    option(b, "channel", "-channel", out)
    option(b, "corr_map", "-curve", out)
    option(b, "mask_size", "-masksize", out)
    option(b, "intensity_interval", "-interval", out)
    print "histograms " get(b, "plot_histograms", "no") >out
    print "summary " get(b, "plot_summary", "no") >out
}
