/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_trace.c - see world_trace.h.
 */
#include "world_trace.h"

#include <string.h>

struct world_trace {
    struct world *w;
    const struct trace_consumer *ops;
    void *user;
    struct tap tap;
    struct decoder *decoder;
    uint64_t serial;
    /* By depth: a call, and the entry of a multicall that it is at. */
    struct trace_call call[2];
    struct ring1_call seen[2];
    uint32_t arg[2][MAX_HYPERCALL_ARGS];
};

static struct trace_call *describe(struct world_trace *t, struct vcpu *v, const struct call *call)
{
    unsigned depth = call->depth ? 1 : 0;
    struct trace_call *c = &t->call[depth];
    const struct abi *abi = t->w->abi;
    c->v = v;
    c->call = &t->seen[depth];
    c->row = call->row ? call->row : hypercall_row(abi, call->nr & abi->number_mask);
    c->decoder = t->decoder;
    c->serial = t->serial;
    memcpy(t->arg[depth], call->arg, sizeof t->arg[depth]);
    t->seen[depth] = (struct ring1_call){
        .nr = call->nr,
        .name = c->row ? c->row->name : NULL,
        .nargs = c->row ? c->row->nargs : 5,
        .arg = t->arg[depth],
        .depth = depth,
        .index = call->index,
        .result = call->result,
        .why = call->why,
        .continued = call->continued,
    };
    return c;
}

static bool before(void *user, struct vcpu *v, struct call *call)
{
    struct world_trace *t = user;
    if (!call->depth)
        t->serial++;
    struct trace_call *c = describe(t, v, call);
    c->ns = t->w->now;
    if (t->ops->before)
        t->ops->before(t->user, c);
    return false;
}

static void after(void *user, struct vcpu *v, const struct call *call)
{
    struct world_trace *t = user;
    struct trace_call *c = &t->call[call->depth ? 1 : 0];
    struct ring1_call *seen = &t->seen[call->depth ? 1 : 0];
    (void)v;
    seen->result = call->result;
    seen->why = call->why;
    seen->continued = call->continued;
    c->end_ns = t->w->now;
    if (t->ops->after)
        t->ops->after(t->user, c);
}

struct world_trace *world_trace_new(struct world *w, const struct trace_consumer *ops, void *user)
{
    struct world_trace *t = g_new0(struct world_trace, 1);
    t->w = w;
    t->ops = ops;
    t->user = user;
    t->decoder = decoder_new(w->abi);
    t->tap = (struct tap){.before = before, .after = after, .user = t};
    w->d->tap = &t->tap;
    return t;
}

void world_trace_free(struct world_trace *t)
{
    if (!t)
        return;
    if (t->ops->end)
        t->ops->end(t->user);
    t->w->d->tap = NULL;
    decoder_free(t->decoder);
    g_free(t);
}
