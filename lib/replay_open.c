/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_open.c - a record is opened: who wrote it, and what it says beside its machines.
 */
#include "replay_priv.h"

#include <stdarg.h>
#include <stdlib.h>

static void add_warning(ring1_replay *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_warning(ring1_replay *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    char *both = r->warning ? g_strconcat(r->warning, "; ", text, NULL) : g_strdup(text);
    g_free(r->warning);
    r->warning = both;
}

static bool check_writer(ring1_replay *r, const char *path, GError **error)
{
    const char *runs = record_value(r->reader, -1, "runs"), *engine = record_value(r->reader, -1, "engine");
    const char *ring1 = record_value(r->reader, -1, "ring1");
    g_autofree char *own = g_strdup_printf("%u", RECORD_RUNS), *own_engine = cpu_engine_version();
    if (g_strcmp0(runs, own) != 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                    "record %s: written by ring1 %s, which ran guests in way %s; this is way %s", path,
                    ring1 ? ring1 : "?", runs ? runs : "?", own);
        return false;
    }
    if (g_strcmp0(engine, own_engine) != 0)
        add_warning(r, "it was recorded with %s, this is %s", engine ? engine : "an unknown CPU engine",
                    own_engine);
    if (record_is_cut(r->reader))
        add_warning(r, "it was cut: how the run ended is not known");
    return true;
}

ring1_replay *replay_new(struct record_reader *reader)
{
    ring1_replay *r = g_new0(ring1_replay, 1);
    r->reader = reader;
    r->host = r->own_host = ring1_host_new();
    return r;
}

static ring1_replay *open_reader(struct record_reader *reader, const char *name, GError **error)
{
    if (!reader)
        return NULL;
    ring1_replay *r = replay_new(reader);
    if (check_writer(r, name, error))
        return r;
    ring1_replay_free(r);
    return NULL;
}

ring1_replay *ring1_replay_open(const char *path, GError **error)
{
    return open_reader(record_reader_new(path, error), path, error);
}

ring1_replay *ring1_replay_open_fd(int fd, const char *name, GError **error)
{
    return open_reader(record_reader_take_fd(name, fd, error), name, error);
}

void ring1_replay_use_host(ring1_replay *r, ring1_host *host)
{
    r->host = host;
}

void ring1_replay_free(ring1_replay *r)
{
    if (!r)
        return;
    ring1_machine_free(r->m);
    replay_position_clear(&r->p);
    g_clear_pointer(&r->reader, record_reader_free);
    g_clear_error(&r->diverged);
    g_free(r->warning);
    ring1_host_free(r->own_host);
    g_free(r);
}

struct record_reader *replay_reader(ring1_replay *r)
{
    return r->reader;
}

const char *ring1_replay_warning(const ring1_replay *r)
{
    return r->warning;
}

bool ring1_replay_has_next(const ring1_replay *r)
{
    return r->machine + (r->m ? 1 : 0) < record_nr_machines(r->reader);
}

const char *ring1_replay_image(const ring1_replay *r)
{
    const char *name = record_value(r->reader, (int)r->machine, "image_name");
    return name ? name : "recorded";
}

ring1_machine *ring1_replay_machine(ring1_replay *r)
{
    return r->m;
}

bool ring1_replay_result(const ring1_replay *r, int *status, const char **text)
{
    const char *value = record_value(r->reader, -2, "status");
    if (text)
        *text = record_value(r->reader, -2, "text");
    *status = value ? atoi(value) & 0xFF : 0;
    return value != NULL;
}
