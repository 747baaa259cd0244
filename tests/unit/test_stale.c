/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_stale.c - translations that live on after an emulated store to an L1 table
 * (docs/xen-abi.md 5.7 with 12.2), and when they must not.
 */
#include "dispatch/ptwr.h"
#include "dispatch/stale.h"
#include "fixture.h"

/* Xens that emulate each store. */
#define EACHNEW(f)                                                                                           \
    unsigned each_ = 0;                                                                                      \
    for (struct fixture * f; (f = fixture_each(&each_)); fixture_free(f))                                    \
        if (f->abi->xen >= RING1_XEN_3_0_4)

#define SLOT 16u

struct own {
    uint32_t table; /* pfn of an L1 table in slot SLOT, mapped read-only */
    gva_t entries;  /* where it is mapped */
};

static gva_t page_of(const struct fixture *f, uint32_t index)
{
    return GVA((f->abi->levels == 2 ? SLOT << 22 : 0xC0000000u + (SLOT << 21)) + index * 4096);
}

static struct own own_table(struct fixture *f)
{
    struct own o = {.table = fx_alloc(f)};
    o.entries = fx_va(f, o.table);
    ck_rc(fx_map(f, o.entries, fx_entry(fx_mfn(f, o.table), 0x61)), 0);
    ck_rc(fx_mmu(f, fx_entry(f->l2, 0) + SLOT * f->abi->pte_size, fx_entry(fx_mfn(f, o.table), 0x67)), 0);
    ck_rc(CALL(f, 21, 0, 2), 0);
    return o;
}

static void store(struct fixture *f, const struct own *o, uint32_t index, uint64_t value)
{
    unsigned size = f->abi->pte_size;
    ck_assert(pt_emulate_write(f->v, GVA(o->entries.va + index * size), &value, size, false));
    fx_recount(f);
}

static enum walk_result walk(struct fixture *f, uint32_t index, enum access access, bool ring3)
{
    struct walk w;
    return guest_walk(f->v, page_of(f, index), access, ring3, true, &w);
}

START_TEST(until_the_next_flush)
{
    EACHNEW(f)
    {
        struct own o = own_table(f);
        mfn_t mfn = fx_mfn(f, fx_alloc(f));
        store(f, &o, 3, fx_entry(mfn, 0x23));
        ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_OK);
        store(f, &o, 3, fx_entry(mfn, 0x21));
        store(f, &o, 4, fx_entry(mfn, 0x01));
        ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_OK); /* as it was */
        store(f, &o, 3, 0);
        ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_OK);
        domain_flush(f->d);
        ck_assert_int_eq(walk(f, 3, ACCESS_READ, false), WALK_FAULT);
        /* One that nobody used is not in a TLB. */
        store(f, &o, 4, 0);
        ck_assert_int_eq(walk(f, 4, ACCESS_READ, false), WALK_FAULT);
        ck_assert_int_eq(walk(f, 5, ACCESS_READ, false), WALK_FAULT);
    }
}
END_TEST

/* A CPU that finds no right in what it has looks at the tables, and goes by them. */
START_TEST(denied)
{
    EACHNEW(f)
    {
        struct own o = own_table(f);
        mfn_t mfn = fx_mfn(f, fx_alloc(f));
        store(f, &o, 3, fx_entry(mfn, 0x21));
        store(f, &o, 6, fx_entry(mfn, 0x21));
        store(f, &o, 3, fx_entry(mfn, 0x27));
        store(f, &o, 6, 0);
        ck_assert_int_eq(walk(f, 3, ACCESS_READ, false), WALK_OK);
        ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, true), WALK_OK);
        ck_assert_int_eq(walk(f, 3, ACCESS_READ, true), WALK_OK);
        ck_assert_int_eq(walk(f, 6, ACCESS_READ, false), WALK_OK);
        ck_assert_int_eq(walk(f, 6, ACCESS_READ, true), WALK_FAULT);
        ck_assert_int_eq(walk(f, 6, ACCESS_READ, false), WALK_FAULT);
    }
}
END_TEST

START_TEST(more_than_are_kept)
{
    EACHNEW(f)
    {
        struct own o = own_table(f);
        mfn_t mfn = fx_mfn(f, fx_alloc(f));
        unsigned kept = 0, nr = 2 * G_N_ELEMENTS(f->d->s.stale.page);
        for (unsigned i = 0; i < nr; i++)
            store(f, &o, i, fx_entry(mfn, 0x21));
        domain_flush(f->d);
        for (unsigned i = 0; i < nr; i++)
            store(f, &o, i, 0);
        for (unsigned i = 0; i < nr; i++)
            kept += walk(f, i, ACCESS_READ, false) == WALK_OK;
        ck_assert_uint_gt(kept, 0);
        ck_assert_uint_le(kept, G_N_ELEMENTS(f->d->s.stale.page));
        ck_assert_int_eq(walk(f, nr - 1, ACCESS_READ, false), WALK_OK);
    }
}
END_TEST

/* A page that was writable becomes a table or a descriptor page: nobody may be left
 * who can still write to it. Xen flushes then (4.17:arch/x86/mm.c). */
START_TEST(not_beyond_a_change_of_type)
{
    for (unsigned gdt = 0; gdt < 2; gdt++) {
        EACHNEW(f)
        {
            struct own o = own_table(f);
            uint32_t pfn = fx_alloc(f);
            mfn_t mfn = fx_mfn(f, pfn);
            ck_rc(fx_map(f, fx_va(f, pfn), 0), 0);
            store(f, &o, 3, fx_entry(mfn, 0x23));
            ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_OK);
            store(f, &o, 3, fx_entry(mfn, 0x21));
            ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_OK);
            f->d->s.attention = 0;
            if (gdt)
                ck_rc(CALL(f, 2, FX_WORDS(f, mfn.mfn).va, 512), 0);
            else
                ck_rc(fx_ext(f, 0, mfn.mfn, 0), 0);
            ck_assert(f->d->s.attention & ATTN_FLUSH);
            ck_assert_int_eq(walk(f, 3, ACCESS_WRITE, false), WALK_FAULT);
            ck_assert_int_eq(walk(f, 3, ACCESS_READ, false), WALK_OK);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stale");
    TCase *tc = tcase_create("stale");
    tcase_add_test(tc, until_the_next_flush);
    tcase_add_test(tc, denied);
    tcase_add_test(tc, more_than_are_kept);
    tcase_add_test(tc, not_beyond_a_change_of_type);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
