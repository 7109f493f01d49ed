# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What stackjob says: messages, the log of a job, its summary. Sourced by stackjob.
#
#   summary[], failed[], warnings[], told[]   of the job at work: lines of the summary; the frames that failed; the
#       warnings of the step at work, and those of steps before it, which wait for the summary
#   said[]   what the programs of the last pipeline said, in the words of the job file

declare -a summary=() failed=() warnings=() told=() said=()
readonly warning_pattern='^[a-z]*: warning: '

# Messages go to standard error, and to the job's log where there is one.
say() {
    local REPLY
    printable "$*"
    printf 'stackjob: %s\n' "$REPLY" >&2
    [[ ! ${job[log]-} ]] || printf '%s\n' "$REPLY" >>"${job[log]}"
}

die() {
    say "$@"
    exit 1
}

say_more() {
    [[ ${option[quiet]-} ]] || say "$@"
}

say_step() {
    say_more "${step[title]}: $*"
}

# say_progress DONE ALL NAME: a line a frame, where GNU parallel's bar does not show the progress. Reads
# step[phase].
say_progress() {
    local REPLY
    [[ ! ${option[quiet]-} ]] || return 0
    [[ ! -t 2 || ${engine[is]-} != parallel ]] || return 0
    if [[ ${watch[live]-} ]]; then
        say_step "$3"
        return
    fi
    printable "${step[title]}: ${step[phase]:+${step[phase]}: }$1 of $2: $3"
    printf 'stackjob: %s\n' "$REPLY" >&2
}

# say_phase WHAT [MORE]: the next pass over the frames begins, where there is more than one: sets step[phase].
say_phase() {
    ((step[phases] > 1)) && [[ ! ${option[preview]-} ]] || return 0
    step[phase_number]=$((${step[phase_number]-0} + 1))
    say_phase_again "$@"
}

# The same of a pass that goes on.
say_phase_again() {
    ((step[phases] > 1)) && [[ ! ${option[preview]-} ]] || return 0
    step[phase]="$1 (${step[phase_number]} of ${step[phases]})"
    say_step "${step[phase]}${2-}"
}

# ---- the log ----

# The time in hundredths of seconds.
clock() {
    REPLY=$((${EPOCHREALTIME/./} / 10000))
}

# seconds HUNDREDTHS: as text.
seconds() {
    printf -v REPLY '%d.%02d' $(($1 / 100)) $(($1 % 100))
}

# Sets job[log]. What is no file of its own, a link or a FIFO, leads elsewhere.
open_log() {
    local log=${job[work]}/${job[name]}.log REPLY
    check_own "${job[work]}/.stackjob"
    [[ ! -h $log && (-f $log || ! -e $log) ]] || die "the log $log is a link, or no file: nothing is written there. Remove it"
    printf -v REPLY 'StackJob %s, %(%Y-%m-%d %H:%M:%S)T, %s' "${job[name]}" -1 "${option[file]}"
    printable "$REPLY"
    { printf '\n%s\n' "$REPLY" >>"$log"; } 2>/dev/null ||
        die "the log $log cannot be written"
    job[log]=$log
}

# in_words_of_job FILE: prints what the programs said in the words of the job file. Reads step[stream], a file
# that lists the frames on standard input, or nothing.
in_words_of_job() {
    STACKJOB_STREAM=${step[stream]-} awk -f "${place[libexec]}/words.awk" "$1"
}

# note_failed_result WHAT: for the end of the summary.
note_failed_result() {
    local REPLY
    printable "$1"
    failed+=("$REPLY")
}

# relay FILE: what the programs of a pipeline said, to said[] and on to standard error. Warnings wait for the summary,
# where there will be one: in warnings[].
relay() {
    local line i REPLY
    said=()
    [[ ! -s $1 ]] || mapfile -t said < <(in_words_of_job "$1")
    for i in "${!said[@]}"; do
        printable "${said[i]}"
        said[i]=$REPLY line=$REPLY
        if [[ ! ${option[quiet]-}${watch[live]-} && $line =~ $warning_pattern ]]; then
            warnings+=("$line")
        else
            printf '%s\n' "$line" >&2
        fi
    done
}

# log_job STATUS HUNDREDTHS PROGRAM ERRORS PIECE...: a job that has run.
log_job() {
    local text
    relay "$4"
    [[ ${job[log]-} ]] || return 0
    shown "${@:5}"
    text=$REPLY
    seconds "$2"
    {
        printf '%s s  %s\n' "$REPLY" "$text"
        (($1 == 0)) || printf '  %s failed with status %s\n' "$3" "$1"
        print_said
    } >>"${job[log]}"
}

print_said() {
    ((${#said[@]} == 0)) || printf '%s\n' "${said[@]}"
}

# ---- the summary ----

# note TEXT LINE...: a line about the step, and lines below it.
note() {
    local line REPLY
    printable "${step[title]}: $1"
    summary+=("  $REPLY")
    for line in "${@:2}"; do
        printable "$line"
        summary+=("      $REPLY")
    done
}

# note_warnings: the warnings on standard input and of this run, each once.
note_warnings() {
    local line count=0 all
    local -A seen=()
    mapfile -t all
    for line in "${all[@]}" "${warnings[@]}"; do
        [[ $line =~ $warning_pattern && ! ${seen[$line]-} ]] || continue
        seen[$line]=yes
        ((++count > 10)) || summary+=("      $line")
    done
    ((count <= 10)) || summary+=("      and $((count - 10)) warnings more")
    told+=("${warnings[@]}")
    warnings=()
}

# Warnings of a job that comes to no summary.
tell_warnings() {
    ((${#told[@]} + ${#warnings[@]} == 0)) || printf '%s\n' "${told[@]}" "${warnings[@]}" >&2
}

# The summary of the job, to standard output and to its log.
sum_up() {
    local lines
    make_report
    clock
    seconds $((REPLY - job[start]))
    printable "StackJob ${job[name]}: done in $REPLY s"
    lines=("$REPLY" "${summary[@]}")
    ((${#failed[@]} == 0)) || lines+=('  failed:' "${failed[@]/#/      }")
    printable "${job[report]-}"
    [[ ! $REPLY ]] || lines+=("  report: $REPLY")
    printable "${job[log]}"
    lines+=("  log: $REPLY")
    printf '%s\n' "${lines[@]}" >>"${job[log]}"
    summary=() failed=() warnings=() told=()
    [[ ${option[quiet]-} ]] || printf '%s\n' "${lines[@]}" || failures+=1
    # A name for a program has to be as it is, one for a person to be read.
    REPLY=${job[report]-}
    [[ ! -t 1 ]] || printable "$REPLY"
    [[ ! ${option[name_report]-} || ! $REPLY ]] || printf '%s\n' "$REPLY" || failures+=1
}
