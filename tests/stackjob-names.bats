#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# No name and no folder runs a command, writes elsewhere or takes what another job made. What a name would run is
# "touch CANARY".

make_fixtures() {
    local i
    mkdir tiny
    for i in 1 2 3; do
        pam 8 8 3 255 $((100 + i)) 120 130 >"tiny/f$i.pam"
    done
    pamtopng tiny/f1.pam >one.png
    pamtopng tiny/f2.pam >two.png
    pamtopnm tiny/f1.pam | pnmtojpeg >one.jpg
}

# What a name may be, of bytes 1 to 31 and 127 ...
control_names() {
    local i byte
    names=()
    for i in {1..31} 127; do
        printf -v byte '\\x%02x' "$i"
        printf -v byte "$byte"
        names+=("a${byte}touch CANARY; cat$byte")
    done
}

# ... and otherwise.
hostile_names() {
    names=('$(touch CANARY)' '`touch CANARY`' '; touch CANARY;' '| touch CANARY' '&& touch CANARY' '& touch CANARY &'
        '"; touch CANARY; "' "'; touch CANARY; '" '-touch CANARY' '--help' '-' '=' 'a=b' 'NR=2' '%s%n%d' '\' '\n' '\x41'
        '\`touch CANARY\`' '<script>document.title = 1;' '<img src=x onerror=alert(1)>' '<h1>x<!DOCTYPE>'
        '"><svg onload=alert(1)>' '&lt;b&gt;' '<!--' ']]>' '{= system("touch CANARY") =}' '{} {#}' '@{_^}'
        "''' . system('touch CANARY') . '" '@macro $data' '*' '[a-z]?' '~' '#x' '!x' 'ä€🐝' $'\xff\xfe\xc3' $'\xc2\x9b31m' EOD
        '>CANARY' '(touch CANARY)' '${HOME}' '|touch CANARY|' frame '@{[system("touch CANARY")]}')
}

