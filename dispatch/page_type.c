/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_type.c - references and types of frames, and the validation of what a
 * frame holds when it takes a type (docs/xen-abi.md 5.4, 5.6).
 */
#include "page_type.h"

#include "descriptor.h"
#include "event.h"
#include "page_linear.h"
#include "plant.h"
#include "preempt.h"
#include "stale.h"
#include "table_scan.h"
#include "xen_slots.h"

#include <string.h>
#include <xen/errno.h>

/* Looking at all entries of a table, in units of work. */
#define TABLE_WORK 128u

G_STATIC_ASSERT((int)RING1_FRAME_L1 == (int)PGT_l1_table && (int)RING1_FRAME_L3 == (int)PGT_l3_table &&
                (int)RING1_FRAME_DESCRIPTORS == (int)PGT_seg_desc &&
                (int)RING1_FRAME_WRITABLE == (int)PGT_writable);

static int32_t validate(struct domain *d, mfn_t mfn);
static void devalidate(struct domain *d, mfn_t mfn);

static inline bool owned(const struct domain *d, mfn_t mfn)
{
    return frame_exists(d->mem, mfn) && frame_info(d->mem, mfn)->owner == d->s.domid;
}

/* Who takes or drops a type: for who looks on. */
struct use {
    enum ring1_frame_why why;
    mfn_t table; /* RING1_FRAME_ENTRY */
    unsigned index;
};

static const struct use use_as_is = {.why = RING1_FRAME_USED}, use_pin = {.why = RING1_FRAME_PINNED},
                        use_cr3 = {.why = RING1_FRAME_CR3};
#define USE_ENTRY(t, i) (&(const struct use){RING1_FRAME_ENTRY, (t), (i)})

/* What nobody uses as a table any more was told of then. */
static enum page_type type_told(const struct frame *f)
{
    return f->type_count == 0 && is_table(f->type) ? PGT_none : (enum page_type)f->type;
}

static void tell(struct domain *d, mfn_t mfn, enum page_type from, enum page_type to, const struct use *use)
{
    if (event_wanted(d, RING1_EVENT_FRAME))
        event_frame(d, &(const struct ring1_frame_event){.mfn = mfn,
                                                         .from = (enum ring1_frame_type)from,
                                                         .to = (enum ring1_frame_type)to,
                                                         .why = use->why,
                                                         .table = use->table,
                                                         .index = use->index});
}

static void frame_free(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_edit(d->mem, mfn);
    if (type_told(f) != PGT_none)
        tell(d, mfn, (enum page_type)f->type, PGT_none, &(const struct use){.why = RING1_FRAME_FREED});
    stale_flush(d); /* the next owner may be Xen */
    *f = (struct frame){.owner = OWNER_NOBODY};
    d->s.tot_pages--;
    d->s.lowest_free = MIN(d->s.lowest_free, mfn.mfn);
    m2p_set(d, mfn, m2p_unused(d->abi));
}

int32_t page_get(struct domain *d, mfn_t mfn)
{
    if (G_UNLIKELY(!owned(d, mfn)))
        return refuse(d, -XEN_EINVAL, "frame %#x is not the domain's: it is %s", mfn.mfn, page_use(d, mfn));
    frame_edit(d->mem, mfn)->count++;
    return 0;
}

void page_put(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_edit(d->mem, mfn);
    if (G_UNLIKELY(--f->count == 0))
        frame_free(d, mfn);
}

/* --- types ------------------------------------------------------------------ */

