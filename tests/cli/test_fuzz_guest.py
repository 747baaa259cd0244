# SPDX-License-Identifier: GPL-2.0-or-later
"""`ring1 fuzz --guest`: places, seeds, what is found in the guest `fuzzed`, how it is told, and one run
of an input."""

import json
import os
import sys

from kit import Guests, check, check_refused, finish, ring1

guests = Guests()  # for its folder
PAE, OLD = sys.argv[2:4]
PLAIN = sys.argv[4]  # a guest that knows nothing of being fuzzed
DISK = sys.argv[5]  # one that reads and writes a disk by chance
SMALL = ("--memory", "16", "--max-input", "24")
OPEN = b"o\0\0\0pen" + bytes(17)
WAIT = b"w\0\0\0ait" + bytes(17)


def fuzz(image, *args, **more):
    return ring1("fuzz", "--guest", image, *args, timeout=200, **more)


def write(name, data):
    path = guests.path(name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def finds_in(folder):
    """Name -> what is in the file."""
    found = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = f.read()
    return found


def summary(r):
    """The JSON without what depends on the host's speed."""
    s = json.loads(r.out)
    del s["seconds"], s["runs_per_second"]
    return s


def test_options():
    check_refused("no image", 126, ["nowhere"], "fuzz", "--guest", "nowhere")
    check_refused("no such symbol", 2, ["--from", "nowhere"], "fuzz", "--guest", PAE, "--from", "nowhere")
    check_refused("a buffer without a size", 2, ["SIZE"], "fuzz", "--guest", PAE, "--buffer", "0xc0001000")
    check_refused("a buffer that is not there", 2, ["0x1000"], "fuzz", "--guest", PAE, "--buffer", "0x1000:64")
    check_refused("too much", 2, ["4096"], "fuzz", "--guest", PAE, "--max-input", "4097")
    check_refused("it never comes there", 125, ["--from"], "fuzz", "--guest", PAE, "--from", "ring1_fuzz_done",
                  "--skip", "7")
    check_refused("calls that it does not make", 125, ["calls"], "fuzz", "--guest", PAE, "--from", "call:100000")
    check_refused("a pair that never was", 2, ["never"], "fuzz", "--guest", PAE, "--abi", "xen-2.0", "--xen", "4.17")
    check_refused("words", 126, ["words"], "fuzz", "--guest", PAE, "--words", write("words", b"what?\n"))
    check_refused("no image, but a guest's words", 2, ["--guest"], "fuzz", "--runs", "1", "--", "word")


def test_climb():
    """A word that is compared letter by letter is guessed letter by letter: both faults within 250 000 runs."""
    folder = guests.path("climbed")
    r = fuzz(PAE, *SMALL, "--runs", "250000", "--max-finds", "2", "--finds", folder)
    found = finds_in(folder)
    crash = [n for n in found if n.startswith("guest-crash-") and n.endswith(".input")]
    hang = [n for n in found if n.startswith("guest-hang-") and n.endswith(".input")]
    check("two are found", r.status == 1 and b"2 finds" in r.out, r)
    check("a crash, and where", len(crash) == 1 and b" at unlock" in r.out and b"CR2 0x10" in r.out, r)
    check("a hang, and where", len(hang) == 1 and b" at linger" in r.out, r)
    if len(crash) != 1 or len(hang) != 1:
        return
    check("the crash's input is made small", found[crash[0]] == OPEN, found[crash[0]])
    check("the hang's, too", found[hang[0]] == WAIT, found[hang[0]])
    about = found[crash[0].replace(".input", ".txt")].decode()
    check("there is a report", about.startswith("guest crash: ") and "#PF" in about and "unlock" in about, about[:300])
    hc = os.path.join(folder, crash[0].replace(".input", ".hc"))
    r = ring1("seq", "run", hc)
    check("its calls are a sequence that runs", r.status == 0 and b" met" in r.out, r)
    r = ring1("fuzz", "triage", "--guest", PAE, *SMALL, folder)
    check("triage finds both again", r.status == 1 and b"2 files, 2 kinds of find" in r.out, r)
    path = write("harmless", bytes(24))
    r = ring1("fuzz", "triage", "--guest", PAE, *SMALL, path)
    check("and nothing where there is none", r.status == 0 and b"nothing is broken" in r.out, r)


def test_words():
    """With the words known, at once; of 2.0 as well, whose guest has other page tables."""
    words = write("letters", b'# of the guest\n"open"\nfour="\\x77ait"\nstart="o\\x00\\x00\\x00pen"\n'
                             b'"w\\x00\\x00\\x00ait"\n')
    for image in (PAE, OLD):
        r = fuzz(image, *SMALL, "--runs", "60000", "--max-finds", "2", "--words", words, "--finds", guests.path("worded"))
        check(f"{image} with words", r.status == 1 and b"at unlock" in r.out and b"at linger" in r.out, r)
    r = fuzz(PAE, *SMALL, "--runs", "5000", "--words", words, "--host-only", "--finds", guests.path("none"))
    check("a guest's own faults may be no find", r.status == 0 and b"0 finds" in r.out, r)


def test_seeds():
    args = ("--runs", "3000", "--json", "--memory", "16", "--finds", guests.path("seeds"))
    first, again = fuzz(PAE, *args), fuzz(PAE, *args)
    other = fuzz(PAE, *args, "--seed", "2")
    check("the same seed does the same", first.status == 0 and summary(first) == summary(again), first, again)
    check("another seed does not", summary(first) != summary(other), first, other)
    check("its code is covered", summary(first)["places"] > 20 and summary(first)["calls"] > 3000, first)
    full = fuzz(PAE, "--runs", "300", "--checks", "full", "--host-only", "--memory", "16", "--finds", guests.path("full"),
                "--", "calls=all")
    check("with all checks, and all calls", full.status == 0, full)


def test_corpus():
    corpus, small = guests.path("corpus"), guests.path("small")
    r = fuzz(PAE, "--runs", "2000", "--memory", "16", "--corpus", corpus)
    check("a corpus is made", r.status == 0 and len(os.listdir(corpus)) > 10, r)
    os.mkdir(small)
    r = fuzz(PAE, "--memory", "16", "--corpus", corpus, "--merge", small)
    check("and made smaller", r.status == 0 and 0 < len(os.listdir(small)) <= len(os.listdir(corpus)), r)


def test_one_run():
    trace, hc = guests.path("trace"), guests.path("run.hc")
    calls = b"".join(bytes([n, 0, 0, 0]) + bytes(20) for n in range(3))
    r = fuzz(PAE, "--memory", "16", "--input", write("calls", calls), "--trace", trace, "--hc", hc)
    with open(trace) as f:
        lines = f.read().splitlines()
    check("it is done", r.status == 0 and r.out.startswith(b"done\n3 hypercalls, "), r)
    check("its calls are traced", len(lines) == 3 and "xen_version(XENVER_version" in lines[0] and
          "set_timer_op(" in lines[1], lines)
    seq = ring1("seq", "run", hc)
    check("and are a sequence", seq.status == 0, seq)
    r = fuzz(PAE, "--memory", "16", "--input", write("open", OPEN))
    check("a crash is told, and reported", r.status == 1 and b"guest crash: " in r.out and "unlock" in r.err, r)
    r = fuzz(PAE, "--memory", "16", "--input", write("wait", WAIT), "--budget", "0.001")
    check("a hang is told", r.status == 1 and b"guest hang: it goes on at linger" in r.out, r)


def test_plain_guest():
    """A function of a guest that knows nothing: from its beginning until it returns, by its own buffer."""
    r = fuzz(PLAIN, "--from", "console_io_write", "--buffer", "by_call", "--memory", "16", "--runs", "3000",
             "--finds", guests.path("plain"))
    check("until the function returns", r.status == 0 and b"3000 runs of 3000 calls" in r.out, r)
    r = fuzz(PLAIN, "--from", "call:1", "--until", "console_ring_write", "--crash", "console_io_write", "--buffer",
             "by_call", "--memory", "16", "--runs", "100", "--finds", guests.path("plain"))
    check("a place that means a crash", r.status == 1 and b"it has come at " in r.out, r)


def test_disk():
    """What a run writes to a disk is taken back: a second run of the same input reads what the first one read."""
    image = os.urandom(65536)
    path = write("disk", image)
    by_chance = ("--from", "call:300", "--until", "xenbus_set_state", "--buffer", "seed.0:4", "--budget", "1", "--memory", "16")
    r = fuzz(DISK, *by_chance, "--disk", path + ",snapshot", "--runs", "2", "--checks", "full", "--finds", guests.path("disks"))
    check("a run does the same again", r.status == 0 and b"2 runs" in r.out, r)
    with open(path, "rb") as f:
        check("the file is as it was", f.read() == image)
    check_refused("a disk that would be written to", 2, ["snapshot"], "fuzz", "--guest", DISK, *by_chance, "--disk", path)


def test_load():
    """From a file; and then there is no sequence, and it is said."""
    saved, folder = guests.path("saved"), guests.path("loaded")
    r = ring1("run", "--memory", "16", "--at", "1", "--save", saved, PAE)
    check("saved", r.status == 0, r)
    r = fuzz(PAE, "--load", saved, "--max-input", "24", "--input", write("open", OPEN))
    check("it begins there", r.status == 1 and b"guest crash: " in r.out, r)
    corpus = guests.path("one")
    os.mkdir(corpus)
    write(os.path.join("one", "open"), OPEN)
    r = fuzz(PAE, "--load", saved, "--max-input", "24", "--corpus", corpus, "--runs", "2", "--max-finds", "1", "--finds", folder)
    found = finds_in(folder)
    text = b"".join(found[n] for n in found if n.endswith(".txt"))
    check("no sequence", r.status == 1 and not [n for n in found if n.endswith(".hc")] and b"--load" in text, r, list(found))
    check_refused("a sequence of it", 2, ["--load"], "fuzz", "--guest", PAE, "--load", saved, "--input", corpus, "--hc", "x.hc")


test_options()
test_climb()
test_words()
test_seeds()
test_corpus()
test_one_run()
test_plain_guest()
test_disk()
test_load()
finish()
