# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Camera raw files as the sensor has them: noisy pixels are found in the mosaic, and repaired before the colours of
# neighbours mix. Sourced by stackjob.
#
# step[cfa] is the pattern of colour filters of the step's frames, nothing where they are taken as developed;
# step[sensor] the size of the mosaic, "WIDTH HEIGHT".

# look_at_sensor: whether all frames are raw files whose mosaic dcraw shows: sets step[cfa] and step[sensor] by the
# first. Frames of both kinds are refused, for a mask of one does not serve the other.
look_at_sensor() {
    local i raw='' other='' facts=''
    step+=([cfa]='' [sensor]='')
    [[ " ${frame_way[*]} " == *' raw '* ]] || return 0
    for i in "${!frame_way[@]}"; do
        [[ ${frame_way[i]} == raw ]] && raw=${raw:-${frame_path[i]}} || other=${other:-${frame_path[i]}}
    done
    [[ ! $other ]] || die "${step[title]}: $raw is a camera raw file and $other is not: a mask of the sensor is made from \
raw files alone. Set \"pattern = *.${raw##*.}\" or \"pattern = *.${other##*.}\" in this step, or raw_domain = no"
    if ! command -v dcraw >/dev/null; then
        say_developed "dcraw is not installed"
        return
    fi
    facts=$(dcraw -i -v "$raw" 2>/dev/null)
    if [[ ! $facts =~ 'Image size:'\ *([0-9]+)' x '([0-9]+) ]]; then
        say_developed "dcraw cannot read $raw"
        return
    fi
    step[sensor]="${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
    if [[ $facts =~ 'Filter pattern: '([RGB/]{5,71})$'\n' ]]; then
        step[cfa]=${BASH_REMATCH[1]}
    else
        say_developed "$raw has no Bayer or X-Trans pattern"
    fi
}

# say_developed WHY: once a job for each reason.
say_developed() {
    [[ ! ${job[said $1]-} ]] || return 0
    job[said $1]=yes
    say "${step[title]}: $1: its raw files are taken as developed frames"
}

# mosaic_command FILE: what brings in a raw file's mosaic: the sensor's samples, neither scaled nor turned.
mosaic_command() {
    words dcraw -D -4 -j -t 0 -P /dev/null -c "$1"
}

# levels_of FILE: its black and its white, in the mosaic's samples, with a blank between.
levels_of() {
    REPLY=$(dcraw -v -h -c "$1" 2>&1 >/dev/null | sed -n 's/.*darkness \([0-9]*\), saturation \([0-9]*\).*/\1 \2/p')
    [[ $REPLY ]] || die "${step[title]}: dcraw does not tell black and white of $1. raw_domain = no looks at developed frames"
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
