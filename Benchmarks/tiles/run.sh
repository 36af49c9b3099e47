#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The README's table on real parts: trains on good parts for several seeds and settings, asks for the measure by which
# settings are chosen (synthetic defects in select parts) and only then evaluates on real defects.
#
#   JIDOKA_DATA=... Benchmarks/tiles/run.sh [OUT]        one JSON object a line on standard output
#
# JIDOKA_DATA is the folder of the data sets; the ImageNet trunk is expected beside it in models/ (or TEACHER=file).
set -euo pipefail
data=${JIDOKA_DATA:?the folder of the data sets}
teacher=${TEACHER:-$data/../models/resnet18-imagenet-trunk.safetensors}
out=${1:-$(mktemp -d)}
mkdir -p "$out"
jidoka=${JIDOKA:-.build/release/jidoka}
run() { # SET LEVELS EPOCHS SEED OPTIMISER RATE
    local name="$1-${2//,/.}-$3-$5-$4" start=$SECONDS
    "$jidoka" train "$name" --recipes "$out" --data "$data/$1" --teacher "$teacher" --levels "$2" --normalisation per-location \
        --score maximum --smoothing 4 --epochs "$3" \
        --seed "$4" --optimiser "$5" --rate "$6" --engine float32 --restart --json \
        > "$out/$name.train.json"
    local took=$((SECONDS - start))
    "$jidoka" bench choices "$name" --recipes "$out" --top 0 --json > "$out/$name.choices.json"
    "$jidoka" evaluate "$data/$1" --recipe "$name" --recipes "$out" --json > "$out/$name.evaluate.json"
    python3 - "$out/$name" "$1" "$2" "$3" "$4" "$5" "$took" <<'P'
import json, sys
base, data, levels, epochs, seed, optimiser, took = sys.argv[1:]
train, choices, result = (json.load(open(f"{base}.{k}.json")) for k in ("train", "choices", "evaluate"))
mine = [c for c in choices if c["settings"]["normalisation"] == "per-location" and c["settings"]["score"] == "maximum"
        and c["settings"]["smoothing"] == 4 and c["settings"]["levels"] == levels.split(",")][0]
print(json.dumps({"data": data, "levels": levels, "epochs": int(epochs), "seed": int(seed), "optimiser": optimiser,
                  "seconds": int(took), "select_loss": train["select_loss"], "synthetic_auroc": mine["auroc"],
                  "best_synthetic": choices[0], "image_auroc": result["image_auroc"],
                  "pixel_auroc": result["pixel_auroc"], "recall": result["recall"],
                  "false_stop_rate": result["false_stop_rate"], "threshold": result["threshold"],
                  "per_defect": {k: round(v["image_auroc"], 3) for k, v in result["per_defect"].items()}}), flush=True)
P
}
all=layer1,layer2,layer3
for epochs in ${EPOCHS:-20 100}; do
    for seed in ${SEEDS:-1 2 3}; do
        for set in ${SETS:-magnetic-tile}; do run "$set" "${LEVELS:-$all}" "$epochs" "$seed" "${OPTIMISER:-adam}" "${RATE:-0.004}"; done
    done
done
