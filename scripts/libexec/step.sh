#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# A job's and a step's settings as the shell has them, the frames of a step, and its plan. Sourced by
# stackjob. A step is worked on in its working path, so that relative paths are the job file's own.
#
# Lists of paths are escaped text (text.sh), a line an entry.

# physical PATH: sets $physical, its absolute path without links, dots or empty parts, also where its
# last parts are not there yet: two paths are the same directory when these are the same. Refused are
# parts that are not there and of which nobody can say what they will be: what lies behind "..", and a
# link that leads nowhere.
physical() {
    physical_tail=
    physical_head=$1
    while [ ! -d "$physical_head" ]; do
        [ ! -h "$physical_head" ] || die "${title:+$title: }$1: the link $physical_head leads to no directory"
        case $physical_head in
        */*)
            physical_part=${physical_head##*/}
            physical_head=${physical_head%/*}
            [ -n "$physical_head" ] || physical_head=/
            ;;
        *)
            physical_part=$physical_head
            physical_head=.
            ;;
        esac
        case $physical_part in
        '' | .) ;;
        ..) die "${title:+$title: }$1: \"..\" leads back from $physical_head, which is not there. Give the path without it" ;;
        *) physical_tail=/$physical_part$physical_tail ;;
        esac
    done
    physical=$(cd -P -- "$physical_head" && pwd -P && echo .) || die "$physical_head cannot be entered"
    physical=${physical%"$nl."}
    [ "$physical" != / ] || [ -z "$physical_tail" ] || physical=
    physical=$physical$physical_tail
}

# directory_of WORKING_PATH: sets $path to that directory, absolute.
directory_of() {
    case $1 in
    '') path=$base ;;
    /*) path=$1 ;;
    *) path=$base/$1 ;;
    esac
    trim_path
}

# resolve WORKING_PATH PATH: sets $path as seen from the step's working path.
resolve() {
    case $2 in
    /*) path=$2 ;;
    *)
        directory_of "$1"
        if [ "$path" = "$work" ]; then
            path=$2
        else
            path=$path/$2
        fi
        ;;
    esac
    trim_path
}

# No slash or dot directory at the end of $path, and no dash at its beginning.
trim_path() {
    while :; do
        case $path in
        ?*/) path=${path%/} ;;
        ?*/.) path=${path%/.} ;;
        ./?*) path=${path#./} ;;
        *) break ;;
        esac
    done
    case $path in
    -*) path=./$path ;;
    esac
}

load_job() {
    while read -r word value; do
        case $word in
        name) job_name=$value ;;
        working)
            directory_of "$value"
            job_work=$path
            ;;
        steps) steps=$value ;;
        esac
    done <"$1"
}

