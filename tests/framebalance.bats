#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

make_fixtures() {
    pam 8 4 3 65535 $(seq 3000 311 32000) >scene16.pam
    pam 8 4 3 255 $(seq 12 7 128) 40 90 33 >scene.pam
    pam 8 4 1 255 $(seq 20 3 110) >gray.pam
    pam 4 2 3 255 0 >black.pam
    pam 4 2 3 255 255 >white.pam
}

# corrections OPTION... FRAME...: the table without its header.
corrections() {
    framebalance -quiet -corrections=table.tsv "$@" >balanced.pam && tail -n +2 table.tsv
}

# within TOLERANCE WANTED GOT: numbers or lists of them, side by side.
within() {
    awk -v tolerance="$1" -v wanted="$2" -v got="$3" 'BEGIN {
        n = split(wanted, w, /[,\t ]/)
        m = split(got, g, /[,\t ]/)
        bad = n != m || n == 0
        for (i = 1; i <= n; i++) {
            d = w[i] - g[i]
            bad += !(d <= tolerance && -d <= tolerance)
        }
        if (bad)
            print "wanted " wanted ", got " got
        exit bad > 0
    }'
}

# mean FILE: of all samples of a PAM.
mean() {
    samples "$1" | tr ' ' '\n' | awk '{ sum += $1 } END { printf "%.9f", sum / NR }'
}

# bend MAXVAL EXPRESSION FILE: the samples of FILE sent through an awk expression of v, rounded.
bend() {
    local maxval=$1 expression=$2 file=$3
    pam "$(header WIDTH "$file")" "$(header HEIGHT "$file")" "$(header DEPTH "$file")" "$maxval" \
        $(samples "$file" | tr ' ' '\n' | awk "{ v = \$1; print int($expression + 0.5) }")
}

# ---- contract ----

@test "a value that is wrong is refused before any frame is read" {
    for size in 0 -1 x '' nan; do
        fails_with 1 'masksize' framebalance -masksize="$size" absent.pam
    done
    for interval in 5 5,2 -3,9 1,2,3 a,b '' 3,-2; do
        fails_with 1 'interval' framebalance -interval="$interval" absent.pam
    done
    fails_with 1 'channel.*lumi, rgb, hsv, hls' framebalance -channel=lab absent.pam
    fails_with 1 'curve.*linear, gamma, match' framebalance -curve=log absent.pam
    fails_with 1 '^-name has no effect on files' framebalance -name=x "$FIXTURES/scene.pam"
}

@test "an interval beyond the maxval is refused" {
    fails_with 1 'interval=0,300.*255' framebalance -interval=0,300 "$FIXTURES/scene.pam"
    fails_with 1 'interval=256,-1.*255' framebalance -interval=256,-1 "$FIXTURES/scene.pam"
    framebalance -interval=0,30000 "$FIXTURES/scene16.pam" >ok.pam
}

@test "on standard input without -reference the first frame is the reference" {
    for curve in linear gamma match; do
        for frame in scene.pam dim.pam; do
            cp "$FIXTURES/scene.pam" scene.pam
            pamfunc -multiplier=0.8 scene.pam >dim.pam
        done
        framebalance -curve=$curve -corrections=wanted.tsv -reference=dim.pam dim.pam scene.pam >wanted
        cat dim.pam scene.pam | framebalance -curve=$curve -corrections=found.tsv >found
        # The frames' names apart: on standard input they are numbered.
        same <(sed 1d wanted.tsv | cut -f 2-) <(sed 1d found.tsv | cut -f 2-)
        same <(pamtopnm wanted) <(pamtopnm found)
    done
    [ "$(head -n 1 found.tsv)" = "$(head -n 1 wanted.tsv)" ]
    framebalance - <scene.pam >alone
    same <(raster alone) <(raster scene.pam)
}

