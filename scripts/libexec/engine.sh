#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# Runs jobs: one by one, or a frame's each in parallel under GNU parallel. Sourced by stackjob. All are
# run by run-pipeline, in process groups of their own, so that they can be ended together.

# run_job ID: runs $run/ID.job and waits; sets $status, $hundredths and $program. False if it failed.
run_job() {
    export_run
    setsid "$libexec/run-pipeline" "$1" >"$run/report" &
    engine=$! engine_is=group
    wait "$engine"
    engine=
    read -r _ status hundredths program <"$run/report" || status=1 hundredths=0 program=run-pipeline
    [ "$1" = measure ] || log_job "$1"
    [ "$status" -eq 0 ]
}

export_run() {
    STACKJOB_RUN=$run_absolute STACKJOB_VERBOSE=$verbose STACKJOB_PIPELINE=$libexec/run-pipeline
    export STACKJOB_RUN STACKJOB_VERBOSE STACKJOB_PIPELINE
}

# perform ID WHY: runs the job, or prints it where nothing is run.
perform() {
    if [ -n "$preview" ]; then
        show_job "$1" "$2"
    else
        run_job "$1" || step_failed "$2"
    fi
}

# step_failed [WHAT]: what the job was to make.
step_failed() {
    case $status in
    2) say "$title: ${1:+$1: }$program refused its input" ;;
    *) say "$title: ${1:+$1: }$program failed (status $status)" ;;
    esac
    [ "$status" -ne 2 ] || exit_refused
    exit 1
}

# Ends what is running, and waits for its end. GNU parallel ends its jobs when it is told to end, but
# does not listen while it starts.
stop_engine() {
    [ -n "$engine" ] || return 0
    tries=0
    while [ "$tries" -lt 18 ]; do
        case $tries in
        0 | 3 | 6 | 9 | 12 | 15) signal_engine TERM || break ;;
        *) kill -0 "$engine" 2>/dev/null || break ;;
        esac
        sleep 0.05
        tries=$((tries + 1))
    done
    # Also what outlives the engine: a program that has stopped takes no other signal.
    signal_engine KILL
    wait "$engine" 2>/dev/null
    engine=
}

