/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_page_type.c - references and types of frames, validation level by level,
 * the slots of an L2 that are Xen's, PAE's slot 3 (docs/xen-abi.md 5.2, 5.4, 5.6).
 */
#include "fixture.h"

/* A page out of use as memory: no mapping is left. */
static uint32_t unmapped(struct fixture *f)
{
    uint32_t pfn = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
    return pfn;
}

static struct frame *info(struct fixture *f, uint32_t pfn)
{
    return frame_edit(f->mem, fx_mfn(f, pfn));
}

START_TEST(boot_counts)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        const struct frame *top = frame_info(f->mem, f->top), *l1 = frame_info(f->mem, f->l1);
        ck_assert_uint_eq(top->type, root_type(f->abi));
        ck_assert_uint_eq(top->type_count, 2); /* pin and CR3 */
        ck_assert_uint_eq(top->count, 4);      /* those, the allocation, its mapping */
        ck_assert_uint_eq(l1->type, PGT_l1_table);
        ck_assert_uint_eq(l1->type_count, 1);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES);
    }
}
END_TEST

/* A frame that is mapped writable cannot become a table, and the reverse. */
START_TEST(types_exclude_each_other)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l1_table), -XEN_EINVAL);
        ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x21)), 0);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l1_table), 0);
        fx_recount(f);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l1_table), -XEN_EINVAL);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l2_table), -XEN_EINVAL);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_seg_desc), -XEN_EINVAL);
        bool late = f->abi->xen >= RING1_XEN_4_17;
        ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x23)), late ? -XEN_EBUSY : -XEN_EINVAL);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, pfn)), 0);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, pfn)), -XEN_EINVAL);
        ck_assert_uint_eq(info(f, pfn)->type, PGT_l1_table); /* sticky */
        ck_assert(!(info(f, pfn)->flags & PGF_VALIDATED));
        ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x23)), 0);
        ck_assert_uint_eq(info(f, pfn)->type, PGT_writable);
    }
}
END_TEST

START_TEST(not_the_domains)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        mfn_t bad[] = {MFN(0),          MFN(FX_IO - 1), MFN(FX_BEYOND),
                       MFN(UINT32_MAX), f->xen_frame,   MFN(FX_IO + FX_PAGES)};
        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++) {
            ck_assert_int_eq(page_pin(f->d, bad[k], PGT_l1_table), -XEN_EINVAL);
            ck_assert_int_eq(page_unpin(f->d, bad[k]), -XEN_EINVAL);
            ck_assert(page_take_cr3(f->d, bad[k]) != 0);
        }
        /* shared_info is the domain's, and of type writable for good. */
        ck_assert_int_eq(page_pin(f->d, f->d->s.shared_info, PGT_l1_table), -XEN_EINVAL);
        ck_assert(!page_release(f->d, f->d->s.shared_info));
        fx_recount(f);
    }
}
END_TEST

/* Validation of an L1 undoes what it took when an entry is bad. */
START_TEST(l1_with_a_bad_entry)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        bool late = f->abi->xen >= RING1_XEN_4_17;
        uint32_t pfn = unmapped(f), target = fx_alloc(f);
        struct {
            uint64_t entry;
            int32_t rc;
        } bad[] = {
            {fx_entry(fx_mfn(f, target), 0x23 | PTE_PSE), -XEN_EINVAL},
            {fx_entry(f->l1, 0x23), -XEN_EBUSY},
            {fx_entry(fx_mfn(f, pfn), 0x23), -XEN_EBUSY}, /* itself */
            {fx_entry(f->xen_frame, 0x21), -XEN_EBUSY},
            {fx_entry(MFN(0xA0), 0x21), -XEN_EPERM},
            {fx_entry(MFN(FX_BEYOND), 0x21), -XEN_EPERM},
        };
        for (size_t k = 0; k < G_N_ELEMENTS(bad); k++) {
            memset(fx_page(f, pfn), 0, RING1_PAGE_SIZE);
            for (unsigned e = 0; e < 9; e++)
                pte_write(f->d, fx_mfn(f, pfn), e, fx_entry(fx_mfn(f, target), 0x23));
            pte_write(f->d, fx_mfn(f, pfn), 9, bad[k].entry);
            uint32_t count = info(f, target)->count;
            ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l1_table), bad[k].rc);
            ck_assert_uint_eq(info(f, target)->count, count);
            ck_assert_uint_eq(info(f, pfn)->type, PGT_none);
            fx_recount(f);
        }
        memset(fx_page(f, pfn), 0, RING1_PAGE_SIZE);
        pte_write(f->d, fx_mfn(f, pfn), 1, 0xABCDEF00); /* not present: anything goes */
        pte_write(f->d, fx_mfn(f, pfn), 2, fx_entry(fx_mfn(f, target), 0x21 | (late ? PTE_G : PTE_A)));
        pte_write(f->d, fx_mfn(f, pfn), 3, fx_entry(fx_mfn(f, pfn), 0x21)); /* itself, read-only */
        pte_write(f->d, fx_mfn(f, pfn), 4, fx_entry(f->d->s.shared_info, 0x27));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l1_table), 0);
        fx_recount(f);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, pfn)), 0);
        fx_recount(f);
    }
}
END_TEST

