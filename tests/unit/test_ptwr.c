/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_ptwr.c - stores to L1 tables with vm_assist 2 (docs/xen-abi.md 5.7, 12.2).
 */
#include "dispatch/ptwr.h"

#include "fixture.h"

#define BATCH(f) ((f)->abi->xen <= RING1_XEN_3_0_0)

/* An L1 of the guest's own in slot 16, mapped read-only at its pfn. */
static uint32_t own_l1(struct fixture *f)
{
    uint32_t pfn = fx_alloc(f);
    ck_rc(fx_map(f, fx_va(f, pfn), fx_entry(fx_mfn(f, pfn), 0x61)), 0);
    ck_rc(fx_mmu(f, fx_entry(f->l2, 0) + 16 * f->abi->pte_size, fx_entry(fx_mfn(f, pfn), 0x67)), 0);
    ck_rc(CALL(f, 21, 0, 2), 0);
    return pfn;
}

static bool store(struct fixture *f, gva_t va, uint64_t value, unsigned len)
{
    bool ok = pt_emulate_write(f->v, va, &value, len, false);
    fx_recount(f);
    return ok;
}

START_TEST(which_places)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t l1 = own_l1(f), ro = fx_alloc(f);
        ck_rc(fx_map(f, fx_va(f, ro), fx_entry(fx_mfn(f, ro), 0x21)), 0);
        ck_assert(pt_write_wanted(f->v, fx_va(f, l1)));
        ck_assert(!pt_write_wanted(f->v, fx_va(f, ro)));        /* no table */
        ck_assert(!pt_write_wanted(f->v, fx_va(f, ro + 1)));    /* writable anyway */
        ck_assert(!pt_write_wanted(f->v, fx_va(f, f->pt_pfn))); /* the top table */
        ck_assert(!pt_write_wanted(f->v, GVA(0x1000)));         /* nothing there */
        ck_assert(!pt_write_wanted(f->v, GVA(f->abi->hole)));   /* the m2p */
        ck_rc(CALL(f, 21, 1, 2), 0);
        ck_assert(!pt_write_wanted(f->v, fx_va(f, l1)));
    }
}
END_TEST

START_TEST(stores)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t l1 = own_l1(f), page = fx_alloc(f), size = f->abi->pte_size;
        gva_t va = fx_va(f, l1);
        mfn_t table = fx_mfn(f, l1), target = fx_mfn(f, page);
        ck_assert(store(f, va, fx_entry(target, 0x63), size));
        ck_assert_uint_eq(pte_read(f->d, table, 0), fx_entry(target, 0x63));
        ck_assert_uint_eq(frame_info(f->mem, target)->type_count, 2);
        f->d->s.attention = 0;
        ck_assert(store(f, va, 0x61, 1)); /* a byte of flags */
        ck_assert_uint_eq(pte_read(f->d, table, 0), fx_entry(target, 0x61));
        ck_assert_uint_ne(f->d->s.attention & ATTN_FLUSH, 0);
        ck_assert(store(f, va, 0, size));
        ck_assert_uint_eq(frame_info(f->mem, target)->type_count, 1);
        ck_assert(store(f, GVA(va.va + RING1_PAGE_SIZE - size), fx_entry(target, 0x63), size));
        ck_assert(!store(f, va, 0, 0));
        ck_assert(!store(f, GVA(va.va + RING1_PAGE_SIZE - 1), 0, 2)); /* crosses the page */
        ck_assert_int_eq(store(f, GVA(va.va + 2), 0, 4), BATCH(f));   /* not aligned */
        ck_assert_int_eq(store(f, va, 0, 8), BATCH(f) || size == 8);  /* larger than an entry */
        ck_assert(!f->d->s.crashed);
    }
}
END_TEST

START_TEST(illegal_entries)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        uint32_t l1 = own_l1(f), page = fx_alloc(f), size = f->abi->pte_size;
        gva_t va = fx_va(f, l1);
        ck_assert(store(f, va, fx_entry(fx_mfn(f, page), 0x63), size));
        ck_assert_int_eq(store(f, va, fx_entry(f->top, 0x63), size), BATCH(f));
        ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, l1), 0), fx_entry(fx_mfn(f, page), 0x63));
        ck_assert_int_eq(f->d->s.crashed, BATCH(f));
    }
}
END_TEST

