/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * suspend - the guest suspends itself as Linux does, and looks at what it finds when it
 * is resumed: other frames, another shared_info, no event channels, no grants; or, when
 * the suspend is cancelled, everything as it was (docs/xen-abi.md 9.7). `cycles=N` on
 * the command line (and `bad=`, see spoil); to be run with --on-suspend resume or cancel.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE     __attribute__((aligned(4096), section(".pages")))
#define PER_PAGE 1024u
#define PORTS    1024u

static u8 info_page[PAGE_SIZE] PAGE, grants[PAGE_SIZE] PAGE, gdt[PAGE_SIZE] PAGE;
static u32 lists[PER_PAGE] PAGE, list[PER_PAGE] PAGE, data[4][PER_PAGE] PAGE;
static pte_t table[PTES] PAGE;
#define TABLE_VA 0xD0000000u

static u32 info_word(u32 offset)
{
    return *(volatile u32 *)(info_page + offset);
}

static void set_info_word(u32 offset, u32 value)
{
    *(volatile u32 *)(info_page + offset) = value;
}

static void map_info(void)
{
    CHECK("shared_info is mapped", map_page(info_page, pte(start_info->shared_info >> 12, PTE_RWX)), 0);
}

/* Where a toolstack finds the p2m. */
static void name_p2m(void)
{
    u32 i, pages = (start_info->nr_pages + PER_PAGE - 1) / PER_PAGE;

    for (i = 0; i < PER_PAGE; i++)
        list[i] = i < pages ? virt_to_mfn((u32 *)start_info->mfn_list + i * PER_PAGE) : 0;
    lists[0] = virt_to_mfn(list);
    set_info_word(2316, start_info->nr_pages);
    set_info_word(2320, virt_to_mfn(lists));
}

static s32 event(u32 cmd, u32 a, u32 b, u32 c)
{
    u32 op[6] = {cmd, a, b, c, 0, 0};
    s32 rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);

    return rc ? rc : cmd == 1 ? (s32)op[3] : cmd == 5 ? (s32)op[3] : (s32)op[2];
}

/* Status of a port: 0 closed, 2 interdomain, ... */
static s32 port_status(u32 port)
{
    return event(5, DOMID_SELF, port, 0);
}

static void offer_grant(void)
{
    u32 frame = 0, setup[4] = {DOMID_SELF, 1, 0x7777, (u32)&frame};

    hypercall(NR_grant_table_op, 2, (u32)setup, 1, 0, 0);
    map_page(grants, pte(frame, PTE_RWX));
}

static int is(const char *value, const char *word)
{
    return value && option_is(value, word);
}

/* `bad=WHAT` on the command line: something that no toolstack can restore. */
static void spoil(void)
{
    const char *what = option("bad");

    if (is(what, "store"))
        start_info->store_mfn = 0xFFFFFFF0;
    if (is(what, "console"))
        start_info->console_mfn = start_info->nr_pages;
    if (is(what, "lists"))
        lists[0] = 0x7FFFFFFF;
    if (is(what, "list"))
        list[0] = start_info->shared_info >> 12;
    if (is(what, "root"))
        ((volatile u32 *)start_info->mfn_list)[((u32)start_info->pt_base - VIRT_BASE) / PAGE_SIZE] =
            0xFFFFFFFF;
}

static s32 suspend(void)
{
    u32 reason = SHUTDOWN_suspend, mfn = virt_to_mfn(start_info);

    if (is(option("bad"), "edx"))
        mfn = 0xFFFFFF;
    if (xen < XEN_3_2)
        return hypercall(NR_sched_op_compat, 2, SHUTDOWN_suspend, mfn, 0, 0);
    return hypercall(NR_sched_op, 2, (u32)&reason, mfn, 0, 0);
}

/* A second L1 and a GDT page: tables that are not the builder's. */
static void make_tables(void)
{
    u64 maddr = 0;
    u32 i;

    for (i = 0; i < 4; i++)
        table[i] = pte(virt_to_mfn(data[i]), PTE_RWX);
    CHECK("a table's page read-only", remap_page(table, PTE_RO), 0);
    pte_of(TABLE_VA, 2, &maddr);
    CHECK("the table is hooked", write_pte(maddr, pte(virt_to_mfn(table), 0x67)), 0);
    CHECK("the GDT's page read-only", remap_page(gdt, PTE_RO), 0);
    i = virt_to_mfn(gdt);
    CHECK("set_gdt", hypercall(NR_set_gdt, (u32)&i, 512, 0, 0, 0), 0);
}

static u32 pages_wrong(void)
{
    u32 i, pfn, bad = 0;

    for (i = 0; i < 4; i++)
        bad += data[i][7] != 0xDA7A0000 + i ||
               *(volatile u32 *)(TABLE_VA + i * PAGE_SIZE + 28) != 0xDA7A0000 + i;
    for (pfn = 0; pfn < start_info->nr_pages; pfn++)
        bad += m2p()[((u32 *)start_info->mfn_list)[pfn]] != pfn;
    bad += (u32)(table[1] >> 12) != virt_to_mfn(data[1]);
    return bad;
}