/* What a guest finds in Xen's slots, whatever it had there before. */
START_TEST(xen_slots)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        unsigned first = pt_index(f->abi, GVA(f->abi->hole), 2), n = 0;
        ck_assert_uint_eq(first, f->abi->levels == 2 ? 1008 : 428);
        uint64_t m2p = pte_read(f->d, f->l2, first);
        ck_assert_uint_eq(pte_mfn(m2p).mfn, f->mem->m2p.mfn);
        ck_assert_uint_eq(m2p & 0xFFF, f->abi->xen == RING1_XEN_2_0    ? 0x1E1
                                       : f->abi->xen == RING1_XEN_4_17 ? 0x81
                                                                       : 0xE1);
        for (unsigned s = first; s < f->abi->ptes_per_page; s++)
            n += (unsigned)pte_read(f->d, f->l2, s) & 1u;
        ck_assert_uint_eq(n, f->abi->levels == 2 ? 10 : 1);
        if (f->abi->levels == 2) {
            ck_assert_uint_eq(pte_read(f->d, f->l2, 1009) & 0xFFF, 0x1E3);
            ck_assert_uint_eq(pte_read(f->d, f->l2, 1022) & 0xFFF,
                              f->abi->xen == RING1_XEN_2_0 ? 0x63 : 0x1E3);
            ck_assert_uint_eq(pte_read(f->d, f->l2, 1023) & 0xFFF, 0x63);
            uint32_t pfn = unmapped(f);
            pte_write(f->d, fx_mfn(f, pfn), 1010, fx_entry(f->xen_frame, 0x67));
            pte_write(f->d, fx_mfn(f, pfn), 1012, fx_entry(f->xen_frame, 0x67));
            ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pfn), PGT_l2_table), 0);
            ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, pfn), 1012), 0);
            ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, pfn), 1010) & 0xFFF, 0x1E3);
            fx_recount(f);
        }
    }
}
END_TEST

/* An L2 as an L1: read-only, validated; its own needs no reference. */
START_TEST(linear_page_tables)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint64_t slot = ((uint64_t)f->l2.mfn << 12) + 16 * f->abi->pte_size;
        uint32_t other = unmapped(f);
        ck_rc(fx_mmu(f, slot, fx_entry(f->l2, 0x63)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, slot, fx_entry(f->l2, 0x61)), 0);
        /* Flags alone must not make it writable. */
        ck_rc(fx_mmu(f, slot, fx_entry(f->l2, 0x63)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, slot, 0), 0);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, other), PGT_l2_table), 0);
        ck_rc(fx_mmu(f, slot, fx_entry(fx_mfn(f, other), 0x61)), 0);
        ck_assert_uint_eq(info(f, other)->type_count, 2);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, other)), 0);
        fx_recount(f);
        ck_rc(fx_mmu(f, slot, 0), 0);
        ck_assert_uint_eq(info(f, other)->type_count, 0);
    }
}
END_TEST

static int32_t put_linear(struct fixture *f, uint32_t table, uint32_t target)
{
    return fx_mmu(f, ((uint64_t)fx_mfn(f, table).mfn << 12) + 8 * f->abi->pte_size,
                  target == UINT32_MAX ? 0 : fx_entry(fx_mfn(f, target), 0x21));
}

