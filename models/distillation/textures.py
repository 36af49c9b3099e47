# SPDX-License-Identifier: Apache-2.0
"""Procedural pictures to distil a teacher on: nothing in them was ever photographed.

`bank(count, side, seed)` draws whole textures once; `Composer` cuts, mixes, scratches and lights them anew for every
step. Everything is seeded.
"""
import numpy as np
from numpy.fft import irfft2, rfft2
from scipy import ndimage
from scipy.spatial import cKDTree


def unit(field):
    """A field moved and scaled to 0 … 1."""
    low, high = field.min(), field.max()
    return (field - low) / max(high - low, 1e-9)


def noise(rng, side, slope=None, stretch=None):
    """Band-limited Gaussian noise: a power-law spectrum, maybe with a low cut, maybe drawn out in one direction."""
    slope = rng.uniform(0.4, 3.2) if slope is None else slope
    stretch = np.exp(abs(rng.normal(0, 0.8))) if stretch is None else stretch
    angle = rng.uniform(0, np.pi)
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    u, v = fx * np.cos(angle) + fy * np.sin(angle), (-fx * np.sin(angle) + fy * np.cos(angle)) * stretch
    radius = np.sqrt(u * u + v * v) + 1.0 / side
    spectrum = radius ** -slope
    if rng.random() < 0.4:
        spectrum = spectrum * np.exp(-((radius - rng.uniform(0.02, 0.3)) / rng.uniform(0.02, 0.1)) ** 2)
    return irfft2(rfft2(rng.standard_normal((side, side))) * spectrum, (side, side))


