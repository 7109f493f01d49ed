# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion of stackpbm's commands in bash: options, the words that an option may have, files and
# directories where it takes those.

# The options of a command; those with a value end with "=".
_stackpbm_options() {
    case $1 in
    noisedetect) echo -threshold= -blur= -statistic= -hot -dead -maxframes= -planes -map -output= -frommap ;;
    noisehist) echo -range= -threshold= -target= -plot= -log ;;
    noiselist) echo -format= -once -offset= -mask -width= -height= ;;
    noisemask) echo -mask= -grow= -method= -kernel= -maxpixels= -png -outdir= -name= ;;
    framealign)
        echo -reference= -model= -direct -crop -border= -bordervalue= -borderblur= -estimate -save= -apply= \
            -png -outdir= -name=
        ;;
    framebalance)
        echo -reference= -channel= -curve= -masksize= -interval= -corrections= -png -outdir= -name=
        ;;
    esac
    echo -quiet -help -version
}

# The words that an option of a command may have.
_stackpbm_words() {
    case $1 in
    -format) echo dcraw siril rawtherapee jpegpixi plain ;;
    -statistic) echo persistent mean ;;
    -method) echo membrane mean median nearest ;;
    -model) echo auto shift similarity affine homography ;;
    -border) echo blur replicate constant transparent ;;
    -channel) echo lumi rgb hsv hls ;;
    -curve) echo linear gamma match ;;
    esac
}

# _stackpbm_value OPTION VALUE
_stackpbm_value() {
    case $1 in
    -mask | -reference | -save | -apply | -corrections | -output | -plot)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        ;;
    -outdir)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$2")
        ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_stackpbm_words "$1")" -- "$2") ;;
    esac
}

# Bash takes "-option=value" for three words.
_stackpbm() {
    local command=${1##*/} word=$2 before=$3 options
    options=$(_stackpbm_options "$command")
    if [[ $word == '=' ]]; then
        _stackpbm_value "$before" ''
    elif [[ $before == '=' ]]; then
        _stackpbm_value "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
    elif [[ $before == -* && " ${options//$'\n'/ } " == *" $before= "* ]]; then
        _stackpbm_value "$before" "$word"
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

_stackjob() {
    local word=$2
    case $3 in
    -C)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    -j) return ;;
    -S)
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-C -j -n -f -k -v -q -S -T -e -help -version' -- "$word")
        return
    fi
    # Job files first; where there is none, any file.
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.job' -- "$word")
    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

complete -F _stackpbm noisedetect noisehist noiselist noisemask framealign framebalance
complete -F _stackjob stackjob
