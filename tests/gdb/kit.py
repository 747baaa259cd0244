# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests with gdb share: ring1 with `--gdb`, real gdb in batch mode with the commands of a session and
what each of them is to say, and a client of the raw protocol."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

RING1 = os.path.abspath(sys.argv[1])
GDB = shutil.which("gdb")

if not GDB:
    print("skipped: there is no gdb")
    sys.exit(77)

for sig, action in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    signal.signal(sig, action)

# For whatever will come: what does not, ends a test by this or by meson's own limit. No
# host is too slow, and none too busy.
PATIENCE = 600

passed = failed = 0


def check(what, good, *seen):
    """Count one check; say what was seen when it fails."""
    global passed, failed
    if good:
        passed += 1
        return good
    failed += 1
    print(f"failed: {what}", *(s if isinstance(s, str) else repr(s) for s in seen))
    return good


def finish():
    print(f"verdict: {passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


def guest(name):
    """Of the images that the test was given, the one with this name."""
    for path in sys.argv[2:]:
        if os.path.basename(path).startswith(name):
            return path if os.path.exists(path) else None
    return None


def mark(source, name):
    """The line of a guest's source that has `// mark: NAME`."""
    folder = os.path.join(os.path.dirname(__file__), "../../guest-images/debugged")
    with open(os.path.join(folder, source)) as f:
        for number, line in enumerate(f, 1):
            if re.search(rf"// mark: {re.escape(name)}\s*$", line):
                return f"{source}:{number}"
    raise KeyError(name)


class Ring1:
    """ring1 that listens for gdb; `where` is None for a free port."""

    def __init__(self, *args, where=None, stdin=subprocess.DEVNULL):
        self.err = tempfile.TemporaryFile()
        self.out = tempfile.TemporaryFile()
        command = [RING1, args[0], "--gdb", "0" if where is None else where, *map(str, args[1:])]
        self.run = subprocess.Popen(command, stdin=stdin, stdout=self.out, stderr=self.err)
        self.where = self.port = None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.run.poll() is None and not self.where:
            found = re.search(r"gdb: listening on (\S+)", self.said())
            if found:
                self.where = found.group(1)
                self.port = int(self.where.rsplit(":", 1)[1]) if where is None or not where.startswith("unix:") else None
            else:
                time.sleep(0.02)

    @staticmethod
    def text(file):
        # Without moving the place at which the process writes.
        return os.pread(file.fileno(), 1 << 24, 0).decode(errors="replace")

    def said(self):
        return self.text(self.err)

    def console(self):
        return self.text(self.out)

    def cpu(self):
        """Seconds of the CPU that it has used: a busy host does not change them."""
        return time.clock_gettime(~self.run.pid << 3 | 2)  # clock_getcpuclockid(3)

    def wait(self, timeout=PATIENCE):
        """The exit status; None: it still runs."""
        try:
            return self.run.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        if self.run.poll() is None:
            self.run.terminate()
            self.wait()
        status = self.run.returncode
        if status is not None and (status < 0 or "AddressSanitizer" in self.said()):
            check("ring1 ends by itself", False, status, self.said()[-3000:])
        return status


def gdb(where, commands, timeout=PATIENCE):
    """Run the commands in gdb; what each of them said."""
    args = [GDB, "-nx", "-q", "-batch"]
    for setting in ("confirm off", "pagination off", "width 0", "style enabled off", "auto-load no",
                    "debuginfod enabled off", f"tcp connect-timeout {PATIENCE}",
                    f"remotetimeout {PATIENCE}"):
        args += ["-ex", "set " + setting]
    for i, command in enumerate(commands):
        args += ["-ex", f"echo @@{i}@@", "-ex", command]
    args += ["-ex", f"echo @@{len(commands)}@@"]
    try:
        run = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=timeout)
        text, status = run.stdout.decode(errors="replace"), run.returncode
    except subprocess.TimeoutExpired as late:
        text, status = (late.stdout or b"").decode(errors="replace"), None
    check(f"gdb at {where} ends", status is not None, text[-3000:])
    parts = re.split(r"@@\d+@@", text)[1:]
    return parts + [""] * (len(commands) - len(parts))


def session(what, ring1_args, steps, status=None, where=None, timeout=PATIENCE, **more):
    """ring1 and gdb; `steps` are (command, pattern or None) and `status` is what ring1 ends with. Returns ring1."""
    r = Ring1(*ring1_args, where=where, **more)
    if not check(f"{what}: ring1 listens", r.where, r.said()):
        r.end()
        return r
    talk(what, r, steps, timeout)
    if status is not None:
        seen = r.wait()
        check(f"{what}: ring1's status is {status}", seen == status, seen, r.said()[-2000:])
    r.end()
    return r


def talk(what, r, steps, timeout=PATIENCE):
    """One gdb session with a ring1 that runs."""
    first = f"target remote {r.where[5:] if r.where.startswith('unix:') else r.where}"
    said = gdb(r.where, [first] + [command for command, _ in steps], timeout)
    good = True
    for i, (command, wanted) in enumerate([(first, None)] + steps):
        if wanted is not None and not re.search(wanted, said[i], re.S | re.M):
            check(f"{what}: step {i}, `{command}` says '{wanted}'", False, "\n" + said[i])
            good = False
        else:
            check(f"{what}: {command}", True)
    if not good:
        print(f"--- {what}: the whole session")
        for i, (command, _) in enumerate([(first, None)] + steps):
            print(f"(gdb) {command}\n{said[i].strip()}")
        print("---", r.said()[-2000:])


class Client:
    """The remote protocol, byte by byte."""

    def __init__(self, r):
        if r.port:
            self.s = socket.create_connection(("127.0.0.1", r.port), PATIENCE)
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.s = socket.socket(socket.AF_UNIX)
            self.s.settimeout(PATIENCE)
            self.s.connect(r.where[5:])
        self.s.settimeout(PATIENCE)
        self.buffer = b""
        self.ack = True

    @staticmethod
    def frame(data):
        data = data.encode() if isinstance(data, str) else data
        return b"$%s#%02x" % (data, sum(data) & 255)

    def send(self, data):
        self.s.sendall(self.frame(data))

    def raw(self, data):
        self.s.sendall(data)

    def more(self):
        got = self.s.recv(65536)
        if not got:
            raise EOFError(self.buffer)
        self.buffer += got

    def packet(self):
        """The next packet's data."""
        while True:
            found = re.search(rb"\$([^#]*)#([0-9a-f]{2})", self.buffer, re.S)
            if not found:
                self.more()
                continue
            self.buffer = self.buffer[found.end():]
            if self.ack:
                self.s.sendall(b"+")
            data = found.group(1)
            check("the checksum of an answer", int(found.group(2), 16) == sum(data) & 255, data)
            return data.decode("latin-1")

    def reply(self):
        """The next packet that is no console output."""
        while True:
            data = self.packet()
            if not (data.startswith("O") and data != "OK"):
                return data

    def ask(self, data):
        self.send(data)
        return self.reply()

    def no_ack(self):
        check("QStartNoAckMode", self.ask("QStartNoAckMode") == "OK")
        self.ack = False
        return self

    def closed(self):
        """The other side has closed the connection."""
        try:
            while self.s.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.s.close()
