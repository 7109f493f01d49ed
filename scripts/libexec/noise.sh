#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# The step NoiseDetection: frames to deviation map to mask. Sourced by stackjob. The map is kept
# beside the mask, and so another threshold reads no frame again.

# plan_noise: the plan of the step's files; $map_key and $key are what map and masks depend on.
plan_noise() {
    resample=1 reverse=no ref_idx='' ending=''
    list_frames
    map_file=$file_name-map.pam
    {
        version_line noisedetect
        printf 'options -blur=%s -statistic=%s\n' "$blur" "$statistic"
        raw_key
        printf 'frames %s\n' "$(cut -f 2-4 "$frames" | cksum)"
    } >"$temporary/$step_id.map_key"
    key_of "$temporary/$step_id.map_key"
    map_key=$key
    cp "$temporary/$step_id.map_key" "$temporary/$step_id.key"
    printf 'threshold %s\n' "$thresholds" >>"$temporary/$step_id.key"
    key_of "$temporary/$step_id.key"
    list_noise_files >"$temporary/$step_id.files"
    frames_of_noise=$frames frames=$temporary/$step_id.files
    make_plan "$temporary/$step_id.key"
    frames=$frames_of_noise
    map_to_make='' masks_to_make='' plot_to_make=''
    plan_noise_plot
    while IFS=$tab read -r verdict number _ _ _ _ _ reason; do
        [ "$verdict" = make ] || continue
        masks_to_make=${masks_to_make:-$reason}
        [ "$number" != 1 ] || map_to_make=$reason
    done <"$plan"
}

# The plot depends on the map and on what it is asked for.
plan_noise_plot() {
    : >"$temporary/$step_id.plots"
    if [ "$plot" = yes ] && can_plot; then
        {
            cat "$temporary/$step_id.key"
            version_line noisehist
            printf 'plot_range %s\n' "$plot_range"
        } >"$temporary/$step_id.plot_key"
        noise_key=$key
        key_of "$temporary/$step_id.plot_key"
        plot_key=$key key=$noise_key
        escape "$name-hot-pixels.pdf"
        plot_result=$escaped
        printf -- '-\t-\t0\t0\t-\t%s\t%s\n' "$plot_result" "$plot_key" >"$temporary/$step_id.plots"
    fi
    plan_plots "$temporary/$step_id.plots"
    while IFS=$tab read -r verdict _ _ _ _ _ _ reason; do
        [ "$verdict" != make ] || plot_to_make=$reason
    done <"$plots_plan"
}

# noise_plot_job FILE
noise_plot_job() {
    job_head /dev/null
    escape "$1"
    printf '%s\n' noisehist "-range=$plot_range" "-threshold=$thresholds" "-plot=$escaped"
    escape "$out/$map_file"
    printf '%s\n' "$escaped"
}

plot_noise() {
    if [ -n "$plot_to_make" ]; then
        noise_plot_job "$run/plot.pdf" >"$run/plot.job"
        make_plot "$plot_result" "$plot_key"
    fi
    keep_plots
}

# The files as plan.awk takes them. Those of single colours count where they once were made.
list_noise_files() {
    printf '1\t-\t0\t0\t-\t%s\t%s\n' "$map_file" "$map_key"
    printf '2\t-\t0\t0\t-\t%s\t%s\n' "$file_name-rgb.png" "$key"
    for colour in r g b; do
        if [ -e "$out/$file_name-$colour.png" ] ||
            grep -q -F -- "$file_name-$colour.png$tab" "$state/journal" 2>/dev/null; then
            printf '2\t-\t0\t0\t-\t%s\t%s\n' "$file_name-$colour.png" "$key"
        fi
    done
}

# map_job RESULT: the pipeline that makes the map: operands where all frames are ones that
# noisedetect reads, else a converter a frame.
map_job() {
    job_head "$1"
    if all_native && [ "$(wc -l <"$frames")" -le 1000 ]; then
        printf '%s\n' noisedetect -map "-blur=$blur" "-statistic=$statistic"
        cut -f 2 "$frames"
        return
    fi
    separator=
    while IFS=$tab read -r _ path _; do
        printf '%s' "$separator"
        separator=";$nl"
        way_in "$path"
        case $way in
        native) printf '%s\n' cat "$path" ;;
        *) decode_lines "$path" ;;
        esac
    done <"$frames"
    printf '%s\n' '|' noisedetect -map "-blur=$blur" "-statistic=$statistic"
}

all_native() {
    while IFS=$tab read -r _ path _; do
        way_in "$path" && [ "$way" = native ] || return 1
    done <"$frames"
}

all_converted() {
    while IFS=$tab read -r _ path _; do
        way_in "$path" && [ "$way" != native ] || return 1
    done <"$frames"
}

# mask_job DIR: the masks, from the map that lies in the output directory to DIR.
mask_job() {
    job_head /dev/null
    escape "$out/$map_file"
    map_line=$escaped
    escape "$1/$file_name"
    printf '%s\n' noisedetect -frommap "-threshold=$thresholds" "-output=$escaped" "$map_line"
}

run_noise() {
    say_unused
    plan_noise
    noise_key=$key
    enter_run
    jobs_in=$run
    if [ -n "$map_to_make$masks_to_make" ]; then
        make_noise
    else
        say_step "$out/$file_name-rgb.png is up to date"
    fi
    settle "$temporary/$step_id.key"
    note_noise
    plot_noise
    leave_run
}

make_noise() {
    if [ -n "$map_to_make" ]; then
        say_step "$(wc -l <"$frames") frames to a deviation map: $map_to_make"
        map_job "$run/map.out" >"$run/map.job"
        # Each is one image of the stream, then.
        ! all_converted || stream=$frames
        run_job map || step_failed
        stream=
        grep "$warning_pattern" "$run/said" >"$run/warnings"
        keep warnings warnings || exit 1
        place map.out "$map_file" "$map_key" 0 0 || exit 1
    fi
    mask_job "$run" >"$run/masks.job"
    run_job masks || step_failed
    keep_note
    # The one that is always there comes last: where it is done, all are.
    for mask in b g r rgb; do
        [ -f "$run/$file_name-$mask.png" ] || continue
        place "$file_name-$mask.png" "$file_name-$mask.png" "$noise_key" 0 0 || exit 1
        printf '2\t-\t0\t0\t-\t%s\t%s\n' "$file_name-$mask.png" "$noise_key"
    done >"$run/colours"
    # Which colours there are is known only now.
    sed 1q "$temporary/$step_id.files" | cat - "$run/colours" >"$run/files"
    frames=$run/files
    make_plan "$temporary/$step_id.key"
}
