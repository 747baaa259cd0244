/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_why.c - words about a frame that cannot be had: what it is used as and how often,
 * for who wants to know why; and which entry holds it, for who watches.
 */
#include "describe.h"
#include "page_type.h"

#include <stdarg.h>
#include <string.h>

const char *page_type_name(enum page_type type)
{
    static const char *const names[] = {
        [PGT_none] = "nothing",
        [PGT_l1_table] = "an L1 table",
        [PGT_l2_table] = "an L2 table",
        [PGT_l3_table] = "an L3 table",
        [PGT_seg_desc] = "a GDT or LDT page",
        [PGT_writable] = "writable memory",
    };
    return names[type];
}

/* What is said of one frame. */
struct words {
    char *text;
    size_t size;
    bool more;
};

G_GNUC_PRINTF(2, 3)
static void say(struct words *w, const char *format, ...)
{
    size_t len = strlen(w->text);
    va_list ap;
    if (len + 1 >= w->size)
        return;
    if (w->more)
        g_strlcat(w->text, ", ", w->size);
    w->more = true;
    len = strlen(w->text);
    va_start(ap, format);
    g_vsnprintf(w->text + len, (gulong)(w->size - len), format, ap);
    va_end(ap);
}

bool page_find_entry(const struct domain *d, mfn_t mfn, bool writable, mfn_t *table, unsigned *index)
{
    for (uint32_t i = table->mfn; i < d->mem->nr_frames; i++, *index = 0) {
        const struct frame *f = &d->mem->frames[i];
        if (f->owner != d->s.domid || !f->type_count || !(f->flags & PGF_VALIDATED) || !is_table(f->type) ||
            (writable && f->type != PGT_l1_table))
            continue;
        unsigned n = f->type == PGT_l3_table ? 4 : d->abi->ptes_per_page;
        for (unsigned k = *index; k < n; k++) {
            uint64_t e = pte_read(d, MFN(i), k);
            if (!(e & PTE_P) || pte_mfn(e).mfn != mfn.mfn || (writable && !(e & PTE_RW)))
                continue;
            *table = MFN(i);
            *index = k;
            return true;
        }
    }
    return false;
}

static void say_holders(const struct domain *d, mfn_t mfn, struct words *w)
{
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        const struct vcpu *v = &d->s.vcpu[i];
        if (v->cr3.mfn == mfn.mfn)
            say(w, "CR3 of vcpu %u", i);
        for (unsigned k = 0; k < G_N_ELEMENTS(v->gdt); k++)
            if (v->gdt[k].mfn == mfn.mfn && v->gdt_entries)
                say(w, "page %u of vcpu %u's GDT", k, i);
    }
    for (unsigned i = 0; i < d->s.grant.nr_frames; i++)
        if (d->s.grant.frames[i].mfn == mfn.mfn)
            say(w, "frame %u of the grant table", i);
    if (d->s.shared_info.mfn == mfn.mfn)
        say(w, "shared_info");
}

static void say_uses(const struct domain *d, mfn_t mfn, struct words *w)
{
    const struct frame *f = frame_info(d->mem, mfn);
    if (f->flags & PGF_PINNED)
        say(w, "pinned");
    say_holders(d, mfn, w);
    if (f->type_count)
        say(w, "%u use%s", f->type_count, f->type_count == 1 ? "" : "s");
    else
        say(w, "%u reference%s", f->count, f->count == 1 ? "" : "s");
}

const char *pte_flag_names(struct domain *d, uint64_t flags)
{
    d->why_use[0] = '\0';
    for (unsigned i = 0; d->want_why && i < values_pte_flags.nr; i++) {
        const struct value_name *flag = &values_pte_flags.values[i];
        if (!(flags & (uint64_t)flag->value))
            continue;
        g_strlcat(d->why_use, d->why_use[0] ? "|" : "", sizeof d->why_use);
        g_strlcat(d->why_use, flag->name, sizeof d->why_use);
    }
    return d->why_use;
}

void page_use_words(const struct domain *d, mfn_t mfn, char *text, size_t size)
{
    struct words w = {.text = text, .size = size};
    text[0] = '\0';
    if (!frame_exists(d->mem, mfn)) {
        say(&w, "beyond the machine's memory");
        return;
    }
    const struct frame *f = frame_info(d->mem, mfn);
    if (f->owner == OWNER_NOBODY)
        say(&w, "free");
    else if (f->owner == OWNER_DOMID_XEN)
        say(&w, "Xen's");
    else if (f->owner == OWNER_DOMID_IO)
        say(&w, "I/O space");
    else if (f->owner != d->s.domid)
        say(&w, "domain %u's", f->owner);
    if (f->owner != d->s.domid)
        return;
    g_strlcpy(w.text, f->type_count ? page_type_name(f->type) : "ordinary memory", w.size);
    if (f->flags & PGF_PAE_XEN_L2 && f->type_count)
        g_strlcat(w.text, " of slot 3", w.size);
    if (f->type_count && !(f->flags & PGF_VALIDATED))
        g_strlcat(w.text, " that is being looked at", w.size);
    g_strlcat(w.text, " (", w.size);
    say_uses(d, mfn, &w);
    g_strlcat(w.text, ")", w.size);
}

const char *page_use(struct domain *d, mfn_t mfn)
{
    d->why_use[0] = '\0';
    if (!d->want_why)
        return d->why_use;
    d->why_frame = mfn;
    page_use_words(d, mfn, d->why_use, sizeof d->why_use);
    return d->why_use;
}

const char *page_why(struct domain *d)
{
    mfn_t mfn = d->why_frame, table = MFN(0);
    unsigned index = 0;
    if (!frame_exists(d->mem, mfn) || frame_info(d->mem, mfn)->owner != d->s.domid)
        return d->why;
    const struct frame *f = frame_info(d->mem, mfn);
    bool writable = f->type == PGT_writable && f->type_count;
    if (!page_find_entry(d, mfn, writable, &table, &index))
        return d->why;
    g_snprintf(d->why_told, sizeof d->why_told, "%s; entry %u of L%u %#x %s it", d->why, index,
               (unsigned)frame_info(d->mem, table)->type - PGT_l1_table + 1, table.mfn,
               frame_info(d->mem, table)->type == PGT_l1_table ? "maps" : "names");
    return d->why_told;
}
