# SPDX-License-Identifier: GPL-2.0-or-later
"""Core files: when `--core` writes one, what is in it, and that gdb opens it beside the image: stacks,
variables and threads of `fall` on one vcpu and two, and real kernels."""

import mmap
import os
import re
import shutil
import struct
import subprocess
import sys

from kit import PATIENCE, RING1, Guest, Guests, check, finish, one_line, ring1

FALL, DIE, GNUMACH, GRUB = sys.argv[3:7]
GDB = shutil.which("gdb")
guests = Guests()
core = guests.path("core")

with open(sys.argv[2], encoding="utf-8") as source:
    LINES = {mark: n for n, line in enumerate(source, 1) for mark in re.findall(r"// mark: (\w+)", line)}

PT_LOAD, PT_NOTE, NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_PRXFPREG = 1, 4, 1, 2, 3, 0x46E62B7F


class Core:
    """A core file, by its headers."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        head = struct.unpack_from("<16sHHIIIIIHHHHHH", self.data)
        self.ident, self.kind, self.machine = head[0][:7], head[1], head[2]
        rows = [struct.unpack_from("<8I", self.data, head[5] + i * 32) for i in range(head[10])]
        self.loads = [row for row in rows if row[0] == PT_LOAD]
        self.notes = []
        for row in rows:
            if row[0] == PT_NOTE:
                self.read_notes(row[1], row[1] + row[4])

    def read_notes(self, at, end):
        while at < end:
            name, size, kind = struct.unpack_from("<III", self.data, at)
            owner = self.data[at + 12:at + 12 + name - 1].decode()
            at += 12 + (name + 3) // 4 * 4
            self.notes.append((owner, kind, self.data[at:at + size]))
            at += (size + 3) // 4 * 4

    def read(self, va, size):
        for _, offset, start, _, filesz, _, _, _ in self.loads:
            if start <= va < start + filesz:
                return self.data[offset + va - start:offset + va - start + size]
        return None

    def facts(self):
        text = [note for owner, _, note in self.notes if owner == "ring1"][0].rstrip(b"\0").decode()
        return dict(line.split(": ", 1) for line in text.splitlines())


def run(what, status, *args, written=True):
    """A run with --core: what it wrote, or None."""
    if os.path.exists(core):
        os.unlink(core)
    r = ring1("run", "--core", core, *args)
    check(f"{what}: status {status}", r.status == status, r)
    check(f"{what}: a core {'is' if written else 'is not'} written", os.path.exists(core) == written, r)
    left = [name for name in os.listdir(guests.folder.name) if name.startswith("core.")]
    check(f"{what}: nothing else is left behind", not left, left)
    return Core(core) if os.path.exists(core) else None


def gdb(image, *commands):
    words = [GDB, "-nx", "-batch"]
    for command in ("set debuginfod enabled off", f"file {image}", f"core-file {core}") + commands:
        words += ["-ex", command]
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


# --- when ------------------------------------------------------------------------------------

run("a guest that panics", 3, FALL)
run("one that powers off", 0, FALL, "--append", "way=off", written=False)
run("one that Xen kills", 3, DIE, "--append", "way=exception")
run("one that waits for ever", 5, FALL, "--append", "way=hang")
spin = guests.add("spin", Guest().label("loop").jump("loop"))
run("one that a limit stops", 124, *spin, "--max-guest-time", "0.1")
run("a reboot", 4, *guests.add("reboot", Guest().shutdown(1)), written=False)

r = ring1("run", FALL, "--core", "/nowhere/core")
check("no such folder", r.status == 125 and "--core: /nowhere/core: No such file" in r.err and one_line(r.err), r)
r = ring1("run", FALL, "--core", guests.folder.name)
check("a folder", r.status == 125 and "regular file" in r.err and one_line(r.err), r)
r = ring1("run", FALL, "--core", "")
check("no name", r.status == 2 and one_line(r.err), r)
with open(core, "wb") as file:
    file.write(b"what was there before")
r = ring1("run", FALL, "--core", core)
check("an old one is replaced", open(core, "rb").read(4) == b"\177ELF", r)
check("it is nobody else's to read", os.stat(core).st_mode & 0o777 == 0o600)

# --- what ------------------------------------------------------------------------------------

c = run("two vcpus", 3, FALL, "-m", "16", "--vcpus", "2")
check("an ELF core of i386", (c.ident, c.kind, c.machine) == (b"\177ELF\1\1\1", 4, 3), c.ident, c.kind)
kinds = [(owner, kind) for owner, kind, _ in c.notes]
of_vcpu = [("CORE", NT_PRSTATUS), ("CORE", NT_FPREGSET), ("LINUX", NT_PRXFPREG)]
check("its notes", kinds[:-1] == [("CORE", NT_PRPSINFO)] + of_vcpu * 2 and kinds[-1][0] == "ring1", kinds)
pids = [struct.unpack_from("<I", note, 24)[0] for owner, kind, note in c.notes[:-1] if kind == NT_PRSTATUS]
check("a thread is a vcpu", pids == [1, 2], pids)
facts = c.facts()
check("facts", facts["abi"] == "xen-3.0-pae" and facts["xen"] == "4.17" and facts["shutdown"] == "3"
      and facts["left out"] == "0 pages" and facts["vcpu 1"].startswith("runnable"), facts)
ends = [(row[2], row[2] + row[5]) for row in c.loads]
check("segments are in order", all(a[1] <= b[0] for a, b in zip(ends, ends[1:])), ends)
with open(FALL, "rb") as file:
    image = file.read()
text = image[0x1000:0x1800]
check("the image's code is where it belongs", c.read(0xC0000000, 2048) == text)
check("the m2p array is there", c.read(0xF5800000, 4) is not None)
sparse = os.stat(core)
check("what is zero takes no room", sparse.st_blocks * 512 < sparse.st_size / 16, sparse)

record = guests.path("record")
ring1("run", "--record", record, FALL, "-m", "16", "--vcpus", "2")
again = guests.path("again")
r = ring1("replay", record, "--core", again)
check("a replay's is the same", r.status == 3 and Core(again).data[:] == c.data[:], r)
r = ring1("replay", record, "--until", "10", "--core", again)
check("one in the middle", r.status == 0 and Core(again).facts()["hypercalls"] == "10", r)

# A guest of 4 GiB: offsets have 32 bits.
run("4 GiB", 3, FALL, "-m", "4096")
check("4 GiB: the file ends below 4 GiB", os.stat(core).st_size < 1 << 32, os.stat(core).st_size)

# --- gdb -------------------------------------------------------------------------------------

if GDB:
    run("for gdb", 3, FALL, "--vcpus", "2")
    # Where the fault was: its frame is the handler's argument, and a frame can be looked at there.
    out = gdb(FALL, "info threads", "bt 4", "thread 2", "bt", "p/x untouched[0]", "p *lowest", "p lowest->name",
              "p depth", "x/2xw &untouched", "p/x $cs", "p $mxcsr", "p $fctrl")
    check("gdb: why it ended", "Program terminated with signal SIGABRT" in out, out)
    check("gdb: no warning", "warning" not in out, out)
    check("gdb: threads", re.search(r"\* 1 +LWP 1 .*\n +2 +LWP 2 ", out), out)
    check("gdb: the first is in its shutdown", re.search(r"#1 .*shut_down", out) and "#2" in out, out)
    check("gdb: the second in hold()", re.search(r"hold \(self=0x\w+ <cpus\+\w+>\) at .*fall\.c", out), out)
    for words in ("= 0xc0ffee", 'name = 0xc', '"a step"', "<untouched>:\t0x00c0ffee", "$5 = 0xe019", "$7 = 895",
                  "number = 0"):
        check(f"gdb: {words}", words in out, out)
    out = gdb(FALL, "p lowest->above->above->number", "p depth", "p/x held")
    check("gdb: structures are followed", "$1 = 2" in out and "$2 = 4" in out and "$3 = 0x48454c45" in out, out)

    run("for gdb", 5, FALL, "--append", "way=hang")
    out = gdb(FALL, "bt")
    check("gdb: a guest that hangs", "block" in out and f"fall.c:{LINES['hang']}" in out
          and "terminated" not in out, out)

    run("for gdb", 3, DIE, "--append", "way=exception")
    out = gdb(DIE, "bt", "x/i $pc")
    check("gdb: a guest that Xen killed", "SIGSEGV" in out and "die_exception" in out and "ud2" in out, out)

    if os.path.exists(GNUMACH):
        unpacked = guests.path("gnumach")  # before the core file: gdb warns of a newer one
        with open(unpacked, "wb") as file:
            subprocess.run(["gzip", "-dc", GNUMACH], stdout=file, check=True)
        run("GNU Mach", 5, GNUMACH, "-m", "64")
        out = gdb(unpacked, "bt", "x/3i $pc", "x/s *(char **)($esp + 20)")
        check("gdb: GNU Mach's panic", out.count("\n#") >= 3 and "trapno %ld" in out and "warning" not in out, out)
    if os.path.exists(GRUB):
        run("GRUB", 124, GRUB, "-m", "64", "--max-guest-time", "3")
        out = gdb(GRUB, "bt 3", "x/3i $pc")
        check("gdb: GRUB", "=> 0x" in out and "#0" in out and "Cannot access" not in out and "warning" not in out, out)

finish()