# groups SIZE: joins names[] to longer ones of less than that, without what a line of a job file cannot hold.
groups() {
    local name group='' all=()
    for name in "${names[@]}"; do
        [[ $name != *[$'\n\r']* ]] || continue
        ((${#group} + ${#name} + 1 < $1)) || { all+=("$group.") && group=''; }
        group+=x$name
    done
    names=("${all[@]}" "$group.")
}

# is_plain FILE...: without control characters but the ends of lines.
is_plain() {
    ! LC_ALL=C grep -n -a $'[\x01-\x1f\x7f]' "$@"
}

# is_quiet FILE...: and without a line that a name forges.
is_quiet() {
    is_plain "$@" && ! grep -a -n '^touch' "$@"
}

# is_script FILE: as is_plain, but that words have newlines and tabs.
is_script() {
    ! LC_ALL=C grep -n -a $'[\x01-\x08\x0b-\x1f\x7f]' "$1"
}

# only_ours: standard input has no other elements than the report.
only_ours() {
    ! grep -a -o '<[a-zA-Z!][^ >]*' | grep -v -x '<\(!DOCTYPE\|html\|head\|meta\|title\|style\|body\|h1\|h2\|p\|figure\|figcaption\|img\|div\|pre\|details\|summary\)'
}

# is_sound PAGE: it has the elements of a report and no others, for programs that read it, too.
is_sound() {
    local page=$BATS_TEST_TMPDIR/page.html dom=$BATS_TEST_TMPDIR/dom
    cp -- "$1" "$page"
    is_plain "$page"
    only_ours <"$page"
    ! command -v tidy >/dev/null || tidy -q -e "$page"
    command -v chromium >/dev/null || return 0
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/profile" --dump-dom "file://$page" \
        >"$dom" 2>/dev/null || return 0
    grep -q '</html>' "$dom"
    only_ours <"$dom"
    [ "$(grep -a -o '<figure' "$dom" | wc -l)" -eq "$(grep -a -o '<figure' "$page" | wc -l)" ]
}

nothing_ran() {
    [ -z "$(find "$BATS_TEST_TMPDIR" -name CANARY)" ]
}

# named_frames: a frame for each of names[], in src, one of them a JPEG with metadata.
named_frames() {
    local name
    mkdir src
    for name in "${names[@]}"; do
        cp "$FIXTURES/one.png" "src/$name.png"
    done
    mv "src/${names[3]}.png" last.png
    cp "$FIXTURES/one.jpg" "src/${names[3]}.jpg"
    ! command -v exiftool >/dev/null || exiftool -config '' -q -overwrite_original "-Artist=${names[3]}<b>\$(touch CANARY)" \
        "-XMP:Label=${names[4]}" "-Comment=\`touch CANARY\`" "src/${names[3]}.jpg"
}

# names_of_frames: the frames of names[] come through a job, its report and the script of -n.
names_of_frames() {
    local result="ready/${names[3]}.png"
    named_frames
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions ready' 'ref_idx = 2' MaskNoise BalanceFrames 'plot_summary = yes' \
        'FocusStack fused' 'input_path = ready' 'depth_map = yes'
    stackjob -n job >"$BATS_TEST_TMPDIR/script" 2>err
    is_quiet err
    is_script "$BATS_TEST_TMPDIR/script"
    sh "$BATS_TEST_TMPDIR/script" >/dev/null 2>&1
    { contents ready && contents fused && contents noise-map; } >"$BATS_TEST_TMPDIR/wanted"
    [ "$(find ready -name '*.png' -print0 | tr -cd '\0' | wc -c)" -eq "${#names[@]}" ]
    nothing_ran
    rm -r ready fused noise-map plots
    stackjob job >out 2>err
    { contents ready && contents fused && contents noise-map; } | diff "$BATS_TEST_TMPDIR/wanted" -
    nothing_ran
    is_quiet out err t.log
    is_sound t-report.html
    [ "$(grep -c '<figure class="' t-report.html)" -eq "${#names[@]}" ]
    ! command -v exiftool >/dev/null ||
        [ "$(exiftool -config '' -s -s -s -Artist "$result")" = "$(exiftool -config '' -s -s -s -Artist "src/${names[3]}.jpg")" ]
    says 'all [0-9]* frames are up to date' stackjob job
}

# bats test_tags=all
@test "frames whose names have control characters" {
    control_names
    names_of_frames
}

# bats test_tags=all
@test "frames whose names are hostile otherwise" {
    hostile_names
    names_of_frames
}

# names_of_all: names[] are those of directories, jobs, steps and pictures, and the script of -n makes the same.
names_of_all() {
    local name
    for name in "${names[@]}"; do
        mkdir "i$name"
        cp "$FIXTURES"/one.png "i$name/1.png"
        cp "$FIXTURES"/two.png "i$name/2.png"
        printf '%s\n' "StackJob $name" "input_path = i$name" "NoiseDetection n$name" "file_name = $name" "Actions a$name" \
            MaskNoise BalanceFrames 'plot_summary = yes' 'plot_histograms = yes' "FocusStack f$name" 'depth_map = yes' "file_name = $name"
    done >job
    mv job ../job
    cp -r . ../again
    stackjob -n -C . ../job >"$BATS_TEST_TMPDIR/script" 2>"$BATS_TEST_TMPDIR/err"
    is_quiet "$BATS_TEST_TMPDIR/err"
    is_script "$BATS_TEST_TMPDIR/script"
    sh "$BATS_TEST_TMPDIR/script" >/dev/null 2>"$BATS_TEST_TMPDIR/err" || { tail -5 "$BATS_TEST_TMPDIR/err" && false; }
    nothing_ran
    cd ../again || return
    stackjob -C . ../job >../out 2>../err
    nothing_ran
    is_quiet ../out ../err
    for name in "${names[@]}"; do
        is_quiet "$name.log"
        is_sound "$name-report.html"
        [ "$(find "./a$name" "./f$name" -name '*.png' | wc -l)" -eq 4 ]
        # In a frame's row there is its number.
        grep -a 'corrections [0-9]' "$name.log"
    done
    contents . | grep -v -e '\.log$' -e '-report.html$' -e '\.stackjob/' -e '\.pdf$' >"$BATS_TEST_TMPDIR/wanted"
    cd ../here || return
    contents . | grep -v -e '\.pdf$' | diff "$BATS_TEST_TMPDIR/wanted" -
}

# bats test_tags=all
@test "directories, jobs, steps and pictures whose names have control characters" {
    control_names
    groups 190
    names_of_all
}

# bats test_tags=all
@test "directories, jobs, steps and pictures whose names are hostile otherwise" {
    hostile_names
    groups 190
    names_of_all
}

@test "the name of a report comes as it is for programs" {
    frames tiny
    job $'StackJob t\e[31m' 'input_path = src' 'Actions ready' 'output_format = pam'
    [ "$(stackjob -q -r job)" = "$PWD/"$'t\e[31m-report.html' ]
}

@test "a title of a plot is no script of gnuplot" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    printf 'frame\ty\na=b\t1\nb\t2\n' >a=b
    STACKJOB_TERMINAL='svg noenhanced' timeout 60 "$BUILD/libexec/stackpbm/plot-balance" \
        $'\'\'`touch CANARY`\nEOD\nsystem("touch CANARY")' a=b lumi a=b >plot.svg
    nothing_ran
    # Its title, and the line at the reference.
    grep -F "''\`touch CANARY\` EOD system(&quot;touch CANARY&quot;): corrections of light" plot.svg ||
        grep -F "''\`touch CANARY\` EOD system(" plot.svg
    for name in "'x" '@x' '\' "a''b"; do
        "$BUILD/libexec/stackpbm/plot-balance" "$name" b lumi a=b >plot.pdf 2>err
        [ "$(head -c 5 plot.pdf)" = %PDF- ]
        [ ! -s err ]
    done
}

# bats test_tags=all
@test "exiftool runs no configuration of the folder" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    mkdir src
    cp "$FIXTURES/one.jpg" src/1.jpg
    cp "$FIXTURES/one.jpg" src/2.jpg
    echo 'system("touch CANARY"); 1;' >.ExifTool_config
    cp .ExifTool_config src/
    env -u HOME exiftool -ver
    [ -e CANARY ]
    rm CANARY
    job 'StackJob t' 'input_path = src' 'Actions ready' BalanceFrames 'FocusStack fused' 'output_format = tiff'
    env -u HOME stackjob -n job >script
    env -u HOME sh script
    rm -r ready fused
    env -u HOME stackjob -q job
    nothing_ran
}

@test "of raw_options only what framein has, and what has no effect, is taken" {
    frames tiny
    for options in '-w 1' '-o 1' '-a' '-H 1' '-q 3' '-w 0000.dng' '-b .5' '*'; do
        refused "\"$options\" is no value for raw_options .*of dcraw's options, -h" 'StackJob a' 'Actions b' "raw_options = $options"
    done
    for options in '-w -W -6 -t 0' '-h' '-4 -h'; do
        job 'StackJob a' 'input_path = src' 'Actions b' "raw_options = $options"
        stackjob -n job >/dev/null
    done
}

@test "a log or state that is a link or a FIFO leads nowhere" {
    frames tiny
    plain_job
    : >victim
    ln -s victim test.log
    fails_with 1 'the log .*/test.log is a link, or no file' stackjob job
    ln -sf nowhere test.log
    fails_with 1 'the log .*/test.log is a link, or no file' stackjob job
    rm test.log
    mkfifo test.log
    fails_with 1 'the log .*/test.log is a link, or no file' timeout 20 stackjob job
    [ ! -s victim ] && [ ! -e nowhere ] && [ ! -e ready ]
    rm -r test.log .stackjob
    mkdir -p .stackjob/ready
    for file in .report-test .report-test.new ready/journal ready/owner ready/lock ready/guard; do
        ln -s "$PWD/victim" .stackjob/$file
        fails_with 1 "stackjob/$file is neither file nor directory" stackjob job
        rm .stackjob/$file
        mkfifo .stackjob/$file
        fails_with 1 "stackjob/$file is neither file nor directory" timeout 20 stackjob job
        rm .stackjob/$file
    done
    [ ! -s victim ] && [ ! -e ready ]
    # The state of a report lies beside the log, wherever the results are.
    mkdir elsewhere
    plain_job 'output_path = elsewhere/ready'
    ln -s "$PWD/victim" .stackjob/.report-test
    fails_with 1 'stackjob/.report-test is neither file nor directory' stackjob job
    [ ! -s victim ]
    rm .stackjob/.report-test
    stackjob -q job
}

# bats test_tags=all
@test "directories with = in their names are no assignments of awk" {
    mkdir in=put
    cp "$FIXTURES"/tiny/* in=put/
    job 'StackJob t' 'input_path = in=put' 'Actions plain' BalanceFrames
    timeout 60 stackjob job >out
    corrections=$(grep 'corrections ' out)
    for name in a=b NR=2 _x=null 0=1; do
        job 'StackJob t' 'input_path = in=put' "Actions $name" BalanceFrames 'plot_summary = yes'
        timeout 60 stackjob -n job >script
        timeout 60 sh script
        rm -r plots "$name"
        timeout 60 stackjob job >out
        [ "$(grep 'corrections ' out)" = "$corrections" ]
        contents plain | grep png | diff - <(contents "$name" | grep png)
    done
}

# ---- two jobs in one folder ----

# stack_job NAME PATTERN LINE...: the file NAME.job of the frames in src that match; the lines belong to its Actions.
stack_job() {
    printf '%s\n' "StackJob $1" 'input_path = src' NoiseDetection 'Actions ready' "pattern = $2" "${@:3}" MaskNoise BalanceFrames \
        'FocusStack fused' >"$1.job"
}

six_frames() {
    local i
    mkdir src
    for i in 1 2 3 4 5 6; do
        pam 8 8 3 255 $((100 + i)) 120 130 >"src/$i.pam"
    done
}

@test "a second job with the same step names leaves all of the first one's files, and is told the key that parts them" {
    six_frames
    stack_job bee '[123]*'
    stack_job wasp '[456]*'
    stackjob -q bee.job
    { untouched ready && untouched fused && untouched noise-map; } >before
    for option in -q -k -f -n; do
        fails_with 1 'Actions ready: the job bee made ready/[123].png, .*Set output_path' stackjob $option wasp.job
    done
    [ ! -e wasp.log ]
    # The same frames with other settings.
    stack_job wasp '[123]*' 'output_format = png'
    sed -i 's/^BalanceFrames/&\nchannel = RGB/' wasp.job
    for option in -q -f; do
        fails_with 1 'Actions ready: the job bee made ready/1.png, otherwise .*Set output_path' stackjob $option wasp.job
    done
    # Masks of other thresholds.
    printf '%s\n' 'StackJob wasp' 'input_path = src' NoiseDetection 'channel_thresholds = 20' >wasp.job
    fails_with 1 'NoiseDetection noise-map: the job bee made noise-map/hot-rgb.png, otherwise .*Set file_name' stackjob wasp.job
    # Pictures of one name.
    printf '%s\n' 'StackJob wasp' 'input_path = src' 'FocusStack fused' 'file_name = bee' >wasp.job
    fails_with 1 'FocusStack fused: the job bee made fused/bee.png, otherwise .*Set file_name or output_path' stackjob wasp.job
    { untouched ready && untouched fused && untouched noise-map; } | diff before -
    # What was told is the way out.
    sed -i 's/file_name = bee/file_name = wasp/' wasp.job
    stackjob -q wasp.job
    framefuse -png src/* | same - fused/wasp.png
    { untouched ready && untouched fused && untouched noise-map; } | grep -v wasp.png | diff before -
}

# bats test_tags=all
@test "with output_path both jobs come whole, in any order, share what both make alike, and leave it to each other" {
    six_frames
    for order in 'bee wasp' 'wasp bee'; do
        rm -rf .stackjob fused noise-map bee wasp
        stack_job bee '[123]*' 'output_path = bee'
        stack_job wasp '[456]*' 'output_path = wasp'
        for name in $order; do
            stackjob -q "$name.job"
        done
        framefuse -png bee/*.png | same - fused/bee.png
        framefuse -png wasp/*.png | same - fused/wasp.png
        { untouched bee && untouched wasp && untouched fused && untouched noise-map; } >before
        for name in $order $order; do
            stackjob "$name.job" >summary 2>err
            grep 'noise-map/hot-rgb.png is up to date' err
            grep 'NoiseDetection noise-map: [0-9]* noisy pixels' summary
        done
        { untouched bee && untouched wasp && untouched fused && untouched noise-map; } | diff before -
    done
    # What the photographs change is made again by either, once.
    cp src/1.pam src/7.pam
    says 'to a deviation map: other frames' stackjob bee.job
    says 'noise-map/hot-rgb.png is up to date' stackjob wasp.job
    touch src/7.pam
    says 'to a deviation map: other frames' stackjob wasp.job
    says 'noise-map/hot-rgb.png is up to date' stackjob bee.job
    # What only one of them is told otherwise is refused, also to the one that made it.
    for name in bee wasp; do
        sed 's/^NoiseDetection/&\nblur_size = 7/' $name.job >other
        fails_with 1 "the job [^ ]* made noise-map/hot-[a-z]*.p.., otherwise" stackjob other
    done
    # One no longer makes it: the other has it.
    untouched noise-map >before
    for name in bee wasp; do
        sed -i 's/^NoiseDetection/&\nfile_name = cold/' $name.job
        stackjob -q $name.job
        [ $name = wasp ] || untouched noise-map | grep hot | diff before -
    done
    [ -z "$(find noise-map -name 'hot*')" ] && [ -f noise-map/cold-rgb.png ]
}

@test "frames and figures that another job made alike are taken over, and stay its own" {
    makestack -kind=easy -width=160 -height=120 -frames=3 -hot=2 -shift=2 made
    mkdir src
    mv made/*.pam src/
    # The one that figures are told of.
    mv src/0002.pam $'src/0002\e[31m.pam'
    for name in one two; do
        printf '%s\n' "StackJob $name" 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames BalanceFrames >$name.job
    done
    stackjob one.job >first
    untouched ready >before
    says 'all 3 frames are up to date' stackjob two.job
    grep -A 3 'Actions ready' first | grep -v 'made now' >figures
    grep -F 'worst alignment: 0002\x1b[31m, ' figures
    grep -F -f figures out | diff figures -
    untouched ready | diff before -
    # The first one's no more: the second one's still.
    rm one.job
    printf '%s\n' 'StackJob one' 'input_path = src' 'Actions ready' 'output_format = tiff' >one.job
    fails_with 1 'the job two made ready/000.*pam, which the next step' stackjob one.job
    untouched ready | diff before -
}

@test "in a folder that was moved a job knows its own results" {
    frames tiny
    job 'StackJob t' 'input_path = src' 'Actions ready' BalanceFrames
    stackjob -q job
    mkdir moved
    mv src ready .stackjob job moved/
    says 'all 3 frames are up to date' stackjob moved/job
    echo 'channel = RGB' >>moved/job
    says '3 frames to make, 0 up to date' stackjob moved/job
}
