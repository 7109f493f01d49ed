#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# results: what the job made, but for its log and report, which tell times.
results() {
    contents . | grep -v -e '\.log$' -e 'report' -e '/\.stackjob' -e ' \./job' -e ' \./messages'
}

# bats test_tags=all
@test "a job in the words of shinestacker does what its twin in ours does, byte for byte" {
    mkdir twin ours
    for directory in twin ours; do
        (
            cd $directory
            frames stack
            mkdir more
            mv src/0003.png src/0004.png more/
        )
    done
    cd twin
    job 'StackJob test' 'input_path = ["src", "more"]' \
        NoiseDetection 'noisy_masked_px = 10,11,12' \
        'CombinedActions ready' 'step_process = False' 'metadata = False' \
        MaskNoise 'max_noisy_pxls = 500' 'method = INTERPOLATE_MEAN' \
        AlignFrames 'transform = ALIGN_RIGID' 'align_method = RANSAC' 'rans_threshold = 3.0' 'refine_iters = 100' \
        'subsample = 2' 'min_good_matches = 20' "matching_config = {'method': 'KNN', 'threshold': 0.75}" \
        'abort_abnormal = True' 'border_mode = BORDER_REPLICATE_BLUR' \
        BalanceFrames 'channel = BALANCE_RGB' 'corr_map = BALANCE_LINEAR' "intensity_interval = {'min': 5, 'max': 250}" \
        'CombinedActions gamma' 'input_path = ("src")' 'metadata = no' BalanceFrames 'channel = BALANCE_HSV' 'corr_map = BALANCE_GAMMA' \
        'CombinedActions luma' "input_path = ['more']" 'metadata = no' BalanceFrames 'channel = BALANCE_LUMI' 'corr_map = BALANCE_MATCH_HIST' \
        'CombinedActions chosen' 'input_filepaths = ["0002.png", "0004.png"]' 'metadata = no' BalanceFrames 'channel = BALANCE_HLS'
    stackjob -q job 2>messages
    results >../twin.sums
    [ "$(grep -c '^stackjob: ' messages)" -eq 1 ]
    grep 'align_method, matching_config, min_good_matches, rans_threshold, refine_iters, subsample: no effect, and none is needed' messages
    cd ../ours
    threshold=$(noisedetect -quiet -map src/*.png more/*.png | noisehist -target=10,11,12)
    job 'StackJob test' 'input_path = src' 'input_path = more' \
        NoiseDetection "channel_thresholds = ${threshold#*=}" \
        'Actions ready' 'metadata = no' \
        MaskNoise 'max_pixels = 500' 'method = mean' \
        AlignFrames 'step_process = no' 'transform = similarity' 'border_mode = blur' \
        BalanceFrames 'channel = RGB' 'corr_map = LINEAR' 'intensity_interval = 5,250' \
        'Actions gamma' 'input_path = src' 'metadata = no' BalanceFrames 'channel = HSV' 'corr_map = GAMMA' \
        'Actions luma' 'input_path = more' 'metadata = no' BalanceFrames 'channel = LUMI' 'corr_map = MATCH_HIST' \
        'Actions chosen' 'input_path = src' 'input_path = more' 'pattern = 000[24].*' 'metadata = no' BalanceFrames 'channel = HLS'
    stackjob -q job 2>messages
    results | diff ../twin.sums -
    [ -f ready/0004.png ] && [ -f gamma/0002.png ] && [ -f luma/0003.png ] && [ -f chosen/0004.png ]
}

# bats test_tags=all
@test "input_filepaths names frames one by one, in their order, from the input path on" {
    frames tiny
    job 'StackJob test' 'input_path = src' 'input_filepaths = f3.pam' 'input_filepaths = f1.pam' \
        'Actions ready' 'output_format = pam' 'metadata = no' BalanceFrames 'Actions next' 'output_format = pam'
    stackjob -q job
    [ "$(ls ready)" = $'f1.pam\nf3.pam' ] && [ "$(ls next)" = $'f1.pam\nf3.pam' ]
    # The second of the two, f1, is the reference.
    [ "$(samples ready/f1.pam)" = "$(samples src/f1.pam)" ]
    rm ready/f1.pam
    stackjob -n job | grep 'f1: new'
    refused 'input_filepaths: src/f9.pam is not there' 'StackJob test' 'input_path = src' 'input_filepaths = ["f1.pam", "f9.pam"]' 'Actions other'
    cp src/f2.pam single.pam
    job 'StackJob test' 'input_filepaths = ("single.pam")' 'Actions alone' 'output_format = pam'
    stackjob -q job
    same single.pam alone/single.pam
}

@test "input_filepaths of a step begins at the job's input path, where the step has none; a path may be quoted" {
    frames tiny
    job 'StackJob test' 'input_path = "src"' 'Actions ready' 'output_format = pam' "input_filepaths = ['f2.pam']"
    stackjob -q job
    [ "$(ls ready)" = f2.pam ]
}

@test "a directory whose name has brackets is no list" {
    frames tiny
    mv src '[old] (set)'
    mkdir '(set)'
    cp '[old] (set)/f1.pam' '(set)/'
    job 'StackJob test' 'input_path = (set)' 'Actions ready' 'output_format = pam' 'Actions other' 'input_path = [old] (set)'
    stackjob -q job
    [ -f ready/f1.pam ] && [ -f other/f3.png ]
}

@test "noisy_masked_px and intensity_interval in other forms; what they cannot be" {
    frames stack
    job 'StackJob test' 'input_path = src' NoiseDetection 'noisy_masked_px = 7' 'Actions b' BalanceFrames "intensity_interval = {'max': 99}"
    stackjob -n job >script
    grep -F 'noisehist -target=7,7,7 ' script
    grep -F -e '-interval=0,99' script
    job 'StackJob test' 'input_path = src' 'Actions b' BalanceFrames 'intensity_interval = {"min": 4}'
    stackjob -n job | grep -F -e '-interval=4,-1'
    for value in "{'min': x}" "{'min': 1, 'most': 3}" "{1, 3}"; do
        refused 'is no value for intensity_interval' 'StackJob test' 'input_path = src' 'Actions b' BalanceFrames "intensity_interval = $value"
    done
    refused 'channel_thresholds has no effect beside noisy_masked_px' 'StackJob test' NoiseDetection 'channel_thresholds = 5' 'noisy_masked_px = 5'
    refused 'target_pixels and noisy_masked_px contradict' 'StackJob test' NoiseDetection 'target_pixels = 5' 'noisy_masked_px = 5'
    refused 'noisy_masked_px' 'StackJob test' NoiseDetection 'noisy_masked_px = 5,6'
}

# A stack whose frame 0001 shows something else.
abnormal_stack() {
    frames stack
    makestack -kind=noise -width=160 -height=120 -frames=1 -hot=0 -dead=0 -seed=77 other
    pamtopng other/*.pam >src/0001.png
}

# bats test_tags=all
@test "abort_abnormal = no leaves a frame that cannot be aligned out, with a warning, and goes on" {
    abnormal_stack
    for process in yes no; do
        rm -rf ready fused .stackjob
        job 'StackJob test' 'input_path = src' 'Actions ready' AlignFrames "step_process = $process"
        status=0
        stackjob -q job 2>messages || status=$?
        [ $status -eq 2 ]
        job 'StackJob test' 'input_path = src' 'Actions ready' AlignFrames "step_process = $process" 'abort_abnormal = no' 'FocusStack fused'
        stackjob job >summary 2>messages
        grep 'stackjob: warning: frame 0001 is left out: framealign refused it' summary
        grep '5 frames, 1 of them left out' summary
        [ "$(ls ready/*.png | tr '\n' ' ')" = 'ready/0000.png ready/0002.png ready/0003.png ready/0004.png ' ]
        [ -f fused/test.png ]
        # Other failures count as ever.
        cp src/0003.png good.png
        head -c 3000 good.png >src/0003.png
        status=0
        stackjob -q job 2>messages || status=$?
        [ $status -eq 1 ]
        cp good.png src/0003.png
    done
}
