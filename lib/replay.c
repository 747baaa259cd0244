/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay.c - see ring1/record.h: a recorded machine is made anew and run from stop to
 * stop of the record, where it gets what came in there. On the way its calls are
 * compared with the record's marks, and its end with that of the recorded one.
 */
#include "replay_priv.h"

#include <inttypes.h>

/* 36 years: no clock runs over. */
#define WAIT_MAX_NS (UINT64_C(1) << 60)

/* What the run has in it goes at least to there. */
static void is_done(struct position *p, struct record_place place)
{
    if (place.index > p->done.index || (place.index == p->done.index && place.at > p->done.at))
        p->done = place;
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
    if (next_of(r, MARKS, RECORD_MARK, &mark)) {
        is_done(&r->p, record_cursor_place(&r->p.at[MARKS]));
        compare_sums(r, &mark);
    } else if (!r->diverged && r->p.goal != GOAL_CUT) {
        diverge(r, "the recorded run made no more calls");
    }
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
        is_done(&r->p, record_cursor_place(&r->p.at[DATA]));
        memcpy(bytes, e.bytes, e.len);
        bytes += e.len;
        len -= e.len;
    }
    return !r->diverged;
}

/* --- answers to calls --------------------------------------------------------------------- */

void replay_next_answer(ring1_replay *r)
{
    if (!next_of(r, ANSWERS, RECORD_ANSWER, &r->p.answer))
        r->p.answer.op = 0;
    r->p.answer_end = record_cursor_place(&r->p.at[ANSWERS]);
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
    is_done(&r->p, r->p.answer_end);
    *work = answer.work;
    if (answer.answered)
        call->result = (int32_t)answer.result;
    replay_next_answer(r);
    return answer.answered;
}

/* Only where there are any are calls looked at. */
void replay_begin_answers(ring1_replay *r)
{
    r->answers = (struct answers){take_answer, r};
    r->m->answers = r->p.answer.op == RECORD_ANSWER ? &r->answers : NULL;
    machine_set_tap(r->m);
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

static bool same_stop(const struct record_event *a, const struct record_event *b)
{
    return a->op == b->op && a->stop == b->stop && a->time == b->time &&
           (a->stop != RECORD_EXACT || (a->calls == b->calls && a->entry == b->entry));
}

/* The next stop, or the end. True: it is the goal; else the machine stands there. */
static bool next_goal(struct position *p, const struct record_event *e)
{
    struct record_event skip = p->skip;
    p->skip.op = 0;
    p->next_end = record_cursor_place(&p->at[STOPS]);
    if (e->op == RECORD_STOP && same_stop(&skip, e)) {
        is_done(p, p->next_end);
        return false;
    }
    p->goal = e->op == RECORD_STOP ? GOAL_STOP : GOAL_FINISH;
    p->next = *e;
    if (e->op == RECORD_FINISH)
        memcpy(p->hash, e->bytes, sizeof p->hash);
    return true;
}

/* What came in where the machine stands, up to the next stop. False: *error, or
 * r->diverged. */
static bool take_inputs(ring1_replay *r, GError **error)
{
    struct position *p = &r->p;
    struct record_event e;
    GError *bad = NULL;
    if (p->standing && p->goal == GOAL_STOP)
        is_done(p, p->next_end);
    p->standing = false;
    p->goal = GOAL_CUT;
    p->mark.op = 0;
    while (record_next(r->reader, &p->at[STOPS], &e, &bad)) {
        if (e.op == RECORD_STOP || e.op == RECORD_FINISH) {
            if (next_goal(p, &e))
                return true;
            continue;
        }
        if (e.op == RECORD_MARK)
            p->mark = e;
        else if (e.op != RECORD_DATA && e.op != RECORD_ANSWER)
            is_done(p, record_cursor_place(&p->at[STOPS]));
        apply(r, &e);
    }
    if (bad)
        g_propagate_error(error, bad);
    p->next = (struct record_event){.time = p->at[STOPS].time};
    return !bad;
}

/* Of number r->machine. */
static bool next_machine(ring1_replay *r, GError **error)
{
    g_clear_pointer(&r->m, ring1_machine_free);
    replay_position_clear(&r->p);
    r->p = (struct position){0};
    if (r->machine >= record_nr_machines(r->reader))
        return false;
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_init(&r->p.at[i], r->machine);
    if (!(r->m = replay_make(r, take_data, error)))
        return false;
    r->sums = (struct call_sums){.mark = on_mark, .user = r, .each = RECORD_MARK_CALLS};
    r->m->machine->sums = &r->sums;
    replay_next_answer(r);
    replay_begin_answers(r);
    return take_inputs(r, error);
}

bool ring1_replay_next(ring1_replay *r, GError **error)
{
    if (r->m)
        r->machine++;
    return next_machine(r, error);
}

ring1_replay *replay_of_recorder(struct recorder *of, GError **error)
{
    struct record_reader *reader = recorder_reader(of, error);
    ring1_replay *r = replay_new(reader);
    r->live = true;
    if (reader && record_nr_machines(reader) > 0) {
        r->machine = record_nr_machines(reader) - 1;
        if (next_machine(r, error))
            return r;
    }
    ring1_replay_free(r);
    return NULL;
}

bool replay_refresh(ring1_replay *r, struct recorder *of, GError **error)
{
    recorder_flush(of);
    return record_reader_refresh(r->reader, error);
}

/* The machine has ended as the record says that it did. */
static void compare_ends(ring1_replay *r)
{
    const struct position *p = &r->p;
    uint8_t hash[CHUNK_SHA256];
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
    case RECORD_EXACT:
        return reason == RING1_STOP_DEBUG;
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
                                        [RING1_STOP_INTERRUPTED] = "was interrupted",
                                        [RING1_STOP_DEBUG] = "goes on"};
    return words[reason];
}

