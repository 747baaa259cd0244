# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 run` in a pipe: exit statuses, limits, console bytes both ways, the
trace, signals."""

import os
import select
import signal
import struct
import subprocess
import time

from kit import (BUFFER, CONSOLE_IO, MULTICALL, PATIENCE, RING1, SCHED_OP_OLD, XEN_VERSION, Guest, Guests,
                 check, check_refused, echo_guest, finish, one_line, print_guest, ring1)

guests = Guests()
OFF = guests.add("off", Guest().shutdown())
ECHO = guests.add("echo", echo_guest(), b"".ljust(2048, b"\0") + b"ready\n")
SPIN = guests.add("spin", Guest().label("loop").jump("loop"))
BLOCK = guests.add("block", Guest().label("loop").call(SCHED_OP_OLD, 1, 0).jump("loop"))
SAY_AND = {"spin": guests.add("say-spin", Guest().call(CONSOLE_IO, 0, 1, BUFFER).label("loop").jump("loop"), b"!"),
           "block": guests.add("say-block", Guest().call(CONSOLE_IO, 0, 1, BUFFER)
                               .label("loop").call(SCHED_OP_OLD, 1, 0).jump("loop"), b"!")}
CALLS = guests.add("calls", Guest().label("loop").call(XEN_VERSION, 0, 0).jump("loop"))
PRINT = guests.add("print", print_guest(1000, 1000), (b"x" * 999 + b"\n"))
SAY = guests.add("say", Guest().call(CONSOLE_IO, 0, 3, BUFFER).shutdown(1), b"hi\n")


def test_statuses():
    for reason, status in ((0, 0), (1, 4), (2, 5), (3, 3), (4, 5), (76, 5)):
        r = ring1("run", *guests.add(f"reason-{reason}", Guest().shutdown(reason)))
        last = r.err.splitlines()[-1:]
        said = last == [] if status == 0 else last[0].startswith("ring1: the guest shut down: ")
        check(f"shutdown {reason}", r.status == status and said, r)
        check(f"shutdown {reason}: a report of an odd reason alone", ("ring1 report" in r.err) == (reason > 2), r)
    r = ring1("run", *guests.add("ud2", Guest().bytes(0x0F, 0x0B)))
    check("a crash", r.status == 3 and "ring1: the guest crashed: " in r.err, r)
    r = ring1("run", *BLOCK)
    check("waits for ever", r.status == 5 and one_line(r.err) and "for ever" in r.err, r)
    r = ring1("run", *ECHO, data=b"polls")
    check("polls for ever", r.status == 5 and r.out == b"ready\npolls" and "for ever" in r.err, r)
    r = ring1("run", "--input", os.devnull, *ECHO)
    check("polls for ever with --input", r.status == 5 and one_line(r.err) and "for ever" in r.err, r)
    r = ring1("run", "--abi", "xen-2.0", *OFF)
    check("2.0 powers off", r.status == 0, r)
    check_refused("a pair that never existed", 2, ["xen-2.0", "4.17"], "run", "--abi", "xen-2.0", "--xen", "4.17",
                  *OFF)


def test_limits():
    r = ring1("run", "--max-hypercalls", "7", "--trace", *CALLS)
    check("--max-hypercalls", r.status == 124 and r.err.count("xen_version(") == 7, r)
    check("it says so", r.err.splitlines()[-1].startswith("ring1: --max-hypercalls"), r.err)
    for name, guest in (("spin", SPIN), ("calls", CALLS)):
        r = ring1("run", "--max-guest-time", "0.01", *guest)
        check(f"--max-guest-time, {name}", r.status == 124 and one_line(r.err), r)
        start = time.monotonic()
        r = ring1("run", "--max-time", "0.3", *guest)
        check(f"--max-time, {name}", r.status == 124 and one_line(r.err), r)
        check(f"--max-time, {name}: in time", 0.25 < time.monotonic() - start < 90)
    r = ring1("run", "--on-reboot", "restart", "--max-hypercalls", "11", *SAY)
    check("--on-reboot restart", r.status == 124 and r.out == b"hi\n" * 6, r)
    # A wait with an open stdin takes the host's time, and a limit ends it.
    with subprocess.Popen([RING1, "run", "--max-time", "0.3", *BLOCK], stdin=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as run:
        check("--max-time while the guest waits", run.wait(timeout=PATIENCE) == 124, run.returncode)


def test_suspend():
    asleep = guests.add("suspend", Guest().shutdown(2).call(CONSOLE_IO, 0, 1, BUFFER).shutdown(0), b"z")
    r = ring1("run", *asleep)
    check("a suspend ends the run", r.status == 5 and "the guest shut down: suspend" in r.err and not r.out, r)
    r = ring1("run", "--on-suspend", "cancel", *asleep)
    check("--on-suspend cancel", r.status == 0 and r.out == b"z", r)
    for abi, word in (("xen-2.0", "Xen 2.0"), ("xen-3.0", "max_pfn"), ("xen-3.0-pae", "max_pfn")):
        r = ring1("run", "--on-suspend", "resume", "--abi", abi, *asleep) if abi != "xen-2.0" else \
            ring1("run", "--on-suspend", "resume", "--abi", abi, *guests.add(
                "suspend20", Guest().call(SCHED_OP_OLD, 2 | 2 << 8).shutdown(0)))
        check(f"no way to resume, {abi}", r.status == 5 and word in r.err, r)


def test_memory():
    # Memory that nobody touches costs what its numbers need: about 20 bytes a page.
    resident = {}
    for mib, more in ((16, ()), (2048, ()), (4096, ()), (16, ("--maxmem", "4096"))):
        with subprocess.Popen([RING1, "run", "--abi", "xen-3.0-pae", *OFF, "-m", str(mib), *more],
                              stdin=subprocess.DEVNULL) as run:
            _, status, usage = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        check(f"-m {mib} {more}", run.returncode == 0, run.returncode)
        resident[mib, len(more)] = usage.ru_maxrss
    for size, kib in resident.items():
        check(f"resident at {size}", kib - resident[16, 0] < 30 * 1024, resident)
    check_refused("--maxmem below -m", 2, ["8 MiB", "16"], "run", "--maxmem", "8", *OFF)
    check_refused("--maxmem without PAE", 2, ["4096 MiB"], "run", "--abi", "xen-3.0", "--maxmem", "4096", *OFF)


def test_console():
    r = ring1("run", *ECHO, data=b"abc\nq")
    check("bytes of a pipe, then its end", r.status == 0 and r.out == b"ready\nabc\nq", r)
    with open(guests.path("in"), "wb") as f:
        f.write(b"from a file\n" * 1000 + b"q" * 64)
    runs = [ring1("run", "--input", guests.path("in"), f"--trace={guests.path('trace-%d' % i)}", *ECHO)
            for i in range(2)]
    check("--input", runs[0].status == 0 and runs[0].out.startswith(b"ready\nfrom a file\n"), runs[0])
    check("nothing of it is lost", runs[0].out.count(b"from a file\n") == 1000, runs[0].out[-80:])
    traces = [open(guests.path(f"trace-{i}"), "rb").read() for i in range(2)]
    check("two runs are equal", runs[0].out == runs[1].out and traces[0] == traces[1] and len(traces[0]) > 1000)
    # More than the guest can take: the pipe waits, and memory does not grow.
    endless = subprocess.Popen([RING1, "run", "--max-time", "2", *SPIN], stdin=open("/dev/zero", "rb"),
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(endless.pid, 0)
    endless.returncode = os.waitstatus_to_exitcode(status)
    check("an endless stdin", endless.returncode == 124 and usage.ru_maxrss < 200000, endless.returncode,
          usage.ru_maxrss)
    with subprocess.Popen([RING1, "run", *ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        check("ready", run.stdout.read(6) == b"ready\n")
        for word in (b"one", b"two", b"three"):
            run.stdin.write(word)
            run.stdin.flush()
            check(f"{word} comes back at once", run.stdout.read(len(word)) == word)
        run.stdin.write(b"q")
        run.stdin.flush()
        check("q ends it", run.wait(timeout=PATIENCE) == 0, run.returncode)


def test_output():
    r = ring1("run", *PRINT)
    check("a million bytes", r.status == 0 and r.out == (b"x" * 999 + b"\n") * 1000, r.status, len(r.out))
    with subprocess.Popen([RING1, "run", *PRINT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        time.sleep(0.4)
        n = 0
        while part := run.stdout.read1(700):
            n += len(part)
        check("a slow reader", run.wait(timeout=PATIENCE) == 0 and n == 1000000, n)
    with open("/dev/full", "wb") as full:
        run = subprocess.run([RING1, "run", *PRINT], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                             timeout=PATIENCE)
        err = run.stderr.decode()
        check("a full disk", run.returncode == 125 and one_line(err) and "standard output" in err, err)
    with subprocess.Popen([RING1, "run", *PRINT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as run:
        run.stdout.read(10)
        run.stdout.close()
        err = run.stderr.read().decode()
        check("a closed pipe", run.wait(timeout=PATIENCE) == 125 and one_line(err), run.returncode, err)
    with subprocess.Popen([RING1, "run", *PRINT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        select.select([run.stdout], [], [])  # it runs
        time.sleep(0.2)
        run.terminate()
        check("SIGTERM while the reader sleeps", run.wait(timeout=PATIENCE) == 143, run.returncode)
        run.stdout.close()


def test_trace():
    entries = struct.pack("<8I", XEN_VERSION, 0xAA, 0, 0, 0, 0, 0, 0) + struct.pack("<8I", 77, 0xAA, *[0] * 6)
    multicall = guests.add("multicall", Guest().call(MULTICALL, BUFFER, 2).call(77).call(49, 0).shutdown(), entries)
    r = ring1("run", "--trace", *multicall)
    lines = r.err.splitlines()
    check("a line a call", r.status == 0 and len(lines) >= 5, r)
    for line, words in zip(lines, (["] v0 r1 0x10000f: multicall(0x100800, 2) = 0"], ["  [", "] v0 [0] xen_version(XENVER_version, NULL) = "],
                                   ["  [", "] v0 [1] hypercall_77(...) = -ENOSYS (Function not implemented)"],
                                   ["] v0 r1 0x100016: hypercall_77(...) = -ENOSYS"], ["paging_domctl_cont", "= -EFAULT (Bad address): the argument"])):
        check(f"trace line {words}", all(w in line for w in words), line)
    r = ring1("run", "--abi", "xen-3.0", "--xen", "3.0.0", "--trace", *guests.add("vm86", Guest().call(23).shutdown()))
    check("to virtual-8086 mode", r.status == 3 and "switch_vm86() = " in r.err and "switch_vm86: " in r.err, r)
    file = guests.path("trace")
    r = ring1("run", f"--trace={file}", *multicall)
    check("--trace=FILE", r.status == 0 and r.err == "" and len(open(file).read().splitlines()) == len(lines), r)
    r = ring1("run", "--trace=/dev/full", *multicall)
    check("a trace that cannot be written", r.status == 125 and one_line(r.err), r)


def test_signals():
    for sig, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        for name, guest in SAY_AND.items():
            with subprocess.Popen([RING1, "run", *guest], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as run:
                run.stdout.read(1)  # it runs
                time.sleep(0.1)
                run.send_signal(sig)
                got = run.wait(timeout=PATIENCE)
                check(f"{sig.name} while the guest does {name}", got == status, got)
    with open(os.devnull) as null:
        run = subprocess.run([RING1, "run", *OFF], stdin=null, capture_output=True, timeout=PATIENCE)
        check("stdin is /dev/null", run.returncode == 0, run)
    run = subprocess.run([RING1, "run", *OFF], capture_output=True, timeout=PATIENCE, preexec_fn=lambda: os.close(0))
    check("stdin is closed", run.returncode == 0, run)


test_statuses()
test_limits()
test_suspend()
test_memory()
test_console()
test_output()
test_trace()
test_signals()
finish()
