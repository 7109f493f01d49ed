# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# -w: a stack that is still being taken. Sourced by stackjob.
#
# While watch[live] is set, steps that can do with a part of the stack, those of a kind with KIND_live, make what they
# can from the frames that are there, and list_frames takes only those that are complete. An ordinary run would make the
# same of them, and one ends the job, over the whole stack.
#
# Two processes share the work, so that ^C ends the wait for frames and nothing else: the first one hears the signals, the
# second, in a session of its own, does all the rest. The first one writes to the file $STACKJOB_STOP that the stack is
# complete.
#
#   watch[seconds]    end after so many without a new frame; nothing: never
#   watch[end]        the file that says that the stack is complete
#   watch[why]        how that was said; nothing: more frames may come
#   watch[parent]     when the first process started
#   watch[due]        microseconds until the next file on its way may be complete; nothing: there is none
#   watched[DIR]      the directories that photographs appear in
#   file_state[FILE]  size and time of a file there when last looked at, and file_since[FILE], when it was first so
#   file_ready[FILE]  the same size and time where the file is complete
#   file_failed[FILE] size and time of a frame that failed
#   waiting[DIR]      outputs of steps that wait for the whole stack; waits_told[TITLE], what was said of that

declare -A watch=() watched=() file_state=() file_since=() file_ready=() file_failed=() waiting=() waits_told=()
readonly still_time=2000000 # microseconds: a file that has not changed for so long is complete, whatever is in it

# ---- the first process ----

# watch_apart ARGUMENT...: runs stackjob with these in the second process, and ends as that does.
watch_apart() {
    local signal child status=0
    export STACKJOB_STOP=${place[temporary]}/stop
    : >"$STACKJOB_STOP" || exit 1
    TMPDIR=${place[temporary]%/*} setsid "${place[bin]}/stackjob" "$@" <&0 &
    child=$!
    for signal in $signals; do
        # shellcheck disable=SC2064
        trap "kill -s $signal $child" "$signal"
    done
    # The second process ignores these, as all that a script runs in the background does.
    trap 'kill -s TERM "$child"' QUIT
    trap '[[ ! -s $STACKJOB_STOP ]] || kill -s TERM "$child"; echo stop >"$STACKJOB_STOP"' INT
    await "$child" || status=$?
    exit "$status"
}

# await PID: waits for that process, whatever signals are trapped meanwhile; its status.
await() {
    local status=0
    while :; do
        status=0
        wait "$1" || status=$?
        ((status > 128)) && kill -0 "$1" 2>/dev/null || return "$status"
    done
}

# ---- the second process ----

# watch_stack: makes what can be made while the frames appear; returns when the stack is complete. The job is loaded.
watch_stack() {
    local keep_going=${option[keep_going]-} directories
    start_of "$PPID"
    watch+=([end]=${job[work]}/${job[name]}.end [parent]=$REPLY [why]='' [due]='')
    each_step find_watched
    ((${#watched[@]})) || die "-w: no step of this job takes frames from a directory"
    printf -v directories '%s, ' "${!watched[@]}"
    say_more "watching ${directories%, } until ${watch[end]} is there, ^C is typed${watch[seconds]:+ or no frame has come for ${watch[seconds]} s}"
    open_log
    # A frame that fails must not keep the others from being made. The run over the whole stack tries it again.
    option[keep_going]=yes
    watch_frames
    option[keep_going]=$keep_going
    failures=0 refusals=0 failed=()
    say_more "the stack is complete: ${watch[why]}"
}

# find_watched: notes the directories that the step's frames come from, where no step of the job makes them.
find_watched() {
    local input
    waiting[${step[output]}]=yes
    [[ ${step[kind]} != NoiseDetection ]] || return 0
    for input in "${inputs[@]}"; do
        physical "$input"
        [[ ${waiting[$REPLY]-} ]] || watched[$REPLY]=yes
    done
}

watch_frames() {
    local last=${EPOCHREALTIME/./}
    until [[ ${watch[why]} && ! ${watch[due]} ]]; do
        if look_around; then
            last=${EPOCHREALTIME/./}
            [[ ${watch[why]} ]] || each_step live_step
        else
            [[ ${watch[why]} ]] || watch_ended "$last"
            [[ ${watch[why]} && ! ${watch[due]} ]] || pause
        fi
    done
}

# watch_ended LAST: sets watch[why] if the stack is complete, where the last frame came at that time.
watch_ended() {
    if [[ -s $STACKJOB_STOP ]]; then
        watch[why]='^C'
    elif [[ -e ${watch[end]} ]]; then
        watch[why]="${watch[end]} is there"
    elif [[ ${watch[seconds]-} && ! ${watch[due]} ]] && ((${EPOCHREALTIME/./} - $1 >= watch[seconds] * 1000000)); then
        watch[why]="no frame came for ${watch[seconds]} s"
    elif ! is_alive "$PPID" "${watch[parent]}"; then
        exit 1
    fi
}

# Until something may have happened.
pause() {
    local wait=${watch[due]:-500000}
    ((wait <= 500000)) || wait=500000
    printf -v wait '%d.%06d' $((wait / 1000000)) $((wait % 1000000))
    if [[ ! ${watch[due]} ]] && command -v inotifywait >/dev/null; then
        inotifywait -q -q -t 1 -e create,close_write,moved_to -- "${!watched[@]}" "${job[work]}" "$STACKJOB_STOP" </dev/null 2>/dev/null
        return 0
    fi
    sleep "$wait"
}

# look_around: whether frames have become complete since the last time. Sets file_state, file_since, file_ready and
# watch[due].
look_around() {
    local directory file files=() stats=() i now changed wait new=1
    watch[due]=''
    for directory in "${!watched[@]}"; do
        for file in "$directory"/*; do
            ! way_in "$file" || files+=("$file")
        done
    done
    ((${#files[@]})) || return
    mapfile -t stats < <(printf '%s\0' "${files[@]}" | xargs -0 stat -L --printf '%s\t%.9Y\n' -- 2>/dev/null)
    now=${EPOCHREALTIME/./}
    # One that is gone by now: the next look will tell.
    ((${#stats[@]} == ${#files[@]})) || { watch[due]=100000 && return 1; }
    for i in "${!files[@]}"; do
        file=${files[i]}
        [[ ${file_state[$file]-} == "${stats[i]}" ]] || { file_state[$file]=${stats[i]} && file_since[$file]=$now; }
        [[ ${file_ready[$file]-} != "${stats[i]}" && ${stats[i]} != 0$'\t'* ]] || continue
        changed=${stats[i]#*$'\t'}
        changed=${changed/./}
        changed=${changed:0:${#changed}-3}
        ((changed < file_since[$file])) || changed=${file_since[$file]}
        wait=$((still_time - now + changed))
        if ((wait <= 0)) || ends_well "$file" "${stats[i]%$'\t'*}"; then
            file_ready[$file]=${stats[i]}
            new=0
        elif [[ ! ${watch[due]} ]] || ((wait < watch[due])); then
            watch[due]=$wait
        fi
    done
    return "$new"
}

# ends_well FILE SIZE: whether it has the end that its format has, and so is complete already.
ends_well() {
    local width height depth maxval bytes
    case $1 in
    *.[pP][nN][gG]) [[ $(tail -c 8 -- "$1" | od -An -v -tx1) == ' 49 45 4e 44 ae 42 60 82' ]] ;;
    *.[jJ][pP][gG] | *.[jJ][pP][eE][gG]) [[ $(tail -c 2 -- "$1" | od -An -v -tx1) == ' ff d9' ]] ;;
    *.[pP][aA][mM] | *.[pP][nNpPgG][mM])
        image_header "$1" && read -r width height depth maxval bytes <<<"$REPLY" && [[ $bytes != plain ]] &&
            (($2 == bytes + width * height * depth * (maxval > 255 ? 2 : 1)))
        ;;
    *) return 1 ;;
    esac
}

# Leaves of paths[] and stats[] of list_frames those that are complete, and have not failed as they are.
keep_complete() {
    local i file all=("${paths[@]}") all_stats=("${stats[@]}")
    paths=() stats=()
    for i in "${!all[@]}"; do
        physical "${all[i]%/*}"
        file=$REPLY/${all[i]##*/}
        [[ ! ${watched[$REPLY]-} || ${file_ready[$file]-} == "${all_stats[i]}" ]] || continue
        [[ ${file_failed[$file]-} != "${all_stats[i]}" ]] || continue
        paths+=("${all[i]}") stats+=("${all_stats[i]}")
    done
}

