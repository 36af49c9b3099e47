#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A copy of the package for the thread sanitizer: prepare.sh FOLDER
#
# In it 'Mutex' is the one beside this script, and no function is chosen by the loader: an ifunc runs before the sanitizer does.
set -euo pipefail
cd "$(dirname "$0")/../../.."
copy=$1
mkdir -p "$copy"
# What git knows, and what is new and not ignored; files that did not change keep their time, and are not built again.
git ls-files -z --cached --others --exclude-standard -- Package.swift Sources Tests models |
    while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done | tar -c --null -T - | tar -x -C "$copy"
cd "$copy"
targets=$(grep -rl '^import Synchronization$' Sources | cut -d / -f 2 | sort -u)
grep -rl '^import Synchronization$' Sources | xargs sed -i 's/^import Synchronization$/import SanitizedSync/'
sed -i 's/^#if defined(__x86_64__).*/#if 0/' Sources/CKernels/clones.h Sources/CTraining/Clones.h
{
    echo 'package.targets.append(.target(name: "SanitizedSync", path: "Tests/fuzz/SanitizedSync", exclude: ["prepare.sh"]))'
    for target in $targets; do
        echo "package.targets.first { \$0.name == \"$target\" }?.dependencies.append(.target(name: \"SanitizedSync\"))"
    done
} >> Package.swift
