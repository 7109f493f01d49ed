# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The pipelines of an Actions, as text. Sourced by stackjob. Reads the step, its frames and sub-actions (see
# actions.sh), and of the pass engine.sh's run_numbers.
#
# A run of frames goes through one pipeline as a stream; its last program writes a file a frame. A frame alone
# goes from file to file. Both make the same of a frame.

# ---- runs ----

# make_runs LENGTH WHY NUMBER...: divides the frames into runs of at most that length, of one way in each, and writes
# a job for each run, or prints it: sets run_order and run_numbers, and where it prints, stage_runs[K], the runs whose
# pipelines write the table of the K-th sub-action. Reads pass[].
make_runs() {
    local most=$1 why=$2 number way
    local -A waiting=() counts=()
    run_order=() run_numbers=()
    step[away]=${step[transfer]}
    for number in "${@:3}"; do
        way=${frame_way[number]}
        waiting[$way]+="$number "
        counts[$way]=$((${counts[$way]-0} + 1))
        ((counts[$way] < most)) || { add_run "$why" "${waiting[$way]}" && waiting[$way]='' counts[$way]=0; }
    done
    for way in native jpeg tiff raw; do
        [[ ! ${waiting[$way]-} ]] || add_run "$why" "${waiting[$way]}"
    done
    step[away]=''
    [[ ${option[preview]-} ]] || { ((${#run_order[@]} == 0)) || printf '%s\n' "${run_order[@]}"; } >"${step[run]}/list"
}

# run_length COUNT: how many of so many frames one pipeline takes: all runs are busy to the end where each place
# gets the same number of runs of the same length. At most 16, and no more than 128 MiB of samples, but at least two.
run_length() {
    local most=4 places rounds k
    places=${engine[slots]:-$(nproc 2>/dev/null || echo 1)}
    if [[ ${step[maxval]-} ]]; then
        most=$(((128 << 20) / (step[width] * step[height] * step[depth] * (step[maxval] > 255 ? 2 : 1) + 1)))
        ((most <= 16)) || most=16
        ((most >= 2)) || most=2
    fi
    # gnuplot draws a frame's histograms while the frame is made.
    for k in "${!stage_histograms[@]}"; do
        ((k < step[begun] || k > pass[last])) || most=1
    done
    rounds=$((($1 + places * most - 1) / (places * most)))
    REPLY=1
    ((rounds == 0)) || REPLY=$((($1 + places * rounds - 1) / (places * rounds)))
}

# add_run WHY "NUMBER ..."
add_run() {
    local run numbers number pieces
    # shellcheck disable=SC2206
    numbers=($2)
    run=${pass[purpose]}-${pass[last]}-${numbers[0]}
    run_order+=("$run")
    run_numbers[$run]=$2
    compose "${pass[purpose]}" "${pass[last]}" "$run" "${numbers[@]}"
    if [[ ${option[preview]-} ]]; then
        for ((number = step[begun]; number <= pass[last]; number++)); do
            stage_runs[number]+=" $run"
        done
        for number in "${numbers[@]}"; do
            show_reason "${frame_name[number]}: ${1:-${frame_reason[number]}}"
        done
        show_pieces "${pieces[@]}"
        return
    fi
    [[ ! ${step[away]-} ]] || link_inputs "$run" "${numbers[@]}"
    write_job "$run" "${pieces[@]}"
}

# link_inputs RUN NUMBER...: what the frames' pipeline reads, for machines that it travels to.
link_inputs() {
    local i in=${step[run]}/$1.in
    mkdir -p -- "$in" || exit 1
    for i in "${@:2}"; do
        absolute "${frame_path[i]}"
        ln -s -- "$REPLY" "$in/" || exit 1
    done
}

# share_files: references, masks and tables under the names that shared_file gives them.
share_files() {
    local i k link
    for k in "${!stage_program[@]}"; do
        link=${step[run]}/shared-reference-$k.pam
        [[ -h $link || ! -d ${step[run]}/reference-$k ]] ||
            ln -s -- "reference-$k/${frame_name[step[reference]]}.pam" "$link" || exit 1
        link=${step[run]}/shared-align-$k.tsv
        [[ -h $link || ! -f ${step[run]}/align-$k.tsv ]] || ln -s -- "align-$k.tsv" "$link" || exit 1
    done
    link=${step[run]}/shared-like
    [[ -h $link || ! ${step[like]} ]] || { absolute "${step[like]}" && ln -s -- "$REPLY" "$link"; } || exit 1
    for i in "${!line_word[@]}"; do
        case ${line_word[i]} in
        mask | apply)
            link=${step[run]}/shared-${line_word[i]}-${line_stage[i]}
            absolute "${line_value[i]}"
            [[ -h $link ]] || ln -s -- "$REPLY" "$link" || exit 1
            ;;
        esac
    done
}

# shared_file PATH LINK: a file that all pipelines read: by its path, or by the link under which it travels.
shared_file() {
    REPLY=$1
    [[ ! ${step[away]-} ]] || REPLY=shared-$2
}

# feed_frames COMMAND NUMBER...: sets pieces[]: these frames as one stream to the command, as operands where all are
# ones that our programs read, else through a converter for each.
feed_frames() {
    local command=$1 i files=() commands=()
    shift
    if (($# <= 1000)) && all_native "$@"; then
        for i; do
            files+=("${frame_path[i]}")
        done
        words "${files[@]}"
        pieces=("$command $REPLY")
        return
    fi
    for i; do
        decode_command "${frame_path[i]}"
        commands+=("$REPLY")
    done
    one_after_another "${commands[@]}"
    pieces=("$REPLY" "| $command")
}

# ---- a pipeline ----

# compose PURPOSE LAST RUN NUMBER...: sets pieces[], the job that takes these frames through the sub-actions from
# step[begun] up to the LAST. PURPOSE is frames (in the output format), middle or reference (both PAM). RUN is the
# job's name; results of a run of several go to a directory, that of a single frame to its file. What it calls down to
# end_pipeline and copy_frames is part of it, and shares its variables:
#
#   purpose last run numbers[]   as above
#   dir          how paths of the step's run begin; results and notes: where results go, how names of tables begin
#   commands[]   what feeds the first program, which gets input, its words for that
#   k, i, text   the sub-action at work, its line, its command so far; joint: what goes before it in pieces[]
#   source, way  of the frame looked at last, where it comes from and by which converter
compose() {
    local purpose=$1 last=$2 run=$3 numbers=("${@:4}") results notes source way
    local dir=${step[run]}/ k i joint='' text='' input='' commands=()
    [[ ! ${step[away]-} ]] || dir=''
    find_results
    pieces=()
    if ((last < step[begun])); then
        copy_frames
        return
    fi
    find_input
    for ((k = step[begun]; k <= last; k++)); do
        for i in "${!line_word[@]}"; do
            ((line_stage[i] != k)) || add_words
        done
        ((k != last)) || add_output
        ((k != step[begun])) || text+=$input
        pieces+=("$joint$text")
        joint='| '
    done
    end_pipeline
}

# Sets compose's results, the directory of what is made, and notes, how the names of its tables begin.
find_results() {
    results=${dir}$run.out notes=${dir}$run.out/.
    [[ ! ${option[preview]-} ]] || notes=$dir$run.
    case $purpose in
    frames) [[ ! ${option[preview]-} ]] || results=${step[out]} ;;
    middle) [[ ${step[away]-} ]] || results=${dir}middle-$((last + 1)) ;;
    reference) results=${dir}reference-$((last + 1)) ;;
    esac
}

# Sets compose's input, the words by which the first program gets its frames; commands are those that feed it, where
# it does not read files.
find_input() {
    local i fed=''
    [[ ! ${stage_histograms[step[begun]]-} || ($purpose != frames && $purpose != middle) ]] || fed=yes
    for i in "${numbers[@]}"; do
        source_of "$i"
        if [[ $way == native && ! $fed ]]; then
            quote "$source"
            input+=" $REPLY"
            continue
        fi
        decode_command "$source" "$way"
        commands+=("$REPLY")
        quote "-name=${frame_name[i]}"
        input+=" $REPLY"
    done
    if ((${#commands[@]})); then
        one_after_another "${commands[@]}"
        pieces=("$REPLY")
        joint='| '
    fi
}

# source_of NUMBER: sets source and way, where a frame comes from and by which converter.
source_of() {
    source=${frame_path[$1]} way=${frame_way[$1]}
    [[ ! ${step[away]-} ]] || source=$run.in/${source##*/}
    [[ ! ${step[made]} ]] || source=${step[made]}/${frame_name[$1]}.pam way=native
}

# decode_command FILE [WAY]: the converter that brings a frame in.
decode_command() {
    find_decoder "$@"
    words "${decoder[@]}"
}

# find_decoder FILE [WAY [MASK]]: sets decoder[], its words. MASK is what it repairs in a raw file.
find_decoder() {
    [[ ${2-} ]] || way_in "$1"
    case ${2:-$REPLY} in
    jpeg) decoder=(jpegtopnm -quiet "$1") ;;
    tiff) decoder=(tifftopnm -quiet -byrow "$1") ;;
    raw) find_developer "$1" "${3-}" ;;
    native) decoder=(cat "$1") ;;
    esac
}

# find_developer FILE MASK: of a raw file, with the white balance of the first.
find_developer() {
    local i mask=$2
    # shellcheck disable=SC2206
    decoder=(framein -quiet ${step[raw_options]})
    shared_file "${step[like]}" like
    [[ $1 != /* || $REPLY == /* ]] || absolute "$REPLY"
    decoder+=("-like=$REPLY")
    [[ $mask || ! ${step[bad_pixels]-} ]] || { shared_file "${step[bad_pixels]}" mask-1 && mask=$REPLY; }
    [[ ! $mask ]] || decoder+=("-mask=$mask" -maxpixels=0)
    for i in "${!line_word[@]}"; do
        [[ ! $mask || ${line_stage[i]} != 1 || ${line_value[i]} != -grow=* ]] || decoder+=("${line_value[i]}")
    done
    decoder+=("$1")
}

# grow_of FRAME: the option -grow where none is told: JPEG's blocks carry a noisy pixel on to its neighbours.
grow_of() {
    way_in "$1"
    [[ $REPLY == jpeg ]] && REPLY=-grow=2 || REPLY=-grow=1
}

# Adds to compose's text what the line $i says.
add_words() {
    case ${line_word[i]} in
    stage)
        [[ ! ${stage_histograms[k]-} || ($purpose != frames && $purpose != middle) ]] || add_histograms
        text=${line_value[i]}
        [[ ! ${stage_refers[k]} ]] || add_reference
        ;;
    mask | apply)
        shared_file "${line_value[i]}" "${line_word[i]}-$k"
        add "-${line_word[i]}=$REPLY"
        ;;
    grow) grow_of "${frame_path[numbers[0]]}" && add "$REPLY" ;;
    # A stream is registered frame by frame anyway.
    direct) [[ ${stage_passes[k]-} || $k != 1 || ${#commands[@]} != 0 ]] || add -direct ;;
    crop) add -crop ;;
    option) [[ ${stage_passes[k]-} && ${line_value[i]} == -model=* ]] || add "${line_value[i]}" ;;
    esac
}

# What the last program is told of its output.
add_output() {
    [[ $purpose != frames || ${step[format]} != png ]] || add -png
    ((${#numbers[@]} > 1)) || return 0
    written_frames
    add "-outdir=$REPLY"
}

# Where the last program writes the frames of a run: PAM for the converters of other formats lies elsewhere.
written_frames() {
    REPLY=$results
    [[ $purpose != frames || (${step[format]} != tiff && ${step[format]} != jpeg) ]] || REPLY=$dir$run.pam
}

# The file of the reference of the K-th sub-action.
reference_file() {
    same_reference "$k"
    shared_file "${dir}reference-$REPLY/${frame_name[step[reference]]}.pam" "reference-$REPLY.pam"
}

# The reference of the K-th sub-action, and the tables that it writes.
add_reference() {
    reference_file
    if [[ ${stage_passes[k]-} ]]; then
        shared_file "${dir}align-$k.tsv" "align-$k.tsv"
        add "-apply=$REPLY"
        # What is cut off is told once.
        [[ $purpose == frames && " ${numbers[*]} " == *" ${step[reference]} "* ]] || add -quiet
    elif [[ ${stage_program[k]} == framealign ]]; then
        add "-reference=$REPLY" "-save=$notes$k"
    else
        add "-reference=$REPLY" "-corrections=$notes$k"
    fi
}

# The stage that draws a frame's histograms, before the program.
add_histograms() {
    local plot=${notes}hist-$k.pdf reference
    if [[ ${option[preview]-} ]]; then
        suffix_of "$k"
        plot=${step[plots]}/${step[name]}-hist$REPLY-${frame_name[numbers[0]]}.pdf
    fi
    reference_file
    reference=$REPLY
    printable "${frame_name[numbers[0]]}"
    words plot-histograms "$REPLY" "${stage_channel[k]}" "$reference" "$plot"
    pieces+=("$joint$REPLY")
    joint='| '
}

# Where the pipeline's frames go, and what becomes of them in other formats.
end_pipeline() {
    local number
    if ((${#numbers[@]} == 1)); then
        [[ $purpose != frames ]] || format_pieces '' "${frame_path[numbers[0]]}"
        result_of "${numbers[0]}"
        add_target "$REPLY"
    elif [[ $purpose == frames && (${step[format]} == tiff || ${step[format]} == jpeg) ]]; then
        written_frames
        text=$REPLY
        for number in "${numbers[@]}"; do
            format_pieces "$text/${frame_name[number]}.pam" "${frame_path[number]}"
            result_of "$number"
            add_target "$REPLY"
        done
    fi
    [[ $purpose != frames ]] || add_metadata "${numbers[@]}"
}

# result_of NUMBER: the file of a frame that compose makes.
result_of() {
    if [[ $purpose == frames ]]; then
        REPLY=$results/${frame_result[$1]}
    else
        REPLY=$results/${frame_name[$1]}.pam
    fi
}

# format_pieces FILE [FRAME]: adds the converter to the output format, of that file or of what comes before. A TIFF has
# the name of its source in it, where that is an operand. A JPEG holds no opacity, which the frame may have.
format_pieces() {
    local joint='| ' file=''
    [[ ! $1 ]] || { quote "$1" && joint='' file=" <$REPLY"; }
    case ${step[format]} in
    tiff) pieces+=("${joint}pamtotiff -quiet -truecolor$file" '| cat') ;;
    jpeg)
        [[ ${2-} != *.[pP][nN][gG] && ${2-} != *.[pP][aA][mM] ]] ||
            { pieces+=("${joint}pamtopnm -quiet -assume$file") && joint='| ' file=''; }
        pieces+=("${joint}pnmtojpeg -quality=${step[quality]:-95}$file")
        ;;
    esac
}

# add_metadata NUMBER...: the job that copies the metadata of frames; there are none in PAM and PNM.
add_metadata() {
    local i pairs=()
    copies_metadata || return 0
    for i; do
        holds_metadata "${frame_path[i]}" || continue
        result_of "$i"
        pairs+=("${frame_path[i]}" "$REPLY")
        [[ ! ${step[away]-} ]] || pairs[-2]=$run.in/${frame_path[i]##*/}
    done
    ((${#pairs[@]})) || return 0
    words copy-metadata "${step[format]}" "${pairs[@]}"
    pieces+=("$REPLY")
}

# holds_metadata FILE
holds_metadata() {
    [[ $1 != *.[pP][aA][mM] && $1 != *.[pP][nNpPgG][mM] ]]
}

# Whether metadata is copied; tells where that is not possible.
copies_metadata() {
    [[ ${step[metadata]} == yes && ${step[format]} != pam ]] || return
    ! command -v exiftool >/dev/null || return 0
    [[ ${option[preview]-}${engine[said_exiftool]-} ]] || say "exiftool is not installed: metadata and colour profiles are not copied"
    engine[said_exiftool]=yes
    return 1
}

# ---- without sub-actions ----

# What compose makes where no program is between: frames in another format, or as PAM with the samples that our
# programs see.
copy_frames() {
    local i source way converted=()
    for i in "${numbers[@]}"; do
        source_of "$i"
        if [[ $purpose != frames ]]; then
            copy_to_pam
        elif same_format "${frame_path[i]}"; then
            words cat "$source"
            pieces+=("$REPLY")
        else
            convert_frame "$i"
            converted+=("$i")
        fi
        result_of "$i"
        add_target "$REPLY"
    done
    ((${#converted[@]} == 0)) || add_metadata "${converted[@]}"
}

copy_to_pam() {
    decode_command "$source" "$way"
    case $way:$purpose:$source in
    native:reference:*.[pP][nN][gG] | native:middle:*) words framebalance -quiet "$source" ;;
    esac
    pieces+=("$REPLY")
}

# same_format FILE: whether there is nothing at all to convert.
same_format() {
    case $1:${step[format]}:${step[quality]} in
    *.[pP][nN][gG]:png:* | *.[pP][aA][mM]:pam:* | *.[tT][iI][fF]:tiff:* | *.[tT][iI][fF][fF]:tiff:* | \
        *.[jJ][pP][gG]:jpeg: | *.[jJ][pP][eE][gG]:jpeg:) ;;
    *) return 1 ;;
    esac
}

# convert_frame NUMBER: from compose's source. framebalance leaves a single frame as it is, and its opacity.
convert_frame() {
    local text='framebalance -quiet'
    [[ ${step[format]} != png ]] || text+=' -png'
    if [[ $way == native ]]; then
        add "$source"
        pieces+=("$text")
    else
        decode_command "$source" "$way"
        pieces+=("$REPLY")
        add "-name=${frame_name[$1]}"
        [[ ${step[format]} != p* ]] || pieces+=("| $text")
    fi
    format_pieces '' "${frame_path[$1]}"
}