static struct ring1_place place_of(const struct record_event *stop)
{
    return (struct ring1_place){stop->time, stop->calls, stop->entry >> 1, stop->entry & 1};
}

static bool is_at(const ring1_replay *r, const struct ring1_place *place)
{
    struct ring1_place now = stops_place(r->m->machine);
    return ring1_place_compare(&now, place) >= 0;
}

/* The record's next stop is not behind the target. A wait, or the end, is found by a look, and
 * what was before that look has the same time. */
static bool stops_first(const struct record_event *next, const struct ring1_place *target)
{
    if (target->ns != next->time)
        return target->ns > next->time;
    return next->stop == RECORD_OUTSIDE || target->looked;
}

/* Where the next run has to end between two looks, if anywhere. */
static bool exact_place(const ring1_replay *r, const struct replay_debug *debug, struct ring1_place *place)
{
    const struct position *p = &r->p;
    const struct ring1_place *target = debug ? debug->target : NULL;
    bool exact = p->goal == GOAL_STOP && p->next.stop == RECORD_EXACT;
    if (exact)
        *place = place_of(&p->next);
    if (!target || (exact ? ring1_place_compare(target, place) >= 0
                          : p->goal == GOAL_STOP && stops_first(&p->next, target)))
        return exact;
    *place = *target;
    return true;
}

/* Run towards the next stop of the record. */
static bool run_to_goal(ring1_replay *r, const struct ring1_budget *limits, const struct replay_debug *debug,
                        struct ring1_stop *stop, GError **error)
{
    const struct record_event *next = &r->p.next;
    struct machine *m = r->m->machine;
    struct ring1_budget b = *limits;
    struct ring1_place place;
    bool stops = exact_place(r, debug, &place), step = debug && debug->step >= 0;
    bool alone = !r->debugged && stops;
    b.return_when_idle = true;
    if (r->p.goal == GOAL_STOP ? next->stop == RECORD_OUTSIDE : !r->live)
        b.until_ns = MIN(b.until_ns, next->time);
    else if (r->p.goal == GOAL_STOP && next->stop != RECORD_EXACT && next->time < UINT64_MAX)
        b.until_ns = MIN(b.until_ns, next->time + 1); /* it stops of its own, or was to */
    b.hypercalls = limits->hypercalls == UINT64_MAX
                       ? UINT64_MAX
                       : limits->hypercalls - MIN(limits->hypercalls, m->s.hypercalls);
    uint64_t traps = m->s.hypercalls + m->s.traps;
    b.traps = limits->traps == UINT64_MAX ? UINT64_MAX : limits->traps - MIN(limits->traps, traps);
    if (alone)
        stops_attach(m);
    if (stops)
        stops_at(m, &place);
    if (step)
        stops_step(m, (unsigned)debug->step);
    bool ok = ring1_machine_run(r->m, &b, stop, error);
    if (alone)
        stops_detach(m);
    return ok;
}

/* `limits` are the machine's own counts by now. */
static bool limited(const struct machine *m, const struct ring1_budget *limits)
{
    return machine_now(m) >= limits->until_ns || m->s.hypercalls >= limits->hypercalls ||
           m->s.hypercalls + m->s.traps >= limits->traps;
}

/* The machine stands where it should. */
static bool at_goal(ring1_replay *r, const struct ring1_stop *stop)
{
    const struct position *p = &r->p;
    if (p->goal != GOAL_STOP || machine_now(r->m->machine) != p->next.time ||
        !is_stop(p->next.stop, stop->reason))
        return false;
    if (p->next.stop != RECORD_EXACT)
        return true;
    struct ring1_place place = place_of(&p->next), now = stops_place(r->m->machine);
    return ring1_place_compare(&now, &place) == 0;
}

