#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    makestack -kind=bristle -width=320 -height=208 -frames=9 bristle
    makestack -kind=relief -width=320 -height=208 -frames=9 relief
    makestack -kind=blobs -width=320 -height=208 -frames=9 -noise=5 blobs
    makestack -kind=flat -width=320 -height=208 -frames=60 flat
    # The same without opacity, in gray, and of 16 bits.
    mkdir rgb gray
    for frame in bristle/0*.pam; do
        pamchannel -infile "$frame" -tupletype RGB 0 1 2 >"rgb/${frame##*/}"
        pamchannel -infile "$frame" -tupletype GRAYSCALE 1 >"gray/${frame##*/}"
    done
}

# error STACK SIGMA PICTURE: sets psnr, ssim, invented, soft, noise (against a frame's) and halo.
error() {
    local one
    read -r psnr ssim invented soft noise halo < <(fusionerror "$2" "$FIXTURES/$1/truth.pam" "$FIXTURES/$1/edges.pam" "$3" \
        "$FIXTURES/$1"/0*.pam)
    read -r _ _ _ _ one _ < <(fusionerror "$2" "$FIXTURES/$1/truth.pam" "$FIXTURES/$1/edges.pam" \
        "$FIXTURES/$1/0004.pam" "$FIXTURES/$1"/0*.pam)
    noise=$(awk -v a="$noise" -v b="$one" 'BEGIN { print a / b }')
    echo "$1: PSNR $psnr, SSIM $ssim, invented $invented %, soft $soft %, noise $noise, halo $halo"
}

# holds EXPRESSION: of numbers with fractions.
holds() {
    awk "BEGIN { exit !($*) }"
}

# off A B MOST: how many samples differ, in 10,000; none by more than MOST.
off() {
    paste <(samples "$1" | tr ' ' '\n') <(samples "$2" | tr ' ' '\n') | awk -v most="$3" '
        $1 != $2 { n++; d = $1 > $2 ? $1 - $2 : $2 - $1; if (d > most) { print "sample " NR - 1 ": " $0; bad = 1 } }
        END { print 10000 * n / NR; exit bad }'
}

# ---- what comes out ----

@test "one opaque frame comes out bit for bit, of every kind and maxval" {
    for depth in 1 3; do
        for maxval in 1 5 255 256 4095 65535; do
            pam 37 23 $depth $maxval $(seq 0 7 $maxval | head -n 500) >frame.pam
            framefuse frame.pam >out.pam
            same <(raster frame.pam) <(raster out.pam)
            [ "$(header MAXVAL out.pam)" = "$maxval" ] && [ "$(header TUPLTYPE out.pam)" = "$(header TUPLTYPE frame.pam)" ]
        done
    done
    # Of a frame with opacity that is all there the plane goes.
    pam 20 20 4 255 9 8 7 255 >frame.pam
    framefuse frame.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB ]
    [ "$(samples out.pam | tr ' ' '\n' | sort -u | paste -sd ' ')" = '7 8 9' ]
    framefuse -opacity frame.pam >out.pam
    same <(raster frame.pam) <(raster out.pam)
}

@test "the sharp half of each of two frames makes the picture" {
    # Noise on the left in one frame, on the right in the other; the rest is flat.
    for side in 0 1; do
        pam 128 64 1 255 $(awk -v side=$side 'BEGIN { srand(3)
            for (i = 0; i < 8192; i++) { v = int(rand() * 200); print int(i % 128 / 64) == side ? v : 100 } }') >f$side.pam
    done
    pam 128 64 1 255 $(awk 'BEGIN { srand(3); for (i = 0; i < 8192; i++) print int(rand() * 200) }') >truth.pam
    framefuse f0.pam f1.pam >out.pam
    # But for eight columns about the middle, all is within 3 levels.
    paste <(samples out.pam | tr ' ' '\n') <(samples truth.pam | tr ' ' '\n') | awk '
        { x = (NR - 1) % 128; d = $1 - $2 }
        (x < 60 || x > 67) && (d > 3 || d < -3) { bad++ }
        END { print bad + 0; exit bad > 0 }'
}

