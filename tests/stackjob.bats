#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# ---- the job file ----

@test "a wrong word is refused with the file, the line's number, the line and what may stand there" {
    frames tiny
    refused '^job:3: "Foo" is no block.* Foo bar .*allowed here: StackJob NAME, .*input_path' \
        'StackJob a' 'input_path = src' '  Foo bar'
    refused 'job:2: "resample" is no key of StackJob resample = 2 .*allowed here: .*plot_path' \
        'StackJob a' 'resample = 2'
    refused 'job:1: MaskNoise stands before any StackJob .*allowed here: StackJob NAME' MaskNoise
    refused 'job:2: MaskNoise stands outside of Actions .*allowed here: .*Actions NAME' \
        'StackJob a' MaskNoise
    refused 'job:1: "input_path" stands before any StackJob' 'input_path = src'
    refused 'job:1: StackJob needs a name' 'StackJob'
    refused 'job:2: Actions needs a name' 'StackJob a' Actions
    refused 'job:3: AlignFrames takes no name' 'StackJob a' 'Actions b' 'AlignFrames c'
    refused 'a name becomes part of file names' 'StackJob a/b'
    refused 'a name becomes part of file names' 'StackJob a' 'Actions ..'
    refused 'at most 200 bytes' "StackJob $(printf 'n%.0s' {1..201})"
    refused 'there is no input_path' "StackJob $(printf 'n%.0s' {1..200})" 'Actions a'
    refused 'job:3: "enabled" is set twice' 'StackJob a' 'enabled = yes' 'enabled = yes'
    refused 'job:2: "enabled" has no value .*allowed here: yes, no, true' 'StackJob a' 'enabled ='
    refused 'job:1: there is no StackJob in this file' '# nothing'
}

# bats test_tags=all
@test "every value that a key cannot have is refused with what it can be" {
    frames tiny
    in_noise() { refused "job:3: \"$2\" is no value for $1 $1 = $2 .*allowed here: $3" 'StackJob a' NoiseDetection "$1 = $2"; }
    in_noise max_frames 0 'a whole number from 1'
    in_noise max_frames -3 'a whole number'
    in_noise max_frames 2.5 'a whole number'
    in_noise plot_histograms maybe 'yes, no, true, false, on, off'
    in_noise channel_thresholds 13,13 'one number or three'
    in_noise channel_thresholds 13,13,256 'one number or three'
    in_noise channel_thresholds 255.0000001 'one number or three'
    in_noise channel_thresholds 13,,13,13 'one number or three'
    in_noise channel_thresholds x,1,1 'one number or three'
    in_noise blur_size 4 'an odd number'
    in_noise blur_size 1001 'an odd number'
    in_noise statistic median 'mean, persistent'
    in_noise file_name a/b 'a file name'
    in_noise file_name .a 'a file name'
    in_noise plot_range 30,5 'two whole numbers'
    in_noise plot_range 5 'two whole numbers'
    in_noise pattern a/b 'a shell pattern'
    in_noise raw_options '-Z x' "of dcraw's options"
    in_noise raw_options '-w /etc/passwd' "of dcraw's options"
    in_noise enabled 1 'yes, no'
    in_actions() { refused "job:3: \"$2\" is no value for $1 $1 = $2 .*allowed here: $3" 'StackJob a' 'Actions b' "$1 = $2"; }
    in_actions resample 0 'a whole number from 1'
    in_actions reverse_order x 'yes, no'
    in_actions ref_idx -1 'a whole number from 0'
    in_actions output_format gif 'png, pam, tiff'
    in_actions jpeg_quality 0 'a whole number from 1 to 100'
    in_actions jpeg_quality 101 'a whole number from 1 to 100'
    in_actions metadata 2 'yes, no'
    in_sub() { refused "job:4: \"$3\" is no value for $2 $2 = $3 .*allowed here: $4" 'StackJob a' 'Actions b' "$1" "$2 = $3"; }
    in_sub MaskNoise kernel_size 1 'an odd number from 3'
    in_sub MaskNoise kernel_size 4 'an odd number from 3'
    in_sub MaskNoise method max 'membrane, INTERPOLATE_MEAN, INTERPOLATE_MEDIAN, nearest'
    in_sub MaskNoise max_pixels -1 'a whole number from 0'
    in_sub MaskNoise grow 51 'a number of pixels from 0 to 50'
    in_sub MaskNoise grow -1 'a number of pixels from 0 to 50'
    in_sub MaskNoise grow 1.5 'a number of pixels from 0 to 50'
    in_sub AlignFrames transform ALIGN_ALL 'auto, ALIGN_RIGID, ALIGN_HOMOGRAPHY, shift'
    in_sub AlignFrames step_process x 'yes, no'
    in_sub AlignFrames crop x 'yes, no'
    in_sub AlignFrames border_mode BORDER 'BORDER_REPLICATE_BLUR, BORDER_REPLICATE'
    in_sub AlignFrames border_value 1,2,3,4,5 'one to four whole numbers'
    in_sub AlignFrames border_value 65536 'one to four whole numbers'
    in_sub AlignFrames border_blur 0 'a number of pixels from 0.5'
    in_sub AlignFrames plot_summary x 'yes, no'
    in_sub BalanceFrames channel LAB 'LUMI, RGB, HSV, HLS'
    in_sub BalanceFrames corr_map CUBIC 'LINEAR, GAMMA, MATCH_HIST'
    in_sub BalanceFrames mask_size 0 'a number above 0'
    in_sub BalanceFrames mask_size nan 'a number above 0'
    in_sub BalanceFrames intensity_interval 9,3 'two whole numbers MIN,MAX'
    in_sub BalanceFrames intensity_interval 9 'two whole numbers MIN,MAX'
    in_sub BalanceFrames plot_histograms x 'yes, no'
    in_sub BalanceFrames plot_summary x 'yes, no'
    in_sub BalanceFrames enabled x 'yes, no'
}

@test "keys without effect beside others are refused" {
    frames tiny
    in_align() { refused "job:3: $1" 'StackJob a' 'Actions b' AlignFrames "${@:2}"; }
    in_align 'border_value has no effect' 'border_value = 3'
    in_mask() { refused "job:3: $1" 'StackJob a' 'Actions b' MaskNoise "${@:2}"; }
    in_mask 'kernel_size has no effect without method = INTERPOLATE_MEAN' 'kernel_size = 5'
    in_mask 'kernel_size has no effect' 'method = nearest' 'kernel_size = 5'
    in_align 'border_blur has no effect' 'border_mode = BORDER_CONSTANT' 'border_blur = 3'
    in_align 'border_mode has no effect with crop' 'border_mode = BORDER_REPLICATE' 'crop = yes'
    in_align 'border_blur has no effect' 'border_blur = 3'
    in_align 'border_blur has no effect' 'crop = yes' 'border_blur = 3'
    in_align 'step_process has no effect beside apply' 'apply = t.tsv' 'step_process = yes'
    in_align 'step_process has no effect beside apply' 'apply = t.tsv' 'step_process = no'
    in_align 'transform has no effect beside apply' 'apply = t.tsv' 'transform = shift'
    refused 'job:2: jpeg_quality has no effect' 'StackJob a' 'Actions b' 'jpeg_quality = 90'
    refused 'transparent needs an output_format' 'StackJob a' 'Actions b' 'output_format = jpeg' \
        AlignFrames 'border_mode = transparent'
    refused 'intensity_interval has no effect' 'StackJob a' 'Actions b' BalanceFrames \
        'corr_map = MATCH_HIST' 'intensity_interval = 3,9'
}

@test "a border colour with opacity serves frames without" {
    frames stack
    job 'StackJob test' 'input_path = src' 'Actions ready' 'metadata = no' 'output_format = pam' \
        AlignFrames 'border_mode = BORDER_CONSTANT' 'border_value = (0, 0, 0, 0)'
    stackjob -q job
    [ "$(find ready -name '*.pam' | wc -l)" -eq 5 ]
    [ "$(header DEPTH ready/0000.pam)" -eq 3 ]
}

@test "all errors of a job file are told at once" {
    job 'StackJob a' 'x = 1' 'Actions b' 'resample = 0' 'y'
    fails_with 1 'job:2: .*job:4: .*job:5: ' stackjob job
}

@test "every key with a right value goes into the pipelines" {
    frames tiny
    mkdir dark else
    cp src/* dark/
    printf 'frame\tm11\nf1\tfailed\n' >t.tsv
    job 'StackJob all' '  input_path = nowhere' 'plot_path = graphs' 'raw_options = -w -4' 'enabled = TRUE' \
        'NoiseDetection my noise' 'input_path = src' 'input_path = dark' 'max_frames = 5' \
        'plot_path = else/plots' 'plot_histograms = On' 'channel_thresholds = (13.5, 20 21)' 'blur_size = 7' \
        'statistic = persistent' 'file_name = noisy' 'plot_range = [3, 40]' 'pattern = f*' 'output_path = x' \
        'Actions one' 'input_path = src' 'output_path = else/one' 'pattern = f[12].*' 'resample = 2' \
        'reverse_order = yes' 'ref_idx = 0' 'output_format = jpeg' 'jpeg_quality = 80' 'metadata = off' \
        MaskNoise 'kernel_size = 5' 'method = INTERPOLATE_MEDIAN' 'grow = 7' 'max_pixels = 0' \
        AlignFrames 'step_process = no' 'transform = ALIGN_HOMOGRAPHY' 'border_mode = BORDER_CONSTANT' 'border_value = (1,2,3)' \
        'plot_summary = yes' \
        BalanceFrames 'channel = HSV' 'corr_map = GAMMA' 'mask_size = 0.9' 'intensity_interval = (10, -1)' \
        'Actions two' 'output_format = pam' AlignFrames 'border_mode = transparent' 'enabled = no' \
        AlignFrames 'apply = t.tsv' 'crop = yes' MaskNoise 'noise_mask = my noise/noisy-rgb.png' 'grow = 0' \
        'Actions three' 'enabled = no' 'input_path = not there'
    stackjob -n job >script 2>err
    grep -F 'noisedetect -map -blur=7 -statistic=persistent src/f1.pam src/f2.pam src/f3.pam dark/f1.pam dark/f2.pam >' script
    ! grep -F dark/f3 script || false
    grep -F "noisedetect -frommap -threshold=13.5,20,21 '-output=my noise/noisy' 'my noise/noisy-map.pam'" script
    grep -F "noisehist -range=3,40 -threshold=13.5,20,21 '-plot=else/plots/my noise-hot-pixels.pdf'" script
    grep -F 'output_path is not used' err
    grep -F "noisemask '-mask=my noise/noisy-rgb.png' -kernel=5 -method=median -grow=7 -maxpixels=0 src/f1.pam | framealign" script
    grep -F -e '-model=homography -border=constant -bordervalue=1,2,3 | framebalance' script
    grep -F -e '-channel=hsv -curve=gamma -masksize=0.9 -interval=10,-1 | pamtopnm -quiet -assume | pnmtojpeg -quality=80 >else/one/f1.jpg' script
    ! grep -F src/f2.pam script | grep -F noisemask || false
    grep -F "framealign -apply=t.tsv -crop -name=f1 | noisemask '-mask=my noise/noisy-rgb.png' -grow=0 >two/f1.pam" script
    ! grep -F transparent script || false
    grep -F 'plot-align one' script
    [ ! -e else/one ]
}

@test "yes and no have six words in any case; constants too" {
    frames tiny
    for word in yes YES true True on ON; do
        plain_job "reverse_order = $word"
        stackjob -n job >/dev/null
    done
    for word in no No false FALSE off; do
        job 'StackJob a' "enabled = $word"
        says 'not enabled' stackjob job
    done
    job 'StackJob a' 'input_path = src' 'Actions b' BalanceFrames 'channel = hls' 'corr_map = match_hist'
    stackjob -n job | grep -F -e '-channel=hls -curve=match'
}

@test "zeros before a number do not make it octal" {
    frames tiny
    job 'StackJob a' 'input_path = src' 'Actions b' 'ref_idx = 02' 'resample = 01' 'output_format = jpeg' 'jpeg_quality = 080' BalanceFrames
    stackjob -n job >script
    grep -F 'f3, the reference' script
    grep -F -e '-quality=80 ' script
    sed -i 's/ref_idx = 02/ref_idx = 09/' job
    fails_with 1 'ref_idx = 9, but there are 3 frames' stackjob job
}

@test "CR LF, a byte order mark, no final newline, comments and indentation are fine" {
    frames tiny
    printf '\357\273\277# a comment\r\n  StackJob test\r\n\t input_path=src\r\n\r\n   # more\r\nActions  out dir \r\n  output_format =  pam' >job
    stackjob -q job
    same src/f2.pam 'out dir/f2.pam'
}

@test "-e prints a job file with every key, which is right" {
    stackjob -e >example
    awk '
        /^kind / { on = 1 }
        on { for (i = 1; i <= NF; i++) if ($i ~ /=/) { sub(/=.*/, "", $i); print $i } }
        !/\\$/ { on = 0 }' "$REPO"/scripts/libexec/*.sh | sort -u >keys
    [ "$(wc -l <keys)" -eq 49 ]
    # raw_options is only read for job files that were made for dcraw.
    sed -i '/^raw_options$/d' keys
    while read -r key; do
        grep -q "^ *#* *$key = " example || {
            echo "$key is not in the example"
            false
        }
    done <keys
    frames tiny
    says '' stackjob -n example
}

