#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2154
#
# What stackjob says, its log, its plots, the summary, and -n. Sourced by stackjob.

say_more() {
    [ -n "$quiet" ] || say "$@"
}

say_step() {
    say_more "$title: $*"
}

say_unused() {
    [ -z "$unused" ] || say "$title: $unused is not used: the files are $out/$file_name-rgb.png and its like"
}

say_disabled() {
    [ -f "$temporary/parsed/disabled" ] || return 0
    while IFS= read -r line; do
        say "StackJob $line is not enabled"
    done <"$temporary/parsed/disabled"
}

# A line a frame, where GNU parallel's bar does not show the progress.
say_progress() {
    [ -z "$quiet" ] || return 0
    if [ -t 2 ] && [ "$engine_is" = parallel ]; then
        return
    fi
    printf 'stackjob: %s: %s%s of %s: %s\n' "$title" "${phase_text:+$phase_text: }" "$passed" "$pass_size" "$shown_name" >&2
}

# say_phase WHAT [MORE]: which pass over the frames begins, where there is more than one.
say_phase() {
    [ "$phases" -gt 1 ] && [ -z "$preview" ] || return 0
    phase_text="$1 ($phase of $phases)"
    say_step "$phase_text$2"
}

# ---- the log ----

# Sets $now, in hundredths of seconds.
clock() {
    if read -r now _ 2>/dev/null </proc/uptime; then
        now=${now%.*}${now#*.}
    else
        now=$(date +%s)00
    fi
}

# seconds HUNDREDTHS: sets $seconds, as text.
seconds() {
    seconds=0$(($1 % 100))
    seconds=$(($1 / 100)).${seconds#"${seconds%??}"}
}

open_log() {
    log=$job_work/$job_name.log
    { printf '\nStackJob %s, %s, %s\n' "$job_name" "$(date '+%Y-%m-%d %H:%M:%S')" "$job_file" >>"$log"; } 2>/dev/null ||
        die_without_log
}

die_without_log() {
    unwritable=$log log=
    die "the log $unwritable cannot be written"
}

in_words_of_job() {
    STACKJOB_STREAM=$stream awk -f "$libexec/words.awk" "$1"
}

# What the programs of a job said, in the words of the job file. Warnings wait for the summary, where
# there will be one.
relay() {
    relay_file "$run/$1.err" "$run/said"
    [ -s "$run/said" ] || return 0
    if [ -n "$quiet" ]; then
        cat "$run/said" >&2
    else
        sed -n "/$warning_pattern/p" "$run/said" >>"$temporary/warnings"
        sed "/$warning_pattern/d" "$run/said" >&2
    fi
}

# relay_file FROM TO
relay_file() {
    : >"$2"
    [ ! -s "$1" ] || in_words_of_job "$1" >"$2"
}

# say_file FILE: what is in it, to standard error and to the log.
say_file() {
    cat "$1" >&2
    [ -z "$log" ] || cat "$1" >>"$log"
}

# A job that has run: how long it took, how it ended, what it was, what its programs said.
log_job() {
    relay "$1"
    [ -n "$log" ] || return 0
    show "$run/$1.job"
    seconds "$hundredths"
    {
        if [ "$status" -eq 0 ]; then
            printf '%s s  %s\n' "$seconds" "$shown"
        else
            printf '%s s  %s\n  %s failed with status %s\n' "$seconds" "$shown" "$program" "$status"
        fi
        cat "$run/said"
    } >>"$log"
}

# ---- figures ----

# What noisedetect counted, kept for runs that find the mask done.
keep_note() {
    sed -n 's/^noisedetect: \([0-9]* noisy pixels\)/\1/p' "$run/masks.err" >"$run/note"
    keep note note
}

note_noise() {
    [ -s "$state/note" ] || return 0
    read -r note <"$state/note"
    note "$note" "$output/$file_name-rgb.png"
    note_warnings "$state/warnings"
}

# note TEXT PATH: a line of the summary.
note() {
    printf '  %s: %s\n' "$title" "$1" >>"$temporary/summary.$job"
    printf '      %s\n' "$2" >>"$temporary/summary.$job"
}

sum_up_actions() {
    counts="$(grep -c '^[md]' "$plan") frames"
    [ ! -s "$run/failed" ] || counts="$counts, $(wc -l <"$run/failed") of them failed"
    [ "$to_make" -eq 0 ] || counts="$counts, $to_make made now"
    note "$counts" "$output"
    each_line sum_up_line
    estimates=
    for two_pass_stage in $two_pass; do
        table_of "$two_pass_stage" said
        estimates="$estimates$nl$table"
    done
    row_warnings >"$run/warnings"
    saved_ifs=$IFS
    IFS=$nl
    # shellcheck disable=SC2086
    set -- $estimates
    IFS=$saved_ifs
    note_warnings "$@" "$run/warnings"
}

# note_warnings FILE...: the warnings in them and of this run, each once, to the summary.
note_warnings() {
    for file; do
        [ ! -f "$file" ] || cat "$file"
    done >"$temporary/said"
    if [ -f "$temporary/warnings" ]; then
        cat "$temporary/warnings" >>"$temporary/said"
        cat "$temporary/warnings" >>"$temporary/warnings.before"
        rm -f -- "$temporary/warnings"
    fi
    awk -v most=10 "/$warning_pattern/ && !seen[\$0]++ && ++n <= most { print \"      \" \$0 }
        END { if (n > most) print \"      and \" n - most \" warnings more\" }" \
        "$temporary/said" >>"$temporary/summary.$job"
}

# The warnings that the journal has with the frames' rows.
row_warnings() {
    [ -f "$state/journal" ] || return 0
    awk -F '\t' '
        FILENAME == ARGV[1] {
            texts[$1] = ""
            for (i = 7; i <= NF; i++)
                if (sub(/^warning /, "", $i)) {
                    gsub(/\\\\/, "\\", $i)
                    texts[$1] = texts[$1] $i "\n"
                }
            next
        }
        { printf "%s", texts[$7] }' "$state/journal" "$plan"
}

sum_up_line() {
    case "$1 $2" in
    'stage '*)
        stage_number=$stage stage_program=$2 channel=lumi
        rows_of "$stage_number" >"$run/table"
        [ ! -s "$run/table" ] || figures "$stage_program"
        [ "$stage_program" != framealign ] || keep_transforms
        ;;
    'option -channel='*) channel=${2#-channel=} ;;
    'summary yes')
        case $summaries in
        *" $stage "*) [ ! -s "$run/table" ] || plan_rows ;;
        esac
        ;;
    esac
}