def grid(rng, side):
    """Coordinates, turned, scaled and maybe warped by smooth noise."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float64)
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    if rng.random() < 0.5:
        amount = rng.uniform(1, 14)
        u = u + amount * noise(rng, side, 3.0, 1) / 3
        v = v + amount * noise(rng, side, 3.0, 1) / 3
    return u, v


def waves(rng, side):
    field = np.zeros((side, side))
    for _ in range(rng.integers(1, 5)):
        u, _ = grid(rng, side)
        wave = np.sin(u * 2 * np.pi / rng.uniform(4, 60) + rng.uniform(0, 6))
        field += rng.uniform(0.3, 1) * (wave if rng.random() < 0.6 else np.tanh(wave * rng.uniform(1, 8)))
    return field


def weave(rng, side):
    u, v = grid(rng, side)
    period, other = rng.uniform(5, 40), rng.uniform(0.5, 2)
    a, b = np.sin(u * 2 * np.pi / period), np.sin(v * 2 * np.pi / period / other)
    over = np.sign(np.sin(u * np.pi / period) * np.sin(v * np.pi / period / other))
    return np.where(over > 0, np.abs(a), np.abs(b)) + 0.2 * noise(rng, side, 1.0) / 3


def bricks(rng, side):
    u, v = grid(rng, side)
    height, ratio, joint = rng.uniform(10, 50), rng.uniform(1, 4), rng.uniform(0.02, 0.15)
    row = np.floor(v / height)
    column = u / (height * ratio) + row * rng.choice([0, 0.5, 0.33])
    tone = np.sin(row * 12.9898 + np.floor(column) * 78.233) * 43758.5453 % 1
    wall = (np.abs(v / height % 1 - 0.5) < 0.5 - joint) & (np.abs(column % 1 - 0.5) < 0.5 - joint / ratio)
    return np.where(wall, 0.4 + rng.uniform(0, 0.6) * tone, rng.choice([0.0, 1.0])) + 0.15 * noise(rng, side, 1.2) / 3


def cells(rng, side):
    count = int(np.exp(rng.uniform(np.log(20), np.log(3000))))
    points = rng.uniform(-10, side + 10, (count, 2))
    u, v = grid(rng, side)
    y, x = np.mgrid[0:side, 0:side]
    at = np.stack([y + (v - v.mean()) * 0, x + (u - u.mean()) * 0], -1).reshape(-1, 2)
    distance, index = cKDTree(points).query(at, k=2)
    kind = rng.integers(4)
    if kind == 0:
        field = distance[:, 1] - distance[:, 0]
    elif kind == 1:
        field = distance[:, 0]
    elif kind == 2:
        field = rng.random(count)[index[:, 0]]
    else:
        field = np.minimum(distance[:, 1] - distance[:, 0], rng.uniform(1, 6)) * 0.3 + rng.random(count)[index[:, 0]]
    return field.reshape(side, side)


def spots(rng, side):
    field = noise(rng, side, rng.uniform(1, 2.5), 1)
    edge = np.quantile(field, rng.uniform(0.5, 0.95))
    sharp = rng.uniform(1, 20) / (field.std() + 1e-9)
    return np.tanh((field - edge) * sharp) + 0.1 * noise(rng, side) / 3


def rings(rng, side):
    y, x = np.mgrid[0:side, 0:side]
    cy, cx = rng.uniform(-0.5, 1.5, 2) * side
    radius = np.hypot(y - cy, (x - cx) * rng.uniform(0.6, 1.6)) + rng.uniform(0, 6) * noise(rng, side, 3, 1) / 3
    table = np.interp(np.arange(4096) / 8, np.arange(600), rng.standard_normal(600))
    return table[np.clip(radius * rng.uniform(0.5, 6), 0, 4095).astype(int)]


def brushed(rng, side):
    u, _ = grid(rng, side)
    table = ndimage.gaussian_filter1d(rng.standard_normal(4096), rng.uniform(0.4, 4))
    streak = table[(u * rng.uniform(0.5, 4)).astype(int) % 4096]
    return streak / streak.std() + rng.uniform(0, 0.8) * noise(rng, side, 1, 4) / 3


def checks(rng, side):
    u, v = grid(rng, side)
    period = rng.uniform(6, 50)
    field = np.sign(np.sin(u * np.pi / period)) * np.sign(np.sin(v * np.pi / period * rng.uniform(0.5, 2)))
    return ndimage.gaussian_filter(field, rng.uniform(0.3, 2)) + rng.uniform(0, 0.3) * noise(rng, side) / 3


FIELDS = [noise, noise, waves, weave, bricks, cells, cells, spots, rings, brushed, checks]


def coloured(rng, field):
    """A field `(H, W)` to RGB 0 … 1 by a palette of two to five colours, or grey."""
    field = unit(field)
    if rng.random() < 0.3:
        order = np.sort(field, axis=None)
        field = np.searchsorted(order, field) / field.size
    field = field ** np.exp(rng.normal(0, 0.4))
    count = rng.integers(2, 6)
    palette = rng.uniform(0, 1, (count, 3))
    hue = rng.random()
    if hue < 0.35:
        palette[:] = palette[:, :1]
    elif hue < 0.65:
        palette = palette.mean(0) + (palette - palette.mean(0)) * rng.uniform(0.05, 0.5)
    if rng.random() < 0.5:
        palette = palette[np.argsort(palette.sum(1))]
    stops = np.linspace(0, 1, count)
    return np.stack([np.interp(field, stops, palette[:, c]) for c in range(3)], -1)


def texture(rng, side):
    picture = coloured(rng, FIELDS[rng.integers(len(FIELDS))](rng, side))
    if rng.random() < 0.5:
        other = coloured(rng, FIELDS[rng.integers(len(FIELDS))](rng, side))
        share = rng.uniform(0.1, 0.5)
        picture = picture * (1 - share) + other * share if rng.random() < 0.6 else picture * (1 - share + share * other)
    return picture


def shape(rng, side, scale):
    """A filled random shape: its box `(top, left)` and mask, cut at the border."""
    half = max(2, int(scale))
    y, x = np.mgrid[-half:half + 1, -half:half + 1] / half
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    kind = rng.integers(4)
    ratio = rng.uniform(0.15, 1)
    if kind == 0:
        mask = u * u + (v / ratio) ** 2 < 1
    elif kind == 1:
        mask = (np.abs(u) < 0.7) & (np.abs(v) < 0.7 * ratio)
    elif kind == 2:
        corners = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
        edges = np.append(corners, corners[0] + 2 * np.pi)
        mask = np.ones_like(u, bool)
        for a, b in zip(edges[:-1], edges[1:]):
            middle, width = (a + b) / 2, np.cos(min((b - a) / 2, 1.4))
            mask &= u * np.cos(middle) + v * np.sin(middle) < max(width, 0.15)
    else:
        turn, radius = np.arctan2(v, u), np.hypot(u, v)
        mask = radius < 0.65 + 0.3 * np.sin(turn * rng.integers(2, 7) + rng.uniform(0, 6)) * rng.uniform(0.2, 1)
    return int(rng.integers(-half, side)) , int(rng.integers(-half, side)), mask


def leaves(rng, side):
    """Dead leaves: shapes of all sizes on top of each other, each with a tone or a texture and some shading."""
    picture = texture(rng, side)
    sources = [texture(rng, side) for _ in range(2)]
    for _ in range(rng.integers(15, 160)):
        scale = min(side * 0.6, 3 / rng.random() ** 0.9)
        top, left, mask = shape(rng, side, scale)
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(side, top + mask.shape[0]), min(side, left + mask.shape[1])
        if y1 <= y0 or x1 <= x0:
            continue
        cut = mask[y0 - top:y1 - top, x0 - left:x1 - left, None]
        if rng.random() < 0.5:
            fill = np.broadcast_to(rng.uniform(0, 1, 3) if rng.random() < 0.6 else rng.uniform(0, 1), (1, 1, 3))
        else:
            fill = sources[rng.integers(2)][y0:y1, x0:x1] * rng.uniform(0.3, 1) + rng.uniform(0, 0.3)
        if rng.random() < 0.4:
            slope = np.linspace(-1, 1, x1 - x0)[None, :, None] * rng.normal() + \
                np.linspace(-1, 1, y1 - y0)[:, None, None] * rng.normal()
            fill = fill + 0.2 * slope
        alpha = 1 if rng.random() < 0.8 else rng.uniform(0.2, 0.9)
        part = picture[y0:y1, x0:x1]
        picture[y0:y1, x0:x1] = np.where(cut, part * (1 - alpha) + fill * alpha, part)
    if rng.random() < 0.5:
        picture = ndimage.gaussian_filter(picture, (s := rng.uniform(0.3, 1.2), s, 0))
    return picture


def bank(count, side, seed, said=lambda done: None):
    """`(count, side, side, 3)` bytes; a third of them dead leaves, the rest textures."""
    result = np.empty((count, side, side, 3), np.uint8)
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        picture = leaves(rng, side) if index % 3 == 0 else texture(rng, side)
        result[index] = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
        said(index + 1)
    return result


class Composer:
    """Cuts pictures of `size` out of a bank: turned, mixed, with defects, light, blur and noise."""

    def __init__(self, pictures, size, seed):
        self.pictures, self.size, self.seed = pictures, size, seed
        rng = np.random.default_rng([seed, 1 << 30])
        self.fields = np.stack([unit(noise(rng, size, rng.uniform(1.2, 3), None)) for _ in range(400)]).astype(np.float32)
        y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
        self.x, self.y = x, y

    def cut(self, rng):
        picture = self.pictures[rng.integers(len(self.pictures))]
        side = len(picture)
        want = int(min(side, self.size * np.exp(rng.uniform(np.log(0.6), np.log(1.9)))))
        top, left = rng.integers(0, side - want + 1, 2)
        piece = picture[top:top + want, left:left + want]
        if want != self.size:
            at = (np.arange(self.size) + 0.5) * want / self.size - 0.5
            low = np.clip(at.astype(int), 0, want - 2)
            part = np.clip(at - low, 0, 1).astype(np.float32)
            if want > 1.3 * self.size:
                piece = ndimage.uniform_filter(piece, (2, 2, 0))
            rows = piece[low] + (piece[low + 1].astype(np.float32) - piece[low]) * part[:, None, None]
            piece = rows[:, low] + (rows[:, low + 1] - rows[:, low]) * part[None, :, None]
        piece = np.rot90(piece, rng.integers(4))
        piece = piece[:, ::-1] if rng.random() < 0.5 else piece
        return piece.astype(np.float32) / 255

    def field(self, rng):
        field = self.fields[rng.integers(len(self.fields))]
        field = np.rot90(field, rng.integers(4))
        return np.roll(field, rng.integers(0, self.size, 2), (0, 1))

    def defect(self, rng, picture):
        """A scratch, a spot or a stain on it."""
        kind = rng.integers(3)
        angle = rng.uniform(0, np.pi)
        x, y = self.x - rng.uniform(-0.45, 0.45), self.y - rng.uniform(-0.45, 0.45)
        u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        if kind == 0:
            bend = v + rng.uniform(-1, 1) * u * u * 2 + 0.05 * (self.field(rng) - 0.5)
            mask = (np.abs(bend) < rng.uniform(0.003, 0.02)) & (np.abs(u) < rng.uniform(0.03, 0.5))
        elif kind == 1:
            mask = u * u + (v * rng.uniform(1, 4)) ** 2 < rng.uniform(0.01, 0.12) ** 2
        else:
            field = self.field(rng)
            mask = (field > np.quantile(field[::8, ::8], rng.uniform(0.8, 0.98))) & (u * u + v * v < 0.06)
        mask = mask.astype(np.float32)
        if rng.random() < 0.5:
            mask = ndimage.gaussian_filter(mask, rng.uniform(0.5, 3))
        mask = mask[..., None] * rng.uniform(0.15, 1)
        way = rng.random()
        if way < 0.4:
            return picture * (1 - mask) + mask * rng.uniform(0, 1, 3 if rng.random() < 0.3 else 1).astype(np.float32)
        if way < 0.7:
            return picture * (1 - mask) + mask * self.cut(rng)
        return picture * (1 + mask * rng.uniform(-0.9, 0.9))

    def __call__(self, index):
        """Picture number `index`: `(size, size, 3)` bytes, the same each time."""
        rng = np.random.default_rng([self.seed, 7, index])
        picture = self.cut(rng)
        if rng.random() < 0.35:
            for _ in range(rng.integers(1, 3)):
                field = self.field(rng)
                soft = rng.choice([400.0, 30.0, 6.0])
                mask = np.clip((field - np.quantile(field[::8, ::8], rng.uniform(0.2, 0.8))) * soft + 0.5, 0, 1)
                picture = picture + (self.cut(rng) - picture) * mask[..., None]
        while rng.random() < 0.45:
            picture = self.defect(rng, picture)
        if rng.random() < 0.3:
            light = 1 + rng.normal(0, 0.5) * self.x + rng.normal(0, 0.5) * self.y
            picture = picture * light[..., None]
        if rng.random() < 0.35:
            picture = np.repeat(picture.mean(-1, keepdims=True), 3, -1)
        if rng.random() < 0.7:
            mean = picture.mean()
            picture = (picture - mean) * np.exp(rng.normal(-0.2, 0.5)) + mean + rng.normal(0, 0.12)
        if rng.random() < 0.2:
            sigma = rng.uniform(0.4, 2)
            picture = ndimage.gaussian_filter(picture, (sigma, sigma, 0))
        if rng.random() < 0.35:
            picture = picture + rng.standard_normal(
                picture.shape[:2] + (rng.choice([1, 3]),), dtype=np.float32) * rng.uniform(0.005, 0.06)
        return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
