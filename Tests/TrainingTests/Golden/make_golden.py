# SPDX-License-Identifier: Apache-2.0
"""Writes golden.json: what each operation, layer and optimiser must give.

Forward passes are plain float64 loops over the definitions, and every gradient is a float64 central difference of the
forward pass, so nothing here shares a derivation with the engine. Needs numpy; run by hand when a case is added:

    python3 make_golden.py > golden.json
"""
import json
import math

import numpy as np

rng = np.random.default_rng(20240607)


def draw(*shape, scale=1.0):
    """Values with three decimals: short in the file and the same in float32 and float64 to 1e-7."""
    return np.round(rng.normal(size=shape) * scale, 3)


def array(values):
    values = np.asarray(values, dtype=np.float64)
    return {"shape": list(values.shape), "values": [float("%.7g" % v) for v in values.ravel()]}


def convolution(x, w, b=None, stride=1, padding=0):
    n, h, width, _ = x.shape
    kh, kw, _, co = w.shape
    oh, ow = (h + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    y = np.zeros((n, oh, ow, co))
    for oy in range(oh):
        for ox in range(ow):
            window = padded[:, oy * stride:oy * stride + kh, ox * stride:ox * stride + kw, :]
            y[:, oy, ox, :] = np.einsum("nhwc,hwco->no", window, w)
    return y if b is None else y + b


def batch_norm(x, gamma, beta, mean=None, variance=None, epsilon=1e-5):
    if mean is None:
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def running(x, mean, variance, momentum=0.1):
    flat = x.reshape(-1, x.shape[-1])
    return ((1 - momentum) * mean + momentum * flat.mean(axis=0),
            (1 - momentum) * variance + momentum * flat.var(axis=0, ddof=1))


def relu(x):
    return np.maximum(x, 0)


def pool(x, kernel, stride, padding, reduce, border):
    n, h, w, c = x.shape
    oh, ow = (h + 2 * padding - kernel) // stride + 1, (w + 2 * padding - kernel) // stride + 1
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), constant_values=border)
    y = np.zeros((n, oh, ow, c))
    for oy in range(oh):
        for ox in range(ow):
            y[:, oy, ox, :] = reduce(padded[:, oy * stride:oy * stride + kernel, ox * stride:ox * stride + kernel, :])
    return y


def max_pool(x, kernel, stride, padding=0):
    return pool(x, kernel, stride, padding, lambda v: v.max(axis=(1, 2)), -np.inf)


def average_pool(x, kernel, stride):
    return pool(x, kernel, stride, 0, lambda v: v.mean(axis=(1, 2)), 0)


def bilinear(x, height, width):
    n, h, w, c = x.shape
    y = np.zeros((n, height, width, c))
    for oy in range(height):
        sy = max(0.0, (oy + 0.5) * h / height - 0.5)
        y0 = min(int(math.floor(sy)), h - 1)
        y1 = min(y0 + 1, h - 1)
        for ox in range(width):
            sx = max(0.0, (ox + 0.5) * w / width - 0.5)
            x0 = min(int(math.floor(sx)), w - 1)
            x1 = min(x0 + 1, w - 1)
            fy, fx = sy - y0, sx - x0
            y[:, oy, ox] = ((1 - fy) * ((1 - fx) * x[:, y0, x0] + fx * x[:, y0, x1])
                            + fy * ((1 - fx) * x[:, y1, x0] + fx * x[:, y1, x1]))
    return y


def normalised(x):
    norm = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    return np.divide(x, norm, out=np.zeros_like(x), where=norm > 1e-12)


def distillation(student, teacher):
    d = normalised(teacher) - normalised(student)
    return np.array(0.5 * (d * d).sum(axis=-1).mean())


