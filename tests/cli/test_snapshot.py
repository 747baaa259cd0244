# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 run --save` and `--load`: a run that goes on from a file is the run that was never
left. usage: test_snapshot.py RING1 [GUEST...] (upcall, smp, suspend, frontends, network of
xen-3.0-pae, boot of xen-2.0; GRUB, GNU Mach)"""

import json
import os
import random
import sys

from kit import BUFFER, CONSOLE_IO, Guest, Guests, check, check_refused, echo_guest, finish, one_line, ring1

guests = Guests()
path = guests.path
ECHO = guests.add("echo", echo_guest(), b"".ljust(2048, b"\0") + b"ready\n")
SPIN = guests.add("spin", Guest().call(CONSOLE_IO, 0, 6, BUFFER).label("loop").jump("loop"), b"ready\n")
REBOOT = guests.add("reboot", Guest().call(CONSOLE_IO, 0, 6, BUFFER).shutdown(1), b"ready\n")
SNAP = path("snap")
NONE = ["--input", path("none")]
rand = random.Random(3)
built = {os.path.basename(p).split("-")[0]: p for p in sys.argv[2:] if os.path.exists(p)}
with open(path("input"), "wb") as f:
    f.write(b"some bytes, then q")
with open(path("none"), "wb") as f: # no stdin that may or may not have ended
    pass
with open(path("grub"), "wb") as f:
    f.write(b"ls\nhalt\n")


def read(name):
    with open(name, "rb") as f:
        return f.read()


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def ending(record):
    r = ring1("replay", "--hash", record)
    return r.err.rsplit("memory", 1)[-1]


def saved(what, args, *places, split=True):
    """The run as a whole; and saved at each place, and gone on with: console, trace, time, calls
    and memory are the same."""
    whole = ring1("run", "--record", path("whole.rec"), f"--trace={path('whole')}", *args)
    end = ending(path("whole.rec"))
    check(f"{what}: has an end", "hypercall" in end or "calls" in end, end)
    for place in places:
        name = f"{what}, saved at {place}"
        if os.path.exists(SNAP):
            os.unlink(SNAP)
        one = ring1("run", "--save", SNAP, "--at", place, f"--trace={path('one')}", *args)
        check(f"{name}: saved", one.status == 0 and os.path.exists(SNAP) and not one.err, one)
        two = ring1("run", "--load", SNAP, "--input", path("none"), "--record", path("two.rec"), f"--trace={path('two')}")
        check(f"{name}: status", two.status == whole.status, two, whole)
        check(f"{name}: console", one.out + two.out == whole.out, one, two, whole)
        check(f"{name}: stderr", one.err + two.err == whole.err, one, two, whole)
        check(f"{name}: trace", not split or read(path("one")) + read(path("two")) == read(path("whole")))
        check(f"{name}: the end", ending(path("two.rec")) == end, ending(path("two.rec")), end)
        again = ring1("replay", f"--trace={path('again')}", path("two.rec"))
        check(f"{name}: its record", again.out == two.out and read(path("again")) == read(path("two")), again)
        check(f"{name}: loaded twice", ring1("run", "--load", SNAP, "--input", path("none")).out == two.out)


saved("echo", ["--input", path("input"), *ECHO], 1, 2, 7, 20, "0.00001", "3s")
if "upcall" in built:
    saved("upcall", [*NONE, built["upcall"]], 30, "0.0313s", "1.0", "5000s")
if "smp" in built:
    saved("smp", [*NONE, "--vcpus", "3", built["smp"]], 100, "0.02s", "0.021", "0.03s")
if "suspend" in built:
    saved("suspend", [*NONE, "--on-suspend", "resume", built["suspend"]], 40, "0.001")
if "boot" in built:
    saved("boot of 2.0", [*NONE, "-m", "16", built["boot"]], 20, "0.0007")
if "grub" in built:
    saved("GRUB", ["-m", "64", "--input", path("grub"), built["grub"]], 60, "0.2")
if "gnumach" in built:
    saved("GNU Mach", [*NONE, "-m", "64", built["gnumach"]], 300, "0.06s")

if "frontends" in built:  # it writes to the overlay, and reads again what it wrote
    write(path("frontends.img"), bytes(4 << 20))
    saved("frontends", [*NONE, "--disk", path("frontends.img") + ",snapshot", built["frontends"]], 200, 400)
if "network" in built:
    saved("network", [*NONE, "--net", "none", built["network"]], 60, 150)

# --- without --at: how a run ended ---
r = ring1("run", "--max-guest-time", "0.01", "--save", SNAP, *SPIN)
check("a limit: saved", r.status == 124 and os.path.exists(SNAP) and r.out == b"ready\n", r)
r = ring1("run", "--load", SNAP, "--max-guest-time", "0.02")
check("a limit: goes on to the next", r.status == 124 and r.out == b"", r)
r = ring1("run", "--load", SNAP, "--max-guest-time", "0.01")
check("a limit: is of the guest's whole time", r.status == 124 and r.out == b"", r)
r = ring1("run", "--save", SNAP, "--input", path("input"), *ECHO)
check("a guest that ended: saved", r.status == 0, r)
r = ring1("run", "--load", SNAP)
check("a guest that ended: has ended", r.status == 0 and r.out == b"", r)
r = ring1("run", "--save", SNAP, "--at", "1", "--on-reboot", "restart", *REBOOT)
r = ring1("run", "--load", SNAP, "--on-reboot", "restart", "--max-hypercalls", "5")
check("a reboot after --load", r.status == 124 and r.out.count(b"ready") >= 2, r)

# --- what it is ---
ring1("run", "--save", SNAP, "--at", "2", "--input", path("input"), *ECHO)
r = ring1("info", SNAP)
check("info", r.status == 0 and r.out.startswith(b"a snapshot of ring1\n") and b"vcpus        1\n" in r.out, r)
r = ring1("info", "--json", SNAP)
facts = json.loads(r.out)
check("info --json", facts["kind"] == "snapshot" and facts["hypercalls"] == 2 and facts["memory_mib"] == 16, facts)

# --- options ---
check_refused("a machine's option", 2, ["--load", "--memory"], "run", "--load", SNAP, "-m", "64")
check_refused("a command line", 2, ["--load", "--"], "run", "--load", SNAP, "--", "word")
check_refused("an image", 2, ["--load", "image"], "run", "--load", SNAP, "image")
check_refused("--at alone", 2, ["--at", "--save"], "run", "--at", "3", *ECHO)
check_refused("a place", 2, ["--at", "soon"], "run", "--save", SNAP, "--at", "soon", *ECHO)
check_refused("no such file", 125, ["No such file"], "run", "--load", path("missing"))
check_refused("no snapshot", 126, ["no snapshot"], "run", "--load", path("echo"))
check_refused("a folder", 126, ["no regular file"], "run", "--load", guests.folder.name)
r = ring1("run", "--save", path("missing/snap"), "--at", "2", "--input", path("input"), *ECHO)
check("a folder that is missing", r.status == 125 and "No such file" in r.err, r)
r = ring1("run", "--time", "real", "--save", path("real"), "--at", "1", *ECHO)
check("real time", r.status == 125 and "host" in r.err and one_line(r.err) and read(path("real")) == b"", r)

# --- damaged files: refused, with the place; and the old file stays when the new one fails ---
good = read(SNAP)
for cut in [0, 7, 15, 16, 30, len(good) // 2, len(good) - 1]:
    write(path("bad"), good[:cut])
    check_refused(f"cut to {cut} bytes", 126, ["snapshot", "bad"], "run", "--load", path("bad"))
for at in [0, 8, 12, 20, 45, *(rand.randrange(len(good)) for _ in range(25))]:
    some = bytearray(good)
    some[at] ^= 1 << rand.randrange(8)
    write(path("bad"), some)
    check_refused(f"byte {at}", 126, ["snapshot", "bad"], "run", "--load", path("bad"))
write(path("bad"), good + b"more than it was")
check_refused("longer", 126, ["cut"], "run", "--load", path("bad"))

# --- disks ---
disk = path("disk.img")
write(disk, bytes(1 << 20))
for words, status in [("", 125), (",ro", 0), (",snapshot", 0)]:
    r = ring1("run", "--disk", disk + words, "--save", path("disk.snap"), "--at", "2", "--input", path("input"), *ECHO)
    check(f"a disk '{words}'", r.status == status and (status == 0 or (one_line(r.err) and "writable" in r.err)), r)
r = ring1("run", "--load", path("disk.snap"))
check("with its disk", r.status == 0, r)
os.utime(disk, (1, 1))
check_refused("a disk that was changed", 125, ["disk.img", "was changed"], "run", "--load", path("disk.snap"))
write(disk, bytes(2 << 20))
check_refused("a disk of another size", 125, ["disk.img", "another size"], "run", "--load", path("disk.snap"))
os.unlink(disk)
check_refused("a disk that is gone", 125, ["disk.img", "No such file"], "run", "--load", path("disk.snap"))

finish()
