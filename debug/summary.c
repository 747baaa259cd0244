/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * summary.c - see summary.h.
 */
#include "summary.h"

#include "site.h"

#include <inttypes.h>
#include <string.h>

/* What is kept of call sites, and shown of them. */
#define SITES_MAX   65536u
#define SITES_SHOWN 50u

struct counts {
    uint64_t calls, entries, errors; /* entries: of multicalls, among the calls */
    uint64_t ns, host_ns;
};

struct line {
    uint64_t key;
    char *name;
    struct counts counts;
};

struct summary {
    GHashTable *calls; /* of struct line by key: the hypercall's number */
    GHashTable *sites; /* the same: address and number */
    struct counts total, lost;
};

static void free_line(void *p)
{
    struct line *line = p;
    g_free(line->name);
    g_free(line);
}

struct summary *summary_new(void)
{
    struct summary *s = g_new0(struct summary, 1);
    s->calls = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_line);
    s->sites = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_line);
    return s;
}

void summary_free(struct summary *s)
{
    if (!s)
        return;
    g_hash_table_unref(s->calls);
    g_hash_table_unref(s->sites);
    g_free(s);
}

/* A call that stopped half-way is counted when it is over; its time always is. A
 * multicall has that of its entries. */
static void add(struct counts *to, const struct trace_call *c)
{
    if (!c->call->continued) {
        to->calls++;
        to->entries += c->call->depth > 0;
        to->errors += c->call->result < 0 && errno_name(c->call->result);
    }
    to->ns += c->end_ns - c->ns;
    to->host_ns += c->host_ns;
}

static void append_name(GString *name, const struct trace_call *c)
{
    if (c->call->name)
        g_string_append(name, c->call->name);
    else
        g_string_append_printf(name, "hypercall_%u", c->call->nr);
}

/* The counts of a key; NULL: there are too many. */
static struct counts *counts_of(GHashTable *table, uint64_t key, const struct trace_call *c, bool site)
{
    struct line *line = g_hash_table_lookup(table, &key);
    if (G_LIKELY(line))
        return &line->counts;
    if (g_hash_table_size(table) >= SITES_MAX)
        return NULL;
    GString *name = g_string_new(NULL);
    append_name(name, c);
    if (site) {
        g_string_append(name, " at ");
        site_append(name, c->v, c->eip);
    }
    line = g_new0(struct line, 1);
    line->key = key;
    line->name = g_string_free(name, FALSE);
    g_hash_table_insert(table, &line->key, line);
    return &line->counts;
}

static void on_after(void *user, const struct trace_call *c)
{
    struct summary *s = user;
    uint32_t nr = c->row ? c->row->nr : c->call->nr;
    struct counts *call = counts_of(s->calls, nr, c, false);
    struct counts *site = counts_of(s->sites, (uint64_t)c->eip << 32 | nr, c, true);
    add(call ? call : &s->lost, c);
    if (site)
        add(site, c);
    if (c->call->depth == 0) {
        add(&s->total, c);
    } else if (!c->call->continued) {
        /* Its time is its multicall's. */
        s->total.calls++;
        s->total.entries++;
        s->total.errors += c->call->result < 0 && errno_name(c->call->result);
    }
}

const struct trace_consumer summary_consumer = {.after = on_after};

/* --- written down --------------------------------------------------------------------- */

static int compare(const void *a, const void *b, void *user)
{
    const struct line *const *la = a, *const *lb = b;
    const struct counts *x = &(*la)->counts, *y = &(*lb)->counts;
    const uint64_t by[][2] = {
        [SUMMARY_BY_TIME] = {x->ns, y->ns},
        [SUMMARY_BY_HOST] = {x->host_ns, y->host_ns},
        [SUMMARY_BY_CALLS] = {x->calls, y->calls},
        [SUMMARY_BY_ERRORS] = {x->errors, y->errors},
        [SUMMARY_BY_NAME] = {0, 0},
    };
    enum summary_order order = *(const enum summary_order *)user;
    if (by[order][0] != by[order][1])
        return by[order][0] < by[order][1] ? 1 : -1;
    if (order != SUMMARY_BY_NAME && x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    return strcmp((*la)->name, (*lb)->name);
}

static void append_line(GString *out, const struct counts *c, const char *name)
{
    g_string_append_printf(
        out, "%6" PRIu64 ".%09" PRIu64 " %13.6f %9.2f %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "  %s\n",
        c->ns / 1000000000, c->ns % 1000000000, (double)c->host_ns / 1e9,
        c->calls ? (double)c->host_ns / 1e3 / (double)c->calls : 0, c->calls, c->entries, c->errors, name);
}

static void append_table(GString *out, GHashTable *table, enum summary_order order, guint most,
                         const char *title)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    GHashTableIter each;
    gpointer value;
    g_hash_table_iter_init(&each, table);
    while (g_hash_table_iter_next(&each, NULL, &value))
        g_ptr_array_add(lines, value);
    g_ptr_array_sort_with_data(lines, compare, &order);
    g_string_append_printf(out, "%16s %13s %9s %9s %9s %9s  %s\n", "guest s", "host s", "us/call", "calls",
                           "entries", "errors", title);
    for (guint i = 0; i < lines->len && i < most; i++) {
        const struct line *line = lines->pdata[i];
        append_line(out, &line->counts, line->name);
    }
    if (lines->len > most)
        g_string_append_printf(out, "%71s  ... %u more\n", "", lines->len - most);
}

void summary_write(const struct summary *s, enum summary_order order, trace_sink sink, void *user)
{
    GString *out = g_string_new(NULL);
    append_table(out, s->calls, order, G_MAXUINT, "hypercall");
    if (s->lost.calls)
        append_line(out, &s->lost, "others");
    append_line(out, &s->total, "total");
    g_string_append_c(out, '\n');
    append_table(out, s->sites, order, SITES_SHOWN, "call site");
    sink(user, out->str, out->len);
    g_string_free(out, TRUE);
}
