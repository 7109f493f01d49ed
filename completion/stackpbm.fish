# SPDX-License-Identifier: MIT
#
# Completion in fish of the stackpbm command that this file is named for: it is installed as
# COMMAND.fish for each. Options, and what they take, are read from the command's own -help: -png,
# -mask=FILE, -curve=linear|gamma|match, -C DIR. The first form counts where an option has several.

set -l command (status basename | string replace -r '\.fish$' '')
set -l seen
for option in ($command -help 2>/dev/null </dev/null |
        string match -ar '(?<= |\[)-[A-Za-z]+(?:=[^] ]+| [A-Z]+)?')
    set -l parts (string split = -- (string replace ' ' = -- $option))
    set -l name (string sub -s 2 -- $parts[1])
    contains -- $name $seen; and continue
    set -a seen $name
    # A letter alone is an option of getopts, all others are words after one dash.
    set -l form -o
    string match -qr '^.$' -- $name; and set form -s
    switch "$parts[2]"
        case ''
            complete -c $command $form $name
        case FILE PREFIX
            complete -c $command $form $name -r -F
        case DIR
            complete -c $command $form $name -x \
                -a '(__fish_complete_directories (commandline -ct | string replace -r "^-.*=" ""))'
        case HOST
            complete -c $command $form $name -x -a '(__fish_print_hostnames)'
        case '*|*'
            complete -c $command $form $name -x -a (string replace -a '|' ' ' -- $parts[2])
        case '*'
            complete -c $command $form $name -x
    end
end

complete -c $command -o help
complete -c $command -o version
if test $command = stackjob
    complete -c $command -k -a '(__fish_complete_suffix .job)'
else
    complete -c $command -o quiet
end
