# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 seq run`, `check` and `fmt`; and the sequences of tests/seq, each for every
Xen that its first line names, in each ABI that this Xen spoke."""

import os
import re
import sys

from kit import Guests, check, check_refused, finish, one_line, ring1

guests = Guests()  # for its folder
SEQUENCES = sys.argv[2]
ABIS = {
    "2.0": ["xen-2.0"],
    "3.0.0": ["xen-3.0", "xen-3.0-pae"],
    "3.0.4": ["xen-3.0", "xen-3.0-pae"],
    "3.2": ["xen-3.0", "xen-3.0-pae"],
    "4.17": ["xen-3.0-pae"],
}
HEAD = "ring1-sequence 1\nabi xen-3.0-pae 4.17\n"
GOOD = HEAD + "event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF}) = 0 => {port=3}\n"
BAD = HEAD + "event_channel_op(EVTCHNOP_close, {port=9}) = 0\n"


def write(name, text):
    with open(guests.path(name), "w") as f:
        f.write(text)
    return guests.path(name)


def test_sequences():
    names = sorted(name for name in os.listdir(SEQUENCES) if name.endswith(".hc"))
    check("there are sequences", len(names) >= 7, names)
    for name in names:
        path = os.path.join(SEQUENCES, name)
        with open(path) as f:
            text = f.read()
        r = ring1("seq", "fmt", path)
        check(f"{name} is in the usual form", r.status == 0 and r.out.decode() == text, r)
        for xen in text.split("\n")[0].removeprefix("# for: ").split():
            for abi in ABIS[xen]:
                r = ring1("seq", "run", "--abi", abi, "--xen", xen, path)
                check(f"{name} for {abi}, Xen {xen}", r.status == 0 and not r.err, r)


def test_traces_are_sequences():
    """The lines of a trace, from the name on, are a sequence that agrees."""
    tried = 0
    for name in sorted(name for name in os.listdir(SEQUENCES) if name.endswith(".hc")):
        path = os.path.join(SEQUENCES, name)
        with open(path) as f:
            lines = f.read().split("\n")
        if any(re.match(r"write|ptwrite|time|expect|v\d|iret|multicall", line) for line in lines):
            continue
        head = [line for line in lines if re.match(r"ring1-sequence|abi|domain|page", line)]
        r = ring1("seq", "run", "-q", "-t", path)
        calls = [re.sub(r"^\[ *\d+\.\d+\] v0 ", "", line) for line in r.out.decode().rstrip().split("\n")]
        if r.status == 0 and "SCHEDOP" not in r.out.decode():
            tried += 1
            again = ring1("seq", "run", write("traced.hc", "\n".join(head + calls) + "\n"))
            check(f"the trace of {name} is a sequence", again.status == 0 and not again.err, again)
    check("some were tried", tried >= 3, tried)


def test_run():
    good, bad = write("good.hc", GOOD), write("bad.hc", BAD)
    r = ring1("seq", "run", good)
    check("agrees", r.status == 0 and r.out == f"{good}: 1 call, 2 expectations met\n".encode() and not r.err, r)
    r = ring1("seq", "run", "-q", good)
    check("quiet", r.status == 0 and not r.out and not r.err, r)
    r = ring1("seq", "run", bad)
    check("differs", r.status == 1 and r.out.decode() == f"{bad}:3: expected 0, got -EINVAL (Invalid argument)\n"
          "  why: port 9 is not open\n  event_channel_op(EVTCHNOP_close, {port=9}) = 0\n", r)
    r = ring1("seq", "run", "-q", good, bad, good)
    check("the worst of several counts", r.status == 1, r)
    r = ring1("seq", "run", "-", data=GOOD.encode())
    check("standard input", r.status == 0 and r.out == b"<stdin>: 1 call, 2 expectations met\n", r)
    r = ring1("seq", "run", "-q", "--trace", good)
    check("traced", r.out == b"[   0.000000208] v0 event_channel_op(EVTCHNOP_alloc_unbound, "
          b"{dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}\n", r)
    r = ring1("seq", "run", "-qc", write("hello.hc", HEAD + 'console_io(CONSOLEIO_write, 3, "hi\\n") = 0\n'))
    check("console", r.out == b"hi\n", r)
    r = ring1("seq", "run", "--xen", "3.2", good)
    check("another Xen", r.status == 0, r)


def test_refused():
    check_refused("no command", 2, ["run, check, fmt, min, export or import"], "seq")
    check_refused("an unknown command", 2, ["'walk'"], "seq", "walk")
    check_refused("no file", 2, ["a file is missing"], "seq", "run")
    check_refused("a file that is not there", 126, ["No such file"], "seq", "run", guests.path("none.hc"))
    check_refused("an unknown option", 2, ["--frob"], "seq", "fmt", "--frob", "x")
    check_refused("an unknown Xen", 2, ["--xen", "'5'"], "seq", "run", "--xen", "5", write("g.hc", GOOD))
    check_refused("a pair that never was", 2, ["never spoke"], "seq", "run", "--xen", "2.0", write("g.hc", GOOD))
    check_refused("bad syntax", 126, ["s.hc:3:6: expected a value"], "seq", "check", write("s.hc", HEAD + "iret(\")\n"))
    check_refused("a bad name", 126, ["n.hc:3:1: ", "did you mean"], "seq", "check", write("n.hc", HEAD + "irat()\n"))
    check_refused("no image of a machine", 126, ["expected text, found a zero byte"], "seq", "check",
                  write("z.hc", "\0"))
    check_refused("too much memory", 126, ["d.hc:3:16: "], "seq", "run", write("d.hc", HEAD + "domain {memory=5G}\n"))


def test_check_and_fmt():
    path = write("f.hc", HEAD + "\n\n\niret(   )=0   # why\n")
    r = ring1("seq", "check", path)
    check("checked", r.status == 0 and not r.out and not r.err, r)
    r = ring1("seq", "fmt", "-i", path)
    check("in place", r.status == 0 and not r.out and not r.err, r)
    with open(path) as f:
        check("the file", f.read() == HEAD + "\niret() = 0  # why\n")
    r = ring1("seq", "--help")
    check("help", r.status == 0 and b"fmt" in r.out and b"check" in r.out, r)
    r = ring1("seq", "run", "--help")
    check("help of a command", r.status == 0 and b"--trace" in r.out, r)


test_sequences()
if os.path.basename(SEQUENCES) == "seq":  # those of tests/xsa look for what no trace can say
    test_traces_are_sequences()
test_run()
test_refused()
test_check_and_fmt()
finish()
