#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# The report of a job.

# whole_job LINE...: a job to the picture, and these lines.
# shellcheck disable=SC2120
whole_job() {
    job 'StackJob beetle' 'input_path = src' NoiseDetection 'Actions ready' MaskNoise AlignFrames BalanceFrames \
        'FocusStack fused' "$@"
}

# pictures REPORT: each picture of the page as a file picture-N.TYPE; prints how many.
pictures() {
    local type data n=0
    while IFS=' ' read -r type data; do
        base64 -d <<<"$data" >"picture-$n.$type"
        n=$((n + 1))
    done < <(grep -o 'src="data:image/[a-z+]*;base64,[^"]*' "$1" | sed 's/.*image\/\([a-z+]*\);base64,/\1 /')
    echo $n
}

@test "the report shows frames, pixels, alignment, light and picture, and needs nothing from elsewhere" {
    frames stack
    whole_job
    stackjob job >out 2>err
    grep -x "  report: $PWD/beetle-report.html" out
    [ "$(stackjob -q -r job)" = "$PWD/beetle-report.html" ]
    for text in '<h1>beetle</h1>' 'The stack' 'noise-map: noisy pixels' 'The strongest noisy pixels' 'ready: alignment' \
        'aligned worst' 'ready: light' 'To make it again' 'noisemask -mask=noise-map/hot-rgb.png' '0002, the reference'; do
        grep -q -F "$text" beetle-report.html
    done
    # Nothing is loaded: every source is in the page, and no script.
    ! grep -E -i '<script|<link|<iframe|@import|url\(|src="[^d]|href=' beetle-report.html || false
    # Picture, five frames, up to ten pixels before and after, a pair; and three plots.
    count=$(pictures beetle-report.html)
    ((count >= 1 + 5 + 2 + 1))
    for file in picture-*.jpeg; do
        jpegtopnm -quiet "$file" >/dev/null
    done
    for file in picture-*.png; do
        [ "$(pngtopam "$file" | pamfile -machine - | cut -d ' ' -f 4,5)" = '84 84' ]
    done
    [ "$(ls picture-*.svg+xml | wc -l)" -eq 3 ] || ! command -v gnuplot
    ! command -v tidy || tidy -q -e beetle-report.html
}

@test "noisy pixels are shown before and after their repair" {
    frames stack
    whole_job
    stackjob -q job 2>err
    pictures beetle-report.html >/dev/null
    # What was in the middle of a picture before is not there after.
    read -r x y < <(noisedetect -quiet -frommap "$(noisehist -target=10 noise-map/hot-map.pam)" noise-map/hot-map.pam |
        noiselist -quiet -format=plain | head -n 1)
    first=$(ls picture-*.png | sort -t - -k 2n | head -n 1)
    second=$(ls picture-*.png | sort -t - -k 2n | sed -n 2p)
    pngtopam src/0002.png | pamcut -left="$x" -top="$y" -width=1 -height=1 | pamtopam >wanted.pam
    middle() { pngtopam "$1" | pamcut -left=40 -top=40 -width=1 -height=1 | pamtopam; }
    middle "$first" | same - wanted.pam
    ! middle "$second" | same - wanted.pam || false
}

@test "where no pixel is noisy none is shown as repaired" {
    frames stack
    whole_job
    sed -i 's/^NoiseDetection/&\nchannel_thresholds = 255/' job
    stackjob -q job 2>err
    grep 'The picture' beetle-report.html
    ! grep 'strongest noisy pixels' beetle-report.html || false
}

# bats test_tags=all
@test "a second run leaves the report; what it shows makes it again; by hand it is kept; report = no takes it away" {
    frames stack
    whole_job
    stackjob -q job 2>err
    stat -c '%y %i' beetle-report.html >before
    stackjob -q job
    stat -c '%y %i' beetle-report.html | diff before -
    sed -i 's/^FocusStack fused/&\nsharpness = 8/' job
    stackjob -q job
    ! stat -c '%y %i' beetle-report.html | diff before - || false
    echo mine >>beetle-report.html
    says 'beetle-report.html was changed by hand, or was never' stackjob job
    [ "$(tail -n 1 beetle-report.html)" = mine ]
    stackjob -q -f job 2>err
    ! grep -x mine beetle-report.html || false
    sed -i 's/^StackJob beetle/&\nreport = no/' job
    stackjob -q job
    [ ! -e beetle-report.html ]
}

