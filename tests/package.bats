#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What is given away: the tarball, and the number of the version. scripts/check-package checks the
# Debian package.

load helper

# checkout DIR: a clone of the sources as they are committed, or skips the test.
checkout() {
    git -C "$REPO" rev-parse -q --verify HEAD >/dev/null 2>&1 || skip "no git checkout"
    git clone -q "$REPO" "$1"
}

version() {
    sed -n 's/^VERSION = //p' "$REPO/Makefile"
}

@test "make dist gives the same bytes on every run, whatever the time, the umask and the place" {
    checkout one
    mkdir 'another place'
    checkout 'another place/two'
    git -C 'another place/two' config tar.umask user
    (umask 022 && TZ=Asia/Tokyo make -s -C one dist)
    sleep 1.1 # gzip would store the second
    (umask 077 && TZ=America/Lima make -s -C 'another place/two' dist)
    cmp one/build/*.tar.gz 'another place/two'/build/*.tar.gz
}

@test "the tarball holds what is committed, root's, with the time of the commit" {
    checkout one
    cd one
    echo changed >>README.md
    touch further
    make -s dist 2>../err
    matches 'not committed' "$(cat ../err)"
    git checkout -q README.md
    tarball=$PWD/build/$(basename build/*.tar.gz)
    tar -C .. -xzf "$tarball"
    cd ..
    [ "${tarball##*/}" = "stackpbm-$(sed -n 's/^VERSION = //p' one/Makefile).tar.gz" ]
    git -C one ls-files | while read -r file; do
        same "one/$file" "stackpbm-"*"/$file"
    done
    [ "$(git -C one ls-files | wc -l)" -eq "$(find stackpbm-* -type f | wc -l)" ]
    TZ=UTC0 tar --full-time -tvzf "$tarball" | awk '{ print $2, $4, $5 }' | sort -u >kinds
    echo "root/root $(TZ=UTC0 git -C one log -1 --format=%cd --date=format-local:'%F %T')" | diff - kinds
}

@test "programs, changelogs and package have one version" {
    [ "$(noisemask -version 2>&1 | sed -n '1s/.* //p')" = "$(version)" ]
    [ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$REPO/CHANGELOG.md" | head -n 1)" = "$(version)" ]
    [ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$REPO/debian/changelog")" = "$(version)" ]
}
