# SPDX-License-Identifier: Apache-2.0
"""The reduced-student network in PyTorch: picture in, anomaly map and score out.

Two forms of the same arithmetic: `plain` is what one writes first (normalised features, `interpolate`, Gaussian as two
convolutions); `rewritten` is what suits a graph compiler (1 - cosine, upsampling and Gaussian as two matrix products).
`unsmoothed` is the plain form less the Gaussian: less work than everybody else's, to be held against DESIGN's figure.
"""
import math

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

MEAN = torch.tensor([0.485, 0.456, 0.406]) * 255
DEVIATION = torch.tensor([0.229, 0.224, 0.225]) * 255
STAGES = ("layer1", "layer2", "layer3")
FORMS = ("plain", "rewritten", "unsmoothed")


def convolution(tensors, name, stride, padding):
    """A convolution with batch norm already folded in, from `name.weight` (O, I, K, K) and `name.bias` (O)."""
    weight = tensors[name + ".weight"].float()
    module = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], stride, padding)
    module.weight.data.copy_(weight)
    module.bias.data.copy_(tensors[name + ".bias"].float())
    return module


class BasicBlock(nn.Module):
    """ResNet's basic block; it halves the picture if it has a downsampling branch, as in ResNet-18's trunk."""

    def __init__(self, tensors, name):
        super().__init__()
        halves = f"{name}.downsample.0.weight" in tensors
        self.conv1 = convolution(tensors, f"{name}.conv1", 2 if halves else 1, 1)
        self.conv2 = convolution(tensors, f"{name}.conv2", 1, 1)
        self.downsample = convolution(tensors, f"{name}.downsample.0", 2, 0) if halves else None

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.conv2(F.relu(self.conv1(x), inplace=True)) + shortcut, inplace=True)


class Trunk(nn.Module):
    """A ResNet trunk as its tensor names describe it, up to the deepest level asked for."""

    def __init__(self, tensors, levels):
        super().__init__()
        self.levels = levels
        self.conv1 = convolution(tensors, "conv1", 2, 3)
        depth = max((STAGES.index(level) + 1 for level in levels if level in STAGES), default=0)
        for stage in STAGES[:depth]:
            units = sorted({int(key.split(".")[1]) for key in tensors if key.startswith(stage + ".")})
            if not units:
                raise ValueError(f"no tensors of {stage}: the model has no such level")
            setattr(self, stage, nn.Sequential(*[BasicBlock(tensors, f"{stage}.{unit}") for unit in units]))
        self.depth = depth

    def forward(self, x):
        """Normalised pictures (B, 3, S, S) to one map (B, C, h, w) a level."""
        maps = {"stem": F.max_pool2d(F.relu(self.conv1(x), inplace=True), 3, 2, 1)}
        x = maps["stem"]
        for stage in STAGES[: self.depth]:
            x = maps[stage] = getattr(self, stage)(x)
        return [maps[level] for level in self.levels]


def gaussian(size):
    """Taps of the Gaussian of sigma 4 at 256 pixels, cut at 4 sigma, summing to 1."""
    sigma = 4 * size / 256
    radius = math.ceil(4 * sigma)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=torch.float64) / sigma) ** 2)
    return (taps / taps.sum()).float()


def smooth(maps, taps):
    """Gaussian over both axes of (B, 1, H, W), the edge replicated."""
    radius = len(taps) // 2
    maps = F.conv2d(F.pad(maps, (radius, radius, 0, 0), "replicate"), taps.view(1, 1, 1, -1))
    return F.conv2d(F.pad(maps, (0, 0, radius, radius), "replicate"), taps.view(1, 1, -1, 1))


def upsampling_matrix(side, size, taps):
    """(size, side): bilinear upsampling of one axis followed by the Gaussian; both are linear, so this is exact."""
    unit = torch.eye(side).view(1, side, side, 1)
    columns = F.interpolate(unit, size=(size, 1), mode="bilinear", align_corners=False)
    radius = len(taps) // 2
    columns = F.pad(columns.view(side, 1, size, 1), (0, 0, radius, radius), "replicate")
    columns = F.conv2d(columns, taps.view(1, 1, -1, 1))
    return columns.view(side, size).t().contiguous()


