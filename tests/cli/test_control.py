# SPDX-License-Identifier: GPL-2.0-or-later
"""--control and `ring1 ctl`: requests, their answers, bad ones, and what becomes of
the socket."""

import json
import os
import socket
import subprocess
import time

from kit import PATIENCE, RING1, Guests, check, check_refused, echo_guest, finish, one_line, ring1

guests = Guests()
echo = guests.add("echo", echo_guest())
path = guests.path("socket")


def ctl(*words, json_too=False):
    r = ring1("ctl", *(["--json"] if json_too else []), "unix:" + path, *words)
    r.text = r.out.decode()
    return r


def start(*more):
    run = subprocess.Popen([RING1, "run", "--control", "unix:" + path, *more, *echo], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    # It answers once whoever removes the socket is there, which is after the socket is.
    while ctl("status").status != 0 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return run


def guest_ns():
    return json.loads(ctl("status", json_too=True).out)["guest_ns"]


nodes = guests.path("nodes")
with open(nodes, "w") as f:
    f.write('# nodes\n\n/local/domain/1/name = "web"   (n0,r1)\n  vm-data/a="x\\"y\\x21"\n/tool/t = ""\n')
run = start("--vcpus", "1", "--xenstore", nodes)
check("a preloaded node", ctl("xenstore", "read", "/local/domain/1/name").text == "web\n")
check("a relative one", ctl("xenstore", "read", "/local/domain/1/vm-data/a").text == 'x"y!\n')
r = ctl("status")
check("status", r.status == 0 and "state: running\n" in r.text and "vcpus: 1\n" in r.text, r)
status = json.loads(ctl("status", json_too=True).out)
check("status as JSON", status["state"] == "running" and status["boot_pages"] == 4096, status)

home = "/local/domain/1"
r = ctl("xenstore", "ls", home)
check("xenstore ls", r.status == 0 and "memory\n" in r.text and "console\n" in r.text, r)
check("xenstore write", ctl("xenstore", "write", home + "/data/x", "some words").status == 0)
check("xenstore read", ctl("xenstore", "read", home + "/data/x").text == "some words\n")
check("xenstore rm", ctl("xenstore", "rm", home + "/data/x").status == 0)
for words, say in ((("xenstore", "read", home + "/data/x"), "has no"), (("xenstore", "read", "no/path"), "has no"),
                   (("xenstore", "write", "//", "x"), "takes no"), (("xenstore", "read"), "takes 1"),
                   (("nonsense",), "is no request"), (("balloon", "0"), "can have"), (("balloon", "17"), "can have"),
                   (("balloon", "many"), "MiB"), (("sysrq", "ab"), "one key"), (("nmi", "1"), "has 1"),
                   (("vcpus", "2"), "can have"), (("vcpus", "0"), "vcpus"), (("shutdown", "now"), "no way"),
                   (("status", "more"), "takes 0")):
    r = ctl(*words)
    check(f"refused: {' '.join(words)}", r.status == 2 and one_line(r.err) and say in r.err, r)
for words, node, value in ((("shutdown",), "control/shutdown", "poweroff"), (("reboot",), "control/shutdown", "reboot"),
                           (("suspend",), "control/shutdown", "suspend"), (("sysrq", "h"), "control/sysrq", "h"),
                           (("balloon", "8"), "memory/target", "8192"), (("vcpus", "1"), "cpu/0/availability", "online")):
    r = ctl(*words)
    seen = ctl("xenstore", "read", f"{home}/{node}").text
    check(f"{' '.join(words)} writes {node}", r.status == 0 and not r.out and seen == value + "\n", r, seen)

# What is nested deeper than a request can be is refused before it is read.
with socket.socket(socket.AF_UNIX) as client:
    client.connect(path)
    client.settimeout(PATIENCE)
    client.sendall(b"[" * 60000 + b"\n" + b'{"a": ' * 9000 + b'\n/*"*/' + b"[" * 60000 +
                   b'\n["sysrq", "[{\\"[["]\n["status"]\n')
    answers = client.makefile()
    lines = [json.loads(answers.readline()) for _ in range(5)]
check("nested requests", all("array of strings" in line.get("error", "") for line in lines[:3]), lines)
check("brackets in a word", "one key" in lines[3].get("error", ""), lines)
check("a request behind them", lines[4].get("state") == "running", lines)

check("pause", ctl("pause").status == 0 and "state: paused" in ctl("status").text)
before = guest_ns()
run.stdin.write(b"abc")
run.stdin.flush()
time.sleep(0.1)
check("its clock stands", guest_ns() == before)
check("resume", ctl("resume").status == 0 and "state: running" in ctl("status").text)
deadline = time.monotonic() + PATIENCE
while guest_ns() <= before and time.monotonic() < deadline:
    time.sleep(0.02)
check("its clock goes", guest_ns() > before)

# Several at once, bytes that are no request, lines in pieces, one that never ends.
with socket.socket(socket.AF_UNIX) as a, socket.socket(socket.AF_UNIX) as b, socket.socket(socket.AF_UNIX) as c:
    for s in (a, b, c):
        s.settimeout(PATIENCE)
        s.connect(path)
    for line in (b"\n", b"{}\n", b"[1]\n", b"[\n", b"[[]]\n", b"\xff\xfe\n", b"null\n", b"[]\n"):
        a.sendall(line)
        answer = json.loads(a.recv(65536))
        check(f"an error for {line}", "error" in answer, answer)
    b.sendall(b'["sta')
    time.sleep(0.05)
    b.sendall(b'tus"]\n["status"]\n')
    got = b""
    while got.count(b"\n") < 2:
        got += b.recv(65536)
    check("a line in pieces, two lines in one", got.count(b'"running"') == 2, got)
    try:
        for _ in range(64):
            c.sendall(b"x" * 4096)
            time.sleep(0.001)
        closed = c.recv(1) == b""
    except OSError:
        closed = True
    check("a line without end is cut off", closed)
check("it lives", ctl("status").status == 0)

check_refused("a socket in use", 2, [path, "in use"], "run", "--control", "unix:" + path, *echo)
r = ctl("destroy")
out, err = run.communicate(timeout=PATIENCE)
check("destroy", r.status == 0 and run.returncode == 5 and b"destroyed" in err, run.returncode, err)
check("the guest got its input", b"abc" in out, out)
check("the socket is gone", not os.path.exists(path))
r = ctl("status")
check("nobody listens", r.status == 125 and one_line(r.err) and path in r.err, r)

run = start()
run.kill()
run.communicate()
deadline = time.monotonic() + PATIENCE
while os.path.exists(path) and time.monotonic() < deadline:
    time.sleep(0.05)
check("a killed run leaves no socket", not os.path.exists(path))
with socket.socket(socket.AF_UNIX) as stale:
    stale.bind(path)
run = start()
deadline = time.monotonic() + PATIENCE
while ctl("status").status and time.monotonic() < deadline:
    time.sleep(0.05)
check("the next run replaces it", ctl("status").status == 0)
run.stdin.write(b"q")
run.stdin.close()
run.stdin = None
out, err = run.communicate(timeout=PATIENCE)
check("its end is the guest's", run.returncode == 0, run.returncode, err)

for line, at, words in (("a", 2, "PATH = "), ("a = b", 5, "quotes"), ('a = "b', 7, "closing"), ('a = "\\q"', 6, "backslash"),
                        ('a = "b" c', 9, "line's end"), ('a = "b" (n0', 9, "parenthesis"),
                        ('a = "b" (x0)', 9, "nrwb"), ('/a//b = "c"', 12, "no such path"), ("a\0 = ", 1, "byte 0")):
    with open(nodes, "w") as f:
        f.write("# first\n" + line + "\n")
    check_refused(f"xenstore line {line!r}", 2, [f"{nodes}:2:{at}: ", words], "run", "--xenstore", nodes, *echo)
check_refused("no nodes", 2, ["/nonexistent/nodes"], "run", "--xenstore", "/nonexistent/nodes", *echo)
check_refused("no path", 2, ["--control", "unix:PATH"], "run", "--control", "unix:", *echo)
check_refused("not unix", 2, ["--control"], "run", "--control", "tcp:1", *echo)
check_refused("long path", 2, ["longer"], "run", "--control", "unix:/" + "x" * 200, *echo)
check_refused("no folder", 2, ["No such file"], "run", "--control", "unix:/nonexistent/socket", *echo)
check_refused("ctl alone", 2, ["request"], "ctl")
check_refused("ctl without request", 2, ["request"], "ctl", "unix:" + path)
r = ring1("ctl", "--help")
check("ctl --help", r.status == 0 and b"xenstore" in r.out, r)

# --- a ring1 that was taken over answers, and does not stop; bytes of zero are no end ---
for word in b"x", b"\0":
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path + "-bad")
        server.listen(1)
        run = subprocess.Popen([RING1, "ctl", "unix:" + path + "-bad", "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        client = server.accept()[0]
        client.settimeout(PATIENCE)
        sent = 0
        try:
            while sent < 8 << 20:
                sent += client.send(word * 65536)
        except OSError:
            pass
        client.close()
        out, err = run.communicate(timeout=PATIENCE)
        check("an answer without an end", sent < 8 << 20 and run.returncode == 125 and one_line(err.decode()) and not out, sent, run.returncode, err)
    os.unlink(path + "-bad")

finish()