/* One deep, whichever end it is built from: what has no end would be let go of by a
 * recursion that has none. An L2 that maps itself does not count. */
START_TEST(linear_page_tables_are_one_deep)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t a = unmapped(f), b = unmapped(f), c = unmapped(f);
        const uint32_t all[] = {a, b, c};
        for (unsigned n = 0; n < 3; n++)
            ck_assert_int_eq(page_pin(f->d, fx_mfn(f, all[n]), PGT_l2_table), 0);
        ck_rc(put_linear(f, b, a), 0);
        ck_rc(put_linear(f, a, a), 0);
        ck_rc(put_linear(f, c, b), -XEN_EINVAL);
        ck_rc(put_linear(f, a, c), -XEN_EINVAL);
        ck_assert_int_eq(info(f, a)->linear, -1);
        ck_assert_int_eq(info(f, b)->linear, 1);
        ck_rc(put_linear(f, c, a), 0);
        ck_assert_int_eq(info(f, a)->linear, -2);
        fx_recount(f);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, b)), 0);
        ck_rc(put_linear(f, c, UINT32_MAX), 0);
        ck_assert_int_eq(info(f, a)->linear, 0);
        ck_assert_int_eq(info(f, b)->linear, 0);
        ck_rc(put_linear(f, a, c), 0);
        fx_recount(f);
    }
}
END_TEST

/* A table that is refused half-way, or whose target is, has taken nothing. */
START_TEST(linear_page_tables_are_given_back)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t a = unmapped(f), b = unmapped(f);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, a), PGT_l2_table), 0);
        pte_write(f->d, fx_mfn(f, b), 0, fx_entry(fx_mfn(f, a), 0x21));
        pte_write(f->d, fx_mfn(f, b), 1, fx_entry(fx_mfn(f, a), 0x23));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, b), PGT_l2_table), -XEN_EINVAL);
        ck_assert_int_eq(info(f, a)->linear, 0);
        ck_assert_int_eq(info(f, b)->linear, 0);
        fx_recount(f);
    }
}
END_TEST

/* --- PAE -------------------------------------------------------------------------- */

/* An L3 whose slot 3 is `l2`. */
static uint32_t new_l3(struct fixture *f, mfn_t l2)
{
    uint32_t pfn = unmapped(f);
    pte_write(f->d, fx_mfn(f, pfn), 3, fx_entry(l2, 0x01));
    return pfn;
}

static bool is_pae(const struct fixture *f)
{
    return f->abi->levels == 3;
}

START_TEST(slot_3_is_private)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (!is_pae(f))
            continue;
        uint32_t empty = unmapped(f), shared = new_l3(f, f->l2), l2 = unmapped(f),
                 low = new_l3(f, fx_mfn(f, l2));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, empty), PGT_l3_table), -XEN_EINVAL);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, shared), PGT_l3_table), -XEN_EINVAL);
        /* The L2 of slot 3 in slot 0, of the same or of another L3. */
        pte_write(f->d, fx_mfn(f, low), 0, fx_entry(f->l2, 0x01));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, low), PGT_l3_table), -XEN_EINVAL);
        pte_write(f->d, fx_mfn(f, low), 0, fx_entry(fx_mfn(f, l2), 0x01));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, low), PGT_l3_table), -XEN_EINVAL);
        pte_write(f->d, fx_mfn(f, low), 0, 0);
        fx_recount(f);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, low), PGT_l3_table), 0);
        ck_assert(info(f, l2)->flags & PGF_PAE_XEN_L2);
        ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, l2), 428) & 1, 1);
        /* It cannot be pinned as an ordinary L2, nor a pinned one be put there. */
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, l2), PGT_l2_table), -XEN_EINVAL);
        ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, low)), 0);
        memset(fx_page(f, l2), 0, RING1_PAGE_SIZE); /* Xen's entries are still there */
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, l2), PGT_l2_table), 0);
        ck_assert(!(info(f, l2)->flags & PGF_PAE_XEN_L2));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, low), PGT_l3_table), -XEN_EINVAL);
        fx_recount(f);
    }
}
END_TEST

