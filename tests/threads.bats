#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# framealign and framefuse, and whoever writes PNG, use all cores, and one result comes of it. Frames
# are high enough here for many bands, or for none.

load helper

builds=() # other directories of the programs

make_fixtures() {
    makestack -kind=easy -width=96 -height=300 -frames=4 high
    makestack -kind=bristle -width=160 -height=330 -frames=4 borders
}

# same FILE... -- COMMAND...: by 1, 2, 3 and 7 threads of the build under test, and 3 of each other one in
# $builds, the command has the same status, writes the same to standard output, and the same FILEs.
same() {
    local files=() run build threads first='' now
    while [ "$1" != -- ]; do
        files+=("$1")
        shift
    done
    shift
    for run in {1,2,3,7}" $BUILD/bin" "${builds[@]/#/3 }"; do
        threads=${run%% *} build=${run#* }
        rm -f "${files[@]}"
        now=$({
            PATH=$build:$PATH OMP_NUM_THREADS=$threads "$@" 2>/dev/null
            echo "status $?"
            cat "${files[@]}" </dev/null 2>/dev/null || true
        } | md5sum)
        [ "${first:=$now}" = "$now" ] || {
            echo "another result by $threads threads of $build: $*"
            return 1
        }
    done
}

# streamed COMMAND FRAME...: the frames through a pipe.
streamed() {
    # shellcheck disable=SC2086
    cat "${@:2}" | $1
}

# random_stack SEED: makes stack, and sets its width, height, and the number of its frames.
random_stack() {
    RANDOM=$1
    local kinds=(easy rotated shift homography lowtexture breathing) depths=(1 2 3 4) maxvals=(255 255 200 4095 65535)
    width=$((20 + RANDOM % 140)) height=$((20 + RANDOM % 330)) frames=$((1 + RANDOM % 4))
    [ $((RANDOM % 5)) -gt 0 ] || height=$((1 + RANDOM % 20))
    rm -rf stack
    makestack -seed="$1" -kind="${kinds[RANDOM % 6]}" -depth="${depths[RANDOM % 4]}" -maxval="${maxvals[RANDOM % 5]}" \
        -width=$width -height=$height -frames=$frames stack
}

# random_same SEED: a random stack is aligned, and fused as it is or aligned, in some of the ways.
random_same() {
    local align=('' -direct '-border=blur -borderblur=9' -border=constant '-model=homography -png' -crop -estimate) fuse
    random_stack "$1"
    echo "stack $1: $frames frames of $width x $height"
    # shellcheck disable=SC2086
    same -- framealign ${align[RANDOM % 7]} stack/000?.pam
    same -- streamed framealign stack/000?.pam
    framealign -quiet stack/000?.pam >aligned.pam || true
    [ -s aligned.pam ] && [ $((RANDOM % 3)) -gt 0 ] || cat stack/000?.pam >aligned.pam
    pgmramp -lr $width $height >choice.pgm
    printf 'sample\tframe\n' >choice.tsv
    fuse=('' '-sharpness=8' '-opacity' '-png' '-depthmap=depth.pam' '-depthmap=depth.pam -depthsmooth=40 -depthopaque')
    same depth.pam -- streamed "framefuse ${fuse[RANDOM % 6]}" aligned.pam
    rm choice.tsv
    same -- framefuse -choose=choice.pgm stack/000?.pam
}

@test "any number of threads puts out the same bytes" {
    for seed in 1 2 3 4 5 6; do
        random_same $seed
    done
    same depth.pam -- framefuse -depthmap=depth.pam "$FIXTURES"/borders/0*.pam
    same -- framealign "$FIXTURES"/high/0*.pam
}

# elsewhere NAME VARIABLE=VALUE...: the two programs, built in the directory NAME by make with these; in $builds.
elsewhere() {
    local name=$1 part
    shift
    mkdir "$name"
    for part in cmd lib tests scripts man; do
        ln -s "$REPO/$part" "$name/$part"
    done
    make -s -j2 -C "$name" -f "$REPO/Makefile" "$@" build/bin/framefuse build/bin/framealign >said 2>&1 || {
        cat said
        return 1
    }
    [ ! -s said ] || { cat said; return 1; }
    builds+=("$PWD/$name/build/bin")
}

# bats test_tags=all
@test "gcc, clang and a build without OpenMP put out the same bytes, by any number of threads, of 100 stacks" {
    figures
    command -v clang >/dev/null || skip "clang is not installed"
    elsewhere one OPENMP= CFLAGS=-O2
    elsewhere clang CC=clang CFLAGS=-O2
    ldd one/build/bin/framefuse >one/needs
    ldd "$BUILD/bin/framefuse" >needs
    ! grep -q 'libg\?omp' one/needs || false
    grep -q 'libg\?omp' needs
    for seed in {101..200}; do
        random_same $seed
    done
}

# bats test_tags=all
@test "the thread sanitizer sees no race" {
    figures
    echo 'int main(void) { return 0; }' >probe.c
    clang -fopenmp -fsanitize=thread -o probe probe.c 2>/dev/null || skip "clang's thread sanitizer or libomp is not installed"
    elsewhere tsan CC=clang CPPFLAGS=-DSIMD_PORTABLE CFLAGS='-O1 -g -fsanitize=thread'
    export TSAN_OPTIONS='ignore_noninstrumented_modules=1 exitcode=99' OMP_NUM_THREADS=4
    PATH=$PWD/tsan/build/bin:$PATH
    ARCHER_OPTIONS=verbose=1 framefuse "$FIXTURES"/borders/0000.pam >said
    grep -aq 'Archer detected' said || skip "Archer, which tells the sanitizer what OpenMP does, is not installed"
    pgmramp -lr 160 330 >choice.pgm
    framefuse -depthmap=depth.pam -depthsmooth=30 -choose=choice.pgm "$FIXTURES"/borders/0*.pam >out
    framefuse -png - >out < <(cat "$FIXTURES"/borders/0*.pam)
    framealign "$FIXTURES"/high/0*.pam >out
    framealign -border=blur -png "$FIXTURES"/high/0*.pam >out
    cat "$FIXTURES"/high/0*.pam | framealign >out
    # A frame that is cut off is told of by the thread that reads.
    { cat "$FIXTURES"/high/000[01].pam && head -c 999 "$FIXTURES/high/0002.pam"; } >broken
    for program in framealign framefuse; do
        status=0
        $program <broken >out 2>err || status=$?
        [ "$status" -eq 1 ]
        matches 'is truncated: image 3 ends' "$(cat err)"
    done
}

@test "a frame is put out before the next one comes, by any number of threads" {
    # These carry names, so none depends on what follows.
    framealign -border=replicate -outdir=named "$FIXTURES"/high/0*.pam
    for threads in 1 2 7; do
        mkfifo in out
        OMP_NUM_THREADS=$threads framealign -border=replicate <in >out &
        exec {to}>in {from}<out
        rm in out
        for i in 0 1 2; do
            cat "named/000$i.pam" >&$to
            timeout 60 head -c 86400 <&$from >part
            [ "$(wc -c <part)" -eq 86400 ]
        done
        exec {to}>&- {from}<&-
        wait $! || true
    done
}

@test "frames before one that is cut off are put out, and the stream ends as broken" {
    cat "$FIXTURES"/high/000[01].pam >two
    { cat two && head -c 999 "$FIXTURES/high/0002.pam"; } >broken
    framealign <two >whole
    for threads in 1 2 7; do
        OMP_NUM_THREADS=$threads framealign <broken >out 2>err && false
        matches 'standard input is truncated: image 3 ends [0-9]+ bytes into its [0-9]+' "$(cat err)"
        { cat whole && printf 'P7 failed\n'; } | cmp - out
    done
}

@test "what is said of a frame comes before what is wrong with the next one" {
    # The second plane, opacity, is 0.
    pam 64 200 2 255 90 0 >clear.pam
    { cat clear.pam && head -c 99 clear.pam; } >broken
    for threads in 1 2 7; do
        OMP_NUM_THREADS=$threads framefuse <broken >out 2>err && false
        [ "$(wc -l <err)" -eq 2 ]
        matches 'transparent everywhere' "$(head -n 1 err)"
        matches 'is truncated: image 2' "$(tail -n 1 err)"
    done
}

@test "PNG has the same bytes by any number of threads, and every reader takes them" {
    # Of several pieces; also rows that are longer than one, and a maxval that PNG has not.
    makestack -kind=easy -width=700 -height=500 -frames=1 many
    makestack -kind=easy -width=60000 -height=3 -frames=1 -depth=4 -maxval=65535 long
    makestack -kind=easy -width=700 -height=500 -frames=1 -maxval=4095 scaled
    for stack in many long scaled; do
        pam "$(header WIDTH $stack/0000.pam)" "$(header HEIGHT $stack/0000.pam)" 1 255 0 >mask
        same -- noisemask -png -mask=mask $stack/0000.pam
        noisemask -quiet -png -mask=mask $stack/0000.pam >out.png
        pngtopam -alphapam out.png >out.pam
    done
    noisemask -png -mask=mask many/0000.pam >out.png
    pngtopam out.png | cmp - <(pamtopnm many/0000.pam)
    pamtopng many/0000.pam >netpbm.png
    pngtopam netpbm.png | cmp - <(pngtopam out.png)
}

@test "threads sleep while they wait, unless the user has said how they shall" {
    grep -q GOMP_parallel "$BUILD/bin/framefuse" || skip "that is how gcc's OpenMP shows it"
    export OMP_NUM_THREADS=2 OMP_DISPLAY_ENV=true
    framefuse -version >out 2>err
    grep -q "OMP_WAIT_POLICY = 'PASSIVE'" err
    OMP_WAIT_POLICY=active framefuse -version >out 2>err
    ! grep -q "OMP_WAIT_POLICY = 'PASSIVE'" err || false
}

@test "OMP_NUM_THREADS=1 starts no thread" {
    command -v strace >/dev/null || skip "strace is not installed"
    ! sanitized || skip "strace and the sanitizers do not go together"
    for threads in 1 3; do
        OMP_NUM_THREADS=$threads strace -f -e trace=clone,clone3 -o calls framefuse "$FIXTURES"/borders/0*.pam >out
        OMP_NUM_THREADS=$threads strace -f -e trace=clone,clone3 -o more framealign "$FIXTURES"/high/0*.pam >out
        started=$(cat calls more | grep -c 'clone3\?(') || true
        [ $threads -gt 1 ] || [ "$started" -eq 0 ]
    done
    grep -q GOMP_parallel "$BUILD/bin/framefuse" && [ "$started" -ge 4 ]
}

# bats test_tags=all
@test "two threads take at most a tenth more memory than one, and another five at most a MiB each" {
    sanitized && skip "the sanitizers need memory of their own"
    makestack -kind=easy -width=2400 -height=1600 -frames=3 stack
    for program in framefuse framealign; do
        one=$(OMP_NUM_THREADS=1 peak $program stack/0*.pam)
        two=$(OMP_NUM_THREADS=2 peak $program stack/0*.pam)
        seven=$(OMP_NUM_THREADS=7 peak $program stack/0*.pam)
        echo "$program: by one thread $one KiB, by two $two, by seven $seven"
        [ "$two" -le $((one + one / 10)) ]
        [ "$seven" -le $((two + 5 * 2048)) ]
    done
}
