# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The second boot: the line was stopped.

. ./rig.sh
check "the daemon is there after a reboot" within 60 systemctl is-active --quiet jidokad
check "a line that was stopped comes back stopped" within 20 state_is stopped
check "with the reason it had" [ "$(field reason)" = "$(cat /share/reason-before-reboot)" ]
check "the permit is off" permit_is 0
plug
check "it runs after acknowledge, reset and start" to_running
check "the permit is on" within 5 permit_is 1
