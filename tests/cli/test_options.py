# SPDX-License-Identifier: GPL-2.0-or-later
"""Options: help and version, every bad value is one line that names it, and the
documents of `hypercalls`."""

import json

from kit import check, check_refused, finish, ring1

BAD_VALUES = [
    ("--memory", ["0", "4097", "5120", "-1", "x", "", "64M", "0x", "1.5"]),
    ("--maxmem", ["0", "4097", "x", "", "64M"]),
    ("-m", ["0", "99999999999999999999"]),
    ("--abi", ["xen-4.0", "", "pae"]),
    ("--xen", ["1.0", "4.18", ""]),
    ("--vcpus", ["0", "33", "-1", "x", "", "1.5"]),
    ("--cpu", ["486", "ATOM", ""]),
    ("--mfn", ["random", "shuffle:", "shuffle:x", "shuffle:-1", "offset:1", "sparse:x", "sparsely"]),
    ("--time", ["host", ""]),
    ("--date", ["yesterday", "2020-13-01", "1969-12-31T23:59:59Z", "2106-02-08", ""]),
    ("--max-time", ["0", "-1", "inf", "nan", "1s", "", "1e99"]),
    ("--max-guest-time", ["0", "x"]),
    ("--max-hypercalls", ["0", "-1", "1.5", "99999999999999999999"]),
    ("--on-reboot", ["again", ""]),
    ("--on-suspend", ["sleep", ""]),
    ("--console-io", ["yes", ""]),
    ("--segment-limits", ["on", ""]),
    ("--preempt", ["never", "random", "random:", "random:x", "random:-1", "every:1", ""]),
    ("--raw", ["x", "0x100000000", "-1", ""]),
]


def test_help():
    for command in ([], ["run"], ["info"], ["hypercalls"]):
        for option in ("--help", "-h"):
            r = ring1(*command, option)
            check(f"{command} {option}", r.status == 0 and b"sage" in r.out and not r.err, r)
    r = ring1("--version")
    check("--version", r.status == 0 and r.out.startswith(b"ring1 ") and not r.err, r)
    text = ring1("run", "--help").out.decode()
    for option in ("--memory", "--maxmem", "--vcpus", "--initrd", "--append", "--abi", "--xen", "--mfn", "--time", "--date", "--input",
                   "--max-time", "--max-guest-time", "--max-hypercalls", "--on-reboot", "--on-suspend", "--console-io",
                   "--segment-limits", "--preempt", "--trace[=FILE]", "--raw"):
        check(f"run --help has {option}", option in text)


def test_usage():
    check_refused("no command", 2, ["run"])
    check_refused("unknown command", 2, ["'walk'"], "walk")
    check_refused("unknown option of ring1", 2, ["'--walk'"], "--walk")
    for command in ("run", "info", "hypercalls"):
        check_refused(f"unknown option of {command}", 2, ["--walk"], command, "--walk", "x")
    check_refused("no image", 2, ["IMAGE"], "run")
    check_refused("no image but words for it", 2, ["IMAGE"], "run", "--", "kernel")
    check_refused("two images", 2, ["'b'"], "run", "a", "b")
    check_refused("no value", 2, ["-m"], "run", "-m")
    check_refused("a command line for info", 2, ["'--'"], "info", "x", "--", "y")
    check_refused("an image for hypercalls", 2, ["'x'"], "hypercalls", "x")


def test_values():
    for option, values in BAD_VALUES:
        for value in values:
            words = [option, f"'{value}'"]
            check_refused(f"{option} '{value}'", 2, words, "run", option, value, "/nonexistent")
            if option.startswith("--"):
                check_refused(f"{option}='{value}'", 2, words, "run", f"{option}={value}", "/nonexistent")
    check_refused("-m0", 2, ["'0'"], "run", "-m0", "/nonexistent")
    for abi, xen in (("xen-2.0", "4.17"), ("xen-2.0", "3.0.0"), ("xen-3.0", "4.17"), ("xen-3.0", "2.0"),
                     ("xen-3.0-pae", "2.0")):
        pair = "--abi", abi, "--xen", xen
        check_refused(f"{abi} with {xen}", 2, pair, "hypercalls", *pair)
        check_refused(f"run: {abi} with {xen}", 2, pair, "run", *pair, "/nonexistent")
        check_refused(f"info: {abi} with {xen}", 2, pair, "info", *pair, "/nonexistent")
    check_refused("--initrd ''", 2, ["--initrd", "''"], "run", "--initrd", "", "/nonexistent")
    check_refused("--input missing", 2, ["--input", "/nonexistent/in"], "run", "--input", "/nonexistent/in", "x")
    check_refused("--input folder", 2, ["--input", "/"], "run", "--input", "/", "x")
    check_refused("--input endless", 2, ["--input", "/dev/zero"], "run", "--input", "/dev/zero", "x")
    check_refused("--trace folder", 2, ["--trace", "/"], "run", "--trace=/", "x")


def test_hypercalls():
    for abi, xens in (("xen-2.0", ["2.0"]), ("xen-3.0", ["3.0.0", "3.0.4", "3.2"]),
                      ("xen-3.0-pae", ["3.0.0", "3.0.4", "3.2", "4.17"])):
        for xen in xens:
            args = ["hypercalls", "--abi", abi, "--xen", xen]
            r = ring1(*args, "--json")
            check(f"{args} --json", r.status == 0, r)
            table = json.loads(r.out)
            names = {row["number"]: row["name"] for row in table["hypercalls"]}
            check(f"{args}: pair", (table["abi"], table["xen"]) == (abi, xen), table["abi"], table["xen"])
            check(f"{args}: 13", names.get(13) == "multicall", names)
            check(f"{args}: 23", names.get(23) == ("switch_vm86" if xen in ("2.0", "3.0.0") else "iret"), names)
            check(f"{args}: wrap", table["numbers_wrap"] == (xen in ("2.0", "3.0.0")), table["numbers_wrap"])
            text = ring1(*args)
            check(f"{args}: text", text.status == 0 and b"multicall" in text.out, text)


test_help()
test_usage()
test_values()
test_hypercalls()
finish()
