/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * landlock.c - Landlock, where the kernel has it: no file can be opened by name, made,
 * renamed or removed, no TCP port be bound or connected to, no signal be sent out. The
 * filter refuses most of that too; here it is refused a second time, by what it does and
 * not by how it is called. The kernel's headers may be older than the kernel: what is
 * used of them stands here.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_restrict_self  446
#endif

#define CREATE_RULESET_VERSION 1u

struct ruleset {
    uint64_t fs, net, scoped;
};

/* What each ABI added: rights to be handled, that is, refused unless a rule gives them. */
static const struct {
    int abi;
    struct ruleset adds;
} rights[] = {
    {1, {.fs = 0x1FFF}},   /* execute, read, write, directories, make and remove */
    {2, {.fs = 1u << 13}}, /* link and rename across directories */
    {3, {.fs = 1u << 14}}, /* truncate */
    {4, {.net = 3}},       /* bind and connect TCP */
    {5, {.fs = 1u << 15}}, /* ioctl on devices opened from now on */
    {6, {.scoped = 3}},    /* abstract sockets and signals of others */
};

int landlock_version(void)
{
    long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

bool landlock_enter(unsigned needs)
{
    struct ruleset r = {0};
    int abi = landlock_version();
    if (abi == 0)
        return false;
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        if (abi < rights[i].abi)
            break;
        r.fs |= rights[i].adds.fs;
        r.net |= rights[i].adds.net;
        r.scoped |= rights[i].adds.scoped;
    }
    if (needs & SANDBOX_INTERNET)
        r.net = 0;
    /* A kernel that knows less of the structure wants the rest to be 0, and it is. */
    long fd = syscall(__NR_landlock_create_ruleset, &r, sizeof r, 0);
    if (fd < 0)
        return false;
    bool good = syscall(__NR_landlock_restrict_self, (int)fd, 0) == 0;
    close((int)fd);
    return good;
}
