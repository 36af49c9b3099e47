# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Parts are counted, not pictures: by an edge of a GPIO line, and by a program.

configure "$from_camera
  trigger: input
  delay_ms: 50
  debounce_ms: 60
  input:
    name: trigger"
systemctl restart jidokad
check "with a trigger line the box gets ready" within 20 state_is ready
check "a clean restart leaves nothing to acknowledge" to_running
sleep 2
check "pictures without an edge are no parts" field_is parts 0
beats=$(edges heartbeat 4)
say "     heartbeat: $beats edges in 4 s"
check "the heartbeat goes on when no part is due" [ "$beats" -ge 8 ]
for _ in 1 2 3 4 5; do
    press 5
    sleep 0.6
done
check "five edges are five parts" within 5 field_is parts 5
# Five edges in far less than the debounce time; the level stays long enough for the kernel to believe it.
pull 5 up; pull 5 down; pull 5 up; pull 5 down; pull 5 up
sleep 1
pull 5 down
sleep 1
check "a bouncing contact is one part" field_is parts 6
camera_does show defect
sleep 1
press 5
check "the triggered part that is bad takes the permit away" within 10 permit_is 0
camera_does show good

# A reload that changes the source: the trigger line needs a restart, a software trigger does not.
configure "$from_camera
  trigger: software
  delay_ms: 50"
systemctl restart jidokad
check "with a software trigger the box gets to run" to_running
for _ in 1 2 3; do
    check "the trigger is taken" jidoka trigger
    sleep 0.6
done
check "three triggers are three parts" within 5 field_is parts 3
check "all of them good" field_is good 3
configure "$by_rate"
systemctl reload jidokad
check "a reload that changes the verdicts takes the permit away" within 10 permit_is 0
check "and needs a start, nothing else" within 10 state_is ready
