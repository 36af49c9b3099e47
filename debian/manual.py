#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages from what the programs say of themselves, so that a page never tells of an option that isn't there.

manual.py program SECTION VERSION  < output of '--experimental-dump-help' (JSON of swift-argument-parser)
manual.py file SECTION VERSION     < output of 'jidokad --example'
"""
import json
import os
import sys
import time

SEE = {
    "jidoka": ("jidokad", "8"),
    "jidokad": ("jidoka", "1"),
}

FILES = [
    ("/etc/jidoka/jidoka.yaml", "what is inspected, see \\fBjidoka.yaml\\fR(5)"),
    ("/var/lib/jidoka/recipes", "one folder for each recipe"),
    ("/var/lib/jidoka/history.sqlite", "events and latch of the line"),
    ("/var/lib/jidoka/evidence", "pictures of stops, and what is needed to decide them again"),
    ("/run/jidoka/control.sock", "commands; open to the members of the group jidoka"),
    ("/run/jidoka/events.sock", "events as lines of JSON"),
]

DAEMON = r"""
.SH STATES
The run permit is on in the states running, andon and bypass, and in no other. A part above the threshold stops the line; the stop is
latched, also over restarts and power cuts, until a named person has acknowledged it. Acknowledge, reset and start are
three acts: the daemon never starts the line by itself.
.SH SIGNALS
.TP
.B SIGTERM
Ends the daemon with the permit off.
.TP
.B SIGHUP
Reads the configuration again. A bad file keeps the old one and is an event; a change that affects verdicts drops the
permit and needs a start.
.SH "EXIT STATUS"
.TP
.B 0
Ended on purpose.
.TP
.B 1
Could not start; systemd tries again.
.TP
.B 78
The configuration is wrong; systemd does not try again.
.SH JOURNAL
Every event is an entry with fields of its own (\fBJIDOKA_EVENT\fR, \fBJIDOKA_PART\fR, \fBJIDOKA_SCORE\fR and others)
and a \fBMESSAGE_ID\fR for its kind:
.nf
    journalctl \-u jidokad \-f
    journalctl \-u jidokad \-x \-p warning
.fi
.br
The second form also says what to do.
.SH SAFETY
It is not a safety function: it requests a normal stop, and the programmable controller decides how. The controller has
to combine the permit with the heartbeat, since a dead process may leave a line driven. Emergency stops are wired
elsewhere.
"""

FIRST_RECIPE = r"""
.SH EXAMPLES
.nf
    jidoka capture default                    # pictures of good parts
    jidoka train default \-\-data PICTURES      # learn them; ends calibrated
    jidoka status
    jidoka start
    jidoka ack \-\-verdict defect \-\-reason "crack in the rim"
.fi
"""


def plain(text):
    """Text as roff: no escape, no request by accident, hyphens that can be searched."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def paragraphs(text):
    return "\n.PP\n".join(plain(part.strip()) for part in text.split("\n\n") if part.strip())


def name(entry):
    return ("-" if entry["kind"] == "short" else "--") + entry["name"]


def signature(argument):
    """How an argument is typed: bold names, the value in italics."""
    value = argument.get("valueName", "value")
    if argument["kind"] == "positional":
        return "\\fI" + plain(value) + "\\fR" + (" ..." if argument.get("isRepeating") else "")
    names = sorted(argument.get("names", []), key=lambda entry: entry["kind"] != "short")
    text = ", ".join("\\fB" + plain(name(entry)) + "\\fR" for entry in names)
    return text + (" \\fI" + plain(value) + "\\fR" if argument["kind"] == "option" else "")


