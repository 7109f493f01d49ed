#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Files, descriptors, terminals and messages: what all programs do with them.

load helper

make_fixtures() {
    makestack -kind=easy -width=160 -height=120 -frames=3 stack
    pam 160 120 1 255 0 >none.pam
    pam 20 20 3 255 $(seq 0 7 250) >map.pam
    framealign -quiet -estimate stack/*.pam >table
    framebalance -corrections=corrections stack/*.pam >/dev/null
    noisehist -plot=plot.svg map.pam >/dev/null
    noisedetect -quiet -output=noise stack/*.pam
    framefuse -output=fused -depthmap=depth stack/*.pam
    frameout -jpeg map.pam >photo.jpg
}

# Each option that names a file, as "FILE COMMAND": the command makes $name, like the fixture FILE.
# Names end as that does, from its first dot or dash on; $base is the name without that.
targets=('table framealign -quiet -save=$name $stack' 'corrections framebalance -corrections=$name $stack')
others=('fused framefuse -output=$name $stack' 'photo.jpg frameout -jpeg -output=$name $map'
    'plot.svg noisehist -plot=$name $map'
    'noise-rgb.png noisedetect -quiet -output=$base $stack')
depth='depth framefuse -depthmap=$name $stack'

# ending TARGET: how its names end.
ending() {
    sed -E 's/^[a-z]*([^ ]*) .*/\1/' <<<"$1"
}

# Runs the command of such a line with $name for the file; what it puts out is in ./out.
make_target() {
    # shellcheck disable=SC2034
    local name=$2 base=${2%"$(ending "$1")"} stack="$FIXTURES/stack/0*.pam" map="$FIXTURES/map.pam"
    eval "${1#* }" >out
}

# ends PID: that process ends before long.
ends() {
    local left=600
    while kill -0 "$1" 2>/dev/null; do
        left=$((left - 1))
        [ $left -gt 0 ] || {
            kill -KILL "$1"
            echo "process $1 does not end"
            return 1
        }
        sleep .1
    done
}

# ---- targets that are no plain new file ----

@test "a symbolic link stays one, and the file that it leads to is written" {
    mkdir real
    for target in "${targets[@]}" "${others[@]}" "$depth"; do
        wanted=$FIXTURES/${target%% *}
        second=second$(ending "$target")
        ln -sf real/file link
        ln -sf link "$second"
        for state in new old; do
            echo $state
            make_target "$target" "$second"
            [ -L link ] && [ -L "$second" ] && [ ! -L real/file ]
            cmp real/file "$wanted"
        done
        rm real/file
    done
    ln -s real/x.pam 0000.pam
    noisemask -mask="$FIXTURES/none.pam" -outdir=. "$FIXTURES/stack/0000.pam"
    [ -L 0000.pam ]
    cmp <(raster real/x.pam) <(raster "$FIXTURES/stack/0000.pam")
    [ "$(find . -name '.stackpbm*')" = '' ]
}

