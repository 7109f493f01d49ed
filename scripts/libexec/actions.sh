#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# The step Actions: each frame through one pipeline of its sub-actions. Sourced by stackjob.
#
# A sub-action that needs a reference has it from the reference frame, taken through the sub-actions
# before it: reference-K/NAME.pam for the K-th. An AlignFrames with crop or step_process comes in two
# passes: its transforms are estimated for all frames (align-K.tsv), and then applied in the pipeline.
#
# A pipeline is composed as $template, a line an argument as in a job file (text.sh), with lines that
# differ from frame to frame: "@input", "@save K", "@corrections K", "@before K", "@convert", and
# "@quiet", by which only the reference frame's pipeline tells what is cut off.

# ---- the plan ----

plan_actions() {
    max_frames=0
    case $format in
    tiff) ending=.tif ;;
    jpeg) ending=.jpg ;;
    *) ending=.$format ;;
    esac
    list_frames
    IFS=$tab read -r reference_number reference_path _ _ reference_name _ <"$reference"
    survey
    write_key >"$temporary/$step_id.key"
    make_plan "$temporary/$step_id.key"
}

# survey: sets $two_pass, the numbers of the sub-actions that come in two passes, $referring, of
# those that need a reference, $histograms, of those that plot them, and $programs; refuses what is not there.
survey() {
    histograms='' two_pass='' referring='' programs=''
    each_line survey_line
}

# each_line FUNCTION ARGUMENT...: calls it for each line of $stages, with the line's first word and
# what follows as its last arguments; $stage is the number of the sub-action that the line is about.
each_line() {
    stage=0 each_ifs=$IFS IFS=$nl
    for line in $stages; do
        IFS=$each_ifs
        [ "${line%% *}" != stage ] || stage=$((stage + 1))
        "$@" "${line%% *}" "${line#* }"
    done
    IFS=$each_ifs
}

survey_line() {
    case $1 in
    stage)
        command -v "$2" >/dev/null || die "$title: $(sub_action "$2") is not in this version: there is no program $2"
        case " $programs " in
        *" $2 "*) ;;
        *) programs="$programs $2" ;;
        esac
        [ "$2" = noisemask ] || referring="$referring $stage "
        ;;
    step | crop)
        case $referring in
        *" $stage "*)
            case $two_pass in
            *" $stage "*) ;;
            *) two_pass="$two_pass $stage " ;;
            esac
            ;;
        esac
        ;;
    histograms) [ "$2" = no ] || histograms="$histograms $stage " ;;
    apply)
        referring=${referring%" $stage "}
        unescape "$2"
        [ -f "$text" ] || die "$title: the table of transforms $text is not there"
        ;;
    mask)
        unescape "$2"
        [ -f "$text" ] || will_be_made "$text" ||
            die "$title: the mask $text is not there. Put a NoiseDetection before, or set noise_mask"
        ;;
    esac
}

sub_action() {
    case $1 in
    noisemask) echo MaskNoise ;;
    framealign) echo AlignFrames ;;
    framebalance) echo BalanceFrames ;;
    esac
}

# Whether an earlier step of this job is still to make that file.
will_be_made() {
    [ -n "$ahead" ] && [ -f "$temporary/masks" ] || return 1
    physical "${1%/*}"
    escape "$physical/${1##*/}"
    grep -q -x -F -- "$escaped" "$temporary/masks"
}

# What the results depend on, besides their frames. The first word of a line says what a change of
# it is called.
write_key() {
    for program in $programs; do
        version_line "$program"
    done
    printf 'options output %s %s metadata %s\n' "$format" "${quality:--}" "$metadata"
    raw_key
    each_line key_line
    [ -z "$referring" ] || cut -f 2-4 "$reference" | sed 's/^/reference /'
    [ -z "$two_pass" ] || printf 'frames %s\n' "$(cut -f 2-4 "$frames" | cksum)"
}

key_line() {
    case $1 in
    mask | apply) key_file "$1" "$2" ;;
    summary | histograms) ;;
    *) printf 'options %s %s\n' "$1" "$2" ;;
    esac
}

raw_key() {
    ! grep -q -i -E '\.(cr[23]|nef|arw|dng|raf|orf|rw2|pef|srw)	' "$frames" ||
        printf 'raw_options %s\n' "$raw_options"
}

# By its content, where that is known: a mask that comes out the same redoes nothing.
key_file() {
    unescape "$2"
    if will_be_made "$text"; then
        printf '%s %s new\n' "$1" "$2"
    else
        printf '%s %s %s\n' "$1" "$2" "$(cksum <"$text")"
    fi
}

