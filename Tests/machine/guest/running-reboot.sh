# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The fourth boot: the machine was restarted in an orderly way while the line ran.

check "the shutdown took the permit away" permit_is 0
. ./rig.sh
check "the daemon is there after a reboot" within 60 systemctl is-active --quiet jidokad
plug
check "a line that was running and ended in order comes back ready" within 30 state_is ready
check "the permit is off: it does not start by itself" permit_is 0
check "a start is enough" start_line
check "the permit is on" within 5 permit_is 1
