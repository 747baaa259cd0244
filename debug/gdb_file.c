/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_file.c - what the client reads in pieces: objects of qXfer, and by vFile the one file
 * that there is, the guest's image as an ELF file.
 */
#include "gdb_priv.h"

#include <string.h>

/* gdb's own numbers of errors. */
enum { FILE_ENOENT = 2, FILE_EBADF = 9, FILE_EINVAL = 22, FILE_EMFILE = 24, FILE_EROFS = 30 };
/* Flags of open: anything that writes. */
#define OPEN_WRITES (1u | 2u | 8u | 0x200u | 0x400u)

/* --- qXfer ------------------------------------------------------------------------------------------ */

static void put_target(struct gdb_server *g, GString *to)
{
    gdb_describe_target(g, to);
}

static void put_image_name(struct gdb_server *g, GString *to)
{
    g_string_append(to, g->image);
}

static const struct {
    const char *object, *annex;
    void (*put)(struct gdb_server *g, GString *to);
} objects[] = {
    {"features", "target.xml", put_target},
    {"memory-map", "", gdb_describe_memory},
    {"threads", "", gdb_describe_threads},
    {"exec-file", NULL, put_image_name}, /* the annex is a process */
};

/* Made anew when it is read from the start: the parts of one reading fit together. */
static void send_object(struct gdb_server *g, size_t i, uint32_t offset, uint32_t len)
{
    if (offset == 0 || g_strcmp0(g->object_name, objects[i].object) != 0) {
        g_string_truncate(g->object, 0);
        objects[i].put(g, g->object);
        g_free(g->object_name);
        g->object_name = g_strdup(objects[i].object);
    }
    size_t from = MIN(offset, g->object->len), left = g->object->len - from;
    g_autoptr(GString) s = g_string_new("m");
    size_t sent = gdb_put_binary(s, g->object->str + from, MIN(left, len), GDB_PACKET_MAX - 1);
    if (sent == left)
        s->str[0] = 'l';
    gdb_reply_string(g, s);
}

/* "OBJECT:read:ANNEX:OFFSET,LENGTH" */
void gdb_transfer(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    g_auto(GStrv) part = g_strsplit(args, ":", 4);
    uint32_t offset, nr;
    if (g_strv_length(part) != 4 || strcmp(part[1], "read") != 0) {
        gdb_reply(g, "");
        return;
    }
    const char *range = part[3];
    if (!gdb_get_u32(&range, &offset) || !gdb_get_char(&range, ',') || !gdb_get_u32(&range, &nr) || *range) {
        gdb_error(g, "qXfer: a range is OFFSET,LENGTH");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
        if (strcmp(part[0], objects[i].object) != 0 || (objects[i].put == put_image_name && !g->image))
            continue;
        if (objects[i].annex && strcmp(part[2], objects[i].annex) != 0)
            gdb_error(g, "there is no such annex");
        else
            send_object(g, i, offset, nr);
        return;
    }
    gdb_reply(g, "");
}

/* --- vFile ------------------------------------------------------------------------------------------ */

static const uint8_t *image_bytes(struct gdb_server *g, size_t *len)
{
    return ring1_machine_elf(ring1_debugger_machine(g->debugger), len);
}

static void fail(struct gdb_server *g, unsigned why)
{
    g_autofree char *reply = g_strdup_printf("F-1,%x", why);
    gdb_reply(g, reply);
}

static void succeed(struct gdb_server *g, unsigned result)
{
    g_autofree char *reply = g_strdup_printf("F%x", result);
    gdb_reply(g, reply);
}

static void set_file_system(struct gdb_server *g, G_GNUC_UNUSED const char *args)
{
    succeed(g, 0);
}

/* "NAME,FLAGS,MODE" */
static void open_file(struct gdb_server *g, const char *args)
{
    g_autofree char *name = gdb_get_text(&args);
    uint32_t flags, mode;
    unsigned fd = 0;
    size_t len;
    if (!name || !gdb_get_char(&args, ',') || !gdb_get_u32(&args, &flags) || !gdb_get_char(&args, ',') ||
        !gdb_get_u32(&args, &mode)) {
        fail(g, FILE_EINVAL);
        return;
    }
    while (fd < GDB_FILES_MAX && g->file_open[fd])
        fd++;
    if (g_strcmp0(name, g->image) != 0 || !image_bytes(g, &len)) {
        fail(g, FILE_ENOENT);
    } else if (flags & OPEN_WRITES) {
        fail(g, FILE_EROFS);
    } else if (fd == GDB_FILES_MAX) {
        fail(g, FILE_EMFILE);
    } else {
        g->file_open[fd] = true;
        succeed(g, fd);
    }
}

/* False: there is no such file, and the client knows. */
static bool get_file(struct gdb_server *g, const char **args, uint32_t *fd)
{
    if (gdb_get_u32(args, fd) && *fd < GDB_FILES_MAX && g->file_open[*fd])
        return true;
    fail(g, FILE_EBADF);
    return false;
}

static void close_file(struct gdb_server *g, const char *args)
{
    uint32_t fd;
    if (!get_file(g, &args, &fd))
        return;
    g->file_open[fd] = false;
    succeed(g, 0);
}

/* "F" LENGTH ";" BYTES; as many as fit, whatever has to be escaped. */
static void send_bytes(struct gdb_server *g, const void *bytes, size_t len)
{
    g_autoptr(GString) data = g_string_new(NULL), reply = g_string_new(NULL);
    size_t sent = gdb_put_binary(data, bytes, len, GDB_PACKET_MAX - 16);
    g_string_printf(reply, "F%zx;", sent);
    g_string_append_len(reply, data->str, (gssize)data->len);
    gdb_reply_string(g, reply);
}

/* "FD,COUNT,OFFSET" */
static void read_file(struct gdb_server *g, const char *args)
{
    uint32_t fd, count;
    uint64_t offset;
    size_t len;
    if (!get_file(g, &args, &fd))
        return;
    if (!gdb_get_char(&args, ',') || !gdb_get_u32(&args, &count) || !gdb_get_char(&args, ',') ||
        !gdb_get_number(&args, INT64_MAX, &offset)) {
        fail(g, FILE_EINVAL);
        return;
    }
    const uint8_t *image = image_bytes(g, &len);
    size_t from = image ? (size_t)MIN(offset, len) : 0;
    send_bytes(g, image ? image + from : NULL, image ? MIN(len - from, count) : 0);
}

static void put_big_endian(uint8_t *to, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

/* gdb's struct stat: 64 bytes. */
static void stat_file(struct gdb_server *g, const char *args)
{
    uint8_t stat[64] = {0};
    uint32_t fd;
    size_t len = 0;
    if (!get_file(g, &args, &fd))
        return;
    image_bytes(g, &len);
    put_big_endian(stat + 8, 0100444, 4); /* st_mode: a file to be read */
    put_big_endian(stat + 12, 1, 4);      /* st_nlink */
    put_big_endian(stat + 28, len, 8);    /* st_size */
    put_big_endian(stat + 36, 512, 8);    /* st_blksize */
    put_big_endian(stat + 44, (len + 511) / 512, 8);
    send_bytes(g, stat, sizeof stat);
}

static const struct {
    const char *name;
    void (*fn)(struct gdb_server *g, const char *args);
} operations[] = {
    {"close:", close_file}, {"fstat:", stat_file},       {"open:", open_file},
    {"pread:", read_file},  {"setfs:", set_file_system},
};

void gdb_file(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (!g_str_has_prefix(args, operations[i].name))
            continue;
        operations[i].fn(g, args + strlen(operations[i].name));
        return;
    }
    gdb_reply(g, "");
}
