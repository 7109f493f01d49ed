#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# The step Actions: each frame through one pipeline of its sub-actions. Sourced by stackjob.
#
# A sub-action that needs a reference has it from the reference frame, taken through the sub-actions
# before it: reference-K/NAME.pam for the K-th. An AlignFrames with step_process or crop comes in two
# passes: its transforms are estimated for all frames (align-K.tsv), and then applied in the pipeline.
# Where the first pass has all frames as they come to the K-th sub-action, in middle-K/NAME.pam, the
# pipelines after it begin there: $begun is K, else 1, and $made is that directory, else nothing.
#
# A pipeline is composed as $template, a line an argument as in a job file (text.sh), with lines that
# differ from frame to frame: "@input", "@apply TABLE", "@save K", "@corrections K", "@histograms K ...", "@convert", "@metadata",
# "@grow" and "@direct", and "@quiet", by which only the reference frame tells what is cut off.

# ---- the plan ----

plan_actions() {
    max_frames=0
    case $format in
    tiff) ending=.tif ;;
    jpeg) ending=.jpg ;;
    *) ending=.$format ;;
    esac
    list_frames
    maxval=''
    IFS=$tab read -r _ reference_path _ _ reference_name reference_result <"$reference"
    survey
    [ -z "$histograms" ] || needed="$needed gnuplot"
    [ -z "$logins" ] || ! copies_metadata || needed="$needed exiftool"
    write_key >"$temporary/$step_id.key"
    make_plan "$temporary/$step_id.key"
    list_plots >"$temporary/$step_id.plots"
    plan_plots "$temporary/$step_id.plots"
    make_missing_histograms
}

# The plots of the step, as plan.awk takes them: the histograms, which are made with their frames; and
# those of whole tables, of which is known only later what they depend on, with the sub-action's number
# in place of a path.
list_plots() {
    escape "$name"
    plot_name=$escaped
    for stage_number in $histograms; do
        set_nth
        STACKJOB_PLOT=$plot_name-hist$nth- awk -F '\t' -v OFS='\t' -v key="$key" '
            { print $1, $2, $3, $4, $5, ENVIRON["STACKJOB_PLOT"] $5 ".pdf", key }' "$frames"
    done
    for stage_number in $summaries; do
        summary_line -
    done
}

# summary_line KEY: of the sub-action $stage_number.
summary_line() {
    stage_words "$stage_number"
    set_nth
    printf -- '-\t%s\t0\t0\t-\t%s\t%s\n' "$stage_number" "$plot_name-${stage_program#frame}$nth.pdf" "$1"
}

# A frame whose histograms are not there is made again, for they show what it is made from.
make_missing_histograms() {
    awk -F '\t' -v OFS='\t' '
        FILENAME == ARGV[1] { if ($1 == "make") reason[$2] = $8; next }
        $1 == "done" && $2 in reason { $1 = "make"; $8 = "its histograms: " reason[$2] }
        { print }' "$plots_plan" "$plan" >"$temporary/merged"
    cat "$temporary/merged" >"$plan"
    count_plan
}

# survey: sets $two_pass, the numbers of the sub-actions that come in two passes, $referring, of
# those that need a reference, $cropping, of those that crop, $histograms and $summaries, of those that
# plot them, and $programs; refuses what is not there.
survey() {
    cropping='' histograms='' summaries='' two_pass='' referring='' programs=''
    each_line survey_line
    [ -z "$histograms$summaries" ] || can_plot || histograms='' summaries=''
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
    together | crop)
        [ "$1" != crop ] || cropping="$cropping $stage "
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
    summary)
        case $2:$referring in
        yes:*" $stage "*) summaries="$summaries $stage " ;;
        esac
        ;;
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
    physical "${1%"${1##*/}"}."
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
    case "$1 $2" in
    'mask '* | 'apply '*) key_file "$1" "$2" ;;
    'summary '* | 'histograms '* | 'opaque '*) ;;
    # A mask is looked at in every run, whatever there is to do.
    'option -maxpixels='*) ;;
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

