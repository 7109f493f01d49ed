# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The job file: what may stand in one, what stands in this one, and a job's and a step's settings.
# Sourced by stackjob. A kind of block says with "kind" what its keys are, has its check of one of its
# blocks in KIND_allowed BLOCK (where it needs one) and, for a kind of step, its settings in KIND_load
# BLOCK, its look ahead in KIND_check and its work in KIND_run.
#
#   kind_usage[], kind_owner[], kind_keys[], key_type[KIND.KEY], kind_name[]   what may be
#   other_kind[WORD], other_key[KIND.WORD]   other words for a kind and for a key (see original.sh)
#   idle_key[KIND.KEY]    set for a key that is allowed and does nothing; idle_keys[], those that were there
#   block_kind[], block_name[], block_owner[], block_line[], block_text[]      what is; by number, from 1
#   setting[BLOCK.KEY]    the value, in the programs' words; input_path: a line a value
#   jobs[], job_steps[]   the blocks that are enabled: jobs, and the steps of the job at work

declare -A kind_usage=() kind_owner=() kind_keys=() key_type=() kind_name=() type_words=() word_meaning=() setting=() \
    other_kind=() other_key=() idle_key=() idle_keys=()
declare -a kinds=() block_kind=() block_name=() block_owner=() block_line=() block_text=() jobs=() job_steps=()

