#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the package and its units must do; runs as root under the container's systemd, see run.sh.
set -u
cd /share
. ./checks.sh
message_id() { # of the kind of event whose journal entry comes last
    journal -o verbose JIDOKA_EVENT="$1" -n 1 | sed -n 's/^ *MESSAGE_ID=//p'
}

echo "# fresh install"
check "systemd is PID 1" is "$(cat /proc/1/comm)" systemd
check "there is no Swift" is "$(find / -xdev -name 'libswift*' -o -xdev -name swift -type f | head -n 1)" ""
check "the package installs" dpkg -i jidoka.deb
check "the service is enabled" systemctl is-enabled jidokad.service jidokad.socket
check "it is active without a camera" eventually systemctl is-active jidokad.service
check "the socket is active" systemctl is-active jidokad.socket
check "the line is blocked" state_is blocked
check "systemctl status says so" contains "$(property StatusText)" '^blocked, permit off'
first=$(pid)
before=$(journal -o cat | wc -l)
# Longer than the watchdog waits.
sleep 8
check "it stays the same process: the watchdog is fed" is "$(pid)" "$first"
check "no restarts" restarts_are 0
check "it is quiet" [ $(($(journal -o cat | wc -l) - before)) -le 2 ]
check "nothing is complained about" not grep -i -e fail -e denied <<< "$(journal -o cat)"
check "no unit has failed" is "$(systemctl list-units --failed --no-legend --plain)" ""

echo "# confinement"
check "it runs as the user jidoka" is "$(ps -o user:20= -o group:20= -p "$first" | xargs)" "jidoka jidoka"
check "it is in the groups video and gpio" \
    is "$(tr ' ' '\n' < <(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$first/status") | grep . |
        xargs -n 1 getent group | cut -d : -f 1 | sort | xargs)" "gpio jidoka video"
check "it has no capabilities" is \
    "$(grep -E '^Cap(Prm|Eff|Bnd|Amb)' "/proc/$first/status" | awk '{print $2}' | sort -u)" 0000000000000000
check "no new privileges, seccomp filter" is \
    "$(grep -E '^(NoNewPrivs|Seccomp):' "/proc/$first/status" | awk '{print $2}' | xargs)" "1 2"
check "no network socket" is "$(cat "/proc/$first"/net/{tcp,tcp6,udp,udp6,raw,raw6,packet} | grep -v -E 'sl|sk ')" ""
check "only the loopback interface" is "$(sed 1,2d "/proc/$first/net/dev" | cut -d : -f 1 | xargs)" lo
check "exposure at most 1.0" systemd-analyze security --offline=true --threshold=10 jidokad.service
echo "     $(systemd-analyze security --offline=true jidokad.service | tail -n 1)"
check "the units are well-formed" systemd-analyze verify --man=no jidokad.service jidokad.socket
# A device that is on no list, as root but in the service's control group.
mknod -m 666 /dev/testnode c 10 229
check "no other device can be opened" not sh -c \
    'echo $$ > /sys/fs/cgroup/system.slice/jidokad.service/cgroup.procs && exec 3<> /dev/testnode'
check "though anybody else can" sh -c 'exec 3<> /dev/testnode'
check "the state is nobody else's" is "$(stat -c '%U %G %a' /var/lib/jidoka)" "jidoka jidoka 750"
check "control.sock is the group's" is "$(stat -c '%G %a' /run/jidoka/control.sock)" "jidoka 660"

echo "# a line"
cp -r parts /srv/parts
cp -r line /var/lib/jidoka/recipes/
chown -R jidoka:jidoka /var/lib/jidoka/recipes
configure
check "the configuration is good" jidokad --check
check "restart with a recipe" systemctl restart jidokad.service
check "the line is ready" eventually state_is ready
check "the first act is off" permit_is off
check "started" run_line
sleep 1
check "it runs" state_is running
check "systemctl status tells state, recipe, parts and score" \
    contains "$(property StatusText)" '^running, permit on, recipe line, [0-9]* parts, last score [0-9]'

