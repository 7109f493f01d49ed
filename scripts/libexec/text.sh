# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Text that is safe in lines and in shell scripts, and the text of jobs. Sourced by stackjob and by
# run-pipeline. Every function answers in REPLY; none starts a process.

# escape TEXT: with backslash, tab and newline as \\, \t and \n.
escape() {
    REPLY=$1
    [[ $1 == *[$'\\\t\n']* ]] || return 0
    REPLY=${REPLY//\\/\\\\}
    REPLY=${REPLY//$'\t'/\\t}
    REPLY=${REPLY//$'\n'/\\n}
}

# unescape TEXT
unescape() {
    REPLY=$1
    [[ $1 != *\\* ]] || printf -v REPLY %b "$1"
}

# printable TEXT: as all that is shown has it, messages, log, summary and page: as the programs' messages, with \n, \t, \r
# and \xHH for control characters and for what is no UTF-8. So no name forges a message, works the terminal or breaks the
# page.
printable() {
    local i byte text=$1
    REPLY=$1
    [[ $1 == *[!' '-'~']* ]] || return 0
    REPLY=''
    for ((i = 0; i < ${#text}; i++)); do
        case ${text:i:4} in
        [' '-'~']*) REPLY+=${text:i:1} ;;
        $'\n'*) REPLY+='\n' ;;
        $'\t'*) REPLY+='\t' ;;
        $'\r'*) REPLY+='\r' ;;
        $'\302'[$'\240'-$'\277']* | [$'\303'-$'\337'][$'\200'-$'\277']*) REPLY+=${text:i++:2} ;;
        [$'\340'-$'\357'][$'\200'-$'\277'][$'\200'-$'\277']*) REPLY+=${text:i:3} i=$((i + 2)) ;;
        [$'\360'-$'\364'][$'\200'-$'\277'][$'\200'-$'\277'][$'\200'-$'\277']) REPLY+=${text:i:4} i=$((i + 3)) ;;
        *)
            printf -v byte %02x "'${text:i:1}"
            REPLY+='\x'${byte: -2}
            ;;
        esac
    done
}

# quote TEXT: as one word of any shell. One with control characters is one of bash, which has words for them; in the
# scripts of -n, which any shell runs, printf makes each of them but newlines and tabs.
quote() {
    local inner="'\\''" i byte text=''
    REPLY=$1
    case ${option[preview]-}$1 in
    yes*[$'\1'-$'\10\13'-$'\37\177']*)
        for ((i = 0; i < ${#1}; i++)); do
            byte=${1:i:1}
            case $byte in
            [$'\1'-$'\10\13'-$'\37\177']) printf -v byte "'\"\$(printf '\\\\%03o')\"'" "'$byte" ;;
            "'") byte=$inner ;;
            esac
            text+=$byte
        done
        REPLY="'$text'"
        return
        ;;
    yes*) ;;
    *[[:cntrl:]]*)
        REPLY=${1@Q}
        return
        ;;
    esac
    case $1 in
    '' | *[!A-Za-z0-9_./=,:@%+-]*) REPLY="'${1//"'"/"$inner"}'" ;;
    esac
}

# words WORD...: as the text of a command.
words() {
    local word text=''
    for word; do
        quote "$word"
        text+=" $REPLY"
    done
    REPLY=${text# }
}

# add WORD...: to the caller's text, which is that of a command.
add() {
    words "$@"
    text+=" $REPLY"
}

# add_target FILE: that is where the last of the caller's pieces writes to.
add_target() {
    quote "$1"
    pieces[-1]+=" >$REPLY"
}

# A job is shell text in pieces: each is one stage of a pipeline, and begins with "| " where it goes on
# with the stage before it. So the text that runs is the text that is shown.
#
# shown PIECE...: the text of a job.
shown() {
    local piece
    REPLY=$1
    for piece in "${@:2}"; do
        if [[ $piece == '| '* ]]; then
            REPLY+=" $piece"
        else
            REPLY+=$'\n'$piece
        fi
    done
}

# one_after_another COMMAND...: the texts of commands as one stage.
one_after_another() {
    local command
    REPLY=$1
    (($# > 1)) || return 0
    REPLY=$'{\n'
    for command; do
        REPLY+="    $command &&"$'\n'
    done
    REPLY="${REPLY%" &&"?}"$'\n}'
}
