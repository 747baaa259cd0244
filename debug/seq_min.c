/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_min.c - see seq_min.h. Everything that is tried is a change that is undone when
 * the case is another one then; rounds go on until none of them helps.
 */
#include "seq_min.h"

#include <string.h>

struct min {
    struct seq *s;
    const struct seq_min_ops *ops;
    void *user;
    unsigned tries, max_tries;
    bool helped; /* in this round */
};

static unsigned count_lines(const struct seq *s)
{
    unsigned n = 0;
    for (const struct seq_item *i = s->first; i; i = i->next) {
        n += i->line != SEQ_NOTE;
        for (const struct seq_item *e = i->entries; e; e = e->next)
            n += e->line != SEQ_NOTE;
    }
    return n;
}

/* Whether the tree as it is now is still the case. */
static bool is_same(struct min *m)
{
    if (m->tries >= m->max_tries)
        return false;
    m->tries++;
    if (m->ops->progress)
        m->ops->progress(m->user, m->tries, count_lines(m->s));
    if (!m->ops->same(m->user, m->s))
        return false;
    m->helped = true;
    return true;
}

/* --- lists of any kind ------------------------------------------------------------------- */

/* `n` things behind each other, of which some are gone. */
struct chain {
    GPtrArray *all;
    bool *gone;
    void (*link)(const struct chain *c);
    bool (*fixed)(const void *thing); /* stays in any case; NULL: none */
    void *owner, *extra;
};

static bool leave_out(struct min *m, struct chain *c, unsigned from, unsigned to)
{
    g_autofree bool *before = g_memdup2(c->gone, c->all->len * sizeof(bool));
    bool any = false;
    for (unsigned i = from; i < to; i++) {
        bool out = !c->gone[i] && !(c->fixed && c->fixed(c->all->pdata[i]));
        c->gone[i] |= out;
        any |= out;
    }
    if (!any)
        return false;
    c->link(c);
    if (is_same(m))
        return true;
    memcpy(c->gone, before, c->all->len * sizeof(bool));
    c->link(c);
    return false;
}

/* In halves, quarters, ... one by one, from the end: what comes later is needed by less. */
static void reduce(struct min *m, struct chain *c)
{
    unsigned n = c->all->len;
    c->gone = g_new0(bool, n + 1);
    for (unsigned size = n; size > 0; size /= 2)
        for (unsigned to = n; to > 0; to -= MIN(size, to))
            leave_out(m, c, to - MIN(size, to), to);
    g_free(c->gone);
    g_ptr_array_unref(c->all);
}

/* --- lines ----------------------------------------------------------------------------------- */

static void link_items(const struct chain *c)
{
    struct seq_item **first = c->owner, **last = c->extra, **at = first;
    *last = NULL;
    for (unsigned i = 0; i < c->all->len; i++) {
        if (c->gone[i])
            continue;
        *last = c->all->pdata[i];
        *at = *last;
        at = &(*last)->next;
    }
    *at = NULL;
}

static bool item_is_fixed(const void *thing)
{
    const struct seq_item *item = thing;
    return item->line == SEQ_HEADER || item->line == SEQ_ABI;
}

static void reduce_items(struct min *m, struct seq_item **first, struct seq_item **last)
{
    struct chain c = {
        .all = g_ptr_array_new(), .link = link_items, .fixed = item_is_fixed, .owner = first, .extra = last};
    for (struct seq_item *i = *first; i; i = i->next)
        g_ptr_array_add(c.all, i);
    reduce(m, &c);
}

/* --- values -------------------------------------------------------------------------------- */

/* A list within a call whose length an argument, or a field beside it, says. */
struct list {
    struct seq_value *value;
    struct seq_value *count; /* NULL: nobody says it */
    bool is_or;
};

static void link_values(const struct chain *c)
{
    struct list *l = c->owner;
    struct seq_value **at = &l->value->first;
    unsigned n = 0;
    l->value->last = NULL;
    for (unsigned i = 0; i < c->all->len; i++) {
        if (c->gone[i])
            continue;
        l->value->last = c->all->pdata[i];
        *at = l->value->last;
        at = &l->value->last->next;
        n++;
    }
    *at = NULL;
    /* Of a|b|c at least a number stays. */
    if (l->is_or)
        l->value->kind = n ? SEQ_OR : SEQ_NUMBER;
    if (l->count)
        l->count->number = n;
}

static unsigned length(const struct seq_value *v)
{
    unsigned n = 0;
    for (const struct seq_value *e = v->first; e; e = e->next)
        n++;
    return n;
}

