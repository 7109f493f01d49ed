# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Other words for what a job file says: those of shinestacker's scripts, where they differ from ours. Sourced by
# stackjob after the kinds. stackjob(5) has the table.

other_kind=([CombinedActions]=Actions)
other_key=([MaskNoise.max_noisy_pxls]=max_pixels)
words_of channel BALANCE_LUMI=lumi BALANCE_RGB=rgb BALANCE_HSV=hsv BALANCE_HLS=hls
words_of curve BALANCE_LINEAR=linear BALANCE_GAMMA=gamma BALANCE_MATCH_HIST=match

# idle KIND KEY...: keys that set what our programs find by themselves.
idle() {
    local key
    for key in "${@:2}"; do
        idle_key[$1.$key]=yes
    done
}

idle AlignFrames feature_config detector descriptor matching_config match_method flann_idx_kdtree flann_trees flann_checks \
    threshold alignment_config align_method rans_threshold refine_iters align_confidence max_iters min_good_matches \
    subsample fast_subsampling phase_corr_fallback bw_matching plot_matches
idle BalanceFrames subsample fast_subsampling img_scale

# Says once which keys of the job file do nothing, and why.
say_idle() {
    local keys
    ((${#idle_keys[@]})) || return 0
    keys=$(printf '%s\n' "${!idle_keys[@]}" | sort | paste -s -d ' ')
    say "${option[file]}: ${keys// /, }: no effect, and none is needed: framealign finds by itself what these set, and \
framebalance looks at every pixel"
}
