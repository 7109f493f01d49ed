# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The step Actions: the frames through pipelines of its sub-actions, a run of frames at a time. Sourced by
# stackjob.
#
# A sub-action that needs a reference has it from the reference frame, taken through the sub-actions before it:
# reference-K/NAME.pam for the K-th, made from that of an earlier one, where there is one (see same_reference). An
# AlignFrames with step_process or crop comes in two passes: its transforms are estimated for all frames
# (align-K.tsv), and then applied in the pipeline. Where the first pass has all frames as they come to the K-th
# sub-action, in middle-K/NAME.pam, the pipelines after it begin there: step[begun] is K, else 1, and step[made] is
# that directory, else nothing.
#
# The sub-actions are numbered from 1 to step[stages]: stage_program[], and what there is to know of each:
# stage_refers[] (it needs a reference), stage_passes[] (it comes in two passes), stage_crops[],
# stage_channel[], stage_histograms[], stage_summary[] (yes, or nothing), stage_mask[], stage_raw[] (a raw converter
# may repair the pixels of the mask). What they are told is the lines line_stage[], line_word[], line_value[], each a
# word (option; mask or apply and a path; grow by format; together, direct or crop yes) and what goes with it.
#
# left_out[NUMBER] is set for the frames that failed, which go no further.

kind 'Actions NAME' StackJob input_path=paths input_filepaths=paths step_process=bool output_path=path working_path=path plot_path=path \
    pattern=pattern resample=count reverse_order=bool ref_idx=whole output_format=format \
    jpeg_quality=percent metadata=bool raw_options=raw enabled=bool
kind MaskNoise Actions noise_mask=path kernel_size=kernel method=method grow=grow max_pixels=whole \
    raw_domain=bool enabled=bool
kind AlignFrames Actions transform=transform step_process=bool abort_abnormal=bool crop=bool border_mode=border border_value=samples \
    border_blur=sigma apply=path plot_summary=bool enabled=bool
kind BalanceFrames Actions channel=channel corr_map=curve mask_size=positive intensity_interval=interval \
    plot_histograms=bool plot_summary=bool enabled=bool

words_of format png=png pam=pam tiff=tiff tif=tiff jpeg=jpeg jpg=jpeg
words_of method membrane=membrane INTERPOLATE_MEAN=mean INTERPOLATE_MEDIAN=median nearest=nearest mean=mean median=median
words_of transform auto=auto ALIGN_RIGID=similarity ALIGN_HOMOGRAPHY=homography shift=shift \
    similarity=similarity affine=affine homography=homography
words_of border BORDER_REPLICATE_BLUR=blur BORDER_REPLICATE=replicate BORDER_CONSTANT=constant \
    blur=blur replicate=replicate constant=constant transparent=transparent
words_of channel LUMI=lumi RGB=rgb HSV=hsv HLS=hls
words_of curve LINEAR=linear GAMMA=gamma MATCH_HIST=match match=match

declare -A kind_of=([noisemask]=MaskNoise [framealign]=AlignFrames [framebalance]=BalanceFrames)
declare -a stage_program=() stage_refers=() stage_passes=() stage_crops=() stage_channel=() stage_histograms=() \
    stage_summary=() stage_mask=() stage_raw=() stage_runs=() line_stage=() line_word=() line_value=() left_out=() pieces=() decoder=()

# ---- the kinds ----

Actions_allowed() {
    format_allowed "$1"
}

Actions_load() {
    local b=$1 s
    load_format "$b"
    step+=([holds]=o [list]=frame [resample]=${setting[$b.resample]-1}
        [reverse]=${setting[$b.reverse_order]-no} [ref_idx]=${setting[$b.ref_idx]-} [stages]=0 [begun]=1 [made]='' [lenient]='' [opaque]='' [phases]=1 [phase]='' [transfer]=${option[transfer]-})
    stage_program=() stage_refers=() stage_passes=() stage_crops=() stage_channel=()
    stage_histograms=() stage_summary=() stage_mask=() stage_raw=() stage_runs=() line_stage=() line_word=() line_value=()
    for s in "${!block_kind[@]}"; do
        if [[ ${block_owner[s]} == "$b" ]] && is_enabled "$s"; then
            step[stages]=$((step[stages] + 1))
            "${block_kind[s]}_lines" "$s" "${step[stages]}"
            [[ ! ${stage_passes[step[stages]]-} ]] || step[phases]=$((step[phases] + 1))
        fi
    done
}

