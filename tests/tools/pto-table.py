#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: pto-table.py PROJECT REFERENCE WIDTH HEIGHT NAME...
#
# The transforms of a project file of align_image_stack, as a table like framealign -estimate's:
# from the pixels of the frame called REFERENCE to those of each frame NAME, all WIDTH x HEIGHT. An
# image of the project is called by its file's base name without the ending. A camera that turns
# maps by a homography; it is fitted to where pano_trafo takes a grid of points.

import os
import re
import subprocess
import sys

import cv2
import numpy as np


def pano_trafo(points, *arguments):
    text = "".join(f"{x:.6f} {y:.6f}\n" for x, y in points)
    run = subprocess.run(["pano_trafo", *arguments], input=text, capture_output=True, text=True,
                         check=True)
    return np.array([line.split()[:2] for line in run.stdout.splitlines() if line], float)


def main():
    project, reference, width, height, *wanted = sys.argv[1:]
    with open(project, encoding="utf-8") as file:
        names = [os.path.splitext(os.path.basename(found.group(1)))[0]
                 for found in (re.search(r'^i .*n"(.*)"', line) for line in file) if found]
    x, y = np.meshgrid(np.linspace(0, int(width) - 1, 9), np.linspace(0, int(height) - 1, 9))
    points = np.stack([x.ravel(), y.ravel()], 1)
    panorama = pano_trafo(points, project, str(names.index(reference)))
    print("frame\t" + "\t".join(f"m{i}{j}" for i in "123" for j in "123") + "\terror\tscatter\tshare\tncc")
    for name in wanted:
        if name not in names:
            print(f"{name}\tfailed")
            continue
        at = pano_trafo(panorama, "-r", project, str(names.index(name)))
        matrix, _ = cv2.findHomography(points, at, 0)
        print(name, *(f"{v:.12g}" for v in matrix.ravel()), 0, 0, 1, 1, sep="\t")


main()
