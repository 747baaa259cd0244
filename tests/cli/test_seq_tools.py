# SPDX-License-Identifier: GPL-2.0-or-later
"""What sequences are made from and made into: `trace --hc`, `seq min`, `seq export`.

usage: test_seq_tools.py RING1 GRUB MACH [GUEST...]
"""

import os
import re
import sys
import tempfile

from kit import check, check_refused, finish, ring1

GRUB, MACH, GUESTS = sys.argv[2], sys.argv[3], sys.argv[4:]
DIFFERS = 1

HEADS = {
    "xen-2.0": "ring1-sequence 1\nabi xen-2.0\n",
    "xen-3.0": "ring1-sequence 1\nabi xen-3.0 3.2\n",
    "xen-3.0-pae": "ring1-sequence 1\nabi xen-3.0-pae 4.17\n",
}
# A table that is pinned, changed and refused; results that later calls use; a list.
CALLS = """page pt1 0x40 = l1 {0: mfn(0x41)|P|RW|A, 1..3: mfn(0x50..)|P|A}
page plain 0x41 = rw {0: "some text", 11: [u8 1, u8 2]}
xen_version(XENVER_version, NULL) = 0x40011
r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}
mmuext_op([{cmd=MMUEXT_PIN_L1_TABLE, mfn=mfn(pt1)}], 1, NULL, DOMID_SELF) = 0
mmu_update([{ptr=ma(pt1)+8|MMU_NORMAL_PT_UPDATE, val=mfn(pt1)|P|RW}], 1, NULL, DOMID_SELF) = -EBUSY
time 0.001000000s
event_channel_op(EVTCHNOP_close, {port=r1.port}) = 0
event_channel_op(EVTCHNOP_close, {port=r1.port}) = -EINVAL
expect &pt1 = mfn(0x41)|P|RW|A
expect &plain = ["some text", hex"00000102"]
set_callbacks(0xe019, 0xc0100000, 0xe019, 0xc0100010) = 0
multicall = 0
  [0] xen_version(XENVER_version, NULL) = 0x40011
  [1] set_gdt([mfn(1)], 8000) = -EINVAL
"""
GIVEN = """r = memory_op(XENMEM_increase_reservation, {extent_start=[...], nr_extents=1, domid=DOMID_SELF}) = 1
write ma(r.extent_start[0]) = {0: mfn(0x40)|P}
"""
# A mistake among much that has nothing to do with it.
CALL = "val=mfn(pt1)|P|RW}], 1, NULL, DOMID_SELF) = -EBUSY"
MISTAKE = CALLS.replace(CALL, "val=mfn(pt1)|P|RW|A|D}, {ptr=ma(pt1)+16|MMU_NORMAL_PT_UPDATE, val=0}], 2, NULL, DOMID_SELF) = 0")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def export_and_boot(what, path, folder):
    """The kernel prints what the sequence expects; None: it was refused."""
    elf, expected = os.path.join(folder, "x.elf"), os.path.join(folder, "x.txt")
    r = ring1("seq", "export", "--elf", elf, "--expected", expected, path)
    check(f"{what}: exported", r.status == 0, r)
    if r.status:
        return r
    memory = re.search(r"--memory (\d+)", r.out.decode()).group(1)
    xen = re.search(r"^abi \S+ ?(\S*)", open(path, encoding="utf-8").read(), re.M).group(1)
    for mode in (["--mfn", "shuffle:5"], ["--preempt", "every", "--mfn", "offset"]):
        run = ring1("run", "--memory", memory, *(["--xen", xen] if xen else []), *mode, elf)
        with open(expected, "rb") as file:
            lines = file.read()
        check(f"{what}: it boots and prints the same, {mode}", run.status == 0 and run.out == lines, run, lines[:300])
        check(f"{what}: a line a call", len(lines.splitlines()) > 0 and lines.startswith(b"got call 1 "), lines[:100])
    return r


def capture(what, image, folder, *args):
    path = os.path.join(folder, "captured.hc")
    r = ring1("trace", "--hc", path, "--memory", 64, "--max-guest-time", 20, *args, image, timeout=120)
    check(f"{what}: captured", os.path.exists(path) and r.status in (0, 3, 124), r)
    run = ring1("seq", "run", path, timeout=120)
    calls = re.search(rb": (\d+) calls", run.out)
    check(f"{what}: runs with equal results", run.status == 0 and calls and int(calls.group(1)) > 3, run)
    again = ring1("seq", "fmt", path, timeout=120)
    with open(path, "rb") as file:
        check(f"{what}: printed in the usual form", again.out == file.read(), again)
    return path


