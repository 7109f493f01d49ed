#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# Jobs over camera raw files, whose noisy pixels are found on the sensor's mosaic and repaired inside the development.

# negatives DIR PATTERN MOSAIC...: digital negatives of mosaics, which ask to be turned.
negatives() {
    local dir=$1 pattern=$2 mosaic
    shift 2
    mkdir "$dir"
    for mosaic; do
        digital_negative "$dir/$(basename "$mosaic" .pgm).dng" "$pattern" 512 16383 <"$mosaic"
    done
    exiftool -q -overwrite_original -Orientation#=6 "$dir"/*.dng
}

# The same stack with noisy pixels on its sensor and without, as negatives; the directory m has the mosaics and the
# truth.
make_fixtures() {
    type exiftool >/dev/null || return 0
    makestack -kind=defocus -noise=0 -width=400 -height=300 -frames=6 scene
    makemosaic -defects=20,50,saturated -grid=50 m scene/*.pam
    makemosaic -defects=none c scene/*.pam
    negatives raw RG/GB m/*.pgm
    negatives clean RG/GB c/*.pgm
    tail -n +2 m/pixels.tsv | cut -f 1,2 | tr '\t' ' ' | sort >truth
}

setup() {
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return
    exec </dev/null
    [ -d "$FIXTURES/raw" ] || skip "exiftool is not installed"
    ln -s "$FIXTURES/raw" raw
}

# marked_pixels: those of the mask, as the truth has them.
marked_pixels() {
    noiselist -format=plain "$1" | sort
}

# bats test_tags=all
@test "from six negatives to the picture: noisy pixels are the sensor's, and gone before development" {
    job 'StackJob beetle' 'input_path = raw' NoiseDetection 'plot_histograms = yes' 'Actions ready' MaskNoise \
        'Actions picture' AlignFrames BalanceFrames 'FocusStack fused'
    stackjob job >out 2>err
    # All that were planted, and at most one other of these 120,000.
    marked_pixels noise-map/hot-rgb.png >marked
    diff marked "$FIXTURES/truth" || true
    [ "$(comm -13 marked "$FIXTURES/truth" | wc -l)" -eq 0 ]
    [ "$(comm -23 marked "$FIXTURES/truth" | wc -l)" -le 1 ]
    for name in 0000 0005; do
        framein -like=raw/0000.dng -mask=noise-map/hot-rgb.png raw/$name.dng | pamtopam >wanted.pam
        pngtopam ready/$name.png | pamtopam | same - wanted.pam
    done
    [ -s plots/noise-map-hot-pixels.pdf ] || ! command -v gnuplot
    [ "$(pngtopam fused/beetle.png | pamfile -machine - | cut -d ' ' -f 4,5)" = '400 300' ]
    { untouched ready && untouched noise-map && untouched fused; } >before
    stackjob job >out 2>err
    { untouched ready && untouched noise-map && untouched fused; } | diff before -

    # Another threshold: the map stays, the mask and what comes of it does not.
    sed -i 's/^NoiseDetection/&\nchannel_thresholds = 40/' job
    : >beetle.log
    stackjob -q job
    ! grep -e 'framein -mosaic' beetle.log || false
    [ "$(marked_pixels noise-map/hot-rgb.png | wc -l)" -lt "$(wc -l <marked)" ]
    framein -mask=noise-map/hot-rgb.png raw/0003.dng | pamtopam >wanted.pam
    pngtopam ready/0003.png | pamtopam | same - wanted.pam
}

# bats test_tags=all
@test "around noisy pixels the error is at most .4 of what repairing developed frames leaves" {
    job 'StackJob sensor' 'input_path = raw' 'NoiseDetection s' 'Actions sensor' 'output_format = pam' MaskNoise \
        'StackJob developed' 'input_path = raw' 'NoiseDetection d' 'raw_domain = no' 'Actions developed' \
        'output_format = pam' MaskNoise 'raw_domain = no' 'max_pixels = 0' \
        'StackJob truth' "input_path = $FIXTURES/clean" 'Actions clean' 'output_format = pam'
    stackjob -q job
    # error DIR: root mean square over 7x7 around what was planted, of all frames.
    error() {
        for name in 0000 0001 0002 0003 0004 0005; do
            pamarith -difference "$1/$name.pam" clean/$name.pam | pamtopnm -plain | awk '
                NR == FNR { for (y = $2 - 3; y <= $2 + 3; y++) for (x = $1 - 3; x <= $1 + 3; x++) near[x, y] = 1; next }
                FNR == 2 { width = $1 * 3 }
                FNR > 3 { for (i = 1; i <= NF; i++) { if ((int(n % width / 3), int(n / width)) in near) print $i; n++ } }' \
                "$FIXTURES/truth" -
        done | awk '{ sum += $1 * $1 } END { printf "%.0f\n", sqrt(sum / NR) }'
    }
    on_sensor=$(error sensor) on_developed=$(error developed)
    echo "on the sensor: $on_sensor, on developed frames: $on_developed"
    ((on_sensor * 10 <= on_developed * 4))
}

@test "target_pixels chooses the threshold as noisehist does, and excludes thresholds" {
    job 'StackJob t' 'input_path = raw' NoiseDetection 'target_pixels = 20'
    stackjob -q job
    [ "$(marked_pixels noise-map/hot-rgb.png | wc -l)" -le 20 ]
    [ "$(marked_pixels noise-map/hot-rgb.png | wc -l)" -gt 0 ]
    noisedetect -quiet -frommap "$(noisehist -target=20 noise-map/hot-map.pam)" noise-map/hot-map.pam >wanted.pam
    diff <(marked_pixels noise-map/hot-rgb.png) <(marked_pixels wanted.pam)
    stackjob -n -f job | grep -F 'noisedetect -frommap "$(noisehist -target=20 noise-map/hot-map.pam)" -output='
    refused 'channel_thresholds has no effect beside target_pixels' 'StackJob t' 'input_path = raw' NoiseDetection \
        'target_pixels = 20' 'channel_thresholds = 8'
    # The same on frames that are no raw files.
    ln -s "$FIXTURES/scene" scene
    job 'StackJob t' 'input_path = scene' 'NoiseDetection other' 'target_pixels = 30'
    stackjob -q job
    [ "$(marked_pixels other/hot-rgb.png | wc -l)" -le 30 ]
}

@test "raw files and others in one directory are refused, with the way out" {
    mkdir src
    cp raw/0000.dng raw/0001.dng src/
    pam 400 300 3 65535 1 2 3 >src/x.pam
    refused 'src/0000.dng is a camera raw file and src/x.pam is not.*pattern = \*.dng.*raw_domain = no' 'StackJob t' \
        'input_path = src' NoiseDetection
    job 'StackJob t' 'input_path = src' NoiseDetection 'pattern = *.dng'
    stackjob -q job
    job 'StackJob t' 'input_path = src' 'NoiseDetection all' 'raw_domain = no'
    stackjob -q job
}

@test "raw files that hold no mosaic are taken as developed, and that is said" {
    mkdir src
    pamdepth -quiet 16383 "$FIXTURES/scene/0000.pam" | pamtopam >linear.pam
    for n in 0 1; do makedng -white=16383 linear.pam >src/$n.dng; done
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions ready' MaskNoise 'max_pixels = 0'
    stackjob -n job >script 2>err
    [ "$(grep -c 'src/0.dng: holds no mosaic: .*: its raw files are taken as developed frames' err)" -eq 1 ]
    grep -F '| noisedetect -map -blur=5 -statistic=persistent' script
    grep -F '| noisemask -mask=noise-map/hot-rgb.png -maxpixels=0 -grow=1' script
}

@test "grow widens what is repaired on the mosaic" {
    job 'StackJob t' 'input_path = raw' NoiseDetection 'Actions ready' 'output_format = pam' MaskNoise 'grow = 1' 'max_pixels = 0'
    stackjob -q job
    framein -grow=1 -maxpixels=0 -mask=noise-map/hot-rgb.png raw/0003.dng >wanted.pam
    same <(raster ready/0003.pam) <(raster wanted.pam)
}

# bats test_tags=all
@test "a mask of another size than the sensor's is refused; keys that have no effect on mosaics are told" {
    pam 200 150 1 255 0 >small.pam
    refused 'the mask small.pam is 200x150, but the sensor has 400x300.*raw_domain = no' 'StackJob t' 'input_path = raw' \
        'Actions ready' MaskNoise 'noise_mask = small.pam'
    pam 400 150 1 255 0 >small.pam
    refused 'the mask small.pam is 400x150, but the sensor has 400x300' 'StackJob t' 'input_path = raw' 'Actions ready' MaskNoise \
        'noise_mask = small.pam'
    rm small.pam
    job 'StackJob t' 'input_path = raw' NoiseDetection 'blur_size = 7' 'Actions ready' 'pattern = 000[01]*' MaskNoise 'method = median'
    says 'on the mosaics of raw files blur_size and statistic have no effect.*method and kernel_size have no effect' stackjob job
}

# bats test_tags=all
@test "an X-Trans sensor's pattern of six rows" {
    makemosaic -pattern=xtrans -defects=50 -grid=60 x "$FIXTURES"/scene/000[0-2].pam
    negatives film GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG x/*.pgm
    job 'StackJob t' 'input_path = film' NoiseDetection
    stackjob -q job
    grep -F 'framein -mosaic film/0000.dng film/0001.dng film/0002.dng' t.log
    tail -n +2 x/pixels.tsv | cut -f 1,2 | tr '\t' ' ' | sort >truth
    marked_pixels noise-map/hot-rgb.png >marked
    [ "$(comm -12 marked truth | wc -l)" -ge $(($(wc -l <truth) * 9 / 10)) ]
}

# bats test_tags=all
@test "the script of -n, and machines that the frames travel to, make the same" {
    job 'StackJob t' 'input_path = raw' NoiseDetection 'Actions ready' 'metadata = no' 'output_format = pam' MaskNoise \
        BalanceFrames
    stackjob -n job >script
    sh script 2>err
    contents ready | grep pam >wanted
    rm -r ready noise-map
    stackjob -q job
    contents ready | grep pam | diff wanted -
    command -v rsync >/dev/null && command -v parallel >/dev/null || return 0
    # The other machine is this one.
    tool ssh 'while :; do case $1 in -o | -p | -l | -i) shift 2 ;; -*) shift ;; *) break ;; esac; done' 'shift' \
        '[ "$1" != -- ] || shift' 'cd && exec sh -c "$*"'
    rm -r ready .stackjob/ready
    stackjob -q -S other -T job
    contents ready | grep pam | diff wanted -
}