# compose LAST FOR: sets $template, the sub-actions from $begun up to the LAST; FOR is frames (in the
# output format), middle (PAM), estimate (of the last one's transforms), or reference (PAM). All but
# the last run where the frames' jobs run, maybe far away.
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
    elif [ "$compose_last" -eq "$begun" ]; then
        add @input
    fi
}

add() {
    for argument; do
        template=$template${template:+$nl}$argument
    done
}

compose_line() {
    [ "$stage" -ge "$begun" ] && [ "$stage" -le "$compose_last" ] || return 0
    case $1 in
    stage)
        [ "$stage" -ne $((begun + 1)) ] || add @input
        [ "$stage" -eq "$begun" ] || add '|'
        program=$2
        case $compose_for:$histograms in
        frames:*" $stage "* | middle:*" $stage "*) compose_histograms ;;
        esac
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
    grow) add @grow ;;
    direct) [ "$passes" = apply ] || [ "$stage" -gt 1 ] || add @direct ;;
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

# Sets $compose_path, where the reference of the sub-action lies.
find_reference() {
    case $place in
    .) compose_path=./reference-$stage.pam ;;
    *) compose_path=$place/reference-$stage/$reference_name.pam ;;
    esac
}

compose_histograms() {
    find_reference
    stage_channel "$stage"
    add "@histograms $stage $channel $compose_path" '|'
}

compose_reference() {
    find_reference
    case $passes in
    apply)
        case $preview$cropping in
        yes* | *" $stage "*) add "-apply=$place/align-$stage.tsv" ;;
        *) add "@apply $place/align-$stage" ;;
        esac
        if [ "$compose_for" = frames ]; then
            add @quiet
        else
            add -quiet
        fi
        ;;
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
    [ "$compose_last" -ne "$begun" ] || add @input
    case $format in
    tiff) add '|' pamtotiff -quiet -truecolor '|' cat ;;
    jpeg) add '|' pnmtojpeg "-quality=${quality:-95}" ;;
    esac
    ! copies_metadata || add @metadata
}

copies_metadata() {
    [ "$metadata" = yes ] && [ "$format" != pam ] || return 1
    ! command -v exiftool >/dev/null || return 0
    [ -n "$preview$said_exiftool" ] || say "exiftool is not installed: metadata and colour profiles are not copied"
    said_exiftool=yes
    return 1
}

# histogram_lines NAME SAVED "K CHANNEL REFERENCE"
histogram_lines() {
    stage_number=${3%% *}
    plot_file=${2}hist-$stage_number.pdf
    if [ -n "$preview" ]; then
        set_nth
        escape "$plots"
        plot_file=$escaped/$plot_name-hist$nth-$1.pdf
    fi
    set -- "$1" "${3#* }"
    escape "$libexec/plot-histograms"
    printf '%s\n' "$escaped" "$1" "${2%% *}" "${2#* }" "$plot_file"
}

# metadata_lines PATH FILE: the stage that copies the metadata of a frame, which lies in FILE; there are
# none in PAM and PNM.
metadata_lines() {
    case $1 in
    *.[pP][aA][mM] | *.[pP][nNpPgG][mM]) return ;;
    esac
    escape "$libexec/copy-metadata"
    printf '%s\n' '|' "$escaped" "$2" "$format"
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
    source=$input
    [ -z "$made" ] || input=$made$2.pam way=native
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
        elif reads_stdin; then
            printf '%s\n' cat "$input" '|'
            input=-name=$2
        elif [ -z "$template" ]; then
            pam_lines "$input"
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
        @metadata) metadata_lines "$1" "$source" ;;
        @quiet) [ "$1" = "$reference_path" ] || printf '%s\n' -quiet ;;
        @grow) is_jpeg "$1" && echo -grow=2 || echo -grow=1 ;;
        @direct) [ "$input" = "-name=$2" ] || echo -direct ;;
        '@apply '*) printf '%s\n' "-apply=${line#@apply }-$number.tsv" ;;
        '@save '*) printf '%s\n' "-save=$4${line#@save }" ;;
        '@corrections '*) printf '%s\n' "-corrections=$4${line#@corrections }" ;;
        '@histograms '*) histogram_lines "$2" "$4" "${line#@histograms }" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
    IFS=$saved_ifs
}

