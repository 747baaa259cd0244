/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_read.c - see record_read.h.
 */
#include "record_read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define BLOB_HEAD   (RECORD_SHA256 + 16u)
#define NO_MACHINE  UINT_MAX
#define EVENTS_HEAD 16u

struct chunk {
    uint64_t offset; /* of its contents in the file */
    uint32_t kind, raw, stored;
    unsigned machine;
};

struct record_reader {
    char *name;
    int fd; /* -1: bytes */
    const uint8_t *bytes;
    uint64_t size;
    GArray *chunks;      /* struct chunk */
    GPtrArray *machines; /* GHashTable: key, value */
    GHashTable *about, *end;
    bool cut;
    uint64_t offset; /* up to where it was looked through */
};

static bool refuse(const struct record_reader *r, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static bool refuse(const struct record_reader *r, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "record %s: %s", r->name, text);
    return false;
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint32_t checksum(const void *bytes, size_t len)
{
    return (uint32_t)crc32(0, bytes, (uInt)len);
}

/* --- the file ---------------------------------------------------------------------- */

static bool read_at(const struct record_reader *r, uint64_t offset, void *to, size_t len, GError **error)
{
    if (offset > r->size || len > r->size - offset)
        return refuse(r, error, "is shorter than it was");
    if (r->fd < 0) {
        memcpy(to, r->bytes + offset, len);
        return true;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(r->fd, (uint8_t *)to + done, len - done, (off_t)(offset + done));
        if (n == 0)
            return refuse(r, error, "is shorter than it was");
        if (n < 0 && errno != EINTR) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", r->name, g_strerror(errno));
            return false;
        }
        if (n > 0)
            done += (size_t)n;
    }
    return true;
}

static GBytes *unpack(struct record_reader *r, const struct chunk *c, GError **error)
{
    g_autofree uint8_t *stored = g_malloc(c->stored + 1u), *raw = g_malloc(c->raw + 1u);
    if (!read_at(r, c->offset, stored, c->stored, error))
        return NULL;
    size_t n = ZSTD_decompress(raw, c->raw, stored, c->stored);
    if (ZSTD_isError(n) || n != c->raw) {
        refuse(r, error, "the chunk at byte %" PRIu64 " cannot be unpacked: %s", c->offset - RECORD_CHUNK,
               ZSTD_isError(n) ? ZSTD_getErrorName(n) : "its length is another");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&raw), c->raw);
}

static GHashTable *parse_text(const char *text, size_t len)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *equals = strchr(*line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        char *value = equals + 1;
        size_t end = strlen(value), slashes = 0;
        while (slashes < end && value[end - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2)
            value[end - 1] = '\0'; /* it would escape nothing */
        g_hash_table_replace(table, g_strdup(*line), g_strcompress(value));
    }
    return table;
}

/* In which order chunks may come. */
static bool place_chunk(struct record_reader *r, struct chunk *c, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    bool is_text = c->kind == RECORD_ABOUT || c->kind == RECORD_MACHINE || c->kind == RECORD_END;
    uint64_t at = c->offset - RECORD_CHUNK;
    if (c->kind < RECORD_ABOUT || c->kind > RECORD_END)
        return refuse(r, error, "the chunk at byte %" PRIu64 " is of kind %u, which is not known", at,
                      c->kind);
    if ((c->kind == RECORD_ABOUT) != (r->chunks->len == 0))
        return refuse(r, error, "the chunk at byte %" PRIu64 " is out of order", at);
    if (r->end)
        return refuse(r, error, "goes on behind its end, at byte %" PRIu64, at);
    if (c->kind == RECORD_EVENTS && r->machines->len == 0)
        return refuse(r, error, "events before there is a machine, at byte %" PRIu64, at);
    if (is_text && !(text = unpack(r, c, error)))
        return false;
    GHashTable *table = text ? parse_text(g_bytes_get_data(text, NULL), c->raw) : NULL;
    if (c->kind == RECORD_ABOUT)
        r->about = table;
    else if (c->kind == RECORD_MACHINE)
        g_ptr_array_add(r->machines, table);
    else if (c->kind == RECORD_END)
        r->end = table;
    c->machine = r->machines->len - 1u;
    g_array_append_val(r->chunks, *c);
    return true;
}

