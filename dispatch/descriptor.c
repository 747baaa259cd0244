/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * descriptor.c - check_descriptor, set_gdt, update_descriptor and the LDT
 * (docs/xen-abi.md 5.3, 8.2, 8.10, 13.2).
 */
#include "descriptor.h"

#include "gdt.h"
#include "hypercall.h"
#include "page_type.h"
#include "plant.h"
#include "table_scan.h"

#include <string.h>
#include <xen/errno.h>

#define DESCS_PER_PAGE  512u
#define LDT_MAX_ENTRIES 8192u

/* Bits of a descriptor's high word. */
#define DESC_TYPE        0x00000F00u
#define DESC_CALL_GATE   0x00000C00u
#define DESC_CODE        0x00000800u
#define DESC_EXPAND_DOWN 0x00000400u
#define DESC_S           0x00001000u
#define DESC_DPL         0x00006000u
#define DESC_DPL_SHIFT   13
#define DESC_P           0x00008000u
#define DESC_L           0x00200000u
#define DESC_G           0x00800000u

/* --- what a descriptor may be -------------------------------------------------- */

static uint32_t desc_base(uint32_t a, uint32_t b)
{
    return (b & 0xFF000000u) | ((b & 0xFFu) << 16) | (a >> 16);
}

/* Bytes from the base to the limit; 2^32 for a full segment. */
static uint64_t desc_size(uint32_t a, uint32_t b)
{
    uint64_t size = ((b & 0xF0000u) | (a & 0xFFFFu)) + 1u;
    return b & DESC_G ? size << 12 : size;
}

static void set_limit(uint32_t *a, uint32_t *b, uint32_t limit)
{
    *a = (*a & ~0xFFFFu) | (limit & 0xFFFFu);
    *b = (*b & ~0xF0000u) | (limit & 0xF0000u);
}

/* A native Xen is protected by segment limits: cut the segment at the top of
 * what the guest may reach. Arithmetic is in 32 bits, as the CPU's. */
static bool cut_segment(const struct abi *abi, uint32_t *a, uint32_t *b)
{
    uint32_t base = desc_base(*a, *b);
    uint32_t size = (uint32_t)desc_size(*a, *b);
    uint32_t top = abi->segment_top;

    if (base >= top - RING1_PAGE_SIZE)
        return false;
    if ((*b & (DESC_CODE | DESC_EXPAND_DOWN)) == DESC_EXPAND_DOWN) {
        /* Reaches from base + size up to 4 GiB and around. */
        if (base + size <= base)
            return true;
        size = 0u - (base & ~(RING1_PAGE_SIZE - 1));
    } else {
        if (base + size > base && base + size <= top)
            return true;
        size = top - base;
    }
    if (!(*b & DESC_G))
        return false;
    set_limit(a, b, (size >> 12) - 1);
    return true;
}

/* Compat: nothing is cut; a segment that an older guest cut at the old hole
 * itself is widened, so that it reaches the m2p. */
static bool check_segment_compat(const struct abi *abi, uint32_t *a, uint32_t *b)
{
    if (*b & DESC_L)
        return false;
    if (desc_base(*a, *b) == 0 && desc_size(*a, *b) > abi->hole)
        set_limit(a, b, 0xFFFFFu);
    return true;
}

/* A selector that a gate may point at: the guest's own, the LDT's, or Xen's flat
 * kernel code. */
static bool gate_selector_ok(const struct abi *abi, uint16_t sel)
{
    return (sel & 4) || sel == abi->kernel_cs || (sel >> 3) < abi->first_reserved_gdt ||
           (abi->xen == RING1_XEN_2_0 && (sel >> 3) >= abi->first_reserved_gdt + XEN_2_0_RESERVED_ENTRIES);
}

static bool check_call_gate(const struct abi *abi, uint32_t *a, uint32_t *b)
{
    uint16_t cs = (uint16_t)(*a >> 16);
    unsigned dpl = (*b & DESC_DPL) >> DESC_DPL_SHIFT;

    if ((*b & DESC_TYPE) != DESC_CALL_GATE || (*b & 0xE0u))
        return false;
    if (abi->xen >= RING1_XEN_4_17) {
        /* Gates fault and are emulated: DPL 0 makes them fault, the real DPL is
         * kept in the selector. */
        if (!gate_selector_ok(abi, cs))
            return false;
        cs = (uint16_t)((cs & ~3u) | dpl);
        *b &= ~DESC_DPL;
    } else {
        if (abi->xen <= RING1_XEN_3_0_0 ? (cs & 3) != 1 : (cs & 3) == 0) {
            if (abi->xen <= RING1_XEN_3_0_0)
                return false;
            cs |= 1;
        }
        if (!gate_selector_ok(abi, cs))
            return false;
    }
    *a = (*a & 0xFFFFu) | ((uint32_t)cs << 16);
    return true;
}