# begin_stage PROGRAM REFERS: begins the last sub-action; what follows adds to it.
begin_stage() {
    stage_program[step[stages]]=$1 stage_refers[step[stages]]=$2
    add_line stage "$1"
}

add_line() {
    line_stage+=("${step[stages]}") line_word+=("$1") line_value+=("$2")
}

# add_options BLOCK KEY=OPTION...: of the program, for the keys that are set.
add_options() {
    local pair
    for pair in "${@:2}"; do
        ! is_set "$1" "${pair%=*}" || add_line option "${pair#*=}=${setting[$1.${pair%=*}]}"
    done
}

# add_path WORD BLOCK KEY: the path, which is relative to the step's working path; answers it.
add_path() {
    working_path "${step[block]}"
    resolve "$REPLY" "${setting[$2.$3]}"
    add_line "$1" "$REPLY"
}

MaskNoise_allowed() {
    [[ ${setting[$1.method]-} == mean || ${setting[$1.method]-} == median ]] || ! is_set "$1" kernel_size ||
        wrong "kernel_size has no effect without method = INTERPOLATE_MEAN or INTERPOLATE_MEDIAN"
}

MaskNoise_lines() {
    local b=$1 k=$2
    begin_stage noisemask ''
    last_before "${step[block]}" NoiseDetection
    if is_set "$b" noise_mask; then
        add_path mask "$b" noise_mask
    else
        add_default_mask "$REPLY"
    fi
    stage_mask[k]=$REPLY
    add_options "$b" kernel_size=-kernel method=-method grow=-grow max_pixels=-maxpixels
    is_set "$b" grow || add_line grow "by format"
    [[ ${setting[$b.raw_domain]-yes} == no ]] || stage_raw[k]=yes
}

# add_default_mask BLOCK: that of this NoiseDetection, or where one would be; answers it.
add_default_mask() {
    local b=${1:-${step[block]}} name=noise-map
    [[ ! $1 ]] || name=${block_name[b]}
    working_path "$b"
    resolve "$REPLY" "$name/${setting[$b.file_name]-hot}-rgb.png"
    add_line mask "$REPLY"
}

# border_of BLOCK: what an AlignFrames puts outside of a frame. With crop nothing is outside, and only what is
# asked for counts.
border_of() {
    REPLY=transparent
    [[ ${setting[${block_owner[$1]}.output_format]-png} != jpeg ]] || REPLY=blur
    ! is_yes "$1" crop || REPLY=''
    REPLY=${setting[$1.border_mode]-$REPLY}
}

AlignFrames_allowed() {
    local border
    border_of "$1"
    border=$REPLY
    [[ $border == constant ]] || ! is_set "$1" border_value ||
        wrong "border_value has no effect without border_mode = BORDER_CONSTANT"
    [[ $border == blur ]] || ! is_set "$1" border_blur ||
        wrong "border_blur has no effect without border_mode = BORDER_REPLICATE_BLUR"
    if is_set "$1" apply; then
        ! is_set "$1" step_process || wrong "step_process has no effect beside apply"
        ! is_set "$1" transform || wrong "transform has no effect beside apply"
    fi
    if is_yes "$1" crop && [[ $border && $border != transparent ]]; then
        wrong "border_mode has no effect with crop = yes, which leaves no border"
    fi
    if [[ $border == transparent && ${setting[${block_owner[$1]}.output_format]-png} == jpeg ]]; then
        wrong "border_mode = transparent needs an output_format other than jpeg"
    fi
}

AlignFrames_lines() {
    local b=$1 k=$2
    begin_stage framealign yes
    add_options "$b" transform=-model
    if is_set "$b" apply; then
        add_path apply "$b" apply
        stage_refers[k]=''
    elif [[ ${setting[$b.step_process]-${setting[${step[block]}.step_process]-yes}} == yes ]]; then
        add_line together yes
        stage_passes[k]=yes
    else
        add_line direct yes
    fi
    if is_yes "$b" crop; then
        add_line crop yes
        stage_crops[k]=yes
        [[ ! ${stage_refers[k]} ]] || stage_passes[k]=yes
    fi
    [[ ${setting[$b.abort_abnormal]-yes} == yes ]] || step[lenient]=yes
    border_of "$b"
    if [[ $REPLY == blur ]] && ! is_set "$b" border_mode; then
        add_line option -border=blur
        step[opaque]=yes
    fi
    add_options "$b" border_mode=-border border_value=-bordervalue border_blur=-borderblur
    ! is_yes "$b" plot_summary || [[ ! ${stage_refers[k]} ]] || stage_summary[k]=yes
}

