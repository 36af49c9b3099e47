# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The third boot: the power went while the line ran, and everything that had not been flushed is lost.

. ./rig.sh
check "the daemon is there after the power cut" within 60 systemctl is-active --quiet jidokad
check "a line that was running comes back stopped" within 20 state_is stopped
check "because of an unclean end" reason_has "without a shutdown"
check "the permit is off" permit_is 0
sql() { sqlite3 -readonly /var/lib/jidoka/history.sqlite "$1"; }
check "the history is whole" [ "$(sql 'PRAGMA integrity_check')" = ok ]
told=$(grep -o '"seq":[0-9]*' /share/events-before-cut.txt | tail -n1 | tr -dc 0-9)
kept=$(sql "SELECT max(seq) FROM events WHERE seq <
    (SELECT max(seq) FROM events WHERE event = 'unclean_end')")
say "     told up to event ${told:-none}, kept up to ${kept:-none}"
check "every event that was told is kept" [ "${kept:-0}" -ge "${told:-1}" ]
check "no event is missing in between" [ "$(sql 'SELECT max(seq) - min(seq) + 1 - count(*) FROM events')" = 0 ]
check "the recipe is whole" sh -c 'jidoka model vm > /dev/null'
check "no half-written file is in the recipe" sh -c '! find /var/lib/jidoka/recipes -size 0 | grep -q .'
plug
check "it runs after acknowledge, reset and start" to_running
check "the permit is on" within 5 permit_is 1
finish reboot
