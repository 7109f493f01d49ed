# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What stackjob keeps from run to run, and what keeps runs apart. Sourced by stackjob.
#
# Beside an output directory DIR/NAME, in DIR/.stackjob/NAME, lie its state: "journal", a line a
# result (name, key, size and time of the input, size and time of the result, then a field for each
# table row and warning that belongs to it); "plots", the same of the plots; "key", what the last run's results
# depend on; "settings", what the step was told; "lock"; and what is kept so that it need not be computed again. A result
# is known by size and time, and its line is in the journal before it is renamed into its place: a killed run leaves no
# result without one.
#
# All but the lock belongs to one job: the first one that writes there, which "owner" names. Others have theirs in
# directories below, called as "owner" would name them. What several jobs make alike, each has in its journal.
#
# During a step all that it writes lies in step[run], a directory DIR/NAME/.stackjob-XXXXXX. A run that
# finds one of a killed run renames it first: what jobs of that run may still do there, they can no
# longer rename into the output directory.

declare -a locks=()

# ---- jobs ----

# Sets step[states], where the state of all jobs that write to the output directory lies, step[owner], which names this
# one by how the way leads from there to where it works, and step[state], where its own is.
find_state() {
    local owner=''
    step[states]=${step[output]%/*}/.stackjob/${step[output]##*/}
    step[owner]=$(realpath -m --relative-to="${step[output]}" -- "${job[work]}" | cksum)
    step[owner]=${step[owner]%% *}-${job[name]}
    [[ ! -f ${step[states]}/owner ]] || IFS= read -r owner <"${step[states]}/owner"
    step[state]=${step[states]}
    [[ ! $owner || $owner == "${step[owner]}" ]] || step[state]+=/${step[owner]}
}

# find_others: sets the caller's others[], the states of other jobs that write to the output directory.
find_others() {
    local at
    others=()
    for at in "${step[states]}" "${step[states]}"/*/; do
        [[ ${at%/} == "${step[state]}" ]] || others+=("${at%/}")
    done
}

# job_of STATE: the name of the job that has it.
job_of() {
    REPLY=${1##*/}
    [[ $1 != "${step[states]}" || ! -f $1/owner ]] || IFS= read -r REPLY <"$1/owner"
    REPLY=${REPLY#*-}
}

# is_told STATE: whether the job that has it tells its step the same. Then a result that both make is as stale for one as
# for the other.
is_told() {
    printf '%s' "${step[settings]}" | cmp -s - "$1/settings"
}

# check_own DIR: refuses a directory for state with a link or a FIFO in it, which would lead what is written elsewhere.
check_own() {
    [[ -e $1 || -h $1 ]] || return 0
    REPLY=$(find "$1" ! -type f ! -type d -print -quit)
    [[ ! $REPLY ]] || die "$REPLY is neither file nor directory: what stackjob keeps there would go elsewhere. Remove it"
}

# Makes the step's state, where it is new from that of a job that has made all the same.
make_state() {
    local at file others
    mkdir -p -- "${step[state]}" || exit 1
    [[ ${step[state]} != "${step[states]}" || -f ${step[state]}/owner ]] ||
        printf '%s\n' "${step[owner]}" >"${step[state]}/owner" || exit 1
    [[ ! -f ${step[state]}/key ]] || return 0
    find_others
    for at in "${others[@]}"; do
        printf '%s' "${step[key_text]}" | cmp -s - "$at/key" || continue
        for file in "$at"/*; do
            [[ ! -f $file || ${file##*/} =~ ^(owner|lock|guard)$ ]] || cp -- "$file" "${step[state]}/" || exit 1
        done
        return
    done
}

# ---- locks ----

