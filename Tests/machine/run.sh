#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests/machine/run.sh [DEB]: installs the package in a virtual machine with a real kernel, a camera and GPIO chips, and
# tries everything that can happen to a box. Needs root (for apt-get and mmdebstrap), Debian, no KVM, no Swift.
#
# Exit status: 0 everything passed; 1 something failed; 2 no verdict (the machine itself did not get through).
# Environment: JIDOKA_VM_SECONDS (limit for one boot, 1300), JIDOKA_VM_ACCEL, JIDOKA_MACHINE (folder for
# caches and results, .build/machine), JIDOKA_MACHINE_TOPICS (what the first boot looks at; 'rig install line' is always
# needed).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${JIDOKA_MACHINE:-$here/../../.build/machine}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
work=$cache/work share=$cache/share
say() { printf '== %4d s  %s\n' "$SECONDS" "$*"; }
no_verdict() { echo "no verdict: $*" >&2; exit 2; }
trap 'no_verdict "line $LINENO of the test itself failed"' ERR
set -E
. "$here/kernel.sh"
. "$here/image.sh"
. "$here/recipe.sh"
. "$here/vm.sh"

deb=${1:-$(echo "$here"/../../.build/deb/jidoka_*.deb)}
[ -f "$deb" ] || no_verdict "usage: run.sh [DEB] (made by 'make deb')"
[ "$(id -u)" = 0 ] || no_verdict "it has to be root: apt-get and mmdebstrap need it"
exec 9> "$cache/lock"
flock -n 9 || no_verdict "another machine test runs in $cache"
rm -rf "$work" "$share"
mkdir -p "$work" "$share/bin"

# What it runs on: changes with Debian only.
install_packages "${host_packages[@]}"
get_kernel
make_root_tar "$deb"

# What is run.
compile() { gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o "$@"; }
compile "$share/bin/uvcem" -static "$here"/uvcem/*.c
compile "$share/bin/ask" -static "$here/guest/ask.c"
compile "$work/ramgpio" "$here/ramgpio.c"
compile "$work/replay" "$here/replay.c"
compile "$work/parts" "$here/parts.c" -ljpeg -lm
mkdir "$work/package"
dpkg-deb -x "$deb" "$work/package"
# The tool needs libraries that the host may lack.
mapfile -t libraries < <(dependencies "$deb" | tr -s ' ' '\n' | grep '^lib')
install_packages "${libraries[@]}"
make_recipe "$work/package/usr/bin/jidoka"
# The same package, not compressed: unpacking xz takes the interpreted processor half a minute.
dpkg-deb -R "$deb" "$work/unpacked"
dpkg-deb -Znone -b "$work/unpacked" "$share/jidoka.deb" > "$work/dpkg-deb.log"
rm -rf "$work/unpacked"
cp -r "$here/guest" "$share/guest"
: > "$share/results"
: > "$share/starts"
echo 1 > "$share/boot"
echo "${JIDOKA_MACHINE_TOPICS:-rig install line trigger camera capture raw gpio supervision journal}" > "$share/topics"
make_disk
make_initramfs

# Two boots, a power cut, two boots.
say "booting"
cp --sparse=always "$work/pristine.img" "$work/run.img"
run_vm first "$work/run.img" "$work/writes.log"
if [ "$ending" = cut ]; then
    cp --sparse=always "$work/pristine.img" "$work/run.img"
    say "power cut: $("$work/replay" "$work/writes.log" "$work/run.img")"
    rm -f "$work/writes.log"
    run_vm second "$work/run.img"
fi

# The host's own word: as many edges as starts, and none that nobody asked for.
host_check() {
    local what=$1
    shift
    if "$@"; then echo "[host] PASS $what"; else echo "[host] FAIL $what"; fi >> "$share/results"
}
edges=$(cat "$work"/wires-*.log | sed 's/.*permit=//' | cut -c1 | uniq | grep -c 1 || true)
starts=$(wc -l < "$share/starts")
host_check "the permit went on as often as somebody started the line ($edges, $starts)" [ "$edges" = "$starts" ]

cat "$share/results"
passed=$(grep -c '\] PASS ' "$share/results" || true)
failed=$(grep -c '\] FAIL ' "$share/results" || true)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] || exit 1
grep -q 'END of boot 4' "$share/results" || no_verdict "the machine did not get to its end: see $work/console-*.log"
grep -q '\] NONE ' "$share/results" && no_verdict "$(grep '\] NONE ' "$share/results")"
exit 0
