# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Lines that go away, and lines that somebody else has.

check "the line runs" to_running

# The chip of the permit goes while the line runs: nobody can drive the wire now, and only the heartbeat tells.
driver=/sys/bus/platform/drivers/$(basename "$(readlink -f /sys/bus/platform/devices/AMDIF030:00/driver)")
echo AMDIF030:00 > "$driver/unbind"
check "a lost chip is a fault" within 10 state_is fault
check "output_failed is what the status says" reason_has output_failed
check "the heartbeat stands still: that is what the PLC sees" [ "$(edges heartbeat 2)" = 0 ]
echo AMDIF030:00 > "$driver/bind"
check "the chip that is back has the permit off" within 10 permit_is 0
check "the line runs again after three acts of a person" to_running
check "the permit is on again" within 5 permit_is 1
check "the heartbeat toggles again" [ "$(edges heartbeat 3)" -ge 4 ]

# The chip of button and reject line goes.
echo 0 > "$rig/live"
check "a lost chip of a button is a fault" within 10 state_is fault
check "the permit is off" within 5 permit_is 0
rig_live
udevadm settle
check "the line runs again when the chip is back" to_running

# Somebody else has the permit's line when the daemon comes.
systemctl stop jidokad
check "a clean end takes the permit away" permit_is 0
gpioset --mode=signal "$(gpiodetect | awk -v label="[$chip]" '$2 == label {print $1}')" 3=0 &
holder=$!
sleep 0.5
systemctl start jidokad
check "a busy line: the unit is up all the same" within 20 systemctl is-active --quiet jidokad
check "a busy line is a fault" within 10 state_is fault
check "it says which line" reason_has output_failed
check "it does not restart over and over" [ "$(restarts)" = 0 ]
check "a line whose permit is held by another does not start" not three_acts
check "the permit is off on the wire" permit_is 0
kill "$holder"
wait "$holder" 2> /dev/null
check "the line runs when the other has gone" to_running
check "the permit is on on the wire" within 5 permit_is 1
