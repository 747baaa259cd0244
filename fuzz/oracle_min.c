/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle_min.c - finds made small. Asking takes seconds, and a batch of questions little
 * longer than one: so each round asks for many smaller forms of all finds at once. First
 * each line is left out alone; then all of those that were not needed, or a part of them;
 * in the end what seq_min.h does to values, step by step.
 */
#include "oracle.h"

#include "debug/seq_min.h"

#include <string.h>

/* Forms of one find in a round: of values. */
#define MAX_STEPS 24u

enum phase { PHASE_SINGLE, PHASE_COMBINE, PHASE_VALUES, PHASE_DONE };

struct shrink {
    struct oracle_find *f;
    char *text; /* of what all forms of a round are made */
    unsigned n; /* lines, entries included */
    enum phase phase;
    GByteArray *spare; /* a byte a line: it was not needed alone */
    bool helped;
};

struct round {
    GPtrArray *cases; /* struct oracle_case */
    GArray *form;     /* struct form, of each case */
    GHashTable *tried;
    struct shrink *now; /* whose values are tried */
    unsigned steps;
};

struct form {
    struct shrink *s;
    int line; /* left out alone, or -1 */
};

static char *text_of(const struct seq *s)
{
    GString *text = g_string_new(NULL);
    seq_print(s, text);
    return g_string_free(text, FALSE);
}

static bool is_fixed(const struct seq_item *i)
{
    return i->line == SEQ_HEADER || i->line == SEQ_ABI || i->line == SEQ_DOMAIN;
}

/* Unlink what is gone, by the number of the line; entries of lists too. */
static void unlink_items(struct seq_item **first, struct seq_item **last, const uint8_t *gone, unsigned *n)
{
    struct seq_item **at = first;
    *last = NULL;
    while (*at) {
        struct seq_item *i = *at;
        bool out = gone[(*n)++] && !is_fixed(i);
        if (i->entries)
            unlink_items(&i->entries, &i->last_entry, gone, n);
        if (out) {
            *at = i->next;
        } else {
            *last = i;
            at = &i->next;
        }
    }
}

static unsigned count_items(const struct seq_item *i)
{
    unsigned n = 0;
    for (; i; i = i->next)
        n += 1 + count_items(i->entries);
    return n;
}

static void add_form(struct round *r, struct shrink *s, const char *text, int line)
{
    struct form form = {s, line};
    char *key = g_strdup(text);
    if (!g_hash_table_add(r->tried, key))
        return;
    struct oracle_case *c = oracle_case_new(text, "oracle", NULL);
    if (!c)
        return;
    g_ptr_array_add(r->cases, c);
    g_array_append_val(r->form, form);
}

static void try_without(struct round *r, struct shrink *s, const uint8_t *gone, int line)
{
    unsigned n = 0;
    struct seq *copy = seq_parse(s->text, strlen(s->text), "oracle", NULL);
    if (!copy)
        return;
    unlink_items(&copy->first, &copy->last, gone, &n);
    g_autofree char *text = text_of(copy);
    add_form(r, s, text, line);
    seq_free(copy);
}

/* --- the forms of a round ------------------------------------------------------------------------ */

/* Lines behind the call that differs. */
static void mark_rest(const struct shrink *s, uint8_t *gone)
{
    unsigned n = 0, calls = 0;
    for (const struct seq_item *i = s->f->c->seq->first; i; i = i->next) {
        unsigned size = 1 + count_items(i->entries);
        bool behind = calls >= s->f->d->call;
        calls += i->line == SEQ_CALL || i->line == SEQ_MULTICALL;
        for (unsigned k = 0; k < size; k++)
            gone[n++] = behind;
    }
}

static void single(struct round *r, struct shrink *s)
{
    g_autofree uint8_t *gone = g_new0(uint8_t, s->n + 1);
    mark_rest(s, gone);
    try_without(r, s, gone, -1);
    for (unsigned i = 0; i < s->n; i++) {
        if (gone[i])
            continue;
        gone[i] = 1;
        try_without(r, s, gone, (int)i);
        gone[i] = 0;
    }
}

/* All that were not needed; their parts. */
static void combine(struct round *r, struct shrink *s)
{
    for (unsigned parts = 1; parts <= 8; parts *= 2)
        for (unsigned part = 0; part < parts; part++) {
            g_autofree uint8_t *gone = g_new0(uint8_t, s->n + 1);
            mark_rest(s, gone);
            for (unsigned i = s->n * part / parts; i < s->n * (part + 1) / parts; i++)
                gone[i] |= s->spare->data[i];
            try_without(r, s, gone, -1);
        }
}

