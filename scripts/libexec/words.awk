# SPDX-License-Identifier: MIT
#
# What the programs say, in the words of the job file: where a message advises an option, the key
# that sets it, and "-option=value" as "key = value". Options of programs that a person is told to
# run by hand, as "noisehist -target=1000", have no key and stay. Where $STACKJOB_STREAM is a list of
# frames' paths that came on standard input one after the other, they are called by path.

BEGIN {
    count = split("threshold channel_thresholds statistic statistic maxframes max_frames blur blur_size " \
                  "mask noise_mask kernel kernel_size method method grow grow maxpixels max_pixels " \
                  "reference ref_idx model transform crop crop apply apply border border_mode " \
                  "bordervalue border_value borderblur border_blur channel channel curve corr_map " \
                  "masksize mask_size interval intensity_interval", word, " ")
    for (i = 1; i < count; i += 2)
        key[word[i]] = word[i + 1]
    stream = ENVIRON["STACKJOB_STREAM"]
    while (stream != "" && (getline line <stream) > 0)
        path[++frames] = line
}

{
    gsub(/(noisedetect|noisemask|framealign|framebalance)'s -/, "-")
    gsub(/name the frames as operands(, in the order of their focus)?/, "set step_process = yes")
    gsub(/without -direct/, "with step_process = yes")
    gsub(/leave out -direct/, "set step_process = yes")
    line = ""
    while (frames && match($0, /frame frame(-[0-9]+)?( \(standard input\))?/)) {
        found = substr($0, RSTART, RLENGTH)
        line = line substr($0, 1, RSTART - 1)
        $0 = substr($0, RSTART + RLENGTH)
        line = line file_of(found)
    }
    $0 = line $0
    line = ""
    while (match($0, /-[a-z]+=?/)) {
        line = line substr($0, 1, RSTART - 1)
        option = substr($0, RSTART, RLENGTH)
        $0 = substr($0, RSTART + RLENGTH)
        line = line words_for(option)
    }
    print line $0
}

# The first image on standard input is called frame, the others frame-2, frame-3 ...
function file_of(text,    number) {
    number = match(text, /-[0-9]+/) ? substr(text, RSTART + 1, RLENGTH - 1) + 0 : 1
    return number in path ? path[number] : text
}

# OPTION as the job file has it, or as it is: within a word, or no option of ours.
function words_for(option,    name) {
    name = substr(option, 2)
    sub(/=$/, "", name)
    if (line ~ /[^ (]$/ || $0 ~ /^[0-9A-Z_-]/ && option !~ /=$/)
        return option
    if (name == "direct")
        return "step_process = no"
    return name in key ? key[name] (option ~ /=$/ ? " = " : "") : option
}
