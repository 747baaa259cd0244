/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record.c - see ring1/record.h: what enters a machine from outside, with the time and
 * the kind of stop at which it came. Nothing is written of stops at which nothing came:
 * runs are the same however they are sliced (emu/machine_run.c).
 */
#include "record.h"
#include "config_text.h"
#include "networks.h"
#include "saved.h"

#include "devices/disk.h"
#include "emu/stops.h"
#include "machine_priv.h"

#include <string.h>

#define NO_DEADLINE UINT64_MAX
/* How much a crash of ring1 may lose, in ms of the host. */
#define FLUSH_MS 100u
/* A wait as long as this is worth a chunk of its own. */
#define LONG_WAIT_NS 100000000u

struct ring1_record {
    struct record_writer *writer;
};

struct recorder {
    ring1_record *record;
    ring1_machine *m; /* NULL: not begun */
    struct call_sums sums;
    struct disk_hook hook;
    GString *disks;  /* lines of RECORD_MACHINE */
    GPtrArray *disk; /* struct disk: record_disk's */
    bool pending;    /* the stop where the machine stands is not written yet */
    struct record_event stop;
    struct ring1_stop last;
    struct call_turn turn;
};

/* --- the record ----------------------------------------------------------------------- */

ring1_record *ring1_record_new(const char *path, GError **error)
{
    struct record_writer *writer = record_writer_new(path, error);
    if (!writer)
        return NULL;
    ring1_record *r = g_new0(ring1_record, 1);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *engine = cpu_engine_version();
    r->writer = writer;
    text_add(text, "ring1", RING1_VERSION_STRING);
    text_add_number(text, "runs", RECORD_RUNS);
    text_add(text, "engine", engine);
    record_write_text(writer, RECORD_ABOUT, text->str);
    return r;
}

bool ring1_record_end(ring1_record *r, int status, const char *words, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    text_add_number(text, "status", (uint64_t)status);
    text_add(text, "text", words);
    record_write_text(r->writer, RECORD_END, text->str);
    const GError *bad = record_writer_error(r->writer);
    if (bad)
        g_propagate_error(error, g_error_copy(bad));
    return !bad;
}

void ring1_record_free(ring1_record *r)
{
    if (!r)
        return;
    record_writer_free(r->writer);
    g_free(r);
}

/* --- a machine ------------------------------------------------------------------------ */

static void on_mark(void *user)
{
    struct recorder *r = user;
    const struct machine_state *s = &r->m->machine->s;
    record_write_event(r->record->writer, &(struct record_event){.op = RECORD_MARK,
                                                                 .time = machine_now(r->m->machine),
                                                                 .calls = s->hypercalls,
                                                                 .value = s->sum});
    record_write_flush(r->record->writer, FLUSH_MS);
}

static struct disk *use_disk(void *user, unsigned index, struct disk *disk, G_GNUC_UNUSED GError **error)
{
    struct recorder *r = user;
    g_string_append_printf(r->disks,
                           "disk.%u.size=%" G_GUINT64_FORMAT "\ndisk.%u.readonly=%d\ndisk.%u.discard=%d\n",
                           index, disk->size, index, disk->readonly, index, disk->can_discard);
    struct disk *own = record_disk(r, index, disk);
    g_ptr_array_add(r->disk, own);
    return own;
}

struct recorder *recorder_new(const ring1_config *c, GError **error)
{
    if (c->time != RING1_TIME_VIRTUAL) {
        g_set_error(
            error, RING1_ERROR, RING1_ERROR_OPTION,
            "a run by the host's clock cannot be recorded: what the guest reads of it is not repeatable");
        return NULL;
    }
    struct recorder *r = g_new0(struct recorder, 1);
    r->record = c->record;
    r->hook = (struct disk_hook){.use = use_disk, .user = r};
    r->disks = g_string_new(NULL);
    r->disk = g_ptr_array_new();
    return r;
}

const struct disk_hook *recorder_disks(struct recorder *r)
{
    return &r->hook;
}

static void add_config(GString *text, const ring1_config *c, ring1_machine *m)
{
    config_to_text(text, c, ring1_machine_abi(m), ring1_machine_xen(m));
    text_add_list(text, "disk", c->disks);
    for (unsigned i = 0; c->nets && c->nets[i]; i++) {
        char key[24];
        g_autofree char *net = networks_unplugged(c->nets[i], i);
        g_snprintf(key, sizeof key, "net.%u", i);
        text_add(text, key, net);
    }
}

static void add_file(struct recorder *r, GString *text, const char *key, GBytes *file)
{
    if (!file)
        return;
    gsize size;
    const void *data = g_bytes_get_data(file, &size);
    g_autofree char *sha256 = record_write_blob(r->record->writer, data, size);
    text_add(text, key, sha256);
}

