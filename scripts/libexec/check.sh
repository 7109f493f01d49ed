#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# The look at a whole job before anything runs, and what -n prints of it. Sourced by stackjob.

check_job() {
    ahead=yes
    each_step check_step
    ahead=
}

# Plans a step against what the steps before it will make, and refuses what would do harm.
check_step() {
    check_directories
    case $kind in
    NoiseDetection)
        plan_noise
        physical "$out"
        escape "$physical/$file_name-rgb.png"
        [ -z "$masks_to_make" ] || printf '%s\n' "$escaped" >>"$temporary/masks"
        ;;
    Actions)
        plan_actions
        check_images
        ;;
    esac
    check_plots
    [ -z "$preview" ] || preview_step
    cast_shadow
}

# No two steps plot to one file.
check_plots() {
    physical "$plots"
    escape "$physical"
    STACKJOB_PLOTS=$escaped awk -F '\t' '{ print ENVIRON["STACKJOB_PLOTS"] "/" $6 }' "$temporary/$step_id.plots" >>"$temporary/plotted"
    twice=$(sort "$temporary/plotted" | uniq -d | head -n 1)
    unescape "$twice"
    [ -z "$twice" ] || die "$title: another step plots to $text already: give it a plot_path of its own"
}

# An output directory is no input of this step or of one before, and no other step's output.
check_directories() {
    escape "$output"
    ! grep -s -q -x -F -- "$escaped" "$temporary/outputs.only" ||
        die "$title: another step writes to $out already: give it an output_path of its own"
    saved_ifs=$IFS
    IFS=$nl
    for line in $inputs; do
        IFS=$saved_ifs
        check_input
    done
    IFS=$saved_ifs
    escape "$output"
    ! grep -s -q -x -F -- "$escaped" "$temporary/sources" ||
        die "$title: the output directory $out is also an input: frames that are read would be overwritten"
    printf '%s\n' "$escaped" >>"$temporary/outputs.only"
    [ "$kind" = Actions ] || printf '%s\n' "$escaped" >>"$temporary/outputs.noise"
}

check_input() {
    unescape "$line"
    input_path=$text
    physical "$input_path"
    escape "$physical"
    ! grep -s -q -x -F -- "$escaped" "$temporary/outputs.noise" ||
        die "$title: the input path $input_path is where NoiseDetection writes its masks: they are no frames"
    printf '%s\n' "$escaped" >>"$temporary/sources"
}

# A frame's file holds one image: of several a pipeline would make one result file with several.
check_images() {
    while IFS=$tab read -r verdict _ path size _; do
        case $verdict$size in
        make-) continue ;;
        make*) ;;
        *) continue ;;
        esac
        unescape "$path"
        case $text in
        *.[tT][iI][fF] | *.[tT][iI][fF][fF]) check_tiff "$text" ;;
        *.[pP][aA][mM] | *.[pP][nNpPgG][mM]) check_raster "$text" "$size" ;;
        esac
    done <"$plan"
}

# number TYPE OFFSET FILE: sets $number, in the byte order $order; 0 where the file ends before.
number() {
    number=$(od -An -v "-tu$1" -j "$2" -N "$1" --endian="$order" -- "$3" 2>/dev/null)
    number=$((${number:-0}))
}

# Whether the first directory of a TIFF names a second.
check_tiff() {
    case $(od -An -c -N 2 -- "$1") in
    *I*) order=little ;;
    *) order=big ;;
    esac
    number 2 2 "$1"
    if [ "$number" -eq 43 ]; then
        number 8 8 "$1" && first=$number
        number 8 "$first" "$1"
        number 8 $((first + 8 + 20 * number)) "$1"
    else
        number 4 4 "$1" && first=$number
        number 2 "$first" "$1"
        number 4 $((first + 2 + 12 * number)) "$1"
    fi
    [ "$number" -eq 0 ] || die "$title: $1 has several pages; give each a file of its own (tiffsplit)"
}

# Whether there is more in a PAM or raw PNM than one raster.
check_raster() {
    # shellcheck disable=SC2046
    set -- "$1" "$2" $(awk -f "$libexec/header.awk" "$1")
    [ $# -eq 7 ] && [ "$7" != plain ] || return 0
    [ "$2" -le $(($7 + $3 * $4 * $5 * ($6 > 255 ? 2 : 1))) ] ||
        die "$title: $1 holds more than one image; give each a file of its own (pamsplit)"
}

# ---- -n: the job as a script ----

preview_head() {
    quote "$bin"
    {
        echo '#!/bin/sh'
        escape "$job_file"
        printf '# What stackjob runs for %s. It writes beside its place and renames, runs the frames of a\n' "$escaped"
        echo '# step in parallel, and counts the status of every stage; here the steps are in plain order.'
        echo 'set -e'
        # shellcheck disable=SC2016
        printf 'PATH=%s:$PATH\n' "$quoted"
    } >"$temporary/script"
}

preview_step() {
    jobs_in=$temporary/$step_id.jobs run=$out/.stackjob-n run_in=$work
    mkdir "$jobs_in"
    escape "$run"
    run_line=$escaped
    {
        quote "$work"
        printf '\ncd %s\n' "$quoted"
        case $kind in
        NoiseDetection) preview_noise ;;
        Actions) preview_actions ;;
        esac
    } >>"$temporary/script"
    run=
}