BalanceFrames_allowed() {
    [[ ${setting[$1.corr_map]-linear} != match ]] || ! is_set "$1" intensity_interval ||
        wrong "intensity_interval has no effect with corr_map = MATCH_HIST"
}

BalanceFrames_lines() {
    local b=$1 k=$2
    begin_stage framebalance yes
    stage_channel[k]=${setting[$b.channel]-lumi}
    add_options "$b" channel=-channel corr_map=-curve mask_size=-masksize intensity_interval=-interval
    ! is_yes "$b" plot_histograms || stage_histograms[k]=yes
    ! is_yes "$b" plot_summary || stage_summary[k]=yes
}

# suffix_of K: what tells the files of the K-th sub-action from those of others of its program in the step:
# nothing for the first, else -2, -3 ...
suffix_of() {
    local k seen=0
    for ((k = 1; k <= $1; k++)); do
        [[ ${stage_program[k]} != "${stage_program[$1]}" ]] || seen=$((seen + 1))
    done
    REPLY=''
    ((seen == 1)) || REPLY=-$seen
}

# ---- the plan ----

Actions_check() {
    plan_actions
    check_images
}

# Plans the frames and the plots: sets the lists frame_ and plot_, step[key_text, to_make, unchanged]; false where there is
# nothing to plan yet.
plan_actions() {
    local k i
    left_out=() reason_of=() frame_rows=()
    step[histogram]=''
    for k in "${!stage_histograms[@]}"; do
        suffix_of "$k"
        step[histogram]=${step[name]}-hist$REPLY-
    done
    check_parts
    list_frames "${step[ending]}" || return
    plan_sensor
    actions_key
    key_of "${step[key_text]}"
    frame_key=()
    for i in "${!frame_path[@]}"; do
        frame_key[i]=$REPLY
    done
    plan_results
    clear_plots
    for k in "${!stage_histograms[@]}"; do
        suffix_of "$k"
        for i in "${!frame_name[@]}"; do
            add_plot "${step[name]}-hist$REPLY-${frame_name[i]}.pdf" "${frame_input[i]}" "${frame_key[i]}" "$k" "$i"
        done
    done
    for k in "${!stage_summary[@]}"; do
        summary_name "$k"
        add_plot "$REPLY" $'0\t0' - "$k"
    done
    plan_plots
    # A frame whose histograms are not there is made again, for they show what it is made from.
    for k in "${!plot_frame[@]}"; do
        i=${plot_frame[k]}
        if [[ ${plot_verdict[k]} == make && ${frame_verdict[i]} == "done" ]]; then
            frame_verdict[i]=make frame_reason[i]="its histograms: ${plot_reason[k]}"
        fi
    done
    step+=([to_make]=0 [unchanged]=0)
    for i in "${frame_verdict[@]}"; do
        [[ $i == make ]] && step[to_make]=$((step[to_make] + 1)) || step[unchanged]=$((step[unchanged] + 1))
    done
}

# Whether the pixels of the first sub-action's mask are repaired in raw files: sets step[bad_pixels], that mask or
# nothing. Then the pipelines begin behind it.
plan_sensor() {
    step+=([bad_pixels]='' [begun]=1)
    [[ ${stage_raw[1]-} ]] || return 0
    look_at_sensor
    [[ ${step[cfa]} ]] || return 0
    check_sensor_mask "${stage_mask[1]}"
    step+=([bad_pixels]=${stage_mask[1]} [begun]=2)
}