def test_export(folder):
    path = write(folder, "x.hc", HEADS["xen-3.0-pae"] + CALLS)
    export_and_boot("export", path, folder)
    old = write(folder, "old.hc", HEADS["xen-2.0"] + "page pt1 0x40 = l1 {0: mfn(0x41)|P|RW|A}\nxen_version(XENVER_version) = 0x20000\n"
                "mmu_update([{ptr=MMU_EXTENDED_COMMAND|ma(pt1), val=MMUEXT_PIN_L1_TABLE}], 1, NULL) = 0\n")
    export_and_boot("export for 2.0", old, folder)
    plain = write(folder, "plain.hc", HEADS["xen-3.0"] + CALLS.replace("= 0x40011", "= 0x30002").replace("-EBUSY", "-EINVAL"))
    export_and_boot("export for 3.0", plain, folder)


def test_refusals(folder):
    good = write(folder, "good.hc", HEADS["xen-3.0-pae"] + CALLS)
    bad = write(folder, "bad.hc", HEADS["xen-3.0-pae"] + MISTAKE)
    two = write(folder, "two.hc", HEADS["xen-3.0-pae"] + "domain {vcpus=2}\nv1: xen_version(XENVER_version, NULL) = ?\n")
    elf = os.path.join(folder, "no.elf")
    check_refused("no file for the kernel", 2, ["--elf"], "seq", "export", good)
    check_refused("two sequences", 2, ["one file"], "seq", "export", "--elf", elf, good, good)
    r = ring1("seq", "export", "--elf", elf, bad)
    check("one that does not agree is not exported", r.status != 0 and "expected 0, got -EBUSY" in r.err, r)
    r = ring1("seq", "export", "--elf", elf, two)
    given = write(folder, "given.hc", HEADS["xen-3.0-pae"] + "domain {maxmem=8M}\n" + GIVEN)
    check("a frame that a call gave is written to", ring1("seq", "run", given).status == 0)
    check_refused("it is no place for a kernel", 126, ["given.hc:5", "cannot write"], "seq", "export", "--elf", elf, given)
    check("vcpus", r.status != 0 and r.err.count("\n") >= 1, r)
    check("no file was left", not os.path.exists(elf))
    check_refused("min of one that agrees", 126, ["agrees"], "seq", "min", good)
    check_refused("min without a file", 2, ["file"], "seq", "min")
    check_refused("tries", 2, ["--tries"], "seq", "min", "--tries", "0", bad)


def test_min(folder):
    path = write(folder, "bad.hc", HEADS["xen-3.0-pae"] + MISTAKE)
    before = ring1("seq", "run", path)
    check("it differs", before.status == DIFFERS, before)
    r = ring1("seq", "min", path)
    check("min: quiet in a pipe", r.status == 0 and not r.err, r)
    lines = [line for line in r.out.decode().splitlines() if line and not line.startswith("#")]
    check("min: head, page, pin and the call are left", len(lines) <= 5 and "mmu_update" in lines[-1], lines)
    again = ring1("seq", "min", path)
    check("min: the same each time", again.out == r.out, again)
    small = write(folder, "small.hc", r.out.decode())
    after = ring1("seq", "run", small)
    check("min: differs the same way", after.status == DIFFERS and "expected 0, got -EBUSY" in after.out.decode(), after)
    output = os.path.join(folder, "out.hc")
    few = ring1("seq", "min", "--tries", 3, "--output", output, path)
    check("min: bounded work", few.status == 0 and "3 tries" in few.err and os.path.exists(output), few)


def test_captures(folder):
    for image in GUESTS:
        path = capture(os.path.basename(image), image, folder)
        if "balloon" in image:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            check("frames that a balloon brought have names", "mfn(r1.extent_start[0])|P" in text, text[-500:])
    if not os.path.exists(GRUB):
        print(f"skipped: {GRUB} was not fetched")
        return
    path = capture("GRUB", GRUB, folder)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check("GRUB: pages that became tables", text.count("\nwrite ma(") > 30, text[:200])
    export_and_boot("GRUB", path, folder)
    elf = os.path.join(folder, "x.elf")
    r = ring1("seq", "export", "--skip-backends", "--elf", elf, path)
    check("GRUB: events to back ends are listed", r.status == 0 and r.out.count(b"needs a back end's domain") > 3, r)


with tempfile.TemporaryDirectory() as temporary:
    test_export(temporary)
    test_refusals(temporary)
    test_min(temporary)
    test_captures(temporary)
finish()
