/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_mmuext.c - pins, CR3, flushes and pages by mmuext_op, and what 2.0 has of
 * it in mmu_update; vm_assist (docs/xen-abi.md 5.5, 5.8, 12.2, 13.2).
 */
#include "dispatch/descriptor.h"

#include "fixture.h"

#define X20(f)     ((f)->abi->xen == RING1_XEN_2_0)
#define LATE(f)    ((f)->abi->xen >= RING1_XEN_4_17)
#define PIN_TOP(f) ((f)->abi->levels == 2 ? 1u : 2u)

enum {
    UNPIN = 4,
    NEW_BASEPTR = 5,
    TLB_FLUSH_MULTI = 8,
    FLUSH_CACHE = 12,
    SET_LDT = 13,
    CLEAR = 16,
    COPY = 17
};

/* A page that nothing maps. */
static uint32_t unmapped(struct fixture *f)
{
    uint32_t pfn = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
    return pfn;
}

/* A second top-level table with the same kernel mapping. */
static mfn_t second_top(struct fixture *f)
{
    mfn_t top = fx_mfn(f, unmapped(f));
    if (f->abi->levels == 2) {
        pte_write(f->d, top, 768, pte_read(f->d, f->l2, 768));
    } else {
        mfn_t l2 = fx_mfn(f, unmapped(f));
        pte_write(f->d, l2, 0, pte_read(f->d, f->l2, 0));
        pte_write(f->d, top, 3, fx_entry(l2, 1));
    }
    return top;
}

START_TEST(pin_and_unpin)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t rw = fx_alloc(f), pfn = unmapped(f);
        ck_rc(fx_ext(f, 0, fx_mfn(f, pfn).mfn, 0), 0);
        ck_rc(fx_ext(f, 0, fx_mfn(f, pfn).mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, UNPIN, fx_mfn(f, pfn).mfn, 0), 0);
        ck_rc(fx_ext(f, UNPIN, fx_mfn(f, pfn).mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, 0, f->top.mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, PIN_TOP(f), f->top.mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, 0, fx_mfn(f, rw).mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, UNPIN, fx_mfn(f, rw).mfn, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, UNPIN, FX_BEYOND, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, UNPIN, f->xen_frame.mfn, 0), -XEN_EINVAL);
        /* The table in CR3 lives on without its pin. */
        ck_rc(fx_ext(f, UNPIN, f->top.mfn, 0), 0);
        ck_assert_uint_eq(frame_info(f->mem, f->top)->type_count, 1);
    }
}
END_TEST

/* Levels that an ABI does not have, and bad frames. */
START_TEST(pin_levels)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        bool first = f->abi->xen <= RING1_XEN_3_0_0, pae = f->abi->levels == 3;
        ck_rc(fx_ext(f, 0, FX_BEYOND, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, 1, FX_BEYOND, 0), -XEN_EINVAL);
        ck_rc(fx_ext(f, 2, FX_BEYOND, 0), first || pae ? -XEN_EINVAL : 0);
        ck_rc(fx_ext(f, 3, FX_BEYOND, 0), first ? -XEN_EINVAL : 0);
        uint32_t l2 = unmapped(f);
        ck_rc(fx_ext(f, 1, fx_mfn(f, l2).mfn, 0), pae && first ? -XEN_EINVAL : 0);
        /* A bad entry in a table: 4.17 says what is wrong with it. */
        uint32_t l1 = unmapped(f);
        pte_write(f->d, fx_mfn(f, l1), 5, fx_entry(f->l1, 0x63));
        ck_rc(fx_ext(f, 0, fx_mfn(f, l1).mfn, 0), LATE(f) ? -XEN_EBUSY : -XEN_EINVAL);
    }
}
END_TEST