# table_of K ENDING: sets $table, the file of this run's or of the last run's estimation.
table_of() {
    table=$run/align-$1.$2
    [ -f "$table" ] || table=$state/align-$1.$2
}

# rows_of K: the frames' rows of the K-th sub-action, tab-separated, in order, below their header:
# from the journal, or from the table that all were estimated into.
rows_of() {
    case $two_pass in
    *" $1 "*)
        table_of "$1" tsv
        [ ! -f "$table" ] || cat "$table"
        return
        ;;
    esac
    [ -f "$state/journal" ] && [ -f "$state/columns-$1" ] || return 0
    awk -F '\t' -v OFS='\t' -v wanted="$1" '
        FILENAME == ARGV[1] {
            for (i = 7; i <= NF; i++)
                if (index($i, wanted " ") == 1) {
                    row = substr($i, length(wanted) + 2)
                    gsub(" ", "\t", row)
                    rows[$1] = row
                }
            next
        }
        FILENAME == ARGV[2] { header = $0; next }
        $7 in rows {
            if (!n++)
                print header
            print $6, rows[$7]
        }' "$state/journal" "$state/columns-$1" "$plan"
}

# The figures of a table of framealign or framebalance.
figures() {
    if [ "$1" = framealign ]; then
        awk -F '\t' '
            NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
            $2 == "failed" { failed++; next }
            { n++; error = $column["error"] + 0; scatter = $column["scatter"] + 0 }
            worst == "" || error > most { worst = $1; most = error; share = $column["share"] }
            widest == "" || scatter > width { widest = $1; width = scatter }
            END {
                if (failed)
                    printf "%d frames could not be aligned; ", failed
                if (n)
                    printf "worst alignment: %s, predicted error %.2f px, %.0f %% of its blocks agree; " \
                           "widest scatter: %s, %.2f px\n", worst, most, 100 * share, widest, width
            }' "$run/table"
    else
        awk -F '\t' '
            NR > 1 { for (i = 2; i <= NF; i++) { if (min == "" || $i < min) min = $i; if (max == "" || $i > max) max = $i } }
            END { printf "corrections %.4g to %.4g\n", min, max }' "$run/table"
    fi >"$run/figures"
    while IFS= read -r line; do
        unescape "$line"
        printf '      %s\n' "$text" >>"$temporary/summary.$job"
    done <"$run/figures"
}

# The summary of a job: to standard output and to its log.
sum_up() {
    clock
    seconds $((now - job_start))
    {
        printf 'StackJob %s: done in %s s\n' "$job_name" "$seconds"
        [ ! -f "$temporary/summary.$job" ] || cat "$temporary/summary.$job"
        if [ -f "$temporary/failed" ]; then
            echo '  failed:'
            while IFS= read -r line; do
                unescape "$line"
                printf '      %s\n' "$text"
            done <"$temporary/failed"
        fi
        printf '  log: %s\n' "$log"
    } >"$temporary/summary"
    cat "$temporary/summary" >>"$log"
    rm -f -- "$temporary/warnings" "$temporary/warnings.before"
    [ -n "$quiet" ] || cat "$temporary/summary" || failures=$((failures + 1))
}

