# SPDX-License-Identifier: Apache-2.0
"""Measures the peers and ours interleaved and prints how many times longer each peer takes. Started by run.sh."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ["openvino-rewritten", "openvino-plain", "openvino-unsmoothed", "onnxruntime", "pytorch"]
# What --isa sets for ours and for the peers. ONNX Runtime has no such switch.
CAPS = {
    "avx2": {"JIDOKA_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OV_CPU_MAX_ISA": "AVX2",
             "ATEN_CPU_CAPABILITY": "avx2"},
    "avx-vnni": {"JIDOKA_ISA": "avxvnni", "ONEDNN_MAX_CPU_ISA": "AVX2_VNNI", "OV_CPU_MAX_ISA": "AVX2_VNNI",
                 "ATEN_CPU_CAPABILITY": "avx2"},
    "avx512-vnni": {"JIDOKA_ISA": "avx512vnni", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI",
                    "OV_CPU_MAX_ISA": "AVX512_CORE_VNNI", "ATEN_CPU_CAPABILITY": "avx512"},
}
# Memory stays with the process between frames; otherwise PyTorch's 4 MB maps are fetched from and given back to the
# kernel in every frame, page by page (28 ms instead of 18).
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
DISTURBED = 0.1  # processors that others may keep busy during a turn
PAUSE = 0.03  # seconds after each turn, for the threads of whoever had it to stop spinning


def say(text):
    """Progress, for people only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


