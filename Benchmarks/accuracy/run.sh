#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# models/RESULTS.md: trains and judges detectors on the data sets below JIDOKA_DATA with seeds 1, 2, 3, then prints what
# tables.py makes of it. Some hours on two cores; finished runs are kept, so it can be interrupted.
#
#   JIDOKA_DATA=... Benchmarks/accuracy/run.sh [OUT]
#
# JIDOKA_DATA is the folder of the data sets; the ImageNet trunk is expected beside it in models/ (or TRUNK=file).
set -euo pipefail
data=${JIDOKA_DATA:?the folder of the data sets}
trunk=${TRUNK:-$data/../models/resnet18-imagenet-trunk.safetensors}
out=${1:-bench-accuracy}
jidoka=${JIDOKA:-.build/release/jidoka}
bench() {
    "$jidoka" bench accuracy --data "$data/magnetic-tile" "$data/brick" --teacher built-in \
        --teacher models/teacher-full.safetensors --teacher "$trunk" --detectors reduced-student,padim,patch-memory \
        --keep-recipes --hindsight --out "$out" "$@"
}
bench
python3 "$(dirname "$0")/tables.py" "$out" --data "$data" --jidoka "$jidoka"
# Milliseconds, on a machine that does nothing else: a picture of each recipe in turn.
bench --time
