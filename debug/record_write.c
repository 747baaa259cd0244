/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_write.c - see record_write.h.
 */
#include "record_write.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Events are written when there are so many bytes of them. */
#define GATHERED    (64u << 10)
#define LEVEL       3
#define EVENTS_HEAD 16u /* of a chunk's: time, calls */
#define BLOB_HEAD   (RECORD_SHA256 + 16u)

struct record_writer {
    int fd;
    char *path;
    GError *error;
    uint32_t serial;
    GArray *chunks;     /* uint64_t: where each begins in the file */
    uint64_t size;      /* of the file */
    GByteArray *events; /* of the chunk to come */
    uint64_t time, calls;
    gint64 written; /* when, of the host's monotonic clock, in us */
    GHashTable *blobs;
    ZSTD_CCtx *zstd;
    uint8_t *packed;
};

static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t checksum(const void *bytes, size_t len)
{
    return (uint32_t)crc32(0, bytes, (uInt)len);
}

static void write_bytes(struct record_writer *w, const uint8_t *bytes, size_t len)
{
    while (len > 0 && !w->error) {
        ssize_t n = write(w->fd, bytes, len);
        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            g_set_error(&w->error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", w->path,
                        g_strerror(errno));
        }
    }
}

/* --- chunks ----------------------------------------------------------------------- */

static void write_chunk(struct record_writer *w, enum record_chunk kind, const void *bytes, size_t len)
{
    if (w->error)
        return;
    uint8_t *head = w->packed;
    size_t stored = ZSTD_compressCCtx(w->zstd, head + RECORD_CHUNK, ZSTD_compressBound(RECORD_RAW_MAX), bytes,
                                      len, LEVEL);
    if (ZSTD_isError(stored)) {
        g_set_error(&w->error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", w->path,
                    ZSTD_getErrorName(stored));
        return;
    }
    put32(head, kind);
    put32(head + 4, w->serial++);
    put32(head + 8, (uint32_t)len);
    put32(head + 12, (uint32_t)stored);
    put32(head + 16, checksum(head + RECORD_CHUNK, stored));
    put32(head + 20, checksum(head, 20));
    g_array_append_val(w->chunks, w->size);
    w->size += RECORD_CHUNK + stored;
    write_bytes(w, head, RECORD_CHUNK + stored); /* as one write: a crash leaves all or a part of one */
}

/* A chunk of events begins with where it stands, so that it can be read alone. */
static void begin_events(struct record_writer *w)
{
    uint8_t head[EVENTS_HEAD];
    put64(head, w->time);
    put64(head + 8, w->calls);
    g_byte_array_set_size(w->events, 0);
    g_byte_array_append(w->events, head, sizeof head);
}

static void write_events(struct record_writer *w)
{
    if (w->events->len <= EVENTS_HEAD)
        return;
    write_chunk(w, RECORD_EVENTS, w->events->data, w->events->len);
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
    if (len > RECORD_RAW_MAX && !w->error)
        g_set_error(&w->error, RING1_ERROR, RING1_ERROR_HOST, "record %s: a command line of %zu bytes",
                    w->path, len);
    write_chunk(w, kind, text, len);
    if (kind == RECORD_MACHINE) {
        w->time = w->calls = 0;
        begin_events(w);
    }
}

char *record_write_blob(struct record_writer *w, const void *bytes, size_t len)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t *piece = g_malloc(RECORD_RAW_MAX);
    gsize size = RECORD_SHA256;
    write_events(w);
    g_checksum_update(sum, bytes, (gssize)len);
    char *name = g_strdup(g_checksum_get_string(sum));
    g_checksum_get_digest(sum, piece, &size);
    put64(piece + RECORD_SHA256, len);
    if (g_hash_table_add(w->blobs, g_strdup(name))) {
        size_t done = 0;
        do {
            size_t n = MIN(len - done, RECORD_RAW_MAX - BLOB_HEAD);
            put64(piece + RECORD_SHA256 + 8, done);
            memcpy(piece + BLOB_HEAD, (const uint8_t *)bytes + done, n);
            write_chunk(w, RECORD_BLOB, piece, BLOB_HEAD + n);
            done += n;
        } while (done < len);
    }
    g_free(piece);
    return name;
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
        put64(sum, e->value);
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
        g_byte_array_append(w->events, e->bytes, RECORD_SHA256);
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
    return (struct record_place){w->serial, w->events->len, w->time, w->calls};
}

static void fail_cut(struct record_writer *w, const char *why)
{
    if (!w->error)
        g_set_error(&w->error, RING1_ERROR, RING1_ERROR_HOST, "record %s: it cannot be cut: %s", w->path,
                    why);
}

/* A chunk's contents become what is gathered. */
static void take_back(struct record_writer *w, uint64_t from, uint64_t to)
{
    size_t len = (size_t)(to - from);
    g_autofree uint8_t *stored = g_malloc(len);
    g_byte_array_set_size(w->events, RECORD_RAW_MAX);
    size_t n = 0;
    if (len <= RECORD_CHUNK || pread(w->fd, stored, len, (off_t)from) != (ssize_t)len ||
        ZSTD_isError(
            n = ZSTD_decompress(w->events->data, RECORD_RAW_MAX, stored + RECORD_CHUNK, len - RECORD_CHUNK)))
        fail_cut(w, "a chunk cannot be read again");
    g_byte_array_set_size(w->events, (guint)n);
}

void record_write_cut(struct record_writer *w, const struct record_place *place)
{
    if (w->error)
        return;
    if (place->index < w->serial) {
        uint64_t from = g_array_index(w->chunks, uint64_t, place->index);
        uint64_t to =
            place->index + 1 < w->serial ? g_array_index(w->chunks, uint64_t, place->index + 1) : w->size;
        take_back(w, from, to);
        if (ftruncate(w->fd, (off_t)from) != 0 || lseek(w->fd, (off_t)from, SEEK_SET) < 0)
            fail_cut(w, g_strerror(errno));
        w->size = from;
        w->serial = place->index;
        g_array_set_size(w->chunks, place->index);
    }
    w->time = place->time;
    w->calls = place->calls;
    if (place->at <= EVENTS_HEAD)
        begin_events(w);
    else
        g_byte_array_set_size(w->events, MIN(w->events->len, (guint)place->at));
}

/* --- the file ---------------------------------------------------------------------- */

const GError *record_writer_error(const struct record_writer *w)
{
    return w->error;
}

struct record_writer *record_writer_new(const char *path, GError **error)
{
    uint8_t head[RECORD_HEAD] = RECORD_MAGIC;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", path, g_strerror(errno));
        return NULL;
    }
    struct record_writer *w = g_new0(struct record_writer, 1);
    w->fd = fd;
    w->path = g_strdup(path);
    w->events = g_byte_array_new();
    w->chunks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    w->size = RECORD_HEAD;
    w->blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    w->zstd = ZSTD_createCCtx();
    w->packed = g_malloc(RECORD_CHUNK + ZSTD_compressBound(RECORD_RAW_MAX));
    w->written = g_get_monotonic_time();
    begin_events(w);
    put32(head + 8, RECORD_VERSION);
    put32(head + 12, checksum(head, 12));
    write_bytes(w, head, sizeof head);
    return w;
}

void record_writer_free(struct record_writer *w)
{
    if (!w)
        return;
    write_events(w);
    close(w->fd);
    g_clear_error(&w->error);
    g_byte_array_unref(w->events);
    g_array_unref(w->chunks);
    g_hash_table_unref(w->blobs);
    ZSTD_freeCCtx(w->zstd);
    g_free(w->packed);
    g_free(w->path);
    g_free(w);
}
