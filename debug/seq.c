/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq.c - making the tree of seq.h.
 */
#include "seq.h"

#include <stdarg.h>
#include <string.h>

#define POOL_BLOCK 16384u

struct seq_pool {
    GPtrArray *blocks;
    uint8_t *at, *end;
};

void *seq_alloc(struct seq *s, size_t size)
{
    struct seq_pool *p = s->pool;
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(p->end - p->at) < size) {
        size_t block = MAX(size, POOL_BLOCK);
        p->at = g_malloc0(block);
        p->end = p->at + block;
        g_ptr_array_add(p->blocks, p->at);
    }
    void *node = p->at;
    p->at += size;
    return node;
}

const char *seq_strdup(struct seq *s, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = seq_alloc(s, size);
    memcpy(copy, text, size);
    return copy;
}

const char *seq_printf(struct seq *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    return seq_strdup(s, text);
}

struct seq *seq_new_empty(void)
{
    struct seq *s = g_new0(struct seq, 1);
    s->pool = g_new0(struct seq_pool, 1);
    s->pool->blocks = g_ptr_array_new_with_free_func(g_free);
    return s;
}

struct seq *seq_new(enum ring1_abi abi, enum ring1_xen xen)
{
    struct seq *s = seq_new_empty();
    s->abi = abi;
    s->xen = xen;
    seq_add(s, SEQ_HEADER);
    seq_add(s, SEQ_ABI);
    return s;
}

void seq_free(struct seq *s)
{
    if (!s)
        return;
    g_ptr_array_unref(s->pool->blocks);
    g_free(s->pool);
    g_free(s);
}

/* --- lines ---------------------------------------------------------------------------- */

static struct seq_item *new_item(struct seq *s, enum seq_line line)
{
    struct seq_item *item = seq_alloc(s, sizeof *item);
    item->line = line;
    item->vcpu = -1;
    return item;
}

/* To the end of a list. */
static struct seq_item *link_item(struct seq_item **first, struct seq_item **last, struct seq_item *item)
{
    if (*last)
        (*last)->next = item;
    else
        *first = item;
    *last = item;
    return item;
}

struct seq_item *seq_add(struct seq *s, enum seq_line line)
{
    return link_item(&s->first, &s->last, new_item(s, line));
}

struct seq_item *seq_add_note(struct seq *s, const char *comment)
{
    struct seq_item *item = seq_add(s, SEQ_NOTE);
    item->comment = seq_strdup(s, comment);
    return item;
}

struct seq_item *seq_add_domain(struct seq *s)
{
    struct seq_item *item = seq_add(s, SEQ_DOMAIN);
    item->value = seq_value(s, SEQ_STRUCT);
    return item;
}

struct seq_item *seq_add_page(struct seq *s, const char *name, uint32_t pfn, const char *type,
                              struct seq_value *contents)
{
    struct seq_item *item = seq_add(s, SEQ_PAGE);
    item->name = seq_strdup(s, name);
    item->address = seq_number(s, pfn, SEQ_HEX);
    item->type = seq_strdup(s, type);
    item->value = contents;
    return item;
}

struct seq_item *seq_add_call(struct seq *s, const char *name)
{
    struct seq_item *item = seq_add(s, SEQ_CALL);
    item->name = seq_strdup(s, name);
    return item;
}

struct seq_item *seq_add_multicall(struct seq *s)
{
    struct seq_item *item = seq_add(s, SEQ_MULTICALL);
    item->name = "multicall";
    return item;
}

struct seq_item *seq_add_entry(struct seq *s, struct seq_item *multicall, const char *name)
{
    struct seq_item *item = new_item(s, name ? SEQ_CALL : SEQ_NOTE);
    item->name = seq_strdup(s, name);
    return link_item(&multicall->entries, &multicall->last_entry, item);
}

struct seq_item *seq_add_write(struct seq *s, struct seq_value *address, struct seq_value *value)
{
    struct seq_item *item = seq_add(s, SEQ_WRITE);
    item->address = address;
    item->value = value;
    return item;
}

struct seq_item *seq_add_time(struct seq *s, uint64_t ns)
{
    struct seq_item *item = seq_add(s, SEQ_TIME);
    item->value = seq_number(s, ns, SEQ_SECONDS);
    return item;
}

/* --- values ----------------------------------------------------------------------------- */

struct seq_value *seq_value(struct seq *s, enum seq_kind kind)
{
    struct seq_value *v = seq_alloc(s, sizeof *v);
    v->kind = kind;
    return v;
}

struct seq_value *seq_number(struct seq *s, uint64_t number, enum seq_style style)
{
    struct seq_value *v = seq_value(s, SEQ_NUMBER);
    v->number = number;
    v->style = (uint8_t)style;
    return v;
}

struct seq_value *seq_name(struct seq *s, const char *name)
{
    struct seq_value *v = seq_value(s, SEQ_NAME);
    v->name = seq_strdup(s, name);
    return v;
}

struct seq_value *seq_page(struct seq *s, enum seq_kind kind, const char *name, uint64_t pfn, uint64_t offset)
{
    struct seq_value *v = seq_value(s, kind);
    v->name = seq_strdup(s, name);
    v->number = name ? 0 : pfn;
    v->offset = offset;
    return v;
}

struct seq_value *seq_frame(struct seq *s, uint64_t mfn)
{
    struct seq_value *v = seq_value(s, SEQ_FRAME);
    v->number = mfn;
    return v;
}

struct seq_value *seq_result(struct seq *s, const char *name, const char *path)
{
    struct seq_value *v = seq_value(s, SEQ_RESULT);
    v->name = seq_strdup(s, name);
    v->path = seq_strdup(s, path);
    return v;
}

static struct seq_value *with_data(struct seq *s, enum seq_kind kind, const void *bytes, uint32_t len)
{
    struct seq_value *v = seq_value(s, kind);
    uint8_t *copy = seq_alloc(s, len + 1u);
    if (len)
        memcpy(copy, bytes, len);
    v->data = copy;
    v->len = len;
    return v;
}

struct seq_value *seq_text(struct seq *s, const void *bytes, uint32_t len)
{
    return with_data(s, SEQ_TEXT, bytes, len);
}

struct seq_value *seq_bytes(struct seq *s, const void *bytes, uint32_t len)
{
    return with_data(s, SEQ_BYTES, bytes, len);
}

static struct seq_value *append_to(struct seq_value **first, struct seq_value **last, struct seq_value *value)
{
    if (*last)
        (*last)->next = value;
    else
        *first = value;
    *last = value;
    return value;
}

struct seq_value *seq_append(struct seq_value *parent, struct seq_value *child)
{
    return append_to(&parent->first, &parent->last, child);
}

struct seq_value *seq_append_field(struct seq *s, struct seq_value *parent, const char *label,
                                   struct seq_value *child)
{
    child->label = seq_strdup(s, label);
    return seq_append(parent, child);
}

struct seq_value *seq_append_key(struct seq_value *parent, uint32_t key, uint32_t key_end,
                                 struct seq_value *child)
{
    child->has_key = true;
    child->key = key;
    child->key_end = key_end;
    return seq_append(parent, child);
}

struct seq_value *seq_append_arg(struct seq_item *call, struct seq_value *arg)
{
    return append_to(&call->args, &call->last_arg, arg);
}

struct seq_value *seq_append_output(struct seq_item *call, struct seq_value *output)
{
    return append_to(&call->outputs, &call->last_output, output);
}
