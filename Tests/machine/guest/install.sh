# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A fresh box: the package goes in, no camera, no recipe. It has to be quiet and blocked.

lines_of_journal() { journalctl -u jidokad -o cat --no-pager | wc -l; }

dpkg -i /share/jidoka.deb > /share/dpkg.txt 2>&1
check "the package installs" [ $? = 0 ]
check "no Swift is in the guest" not sh -c 'command -v swift || find / -xdev -name "libswift*" | grep -q .'
check "the unit runs" within 30 systemctl is-active --quiet jidokad
check "a fresh box is blocked" within 10 state_is blocked
check "the permit is off on the wire" permit_is 0
before=$(lines_of_journal)
sleep 4
check "a fresh box is quiet" [ "$(lines_of_journal)" -le $((before + 1)) ]
check "a fresh box does not restart over and over" [ "$(restarts)" = 0 ]

# Who it is and what it may.
pid=$(main_pid)
check "never root: user jidoka in every form" \
    [ "$(awk '/^Uid:/ {print $2, $3, $4, $5}' "/proc/$pid/status" | tr ' ' '\n' | sort -u)" = "$(id -u jidoka)" ]
check "no capability" [ "$(awk '/^Cap(Prm|Eff|Bnd|Amb)/ {print $2}' "/proc/$pid/status" | sort -u)" = 0000000000000000 ]
only_unix_sockets() {
    local inode
    for inode in $(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n'); do
        cat /proc/net/unix "/proc/$pid/net/unix" | awk -v inode="$inode" '$7 == inode {found = 1} END {exit !found}' \
            || return 1
    done
}
check "no network socket: every socket is a UNIX one" only_unix_sockets
check "nothing listens on a network" [ "$(cat "/proc/$pid"/net/{tcp,tcp6,udp,udp6} | grep -vc local_address)" = 0 ]

# The real configuration, still without a camera.
cp -r /share/recipe/* /var/lib/jidoka/recipes/
chown -R jidoka:jidoka /var/lib/jidoka/recipes
configure "$by_rate"
check "the configuration is accepted" jidokad --check --config /etc/jidoka/jidoka.yaml
systemctl restart jidokad
check "without a camera it is blocked" within 10 state_is blocked
check "it says that the camera is missing" within 5 reason_has "$camera"
check "systemd's status tells the state" sh -c "systemctl show jidokad -p StatusText --value | grep -q blocked"
check "the permit is claimed" sh -c "gpioinfo '$chip' | grep 'line *3:' | grep -q output"
check "a line that is blocked does not start" not jidoka start
check "the permit is still off on the wire" permit_is 0
doctor() { jidoka doctor > /share/doctor-without-camera.txt 2>&1; }
check "the doctor is not content" not doctor
check "the doctor misses the camera" grep -q "$camera" /share/doctor-without-camera.txt
