/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * multicall - the contract of docs/xen-abi.md 3, as sections 12.1 and 13
 * measured it: the ABI's layout, results, lists that fail in the middle.
 */
#include "lib/paging.h"

#ifdef GUEST_2_0
#define RESULT 6 /* word of an entry that takes the result */
#define ARG    1 /* word of its first argument */
#else
#define RESULT 1
#define ARG    2
#endif
#define WORDS 8
#define JUNK  0xEEEE0000u

static u32 list[4 * 1024] __attribute__((aligned(4096)));
static u32 page[2][1024] __attribute__((aligned(4096), section(".pages")));
static u32 version;

static u32 *set(u32 *entry, u32 op, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    const u32 args[] = {a, b, c, d, e};

    entry[7] = JUNK + 7;
    entry[RESULT] = JUNK;
    entry[0] = op;
    memcpy(entry + ARG, args, sizeof(args));
    return entry;
}

static void set_version(u32 *entry)
{
    set(entry, NR_xen_version, 0, 0, 0, 0, 0);
}

static s32 multicall(const void *at, u32 nr)
{
    return hypercall(NR_multicall, (u32)at, nr, 0, 0, 0);
}

static void layout(void)
{
    u32 i, before[WORDS];

    for (i = 0; i < WORDS; i++)
        list[i] = JUNK + i;
    list[0] = NR_xen_version;
    list[ARG] = 0;
    memcpy(before, list, sizeof(before));
    CHECK("one entry: rc", multicall(list, 1), 0);
    CHECK("one entry: result in its word", list[RESULT], version);
    list[RESULT] = before[RESULT];
    CHECK("one entry: other words kept", memcmp(list, before, sizeof(before)), 0);
    CHECK("no entries", multicall(list, 0), 0);
    CHECK("no entries, no list", multicall(0, 0), 0);
    CHECK("no entries, list beyond Xen", multicall((void *)0xFFFFFF00, 0), xen == XEN_4_17 ? 0 : -EFAULT);
    CHECK("one entry, no list", multicall(0, 1), -EFAULT);
}

static void results(void)
{
    set_version(list);
    set(list + 8, NR_event_channel_op_compat, 0x1000, 0, 0, 0, 0);
    set_version(list + 16);
    set(list + 24, 62, 0, 0, 0, 0, 0);
    set(list + 32, NR_vm_assist, 0, 99, 0, 0, 0);
    set_version(list + 40);
    CHECK("failing entries: rc", multicall(list, 6), 0);
    CHECK("failing entries: before", list[RESULT], version);
    CHECK("failing entries: bad pointer", list[8 + RESULT], -EFAULT);
    CHECK("failing entries: goes on", list[16 + RESULT], version);
    CHECK("failing entries: unknown op", list[24 + RESULT], -ENOSYS);
    CHECK("failing entries: bad argument", list[32 + RESULT], -EINVAL);
    CHECK("failing entries: last", list[40 + RESULT], version);
}

/* Numbers of 32 and more: 2.0 and 3.0.0 take them modulo 32 (1.3). */
static void wrap(void)
{
    int wraps = xen <= XEN_3_0_0;

    set(list, 81, 0, 0, 0, 0, 0);
    set(list + 8, 0x80000011, 0, 0, 0, 0, 0);
    set(list + 16, 45, 0, 0, 0, 0, 0);
    set(list + 24, 0xFFFFFFFF, 0, 0, 0, 0, 0);
    set_version(list + 32);
    CHECK("wrap: rc", multicall(list, 5), 0);
    CHECK("wrap: op 81", list[RESULT], wraps ? version : (u32)-ENOSYS);
    CHECK("wrap: op 0x80000011", list[8 + RESULT], wraps ? version : (u32)-ENOSYS);
    CHECK("wrap: op 45", list[16 + RESULT], wraps ? -EINVAL : -ENOSYS);
    CHECK("wrap: op 0xffffffff", list[24 + RESULT], -ENOSYS);
    CHECK("wrap: op 17", list[32 + RESULT], version);
}

static void nested(void)
{
    u32 *inner = list + 64;

    set(list, NR_multicall, (u32)inner, 1, 0, 0, 0);
    set_version(list + 8);
    set(list + 16, NR_multicall, 0, 0, 0, 0, 0);
    set_version(inner);
    CHECK("nested: rc", multicall(list, 3), 0);
    CHECK("nested: its result", list[RESULT], -EINVAL);
    CHECK("nested: goes on", list[8 + RESULT], version);
    CHECK("nested: empty list", list[16 + RESULT], -EINVAL);
    CHECK("nested: inner list not run", inner[RESULT], JUNK);
}

/* Up to 3.2 a list that leaves the guest's space is refused before anything
 * runs; 4.17 runs what it can read (13, 1): here one entry. */
static void range(void)
{
    u32 first = xen == XEN_4_17 ? version : JUNK;
    u32 *entry = page[1] - WORDS;

    map_page(page[1], 0);
    set_version(entry);
    CHECK("range: nr * 32 wraps", multicall(entry, 0x08000001), -EFAULT);
    CHECK("range: nr * 32 wraps, first entry", entry[RESULT], first);
    set_version(entry);
    CHECK("range: reaches into Xen", multicall(entry, 0x02000000), -EFAULT);
    CHECK("range: reaches into Xen, first entry", entry[RESULT], first);
    remap_page(page[1], PTE_RWX);
    CHECK("range: list in the m2p", multicall(m2p(), 1), -EFAULT);
    CHECK("range: just below Xen", multicall((void *)(HYPERVISOR_START - 32), 1), -EFAULT);
    CHECK("range: last bytes of all", multicall((void *)0xFFFFFFE0, 1), -EFAULT);
}

