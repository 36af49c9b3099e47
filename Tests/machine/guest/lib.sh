# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the topics use. Waits are upper bounds, never what is measured: an interpreted processor is slow.

control=/run/jidoka/control.sock
camera=/dev/v4l/by-id/usb-Test_Bench_Edge_Camera_SN0001-video-index0

say() { printf '[%s] %s\n' "$(cut -d' ' -f1 /proc/uptime)" "$*" | tee -a /share/results; }

# check WHAT COMMAND...: one thing that must hold.
check() {
    local what=$1
    shift
    if "$@"; then say "PASS $what"; else
        say "FAIL $what"
        say "     $(status | sed 's/"latency":{[^}]*},//; s/"model":"[^"]*",//' | cut -c1-500)"
    fi
}

# within SECONDS COMMAND...: as soon as it holds, and never later than that.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

not() { ! "$@"; }

# --- the daemon

# The status, as one line of JSON.
status() { /share/bin/ask "$control" '{"cmd":"status"}' 2>/dev/null; }
# A field of it, without quotes.
field() { status | sed -n "s/.*\"$1\":\(\"\([^\"]*\)\"\|\([^,}]*\)\).*/\2\3/p"; }
field_is() { [ "$(field "$1")" = "$2" ]; }
state_is() { field_is state "$1"; }
reason_has() { field reason | grep -q "$1"; }
at_least() { [ "$(field "$1")" -ge "$2" ] 2>/dev/null; }
main_pid() { systemctl show jidokad -p MainPID --value; }
restarts() { systemctl show jidokad -p NRestarts --value; }
# Kilobytes of its own that the daemon has in memory, files that it has open. (The kernel may take pages of its program
# away at any time, so those don't count.)
resident() { awk '/^RssAnon:/ {print $2}' "/proc/$(main_pid)/status"; }
open_files() { find "/proc/$(main_pid)/fd" -mindepth 1 | wc -l; }

# jidoka start, counted: the host compares that with the edges of the permit.
start_line() { jidoka start > /run/start.txt 2>&1 && echo >> /share/starts; }

# From wherever it is to running; fails after a while.
to_running() {
    local end=$((SECONDS + 40))
    while [ "$SECONDS" -lt "$end" ]; do
        case $(field state) in
        running) return 0 ;;
        stopped | fault) jidoka ack --verdict unclear --reason "machine test" > /dev/null 2>&1 ;;
        acknowledged) jidoka reset > /dev/null 2>&1 ;;
        ready) start_line ;;
        esac
        sleep 0.2
    done
    cat /run/start.txt
    false
}

# Acknowledges, resets and starts once; whether it was started.
three_acts() {
    jidoka ack --verdict unclear --reason "machine test" > /dev/null 2>&1
    jidoka reset > /dev/null 2>&1
    start_line
}
# event_since SEQ EVENT
event_since() { jidoka events --since "$1" --json 2> /dev/null | grep -q "\"event\":\"$2\""; }
unit_failed_with() { [ "$(systemctl show jidokad -p ExecMainStatus --value)" = "$1" ]; }
every_event_explained() {
    local id
    for id in $(journalctl -u jidokad -o export --no-pager | sed -n 's/^MESSAGE_ID=//p' | sort -u); do
        journalctl --dump-catalog "$id" 2> /dev/null | grep -q Subject || { say "     no entry for $id"; return 1; }
    done
}

# configure SOURCE-LINES: the configuration with this source; the GPIO lines are always the same.
configure() {
    cat > /etc/jidoka/jidoka.yaml <<CONFIGURATION
recipe: ${recipe:-vm}
source:
$1
outputs:
  kind: gpio
  permit:
    chip: $chip
    line: 3
  heartbeat:
    chip: $chip
    line: 2
  andon:
    chip: $chip
    line: 1
  stop:
    chip: $chip
    line: 0
  reject:
    name: reject
  reject_ms: 200
inputs:
  acknowledge:
    name: ack
# A test pattern is no sample of the parts that were calibrated.
drift:
  level: 0
log:
  summary_seconds: 5
CONFIGURATION
}
from_camera="  kind: camera
  device: $camera"
by_rate="$from_camera
  trigger: rate
  rate: 4"

# --- the wires, as the host sees them

# wire NAME: 0 or 1, as the host's file has it last.
wire() { tail -n1 /share/wires | sed -n "s/.* $1=\([01]\).*/\1/p"; }
wire_is() { [ "$(wire "$1")" = "$2" ]; }
permit_is() { wire_is permit "$1"; }
# mark NUMBER: puts it where the host sees it; 0x30001000, beside the registers.
mark() { printf "\\x$(printf %02x "$1")" | dd of=/dev/mem bs=1 seek=$((0x30001000)) conv=notrunc 2> /dev/null; }
# since_mark NUMBER NAME LEVEL: milliseconds on the host's clock from the mark until the wire has the level.
since_mark() {
    awk -v number="mark=$1" -v level="$2=$3" '
        $2 == number && !begin {begin = $1; marked = 1}
        marked && index($0, " " level) {print $1 - begin; exit}' /share/wires
}
# edges NAME SECONDS: how often the wire changes from now on.
edges() {
    local from
    from=$(wc -l < /share/wires)
    sleep "$2"
    tail -n +"$from" /share/wires | sed "s/.* $1=\([01]\).*/\1/" | uniq | tail -n +2 | wc -l
}

# --- the camera

# Plugs it in; a process is the camera. It outlives the test's unit (KillMode=process), as a camera is there until the
# machine is off.
plug() {
    rm -f /run/camera
    mkfifo /run/camera
    /share/bin/uvcem /share/show /run/camera >> /run/camera.log 2>&1 &
    camera_process=$!
}
# camera_does WHAT...: see uvcem.
camera_does() { echo "$*" > /run/camera; }
unplug() {
    kill "$camera_process"
    wait "$camera_process" 2> /dev/null
}

# --- the end of a boot

# Evidence for whoever has to find out why, and the kernel's own word.
finish() {
    journalctl -b -o short-precise --no-pager > "/share/journal-$boot.txt"
    dmesg > "/share/kernel-$boot.txt"
    kernel_is_well
    say "END of boot $boot"
    echo "${1:-poweroff}" > /share/then
    systemctl "${1:-poweroff}" --no-block
}

# What a sound daemon can't help does not count against it:
# - a camera that vanishes while it is open can meet a race in Linux 6.1: the last close() and the driver's disconnect
#   both take the entity out of the media device, and the second one finds nothing. Then there is no verdict.
# - gpio-sim, our own build of it, warns when it goes while somebody waits for an edge.
kernel_is_well() {
    local trouble
    trouble=$(grep -E "BUG:|Oops:|WARNING: CPU" "/share/kernel-$boot.txt" | grep -v 'WARNING: CPU.*remove_proc_entry')
    if [ -z "$trouble" ]; then
        say "PASS the kernel has nothing to complain about"
    elif grep -q '__media_device_unregister_entity' "/share/kernel-$boot.txt"; then
        say "NONE a race in this kernel: a camera was unplugged while it was being closed"
    else
        say "FAIL the kernel has nothing to complain about"
        say "     $trouble"
    fi
}
