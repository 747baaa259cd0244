# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 run --record` and `ring1 replay`: whatever came in, and whenever, the replay is
the same to the byte. usage: test_record.py RING1 [GUEST...] (smp, suspend, exit, upcall,
time of xen-3.0-pae; GRUB)"""

import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import tempfile
import time

from kit import (BUFFER, CONSOLE_IO, PATIENCE, RING1, Guest, Guests, check, check_refused, echo_guest, finish,
                 ring1)

guests = Guests()
READY = b"".ljust(2048, b"\0") + b"ready\n"
ECHO = guests.add("echo", echo_guest(), READY)
SPIN = guests.add("spin", Guest().call(CONSOLE_IO, 0, 6, BUFFER).label("loop").jump("loop"), b"ready\n")
built = {os.path.basename(path).split("-")[0]: path for path in sys.argv[2:] if os.path.exists(path)}
place = tempfile.TemporaryDirectory()
rand = random.Random(7)
# A build with AddressSanitizer must die of a signal like any other.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0"


def path(name):
    return os.path.join(place.name, name)


def read(name):
    with open(name, "rb") as f:
        return f.read()


def replayed(what, record, out, status, *options, trace=None):
    """The replay says what the run said; it compares time, calls and memory by itself."""
    traced = [f"--trace={path('replay.trace')}"] if trace else []
    r = ring1("replay", "--hash", *traced, *options, record)
    check(f"{what}: the replay's status", r.status == status, status, r)
    check(f"{what}: the replay's console", r.out == out, len(r.out), len(out), r.out[-200:], out[-200:])
    if trace:
        check(f"{what}: the replay's trace", read(path("replay.trace")) == read(trace))
    return r


def live(what, args, text, signals=True, chunks=(1, 4), pause=0.01, terminal=False):
    """Run with --record while bytes of `text` come at random moments, and SIGALRM, by which
    the machine is interrupted."""
    record, trace = path(what.replace(" ", "-") + ".rec"), path("run.trace")
    command = [RING1, "run", "--record", record, f"--trace={trace}", *map(str, args)]
    master, slave = pty.openpty() if terminal else (None, subprocess.PIPE)
    run = subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    to = master if terminal else run.stdin.fileno()
    out = b""
    while run.poll() is None:
        if select.select([run.stdout], [], [], rand.random() * pause)[0]:
            some = os.read(run.stdout.fileno(), 65536)
            out += some
        if signals and run.poll() is None and b"ready" in out:
            run.send_signal(signal.SIGALRM)
        if text and out and rand.random() < 0.5:
            n = rand.randint(*chunks)
            try:
                os.write(to, text[:n])
            except BrokenPipeError:
                pass
            text = text[n:]
    rest, err = run.communicate() if terminal or run.stdin.closed else (run.stdout.read(), run.stderr.read())
    out += rest
    if terminal:
        os.close(master)
        os.close(slave)
    check(f"{what}: nothing was wrong with the run", run.returncode in (0, 3, 124), run.returncode, err)
    replayed(what, record, out, run.returncode, trace=trace)
    return record


# Bytes at random moments, and interruptions.
words = b"".join(rand.choice([b"hello ", b"x", b"\n", b"abc"]) for _ in range(40)) + b"q"
kept = live("echo", [*ECHO], words)
for preempt in ("every", "random:7"):
    live(f"echo {preempt}", ["--preempt", preempt, *ECHO], words[:100] + b"q")
live("echo at a terminal", [*ECHO], words, terminal=True)
if "grub" in built:
    live("grub", ["-m", "64", built["grub"]], b"echo hi\nls\nlsmmap\ndate\nhalt\n", signals=False)
for name in ("upcall", "time"): # guests that wait, and may be unhappy about what comes
    if name in built:
        live(name, ["-m", "16", "--max-guest-time", "3", built[name]], b"abc" * 50)
if "smp" in built:
    for vcpus, preempt in ((2, "normal"), (5, "every"), (32, "random:3")):
        live(f"{vcpus} vcpus {preempt}", ["--vcpus", vcpus, "--preempt", preempt, built["smp"], "--", "turns=6"],
             b"abc" * 30)

# Ends of every kind.
record = path("end.rec")
r = ring1("run", "--record", record, "--max-guest-time", "0.5", *SPIN)
check("a limit ends the run", r.status == 124, r)
check("the last words are the run's", replayed("limit", record, r.out, 124).err.startswith(r.err))
if "exit" in built:
    for reason, status in (("poweroff", 0), ("crash", 3), ("fault", 3), ("watchdog", 5)):
        r = ring1("run", "--record", record, "--report", path("run.json"), built["exit"], "--", f"reason={reason}")
        replayed(reason, record, r.out, status, "--report", path("replay.json"))
        check(f"{reason}: the report", read(path("run.json")) == read(path("replay.json")))
    r = ring1("run", "--record", record, "--on-reboot", "restart", "--max-hypercalls", "40", built["exit"], "--",
              "reason=reboot")
    check("machine after machine", r.status == 124, r)
    replayed("restart", record, r.out, 124)
    about = json.loads(ring1("replay", "--info", "--json", record).out)
    check("--info tells of all machines", len(about["machines"]) > 1 and about["status"] == "124", about)
    check("--info tells of the image", len(about["machines"][0]["image"]) == 64, about)
    text = ring1("replay", "--info", record)
    check("--info is text, too", text.status == 0 and b"machine 1\n" in text.out, text)
if "suspend" in built:
    for how in ("resume", "cancel"):
        r = ring1("run", "--record", record, "--on-suspend", how, built["suspend"], "--", "cycles=3",
                  *(["cancel=1"] if how == "cancel" else []))
        check(f"suspend, {how}", r.status == 0 and b" 0 failed" in r.out, r)
        replayed(f"suspend, {how}", record, r.out, 0)
with open(path("input"), "wb") as f:
    f.write(b"x" * 9000 + b"q")
r = ring1("run", "--record", record, "--input", path("input"), *ECHO)
check("a long --input", len(r.out) == 6 + 9001, len(r.out))
replayed("a long --input", record, r.out, 0)
os.unlink(path("input"))
replayed("the input is gone", record, r.out, 0)

# Nothing but the record is needed.
image = path("image.raw")
with open(image, "wb") as f:
    f.write(read(ECHO[-1]))
r = ring1("run", "--record", record, *ECHO[:-1], image, data=b"abcq")
os.unlink(image)
replayed("the image is gone", record, r.out, 0)

# A part of it.
trace = path("whole.trace")
whole = ring1("replay", f"--trace={trace}", kept)
lines = read(trace).split(b"\n")
for call in (1, 2, len(lines) // 2, len(lines) - 2):
    r = ring1("replay", f"--trace={path('part.trace')}", "--until", call, kept)
    got = read(path("part.trace")).split(b"\n")
    check(f"--until {call}", r.status == 0 and got == lines[:call] + [b""] and whole.out.startswith(r.out), r, got[-3:])
ns = json.loads(ring1("replay", "--info", "--json", kept).out)["machines"][0]["time_ns"]
hashes = [ring1("replay", "--hash", "--until", f"{t / 1e9:.9f}", kept).err for t in (1000, ns, 1000)]
check("--until TIME", hashes[0] == hashes[2] and hashes[0] != hashes[1], hashes)
for bad in ("0", "x", "-1", "1.5x", "s"):
    check_refused(f"--until {bad}", 2, ["--until", bad], "replay", f"--until={bad}", kept)

# Cut: by kill -9, and at any byte.
record = path("killed.rec")
run = subprocess.Popen([RING1, "run", "--record", record, *ECHO],
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
out = b""
for i in range(40):
    os.write(run.stdin.fileno(), b"%d " % i)
    time.sleep(0.02)
    out += os.read(run.stdout.fileno(), 4096)
# The record is written each 100 ms: until it has the last word.
whole_length = len("ready\n" + "".join(f"{i} " for i in range(40)))
deadline = time.monotonic() + PATIENCE
while len(ring1("replay", record).out) < whole_length and time.monotonic() < deadline:
    time.sleep(0.1)
run.kill()
out += run.stdout.read()
run.wait()
r = ring1("replay", record)
check("killed: status", r.status == 7 and "cut" in r.err, r)
check("killed: up to the cut", out.startswith(r.out) and len(out) - len(r.out) < 20, out, r.out)
data = read(kept)
for end in [0, 1, 15, 16, 17, 40] + [rand.randrange(len(data)) for _ in range(25)] + [len(data) - 1]:
    with open(path("part.rec"), "wb") as f:
        f.write(data[:end])
    r = ring1("replay", path("part.rec"))
    check(f"cut at {end}", (r.status == 7 or (r.status == 126 and end < 4000)) and whole.out.startswith(r.out), r)

# Damaged, foreign.
for _ in range(40):
    at, bit = rand.randrange(len(data)), 1 << rand.randrange(8)
    with open(path("part.rec"), "wb") as f:
        f.write(data[:at] + bytes([data[at] ^ bit]) + data[at + 1:])
    r = ring1("replay", path("part.rec"))
    check(f"bit {bit} of byte {at} flipped", r.status == 126 and not r.out and "record" in r.err, r)
with open(path("part.rec"), "wb") as f:
    f.write(data + b"x" * 100)
check_refused("more behind the end", 126, ["damaged"], "replay", path("part.rec"))
check_refused("an image", 126, ["no record of ring1"], "replay", ECHO[-1])
check_refused("a folder", 126, ["regular"], "replay", place.name)
check_refused("no file", 126, ["No such file"], "replay", path("nothing"))

# What cannot be recorded.
check_refused("real time", 2, ["host's clock"], "run", "--record", path("x.rec"), "--time", "real",
              *SPIN)
r = ring1("run", "--record", "/dev/full", "--max-guest-time", "1", *SPIN)
check("a full disk", r.status == 125 and "No space left" in r.err, r)
check_refused("no folder", 2, ["--record", "No such file"], "run", "--record", path("no/x.rec"), *SPIN)
finish()
