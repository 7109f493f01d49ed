#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What all filters share: streams, names, refusals, and what a failure does to the rest of a pipe.

load helper

make_fixtures() {
    makestack -kind=noise -width=80 -height=60 -hot=8 -dead=4 -levels=20,40 -frames=3 stack
    pam 80 60 1 255 0 >none.pam
    noisedetect -quiet stack/*.pam >hot.pam
    pam 4 3 3 255 1 2 3 4 5 >good.pam
    pam 4 3 1 255 0 0 9 >mask.pam
}

# Each filter, so that it reads frames like good.pam from its operands or standard input.
filters=('noisedetect -quiet' 'noisehist' "noisemask -mask=$FIXTURES/mask.pam"
    'framealign' "framealign -reference=$FIXTURES/good.pam"
    'framebalance' "framebalance -reference=$FIXTURES/good.pam" 'framefuse' 'frameout -png')

# every_filter_refuses PATTERN FILE: as an operand and on standard input; and, by filters that take
# several frames, behind a good frame, as the next operand or in one stream. There it may be refused
# for what it is beside the good one.
every_filter_refuses() {
    local filter pattern=$1 file=$2
    local behind="$pattern|must be alike|behind image [12] stands"
    cat "$FIXTURES/good.pam" "$file" >stream
    for filter in "${filters[@]}"; do
        # shellcheck disable=SC2086
        {
            fails_with 1 "$pattern" $filter "$file"
            fails_with 1 "$pattern" $filter <"$file"
            [[ $filter != noisehist && $filter != frameout* ]] || continue
            refuses_in_midstream "$behind" $filter "$FIXTURES/good.pam" "$file"
            refuses_in_midstream "$behind" $filter stream
        }
    done
}

# refuses_in_midstream PATTERN FILTER...: with status 1 and, where a frame had been written, a
# broken end.
refuses_in_midstream() {
    local pattern=$1 status=0
    shift
    "$@" >out 2>messages || status=$?
    [ "$status" -eq 1 ] || {
        echo "status $status of: $*"
        return 1
    }
    said_by "$1" messages
    matches "$pattern" "$said"
    [ ! -s out ] || [ "$(tail -c 10 out)" = 'P7 failed' ] || {
        echo "the output does not end with P7 failed, of: $*"
        return 1
    }
}

# ---- input that is no frame ----

@test "a file that is not there" {
    for filter in "${filters[@]}"; do
        # shellcheck disable=SC2086
        fails_with 1 'absent.pam' $filter absent.pam
    done
}

@test "a directory" {
    for filter in "${filters[@]}"; do
        # shellcheck disable=SC2086
        fails_with 1 'is a directory|is no regular file' $filter "$FIXTURES"
    done
}

@test "an empty file, and nothing on standard input" {
    : >nothing
    for filter in "${filters[@]}"; do
        # shellcheck disable=SC2086
        {
            fails_with 1 'nothing is empty' $filter nothing
            fails_with 1 'standard input is empty' $filter
            fails_with 1 'standard input is empty' $filter -
        }
    done
}

@test "text" {
    echo 'Some text that is no frame.' >text
    every_filter_refuses 'is no PAM, PNM or PNG stream: it begins with byte 0x53' text
}

@test "a JPEG, with the name of the way in" {
    pamtopnm "$FIXTURES/good.pam" | pnmtojpeg -quiet >photo.jpg
    every_filter_refuses 'JPEG file: use framein' photo.jpg
}

@test "a TIFF, with the name of the way in" {
    printf 'II*\0\10\0\0\0' >photo.tif
    every_filter_refuses 'TIFF or camera raw file: use framein' photo.tif
}

@test "a truncated header" {
    for bytes in 2 3 10 30 50; do
        head -c $bytes "$FIXTURES/good.pam" >cut.pam
        every_filter_refuses 'EOF|ENDHDR' cut.pam
    done
}

@test "a truncated raster, with the name of the frame" {
    head -c -1 "$FIXTURES/good.pam" >cut.pam
    every_filter_refuses 'is truncated: image [12] ends 35 bytes into its 36' cut.pam
    head -c 75 "$FIXTURES/good.pam" >cut.pam
    every_filter_refuses 'is truncated: image [12] ends [0-9]+ bytes into its 36' cut.pam
    printf 'P6\n4 3\n255\nabc' >cut.ppm
    every_filter_refuses 'is truncated: image [12] ends 3 bytes into its 36' cut.ppm
    printf 'P3\n4 3\n255\n1 2 3 4\n' >cut.ppm
    every_filter_refuses 'EOF' cut.ppm
}

@test "junk after the raster" {
    for junk in x '
' '   P7' '# frame'; do
        { cat "$FIXTURES/good.pam" && printf '%s' "$junk"; } >junk.pam
        every_filter_refuses 'behind image 1' junk.pam
    done
}

@test "the beginning of another image that does not come" {
    for junk in P7 P6 PX "$(printf '\211PNG')"; do
        { cat "$FIXTURES/good.pam" && printf '%s' "$junk"; } >junk.pam
        for filter in "${filters[@]}"; do
            # shellcheck disable=SC2086
            refuses_in_midstream 'junk.pam: .*(EOF|read error|magic number)' $filter junk.pam
        done
    done
}

# bats test_tags=all
@test "sizes that overflow" {
    refusal='too.large|ridiculously large|negative|unsigned integer|out of memory|GiB of memory|is truncated|from frames of that size|must be alike'
    for size in '4294967295 4294967295' '65536 65536' '2147483647 2147483647' '1000000 1000000' \
        '4294967296 1' '99999999999999999999 1' '-1 3'; do
        # shellcheck disable=SC2086
        printf 'P7\nWIDTH %s\nHEIGHT %s\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n' $size >huge.pam
        every_filter_refuses "$refusal" huge.pam
        printf 'P6\n%s\n255\n' "$size" >huge.ppm
        every_filter_refuses "$refusal" huge.ppm
    done
}

# bats test_tags=all
@test "width, height or maxval 0, and a maxval above 65535" {
    refusal='is zero|too large|unsigned integer|negative value|non-numeric value'
    for header in '0 3 255' '4 0 255' '4 3 0' '4 3 65536' '4 3 -1' 'x 3 255'; do
        printf 'P6\n%s\n%036d' "$header" 0 >bad.ppm
        every_filter_refuses "$refusal" bad.ppm
        # shellcheck disable=SC2086
        printf 'P7\nWIDTH %s\nHEIGHT %s\nDEPTH 3\nMAXVAL %s\nTUPLTYPE RGB\nENDHDR\n%036d' $header 0 >bad.pam
        every_filter_refuses "$refusal" bad.pam
    done
}

@test "planes that the tuple type does not name are left out, with a word" {
    pam 2 2 5 255 1 2 3 4 5 11 12 13 14 15 21 22 23 24 25 31 32 33 34 35 | sed 's/OTHER/RGB_ALPHA_IR/' >five.pam
    pam 2 2 4 65535 100 200 300 400 | sed 's/RGB_ALPHA/RGB/' >four.pam
    pam 2 2 2 9 3 4 | sed 's/GRAYSCALE_ALPHA/GRAYSCALE/' >two.pam
    pam 2 2 1 255 0 >mask.pam
    says '^five.pam: the tuple type names 4 of the 5 planes' noisemask -mask=mask.pam five.pam
    [ "$(samples out)" = '1 2 3 4 11 12 13 14 21 22 23 24 31 32 33 34' ]
    [ "$(header TUPLTYPE out)" = RGB_ALPHA ]
    says 'names 3 of the 4 planes' noisemask -mask=mask.pam four.pam
    [ "$(samples out)" = '100 200 300 100 200 300 100 200 300 100 200 300' ]
    says 'names 1 of the 2 planes' noisemask -mask=mask.pam <two.pam
    [ "$(samples out)" = '3 3 3 3' ]
    cat five.pam five.pam | noisemask -mask=mask.pam 2>err | wc -c >/dev/null
    [ "$(grep -c 'tuple type' err)" -eq 1 ]
}

@test "the planes left out of a file are told once, though it is read several times" {
    makestack -kind=noise -depth=1 -frames=3 gray
    mkdir planes
    for frame in gray/*.pam; do
        pamstack -quiet -tupletype=GRAYSCALE "$frame" "$frame" "$frame" >"planes/${frame##*/}"
    done
    for filter in noisedetect framealign 'framealign -estimate' 'framealign -reference=planes/0000.pam' framebalance \
        'framebalance -reference=planes/0000.pam' framefuse; do
        $filter planes/*.pam 2>err >/dev/null
        [ "$(grep -c 'names 1 of the 3 planes' err)" -eq 1 ]
    done
}

@test "-plain is taken, as by Netpbm's programs that write PAM" {
    pam 2 2 1 255 1 2 3 4 >a.pam
    pam 2 2 1 255 0 >mask.pam
    noisemask -plain -mask=mask.pam a.pam >out
    noisemask -mask=mask.pam a.pam | same - out
    for program in $(programs); do "$program" -plain -help >/dev/null; done
}

@test "depth 5 and depth 0" {
    pam 4 3 5 255 1 >five.pam
    every_filter_refuses 'depth 5; frames are gray or RGB' five.pam
    printf 'P7\nWIDTH 4\nHEIGHT 3\nDEPTH 0\nMAXVAL 255\nENDHDR\n' >none.pam
    every_filter_refuses 'DEPTH value is zero' none.pam
}

@test "a sample above the maxval" {
    pam 4 3 3 100 1 2 101 >above.pam
    every_filter_refuses 'sample of 101.* maxval of 100|maxval 100, but .*must be alike|has maxval 100, but' above.pam
    printf 'P3\n4 3\n100\n%s\n' "1 2 101 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3 1 2 3" >above.ppm
    every_filter_refuses 'value 101 .*maxval of 100|maxval 100, but .*must be alike|has maxval 100, but' above.ppm
}

# bats test_tags=all
@test "a PNG that is cut, or whose checksum is wrong" {
    pamtopng "$FIXTURES/good.pam" >good.png
    size=$(wc -c <good.png)
    for bytes in 4 8 20 40 $((size - 12)) $((size - 1)); do
        head -c "$bytes" good.png >cut.png
        every_filter_refuses 'read error|cut off' cut.png
    done
    for at in 20 30 50 $((size - 2)); do
        cp good.png bad.png
        printf '\252' | dd of=bad.png bs=1 seek="$at" conv=notrunc status=none
        cmp -s good.png bad.png && continue
        every_filter_refuses ': (IHDR|IDAT|IEND): ' bad.png
    done
}

@test "a frame of another width, height, depth or maxval, with both names and geometries" {
    pam 5 3 3 255 1 >wide.pam
    pam 4 2 3 255 1 >low.pam
    pam 4 3 1 255 1 >gray.pam
    pam 4 3 4 255 1 >opaque.pam
    pam 4 3 3 254 1 >maxval.pam
    for other in wide low gray opaque maxval; do
        for filter in "${filters[@]}"; do
            [[ $filter != noisehist && $filter != frameout* ]] || continue
            # shellcheck disable=SC2086
            refuses_in_midstream "good.*$other|$other.*good" $filter "$FIXTURES/good.pam" $other.pam
            matches '4x3.*depth 3.*maxval 255' "$(cat messages)"
        done
    done
}

# ---- output that cannot be written ----

@test "a full disk is an error" {
    for filter in "${filters[@]}" 'noisedetect -map' 'noisedetect -planes' 'noisehist -target=1' \
        'noisehist -plot=-' "noisemask -png -mask=$FIXTURES/mask.pam"; do
        status=0
        # shellcheck disable=SC2086
        $filter "$FIXTURES/good.pam" >/dev/full 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches '(standard output|frame good) could not be written|standard output: write error' "$(cat messages)"
    done
}

@test "frames never go to a terminal" {
    for filter in "${filters[@]}" 'noisedetect -map'; do
        [ "$filter" != noisehist ] || continue
        script -qec "$filter $FIXTURES/good.pam" /dev/null </dev/null >terminal && false
        tr -d '\r' <terminal >text
        matches 'terminal.*>' "$(cat text)"
        ! grep -q P7 text || false
    done
}

@test "a table goes to a terminal" {
    script -qec "noisehist $FIXTURES/good.pam" /dev/null </dev/null | grep any >table
}

@test "a reader that goes away ends a filter silently" {
    local many=()
    while [ ${#many[@]} -lt 50 ]; do many+=("$FIXTURES"/stack/*.pam); done
    set +o pipefail
    { noisemask -mask="$FIXTURES/none.pam" "${many[@]}" 2>messages || echo $? >status; } | head -c 10 >out
    [ ! -s messages ]
    [ "$(cat status)" -eq 141 ]
}

@test "a filter that is ended by a signal leaves no file, whole or in part" {
    mkfifo feed
    mkdir out
    for signal in HUP INT TERM; do
        # As in a terminal: what a script starts in the background would ignore INT.
        env --default-signal=INT framebalance -corrections=out/t.tsv <feed >frames &
        filter=$!
        exec 9>feed
        cat "$FIXTURES/stack/0000.pam" >&9
        for _ in $(seq 300); do
            [ -z "$(ls -A out)" ] || break
            sleep .1
        done
        [ -n "$(ls -A out)" ]
        kill -$signal $filter
        exec 9>&- # one that did not end now would come to its end
        status=0
        wait $filter || status=$?
        [ "$status" -eq $((128 + $(kill -l $signal))) ]
        is_empty out
    done
}

# ---- a failure in a pipe ----

@test "a filter that fails in mid-stream makes the next one fail" {
    head -c -1 "$FIXTURES/stack/0002.pam" >cut.pam
    set +o pipefail
    noisemask -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/000[01].pam cut.pam 2>first |
        fails_with 1 'standard input: EOF' noisedetect
    matches 'cut.pam is truncated' "$(cat first)"
    mkdir out
    noisemask -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/000[01].pam cut.pam 2>first |
        fails_with 1 'standard input: EOF' noisemask -mask="$FIXTURES/hot.pam" -outdir=out
    [ ! -e out/cut.pam ] && [ ! -e out/0002.pam ]
}

@test "the same through PNG" {
    head -c -1 "$FIXTURES/stack/0002.pam" >cut.pam
    set +o pipefail
    noisemask -png -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/000[01].pam cut.pam 2>first |
        fails_with 1 'standard input: EOF' noisedetect
}

@test "a filter that is killed in mid-stream makes the next one fail" {
    mkfifo feed
    set +o pipefail
    { noisemask -mask="$FIXTURES/hot.pam" <feed & echo $! >pid; wait $!; } 2>/dev/null |
        fails_with 1 'standard input.*(truncated|EOF)' noisedetect &
    next=$!
    exec 9>feed
    cat "$FIXTURES"/stack/000[01].pam >&9
    head -c 5000 "$FIXTURES/stack/0002.pam" >&9
    while [ ! -s pid ]; do sleep .01; done
    sleep .2
    kill "$(cat pid)"
    exec 9>&-
    wait $next
}

# ---- streams ----

@test "one operand of three images, three operands, and cat give the same bytes" {
    cd "$FIXTURES/stack"
    cat ./*.pam >"$OLDPWD/three.pam"
    for filter in 'noisedetect -quiet -map' 'noisedetect -quiet -statistic=persistent -threshold=5'; do
        # shellcheck disable=SC2086
        {
            $filter 0000.pam 0001.pam 0002.pam >"$OLDPWD/want"
            $filter "$OLDPWD/three.pam" | cmp - "$OLDPWD/want"
            $filter <"$OLDPWD/three.pam" | cmp - "$OLDPWD/want"
            $filter - <"$OLDPWD/three.pam" | cmp - "$OLDPWD/want"
            cat ./*.pam | $filter | cmp - "$OLDPWD/want"
            $filter 0000.pam - <0001.pam 0002.pam | cmp - "$OLDPWD/want"
        }
    done
}

# anonymous FILE: the stream without the names of its frames.
anonymous() {
    LC_ALL=C sed '/^# frame /d' "$1"
}

@test "the same for repaired frames, but for their names" {
    cd "$FIXTURES/stack"
    mask=$FIXTURES/hot.pam
    noisemask -mask="$mask" 0000.pam 0001.pam 0002.pam >"$OLDPWD/want"
    cat ./*.pam | noisemask -mask="$mask" >"$OLDPWD/have"
    cd "$OLDPWD"
    cmp <(anonymous want) <(anonymous have)
    [ "$(grep -a '^# frame' want | paste -sd ,)" = '# frame 0000,# frame 0001,# frame 0002' ]
    [ "$(grep -a '^# frame' have | paste -sd ,)" = '# frame frame-1,# frame frame-2,# frame frame-3' ]
}

@test "PAM, raw and plain PPM and PNG of the same frames give the same mask" {
    mkdir ppm plain png
    for frame in "$FIXTURES"/stack/*.pam; do
        name=$(basename "$frame" .pam)
        pamtopnm "$frame" >"ppm/$name.ppm"
        pamtopnm -plain "$frame" >"plain/$name.ppm"
        pamtopng "$frame" >"png/$name.png"
    done
    noisedetect -quiet "$FIXTURES"/stack/*.pam >want
    for kind in ppm plain png; do
        noisedetect -quiet $kind/* | cmp - want
        cat $kind/* | noisedetect -quiet | cmp - want
    done
    cat "$FIXTURES/stack/0000.pam" plain/0001.ppm png/0002.png | noisedetect -quiet | cmp - want
}

@test "gray frames too, and bitmaps" {
    pam 5 4 1 255 10 20 30 40 50 0 100 >gray.pam
    noisedetect -quiet -map gray.pam >want
    pamtopnm gray.pam | noisedetect -quiet -map | cmp - want
    pamtopnm -plain gray.pam | noisedetect -quiet -map | cmp - want
    pamtopng gray.pam | noisedetect -quiet -map | cmp - want
    pbmmake -gray 9 7 >raw.pbm
    pamtopnm -plain raw.pbm >plain.pbm
    noisedetect -quiet -map raw.pbm | cmp - <(noisedetect -quiet -map plain.pbm)
    [ "$(noisedetect -quiet -map raw.pbm | header MAXVAL /dev/stdin)" = 1 ]
}

@test "PNG of 1, 2, 4 and 16 bits, palettes and transparent colours come in as libpng shows them" {
    pam 6 5 1 1 0 1 1 0 0 0 1 >one.pam
    pam 6 5 1 3 0 1 2 3 3 >two.pam
    pam 6 5 1 15 0 5 9 15 1 >four.pam
    pam 6 5 3 65535 0 50000 65535 256 255 >sixteen.pam
    pam 6 5 3 255 0 0 0 9 8 7 255 0 1 >palette.pam
    pam 6 5 2 65535 0 50000 65535 256 255 >opacity.pam
    pam 6 5 1 255 0 >none.pam
    for frame in one two four sixteen palette opacity; do
        pamtopng $frame.pam >$frame.png
        noisemask -mask=none.pam $frame.png >ours.pam
        [ $frame = opacity ] && alpha=-alphapam || alpha=-byrow
        pngtopam "$alpha" $frame.png | pamdepth -quiet "$(header MAXVAL ours.pam)" | pamtopam >theirs.pam
        [ "$(samples ours.pam)" = "$(samples theirs.pam)" ]
    done
    pamtopng -transparent=rgb:00/00/00 palette.pam >transparent.png
    noisemask -mask=none.pam transparent.png >ours.pam
    [ "$(header TUPLTYPE ours.pam)" = RGB_ALPHA ]
    pngtopam -alphapam transparent.png >theirs.pam
    [ "$(samples ours.pam)" = "$(samples theirs.pam)" ]
}

@test "interlaced PNG is read" {
    pamtopng -interlace "$FIXTURES/stack/0000.pam" >interlaced.png
    noisemask -mask="$FIXTURES/none.pam" interlaced.png >ours.pam
    cmp <(raster ours.pam) <(raster "$FIXTURES/stack/0000.pam")
}

@test "what our filters write, stock Netpbm reads" {
    noisemask -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/*.pam | pamfile -allimages | grep -c 'RGB' | grep -qx 3
    noisemask -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/0001.pam | pamtopnm |
        cmp - <(noisemask -png -mask="$FIXTURES/hot.pam" "$FIXTURES"/stack/0001.pam | pngtopam)
}

@test "a complete frame goes on before the next one comes" {
    makestack -kind=easy -width=160 -height=120 -frames=3 frames
    pam 160 120 1 255 0 >none.pam
    noisemask -mask=none.pam frames/*.pam >stream
    size=$(($(wc -c <stream) / 3))
    head -c "$size" stream >first
    tail -c +$((size + 1)) stream >others
    for filter in 'noisemask -mask=none.pam' framealign framebalance \
        'framealign -reference=frames/0001.pam' 'framebalance -png'; do
        rm -f in out
        mkfifo in out
        # shellcheck disable=SC2086
        {
            $filter <first >want
            $filter <in >out &
            running=$!
        }
        exec 8>in 9<out
        cat first >&8
        # A filter that waits for more never gets it: then this ends without the frame.
        timeout 60 head -c "$(wc -c <want)" <&9 >have
        cmp have want
        { cat others >&8; } &
        exec 8>&-
        cat <&9 >>have
        exec 9<&-
        wait $running
        # shellcheck disable=SC2086
        $filter <stream | cmp - have
    done
}

@test "junk behind a frame that has gone out breaks the stream" {
    noisemask -mask="$FIXTURES/mask.pam" "$FIXTURES/good.pam" >named
    { cat named && printf x; } >stream
    for filter in "noisemask -mask=$FIXTURES/mask.pam" \
        "framebalance -reference=$FIXTURES/good.pam"; do
        status=0
        # shellcheck disable=SC2086
        $filter <stream >out 2>messages || status=$?
        [ "$status" -eq 1 ]
        matches 'behind image 1' "$(cat messages)"
        [ "$(tail -c 10 out)" = 'P7 failed' ]
    done
}

# changed_meanwhile PATTERN FROM TO COMMAND...: the file TO takes the place of FROM after the command
# has read its operands once and while it puts out its first frame, which a pipe does not hold; the
# command fails and says PATTERN.
changed_meanwhile() {
    local pattern=$1 from=$2 to=$3 running status=0
    shift 3
    cp "$from" before
    rm -f out
    mkfifo out
    "$@" >out 2>messages &
    running=$!
    exec 9<out
    head -c 1 <&9 >byte
    cp "$to" new
    mv new "$from"
    cat <&9 >rest
    exec 9<&-
    wait $running || status=$?
    mv before "$from"
    [ "$status" -eq 1 ] || {
        echo "status $status of: $*"
        return 1
    }
    matches "$pattern" "$(cat messages)"
    [ "$(tail -c 10 rest)" = 'P7 failed' ]
}

@test "operands that change between two readings end the program" {
    makestack -kind=easy -width=400 -height=300 -frames=5 frames
    cat frames/000[12].pam >two.pam
    cat frames/000[123].pam >three.pam
    cat frames/000[1].pam >one.pam
    # While a frame is written the next one may be read already: there is one between.
    pam 400 290 3 255 1 2 3 >other.pam
    for filter in framebalance framealign 'framealign -reference=frames/0001.pam' \
        'framealign -crop -reference=frames/0001.pam'; do
        cp three.pam b.pam
        # shellcheck disable=SC2086
        {
            changed_meanwhile 'frame b-3 is gone' b.pam two.pam $filter frames/0000.pam frames/0004.pam b.pam
            changed_meanwhile 'frame b was called b-1' b.pam one.pam $filter frames/0000.pam frames/0004.pam b.pam
            changed_meanwhile 'frame b.*400x290.*400x300.*must be alike' b.pam other.pam $filter frames/0000.pam frames/0004.pam b.pam
            cp two.pam b.pam
            changed_meanwhile 'frame b-3 was not there' b.pam three.pam $filter frames/0000.pam frames/0004.pam b.pam
            changed_meanwhile 'frame b was called b-1' b.pam one.pam $filter frames/0000.pam frames/0004.pam b.pam
        }
    done
}

# opened_by PID FILE: whether the process has the file open.
opened_by() {
    local descriptor
    for descriptor in /proc/"$1"/fd/*; do
        [ ! "$descriptor" -ef "$2" ] || return 0
    done
    return 1
}

@test "a file whose frames all change their size between two readings ends the program" {
    makestack -kind=easy -width=640 -height=480 -frames=5 frames
    makestack -kind=easy -width=600 -height=480 -frames=5 others
    cat frames/0*.pam >before.pam
    cat others/0*.pam >other.pam
    # A reading that has begun goes on with the old file. It may be the last one: then once more.
    for _ in $(seq 20); do
        status=0
        cp before.pam all.pam
        cp other.pam new.pam
        framealign all.pam >out 2>messages &
        running=$!
        until opened_by $running all.pam || ! kill -0 $running; do :; done
        mv new.pam all.pam
        wait $running || status=$?
        [ "$status" -eq 0 ] || break
    done
    [ "$status" -eq 1 ]
    matches 'frame all is 600x480.*, but it was 640x480.* when the files were read first' "$(cat messages)"
    [ ! -s out ]
}

@test "a FIFO for an operand is read once, or refused before anything is read" {
    mkfifo feed
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        cat "$FIXTURES/stack/0000.pam" >feed &
        timeout 60 noisedetect -quiet -map feed >have
        cmp have <(noisedetect -quiet -map "$FIXTURES/stack/0000.pam")
    done
    noisemask -mask="$FIXTURES/none.pam" "$FIXTURES/stack/0000.pam" |
        framealign -save=table -name=feed >/dev/null
    for _ in 1 2 3 4 5 6 7 8; do
        cat "$FIXTURES/stack/0000.pam" >feed &
        timeout 60 framealign -apply=table feed >have
    done
    for filter in framebalance framealign 'framealign -estimate' 'framealign -direct' \
        "framealign -reference=$FIXTURES/good.pam" 'framealign -direct -crop'; do
        # shellcheck disable=SC2086
        fails_with 1 'feed is no regular file.*twice' timeout 60 $filter "$FIXTURES/stack/0000.pam" feed
    done
}

@test "a tuple type of any length, in one line or two, can be read again" {
    header='P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\n'
    pam 1 1 1 255 0 >none.pam
    part() { printf "%0${1}d" 0; }
    for type in 'TUPLTYPE GRAYSCALE' "TUPLTYPE $(part 245)" \
        "TUPLTYPE $(part 9)\nTUPLTYPE $(part 245)" "TUPLTYPE $(part 245)\nTUPLTYPE $(part 9)" \
        "TUPLTYPE $(part 120) $(part 100)\nTUPLTYPE a b" "TUPLTYPE $(part 125)\nTUPLTYPE $(part 125)" ''; do
        # shellcheck disable=SC2059
        printf "$header${type:+$type\n}ENDHDR\nA" >in.pam
        noisemask -mask=none.pam in.pam >once.pam
        noisemask -mask=none.pam -name=once <once.pam >twice.pam
        cmp <(anonymous once.pam) <(anonymous twice.pam)
        pamtopam <once.pam >/dev/null
        [ "$(header TUPLTYPE twice.pam | paste -sd ' ')" = "$(header TUPLTYPE in.pam | paste -sd ' ')" ]
        [ "$(LC_ALL=C awk 'length > 254' once.pam)" = '' ]
    done
}

# ---- names ----

@test "names go through a pipe to the files" {
    pamtopng "$FIXTURES/stack/0000.pam" >a.png
    pamtopng "$FIXTURES/stack/0001.pam" >b.png
    noisemask -mask="$FIXTURES/hot.pam" a.png b.png | noisemask -mask="$FIXTURES/none.pam" -outdir=out
    [ "$(ls -A out)" = "$(printf 'a.pam\nb.pam')" ]
    cmp <(samples out/b.pam) <(noisemask -mask="$FIXTURES/hot.pam" b.png >b.pam && samples b.pam)
}

@test "a frame alone is called by its file, by -name, by the name it carries, in that order" {
    mask=$FIXTURES/none.pam
    cp "$FIXTURES/stack/0000.pam" a.pam
    noisemask -mask="$mask" a.pam >carried.pam
    noisemask -mask="$mask" -outdir=out <carried.pam
    noisemask -mask="$mask" -outdir=out -name=b <carried.pam
    noisemask -mask="$mask" -outdir=out carried.pam
    noisemask -mask="$mask" -outdir=out <"$FIXTURES/stack/0000.pam"
    [ "$(ls out)" = "$(printf '%s\n' a.pam b.pam carried.pam frame.pam)" ]
}

@test "the programs of Netpbm that the manual lists drop a frame's name, and -name gives it again" {
    noisemask -mask="$FIXTURES/none.pam" -name=beetle <"$FIXTURES/stack/0000.pam" >named.pam
    grep -aqx '# frame beetle' named.pam
    sed -n '/drop the comment, among them/,/^give$/s/^\.Xr \([a-z]*\) 1.*/\1/p' "$REPO/man/stackpbm.7" >listed
    [ "$(wc -l <listed)" -eq 9 ]
    while read -r program; do
        echo "$program"
        operands=()
        case $program in
        pamarith) operands=(-add named.pam named.pam) ;;
        pamcut) operands=(-left=0) ;;
        pamdepth) operands=(65535) ;;
        pamenlarge) operands=(2) ;;
        pamflip) operands=(-leftright) ;;
        pamfunc) operands=(-multiplier=1) ;;
        pamscale) operands=(2) ;;
        pamtopam | pamtopnm) ;;
        *) false ;;
        esac
        "$program" "${operands[@]}" <named.pam >dropped.pam
        ! grep -aq '^# frame' dropped.pam || false
        framebalance -name=beetle <dropped.pam >again.pam
        grep -aqx '# frame beetle' again.pam
    done <listed
}

