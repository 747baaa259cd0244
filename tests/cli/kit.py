# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the ring1 command share: checks that count, a run of the
command, and small guests assembled by hand, for `--raw`."""

import os
import signal
import struct
import subprocess
import sys
import tempfile

RING1 = os.path.abspath(sys.argv[1])

# Whoever started the tests may ignore some (nohup, a shell's &), and ring1 would, too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

ADDRESS = 0x100000
BUFFER = ADDRESS + 0x800
XEN_VERSION, CONSOLE_IO, SCHED_OP_OLD, MULTICALL = 17, 18, 6, 13

# For whatever will come: what does not, ends a test by this or by meson's own limit. No
# host is too slow, and none too busy.
PATIENCE = 600

passed = failed = 0


def check(what, good, *seen):
    """Count one check; say what was seen when it fails."""
    global passed, failed
    if good:
        passed += 1
        return
    failed += 1
    print(f"failed: {what}", *(repr(s) for s in seen))


def finish():
    print(f"verdict: {passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}, stdout {self.out[:300]!r}, stderr {self.err[:600]!r}"


def ring1(*args, data=b"", timeout=PATIENCE, **more):
    """Run the command to its end."""
    run = subprocess.run([RING1, *map(str, args)], input=data, capture_output=True, timeout=timeout, **more)
    return Result(run.returncode, run.stdout, run.stderr.decode(errors="replace"))


def one_line(text):
    return text.startswith("ring1: ") and text.count("\n") == 1 and text.endswith("\n")


def check_refused(what, status, words, *args):
    """The command ends with `status`, one line on stderr with `words`, no output."""
    r = ring1(*args)
    check(what, r.status == status and one_line(r.err) and not r.out, r)
    for word in words:
        check(f"{what}: the line has '{word}'", word in r.err, r.err)


class Guest:
    """Flat 32-bit code for ADDRESS."""

    def __init__(self):
        self.code = bytearray()
        self.labels = {}
        self.jumps = []

    def bytes(self, *values):
        self.code += bytes(values)
        return self

    def label(self, name):
        self.labels[name] = len(self.code)
        return self

    def jump(self, name, opcode=(0xE9,)):
        self.code += bytes(opcode) + bytes(4)
        self.jumps.append((len(self.code), name))
        return self

    def load(self, register, value):
        """Registers by number: eax 0, ecx 1, edx 2, ebx 3, esi 6, edi 7."""
        self.code += bytes([0xB8 + register]) + struct.pack("<I", value)
        return self

    def call(self, number, *args):
        """A hypercall; an argument None leaves its register alone."""
        for register, value in zip((3, 1, 2, 6, 7), args):
            if value is not None:
                self.load(register, value)
        return self.load(0, number).bytes(0xCD, 0x82)

    def shutdown(self, reason=0):
        return self.call(SCHED_OP_OLD, 2, reason)

    def save(self, path, data=b""):
        """Write the code, with `data` at BUFFER."""
        for end, name in self.jumps:
            struct.pack_into("<i", self.code, end - 4, self.labels[name] - end)
        assert len(self.code) <= BUFFER - ADDRESS
        with open(path, "wb") as f:
            f.write(self.code.ljust(BUFFER - ADDRESS, b"\0") + data.ljust(4096, b"\0"))


def echo_guest():
    """Echoes byte by byte through console_io, yields while there is nothing, ends at a `q`."""
    g = Guest().call(CONSOLE_IO, 0, 6, BUFFER + 2048)  # "ready\n"
    g.label("loop").call(CONSOLE_IO, 1, 1, BUFFER)
    g.bytes(0x85, 0xC0).jump("nothing", (0x0F, 0x8E))  # test eax, eax; jle
    g.bytes(0x89, 0xC1).call(CONSOLE_IO, 0, None, BUFFER)  # mov ecx, eax
    g.bytes(0x80, 0x3D).bytes(*struct.pack("<I", BUFFER), ord("q"))  # cmp byte [BUFFER], 'q'
    g.jump("end", (0x0F, 0x84)).jump("loop")
    g.label("nothing").call(SCHED_OP_OLD, 0, 0).jump("loop")
    return g.label("end").shutdown()


def print_guest(size, times):
    """Writes `size` bytes of BUFFER `times` times."""
    g = Guest().load(5, times).label("loop").call(CONSOLE_IO, 0, size, BUFFER)  # ebp counts
    return g.bytes(0x4D).jump("loop", (0x0F, 0x85)).shutdown()  # dec ebp; jnz


class Guests:
    """A folder of guests; each is the arguments that run it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ring1-cli-")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def add(self, name, guest, data=b""):
        guest.save(self.path(name), data)
        return ["--raw", hex(ADDRESS), "-m", "16", self.path(name)]
