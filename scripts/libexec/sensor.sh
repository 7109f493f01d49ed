# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Camera raw files as the sensor has them: noisy pixels are found in the mosaic, and repaired before the colours of
# neighbours mix. Sourced by stackjob.
#
# step[cfa] is the pattern of colour filters of the step's frames, or gray; nothing where they are taken as developed;
# step[sensor] the size of the mosaic, "WIDTH HEIGHT".

# look_at_sensor: whether all frames are raw files with a mosaic: sets step[cfa] and step[sensor] by the first. Frames
# of both kinds are refused, for a mask of one does not serve the other.
look_at_sensor() {
    local i raw='' other='' line
    step+=([cfa]='' [sensor]='')
    [[ " ${frame_way[*]} " == *' raw '* ]] || return 0
    for i in "${!frame_way[@]}"; do
        [[ ${frame_way[i]} == raw ]] && raw=${raw:-${frame_path[i]}} || other=${other:-${frame_path[i]}}
    done
    [[ ! $other ]] || die "${step[title]}: $raw is a camera raw file and $other is not: a mask of the sensor is made from \
raw files alone. Set \"pattern = *.${raw##*.}\" or \"pattern = *.${other##*.}\" in this step, or raw_domain = no"
    while IFS= read -r line && [[ $line != ENDHDR ]]; do
        case $line in
        'WIDTH '*) step[sensor]=${line#* } ;;
        'HEIGHT '*) step[sensor]+=" ${line#* }" ;;
        '# cfa '*) step[cfa]=${line#'# cfa '} ;;
        'framein: '*) say_developed "${line#*: }" && return ;;
        esac
    done < <(framein -quiet -mosaic "$raw" 2>&1 | head -n 20 | tr -d '\0')
    # A monochrome camera's sensor has no filters.
    step[cfa]=${step[cfa]:-gray}
}

# say_developed WHY: once a job for each reason.
say_developed() {
    [[ ! ${job[said $1]-} ]] || return 0
    job[said $1]=yes
    say "${step[title]}: $1: its raw files are taken as developed frames"
}

# Refuses the mask FILE unless it is as large as the sensor.
check_sensor_mask() {
    local width height
    [[ -f $1 ]] || return 0
    header_of "$1" || return 0
    read -r width height _ <<<"$REPLY"
    [[ "$width $height" == "${step[sensor]}" ]] ||
        die "${step[title]}: the mask $1 is ${width}x$height, but the sensor has ${step[sensor]/ /x}: it was made of frames \
that were developed to another size. Make it from raw files, or set raw_domain = no in MaskNoise"
}
