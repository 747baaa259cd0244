# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 trace -e event=`: the guest `events` states the lines that are to be seen, in
their order; nothing else may be. Then -k, where the image has DWARF."""

import os
import re
import sys
import tempfile

from kit import check, finish, ring1

XENS = {"xen-2.0": ["2.0"], "xen-3.0": ["3.0.0", "3.0.4", "3.2"], "xen-3.0-pae": ["3.0.0", "3.0.4", "3.2", "4.17"]}
KINDS = {"upcall": "upcall ", "exception": "[#i]", "emulated": "emulated ", "store": "store ", "frame": "frame ",
         "device": "(console|xenstore|grant) "}

folder = tempfile.TemporaryDirectory(prefix="ring1-events-")
trace = os.path.join(folder.name, "trace")


def run(image, *options, status=0, guest=()):
    r = ring1("trace", "-o", trace, *options, image, "--", *guest)
    check(f"{options} {image}: status", r.status == status, r)
    with open(trace, encoding="utf-8") as f:
        return r.out.decode().splitlines(), f.read().splitlines()


def events(lines):
    """Of the trace: from the guest's word on, behind time and vcpu."""
    begin = next(i for i, line in enumerate(lines) if "events begin" in line)
    return [line.split("] v0 ", 1)[1] for line in lines[begin:] if " --- " in line and line.endswith(" ---")]


def test_stated(abi, xen, image):
    console, lines = run(image, "--abi", abi, "--xen", xen, "-e", "event=all")
    check(f"{abi} {xen}: verdict", any(re.fullmatch(r"verdict: \d+ passed, 0 failed", c) for c in console), console)
    stated = [line[len("event "):] for line in console if line.startswith("event ")]
    seen = [e for e in events(lines) if "--- console " not in e]
    for i in range(max(len(stated), len(seen))):
        wanted, got = (x[i] if i < len(x) else None for x in (stated, seen))
        check(f"{abi} {xen}: event {i}", wanted == got, wanted, got)
    _, plain = run(image, "--abi", abi, "--xen", xen)
    _, all_ = run(image, "--abi", abi, "--xen", xen, "-e", "event=all", "-k")
    check(f"{abi} {xen}: looking on changes nothing",
          plain == [line for line in all_ if not line.endswith(" ---") and not re.match(" *> ", line)])
    for kind, word in KINDS.items():
        if abi != "xen-2.0" or kind not in ("emulated", "device"):
            check(f"{abi} {xen}: {kind}", any(re.search("--- " + word, e) for e in events(lines)))
            _, alone = run(image, "--abi", abi, "--xen", xen, "-e", "event=" + kind)
            check(f"{abi} {xen}: {kind} alone", events(alone) == [e for e in events(lines) if re.search("--- " + word, e)],
                  events(alone))


def test_stacks(image):
    _, lines = run(image, "-k", "-e", "event=exception", status=3, guest=["way=exception"])
    frames = [line for line in lines if line.startswith(" > ")]
    check("a stack below each call", sum(line.startswith("[") for line in lines) <= len(frames), lines)
    check("with the source's lines", any(re.match(r" > (\? )?guest_main\+0x[0-9a-f]+ \[\S*die\.c:\d+\]$", f) for f in frames),
          frames)
    at = next((i for i, line in enumerate(lines) if "--- #" in line), None)
    check("and below an exception", at is not None and at + 1 < len(lines) and lines[at + 1].startswith(" > "), lines)


for guest in sys.argv[2:]:
    name = os.path.basename(guest)
    if name.startswith("events-"):
        abi = name[len("events-"):-len(".elf")]
        for version in XENS[abi]:
            test_stated(abi, version, guest)
    else:
        test_stacks(guest)
finish()
