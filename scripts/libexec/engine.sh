# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Runs jobs: one by one, or those of a pass over the frames in parallel under GNU parallel. Sourced by
# stackjob. All are run by run-pipeline, in process groups of their own, so that they can be ended together.
#
#   engine[pid]       what runs in the background, or nothing
#   engine[is]        group (the leader of all that runs) or parallel
#   engine[parallel]  gnu or no
#   engine[slots]     how many runs of frames at a time; engine[load]: the same as GNU parallel has it
#   engine[memory]    what one needs, in KiB, or nothing
#   engine[needed]    programs that other machines must have, besides ours
#
# and, while a pass over the frames runs,
#
#   pass[purpose]     frames or middle (see compose in pipelines.sh); pass[last]: the last sub-action
#   pass[passed, failed, size]   how many frames; pass[stopped]: not empty once one has failed that stops the job
#   run_numbers[RUN]  the numbers of the frames that one pipeline takes; run_order[], the runs in their order

declare -A pass=() run_numbers=()
declare -a run_order=()

# write_job RUN TEXT...: a job file of the step, as run-pipeline has it, without its first text.
write_job() {
    local directory=${step[work]}
    [[ ! ${step[away]-} ]] || directory=.
    printf '%s\0' "$directory" "${@:2}" >"${step[run]}/$1.job"
}