# Refuses what is not there; notes what other machines need.
check_parts() {
    local i
    for i in "${stage_program[@]}"; do
        command -v "$i" >/dev/null || die "${step[title]}: ${kind_of[$i]} is not in this version: there is no program $i"
    done
    for i in "${!line_word[@]}"; do
        case ${line_word[i]} in
        apply)
            [[ -f ${line_value[i]} ]] || die "${step[title]}: the table of transforms ${line_value[i]} is not there"
            ;;
        mask)
            [[ -f ${line_value[i]} ]] || will_be_made "${line_value[i]}" ||
                die "${step[title]}: the mask ${line_value[i]} is not there. Put a NoiseDetection before, or set noise_mask"
            ;;
        esac
    done
    ((${#stage_histograms[@]} + ${#stage_summary[@]} == 0)) || can_plot || stage_histograms=() stage_summary=()
    ((${#stage_histograms[@]} == 0)) || engine[needed]+=' gnuplot'
    [[ ! ${option[logins]-} ]] || ! copies_metadata || engine[needed]+=' exiftool'
}

# What the results depend on, besides their frames: sets step[key_text]. The first word of a line says what a
# change of it is called.
actions_key() {
    local text='' program i
    local -A seen=()
    for program in "${stage_program[@]}"; do
        [[ ! ${seen[$program]-} ]] || continue
        seen[$program]=yes
        version_line "$program"
        text+=$REPLY$'\n'
    done
    text+="options output ${step[format]} ${step[quality]:--} metadata ${step[metadata]}"$'\n'
    raw_key
    text+=$REPLY
    for i in "${!line_word[@]}"; do
        case "${line_word[i]} ${line_value[i]}" in
        'mask '* | 'apply '*)
            file_key "${line_word[i]}" "${line_value[i]}"
            text+=$REPLY$'\n'
            ;;
        # A mask is looked at in every run, whatever there is to do.
        'option -maxpixels='*) ;;
        *) text+="options ${line_word[i]} ${line_value[i]}"$'\n' ;;
        esac
    done
    [[ ! ${step[bad_pixels]} ]] || text+="raw_domain ${step[cfa]}"$'\n'
    if [[ ${stage_refers[*]} == *yes* ]]; then
        i=${step[reference]}
        escape "${frame_path[i]}"
        text+="reference $REPLY"$'\t'"${frame_input[i]}"$'\n'
    fi
    if ((${#stage_passes[@]})); then
        sum_of_frames "${!frame_path[@]}"
        text+="frames $REPLY"$'\n'
    fi
    step[key_text]=$text
}

raw_key() {
    REPLY=''
    [[ ${step[like]} ]] || return 0
    escape "${step[like]}"
    REPLY="raw_options ${step[raw_options]}"$'\n'"white_balance $REPLY"$'\t'"${step[like_input]}"$'\n'
}

# file_key WORD FILE: by its content, where that is known: a mask that comes out the same redoes nothing.
file_key() {
    local path
    escape "$2"
    path=$REPLY
    if will_be_made "$2"; then
        REPLY="$1 $path new"
    else
        REPLY="$1 $path $(cksum <"$2")"
    fi
}

# A frame's file holds one image: of several a pipeline would make one result file with several.
check_images() {
    local i
    for i in "${!frame_path[@]}"; do
        [[ ${frame_verdict[i]} == make && ${frame_input[i]} != -* ]] || continue
        case ${frame_path[i]} in
        *.[tT][iI][fF] | *.[tT][iI][fF][fF]) check_tiff "${frame_path[i]}" ;;
        *.[pP][aA][mM] | *.[pP][nNpPgG][mM]) check_raster "${frame_path[i]}" "${frame_input[i]%$'\t'*}" ;;
        esac
    done
}

# Whether the first directory of a TIFF names a second.
check_tiff() {
    local file=$1 order=big at
    [[ $(od -An -c -N 2 -- "$1") != *I* ]] || order=little
    tiff_number 2 2
    if ((REPLY == 43)); then
        tiff_number 8 8
        at=$REPLY
        tiff_number 8 "$at"
        tiff_number 8 $((at + 8 + 20 * REPLY))
    else
        tiff_number 4 4
        at=$REPLY
        tiff_number 2 "$at"
        tiff_number 4 $((at + 2 + 12 * REPLY))
    fi
    ((REPLY == 0)) || die "${step[title]}: $1 has several pages; give each a file of its own (tiffsplit)"
}

# tiff_number BYTES OFFSET: of check_tiff's file, in its byte order; 0 where the file ends before.
tiff_number() {
    REPLY=$(od -An -v "-tu$1" -j "$2" -N "$1" --endian="$order" -- "$file" 2>/dev/null)
    REPLY=$((${REPLY:-0}))
}

# check_raster FILE SIZE: whether there is more in a PAM or raw PNM than one raster.
check_raster() {
    local width height depth maxval bytes
    image_header "$1" && read -r width height depth maxval bytes <<<"$REPLY" || return 0
    [[ $bytes != plain ]] || return 0
    (($2 <= bytes + width * height * depth * (maxval > 255 ? 2 : 1))) ||
        die "${step[title]}: $1 holds more than one image; give each a file of its own (pamsplit)"
}

# ---- what comes before the frames ----

# prepare: the reference frame before each sub-action that needs it, and the transforms of each that
# comes in two passes.
prepare() {
    local k last=''
    for k in "${!stage_program[@]}"; do
        [[ ${stage_refers[k]} ]] || continue
        if [[ ${stage_passes[k]-} ]]; then
            prepare_transforms "$k"
        else
            prepare_reference "$k"
        fi
    done
}

# A mask that marks too many pixels would stop every frame: it is asked once, before.
check_masks() {
    local i k mask limit words=${step[run]}/words
    for k in "${!stage_mask[@]}"; do
        mask=${stage_mask[k]} limit=()
        for i in "${!line_word[@]}"; do
            [[ ${line_stage[i]} != "$k" || ${line_value[i]} != -maxpixels=* ]] || limit=("${line_value[i]}")
        done
        noisemask "-mask=$mask" "${limit[@]}" </dev/null >/dev/null 2>"$words"
        (($? == 2)) || continue
        in_words_of_job "$words" | tee -a -- "${job[log]}" >&2
        say "${step[title]}: stopped: the mask $mask marks too many pixels"
        exit 2
    done
}

# What is told in the job file, and has no effect on the mosaic.
say_unheard() {
    local i
    [[ ${step[bad_pixels]} ]] || return 0
    for i in "${!line_word[@]}"; do
        case "${line_stage[i]} ${line_value[i]}" in
        '1 -method='* | '1 -kernel='*)
            say_step "the pixels of MaskNoise are repaired in the mosaic of raw files, where method and kernel_size have no effect; they have with raw_domain = no"
            return
            ;;
        esac
    done
}

make_directory() {
    if [[ ${option[preview]-} ]]; then
        show_command mkdir -p "$1"
    else
        mkdir -p -- "$1" || exit 1
    fi
}

# prepare_reference K: from the one before, which is prepare's last.
prepare_reference() {
    local begun=${step[begun]} made=${step[made]} k
    same_reference "$1"
    k=$REPLY
    [[ $k != "$last" ]] || return 0
    make_directory "${step[run]}/reference-$k"
    [[ ! $last ]] || step+=([begun]=$last [made]=${step[run]}/reference-$last)
    compose reference $((k - 1)) "reference-$k" "${step[reference]}"
    step+=([begun]=$begun [made]=$made)
    last=$k
    perform "reference-$k" "${frame_name[step[reference]]}, the reference, as ${kind_of[${stage_program[$1]}]} needs it" "${pieces[@]}"
}

# same_reference K: the sub-action that has the same reference frame as the K-th: K itself, or an AlignFrames before a
# BalanceFrames. It moves no reference onto itself, and opacity makes no difference to light.
same_reference() {
    local before=$(($1 - 1))
    REPLY=$1
    [[ ${stage_program[$1]} != framebalance || ${stage_program[before]-} != framealign || ! ${stage_refers[before]} ||
        ${stage_crops[before]-} ]] || REPLY=$before
}

# prepare_transforms K: the transforms of all frames to the file align-K.tsv; those of the last run, where they
# still hold. align-K.said has what framealign said of them.
prepare_transforms() {
    local k=$1 table=${step[run]}/align-$1 incomplete=''
    if transforms_hold "$k"; then
        say_phase "registering frames" ", as in the last run"
        cp -- "${step[state]}/align-$k.tsv" "${step[state]}/align-$k.said" "${step[run]}/" || exit 1
        # The reasons; they are told again with the frames.
        grep ' refused: ' "$table.said" | tee -a -- "${job[log]}" >&2
    else
        say_phase "registering frames"
        estimate "$k"
        [[ ${option[preview]-} ]] || keep_estimate "$k"
    fi
    [[ ${option[preview]-} ]] || leave_out_refused "$k"
}

# transforms_hold K: whether those of the last run do.
transforms_hold() {
    [[ ! ${option[force]-}${option[preview]-} && -f ${step[state]}/align-$1.tsv && -f ${step[state]}/align-$1.said ]] || return
    transforms_key "$1"
    printf '%s' "$REPLY" | cmp -s - "${step[state]}/align-$1.key"
}

# keep_estimate K: for the next run: the table, and its key, where no frame is missing in it that might be
# there then. Reads incomplete of prepare_transforms.
keep_estimate() {
    local kept
    rm -f -- "${step[state]}/align-$1.key"
    transforms_key "$1"
    printf '%s' "$REPLY" >"${step[run]}/align-$1.key" || exit 1
    for kept in tsv said key; do
        [[ $kept$incomplete == keyyes ]] || { cp -- "${step[run]}/align-$1.$kept" "${step[run]}/keep" && keep keep "align-$1.$kept"; } || exit 1
    done
}

# transforms_key K: what they depend on: the pipeline, the reference and all frames.
transforms_key() {
    local i text='' line
    for i in "${!line_word[@]}"; do
        ((line_stage[i] <= $1)) || break
        case "${line_word[i]} ${line_value[i]}" in
        'option -border'* | 'option -maxpixels='*) ;;
        *)
            escape "${line_value[i]}"
            text+="${line_word[i]} $REPLY"$'\n'
            ;;
        esac
    done
    while IFS= read -r line; do
        [[ ! $line || $line == options* ]] || text+=$line$'\n'
    done <<<"${step[key_text]}"
    REPLY=$text
}