@test "the defaults: thresholds by statistic, grow by format, borders that the format holds" {
    mkdir src
    for i in 1 2 3; do
        pam 40 40 3 255 10 20 30 40 "$i" | pamtopnm >frame
        pnmtojpeg frame >src/j$i.jpg
        pamtopng frame >src/p$i.png
    done
    steps() {
        printf '%s\n' 'StackJob t' 'input_path = src' 'NoiseDetection' 'NoiseDetection classic' 'statistic = mean'
        for format in png pam tiff jpeg; do
            printf '%s\n' "Actions $format" 'input_path = src' "output_format = $format" MaskNoise AlignFrames BalanceFrames
        done
    }
    steps >job
    stackjob -n job >list 2>err
    grep -F -e '-statistic=persistent >noise-map/hot-map.pam' list
    grep -F -e '-threshold=8,8,8 -output=noise-map/hot' list
    grep -F -e '-statistic=mean >classic/hot-map.pam' list
    grep -F -e '-threshold=13,13,13 -output=classic/hot' list
    # Frames of either kind go through pipelines of their own.
    [ "$(grep 'noisemask -mask=classic/hot-rgb.png -grow=2 ' list | grep -o -e '-name=j[1-3]' | wc -l)" -eq 12 ]
    [ "$(grep 'noisemask -mask=classic/hot-rgb.png -grow=1 ' list | grep -o 'src/p[1-3].png' | wc -l)" -eq 12 ]
    ! grep -e '-name=j[1-3].*p[1-3].png' list || false
    [ "$(grep -c '^framealign -estimate .*-reference=.*/p1.pam .*/j1.pam .*/p3.pam' list)" -eq 4 ]
    ! grep -e -model list || false
    # The six frames, in each of four formats: an alignment leaves the reference as it is.
    [ "$(grep -e '^framealign -apply=' list | grep -o 'middle-2/[jp][123].pam' | wc -l)" -eq 24 ]
    [ "$(grep -e '-border=' list | grep -o 'middle-2/[jp][123].pam' | wc -l)" -eq 6 ]
    [ "$(grep -e '-border=blur .*jpeg/.stackjob-n/' list | grep -o 'middle-2/[jp][123].pam' | wc -l)" -eq 6 ]
    grep -x 'stackjob: Actions jpeg: border_mode = BORDER_REPLICATE_BLUR .*JPEG holds no opacity.*' err
    [ "$(wc -l <err)" -eq 1 ]
    # What is asked for counts, and a cropped frame has no border.
    job 'StackJob t' 'input_path = src' 'Actions a' 'output_format = jpeg' AlignFrames 'border_mode = BORDER_REPLICATE' \
        'Actions b' 'input_path = src' 'output_format = jpeg' AlignFrames 'crop = yes'
    stackjob -n job >list 2>err
    [ "$(grep -e '-border=' list | grep -o '[ /][jp][123].pam' | wc -l)" -eq 6 ]
    [ "$(grep -e '-border=replicate' list | grep -o '[ /][jp][123].pam' | wc -l)" -eq 6 ]
    [ ! -s err ]
}

# bats test_tags=all
@test "a transparent border reaches PNG, PAM and TIFF, and JPEG gets an opaque one" {
    frames stack
    for format in png pam tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" 'metadata = no' AlignFrames
        stackjob -q job 2>err
    done
    pngtopam -alphapam png/0000.png >p.pam
    [ "$(header TUPLTYPE p.pam)" = RGB_ALPHA ]
    same <(raster p.pam) <(raster pam/0000.pam)
    tifftopnm -quiet -byrow -alphaout=opacity.pgm tiff/0000.tif >colors.ppm 2>err
    # Outside of this frame, which is shifted, nothing shows.
    pamchannel -infile p.pam 3 >wanted.pam
    cmp <(tail -c 19200 opacity.pgm) <(tail -c 19200 wanted.pam)
    [ "$(raster wanted.pam | od -An -v -tu1 -w1 | sort -un | head -n 1 | tr -d ' ')" -eq 0 ]
    pamchannel -infile p.pam 0 1 2 >wanted.pam
    cmp <(tail -c 57600 colors.ppm) <(raster wanted.pam)
    framealign -direct -border=blur -reference=src/0002.png src/0002.png | pnmtojpeg -quality=95 | same - jpeg/0002.jpg
}

@test "values and names are only text to the shells and to GNU parallel" {
    name=$'a $(touch P1) `touch P2`; touch P3 & {= system("touch P4") =} {} {#} "\'\\n | > P5'
    mkdir "$name"
    cp "$FIXTURES"/tiny/* "$name/"
    job "StackJob $name" "input_path = $name" "NoiseDetection noise $name" 'statistic = mean' "Actions ready $name" \
        'output_format = pam' MaskNoise 'grow = 0'
    stackjob -n job >"$BATS_TEST_TMPDIR/script"
    stackjob -q job
    printf '%s\n' .stackjob "$name" "$name.log" "$name-report.html" job "noise $name" "ready $name" | sort | diff - <(ls -A | sort)
    noisemask "-mask=noise $name/hot-rgb.png" "$name/f2.pam" | same - "ready $name/f2.pam"
    contents "ready $name" >first
    rm -r "ready $name" "noise $name"
    sh "$BATS_TEST_TMPDIR/script" >/dev/null 2>&1
    contents "ready $name" | diff first -
    printf '%s\n' .stackjob "$name" "$name.log" "$name-report.html" first job "noise $name" "ready $name" | sort | diff - <(ls -A | sort)
}

# ---- the command line ----

@test "the command line is checked" {
    frames tiny
    plain_job
    fails_with 1 'usage: stackjob' stackjob
    fails_with 1 'unrecognized option .-x.' stackjob -x job
    fails_with 1 'option requires an argument -- .j.' stackjob job -j
    fails_with 1 'a whole number from 1' stackjob -j 0 job
    fails_with 1 'a whole number from 1' stackjob -j two job
    fails_with 1 'T has no effect without -S' stackjob -T job
    fails_with 1 'v and -q contradict' stackjob -v -q job
    fails_with 1 'have no effect with it' stackjob -n -k job
    fails_with 1 'one job file' stackjob job job
    fails_with 1 'there is no such file' stackjob nojob
    fails_with 1 'there is no such directory' stackjob -C nowhere job
    stackjob -help | grep -q '^usage: stackjob'
    stackjob --version | grep -q '^noisemask'
    [ ! -e ready ] && [ ! -e .stackjob ]
    stackjob job -q -- 2>err
    [ -f ready/f1.pam ]
    # Whatever the environment says of getopt, options may stand behind the job file.
    for variable in GETOPT_COMPATIBLE POSIXLY_CORRECT; do
        env $variable=1 stackjob job -n | grep -q '^# Actions ready: 0 frames to make'
    done
}

@test "paths begin at the working path, that one at the job file or at -C" {
    mkdir -p there/base/src -- -dir
    cp "$FIXTURES"/tiny/* there/base/src/
    cp "$FIXTURES"/tiny/* -- -dir/
    job 'StackJob test' 'working_path = base' 'input_path = src' 'Actions ready' 'output_format = pam'
    mv job there/
    stackjob -q there/job
    [ -f there/base/ready/f1.pam ] && [ -f there/base/test.log ]
    rm -r there/base/ready
    cp there/job -- -job
    mkdir elsewhere
    mv there/base elsewhere/
    stackjob -q -C elsewhere -- -job
    [ -f elsewhere/base/ready/f1.pam ]
    job 'StackJob test' 'working_path = elsewhere' 'Actions ready' 'input_path = -dir' \
        'working_path = .' 'output_path = -out' 'output_format = pam' 'Actions next' 'output_format = pam'
    stackjob -q ./job
    [ -f ./-out/f1.pam ] && [ -f elsewhere/next/f1.pam ]
}

@test "a step's input is its own, else the last step's, else the job's, else the noise step's" {
    mkdir own jobs noise
    cp "$FIXTURES/tiny/f1.pam" own/
    cp "$FIXTURES/tiny/f2.pam" jobs/
    cp "$FIXTURES/tiny/f3.pam" noise/
    conversions() { stackjob -n job | grep '^[cp].*>'; }
    job 'StackJob t' 'input_path = jobs' NoiseDetection 'input_path = noise' 'Actions a' \
        'output_format = pam' 'Actions b' 'output_format = pam' 'Actions c' 'input_path = own' 'output_format = pam'
    diff <(conversions) - <<'END'
cat jobs/f2.pam >a/f2.pam
cat a/f2.pam >b/f2.pam
cat own/f1.pam >c/f1.pam
END
    job 'StackJob t' NoiseDetection 'input_path = noise' 'input_path = own' 'Actions a' 'output_format = pam' \
        'enabled = no' 'Actions b' 'output_format = pam'
    diff <(conversions) - <<'END'
cat noise/f3.pam >b/f3.pam
cat own/f1.pam >b/f1.pam
END
    refused 'there is no input_path' 'StackJob t' 'Actions a'
}

@test "what would do harm is refused before anything runs" {
    frames tiny
    mkdir empty
    refused 'the output directory src is also an input' 'StackJob t' 'input_path = src' 'Actions src'
    refused 'the output directory src is also an input' 'StackJob t' 'input_path = src' 'Actions a' \
        'output_format = pam' 'Actions b' 'output_path = ./src/'
    refused 'another step writes to a already' 'StackJob t' 'input_path = src' 'Actions a' 'Actions b' 'output_path = a'
    refused 'another step writes to new//./a already' 'StackJob t' 'input_path = src' 'Actions a' 'output_path = new/a' \
        'Actions b' 'output_path = new//./a'
    refused 'is where NoiseDetection writes' 'StackJob t' NoiseDetection 'input_path = src' 'Actions a' 'input_path = noise-map'
    refused 'there are no frames in empty' 'StackJob t' 'input_path = empty' 'Actions a'
    refused 'matches g\*' 'StackJob t' 'input_path = src' 'Actions a' 'pattern = g*'
    refused 'nowhere is no directory' 'StackJob t' 'input_path = nowhere' 'Actions a'
    refused 'working path .*nowhere is no directory' 'StackJob t' 'working_path = nowhere' 'Actions a'
    refused 'ref_idx = 3, but there are 3 frames: 0 to 2' 'StackJob t' 'input_path = src' 'Actions a' 'ref_idx = 3'
    refused 'the mask noise-map/hot-rgb.png is not there' 'StackJob t' 'input_path = src' 'Actions a' MaskNoise
    refused 'the table of transforms x.tsv is not there' 'StackJob t' 'input_path = src' 'Actions a' AlignFrames 'apply = x.tsv'
    cp src/f1.pam src/f1.ppm
    refused 'src/f1.pam and src/f1.ppm would both become f1.png' 'StackJob t' 'input_path = src' 'Actions a'
    # a-hist-2- and .pdf are 13 bytes; 242 fit beside them
    rm src/*
    cp "$FIXTURES/tiny/f1.pam" "src/$(printf 'x%.0s' {1..243}).pam"
    refused 'histograms of src/x*.pam would have a name of 256 bytes' 'StackJob t' 'input_path = src' 'Actions a' \
        BalanceFrames BalanceFrames 'plot_histograms = yes'
}

@test "no way round through what is not there leads into the photographs" {
    frames tiny
    contents src >before
    for flag in '' -f; do
        for way in new/../src new/./../src new/deep/../../src; do
            job 'StackJob t' 'input_path = src' 'Actions a' "output_path = $way" 'output_format = pam'
            fails_with 1 'Actions a: .*new.*/src is also an input' stackjob -q $flag job
        done
    done
    refused 'another step writes to new/../new/a already' 'StackJob t' 'input_path = src' 'Actions a' 'output_path = new/a' \
        'Actions b' 'output_path = new/../new/a'
    ln -s nowhere link
    refused 'another step writes to link already' 'StackJob t' 'input_path = src' 'Actions a' 'output_path = nowhere' \
        'Actions b' 'output_path = link'
    plain_job 'output_path = link'
    fails_with 1 'the output directory link cannot be made' stackjob -q job
    contents src | diff before -
    [ ! -e new ]
    # Where it is there, it is what it is.
    mkdir new
    refused 'new/../src is also an input' 'StackJob t' 'input_path = src' 'Actions a' 'output_path = new/../src'
    plain_job 'output_path = new/../ready'
    stackjob -q job
    [ -f ready/f1.pam ]
}

