/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_write.c - see record_write.h.
 */
#include "record_write.h"

#include "chunks.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <string.h>
#include <unistd.h>

/* Events are written when there are so many bytes of them. */
#define GATHERED (64u << 10)

const struct chunk_file record_file = {
    .word = "record", .magic = "ring1rec", .version = 2, .oldest = 1, .level = 3};

struct record_writer {
    int fd;
    char *path;
    struct chunk_writer *file;
    GByteArray *events; /* of the chunk to come */
    uint64_t time, calls;
    gint64 written; /* when, of the host's monotonic clock, in us */
};

/* --- chunks ----------------------------------------------------------------------- */

/* A chunk of events begins with where it stands, so that it can be read alone. */
static void begin_events(struct record_writer *w)
{
    uint8_t head[RECORD_EVENTS_HEAD];
    chunk_put64(head, w->time);
    chunk_put64(head + 8, w->calls);
    g_byte_array_set_size(w->events, 0);
    g_byte_array_append(w->events, head, sizeof head);
}

static void write_events(struct record_writer *w)
{
    if (w->events->len <= RECORD_EVENTS_HEAD)
        return;
    chunk_write(w->file, RECORD_EVENTS, w->events->data, w->events->len);
    begin_events(w);
    w->written = g_get_monotonic_time();
}

bool record_write_due(const struct record_writer *w, unsigned ms)
{
    return ms == 0 || g_get_monotonic_time() - w->written >= (gint64)ms * 1000;
}

void record_write_flush(struct record_writer *w, unsigned ms)
{
    if (record_write_due(w, ms))
        write_events(w);
}

void record_write_text(struct record_writer *w, enum record_chunk kind, const char *text)
{
    write_events(w);
    size_t len = strlen(text);
    if (len > CHUNK_RAW_MAX)
        chunk_writer_fail(w->file, "a command line of %zu bytes", len);
    chunk_write(w->file, kind, text, len);
    if (kind == RECORD_MACHINE) {
        w->time = w->calls = 0;
        begin_events(w);
    }
}

char *record_write_blob(struct record_writer *w, const void *bytes, size_t len)
{
    write_events(w);
    return chunk_write_blob(w->file, RECORD_BLOB, bytes, len);
}

/* --- events ------------------------------------------------------------------------ */

static void add_byte(struct record_writer *w, unsigned byte)
{
    g_byte_array_append(w->events, &(guint8){(guint8)byte}, 1);
}

static void add_number(struct record_writer *w, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        add_byte(w, (unsigned)(v & 0x7F) | 0x80u);
    add_byte(w, (unsigned)v);
}

static void add_time(struct record_writer *w, uint64_t time)
{
    add_number(w, time - w->time);
    w->time = time;
}

static void add_calls(struct record_writer *w, uint64_t calls)
{
    add_number(w, calls - w->calls);
    w->calls = calls;
}

static void add_bytes(struct record_writer *w, const struct record_event *e)
{
    add_number(w, e->value);
    add_number(w, e->len);
    g_byte_array_append(w->events, e->bytes, (guint)e->len);
}

void record_write_event(struct record_writer *w, const struct record_event *e)
{
    uint8_t sum[8];
    if (w->events->len + e->len > GATHERED)
        write_events(w);
    add_byte(w, e->op);
    switch (e->op) {
    case RECORD_STOP:
        add_time(w, e->time);
        add_byte(w, e->stop);
        if (e->stop == RECORD_EXACT) {
            add_calls(w, e->calls);
            add_number(w, e->entry);
        }
        break;
    case RECORD_INPUT:
    case RECORD_DATA:
        add_bytes(w, e);
        break;
    case RECORD_ADVANCE:
    case RECORD_RESUME:
        add_number(w, e->value);
        break;
    case RECORD_MARK:
        add_time(w, e->time);
        add_calls(w, e->calls);
        chunk_put64(sum, e->value);
        g_byte_array_append(w->events, sum, sizeof sum);
        break;
    case RECORD_ANSWER:
        add_calls(w, e->calls);
        add_number(w, e->answer.turn);
        add_number(w, e->answer.entry);
        add_byte(w, e->answer.answered);
        add_number(w, e->answer.result);
        add_number(w, e->answer.work);
        break;
    case RECORD_FINISH:
        add_byte(w, e->reason);
        add_number(w, e->value);
        g_byte_array_append(w->events, e->bytes, CHUNK_SHA256);
        break;
    case RECORD_CANCEL:
    case RECORD_FLUSH:
    case RECORD_NR_OPS:
        break;
    }
}

/* --- places ------------------------------------------------------------------------ */

int record_writer_fd(const struct record_writer *w)
{
    return w->fd;
}

const char *record_writer_path(const struct record_writer *w)
{
    return w->path;
}

struct record_place record_writer_place(const struct record_writer *w)
{
    return (struct record_place){chunk_writer_count(w->file), w->events->len, w->time, w->calls};
}

void record_write_cut(struct record_writer *w, const struct record_place *place)
{
    if (chunk_writer_error(w->file))
        return;
    if (place->index < chunk_writer_count(w->file))
        chunk_writer_cut(w->file, place->index, w->events);
    w->time = place->time;
    w->calls = place->calls;
    if (place->at <= RECORD_EVENTS_HEAD)
        begin_events(w);
    else
        g_byte_array_set_size(w->events, MIN(w->events->len, (guint)place->at));
}

/* --- the file ---------------------------------------------------------------------- */

const GError *record_writer_error(const struct record_writer *w)
{
    return chunk_writer_error(w->file);
}

struct record_writer *record_writer_new(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", path, g_strerror(errno));
        return NULL;
    }
    struct record_writer *w = g_new0(struct record_writer, 1);
    w->fd = fd;
    w->path = g_strdup(path);
    w->file = chunk_writer_new_fd(&record_file, path, fd);
    w->events = g_byte_array_new();
    w->written = g_get_monotonic_time();
    begin_events(w);
    return w;
}

void record_writer_free(struct record_writer *w)
{
    if (!w)
        return;
    write_events(w);
    chunk_writer_free(w->file);
    close(w->fd);
    g_byte_array_unref(w->events);
    g_free(w->path);
    g_free(w);
}