static void reduce_values(struct min *m, struct seq_value *v, struct seq_value *count)
{
    struct list l = {.value = v, .count = count, .is_or = v->kind == SEQ_OR};
    struct chain c = {.all = g_ptr_array_new(), .link = link_values, .owner = &l};
    for (struct seq_value *e = v->first; e; e = e->next)
        g_ptr_array_add(c.all, e);
    reduce(m, &c);
}

/* Among neighbours: a number that is the length of this list. */
static struct seq_value *count_of(struct seq_value *neighbours, const struct seq_value *list)
{
    for (struct seq_value *v = neighbours; v; v = v->next)
        if (v != list && v->kind == SEQ_NUMBER && v->number == length(list))
            return v;
    return NULL;
}

static void try_number(struct min *m, struct seq_value *v, uint64_t number)
{
    uint64_t before = v->number;
    if (number == before)
        return;
    v->number = number;
    if (!is_same(m))
        v->number = before;
}

/* To 0 or 1; else bit by bit, or to a smaller one. */
static void reduce_number(struct min *m, struct seq_value *v)
{
    if (v->number > 1)
        try_number(m, v, 0);
    if (v->number > 1)
        try_number(m, v, 1);
    if (v->number <= 1 || v->style == SEQ_SECONDS)
        return;
    for (unsigned bit = 0; bit < 64 && v->number < 1u << 20; bit++)
        if (v->number >> bit & 1)
            try_number(m, v, v->number & ~(1ull << bit));
}

/* Without what can stand beside a value. */
static void reduce_place(struct min *m, struct seq_value *v)
{
    struct seq_value *at = v->at;
    uint64_t offset = v->offset;
    if (at) {
        v->at = NULL;
        if (!is_same(m))
            v->at = at;
    }
    if (offset) {
        v->offset = 0;
        if (!is_same(m))
            v->offset = offset;
    }
}

/* {4..300: x}: the first of them alone, or the half. */
static void reduce_range(struct min *m, struct seq_value *v)
{
    uint32_t end = v->key_end;
    for (uint32_t n = 0; v->has_key && v->key + n < end; n = 2 * n + 1) {
        v->key_end = v->key + n;
        if (is_same(m))
            return;
        v->key_end = end;
    }
}

static void reduce_value(struct min *m, struct seq_value *v, struct seq_value *neighbours)
{
    if (v->first) {
        struct seq_value *count = v->kind == SEQ_LIST ? count_of(neighbours, v) : NULL;
        if (count)
            reduce_values(m, v, count);
        reduce_values(m, v, NULL);
        for (struct seq_value *e = v->first; e; e = e->next)
            reduce_value(m, e, v->first);
    } else if (v->kind == SEQ_NUMBER) {
        reduce_number(m, v);
    }
    reduce_range(m, v);
    reduce_place(m, v);
}

static void drop_pointer(struct min *m, void *where)
{
    void **at = where, *before = *at;
    if (!before)
        return;
    *at = NULL;
    if (!is_same(m))
        *at = before;
}

static void reduce_item(struct min *m, struct seq_item *item)
{
    for (struct seq_value *v = item->args; v; v = v->next)
        reduce_value(m, v, item->args);
    if (item->value)
        reduce_value(m, item->value, NULL);
    if (item->address && (item->line == SEQ_WRITE || item->line == SEQ_PTWRITE))
        reduce_place(m, item->address);
    drop_pointer(m, &item->comment);
    drop_pointer(m, &item->why);
    drop_pointer(m, &item->outputs);
    drop_pointer(m, &item->result_name);
    if (item->line == SEQ_CALL || item->line == SEQ_MULTICALL)
        drop_pointer(m, &item->result);
    if (item->line == SEQ_MULTICALL)
        drop_pointer(m, &item->address);
    if (item->entries)
        reduce_items(m, &item->entries, &item->last_entry);
    for (struct seq_item *e = item->entries; e; e = e->next)
        reduce_item(m, e);
}

struct seq_min_result seq_min(struct seq *s, const struct seq_min_ops *ops, void *user, unsigned max_tries)
{
    struct min m = {.s = s, .ops = ops, .user = user, .max_tries = max_tries};
    struct seq_min_result result = {.lines_before = count_lines(s)};
    do {
        m.helped = false;
        reduce_items(&m, &s->first, &s->last);
        for (struct seq_item *i = s->first; i; i = i->next)
            reduce_item(&m, i);
    } while (m.helped && m.tries < m.max_tries);
    result.tries = m.tries;
    result.lines = count_lines(s);
    result.stopped = m.tries >= m.max_tries;
    return result;
}
