# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion of stackpbm's commands in bash: options, the words that an option may have, files and
# directories where it takes those. All of that is read from the command's own -help.

# _stackpbm_options COMMAND: its options as the synopsis has them, one a line: -png, -mask=FILE,
# -curve=linear|gamma|match, -C DIR. The first form counts where it has several.
_stackpbm_options() {
    "$1" -help 2>/dev/null </dev/null | tr '[]' '  ' | grep -oE ' -[A-Za-z]+(=[^ ]+| [A-Z]+)?' |
        awk -F '[ =]' '!seen[$2]++ { print substr($0, 2) }'
    [[ $1 == *stackjob ]] || echo -quiet
    printf '%s\n' -help -version
}

# _stackpbm_value VALUE TAKES: completes VALUE as what an option TAKES.
_stackpbm_value() {
    case $2 in
    FILE | PREFIX)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$1")
        ;;
    DIR)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$1")
        ;;
    HOST) mapfile -t COMPREPLY < <(compgen -A hostname -- "$1") ;;
    *'|'*) mapfile -t COMPREPLY < <(compgen -W "${2//|/ }" -- "$1") ;;
    esac
}

# Job files first; where there is none, any file.
_stackpbm_operand() {
    compopt -o filenames
    if [[ $1 == *stackjob ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$2"; compgen -f -X '!*.job' -- "$2")
    fi
    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$2")
}

# Bash takes "-option=value" for three words.
_stackpbm() {
    local word=$2 option=$3 options line names=()
    COMPREPLY=()
    mapfile -t options < <(_stackpbm_options "$1")
    if [[ $word == '=' ]]; then
        word=
    elif [[ $option == '=' ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for line in "${options[@]}"; do
        if [[ $line == "$option"[=\ ]* ]]; then
            _stackpbm_value "$word" "${line#*[= ]}"
            return
        fi
        case $line in
        *=*) names+=("${line%%=*}=") ;;
        *) names+=("${line%% *}") ;;
        esac
    done
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$word")
        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
    else
        _stackpbm_operand "$1" "$word"
    fi
}

complete -F _stackpbm framein frameout noisedetect noisehist noiselist noisemask framealign \
    framebalance framefuse stackjob
