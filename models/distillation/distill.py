#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Distils a trunk of our own from ImageNet's ResNet-18, on procedural pictures only.

The target is the 2×2-average-pooled layer1 … layer3 of the ImageNet trunk. `compact` has one strided unit a stage, so
that its maps have the pooled shapes; `full` has ResNet-18's shape and is pooled as the target is. Both start from random weights.

    distill.py --make-pool
    distill.py --make-pool 0/2 --trunk resnet18-trunk.safetensors & distill.py --make-pool 1/2 --trunk …
    distill.py --shape compact --trunk resnet18-trunk.safetensors --out teacher-compact.safetensors --steps 20000
"""

import argparse
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import textures

MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
WIDTHS = [64, 128, 256]


class Block(nn.Module):
    """ResNet's basic block, torchvision's names."""

    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Trunk(nn.Module):
    """Stem and three stages; `forward` gives the three maps in the pooled shapes."""

    def __init__(self, shape):
        super().__init__()
        self.pooled = shape == "full"
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inside = 64
        for number, width in enumerate(WIDTHS):
            if self.pooled:
                stage = nn.Sequential(Block(inside, width, 1 if number == 0 else 2), Block(width, width, 1))
            else:
                stage = nn.Sequential(Block(inside, width, 2))
            setattr(self, f"layer{number + 1}", stage)
            inside = width

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for number in (1, 2, 3):
            x = getattr(self, f"layer{number}")(x)
            maps.append(F.avg_pool2d(x, 2) if self.pooled else x)
        return maps

    def folded(self):
        """Weights with batch norm folded, float16, torchvision's names."""
        state, out = self.state_dict(), {}
        for name, module in self.named_modules():
            if not isinstance(module, nn.Conv2d):
                continue
            # conv1 → bn1, conv2 → bn2, downsample.0 → downsample.1
            norm = name[:-1] + "1" if name.endswith("downsample.0") else name.replace("conv", "bn")
            scale = state[norm + ".weight"] / torch.sqrt(state[norm + ".running_var"] + 1e-5)
            out[name + ".weight"] = (state[name + ".weight"] * scale[:, None, None, None]).half().contiguous()
            out[name + ".bias"] = (state[norm + ".bias"] - state[norm + ".running_mean"] * scale).half()
        return out


class Target(nn.Module):
    """The ImageNet trunk, batch norm folded: `conv1.weight`, `conv1.bias`, `layer1.0.conv1.weight` …"""

    def __init__(self, path):
        super().__init__()
        self.w = {k: v.float() for k, v in load_file(path).items()}
        self.w = {k: v.bfloat16().contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v.bfloat16()
                  for k, v in self.w.items()}

    def conv(self, x, name, stride, padding):
        return F.conv2d(x, self.w[name + ".weight"], self.w[name + ".bias"], stride, padding)

    @torch.no_grad()
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x.bfloat16(), "conv1", 2, 3)), 3, 2, 1)
        maps = []
        for stage in (1, 2, 3):
            for block in (0, 1):
                name = f"layer{stage}.{block}."
                stride = 2 if stage > 1 and block == 0 else 1
                y = self.conv(F.relu(self.conv(x, name + "conv1", stride, 1)), name + "conv2", 1, 1)
                x = F.relu(y + (self.conv(x, name + "downsample.0", stride, 0) if stride == 2 else x))
            maps.append(F.avg_pool2d(x, 2).float())
        return maps


def normalised(pictures):
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return ((x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]).contiguous(
        memory_format=torch.channels_last)


def cosine(a, b):
    return F.cosine_similarity(a, b, 1, 1e-6).mean()


def loss_of(student, target, pooled, channel):
    """How far two maps `(B, C, H, W)` are apart; three views of it, see README.

    Squared error over the pooled and over each channel's deviation, 1 − cosine, and 1 − cosine of what is left when each picture's own mean is
    taken off: that is what tells a place from its surroundings, and what a detector lives on.
    """
    error = (student - target) ** 2
    centred = lambda m: m - m.mean((2, 3), keepdim=True)
    return (error.mean() / pooled + 0.5 * (error.mean((0, 2, 3)) / channel).mean()
            + 2 * (1 - cosine(student, target)) + (1 - cosine(centred(student), centred(target))))


