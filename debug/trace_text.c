/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_text.c - see trace_text.h. A multicall's own line has its result and yet stands
 * above those of its entries: they are held back until it is known.
 */
#include "trace_text.h"

#include "call_text.h"
#include "event.h"
#include "site.h"

#include <string.h>

/* Lines of one multicall that are held back at most; then they are let go, below
 * a line that has no result yet. */
#define HELD_BYTES 262144

#define NS_PER_S 1000000000u

/* A date and time of day, written anew once a second. */
struct second {
    int64_t s;
    bool known;
    char text[40];
};

struct trace_text {
    struct trace_text_options options;
    trace_sink sink;
    void *user;
    GString *line;              /* of the call in progress, up to its result */
    GString *entry;             /* the same of the multicall's entry in progress */
    GString *entries;           /* lines of its entries that are done, and of events */
    GString *events;            /* lines of events that came during the entry in progress */
    GString *stack;             /* of the call in progress */
    bool in_call;               /* between before and after of a call by int 0x82 */
    bool let_go;                /* its line is written already */
    uint64_t last_ns;           /* of the line before */
    uint64_t before_last_ns[2]; /* by depth: what it was when the call in progress began */
    struct second second;
};

/* --- the start of a line ----------------------------------------------------------- */

static void append(GString *line, const char *text)
{
    g_string_append_len(line, text, (gssize)strlen(text));
}

static void append_ns(GString *line, uint64_t ns, unsigned width)
{
    text_append_padded(line, ns / NS_PER_S, width, ' ');
    g_string_append_c(line, '.');
    text_append_padded(line, ns % NS_PER_S, 9, '0');
}

static void append_second(struct second *second, GString *line, int64_t s, bool local, const char *format)
{
    if (!second->known || second->s != s) {
        g_autoptr(GDateTime) t =
            local ? g_date_time_new_from_unix_local(s) : g_date_time_new_from_unix_utc(s);
        g_autofree char *text = t ? g_date_time_format(t, format) : NULL;
        g_strlcpy(second->text, text ? text : "?", sizeof second->text);
        second->s = s;
        second->known = true;
    }
    append(line, second->text);
}

static void append_clock(struct trace_text *t, GString *line, const struct vcpu *v, uint64_t ns)
{
    g_string_append_c(line, '[');
    switch (t->options.clock) {
    case TRACE_CLOCK_GUEST:
        append_ns(line, ns, 4);
        break;
    case TRACE_CLOCK_RELATIVE:
        g_string_append_c(line, '+');
        append_ns(line, ns > t->last_ns ? ns - t->last_ns : 0, 3);
        break;
    case TRACE_CLOCK_DATE: {
        int64_t date = v->domain->s.wallclock_ns + (int64_t)ns;
        append_second(&t->second, line, date / NS_PER_S, false, "%Y-%m-%d %H:%M:%S");
        g_string_append_c(line, '.');
        text_append_padded(line, (uint64_t)date % NS_PER_S, 9, '0');
        break;
    }
    case TRACE_CLOCK_HOST: {
        int64_t us = g_get_real_time();
        append_second(&t->second, line, us / 1000000, true, "%H:%M:%S");
        g_string_append_c(line, '.');
        text_append_padded(line, (uint64_t)us % 1000000, 6, '0');
        break;
    }
    }
    append(line, "] v");
    text_append_dec(line, v->id);
    g_string_append_c(line, ' ');
}

/* --- a call -------------------------------------------------------------------------- */

static struct call_text how_of(const struct trace_text *t, const struct trace_call *c)
{
    return (struct call_text){.decoder = c->decoder, .limits = t->options.limits, .style = t->options.style};
}

