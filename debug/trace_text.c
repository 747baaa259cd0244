/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_text.c - see trace_text.h. A multicall's own line has its result and yet stands
 * above those of its entries: they are held back until it is known.
 */
#include "trace_text.h"

#include "event.h"
#include "site.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

/* Lines of one multicall that are held back at most; then they are let go, below
 * a line that has no result yet. */
#define HELD_BYTES 65536

struct trace_text {
    trace_sink sink;
    void *user;
    GString *line;    /* of the call in progress, up to its result */
    GString *entry;   /* the same of the multicall's entry in progress */
    GString *entries; /* lines of its entries that are done, and of events */
    GString *events;  /* lines of events that came during the entry in progress */
    GString *stack;   /* of the call in progress */
    bool stacks;
    bool in_call; /* between before and after of a call by int 0x82 */
    bool let_go;  /* its line is written already */
};

#define NS_PER_S 1000000000u

static const struct decode_limits limits = {.elements = 8, .bytes = 128};

/* A user's own call, or one that no Xen knows: plain words. */
static void append_words(GString *line, const struct ring1_call *call)
{
    for (unsigned i = 0; i < call->nargs && i < MAX_HYPERCALL_ARGS; i++)
        g_string_append_printf(line, call->arg[i] < 1024 ? "%s%u" : "%s%#x", i ? ", " : "", call->arg[i]);
    if (call->nargs == 0 && !call->name)
        g_string_append(line, "...");
}

static void append_call(GString *line, const struct trace_call *c)
{
    const struct ring1_call *call = c->call;
    g_string_append_printf(line, "%s[%4" PRIu64 ".%09" PRIu64 "] v%u ", call->depth ? "  " : "",
                           c->ns / NS_PER_S, c->ns % NS_PER_S, c->v->id);
    if (call->depth > 0) {
        g_string_append_printf(line, "[%u] ", call->index);
    } else {
        g_string_append_printf(line, "r%u ", c->ring);
        site_append(line, c->v, c->eip);
        g_string_append(line, ": ");
    }
    if (call->name)
        g_string_append(line, call->name);
    else
        g_string_append_printf(line, "hypercall_%u", call->nr);
    /* Old Xens wrap: say which number was asked for. */
    if ((call->nr & c->v->domain->abi->number_mask) != call->nr)
        g_string_append_printf(line, "#%u", call->nr);
    g_string_append_c(line, '(');
    struct text_writer w = {.out = line, .domain = c->v->domain};
    if (c->row)
        decode_input(c->decoder, c->v, c->row, call->arg, &limits, &text_sink, &w);
    else
        append_words(line, call);
    g_string_append_c(line, ')');
}

/* The result, what came back, and why not. */
static void append_end(GString *line, const struct trace_call *c)
{
    const struct ring1_call *call = c->call;
    g_string_append(line, " = ");
    if (call->continued)
        g_string_append(line, "? (goes on)");
    else
        text_append_result(line, call->result);
    size_t end = line->len;
    struct text_writer w = {.out = line, .domain = c->v->domain, .output = true};
    if (c->row && c->row->service == HC_SERVED)
        decode_output(c->decoder, c->v, c->row, call->arg, errno_name(call->result) != NULL, &limits,
                      &text_sink, &w);
    if (line->len > end)
        g_string_insert(line, (gssize)end, " => ");
    if (call->why && call->why[0] != '\0')
        g_string_append_printf(line, ": %s", call->why);
    g_string_append_c(line, '\n');
}

static void write_out(struct trace_text *t, GString *text)
{
    if (text->len > 0)
        t->sink(t->user, text->str, text->len);
    g_string_truncate(text, 0);
}

/* The line of the call in progress, without a result, and its entries so far. */
static void let_go(struct trace_text *t)
{
    if (!t->let_go) {
        t->sink(t->user, t->line->str, t->line->len);
        t->sink(t->user, " = ?\n", 5);
        write_out(t, t->stack);
    }
    t->let_go = true;
    write_out(t, t->entries);
}

static void text_before(void *user, const struct trace_call *c)
{
    struct trace_text *t = user;
    if (c->call->depth == 0) {
        if (t->in_call)
            let_go(t);
        t->in_call = true;
        t->let_go = false;
    }
    GString *line = c->call->depth ? t->entry : t->line;
    g_string_truncate(line, 0);
    append_call(line, c);
    if (c->call->depth == 0 && t->stacks)
        site_append_stack(t->stack, c->v, c->eip, "");
}

static void text_after(void *user, const struct trace_call *c)
{
    struct trace_text *t = user;
    if (c->call->depth > 0) {
        append_end(t->entry, c);
        g_string_append_len(t->entries, t->entry->str, (gssize)t->entry->len);
        g_string_append_len(t->entries, t->events->str, (gssize)t->events->len);
        g_string_truncate(t->events, 0);
        if (t->entries->len >= HELD_BYTES)
            let_go(t);
        return;
    }
    append_end(t->line, c);
    if (t->let_go)
        write_out(t, t->entries);
    write_out(t, t->line);
    write_out(t, t->stack);
    write_out(t, t->entries);
    t->in_call = false;
}

static void append_event(const struct trace_text *t, GString *out, const struct trace_event *e,
                         const char *indent)
{
    g_string_append_printf(out, "%s[%4" PRIu64 ".%09" PRIu64 "] v%u ", indent, e->ns / NS_PER_S,
                           e->ns % NS_PER_S, e->v->id);
    if (event_has_place(e)) {
        g_string_append_printf(out, "r%u ", e->ring);
        site_append(out, e->v, e->eip);
        g_string_append(out, ": ");
    }
    g_string_append(out, "--- ");
    event_append(out, e, limits.bytes);
    g_string_append(out, " ---\n");
    if (t->stacks && event_has_place(e))
        site_append_stack(out, e->v, e->eip, indent);
}

/* One that came during a call stands below its line. */
static void text_event(void *user, const struct trace_event *e)
{
    struct trace_text *t = user;
    if (t->in_call && e->depth == 2) {
        append_event(t, t->events, e, "    ");
    } else {
        append_event(t, t->entries, e, t->in_call ? "  " : "");
        if (!t->in_call)
            write_out(t, t->entries);
        else if (t->entries->len >= HELD_BYTES)
            let_go(t);
    }
}

static void text_end(void *user)
{
    struct trace_text *t = user;
    if (t->in_call)
        let_go(t);
    t->in_call = false;
}

const struct trace_consumer trace_text_consumer = {
    .before = text_before,
    .after = text_after,
    .event = text_event,
    .end = text_end,
};

struct trace_text *trace_text_new(trace_sink sink, void *user)
{
    struct trace_text *t = g_new0(struct trace_text, 1);
    t->sink = sink;
    t->user = user;
    t->line = g_string_new(NULL);
    t->entry = g_string_new(NULL);
    t->entries = g_string_new(NULL);
    t->events = g_string_new(NULL);
    t->stack = g_string_new(NULL);
    return t;
}

void trace_text_set_stacks(struct trace_text *t, bool stacks)
{
    t->stacks = stacks;
}

void trace_text_free(struct trace_text *t)
{
    if (!t)
        return;
    g_string_free(t->line, TRUE);
    g_string_free(t->entry, TRUE);
    g_string_free(t->entries, TRUE);
    g_string_free(t->events, TRUE);
    g_string_free(t->stack, TRUE);
    g_free(t);
}