static void unreadable(void)
{
    u32 *entry = page[1] - 16;

    set_version(entry);
    set(entry + 8, 62, 0, 0, 0, 0, 0);
    map_page(page[1], 0);
    CHECK("third entry unmapped: rc", multicall(entry, 3), -EFAULT);
    CHECK("third entry unmapped: first", entry[RESULT], version);
    CHECK("third entry unmapped: second", entry[8 + RESULT], -ENOSYS);

    entry = page[1] - 12; /* the second one lies half in the missing page */
    set_version(entry);
    memset(entry + 8, 0, 16);
    entry[8] = NR_xen_version;
    CHECK("second entry half unmapped: rc", multicall(entry, 2), -EFAULT);
    CHECK("second entry half unmapped: first", entry[RESULT], version);
    CHECK("mapped again", remap_page(page[1], PTE_RWX), 0);

    set_version(entry);
    set_version(entry + 8);
    CHECK("entry across two pages: rc", multicall(entry, 2), 0);
    CHECK("entry across two pages: first", entry[RESULT], version);
    CHECK("entry across two pages: second", entry[8 + RESULT], version);
}

/* The entry has run when its result turns out not to be writable: what it
 * wrote to a debug register is there. */
static void unwritable(void)
{
    u32 *entry = page[0];

    set(entry, 8, 1, 0x1230, 0, 0, 0); /* set_debugreg */
    set(entry + 8, 8, 2, 0x4560, 0, 0, 0);
    CHECK("read-only list: made so", remap_page(page[0], PTE_RO), 0);
    CHECK("read-only list: rc", multicall(entry, 2), -EFAULT);
    CHECK("read-only list: result word kept", entry[RESULT], JUNK);
    CHECK("read-only list: first entry has run", hypercall(9, 1, 0, 0, 0, 0), 0x1230);
    CHECK("read-only list: second has not", hypercall(9, 2, 0, 0, 0, 0), 0);
    CHECK("read-only list: mapped again", remap_page(page[0], PTE_RWX), 0);
    hypercall(8, 1, 0, 0, 0, 0);
}

static void misaligned(void)
{
    u32 shift;

    for (shift = 1; shift < 4; shift++) {
        u32 *entry = (u32 *)((u8 *)list + shift);

        set_version(entry);
        set_version(entry + 8);
        CHECK("misaligned list: rc", multicall(entry, 2), 0);
        CHECK("misaligned list: first", entry[RESULT], version);
        CHECK("misaligned list: second", entry[8 + RESULT], version);
    }
}

static void map_entry(u32 *entry, const void *va, pte_t value)
{
#ifdef GUEST_2_0
    set(entry, NR_update_va_mapping, (u32)va >> 12, value, 2, 0, 0);
#else
    set(entry, NR_update_va_mapping, (u32)va, (u32)value, (u32)((u64)value >> 32), 2, 0);
#endif
}

/* Entries take effect in order, also for the entries after them. */
static void order(void)
{
    pte_t there = pte(virt_to_mfn(page[1]), PTE_RWX);
    struct mmu_update store = {.val = NR_xen_version};
    u32 done;

    page[1][0] = 99; /* no command of event_channel_op */
    map_entry(list, page[1], 0);
    set(list + 8, NR_event_channel_op_compat, (u32)page[1], 0, 0, 0, 0);
    map_entry(list + 16, page[1], there);
    set(list + 24, NR_event_channel_op_compat, (u32)page[1], 0, 0, 0, 0);
    CHECK("order: rc", multicall(list, 4), 0);
    CHECK("order: unmapping", list[RESULT], 0);
    CHECK("order: then a bad pointer", list[8 + RESULT], -EFAULT);
    CHECK("order: mapping", list[16 + RESULT], 0);
    CHECK("order: then a good one", list[24 + RESULT], -ENOSYS);

    /* An entry changes the operation of the one after it. */
    store.ptr = ((u64)virt_to_mfn(page[0]) << 12) + 32;
    set(page[0], NR_mmu_update, (u32)&store, 1, (u32)&done, DOMID_SELF, 0);
    set(page[0] + 8, 62, 0, 0, 0, 0, 0);
    CHECK("changed by the entry before: rc", multicall(page[0], 2), 0);
    CHECK("changed by the entry before: store", page[0][RESULT], 0);
    CHECK("changed by the entry before: result", page[0][8 + RESULT], version);
}

static void long_list(void)
{
    u32 i, wrong = 0, nr = sizeof(list) / 32;

    for (i = 0; i < nr; i++)
        set(list + i * WORDS, i % 3 ? NR_xen_version : 62, 0, 0, 0, 0, 0);
    CHECK("long list: rc", multicall(list, nr), 0);
    for (i = 0; i < nr; i++)
        wrong += list[i * WORDS + RESULT] != (i % 3 ? version : (u32)-ENOSYS);
    CHECK("long list: wrong results", wrong, 0);
}

void guest_main(void)
{
    version = (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    layout();
    results();
    wrap();
    nested();
    range();
    unreadable();
    unwritable();
    misaligned();
    order();
    long_list();
}
