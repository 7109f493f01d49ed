# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A step's frames, and the plan of its results. Sourced by stackjob.
#
# A list of results is some arrays with a prefix, all with the same indices: PREFIX_result[] (the file's name),
# _input[] (size and time of its input, with a tab between; "-" where that is still to be made), _key[] (of what it
# depends on), _rows[] (what else its line in the journal is to have), and once planned _verdict[] (make, done or
# foreign), _reason[] and, where there is one, _line[], that line; and PREFIX_stale[], the names of the step's own
# unchanged results that no longer belong to the list. The frames of a step are the list frame_, from 1 on, with
# frame_path[], frame_name[] and frame_way[] (see way_in) besides; step[reference] is the reference frame's number,
# step[like] the raw file whose white balance all have.
#
# What the steps of a job will make is known ahead, while step[ahead] is not empty, from
#
#   ahead_files[DIR]   of a step's output directory: lines of a verdict, a blank, an escaped name
#   ahead_masks[PATH]  masks that are still to be made
#   ahead_use[DIR]     letters: o an output that holds frames, m one that holds masks, i an input
#   ahead_plots[PATH]

declare -A ahead_files=() ahead_masks=() ahead_use=() ahead_plots=()
declare -a inputs=() frame_path=() frame_name=() frame_way=()

# ---- frames ----

# way_in FILE: native, jpeg, tiff or raw; false where it is no frame's.
way_in() {
    case $1 in
    *.[pP][nN][gG] | *.[pP][aA][mM] | *.[pP][nNpPgG][mM]) REPLY=native ;;
    *.[jJ][pP][gG] | *.[jJ][pP][eE][gG]) REPLY=jpeg ;;
    *.[tT][iI][fF] | *.[tT][iI][fF][fF]) REPLY=tiff ;;
    *.[cC][rR][23] | *.[nN][eE][fF] | *.[aA][rR][wW] | *.[dD][nN][gG] | *.[rR][aA][fF] | \
        *.[oO][rR][fF] | *.[rR][wW]2 | *.[pP][eE][fF] | *.[sS][rR][wW]) REPLY=raw ;;
    *) return 1 ;;
    esac
}

