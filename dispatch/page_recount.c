/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_recount.c - every reference counted anew from those who hold it: pins,
 * tables, CR3s, GDTs, LDTs, places of vcpu_info, the EOI map, grants in use. What page_type.c keeps up entry
 * by entry must come out the same.
 */
#include "grant_priv.h"

struct tally {
    uint32_t count, type_count;
    uint32_t linear,
        linear_uses; /* entries of its own that make linear tables, and of others that make it one */
    uint8_t type;    /* that a holder needs; PGT_none: nobody said */
    bool mixed;      /* holders need different types */
};

struct recount {
    const struct domain *d;
    struct tally *tally;
    GString *report;
    bool ok;
};

static void complain(struct recount *r, mfn_t mfn, const char *what)
{
    r->ok = false;
    if (r->report)
        g_string_append_printf(r->report, "frame %#x: %s\n", mfn.mfn, what);
}

static void hold(struct recount *r, mfn_t mfn, enum page_type type)
{
    if (!frame_exists(r->d->mem, mfn)) {
        complain(r, mfn, "is referenced and does not exist");
        return;
    }
    struct tally *t = &r->tally[mfn.mfn];
    t->count++;
    if (type == PGT_none)
        return;
    t->type_count++;
    t->mixed |= t->type != PGT_none && t->type != type;
    t->type = (uint8_t)type;
}

/* The references that one present entry of a validated table holds. */
static void count_entry(struct recount *r, mfn_t table, const struct frame *f, uint64_t e)
{
    const struct memory *mem = r->d->mem;
    mfn_t mfn = pte_mfn(e);
    switch (f->type) {
    case PGT_l1_table:
        hold(r, mfn, e & PTE_RW ? PGT_writable : PGT_none);
        break;
    case PGT_l2_table:
        if (mfn.mfn == table.mfn)
            break;
        bool linear = frame_exists(mem, mfn) && frame_info(mem, mfn)->type == PGT_l2_table;
        if (linear && (e & PTE_RW))
            complain(r, table, "has a linear page table that is writable");
        if (linear) {
            r->tally[table.mfn].linear++;
            r->tally[mfn.mfn].linear_uses++;
        }
        hold(r, mfn, linear ? PGT_l2_table : PGT_l1_table);
        break;
    default:
        hold(r, mfn, PGT_l2_table);
        break;
    }
}

static void count_table(struct recount *r, mfn_t mfn)
{
    const struct domain *d = r->d;
    const struct abi *abi = d->abi;
    const struct frame *f = frame_info(d->mem, mfn);
    unsigned n = abi->ptes_per_page;
    if (f->type == PGT_l3_table)
        n = 4;
    else if (f->type == PGT_l2_table && (abi->levels == 2 || (f->flags & PGF_PAE_XEN_L2)))
        n = pt_index(abi, GVA(abi->hole), 2);
    for (unsigned i = 0; i < n; i++) {
        uint64_t e = pte_read(d, mfn, i);
        if (e & PTE_P)
            count_entry(r, mfn, f, e);
    }
}

static void count_vcpu(struct recount *r, const struct vcpu *v)
{
    const struct domain *d = r->d;
    if (v->cr3.mfn)
        hold(r, v->cr3, root_type(d->abi));
    for (unsigned i = 0; i < MAX_GDT_FRAMES && i * 512u < v->gdt_entries; i++)
        hold(r, v->gdt[i], PGT_seg_desc);
    for (unsigned i = 0; i < MAX_LDT_FRAMES; i++)
        if (v->ldt[i].mfn)
            hold(r, v->ldt[i], PGT_seg_desc);
    if (v->info_mfn.mfn && v->info_mfn.mfn != d->s.shared_info.mfn)
        hold(r, v->info_mfn, PGT_writable);
}

static void count_frame(struct recount *r, mfn_t mfn)
{
    const struct frame *f = frame_info(r->d->mem, mfn);
    struct tally *t = &r->tally[mfn.mfn];
    if (f->flags & PGF_ALLOCATED)
        t->count++;
    if (f->flags & PGF_SHARED) {
        hold(r, mfn, PGT_writable);
        t->count--;
    }
    if (f->flags & PGF_PINNED)
        hold(r, mfn, (enum page_type)f->type);
    if (is_table(f->type) && (f->flags & PGF_VALIDATED))
        count_table(r, mfn);
}

/* A host mapping is the L1 entry that it is. */
static void count_grants(struct recount *r)
{
    const struct domain *d = r->d;
    for (uint32_t i = 0; i < maptrack_limit(d); i++) {
        const struct maptrack_entry *e = maptrack_entry(d, i);
        if (e->flags & GNTMAP_device_map)
            hold(r, MFN(active_entry(d, e->ref)->frame),
                 e->flags & GNTMAP_readonly ? PGT_none : PGT_writable);
    }
    for (uint32_t ref = 0; ref < grant_nr_entries(d); ref++) {
        const struct active_entry *act = active_entry(d, ref);
        if (act->domid != DOMID_BACKEND)
            continue;
        for (unsigned n = act->pin & 0xFF; n-- > 0;)
            hold(r, MFN(act->frame), PGT_writable);
        for (unsigned n = act->pin >> 8 & 0xFF; n-- > 0;)
            hold(r, MFN(act->frame), PGT_none);
    }
}

static void compare(struct recount *r, mfn_t mfn)
{
    const struct frame *f = frame_info(r->d->mem, mfn);
    const struct tally *t = &r->tally[mfn.mfn];
    if (f->owner != r->d->s.domid && (t->count || t->type_count))
        complain(r, mfn, "is referenced and not the domain's");
    if (f->owner == r->d->s.domid && (f->count != t->count || f->type_count != t->type_count)) {
        g_autofree char *s = g_strdup_printf("%u references, %u of its type; found %u and %u", f->count,
                                             f->type_count, t->count, t->type_count);
        complain(r, mfn, s);
    }
    if (f->linear != (int64_t)t->linear - t->linear_uses || (t->linear && t->linear_uses))
        complain(r, mfn, "has or is a linear page table otherwise than it is counted");
    if (t->mixed || (t->type_count && t->type != f->type))
        complain(r, mfn, "is held as another type than it has");
    if (t->type_count && !(f->flags & PGF_VALIDATED))
        complain(r, mfn, "is in use and not validated");
    if (is_table(f->type) && !f->type_count && (f->flags & PGF_VALIDATED))
        complain(r, mfn, "is a table that nobody uses, and still validated");
}

bool page_recount(const struct domain *d, GString *report)
{
    struct recount r = {.d = d, .report = report, .ok = true};
    uint32_t owned = 0;
    r.tally = g_new0(struct tally, d->mem->nr_frames);
    for (uint32_t i = 0; i < d->mem->nr_frames; i++) {
        const struct frame *f = frame_info(d->mem, MFN(i));
        if (f->owner != d->s.domid)
            continue;
        count_frame(&r, MFN(i));
        owned += !(f->flags & PGF_SHARED);
    }
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        count_vcpu(&r, &d->s.vcpu[i]);
    if (d->s.pirq_eoi_map.mfn)
        hold(&r, d->s.pirq_eoi_map, PGT_writable);
    count_grants(&r);
    for (uint32_t i = 0; i < d->mem->nr_frames; i++)
        compare(&r, MFN(i));
    if (owned != d->s.tot_pages) {
        r.ok = false;
        if (report)
            g_string_append_printf(report, "the domain has %u frames, tot_pages says %u\n", owned,
                                   d->s.tot_pages);
    }
    g_free(r.tally);
    return r.ok;
}
