/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_mmu_update.c - mmu_update in both forms: what it changes, where it stops,
 * what it answers; the answers are those of docs/xen-abi.md 5.5, 12.2 and 13.
 */
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define LATE(f) ((f)->abi->xen >= RING1_XEN_4_17)

/* Errno of a failing entry: 4.17 says which, older ones -EINVAL. */
static int32_t entry_rc(const struct fixture *f, int32_t late)
{
    return LATE(f) ? late : -XEN_EINVAL;
}

struct batch {
    uint32_t words[4 * 16];
    uint32_t n;
};

static void add(const struct fixture *f, struct batch *b, uint64_t ptr, uint64_t val)
{
    uint32_t *w = &b->words[b->n++ * f->abi->mmu_update_size / 4];
    if (X20(f)) {
        w[0] = (uint32_t)ptr;
        w[1] = (uint32_t)val;
    } else {
        memcpy(w, &ptr, 8);
        memcpy(w + 2, &val, 8);
    }
}

static gva_t put(struct fixture *f, const struct batch *b)
{
    return fx_put(f, b->words, b->n * f->abi->mmu_update_size);
}

START_TEST(l1_entry)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        gva_t va = fx_va(f, pfn);
        uint64_t at = fx_pte_maddr(f, va);
        mfn_t mfn = fx_mfn(f, pfn);
        ck_rc(fx_mmu(f, at, fx_entry(mfn, 0x61)), 0);
        ck_assert_uint_eq(fx_pte(f, va), fx_entry(mfn, 0x61));
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        ck_assert_uint_eq(frame_info(f->mem, mfn)->type_count, 0);
        ck_rc(fx_mmu(f, at, 0), 0);
        f->d->s.attention = 0;
        ck_rc(fx_mmu(f, at, fx_entry(mfn, 0x63)), 0);
        ck_assert_uint_eq(f->d->s.attention & ATTN_FLUSH, 0); /* it was not present */
        ck_rc(fx_mmu(f, at, fx_entry(mfn, 0xE27)), 0);
        ck_assert_uint_eq(fx_pte(f, va), fx_entry(mfn, 0xE27));
        /* What is not present is not looked at. */
        ck_rc(fx_mmu(f, at, 0xABCDEF00), 0);
        ck_assert_uint_eq(fx_pte(f, va), 0xABCDEF00);
    }
}
END_TEST

START_TEST(l1_refused)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        gva_t va = fx_va(f, pfn);
        uint64_t at = fx_pte_maddr(f, va), before = fx_pte(f, va);
        ck_rc(fx_mmu(f, at, fx_entry(f->l1, 0x63)), entry_rc(f, -XEN_EBUSY));
        ck_rc(fx_mmu(f, at, fx_entry(f->top, 0x63)), entry_rc(f, -XEN_EBUSY));
        ck_rc(fx_mmu(f, at, fx_entry(f->xen_frame, 0x61)), entry_rc(f, -XEN_EBUSY));
        ck_rc(fx_mmu(f, at, fx_entry(MFN(FX_IO + FX_PAGES), 0x61)), entry_rc(f, -XEN_EBUSY));
        ck_rc(fx_mmu(f, at, fx_entry(MFN(0), 0x63)), entry_rc(f, -XEN_EPERM));
        ck_rc(fx_mmu(f, at, fx_entry(MFN(0xA0), 0x61)), entry_rc(f, -XEN_EPERM));
        ck_rc(fx_mmu(f, at, fx_entry(MFN(FX_BEYOND), 0x63)), entry_rc(f, -XEN_EPERM));
        ck_assert_uint_eq(fx_pte(f, va), before);
        ck_rc(fx_mmu(f, at, fx_entry(f->l1, 0x61)), 0);
        ck_rc(fx_mmu(f, at, fx_entry(f->top, 0x61)), 0);
        ck_rc(fx_mmu(f, at, fx_entry(f->d->s.shared_info, 0x67)), 0);
    }
}
END_TEST