@test "a reference of another maxval or colour depth, or of several images, is refused" {
    fails_with 1 'scene16.*65535.*255|scene.*255.*65535' \
        framebalance -reference="$FIXTURES/scene.pam" "$FIXTURES/scene16.pam"
    fails_with 1 'gray.*colour' framebalance -reference="$FIXTURES/scene.pam" "$FIXTURES/gray.pam"
    fails_with 1 'colour.*gray' framebalance -reference="$FIXTURES/gray.pam" "$FIXTURES/scene.pam"
    cat "$FIXTURES/scene.pam" "$FIXTURES/scene.pam" >two.pam
    fails_with 1 'two.pam.*several' framebalance -reference=two.pam "$FIXTURES/scene.pam"
}

@test "a frame without a correction is refused by name, with the mask and the interval" {
    fails_with 1 'black.*factor' framebalance -reference="$FIXTURES/scene.pam" "$FIXTURES/black.pam"
    fails_with 1 'factor' framebalance -reference="$FIXTURES/black.pam" "$FIXTURES/scene.pam"
    for frame in black white; do
        fails_with 1 "$frame.*masksize=0.9.*values 3 to" framebalance -curve=gamma \
            -masksize=0.9 -interval=3,-1 -reference="$FIXTURES/scene.pam" "$FIXTURES/$frame.pam"
    done
    fails_with 1 'black.*no pixel.*values 250 to 255' framebalance -interval=250,255 \
        -reference="$FIXTURES/scene.pam" "$FIXTURES/black.pam"
}

@test "a circle that holds no pixel is an error" {
    pam 3 3 1 255 50 >odd.pam
    pam 3 3 1 255 51 >other.pam
    fails_with 1 'other.*no pixel.*masksize=0.1' framebalance -masksize=0.1 -reference=odd.pam other.pam
}

@test "a failed run leaves neither files nor a stream that passes for complete" {
    fails_with 1 'frame black: ' framebalance -reference="$FIXTURES/scene.pam" -corrections=t.tsv \
        "$FIXTURES/black.pam"
    is_empty .
    pam 8 4 3 255 0 >black.pam
    status=0
    framebalance -reference="$FIXTURES/scene.pam" "$FIXTURES/scene.pam" black.pam >some.pam ||
        status=$?
    [ "$status" -eq 1 ]
    fails_with 1 'some.pam: EOF' framebalance -reference="$FIXTURES/scene.pam" -outdir=out some.pam
}

# ---- oracles ----

# bats test_tags=all
@test "linear corrections of real photographs are those of another implementation" {
    shared frames/flies
    for photograph in "$shared"/*.jpg; do
        name=${photograph##*/}
        jpegtopnm -quiet "$photograph" >"${name%.jpg}.ppm"
    done
    shared oracle/balance.tsv
    for channel in lumi rgb hsv hls; do
        case $channel in
        lumi | rgb) tolerance=2e-4 ;;
        *) tolerance=1e-2 ;;
        esac
        for mask in "" "-masksize=0.9 -interval=10,245"; do
            size=${mask:+0.9}
            # shellcheck disable=SC2086
            corrections -reference=0003.ppm -channel=$channel $mask 000?.ppm | tr '\t' ' ' >got
            awk -F '\t' -v channel=$channel -v size="${size:-0}" \
                '$1 == channel && $3 == size { print $6 }' "$shared" | tr ',' ' ' >wanted
            [ "$(wc -l <wanted)" -eq 6 ]
            within $tolerance "$(paste -sd ' ' wanted)" "$(cut -d ' ' -f 2- got | paste -sd ' ')"
        done
    done
}

@test "a frame multiplied by a known factor comes back" {
    pamfunc -multiplier=0.8 "$FIXTURES/scene16.pam" >dim.pam
    for channel in lumi rgb hsv hls; do
        corrections -reference="$FIXTURES/scene16.pam" -channel=$channel dim.pam >got
        case $channel in
        lumi) wanted='1.25' ;;
        rgb) wanted='1.25 1.25 1.25' ;;
        hsv) wanted='1 1.25' ;;
        hls) wanted='1.25 1' ;;
        esac
        within 0.0025 "$wanted" "$(cut -f 2- got | tr '\t' ' ')"
        within "$(awk -v m="$(mean "$FIXTURES/scene16.pam")" 'BEGIN { print m * 0.0005 }')" \
            "$(mean "$FIXTURES/scene16.pam")" "$(mean balanced.pam)"
    done
}

