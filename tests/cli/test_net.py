# SPDX-License-Identifier: GPL-2.0-or-later
"""--net and --net-dump: what their values may be; and a guest with a small front end
(guest-images/network.c) that answers real clients on loopback. Arguments behind the
first are that guest, by ABI."""

import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

from kit import PATIENCE, RING1, Guest, Guests, check, check_refused, finish, ring1

guests = Guests()
off = guests.add("off", Guest().shutdown())
image = off.pop()
folder = tempfile.mkdtemp()
dump = os.path.join(folder, "dump.pcap")


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def refused(what, status, words, *nets):
    check_refused(what, status, words, "run", *[a for n in nets for a in ("--net", n)], *off, image)


refused("empty", 2, ["--net"], "")
refused("unknown kind", 2, ["tap", "user or none"], "tap")
refused("unknown word", 2, ["'bridge=x'", "hostfwd"], "user,bridge=x")
refused("a word of the other kind", 2, ["'restrict'"], "none,restrict")
for mac in "00:16:3e:00:00", "00:16:3e:00:00:0g", "00:16:3e:00:00:01:02", "01:16:3e:00:00:01", "":
    refused(f"mac {mac}", 2, ["mac="], "user,mac=" + mac)
for forward in "tcp:127.0.0.1:1", "sctp:127.0.0.1:1-:2", "tcp:127.0.0.1:0-:2", "tcp:here:1-:2", "":
    refused(f"hostfwd {forward}", 2, ["hostfwd="], "user,hostfwd=" + forward)
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    s.listen()
    taken = s.getsockname()[1]
    refused("a port in use", 125, [f"port {taken} ", "in use"], f"user,hostfwd=tcp:127.0.0.1:{taken}-:7")
    port = free_port()
    refused("a port twice", 125, ["in use"], f"user,hostfwd=tcp::{port}-:7", f"user,hostfwd=tcp::{port}-:8")
check_refused("no such folder", 2, ["--net-dump", "No such file"], "run", "--net-dump", "/nonexistent/dump", *off, image)

r = ring1("run", "--net", f"user,restrict,hostfwd=tcp::{port}-:7,hostfwd=udp:127.0.0.1:{port}-10.0.2.15:7",
          "--net", "none,mac=02:00:00:00:00:01", "--net-dump", dump, *off, image)
check("good values", r.status == 0 and not r.err, r)
with open(dump, "rb") as f:
    header = f.read()
check("an empty dump has its header", len(header) == 24 and struct.unpack("<IHH8xII", header)[:3] == (0xA1B23C4D, 2, 4),
      header)
r = ring1("run", "--net-dump", "/dev/full", "--net", "user", *off, image)
check("a dump that cannot be written", r.status == 125 and "No space" in r.err, r)


# --- the guest ------------------------------------------------------------------------


class Network:
    """The guest, ready; its ports 7 and 19 of TCP, 7 and 9 of UDP are forwarded."""

    def __init__(self, image, *options, words="", net="user,restrict"):
        self.port = {name: free_port(socket.SOCK_DGRAM if name[0] == "u" else socket.SOCK_STREAM)
                     for name in ("t7", "t19", "u7", "u9")}
        forwards = "".join(f",hostfwd={'udp' if name[0] == 'u' else 'tcp'}:127.0.0.1:{port}-:{name[1:]}"
                           for name, port in self.port.items())
        self.process = subprocess.Popen([RING1, "run", "-m", "16", "--net", net + forwards, *options, image, "--", words],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out = b""
        while b"ready\n" not in self.out:
            line = self.process.stdout.readline()
            if not line:
                break
            self.out += line

    def connect(self, name):
        return socket.create_connection(("127.0.0.1", self.port[name]), timeout=PATIENCE)

    def datagram(self, name, data, answers=True):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE)
            s.sendto(data, ("127.0.0.1", self.port[name]))
            return s.recv(65536) if answers else None

    def end(self):
        self.datagram("u9", b"end", answers=False)
        out, err = self.process.communicate(timeout=PATIENCE)
        self.out += out
        self.err = err
        return self.process.returncode == 0 and b" 0 failed" in self.out and not err


def read_all(s, length=None):
    data = b""
    while length is None or len(data) < length:
        piece = s.recv(65536)
        if not piece:
            break
        data += piece
    return data


def echo(network, size, chunk):
    data = random.Random(size).randbytes(size)
    with network.connect("t7") as s:
        for at in range(0, size, chunk):
            piece = data[at:at + chunk]
            s.sendall(piece)
            if read_all(s, len(piece)) != piece:
                return False
        s.shutdown(socket.SHUT_WR)
        return s.recv(1) == b""


