#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# How many times longer the established runtimes take for the same trained network: makes a Python environment, exports
# and quantises the network for each of them, and measures them interleaved with ours.
#
#   Benchmarks/peers/run.sh [--recipe NAME --recipes DIR] [--without-ours] [--isa avx2] [--json] ...    see --help
#
# Everything made is kept in .build/ (or $JIDOKA_BUILD): the environment in peers-venv, models and results in peers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${JIDOKA_BUILD:-$here/../../.build}
venv=$build/peers-venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    [ -t 2 ] && echo "making the Python environment (about a gigabyte, kept for the next time)" >&2
    mkdir -p "$build"
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
mkdir -p "$build/peers"
exec "$venv/bin/python" "$here/measure.py" "$@"
