/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_xentrace.c - see trace_xentrace.h. As in Xen a record is made when a call
 * begins: it has no result.
 */
#include "trace_xentrace.h"

#include "xentrace.h"

#include <string.h>

/* A window is closed when it has so many bytes, between two calls. */
#define WINDOW_BYTES 32768

/* Runstates of xen/vcpu.h. */
enum { RUNNING = 0, RUNNABLE = 1 };

struct trace_xentrace {
    void (*sink)(void *user, const char *bytes, size_t len);
    void *user;
    GByteArray *window; /* records since the last */
    guint mark[2];      /* where the record of the call in progress is, and of its entry */
    guint mark_end[2];
    int vcpu; /* that runs; -1: none yet */
};

struct trace_xentrace *trace_xentrace_new(void (*sink)(void *user, const char *bytes, size_t len), void *user)
{
    struct trace_xentrace *t = g_new0(struct trace_xentrace, 1);
    t->sink = sink;
    t->user = user;
    t->window = g_byte_array_new();
    t->vcpu = -1;
    return t;
}

void trace_xentrace_free(struct trace_xentrace *t)
{
    if (!t)
        return;
    g_byte_array_unref(t->window);
    g_free(t);
}

static void put(GByteArray *to, const uint32_t *words, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++) {
        uint32_t word = GUINT32_TO_LE(words[i]);
        g_byte_array_append(to, (const guint8 *)&word, sizeof word);
    }
}

static void close_window(struct trace_xentrace *t)
{
    const uint32_t head[] = {GUINT32_TO_LE(XT_CPU_CHANGE), 0, GUINT32_TO_LE(t->window->len)};
    if (t->window->len == 0)
        return;
    t->sink(t->user, (const char *)head, sizeof head);
    t->sink(t->user, (const char *)t->window->data, t->window->len);
    g_byte_array_set_size(t->window, 0);
}

static void put_record(struct trace_xentrace *t, uint32_t event, uint64_t tsc, const uint32_t *words,
                       unsigned nr)
{
    const uint32_t head[] = {event | XT_CYCLES | XT_WORDS(nr), (uint32_t)tsc, (uint32_t)(tsc >> 32)};
    put(t->window, head, 3);
    put(t->window, words, nr);
}

/* Xen's tools know by these who makes the calls that follow. The first of a vcpu says
 * that it waited to run. */
static void switch_to(struct trace_xentrace *t, const struct vcpu *v, uint64_t tsc)
{
    uint32_t who = (uint32_t)v->domain->s.domid << 16;
    if (t->vcpu == (int)v->id)
        return;
    if (t->vcpu >= 0)
        put_record(t, XT_RUNSTATE(RUNNING, RUNNABLE), tsc, (uint32_t[]){who | (uint32_t)t->vcpu}, 1);
    put_record(t, XT_RUNSTATE(RUNNABLE, RUNNING), tsc, (uint32_t[]){who | v->id}, 1);
    t->vcpu = (int)v->id;
}

static void before_call(void *user, const struct trace_call *c)
{
    struct trace_xentrace *t = user;
    const struct ring1_call *call = c->call;
    unsigned depth = call->depth ? 1 : 0, nr = 1, args = xt_args(call->nr);
    uint32_t words[TRACE_EXTRA_MAX] = {XT_OP(call->nr)};
    for (unsigned i = 0; i < MAX_HYPERCALL_ARGS; i++) {
        if (!(args >> i & 1))
            continue;
        words[0] |= TRC_PV_HYPERCALL_V2_ARG_32(i);
        words[nr++] = call->arg[i];
    }
    if (depth == 0)
        switch_to(t, c->v, c->ns);
    t->mark[depth] = t->window->len;
    put_record(t, depth ? TRC_PV_HYPERCALL_SUBCALL : TRC_PV_HYPERCALL_V2, c->ns, words, nr);
    t->mark_end[depth] = t->window->len;
}

static void after_call(void *user, const struct trace_call *c)
{
    struct trace_xentrace *t = user;
    if (c->call->depth == 0 && t->window->len >= WINDOW_BYTES)
        close_window(t);
}

/* The record goes; those of a multicall's entries behind it stay. */
static void drop_call(void *user, const struct trace_call *c)
{
    struct trace_xentrace *t = user;
    unsigned depth = c->call->depth ? 1 : 0;
    g_byte_array_remove_range(t->window, t->mark[depth], t->mark_end[depth] - t->mark[depth]);
    after_call(user, c);
}

static void end_trace(void *user)
{
    close_window(user);
    ((struct trace_xentrace *)user)->vcpu = -1;
}

const struct trace_consumer trace_xentrace_consumer = {
    .before = before_call,
    .after = after_call,
    .drop = drop_call,
    .end = end_trace,
};
