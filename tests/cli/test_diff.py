# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 diff`: its options, its exit status, files that are no traces."""

import json
import struct

from kit import Guests, check, check_refused, echo_guest, finish, one_line, ring1

guests = Guests()
ECHO = guests.add("echo", echo_guest(), b"".ljust(2048, b"\0") + b"ready\n")
HEAD = '{"type":"trace","version":1}\n'


def call(serial, nr, result, **more):
    return json.dumps({"type": "call", "serial": serial, "vcpu": 0, "nr": nr, "result": result, **more}) + "\n"


def write(name, data):
    with open(guests.path(name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return guests.path(name)


A = write("a", HEAD + call(1, 17, 0) + call(2, 29, 0) + call(3, 21, 0))
B = write("b", HEAD + call(1, 17, 0) + call(2, 29, -22, why="no") + call(3, 21, 0) + call(4, 3, 0))
FRAMES = [write(f"frames{n}", HEAD + call(1, 9, 0, args={"frame": {"mfn": n, "pfn": 7}})) for n in (300, 400)]


def xentrace(*numbers):
    records = b"".join(struct.pack("<IQI", 0x9020100D, 1000 * i, nr) for i, nr in enumerate(numbers))
    return struct.pack("<III", 0x2001F003, 0, len(records)) + records


def test_status():
    r = ring1("diff", A, A)
    check("equal", r.status == 0 and r.out == b"3 calls, no difference\n" and not r.err, r)
    r = ring1("diff", A, B)
    check("different", r.status == 1 and not r.err, r)
    for word in (b"The first difference:", b"result: 0 | -EINVAL", b"(line 3)", b"2 calls alike, 1 different"):
        check(f"it says {word}", word in r.out, r)
    r = ring1("diff", "-q", A, B)
    check("quiet", r.status == 1 and not r.out and not r.err, r)
    r = ring1("diff", "--json", A, B)
    found = json.loads(r.out)
    check("JSON", r.status == 1 and not found["equal"] and found["changed"] == 1 and found["only_b"] == 1, r)
    check("its fields", found["differences"][0]["fields"][0] == {"path": "result", "a": "0", "b": "-EINVAL"}, r)
    r = ring1("diff", "--ignore", "results,why", "--shown", "0", A, B)
    check("ignored", r.status == 1 and b"2 calls alike" not in r.out and b"3 calls alike" in r.out, r)


def test_frames():
    check("frames differ", ring1("diff", *FRAMES).status == 1)
    check("pfns do not", ring1("diff", "--ignore=frames", *FRAMES).status == 0)


def test_xentrace():
    same, other = write("same", xentrace(17, 29, 21)), write("other", xentrace(17, 21))
    check("a trace of Xen, equal", ring1("diff", A, same).status == 0, ring1("diff", A, same))
    r = ring1("diff", A, other)
    check("a call less", r.status == 1 and b"1 only in " + A.encode() in r.out, r)


def test_sequences():
    head = 'ring1-sequence 1\nabi xen-3.0-pae 4.17\n'
    alloc = 'event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0})\n'
    one = write("one.hc", "# a comment\n\n" + head + alloc + "vm_assist(VMASST_CMD_enable, 2)\n")
    two = write("two.hc", head + alloc + alloc)
    check("a sequence, alike itself", ring1("diff", one, one).status == 0, ring1("diff", one, one))
    r = ring1("diff", one, two)
    check("another sequence", r.status == 1 and b"(call 2)" in r.out and b"vm_assist" in r.out, r)
    check_refused("a bad sequence", 126, ["bad.hc:4:1: "], "diff", write("bad.hc", head + "x(\n"), one)


def recorded(name, text, *options):
    record, trace = guests.path(name + ".rec"), guests.path(name + ".json")
    r = ring1("run", "--record", record, *options, *ECHO, data=text)
    check("the run", r.status == 0, r)
    r = ring1("trace", "--json", "-o", trace, *options, *ECHO, data=text)
    return record, trace


def test_records():
    # All of the input lies there from the start: the traced run is the recorded one.
    for name, text in (("one", b"abcq"), ("two", b"abdq")):
        with open(guests.path(name), "wb") as f:
            f.write(text)
    one, trace = recorded("one", b"", "--input", guests.path("one"))
    two, _ = recorded("two", b"", "--input", guests.path("two"))
    for a, b in ((one, one), (one, trace), (trace, one)):
        r = ring1("diff", a, b)
        check("records, alike", r.status == 0 and b"no difference" in r.out and not r.err, r)
    r = ring1("diff", one, two)
    check("records of two runs", r.status == 1 and b"(call " in r.out and b"console_io" in r.out, r)
    with open(one, "rb") as f:
        data = f.read()
    r = ring1("diff", one, write("cut.rec", data[:-20]))
    check("a record that was cut", r.status in (0, 1) and not r.err, r)
    check_refused("a damaged record", 126, ["damaged.rec"], "diff",
                  write("damaged.rec", data[:40] + bytes([data[40] ^ 1]) + data[41:]), one)


def test_bad():
    for option, values in (("--ignore", ["x", "", "time,"]), ("--window", ["0", "4097", "x"]), ("--context", ["-1"]),
                           ("--shown", ["x"]), ("--domain", ["32752", "x"]), ("--tsc-hz", ["0", "x"])):
        for value in values:
            check_refused(f"{option} '{value}'", 2, [option], "diff", f"{option}={value}", A, B)
    check_refused("no files", 2, ["A is missing"], "diff")
    check_refused("one file", 2, ["B is missing"], "diff", A)
    check_refused("three files", 2, [f"'{B}'"], "diff", A, B, B)
    check_refused("no such file", 126, ["nowhere"], "diff", A, guests.path("nowhere"))
    check_refused("empty", 126, ["the file is empty"], "diff", write("empty", ""), B)
    check_refused("no trace", 126, ["its first bytes"], "diff", write("text", "hello\n"), B)
    damaged = write("damaged", HEAD + call(1, 17, 0) + '{"type":"call","serial":2,"vcpu":0 "nr":3}\n')
    check_refused("damaged", 126, [damaged + ":3:36: expected ',' or '}', not '\"'"], "diff", A, damaged)
    cut = write("cut", xentrace(17, 29)[:-2])
    check_refused("cut", 126, ["offset 12: expected a window of 32 bytes, the file has 30 left"], "diff", cut, A)
    r = ring1("diff", "--help")
    check("help", r.status == 0 and b"--ignore" in r.out and one_line("ring1: x\n"), r)


for test in (test_status, test_frames, test_xentrace, test_sequences, test_records, test_bad):
    test()
finish()
