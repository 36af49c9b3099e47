#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other maps and scores of trained recipes, in PyTorch: what could be had without training anything else.

    variants.py OUT --data JIDOKA_DATA [--seeds 1,2,3]        OUT: folder of `jidoka bench accuracy --keep-recipes`

float32, statistics from the select parts, per-location normalisation, smoothing 4, maximum, unless the row says otherwise. A
variant is worth building if it helps on one data set and was chosen on another. Maps are upsampled to 64 × 64. Needs torch, scipy, pillow, safetensors.
"""
import argparse
import json
import pathlib
import statistics

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from scipy import ndimage

LEVELS = ["layer1", "layer2", "layer3"]
MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def features(weights, pictures):
    """Pooled layer1 to layer3 of (n, 256, 256, 3) bytes, channels first."""
    def convolve(x, name, stride, padding):
        return F.conv2d(x, weights[name + ".weight"].float(), weights[name + ".bias"].float(), stride, padding)

    found = {level: [] for level in LEVELS}
    for start in range(0, len(pictures), 16):
        x = ((torch.from_numpy(pictures[start:start + 16]).float() / 255 - MEAN) / DEVIATION).permute(0, 3, 1, 2)
        x = F.max_pool2d(F.relu(convolve(x, "conv1", 2, 3)), 3, 2, 1)
        for number, level in enumerate(LEVELS):
            unit = 0
            while f"{level}.{unit}.conv1.weight" in weights:
                name = f"{level}.{unit}."
                stride = 2 if name + "downsample.0.weight" in weights else 1
                y = convolve(F.relu(convolve(x, name + "conv1", stride, 1)), name + "conv2", 1, 1)
                x = F.relu(y + (convolve(x, name + "downsample.0", stride, 0) if stride == 2 else x))
                unit += 1
            found[level].append(x if x.shape[-1] == 256 // (8 << number) else F.avg_pool2d(x, 2))
    return {level: torch.cat(maps) for level, maps in found.items()}


def pictures(paths):
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((256, 256), Image.BILINEAR)) for path in paths])


def residuals(folder, paths):
    """Difference of the unit vectors at every place, by level."""
    loaded = pictures(paths)
    with torch.no_grad():
        teacher, student = (features(load_file(folder / f"{name}.safetensors"), loaded) for name in ("teacher", "student"))
        return {level: F.normalize(teacher[level], dim=1) - F.normalize(student[level], dim=1) for level in LEVELS}


def auroc(good, defective):
    both = np.concatenate([good, defective])
    _, place, count = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - count / 2 + 0.5)[place]
    return (ranks[len(good):].sum() - len(defective) * (len(defective) + 1) / 2) / (len(good) * len(defective))


class Trial:
    """Maps of the select parts and of the parts to judge; a score for each way to look at them."""

    def __init__(self, folder, data):
        parts = json.loads((folder / "parts.json").read_text())
        select = [f"{parts['data']}/{part['path']}" for part in parts["parts"] if part["role"] == "select"]
        test = sorted((data / "test").glob("*/*"))
        self.defective = np.array([path.parent.name != "good" for path in test])
        self.select, self.test = residuals(folder, select), residuals(folder, test)

    def standardised(self, level, whitened=False, pooled=False, border=False):
        def distances(of):
            squares = of[level] ** 2
            if whitened:
                squares = squares / squares_of_good
            return 0.5 * squares.sum(1).numpy()

        squares_of_good = (self.select[level] ** 2).mean((0, 2, 3), keepdim=True) + 1e-8
        good, judged = distances(self.select), distances(self.test)
        mean, deviation = good.mean(0), good.std(0, ddof=1)
        if pooled:
            mean, deviation = (ndimage.gaussian_filter(each, 1, mode="nearest") for each in (mean, deviation))
        maps = [(each - mean) / (deviation + 0.3 * deviation.mean()) for each in (good, judged)]
        if border:
            for each in maps:
                each[:, [0, -1], :] = each[:, :, [0, -1]] = -1
        return [
            ndimage.gaussian_filter(
                F.interpolate(torch.from_numpy(each[:, None]).float(), size=(64, 64), mode="bilinear")[:, 0].numpy(),
                (0, 1, 1), mode="nearest")
            for each in maps
        ]

    def maps(self, weights, **options):
        each = [[w * m for m in self.standardised(level, **options)] for level, w in zip(LEVELS, weights) if w > 0]
        return [sum(maps) for maps in zip(*each)]

    def area(self, scores):
        return auroc(scores[~self.defective], scores[self.defective])

    def maximum(self, weights, **options):
        return self.area(self.maps(weights, **options)[1].max((1, 2)))

    def connected(self, weights, quantile):
        good, judged = self.maps(weights)
        threshold = np.quantile(good, quantile)

        def largest(one):
            names, count = ndimage.label(one > threshold)
            # The maximum only decides between equal areas.
            return (np.bincount(names.ravel())[1:].max() if count else 0) + 1e-3 * np.tanh(one.max() / 100)

        return self.area(np.array([largest(one) for one in judged]))

    def levels_alone(self):
        """Each level's own image score in deviations of good ones, then the highest."""
        scores = []
        for number in range(3):
            good, judged = (maps.max((1, 2)) for maps in self.maps([number == place for place in range(3)]))
            scores.append((judged - np.median(good)) / (np.quantile(good, 0.9) - np.median(good)))
        return self.area(np.max(scores, 0))