class Pool:
    """Pictures with their targets, made once: both shapes learn from the same, and no step waits for the ImageNet trunk.

    Memory-mapped arrays in a folder: `pictures` bytes `(N, size, size, 3)`, `layer1` … `layer3` float16 `(N, C, H, W)`.
    """

    def __init__(self, folder, count, size, make=False):
        self.count, self.folder = count, folder
        self.arrays = {}
        for name, (shape, kind) in self.shapes(count, size).items():
            path = os.path.join(folder, name + ".npy")
            if make:
                np.lib.format.open_memmap(path, "w+", kind, shape).flush()
                continue
            array = np.lib.format.open_memmap(path, "r+")
            if array.shape != shape or array.dtype != kind:
                sys.exit(f"{path}: expected {shape} of {np.dtype(kind)}, found {array.shape} of {array.dtype}")
            self.arrays[name] = array

    @staticmethod
    def shapes(count, size):
        shapes = {"pictures": ((count, size, size, 3), np.uint8)}
        for number, width in enumerate(WIDTHS):
            side = size // (8 << number)
            shapes[f"layer{number + 1}"] = ((count, width, side, side), np.float16)
        return shapes

    def done(self, part, parts):
        return os.path.join(self.folder, f"done-{part}-of-{parts}")

    def check(self):
        """Every part was filled: zeros would be learned without a word."""
        marks = [name for name in os.listdir(self.folder) if name.startswith("done-")]
        if not marks or len(marks) != int(marks[0].split("-of-")[1]):
            sys.exit(f"{self.folder}: expected every part of a pool, found {sorted(marks)}: run --make-pool first")

    def fill(self, bank, target, size, seed, part, parts):
        composer = textures.Composer(bank, size, seed)
        for first in range(part * 32, self.count, parts * 32):
            some = range(first, min(first + 32, self.count))
            pictures = np.stack([composer(i) for i in some])
            self.arrays["pictures"][first:some.stop] = pictures
            for number, goal in enumerate(target(normalised(pictures))):
                self.arrays[f"layer{number + 1}"][first:some.stop] = goal.half().numpy()
            print(f"{some.stop} of {self.count}", file=sys.stderr, end="\r")
        for array in self.arrays.values():
            array.flush()
        open(self.done(part, parts), "w").close()

    def batch(self, indices):
        indices = np.sort(indices)
        goals = [torch.from_numpy(self.arrays[f"layer{n}"][indices]).float() for n in (1, 2, 3)]
        return normalised(self.arrays["pictures"][indices]), goals


