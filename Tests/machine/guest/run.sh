#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs in the guest, as root, once a boot. /share is a folder of the host: what is written there survives everything.
#   /share/boot     number of the boot that comes next      /share/results  one line for each thing that was looked at
set -u
cd /share/guest || exit 1
. ./lib.sh
boot=$(cat /share/boot)
echo $((boot + 1)) > /share/boot
say "boot $boot: Linux $(uname -r), $(nproc) processors"
case $boot in
1)
    read -ra topics < /share/topics
    for topic in "${topics[@]}"; do
        say "--- $topic"
        . "./$topic.sh"
    done
    . ./before-reboot.sh
    ;;
2) . ./stopped-reboot.sh && . ./before-cut.sh ;;
3) . ./after-cut.sh ;;
4) . ./running-reboot.sh && . ./purge.sh ;;
*) check "no boot that nobody asked for" false; finish ;;
esac
