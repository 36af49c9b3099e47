#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nonsense on the daemon's sockets: N messages, crowds of connections, half-open ones, slow ones.

sockets.py FOLDER PID [MESSAGES] [CONNECTIONS]     FOLDER: holds control.sock and events.sock; PID: the daemon

Prints one line of JSON; exit status 1 when a message was not answered, the status took longer than 2 s, the daemon died, or its
memory or descriptors grew without end. The same seed sends the same bytes.
"""
import json
import os
import random
import resource
import socket
import sys
import threading
import time

folder, pid = sys.argv[1], int(sys.argv[2])
messages = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000
crowd = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 4 * crowd + 1_000), limit))

SEEDS = [
    b'{"v":1,"cmd":"status"}', b'{"cmd":"ack","verdict":"defect","reason":"crack"}', b'{"cmd":"reset"}', b'{"cmd":"start"}',
    b'{"cmd":"bypass","minutes":0,"reason":"x"}', b'{"cmd":"bypass","end":true}', b'{"cmd":"recipe","name":"../demo"}',
    b'{"cmd":"trigger"}', b'{"since":0}', b'{"v":2,"cmd":"status"}', b'{"cmd":"status","user":"\\ud83d\\ude00"}',
    b'[[[[[[1e999]]]]]]', b'{"cmd":"start","user":"' + b"a" * 200 + b'"}',
]
WORDS = [b"null", b"true", b"-0", b"1e400", b'"', b"\\u0000", b"{", b"}", b"[", b"]", b"\xff", b"\xc3", b"\xed\xa0\x80",
         b"\x00", b":", b",", b"9223372036854775808", b'"v":1,', b'"cmd":', b"\\", b" " * 40]


def mutated(generator):
    line = bytearray(generator.choice(SEEDS))
    for _ in range(generator.randrange(1, 5)):
        place = generator.randrange(len(line) + 1)
        kind = generator.randrange(4)
        if kind == 0:
            line.insert(place, generator.randrange(256))
        elif kind == 1:
            line[place:place] = generator.choice(WORDS)
        elif kind == 2:
            del line[place:place + 1]
        else:
            del line[place:]
    line = bytes(line).replace(b"\n", b"")
    if generator.randrange(2_000) == 0:
        line = b"x" * 70_000
    return line if line.strip(b" \t\r") else b"{"


def connect(name, seconds=30):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(seconds)
    one.connect(f"{folder}/{name}.sock")
    return one


def status():
    begun = time.monotonic()
    with connect("control") as one:
        one.sendall(b'{"cmd":"status"}\n')
        answer = json.loads(one.makefile().readline())
    return answer, time.monotonic() - begun


def bring_back(state):
    """As a person would: the line has to inspect while all this goes on."""
    acknowledge = b'{"cmd":"ack","verdict":"unclear","reason":"fuzz"}'
    step = {"stopped": acknowledge, "fault": acknowledge, "acknowledged": b'{"cmd":"reset"}', "ready": b'{"cmd":"start"}'}.get(state)
    if step is None:
        return
    try:
        with connect("control") as one:
            one.sendall(step + b"\n")
            one.makefile().readline()
    except OSError:
        pass


def measure():
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    return int(fields["VmRSS"].split()[0]) / 1000, len(os.listdir(f"/proc/{pid}/fd"))


problems = []
answered = cut_off = 0
lock = threading.Lock()
over = threading.Event()


def send(seed, count):
    """Requests in bundles; each gets exactly one answer, unless the crowd has pushed the connection out: then it comes again."""
    global answered, cut_off
    generator = random.Random(seed)
    left = count
    client = reader = None
    tries = 0
    while left > 0:
        bundle = [mutated(generator) for _ in range(min(50, left))]
        done = 0
        while done < len(bundle):
            try:
                if client is None:
                    client = connect("control")
                    reader = client.makefile("rb")
                client.sendall(b"".join(line + b"\n" for line in bundle[done:]))
                while done < len(bundle):
                    answer = reader.readline()
                    if not answer:
                        raise OSError("cut off")
                    if b'"ok":' not in answer and b"too_many_clients" not in answer:
                        problems.append(f"{bundle[done][:80]!r} was answered with {answer[:80]!r}")
                        return
                    done, tries = done + 1, 0
            except OSError as error:
                client, tries = None, tries + 1
                with lock:
                    cut_off += 1
                if tries > 1_000:
                    problems.append(f"no answer to {bundle[done][:80]!r}: {error!r}")
                    return
                time.sleep(0.01)
        left -= len(bundle)
        with lock:
            answered += len(bundle)
        if generator.randrange(20) == 0 and client is not None:
            client.close()
            client = None


def crowds():
    """Connections that come in numbers, say half a line or a byte at a time, never read, and hang up in the middle."""
    generator = random.Random(7)
    while not over.is_set():
        held = []
        for index in range(crowd):
            try:
                one = connect(generator.choice(["control", "events"]), 2)
                one.setblocking(False)
                one.send(generator.choice([b"", b"{", b'{"cmd":"sta', b'{"since":0}\n', b"\xff" * 100]))
                if index % 3 == 0:
                    one.shutdown(generator.choice([socket.SHUT_RD, socket.SHUT_WR]))
                held.append(one)
            except OSError:
                pass
        for _ in range(20):
            for one in held[::7]:
                try:
                    one.send(b'"')
                except OSError:
                    pass
            if over.wait(0.05):
                break
        for one in held:
            one.close()


try:
    for _ in range(20):
        status()
    before = measure()
    workers = [threading.Thread(target=send, args=(seed, messages // 4)) for seed in range(4)]
    pest = threading.Thread(target=crowds)
    for thread in workers + [pest]:
        thread.start()
    worst, asked = 0.0, 0
    while any(thread.is_alive() for thread in workers):
        try:
            answer, seconds = status()
        except (OSError, ValueError):
            # A crowd of connections may push a new one out before it has asked: the next one gets through.
            time.sleep(0.1)
            continue
        asked, worst = asked + 1, max(worst, seconds)
        bring_back(answer.get("state"))
        if sys.stderr.isatty():
            print(f"\r{answered} of {messages} messages, {answer['state']}", end="", file=sys.stderr)
        time.sleep(0.25)
    over.set()
    for thread in workers + [pest]:
        thread.join()
    time.sleep(1)
    last, _ = status()
    after = measure()
    if asked == 0:
        problems.append("nobody could ask for the status")
    if after[1] > before[1] + 8:
        problems.append(f"descriptors: {before[1]}, then {after[1]}")
    if worst > float(os.environ.get("JIDOKA_STATUS_LIMIT", "2")):
        problems.append(f"the status took {worst:.2f} s")
except OSError as error:
    problems.append(repr(error))
    last, before, after, worst, asked = {}, (0, 0), (0, 0), 0, 0
finally:
    over.set()
print(json.dumps({
    "messages": answered, "cut_off": cut_off, "connections_at_a_time": crowd, "status_asked": asked, "status_worst_s": round(worst, 3),
    "state": last.get("state"), "latency_ms": last.get("latency"), "recorded_parts": last.get("recorded_parts"), "events": last.get("seq"), "rss_mb": [before[0], after[0]],
    "descriptors": [before[1], after[1]], "problems": problems[:10]}))
sys.exit(1 if problems else 0)
