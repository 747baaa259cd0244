# SPDX-License-Identifier: GPL-2.0-or-later
"""Source code under gdb: every way forward, and every way back, in the guest `steps`."""

from kit import check, finish, guest, mark, session

STEPS = guest("steps-xen-3.0-pae")
RUN = ["run", "--gdb-wait", STEPS]
REC = "No more reverse-execution history"


def line(name):
    return mark("steps.c", name)


def forward():
    session("forward", RUN, [
        ("break guest_main", r"Breakpoint 1 at 0xc00"),
        ("continue", r"Breakpoint 1, guest_main \(\)"),
        ("bt", r"#0  guest_main.*#1 .*runtime_main.*#2 .*_start"),
        ("info breakpoints", r"breakpoint already hit 1 time"),
        ("next", r"factorial"),
        ("break factorial if n == 3", r"Breakpoint 2"),
        ("continue", r"Breakpoint 2, factorial \(n=3\)"),
        ("bt 3", r"#0  factorial \(n=3\).*#1 .*factorial \(n=4\).*#2 .*factorial \(n=5\)"),
        ("up", r"factorial \(n=4\)"),
        ("print n", r"= 4"),
        ("finish", r"Value returned is \$\d+ = 24"),
        ("delete", None),
        ("tbreak move", r"Temporary breakpoint"),
        ("continue", r"Temporary breakpoint .*move \(p=.*dx=10, dy=-20\)"),
        ("print *p", r'x = 3, y = -4, name = 0x[0-9a-f]+ "home"'),
        ("step", None),
        ("next", None),
        ("print p->x", r"= 13"),
        ("set var p->x = 100", r"^$"),
        ("print place.x", r"= 100"),
        ("print colour", r"= RED"),
        ("finish", r"= 30"),
        ("hbreak store", r"Hardware assisted breakpoint"),
        ("continue", r"store \(value=100\)"),
        ("stepi", None),
        ("x/3i $pc", r"=> 0xc00"),
        ("advance " + line("store"), r"stored = value"),
        ("until 46", r"\}"),
        ("next", r"guest_main"),
        ("delete", None),
        ("break call_xen", None),
        ("continue", r"call_xen \(\)"),
        ("tbreak " + line("int"), None),
        ("continue", None),
        ("x/i $pc", r"mov|lea|int"),
        ("next", None),
        ("finish", r"= 262161"),
        ("info registers", r"eax .*eip .*cs .*0xe019.*orig_eax.*cr0 .*PG.*cr3 .*cpl +0x1"),
        ("info registers cr3 gdt_base gdt_limit", r"cr3 .*gdt_base .*0xfff00000.*gdt_limit .*0xefff"),
        ("info float", r"(?s)R7.*Control Word: *0x037f"),
        ("info all-registers", r"st0 .*fctrl .*xmm7.*mxcsr"),
        ("print $cr3", r"= \d+"),
        ("print $cpl", r"= 1"),
        ("print $xmm0", r"v4_float"),
        ("set var $cr3 = 0", r"Xen's to change"),
        ("set $was = $ebx", None),
        ("set var $ebx = 0x1234", r"^$"),
        ("print/x $ebx", r"= 0x1234"),
        ("set var $ebx = $was", r"^$"),
        ("print factorial(5)", r"= 120"),
        ("x/2x 0x10", r"Cannot access memory at address 0x10"),
        ("info threads", r"\* 1 +Thread 1 \"vcpu 0\" \(vcpu 0: has the CPU, ring 1\)"),
        ("thread apply all bt", r"Thread 1.*#0 .*guest_main"),
        ("info line", r"steps\.c"),
        ("monitor help", r"\w+"),
        ("delete", None),
        ("continue", r"exited normally"),
    ], status=0)


def instructions():
    """Steps over `int $0x82`, and one at a time."""
    address = line("int")
    session("instructions", RUN, [
        ("break " + address, None),
        ("continue", None),
        ("stepi 3", None),
        ("python while gdb.execute('x/i $pc', to_string=True).find('int ') < 0: gdb.execute('stepi')", None),
        ("x/i $pc", r"int +\$0x82"),
        ("print/x $eax", r"= 0x11"),
        ("stepi", None),
        ("print/x $eax", r"= 0x40011"),
        ("reverse-stepi", None),
        ("x/i $pc", r"int +\$0x82"),
        ("print/x $eax", r"= 0x11"),
        ("stepi", None),
        ("print/x $eax", r"= 0x40011"),
        ("detach", r"detached"),
    ], status=0)


def watches():
    session("watches", RUN, [
        ("break guest_main", None),
        ("continue", None),
        ("watch stored", r"Hardware watchpoint 2: stored"),
        ("continue", r"Hardware watchpoint 2: stored.*Old value = 0.*New value = 100.*store \(value=100\)"),
        ("continue", r"Old value = 100.*New value = 200"),
        ("watch bytes_of_version", None),
        ("delete 2", None),
        ("continue", r"New value = 262161.*call_xen"),
        ("rwatch counted", r"Hardware read watchpoint 4"),
        ("continue", r"Hardware read watchpoint 4: counted.*Value = 10"),
        ("delete", None),
        ("awatch place.x", r"access \(read/write\) watchpoint"),
        ("delete", None),
        ("continue", r"exited normally"),
    ], status=0)


def backward():
    session("backward", RUN, [
        ("break " + line("end"), None),
        ("continue", r"Breakpoint 1"),
        ("print stored", r"= 300"),
        ("watch stored", None),
        ("reverse-continue", r"Old value = 300.*New value = 200.*store \(value=300\).*stored = value"),
        ("reverse-continue", r"Old value = 200.*New value = 100.*store \(value=200\)"),
        ("bt", r"#0 .*store \(value=200\).*#1 .*guest_main"),
        ("print counted", r"= 10"),
        ("set var stored = 7", r"past|Cannot access memory"),
        ("continue", r"Old value = 100.*New value = 200"),
        ("delete 2", None),
        ("reverse-finish", r"store\(i \* 100\)"),
        ("step", r"store \(value=200\)"),
        ("reverse-step", r"guest_main"),
        ("reverse-next", r"for \(i = 1"),
        ("break factorial if n == 2", None),
        ("reverse-continue", r"factorial \(n=2\)"),
        ("reverse-stepi", None),
        ("stepi", r"factorial"),
        ("delete", None),
        ("reverse-continue", REC + r".*_start"),
        ("reverse-stepi", REC),
        ("break store", None),
        ("continue", r"store \(value=100\)"),
        ("delete", None),
        ("continue", REC),
        ("continue", r"exited normally"),
    ], status=0)


def both_ways():
    """A place is the same from both sides: all registers."""
    session("both ways", RUN, [
        ("break store", None),
        ("continue 2", None),
        ("python before = gdb.execute('info all-registers', to_string=True)", None),
        ("stepi 20", None),
        ("reverse-stepi 20", None),
        ("python after = gdb.execute('info all-registers', to_string=True)", None),
        ("python print('same' if before == after else before + after)", r"same"),
        ("reverse-stepi 100", None),
        ("python there = gdb.execute('info registers', to_string=True)", None),
        ("stepi 100", None),
        ("python after = gdb.execute('info all-registers', to_string=True)", None),
        ("python print('same' if before == after else before + after)", r"same"),
        ("kill", r"killed"),
    ], status=5)


def in_source():
    """The marks are where the tests think that they are."""
    check("the mark of the store", line("store").startswith("steps.c:"))


in_source()
if check("the guest is there", STEPS):
    forward()
    instructions()
    watches()
    backward()
    both_ways()
finish()