# Whether the first stage has a frame that is a file on standard input: the number under which it
# travels is not its name, and plot-histograms reads no other.
reads_stdin() {
    case $away:$template in
    *:) return 1 ;;
    :@histograms*) ;;
    :*) return 1 ;;
    esac
}

# JPEG's blocks carry a noisy pixel on to its neighbours.
is_jpeg() {
    case $1 in
    *.[jJ][pP][gG] | *.[jJ][pP][eE][gG]) ;;
    *) return 1 ;;
    esac
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

# A whole frame as PAM, with the samples that our programs see: balanced to itself it stays as it is.
pam_lines() {
    printf '%s\n' framebalance "-reference=$1" "$1"
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
    : >"$jobs_in/left-out"
    begun=1 made='' phase=0
    # shellcheck disable=SC2086
    set -- $two_pass
    phases=$(($# + 1))
    for referring_stage in $referring; do
        stage_words "$referring_stage"
        case "$stage_flags " in
        *' together '*) ;;
        *) prepare_reference "$referring_stage" ;;
        esac
        case $two_pass in
        *" $referring_stage "*) prepare_transforms "$referring_stage" ;;
        esac
    done
}

# A mask that marks too many pixels would stop every frame: it is asked once, before.
check_masks() {
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
    relay_file "$run/mask.err" "$run/said"
    say_file "$run/said"
    say "$title: stopped: the mask $mask marks too many pixels"
    exit_refused
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

# stage_channel K: sets $channel of the BalanceFrames K.
stage_channel() {
    channel=$(printf '%s\n' "$stages" | awk -v wanted="$1" '
        $1 == "stage" { n++ }
        n == wanted && sub(/^option -channel=/, "") { channel = $0 }
        END { print channel == "" ? "lumi" : channel }')
}

stage_word() {
    [ "$stage" -eq "$1" ] || return 0
    case $2 in
    stage) stage_program=$3 ;;
    *) stage_flags="$stage_flags $2" ;;
    esac
}

prepare_reference() {
    compose $(($1 - 1)) reference
    way_in "$reference_path"
    make_directory "$run/reference-$1"
    IFS=$tab read -r number _ <"$reference"
    unescape "$reference_name"
    reference_file=$run/reference-$1/$text.pam
    {
        if [ -n "$template" ] || [ "$way" != native ]; then
            frame_job "$reference_path" "$reference_name" "$reference_file" "$run_line/reference-$1."
        else
            job_head "$reference_file"
            case $reference_path in
            *.[pP][nN][gG]) pam_lines "$reference_path" ;;
            *) printf '%s\n' cat "$reference_path" ;;
            esac
        fi
    } >"$jobs_in/reference-$1.job"
    unescape "$reference_name"
    perform "reference-$1" "$text, the reference, as $(sub_action "$stage_program") needs it"
}

# The transforms of all frames to the file align-K.tsv; those of the last run, where they still hold.
# align-K.said has what framealign said of them.
prepare_transforms() {
    phase=$((phase + 1))
    if transforms_hold "$1"; then
        say_phase "registering frames" ", as in the last run"
        cp -- "$state/align-$1.tsv" "$state/align-$1.said" "$run/" || exit 1
        # The reasons; they are told again with the frames.
        grep ' refused: ' "$run/align-$1.said" >"$run/said"
        say_file "$run/said"
    else
        say_phase "registering frames"
        broken=
        case "$stage_flags " in
        *' together '*) estimate_together "$1" ;;
        *) estimate_each "$1" ;;
        esac
        [ -n "$preview" ] || keep_estimate "$1"
    fi
    [ -n "$preview" ] || leave_out_refused "$1"
    [ -n "$preview" ] || split_table "$1"
}

