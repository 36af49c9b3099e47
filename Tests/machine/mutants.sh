#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Tests/machine/mutants.sh [DEB]: a test that can't fail proves nothing. Builds daemons that are broken on purpose, puts
# each into the package in place of the good one, and expects the machine test to fail, by the checks that are there for
# it. Takes a full build of the daemon and as many machine tests as there are mutants, so it runs under
# JIDOKA_THOROUGH=1 only.
#
# JIDOKA_MUTANTS="NAME..." chooses some of them.
#
# Exit status: 0 every mutant was found; 1 one was not; 2 no verdict.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ "${JIDOKA_THOROUGH:-}" = 1 ] || { echo "mutants: skipped, they take JIDOKA_THOROUGH=1"; exit 0; }
sources=$(cd "$here/../.." && pwd)
deb=$(realpath "${1:-$(echo "$sources"/.build/deb/jidoka_*.deb)}")
folder=$sources/.build/machine-mutants
mkdir -p "$folder"

# The same folder for all, and only what differs: the rest is not built again.
copy_sources() {
    local path
    (cd "$sources" && git ls-files --cached --others --exclude-standard) | while read -r path; do
        cmp -s "$sources/$path" "$1/$path" && continue
        mkdir -p "$(dirname "$1/$path")"
        cp "$sources/$path" "$1/$path"
    done
}

# mutant NAME FILE SED-SCRIPT TOPICS CHECK: CHECK, of one of the topics, is the text of a check that has to fail.
mutant() {
    local name=$1 file=$2 script=$3 topics=$4 check=$5 copy=$folder/sources package=$folder/package code=0
    case " ${JIDOKA_MUTANTS:-$name} " in *" $name "*) ;; *) return ;; esac
    echo "== mutant: $name"
    copy_sources "$copy"
    sed -i "$script" "$copy/$file"
    ! cmp -s "$sources/$file" "$copy/$file" || { echo "$file: the line to break is gone" >&2; exit 2; }
    (cd "$copy" && swift build -c release --static-swift-stdlib --disable-local-rpath \
        --scratch-path "$folder/build" --product jidokad) > "$folder/build-$name.log" 2>&1 \
        || { tail -n 20 "$folder/build-$name.log" >&2; exit 2; }
    rm -rf "$package"
    dpkg-deb -R "$deb" "$package"
    strip -o "$package/usr/sbin/jidokad" "$folder/build/release/jidokad"
    dpkg-deb -Znone -b "$package" "$folder/$name.deb" > /dev/null
    JIDOKA_MACHINE_TOPICS=$topics "$here/run.sh" "$folder/$name.deb" > "$folder/$name.log" 2>&1 || code=$?
    tail -n 1 "$folder/$name.log"
    if [ "$code" != 1 ]; then
        echo "mutant $name: expected exit status 1, found $code: see $folder/$name.log" >&2
        exit $((code == 0 ? 1 : 2))
    fi
    grep "FAIL $check" "$folder/$name.log" || { echo "mutant $name: '$check' did not fail" >&2; exit 1; }
}

mutant no-permit-drop Sources/Daemon/Decision/DecisionLoop+Effects.swift \
    's/try outputs\.set(permit: on)/if on { try outputs.set(permit: on) }/' \
    "rig install line" "a defect takes the permit away"
mutant frozen-accepted Sources/Capture/V4L2/HealthWatch.swift \
    's/same\.count >= 10,/same.count >= 1_000_000_000,/' \
    "rig install line camera" "picture_frozen takes the permit away"
mutant not-synced Sources/Records/EventHistory.swift \
    's/PRAGMA synchronous = FULL/PRAGMA synchronous = OFF/' \
    "rig install line" "every event that was told is kept"
echo "every mutant was found"