# ---- plots ----

# Whether there is what draws plots. Where it is missing those of earlier runs stay.
can_plot() {
    ! command -v gnuplot >/dev/null || return 0
    [ -n "$said_gnuplot" ] || say "gnuplot is not installed: nothing is plotted"
    said_gnuplot=yes
    return 1
}

# make_plot RESULT KEY: runs the job plot, which draws $run/plot.pdf, and puts that in its place.
make_plot() {
    run_job plot || step_failed
    place_plot plot.pdf "$1" "$2" 0 0 || die "$title: nothing can be written in $plots"
    say_step "plotted $plots/$text"
}

# At the end of a step: plots that it no longer makes go.
keep_plots() {
    [ -n "$said_gnuplot" ] || settle_plots
}

# What tells the files of the sub-action $stage_number from those of others of its program in the
# step: sets $nth, nothing for the first, else -2, -3 ...
set_nth() {
    nth=$(printf '%s\n' "$stages" | awk -v wanted="$stage_number" '
        $1 == "stage" { seen[$2]++ }
        $1 == "stage" && ++n == wanted { if (seen[$2] > 1) print "-" seen[$2] }')
}

# plan_rows: notes the plot of the table $run/table of the sub-action $stage_number, with what it
# depends on.
plan_rows() {
    cp -- "$run/table" "$run/table-$stage_number" || exit 1
    {
        version_line "$stage_program"
        plot_rows_words
        cat "$run/table"
    } >"$run/plot_key"
    # In a shell of its own, for it goes through the lines that the caller is going through.
    (summary_line "$(cksum <"$run/plot_key" | tr ' ' -)") >>"$run/summaries"
}

# The plots of whole tables, where they are not up to date.
plot_rows() {
    : >>"$run/summaries" && : >>"$run/failed"
    {
        awk -F '\t' '
            FILENAME == ARGV[1] { failed[$1] = 1; next }
            FILENAME == ARGV[2] { if ($7 in failed) gone[$2] = 1; next }
            $1 != "-" && !($1 in gone)' "$run/failed" "$plan" "$temporary/$step_id.plots" && cat "$run/summaries"
    } >"$run/plots" || exit 1
    plan_plots "$run/plots"
    while IFS=$tab read -r _ stage_number _ _ _ plot_result plot_key <&3; do
        grep -q "^make$tab-$tab$stage_number$tab" "$plots_plan" || continue
        stage_words "$stage_number"
        stage_channel "$stage_number"
        plot_rows_job "$run/plot.pdf" "$run/table-$stage_number" >"$run/plot.job"
        make_plot "$plot_result" "$plot_key"
    done 3<"$run/summaries"
    keep_plots
}

# plot_rows_job RESULT TABLE...
plot_rows_job() {
    job_head "$1"
    shift
    plot_rows_words
    for table; do
        escape "$table"
        printf '%s\n' "$escaped"
    done
}

# What the plot of a table is drawn by.
plot_rows_words() {
    escape "$libexec/plot-${stage_program#frame}"
    printf '%s\n' "$escaped" "$plot_name" "$reference_name"
    case $stage_program in
    framealign)
        geometry="0 0"
        [ ! -f "$state/geometry" ] || read -r geometry <"$state/geometry"
        [ -z "$maxval" ] || geometry="$width $height"
        printf '%s\n' "${geometry% *}" "${geometry#* }"
        ;;
    framebalance) printf '%s\n' "$channel" ;;
    esac
}

# ---- transforms ----

# The table $run/table of the AlignFrames $stage_number beside the frames, as transforms.tsv. One that
# is not as a run left it is not overwritten without -f: the state has a copy of what lies there, and
# "next" of what a killed run was about to put there.
keep_transforms() {
    set_nth
    kept=transforms$nth.tsv
    [ -s "$run/table" ] || return 0
    if [ -s "$out/$kept" ] && [ -z "$force" ] && ! cmp -s "$out/$kept" "$state/$kept" &&
        ! cmp -s "$out/$kept" "$state/next-$kept"; then
        say "$title: $out/$kept was changed by hand, or was never stackjob's own, and stays as it is; -f overwrites it"
        return
    fi
    cp -- "$run/table" "$run/$kept" && cp -- "$run/$kept" "$state/next-$kept" &&
        sync -d -- "$run/$kept" "$state/next-$kept" &&
        mv -f -- "$run/$kept" "$out/$kept" && mv -f -- "$state/next-$kept" "$state/$kept" || exit 1
}
