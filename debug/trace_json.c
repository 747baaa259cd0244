/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_json.c - see trace_json.h. An object is begun before its call and ended after
 * it; a multicall's stands behind those of its entries, so that nothing is held back.
 */
#include "trace_json.h"

#include "event_json.h"
#include "json_sink.h"
#include "site.h"

/* Lines are handed on when a call is over, or when there are so many bytes of the
 * entries of one multicall. */
#define HELD_BYTES 65536

struct trace_json {
    void (*sink)(void *user, const char *text, size_t len);
    void *user;
    struct decode_limits limits;
    bool stacks;
    GString *done;           /* whole lines */
    struct json_writer w[2]; /* the call in progress, and its entry */
    bool open[2];
};

struct trace_json *trace_json_new(void (*sink)(void *user, const char *text, size_t len), void *user)
{
    struct trace_json *t = g_new0(struct trace_json, 1);
    t->sink = sink;
    t->user = user;
    t->limits = (struct decode_limits){.elements = 65536, .bytes = 65536};
    t->done = g_string_new(NULL);
    for (unsigned i = 0; i < 2; i++)
        t->w[i].json.out = g_string_new(NULL);
    return t;
}

void trace_json_free(struct trace_json *t)
{
    if (!t)
        return;
    g_string_free(t->done, TRUE);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(t->w[i].json.out, TRUE);
    g_free(t);
}

void trace_json_set_limits(struct trace_json *t, const struct decode_limits *limits)
{
    t->limits = *limits;
}

void trace_json_set_stacks(struct trace_json *t, bool stacks)
{
    t->stacks = stacks;
}

static void hand_on(struct trace_json *t)
{
    if (t->done->len > 0)
        t->sink(t->user, t->done->str, t->done->len);
    g_string_truncate(t->done, 0);
}

void trace_json_begin(struct trace_json *t, const struct trace_origin *origin)
{
    struct json j = {.out = t->done};
    json_open(&j, '{');
    json_word(&j, "type", "trace");
    json_uint(&j, "version", TRACE_JSON_VERSION);
    json_word(&j, "ring1", RING1_VERSION_STRING);
    json_word(&j, "abi", origin->abi);
    json_word(&j, "xen", origin->xen);
    json_text(&j, "image", origin->image);
    json_uint(&j, "pages", origin->pages);
    json_uint(&j, "vcpus", origin->vcpus);
    if (origin->max_pages)
        json_uint(&j, "max_pages", origin->max_pages);
    if (origin->shared_info)
        json_uint(&j, "shared_info", origin->shared_info);
    json_close(&j, '}');
    g_string_append_c(t->done, '\n');
    hand_on(t);
}

/* --- calls -------------------------------------------------------------------------- */

static void write_words(struct json *j, const struct ring1_call *call)
{
    json_key(j, "words");
    json_open(j, '[');
    for (unsigned i = 0; i < call->nargs && i < MAX_HYPERCALL_ARGS; i++)
        json_uint(j, NULL, call->arg[i]);
    json_close(j, ']');
}

static void write_frame(void *user, const struct site_frame *f)
{
    struct json *j = user;
    json_key(j, NULL);
    json_open(j, '{');
    json_uint(j, "eip", f->eip);
    if (f->name)
        json_text(j, "symbol", f->name);
    if (f->source)
        json_text(j, "source", f->source);
    if (f->inlined)
        json_true(j, "inlined");
    if (f->guess)
        json_true(j, "guess");
    json_close(j, '}');
}

static void write_site(const struct trace_json *t, struct json *j, struct vcpu *v, unsigned ring,
                       uint32_t eip)
{
    json_uint(j, "ring", ring);
    json_uint(j, "eip", eip);
    const char *symbol = ring1_machine_symbol(ring1_vcpu_machine(v), eip, false);
    if (symbol)
        json_text(j, "symbol", symbol);
    if (!t->stacks)
        return;
    json_key(j, "stack");
    json_open(j, '[');
    site_stack(v, eip, write_frame, j);
    json_close(j, ']');
}

