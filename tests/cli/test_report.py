# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of a domain's end: `--report` against docs/crash-report.schema.json,
when there is one without it, and what it says of each way to die (the guest
`die`, in each ABI)."""

import gzip
import json
import os
import re
import subprocess
import sys

from kit import PATIENCE, RING1, Guest, Guests, check, finish, one_line, ring1

SCHEMA_FILE, GNUMACH = sys.argv[2], sys.argv[3]
IMAGES = {os.path.basename(path)[len("die-"):-len(".elf")]: path for path in sys.argv[4:]}
DEBUG = IMAGES.pop("debug", None)  # with DWARF
guests = Guests()

with open(SCHEMA_FILE, encoding="utf-8") as file:
    SCHEMA = json.load(file)

KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def is_kind(value, kind):
    return isinstance(value, KINDS[kind]) and not (kind == "integer" and isinstance(value, bool))


def faults(value, rule, at="$"):
    """What of `value` breaks `rule`: the part of JSON Schema that the file uses."""
    if "$ref" in rule:
        return faults(value, SCHEMA["$defs"][rule["$ref"].rsplit("/", 1)[1]], at)
    if "anyOf" in rule:
        tries = [faults(value, one, at) for one in rule["anyOf"]]
        return [] if [] in tries else tries[0]
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_kind(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is no {kinds}"]
    found = []
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{at}: {value!r} is none of {rule['enum']}")
    if "const" in rule and value != rule["const"]:
        found.append(f"{at}: {value!r} is not {rule['const']!r}")
    if isinstance(value, str) and not re.search(rule.get("pattern", ""), value):
        found.append(f"{at}: {value!r} does not match {rule['pattern']}")
    if isinstance(value, dict):
        known = rule.get("properties", {})
        found += [f"{at}: no {name}" for name in rule.get("required", []) if name not in value]
        if rule.get("additionalProperties") is False:
            found += [f"{at}: unknown {name}" for name in value if name not in known]
        for name in known.keys() & value.keys():
            found += faults(value[name], known[name], f"{at}.{name}")
    if isinstance(value, list) and "items" in rule:
        for i, item in enumerate(value):
            found += faults(item, rule["items"], f"{at}[{i}]")
    return found


def report_of(what, status, *args):
    """The document of a run, checked against the schema; {} if there is none."""
    path = guests.path("report.json")
    if os.path.exists(path):
        os.unlink(path)
    r = ring1("run", "--report", path, *args)
    check(f"{what}: status {status}", r.status == status, r)
    check(f"{what}: stderr has one line at most", r.err == "" or one_line(r.err), r.err)
    if not os.path.exists(path):
        check(f"{what}: a report is written", False, r)
        return {}
    with open(path, encoding="utf-8") as f:
        document = json.load(f)
    wrong = faults(document, SCHEMA)
    check(f"{what}: follows the schema", not wrong, wrong[:5])
    return document


# The Xens that the ways are asked of, and each way's end: exit status, and how
# Xen's words begin or the reason's number. None: this Xen does not mind.
XENS = (("xen-2.0", "2.0"), ("xen-3.0", "3.0.0"), ("xen-3.0", "3.0.4"), ("xen-3.0", "3.2"), ("xen-3.0-pae", "3.0.0"),
        ("xen-3.0-pae", "3.0.4"), ("xen-3.0-pae", "3.2"), ("xen-3.0-pae", "4.17"))
FRAME = (3, "fault while a frame")
HANDLERS_AT_0 = ("2.0", "3.0.4", "3.2")  # their builders fill the trap table
NO_IRET = ("2.0", "3.0.0")


def way_exception(xen):
    return FRAME if xen in HANDLERS_AT_0 else (3, "unhandled exception: vector 6")


def way_upcall(xen):
    return FRAME if xen in HANDLERS_AT_0 else (3, "an event is pending")


def way_jump(xen):
    return FRAME if xen in HANDLERS_AT_0 else (3, "unhandled exception: vector 14")


def way_cr3(xen):
    return {"2.0": FRAME, "3.0.0": None, "3.0.4": (3, "Error while installing new baseptr"), "3.2": FRAME}.get(
        xen, (3, "unhandled exception: vector 13"))


WAYS = {
    "exception": way_exception,
    "panic": lambda xen: (3, 3),
    "table": lambda xen: (0, 0),
    "stack": lambda xen: FRAME,
    "recursion": lambda xen: FRAME,
    "upcall": way_upcall,
    "jump": way_jump,
    "iret": lambda xen: None if xen in NO_IRET else (3, "iret: the frame at 0x00400000"),
    "iret-ring0": lambda xen: None if xen in NO_IRET else (3, "iret: CS 0xe018"),
    "iret-vm86": lambda xen: None if xen in NO_IRET else
    (3, "iret: to virtual-8086" if xen != "4.17" else "unhandled exception: vector 13"),
    "selector": lambda xen: None if xen in (*NO_IRET, "3.0.4") else
    FRAME if xen == "3.2" else (3, "unhandled exception: vector 13, error code 0x7ff8"),
    "baseptr": lambda xen: (3, "Error while installing new baseptr") if xen == "3.0.4" else None,
    "watchdog": lambda xen: (5, 4) if xen == "4.17" else None,
    "reason": lambda xen: (5, 99),
    "cr3": way_cr3,
    "iret-outer": lambda xen: (3, "switch_vm86: the frame at" if xen in NO_IRET else "iret: ESP and SS at"),
    "vm86": lambda xen: (3, "switch_vm86: to virtual-8086") if xen in NO_IRET else None,
    "vm86-frame": lambda xen: (3, "switch_vm86: the frame at 0x00400000") if xen in NO_IRET else None,
    "stack-segment": lambda xen: (3, "no stack for a frame: SS 0x7ff9"),
    "entry": lambda xen: (3, "the guest cannot be entered: CS:EIP 0x7ff9"),
    "table-self": lambda xen: (3, "PTWR failure: L1 table") if xen == "2.0" else None,
    "table-twice": lambda xen: (3, "PTWR failure: L1 table") if xen == "2.0" else None,
    "table-entry": lambda xen: (3, "PTWR: could not revalidate entry 0") if xen in NO_IRET else None,
    "multicall": lambda xen: (3, 3),
}


def test_ways():
    for abi, xen in XENS:
        for way, expected in WAYS.items():
            expected = expected(xen)
            if expected is None:
                continue
            what, (status, words) = f"{abi} {xen} {way}", expected
            d = report_of(what, status, "--xen", xen, IMAGES[abi], "--", f"way={way}")
            end = d.get("end", {})
            check(f"{what}: due", end.get("due") is True, end)
            if isinstance(words, str):
                check(f"{what}: Xen's words", (end.get("xen") or "").startswith(words), end)
            else:
                check(f"{what}: reason", end.get("kind") == "shutdown" and end.get("reason") == words, end)
            check(f"{what}: plain words", len(end.get("plain", "")) > 20, end)
            check(f"{what}: plain words of its own", "cannot go on with this guest" not in end.get("plain", ""), end)
            detail = DETAILS.get(way)
            if d and detail:
                detail(what, d, abi, xen)


def cause(d):
    return d["exceptions"][d["end"]["cause"]] if d["end"]["cause"] is not None else {}


def symbol(place):
    return (place.get("symbol") or "").split("+")[0]


def here(site):
    return [line for line in site["code"] if line["here"]]


def detail_exception(what, d, abi, xen):
    e = cause(d)
    check(f"{what}: the cause", e.get("mnemonic") == "#UD" and symbol(e["at"]) == "guest_main" or
          symbol(e["at"]) == "die_exception", e)
    if xen in HANDLERS_AT_0:
        # The frames of what happens at address 0 fill memory, the code included.
        check(f"{what}: says that no handler is there", "at address 0" in d["end"]["plain"], d["end"])
        check(f"{what}: a storm is one entry", d["exceptions"][-1]["times"] > 100, d["exceptions"])
        return
    check(f"{what}: the instruction", [x["text"] for x in here(d["fault"])] == ["ud2"], d["fault"])
    check(f"{what}: code behind it", len(d["fault"]["code"]) >= 6, d["fault"]["code"])


def detail_panic(what, d, abi, xen):
    e = cause(d)
    check(f"{what}: the cause", e.get("vector") == 14 and e.get("cr2") == "0x400000" and e["unfinished"], e)
    walk = d["walks"][0]
    check(f"{what}: the walk", walk["address"] == "0x400000" and walk["verdict"] == "not-present" and
          walk["verdict_level"] == (3 if "pae" in abi else 2), walk)
    check(f"{what}: the last call", d["hypercalls"][-1]["name"] in ("sched_op", "sched_op_compat"), d["hypercalls"])
    check(f"{what}: its command", abi == "xen-2.0" or d["hypercalls"][-1]["command"] == "shutdown", d["hypercalls"])
    check(f"{what}: symbols of the stack", any(symbol(w) == "trap_enter" for w in d["stack"]["words"]), d["stack"])


def detail_table(what, d, abi, xen):
    e, walk = cause(d), d["walks"][0]
    level = 3 if "pae" in abi else 2
    check(f"{what}: the cause", e.get("error") == "0x3" and symbol(e["at"]) in ("die_table", "guest_main"), e)
    check(f"{what}: the store", here(d["fault"])[0]["text"].startswith("movl %"), here(d["fault"]))
    check(f"{what}: the frame", walk["frame"]["type"] == f"l{level} table" and walk["frame"]["pinned"] and
          walk["frame"]["owner"] == "the domain" and walk["frame"]["mfn"] == d["cr3"]["mfn"], walk)
    check(f"{what}: the verdict", walk["verdict"] == "read-only" and walk["verdict_level"] == 1, walk)
    check(f"{what}: levels", [x["level"] for x in walk["levels"]] == list(range(level, 0, -1)), walk)
    check(f"{what}: the L1 entry's flags", "present" in walk["levels"][-1]["flags"] and
          "writable" not in walk["levels"][-1]["flags"], walk["levels"][-1])


def detail_stack(what, d, abi, xen):
    walk = d["walks"][0]
    check(f"{what}: the address", walk["address"] == "0x400034" and walk["access"] == "write", walk)
    check(f"{what}: int3", cause(d).get("vector") == 3 and not cause(d)["delivered"], cause(d))


def detail_baseptr(what, d, abi, xen):
    check(f"{what}: the frame", d["frame"] and d["frame"]["owner"] == "the domain" and
          d["frame"]["mfn"] in d["end"]["xen"], d["frame"])
    check(f"{what}: no cause", d["end"]["cause"] is None and d["fault"] is None, d["end"])


def detail_upcall(what, d, abi, xen):
    check(f"{what}: the last call", d["hypercalls"][-1]["name"] == "xen_version", d["hypercalls"])


def detail_multicall(what, d, abi, xen):
    """Each entry, and why the calls that were refused were."""
    before, last = d["hypercalls"][-2:]
    check(f"{what}: the call before", before["name"] == "vm_assist" and before["result"] < 0 and before["why"] and
          not before["entries"] and before["entries_made"] == 0, before)
    check(f"{what}: the list", last["name"] == "multicall" and last["entries_made"] == 4, last)
    check(f"{what}: its entries", [(e["index"], e["name"]) for e in last["entries"]] ==
          [(0, "xen_version"), (1, "vm_assist"), (2, "set_debugreg"),
           (3, "sched_op" if xen in ("2.0", "3.0.0") else "sched_op_compat")], last["entries"])
    check(f"{what}: results", [e["result"] < 0 for e in last["entries"]] == [False, True, True, False],
          last["entries"])
    check(f"{what}: why", [bool(e["why"]) for e in last["entries"]] == [False, True, True, False] and
          last["why"] is None, last["entries"])


def detail_frame(what, d, abi, xen):
    check(f"{what}: the table", d["frame"] and d["frame"]["type"] == "l1 table" and
          d["frame"]["mfn"] in d["end"]["xen"], d["frame"])


def detail_unread(what, d, abi, xen):
    check(f"{what}: the walk", d["walks"][0]["what"] == "the address that Xen could not read", d["walks"])


DETAILS = {"multicall": detail_multicall, "table-self": detail_frame, "table-twice": detail_frame,
           "table-entry": detail_frame, "iret-outer": detail_unread, "vm86-frame": detail_unread,
           "exception": detail_exception, "panic": detail_panic, "table": detail_table, "stack": detail_stack,
           "baseptr": detail_baseptr, "upcall": detail_upcall}


def test_segment_limits():
    """The frame of a trap beyond the end of the stack's segment."""
    for abi, xen in XENS:
        r = ring1("run", "--xen", xen, IMAGES[abi], "--", "way=stack-limit")
        check(f"{abi} {xen} stack-limit: not enforced", r.status == 0, r)
        if xen == "4.17":
            continue  # it writes the frame, and the handler then has no stack
        r = ring1("run", "--xen", xen, "--segment-limits", "strict", IMAGES[abi], "--", "way=stack-limit")
        check(f"{abi} {xen} stack-limit: enforced", r.status == 3 and
              "fault while a frame of 5 words is written" in r.err, r)


