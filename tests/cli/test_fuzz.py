# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 fuzz`: limits, seeds, the corpus, finds of a module that is not careful, triage
and show."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

from kit import PATIENCE, RING1, Guests, check, check_refused, finish, ring1

guests = Guests()  # for its folder
MODULE, CARELESS, TESTS = sys.argv[2:5]


def fuzz(*args, **more):
    return ring1("fuzz", "--finds", guests.path("finds"), *args, **more)


def summary(r):
    """The JSON without what depends on the host's speed."""
    s = json.loads(r.out)
    del s["seconds"], s["runs_per_second"]
    return s


def test_options():
    check_refused("an ABI that is none", 2, ["xen-9"], "fuzz", "--abi", "xen-9")
    check_refused("a Xen that is none", 2, ["9.9"], "fuzz", "--xen", "9.9")
    check_refused("a pair that never was", 2, ["never"], "fuzz", "--abi", "xen-2.0", "--xen", "4.17")
    check_refused("checks", 2, ["most"], "fuzz", "--checks", "most")
    check_refused("negative runs", 2, ["limit"], "fuzz", "--runs", "-5")
    check_refused("a word", 2, ["word"], "fuzz", "word")
    check_refused("merge of nothing", 2, ["--corpus"], "fuzz", "--merge", "x")
    check_refused("no module", 2, ["nothing.so"], "fuzz", "--module", "./nothing.so")
    check_refused("triage of nothing", 126, ["nowhere"], "fuzz", "triage", "nowhere")
    r = ring1("fuzz", "--help")
    check("help", r.status == 0 and b"triage" in r.out, r)
    r = ring1("fuzz", "--dictionary")
    check("a dictionary", r.status == 0 and r.out.count(b'"\\x') > 200, r)


def test_folders():
    """Where nothing can be left is said before the work, and an empty folder is not left behind."""
    file, finds, corpus = guests.path("file"), guests.path("no finds"), guests.path("no corpus")
    open(file, "w").close()
    for option in "--finds", "--corpus":
        check_refused(f"{option} below a file", 125, [file], "fuzz", option, file + "/x", "--runs", "10")
    check_refused("--merge below a file", 125, [file], "fuzz", "--corpus", corpus, "--merge", file + "/x")
    check("its corpus is not made", not os.path.exists(corpus))
    check_refused("import below a file", 125, [file], "fuzz", "import", "--corpus", file + "/x", "none.hc")
    r = ring1("fuzz", "--finds", finds, "--runs", "10")
    check("no folder without finds", r.status == 0 and not os.path.exists(finds), r)
    os.mkdir(finds)
    r = ring1("fuzz", "--finds", finds, "--runs", "10")
    check("but one that was there", r.status == 0 and os.path.exists(finds), r)


def test_clean():
    """Nothing is found, for every pair, and the same seed does the same."""
    first = fuzz("--runs", "3000", "--json")
    again = fuzz("--runs", "3000", "--json")
    other = fuzz("--runs", "3000", "--json", "--seed", "2")
    check("nothing is found", first.status == 0, first)
    check("in a pipe it is quiet", first.err == "" and first.out.count(b"\n") == 1, first)
    check("so many runs", summary(first)["runs"] >= 3000 and summary(first)["finds"] == 0, first)
    check("the same seed", summary(first) == summary(again), first, again)
    check("another seed", summary(first) != summary(other), first, other)
    r = fuzz("--runs", "500", "--xen", "4.17", "--checks", "full")
    check("a person's line", r.status == 0 and r.out.startswith(b"500 runs of "), r)
    r = fuzz("--seconds", "0.5", "--quiet")
    check("an end by time", r.status == 0 and r.out == b"" and r.err == "", r)


def test_corpus():
    corpus, small = guests.path("corpus"), guests.path("small")
    r = fuzz("--runs", "400", "--corpus", corpus)
    check("a corpus is made", r.status == 0 and len(os.listdir(corpus)) > 50, r)
    os.mkdir(small)
    r = fuzz("--corpus", corpus, "--merge", small)
    check("and made smaller", r.status == 0 and 0 < len(os.listdir(small)) <= len(os.listdir(corpus)), r)
    names = sorted(os.listdir(small))[:60]
    r = ring1("fuzz", "show", *[os.path.join(small, n) for n in names[:1]])
    check("an input is a sequence", r.status == 0 and r.out.startswith(b"ring1-sequence 1\n"), r)
    for name in names:
        r = ring1("fuzz", "show", os.path.join(small, name))
        path = guests.path("shown.hc")
        with open(path, "wb") as f:
            f.write(r.out)
        again = ring1("seq", "run", "-q", path)
        check(f"{name} gives the same as a sequence", again.status == 0, again)


CALL = re.compile(r"^(?:  \[\d+\] |v\d: )?(?:\w+ = )?(?:(?:hypercall_(\d+)|(\w+?))\(|(multicall)\b)")
# Whose results do not depend on how much memory and how many vcpus there are, on what lies on the stack, or
# on what cannot be said.
SAME_RESULTS = {"events-2.0.hc", "events-3.0.0.hc", "events.hc", "grants.hc", "multicall.hc", "second-vcpu.hc", "tables-2.0.hc",
                "tables.hc", "writes.hc", "xsa-20.hc", "xsa-24.hc", "xsa-29.hc", "xsa-31.hc", "xsa-122.hc", "xsa-240.hc",
                "xsa-32-more.hc", "xsa-402.hc", "xsa-224.hc", "xsa-520.hc"}


