#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The package and its units for real, without a machine: Debian's systemd as PID 1 in systemd-nspawn, which installs the
# .deb (no Swift inside) and runs inside.sh.  Prints 'N passed, N failed'; exit status 0 when none failed, 1 when some
# did, 2 when there is no verdict.  As root.
#
#   Tests/systemd/run.sh [DEB]      default: the newest in .build/deb
#
# JIDOKA_WORK keeps the root file system and the recipe (default .build/systemd), so that a second run is quick.
# JIDOKA_TOOL is the tool that makes the recipe (default: the package's own, .build/static/release/jidoka).
#
# Real here: PID 1, Type=notify, WatchdogSec=, Restart=, sockets, journald with its catalog, mount sandbox, seccomp,
# capabilities, maintainer scripts.  Not here: memory limits, udev, devices, kernel modules, power cuts (test-vm).
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/Tests/systemd
work=${JIDOKA_WORK:-$PWD/.build/systemd}
tool=${JIDOKA_TOOL:-$PWD/.build/static/release/jidoka}
deb=${1:-$(ls -t .build/deb/jidoka_*.deb 2> /dev/null | head -n 1)}

no_verdict() { echo "no verdict: $*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || no_verdict "systemd-nspawn needs root"
[ -f "$deb" ] || no_verdict "no package: 'make deb' builds it"
[ -x "$tool" ] || no_verdict "no tool at $tool: 'make deb' builds it"
command -v systemd-nspawn mmdebstrap > /dev/null || no_verdict "apt-get install systemd-container mmdebstrap"
mkdir -p "$work"
# quietly COMMAND...: its output only when it fails.
quietly() { "$@" > "$work/log" 2>&1 || { tail -n 50 "$work/log" >&2; no_verdict "$1 failed"; }; }

# A Debian with the package's dependencies (the first of each alternative); the package itself comes later.
depends=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/|.*//; s/(.*)//; s/ //g' | sort -u | paste -sd, -)
include="systemd,systemd-sysv,kmod,udev,$depends"
root=$work/root-$(sha256sum <<< "$include" | cut -c 1-12).tar
if [ ! -f "$root" ]; then
    echo "making a root file system: $include"
    rm -f "$work"/root-*.tar "$work/new.tar"
    quietly mmdebstrap --variant=essential --include="$include" --aptopt='APT::Install-Recommends "false"' \
        bookworm "$work/new.tar"
    mv "$work/new.tar" "$root"
fi

# A recipe of small pictures, and the parts that calibrated it: at the smallest rate none of them is above the
# threshold.
recipe=$work/recipes/line
if [ ! -f "$recipe/calibration.json" ]; then
    echo "making a recipe"
    # The demonstration is after its pictures here: after one pass it need not stop on defects.
    "$tool" demo --out "$work/demo" --parts 400 --epochs 1 --defects 1 --json > "$work/log" 2>&1 || true
    [ -d "$work/demo/good" ] || no_verdict "no pictures: see $work/log"
    quietly "$tool" train line --data "$work/demo/good" --recipes "$work/recipes" --size 64 --epochs 20
fi

machine=$(mktemp -d "$work/machine.XXXXXX")
trap 'rm -rf --one-file-system "$machine"' EXIT
share=$machine/share
mkdir "$machine/root" "$share"
tar -xf "$root" -C "$machine/root"
cp "$deb" "$share/jidoka.deb"
# The same package again as a newer version, for the upgrade.
dpkg-deb -R "$deb" "$machine/newer"
sed -i 's/^Version: .*/&+newer/' "$machine/newer/DEBIAN/control"
quietly dpkg-deb -Znone -b "$machine/newer" "$share/newer.deb"
rm -rf "$machine/newer"
cp -r "$recipe" "$share/line"
mkdir "$share/parts"
grep -B 1 '"role" : "calibrate"' "$recipe/parts.json" | grep -o '[^"/]*\.jpg' | sort -u |
    while read -r picture; do cp "$work/demo/good/$picture" "$share/parts"; done
[ "$(find "$share/parts" -name '*.jpg' | wc -l)" -ge 20 ] || no_verdict "parts.json names no calibrate parts"
cp "$here"/inside.sh "$here"/checks.sh "$share"

units=$machine/root/etc/systemd/system
mkdir -p "$units/multi-user.target.wants" "$machine/root/etc/systemd/journald.conf.d"
cat > "$units/inside.service" << 'U'
[Unit]
After=basic.target
[Service]
Type=oneshot
# At a terminal's environment: dpkg wants PATH, tools want a language.
Environment=DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
ExecStart=/bin/bash /share/inside.sh
ExecStopPost=/bin/systemctl --no-block exit 0
StandardOutput=file:/share/output
StandardError=inherit
TimeoutStartSec=240
U
ln -s ../inside.service "$units/multi-user.target.wants/inside.service"
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"
for unit in getty.target console-getty.service systemd-networkd.service systemd-timesyncd.service \
    systemd-logind.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer; do
    ln -sf /dev/null "$units/$unit"
done
printf '[Journal]\nStorage=volatile\n' > "$machine/root/etc/systemd/journald.conf.d/test.conf"

# The unified hierarchy and bpf make the device and address filters work; the host needs no systemd of its own.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout -k 10 270 systemd-nspawn -q -D "$machine/root" \
    --machine="jidoka-test-$$" --register=no --keep-unit --private-network --console=read-only --capability=all \
    --system-call-filter=bpf --bind="$share":/share -b systemd.show_status=0 < /dev/null > "$work/console" 2>&1 &
nspawn=$!
# Results as they come.
touch "$share/output"
tail --pid=$nspawn -n +1 -f "$share/output"
wait $nspawn || true
cp "$share/output" "$work/output"
cp "$share/journal" "$work/journal" 2> /dev/null || true
verdict=$(tail -n 1 "$share/output")
[[ $verdict =~ ^[0-9]+\ passed,\ ([0-9]+)\ failed$ ]] || {
    tail -n 30 "$work/console" >&2
    no_verdict "it did not end"
}
[ "${BASH_REMATCH[1]}" = 0 ] || { echo "see $work/journal" >&2; exit 1; }
