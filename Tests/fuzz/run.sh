#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Damaged model files and plans under address and undefined-behaviour sanitizers: COUNT mutations for each loader, then
# as many of libFuzzer's on the plan, where the compiler has it. 100,000 under JIDOKA_THOROUGH=1, else 2,000.
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-$([ "${JIDOKA_THOROUGH:-}" = 1 ] && echo 100000 || echo 2000)}
echo "fuzzing: $count mutations for each loader"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# quietly COMMAND...: its output only when it fails.
quietly() { "$@" > "$work/log" 2>&1 || { tail -n 100 "$work/log" >&2; echo "FAILED: $1" >&2; exit 1; }; }
quietly swift build -c release --sanitize address --scratch-path .build/sanitized --product fuzz-models \
    -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined -Xswiftc -use-ld=lld -Xlinker -lubsan
fuzz=.build/sanitized/release/fuzz-models
# The allocator may say no to a size from a damaged file; that is an answer, not a finding.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0
"$fuzz" "$count"
# The clang that swift build compiles CKernels with.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
if echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return 0; }' |
    "$clang" -x c - -fsanitize=fuzzer -o "$work/probe" 2>/dev/null; then
    kernels=Sources/CKernels
    "$clang" -O1 -g -std=gnu17 -Wno-c23-extensions -fno-math-errno -ffp-contract=off \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I$kernels/include \
        Tests/fuzz/plan_fuzzer.c $kernels/integer/*.c $kernels/plan/*.c -fuse-ld=lld -lpthread -o "$work/plan_fuzzer"
    mkdir "$work/corpus"
    "$fuzz" 0 1 --seeds "$work/corpus"
    quietly "$work/plan_fuzzer" -runs="$count" -seed=1 -max_len=1048576 -rss_limit_mb=4096 -print_final_stats=1 \
        "$work/corpus"
    grep -E 'executed_units|new_units_added' "$work/log"
else
    echo "SKIPPED: libFuzzer (this compiler has none)"
fi
