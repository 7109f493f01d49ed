# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Runs jobs: one by one, or those of a pass over the frames in parallel. Sourced by stackjob. All are run by
# run-pipeline, in process groups of their own, so that they can be ended together.
#
#   engine[pid]       what runs in the background, or nothing
#   engine[is]        group (the leader of all that runs) or parallel
#   engine[parallel]  gnu or no
#   engine[slots]     how many runs of frames at a time; engine[load]: the same as GNU parallel has it
#   engine[memory]    what one needs, in KiB, or nothing
#   engine[needed]    programs that other machines must have, besides ours
#   engine[exiftool]  a file whose metadata will be copied, or nothing
#
# and, while a pass over the frames runs,
#
#   pass[purpose]     frames or middle (see compose in pipelines.sh); pass[last]: the last sub-action
#   pass[passed, size]   how many frames; pass[slots, load]: as those of engine
#   pass[stopped]     run or frame, whose failure has stopped the engine, or nothing
#   undone[NUMBER]    set for the frames that have neither passed nor failed; broken[], those whose run has failed
#   run_numbers[RUN]  the numbers of the frames that one pipeline takes; run_order[], the runs in their order

declare -A pass=() run_numbers=()
declare -a undone=() broken=() run_order=()

# write_job RUN PIECE...: a job file of the step, as run-pipeline has it.
write_job() {
    local directory=${step[work]}
    [[ ! ${step[away]-} ]] || directory=.
    printf '%s\0' "$directory" "${@:2}" >"${step[run]}/$1.job"
}

# run_job RUN PIECE...: runs that job and waits; false if it failed, and then status and program, which are the
# caller's, tell why.
run_job() {
    local hundredths=0
    write_job "$@"
    export_run
    setsid "${place[libexec]}/run-pipeline" "$1" named >"${step[run]}/report" &
    engine[pid]=$! engine[is]=group
    # A shell's own word on a worker that is killed is in our message.
    { wait "${engine[pid]}"; } 2>/dev/null
    engine[pid]=''
    read -r _ status hundredths program <"${step[run]}/report" || { status=1 hundredths=0 program=run-pipeline; }
    log_job "$status" "$hundredths" "$program" "${step[run]}/$1.out/.err" "${@:2}"
    ((status == 0))
}

export_run() {
    absolute "${step[run]}"
    export STACKJOB_RUN=$REPLY STACKJOB_VERBOSE=${option[verbose]-} STACKJOB_PIPELINE=${place[libexec]}/run-pipeline \
        PARALLEL_SHELL=/bin/sh
}

# perform RUN WHY PIECE...: runs the job, or prints it where nothing is run.
perform() {
    local status program
    if [[ ${option[preview]-} ]]; then
        show_job "$2" "${@:3}"
    else
        run_job "$1" "${@:3}" || step_failed "$status" "$program" "$2"
    fi
}

# step_failed STATUS PROGRAM [WHAT]: ends the run; WHAT is what the job was to make.
step_failed() {
    if (($1 == 2)); then
        say "${step[title]}: ${3:+$3: }$2 refused its input"
        exit 2
    fi
    say "${step[title]}: ${3:+$3: }$2 failed (status $1)"
    exit 1
}

# Ends what is running, and waits for its end. GNU parallel ends its jobs when it is told to end, but
# does not listen while it starts.
stop_engine() {
    local tries
    [[ ${engine[pid]-} ]] || return 0
    for ((tries = 0; tries < 18; tries++)); do
        if ((tries % 3 == 0)); then
            signal_engine TERM || break
        else
            kill -0 "${engine[pid]}" 2>/dev/null || break
        fi
        sleep 0.05
    done
    # Also what outlives the engine: a program that has stopped takes no other signal.
    signal_engine KILL
    wait "${engine[pid]}" 2>/dev/null
    engine[pid]=''
}