START_TEST(l3_entries)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (!is_pae(f))
            continue;
        bool compat = f->abi->xen == RING1_XEN_4_17;
        uint64_t top = (uint64_t)f->top.mfn << 12;
        uint32_t l2 = unmapped(f);
        ck_assert_uint_eq(pte_read(f->d, f->top, 3) & 0xFFF, compat ? 0x67 : 0x01);
        ck_rc(fx_mmu(f, top + 24, 0), -XEN_EINVAL);
        ck_rc(fx_mmu(f, top + 24, pte_read(f->d, f->top, 3)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, top + 32, 0), -XEN_EINVAL);
        ck_rc(fx_mmu(f, top, fx_entry(f->l2, 1)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, top, fx_entry(fx_mfn(f, l2), 0x81)), -XEN_EINVAL);
        f->d->s.attention = 0;
        ck_rc(fx_mmu(f, top, fx_entry(fx_mfn(f, l2), 1)), 0);
        ck_assert_uint_eq(pte_read(f->d, f->top, 0) & 0xFFF, compat ? 7 : 1);
        ck_rc(fx_mmu(f, top, 0), 0);
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        /* 4.17 clears what lies behind slot 3 when it validates. */
        uint32_t own = unmapped(f), l3 = new_l3(f, fx_mfn(f, own));
        pte_write(f->d, fx_mfn(f, l3), 4, fx_entry(f->xen_frame, 0x67));
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, l3), PGT_l3_table), 0);
        ck_assert_int_eq(pte_read(f->d, fx_mfn(f, l3), 4) == 0, compat);
        ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, l3), 3) & 0xFFF, compat ? 7 : 1);
    }
}
END_TEST

/* A frame number of more than 32 bits must not alias one of the domain's. */
START_TEST(huge_frame_numbers)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (!is_pae(f))
            continue;
        uint32_t pfn = fx_alloc(f);
        bool late = f->abi->xen >= RING1_XEN_4_17;
        uint64_t entry = fx_entry(fx_mfn(f, pfn), 0x23) | 1ull << 44;
        ck_rc(fx_map(f, fx_va(f, pfn), entry), late ? -XEN_EPERM : -XEN_EINVAL);
        ck_rc(fx_map(f, fx_va(f, pfn), entry | 1ull << 52), late ? -XEN_EPERM : -XEN_EINVAL);
        ck_rc(fx_mmu(f, 1ull << 44 | fx_entry(fx_mfn(f, pfn), 0), 1), -XEN_EINVAL);
    }
}
END_TEST

/* --- giving frames back --------------------------------------------------------------- */

START_TEST(release)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t mapped = fx_alloc(f), pinned = unmapped(f);
        ck_assert_int_eq(page_pin(f->d, fx_mfn(f, pinned), PGT_l1_table), 0);
        ck_assert(page_release(f->d, fx_mfn(f, pinned)));
        if (f->abi->xen >= RING1_XEN_4_17) { /* the pin stays, and the frame with it */
            ck_assert_uint_eq(info(f, pinned)->owner, f->d->s.domid);
            fx_recount(f);
            ck_assert_int_eq(page_unpin(f->d, fx_mfn(f, pinned)), 0);
        }
        ck_assert_uint_eq(info(f, pinned)->owner, OWNER_NOBODY);
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES - 1);
        ck_assert(page_release(f->d, fx_mfn(f, mapped)));
        ck_assert(!page_release(f->d, fx_mfn(f, mapped)));
        ck_assert_uint_eq(info(f, mapped)->owner, f->d->s.domid);
        fx_recount(f);
        ck_rc(fx_map(f, fx_va(f, mapped), 0), 0);
        ck_assert_uint_eq(info(f, mapped)->owner, OWNER_NOBODY);
        ck_assert_uint_eq(m2p_get(f->mem, fx_mfn(f, mapped)), m2p_unused(f->abi));
        ck_assert_uint_eq(f->d->s.tot_pages, FX_PAGES - 2);
    }
}
END_TEST

