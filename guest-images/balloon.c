/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * balloon - memory that is given back and taken again: decrease, populate, increase and
 * exchange, what a page and its m2p entry are in between, how much a domain may have
 * (docs/xen-abi.md 5.9). `grow=PAGES` on the command line: how much more than at the
 * start that is.
 */
#include "lib/paging.h"

#define PAGE  __attribute__((aligned(4096), section(".pages")))
#define PAGES 600u /* more than a page of a list */

static u8 area[PAGES][PAGE_SIZE] PAGE;
static u32 list[1024] PAGE, saved[1024] PAGE;

enum {
    INCREASE,
    DECREASE,
    CURRENT = 3,
    MAXIMUM,
    POPULATE = 6,
    MEMORY_MAP = 9,
    EXCHANGE = 11,
    MAXIMUM_GPFN = 14
};

struct reservation {
    u32 list, nr, order, flags;
    u16 domid, pad;
};

static s32 reserve(u32 op, u32 *extents, u32 nr, u32 order)
{
#ifdef GUEST_2_0
    return hypercall(NR_memory_op, op, (u32)extents, nr, order, DOMID_SELF);
#else
    struct reservation r = {(u32)extents, nr, order, 0, DOMID_SELF, 0};

    return hypercall(NR_memory_op, op, (u32)&r, 0, 0, 0);
#endif
}

/* 0: this Xen does not say. */
static s32 pages_now(void)
{
#ifdef GUEST_2_0
    return 0;
#else
    static u16 self = DOMID_SELF;
    s32 n = hypercall(NR_memory_op, CURRENT, (u32)&self, 0, 0, 0);

    return n < 0 ? 0 : n;
#endif
}

static u32 pfn_of(const void *va)
{
    return ((u32)va - VIRT_BASE) / PAGE_SIZE;
}

static u32 *p2m(const void *va)
{
    return &((u32 *)start_info->mfn_list)[pfn_of(va)];
}

static s32 set_m2p(u32 mfn, u32 pfn)
{
    struct mmu_update request = {(u64)mfn << 12 | MMU_MACHPHYS, pfn};
    u32 done;

    return mmu_update(&request, 1, &done);
}

/* New frames for `nr` pages of the area: by populate_physmap, or as it was before. */
static u32 take_back(u32 nr)
{
    u32 i, bad = 0;
    s32 done;

    for (i = 0; i < nr; i++)
        list[i] = xen >= XEN_3_0_4 ? pfn_of(area[i]) : 0;
    done = reserve(xen >= XEN_3_0_4 ? POPULATE : INCREASE, list, nr, 0);
    for (i = 0; i < nr; i++) {
        if (xen < XEN_3_0_4)
            bad += set_m2p(list[i], pfn_of(area[i])) != 0;
        *p2m(area[i]) = list[i];
        bad += m2p()[list[i]] != pfn_of(area[i]);
        bad += remap_page(area[i], PTE_RWX) != 0;
        *(volatile u32 *)area[i] = i;
    }
    CHECK("taken", done, nr);
    return bad;
}

static void down_and_up(void)
{
    u32 i, bad = 0, nr = PAGES;
    s32 before = pages_now();

    for (i = 0; i < nr; i++) {
        list[i] = saved[i] = virt_to_mfn(area[i]);
        bad += map_page(area[i], 0) != 0;
        bad += (set_m2p(list[i], 0xFFFFFFFF) != 0);
        *p2m(area[i]) = 0xFFFFFFFF;
    }
    CHECK("unmapped badly", bad, 0);
    CHECK("given", reserve(DECREASE, list, nr, 0), nr);
    if (before)
        CHECK("pages less", before - pages_now(), nr);
    bad = 0;
    for (i = 0; i < nr; i++)
        bad += map_page(area[i], pte(saved[i], PTE_RWX)) == 0;
    CHECK("given and still to be had", bad, 0);
    CHECK("given twice", reserve(DECREASE, saved, nr, 0), 0);
    CHECK("taken badly", take_back(nr), 0);
    if (before)
        CHECK("pages less", before - pages_now(), 0);
    bad = 0;
    for (i = 0; i < nr; i++)
        bad += *(volatile u32 *)area[i] != i;
    CHECK("pages that are one", bad, 0);
}

/* A frame that something still holds lives until it is let go. */
static void given_while_in_use(void)
{
    u32 mfn = virt_to_mfn(area[0]), one = mfn;
    s32 before = pages_now();

    *(volatile u32 *)area[0] = 0xBA11;
    CHECK("a page that is mapped: given", reserve(DECREASE, &one, 1, 0), 1);
    CHECK("still readable", *(volatile u32 *)area[0], 0xBA11);
    if (before && xen >= XEN_3_2)
        CHECK("pages less", before - pages_now(), 0);
    CHECK("unmapped", map_page(area[0], 0), 0);
    if (before)
        CHECK("pages less", before - pages_now(), 1);
    CHECK("taken badly", take_back(1), 0);
    one = (u32)(*pte_of((u32)area[0], 2, 0) >> 12);
    CHECK("no frame: given", reserve(DECREASE, (one = 0x0FFFFFFF, &one), 1, 0), 0);
}

