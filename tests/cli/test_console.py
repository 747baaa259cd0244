# SPDX-License-Identifier: GPL-2.0-or-later
"""--console: a file, a socket, a pseudo-terminal; readers that are slow, late, or
come and go. Nothing is lost while somebody reads."""

import os
import re
import socket
import struct
import subprocess
import time

from kit import (BUFFER, CONSOLE_IO, PATIENCE, RING1, SCHED_OP_OLD, Guest, Guests, check, check_refused,
                 echo_guest, finish, print_guest, ring1)

SIZE, TIMES = 1024, 1500
guests = Guests()
echo = guests.add("echo", echo_guest())
text = bytes(range(33, 97)) * (SIZE // 64)
loud = guests.add("loud", print_guest(SIZE, TIMES), text)
path = guests.path("socket")


def waiting_guest():
    """The same, once it has read a byte."""
    g = Guest().label("wait").call(SCHED_OP_OLD, 0, 0).call(CONSOLE_IO, 1, 1, BUFFER + 2048)
    g.bytes(0x85, 0xC0).jump("wait", (0x0F, 0x8E)).load(5, TIMES)  # test eax, eax; jle
    g.label("loop").call(CONSOLE_IO, 0, SIZE, BUFFER)
    return g.bytes(0x4D).jump("loop", (0x0F, 0x85)).shutdown()


waiting = guests.add("waiting", waiting_guest(), text)
where = guests.path("console.txt")

r = ring1("run", "--console", where, *loud)
with open(where, "rb") as f:
    got = f.read()
check("a file has it all", r.status == 0 and not r.out and got == text * TIMES, r, len(got))
r = ring1("run", "--console", where, *echo, data=b"xq")
check("with a file there is no input", r.status == 5, r)
r = ring1("run", "--console", where, "--input", "/dev/stdin", *echo, data=b"xyq")
with open(where, "rb") as f:
    check("but that of --input", r.status == 0 and f.read().endswith(b"xyq"), r)


def start(console, guest):
    return subprocess.Popen([RING1, "run", "--console", console, *guest], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def connect():
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE)
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.02)
    raise TimeoutError(path)


def read_until(read, end, limit=1 << 24):
    got = b""
    while end not in got and len(got) < limit:
        piece = read(4096)
        if not piece:
            break
        got += piece
    return got


# A socket: input and output; a client that leaves and another that comes.
run = start("unix:" + path, echo)
with connect() as s:
    s.sendall(b"one.")
    check("echo through a socket", read_until(s.recv, b"one.").endswith(b"one."))
with connect() as s:
    s.sendall(b"two.")
    check("the next client", read_until(s.recv, b"two.").endswith(b"two."))
    with connect():
        s.sendall(b"q")
        run.wait(timeout=PATIENCE)
check("its end", run.returncode == 0 and not run.stdout.read() and not os.path.exists(path), run.returncode)
run.communicate()

# A reader that is slow loses nothing; the guest waits for it.
run = start("unix:" + path, waiting)
with connect() as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.sendall(b"!")
    got = b""
    while True:
        piece = s.recv(65536)
        if not piece:
            break
        got += piece
        if len(got) < 200000:
            time.sleep(0.002)
run.communicate(timeout=PATIENCE)
check("a slow reader gets it all", got == text * TIMES, len(got))

# Nobody reads: what was written is kept for who comes next.
run = start("unix:" + path, echo)
with connect() as s:
    s.shutdown(socket.SHUT_RD)  # it will read nothing
    s.sendall(b"kept.")
time.sleep(0.2)
with connect() as s:
    s.sendall(b"new.")
    got = read_until(s.recv, b"new.")
    check("a late reader", got.endswith(b"new.") and b"kept." in got, got)
    s.sendall(b"q")
    run.wait(timeout=PATIENCE)
run.communicate()

# A pseudo-terminal.
run = start("pty", echo)
line = run.stderr.readline().decode()
match = re.search(r"the console is (/dev/\S+)", line)
check("a pty is named", match, line)
if match:
    for word in (b"first.", b"second."):
        fd = os.open(match[1], os.O_RDWR | os.O_NOCTTY)
        os.write(fd, word)
        check(f"echo through the pty: {word}", read_until(lambda n: os.read(fd, n), word).endswith(word))
        os.close(fd)
    fd = os.open(match[1], os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"q")
    run.wait(timeout=PATIENCE)
    os.close(fd)
check("its end", run.returncode == 0, run.returncode)
run.communicate()

# A guest that sleeps without a timer hears of who opens the pseudo-terminal later: it polls
# the console's port, which is 2, for ever.
PORTS = struct.pack("<4I", BUFFER + 16, 1, 0, 0) + struct.pack("<I", 2)  # sched_poll, and its list
asleep = guests.add("asleep", Guest().call(29, 3, BUFFER).shutdown(), PORTS)
run = start("pty", ["--xen", "4.17", *asleep])
match = re.search(r"the console is (/dev/\S+)", run.stderr.readline().decode())
time.sleep(0.3)
check("it sleeps", run.poll() is None, run.poll())
fd = os.open(match[1], os.O_RDWR | os.O_NOCTTY)
os.write(fd, b"!")
try:
    run.wait(timeout=PATIENCE)
except subprocess.TimeoutExpired:
    run.kill()
os.close(fd)
check("it wakes up for a reader who comes", run.returncode == 0, run.returncode, run.communicate())

check_refused("no folder", 2, ["/nonexistent/x"], "run", "--console", "/nonexistent/x", *echo)
check_refused("no socket", 2, ["/nonexistent/x"], "run", "--console", "unix:/nonexistent/x", *echo)
check_refused("nothing", 2, ["--console"], "run", "--console", "", *echo)
check_refused("unix without a path", 2, ["--console"], "run", "--console", "unix:", *echo)
finish()
