#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The daemon itself under a sanitizer while its sockets get nonsense and crowds: daemon.sh [address|thread|none] [MESSAGES]
#
# With 'none' it is the daemon as it is built for use. 1,000,000 messages under JIDOKA_THOROUGH=1, else 20,000. Takes the recipe of
# 'make demo'. A finding of the sanitizer ends the daemon, and that is a failure here.
set -euo pipefail
cd "$(dirname "$0")/../.."
sanitizer=${1:-none}
messages=${2:-$([ "${JIDOKA_THOROUGH:-}" = 1 ] && echo 1000000 || echo 20000)}
recipes=$PWD/demo-out/recipes
[ -d "$recipes/demo" ] || { echo "daemon.sh: no recipe: run 'make demo' first" >&2; exit 2; }
work=$(mktemp -d)
daemon=""
trap '[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
binary=${JIDOKAD:-.build/release/jidokad}
if [ "$sanitizer" != none ] && [ -z "${JIDOKAD:-}" ]; then
    package=.
    if [ "$sanitizer" = thread ]; then
        package=.build/sanitized-sources
        Tests/fuzz/SanitizedSync/prepare.sh "$package"
    fi
    swift build -c release --package-path "$package" --sanitize "$sanitizer" \
        --scratch-path "$PWD/.build/sanitized-$sanitizer" --product jidokad \
        > "$work/build" 2>&1 || { tail -n 50 "$work/build" >&2; exit 1; }
    binary=.build/sanitized-$sanitizer/release/jidokad
fi
cat > "$work/jidoka.yaml" <<END
recipe: demo
recipes: $recipes
state: $work/state
sockets: $work/run
source: {kind: synthetic, rate: 10, defect_every: 7}
outputs: {kind: file, path: $work/outputs}
evidence: {good_every: 5}
log: {summary_seconds: 1}
END
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=99
export TSAN_OPTIONS=halt_on_error=1:exitcode=99:second_deadlock_stack=1
# As the unit does.
nice -n -10 "$binary" --config "$work/jidoka.yaml" 2> "$work/log" &
daemon=$!
for _ in $(seq 300); do [ -S "$work/run/control.sock" ] && break; sleep 0.1; done
# A sanitizer makes everything slower.
[ "$sanitizer" = none ] || export JIDOKA_STATUS_LIMIT=20
Tests/fuzz/sockets.py "$work/run" "$daemon" "$messages" && rc=0 || rc=$?
kill -TERM "$daemon" 2>/dev/null || true
wait "$daemon" && ended=0 || ended=$?
daemon=""
if [ "$rc" != 0 ] || [ "$ended" != 0 ]; then
    grep -v ' \(notice\|info\|warning\|error\) ' "$work/log" | tail -n 100 >&2
    echo "daemon.sh: FAILED: client $rc, daemon $ended ($sanitizer)" >&2
    exit 1
fi
.build/release/jidoka verify-history --state "$work/state" --without-journal
echo "daemon.sh: $messages messages, sanitizer $sanitizer: clean"
