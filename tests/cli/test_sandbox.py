# SPDX-License-Identifier: GPL-2.0-or-later
"""--sandbox. The second argument is a ring1 with a hole (exploit.c): a guest's
vm_assist(EXPLOIT, n) runs host code that tries the n'th of what an intruder would. Each
works without the sandbox, and none with it, whatever ring1 was asked to do. The third is
a guest that uses a network."""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

from kit import ADDRESS, PATIENCE, RING1, Guest, Guests, check, check_refused, finish, one_line, ring1

EXPLOITED = os.path.abspath(sys.argv[2])
OUTER = os.path.abspath(sys.argv[sys.argv.index("--outer") + 1]) if "--outer" in sys.argv else None
EXPLOIT_NET = os.path.abspath(sys.argv[sys.argv.index("--net") + 1]) if "--net" in sys.argv else None
IMAGE = sys.argv[3] if len(sys.argv) > 3 and not sys.argv[3].startswith("--") else None
CONSOLE_IO, VM_ASSIST, EXPLOIT = 18, 21, 0xE4F10
guests = Guests()
folder = tempfile.mkdtemp()
victim, loot = os.path.join(folder, "victim"), os.path.join(folder, "loot")
REFUSED = ("Operation not permitted", "Permission denied", "Function not implemented")

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

with open(os.path.join(folder, "disk"), "wb") as f:
    f.truncate(1 << 20)


def path(name):
    return os.path.join(folder, name)


# --- one intruder ---------------------------------------------------------------------------


def fresh():
    if os.path.lexists(loot):
        shutil.rmtree(loot) if os.path.isdir(loot) and not os.path.islink(loot) else os.unlink(loot)
    with open(victim, "w") as f:
        f.write("victim")
    os.chmod(victim, 0o600)


def untouched():
    with open(victim) as f:
        return f.read() == "victim" and os.stat(victim).st_mode & 0o777 == 0o600 and not os.path.lexists(loot)


class Said:
    """What came of a run: of each attempt, and what was open."""

    def __init__(self, status, err):
        self.status, self.err, self.of, self.open = status, err, {}, {}
        for line in err.splitlines():
            words = line.split()
            if line.startswith("exploit: ") and line.count(": ") == 2:
                self.of[line.split(": ")[1]] = line.split(": ")[2]
            elif line.startswith("open: "):
                self.open[int(words[1])] = (words[2], int(words[3]))

    def __repr__(self):
        return f"status {self.status}, {self.err[:600]!r}"


