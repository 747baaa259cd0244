/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_print.c - the tree of seq.h as text. A line is one line of text, unless a
 * comment stands inside its brackets, or contents of a page make it too wide: then
 * their items have lines of their own.
 */
#include "seq.h"

#include "dispatch/abi.h"

#include <inttypes.h>
#include <string.h>

#define WIDTH  110u
#define INDENT 4u

struct printer {
    GString *out;
    bool open; /* long brackets go over several lines */
};

static void append_hex(GString *out, uint64_t value)
{
    g_string_append_printf(out, "%#" PRIx64, value);
}

static void append_plain(GString *out, uint64_t value)
{
    if (value < 1024)
        g_string_append_printf(out, "%" PRIu64, value);
    else
        append_hex(out, value);
}

static void append_size(GString *out, uint64_t value)
{
    static const char unit[] = {'G', 'M', 'K'};
    for (unsigned i = 0; i < G_N_ELEMENTS(unit); i++) {
        unsigned shift = 30 - 10 * i;
        if (value && (value & ((1ull << shift) - 1)) == 0) {
            g_string_append_printf(out, "%" PRIu64 "%c", value >> shift, unit[i]);
            return;
        }
    }
    append_plain(out, value);
}

static void append_width(GString *out, const struct seq_value *v)
{
    if (v->bytes)
        g_string_append_printf(out, "u%u ", v->bytes * 8u);
}

static void append_number(GString *out, const struct seq_value *v)
{
    uint64_t n = v->number;
    append_width(out, v);
    switch ((enum seq_style)v->style) {
    case SEQ_PLAIN:
        append_plain(out, n);
        break;
    case SEQ_DEC:
        g_string_append_printf(out, "%" PRId64, (int64_t)n);
        break;
    case SEQ_HEX:
        append_hex(out, n);
        break;
    case SEQ_SECONDS:
        g_string_append_printf(out, "%" PRIu64 ".%09" PRIu64 "s", n / 1000000000u, n % 1000000000u);
        break;
    case SEQ_SIZE:
        append_size(out, n);
        break;
    }
}

static void append_text(GString *out, const struct seq_value *v)
{
    g_string_append_c(out, '"');
    for (uint32_t i = 0; i < v->len; i++) {
        uint8_t c = v->data[i];
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c >= ' ' && c < 0x7F)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "\\x%02x", c);
    }
    g_string_append(out, v->rest ? "\"..." : "\"");
}

static void append_bytes(GString *out, const struct seq_value *v)
{
    static const char digit[] = "0123456789abcdef";
    g_string_append(out, "hex\"");
    for (uint32_t i = 0; i < v->len; i++) {
        g_string_append_c(out, digit[v->data[i] >> 4]);
        g_string_append_c(out, digit[v->data[i] & 15]);
    }
    g_string_append(out, v->rest ? "\"..." : "\"");
}

/* The page, or pfn, and how far behind it: within `pages` of pages, else of bytes. */
static void append_page(GString *out, const struct seq_value *v, bool pages)
{
    if (v->name)
        g_string_append_printf(out, "%s%s", v->name, v->path ? v->path : "");
    else
        append_hex(out, v->number);
    if (pages && v->offset) {
        g_string_append_c(out, '+');
        append_plain(out, v->offset);
    }
    if (v->steps)
        g_string_append(out, "..");
}

static void append_offset(GString *out, const struct seq_value *v)
{
    if (!v->offset)
        return;
    g_string_append_c(out, '+');
    append_plain(out, v->offset);
}

static bool has_comment(const struct seq_value *v)
{
    for (const struct seq_value *c = v->first; c; c = c->next)
        if (c->comment || has_comment(c))
            return true;
    return v->comment != NULL;
}

static void print_value(const struct printer *p, const struct seq_value *v, unsigned indent);

static void new_line(GString *out, unsigned indent)
{
    g_string_append_printf(out, "\n%*s", (int)indent, "");
}

static void append_key(GString *out, const struct seq_value *v)
{
    if (v->label)
        g_string_append_printf(out, "%s=", v->label);
    if (!v->has_key)
        return;
    g_string_append_printf(out, v->key_hex ? "%#x" : "%u", v->key);
    if (v->key_end != v->key)
        g_string_append_printf(out, v->key_hex ? "..%#x" : "..%u", v->key_end);
    g_string_append(out, ": ");
}