# signal_engine SIGNAL: to the engine and to the process group of each job that has not ended.
signal_engine() {
    local file group there=0
    if [[ ${engine[is]} == group ]]; then
        kill "-$1" -- "-${engine[pid]}" 2>/dev/null || kill "-$1" "${engine[pid]}" 2>/dev/null
        return
    fi
    # First the engine, which else tells of each job that it sees end.
    kill "-$1" "${engine[pid]}" 2>/dev/null || there=1
    if [[ ! ${option[logins]-} ]]; then
        for file in "${step[run]}"/*.group; do
            [[ -s $file ]] && read -r group <"$file" && kill "-$1" -- "-$group"
        done 2>/dev/null
    fi
    return "$there"
}

# ---- exiftool ----

# want_exiftool: sets engine[exiftool] if the step at work will copy metadata of files that are there.
want_exiftool() {
    local -n verdict=${step[list]}_verdict
    [[ ! ${engine[exiftool]-} && " ${verdict[*]} " == *' make '* && -f ${frame_path[1]} ]] && copies_metadata &&
        holds_metadata "${frame_path[1]}" || return 0
    absolute "${frame_path[1]}"
    engine[exiftool]=$REPLY
}

# One exiftool for all that copy metadata, which starts while the steps before them are at work (see copy-metadata). Its
# requests have an end, and so has it, when this process has one. Here the replies can only be read from then on, so that
# they have an end when it has.
start_exiftool() {
    local at=${place[temporary]}/exiftool
    [[ ${engine[exiftool]-} && ! ${option[logins]-} ]] || return 0
    mkdir -- "$at" && mkfifo -- "$at/requests" "$at/replies" && : >"$at/lock" || exit 1
    export STACKJOB_EXIFTOOL=$at
    exec 6<>"$at/requests" 7<>"$at/replies"
    # The fifos are open in the new process, which waits for nobody to open the other end. It is no child of this one,
    # which would wait for it, too, where it waits for an engine that it has ended.
    (setsid "${place[libexec]}/copy-metadata" -serve "${engine[exiftool]}" <"$at/requests" >&7 6>&- 7>&- &)
    exec 7<"$at/replies"
}

# One that has not come as far as to say its process group ends by itself, for nobody will ask.
stop_exiftool() {
    local group
    { read -r group <"${place[temporary]}/exiftool/group" && kill -KILL -- "-$group"; } 2>/dev/null
}

# ---- a pass over the frames ----

# pass PURPOSE LAST [WHY]: takes the frames that have not failed through the sub-actions up to the LAST: all, or for
# the purpose frames those that are to be made. WHY is the reason that -n shows, where not each frame has its own.
#
# A frame that fails fails alone: where a run of several fails its frames are done again, each by a pipeline of its
# own. They come after all runs, or, where a failure stops the job, at once, and the other runs go on behind them.
pass() {
    local i length stopped
    undone=()
    for i in "${!frame_path[@]}"; do
        [[ ${left_out[i]-} || ($1 == frames && ${frame_verdict[i]} != make) ]] || undone[i]=yes
    done
    pass=([purpose]=$1 [last]=$2 [passed]=0 [stopped]='' [size]=${#undone[@]})
    run_length "${#undone[@]}"
    length=$REPLY
    if [[ ${option[preview]-} ]]; then
        make_runs "$length" "${3-}" "${!undone[@]}"
        return
    fi
    while ((${#undone[@]})); do
        broken=()
        hand_out "$length" "${!undone[@]}"
        stopped=${pass[stopped]}
        ((${#broken[@]} == 0)) || hand_out 1 "${broken[@]}"
        [[ $stopped ]] || return 0
    done
}

# hand_out LENGTH NUMBER...: takes these frames through their pipelines, in runs of at most that length; one run at a
# time where a run has just stopped the engine.
hand_out() {
    local run status hundredths program engine_status=0 back=0
    make_runs "$1" '' "${@:2}"
    pass+=([slots]=${engine[slots]} [load]=${engine[load]})
    [[ ! ${pass[stopped]} ]] || pass+=([slots]=1 [load]=1 [stopped]='')
    rm -f -- "${step[run]}/reports"
    mkfifo -- "${step[run]}/reports" || exit 1
    # Both ends are open before the engine starts: it would wait forever for a reader that was killed.
    exec 5<>"${step[run]}/reports"
    exec 4<"${step[run]}/reports"
    start_engine
    read -r run <&4
    exec 5>&-
    while read -r run status hundredths program <&4; do
        [[ ${pass[stopped]} ]] || run_done
    done
    exec 4<&-
    [[ ! ${engine[pid]} ]] || { wait "${engine[pid]}" || engine_status=$?; } 2>/dev/null
    engine[pid]=''
    clear_away
    [[ ${pass[stopped]} != frame ]] || stop_after_failure
    [[ ${pass[stopped]} ]] || ((back == $# - 1)) || {
        say "${step[title]}: only $back of $(($# - 1)) frames came back; what ran them ended with status $engine_status"
        failures+=1
        [[ ${option[keep_going]-} ]] || exit 1
    }
}

# Ends the run; what was refused is to be seen in the report.
stop_after_failure() {
    if ((refusals)); then
        find_tables
        step_facts
        make_report
        [[ ! ${job[report]-} ]] || say "see ${job[report]}"
    fi
    ((failures > 0)) || exit 2
    exit 1
}

# A run that run-pipeline has reported: run, status, hundredths and program are hand_out's, and back counts the frames.
run_done() {
    local numbers number pieces errors=${step[run]}/$run.out/.err
    # shellcheck disable=SC2206
    numbers=(${run_numbers[$run]})
    back=$((back + ${#numbers[@]}))
    # What a run of several said is said again where its frames are done one by one.
    ((status == 0 || ${#numbers[@]} == 1)) || errors=/dev/null
    mapfile -d '' -t pieces <"${step[run]}/$run.job"
    log_job "$status" "$hundredths" "$program" "$errors" "${pieces[@]:1}"
    if ((status && ${#numbers[@]} > 1)); then
        broken+=("${numbers[@]}")
        rm -rf -- "${step[run]}/$run.out"
        stop_pass run "$status" "$program"
        return
    fi
    if ((status == 0)); then
        deliver "$run" "${numbers[@]}" || { status=1 && program="mv"; }
    fi
    if ((status)); then
        frame_failed "$status" "$program" "${numbers[0]}"
        return
    fi
    for number in "${numbers[@]}"; do
        unset "undone[number]"
        pass[passed]=$((pass[passed] + 1))
        say_progress "${pass[passed]}" "${pass[size]}" "${frame_name[number]}"
    done
}

# stop_pass WHAT STATUS PROGRAM: ends the engine after the failure of a run or frame, unless the others may go on.
stop_pass() {
    [[ ${option[keep_going]-} ]] || is_abnormal "$2" "$3" || { pass[stopped]=$1 && stop_engine; }
}

# is_abnormal STATUS PROGRAM: whether a frame that ended so is left out, and the job is none the worse.
is_abnormal() {
    [[ ${step[lenient]-} && $1 == 2 && $2 == framealign ]]
}

# count_failure STATUS PROGRAM NUMBER: tells that the frame failed, now and at the end.
count_failure() {
    why_failed "$@"
    if is_abnormal "$1" "$2"; then
        printable "stackjob: warning: frame ${frame_name[$3]} is left out: $2 refused it"
        warnings+=("$REPLY")
        return
    elif (($1 == 2)); then
        refusals+=1
        say "${step[title]}: frame ${frame_name[$3]}: refused by $2"
    else
        failures+=1
        say "${step[title]}: frame ${frame_name[$3]}: $2 failed (status $1)"
    fi
    note_failed_result "${step[title]}: ${frame_name[$3]} ($2)"
}

# ---- what hands out the runs ----

# There are others of that name; GNU's is a script with its author's name in it.
have_parallel() {
    if [[ ! ${engine[parallel]-} ]]; then
        engine[parallel]=no
        ! grep -q -s 'Ole Tange' "$(command -v parallel)" || engine[parallel]=gnu
    fi
    [[ ${engine[parallel]} == gnu ]]
}

# xargs hands out the runs, or, with other machines or a progress bar, GNU parallel, which takes longer.
start_engine() {
    local bar='' directory=${step[work]} command
    export_run
    [[ ! -t 2 || ${option[quiet]-} ]] || ! have_parallel || bar=yes
    if [[ $bar${option[logins]-} ]]; then
        engine[is]=parallel
        command=(parallel --plain --will-cite --termseq "TERM,50,KILL,25" -j "${pass[load]}")
        [[ ${option[keep_going]-} ]] || command+=(--halt "now,fail=1")
        [[ ! $bar ]] || command+=(--bar)
        [[ ! ${option[logins]-} ]] || add_logins
        [[ ! ${option[transfer]-} ]] || { add_travel && directory=${step[run]}; }
        command+=("${option[transfer]+STACKJOB_RUN=. }\"\$STACKJOB_PIPELINE\" {}")
    else
        engine[is]=group
        command=(setsid xargs -n 1 -P "${pass[slots]}" "${place[libexec]}/run-pipeline")
    fi
    launch "$directory" "${command[@]}"
}

# launch DIR COMMAND...: starts the engine there, its reports to the fifo, after a first line that
# says no more than that it has it open.
launch() {
    (
        exec <"${step[run]}/list" >"${step[run]}/reports" 4<&- 5>&-
        cd -- "$1" || exit 1
        shift
        echo started
        exec "$@"
    ) &
    engine[pid]=$!
}