def test_text():
    """Without --report: on stderr, above the line that says how it ended."""
    for abi, image in IMAGES.items():
        r = ring1("run", image, "--", "way=table")
        check(f"{abi}: a shutdown in a handler", r.status == 0 and "==== ring1 report: " in r.err, r)
        for words in ("#PF", "error 0x3", "A store is refused: the L1 entry is not writable", "=> c000", "mov",
                      "pinned, owner the domain", "Last hypercalls", "Registers at the end", "Stack at"):
            check(f"{abi}: the text has '{words}'", words in r.err, r.err)
        r = ring1("run", image, "--", "way=exception")
        lines = r.err.splitlines()
        check(f"{abi}: the last line", r.status == 3 and lines[-1].startswith("ring1: the guest crashed: "), r)
        check(f"{abi}: Xen says", any(line.startswith("Xen says  ") for line in lines), r.err)
        r = ring1("run", image, "--", "way=multicall")
        for words in ("    [0] xen_version(", "    [1] vm_assist(", "= -EINVAL (Invalid argument): ", "    [3] sched_op"):
            check(f"{abi}: entries: '{words}'", words in r.err, r.err)
        r = ring1("run", image, "--", "way=none")
        check(f"{abi}: quiet", r.status == 0 and r.err == "", r)


def test_option():
    off = guests.add("off", Guest().shutdown())
    d = report_of("poweroff", 0, *off)
    check("a report of a poweroff", d and d["end"]["kind"] == "shutdown" and d["end"]["reason"] == 0 and
          not d["end"]["due"] and d["exceptions"] == [], d.get("end"))
    d = report_of("suspend", 5, *guests.add("suspend", Guest().shutdown(2)))
    check("suspend is ordinary", d and not d["end"]["due"], d.get("end"))
    d = report_of("a limit", 124, "--max-hypercalls", "20",
                  *guests.add("calls", Guest().label("loop").call(17, 0, 0).jump("loop")))
    check("a guest that runs", d and d["end"]["kind"] == "running" and d["end"]["reason"] is None and
          d["hypercalls_made"] == 20 and len(d["hypercalls"]) == 16, d.get("end"))
    r = ring1("run", "--report", "/nonexistent/report", *off)
    check("a report that cannot be written", r.status == 125 and one_line(r.err) and "--report" in r.err, r)
    # Two runs report alike, and code in no image has no symbols.
    crash = guests.add("ud2", Guest().call(17, 0, 0).bytes(0x0F, 0x0B))
    first, second = report_of("ud2", 3, *crash), report_of("ud2 again", 3, *crash)
    check("two runs report alike", first == second)
    check("flat code", first and first["last"]["at"]["symbol"] is None and here(first["last"])[0]["bytes"] == "0f0b",
          first.get("last"))
    wild = guests.add("wild", Guest().bytes(0xB8, 0, 0, 0, 0xFE, 0xFF, 0xE0))  # mov $0xfe000000, %eax; jmp *%eax
    d = report_of("a jump into the hypervisor", 3, *wild)
    check("into the hypervisor: the walk", d and d["walks"][0]["verdict"] in ("hypervisor", "beyond-segment"),
          d.get("walks"))