/* Checksums of all of a chunk. True and `r->cut`: the file ends within it. */
static bool read_chunk(struct record_reader *r, uint64_t *offset, uint8_t *buffer, GError **error)
{
    uint8_t head[RECORD_CHUNK];
    if (r->size - *offset < sizeof head) {
        r->cut = true;
        return true;
    }
    if (!read_at(r, *offset, head, sizeof head, error))
        return false;
    if (checksum(head, 20) != get32(head + 20))
        return refuse(r, error, "is damaged at byte %" PRIu64 ": a chunk's head has another checksum",
                      *offset);
    struct chunk c = {.offset = *offset + RECORD_CHUNK,
                      .kind = get32(head),
                      .raw = get32(head + 8),
                      .stored = get32(head + 12)};
    if (get32(head + 4) != r->chunks->len)
        return refuse(r, error, "is damaged at byte %" PRIu64 ": chunk %u stands in the place of %u", *offset,
                      get32(head + 4), r->chunks->len);
    if (c.raw > RECORD_RAW_MAX || c.stored > ZSTD_compressBound(RECORD_RAW_MAX))
        return refuse(r, error, "the chunk at byte %" PRIu64 " is larger than chunks are", *offset);
    if (r->size - c.offset < c.stored) {
        r->cut = true;
        return true;
    }
    if (!read_at(r, c.offset, buffer, c.stored, error))
        return false;
    if (checksum(buffer, c.stored) != get32(head + 16))
        return refuse(r, error, "is damaged at byte %" PRIu64 ": a chunk has another checksum", *offset);
    *offset = c.offset + c.stored;
    return place_chunk(r, &c, error);
}

static bool read_chunks(struct record_reader *r, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(ZSTD_compressBound(RECORD_RAW_MAX));
    r->cut = false;
    while (r->offset < r->size && !r->cut)
        if (!read_chunk(r, &r->offset, buffer, error))
            return false;
    r->cut |= !r->end;
    return true;
}

static bool read_file(struct record_reader *r, GError **error)
{
    uint8_t head[RECORD_HEAD];
    if (r->size < sizeof head)
        return refuse(r, error, "is no record: it has %" PRIu64 " bytes", r->size);
    if (!read_at(r, 0, head, sizeof head, error))
        return false;
    if (memcmp(head, RECORD_MAGIC, 8) != 0)
        return refuse(r, error, "is no record of ring1");
    if (checksum(head, 12) != get32(head + 12))
        return refuse(r, error, "is damaged at byte 0: its head has another checksum");
    if (get32(head + 8) < 1 || get32(head + 8) > RECORD_VERSION)
        return refuse(r, error, "is of format %u; this ring1 reads 1 to %u", get32(head + 8), RECORD_VERSION);
    r->offset = sizeof head;
    if (!read_chunks(r, error))
        return false;
    if (r->machines->len == 0)
        return refuse(r, error, "was cut before its first machine began");
    return true;
}

static struct record_reader *reader_new(const char *name)
{
    struct record_reader *r = g_new0(struct record_reader, 1);
    r->name = g_strdup(name);
    r->fd = -1;
    r->chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
    r->machines = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
    return r;
}

static struct record_reader *reader_read(struct record_reader *r, GError **error)
{
    if (read_file(r, error))
        return r;
    record_reader_free(r);
    return NULL;
}

/* `fd` becomes the reader's. */
static struct record_reader *read_fd(const char *path, int fd, GError **error)
{
    struct record_reader *r = reader_new(path);
    struct stat st;
    r->fd = fd;
    if (r->fd < 0 || fstat(r->fd, &st) < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", path, g_strerror(errno));
        record_reader_free(r);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        refuse(r, error, "is no regular file");
        record_reader_free(r);
        return NULL;
    }
    r->size = (uint64_t)st.st_size;
    return reader_read(r, error);
}

struct record_reader *record_reader_new(const char *path, GError **error)
{
    return read_fd(path, open(path, O_RDONLY | O_CLOEXEC), error);
}

struct record_reader *record_reader_new_from_fd(const char *name, int fd, GError **error)
{
    return read_fd(name, fcntl(fd, F_DUPFD_CLOEXEC, 0), error);
}

bool record_reader_refresh(struct record_reader *r, GError **error)
{
    struct stat st;
    if (r->fd < 0)
        return true;
    if (fstat(r->fd, &st) < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "record %s: %s", r->name, g_strerror(errno));
        return false;
    }
    r->size = (uint64_t)st.st_size;
    return read_chunks(r, error);
}

struct record_reader *record_reader_new_from_bytes(const char *name, const void *bytes, size_t len,
                                                   GError **error)
{
    struct record_reader *r = reader_new(name);
    r->bytes = bytes;
    r->size = len;
    return reader_read(r, error);
}

