#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# usage: changed-pairs.py [CHANGE ...] DIR...
#
# Measures how steady framealign (of PATH) is on real frames, for which no truth is known. Of each two
# neighbours of each stack DIR it registers the second to the first; then it changes the second in a
# way that moves nothing, or by a known transform, registers it again, and removes the known
# transform: the remaining difference is error. Changes that make the frame foreign (another
# stack's, mirrored, black) must all be refused. Prints a table in Markdown of all changes, or of
# those named.
#
# FRAMEALIGN_OPTIONS are handed on to framealign; BENCH_DETAILS names a file for a table of every
# single registration. Needs python3-opencv; two registrations run at a time.

import concurrent.futures
import os
import shlex
import subprocess
import sys
import tempfile

import cv2
import numpy as np

GRID = 9  # points a side at which two transforms are compared
WORKERS = 2


def clipped(image):
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def noisy(sigma):
    def change(image):
        return clipped(image + np.random.default_rng(1).normal(0, sigma, image.shape))
    return change


def darkened(factor):
    return lambda image: clipped(image * factor)


def exposed(stops):
    """Light changed by so many stops, through the curve of sRGB, and clipped."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    light = np.minimum(light * 2.0 ** stops, 1)
    level = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return lambda image: cv2.LUT(image, clipped(255 * level))


def jpeg(quality):
    def change(image):
        _, code = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
        return cv2.imdecode(code, cv2.IMREAD_COLOR)
    return change


def blurred(radius):
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    disc = (x * x + y * y <= radius * radius).astype(np.float32)
    return lambda image: cv2.filter2D(image, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)


def placed(degrees=0, scale=1, shift=0):
    """The known transform, from a frame of that shape to what it becomes: about its middle."""
    def matrix(shape):
        cx, cy = (shape[1] - 1) / 2, (shape[0] - 1) / 2
        c, s = (scale * f(np.radians(degrees)) for f in (np.cos, np.sin))
        turn = np.array([[c, -s, cx + shift * shape[1]], [s, c, cy], [0, 0, 1]])
        return turn @ np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 1]])
    return matrix


# Changes that move nothing: from the frame to the changed one.
CHANGES = {
    "noise10": noisy(10), "noise40": noisy(40), "dark": darkened(0.1), "plus2EV": exposed(2),
    "minus2EV": exposed(-2), "jpeg15": jpeg(15), "blur8": blurred(8)}
# Changes that move the frame: from its shape to the matrix.
MOVES = {
    "rotated3": placed(degrees=3), "rotated7": placed(degrees=7), "scaled5": placed(scale=1.05),
    "scaled10": placed(scale=1.1), "moved12": placed(shift=0.12)}
# Changes that make it no frame of this stack.
FOREIGN = {
    "mirrored": lambda image: image[:, ::-1], "upsidedown": lambda image: image[::-1],
    "black": lambda image: 0 * image, "blacknoise": lambda image: noisy(2)(0 * image),
    "otherstack": None}


def read(path):
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        sys.exit(f"changed-pairs: {path} cannot be read")
    return image


def frames_of(directory):
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory))
            if name.lower().endswith((".jpg", ".jpeg", ".png", ".ppm", ".tif", ".tiff"))]


def registered(reference, frame):
    """Matrix and predicted error of the image FRAME to that in the file REFERENCE; None: refused."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "frame.ppm")
        cv2.imwrite(path, frame)
        command = ["framealign", "-quiet", "-estimate", "-reference=" + reference]
        command += shlex.split(os.environ.get("FRAMEALIGN_OPTIONS", "")) + [path]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in (0, 2):
        sys.exit(f"changed-pairs: {shlex.join(command)} ended with {run.returncode}: {run.stderr}")
    names, row = (line.split("\t") for line in run.stdout.splitlines()[:2])
    if row[1] == "failed":
        return None
    row = dict(zip(names, row))
    numbers = [float(row[f"m{i}{j}"]) for i in "123" for j in "123"]
    return np.array(numbers).reshape(3, 3), float(row["error"])


def distance(a, b, shape):
    """RMS over the grid of the displacement between two transforms of frames of that shape."""
    x, y = np.meshgrid(np.linspace(0, shape[1] - 1, GRID), np.linspace(0, shape[0] - 1, GRID))
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    at = [m @ points for m in (a, b)]
    d = at[0][:2] / at[0][2] - at[1][:2] / at[1][2]
    return np.sqrt((d ** 2).sum(0).mean())


