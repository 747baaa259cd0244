# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 replay` with every form of trace, and of runs into which something was injected:
what the traced run wrote, the replay writes. usage: test_replay.py RING1 [GUEST...]
(multicall, events, smp, exit, frontends of xen-3.0-pae)"""

import itertools
import json
import os
import sys

from kit import PATIENCE, Guests, check, check_refused, echo_guest, finish, print_guest, ring1

guests = Guests()
ECHO = guests.add("echo", echo_guest(), b"".ljust(2048, b"\0") + b"ready\n")
built = {os.path.basename(path).split("-")[0]: path for path in sys.argv[2:] if os.path.exists(path)}
path = guests.path
with open(path("input"), "wb") as f:
    f.write(b"some bytes, then q")


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


FORMS = {
    "text": [],
    "raw": ["-X", "raw", "-s", "4", "--list-limit", "2"],
    "stacks": ["-k", "-r", "-T"],
    "dates": ["-t"],
    "failed": ["-e", "status=failed"],
    "events": ["-e", "event=all"],
    "some": ["-e", "trace=%memory,console_io"],
    "counts": ["-c", "-S", "calls"],
    "lines and counts": ["-C", "-S", "name"],
    "JSON": ["--json"],
}


def without_host(text):
    """A summary has columns of the host's time."""
    return [line.split()[-2:] for line in text.splitlines()]


def compare(what, args, inject=(), forms=("text", "JSON")):
    """Trace with --record, in some forms; then the same of the replay."""
    record, both = path("run.rec"), {}
    files = ["--perfetto", "--xentrace", "--hc"]
    for name in forms:
        options = FORMS[name]
        extra = [a for option in files for a in (option, path("run" + option))] if name == "JSON" else []
        r = ring1("trace", "--record", record, "-o", path("run.out"), *options, *extra, *inject, *args)
        check(f"{what}, {name}: traced", r.status in (0, 3, 124), r)
        extra = [a.replace(path("run"), path("replay")) for a in extra]
        s = ring1("replay", "-o", path("replay.out"), *options, *extra, record)
        check(f"{what}, {name}: replayed", s.status == r.status and s.out == r.out, r, s)
        one, two = read("run.out"), read("replay.out")
        if name in ("counts", "lines and counts"):
            one, two = without_host(one), without_host(two)
        check(f"{what}, {name}: the same trace", one == two and (one or name in ("failed", "some")), len(one), len(two),
              [p for p in itertools.zip_longest(one[-2000:].splitlines(), two[-2000:].splitlines()) if p[0] != p[1]][:3]
              if isinstance(one, bytes) else (one, two))
        both[name] = one
    for option in files:
        check(f"{what}, {option}: the same", read("run" + option) == read("replay" + option) and read("run" + option))
    return both


def test_forms():
    """Every form of one guest; of the others those that it says little in."""
    compare("echo", ["--input", path("input"), *ECHO], forms=FORMS)
    for name, options, forms in (("multicall", (), ("stacks", "raw", "failed", "JSON")), ("events", (), ("events", "JSON")),
                                 ("smp", ("--vcpus", "3"), ("some", "lines and counts", "JSON"))):
        if name in built:
            compare(name, [*options, "--max-guest-time", "3", built[name]], forms=forms)
    r = ring1("replay", "-P", "0x10000", path("run.rec"))
    check("-P", r.status in (0, 124) and r.out, r)


