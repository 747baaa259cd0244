# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration files of xl: what they say is done, what is not served is named."""

import json
import subprocess
import sys
import os
import time

from kit import ADDRESS, PATIENCE, RING1, Guest, Guests, check, check_refused, echo_guest, finish, ring1

guests = Guests()
guests.add("off", Guest().shutdown())
guests.add("again", Guest().shutdown(1))
guests.add("echo", echo_guest())
off, disk, path, socket = guests.path("off"), guests.path("disk.img"), guests.path("guest.cfg"), guests.path("socket")
raw = ("--raw", hex(ADDRESS))
with open(disk, "wb") as f:
    f.truncate(65536)


def config(text):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def run(text, *more, **kwargs):
    config(text)
    return ring1("run", *raw, *more, path, **kwargs)


kernel = f'kernel = "{off}"\n'
r = run(kernel + 'memory = 16\nname = "x"\ntype="pv"\nvcpus=1\nmaxvcpus=1\non_crash="destroy"\n')
check("a plain file", r.status == 0 and not r.err, r)
r = run(kernel + f"memory = 16\ndisk = ['file:{disk},xvda,w', '{disk}2,raw,sdb,ro']\n")
check("a disk that is not there", r.status == 125 and f"{disk}2" in r.err, r)
r = run(kernel + f"memory = 16\ndisk = ['file:{disk},xvda,w', 'tap:qcow2:{disk},xvdb,w']\n")
check("a format that is not raw", r.status == 2 and "qemu-nbd" in r.err and r.err.count("\n") == 1, r)
r = run(kernel + "memory=16\nvfb=['vnc=1']\npci = [ 'x' ]\non_poweroff='preserve'\nmaxvcpus=4\ncpus='all'\nbogus=1\n")
check("what is not served is named", r.status == 0 and r.err.count("\n") == 6 and
      all(f"{path}: {word}" in r.err for word in ("vfb", "pci", "on_poweroff", "maxvcpus", "cpus", "bogus")), r)
for text, status, words in (("memory = 16\n", 2, "kernel is missing"), (kernel + 'type="hvm"\n', 2, "only PV"),
                            (kernel + "memory = \n", 2, "guest.cfg:1"), (kernel + "memory=0\n", 2, "--memory"),
                            (kernel + 'memory="much"\n', 2, "--memory"), ("kernel = 'x\n", 2, "guest.cfg:1"),
                            (kernel + "disk='x'\n", 2, "no list"), (kernel + "disk=['']\n", 2, "xl would take"),
                            (kernel + "vcpus=33\n", 2, "--vcpus"), (kernel.encode() + b"name='\0'\n", 2, "byte 0"),
                            (kernel.encode() + b"\xf0=1\n", 2, "guest.cfg:2"), ("type='a\\nb'\n", 2, 'type="a b"'), ("kernel='/nonexistent/k'\n", 126, "/nonexistent/k"),
                            (kernel + f"ramdisk='/nonexistent/r'\nmemory=16\n", 126, "/nonexistent/r")):
    r = run(text)
    check(f"refused: {text!r}", r.status == status and words in r.err and r.err.count("\n") == 1, r)
check_refused("no file", 126, ["/nonexistent/x.cfg"], "run", "/nonexistent/x.cfg")
many = "".join(f"bogus{i}=1\n" for i in range(80000))
r = run(kernel + many)
check("more than anybody has to say", r.status == 125 and r.err.count("\n") == 1, r.status)

# A guest that reboots is started again, unless the file or the command line says else.
again = f'kernel = "{guests.path("again")}"\nmemory = 16\n'
check("on_reboot is restart by itself", run(again, "--max-hypercalls", "3").status == 124)
check("on_reboot = destroy", run(again + "on_reboot = 'destroy'\n").status == 4)
check("the command line is heard last", run(again, "--on-reboot", "exit").status == 4)

# What the guest's xenstore says of it.
config(f'kernel = "{guests.path("echo")}"\nmemory = 16\nmaxmem = 32\nname = "web"\ndisk = ["{disk},raw,xvdb,ro"]\n'
       'vif = ["mac=00:16:3e:00:00:07,bridge=xenbr0"]\n')
process = subprocess.Popen([RING1, "run", *raw, "--control", "unix:" + socket, path], stdin=subprocess.PIPE,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
deadline = time.monotonic() + PATIENCE
while ring1("ctl", "unix:" + socket, "status").status != 0 and process.poll() is None and time.monotonic() < deadline:
    time.sleep(0.02)


def read(node):
    return ring1("ctl", "unix:" + socket, "xenstore", "read", node).out.decode().strip()


check("its name", read("/local/domain/1/name") == "web")
check("its memory", read("/local/domain/1/memory/static-max") == "32768")
check("its disk", read("/local/domain/0/backend/vbd/1/51728/mode") == "r")
check("its network", read("/local/domain/0/backend/vif/1/0/mac") == "00:16:3e:00:00:07")
err = process.communicate(b"q", timeout=PATIENCE)[1].decode()
check("its end", process.returncode == 0)
check("a bridge is named", "bridge=xenbr0" in err and err.count("\n") == 1, err)
finish()
