/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_recount.c - every reference counted anew from those who hold it: pins,
 * tables, CR3s, GDTs, LDTs, places of vcpu_info, the EOI map, grants in use. What page_type.c keeps up entry
 * by entry must come out the same.
 */
#include "grant_priv.h"
#include "table_scan.h"

struct tally {
    uint32_t count, type_count;
    uint32_t linear,
        linear_uses; /* entries of its own that make linear tables, and of others that make it one */
    uint8_t type;    /* that a holder needs; PGT_none: nobody said */
    bool mixed;      /* holders need different types */
};

/* Of each frame; zeroes between two counts. */
struct recount_room {
    struct tally *tally;
    uint32_t *held, nr_held; /* frames that somebody holds */
};

struct recount {
    const struct domain *d;
    struct recount_room *room;
    GString *report;
    bool ok;
};

static void complain(struct recount *r, mfn_t mfn, const char *what)
{
    r->ok = false;
    if (r->report)
        g_string_append_printf(r->report, "frame %#x: %s\n", mfn.mfn, what);
}

static inline struct tally *tally_of(struct recount *r, mfn_t mfn)
{
    struct tally *t = &r->room->tally[mfn.mfn];
    if (!t->count)
        r->room->held[r->room->nr_held++] = mfn.mfn;
    return t;
}

static inline void hold(struct recount *r, mfn_t mfn, enum page_type type)
{
    if (!frame_exists(r->d->mem, mfn)) {
        complain(r, mfn, "is referenced and does not exist");
        return;
    }
    struct tally *t = tally_of(r, mfn);
    t->count++;
    if (type == PGT_none)
        return;
    t->type_count++;
    t->mixed |= t->type != PGT_none && t->type != type;
    t->type = (uint8_t)type;
}

/* The references that one present entry of a validated table holds. */
static inline void count_entry(struct recount *r, mfn_t table, const struct frame *f, uint64_t e)
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
            r->room->tally[table.mfn].linear++;
            tally_of(r, mfn)->linear_uses++;
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
    FOR_PRESENT(d, mfn, i, n)
        count_entry(r, mfn, f, pte_read(d, mfn, i));
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

/* Whether it is of those that tot_pages counts. */
static bool count_frame(struct recount *r, mfn_t mfn, const struct frame f)
{
    if (f.flags & PGF_ALLOCATED)
        hold(r, mfn, PGT_none);
    if (f.flags & PGF_SHARED) {
        hold(r, mfn, PGT_writable);
        r->room->tally[mfn.mfn].count--;
    }
    if (f.flags & PGF_PINNED)
        hold(r, mfn, (enum page_type)f.type);
    if (is_table(f.type) && (f.flags & PGF_VALIDATED))
        count_table(r, mfn);
    return !(f.flags & PGF_SHARED);
}

/* A host mapping is the L1 entry that it is. */
static void count_maptrack(struct recount *r, const struct maptrack_entry *e, uint32_t n)
{
    for (; n > 0; n--, e++)
        if (e->flags & GNTMAP_device_map) {
            const struct active_entry *act = (const struct active_entry *)frame_ptr(
                                                 r->d->mem, r->d->s.grant.active[e->ref / ACTIVE_PER_FRAME]) +
                                             e->ref % ACTIVE_PER_FRAME;
            hold(r, MFN(act->frame), e->flags & GNTMAP_readonly ? PGT_none : PGT_writable);
        }
}

static void count_active(struct recount *r, const struct active_entry *act, uint32_t nr)
{
    for (; nr > 0; nr--, act++) {
        if (G_LIKELY(!act->pin) || act->domid != DOMID_BACKEND)
            continue;
        for (unsigned n = act->pin & 0xFF; n-- > 0;)
            hold(r, MFN(act->frame), PGT_writable);
        for (unsigned n = act->pin >> 8 & 0xFF; n-- > 0;)
            hold(r, MFN(act->frame), PGT_none);
    }
}

/* Frames are read as they stand: who asks for an entry is thought to write to it. */
static void count_grants(struct recount *r)
{
    const struct domain *d = r->d;
    const struct grant_table *gt = &d->s.grant;
    for (uint32_t i = 0; i < gt->nr_maptrack; i++)
        count_maptrack(r, frame_ptr(d->mem, gt->maptrack[i]), maptrack_limit(d) / gt->nr_maptrack);
    for (uint32_t ref = 0; ref < grant_nr_entries(d); ref += ACTIVE_PER_FRAME)
        count_active(r, frame_ptr(d->mem, gt->active[ref / ACTIVE_PER_FRAME]),
                     MIN(ACTIVE_PER_FRAME, grant_nr_entries(d) - ref));
}

/* The tally is as it was at first afterwards. Both are read once: under sanitizers each look into
 * memory costs, and of most frames there is nothing to say. */
static void compare(struct recount *r, mfn_t mfn)
{
    const struct frame copy = *frame_info(r->d->mem, mfn), *f = &copy;
    const struct tally tally = r->room->tally[mfn.mfn], *t = &tally;
    r->room->tally[mfn.mfn] = (struct tally){0};
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

struct recount_room *recount_room_new(const struct memory *mem)
{
    struct recount_room *room = g_new0(struct recount_room, 1);
    room->tally = g_new0(struct tally, mem->nr_frames);
    room->held = g_new(uint32_t, 2 * (size_t)mem->nr_frames);
    return room;
}

void recount_room_free(struct recount_room *room)
{
    if (!room)
        return;
    g_free(room->tally);
    g_free(room->held);
    g_free(room);
}

static uint32_t count_all(struct recount *r, const uint32_t *mfns, uint32_t nr)
{
    const struct domain *d = r->d;
    uint32_t owned = 0;
    for (uint32_t i = 0; i < nr; i++) {
        mfn_t mfn = MFN(mfns ? mfns[i] : i);
        const struct frame *f = frame_info(d->mem, mfn);
        if (f->owner != d->s.domid)
            continue;
        owned += count_frame(r, mfn, *f);
    }
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        count_vcpu(r, &d->s.vcpu[i]);
    if (d->s.pirq_eoi_map.mfn)
        hold(r, d->s.pirq_eoi_map, PGT_writable);
    count_grants(r);
    return owned;
}

static void compare_all(struct recount *r, const uint32_t *mfns, uint32_t nr)
{
    struct recount_room *room = r->room;
    for (uint32_t i = 0; i < nr; i++)
        compare(r, MFN(mfns ? mfns[i] : i));
    for (uint32_t i = 0; i < room->nr_held; i++)
        if (room->tally[room->held[i]].count)
            compare(r, MFN(room->held[i]));
    room->nr_held = 0;
}

bool page_recount_of(const struct domain *d, struct recount_room *room, const uint32_t *mfns, uint32_t nr,
                     GString *report)
{
    struct recount r = {.d = d, .room = room, .report = report, .ok = true};
    uint32_t owned = count_all(&r, mfns, nr);
    compare_all(&r, mfns, nr);
    if (owned != d->s.tot_pages) {
        r.ok = false;
        if (report)
            g_string_append_printf(report, "the domain has %u frames, tot_pages says %u\n", owned,
                                   d->s.tot_pages);
    }
    return r.ok;
}

bool page_recount(const struct domain *d, GString *report)
{
    struct recount_room *room = recount_room_new(d->mem);
    bool ok = page_recount_of(d, room, NULL, d->mem->nr_frames, report);
    recount_room_free(room);
    return ok;
}