/* The whole file: a replay begins where it does. One that cannot be read any more is known
 * by the replay, whose machine begins at its start. */
static void add_saved(struct recorder *r, GString *text, ring1_saved *saved)
{
    g_autoptr(GBytes) bytes = saved_bytes(saved, NULL);
    add_file(r, text, "snapshot", bytes);
}

void recorder_begin(struct recorder *r, ring1_machine *m, const ring1_config *c, const char *name,
                    const void *bytes, size_t len, const struct machine_parts *parts)
{
    struct record_writer *w = r->record->writer;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *image = record_write_blob(w, bytes, len);
    text_add(text, "image", image);
    text_add(text, "image_name", name);
    add_file(r, text, "initrd", parts->initrd);
    add_file(r, text, "xenstore", parts->xenstore);
    if (parts->saved)
        add_saved(r, text, parts->saved);
    add_config(text, c, m);
    g_string_append(text, r->disks->str);
    record_write_text(w, RECORD_MACHINE, text->str);
    r->m = m;
    r->sums = (struct call_sums){.mark = on_mark, .user = r, .each = RECORD_MARK_CALLS};
    m->machine->sums = &r->sums;
    r->stop = (struct record_event){.op = RECORD_STOP, .stop = RECORD_OUTSIDE};
    r->stop.time = machine_now(m->machine);
    r->pending = true;
    r->last.reason = RING1_STOP_BUDGET;
}

static void write_stop(struct recorder *r)
{
    if (r->pending)
        record_write_event(r->record->writer, &r->stop);
    r->pending = false;
}

void record_hash_bytes(const char *digits, uint8_t bytes[CHUNK_SHA256])
{
    for (unsigned i = 0; i < CHUNK_SHA256; i++)
        bytes[i] =
            (uint8_t)(g_ascii_xdigit_value(digits[2 * i]) << 4 | g_ascii_xdigit_value(digits[2 * i + 1]));
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    if (r->m) {
        uint8_t hash[CHUNK_SHA256];
        g_autofree char *digits = machine_hash(r->m->machine);
        record_hash_bytes(digits, hash);
        write_stop(r);
        on_mark(r);
        record_write_event(r->record->writer, &(struct record_event){.op = RECORD_FINISH,
                                                                     .reason = r->last.reason,
                                                                     .value = r->last.shutdown,
                                                                     .bytes = hash});
        record_write_flush(r->record->writer, 0);
    }
    g_string_free(r->disks, TRUE);
    g_ptr_array_unref(r->disk);
    g_free(r);
}

/* --- places in it ------------------------------------------------------------------------- */

void recorder_flush(struct recorder *r)
{
    record_write_flush(r->record->writer, 0);
}

struct record_reader *recorder_reader(struct recorder *r, GError **error)
{
    const struct record_writer *w = r->record->writer;
    recorder_flush(r);
    return record_reader_new_from_fd(record_writer_path(w), record_writer_fd(w), error);
}

struct record_place recorder_place(const struct recorder *r, struct record_event *stop,
                                   struct call_turn *turn)
{
    *stop = r->stop;
    if (!r->pending)
        stop->op = 0;
    *turn = r->turn;
    return record_writer_place(r->record->writer);
}

void recorder_cut(struct recorder *r, const struct record_place *place, const struct record_event *stop,
                  const struct call_turn *turn)
{
    record_write_cut(r->record->writer, place);
    r->stop = *stop;
    r->pending = stop->op == RECORD_STOP;
    r->turn = *turn;
    r->last.reason = RING1_STOP_BUDGET;
}

struct record_place recorder_here(const struct recorder *r)
{
    return record_writer_place(r->record->writer);
}

void recorder_keep_writes(struct recorder *r)
{
    for (guint i = 0; i < r->disk->len; i++)
        record_disk_keep_writes(g_ptr_array_index(r->disk, i));
}

bool recorder_undo_writes(struct recorder *r, const struct record_place *place, GError **error)
{
    for (guint i = 0; i < r->disk->len; i++)
        if (!record_disk_can_undo(g_ptr_array_index(r->disk, i), place, error))
            return false;
    for (guint i = 0; i < r->disk->len; i++)
        if (!record_disk_undo(g_ptr_array_index(r->disk, i), place, error))
            return false;
    return true;
}

/* --- while it runs ---------------------------------------------------------------------- */

const GError *recorder_error(const struct recorder *r)
{
    return record_writer_error(r->record->writer);
}

void recorder_event(struct recorder *r, const struct record_event *event)
{
    write_stop(r);
    record_write_event(r->record->writer, event);
}