@test "two frames of one name are an error in a directory, and the first stays whole" {
    mkdir x y
    cp "$FIXTURES/stack/0000.pam" x/a.pam
    cp "$FIXTURES/stack/0001.pam" y/a.pam
    set +o pipefail
    noisemask -mask="$FIXTURES/none.pam" x/a.pam y/a.pam |
        fails_with 1 'two frames are called a, and out' noisemask -mask="$FIXTURES/none.pam" -outdir=out
    [ "$(ls -A out)" = a.pam ]
    cmp <(samples out/a.pam) <(samples x/a.pam)
}

@test "names with anything in them arrive" {
    local dir="o u\$t"
    local names=("a b" "-n" "it's" '"q"' "\$HOME" 'a;b' 'ü' 'a\nb' 'new
line' 'tab	tab' '..x' '*' "$(printf '%0240d' 7)" "$(printf '%0120d' 0 | tr 0 '\t')")
    for name in "${names[@]}"; do
        cp "$FIXTURES/stack/0000.pam" "./$name.pam"
    done
    noisemask -mask="$FIXTURES/none.pam" -- "${names[@]/%/.pam}" |
        noisemask -mask="$FIXTURES/none.pam" -outdir="$dir"
    for name in "${names[@]}"; do
        cmp <(samples "$dir/$name.pam") <(samples "$FIXTURES/stack/0000.pam")
    done
    [ "$(find "$dir" -type f -printf x | wc -c)" -eq ${#names[@]} ]
}

@test "the images of one file are numbered" {
    cat "$FIXTURES"/stack/*.pam >three.pam
    noisemask -mask="$FIXTURES/none.pam" -outdir=out three.pam
    [ "$(echo out/*)" = 'out/three-1.pam out/three-2.pam out/three-3.pam' ]
    noisemask -mask="$FIXTURES/none.pam" -outdir=in -name=n <three.pam
    [ "$(echo in/*)" = 'in/n-1.pam in/n-2.pam in/n-3.pam' ]
}

@test "-name, repeated, names the images on standard input one by one, whatever they carry" {
    cat "$FIXTURES"/stack/000[012].pam >three.pam
    noisemask -mask="$FIXTURES/none.pam" -outdir=out -name=b --name 'a b' -nam=-c - <three.pam
    framebalance -name=x -name=y -name=z <three.pam |
        noisemask -mask="$FIXTURES/none.pam" -name=d -name=e -name=f -outdir=again
    [ "$(printf '%s,' out/* again/*)" = 'out/-c.pam,out/a b.pam,out/b.pam,again/d.pam,again/e.pam,again/f.pam,' ]
    cmp <(samples out/b.pam) <(samples "$FIXTURES/stack/0000.pam")
    cmp <(samples out/-c.pam) <(samples "$FIXTURES/stack/0002.pam")
    fails_with 1 'more images than there are names: -name was given 2 times' \
        noisemask -mask="$FIXTURES/none.pam" -outdir=few -name=a -name=b <three.pam
    fails_with 1 'has 3 images, but -name was given 4 times' \
        noisemask -mask="$FIXTURES/none.pam" -outdir=many -name=a -name=b -name=c -name=d <three.pam
    fails_with 1 '^-name: the name is empty' framebalance -name=a -name= <three.pam
    fails_with 1 '^-name has no effect on files' framebalance -name=a -name=b three.pam
}

# ---- options that every program has ----

# The programs that take frames.
programs() {
    find "$BUILD/bin" -type f -printf '%f\n' | grep -vx stackjob | sort
}

@test "-help prints the synopsis, -version the versions, both with status 0" {
    [ "$(programs | grep -cE '^(noisedetect|noisehist|noiselist|noisemask|framealign|framebalance|framefuse)$')" -eq 7 ]
    for program in $(programs); do
        matches "^usage: $program " "$("$program" -help)"
        matches 'stackpbm.*[0-9]\.[0-9].*netpbm' "$("$program" -version 2>&1)"
    done
}

@test "two dashes, values apart, options after operands and abbreviations" {
    noisedetect -quiet -threshold=5 -statistic=persistent "$FIXTURES"/stack/*.pam >want
    noisedetect --quiet --threshold=5 --statistic=persistent "$FIXTURES"/stack/*.pam | cmp - want
    noisedetect "$FIXTURES"/stack/*.pam -quiet -threshold 5 -statistic persistent | cmp - want
    noisedetect -q -t=5 "$FIXTURES"/stack/*.pam -s=persistent | cmp - want
}

@test "after -- a name may begin with a dash" {
    cp "$FIXTURES/stack/0000.pam" ./-quiet
    noisedetect -quiet -map -- -quiet | cmp - <(noisedetect -quiet -map ./-quiet)
}

@test "an unknown option is refused by every program, by name" {
    for program in $(programs); do
        fails_with 1 "^unrecognized option '-nonsense'" "$program" -nonsense "$FIXTURES/good.pam"
    done
}

@test "messages begin with the program's name" {
    for filter in "${filters[@]}"; do
        # shellcheck disable=SC2086
        $filter absent.pam 2>messages && false
        matches "^${filter%% *}: absent.pam cannot be read: " "$(cat messages)"
    done
}

# ---- the whole of it ----

@test "the noise path of the manual's session, from photographs to repaired frames" {
    mkdir src
    for frame in "$FIXTURES"/stack/*.pam; do
        pamtopng "$frame" >"src/$(basename "$frame" .pam).png"
    done
    noisedetect -map src/*.png >map.pam
    noisehist -plot=noise.pdf map.pam
    noisedetect -frommap -threshold=13 map.pam >hot.pam
    noisemask -mask=hot.pam src/*.png | noisemask -mask="$FIXTURES/none.pam" -png -outdir=ready
    same hot.pam "$FIXTURES/hot.pam"
    for frame in "$FIXTURES"/stack/*.pam; do
        noisemask -mask=hot.pam "$frame" >want.pam
        pamtopnm want.pam | cmp - <(pngtopam "ready/$(basename "$frame" .pam).png")
    done
}

# ---- input that asks for more than it is worth ----

@test "what a PNG says besides the image takes neither memory nor time" {
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        printf 'Comment%d ' "$i"
        head -c 7000000 /dev/zero | tr '\0' x
        echo
    done >text
    pamtopnm "$FIXTURES/mask.pam" | pnmtopng -quiet -ztxt=text >texts.png
    pamtopnm "$FIXTURES/mask.pam" | pnmtopng -quiet >plain.png
    [ "$(wc -c <texts.png)" -gt 100000 ]
    noisedetect -quiet -map texts.png | cmp - <(noisedetect -quiet -map plain.png)
    plain=$(peak noisedetect -quiet -map plain.png)
    texts=$(peak noisedetect -quiet -map texts.png)
    echo "$plain KiB without texts, $texts with"
    [ "$texts" -lt $((plain + 32768)) ]
}

@test "a PNG with thousands of bad chunks is warned of in one line, and read" {
    pamtopnm "$FIXTURES/mask.pam" | pnmtopng -quiet >plain.png
    {
        head -c 33 plain.png
        for _ in $(seq 3000); do printf '\0\0\0\2eXIfII\0\0\0\0'; done
        tail -c +34 plain.png
    } >bad1.png
    cat bad1.png plain.png bad1.png >bad2.png
    for images in 1 2; do
        noisedetect -map bad$images.png >out 2>messages
        cmp out <(noisedetect -quiet -map plain.png)
        [ "$(grep -c "^noisedetect: bad$images.png: eXIf: " messages)" -eq $images ]
    done
    noisedetect -quiet -map bad1.png 2>messages >out
    [ ! -s messages ]
}

@test "a frame of another size is refused by its header" {
    printf 'P5 20000 20000 255\n' >huge.pgm
    fails_with 1 'mask.*4x3.*20000x20000' noisemask -mask="$FIXTURES/mask.pam" huge.pgm
    fails_with 1 'huge is 20000x20000.*reference mask is 4x3' framealign \
        -reference="$FIXTURES/mask.pam" huge.pgm
    pam 80 60 1 255 $(seq 0 255) | pamtopnm >ramp.pgm
    pnmtopng -quiet -interlace ramp.pgm | head -c 200 >cut.png
    fails_with 1 'mask.*4x3.*80x60' noisemask -mask="$FIXTURES/mask.pam" cut.png
    fails_with 1 'cut.png.*([Rr]ead [Ee]rror|cut off|data)' noisemask -mask="$FIXTURES/none.pam" cut.png
}

@test "a name in many pieces is put together in time" {
    ! sanitized || skip "libnetpbm takes its time with comments there"
    {
        printf 'P7\n# frame a\n'
        seq 60000 | sed 's/.*/# frame+ bbbbbbbbbbbbbbbbbbbb/'
        sed 1d "$FIXTURES/mask.pam"
    } >pieces.pam
    timeout 60 noisemask -mask="$FIXTURES/mask.pam" <pieces.pam >out
    [ "$(header WIDTH out)" -eq 4 ]
    [ "$(raster out | wc -c)" -eq 12 ]
}

# ---- what travels with a frame ----

# travelling FILE: the comments of its first header, but for the name, on one line.
travelling() {
    LC_ALL=C sed -e '/^ENDHDR$/q' "$1" | LC_ALL=C sed -n '/^# frame/!s/^# //p' | paste -sd ';'
}

# commented FRAME COMMENT...: the frame, a PAM, with these comments in its header.
commented() {
    local frame=$1
    shift
    echo P7
    printf '# %s\n' "$@"
    tail -n +2 "$frame"
}

@test "orientation, reference, and what mosaics have go through every program, other comments do not" {
    for name in 0000 0001 0002; do
        commented "$FIXTURES/stack/$name.pam" 'by a camera' 'orientation 6' 'reference x\ty' \
            'cfa RG/GB' 'black 512' 'white 16383' >$name.pam
    done
    wanted='orientation 6;reference x\ty;cfa RG/GB;black 512;white 16383'
    noisemask -mask="$FIXTURES/hot.pam" 000?.pam >masked.pam
    framebalance 000?.pam >balanced.pam
    framefuse 000?.pam >fused.pam
    for file in masked.pam balanced.pam fused.pam; do
        [ "$(travelling $file)" = "$wanted" ] || {
            travelling $file
            return 1
        }
    done
    noisemask -mask="$FIXTURES/hot.pam" <masked.pam | framebalance -outdir=out
    [ "$(travelling out/0002.pam)" = "$wanted" ]
}

@test "framealign names the reference, whichever way it works; -apply where its table has it" {
    makestack -kind=easy -width=300 -height=200 -frames=3 stack
    local stack=(stack/*.pam)
    cp stack/0002.pam 'last one.pam'
    framealign -quiet -outdir=together "${stack[@]}"
    framealign -quiet -direct -outdir=direct "${stack[@]}"
    framealign -quiet -reference='last one.pam' -outdir=named "${stack[@]}"
    cat "${stack[@]}" |
        framealign -quiet -save=table.tsv -name=0000 -name=0001 -name=0002 -outdir=first
    for name in 0000 0001 0002; do
        [ "$(travelling together/$name.pam)" = 'reference 0001' ]
        [ "$(travelling direct/$name.pam)" = 'reference 0001' ]
        [ "$(travelling named/$name.pam)" = 'reference last one' ]
        [ "$(travelling first/$name.pam)" = 'reference 0000' ]
    done
    commented stack/0001.pam 'frame 0001' 'reference before' >0001.pam
    framealign -quiet -apply=table.tsv 0001.pam >applied.pam
    [ "$(travelling applied.pam)" = 'reference 0000' ]
    sed '/^0000\t/d' table.tsv >without.tsv
    framealign -quiet -apply=without.tsv 0001.pam >applied.pam
    [ "$(travelling applied.pam)" = 'reference before' ]
}

@test "a long name of the reference travels whole" {
    name=$(printf 'n%.0s' {1..240})
    cp "$FIXTURES/stack/0000.pam" "$name.pam"
    framealign -quiet -reference="$name.pam" "$FIXTURES"/stack/*.pam |
        framebalance -reference="$FIXTURES/stack/0000.pam" >out.pam
    [ "$(travelling out.pam)" = "reference ${name:0:200};reference+ ${name:200}" ]
}

@test "the picture takes the orientation of the reference, else of the middle frame; its depth map too" {
    for n in 1 2 3; do
        commented "$FIXTURES/stack/000$((n - 1)).pam" "orientation $n" >frame.pam
        commented frame.pam "frame f$n" >f$n.pam
        commented frame.pam "frame f$n" 'reference f3' >r$n.pam
    done
    cat f?.pam | framefuse >middle.pam
    cat r?.pam | framefuse -depthmap=depth.pam >reference.pam
    [ "$(travelling middle.pam)" = 'orientation 2' ]
    [ "$(travelling reference.pam)" = 'orientation 3;reference f3' ]
    [ "$(travelling depth.pam)" = 'orientation 3;reference f3' ]
}

@test "the orientation of a PNG comes from its EXIF, in either byte order; nonsense is none" {
    command -v exiftool || skip "exiftool is not installed"
    pamtopng "$FIXTURES/stack/0000.pam" >plain.png
    for order in II MM; do
        exiftool -q -n -ExifByteOrder=$order -Orientation=8 -o $order.png plain.png
        noisemask -mask="$FIXTURES/hot.pam" $order.png >out.pam
        [ "$(travelling out.pam)" = 'orientation 8' ]
    done
    exiftool -q -n -Orientation=9 -o wrong.png plain.png
    for file in plain.png wrong.png; do
        noisemask -mask="$FIXTURES/hot.pam" $file >out.pam
        [ -z "$(travelling out.pam)" ]
    done
}
