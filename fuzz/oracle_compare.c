/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle_compare.c - what two hypervisors said, call by call.
 */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* --- answers ----------------------------------------------------------------------------------------- */

struct oracle_answer *oracle_answer_new(void)
{
    struct oracle_answer *a = g_new0(struct oracle_answer, 1);
    a->lines = g_ptr_array_new_with_free_func(g_free);
    a->end = ORACLE_LOST;
    return a;
}

void oracle_answer_free(void *p)
{
    struct oracle_answer *a = p;
    g_ptr_array_unref(a->lines);
    g_free(a);
}

void oracle_answer_line(struct oracle_answer *a, const char *line)
{
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    bool next = end != line && strncmp(end, ": ", 2) == 0 && number > a->last && number < a->last + 100;
    if (next) {
        a->last = (unsigned)number;
        g_ptr_array_add(a->lines, g_strdup(line));
    } else if (a->lines->len) { /* a console cuts lines that are long */
        char **last = (char **)&a->lines->pdata[a->lines->len - 1];
        char *whole = g_strconcat(*last, line, NULL);
        g_free(*last);
        *last = whole;
    } else {
        g_ptr_array_add(a->lines, g_strdup(line));
    }
}

/* --- which call ---------------------------------------------------------------------------------------- */

static const struct seq_item *call_number(const struct seq *s, unsigned number)
{
    for (const struct seq_item *i = s->first; i; i = i->next)
        if ((i->line == SEQ_CALL || i->line == SEQ_MULTICALL) && --number == 0)
            return i;
    return NULL;
}

/* "mmuext_op MMUEXT_PIN_L1_TABLE"; of several commands the one that the list begins with. */
static char *name_of(const struct seq_item *i)
{
    const struct seq_value *v = i->args;
    if (i->line == SEQ_MULTICALL)
        return g_strdup("multicall");
    if (!i->name)
        return g_strdup_printf("hypercall_%u", i->number);
    if (v && v->kind == SEQ_LIST)
        v = v->first;
    if (v && v->kind == SEQ_STRUCT && v->first && g_strcmp0(v->first->label, "cmd") == 0)
        v = v->first;
    if (v && v->kind == SEQ_NAME && i->args->next)
        return g_strdup_printf("%s %s", i->name, v->name);
    return g_strdup(i->name);
}

static const struct seq_item *entry_number(const struct seq_item *multicall, unsigned n)
{
    const struct seq_item *e = multicall->entries;
    while (e && (e->line != SEQ_CALL || n-- > 0))
        e = e->next;
    return e;
}

/* --- what differs -----------------------------------------------------------------------------------------
 */

static const char *const errnos[] = {
    [1] = "EPERM",   [2] = "ENOENT",  [3] = "ESRCH",    [6] = "ENXIO",       [7] = "E2BIG",
    [11] = "EAGAIN", [12] = "ENOMEM", [13] = "EACCES",  [14] = "EFAULT",     [16] = "EBUSY",
    [17] = "EEXIST", [19] = "ENODEV", [22] = "EINVAL",  [28] = "ENOSPC",     [33] = "EDOM",
    [34] = "ERANGE", [38] = "ENOSYS", [61] = "ENODATA", [95] = "EOPNOTSUPP",
};

static char *result_text(const char *number)
{
    long n = strtol(number, NULL, 0);
    if (n > 0x7FFFFFFFl)
        n -= 0x100000000l;
    if (n < 0 && (size_t)-n < G_N_ELEMENTS(errnos) && errnos[-n])
        return g_strdup_printf("-%s", errnos[-n]);
    return g_strdup(n < 0 || n > 64 ? "a number" : number);
}

static const char *end_text(int end)
{
    switch (end) {
    case 0:
        return "it goes on";
    case 3:
        return "the domain crashes";
    case ORACLE_HANGS:
        return "it never ends";
    case ORACLE_LOST:
        return "nothing";
    default:
        return "it shuts down";
    }
}

