#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables of models/RESULTS.md that `jidoka bench accuracy` does not print, of the recipes that it kept.

    tables.py OUT --data JIDOKA_DATA [--jidoka PROGRAM]

1. Fixed map settings: what each would have given, beside what was chosen. 2. How far choices by other rules are from the best in
hindsight. 3. Integers against float32. Choices never see a defect; these tables look afterwards.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("out", type=pathlib.Path)
arguments.add_argument("--data", type=pathlib.Path, required=True)
arguments.add_argument("--jidoka", default=".build/release/jidoka")
given = arguments.parse_args()


def ask(*words):
    """The JSON of a command of jidoka."""
    return json.loads(subprocess.run([given.jidoka, *words, "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout)


def kept(run, name, calibration, *words):
    """The same, kept beside the run as long as networks and map settings are those of the calibration."""
    file = run / name
    mark = [calibration["model"], calibration["settings"]]
    if file.exists() and (found := json.loads(file.read_text()))["of"] == mark:
        return found["answer"]
    answer = ask(*words)
    file.write_text(json.dumps({"of": mark, "answer": answer}))
    return answer


def key(settings):
    return "+".join(settings["levels"]), settings["normalisation"], settings["score"], settings["smoothing"]


def plain(settings):
    """Whether every level counts the same, as in the 252 settings of the grid."""
    return set(settings["weights"]) == {1}


def spread(values):
    return f"{statistics.mean(values):.3f}" + (f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else "")


def table(header, rows):
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


runs = []
for file in sorted(given.out.glob("runs/*/results.json")):
    run, name = json.loads(file.read_text()), file.parent.name
    if run["case"]["detector"] != "reduced-student" or not (given.out / "recipes" / name).exists():
        continue
    data = str(given.data / run["case"]["set"])
    where = ["--recipes", str(given.out / "recipes")]
    calibration = json.loads((given.out / "recipes" / name / "calibration.json").read_text())
    judged = kept(file.parent, "hindsight.json", calibration, "bench", "choices", name, *where, "--judge", data, "--top", "0")
    run["real"] = {key(verdict["settings"]): verdict["image_auroc"] for verdict in judged if plain(verdict["settings"])}
    run["best"] = max(verdict["image_auroc"] for verdict in judged)
    trials = json.loads((given.out / "recipes" / name / "choice.json").read_text())["trials"]
    # By name, so that no rule's order decides between equals of another's.
    run["trials"] = sorted(filter(lambda trial: plain(trial["settings"]), trials), key=lambda trial: key(trial["settings"]))
    # Ten defects in each of at most 64 select parts (MapChoice, at 256 pixels).
    parts = json.loads((given.out / "recipes" / name / "parts.json").read_text())["parts"]
    run["defects"] = 10 * min(64, sum(part["role"] == "select" for part in parts))
    run["integers"] = kept(file.parent, "integers.json", calibration, "compare", data, "--recipe", name, *where)
    runs.append(run)

if not runs:
    raise SystemExit(f"{given.out}: no kept recipe of a reduced student; run bench accuracy with --keep-recipes")
groups = {}
for run in runs:
    group = groups.setdefault((run["case"]["set"], run["case"]["teacher"]), [])
    if any(other["case"]["seed"] == run["case"]["seed"] for other in group):
        raise SystemExit(f"{given.out}: two runs of {run['case']['set']}, {run['case']['teacher']}, seed {run['case']['seed']}: "
                         "sizes, epochs or builds are mixed; take a folder of their own for each")
    group.append(run)
names = [f"{data}, {teacher}" for data, teacher in groups]

fixed = [(levels, "per-location", "maximum", 4)
         for levels in ("layer1", "layer2", "layer3", "layer1+layer2", "layer2+layer3", "layer1+layer2+layer3")]
fixed += [("layer1+layer2+layer3", normalisation, "maximum", 4) for normalisation in ("global", "none")]
fixed += [("layer3", "per-location", "maximum", smoothing) for smoothing in (2, 8)]
fixed += [("layer3", "per-location", score, 4) for score in ("top-0.3-percent", "top-1-percent", "top-3-percent")]
rows = [[", ".join(map(str, settings))] + [spread([run["real"][settings] for run in group]) for group in groups.values()]
        for settings in fixed]
rows.append(["**chosen**"] + [spread([run["evaluation"]["image_auroc"] for run in group]) for group in groups.values()])
rows.append(["best in hindsight"] + [spread([run["best"] for run in group]) for group in groups.values()])
table(["settings"] + names, rows)


def standard_errors(count):
    """Recall within so many standard errors of the best, then the fewest levels, then the highest AUROC."""
    def rule(trials, defects):
        best = max(trial["recall_at_zero_fp"] for trial in trials)
        least = best - count * math.sqrt(best * (1 - best) / defects)
        close = [trial for trial in trials if trial["recall_at_zero_fp"] >= least]
        few = min(len(trial["settings"]["levels"]) for trial in close)
        return max((trial for trial in close if len(trial["settings"]["levels"]) == few), key=lambda trial: trial["auroc"])
    return rule


def near_auroc(distance, last="auroc"):
    """AUROC within a distance of the best, then the fewest levels, then the highest AUROC or recall."""
    def rule(trials, defects):
        best = max(trial["auroc"] for trial in trials)
        close = [trial for trial in trials if trial["auroc"] >= best - distance]
        few = min(len(trial["settings"]["levels"]) for trial in close)
        return max((trial for trial in close if len(trial["settings"]["levels"]) == few),
                   key=lambda trial: trial[last])
    return rule


rules = {
    "highest recall": lambda trials, defects: max(trials, key=lambda trial: trial["recall_at_zero_fp"]),
    "highest AUROC": lambda trials, defects: max(trials, key=lambda trial: trial["auroc"]),
    "recall within 1 standard error, fewest levels, AUROC": standard_errors(1),
    "recall within 2 standard errors, fewest levels, AUROC": standard_errors(2),
    "AUROC within 0.01, fewest levels, AUROC": near_auroc(0.01),
    "AUROC within 0.02, fewest levels, AUROC": near_auroc(0.02),
    "AUROC within 0.03, fewest levels, AUROC": near_auroc(0.03),
    "AUROC within 0.02, fewest levels, recall": near_auroc(0.02, "recall_at_zero_fp"),
    "all levels, AUROC": lambda trials, defects: max(
        (trial for trial in trials if len(trial["settings"]["levels"]) == 3), key=lambda trial: trial["auroc"]),
    "**mean of the sets of levels within 0.02, the nearer the more, AUROC** (ours)": None,
}


def found(run, rule):
    """AUROC on real defects of what a rule takes; no rule is the recipe as it is."""
    if rule is None:
        return run["evaluation"]["image_auroc"]
    return run["real"][key(rule(run["trials"], run["defects"])["settings"])]


rows = []
for name, rule in rules.items():
    gaps = [[run["best"] - found(run, rule) for run in group] for group in groups.values()]
    flat = sum(gaps, [])
    rows.append([name] + [" ".join(f"{gap:.3f}" for gap in group) for group in gaps]
                + [f"{statistics.mean(flat):.3f}", f"{max(flat):.3f}"])
table(["rule"] + names + ["mean", "worst"], rows)

table(["", "float32", "int8", "difference", "map correlation"], [
    [name, spread([run["integers"]["image_auroc"]["float32"] for run in group]),
     spread([run["integers"]["image_auroc"]["int8"] for run in group]),
     spread([run["integers"]["image_auroc_difference"] for run in group]),
     f"{statistics.mean(run['integers']['map_correlation'] for run in group):.4f}"]
    for name, group in zip(names, groups.values())])