/* Flags of an L1 entry: 12.2 of the reference. */
START_TEST(l1_flags)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        uint64_t at = fx_pte_maddr(f, fx_va(f, pfn)), page = fx_entry(fx_mfn(f, pfn), 0);
        bool cache_bits = f->abi->xen < RING1_XEN_3_2;
        struct {
            uint64_t flags;
            bool present_ok, fresh_ok;
        } t[] = {
            {0x0E3, X20(f), false},
            {0x163, X20(f) || LATE(f), LATE(f)},
            {0x06B, cache_bits, cache_bits},
            {0x073, cache_bits, cache_bits},
            {0x263, true, true},
            {0x027, true, true},
        };
        for (size_t k = 0; k < G_N_ELEMENTS(t); k++) {
            ck_rc(fx_mmu(f, at, page | 0x63), 0);
            ck_rc(fx_mmu(f, at, page | t[k].flags), t[k].present_ok ? 0 : -XEN_EINVAL);
            ck_rc(fx_mmu(f, at, 0), 0);
            ck_rc(fx_mmu(f, at, page | t[k].flags), t[k].fresh_ok ? 0 : -XEN_EINVAL);
        }
        if (f->abi->levels == 3) {
            ck_rc(fx_mmu(f, at, page | 0x63 | PTE_NX), 0);
            ck_rc(fx_mmu(f, at, page | 0x63 | 1ull << 62), LATE(f) ? 0 : -XEN_EINVAL);
        }
    }
}
END_TEST

/* A frame that is no table: the word is stored, 4 or 8 bytes. */
START_TEST(ordinary_memory)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        uint32_t *page = fx_page(f, pfn);
        uint64_t at = fx_entry(fx_mfn(f, pfn), 0);
        page[1] = 0x44444444;
        ck_rc(fx_mmu(f, at, 0x12345678), 0);
        ck_assert_uint_eq(page[0], 0x12345678);
        ck_assert_uint_eq(page[1], f->abi->pte_size == 4 ? 0x44444444 : 0);
        ck_assert_uint_ne(f->mem->marks[fx_mfn(f, pfn).mfn] & MARK_DIRTY, 0);
        if (f->abi->pte_size == 4) {
            ck_rc(fx_mmu(f, at + 4, 0x55), 0); /* ptr bit 2 belongs to the address */
            ck_assert_uint_eq(page[1], 0x55);
        }
        ck_rc(fx_mmu(f, fx_entry(f->xen_frame, 0), 0), -XEN_EINVAL);
        ck_rc(fx_mmu(f, fx_entry(MFN(0x80), 0), 0), -XEN_EINVAL);
        ck_rc(fx_mmu(f, fx_entry(MFN(FX_BEYOND), 0), 0), -XEN_EINVAL);
    }
}
END_TEST

/* A former table: older Xens validate it anew for the change, 4.17 takes it for
 * memory. */
START_TEST(former_table)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        mfn_t mfn = fx_mfn(f, pfn);
        ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
        ck_assert_int_eq(page_pin(f->d, mfn, PGT_l1_table), 0);
        ck_assert_int_eq(page_unpin(f->d, mfn), 0);
        ck_rc(fx_mmu(f, fx_entry(mfn, 0), fx_entry(f->xen_frame, 0x61)), LATE(f) ? 0 : -XEN_EINVAL);
        ck_assert_uint_eq(frame_info(f->mem, mfn)->type, LATE(f) ? PGT_writable : PGT_l1_table);
        /* One that is none any more: 3.2 takes it for memory, too. */
        pte_write(f->d, mfn, 3, fx_entry(f->xen_frame, 0x61));
        bool memory = f->abi->xen >= RING1_XEN_3_2;
        ck_rc(fx_mmu(f, fx_entry(mfn, 0), 0x77777000), memory ? 0 : -XEN_EINVAL);
        ck_assert_uint_eq(pte_read(f->d, mfn, 0), memory ? 0x77777000 : 0);
        fx_recount(f);
    }
}
END_TEST