# bats test_tags=all
@test "a refused frame is shown beside the reference with the reason, whether the job stops or goes on" {
    frames stack
    makestack -kind=easy -seed=77 -width=160 -height=120 -frames=1 other
    pamtopng <other/0000.pam >src/0001.png
    whole_job
    for option in '' -k; do
        rm -rf ready .stackjob/ready
        status=0
        # shellcheck disable=SC2086
        stackjob $option job >out 2>err || status=$?
        [ "$status" -eq 2 ]
        grep -q 'Frames that are left out' beetle-report.html
        grep -q 'class="warning">0001: refused: .*%' beetle-report.html
        grep -q 'the frame 0001' beetle-report.html
        # What is known of the others by then is there, too.
        grep -q 'ready: alignment' beetle-report.html
        [ "$(pictures beetle-report.html)" -ge 7 ]
        [ "$(ls picture-*.svg+xml | wc -l)" -ge 2 ] || ! command -v gnuplot
        rm picture-*
        ! command -v tidy || tidy -q -e beetle-report.html
    done
    [ "$(ls ready/*.png | wc -l)" -eq 4 ]
}

@test "names and messages are text in the page, never markup" {
    mkdir src
    for name in 'a<b>' 'c&amp;"d' "e'f"; do
        cp "$FIXTURES/tiny/f1.pam" "src/$name.pam"
    done
    job 'StackJob x<y>&z' 'input_path = src' 'Actions ready' 'output_format = pam'
    stackjob -q job
    grep -q -F '<h1>x&lt;y&gt;&amp;z</h1>' 'x<y>&z-report.html'
    grep -q -F '<figcaption>a&lt;b&gt;</figcaption>' 'x<y>&z-report.html'
    grep -q -F '<figcaption>c&amp;amp;&quot;d, the reference</figcaption>' 'x<y>&z-report.html'
    ! grep -F '<b>' 'x<y>&z-report.html' || false
    ! command -v tidy || tidy -q -e 'x<y>&z-report.html'
}

@test "photographs of every format are shown, without their opacity, as stock Netpbm makes them small" {
    makestack -kind=bristle -width=320 -height=208 -frames=1 -maxval=65535 wide
    makestack -kind=bristle -width=320 -height=208 -frames=1 stack
    pamtopng wide/0000.pam >wide.png
    pamtopng stack/0000.pam >alpha.png
    pngtopam -quiet alpha.png | tee color.ppm | ppmtopgm >gray.pgm
    pngtopam -quiet wide.png >wide.ppm
    pnmtopnm -plain gray.pgm >plain.pgm
    pamtopam <color.ppm >color.pam
    pamchannel -infile stack/0000.pam -tupletype GRAYSCALE_ALPHA 0 3 >gray-alpha.pam
    head -c 5000 alpha.png >cut.png
    : >empty.pgm
    n=0
    printf 'job\tj\tnow\n' >facts
    for file in wide.png stack/0000.pam alpha.png wide.ppm gray.pgm plain.pgm color.pam color.ppm gray-alpha.pam; do
        printf 'frame\t%s\tframe\tcat\t%s\n' $file $file >>facts
        case $file in
        wide.*) cat wide.ppm ;;
        gray-alpha.pam) pamchannel -infile $file 0 | pamtopnm -assume ;;
        *.pgm) cat gray.pgm ;;
        *) cat color.ppm ;;
        esac | pamdepth -quiet 255 | pamscale -quiet -xyfit 240 240 | pnmtojpeg -quality=80 | jpegtopnm -quiet >wanted-$n.pnm
        n=$((n + 1))
    done
    "$BUILD/libexec/stackpbm/report-page" facts >page 2>err
    [ ! -s err ]
    [ "$(pictures page)" -eq 9 ]
    for ((i = 0; i < n; i++)); do
        jpegtopnm -quiet picture-$i.jpeg >shown.pnm
        # At 16 bits roundings differ, for the small picture is the one that comes to 8.
        paste <(pamtopnm -plain shown.pnm | tail -n +4 | tr -s ' ' '\n') <(pamtopnm -plain wanted-$i.pnm | tail -n +4 | tr -s ' ' '\n') |
            awk '{ d = $1 - $2; n++; sum += d * d } END { print n, sum; exit !(n >= 240 * 156 && sum <= n) }'
    done
    # What is no whole image is left out with a word.
    for file in cut.png empty.pgm absent.pam; do
        printf 'frame\t%s\tframe\tcat\t%s\n' $file $file >>facts
    done
    "$BUILD/libexec/stackpbm/report-page" facts >page 2>err
    [ "$(grep -c 'this gives no image: cat \(cut.png\|empty.pgm\|absent.pam\)' err)" -eq 3 ]
    [ "$(pictures page)" -eq 9 ]
}