def difference_gradients(forward, inputs, seed, names):
    """d(sum(seed * forward(inputs))) / d(each named input), by central differences."""
    result, step = {}, 1e-5
    for name in names:
        values = inputs[name]
        gradient = np.zeros(values.shape)
        for index in np.ndindex(*values.shape):
            old = values[index]
            values[index] = old + step
            up = (seed * forward(**inputs)).sum()
            values[index] = old - step
            down = (seed * forward(**inputs)).sum()
            values[index] = old
            gradient[index] = (up - down) / (2 * step)
        result[name] = gradient
    return result


cases = []


def case(operation, forward, inputs, names=None, extra=None, **settings):
    names = list(inputs) if names is None else names
    output = forward(**inputs)
    seed = draw(*output.shape) if output.shape else np.array(1.0)
    gradients = difference_gradients(forward, inputs, seed, names)
    cases.append({
        "operation": operation, "settings": settings,
        "inputs": {k: array(v) for k, v in inputs.items()}, "output": array(output), "seed": array(seed),
        "gradients": {k: array(v) for k, v in gradients.items()},
        "extra": {k: array(v) for k, v in (extra or {}).items()},
    })


def operations():
    for n, h, w, ci, co, k, stride, padding, with_bias in [
        (2, 5, 6, 3, 4, 3, 1, 1, True), (1, 7, 5, 2, 3, 3, 2, 1, False), (2, 4, 3, 3, 5, 1, 1, 0, True),
        (1, 5, 5, 3, 2, 1, 2, 0, False), (1, 9, 8, 2, 3, 7, 2, 3, True), (1, 6, 7, 2, 3, 4, 1, 0, False),
        (1, 5, 6, 2, 2, 4, 2, 1, False), (1, 4, 4, 17, 3, 3, 1, 0, False),
    ]:
        inputs = {"x": draw(n, h, w, ci), "w": draw(k, k, ci, co, scale=0.5)}
        if with_bias:
            inputs["b"] = draw(co)
        case("convolution", lambda x, w, b=None: convolution(x, w, b, stride, padding), inputs, stride=stride,
             padding=padding)
    for c, train, with_residual, with_relu in [
        (3, 1, 0, 0), (5, 1, 0, 1), (18, 1, 1, 1), (3, 1, 1, 0), (4, 0, 0, 1), (3, 0, 1, 1),
    ]:
        inputs = {"x": draw(2, 3, 2, c) + 1.5, "gamma": draw(c), "beta": draw(c)}
        if with_residual:
            inputs["residual"] = draw(2, 3, 2, c)
        mean, variance = draw(c), np.abs(draw(c)) + 0.5

        def forward(x, gamma, beta, residual=None):
            y = batch_norm(x, gamma, beta) if train else batch_norm(x, gamma, beta, mean, variance)
            y = y if residual is None else y + residual
            return relu(y) if with_relu else y

        new = running(inputs["x"], mean, variance) if train else (mean, variance)
        case("batchNormalisation", forward, inputs, training=train, relu=with_relu, extra={
            "mean": mean, "variance": variance, "newMean": new[0], "newVariance": new[1]})
    for train in (1, 0):
        mean, variance = draw(3), np.abs(draw(3)) + 0.5
        case("batchNormalisedMaxPooling",
             lambda x, gamma, beta: max_pool(
                 relu(batch_norm(x, gamma, beta) if train else batch_norm(x, gamma, beta, mean, variance)), 3, 2, 1),
             {"x": draw(2, 5, 6, 3), "gamma": draw(3), "beta": draw(3)}, training=train, kernel=3, stride=2,
             padding=1, extra={"mean": mean, "variance": variance})
    for h, w, k, stride, padding in [(5, 6, 3, 2, 1), (4, 5, 2, 2, 0), (6, 5, 3, 1, 1), (7, 7, 4, 3, 2)]:
        case("maxPooling", lambda x: max_pool(x, k, stride, padding), {"x": draw(2, h, w, 3)}, kernel=k,
             stride=stride, padding=padding)
    for h, w, k, stride in [(4, 6, 2, 2), (5, 5, 2, 2), (5, 4, 3, 1)]:
        case("averagePooling", lambda x: average_pool(x, k, stride), {"x": draw(2, h, w, 3)}, kernel=k, stride=stride)
    for h, w, height, width in [(3, 4, 6, 8), (2, 3, 5, 7), (1, 1, 3, 2), (6, 5, 3, 4)]:
        case("bilinearUpsampling", lambda x: bilinear(x, height, width), {"x": draw(2, h, w, 3)}, height=height,
             width=width)
    for c in (3, 18):
        case("channelNormalised", normalised, {"x": draw(2, 2, 3, c)})
        case("distillationLoss", distillation, {"student": draw(2, 3, 2, c), "teacher": draw(2, 3, 2, c)},
             names=["student"])
    case("meanSquaredError", lambda a, b: np.array(((a - b) ** 2).mean()), {"a": draw(2, 3, 5), "b": draw(2, 3, 5)})
    case("relu", relu, {"x": draw(3, 7)})
    case("add", lambda x, y: relu(x + y), {"x": draw(3, 7), "y": draw(3, 7)}, relu=1)
    case("scaled", lambda x: -1.5 * x, {"x": draw(3, 7)}, factor=-1.5)
    case("sum", lambda x: np.array(x.sum()), {"x": draw(3, 7)})