# estimate K: all frames in one run, which compares neighbours with each other where it is to: as files that are
# there, or made.
estimate() {
    local k=$1 i middle='' made=${step[made]} table=${step[run]}/align-$1.tsv files=() text status program
    # With -k a frame that cannot be read must not end the one run over all of them.
    if ((k > 1)) || [[ ${option[keep_going]-} ]] || ! all_native; then
        middle=${step[run]}/middle-$k
        make_directory "$middle"
        pass middle $((k - 1)) "to a file, for AlignFrames to look at"
        [[ ! ${left_out[step[reference]]-} ]] || die "${step[title]}: the reference frame failed; ref_idx sets another"
        [[ ! ${option[keep_going]-} ]] || leave_out_misfits "$middle"
        [[ ${option[preview]-} || ! $made ]] || rm -rf -- "$made"
        # Where frames travel to other machines, the photographs are the lesser load.
        [[ ${step[transfer]} ]] || step+=([begun]=$k [made]=$middle)
    fi
    for i in "${step[reference]}" "${!frame_path[@]}"; do
        [[ ! ${left_out[i]-} ]] || continue
        files+=("${middle:+$middle/${frame_name[i]}.pam}")
        [[ $middle ]] || files[-1]=${frame_path[i]}
    done
    text='framealign -estimate'
    add "-reference=${files[0]}"
    for i in "${!line_word[@]}"; do
        ((line_stage[i] == k)) || continue
        [[ ${line_word[i]} != direct ]] || add -direct
        [[ ${line_value[i]} != -model=* ]] || add "${line_value[i]}"
    done
    add "${files[@]:1}"
    pieces=("$text")
    add_target "$table"
    if [[ ${option[preview]-} ]]; then
        show_job "the transforms of all frames together" "${pieces[@]}"
        return
    fi
    say_phase_again "registering frames" ", all together"
    # Frames that are refused have their rows in the table, too.
    run_job "align-$k" "${pieces[@]}" || { ((status == 2)) && [[ -s $table ]]; } || step_failed "$status" "$program"
    print_said >"${step[run]}/align-$k.said" || exit 1
    [[ ! $middle || ${step[made]} == "$middle" ]] || rm -rf -- "$middle"
}

