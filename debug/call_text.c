/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_text.c - see call_text.h.
 */
#include "call_text.h"

#include <string.h>

static void append(GString *out, const char *text)
{
    g_string_append_len(out, text, (gssize)strlen(text));
}

/* A user's own call, or one that no Xen knows: plain words. */
static void append_words(GString *out, const struct ring1_call *call)
{
    for (unsigned i = 0; i < call->nargs && i < MAX_HYPERCALL_ARGS; i++)
        g_string_append_printf(out, call->arg[i] < 1024 ? "%s%u" : "%s%#x", i ? ", " : "", call->arg[i]);
    if (call->nargs == 0 && !call->name)
        g_string_append(out, "...");
}

void call_text_append(const struct call_text *t, GString *out, struct vcpu *v, const struct ring1_call *call,
                      const struct hypercall *row)
{
    if (call->name)
        append(out, call->name);
    else
        g_string_append_printf(out, "hypercall_%u", call->nr);
    /* Old Xens wrap: say which number was asked for. */
    if ((call->nr & v->domain->abi->number_mask) != call->nr)
        g_string_append_printf(out, "#%u", call->nr);
    g_string_append_c(out, '(');
    struct text_writer w = {.out = out, .domain = v->domain, .style = t->style};
    if (row)
        decode_input(t->decoder, v, row, call->arg, &t->limits, &text_sink, &w);
    else
        append_words(out, call);
    g_string_append_c(out, ')');
}

void call_text_append_result(const struct call_text *t, GString *out, const struct ring1_call *call,
                             const struct hypercall *row)
{
    int32_t result = call->result;
    const char *name = result < 0 ? errno_name(result) : NULL;
    if (call->continued) {
        append(out, "? (goes on)");
        return;
    }
    /* A value that only looks like an errno: no reason is given for it. */
    if (name && !call->why && !is_refusal(row, result)) {
        g_string_append_printf(out, "%#x", (uint32_t)result);
        return;
    }
    if (!name || t->style == TEXT_ABBREV) {
        text_append_result(out, result);
        return;
    }
    g_string_append_printf(out, "%d", result);
    if (t->style == TEXT_VERBOSE)
        g_string_append_printf(out, " /* %s (%s) */", name, errno_text(result));
}

void call_text_append_answer(const struct call_text *t, GString *out, struct vcpu *v,
                             const struct ring1_call *call, const struct hypercall *row)
{
    size_t end = out->len;
    struct text_writer w = {.out = out, .domain = v->domain, .output = true, .style = t->style};
    if (row && row->service == HC_SERVED)
        decode_answer(t->decoder, v, row, call->arg, call->result, &t->limits, &text_sink, &w);
    if (out->len > end)
        g_string_insert_len(out, (gssize)end, " => ", 4);
}

void call_text_append_why(GString *out, const struct ring1_call *call)
{
    if (call->why && call->why[0] != '\0') {
        append(out, ": ");
        append(out, call->why);
    }
}
