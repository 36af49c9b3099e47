# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The package goes while the line runs.

dpkg -r jidoka > /share/dpkg-remove.txt 2>&1
check "the package can be removed while the line runs" [ $? = 0 ]
check "the permit goes off" within 10 permit_is 0
check "the daemon is gone" not systemctl is-active --quiet jidokad
check "the history stays" [ -s /var/lib/jidoka/history.sqlite ]
finish poweroff
