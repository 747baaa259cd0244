/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_uvm.c - update_va_mapping in its three forms (docs/xen-abi.md 5.5, 12.2).
 */
#include "fixture.h"

#define X20(f)  ((f)->abi->xen == RING1_XEN_2_0)
#define LATE(f) ((f)->abi->xen >= RING1_XEN_4_17)

static int32_t uvm(struct fixture *f, uint32_t va, uint64_t pte, uint32_t flags)
{
    if (X20(f))
        return CALL(f, 14, va >> 12, (uint32_t)pte, flags);
    return CALL(f, 14, va, (uint32_t)pte, (uint32_t)(pte >> 32), flags);
}

START_TEST(changes_the_entry)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        gva_t va = fx_va(f, pfn);
        uint64_t page = fx_entry(fx_mfn(f, pfn), 0);
        f->d->s.attention = 0;
        ck_rc(uvm(f, va.va, page | 0x61, 0), 0);
        ck_assert_uint_eq(fx_pte(f, va), page | 0x61);
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        ck_rc(uvm(f, va.va + (X20(f) ? 0 : 0x123), page | 0x63, 2), 0); /* low bits are ignored */
        ck_assert_uint_eq(fx_pte(f, va), page | 0x63);
        ck_rc(uvm(f, va.va, fx_entry(f->d->s.shared_info, 0x63), 2), 0);
        ck_rc(uvm(f, va.va, 0xABCDEF00, 2), 0);
        ck_assert_uint_eq(fx_pte(f, va), 0xABCDEF00);
    }
}
END_TEST

START_TEST(refused)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        uint32_t va = fx_va(f, pfn).va;
        uint64_t page = fx_entry(fx_mfn(f, pfn), 0), before = fx_pte(f, GVA(va));
        ck_rc(uvm(f, 0x40000000, page | 0x63, 2), -XEN_EINVAL); /* no L1 there */
        ck_rc(uvm(f, f->abi->hole, page | 0x63, 2), -XEN_EINVAL);
        ck_rc(uvm(f, 0xFFFFF000, page | 0x63, 2), -XEN_EINVAL);
        ck_rc(CALL(f, 14, X20(f) ? va : va >> 12, (uint32_t)page | 0x63, 0, 2), -XEN_EINVAL);
        ck_rc(uvm(f, va, fx_entry(f->l1, 0x63), 2), LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
        ck_rc(uvm(f, va, fx_entry(f->top, 0x63), 2), LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
        ck_rc(uvm(f, va, fx_entry(f->xen_frame, 0x63), 2), LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
        ck_rc(uvm(f, va, 0x63, 2), LATE(f) ? -XEN_EPERM : -XEN_EINVAL);
        ck_rc(uvm(f, va, fx_entry(MFN(FX_BEYOND), 0x63), 2), LATE(f) ? -XEN_EPERM : -XEN_EINVAL);
        ck_assert_uint_eq(fx_pte(f, GVA(va)), before);
        ck_rc(uvm(f, va, fx_entry(f->l1, 0x61), 2), 0);
    }
}
END_TEST

/* A linear page table is no L1: its entries are those of an L2. */
START_TEST(not_through_a_linear_table)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        unsigned slot = f->abi->levels == 2 ? 960 : 400;
        uint32_t va = f->abi->levels == 2 ? slot << 22 : 0xC0000000u + (slot << 21);
        ck_rc(fx_mmu(f, fx_entry(f->l2, 0) + slot * f->abi->pte_size, fx_entry(f->l2, 0x61)), 0);
        ck_rc(uvm(f, va, fx_entry(f->l1, 0x63), 2), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(flush_flags)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        uint32_t va = fx_va(f, pfn).va;
        uint64_t pte = fx_entry(fx_mfn(f, pfn), 0x63);
        gva_t mask = FX_WORDS(f, 1);
        for (uint32_t flags = 0; flags < 7; flags++) {
            ck_rc(uvm(f, va, pte, 0), 0);
            f->d->s.attention = 0;
            ck_rc(uvm(f, va, pte, flags), 0);
            ck_assert_int_eq((f->d->s.attention & ATTN_FLUSH) != 0,
                             X20(f) ? (flags & 3) != 0 : (flags & 3) == 1 || (flags & 3) == 2);
        }
        ck_rc(uvm(f, va, pte, mask.va | 2), 0);
        ck_rc(uvm(f, va, pte, mask.va | 1), 0);
        ck_rc(uvm(f, va, pte, 0xFFF00001), X20(f) ? 0 : -XEN_EFAULT);
        ck_rc(uvm(f, va, pte, 0x00001002), X20(f) ? 0 : -XEN_EFAULT);
        ck_rc(uvm(f, va, pte, 0xFFF00000), 0); /* no flush: not looked at */
        /* The update is done all the same; when it fails, 4.17 stops there. */
        ck_rc(uvm(f, va, pte & ~2ull, 0xFFF00001), X20(f) ? 0 : -XEN_EFAULT);
        ck_assert_uint_eq(fx_pte(f, GVA(va)), pte & ~2ull);
        ck_rc(uvm(f, va, fx_entry(f->l1, 0x63), 0xFFF00001), X20(f)    ? -XEN_EINVAL
                                                             : LATE(f) ? -XEN_EBUSY
                                                                       : -XEN_EFAULT);
    }
}
END_TEST

START_TEST(otherdomain)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t pfn = fx_alloc(f);
        uint64_t pte = fx_entry(fx_mfn(f, pfn), 0x61);
        uint32_t va = fx_va(f, pfn).va;
        struct {
            uint32_t domid;
            int32_t late;
        } t[] = {{FX_SELF, 0},
                 {f->d->s.domid, -XEN_ESRCH},
                 {5, -XEN_ESRCH},
                 {0, -XEN_EPERM},
                 {0x7FF1, -XEN_EPERM}};
        for (size_t k = 0; k < G_N_ELEMENTS(t); k++) {
            int32_t rc = X20(f) ? CALL(f, 22, va >> 12, (uint32_t)pte, 2, t[k].domid)
                                : CALL(f, 22, va, (uint32_t)pte, (uint32_t)(pte >> 32), 2, t[k].domid);
            ck_rc(rc, LATE(f) ? t[k].late : -XEN_EPERM);
        }
        ck_assert_int_eq(fx_pte(f, GVA(va)) == pte, LATE(f));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uvm");
    TCase *tc = tcase_create("uvm");
    tcase_add_test(tc, changes_the_entry);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, not_through_a_linear_table);
    tcase_add_test(tc, flush_flags);
    tcase_add_test(tc, otherdomain);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
