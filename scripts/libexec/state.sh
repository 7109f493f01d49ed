#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# What stackjob keeps from run to run, and what keeps runs apart. Sourced by stackjob.
#
# Beside an output directory DIR/NAME, in DIR/.stackjob/NAME, lie its state: "journal", a line a
# result (name, key, size and time of the input, size and time of the result, then a field for each
# table row that belongs to it); "plots", the same of the plots; "key", what the last run's results depend on; "lock"; and what is
# kept so that it need not be computed again. A result is known by size and time, and its line is in
# the journal before it is renamed into its place: a killed run leaves no result without one.
#
# During a step all that it writes lies in $run, a directory DIR/NAME/.stackjob-XXXXXX. A run that
# finds one of a killed run renames it first: what jobs of that run may still do there, they can no
# longer rename into the output directory.

# state_of OUTPUT: sets $state.
state_of() {
    state=${1%/*}/.stackjob/${1##*/}
}

# ---- locks ----

# Sets $pid_start, when the process PID started, which tells it from a later one of the same number.
start_of() {
    pid_start=unknown
    if [ -r "/proc/$1/stat" ] && read -r process <"/proc/$1/stat"; then
        # shellcheck disable=SC2086
        set -- ${process##*) }
        shift 19
        pid_start=$1
    fi 2>/dev/null
}

# is_alive PID START: whether that process of this machine still runs.
is_alive() {
    start_of "$1"
    [ "$pid_start" = "$2" ]
}

lock_outputs() {
    [ -f "$temporary/outputs" ] || return 0
    while IFS=' ' read -r _ line; do
        unescape "$line"
        state_of "$text"
        mkdir -p -- "$state" || die "$state cannot be made"
        lock_one "$text"
    done <"$temporary/outputs"
}

# A lock is a file with its owner's host, process and start. The guard makes looking and taking one
# act; it is held for a moment only.
lock_one() {
    guard=${state%/*}/guard
    (: >>"$guard") 2>/dev/null || die "$guard cannot be written"
    exec 9>>"$guard"
    flock 9 || die "$guard: cannot be locked"
    if [ -f "$state/lock" ] && read -r owner_host owner_pid owner_start <"$state/lock"; then
        if [ "$owner_host" != "$host" ] || is_alive "$owner_pid" "$owner_start"; then
            die "another stackjob (process $owner_pid on $owner_host) is writing to $1. If it is not running any more, remove $state/lock"
        fi
    fi
    cat "$temporary/owner" >"$state/lock" || die "$state/lock cannot be written"
    exec 9>&-
    escape "$state/lock"
    locks=$locks$nl$escaped
}

unlock() {
    saved_ifs=$IFS
    IFS=$nl
    for line in $locks; do
        unescape "$line"
        rm -f -- "$text"
    done
    IFS=$saved_ifs
    locks=
}

# ---- the directory of a step's run ----

enter_run() {
    mkdir -p -- "$out" || die "$title: the output directory $out cannot be made"
    sweep
    run=$(mktemp -d "$out/.stackjob-XXXXXX") || die "$title: nothing can be written in $out"
    absolute "$run"
    run_absolute=$absolute
    run_in=$work
    check_case
}

# Where the file system takes upper and lower case for the same, results whose names differ in nothing
# else would overwrite each other.
check_case() {
    [ -d "$out/$(printf '%s' "${run##*/}" | tr '[:lower:][:upper:]' '[:upper:][:lower:]')" ] || return 0
    same=$(awk -F '\t' 'tolower($7) in seen { print seen[tolower($7)] " and " $7; exit } { seen[tolower($7)] = $7 }' "$plan")
    [ -z "$same" ] ||
        die "$title: $same would be one file in $out, where upper and lower case are the same. Rename one of their frames"
}

# Removes what killed runs left. The lock is ours, so no living run owns any of it.
sweep() {
    set +f
    sweep_each "$out"/.stackjob-*
}

sweep_each() {
    set -f
    for left; do
        [ -d "$left" ] || continue
        case $left in
        *.gone-*) ;;
        *) mv -- "$left" "$left.gone-$$" && left=$left.gone-$$ ;;
        esac
        rm -rf -- "$left" 2>/dev/null || rm -rf -- "$left"
    done
}

leave_run() {
    [ -n "$run" ] && [ -z "$preview" ] || return 0
    cd -- "$run_in" || return
    rm -rf -- "$run" 2>/dev/null || rm -rf -- "$run"
    run=
    sweep
    rmdir -- "$out" 2>/dev/null
    return 0
}

# ---- results ----

# place FILE RESULT KEY INPUT_SIZE INPUT_TIME [ROWS]: FILE of $run becomes the result of that
# (escaped) name: first its line in the journal, then its name. Both are on the disk by then: a power
# cut leaves no result that is empty or unknown. The line begins with a line's end, so that a part of
# one, where the disk was full, spoils no other.
place() {
    place_in "$out" "$state/journal" "$@"
}

# The same for a plot.
place_plot() {
    mkdir -p -- "$plots" && place_in "$plots" "$state/plots" "$@"
}

# place_in DIR JOURNAL FILE RESULT KEY INPUT_SIZE INPUT_TIME [ROWS]
place_in() {
    stat=$(stat --printf '%s\t%.9Y' -- "$run/$3") || return
    printf '\n%s\t%s\t%s\t%s\t%s%s\n' "$4" "$5" "$6" "$7" "$stat" "$8" >>"$2" || return
    sync -d -- "$run/$3" "$2" || return
    unescape "$4"
    mv -f -- "$run/$3" "$1/$text"
}

# keep FILE NAME: FILE of $run becomes that file of the state.
keep() {
    sync -d -- "$run/$1" && mv -f -- "$run/$1" "$state/$2"
}

# Own unchanged results that the step no longer makes go, and with them their lines: in the journal
# stays what tells of a result as it lies there. KEY_FILE is kept to tell next time what differs.
settle() {
    settle_in "$out" journal "$plan" "$stale"
    cp -- "$1" "$run/key" && keep key key || exit 1
}

# The same for the plots.
settle_plots() {
    settle_in "$plots" plots "$plots_plan" "$plots_stale"
}

# settle_in DIR JOURNAL PLAN STALE
settle_in() {
    while IFS= read -r line; do
        unescape "$line"
        rm -f -- "$1/$text" && say_more "removed $1/$text: the job no longer makes it"
    done <"$4"
    [ -f "$state/$2" ] || return 0
    list_results "$1" "$run/results"
    awk -F '\t' '
        FILENAME == ARGV[1] { wanted[$7] = 1; next }
        FILENAME == ARGV[2] { if ($1 in wanted) there[$1, $2, $3] = 1; next }
        ($1, $5, $6) in there { line[$1] = $0 }
        END { for (name in line) print line[name] }' \
        "$3" "$run/results" "$state/$2" >"$run/journal" && keep journal "$2" || exit 1
}