START_TEST(l2_entry)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint64_t l2 = fx_entry(f->l2, 0);
        unsigned size = f->abi->pte_size, xen = pt_index(f->abi, GVA(f->abi->hole), 2);
        uint32_t rw = fx_alloc(f), table = fx_alloc(f);
        /* 4.17 says -EPERM for Xen's slots, even when nothing changes. */
        ck_rc(fx_mmu(f, l2 + xen * size, 0), entry_rc(f, -XEN_EPERM));
        ck_rc(fx_mmu(f, l2 + xen * size, pte_read(f->d, f->l2, xen)), entry_rc(f, -XEN_EPERM));
        ck_rc(fx_mmu(f, l2 + 4095 / size * size, 0), entry_rc(f, -XEN_EPERM));
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(fx_mfn(f, rw), 0x63)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(f->xen_frame, 0x63)), -XEN_EINVAL);
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(MFN(FX_BEYOND), 0x63)), -XEN_EINVAL);
        /* The same L1 in a second slot. */
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(f->l1, 0x67)), 0);
        ck_assert_uint_eq(frame_info(f->mem, f->l1)->type_count, 2);
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(f->l1, 0xE7)), -XEN_EINVAL); /* PSE */
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(f->l1, 0x163)), X20(f) ? 0 : -XEN_EINVAL);
        ck_rc(fx_mmu(f, l2 + 16 * size, 0), 0);
        /* A new L1: a table once nothing maps it writable. A bad entry of it makes
         * the L2's fail, with the entry's errno in 4.17. */
        pte_write(f->d, fx_mfn(f, table), 3, fx_entry(f->top, 0x63));
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(fx_mfn(f, table), 0x67)), -XEN_EINVAL);
        ck_rc(fx_map(f, fx_va(f, table), fx_entry(fx_mfn(f, table), 0x21)), 0);
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(fx_mfn(f, table), 0x67)), entry_rc(f, -XEN_EBUSY));
        pte_write(f->d, fx_mfn(f, table), 3, 0);
        ck_rc(fx_mmu(f, l2 + 16 * size, fx_entry(fx_mfn(f, table), 0x67)), 0);
        ck_rc(fx_map(f, fx_va(f, table), fx_entry(fx_mfn(f, table), 0x23)), entry_rc(f, -XEN_EBUSY));
    }
}
END_TEST

START_TEST(machphys)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        unsigned cmd = X20(f) ? 2 : 1;
        uint32_t pfn = fx_alloc(f);
        ck_rc(fx_mmu(f, fx_entry(fx_mfn(f, pfn), cmd), 0x777), 0);
        ck_assert_uint_eq(m2p_get(f->mem, fx_mfn(f, pfn)), 0x777);
        ck_rc(fx_mmu(f, fx_entry(f->d->s.shared_info, cmd), 0x777), 0);
        ck_rc(fx_mmu(f, fx_entry(f->xen_frame, cmd), 0x777), -XEN_EINVAL);
        ck_rc(fx_mmu(f, fx_entry(MFN(FX_BEYOND), cmd), 0x777), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(commands)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        int32_t bad = f->abi->xen >= RING1_XEN_3_0_4 ? -XEN_ENOSYS : -XEN_EINVAL;
        uint64_t ram = fx_entry(fx_mfn(f, fx_alloc(f)), 0);
        if (X20(f)) {
            ck_rc(fx_mmu(f, ram | 1, 0), -XEN_EINVAL);
            ck_rc(fx_mmu(f, ram | 5, 0), -XEN_EINVAL);
            ck_rc(fx_mmu(f, ram | 4, 0), 0);
        } else if (f->abi->levels == 2) {
            int32_t want[8] = {0, 0, bad, bad, 0, 0, bad, bad};
            for (unsigned c = 0; c < 8; c++)
                ck_rc(fx_mmu(f, ram | c, 0), want[c]);
        } else {
            for (unsigned c = 4; c < 8; c++)
                ck_rc(fx_mmu(f, ram | c, 0), bad);
            ck_rc(fx_mmu(f, ram | 2, 0), LATE(f) ? 0 : bad);
            ck_rc(fx_mmu(f, ram | 3, 0), LATE(f) ? 0 : bad);
        }
    }
}
END_TEST

START_TEST(preserve_ad)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t pfn = fx_alloc(f);
    uint64_t at = fx_pte_maddr(f, fx_va(f, pfn)), page = fx_entry(fx_mfn(f, pfn), 0);
    ck_rc(fx_mmu(f, at, page | 0x63), 0);
    ck_rc(fx_mmu(f, at | 2, page | 0x01), 0);
    ck_assert_uint_eq(fx_pte(f, fx_va(f, pfn)), page | 0x61);
    ck_rc(fx_mmu(f, at, page | 0x01), 0);
    ck_assert_uint_eq(fx_pte(f, fx_va(f, pfn)), page | 0x01);
    fixture_free(f);
}
END_TEST

