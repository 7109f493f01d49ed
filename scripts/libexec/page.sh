# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A job's report, NAME-report.html in its working path: the steps tell facts while they run, and report-page makes the
# page of them at the end. Sourced by stackjob.
#
# It is a result like others: made again when what it shows has changed, and not overwritten where it was changed by
# hand. What is known of it is one line in .stackjob/.report-NAME: its key, size and time.
#
#   reason_of[NUMBER]   of the frames of the step at work that failed: why

declare -a reason_of=()

# Whether the job is to have one.
wants_report() {
    [[ ${setting[${job[block]}.report]-yes} == yes ]]
}

# fact WORD...: a line for report-page.
fact() {
    local word line=''
    for word; do
        escape "$word"
        line+=${line:+$'\t'}$REPLY
    done
    printf '%s\n' "$line" >>"${place[temporary]}/facts"
}

# find_view FILE: sets decoder[], what writes that image as it is, from any directory.
find_view() {
    local repaired=${step[bad_pixels]-}
    step[bad_pixels]=''
    absolute "$1"
    find_decoder "$REPLY"
    step[bad_pixels]=$repaired
}

# The photographs, of the first step that tells them.
fact_frames() {
    local i word
    [[ ! ${job[shown]-} ]] || return 0
    job[shown]=yes
    for i in "${!frame_path[@]}"; do
        ((i == step[reference])) && word=reference || word=frame
        find_view "${frame_path[i]}"
        fact frame "${frame_name[i]}" "$word" "${decoder[@]}"
    done
}

# why_failed STATUS PROGRAM NUMBER: keeps in reason_of[] what the program said of the frame.
why_failed() {
    local line
    reason_of[$3]="$2 failed with status $1"
    [[ $1 != 2 ]] || reason_of[$3]="refused by $2"
    while IFS= read -r line; do
        [[ $line != *"frame ${frame_name[$3]} refused: "* ]] || reason_of[$3]=${line#*"frame ${frame_name[$3]} "}
    done < <(print_said && cat -- "${step[run]}"/align-*.said 2>/dev/null)
}

# What the report says of the step: what its results are, so that other results make another report, and what
# PREFIX_facts of their list tells.
step_facts() {
    wants_report || return 0
    fact state "$(cat -- "${step[state]}/journal" "${step[state]}/plots" 2>/dev/null | cksum)"
    "${step[list]}_facts"
}

file_facts() {
    local note
    { read -r note <"${step[state]}/note"; } 2>/dev/null || return 0
    fact noise "${step[name]}" "${step[output]}/${step[file_name]}-map.pam" "${step[plot_range]}" \
        "-threshold=${note##* at threshold }"
}

frame_facts() {
    local k i table geometry
    fact_frames
    for i in "${!left_out[@]}"; do
        find_view "${frame_path[i]}"
        fact refused "${frame_name[i]}" "${reason_of[i]-}" "${decoder[@]}"
    done
    for k in "${!stage_program[@]}"; do
        table=${step[run]}/table-$k
        case ${stage_program[k]} in
        noisemask) [[ ${job[spots]-} ]] || spots_facts "$k" ;;
        framealign)
            [[ -s $table && ${stage_refers[k]} ]] || continue
            cp -- "$table" "${step[state]}/table-$k" || exit 1
            plot_geometry
            geometry=$REPLY
            escape "${frame_name[step[reference]]}"
            fact align "${step[name]}" "${step[state]}/table-$k" "$REPLY" "${geometry% *}" "${geometry#* }"
            pair_facts "$table"
            ;;
        framebalance)
            [[ -s $table ]] || continue
            cp -- "$table" "${step[state]}/table-$k" || exit 1
            escape "${frame_name[step[reference]]}"
            fact balance "${step[name]}" "${step[state]}/table-$k" "$REPLY" "${stage_channel[k]}"
            ;;
        esac
    done
}

