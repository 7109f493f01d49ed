# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A step's frames, and the plan of its results. Sourced by stackjob.
#
# A list of results is some arrays with a prefix, all with the same indices: PREFIX_result[] (the file's name),
# _size[], _time[] (of its input; "-" where that is still to be made), _key[] (of what it depends on), and once
# planned _verdict[] (make, done or foreign), _reason[]; and PREFIX_stale[], the names of the step's own
# unchanged results that no longer belong to the list. The frames of a step are the list frame_, from 1 on, with
# frame_path[] and frame_name[] besides; step[reference] is the reference frame's number.
#
# What the steps of a job will make is known ahead, while step[ahead] is not empty, from
#
#   ahead_files[DIR]   of a step's output directory: lines of a verdict, a blank, an escaped name
#   ahead_masks[PATH]  masks that are still to be made
#   ahead_use[DIR]     letters: o an output that holds frames, m one that holds masks, i an input
#   ahead_plots[PATH]

declare -A ahead_files=() ahead_masks=() ahead_use=() ahead_plots=()
declare -a inputs=() frame_path=() frame_name=() frame_result=() frame_size=() frame_time=() frame_key=() \
    frame_verdict=() frame_reason=() frame_stale=()

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

# way_of_all [NUMBER...]: of these frames, else of all: native, or the way in of one that is not.
way_of_all() {
    local i
    (($#)) || set -- "${!frame_path[@]}"
    for i; do
        way_in "${frame_path[i]}"
        [[ $REPLY == native ]] || return 0
    done
}

# list_frames ENDING: sets frame_path, frame_name, frame_result, frame_size, frame_time and step[reference]; false where
# frames are still to come, and there is none yet, or not the reference.
# Reads the step with its inputs: step[max_frames] (0: all), [resample], [reverse], [ref_idx], [histogram] (how
# the longest name of a frame's histograms begins). Refuses results that clash, and names that are too long.
list_frames() {
    local ending=$1 directory i k=0 count path name path_size path_time paths=() sizes=() times=() chosen=()
    ((${#inputs[@]})) || die "${step[title]}: there is no input_path, in this step, in the job or in a step before it"
    for directory in "${inputs[@]}"; do
        list_directory "$directory"
    done
    [[ ! ${step[files]} ]] || choose_files
    stat_inputs
    [[ ! ${watch[live]-} ]] || keep_complete
    for ((i = 0; i < ${#paths[@]}; i += step[resample])); do
        ((step[max_frames] == 0 || ${#chosen[@]} < step[max_frames])) || break
        chosen+=("$i")
    done
    count=${#chosen[@]}
    [[ ! ${watch[live]-} ]] || ((count > ${step[ref_idx]:-0})) || return
    ((count)) || [[ ${step[pattern]} == '*' ]] ||
        die "${step[title]}: no frame in ${inputs[0]} has a name that matches ${step[pattern]}"
    ((count)) || die "${step[title]}: there are no frames in ${inputs[0]}"
    check_names
    step[reference]=$((${step[ref_idx]:-count / 2} + 1))
    ((step[reference] <= count)) || die "${step[title]}: ref_idx = ${step[ref_idx]}, but there are $count frames: 0 to $((count - 1))"
    frame_path=() frame_name=() frame_result=() frame_size=() frame_time=()
    for ((i = 1; i <= count; i++)); do
        k=${chosen[i - 1]}
        [[ ${step[reverse]} == no ]] || k=${chosen[count - i]}
        path=${paths[k]}
        name=${path##*/}
        name=${name%.*}
        frame_path[i]=$path frame_name[i]=$name frame_result[i]=$name$ending
        frame_size[i]=${sizes[k]} frame_time[i]=${times[k]}
    done
}

# list_directory DIR: appends its frames to paths[] of list_frames, in order, with "-" in sizes[] and times[]
# where an earlier step of this job is still to make the file.
list_directory() {
    local directory=$1 file files ahead=''
    local -A unmade=()
    physical "$directory"
    if [[ ${step[ahead]-} && ${ahead_files[$REPLY]+set} ]]; then
        files=()
        while IFS=' ' read -r ahead file; do
            [[ $file ]] || continue
            unescape "$file"
            files+=("$directory/$REPLY")
            [[ $ahead != make ]] || unmade[$directory/$REPLY]=yes
        done <<<"${ahead_files[$REPLY]}"
        ahead=yes
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
            paths+=("$file") sizes[${#paths[@]} - 1]=- times[${#paths[@]} - 1]=-
            continue
        fi
        [[ ! -d $file ]] || continue
        [[ -f $file ]] || die "${step[title]}: $file is no file, or a link that leads nowhere"
        paths+=("$file")
    done
}

# Leaves of paths[], sizes[] and times[] of list_frames those of step[files], in their order.
choose_files() {
    local i file found=("${paths[@]}") ahead=("${!sizes[@]}")
    local -A at=() unmade=()
    for i in "${!found[@]}"; do
        at[${found[i]}]=$i
    done
    for i in "${ahead[@]}"; do
        unmade[${found[i]}]=yes
    done
    paths=() sizes=() times=()
    while IFS= read -r file; do
        [[ $file ]] || continue
        [[ ${at[$file]-} ]] || die "${step[title]}: input_filepaths: $file is not there, is no frame, or does not match the pattern"
        [[ ! ${unmade[$file]-} ]] || { sizes[${#paths[@]}]=- && times[${#paths[@]}]=-; }
        paths+=("$file")
    done <<<"${step[files]}"
}

# The sizes[] and times[] of those of list_frames' paths[] that have none yet.
stat_inputs() {
    local i existing=() stats=()
    for i in "${!paths[@]}"; do
        [[ ${sizes[i]+set} ]] || existing+=("$i")
    done
    ((${#existing[@]})) || return 0
    mapfile -t stats < <(for i in "${existing[@]}"; do printf '%s\0' "${paths[i]}"; done |
        xargs -0 stat -L --printf '%s\t%.9Y\n' --)
    ((${#stats[@]} == ${#existing[@]})) || die "${step[title]}: frames went while they were looked at"
    for i in "${!existing[@]}"; do
        sizes[existing[i]]=${stats[i]%$'\t'*} times[existing[i]]=${stats[i]#*$'\t'}
    done
}

# Of the frames of list_frames. As a rule all are there twice, as raw file and as JPEG: told once.
check_names() {
    local i path result clashes=0 one='' other='' proposal
    local -A taken=()
    for i in "${chosen[@]}"; do
        path=${paths[i]}
        result=${path##*/}
        result=${result%.*}
        [[ ! ${step[histogram]-} ]] || check_length "${step[histogram]}$result.pdf" "the histograms of $path" \
            ": plot_histograms = no, or shorter names"
        result+=$ending
        check_length "$result" "the result of $path" ''
        if [[ $ending && ${taken[$result]-} ]]; then
            ((clashes++)) || one=${taken[$result]} other=$path
        fi
        taken[$result]=$path
    done
    ((clashes)) || return 0
    result=${other##*/}
    if [[ ${one##*.} == "${other##*.}" ]]; then
        proposal="a pattern that only one of them matches"
    else
        proposal="\"pattern = *.${one##*.}\" or \"pattern = *.${other##*.}\""
    fi
    ((clashes == 1)) && clashes='' || clashes=", and $((clashes - 1)) more such pairs"
    die "${step[title]}: $one and $other would both become ${result%.*}$ending$clashes. \
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
        printf '%s\t%s\t%s\n' "$REPLY" "${frame_size[i]}" "${frame_time[i]}"
    done | cksum)
}

# ---- the plan ----

# Empties all lists of results.
clear_lists() {
    local prefix part
    for prefix in frame file picture plot; do
        for part in result size time key verdict reason stale rows; do
            local -n list=${prefix}_$part
            list=()
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

# plan PREFIX DIR JOURNAL OTHER: sets the verdict and reason of each result of the list, and PREFIX_stale: by
# what lies in the directory and what the step's journal tells. OTHER is the reason of one of another key.
# A result that may not be overwritten ends the run. Reads option[force].
plan() {
    local -n result=$1_result size=$1_size time=$1_time key=$1_key verdict=$1_verdict reason=$1_reason stale=$1_stale
    local name old_key input own i stat directory=$2 journal=$3 other=$4
    local -A there=() known=() planned=()
    list_results "$directory" there
    verdict=() reason=() stale=()
    if [[ -f ${step[state]}/$journal ]]; then
        # A line that is not whole, where the disk was full or the power failed, says nothing.
        while IFS=$'\t' read -r name old_key input stat own i _; do
            unescape "$name"
            [[ ! $i ]] || known[$own$'\t'$i$'\t'$REPLY]=$old_key$'\t'$input$'\t'$stat
        done <"${step[state]}/$journal"
    fi
    for i in "${!result[@]}"; do
        name=${result[i]}
        planned[$name]=yes
        stat=${there[$name]-}
        own=${known[$stat$'\t'$name]-}
        verdict[i]="make"
        # In an empty file, as a power cut may leave it, there is nothing to lose.
        if [[ ! $stat || $stat == 0$'\t'* ]]; then
            reason[i]=new
        elif [[ ! $own ]]; then
            reason[i]="changed by hand or never its own"
            [[ ${option[force]-} ]] || verdict[i]=foreign
        elif [[ ${option[force]-} ]]; then
            reason[i]="all is done again"
        elif [[ ${own#*$'\t'} != "${size[i]}"$'\t'"${time[i]}" ]]; then
            reason[i]="its input has changed"
            stat=${stat#*$'\t'} input=${time[i]}
            [[ ${size[i]} != - ]] && ((10#${input/./} <= 10#${stat/./})) || reason[i]="older than its input"
        elif [[ ${own%%$'\t'*} != "${key[i]}" ]]; then
            reason[i]=$other
        else
            verdict[i]="done" reason[i]=-
        fi
    done
    for name in "${!there[@]}"; do
        [[ ${planned[$name]-} || ! ${known[${there[$name]}$'\t'$name]-} || ${there[$name]} == 0$'\t'* ]] || stale+=("$name")
    done
    refuse_foreign "$directory"
}

# Reads verdict[] and result[] of plan.
refuse_foreign() {
    local i foreign=0
    for i in "${!result[@]}"; do
        if [[ ${verdict[i]} == foreign ]]; then
            ((++foreign > 5)) ||
                say "${step[title]}: $1/${result[i]} was changed after stackjob wrote it, or was never its own"
        elif [[ -d $1/${result[i]} ]]; then
            die "${step[title]}: $1/${result[i]} is a directory; a result is to have that name"
        fi
    done
    ((foreign == 0)) || die "${step[title]}: $foreign of the files in $1 would be lost. \
Leave this step out with \"enabled = no\", or overwrite them with -f"
}

# key_of TEXT: the key of results that depend on that text.
key_of() {
    REPLY=$(printf '%s' "$1" | cksum)
    REPLY=k${REPLY/ /-}
}

# plan_results PREFIX TEXT: plans results in the step's output directory, which all depend on that text.
plan_results() {
    local -n all=$1_result keys=$1_key
    local i
    key_of "$2"
    keys=()
    for i in "${!all[@]}"; do
        keys[i]=$REPLY
    done
    why_other "$2"
    plan "$1" "${step[out]}" journal "$REPLY"
}

# why_other TEXT: why a result of another key than the TEXT's is to be made again: what differs from the last
# time.
why_other() {
    REPLY='other options'
    [[ ! -f ${step[state]}/key ]] || REPLY=$(printf '%s' "$1" | awk '
        FILENAME == ARGV[1] { old[$0] = 1; next }
        !($0 in old) && !($1 in seen) { seen[$1] = 1; text = text (text == "" ? "other " : " and ") $1 }
        END { print text == "" ? "other options" : text }' "${step[state]}/key" -)
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
    [[ ${ahead_use[${step[output]}]-} != *[om]* ]] ||
        die "${step[title]}: another step writes to ${step[out]} already: give it an output_path of its own"
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
    local line word bytes=0 magic='' need numbers=() width=0 height=0 depth=1 maxval=1
    while IFS= read -r line; do
        bytes=$((bytes + ${#line} + 1))
        if [[ ! $magic ]]; then
            [[ $line == P[1-7]* ]] || return
            magic=${line:0:2}
            line=${line:2}
            [[ $magic == P[14] ]] && need=2 || need=3
        fi
        if [[ $magic == P7 ]]; then
            case $line in
            ENDHDR*) break ;;
            WIDTH\ *) width=${line#* } ;;
            HEIGHT\ *) height=${line#* } ;;
            DEPTH\ *) depth=${line#* } ;;
            MAXVAL\ *) maxval=${line#* } ;;
            esac
            continue
        fi
        read -r -a word <<<"${line%%#*}"
        numbers+=("${word[@]}")
        ((${#numbers[@]} < need)) || break
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
