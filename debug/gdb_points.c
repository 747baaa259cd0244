/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_points.c - Z and z: breakpoints and watchpoints. A debugger's are neither in the guest's
 * memory nor in its debug registers, so that software and hardware breakpoints
 * differ in name alone; the table here says by which one the client asked.
 */
#include "gdb_priv.h"

static const enum ring1_watch_kind watch_kind[GDB_NR_KINDS] = {
    [GDB_WRITE] = RING1_WATCH_WRITE,
    [GDB_READ] = RING1_WATCH_READ,
    [GDB_ACCESS] = RING1_WATCH_ACCESS,
};

static bool is_watch(enum gdb_point_kind kind)
{
    return kind >= GDB_WRITE;
}

static struct gdb_point *point_at(const struct gdb_server *g, guint i)
{
    return &g_array_index(g->points, struct gdb_point, i);
}

/* The first of this kind there; `size` alone counts for watchpoints. Returns g->points->len: none. */
static guint find(const struct gdb_server *g, const struct gdb_point *p)
{
    guint i = 0;
    while (i < g->points->len) {
        const struct gdb_point *q = point_at(g, i);
        if (q->kind == p->kind && q->address == p->address && q->size == p->size)
            break;
        i++;
    }
    return i;
}

bool gdb_has_point(const struct gdb_server *g, enum gdb_point_kind kind, uint32_t address)
{
    return find(g, &(struct gdb_point){.kind = kind, .address = address}) < g->points->len;
}

static bool set(struct gdb_server *g, const struct gdb_point *p, GError **error)
{
    if (is_watch(p->kind))
        return ring1_debugger_watch(g->debugger, p->address, p->size, watch_kind[p->kind], error);
    ring1_debugger_break(g->debugger, p->address);
    return true;
}

/* What another point still needs stays. */
static void unset(struct gdb_server *g, const struct gdb_point *p)
{
    if (is_watch(p->kind)) {
        ring1_debugger_unwatch(g->debugger, p->address, p->size, watch_kind[p->kind]);
        return;
    }
    if (!gdb_has_point(g, GDB_SOFTWARE, p->address) && !gdb_has_point(g, GDB_HARDWARE, p->address))
        ring1_debugger_unbreak(g->debugger, p->address);
}

/* "KIND,ADDRESS,SIZE", and no conditions. */
static bool parse(struct gdb_server *g, const char *args, struct gdb_point *p)
{
    uint64_t kind;
    uint32_t size;
    if (!gdb_get_number(&args, UINT32_MAX, &kind) || !gdb_get_char(&args, ',') ||
        !gdb_get_u32(&args, &p->address) || !gdb_get_char(&args, ',') || !gdb_get_u32(&args, &size) ||
        *args) {
        gdb_error(g, "a breakpoint is KIND,ADDRESS,SIZE");
        return false;
    }
    if (kind >= GDB_NR_KINDS) {
        gdb_reply(g, "");
        return false;
    }
    p->kind = (enum gdb_point_kind)kind;
    p->size = is_watch(p->kind) ? size : 0;
    if (!is_watch(p->kind) || (size >= 1 && size <= 4096))
        return true;
    gdb_error_shown(g, "a watchpoint is on 1 to 4096 bytes, not %u", size);
    return false;
}

void gdb_insert_point(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct gdb_point p;
    g_autoptr(GError) error = NULL;
    if (!parse(g, args, &p))
        return;
    if (find(g, &p) < g->points->len) {
        gdb_reply(g, "OK");
    } else if (g->points->len >= GDB_POINTS_MAX) {
        gdb_error_shown(g, "there are %u breakpoints", GDB_POINTS_MAX);
    } else if (!set(g, &p, &error)) {
        gdb_error_shown(g, "%s", error->message);
    } else {
        g_array_append_val(g->points, p);
        gdb_reply(g, "OK");
    }
}

void gdb_remove_point(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct gdb_point p;
    if (!parse(g, args, &p))
        return;
    guint i = find(g, &p);
    if (i < g->points->len) {
        g_array_remove_index_fast(g->points, i);
        unset(g, &p);
    }
    gdb_reply(g, "OK");
}

void gdb_set_points(struct gdb_server *g)
{
    for (guint i = 0; i < g->points->len; i++)
        set(g, point_at(g, i), NULL);
}

void gdb_unset_points(struct gdb_server *g)
{
    while (g->points->len > 0) {
        struct gdb_point p = *point_at(g, g->points->len - 1);
        g_array_set_size(g->points, g->points->len - 1);
        unset(g, &p);
    }
}
