# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 fuzz --oracle` with a judge that is ring1 itself (stand_in_judge): what it changes is
found, confirmed, made small and told; what it does not change is not."""

import json
import os
import re
import shutil

from kit import RING1, Guests, check, check_refused, finish, ring1

guests = Guests()  # for its folder
HERE = os.path.dirname(os.path.abspath(__file__))
MANY = ["-n", "150", "--batch", "12"]


def judge(how):
    """A folder with a judge; the environment that has it answer so."""
    folder = guests.path("judge-" + how)
    os.makedirs(folder)
    shutil.copy(os.path.join(HERE, "stand_in_judge"), os.path.join(folder, "judge"))
    return folder, dict(os.environ, RING1=os.path.abspath(RING1), RING1_STAND_IN=how)


def oracle(how, *args):
    folder, env = judge(how)
    finds = guests.path("finds-" + how)
    return ring1("fuzz", "--oracle=" + folder, "-o", finds, *args, env=env), finds


def test_options():
    check_refused("no judge", 2, ["nowhere", "make_judge"], "fuzz", "--oracle=nowhere")
    check_refused("no judge in the usual place", 2, ["deps/oracle"], "fuzz", "--oracle")
    check_refused("a negative limit", 2, ["limit"], "fuzz", "--oracle=nowhere", "-n", "-1")
    r = ring1("fuzz", "--oracle", "--help")
    check("help", r.status == 0 and b"--rounds" in r.out, r)


def test_honest():
    r, finds = oracle("honest", *MANY, "--json")
    s = json.loads(r.out)
    check("no differences", r.status == 0 and s["differences"] == 0 and s["lost"] == 0, r)
    check("most is compared", s["not_compared"] * 20 < s["calls"], r)
    check("all calls are compared", s["calls"] >= 150 and s["sequences"] >= 12, r)
    check("in a pipe it is quiet", r.err == "" and r.out.count(b"\n") == 1, r)
    check("no finds", not os.path.exists(finds))


def test_lie():
    r, finds = oracle("lie", *MANY, "--max-finds", "1", "--rounds", "8")
    check("a difference", r.status == 1 and b"-ESRCH, Xen -EPERM" in r.out, r)
    files = os.listdir(finds)
    check("each is a file", files and all(name.startswith("differs-") for name in files), files)
    for name in files:
        with open(os.path.join(finds, name), encoding="utf-8") as file:
            text = file.read()
        calls = [line for line in text.splitlines() if re.match(r" *(\[\d+\] )?\w+\(", line)]
        check("both answers stand in it", 'ring1 says "-3' in text and 'Xen 4.17 "-1' in text, text)
        check("it is minimised", len(calls) <= 2, text)
    path = os.path.join(finds, files[0])
    folder, env = judge("again")
    r = ring1("fuzz", "--oracle=" + folder, "-q", path, "-o", finds, "--rounds", "0",
              env=dict(env, RING1_STAND_IN="lie"))
    check("the file alone differs", r.status == 1 and b"-ESRCH, Xen -EPERM" in r.out, r)
    r = ring1("fuzz", "--oracle=" + folder, "-q", path, "-o", finds, "--rounds", "0", env=env)
    check("and agrees with an honest judge", r.status == 0 and r.out == b"", r)


def test_layouts():
    """Which frames lie beside a page only a machine knows: the judge numbers them otherwise. What
    comes before is compared, and what is behind is counted."""
    asked = "memory_op(XENMEM_current_reservation, {domid=77})\n"
    give = ("memory_op(XENMEM_decrease_reservation, {extent_start=[mfn(buf)], nr_extents=1, extent_order=6,"
            " mem_flags=0, domid=DOMID_SELF})\n")
    begin = "ring1-sequence 1\nabi xen-3.0-pae 4.17\ndomain {memory=1032K}\npage buf 0x4a = rw\n"
    folder, env = judge("layouts")
    path = guests.path("layouts.hc")

    def compare(text, how, *args):
        with open(path, "w", encoding="utf-8") as file:
            file.write(begin + text)
        return ring1("fuzz", "--oracle=" + folder, path, "-o", guests.path("none"), "--rounds", "0", *args,
                     env=dict(env, RING1_STAND_IN=how))
    r = compare(asked + give + asked, "", "--json")
    s = json.loads(r.out)
    check("what depends on frames is no difference", r.status == 0 and s["differences"] == 0, r)
    check("it is counted", (s["calls"], s["not_compared"], s["not_compared_in"]) == (1, 2, 1), r)
    r = compare(asked + give + asked, "")
    check("and told", b"not compared: 2 calls (66.7 %) of 1 sequence" in r.out, r)
    r = compare("sched_op(SCHEDOP_shutdown_code, {reason=0xffffffff})\n" + asked, "", "--json")
    check("a domain that ends with 255 is not lost", json.loads(r.out)["lost"] == 0 and r.status == 0, r)
    check("a lie before it is found", compare(asked + give, "lie").status == 1)
    check("a lie behind it is not", compare(give + asked, "lie").status == 0)


def test_ends():
    r, _ = oracle("crash", *MANY, "--max-finds", "1", "--rounds", "0")
    check("where it ends differs", r.status == 1 and b"a result, Xen the domain crashes" in r.out, r)


def test_bad_judges():
    r, finds = oracle("waver", *MANY, "--json", "--rounds", "0")
    s = json.loads(r.out)
    check("what differs once is no find", r.status == 0 and s["differences"] == 0 and s["unstable"] == 1, r)
    r, finds = oracle("die", "-n", "20", "--batch", "6", "--json", "--rounds", "0")
    s = json.loads(r.out)
    check("the others are compared", r.status == 0 and s["lost"] >= 1 and s["sequences"] >= 4, r)
    check("those without an answer are kept", any(name.startswith("lost-") for name in os.listdir(finds)))
    r, _ = oracle("nothing", "-n", "10", "--batch", "3", "--rounds", "0")
    check("a judge that says nothing", r.status not in (0, 1) and "ran none of 3" in r.err, r)


test_options()
test_honest()
test_lie()
test_layouts()
test_ends()
test_bad_judges()
finish()