# leave_out_misfits DIR: with -k a frame unlike the reference must not end the one run over all of them, either.
# Sets incomplete of prepare_transforms.
leave_out_misfits() {
    local i expected
    geometry_of "$1/${frame_name[step[reference]]}.pam"
    expected=$REPLY
    for i in "${!frame_path[@]}"; do
        [[ ! ${left_out[i]-} ]] || continue
        geometry_of "$1/${frame_name[i]}.pam"
        [[ $REPLY != "$expected" ]] || continue
        say "${step[title]}: frame ${frame_name[i]} has $REPLY, but the reference frame $expected"
        count_failure 1 AlignFrames "$i"
        incomplete=yes left_out[i]=yes
    done
}

# geometry_of FILE
geometry_of() {
    local width height depth maxval
    image_header "$1"
    read -r width height depth maxval _ <<<"$REPLY"
    REPLY="${width}x$height pixels, depth $depth and maxval $maxval"
}

# leave_out_refused K: the frames that have no transform fail here, and go no further.
leave_out_refused() {
    local name second i refused_before=$refusals
    local -A failed_names=()
    while IFS=$'\t' read -r name second _; do
        [[ $second != failed ]] || failed_names[$name]=yes
    done <"${step[run]}/align-$1.tsv"
    for i in "${!frame_name[@]}"; do
        escape "${frame_name[i]}"
        [[ ${failed_names[$REPLY]-} && ! ${left_out[i]-} ]] || continue
        count_failure 2 framealign "$i"
        left_out[i]=yes
    done
    ((refusals == refused_before)) || [[ ${option[keep_going]-} ]] || stop_after_failure
}

# ---- running ----

