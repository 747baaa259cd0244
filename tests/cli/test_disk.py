# SPDX-License-Identifier: GPL-2.0-or-later
"""--disk: what its value may be; and GRUB, where it was fetched, as a front end
that nobody here wrote: files of an ext2 image, and a kernel loaded from it. The
second argument is GRUB's image, the third a guest that prints a verdict, the fourth one
with a front end."""

import hashlib
import os
import shutil
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
path = os.path.join(folder, "disk,1.img")


def refused(what, status, words, *disks):
    check_refused(what, status, words, "run", *[a for d in disks for a in ("--disk", d)], *off, image)


with open(path, "wb") as f:
    f.truncate(1 << 20)
with open(path + "short", "wb") as f:
    f.truncate(511)

refused("no file", 125, ["/nonexistent/disk", "No such file"], "/nonexistent/disk")
refused("folder", 125, ["neither a file nor a block device"], folder + ",ro")
refused("folder for writing", 125, [folder], folder)
refused("short", 125, ["shorter than one sector"], path + "short")
refused("unknown word", 125, ["readonly"], path + ",readonly")
refused("no place", 2, ["the file is missing"], ",ro")
refused("empty", 2, ["--disk"], "")
refused("bad name", 2, ["dev=foo"], path + ",dev=foo")
refused("bad partition", 2, ["dev=xvda0"], path + ",dev=xvda0")
refused("twice", 125, ["in use"], path, path)
refused("name twice", 2, ["dev=xvda is taken"], path + ",ro,dev=xvda", path + ",ro,dev=xvda")
refused("no server", 125, ["nbd"], "nbd+unix:///?socket=/nonexistent/socket")
r = ring1("run", "--disk", path + ",ro,dev=xvdb", "--disk", path + ",snapshot,ro,dev=sda2", *off, image)
check("good values", r.status == 0 and not r.err, r)


# --- GRUB ---------------------------------------------------------------------------


def make_disk(name, files):
    tree = os.path.join(folder, name)
    for file, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(tree, file)), exist_ok=True)
        with open(os.path.join(tree, file), "wb") as f:
            f.write(content)
    disk = os.path.join(folder, name + ".img")
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext2", "-d", tree, disk, "16m"], check=True, stdout=2)
    return disk


MENU = b"""set timeout=2
menuentry "a guest of our own" {
  linux (xen/xvda)/kernel one two
}
"""


def digest(file):
    with open(file, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def type_to_grub(grub, disk, text):
    return ring1("run", "--disk", disk, "--input", "/dev/stdin", grub, data=text)


def listens(path):
    """Somebody listens at this socket: a line of the kernel's list with the flag of listeners."""
    with open("/proc/net/unix") as f:
        return any(line.split()[3] == "00010000" and line.rstrip().endswith(" " + path) for line in f)


def grub_tests(grub, kernel):
    disk = make_disk("files", {"hello.txt": b"a file of ext2\n", "large": bytes(range(256)) * 4096})
    with open(kernel, "rb") as f:
        bootable = make_disk("menu", {"kernel": f.read(), "boot/grub/grub.cfg": MENU})
    before = digest(disk)
    r = type_to_grub(grub, disk + ",ro", b"ls (xen/xvda)/\nhalt\n")
    check("GRUB lists the disk", r.status == 0 and b"hello.txt" in r.out and b"lost+found/" in r.out, r)
    cat = b"cat (xen/xvda)/hello.txt\n"  # it takes the rest of the input for the key that ends it
    r = type_to_grub(grub, disk + ",ro", cat)
    check("GRUB reads a file", b"a file of ext2" in r.out, r)
    r = ring1("run", "--disk", bootable, grub)
    check("the menu is shown", b"a guest of our own" in r.out and b"in 2s" in r.out, r)
    check("its entry boots from the disk", b"verdict: " in r.out and b" 0 failed" in r.out and r.status == 0, r)
    check("nothing was written", digest(disk) == before)
    if not shutil.which("qemu-nbd"):
        print("skipped: qcow2 through qemu-nbd: qemu-nbd is not installed")
        return
    qcow2 = disk + ".qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", disk, qcow2], check=True)
    socket = os.path.join(folder, "nbd")
    # It serves one client: nobody may try whether it is there.
    server = subprocess.Popen(["qemu-nbd", "-f", "qcow2", "-r", "-k", socket, qcow2])
    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(socket) and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        r = type_to_grub(grub, f"nbd+unix:///?socket={socket},ro", cat)
        check("the same as qcow2", b"a file of ext2" in r.out, r)
    finally:
        server.terminate()
        server.wait()


# --- a front end of our own ---------------------------------------------------------


def pattern(sectors, first=0):
    return b"".join(struct.pack("<128I", *(((s * 2654435761 + i) & 0xFFFFFFFF) for i in range(128)))
                    for s in range(first, sectors))


def new_disk(name, sectors):
    disk = os.path.join(folder, name)
    with open(disk, "wb") as f:
        f.write(os.urandom(sectors * 512))
    return disk


def contents(disk):
    with open(disk, "rb") as f:
        return f.read()


def own_tests(guest):
    for xen in ("3.0.0", "3.0.4", "3.2", "4.17"):
        disk = new_disk("own.img", 500)
        r = ring1("run", "--xen", xen, "--disk", disk, guest, "--", f"xen={xen}" + (" persistent=1" if xen > "3.1" else ""))
        check(f"xen {xen}: front ends of our own", r.status == 0 and b" 0 failed" in r.out and b"500 sectors" in r.out, r)
        check(f"xen {xen}: the image has what they wrote", contents(disk) == pattern(500))
    before = contents(new_disk("own.img", 100))
    r = ring1("run", "--disk", disk + ",snapshot", guest)
    check("a snapshot takes the writes", r.status == 0 and b" 0 failed" in r.out and contents(disk) == before, r)
    r = ring1("run", "--disk", disk + ",ro", guest)
    check("a disk that is read-only", r.status == 0 and b" 0 failed" in r.out and contents(disk) == before, r)
    # Killed in the midst of writes to sectors 0 to 7: what was flushed is there.
    run = subprocess.Popen([RING1, "run", "--disk", disk, guest, "--", "flush_only=1"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE)
    seen = b""
    while not seen.endswith(b"flushed\n"):
        byte = run.stdout.read(1)
        if not byte:
            break
        seen += byte
    time.sleep(0.2)
    run.kill()
    run.communicate()
    check("kill -9 after a flush", seen.endswith(b"flushed\n") and contents(disk)[8 * 512:] == pattern(100, 8), seen[-200:])
    r = ring1("run", "--disk", disk + ",ro", guest)
    check("nobody holds the disk any more", r.status == 0, r)


if len(sys.argv) > 3:
    own_tests(sys.argv[4])
if len(sys.argv) > 3 and os.path.exists(sys.argv[2]):
    grub_tests(sys.argv[2], sys.argv[3])
else:
    print("skipped: GRUB was not fetched")
shutil.rmtree(folder)
finish()
