/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.c - see trace.h: gathers what is known of a call and passes it on.
 */
#include "trace.h"

#include "dispatch/preempt.h"
#include "event.h"
#include "filter.h"
#include "site.h"

#include <string.h>
#include <time.h>

#define NR_MULTICALL 13u
#define INT_BYTES    2u

struct listener {
    const struct trace_consumer *ops;
    void *user;
};

/* What consumers know of a call in progress. */
enum told {
    TOLD_NOTHING,
    TOLD_LATER, /* a multicall that is not wanted itself: if an entry is, so is it */
    TOLD,
};

/* A call that stopped half-way, as it will come again: it is no new one. */
struct going_on {
    bool set, entry; /* entry: so did the entry that it stopped at */
    uint32_t nr, eip;
    uint32_t arg[MAX_HYPERCALL_ARGS];
};

struct trace {
    GArray *listeners;
    ring1_machine *machine;
    struct decoder *decoder;
    struct filter *filter;
    struct trace_call call[2]; /* by depth, as the next four */
    struct ring1_call seen[2]; /* what call[] points to: a multicall may be told late */
    enum told told[2];
    bool wanted[2];  /* by itself */
    bool touched[2]; /* what went in has to do with a place that is asked for */
    bool entry_told; /* of the multicall in progress, and was not dropped */
    unsigned depth;  /* of the calls in progress: 0, 1, or 2 in a multicall's entry */
    uint32_t events; /* that all are told */
    uint32_t needed; /* that some need */
    bool want_host;
    bool again; /* the call in progress is one that goes on */
    struct going_on going_on[MAX_VCPUS];
};

static struct listener *listeners(const struct trace *t, unsigned *nr)
{
    *nr = t->listeners->len;
    return (struct listener *)(void *)t->listeners->data;
}

/* Work that a call did is charged when it is over; until then it is ahead of the
 * clock. */
static uint64_t call_clock(const struct vcpu *v)
{
    return domain_now(v->domain) + (uint64_t)v->domain->s.preempt.work * WORK_NS;
}

static uint64_t host_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void begin_call(struct trace *t, struct vcpu *v, const struct ring1_call *call)
{
    unsigned nested = call->depth > 0;
    struct trace_call *c = &t->call[nested];
    t->seen[nested] = *call;
    const struct hypercall_slot *slot = call->name ? hypercall_slot(v->domain, call->nr) : NULL;
    *c = (struct trace_call){
        .v = v,
        .call = &t->seen[nested],
        .row = slot ? slot->row : NULL,
        .decoder = t->decoder,
        .serial = ring1_machine_hypercalls(t->machine),
        .ns = call_clock(v),
        .injected = call->answered,
        .delayed = call->delayed,
    };
    c->end_ns = c->ns;
}

/* Registers are taken from the CPU only for calls that somebody is told of. */
static void locate(struct trace *t, unsigned nested)
{
    struct trace_call *c = &t->call[nested];
    if (!nested) {
        site_of_call(c->v, &c->eip, &c->ring);
    } else {
        c->eip = t->call[0].eip;
        c->ring = t->call[0].ring;
    }
}

static void tell_before(struct trace *t, unsigned nested)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    locate(t, nested);
    t->told[nested] = TOLD;
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->before)
            l[i].ops->before(l[i].user, &t->call[nested]);
}

static void tell_after(const struct trace *t, const struct trace_call *c, bool keep)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    for (unsigned i = 0; i < nr; i++) {
        void (*tell)(void *user, const struct trace_call *c) = keep ? l[i].ops->after : l[i].ops->drop;
        if (tell)
            tell(l[i].user, c);
    }
}

/* --- what is made up ------------------------------------------------------------- */

/* The same call as one that stopped half-way: it has been counted. */
static bool goes_on(struct trace *t, struct vcpu *v, const struct ring1_call *call)
{
    struct going_on *g = &t->going_on[v->id];
    if (call->depth > 0) {
        bool entry = t->again && g->entry;
        g->entry = false;
        return entry;
    }
    t->again = g->set && g->nr == call->nr && vcpu_regs(v)->eip == g->eip &&
               memcmp(g->arg, call->arg, call->nargs * sizeof *g->arg) == 0;
    if (t->again)
        g->set = false;
    return t->again;
}

static void note_going_on(struct trace *t, struct vcpu *v, const struct ring1_call *call)
{
    struct going_on *g = &t->going_on[v->id];
    if (call->depth > 0) {
        g->entry = call->continued;
        return;
    }
    g->set = call->continued;
    if (!g->set)
        return;
    const struct regs *r = vcpu_regs(v);
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {r->ebx, r->ecx, r->edx, r->esi, r->edi, r->ebp};
    memcpy(g->arg, arg, sizeof arg);
    g->nr = (uint32_t)call->result;
    g->eip = r->eip + INT_BYTES;
}

/* True: the call has its answer. */
static bool inject(struct trace *t, struct vcpu *v, struct ring1_call *call, uint32_t nr,
                   struct trace_call *c)
{
    const GPtrArray *injections = t->filter->injections;
    uint64_t delay = 0;
    if (goes_on(t, v, call))
        return false;
    for (unsigned i = 0; i < injections->len; i++) {
        struct injection *injection = injections->pdata[i];
        if (!injection_due(injection, v, nr, call->arg))
            continue;
        delay += injection->delay_ns;
        if (injection->answers && !c->injected) {
            c->injected = true;
            call->result = injection->result;
        }
    }
    c->delayed |= delay > 0;
    preempt_work(v->domain, (uint32_t)MIN(delay / WORK_NS, UINT32_MAX / 2));
    return c->injected;
}

