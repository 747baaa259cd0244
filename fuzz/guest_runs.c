/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_runs.c - see guest_runs.h.
 */
#include "guest_runs.h"

#include "dispatch/access.h"
#include "dispatch/preempt.h"
#include "watch.h"

#include <stdio.h>
#include <string.h>

#define MAX_RESULTS 256u /* of one run that are compared */
#define NR_TURNS    (GUEST_THIRD + 1u)

/* What a run came to. */
struct outcome {
    struct ring1_target_end end;
    int32_t result[MAX_RESULTS];
    unsigned nr_results;
    struct fuzz_digest digest;
    uint64_t coverage;
};

struct guest_runs {
    ring1_machine *machine;
    ring1_target *target;
    struct domain *d;
    struct fuzz_reason *reason;
    struct fuzz_watch watch;
    struct tap tap;
    enum ring1_preempt mode; /* the machine's own */
    struct outcome outcome[NR_TURNS];
    /* Of one run. */
    enum guest_turn turn;
    struct outcome *now;
    /* Of a call that stopped half-way. */
    bool goes_on, entry_goes_on;
    uint64_t calls;
    bool entry_stopped; /* in this run: an entry of a multicall did */
    bool tangled; /* a call went on with what it had written itself, or after somebody else: what it does
                   * depends on where it stopped */
    char text[160];
};

/* --- calls that stop half-way ------------------------------------------------------------------------- */

/* What memory_op has not got to yet. */
static bool extents_hold(struct guest_runs *w, struct vcpu *v, const uint32_t *arg)
{
    enum ring1_xen xen = w->d->abi->xen;
    uint32_t header[2] = {arg[1], arg[2]}, start = arg[0] >> (xen <= RING1_XEN_3_0_0 ? 4 : 6);
    if (xen != RING1_XEN_2_0 &&
        ((arg[0] & 0x3F) == 11 /* XENMEM_exchange */ || !fuzz_left_holds(w->watch.left, v, arg[1], 24) ||
         guest_peek(v, GVA(arg[1]), header, sizeof header)))
        return false;
    uint64_t left = header[1] > start ? header[1] - start : 0;
    return fuzz_left_holds(w->watch.left, v, header[0] + start * 4, left * 4);
}

/* What the call is yet to read is as it was when the call began; its words are those that it goes on with. */
static bool rest_holds(struct guest_runs *w, struct vcpu *v, uint32_t nr, const uint32_t *arg)
{
    struct fuzz_left *left = w->watch.left;
    uint64_t count = arg[1] & 0x7FFFFFFFu;
    switch (nr & w->d->abi->number_mask) {
    case 0: /* gates, up to one that is none */
        return fuzz_left_holds(left, v, arg[0], 257 * 8);
    case 1:
        return fuzz_left_holds(left, v, arg[0], count * 8);
    case 12:
        return extents_hold(w, v, arg);
    case 13:
        return fuzz_left_holds(left, v, arg[0], count * 32);
    case 20: /* at most so long */
        return fuzz_left_holds(left, v, arg[1], arg[2] * UINT64_C(64));
    case 26:
        return fuzz_left_holds(left, v, arg[0], count * 12);
    case 18:
        return true;
    default:
        return false;
    }
}

/* The same of a list whose first entry stopped half-way: its words are those that it goes on with. */
static bool list_holds(struct guest_runs *w, struct vcpu *v, const uint32_t *arg)
{
    uint32_t entry[8];
    if (arg[1] == 0 || guest_peek(v, GVA(arg[0]), entry, sizeof entry))
        return false;
    return fuzz_left_holds(w->watch.left, v, arg[0] + 32, (arg[1] - 1) * UINT64_C(32)) &&
           rest_holds(w, v, entry[0], entry + w->d->abi->multicall_arg);
}

static void before_again(struct guest_runs *w, struct vcpu *v, const struct call *call)
{
    bool same = w->entry_goes_on ? list_holds(w, v, call->arg) : rest_holds(w, v, call->nr, call->arg);
    /* It counts once if nobody had the CPU meanwhile. */
    w->tangled |= !same || ring1_machine_hypercalls(w->machine) != w->calls;
}

/* --- calls ------------------------------------------------------------------------------------------- */

static bool tap_before(void *user, struct vcpu *v, struct call *call)
{
    struct guest_runs *w = user;
    if (w->turn == GUEST_FIRST)
        fuzz_watch_before(&w->watch, call);
    if (w->turn == GUEST_STOPPED && !call->depth) {
        if (w->goes_on)
            before_again(w, v, call);
        else
            fuzz_left_before(w->watch.left, call);
        w->entry_goes_on = false;
    }
    fuzz_poison_stack(w->turn == GUEST_AGAIN ? 0x5A : 0xA5);
    return false;
}

static void check_call(struct guest_runs *w, const struct call *call)
{
    if (w->d->s.shutdown != SHUTDOWN_NONE || w->reason->text[0])
        return;
    if (!call->continued)
        fuzz_result_holds(w->d, call->nr, call->arg, call->result, w->reason);
    fuzz_watch_after(&w->watch, call, w->reason);
    if (!call->depth && fuzz_watch_stirred(&w->watch, call))
        fuzz_watch_counts(&w->watch, fuzz_row_name(w->d, call->nr), w->reason);
}