# Sets a step's settings from what jobfile.awk wrote; and $work, where it is then at home.
load_step() {
    inputs='' stages='' unused='' stage_count=0
    while read -r word value; do
        case $word in
        working)
            directory_of "$value"
            work=$path
            ;;
        from) from=$value ;;
        input)
            resolve "$from" "$value"
            escape "$path"
            inputs=$inputs${inputs:+$nl}$escaped
            ;;
        output)
            case $value in
            /*) path=$value ;;
            *) path=./$value ;;
            esac
            trim_path
            out=$path
            ;;
        plots)
            resolve "$from" "$value"
            plots=$path
            ;;
        mask | apply)
            resolve "$from" "$value"
            escape "$path"
            stages="$stages$nl$word $escaped"
            ;;
        stage)
            stage_count=$((stage_count + 1))
            stages="$stages${stages:+$nl}stage $value"
            ;;
        option | grow | together | direct | crop | opaque | summary | histograms) stages="$stages$nl$word $value" ;;
        *) set_step "$word" "$value" ;;
        esac
    done <"$1"
    title="$kind $name"
    [ -d "$work" ] || die "$title: the working path $work is no directory"
    cd -- "$work" || exit 1
    physical "$out"
    output=$physical
    state_of "$output"
}

set_step() {
    case $1 in
    kind) kind=$2 ;;
    name) name=$2 ;;
    line) step_line=$2 ;;
    pattern) pattern=$2 ;;
    raw_options) raw_options=$2 ;;
    resample) resample=$2 ;;
    reverse) reverse=$2 ;;
    ref_idx) ref_idx=$2 ;;
    format) format=$2 ;;
    quality) quality=$2 ;;
    metadata) metadata=$2 ;;
    file_name) file_name=$2 ;;
    max_frames) max_frames=$2 ;;
    plot) plot=$2 ;;
    plot_range) plot_range=$2 ;;
    thresholds) thresholds=$2 ;;
    blur) blur=$2 ;;
    statistic) statistic=$2 ;;
    unused) unused=$2 ;;
    esac
}

# ---- the frames ----

# A file name's way in: sets $way to native, jpeg, tiff or raw; false where it is no frame's.
way_in() {
    case $1 in
    *.[pP][nN][gG] | *.[pP][aA][mM] | *.[pP][nNpPgG][mM]) way=native ;;
    *.[jJ][pP][gG] | *.[jJ][pP][eE][gG]) way=jpeg ;;
    *.[tT][iI][fF] | *.[tT][iI][fF][fF]) way=tiff ;;
    *.[cC][rR][23] | *.[nN][eE][fF] | *.[aA][rR][wW] | *.[dD][nN][gG] | *.[rR][aA][fF] | \
        *.[oO][rR][fF] | *.[rR][wW]2 | *.[pP][eE][fF] | *.[sS][rR][wW]) way=raw ;;
    *) return 1 ;;
    esac
}

# list_frames: the frames of the directories $inputs, in order, to $frames; the reference frame's
# line to $reference. A directory that an earlier step of this job writes is seen as it will be,
# where $ahead is set.
list_frames() {
    frames=$temporary/$step_id.frames reference=$temporary/$step_id.reference
    : >"$temporary/names" && : >"$temporary/exist" && : >"$reference"
    [ -n "$inputs" ] || die "$title: there is no input_path, in this step, in the job or in a step before it"
    saved_ifs=$IFS
    IFS=$nl
    # shellcheck disable=SC2086
    set -- $inputs
    IFS=$saved_ifs
    for line; do
        unescape "$line"
        list_directory "$text"
    done
    xargs -0 -r stat -L --printf '%s\t%.9Y\n' -- <"$temporary/exist" >"$temporary/stats" || exit 1
    histogram_prefix
    STACKJOB_STATS=$temporary/stats STACKJOB_HISTOGRAM=$escaped STACKJOB_REFERENCE=$reference STACKJOB_STEP=$title \
        STACKJOB_RESAMPLE=$resample STACKJOB_REVERSE=$reverse STACKJOB_REF_IDX=$ref_idx \
        STACKJOB_MAX_FRAMES=$max_frames STACKJOB_ENDING=$ending \
        awk -f "$libexec/frames.awk" <"$temporary/names" >"$frames" || exit 1
    [ -s "$frames" ] || no_frames "$@"
}

# Sets $escaped, how the longest name of a frame's histograms begins; nothing where none are drawn.
histogram_prefix() {
    nth=$(printf '%s\n' "$stages" | awk '
        $1 == "stage" { nth = ++seen[$2] > 1 ? "-" seen[$2] : "" }
        $0 == "histograms yes" { longest = nth "-" }
        END { print longest }')
    escape "${nth:+$name-hist$nth}"
}

no_frames() {
    unescape "$1"
    [ "$pattern" = '*' ] || die "$title: no frame in $text has a name that matches $pattern"
    die "$title: there are no frames in $text"
}

list_directory() {
    physical "$1"
    shadow=
    escape "$physical"
    if [ -n "$ahead" ] && [ -f "$temporary/outputs" ]; then
        while IFS=' ' read -r shadow_id line; do
            [ "$line" != "$escaped" ] || shadow=$temporary/$shadow_id.shadow
        done <"$temporary/outputs"
    fi
    [ -n "$shadow" ] || [ -d "$1" ] || die "$title: the input path $1 is no directory"
    [ -n "$shadow" ] || { [ -r "$1" ] && [ -x "$1" ]; } || die "$title: the input path $1 cannot be read"
    set +f
    if [ -n "$shadow" ]; then
        list_files "$1" "$shadow"/*
    else
        list_files "$1" "$1"/*
    fi
}

# list_files DIR FILE...: those that are frames to $temporary/names and /exist. In a shadow a file
# that is still to be made is not empty.
list_files() {
    set -f
    listed=$1
    shift
    for file; do
        way_in "$file" || continue
        base_name=${file##*/}
        # shellcheck disable=SC2254
        case $base_name in
        $pattern) ;;
        *) continue ;;
        esac
        [ -d "$file" ] && continue
        [ -f "$file" ] || die "$title: $file is no file, or a link that leads nowhere"
        path=$listed/$base_name
        escape "$path"
        if [ -n "$shadow" ] && [ -s "$file" ]; then
            printf '%s\t1\n' "$escaped" >&3
        else
            printf '%s\t0\n' "$escaped" >&3
            printf '%s\0' "$path" >&4
        fi
    done 3>>"$temporary/names" 4>>"$temporary/exist"
}

# ---- the plan ----

