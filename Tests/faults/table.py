#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of 'make test-faults' and its totals.

usage: table.py ROWS.jsonl [XUNIT.xml ...]

ROWS.jsonl is what the suite FaultTests wrote (JIDOKA_FAULT_TABLE). XUNIT.xml is what 'swift test --xunit-output' wrote,
for XCTest and for Swift Testing; the camera's and the GPIO lines' own errno suites get their rows from it.
The limits hold on a quiet machine; JIDOKA_FAULT_SLACK=5 allows five times as much where others work beside it.
Exit status 1: a limit was exceeded, an event was lost or doubled, a check or a test failed, or there are no rows.
"""

import json
import os
import sys
import xml.etree.ElementTree as xml

# Suites that inject every failure of every call into a simulated kernel, without a daemon.
SUITES = {
    "ReconnectTests": "V4L2 frame path: each call fails (suite ReconnectTests, simulated camera)",
    "GPIOFailureTests": "GPIO outputs: each call fails (suite GPIOFailureTests, simulated chip)",
}
HEAD = ["fault", "injected", "worst ms", "limit ms", "lost", "doubled", "outcome"]
WIDEST_OUTCOME = 72
SLACK = float(os.environ.get("JIDOKA_FAULT_SLACK", "1"))


def suite_rows(paths):
    """One row for each of SUITES; 'injected' is the number of tests."""
    cases = [case for path in paths for case in xml.parse(path).getroot().iter("testcase")]
    for suite, name in SUITES.items():
        own = [case for case in cases if case.get("classname", "").split(".")[-1] == suite]
        bad = [case for case in own if case.find("failure") is not None]
        outcome = f"{len(own) - len(bad)} of {len(own)} tests pass" if own else "did not run"
        yield {"fault": name, "injected": len(own), "outcome": outcome, "worst_ms": None, "limit": 0,
               "lost": 0, "doubled": 0, "failed": bool(bad) or not own}


def problems(row):
    """What is wrong with a row."""
    if row["worst_ms"] is not None and row["worst_ms"] > SLACK * row["limit"]:
        yield f"{row['worst_ms']} ms to permit off, the limit is {row['limit']:g} ms"
    if row["lost"] or row["doubled"]:
        yield f"{row['lost']} events lost, {row['doubled']} doubled"
    if row["failed"]:
        yield "a check failed"


def cells(row):
    """The row as text."""
    worst = "-" if row["worst_ms"] is None else f"{row['worst_ms']:.1f}"
    limit = f"{row['limit']:g}" if row["limit"] else "-"
    return [row["fault"], str(row["injected"]), worst, limit, str(row["lost"]), str(row["doubled"])]


def wrapped(text):
    """The outcomes in lines."""
    lines = [""]
    for word in text.split(", "):
        if lines[-1] and len(lines[-1]) + len(word) + 2 > WIDEST_OUTCOME:
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + word
    return lines


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    try:
        with open(arguments[0], encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        if len(arguments) > 1:
            rows += suite_rows(arguments[1:])
    except (OSError, ValueError, xml.ParseError) as error:
        sys.exit(f"table.py: {error}")
    if not rows:
        sys.exit(f"table.py: no rows in {arguments[0]}")
    table = [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in table + [HEAD]) for i in range(6)]

    def show(line, outcome):
        print("  ".join([line[0].ljust(widths[0])] + [line[i].rjust(widths[i]) for i in range(1, 6)] + [outcome]))

    show(HEAD, HEAD[6])
    for row, line in zip(rows, table):
        first, *others = wrapped(row["outcome"])
        show(line, first)
        for other in others:
            show([""] * 6, other)
    kills = sum(row["injected"] for row in rows if row["fault"].startswith("kill -9"))
    print()
    print(f"{sum(row['injected'] for row in rows)} injections, {kills} of them kill -9; "
          f"{sum(row['lost'] for row in rows)} events lost, {sum(row['doubled'] for row in rows)} doubled" + (f"; limits times {SLACK:g}" if SLACK != 1 else ""))
    wrong = [(row["fault"], text) for row in rows for text in problems(row)]
    for fault, text in wrong:
        print(f"FAILED: {fault}: {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