static char *word_kind(const struct seq_item *item, const char *ring1, const char *judge)
{
    char **a = g_strsplit(ring1, " ", -1), **b = g_strsplit(judge, " ", -1);
    unsigned i = 0;
    while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    const char *x = a[i], *y = b[i];
    /* The lower address of the two: the other one's has not changed. */
    unsigned long at =
        MIN(x ? strtoul(x + 1, NULL, 16) : ULONG_MAX, y ? strtoul(y + 1, NULL, 16) : ULONG_MAX);
    unsigned long offset = at & 0xFFFF;
    const struct seq_item *e =
        item->line == SEQ_MULTICALL && at >> 16 == 1 ? entry_number(item, (unsigned)offset / 32) : NULL;
    char *kind;
    if (e && offset % 32 == 4 && x && y && strchr(x, '=') && strchr(y, '=')) {
        g_autofree char *p = result_text(strchr(x, '=') + 1), *q = result_text(strchr(y, '=') + 1);
        g_autofree char *name = name_of(e);
        kind = g_strdup_printf("%s: %s, Xen %s", name, p, q);
    } else if (e) {
        g_autofree char *name = name_of(e);
        kind = g_strdup_printf("%s: its entry of a multicall, %lu bytes on", name, offset % 32);
    } else {
        g_autofree char *name = name_of(item);
        kind = g_strdup_printf("%s: memory", name);
    }
    g_strfreev(a);
    g_strfreev(b);
    return kind;
}

static struct oracle_difference *difference(const struct oracle_case *c, unsigned call, const char *ring1,
                                            const char *judge)
{
    struct oracle_difference *d = g_new0(struct oracle_difference, 1);
    const struct seq_item *item = call_number(c->seq, call);
    g_autofree char *name = item ? name_of(item) : g_strdup("the start");
    d->call = call;
    d->ring1 = g_strdup(ring1);
    d->judge = g_strdup(judge);
    bool numbers = (g_ascii_isdigit(*ring1) || *ring1 == '-') && (g_ascii_isdigit(*judge) || *judge == '-');
    if (!numbers) {
        d->kind = g_strdup_printf("%s: %s, Xen %s", name, g_ascii_isalpha(*ring1) ? ring1 : "a result",
                                  g_ascii_isalpha(*judge) ? judge : "a result");
    } else if (strtol(ring1, NULL, 10) != strtol(judge, NULL, 10)) {
        g_autofree char *a = result_text(ring1), *b = result_text(judge);
        a[strcspn(a, " ")] = b[strcspn(b, " ")] = '\0';
        d->kind = g_strdup_printf("%s: %s, Xen %s", name, a, b);
    } else {
        d->kind = item ? word_kind(item, ring1, judge) : g_strdup("the start: memory");
    }
    return d;
}

/* Behind "3: ". */
static const char *said(const char *line)
{
    const char *colon = strstr(line, ": ");
    return colon ? colon + 2 : line;
}

static const char *line_or_end(const struct oracle_answer *a, unsigned i)
{
    return a->lines->len > i ? said(a->lines->pdata[i]) : end_text(a->end);
}

unsigned oracle_same_lines(const struct oracle_answer *a, const struct oracle_answer *b)
{
    unsigned n = MIN(a->lines->len, b->lines->len), i = 0;
    while (i < n && strcmp(a->lines->pdata[i], b->lines->pdata[i]) == 0)
        i++;
    return i == a->lines->len && i == b->lines->len && a->end == b->end ? UINT_MAX : i;
}

struct oracle_difference *oracle_compare(const struct oracle_case *c, const struct oracle_answer *ring1,
                                         const struct oracle_answer *judge, unsigned most, uint64_t *calls)
{
    unsigned i = oracle_same_lines(ring1, judge);
    if (i >= most || i == UINT_MAX) {
        *calls += MIN(most, ring1->lines->len);
        return NULL;
    }
    *calls += i + 1;
    const struct oracle_answer *longer = ring1->lines->len > i ? ring1 : judge;
    unsigned call = i ? (unsigned)strtoul(ring1->lines->pdata[i - 1], NULL, 10) + 1 : 1;
    if (longer->lines->len > i)
        call = (unsigned)strtoul(longer->lines->pdata[i], NULL, 10);
    return difference(c, call, line_or_end(ring1, i), line_or_end(judge, i));
}

void oracle_difference_free(void *p)
{
    struct oracle_difference *d = p;
    if (!d)
        return;
    g_free(d->kind);
    g_free(d->ring1);
    g_free(d->judge);
    g_free(d);
}