/* A timer of the new life, waited for by poll, which an upcall does not need. */
static void timer(void)
{
    u32 port = (u32)event(1, 0 /* VIRQ_TIMER */, 0, 0), poll[4] = {(u32)&port, 1, 0, 0};
    u64 at = ((u64)info_word(52) << 32 | info_word(48)) + 20000000;

    CHECK("a port for the timer", (s32)port > 0 && port < PORTS, 1);
    CHECK("set_timer_op", hypercall(NR_set_timer_op, (u32)at, (u32)(at >> 32), 0, 0, 0), 0);
    CHECK("poll", hypercall(NR_sched_op, 3, (u32)poll, 0, 0, 0), 0);
    CHECK("the timer fired", info_word(2048 + port / 32 * 4) >> port % 32 & 1, 1);
    CHECK("its port closed", event(3, port, 0, 0), 0);
}

static void cycle(int cancel)
{
    u32 before = virt_to_mfn(data[0]), info = start_info->shared_info, i, moved = 0, port;
    u32 edx_pfn = ((u32)start_info - VIRT_BASE) / PAGE_SIZE, store, console, nr = start_info->nr_pages;
    u32 pending = 0, selector = 0;
    s32 rc, mapped = 0;

    map_info();
    name_p2m();
    offer_grant();
    ((volatile u32 *)grants)[16] = 1 << 16 | 1;
    port = (u32)event(6, DOMID_SELF, 0, 0);
    CHECK("a port", port_status(port) > 0, 1);
    set_info_word(2048, 0xFFFFFFFF);
    map_page(info_page, 0);
    map_page(grants, 0);
    store = start_info->store_mfn;
    console = start_info->console_mfn;
    start_info->store_mfn = m2p()[store];
    start_info->console_mfn = m2p()[console];
    spoil();

    rc = suspend();

    /* Before anything is printed: that may be by way of an event channel. */
    if (!cancel) {
        mapped = map_page(info_page, pte(start_info->shared_info >> 12, PTE_RWX));
        pending = mapped ? 0 : info_word(2048) | info_word(2052);
        selector = mapped ? 0 : info_word(4);
    }
    CHECK("suspend", rc, cancel);
    if (cancel) {
        start_info->store_mfn = store;
        start_info->console_mfn = console;
        CHECK("the same frames", (virt_to_mfn(data[0]) - before) | (start_info->shared_info - info), 0);
        CHECK("the port lives", port_status(port) > 0, 1);
        event(3, port, 0, 0);
        CHECK("pages that are wrong", pages_wrong(), 0);
        return;
    }
    CHECK("start_info's pages", start_info->nr_pages - nr, 0);
    CHECK("flags", start_info->flags, 0);
    CHECK("another shared_info", start_info->shared_info != info, 1);
    CHECK("xenstore's page", m2p()[start_info->store_mfn] < nr && m2p()[start_info->store_mfn] != 0xFFFFFFFF,
          1);
    CHECK("the console's page is where it was",
          m2p()[start_info->console_mfn] * PAGE_SIZE + VIRT_BASE > VIRT_BASE, 1);
    for (i = 0; i < 4; i++)
        moved += virt_to_mfn(data[i]) != before;
    CHECK("other frames", moved, 4);
    CHECK("start_info's own", m2p()[virt_to_mfn(start_info)] - edx_pfn, 0);
    CHECK("pages that are wrong", pages_wrong(), 0);
    CHECK("CR3's frame", (u32)(*pte_of(TABLE_VA, 2, 0) >> 12) - virt_to_mfn(table), 0);
    CHECK("the port is closed", port_status(port), 0);
    CHECK("xenstore's port", port_status(start_info->store_evtchn), 2);
    CHECK("the console's port", port_status(start_info->console_evtchn), 2);
    CHECK("shared_info is mapped", mapped, 0);
    CHECK("nothing is pending", pending, 0);
    CHECK("no selector", selector, 0);
    if (xen == XEN_4_17) {
        CHECK("all is masked", info_word(2176) & info_word(2300), 0xFFFFFFFF);
        CHECK("no list of the p2m", info_word(2320), 0);
    }
    if (xen >= XEN_3_2)
        timer();
    CHECK("the old shared_info is not to be had", map_page(grants, pte(info >> 12, PTE_RWX)) != 0, 1);
    offer_grant();
    CHECK("no grants", ((volatile u32 *)grants)[16], 0);
    CHECK("a new frame for data", remap_page(data[2], PTE_RO) | remap_page(data[2], PTE_RWX), 0);
    CHECK("the table's page to be written", remap_page(table, PTE_RWX) != 0, 1);
    CHECK("the GDT's page to be written", remap_page(gdt, PTE_RWX) != 0, 1);
}

void guest_main(void)
{
    const char *at = option("cycles");
    u32 i, cycles = at ? (u32)(*at - '0') : 1;
    int cancel = option("cancel") != 0;

    for (i = 0; i < 4; i++)
        data[i][7] = 0xDA7A0000 + i;
    make_tables();
    for (i = 0; i < cycles; i++)
        cycle(cancel);
}