/* In order, up to the first that fails; *pdone counts those before it. */
START_TEST(stops_at_the_first_failure)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct batch b = {.n = 0};
        uint32_t pfn = fx_alloc(f);
        uint64_t at = fx_pte_maddr(f, fx_va(f, pfn)), page = fx_entry(fx_mfn(f, pfn), 0);
        add(f, &b, at, page | 0x61);
        add(f, &b, fx_entry(f->xen_frame, 0), 0);
        add(f, &b, at, page | 0x63);
        gva_t done = FX_WORDS(f, 0xD0D0D0D0);
        ck_rc(CALL(f, 1, put(f, &b).va, 3, done.va, FX_SELF), -XEN_EINVAL);
        ck_assert_uint_eq(fx_get(f, done), 1);
        ck_assert_uint_eq(fx_pte(f, fx_va(f, pfn)), page | 0x61);
        ck_assert_str_ne(f->d->why, "");
    }
}
END_TEST

START_TEST(pdone)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct batch b = {.n = 0};
        uint32_t pfn = fx_alloc(f);
        add(f, &b, fx_pte_maddr(f, fx_va(f, pfn)), fx_entry(fx_mfn(f, pfn), 0x63));
        gva_t reqs = put(f, &b), done = FX_WORDS(f, 0xD0D0D0D0);
        ck_rc(CALL(f, 1, reqs.va, 1, 0, FX_SELF), 0);
        ck_rc(CALL(f, 1, reqs.va, 1, 0xFFFFF000, FX_SELF), 0);
        ck_rc(CALL(f, 1, reqs.va, 1, fx_va(f, f->pt_pfn).va, FX_SELF), 0); /* read-only */
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, FX_SELF), 0);
        ck_assert_uint_eq(fx_get(f, done), 1);
        ck_rc(CALL(f, 1, reqs.va, 0, done.va, FX_SELF), 0);
        ck_assert_uint_eq(fx_get(f, done), 0);
        /* A preempted call counts on. */
        fx_set(f, done, 5);
        ck_rc(CALL(f, 1, reqs.va, 0x80000001, done.va, FX_SELF), 0);
        ck_assert_uint_eq(fx_get(f, done), 6);
    }
}
END_TEST

START_TEST(unreadable_requests)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        gva_t done = FX_WORDS(f, 0xD0D0D0D0);
        ck_rc(CALL(f, 1, 0, 1, done.va, FX_SELF), -XEN_EFAULT);
        ck_assert_uint_eq(fx_get(f, done), 0);
        ck_rc(CALL(f, 1, f->abi->hole, 1, done.va, FX_SELF), LATE(f) ? -XEN_ENOSYS : -XEN_EFAULT);
        ck_rc(CALL(f, 1, f->abi->hole - 8, 2, done.va, FX_SELF), -XEN_EFAULT);
        ck_rc(CALL(f, 1, 0xFFFFFFF8, 2, done.va, FX_SELF), -XEN_EFAULT);
        ck_rc(CALL(f, 1, FX_BASE, 0x10000000, done.va, FX_SELF), X20(f)    ? -XEN_EINVAL
                                                                 : LATE(f) ? -XEN_EINVAL /* request 0 */
                                                                           : -XEN_EFAULT);
        if (X20(f))
            ck_rc(CALL(f, 1, FX_BASE, 0x10000, done.va), -XEN_EINVAL);
    }
}
END_TEST

/* An array that runs into an unmapped page: the entries before it are executed;
 * where Xen asks for the range first, only a range beyond the hole is refused
 * beforehand. */
