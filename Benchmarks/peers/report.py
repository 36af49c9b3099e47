# SPDX-License-Identifier: Apache-2.0
"""What a measurement is told with: the machine, the ratios, the comparison with DESIGN's figures and the table."""
import importlib.metadata
import os
import pathlib
import platform
import statistics

# DESIGN, 'Integer inference': milliseconds at 256 pixels, layer1 and layer2, on one and on two cores.
DESIGN = {
    "openvino-rewritten": {1: 3.75, 2: 2.11},
    "openvino-plain": {1: 4.58, 2: 2.48},
    "openvino-unsmoothed": {1: 4.58, 2: 2.48},
    "onnxruntime": {1: 5.66, 2: 3.21},
    "pytorch": {1: 14.4, 2: 9.7},
}
REFERENCE = "openvino-rewritten"
UNCAPPED = ("onnxruntime",)  # has no switch for its instruction set
FLAGS = ("avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_int8")


def machine():
    """Processor, the instruction sets that matter here, processors allowed, kernel and load."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    present = fields.get("flags", "").split()
    return {"cpu": fields.get("model name", platform.processor()),
            "family_model": f"{fields.get('vendor_id')} {fields.get('cpu family')}/{fields.get('model')}",
            "isa": [flag for flag in FLAGS if flag in present], "processors": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "load": os.getloadavg()[0]}


def versions():
    """Versions of everything that is measured."""
    packages = ("torch", "openvino", "nncf", "onnx", "onnxruntime", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}


def processor_seconds(process):
    """Processor time that a process has used so far."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class OtherLoad:
    """Processor time of neither this program nor its children: other people's work disturbs a measurement."""

    def __init__(self, workers):
        self.workers = workers

    def used(self):
        """Processor seconds of others since the machine started."""
        # os.times() knows the children that have ended, the workers are still alive.
        own = sum(os.times()[:4]) + sum(processor_seconds(worker) for worker in self.workers)
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        user, nice, system, _, _, irq, softirq, steal = map(int, fields)
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK") - own


def ratios(results):
    """Peer / ours of the medians, and the range of the same ratio round by round."""
    ours = results.get("jidoka")
    if not ours:
        return {}
    table = {}
    for name, result in results.items():
        if name != "jidoka":
            rounds = [peer / own for peer, own in zip(result["round_p50_ms"], ours["round_p50_ms"])]
            table[name] = {"ratio": result["p50_ms"] / ours["p50_ms"], "rounds_median": statistics.median(rounds),
                           "rounds_min": min(rounds), "rounds_max": max(rounds),
                           "best": result["best_ms"] / ours["best_ms"]}
    return table


def against_design(whole):
    """The peers' ratios to the rewritten OpenVINO graph next to DESIGN's; more than 10 % apart asks for a reason."""
    rows = []
    for run in whole["runs"]:
        base = run["results"].get(REFERENCE)
        if run["size"] != 256 or run["levels"] != ["layer1", "layer2"] or not base or whole["isa_cap"]:
            continue
        for name, figures in DESIGN.items():
            if name == REFERENCE or name not in run["results"] or run["threads"] not in figures:
                continue
            here = run["results"][name]["p50_ms"] / base["p50_ms"]
            there = figures[run["threads"]] / DESIGN[REFERENCE][run["threads"]]
            best = run["results"][name]["best_ms"] / base["best_ms"]
            rows.append({"peer": name, "threads": run["threads"], "ratio": here, "ratio_best": best, "design": there,
                         "deviation": here / there - 1, "within_10_percent": abs(here / there - 1) <= 0.1})
    return rows


def table(whole):
    """The measurement as text."""
    about = whole["machine"]
    lines = [f"{about['cpu']} ({about['family_model']}; {' '.join(about['isa'])}), {about['processors']} processors",
             ", ".join(f"{name} {version}" for name, version in whole["versions"].items()),
             f"widest ISA: {whole['isa_cap'] or 'none'}, {whole['rounds']} rounds of {whole['seconds_per_turn']} s"]
    for run in whole["runs"]:
        work = run["multiply_accumulates"]
        lines += ["", f"{run['size']} pixels, {run['threads']} threads, {'+'.join(run['levels'])}, "
                  f"{work / 1e9:.3f} GMAC; others kept {run['others_processors']:.2f} processors busy",
                  f"  {'':20}{'p50 ms':>8}{'best':>8}{'p99':>8}{'p50 of rounds':>16}{'GMAC/s':>8}{'peer/ours':>11}"
                  f"{'map corr.':>11}"]
        for name, result in run["results"].items():
            span = f"{min(result['round_p50_ms']):.2f}-{max(result['round_p50_ms']):.2f}"
            ratio = f"{run['ratio_p50'][name]['ratio']:.2f}" if name in run["ratio_p50"] else ""
            closeness = f"{result['map_correlation']:.4f}" if "map_correlation" in result else ""
            note = "  not capped" if whole["isa_cap"] and name in UNCAPPED else ""
            lines.append(f"  {name:20}{result['p50_ms']:8.2f}{result['best_ms']:8.2f}{result['p99_ms']:8.2f}{span:>16}"
                         f"{work / result['p50_ms'] / 1e6:8.0f}{ratio:>11}{closeness:>11}{note}")
    if whole["design"]:
        lines += ["", f"against DESIGN, as multiples of {REFERENCE} (256 pixels):"]
        for row in whole["design"]:
            verdict = "ok" if row["within_10_percent"] else "MORE THAN 10 % APART"
            lines.append(f"  {row['peer']:20}{row['threads']} threads  p50 {row['ratio']:5.2f}"
                         f"  best {row['ratio_best']:5.2f}"
                         f"  DESIGN {row['design']:5.2f}"
                         f"  {100 * row['deviation']:+5.1f} %  {verdict}")
    return "\n".join(lines)
