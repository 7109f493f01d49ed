# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The steps FocusStack, all frames to one picture, and FocusStackBunch, each bunch of frames to one. Sourced by
# stackjob.
#
# The pictures are the list picture_. Of bunch N, from 0, bunch_first[N] and bunch_last[N] are the numbers of its
# frames, and bunch_results[N] is where its files are in the list: the picture, and the depth map with its table.

kind 'FocusStack NAME' StackJob input_path=paths input_filepaths=paths output_path=path working_path=path pattern=pattern \
    sharpness=sharpness depth_map=bool depth_smooth=radius choose=path output_format=format jpeg_quality=percent file_name=file metadata=bool \
    raw_options=raw enabled=bool
kind 'FocusStackBunch NAME' StackJob input_path=paths input_filepaths=paths output_path=path working_path=path pattern=pattern \
    frames=count overlap=whole sharpness=sharpness output_format=format jpeg_quality=percent file_name=file \
    metadata=bool raw_options=raw enabled=bool
words_of sharpness 4=4 6=6 8=8

declare -a bunch_first=() bunch_last=() bunch_results=()

# ---- the kinds ----

FocusStack_allowed() {
    picture_allowed "$1"
    ! is_set "$1" depth_smooth || [[ ${setting[$1.depth_map]-} == yes ]] ||
        wrong "depth_smooth has no effect without depth_map = yes"
}

picture_allowed() {
    format_allowed "$1"
    [[ ${block_name[${block_owner[$1]}]} != .* ]] || is_set "$1" file_name ||
        wrong "the picture would be called as the job, with a dot at the beginning: file_name is needed"
}

FocusStackBunch_allowed() {
    local frames overlap
    picture_allowed "$1"
    bunch_of "$1"
    read -r frames overlap <<<"$REPLY"
    ((overlap < frames)) || wrong "overlap = $overlap leaves no new frame in a bunch of $frames frames" "0 to $((frames - 1))"
}

# bunch_of BLOCK: frames and overlap.
bunch_of() {
    REPLY="${setting[$1.frames]-10} ${setting[$1.overlap]-2}"
}

FocusStack_load() {
    load_format "$1"
    step+=([holds]=o [list]=picture [bunch]='' [overlap]=0
        [file_name]=${setting[$1.file_name]-${job[name]}} [sharpness]=${setting[$1.sharpness]-6}
        [depth_map]=${setting[$1.depth_map]-no} [depth_smooth]=${setting[$1.depth_smooth]-} [choose]='')
    ! is_set "$1" choose || {
        working_path "$1"
        resolve "$REPLY" "${setting[$1.choose]}"
        step[choose]=$REPLY
    }
}