/* `xen_l2` is PGF_PAE_XEN_L2 or 0: the L2 of PAE slot 3 is a type of its own. */
static int32_t take_type(struct domain *d, mfn_t mfn, enum page_type type, uint8_t xen_l2,
                         const struct use *use)
{
    struct frame *f = frame_edit(d->mem, mfn);
    bool same = f->type == type && (f->flags & PGF_PAE_XEN_L2) == xen_l2;

    if (f->type_count) {
        if (!same || !(f->flags & PGF_VALIDATED))
            return refuse(d, -XEN_EINVAL, "frame %#x cannot be %s%s: it is %s", mfn.mfn, page_type_name(type),
                          xen_l2 ? " of slot 3" : "", page_use(d, mfn));
        f->type_count++;
        return 0;
    }
    if (!same || (is_table(type) && !(f->flags & PGF_VALIDATED)))
        tell(d, mfn, type_told(f), type, use);
    if (!same) {
        stale_flush(d); /* nobody may still write by a mapping of before */
        f->type = (uint8_t)type;
        f->flags = (uint8_t)((f->flags & ~(PGF_VALIDATED | PGF_PAE_XEN_L2)) | xen_l2);
    }
    f->type_count = 1;
    if (type == PGT_writable || (f->flags & PGF_VALIDATED)) {
        f->flags |= PGF_VALIDATED;
        return 0;
    }
    int32_t rc = validate(d, mfn);
    if (rc) {
        tell(d, mfn, type, PGT_none, &(const struct use){.why = RING1_FRAME_REFUSED});
        f->type = PGT_none;
        f->type_count = 0;
        f->flags &= (uint8_t)~PGF_PAE_XEN_L2;
        return rc;
    }
    f->flags |= PGF_VALIDATED;
    return 0;
}

int32_t page_get_type(struct domain *d, mfn_t mfn, enum page_type type)
{
    return take_type(d, mfn, type, 0, &use_as_is);
}

int32_t page_get_same_type(struct domain *d, mfn_t mfn)
{
    const struct frame *f = frame_info(d->mem, mfn);
    return take_type(d, mfn, (enum page_type)f->type, f->flags & PGF_PAE_XEN_L2, &use_as_is);
}

/* Tables lose their validation with their last user, descriptor pages keep it:
 * nobody can change those without changing their type. */
static inline void put_type(struct domain *d, mfn_t mfn, const struct use *use)
{
    struct frame *f = frame_edit(d->mem, mfn);
    if (--f->type_count == 0 && is_table(f->type)) {
        tell(d, mfn, (enum page_type)f->type, PGT_none, use);
        f->flags &= (uint8_t)~PGF_VALIDATED;
        devalidate(d, mfn);
    }
}

void page_put_type(struct domain *d, mfn_t mfn)
{
    put_type(d, mfn, &use_as_is);
}

static int32_t get_and_take(struct domain *d, mfn_t mfn, enum page_type type, uint8_t xen_l2,
                            const struct use *use)
{
    int32_t rc = page_get(d, mfn);
    if (rc)
        return rc;
    rc = take_type(d, mfn, type, xen_l2, use);
    if (rc)
        page_put(d, mfn);
    return rc;
}

int32_t page_get_and_type(struct domain *d, mfn_t mfn, enum page_type type)
{
    return get_and_take(d, mfn, type, 0, &use_as_is);
}

static inline void put_both(struct domain *d, mfn_t mfn, const struct use *use)
{
    put_type(d, mfn, use);
    page_put(d, mfn);
}

void page_put_and_type(struct domain *d, mfn_t mfn)
{
    put_both(d, mfn, &use_as_is);
}

/* --- entries: the references that a present one holds ------------------------- */

static inline unsigned long long ull(uint64_t x)
{
    return x;
}

/* Errno as docs/xen-abi.md 5.5: -EPERM for I/O space, -EBUSY for a frame that
 * cannot be referenced. */