def test_gnumach():
    """It stores into its own L2 table; its panic has no console yet."""
    if not os.path.exists(GNUMACH):
        return
    r = subprocess.run([RING1, "run", "-m", "128", GNUMACH], input=b"", capture_output=True, timeout=PATIENCE)
    err = r.stderr.decode()
    check("GNU Mach: status", r.returncode == 5, r.returncode)
    for words in ("#PF (14) error 0x3", "at 0xc000525a function@0xc0005150+0x10a", "movl %ecx, (%eax)", "l2 table",
                  "A store is refused: the L1 entry is not writable", "its handler has not returned"):
        check(f"GNU Mach: '{words}'", words in err, err[:3000])
    d = report_of("GNU Mach", 5, "-m", "128", GNUMACH)
    check("GNU Mach: the frame", d and d["walks"][0]["frame"]["type"] == "l2 table", d.get("walks"))


def test_source_lines():
    """Of DWARF; and an image is the same gzipped, and without its tables."""
    d = report_of("DWARF", 3, DEBUG, "--", "way=exception")
    check("DWARF: the line", re.search(r"guest-images/die\.c:\d+$", d["fault"]["at"]["source"] or ""), d["fault"]["at"])
    sources = {line["source"] for line in d["fault"]["code"]}
    check("DWARF: lines of the code", len(sources) > 1, sources)
    packed = guests.path("die-debug.gz")
    with open(DEBUG, "rb") as plain, gzip.open(packed, "wb") as f:
        f.write(plain.read())
    packed = report_of("gzipped", 3, packed, "--", "way=exception")
    check("gzipped: the same", packed["fault"] == d["fault"] and packed["stack"] == d["stack"])


def test_vcpus():
    """Each vcpu is in it, be it that it never came up."""
    d = report_of("three vcpus", 3, "--vcpus", "3", IMAGES["xen-3.0-pae"], "--", "way=panic")
    check("three vcpus: their states",
          [v["state"] for v in d["vcpus"]] == ["running", "not initialised", "not initialised"], d["vcpus"])
    check("three vcpus: the first is the one that ended", d["vcpu"] == 0 and
          d["vcpus"][0]["registers"] == d["last"]["registers"] and d["vcpus"][0]["cr3"] == d["cr3"], d["vcpus"][0])
    check("three vcpus: the others have no registers", d["vcpus"][1]["registers"] is None)
    check("three vcpus: whose the calls are", {h["vcpu"] for h in d["hypercalls"]} == {0}, d["hypercalls"])


if IMAGES:
    test_vcpus()
    test_source_lines()
    test_ways()
    test_segment_limits()
    test_text()
test_option()
test_gnumach()
finish()
