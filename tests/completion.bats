#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Completion in bash, zsh and fish: each offers the options that the manual has, the words that an
# option may have, and files and directories where those are wanted.

load helper

make_fixtures() {
    mkdir here fish
    mkdir here/dir
    touch here/a.job here/b.png
    for command in "$BUILD"/bin/*; do
        cp "$REPO/completion/stackpbm.fish" "fish/${command##*/}.fish"
    done
}

# in_bash LINE: what bash offers for the end of the line, without regard to order, on one line.
in_bash() {
    bash --norc -c '
        compopt() { :; }
        . "$1"
        line=${2//=/ = }
        read -ra COMP_WORDS <<<"$line"
        [[ $2 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p "${COMP_WORDS[0]}" | sed "s/.*-F \([^ ]*\).*/\1/")
        "$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' - "$REPO/completion/stackpbm.bash" "$1" | listed
}

# The same in zsh, on a terminal of its own. The first time takes a second to find all functions.
in_zsh() {
    timeout 120 zsh -f -c '
        zmodload zsh/zpty
        zpty shell TERM=dumb zsh -f -i
        zpty -w shell "
            PS1= PS2= RPS1=
            stty -echo cols 2000 rows 200
            fpath=(${(q)1} \$fpath)
            autoload -Uz compinit && compinit -C -d ${(q)3}
            finish() { zle -I; print -r \"<\"end\">\"; exit }
            zle -N finish
            bindkey \"^I\" list-choices
            bindkey \"^X\" finish
            print \"<\"ready\">\""
        while zpty -r shell line && [[ $line != *"<ready>"* ]]; do :; done
        zpty -w -n shell "$2"$'"'\\t\\x18'"'
        while zpty -r shell line && [[ $line != *"<end>"* ]]; do print -r -- $line; done
        ' - "$REPO/completion" "$1" "$FIXTURES/zcompdump" </dev/null | grep -v -F -e "$1" | listed
}

# The same in fish, which repeats the option before its value.
in_fish() {
    HOME=$BATS_TEST_TMPDIR fish --no-config -c '
        set fish_complete_path $argv[1] $fish_complete_path
        complete -C $argv[2]' "$FIXTURES/fish" "$1" | cut -f 1 | sed 's/^-.*=//' | listed
}

# Words of lines, sorted, each once, on one line; "/" after directories and "=" after options are of taste.
listed() {
    tr -s ' \r\t' '\n' | sed 's|[/=]$||' | grep . | LC_ALL=C sort -u | paste -sd ' '
}

# offers WORDS LINE: what the shell of this test completes the end of the line to.
offers() {
    local offered
    offered=$("in_$shell" "$2") || true
    [ "$offered" = "$1" ] || {
        printf '%s offers "%s", not "%s", for: %s\n' "$shell" "$offered" "$1" "$2"
        return 1
    }
}

# manual COMMAND: the options of its page, and those that all commands have.
manual() {
    {
        sed -n 's/^\.It Fl/Fl/p' "$REPO/man/$1.1" | grep -o 'Fl [A-Za-z]*' | sed 's/Fl /-/'
        printf '%s\n' -help -version
        [ "$1" = stackjob ] || echo -quiet
    } | listed
}

completes() {
    shell=$1
    command -v "$shell" >/dev/null || skip "$shell is not installed"
    cd "$FIXTURES/here" || return
    for command in "$BUILD"/bin/*; do
        offers "$(manual "${command##*/}")" "${command##*/} -"
    done
    offers '-mask -maxpixels -method' 'noisemask -m'
    offers 'mean median membrane nearest' 'noisemask -method='
    offers 'mean median membrane nearest' 'noisemask -png -method '
    offers homography 'framealign -model=h'
    offers 'dcraw jpegpixi plain rawtherapee siril' 'noiselist -format '
    offers 'a.job b.png dir' 'noisemask -mask='
    offers 'a.job b.png dir' 'noisedetect -output '
    offers b.png 'noisemask -mask=b'
    offers dir 'framebalance -outdir='
    offers dir 'framebalance -outdir '
    offers '' 'noisemask -kernel '
    offers 'a.job b.png dir' 'noisemask -png '
    offers 'a.job b.png dir' 'noiselist -mask '
    offers dir 'stackjob -C '
    offers '' 'stackjob -j '
}

@test "bash completes options, words, files and directories" {
    completes bash
    offers 'a.job dir' 'stackjob -n '
}

# bats test_tags=all
@test "zsh completes options, words, files and directories" {
    completes zsh
    offers 'a.job dir' 'stackjob -n '
}

@test "fish completes options, words, files and directories" {
    completes fish
    # Fish offers all files, those with the ending first.
    offers 'a.job b.png dir' 'stackjob -n '
}

@test "every command is installed with completion for all three shells" {
    make -s -C "$REPO" install DESTDIR="$PWD/root" PREFIX=/usr
    for command in root/usr/bin/*; do
        command=${command##*/}
        cmp "root/usr/share/bash-completion/completions/$command" "$REPO/completion/stackpbm.bash"
        cmp "root/usr/share/fish/vendor_completions.d/$command.fish" "$REPO/completion/stackpbm.fish"
        sed -n 's/^#compdef / /p' root/usr/share/zsh/site-functions/_stackpbm | grep -q " $command\>"
    done
    make -s -C "$REPO" uninstall DESTDIR="$PWD/root" PREFIX=/usr
    [ -z "$(find root -type f -o -type l)" ]
}