def test_injected():
    echo = ["--input", path("input"), *ECHO]
    got = compare("injected", echo, ["-e", "inject=console_io:retval=1:when=3..5", "-e",
                                     "inject=console_io:delay=3ms:when=2+3", "-e", "inject=%sched:error=EBUSY:when=2+2"])
    check("something was injected", b'"injected":true' in got["JSON"] and b"INJECTED" in got["text"].upper(), got["text"])
    about = json.loads(ring1("replay", "--info", "--json", path("run.rec")).out)
    check("--info counts", about["machines"][0]["call_answers"] > 3, about)
    r = ring1("replay", path("run.rec"))
    check("it needs no trace", r.status == 0, r)
    if "multicall" in built:  # entries; calls that stop half-way and come again
        for preempt in ("normal", "every", "random:5"):
            compare(f"entries, {preempt}", ["--preempt", preempt, built["multicall"]],
                    ["-e", "inject=mmu_update,update_va_mapping,xen_version:error=EAGAIN:when=2+2", "-e",
                     "inject=all:delay=20us:when=3+5"])
            r = ring1("replay", path("run.rec"))
            check(f"entries, {preempt}: it needs no trace", r.status in (0, 3), r)
    if "exit" in built:  # machine after machine: the count goes on
        compare("restart", ["--on-reboot", "restart", "--max-hypercalls", "40", built["exit"], "--", "reason=reboot"],
                ["-e", "inject=all:delay=7us:when=5+3"])


def test_disk():
    """The replay needs no disk, and writes to none."""
    if "frontends" not in built:
        return
    disk, record, report = path("disk.img"), path("disk.rec"), [path("one.json"), path("two.json")]
    for words in (("persistent=1",), ()):
        with open(disk, "wb") as f:
            f.write(os.urandom(500 * 512))
        r = ring1("run", "--record", record, "--report", report[0], "--disk", disk, "--net", "none", built["frontends"], "--",
                  *words)
        check("a run with a disk", r.status == 0 and b" 0 failed" in r.out and b"500 sectors" in r.out, r)
        trace = ring1("trace", "--json", "-o", path("disk.json"), "--disk", disk, "--net", "none", built["frontends"], "--",
                      *words)
        check("the same, traced", trace.status == 0, trace)
        os.unlink(disk)
        s = ring1("replay", "--report", report[1], record)
        check("replayed without it", s.status == 0 and s.out == r.out and not s.err, s, r)
        check("the same end", read("one.json") == read("two.json"))
        check("no disk was made", not os.path.exists(disk))
        about = json.loads(ring1("replay", "--info", "--json", record).out)["machines"][0]
        check("what it read is in the record", about["device_bytes"] >= 500 * 512 and about["calls"] > 100, about)


def test_million():
    """A record of a million calls: whole, up to a call near the end, and with an answer there."""
    printer = guests.add("printer", print_guest(0, 1000000))
    record = path("million.rec")
    r = ring1("run", "--record", record, *printer)
    check("a million calls", r.status == 0, r)
    about = json.loads(ring1("replay", "--info", "--json", record).out)["machines"][0]
    check("they were made", about["calls"] == 1000001 and about["marks"] >= 976 and about["finished"], about)
    check("it is small", os.path.getsize(record) < 100000, os.path.getsize(record))
    s = ring1("replay", "--hash", record)
    check("they are replayed", s.status == 0 and s.out == r.out and "1000001 calls" in s.err, s)
    s = ring1("replay", "--hash", "--until", "999999", record)
    check("up to the last but one", s.status == 0 and " 999999 calls" in s.err, s)
    s = ring1("trace", "--record", record, "-e", "trace=none", "-e", "inject=console_io:retval=7:when=900000", *printer,
              timeout=PATIENCE)
    check("one of them is answered", s.status == 0, s)
    s = ring1("replay", "-e", "trace=console_io", "-P", "0xFFFFFFF0", record)
    check("its replay", s.status == 0 and not s.out, s)


def test_refused():
    check_refused("inject", 2, ["replay: -e", "injected"], "replay", "-e", "inject=all:error=EPERM", path("run.rec"))
    check_refused("a bad expression", 2, ["-e", "'nonsense'"], "replay", "-e", "trace=nonsense", path("run.rec"))
    check_refused("--json and -c", 125, ["--json"], "replay", "--json", "-c", path("run.rec"))
    check_refused("a file that cannot be made", 125, ["--hc", "No such"], "replay", "--hc", path("no/x"), path("run.rec"))


for test in (test_forms, test_injected, test_disk, test_million, test_refused):
    test()
finish()
