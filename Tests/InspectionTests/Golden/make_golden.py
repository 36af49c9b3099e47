# SPDX-License-Identifier: Apache-2.0
"""Golden features of the built-in teacher: numpy in float64, independent of the Swift and C code.

Usage: python make_golden.py models/teacher-compact.safetensors > features.json
"""
import json
import struct
import sys

import numpy as np

SIZE = 64


def picture():
    """(64, 64, 3) bytes by an integer formula; FloatNetworkTests has the same one."""
    y, x, c = np.meshgrid(np.arange(SIZE), np.arange(SIZE), np.arange(3), indexing="ij")
    return ((x * x * 3 + y * 7 + x * y * (c + 1) + c * 40 + (x // 8 + y // 8) % 2 * 90) % 256).astype(np.uint8)


def load(path):
    raw = open(path, "rb").read()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    kinds = {"F16": np.float16, "F32": np.float32}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            data = np.frombuffer(raw[8 + length + begin : 8 + length + end], kinds[entry["dtype"]])
            tensors[name] = data.reshape(entry["shape"]).astype(np.float64)
    return tensors


def convolution(x, tensors, name, stride, padding):
    """(C, H, W) to (O, H', W'), one kernel tap at a time."""
    weight, bias = tensors[name + ".weight"], tensors[name + ".bias"]
    kernel = weight.shape[2]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    height = (x.shape[1] - kernel) // stride + 1
    width = (x.shape[2] - kernel) // stride + 1
    out = np.zeros((weight.shape[0], height, width)) + bias[:, None, None]
    for dy in range(kernel):
        for dx in range(kernel):
            part = x[:, dy : dy + height * stride : stride, dx : dx + width * stride : stride]
            out += np.tensordot(weight[:, :, dy, dx], part, axes=1)
    return out


def relu(x):
    return np.maximum(x, 0)


def main():
    tensors = load(sys.argv[1])
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = ((picture() / 255.0 - mean) / deviation).transpose(2, 0, 1)
    x = relu(convolution(x, tensors, "conv1", 2, 3))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    side = SIZE // 4
    x = np.max([padded[:, dy : dy + 2 * side : 2, dx : dx + 2 * side : 2] for dy in range(3) for dx in range(3)], axis=0)
    maps = {"stem": x}
    for level in ["layer1", "layer2", "layer3"]:
        unit = level + ".0"
        shortcut = convolution(x, tensors, unit + ".downsample.0", 2, 0)
        inner = relu(convolution(x, tensors, unit + ".conv1", 2, 1))
        x = relu(convolution(inner, tensors, unit + ".conv2", 1, 1) + shortcut)
        maps[level] = x
    levels = {}
    for level, values in maps.items():
        flat = values.transpose(1, 2, 0).reshape(-1)  # channels last, as our maps are
        places = sorted({int(i) for i in np.linspace(0, flat.size - 1, 61)})
        levels[level] = {
            "count": int(flat.size),
            "sum": float(flat.sum()),
            "squares": float((flat * flat).sum()),
            "places": places,
            "values": [round(float(flat[i]), 8) for i in places],
        }
    json.dump({"size": SIZE, "levels": levels}, sys.stdout)
    print()


main()