/* --- calls ------------------------------------------------------------------------- */

static bool wants(const struct trace *t, struct vcpu *v, const struct ring1_call *call, uint32_t nr)
{
    const struct filter *f = t->filter;
    return !f || !f->matcher ||
           (call_matcher_may(f->matcher, nr) && call_matcher_match(f->matcher, v, nr, call->arg));
}

static bool is_multicall(const struct ring1_call *call, uint32_t nr)
{
    return nr == NR_MULTICALL && call->depth == 0;
}

static void begin_wanted(struct trace *t, struct ring1_call *call, unsigned nested)
{
    struct trace_call *c = &t->call[nested];
    const struct filter *f = t->filter;
    t->touched[nested] =
        !f || f->places->len == 0 ||
        call_touches_input(c, (const struct place *)(const void *)f->places->data, f->places->len);
    if (call->depth > 0 && t->told[0] == TOLD_LATER)
        tell_before(t, 0);
    tell_before(t, nested);
}

static bool before_call(ring1_vcpu *v, struct ring1_call *call, void *user)
{
    struct trace *t = user;
    unsigned nested = call->depth > 0;
    uint32_t nr = call->nr & v->domain->abi->number_mask;
    bool wanted = wants(t, v, call, nr), injects = t->filter && t->filter->injections->len > 0;
    t->told[nested] = TOLD_NOTHING;
    t->depth = call->depth + 1;
    /* Nothing that costs time stands before this: most filters want few calls. */
    if (G_LIKELY(!wanted && !injects && !t->events && !is_multicall(call, nr)))
        return false;

    struct trace_call *c = &t->call[nested];
    begin_call(t, v, call);
    bool answered = injects && inject(t, v, call, nr, c);
    t->wanted[nested] = wanted;
    if (!nested)
        t->entry_told = false;
    if (t->events)
        locate(t, nested);
    if (wanted)
        begin_wanted(t, call, nested);
    else if (is_multicall(call, nr))
        t->told[0] = TOLD_LATER;
    if (t->want_host)
        c->host_ns = host_clock();
    return answered;
}

/* Now that it is over. */
static bool still_wanted(const struct trace *t, const struct trace_call *c, unsigned nested)
{
    const struct filter *f = t->filter;
    if (!f)
        return true;
    if (!nested && t->entry_told)
        return true;
    return t->wanted[nested] && filter_wants_status(f, c->call) &&
           (t->touched[nested] ||
            call_touches_output(c, (const struct place *)(const void *)f->places->data, f->places->len));
}

static void after_call(ring1_vcpu *v, const struct ring1_call *call, void *user)
{
    struct trace *t = user;
    unsigned nested = call->depth > 0;
    struct trace_call *c = &t->call[nested];
    t->depth = call->depth;
    if (t->filter && t->filter->injections->len > 0)
        note_going_on(t, v, call);
    if (t->told[nested] != TOLD)
        return;
    if (t->want_host)
        c->host_ns = host_clock() - c->host_ns;
    t->seen[nested] = *call;
    c->end_ns = call_clock(v);
    bool keep = still_wanted(t, c, nested);
    t->entry_told = t->entry_told || (keep && nested);
    tell_after(t, c, keep);
}

struct trace *trace_new(void)
{
    struct trace *t = g_new0(struct trace, 1);
    t->listeners = g_array_new(FALSE, FALSE, sizeof(struct listener));
    return t;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    decoder_free(t->decoder);
    g_array_unref(t->listeners);
    g_free(t);
}

void trace_add(struct trace *t, const struct trace_consumer *ops, void *user)
{
    g_array_append_val(t->listeners, ((struct listener){ops, user}));
    t->needed |= ops->needs;
}

/* Those who asked for it; `events`: what all asked for. */
static void tell(struct trace *t, const struct trace_event *e, uint32_t events)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->event && RING1_EVENT_BIT(e->event->kind) & (events | l[i].ops->needs))
            l[i].ops->event(l[i].user, e);
}

static void on_event(ring1_vcpu *v, const struct ring1_event *event, void *user)
{
    struct trace *t = user;
    struct trace_event e = {.v = v,
                            .event = event,
                            .ns = call_clock(v),
                            .depth = t->depth,
                            .ring = event->ring,
                            .eip = event->eip};
    if (t->depth) {
        const struct trace_call *c = &t->call[t->depth - 1];
        e.serial = c->serial;
        e.index = t->depth == 2 ? c->call->index : 0;
        if (!event_has_place(&e)) {
            e.ring = c->ring;
            e.eip = c->eip;
        }
    }
    tell(t, &e, t->events);
}

void trace_set_events(struct trace *t, uint32_t events)
{
    t->events = events;
}

void trace_set_filter(struct trace *t, struct filter *f)
{
    t->filter = f;
    t->events |= f->events;
}

void trace_want_host(struct trace *t)
{
    t->want_host = true;
}

void trace_attach(struct trace *t, ring1_machine *m)
{
    const struct ring1_watch watch = {
        .before = before_call, .after = after_call, .event = on_event, .events = t->events | t->needed};
    t->machine = m;
    t->depth = 0;
    decoder_free(t->decoder);
    const struct abi *abi = abi_find(ring1_machine_abi(m), ring1_machine_xen(m));
    t->decoder = decoder_new(abi);
    if (t->filter)
        filter_attach(t->filter, abi);
    memset(t->going_on, 0, sizeof t->going_on);
    ring1_machine_set_watch(m, &watch, t);
}

void trace_tell(struct trace *t, const struct trace_event *e)
{
    tell(t, e, RING1_EVENTS_ALL);
}

void trace_end(struct trace *t)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->end)
            l[i].ops->end(l[i].user);
}
