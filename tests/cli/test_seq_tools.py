# SPDX-License-Identifier: GPL-2.0-or-later
"""What sequences are made from and made into: `trace --hc`, `seq min`, `seq export`,
`seq import`.

usage: test_seq_tools.py RING1 GRUB MACH [GUEST...] -- [IMPORTED...]
"""

import json
import os
import re
import sys
import tempfile

from kit import check, check_refused, finish, ring1

GRUB, MACH = sys.argv[2], sys.argv[3]
GUESTS = sys.argv[4:sys.argv.index("--")]
IMPORTED = sys.argv[sys.argv.index("--") + 1:]
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
    r = ring1("trace", "--hc", path, "--memory", 64, "--max-guest-time", 20, *args, image)
    check(f"{what}: captured", os.path.exists(path) and r.status in (0, 3, 5, 124), r)
    run = ring1("seq", "run", path)
    calls = re.search(rb": (\d+) calls", run.out)
    check(f"{what}: runs with equal results", run.status == 0 and calls and int(calls.group(1)) > 3, run)
    again = ring1("seq", "fmt", path)
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
    if os.path.exists(MACH):
        capture("GNU Mach", MACH, folder)
        with open(os.path.join(folder, "captured.hc"), encoding="utf-8") as file:
            check("GNU Mach: grant table frames by the call that told them",
                  re.search(r"mfn\(r\d+\[0\]\.frame_list\[1\]\)", file.read()))
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


def import_trace(what, image, folder):
    """A JSON trace becomes a sequence; returns it, and how it ran."""
    trace, path = os.path.join(folder, "import.json"), os.path.join(folder, "import.hc")
    r = ring1("trace", "--json", "-o", trace, "--memory", 64, "--max-guest-time", 20, image)
    check(f"{what}: traced", r.status in (0, 3, 124), r)
    r = ring1("seq", "import", "-o", path, trace)
    check(f"{what}: imported", r.status == 0 and not r.out and not r.err, r)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    again = ring1("seq", "fmt", path)
    check(f"{what}: an import is in the usual form", again.out.decode() == text, again)
    return text, ring1("seq", "run", path)


def test_imports(folder):
    for image in IMPORTED:
        name = os.path.basename(image)
        text, run = import_trace(name, image, folder)
        calls = len([line for line in text.splitlines() if re.match(r"(v\d+: )?\w+(#\d+)?\(|multicall", line)])
        made = re.search(rb": (\d+) calls, (\d+) expectations", run.out)
        check(f"{name}: the import runs with equal results", run.status == 0 and made and
              int(made.group(1)) == calls > 3 and int(made.group(2)) >= calls - 1, run, calls)
        check(f"{name}: what it has not is said", "\n# Such a trace has" in text, text[:300])
    if not os.path.exists(GRUB):
        return
    text, run = import_trace("GRUB", GRUB, folder)
    place = re.search(r"import.hc:(\d+): expected 0, got -EINVAL", run.out.decode())
    line = text.splitlines()[int(place.group(1)) - 1] if place else ""
    check("GRUB: all is equal up to its own page tables", run.status == 1 and "MMUEXT_NEW_BASEPTR" in line, run)
    check("GRUB: a mapping that only its own tables have is a comment",
          "\n# update_va_mapping(" in text and "\n# left out: update_va_mapping" in text, text[:500])
    check("GRUB: time passes", "\ntime " in text, text[:500])


def line_of(**members):
    return json.dumps({"type": "call", "serial": 1, "depth": 0, "ns": 208, "vcpu": 0, "end_ns": 208, **members}) + "\n"