bool check_descriptor(const struct domain *d, uint64_t *descriptor)
{
    const struct abi *abi = d->abi;
    uint32_t a = (uint32_t)*descriptor, b = (uint32_t)(*descriptor >> 32);

    if (!(b & DESC_P))
        return true; /* always faults */
    if (!(b & (DESC_S | DESC_TYPE)) && abi->xen >= RING1_XEN_4_17)
        return true; /* the second half of a 64-bit gate */
    if (!(b & DESC_DPL)) {
        if (abi->xen <= RING1_XEN_3_0_0)
            return false;
        b |= 1u << DESC_DPL_SHIFT;
    }
    bool ok;
    if (b & DESC_S)
        ok = abi->segment_top ? cut_segment(abi, &a, &b) : check_segment_compat(abi, &a, &b);
    else
        ok = check_call_gate(abi, &a, &b);
    if (ok)
        *descriptor = (uint64_t)b << 32 | a;
    return ok;
}

int32_t validate_descriptors(struct domain *d, mfn_t mfn)
{
    uint8_t *page = frame_ptr(d->mem, mfn);
    FOR_PRESENT_DESCRIPTOR(page, i, DESCS_PER_PAGE) { /* others always fault, and are allowed */
        uint64_t old, desc;
        memcpy(&old, page + i * 8, 8);
        desc = old;
        if (!check_descriptor(d, &desc))
            return refuse(d, -XEN_EINVAL, "frame %#x: descriptor %u is not allowed: %016llx", mfn.mfn, i,
                          (unsigned long long)old);
        if (desc != old) {
            memcpy(page + i * 8, &desc, 8);
            frame_changed(d, mfn);
        }
    }
    return 0;
}

/* --- GDT ------------------------------------------------------------------------ */

static void descriptors_changed(struct vcpu *v)
{
    vcpu_attend(v, ATTN_GDT);
    domain_flush(v->domain);
}

static unsigned gdt_pages(uint32_t entries)
{
    return (entries + DESCS_PER_PAGE - 1) / DESCS_PER_PAGE;
}

/* 2.0 has Xen's entries inside the guest's first page. A page that fails only
 * because of what stands there gets them zeroed. */
static int32_t take_first_page_2_0(struct domain *d, mfn_t mfn)
{
    int32_t rc = page_get_and_type(d, mfn, PGT_seg_desc);
    if (!rc)
        return 0;
    rc = page_get_and_type(d, mfn, PGT_writable);
    if (rc)
        return rc;
    memset((uint8_t *)frame_ptr(d->mem, mfn) + d->abi->first_reserved_gdt * 8u, 0,
           XEN_2_0_RESERVED_ENTRIES * 8u);
    frame_changed(d, mfn);
    page_put_and_type(d, mfn);
    return page_get_and_type(d, mfn, PGT_seg_desc);
}

static void copy_xen_entries_2_0(struct domain *d, mfn_t mfn)
{
    uint8_t *page = frame_ptr(d->mem, mfn);
    unsigned first = d->abi->first_reserved_gdt;
    for (unsigned i = first; i < first + XEN_2_0_RESERVED_ENTRIES; i++) {
        uint64_t desc = xen_descriptor(d->abi, i);
        memcpy(page + i * 8u, &desc, 8);
    }
    frame_changed(d, mfn);
}

static void gdt_drop(struct vcpu *v)
{
    for (unsigned i = 0; i < gdt_pages(v->gdt_entries); i++)
        page_put_and_type(v->domain, v->gdt[i]);
    memset(v->gdt, 0, sizeof v->gdt);
    v->gdt_entries = 0;
}

int32_t gdt_set(struct vcpu *v, const uint32_t *frames, uint32_t entries)
{
    struct domain *d = v->domain;
    bool is_2_0 = d->abi->xen == RING1_XEN_2_0;
    unsigned n = gdt_pages(entries);

    for (unsigned i = 0; i < n; i++) {
        mfn_t mfn = MFN(frames[i]);
        if (is_2_0 && i == 0 ? take_first_page_2_0(d, mfn) : page_get_and_type(d, mfn, PGT_seg_desc)) {
            while (i-- > 0)
                page_put_and_type(d, MFN(frames[i]));
            return -XEN_EINVAL;
        }
    }
    if (is_2_0 && n)
        copy_xen_entries_2_0(d, MFN(frames[0]));
    gdt_drop(v);
    for (unsigned i = 0; i < n; i++)
        v->gdt[i] = MFN(frames[i]);
    v->gdt_entries = entries;
    descriptors_changed(v);
    return 0;
}

int32_t do_set_gdt(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    uint32_t entries = arg[1], frames[MAX_GDT_FRAMES] = {0};

    if ((PLANTED(count_overflow) ? entries & 0xFFFFu : entries) > abi->max_gdt_entries)
        return refuse(d, -XEN_EINVAL, "%u entries, %u at most", entries, abi->max_gdt_entries);
    if (abi->xen == RING1_XEN_2_0 && entries < abi->first_reserved_gdt + XEN_2_0_RESERVED_ENTRIES)
        return refuse(d, -XEN_EINVAL, "%u entries have no place for Xen's own", entries);
    if (guest_read(v, GVA(arg[0]), frames, gdt_pages(entries) * 4u))
        return refuse(d, -XEN_EFAULT, "the list of frames at %#x cannot be read", arg[0]);
    return gdt_set(v, frames, entries);
}