@test "a name of 255 bytes is not too long, of a frame and of its histograms" {
    mkdir src
    cp "$FIXTURES/tiny/f1.pam" "src/$(printf 'x%.0s' {1..244}).pam"
    job 'StackJob t' 'input_path = src' 'Actions a' 'output_format = pam' BalanceFrames 'plot_histograms = yes'
    stackjob -q job
    [ -s "plots/a-hist-$(printf 'x%.0s' {1..244}).pdf" ]
    cp "$FIXTURES/tiny/f1.pam" "src/$(printf 'y%.0s' {1..251}).pam"
    job 'StackJob t' 'input_path = src' 'Actions b' 'output_format = pam' BalanceFrames
    stackjob -q job
    [ -s "b/$(printf 'y%.0s' {1..251}).pam" ]
}

@test "a later step's trouble is seen before the first step runs" {
    frames tiny
    cp src/f1.pam src/g1.pam
    refused 'no frame in a has a name that matches g\*.tif' 'StackJob t' 'input_path = src' 'Actions a' \
        'output_format = pam' 'Actions b' 'pattern = g*.tif'
    refused 'ref_idx = 2, but there are 2 frames' 'StackJob t' 'input_path = src' 'Actions a' 'resample = 2' \
        'output_format = pam' 'Actions b' 'ref_idx = 2'
}

@test "files of several images are refused" {
    frames tiny
    cat src/f1.pam src/f2.pam >src/several.pam
    refused 'src/several.pam holds more than one image' 'StackJob t' 'input_path = src' 'Actions a'
    rm src/several.pam
    pamtotiff -truecolor -quiet -output pages.tif src/f1.pam
    pamtotiff -truecolor -quiet -append -output pages.tif src/f2.pam
    mv pages.tif src/
    refused 'src/pages.tif has several pages' 'StackJob t' 'input_path = src' 'Actions a'
}

# ---- what it does ----

@test "a job gives what its pipelines give by hand" {
    frames stack
    masked_job
    stackjob job >summary
    noisedetect -map src/*.png | same - noise-map/hot-map.pam
    noisedetect -output=hand src/*.png 2>/dev/null
    for plane in rgb r g b; do
        same hand-$plane.png noise-map/hot-$plane.png
    done
    for frame in src/*.png; do
        noisemask -mask=hand-rgb.png -grow=1 -png "$frame" | same - "ready/${frame##*/}"
    done
    [ "$(ls -A ready | wc -l)" -eq 5 ] && [ "$(ls -A noise-map | wc -l)" -eq 5 ]
}

# bats test_tags=all
@test "-n prints a script that makes the same files, whatever the job" {
    frames stack
    mkdir run script
    cp -r src run/
    cp -r src script/
    job 'StackJob t' 'input_path = src' 'NoiseDetection' 'plot_histograms = yes' \
        'Actions all' MaskNoise AlignFrames 'plot_summary = yes' BalanceFrames 'plot_summary = yes' 'plot_histograms = yes' \
        'Actions crop' 'input_path = src' 'output_format = tiff' AlignFrames 'crop = yes' BalanceFrames 'channel = RGB' \
        'Actions both' 'input_path = src' 'output_format = tiff' AlignFrames 'step_process = no' 'crop = yes' \
        'Actions step' 'input_path = src' 'output_format = jpeg' MaskNoise AlignFrames 'step_process = no' \
        'Actions more' 'output_format = pam' BalanceFrames AlignFrames 'transform = shift' MaskNoise \
        'Actions only' 'output_format = pam'
    stackjob -n -C script job >list
    sh list >/dev/null 2>&1
    stackjob -q -C run job >/dev/null 2>&1
    for directory in noise-map all crop step both more only; do
        contents "script/$directory" >made
        [ -s made ]
        contents "run/$directory" | diff made -
    done
    (cd script/plots && find . -type f | sort) >plots
    [ "$(wc -l <plots)" -eq 8 ]
    (cd run/plots && find . -type f | sort) | diff plots -
}

@test "-n says what runs and why, and runs nothing" {
    frames stack
    masked_job
    stackjob -n job >first
    grep -x '# the deviation map: new' first
    grep -x '# 0001: new' first
    [ ! -e ready ] && [ ! -e .stackjob ]
    stackjob -q job
    stackjob -n job >second
    grep -x '# Actions ready: 0 frames to make, 5 up to date' second
    ! grep -q noisemask second || false
    touch src/0001.png
    stackjob -n job >third
    grep -x '# the deviation map: other frames' third
    grep -x '# 0001: older than its input' third
    grep -x '# 0002: other mask' third
    stackjob -q job
    rm ready/0002.png
    stackjob -n job >third
    grep -x '# 0002: new' third
    [ "$(grep -c '^noisemask' third)" -eq 1 ]
    masked_job 'jpeg_quality = 50' 'output_format = jpeg'
    stackjob -n job | grep -x 'rm -f ready/0003.png'
    masked_job
    printf '%s\n' 'method = mean' 'kernel_size = 5' >>job
    stackjob -n job >fourth
    grep -x '# 0003: other options' fourth
    stackjob -n -f job >fifth
    grep -x '# 0003: all is done again' fifth
}

@test "-v prints the commands as they run" {
    frames tiny
    plain_job
    stackjob -v job 2>err
    grep -q '^cat src/f1.pam >ready/.stackjob-' err
}

@test "all sub-actions, in any order and number, give what the programs give by hand" {
    frames stack
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions ready' 'ref_idx = 1' 'output_format = pam' \
        BalanceFrames 'corr_map = GAMMA' MaskNoise AlignFrames 'transform = shift' BalanceFrames MaskNoise
    stackjob -q job 2>err
    mask='-mask=noise-map/hot-rgb.png -grow=1'
    mkdir middle aligned
    for i in 0000 0001 0002 0003 0004; do
        framebalance -curve=gamma -reference=src/0001.png src/$i.png | noisemask $mask >middle/$i.pam
    done
    framealign -reference=middle/0001.pam -model=shift -outdir=aligned middle/*
    for i in 0000 0003; do
        framebalance -reference=aligned/0001.pam aligned/$i.pam | noisemask $mask | same - ready/$i.pam
    done
}

@test "frames are aligned to their neighbours or each by itself, and cropped to what all show" {
    frames stack
    align() { # DIR KEY...: a step of its own.
        printf '%s\n' "Actions $1" 'input_path = src' 'output_format = pam' 'ref_idx = 1' AlignFrames "${@:2}"
    }
    { printf '%s\n' 'StackJob t' 'input_path = src' && align crop 'crop = yes' && align together 'transform = homography' &&
        align direct 'step_process = no' && align both 'step_process = No' 'crop = yes'; } >job
    stackjob -q job 2>err
    [ "$(grep -c 'cropped as by pamcut' err)" -eq 2 ]
    by_hand() { # DIR OPTION...
        framealign "${@:2}" "-outdir=hand-$1" -reference=src/0001.png src/*.png 2>/dev/null
        for i in "hand-$1"/*; do
            same "$i" "$1/${i##*/}"
        done
        [ "$(ls "hand-$1" | wc -l)" -eq 5 ]
    }
    by_hand crop -crop
    by_hand together -model=homography
    by_hand direct -direct
    by_hand both -direct -crop
    stackjob -n -f job >list
    [ "$(grep 'framealign.* -direct' list | grep -o ' src/000[0-4].png' | sort | uniq -c | awk '$1 == 2' | wc -l)" -eq 5 ]
}

@test "two AlignFrames in one step: the second registers what the first one made" {
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' BalanceFrames AlignFrames \
        BalanceFrames 'channel = RGB' 'plot_histograms = yes' AlignFrames 'transform = shift'
    stackjob job 2>err
    mkdir one two three four
    framebalance -outdir=one -reference=src/0002.png src/*
    framealign -outdir=two one/*
    framebalance -channel=rgb -outdir=three -reference=two/0002.pam two/*
    framealign -model=shift -outdir=four three/*
    for i in four/*; do
        same "$i" "ready/${i##*/}"
    done
    [ "$(ls plots | wc -l)" -eq 5 ]
    [ "$(wc -l <ready/transforms-2.tsv)" -eq 6 ]
    grep -x 'stackjob: Actions ready: registering frames (1 of 3), all together' err
    grep -x 'stackjob: Actions ready: registering frames (2 of 3): 5 of 5: 000[0-4]' err
    grep -x 'stackjob: Actions ready: writing frames (3 of 3): 5 of 5: 000[0-4]' err
}