class Detector(nn.Module):
    """u8 RGB pictures (B, S, S, 3) to the anomaly map (B, S, S) and the score (B), its maximum."""

    def __init__(self, student, teacher, levels, size, form):
        super().__init__()
        if form not in FORMS:
            raise ValueError(f"unknown form '{form}': expected one of {', '.join(FORMS)}")
        self.levels, self.size, self.form = list(levels), size, form
        self.student, self.teacher = Trunk(student, levels), Trunk(teacher, levels)
        self.register_buffer("mean", MEAN.view(1, 3, 1, 1))
        self.register_buffer("deviation", DEVIATION.view(1, 3, 1, 1))
        self.register_buffer("taps", gaussian(size))
        if form == "rewritten":
            sides = [s.shape[-1] for s in self.student(torch.zeros(1, 3, size, size))]
            left = torch.cat([upsampling_matrix(side, size, self.taps) for side in sides], 1)
            self.register_buffer("left", left)
            # The deviation goes into the weights; the mean is a whole picture: three values are broadcast slowly.
            self.register_buffer("mean_picture", MEAN.expand(1, size, size, 3).contiguous())
            for trunk in (self.student, self.teacher):
                trunk.conv1.weight.data /= self.deviation
            for level, side in zip(levels, sides):
                self.register_buffer(f"right_{level}", upsampling_matrix(side, size, self.taps).t().contiguous())

    def features(self, pictures):
        """Teacher's and student's maps of the same shape, level by level."""
        if self.form != "rewritten":
            x = (pictures.permute(0, 3, 1, 2).float() - self.mean) / self.deviation
        else:
            x = (pictures.float() - self.mean_picture).permute(0, 3, 1, 2)
        for t, s in zip(self.teacher(x), self.student(x)):
            yield (F.avg_pool2d(t, 2) if t.shape[-1] == 2 * s.shape[-1] else t), s

    def forward(self, pictures):
        if self.form != "rewritten":
            size = (self.size, self.size)
            total = None
            for t, s in self.features(pictures):
                distance = 0.5 * (F.normalize(t, dim=1) - F.normalize(s, dim=1)).pow(2).sum(1, keepdim=True)
                level = F.interpolate(distance, size=size, mode="bilinear", align_corners=False)
                total = level if total is None else total + level
            maps = (smooth(total, self.taps) if self.form == "plain" else total)[:, 0]
        else:
            rows = []
            for level, (t, s) in zip(self.levels, self.features(pictures)):
                squares = (t * t).sum(1) * (s * s).sum(1)
                distance = 1 - (t * s).sum(1) / (squares + 1e-12).sqrt()
                rows.append(distance @ getattr(self, f"right_{level}"))
            # One product for all levels: [A1 A2] [D1 A1ᵀ; D2 A2ᵀ] = A1 D1 A1ᵀ + A2 D2 A2ᵀ.
            maps = self.left @ torch.cat(rows, 1)
        return maps, maps.amax((1, 2))


def levels_of(student):
    """The levels a recipe's student was trained for: its metadata says, else every stage it has tensors of."""
    with safe_open(student, "pt") as file:
        known = (file.metadata() or {}).get("levels", "").replace(",", " ").split()
        return known or [stage for stage in STAGES if f"{stage}.0.conv1.weight" in file.keys()]


def load(student, teacher, levels, size, form="plain"):
    """The detector of two safetensors files, ready for inference."""
    return Detector(load_file(student), load_file(teacher), levels, size, form).eval().requires_grad_(False)


def multiply_accumulates(detector):
    """Multiply-accumulates of the convolutions for one picture: shows that everybody is given the same work."""
    counts = []

    def count(module, _, output):
        counts.append(output.numel() * module.weight[0].numel())

    hooks = [m.register_forward_hook(count) for m in detector.modules() if isinstance(m, nn.Conv2d)]
    detector(torch.zeros(1, detector.size, detector.size, 3, dtype=torch.uint8))
    for hook in hooks:
        hook.remove()
    return sum(counts)
