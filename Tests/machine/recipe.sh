# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Pictures for the camera, and a recipe that tells them apart; small, as the guest's processor is an interpreter. The
# tool comes out of the package under test.

make_recipe() {
    local tool=$1 pictures=$work/pictures parts format
    say "pictures and recipe"
    rm -rf "$pictures" "$share/recipe" "$share/show"
    mkdir -p "$pictures" "$share/recipe"
    "$work/parts" "$pictures"
    # How the camera takes them; before the training, as the calibration remembers it.
    mkdir -p "$share/recipe/vm"
    cat > "$share/recipe/vm/camera.yaml" <<SETTINGS
format: mjpeg
size:
  width: 640
  height: 480
rate: 10
controls:
  auto_exposure: 1
  exposure_time_absolute: 300
limits:
  frozen_seconds: 2
  stale_seconds: 2
SETTINGS
    nice "$tool" train vm --data "$pictures/train" --size 64 --epochs 20 --recipes "$share/recipe" \
        > "$work/train.log" 2>&1
    # Some good parts may lie above the threshold, that is what it promises: the camera shows those that don't.
    parts=$(judge "$tool" "$pictures/show/good" | awk '$2 > 0.8 * $3 {print $1}')
    [ -z "$parts" ] || xargs rm <<< "$parts"
    [ "$(find "$pictures/show/good" -name '*.jpg' | wc -l)" -ge 16 ] || no_verdict "fewer than 16 good parts pass"
    judge "$tool" "$pictures/show/still" | awk '$2 > $3 {exit 1}' || no_verdict "the part for the frozen camera is bad"
    judge "$tool" "$pictures/show/defect" > "$share/defects"
    awk '$2 < 2 * $3 {exit 1}' "$share/defects" || no_verdict "the recipe does not see the defect: see $work/train.log"
    cp -r "$pictures/show" "$share/show"
    # The guest calibrates again: it finds the pictures where the recipe says they are.
    cp -r "$pictures/train" "$share/train"
    echo "$pictures/train" > "$share/train-folder"
    for format in yuyv nv12 rgb; do make_raw_recipe "$tool" "$format"; done
}

# The same recipe for raw pictures; a recipe is calibrated for one way of taking pictures.
make_raw_recipe() {
    local folder=$share/recipe/raw-$2
    cp -r "$share/recipe/vm" "$folder"
    sed -i "s/^name:.*/name: raw-$2/" "$folder/recipe.yaml"
    printf 'format: %s\nsize:\n  width: 640\n  height: 480\n' "$2" > "$folder/camera.yaml"
    "$1" calibrate "raw-$2" --recipes "$share/recipe" >> "$work/train.log" 2>&1
}

# judge TOOL FOLDER: a line 'FILE SCORE THRESHOLD' for each picture.
judge() {
    # 1 says that some are bad, and that is allowed here.
    "$1" inspect "$2"/*.jpg --recipe vm --recipes "$share/recipe" --json > "$work/judged.json" || [ $? = 1 ]
    tr ',{}' '\n\n\n' < "$work/judged.json" | tr -d '" ' | awk -F: '
        $1 == "file" || $1 == "path" || $1 == "picture" {file = $2}
        $1 == "score" {score = $2}
        $1 == "threshold" {threshold = $2}
        file != "" && score != "" && threshold != "" {print file, score, threshold; file = score = threshold = ""}'
}