@test "what is masked to be registered is not decoded and masked again to be written" {
    frames stack
    for i in src/*; do
        pngtopam "$i" | pnmtojpeg >"${i%.png}.jpg"
        rm "$i"
    done
    masked_job
    sed -i 's/max_frames.*//' job
    printf '%s\n' 'max_pixels = 0' AlignFrames BalanceFrames >>job
    stackjob -q job 2>err
    # Once for the mask, once for the repair.
    for i in 0 1 2 3 4; do
        [ "$(grep -c "jpegtopnm -quiet src/000$i.jpg" test.log)" -eq 2 ]
    done
    # The transforms are kept: a frame that is missing is decoded once, and none is registered.
    contents ready >wanted
    rm ready/0001.png
    : >test.log
    says 'registering frames \(1 of 2\), as in the last run' stackjob job
    contents ready | diff wanted -
    ! grep -e -estimate test.log || false
    ! grep '0000.jpg' test.log || false
}

# bats test_tags=all
@test "a frame's pipeline reads its own row of the transforms, and with crop those of all" {
    frames stack
    with_framealign "for option; do case \$option in -apply=*) wc -l <\"\${option#-apply=}\" >>'$PWD/rows' ;; esac; done" \
        "exec $BUILD/bin/framealign \"\$@\""
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' MaskNoise 'noise_mask = none.pam' AlignFrames \
        BalanceFrames
    pam 160 120 1 255 0 >none.pam
    build/bin/stackjob -q job
    [ "$(sort -u rows)" = 2 ] && [ "$(wc -l <rows)" -eq 6 ]
    noisemask -mask=none.pam -outdir=masked src/*
    framealign -outdir=aligned masked/*
    framebalance -reference=aligned/0002.pam -outdir=wanted aligned/*
    for i in wanted/*; do same "$i" "ready/${i##*/}"; done
    rm rows
    sed -i 's/^AlignFrames/&\ncrop = yes/' job
    build/bin/stackjob -q job
    [ "$(sort -u rows)" = 6 ]
}

