/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay.c - see ring1/record.h: a recorded machine is made anew and run from stop to
 * stop of the record, where it gets what came in there. On the way its calls are
 * compared with the record's marks, and its end with that of the recorded one.
 */
#include "devices/disk.h"
#include "emu/resume.h"
#include "machine_priv.h"
#include "record.h"
#include "replay_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* 36 years: no clock runs over. */
#define WAIT_MAX_NS (UINT64_C(1) << 60)

/* Places in the record: of what comes at stops, of the marks, of the data that a run asks
 * for, and of answers to calls. Each passes over what is not its own. */
enum place { STOPS, MARKS, DATA, ANSWERS, NR_PLACES };

/* Where the record says that the machine stands next. */
enum goal { GOAL_STOP, GOAL_FINISH, GOAL_CUT };

struct position {
    struct record_cursor at[NR_PLACES];
    enum goal goal;
    struct record_event next; /* GOAL_STOP, GOAL_FINISH; GOAL_CUT: its time alone */
    struct record_event mark; /* the last before GOAL_FINISH */
    uint8_t hash[RECORD_SHA256];
    struct record_event answer; /* the next; RECORD_ANSWER, or there is none */
    struct call_turn turn;
};

struct ring1_replay {
    struct record_reader *reader;
    ring1_machine *m;
    unsigned machine; /* the number of the next */
    struct call_sums sums;
    struct answers answers;
    struct disk_hook hook;
    struct position p;
    GError *diverged; /* found during a run */
    char *warning;
};

struct ring1_replay_point {
    unsigned machine;
    ring1_snapshot *snapshot;
    struct position p;
};

static void position_clear(struct position *p)
{
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_clear(&p->at[i]);
}

static void position_copy(struct position *to, const struct position *from)
{
    struct record_cursor at[NR_PLACES];
    memcpy(at, to->at, sizeof at);
    *to = *from;
    memcpy(to->at, at, sizeof at);
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_copy(&to->at[i], &from->at[i]);
}

/* --- the record ------------------------------------------------------------------------ */

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

ring1_replay *ring1_replay_open(const char *path, GError **error)
{
    struct record_reader *reader = record_reader_new(path, error);
    if (!reader)
        return NULL;
    ring1_replay *r = g_new0(ring1_replay, 1);
    r->reader = reader;
    if (check_writer(r, path, error))
        return r;
    ring1_replay_free(r);
    return NULL;
}