static int32_t l1e_get(struct domain *d, mfn_t table, unsigned index, uint64_t e, uint16_t owner)
{
    if (!(e & PTE_P))
        return 0;
    if (G_UNLIKELY(e & d->abi->l1_disallow))
        return refuse(d, -XEN_EINVAL, "L1 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                      table.mfn, index, ull(e), ull(e & d->abi->l1_disallow),
                      pte_flag_names(d, e & d->abi->l1_disallow));
    mfn_t mfn = pte_mfn(e);
    if (G_UNLIKELY(!frame_exists(d->mem, mfn) || frame_info(d->mem, mfn)->owner == OWNER_DOMID_IO))
        return refuse(d, (e & PTE_FRAME) == PTE_FRAME ? -XEN_EINVAL : -XEN_EPERM,
                      "L1 %#x entry %u: %#llx maps I/O space, frame %#x", table.mfn, index, ull(e), mfn.mfn);
    struct frame *f = frame_edit(d->mem, mfn);
    if (G_UNLIKELY(f->owner != owner && !PLANTED(foreign_frame)))
        return refuse(d, -XEN_EBUSY, "L1 %#x entry %u: %#llx maps frame %#x, which is %s", table.mfn, index,
                      ull(e), mfn.mfn, page_use(d, mfn));
    if (e & PTE_RW) {
        if (G_LIKELY(f->type == PGT_writable)) {
            f->type_count++;
        } else if (G_UNLIKELY(f->type_count && !PLANTED(type_check))) {
            return refuse(d, -XEN_EBUSY, "L1 %#x entry %u: %#llx maps frame %#x writable, which is %s",
                          table.mfn, index, ull(e), mfn.mfn, page_use(d, mfn));
        } else {
            take_type(d, mfn, PGT_writable, 0,
                      USE_ENTRY(table, index)); /* cannot fail: nobody uses the old type */
        }
    }
    f->count++;
    return 0;
}

static void l1e_put(struct domain *d, uint64_t e)
{
    if (!(e & PTE_P))
        return;
    mfn_t mfn = pte_mfn(e);
    if (e & PTE_RW) {
        page_put_and_type(d, mfn);
        return;
    }
    /* The page may be part of an LDT, whose mapping goes with this one. */
    const struct frame *f = frame_info(d->mem, mfn);
    if (G_UNLIKELY(f->type == PGT_seg_desc && f->type_count))
        ldt_drop_all(d);
    page_put(d, mfn);
}

/* Slots of an L2 that are the guest's. */
static unsigned guest_l2_slots(const struct domain *d, const struct frame *f)
{
    if (d->abi->levels == 2 || (f->flags & PGF_PAE_XEN_L2))
        return pt_index(d->abi, GVA(d->abi->hole), 2);
    return d->abi->ptes_per_page;
}

static int32_t l2e_get(struct domain *d, mfn_t table, unsigned index, uint64_t e)
{
    if (!(e & PTE_P))
        return 0;
    if (e & d->abi->l2_disallow)
        return refuse(d, -XEN_EINVAL, "L2 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                      table.mfn, index, ull(e), ull(e & d->abi->l2_disallow),
                      pte_flag_names(d, e & d->abi->l2_disallow));
    mfn_t mfn = pte_mfn(e);
    if (!owned(d, mfn))
        return refuse(d, -XEN_EINVAL, "L2 %#x entry %u: the table at frame %#x is not the domain's: it is %s",
                      table.mfn, index, mfn.mfn, page_use(d, mfn));
    struct frame *f = frame_edit(d->mem, mfn);
    if (f->type != PGT_l2_table || f->type_count == 0)
        return get_and_take(d, mfn, PGT_l1_table, 0, USE_ENTRY(table, index));

    /* A linear page table: an L2 in the place of an L1 shows the L1s as memory,
     * and itself when it is its own; only for reading. */
    if (e & PTE_RW)
        return refuse(d, -XEN_EINVAL, "L2 %#x entry %u: a linear page table must not be writable", table.mfn,
                      index);
    if (mfn.mfn == table.mfn)
        return 0;
    if (!(f->flags & PGF_VALIDATED))
        return refuse(d, -XEN_EINVAL, "L2 %#x entry %u: the L2 at frame %#x is not validated", table.mfn,
                      index, mfn.mfn);
    if (!linear_take(frame_edit(d->mem, table), f))
        return refuse(
            d, -XEN_EINVAL,
            "L2 %#x entry %u: a linear page table of frame %#x, which has linear page tables of its "
            "own, or of a table that is one",
            table.mfn, index, mfn.mfn);
    f->count++;
    f->type_count++;
    return 0;
}

static void l2e_put(struct domain *d, mfn_t table, unsigned index, uint64_t e)
{
    mfn_t mfn = pte_mfn(e);
    if (!(e & PTE_P) || mfn.mfn == table.mfn)
        return;
    if (G_UNLIKELY(frame_info(d->mem, mfn)->type == PGT_l2_table))
        linear_drop(frame_edit(d->mem, table), frame_edit(d->mem, mfn));
    put_both(d, mfn, USE_ENTRY(table, index));
}

