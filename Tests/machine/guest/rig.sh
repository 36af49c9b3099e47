# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The hardware is there, before anything is asked of the daemon.

rig=/sys/kernel/config/gpio-sim/rig
# The simulated chip's folder moves when it is made live again.
rig_live() {
    [ "$(cat $rig/live)" = 1 ] || echo 1 > $rig/live
    rig_lines=/sys/devices/platform/$(cat $rig/dev_name)/$(cat $rig/bank/chip_name)
}
# pull LINE up|down: what the outside does to an input.
pull() { echo "pull-$2" > "$rig_lines/sim_gpio$1/pull"; }
# press LINE: a rising edge and back.
press() {
    pull "$1" up
    sleep 0.15
    pull "$1" down
}
rig_live
chip=AMDIF030:00
check "both GPIO chips are there" sh -c "gpiodetect | grep -q '$chip' && gpiodetect | grep -q rig"
check "no camera is there" [ ! -e "$camera" ]
