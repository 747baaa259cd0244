/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_core_map.c - which addresses a core file has and where: what the walker finds and
 * nothing else, each frame once, and an end to it, whatever the page tables and the m2p array say.
 */
#include "debug/core_write.h"

#include "fixture.h"
#include "suite.h"

#include <elf.h>

#define SLOTS 100000u

static const struct core_run *run_at(const struct core_map *map, uint32_t page)
{
    for (guint i = 0; i < map->runs->len; i++) {
        const struct core_run *run = &g_array_index(map->runs, struct core_run, i);
        if (page - run->page < run->pages)
            return run;
    }
    return NULL;
}

static void set_entry(struct fixture *f, mfn_t table, unsigned index, uint64_t value)
{
    memcpy((uint8_t *)frame_ptr(f->mem, table) + index * f->abi->pte_size, &value, f->abi->pte_size);
}

/* In order, apart, inside the file; and all of it is what a walk finds. */
static void check(struct fixture *f, const struct core_map *map)
{
    uint64_t next = 0;
    uint32_t found = 0;
    for (guint i = 0; i < map->runs->len; i++) {
        const struct core_run *run = &g_array_index(map->runs, struct core_run, i);
        ck_assert(run->pages > 0 && run->page >= next);
        next = (uint64_t)run->page + run->pages;
        ck_assert_uint_le(next, 1u << 20);
        ck_assert_uint_le((uint64_t)run->slot + run->pages, map->frames->len);
        for (uint32_t p = 0; p < run->pages; p++, found++) {
            struct walk w;
            gva_t va = GVA((run->page + p) << RING1_PAGE_SHIFT);
            ck_assert_int_eq(guest_walk(f->v, va, ACCESS_READ, false, false, &w), WALK_OK);
            ck_assert_uint_eq(g_array_index(map->frames, uint32_t, run->slot + p), w.mfn.mfn);
        }
    }
    uint32_t walked = 0;
    for (uint32_t page = 0; page < 1u << 20; page++) {
        struct walk w;
        walked += guest_walk(f->v, GVA(page << RING1_PAGE_SHIFT), ACCESS_READ, false, false, &w) == WALK_OK;
    }
    ck_assert_uint_eq(walked, found + map->left_out);
    /* No frame twice. */
    g_autofree bool *seen = g_new0(bool, f->mem->nr_frames + MEMORY_EXTRA_FRAMES);
    for (guint i = 0; i < map->frames->len; i++) {
        uint32_t mfn = g_array_index(map->frames, uint32_t, i);
        ck_assert(mfn == CORE_NOTHING || (frame_exists(f->mem, MFN(mfn)) && !seen[mfn]));
        if (mfn != CORE_NOTHING)
            seen[mfn] = true;
    }
}

static void make(struct fixture *f, struct core_map *map)
{
    core_map_make(map, f->v, SLOTS);
    check(f, map);
}

/* The guest's pages lie in the file by their pfns, the m2p array behind them. */
START_TEST(as_booted)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct core_map map;
        make(f, &map);
        const struct core_run *run = run_at(&map, FX_BASE >> RING1_PAGE_SHIFT);
        ck_assert(run && run->pages == FX_PAGES && run->slot == 0 && run->is_pfn);
        ck_assert_uint_eq(run->flags & (PF_R | PF_W), PF_R | PF_W);
        run = run_at(&map, f->abi->hole >> RING1_PAGE_SHIFT);
        ck_assert(run && !run->is_pfn && run->flags == PF_R && run->slot >= f->d->s.max_pages);
        ck_assert_uint_eq(map.left_out, 0);
        core_map_clear(&map);
    }
}
END_TEST

/* One frame at a million addresses: it is in the file once, and the kernel's own memory stays. */
START_TEST(aliased)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct core_map map;
        mfn_t table = fx_mfn(f, 3);
        for (unsigned k = 0; k < f->abi->ptes_per_page; k++)
            set_entry(f, table, k, (uint64_t)fx_mfn(f, 4).mfn << 12 | PTE_P | PTE_RW);
        unsigned own = pt_index(f->abi, GVA(FX_BASE), 2);
        for (unsigned k = 0; k < f->abi->ptes_per_page; k++)
            if (k != own)
                set_entry(f, f->l2, k, (uint64_t)table.mfn << 12 | PTE_P | PTE_RW);
        make(f, &map);
        ck_assert_uint_le(map.runs->len, CORE_RUNS_MAX);
        ck_assert_uint_le(map.frames->len, f->d->s.max_pages + f->mem->m2p_frames);
        const struct core_run *run = run_at(&map, FX_BASE >> RING1_PAGE_SHIFT);
        ck_assert(run && run->pages == FX_PAGES);
        core_map_clear(&map);
    }
}
END_TEST

/* Page tables as pages, and tables that hold themselves. */
START_TEST(linear_map)
{
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct core_map map;
        unsigned own = pt_index(f->abi, GVA(FX_BASE), 2);
        set_entry(f, f->l2, (own + 1) % f->abi->ptes_per_page, (uint64_t)f->l2.mfn << 12 | PTE_P);
        set_entry(f, f->l1, 7, (uint64_t)f->l1.mfn << 12 | PTE_P);
        make(f, &map);
        core_map_clear(&map);
    }
}
END_TEST

/* Every entry anything at all, and an m2p array that says one pfn of all frames. */
START_TEST(wild)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    unsigned i = 0;
    for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) {
        struct core_map map;
        for (uint32_t mfn = FX_IO; mfn < FX_IO + FX_PAGES; mfn++)
            m2p_set(f->d, MFN(mfn), 5);
        for (unsigned k = 0; k < f->abi->ptes_per_page; k++) {
            uint64_t frame = g_rand_int_range(rand, 0, 8) ? g_rand_int(rand) % (FX_IO + FX_PAGES + 64)
                                                          : g_rand_int(rand) % (1u << 20);
            set_entry(f, f->l1, k, frame << 12 | (g_rand_int(rand) & 0xFFF));
            if (g_rand_int_range(rand, 0, 64) == 0)
                set_entry(f, f->l2, k, frame << 12 | PTE_P);
        }
        make(f, &map);
        core_map_clear(&map);
        core_map_make(&map, f->v, 9); /* a small file */
        ck_assert_uint_le(map.frames->len, 9);
        check(f, &map);
        core_map_clear(&map);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core_map");
    TCase *tc = tcase_create("core_map");
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, as_booted);
    tcase_add_test(tc, aliased);
    tcase_add_test(tc, linear_map);
    tcase_add_test(tc, wild);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