version_line() {
    "$1" -version 2>/dev/null | sed -n '1s/^/version /p'
}

# ---- pipelines ----

# compose LAST FOR: sets $template, the sub-actions up to the LAST; FOR is frames (in the output
# format), middle (PAM), estimate (of the last one's transforms), or reference (PAM). All but the
# last run where the frames' jobs run, maybe far away.
compose() {
    template=''
    compose_last=$1 compose_for=$2 place=$run_line
    case $transfer:$compose_for in
    yes:reference) ;;
    yes:*) place=. ;;
    esac
    each_line compose_line
    if [ "$compose_for" = frames ]; then
        compose_output
    elif [ "$compose_last" -eq 1 ]; then
        add @input
    fi
}

add() {
    for argument; do
        template=$template${template:+$nl}$argument
    done
}

compose_line() {
    [ "$stage" -le "$compose_last" ] || return 0
    case $1 in
    stage)
        [ "$stage" -ne 2 ] || add @input
        [ "$stage" -eq 1 ] || add '|'
        case $2:$compose_for:$stage:$histograms in
        *:frames:1:*) ;;
        framebalance:frames:*:*" $stage "*) add tee "@before $stage" '|' ;;
        esac
        program=$2
        add "$program"
        passes=
        case $two_pass in
        *" $stage "*) passes=apply ;;
        esac
        [ "$passes" != apply ] || [ "$stage" -lt "$compose_last" ] ||
            [ "$compose_for" != estimate ] || passes=estimate
        case $referring in
        *" $stage "*) compose_reference ;;
        esac
        ;;
    mask) compose_file -mask "mask-$stage" "$2" ;;
    apply) compose_file -apply "apply-$stage" "$2" ;;
    crop) [ "$passes" = estimate ] || add -crop ;;
    option)
        case $passes$2 in
        apply-model* | estimate-border*) ;;
        *) add "$2" ;;
        esac
        ;;
    esac
}

# An input file of the pipelines: by its path, or by the name under which it travels.
compose_file() {
    if [ "$place" = . ]; then
        add "$1=$2"
    else
        add "$1=$3"
    fi
}

compose_reference() {
    case $place in
    .) compose_path=./reference-$stage.pam ;;
    *) compose_path=$place/reference-$stage/$reference_name.pam ;;
    esac
    case $passes in
    apply) add "-apply=$place/align-$stage.tsv" @quiet ;;
    estimate) add -estimate "-reference=$compose_path" ;;
    *)
        add "-reference=$compose_path"
        case $program in
        framealign) add "@save $stage" ;;
        framebalance) add "@corrections $stage" ;;
        esac
        ;;
    esac
}

compose_output() {
    if [ "$compose_last" -eq 0 ]; then
        add @convert
    elif [ "$format" = png ]; then
        add -png
    fi
    [ "$compose_last" -ne 1 ] || add @input
    case $format in
    tiff) add '|' pamtotiff -quiet -truecolor '|' cat ;;
    jpeg) add '|' pnmtojpeg "-quality=${quality:-95}" ;;
    esac
}

# job_head RESULT: a job's first lines: where it runs, and the file that it writes.
job_head() {
    if [ -n "$away" ]; then
        echo .
    else
        escape "$work"
        printf '%s\n' "$escaped"
    fi
    escape "$1"
    printf '%s\n' "$escaped"
}

# frame_job PATH NAME RESULT SAVED: the job of $template for one frame, on standard output; all are
# escaped but RESULT, the file that it writes. SAVED is where tables of its own begin.
frame_job() {
    job_head "$3"
    way_in "$1"
    input=$1
    [ -z "$away" ] || input=$away.in
    case $template in
    @convert*)
        if same_format "$1"; then
            printf '%s\n' cat "$input"
            return
        fi
        ;;
    *)
        if [ "$way" != native ]; then
            decode_lines "$input"
            [ -z "$template" ] || echo '|'
            input=-name=$2
        elif [ -n "$away" ] && [ -n "$template" ]; then
            # The number under which it travels is not its name.
            printf '%s\n' cat "$input" '|'
            input=-name=$2
        elif [ -z "$template" ]; then
            case $1 in
            *.[pP][nN][gG]) png_lines "$1" ;;
            *) printf '%s\n' cat "$input" ;;
            esac
        fi
        ;;
    esac
    saved_ifs=$IFS
    IFS=$nl
    for line in $template; do
        IFS=$saved_ifs
        case $line in
        @input) printf '%s\n' "$input" ;;
        @convert) convert_lines "$1" ;;
        @quiet) [ "$1" = "$reference_path" ] || printf '%s\n' -quiet ;;
        '@save '*) printf '%s\n' "-save=$4${line#@save }" ;;
        '@corrections '*) printf '%s\n' "-corrections=$4${line#@corrections }" ;;
        '@before '*) printf '%s\n' "${4}before-${line#@before }" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
    IFS=$saved_ifs
}

