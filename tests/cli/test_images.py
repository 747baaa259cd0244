# SPDX-License-Identifier: GPL-2.0-or-later
"""Image files that cannot be run: one clear line with the file's name, status
126, from `run` and from `info`. With a good image as second argument, `info`'s
document."""

import json
import os
import struct
import sys

from kit import Guest, Guests, check, check_refused, finish, ring1


def elf(bits=32, machine=3, phnum=1, phoff=52, note=b""):
    """An ELF header, one LOAD segment of 16 bytes, and notes after it."""
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    if bits == 64:
        return ident + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0) + bytes(200)
    header = ident + struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0x100000, phoff, 0, 0, 52, 32, phnum, 40, 0, 0)
    load = struct.pack("<8I", 1, 0x1000, 0x100000, 0x100000, 16, 16, 5, 0x1000)
    return (header + load + note).ljust(0x1000, b"\0") + b"\xeb\xfe" + bytes(14)


FILES = {
    "empty": b"",
    "one-byte": b"\x7f",
    "text": b"#!/bin/sh\necho this is no kernel\n" * 40,
    "elf-magic": b"\x7fELF",
    "elf-header-cut": elf()[:40],
    "elf-segments-cut": elf()[:70],
    "elf-data-cut": elf()[:0x1004],
    "elf-no-notes": elf(),
    "elf-64": elf(bits=64, machine=62),
    "elf-arm": elf(machine=40),
    "elf-phoff-huge": elf(phoff=0xFFFFFFF0),
    "elf-phnum-huge": elf(phnum=0xFFFF),
    "gzip-cut": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xed",
    "zeros": bytes(65536),
}

guests = Guests()
for name, content in FILES.items():
    path = guests.path(name)
    with open(path, "wb") as f:
        f.write(content)
    for command in ("run", "info"):
        check_refused(f"{command} {name}", 126, [name], command, path)

os.mkdir(guests.path("folder"))
os.mkfifo(guests.path("fifo"))
for path in (guests.path("missing"), guests.path("folder"), guests.path("fifo"), guests.path("empty") + "/x",
             "/dev/null", "/dev/zero", ""):
    for command in ("run", "info"):
        check_refused(f"{command} '{path}'", 126, [path], command, path)

off = guests.add("off", Guest().shutdown())
image = off.pop()
check_refused("initrd missing", 126, ["/nonexistent/initrd"], "run", "--initrd", "/nonexistent/initrd", *off, image)
check_refused("initrd folder", 126, ["/"], "run", "--initrd", "/", *off, image)
with open(guests.path("large"), "wb") as f:
    f.truncate(20 << 20)
check_refused("initrd larger than memory", 126, ["large"], "run", "--initrd", guests.path("large"), *off, image)
check_refused("raw missing", 126, ["missing"], "run", "--raw", "0x100000", guests.path("missing"))
check_refused("raw in the hole", 126, ["off"], "run", "--raw", "0xF5800000", image)
check_refused("raw over the end", 126, ["off"], "run", "--raw", "0xFFFFFFF0", image)

r = ring1("info", *off, image)
check("info of flat code", r.status == 0 and b"flat code" in r.out, r)

for kernel in sys.argv[2:]:
    r = ring1("info", "--json", kernel)
    check(f"info --json {kernel}", r.status == 0, r)
    check("it is an object", isinstance(json.loads(r.out or b"0"), dict), r)
    text = ring1("info", kernel)
    check(f"info {kernel}", text.status == 0 and text.out.count(b"\n") > 5, text)
    check_refused("run in 1 MiB", 126, ["memory"], "run", "-m", "1", kernel)
    r = ring1("info", "--vcpus", "1", "--maxmem", "512", "-m", "64", kernel)
    check(f"info {kernel}: the options of a layout", r.status == 0, r)
    check_refused("info: maxmem below memory", 2, ["memory of at most 8 MiB"], "info", "--maxmem", "8", kernel)
    if "xen-2.0" in kernel:
        for command in ("run", "info"):
            check_refused(f"{command}: vcpus of 2.0", 2, ["2 vcpus"], command, "--vcpus", "2", kernel)
    else:
        r = ring1("info", "--vcpus", "32", kernel)
        check(f"info {kernel}: vcpus", r.status == 0, r)
finish()