/* The recount itself: a lost and an extra reference are seen. */
START_TEST(recount_can_fail)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    g_autoptr(GString) report = g_string_new(NULL);
    ck_assert(page_recount(f->d, NULL));
    info(f, 20)->count++;
    ck_assert(!page_recount(f->d, report));
    ck_assert_ptr_nonnull(strstr(report->str, "references"));
    info(f, 20)->count--;
    info(f, 20)->type_count--;
    ck_assert(!page_recount(f->d, NULL));
    info(f, 20)->type_count++;
    info(f, 20)->type = PGT_seg_desc;
    ck_assert(!page_recount(f->d, NULL));
    info(f, 20)->type = PGT_writable;
    f->d->s.tot_pages--;
    ck_assert(!page_recount(f->d, NULL));
    fixture_free(f);
}
END_TEST

static char *told;

static void keep_why_told(void *user, struct vcpu *v, const struct call *call)
{
    (void)user;
    (void)v;
    g_free(told);
    told = g_strdup(call->why);
}

/* Who is refused a frame is told what it is, and who watches, which entry holds it. */
START_TEST(uses_in_words)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t page = fx_alloc(f), table = unmapped(f);
    unsigned slot = pt_index(f->abi, fx_va(f, page), 1), xen_l2 = pt_index(f->abi, GVA(FX_BASE), 2);
    struct tap tap = {.after = keep_why_told};

    ck_assert_str_eq(page_use(f->d, f->l1), "an L1 table (1 use)");
    ck_assert_str_eq(page_use(f->d, f->top), "an L3 table (pinned, CR3 of vcpu 0, 2 uses)");
    ck_assert_str_eq(page_use(f->d, f->l2), "an L2 table of slot 3 (1 use)");
    ck_assert_str_eq(page_use(f->d, fx_mfn(f, table)), "ordinary memory (1 reference)");
    ck_assert_str_eq(page_use(f->d, f->xen_frame), "Xen's");
    ck_assert_str_eq(page_use(f->d, MFN(5)), "I/O space");
    ck_assert_str_eq(page_use(f->d, MFN(FX_BEYOND)), "beyond the machine's memory");
    ck_assert_str_eq(pte_flag_names(f->d, 0x181), "P|PAT|G");

    f->d->tap = &tap;
    g_autofree char *why =
        g_strdup_printf("L1 %#x entry %u: %#x maps frame %#x writable, which is an L1 table (1 use)",
                        f->l1.mfn, slot, f->l1.mfn << 12 | 0x23, f->l1.mfn);
    g_autofree char *whence = g_strdup_printf("%s; entry %u of L2 %#x names it", why, xen_l2, f->l2.mfn);
    ck_rc(fx_map(f, fx_va(f, page), fx_entry(f->l1, 0x23)), -XEN_EBUSY);
    ck_assert_str_eq(f->d->why, why);
    ck_assert_str_eq(told, whence);
    g_free(whence);
    whence = g_strdup_printf(
        "frame %#x cannot be an L1 table: it is writable memory (1 use); entry %u of L1 %#x maps it",
        fx_mfn(f, page).mfn, slot, f->l1.mfn);
    ck_rc(fx_ext(f, 0, fx_mfn(f, page).mfn, 0), -XEN_EINVAL);
    ck_assert_str_eq(told, whence);
    f->d->want_why = false;
    ck_assert_str_eq(page_use(f->d, f->l1), "");
    ck_assert_str_eq(pte_flag_names(f->d, 0x181), "");
    f->d->tap = NULL;
    g_free(told);
    fixture_free(f);
}
END_TEST

/* --- who looks on is told before anything changes ---------------------------------------- */

static struct ring1_frame_event uses[8];
static unsigned nr_uses;
static uint8_t page_then[RING1_PAGE_SIZE]; /* the frame of the first of them, as it was told */

static void on_event(G_GNUC_UNUSED void *user, struct vcpu *v, const struct ring1_event *e)
{
    ck_assert(e->kind == RING1_EVENT_FRAME && nr_uses < G_N_ELEMENTS(uses));
    if (nr_uses == 0)
        memcpy(page_then, frame_ptr(v->domain->mem, e->frame.mfn), RING1_PAGE_SIZE);
    uses[nr_uses++] = e->frame;
}

static void ck_use(unsigned n, mfn_t mfn, enum ring1_frame_type from, enum ring1_frame_type to,
                   enum ring1_frame_why why)
{
    ck_assert_uint_gt(nr_uses, n);
    ck_assert_uint_eq(uses[n].mfn.mfn, mfn.mfn);
    ck_assert_uint_eq(uses[n].from, from);
    ck_assert_uint_eq(uses[n].to, to);
    ck_assert_uint_eq(uses[n].why, why);
}