# read_pieces RUN ID: sets pieces[], the block of that ID in a job file.
read_pieces() {
    local job at=1 wanted=$2
    mapfile -d '' -t job <"${step[run]}/$1.job"
    while ((at < ${#job[@]})); do
        pieces=()
        while [[ ${job[++at]} ]]; do
            pieces+=("${job[at]}")
        done
        [[ ${job[at - ${#pieces[@]} - 1]} != "$wanted" ]] || return 0
        at=$((at + 1))
    done
}

# run_job ID PIECE...: runs that job and waits; false if it failed, and then status and program, which are the
# caller's, tell why. What it said lies in step[run]/said.
run_job() {
    local id=$1 hundredths=0
    write_job "$id" "$id" "${@:2}" ''
    export_run
    setsid "${place[libexec]}/run-pipeline" "$id" >"${step[run]}/report" &
    engine[pid]=$! engine[is]=group
    # A shell's own word on a worker that is killed is in our message.
    { wait "${engine[pid]}"; } 2>/dev/null
    engine[pid]=''
    read -r _ _ status hundredths program <"${step[run]}/report" || { status=1 hundredths=0 program=run-pipeline; }
    log_job "$id" "$status" "$hundredths" "$program" "${step[run]}/$id.out/.$id.err" "${@:2}"
    ((status == 0))
}

export_run() {
    absolute "${step[run]}"
    export STACKJOB_RUN=$REPLY STACKJOB_VERBOSE=${option[verbose]-} STACKJOB_KEEP_GOING=${option[keep_going]-}${step[lenient]-} \
        STACKJOB_PIPELINE=${place[libexec]}/run-pipeline PARALLEL_SHELL=/bin/sh
}

# perform ID WHY PIECE...: runs the job, or prints it where nothing is run.
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

# ---- a pass over the frames ----

# pass PURPOSE LAST [WHY]: takes the frames that have not failed through the sub-actions up to the LAST: all, or for
# the purpose frames those that are to be made. WHY is the reason that -n shows, where not each frame has its own.
pass() {
    local i numbers=()
    for i in "${!frame_path[@]}"; do
        [[ ${left_out[i]-} || ($1 == frames && ${frame_verdict[i]} != make) ]] || numbers+=("$i")
    done
    pass=([purpose]=$1 [last]=$2 [passed]=0 [failed]=0 [stopped]='' [size]=${#numbers[@]})
    step[away]=${step[transfer]}
    make_runs "${3-}" "${numbers[@]}"
    step[away]=''
    [[ ! ${option[preview]-} ]] || return 0
    ((pass[size] == 0)) || run_pass
}

run_pass() {
    local run id status hundredths program engine_status=0
    rm -f -- "${step[run]}/reports"
    mkfifo -- "${step[run]}/reports" || exit 1
    # Both ends are open before the engine starts: it would wait forever for a reader that was killed.
    exec 5<>"${step[run]}/reports"
    exec 4<"${step[run]}/reports"
    start_engine
    read -r run <&4
    exec 5>&-
    while read -r run id status hundredths program <&4; do
        [[ ${pass[stopped]} ]] || block_done
    done
    exec 4<&-
    [[ ! ${engine[pid]} ]] || { wait "${engine[pid]}" || engine_status=$?; } 2>/dev/null
    engine[pid]=''
    clear_away
    [[ ! ${pass[stopped]} ]] || stop_after_failure
    ((pass[passed] + pass[failed] == pass[size])) || {
        say "${step[title]}: only $((pass[passed] + pass[failed])) of ${pass[size]} frames came back; what ran them ended with status $engine_status"
        failures+=1
        [[ ${option[keep_going]-} ]] || exit 1
    }
}

# Ends the run; what was refused is to be seen in the report.
stop_after_failure() {
    if ((refusals)); then
        find_tables
        actions_facts
        make_report
        [[ ! ${job[report]-} ]] || say "see ${job[report]}"
    fi
    ((failures > 0)) || exit 2
    exit 1
}

# A report of run-pipeline: run, id, status, hundredths and program of run_pass.
block_done() {
    local numbers=("$id") number pieces=() errors=${step[run]}/$run.out/.$id.err
    # shellcheck disable=SC2206
    [[ $id != all ]] || numbers=(${run_numbers[$run]})
    # What a whole run said is said again where its frames are done one by one.
    ((status == 0)) || [[ $id != all ]] || errors=/dev/null
    read_pieces "$run" "$id"
    log_job "$id" "$status" "$hundredths" "$program" "$errors" "${pieces[@]}"
    ((status == 0)) || [[ $id != all ]] || return 0
    if ((status == 0)); then
        deliver "$run" "$id" "${numbers[@]}" || { status=1 && program="mv"; }
    fi
    if ((status)); then
        frame_failed "$status" "$program" "${numbers[0]}"
        return
    fi
    for number in "${numbers[@]}"; do
        pass[passed]=$((pass[passed] + 1))
        say_progress "${pass[passed]}" "${pass[size]}" "${frame_name[number]}"
    done
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

# Without GNU parallel one run at a time. Where there is a place for each run nothing is to be handed out; and
# where there is one place GNU parallel would wait a tenth of a job's time before the next.
start_engine() {
    local bar='' all='' command=(parallel --plain --will-cite --termseq "TERM,50,KILL,25" -j "${engine[load]}")
    export_run
    [[ ! -t 2 || ${option[quiet]-} ]] || bar=yes
    ((${#run_order[@]} > engine[slots])) || all='&'
    if ! have_parallel; then
        [[ ${engine[said_alone]-} ]] || say "GNU parallel is not installed: one frame at a time"
        engine[said_alone]=yes all=''
    elif [[ $bar || ${option[logins]-} || (! $all && ${engine[slots]} != 1) ]]; then
        engine[is]=parallel
        [[ ${option[keep_going]-} ]] || command+=(--halt "now,fail=1")
        [[ ! $bar ]] || command+=(--bar)
        [[ ! ${option[logins]-} ]] || add_logins
        if [[ ${option[transfer]-} ]]; then
            add_travel
            # shellcheck disable=SC2016
            launch "${step[run]}" "${command[@]}" 'STACKJOB_RUN=. "$STACKJOB_PIPELINE" {}'
        else
            # shellcheck disable=SC2016
            launch "${step[work]}" "${command[@]}" '"$STACKJOB_PIPELINE" {}'
        fi
        return
    fi
    engine[is]=group
    launch "${step[work]}" setsid bash -c "while read -r run; do \"\$STACKJOB_PIPELINE\" \"\$run\" </dev/null ${all:-|| exit;} done; wait"
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
