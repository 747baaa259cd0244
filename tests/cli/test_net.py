# SPDX-License-Identifier: GPL-2.0-or-later
"""--net and --net-dump: what their values may be."""

import os
import shutil
import socket
import struct
import sys
import tempfile

from kit import Guest, Guests, check, check_refused, finish, ring1

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

shutil.rmtree(folder)
finish()