START_TEST(uses_are_told)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_FRAME)};
        uint32_t l1 = unmapped(f), l2 = unmapped(f), memory = unmapped(f), bad = unmapped(f);
        mfn_t mfn = fx_mfn(f, l1), top = fx_mfn(f, l2), page = fx_mfn(f, memory);
        *(uint32_t *)fx_page(f, l1) = (uint32_t)fx_entry(page, 0x63);
        *(uint32_t *)fx_page(f, bad) = (uint32_t)fx_entry(f->l1, 0x63);
        f->d->tap = &tap;

        nr_uses = 0;
        ck_rc(page_pin(f->d, mfn, PGT_l1_table), 0);
        ck_use(0, mfn, RING1_FRAME_WRITABLE, RING1_FRAME_L1, RING1_FRAME_PINNED);
        ck_assert_uint_eq(uses[0].pfn.pfn, l1);
        ck_assert_uint_eq(nr_uses, 1); /* its page was writable memory already */

        /* The table above it: Xen's slots are not there yet when it is told. */
        nr_uses = 0;
        *(uint32_t *)fx_page(f, l2) = (uint32_t)fx_entry(mfn, 0x67);
        ck_rc(page_pin(f->d, top, PGT_l2_table), 0);
        ck_use(0, top, RING1_FRAME_WRITABLE, RING1_FRAME_L2, RING1_FRAME_PINNED);
        ck_assert_uint_eq(nr_uses, 1);
        for (unsigned at = 8; at < RING1_PAGE_SIZE; at++)
            ck_assert_uint_eq(page_then[at], 0);

        /* And given up: the one below stays pinned, and then it does not. */
        nr_uses = 0;
        ck_rc(page_unpin(f->d, mfn), 0);
        ck_assert_uint_eq(nr_uses, 0);
        ck_rc(page_unpin(f->d, top), 0);
        ck_use(0, top, RING1_FRAME_L2, RING1_FRAME_NONE, RING1_FRAME_PINNED);
        ck_use(1, mfn, RING1_FRAME_L1, RING1_FRAME_NONE, RING1_FRAME_ENTRY);
        ck_assert(uses[1].table.mfn == top.mfn && uses[1].index == 0 && uses[1].table_type == RING1_FRAME_L2);

        nr_uses = 0;
        ck_assert_int_ne(page_pin(f->d, fx_mfn(f, bad), PGT_l1_table), 0);
        ck_use(0, fx_mfn(f, bad), RING1_FRAME_WRITABLE, RING1_FRAME_L1, RING1_FRAME_PINNED);
        ck_use(1, fx_mfn(f, bad), RING1_FRAME_L1, RING1_FRAME_NONE, RING1_FRAME_REFUSED);

        nr_uses = 0;
        ck_rc(fx_map(f, fx_va(f, l1), fx_entry(mfn, 0x63)), 0);
        ck_use(0, mfn, RING1_FRAME_NONE, RING1_FRAME_WRITABLE, RING1_FRAME_ENTRY);
        ck_assert(uses[0].table.mfn == f->l1.mfn && uses[0].index == pt_index(f->abi, fx_va(f, l1), 1));
        f->d->tap = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page_type");
    TCase *tc = tcase_create("page_type");
    tcase_add_test(tc, boot_counts);
    tcase_add_test(tc, types_exclude_each_other);
    tcase_add_test(tc, not_the_domains);
    tcase_add_test(tc, l1_with_a_bad_entry);
    tcase_add_test(tc, xen_slots);
    tcase_add_test(tc, linear_page_tables);
    tcase_add_test(tc, linear_page_tables_are_one_deep);
    tcase_add_test(tc, linear_page_tables_are_given_back);
    tcase_add_test(tc, slot_3_is_private);
    tcase_add_test(tc, l3_entries);
    tcase_add_test(tc, huge_frame_numbers);
    tcase_add_test(tc, release);
    tcase_add_test(tc, recount_can_fail);
    tcase_add_test(tc, uses_in_words);
    tcase_add_test(tc, uses_are_told);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