def exploited(*args, **environment):
    """It is given a folder that nobody asked for."""
    fresh()
    fd = os.open(folder, os.O_RDONLY)
    r = subprocess.run([EXPLOITED, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, pass_fds=[fd],
                       env={**os.environ, "EXPLOIT_VICTIM": victim, "EXPLOIT_LOOT": loot, "EXPLOIT_FOLDER": str(fd),
                            "PWD": "/", **environment}, cwd="/")
    os.close(fd)
    return Said(r.returncode, r.stderr.decode(errors="replace"))


def guest_of(wanted):
    """Its first hypercall is harmless."""
    g = Guest().call(17, 0)
    for name in wanted:
        g.call(VM_ASSIST, EXPLOIT, names.index(name))
    return guests.add("-".join(wanted)[:60], g.shutdown())


names = exploited("run", "--sandbox=off", *guests.add("names", Guest().call(VM_ASSIST, EXPLOIT, 9999).shutdown())).err.split()
check("there are attempts", len(names) > 60 and names[0] == "print", names)
# Each alone: with the sandbox it is the end, or without.
DEADLY = {"run-program", "fork", "fork-by-clone", "trace", "read-process", "write-process", "take-process", "call-i386", "call-x32",
          "ring-of-calls", "handle-faults", "run-in-kernel", "new-namespace", "read-means-run"}
ALONE = DEADLY | {"run-memory-file", "fork-by-clone3"}
# What the host of the tests may not allow anybody.
MAY_FAIL = DEADLY - {"run-program", "fork"} | {"open-otherwise", "more-filters", "share-memory", "queue-messages", "raise-limit",
                                               "make-code-with-key", "move-code", "push-terminal", "push-terminal-in-disguise",
                                               "paste-terminal", "change-discipline", "take-terminal", "name-what-is-open",
                                               "change-mode-of-open", "signal-by-queue", "fork-by-clone3", "signal-by-file",
                                               "signal-when-readable", "run-memory-file"}
ALLOWED = {"print", "list-files"}
TOGETHER = [n for n in names if n not in ALONE]


def without():
    """Each can be done: it is the sandbox that refuses it."""
    said = exploited("run", "--sandbox=off", *guest_of(TOGETHER))
    for name in TOGETHER:
        check(f"{name} without a sandbox", said.of.get(name) == "done" or (name in said.of and name in MAY_FAIL), said.of.get(name))
    for name in sorted(ALONE):
        said = exploited("run", "--sandbox=off", *guest_of([name]))
        check(f"{name} without a sandbox", said.of.get(name) == "done" or name in MAY_FAIL or "exploit: done" in said.err, said)


def refused(mode, said, allowed=()):
    """Of all that do not end it."""
    for name in TOGETHER:
        result = said.of.get(name)
        good = result == "done" if name in ALLOWED or name in allowed else result in REFUSED
        if name in ("look-at-folder",):
            good = result == "Bad file descriptor"
        check(f"{mode}: {name}", good, result or said)
    check(f"{mode}: nothing is left", untouched())


def open_are(mode, said, wanted):
    """Beyond stdin, stdout and stderr: kind and mode of each, in order of their numbers."""
    check(f"{mode}: what is open", [v for k, v in sorted(said.open.items()) if k > 2] == wanted and {0, 1, 2} <= set(said.open),
          said.open)


def deadly(mode, run, wanted=("run-program", "fork", "call-i386")):
    words = {"run-program": "execve", "fork": "clone", "trace": "ptrace", "call-i386": "another kind of machine",
             "call-x32": "another kind of machine"}
    for name in wanted:
        said = run([name])
        check(f"{mode}: {name} is deadly", said.status == -signal.SIGSYS and "exploit" not in said.err, said)
        check(f"{mode}: {name}: it is said", f"sandbox: {words.get(name, '')}" in said.err.replace("a system call of ", "")
              and "was tried" in said.err, said)
        check(f"{mode}: {name} left nothing", untouched())


# --- whatever it was asked to do ---------------------------------------------------------------

FILE, OUT, BOTH = 0, 1, 2  # O_RDONLY, O_WRONLY, O_RDWR


def runs():
    """Each mode of a run: options, what is open then, what may be done then."""
    unix = "unix:" + path("socket")
    modes = {
        "run": ([], [], ()),
        "disk": (["--disk", path("disk")], [("file", BOTH)], ()),
        "overlay": (["--disk", path("disk") + ",snapshot"], [("file", FILE), ("file", BOTH)], ()),
        "net": (["--net", "user"], [("socket", BOTH)], ("take-descriptor",)),
        "control": (["--control", unix], [("socket", BOTH), ("pipe", OUT)], ()),
        "console": (["--console", unix], [("socket", BOTH), ("pipe", OUT)], ()),
        "gdb": (["--gdb", "127.0.0.1:0"], [("socket", BOTH), ("file", BOTH)], ("map-engine",)),
        "restart": (["--on-reboot", "restart"], [], ("map-engine",)),
        "outputs": (["--report", path("report"), "--core", path("core"), "--trace=" + path("trace")],
                    [("file", OUT), ("file", BOTH), ("socket", BOTH), ("file", OUT)], ()),
    }
    guest = guest_of(TOGETHER)
    for mode, (options, files, allowed) in modes.items():
        said = exploited("run", *options, *guest)
        refused(mode, said, allowed)
        open_are(mode, said, files)
        deadly(mode, lambda wanted: exploited("run", *options, *guest_of(wanted)), sorted(DEADLY) if mode == "run" else ["run-program"])
    said = exploited("trace", "-o", path("trace"), *guest)
    refused("trace", said)
    open_are("trace", said, [("file", OUT)])


def terminal():
    """The end of one who was taken over leaves a terminal as it was."""
    controller, tty = pty.openpty()
    before = termios.tcgetattr(tty)
    run = subprocess.Popen([EXPLOITED, "run", *guest_of(["run-program"])], stdin=tty, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    err = run.communicate(timeout=PATIENCE)[1].decode()
    check("a terminal is put right", termios.tcgetattr(tty) == before and run.returncode == -signal.SIGSYS and "execve was tried" in err,
          run.returncode, err)
    os.close(controller)
    os.close(tty)


# --- whatever it reads ----------------------------------------------------------------------------

READING = ["print", "read-file", "make-file", "open-from-folder", "open-memory", "call-out", "pair-of-sockets", "thread", "signal-parent",
           "map-code", "make-code", "raise-limit", "push-terminal", "make-memory-file"]


def readers():
    """Each command whose reader of a file has a hole, with options that write files."""
    quiet = guests.add("quiet", Guest().call(17, 0).call(17, 0).shutdown())
    ring1("run", "--record", path("record"), *quiet)
    r = ring1("run", "--save", path("snapshot"), "--at", "1", *quiet)
    check("a snapshot to be read", os.path.getsize(path("snapshot")) > 0, r)
    ring1("trace", "--json", "-o", path("calls.json"), *quiet)
    for name in "a.hc", "b.hc":
        with open(path(name), "w") as f:
            f.write("ring1-sequence 1\nabi xen-3.0-pae 4.17\n\nxen_version(0, 0)\n")
    with open(path("input"), "wb") as f:
        f.write(bytes([2, 0, 0, 0, 17, 0, 0, 0]))
    commands = {
        "info": ["info", *quiet],
        "info of a snapshot": ["info", path("snapshot")],
        "load": ["run", "--load", path("snapshot")],
        "replay": ["replay", path("record")],
        "replay --info": ["replay", "--info", path("record")],
        "diff of sequences": ["diff", path("a.hc"), path("b.hc")],
        "diff of traces": ["diff", path("calls.json"), path("calls.json")],
        "diff of records": ["diff", path("record"), path("record")],
        "seq run": ["seq", "run", path("a.hc")],
        "seq check": ["seq", "check", path("a.hc")],
        "seq fmt": ["seq", "fmt", path("a.hc")],
        "seq fmt -i": ["seq", "fmt", "-i", path("a.hc")],
        "seq min": ["seq", "min", "-o", path("min.hc"), path("a.hc")],
        "seq export": ["seq", "export", "-e", path("elf"), "-x", path("lines"), path("a.hc")],
        "seq import": ["seq", "import", "-o", path("imported.hc"), path("calls.json")],
        "fuzz import": ["fuzz", "import", "--corpus", path("imports"), path("a.hc")],
        "fuzz show": ["fuzz", "show", path("input")],
        "fuzz triage": ["fuzz", "triage", path("input")],
    }
    for name, words in commands.items():
        with_option = words[:1] + ["--sandbox=off"] + words[1:]
        if words[0] in ("seq", "fuzz"):
            with_option = words[:2] + ["--sandbox=off"] + words[2:]
        said = exploited(*with_option, EXPLOIT_READER="read-file")
        check(f"{name}, without a sandbox", said.of.get("read-file") == "done", said)
        said = exploited(*words, EXPLOIT_READER=",".join(READING))
        for n in READING:
            allowed = n in ALLOWED or (n == "map-engine")
            check(f"{name}: {n}", said.of.get(n) == "done" if allowed else said.of.get(n) in REFUSED, said.of.get(n) or said)
        check(f"{name}: nothing was done anywhere", said.err.count(": done") == said.err.count("print: done"), said)
        check(f"{name}: nothing is left", untouched())
        ended = exploited(*words, EXPLOIT_READER="run-program")
        check(f"{name}: run-program", ended.status in (-signal.SIGSYS, 125, 1) and "exploit: done" not in ended.err
              and "run-program" not in ended.of, ended)


def fuzzed():
    """A child of the fuzzer is taken over: a find, and no more."""
    finds = path("finds")
    for name, wanted in ("read-file", "Operation not permitted"), ("make-file", "Operation not permitted"), ("run-program", "Bad system call"), \
            ("fork", "Bad system call"), ("call-out", "Operation not permitted"), ("signal-parent", "Operation not permitted"):
        shutil.rmtree(finds, ignore_errors=True)
        fresh()
        r = subprocess.run([EXPLOITED, "fuzz", "-n", "20000", "--max-finds", "1", "--finds", finds, "--corpus", path("corpus")], capture_output=True,
                           stdin=subprocess.DEVNULL, timeout=PATIENCE, env={**os.environ, "EXPLOIT_ANY": name, "EXPLOIT_VICTIM": victim, "EXPLOIT_LOOT": loot})
        check(f"fuzz: {name}", r.returncode == 1 and wanted in r.stdout.decode() and "done" not in r.stdout.decode(), r.stdout, r.stderr)
        check(f"fuzz: {name}: the find is there", len(os.listdir(finds)) == 2, os.listdir(finds))
        check(f"fuzz: {name}: nothing is left", untouched())
    check("fuzz: the corpus is there", len(os.listdir(path("corpus"))) > 5)
    check_refused("fuzz: no report", 2, ["--sandbox", "report"], "fuzz", "--sandbox=report", "-n", "1")


def fuzzed_guest():
    """A guest that takes over who brings it to where it is fuzzed, before it is there."""
    wanted = [n for n in READING if n != "print"]
    g = Guest().call(17, 0)
    for name in wanted:
        g.call(VM_ASSIST, EXPLOIT, names.index(name))
    place = ADDRESS + len(g.label("loop").code)
    image = guests.add("fuzzed", g.call(17, 0).jump("loop"))
    options = ["--guest", *image[-1:], *image[:-1], "--from", f"call:{1 + len(wanted)}", "--until", hex(place), "--buffer",
               hex(ADDRESS + 0x900) + ":16"]
    off = ["--sandbox=off"]
    finds, one = path("guest-finds"), path("one.input")
    with open(one, "wb") as f:
        f.write(b"x")
    for what, words in {"fuzz": ["-n", "20", "--finds", finds, "--corpus", path("guest-corpus")], "fuzz --input": ["--input", one]}.items():
        said = exploited("fuzz", *options, *off, *words)
        check(f"{what} --guest, without a sandbox", said.of.get("read-file") == "done", said)
        said = exploited("fuzz", *options, *words)
        check(f"{what} --guest", said.status == 0 and {said.of.get(n) for n in wanted} <= set(REFUSED), said)
        check(f"{what} --guest: nothing is left", untouched())
    said = exploited("fuzz", "triage", *options, one)
    check("fuzz triage --guest", said.status == 0 and {said.of.get(n) for n in wanted} <= set(REFUSED), said)
    snapshot = path("fuzzed.snapshot")
    r = ring1("run", "--save", snapshot, "--at", "1", *image)
    options[options.index("--from") + 1] = f"call:{1 + len(wanted)}"
    said = exploited("fuzz", "--guest", "none", *options[options.index("--from"):], "--load", snapshot, *words)
    check("fuzz --guest --load", said.status == 0 and {said.of.get(n) for n in wanted} <= set(REFUSED), said, r)


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def confined(pid):
    """Not at once: it has to begin."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        s = status_of(pid)
        if s.get("Seccomp", "2") == "2" and s.get("NoNewPrivs", "1") == "1" and int(s.get("CapEff", "0"), 16) & ~0x2400 == 0:
            return True
        time.sleep(0.05)
    return False


def helper():
    """ring1-net, taken over."""
    r = subprocess.run([EXPLOIT_NET, folder], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    check("the network's helper", r.returncode == -signal.SIGSYS and b" 0 failed" in r.stdout and b"execve was tried" in r.stderr, r)
    check("the network's helper left nothing", not os.path.lexists(path("mine")))


def report():
    guest = guest_of(["read-file", "read-file", "call-out"])
    said = exploited("run", "--sandbox=report", *guest)
    check("report refuses nothing", said.of.get("read-file") == "done", said)
    lines = said.err.splitlines()
    check("report says what there is", "sandbox: nothing is enforced; this system has a filter" in lines[0], lines)
    check("report names the call, once", sum("openat would be refused" in line for line in lines) == 1, lines)
    check("report counts the calls", "calls that would be refused:" in lines[-1] and "socket 1" in lines[-1], lines)
    said = exploited("run", "--sandbox=report", "--report", path("report"), *guest)
    with open(path("report")) as f:
        calls = {c["call"]: c["count"] for c in json.load(f)["sandbox"]["would_refuse"]}
    check("report as JSON", calls.get("openat", 0) >= 2 and calls.get("socket") == 1, calls)
    r = ring1("run", "--sandbox=report", "--report", path("report"), "--net", "user", "--gdb", "127.0.0.1:0", "--control", "unix:" + path("c"),
              "--console", "unix:" + path("d"), "--disk", path("disk"), "--on-reboot", "restart", "--record", path("record"), *off)
    with open(path("report")) as f:
        check("nothing to report of all options", r.status == 0 and json.load(f)["sandbox"]["would_refuse"] == []
              and "would" not in r.err, r)
    said = exploited("run", "--sandbox=report", *guest_of(["run-program"]))
    check("report of a program that is run", "execve would be refused" in said.err, said)
    r = ring1("run", "--sandbox=report", *off)
    check("nothing to report", r.status == 0 and r.err.count("\n") == 1, r)


def replays():
    guest = guest_of(["read-file"])
    exploited("run", "--sandbox=off", "--record", path("record"), *guest)
    for how, wanted in ("on", "Operation not permitted"), ("off", "done"):
        said = exploited("replay", "--sandbox", how, "--report", path("report"), path("record"))
        check(f"replay, {how}", said.of.get("read-file") == wanted and os.path.getsize(path("report")) > 100, said)


def outside():
    """In somebody else's sandbox, which refuses what ours is made of."""
    landlock = "Landlock (ABI" in version.out.decode()
    guest = guest_of(["read-file", "call-out", "list-files"])
    with open(path("off.cfg"), "w") as f:
        f.write(f'kernel = "{off[-1]}"\n')

    def run(rules, *args):
        r = subprocess.run([OUTER, *rules, "--", *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                           env={**os.environ, "EXPLOIT_VICTIM": victim, "EXPLOIT_LOOT": loot})
        return Said(r.returncode, r.stderr.decode(errors="replace")), r.stdout.decode()

    for why, rules in {"not there": ["landlock_create_ruleset=ENOSYS"], "forbidden": ["landlock_restrict_self=EPERM"]}.items():
        said, _ = run(rules, EXPLOITED, "run", *guest)
        check(f"Landlock is {why}", said.status == 0 and said.of.get("read-file") in REFUSED and "ring1:" not in said.err, said)
        said, _ = run(rules, RING1, "run", "--sandbox=on", *off)
        check(f"Landlock is {why}, and a sandbox is asked for", said.status == 0 and not said.err, said)
    _, out = run(["landlock_create_ruleset=ENOSYS"], RING1, "--version")
    check("Landlock is not there: --version", "a filter of system calls, no Landlock" in out, out)
    for errno, words in ("EPERM", "seccomp is not permitted here"), ("ENOSYS", "the kernel has no filters of system calls"):
        rules = [f"seccomp={errno}", f"prctl={errno}"] if errno == "ENOSYS" else [f"seccomp={errno}"]
        said, _ = run(rules, EXPLOITED, "run", *guest)
        lines = [line for line in said.err.splitlines() if line.startswith("ring1: ")]
        check(f"seccomp gives {errno}", said.status == 0 and len(lines) == 1 and words in lines[0]
              and "the sandbox has no filter of system calls" in lines[0], said)
        check(f"seccomp gives {errno}: the rest is in force", not landlock or errno == "ENOSYS" or said.of.get("read-file") in REFUSED, said)
        said, _ = run(rules, RING1, "run", "--sandbox=on", *off)
        check(f"seccomp gives {errno}, and a sandbox is asked for", said.status == 125 and one_line(said.err) and words in said.err, said)
        said, _ = run(rules, RING1, "run", "--sandbox=off", *off)
        check(f"seccomp gives {errno}, and none is wanted", said.status == 0 and not said.err, said)
        said, out = run(rules, RING1, "--version")
        check(f"seccomp gives {errno}: --version", "no filter of system calls: " in out and words in out, out)
        said, out = run(rules, RING1, "seq", "check", path("a.hc"))
        check(f"seccomp gives {errno}: seq", said.status == 0 and words in said.err, said)
        said, out = run(rules, RING1, "fuzz", "-n", "50", "--finds", path("finds"))
        check(f"seccomp gives {errno}: fuzz", said.status == 0 and said.err.count(words) == 1, said)
        said, out = run(rules, RING1, "run", "--net", "user", *off)
        check(f"seccomp gives {errno}: a network card", said.status == 0 and said.err.count("\n") == 1, said)
        said, out = run(rules, RING1, "run", *off[:-1], path("off.cfg"))
        check(f"seccomp gives {errno}: one of xl's files", said.status == 0 and said.err.count("\n") == 1, said)
    said, _ = run(["no_new_privs=EPERM"], EXPLOITED, "run", *guest)
    check("no_new_privs is forbidden", said.status == 0 and (said.of.get("read-file") in REFUSED or "seccomp is not" in said.err), said)
    said, _ = run(["prlimit64=EPERM", "capset=EPERM", "personality=EPERM"], EXPLOITED, "run", *guest)
    check("limits and rights are forbidden", said.status == 0 and said.of.get("read-file") in REFUSED and "ring1:" not in said.err, said)
    said, _ = run(["getpid=EPERM"], EXPLOITED, "run", *guest_of(["run-program"]))
    check("a filter that has nothing to do with it", said.status == -signal.SIGSYS, said)


def restarts():
    """A restart opens nothing, and yet has its disk, its card and its files."""
    nodes = path("nodes")
    with open(nodes, "w") as f:
        f.write('data = "x"\n')
    again = guests.add("again", Guest().call(18, 0, 3, 0x100800).shutdown(1), b"hi\n")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    other = path("other")
    shutil.copy(path("disk"), other)
    r = ring1("run", "--on-reboot", "restart", "--max-hypercalls", "11", "--disk", path("disk"), "--disk", other + ",snapshot", "--disk",
              other + ",snapshot", "--net", f"user,hostfwd=tcp:127.0.0.1:{port}-:7", "--xenstore", nodes, *again)
    check("restarts with devices", r.status == 124 and r.out == b"hi\n" * 6, r)


def processes(image):
    """ring1 and what it started, while a guest runs."""
    run = subprocess.Popen([RING1, "run", "-m", "16", "--net", "user", "--control", "unix:" + path("c"), image],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while run.stdout.readline() not in (b"ready\n", b""):
        pass
    check("ring1 is confined", confined(run.pid))
    check("it has one thread", status_of(run.pid).get("Threads") == "1", status_of(run.pid))
    with open(f"/proc/{run.pid}/task/{run.pid}/children") as f:
        children = {open(f"/proc/{pid}/comm").read().strip(): int(pid) for pid in f.read().split()}
    check("its helper is, too", "ring1-net" in children and confined(children["ring1-net"]), children)
    fds = os.listdir(f"/proc/{children['ring1-net']}/fd")
    check("its helper has few files", len(fds) <= 6, fds)
    run.kill()
    run.communicate()


if has_one:
    without()
    runs()
    terminal()
    readers()
    fuzzed()
    fuzzed_guest()
    if EXPLOIT_NET:
        helper()
    report()
    replays()
restarts()
if has_one and OUTER:
    outside()
if has_one and IMAGE:
    processes(IMAGE)

shutil.rmtree(folder, ignore_errors=True)  # a keeper may be removing its socket
finish()
