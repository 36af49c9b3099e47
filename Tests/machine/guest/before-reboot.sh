# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The line is stopped by a defect, and the machine restarts.

check "stopped before the reboot" state_is stopped
field reason > /share/reason-before-reboot
systemctl enable jidokad jidokad.socket > /dev/null 2>&1
finish reboot