# spots_facts K: the reference frame before and after the repair by the K-th sub-action, where the mask lies beside its
# map.
spots_facts() {
    local k=$1 i mask frame=${frame_path[step[reference]]} repair=(noisemask)
    absolute "${stage_mask[k]}"
    mask=$REPLY
    [[ -f ${mask%-rgb.png}-map.pam ]] || return 0
    job[spots]=yes
    fact spots "${mask%-rgb.png}-map.pam"
    find_view "$frame"
    fact before "${decoder[@]}"
    if [[ ${step[bad_pixels]} ]]; then
        absolute "$frame"
        find_decoder "$REPLY" raw "$mask"
        fact after "${decoder[@]}"
        return
    fi
    for i in "${!line_word[@]}"; do
        ((line_stage[i] == k)) || continue
        case ${line_word[i]} in
        mask) repair+=("-mask=$mask") ;;
        grow) grow_of "$frame" && repair+=("$REPLY") ;;
        option) repair+=("${line_value[i]}") ;;
        esac
    done
    fact repair "${repair[@]}"
}

# pair_facts TABLE: of a table of transforms: the frame of the largest predicted error, and its neighbour.
pair_facts() {
    local pair one two
    read -r -a pair < <(awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $2 == "failed" { before = ""; next }
        before != "" { error = $column["error"] + last; if (best == "" || error > best) { best = error; pair = before " " NR - 1 } }
        { before = NR - 1; last = $column["error"] }
        END { print pair }' "$1")
    ((${#pair[@]} == 2)) || return 0
    one=${pair[0]} two=${pair[1]}
    [[ -f ${step[out]}/${frame_result[one]} && -f ${step[out]}/${frame_result[two]} ]] || return 0
    fact pair "${frame_name[one]}" "${frame_name[two]}"
    find_view "${step[out]}/${frame_result[one]}"
    fact one "${decoder[@]}"
    find_view "${step[out]}/${frame_result[two]}"
    fact two "${decoder[@]}"
}

picture_facts() {
    fact_frames
    [[ ! ${step[bunch]} ]] || return 0
    find_view "${step[out]}/${picture_result[0]}"
    fact picture "${picture_result[0]}" "${decoder[@]}"
}

# The commands that make all of the job again, as -n prints them; of very many frames only how to get them.
fact_commands() {
    local line
    if (($(grep -c '^frame' "${place[temporary]}/facts") > 200)); then
        fact command "stackjob -n -f ${option[file]}"
        return
    fi
    while IFS= read -r line; do
        fact command "$line"
    done < <(
        option[preview]=yes option[force]=yes job[log]=''
        exec 2>/dev/null # it was all told when it ran
        forget_ahead
        preview_head && each_step check_step
    )
}

# make_report: by the facts and the summary so far; sets job[report] where there is one.
make_report() {
    local file=${job[work]}/${job[name]}-report.html known=${job[work]}/.stackjob/.report-${job[name]} key stat old='' line
    local status program
    local -A step=([title]=report [work]=${job[work]} [run]=${place[temporary]}/page [phases]=1)
    stat=$(stat --printf '%s\t%.9Y' -- "$file" 2>/dev/null)
    { IFS= read -r old <"$known"; } 2>/dev/null
    if ! wants_report; then
        [[ ! $stat || $old != *$'\t'"$stat" ]] || rm -f -- "$file" "$known"
        return
    fi
    key=$(cksum <"${place[temporary]}/facts")
    job[report]=$file
    if [[ $stat && $stat != 0$'\t'* && ! ${option[force]-} ]]; then
        [[ $old != "$key"$'\t'"$stat" ]] || return 0
        if [[ $old != *$'\t'"$stat" ]]; then
            say "$file was changed by hand, or was never stackjob's own, and stays as it is; -f overwrites it"
            return
        fi
    fi
    fact job "${job[name]}" "$(printf '%(%Y-%m-%d %H:%M)T' -1)"
    for line in "${summary[@]}" "${failed[@]/#/  failed: }"; do
        fact summary "$line"
        [[ ! $line =~ ': warning: '|^'  failed: ' ]] || fact warning "${line#"${line%%[! ]*}"}"
    done
    # Those of a step that did not come to its summary.
    for line in "${warnings[@]}"; do
        fact warning "$line"
    done
    fact_commands
    mkdir -p -- "${step[run]}" "${known%/*}"
    quote "${place[temporary]}/facts"
    line=$REPLY
    quote "${step[run]}/page.html"
    if run_job report "report-page $line >$REPLY" && cp -- "${step[run]}/page.html" "$known.new" && sync -d -- "$known.new" &&
        printf '%s\t%s\n' "$key" "$(stat --printf '%s\t%.9Y' -- "$known.new")" >"$known" && mv -f -- "$known.new" "$file"; then
        return
    fi
    job[report]=''
    failures+=1
    say "the report $file could not be made"
}
