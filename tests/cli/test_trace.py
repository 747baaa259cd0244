# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 trace`: what its lines begin and end with, where they go, what is left out."""

import re
import struct

from kit import (BUFFER, CONSOLE_IO, MULTICALL, XEN_VERSION, Guest, Guests, check, check_refused, finish, one_line,
                 ring1)

guests = Guests()


def entry(number, *args):
    return struct.pack("<8I", number, 0xAA, *args, *[0] * (6 - len(args)))


MULTI = guests.add("multi", Guest().call(MULTICALL, BUFFER, 2).call(77).call(XEN_VERSION, 0, 0).shutdown(),
                   entry(XEN_VERSION, 0) + entry(CONSOLE_IO, 0, 5, BUFFER + 64) + b"hello")


def lines(*args, status=0):
    r = ring1("trace", *args)
    check(f"{args}: status", r.status == status, r)
    return r.err.splitlines()


def test_lines():
    plain = lines(*MULTI)
    check("a line a call", len(plain) == 6, plain)
    check("as run --trace has them", plain == ring1("run", "--trace", *MULTI).err.splitlines())
    file = guests.path("trace")
    r = ring1("trace", "-o", file, *MULTI)
    check("-o", r.status == 0 and not r.err and open(file).read().splitlines() == plain, r)
    for options, start in ((("-r",), r"\[\+  0\.\d{9}\] v0 "), (("-t",), r"\[2020-01-01 00:00:00\.\d{9}\] v0 "),
                           (("-tt",), r"\[\d\d:\d\d:\d\d\.\d{6}\] v0 ")):
        got = lines(*options, *MULTI)
        check(f"{options}", len(got) == 6 and all(re.match(r" *" + start, g) for g in got), got)
    for options, end in ((("-T",), r" <0\.\d{9}>$"), (("-TT",), r" <0\.\d{9}>$")):
        got = lines(*options, *MULTI)
        check(f"{options}", len(got) == 6 and all(re.search(end, g) for g in got), got)
    check("-T: the work of its entries", " <0.000000240>" in lines("-T", *MULTI)[0], lines("-T", *MULTI))
    got = lines("-s", "3", *MULTI)
    check("-s", 'CONSOLEIO_write, 5, "hel"...)' in got[2], got[2])
    got = lines("-X", "raw", *MULTI)
    check("-X raw", "console_io(0, 5, " in got[2] and "= -38: " in got[3], got)
    got = lines("-X", "verbose", *MULTI)
    check("-X verbose", "console_io(0 /* CONSOLEIO_write */, 5, " in got[2] and "= -38 /* -ENOSYS" in got[3], got)


def test_filter():
    got = lines("-e", "XENVER_version", *MULTI)
    check("an entry brings its multicall along", [re.sub(r".*v0 (r1 [^:]*: |\[0\] )", "", g)[:11] for g in got] ==
          ["multicall(0", "xen_version", "xen_version"], got)
    check("%class", len(lines("-e", "%console,hypercall_77", *MULTI)) == 3)
    check("!", len(lines("-e", "trace=!%console", "-e", "!/sched/", *MULTI)) == 4)
    check("status", len(lines("-e", "status=failed", *MULTI)) == 1)
    check("-P", "CONSOLEIO_write" in lines("-P", hex(BUFFER), "-e", "console_io", *MULTI)[1])
    check("-P elsewhere", lines("-P", "mfn:1", *MULTI) == [])
    r = ring1("trace", "-e", "inject=console_io:error=ENOMEM", *MULTI)
    check("what is injected is not done", not r.out and "= -ENOMEM (Out of memory) (INJECTED)" in r.err, r)
    got = lines("-T", "-e", "inject=hypercall_77:delay=2s", *MULTI)
    check("a delay", got[3].endswith("<2.000000000>") and "(DELAYED): no Xen" in got[3], got[3])
    check("it passes for the guest", got[4].startswith("[   2.00000"), got[4])
    r = ring1("hypercalls")
    check("classes", "  event_channel_op               event  " in r.out.decode(), r)


def test_summary():
    got = lines("-c", *MULTI)
    table = {line.split()[-1]: line.split() for line in got if len(line.split()) == 7}
    check("-c", got[0].split()[-1] == "hypercall" and "xen_version" in table, got)
    check("-c: calls, entries and errors", table["xen_version"][3:6] == ["2", "1", "0"] and
          table["hypercall_77"][3:6] == ["1", "0", "1"] and table["total"][3:6] == ["6", "2", "1"], got)
    check("-c: sorted by time", table["multicall"][0] == "0.000000240" and "multicall" in got[1], got)
    check("-c: sites", any(g.endswith(" xen_version at 0x10000f") for g in got), got)
    check("-S", "hypercall_77" in lines("-c", "-S", "errors", *MULTI)[1])
    file = guests.path("summary")
    got = lines("-C", "-o", file, *MULTI)
    text = open(file).read()
    check("-C", not got and text.startswith("[   0.") and "  total\n" in text, text)


def test_refused():
    check_refused("-c --json", 2, ["--json", "-c"], "trace", "-c", "--json", *MULTI)
    check_refused("-S x", 2, ["-S", "'x'"], "trace", "-S", "x", *MULTI)
    for option, value, word in (("-e", "evntchn", "'evntchn' is no hypercall"), ("-e", "status=bad", "'bad'"),
                                ("-e", "inject=all", "error="), ("-P", "x", "'x' is no place")):
        check_refused(f"{option} {value}", 2, [option, word], "trace", option, value, *MULTI)
    for option, value in (("-s", "x"), ("-s", "99999"), ("--list-limit", "-1"), ("-X", "hex"), ("-o", "")):
        check_refused(f"{option} {value}", 2, [f"'{value}'"], "trace", option, value, "image")
    check_refused("a folder as -o", 2, ["--output", "/"], "trace", "-o", "/", *MULTI)
    check_refused("no such option", 2, ["--speed"], "trace", "--speed", *MULTI)
    r = ring1("trace", "-o", "/dev/full", *MULTI)
    check("a full disk", r.status == 125 and one_line(r.err) and "cannot write the trace: /dev/full: " in r.err, r)


def test_events():
    g = Guest().call(CONSOLE_IO, 0, 5, BUFFER)
    g.bytes(0x0F, 0x20, 0xC0)  # mov eax, cr0
    g.bytes(0x0F, 0x0B)  # ud2: nobody has a handler
    got = lines("-e", "event=exception,emulated", *guests.add("events", g, b"hello"), status=3)
    check("events", len(got) > 3 and got[0].endswith('"hello") = 0') and
          got[1].endswith("] v0 r1 0x100016: --- emulated {movl %cr0, %eax} => {eax=0x80050033} ---") and
          got[2].endswith("] v0 r1 0x100019: --- #UD => no handler ---"), got)
    got = lines("-k", "-e", "event=!emulated", *guests.add("events", g, b"hello"), status=3)
    check("stacks", got[1] == " > 0x100014" and got[2].endswith("--- #UD => no handler ---") and got[3] == " > 0x100019",
          got)
    for what in ("event=", "event=calls", "events=all", ""):
        check_refused(f"-e {what}", 2, ["-e"], "trace", "-e", what, *MULTI)


test_lines()
test_events()
test_filter()
test_summary()
test_refused()
finish()
