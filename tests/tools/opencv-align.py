#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: opencv-align.py sift|siftfull|ecc|eccchained similarity|homography REFERENCE OUTDIR FRAME...
#
# The peer of framealign that scripts/bench-align measures: registers frames with OpenCV, warps them
# (cubic, edges repeated) into OUTDIR as PPM, unless that is -, and prints a table as framealign
# -estimate does. sift: SIFT features at half resolution, ratio test, RANSAC; siftfull: at full
# resolution; ecc: the enhanced correlation coefficient, affine unless homography, at 256 and then
# at 2048 pixels; eccchained: the same to the neighbour that is nearer to the reference, which then
# must be one of the frames, and from there on by that one's transform, as focus-stack does.

import os
import sys

import cv2
import numpy as np


def gray(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image


def scaled(matrix, factor):
    """A matrix between images smaller by factor, as one between the full images."""
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
    if matrix is None or np.linalg.det(matrix[:2, :2]) < 0.25:
        return None  # all points on one place, which RANSAC accepts
    return scaled(matrix, factor)


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


def read(path):
    return cv2.imread(path, cv2.IMREAD_UNCHANGED)


def directly(method, model, reference_path, paths):
    """Path and matrix, or None, of each frame."""
    factor = 1 if method == "siftfull" else 2
    reference = read(reference_path)
    known = None if method == "ecc" else features(reference, factor)
    for path in paths:
        if os.path.samefile(path, reference_path):
            yield path, np.eye(3)
        elif method == "ecc":
            yield path, by_ecc(reference, read(path), model)
        else:
            yield path, by_sift(known, read(path), model, factor)


def chained(model, reference, before):
    """The same for the frames on one side of the reference, nearest first."""
    matrix = np.eye(3)
    for path in before:
        frame = read(path)
        link = None if matrix is None else by_ecc(reference, frame, model)
        matrix = None if link is None else link @ matrix
        yield path, matrix
        reference = frame


def main():
    method, model, reference_path, outdir, *paths = sys.argv[1:]
    cv2.setRNGSeed(1)
    cv2.setNumThreads(1)  # framealign has one thread too
    reference = read(reference_path)
    if method == "eccchained":
        middle = paths.index(reference_path)
        found = [*reversed([*chained(model, reference, paths[:middle][::-1])]),
                 (reference_path, np.eye(3)), *chained(model, reference, paths[middle + 1:])]
    else:
        found = directly(method, model, reference_path, paths)
    numbers = "\t".join(f"m{i}{j}" for i in "123" for j in "123")
    print(f"frame\t{numbers}\terror\tscatter\tshare\tncc")
    for path, matrix in found:
        name = os.path.splitext(os.path.basename(path))[0]
        if matrix is None:
            print(f"{name}\tfailed")
            continue
        if outdir != "-":
            size = reference.shape[1], reference.shape[0]
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            warped = cv2.warpPerspective(read(path), matrix, size, flags=flags,
                                         borderMode=cv2.BORDER_REPLICATE)
            cv2.imwrite(os.path.join(outdir, name + ".ppm"), warped)
        matrix = matrix / matrix[2, 2]
        print(name, *(f"{v:.12g}" for v in matrix.ravel()), 0, 0, 1, 1, sep="\t")


main()
