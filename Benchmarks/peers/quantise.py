# SPDX-License-Identifier: Apache-2.0
"""Post-training int8 quantisation of the exported network for OpenVINO and for ONNX Runtime.

Both quantise the two trunks and leave the head in float32, both take the activations' ranges as the smallest and
largest value seen on good parts (NNCF's default averages the pictures' extremes and clips bright features: map
correlation .975 instead of .999 on magnetic tiles, at the same speed).
"""
import contextlib
import logging
import os

from export import is_trunk


@contextlib.contextmanager
def quiet():
    """Sends what libraries print to nowhere: standard output is for results."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def openvino(source, target, pictures):
    """Quantises the ONNX file `source` with NNCF and writes OpenVINO's `target` (.xml); `pictures` (N, S, S, 3) u8."""
    import nncf
    import openvino as ov
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    nncf.set_log_level(logging.ERROR)
    model = ov.Core().read_model(source)
    head = [node.get_friendly_name() for node in model.get_ordered_ops()
            if not is_trunk(node.get_friendly_name())
            and node.get_type_name() not in ("Constant", "Parameter", "Result")]
    settings = nncf.AdvancedQuantizationParameters(
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX)
    with quiet():
        model = nncf.quantize(model, nncf.Dataset(pictures, lambda picture: picture[None]), subset_size=len(pictures),
                              preset=nncf.QuantizationPreset.PERFORMANCE, target_device=nncf.TargetDevice.CPU,
                              ignored_scope=nncf.IgnoredScope(names=head, validate=False), advanced_parameters=settings)
    quantise_before_transposing(model)
    ov.save_model(model, target, compress_to_fp16=False)


def quantise_before_transposing(model):
    """Swaps the input's quantiser with the transposition before it, where there is one, so that bytes are transposed.

    The plugin then drops the transposition, as its convolutions want NHWC: 0.15 ms of 4.8 ms on the rewritten graph.
    """
    from openvino import opset13

    for transpose in model.get_ordered_ops():
        users = transpose.output(0).get_target_inputs() if transpose.get_type_name() == "Transpose" else []
        for user in users:
            quantiser = user.get_node()
            if quantiser.get_type_name() != "FakeQuantize" or len(users) != 1:
                continue
            targets = quantiser.output(0).get_target_inputs()
            quantiser.input(0).replace_source_output(transpose.input_value(0))
            swapped = opset13.transpose(quantiser.output(0), transpose.input_value(1))
            for target in targets:
                target.replace_source_output(swapped.output(0))
    model.validate_nodes_and_infer_types()


def onnxruntime(source, target, pictures):
    """Quantises the ONNX file `source` to QDQ form (u8 activations, s8 weights per channel) and writes `target`."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(pictures)

        def get_next(self):
            picture = next(self.rest, None)
            return None if picture is None else {"picture": picture[None]}

    logging.getLogger().setLevel(logging.ERROR)
    prepared = f"{target}.prepared"
    with quiet():
        quant_pre_process(source, prepared)
        # ONNX Runtime's int8 average pooling is far slower than its float32 one (6.96 ms a frame in place of 6.45).
        head = [node.name for node in onnx.load(prepared).graph.node
                if not is_trunk(node.name) or node.op_type == "AveragePool"]
        quantize_static(prepared, target, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=head)
    os.remove(prepared)
