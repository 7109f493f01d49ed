#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The commands and the job file of README.md, run as they stand there on a small made stack, and the
# links of all pages that are Markdown.

load helper

make_fixtures() {
    local frame name
    mkdir src
    makestack -kind=noise -width=600 -height=400 -frames=5 -hot=40 -dead=10 -shift=4 frames
    for frame in frames/*.pam; do
        name=${frame##*/}
        pamtopng "$frame" >"src/${name%.pam}.png"
    done
    noisedetect -quiet src/*.png >hot.pam
    rm -r frames
}

# blocks SECTION: the indented blocks of that section of README.md, without the indentation.
blocks() {
    awk -v heading="## $1" '
        /^## / { wanted = $0 == heading }
        wanted && sub(/^    /, "") { print; next }
        wanted && /^$/ { print }' "$REPO/README.md"
}

# is_png FILE: one of the stack's size.
is_png() {
    [ "$(pngtopam "$1" | pamfile -machine - | cut -d ' ' -f 4,5)" = '600 400' ]
}

# is_jpeg FILE: likewise.
is_jpeg() {
    [ "$(jpegtopnm -quiet "$1" | pamfile -machine - | cut -d ' ' -f 4,5)" = '600 400' ]
}

@test "README: the pipelines make the picture" {
    command -v gnuplot || skip "gnuplot is not installed"
    cp -r "$FIXTURES/src" .
    blocks 'A stack, step by step' >script
    [ "$(grep -c 'frameout -jpeg -from=src >beetle.jpg' script)" -eq 2 ]
    # The picture is made twice: the first way once more, beside that of the second.
    {
        cat script
        echo 'mv beetle.jpg second.jpg'
        sed -n '1,/beetle.jpg/p' script
    } | bash -euo pipefail
    is_jpeg beetle.jpg
    is_jpeg second.jpg
    same hot.pam "$FIXTURES/hot.pam"
    pngtopam noise.png >plot.pnm
    [ "$(ls clean | wc -l)" -eq 5 ]
}

@test "README: the job file makes the picture and the report, as it says" {
    cp -r "$FIXTURES/src" .
    blocks 'The programs' >beetle.job
    grep -x 'FocusStack fused' beetle.job
    stackjob -n beetle.job >pipelines
    [ ! -e fused ]
    grep -q framefuse pipelines
    stackjob -q beetle.job
    is_png fused/*.png
    [ -s "$(find . -name '*.html')" ]
    # Run again, it has nothing to do.
    find . -type f -newer beetle.job -printf '%p %T@\n' | grep -v '\.log' | sort >first
    stackjob -q beetle.job
    find . -type f -newer beetle.job -printf '%p %T@\n' | grep -v '\.log' | sort >second
    diff <(grep '\.png' first) <(grep '\.png' second)
    stackjob -e | grep -q '^ *input_path'
}

@test "README: its table has every program, and its other blocks name what is there" {
    diff <(sed -n 's/^| `\([a-z]*\)` .*/\1/p' "$REPO/README.md" | sort) \
        <(find "$BUILD/bin" -type f -printf '%f\n' | sort)
    awk '/^    (sh|make)/' "$REPO/README.md" "$REPO/CONTRIBUTING.md" >commands
    [ "$(wc -l <commands)" -ge 10 ]
    cd "$REPO"
    while read -r command argument _; do
        if [ "$command" = sh ]; then
            [ -f "$argument" ]
        else
            grep -qE "^([a-z -]* )?${argument:-all}( [a-z -]*)?:" Makefile
        fi
    done <"$BATS_TEST_TMPDIR/here/commands"
}

# anchors FILE: what a link may have behind # in it.
anchors() {
    sed -n 's/^##* //p' "$1" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9\n_-'
}

# links FILE: where its links and pictures lead, but for those to other sites.
links() {
    grep -oE '\]\([^)]+\)|(src|href)="[^"]+"' "$1" | sed -E -e 's/^\]\(|^(src|href)="|[)"]$//g' -e '/^[a-z]+:/d'
}

@test "the links of the pages lead to files and headings that are there" {
    cd "$REPO"
    count=0
    for page in README.md CONTRIBUTING.md CHANGELOG.md doc/*.md; do
        while IFS= read -r link; do
            echo "$page: $link"
            file=$page
            [[ $link == '#'* ]] || file=$(dirname "$page")/${link%%#*}
            [ -e "$file" ]
            [[ $link != *'#'* ]] || anchors "$file" | grep -qFx -- "${link#*#}"
            count=$((count + 1))
        done < <(links "$page")
    done
    [ $count -ge 10 ]
}

@test "the page of benchmarks says what it is made from, and every script of a table is there" {
    cd "$REPO"
    grep -v '^!' doc/benchmarks.in | grep . | grep -vxF -f doc/benchmarks.md >"$BATS_TEST_TMPDIR/missing" || true
    diff "$BATS_TEST_TMPDIR/missing" /dev/null
    [ "$(grep -c '^!' doc/benchmarks.in)" -ge 16 ]
    sed -n 's/^!\([^ ]*\).*/\1/p' doc/benchmarks.in | while read -r script; do
        [ -x "scripts/$script" ]
    done
}