# bats test_tags=all
@test "what the method says, plainly computed, is what comes out" {
    for stack in bristle rgb gray; do
        for sharpness in 4 6 8; do
            framefuse -sharpness=$sharpness "$FIXTURES/$stack"/0*.pam >out.pam
            plainfuse $sharpness "$FIXTURES/$stack"/0*.pam >plain.pam
            [ "$(header DEPTH out.pam)" -eq "$(header DEPTH plain.pam)" ] || framefuse -opacity \
                -sharpness=$sharpness "$FIXTURES/$stack"/0*.pam >out.pam
            echo "$stack $sharpness: $(off out.pam plain.pam 1) in 10,000 differ"
            holds "$(off out.pam plain.pam 1) < 20"
        done
    done
    # Small and odd sizes.
    for size in '1 1' '2 1' '1 7' '15 16' '17 33' '16 16'; do
        for i in 1 2; do
            # shellcheck disable=SC2046,SC2086
            pam $size 3 65535 $(awk -v i=$i 'BEGIN { for (k = 0; k < 1700; k++) print (k * k * 31 * i + 77 * k) % 65536 }') >s$i.pam
        done
        framefuse s1.pam s2.pam >out.pam
        plainfuse 6 s1.pam s2.pam >plain.pam
        off out.pam plain.pam 2
    done
}

@test "the order of the frames changes fewer than one of 10,000 samples, by one level; every run gives the same" {
    framefuse "$FIXTURES"/rgb/0*.pam >out.pam
    framefuse "$FIXTURES"/rgb/0*.pam | same - out.pam
    # shellcheck disable=SC2046
    framefuse $(printf '%s\n' "$FIXTURES"/rgb/0*.pam | sort -r) >reversed.pam
    off out.pam reversed.pam 1
    holds "$(off out.pam reversed.pam 1) <= 1"
    cat "$FIXTURES"/rgb/0*.pam | framefuse | same - out.pam
    # At 16 bits, where a level is 1/65535: as many frames as are about equally sharp, so that many weights count.
    makestack -kind=relief -width=320 -height=208 -frames=30 -noise=1 -maxval=65535 -seed=2 deep
    framefuse deep/0*.pam >deep.pam
    # shellcheck disable=SC2046
    framefuse $(printf '%s\n' deep/0*.pam | sort -r) >reversed.pam
    off deep.pam reversed.pam 1
    holds "$(off deep.pam reversed.pam 1) <= 1"
    # Those with even numbers first.
    framefuse deep/0*[02468].pam deep/0*[13579].pam >parted.pam
    holds "$(off deep.pam parted.pam 1) <= 1"
}

# bats test_tags=all
@test "every instruction set gives the same picture" {
    sanitized && skip "one build is enough"
    portable framefuse
    makestack -kind=relief -width=163 -height=121 -frames=5 -noise=1 -maxval=65535 deep
    for stack in "$FIXTURES"/rgb deep; do
        for sharpness in 4 6 8; do
            framefuse -sharpness=$sharpness -depthmap=own.depth "$stack"/0*.pam >own
            build/bin/framefuse -sharpness=$sharpness -depthmap=depth "$stack"/0*.pam | same - own
            same depth own.depth
        done
    done
}

@test "against the truth: sharp, without halo, little noise, nothing invented" {
    figures
    framefuse "$FIXTURES"/bristle/0*.pam >out.pam
    error bristle 2 out.pam
    holds "$psnr > 27 && $ssim > .9 && $invented <= .5 && $soft < 8 && $noise <= .75"
    framefuse "$FIXTURES"/relief/0*.pam >out.pam
    error relief 1 out.pam
    holds "$psnr > 33 && $ssim > .95 && $invented <= .5 && $soft < 3 && $noise <= .75"
    framefuse "$FIXTURES"/blobs/0*.pam >out.pam
    error blobs 5 out.pam
    holds "$psnr > 27 && $invented <= .5 && $noise <= .75"
    framefuse "$FIXTURES"/flat/0*.pam >out.pam
    error flat 2 out.pam
    holds "$invented <= .5 && $noise <= .4"
}

