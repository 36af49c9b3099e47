# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The bench: the GPIO chip that the host sees, and one with named lines, edges, and a plug.

modprobe gpio-amdpt
modprobe gpio-sim
modprobe -a vhci-hcd
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
rig=/sys/kernel/config/gpio-sim/rig
mkdir -p $rig/bank/line4 $rig/bank/line5 $rig/bank/line6
echo 8 > $rig/bank/num_lines
echo rig > $rig/bank/label
echo reject > $rig/bank/line4/name
echo trigger > $rig/bank/line5/name
echo ack > $rig/bank/line6/name
# The simulated chip's folder moves when it is made live again.
rig_live() {
    echo 1 > $rig/live
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