static void before_call(void *user, const struct trace_call *c)
{
    struct trace_json *t = user;
    unsigned depth = c->call->depth ? 1 : 0;
    struct json_writer *w = &t->w[depth];
    struct json *j = &w->json;
    g_string_truncate(j->out, 0);
    t->open[depth] = true;
    w->domain = c->v->domain;
    w->output = false;
    j->comma = false;
    json_open(j, '{');
    json_word(j, "type", "call");
    json_uint(j, "serial", c->serial);
    json_uint(j, "depth", depth);
    if (depth)
        json_uint(j, "index", c->call->index);
    json_uint(j, "ns", c->ns);
    json_uint(j, "vcpu", c->v->id);
    if (!depth && c->ring)
        write_site(t, j, c->v, c->ring, c->eip);
    json_uint(j, "nr", c->call->nr);
    if (c->call->name)
        json_word(j, "name", c->call->name);
    write_words(j, c->call);
    if (!c->row)
        return;
    json_key(j, "args");
    json_open(j, '{');
    decode_input(c->decoder, c->v, c->row, c->call->arg, &t->limits, &json_sink, w);
    json_close(j, '}');
}

/* The object is whole. */
static void finish(struct trace_json *t, unsigned depth)
{
    struct json *j = &t->w[depth].json;
    json_close(j, '}');
    g_string_append_c(j->out, '\n');
    g_string_append_len(t->done, j->out->str, (gssize)j->out->len);
    t->open[depth] = false;
    if (depth == 0 || t->done->len >= HELD_BYTES)
        hand_on(t);
}

static void write_output(struct trace_json *t, struct json_writer *w, const struct trace_call *c)
{
    struct json *j = &w->json;
    size_t begin = j->out->len;
    w->output = true;
    json_key(j, "out");
    json_open(j, '{');
    size_t empty = j->out->len;
    decode_output(c->decoder, c->v, c->row, c->call->arg, errno_name(c->call->result) != NULL, &t->limits,
                  &json_sink, w);
    if (j->out->len == empty) {
        g_string_truncate(j->out, begin);
        j->comma = true;
    } else {
        json_close(j, '}');
    }
}

static void after_call(void *user, const struct trace_call *c)
{
    struct trace_json *t = user;
    const struct ring1_call *call = c->call;
    unsigned depth = call->depth ? 1 : 0;
    struct json_writer *w = &t->w[depth];
    struct json *j = &w->json;
    if (!t->open[depth])
        return;
    json_uint(j, "end_ns", c->end_ns);
    if (call->continued)
        json_true(j, "continued");
    else
        json_int(j, "result", call->result);
    const char *error = call->result < 0 && !call->continued ? errno_name(call->result) : NULL;
    if (error)
        json_word(j, "error", error + 1);
    if (c->row && c->row->service == HC_SERVED)
        write_output(t, w, c);
    if (call->why && call->why[0])
        json_text(j, "why", call->why);
    if (c->injected)
        json_true(j, "injected");
    finish(t, depth);
}

static void drop_call(void *user, const struct trace_call *c)
{
    struct trace_json *t = user;
    t->open[c->call->depth ? 1 : 0] = false;
    if (c->call->depth == 0)
        hand_on(t);
}

/* --- events ------------------------------------------------------------------------- */

static void on_event(void *user, const struct trace_event *e)
{
    struct trace_json *t = user;
    struct json_writer w = {.json.out = t->done, .domain = e->v->domain};
    struct json *j = &w.json;
    json_open(j, '{');
    json_word(j, "type", "event");
    if (e->serial)
        json_uint(j, "serial", e->serial);
    if (e->depth == 2)
        json_uint(j, "index", e->index);
    json_uint(j, "ns", e->ns);
    json_uint(j, "vcpu", e->v->id);
    if (e->ring)
        write_site(t, j, e->v, e->ring, e->eip);
    json_word(j, "kind", event_kind_name(e->event->kind));
    event_json(&w, e);
    json_close(j, '}');
    g_string_append_c(t->done, '\n');
    if (!t->open[0] || t->done->len >= HELD_BYTES)
        hand_on(t);
}

static void end_trace(void *user)
{
    struct trace_json *t = user;
    for (unsigned depth = 2; depth-- > 0;) {
        if (!t->open[depth])
            continue;
        json_null(&t->w[depth].json, "result");
        finish(t, depth);
    }
    hand_on(t);
}

const struct trace_consumer trace_json_consumer = {
    .before = before_call,
    .after = after_call,
    .drop = drop_call,
    .event = on_event,
    .end = end_trace,
};
