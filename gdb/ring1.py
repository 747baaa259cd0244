# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands for a guest under ring1, in gdb: `source` this file, or `ring1 --gdb-script` in a shell says where it is.

Everything is done by ring1's own `monitor` commands (`monitor help`); what is here gives them names among gdb's,
arguments that are gdb's expressions, completion, and has gdb forget what it knew when time has moved.
"""

import re

import gdb


def monitor(line):
    """What ring1 says to a monitor command."""
    try:
        return gdb.execute("monitor " + line, to_string=True)
    except gdb.error as why:
        if "not supported by this target" in str(why):
            raise gdb.GdbError("there is no guest: `target remote HOST:PORT` of a `ring1 run --gdb` first")
        raise


def say(text):
    gdb.write(text if not text or text.endswith("\n") else text + "\n")


def address(expression):
    """The value of an expression; of an array, a function or a structure its address."""
    value = gdb.parse_and_eval(expression)
    kind = value.type.strip_typedefs().code
    if kind in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        value = value.address
    return int(value.cast(gdb.lookup_type("unsigned long long"))) & 0xFFFFFFFFFFFFFFFF


def hypercalls():
    """Names that catch-hypercall knows."""
    try:
        return monitor("names").split()
    except gdb.error:
        return []


def snapshots():
    names = []
    for line in monitor("snapshots").splitlines():
        found = re.match(r"(?:=>|  ) (\S+) +\d+\.\d{9} s", line)
        if found:
            names.append(found.group(1))
    return names


class Wrapper(gdb.Command):
    """A monitor command by another name."""

    def __init__(self, name, line, takes=None, wants=False, moves=False, completes=None, prefix=False):
        self.line, self.takes, self.wants, self.moves, self.completes = line, takes, wants, moves, completes
        super().__init__(name, gdb.COMMAND_STATUS if name.startswith("info ") else gdb.COMMAND_RUNNING, prefix=prefix)

    def invoke(self, argument, from_tty):
        argument = argument.strip()
        if self.wants and not argument:
            raise gdb.GdbError("an argument is missing: `help` of this command")
        if argument and self.takes == "expression":
            argument = hex(address(argument))
        elif argument and self.takes is None:
            raise gdb.GdbError("this takes no argument")
        say(monitor(f"{self.line} {argument}".rstrip()))
        if self.moves:
            forget()

    def complete(self, text, word):
        if self.completes == "expression":
            return gdb.COMPLETE_EXPRESSION
        if not self.completes:
            return gdb.COMPLETE_NONE
        # gdb completes from `word` on; a name may begin before it, at a % or a comma.
        last = re.split(r"[\s,]", text)[-1]
        skip = len(last) - len(word or "")
        return [name[skip:] for name in self.completes() if name.startswith(last)]


def forget():
    """The guest stands at another place than gdb thinks."""
    gdb.execute("maintenance flush register-cache", to_string=True)
    gdb.execute("maintenance flush dcache", to_string=True)
    try:
        gdb.execute("frame")
    except gdb.error as why:
        say(str(why))


# --- info -----------------------------------------------------------------------------------------------------


class InfoDomain(Wrapper):
    """The domain: its state, time, memory, frames by type, console and xenstore.
Usage: info domain"""


class InfoPorts(Wrapper):
    """Event channels: the other end of each, what is pending and masked.
Usage: info ports"""


class InfoGrants(Wrapper):
    """What the guest granted and who uses it; and its own mappings of grants.
Usage: info grants"""


class InfoVcpus(Wrapper):
    """Where each vcpu stands, what it does, its timers.
Usage: info vcpus"""


class InfoHypercalls(Wrapper):
    """The last hypercalls, decoded, with their results and the entries of multicalls.
Usage: info hypercalls [N]
In the past these are the last ones before that place."""


class InfoPagetable(Wrapper):
    """The page-table walk to an address, what may be done there, and the entries around its own.
Usage: info pagetable ADDRESS
ADDRESS is an expression; of an array, structure or function it is the address."""


class InfoFrame(gdb.Command):
    """A machine frame of the guest, or a frame of the stack.
Usage: info frame MFN
       info frame [level N]
MFN is an expression: the frame's type, its counts, which page-table entries name it, where it is
mapped. Without one it is about the selected frame of the stack."""

    def __init__(self):
        super().__init__("info frame", gdb.COMMAND_STATUS, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        argument = argument.strip()
        level = re.fullmatch(r"level\s+(\d+)", argument)
        if argument and not level:
            say(monitor(f"info frame {address(argument):#x}"))
            return
        frame = gdb.selected_frame() if not level else gdb.newest_frame()
        for _ in range(int(level.group(1)) if level else 0):
            frame = frame and frame.older()
        if not frame:
            raise gdb.GdbError("there is no frame at that level")
        self.show(frame)

    @staticmethod
    def place(frame):
        where = frame.find_sal()
        name = f" in {frame.name()}" if frame.name() else ""
        source = f" ({where.symtab.filename}:{where.line})" if where.symtab and where.line else ""
        return f"{frame.pc():#x}{name}{source}"

    def show(self, frame):
        """What gdb's own `info frame` says, as far as Python can know it."""
        older = frame.older()
        before = int(older.read_register("esp")) & 0xFFFFFFFF if older else None
        say(f"Stack level {frame.level()}" + (f", frame at {before:#x}:" if older else ":"))
        say(f" eip = {self.place(frame)}" + (f"; saved eip = {older.pc():#x}" if older else ""))
        if older:
            say(f" called by frame at level {older.level()}, {self.place(older)}")
        if frame.newer():
            say(f" caller of frame at level {frame.newer().level()}, {self.place(frame.newer())}")
        try:
            arguments = [f"{s.name}={frame.read_var(s)}" for s in frame.block() if s.is_argument]
            say(f" source language {frame.function().symtab.filename.rsplit('.')[-1]}. args: {', '.join(arguments)}")
        except (RuntimeError, AttributeError):
            pass
        if older:
            say(f" Previous frame's sp is {before:#x}")