# note_failed: what failed in the step at work is not tried again before it changes.
note_failed() {
    local i
    for i in "${!left_out[@]}"; do
        physical "${frame_path[i]%/*}"
        file_failed[$REPLY/${frame_path[i]##*/}]=${frame_input[i]}
    done
}

# The step at work makes what it can; it waits, and so do those that take its frames, where it needs the whole stack.
live_step() {
    local input
    REPLY=''
    for input in "${inputs[@]}"; do
        physical "$input"
        [[ ! ${waiting[$REPLY]-} ]] || { waits "its frames come from a step that does" && return; }
    done
    declare -F "${step[kind]}_live" >/dev/null || return
    why_waits
    [[ ! $REPLY ]] || { waits "$REPLY" && return; }
    waiting[${step[output]}]=''
    "${step[kind]}_live"
}

# why_waits: why the step at work needs the whole stack, or nothing.
why_waits() {
    local mask
    REPLY=''
    [[ ${step[kind]} == Actions ]] || return 0
    if ((${#stage_passes[@]})); then
        REPLY='AlignFrames compares all frames with each other; with step_process = no and crop = no it takes each by itself'
    elif [[ ${stage_refers[*]} == *yes* && (! ${step[ref_idx]} || ${step[reverse]} == yes) ]]; then
        REPLY='the reference is the middle frame; ref_idx, without reverse_order, sets one that is known before'
    else
        for mask in "${stage_mask[@]}"; do
            [[ -f $mask ]] || REPLY="the mask $mask is not there yet"
        done
    fi
}

# waits WHY: says it once.
waits() {
    [[ ${waits_told[${step[title]}]-} == "$1" ]] || say_step "waits for the whole stack: $1"
    waits_told[${step[title]}]=$1
}