/* --- update_descriptor -------------------------------------------------------------- */

static bool is_xen_entry_2_0(const struct vcpu *v, mfn_t mfn, unsigned index)
{
    const struct abi *abi = v->domain->abi;
    return abi->xen == RING1_XEN_2_0 && v->gdt_entries && v->gdt[0].mfn == mfn.mfn &&
           index - abi->first_reserved_gdt < XEN_2_0_RESERVED_ENTRIES;
}

static int32_t update_descriptor(struct vcpu *v, uint64_t maddr, uint64_t desc)
{
    struct domain *d = v->domain;
    uint64_t given = desc, frame = maddr >> RING1_PAGE_SHIFT;
    mfn_t mfn = MFN(frame > UINT32_MAX ? UINT32_MAX : (uint32_t)frame);
    unsigned index = ((unsigned)maddr & (RING1_PAGE_SIZE - 1)) / 8;

    if (maddr % 8)
        return refuse(d, -XEN_EINVAL, "machine address %#llx is not a multiple of 8",
                      (unsigned long long)maddr);
    if (!check_descriptor(d, &desc))
        return refuse(d, -XEN_EINVAL, "descriptor %016llx is not allowed", (unsigned long long)given);
    if (page_get(d, mfn))
        return -XEN_EINVAL;
    enum page_type type = frame_info(d->mem, mfn)->type == PGT_seg_desc ? PGT_seg_desc : PGT_writable;
    int32_t rc = is_xen_entry_2_0(v, mfn, index) ? refuse(d, -XEN_EINVAL, "GDT entry %u is Xen's", index)
                                                 : page_get_type(d, mfn, type);
    if (!rc) {
        memcpy((uint8_t *)frame_ptr(d->mem, mfn) + index * 8u, &desc, 8);
        frame_changed(d, mfn);
        if (type == PGT_seg_desc)
            d->s.attention |= ATTN_GDT;
        page_put_type(d, mfn);
    }
    page_put(d, mfn);
    return rc;
}

int32_t do_update_descriptor_2_0(struct vcpu *v, const uint32_t *arg)
{
    return update_descriptor(v, arg[0], (uint64_t)arg[2] << 32 | arg[1]);
}

int32_t do_update_descriptor(struct vcpu *v, const uint32_t *arg)
{
    return update_descriptor(v, (uint64_t)arg[1] << 32 | arg[0], (uint64_t)arg[3] << 32 | arg[2]);
}

/* --- LDT ------------------------------------------------------------------------------ */

void ldt_drop(struct vcpu *v)
{
    for (unsigned i = 0; i < MAX_LDT_FRAMES; i++) {
        mfn_t mfn = v->ldt[i];
        if (!mfn.mfn)
            continue;
        v->ldt[i] = MFN(0);
        page_put_and_type(v->domain, mfn);
        descriptors_changed(v);
    }
}

void ldt_drop_all(struct domain *d)
{
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        ldt_drop(&d->s.vcpu[i]);
}

bool ldt_fault(struct vcpu *v, uint32_t offset)
{
    struct domain *d = v->domain;
    unsigned page = offset >> RING1_PAGE_SHIFT;
    struct walk w;

    if (offset / 8 >= v->ldt_entries || page >= MAX_LDT_FRAMES)
        return false;
    gva_t va = GVA(v->ldt_base + (page << RING1_PAGE_SHIFT));
    if (v->ldt[page].mfn || va.va >= d->abi->hole ||
        guest_walk(v, va, ACCESS_READ, false, false, &w) != WALK_OK)
        return false;
    if (!w.mfn.mfn || page_get_and_type(d, w.mfn, PGT_seg_desc))
        return false; /* frame 0 stands for none */
    v->ldt[page] = w.mfn;
    descriptors_changed(v);
    return true;
}

void ldt_reload(struct vcpu *v)
{
    if (v->domain->abi->xen < RING1_XEN_4_17)
        (void)ldt_fault(v, 0);
}

int32_t ldt_set(struct vcpu *v, uint32_t base, uint32_t entries)
{
    struct domain *d = v->domain;
    bool checked = d->abi->array_range_checked;

    if (!entries && d->abi->xen >= RING1_XEN_4_17)
        base = 0;
    if (base & (RING1_PAGE_SIZE - 1))
        return refuse(d, -XEN_EINVAL, "LDT at %#x is not aligned to a page", base);
    if (entries > LDT_MAX_ENTRIES)
        return refuse(d, -XEN_EINVAL, "%u LDT entries, %u at most", entries, LDT_MAX_ENTRIES);
    if (checked && !guest_range_ok(d, GVA(base), entries * 8u))
        return refuse(d, -XEN_EINVAL, "LDT at %#x reaches beyond the guest's addresses", base);
    if (base == v->ldt_base && entries == v->ldt_entries)
        return 0;
    ldt_drop(v);
    v->ldt_base = base;
    v->ldt_entries = entries;
    descriptors_changed(v);
    ldt_reload(v);
    return 0;
}