@test "a frame bent by a known gamma comes back" {
    bend 65535 '65535 * (v / 65535) ^ 1.25' "$FIXTURES/scene16.pam" >bent.pam
    corrections -reference="$FIXTURES/scene16.pam" -channel=rgb -curve=gamma bent.pam >got
    within 0.0025 '1.25 1.25 1.25' "$(cut -f 2- got | tr '\t' ' ')"
    within "$(awk -v m="$(mean "$FIXTURES/scene16.pam")" 'BEGIN { print m * 0.0005 }')" \
        "$(mean "$FIXTURES/scene16.pam")" "$(mean balanced.pam)"
}

@test "samples of 0 stay, and count in the mean that a gamma curve is to meet" {
    # Half of the samples are 0: the others have to become 128 for a mean of 64.
    pam 4 1 1 255 0 100 >frame.pam
    pam 1 1 1 255 64 >reference.pam
    framebalance -curve=gamma -reference=reference.pam frame.pam >balanced.pam
    [ "$(samples balanced.pam)" = '0 128 0 128' ]
}

@test "the mean of the gamma curve over luma meets the reference's within 1e-6 of full scale" {
    bend 65535 'v * 0.6 + 900' "$FIXTURES/scene16.pam" >other.pam
    corrections -reference="$FIXTURES/scene16.pam" -curve=gamma other.pam >got
    gamma=$(cut -f 2 got)
    luma() {
        samples "$1" | tr ' ' '\n' | paste - - - |
            awk -v g="$2" '{ v = int(0.299 * $1 + 0.587 * $2 + 0.114 * $3 + 0.5)
                             sum += (v / 65535) ^ (1 / g) } END { printf "%.9f", sum / NR }'
    }
    within 3e-6 "$(luma "$FIXTURES/scene16.pam" 1)" "$(luma other.pam "$gamma")"
}