# --- hypercalls ------------------------------------------------------------------------------------------------


class CatchHypercall(Wrapper):
    """Stop before and after hypercalls, in multicalls too.
Usage: catch-hypercall [SET] [failed] [entry|return]
SET: names of hypercalls and sub-operations (mmu_update, EVTCHNOP_send,
event_channel_op:EVTCHNOP_close), classes (%memory), expressions (/^set_/), separated by commas; a `!`
before it all: all but these. multicall[2] is the third entry of any multicall, multicall[2]:mmu_update
only if it is that, multicall[*]:SET in multicalls alone.
`failed`: after those that gave an error; `entry`: before them alone; `return`: after them alone.
Without arguments: list what is caught. uncatch-hypercall takes one away."""


class UncatchHypercall(Wrapper):
    """Stop for hypercalls no longer.
Usage: uncatch-hypercall N|all
N is a number that catch-hypercall lists."""


class HypercallBacktrace(Wrapper):
    """The hypercall that is made here: decoded, its multicall, and the guest's stack.
Usage: hypercall-backtrace"""


# --- ring1 ... ------------------------------------------------------------------------------------------------


class Ring1(gdb.Command):
    """A guest under ring1: ways through time, and what else its monitor can do.
Usage: ring1 COMMAND ...
`ring1 help` lists what ring1 itself knows; whatever has no command here goes to it as it is."""

    def __init__(self):
        super().__init__("ring1", gdb.COMMAND_RUNNING, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        say(monitor(argument.strip() or "help"))


class Goto(Wrapper):
    """Go to a time or before a hypercall, in either direction.
Usage: ring1 goto TIME|#CALL|begin|end
TIME is 1.5s, 120ms, 7us or 10ns; with + or - before it from here. #1042 is before that hypercall."""


class Snapshot(Wrapper):
    """Remember this place by a name.
Usage: ring1 snapshot NAME"""


class Restore(Wrapper):
    """Go to a place that `ring1 snapshot` remembered.
Usage: ring1 restore NAME"""


class Where(Wrapper):
    """Time, hypercalls made, vcpu, ring and place; whether this is the past.
Usage: ring1 where"""


class Snapshots(Wrapper):
    """The places that have a name.
Usage: ring1 snapshots"""


class DropFuture(Wrapper):
    """The past becomes the present: the guest goes on from here, and can be changed.
Usage: ring1 drop-future
What came after this place is no more, in the record neither."""


class Report(Wrapper):
    """The report of a crash, or of a guest that runs.
Usage: ring1 report"""


class Translate(Wrapper):
    """The page-table walk to an address, and what rings 1 and 3 may do there.
Usage: ring1 translate ADDRESS
ADDRESS is an expression; of an array, structure or function it is the address."""


class Phys(gdb.Command):
    """Machine memory.
Usage: ring1 phys ADDRESS [LENGTH]
ADDRESS is a machine address: frame number * 4096 + offset."""

    def __init__(self):
        super().__init__("ring1 phys", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if not words:
            raise gdb.GdbError("an address is missing")
        say(monitor("phys " + " ".join(hex(address(word)) for word in words)))


InfoDomain("info domain", "info domain")
InfoPorts("info ports", "info ports")
InfoGrants("info grants", "info grants")
InfoVcpus("info vcpus", "info vcpus")
InfoHypercalls("info hypercalls", "info hypercalls", takes="expression")
InfoPagetable("info pagetable", "info pagetable", takes="expression", wants=True, completes="expression")
InfoFrame()

CatchHypercall("catch-hypercall", "catch", takes="text", completes=hypercalls)
UncatchHypercall("uncatch-hypercall", "uncatch", takes="text", wants=True)
HypercallBacktrace("hypercall-backtrace", "hypercall-backtrace")

Ring1()
Goto("ring1 goto", "goto", takes="text", wants=True, moves=True)
Snapshot("ring1 snapshot", "snapshot", takes="text", wants=True)
Restore("ring1 restore", "restore", takes="text", wants=True, moves=True, completes=snapshots)
Snapshots("ring1 snapshots", "snapshots")
Where("ring1 where", "where")
DropFuture("ring1 drop-future", "drop-future", moves=True)
Report("ring1 report", "report")
Translate("ring1 translate", "translate", takes="expression", wants=True, completes="expression")
Phys()