static int32_t l3e_get(struct domain *d, mfn_t table, unsigned index, uint64_t e)
{
    if (!(e & PTE_P))
        return index == 3 ? refuse(d, -XEN_EINVAL, "L3 %#x: slot 3 is empty", table.mfn) : 0;
    if (e & d->abi->l3_disallow)
        return refuse(d, -XEN_EINVAL, "L3 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                      table.mfn, index, ull(e), ull(e & d->abi->l3_disallow),
                      pte_flag_names(d, e & d->abi->l3_disallow));
    mfn_t mfn = pte_mfn(e);
    int32_t rc = get_and_take(d, mfn, PGT_l2_table, index == 3 ? PGF_PAE_XEN_L2 : 0, USE_ENTRY(table, index));
    if (rc)
        return rc;
    if (index == 3 && frame_info(d->mem, mfn)->type_count != 1) {
        refuse(d, 0, "L3 %#x: the L2 of slot 3 is shared: frame %#x is %s", table.mfn, mfn.mfn,
               page_use(d, mfn));
        put_both(d, mfn, USE_ENTRY(table, index));
        return -XEN_EINVAL;
    }
    return 0;
}

static void l3e_put(struct domain *d, mfn_t table, unsigned index, uint64_t e)
{
    if (e & PTE_P)
        put_both(d, pte_mfn(e), USE_ENTRY(table, index));
}

/* --- validation ------------------------------------------------------------------ */

static int32_t validate_l1(struct domain *d, mfn_t mfn)
{
    FOR_PRESENT(d, mfn, i, d->abi->ptes_per_page) {
        int32_t rc = l1e_get(d, mfn, i, pte_read(d, mfn, i), d->s.domid);
        if (rc) {
            while (i-- > 0 && !PLANTED(no_undo))
                l1e_put(d, pte_read(d, mfn, i));
            return rc;
        }
    }
    return 0;
}

static int32_t validate_l2(struct domain *d, mfn_t mfn)
{
    unsigned slots = guest_l2_slots(d, frame_info(d->mem, mfn));
    FOR_PRESENT(d, mfn, i, slots) {
        int32_t rc = l2e_get(d, mfn, i, pte_read(d, mfn, i));
        if (rc) {
            while (i-- > 0)
                l2e_put(d, mfn, i, pte_read(d, mfn, i));
            return rc;
        }
    }
    if (slots < d->abi->ptes_per_page)
        xen_slots_fill(d, mfn, slots);
    return 0;
}

/* Compat (docs/xen-abi.md 5.6, 13.2): the CPU sees the whole page as an L3, whose
 * entries need RW and US; they are taken away again when the table is given up. */
static void adjust_l3(struct domain *d, mfn_t mfn, unsigned nr, bool adjusted)
{
    const uint64_t bits = PTE_RW | PTE_US;
    if (d->abi->xen < RING1_XEN_4_17)
        return;
    for (unsigned i = 0; i < nr; i++) {
        uint64_t e = pte_read(d, mfn, i), seen = adjusted ? e | bits : e & ~(bits | PTE_A);
        if ((e & PTE_P) && seen != e)
            pte_write(d, mfn, i, seen);
    }
}

/* The CPU would see what stands behind the four entries. */
static void clear_behind_l3(struct domain *d, mfn_t mfn)
{
    const uint8_t *page = frame_ptr(d->mem, mfn);
    for (unsigned i = 4; i < d->abi->ptes_per_page; i++) {
        while (i % 8 == 0 && i < d->abi->ptes_per_page && !any_of(page + i * 8, UINT64_MAX))
            i += 8;
        if (i < d->abi->ptes_per_page && pte_read(d, mfn, i))
            pte_write(d, mfn, i, 0);
    }
}

static int32_t validate_l3(struct domain *d, mfn_t mfn)
{
    if (d->abi->xen >= RING1_XEN_4_17)
        clear_behind_l3(d, mfn);
    for (unsigned i = 0; i < 4; i++) {
        int32_t rc = l3e_get(d, mfn, i, pte_read(d, mfn, i));
        if (rc) {
            adjust_l3(d, mfn, i, false);
            while (i-- > 0)
                l3e_put(d, mfn, i, pte_read(d, mfn, i));
            return rc;
        }
    }
    adjust_l3(d, mfn, 4, true);
    return 0;
}