void ring1_replay_free(ring1_replay *r)
{
    if (!r)
        return;
    ring1_machine_free(r->m);
    position_clear(&r->p);
    record_reader_free(r->reader);
    g_clear_error(&r->diverged);
    g_free(r->warning);
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

/* --- divergence -------------------------------------------------------------------------- */

static void diverge(ring1_replay *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void diverge(ring1_replay *r, const char *format, ...)
{
    if (r->diverged)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    const struct machine *m = r->m->machine;
    g_set_error(&r->diverged, RING1_ERROR, RING1_ERROR_DIVERGED,
                "the replay is not the recorded run: at %.9f s, after call %" PRIu64 ": %s",
                (double)machine_now(m) / 1e9, m->s.hypercalls, text);
    machine_interrupt(r->m->machine);
}

/* A place's next event of `op`. False: none, or r->diverged. */
static bool next_of(ring1_replay *r, enum place place, enum record_op op, struct record_event *e)
{
    GError *error = NULL;
    while (record_next(r->reader, &r->p.at[place], e, &error))
        if (e->op == op)
            return true;
    if (error && !r->diverged)
        g_propagate_error(&r->diverged, error);
    else
        g_clear_error(&error);
    return false;
}

static void compare_sums(ring1_replay *r, const struct record_event *mark)
{
    const struct machine *m = r->m->machine;
    if (mark->calls != m->s.hypercalls)
        diverge(r, "the record has call %" PRIu64 " there", mark->calls);
    else if (mark->time != machine_now(m))
        diverge(r, "there the recorded run was at %.9f s", (double)mark->time / 1e9);
    else if (mark->value != m->s.sum)
        diverge(r, "one of the last %u calls had another number, argument, place, result or time",
                RECORD_MARK_CALLS);
}

/* In the run, at a call where a mark was written: unless the record was cut before. */
static void on_mark(void *user)
{
    ring1_replay *r = user;
    struct record_event mark;
    if (next_of(r, MARKS, RECORD_MARK, &mark))
        compare_sums(r, &mark);
    else if (!r->diverged && r->p.goal != GOAL_CUT)
        diverge(r, "the recorded run made no more calls");
}

/* --- devices ------------------------------------------------------------------------------ */

/* The next `len` bytes of a device's recorded answers: asked for as they were then. */
static bool take_data(void *user, unsigned index, uint8_t *bytes, size_t len)
{
    ring1_replay *r = user;
    struct record_event e;
    while (len > 0 && !r->diverged) {
        if (!next_of(r, DATA, RECORD_DATA, &e)) {
            if (!r->diverged && r->p.goal != GOAL_CUT)
                diverge(r, "disk %u was not asked for anything more", index);
            return false;
        }
        if (e.value != index || e.len > len) {
            diverge(r, "device %" PRIu64 " gave %zu bytes then, not disk %u %zu", e.value, e.len, index, len);
            return false;
        }
        memcpy(bytes, e.bytes, e.len);
        bytes += e.len;
        len -= e.len;
    }
    return !r->diverged;
}

/* --- answers to calls --------------------------------------------------------------------- */

static void next_answer(ring1_replay *r)
{
    if (!next_of(r, ANSWERS, RECORD_ANSWER, &r->p.answer))
        r->p.answer.op = 0;
}

static bool take_answer(void *user, struct ring1_call *call, uint32_t *work)
{
    ring1_replay *r = user;
    const struct record_event *e = &r->p.answer;
    struct call_turn *turn = &r->p.turn;
    uint64_t now = r->m->machine->s.hypercalls;
    if (call->depth == 0)
        call_turn_next(turn, now);
    if (e->op != RECORD_ANSWER || e->calls > now)
        return false;
    if (e->calls < now) {
        diverge(r, "call %" PRIu64 " had no entry %u that was answered", e->calls, e->answer.entry);
        return false;
    }
    if (e->answer.turn != turn->turn || e->answer.entry != (call->depth ? call->index + 1 : 0))
        return false;
    const struct record_answer answer = e->answer;
    *work = answer.work;
    if (answer.answered)
        call->result = (int32_t)answer.result;
    next_answer(r);
    return answer.answered;
}

/* Only where there are any are calls looked at. */
static void begin_answers(ring1_replay *r)
{
    r->answers = (struct answers){take_answer, r};
    next_answer(r);
    r->m->answers = r->p.answer.op == RECORD_ANSWER ? &r->answers : NULL;
    machine_set_tap(r->m);
}

/* --- what it is made of --------------------------------------------------------------------- */

static uint64_t number(const ring1_replay *r, const char *key, uint64_t otherwise)
{
    const char *value = record_value(r->reader, (int)r->machine, key);
    return value ? g_ascii_strtoull(value, NULL, 10) : otherwise;
}

static uint64_t disk_number(const ring1_replay *r, unsigned index, const char *what)
{
    char key[32];
    g_snprintf(key, sizeof key, "disk.%u.%s", index, what);
    return number(r, key, 0);
}

static struct disk *use_disk(void *user, unsigned index, G_GNUC_UNUSED struct disk *disk,
                             G_GNUC_UNUSED GError **error)
{
    ring1_replay *r = user;
    return replay_disk(disk_number(r, index, "size") & ~UINT64_C(511), disk_number(r, index, "readonly") != 0,
                       disk_number(r, index, "discard") != 0, index, take_data, r);
}

/* --- a machine ------------------------------------------------------------------------------ */

static char *word(const ring1_replay *r, const char *key)
{
    return g_strdup(record_value(r->reader, (int)r->machine, key));
}

static bool bad_machine(GError **error, unsigned machine, const char *what)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "record: machine %u has no %s that is known", machine,
                what);
    return false;
}