/* Nothing is taken now: the step is only put down. */
static bool put_down(void *user, const struct seq *s)
{
    struct round *r = user;
    unsigned before = r->cases->len;
    g_autofree char *text = r->steps < MAX_STEPS ? text_of(s) : NULL;
    if (text)
        add_form(r, r->now, text, -1);
    r->steps += r->cases->len - before;
    return false;
}

static void values(struct round *r, struct shrink *s)
{
    static const struct seq_min_ops ops = {.same = put_down};
    struct seq *copy = seq_parse(s->text, strlen(s->text), "oracle", NULL);
    r->now = s;
    r->steps = 0;
    if (copy)
        seq_min(copy, &ops, r, 20000);
    seq_free(copy);
}

static void add_forms(struct round *r, struct shrink *s)
{
    g_free(s->text);
    s->text = text_of(s->f->c->seq);
    s->helped = false;
    if (s->phase != PHASE_COMBINE) {
        s->n = count_items(s->f->c->seq->first);
        g_byte_array_set_size(s->spare, s->n + 1);
        memset(s->spare->data, 0, s->n + 1);
    }
    if (s->phase == PHASE_SINGLE)
        single(r, s);
    else if (s->phase == PHASE_COMBINE)
        combine(r, s);
    else if (s->phase == PHASE_VALUES)
        values(r, s);
}

/* --- what came of them --------------------------------------------------------------------------------- */

static void take(struct shrink *s, struct oracle_case **c, struct oracle_difference **d)
{
    g_autofree char *old = text_of(s->f->c->seq), *new = text_of((*c)->seq);
    if (strlen(new) >= strlen(old))
        return;
    oracle_case_free(s->f->c);
    oracle_difference_free(s->f->d);
    s->f->c = g_steal_pointer(c);
    s->f->d = g_steal_pointer(d);
    s->helped = true;
}

/* In the first phase lines are put down alone; in the others the smallest form is taken. */
static void look_at(struct round *r, GPtrArray *differences)
{
    for (unsigned i = 0; i < r->cases->len; i++) {
        const struct form *form = &g_array_index(r->form, struct form, i);
        struct oracle_difference *d = differences->pdata[i];
        if (!d || strcmp(d->kind, form->s->f->d->kind) != 0)
            continue;
        if (form->line >= 0)
            form->s->spare->data[form->line] = 1;
        else if (form->s->phase != PHASE_SINGLE)
            take(form->s, (struct oracle_case **)&r->cases->pdata[i],
                 (struct oracle_difference **)&differences->pdata[i]);
        form->s->helped |= form->line >= 0;
    }
}

static void next_phase(struct shrink *s)
{
    static const enum phase after[][2] = {
        /* it helped: */ [PHASE_SINGLE] = {PHASE_VALUES, PHASE_COMBINE},
        [PHASE_COMBINE] = {PHASE_VALUES, PHASE_SINGLE},
        [PHASE_VALUES] = {PHASE_DONE, PHASE_VALUES},
        [PHASE_DONE] = {PHASE_DONE, PHASE_DONE},
    };
    s->phase = after[s->phase][s->helped];
}

static bool one_round(const struct oracle_options *o, struct oracle_status *status, struct shrink *all,
                      unsigned nr, GHashTable *tried)
{
    struct round r = {.cases = g_ptr_array_new_with_free_func(oracle_case_free),
                      .form = g_array_new(FALSE, FALSE, sizeof(struct form)),
                      .tried = tried};
    bool any = false;
    for (unsigned i = 0; i < nr; i++)
        add_forms(&r, &all[i]);
    GPtrArray *differences = r.cases->len ? oracle_judge(o, r.cases, status, NULL) : NULL;
    if (differences)
        look_at(&r, differences);
    for (unsigned i = 0; i < nr; i++) {
        next_phase(&all[i]);
        any |= all[i].phase != PHASE_DONE;
    }
    if (differences)
        g_ptr_array_unref(differences);
    g_ptr_array_unref(r.cases);
    g_array_unref(r.form);
    return any;
}

void oracle_minimise(const struct oracle_options *o, struct oracle_status *status, GPtrArray *finds)
{
    g_autoptr(GHashTable) tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree struct shrink *all = g_new0(struct shrink, finds->len);
    struct oracle_status unused = *status; /* what is asked here is counted nowhere */
    for (unsigned i = 0; i < finds->len; i++)
        all[i] = (struct shrink){.f = finds->pdata[i], .spare = g_byte_array_new()};
    for (unsigned i = 0; i < o->rounds && !(o->stop && *o->stop); i++) {
        if (o->progress)
            o->progress(o->user, status, "minimising");
        if (!one_round(o, &unused, all, finds->len, tried))
            break;
    }
    for (unsigned i = 0; i < finds->len; i++) {
        g_free(all[i].text);
        g_byte_array_unref(all[i].spare);
    }
}
