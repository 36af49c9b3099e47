# SPDX-License-Identifier: Apache-2.0
"""Makes everything the workers load for one picture size, once: exports, quantised models and the float32 reference.

    prepare.py STUDENT TEACHER LEVELS SIZE PARTS.JSON CACHE      prints the folder as the last line

The folder is named for the contents of all that goes into it (weights, levels, size, these programs, package versions),
so nothing in it is ever out of date.
"""
import hashlib
import json
import pathlib
import shutil
import sys

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
CALIBRATION_PICTURES = 100
CHECK_PICTURES = 32


def digest(*paths):
    """SHA-256 over the contents of files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return total.hexdigest()


def spread(items, count):
    """At most `count` of `items`, evenly spread over them."""
    return [items[index * len(items) // count] for index in range(count)] if len(items) > count else list(items)


def read(paths, size):
    """Pictures (N, size, size, 3) u8 of files, stretched to the size."""
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((size, size), Image.BILINEAR))
                     for path in paths])


def pictures(parts, size):
    """Calibration pictures (the parts the recipe was trained on) and check pictures (its folder's test parts)."""
    dealt = json.loads(pathlib.Path(parts).read_text())
    folder = pathlib.Path(dealt["data"])
    if not folder.is_dir():
        raise SystemExit(f"{parts}: the recipe's data folder {folder} is not there: train the recipe again where it is")
    train = [folder / part["path"] for part in dealt["parts"] if part["role"] == "train"]
    test = sorted(path for path in folder.glob("test/*/*") if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp"))
    return read(spread(train, CALIBRATION_PICTURES), size), read(spread(test or train, CHECK_PICTURES), size)


def make(folder, student, teacher, levels, size, parts):
    """Fills `folder`: FORM.onnx, openvino-FORM.xml, onnxruntime.onnx, pictures.npy, reference.npy, about.json."""
    import torch

    import network
    import quantise
    from export import export

    calibration, check = pictures(parts, size)
    for form in network.FORMS:
        detector = network.load(student, teacher, levels, size, form)
        source = folder / f"{form}.onnx"
        export(detector, source)
        quantise.openvino(source, folder / f"openvino-{form}.xml", calibration)
        if form == "rewritten":
            quantise.onnxruntime(source, folder / "onnxruntime.onnx", calibration)
        if form == "plain":
            with torch.inference_mode():
                reference = np.concatenate([detector(torch.from_numpy(picture[None]))[0].numpy() for picture in check])
            work = network.multiply_accumulates(detector)
    np.save(folder / "pictures.npy", check)
    np.save(folder / "reference.npy", reference)
    about = {"student": str(student), "teacher": str(teacher), "levels": levels, "size": size,
             "multiply_accumulates": work}
    (folder / "about.json").write_text(json.dumps(about, indent=1))


def main(student, teacher, levels, size, parts, cache):
    if levels == "trained":
        import network
        levels = ",".join(network.levels_of(student))
    key = digest(teacher, parts, *sorted(HERE.glob("*.txt")), *(HERE / name for name in (
        "network.py", "export.py", "quantise.py", "prepare.py")))
    folder = pathlib.Path(cache) / digest(student)[:16] / f"{levels.replace(',', '.')}-{size}-{key[:12]}"
    if not (folder / "about.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder, student, teacher, levels.split(","), int(size), parts)
    print(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
