# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypercalls under gdb: caught as system calls and by the monitor, inside multicalls, in both directions; and watchpoints on what they
write."""

from kit import check, finish, guest, mark, session

MACH = guest("gnumach-1.8-xen-486-bookworm.gz")
LEDGER, STEPS = guest("ledger-xen-3.0-pae"), guest("steps-xen-3.0-pae")


def as_system_calls():
    session("as system calls", ["run", "--gdb-wait", STEPS], [
        ("catch syscall 17", r"not supported"),
        ("set osabi GNU/Linux", None),
        ("catch syscall 17", r"Catchpoint 1"),
        ("break call_xen", None),
        ("continue", r"Catchpoint 1 \(call to syscall .*17"),
        ("print $orig_eax", r"= 17"),
        ("x/i $pc", r"int +\$0x82"),
        ("continue", r"Catchpoint 1 \(returned from syscall"),
        ("print/x $eax", r"= 0x4\d*"),
        ("disable 1", None),
        ("continue", r"call_xen \(\)"),
        ("print $orig_eax", r"= -1"),
        ("enable 1", None),
        ("continue", r"call to syscall"),
        ("bt", r"ask_version.*call_xen.*guest_main"),
        ("continue", r"returned from syscall"),
        ("print/x $eax", r"= 0x40011"),
        ("reverse-continue", r"syscall"),
        ("delete", None),
        ("continue", r"No more"),
        ("catch syscall", r"any syscall"),
        ("continue", r"call to syscall"),
        ("delete", None),
        ("continue", r"exited normally"),
    ], status=0)


def inside_multicalls():
    """The list has four of them: the third is wrong."""
    session("inside multicalls", ["run", "--gdb-wait", LEDGER], [
        ("break retire_drafts", None),
        ("continue", r"retire_drafts"),
        ("set osabi GNU/Linux", None),
        ("catch syscall 1", r"Catchpoint 2"),
        ("continue", r"Catchpoint 2 \(call to syscall"),
        ("bt", r"retire_drafts.*guest_main"),
        ("print/x *(unsigned int *)ledger_entry & 1", r"= 0x1"),
        ("continue", r"entry \[0\] of multicall.*Catchpoint 2 \(returned from syscall"),
        ("python while 'entry [2]' not in gdb.execute('continue', to_string=True): pass", None),
        ("print updates[2]", r"ptr = \d+"),
        ("monitor where", None),
        ("reverse-continue", r"syscall"),
        ("delete", None),
        ("kill", None),
    ], status=5)


def the_monitor():
    session("the monitor", ["run", "--gdb-wait", LEDGER], [
        ("monitor catch mmu_update", None),
        ("continue", r"mmu_update|multicall"),
        ("bt", r"hypercall|_start"),
        ("monitor catch", r"mmu_update"),
        ("kill", None),
    ], status=5)


def who_wrote_it():
    """The crash is far from its cause; the way back is one watchpoint."""
    session("who wrote it", ["run", "--gdb-wait", LEDGER], [
        ("continue", r"SIGABRT.*write_line"),
        ("print line", r"= 1"),
        ("print written", r"= 1"),
        ("print/x *(unsigned int *)ledger_entry & 1", r"= 0x0"),
        ("watch *(unsigned int *)ledger_entry", r"Hardware watchpoint 1"),
        ("reverse-continue", r"Hardware watchpoint 1"),
        ("bt", r"retire_drafts.*guest_main"),
        ("print/x *(unsigned int *)ledger_entry & 1", r"= 0x1"),
        ("continue", r"Hardware watchpoint 1"),
        ("delete", None),
        ("continue", r"No more reverse"),
        ("continue", r"terminated with signal SIGABRT"),
    ], status=3)
    session("forward to it", ["run", "--gdb-wait", LEDGER], [
        ("break " + mark("ledger.c", "protect"), None),
        ("continue", None),
        ("watch *(unsigned int *)ledger_entry", r"Hardware watchpoint 2"),
        ("delete 1", None),
        ("continue", r"Hardware watchpoint 2"),
        ("continue", r"Hardware watchpoint 2"),
        ("continue", r"Hardware watchpoint 2.*New value = 0"),
        ("bt", r"retire_drafts"),
        ("kill", None),
    ], status=5)


def mach():
    session("GNU Mach", ["run", "--gdb-wait", MACH], [
        ("set osabi GNU/Linux", None),
        ("catch syscall", r"Catchpoint 1"),
        ("continue", r"Catchpoint 1 \(call to syscall"),
        ("continue", r"Catchpoint 1 \(returned from syscall"),
        ("continue", r"call to syscall"),
        ("reverse-continue", r"syscall"),
        ("kill", r"killed"),
    ], status=5)


if check("the guests are there", LEDGER and STEPS):
    for test in (as_system_calls, inside_multicalls, the_monitor, who_wrote_it):
        test()
    if MACH:
        mach()
finish()