# start_of PID: when that process started, which tells it from a later one of the same number. One that has ended, and
# waits for nothing but its parent to ask, has no start.
start_of() {
    local fields
    REPLY=unknown
    { read -r fields <"/proc/$1/stat"; } 2>/dev/null || return 0
    # shellcheck disable=SC2086
    set -- ${fields##*) }
    [[ $1 == Z ]] || REPLY=${20}
}

# is_alive PID START: whether that process of this machine still runs.
is_alive() {
    start_of "$1"
    [[ $REPLY == "$2" ]]
}

# Locks the output directories that the look ahead found.
lock_outputs() {
    local output state
    for output in "${!ahead_files[@]}"; do
        state=${output%/*}/.stackjob/${output##*/}
        mkdir -p -- "$state" || die "$state cannot be made"
        lock_one "$output" "$state"
    done
}

# A lock is a file with its owner's host, process and start. The guard makes looking and taking one
# act; it is held for a moment only.
lock_one() {
    local output=$1 state=$2 guard=$2/guard owner_host pid start
    (: >>"$guard") 2>/dev/null || die "$guard cannot be written"
    exec 9>>"$guard"
    flock 9 || die "$guard: cannot be locked"
    if [[ -f $state/lock ]] && read -r owner_host pid start <"$state/lock"; then
        if [[ $owner_host != "${place[host]}" ]] || is_alive "$pid" "$start"; then
            die "another stackjob (process $pid on $owner_host) is writing to $output. If it is not running any more, remove $state/lock"
        fi
    fi
    cat "${place[temporary]}/owner" >"$state/lock" || die "$state/lock cannot be written"
    exec 9>&-
    locks+=("$state/lock")
}

unlock() {
    ((${#locks[@]} == 0)) || rm -f -- "${locks[@]}"
    locks=()
}

# ---- the directory of a step's run ----

# Makes step[run]; from its beginning to leave_run's end step[entered] is set.
enter_run() {
    step[entered]=yes
    mkdir -p -- "${step[out]}" || die "${step[title]}: the output directory ${step[out]} cannot be made"
    sweep
    make_state
    step[run]=$(mktemp -d "${step[out]}/.stackjob-XXXXXX") || die "${step[title]}: nothing can be written in ${step[out]}"
    check_case
}

# Where the file system takes upper and lower case for the same, results whose names differ in nothing
# else would overwrite each other.
check_case() {
    local -n result=${step[list]}_result
    local -A seen=()
    local name=${step[run]##*/} other
    other=${name~~}
    [[ -d ${step[out]}/$other ]] || return 0
    for name in "${result[@]}"; do
        other=${seen[${name,,}]-}
        [[ ! $other ]] ||
            die "${step[title]}: $other and $name would be one file in ${step[out]}, where upper and lower case are the same. Rename one of their frames"
        seen[${name,,}]=$name
    done
}

# Removes what killed runs left. The lock is ours, so no living run owns any of it.
sweep() {
    local left
    for left in "${step[out]}"/.stackjob-*; do
        [[ -d $left ]] || continue
        [[ $left == *.gone-* ]] || { mv -- "$left" "$left.gone-$$" && left=$left.gone-$$; }
        rm -rf -- "$left" 2>/dev/null || rm -rf -- "$left"
    done
}

leave_run() {
    [[ ${step[entered]-} ]] || return 0
    cd -- "${step[work]}" || return
    sweep
    rmdir -- "${step[out]}" 2>/dev/null
    step+=([run]='' [entered]='')
}

# ---- results ----

# where_of PREFIX: sets the caller's directory and journal: where the results of that list lie, and what tells of them.
where_of() {
    directory=${step[out]} journal=${step[state]}/journal
    [[ $1 != plot ]] || directory=${step[plots]} journal=${step[state]}/plots
}

# place_results PREFIX FROM INDEX...: the results of these indices of the list, which lie in the directory FROM, get
# their places: first their lines in the journal, then their names. Both are on the disk by then: a power cut leaves
# no result that is empty or unknown. A line begins with a line's end, so that a part of one, where the disk was full,
# spoils no other.
place_results() {
    local -n result=$1_result input=$1_input key=$1_key rows=$1_rows line=$1_line
    local directory journal from=$2 i k=0 stats lines='' files=()
    where_of "$1"
    shift 2
    for i; do
        files+=("$from/${result[i]}")
    done
    mapfile -t stats < <(stat --printf '%s\t%.9Y\n' -- "${files[@]}")
    ((${#stats[@]} == $#)) || return
    for i; do
        escape "${result[i]}"
        line[i]=$REPLY$'\t'${key[i]}$'\t'${input[i]}$'\t'${stats[k++]}${rows[i]-}
        lines+=$'\n'${line[i]}$'\n'
    done
    printf '%s' "$lines" >>"$journal" && sync -d -- "${files[@]}" "$journal" &&
        mv -f -t "$directory" -- "${files[@]}"
}

# keep FILE NAME: a file of the step's run becomes that file of the state.
keep() {
    sync -d -- "${step[run]}/$1" && mv -f -- "${step[run]}/$1" "${step[state]}/$2"
}

# settle PREFIX: the step's own unchanged results that the list no longer has go, and with them their lines: in the
# journal stay those of the list's results.
settle() {
    local -n stale=$1_stale line=$1_line
    local name directory journal
    where_of "$1"
    for name in "${stale[@]}"; do
        rm -f -- "$directory/$name" && say_more "removed $directory/$name: the job no longer makes it"
    done
    [[ -f $journal ]] || return 0
    { ((${#line[@]} == 0)) || printf '%s\n' "${line[@]}"; } >"${step[run]}/journal" &&
        keep journal "${journal##*/}" || exit 1
}

# Settles the step's results, and keeps what they depend on, to tell next time what differs.
settle_results() {
    settle "${step[list]}"
    printf '%s' "${step[settings]}" >"${step[run]}/settings" && keep settings settings &&
        printf '%s' "${step[key_text]}" >"${step[run]}/key" && keep key key || exit 1
}
