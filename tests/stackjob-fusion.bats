#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper
load stackjob

# The steps that fuse frames.

# fusion_job LINE...: the frames of src, which are aligned, fused.
fusion_job() {
    job 'StackJob beetle' 'input_path = src' 'FocusStack fused' "$@"
}

# bunch_job LINE...
bunch_job() {
    job 'StackJob beetle' 'input_path = src' 'FocusStackBunch bunches' "$@"
}

# numbered COUNT: that many small frames in src, f01.pam and so on, each sharp elsewhere.
numbered() {
    local i
    mkdir -p src
    for ((i = 1; i <= $1; i++)); do
        pam 32 16 3 255 $(awk -v i="$i" 'BEGIN { for (k = 0; k < 1536; k++) print (k * 7919 + i * 104729) % (int(k / 96) % 10 == i % 10 ? 251 : 61) }') \
            >"src/f$(printf %02d "$i").pam"
    done
}

@test "a job ends with one picture, which is framefuse's of the frames that the Actions made" {
    frames stack
    job 'StackJob beetle' 'input_path = src' NoiseDetection 'Actions ready' MaskNoise AlignFrames BalanceFrames \
        'FocusStack fused'
    stackjob job >summary 2>err
    [ "$(ls fused)" = beetle.png ]
    framefuse -png ready/*.png >wanted.png
    diff <(pngtopam -alphapam fused/beetle.png | pamtopam) <(pngtopam -alphapam wanted.png | pamtopam)
    grep -A 1 'FocusStack fused: 5 frames in one picture' summary | grep -x "      $PWD/fused/beetle.png"
}

@test "a second run fuses nothing; another sharpness or frame fuses again, by hand is refused" {
    numbered 3
    fusion_job
    stackjob -q job
    untouched fused >before
    contents .stackjob >>before
    stackjob job >out 2>err
    grep 'one picture, which is up to date' out
    { untouched fused && contents .stackjob; } | diff before -

    fusion_job 'sharpness = 8'
    says 'f01 to f03, 3 frames, to fused/beetle.png: other options' stackjob job
    framefuse -png -sharpness=8 src/*.pam | same - fused/beetle.png
    ! framefuse -png src/*.pam | same - fused/beetle.png || false

    pamflip -leftright src/f02.pam >flipped.pam
    mv flipped.pam src/f02.pam
    says 'fused/beetle.png: other frames' stackjob job
    framefuse -png -sharpness=8 src/*.pam | same - fused/beetle.png

    rm src/f03.pam
    says 'f01 to f02, 2 frames, to fused/beetle.png: other frames' stackjob job
    framefuse -png -sharpness=8 src/*.pam | same - fused/beetle.png

    touch fused/beetle.png
    fusion_job
    fails_with 1 'fused/beetle.png was changed after stackjob wrote it.*-f' stackjob job
    stackjob -q -f job
    framefuse -png src/*.pam | same - fused/beetle.png
}

# bats test_tags=all
@test "the picture in every format, with the metadata of the middle frame" {
    command -v exiftool >/dev/null || skip "exiftool is not installed"
    numbered 3
    for frame in src/*.pam; do
        pamtopnm "$frame" | pnmtojpeg -quality=95 >"${frame%.pam}.jpg"
        exiftool -q -overwrite_original -Artist="${frame##*/}" "${frame%.pam}.jpg"
        rm "$frame"
    done
    job 'StackJob beetle' 'input_path = src' \
        'FocusStack p' 'FocusStack t' 'output_format = tiff' 'FocusStack j' 'output_format = jpeg' 'jpeg_quality = 90' \
        'FocusStack m' 'output_format = pam' 'file_name = the picture'
    stackjob -q job
    for frame in src/*.jpg; do
        jpegtopnm -quiet "$frame"
    done | framefuse >wanted.pam
    pngtopam p/beetle.png | pamtopam | same - <(pamtopnm wanted.pam | pamtopam)
    tifftopnm -quiet -byrow t/beetle.tif | pamtopam | same - <(pamtopnm wanted.pam | pamtopam)
    pnmtojpeg -quality=90 <(pamtopnm wanted.pam) | jpegtopnm -quiet | same - <(jpegtopnm -quiet j/beetle.jpg)
    same <(raster 'm/the picture.pam') <(raster wanted.pam)
    for picture in p/beetle.png t/beetle.tif j/beetle.jpg; do
        [ "$(exiftool -s -s -s -Artist "$picture")" = f02.pam ]
    done
    sed -i 's/^FocusStack p/&\nmetadata = no/' job
    stackjob -q job
    [ -z "$(exiftool -Artist p/beetle.png)" ]
}

@test "a picture with opacity becomes a JPEG without" {
    mkdir src
    for i in 1 2; do
        pam 16 16 4 255 $(awk 'BEGIN { for (k = 0; k < 256; k++) print k % 200, 90, 40, k < 32 ? 0 : 255 }') >src/f$i.pam
    done
    fusion_job 'output_format = jpeg'
    stackjob -q job
    [ "$(jpegtopnm -quiet fused/beetle.jpg | pamfile -machine - | cut -d ' ' -f 4-6)" = '16 16 3' ]
}

@test "the depth map and its scale come and go with the key" {
    numbered 3
    fusion_job 'depth_map = yes'
    stackjob -q job
    [ "$(ls fused | paste -sd ' ')" = 'beetle-depth.png beetle-depth.tsv beetle.png' ]
    framefuse -depthmap=wanted.png src/*.pam >/dev/null
    same wanted.png fused/beetle-depth.png
    same wanted.tsv fused/beetle-depth.tsv
    untouched fused | grep -v depth >before
    rm fused/beetle-depth.tsv
    says 'beetle.png: new' stackjob job
    same wanted.tsv fused/beetle-depth.tsv
    fusion_job
    says 'removed fused/beetle-depth.png.*removed fused/beetle-depth.tsv|removed fused/beetle-depth.tsv.*removed fused/beetle-depth.png' stackjob job
    [ "$(ls fused)" = beetle.png ]
}

# bats test_tags=all
@test "bunches: each so many frames one picture, and what a frame changes is made again, no more" {
    numbered 10
    bunch_job 'frames = 4' 'overlap = 1'
    stackjob -q job
    [ "$(ls bunches | paste -sd ' ')" = 'beetle-001.png beetle-002.png beetle-003.png' ]
    framefuse -png src/f0[1-4].pam | same - bunches/beetle-001.png
    framefuse -png src/f0[4-7].pam | same - bunches/beetle-002.png
    framefuse -png src/f0[7-9].pam src/f10.pam | same - bunches/beetle-003.png
    untouched bunches >before
    touch src/f05.pam
    stackjob -q job
    untouched bunches >after
    [ "$(diff before after | grep -c '^> .*beetle-002.png')" -eq 1 ]
    [ "$(diff before after | grep -c '^>')" -eq 1 ]
    # Two new frames: another picture, and the one that was the last is as it was.
    numbered 12
    stackjob -q job
    framefuse -png src/f1*.pam | same - bunches/beetle-004.png
    # The default: ten frames, two in common.
    bunch_job
    stackjob -q job
    [ "$(ls bunches | paste -sd ' ')" = 'beetle-001.png beetle-002.png' ]
    framefuse -png src/f09.pam src/f1*.pam | same - bunches/beetle-002.png
    # All frames are in the first: no second one of nothing new.
    rm src/f11.pam src/f12.pam
    stackjob -q job
    [ "$(ls bunches)" = beetle-001.png ]
}

@test "a FocusStack after bunches takes their pictures, transparent here and there or not" {
    mkdir src
    for i in 1 2 3 4; do
        pam 16 16 4 255 $(awk -v i=$i 'BEGIN { for (k = 0; k < 256; k++) print k % 200, 90 + i, 40, (k < 32) * (i == 3 || i == 4) ? 0 : 255 }') >src/f$i.pam
    done
    job 'StackJob beetle' 'input_path = src' 'FocusStackBunch bunches' 'frames = 2' 'overlap = 0' 'FocusStack fused'
    stackjob -q job
    framefuse -png bunches/beetle-00[12].png | same - fused/beetle.png
    # What the first bunch shows alone is there.
    [ "$(pngtopam fused/beetle.png | pamfile -machine - | cut -d ' ' -f 4-6)" = '16 16 3' ]
}

@test "what is wrong in these steps is told with the line and what is allowed" {
    numbered 2
    refused 'overlap = 4 leaves no new frame in a bunch of 4 frames.*0 to 3' 'StackJob t' 'input_path = src' \
        'FocusStackBunch b' 'frames = 4' 'overlap = 4'
    refused '"5" is no value for sharpness.*4, 6, 8' 'StackJob t' 'input_path = src' 'FocusStack f' 'sharpness = 5'
    refused 'jpeg_quality has no effect without output_format = jpeg' 'StackJob t' 'input_path = src' 'FocusStack f' \
        'jpeg_quality = 50'
    refused '"depth_map" is no key of FocusStackBunch' 'StackJob t' 'input_path = src' 'FocusStackBunch f' 'depth_map = yes'
    refused 'FocusStack needs a name' 'StackJob t' 'input_path = src' 'FocusStack'
    refused 'a dot at the beginning: file_name is needed' 'StackJob .t' 'input_path = src' 'FocusStack f'
    refused 'the output directory src is also an input' 'StackJob t' 'input_path = src' 'FocusStack src'
}

@test "frames that are not alike fail the step, and nothing is left; with -k other bunches are made" {
    numbered 6
    pamcut -width=10 src/f02.pam >small.pam
    mv small.pam src/f02.pam
    fusion_job
    status=0
    stackjob job >out 2>err || status=$?
    [ "$status" -eq 1 ]
    matches 'f02.*10x16.*FocusStack fused: beetle.png: framefuse failed \(status 1\)' "$(cat err)"
    [ ! -e fused ]
    bunch_job 'frames = 3' 'overlap = 0'
    status=0
    stackjob -k job >out 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(ls bunches)" = beetle-002.png ]
    grep 'FocusStackBunch bunches: beetle-001.png (framefuse)' out
}

@test "the script of -n makes the same pictures" {
    numbered 5
    job 'StackJob beetle' 'input_path = src' 'FocusStackBunch bunches' 'frames = 3' 'FocusStack fused' 'depth_map = yes' \
        'output_format = tiff' 'metadata = no'
    stackjob -n job >script
    ! ls bunches fused 2>/dev/null || false
    sh script
    contents bunches >wanted
    contents fused >>wanted
    rm -r bunches fused
    stackjob -q job
    { contents bunches && contents fused; } | diff wanted -
    stackjob -n job | grep 'FocusStack fused: nothing to do'
}

@test "a last frame that the first bunches do not have is in a bunch of its own" {
    numbered 11
    bunch_job
    stackjob -q job
    [ "$(ls bunches | paste -sd ' ')" = 'beetle-001.png beetle-002.png' ]
    framefuse -png src/f09.pam src/f1*.pam | same - bunches/beetle-002.png
}

@test "choose takes the frames that an edited depth map names, and another edit makes the picture again" {
    numbered 3
    fusion_job 'depth_map = yes' 'depth_smooth = 16'
    stackjob -q job
    framefuse -depthmap=wanted.png -depthsmooth=16 src/*.pam >/dev/null
    same wanted.png fused/beetle-depth.png
    # Its own map is none to edit where the step writes it.
    fusion_job 'depth_map = yes' 'choose = fused/beetle-depth.png'
    fails_with 1 'is where this step has its own depth map. Copy it' stackjob job
    mkdir edited
    cp fused/beetle-depth.tsv edited/chosen.tsv
    pam 32 16 2 65535 32768 65535 | pamtopng >edited/chosen.png
    fusion_job 'choose = edited/chosen.png'
    stackjob -q job
    pngtopam fused/beetle.png | pamtopam >out.pam
    same <(raster out.pam) <(raster src/f02.pam)
    untouched fused >before
    stackjob -q job
    untouched fused | diff before -
    pam 32 16 2 65535 0 65535 | pamtopng >edited/chosen.png
    stackjob -q job
    pngtopam fused/beetle.png | pamtopam >out.pam
    same <(raster out.pam) <(raster src/f01.pam)
    rm edited/chosen.png
    fails_with 1 'map of frames to choose, .*edited/chosen.png, is not there' stackjob job
    refused 'depth_smooth has no effect without depth_map' 'StackJob t' 'input_path = src' 'FocusStack f' 'depth_smooth = 5'
}
