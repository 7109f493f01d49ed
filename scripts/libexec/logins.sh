# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Other machines that take part, by ssh. Sourced by stackjob. Reads option[logins] and option[transfer];
# engine[away] is the directory for what travels, there.

# Asks each login once whether it can take part: those that do not answer are left out of option[logins];
# one with other programs, or without one that the job needs, ends the run. A login that is a whole
# command gets the options that end a connection which leads nowhere, too, behind its own, which count.
ask_logins() {
    local options='-o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=2'
    local answer=${place[temporary]}/answer logins wanted program question k
    [[ ${option[logins]-} ]] || return 0
    export PARALLEL_SSH="ssh $options" PARALLEL_SHELL=/bin/sh
    mapfile -t logins < <(tr , '\n' <<<"${option[logins]}" |
        awk -v options="$options" '/ / { sub(/ +[^ ]+ *$/, " " options "&") } NF')
    mapfile -t wanted < <(print_version | sed '/^[a-z]*: stackpbm /!d')
    words "${place[bin]}/stackjob" -version
    question="echo answers; $REPLY"
    for program in ${engine[needed]-}; do
        wanted+=("$program")
        question+="; command -v $program >/dev/null && echo $program"
    done
    # shellcheck disable=SC2016
    setsid bash -c '
        question=$1 answer=$2 k=0
        shift 2
        for login; do
            k=$((k + 1))
            parallel --plain --will-cite --nonall -S "$login" "$question" >"$answer.$k" 2>"$answer.$k.err" </dev/null &
        done
        wait' ask "$question" "$answer" "${logins[@]}" &
    engine[pid]=$! engine[is]=group
    wait "${engine[pid]}"
    engine[pid]='' option[logins]=''
    for k in "${!logins[@]}"; do
        judge_login "${logins[k]}" "$answer.$((k + 1))" "${wanted[@]}"
    done
    [[ ${option[logins]} ]] || die "no login answers"
}

# judge_login LOGIN ANSWER WANTED...
judge_login() {
    local missing
    if ! grep -q -x answers "$2"; then
        say "the login $1 does not answer, and gets no frames: $(tail -n 1 "$2.err")"
        return
    fi
    missing=$(printf '%s\n' "${@:3}" | grep -v -x -F -f "$2" | head -n 1)
    [[ ! $missing ]] ||
        die "the login $1 does not have \"$missing\" for ${place[bin]}/stackjob, as this machine has. Install the same version at the same place"
    option[logins]+=${option[logins]:+,}$1
}

# Appends to start_engine's command.
add_logins() {
    command+=(-S "${option[logins]}" --retries 3 --env STACKJOB_RUN --env STACKJOB_VERBOSE --env STACKJOB_PIPELINE)
    [[ ! ${engine[memory]-} ]] || command+=(--memfree "${engine[memory]}k")
}

# The same, so that what a run needs travels with it, under its name, and what all need travels once. Here it is there
# already.
add_travel() {
    local file here='(^|[,/]):(,|$)'
    export PARALLEL_RSYNC_OPTS=-rLDzR RSYNC_OLD_ARGS=1
    engine[away]=/tmp/stackjob-away.${place[host]}.$$.${place[temporary]##*.}
    command+=(--workdir "${engine[away]}" --cleanup --transferfile '{}.job' --transferfile '{}.in' --return '{}.out')
    [[ ! ${option[logins]} =~ $here ]] || ln -sfn -- "$STACKJOB_RUN" "${engine[away]}" || exit 1
    share_files
    for file in "${step[run]}"/shared-*; do
        command+=(--basefile "${file##*/}")
    done
}

# Takes away what is left in the other machines' engine[away], of logins that still answer. A job that
# has just been ended may still have put something there.
clear_away() {
    [[ ${engine[away]-} ]] || return 0
    timeout -s KILL 20 parallel --plain --will-cite --nonall -S "${option[logins]}" \
        "rm -rf ${engine[away]} || { sleep 1; rm -rf ${engine[away]}; }" </dev/null >/dev/null 2>&1
    engine[away]=''
}