FocusStackBunch_load() {
    FocusStack_load "$1"
    bunch_of "$1"
    step+=([bunch]=${REPLY% *} [overlap]=${REPLY#* })
}

FocusStack_check() {
    command -v framefuse >/dev/null || die "${step[title]}: there is no program framefuse in this version"
    [[ ! ${step[choose]} ]] || check_choice
    plan_fusion
}

# A map that was painted must not be where the step writes its own, or removes it.
check_choice() {
    local own=${step[out]}/${step[file_name]}-depth.png
    [[ -f ${step[choose]} ]] || die "${step[title]}: the map of frames to choose, ${step[choose]}, is not there"
    [[ ! ${step[choose]} -ef $own ]] ||
        die "${step[title]}: choose = ${step[choose]} is where this step has its own depth map. Copy it, with the .tsv beside it, to another folder"
}

FocusStackBunch_check() {
    FocusStack_check
}

# ---- the plan ----

# Plans the pictures: sets the list picture_, the bunches and step[key_text]; false where there is nothing to plan yet.
plan_fusion() {
    local n i text numbers
    clear_plots
    list_frames '' || return
    list_bunches
    version_line framefuse
    text=$REPLY$'\n'"options output ${step[format]} ${step[quality]:--} metadata ${step[metadata]}"$'\n'
    text+="options sharpness ${step[sharpness]}"$'\n'
    [[ ! ${step[depth_smooth]} ]] || text+="options depth_smooth ${step[depth_smooth]}"$'\n'
    if [[ ${step[choose]} ]]; then
        for i in "${step[choose]}" "${step[choose]%.*}.tsv"; do
            [[ ! -f $i ]] || { file_key choose "$i" && text+=$REPLY$'\n'; }
        done
    fi
    raw_key
    text+=$REPLY
    sum_of_frames "${!frame_path[@]}"
    step[key_text]=$text"frames $REPLY"$'\n'
    for n in "${!bunch_first[@]}"; do
        frames_of_bunch "$n"
        sum_of_frames "${numbers[@]}"
        key_of "${text}bunch $REPLY"
        for i in ${bunch_results[n]}; do
            picture_key[i]=$REPLY picture_input[i]=$'0\t0'
        done
    done
    plan_results
}

# Divides the frames: sets the bunches and the names of their pictures. The last bunch of a stack may be shorter.
list_bunches() {
    local first n=0 count=${#frame_path[@]} name=${step[file_name]}
    picture_result=() picture_key=() picture_rows=() bunch_first=() bunch_last=() bunch_results=()
    if [[ ! ${step[bunch]} ]]; then
        bunch_first=(1) bunch_last=("$count") bunch_results=(0)
        picture_result=("$name${step[ending]}")
        [[ ${step[depth_map]} == no ]] ||
            { picture_result+=("$name-depth.png" "$name-depth.tsv") && bunch_results=("0 1 2"); }
        return
    fi
    for ((first = 1; first == 1 || first + step[overlap] <= count; first += step[bunch] - step[overlap])); do
        [[ ! ${watch[live]-} ]] || ((first + step[bunch] - 1 <= count)) || break
        bunch_first[n]=$first bunch_last[n]=$((first + step[bunch] - 1)) bunch_results[n]=$n
        ((bunch_last[n] <= count)) || bunch_last[n]=$count
        printf -v "picture_result[n]" '%s-%03d%s' "$name" $((n + 1)) "${step[ending]}"
        n=$((n + 1))
    done
}

# frames_of_bunch N: sets the caller's numbers[], those of its frames.
frames_of_bunch() {
    local i
    numbers=()
    for ((i = bunch_first[$1]; i <= bunch_last[$1]; i++)); do
        numbers+=("$i")
    done
}

# to_make N: whether a file of that bunch is to be made; then why.
to_make() {
    local i
    for i in ${bunch_results[$1]}; do
        REPLY=${picture_reason[i]}
        [[ ${picture_verdict[i]} != make ]] || return 0
    done
    return 1
}

# fusion_job N DIR: sets pieces[], the job that makes the picture of that bunch, with its other files, in DIR.
fusion_job() {
    local picture=$2/${picture_result[${bunch_results[$1]%% *}]} text=framefuse numbers middle
    add "-sharpness=${step[sharpness]}"
    case ${step[format]} in
    # pngtopam drops the opacity that a JPEG cannot hold.
    png | jpeg) add -png ;;
    pam) add "-name=${step[file_name]}" ;;
    esac
    # Pictures of bunches are frames again, and all frames have the same planes.
    [[ ! ${step[bunch]} || ${step[format]} == jpeg ]] || add -opacity
    [[ ${step[depth_map]} == no ]] || add "-depthmap=$2/${picture_result[1]}"
    [[ ! ${step[depth_smooth]} ]] || add "-depthsmooth=${step[depth_smooth]}"
    [[ ! ${step[choose]} ]] || add "-choose=${step[choose]}"
    frames_of_bunch "$1"
    feed_frames "$text" "${numbers[@]}"
    [[ ${step[format]} != jpeg ]] || pieces+=('| pngtopam -quiet')
    format_pieces ''
    add_target "$picture"
    middle=${frame_path[numbers[${#numbers[@]} / 2]]}
    if copies_metadata && holds_metadata "$middle"; then
        words copy-metadata "${step[format]}" "$middle" "$picture"
        pieces+=("$REPLY")
    fi
}

# ---- running ----

FocusStack_run() {
    local n made=0
    plan_fusion
    enter_run
    for n in "${!bunch_first[@]}"; do
        to_make "$n" && make_picture "$n" "$REPLY" && made=$((made + 1))
    done
    settle_results
    sum_up_fusion "$made"
}

FocusStackBunch_run() {
    FocusStack_run
}

# The bunches that are whole already of a stack that is being taken.
FocusStackBunch_live() {
    local n
    plan_fusion || return 0
    for n in "${!bunch_first[@]}"; do
        to_make "$n" || continue
        enter_run
        make_picture "$n" "$REPLY"
        leave_run
    done
}

# make_picture N WHY
make_picture() {
    local pieces line i status program results
    # shellcheck disable=SC2206
    results=(${bunch_results[$1]})
    i=${results[0]}
    say_step "${frame_name[bunch_first[$1]]} to ${frame_name[bunch_last[$1]]}, $((bunch_last[$1] - bunch_first[$1] + 1)) frames, to ${step[out]}/${picture_result[i]}: $2"
    fusion_job "$1" "${step[run]}"
    if ! run_job "fuse-$1" "${pieces[@]}"; then
        [[ ${option[keep_going]-} ]] || step_failed "$status" "$program" "${picture_result[i]}"
        say "${step[title]}: ${picture_result[i]}: $program failed (status $status)"
        failures+=1
        note_failed_result "${step[title]}: ${picture_result[i]} ($program)"
        # What was there before, under other options, is no result any more.
        for i in "${results[@]}"; do
            unset "picture_line[i]"
            [[ ${picture_reason[i]} == *"never its own"* ]] || rm -f -- "${step[out]}/${picture_result[i]}"
        done
        return 1
    fi
    for line in "${said[@]}"; do
        [[ $line =~ $warning_pattern ]] || continue
        escape "$line"
        picture_rows[i]+=$'\t'"warning $REPLY"
    done
    place_results picture "${step[run]}" "${results[@]}" || exit 1
}

# sum_up_fusion MADE
sum_up_fusion() {
    local text="${#frame_path[@]} frames in "
    if [[ ${step[bunch]} ]]; then
        note "$text${#bunch_first[@]} pictures, $1 made now" "${step[output]}"
    else
        (($1)) && text+="one picture" || text+="one picture, which is up to date"
        note "$text" "${step[output]}/${picture_result[0]}"
    fi
    note_warnings < <(row_warnings picture)
}
