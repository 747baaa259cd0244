# SPDX-License-Identifier: GPL-2.0-or-later
"""ring1's monitor commands and gdb/ring1.py, by real gdb: catches, ways through time, the domain."""

import os
import subprocess

from kit import RING1, check, finish, guest, mark, session

LEDGER = guest("ledger-xen-3.0-pae")
SCRIPT = subprocess.run([RING1, "--gdb-script"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
SOURCE = (f"source {SCRIPT}", r"\A\Z")
RUN = ["run", "--gdb-wait"]


def monitor():
    """As any client has them, without the Python file."""
    session("monitor", RUN + [LEDGER], [
        ("monitor help", r"^translate VA .*^goto TIME"),
        ("monitor where", r"^0\.000000000 s, 0 hypercalls made, in the present"),
        ("monitor info domain", r"^domain +1, ABI xen-3.0-pae, Xen 4.17, runs"),
        ("monitor info vcpus", r"^vcpu 0 +running, ring 1"),
        ("monitor translate $eip", r"L3\[3\].*L2\[0\].*L1\[0\].*ring 1  may read"),
        ("monitor nothing", r"'nothing' is no command; `help` lists them"),
        ("monitor goto 100us", r"^0\.0001000\d+ s, .*in the present"),
        ("maintenance flush register-cache", None),
        ("maintenance flush dcache", None),
        ("bt", r"work \(rounds=1000\).*guest_main"),
        ("monitor snapshot here", r"snapshot here"),
        ("continue", r"Xen killed the domain: unhandled exception.*SIGABRT"),
        ("monitor report", r"==== ring1 report: .*Last hypercalls"),
        ("monitor restore here", r"in the past"),
        ("maintenance flush register-cache", None),
        ("maintenance flush dcache", None),
        ("bt", r"work \(rounds=1000\).*guest_main"),
    ])


def script():
    """The commands that gdb/ring1.py adds."""
    session("script", RUN + [LEDGER], [
        SOURCE,
        ("info domain", r"^domain +1, ABI xen-3.0-pae"),
        ("info ports", r"^ +1 +0 .*xenstore"),
        ("info grants", r"^version 1"),
        ("info vcpus", r"^vcpu 0"),
        ("info hypercalls", r"no hypercalls were made"),
        ("ring1 where", r"in the present"),
        ("break " + mark("ledger.c", "crash"), r"Breakpoint 1"),
        ("continue", r"Breakpoint 1, guest_main"),
        ("info pagetable ledger", r"L1\[\d+\] .*not present.*=> 0xc000[0-9a-f]+ \[ *\d+\] 0$"),
        ("ring1 translate ledger", r"ring 1  may do nothing"),
        ("info pagetable &drafts[2]", r"ring 1  may read, write, execute"),
        ("info frame ((unsigned *)start_info->mfn_list)[0]", r"^mfn 0x[0-9a-f]+ \(pfn 0\).*mapped|entry \d+ of L1"),
        ("info frame", r"^Stack level 0.*eip = 0x[0-9a-f]+ in guest_main.*called by frame at level 1.*runtime_main"),
        ("info frame level 1", r"^Stack level 1.*runtime_main"),
        ("ring1 phys 0x100000 16", r"^0x000100000  00 00"),
        ("ring1 snapshot crash", r"snapshot crash"),
        ("ring1 goto -100us", r"in the past.*work \(rounds=5000\)"),
        ("ring1 where", r"in the past"),
        ("print i", r"= \d+"),
        ("ring1 restore crash", r"(past|present).*guest_main"),
        ("complete ring1 restore ", r"ring1 restore crash"),
        ("complete catch-hypercall mmu_", r"catch-hypercall mmu_update"),
        ("complete catch-hypercall %mem", r"catch-hypercall %memory"),
        ("help catch-hypercall", r"multicall\[2\] is the third entry"),
        ("help info pagetable", r"Usage: info pagetable ADDRESS"),
        ("ring1 nonsense", r"is no command"),
        ("ring1 goto", r"an argument is missing"),
        ("info ports 3", r"this takes no argument"),
    ])


def catches():
    """multicall and its third entry, before and after."""
    session("catches", RUN + [LEDGER], [
        SOURCE,
        ("catch-hypercall multicall", r"^catch 1: before and after multicall"),
        ("catch-hypercall multicall[2]", r"^catch 2"),
        ("catch-hypercall nothing", r"'nothing' is no hypercall or sub-operation"),
        ("catch-hypercall", r"1  before and after +multicall$.*2 "),
        ("continue", r"catch 1 \(multicall\): vcpu 0 is about to make hypercall #\d+.*^  multicall\("),
        ("bt 3", r"hypercall .*retire_drafts"),
        ("hypercall-backtrace", r"^multicall\(0x[0-9a-f]+, 4\).*\[2\] mmu_update\(.*val=0.*> retire_drafts"),
        ("print batch[2].result", r"= 0"),
        ("continue", r"catch 2 \(multicall\[2\]\): vcpu 0 is about to make entry \[2\]"),
        ("hypercall-backtrace", r"=> \[2\] mmu_update"),
        ("ring1 where", r"before entry \[2\] of multicall"),
        ("print/x (unsigned)*ledger_entry & 1", r"= 0x1"),
        ("continue", r"catch 2 .*vcpu 0 made entry \[2\].*mmu_update\(.*\) = 0"),
        ("print/x (unsigned)*ledger_entry & 1", r"= 0x0"),
        ("continue", r"catch 1 .*vcpu 0 made hypercall #\d+.*multicall\(.*\) = 0"),
        ("info hypercalls 2", r"mmu_update|console_io|xen_version.*multicall\(.*\) = 0\n +\[0\] mmu_update.*\[3\] mmu_update"),
        ("uncatch-hypercall 1", r"\A\s*\Z"),
        ("reverse-continue", r"catch 2 "),
        ("reverse-continue", r"catch 2 "),
        ("print/x (unsigned)*ledger_entry & 1", r"= 0x1"),
        ("uncatch-hypercall all", None),
        ("catch-hypercall failed", None),
        ("continue", r"reverse-execution history|Xen killed"),
    ])


def story():
    """Who last wrote this page-table entry? docs/debugger.md has this session."""
    session("story", RUN + [LEDGER], [
        SOURCE,
        ("continue", r"unhandled exception.*SIGABRT.*write_line \(line=1, amount=4\)"),
        ("info pagetable ledger", r"not present"),
        ("watch -l *ledger_entry", r"Hardware watchpoint 1"),
        ("reverse-continue", r"watchpoint 1.*Old value = 0.*New value = \d{2,}|watchpoint 1"),
        ("hypercall-backtrace", r"=> \[2\] mmu_update\(\[\{ptr=0x[0-9a-f]+\|MMU_NORMAL_PT_UPDATE, val=0\}\].*> retire_drafts"),
        ("bt", r"hypercall.*retire_drafts \(first=1\).*guest_main"),
        ("ring1 where", r"before entry \[2\] of multicall"),
        ("print/x (unsigned)*ledger_entry & 1", r"= 0x1"),
    ])


def calls():
    session("calls", RUN + [LEDGER], [
        SOURCE,
        ("ring1 goto #12", r"^0\.\d+ s, 11 hypercalls made, in the present"),
        ("hypercall-backtrace", r"^\w+\(.*\)$.*> "),
        ("ring1 goto 500us", r"in the present"),
        ("info hypercalls 3", r"^#\d+ +\[ +0\.\d+\] v0 xen_version\(XENVER_version, NULL\) = 0x40011"),
        ("ring1 where", r"^0\.000500\d+ s, .*in the present"),
        ("ring1 goto #12", r"^0\.\d+ s, 11 hypercalls made, in the past"),
        ("ring1 goto end", r"in the present"),
    ])


def without_guest():
    run = subprocess.run(["gdb", "-nx", "-q", "-batch", "-ex", f"source {SCRIPT}", "-ex", "info domain"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check("without a guest", b"there is no guest" in run.stdout, run.stdout)
    check("the script is there", os.path.exists(SCRIPT), SCRIPT)


monitor()
script()
calls()
catches()
story()
without_guest()
finish()