def test_import_by_hand(folder):
    head = json.dumps({"type": "trace", "version": 1, "ring1": "x", "abi": "xen-3.0-pae", "xen": "4.17",
                       "image": "g", "pages": 1024, "vcpus": 1}) + "\n"
    far = 0x40100000  # nothing is mapped there
    close = {"cmd": {"value": 3, "name": "EVTCHNOP_close"}, "arg": {"at": 0xC0030000, "struct": {"port": 9}}}
    text = head
    text += line_of(nr=17, name="xen_version", words=[1, far], result=0,
                    args={"cmd": {"value": 1, "name": "XENVER_extraversion"}, "arg": {"pointer": far}},
                    out={"arg": {"at": far, "struct": {"extraversion": {"text": ".7"}}}})
    text += line_of(serial=2, nr=32, name="event_channel_op", words=[3, 0xC0030000], result=-22, args=close)
    text += line_of(serial=3, depth=1, index=0, nr=32, name="event_channel_op", words=[3, far], result=-22,
                    args={**close, "arg": {**close["arg"], "at": far}})
    text += line_of(serial=3, nr=13, name="multicall", words=[far, 1], result=0)
    text += line_of(serial=6, nr=60, words=[1, 2], result=-38)
    text += line_of(serial=7, nr=32, name="event_channel_op", words=[3, far], result=0, injected=True, args=close)
    long = "x" * 5000
    text += line_of(serial=8, nr=18, name="console_io", words=[0, 5000, far], result=0, ns=5_000_000, end_ns=5_000_000,
                    args={"cmd": {"value": 0, "name": "CONSOLEIO_write"}, "count": 5000, "buffer": {"at": far, "text": long}})
    text += line_of(serial=9, nr=29, name="sched_op", words=[2, far], result=None,
                    args={"cmd": {"value": 2, "name": "SCHEDOP_shutdown"},
                          "arg": {"at": far, "struct": {"reason": {"value": 0, "name": "SHUTDOWN_poweroff"}}}})
    path = write(folder, "hand.json", text)
    r = ring1("seq", "import", path)
    lines = [line for line in r.out.decode().splitlines() if line]
    check("by hand", r.status == 0 and not r.err, r)
    check("the lines", lines[6:] == [
        'xen_version(XENVER_extraversion, {...}) = 0 => {extraversion=".7"}',
        "event_channel_op(EVTCHNOP_close, {port=9}@0xc0030000) = -EINVAL",
        "multicall = 0",
        "  [0] event_channel_op(EVTCHNOP_close, {port=9}) = -EINVAL",
        "hypercall_60(1, 2) = -ENOSYS",
        lines[11],
        f'console_io(CONSOLEIO_write, 0x1388, "{long}") = 0',
        "sched_op(SCHEDOP_shutdown, {reason=SHUTDOWN_poweroff})  # it never came back",
        "# left out: calls that the trace answered itself, 1",
        "# not in the trace: 2 calls"] and lines[11].startswith("time 0.00"), lines)
    sequence = write(folder, "hand.hc", r.out.decode())
    run = ring1("seq", "run", sequence)
    check("by hand: it runs", run.status == 0, run)
    stdin = ring1("seq", "import", "-", data=text.encode())
    check("standard input", stdin.status == 0 and stdin.out.count(b"\n") == r.out.count(b"\n"), stdin)
    check_refused("import without a file", 2, ["a file is missing"], "seq", "import")
    check_refused("import of two files", 2, ["one file"], "seq", "import", path, path)
    check_refused("import of nothing that is there", 126, ["No such file"], "seq", "import", path + ".none")
    check_refused("import of a damaged trace", 126, ["bad.json:2:1: expected"], "seq", "import",
                  write(folder, "bad.json", head + "x\n"))
    check_refused("import for an unknown ABI", 126, ["xen-9"], "seq", "import",
                  write(folder, "abi.json", head.replace("xen-3.0-pae", "xen-9")))
    twice = ring1("seq", "import", write(folder, "twice.json", text + head + line_of(nr=60, words=[], result=-38)))
    check("a guest that restarted", twice.status == 0 and b"# Here the guest restarted" in twice.out and
          twice.out.count(b"hypercall_60") == 1, twice)


with tempfile.TemporaryDirectory() as temporary:
    test_export(temporary)
    test_refusals(temporary)
    test_min(temporary)
    test_captures(temporary)
    test_imports(temporary)
    test_import_by_hand(temporary)
finish()
