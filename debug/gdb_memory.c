/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_memory.c - memory as the client sees it: linear addresses, through the page tables
 * of the vcpu that it looks at. What can be read of a range is given, from its start on.
 */
#include "gdb_priv.h"

/* Of one read: twice as much in hexadecimal. */
#define READ_MAX (GDB_PACKET_MAX / 2)

/* "ADDRESS,LENGTH" */
static bool parse(const char **args, uint32_t *va, uint32_t *len)
{
    return gdb_get_u32(args, va) && gdb_get_char(args, ',') && gdb_get_u32(args, len);
}

static void cannot(struct gdb_server *g, const char *what, uint32_t va)
{
    gdb_error(g, "cannot %s memory at 0x%08x", what, va);
}

/* Of `len` bytes at `va`: how many there are. False: an error was sent. */
static bool read_some(struct gdb_server *g, const char *args, uint8_t bytes[static READ_MAX], uint32_t *nr)
{
    uint32_t va, len;
    if (!parse(&args, &va, &len) || *args) {
        gdb_error(g, "a read is ADDRESS,LENGTH");
        return false;
    }
    len = MIN(len, READ_MAX);
    if (len > 0 && va > UINT32_MAX - (len - 1))
        len = UINT32_MAX - va + 1;
    *nr = len ? ring1_debugger_read(g->debugger, g->vcpu, va, bytes, len) : 0;
    if (*nr > 0 || len == 0)
        return true;
    cannot(g, "read", va);
    return false;
}

void gdb_read_memory(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    uint8_t bytes[READ_MAX];
    uint32_t nr;
    if (!read_some(g, args, bytes, &nr))
        return;
    g_autoptr(GString) s = g_string_sized_new(2 * nr);
    gdb_put_hex(s, bytes, nr);
    gdb_reply_string(g, s);
}

void gdb_read_memory_binary(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    uint8_t bytes[READ_MAX];
    uint32_t nr;
    if (!read_some(g, args, bytes, &nr))
        return;
    g_autoptr(GString) s = g_string_new("b");
    gdb_put_binary(s, bytes, nr, GDB_PACKET_MAX - 1);
    gdb_reply_string(g, s);
}

static void write_bytes(struct gdb_server *g, uint32_t va, const void *bytes, uint32_t len)
{
    g_autoptr(GError) error = NULL;
    if (len == 0)
        gdb_reply(g, "OK");
    else if (va > UINT32_MAX - (len - 1))
        cannot(g, "write", va);
    else if (ring1_debugger_write(g->debugger, g->vcpu, va, bytes, len, &error))
        gdb_reply(g, "OK");
    else
        gdb_error_shown(g, "%s", error->message);
}

void gdb_write_memory(struct gdb_server *g, const char *args, size_t len)
{
    uint32_t va, nr;
    if (!parse(&args, &va, &nr) || !gdb_get_char(&args, ':') || nr > len / 2) {
        gdb_error(g, "a write is ADDRESS,LENGTH:BYTES");
        return;
    }
    g_autofree uint8_t *bytes = g_malloc(nr + 1);
    if (!gdb_get_bytes(&args, bytes, nr) || *args)
        gdb_error(g, "a write's bytes are not as many as its length");
    else
        write_bytes(g, va, bytes, nr);
}

void gdb_write_memory_binary(struct gdb_server *g, const char *args, size_t len)
{
    const char *end = args + len;
    uint32_t va, nr;
    if (!parse(&args, &va, &nr) || !gdb_get_char(&args, ':'))
        gdb_error(g, "a write is ADDRESS,LENGTH:BYTES");
    else if (nr != (size_t)(end - args))
        gdb_error(g, "a write's bytes are not as many as its length");
    else
        write_bytes(g, va, args, nr);
}