@test "one stack's registration serves another" {
    frames stack
    framealign -estimate src/*.png >t.tsv
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames 'apply = t.tsv'
    stackjob -q job
    framealign -apply=t.tsv src/0004.png | same - ready/0004.pam
}

# bats test_tags=all
@test "frames come in as png, pam, pnm, ppm, pgm, jpg, jpeg, tif, tiff, in any case" {
    mkdir src gray
    for ending in png PAM pnm Ppm jpg JPEG tif TIFF; do
        pamtopnm "$FIXTURES/made/0000.pam" >frame
        case $ending in
        png) pamtopng <frame ;;
        PAM) pamtopam <frame ;;
        jpg | JPEG) pnmtojpeg -quality=99 frame ;;
        tif | TIFF) pamtotiff -truecolor -quiet <frame | cat ;;
        *) cat frame ;;
        esac >"src/in-$ending.$ending"
    done
    ppmtopgm <frame >gray/g.pgm
    : >src/.hidden.png
    echo text >src/notes.txt
    mkdir src/dir.png
    job 'StackJob t' 'input_path = src' 'NoiseDetection' 'Actions ready' 'output_format = pam' MaskNoise
    stackjob -q job 2>err
    [ "$(ls -A ready | wc -l)" -eq 8 ]
    for ending in PAM pnm Ppm tif TIFF; do
        cmp <(raster ready/in-png.pam) <(raster ready/in-$ending.pam)
    done
    jpegtopnm -quiet src/in-jpg.jpg >j.ppm
    noisemask -mask=noise-map/hot-rgb.png -grow=2 j.ppm >j.pam
    cmp <(raster j.pam) <(raster ready/in-jpg.pam)
    job 'StackJob t' 'input_path = gray' 'NoiseDetection' 'Actions gray2' MaskNoise
    stackjob -f -q job 2>err
    [ "$(ls noise-map)" = "$(printf '%s\n' hot-map.pam hot-rgb.png)" ]
}

# bats test_tags=all
@test "16 bits stay 16 bits, and 12 bits are kept or scaled to what the format holds" {
    mkdir src deep
    pam 9 7 3 65535 1 2 300 40000 65535 7 >src/a.pam
    for format in png pam tiff; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" BalanceFrames
        stackjob -q job
    done
    pngtopam png/a.png | pamtopam >p.pam
    cmp <(raster p.pam) <(raster src/a.pam)
    cmp <(raster pam/a.pam) <(raster src/a.pam)
    tifftopnm -byrow -quiet tiff/a.tif | pamtopam >p.pam
    [ "$(header MAXVAL p.pam)" -eq 65535 ]
    cmp <(raster p.pam) <(raster src/a.pam)
    pam 9 7 1 4095 0 1 2048 4095 >deep/a.pam
    for format in png pam tiff; do
        job 'StackJob t' 'input_path = deep' "Actions only-$format" "output_format = $format"
        stackjob -q job
    done
    same deep/a.pam only-pam/a.pam
    pamdepth 65535 deep/a.pam | pamtopnm | cmp - <(pngtopam only-png/a.png | pamdepth 65535)
}

# bats test_tags=all
@test "frames without sub-actions are converted, opacity and all" {
    mkdir src
    pam 9 7 4 255 1 2 3 255 4 5 6 128 >src/clear.pam
    pam 9 7 3 255 1 2 3 200 >src/plain.pam
    pamtopng <src/clear.pam >c.png && pamtopng <src/plain.pam >p.png
    mv c.png src/clear2.png && mv p.png src/plain2.png
    job 'StackJob t' 'input_path = src' 'Actions pam' 'output_format = pam' 'Actions png' 'input_path = src' \
        'Actions tiff' 'output_format = tiff' \
        'Actions jpeg' 'input_path = src' 'pattern = plain*' 'output_format = jpeg' 'jpeg_quality = 100'
    stackjob -q job 2>err
    same src/clear.pam pam/clear.pam
    for i in clear plain; do
        cmp <(raster src/$i.pam) <(raster pam/${i}2.pam)
    done
    pngtopam -alphapam png/clear.png | cmp - src/clear.pam
    pnmtojpeg -quality=100 src/plain.pam | same - jpeg/plain.jpg
    [ "$(ls jpeg)" = "$(printf '%s\n' plain.jpg plain2.jpg)" ]
    # A JPEG has the colours alone, which the opacity leaves as they are.
    pam 9 7 3 255 1 2 3 4 5 6 | pnmtojpeg -quality=95 >expected.jpg
    for sub_action in '' 'BalanceFrames'; do
        job 'StackJob t' 'input_path = src' 'Actions below' 'pattern = clear*' 'output_format = jpeg' $sub_action
        says 'JPEG holds no opacity: that of the frames is left out' stackjob -f job
        [ "$(grep -c 'JPEG holds no opacity' "$BATS_TEST_TMPDIR/err")" -eq 1 ]
        same expected.jpg below/clear.jpg
        same expected.jpg below/clear2.jpg
    done
    # So it is where the first frame has none, where a colour of a PNG is transparent, and where a step before makes them.
    cp src/plain.pam src/a.pam
    pamtopnm src/plain.pam | pnmtopng -quiet -force -transparent =rgb:01/02/03 >src/key.png
    job 'StackJob t' 'input_path = src' 'Actions first' 'Actions mixed' 'output_format = jpeg'
    stackjob -n job >script
    sh -e script
    mv mixed by-script
    rm -r first
    stackjob -q job
    diff -r mixed by-script
    same expected.jpg mixed/clear.jpg
    pnmtojpeg -quality=95 src/plain.pam >expected.jpg
    same expected.jpg mixed/a.jpg
    same expected.jpg mixed/key.jpg
}

@test "camera raw files are developed alike, never turned, at half the size or linear if that is asked for" {
    mkdir src
    makestack -kind=easy -width=97 -height=61 -frames=2 frames
    makemosaic mosaics frames/*.pam
    makedng -cfa=RG/GB -black=512 -white=16383 -orientation=6 mosaics/0000.pgm >src/a.dng
    makedng -cfa=RG/GB -black=512 -white=16383 -neutral=400,1000,700 mosaics/0001.pgm >src/b.dng
    plain_job
    stackjob -q job
    for name in a b; do
        framein -like=src/a.dng src/$name.dng >wanted.pam
        same <(raster ready/$name.pam) <(raster wanted.pam)
    done
    plain_job 'raw_options = -4 -h -w -W -6 -t 0'
    says 'raw_options: -w -W -6 -t 0 have no effect: raw files are developed so without' stackjob job
    framein -linear -halfsize -like=src/a.dng src/b.dng >wanted.pam
    same <(raster ready/b.pam) <(raster wanted.pam)
    # Another first file is another white balance.
    makedng -cfa=RG/GB -black=512 -white=16383 -neutral=700,1000,700 mosaics/0001.pgm >src/_.dng
    plain_job
    stackjob -q job
    framein -like=src/_.dng src/b.dng >wanted.pam
    same <(raster ready/b.pam) <(raster wanted.pam)
    cp src/a.dng src/a.JPG
    refused 'src/a.JPG and src/a.dng would both become a.png' 'StackJob t' 'input_path = src' 'Actions x'
}

@test "names with blanks, quotes, dollars, newlines, dashes, other alphabets and 250 bytes work" {
    mkdir src
    long=$(printf 'x%.0s' {1..246})
    i=0
    for name in 'a b' "quo'te\"s" '$(x) ;&|' $'new\nline' -dash 'Käfer ☂' 'back\slash' $'tab\tin' '%d %f' '=eq' '#hash' '{}' "$long"; do
        cp "$FIXTURES/tiny/f1.pam" "src/$name.pam"
    done
    job 'StackJob t' 'input_path = src' NoiseDetection 'statistic = mean' 'Actions ready' MaskNoise 'max_pixels = 0' 'grow = 0' \
        AlignFrames 'enabled = no' BalanceFrames \
        'Actions next' 'output_format = jpeg'
    mkdir $'there\nit is'
    mv src $'there\nit is'
    stackjob -n -C $'there\nit is' job >script
    stackjob -q -C $'there\nit is' job 2>err
    (cd $'there\nit is/src' && for f in *; do printf '%s\0' "${f%.pam}"; done) | sort -z >wanted
    (cd $'there\nit is/ready' && for f in *; do printf '%s\0' "${f%.png}"; done) | sort -z | same - wanted
    (cd $'there\nit is/next' && for f in *; do printf '%s\0' "${f%.jpg}"; done) | sort -z | same - wanted
    contents $'there\nit is/next' >made
    rm -r $'there\nit is/'{ready,next,noise-map}
    sh script >/dev/null 2>err2
    contents $'there\nit is/next' | diff made -
}

# ---- when it goes wrong ----

@test "more noisy pixels than max_pixels stop the job before any frame, with status 2" {
    frames stack
    masked_job
    echo 'max_pixels = 3' >>job
    fails_with 2 'hot-rgb.png marks .* pixels; the limit is 3.*Actions ready: stopped' stackjob -q job
    [ ! -e ready ]
    fails_with 2 'the limit is 3' stackjob -q -k job
    matches 'channel_thresholds .* max_pixels' "$(cat "$BATS_TEST_TMPDIR/err")"
    ! grep -e '-maxpixels\|-threshold' "$BATS_TEST_TMPDIR/err" || false
    ! grep '^noisemask: .*-maxpixels' test.log || false
    [ ! -e ready ]
    masked_job
    echo 'max_pixels = 0' >>job
    stackjob -q job
    [ -f ready/0000.png ]
}

@test "a frame that fails stops the job, with the frame, the program and its message" {
    frames stack
    pngtopam src/0001.png | pnmtojpeg >whole.jpg
    rm src/0001.png
    head -c 2000 whole.jpg >src/0001.jpg
    for step in yes no; do
        rm -rf ready next .stackjob
        head -c 2000 whole.jpg >src/0001.jpg
        job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' 'ref_idx = 3' AlignFrames "step_process = $step" \
            'Actions next' 'output_format = pam'
        fails_with 1 'Premature EOF.*Actions ready: frame 0001: jpegtopnm failed \(status 1\)' stackjob -q -j 1 job
        [ ! -e ready/0001.pam ] && [ ! -e next ]
        [ -z "$(find . -name '.stackjob-*')" ]
        fails_with 1 '0001: jpegtopnm failed' stackjob -q -k -j 2 job
        [ "$(ls -A ready | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam transforms.tsv ' ]
        [ "$(ls -A next | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam ' ]
        stackjob -k job >summary 2>/dev/null || true
        grep -A1 'failed:' summary | grep 'Actions ready: 0001 (jpegtopnm)'
        cp whole.jpg src/0001.jpg
        stackjob job 2>err
        # Neighbours depend on each other.
        case $step in
        yes) grep 'Actions ready: 5 frames to make, 0 up to date' err ;;
        no) grep 'Actions ready: 1 frames to make, 4 up to date' err ;;
        esac
    done
    # One run over the photographs themselves does not end with the one that is broken.
    rm -rf ready next .stackjob src/0001.jpg
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' 'ref_idx = 3' AlignFrames
    for broken in png pam; do
        cp "$FIXTURES/stack/0001.png" src/
        [ $broken = png ] || pngtopam src/0001.png | pamtopam >src/0001.pam
        [ $broken = png ] || rm src/0001.png
        head -c 9000 src/0001.$broken >part
        mv part src/0001.$broken
        fails_with 1 '0001: framebalance failed' stackjob -q -k job
        [ "$(ls -A ready | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam transforms.tsv ' ]
    done
}

@test "of a run of frames one fails alone; what the next run makes is that frame and no other" {
    mkdir src
    for i in $(seq -w 12); do cp "$FIXTURES/tiny/f1.pam" src/f$i.pam; done
    head -c 150 src/f07.pam >part
    mv part src/f07.pam
    pam 8 8 1 255 0 >none.pam
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' MaskNoise 'noise_mask = none.pam'
    fails_with 1 'frame f07: noisemask failed \(status 1\)' stackjob -q -k -j 1 job
    # It was one pipeline, and its failure was told once.
    grep '^[0-9.]* s  noisemask .* src/f01.pam .* src/f12.pam' t.log
    [ "$(grep -c 'failed (status' "$BATS_TEST_TMPDIR/err")" -eq 1 ]
    [ "$(ls -A ready | tr '\n' ' ')" = "$(printf 'f%s.pam ' 01 02 03 04 05 06 08 09 10 11 12)" ]
    untouched ready >before
    cp "$FIXTURES/tiny/f1.pam" src/f07.pam
    stackjob job 2>err
    grep 'Actions ready: 1 frames to make, 11 up to date' err
    untouched ready | grep -v f07 | diff before -
    # The frames of one run are those of twelve.
    for i in $(seq -w 12); do
        [ "$(pamtopnm ready/f$i.pam | md5sum)" = "$(pamtopnm "$FIXTURES/tiny/f1.pam" | md5sum)" ]
    done
}

# bats test_tags=all
@test "where a run fails its frames are done alone, and other runs go on" {
    mkdir src
    for i in $(seq -w 40); do cp "$FIXTURES/tiny/f1.pam" src/f$i.pam; done
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' "case \$* in *f16.pam*f17.pam*) exit 3 ;; esac" \
        "exec $BUILD/bin/noisemask \"\$@\"" >build/bin/noisemask
    pam 8 8 1 255 0 >none.pam
    job 'StackJob t' 'input_path = src' 'report = no' 'Actions ready' 'output_format = pam' MaskNoise 'noise_mask = none.pam'
    for options in '-j 1' '-j 2' '-j 1 -k' '-j 2 -k'; do
        rm -rf ready .stackjob t.log
        # shellcheck disable=SC2086
        build/bin/stackjob -q $options job
        [ "$(ls ready | wc -l)" -eq 40 ]
        # f16 and f17 are done alone; the first and the last run stay runs.
        [ "$(grep -c '^[0-9.]* s  noisemask .* src/f1[67].pam >' t.log)" -eq 2 ]
        [ "$(grep -c '^[0-9.]* s  noisemask .*-outdir=.* src/f\(01.pam .*\|.* src/f40.pam\)$' t.log)" -eq 2 ]
    done
    # A frame that fails stops the job before later runs begin.
    sed -i 's/f16.pam.f17.pam/f05.pam/' build/bin/noisemask
    rm -rf ready .stackjob
    fails_with 1 'frame f05: noisemask failed \(status 3\)' build/bin/stackjob -q -j 1 job
    [ "$(ls ready | tr '\n' ' ')" = 'f01.pam f02.pam f03.pam f04.pam ' ]
}

# bats test_tags=all
@test "a frame that framealign refuses: status 2, and with -k the others are made" {
    frames stack
    makestack -kind=wrong -width=160 -height=120 -frames=5 -wrong=1:scene wrong
    for i in 0 1 2 3 4; do
        pamtopng <wrong/000$i.pam >src/000$i.png
    done
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames BalanceFrames
    fails_with 2 'frame 0001 refused.*frame 0001: refused by framealign' stackjob -q job
    fails_with 2 'frame 0001: refused by framealign' stackjob -q -k job
    [ "$(ls -A ready | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam transforms.tsv ' ]
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames 'crop = yes'
    fails_with 2 'frame 0001: refused by framealign' stackjob -q -k job
    [ "$(ls -A ready | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam transforms.tsv ' ]
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames 'step_process = no' BalanceFrames
    rm -r ready .stackjob
    fails_with 2 'frame 0001: refused by framealign' stackjob -q -k job
    ! grep framebalance "$BATS_TEST_TMPDIR/err" || false
    [ "$(ls -A ready | tr '\n' ' ')" = '0000.pam 0002.pam 0003.pam 0004.pam transforms.tsv ' ]
    [ -z "$(find . -name '.stackjob-*')" ]
}

# What such a framealign does: tables with columns of another order, and frames as they are.
tables='row() { printf "%s\\t$2\\t1\\t0\\t0\\t0\\t1\\t0\\t0\\t0\\t1\\t$3\\t0.9\\t$4\\n" "$1"; }
header() { printf "frame\\tscatter\\tm11\\tm12\\tm13\\tm21\\tm22\\tm23\\tm31\\tm32\\tm33\\terror\\tncc\\tshare\\n"; }
save=row outdir= frames=
for word; do
    case $word in -save=*) save=${word#*=} ;; -outdir=*) outdir=${word#*=} ;; -*) ;; *) frames="$frames $word" ;; esac
done
put() { if [ -n "$outdir" ]; then mkdir -p $outdir && cp $frames $outdir/; else cat $frames; fi; }'

# bats test_tags=all
@test "scatter and error are found by the names of their columns, in summary and plot, in either pass" {
    frames tiny
    with_framealign "$tables" \
        'case $* in
        *-estimate*) header; row f1 1.7 0.02 0.5; row f2 0 0 1; row f3 0.3 0.25 0.75 ;;
        *-apply=*) put ;;
        *) { header
            for name in $frames; do
                case $name in */f1.*) row f1 1.7 0.02 0.5 ;; */f3.*) row f3 0.3 0.25 0.75 ;; *) row f2 0 0 1 ;; esac
            done; } >$save; put ;;
        esac'
    mkdir tools
    printf '%s\n' '#!/bin/sh' "cat >'$PWD/plotted'" >tools/gnuplot
    chmod +x tools/gnuplot
    for step in yes no; do
        job 'StackJob t' 'input_path = src' "Actions $step" 'output_format = pam' AlignFrames "step_process = $step" 'plot_summary = yes'
        PATH=$PWD/tools:$PATH build/bin/stackjob -j 1 job >summary 2>err
        grep -x '      worst alignment: f3, predicted error 0.25 px, 75 % of its blocks agree; widest scatter: f1, 1.70 px' summary
        grep -F 'f2 in red over f3 in cyan' t-report.html
        # frame, shift, rotation, scale, error, scatter, agreement
        [ "$(sed -n '/^\$data/,/^EOD/p' plotted | sed -n 2p)" = '0 0 0 0 100 0.02 1.7 50 90' ]
        [ "$(awk -F '\t' '$1 == "f3" { print $2, $12 }' "$step/transforms.tsv")" = '0.3 0.25' ]
        [ "$(cut -f 2 "$step/transforms.tsv" | head -n 1)" = scatter ]
        PATH=$PWD/tools:$PATH build/bin/stackjob job | grep 'widest scatter: f1, 1.70 px'
    done
}

@test "reverse_order turns what resample has left, and ref_idx counts then" {
    mkdir src
    for i in 1 2 3 4 5 6; do
        cp "$FIXTURES/tiny/f1.pam" src/$i.pam
    done
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' 'reverse_order = yes' 'resample = 2' 'ref_idx = 0' BalanceFrames
    stackjob -n job >script
    grep '^# 5, the reference' script
    [ "$(grep '^framebalance' script | grep -o 'src/[0-9].pam' | paste -sd ' ')" = 'src/5.pam src/3.pam src/1.pam' ]
}

@test "the script of -n removes plots that the job no longer makes" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    frames tiny
    plain_job BalanceFrames 'plot_summary = yes'
    stackjob -q job
    [ -f plots/ready-balance.pdf ]
    plain_job BalanceFrames
    stackjob -n job >script
    sh script
    [ ! -e plots/ready-balance.pdf ]
}