static void append_items(const struct printer *p, const struct seq_value *v, unsigned indent)
{
    bool lines = (p->open && v->first) || has_comment(v);
    const struct printer flat = {p->out, false};
    g_string_append_c(p->out, v->kind == SEQ_STRUCT ? '{' : '[');
    if (v->comment && lines)
        g_string_append_printf(p->out, " %s", v->comment);
    for (const struct seq_value *c = v->first; c; c = c->next) {
        if (lines)
            new_line(p->out, indent + INDENT);
        append_key(p->out, c);
        print_value(&flat, c, indent + INDENT);
        bool more = c->next || v->rest;
        if (more)
            g_string_append(p->out, lines ? "," : ", ");
        if (c->comment && c->kind != SEQ_STRUCT && c->kind != SEQ_LIST)
            g_string_append_printf(p->out, " %s", c->comment);
    }
    if (v->rest && lines)
        new_line(p->out, indent + INDENT);
    if (v->rest)
        g_string_append(p->out, "...");
    if (v->rest && v->offset)
        g_string_append_printf(p->out, " %" PRIu64 " more", v->offset);
    if (lines)
        new_line(p->out, indent);
    g_string_append_c(p->out, v->kind == SEQ_STRUCT ? '}' : ']');
}

static void append_or(const struct printer *p, const struct seq_value *v, unsigned indent)
{
    for (const struct seq_value *c = v->first; c; c = c->next) {
        if (c != v->first)
            g_string_append_c(p->out, '|');
        print_value(p, c, indent);
    }
}

static void print_plain(const struct printer *p, const struct seq_value *v, unsigned indent)
{
    GString *out = p->out;
    switch (v->kind) {
    case SEQ_NUMBER:
        append_number(out, v);
        break;
    case SEQ_NAME:
        g_string_append(out, v->name);
        break;
    case SEQ_NULL:
        g_string_append(out, "NULL");
        break;
    case SEQ_MFN:
    case SEQ_PFN:
        append_width(out, v);
        g_string_append(out, v->kind == SEQ_MFN ? "mfn(" : "pfn(");
        append_page(out, v, true);
        g_string_append_c(out, ')');
        break;
    case SEQ_MADDR:
        g_string_append(out, "ma(");
        append_page(out, v, false);
        g_string_append_c(out, ')');
        append_offset(out, v);
        break;
    case SEQ_ADDRESS:
        g_string_append_c(out, '&');
        append_page(out, v, false);
        append_offset(out, v);
        break;
    case SEQ_FRAME:
        append_width(out, v);
        g_string_append(out, "mfn ");
        append_hex(out, v->number);
        break;
    case SEQ_RESULT:
        g_string_append_printf(out, "%s%s", v->name, v->path ? v->path : "");
        append_offset(out, v);
        break;
    case SEQ_OR:
        append_or(p, v, indent);
        break;
    case SEQ_TEXT:
        append_text(out, v);
        break;
    case SEQ_BYTES:
        append_bytes(out, v);
        break;
    case SEQ_STRUCT:
    case SEQ_LIST:
        append_items(p, v, indent);
        break;
    case SEQ_ANY:
        g_string_append_c(out, '?');
        break;
    }
}

static void print_value(const struct printer *p, const struct seq_value *v, unsigned indent)
{
    print_plain(p, v, indent);
    if (v->at) {
        g_string_append_c(p->out, '@');
        print_value(p, v->at, indent);
    }
}

void seq_print_value(const struct seq_value *value, GString *out)
{
    print_value(&(struct printer){out, false}, value, 0);
}

/* --- lines ---------------------------------------------------------------------------- */

static void print_name(GString *out, const struct seq_item *item)
{
    if (item->vcpu >= 0)
        g_string_append_printf(out, "v%d: ", item->vcpu);
    if (item->result_name)
        g_string_append_printf(out, "%s = ", item->result_name);
    if (item->name)
        g_string_append(out, item->name);
    else
        g_string_append_printf(out, "hypercall_%u", item->number);
    if (item->name && item->has_number)
        g_string_append_printf(out, "#%u", item->number);
}

static void print_list(const struct printer *p, const struct seq_value *first, unsigned indent)
{
    for (const struct seq_value *v = first; v; v = v->next) {
        if (v != first)
            g_string_append(p->out, ", ");
        append_key(p->out, v);
        print_value(p, v, indent);
    }
}

