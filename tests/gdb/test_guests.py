# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb on guests of every kind: GRUB and GNU Mach, which have no symbols; several vcpus, user code, breakpoints where nothing is
mapped yet, every ABI, a crash, the ends of a run, and records."""

import os
import signal
import tempfile
import threading
import time

from kit import Ring1, check, finish, guest, mark, session, talk

GRUB, MACH = guest("grub-i386-xen.bin"), guest("gnumach-1.8-xen-486-bookworm.gz")


def real():
    """Without symbols: addresses, and what is in memory."""
    if GRUB:
        session("GRUB", ["run", "--gdb-wait", GRUB], [
            ("info registers eip", r"eip +0x0"),
            ("x/i $pc", r"=> 0x0:\s+lea +0x40c000,%esp"),
            ("stepi", r"0x0000000[67]"),
            ("stepi", None),
            ("stepi", r"0x000072ad"),
            ("break *0x72ad", None),
            ("info files", r"[Rr]emote target"),
            ("reverse-stepi", r"0x0000000c"),
            ("kill", r"killed"),
        ], status=5)
    if MACH:
        session("GNU Mach", ["run", "--gdb-wait", MACH], [
            ("info files", r"\.text"),
            ("x/i $pc", r"=> 0x[0-9a-f]+"),
            ("stepi 100", None),
            ("info registers cpl", r"cpl +0x1"),
            ("kill", r"killed"),
        ], status=5)


def every_abi():
    for abi in ("xen-2.0", "xen-3.0", "xen-3.0-pae"):
        session(f"steps of {abi}", ["run", "--gdb-wait", guest(f"steps-{abi}.elf")], [
            ("break " + mark("steps.c", "store"), None),
            ("continue", r"store \(value=100\)"),
            ("stepi 3", None),
            ("print stored", r"= 100"),
            ("reverse-stepi 3", r"stored = value"),
            ("print stored", r"= 0"),
            ("delete", None),
            ("continue", r"No more reverse"),
            ("continue", r"exited normally"),
        ], status=0)


def user_code():
    session("user code", ["run", "--gdb-wait", guest("user-xen-3.0-pae")], [
        ("break user_add", None),
        ("continue", r"user_add \(a=0, b=0\)"),
        ("print $cpl", r"= 3"),
        ("info threads", r"ring 3"),
        ("bt", r"user_add.*user_main"),
        ("finish", r"= 0"),
        ("break serve", None),
        ("continue", r"serve \("),
        ("print $cpl", r"= 1"),
        ("disable 2", None),
        ("continue", r"user_add \(a=100, b=1\)"),
        ("break " + mark("user.c", "int80"), None),
        ("continue", None),
        ("stepi 3", None),
        ("delete", None),
        ("continue", r"exited normally"),
    ], status=0)


def window():
    """Two functions behind one address, and a breakpoint there before either is."""
    session("window", ["run", "--gdb-wait", guest("window-xen-3.0-pae")], [
        ("print &window", None),
        ("break *&window", None),
        ("continue", r"Breakpoint"),
        ("x/i $pc", r"=>"),
        ("bt 2", None),
        ("continue", r"Breakpoint"),
        ("continue", r"Breakpoint"),
        ("delete", None),
        ("continue", r"exited normally"),
    ], status=0)


def vcpus():
    session("two vcpus", ["run", "--gdb-wait", "--vcpus", "2", guest("turns-xen-3.0-pae")], [
        ("info threads", r"Thread 1 \"vcpu 0\""),
        ("break take_turn", None),
        ("continue", r"take_turn"),
        ("info threads", r"Thread 1 .*Thread 2 "),
        ("continue", r"Thread 2 .*hit Breakpoint|take_turn"),
        ("thread apply all bt", r"Thread 2 .*Thread 1 "),
        ("print counter", r"= 1"),
        ("thread 1", r"Switching to thread 1"),
        ("print $cpl", r"= 1"),
        ("thread 2", r"Switching to thread 2"),
        ("stepi", None),
        ("next", None),
        ("break take_turn thread 2", None),
        ("delete 1", None),
        ("continue", r"take_turn"),
        ("thread", r"Current thread is 2"),
        ("watch counter", None),
        ("delete 2", None),
        ("continue", r"Old value"),
        ("reverse-continue", r"counter"),
        ("delete", None),
        ("detach", r"detached"),
    ], status=0)


def crash():
    """It stops where it crashed, and who took the page away is one watchpoint away."""
    session("crash", ["run", "--gdb-wait", guest("ledger-xen-3.0-pae")], [
        ("continue", r"SIGABRT.*write_line|write_line.*SIGABRT"),
        ("print line", r"= 1"),
        ("print written", r"= 1"),
        ("kill", None),
    ])
    session("crash, and on", ["run", "--gdb-wait", guest("ledger-xen-3.0-pae")], [
        ("continue", r"SIGABRT"),
        ("continue", r"terminated with signal SIGABRT"),
    ], status=3)


def ends():
    path = guest("hello-xen-3.0-pae")
    session("poweroff", ["run", "--gdb-wait", path], [("continue", r"exited normally")], status=0)
    session("no record", ["run", "--gdb-wait", "--time", "real", path], [
        ("reverse-stepi", r"does not support this command|no past"),
        ("continue", r"exited normally")], status=0)
    session("quit", ["run", "--gdb-wait", path], [("print 1", r"= 1")], status=0)
    session("limit", ["run", "--gdb-wait", "--max-hypercalls", "3", path], [
        ("continue", r"exited with code 0174")], status=124)


INTERRUPT = ("python import threading, os, signal; threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))"
             ".start()", None)


def restarts():
    """Breakpoints stay when the guest reboots, and each start has a past of its own."""
    session("restarts", ["run", "--gdb-wait", "--on-reboot", "restart", guest("exit-xen-3.0-pae"), "--append",
                         "reason=reboot"], [
        ("break guest_main", None),
        ("continue", r"Breakpoint 1.*guest_main"),
        ("reverse-stepi", r"runtime_main"),
        ("stepi", r"guest_main"),
        ("continue", r"Breakpoint 1.*guest_main"),
        ("reverse-stepi", r"runtime_main"),
        ("reverse-continue", r"No more reverse.*_start"),
        ("continue", r"No more reverse|Breakpoint 1"),
        ("continue", r"Breakpoint 1.*guest_main"),
        ("kill", r"killed"),
    ], status=5)
    session("reboot", ["run", "--gdb-wait", guest("exit-xen-3.0-pae"), "--append", "reason=reboot"], [
        ("continue", r"exited with code 04")], status=4)


def waits_for_ever():
    """Who waits for ever is there to be looked at."""
    r = session("waits for ever", ["run", guest("exit-xen-3.0-pae"), "--append", "reason=block"], [
        ("info threads", r"vcpu 0: blocked"),
        INTERRUPT,
        ("continue", r"SIGINT"),
        ("reverse-stepi", None),
        ("x/i $pc", r"int +\$0x82"),
        ("kill", r"killed"),
    ], status=5)
    check("that was said", "waits for ever: attach" in r.said(), r.said())


def sockets():
    with tempfile.TemporaryDirectory(prefix="ring1-gdb-") as folder:
        where = "unix:" + os.path.join(folder, "gdb")
        session("a unix socket", ["run", "--gdb-wait", guest("steps-xen-3.0-pae")], [
            ("break store", None), ("continue", r"store"), ("detach", None)], status=0, where=where)
        check("the socket is gone", not os.path.exists(where[5:]))


def again():
    """A client goes, and another comes; Ctrl-C in between, in a guest that waits and in one that is busy."""
    for name, args in (("GRUB waits", [GRUB]), ("busy", ["--vcpus", "2", guest("turns-xen-3.0-pae"), "--", "turns=100000000"])):
        if not args[0]:
            continue
        r = Ring1("run", *args)
        time.sleep(0.3)
        for _ in range(2):
            talk(f"{name}, attached", r, [
                ("x/i $pc", r"=>"),
                INTERRUPT,
                ("continue", r"SIGINT"),
                ("info registers eip", r"eip"),
                ("detach", r"detached")])
            check(f"{name} goes on", r.run.poll() is None, r.said())
        r.run.send_signal(signal.SIGTERM)
        check(f"{name} ends by a signal", r.wait() == 128 + signal.SIGTERM, r.run.poll(), r.said())
        r.end()


def records():
    with tempfile.TemporaryDirectory(prefix="ring1-gdb-") as folder:
        path = os.path.join(folder, "run.rec")
        session("recorded", ["run", "--gdb-wait", "--record", path, guest("steps-xen-3.0-pae")], [
            ("break store", None), ("continue", r"value=100"), ("reverse-stepi", None), ("delete", None),
            ("continue", r"No more"), ("continue", r"exited normally")], status=0)
        replay = ["replay", path]
        r = session("replayed", replay, [
            ("break store", None),
            ("continue", r"value=100"),
            ("continue", r"value=200"),
            ("reverse-continue", r"value=100"),
            ("continue", r"value=200"),
            ("watch stored", None),
            ("reverse-continue", None),
            ("delete", None),
            ("set var stored = 3", r"replay|Cannot access memory"),
            ("continue", r"the record ends here, with status 0.*No more"),
            ("reverse-stepi", None),
            ("reverse-continue", r"No more"),
            ("detach", r"detached"),
        ], status=0)
        check("the console is printed once", r.console().count("verdict") <= 1, r.console())
        session("replay, killed", replay, [("kill", r"killed")], status=0)


if check("the guests are there", guest("turns-xen-3.0-pae") and guest("ledger-xen-3.0-pae")):
    for test in (real, every_abi, user_code, window, vcpus, crash, ends, restarts, waits_for_ever, sockets, again, records):
        test()
finish()
