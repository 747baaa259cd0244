# SPDX-License-Identifier: GPL-2.0-or-later
"""--sandbox. The second argument is a ring1 with a hole (exploit.c): a guest's
vm_assist(EXPLOIT, n) runs host code that tries the n'th of what an intruder would. Each
works without the sandbox, and none with it. The third is a guest that uses a network."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from kit import RING1, Guest, Guests, check, check_refused, finish, one_line, ring1

EXPLOITED = os.path.abspath(sys.argv[2])
VM_ASSIST, EXPLOIT = 21, 0xE4F10
guests = Guests()
folder = tempfile.mkdtemp()
victim, loot = os.path.join(folder, "victim"), os.path.join(folder, "loot")

check_refused("a value that is none", 2, ["--sandbox", "on, off or report"], "run", "--sandbox=maybe", "x")
version = ring1("--version")
has_one = "sandbox: a filter" in version.out.decode()
check("--version tells", version.status == 0 and b"\nsandbox: " in version.out, version)
off = guests.add("off", Guest().shutdown())
if not has_one:
    r = ring1("run", "--sandbox=on", *off)
    check("asked for and not to be had", r.status == 125 and one_line(r.err) and "--sandbox" in r.err, r)
    r = ring1("run", *off)
    check("not asked for", r.status == 0 and not r.err, r)


def attempt(n, *options):
    """What the intruder says, or how it ended."""
    if os.path.lexists(loot):
        shutil.rmtree(loot) if os.path.isdir(loot) and not os.path.islink(loot) else os.unlink(loot)
    with open(victim, "w") as f:
        f.write("victim")
    os.chmod(victim, 0o600)
    guest = guests.add("exploit", Guest().call(VM_ASSIST, EXPLOIT, n).shutdown())
    r = subprocess.run([EXPLOITED, "run", *options, *guest], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                       env={**os.environ, "EXPLOIT_VICTIM": victim, "EXPLOIT_LOOT": loot})
    if r.returncode == -signal.SIGSYS:
        return "killed"
    said = [line for line in r.stderr.decode().splitlines() if line.startswith("exploit: ")]
    attempt.err = r.stderr.decode()
    return said[0][len("exploit: "):] if said else f"status {r.returncode}, {r.stderr!r}"


def untouched():
    with open(victim) as f:
        return f.read() == "victim" and os.stat(victim).st_mode & 0o777 == 0o600 and not os.path.lexists(loot)


names = subprocess.run([EXPLOITED, "run", "--sandbox=off", *guests.add("names", Guest().call(VM_ASSIST, EXPLOIT, 9999).shutdown())],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60).stderr.decode().split()
check("there are attempts", len(names) > 25 and names[0] == "print", names)
DEADLY = {"run-program", "fork", "fork-by-clone", "trace", "read-process"}
# What the host of the tests may not allow anybody.
MAY_FAIL = {"trace", "read-process", "open-otherwise"}
for n, name in enumerate(names):
    said = attempt(n, "--sandbox=off")
    check(f"{name} without a sandbox", said == "done" or name in MAY_FAIL, said)
    if not has_one:
        continue
    said = attempt(n)
    if name == "print":
        check("what is open can be used", said == "done", said)
    elif name in DEADLY:
        check(f"{name} is deadly", said == "killed", said)
    else:
        check(f"{name} is refused", said in ("Operation not permitted", "Permission denied"), said)
    check(f"{name} left nothing", untouched())


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def confined(pid):
    """Not at once: it has to begin."""
    for _ in range(200):
        s = status_of(pid)
        if s.get("Seccomp", "2") == "2" and s.get("NoNewPrivs", "1") == "1":
            return True
        time.sleep(0.05)
    return False


def report():
    said = attempt(names.index("read-file"), "--sandbox=report")
    check("report refuses nothing", said == "done", said)
    lines = attempt.err.splitlines()
    check("report says what there is", "sandbox: nothing is enforced; this system has a filter" in lines[0], lines)
    check("report names the call, once", sum("openat would be refused" in line for line in lines) == 1, lines)
    said = attempt(names.index("run-program"), "--sandbox=report")
    check("report of a program that is run", "execve would be refused" in attempt.err, said)
    r = ring1("run", "--sandbox=report", *off)
    check("nothing to report", r.status == 0 and r.err.count("\n") == 1, r)


def needs():
    """What a run needs more is no more than that."""
    code, engine, call, local = (names.index(n) for n in ("map-code", "map-engine", "call-out", "local-socket"))
    refused = ("Operation not permitted", "Permission denied")
    said = attempt(engine, "--on-reboot", "restart")
    check("a restart may map an engine", said == "done", said)
    said = attempt(code, "--on-reboot", "restart")
    check("and nothing else", said in refused, said)
    for options in (["--net", "user"], ["--control", "unix:" + os.path.join(folder, "control")]):
        for n in call, local, code:
            said = attempt(n, *options)
            check(f"{options[0]}: {names[n]}", said in refused, said)


def replays():
    record = os.path.join(folder, "record")
    guest = guests.add("exploit", Guest().call(VM_ASSIST, EXPLOIT, names.index("read-file")).shutdown())
    subprocess.run([EXPLOITED, "run", "--sandbox=off", "--record", record, *guest], stdin=subprocess.DEVNULL, capture_output=True,
                   timeout=60)
    for how, wanted in ("on", "Operation not permitted"), ("off", "done"):
        r = subprocess.run([EXPLOITED, "replay", "--sandbox", how, "--report", loot + ".json", record], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60)
        check(f"replay, {how}", wanted in r.stderr.decode() and os.path.getsize(loot + ".json") > 100, r)


def restarts():
    """A restart opens nothing, and yet has its disk, its card and its files."""
    disk = os.path.join(folder, "disk")
    with open(disk, "wb") as f:
        f.truncate(1 << 20)
    nodes = os.path.join(folder, "nodes")
    with open(nodes, "w") as f:
        f.write('data = "x"\n')
    again = guests.add("again", Guest().call(18, 0, 3, 0x100800).shutdown(1), b"hi\n")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    other = os.path.join(folder, "other")
    shutil.copy(disk, other)
    r = ring1("run", "--on-reboot", "restart", "--max-hypercalls", "11", "--disk", disk, "--disk", other + ",snapshot", "--disk", other + ",snapshot",
              "--net", f"user,hostfwd=tcp:127.0.0.1:{port}-:7", "--xenstore", nodes, *again)
    check("restarts with devices", r.status == 124 and r.out == b"hi\n" * 6, r)


def processes(image):
    """ring1 and what it started, while a guest runs."""
    run = subprocess.Popen([RING1, "run", "-m", "16", "--net", "user", "--control", "unix:" + os.path.join(folder, "c"), image],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while run.stdout.readline() not in (b"ready\n", b""):
        pass
    check("ring1 is confined", confined(run.pid))
    with open(f"/proc/{run.pid}/task/{run.pid}/children") as f:
        children = {open(f"/proc/{pid}/comm").read().strip(): int(pid) for pid in f.read().split()}
    check("its helper is, too", "ring1-net" in children and confined(children["ring1-net"]), children)
    fds = os.listdir(f"/proc/{children['ring1-net']}/fd")
    check("its helper has few files", len(fds) <= 6, fds)
    run.kill()
    run.communicate()


if has_one:
    report()
    needs()
    replays()
restarts()
if has_one and len(sys.argv) > 3:
    processes(sys.argv[3])

shutil.rmtree(folder, ignore_errors=True)  # a keeper may be removing its socket
finish()
