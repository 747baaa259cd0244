# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb as VS Code, Eclipse and Emacs drive it: its machine interface, asynchronous."""

import re
import subprocess
import threading

from kit import GDB, Ring1, check, finish, guest, mark

STEPS = guest("steps-xen-3.0-pae")
BLOCKS = guest("exit-xen-3.0-pae")


class Interface:
    """gdb -i=mi; each command's result, and where it stopped."""

    def __init__(self):
        self.gdb = subprocess.Popen([GDB, "-nx", "-q", "-i=mi"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.late = threading.Timer(100, self.gdb.kill)
        self.late.start()
        self.seen = []
        self.stops = []

    def until(self, pattern):
        for line in self.gdb.stdout:
            self.seen.append(line)
            if line.startswith("*stopped"):
                self.stops.append(line)
            if re.match(pattern, line):
                return line
        return ""

    def ask(self, command, wanted=r"\^(done|running|connected)"):
        print(command, file=self.gdb.stdin)
        line = self.until(r"\^")
        check(command, re.match(wanted, line), "".join(self.seen[-20:]))
        return line

    def stop(self, command, wanted):
        before = len(self.stops)
        self.ask(command)
        if len(self.stops) == before:
            self.until(r"\*stopped")
        line = self.stops[-1] if len(self.stops) > before else ""
        check(f"{command} stops", re.search(wanted, line), line, "".join(self.seen[-20:]))
        return line

    def end(self):
        print("-gdb-exit", file=self.gdb.stdin)
        self.gdb.wait()
        self.late.cancel()
        check("gdb ends", self.gdb.returncode == 0, self.gdb.returncode)


def connect(image, *args):
    r = Ring1("run", "--gdb-wait", image, *args)
    check("ring1 listens", r.where, r.said())
    mi = Interface()
    for command in ("-gdb-set mi-async on", "-gdb-set auto-load no", "-enable-pretty-printing",
                    "-file-exec-and-symbols " + image):
        mi.ask(command)
    mi.stop("-target-select remote " + r.where, 'func="_start"')
    check("what it can", '"async"' in mi.ask("-list-target-features") and '"reverse"' in mi.seen[-1], mi.seen[-1])
    return r, mi


def steps():
    r, mi = connect(STEPS)
    line = mark("steps.c", "begin").split(":")[1]
    mi.ask("-break-insert -f guest_main")
    mi.stop("-exec-continue", r'reason="breakpoint-hit".*func="guest_main"')
    check("the stack", re.search(r'level="2".*func="_start"', mi.ask("-stack-list-frames")), mi.seen[-1])
    check("a thread a vcpu", 'details="vcpu 0' in mi.ask("-thread-info"), mi.seen[-1])
    mi.stop("-exec-next", 'reason="end-stepping-range"')
    mi.ask("-break-delete 1")
    mi.stop("-exec-next --reverse", f'line="{line}"')
    check("memory", "contents=" in mi.ask("-data-read-memory-bytes $esp 16"), mi.seen[-1])
    check("code", "inst=" in mi.ask("-data-disassemble -s $pc -e $pc+8 -- 0"), mi.seen[-1])
    check("a variable", 'type="struct point"' in mi.ask("-var-create v * place"), mi.seen[-1])
    check("its parts", 'exp="x"' in mi.ask("-var-list-children --all-values v"), mi.seen[-1])
    mi.ask("-break-watch place.x")
    mi.stop("-exec-continue", f'line="{int(line) + 1}"')  # the present
    mi.stop("-exec-continue", r'reason="watchpoint-trigger".*old="3",new="13"')
    check("it changed", 'value="13"' in mi.ask("-var-update --all-values v"), mi.seen[-1])
    mi.stop("-exec-continue --reverse", r'reason="watchpoint-trigger".*old="13",new="3"')
    mi.stop("-exec-continue --reverse", r'func="_start"')
    mi.ask("-target-detach")
    mi.end()
    check("the guest goes on to its end", r.wait() == 0, r.said())
    r.end()


def interrupt():
    r, mi = connect(BLOCKS, "--append", "reason=block")
    mi.ask("-exec-continue")
    check("while it runs there are no registers", mi.ask("-data-list-register-values x 8", r"\^error"), mi.seen[-1])
    mi.stop("-exec-interrupt", r'reason="signal-received",signal-name="SIGINT"')
    mi.ask("-data-list-register-values x 8")
    mi.end()
    r.end()


steps()
interrupt()
finish()