START_TEST(new_baseptr)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        ck_rc(fx_ext(f, NEW_BASEPTR, f->top.mfn, 0), 0);
        mfn_t top = second_top(f);
        uint32_t ldt = fx_alloc(f);
        ck_rc(fx_map(f, fx_va(f, ldt), fx_entry(fx_mfn(f, ldt), 0x21)), 0);
        ck_rc(fx_ext(f, SET_LDT, fx_va(f, ldt).va, 8), 0);
        ck_assert_int_eq(ldt_fault(f->v, 0), LATE(f)); /* older Xens did not wait for it */
        f->d->s.attention = 0;
        ck_rc(fx_ext(f, NEW_BASEPTR, top.mfn, 0), 0);
        /* Looked up anew in the new space, where it is mapped, too. */
        ck_assert_uint_eq(f->v->ldt[0].mfn, LATE(f) ? 0 : fx_mfn(f, ldt).mfn);
        ck_assert_uint_eq(f->v->cr3.mfn, top.mfn);
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        ck_rc(fx_ext(f, UNPIN, f->top.mfn, 0), 0);
        ck_assert_uint_eq(frame_info(f->mem, f->top)->type_count, 0);
        ck_rc(fx_ext(f, NEW_BASEPTR, f->top.mfn, 0), 0);
        ck_assert_uint_eq(frame_info(f->mem, top)->type_count, 0);
        /* A bad one: 3.0.4 kills the domain (12.2). */
        ck_assert_uint_eq(f->d->s.shutdown, SHUTDOWN_NONE);
        ck_rc(fx_ext(f, NEW_BASEPTR, f->l1.mfn, 0), -XEN_EINVAL);
        ck_assert_int_eq(f->d->s.crashed, f->abi->xen == RING1_XEN_3_0_4);
        ck_rc(fx_ext(f, NEW_BASEPTR, FX_BEYOND, 0), -XEN_EINVAL);
        ck_assert_uint_eq(f->v->cr3.mfn, f->top.mfn);
    }
}
END_TEST

START_TEST(command_numbers)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        int32_t bad = f->abi->xen >= RING1_XEN_3_0_4 ? -XEN_ENOSYS : -XEN_EINVAL;
        struct {
            uint32_t cmd;
            int32_t rc;
        } t[] = {
            {6, 0},
            {7, 0},
            {10, 0},
            {11, 0},
            {12, LATE(f) ? -XEN_EACCES : -XEN_EINVAL},
            {14, bad},
            {15, LATE(f) ? -XEN_EINVAL : bad},
            {18, LATE(f) ? -XEN_EINVAL : bad},
            {19, LATE(f) ? -XEN_EOPNOTSUPP : bad},
            {20, LATE(f) ? -XEN_EOPNOTSUPP : bad},
            {21, bad},
            {0xFFFFFFFF, bad},
        };
        for (size_t k = 0; k < G_N_ELEMENTS(t); k++)
            ck_rc(fx_ext(f, t[k].cmd, 0, 0), t[k].rc);
        ck_rc(fx_ext(f, CLEAR, FX_BEYOND, 0), LATE(f) ? -XEN_EINVAL : bad);
    }
}
END_TEST