@test "a pixel takes the lightness or value, and the saturation, of a reference of its hue" {
    # light to lighter, light to dark, dark to darker, dark to light; green lies between the others
    while read -r frame reference; do
        pam 2 2 3 255 ${frame//,/ } >frame.pam
        pam 1 1 3 255 ${reference//,/ } >reference.pam
        for channel in hls hsv; do
            framebalance -quiet -channel=$channel -reference=reference.pam frame.pam >balanced.pam
            echo "$channel: $frame to $reference"
            diff <(samples balanced.pam) <(for _ in 1 2 3 4; do echo ${reference//,/ }; done | paste -sd ' ')
        done
    done <<'END'
150,170,190 200,210,220
150,170,190 20,40,60
40,60,80 20,25,30
60,80,100 200,210,220
END
}

@test "the interval is inclusive and tested on each channel's own value" {
    pam 4 1 3 255 10 50 200 20 60 210 30 70 220 250 80 5 >frame.pam
    pam 4 1 3 255 20 50 200 40 60 210 60 70 220 250 80 5 >reference.pam
    # red counts 20 and 30 against 20, 40 and 60; green all; blue 200, 210 and 220
    corrections -channel=rgb -interval=20,220 -reference=reference.pam frame.pam >got
    within 1e-8 '1.6 1 1' "$(cut -f 2- got | tr '\t' ' ')"
}

@test "an interval between two values holds what lies within it, not its neighbours" {
    pam 4 1 1 255 20 21 219 220 >frame.pam
    pam 4 1 1 255 20 33 219 220 >reference.pam
    corrections -interval=20.5,219.5 -reference=reference.pam frame.pam >got
    within 1e-8 1.05 "$(cut -f 2 got)"
}

@test "only pixels in the circle count" {
    pam 5 4 1 255 90 90 10 90 90  90 10 10 10 90  10 10 10 10 10  90 10 10 10 90 >frame.pam
    pam 5 4 1 255 20 >reference.pam
    # (x - 2.5)^2 + (y - 2)^2 <= 4: rows 1 and 3 columns 1 to 4, row 2 columns 1 to 4, row 0 none
    corrections -masksize=1 -reference=reference.pam frame.pam >got
    within 1e-8 "$(awk 'BEGIN { printf "%.9f", 20 / ((3 * 10 + 90 + 3 * 10 + 90 + 4 * 10) / 12) }')" "$(cut -f 2 got)"
}

@test "a pixel just on the circle counts" {
    # of the 11 pixels within 2 of (2, 2) in a 4x4 frame two are at 2 exactly: (0, 2) and (2, 0)
    pam 4 4 1 255 10 10 90 10  10 10 10 10  90 10 10 10  10 10 10 10 >frame.pam
    pam 4 4 1 255 27 >reference.pam
    corrections -masksize=1 -reference=reference.pam frame.pam >got
    within 1e-6 1.1 "$(cut -f 2 got)"
}

@test "a linear factor scales every sample, rounded half up" {
    pam 256 1 1 255 $(seq 0 255) >ramp.pam
    pam 1 1 1 255 85 >half.pam
    pam 1 1 1 255 34 >reference.pam
    # the mean of a frame of 85 alone gives 0.4; the ramp's own mean is 127.5
    corrections -reference=reference.pam half.pam >got
    within 1e-8 0.4 "$(cut -f 2 got)"
    framebalance -quiet -reference=reference.pam ramp.pam >balanced.pam
    wanted=$(seq 0 255 | awk '{ print int($1 * 34 / 127.5 + 0.5) }' | paste -sd ' ')
    diff <(samples balanced.pam) <(echo "$wanted")
}

@test "what a factor sends beyond the maxval is clipped" {
    pam 4 1 1 255 10 20 30 200 >frame.pam
    pam 1 1 1 255 130 >reference.pam
    framebalance -quiet -reference=reference.pam frame.pam >balanced.pam
    [ "$(samples balanced.pam)" = '20 40 60 255' ]
}

# ---- properties ----

# bats test_tags=all
@test "the reference comes out bit for bit with a correction of 1, whatever the channel and curve" {
    for frame in scene.pam scene16.pam; do
        for channel in lumi rgb hsv hls; do
            for curve in linear gamma match; do
                corrections -channel=$channel -curve=$curve -reference="$FIXTURES/$frame" \
                    "$FIXTURES/$frame" >got
                [ "$(cut -f 2- got | tr '\t' '\n' | sort -u)" = 1 ]
                [ "$(samples balanced.pam)" = "$(samples "$FIXTURES/$frame")" ]
            done
        done
    done
}

# bats test_tags=all
@test "a frame that equals the reference is unchanged where nothing counts, and no other frame is" {
    pam 4 3 3 255 10 20 30 40 50 60 >a.pam
    pam 4 3 3 255 10 20 30 40 50 61 >b.pam
    pam 4 3 4 255 10 20 30 0 40 50 60 0 >clear.pam
    pam 4 3 4 255 10 20 30 0 40 50 61 0 >clear2.pam
    for channel in lumi rgb hsv hls; do
        for curve in linear gamma; do
            for options in -interval=200,255 -masksize=0.01; do
                options="$options -channel=$channel -curve=$curve"
                # shellcheck disable=SC2086
                {
                    corrections $options -reference=a.pam a.pam >got
                    [ "$(cut -f 2- got | tr '\t' '\n' | sort -u)" = 1 ]
                    [ "$(samples balanced.pam)" = "$(samples a.pam)" ]
                    framebalance $options <a.pam >out.pam
                    [ "$(samples out.pam)" = "$(samples a.pam)" ]
                    fails_with 1 'frame b: no pixel' framebalance $options -reference=a.pam b.pam
                }
            done
            corrections -channel=$channel -curve=$curve -reference=clear.pam clear.pam >got
            [ "$(cut -f 2- got | tr '\t' '\n' | sort -u)" = 1 ]
            [ "$(samples balanced.pam)" = "$(samples clear.pam)" ]
            fails_with 1 'frame clear2: no pixel' framebalance -channel=$channel -curve=$curve -reference=clear.pam clear2.pam
        done
    done
    corrections -curve=match -reference=clear.pam clear.pam >got
    [ "$(samples balanced.pam)" = "$(samples clear.pam)" ]
}

@test "a channel that is 0 throughout frame and reference keeps its values under every curve" {
    pam 4 2 3 255 40 70 0 90 20 0 >green.pam
    pam 4 2 3 255 20 35 0 45 10 0 >dark.pam
    pam 4 2 3 255 90 90 90 30 30 30 >neutral.pam
    pam 4 2 3 255 60 60 60 20 20 20 >dim.pam
    for curve in linear gamma match; do
        corrections -channel=rgb -curve=$curve -reference=green.pam dark.pam >got
        [ "$(cut -f 4 got)" = 1 ]
        [ "$(samples balanced.pam | awk '{ print $3 + $6 }')" = 0 ]
        for channel in hsv hls; do
            corrections -channel=$channel -curve=$curve -reference=neutral.pam dim.pam >got
            tr '\t' '\n' <got | grep -qx 1
            samples balanced.pam | awk '{ exit !($1 == $2 && $2 == $3 && $1 > $4) }'
        done
        for shade in 0 255; do
            pam 3 3 1 255 $shade >flat.pam
            corrections -curve=$curve -reference=flat.pam flat.pam >got
            [ "$(cut -f 2 got)" = 1 ]
            [ "$(samples balanced.pam | tr ' ' '\n' | sort -u)" = $shade ]
        done
    done
}

@test "match needs no factor" {
    pam 4 1 1 255 0 >black.pam
    pam 4 1 1 255 7 >gray.pam
    framebalance -curve=match -reference=gray.pam black.pam >balanced.pam
    [ "$(samples balanced.pam)" = "7 7 7 7" ]
    framebalance -curve=match -reference=black.pam gray.pam >balanced.pam
    [ "$(samples balanced.pam)" = "0 0 0 0" ]
}

@test "what is near the middle of two values is rounded the right way at 16 bits" {
    pam 256 256 1 65535 $(seq 0 65535) >ramp.pam # its mean is 32767.5
    for wanted in 20000 32001; do
        pam 1 1 1 65535 $wanted >reference.pam
        framebalance -quiet -reference=reference.pam ramp.pam >balanced.pam
        seq 0 65535 | awk -v wanted=$wanted '{
            twice = 4 * $1 * wanted + 65535
            print (twice - twice % 131070) / 131070
        }' >right
        samples balanced.pam | tr ' ' '\n' | cmp - right
    done
}

@test "balancing twice changes nothing more than rounding" {
    bend 65535 'v * 0.7' "$FIXTURES/scene16.pam" >dim.pam
    for channel in lumi rgb hsv hls; do
        corrections -channel=$channel -reference="$FIXTURES/scene16.pam" dim.pam >/dev/null
        mv balanced.pam once.pam
        corrections -channel=$channel -reference="$FIXTURES/scene16.pam" once.pam >got
        ones=$(cut -f 2- got | sed 's/[0-9.e-]\{1,\}/1/g' | tr '\t' ' ')
        within 1e-4 "$ones" "$(cut -f 2- got | tr '\t' ' ')"
    done
}

@test "the middle frame is the reference where none is named" {
    for gain in 1 2 3 4; do
        pam 4 2 1 255 $((10 * gain)) $((12 * gain)) >g$gain.pam
    done
    corrections g1.pam g2.pam g3.pam g4.pam >got
    within 1e-6 '3 1.5 1 0.75' "$(cut -f 2 got | paste -sd ' ')"
    cat g1.pam g2.pam g3.pam g4.pam >all.pam
    corrections all.pam >again
    [ "$(cut -f 2 got)" = "$(cut -f 2 again)" ]
    # images are counted, not files, whatever their format: the third of five
    for gain in 1 2 3 4; do
        pamtopng g$gain.pam >g$gain.png
    done
    cat g3.png g2.png g1.png >three.png
    pamtopnm g4.pam | pnmtoplainpnm | cat - <(pamtopnm g4.pam) >two.pgm
    corrections three.png two.pgm >got
    within 1e-6 '0.333333333 0.5 1 0.25 0.25' "$(cut -f 2 got | paste -sd ' ')"
    corrections two.pgm three.png >got
    within 1e-6 '0.75 0.75 1 1.5 3' "$(cut -f 2 got | paste -sd ' ')"
}

@test "a frame that is cut off is found while the middle one is looked for" {
    pam 40 20 1 255 $(seq 1 200) >a.pam
    pamtopng a.pam >b.png
    truncate -s -40 b.png
    head -c 700 a.pam >c.pam
    for file in b.png c.pam; do
        fails_with 1 "$file.*(cut off|truncated)" framebalance -outdir=out a.pam a.pam $file
        [ -z "$(ls out)" ]
    done
}

@test "the reference may have another size" {
    pam 3 7 3 255 60 >large.pam
    pam 4 2 3 255 30 >small.pam
    corrections -reference=large.pam small.pam >got
    within 1e-8 2 "$(cut -f 2 got)"
}

@test "match brings histograms as near as a curve that never falls can" {
    shared frames/flies
    for i in 1 3; do
        jpegtopnm -quiet "$shared/000$i.jpg" | pamcut -width 500 -height 400 >$i.ppm
    done
    framebalance -quiet -channel=rgb -curve=match -reference=3.ppm 1.ppm >matched.pam
    for color in 0 1 2; do
        for file in 1.ppm 3.ppm matched.pam; do
            pamchannel -infile="$file" $color 2>/dev/null | pamtopnm -assume |
                pgmhist -machine >"hist-$file"
        done
        # both distances of cumulative shares: of the result, and the least that any choice of the
        # frame's own cumulative shares can have at each value
        awk '{ n[FILENAME, $1] += $2; total[FILENAME] += $2 }
            END {
                for (v = -1; v < 256; v++) {
                    for (f in total)
                        c[f] += n[f, v]
                    frame[v] = c["hist-1.ppm"] / total["hist-1.ppm"]
                    wanted[v] = c["hist-3.ppm"] / total["hist-3.ppm"]
                    d = c["hist-matched.pam"] / total["hist-matched.pam"] - wanted[v]
                    reached = d > reached ? d : -d > reached ? -d : reached
                }
                for (v = 0; v < 256; v++) {
                    least = 1
                    for (u = -1; u < 256; u++) {
                        d = frame[u] - wanted[v]
                        d = d < 0 ? -d : d
                        least = d < least ? d : least
                    }
                    bound = least > bound ? least : bound
                }
                print reached, bound
                exit !(bound > 0 && reached <= bound + 0.002)
            }' hist-1.ppm hist-3.ppm hist-matched.pam
    done
}

@test "match never lets a darker value become the lighter one" {
    pam 256 1 1 255 $(seq 0 255) >ramp.pam
    pam 6 1 1 255 3 3 200 40 90 41 >reference.pam
    framebalance -quiet -curve=match -reference=reference.pam ramp.pam >matched.pam
    [ "$(samples matched.pam)" = "$(samples matched.pam | tr ' ' '\n' | sort -n | paste -sd ' ')" ]
}

@test "hsv and hls keep the hue of 16-bit pixels" {
    pam 40 1 3 65535 $(seq 900 1777 40000) $(seq 30000 -2111 100) 5000 >scene.pam
    bend 65535 'v * 0.55 + (v % 97) * 9' scene.pam >other.pam
    for channel in hsv hls; do
        for curve in linear gamma; do
            framebalance -quiet -channel=$channel -curve=$curve \
                -reference=scene.pam other.pam >balanced.pam
            paste <(samples other.pam | tr ' ' '\n' | paste - - -) \
                <(samples balanced.pam | tr ' ' '\n' | paste - - -) | awk '
                function hue(r, g, b,    most, least) {
                    most = r > g ? r : g; most = b > most ? b : most
                    least = r < g ? r : g; least = b < least ? b : least
                    chroma = most - least; top = most
                    if (chroma == 0) return 0
                    if (most == r) return 60 * (g - b) / chroma
                    if (most == g) return 120 + 60 * (b - r) / chroma
                    return 240 + 60 * (r - g) / chroma
                }
                {
                    before = hue($1, $2, $3); c = chroma
                    after = hue($4, $5, $6)
                    if (c < 1200 || chroma < 1200 || top == 65535) next
                    seen++
                    d = before - after; d = d < 0 ? -d : d; d = d > 180 ? 360 - d : d
                    worst = d > worst ? d : worst
                }
                END { print seen, worst; exit !(seen >= 10 && worst < 0.1) }'
        done
    done
}

@test "opacity passes through, and fully transparent pixels count nowhere" {
    pam 2 2 4 255 40 50 60 255  0 0 0 0  40 50 60 128  255 255 255 0 >frame.pam
    pam 2 2 3 255 80 100 120 >reference.pam
    corrections -channel=rgb -reference=reference.pam frame.pam >got
    within 1e-8 '2 2 2' "$(cut -f 2- got | tr '\t' ' ')"
    [ "$(samples balanced.pam | tr ' ' '\n' | awk 'NR % 4 == 0' | paste -sd ' ')" = '255 0 128 0' ]
    [ "$(samples balanced.pam | cut -d ' ' -f 1-3)" = '80 100 120' ]
}

@test "gray frames of any depth and maxval are balanced, whatever the channel" {
    for maxval in 1 15 255 4095 65535; do
        pam 3 3 1 $maxval 0 1 1 >frame.pam
        framebalance -channel=hls -reference=frame.pam frame.pam >balanced.pam
        [ "$(samples balanced.pam)" = '0 1 1 0 1 1 0 1 1' ]
        [ "$(header MAXVAL balanced.pam)" = $maxval ]
    done
    pam 3 1 2 255 10 255 20 255 90 0 >alpha.pam
    pam 3 1 1 255 30 >reference.pam
    framebalance -reference=reference.pam alpha.pam >balanced.pam
    [ "$(samples balanced.pam | cut -d ' ' -f 1-4)" = '20 255 40 255' ]
}

@test "frames of an odd number of bytes are balanced to the last sample" {
    pam 3 3 1 255 10 20 30 10 20 30 10 20 30 >frame.pam
    pam 1 1 1 255 40 >reference.pam
    framebalance -reference=reference.pam frame.pam >balanced.pam
    [ "$(samples balanced.pam)" = '20 40 60 20 40 60 20 40 60' ]
    pam 1 3 3 255 10 20 30 >rgb.pam
    pam 1 1 3 255 20 40 60 >reference.pam
    framebalance -reference=reference.pam -channel=rgb rgb.pam >balanced.pam
    [ "$(samples balanced.pam)" = '20 40 60 20 40 60 20 40 60' ]
    # Another factor for each colour: 2, 3 and a half.
    pam 3 1 3 255 10 20 30 >rgb.pam
    pam 1 1 3 255 20 60 15 >reference.pam
    framebalance -reference=reference.pam -channel=rgb rgb.pam >balanced.pam
    [ "$(samples balanced.pam)" = '20 60 15 20 60 15 20 60 15' ]
}

@test "frames of many strips, and of rows longer than one, are changed in every row" {
    for size in '301 301' '601 401' '70001 3'; do
        set -- $size
        for kind in gray rgb; do
            for maxval in 255 65535; do
                pgmramp -maxval=$((maxval / 2)) -ellipse $1 $2 | pamdepth -quiet $maxval |
                    pamfunc -multiplier=0.5 >ramp.pgm
                [ $kind = gray ] && pgmtopgm <ramp.pgm >frame.pnm || pgmtoppm rgb:ff/80/40 ramp.pgm >frame.pnm
                pamfunc -multiplier=2 frame.pnm | pamtopam >twice.pam
                for channel in lumi rgb; do
                    framebalance -channel=$channel -reference=twice.pam frame.pnm >balanced.pam
                    same <(raster balanced.pam) <(raster twice.pam)
                done
            done
        done
    done
}

@test "the mean is of every pixel, the last few of a row too, and exact over millions" {
    pam 50 1 1 255 $(yes 100 | head -n 48) 50 50 >frame.pam
    pam 1 1 1 255 49 >reference.pam
    corrections -reference=reference.pam frame.pam >got
    within 1e-8 0.5 "$(cut -f 2 got)"
    pam 17 1 3 255 $(yes 100 80 60 | tr ' ' '\n' | head -n 48) 49 148 230 >frame.pam
    pam 1 1 3 255 97 21 140 >reference.pam
    corrections -channel=rgb -reference=reference.pam frame.pam >got
    within 1e-8 '1 0.25 2' "$(cut -f 2- got | tr '\t' ' ')"
    pgmmake -maxval=65535 0.995 4000000 1 >frame.pgm
    pgmmake -maxval=65535 0.995 1 1 >reference.pgm
    corrections -reference=reference.pgm frame.pgm >got
    [ "$(cut -f 2 got)" = 1 ]
    # L in steps of half a sample value: 131066 and 131070
    ppmmake -maxval=65535 rgb:ffff/ffff/fffb 4000000 1 >frame.ppm
    ppmmake -maxval=65535 rgb:fffe/fffe/fffd 1 1 >reference.ppm
    corrections -channel=hls -reference=reference.ppm frame.ppm >got
    within 1e-8 "$(awk 'BEGIN { printf "%.9f", 131067 / 131066 }')" "$(cut -f 2 got)"
}

@test "each frame's correction is its own, whichever others are in the stream" {
    bend 65535 'v * 0.5' "$FIXTURES/scene16.pam" >a.pam
    bend 65535 'v * 0.9' "$FIXTURES/scene16.pam" >b.pam
    framebalance -reference="$FIXTURES/scene16.pam" a.pam b.pam -outdir=together
    framebalance -reference="$FIXTURES/scene16.pam" -outdir=alone b.pam
    same together/b.pam alone/b.pam
}

@test "names of frames stay one field of the table, and -outdir and PNG keep the frames" {
    name=$'a\tb\nc\\d'
    cp "$FIXTURES/scene.pam" "$name.pam"
    corrections -reference="$FIXTURES/scene.pam" "$name.pam" >got
    [ "$(cut -f 1 got)" = 'a\tb\nc\\d' ]
    framebalance -reference="$FIXTURES/scene.pam" -png -outdir=out "$name.pam"
    pngtopam "out/$name.png" | pamtopam >back.pam
    [ "$(samples back.pam)" = "$(samples "$FIXTURES/scene.pam")" ]
}

@test "the memory is the same for 5 and for 200 frames through noisemask" {
    pam 400 300 3 255 10 20 30 90 >frame.pam
    pam 400 300 1 255 0 >mask.pam
    frames() {
        for _ in $(seq "$1"); do cat frame.pam; done
    }
    frames 5 >five.pam
    noisemask -mask=mask.pam -maxpixels=0 five.pam >stream.pam
    few=$(peak framebalance -reference=frame.pam stream.pam)
    frames 200 | noisemask -mask=mask.pam >stream.pam
    many=$(peak framebalance -reference=frame.pam stream.pam)
    echo "$few $many KiB"
    [ "$many" -le $((few + few / 10 + 1000)) ]
}

@test "the examples of the manual run" {
    mkdir src
    for i in 1 2 3; do
        bend 65535 "v * 0.$((4 + i))" "$FIXTURES/scene16.pam" | pamtopng >src/$i.png
    done
    sed 's/10,245/10,60000/' <(examples framebalance.1) >script
    [ "$(wc -l <script)" -eq 3 ]
    sh -e script
    [ "$(ls even)" = "$(printf '%s\n' 1.png 2.png 3.png)" ]
    [ "$(wc -l <gamma.tsv)" -eq 4 ]
}