# decode_lines PATH: the converter that brings a frame of $way in.
decode_lines() {
    case $way in
    jpeg) printf '%s\n' jpegtopnm -quiet "$1" ;;
    tiff) printf '%s\n' tifftopnm -quiet -byrow "$1" ;;
    raw)
        # shellcheck disable=SC2086
        if command -v dcraw_emu >/dev/null; then
            printf '%s\n' dcraw_emu $raw_options -Z - "$1"
        else
            printf '%s\n' dcraw -c $raw_options "$1"
        fi
        ;;
    esac
}

# A step without sub-actions only converts: to PAM, or to PNG, or for what makes TIFF and JPEG.
convert_lines() {
    case $way:$1 in
    native:*.[pP][nN][gG]) png_lines "$1" ;;
    native:*) printf '%s\n' cat "$input" ;;
    *) decode_lines "$input" ;;
    esac
    [ "$format" != pam ] || printf '%s\n' '|' pamtopam -quiet
    [ "$format" = png ] || return 0
    case $maxval in
    '' | 1 | 3 | 15 | 255 | 65535) ;;
    *) printf '%s\n' '|' pamdepth -quiet $((maxval < 255 ? 255 : 65535)) ;;
    esac
    printf '%s\n' '|' pamtopng
}

# pngtopam would add an opacity plane where there is none, or drop one that there is.
png_lines() {
    unescape "$1"
    case $(od -An -tu1 -j 25 -N 1 -- "$text") in
    *4 | *6) printf '%s\n' pngtopam -quiet -alphapam "$input" ;;
    *)
        if head -c 65536 -- "$text" | grep -a -q tRNS; then
            printf '%s\n' pngtopam -quiet -alphapam "$input"
        else
            printf '%s\n' pngtopam -quiet "$input"
        fi
        ;;
    esac 2>/dev/null
}

# Whether there is nothing at all to convert.
same_format() {
    case $1:$format:$quality in
    *.[pP][nN][gG]:png:* | *.[pP][aA][mM]:pam:* | *.[tT][iI][fF]:tiff:* | *.[tT][iI][fF][fF]:tiff:* | \
        *.[jJ][pP][gG]:jpeg: | *.[jJ][pP][eE][gG]:jpeg:) ;;
    *) return 1 ;;
    esac
}

# ---- what comes before the frames ----

# prepare: the reference frame before each sub-action that needs it, and the transforms of each that
# comes in two passes.
prepare() {
    check_masks
    for referring_stage in $referring; do
        prepare_reference "$referring_stage"
        case $two_pass in
        *" $referring_stage "*) prepare_transforms "$referring_stage" ;;
        esac
    done
}

# A mask that marks too many pixels would stop every frame: it is asked once, before.
check_masks() {
    [ -z "$preview" ] || return 0
    mask='' limit=''
    each_line check_masks_line
    check_mask
}

check_masks_line() {
    case "$1 $2" in
    'stage '*)
        check_mask
        mask='' limit=''
        ;;
    'mask '*) unescape "$2" && mask=$text ;;
    'option -maxpixels='*) limit=$2 ;;
    esac
}

# The mask of the sub-action whose lines are over, if it has one.
check_mask() {
    [ -n "$mask" ] || return 0
    noisemask "-mask=$mask" ${limit:+"$limit"} </dev/null >/dev/null 2>"$run/mask.err"
    [ $? -eq 2 ] || return 0
    cat "$run/mask.err" >&2
    [ -z "$log" ] || cat "$run/mask.err" >>"$log"
    say "$title: stopped: the mask $mask marks too many pixels"
    exit 2
}

make_directory() {
    if [ -n "$preview" ]; then
        show_command mkdir -p "$1"
    else
        mkdir -p -- "$1" || exit 1
    fi
}

# stage_words K: sets $stage_program and $stage_flags, what survey saw of the K-th sub-action.
stage_words() {
    stage_program='' stage_flags=''
    each_line stage_word "$1"
}

stage_word() {
    [ "$stage" -eq "$1" ] || return 0
    case $2 in
    stage) stage_program=$3 ;;
    *) stage_flags="$stage_flags $2" ;;
    esac
}

