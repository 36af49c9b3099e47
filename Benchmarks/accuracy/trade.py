#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""AUROC against milliseconds from finished runs of 'jidoka bench accuracy', as SVG.

trade.py OUT.svg TITLE RUNS... [--budget MS]     RUNS: folders that hold runs/*/results.json, of one data set

A point for each detector, teacher and number of epochs: mean and standard deviation over the seeds. Milliseconds are those of
'--time' where a run has them, measured one after the other, and else the run's own.
"""
import argparse
import collections
import glob
import json
import math
import statistics

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("out")
arguments.add_argument("title")
arguments.add_argument("runs", nargs="+")
arguments.add_argument("--budget", type=float, default=5.0)
choices = arguments.parse_args()

groups = collections.defaultdict(list)
for folder in choices.runs:
    for path in sorted(glob.glob(folder + "/runs/*/results.json")):
        run = json.load(open(path))
        one = run["case"]
        if one["set"] != choices.title:
            continue
        epochs = f", {one['epochs']} epochs" if one["epochs"] not in (0, 100) else ""
        size = f", {one['size']} px" if one["size"] != 256 else ""
        width = f", width {one['width']:g}" if one.get("width", 1) != 1 else ""
        share = one.get("hardest", 0.1) if one["detector"] == "reduced-student" else 0.1
        hardest = f", hardest {share:g}" if share != 0.1 else ""
        teacher = {"resnet18-imagenet-trunk": "ImageNet"}.get(one["teacher"], one["teacher"])
        groups[f"{one['detector']}, {teacher}, {one['engine']}{size}{width}{hardest}{epochs}"].append(
            (run["milliseconds"] or run["evaluation"]["latency_ms"], run["evaluation"]["image_auroc"]))

WIDTH, HEIGHT, LEFT, TOP, PLOT, BOTTOM = 900, 440, 70, 50, 480, 390
COLOURS = ["#1668b8", "#d1492e", "#2f8f4e", "#8a4fbf", "#c98a00", "#0f8b8d", "#a0325e", "#555555"]
points = [(name, statistics.median(t for t, _ in values), statistics.mean(a for _, a in values),
           statistics.stdev([a for _, a in values]) if len(values) > 1 else 0, len(values))
          for name, values in groups.items()]
points.sort(key=lambda one: one[1])
low, high = math.log10(min(p[1] for p in points) / 1.5), math.log10(max(max(p[1] for p in points), choices.budget) * 1.5)
floor = math.floor((min(p[2] - p[3] for p in points) - 0.01) * 50) / 50
ceiling = min(1, math.ceil((max(p[2] + p[3] for p in points) + 0.01) * 50) / 50)


def x(ms):
    return LEFT + (math.log10(ms) - low) / (high - low) * PLOT


def y(area):
    return BOTTOM - (area - floor) / (ceiling - floor) * (BOTTOM - TOP)


def text(left, top, words, anchor="start", size=12, colour="#333"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{left:.1f}" y="{top:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(LEFT, 28, choices.title, size=16, colour="#000")]
area = floor
while area <= ceiling + 1e-9:
    svg.append(f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y(area):.1f}" y2="{y(area):.1f}" stroke="#ddd"/>')
    svg.append(text(LEFT - 8, y(area) + 4, f"{area:.2f}", "end"))
    area += 0.02
for ms in [1, 2, 5, 10, 20, 50, 100, 200]:
    if low <= math.log10(ms) <= high:
        svg.append(f'<line x1="{x(ms):.1f}" x2="{x(ms):.1f}" y1="{TOP}" y2="{BOTTOM}" stroke="#eee"/>')
        svg.append(text(x(ms), BOTTOM + 16, f"{ms}", "middle"))
svg.append(f'<line x1="{x(choices.budget):.1f}" x2="{x(choices.budget):.1f}" y1="{TOP}" y2="{BOTTOM}" stroke="#999" '
           'stroke-dasharray="4 4"/>')
svg.append(text(x(choices.budget) + 4, TOP + 10, f"budget {choices.budget:g} ms", size=11, colour="#777"))
svg.append(text(LEFT + PLOT / 2, HEIGHT - 12, "milliseconds a picture, one core", "middle"))
svg.append(text(14, TOP - 8, "image AUROC"))
for index, (name, ms, mean, spread, seeds) in enumerate(points):
    colour = COLOURS[index % len(COLOURS)]
    svg.append(f'<line x1="{x(ms):.1f}" x2="{x(ms):.1f}" y1="{y(mean - spread):.1f}" y2="{y(mean + spread):.1f}" '
               f'stroke="{colour}" stroke-width="2"/>')
    svg.append(f'<circle cx="{x(ms):.1f}" cy="{y(mean):.1f}" r="5" fill="{colour}"/>')
    row = TOP + 12 + index * 34
    svg.append(f'<circle cx="{LEFT + PLOT + 24}" cy="{row - 4}" r="5" fill="{colour}"/>')
    svg.append(text(LEFT + PLOT + 36, row, name))
    area = f"{mean:.3f} ± {spread:.3f}, {seeds} seeds" if seeds > 1 else f"{mean:.3f}, 1 seed"
    svg.append(text(LEFT + PLOT + 36, row + 14, f"{area}, {ms:.1f} ms", size=11, colour="#777"))
svg.append("</svg>")
open(choices.out, "w").write("\n".join(svg) + "\n")
