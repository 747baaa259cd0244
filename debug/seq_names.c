/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_names.c - see seq_names.h.
 */
#include "seq_names.h"

#include "dispatch/mmu.h"

#include <ring1/ring1.h>
#include <stdarg.h>

bool seq_complain(struct seq_scope *c, struct seq_pos pos, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    if (c->error && !*c->error)
        g_set_error(c->error, RING1_ERROR, RING1_ERROR_INPUT, "%s:%u:%u: %s",
                    c->s->file ? c->s->file : "sequence", pos.line, pos.column, text);
    return false;
}

const char *seq_describe_value(const struct seq_value *v)
{
    static const char *const name[] = {
        [SEQ_NUMBER] = "a number", [SEQ_NAME] = "a name",      [SEQ_NULL] = "NULL",
        [SEQ_MFN] = "a frame",     [SEQ_MADDR] = "an address", [SEQ_PFN] = "a page's number",
        [SEQ_ADDRESS] = "&...",    [SEQ_FRAME] = "a frame",    [SEQ_RESULT] = "a result",
        [SEQ_OR] = "a sum",        [SEQ_TEXT] = "text",        [SEQ_BYTES] = "bytes",
        [SEQ_STRUCT] = "{...}",    [SEQ_LIST] = "[...]",       [SEQ_ANY] = "?",
    };
    return name[v->kind];
}

/* --- nearest names ---------------------------------------------------------------------- */

/* Edits from one to the other, by letters without case; names are short. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t na = strlen(a), nb = strlen(b);
    if (na >= 256 || nb >= G_N_ELEMENTS(row))
        return UINT_MAX;
    for (unsigned j = 0; j <= nb; j++)
        row[j] = j;
    for (unsigned i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= nb; j++) {
            unsigned above = row[j];
            bool same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]);
            row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), diagonal + !same);
            diagonal = above;
        }
    }
    return row[nb];
}

char *seq_nearest(const char *name, const char *(*next)(void *user), void *user)
{
    const char *best = NULL, *candidate;
    unsigned least = (unsigned)MAX(strlen(name) / 3, 2) + 1;
    while ((candidate = next(user))) {
        unsigned d = distance(name, candidate);
        /* The end alone is what people remember: close for EVTCHNOP_close. */
        if (g_str_has_suffix(candidate, name) && strlen(name) > 2)
            d = 1;
        if (d < least) {
            least = d;
            best = candidate;
        }
    }
    return best ? g_strdup_printf("; did you mean %s?", best) : g_strdup("");
}

/* --- names of values --------------------------------------------------------------------- */

/* The sets whose names a place takes. */
static unsigned sets_of(const struct seq_scope *c, const struct seq_type *type, const struct value_set **sets)
{
    bool old = c->abi->xen == RING1_XEN_2_0;
    unsigned n = 0;
    switch ((enum format)type->format) {
    case FORMAT_NAMES:
        sets[n++] = type->set;
        break;
    case FORMAT_DOMID:
        sets[n++] = &values_domain_number;
        break;
    case FORMAT_MMU_PTR:
        sets[n++] = old ? &values_mmu_cmd_2_0 : &values_mmu_cmd;
        break;
    case FORMAT_MMU_VAL:
        if (old)
            sets[n++] = &values_mmuext_2_0;
        /* fall through */
    case FORMAT_PTE:
        sets[n++] = &values_pte_flags;
        sets[n++] = &values_pte_flags_high;
        break;
    case FORMAT_MMU_COUNT:
        sets[n++] = &values_mmu_count_flags;
        break;
    case FORMAT_UVM_FLAGS:
        sets[n++] = &values_uvm_flags;
        break;
    default:
        break;
    }
    return n;
}

struct names {
    const struct value_set *sets[4];
    unsigned nr, set, at;
    const struct command_set *commands;
    enum ring1_xen xen;
};

static const char *next_name(void *user)
{
    struct names *n = user;
    while (n->commands && n->at < n->commands->nr) {
        const struct command *c = &n->commands->commands[n->at++];
        if (n->xen >= c->from && n->xen <= c->to)
            return c->name;
    }
    if (n->commands) {
        n->commands = NULL;
        n->at = 0;
    }
    while (n->set < n->nr && n->at >= n->sets[n->set]->nr) {
        n->set++;
        n->at = 0;
    }
    return n->set < n->nr ? n->sets[n->set]->values[n->at++].name : NULL;
}