# The pipeline of a frame reads its own row of the table, align-K-NUMBER.tsv, and not those of thousands
# of others. Where frames are cropped each needs all.
split_table() {
    case $cropping in
    *" $1 "*) return ;;
    esac
    STACKJOB_TABLE=$run/align-$1 awk -F '\t' '
        FILENAME == ARGV[1] { number[$5] = $1; next }
        FNR == 1 { header = $0; next }
        $1 in number {
            file = ENVIRON["STACKJOB_TABLE"] "-" number[$1] ".tsv"
            print header "\n" $0 >file
            close(file)
        }' "$frames" "$run/align-$1.tsv" || exit 1
}

transforms_hold() {
    transforms_key "$1" >"$temporary/$step_id.align"
    [ -z "$force$preview" ] && [ -f "$state/align-$1.tsv" ] && [ -f "$state/align-$1.said" ] &&
        cmp -s -- "$temporary/$step_id.align" "$state/align-$1.key"
}

# For the next run: the table, and its key, where no frame is missing in it that might be there then.
keep_estimate() {
    rm -f -- "$state/align-$1.key"
    cp -- "$temporary/$step_id.align" "$run/align-$1.key" || exit 1
    for kept in tsv said key; do
        [ "$kept$broken" != keyyes ] || continue
        cp -- "$run/align-$1.$kept" "$run/keep" && keep keep "align-$1.$kept" || exit 1
    done
}

# What they depend on: the pipeline, the reference and all frames.
transforms_key() {
    each_line transforms_key_line "$1"
    grep -v '^options' "$temporary/$step_id.key"
}

transforms_key_line() {
    [ "$stage" -le "$1" ] || return 0
    case "$2 $3" in
    'option -border'* | 'option -maxpixels='* | 'summary '* | 'histograms '* | 'opaque '*) ;;
    *) printf '%s %s\n' "$2" "$3" ;;
    esac
}

# Each frame by itself.
estimate_each() {
    compose "$1" estimate
    pass "estimate-$1" "estimate the transforms"
    if [ -n "$preview" ]; then
        preview_table "$1"
        return
    fi
    header=
    : >"$run/align-$1.said"
    while IFS=$tab read -r number _ _ _ frame_name _; do
        row="$frame_name${tab}failed"
        if [ -f "$run/$number.out" ]; then
            { read -r header && IFS= read -r row; } <"$run/$number.out"
            rm -f -- "$run/$number.out"
        fi
        [ ! -f "$run/$number.err" ] || in_words_of_job "$run/$number.err" >>"$run/align-$1.said"
        printf '%s\n' "$row"
    done <"$frames" >"$run/rows"
    { printf '%s\n' "$header" && cat "$run/rows"; } >"$run/align-$1.tsv" || exit 1
}

# All frames in one run, which compares neighbours with each other: as files that are there, or made.
estimate_together() {
    if needs_middle "$1"; then
        make_directory "$run/middle-$1"
        compose $(($1 - 1)) middle
        pass "middle-$1" "to a file, for AlignFrames to look at"
        ! is_left_out "$reference_result" ||
            die "$title: the reference frame failed; ref_idx sets another"
        [ -z "$keep_going" ] || leave_out_misfits "$1"
        [ -n "$preview" ] || [ -z "$made" ] || rm -rf -- "$run/middle-$begun"
        middle=$run_line/middle-$1/
        # Where frames travel to other machines, the photographs are the lesser load.
        [ -n "$transfer" ] || begun=$1 made=$middle
    else
        middle=
    fi
    {
        job_head "$run/align-$1.tsv"
        together_lines "$1"
    } >"$jobs_in/align-$1.job"
    if [ -n "$preview" ]; then
        show_job "align-$1" "the transforms of all frames together"
        return
    fi
    say_phase "registering frames" ", all together"
    # Frames that are refused have their rows in the table, too.
    run_job "align-$1" || { [ "$status" -eq 2 ] && [ -s "$run/align-$1.tsv" ]; } || step_failed
    cp -- "$run/said" "$run/align-$1.said" || exit 1
    [ -n "$made" ] || [ -z "$middle" ] || rm -rf -- "$run/middle-$1"
}

