#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Text that is safe in lines and in shell scripts, and pipelines as text. Sourced by stackjob and by
# run-pipeline. Nothing here starts a process but unescape, and that only where there is an escape.
#
# A pipeline is a file, NUMBER.job: its first line the directory to run in, its second the file that
# it writes; then a line an argument, a line "|" between two stages and a line ";" between two
# commands of one stage. All lines are escaped, so that any file name fits on one.

nl='
'
tab='	'
backslash=\\

# replace TEXT WHAT WITH: sets $replaced.
replace() {
    rest=$1 replaced=
    while :; do
        case $rest in
        *"$2"*)
            replaced=$replaced${rest%%"$2"*}$3
            rest=${rest#*"$2"}
            ;;
        *) break ;;
        esac
    done
    replaced=$replaced$rest
}

# escape TEXT: sets $escaped, the text with backslash, tab and newline as \\, \t and \n.
escape() {
    escaped=$1
    case $1 in
    *\\* | *"$tab"* | *"$nl"*) ;;
    *) return 0 ;;
    esac
    replace "$escaped" "$backslash" "$backslash$backslash"
    replace "$replaced" "$tab" '\t'
    replace "$replaced" "$nl" '\n'
    escaped=$replaced
}

# unescape TEXT: sets $text.
unescape() {
    text=$1
    case $1 in
    *\\*)
        text=$(printf '%b.' "$1")
        text=${text%.}
        ;;
    esac
}

# quote TEXT: sets $quoted, the text as one word of a shell script.
quote() {
    case $1 in
    '' | *[!A-Za-z0-9_./=,:@%+-]*)
        replace "$1" "'" "'\\''"
        quoted="'$replaced'"
        ;;
    *) quoted=$1 ;;
    esac
}

# show FILE.job: sets $shown, the pipeline as a person would type it, without what it writes to.
show() {
    shown='' shown_stage='' commands=1 command=''
    {
        read -r _ && read -r _
        while IFS= read -r line; do
            case $line in
            '|')
                show_stage
                shown="$shown | "
                ;;
            ';')
                shown_stage="$shown_stage    $command$nl" commands=$((commands + 1)) command=
                ;;
            *)
                unescape "$line"
                quote "$text"
                command="$command${command:+ }$quoted"
                ;;
            esac
        done
    } <"$1"
    show_stage
}

show_stage() {
    if [ "$commands" -gt 1 ]; then
        shown="$shown{$nl$shown_stage    $command$nl}"
    else
        shown=$shown$command
    fi
    shown_stage='' commands=1 command=''
}
