# SPDX-License-Identifier: Apache-2.0
#
# Words that inside.sh is written in.  Sourced.

passed=0
failed=0

# check WHAT COMMAND...: counts whether the command succeeds.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "PASS $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        [ -z "$output" ] || printf '%s\n' "$output" | tail -n 5 | sed 's/^/     /'
    fi
}

# eventually COMMAND...: until it succeeds, 15 seconds at most.
eventually() {
    local end=$((SECONDS + 15))
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "still not after 15 s: $*"; "$@"; return 1; }
        sleep 0.05
    done
}

not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { echo "expected '$2', found '$1'"; return 1; }; }
contains() { grep -q -e "$2" <<< "$1" || { echo "expected '$2' in: $1"; return 1; }; }

property() { systemctl show "${2:-jidokad.service}" -p "$1" --value; }
pid() { property MainPID; }
state_is() { is "$(jidoka status --json | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p')" "$1"; }
permit_is() { is "$(sed -n 's/^permit=\([a-z]*\) .*/\1/p' /run/jidoka/outputs)" "$1"; }
restarts_are() { is "$(property NRestarts)" "$1"; }

# journal ARGUMENTS...: what the unit's journal says.
journal() { journalctl --no-pager -u jidokad.service "$@"; }
# logged TEXT ARGUMENTS...
logged() {
    local text=$1
    shift
    journalctl --sync
    contains "$(journal -o cat "$@")" "$text"
}

# Entries of events, in verbose form, that lack the field.
events_without_message_id() {
    journal -o verbose | awk '
        /^[A-Z][a-z][a-z] / { if (event && !id) print event; event = id = "" }
        / JIDOKA_EVENT=/ { event = $1 }
        / MESSAGE_ID=/ { id = $1 }
        END { if (event && !id) print event }'
}

# configure KEY=VALUE...: the configuration of a line with outputs that can be looked at; its parts are good, unless
# 'defects=yes'.
configure() {
    local rate=10 level=info defects=no source="kind: folder
  path: /srv/parts
  repeat: true"
    [ $# = 0 ] || local "$@"
    [ $defects = no ] || source="kind: synthetic
  defect_every: 1"
    cat > /etc/jidoka/jidoka.yaml << Y
recipe: line
source:
  $source
  rate: $rate
outputs:
  kind: file
  path: /run/jidoka/outputs
# The same few parts again and again are no sample of those that were calibrated.
drift:
  level: 0
log:
  level: $level
Y
}

# From whatever state to running, as a person would.
run_line() {
    eventually jidoka status || return 1
    jidoka ack --verdict unclear --reason test > /dev/null 2>&1 || true
    jidoka reset > /dev/null 2>&1 || true
    eventually state_is ready && jidoka start && permit_is on
}

# Every event from the first on, each number once, in order.
history_is_whole() {
    local last numbers
    last=$(jidoka status --json | sed -n 's/.*"seq":\([0-9]*\).*/\1/p')
    numbers=$(jidoka events --json | sed -n 's/.*"seq":\([0-9]*\),.*/\1/p')
    [ "$last" -gt 0 ] && is "$numbers" "$(seq "$last")"
}