def make_pool(a):
    """`--make-pool` alone draws the textures and makes empty arrays; `--make-pool I/N` then fills every N-th batch."""
    if a.make_pool == "begin":
        os.makedirs(a.pool, exist_ok=True)
        for name in os.listdir(a.pool):
            if name.startswith("done-"):
                os.remove(os.path.join(a.pool, name))
        np.save(a.bank, textures.bank(a.textures, 320, 1))
        Pool(a.pool, a.pictures, a.size, make=True)
        return
    part, parts = map(int, a.make_pool.split("/"))
    Pool(a.pool, a.pictures, a.size).fill(
        np.load(a.bank, mmap_mode="r"), Target(a.trunk), a.size, 1, part, parts)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--shape", choices=["compact", "full"], default="compact")
    arguments.add_argument(
        "--make-pool", metavar="I/N", nargs="?", const="begin",
        help="alone: draw textures, make empty arrays; then, as many at a time as there are cores: fill part I of N (from 0)")
    arguments.add_argument("--pool", default="/tmp/jidoka-pool", help="folder of pictures and targets")
    arguments.add_argument("--pictures", type=int, default=40000)
    arguments.add_argument("--trunk", required=True, help="ImageNet ResNet-18, batch norm folded, safetensors")
    arguments.add_argument("--out", default="teacher.safetensors")
    arguments.add_argument("--log", help="JSON lines; default: beside the weights")
    arguments.add_argument("--bank", default="/tmp/jidoka-textures.npy", help="cache of the textures")
    arguments.add_argument("--textures", type=int, default=3000)
    arguments.add_argument("--size", type=int, default=160)
    arguments.add_argument("--batch", type=int, default=16)
    arguments.add_argument("--rate", type=float, default=2e-3)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--minutes", type=float, help="the schedule follows the clock")
    arguments.add_argument("--steps", type=int, help="the schedule follows the steps; repeatable")
    arguments.add_argument("--threads", type=int, default=1)
    a = arguments.parse_args()
    if a.make_pool:
        torch.set_num_threads(1)
        return make_pool(a)
    if (a.minutes is None) == (a.steps is None):
        arguments.error("give --minutes or --steps")
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    log = open(a.log or a.out.rsplit(".", 1)[0] + ".jsonl", "w")
    pool = Pool(a.pool, a.pictures, a.size)
    pool.check()
    random = np.random.default_rng(a.seed)
    order = np.empty(0, int)
    judged = textures.Composer(textures.bank(60, 320, 999), a.size, 999)
    judged = normalised(np.stack([judged(i) for i in range(96)]))
    target = Target(a.trunk)
    trunk = Trunk(a.shape).to(memory_format=torch.channels_last)
    average = Trunk(a.shape)
    average.load_state_dict(trunk.state_dict())
    decay = [p for p in trunk.parameters() if p.dim() == 4]
    rest = [p for p in trunk.parameters() if p.dim() != 4]
    optimiser = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0}], lr=a.rate, betas=(0.9, 0.98))
    truth = target(judged)
    pooled = [m.var((0, 2, 3)).mean().item() for m in truth]
    channel = [m.var((0, 2, 3)).clamp_min(0.02 * v) for m, v in zip(truth, pooled)]
    start, step = time.time(), 0
    sums = [0.0] * 3
    while True:
        share = step / a.steps if a.steps else (time.time() - start) / (60 * a.minutes)
        if share >= 1:
            break
        warm = min(1, (step + 1) / 300)
        rate = a.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        if len(order) < a.batch:
            order = random.permutation(a.pictures)
        x, goals = pool.batch(order[:a.batch])
        order = order[a.batch:]
        with torch.autocast("cpu", torch.bfloat16):
            maps = trunk(x)
        losses = [loss_of(m.float(), g, p, c) for m, g, p, c in zip(maps, goals, pooled, channel)]
        loss = losses[0] + losses[1] + losses[2]
        if not torch.isfinite(loss):
            sys.exit(f"the loss is not finite at step {step}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trunk.parameters(), 5.0)
        optimiser.step()
        step += 1
        keep = min(0.999, (1 + step) / (10 + step))
        with torch.no_grad():
            for old, new in zip(average.state_dict().values(), trunk.state_dict().values()):
                if old.dtype.is_floating_point:
                    old.lerp_(new, 1 - keep)
        sums = [s + l.item() for s, l in zip(sums, losses)]
        if step % 250 == 0:
            with torch.no_grad():
                average.eval()
                seen = [m.float() for m in average(judged)]
            centred = lambda m: m - m.mean((2, 3), keepdim=True)
            line = {
                "step": step, "seconds": round(time.time() - start), "rate": round(rate, 6),
                "loss": [round(s / 250, 4) for s in sums],
                "cosine": [round(cosine(m, t).item(), 4) for m, t in zip(seen, truth)],
                "centred": [round(cosine(centred(m), centred(t)).item(), 4) for m, t in zip(seen, truth)]}
            sums = [0.0] * 3
            print(json.dumps(line), file=log, flush=True)
            if sys.stderr.isatty():
                print(line, file=sys.stderr)
            if step % 1000 == 0:
                save_file(average.folded(), a.out + ".part")
    save_file(average.folded(), a.out, {
        "made_by": "models/distillation/distill.py", "pictures": str(a.pictures), "shape": a.shape, "seed": str(a.seed), "steps": str(step),
        "batch": str(a.batch), "size": str(a.size)})
    os.path.exists(a.out + ".part") and os.remove(a.out + ".part")
    print(json.dumps({"steps": step, "seconds": round(time.time() - start)}), file=log, flush=True)


if __name__ == "__main__":
    main()