# signal_engine SIGNAL: to the engine and to the process group of each job that has not ended.
signal_engine() {
    if [ "$engine_is" = group ]; then
        kill "-$1" "-$engine" 2>/dev/null || kill "-$1" "$engine" 2>/dev/null
        return
    fi
    # First the engine, which else tells of each job that it sees end.
    kill "-$1" "$engine" 2>/dev/null
    was_there=$?
    if [ -z "$logins" ]; then
        set +f
        set -- "$1" "$run"/*.group
        set -f
        for file; do
            [ -s "$file" ] && read -r group <"$file" && kill "-$1" "-$group"
        done 2>/dev/null
    fi
    return "$was_there"
}

# ---- a pass over the frames ----

# pass KIND WHAT: a job a frame. KIND is final (the frames to make), estimate-K or middle-K (all of
# them). Sets $passed, how many are done.
pass() {
    pass_kind=$1 pass_what=$2
    away=$transfer
    write_jobs
    away=
    [ -z "$preview" ] || return 0
    pass_size=$(wc -l <"$run/list")
    passed=0 frames_failed=0 stopped=''
    : >"$run/failed"
    [ "$pass_kind" != final ] || cat "$run/left-out" >"$run/failed"
    rm -f -- "$run/reports"
    mkfifo -- "$run/reports" || exit 1
    # Both ends are open before the engine starts: it would wait forever for a reader that was killed.
    exec 5<>"$run/reports"
    exec 4<"$run/reports"
    start_engine
    read -r number <&4
    exec 5>&-
    while read -r number status hundredths program <&4; do
        [ -z "$stopped" ] || continue
        frame_done
    done
    exec 4<&-
    engine_status=0
    [ -z "$engine" ] || wait "$engine" || engine_status=$?
    engine=
    clear_away
    pass_ended
}

pass_ended() {
    if [ -z "$stopped" ] && [ $((passed + frames_failed)) -lt "$pass_size" ]; then
        say "$title: only $((passed + frames_failed)) of $pass_size frames came back; GNU parallel ended with status $engine_status"
        failures=$((failures + 1))
        [ -n "$keep_going" ] || exit 1
    fi
    [ -z "$stopped" ] || stop_after_failure
}

stop_after_failure() {
    [ "$failures" -gt 0 ] || exit_refused
    exit 1
}

# The jobs of a pass, and their numbers in $run/list. Frames that failed before have none.
write_jobs() {
    gone=$jobs_in/left-out
    case $pass_kind in
    final)
        awk -F '\t' -v OFS='\t' '
            FILENAME == ARGV[1] { gone[$1] = 1; next }
            $1 == "make" && !($7 in gone) { print $2, $3, $4, $5, $6, $7, $8 }' "$gone" "$plan"
        ;;
    *)
        awk -F '\t' -v OFS='\t' -v what="$pass_what" '
            FILENAME == ARGV[1] { gone[$1] = 1; next }
            !($6 in gone) { print $0, what }' "$gone" "$frames"
        ;;
    esac >"$temporary/pass"
    while IFS=$tab read -r number path size time frame_name result reason; do
        write_one_job
        [ -n "$preview" ] || echo "$number" >&3
    done <"$temporary/pass" 3>"$jobs_in/list"
}

write_one_job() {
    target=$run/$number.out
    [ -z "$preview" ] || preview_target
    if [ -n "$away" ]; then
        away=$number
        frame_job "$path" "$frame_name" "$number.out" "$number."
        link_input
    else
        frame_job "$path" "$frame_name" "$target" "$run_line/$number."
    fi >"$jobs_in/$number.job"
    if [ -n "$preview" ]; then
        unescape "$frame_name"
        show_job "$number" "$text: $reason"
    else
        printf '%s\t%s\t%s\t%s\t%s\n' "$path" "$size" "$time" "$frame_name" "$result" >"$jobs_in/$number.info"
    fi
}

# The input of a frame under its number, for machines that it travels to.
link_input() {
    unescape "$path"
    absolute "$text"
    [ -h "$run/$number.in" ] || ln -s -- "$absolute" "$run/$number.in" || exit 1
}

# ---- logins ----

# Asks each login once whether it can take part: those that do not answer are left out of $logins;
# one with other programs, or without one that the job needs, ends the run. A login that is a whole
# command gets the options that end a connection which leads nowhere, too, behind its own, which count.
ask_logins() {
    ssh_options='-o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=2'
    PARALLEL_SSH="ssh $ssh_options" PARALLEL_SHELL=/bin/sh
    export PARALLEL_SSH PARALLEL_SHELL
    printf '%s\n' "$logins" | tr , '\n' |
        awk -v options="$ssh_options" '/ / { sub(/ +[^ ]+ *$/, " " options "&") } NF' >"$temporary/logins"
    print_version | sed '/^[a-z]*: stackpbm /!d' >"$temporary/wanted"
    quote "$bin/stackjob"
    question="echo answers; $quoted -version"
    for program in $needed; do
        echo "$program" >>"$temporary/wanted"
        question="$question; command -v $program >/dev/null && echo $program"
    done
    # shellcheck disable=SC2016
    setsid sh -c '
        while IFS= read -r login; do
            count=$((count + 1))
            parallel --plain --will-cite --nonall -S "$login" "$1" >"$2.$count" 2>"$2.$count.err" </dev/null &
        done
        wait' ask "$question" "$temporary/answer" <"$temporary/logins" &
    engine=$! engine_is=group
    wait "$engine"
    engine='' count=0 logins=''
    while IFS= read -r login; do
        count=$((count + 1))
        judge_login
    done <"$temporary/logins"
    [ -n "$logins" ] || die "no login answers"
}

# The answer number $count is that of $login.
judge_login() {
    if ! grep -q -x answers "$temporary/answer.$count"; then
        say "the login $login does not answer, and gets no frames: $(tail -n 1 "$temporary/answer.$count.err")"
        return
    fi
    missing=$(grep -v -x -F -f "$temporary/answer.$count" "$temporary/wanted" | head -n 1)
    [ -z "$missing" ] ||
        die "the login $login does not have \"$missing\" for $bin/stackjob, as this machine has. Install the same version at the same place"
    logins=$logins${logins:+,}$login
}

# ---- GNU parallel ----

# There are others of that name; GNU's is a script with its author's name in it.
have_parallel() {
    [ -n "$parallel_is" ] || {
        parallel_is=no
        ! grep -q -s 'Ole Tange' "$(command -v parallel)" || parallel_is=gnu
    }
    [ "$parallel_is" = gnu ]
}

start_engine() {
    export_run
    bar=
    [ ! -t 2 ] || [ -n "$quiet" ] || bar=yes
    # With nothing running any more, GNU parallel waits a tenth of a job's time before the next.
    if ! have_parallel || [ "$slots$bar$logins" = 1 ]; then
        start_alone
        return
    fi
    set -- parallel --plain --will-cite --termseq TERM,50,KILL,25 -j "$load"
    [ -n "$keep_going" ] || set -- "$@" --halt now,fail=1
    [ -z "$bar" ] || set -- "$@" --bar
    if [ -n "$logins" ]; then
        set -- "$@" -S "$logins" --retries 3 --env STACKJOB_RUN --env STACKJOB_VERBOSE --env STACKJOB_PIPELINE
        [ -z "$job_memory" ] || set -- "$@" --memfree "${job_memory}k"
    fi
    if [ -n "$transfer" ]; then
        start_away "$@"
    else
        # shellcheck disable=SC2016
        launch "$work" "$@" '"$STACKJOB_PIPELINE" {}'
    fi
    engine_is=parallel
}

# launch DIR COMMAND...: starts the engine there, its reports to the fifo, after a first line that
# says no more than that it has it open.
launch() {
    (
        cd -- "$1" || exit 1
        shift
        echo started
        exec "$@"
    ) <"$run/list" >"$run/reports" 4<&- 5>&- &
    engine=$!
}

# What a frame needs travels with it, by number; what all need travels once.
start_away() {
    link_shared
    PARALLEL_RSYNC_OPTS=-rLDzR RSYNC_OLD_ARGS=1
    export PARALLEL_RSYNC_OPTS RSYNC_OLD_ARGS
    away_place=/tmp/stackjob-away.$host.$$.${temporary##*.}
    set -- "$@" --workdir "$away_place" --cleanup --transferfile '{}.job' --transferfile '{}.in' --return '{}.out' --return '{}.err'
    for stage in $cropping; do
        [ ! -f "$run/align-$stage.tsv" ] || set -- "$@" --basefile "align-$stage.tsv"
    done
    set +f
    for file in "$run"/reference-*.pam "$run"/mask-* "$run"/apply-*; do
        [ ! -e "$file" ] || set -- "$@" --basefile "${file##*/}"
    done
    set -f
    # shellcheck disable=SC2046
    set -- "$@" $(printf '%s\n' "$template" |
        sed -n -e 's/^@apply .*align-\([0-9]*\)$/--transferfile align-\1-{}.tsv/p' -e 's/^@[sc][^b]* \([0-9]*\)$/--return {}.\1/p' -e 's/^@histograms \([0-9]*\) .*/--return {}.hist-\1.pdf/p')
    # shellcheck disable=SC2016
    launch "$run" "$@" 'STACKJOB_RUN=. "$STACKJOB_PIPELINE" {}'
}

