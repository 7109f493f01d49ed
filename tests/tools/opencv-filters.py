#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: opencv-filters.py detect FRAME...
       opencv-filters.py mosaic FRAME...
       opencv-filters.py mask MASK FRAME...
       opencv-filters.py balance CHANNEL REFERENCE FRAME...

The work of noisedetect, noisemask and framebalance done with OpenCV, as one would write it in
Python. scripts/bench compares the times. Reads PAM of RGB; mask and balance write PAM to standard
output. The rasters are read by numpy, which is faster than OpenCV's own reader.
"""

import sys

import cv2
import numpy as np


def read(path):
    """The samples of a PAM file, height by width by planes, and its maxval."""
    fields = {}
    with open(path, "rb") as file:
        for line in iter(file.readline, b"ENDHDR\n"):
            words = line.split()
            if len(words) == 2:
                fields[words[0]] = words[1]
        width, height, depth, maxval = (
            int(fields[key]) for key in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        )
        image = np.fromfile(file, np.uint8 if maxval < 256 else ">u2", width * height * depth)
    if maxval > 255:
        image = image.astype(np.uint16)
    return image.reshape(height, width, depth), maxval


def write(image, maxval):
    height, width, depth = image.shape
    sys.stdout.buffer.write(
        b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE RGB\nENDHDR\n"
        % (width, height, depth, maxval)
    )
    sys.stdout.buffer.write((image if maxval < 256 else image.astype(">u2")).data)


def detect(*frames):
    total = None
    for path in frames:
        image, maxval = read(path)
        if total is None:
            total = np.zeros(image.shape, np.float32)
        cv2.accumulate(image, total)
    mean = np.floor(total / len(frames))
    difference = cv2.absdiff(mean, cv2.GaussianBlur(mean, (5, 5), 0))
    _, noisy = cv2.threshold(difference, 13 * maxval / 255, 255, cv2.THRESH_BINARY)
    print(np.count_nonzero(noisy.max(axis=2)))


def mosaic(*frames):
    """Of PGM files of 16 bits: how many samples persistently stand out from their medians."""
    total = squares = None
    for path in frames:
        with open(path, "rb") as file:
            fields = []
            while len(fields) < 4:
                line = file.readline()
                fields += [] if line.startswith(b"#") else line.split()
            width, height = int(fields[1]), int(fields[2])
            image = np.fromfile(file, ">u2", width * height).astype(np.uint16)
        image = image.reshape(height, width)
        difference = image.astype(np.float32) - cv2.medianBlur(image, 5)
        if total is None:
            total, squares = np.zeros_like(difference), np.zeros_like(difference)
        cv2.accumulate(difference, total)
        cv2.accumulateSquare(difference, squares)
    mean = total / len(frames)
    deviation = np.sqrt(np.maximum(squares / len(frames) - mean * mean, 0))
    print(np.count_nonzero(np.abs(mean) - deviation > 500))


def mask(path, *frames):
    """Each noisy pixel becomes the mean of the good ones of its 3x3 window."""
    noisy = read(path)[0][:, :, 0] > 0
    places = np.argwhere(noisy)
    for name in frames:
        image, maxval = read(name)
        repaired = image.copy()
        for y, x in places:
            window = (slice(max(y - 1, 0), y + 2), slice(max(x - 1, 0), x + 2))
            good = image[window][~noisy[window]]
            if len(good):
                repaired[y, x] = good.mean(axis=0) + 0.5
        write(repaired, maxval)


def channels(image, channel):
    """The planes that the curves are made from and applied to, and the way back."""
    if channel == "rgb":
        return image, lambda planes: planes
    to, back = {
        "hsv": (cv2.COLOR_RGB2HSV, cv2.COLOR_HSV2RGB),
        "hls": (cv2.COLOR_RGB2HLS, cv2.COLOR_HLS2RGB),
    }[channel]
    return cv2.cvtColor(image, to), lambda planes: cv2.cvtColor(planes, back)


def means(image, channel):
    if channel == "lumi":
        return [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean()]
    planes = channels(image, channel)[0]
    return cv2.mean(planes)[:3]


def balance(channel, reference, *frames):
    target = means(read(reference)[0], channel)
    for path in frames:
        image, maxval = read(path)
        factors = [t / m for t, m in zip(target, means(image, channel))]
        if channel in ("hsv", "hls"):
            factors[0] = 1
        scale = np.arange(maxval + 1)
        curves = [np.clip(scale * f + 0.5, 0, maxval).astype(image.dtype) for f in factors]
        planes, back = (image, lambda p: p) if channel == "lumi" else channels(image, channel)
        if maxval < 256:
            table = curves[0] if len(curves) == 1 else np.stack(curves, axis=1)[:, None, :]
            planes = cv2.LUT(planes, table)
        else:
            planes = np.dstack([curves[i % len(curves)][planes[:, :, i]] for i in range(3)])
        write(back(planes), maxval)


if __name__ == "__main__":
    {"detect": detect, "mosaic": mosaic, "mask": mask, "balance": balance}[sys.argv[1]](
        *sys.argv[2:]
    )
