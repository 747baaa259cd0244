# SPDX-License-Identifier: GPL-2.0-or-later
"""The socket of --gdb: clients that cut packets anywhere, flood, lie about checksums, come two at a time or vanish. ring1
lives, and says clearly what it does."""

import os
import random
import re
import signal
import socket
import tempfile
import time

from kit import Client, Ring1, check, finish, guest

STEPS = guest("steps-xen-3.0-pae")
BUSY = ["--vcpus", "2", guest("turns-xen-3.0-pae"), "--", "turns=100000000"]


def alive(what, r):
    check(f"{what}: ring1 lives", r.run.poll() is None, r.run.poll(), r.said()[-2000:])


def hello(c):
    c.ask("qSupported:swbreak+;hwbreak+;error-message+")
    return c.no_ack()


def cut_anywhere():
    """Every packet in two pieces, at every place; then byte by byte."""
    r = Ring1("run", "--gdb-wait", STEPS)
    c = Client(r)
    for packet in ("qSupported:swbreak+", "g", "mc0000000,10", "Hg1", "vCont?", "?"):
        frame = Client.frame(packet)
        whole = c.ask(packet)
        for at in range(1, len(frame)):
            c.raw(frame[:at])
            if at % 4 == 0:
                time.sleep(0.002)
            c.raw(frame[at:])
            check(f"{packet} cut at {at}", c.reply() == whole)
        for byte in frame:
            c.raw(bytes([byte]))
        check(f"{packet} byte by byte", c.reply() == whole)
    alive("cut", r)
    # Half a packet, and away.
    c.raw(b"$mc00")
    c.close()
    time.sleep(0.1)
    check("the guest goes on and ends", r.wait() == 0, r.said())
    r.end()


def checksums():
    r = Ring1("run", "--gdb-wait", STEPS)
    c = Client(r)
    c.raw(b"$g#00")
    c.more()
    check("a bad checksum is not acknowledged", c.buffer == b"-", c.buffer)
    c.buffer = b""
    c.raw(b"$qC#b4")
    check("said again it is", c.reply() == "QC1")
    c.raw(b"-")
    check("and so is what we say", c.reply() == "QC1")
    hello(c)
    c.raw(b"$g#00")
    check("without acknowledgements it is an error in words", c.reply().startswith("E.the packet's checksum"))
    c.raw(b"$" + b"a" * 20000 + b"#%02x" % (ord("a") * 20000 & 255))
    check("a long one, too", c.reply().startswith("E.the packet is longer than"))
    check("and then all is well", c.ask("qC") == "QC1")
    c.raw(b"\x00\xff+++###---noise")
    check("noise is nothing", c.ask("qC") == "QC1")
    alive("checksums", r)
    c.send("k")
    check("k closes", c.closed())
    check("k ends the run", r.wait() == 5 and "killed by gdb" in r.said(), r.said())
    r.end()


def flood():
    r = Ring1("run", *BUSY)
    c = hello(Client(r))
    # Answers that nobody takes: it stops to listen, and goes on when they are taken.
    c.s.settimeout(0.2)
    sent = 0
    frame = Client.frame("mc0000000,2000")
    try:
        while sent < 2000:
            c.raw(frame * 3000)
            sent += 1
    except socket.timeout:
        pass
    alive("flood", r)
    check("who does not listen is not listened to for ever", sent < 2000, sent)
    c.close()
    time.sleep(0.3)
    alive("after the flood", r)
    # Packets while the guest runs: some wait, too many end it.
    c = hello(Client(r))
    c.send("vCont;c")
    c.send("qC")
    time.sleep(0.1)
    c.raw(b"\x03")
    check("the stop comes first", c.reply().startswith("T02"))
    check("then what was asked meanwhile", c.reply().startswith("QC"))
    c.send("vCont;c")
    try:
        for _ in range(200):
            c.raw(frame * 50)
        check("a flood while it runs is cut off", c.closed())
    except OSError:
        check("a flood while it runs is cut off", True)
    time.sleep(0.2)
    alive("cut off", r)
    c = Client(r)
    check("and another client is welcome", c.ask("?").startswith("T05"))
    c.close()
    r.end()


def two_clients():
    r = Ring1("run", *BUSY)
    c = hello(Client(r))
    for _ in range(3):
        second = Client(r)
        check("a second client is closed", second.closed())
        second.close()
    check("the first one does not notice", c.ask("qC").startswith("QC"))
    c.send("vCont;c")
    second = Client(r)
    check("neither while the guest runs", second.closed())
    c.raw(b"\x03")
    check("the first one does not notice", c.reply().startswith("T02"))
    check("D", c.ask("D") == "OK")
    check("it is closed after D", c.closed())
    c = Client(r)
    check("the next one is welcome", c.ask("?").startswith("T05"))
    c.close()
    alive("two clients", r)
    r.run.send_signal(signal.SIGTERM)
    check("a signal ends it", r.wait() == 128 + signal.SIGTERM, r.said())
    r.end()


def vanishing():
    """Breakpoints go with the client, however it goes: the guest is to get to its end."""
    for how in ("close", "reset", "while it runs", "in the past"):
        r = Ring1("run", "--gdb-wait", STEPS)
        c = hello(Client(r))
        # A breakpoint on each of the first bytes of functions that are called often.
        for address in range(0xC0002000, 0xC0002100):
            c.ask(f"Z0,{address:x},1")
        c.ask("Z2,c0004000,4")
        c.send("vCont;c")
        stopped = c.reply()
        check(f"{how}: it stops", stopped.startswith("T05"), stopped)
        if how == "reset":
            c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if how == "while it runs":
            c.send("vCont;c")
        if how == "in the past":
            check("back", c.ask("bs").startswith("T05"))
        c.close()
        check(f"{how}: the guest goes on, and ends", r.wait() == 0, r.said()[-1000:])
        check(f"{how}: as without gdb", "verdict" in r.console() and "FAIL" not in r.console(), r.console())
        r.end()