@test "links in a ring are an error" {
    ln -s b a
    ln -s a b
    fails_with 1 'a cannot be written: .*symbolic links' framealign -save=a "$FIXTURES"/stack/*.pam
}

@test "standard output by the name of a file is written through" {
    # A link as /dev/stdout is one, but not that of the system.
    ln -s /proc/self/fd/1 stdout
    framealign -quiet -outdir=frames -save=stdout "$FIXTURES"/stack/*.pam >file
    cmp file "$FIXTURES/table"
    framealign -quiet -outdir=frames -save=stdout "$FIXTURES"/stack/*.pam | cmp - "$FIXTURES/table"
    { echo before && framebalance -outdir=frames -corrections=stdout "$FIXTURES"/stack/*.pam && echo after; } >file
    { echo before && cat "$FIXTURES/corrections" && echo after; } | cmp - file
    [ -L stdout ]
}

@test "an open file by its number is written through, whatever its name is by then" {
    ln -s /dev/fd/6 six
    for name in /dev/fd/6 /proc/self/fd/6 /proc/thread-self/fd/6 six; do
        for target in "${targets[@]}" "${others[0]}"; do
            wanted=$FIXTURES/${target%% *}
            # Between what others write to it.
            { echo before >&6 && make_target "$target" $name && echo after >&6; } 6>f
            { echo before && cat "$wanted" && echo after; } | cmp - f
            # A file that is gone, one that is renamed, and one that is appended to.
            : >f
            exec 7<>f
            rm f
            make_target "$target" $name 6>&7
            [ -z "$(find . -name 'f*')" ]
            cmp /dev/fd/7 "$wanted"
            exec 7>&-
            { mv f g && make_target "$target" $name; } 6>f
            cmp g "$wanted"
            make_target "$target" $name 6>>g
            cat "$wanted" "$wanted" | cmp - g
            rm g
            [ ! -e f ] && [ -L /dev/fd ]
        done
    done
    # Open for reading only, as another program's: written in place, like the shell does.
    cp "$FIXTURES/map.pam" f
    was=$(stat -c %i f)
    make_target "${targets[0]}" /dev/fd/6 6<f
    cmp f "$FIXTURES/${targets[0]%% *}"
    [ "$(stat -c %i f)" = "$was" ]
    fails_with 1 'fd/9 cannot be written' framealign -save=/dev/fd/9 "$FIXTURES"/stack/*.pam 9>&-
}

# bats test_tags=all
@test "a FIFO for a target takes the table, and TERM ends a program that waits for its reader" {
    for target in "${targets[@]}" "${others[@]}"; do
        fifo=fifo$(ending "$target")
        mkfifo "$fifo"
        timeout 60 cat "$fifo" >got &
        reader=$!
        make_target "$target" "$fifo"
        wait $reader
        cmp got "$FIXTURES/${target%% *}"
        make_target "$target" "$fifo" &
        writer=$!
        # It shall be waiting then; were it not, the test would only not see a fault.
        sleep .7
        child=$(pgrep -P $writer) || child=
        kill ${child:-$writer}
        ends ${child:-$writer}
        [ -p "$fifo" ]
        rm "$fifo"
    done
    mkfifo fifo
    fails_with 1 'depthmap=fifo: a regular file is needed' framefuse -depthmap=fifo "$FIXTURES"/stack/*.pam
}

@test "mode and owner of a file that is replaced stay" {
    for mode in 640 604 444 777; do
        for target in "${targets[@]}" "${others[@]}" "$depth"; do
            file=file$(ending "$target")
            rm -f "$file"
            echo old >"$file"
            chmod $mode "$file"
            [ "$(id -u)" -ne 0 ] || chown 1:2 "$file"
            was=$(stat -c '%a %u %g' "$file")
            make_target "$target" "$file"
            cmp "$file" "$FIXTURES/${target%% *}"
            [ "$(stat -c '%a %u %g' "$file")" = "$was" ]
        done
    done
    umask 027
    make_target "${targets[0]}" new
    [ "$(stat -c %a new)" = 640 ]
}

@test "what replaces a private file is private from the start" {
    strace -o trace true 2>/dev/null || skip "strace is missing, or may not trace"
    export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
    umask 0
    for mode in 600 644 700; do
        echo old >table
        chmod $mode table
        strace -f -o trace -e trace=openat,open framealign -quiet -save=table "$FIXTURES"/stack/*.pam >out
        created=$(sed -n 's/.*"\.stackpbm-.*, 0\([0-7]*\)[) ].*/\1/p' trace | head -n 1)
        [ "$created" = $(printf '%o' $((0$mode & 0666))) ]
    done
}

# ---- closed descriptors ----

