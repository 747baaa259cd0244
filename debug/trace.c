/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.c - see trace.h. A multicall's own line has its result and yet stands
 * above those of its entries: they are held back until it is known.
 */
#include "trace.h"

#include "text.h"

#include <inttypes.h>
#include <string.h>

/* Lines of one multicall that are held back at most; then they are let go, below
 * a line that has no result yet. */
#define HELD_BYTES 65536

struct trace {
    trace_sink sink;
    void *user;
    ring1_machine *machine;
    const struct abi *abi;
    struct decoder *decoder;
    GString *line;    /* of the call in progress, up to its result */
    GString *entry;   /* the same of the multicall's entry in progress */
    GString *entries; /* lines of its entries that are done */
    bool in_call;     /* between before and after of a call by int 0x82 */
    bool let_go;      /* its line is written already */
};

#define NS_PER_S 1000000000u

static const struct decode_limits limits = {.elements = 8, .bytes = 128};

static const struct hypercall *row_of(const struct trace *t, const struct ring1_call *call)
{
    return call->name ? hypercall_row(t->abi, call->nr & t->abi->number_mask) : NULL;
}

/* A user's own call, or one that no Xen knows: plain words. */
static void append_words(GString *line, const struct ring1_call *call)
{
    for (unsigned i = 0; i < call->nargs && i < MAX_HYPERCALL_ARGS; i++)
        g_string_append_printf(line, call->arg[i] < 1024 ? "%s%u" : "%s%#x", i ? ", " : "", call->arg[i]);
    if (call->nargs == 0 && !call->name)
        g_string_append(line, "...");
}

static void append_call(const struct trace *t, GString *line, struct vcpu *v, const struct ring1_call *call)
{
    const struct hypercall *row = row_of(t, call);
    uint64_t ns = ring1_machine_now(t->machine);
    g_string_append_printf(line, "%s[%4" PRIu64 ".%09" PRIu64 "] v%u ", call->depth ? "  " : "",
                           ns / NS_PER_S, ns % NS_PER_S, v->id);
    if (call->depth > 0)
        g_string_append_printf(line, "[%u] ", call->index);
    if (call->name)
        g_string_append(line, call->name);
    else
        g_string_append_printf(line, "hypercall_%u", call->nr);
    /* Old Xens wrap: say which number was asked for. */
    if ((call->nr & t->abi->number_mask) != call->nr)
        g_string_append_printf(line, "#%u", call->nr);
    g_string_append_c(line, '(');
    struct text_writer w = {.out = line, .domain = v->domain};
    if (row)
        decode_input(t->decoder, v, row, call->arg, &limits, &text_sink, &w);
    else
        append_words(line, call);
    g_string_append_c(line, ')');
}

/* The result, what came back, and why not. */
static void append_end(const struct trace *t, GString *line, struct vcpu *v, const struct ring1_call *call)
{
    const struct hypercall *row = row_of(t, call);
    g_string_append(line, " = ");
    if (call->continued)
        g_string_append(line, "? (goes on)");
    else
        text_append_result(line, call->result);
    size_t end = line->len;
    struct text_writer w = {.out = line, .domain = v->domain, .output = true};
    if (row && row->service == HC_SERVED)
        decode_output(t->decoder, v, row, call->arg, errno_name(call->result) != NULL, &limits, &text_sink,
                      &w);
    if (line->len > end)
        g_string_insert(line, (gssize)end, " => ");
    if (call->why && call->why[0] != '\0')
        g_string_append_printf(line, ": %s", call->why);
    g_string_append_c(line, '\n');
}

static void write_out(struct trace *t, GString *text)
{
    if (text->len > 0)
        t->sink(t->user, text->str, text->len);
    g_string_truncate(text, 0);
}

/* The line of the call in progress, without a result, and its entries so far. */
static void let_go(struct trace *t)
{
    if (!t->let_go) {
        t->sink(t->user, t->line->str, t->line->len);
        t->sink(t->user, " = ?\n", 5);
    }
    t->let_go = true;
    write_out(t, t->entries);
}

static bool before_call(ring1_vcpu *v, struct ring1_call *call, void *user)
{
    struct trace *t = user;
    if (call->depth == 0) {
        if (t->in_call)
            let_go(t);
        t->in_call = true;
        t->let_go = false;
    }
    GString *line = call->depth ? t->entry : t->line;
    g_string_truncate(line, 0);
    append_call(t, line, v, call);
    return false;
}

static void after_call(ring1_vcpu *v, const struct ring1_call *call, void *user)
{
    struct trace *t = user;
    if (call->depth > 0) {
        append_end(t, t->entry, v, call);
        g_string_append_len(t->entries, t->entry->str, (gssize)t->entry->len);
        if (t->entries->len >= HELD_BYTES)
            let_go(t);
        return;
    }
    append_end(t, t->line, v, call);
    if (t->let_go)
        write_out(t, t->entries);
    write_out(t, t->line);
    write_out(t, t->entries);
    t->in_call = false;
}

struct trace *trace_new(trace_sink sink, void *user)
{
    struct trace *t = g_new0(struct trace, 1);
    t->sink = sink;
    t->user = user;
    t->line = g_string_new(NULL);
    t->entry = g_string_new(NULL);
    t->entries = g_string_new(NULL);
    return t;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    decoder_free(t->decoder);
    g_string_free(t->line, TRUE);
    g_string_free(t->entry, TRUE);
    g_string_free(t->entries, TRUE);
    g_free(t);
}

void trace_attach(struct trace *t, ring1_machine *m)
{
    static const struct ring1_watch watch = {.before = before_call, .after = after_call};
    t->machine = m;
    t->abi = abi_find(ring1_machine_abi(m), ring1_machine_xen(m));
    decoder_free(t->decoder);
    t->decoder = decoder_new(t->abi);
    ring1_machine_set_watch(m, &watch, t);
}

void trace_end(struct trace *t)
{
    if (t->in_call)
        let_go(t);
    t->in_call = false;
}