def prompt():
    """Ctrl-C, 30 times, in a guest that never rests: within 50 ms of its own."""
    r = Ring1("run", *BUSY)
    c = hello(Client(r))
    took = []
    for i in range(30):
        c.send("vCont;c")
        time.sleep(0.01 + i / 1000)
        start = r.cpu()
        c.raw(b"\x03")
        check("it is SIGINT", c.reply().startswith("T02"))
        took.append(r.cpu() - start)
    took.sort()
    check("Ctrl-C is prompt", took[len(took) // 2] < 0.05 and took[-1] < 0.5, took)
    c.send("vCont;c")
    time.sleep(0.05)
    r.run.send_signal(signal.SIGINT)
    check("SIGINT to ring1 ends it", r.wait() == 128 + signal.SIGINT, r.said())
    check("and the client hears of it", c.reply().startswith("X02"))
    r.end()


def long_command():
    """A monitor command that would not end is ended by Ctrl-C; what was sent meanwhile is answered after it."""
    r = Ring1("run", "--gdb-wait", *BUSY)
    c = hello(Client(r))
    c.send("qRcmd," + b"goto 100000s".hex())
    time.sleep(0.3)
    c.send("qC")
    began = r.cpu()
    c.raw(b"\x03")
    said = c.reply()
    while said.startswith("O") and said != "OK":
        said = c.reply()
    check("goto is ended", said == "OK" and r.cpu() - began < 5, said, r.cpu() - began)
    check("and the next is answered", c.reply().startswith("QC"))
    check("the guest stands", c.ask("?").startswith("T05"))
    c.close()
    r.end()


def ends():
    """With a client that stands still, signals and limits of time end ring1, too."""
    r = Ring1("run", "--gdb-wait", STEPS)
    time.sleep(0.1)
    r.run.send_signal(signal.SIGTERM)
    check("before a client came", r.wait() == 128 + signal.SIGTERM, r.said())
    r.end()
    for limit in 0.5, 5, 50:  # a busy host may have no client in time
        r = Ring1("run", "--gdb-wait", "--max-time", limit, STEPS)
        try:
            c = hello(Client(r))
        except (OSError, EOFError):
            r.end()
            continue
        check("--max-time counts while the guest stands still", r.wait() == 124, r.said())
        check("the client is closed", c.closed())
        r.end()
        break
    r = Ring1("run", "--gdb-wait", STEPS)
    c = hello(Client(r))
    check("vKill", c.ask("vKill;1") == "OK")
    check("vKill ends the run", r.wait() == 5, r.said())
    r.end()


def addresses():
    with tempfile.TemporaryDirectory(prefix="ring1-gdb-") as folder:
        for where, status, words in (
                ("99999", 2, "is not PORT"), ("x", 2, "is not PORT"), ("unix:", 2, "is not PORT"),
                ("", 2, "is not PORT"), ("1:2:x", 2, "is not PORT"),
                ("unix:" + folder + "/no/such", 2, "No such file"), ("host.invalid:1", 2, "host.invalid")):
            r = Ring1("run", "--gdb-wait", STEPS, where=where)
            check(f"--gdb {where}", r.wait() == status and words in r.said(), r.run.returncode, r.said())
            r.end()
        r = Ring1("run", "--gdb-wait", STEPS)
        taken = Ring1("run", "--gdb-wait", STEPS, where=str(r.port))
        check("a port that is taken", taken.wait() == 2 and "in use" in taken.said(), taken.said())
        taken.end()
        r.end()
        r = Ring1("run", "--gdb-wait", STEPS, where="0.0.0.0:0")
        check("others than this host: a warning", re.search("warning: whoever can reach", r.said()), r.said())
        r.end()
        r = Ring1("run", "--gdb-wait", STEPS, where="localhost:0")
        check("this host: none", r.where and "warning" not in r.said(), r.said())
        r.end()
        path = os.path.join(folder, "socket")
        r = Ring1("run", "--gdb-wait", STEPS, where="unix:" + path)
        check("nobody else may use the socket", os.stat(path).st_mode & 0o077 == 0)
        c = Client(r)
        check("a unix socket", c.ask("qC") == "QC1")
        c.close()
        check("the guest ends", r.wait() == 0, r.said())
        r.end()


def noise():
    """Anything at all, from a seed."""
    random.seed(7)
    words = [b"$", b"#", b"\x03", b"+", b"-", b"}", b"g", b"mc0000000,40", b"Z0,c0002000,1", b"vCont;c", b"vCont;s:1;c",
             b"bs", b"bc", b"qXfer:features:read:target.xml:0,ff", b"qRcmd,68656c70", b"z0,c0002000,1", b"?"]
    r = Ring1("run", *BUSY)
    for _ in range(20):
        c = Client(r)
        c.s.settimeout(0.3)
        try:
            for _ in range(60):
                word = random.choice(words)
                if random.random() < 0.7:
                    word = Client.frame(word)
                c.raw(word[:random.randint(1, len(word))] if random.random() < 0.3 else word)
        except OSError:
            pass
        c.close()
    time.sleep(0.2)
    alive("noise", r)
    c = Client(r)
    check("it still listens", c.ask("?").startswith("T05"))
    c.close()
    r.end()


for test in (cut_anywhere, checksums, flood, two_clients, vanishing, prompt, long_command, ends, addresses, noise):
    test()
finish()
