# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 run` at a terminal: raw while it runs, as before after every end."""

import os
import pty
import select
import signal
import termios
import time

from kit import BUFFER, CONSOLE_IO, PATIENCE, RING1, SCHED_OP_OLD, Guest, Guests, check, echo_guest, finish

guests = Guests()
ECHO = guests.add("echo", echo_guest(), b"".ljust(2048, b"\0") + b"ready\n")
SPIN = guests.add("spin", Guest().call(CONSOLE_IO, 0, 6, BUFFER).label("loop").jump("loop"), b"ready\n")
OFF = guests.add("off", Guest().call(CONSOLE_IO, 0, 6, BUFFER).shutdown(), b"ready\n")
CRASH = guests.add("ud2", Guest().call(CONSOLE_IO, 0, 5, BUFFER).bytes(0x0F, 0x0B), b"ready")
OFLAG, LFLAG = 1, 3
# A build with AddressSanitizer must die of a signal like any other.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0"


class Session:
    """ring1 as the foreground job of a terminal of its own."""

    def __init__(self, *args):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os.close(os.open(os.ttyname(self.slave), os.O_RDWR))  # becomes the controlling terminal
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            # A session leader without a shell would ignore SIGTSTP: a job of one.
            if os.fork() == 0:
                os.setpgid(0, 0)
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
                os.tcsetpgrp(0, os.getpgrp())
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTTOU])
                os.write(1, b"pid %d\n" % os.getpid())
                os.execv(RING1, [RING1, "run", *args])
            status = os.wait()[1]
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        self.text = b""
        self.read_until(b"\n")
        self.job = int(self.text.split()[1])
        self.text = b""

    def read_until(self, words, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 4096)
        return words in self.text

    def type(self, data):
        os.write(self.master, data)

    def mode(self):
        return termios.tcgetattr(self.slave)

    def is_raw(self):
        return self.mode()[LFLAG] & (termios.ICANON | termios.ECHO | termios.ISIG) == 0

    def is_as_before(self):
        return self.mode() == self.before

    def wait_for(self, condition, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)
        return condition()

    def end(self):
        """The exit status; a death by signal N is 256 - N."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 4096)
        return status

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def state_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_keys():
    s = Session(*ECHO)
    check("ready, with a return", s.read_until(b"ready\r\n"), s.text)
    check("raw", s.wait_for(s.is_raw))
    check("output is still processed", s.mode()[OFLAG] & (termios.OPOST | termios.ONLCR) ==
          termios.OPOST | termios.ONLCR)
    s.type(b"a\x03\x1a\x1c\r")
    check("control keys and Return are the guest's", s.read_until(b"a\x03\x1a\x1c\r"), s.text)
    check("it runs on", state_of(s.job) in "SR")
    start = cpu_seconds(s.job)
    time.sleep(2)
    used = cpu_seconds(s.job) - start
    # It is 1 % of a core; sanitizers and a busy host make it more. A guest that is
    # not seen to be idle uses all of it.
    check("an idle guest sleeps", used < 1, used)
    s.type(b"bye\x1d")
    status = s.end()
    check("Ctrl-] leaves", status == 143, status)
    check("the terminal is as before", s.is_as_before(), s.mode(), s.before)
    s.close()


def test_ends():
    for name, guest, status in (("power off", OFF, 0), ("crash", CRASH, 3)):
        s = Session(*guest)
        got = s.end()
        check(f"{name}: status", got == status, got, s.text)
        check(f"{name}: the terminal is as before", s.is_as_before())
        if status == 3:
            check("the report stands on lines of its own", b"ready\r\n==== ring1 report" in s.text and
                  b"\r\nring1: the guest crashed: " in s.text, s.text)
        s.close()
    s = Session("--max-time", "0.3", *SPIN)
    check("--max-time at a terminal", s.end() == 124 and s.is_as_before(), s.text)
    s.close()
    s = Session("--max-time", "10", "/nonexistent/kernel")
    check("no image", s.end() == 126 and s.is_as_before(), s.text)
    s.close()


def test_signals():
    for sig, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129),
                        (signal.SIGSEGV, 256 - signal.SIGSEGV), (signal.SIGABRT, 256 - signal.SIGABRT),
                        (signal.SIGQUIT, 256 - signal.SIGQUIT)):
        for name, guest in (("echo", ECHO), ("spin", SPIN)):
            s = Session(*guest)
            s.read_until(b"ready")
            check(f"{sig.name}, {name}: raw before", s.wait_for(s.is_raw))
            os.kill(s.job, sig)
            got = s.end()
            check(f"{sig.name}, {name}: status", got == status, got)
            check(f"{sig.name}, {name}: the terminal is as before", s.is_as_before())
            s.close()


def test_stop():
    for name, guest in (("echo", ECHO), ("spin", SPIN)):
        s = Session(*guest)
        s.read_until(b"ready")
        s.wait_for(s.is_raw)
        for turn in (1, 2):
            os.kill(s.job, signal.SIGTSTP)
            check(f"SIGTSTP {turn} stops {name}", s.wait_for(lambda: state_of(s.job) == "T"), state_of(s.job))
            check(f"stopped {turn}: the terminal is as before", s.is_as_before())
            os.kill(s.job, signal.SIGCONT)
            check(f"SIGCONT {turn}: raw again", s.wait_for(s.is_raw))
        if guest is ECHO:
            s.type(b"still here")
            check("the guest goes on", s.read_until(b"still here"), s.text)
        s.type(b"\x1d")
        check(f"{name}: Ctrl-] after it", s.end() == 143 and s.is_as_before())
        s.close()


test_keys()
test_ends()
test_signals()
test_stop()
finish()
