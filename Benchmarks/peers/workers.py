# SPDX-License-Identifier: Apache-2.0
"""One peer in a process of its own, with its own threads: it computes when told to and sleeps in a read otherwise.

    workers.py PEER FOLDER THREADS     reads JSON requests, a line each, from standard input, answers on standard output

Requests: {"frames": N} or {"seconds": S} -> {"ms": [...]}; {"check": true} -> map correlation and score error against
the float32 reference; an end of input ends the process. The processors to run on are set by whoever starts this.
"""
import json
import os
import sys
import time

import numpy as np


class OpenVINO:
    """NNCF's int8 graph on OpenVINO's processor plugin, one stream, one request that is used again and again."""

    def __init__(self, folder, form, threads):
        import openvino as ov

        settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
                    "ENABLE_CPU_PINNING": True, "ENABLE_HYPER_THREADING": False,
                    # What stays in floating point (the head) is no faster in bfloat16, and coarser.
                    "INFERENCE_PRECISION_HINT": "f32"}
        self.model = ov.Core().compile_model(f"{folder}/openvino-{form}.xml", "CPU", settings)
        self.request = self.model.create_infer_request()
        self.tensor = ov.Tensor(np.zeros(self.model.input(0).shape, np.uint8))
        self.request.set_input_tensor(self.tensor)
        self.picture = self.tensor.data

    def frame(self):
        # Not infer(), which copies the results out.
        self.request.start_async()
        self.request.wait()

    def map(self):
        return self.request.get_output_tensor(0).data[0]

    def kernels(self):
        """Names of the convolutions' kernels: they say which instruction set was chosen."""
        nodes = self.model.get_runtime_model().get_ordered_ops()
        about = [{key: value.astype(str) for key, value in node.get_rt_info().items()} for node in nodes]
        return sorted({info["primitiveType"] for info in about if info.get("layerType") == "Convolution"})


class ONNXRuntime:
    """The QDQ graph on ONNX Runtime's processor provider, inputs and outputs bound once."""

    def __init__(self, folder, form, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        self.session = onnxruntime.InferenceSession(f"{folder}/onnxruntime.onnx", options, ["CPUExecutionProvider"])
        shape = self.session.get_inputs()[0].shape
        self.picture, self.result = np.zeros(shape, np.uint8), np.zeros(shape[:3], np.float32)
        score = np.zeros(1, np.float32)
        self.binding = self.session.io_binding()
        self.binding.bind_input("picture", "cpu", 0, np.uint8, shape, self.picture.ctypes.data)
        self.binding.bind_output("map", "cpu", 0, np.float32, self.result.shape, self.result.ctypes.data)
        self.binding.bind_output("score", "cpu", 0, np.float32, score.shape, score.ctypes.data)
        self.score = score

    def frame(self):
        self.session.run_with_iobinding(self.binding)

    def map(self):
        return self.result[0]

    def kernels(self):
        return []


class PyTorch:
    """The float32 network, channels last, traced and frozen."""

    def __init__(self, folder, form, threads):
        import torch

        import network

        torch.set_num_threads(threads)
        with open(f"{folder}/about.json") as file:
            about = json.load(file)
        detector = network.load(about["student"], about["teacher"], about["levels"], about["size"], form)
        self.torch, self.tensor = torch, torch.zeros(1, about["size"], about["size"], 3, dtype=torch.uint8)
        self.picture = self.tensor.numpy()
        with torch.inference_mode():
            traced = torch.jit.trace(detector.to(memory_format=torch.channels_last), self.tensor, check_trace=False)
            self.detector = torch.jit.freeze(traced)

    def frame(self):
        with self.torch.inference_mode():
            self.result = self.detector(self.tensor)

    def map(self):
        return self.result[0][0].numpy()

    def kernels(self):
        return [self.torch.backends.cpu.get_cpu_capability()]


PEERS = {
    "openvino-rewritten": (OpenVINO, "rewritten"),
    "openvino-plain": (OpenVINO, "plain"),
    "openvino-unsmoothed": (OpenVINO, "unsmoothed"),
    "onnxruntime": (ONNXRuntime, "rewritten"),
    "pytorch": (PyTorch, "rewritten"),
}


def frames(peer, count, seconds):
    """Milliseconds of each of `count` frames, or of as many as fit into `seconds`, after three to warm up."""
    for _ in range(3):
        peer.frame()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < count or (not count and time.perf_counter() < end):
        start = time.perf_counter()
        peer.frame()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def check(peer, folder):
    """How close the peer's maps and scores are to the float32 reference's on the check pictures."""
    pictures, reference = np.load(f"{folder}/pictures.npy"), np.load(f"{folder}/reference.npy")
    maps = []
    for picture in pictures:
        peer.picture[...] = picture
        peer.frame()
        maps.append(peer.map().copy())
    maps = np.stack(maps)
    scores, expected = maps.max((1, 2)), reference.max((1, 2))
    return {"map_correlation": float(np.corrcoef(maps.ravel(), reference.ravel())[0, 1]),
            "score_error": float(np.abs(scores / expected - 1).mean())}


def main(name, folder, threads):
    # Libraries print to standard output; the answers go to a copy that only this program knows.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind, form = PEERS[name]
    peer = kind(folder, form, int(threads))
    print(json.dumps({"ready": name, "kernels": peer.kernels()}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "check" in request:
            answer = check(peer, folder)
        else:
            answer = {"ms": frames(peer, request.get("frames", 0), request.get("seconds", 0))}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
