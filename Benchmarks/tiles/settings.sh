#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What other map settings would have given on the recipes that run.sh made: for the README's table only. Choices are made by
# 'jidoka bench choices', which sees no real defect; this script looks afterwards.
#
#   JIDOKA_DATA=... Benchmarks/tiles/settings.sh OUT SET    OUT: run.sh's folder; SET: magnetic-tile or brick
set -euo pipefail
data=${JIDOKA_DATA:?the folder of the data sets}
out=${1:?the folder of the recipes}
jidoka=${JIDOKA:-.build/release/jidoka}
for recipe in "$out"/"${2:?the data set}"-*/; do
    name=$(basename "$recipe")
    cp "$recipe/recipe.yaml" "$recipe/recipe.yaml.keep"
    while read -r levels weights normalisation score smoothing; do
        cat > "$recipe/recipe.yaml" <<Y
name: "$name"
engine: $(sed -n 's/^engine: //p' "$recipe/recipe.yaml.keep")
input:
  size: 256
  resize: stretch
map:
  levels: [$levels]
  weights: [$weights]
  normalisation: $normalisation
  smoothing: $smoothing
  score: $score
Y
        "$jidoka" calibrate "$name" --recipes "$out" --alpha 0.05 > /dev/null
        "$jidoka" evaluate "$data/$2" --recipe "$name" --recipes "$out" --json | python3 -c '
import json, sys
name, levels, normalisation, score, smoothing, choices = sys.argv[1:]
result = json.load(sys.stdin)
same = [c for c in json.load(open(choices)) if c["settings"]["levels"] == levels.split(",") and
        (c["settings"]["normalisation"], c["settings"]["score"], c["settings"]["smoothing"]) == (normalisation, score, float(smoothing))]
print(json.dumps({"recipe": name, "levels": levels, "normalisation": normalisation, "score": score, "smoothing": smoothing,
                  "synthetic_auroc": same[0]["auroc"] if same else None, "image_auroc": result["image_auroc"],
                  "pixel_auroc": result["pixel_auroc"], "recall_at_5": result["recall"], "false_stops_at_5": result["false_stop_rate"]}), flush=True)
' "$name" "$levels" "$normalisation" "$score" "$smoothing" "$out/$name.choices.json"
    done <<'S'
layer1,layer2,layer3 1,1,1 none maximum 4
layer1,layer2,layer3 1,1,1 global maximum 4
layer1,layer2,layer3 1,1,1 per-location maximum 4
layer1,layer2,layer3 1,1,1 per-location top-1-percent 4
layer1,layer2,layer3 1,1,1 per-location maximum 2
layer1,layer2,layer3 1,1,1 per-location maximum 8
layer2,layer3 1,1 per-location maximum 4
layer1,layer2 1,1 per-location maximum 4
layer3 1 per-location maximum 4
S
    mv "$recipe/recipe.yaml.keep" "$recipe/recipe.yaml"
done
