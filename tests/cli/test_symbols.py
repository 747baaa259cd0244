# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of addresses: functions, lines and inlined functions by DWARF of every age, packed or
without a symbol table; a symbol table alone; `--symbols` for an image that was stripped; and files
that are not of it. The guest is `fall`, in each of its builds."""

import gzip
import json
import os
import re
import struct
import subprocess
import sys

from jsonschema import Draft202012Validator
from kit import Guests, check, check_refused, finish, ring1

BUILDS = {os.path.basename(path)[:-len(".elf")]: path for path in sys.argv[3:]}
FALL = BUILDS["fall"]
guests = Guests()

# The lines of the source that its marks name.
with open(sys.argv[2], encoding="utf-8") as source:
    LINES = {mark: n for n, line in enumerate(source, 1) for mark in re.findall(r"// mark: (\w+)", line)}

# A line of a stack: guessed, name, inlined, file, line.
FRAME = re.compile(r"^ > (\? )?(\S+?)(?:\+0x[0-9a-f]+)?( \(inlined\))?(?: \[(?:.*/)?([^/]*):(\d+)\])?$")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(name, data):
    path = guests.path(name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def tool(name, *args):
    subprocess.run([name, *args], check=True, capture_output=True)


def stripped(path, name):
    out = guests.path(name)
    tool("strip", "-o", out, path)
    return out


def sections(data):
    """Name, index and fields of each section header."""
    at, = struct.unpack_from("<I", data, 32)
    size, count, names = struct.unpack_from("<HHH", data, 46)
    rows = [struct.unpack_from("<10I", data, at + i * size) for i in range(count)]
    texts = rows[names][4]
    for i, row in enumerate(rows):
        start = texts + row[0]
        yield data[start:data.index(0, start)].decode(), at + i * size, row


def without_symtab(path, name):
    """The same file, with its symbol table marked as unused."""
    data = bytearray(read(path))
    for section, header, _ in sections(data):
        if section == ".symtab":
            struct.pack_into("<I", data, header + 4, 0)
    return write(name, data)


def stack_of_ask(*args):
    """The stack of the call in ask(), as (name, inlined, file, line), outermost last."""
    r = ring1("trace", "-k", *args)
    lines = r.err.split("\n")
    found = [i for i, line in enumerate(lines) if "climb" in line and ": xen_version(" in line]
    found = found or [i for i, line in enumerate(lines) if ": xen_version(" in line]
    frames = []
    for line in lines[found[-1] + 1:] if found else []:
        m = FRAME.match(line)
        if not m:
            break
        frames.append((m[2], bool(m[3]), m[4], int(m[5]) if m[5] else None))
    return r, frames


INLINED = [("ask", True, "fall.c", LINES["ask"]), ("land", True, "fall.c", LINES["land"]),
           ("arrive", True, "fall.c", LINES["arrive"])]
OUTER = [("climb", False, "fall.c", LINES["climb"])] * 4 + [("fall", False, "fall.c", LINES["fall"])]


def check_whole(what, *args):
    r, frames = stack_of_ask(*args)
    check(f"{what}: the functions in line are frames, innermost first", frames[1:4] == INLINED, frames, r)
    check(f"{what}: those around them follow", frames[4:9] == OUTER, frames)


def check_names(what, *args, lines=False):
    """Without DWARF: the functions that there really are."""
    r, frames = stack_of_ask(*args)
    check(f"{what}: names", [f[0] for f in frames[:6]] == ["climb"] * 4 + ["fall", "guest_main"], frames, r)
    check(f"{what}: no lines", lines or all(f[2] is None for f in frames), frames)


# --- what an image has ---------------------------------------------------------------------

for build in ("fall", "fall-dwarf2", "fall-dwarf3", "fall-dwarf4", "fall-packed", "fall-frameless"):
    check_whole(build, BUILDS[build])
    check_whole(f"{build} without its symbol table", without_symtab(BUILDS[build], "bare.elf"))

data = read(BUILDS["fall-packed"])
packed = [name for name, _, row in sections(data) if row[2] & 0x800 or name.startswith(".zdebug")]
check("fall-packed has compressed sections", len(packed) >= 3, packed)

only_names = guests.path("names.elf")
tool("strip", "--strip-debug", "-o", only_names, FALL)
check_names("a symbol table alone", only_names)



def bzimage(payload):
    """Linux's boot format around a packed kernel: protocol 2.12, one sector of setup."""
    head = bytearray(1024)
    head[0x1F1] = 1
    head[0x202:0x208] = b"HdrS" + struct.pack("<H", 0x020C)
    struct.pack_into("<II", head, 0x248, 0, len(payload))
    return bytes(head) + payload