# Whether the frames have to be made files for the K-th sub-action. With -k a frame that cannot be
# read must not end the one run over all of them.
needs_middle() {
    [ "$1" -gt 1 ] || [ -n "$keep_going" ] || ! all_native
}

together_lines() {
    together_path "$reference_path" "$reference_name"
    printf '%s\n' framealign -estimate "-reference=$path"
    each_line model_line "$1"
    while IFS=$tab read -r number path _ _ frame_name result _; do
        ! is_left_out "$result" || continue
        together_path "$path" "$frame_name"
        printf '%s\n' "$path"
    done <"$frames"
}

# together_path PATH NAME: sets $path, where the frame is for the one run over all.
together_path() {
    path=$1
    [ -z "$middle" ] || path=$middle$2.pam
}

model_line() {
    case "$stage $3" in
    "$1 -model="*) printf '%s\n' "$3" ;;
    esac
}

is_left_out() {
    [ -s "$run/left-out" ] && grep -q -x -F -- "$1" "$run/left-out"
}

# With -k: a frame unlike the reference must not end the one run over all of them, either.
leave_out_misfits() {
    geometry_of "$1" "$reference_name"
    expected=$geometry
    while IFS=$tab read -r _ _ _ _ frame_name result; do
        ! is_left_out "$result" || continue
        geometry_of "$1" "$frame_name"
        [ "$geometry" != "$expected" ] || continue
        shown_name=$text status=1 program=AlignFrames broken=yes
        say "$title: frame $shown_name has $geometry, but the reference frame $expected"
        count_failure
        printf '%s\n' "$result" >>"$run/left-out"
    done <"$frames"
}

# geometry_of K NAME: sets $geometry of the frame as it comes to the K-th sub-action, and $text, its name.
geometry_of() {
    unescape "$2"
    # shellcheck disable=SC2046
    set -- $(awk -f "$libexec/header.awk" "$run/middle-$1/$text.pam")
    geometry="$1x$2 pixels, depth $3 and maxval $4"
}

# The frames that have no transform fail here, and go no further.
leave_out_refused() {
    awk -F '\t' '
        FILENAME == ARGV[1] { out[$1] = 1; next }
        FILENAME == ARGV[2] { if ($2 == "failed") refused[$1] = 1; next }
        $5 in refused && !($6 in out) { print $5 "\t" $6 }' \
        "$run/left-out" "$run/align-$1.tsv" "$frames" >"$run/refused"
    [ -s "$run/refused" ] || return 0
    while IFS=$tab read -r frame_name result; do
        unescape "$frame_name"
        shown_name=$text status=2 program=framealign
        count_failure
        printf '%s\n' "$result" >>"$run/left-out"
    done <"$run/refused"
    [ -n "$keep_going" ] || stop_after_failure
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
    check_masks
    if [ "$to_make" -gt 0 ]; then
        each_line say_opaque
        measure
        limit_load
        prepare
        compose "$stage_count" frames
        phase=$phases
        say_phase "writing frames"
        pass final "make"
        drop_failed
    fi
    settle "$temporary/$step_id.key"
    sum_up_actions
    plot_rows
    leave_run
}

say_opaque() {
    [ "$1" != opaque ] ||
        say_step "border_mode = BORDER_REPLICATE_BLUR in AlignFrames: JPEG holds no opacity, as transparent borders need it"
}

# With -k: what a frame that failed now was before, under other options, is no result any more. What
# was never its own would have been overwritten, but is not to be lost for nothing.
drop_failed() {
    [ -s "$run/failed" ] || return 0
    awk -F '\t' '
        FILENAME == ARGV[1] { failed[$1] = 1; next }
        $7 in failed && $8 !~ /never its own/ { print $7 }' "$run/failed" "$plan" >"$run/drop"
    while IFS= read -r line; do
        unescape "$line"
        rm -f -- "$out/$text"
    done <"$run/drop"
}