def measure(job):
    """(change, pair, difference, predicted error): numbers None where the frame is refused."""
    change, pair, reference, path, base = job
    image = read(path)
    back = np.eye(3)
    if change in MOVES:
        move = MOVES[change](image.shape)
        back = np.linalg.inv(move)
        image = cv2.warpPerspective(image, move, image.shape[1::-1], flags=cv2.INTER_LANCZOS4,
                                    borderMode=cv2.BORDER_REFLECT_101)
    elif change in CHANGES:
        image = CHANGES[change](image)
    elif FOREIGN.get(change):
        image = FOREIGN[change](image)
    found = registered(reference, image)
    if found is None:
        return change, pair, None, None, None
    matrix = back @ found[0]
    difference = None if base is None else distance(matrix, base, image.shape)
    return change, pair, difference, found[1], matrix


def pairs_of(directories, work):
    """Of each two neighbours: its name, the first one's PPM, the second; and of strangers."""
    pairs, strangers, stacks = [], [], []
    for number, directory in enumerate(directories):
        paths = frames_of(directory)
        stack = []
        for path in paths:
            stack.append(os.path.join(work, f"{number}-{len(stack)}.ppm"))
            cv2.imwrite(stack[-1], read(path))
        base = os.path.basename(os.path.normpath(directory))
        name = [base + "/" + os.path.splitext(os.path.basename(path))[0] for path in paths]
        pairs += [(f"{name[i]} {name[i + 1]}", stack[i], stack[i + 1])
                  for i in range(len(stack) - 1)]
        for other in stacks:
            strangers += [(f"{b} {name[i]}", a, stack[i]) for i, (a, b) in enumerate(
                zip(*other)) if i < len(stack) and read(a).shape == read(stack[i]).shape]
        stacks.append((stack, name))
    return pairs, strangers


def line_of(change, results):
    """A line of the first table."""
    good = [r for r in results if r[2] is not None]
    cells = [change, f"{len(good)}/{len(results)}"]
    if good:
        differences = np.array([r[2] for r in good])
        within = np.mean([r[2] <= 3 * r[3] for r in good])
        cells += [f"{np.median(differences):.3f}", f"{differences.max():.3f}",
                  f"{100 * within:.0f} %"]
    else:
        cells += ["", "", ""]
    return "| " + " | ".join(cells + [str(len(results) - len(good))]) + " |"


def main():
    known = [*CHANGES, *MOVES, *FOREIGN]
    directories = [a for a in sys.argv[1:] if os.path.isdir(a)]
    wanted = [a for a in sys.argv[1:] if a not in directories]
    if not directories or any(a not in known for a in wanted):
        sys.exit("usage: changed-pairs.py [CHANGE ...] DIR...\nchanges: " + " ".join(known))
    cv2.setNumThreads(1)
    wanted = wanted or known
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        pairs, strangers = pairs_of(directories, work)
        bases = list(pool.map(measure, [("unchanged", *p, None) for p in pairs]))
        held = [(p, b[4]) for p, b in zip(pairs, bases) if b[4] is not None]
        jobs = [(c, *p, base) for c in wanted if c not in FOREIGN for p, base in held]
        jobs += [(c, *p, None) for c in wanted if c in FOREIGN
                 for p in (strangers if c == "otherstack" else pairs)]
        results = list(pool.map(measure, jobs))

    details = os.environ.get("BENCH_DETAILS")
    if details:
        with open(details, "w", encoding="utf-8") as file:
            file.write("change\tpair\tdifference\terror\n")
            for change, pair, *numbers, matrix in bases + results:
                text = ["failed" if matrix is None else "-" if n is None else f"{n:.5f}"
                        for n in numbers]
                file.write("\t".join([change, pair, *text]) + "\n")
    lost = [b[1] for b in bases if b[4] is None]
    print(f"{len(pairs)} pairs of neighbours" + ("; lost unchanged, and left out: " if lost else "")
          + ", ".join(lost) + ". Difference from the unchanged pair's transform, RMS in pixels over "
          f"a {GRID}x{GRID} grid.\n")
    if any(c not in FOREIGN for c in wanted):
        print("| change | accepted | median | worst | within 3 x predicted error | lost |\n"
              "|---|---|---|---|---|---|")
    for change in (c for c in wanted if c not in FOREIGN):
        print(line_of(change, [r for r in results if r[0] == change]))
    if any(c in FOREIGN for c in wanted):
        print("\n| foreign frames | accepted (0 is right) |\n|---|---|")
    for change in (c for c in wanted if c in FOREIGN):
        of = [r for r in results if r[0] == change]
        print(f"| {change} | {sum(r[4] is not None for r in of)}/{len(of)} |")


main()