# kind USAGE OWNER KEY=TYPE...: USAGE is the kind and maybe NAME or [NAME].
kind() {
    local name=${1%% *} owner=$2 key
    kinds+=("$name")
    kind_usage[$name]=$1 kind_owner[$name]=$owner
    for key in "${@:3}"; do
        key_type[$name.${key%%=*}]=${key#*=}
        kind_keys[$name]+=${kind_keys[$name]:+, }${key%%=*}
    done
}

# words_of TYPE WORD=MEANING...: the words that a value may be, in any case.
words_of() {
    local type=$1 word
    for word in "${@:2}"; do
        type_words[$type]+=${type_words[$type]:+, }${word%%=*}
        word_meaning[$type.${word%%=*}]=${word#*=}
        word=${word,,}
        word_meaning[$type.${word%%=*}]=${word#*=}
    done
}

kind 'StackJob NAME' '' working_path=path input_path=paths input_filepaths=paths plot_path=path raw_options=raw report=bool enabled=bool
words_of bool yes=yes no=no true=yes false=no on=yes off=no

# ---- reading ----

# parse_job_file FILE: its blocks and settings; sets jobs[]. Tells of all that is wrong in it, with the line
# and what may stand there, and then ends the run.
parse_job_file() {
    local file=$1 text lines line key value b number=0 failed='' current='' skipping='' top='' in_job=''
    if IFS= read -r -d '' text <"$file"; then
        die "$file has NUL bytes in it: it is no text"
    fi
    text=${text#$'\357\273\277'}
    text=${text//$'\r\n'/$'\n'}
    text=${text//$'\r'/$'\n'}
    mapfile -t lines <<<"${text%$'\n'}"
    for line in "${lines[@]}"; do
        number=$((number + 1))
        line=${line#"${line%%[!$' \t']*}"}
        line=${line%"${line##*[!$' \t']}"}
        case $line in
        '' | '#'*) continue ;;
        esac
        if [[ $line =~ ^[^$' \t'=]+[$' \t']*= ]]; then
            key=${line%%=*}
            value=${line#*=}
            read_setting "${key%"${key##*[!$' \t']}"}" "${value#"${value%%[!$' \t']*}"}"
        else
            value=${line#"${line%%[$' \t']*}"}
            read_block "${line%%[$' \t']*}" "${value#"${value%%[!$' \t']*}"}"
        fi
    done
    line=''
    ((${#block_kind[@]})) || [[ $failed ]] || wrong "there is no StackJob in this file" "StackJob NAME"
    for b in "${!block_kind[@]}"; do
        number=${block_line[b]} line=${block_text[b]}
        ! declare -F "${block_kind[b]}_allowed" >/dev/null || "${block_kind[b]}_allowed" "$b"
    done
    [[ ! $failed ]] || exit 1
    say_idle
    for b in "${!block_kind[@]}"; do
        [[ ${block_kind[b]} == StackJob ]] || continue
        if is_enabled "$b"; then
            jobs+=("$b")
        else
            say "StackJob ${block_name[b]} is not enabled"
        fi
    done
}

# wrong TEXT [ALLOWED]: of the line at work; reads file, number and line of parse_job_file, sets its failed.
wrong() {
    local where
    printable "$file:$number: $1"
    where=$REPLY
    printable "$line"
    printf 'stackjob: %s\n    %s\n' "$where" "$REPLY" >&2
    [[ ! ${2-} ]] || printf '  allowed here: %s\n' "$2" >&2
    failed=yes
}

# read_block KIND NAME: opens a block, the current one of parse_job_file.
read_block() {
    local kind=${other_kind[$1]-$1} name=$2 usage owner
    usage=${kind_usage[$kind]-} owner=${kind_owner[$kind]-}
    skipping=yes
    if [[ ! $usage ]]; then
        wrong "\"$kind\" is no block, and no \"key = value\" either" "$(allowed_blocks)"
        return
    elif [[ $owner && ! $top ]]; then
        wrong "$kind stands before any StackJob" "StackJob NAME"
        return
    elif [[ $owner && $owner != StackJob && ${block_kind[top]} != "$owner" ]]; then
        wrong "$kind stands outside of $owner" "$(allowed_blocks)"
        return
    fi
    skipping=''
    current=$((${#block_kind[@]} + 1))
    block_kind[current]=$kind block_name[current]=${name:-${kind_name[$kind]-}}
    block_line[current]=$number block_text[current]=$line
    case $owner in
    '') block_owner[current]='' in_job=$current top=$current ;;
    StackJob) block_owner[current]=$in_job top=$current ;;
    *) block_owner[current]=$top ;;
    esac
    case $usage in
    *NAME*) check_name "$kind" "${block_name[current]}" ;;
    *) [[ ! $name ]] || wrong "$kind takes no name" "$kind" ;;
    esac
}

# check_name KIND NAME
check_name() {
    if [[ ! $2 ]]; then
        wrong "$1 needs a name" "$1 NAME"
    elif [[ $2 == */* || $2 == . || $2 == .. ]]; then
        wrong "a name becomes part of file names: it holds no slash and is not \".\" or \"..\""
    elif ((${#2} > 200)); then
        wrong "a name becomes part of file names: it has at most 200 bytes"
    fi
}

# Prints the blocks that may stand behind the current one, and its keys.
allowed_blocks() {
    local kind list=''
    for kind in "${kinds[@]}"; do
        case ${kind_owner[$kind]} in
        '') ;;
        StackJob) [[ $top ]] || continue ;;
        *) [[ $top && ${block_kind[top]} == "${kind_owner[$kind]}" ]] || continue ;;
        esac
        list+=${list:+, }${kind_usage[$kind]}
    done
    kind=${current:+${block_kind[current]}}
    printf '%s\n' "$list${kind:+; in $kind: ${kind_keys[$kind]}}"
}

# read_setting KEY VALUE: of the current block.
read_setting() {
    local key=$1 value=$2 kind type
    [[ ! $skipping ]] || return 0
    if [[ ! $current ]]; then
        wrong "\"$key\" stands before any StackJob" "StackJob NAME"
        return
    fi
    kind=${block_kind[current]}
    if [[ ${idle_key[$kind.$key]-} ]]; then
        idle_keys[$key]=yes
        return
    fi
    key=${other_key[$kind.$key]-$key}
    type=${key_type[$kind.$key]-}
    if [[ ! $type ]]; then
        wrong "\"$key\" is no key of $kind" "${kind_keys[$kind]}"
    elif is_set "$current" "$key" && [[ $type != paths ]]; then
        wrong "\"$key\" is set twice in this $kind"
    elif [[ ! $value ]]; then
        expected "$type"
        wrong "\"$key\" has no value" "$REPLY"
    elif ! meant "$type" "$value"; then
        expected "$type"
        wrong "\"$value\" is no value for $key" "$REPLY"
    elif is_set "$current" "$key"; then
        setting[$current.$key]+=$'\n'$REPLY
    else
        setting[$current.$key]=$REPLY
    fi
}

# ---- values ----

# Types of numbers: the least and the most, and what to expect. A kernel is odd.
declare -A whole_types=([count]='1 99999999 a whole number from 1 on' [whole]='0 99999999 a whole number from 0 on'
    [percent]='1 100 a whole number from 1 to 100' [radius]='1 10000 a number of pixels from 1 to 10000' [grow]='0 50 a number of pixels from 0 to 50'
    [odd]='1 999 an odd number from 1 to 999' [kernel]='3 999 an odd number from 3 to 999')
# Types of lists: how many, the least and the most of each (levels: in millionths), by how much the first is at
# least below the second, and what to expect.
declare -A list_types=([levels]='1|3 0 255000000 - one number or three, each 0 to 255, as in 13,13,13'
    [range]='2 0 255 1 two whole numbers MIN,MAX, 0 to 255, MIN below MAX, as in 5,30'
    [interval]='2 0 65535 0 two whole numbers MIN,MAX, 0 to 65535, MIN not above MAX; MAX -1: the maxval'
    [counts]='1|3 0 99999999 - one whole number or three, as in 100,100,100'
    [samples]='[1-4] 0 65535 - one to four whole numbers from 0 to 65535, as in 0,0,0')
declare -A other_types=([path]="a path" [paths]="a path, or several as in [\"src\", \"src2\"]" [sigma]="a number of pixels from 0.5 to 10000"
    [positive]="a number above 0" [file]="a file name without slash, of at most 200 bytes, that begins with no dot"
    [pattern]="a shell pattern without slash, as in IMG_*"
    [raw]="of dcraw's options, -h (half the size), -4 (linear), and -w -W -6 -t 0, which have no effect: raw files are developed so")

# expected TYPE: what a value may be.
expected() {
    REPLY=${whole_types[$1]-${list_types[$1]-}}
    case ${whole_types[$1]+whole}${list_types[$1]+list} in
    whole) REPLY=${REPLY#* * } ;;
    list) REPLY=${REPLY#* * * * } ;;
    *) REPLY=${other_types[$1]-${type_words[$1]-}} ;;
    esac
}

# meant TYPE VALUE: whether it is one; then in the words of the programs.
meant() {
    local type=$1 value=$2 least most
    REPLY=$value
    if [[ ${whole_types[$type]-} ]]; then
        read -r least most _ <<<"${whole_types[$type]}"
        whole "$value" "$least" "$most" && [[ ($type != odd && $type != kernel) || $value == *[13579] ]] &&
            REPLY=$((10#$value)) # 08 would be octal, later
        return
    elif [[ ${list_types[$type]-} ]]; then
        list "$type" "$value"
        return
    fi
    case $type in
    path) ;;
    paths) path_list "$value" ;;
    sigma) within "$value" 500000 10000000000 ;;
    positive) decimal "$value" && [[ $value == *[1-9]* ]] ;;
    file) [[ $value != .* && $value != */* ]] && ((${#value} <= 200)) ;;
    pattern) [[ $value != */* ]] ;;
    raw) raw_words "$value" ;;
    *)
        REPLY=${word_meaning[$type.${value,,}]-}
        [[ $REPLY ]]
        ;;
    esac
}

# path_list VALUE: a path, or quoted ones, in brackets where they are several: then a line each.
path_list() {
    local rest=$1 list='' quoted=$'^[ \t]*(\'([^\']+)\'|"([^"]+)")[ \t]*(,|$)(.*)$'
    REPLY=$1
    case $1 in
    '['*']' | '('*')') rest=${1:1:${#1}-2} ;;
    esac
    while [[ $rest =~ $quoted ]]; do
        list+=${list:+$'\n'}${BASH_REMATCH[2]}${BASH_REMATCH[3]}
        rest=${BASH_REMATCH[5]}
    done
    # What is no such list is a path that has brackets in it.
    [[ ! $list || $rest == *[!$' \t']* ]] || REPLY=$list
}

# named_ends VALUE: an interval as in "{'min': 10, 'max': 245}": then MIN,MAX.
named_ends() {
    local rest least=0 most=-1 end=$'^[ \t]*["\'](min|max)["\'][ \t]*:[ \t]*(-?[0-9]+)[ \t]*(,|$)(.*)$'
    REPLY=$1
    [[ $1 == '{'*'}' ]] || return 0
    rest=${1:1:${#1}-2}
    while [[ $rest =~ $end ]]; do
        [[ ${BASH_REMATCH[1]} == min ]] && least=${BASH_REMATCH[2]} || most=${BASH_REMATCH[2]}
        rest=${BASH_REMATCH[4]}
    done
    [[ $rest == *[!$' \t']* ]] || REPLY=$least,$most
}

# list TYPE VALUE: whether it is such a list, as in "(13, 13, 13)"; then with commas alone.
list() {
    local text=$2 parts part count least most apart
    read -r count least most apart _ <<<"${list_types[$1]}"
    [[ $1 != interval ]] || { named_ends "$text" && text=$REPLY; }
    [[ $text != '('*')' && $text != '['*']' ]] || text=${text:1:${#text}-2}
    [[ ! $text =~ ,[$' \t']*, && ! $text =~ ^[$' \t']*, && ! $text =~ ,[$' \t']*$ ]] || return
    IFS=$' \t,' read -r -a parts <<<"$text"
    [[ ${#parts[@]} =~ ^($count)$ ]] || return
    printf -v REPLY '%s,' "${parts[@]}"
    REPLY=${REPLY%,}
    [[ $1 != interval || ${parts[1]} != -1 ]] || parts[1]=$most
    for part in "${parts[@]}"; do
        if [[ $1 == levels ]]; then
            within "$part" "$least" "$most" || return
        else
            whole "$part" "$least" "$most" || return
        fi
    done
    [[ $apart == - ]] || ((10#${parts[0]} + apart <= 10#${parts[1]}))
}

# whole TEXT MIN MAX: whether it is a whole number from MIN to MAX.
whole() {
    [[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3))
}

# decimal TEXT: whether it is a decimal number from 0 on.
decimal() {
    [[ ${#1} -le 20 && ($1 =~ ^[0-9]+\.?[0-9]*$ || $1 =~ ^\.[0-9]+$) ]]
}

# within TEXT MIN MAX: whether it is a decimal number from MIN to MAX millionths.
within() {
    local whole=${1%%.*} fraction=${1#"${1%%.*}"} number
    decimal "$1" && whole=${whole#"${whole%%[!0]*}"} && ((${#whole} <= 9)) || return
    fraction=${fraction#.}000000
    number=$((10#${whole:-0} * 1000000 + 10#${fraction:0:6}))
    [[ ${fraction:6} != *[1-9]* ]] || ((number < $3)) && ((number >= $2 && number <= $3))
}

# Of dcraw's options those that framein has. Others change frame by frame what must be alike in a stack.
raw_words() {
    local word result='' unused=''
    for word in $1; do
        case $word in
        -h) result+=' -halfsize' ;;
        -4) result+=' -linear' ;;
        -w | -W | -6 | -t | 0) unused+=" $word" ;;
        *) return 1 ;;
        esac
    done
    [[ ! $unused || $raw_words_told ]] || say "raw_options:$unused have no effect: raw files are developed so without"
    raw_words_told+=$unused
    REPLY=${result# }
}
raw_words_told=''

# ---- settings ----

# format_allowed BLOCK: of a kind of step that writes pictures.
format_allowed() {
    [[ ${setting[$1.output_format]-png} == jpeg ]] || ! is_set "$1" jpeg_quality ||
        wrong "jpeg_quality has no effect without output_format = jpeg"
}

# load_format BLOCK: adds to step[] format, ending, quality (or nothing) and metadata (yes or no).
load_format() {
    local format=${setting[$1.output_format]-png}
    step+=([format]=$format [ending]=.$format [quality]=${setting[$1.jpeg_quality]-} [metadata]=${setting[$1.metadata]-yes})
    case $format in
    tiff) step[ending]=.tif ;;
    jpeg) step[ending]=.jpg ;;
    esac
}

is_set() {
    [[ ${setting[$1.$2]+set} ]]
}

is_enabled() {
    [[ ${setting[$1.enabled]-yes} == yes ]]
}

# is_yes BLOCK KEY: of a key whose default is no.
is_yes() {
    [[ ${setting[$1.$2]-no} == yes ]]
}

# load_job BLOCK: sets job[] and job_steps[].
load_job() {
    local b
    job=([block]=$1 [name]=${block_name[$1]} [log]='')
    directory_of "${setting[$1.working_path]-}"
    job[work]=$REPLY
    job_steps=()
    for b in "${!block_kind[@]}"; do
        [[ ${block_owner[b]} != "$1" ]] || ! is_enabled "$b" || job_steps+=("$b")
    done
}

# working_path BLOCK: of a step, as the job file has it.
working_path() {
    REPLY=${setting[$1.working_path]-${setting[${job[block]}.working_path]-}}
}

# load_step BLOCK: sets step[]: block, kind, name, title (for messages), work (its working path, which is
# the current directory from then on), out (its output directory), output (the same, absolute and without
# links), states and state (see state.sh), settings (all that it is told, as text), plots, pattern, raw_options; what
# KIND_load adds; and inputs[]. Its lists of results are empty yet. Reads the settings and the job.
load_step() {
    local b=$1 own plots
    clear_lists
    step=([block]=$b [kind]=${block_kind[b]} [name]=${block_name[b]} [title]="${block_kind[b]} ${block_name[b]}"
        [max_frames]=0 [resample]=1 [reverse]=no [ref_idx]='')
    working_path "$b"
    own=$REPLY
    directory_of "$own"
    step[work]=$REPLY
    [[ -d ${step[work]} ]] || die "${step[title]}: the working path ${step[work]} is no directory"
    cd -- "${step[work]}" || exit 1
    find_inputs "$b"
    plots=${setting[$b.plot_path]-}
    [[ $plots ]] || { own=${setting[${job[block]}.working_path]-} plots=${setting[${job[block]}.plot_path]-plots}; }
    resolve "$own" "$plots"
    step[plots]=$REPLY
    step[pattern]=${setting[$b.pattern]-*}
    step[raw_options]=${setting[$b.raw_options]-${setting[${job[block]}.raw_options]-}}
    step[out]=${setting[$b.output_path]-${block_name[b]}}
    "${step[kind]}_load" "$b"
    trim_path "${step[out]}"
    step[out]=$REPLY
    physical "${step[out]}"
    step[output]=$REPLY
    find_state
    list_settings "$b"
}

# list_settings BLOCK: sets step[settings]. Two steps with the same make the same of the same frames.
list_settings() {
    local b key text
    printf -v text '%s\n' "${step[raw_options]}" "${step[file_name]-}" "${inputs[@]}" "${step[files]}"
    for b in "${!block_kind[@]}"; do
        [[ $b == "$1" || ${block_owner[b]} == "$1" ]] && is_enabled "$b" || continue
        text+=${block_kind[b]}$'\n'
        for key in ${kind_keys[${block_kind[b]}]//,/}; do
            ! is_set "$b" "$key" || text+="$key ${setting[$b.$key]}"$'\n'
        done
    done
    step[settings]=$text
}

# last_before BLOCK KIND...: the last step of the job of such a kind before it, or nothing.
last_before() {
    local b
    REPLY=''
    for b in "${job_steps[@]}"; do
        ((b < $1)) || return 0
        [[ " ${*:2} " != *" ${block_kind[b]} "* ]] || REPLY=$b
    done
}

has_input() {
    is_set "$1" input_path || is_set "$1" input_filepaths
}

# find_inputs BLOCK: sets inputs[], the directories of its frames, and step[files], where only some of them are named: its
# own input; else the output of the last Actions or FocusStackBunch; else the job's input; else the last
# NoiseDetection's.
find_inputs() {
    local b=$1 value='' files=''
    inputs=()
    step[files]=''
    if ! has_input "$b"; then
        last_before "$1" Actions FocusStackBunch
        b=${REPLY:-${job[block]}}
        [[ ! $REPLY ]] || value=${setting[$b.output_path]-${block_name[b]}}
    fi
    if [[ ! $value ]] && ! has_input "$b"; then
        last_before "$1" NoiseDetection
        b=${REPLY:-$1}
    fi
    [[ $value ]] || files=${setting[$b.input_filepaths]-}
    value=${value:-${setting[$b.input_path]-}}
    if [[ $files && ! $value ]] && is_set "${job[block]}" input_path; then
        b=${job[block]}
        value=${setting[$b.input_path]}
    fi
    working_path "$b"
    b=$REPLY
    while IFS= read -r value; do
        [[ ! $value ]] || { resolve "$b" "$value" && inputs+=("$REPLY"); }
    done <<<"$value"
    [[ ! $files ]] || find_files "$b" "$files"
}

# find_files WORKING_PATH FILES: sets step[files], those of a line each, and inputs[], their directories. Relative ones
# begin at an input path, that of the step or else of the job, where there is one.
find_files() {
    local file at paths=("${inputs[@]}")
    local -A seen=()
    inputs=()
    while IFS= read -r file; do
        if [[ ${#paths[@]} -gt 0 && $file != /* ]]; then
            for at in "${paths[@]}" "${paths[0]}"; do
                [[ ! -e $at/$file ]] || break
            done
            file=$at/$file
        else
            resolve "$1" "$file"
            file=$REPLY
            [[ $file == */* ]] || file=./$file
        fi
        step[files]+=$file$'\n'
        [[ ${seen[${file%/*}]-} ]] || inputs+=("${file%/*}")
        seen[${file%/*}]=yes
    done <<<"$2"
}

# ---- paths ----

# physical PATH: absolute, without links, dots or empty parts, also where its last parts are not there yet: two paths are
# the same directory when these are the same.
physical() {
    REPLY=$(realpath -m -- "$1" && echo .)
    REPLY=${REPLY%$'\n.'}
}

# directory_of WORKING_PATH: as the job file has it, absolute.
directory_of() {
    case $1 in
    '') REPLY=${place[base]} ;;
    /*) REPLY=$1 ;;
    *) REPLY=${place[base]}/$1 ;;
    esac
    trim_path "$REPLY"
}

# resolve WORKING_PATH PATH: the path as seen from the step's working path.
resolve() {
    REPLY=$2
    if [[ $2 != /* ]]; then
        directory_of "$1"
        if [[ $REPLY == "${step[work]}" ]]; then
            REPLY=$2
        else
            REPLY+=/$2
        fi
    fi
    trim_path "$REPLY"
}

# trim_path PATH: without slash or dot directory at its end, and without a beginning that a program takes for an option, or
# awk for an assignment.
trim_path() {
    REPLY=$1
    while :; do
        case $REPLY in
        ?*/) REPLY=${REPLY%/} ;;
        ?*/.) REPLY=${REPLY%/.} ;;
        ./?*) REPLY=${REPLY#./} ;;
        *) break ;;
        esac
    done
    [[ $REPLY != -* && $REPLY != [A-Za-z_]*=* ]] || REPLY=./$REPLY
}

# absolute PATH: of a path of the step.
absolute() {
    REPLY=$1
    [[ $1 == /* ]] || REPLY=${step[work]}/$1
}
