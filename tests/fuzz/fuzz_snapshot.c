/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_snapshot.c - snapshots that lie: the file of a small guest, with bytes of its
 * contents changed as the input says, and its checksums right. It is refused, or a machine is made of it
 * that runs for a while, and can be saved again. The bytes as they are are read, too.
 *
 * The input: edits of 8 bytes. Which chunk (1), how it is counted (1: from the front, or in steps of a
 * 4096th of the contents), where (2), what is put there (4).
 */
#define _GNU_SOURCE
#include "debug/chunks.h"
#include "fuzz.h"
#include "lib/saved.h"

#include <ring1/snapshot.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EDIT      8u
#define MAX_EDITS 16u

/* console_io(write, 1 byte) and sched_op_compat(yield), for ever. */
/* clang-format off */
static const uint8_t CODE[] = {
    0xBB, 0, 0, 0, 0,          /* mov $0, %ebx */
    0xB9, 1, 0, 0, 0,          /* mov $1, %ecx */
    0xBA, 0, 0, 0x10, 0,       /* mov $0x100000, %edx */
    0xB8, 18, 0, 0, 0,         /* mov $__HYPERVISOR_console_io, %eax */
    0xCD, 0x82,
    0xBB, 0, 0, 0, 0,          /* mov $SCHEDOP_yield, %ebx */
    0xB8, 6, 0, 0, 0,          /* mov $__HYPERVISOR_sched_op_compat, %eax */
    0xCD, 0x82,
    0xEB, (uint8_t)-36,        /* again */
};
/* clang-format on */

static GBytes *read_fd(int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    uint8_t *bytes = g_malloc((gsize)len + 1);
    if (pread(fd, bytes, (size_t)len, 0) != len)
        abort();
    return g_bytes_new_take(bytes, (gsize)len);
}

static GBytes *save(ring1_machine *m)
{
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    if (fd < 0 || !ring1_machine_save_fd(m, fd, "fuzz", &error))
        abort();
    GBytes *bytes = read_fd(fd);
    close(fd);
    return bytes;
}

/* Kept for all inputs. */
static GBytes *make_base(void)
{
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autoptr(GError) error = NULL;
    struct ring1_stop stop;
    const struct ring1_budget budget = {.until_ns = UINT64_MAX, .hypercalls = 30, .traps = UINT64_MAX};
    c->memory_mib = 4;
    c->vcpus = 2;
    c->raw_address = 0x100000;
    c->abi = RING1_ABI_XEN_3_0_PAE;
    g_autoptr(ring1_machine) m = ring1_machine_new_from_bytes(c, "fuzz", CODE, sizeof CODE, &error);
    if (!m || !ring1_machine_run(m, &budget, &stop, &error))
        g_error("%s", error->message);
    return save(m);
}

static void edit(uint8_t *bytes, gsize len, const uint8_t *e)
{
    gsize where = e[2] | (gsize)e[3] << 8;
    if (e[1] & 1)
        where = where % 4096 * len / 4096;
    unsigned n = 1 + (e[1] >> 1 & 3);
    for (unsigned i = 0; i < n && where + i < len; i++)
        bytes[where + i] = e[1] & 0x80 ? (uint8_t)(bytes[where + i] ^ e[4 + i]) : e[4 + i];
}

static GBytes *lie(GBytes *base, const uint8_t *data, size_t size)
{
    gsize len;
    const void *bytes = g_bytes_get_data(base, &len);
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    struct chunk_reader *r = chunk_reader_new_from_bytes(&saved_file, "fuzz", bytes, len, NULL);
    struct chunk_writer *w = chunk_writer_new_fd(&saved_file, "fuzz", fd);
    for (unsigned i = 0; i < chunk_count(r); i++) {
        g_autoptr(GBytes) chunk = chunk_unpack(r, i, NULL);
        gsize n;
        g_autofree uint8_t *copy = g_memdup2(g_bytes_get_data(chunk, NULL), g_bytes_get_size(chunk));
        n = g_bytes_get_size(chunk);
        for (size_t e = 0; e + EDIT <= size && e < MAX_EDITS * EDIT; e += EDIT)
            if (data[e] % chunk_count(r) == i)
                edit(copy, n, data + e);
        chunk_write(w, chunk_at(r, i)->kind, copy, n);
    }
    if (!chunk_writer_close(w, NULL))
        abort();
    chunk_reader_free(r);
    GBytes *result = read_fd(fd);
    close(fd);
    return result;
}

static void load(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);
    g_autoptr(ring1_saved) saved = ring1_saved_open_bytes("fuzz", data, len, &error);
    if (!saved != (error != NULL))
        abort();
    const ring1_config *c = saved ? ring1_saved_config(saved) : NULL;
    if (!saved || (c->disks && c->disks[0]) || (c->nets && c->nets[0]) || c->memory_mib > 16)
        return;
    g_autofree char *text = ring1_saved_describe(saved, false);
    g_autoptr(ring1_machine) m = ring1_saved_make(saved, NULL, &error);
    if (!m != (error != NULL))
        abort();
    if (!m)
        return;
    struct ring1_stop stop;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    budget.until_ns = ring1_machine_now(m) + 300000;
    budget.hypercalls = 100;
    budget.traps = 200;
    budget.return_when_idle = true;
    if (!ring1_machine_run(m, &budget, &stop, NULL))
        return;
    g_autofree char *report = ring1_machine_report(m, true);
    g_autoptr(GBytes) again = save(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static GBytes *base;
    if (!base)
        base = make_base();
    g_autoptr(GBytes) bare = g_bytes_new(data, size);
    load(bare);
    g_autoptr(GBytes) lying = lie(base, data, size);
    load(lying);
    return 0;
}