# bats test_tags=all
@test "against the method of the study: as sharp, as close to the truth, no more halo" {
    figures
    for stack in 'blobs 5' 'relief 1' 'bristle 2'; do
        set -- $stack
        plainfuse -study 6 "$FIXTURES/$1"/0*.pam >study.pam
        error "$1" "$2" study.pam
        study_psnr=$psnr study_ssim=$ssim study_soft=$soft study_halo=$halo
        framefuse "$FIXTURES/$1"/0*.pam >out.pam
        error "$1" "$2" out.pam
        holds "$psnr >= $study_psnr - .3 && $ssim >= $study_ssim - .003 && $soft <= $study_soft + 1 && $halo <= $study_halo + .3"
    done
}

@test "more sharpness is less soft and keeps more noise" {
    figures
    for sharpness in 4 6 8; do
        framefuse -sharpness=$sharpness "$FIXTURES"/blobs/0*.pam >out.pam
        error blobs 5 out.pam
        soft_of[sharpness]=$soft noise_of[sharpness]=$noise
    done
    holds "${soft_of[4]} > ${soft_of[6]} && ${soft_of[6]} > ${soft_of[8]}"
    holds "${noise_of[4]} < ${noise_of[6]} && ${noise_of[6]} < ${noise_of[8]}"
}