# list_results DIR FILE: what lies in the directory, to the file: name, size, time.
list_results() {
    : >"$temporary/results.names" && : >"$temporary/results.exist"
    if [ -d "$1" ]; then
        set +f
        list_all "$1"/*
    fi
    xargs -0 -r stat --printf '%s\t%.9Y\n' -- <"$temporary/results.exist" >"$temporary/results.stats" || exit 1
    paste "$temporary/results.names" "$temporary/results.stats" >"$2"
}

list_all() {
    set -f
    for file; do
        [ -e "$file" ] || [ -h "$file" ] || continue
        escape "${file##*/}"
        printf '%s\n' "$escaped" >&3
        printf '%s\0' "$file" >&4
    done 3>>"$temporary/results.names" 4>>"$temporary/results.exist"
}

# make_plan KEY_FILE: sets $plan, a file with a line a result (plan.awk), and $stale; $key is the
# key of this step's results. A result that may not be overwritten ends the run.
make_plan() {
    key_of "$1"
    why_other "$1"
    plan=$temporary/$step_id.plan stale=$temporary/$step_id.stale
    list_results "$out" "$temporary/results"
    plan_files "$temporary/results" "$state/journal" "$frames" "$stale" >"$plan" || exit 1
    refuse_foreign "$out" "$plan"
    count_plan
}

count_plan() {
    counted=$(awk -F '\t' '{ n[$1]++ } END { print n["make"] + 0, n["done"] + 0 }' "$plan")
    to_make=${counted% *} unchanged=${counted#* }
}

# plan_files RESULTS JOURNAL WANTED STALE: the plan, on standard output.
plan_files() {
    : >"$4"
    journal=$2
    [ -f "$journal" ] || journal=/dev/null
    STACKJOB_KEY=$key STACKJOB_FORCE=$force STACKJOB_OTHER=$other STACKJOB_STALE=$4 \
        awk -f "$libexec/plan.awk" "$1" "$journal" "$3"
}

# plan_plots FILE: the plan of the plots that are its lines, as plan.awk takes them: sets $plots_plan and
# $plots_stale.
plan_plots() {
    plots_plan=$temporary/$step_id.plots-plan plots_stale=$temporary/$step_id.plots-stale
    list_results "$plots" "$temporary/plots"
    plan_files "$temporary/plots" "$state/plots" "$1" "$plots_stale" >"$plots_plan" || exit 1
    # Nothing is known of what a step would plot that cannot plot.
    [ -z "$said_gnuplot" ] || : >"$plots_stale"
    refuse_foreign "$plots" "$plots_plan"
}

# key_of FILE: sets $key.
key_of() {
    key=$(cksum <"$1")
    key=k${key% *}-${key#* }
}

# Sets $other, why a result of another key is to be made again: what differs from the last time.
why_other() {
    other="other options"
    [ -f "$state/key" ] || return 0
    other=$(awk '
        FILENAME == ARGV[1] { old[$0] = 1; next }
        !($0 in old) && !($1 in seen) { seen[$1] = 1; text = text (text == "" ? "other " : " and ") $1 }
        END { print text == "" ? "other options" : text }' "$state/key" "$1")
}

# refuse_foreign DIR PLAN
refuse_foreign() {
    foreign=0
    while IFS=$tab read -r verdict _ _ _ _ _ result _; do
        if [ "$verdict" = foreign ]; then
            foreign=$((foreign + 1))
            unescape "$result"
            [ "$foreign" -gt 5 ] || say "$title: $1/$text was changed after stackjob wrote it, or was never its own"
        elif [ -d "$1" ]; then
            unescape "$result"
            [ ! -d "$1/$text" ] || die "$title: $1/$text is a directory; a result is to have that name"
        fi
    done <"$2"
    [ "$foreign" -gt 0 ] || return 0
    die "$title: $foreign of the files in $1 would be lost. Leave this step out with \"enabled = no\", or overwrite them with -f"
}

# What the output directory will hold once the step is done, for the steps after it: a directory of
# empty files, and of files that are not empty where they are still to be made.
cast_shadow() {
    shadow=$temporary/$step_id.shadow
    mkdir "$shadow"
    awk -F '\t' -v OFS='\t' '
        FILENAME == ARGV[1] { gone[$1] = 1; next }
        FILENAME == ARGV[2] { if (!($1 in gone)) print "done", $1; next }
        { print $1, $7 }' "$stale" "$temporary/results" "$plan" >"$temporary/cast"
    while IFS=$tab read -r verdict result; do
        unescape "$result"
        if [ "$verdict" = make ]; then
            echo new >"$shadow/$text"
        else
            : >>"$shadow/$text"
        fi
    done <"$temporary/cast"
    escape "$output"
    printf '%s %s\n' "$step_id" "$escaped" >>"$temporary/outputs"
}