class Peer:
    """A worker process of workers.py; `turn` lets it compute for a while."""

    def __init__(self, name, folder, threads, processors, environment):
        self.name, self.turns, self.idle = name, [], 0.0
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", HERE / "workers.py", name, folder, str(threads)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, processors),
            env={**os.environ, **ALLOCATOR, "OMP_NUM_THREADS": str(threads), **environment})
        self.kernels = self.answer()["kernels"]
        self.accuracy = self.ask(check=True)
        self.used = report.processor_seconds(self.process.pid)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"peer {self.name} ended with {self.process.wait()}: what it said is above")
        return json.loads(line)

    def ask(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self.answer()

    def turn(self, seconds):
        self.idle += report.processor_seconds(self.process.pid) - self.used
        times = self.ask(seconds=seconds)["ms"]
        time.sleep(PAUSE)
        self.used = report.processor_seconds(self.process.pid)
        return times

    def result(self, elapsed):
        ordered = sorted(time for turn in self.turns for time in turn)
        return {"p50_ms": statistics.median(ordered), "best_ms": ordered[0],
                "p99_ms": ordered[len(ordered) * 99 // 100],
                "round_p50_ms": [statistics.median(turn) for turn in self.turns], "frames": len(ordered),
                "kernels": self.kernels, "rss_mb": self.memory(), "idle_cpu_share": self.idle / elapsed,
                **self.accuracy}

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """`jidoka bench infer`, started anew for every turn."""

    name = "jidoka"

    def __init__(self, options, size, threads, processors, environment):
        self.command = [options.jidoka, "bench", "infer", "--json", "--recipe", options.recipe, "--recipes",
                        options.recipes, "--threads", str(threads), "--size", str(size), "--frames"]
        self.processors, self.environment = processors, environment
        self.turns, self.frames = [], 50

    def turn(self, seconds):
        run = subprocess.run(self.command + [str(self.frames)], text=True, capture_output=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, self.processors),
                             env={**os.environ, **self.environment})
        if run.returncode:
            raise SystemExit(f"{' '.join(map(str, self.command))}: {run.stderr.strip() or run.returncode}")
        answer = json.loads(run.stdout)
        self.frames = max(20, int(1e3 * seconds / answer["p50_ms"]))
        time.sleep(PAUSE)
        return answer

    def result(self, elapsed):
        medians = [turn["p50_ms"] for turn in self.turns]
        return {**self.turns[-1], "p50_ms": statistics.median(medians), "round_p50_ms": medians,
                "best_ms": min(turn["best_ms"] for turn in self.turns),
                "p99_ms": statistics.median(turn["p99_ms"] for turn in self.turns)}

    def close(self):
        pass


def take_turn(one, others, options, patience):
    """A turn of `one`, again and again while others disturb it and there is patience (seconds) left; returns that."""
    while True:
        start, before = time.monotonic(), others.used()
        sample = one.turn(options.seconds)
        disturbance = (others.used() - before) / (time.monotonic() - start)
        if disturbance < DISTURBED or patience <= 0:
            one.turns.append(sample)
            return patience, disturbance
        say(f"somebody else keeps {disturbance:.1f} processors busy: waiting for another {patience:.0f} s at most")
        time.sleep(1)
        patience -= time.monotonic() - start


def measure(options, folder, size, threads):
    """One size and thread count: everybody in turn, `rounds` times, each round beginning with another one."""
    processors = set(sorted(os.sched_getaffinity(0))[-threads:])
    cap = CAPS.get(options.isa, {})
    say(f"{size} pixels, {threads} threads: loading")
    everybody = [Peer(name, folder, threads, processors, cap) for name in options.peers]
    if not options.without_ours:
        everybody.insert(0, Ours(options, size, threads, processors, cap))
    others = report.OtherLoad([one.process.pid for one in everybody if isinstance(one, Peer)])
    start, patience, disturbances = time.monotonic(), options.patience, []
    for index in range(options.rounds):
        say(f"{size} pixels, {threads} threads: round {index + 1} of {options.rounds}")
        for offset in range(len(everybody)):
            one = everybody[(index + offset) % len(everybody)]
            patience, disturbance = take_turn(one, others, options, patience)
            disturbances.append(disturbance)
    elapsed = time.monotonic() - start
    results = {one.name: one.result(elapsed) for one in everybody}
    for one in everybody:
        one.close()
    say("")
    return {"size": size, "threads": threads, "others_processors": statistics.mean(disturbances), "results": results,
            "ratio_p50": report.ratios(results)}


def prepare(options, size):
    """The folder of exports and quantised models for a size."""
    say(f"{size} pixels: exporting and quantising (kept for the next time)")
    recipe = pathlib.Path(options.recipes) / options.recipe
    command = [sys.executable, "-W", "ignore", HERE / "prepare.py", recipe / "student.safetensors", options.teacher,
               options.levels, str(size), recipe / "parts.json", options.build / "peers"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        raise SystemExit(f"could not prepare the peers for {size} pixels: what went wrong is above")
    return run.stdout.splitlines()[-1]


def train(options):
    """Trains the recipe that is missing, for layer1 and layer2, as DESIGN's figures are."""
    data = pathlib.Path(options.data) / "magnetic-tile"
    if not data.is_dir():
        raise SystemExit(f"no recipe and no data to train one on ({data}): give --recipe and --recipes, or JIDOKA_DATA")
    if not os.access(options.jidoka, os.X_OK):
        raise SystemExit(f"no recipe, and no program {options.jidoka} to train one: give --recipe and --recipes")
    say("training a recipe (two minutes, kept for the next time)")
    levels = "layer1,layer2" if options.levels == "trained" else options.levels
    subprocess.run([options.jidoka, "train", options.recipe, "--recipes", options.recipes, "--data", data, "--teacher",
                    options.teacher, "--levels", levels, "--epochs", "20"], check=True, stdout=subprocess.DEVNULL)


def beside(name):
    """Where this project's data and models are if not said otherwise: beside the working copy."""
    return ROOT.parent / "shared" / name


def parse():
    numbers = lambda text: [int(part) for part in text.split(",")]  # noqa: E731
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("--recipe", default="peers", help="name of a trained recipe (default: one is trained)")
    parser.add_argument("--recipes", help="folder of recipes")
    parser.add_argument("--data", default=os.environ.get("JIDOKA_DATA", beside("datasets")),
                        help="folder of data sets (default: JIDOKA_DATA)")
    parser.add_argument("--teacher", help="the teacher's safetensors (default: JIDOKA_TEACHER, the recipe's own)")
    parser.add_argument("--levels", default="trained",
                        help="the peers' levels, comma-separated (default: those that the recipe was trained for)")
    parser.add_argument("--sizes", type=numbers, default=[256, 512], help="picture sides (default: 256,512)")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="thread counts (default: 1,2)")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=PEERS, help=f"some of {','.join(PEERS)}")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (default: 15)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a peer's turn (default: 0.3)")
    parser.add_argument("--patience", type=float, default=0,
                        help="seconds to spend per size and thread count on repeating turns that others disturb")
    parser.add_argument("--isa", choices=CAPS, help="the widest instructions that ours and the peers may use")
    parser.add_argument("--jidoka", default=ROOT / ".build/release/jidoka", help="our program")
    parser.add_argument("--without-ours", action="store_true", help="peers only")
    parser.add_argument("--json", action="store_true", help="JSON on standard output in place of the table")
    parser.add_argument("--out", type=pathlib.Path, help="file for the JSON (default: .build/peers/last.json)")
    options = parser.parse_args()
    options.build = pathlib.Path(os.environ.get("JIDOKA_BUILD", ROOT / ".build"))
    options.recipes = options.recipes or options.build / "peers/recipes"
    recipe = pathlib.Path(options.recipes) / options.recipe
    own = recipe / "teacher.safetensors"
    default = own if own.exists() else beside("models/resnet18-imagenet-trunk.safetensors")
    options.teacher = pathlib.Path(options.teacher or os.environ.get("JIDOKA_TEACHER", default))
    if not options.teacher.exists():
        parser.error(f"no teacher at {options.teacher}: give --teacher or JIDOKA_TEACHER")
    processors = len(os.sched_getaffinity(0))
    if max(options.threads) > processors:
        parser.error(f"{max(options.threads)} threads need as many processors: {processors} are there")
    if not set(options.peers) <= set(PEERS):
        parser.error(f"unknown peer in {','.join(options.peers)}: expected some of {','.join(PEERS)}")
    if not options.without_ours and not os.access(options.jidoka, os.X_OK):
        parser.error(f"no program {options.jidoka}: build it, give --jidoka, or measure --without-ours")
    if not (recipe / "student.safetensors").exists():
        train(options)
    return options


def main():
    options = parse()
    whole = {"machine": report.machine(), "versions": report.versions(), "isa_cap": options.isa,
             "recipe": options.recipe, "rounds": options.rounds, "seconds_per_turn": options.seconds, "runs": []}
    for size in options.sizes:
        folder = prepare(options, size)
        about = json.loads((pathlib.Path(folder) / "about.json").read_text())
        for threads in options.threads:
            whole["runs"].append({**measure(options, folder, size, threads), "levels": about["levels"],
                                  "multiply_accumulates": about["multiply_accumulates"]})
    whole["design"] = report.against_design(whole)
    out = options.out or options.build / "peers/last.json"
    out.write_text(json.dumps(whole, indent=1) + "\n")
    print(json.dumps(whole, indent=1) if options.json else report.table(whole))


if __name__ == "__main__":
    main()
