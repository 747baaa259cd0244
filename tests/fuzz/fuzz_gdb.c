/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_gdb.c - gdb's remote protocol: whatever a client says, to a guest that runs, stops, crashes and ends,
 * every answer is a packet and nothing hangs. The first byte says how the others are meant: as they would
 * come by the socket, or as packets, a line each, which get their frames here, for few mutations of a packet
 * have the right checksum.
 */
#include "debug/gdb.h"
#include "debug/gdb_packet.h"
#include "fuzz.h"
#include "raw_machine.h"

#include <stdlib.h>
#include <string.h>

/* Of a run that the client does not end. */
#define RUNS_MAX 8
#define SLICE_NS 20000u

/* A loop with a store; at each 64th turn a hypercall (xen_version), at some turn an undefined instruction. */
static const uint8_t code[] = {
    0x40,                         /* 00: inc eax */
    0xA3, 0x00, 0x08, 0x10, 0x00, /* 01: mov [0x100800], eax */
    0xA8, 0x3F,                   /* 06: test al, 63 */
    0x75, 0xF6,                   /* 08: jnz 00 */
    0x89, 0xC5,                   /* 0a: mov ebp, eax */
    0xB8, 0x11, 0x00, 0x00, 0x00, /* 0c: mov eax, 17 */
    0x31, 0xDB,                   /* 11: xor ebx, ebx */
    0xCD, 0x82,                   /* 13: int 0x82 */
    0x89, 0xE8,                   /* 15: mov eax, ebp */
    0x3D, 0x00, 0x01, 0x00, 0x00, /* 17: cmp eax, 0x100 */
    0x75, 0xE2,                   /* 1c: jnz 00 */
    0x0F, 0x0B,                   /* 1e: ud2 */
};

static struct raw_machine machine;

/* All that was sent is acknowledgements and whole packets. */
static void check_output(struct gdb_server *g)
{
    GByteArray *out = gdb_server_output(g);
    for (guint i = 0; i < out->len; i++) {
        if (out->data[i] == '+' || out->data[i] == '-')
            continue;
        if (out->data[i] != '$')
            abort();
        const uint8_t *end = memchr(out->data + i, '#', out->len - i);
        if (!end || end + 3 > out->data + out->len || end - (out->data + i) > (ptrdiff_t)GDB_PACKET_MAX + 1)
            abort();
        i = (guint)(end - out->data) + 2;
    }
    g_byte_array_set_size(out, 0);
}

static void run(struct gdb_server *g)
{
    struct ring1_debug_stop stop;
    for (int i = 0; i < RUNS_MAX && gdb_server_state(g) == GDB_RUNS; i++) {
        struct ring1_budget budget = {.until_ns = ring1_machine_now(machine.m) + SLICE_NS,
                                      .hypercalls = UINT64_MAX,
                                      .traps = UINT64_MAX};
        if (!gdb_server_run(g, &budget, &stop, NULL))
            abort();
        if (gdb_server_state(g) != GDB_RUNS || stop.reason != RING1_DEBUG_GUEST)
            continue;
        if (stop.guest.reason == RING1_STOP_CRASH && !gdb_server_crash(g, &stop, "it crashed"))
            gdb_server_end(g, 3, true);
    }
    if (gdb_server_state(g) == GDB_RUNS)
        gdb_server_input(g, "\x03", 1);
    if (gdb_server_state(g) == GDB_RUNS && !gdb_server_run(g, NULL, &stop, NULL))
        abort();
}

static void after(struct gdb_server *g)
{
    run(g);
    check_output(g);
    enum gdb_state state = gdb_server_state(g);
    if (state == GDB_DETACHED || state == GDB_KILLED || gdb_server_flooded(g)) {
        gdb_server_leave(g);
        gdb_server_attach(g);
    }
}

static void say_raw(struct gdb_server *g, const uint8_t *data, size_t size)
{
    /* In pieces of any length. */
    for (size_t at = 0, n; at < size; at += n) {
        n = MIN(size - at, 1u + data[at] % 64u);
        gdb_server_input(g, data + at, n);
        after(g);
    }
}

static void say_packets(struct gdb_server *g, const uint8_t *data, size_t size)
{
    struct gdb_packets p;
    gdb_packets_init(&p);
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - (data + at)) : size - at;
        gdb_packets_send(&p, (const char *)data + at, len);
        gdb_server_input(g, p.out->data, p.out->len);
        g_byte_array_set_size(p.out, 0);
        after(g);
        at += len + 1;
    }
    gdb_packets_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!machine.m)
        raw_machine_make(&machine, code, sizeof code);
    if (size < 1 || size > 16384)
        return 0;
    raw_machine_restart(&machine);
    ring1_debugger *d = ring1_debugger_new(machine.m, NULL, NULL);
    struct gdb_server *g = gdb_server_new("/image", NULL, NULL);
    gdb_server_set(g, d, data[0] & 2);
    gdb_server_attach(g);
    if (data[0] & 1)
        say_packets(g, data + 1, size - 1);
    else
        say_raw(g, data + 1, size - 1);
    gdb_server_leave(g);
    gdb_server_set(g, NULL, false);
    gdb_server_free(g);
    ring1_debugger_free(d);
    return 0;
}