# References, masks and tables under the names that compose gave them.
link_shared() {
    unescape "$reference_name"
    for stage in $referring; do
        [ -h "$run/reference-$stage.pam" ] || [ ! -d "$run/reference-$stage" ] ||
            ln -s -- "reference-$stage/$text.pam" "$run/reference-$stage.pam" || exit 1
    done
    each_line link_shared_line
}

link_shared_line() {
    case $1 in
    mask | apply)
        unescape "$2"
        absolute "$text"
        [ -h "$run/$1-$stage" ] || ln -s -- "$absolute" "$run/$1-$stage" || exit 1
        ;;
    esac
}

# absolute PATH: sets $absolute.
absolute() {
    case $1 in
    /*) absolute=$1 ;;
    *) absolute=$work/$1 ;;
    esac
}

# Takes away what is left in the other machines' $away_place, of logins that still answer. A job that
# has just been ended may still have put something there.
clear_away() {
    [ -n "$away_place" ] || return 0
    timeout -s KILL 20 parallel --plain --will-cite --nonall -S "$logins" \
        "rm -rf $away_place || { sleep 1; rm -rf $away_place; }" </dev/null >/dev/null 2>&1
    away_place=
}

# One frame at a time, without GNU parallel.
start_alone() {
    have_parallel || [ -n "$said_alone" ] || say "GNU parallel is not installed: one frame at a time"
    said_alone=yes
    # shellcheck disable=SC2016
    launch "$work" setsid sh -c 'while read -r number; do "$STACKJOB_PIPELINE" "$number" </dev/null || exit; done'
    engine_is=group
}

# ---- what comes back ----

# A frame's report: $number, $status, $hundredths, $program.
frame_done() {
    IFS=$tab read -r path size time frame_name result <"$run/$number.info"
    unescape "$frame_name"
    shown_name=$text
    log_job "$number"
    if [ "$status" -eq 0 ]; then
        case $pass_kind in
        final) finish_frame ;;
        middle-*) move_out "$run/$pass_kind/$shown_name.pam" ;;
        esac
    fi
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        say_progress
    else
        frame_failed
    fi
}

move_out() {
    mv -f -- "$run/$number.out" "$1" || status=1 program=mv
}

finish_frame() {
    [ -z "$made" ] || rm -f -- "$run/middle-$begun/$shown_name.pam"
    collect_rows
    place_histograms || { status=1 program=mv && return; }
    place "$number.out" "$result" "$key" "$size" "$time" "$rows" || status=1 program=mv
}

# Before the frame itself: one that is done has its plots.
place_histograms() {
    for stage_number in $histograms; do
        set_nth
        place_plot "$number.hist-$stage_number.pdf" "$plot_name-hist$nth-$frame_name.pdf" "$key" "$size" "$time" || return
    done
}

# $rows: a field for each table that the frame's pipeline wrote: the sub-action's number, then the
# numbers of the table's one row, with blanks between; and a field for each warning.
collect_rows() {
    rows=
    for row_stage in $referring; do
        [ -f "$run/$number.$row_stage" ] || continue
        { IFS= read -r header && IFS= read -r row; } <"$run/$number.$row_stage" || continue
        keep_header
        row=${row#*"$tab"}
        replace "$row" "$tab" ' '
        rows="$rows$tab$row_stage $replaced"
    done
    [ -s "$run/said" ] || return 0
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        escape "$line"
        rows="$rows${tab}warning $escaped"
    done <<EOF
$(grep "$warning_pattern" "$run/said")
EOF
}

# What the columns of the tables are, of which the journal has the rows.
keep_header() {
    { read -r known <"$state/columns-$row_stage"; } 2>/dev/null || known=
    [ "$known" = "$header" ] ||
        { printf '%s\n' "$header" >"$run/columns" && keep columns "columns-$row_stage"; }
}

frame_failed() {
    printf '%s\n' "$result" >>"$run/failed"
    frames_failed=$((frames_failed + 1))
    case $pass_kind in
    estimate-* | middle-*)
        printf '%s\n' "$result" >>"$run/left-out"
        [ "$status" -eq 2 ] || broken=yes
        ;;
    esac
    count_failure
    [ -z "$keep_going" ] || return 0
    stopped=yes
    stop_engine
}

# Tells that the frame $shown_name failed with $status in $program, now and at the end.
count_failure() {
    if [ "$status" -eq 2 ]; then
        refusals=$((refusals + 1))
        say "$title: frame $shown_name: refused by $program"
    else
        failures=$((failures + 1))
        say "$title: frame $shown_name: $program failed (status $status)"
    fi
    escape "$title: $shown_name ($program)"
    printf '%s\n' "$escaped" >>"$temporary/failed"
}

# ---- load ----

# measure: $width, $height, $depth and $maxval of the first frame to make; as they were where it is
# still to be made by an earlier step.
measure() {
    job_memory=''
    IFS=$tab read -r _ _ path _ <<EOF
$(grep '^make' "$plan" | head -n 1)
EOF
    unescape "$path"
    [ -f "$text" ] || return 0
    maxval=
    : >"$temporary/header"
    way_in "$text"
    case $way:$text in
    native:*.[pP][nN][gG]) measure_png "$text" ;;
    native:*) awk -f "$libexec/header.awk" "$text" >"$temporary/header" ;;
    *) measure_converted ;;
    esac
    read -r width height depth maxval _ <"$temporary/header" && [ "${maxval:-0}" -gt 0 ] || maxval=
    [ -n "$preview" ] || [ -z "$maxval" ] || echo "$width $height" >"$state/geometry"
}

# By the converter, of which no more is taken than the header.
measure_converted() {
    {
        job_head "$temporary/header"
        decode_lines "$path"
        printf '%s\n' '|' awk -f "$libexec/header.awk"
    } >"$temporary/measure.job"
    saved_run=$run
    run=$temporary run_absolute=$temporary
    run_job measure
    run=$saved_run
    absolute "$run"
    run_absolute=$absolute
}

measure_png() {
    # shellcheck disable=SC2046
    set -- $(od -An -v -tu1 -j 16 -N 10 -- "$1" 2>/dev/null)
    [ $# -eq 10 ] || return 0
    case ${10} in
    2 | 3) depth=3 ;;
    4) depth=2 ;;
    6) depth=4 ;;
    *) depth=1 ;;
    esac
    echo $((($1 * 256 + $2) * 65536 + $3 * 256 + $4)) $((($5 * 256 + $6) * 65536 + $7 * 256 + $8)) \
        "$depth" $(($9 > 8 ? 65535 : 255)) >"$temporary/header"
}

# $slots, how many frames at a time: -j, or one a core, and no more than memory is free for: three
# frames of 16-bit samples for framealign, two for each other program, and two for converters.
# Refuses too little space on the disk.
limit_load() {
    slots=${jobs:-$(nproc 2>/dev/null || echo 1)} load=${jobs:-100%}
    [ -n "$maxval" ] || return 0
    pixels=$((width * height * depth))
    held=2
    each_line hold_frames
    # exiftool reads a whole TIFF before it writes.
    [ "$format $metadata" != 'tiff yes' ] || held=$((held + 2))
    job_memory=$((pixels * 2 * held / 1024 + 8192))
    limit_memory
    raster=$((pixels * (maxval > 255 ? 2 : 1) / 1024 + 1))
    case $format in
    png) result_size=$((raster / 4)) ;;
    jpeg) result_size=$((raster / 40)) ;;
    *) result_size=$raster ;;
    esac
    needed=$((result_size * to_make + raster * (slots + 2)))
    ! space_for_all || needed=$((needed + raster * (to_make + unchanged)))
    free=$(df -k --output=avail -- "$out" 2>/dev/null | tail -n 1)
    [ -z "$free" ] || [ "$free" -ge "$needed" ] ||
        die "$title: about $((needed / 1024 + 1)) MiB are needed in $out, and $((free / 1024)) MiB are free"
}

hold_frames() {
    case "$1 $2" in
    'stage framealign') held=$((held + 3)) ;;
    'stage '*) held=$((held + 2)) ;;
    esac
}

limit_memory() {
    [ -z "$logins" ] || return 0
    memory=$(awk '$1 == "MemAvailable:" { print int($2 * 0.85) }' /proc/meminfo 2>/dev/null)
    [ -n "$memory" ] || return 0
    most=$((memory / job_memory))
    [ "$most" -gt 0 ] || most=1
    [ "$slots" -gt "$most" ] || return 0
    say "$title: $most at a time, not $slots: each needs about $((job_memory / 1024)) MiB of memory, and $((memory / 1024)) MiB are free"
    slots=$most load=$most
}

# Whether all frames lie on the disk at once, for an AlignFrames that compares neighbours.
space_for_all() {
    for two_pass_stage in $two_pass; do
        stage_words "$two_pass_stage"
        case "$stage_flags " in
        *' together '*)
            ! needs_middle "$two_pass_stage" || transforms_hold "$two_pass_stage" || return 0
            ;;
        esac
    done
    return 1
}