packed = gzip.compress(read(FALL))
check_whole("gzip", write("fall.gz", packed))
check_whole("a bzImage", write("bzImage", bzimage(packed)))
stripped(FALL, "inside.elf")
check_whole("a bzImage of a stripped kernel", write("bzImage", bzimage(gzip.compress(read(guests.path("inside.elf"))))),
            "--symbols", FALL)

# --- --symbols -----------------------------------------------------------------------------

bare = stripped(FALL, "stripped.elf")
r, frames = stack_of_ask(bare)
check("a stripped image has no names", all(f[0].startswith(("0x", "function@")) for f in frames), frames)
check_whole("an ELF file for a stripped image", bare, "--symbols", FALL)
check_whole("one without a symbol table", bare, "--symbols", without_symtab(FALL, "dwarf.elf"))

debug_only = guests.path("fall.debug")
tool("objcopy", "--only-keep-debug", FALL, debug_only)
check_whole("one of debugging data alone", bare, "--symbols", debug_only)

nm = subprocess.run(["nm", FALL], check=True, capture_output=True).stdout
system_map = write("System.map", nm)
check_names("a System.map", bare, "--symbols", system_map)
check_names("a System.map with line ends of another system", bare, "--symbols",
            write("crlf.map", nm.replace(b"\n", b"\r\n")))
check_names("a System.map without order", bare, "--symbols",
            write("mixed.map", b"\n".join(sorted(nm.split(b"\n"), key=lambda line: line[::-1]))))
addresses = b"".join(line + b"\n" for line in nm.split(b"\n") if b" a " not in line and line)
moved = re.sub(rb"^[0-9a-f]+", lambda m: b"%08x" % (int(m[0], 16) - 0x1000), addresses, flags=re.M)
check_names("a System.map at another offset", bare, "--symbols",
            write("moved.map", moved) + ",offset=0x1000")
moved = re.sub(rb"^[0-9a-f]+", lambda m: b"%08x" % (int(m[0], 16) + 0x1000), addresses, flags=re.M)
check_names("and at a negative one", bare, "--symbols", write("moved.map", moved) + ",offset=-4096")
check_whole("two files", bare, "--symbols", system_map, "--symbols", FALL)

named = stripped(BUILDS["fall-named"], "named.elf")
check_whole("the same build-id", named, "--symbols", BUILDS["fall-named"])

r = ring1("run", bare, "--symbols", FALL)
check("the report has them", f"climb+0x" in r.err and f"fall.c:{LINES['store']}" in r.err, r)


def of_report(trace):
    return [(re.sub(r"\+0x.*", "", f["symbol"] or ""), f["inlined"], f["source"].rsplit("/", 1)[1])
            for f in trace if f["source"]]


report = guests.path("report.json")
r = ring1("run", bare, "--symbols", FALL, "--report", report)
with open(report, encoding="utf-8") as file:
    fault = json.load(file)["fault"]["backtrace"]
store, *others = of_report(fault)
check("its backtrace has the functions in line", store == ("land", True, f"fall.c:{LINES['store']}")
      and others[:3] == [("arrive", True, f"fall.c:{LINES['arrive']}")] +
      [("climb", False, f"fall.c:{LINES['climb']}")] * 2, fault)