def layers():
    for ci, co, stride in [(3, 3, 1), (2, 3, 2), (2, 3, 1)]:
        x = draw(2, 5, 4, ci)
        p = {"conv1.weight": draw(3, 3, ci, co, scale=0.4), "conv2.weight": draw(3, 3, co, co, scale=0.4)}
        names = ["bn1", "bn2"]
        has_shortcut = stride != 1 or ci != co
        if has_shortcut:
            p["downsample.0.weight"] = draw(1, 1, ci, co, scale=0.5)
            names.append("downsample.1")
        for name in names:
            p[name + ".weight"], p[name + ".bias"] = draw(co), draw(co)
        state = {}
        for name in names:
            state[name + ".running_mean"], state[name + ".running_var"] = draw(co), np.abs(draw(co)) + 0.5

        def forward(x, train=True, seen=None, **p):
            def bn(name, v):
                if seen is not None:
                    seen[name] = v
                if train:
                    return batch_norm(v, p[name + ".weight"], p[name + ".bias"])
                return batch_norm(v, p[name + ".weight"], p[name + ".bias"], state[name + ".running_mean"],
                                  state[name + ".running_var"])
            middle = relu(bn("bn1", convolution(x, p["conv1.weight"], None, stride, 1)))
            y = bn("bn2", convolution(middle, p["conv2.weight"], None, 1, 1))
            shortcut = bn("downsample.1", convolution(x, p["downsample.0.weight"], None, stride, 0)) \
                if has_shortcut else x
            return relu(y + shortcut)

        seen = {}
        forward(x, seen=seen, **p)
        extra = dict(state)
        extra["evaluated"] = forward(x, train=False, **p)
        for name, v in seen.items():
            extra["new." + name + ".running_mean"], extra["new." + name + ".running_var"] = running(
                v, state[name + ".running_mean"], state[name + ".running_var"])
        convolutions = {"bn1": "conv1", "bn2": "conv2", "downsample.1": "downsample.0"}
        for name in names:
            scale = p[name + ".weight"] / np.sqrt(state[name + ".running_var"] + 1e-5)
            extra["folded." + convolutions[name] + ".weight"] = np.transpose(
                p[convolutions[name] + ".weight"] * scale, (3, 2, 0, 1))
            extra["folded." + convolutions[name] + ".bias"] = (
                p[name + ".bias"] - state[name + ".running_mean"] * scale)
        case("BasicBlock", forward, {"x": x, **p}, extra=extra, channels=ci, outputs=co, stride=stride)

    x = draw(1, 11, 10, 3)
    p = {"conv1.weight": draw(7, 7, 3, 2, scale=0.2), "bn1.weight": draw(2), "bn1.bias": draw(2)}
    mean, variance = draw(2), np.abs(draw(2)) + 0.5

    def stem(x, train=True, **p):
        v = convolution(x, p["conv1.weight"], None, 2, 3)
        v = batch_norm(v, p["bn1.weight"], p["bn1.bias"]) if train else batch_norm(
            v, p["bn1.weight"], p["bn1.bias"], mean, variance)
        return max_pool(relu(v), 3, 2, 1)

    new = running(convolution(x, p["conv1.weight"], None, 2, 3), mean, variance)
    scale = p["bn1.weight"] / np.sqrt(variance + 1e-5)
    case("Stem", stem, {"x": x, **p}, outputs=2, extra={
        "bn1.running_mean": mean, "bn1.running_var": variance, "new.bn1.running_mean": new[0],
        "new.bn1.running_var": new[1], "evaluated": stem(x, train=False, **p),
        "folded.conv1.weight": np.transpose(p["conv1.weight"] * scale, (3, 2, 0, 1)),
        "folded.conv1.bias": p["bn1.bias"] - mean * scale})