/* The values of PREFIX.0, PREFIX.1 ... */
static char **read_list(const ring1_replay *r, const char *prefix)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (unsigned i = 0;; i++) {
        char key[32];
        g_snprintf(key, sizeof key, "%s.%u", prefix, i);
        g_ptr_array_add(list, word(r, key));
        if (!g_ptr_array_index(list, i))
            return (char **)g_ptr_array_steal(list, NULL);
    }
}

static bool read_config(const ring1_replay *r, ring1_config *c, GError **error)
{
    g_autofree char *abi = word(r, "abi"), *xen = word(r, "xen");
    if (!abi || !ring1_abi_from_name(abi, &c->abi))
        return bad_machine(error, r->machine, "ABI");
    if (!xen || !ring1_xen_from_name(xen, &c->xen))
        return bad_machine(error, r->machine, "Xen");
    c->memory_mib = (unsigned)MIN(number(r, "memory_mib", 0), UINT_MAX);
    c->maxmem_mib = (unsigned)MIN(number(r, "maxmem_mib", 0), UINT_MAX);
    c->vcpus = (unsigned)MIN(number(r, "vcpus", 1), UINT_MAX);
    c->mfn_mode = (enum ring1_mfn_mode)MIN(number(r, "mfn_mode", 0), 255);
    c->mfn_seed = number(r, "mfn_seed", 1);
    c->date_ns = (int64_t)number(r, "date_ns", 0);
    c->console_io = number(r, "console_io", 1) != 0;
    c->segment_limits = number(r, "segment_limits", 0) != 0;
    c->preempt = (enum ring1_preempt)MIN(number(r, "preempt", 0), 255);
    c->preempt_seed = number(r, "preempt_seed", 1);
    c->raw_address = (int64_t)MIN(number(r, "raw_address", UINT64_MAX), INT64_MAX);
    if (!record_value(r->reader, (int)r->machine, "raw_address"))
        c->raw_address = -1;
    c->cmdline = word(r, "cmdline");
    c->cpu = word(r, "cpu");
    c->name = word(r, "name");
    c->initrd = word(r, "initrd_name");
    c->xenstore = word(r, "xenstore_name");
    c->disks = read_list(r, "disk");
    c->nets = read_list(r, "net");
    return true;
}

/* A file of the machine; true and *file NULL: it has none. */
static bool read_file(ring1_replay *r, const char *key, GBytes **file, GError **error)
{
    const char *sha256 = record_value(r->reader, (int)r->machine, key);
    *file = NULL;
    return !sha256 || (*file = record_blob(r->reader, sha256, error)) != NULL;
}

static ring1_machine *make(ring1_replay *r, GError **error)
{
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autoptr(GBytes) image = NULL;
    struct machine_parts parts = {.disks = &r->hook};
    ring1_machine *m = NULL;
    r->hook = (struct disk_hook){.use = use_disk, .user = r, .makes = true};
    if (read_config(r, c, error) && read_file(r, "image", &image, error) &&
        (image || bad_machine(error, r->machine, "image")) && read_file(r, "initrd", &parts.initrd, error) &&
        read_file(r, "xenstore", &parts.xenstore, error)) {
        size_t len;
        const void *bytes = g_bytes_get_data(image, &len);
        if (!parts.initrd)
            g_clear_pointer(&c->initrd, g_free); /* nothing is read from outside */
        if (!parts.xenstore)
            g_clear_pointer(&c->xenstore, g_free);
        m = machine_make(c, ring1_replay_image(r), bytes, len, &parts, error);
    }
    g_clear_pointer(&parts.initrd, g_bytes_unref);
    g_clear_pointer(&parts.xenstore, g_bytes_unref);
    return m;
}

/* --- from stop to stop ------------------------------------------------------------------------ */

