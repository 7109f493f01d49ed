# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The step NoiseDetection: frames to deviation map to mask. Sourced by stackjob. The map is kept
# beside the mask, and so another threshold reads no frame again.
#
# Its files are the list file_: the map first, then the masks. step[map_to_make, masks_to_make, plot_to_make]
# are the reasons why, or nothing.

kind 'NoiseDetection [NAME]' StackJob input_path=paths input_filepaths=paths working_path=path max_frames=count plot_path=path \
    plot_histograms=bool channel_thresholds=levels blur_size=odd statistic=statistic file_name=file \
    plot_range=range pattern=pattern raw_options=raw raw_domain=bool target_pixels=count noisy_masked_px=counts output_path=path enabled=bool
kind_name[NoiseDetection]=noise-map
words_of statistic mean=mean persistent=persistent

NoiseDetection_allowed() {
    local key
    for key in target_pixels noisy_masked_px; do
        ! is_set "$1" channel_thresholds || ! is_set "$1" "$key" ||
            wrong "channel_thresholds has no effect beside $key, which chooses them"
    done
    ! is_set "$1" target_pixels || ! is_set "$1" noisy_masked_px ||
        wrong "target_pixels and noisy_masked_px contradict each other: one counts pixels, the other those of each colour"
}

NoiseDetection_load() {
    local b=$1 colours
    step+=([holds]=m [list]=file [out]=${step[name]}
        [file_name]=${setting[$b.file_name]-hot} [max_frames]=${setting[$b.max_frames]-0}
        [plot]=${setting[$b.plot_histograms]-no} [plot_range]=${setting[$b.plot_range]-}
        [blur]=${setting[$b.blur_size]-5} [statistic]=${setting[$b.statistic]-persistent}
        [thresholds]=${setting[$b.channel_thresholds]-} [target]=${setting[$b.target_pixels]-}
        [raw_domain]=${setting[$b.raw_domain]-yes}
        [unheard]="${setting[$b.blur_size]+blur_size} ${setting[$b.statistic]+statistic}"
        [unused]=${setting[$b.output_path]+output_path})
    # How many noisy pixels each colour may have, from one number or three.
    colours=${setting[$b.noisy_masked_px]-}
    [[ ! $colours || $colours == *,* ]] || colours=$colours,$colours,$colours
    step[target]=${colours:-${step[target]}}
}

NoiseDetection_check() {
    [[ ! ${option[preview]-} ]] || say_unused
    plan_noise || step[masks_to_make]="no frames yet"
    physical "${step[out]}"
    [[ ! ${step[masks_to_make]} ]] || ahead_masks[$REPLY/${step[file_name]}-rgb.png]=yes
}

# On a mosaic the neighbours of a colour take the place of blur and statistic.
say_unheard_on_mosaics() {
    [[ ! ${step[cfa]} || ${step[unheard]} == ' ' ]] ||
        say "${step[title]}: on the mosaics of raw files blur_size and statistic have no effect; they have with raw_domain = no"
}

say_unused() {
    [[ ! ${step[unused]} ]] ||
        say "${step[title]}: ${step[unused]} is not used: the files are ${step[out]}/${step[file_name]}-rgb.png and its like"
}

# Plans the files and the plot: sets the lists file_ and plot_, step[key_text, ..._to_make]; false where there is nothing to
# plan yet.
plan_noise() {
    local text i map_key
    list_frames '' || return
    [[ ${step[raw_domain]} == yes ]] && look_at_sensor || step[cfa]=''
    # A mosaic's own threshold is a fraction of the developed frames', which smear and stretch a pixel.
    [[ ! ${step[cfa]} ]] && text=5,30 || text=1,20
    step[plot_range]=${step[plot_range]:-$text}
    version_line noisedetect
    text=$REPLY$'\n'
    if [[ ${step[cfa]} ]]; then
        text+="raw_domain ${step[cfa]}"$'\n'
    else
        text+="options -blur=${step[blur]} -statistic=${step[statistic]}"$'\n'
        raw_key
        text+=$REPLY
    fi
    sum_of_frames "${!frame_path[@]}"
    text+="frames $REPLY"$'\n'
    key_of "$text"
    map_key=$REPLY
    threshold_words "${step[file_name]}-map.pam"
    step[key_text]=$text"threshold $REPLY"$'\n'
    list_noise_files
    key_of "${step[key_text]}"
    set_keys "$map_key" "$REPLY"
    plan_results
    step+=([map_to_make]='' [masks_to_make]='' [plot_to_make]='')
    for i in "${!file_result[@]}"; do
        [[ ${file_verdict[i]} == make ]] || continue
        step[masks_to_make]=${step[masks_to_make]:-${file_reason[i]}}
        ((i)) || step[map_to_make]=${file_reason[i]}
    done
    plan_noise_plot
}

# The files: those of single colours count where they once were made.
list_noise_files() {
    local colour name=${step[file_name]}
    file_result=("$name-map.pam" "$name-rgb.png")
    for colour in r g b; do
        escape "$name-$colour.png"
        [[ -e ${step[out]}/$name-$colour.png ]] || grep -q -s -F -- "$REPLY"$'\t' "${step[state]}/journal" || continue
        file_result+=("$name-$colour.png")
    done
}