def packets(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        s, ns, kept, full = struct.unpack_from("<4I", data, at)
        yield s * 10**9 + ns, data[at + 16:at + 16 + kept], kept == full
        at += 16 + kept


def check_dump(path):
    seen = list(packets(path))
    times = [t for t, _, _ in seen]
    check("packets are in order, at the guest's date", times == sorted(times) and 1577836800 <= times[0] // 10**9 < 1577836900, times[:3])
    check("whole packets", all(whole for _, _, whole in seen))
    guests_own = bytes.fromhex("00163e000001")
    check("those of the guest", any(p[6:12] == guests_own for _, p, _ in seen))
    check("those to it", any(p[:6] == guests_own for _, p, _ in seen))
    check("one that the card had to cut", max(len(p) for _, p, _ in seen) > 20000)


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(what, image, *options):
    network = Network(image, "--net-dump", dump, *options)
    check(f"{what}: ready", b"ready\n" in network.out, network.out)
    check(f"{what}: UDP echo", network.datagram("u7", b"datagram") == b"datagram")
    check(f"{what}: a large datagram", network.datagram("u7", b"x" * 1400) == b"x" * 1400)
    check(f"{what}: TCP echo", echo(network, 100000, 3001))
    check(f"{what}: TCP echo in small pieces", echo(network, 2000, 13))
    with network.connect("t19") as s:
        data = read_all(s)
    check(f"{what}: packets to be cut", data == bytes((i * 2654435761 & 0xFFFFFFFF) >> 24 for i in range(200000)), len(data))
    before = cpu_seconds(network.process)
    time.sleep(1)
    used = cpu_seconds(network.process) - before
    check(f"{what}: a guest that waits leaves the CPU alone", used < 0.5, used)
    check(f"{what}: it is content", network.end(), network.out, network.err)
    check_dump(dump)


def flips(image, xen):
    """A front end that knows nothing of copies."""
    network = Network(image, "--xen", xen, words="flip=1")
    check(f"flips, {xen}: UDP echo", network.datagram("u7", b"x" * 1400) == b"x" * 1400)
    check(f"flips, {xen}: TCP echo", echo(network, 100000, 3001))
    check(f"flips, {xen}: it is content", network.end(), network.out, network.err)


def reaches(image):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        for net, reached in ("user,restrict", 0), ("user", 1):
            network = Network(image, words=f"reach={port} reached={reached}", net=net)
            check(f"{net} and this host", network.end() and b"a connection to the host" in network.out, network.out, network.err)


def recorded(image):
    """The replay has the packets, and nothing of the network: no port is open."""
    record = os.path.join(folder, "record")
    network = Network(image, "--record", record, "--net-dump", dump, "--net", "none,mac=02:00:00:00:00:07")
    check("recorded: TCP echo", echo(network, 50000, 3001))
    check("recorded: UDP echo", network.datagram("u7", b"datagram") == b"datagram")
    check("recorded: it is content", network.end(), network.out, network.err)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", network.port["t7"]))
        s.listen()
        r = ring1("replay", record)
    check("the replay is the same", r.status == 0 and r.out == network.out and not r.err, r, network.out)


def helpers_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
        return [int(pid) for pid in f.read().split()]


def gone(pid):
    """Soon, a process that is not ours to wait for."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def deaths(image):
    """What is behind the card and ring1 die with each other, but not alike."""
    network = Network(image)
    helpers = helpers_of(network.process)
    with open(f"/proc/{helpers[0]}/comm") as f:
        check("a helper has the network", len(helpers) == 1 and f.read() == "ring1-net\n")
    os.kill(helpers[0], 9)
    check("the cable is out", network.process.stderr.readline().endswith(b"card 0 of the network: its helper ended: the cable is out\n"))
    network.process.terminate()
    _, err = network.process.communicate(timeout=PATIENCE)
    check("it is told once", err.count(b"cable") == 0, err)
    network = Network(image)
    helpers = helpers_of(network.process)
    os.kill(helpers[0], 15)
    check("what a terminal sends to all is not the helper's business", echo(network, 10000, 1000))
    network.process.kill()
    network.process.communicate()
    check("no helper outlives ring1", gone(helpers[0]))


for abi_image in sys.argv[2:]:
    serve(os.path.basename(abi_image), abi_image)
if len(sys.argv) > 2:
    reaches(sys.argv[2])
    recorded(sys.argv[2])
    flips(sys.argv[3], "3.0.0")
    flips(sys.argv[2], "3.2")
    deaths(sys.argv[2])
    serve("several vcpus", sys.argv[2], "--vcpus", "2")

shutil.rmtree(folder)
finish()