def optimisers():
    runs = []
    start, gradients = draw(5), [draw(5) for _ in range(6)]
    rates = [0.1, 0.08, 0.06, 0.05, 0.02, 0.01]
    for momentum, decay in [(0.0, 0.0), (0.9, 0.0), (0.9, 0.05)]:
        p, v, track = start.copy(), None, []
        for g, rate in zip(gradients, rates):
            g = g + decay * p
            v = g.copy() if v is None else momentum * v + g
            p = p - rate * v
            track.append(p)
        runs.append({"name": "sgd", "momentum": momentum, "decay": decay, "track": array(track)})
    for name, decay in [("adam", 0.0), ("adam", 0.05), ("adamw", 0.05)]:
        p, m, v, track = start.copy(), np.zeros(5), np.zeros(5), []
        for t, (g, rate) in enumerate(zip(gradients, rates), start=1):
            if name == "adamw":
                p = p * (1 - rate * decay)
            else:
                g = g + decay * p
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            p = p - rate * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
            track.append(p)
        runs.append({"name": name, "momentum": 0.0, "decay": decay, "track": array(track)})
    return {"start": array(start), "gradients": array(gradients), "rates": array(rates), "runs": runs}


def schedules():
    def bend(a, b, share):
        return b + (a - b) / 2 * (1 + math.cos(math.pi * share))

    def one_cycle(step, total, peak, division, start=0.3):
        low, end = peak / division, peak / division / 1e4
        top = start * total - 1
        return bend(low, peak, step / top) if step <= top else bend(peak, end, (step - top) / (total - 1 - top))

    return {
        "oneCycle": array([one_cycle(s, 40, 4e-3, 25) for s in range(40)]),
        "oneCycleTen": array([one_cycle(s, 25, 4e-3, 10) for s in range(25)]),
        "cosine": array([bend(0.4, 0.01, s / 20) for s in range(21)]),
    }


def random_words(seed, count):
    mask, word, state = (1 << 64) - 1, seed, []
    for _ in range(4):
        word = (word + 0x9E3779B97F4A7C15) & mask
        z = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        state.append(z ^ (z >> 31))
    rotate = lambda v, k: ((v << k) | (v >> (64 - k))) & mask
    words = []
    for _ in range(count):
        words.append(str((rotate((state[1] * 5) & mask, 7) * 9) & mask))
        t = (state[1] << 17) & mask
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= t
        state[3] = rotate(state[3], 45)
    return words


operations()
layers()
print(json.dumps({
    "cases": cases, "optimisers": optimisers(), "schedules": schedules(), "randomWords": random_words(42, 12),
}, separators=(",", ":")))