def synopsis(command, path):
    words = ["\\fB" + plain(" ".join(path)) + "\\fR"]
    optional = False
    for argument in shown(command):
        if argument["kind"] == "positional":
            text = signature(argument)
            words.append("[" + text + "]" if argument.get("isOptional") else text)
        elif argument.get("isOptional"):
            optional = True
        else:
            value = "" if argument["kind"] == "flag" else " \\fI" + plain(argument.get("valueName", "")) + "\\fR"
            words.append("\\fB" + plain(name(argument["preferredName"])) + "\\fR" + value)
    if optional:
        words.insert(1, "[\\fIoptions\\fR]")
    if any(visible(sub) for sub in command.get("subcommands", [])):
        words.append("\\fIcommand\\fR")
    return " ".join(words)


def shown(command):
    """Arguments that --help shows, without those that every command has."""
    common = {"help", "version"}
    return [
        argument
        for argument in command.get("arguments", [])
        if argument.get("shouldDisplay", True)
        and not any(entry["name"] in common for entry in argument.get("names", []))
    ]


def visible(command):
    return command.get("shouldDisplay", True) and command["commandName"] != "help"


def options(command):
    out = []
    for argument in shown(command):
        out += [".TP", signature(argument)]
        text = plain(argument.get("abstract", "")) or "\\&"
        if argument.get("allValues"):
            text += " One of: " + plain(", ".join(argument["allValues"])) + "."
        if argument.get("defaultValue"):
            text += " Default: " + plain(argument["defaultValue"]) + "."
        out.append(text)
    return out


def subcommands(command, path):
    out = []
    for sub in command.get("subcommands", []):
        if not visible(sub):
            continue
        own = path + [sub["commandName"]]
        out += [".SS " + synopsis(sub, own), plain(sub.get("abstract", ""))]
        if sub.get("discussion"):
            out += [".PP", paragraphs(sub["discussion"])]
        out += options(sub) + subcommands(sub, own)
    return out


def header(title, section, version):
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    return '.TH %s %s %s "Jidoka %s" "Jidoka"' % (title.upper(), section, date, plain(version))


def program(section, version):
    command = json.load(sys.stdin)["command"]
    title = command["commandName"]
    summary = command.get("abstract", "").rstrip(".")
    out = [header(title, section, version), ".SH NAME", title + " \\- " + plain(summary[:1].lower() + summary[1:])]
    out += [".SH SYNOPSIS", synopsis(command, [title])]
    if command.get("discussion"):
        out += [".SH DESCRIPTION", paragraphs(command["discussion"])]
    out += [".SH OPTIONS"] + options(command)
    out += [".TP", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show help, also of every command.", ".TP"]
    out += ["\\fB\\-\\-version\\fR", "Show the version."]
    commands = subcommands(command, [title])
    if commands:
        out += [".SH COMMANDS"] + commands
    out.append((DAEMON if section == "8" else FIRST_RECIPE).strip("\n"))
    out.append(".SH FILES")
    for path, what in FILES:
        out += [".TP", ".I " + plain(path), what]
    other = SEE[title]
    out += [".SH SEE ALSO", "\\fB%s\\fR(%s), \\fBjidoka.yaml\\fR(5), \\fBjournalctl\\fR(1)" % other]
    return out


def file(section, version):
    text = sys.stdin.read().rstrip("\n")
    return [
        header("jidoka.yaml", section, version),
        ".SH NAME",
        "jidoka.yaml \\- what the Jidoka daemon inspects",
        ".SH SYNOPSIS",
        ".I /etc/jidoka/jidoka.yaml",
        ".SH DESCRIPTION",
        "A YAML file that \\fBjidokad\\fR(8) reads at its start and at a reload. Unknown keys, keys given twice and",
        "values of another type are errors that name the line; \\fBjidokad \\-\\-check\\fR finds them beforehand.",
        "The example is what \\fBjidokad \\-\\-example\\fR prints and describes every key.",
        ".SH EXAMPLE",
        ".nf",
        plain(text),
        ".fi",
        ".SH SEE ALSO",
        "\\fBjidokad\\fR(8), \\fBjidoka\\fR(1)",
    ]


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("program", "file"):
        sys.exit(__doc__)
    make = program if sys.argv[1] == "program" else file
    print("\n".join(line for line in make(sys.argv[2], sys.argv[3]) if line))


main()