# bats test_tags=all
@test "warnings come in the summary, each once, in the job's words; without a summary as they come" {
    frames tiny
    with_framealign "$tables" \
        'warn() { echo "framealign: warning: $1" >&2; }
        case $* in
        *-estimate*) warn "the subject has depth: -direct, or -model=homography"; warn "the subject has depth: -direct, or -model=homography"
            header; row f1 0 0 1; row f2 0 0 1; row f3 0 0 1 ;;
        *-apply=*) put ;;
        *) { header
            for name in $frames; do
                name=${name##*/}
                warn "frame ${name%.pam}: the predicted error is 0.40 px"
                row ${name%.pam} 0 0 1
            done; } >$save; put ;;
        esac'
    depth='framealign: warning: the subject has depth: step_process = no, or transform = homography'
    job 'StackJob t' 'input_path = src' 'Actions a' 'output_format = pam' AlignFrames
    build/bin/stackjob job >summary 2>err
    [ "$(grep -c -x "      $depth" summary)" -eq 1 ]
    ! grep warning err || false
    grep -x "$depth" t.log
    # A later run has them from the first.
    build/bin/stackjob job >summary 2>err
    [ "$(grep -c warning summary)" -eq 1 ] && ! grep warning err
    build/bin/stackjob -q -f job >summary 2>err
    [ "$(grep -c -x "$depth" err)" -eq 2 ]
    job 'StackJob t' 'input_path = src' 'Actions b' 'output_format = pam' AlignFrames 'step_process = no'
    for round in 1 2; do
        build/bin/stackjob job >summary 2>err
        [ "$(grep warning summary)" = "$(printf '      framealign: warning: frame f%s: the predicted error is 0.40 px\n' 1 2 3)" ]
        ! grep warning err || false
    done
    # No summary, no silence.
    head -c 100 "$FIXTURES/tiny/f3.pam" >src/f3.pam
    job 'StackJob t' 'input_path = src' 'Actions c' 'output_format = pam' 'ref_idx = 0' AlignFrames BalanceFrames
    ! build/bin/stackjob job >summary 2>err || false
    grep -x "$depth" err
    [ ! -s summary ]
    rm src/f3.pam
    mkdir short
    cp "$FIXTURES/tiny/f1.pam" short/
    head -c 100 "$FIXTURES/tiny/f2.pam" >short/f2.pam
    job 'StackJob t' 'input_path = src' 'Actions e' 'output_format = pam' AlignFrames 'Actions f' 'input_path = short' 'ref_idx = 0' BalanceFrames
    ! build/bin/stackjob job >summary 2>err || false
    [ "$(grep -c -x "$depth" err)" -eq 2 ]
    # Of very many, ten.
    mkdir many
    for i in {1..14}; do cp "$FIXTURES/tiny/f1.pam" many/$i.pam; done
    job 'StackJob t' 'input_path = many' 'Actions d' 'output_format = pam' AlignFrames 'step_process = no'
    build/bin/stackjob job >summary 2>err
    [ "$(grep -c warning: summary)" -eq 10 ]
    grep -x '      and 4 warnings more' summary
}

@test "advice in messages is in the words of the job file" {
    words="$REPO/scripts/libexec/words.awk"
    awk -f "$words" >out <<'END'
noisemask: Raise noisedetect's -threshold ("noisehist -target=9" proposes one), use -statistic=persistent, or set -maxpixels.
framealign: frame a refused. If it is merely defocused name the frames as operands, in the order of their focus; otherwise leave it out.
framealign: leave out -direct, or try -model=homography (-border=constant)
framebalance: widen -masksize or -interval; another -reference, -curve or -channel
noisemask: use -kernel, -grow=3 or -mask
cropped as by pamcut -left=3; a-mask.png, x -masked -mask-2 noise -
END
    diff out - <<'END'
noisemask: Raise channel_thresholds ("noisehist -target=9" proposes one), use statistic = persistent, or set max_pixels.
framealign: frame a refused. If it is merely defocused set step_process = yes; otherwise leave it out.
framealign: set step_process = yes, or try transform = homography (border_mode = constant)
framebalance: widen mask_size or intensity_interval; another ref_idx, corr_map or channel
noisemask: use kernel_size, grow = 3 or noise_mask
cropped as by pamcut -left=3; a-mask.png, x -masked -mask-2 noise -
END
    frames tiny
    job 'StackJob t' 'input_path = src' 'Actions a' BalanceFrames 'intensity_interval = 200,210'
    fails_with 1 'widen mask_size or intensity_interval' stackjob -q job
    grep 'widen mask_size or intensity_interval' t.log
}

@test "of many photographs for the mask, the one that is broken or of another size is named by its file" {
    mkdir src
    for i in 1 2 3 4 5; do
        pam 40 30 3 255 10 20 30 40 "$i" | pamtopnm | pnmtojpeg >src/frame$i.jpg
    done
    job 'StackJob t' 'input_path = src' NoiseDetection
    pam 20 30 3 255 10 20 30 40 | pamtopnm | pnmtojpeg >src/frame4.jpg
    fails_with 1 'noisedetect: src/frame4.jpg is 20x30.* but src/frame1.jpg is 40x30' stackjob -q job
    head -c 700 src/frame5.jpg >src/frame3.jpg
    fails_with 1 'src/frame3.jpg: jpegtopnm: .*NoiseDetection noise-map: jpegtopnm failed \(status 1\)' stackjob -q job
    [ ! -e noise-map ]
}

@test "the reference frame that is broken is named" {
    mkdir src
    for i in 1 2 3; do
        pam 40 30 3 255 10 20 30 40 "$i" | pamtopnm | pnmtojpeg >src/frame$i.jpg
    done
    head -c 700 src/frame1.jpg >src/frame2.jpg
    job 'StackJob t' 'input_path = src' 'Actions a' BalanceFrames
    fails_with 1 'Actions a: frame2, the reference, as BalanceFrames needs it: jpegtopnm failed' stackjob -q job
    job 'StackJob t' 'input_path = src' 'Actions a' AlignFrames
    fails_with 1 'Actions a: frame frame2: jpegtopnm failed' stackjob -q job
    fails_with 1 'Actions a: the reference frame failed; ref_idx sets another' stackjob -q -k job
}

# bats test_tags=all
@test "a converter that makes no frame has failed, whatever its status" {
    mkdir src tools
    for i in 1 2 3; do cp "$FIXTURES/tiny/f$i.pam" src/f$i.tif; done
    : >src/f2.tif
    printf '%s\n' '#!/bin/sh' 'for last; do :; done' 'cat "$last"' >tools/tifftopnm
    chmod +x tools/tifftopnm
    PATH=$PWD/tools:$PATH
    job 'StackJob t' 'input_path = src' NoiseDetection
    fails_with 1 'src/f2.tif: tifftopnm made no frame.*tifftopnm failed \(status 1\)' stackjob -q job
    [ ! -e noise-map ]
    for format in pam png jpeg; do
        job 'StackJob t' 'input_path = src' 'Actions a' 'metadata = no' "output_format = $format"
        fails_with 1 'tifftopnm made no frame.*frame f2: tifftopnm failed \(status 1\)' stackjob -q job
        job 'StackJob t' 'input_path = src' 'Actions a' 'metadata = no' "output_format = $format" 'ref_idx = 0' BalanceFrames
        fails_with 1 'tifftopnm made no frame.*frame f2: tifftopnm failed \(status 1\)' stackjob -q job
    done
    # One that fails says what it says.
    printf '%s\n' '#!/bin/sh' 'echo no such camera >&2' 'exit 3' >tools/tifftopnm
    fails_with 1 'no such camera .*tifftopnm failed \(status 3\)' stackjob -q job
    ! grep 'made no frame' "$BATS_TEST_TMPDIR/err" || false
}

@test "photographs that are there as raw files and as JPEG: the message offers pattern, once" {
    mkdir src
    for i in 1 2 3; do
        cp "$FIXTURES/tiny/f1.pam" src/IMG_$i.CR2
        cp "$FIXTURES/tiny/f1.pam" src/IMG_$i.JPG
    done
    refused 'src/IMG_1.CR2 and src/IMG_1.JPG would both become IMG_1.png, and 2 more such pairs. .*"pattern = \*.CR2" or "pattern = \*.JPG"' \
        'StackJob t' 'input_path = src' 'Actions a'
    [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" -eq 1 ]
    job 'StackJob t' 'input_path = src' 'Actions a' 'pattern = *.CR2'
    stackjob -n job >/dev/null
}

# bats test_tags=all
@test "a frame of another size is named; with -k the others are made" {
    frames stack
    pngtopam src/0003.png | pamcut -width=100 | pamtopng >narrow.png
    mv narrow.png src/0003.png
    job 'StackJob t' 'input_path = src' 'Actions a' 'output_format = pam' AlignFrames
    fails_with 1 'framealign: .*0003.* 100x120' stackjob -q job
    fails_with 1 'frame 0003 has 100x120 pixels, depth 3 and maxval 255, but the reference frame 160x120 .*frame 0003: AlignFrames failed' \
        stackjob -q -k job
    [ "$(ls -A a | tr '\n' ' ')" = '0000.pam 0001.pam 0002.pam 0004.pam transforms.tsv ' ]
    # It is looked at again, not taken for refused.
    fails_with 1 'frame 0003 has 100x120' stackjob -q -k job
}

@test "with -k a result that is out of date does not stay beside the new ones" {
    frames tiny
    plain_job
    stackjob -q job
    head -c 100 "$FIXTURES/tiny/f2.pam" >src/f2.pam
    plain_job 'ref_idx = 0'
    echo BalanceFrames >>job
    fails_with 1 'frame f2: framebalance failed' stackjob -q -k job
    [ "$(ls -A ready | tr '\n' ' ')" = 'f1.pam f3.pam ' ]
}

# ---- doing no more than is needed ----

@test "what is done is not done again, and only what depends on a change is" {
    frames stack
    masked_job
    stackjob -q job
    untouched ready >ready.before
    { cat ready.before && untouched noise-map; } >before
    says 'all 5 frames are up to date' stackjob job
    { untouched ready && untouched noise-map; } | diff before -
    # A touched frame: the map is made again, comes out the same, and one frame is made.
    touch src/0002.png
    stackjob -q job
    untouched ready | diff ready.before - | grep '^>' >changed || true
    [ "$(cut -d ' ' -f 2 changed)" = ./0002.png ]
    # A missing result.
    rm ready/0004.png
    says '1 frames to make, 4 up to date' stackjob job
    # Another threshold reads no frame again.
    rm -r .stackjob/ready
    : >test.log
    sed -i 's/^NoiseDetection/&\nchannel_thresholds = 40/' job
    stackjob -f -q job
    sed -i 's/= 40/= 50/' job
    : >test.log
    stackjob -q job
    grep -q -e '-frommap -threshold=50' test.log
    ! grep -q -e '-map -blur' test.log || false
    # Options of one sub-action.
    echo 'method = nearest' >>job
    says '5 frames to make' stackjob job
    says 'all 5 frames' stackjob job
    says '5 frames to make' stackjob -f job
}

@test "a changed option of BalanceFrames estimates no transform again" {
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames 'crop = yes' BalanceFrames
    stackjob -q job 2>err
    echo 'corr_map = GAMMA' >>job
    : >t.log
    says '5 frames to make' stackjob job
    grep -q 'curve=gamma' t.log
    ! grep -q -e -estimate t.log || false
    echo 'AlignFrames' >>job
    rm src/0000.png
    : >t.log
    stackjob -q job 2>err
    grep -q -e -estimate t.log
    [ ! -e ready/0000.pam ]
}

@test "a result changed by hand or never its own is not overwritten without -f" {
    frames tiny
    plain_job
    mkdir ready
    echo mine >ready/f1.pam
    fails_with 1 'ready/f1.pam was changed after stackjob wrote it, or was never its own.*enabled = no.*-f' stackjob job
    [ "$(cat ready/f1.pam)" = mine ] && [ "$(ls -A ready)" = f1.pam ]
    stackjob -q -f job
    same src/f1.pam ready/f1.pam
    printf x >>ready/f2.pam
    touch src/f2.pam
    fails_with 1 'ready/f2.pam was changed' stackjob job
    cp src/f2.pam ready/f2.pam
    fails_with 1 'ready/f2.pam was changed' stackjob job
    stackjob -q -f job
    says 'all 3 frames are up to date' stackjob job
    rm ready/f3.pam
    mkdir ready/f3.pam
    fails_with 1 'is a directory|never its own' stackjob job
}

@test "its own results that the job no longer makes go; what is not its own stays" {
    frames tiny
    plain_job
    stackjob -q job
    echo mine >ready/notes.txt
    echo mine >ready/other.pam
    echo changed >>ready/f3.pam
    rm src/f2.pam src/f3.pam
    says 'removed ready/f2.pam' stackjob job
    [ "$(ls ready | tr '\n' ' ')" = 'f1.pam f3.pam notes.txt other.pam ' ]
    job 'StackJob test' 'input_path = src' 'Actions ready'
    stackjob -q job
    [ "$(ls ready | tr '\n' ' ')" = 'f1.png f3.pam notes.txt other.pam ' ]
}

@test "two runs do not write to one output; a lock of a killed one is no lock" {
    frames stack
    masked_job
    stackjob -q job
    rm ready/0001.png
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' 'case $* in *0001*) sleep 2 ;; esac' "exec $BUILD/bin/noisemask \"\$@\"" >build/bin/noisemask
    build/bin/stackjob -q job 2>first &
    first=$!
    for _ in {1..50}; do
        [ ! -f .stackjob/ready/lock ] || break
        sleep 0.05
    done
    fails_with 1 'another stackjob .process [0-9]* on .* is writing to .*/(ready|noise-map)' stackjob job
    wait "$first"
    [ -f ready/0001.png ] && [ ! -e .stackjob/ready/lock ]
    echo "$(uname -n) 999999 1" >.stackjob/ready/lock
    stackjob -q job
    echo "$(uname -n) $$ 1" >.stackjob/ready/lock
    stackjob -q job
    echo "elsewhere 1 1" >.stackjob/ready/lock
    fails_with 1 'process 1 on elsewhere.*remove .*lock' stackjob job
}

