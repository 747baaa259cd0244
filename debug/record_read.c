/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_read.c - see record_read.h.
 */
#include "record_read.h"

#include "chunks.h"

#include <inttypes.h>
#include <ring1/ring1.h>
#include <string.h>

#define NO_MACHINE UINT_MAX /* of chunks before the first one */

struct record_reader {
    struct chunk_reader *file;
    GArray *machine_of;  /* unsigned, of each chunk */
    GPtrArray *machines; /* GHashTable: key, value */
    GHashTable *about, *end;
};

/* --- the file ---------------------------------------------------------------------- */

/* In which order chunks may come. */
static bool place_chunk(struct record_reader *r, unsigned i, GError **error)
{
    const struct chunk *c = chunk_at(r->file, i);
    bool is_text = c->kind == RECORD_ABOUT || c->kind == RECORD_MACHINE || c->kind == RECORD_END;
    if (c->kind < RECORD_ABOUT || c->kind > RECORD_END)
        return chunk_refuse(r->file, error, "the chunk at byte %" PRIu64 " is of kind %u, which is not known",
                            c->offset, c->kind);
    if ((c->kind == RECORD_ABOUT) != (i == 0))
        return chunk_refuse(r->file, error, "the chunk at byte %" PRIu64 " is out of order", c->offset);
    if (r->end)
        return chunk_refuse(r->file, error, "goes on behind its end, at byte %" PRIu64, c->offset);
    if (c->kind == RECORD_EVENTS && r->machines->len == 0)
        return chunk_refuse(r->file, error, "events before there is a machine, at byte %" PRIu64, c->offset);
    if (is_text) {
        g_autoptr(GBytes) text = chunk_unpack(r->file, i, error);
        if (!text)
            return false;
        GHashTable *table = chunk_parse_text(g_bytes_get_data(text, NULL), c->raw);
        if (c->kind == RECORD_ABOUT)
            r->about = table;
        else if (c->kind == RECORD_MACHINE)
            g_ptr_array_add(r->machines, table);
        else
            r->end = table;
    }
    unsigned machine = r->machines->len ? r->machines->len - 1 : NO_MACHINE;
    g_array_append_val(r->machine_of, machine);
    return true;
}

/* Those that were not yet. */
static bool place_chunks(struct record_reader *r, GError **error)
{
    for (unsigned i = r->machine_of->len; i < chunk_count(r->file); i++)
        if (!place_chunk(r, i, error))
            return false;
    return true;
}

/* `file`, which may be NULL, becomes the reader's. */
static struct record_reader *reader_new(struct chunk_reader *file, GError **error)
{
    if (!file)
        return NULL;
    struct record_reader *r = g_new0(struct record_reader, 1);
    r->file = file;
    r->machine_of = g_array_new(FALSE, FALSE, sizeof(unsigned));
    r->machines = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
    if (place_chunks(r, error) &&
        (r->machines->len > 0 || chunk_refuse(file, error, "was cut before its first machine began")))
        return r;
    record_reader_free(r);
    return NULL;
}

struct record_reader *record_reader_new(const char *path, GError **error)
{
    return reader_new(chunk_reader_new(&record_file, path, error), error);
}

struct record_reader *record_reader_take_fd(const char *name, int fd, GError **error)
{
    return reader_new(chunk_reader_take_fd(&record_file, name, fd, 0, error), error);
}

struct record_reader *record_reader_new_from_fd(const char *name, int fd, GError **error)
{
    return reader_new(chunk_reader_new_from_fd(&record_file, name, fd, error), error);
}

struct record_reader *record_reader_new_from_bytes(const char *name, const void *bytes, size_t len,
                                                   GError **error)
{
    return reader_new(chunk_reader_new_from_bytes(&record_file, name, bytes, len, error), error);
}

bool record_reader_refresh(struct record_reader *r, GError **error)
{
    return chunk_reader_refresh(r->file, error) && place_chunks(r, error);
}

void record_reader_free(struct record_reader *r)
{
    if (!r)
        return;
    chunk_reader_free(r->file);
    g_array_unref(r->machine_of);
    g_ptr_array_unref(r->machines);
    g_clear_pointer(&r->about, g_hash_table_unref);
    g_clear_pointer(&r->end, g_hash_table_unref);
    g_free(r);
}

bool record_is_cut(const struct record_reader *r)
{
    return chunk_is_cut(r->file) || !r->end;
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

GBytes *record_blob(struct record_reader *r, const char *sha256, GError **error)
{
    return chunk_blob(r->file, RECORD_BLOB, sha256, error);
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
    for (; c->index < chunk_count(r->file); c->index++) {
        const struct chunk *chunk = chunk_at(r->file, c->index);
        if (chunk->kind != RECORD_EVENTS || g_array_index(r->machine_of, unsigned, c->index) != c->machine)
            continue;
        if (chunk->raw < RECORD_EVENTS_HEAD)
            return chunk_refuse(r->file, error, "a chunk of events has %u bytes", chunk->raw);
        if (!(c->chunk = chunk_unpack(r->file, c->index, error)))
            return false;
        if (at > RECORD_EVENTS_HEAD && at <= chunk->raw && c->index == within) {
            c->at = at;
            return true;
        }
        const uint8_t *p = g_bytes_get_data(c->chunk, NULL);
        c->time = chunk_get64(p);
        c->calls = chunk_get64(p + 8);
        c->at = RECORD_EVENTS_HEAD;
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
        e->value = sum ? chunk_get64(sum) : 0;
        break;
    case RECORD_ANSWER:
        e->calls = c->calls += take_number(b);
        take_answer(b, &e->answer);
        break;
    case RECORD_FINISH:
        e->reason = take_byte(b);
        e->value = take_number(b);
        e->bytes = take_bytes(b, e->len = CHUNK_SHA256);
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
        return chunk_refuse(r->file, error, "the event at byte %zu of chunk %u makes no sense", c->at,
                            c->index);
    c->at = (size_t)(b.at - p);
    return true;
}

bool record_count(struct record_reader *r, unsigned machine, struct record_facts *facts, GError **error)
{
    struct record_cursor c;
    struct record_event e;
    GError *bad = NULL;
    *facts = (struct record_facts){.size = chunk_file_size(r->file)};
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
