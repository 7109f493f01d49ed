#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# Jobs whose frames go to other machines.

# start_logins: two sshd on the loopback, as $logins.
start_logins() {
    local port
    command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] || skip "sshd is not installed"
    command -v rsync >/dev/null || skip "rsync is not installed"
    mkdir -p "$BATS_TEST_TMPDIR/ssh" /run/sshd 2>/dev/null || skip "sshd needs /run/sshd"
    cd "$BATS_TEST_TMPDIR/ssh" || return
    ssh-keygen -q -t ed25519 -N '' -f key
    ssh-keygen -q -t ed25519 -N '' -f host
    ssh_options="-i $PWD/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes"
    logins=
    ports="$((20000 + $$ % 10000)) $((30000 + $$ % 10000))"
    for port in $ports; do
        printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $PWD/host" "AuthorizedKeysFile $PWD/key.pub" \
            'StrictModes no' 'UsePAM no' "PidFile $PWD/pid.$port" >config.$port
        "$(command -v sshd || echo /usr/sbin/sshd)" -f "$PWD/config.$port" -E log || skip "sshd does not start here"
        logins="$logins${logins:+,}ssh $ssh_options -p $port $(id -un)@127.0.0.1"
    done
    for _ in {1..40}; do
        # shellcheck disable=SC2086
        ssh $ssh_options -p "${ports% *}" "$(id -un)@127.0.0.1" true 2>/dev/null && break
        sleep 0.1
    done || skip "sshd lets nobody in here"
    cd "$BATS_TEST_TMPDIR/here" || return
}

teardown() {
    local pid
    for pid in "$BATS_TEST_TMPDIR"/ssh/pid.*; do
        [ ! -f "$pid" ] || kill "$(cat "$pid")" || true
    done
}

# bats test_tags=all
@test "frames are handed to other logins, by a shared path or by travel, whatever their names" {
    start_logins
    frames stack
    rm src/0000.png src/0004.png
    mv src/0001.png $'src/a b\n\'"$(x) ü.png'
    pngtopam src/0003.png | pnmtojpeg >src/0003.jpg
    rm src/0003.png
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions ready' MaskNoise AlignFrames 'crop = yes' \
        BalanceFrames 'plot_histograms = yes' 'Actions plain' 'input_path = src' AlignFrames BalanceFrames
    stackjob -q job 2>err
    contents ready >wanted
    contents plain >>wanted
    for travel in '' -T; do
        rm -rf ready plain plots .stackjob/ready .stackjob/plain
        stackjob -q $travel -j 1 -S "$logins" job 2>err &
        runner=$!
        wait "$runner" || {
            cat err
            false
        }
        ! grep 'does not answer' err || false
        { contents ready && contents plain; } | diff wanted -
        [ "$(find plots -name '*.pdf' -print0 | tr -d -c '\0' | wc -c)" -eq 3 ] || ! command -v gnuplot
    done
    [ -z "$(find /tmp -maxdepth 1 -name "stackjob-away.*.$runner.*")" ]
}

@test "this machine takes part where frames travel" {
    frames stack
    masked_job AlignFrames BalanceFrames
    stackjob -q job
    contents ready >wanted
    stackjob -q -f -S : -T job
    contents ready | diff wanted -
    [ -z "$(find /tmp -maxdepth 1 -name 'stackjob-away.*' -user "$(id -un)" -newer wanted)" ]
}

# bats test_tags=all
@test "a login that dies costs time, not frames" {
    start_logins
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' 'metadata = no' BalanceFrames
    stackjob -q job
    contents ready >wanted
    rm -rf ready .stackjob/ready
    stackjob -q -T -j 1 -S "$logins" job 2>err &
    runner=$!
    for _ in {1..200}; do
        [ "$(ls ready 2>/dev/null | wc -l)" -eq 0 ] || break
        sleep 0.1
    done
    # The server of the second login goes, and those who are logged in there.
    second=$(cat "$BATS_TEST_TMPDIR/ssh/pid.${ports#* }")
    pkill -KILL -P "$second" || true
    kill -KILL "$second"
    rm "$BATS_TEST_TMPDIR/ssh/pid.${ports#* }"
    wait "$runner" || {
        cat err
        false
    }
    contents ready | diff wanted -
}

@test "every login has a limit for silence, and its own options before ours" {
    frames tiny
    tool ssh 'all=$*' "echo \"\${all%% -- *}\" >>'$PWD/asked'" 'exit 255'
    plain_job
    fails_with 1 'login me@one does not answer.*login ssh -p 2222 .*me@two does not answer.*no login answers' \
        stackjob -q -S 'me@one,ssh -p 2222 me@two,2/ssh -o ConnectTimeout=3 me@three' job
    [ ! -e ready ]
    for login in one two three; do
        for option in BatchMode=yes ConnectTimeout=20 ServerAliveInterval=15 ServerAliveCountMax=2; do
            grep -- "-o $option .*me.$login$" asked
        done
    done
    grep -- '-p 2222 -o .*me.two$' asked
    grep -- '^-o ConnectTimeout=3 -o .*me.three$' asked
}

@test "a login that does not answer gets no frames; this machine makes them" {
    frames tiny
    tool ssh 'exit 255'
    plain_job
    says 'login me@nowhere does not answer, and gets no frames' stackjob -S :,me@nowhere job
    for i in 1 2 3; do same src/f$i.pam ready/f$i.pam; done
}

# bats test_tags=all
@test "a login with other programs is refused before anything is made" {
    start_logins
    frames tiny
    unset SSH_CONNECTION
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' '[ -z "$SSH_CONNECTION" ] || { echo "noisemask: stackpbm 0.0.9"; exit; }' \
        "exec $BUILD/bin/noisemask \"\$@\"" >build/bin/noisemask
    plain_job
    fails_with 1 'does not have "noisemask: stackpbm [0-9.]*" for .*build/bin/stackjob' build/bin/stackjob -q -S ":,$logins" job
    [ ! -e ready ]
    cp "$BUILD/bin/noisemask" build/bin/
    build/bin/stackjob -q -S ":,$logins" job
    same src/f2.pam ready/f2.pam
}

# bats test_tags=all
@test "TERM leaves no frames on the other machines" {
    start_logins
    frames tiny
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' 'case $* in *-version*) ;; *) sleep 60 & wait ;; esac' \
        "exec $BUILD/bin/framebalance \"\$@\"" >build/bin/framebalance
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' BalanceFrames 'channel = RGB'
    build/bin/stackjob -q -T -S "$logins" job >/dev/null 2>err &
    runner=$!
    for _ in {1..600}; do
        [ -z "$(find /tmp/stackjob-away.*."$runner".*/ -name '*.in' 2>/dev/null)" ] || break
        sleep 0.1
    done
    [ -n "$(find /tmp/stackjob-away.*."$runner".*/ -name '*.in')" ]
    kill -TERM "$runner"
    status=0
    wait "$runner" || status=$?
    [ "$status" -eq 143 ]
    [ -z "$(find /tmp -maxdepth 1 -name "stackjob-away.*.$runner.*")" ]
}
