# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# -n: the job as a script. Sourced by stackjob. The steps are planned as for a run, and where one would run a job
# it is shown.

preview_head() {
    echo '#!/bin/sh'
    printable "${option[file]}"
    printf '# What stackjob runs for %s. It writes beside its place and renames, works on several runs of frames\n' "$REPLY"
    echo '# at a time, and counts the status of every stage; here the steps are in plain order.'
    echo 'set -e'
    quote "${place[bin]}:${place[libexec]}"
    printf 'PATH=%s:%s\n' "$REPLY" "\$PATH"
}

# Begins a step: sets step[run], where the script has what lies between.
preview_step() {
    step[run]=${step[out]}/.stackjob-n
    quote "${step[work]}"
    printf '\ncd %s\n' "$REPLY"
}

show_reason() {
    printable "$1"
    printf '# %s\n' "$REPLY"
}

show_pieces() {
    shown "$@"
    printf '%s\n' "$REPLY"
}

# show_job WHY PIECE...
show_job() {
    show_reason "$1"
    show_pieces "${@:2}"
}

show_command() {
    words "$@"
    printf '%s\n' "$REPLY"
}

# PREFIX_preview: of the step whose results are that list.
file_preview() {
    local pieces
    if [[ ! ${step[masks_to_make]}${step[plot_to_make]} ]]; then
        show_reason "${step[title]}: nothing to do"
        return
    fi
    show_reason "${step[title]}"
    if [[ ${step[masks_to_make]} ]]; then
        show_command mkdir -p "${step[out]}"
        if [[ ${step[map_to_make]} ]]; then
            map_job "${step[out]}/${file_result[0]}"
            show_job "the deviation map: ${step[map_to_make]}" "${pieces[@]}"
        fi
        mask_job "${step[out]}"
        show_job "the masks: ${step[masks_to_make]}" "${pieces[@]}"
    fi
    [[ ${step[plot_to_make]} ]] || return 0
    show_command mkdir -p "${step[plots]}"
    noise_plot_job "${step[plots]}/${plot_result[0]}"
    show_job "how many pixels are noisy at which threshold: ${step[plot_to_make]}" "${pieces[@]}"
}

picture_preview() {
    local n pieces why made=''
    show_reason "${step[title]}"
    for n in "${!bunch_first[@]}"; do
        to_make "$n" || continue
        why=$REPLY
        [[ $made ]] || show_command mkdir -p "${step[out]}"
        made=yes
        fusion_job "$n" "${step[out]}"
        show_job "${frame_name[bunch_first[n]]} to ${frame_name[bunch_last[n]]} to one picture: $why" "${pieces[@]}"
    done
    [[ $made ]] || show_reason "${step[title]}: nothing to do"
}

frame_preview() {
    local file
    show_reason "${step[title]}: ${step[to_make]} frames to make, ${step[unchanged]} up to date"
    for file in "${frame_stale[@]}"; do
        show_reason "the job no longer makes it"
        show_command rm -f "${step[out]}/$file"
    done
    for file in "${plot_stale[@]}"; do
        show_command rm -f "${step[plots]}/$file"
    done
    ((step[to_make])) || return 0
    measure
    say_opaque
    show_command mkdir -p "${step[run]}"
    ((${#stage_histograms[@]} == 0)) || show_command mkdir -p "${step[plots]}"
    prepare
    pass frames "${step[stages]}"
    ((step[unchanged] > 0)) || preview_tables
    show_command rm -r "${step[run]}"
}

# The tables and plots of a step whose frames all are made; of others, stackjob has tables that a script has not.
preview_tables() {
    local k i tables text suffix pieces
    for k in "${!stage_program[@]}"; do
        [[ ${stage_refers[k]} ]] || continue
        # shellcheck disable=SC2206
        tables=(${stage_runs[k]-})
        for i in "${!tables[@]}"; do
            tables[i]=${step[run]}/${tables[i]}.$k
        done
        [[ ! ${stage_passes[k]-} ]] || tables=("${step[run]}/align-$k.tsv")
        suffix_of "$k"
        if [[ ${stage_program[k]} == framealign ]]; then
            suffix=$REPLY
            words awk 'NR == 1 || FNR > 1' "${tables[@]}"
            pieces=("$REPLY")
            add_target "${step[out]}/transforms$suffix.tsv"
            show_job "the transforms of all frames" "${pieces[@]}"
        fi
        [[ ${stage_summary[k]-} ]] || continue
        show_command mkdir -p "${step[plots]}"
        plot_command "$k"
        text=$REPLY
        add "${tables[@]}"
        pieces=("$text")
        summary_name "$k"
        add_target "${step[plots]}/$REPLY"
        show_job "the figures of ${kind_of[${stage_program[k]}]}, frame by frame" "${pieces[@]}"
    done
}