START_TEST(array_ends_in_the_middle)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct batch b = {.n = 0};
        uint32_t page = fx_alloc(f), next = fx_alloc(f), target = fx_alloc(f);
        uint64_t at = fx_entry(fx_mfn(f, target), 0);
        uint32_t size = f->abi->mmu_update_size;
        for (unsigned k = 0; k < 4; k++)
            add(f, &b, at + 8 * k, 0x1000 + k);
        gva_t reqs = GVA(fx_va(f, next).va - 4 * size), done = FX_WORDS(f, 0);
        ck_assert_int_eq(guest_write(f->v, reqs, b.words, 4 * size), 0);
        ck_rc(fx_map(f, fx_va(f, next), 0), 0);
        ck_rc(CALL(f, 1, reqs.va, 6, done.va, FX_SELF), -XEN_EFAULT);
        ck_assert_uint_eq(fx_get(f, done), 4);
        ck_assert_uint_eq(((uint32_t *)fx_page(f, target))[6], 0x1003);
        /* An entry that itself lies across the end. */
        ck_assert_int_eq(guest_write(f->v, GVA(reqs.va + 4), b.words, 4 * size - 4), 0);
        ck_rc(CALL(f, 1, reqs.va + 4, 6, done.va, FX_SELF), -XEN_EFAULT);
        ck_assert_uint_eq(fx_get(f, done), 3);
        (void)page;
        if (X20(f))
            continue;
        memset(fx_page(f, target), 0, RING1_PAGE_SIZE);
        ck_assert_int_eq(guest_write(f->v, reqs, b.words, 4 * size), 0);
        fx_set(f, done, 0x77);
        ck_rc(CALL(f, 1, reqs.va, 0x10000000, done.va, FX_SELF), -XEN_EFAULT);
        ck_assert_uint_eq(fx_get(f, done), LATE(f) ? 4 : 0);
        ck_assert_uint_eq(((uint32_t *)fx_page(f, target))[6], LATE(f) ? 0x1003 : 0);
    }
}
END_TEST

/* Requests are read one by one through what those before them changed. */
START_TEST(batch_that_changes_itself)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct batch b = {.n = 0}, other = {.n = 0};
        uint32_t list = fx_alloc(f), copy = fx_alloc(f), target = fx_alloc(f);
        uint64_t at = fx_entry(fx_mfn(f, target), 0);
        uint32_t size = f->abi->mmu_update_size;
        /* The second request is rewritten by the first, the third page-switched. */
        add(f, &b, fx_entry(fx_mfn(f, list), 0) + size + (X20(f) ? 4 : 8), 0x2222);
        add(f, &b, at, 0x1111);
        add(f, &b, fx_pte_maddr(f, fx_va(f, list)), fx_entry(fx_mfn(f, copy), 0x23));
        add(f, &b, at + 8, 0x3333);
        for (unsigned k = 0; k < 4; k++)
            add(f, &other, at + 8, 0x4444);
        memcpy(fx_page(f, list), b.words, sizeof b.words);
        memcpy(fx_page(f, copy), other.words, sizeof other.words);
        ck_rc(CALL(f, 1, fx_va(f, list).va, 4, 0, FX_SELF), 0);
        ck_assert_uint_eq(((uint32_t *)fx_page(f, target))[0], 0x2222);
        ck_assert_uint_eq(((uint32_t *)fx_page(f, target))[2], 0x4444);
    }
}
END_TEST

START_TEST(foreign_domain)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        struct batch b = {.n = 0}, io = {.n = 0};
        uint32_t pfn = fx_alloc(f);
        uint64_t at = fx_pte_maddr(f, fx_va(f, pfn));
        add(f, &b, at, fx_entry(fx_mfn(f, pfn), 0x63));
        add(f, &io, at, fx_entry(fx_mfn(f, pfn + 1), 0x63));
        gva_t reqs = put(f, &b), other = put(f, &io), done = FX_WORDS(f, 0);
        int32_t bad = f->abi->xen >= RING1_XEN_3_0_4 ? -XEN_ESRCH : -XEN_EINVAL;
        fx_mmu(f, at, fx_entry(fx_mfn(f, pfn), 0x63));
        uint32_t unknown[] = {f->d->s.domid, 5, 0xFFFF};
        for (size_t k = 0; k < G_N_ELEMENTS(unknown); k++) {
            fx_set(f, done, 0x77);
            ck_rc(CALL(f, 1, reqs.va, 1, done.va, unknown[k]), bad);
            ck_assert_uint_eq(fx_get(f, done), 0);
        }
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, DOMID_BACKEND), LATE(f) ? -XEN_EPERM : bad);
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, 0x7FF2), LATE(f) ? -XEN_EPERM : bad);
        /* DOMID_IO is open to all: for entries that map I/O space, which an ordinary
         * domain has none of, or that change only flags. */
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, 0x7FF1), 0);
        ck_rc(CALL(f, 1, other.va, 1, done.va, 0x7FF1), entry_rc(f, -XEN_EBUSY));
        /* The tables' owner, plus 1, in the upper half. */
        fx_set(f, done, 0x77);
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, 0x00097FF0), LATE(f) ? -XEN_ESRCH : 0);
        ck_assert_uint_eq(fx_get(f, done), LATE(f) ? 0x77 : 1);
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, (f->d->s.domid + 1u) << 16 | FX_SELF), 0);
        ck_rc(CALL(f, 1, reqs.va, 1, done.va, 0x00017FF0), LATE(f) ? -XEN_EPERM : 0);
    }
}
END_TEST