# all_native [NUMBER...]: whether our programs read these frames, else all, without a converter.
all_native() {
    local i
    (($#)) || set -- "${!frame_way[@]}"
    for i; do
        [[ ${frame_way[i]} == native ]] || return
    done
}

# list_frames ENDING: sets frame_path, frame_name, frame_way, frame_result, frame_input and step[reference]; false where
# frames are still to come, and there is none yet, or not the reference.
# Reads the step with its inputs: step[max_frames] (0: all), [resample], [reverse], [ref_idx], [histogram] (how
# the longest name of a frame's histograms begins). Refuses results that clash, and names that are too long.
list_frames() {
    local ending=$1 directory i k count name longest=1 paths=() stats=()
    ((${#inputs[@]})) || die "${step[title]}: there is no input_path, in this step, in the job or in a step before it"
    for directory in "${inputs[@]}"; do
        list_directory "$directory"
    done
    [[ ! ${step[files]} ]] || choose_files
    stat_inputs
    [[ ! ${watch[live]-} ]] || keep_complete
    count=$(((${#paths[@]} + step[resample] - 1) / step[resample]))
    ((step[max_frames] == 0 || count <= step[max_frames])) || count=${step[max_frames]}
    [[ ! ${watch[live]-} ]] || ((count > ${step[ref_idx]:-0})) || return
    ((count)) || [[ ${step[pattern]} == '*' ]] ||
        die "${step[title]}: no frame in ${inputs[0]} has a name that matches ${step[pattern]}"
    ((count)) || die "${step[title]}: there are no frames in ${inputs[0]}"
    frame_path=() frame_name=() frame_way=() frame_result=() frame_input=() step[like]=''
    for ((i = 1; i <= count; i++)); do
        [[ ${step[reverse]} == no ]] && k=$(((i - 1) * step[resample])) || k=$(((count - i) * step[resample]))
        name=${paths[k]##*/}
        name=${name%.*}
        frame_path[i]=${paths[k]} frame_name[i]=$name frame_result[i]=$name$ending frame_input[i]=${stats[k]}
        way_in "${paths[k]}"
        frame_way[i]=$REPLY
        [[ $REPLY != raw || ${step[like]} ]] || step[like]=${paths[k]} step[like_input]=${stats[k]}
        ((${#name} <= ${#frame_name[longest]})) || longest=$i
    done
    check_names "$longest"
    step[reference]=$((${step[ref_idx]:-count / 2} + 1))
    ((step[reference] <= count)) || die "${step[title]}: ref_idx = ${step[ref_idx]}, but there are $count frames: 0 to $((count - 1))"
}

# list_directory DIR: appends its frames to paths[] of list_frames, in order, and sets the stats[] of those that an
# earlier step of this job is still to make.
list_directory() {
    local directory=$1 verdict file files
    local -A unmade=()
    physical "$directory"
    if [[ ${step[ahead]-} && ${ahead_files[$REPLY]+set} ]]; then
        files=()
        while IFS=' ' read -r verdict file; do
            [[ $file ]] || continue
            unescape "$file"
            files+=("$directory/$REPLY")
            [[ $verdict != make ]] || unmade[$directory/$REPLY]=yes
        done <<<"${ahead_files[$REPLY]}"
    else
        [[ -d $directory ]] || die "${step[title]}: the input path $directory is no directory"
        [[ -r $directory && -x $directory ]] || die "${step[title]}: the input path $directory cannot be read"
        files=("$directory"/*)
    fi
    for file in "${files[@]}"; do
        way_in "$file" || continue
        # shellcheck disable=SC2254
        case ${file##*/} in
        ${step[pattern]}) ;;
        *) continue ;;
        esac
        if [[ ${unmade[$file]-} ]]; then
            stats[${#paths[@]}]=$'-\t-'
        elif [[ ! -f $file ]]; then
            [[ ! -d $file ]] || continue
            die "${step[title]}: $file is no file, or a link that leads nowhere"
        fi
        paths+=("$file")
    done
}

# Leaves of paths[] and stats[] of list_frames those of step[files], in their order.
choose_files() {
    local i file
    local -A found=()
    for i in "${!paths[@]}"; do
        found[${paths[i]}]=${stats[i]-}
    done
    paths=() stats=()
    while IFS= read -r file; do
        [[ $file ]] || continue
        [[ ${found[$file]+set} ]] || die "${step[title]}: input_filepaths: $file is not there, is no frame, or does not match the pattern"
        stats[${#paths[@]}]=${found[$file]}
        paths+=("$file")
    done <<<"${step[files]}"
}

# The stats[] of those of list_frames' paths[] that have none yet.
stat_inputs() {
    local i missing=() files=() found
    for i in "${!paths[@]}"; do
        [[ ${stats[i]-} ]] || missing+=("$i") files+=("${paths[i]}")
    done
    ((${#missing[@]})) || return 0
    mapfile -t found < <(printf '%s\0' "${files[@]}" | xargs -0 stat -L --printf '%s\t%.9Y\n' --)
    ((${#found[@]} == ${#missing[@]})) || die "${step[title]}: frames went while they were looked at"
    for i in "${!missing[@]}"; do
        stats[missing[i]]=${found[i]}
    done
}

# check_names LONGEST: of the frames of list_frames; the number of the one with the longest. As a rule all are there
# twice, as raw file and as JPEG: told once.
check_names() {
    local i path name clashes=0 one='' other='' proposal
    local -A taken=()
    path=${frame_path[$1]}
    [[ ! ${step[histogram]-} ]] || check_length "${step[histogram]}${frame_name[$1]}.pdf" "the histograms of $path" \
        ": plot_histograms = no, or shorter names"
    check_length "${frame_result[$1]}" "the result of $path" ''
    [[ $ending ]] || return 0
    for i in "${!frame_result[@]}"; do
        path=${taken[${frame_result[i]}]-}
        [[ ! $path ]] || ((clashes++)) || one=$path other=${frame_path[i]}
        taken[${frame_result[i]}]=${frame_path[i]}
    done
    ((clashes)) || return 0
    if [[ ${one##*.} == "${other##*.}" ]]; then
        proposal="a pattern that only one of them matches"
    else
        proposal="\"pattern = *.${one##*.}\" or \"pattern = *.${other##*.}\""
    fi
    name=${other##*/}
    ((clashes == 1)) && clashes='' || clashes=", and $((clashes - 1)) more such pairs"
    die "${step[title]}: $one and $other would both become ${name%.*}$ending$clashes. \
Set $proposal in this step, or give them directories of their own"
}

# check_length FILE_NAME WHAT ADVICE
check_length() {
    ((${#1} <= 255)) || die "${step[title]}: $2 would have a name of ${#1} bytes; 255 are possible$3"
}

# sum_of_frames NUMBER...: a checksum of these frames' paths, sizes and times.
sum_of_frames() {
    local i
    REPLY=$(for i; do
        escape "${frame_path[i]}"
        printf '%s\t%s\n' "$REPLY" "${frame_input[i]}"
    done | cksum)
}

# ---- the plan ----

# Begins all lists of results.
clear_lists() {
    local prefix part
    for prefix in frame file picture plot; do
        for part in result input key verdict reason line rows stale; do
            declare -ga "${prefix}_$part=()"
        done
    done
}

# list_results DIR ARRAY: what lies in the directory: size, tab, time, by name, to that associative array.
list_results() {
    local -n found=$2
    local i files=("$1"/*) stats=()
    found=()
    ((${#files[@]})) || return 0
    mapfile -t stats < <(printf '%s\0' "${files[@]}" | xargs -0 stat --printf '%s\t%.9Y\n' --)
    ((${#stats[@]} == ${#files[@]})) || die "${step[title]}: what is in $1 changes while it is looked at"
    for i in "${!files[@]}"; do
        found[${files[i]##*/}]=${stats[i]}
    done
}

# read_journal FILE ARRAY: its lines to that associative array, by size and time of the result and its name.
read_journal() {
    local -n lines=$2
    local name key size time own_size own_time rows
    [[ -f $1 ]] || return 0
    # A line that is not whole, where the disk was full or the power failed, says nothing.
    while IFS=$'\t' read -r name key size time own_size own_time rows; do
        unescape "$name"
        [[ ! $own_time ]] || lines[$own_size$'\t'$own_time$'\t'$REPLY]=$name$'\t'$key$'\t'$size$'\t'$time$'\t'$own_size$'\t'$own_time${rows:+$'\t'$rows}
    done <"$1"
}

# plan PREFIX OTHER: sets the verdict and reason of each result of the list, and PREFIX_stale: by what lies in its
# directory and what the journals tell. OTHER is the reason of one of another key. A result that may not be overwritten
# ends the run: a file that is not stackjob's, or that another job makes otherwise. Reads option[force].
plan() {
    local -n result=$1_result input=$1_input key=$1_key verdict=$1_verdict reason=$1_reason line=$1_line stale=$1_stale
    local name own time i at stat directory journal others
    local -A there=() known=() found=() theirs=() whose=() planned=()
    where_of "$1"
    list_results "$directory" there
    verdict=() reason=() line=() stale=()
    find_others
    for at in "${others[@]}"; do
        found=()
        read_journal "$at/${journal##*/}" found
        for i in "${!found[@]}"; do
            theirs[$i]=${found[$i]}
            # Of several jobs one that is told otherwise counts.
            [[ ${whose[$i]-} ]] && is_told "$at" || whose[$i]=$at
        done
    done
    read_journal "$journal" known
    for i in "${!result[@]}"; do
        name=${result[i]}
        planned[$name]=yes
        stat=${there[$name]-}
        at=${whose[$stat$'\t'$name]-}
        own=${known[$stat$'\t'$name]-${theirs[$stat$'\t'$name]-}}
        [[ ! $own ]] || line[i]=$own
        verdict[i]="make"
        # In an empty file, as a power cut may leave it, there is nothing to lose.
        if [[ ! $stat || $stat == 0$'\t'* ]]; then
            reason[i]=new
        elif [[ ! $own ]]; then
            reason[i]="changed by hand or never its own"
            [[ ${option[force]-} ]] || verdict[i]=foreign
        elif [[ ${own#*$'\t'*$'\t'} != "${input[i]}"$'\t'* ]]; then
            reason[i]="its input has changed"
            time=${input[i]#*$'\t'} stat=${stat#*$'\t'}
            [[ $time != - ]] && ((10#${time/./} <= 10#${stat/./})) || reason[i]="older than its input"
        elif [[ ${own#*$'\t'} != "${key[i]}"$'\t'* ]]; then
            reason[i]=$2
        else
            verdict[i]="done" reason[i]=- at=''
        fi
        [[ ${reason[i]} == new || ! $at ]] || is_told "$at" ||
            refuse_another "$1" "$at" "made $directory/$name, otherwise than this job would"
        [[ ! ${option[force]-} || ! $own || ${reason[i]} == new ]] || verdict[i]="make" reason[i]="all is done again"
        [[ ! $stat || ${verdict[i]} == foreign || ! -d $directory/$name ]] ||
            die "${step[title]}: $directory/$name is a directory; a result is to have that name"
    done
    for name in "${!there[@]}"; do
        i=${there[$name]}$'\t'$name
        [[ ! ${planned[$name]-} && $i != 0$'\t'* ]] || continue
        if [[ ! ${whose[$i]-} ]]; then
            [[ ! ${known[$i]-} ]] || stale+=("$name")
        elif [[ $1 == frame || ($1 == picture && ${step[bunch]}) ]]; then
            refuse_another "$1" "${whose[$i]}" "made $directory/$name, which the next step would take for a frame of this job"
        fi
    done
    [[ " ${verdict[*]} " != *' foreign '* ]] || refuse_foreign "$directory" "$1"
}

# find_parting PREFIX: the keys that part the results of that list from those of others.
find_parting() {
    case $1:${step[bunch]-} in
    file:*) REPLY=file_name ;;
    picture:) REPLY="file_name or output_path" ;;
    plot:*) REPLY=plot_path ;;
    *) REPLY=output_path ;;
    esac
}

# refuse_another PREFIX STATE WHAT: of what the job that has that state did.
refuse_another() {
    local who
    job_of "$2"
    who=$REPLY
    find_parting "$1"
    die "${step[title]}: the job $who $3. Set $REPLY in this step, so that each has its own, or remove what that job made"
}

# refuse_foreign DIRECTORY PREFIX: reads verdict[] and result[] of plan.
refuse_foreign() {
    local i foreign=0
    for i in "${!result[@]}"; do
        [[ ${verdict[i]} != foreign ]] || ((++foreign > 5)) ||
            say "${step[title]}: $1/${result[i]} was changed after stackjob wrote it, or was never its own"
    done
    find_parting "$2"
    die "${step[title]}: $foreign of the files in $1 would be lost. \
Leave this step out with \"enabled = no\", set another $REPLY, or overwrite them with -f"
}

# key_of TEXT: the key of results that depend on that text.
key_of() {
    REPLY=$(printf '%s' "$1" | cksum)
    REPLY=k${REPLY/ /-}
}

# Plans the step's own results. Those of another key than that of step[key_text] are to be made again for what differs
# from the last time.
plan_results() {
    local other='other options'
    [[ ! -f ${step[state]}/key ]] || other=$(printf '%s' "${step[key_text]}" | awk '
        FILENAME == ARGV[1] { old[$0] = 1; next }
        !($0 in old) && !($1 in seen) { seen[$1] = 1; text = text (text == "" ? "other " : " and ") $1 }
        END { print text == "" ? "other options" : text }' "${step[state]}/key" -)
    plan "${step[list]}" "$other"
}

# version_line PROGRAM: what its results depend on.
version_line() {
    local -n version=version_of_$1
    [[ ${version-} ]] || version=$("$1" -version 2>/dev/null | sed -n '1s/^/version /p')
    REPLY=$version
}

# ---- the look ahead ----

forget_ahead() {
    ahead_files=() ahead_masks=() ahead_use=() ahead_plots=()
}

# An output directory is no input of this step or of one before, and no other step's output. From here on
# step[ahead] is set.
check_directories() {
    local input
    check_own "${step[states]%/*}"
    if [[ ${ahead_use[${step[output]}]-} == *[om]* ]]; then
        [[ ${step[list]} == file ]] && REPLY="another name" || REPLY="an output_path of its own"
        die "${step[title]}: another step writes to ${step[out]} already: give it $REPLY"
    fi
    for input in "${inputs[@]}"; do
        physical "$input"
        [[ ${ahead_use[$REPLY]-} != *m* ]] ||
            die "${step[title]}: the input path $input is where NoiseDetection writes its masks: they are no frames"
        ahead_use[$REPLY]+=i
    done
    [[ ${ahead_use[${step[output]}]-} != *i* ]] ||
        die "${step[title]}: the output directory ${step[out]} is also an input: frames that are read would be overwritten"
    ahead_use[${step[output]}]=${step[holds]}
    step[ahead]=yes
}

# No two steps plot to one file. Reads the list plot_.
check_plots() {
    local plot
    physical "${step[plots]}"
    for plot in "${plot_result[@]}"; do
        plot=$REPLY/$plot
        [[ ! ${ahead_plots[$plot]-} ]] || die "${step[title]}: another step plots to $plot already: give it a plot_path of its own"
        ahead_plots[$plot]=yes
    done
}

# What the output directory will hold once the step is done, for the steps after it. Reads the list frame_ or,
# for a step of KIND_list in step[list], that one.
cast_shadow() {
    local -n result=${step[list]}_result verdict=${step[list]}_verdict stale=${step[list]}_stale
    local -A there=() files=()
    local name names=() i
    list_results "${step[out]}" there
    for name in "${!there[@]}"; do
        files[$name]="done"
    done
    for name in "${stale[@]}"; do
        unset 'files[$name]'
    done
    for i in "${!result[@]}"; do
        files[${result[i]}]=${verdict[i]}
    done
    ahead_files[${step[output]}]=''
    ((${#files[@]} == 0)) || mapfile -d '' -t names < <(printf '%s\0' "${!files[@]}" | sort -z)
    for name in "${names[@]}"; do
        escape "$name"
        ahead_files[${step[output]}]+="${files[$name]} $REPLY"$'\n'
    done
}

# will_be_made FILE: whether an earlier step of this job is still to make that mask.
will_be_made() {
    [[ ${step[ahead]-} ]] || return
    physical "${1%"${1##*/}"}."
    [[ ${ahead_masks[$REPLY/${1##*/}]-} ]]
}

# ---- headers ----

# image_header FILE: width, height, depth, maxval of a PAM or PNM image, and the bytes of its header, or
# "plain". False where it is none.
image_header() {
    local line word bytes=0 magic='' need=3 numbers=() width=0 height=0 depth=1 maxval=1
    while IFS= read -r line; do
        bytes=$((bytes + ${#line} + 1))
        case $magic$line in
        P7) magic=P7 ;;
        P7ENDHDR*) break ;;
        P7WIDTH\ *) width=${line#* } ;;
        P7HEIGHT\ *) height=${line#* } ;;
        P7DEPTH\ *) depth=${line#* } ;;
        P7MAXVAL\ *) maxval=${line#* } ;;
        P7*) ;;
        P[1-6]*)
            [[ $magic ]] || magic=${line:0:2} line=${line:2}
            [[ $magic != P[14] ]] || need=2
            read -r -a word <<<"${line%%#*}"
            numbers+=("${word[@]}")
            ((${#numbers[@]} < need)) || break
            ;;
        *) return 1 ;;
        esac
    done <"$1"
    [[ $magic ]] || return
    if [[ $magic != P7 ]]; then
        width=${numbers[0]-} height=${numbers[1]-} maxval=${numbers[2]:-1}
        [[ $magic != P[14] ]] || maxval=1
        [[ $magic != P[36] ]] || depth=3
        [[ $magic != P[1-3] ]] || bytes=plain
    fi
    [[ $width$height$depth$maxval =~ ^[0-9]{1,40}$ ]] || return
    REPLY="$((10#$width)) $((10#$height)) $((10#$depth)) $((10#$maxval)) $bytes"
}