# set_keys MAP_KEY KEY: of the files.
set_keys() {
    local i
    file_input=() file_key=()
    for i in "${!file_result[@]}"; do
        file_input[i]=$'0\t0' file_key[i]=$2
    done
    file_key[0]=$1
}

# The plot depends on the map and on what it is asked for.
plan_noise_plot() {
    clear_plots
    if [[ ${step[plot]} == yes ]] && can_plot; then
        version_line noisehist
        key_of "${step[key_text]}$REPLY"$'\n'"plot_range ${step[plot_range]}"$'\n'
        add_plot "${step[name]}-hot-pixels.pdf" $'0\t0' "$REPLY"
    fi
    plan_plots
    [[ ${plot_verdict[0]-} != make ]] || step[plot_to_make]=${plot_reason[0]}
}

# ---- the jobs: each sets pieces ----

# threshold_words MAP: the option -threshold, in words of a shell. A mosaic's map has its own default.
threshold_words() {
    local default=8,8,8
    if [[ ${step[target]} ]]; then
        words noisehist "-target=${step[target]}" "$1"
        REPLY="\"\$($REPLY)\""
        return
    fi
    [[ ${step[statistic]} != mean ]] || default=13,13,13
    [[ ! ${step[cfa]} ]] || default=''
    REPLY=${step[thresholds]:-$default}
    REPLY=${REPLY:+-threshold=$REPLY}
}

# The map, to the file FILE.
map_job() {
    if [[ ${step[cfa]} ]]; then
        words framein -mosaic "${frame_path[@]}"
        pieces=("$REPLY" "| noisedetect -map")
    else
        words noisedetect -map "-blur=${step[blur]}" "-statistic=${step[statistic]}"
        feed_frames "$REPLY" "${!frame_path[@]}"
    fi
    add_target "$1"
}

# mask_job DIR: the masks, from the map that lies in the output directory to DIR.
mask_job() {
    threshold_job 'noisedetect -frommap' "-output=$1/${step[file_name]}"
}

# noise_plot_job FILE
noise_plot_job() {
    threshold_job "noisehist -range=${step[plot_range]}" "-plot=$1"
}

# threshold_job COMMAND RESULT: what reads the map, with the thresholds.
threshold_job() {
    local map=${step[out]}/${step[file_name]}-map.pam text=$1
    threshold_words "$map"
    text+=${REPLY:+ $REPLY}
    add "$2" "$map"
    pieces=("$text >/dev/null")
}

# ---- running ----

NoiseDetection_run() {
    local note pieces
    say_unused
    plan_noise
    say_unheard_on_mosaics
    enter_run
    if [[ ${step[masks_to_make]} ]]; then
        make_noise
    else
        say_step "${step[out]}/${step[file_name]}-rgb.png is up to date"
    fi
    settle_results
    if [[ -s ${step[state]}/note ]]; then
        read -r note <"${step[state]}/note"
        note "$note" "${step[output]}/${step[file_name]}-rgb.png"
        note_warnings < <(cat -- "${step[state]}/warnings" 2>/dev/null)
    fi
    if [[ ${step[plot_to_make]} ]]; then
        noise_plot_job "${step[run]}/${plot_result[0]}"
        make_plot 0 "${pieces[@]}"
    fi
    settle_plots
}

make_noise() {
    local colour colours name=${step[file_name]} key=${file_key[1]} map_key=${file_key[0]} status program
    if [[ ${step[map_to_make]} ]]; then
        say_step "${#frame_path[@]} frames to a deviation map: ${step[map_to_make]}"
        map_job "${step[run]}/$name-map.pam"
        [[ ${#pieces[@]} == 1 ]] || name_stream
        run_job map "${pieces[@]}" || step_failed "$status" "$program"
        step[stream]=''
        print_said | grep "$warning_pattern" >"${step[run]}/warnings"
        keep warnings warnings || exit 1
        place_results file "${step[run]}" 0 || exit 1
    fi
    mask_job "${step[run]}"
    run_job masks "${pieces[@]}" || step_failed "$status" "$program"
    sed -n 's/^noisedetect: \([0-9]* noisy pixels\)/\1/p' "${step[run]}/masks.out/.err" >"${step[run]}/note"
    keep note note
    # Which colours there are is known only now. The mask that is always there comes last: where it is done, all are.
    file_result=("$name-map.pam")
    for colour in rgb r g b; do
        [[ ! -f ${step[run]}/$name-$colour.png ]] || file_result+=("$name-$colour.png")
    done
    set_keys "$map_key" "$key"
    colours=("${!file_result[@]}")
    place_results file "${step[run]}" "${colours[@]:2}" 1 || exit 1
    plan_results
}

# Lists the frames for messages that have them by their numbers on standard input, where each is one image for
# sure: sets step[stream].
name_stream() {
    local path
    [[ " ${frame_way[*]} " != *' native '* ]] || return 0
    step[stream]=${step[run]}/stream
    for path in "${frame_path[@]}"; do
        escape "$path"
        printf '%s\n' "$REPLY"
    done >"${step[stream]}"
}