static void apply(ring1_replay *r, const struct record_event *e)
{
    ring1_machine *m = r->m;
    switch (e->op) {
    case RECORD_INPUT:
        machine_input(m, (enum record_tag)e->value, e->bytes, e->len);
        break;
    case RECORD_ADVANCE:
        if (e->value > WAIT_MAX_NS) {
            diverge(r, "a wait of %.0f s", (double)e->value / 1e9);
            break;
        }
        machine_disturb(m->machine);
        machine_pass(m->machine, e->value);
        break;
    case RECORD_RESUME: /* one that was refused is refused again */
        ring1_machine_resume(m, e->value, NULL);
        break;
    case RECORD_CANCEL:
        ring1_machine_resume_cancelled(m, NULL);
        break;
    case RECORD_FLUSH:
        ring1_machine_console_flush(m);
        break;
    default:
        break;
    }
}

/* What came in at this stop, up to the next. False: *error, or r->diverged. */
static bool take_inputs(ring1_replay *r, GError **error)
{
    struct position *p = &r->p;
    struct record_event e;
    GError *bad = NULL;
    p->goal = GOAL_CUT;
    p->mark.op = 0;
    while (record_next(r->reader, &p->at[STOPS], &e, &bad)) {
        if (e.op == RECORD_STOP || e.op == RECORD_FINISH) {
            p->goal = e.op == RECORD_STOP ? GOAL_STOP : GOAL_FINISH;
            p->next = e;
            if (e.op == RECORD_FINISH)
                memcpy(p->hash, e.bytes, sizeof p->hash);
            return true;
        }
        if (e.op == RECORD_MARK)
            p->mark = e;
        apply(r, &e);
    }
    if (bad)
        g_propagate_error(error, bad);
    p->next = (struct record_event){.time = p->at[STOPS].time};
    return !bad;
}

bool ring1_replay_next(ring1_replay *r, GError **error)
{
    if (r->m)
        r->machine++;
    g_clear_pointer(&r->m, ring1_machine_free);
    position_clear(&r->p);
    r->p = (struct position){0};
    if (r->machine >= record_nr_machines(r->reader))
        return false;
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_init(&r->p.at[i], r->machine);
    if (!(r->m = make(r, error)))
        return false;
    r->sums = (struct call_sums){.mark = on_mark, .user = r, .each = RECORD_MARK_CALLS};
    r->m->machine->sums = &r->sums;
    begin_answers(r);
    return take_inputs(r, error);
}

/* The machine has ended as the record says that it did. */
static void compare_ends(ring1_replay *r)
{
    const struct position *p = &r->p;
    uint8_t hash[RECORD_SHA256];
    g_autofree char *digits = machine_hash(r->m->machine);
    record_hash_bytes(digits, hash);
    if (p->mark.op == RECORD_MARK)
        compare_sums(r, &p->mark);
    if (memcmp(hash, p->hash, sizeof hash) != 0)
        diverge(r, "memory or registers are not those of the recorded end");
}

static bool is_stop(enum record_stop kind, enum ring1_stop_reason reason)
{
    switch (kind) {
    case RECORD_IDLE:
        return reason == RING1_STOP_IDLE;
    case RECORD_ENDED:
        return reason == RING1_STOP_SHUTDOWN || reason == RING1_STOP_CRASH;
    default:
        return reason == RING1_STOP_BUDGET;
    }
}

static const char *stop_word(enum ring1_stop_reason reason)
{
    static const char *const words[] = {[RING1_STOP_SHUTDOWN] = "shut down",
                                        [RING1_STOP_CRASH] = "crashed",
                                        [RING1_STOP_IDLE] = "waits",
                                        [RING1_STOP_BUDGET] = "goes on",
                                        [RING1_STOP_INTERRUPTED] = "was interrupted"};
    return words[reason];
}

/* Run towards the next stop of the record. */
static bool run_to_goal(ring1_replay *r, const struct ring1_budget *limits, uint64_t calls, uint64_t traps,
                        struct ring1_stop *stop, GError **error)
{
    const struct machine *m = r->m->machine;
    const struct record_event *next = &r->p.next;
    struct ring1_budget b = {.return_when_idle = true, .until_ns = next->time};
    if (r->p.goal == GOAL_STOP && next->stop != RECORD_OUTSIDE && next->time < UINT64_MAX)
        b.until_ns++; /* it stops of its own, or was to */
    b.until_ns = MIN(b.until_ns, limits->until_ns);
    b.hypercalls = calls == UINT64_MAX ? calls : calls - MIN(calls, m->s.hypercalls);
    b.traps = traps == UINT64_MAX ? traps : traps - MIN(traps, m->s.hypercalls + m->s.traps);
    return ring1_machine_run(r->m, &b, stop, error);
}

