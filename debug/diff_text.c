/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff_text.c - a comparison written down: the first difference explained, the others
 * in short.
 */
#include "diff.h"

#include "json_write.h"

static void append_place(GString *out, const struct call_log *log, const struct logged_call *call)
{
    if (call->serial)
        g_string_append_printf(out, "#%" G_GUINT64_FORMAT " ", call->serial);
    g_string_append_printf(out, "(%s %" G_GUINT64_FORMAT ") ", log->place_unit, call->place);
    if (call->has_time)
        g_string_append_printf(out, "[%4" G_GUINT64_FORMAT ".%09u] ", call->ns / 1000000000,
                               (unsigned)(call->ns % 1000000000));
}

static void append_call(GString *out, const char *mark, const struct call_log *log, guint index)
{
    g_string_append_printf(out, "  %s ", mark);
    append_place(out, log, call_log_get(log, index));
    call_log_append_call(log, out, call_log_get(log, index));
    g_string_append_c(out, '\n');
}

/* --- text --------------------------------------------------------------------------- */

static void append_fields(const struct diff *d, GString *out, const struct diff_op *op)
{
    g_autoptr(GArray) fields = diff_fields(d, op);
    for (guint i = 0; i < fields->len; i++) {
        const struct diff_field *f = &g_array_index(fields, struct diff_field, i);
        g_string_append_printf(out, "      %s: %s | %s\n", f->path, f->a ? f->a : "(none)",
                               f->b ? f->b : "(none)");
    }
}

static void append_op(const struct diff *d, GString *out, const struct diff_op *op)
{
    if (op->kind != DIFF_ONLY_B)
        append_call(out, "-", d->a, op->a);
    if (op->kind != DIFF_ONLY_A)
        append_call(out, "+", d->b, op->b);
    append_fields(d, out, op);
}

static void append_first(const struct diff *d, GString *out, const struct diff_op *op)
{
    guint from = op->a - MIN(op->a, d->options.context);
    for (guint i = from; i < op->a; i++)
        append_call(out, " ", d->a, i);
    append_op(d, out, op);
    if (op->kind == DIFF_ONLY_A)
        g_string_append_printf(out, "      %s %s\n", d->b->source,
                               op->b < d->b->calls->len ? "goes on with:" : "ends here");
    if (op->kind == DIFF_ONLY_B)
        g_string_append_printf(out, "      %s %s\n", d->a->source,
                               op->a < d->a->calls->len ? "goes on with:" : "ends here");
    if (op->kind == DIFF_ONLY_A && op->b < d->b->calls->len)
        append_call(out, "    ", d->b, op->b);
    if (op->kind == DIFF_ONLY_B && op->a < d->a->calls->len)
        append_call(out, "    ", d->a, op->a);
}

static void append_names(const struct diff *d, GString *out)
{
    g_string_append_printf(out, "- %s: %u calls\n+ %s: %u calls\n", d->a->source, d->a->calls->len,
                           d->b->source, d->b->calls->len);
}

void diff_append_text(const struct diff *d, GString *out)
{
    guint nr = d->ops->len;
    if (nr == 0) {
        g_string_append_printf(out, "%u calls, no difference\n", d->equal);
        return;
    }
    append_names(d, out);
    g_string_append(out, "The first difference:\n");
    append_first(d, out, &g_array_index(d->ops, struct diff_op, 0));
    if (nr > 1 && d->options.shown > 0)
        g_string_append(out, "Further ones:\n");
    for (guint i = 1; i < nr && i <= d->options.shown; i++)
        append_op(d, out, &g_array_index(d->ops, struct diff_op, i));
    if (nr > 1 + d->options.shown)
        g_string_append_printf(out, "  and %u more\n", nr - 1 - d->options.shown);
    g_string_append_printf(out, "%u calls alike, %u different, %u only in %s, %u only in %s\n", d->equal,
                           d->count[DIFF_CHANGED], d->count[DIFF_ONLY_A], d->a->source, d->count[DIFF_ONLY_B],
                           d->b->source);
}

/* --- JSON --------------------------------------------------------------------------- */

static void write_log(struct json *j, const char *name, const struct call_log *log)
{
    json_key(j, name);
    json_open(j, '{');
    json_text(j, "file", log->source);
    json_uint(j, "calls", log->calls->len);
    json_close(j, '}');
}

static void write_call(struct json *j, const char *name, const struct call_log *log, guint index)
{
    const struct logged_call *call = call_log_get(log, index);
    g_autoptr(GString) text = g_string_new(NULL);
    call_log_append_call(log, text, call);
    json_key(j, name);
    json_open(j, '{');
    json_uint(j, log->place_unit, call->place);
    if (call->serial)
        json_uint(j, "serial", call->serial);
    if (call->has_time)
        json_uint(j, "ns", call->ns);
    json_text(j, "text", text->str);
    json_close(j, '}');
}

static void write_fields(struct json *j, const struct diff *d, const struct diff_op *op)
{
    g_autoptr(GArray) fields = diff_fields(d, op);
    json_key(j, "fields");
    json_open(j, '[');
    for (guint i = 0; i < fields->len; i++) {
        const struct diff_field *f = &g_array_index(fields, struct diff_field, i);
        json_key(j, NULL);
        json_open(j, '{');
        json_text(j, "path", f->path);
        if (f->a)
            json_text(j, "a", f->a);
        if (f->b)
            json_text(j, "b", f->b);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_op(struct json *j, const struct diff *d, const struct diff_op *op)
{
    static const char *const kinds[] = {"changed", "only_a", "only_b"};
    json_key(j, NULL);
    json_open(j, '{');
    json_word(j, "kind", kinds[op->kind]);
    if (op->kind != DIFF_ONLY_B)
        write_call(j, "a", d->a, op->a);
    if (op->kind != DIFF_ONLY_A)
        write_call(j, "b", d->b, op->b);
    if (op->kind == DIFF_CHANGED)
        write_fields(j, d, op);
    json_close(j, '}');
}

void diff_append_json(const struct diff *d, GString *out)
{
    struct json j = {.out = out};
    json_open(&j, '{');
    json_uint(&j, "version", 1);
    json_key(&j, "equal");
    g_string_append(out, d->ops->len ? "false" : "true");
    write_log(&j, "a", d->a);
    write_log(&j, "b", d->b);
    json_uint(&j, "alike", d->equal);
    json_uint(&j, "changed", d->count[DIFF_CHANGED]);
    json_uint(&j, "only_a", d->count[DIFF_ONLY_A]);
    json_uint(&j, "only_b", d->count[DIFF_ONLY_B]);
    json_key(&j, "differences");
    json_open(&j, '[');
    for (guint i = 0; i < d->ops->len && i <= d->options.shown; i++)
        write_op(&j, d, &g_array_index(d->ops, struct diff_op, i));
    json_close(&j, ']');
    json_close(&j, '}');
    g_string_append_c(out, '\n');
}
