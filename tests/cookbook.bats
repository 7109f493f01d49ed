#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The commands of doc/cookbook.md, run as they stand there, section by section, in a directory that
# holds what the section begins with. Cameras, other machines and programs that Debian does not have
# are played by scripts.

load helper

make_fixtures() {
    local frame name
    makestack -kind=noise -width=600 -height=400 -frames=5 -hot=40 -dead=10 -shift=4 frames
    rm frames/*.tsv
    noisedetect -quiet frames/*.pam >hot.pam
    mkdir card
    for frame in frames/*.pam; do
        name=${frame##*/}
        pamtopnm "$frame" | pnmtojpeg -quality=95 >"card/${name%.pam}.jpg"
    done
    mkdir tools
}

setup() {
    mkdir "$BATS_TEST_TMPDIR/here"
    cp -r "$FIXTURES/." "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    exec </dev/null
    PATH=$PWD/tools:$PATH
}

# cook HEADING: runs the shell commands of a section, one block after the other.
cook() {
    awk -v heading="## $1" '
        /^## / { wanted = $0 == heading }
        !wanted { next }
        /^ *```sh$/ { block = 1; margin = index($0, "`") - 1; next }
        /^ *```$/ { block = 0; next }
        block { print substr($0, margin + 1) }' "$REPO/doc/cookbook.md" >recipe
    [ -s recipe ]
    sh -eu recipe
}

# tool NAME LINE...: a program of these lines of shell.
tool() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"tools/$1"
    chmod +x "tools/$1"
}

# need PROGRAM...: skips the test where one is not installed.
need() {
    local program
    for program; do
        type "$program" >/dev/null || skip "$program is not installed"
    done
}

# is_png WIDTH HEIGHT FILE
is_png() {
    [ "$(pngtopam "$3" | pamfile -machine - | cut -d ' ' -f 4,5)" = "$1 $2" ]
}

# raw_stack [OPTION...]: the directory raw of digital negatives, of the mosaics in the directory mosaics that makemosaic
# makes with these options.
raw_stack() {
    local mosaic name
    mkdir raw
    [ -d scene ] || makestack -kind=noise -noise=0 -hot=0 -dead=0 -width=600 -height=400 -frames=5 -shift=4 scene
    makemosaic "$@" mosaics scene/*.pam
    for mosaic in mosaics/*.pgm; do
        name=${mosaic##*/}
        digital_negative "raw/${name%.pgm}.dng" RG/GB 512 16383 <"$mosaic"
    done
}

@test "every section of the cookbook is cooked here" {
    diff <(sed -n 's/^## //p' "$REPO/doc/cookbook.md") \
        <(sed -n 's/^    cook "\(.*\)".*/\1/p' "$BATS_TEST_FILENAME")
    # Its list of contents leads to each.
    diff <(sed -n 's/^## //p' "$REPO/doc/cookbook.md") \
        <(sed -n 's/^- \[\(.*\)\](#.*/\1/p' "$REPO/doc/cookbook.md")
    while IFS= read -r heading; do
        anchor=$(tr '[:upper:] ' '[:lower:]-' <<<"$heading" | tr -d ,)
        grep -Fx -- "- [$heading](#$anchor)" "$REPO/doc/cookbook.md"
    done < <(sed -n 's/^## //p' "$REPO/doc/cookbook.md")
}

# bats test_tags=all
@test "cookbook: a card" {
    need exiftool
    cook "A card of JPEGs"
    is_png 600 400 fused/beetle.png
    framein beetle.jpg >beetle.pam
    [ "$(header HEIGHT beetle.pam)" -eq 400 ]
    grep -q beetle beetle.log
    is_png 600 400 pictures/bee.png
    is_png 600 400 pictures/wasp.png
    [ "$(find bee wasp pictures -name '*.png' | wc -l)" -eq 7 ]
    # Whichever runs again, and then the other, makes nothing anew.
    for name in wasp bee; do
        stackjob $name.job 2>err
        grep 'noise-map/hot-rgb.png is up to date' err
        grep 'frames are up to date' err
    done
}

# bats test_tags=all
@test "cookbook: raw files" {
    raw_stack
    mv raw clean.raw
    mv mosaics clean
    raw_stack -defects=50,saturated -grid=100
    cp clean.raw/0000.dng card.dng
    framein -outdir=developed raw
    rm -r frames
    cook "Camera raw files"
    # What was planted is found, and no longer in the frames.
    [ -z "$(tail -n +2 mosaics/pixels.tsv | cut -f 1,2 --output-delimiter=' ' | sort | comm -23 - <(noisy sensor.pam | sort))" ]
    framein clean.raw/0000.dng >clean.pam
    before=$(framein raw/0000.dng | pamarith -difference clean.pam - | pamsumm -mean -brief)
    after=$(pamarith -difference clean.pam frames/0000.pam | pamsumm -mean -brief)
    echo "$before with them, $after without"
    awk -v before="$before" -v after="$after" 'BEGIN { exit !(5 * after < before) }'
    is_png 600 400 fused.png
    framein fused.jpg >fused.pam
    [ "$(header WIDTH fused.pam)" -eq 600 ]
}

@test "cookbook: photographs again" {
    need exiftool
    for n in 0 1 2 3 4; do
        exiftool -q -overwrite_original -Orientation#=6 -Artist=a$n -XMP:Title=t$n card/000$n.jpg
    done
    cook "Photographs again"
    for photograph in beetle.tif photographs/000?.tif noted.tif; do
        [[ $(exiftool -n -T -Orientation -ImageWidth -BitsPerSample "$photograph") == "1	400	$([ "$photograph" = noted.tif ] && echo 8 || echo 16) "* ]]
    done
    [ "$(exiftool -T -Artist -Title noted.tif)" = 'a0	t0' ]
    # More than the 256 steps of their originals.
    framein beetle.tif >beetle.pam
    [ "$(samples beetle.pam | tr ' ' '\n' | awk '$1 % 257' | wc -l)" -gt 100000 ]
}

# bats test_tags=all
@test "cookbook: a microscope" {
    # A camera that takes the stack of the card, and calls the script as gphoto2 does.
    tool gphoto2 'for word; do case $word in --hook-script=*) hook=${word#*=} ;; --filename=*) exit ;; esac; done' \
        'ACTION=init "$hook"' \
        'for photograph in card/*; do cp "$photograph" .; ACTION=download ARGUMENT=${photograph##*/} "$hook"; done' \
        'ACTION=stop "$hook"'
    cook "A microscope, live" 2>err
    diff <(ls ready) <(cd card && ls | sed 's/jpg$/png/')
    [ "$(ls aligned/*.png | wc -l)" -eq 5 ]
    is_png 600 400 fused/live.png
    [ ! -e live.end ]
    for frame in ready/*.png; do
        is_png 600 400 "$frame"
    done
}

@test "cookbook: a handheld stack" {
    cook "A handheld stack" 2>err
    # The rectangle of the message is the picture's.
    is_png "$(sed -n 's/.*pamcut .* -width=\([0-9]*\).*/\1/p' err)" "$(sed -n 's/.*-height=\([0-9]*\)$/\1/p' err)" fused.png
    [ "$(wc -l <transforms.tsv)" -eq 6 ]
}

@test "cookbook: masks" {
    mkdir masks
    cp hot.pam masks/may.pam
    cook "Masks that last"
    same masks/always.pam hot.pam
    diff <(samples masks/again.pam) <(samples hot.pam)
    [ "$(noisy masks/new.pam)" = '' ]
}

@test "cookbook: a threshold" {
    rm hot.pam
    cook "Choosing a threshold" >out
    same hot.pam "$FIXTURES/hot.pam"
    [ -s noise.png ] || ! command -v gnuplot
    grep -E '^-threshold=[0-9]' out
}

@test "cookbook: looking" {
    cook "Looking at a mask"
    # What is red are the squares around the mask's pixels.
    pngtopam marked.png | pamfind -machine -color=rgb:ff/00/00 | awk '{ print $1 + 0, $2 + 0 }' | sort >red
    noisy hot.pam | awk '{
        for (y = $2 - 4; y <= $2 + 4; y++)
            for (x = $1 - 4; x <= $1 + 4; x++)
                if (x >= 4 && y >= 4 && x < 596 && y < 396) print y, x
    }' | sort -u >wanted
    [ "$(comm -13 red wanted)" = '' ]
    is_png 336 336 spot.png
}

@test "cookbook: refused" {
    cook "When alignment is refused" >out
    grep -E '^frame.error.scatter.share.ncc$' out
    is_png 600 400 pair.png
    diff <(ls aligned) <(ls frames)
    diff <(ls applied) <(ls frames)
}

# bats test_tags=all
@test "cookbook: frames by hand" {
    need gnuplot
    noisemask -quiet -mask=hot.pam frames/*.pam | framealign -quiet | framebalance -quiet -png -outdir=ready
    cook "Choosing frames by hand" >table
    for picture in beetle beetle2 soft mapped; do
        is_png 600 400 $picture.png
    done
    # The rectangle is frame 0003's, and beyond it nothing has changed.
    for at in '216 166 88 58 ready/0003.png' '0 0 180 400 beetle.png'; do
        # shellcheck disable=SC2086
        set -- $at
        same <(pngtopam beetle2.png | pamcut -left "$1" -top "$2" -width "$3" -height "$4") \
            <(pngtopam "$5" | pamcut -left "$1" -top "$2" -width "$3" -height "$4")
    done
    is_png 600 400 whole/beetle.png
    [ "$(wc -l <height.txt)" -eq 100 ]
    [ "$(awk '{ print NF }' height.txt | sort -u)" -eq 150 ]
    is_png 640 480 height.png
}

# bats test_tags=all
@test "cookbook: other programs" {
    need dcraw_emu enfuse
    raw_stack
    cp raw/0000.dng raw/a.dng
    tool focus-stack '[ "$1" = --no-align ] && cp "$3" "${2#--output=}"'
    cook "With other programs"
    tifftopnm -byrow -quiet enfused.tif >enfused.ppm
    pamfile enfused.ppm | grep '600 by 400'
    is_png 600 400 stacked.png
    [ -s a.ppm ]
}

# bats test_tags=all
@test "cookbook: several machines" {
    need parallel rsync
    # All machines are this one.
    tool ssh 'while :; do case $1 in -o | -p | -l | -i) shift 2 ;; -*) shift ;; *) break ;; esac; done' \
        'echo "$1" >>logins' 'shift' 'cd && exec sh -c "$*"'
    printf '%s\n' 'StackJob beetle' 'input_path = card' 'Actions ready' BalanceFrames >beetle.job
    cook "On several machines"
    [ "$(find ready -name '*.png' | wc -l)" -eq 5 ]
    [ "$(sort -u logins | paste -sd ' ')" = 'bee wasp' ]
}