static bool limited(const struct machine *m, const struct ring1_budget *limits, uint64_t calls,
                    uint64_t traps)
{
    return machine_now(m) >= limits->until_ns || m->s.hypercalls >= calls ||
           m->s.hypercalls + m->s.traps >= traps;
}

static bool stop_for(struct ring1_replay_stop *stop, enum ring1_replay_reason reason)
{
    stop->reason = reason;
    return true;
}

/* After a run. True: *done, it is over, or an error. */
static bool arrived(ring1_replay *r, struct ring1_replay_stop *stop, GError **error, bool *done)
{
    struct position *p = &r->p;
    uint64_t now = machine_now(r->m->machine);
    bool at_time = now == p->next.time;
    *done = true;
    if (p->goal == GOAL_CUT)
        return stop_for(stop, RING1_REPLAY_CUT);
    if (!at_time || !is_stop(p->next.stop, stop->guest.reason)) {
        static const char *const kinds[] = {"went on", "waited", "had ended"};
        diverge(r, "it %s, and the recorded one %s at %.9f s", stop_word(stop->guest.reason),
                kinds[p->next.stop], (double)p->next.time / 1e9);
        return false;
    }
    if (!take_inputs(r, error))
        return false;
    *done = p->goal == GOAL_FINISH;
    if (*done) {
        compare_ends(r);
        stop->reason = RING1_REPLAY_FINISHED;
    }
    return true;
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool ring1_replay_run(ring1_replay *r, const struct ring1_budget *limits, struct ring1_replay_stop *stop,
                      GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    const struct machine *m = r->m->machine;
    bool done = r->p.goal == GOAL_FINISH, ok = true;
    if (!limits)
        limits = &unlimited;
    *stop = (struct ring1_replay_stop){.reason = RING1_REPLAY_FINISHED};
    uint64_t calls = saturating_add(m->s.hypercalls, limits->hypercalls);
    uint64_t traps = saturating_add(m->s.hypercalls + m->s.traps, limits->traps);
    while (ok && !done && !r->diverged) {
        if (!run_to_goal(r, limits, calls, traps, &stop->guest, error))
            return false;
        if (r->diverged)
            break;
        if (stop->guest.reason == RING1_STOP_INTERRUPTED)
            return stop_for(stop, RING1_REPLAY_INTERRUPTED);
        if (stop->guest.reason == RING1_STOP_BUDGET && limited(m, limits, calls, traps))
            return stop_for(stop, RING1_REPLAY_LIMIT);
        ok = arrived(r, stop, error, &done);
    }
    if (!r->diverged)
        return ok;
    g_clear_error(error);
    g_propagate_error(error, g_error_copy(r->diverged));
    return false;
}

/* --- places to come back to ------------------------------------------------------------------- */

ring1_replay_point *ring1_replay_save(ring1_replay *r)
{
    ring1_replay_point *point = g_new0(ring1_replay_point, 1);
    point->machine = r->machine;
    point->snapshot = ring1_machine_save(r->m);
    position_copy(&point->p, &r->p);
    return point;
}

bool ring1_replay_restore(ring1_replay *r, const ring1_replay_point *point, GError **error)
{
    if (point->machine != r->machine || !r->m) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the place is in machine %u, not in %u",
                    point->machine, r->machine);
        return false;
    }
    if (!ring1_machine_restore(r->m, point->snapshot, error))
        return false;
    position_copy(&r->p, &point->p);
    g_clear_error(&r->diverged);
    return true;
}

void ring1_replay_point_free(ring1_replay_point *point)
{
    if (!point)
        return;
    ring1_snapshot_free(point->snapshot);
    position_clear(&point->p);
    g_free(point);
}
