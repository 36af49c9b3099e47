# SPDX-License-Identifier: Apache-2.0
"""Exports the trained network to ONNX, in the plain and in the rewritten form."""
import warnings

import onnx
import torch

OPSET = 17


def export(detector, path):
    """Writes `detector` to `path`: input `picture` (1, S, S, 3) u8, outputs `map` (1, S, S) and `score` (1)."""
    picture = torch.zeros(1, detector.size, detector.size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        # The older exporter keeps module names in node names, by which the trunk is told from the head.
        warnings.simplefilter("ignore")
        torch.onnx.export(detector, (picture,), str(path), input_names=["picture"], output_names=["map", "score"],
                          opset_version=OPSET, dynamo=False)
    onnx.checker.check_model(str(path))


def is_trunk(name):
    """Whether a node belongs to one of the two trunks, or pools the teacher's maps: what int8 is meant for."""
    return name.startswith(("/student/", "/teacher/")) or name.startswith("/AveragePool")
