/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_tlb_filter.c - when a changed entry has the CPU's TLB emptied, and when it
 * need not be.
 */
#include "dispatch/tlb_filter.h"
#include "fixture.h"

#define EACH(f)                                                                                              \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))

static bool flushed(struct fixture *f)
{
    bool asked = f->d->s.attention & ATTN_FLUSH;
    f->d->s.attention = 0;
    return asked;
}

START_TEST(says_too_much_rather_than_too_little)
{
    struct tlb_filter filter = {0};
    unsigned wrong = 0;
    for (uint64_t i = 0; i < 64; i++)
        tlb_filter_add(&filter, MADDR(0x123456000 + i * 8));
    for (uint64_t i = 0; i < 64; i++) {
        ck_assert(tlb_filter_has(&filter, MADDR(0x123456000 + i * 8)));
        wrong += tlb_filter_has(&filter, MADDR(0x654321000 + i * 8));
    }
    ck_assert_uint_lt(wrong, 32);
    tlb_filter_clear(&filter);
    ck_assert(!tlb_filter_has(&filter, MADDR(0x123456000)));
}
END_TEST

/* Entries that the TLB was filled from, and no others; without a CPU, all. */
START_TEST(entries_in_use)
{
    EACH(f)
    {
        struct tlb_filter filter = {0};
        uint32_t pfn = fx_alloc(f);
        gva_t va = fx_va(f, pfn);
        uint64_t entry = fx_entry(fx_mfn(f, pfn), 0x63);

        flushed(f);
        ck_rc(fx_map(f, va, entry & ~2ull), 0);
        ck_assert(flushed(f));
        f->d->tlb = &filter;
        ck_rc(fx_map(f, va, entry), 0);
        ck_assert(!flushed(f));
        tlb_filter_add(&filter, MADDR(fx_pte_maddr(f, va)));
        ck_rc(fx_map(f, va, entry), 0); /* nothing changes */
        ck_assert(!flushed(f));
        ck_rc(fx_map(f, va, entry & ~2ull), 0);
        ck_assert(flushed(f));
        ck_rc(fx_map(f, va, 0), 0);
        ck_assert(flushed(f));
        ck_rc(fx_map(f, va, entry), 0); /* nothing was there */
        ck_assert(!flushed(f));
    }
}
END_TEST

/* What is known of an entry says nothing of those above it. */
START_TEST(entries_above)
{
    EACH(f)
    {
        struct tlb_filter filter = {0};
        mfn_t l1 = fx_mfn(f, fx_alloc(f));
        uint64_t slot = fx_entry(f->l2, 16 * f->abi->pte_size);
        ck_rc(fx_map(f, fx_va(f, f->next_pfn - 1), fx_entry(l1, 0x61)), 0);
        f->d->tlb = &filter;
        ck_rc(fx_mmu(f, slot, fx_entry(l1, 0x67)), 0);
        flushed(f);
        ck_rc(fx_mmu(f, slot, 0), 0);
        ck_assert(flushed(f));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tlb_filter");
    TCase *tc = tcase_create("tlb_filter");
    tcase_add_test(tc, says_too_much_rather_than_too_little);
    tcase_add_test(tc, entries_in_use);
    tcase_add_test(tc, entries_above);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
