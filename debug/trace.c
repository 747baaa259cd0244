/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.c - see trace.h: gathers what is known of a call and passes it on.
 */
#include "trace.h"

#include "dispatch/preempt.h"
#include "event.h"
#include "site.h"

#include <time.h>

struct listener {
    const struct trace_consumer *ops;
    void *user;
};

struct trace {
    GArray *listeners;
    ring1_machine *machine;
    struct decoder *decoder;
    struct trace_call call[2]; /* by depth */
    unsigned depth;            /* of the calls in progress: 0, 1, or 2 in a multicall's entry */
    uint32_t events;
    bool want_host;
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

static void begin_call(const struct trace *t, struct trace_call *c, struct vcpu *v,
                       const struct ring1_call *call)
{
    const struct hypercall_slot *slot = call->name ? hypercall_slot(v->domain, call->nr) : NULL;
    *c = (struct trace_call){
        .v = v,
        .call = call,
        .row = slot ? slot->row : NULL,
        .decoder = t->decoder,
        .serial = ring1_machine_hypercalls(t->machine),
        .ns = call_clock(v),
    };
    c->end_ns = c->ns;
    if (call->depth == 0) {
        site_of_call(v, &c->eip, &c->ring);
    } else {
        c->eip = t->call[0].eip;
        c->ring = t->call[0].ring;
    }
}

static bool before_call(ring1_vcpu *v, struct ring1_call *call, void *user)
{
    struct trace *t = user;
    struct trace_call *c = &t->call[call->depth > 0];
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    begin_call(t, c, v, call);
    t->depth = call->depth + 1;
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->before)
            l[i].ops->before(l[i].user, c);
    if (t->want_host)
        c->host_ns = host_clock();
    return false;
}

static void after_call(ring1_vcpu *v, const struct ring1_call *call, void *user)
{
    struct trace *t = user;
    struct trace_call *c = &t->call[call->depth > 0];
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    if (t->want_host)
        c->host_ns = host_clock() - c->host_ns;
    c->call = call;
    c->end_ns = call_clock(v);
    t->depth = call->depth;
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->after)
            l[i].ops->after(l[i].user, c);
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
    trace_tell(t, &e);
}

void trace_set_events(struct trace *t, uint32_t events)
{
    t->events = events;
}

void trace_want_host(struct trace *t)
{
    t->want_host = true;
}

void trace_attach(struct trace *t, ring1_machine *m)
{
    const struct ring1_watch watch = {
        .before = before_call, .after = after_call, .event = on_event, .events = t->events};
    t->machine = m;
    t->depth = 0;
    decoder_free(t->decoder);
    t->decoder = decoder_new(abi_find(ring1_machine_abi(m), ring1_machine_xen(m)));
    ring1_machine_set_watch(m, &watch, t);
}

void trace_tell(struct trace *t, const struct trace_event *e)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->event)
            l[i].ops->event(l[i].user, e);
}

void trace_end(struct trace *t)
{
    unsigned nr;
    const struct listener *l = listeners(t, &nr);
    for (unsigned i = 0; i < nr; i++)
        if (l[i].ops->end)
            l[i].ops->end(l[i].user);
}
