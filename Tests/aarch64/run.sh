#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernels on 64-bit Arm, under QEMU: the same bits as the scalar reference, and whole plans the same bits as this
# machine's own instruction sets.
#
#   Tests/aarch64/run.sh [PLAN [PICTURE]]
#
# PLAN is what `jidoka model dump-plan` writes; without one the comparison of plans is skipped. PICTURE holds the raw
# (size, size, 3) bytes; without one, random bytes. SHAPES is the number of random shapes (3000).
set -euo pipefail
cd "$(dirname "$0")/../.."
plan=${1:-} picture=${2:--}
shapes=${SHAPES:-3000}
packages="qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross"

missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then sudo=""; elif command -v sudo > /dev/null; then sudo=sudo
    else echo "missing Debian packages:$missing; install them as root: apt-get install$missing" >&2; exit 1; fi
    echo "missing Debian packages, to be installed with apt-get:$missing"
    if [ -t 0 ] && [ -t 1 ]; then
        printf 'go on? [Y/n] '; read -r answer
        case "$answer" in '' | [Yy]*) ;; *) echo "nothing installed" >&2; exit 1 ;; esac
    fi
    $sudo apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

# The clang that swift build compiles CKernels with, and its flags.
clang=${CLANG:-$(dirname "$(readlink -f "$(command -v swift)")")/clang}
flags="-O3 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -Wno-c23-extensions -ISources/CKernels/include"
out=.build/aarch64
mkdir -p "$out"
# build NAME FLAGS...: both programs for one machine.
build() {
    local name=$1 objects="" source object
    shift
    for source in $(find Sources/CKernels -name '*.c'); do
        object=$out/$(echo "${source#Sources/CKernels/}" | tr / -)-$name.o
        "$clang" "$@" $flags -c "$source" -o "$object"
        objects="$objects $object"
    done
    for program in shapes plan; do
        "$clang" "$@" $flags $objects Tests/aarch64/$program.c $link -pthread -lm -o "$out/$program-$name"
    done
}
link="" build here
link="-static -fuse-ld=lld -L/usr/aarch64-linux-gnu/lib -B/usr/aarch64-linux-gnu/lib" \
    build arm --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include

fail() { echo "FAILED: $*" >&2; exit 1; }
arm() { local cpu=$1; shift; qemu-aarch64-static -cpu "$cpu" "$@"; }

"$out/shapes-here" "$shapes"
for cpu in cortex-a72 cortex-a76 max; do
    report=$(arm $cpu "$out/shapes-arm" "$shapes") || fail "shapes on $cpu"
    echo "$cpu: $report"
    expected="neondot neon"
    [ $cpu = cortex-a72 ] && expected="neon"
    [ "${report##*: }" = "$expected" ] || fail "$cpu: expected $expected, ran ${report##*: }"
done

# A variant that the CPU lacks, and one that nobody has, end in a message that names it, not in an illegal instruction.
for name in neondot avx2; do
    message=$(JIDOKA_ISA=$name arm cortex-a72 "$out/shapes-arm" 1 2>&1) && fail "JIDOKA_ISA=$name ran on cortex-a72"
    [[ $message == *JIDOKA_ISA*$name* ]] || fail "JIDOKA_ISA=$name on cortex-a72 says only: $message"
    echo "cortex-a72, JIDOKA_ISA=$name: refused: $message"
done

if [ -z "$plan" ]; then
    echo "SKIPPED: plans against this machine's variants: give a plan, Tests/aarch64/run.sh PLAN [PICTURE]"
    exit 0
fi
JIDOKA_ISA=scalar "$out/plan-here" "$plan" "$picture" "$out/expected"
same() { cmp "$out/expected" "$out/found" || fail "$*: distances differ"; }
for name in avx2 avxvnni avx512vnni; do
    # Status 2: not on this CPU.
    JIDOKA_ISA=$name "$out/plan-here" "$plan" "$picture" "$out/found" 2> /dev/null && rc=0 || rc=$?
    case $rc in 0) same $name ;; 2) echo "$name: not on this CPU" ;; *) fail "$name: status $rc" ;; esac
done
for on in cortex-a72:neon cortex-a76:neon cortex-a76:neondot max:neondot max:scalar; do
    for workers in 1 2; do
        export JIDOKA_ISA=${on#*:}
        arm "${on%:*}" "$out/plan-arm" "$plan" "$picture" "$out/found" $workers || fail "$on"
        same "$on"
    done
done
echo "plans: the same distances on every variant, byte for byte"