static int32_t validate(struct domain *d, mfn_t mfn)
{
    if (frame_info(d->mem, mfn)->type != PGT_writable)
        preempt_work(d, TABLE_WORK);
    switch (frame_info(d->mem, mfn)->type) {
    case PGT_l1_table:
        return validate_l1(d, mfn);
    case PGT_l2_table:
        return validate_l2(d, mfn);
    case PGT_l3_table:
        return d->abi->levels == 3
                   ? validate_l3(d, mfn)
                   : refuse(d, -XEN_EINVAL, "frame %#x as an L3 table: there are two levels", mfn.mfn);
    case PGT_seg_desc:
        return validate_descriptors(d, mfn);
    default:
        return 0;
    }
}

static void devalidate(struct domain *d, mfn_t mfn)
{
    const struct frame *f = frame_info(d->mem, mfn);
    unsigned slots;
    if (f->type != PGT_writable)
        preempt_work(d, TABLE_WORK);
    switch (f->type) {
    case PGT_l1_table:
        FOR_PRESENT(d, mfn, i, d->abi->ptes_per_page)
            l1e_put(d, pte_read(d, mfn, i));
        break;
    case PGT_l2_table:
        slots = guest_l2_slots(d, f);
        FOR_PRESENT(d, mfn, i, slots)
            l2e_put(d, mfn, i, pte_read(d, mfn, i));
        break;
    case PGT_l3_table:
        for (unsigned i = 0; i < 4; i++)
            l3e_put(d, mfn, i, pte_read(d, mfn, i));
        adjust_l3(d, mfn, 4, false);
        break;
    default:
        break;
    }
}

/* --- changing entries -------------------------------------------------------------- */

/* Both present, and what they grant is the same: no reference changes. Xen 3
 * took a change of RW in an L2 for the same too, and so let a guest make its
 * linear page table writable; that hole is not rebuilt. */
static inline bool same_mapping(uint64_t old, uint64_t value)
{
    return (old & value & PTE_P) && !((old ^ value) & (PTE_FRAME | PTE_RW));
}

int32_t mod_l1_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value, uint16_t owner)
{
    uint64_t old = pte_read(d, table, index);
    if (same_mapping(old, value)) {
        if (G_UNLIKELY((value & d->abi->l1_disallow) && !d->abi->l1_flags_unchecked))
            return refuse(d, -XEN_EINVAL, "L1 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                          table.mfn, index, ull(value), ull(value & d->abi->l1_disallow),
                          pte_flag_names(d, value & d->abi->l1_disallow));
        pte_write(d, table, index, value);
        return 0;
    }
    int32_t rc = l1e_get(d, table, index, value, owner);
    if (G_UNLIKELY(rc))
        return rc;
    pte_write(d, table, index, value);
    if (old & PTE_P)
        l1e_put(d, old);
    return 0;
}

void place_l1_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value)
{
    uint64_t old = pte_read(d, table, index);
    pte_write(d, table, index, value);
    l1e_put(d, old);
}

void drop_l1_entry(struct domain *d, uint64_t value)
{
    l1e_put(d, value);
}

int32_t mod_l2_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value)
{
    uint64_t old = pte_read(d, table, index);
    if (index >= guest_l2_slots(d, frame_info(d->mem, table)))
        return refuse(d, -XEN_EPERM, "L2 %#x entry %u is Xen's", table.mfn, index);
    if (same_mapping(old, value)) {
        uint64_t disallow = d->abi->l1_flags_unchecked ? PTE_PSE : d->abi->l2_disallow;
        if (value & disallow)
            return refuse(d, -XEN_EINVAL, "L2 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                          table.mfn, index, ull(value), ull(value & disallow),
                          pte_flag_names(d, value & disallow));
        pte_write(d, table, index, value);
        return 0;
    }
    int32_t rc = l2e_get(d, table, index, value);
    if (rc)
        return rc;
    pte_write(d, table, index, value);
    l2e_put(d, table, index, old);
    return 0;
}