static bool unknown_name(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type)
{
    struct names n = {.commands = type->commands, .xen = c->abi->xen};
    n.nr = sets_of(c, type, n.sets);
    const char *kind = n.commands ? n.commands->name : n.nr ? n.sets[0]->name : NULL;
    g_autofree char *nearest = seq_nearest(v->name, next_name, &n);
    if (!kind)
        return seq_complain(c, v->pos, "expected a number, found the name '%s'", v->name);
    return seq_complain(c, v->pos, "expected a name of %s that Xen %s has, or a number, found '%s'%s", kind,
                        c->abi->xen_name, v->name, nearest);
}

static bool find_name(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type,
                      uint64_t *out)
{
    const struct value_set *sets[4];
    unsigned nr = sets_of(c, type, sets);
    for (unsigned i = 0; type->commands && i < type->commands->nr; i++) {
        const struct command *cmd = &type->commands->commands[i];
        if (strcmp(cmd->name, v->name) == 0 && c->abi->xen >= cmd->from && c->abi->xen <= cmd->to) {
            *out = cmd->nr;
            return true;
        }
    }
    for (unsigned i = 0; i < nr; i++)
        for (unsigned k = 0; k < sets[i]->nr; k++)
            if (strcmp(sets[i]->values[k].name, v->name) == 0) {
                *out = (uint64_t)sets[i]->values[k].value;
                return true;
            }
    return unknown_name(c, v, type);
}

bool seq_errno(const char *name, int32_t *err)
{
    for (int32_t e = 1; e < 256; e++) {
        const char *known = errno_name(-e);
        if (known && strcmp(known, name) == 0) {
            *err = -e;
            return true;
        }
    }
    return false;
}

/* --- frames -------------------------------------------------------------------------------- */

static const char *next_page(void *user)
{
    gpointer key;
    return g_hash_table_iter_next(user, &key, NULL) ? key : NULL;
}

static bool page_pfn(struct seq_scope *c, const struct seq_value *v, uint32_t step, uint64_t *pfn)
{
    uint64_t more = (v->kind == SEQ_MFN || v->kind == SEQ_PFN ? v->offset : 0) + (v->steps ? step : 0);
    if (v->name) {
        gpointer found = g_hash_table_lookup(c->pages, v->name);
        if (!found) {
            GHashTableIter iter;
            g_hash_table_iter_init(&iter, c->pages);
            g_autofree char *nearest = seq_nearest(v->name, next_page, &iter);
            return seq_complain(c, v->pos, "expected the name of a page, or a pfn, found '%s'%s", v->name,
                                nearest);
        }
        *pfn = GPOINTER_TO_UINT(found) - 1 + more;
    } else {
        *pfn = v->number + more;
    }
    uint32_t nr = c->w ? c->w->setup.nr_pages : UINT32_MAX;
    if (*pfn >= nr && v->kind != SEQ_PFN)
        return seq_complain(
            c, v->pos, "expected a page of the domain, which has %#x, found pfn %#" G_GINT64_MODIFIER "x", nr,
            *pfn);
    return true;
}

/* Those that a domain has from the start, and no page of a sequence has the name of. */
static bool known_frame(const struct seq_scope *c, const char *name, uint64_t *mfn)
{
    const struct domain_state *d = c->w ? &c->w->d->s : NULL;
    if (strcmp(name, "shared_info") == 0)
        *mfn = d ? d->shared_info.mfn : 0;
    else if (strcmp(name, "cr3") == 0)
        *mfn = d ? d->vcpu[0].cr3.mfn : 0;
    else
        return false;
    return true;
}

/* Frames that the grant table has from the start: grant_table, grant_table+1, ... */
static bool grant_frame(struct seq_scope *c, const struct seq_value *v, uint32_t step, uint64_t *mfn)
{
    uint64_t n = (v->kind == SEQ_MFN ? v->offset : v->offset >> RING1_PAGE_SHIFT) + (v->steps ? step : 0);
    *mfn = 0;
    if (!c->w)
        return true;
    if (n >= c->w->d->s.grant.nr_frames)
        return seq_complain(c, v->pos,
                            "expected one of the %u frames that the grant table begins with, found %u",
                            c->w->d->s.grant.nr_frames, (unsigned)n);
    *mfn = c->w->d->s.grant.frames[n].mfn;
    if (v->kind == SEQ_MADDR)
        *mfn -= v->offset >> RING1_PAGE_SHIFT; /* which is added to the address */
    return true;
}