VARIANTS = {
    "layer3": lambda t: t.maximum((0, 0, 1)),
    "– whitened channels": lambda t: t.maximum((0, 0, 1), whitened=True),
    "– statistics smoothed over neighbours": lambda t: t.maximum((0, 0, 1), pooled=True),
    "– outermost places left out": lambda t: t.maximum((0, 0, 1), border=True),
    "– largest connected area above the 99 % of good pixels": lambda t: t.connected((0, 0, 1), 0.99),
    "– above the 99.9 %": lambda t: t.connected((0, 0, 1), 0.999),
    "layer1+layer2+layer3": lambda t: t.maximum((1, 1, 1)),
    "– weights 0.25, 0.5, 1": lambda t: t.maximum((0.25, 0.5, 1)),
    "– weights 1, 0.5, 0.25": lambda t: t.maximum((1, 0.5, 0.25)),
    "– whitened channels ": lambda t: t.maximum((1, 1, 1), whitened=True),
    "– outermost places left out ": lambda t: t.maximum((1, 1, 1), border=True),
    "– largest connected area above the 99 %": lambda t: t.connected((1, 1, 1), 0.99),
    "– the highest of the three levels' scores": lambda t: t.levels_alone(),
    "layer1": lambda t: t.maximum((1, 0, 0)),
}

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("out", type=pathlib.Path)
arguments.add_argument("--data", type=pathlib.Path, required=True)
arguments.add_argument("--seeds", default="1,2,3")
given = arguments.parse_args()
torch.set_num_threads(1)
found = {}
for file in sorted(given.out.glob("runs/*/results.json")):
    case = json.loads(file.read_text())["case"]
    recipe = given.out / "recipes" / file.parent.name
    if case["detector"] != "reduced-student" or str(case["seed"]) not in given.seeds.split(",") or not recipe.exists():
        continue
    trial = Trial(recipe, given.data / case["set"])
    for name, variant in VARIANTS.items():
        found.setdefault((case["set"], case["teacher"]), {}).setdefault(name, []).append(variant(trial))
print("| | " + " | ".join(", ".join(group) for group in found) + " |\n|---|" + "---|" * len(found))
for name in VARIANTS:
    cells = [group[name] for group in found.values()]
    print(f"| {name.strip()} | " + " | ".join(
        f"{statistics.mean(values):.3f}" + (f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else "")
        for values in cells) + " |")