static void append_call(struct trace_text *t, GString *line, const struct trace_call *c)
{
    const struct ring1_call *call = c->call;
    if (call->depth > 0)
        append(line, "  ");
    append_clock(t, line, c->v, c->ns);
    if (call->depth > 0) {
        g_string_append_c(line, '[');
        text_append_dec(line, call->index);
        append(line, "] ");
    } else if (c->ring) {
        g_string_append_c(line, 'r');
        text_append_dec(line, c->ring);
        g_string_append_c(line, ' ');
        site_append(line, c->v, c->eip);
        append(line, ": ");
    }
    const struct call_text how = how_of(t, c);
    call_text_append(&how, line, c->v, call, c->row);
}

/* The result, what came back, and why not. */
static void append_end(const struct trace_text *t, GString *line, const struct trace_call *c)
{
    const struct ring1_call *call = c->call;
    const struct call_text how = how_of(t, c);
    append(line, " = ");
    call_text_append_result(&how, line, call, c->row);
    if (c->injected)
        append(line, " (INJECTED)");
    else if (c->delayed)
        append(line, " (DELAYED)");
    if (!c->injected)
        call_text_append_answer(&how, line, c->v, call, c->row);
    call_text_append_why(line, call);
    if (t->options.spent != TRACE_SPENT_NONE) {
        append(line, " <");
        append_ns(line, t->options.spent == TRACE_SPENT_HOST ? c->host_ns : c->end_ns - c->ns, 1);
        g_string_append_c(line, '>');
    }
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
    bool nested = c->call->depth > 0;
    if (!nested) {
        if (t->in_call)
            let_go(t);
        t->in_call = true;
        t->let_go = false;
    }
    GString *line = nested ? t->entry : t->line;
    g_string_truncate(line, 0);
    append_call(t, line, c);
    if (!nested && t->options.stacks)
        site_append_stack(t->stack, c->v, c->eip, "");
    t->before_last_ns[nested] = t->last_ns;
    t->last_ns = c->ns;
}

/* Events of an entry, also of one that is not shown. */
static void take_events(struct trace_text *t)
{
    g_string_append_len(t->entries, t->events->str, (gssize)t->events->len);
    g_string_truncate(t->events, 0);
}

static void text_after(void *user, const struct trace_call *c)
{
    struct trace_text *t = user;
    if (c->call->depth > 0) {
        append_end(t, t->entry, c);
        g_string_append_len(t->entries, t->entry->str, (gssize)t->entry->len);
        take_events(t);
        if (t->entries->len >= HELD_BYTES)
            let_go(t);
        return;
    }
    append_end(t, t->line, c);
    take_events(t);
    if (t->let_go)
        write_out(t, t->entries);
    write_out(t, t->line);
    write_out(t, t->stack);
    write_out(t, t->entries);
    t->in_call = false;
}

static void append_event(struct trace_text *t, GString *out, const struct trace_event *e, const char *indent)
{
    append(out, indent);
    append_clock(t, out, e->v, e->ns);
    t->last_ns = e->ns;
    if (event_has_place(e)) {
        g_string_append_printf(out, "r%u ", e->ring);
        site_append(out, e->v, e->eip);
        g_string_append(out, ": ");
    }
    g_string_append(out, "--- ");
    event_append(out, e, t->options.limits.bytes);
    g_string_append(out, " ---\n");
    if (t->options.stacks && event_has_place(e))
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

static void text_drop(void *user, const struct trace_call *c)
{
    struct trace_text *t = user;
    bool nested = c->call->depth > 0;
    t->last_ns = t->before_last_ns[nested];
    if (nested) {
        take_events(t);
        return;
    }
    take_events(t);
    g_string_truncate(t->stack, 0);
    write_out(t, t->entries);
    t->in_call = false;
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
    .drop = text_drop,
    .end = text_end,
};

struct trace_text *trace_text_new(const struct trace_text_options *options, trace_sink sink, void *user)
{
    static const struct trace_text_options defaults = TRACE_TEXT_DEFAULTS;
    struct trace_text *t = g_new0(struct trace_text, 1);
    t->options = options ? *options : defaults;
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
    t->options.stacks = stacks;
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