@test "jobs of a working path with other outputs run side by side" {
    frames tiny
    job 'StackJob one' 'input_path = src' 'Actions a' 'output_format = pam'
    mv job job1
    job 'StackJob two' 'input_path = src' 'Actions b' 'output_format = pam'
    stackjob -q job1 & stackjob -q job
    wait $!
    [ -f a/f1.pam ] && [ -f b/f1.pam ]
}

# ---- how it runs ----

# bats test_tags=all
@test "the results are the same with one frame at a time, several, and without GNU parallel" {
    frames stack
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions ready' 'output_format = pam' MaskNoise AlignFrames BalanceFrames
    stackjob -q -j 1 job
    contents ready >one
    stackjob -q -f -j 3 job
    contents ready | diff one -
    only_tools parallel
    PATH=$tools_only stackjob -q -f -j 2 job
    contents ready | diff one -
    # Another program of that name is not GNU parallel.
    mkdir other
    printf '#!/bin/sh\nexit 0\n' >other/parallel
    chmod +x other/parallel
    PATH=$PWD/other:$tools_only fails_with 1 'S needs GNU parallel' stackjob -S : job
    PATH=$tools_only fails_with 1 'S needs GNU parallel' stackjob -S : job
    # A frame that fails stops those after it, too.
    head -c 100 "$FIXTURES/stack/0001.png" >src/0001.png
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' 'ref_idx = 0' BalanceFrames
    PATH=$tools_only fails_with 1 'frame 0001: framebalance failed' stackjob -q -j 1 job
    diff <(contents ready | grep -v 0000) <(grep -v 0000 one)
}

@test "progress is in plain lines where standard error is no terminal, and a bar where it is one" {
    frames tiny
    plain_job
    stackjob job 2>err
    grep -x 'stackjob: Actions ready: 3 of 3: f[123]' err
    ! grep -q $'\033' err || false
    stackjob -f -q job 2>err
    [ ! -s err ]
    command -v script >/dev/null || skip "script is not installed"
    script -qec 'stackjob -f -j 3 job' bar >/dev/null </dev/null
    grep -q '100% 3:0' bar
}

@test "the load is limited by free memory, and too little space is seen before the start" {
    mkdir src
    ppmmake rgb:10/20/30 3000 2000 >src/a.ppm
    plain_job
    echo BalanceFrames >>job
    says 'at a time, not 2000: each needs about 14[0-9] MiB of memory' stackjob -j 2000 job
    mkdir small
    mount -t tmpfs -o size=300k tmpfs small 2>/dev/null || skip "no file system can be mounted here"
    mkdir small/src
    pam 320 240 3 255 1 2 3 >big.pam
    for i in 1 2 3 4; do
        pamtopng <big.pam >small/src/$i.png
    done
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam'
    run fails_with 1 'MiB are needed in ready, and 0 MiB are free' stackjob -q -C small job
    umount small
    [ "$status" -eq 0 ]
}

