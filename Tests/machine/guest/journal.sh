# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What somebody finds who was not there.

check "the line runs" to_running
camera_does show defect
within 15 state_is stopped
camera_does show good
stop_id=ad5aca335e734915b5db1e7e41585daf
sleep 1
journalctl -u jidokad "MESSAGE_ID=$stop_id" -n1 -o export --no-pager > /run/entry.txt
for name in JIDOKA_EVENT=stop JIDOKA_STATE_FROM=running JIDOKA_STATE_TO=stopped JIDOKA_RECIPE=vm JIDOKA_PART= \
    JIDOKA_SCORE= JIDOKA_THRESHOLD= JIDOKA_MODEL= PRIORITY=; do
    check "a stop has the field $name" grep -q "^$name" /run/entry.txt
done
check "its score is the status's score" grep -q "^JIDOKA_SCORE=$(field score)" /run/entry.txt
check "the catalog tells what to do" sh -c \
    "journalctl -u jidokad -x MESSAGE_ID=$stop_id -n1 --no-pager | grep -q 'jidoka ack'"
check "every event that happened has an entry in the catalog" every_event_explained
check "frames are never in the journal" [ "$(journalctl -u jidokad -o cat --no-pager | wc -l)" -lt 2000 ]
check "good parts are summed up" sh -c 'journalctl -u jidokad JIDOKA_EVENT=summary -o cat --no-pager | grep -q good='
journalctl -u jidokad -o cat --no-pager | tail -n 40 > /share/journal-as-read.txt