void record_reader_free(struct record_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    g_array_unref(r->chunks);
    g_ptr_array_unref(r->machines);
    g_clear_pointer(&r->about, g_hash_table_unref);
    g_clear_pointer(&r->end, g_hash_table_unref);
    g_free(r->name);
    g_free(r);
}

bool record_is_cut(const struct record_reader *r)
{
    return r->cut;
}

unsigned record_nr_machines(const struct record_reader *r)
{
    return r->machines->len;
}

GHashTable *record_table(const struct record_reader *r, unsigned machine)
{
    return machine < r->machines->len ? r->machines->pdata[machine] : NULL;
}

const char *record_value(const struct record_reader *r, int machine, const char *key)
{
    GHashTable *table = machine == -1                                          ? r->about
                        : machine == -2                                        ? r->end
                        : machine >= 0 && (unsigned)machine < r->machines->len ? r->machines->pdata[machine]
                                                                               : NULL;
    return table ? g_hash_table_lookup(table, key) : NULL;
}

/* --- files in it ------------------------------------------------------------------- */

static bool add_piece(struct record_reader *r, GByteArray *all, const uint8_t *piece, size_t len,
                      GError **error)
{
    uint64_t size = get64(piece + RECORD_SHA256), offset = get64(piece + RECORD_SHA256 + 8);
    if (offset != all->len || size > RECORD_BLOB_MAX || len - BLOB_HEAD > size - offset || size > G_MAXUINT)
        return refuse(r, error, "pieces of a file do not fit together");
    g_byte_array_append(all, piece + BLOB_HEAD, (guint)(len - BLOB_HEAD));
    return true;
}

GBytes *record_blob(struct record_reader *r, const char *sha256, GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    for (guint i = 0; i < r->chunks->len; i++) {
        const struct chunk *c = &g_array_index(r->chunks, struct chunk, i);
        g_autoptr(GBytes) piece = NULL;
        char name[2 * RECORD_SHA256 + 1] = "";
        if (c->kind != RECORD_BLOB)
            continue;
        if (!(piece = unpack(r, c, error)))
            return NULL;
        const uint8_t *bytes = g_bytes_get_data(piece, NULL);
        if (c->raw < BLOB_HEAD) {
            refuse(r, error, "a piece of a file has %u bytes", c->raw);
            return NULL;
        }
        for (unsigned k = 0; k < RECORD_SHA256; k++)
            g_snprintf(name + 2 * k, 3, "%02x", bytes[k]);
        if (strcmp(name, sha256) == 0 && !add_piece(r, all, bytes, c->raw, error))
            return NULL;
    }
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, all->data, all->len);
    if (strcmp(sum, sha256) == 0)
        return g_byte_array_free_to_bytes(g_steal_pointer(&all));
    refuse(r, error, "the file %.64s is not in it as it was", sha256);
    return NULL;
}

/* --- events ------------------------------------------------------------------------ */

void record_cursor_init(struct record_cursor *c, unsigned machine)
{
    *c = (struct record_cursor){.machine = machine};
}

void record_cursor_clear(struct record_cursor *c)
{
    g_clear_pointer(&c->chunk, g_bytes_unref);
}

void record_cursor_copy(struct record_cursor *to, const struct record_cursor *from)
{
    if (from->chunk)
        g_bytes_ref(from->chunk);
    record_cursor_clear(to);
    *to = *from;
}

struct record_place record_cursor_place(const struct record_cursor *c)
{
    return (struct record_place){c->index, c->chunk ? c->at : 0, c->time, c->calls};
}

void record_cursor_go(struct record_cursor *c, unsigned machine, const struct record_place *place)
{
    record_cursor_clear(c);
    *c = (struct record_cursor){.machine = machine,
                                .index = place->index,
                                .at = place->at,
                                .time = place->time,
                                .calls = place->calls};
}

/* To the next chunk of the machine's events. False: none, or *error. */
static bool next_chunk(struct record_reader *r, struct record_cursor *c, GError **error)
{
    size_t at = c->chunk ? 0 : c->at; /* record_cursor_go: within a chunk */
    if (c->chunk)
        c->index++;
    unsigned within = c->index;
    record_cursor_clear(c);
    c->at = 0;
    for (; c->index < r->chunks->len; c->index++) {
        const struct chunk *chunk = &g_array_index(r->chunks, struct chunk, c->index);
        if (chunk->kind != RECORD_EVENTS || chunk->machine != c->machine)
            continue;
        if (chunk->raw < EVENTS_HEAD)
            return refuse(r, error, "a chunk of events has %u bytes", chunk->raw);
        if (!(c->chunk = unpack(r, chunk, error)))
            return false;
        if (at > EVENTS_HEAD && at <= chunk->raw && c->index == within) {
            c->at = at;
            return true;
        }
        const uint8_t *p = g_bytes_get_data(c->chunk, NULL);
        c->time = get64(p);
        c->calls = get64(p + 8);
        c->at = EVENTS_HEAD;
        return true;
    }
    return false;
}