/* Extended commands of 2.0, as an ordinary domain gets them (12.2). */
START_TEST(extended_commands)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    int32_t want[16] = {-22, -22, -22, -22, -22, 0, 0, 0, -22, 0, -22, 0, -22, -22, -22, -22};
    for (unsigned c = 0; c < 16; c++)
        if (c != 5)
            ck_rc(fx_mmu(f, (c < 4 ? 0x7FFFF000u : c == 7 ? FX_BASE : 0) | 3u, c), want[c]);
    ck_rc(fx_mmu(f, 3, 200), -XEN_EINVAL);
    ck_rc(fx_mmu(f, 0x00050003, 10), -XEN_EINVAL);
    fixture_free(f);
}
END_TEST

/* 2.0's SET_FOREIGNDOM: I/O space is all that an ordinary domain may name. It holds
 * to the end of the call, for the targets of entries, not for the tables. */
START_TEST(foreign_domain_of_2_0)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    const uint32_t io = 10 | 0x7FF10000;
    uint32_t pfn = fx_alloc(f);
    uint32_t at = (uint32_t)fx_pte_maddr(f, fx_va(f, pfn));
    uint32_t ro = (uint32_t)fx_entry(fx_mfn(f, pfn), 0x21);
    gva_t done = FX_WORDS(f, 99);
    /* Not present is nobody's; what follows CLEAR, or another call, is one's own. */
    ck_rc(CALL(f, 1, FX_WORDS(f, 3, io, at, 0, 3, 11, at, ro).va, 4, done.va), 0);
    ck_assert_uint_eq(fx_pte(f, fx_va(f, pfn)), ro);
    ck_rc(CALL(f, 1, FX_WORDS(f, 3, io, at, 0, at, ro).va, 3, done.va), -XEN_EINVAL);
    ck_assert_uint_eq(fx_get(f, done), 2);
    ck_assert_uint_eq(fx_pte(f, fx_va(f, pfn)), 0);
    ck_rc(fx_mmu(f, at, ro), 0);
    /* A refused one leaves the domain itself; a new base is always its own. */
    ck_rc(CALL(f, 1, FX_WORDS(f, 3, io, 3, 10 | 9u << 16).va, 2, done.va), -XEN_EINVAL);
    ck_assert_uint_eq(fx_get(f, done), 1);
    ck_rc(CALL(f, 1, FX_WORDS(f, 3, io, (uint32_t)fx_entry(f->top, 3), 5).va, 2, done.va), 0);
    fixture_free(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmu_update");
    TCase *tc = tcase_create("mmu_update");
    tcase_add_test(tc, l1_entry);
    tcase_add_test(tc, l1_refused);
    tcase_add_test(tc, l1_flags);
    tcase_add_test(tc, ordinary_memory);
    tcase_add_test(tc, former_table);
    tcase_add_test(tc, l2_entry);
    tcase_add_test(tc, machphys);
    tcase_add_test(tc, commands);
    tcase_add_test(tc, preserve_ad);
    tcase_add_test(tc, stops_at_the_first_failure);
    tcase_add_test(tc, pdone);
    tcase_add_test(tc, unreadable_requests);
    tcase_add_test(tc, array_ends_in_the_middle);
    tcase_add_test(tc, batch_that_changes_itself);
    tcase_add_test(tc, foreign_domain);
    tcase_add_test(tc, extended_commands);
    tcase_add_test(tc, foreign_domain_of_2_0);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