/* In pieces, for an event has its bounds. */
static void write_bytes(struct recorder *r, enum record_op op, unsigned tag, const uint8_t *bytes, size_t len)
{
    do {
        size_t n = MIN(len, RECORD_INPUT_MAX);
        record_write_event(r->record->writer,
                           &(struct record_event){.op = op, .value = tag, .bytes = bytes, .len = n});
        bytes += n;
        len -= n;
    } while (len > 0);
}

void recorder_input(struct recorder *r, enum record_tag tag, const void *bytes, size_t len)
{
    write_stop(r);
    write_bytes(r, RECORD_INPUT, tag, bytes, len);
}

void recorder_data(struct recorder *r, unsigned tag, const void *bytes, size_t len)
{
    write_bytes(r, RECORD_DATA, tag, bytes, len);
}

void recorder_answer(struct recorder *r, const struct ring1_call *call, bool answered, uint32_t work)
{
    const struct machine *m = r->m->machine;
    if (call->depth == 0)
        call_turn_next(&r->turn, m->s.hypercalls);
    if (!answered && !work)
        return;
    const struct record_answer answer = {.turn = r->turn.turn,
                                         .entry = call->depth ? call->index + 1 : 0,
                                         .answered = answered,
                                         .result = answered ? (uint32_t)call->result : 0,
                                         .work = work};
    record_write_event(r->record->writer, &(struct record_event){.op = RECORD_ANSWER,
                                                                 .time = machine_now(m),
                                                                 .calls = m->s.hypercalls,
                                                                 .answer = answer});
}

/* Where the guest stopped of its own it is a stop of the replay, too: the next run
 * begins with a look. */
static void stopped(struct recorder *r, const struct ring1_stop *stop)
{
    static const enum record_stop kinds[] = {
        [RING1_STOP_SHUTDOWN] = RECORD_ENDED,      [RING1_STOP_CRASH] = RECORD_ENDED,
        [RING1_STOP_IDLE] = RECORD_IDLE,           [RING1_STOP_BUDGET] = RECORD_OUTSIDE,
        [RING1_STOP_INTERRUPTED] = RECORD_OUTSIDE, [RING1_STOP_DEBUG] = RECORD_EXACT};
    struct record_writer *w = r->record->writer;
    uint64_t now = machine_now(r->m->machine);
    enum record_stop kind = kinds[stop->reason];
    bool again = r->pending && r->stop.stop == RECORD_ENDED && kind == RECORD_ENDED;
    r->last = *stop;
    if (stop->reason == RING1_STOP_DEBUG)
        r->last.reason = RING1_STOP_BUDGET;
    if (again)
        return;
    r->stop = (struct record_event){.op = RECORD_STOP, .stop = kind, .time = now};
    if (kind == RECORD_EXACT) {
        struct ring1_place place = stops_place(r->m->machine);
        r->stop.calls = place.calls;
        r->stop.entry = place.entry << 1 | place.looked;
    }
    r->pending = true;
    bool is_long =
        kind == RECORD_IDLE && (stop->wake_ns == NO_DEADLINE || stop->wake_ns > now + LONG_WAIT_NS);
    bool due = record_write_due(w, is_long ? 0 : FLUSH_MS);
    if (kind == RECORD_IDLE || due) /* or to say how far it got, if it is cut here */
        write_stop(r);
    if (due)
        record_write_flush(w, 0);
}

static uint64_t left(uint64_t limit, uint64_t done)
{
    if (limit == UINT64_MAX)
        return limit;
    return limit > done ? limit - done : 0;
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* A jump over a wait is an event: the replay does not know the limits of this run. */
static void jump(struct recorder *r, uint64_t to)
{
    uint64_t now = machine_now(r->m->machine);
    if (to <= now)
        return;
    recorder_event(r, &(struct record_event){.op = RECORD_ADVANCE, .value = to - now});
    machine_disturb(r->m->machine);
    machine_pass(r->m->machine, to - now);
}

bool recorder_run(struct recorder *r, const struct ring1_budget *budget, struct ring1_stop *stop,
                  GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    struct machine *m = r->m->machine;
    struct ring1_budget b = budget ? *budget : unlimited;
    uint64_t calls = saturating_add(m->s.hypercalls, b.hypercalls);
    uint64_t traps = saturating_add(m->s.hypercalls + m->s.traps, b.traps);
    bool jumps = !b.return_when_idle;
    b.return_when_idle = true;
    for (;;) {
        b.hypercalls = left(calls, m->s.hypercalls);
        b.traps = left(traps, m->s.hypercalls + m->s.traps);
        if (!machine_run(m, &b, stop, error))
            return false;
        stopped(r, stop);
        if (recorder_error(r)) {
            g_propagate_error(error, g_error_copy(recorder_error(r)));
            return false;
        }
        if (stop->reason != RING1_STOP_IDLE || !jumps || stop->wake_ns == NO_DEADLINE)
            return true;
        jump(r, MIN(stop->wake_ns, b.until_ns));
    }
}