echo "# people"
adduser_() { useradd --create-home --shell /bin/bash "$@"; }
adduser_ --groups jidoka worker
adduser_ stranger
check "a stranger may not command the line" not su stranger -c 'jidoka status'
check "nor read its events" is "$(stat -c '%G %a' /run/jidoka/events.sock)" "jidoka 660"
check "an operator may" su worker -c 'jidoka status'
configure defects=yes
systemctl reload jidokad.service
check "a change of the source takes the permit away" eventually permit_is off
check "and needs a start" eventually state_is ready
check "systemd knows that the reload is over" \
    eventually eval 'is "$(property ActiveState)/$(property SubState)" active/running'
su worker -c 'jidoka start' > /dev/null
check "a defect stops the line" eventually state_is stopped
check "with the permit off" permit_is off
check "the journal has part and score of the stop" \
    contains "$(journal -o verbose JIDOKA_EVENT=stop)" 'JIDOKA_SCORE='
stop=$(message_id stop)
check "and its MESSAGE_ID" is "${#stop}" 32
check "which finds it" contains "$(journalctl --no-pager -o cat MESSAGE_ID="$stop")" 'line stopped: part'
explained=$(journalctl --no-pager -x MESSAGE_ID="$stop")
check "journalctl -x tells what to do" contains "$explained" 'jidoka ack --verdict defect'
check "with the part's name in it" contains "$explained" \
    "line stopped: part $(journal -o verbose JIDOKA_EVENT=stop | sed -n 's/^ *JIDOKA_PART=//p' | tail -n 1) scores"
check "an operator acknowledges" su worker -c 'jidoka ack --verdict defect --reason scratch'
check "the journal knows who" contains "$(journal -o verbose JIDOKA_EVENT=acknowledge)" 'JIDOKA_USER=worker'
check "every event has a MESSAGE_ID" is "$(events_without_message_id)" ""

echo "# configuration"
configure
systemctl reload jidokad.service
check "a line to try reloads on" run_line
process=$(pid)
echo 'recipe: [' > /etc/jidoka/jidoka.yaml
systemctl reload jidokad.service
check "a bad file is told" eventually logged 'configuration rejected, the old one stays'
check "and changes nothing" state_is running
check "not even the permit" permit_is on
configure level=debug
systemctl reload jidokad.service
check "a change that judges nothing is taken" eventually logged 'configuration reloaded'
check "and leaves the line running" state_is running
check "by the same process" is "$(pid)" "$process"
echo 'recipe: [' > /etc/jidoka/jidoka.yaml
systemctl restart jidokad.service
check "a start with a bad file fails" is "$(property ActiveState)" failed
check "with exit status 78" is "$(property ExecMainStatus)" 78
check "the permit is off" permit_is off
sleep 2
check "and nobody tries again" is "$(property ActiveState)/$(property NRestarts)" failed/0
sed -i 's/permit=off/permit=on/' /run/jidoka/outputs
systemctl start jidokad.service
check "outputs of the last good file are driven off" eventually permit_is off
for _ in 1 2 3; do jidoka status > /dev/null 2>&1; done
check "asking meanwhile does not wear the socket out" eventually systemctl is-active jidokad.socket
configure
systemctl reset-failed jidokad.service
systemctl start jidokad.service
check "mended, it is back" eventually state_is ready

echo "# sockets"
socket=$(stat -c %i /run/jidoka/control.sock)
systemctl restart jidokad.service
check "control.sock outlives a restart" is "$(stat -c %i /run/jidoka/control.sock)" "$socket"
systemctl stop jidokad.service 2> /dev/null
check "stopped" not systemctl is-active jidokad.service
check "a question starts the daemon" eventually jidoka status
check "which is active" systemctl is-active jidokad.service

