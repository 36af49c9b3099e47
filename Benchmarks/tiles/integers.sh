#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The README's table of integers against float32: trains on both sets for several seeds and compares the engines on the
# test parts. One JSON object a line on standard output.
#
#   JIDOKA_DATA=... Benchmarks/tiles/integers.sh [OUT]        SEEDS="1 2 3" EPOCHS=20 SETS="magnetic-tile brick" BITS=7
#
# JIDOKA_DATA is the folder of the data sets; the ImageNet trunk is expected beside it in models/ (or TEACHER=file).
set -euo pipefail
data=${JIDOKA_DATA:?the folder of the data sets}
teacher=${TEACHER:-$data/../models/resnet18-imagenet-trunk.safetensors}
out=${1:-$(mktemp -d)}
mkdir -p "$out"
jidoka=${JIDOKA:-.build/release/jidoka}
for set in ${SETS:-magnetic-tile brick}; do
    for seed in ${SEEDS:-1 2 3}; do
        name=$set-$seed
        "$jidoka" train "$name" --recipes "$out" --data "$data/$set" --teacher "$teacher" --levels layer1,layer2,layer3 \
            --normalisation per-location --score maximum --smoothing 4 --epochs "${EPOCHS:-20}" \
            --seed "$seed" --restart > "$out/$name.txt"
        [ -z "${BITS:-}" ] || "$jidoka" quantize "$name" --recipes "$out" --bits "$BITS" > "$out/$name-$BITS.txt"
        "$jidoka" compare "$data/$set" --recipe "$name" --recipes "$out" --json |
            python3 -c "import json, sys; print(json.dumps({'recipe': '$name'} | json.load(sys.stdin)), flush=True)"
    done
done