static bool find_frame(struct seq_scope *c, const struct seq_value *v, uint32_t step, struct seq_amount *out)
{
    uint64_t pfn;
    if (v->name && v->path) {
        out->result = v;
        out->value = v->kind == SEQ_MFN ? v->offset : 0; /* MADDR's is added to the address */
        return true;
    }
    if (v->name && !g_hash_table_contains(c->pages, v->name) && known_frame(c, v->name, &out->value))
        return true;
    if (v->name && strcmp(v->name, "grant_table") == 0 && !g_hash_table_contains(c->pages, v->name))
        return grant_frame(c, v, step, &out->value);
    if (!page_pfn(c, v, step, &pfn))
        return false;
    out->value = c->w ? c->w->p2m[pfn] : 0;
    return true;
}

static bool is_entry(const struct seq_type *type)
{
    return type->format == FORMAT_PTE || type->format == FORMAT_MMU_VAL;
}

static bool evaluate_term(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type,
                          uint32_t step, struct seq_amount *out)
{
    uint64_t pfn;
    uint8_t shift = is_entry(type) ? RING1_PAGE_SHIFT : 0;
    *out = (struct seq_amount){0};
    switch (v->kind) {
    case SEQ_NUMBER:
        out->value = v->number;
        return true;
    case SEQ_NULL:
        return true;
    case SEQ_NAME:
        return find_name(c, v, type, &out->value);
    case SEQ_FRAME:
        out->value = v->number << shift;
        return true;
    case SEQ_MFN:
        out->shift = shift;
        if (!find_frame(c, v, step, out))
            return false;
        out->value <<= shift;
        return true;
    case SEQ_MADDR:
        out->shift = RING1_PAGE_SHIFT;
        if (!find_frame(c, v, step, out))
            return false;
        out->value = (out->value << RING1_PAGE_SHIFT) + v->offset;
        return true;
    case SEQ_PFN:
        return page_pfn(c, v, step, &out->value);
    case SEQ_ADDRESS:
        if (!page_pfn(c, v, step, &pfn))
            return false;
        out->value = WORLD_BASE + (pfn << RING1_PAGE_SHIFT) + v->offset;
        return true;
    case SEQ_RESULT:
        out->result = v;
        out->value = v->offset;
        return true;
    default:
        return seq_complain(c, v->pos, "expected a number, found %s", seq_describe_value(v));
    }
}

static bool fits(const struct seq_amount *a, const struct seq_type *type)
{
    int64_t value = (int64_t)a->value;
    unsigned bits = type->size * 8u;
    return bits >= 64 || a->value >> bits == 0 || (value < 0 && value >= -((int64_t)1 << (bits - 1)));
}

bool seq_evaluate(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type, uint32_t step,
                  struct seq_amount *out)
{
    if (v->kind != SEQ_OR) {
        if (!evaluate_term(c, v, type, step, out))
            return false;
    } else {
        *out = (struct seq_amount){0};
        for (const struct seq_value *t = v->first; t; t = t->next) {
            struct seq_amount a;
            if (!evaluate_term(c, t, type, step, &a))
                return false;
            if (a.result && out->result)
                return seq_complain(c, t->pos, "expected one result in a sum, this is the second");
            out->value |= a.value;
            if (a.result) {
                out->result = a.result;
                out->shift = a.shift;
            }
        }
    }
    if (!fits(out, type))
        return seq_complain(c, v->pos, "expected a number of %u bytes, found %#" G_GINT64_MODIFIER "x",
                            type->size, out->value);
    return true;
}

bool seq_evaluate_constant(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type,
                           uint64_t *out)
{
    struct seq_amount a;
    if (!seq_evaluate(c, v, type, 0, &a))
        return false;
    if (a.result)
        return seq_complain(c, v->pos, "expected what is known before the run, found a result");
    *out = a.value;
    return true;
}