# enfused FRAME...: enfuse's picture of them.
enfused() {
    rm -rf enfuse
    mkdir enfuse
    for frame; do pamtopng "$frame" >"enfuse/$(basename "$frame" .pam).png"; done
    enfuse --exposure-weight=0 --saturation-weight=0 --contrast-weight=1 --hard-mask -o enfuse.png enfuse/*.png >enfuse.log 2>&1
    pngtopam -quiet enfuse.png
}

# trails CLEAN HOT FRAMES: sets mean, rms and over60 of framefuse's trail, and theirs of enfuse's.
trails() {
    framefuse "$1"/0*.pam >clean.pam
    framefuse "$2"/0*.pam >hot.pam
    read -r _ mean rms over60 < <(trailerror "$3" clean.pam hot.pam "$1"/0*.pam "$2"/0*.pam)
    enfused "$1"/0*.pam >clean.ppm
    enfused "$2"/0*.pam >hot.ppm
    read -r _ mean_of_enfuse rms_of_enfuse over60_of_enfuse < <(trailerror "$3" clean.ppm hot.ppm "$1"/0*.pam "$2"/0*.pam)
    echo "$2: mean $mean, RMS $rms, over 60: $over60; enfuse $mean_of_enfuse, $rms_of_enfuse, $over60_of_enfuse"
}

# bats test_tags=all
@test "hot pixels that were left, and drift, are trails of at most half of enfuse's" {
    figures
    command -v enfuse >/dev/null || skip "enfuse is not installed"
    for kind in bristle blobs; do
        for hot in 0 100; do
            makestack -kind=$kind -width=320 -height=208 -frames=9 -maxval=65535 -noise=3 -hot=$hot $kind$hot
        done
        trails ${kind}0 ${kind}100 9
        holds "2 * $mean <= $mean_of_enfuse && 2 * $rms <= $rms_of_enfuse && 2 * $over60 <= $over60_of_enfuse"
    done
    # In gray, where no colour tells them from detail.
    for stack in bristle0 bristle100; do
        mkdir "gray-$stack"
        for frame in "$stack"/0*.pam; do
            pamchannel -infile "$frame" -tupletype GRAYSCALE 1 >"gray-$frame"
        done
    done
    trails gray-bristle0 gray-bristle100 9
    holds "2 * $mean <= $mean_of_enfuse && 2 * $rms <= $rms_of_enfuse && 2 * $over60 <= $over60_of_enfuse"
    # White ones, 200 levels bright, one pixel further to the right in each frame: a sharp point of light looks the
    # same, so of the largest a little more than half remains.
    mkdir white
    for i in 0 1 2 3 4 5 6 7 8; do
        pam 320 208 3 255 $(awk -v i=$i 'BEGIN { for (k = 0; k < 66560; k++) { y = int(k / 320); x = k % 320
            v = (y % 20 == 10 && x % 32 == 8 + i) ? 200 : 0; print v, v, v } }') >spots.pam
        pamarith -maximum "$FIXTURES/rgb/000$i.pam" spots.pam >white/000$i.pam
    done
    trails "$FIXTURES/rgb" white 9
    holds "$over60_of_enfuse > 100"
    holds "2 * $mean <= $mean_of_enfuse && 1.7 * $rms <= $rms_of_enfuse && 2 * $over60 <= $over60_of_enfuse"
}

@test "500 hot pixels leave no trail once noisedetect has found and noisemask repaired them" {
    figures
    # The subject moves by a pixel from frame to frame, the hot pixels do not.
    makestack -kind=bristle -width=336 -height=208 -frames=9 subject
    pam 328 208 3 255 $(awk 'BEGIN { srand(7); for (k = 0; k < 500; k++) spot[int(rand() * 328 * 208) * 3 + int(rand() * 3)] = 80 + int(rand() * 150)
        for (i = 0; i < 328 * 208 * 3; i++) print spot[i] + 0 }') >spots.pam
    mkdir taken repaired clean hot masked
    for i in 0 1 2 3 4 5 6 7 8; do
        pamchannel -infile subject/000$i.pam -tupletype RGB 0 1 2 | pamcut -left $i -width 328 >frame.pam
        pamarith -add frame.pam spots.pam >taken/000$i.pam
        pamcut -left $((8 - i)) -width 320 frame.pam >clean/000$i.pam
        pamcut -left $((8 - i)) -width 320 taken/000$i.pam >hot/000$i.pam
    done
    noisedetect taken/*.pam >mask.pam
    noisemask -mask=mask.pam -outdir=repaired taken/*.pam
    for i in 0 1 2 3 4 5 6 7 8; do pamcut -left $((8 - i)) -width 320 repaired/000$i.pam >masked/000$i.pam; done
    for stack in clean hot masked; do framefuse $stack/*.pam >$stack.pam; done
    read -r count left left_rms left_over < <(trailerror 9 clean.pam hot.pam clean/*.pam hot/*.pam)
    read -r _ mean rms over < <(trailerror 9 clean.pam masked.pam clean/*.pam hot/*.pam)
    echo "$count samples; not repaired: mean $left, RMS $left_rms, over 60 $left_over; repaired: $mean, $rms, $over"
    holds "$count > 2000 && $left_rms > 5 && $over == 0 && $mean < 1 && $rms < 2"
}

# ---- opacity ----

@test "opacity: what one frame shows is there; where none shows anything the picture is transparent" {
    # The left half in one frame, the right half in the other, a column of four in none.
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print 10, 20, 30, (x < 14) ? 255 : 0 } }') >left.pam
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print 90, 80, 70, (x >= 18) ? 255 : 0 } }') >right.pam
    framefuse left.pam right.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB_ALPHA ]
    samples out.pam | tr ' ' '\n' | paste -d ' ' - - - - | awk '
        { x = (NR - 1) % 32; want = x < 14 || x >= 18 ? 255 : 0; if ($4 != want) bad = 1 }
        x == 2 && ($1 != 10 || $2 != 20 || $3 != 30) { bad = 1 }
        x == 29 && ($1 != 90 || $2 != 80 || $3 != 70) { bad = 1 }
        END { exit bad }'
    # The middle filled by a third: no opacity is left, unless it is asked for.
    pam 32 16 4 255 50 50 50 255 >all.pam
    framefuse left.pam right.pam all.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB ]
    framefuse -opacity left.pam right.pam all.pam >out.pam
    [ "$(header TUPLTYPE out.pam)" = RGB_ALPHA ]
    [ "$(samples out.pam | tr ' ' '\n' | awk 'NR % 4 == 0' | sort -u)" = 255 ]
    # Colours of what is transparent do not bleed in.
    pam 32 16 4 255 $(awk 'BEGIN { for (k = 0; k < 512; k++) { x = k % 32; print (x < 14) ? "100 100 100 255" : "255 0 255 0" } }' | tr ' ' '\n') >lurid.pam
    framefuse lurid.pam >out.pam
    samples out.pam | tr ' ' '\n' | paste -d ' ' - - - - | awk '$4 == 255 && ($1 != 100 || $2 != 100 || $3 != 100) { bad = 1 } END { exit bad }'
}

@test "a frame that is transparent everywhere adds nothing, and that is said" {
    pam 20 20 4 255 1 2 3 0 >none.pam
    pam 20 20 4 255 9 8 7 255 >some.pam
    framefuse some.pam >want.pam
    says 'frame none is transparent everywhere: it adds nothing' framefuse none.pam some.pam
    same out want.pam
    fails_with 1 'all 2 frames are transparent everywhere' framefuse none.pam none.pam
}

# ---- the depth map ----

@test "the depth map tells which frame is the sharpest, with the scale beside it" {
    makestack -kind=relief -width=320 -height=208 -frames=9 -noise=1 stack
    framefuse -depthmap=depth.png stack/0*.pam >out.pam
    framefuse stack/0*.pam | same - out.pam
    [ "$(pngtopam depth.png | pamfile -machine - | cut -d ' ' -f 4-7)" = '320 208 1 65535' ]
    [ "$(head -n 1 depth.tsv)" = "$(printf 'sample\tframe')" ]
    [ "$(tail -n +2 depth.tsv | cut -f 2 | paste -sd ' ')" = '0000 0001 0002 0003 0004 0005 0006 0007 0008' ]
    [ "$(tail -n +2 depth.tsv | cut -f 1 | paste -sd ' ')" = '0 8192 16384 24576 32768 40959 49151 57343 65535' ]
    # Against the truth, which is 0 for the first frame's focus to maxval for the last's: half of the pixels within half
    # a frame, nine in ten within one and a half.
    pngtopam depth.png | pamtopam >depth.pam
    paste <(samples depth.pam | tr ' ' '\n') <(samples stack/depth.pam | tr ' ' '\n') |
        awk -v most="$(header MAXVAL stack/depth.pam)" '{ d = $1 * 8 / 65535 - $2 * 8 / most; print d < 0 ? -d : d }' | sort -g |
        awk '{ v[NR] = $1 } END { print v[int(NR / 2)], v[int(NR * .9)]; exit !(v[int(NR / 2)] < .5 && v[int(NR * .9)] < 1.5) }'
    # As PAM, by the ending.
    framefuse -depthmap=other.pam stack/0*.pam >/dev/null
    same <(raster other.pam) <(raster depth.pam)
}

# ---- output ----

@test "the picture goes to standard output or a file, as PAM or PNG" {
    framefuse -name=beetle "$FIXTURES"/rgb/0*.pam >out.pam
    grep -a -x '# frame beetle' out.pam
    framefuse -output=a.pam -name=beetle "$FIXTURES"/rgb/0*.pam
    same a.pam out.pam
    framefuse -output=a.png "$FIXTURES"/rgb/0*.pam
    framefuse -png "$FIXTURES"/rgb/0*.pam | same - a.png
    pngtopam a.png | pamtopam >png.pam
    same <(raster png.pam) <(raster out.pam)
    framefuse -png -output=b "$FIXTURES"/rgb/0*.pam
    same a.png b
}

@test "what is wrong is told, and nothing is written" {
    mkdir out
    pam 20 20 3 255 1 2 3 >a.pam
    pam 21 20 3 255 1 2 3 >wide.pam
    pam 20 20 1 255 1 2 3 >gray.pam
    pam 20 20 3 65535 1 2 3 >deep.pam
    for other in wide gray deep; do
        fails_with 1 "frame $other .*all frames of a stream must be alike" framefuse -output=out/x.png a.pam $other.pam
        fails_with 1 "frame $other .*all frames of a stream must be alike" framefuse a.pam $other.pam
    done
    fails_with 1 'standard input is empty' framefuse -output=out/x.png
    head -c 700 a.pam >short.pam
    fails_with 1 'short.pam' framefuse -output=out/x.png a.pam short.pam
    cat a.pam short.pam >two.pam
    fails_with 1 'truncated: image 2' framefuse -output=out/x.png - <two.pam
    fails_with 1 '-sharpness=5: one of these words is needed: 4, 6, 8' framefuse -sharpness=5 a.pam
    fails_with 1 '-name has no effect on PNG' framefuse -png -name=x a.pam
    fails_with 1 '-name: the name is empty' framefuse -name= a.pam
    fails_with 1 'would replace the depth map' framefuse -output=out/x.png -depthmap=out/x.png a.pam
    fails_with 1 'would replace the depth map or its table, out/d.tsv' \
        framefuse -output=out/d.tsv -depthmap=out/d.png a.pam
    fails_with 1 'another ending' framefuse -depthmap=out/x.tsv a.pam
    fails_with 1 'out/absent/x.png' framefuse -output=out/absent/x.png a.pam
    is_empty out
}

@test "a size that cannot be had in memory is refused before anything is read" {
    printf 'P7\nWIDTH 400000\nHEIGHT 400000\nDEPTH 3\nMAXVAL 65535\nTUPLTYPE RGB\nENDHDR\n' >huge.pam
    fails_with 1 'takes [0-9.]+ GiB of memory, and this machine has [0-9.]+ GiB' framefuse - <huge.pam
}

# bats test_tags=all
@test "memory is under 45 bytes a pixel beside the frame, whatever the number of frames" {
    sanitized && skip "the sanitizers need memory of their own"
    makestack -kind=easy -width=1200 -height=800 -frames=3 three
    few=$(peak framefuse three/0*.pam)
    many=$(for _ in 1 2 3 4 5 6 7 8 9 10; do cat three/0*.pam; done | peak framefuse)
    echo "3 frames: $few KiB, 30 frames from a pipe: $many KiB"
    # 45 bytes and a frame of 3 bytes, and 8 MiB for the program.
    [ "$few" -le $((1200 * 800 * 48 / 1024 + 8192)) ]
    [ "$many" -le $((few + 1024)) ]
    # The most that can be wanted: opacity, in frames of 8 bytes a pixel, and the depth map.
    makestack -kind=bristle -width=1200 -height=800 -frames=2 -maxval=65535 deep
    all=$(peak framefuse -depthmap=depth.pam deep/0*.pam)
    echo "with opacity and the depth map: $all KiB"
    [ "$all" -le $((1200 * 800 * 53 / 1024 + 8192)) ]
}

@test "the manual's examples run" {
    mkdir src ready
    for i in 0 1 2; do
        pamtopng "$FIXTURES/bristle/000$i.pam" >src/$i.png
        pamtopng "$FIXTURES/bristle/000$i.pam" >ready/$i.png
    done
    pam 320 208 1 255 0 >hot.pam
    examples framefuse.1 >script
    [ "$(wc -l <script)" -ge 3 ]
    sh -eu script
    [ -s beetle.png ] && [ -s depth.png ]
}