/* An exact place was missed. */
static bool is_behind_goal(const ring1_replay *r)
{
    const struct position *p = &r->p;
    if (p->goal != GOAL_STOP || p->next.stop != RECORD_EXACT)
        return false;
    struct ring1_place goal = place_of(&p->next), now = stops_place(r->m->machine);
    return ring1_place_compare(&now, &goal) > 0;
}

static void not_at_goal(ring1_replay *r, enum ring1_stop_reason reason)
{
    static const char *const kinds[] = {"went on", "waited", "had ended", "was stopped by a debugger"};
    diverge(r, "it %s, and the recorded one %s at %.9f s", stop_word(reason), kinds[r->p.next.stop],
            (double)r->p.next.time / 1e9);
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

enum after { GOES_ON, IS_OVER, FAILED };

static enum after over(struct ring1_replay_stop *stop, enum ring1_replay_reason reason)
{
    stop->reason = reason;
    return IS_OVER;
}

/* Before a run: what came in is taken in. */
static enum after begin_run(ring1_replay *r, struct replay_debug *debug, struct ring1_replay_stop *stop,
                            GError **error)
{
    struct position *p = &r->p;
    bool target = debug && debug->target;
    debug = target ? debug : NULL;
    if (target && is_at(r, debug->target)) {
        debug->reached = true;
        return over(stop, RING1_REPLAY_STOPPED);
    }
    if (!p->standing)
        return GOES_ON;
    if (!take_inputs(r, error))
        return FAILED;
    if (p->goal == GOAL_FINISH) {
        compare_ends(r);
        return over(stop, RING1_REPLAY_FINISHED);
    }
    return begin_run(r, debug, stop, error);
}

/* After it. */
static enum after end_run(ring1_replay *r, const struct ring1_budget *limits, struct ring1_replay_stop *stop)
{
    struct position *p = &r->p;
    enum ring1_stop_reason reason = stop->guest.reason;
    if (reason == RING1_STOP_INTERRUPTED)
        return over(stop, RING1_REPLAY_INTERRUPTED);
    if (reason == RING1_STOP_BUDGET && limited(r->m->machine, limits))
        return over(stop, RING1_REPLAY_LIMIT);
    if (reason == RING1_STOP_DEBUG && r->debugged && stops_last(r->m->machine)->kind != STOP_PLACE)
        return over(stop, RING1_REPLAY_STOPPED);
    if (at_goal(r, &stop->guest)) {
        p->standing = true;
        stops_not_seen(r->m->machine);
    } else if (reason == RING1_STOP_DEBUG && !is_behind_goal(r)) {
        return GOES_ON; /* the debugger's place, as begin_run will see */
    } else if (p->goal == GOAL_CUT) {
        return over(stop, RING1_REPLAY_CUT);
    } else {
        not_at_goal(r, reason);
    }
    return GOES_ON;
}

static bool run(ring1_replay *r, const struct ring1_budget *limits, struct replay_debug *debug,
                struct ring1_replay_stop *stop, GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    const struct machine *m = r->m->machine;
    struct ring1_budget own = limits ? *limits : unlimited;
    enum after after = r->p.goal == GOAL_FINISH ? IS_OVER : GOES_ON;
    *stop = (struct ring1_replay_stop){.reason = RING1_REPLAY_FINISHED};
    own.hypercalls = saturating_add(m->s.hypercalls, own.hypercalls);
    own.traps = saturating_add(m->s.hypercalls + m->s.traps, own.traps);
    while (after == GOES_ON && !r->diverged) {
        after = begin_run(r, debug, stop, error);
        if (after != GOES_ON || r->diverged)
            break;
        if (!run_to_goal(r, &own, debug, &stop->guest, error))
            return false;
        if (!r->diverged)
            after = end_run(r, &own, stop);
    }
    if (!r->diverged)
        return after != FAILED;
    g_clear_error(error);
    g_propagate_error(error, g_error_copy(r->diverged));
    return false;
}

bool ring1_replay_run(ring1_replay *r, const struct ring1_budget *limits, struct ring1_replay_stop *stop,
                      GError **error)
{
    return run(r, limits, NULL, stop, error);
}

bool replay_run_debug(ring1_replay *r, const struct ring1_budget *limits, struct replay_debug *debug,
                      struct ring1_replay_stop *stop, GError **error)
{
    debug->reached = false;
    return run(r, limits, debug, stop, error);
}