# bats test_tags=all
@test "of very many frames the sheet shows some, and the page stays small" {
    mkdir src
    for ((i = 0; i < 300; i++)); do
        ln "$FIXTURES/tiny/f1.pam" "src/$i.pam" 2>/dev/null || cp "$FIXTURES/tiny/f1.pam" "src/$i.pam"
    done
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam'
    stackjob -q job
    shown=$(grep -c '<figcaption>' t-report.html)
    ((shown >= 40 && shown <= 50))
    [ "$(wc -c <t-report.html)" -lt 3000000 ]
}

# browse ARGUMENT...: chromium without a window, and without questions to anybody.
browse() {
    timeout 60 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$PWD/profile" "$@" \
        >/dev/null 2>&1
}

# bats test_tags=all
@test "a browser draws the page, wide and narrow" {
    # On an empty page it shows whether it runs at all; what it then fails to draw is a failure.
    command -v chromium >/dev/null && browse --screenshot="$PWD/empty.png" about:blank ||
        skip "chromium is not installed, or does not run as root"
    frames stack
    whole_job
    stackjob -q job 2>err
    for width in 1280 400; do
        browse --window-size=$width,2000 --screenshot="$PWD/shot.png" "file://$PWD/beetle-report.html"
        # Not blank: the picture's colours are there.
        [ "$(pngtopam shot.png | pamscale -reduce 8 2>/dev/null | ppmhist -noheader 2>/dev/null | wc -l)" -gt 200 ]
        rm shot.png
    done
}

@test "of very many frames the reference is on the sheet, and of the worst pair the place with most detail" {
    # A pair is flat but for stripes in its lower right corner, a reference is none of every third frame.
    pam 900 700 1 255 128 | pamtopnm >flat.pgm
    pam 64 64 1 255 0 255 255 0 | pamtopnm >stripes.pgm
    pnmpaste stripes.pgm 830 630 flat.pgm >detail.pgm
    pam 8 8 1 255 128 >small.pam
    printf 'job\tj\tnow\n' >facts
    for ((i = 0; i < 120; i++)); do
        ((i == 61)) && word=reference || word=frame
        printf 'frame\tf%d\t%s\tcat\tsmall.pam\n' $i $word
    done >>facts
    printf 'pair\tone\ttwo\none\tcat\tdetail.pgm\ntwo\tcat\tdetail.pgm\n' >>facts
    "$BUILD/libexec/stackpbm/report-page" facts >page 2>err
    [ ! -s err ]
    grep -F '<figcaption>f61, the reference</figcaption>' page
    [ "$(grep -c '<figure class="frame"' page)" -eq 40 ]
    count=$(pictures page)
    jpegtopnm -quiet picture-$((count - 1)).jpeg >pair.ppm
    [ "$(pamfile -machine pair.ppm | cut -d ' ' -f 4,5)" = '640 480' ]
    [ "$(pamcut -right=-1 -bottom=-1 -width=64 -height=64 pair.ppm | ppmtopgm | pamsumm -max -brief)" -gt 200 ]
}
