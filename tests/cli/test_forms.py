# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 trace --json`, `--perfetto` and `--xentrace` on guests, small and real: each
line and each event against its schema, records by Xen's own xenalyze where it is
installed, and `ring1 diff` on what was written."""

import glob
import json
import os
import shutil
import struct
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

from kit import (BUFFER, CONSOLE_IO, MULTICALL, XEN_VERSION, Guest, Guests, check, check_refused, finish, ring1)

DOCS, REAL = sys.argv[2], sys.argv[3]
IMAGES = {os.path.basename(path)[:-len(".elf")]: path for path in sys.argv[4:]}
FORMS = ("json", "perfetto", "xentrace")
guests = Guests()


def schema(name):
    with open(os.path.join(DOCS, name), encoding="utf-8") as file:
        found = json.load(file)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


LINE, EVENTS = schema("trace.schema.json"), schema("trace-events.schema.json")


def entry(number, *args):
    return struct.pack("<8I", number, 0xAA, *args, *[0] * (6 - len(args)))


MULTI = guests.add("multi", Guest().call(MULTICALL, BUFFER, 2).call(77).call(XEN_VERSION, 0, 0).shutdown(),
                   entry(XEN_VERSION, 0) + entry(CONSOLE_IO, 0, 5, BUFFER + 64) + b"h\x00\xff\"\\")


def trace(name, *args, status=(0,), events="all"):
    """Run with all forms at once: the files' paths."""
    files = {form: guests.path(f"{name}.{form}") for form in FORMS}
    r = ring1("trace", "-e", f"event={events}", "--json", "-o", files["json"], "--perfetto", files["perfetto"], "--xentrace",
              files["xentrace"], "--max-time", "100", *args)
    check(f"{name} runs", r.status in status, r)
    return files


def lines_of(file):
    with open(file, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def check_lines(name, file):
    """Each line against the schema, and what no schema can say."""
    lines = lines_of(file)
    bad = [(error.message[:300], number) for number, line in enumerate(lines, 1) for error in LINE.iter_errors(line)]
    check(f"{name}: the schema", not bad, *bad[:3])
    check(f"{name}: begins", lines[0]["type"] == "trace")
    calls = [line for line in lines if line["type"] == "call"]
    check(f"{name}: serials", all(a["serial"] <= b["serial"] for a, b in zip(calls, calls[1:])))
    top = {call["serial"]: call for call in calls if call["depth"] == 0}
    for call in calls:
        if call["depth"]:
            check(f"{name}: an entry's multicall", top[call["serial"]]["name"] == "multicall", call)
    return calls


def check_events(name, file, calls):
    with open(file, encoding="utf-8") as f:
        found = json.load(f)
    bad = [(error.message[:300], list(error.path)) for error in EVENTS.iter_errors(found)]
    check(f"{name}: the schema of trace events", not bad, *bad[:3])
    spans = [e for e in found["traceEvents"] if e["ph"] in "XBE"]
    done = [e for e in spans if e["ph"] != "B"]
    check(f"{name}: a span a call", len(done) == len([c for c in calls if c.get("result", 0) is not None]),
          len(done), len(calls))
    open_spans = {}
    for e in (e for e in spans if e["ph"] == "X"):  # entries lie in their multicall's span
        if e["cat"] == "hypercall":
            open_spans[e["tid"]] = (e["ts"], e["ts"] + e["dur"])
        elif e["tid"] in open_spans:
            begin, end = open_spans[e["tid"]]
            check(f"{name}: an entry within", begin <= e["ts"] and e["ts"] + e["dur"] <= end + 0.001, e)


def check_records(name, files):
    same = ring1("diff", files["json"], files["xentrace"])
    check(f"{name}: the records have the same calls", same.status == 0, same)
    if not shutil.which("xenalyze"):
        return
    # Without a single record it has nothing to say.
    calls = [c for c in lines_of(files["json"]) if c["type"] == "call"]
    run = subprocess.run(["xenalyze", "--dump-all", "--cpu-hz", "1G", files["xentrace"]], capture_output=True)
    out = run.stdout.decode(errors="replace")
    check(f"{name}: xenalyze", run.returncode == 0 and out.count(" hypercall ") == len(calls),
          run.returncode, out.count(" hypercall "), len(calls), run.stderr[-300:])


def check_all(name, *args, status=(0,), events="all"):
    files = trace(name, *args, status=status, events=events)
    calls = check_lines(name, files["json"])
    check_events(name, files["perfetto"], calls)
    check_records(name, files)
    check(f"{name}: alike itself", ring1("diff", files["json"], files["json"]).status == 0)
    return files, calls


def test_small():
    files, calls = check_all("multi", *MULTI)
    check("five calls and the last", [c["nr"] for c in calls] == [17, 18, 13, 77, 17, 6], calls)
    check("bytes", calls[1]["args"]["buffer"] == {"at": BUFFER + 64, "text": "h\0\xff\"\\"}, calls[1])
    check("a number without a name", "name" not in calls[3] and calls[3]["error"] == "ENOSYS", calls[3])
    r = ring1("trace", "--json", *MULTI)
    with open(files["json"], "rb") as f:
        check("to stderr, alone", r.err.encode() == f.read(), r)
    r = ring1("trace", "--xentrace", guests.path("only"), *MULTI)
    check("no text beside other forms", r.status == 0 and not r.err, r)
    with open(guests.path("only"), "rb") as one, open(files["xentrace"], "rb") as two:
        check("the same records", one.read() == two.read())
    for option in ("--perfetto", "--xentrace"):
        check_refused(f"{option} without a name", 2, [option], "trace", f"{option}=", *MULTI)
        check_refused(f"{option} a folder", 2, [option, "/"], "trace", option, "/", *MULTI)
        r = ring1("trace", option, "/dev/full", *MULTI)
        check(f"{option}: a full disk", r.status == 125 and "/dev/full" in r.err, r)


def test_restart():
    again = guests.add("again", Guest().call(XEN_VERSION, 0, 0).shutdown(1))
    file = guests.path("again.json")
    ring1("trace", "--json", "-o", file, "--perfetto", guests.path("again.p"), "--on-reboot", "restart",
          "--max-hypercalls", "5", *again)
    lines = lines_of(file)
    check("a line for each start", len([line for line in lines if line["type"] == "trace"]) == 3, lines)
    with open(guests.path("again.p"), encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    check("a process for each", {e["pid"] for e in events} == {1, 2, 3}, events)


def test_images():
    for name, path in IMAGES.items():
        check_all(name, path, status=(0, 3, 4, 5))


def test_frames():
    """The same guest with other machine frames: alike but for their numbers."""
    name = "pagetables-xen-2.0"
    if name not in IMAGES:
        return
    one, two = (trace(f"{name}{mode}", "--mfn", mode, IMAGES[name])["json"] for mode in ("shuffle:1", "shuffle:2"))
    check("other frames", ring1("diff", one, two).status == 1)
    r = ring1("diff", "--ignore", "frames", one, two)
    check("but for their numbers", r.status == 0, r)


def test_real():
    with open(guests.path("input"), "wb") as f:
        f.write(b"lsmmap\nhalt\n")
    for path in glob.glob(os.path.join(REAL, "grub-*")):
        check_all("grub", "--input", guests.path("input"), path, status=(0, 5), events="upcall,exception,device")
    for path in glob.glob(os.path.join(REAL, "gnumach-1.8-xen-486-bookworm.gz")):
        check_all("gnumach", "--max-hypercalls", "2000", path, status=(0, 3, 5, 124), events="upcall,exception")


for test in (test_small, test_restart, test_images, test_frames, test_real):
    test()
finish()