struct bytes {
    const uint8_t *at, *end;
    bool bad;
};

static unsigned take_byte(struct bytes *b)
{
    if (b->at >= b->end) {
        b->bad = true;
        return 0;
    }
    return *b->at++;
}

static uint64_t take_number(struct bytes *b)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = take_byte(b);
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return v;
    }
    b->bad = true;
    return 0;
}

static const uint8_t *take_bytes(struct bytes *b, uint64_t len)
{
    if (len > (uint64_t)(b->end - b->at)) {
        b->bad = true;
        return NULL;
    }
    b->at += len;
    return b->at - len;
}

static void take_time(struct bytes *b, struct record_cursor *c, struct record_event *e)
{
    e->time = c->time += take_number(b);
}

static uint32_t take_word(struct bytes *b)
{
    uint64_t v = take_number(b);
    b->bad |= v > UINT32_MAX;
    return (uint32_t)v;
}

static void take_answer(struct bytes *b, struct record_answer *a)
{
    a->turn = take_word(b);
    a->entry = take_word(b);
    unsigned answered = take_byte(b);
    a->answered = answered == 1;
    a->result = take_word(b);
    a->work = take_word(b);
    b->bad |= answered > 1;
}

static void take_event(struct bytes *b, struct record_cursor *c, struct record_event *e)
{
    const uint8_t *sum;
    *e = (struct record_event){.op = (enum record_op)take_byte(b), .time = c->time, .calls = c->calls};
    switch (e->op) {
    case RECORD_STOP:
        take_time(b, c, e);
        e->stop = (enum record_stop)take_byte(b);
        b->bad |= e->stop >= RECORD_NR_STOPS;
        if (e->stop == RECORD_EXACT) {
            e->calls = c->calls += take_number(b);
            e->entry = take_word(b);
        }
        break;
    case RECORD_INPUT:
    case RECORD_DATA:
        e->value = take_number(b);
        e->len = take_number(b);
        e->bytes = take_bytes(b, e->len);
        b->bad |= e->op == RECORD_INPUT && e->value >= RECORD_NR_TAGS;
        break;
    case RECORD_ADVANCE:
    case RECORD_RESUME:
        e->value = take_number(b);
        break;
    case RECORD_MARK:
        take_time(b, c, e);
        e->calls = c->calls += take_number(b);
        sum = take_bytes(b, 8);
        e->value = sum ? get64(sum) : 0;
        break;
    case RECORD_ANSWER:
        e->calls = c->calls += take_number(b);
        take_answer(b, &e->answer);
        break;
    case RECORD_FINISH:
        e->reason = take_byte(b);
        e->value = take_number(b);
        e->bytes = take_bytes(b, e->len = RECORD_SHA256);
        break;
    case RECORD_CANCEL:
    case RECORD_FLUSH:
        break;
    default:
        b->bad = true;
    }
}

bool record_next(struct record_reader *r, struct record_cursor *c, struct record_event *event, GError **error)
{
    while (!c->chunk || c->at >= g_bytes_get_size(c->chunk))
        if (!next_chunk(r, c, error))
            return false;
    size_t len;
    const uint8_t *p = g_bytes_get_data(c->chunk, &len);
    struct bytes b = {.at = p + c->at, .end = p + len};
    take_event(&b, c, event);
    if (b.bad)
        return refuse(r, error, "the event at byte %zu of chunk %u makes no sense", c->at, c->index);
    c->at = (size_t)(b.at - p);
    return true;
}

bool record_count(struct record_reader *r, unsigned machine, struct record_facts *facts, GError **error)
{
    struct record_cursor c;
    struct record_event e;
    GError *bad = NULL;
    *facts = (struct record_facts){.size = r->size};
    record_cursor_init(&c, machine);
    while (record_next(r, &c, &e, &bad)) {
        facts->ops[e.op]++;
        facts->bytes[e.op] += e.len;
        facts->time = MAX(facts->time, e.time);
        facts->calls = MAX(facts->calls, e.calls);
    }
    record_cursor_clear(&c);
    if (!bad)
        return true;
    g_propagate_error(error, bad);
    return false;
}