echo "# ends"
check "running" run_line
systemctl restart jidokad.service
check "a restart drops the permit" permit_is off
check "and is a clean end" eventually state_is ready
check "running again" run_line
count=$(property NRestarts)
kill -STOP "$(pid)"
check "a process that hangs is restarted" eventually restarts_are $((count + 1))
check "because of the watchdog" eventually logged 'Watchdog timeout'
check "the permit is off" permit_is off
check "the line comes back stopped" eventually state_is stopped
check "as the journal explains" \
    contains "$(journalctl --no-pager -x JIDOKA_EVENT=unclean_end)" 'judge the parts that passed'
check "running after the watchdog" run_line
count=$(property NRestarts)
kill -KILL "$(pid)"
check "a killed process is restarted" eventually restarts_are $((count + 1))
check "the line is stopped" eventually state_is stopped
check "the history is whole" history_is_whole
# Without a restart only ExecStopPost= can have done it.
mkdir -p /run/systemd/system/jidokad.service.d
printf '[Service]\nRestart=no\n' > /run/systemd/system/jidokad.service.d/once.conf
systemctl daemon-reload
check "running before the kill" run_line
permit_is on
began=$(date +%s%N)
kill -KILL "$(pid)"
until permit_is off > /dev/null; do
    [ $(($(date +%s%N) - began)) -lt 5000000000 ] || break
    sleep 0.005
done
took=$((($(date +%s%N) - began) / 1000000))
check "ExecStopPost= drops the permit of a killed process within a second ($took ms)" [ $took -lt 1000 ]
check "and nothing else ran" not systemctl is-active jidokad.service
rm -r /run/systemd/system/jidokad.service.d
systemctl daemon-reload
systemctl reset-failed jidokad.service
systemctl start jidokad.service
check "events.sock answers again" eventually jidoka events
check "the history is whole again" history_is_whole

echo "# upgrade"
check "running before the upgrade" run_line
check "the upgrade installs" dpkg -i newer.deb
check "active again" eventually systemctl is-active jidokad.service
check "as the new version" is "$(dpkg-query -W -f '${Version}' jidoka)" "$(dpkg-deb -f newer.deb Version)"
check "by a new process, once" restarts_are 0
check "permit off" permit_is off
check "ready, waiting for a start" eventually state_is ready
check "the edited configuration stays" grep -q 'kind: folder' /etc/jidoka/jidoka.yaml
check "the history goes on" history_is_whole
check "the socket is active" systemctl is-active jidokad.socket
check "no unit has failed" is "$(systemctl list-units --failed --no-legend --plain)" ""

echo "# remove and purge"
check "running before the removal" run_line
journal -o short-precise > journal
check "the package goes" dpkg -r jidoka
check "permit off" permit_is off
check "no process" is "$(pgrep -x jidokad)" ""
check "no socket" [ ! -e /run/jidoka/control.sock ]
check "no catalog entry is left" is "$(journalctl --dump-catalog "$stop" 2> /dev/null)" ""
check "configuration and history stay" [ -s /etc/jidoka/jidoka.yaml -a -s /var/lib/jidoka/history.sqlite ]
check "no unit has failed" is "$(systemctl list-units --failed --no-legend --plain)" ""
check "it comes back" dpkg -i jidoka.deb
check "ready as before" eventually state_is ready
check "with its history" history_is_whole
check "the package is purged" dpkg -P jidoka
check "nothing is left" is \
    "$(ls -d /etc/jidoka /var/lib/jidoka /run/jidoka /etc/systemd/system/*/jidokad.* 2> /dev/null)" ""
check "but the user" getent passwd jidoka
check "no unit has failed" is "$(systemctl list-units --failed --no-legend --plain)" ""
check "systemd knows the units no more" is "$(property LoadState)" not-found
journalctl --no-pager -o short-precise -b > journal
echo "$passed passed, $failed failed"