START_TEST(flushes)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t mask = X20(f) ? 0 : FX_WORDS(f, 1).va;
        for (uint32_t cmd = 6; cmd <= (X20(f) ? 7u : 11u); cmd++) {
            f->d->s.attention = 0;
            ck_rc(fx_ext(f, cmd, FX_BASE, mask), 0);
            ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        }
        if (!X20(f))
            ck_rc(fx_ext(f, TLB_FLUSH_MULTI, 0, 0x1000), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(clear_and_copy)
{
    struct fixture *f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    uint32_t a = fx_alloc(f), b = fx_alloc(f);
    memset(fx_page(f, a), 0x5A, RING1_PAGE_SIZE);
    ck_rc(fx_ext(f, COPY, fx_mfn(f, b).mfn, fx_mfn(f, a).mfn), 0);
    ck_assert_mem_eq(fx_page(f, a), fx_page(f, b), RING1_PAGE_SIZE);
    ck_rc(fx_ext(f, CLEAR, fx_mfn(f, a).mfn, 0), 0);
    ck_assert_uint_eq(*(uint32_t *)fx_page(f, a), 0);
    ck_rc(fx_ext(f, COPY, fx_mfn(f, b).mfn, fx_mfn(f, b).mfn), 0);
    ck_rc(fx_ext(f, CLEAR, f->l1.mfn, 0), -XEN_EINVAL);
    ck_rc(fx_ext(f, COPY, f->l1.mfn, fx_mfn(f, b).mfn), -XEN_EINVAL);
    ck_rc(fx_ext(f, COPY, fx_mfn(f, b).mfn, FX_BEYOND), -XEN_EINVAL);
    ck_rc(fx_ext(f, COPY, fx_mfn(f, b).mfn, f->l1.mfn), 0); /* reading a table is allowed */
    fixture_free(f);
}
END_TEST

START_TEST(lists)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        gva_t ops = FX_WORDS(f, 6, 0, 0, UNPIN, FX_BEYOND, 0, 6, 0, 0), done = FX_WORDS(f, 0x77);
        ck_rc(CALL(f, 26, ops.va, 3, done.va, FX_SELF), -XEN_EINVAL);
        ck_assert_uint_eq(fx_get(f, done), 1);
        ck_rc(CALL(f, 26, ops.va, 0, done.va, FX_SELF), 0);
        ck_assert_uint_eq(fx_get(f, done), LATE(f) ? 1 : 0);
        ck_rc(CALL(f, 26, 0, 1, done.va, FX_SELF), -XEN_EFAULT);
        ck_rc(CALL(f, 26, f->abi->hole, 1, done.va, FX_SELF), LATE(f) ? -XEN_ENOSYS : -XEN_EFAULT);
        /* A wrapping count: refused at once, or run into the end of what is there. */
        fx_set(f, done, 0x77);
        ck_rc(CALL(f, 26, ops.va, 0x20000000, done.va, FX_SELF), LATE(f) ? -XEN_EINVAL : -XEN_EFAULT);
        ck_assert_uint_eq(fx_get(f, done), LATE(f) ? 1 : 0);
    }
}
END_TEST

START_TEST(foreign_domain)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (X20(f))
            continue;
        int32_t bad = f->abi->xen >= RING1_XEN_3_0_4 ? -XEN_ESRCH : -XEN_EINVAL;
        gva_t ops = FX_WORDS(f, 6, 0, 0), pin = FX_WORDS(f, 0, fx_mfn(f, unmapped(f)).mfn, 0);
        gva_t done = FX_WORDS(f, 0x77);
        ck_rc(CALL(f, 26, ops.va, 1, done.va, f->d->s.domid), bad);
        ck_assert_uint_eq(fx_get(f, done), LATE(f) ? 0x77 : 0);
        ck_rc(CALL(f, 26, ops.va, 1, done.va, 5), bad);
        ck_rc(CALL(f, 26, ops.va, 1, done.va, DOMID_BACKEND), LATE(f) ? -XEN_EPERM : bad);
        ck_rc(CALL(f, 26, ops.va, 1, done.va, 0x7FF1), LATE(f) ? -XEN_EPERM : 0);
        ck_rc(CALL(f, 26, pin.va, 1, done.va, 0x7FF1), LATE(f) ? -XEN_EPERM : -XEN_EINVAL);
    }
}
END_TEST

START_TEST(vm_assist)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t last = f->abi->xen <= RING1_XEN_3_0_0 ? 2 : LATE(f) ? 5 : 3;
        uint32_t types[] = {0, 1, 2, 3, 4, 5, 6, 31, 32, UINT32_MAX};
        for (size_t k = 0; k < G_N_ELEMENTS(types); k++) {
            bool ok = types[k] <= last;
            ck_rc(CALL(f, 21, 0, types[k]), ok ? 0 : -XEN_EINVAL);
            ck_assert_uint_eq(f->d->s.vm_assist, ok ? 1u << types[k] : 0);
            ck_rc(CALL(f, 21, 1, types[k]), ok ? 0 : -XEN_EINVAL);
            ck_rc(CALL(f, 21, 2, types[k]), ok ? -XEN_ENOSYS : -XEN_EINVAL);
            ck_assert_uint_eq(f->d->s.vm_assist, 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mmuext");
    TCase *tc = tcase_create("mmuext");
    tcase_add_test(tc, pin_and_unpin);
    tcase_add_test(tc, pin_levels);
    tcase_add_test(tc, new_baseptr);
    tcase_add_test(tc, command_numbers);
    tcase_add_test(tc, flushes);
    tcase_add_test(tc, clear_and_copy);
    tcase_add_test(tc, lists);
    tcase_add_test(tc, foreign_domain);
    tcase_add_test(tc, vm_assist);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