Actions_run() {
    plan_actions
    if ((step[to_make] == 0)); then
        say_step "all ${step[unchanged]} frames are up to date"
    else
        say_step "${step[to_make]} frames to make, ${step[unchanged]} up to date"
    fi
    enter_run
    check_masks
    ((step[to_make] == 0)) || make_frames
    settle_results
    sum_up_actions
    plot_tables
}

make_frames() {
    local incomplete='' # frame_failed sets it
    say_unheard
    measure
    say_opaque
    limit_load
    prepare
    say_phase "writing frames"
    pass frames "${step[stages]}"
    drop_failed
}

# The frames that are there already of a stack that is being taken.
Actions_live() {
    plan_actions && ((step[to_make])) || return 0
    enter_run
    check_masks
    make_frames
    note_failed
    leave_run
}

say_opaque() {
    [[ ! ${step[opaque]} ]] ||
        say_step "border_mode = BORDER_REPLICATE_BLUR in AlignFrames: JPEG holds no opacity, as transparent borders need it"
    [[ ${step[format]} != jpeg || ${step[depth]} != [24] ]] ||
        say_step "JPEG holds no opacity: that of the frames is left out, and what lies below it shows"
}

# With -k: what a frame that failed now was before, under other options, is no result any more. What
# was never its own would have been overwritten, but is not to be lost for nothing.
drop_failed() {
    local i drop=()
    for i in "${!left_out[@]}"; do
        unset "frame_line[i]"
        [[ ${frame_reason[i]} == *"never its own"* ]] || drop+=("${step[out]}/${frame_result[i]}")
    done
    ((${#drop[@]} == 0)) || rm -f -- "${drop[@]}"
}

# deliver RUN NUMBER...: what a run of a pass has made of these frames; false if it cannot be kept. Reads pass[].
deliver() {
    local from=${step[run]}/$1.out k i
    collect_rows "$@"
    shift
    # Before the frames themselves: one that is done has its plots.
    for k in "${!stage_histograms[@]}"; do
        [[ ! -f $from/.hist-$k.pdf ]] || place_histogram "$k" "$1" "$from" || return
    done
    case ${pass[purpose]} in
    frames) place_results frame "$from" "$@" ;;
    middle)
        [[ ! ${step[transfer]} ]] || for i; do
            mv -f -- "$from/${frame_name[i]}.pam" "${step[run]}/middle-$((pass[last] + 1))/" || return
        done
        ;;
    esac
}

# collect_rows RUN NUMBER...: adds to frame_rows[] a field for each table that the run wrote: the sub-action's number,
# then the numbers of the frame's row, with blanks between; and a field for each warning that names the frame, or
# nobody, for the first.
collect_rows() {
    local from=${step[run]}/$1.out k i row table line number
    shift
    for k in "${!stage_program[@]}"; do
        [[ -f $from/.$k ]] || continue
        mapfile -t table <"$from/.$k"
        ((${#table[@]} == $# + 1)) || continue
        keep_header "$k" "${table[0]}"
        row=1
        for i; do
            line=${table[row++]#*$'\t'}
            frame_rows[i]+=$'\t'"$k ${line//$'\t'/ }"
        done
    done
    for line in "${said[@]}"; do
        [[ $line =~ $warning_pattern ]] || continue
        number=$1
        for i; do
            [[ $line != *"frame ${frame_name[i]}"[:.\ ]* ]] || number=$i
        done
        escape "$line"
        frame_rows[number]+=$'\t'"warning $REPLY"
    done
}

# keep_header K HEADER: what the columns of a table are, of which the journal has the rows.
keep_header() {
    local known=''
    { IFS= read -r known <"${step[state]}/columns-$1"; } 2>/dev/null
    [[ $known == "$2" ]] || { printf '%s\n' "$2" >"${step[run]}/columns" && keep columns "columns-$1"; }
}

# place_histogram K NUMBER FROM
place_histogram() {
    local i=${plot_index[$1.$2]}
    mv -- "$3/.hist-$1.pdf" "$3/${plot_result[i]}" && mkdir -p -- "${step[plots]}" &&
        place_results plot "$3" "$i"
}

# frame_failed STATUS PROGRAM NUMBER: stops the pass unless the others may go on. Sets incomplete of
# prepare_transforms.
frame_failed() {
    left_out[$3]=yes
    unset "undone[$3]"
    (($1 == 2)) || incomplete=yes
    count_failure "$@"
    stop_pass frame "$1" "$2"
}

# ---- load ----

# measure: sets step[width, height, depth, maxval] of the first frame to make; nothing where it is still to be
# made by an earlier step.
measure() {
    local i width height depth maxval
    step+=([width]='' [height]='' [depth]='' [maxval]='')
    for i in "${!frame_verdict[@]}"; do
        [[ ${frame_verdict[i]} != make ]] || break
    done
    [[ -f ${frame_path[i]} ]] || return 0
    if [[ ${frame_way[i]} == native ]]; then
        header_of "${frame_path[i]}" || return 0
    else
        # By the converter, of which no more is taken than the header.
        find_decoder "${frame_path[i]}"
        image_header <("${decoder[@]}" 2>/dev/null) || return 0
    fi
    read -r width height depth maxval _ <<<"$REPLY"
    ((maxval == 0)) || step+=([width]=$width [height]=$height [depth]=$depth [maxval]=$maxval)
    [[ ${option[preview]-} || ! ${step[maxval]} ]] || echo "${step[width]} ${step[height]}" >"${step[state]}/geometry"
}

# header_of FILE: width, height, depth, maxval of a PNG, PAM or PNM.
header_of() {
    case $1 in
    *.[pP][nN][gG]) png_header "$1" ;;
    *) image_header "$1" ;;
    esac
}

# png_header FILE
png_header() {
    local byte depths=(1 1 3 3 2 1 4)
    # shellcheck disable=SC2046
    set -- $(od -An -v -tu1 -j 16 -N 10 -- "$1" 2>/dev/null)
    (($# == 10)) || return
    REPLY="$((($1 * 256 + $2) * 65536 + $3 * 256 + $4)) $((($5 * 256 + $6) * 65536 + $7 * 256 + $8)) \
${depths[${10}]:-1} $(($9 > 8 ? 65535 : 255))"
}

# Sets engine[slots], how many runs of frames at a time: -j, or one a core, and no more than memory is free for:
# three frames of 16-bit samples for framealign, two for each other program, and two for converters. Refuses too
# little space on the disk.
limit_load() {
    local pixels held=2 raster result needed free k
    engine[slots]=${option[jobs]-} engine[load]=${option[jobs]:-100%} engine[memory]=''
    engine[slots]=${engine[slots]:-$(nproc 2>/dev/null || echo 1)}
    [[ ! ${option[logins]-} ]] || { k=${option[logins]//[!,]/} && engine[slots]=$((engine[slots] * (${#k} + 1))); }
    [[ ${step[maxval]} ]] || return 0
    pixels=$((step[width] * step[height] * step[depth]))
    for k in "${stage_program[@]}"; do
        [[ $k == framealign ]] && held=$((held + 3)) || held=$((held + 2))
    done
    # exiftool reads a whole TIFF before it writes.
    [[ ${step[format]} != tiff || ${step[metadata]} != yes ]] || held=$((held + 2))
    engine[memory]=$((pixels * 2 * held / 1024 + 8192))
    limit_memory
    raster=$((pixels * (step[maxval] > 255 ? 2 : 1) / 1024 + 1))
    case ${step[format]} in
    png) result=$((raster / 4)) ;;
    jpeg) result=$((raster / 40)) ;;
    *) result=$raster ;;
    esac
    needed=$((result * step[to_make] + raster * (engine[slots] + 2)))
    needs_space_for_all && needed=$((needed + raster * ${#frame_path[@]}))
    free=$(df -k --output=avail -- "${step[out]}" 2>/dev/null | tail -n 1)
    [[ ! $free ]] || ((free >= needed)) ||
        die "${step[title]}: about $((needed / 1024 + 1)) MiB are needed in ${step[out]}, and $((free / 1024)) MiB are free"
}

limit_memory() {
    local free most
    [[ ! ${option[logins]-} ]] || return 0
    free=$(awk '$1 == "MemAvailable:" { print int($2 * 0.85) }' /proc/meminfo 2>/dev/null)
    [[ $free ]] || return 0
    most=$((free / engine[memory]))
    ((most > 0)) || most=1
    ((engine[slots] > most)) || return 0
    say "${step[title]}: $most at a time, not ${engine[slots]}: each needs about $((engine[memory] / 1024)) MiB of memory, and $((free / 1024)) MiB are free"
    engine[slots]=$most engine[load]=$most
}

# Whether all frames lie on the disk at once, for an AlignFrames that compares neighbours.
needs_space_for_all() {
    local k
    for k in "${!stage_passes[@]}"; do
        { ((k == 1)) && [[ ! ${option[keep_going]-} ]] && all_native; } || transforms_hold "$k" || return 0
    done
    return 1
}
