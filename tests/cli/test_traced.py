# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 trace`: the guest `traced` states the line of each call that it makes; these
and no others are to be seen, but for those by which it prints."""

import difflib
import os
import re
import sys
import tempfile

from kit import check, finish, ring1

XENS = {"xen-2.0": ["2.0"], "xen-3.0": ["3.0.0", "3.0.4", "3.2"], "xen-3.0-pae": ["3.0.0", "3.0.4", "3.2", "4.17"]}
# Time and vcpu; ring and site of what is no entry of a multicall.
HEAD = re.compile(r"^ *\[ *\d+\.\d{9}\] v0 (?:r1 \S+: )?")

folder = tempfile.TemporaryDirectory(prefix="ring1-traced-")
trace = os.path.join(folder.name, "trace")


def seen(lines):
    """Between the guest's two words."""
    marks = [i for i, line in enumerate(lines) if "calls begin" in line or "calls end" in line]
    check("both words", len(marks) == 2, marks)
    return [HEAD.sub("", line) for line in lines[marks[0] + 1:marks[-1]] if " console_io(" not in line
            and ": console_io(" not in line] if len(marks) == 2 else []


def test_stated(abi, xen, image):
    r = ring1("trace", "--abi", abi, "--xen", xen, "-m16", "-o", trace, image)
    check(f"{abi} {xen}: status", r.status == 0, r)
    stated = [line[len("call "):] for line in r.out.decode().splitlines() if line.startswith("call ")]
    with open(trace, encoding="utf-8") as f:
        got = seen(f.read().splitlines())
    # The version is asked for before its line is printed, and so are ports and frames.
    check(f"{abi} {xen}: lines", stated == got, "\n".join(difflib.unified_diff(stated, got, "stated", "seen", lineterm="", n=0)))
    check(f"{abi} {xen}: enough of them", len(stated) >= 12, stated)


for guest in sys.argv[2:]:
    name = os.path.basename(guest)[len("traced-"):-len(".elf")]
    for version in XENS[name]:
        test_stated(name, version, guest)
finish()