static void print_expected(const struct printer *p, const struct seq_item *item, unsigned indent)
{
    if (item->result) {
        g_string_append(p->out, " = ");
        print_value(p, item->result, indent);
    }
    if (item->outputs) {
        g_string_append(p->out, " => ");
        print_list(p, item->outputs, indent);
    }
    if (item->why)
        g_string_append_printf(p->out, ": %s", item->why);
}

static void print_call(const struct printer *p, const struct seq_item *item, unsigned indent)
{
    print_name(p->out, item);
    g_string_append_c(p->out, '(');
    print_list(p, item->args, indent);
    g_string_append_c(p->out, ')');
    print_expected(p, item, indent);
}

static void print_page(const struct printer *p, const struct seq_item *item)
{
    g_string_append_printf(p->out, "page %s", item->name);
    if (item->address) {
        g_string_append_c(p->out, ' ');
        print_value(p, item->address, 0);
    }
    if (item->type || item->value)
        g_string_append(p->out, " =");
    if (item->type)
        g_string_append_printf(p->out, " %s", item->type);
    if (item->value) {
        g_string_append_c(p->out, ' ');
        print_value(p, item->value, 0);
    }
}

static void print_assignment(const struct printer *p, const char *word, const struct seq_item *item)
{
    g_string_append_printf(p->out, "%s ", word);
    print_value(p, item->address, 0);
    g_string_append(p->out, " = ");
    print_value(p, item->value, 0);
}

static void print_head(const struct printer *p, const struct seq_item *item, unsigned indent)
{
    GString *out = p->out;
    switch (item->line) {
    case SEQ_NOTE:
        g_string_append(out, item->comment ? item->comment : "");
        break;
    case SEQ_HEADER:
        g_string_append_printf(out, "ring1-sequence %u", SEQ_VERSION);
        break;
    case SEQ_ABI:
        g_string_append(out, "abi "); /* seq_print knows which */
        break;
    case SEQ_DOMAIN:
        g_string_append(out, "domain ");
        print_value(p, item->value, 0);
        break;
    case SEQ_PAGE:
        print_page(p, item);
        break;
    case SEQ_CALL:
        print_call(p, item, indent);
        break;
    case SEQ_MULTICALL:
        print_name(out, item);
        if (item->address) {
            g_string_append(out, "@");
            print_value(p, item->address, 0);
        }
        print_expected(p, item, indent);
        break;
    case SEQ_WRITE:
    case SEQ_PTWRITE:
    case SEQ_EXPECT:
        print_assignment(p,
                         item->line == SEQ_WRITE     ? "write"
                         : item->line == SEQ_PTWRITE ? "ptwrite"
                                                     : "expect",
                         item);
        break;
    case SEQ_TIME:
        g_string_append(out, "time ");
        print_value(p, item->value, 0);
        break;
    }
}

/* Once flat, and if that is too wide with open brackets. */
static void print_line(const struct seq_item *item, GString *out, unsigned indent)
{
    size_t start = out->len;
    print_head(&(struct printer){out, false}, item, indent);
    if (item->value && out->len - start > WIDTH && !memchr(out->str + start, '\n', out->len - start)) {
        g_string_truncate(out, start);
        print_head(&(struct printer){out, true}, item, indent);
    }
    if (item->comment && item->line != SEQ_NOTE)
        g_string_append_printf(out, "%s%s", item->line == SEQ_ABI ? "" : "  ", item->comment);
    g_string_append_c(out, '\n');
}

void seq_print_item(const struct seq_item *item, GString *out)
{
    print_line(item, out, 0);
    unsigned index = 0;
    for (const struct seq_item *e = item->entries; e; e = e->next) {
        if (e->line == SEQ_NOTE && !e->comment) {
            g_string_append_c(out, '\n');
            continue;
        }
        g_string_append(out, "  ");
        if (e->line == SEQ_CALL)
            g_string_append_printf(out, "[%u] ", index++);
        print_line(e, out, 2);
    }
}

void seq_print(const struct seq *s, GString *out)
{
    for (const struct seq_item *item = s->first; item; item = item->next) {
        if (item->line != SEQ_ABI) {
            seq_print_item(item, out);
            continue;
        }
        g_string_append_printf(out, "abi %s", abi_name(s->abi));
        if (s->xen != RING1_XEN_AUTO)
            g_string_append_printf(out, " %s", xen_name(s->xen));
        if (item->comment)
            g_string_append_printf(out, "  %s", item->comment);
        g_string_append_c(out, '\n');
    }
}