preview_noise() {
    say_unused
    if [ -z "$map_to_make$masks_to_make$plot_to_make" ]; then
        printf '# %s: nothing to do\n' "$title"
        return
    fi
    printf '# %s\n' "$title"
    if [ -n "$map_to_make$masks_to_make" ]; then
        show_command mkdir -p "$out"
        if [ -n "$map_to_make" ]; then
            map_job "$out/$map_file" >"$jobs_in/map.job"
            show_job map "the deviation map: $map_to_make"
        fi
        mask_job "$out" >"$jobs_in/masks.job"
        show_job masks "the masks: $masks_to_make"
    fi
    [ -n "$plot_to_make" ] || return 0
    show_command mkdir -p "$plots"
    noise_plot_job "$plots/$name-hot-pixels.pdf" >"$jobs_in/plot.job"
    show_job plot "how many pixels are noisy at which threshold: $plot_to_make"
}

preview_actions() {
    printf '# %s: %s frames to make, %s up to date\n' "$title" "$to_make" "$unchanged"
    [ "$to_make" -eq 0 ] || each_line say_opaque
    while IFS= read -r line; do
        unescape "$line"
        echo '# the job no longer makes it'
        show_command rm -f "$out/$text"
    done <"$stale"
    while IFS= read -r line; do
        unescape "$line"
        show_command rm -f "$plots/$text"
    done <"$plots_stale"
    [ "$to_make" -gt 0 ] || return 0
    measure
    show_command mkdir -p "$run"
    [ -z "$histograms" ] || show_command mkdir -p "$plots"
    prepare
    compose "$stage_count" frames
    pass final make
    preview_plots
    show_command rm -r "$run"
}

# Where a job of a pass writes to.
preview_target() {
    case $pass_kind in
    final)
        unescape "$result"
        target=$out/$text
        ;;
    estimate-*) target=$run/$pass_kind-$number.tsv ;;
    middle-*)
        unescape "$frame_name"
        target=$run/$pass_kind/$text.pam
        ;;
    esac
}

# show_job ID WHY: the job as a line of the script, with the reason for it.
show_job() {
    escape "$2"
    printf '# %s\n' "$escaped"
    show "$jobs_in/$1.job"
    { read -r _ && IFS= read -r line; } <"$jobs_in/$1.job"
    unescape "$line"
    quote "$text"
    printf '%s >%s\n' "$shown" "$quoted"
}

# show_command WORD...: a command as a line of the script.
show_command() {
    shown=
    for word; do
        quote "$word"
        shown="$shown${shown:+ }$quoted"
    done
    printf '%s\n' "$shown"
}

# The tables that a pass has made, as one.
preview_table() {
    set -- "$1" awk 'NR == 1 || FNR > 1'
    while IFS=$tab read -r number _; do
        set -- "$@" "$run/estimate-$1-$number.tsv"
    done <"$frames"
    quote "$run/align-$1.tsv"
    table=$quoted
    shift
    echo '# all together'
    printf '%s >%s\n' "$(show_command "$@")" "$table"
}

# The plots of a step whose frames all are made; of others, stackjob has tables that a script has not.
preview_plots() {
    [ "$unchanged" -eq 0 ] || return 0
    each_line preview_plots_line
}

preview_plots_line() {
    case "$1 $2" in
    'stage '*)
        stage_number=$stage stage_program=$2 channel=lumi
        [ "$stage_program" != framealign ] || with_tables preview_transforms
        ;;
    'option -channel='*) channel=${2#-channel=} ;;
    'summary yes') [ -z "$summaries" ] || with_tables preview_plot ;;
    esac
}

# with_tables DO: calls it with the files that hold the rows of the sub-action $stage_number. One that
# applies a table of the user's has none.
with_tables() {
    applied=$(printf '%s\n' "$stages" | awk -v wanted="$stage_number" '
        $1 == "stage" { n++ }
        n == wanted && $1 == "apply"')
    [ -z "$applied" ] || return 0
    case $two_pass in
    *" $stage_number "*) set -- "$1" "$run/align-$stage_number.tsv" ;;
    *)
        while IFS=$tab read -r number _; do
            set -- "$@" "$run/$number.$stage_number"
        done <"$frames"
        ;;
    esac
    "$@"
}

preview_plot() {
    show_command mkdir -p "$plots"
    set_nth
    plot_rows_job "$plots/$name-${stage_program#frame}$nth.pdf" "$@" >"$jobs_in/plot.job"
    show_job plot "the figures of $(sub_action "$stage_program"), frame by frame"
}

preview_transforms() {
    set_nth
    quote "$out/transforms$nth.tsv"
    kept=$quoted
    echo '# the transforms of all frames'
    printf '%s >%s\n' "$(show_command awk 'NR == 1 || FNR > 1' "$@")" "$kept"
}