/* Slot 3 holds Xen's mappings and cannot change; the CPU never looks at the
 * slots behind it. */
int32_t mod_l3_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value)
{
    uint64_t old = pte_read(d, table, index);
    if (index >= 3)
        return refuse(d, -XEN_EINVAL, "L3 %#x entry %u cannot be changed%s", table.mfn, index,
                      index == 3 ? " once it is in use" : ": there are 4");
    if (d->abi->xen >= RING1_XEN_4_17 && (value & PTE_P))
        value |= PTE_RW | PTE_US;
    if (same_mapping(old, value)) {
        if (value & d->abi->l3_disallow)
            return refuse(d, -XEN_EINVAL, "L3 %#x entry %u: %#llx has flags that are not allowed: %#llx %s",
                          table.mfn, index, ull(value), ull(value & d->abi->l3_disallow),
                          pte_flag_names(d, value & d->abi->l3_disallow));
        pte_write(d, table, index, value);
        return 0;
    }
    int32_t rc = l3e_get(d, table, index, value);
    if (rc)
        return rc;
    pte_write(d, table, index, value);
    l3e_put(d, table, index, old);
    return 0;
}

/* --- pins, CR3, ownership ------------------------------------------------------------ */

int32_t page_pin(struct domain *d, mfn_t mfn, enum page_type type)
{
    int32_t rc = get_and_take(d, mfn, type, 0, &use_pin);
    if (rc)
        return rc;
    struct frame *f = frame_edit(d->mem, mfn);
    if (f->flags & PGF_PINNED) {
        page_put_and_type(d, mfn);
        return refuse(d, -XEN_EINVAL, "frame %#x is already pinned: it is %s", mfn.mfn, page_use(d, mfn));
    }
    f->flags |= PGF_PINNED;
    return 0;
}

int32_t page_unpin(struct domain *d, mfn_t mfn)
{
    if (!owned(d, mfn))
        return refuse(d, -XEN_EINVAL, "frame %#x is not the domain's: it is %s", mfn.mfn, page_use(d, mfn));
    struct frame *f = frame_edit(d->mem, mfn);
    if (!(f->flags & PGF_PINNED) && !PLANTED(unpin))
        return refuse(d, -XEN_EINVAL, "frame %#x is not pinned: it is %s", mfn.mfn, page_use(d, mfn));
    f->flags &= (uint8_t)~PGF_PINNED;
    put_both(d, mfn, &use_pin);
    return 0;
}

int32_t page_take_cr3(struct domain *d, mfn_t mfn)
{
    return get_and_take(d, mfn, root_type(d->abi), 0, &use_cr3);
}

void page_drop_cr3(struct domain *d, mfn_t mfn)
{
    put_both(d, mfn, &use_cr3);
}

void page_assign(struct domain *d, mfn_t mfn)
{
    frame_dirty(d->mem, mfn);
    *frame_edit(d->mem, mfn) = (struct frame){.count = 1, .owner = d->s.domid, .flags = PGF_ALLOCATED};
    d->s.tot_pages++;
}

bool page_release(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_edit(d->mem, mfn);
    if (!(f->flags & PGF_ALLOCATED) || (f->flags & PGF_SHARED))
        return false;
    if ((f->flags & PGF_PINNED) && d->abi->xen < RING1_XEN_4_17) /* 13.4 */
        page_unpin(d, mfn);
    f->flags &= (uint8_t)~PGF_ALLOCATED;
    page_put(d, mfn);
    return true;
}

bool page_is_only_allocated(const struct domain *d, mfn_t mfn)
{
    if (!owned(d, mfn))
        return false;
    const struct frame *f = frame_info(d->mem, mfn);
    return f->count == 1 && (f->flags & PGF_ALLOCATED) && !(f->flags & PGF_SHARED);
}

void page_share(struct domain *d, mfn_t mfn)
{
    frame_dirty(d->mem, mfn);
    *frame_edit(d->mem, mfn) = (struct frame){
        .count = 1,
        .type_count = 1,
        .owner = d->s.domid,
        .type = PGT_writable,
        .flags = PGF_ALLOCATED | PGF_SHARED | PGF_VALIDATED,
    };
}
