# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The tables of an Actions, what the summary says of them, and the plots of a step. Sourced by stackjob.
#
# The plots are the list plot_ (see frames.sh), and plot_frame[], the number of the frame that a plot belongs to;
# plot_index[K.NUMBER] is where a frame's histograms before the K-th sub-action are, plot_index[K.] the plot of
# the K-th sub-action's table.

declare -a plot_frame=()
declare -A plot_index=() plotted_key=()

# ---- tables ----

# What the summary says of the step, and the tables of transforms beside its frames. Sets plotted_key[K], what the
# plot of the K-th sub-action's table depends on.
sum_up_actions() {
    local k ended counts="${#frame_path[@]} frames" files=() table=${step[run]}/table
    plotted_key=()
    find_tables
    [[ ${step[lenient]} ]] && ended="left out" || ended=failed
    ((${#left_out[@]} == 0)) || counts+=", ${#left_out[@]} of them $ended"
    ((step[to_make] == 0)) || counts+=", $((step[to_make] - ${#left_out[@]})) made now"
    note "$counts" "${step[output]}"
    for k in "${!stage_program[@]}"; do
        [[ ${stage_refers[k]} ]] || continue
        [[ ! -s $table-$k ]] || figures "${stage_program[k]}" "$table-$k"
        [[ ${stage_program[k]} != framealign ]] || keep_transforms "$k"
        [[ ! ${stage_summary[k]-} || ! -s $table-$k ]] || find_plot_key "$k"
        [[ ! ${stage_passes[k]-} ]] || { estimated "$k" said && files+=("$REPLY"); }
    done
    note_warnings < <(cat -- /dev/null "${files[@]}" 2>/dev/null; row_warnings frame)
}

# The frames' rows of each sub-action, tab-separated, in order, below their header, to the files step[run]/table-K: from
# the frames' lines, or from the table that all were estimated into.
find_tables() {
    local k table
    for k in "${!stage_program[@]}"; do
        table=${step[run]}/table-$k
        : >"$table"
        if [[ ${stage_passes[k]-} ]]; then
            estimated "$k" tsv
            [[ ! -f $REPLY ]] || cat "$REPLY" >"$table"
        elif [[ -f ${step[state]}/columns-$k ]]; then
            printf '%s\n' "${frame_line[@]}" | awk -F '\t' -v stage="$k " -v ending=${#step[ending]} '
                NR == 1 { header = $0 "\n"; next }
                {
                    for (i = 7; i <= NF; i++)
                        if (index($i, stage) == 1) {
                            gsub(/ /, "\t", $i)
                            printf "%s%s%s\n", header, substr($1, 1, length($1) - ending), substr($i, length(stage))
                            header = ""
                        }
                }' "${step[state]}/columns-$k" - >"$table"
        fi
    done
}

# estimated K ENDING: the file of this run's or of the last run's estimation.
estimated() {
    REPLY=${step[run]}/align-$1.$2
    [[ -f $REPLY ]] || REPLY=${step[state]}/align-$1.$2
}

# row_warnings PREFIX: prints the warnings that the lines of the list's results have.
row_warnings() {
    local -n line=$1_line
    local row
    for row in "${line[@]}"; do
        while [[ $row == *$'\t'"warning "* ]]; do
            row=${row#*$'\t'"warning "}
            unescape "${row%%$'\t'*}"
            printf '%s\n' "$REPLY"
        done
    done
}

# figures PROGRAM FILE: of a table of framealign or framebalance, to the summary.
figures() {
    local line
    while IFS= read -r line; do
        unescape "$line"
        printable "$REPLY"
        summary+=("      $REPLY")
    done < <(if [[ $1 == framealign ]]; then
        awk -F '\t' '
            NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
            $2 == "failed" { failed++; next }
            { n++; error = $column["error"] + 0; scatter = $column["scatter"] + 0 }
            worst == "" || error > most { worst = $1; most = error; share = $column["share"] }
            widest == "" || scatter > width { widest = $1; width = scatter }
            END {
                if (failed)
                    printf "%d frame%s could not be aligned; ", failed, failed > 1 ? "s" : ""
                if (n)
                    printf "worst alignment: %s, predicted error %.2f px, %.0f %% of its blocks agree; " \
                           "widest scatter: %s, %.2f px\n", worst, most, 100 * share, widest, width
            }' "$2"
    else
        awk -F '\t' '
            NR > 1 { for (i = 2; i <= NF; i++) { if (min == "" || $i < min) min = $i; if (max == "" || $i > max) max = $i } }
            END { printf "corrections %.4g to %.4g\n", min, max }' "$2"
    fi)
}

# keep_transforms K: the table of an AlignFrames beside the frames, as transforms.tsv. One that is not as a run
# left it is not overwritten without -f: the state has a copy of what lies there, and "next" of what a killed run
# was about to put there; and another job may have put the same there.
keep_transforms() {
    local table=${step[run]}/table-$1 name there
    suffix_of "$1"
    name=transforms$REPLY.tsv there=${step[out]}/transforms$REPLY.tsv
    [[ -s $table ]] || return 0
    if [[ -s $there ]] && cmp -s "$there" "$table"; then
        { cp -- "$table" "${step[run]}/$name" && keep "$name" "$name"; } || exit 1
        return
    fi
    if [[ -s $there && ! ${option[force]-} ]] && ! cmp -s "$there" "${step[state]}/$name" &&
        ! cmp -s "$there" "${step[state]}/next-$name"; then
        say "${step[title]}: $there was changed by hand, or was never stackjob's own, and stays as it is; -f overwrites it"
        return
    fi
    cp -- "$table" "${step[run]}/$name" && cp -- "${step[run]}/$name" "${step[state]}/next-$name" &&
        sync -d -- "${step[run]}/$name" "${step[state]}/next-$name" &&
        mv -f -- "${step[run]}/$name" "$there" && mv -f -- "${step[state]}/next-$name" "${step[state]}/$name" || exit 1
}

# ---- plots ----

# Whether there is what draws plots. Where it is missing those of earlier runs stay. Sets engine[gnuplot].
can_plot() {
    if [[ ! ${engine[gnuplot]-} ]]; then
        command -v gnuplot >/dev/null && engine[gnuplot]=yes || engine[gnuplot]=no
        [[ ${engine[gnuplot]} == yes ]] || say "gnuplot is not installed: nothing is plotted"
    fi
    [[ ${engine[gnuplot]} == yes ]]
}

clear_plots() {
    plot_result=() plot_input=() plot_key=() plot_frame=() plot_index=()
}

# add_plot RESULT INPUT KEY [K [NUMBER]]: to the list; "-" stands for a key that is known only later.
add_plot() {
    local i=${#plot_result[@]}
    plot_result[i]=$1 plot_input[i]=$2 plot_key[i]=$3 plot_frame[i]=${5-0}
    [[ ! ${4-} ]] || plot_index[$4.${5-}]=$i
}

# Nothing is known of what a step would plot that cannot plot.
plan_plots() {
    plan plot "other options"
    [[ ${engine[gnuplot]-} != no ]] || plot_stale=()
}

# make_plot INDEX PIECE...: runs the job, which draws that plot into the step's run, and puts it in its place.
make_plot() {
    local status program
    run_job plot "${@:2}" || step_failed "$status" "$program"
    mkdir -p -- "${step[plots]}" && place_results plot "${step[run]}" "$1" ||
        die "${step[title]}: nothing can be written in ${step[plots]}"
    say_step "plotted ${step[plots]}/${plot_result[$1]}"
}

# At the end of a step: plots that it no longer makes go.
settle_plots() {
    [[ ${engine[gnuplot]-} == no ]] || settle plot
}

# summary_name K: what the plot of the K-th sub-action's table is called.
summary_name() {
    suffix_of "$1"
    REPLY=${step[name]}-${stage_program[$1]#frame}$REPLY.pdf
}

# plot_geometry: the frames' width and height as far as they are known, with a blank between.
plot_geometry() {
    REPLY=''
    [[ ! -f ${step[state]}/geometry ]] || read -r REPLY <"${step[state]}/geometry"
    [[ ! ${step[maxval]-} ]] || REPLY="${step[width]} ${step[height]}"
    REPLY=${REPLY:-0 0}
}

# plot_command K: what draws it, without the tables.
plot_command() {
    local title reference
    printable "${step[name]}"
    title=$REPLY
    escape "${frame_name[step[reference]]}"
    reference=$REPLY
    if [[ ${stage_program[$1]} == framealign ]]; then
        plot_geometry
        words plot-align "$title" "$reference" "${REPLY% *}" "${REPLY#* }"
    else
        words plot-balance "$title" "$reference" "${stage_channel[$1]}"
    fi
}

# find_plot_key K: by the programs, the words and the table.
find_plot_key() {
    local text
    version_line "${stage_program[$1]}"
    text=$REPLY$'\n'
    plot_command "$1"
    key_of "$text$REPLY"$'\n'"$(cat "${step[run]}/table-$1")"
    plotted_key[$1]=$REPLY
}

# The plots of whole tables, where they are not up to date. Frames that failed have no histograms.
plot_tables() {
    local k i text pieces
    for i in "${!left_out[@]}"; do
        for k in "${!stage_histograms[@]}"; do
            unset "plot_result[${plot_index[$k.$i]}]"
        done
    done
    for k in "${!stage_summary[@]}"; do
        i=${plot_index[$k.]}
        if [[ ${plotted_key[$k]-} ]]; then
            plot_key[i]=${plotted_key[$k]}
        else
            unset "plot_result[i]"
        fi
    done
    plan_plots
    for k in "${!plotted_key[@]}"; do
        i=${plot_index[$k.]}
        [[ ${plot_verdict[i]-} == make ]] || continue
        plot_command "$k"
        text=$REPLY
        add "${step[run]}/table-$k"
        pieces=("$text")
        add_target "${step[run]}/${plot_result[i]}"
        make_plot "$i" "${pieces[@]}"
    done
    settle_plots
}
