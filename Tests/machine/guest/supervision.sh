# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What systemd is for: the daemon hangs, dies, has no memory, gets a bad configuration. The permit goes off each time,
# and never comes back by itself.

# comes_back WHAT MILLISECONDS-TO-THE-WIRE REASON: after an end that nobody wanted.
comes_back() {
    check "$1: the permit goes off" within 20 permit_is 0
    local took
    took=$(since_mark "$number" permit 0)
    say "     $1: $took ms to the wire"
    [ -z "$2" ] || check "$1: within $2 ms" [ "${took:-999999}" -le "$2" ]
    check "$1: the daemon is back" within 30 other_process
    check "$1: it comes back stopped" within 20 state_is stopped
    check "$1: because of an unclean end" reason_has "without a shutdown"
    check "$1: the permit stays off" permit_is 0
    check "$1: systemd knows why" [ "$(journalctl -u jidokad -o cat --no-pager | grep -c "$3")" -ge 1 ]
}
other_process() { systemctl is-active --quiet jidokad && [ "$(main_pid)" != "$process" ]; }
begin() {
    check "$1: the line runs before" to_running
    check "$1: the permit is on before" within 5 permit_is 1
    process=$(main_pid)
    mark $((++number))
}

number=30
begin "hanging process"
kill -STOP "$process"
comes_back "hanging process" "" "Watchdog timeout"

begin "killed process"
kill -KILL "$process"
# Nobody looks meanwhile: the processors are for systemd.
sleep 1.5
# A second is what a box has to keep, and what is printed on a quiet host (0.4 s); an emulator on a busy one takes longer.
comes_back "killed process" 5000 "code=killed, status=9/KILL"

begin "out of memory"
systemctl set-property --runtime jidokad MemoryMax=6M
check "out of memory: the permit goes off" within 20 permit_is 0
systemctl set-property --runtime jidokad MemoryMax=1G
comes_back "out of memory" "" "oom-kill"

# Reload.
check "reload: the line runs before" to_running
within 5 permit_is 1
printf 'recipe: vm\nsauce: 1\n' > /etc/jidoka/jidoka.yaml
seq=$(field seq)
systemctl reload jidokad
check "a bad configuration is refused" within 10 event_since "$seq" configuration_rejected
check "and says which key" sh -c "jidoka events --since $seq | grep -q sauce"
check "the line runs on with the old one" state_is running
check "the permit stays on" permit_is 1
configure "$by_rate"
sed -i 's/summary_seconds: 5/summary_seconds: 7/' /etc/jidoka/jidoka.yaml
seq=$(field seq)
systemctl reload jidokad
check "a change that no verdict depends on is taken" within 10 event_since "$seq" configuration_reloaded
check "the line runs on" state_is running

# A bad configuration at the start is no reason to try again.
echo 'recipe: [' > /etc/jidoka/jidoka.yaml
systemctl restart jidokad
check "a bad configuration ends the daemon" within 10 unit_failed_with 78
check "the permit is off" permit_is 0
sleep 2
check "it is not restarted" [ "$(systemctl is-active jidokad)" = failed ]
configure "$by_rate"
systemctl restart jidokad
check "with a good one it runs again" to_running