static void tap_after(void *user, struct vcpu *v, const struct call *call)
{
    struct guest_runs *w = user;
    (void)v;
    if (call->depth) {
        w->entry_goes_on = call->continued;
        w->entry_stopped |= call->continued;
    } else {
        w->goes_on = call->continued;
        w->calls = ring1_machine_hypercalls(w->machine);
        if (!call->continued && w->now->nr_results < MAX_RESULTS)
            w->now->result[w->now->nr_results++] = call->result;
    }
    if (w->turn == GUEST_FIRST)
        check_call(w, call);
}

/* --- a run ---------------------------------------------------------------------------------------------- */

void guest_runs_begin(struct guest_runs *w, enum guest_turn turn)
{
    w->turn = turn;
    w->now = &w->outcome[turn];
    w->now->nr_results = 0;
    w->goes_on = w->entry_goes_on = w->entry_stopped = w->tangled = false;
    if (turn == GUEST_FIRST || turn == GUEST_STOPPED)
        fuzz_watch_begin(&w->watch);
    w->mode = w->d->preempt_mode;
    if (turn == GUEST_STOPPED)
        preempt_set_mode(w->d, w->mode == RING1_PREEMPT_EVERY ? RING1_PREEMPT_NORMAL : RING1_PREEMPT_EVERY,
                         1);
    w->d->tap = &w->tap;
}

static uint64_t coverage_of(const struct guest_runs *w)
{
    const uint16_t *place;
    const uint8_t *count;
    unsigned n = ring1_target_coverage(w->target, &place, &count);
    uint64_t sum = n;
    for (unsigned i = 0; i < n; i++)
        sum += (place[i] * 256u + count[place[i]]) * 0x9E3779B97F4A7C15ull;
    return sum;
}

/* The rest of how calls are stopped is put back with the domain. */
void guest_runs_end(struct guest_runs *w, const struct ring1_target_end *end)
{
    w->d->tap = NULL;
    w->d->preempt_mode = w->mode;
    w->now->end = *end;
    w->now->coverage = coverage_of(w);
    for (unsigned i = 0; i < w->d->s.nr_vcpus; i++)
        (void)vcpu_regs(&w->d->s.vcpu[i]);
    w->now->digest = fuzz_shadow_digest(w->watch.shadow[0], w->d, ring1_machine_now(w->machine));
}

/* --- two runs ------------------------------------------------------------------------------------------- */

static const char *results_differ(struct guest_runs *w, const struct outcome *a, const struct outcome *b)
{
    unsigned i;
    for (i = 0; i < MIN(a->nr_results, b->nr_results); i++)
        if (a->result[i] != b->result[i])
            break;
    if (i == a->nr_results && i == b->nr_results)
        return NULL;
    if (i < a->nr_results && i < b->nr_results)
        snprintf(w->text, sizeof w->text, "call %u returns %d, and %d before", i, b->result[i], a->result[i]);
    else
        snprintf(w->text, sizeof w->text, "it makes %u calls, and %u before", b->nr_results, a->nr_results);
    return w->text;
}

static const char *ends_differ(struct guest_runs *w, const struct outcome *a, const struct outcome *b)
{
    if (a->end.reason == b->end.reason && a->end.ns == b->end.ns && a->end.hypercalls == b->end.hypercalls &&
        a->end.eip == b->end.eip)
        return NULL;
    snprintf(w->text, sizeof w->text,
             "it ends after %" G_GUINT64_FORMAT " ns and %" G_GUINT64_FORMAT
             " calls, and after %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " before",
             b->end.ns, b->end.hypercalls, a->end.ns, a->end.hypercalls);
    return w->text;
}

/* Words of the call, in registers and in entries of a multicall, are as the last stop left them: the guest
 * must not look there. A budget that is spent may be spent in the middle of a call. */
static const char *stopped_differs(struct guest_runs *w, const struct outcome *a, const struct outcome *b)
{
    if (w->tangled || a->end.reason == RING1_TARGET_HANGS)
        return NULL;
    const char *text = results_differ(w, a, b);
    text = text ? text : ends_differ(w, a, b);
    if (!text && a->digest.stopped != b->digest.stopped)
        text = "the domain is another";
    if (!text && !w->entry_stopped && a->digest.memory != b->digest.memory)
        text = "memory is another";
    return text;
}

const char *guest_runs_differs(struct guest_runs *w, enum guest_turn turn)
{
    const struct outcome *a = &w->outcome[GUEST_FIRST], *b = &w->outcome[turn];
    if (turn == GUEST_STOPPED)
        return stopped_differs(w, a, b);
    const char *text = results_differ(w, a, b);
    text = text ? text : ends_differ(w, a, b);
    if (!text && a->coverage != b->coverage)
        text = "it takes another way";
    if (!text && a->digest.all != b->digest.all)
        text = "it leaves something else";
    return text;
}

/* --- making --------------------------------------------------------------------------------------------- */

struct guest_runs *guest_runs_new(ring1_machine *m, ring1_target *t, struct fuzz_reason *reason)
{
    struct guest_runs *w = g_new0(struct guest_runs, 1);
    w->machine = m;
    w->target = t;
    w->d = ring1_machine_vcpu(m, 0)->domain;
    w->reason = reason;
    w->tap = (struct tap){.before = tap_before, .after = tap_after, .user = w};
    fuzz_watch_init(&w->watch, w->d, true);
    return w;
}

void guest_runs_free(struct guest_runs *w)
{
    if (!w)
        return;
    fuzz_watch_clear(&w->watch);
    g_free(w);
}