r = ring1("run", FALL)
check("and in text", re.search(rf"Who called whom, at the exception.*\n  #0  0x\w+ land \(inlined\) .*fall\.c:{LINES['store']}"
                               r"\n  #1  0x\w+ arrive \(inlined\) .*\n  #2  0x\w+ climb\+0x\w+ .*\n", r.err), r.err)

# In a replay, too.
record = guests.path("fall.rec")
r = ring1("run", "--record", record, bare)
check("recorded", r.status == 3, r)
r = ring1("replay", record, "-k", "--trace", "--symbols", FALL)
check("a replay has them", "land (inlined)" in r.err and " > climb+0x" in r.err, r)

# --- files that are wrong -------------------------------------------------------------------

frameless = stripped(BUILDS["fall-frameless"], "frameless.elf")
check_refused("another build", 2, ["--symbols", "is not of this image", "pages of code"], "run", frameless,
              "--symbols", FALL)
other = bytearray(read(BUILDS["fall-named"]))
for section, _, row in sections(other):
    if section == ".note":
        at = other.index(b"GNU\0", row[4]) + 4
        other[at] ^= 0xFF
check_refused("another build-id", 2, ["is not of this image", "build-id", "the image's"], "run", named,
              "--symbols", write("other.elf", other))
check_refused("no file", 2, ["--symbols", "/nowhere"], "run", bare, "--symbols", "/nowhere")
check_refused("a folder", 2, ["is a directory"], "run", bare, "--symbols", "/")
check_refused("neither", 2, ["neither an ELF file nor a System.map", "line 2"], "run", bare, "--symbols",
              write("text", b"c0000000 T a\nHello, world\n"))
check_refused("nothing in it", 2, ["is empty"], "run", bare, "--symbols", write("empty", b""))
check_refused("a map of another kernel", 2, ["none of its 1 names"], "run", bare, "--symbols",
              write("high.map", b"d0000000 T start\n"))
check_refused("64 bits", 2, ["64-bit"], "run", bare, "--symbols", sys.executable)
check_refused("a map of 64 bits", 2, ["names no address of 32 bits"], "run", bare, "--symbols",
              write("wide.map", b"ffffffff81000000 T _stext\n"))
check_refused("a bad offset", 2, ["offset=much"], "run", bare, "--symbols", FALL + ",offset=much")
check_refused("an empty value", 2, ["--symbols"], "run", bare, "--symbols", "")
check_refused("of a replay", 2, ["replay: --symbols"], "replay", record, "--symbols", "/nowhere")

# A program of the guest's: its addresses are not the image's, and need not fit.
r = ring1("run", FALL, "--symbols", f"{frameless},offset=0x10000000")
check("a file about other addresses is taken", r.status == 3, r)

# --- JSON -------------------------------------------------------------------------------------

r = ring1("trace", "--json", "-k", FALL)
calls = [json.loads(line) for line in r.err.split("\n") if line.startswith("{")]
asked = [c for c in calls if c.get("name") == "xen_version" and c.get("symbol", "").startswith("climb")]
check("the call in ask()", len(asked) == 1, len(asked))
stack = asked[0].get("stack", []) if asked else []
seen = [(f.get("symbol", "").split("+")[0], f.get("inlined", False), os.path.basename(f["source"]))
        for f in stack if "source" in f]
check("its stack has the functions in line",
      seen[1:4] == [(name, inlined, f"{file}:{line}") for name, inlined, file, line in INLINED], seen)
check("and the one that they are in",
      stack[4:] and stack[4]["symbol"].startswith("climb+") and "inlined" not in stack[4]
      and stack[4]["eip"] == stack[0]["eip"] == asked[0]["eip"], stack)
schema_file = os.path.join(os.path.dirname(sys.argv[2]), "..", "..", "docs", "trace.schema.json")
with open(schema_file, encoding="utf-8") as file:
    schema = Draft202012Validator(json.load(file))
wrong = [error.message for c in calls for error in schema.iter_errors(c)]
check("the lines follow their schema", not wrong, wrong[:3])
r = ring1("trace", "--json", FALL)
check("without -k there is no stack", '"stack"' not in r.err and '"symbol"' in r.err, r)

finish()
