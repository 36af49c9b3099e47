# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The way of a part: camera, verdict, permit, and the people around it.

plug
check "a camera that is plugged in later makes it ready" within 30 state_is ready
check "ready is not running: the permit is off" permit_is 0
check "the start is accepted" start_line
check "the line runs" within 5 state_is running
check "the host sees the permit go on" within 5 permit_is 1
beats=$(edges heartbeat 5)
say "     heartbeat: $beats edges in 5 s"
check "the heartbeat toggles at least twice a second" [ "$beats" -ge 10 ]
check "good parts are counted" within 15 at_least good 10
check "none of them was bad" field_is bad 0

last=$(field seq)
mark 1
camera_does show defect
check "a defect takes the permit away, seen from outside" within 15 permit_is 0
say "     from the camera's change to the wire: $(since_mark 1 permit 0) ms"
check "the line is stopped" within 5 state_is stopped
check "the stop line is on" within 5 wire_is stop 1
camera_does show good
jidoka events --since "$last" --json > /run/events.txt
score=$(grep '"event":"stop"' /run/events.txt | sed 's/.*"score":\([^,}]*\).*/\1/')
check "the camera's score is the host's, to the last bit ($score)" grep -q " $score " /share/defects

check "a stopped line does not start" not jidoka start
check "a stopped line does not reset before somebody has looked" not jidoka reset
useradd -r -G jidoka shift-leader
check "a stranger may not acknowledge" \
    not runuser -u nobody -- jidoka ack --verdict defect --reason "none of my business"
check "an operator may" runuser -u shift-leader -- jidoka ack --verdict defect --reason "scratch beside the hole"
check "it is acknowledged" state_is acknowledged
check "and the record says by whom" sh -c 'jidoka events --json | grep "\"event\":\"acknowledge\"" | grep -q shift-leader'
check "the permit is off after the acknowledgement" permit_is 0
check "the reset is accepted" jidoka reset
check "a reset does not start the line" permit_is 0
check "a start does" start_line
check "the host sees the permit again" within 5 permit_is 1

camera_does show defect
check "the next defect stops it too" within 15 permit_is 0
camera_does show good
within 5 state_is stopped
press 6
check "the button acknowledges" within 5 state_is acknowledged
check "the line goes on afterwards" to_running
doctor() { jidoka doctor > /share/doctor.txt 2>&1; }
check "the doctor has nothing against a box that runs" doctor
check "the doctor finds the camera" grep -q "$camera" /share/doctor.txt
