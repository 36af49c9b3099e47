# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that a camera does when it goes wrong, while the line runs. Each has a name, and takes the permit away.

check "the line runs" to_running

# goes_wrong CODE WHAT-THE-CAMERA-DOES WHAT-MENDS-IT
goes_wrong() {
    check "$1: the line runs before" to_running
    within 10 permit_is 1
    mark $((++number))
    camera_does "$2"
    check "$1 takes the permit away" within 20 permit_is 0
    check "$1 is a fault" within 5 state_is fault
    check "$1 is what the status says" reason_has "$1"
    say "     $1: $(since_mark $number permit 0) ms to the wire"
    [ -z "${4:-}" ] || check "$1 can't be reset while it lasts" not reset_now
    camera_does "$3"
}
reset_now() {
    jidoka ack --verdict unclear --reason "trying" > /dev/null 2>&1
    jidoka reset > /dev/null 2>&1
}
number=10
goes_wrong picture_frozen "show still" "show good" lasting
goes_wrong picture_stale "hang" "go" lasting
goes_wrong picture_corrupt "truncate 12" "truncate 0"
goes_wrong picture_dark "show dark" "show good" lasting
goes_wrong picture_saturated "show bright" "show good" lasting
check "good pictures and three acts of a person make it run again" to_running

# Exposure: locked by the recipe, and forgotten by a camera that loses its power.
exposures() { grep -c '^exposure 300' /run/camera.log; }
check "the recipe's exposure is set" [ "$(exposures)" -ge 1 ]
before=$(exposures)
mark 20
unplug
check "unplugging takes the permit away" within 10 permit_is 0
say "     unplugged: $(since_mark 20 permit 0) ms to the wire"
check "unplugging is a fault" within 5 state_is fault
check "source_lost is what the status says" reason_has source_lost
check "a line without a camera does not start" not three_acts
plug
check "after the replug it can run again, by three acts of a person" to_running
check "the permit is on after that" within 5 permit_is 1
check "the exposure is set again after the replug" [ "$(exposures)" -gt "$before" ]
check "the camera has it" sh -c "v4l2-ctl -d $camera -C exposure_time_absolute | grep -q ': 300'"

# Twenty times, to find what leaks.
replug() {
    unplug
    within 10 [ ! -e "$camera" ]
    plug
    within 20 [ -e "$camera" ] && within 20 camera_is_back
}
# A fault stays latched; whether its cause is gone is in the events.
camera_is_back() {
    [ "$(sqlite3 -readonly /var/lib/jidoka/history.sqlite \
        "SELECT event FROM events WHERE event IN ('fault_cleared', 'source_ready', 'ready', 'fault', 'source_lost',
         'blocked') ORDER BY seq DESC LIMIT 1")" = fault_cleared ]
}
# The first five may still grow the allocator's pools, which belong to threads and are filled lazily.
process_before=$(main_pid)
for turn in $(seq 20); do
    [ "$turn" != 6 ] || { files_before=$(open_files) && memory_before=$(resident); }
    replug || break
done
check "replugged twenty times" [ "$turn" = 20 ]
check "the line runs after them" to_running
check "it is the same process" [ "$(main_pid)" = "$process_before" ]
sleep 2
say "     files $files_before -> $(open_files), resident $memory_before -> $(resident) kB"
check "as many files are open as before" [ "$(open_files)" -le "$files_before" ]
# A leak of a third of one picture a replug would be more than that; ReconnectTests counts over ten thousand.
check "fifteen replugs take no more memory (3 MB)" [ "$(resident)" -le $((memory_before + 3072)) ]
