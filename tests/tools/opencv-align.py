#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: opencv-align.py sift|siftfull|ecc similarity|homography REFERENCE OUTDIR FRAME...
#
# The peer of framealign that scripts/bench-align measures: registers frames with OpenCV, warps them
# (cubic, edges repeated) into OUTDIR as PPM, and prints the table that framealign -estimate prints.
# sift: SIFT features at half resolution, ratio test, RANSAC; siftfull: at full resolution; ecc: the
# enhanced correlation coefficient, at 256 and then at 2048 pixels.

import os
import sys

import cv2
import numpy as np


def gray(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image


def scaled(matrix, factor):
    """The matrix between images that are smaller by factor, as one between the full ones."""
    up = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
    return up @ matrix @ np.linalg.inv(up)


def features(image, factor):
    small = gray(image)
    if small.dtype != np.uint8:
        small = (small / 257).astype(np.uint8)
    if factor > 1:
        small = cv2.resize(small, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return cv2.SIFT_create().detectAndCompute(small, None)


def by_sift(known, frame, model, factor):
    (key_a, about_a), (key_b, about_b) = known, features(frame, factor)
    matcher = cv2.FlannBasedMatcher({"algorithm": 1, "trees": 5}, {"checks": 50})
    good = [p[0] for p in matcher.knnMatch(about_a, about_b, k=2)
            if len(p) == 2 and p[0].distance < 0.75 * p[1].distance]
    if len(good) < 10:
        return None
    a = np.float32([key_a[m.queryIdx].pt for m in good])
    b = np.float32([key_b[m.trainIdx].pt for m in good])
    if model == "homography":
        matrix, _ = cv2.findHomography(a, b, cv2.RANSAC, 2.0)
    else:
        matrix, _ = cv2.estimateAffinePartial2D(a, b, ransacReprojThreshold=2.0)
        matrix = None if matrix is None else np.vstack([matrix, [0, 0, 1]])
    return None if matrix is None else scaled(matrix, factor)


def by_ecc(reference, frame, model):
    matrix = np.eye(3)
    homography = model == "homography"
    for side in 256, 2048:
        factor = max(1.0, max(frame.shape[:2]) / side)
        small = [cv2.resize(gray(i), None, fx=1 / factor, fy=1 / factor,
                            interpolation=cv2.INTER_AREA).astype(np.float32)
                 for i in (reference, frame)]
        start = scaled(matrix, 1 / factor).astype(np.float32)
        try:
            _, found = cv2.findTransformECC(
                small[0], small[1], start if homography else start[:2],
                cv2.MOTION_HOMOGRAPHY if homography else cv2.MOTION_AFFINE,
                (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-3), None, 5)
        except cv2.error:
            return None
        found = found.astype(float)
        matrix = scaled(found if homography else np.vstack([found, [0, 0, 1]]), factor)
    return matrix


def main():
    method, model, reference_path, outdir, *paths = sys.argv[1:]
    cv2.setRNGSeed(1)
    cv2.setNumThreads(1)  # framealign has one thread too
    reference = cv2.imread(reference_path, cv2.IMREAD_UNCHANGED)
    factor = 1 if method == "siftfull" else 2
    known = None if method == "ecc" else features(reference, factor)
    numbers = "\t".join(f"m{i}{j}" for i in "123" for j in "123")
    print(f"frame\t{numbers}\terror\tshare\tncc")
    for path in paths:
        name = os.path.splitext(os.path.basename(path))[0]
        frame = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        if method == "ecc":
            matrix = by_ecc(reference, frame, model)
        else:
            matrix = by_sift(known, frame, model, factor)
        if matrix is None:
            print(f"{name}\tfailed")
            continue
        size = reference.shape[1], reference.shape[0]
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        warped = cv2.warpPerspective(frame, matrix, size, flags=flags,
                                     borderMode=cv2.BORDER_REPLICATE)
        cv2.imwrite(os.path.join(outdir, name + ".ppm"), warped)
        matrix = matrix / matrix[2, 2]
        print(name, *(f"{v:.12g}" for v in matrix.ravel()), 0, 1, 1, sep="\t")


main()