def calls_of(text, names):
    """Calls by name, and the results that are told."""
    calls = []
    for line in text.splitlines():
        m = CALL.match(line)
        if not m or line.startswith(("page ", "domain ")):
            continue
        name = m.group(3) or m.group(2) or names.get(m.group(1), m.group(1))
        result = re.search(r" = (-?\w+)(?: \(.*?\))?(?: =>.*)?(?:  #.*)?$", line)
        command = re.search(r"[({]\[?(?:\{cmd=)?([A-Z]\w+_\w+)", line)
        calls.append((name, command and command.group(1), result and result.group(1)))
    return calls


def test_import():
    """Sequences become inputs, which are the same calls, with the same results where nothing else matters."""
    names = {"13": "multicall"}
    for call in json.loads(ring1("hypercalls", "--json").out)["hypercalls"]:
        names[str(call["number"])] = call["name"]
    for path in sorted(glob.glob(TESTS + "/seq/*.hc") + glob.glob(TESTS + "/xsa/*.hc")):
        name = os.path.basename(path)
        folder = guests.path("imported-" + name)
        r = ring1("fuzz", "import", "--corpus", folder, path)
        files = os.listdir(folder) if r.status == 0 else []
        lines = r.out.decode().splitlines()
        check(f"{name} is imported", r.status == 0 and files and " in " in lines[-1], r)
        check(f"{name}: what is not said has its line", all(re.match(r".*:\d+: not said: ", n) for n in lines[:-1]), r)
        if len(files) != 1 or any(n.endswith("what follows") for n in lines[:-1]):
            continue
        shown = calls_of(ring1("fuzz", "show", os.path.join(folder, files[0])).out.decode(), names)
        with open(path) as f:
            said = calls_of(f.read(), names)
        check(f"{name}: the same calls", [c[0] for c in said] == [c[0] for c in shown], said, shown)
        for a, b in zip(said, shown):
            check(f"{name}: the same command", not a[1] or not b[1] or a[1] == b[1], a, b)
            if name in SAME_RESULTS and a[2] and b[2]:
                check(f"{name}: the same result", a[2] == b[2], a, b)
        if name == "memory.hc":
            check("a frame that a call gave", any(": not said: a frame that an earlier call gave" in n for n in lines), r)
    r = fuzz("--corpus", guests.path("imported-tables.hc"), "--runs", "200")
    check("they are a corpus", r.status == 0, r)
    check_refused("no sequence", 126, ["expected"], "fuzz", "import", __file__)
    check_refused("another Xen", 2, ["9.9"], "fuzz", "import", "--xen", "9.9", TESTS + "/seq/tables.hc")
    path = guests.path("long.hc")
    with open(path, "w") as f:
        f.write("ring1-sequence 1\nabi xen-3.0 3.2\n" + "xen_version(XENVER_version, NULL)\n" * 100)
    folder = guests.path("imported-long")
    r = ring1("fuzz", "import", "-c", folder, "--xen", "3.0.4", path)
    check("a long one is several", b"100 calls in 5 inputs" in r.out and len(os.listdir(folder)) == 2, r, os.listdir(folder))


def test_module():
    r = fuzz("--module", MODULE, "--runs", "20000", "--checks", "auto")
    check("the example is careful", r.status == 0, r)
    r = fuzz("--module", CARELESS, "--runs", "100000", "--max-finds", "1")
    check("the other is not", r.status == 1 and b"crash: " in r.out, r)
    finds = sorted(os.listdir(guests.path("finds"))) if r.status == 1 else []
    hc = [f for f in finds if f.endswith(".hc")]
    check("its find is left as a sequence", len(hc) == 1, finds)
    if hc:
        with open(os.path.join(guests.path("finds"), hc[0])) as f:
            text = f.read()
        check("that says what broke, and calls it", text.startswith("# broken: crash") and "hypercall_100(" in text, text)
        check("and is short", text.count("hypercall_100(") == 1, text)


def test_triage():
    """A sequence that breaks nothing is told as such."""
    path = guests.path("good.hc")
    with open(path, "w") as f:
        f.write("ring1-sequence 1\nabi xen-3.0-pae 4.17\nxen_version(XENVER_version, NULL)\n")
    r = ring1("fuzz", "triage", path)
    check("nothing is broken", r.status == 0 and b"nothing is broken" in r.out and b"0 kinds" in r.out, r)
    with open(path, "a") as f:
        f.write("write ma(cr3) = 0\n")
    r = ring1("fuzz", "triage", path)
    check("no guest can do that", r.status == 1 and b"no guest" in r.out, r)


def test_interrupt():
    corpus = guests.path("interrupted")
    p = subprocess.Popen([RING1, "fuzz", "--json", "--corpus", corpus], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         cwd=guests.path(""))
    deadline = time.monotonic() + PATIENCE  # until it has run an input that is worth keeping
    while not (os.path.isdir(corpus) and os.listdir(corpus)) and p.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=PATIENCE)
    check("Ctrl-C ends it with its summary", p.returncode == 0 and json.loads(out)["runs"] > 0, out, err)


test_options()
test_folders()
test_clean()
test_corpus()
test_import()
test_module()
test_triage()
test_interrupt()
finish()