@test "with standard error closed no message gets into a file" {
    pam 160 120 3 100 1 2 3 >other.pam
    noisemask -mask="$FIXTURES/none.pam" -png -outdir=open other.pam
    noisemask -mask="$FIXTURES/none.pam" -png -outdir=closed other.pam 2>&-
    cmp open/other.png closed/other.png
    noisedetect -output=x "$FIXTURES"/stack/*.pam 2>&-
    cmp x-rgb.png "$FIXTURES/noise-rgb.png"
    framealign -save=table -crop -outdir=cropped "$FIXTURES"/stack/*.pam 2>&- >&-
    cmp table "$FIXTURES/table"
    framebalance -outdir=balanced -corrections=corrections "$FIXTURES"/stack/*.pam <&- >&- 2>&-
    cmp corrections "$FIXTURES/corrections"
    status=0
    noisemask -mask=absent.pam "$FIXTURES/none.pam" >out 2>&- || status=$?
    [ $status -eq 1 ] && [ ! -s out ]
}

@test "standard output or input that is closed is an error" {
    stack=("$FIXTURES"/stack/*.pam)
    pam 160 120 3 255 255 >white.pam # is refused, so that nothing is written
    for command in "noisedetect ${stack[*]}" "noisemask -mask=$FIXTURES/none.pam ${stack[*]}" \
        "framealign ${stack[*]}" "framebalance ${stack[*]}" "framefuse ${stack[*]}" \
        "frameout -jpeg ${stack[0]}" "frameout -tiff ${stack[0]}" "frameout -png ${stack[0]}" \
        "noisehist $FIXTURES/map.pam" "noiselist -format=plain $FIXTURES/map.pam" \
        'noisehist -help' 'framealign -version' \
        "noiselist -format=plain $FIXTURES/none.pam" "framealign -direct -reference=${stack[0]} white.pam"; do
        status=0
        $command >&- 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches 'standard output.*: bad file descriptor' "$(cat messages)"
    done
    for filter in noisedetect noisehist "noisemask -mask=$FIXTURES/none.pam" framealign framebalance framefuse \
        'frameout -jpeg' 'noiselist -format=plain' 'noiselist -mask -width=3 -height=2 -format=plain'; do
        status=0
        $filter <&- >out 2>messages || status=$?
        [ "$status" -eq 1 ] && [ ! -s out ]
        matches 'standard input cannot be read: bad file descriptor' "$(cat messages)"
    done
}

# ---- failures leave nothing behind ----

@test "a run whose frames cannot be written leaves no table" {
    stack=("$FIXTURES"/stack/*.pam)
    for command in "framealign -quiet -save=file ${stack[*]}" "framebalance -corrections=file ${stack[*]}" \
        "framefuse -depthmap=file ${stack[*]}"; do
        rm -f file
        for old in no yes; do
            [ $old = no ] || echo old >file
            status=0
            $command >/dev/full 2>messages || status=$?
            [ "$status" -eq 1 ]
            matches 'written: no space left' "$(cat messages)"
            [ $old = no ] || [ "$(cat file)" = old ]
            [ $old = yes ] || [ ! -e file ]
            [ ! -e file.tsv ]
        done
    done
    # A frame that standard output's buffer holds whole fails when it is complete.
    framebalance -corrections=small "$FIXTURES/map.pam" >/dev/full 2>messages && false
    [ ! -e small ]
}

@test "a table that cannot be written makes the stream of frames a broken one" {
    for target in "${targets[@]}"; do
        status=0
        make_target "$target" /dev/full 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches '/dev/full could not be written: no space left' "$(cat messages)"
        [ "$(tail -c 10 out)" = 'P7 failed' ]
    done
    fails_with 1 'depthmap=/dev/full: a regular file is needed' framefuse -depthmap=/dev/full "$FIXTURES"/stack/*.pam
}

@test "a picture, a plot and a mask that cannot be written are errors, and nothing beside them is left" {
    for target in "${others[@]}"; do
        ln -s /dev/full "full$(ending "$target")"
        status=0
        make_target "$target" "full$(ending "$target")" 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches 'full.* could not be written: no space left' "$(cat messages)"
        rm "full$(ending "$target")"
        [ "$(find . -type f -printf '%f\n' | sort | paste -sd ' ')" = 'messages out' ]
    done
    # The depth map and its table, where the picture is what fails.
    ln -s /dev/full full
    fails_with 1 'full could not be written: no space left' framefuse -depthmap=depth -output=full "$FIXTURES"/stack/*.pam
    [ ! -e depth ] && [ ! -e depth.tsv ]
}

@test "a plot is made whole or not at all" {
    status=0
    noisehist -plot=x.svg "$FIXTURES/map.pam" >/dev/full 2>messages || status=$?
    [ "$status" -eq 1 ] && [ ! -e x.svg ]
    matches 'standard output could not be written: no space left' "$(cat messages)"
    # A limit on the size of files is a disk that is full.
    status=0
    (
        trap '' XFSZ
        ulimit -f 4
        noisehist -plot=x.svg "$FIXTURES/map.pam" >table 2>messages
    ) || status=$?
    [ "$status" -eq 1 ] && [ ! -e x.svg ]
    matches 'x.svg could not be written: file too large' "$(cat messages)"
    [ "$(echo .stackpbm*)" = '.stackpbm*' ]
}

@test "a gnuplot that dies or fails is an error that says so" {
    mkdir bin
    for end in 'kill -9 $$' 'cat >/dev/null; kill -9 $$'; do
        printf '#!/bin/sh\n%s\n' "$end" >bin/gnuplot
        chmod +x bin/gnuplot
        status=0
        PATH=$PWD/bin:$PATH noisehist -plot=x.svg "$FIXTURES/map.pam" >out 2>messages || status=$?
        [ "$status" -eq 1 ] && [ ! -e x.svg ]
        matches 'gnuplot was ended by signal 9' "$(cat messages)"
        grep -q threshold out
    done
    printf '#!/bin/sh\nexit 3\n' >bin/gnuplot
    PATH=$PWD/bin:$PATH noisehist -plot=x.svg "$FIXTURES/map.pam" >out 2>messages && false
    matches 'gnuplot failed with status 3' "$(cat messages)"
}

@test "temporary files go with every signal that can be caught" {
    ulimit -c 0
    mkfifo feed
    mkdir dir
    for signal in HUP INT QUIT PIPE ALRM TERM USR1 USR2 XCPU XFSZ VTALRM PROF; do
        status=0
        # Jobs in the background ignore INT and QUIT otherwise.
        env --default-signal framealign -save=dir/table -outdir=dir/frames <feed >out 2>messages &
        running=$!
        exec 9>feed
        until find dir -name '.stackpbm*' | grep -q .; do sleep .05; done
        kill -$signal $running
        wait $running 2>/dev/null || status=$?
        exec 9>&-
        [ "$status" -eq $((128 + $(kill -l $signal))) ]
        [ "$(find dir -type f)" = '' ]
    done
}

@test "a file that grows while its rows are read is an error that says so" {
    pam 4 2 1 255 7 >frame.pam
    bytes=$(stat -c %s frame.pam)
    fails_with 1 "frame.pam changed while it was read: it was $bytes bytes long, and now is $((bytes + 1))" \
        growingfile frame.pam
}

@test "what was written is on the disk before it is in its place" {
    strace -o trace true 2>/dev/null || skip "strace is missing, or may not trace"
    export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
    strace -f -o trace -e trace=fdatasync,fsync,rename,renameat,renameat2 \
        framealign -quiet -outdir=out -save=table "$FIXTURES"/stack/*.pam
    # What one thread asks for may end behind what another one does.
    awk '/sync(\(| resumed).* = 0/ { synced++ } /rename[a-z0-9]*\(/ { if (synced != 1) bad = 1; synced = 0; renamed++ }
         END { exit bad || renamed != 4 }' trace
}

# ---- messages ----

@test "control characters of names are shown, not sent" {
    local name=$'a\e[31mb\nnoisemask: all is well\r\u009b\xff\x7fü'
    local shown='a\x1b[31mb\nnoisemask: all is well\r\xc2\x9b\xff\x7fü'
    cp "$FIXTURES/stack/0001.pam" "./$name.pam"
    head -c -5 "$name.pam" >"cut$name.pam"
    for filter in noisedetect noisehist framefuse 'frameout -jpeg' "noisemask -mask=$FIXTURES/none.pam" \
        "framebalance -reference=$FIXTURES/stack/0000.pam" "framealign -direct -reference=$FIXTURES/stack/0000.pam"; do
        for file in "cut$name.pam" "absent$name.pam"; do
            status=0
            $filter "$file" >out 2>messages || status=$?
            [ "$status" -eq 1 ]
            [ "$(wc -l <messages)" -eq 1 ]
            grep -qF "$shown" messages
        done
        $filter -masx$'\e'=1 2>messages && false
        ! grep -q $'\e' messages || false
    done
    pam 160 120 3 255 0 >"./$name.pam"
    framealign -direct -reference="$FIXTURES/stack/0000.pam" "$name.pam" >out 2>messages && false
    grep -F "$shown" messages | grep -q refused
    [ "$(wc -l <messages)" -eq 1 ]
    # libnetpbm's own
    printf 'P7\nWIDTH x\nENDHDR\n' >"$name.pam"
    noisedetect "$name.pam" >out 2>messages && false
    grep -qF "$shown" messages
    ! grep -q $'\e' messages || false
}

@test "a message that is long comes whole" {
    name=$(printf 'n%.0s' $(seq 240))
    path=$(printf "$name/%.0s" $(seq 12))
    fails_with 1 "^$path.x cannot be read" noisedetect "$path.x"
}

@test "progress on a terminal: frames or rows, names shown; none with -quiet" {
    local name=$'a\e[31mb'
    cp "$FIXTURES/stack/0001.pam" "./$name.pam"
    cp "$FIXTURES/stack/0002.pam" b.pam
    # Not the terminal's own marks: "clear the line" is one that the program sends.
    on_terminal() { script -qec "$*" /dev/null </dev/null | sed 's/\x1b\[K//g' >terminal; }
    on_terminal "noisemask -mask=$FIXTURES/none.pam -outdir=o *.pam"
    grep -qF 'frame 1 of 2: a\x1b[31mb' terminal
    grep -qF 'frame 2 of 2: b' terminal
    ! grep -q $'\e' terminal || false
    on_terminal 'noisedetect -output=x *.pam'
    grep -q 'row 0 of 120' terminal
    on_terminal 'noisedetect -quiet -output=x *.pam'
    [ ! -s terminal ]
}

@test "images do not go to a terminal, and only what the program has is proposed in place of it" {
    on_terminal() { script -qec "$*" /dev/null </dev/null >terminal || true; }
    frame=$FIXTURES/stack/0000.pam
    for filter in "noisemask -mask=$FIXTURES/none.pam" framealign framebalance; do
        on_terminal "$filter $frame"
        matches 'standard output is a terminal: redirect it \(>result.pam\), pipe it, or use -outdir=DIR' "$(tr -d '\r' <terminal)"
    done
    on_terminal "framefuse $frame"
    matches 'redirect it \(>result.pam\), pipe it, or use -output=FILE' "$(tr -d '\r' <terminal)"
    on_terminal "frameout -tiff $frame"
    matches 'redirect it \(>result.tif\), pipe it, or use -output=FILE or -outdir=DIR' "$(tr -d '\r' <terminal)"
    on_terminal "noisedetect $frame"
    matches 'redirect it \(>result.pam\), pipe it, or use -output=PREFIX' "$(tr -d '\r' <terminal)"
    printf '1 2\n' >list
    on_terminal "noiselist -mask -format=plain -width=9 -height=9 list"
    matches 'redirect it \(>result.pam\) or pipe it *$' "$(tr -d '\r' <terminal)"
}

@test "an error that there is no memory names the program and the file" {
    printf 'P7\nWIDTH 2000000\nHEIGHT 2000000\nDEPTH 3\nMAXVAL 65535\nTUPLTYPE RGB\nENDHDR\n' >huge.pam
    for filter in noisedetect noisehist framebalance framealign 'frameout -png'; do
        status=0
        $filter huge.pam >out 2>messages || status=$?
        [ "$status" -eq 1 ]
        grep -qE "^${filter% *}: (out of memory for )?huge.pam" messages # sanitizers say more
    done
}

# bats test_tags=all
@test "so does one that comes while a frame is worked on" {
    sanitized && skip "a sanitized program has memory of its own"
    makestack -kind=easy -width=1600 -height=1200 -frames=2 big
    for command in framealign 'framealign -direct -reference=big/0000.pam' framefuse; do
        told=0 limit=8000 status=1
        # Limits that end the program in one place after the other, until it has enough.
        while [ "$status" -ne 0 ]; do
            status=0
            (ulimit -c 0 && ulimit -v $limit && exec $command big/0*.pam) >out 2>messages || status=$?
            limit=$((limit + 4000))
            grep -q 'out of memory' messages || continue
            matches '^[a-z]+: out of memory for (big/)?000[01].* bytes could not be had' "$(cat messages)"
            told=$((told + 1))
        done
        [ $told -ge 3 ]
    done
}

@test "sentences about options without effect can be read" {
    frame=$FIXTURES/stack/0000.pam
    fails_with 1 'border has no effect with -crop, which puts out nothing that lies outside a frame: leave it out' \
        framealign -crop -border=blur "$frame"
    fails_with 1 'borderblur has no effect without -border=blur: leave it out' framealign -borderblur=9 "$frame"
    fails_with 1 'borderblur has no effect with -crop, which' framealign -crop -borderblur=9 "$frame"
    fails_with 1 'interval has no effect with -curve=match, which counts all values: leave it out' \
        framebalance -curve=match -interval=3,9 "$frame"
}

@test "a mask that is refused leaves no directory for the frames" {
    fails_with 2 'Nothing was written' noisemask -mask="$FIXTURES/map.pam" -maxpixels=1 -outdir=out \
        "$FIXTURES/map.pam"
    [ ! -e out ]
}

@test "a full disk is told as such, whatever cannot be written" {
    for command in "noisehist $FIXTURES/map.pam" "noisehist -range=0,255 $FIXTURES/map.pam" \
        "noisehist -plot=- $FIXTURES/map.pam" "noisehist -target=3 $FIXTURES/map.pam" \
        'noisehist -help' 'noisemask -version' 'framealign -help' 'framebalance -version' 'noisedetect -version' \
        'framefuse -help' "framefuse $FIXTURES/map.pam" 'frameout -help' "frameout -jpeg $FIXTURES/map.pam" \
        "frameout -tiff $FIXTURES/map.pam" "frameout -png $FIXTURES/map.pam" \
        "framealign -estimate $FIXTURES/stack/0000.pam"; do
        status=0
        $command >/dev/full 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches 'standard output could not be written: no space left' "$(cat messages)"
    done
}