prepare_reference() {
    stage_words "$1"
    compose $(($1 - 1)) reference
    way_in "$reference_path"
    make_directory "$run/reference-$1"
    unescape "$reference_name"
    reference_file=$run/reference-$1/$text.pam
    {
        if [ -n "$template" ] || [ "$way" != native ]; then
            frame_job "$reference_path" "$reference_name" "$reference_file" "$run_line/reference-$1."
        else
            job_head "$reference_file"
            case $reference_path in
            *.[pP][nN][gG]) printf '%s\n' "$stage_program" "-reference=$reference_path" "$reference_path" ;;
            *) printf '%s\n' cat "$reference_path" ;;
            esac
        fi
    } >"$jobs_in/reference-$1.job"
    unescape "$reference_name"
    perform "reference-$1" "$text, the reference, as $(sub_action "$stage_program") needs it"
}

# The transforms of all frames to the file align-K.tsv; those of the last run, where they still hold.
prepare_transforms() {
    stage_words "$1"
    transforms_key "$1" >"$temporary/$step_id.align"
    if [ -z "$force$preview" ] && [ -f "$state/align-$1.tsv" ] &&
        cmp -s -- "$temporary/$step_id.align" "$state/align-$1.key"; then
        cp -- "$state/align-$1.tsv" "$run/align-$1.tsv" || exit 1
        return
    fi
    case "$stage_flags " in
    *' step '*) estimate_stepwise "$1" ;;
    *) estimate_each "$1" ;;
    esac
    [ -z "$preview" ] || return 0
    cp -- "$run/align-$1.tsv" "$run/keep" && mv -f -- "$run/keep" "$state/align-$1.tsv" &&
        cp -- "$temporary/$step_id.align" "$run/keep" && mv -f -- "$run/keep" "$state/align-$1.key" || exit 1
}

# What they depend on: the pipeline, the reference and all frames.
transforms_key() {
    each_line transforms_key_line "$1"
    grep -v '^options' "$temporary/$step_id.key"
}

transforms_key_line() {
    [ "$stage" -le "$1" ] || return 0
    case "$2 $3" in
    'option -border'* | 'summary '* | 'histograms '*) ;;
    *) printf '%s %s\n' "$2" "$3" ;;
    esac
}

estimate_each() {
    compose "$1" estimate
    pass "estimate-$1" "estimate the transforms"
    if [ -n "$preview" ]; then
        preview_table "$1"
        return
    fi
    header=
    while IFS=$tab read -r number _ _ _ frame_name _; do
        row="$frame_name${tab}failed"
        if [ -f "$run/$number.out" ]; then
            { read -r header && IFS= read -r row; } <"$run/$number.out"
            rm -f -- "$run/$number.out"
        fi
        printf '%s\n' "$row"
    done <"$frames" >"$run/rows"
    { printf '%s\n' "$header" && cat "$run/rows"; } >"$run/align-$1.tsv" || exit 1
}

# One run over all frames, which are there as files, or made to be.
estimate_stepwise() {
    compose $(($1 - 1)) middle
    made=
    if [ -n "$template" ] || ! all_native; then
        made=$run_line/middle-$1/
        make_directory "$run/middle-$1"
        pass "middle-$1" "to a file, for AlignFrames to look at"
    fi
    {
        job_head "$run/align-$1.tsv"
        stepwise_lines "$1"
    } >"$jobs_in/stepwise-$1.job"
    perform "stepwise-$1" "the transforms, from frame to frame"
    [ -z "$made" ] || [ -n "$preview" ] || rm -rf -- "$run/middle-$1"
}

stepwise_lines() {
    printf '%s\n' framealign -estimate -step
    each_line model_line "$1"
    while IFS=$tab read -r number path _ _ frame_name _; do
        [ -z "$made" ] || path=$made$frame_name.pam
        [ "$number" != "$reference_number" ] || printf '%s\n' "-reference=$path"
        printf '%s\n' "$path"
    done <"$frames"
}

model_line() {
    case "$stage $3" in
    "$1 -model="*) printf '%s\n' "$3" ;;
    esac
}

# ---- running ----

run_actions() {
    plan_actions
    if [ "$to_make" -eq 0 ]; then
        say_step "all $unchanged frames are up to date"
    else
        say_step "$to_make frames to make, $unchanged up to date"
    fi
    enter_run
    escape "$run"
    run_line=$escaped jobs_in=$run
    if [ "$to_make" -gt 0 ]; then
        measure
        limit_load
        prepare
        compose "$stage_count" frames
        pass final "make"
        drop_failed
    fi
    settle "$temporary/$step_id.key"
    sum_up_actions
    leave_run
}

# With -k: what a frame that failed now was before, under other options, is no result any more.
drop_failed() {
    [ -s "$run/failed" ] || return 0
    while IFS= read -r line; do
        unescape "$line"
        rm -f -- "$out/$text"
    done <"$run/failed"
}
