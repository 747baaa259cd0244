/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_log.c - see call_log.h.
 */
#include "call_log.h"

#include "dispatch/hypercall.h"

struct call_log *call_log_new(const char *source, const char *place_unit)
{
    struct call_log *log = g_new0(struct call_log, 1);
    log->source = g_strdup(source);
    log->place_unit = place_unit;
    log->calls = g_array_new(FALSE, TRUE, sizeof(struct logged_call));
    log->values = g_array_new(FALSE, TRUE, sizeof(struct call_value));
    log->bytes = g_byte_array_new();
    log->strings = g_string_chunk_new(4096);
    return log;
}

void call_log_free(struct call_log *log)
{
    if (!log)
        return;
    g_free(log->source);
    g_free(log->abi);
    g_free(log->xen);
    g_free(log->image);
    g_array_unref(log->calls);
    g_array_unref(log->values);
    g_byte_array_unref(log->bytes);
    g_string_chunk_free(log->strings);
    g_free(log);
}

const char *call_log_string(struct call_log *log, const char *text)
{
    return text ? g_string_chunk_insert_const(log->strings, text) : NULL;
}

uint32_t call_log_add(struct call_log *log, const struct call_value *value)
{
    g_array_append_val(log->values, *value);
    g_array_index(log->values, struct call_value, log->values->len - 1).span = 1;
    return log->values->len - 1;
}

void call_log_close(struct call_log *log, uint32_t index)
{
    g_array_index(log->values, struct call_value, index).span = log->values->len - index;
}

uint32_t call_log_add_text(struct call_log *log, const struct call_value *value, const uint8_t *bytes,
                           size_t len)
{
    struct call_value v = *value;
    v.kind = VALUE_TEXT;
    v.number = log->bytes->len;
    v.len = (uint32_t)len;
    g_byte_array_append(log->bytes, bytes, (guint)len);
    return call_log_add(log, &v);
}

void call_log_add_call(struct call_log *log, const struct logged_call *call)
{
    guint at = log->calls->len;
    if (call->depth == 0) {
        while (at > 0) {
            const struct logged_call *before = call_log_get(log, at - 1);
            if (before->depth == 0 || before->serial != call->serial || before->vcpu != call->vcpu)
                break;
            at--;
        }
    }
    g_array_insert_val(log->calls, at, *call);
}

/* --- as text ---------------------------------------------------------------------- */

static void append_number(GString *out, uint64_t value)
{
    g_string_append_printf(out, value < 1024 ? "%" G_GUINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", value);
}

static void append_text(const struct call_log *log, GString *out, const struct call_value *v)
{
    const uint8_t *bytes = log->bytes->data + v->number;
    g_string_append_c(out, '"');
    for (uint32_t i = 0; i < v->len; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            g_string_append_printf(out, "\\%c", bytes[i]);
        else if (bytes[i] == '\n')
            g_string_append(out, "\\n");
        else if (bytes[i] >= ' ' && bytes[i] < 0x7F)
            g_string_append_c(out, (char)bytes[i]);
        else
            g_string_append_printf(out, "\\x%02x", bytes[i]);
    }
    g_string_append(out, v->more ? "\"..." : "\"");
}

static void append_plain(GString *out, const struct call_value *v)
{
    if (v->label && v->frame == FRAME_NONE) {
        g_string_append(out, v->label);
        return;
    }
    if (v->is_signed && (int64_t)v->number < 0)
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)v->number);
    else
        append_number(out, v->number);
    if (v->label || v->pfn != CALL_NO_PFN) {
        g_string_append(out, " /* ");
        if (v->pfn != CALL_NO_PFN)
            g_string_append_printf(out, "pfn %#x", v->pfn);
        if (v->label)
            g_string_append_printf(out, "%s%s", v->pfn != CALL_NO_PFN ? "|" : "", v->label);
        g_string_append(out, " */");
    }
}

static void append_children(const struct call_log *log, GString *out, uint32_t from, uint32_t end, bool names)
{
    for (uint32_t i = from; i < end; i += call_log_value(log, i)->span) {
        if (i > from)
            g_string_append(out, ", ");
        if (names && call_log_value(log, i)->name)
            g_string_append_printf(out, "%s=", call_log_value(log, i)->name);
        call_log_append_value(log, out, i);
    }
}

void call_log_append_value(const struct call_log *log, GString *out, uint32_t index)
{
    const struct call_value *v = call_log_value(log, index);
    switch ((enum value_kind)v->kind) {
    case VALUE_NUMBER:
        append_plain(out, v);
        break;
    case VALUE_TEXT:
        append_text(log, out, v);
        break;
    case VALUE_STRUCT:
    case VALUE_LIST:
        g_string_append_c(out, v->kind == VALUE_LIST ? '[' : '{');
        append_children(log, out, index + 1, index + v->span, true);
        if (v->more)
            g_string_append(out, v->span > 1 ? ", ..." : "...");
        g_string_append_c(out, v->kind == VALUE_LIST ? ']' : '}');
        break;
    case VALUE_POINTER:
        if (v->number == 0)
            g_string_append(out, "NULL");
        else
            append_number(out, v->number);
        if (v->unreadable)
            g_string_append(out, " /* cannot be read */");
        break;
    }
}

static void append_words(GString *out, const struct logged_call *call)
{
    unsigned end = CALL_MAX_WORDS;
    while (end > 0 && !(call->known >> (end - 1) & 1))
        end--;
    for (unsigned i = 0; i < end; i++) {
        if (i > 0)
            g_string_append(out, ", ");
        if (call->known >> i & 1)
            append_number(out, call->word[i]);
        else
            g_string_append_c(out, '?');
    }
}

void call_log_append_call(const struct call_log *log, GString *out, const struct logged_call *call)
{
    g_string_append_printf(out, "v%u ", call->vcpu);
    if (call->depth > 0)
        g_string_append_printf(out, "[%u] ", call->index);
    if (call->name)
        g_string_append_printf(out, "%s(", call->name);
    else
        g_string_append_printf(out, "hypercall_%u(", call->nr);
    if (call->args != CALL_NO_VALUES)
        append_children(log, out, call->args, call->args + call->nr_args, false);
    else
        append_words(out, call);
    g_string_append_c(out, ')');
    const char *name = call->has_result && call->result < 0 ? errno_name(call->result) : NULL;
    g_string_append(out, " = ");
    if (call->continued)
        g_string_append(out, "? (goes on)");
    else if (name)
        g_string_append(out, name);
    else if (call->has_result)
        append_number(out, (uint32_t)call->result);
    else
        g_string_append_c(out, '?');
    if (call->out != CALL_NO_VALUES && call->nr_out > 0) {
        g_string_append(out, " => ");
        append_children(log, out, call->out, call->out + call->nr_out, true);
    }
    if (call->why)
        g_string_append_printf(out, ": %s", call->why);
}