@test "a full disk leaves nothing half made, and the run after it completes the job" {
    frames stack
    mkdir small
    mount -t tmpfs -o size=400k tmpfs small 2>/dev/null || skip "no file system can be mounted here"
    cp -r src small/
    job 'StackJob t' 'input_path = src' 'Actions ready' BalanceFrames
    # The estimate for PNG is low on purpose; what the frames need besides is not there.
    head -c 100k /dev/zero >small/ballast || true
    failed=0
    stackjob -q -C small job >log 2>&1 || failed=1
    partial=$(find small -name '.stackjob-*')
    for frame in small/ready/*.png; do
        [ ! -e "$frame" ] || pngtopam "$frame" >/dev/null || failed=2
    done
    mount -o remount,size=20m small
    rm small/ballast
    stackjob -q -C small job >log2 2>&1 || failed=3
    made=$(ls small/ready | wc -l)
    umount small
    [ "$failed" -eq 1 ] && [ -z "$partial" ] && [ "$made" -eq 5 ]
}

@test "every writer's status counts: a file that may not grow fails the frame" {
    frames stack
    for format in png pam tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format"
        (
            trap '' XFSZ
            ulimit -f 4
            stackjob -q job >/dev/null 2>&1
        ) && false
        [ ! -e "$format" ]
    done
}

# bats test_tags=all
@test "killed with SIGKILL and run again at once, the results are those of an undisturbed run" {
    frames stack
    mkdir whole
    cp -rp src whole/
    job 'StackJob t' 'input_path = src' NoiseDetection 'Actions one' MaskNoise AlignFrames 'crop = yes' BalanceFrames \
        'Actions two' 'output_format = jpeg'
    stackjob -q -C whole job >/dev/null 2>&1
    for part in one two noise-map; do contents "whole/$part"; done >wanted
    before=$(date +%s%N)
    stackjob -q -f -C whole job >/dev/null 2>&1
    time=$((($(date +%s%N) - before) / 1000000))
    RANDOM=${RANDOM_SEED:-7}
    for round in $(seq "${KILLS:-4}"); do
        rm -rf work
        mkdir work
        cp -rp src work/
        untouched work/src >inputs
        STACKJOB_TEST=$BATS_TEST_TMPDIR stackjob -q -j $((1 + round / 2 % 2)) -C work job >/dev/null 2>&1 &
        victim=$!
        sleep "$(printf '%04d' $((RANDOM % time)) | sed 's/...$/.&/')"
        # Once stackjob alone, once with everything that it started.
        kill -KILL "$victim" 2>/dev/null || true
        if [ $((round % 2)) -eq 0 ]; then
            for _ in 1 2; do
                marked | xargs -r kill -KILL 2>/dev/null || true
            done
        fi
        wait "$victim" || true
        stackjob -q -C work job >/dev/null 2>err || {
            cat err
            false
        }
        for part in one two noise-map; do contents "work/$part"; done | diff wanted -
        untouched work/src | diff inputs -
        for _ in {1..40}; do
            [ -n "$(marked)" ] || break
            sleep 0.1
        done
        [ -z "$(find work/one work/two work/noise-map -name '.*' -type d)" ]
        [ -z "$(marked)" ]
    done
}

@test "where stackjob alone is killed, no more than the runs at work are finished" {
    mkdir src
    for i in $(seq 200); do cp "$FIXTURES/tiny/f1.pam" src/$i.pam; done
    cp -r "$BUILD" build
    printf '%s\n' '#!/bin/sh' "case \$* in *-name*|*src*) echo \"\$*\" >>'$PWD/begun'; sleep 0.1 ;; esac" \
        "exec $BUILD/bin/noisemask \"\$@\"" >build/bin/noisemask
    pam 8 8 1 255 0 >none.pam
    for jobs in 1 2; do
        job 'StackJob t' 'input_path = src' "Actions ready$jobs" MaskNoise 'noise_mask = none.pam'
        : >begun
        STACKJOB_TEST=$BATS_TEST_TMPDIR build/bin/stackjob -q -j $jobs job >/dev/null 2>&1 &
        victim=$!
        until [ "$(wc -l <begun)" -gt 2 ]; do sleep 0.02; done
        kill -KILL "$victim"
        wait "$victim" || true
        begun=$(wc -l <begun)
        until [ -z "$(marked)" ]; do sleep 0.1; done
        [ "$(wc -l <begun)" -le $((begun + 2 * jobs)) ]
    done
}

# bats test_tags=all
@test "SIGINT and SIGTERM end it at once, with all that it started" {
    frames stack
    cp -r "$BUILD" build
    # Programs that never end: noisedetect in a job of its own, framealign in runs of frames.
    for program in noisedetect framealign; do
        printf '%s\n' '#!/bin/sh' 'case "$*" in *-map*|*-save*|*-estimate*) sleep 300 & wait ;; esac' \
            "exec $BUILD/bin/$program \"\$@\"" >build/bin/$program
    done
    for signal in INT TERM HUP; do
        for steps in '-j 1' '-j 2' noise together; do
            job 'StackJob t' 'input_path = src' 'Actions ready' AlignFrames
            [ "$steps" = together ] || echo 'step_process = no' >>job
            [ "$steps" != noise ] || job 'StackJob t' 'input_path = src' 'NoiseDetection'
            # shellcheck disable=SC2086
            STACKJOB_TEST=$BATS_TEST_TMPDIR env --default-signal=INT build/bin/stackjob -q ${steps##[nt]o*} job >/dev/null 2>err &
            runner=$!
            for _ in {1..1000}; do
                [ "$(marked | xargs -r -I{} readlink /proc/{}/exe | grep -c sleep)" -eq 0 ] || break
                sleep 0.05
            done
            [ -n "$(marked)" ]
            before=$(date +%s%N)
            kill "-$signal" "$runner" || { cat err && false; }
            status=0
            wait "$runner" || status=$?
            [ $((($(date +%s%N) - before) / 1000000)) -lt "${PATIENCE:-10000}" ]
            [ "$status" -eq $((128 + $(kill -l $signal))) ]
            [ -z "$(marked)" ]
            [ -z "$(find . -name '.stackjob-*')" ] && [ ! -e ready ]
        done
    done
}

@test "each sub-action compares with the reference as it comes to it" {
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' 'output_format = pam' AlignFrames 'step_process = no' \
        AlignFrames 'step_process = no' BalanceFrames BalanceFrames 'channel = RGB'
    stackjob -q job
    framealign -reference=src/0002.png src/0002.png >r1.pam
    framealign -reference=r1.pam r1.pam >r2.pam
    framebalance -reference=r2.pam r2.pam >r3.pam
    for frame in src/*.png; do
        framealign -quiet -reference=src/0002.png "$frame" | framealign -quiet -reference=r1.pam |
            framebalance -reference=r2.pam | framebalance -reference=r3.pam -channel=rgb >expected.pam
        cmp <(raster expected.pam) <(raster "ready/$(basename "${frame%.png}").pam")
    done
}

# bats test_tags=all
@test "metadata and colour profile go from each source to its result" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    mkdir src
    pamtopnm "$FIXTURES/made/0000.pam" | pnmtojpeg >src/a.jpg
    pngtopam "$FIXTURES/stack/0001.png" | pamtopng >src/b.png
    exiftool -q -overwrite_original -Artist='A. Person' -Model='Camera one' -ExposureTime=1/60 -Orientation#=6 \
        -XMP:Label=red -ExifImageWidth=9999 -ExifImageHeight=9999 src/a.jpg src/b.png
    pamscale -xyfit 40 40 "$FIXTURES/made/0000.pam" | pamtopnm | pnmtojpeg >thumbnail
    exiftool -q -overwrite_original '-ThumbnailImage<=thumbnail' src/a.jpg
    exiftool -b -ThumbnailImage src/a.jpg | same - thumbnail
    { printf '\000\000\000\204test\002\020\000\000mntrRGB XYZ ' && head -c 108 /dev/zero; } >profile
    exiftool -q -q -overwrite_original '-icc_profile<=profile' src/a.jpg
    for format in png tiff jpeg; do
        job 'StackJob t' 'input_path = src' "Actions $format" "output_format = $format" BalanceFrames
        stackjob -q job 2>err
        for result in "$format"/*; do
            exiftool -s -s -s -Artist -Model -ExposureTime -Orientation# -Label "$result" |
                diff - <(printf '%s\n' 'A. Person' 'Camera one' 1/60 6 red)
            # Those of its own pixels are not the result's.
            [ -z "$(exiftool -ExifImageWidth -ExifImageHeight -ThumbnailImage -IFD1:all "$result")" ]
        done
        exiftool -icc_profile -b "$format"/a.* 2>/dev/null | same - profile
    done
    # The splice leaves the picture alone, and a PNG whose every chunk is whole.
    cmp <(pngtopam png/b.png) <(pngtopam src/b.png)
    exiftool -validate -a -warning png/b.png | grep -i 'Validate *: OK'
    job 'StackJob t' 'input_path = src' "Actions png" 'metadata = no' BalanceFrames
    stackjob -q job
    [ -z "$(exiftool -Artist png/a.png)" ]
    only_tools exiftool
    job 'StackJob t' 'input_path = src' "Actions png" BalanceFrames 'Actions more' BalanceFrames
    PATH=$tools_only stackjob -q job 2>err
    [ "$(grep -c 'exiftool is not installed' err)" -eq 1 ]
}

# bats test_tags=all
@test "one exiftool copies the metadata of a whole job, and ends with it" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    mkdir src
    for i in 1 2 3 4 5; do
        pamtopnm "$FIXTURES/made/0000.pam" | pnmtojpeg >src/$i.jpg
        exiftool -q -overwrite_original -Artist=$i src/$i.jpg
    done
    tool exiftool "echo start >>$PWD/starts" "exec $(command -v exiftool)"' "$@"'
    job 'StackJob t' 'input_path = src' 'Actions one' 'ref_idx = 0' BalanceFrames 'Actions two' 'input_path = src' \
        'output_format = jpeg' 'ref_idx = 0' BalanceFrames
    STACKJOB_TEST=$BATS_TEST_TMPDIR stackjob -q -j 1 job
    [ "$(wc -l <starts)" -eq 1 ]
    for _ in {1..100}; do
        [ -n "$(marked)" ] || break
        sleep 0.1
    done
    [ -z "$(marked)" ]
    for result in one/* two/*; do
        [ "$(exiftool -s -s -s -Artist "$result")" = "$(basename "${result%.*}")" ]
    done
}

# bats test_tags=all
@test "plots are made, and gnuplot's absence is told" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    frames stack
    job 'StackJob t' 'input_path = src' 'plot_path = graphs' "NoiseDetection it's hot" 'plot_histograms = yes' \
        'Actions ready' MaskNoise AlignFrames 'plot_summary = yes' BalanceFrames 'plot_summary = yes' 'plot_histograms = yes' \
        'channel = HLS' 'Actions crop' 'plot_path = others' AlignFrames 'crop = yes' 'plot_summary = yes'
    stackjob -q job 2>err
    (cd graphs && find . -type f | sort) | diff - <(printf './%s\n' "it's hot-hot-pixels.pdf" \
        ready-align.pdf ready-balance.pdf ready-hist-000{0,1,2,3,4}.pdf)
    [ "$(ls others)" = crop-align.pdf ]
    for plot in graphs/*.pdf others/*; do
        [ "$(head -c 5 "$plot")" = %PDF- ]
        [ "$(wc -c <"$plot")" -gt 3000 ]
    done
    ! grep -i warning err || false
    rm graphs/ready-align.pdf
    stackjob -q job
    [ -f graphs/ready-align.pdf ]
    only_tools gnuplot
    PATH=$tools_only stackjob -q -f job 2>err
    [ "$(grep -c 'gnuplot is not installed' err)" -eq 1 ]
}

# bats test_tags=all
@test "the transforms lie beside the frames, as framealign would save them" {
    frames stack
    job 'StackJob t' 'input_path = src' 'Actions ready' AlignFrames 'Actions crop' 'input_path = src' AlignFrames \
        'crop = yes' AlignFrames
    stackjob -q job
    framealign -quiet -estimate src/* >wanted
    same ready/transforms.tsv wanted
    same crop/transforms.tsv wanted
    [ "$(wc -l <crop/transforms-2.tsv)" -eq "$(wc -l <wanted)" ]
    echo mine >ready/transforms.tsv
    touch src/*
    stackjob job 2>err
    matches 'ready/transforms.tsv was changed by hand' "$(cat err)"
    [ "$(cat ready/transforms.tsv)" = mine ]
    stackjob -q -f job
    same ready/transforms.tsv wanted
}

@test "a sub-action whose program is not installed is refused by name" {
    frames tiny
    cp -r "$BUILD" build
    rm build/bin/framealign
    only_tools
    job 'StackJob t' 'input_path = src' 'Actions a' AlignFrames
    PATH=${tools_only#*:} fails_with 1 'AlignFrames is not in this version' build/bin/stackjob job
    [ ! -e a ]
}

@test "installed elsewhere, and called through a link, it finds its parts" {
    frames tiny
    plain_job
    mkdir -p "a b/bin" "a b/libexec" links
    cp "$BUILD"/bin/* "a b/bin/"
    cp -r "$BUILD/libexec/stackpbm" "a b/libexec/"
    ln -s ../a\ b/bin/stackjob links/stackjob
    links/stackjob -q job
    same src/f1.pam ready/f1.pam
    rm -r "a b/libexec"
    fails_with 1 'not installed whole' links/stackjob job
}

@test "the log has every command with its time; the summary has the figures" {
    frames stack
    job 'StackJob my job' 'working_path = .' 'input_path = src' NoiseDetection 'Actions ready' MaskNoise AlignFrames BalanceFrames
    stackjob job >summary 2>err
    grep -q '^  NoiseDetection noise-map: [0-9]* noisy pixels' summary
    grep -q '^  Actions ready: 5 frames, 5 made now' summary
    grep -q "^      $PWD/ready" summary
    grep -q '^      worst alignment: 000[0-4], predicted error 0\.[0-9]* px, [0-9]* % of its blocks agree; widest scatter: 000[0-4], [0-9.]* px' summary
    grep -q '^      corrections [01]\.[0-9]* to 1\.[0-9]*' summary
    grep -q '^StackJob my job: done in [0-9]*\.[0-9][0-9] s' summary
    grep -q -x "  log: $PWD/my job.log" summary
    log='my job.log'
    for i in 0 1 2 3 4; do
        grep -q "^[0-9]*\.[0-9][0-9] s  noisemask .* src/000$i.png\( \|$\)" "$log"
        grep -q "^[0-9]*\.[0-9][0-9] s  framealign .*/000$i.pam.* | framebalance" "$log"
    done
    grep -q '^[0-9.]* s  noisedetect -map' "$log"
    tail -n "$(wc -l <summary)" "$log" | diff summary -
    # Run again, nothing is computed, and the figures are the same.
    stackjob job >again 2>err
    diff <(sed -e 1d -e 's/, 5 made now//' summary) <(sed 1d again)
}

# bats test_tags=all
@test "several StackJobs in a file run one after the other; what is not enabled does not" {
    frames tiny
    job 'StackJob one' 'input_path = src' 'Actions a' 'output_format = pam' 'Actions b' 'output_format = pam' 'enabled = no' \
        'StackJob two' 'input_path = src' 'enabled = no' 'Actions c' 'output_format = pam' \
        'StackJob three' 'input_path = a' 'Actions d' 'output_format = pam'
    says 'StackJob two is not enabled' stackjob job
    [ -f a/f1.pam ] && [ -f d/f1.pam ] && [ ! -e b ] && [ ! -e c ]
    [ -f one.log ] && [ -f three.log ] && [ ! -e two.log ]
}

# bats test_tags=all
@test "memory does not grow with the frames, nor time more than in proportion" {
    mkdir few many
    for i in $(seq 10); do cp "$FIXTURES/tiny/f1.pam" few/$i.pam; done
    for i in $(seq 120); do cp "$FIXTURES/tiny/f1.pam" many/$i.pam; done
    job 'StackJob t' 'input_path = few' 'Actions a' 'output_format = pam'
    peak stackjob -q -j 1 job >few.peak
    sed -i 's/few/many/' job
    peak stackjob -q -j 1 job >many.peak
    [ "$(ls a | wc -l)" -eq 120 ]
    [ "$(cat many.peak)" -lt $(($(cat few.peak) * 5 / 4)) ]
}

teardown() {
    if mountpoint -q small 2>/dev/null; then umount small; fi
}

# ---- the manual ----

# bats test_tags=all
@test "the worked example of the manual works" {
    frames stack
    rm src/0000.png src/0004.png
    examples stackjob.1 | sed -n '/^StackJob/,/^FocusStack/p' >flies.job
    [ "$(wc -l <flies.job)" -eq 15 ]
    examples stackjob.1 | grep '^stackjob' | grep -v -e -S >commands
    [ "$(wc -l <commands)" -eq 3 ]
    sh -e commands >summary 2>err
    [ "$(ls align/*.png | wc -l)" -eq 3 ] && [ -f plots/noise-map-hot-pixels.pdf ] && [ -f plots/align-align.pdf ]
    [ "$(pngtopam fused/flies.png | pamfile -machine - | cut -d ' ' -f 4,5)" = '160 120' ]
    sed -i 's/^NoiseDetection/&\n channel_thresholds = 16/' flies.job
    stackjob -n flies.job | grep 'noisedetect' | diff - <(
        echo 'noisedetect -frommap -threshold=16 -output=noise-map/hot noise-map/hot-map.pam >/dev/null')
    mkdir other other/dark
    mv src other/raw
    cd other
    cp raw/* dark/
    examples stackjob.5 >beetle.job
    stackjob -q beetle.job 2>err
    [ "$(ls ready/*.png fused preview | wc -l)" -eq 9 ]
    [ -f fused/beetle.tif ] && [ -f preview/beetle.jpg ]
}