/* As much as it may have, and no page more. */
static void the_most(void)
{
    const char *at = option("grow");
    u32 grow = 0, got = 0, pfn = start_info->nr_pages, i;

    while (at && *at >= '0' && *at <= '9')
        grow = grow * 10 + (u32)(*at++ - '0');
    for (;;) {
        u32 part = 500;
        s32 done;

        for (i = 0; i < part; i++)
            list[i] = xen >= XEN_3_0_4 ? pfn + got + i : 0;
        done = reserve(xen >= XEN_3_0_4 ? POPULATE : INCREASE, list, part, 0);
        if (done <= 0)
            break;
        got += (u32)done;
        for (i = 0; i < (u32)done; i++)
            saved[i] = list[i];
        *(map_page(area[1], pte(list[done - 1], PTE_RWX)) ? (u32 *)area[2] : (u32 *)area[1]) = got;
        remap_page(area[1], PTE_RWX);
        if (reserve(DECREASE, saved, (u32)done, 0) != done && got)
            break;
        if (reserve(xen >= XEN_3_0_4 ? POPULATE : INCREASE, saved, (u32)done, 0) != done)
            break;
    }
    CHECK("more than at the start", got, grow);
}

#ifndef GUEST_2_0
struct exchange {
    struct reservation in, out;
    u32 done;
};

static s32 exchange(u32 nr_in, u32 in_order, u32 nr_out, u32 out_order, u32 *done)
{
    struct exchange x = {
        {(u32)list, nr_in, in_order, 0, DOMID_SELF, 0}, {(u32)saved, nr_out, out_order, 0, DOMID_SELF, 0}, 0};
    s32 rc = hypercall(NR_memory_op, EXCHANGE, (u32)&x, 0, 0, 0);

    *done = x.done;
    return rc;
}

/* 2^order pages of the area, unmapped, in the list; their pfns in the other. */
static void offer(u32 nr)
{
    u32 i;

    for (i = 0; i < nr; i++) {
        list[i] = virt_to_mfn(area[i]);
        saved[i] = pfn_of(area[i]);
        map_page(area[i], 0);
    }
}

static void exchanges(void)
{
    u32 done, i, bad = 0, order = xen == XEN_4_17 ? 9 : 0, nr = 1u << order;

    CHECK("exchange of what is mapped",
          (list[0] = virt_to_mfn(area[0]), saved[0] = pfn_of(area[0]), exchange(1, 0, 1, 0, &done)), -EINVAL);
    CHECK("exchanged", done, 0);
    offer(nr);
    CHECK("exchange of unlike sizes", exchange(2, 0, 1, 0, &done), -EINVAL);
    CHECK("exchange", exchange(nr, 0, 1, order, &done), 0);
    CHECK("exchanged", done, nr);
    for (i = 0; i < nr; i++) {
        *p2m(area[i]) = saved[0] + i;
        bad += m2p()[saved[0] + i] != pfn_of(area[i]);
        bad += remap_page(area[i], PTE_RWX) != 0;
        *(volatile u32 *)area[i] = i;
    }
    CHECK("frames that are not in a row", bad, 0);
    CHECK("and aligned", saved[0] & (nr - 1), 0);
    /* Single ones, the first of them being mapped. */
    offer(4);
    remap_page(area[0], PTE_RWX);
    CHECK("exchange of four, the first in use", exchange(4, 0, 4, 0, &done), -EINVAL);
    CHECK("exchanged", done, 0);
    for (i = bad = 0; i < 4; i++)
        bad += remap_page(area[i], PTE_RWX) != 0 || m2p()[virt_to_mfn(area[i])] != pfn_of(area[i]);
    CHECK("pages that are wrong", bad, 0);
}

static void questions(void)
{
    static u16 self = DOMID_SELF;
    s32 now = pages_now(), most = hypercall(NR_memory_op, MAXIMUM, (u32)&self, 0, 0, 0);
    volatile u32 *max_pfn = (volatile u32 *)((u8 *)area[3] + 2316);

    CHECK("current reservation", now > 0, xen != XEN_3_0_0);
    CHECK("no more than the most", now <= most, xen != XEN_3_0_0);
    if (xen < XEN_3_2)
        return;
    CHECK("shared info is mapped", map_page(area[3], pte(start_info->shared_info >> 12, PTE_RWX)), 0);
    *max_pfn = 0x777;
    CHECK("maximum gpfn", hypercall(NR_memory_op, MAXIMUM_GPFN, (u32)&self, 0, 0, 0), 0x776);
    *max_pfn = 0;
    remap_page(area[3], PTE_RWX);
    if (xen == XEN_4_17) {
        u32 range[5] = {1, 1, 1, 1, 1}, map[2] = {1, (u32)range};

        CHECK("memory map", hypercall(NR_memory_op, MEMORY_MAP, (u32)map, 0, 0, 0), 0);
        CHECK("its ranges", map[0], 1);
        CHECK("from", range[0] | range[1], 0);
        CHECK("as long as the most there may be", (range[2] >> 12 | range[3] << 20) - (u32)most, 0);
    }
}
#endif

void guest_main(void)
{
    down_and_up();
    given_while_in_use();
#ifndef GUEST_2_0
    if (xen >= XEN_3_0_4)
        exchanges();
    questions();
#endif
    the_most();
}
