#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Removes every condition of every guard of the line's machine, one at a time, and has each found by the exploration.

mutants.py [--jobs N] [--states N] [--steps N] [--only TEXT] [--json]

Exit status 1 when a mutant survives that is not listed below with a reason.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "Sources/Line").glob("*.swift"))
WORLD = [ROOT / "Tests/LineExploration/LineWorld.swift", ROOT / "Tests/LineExploration/LineExploration.swift",
         ROOT / "Tests/ExploreLine/main.swift"]
# Conditions without which the line keeps every promise: they save an event that says nothing new, or a text.
HARMLESS = {
    # In a start beside the state: ready implies them, as the world checks.
    ("LineMachine+Commands.swift", "isComplete"): "ready implies it",
    ("LineMachine+Commands.swift", "activeCauses.isEmpty"): "ready implies it",
    ("LineMemory.swift", "isMoving"): "the conveyor stops only when it moves, as the table has it",
    ("LineMemory.swift", "!isMoving"): "the conveyor moves only when it stood, as the table has it",
    ("LineMachine+Verdicts.swift", "state == .andon"): "an andon is there in that state only",
    ("LineMachine.swift", "!rejects.isEmpty"): "without a reject the order is the same",
    ("LineMachine+Deadlines.swift", "phase == .alive"): "before boot and after the end nothing is due",
}


def clauses(text):
    """Parts of a condition, at its commas outside of brackets: (start, end)."""
    found, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            found.append((start, index))
            start = index + 1
    return found + [(start, len(text))]


def mutants():
    for path in SOURCES:
        if not path.name.startswith(("LineMachine", "LineMemory")) or "Abstraction" in path.name:
            continue
        text = path.read_text()
        for match in re.finditer(r"\bguard\s+(.*?)\s*\belse\s*\{", text, re.S):
            for start, end in clauses(match.group(1)):
                clause = match.group(1)[start:end].strip()
                if re.match(r"(let|var|case)\b", clause):
                    continue
                begin = match.start(1) + start
                yield path, clause, text[:begin] + " true " + text[begin + (end - start):], text.count("\n", 0, begin) + 1


def build(folder, replaced=None, content=None):
    folder = pathlib.Path(folder)
    files = []
    for path in SOURCES + WORLD:
        text = content if path == replaced else path.read_text()
        text = re.sub(r"^import Line(Exploration)?$", "", text, flags=re.M)
        (folder / path.name).write_text(text)
        files.append(str(folder / path.name))
    command = ["swiftc", "-O", "-wmo", "-swift-version", "6", "-package-name", "jidoka", "-module-name", "explore", "-o",
               str(folder / "explore")] + files
    return subprocess.run(command, capture_output=True, text=True)


def judge(mutant, choices):
    path, clause, content, line = mutant
    name = f"{path.name}:{line}: {' '.join(clause.split())}"
    with tempfile.TemporaryDirectory() as folder:
        built = build(folder, path, content)
        if built.returncode:
            return name, "does not compile", built.stderr.strip().splitlines()[:1]
        try:
            run = subprocess.run([folder + "/explore", str(choices.states), str(choices.steps)], capture_output=True,
                                 text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return name, "found", ["does not end"]
        if run.returncode == 0:
            return name, "survives", []
        said = [one for one in run.stdout.splitlines() if one.startswith("VIOLATION")]
        return name, "found", [one[:160] for one in said[:1]] or [f"exit status {run.returncode}"]


arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--jobs", type=int, default=2)
arguments.add_argument("--states", type=int, default=12000)
arguments.add_argument("--steps", type=int, default=400_000)
arguments.add_argument("--only", default="")
arguments.add_argument("--json", action="store_true")
choices = arguments.parse_args()

with tempfile.TemporaryDirectory() as folder:
    built = build(folder)
    if built.returncode:
        sys.exit(built.stderr)
    if subprocess.run([folder + "/explore", str(choices.states), str(choices.steps)]).returncode:
        sys.exit("the machine itself breaks a promise")
results = []
work = [one for one in mutants() if choices.only in one[0].name + one[1]]
with concurrent.futures.ThreadPoolExecutor(choices.jobs) as pool:
    for name, outcome, detail in pool.map(lambda one: judge(one, choices), work):
        file, _, clause = name.partition(": ")
        reason = HARMLESS.get((file.partition(":")[0], clause))
        if outcome == "survives" and reason:
            outcome = f"harmless: {reason}"
        results.append({"mutant": name, "outcome": outcome, "detail": detail})
        if not choices.json:
            print(outcome, "|", name, "|", *detail, flush=True)
survivors = [one for one in results if one["outcome"] == "survives"]
if choices.json:
    print(json.dumps(results, indent=1))
print(f"{len(results)} conditions removed, {sum(one['outcome'] == 'found' for one in results)} found, "
      f"{len(survivors)} survive", file=sys.stderr)
sys.exit(1 if survivors or not results else 0)