/* The upper half of a present PAE entry, stored first. */
START_TEST(pae_halves)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        if (f->abi->levels == 2)
            continue;
        uint32_t l1 = own_l1(f), page = fx_alloc(f);
        gva_t va = fx_va(f, l1);
        uint64_t entry = fx_entry(fx_mfn(f, page), 0x63);
        ck_assert(store(f, va, (uint32_t)entry, 4));
        ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, l1), 0), entry);
        ck_assert(store(f, GVA(va.va + 4), 0x00000008, 4)); /* no such frame */
        ck_assert_uint_eq(pte_read(f->d, fx_mfn(f, l1), 0), (entry | 8ull << 32) & ~1ull);
        ck_assert(!f->d->s.crashed);
        ck_assert(store(f, GVA(va.va + 4), 0, 4));
        ck_assert(store(f, va, (uint32_t)entry, 4));
        uint32_t high = 8;
        ck_assert_int_eq(pt_emulate_write(f->v, GVA(va.va + 4), &high, 4, true), BATCH(f)); /* a cmpxchg */
        fx_recount(f);
    }
}
END_TEST

/* 2.0 unhooks the table: it dies when that is what maps the place, or when there
 * is a second slot. */
START_TEST(unhooking_of_2_0)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        bool dies = f->abi->xen == RING1_XEN_2_0;
        uint32_t spare = fx_alloc(f);
        gva_t at = GVA(fx_va(f, FX_PAGES - 1).va + pt_index(f->abi, fx_va(f, spare), 1) * f->abi->pte_size);
        ck_rc(CALL(f, 21, 0, 2), 0);
        ck_assert(pt_write_wanted(f->v, at));
        ck_assert(store(f, at, 0, f->abi->pte_size)); /* the boot L1 maps itself */
        ck_assert_int_eq(f->d->s.crashed, dies);
        ck_assert_int_eq(fx_pte(f, fx_va(f, spare)) == 0, !dies);
    }
    struct fixture *f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    uint32_t l1 = own_l1(f);
    ck_rc(fx_mmu(f, fx_entry(f->l2, 0) + 17 * 4, fx_entry(fx_mfn(f, l1), 0x67)), 0);
    ck_assert(store(f, fx_va(f, l1), 0, 4));
    ck_assert(f->d->s.crashed);
    fixture_free(f);
}
END_TEST

/* --- who looks on is told before ----------------------------------------------------- */

struct told {
    struct fixture *f;
    struct ring1_store_event last;
    unsigned times;
};

static void on_event(void *user, struct vcpu *v, const struct ring1_event *e)
{
    struct told *t = user;
    const struct ring1_store_event *x = &e->store;
    ck_assert(e->kind == RING1_EVENT_STORE && e->ring == 1 && e->eip == v->regs.eip);
    ck_assert_uint_eq(pte_read(v->domain, x->table, x->index), x->old);
    t->last = *x;
    t->times++;
}

START_TEST(stores_are_told)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct told t = {.f = f};
        struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_STORE), .user = &t};
        uint32_t l1 = own_l1(f), page = fx_alloc(f), size = f->abi->pte_size;
        mfn_t target = fx_mfn(f, page);
        f->d->tap = &tap;
        ck_assert(store(f, GVA(fx_va(f, l1).va + 3 * size), fx_entry(target, 0x63), size));
        ck_assert(t.times == 1 && t.last.table.mfn == fx_mfn(f, l1).mfn && t.last.index == 3);
        ck_assert(t.last.old == 0 && t.last.value == fx_entry(target, 0x63));
        ck_assert_uint_eq(t.last.va.va, fx_va(f, l1).va + 3 * size);
        ck_assert(store(f, GVA(fx_va(f, l1).va + 3 * size + 1), 0, 1));
        ck_assert(t.times == 2 && t.last.old == fx_entry(target, 0x63) &&
                  t.last.value == (fx_entry(target, 0x63) & ~0xFF00ull));
        f->d->tap = NULL;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ptwr");
    TCase *tc = tcase_create("ptwr");
    tcase_add_test(tc, which_places);
    tcase_add_test(tc, stores);
    tcase_add_test(tc, illegal_entries);
    tcase_add_test(tc, pae_halves);
    tcase_add_test(tc, unhooking_of_2_0);
    tcase_add_test(tc, stores_are_told);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
