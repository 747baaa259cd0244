/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory - memory_op: giving pages back and taking them, by good and by bad lists,
 * exchanges of every size, queries (docs/xen-abi.md 5.9). Numbers of frames are not
 * printed: every machine has its own.
 */
#include "lib/measure.h"

#define PAGES 40
static u8 pages[PAGES * PAGE_SIZE] PAGE;
static u32 list[1200] PAGE, out_list[1200] PAGE;
static u32 mfns[PAGES];

struct reservation {
    u32 extents, nr, order, flags;
    u16 domid, pad;
};

struct exchange {
    struct reservation in, out;
    u32 nr_exchanged;
};

static s32 memory_op(u32 cmd, const void *arg)
{
    return hypercall(NR_memory_op, cmd, (u32)arg, 0, 0, 0);
}

static u32 total(void)
{
    u16 self = 0x7FF0;

    return (u32)memory_op(3, &self);
}

static u8 *page(u32 i)
{
    return pages + i * PAGE_SIZE;
}

/* Takes a page out of the page tables; its frame. */
static u32 unmap(u32 i)
{
    mfns[i] = virt_to_mfn(page(i));
    map_page(page(i), 0);
    return mfns[i];
}

static void note(u32 i, u32 mfn)
{
    ((u32 *)start_info->mfn_list)[((u32)page(i) - VIRT_BASE) / PAGE_SIZE] = mfn;
}

static u32 pfn(u32 i)
{
    return ((u32)page(i) - VIRT_BASE) / PAGE_SIZE;
}

static s32 reserve(u32 cmd, u32 nr, u32 order, u32 flags, u32 domid)
{
    struct reservation r = {(u32)list, nr, order, flags, (u16)domid, 0};

    return memory_op(cmd, &r);
}

static void giving_back(void)
{
    static const u32 odd[] = {0, 1, 0xA0, 0xFFFFF, 0x7FFFFFFF, 0xFFFFFFFF};
    u32 i, before = total();

    list[0] = unmap(0);
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of a page");
    SAY(before - total(), "  pages less");
    SAY(m2p()[mfns[0]] == 0xFFFFFFFF, "  its m2p entry is none");
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "  the same again");
    SAY(map_page(page(0), pte(mfns[0], PTE_RWX)), "  map it");
    list[0] = virt_to_mfn(page(1));
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of a mapped page");
    SAY(before - total(), "  pages less");
    SAY(*(volatile u32 *)page(1), "  it can still be read");
    SAY(map_page(page(1), pte(virt_to_mfn(page(1)), PTE_RO)), "  map it read-only");
    SAY(map_page(page(1), 0), "  unmap it");
    SAY(map_page(page(1), pte(virt_to_mfn(page(1)), PTE_RO)), "  map it again");
    list[0] = virt_to_mfn((void *)start_info->pt_base);
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of the L3");
    list[0] = start_info->shared_info >> 12;
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of shared_info");
    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        list[0] = odd[i];
        SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of frame 0x%x", odd[i]);
        SAY(reserve(1, 1, odd[i], 0, DOMID_SELF), "decrease, order 0x%x", odd[i]);
        SAY(reserve(1, odd[i] ? odd[i] : 0, 20, 0, DOMID_SELF), "decrease of 0x%x of order 20", odd[i]);
    }
    list[0] = unmap(2);
    list[1] = 0x7FFFFFF;
    list[2] = unmap(3);
    SAY(reserve(1, 3, 0, 0, DOMID_SELF), "decrease of three, the second is none");
    SAY(before - total(), "  pages less");
    list[0] = mfns[3];
    SAY(reserve(1, 1, 0, 0, DOMID_SELF), "decrease of the third");
    list[0] = unmap(4);
    SAY(reserve(1, 1, 0, 0, 1), "decrease by the own number");
    list[0] = unmap(5);
    for (i = 0; i < 6; i++) {
        static const u16 domains[] = {0, 99, 0x7FF1, 0x7FF2, 0x7FF4, 0xFFFF};
        SAY(reserve(1, 1, 0, 0, domains[i]), "decrease for domain 0x%x", domains[i]);
        SAY(reserve(0, 1, 0, 0, domains[i]), "increase for domain 0x%x", domains[i]);
        SAY(reserve(6, 1, 0, 0, domains[i]), "populate for domain 0x%x", domains[i]);
    }
    SAY(reserve(1, 1, 0, 0xFFFFFFFF, DOMID_SELF), "decrease with all flags");
    SAY(before - total(), "pages less in the end");
}

static void taking(void)
{
    u32 i, before = total();

    list[0] = pfn(0);
    SAY(reserve(6, 1, 0, 0, DOMID_SELF), "populate");
    SAY(total() - before, "  pages more");
    SAY(m2p()[list[0]] == pfn(0), "  its m2p entry");
    note(0, list[0]);
    SAY(map_page(page(0), pte(list[0], PTE_RWX)), "  map it");
    SAY(*(volatile u32 *)page(0), "  what is in it");
    for (i = 0; i < 12; i++) {
        before = total();
        list[0] = pfn(1);
        SAY(reserve(6, 1, i, 0, DOMID_SELF), "populate, order %u", i);
        if (total() != before) {
            SAY(total() - before, "  pages more");
            SAY(list[0] & ((1u << i) - 1), "  low bits of the frame");
            SAY(reserve(1, 1, i, 0, DOMID_SELF), "  back");
            SAY(total() - before, "  pages more");
        }
        list[0] = 0x1234;
        SAY(reserve(0, 1, i, 0, DOMID_SELF), "increase, order %u", i);
        if (total() != before) {
            SAY(total() - before, "  pages more");
            SAY(m2p()[list[0]] == 0xFFFFFFFF, "  m2p entry is none");
            SAY(reserve(1, 1, i, 0, DOMID_SELF), "  back");
            SAY(total() - before, "  pages more");
        }
    }
    SAY(reserve(6, 1, 32, 0, DOMID_SELF), "populate, order 32");
    SAY(reserve(6, 1, 0xFFFFFFFF, 0, DOMID_SELF), "populate, order -1");
    for (i = 0; i < 32; i++) {
        before = total();
        list[0] = pfn(2);
        SAY(reserve(6, 1, 0, 1u << i, DOMID_SELF), "populate, flag %u", i);
        if (total() != before) {
            reserve(1, 1, 0, 0, DOMID_SELF);
            SAY(total() - before, "  pages more");
        }
    }
    for (i = 1; i < 64; i *= 2) {
        before = total();
        list[0] = pfn(2);
        SAY(reserve(6, 1, 0, i, DOMID_SELF), "populate below 2^%u", i);
        if (total() != before)
            reserve(1, 1, 0, 0, DOMID_SELF);
    }
    for (i = 0; i < 8; i++)
        list[i] = pfn(2) + i;
    before = total();
    SAY(reserve(6, 8, 0, 0, DOMID_SELF), "populate of eight with room for less");
    SAY(total() - before, "  pages more");
    SAY(reserve(6, 1, 0, 0, DOMID_SELF), "populate of one more");
    SAY(reserve(0, 1, 0, 0, DOMID_SELF), "increase by one more");
    {
        u16 self = 0x7FF0;
        SAY(memory_op(4, &self) - total(), "left to the maximum");
    }
}

static void bad_lists(void)
{
    static const u32 at[] = {0, 0x40000000, HYPERVISOR_START, HYPERVISOR_START - 4, 0xFFFFFFFC, 0xFFFFFFFF};
    static const u32 commands[] = {0, 1, 6};
    u32 i, c;

    for (c = 0; c < 3; c++) {
        u32 cmd = commands[c];
        for (i = 0; i < 6; i++) {
            struct reservation r = {at[i], 1, 0, 0, DOMID_SELF, 0};
            SAY(memory_op(cmd, &r), "command %u, list at 0x%x", cmd, at[i]);
            r.nr = 2;
            SAY(memory_op(cmd, &r), "command %u, list of two at 0x%x", cmd, at[i]);
            r.nr = 0;
            SAY(memory_op(cmd, &r), "command %u, empty list at 0x%x", cmd, at[i]);
            r.nr = 0xFFFFFFFF;
            SAY(memory_op(cmd, &r), "command %u, endless list at 0x%x", cmd, at[i]);
            SAY(memory_op(cmd, (void *)at[i]), "command %u, argument at 0x%x", cmd, at[i]);
        }
        for (i = 0; i < 5; i++) {
            struct reservation r = {(u32)list, i, 0, 0, DOMID_SELF, 0};
            list[0] = list[1] = list[2] = list[3] = 0x7FFFFFFF;
            SAY(memory_op(cmd | 1u << 6, &r), "command %u from extent 1 of %u", cmd, i);
            SAY(memory_op(cmd | 3u << 6, &r), "command %u from extent 3 of %u", cmd, i);
            SAY(memory_op(cmd | 0x3FFFFFFu << 6, &r), "command %u from the last of %u", cmd, i);
        }
        {
            struct reservation r = {ASK_END - 4, 2, 0, 0, DOMID_SELF, 0};
            *(u32 *)(ASK_END - 4) = 0x7FFFFFF;
            SAY(memory_op(cmd, &r), "command %u, a list that is cut", cmd);
            r.nr = 1;
            r.extents = (u32)ask_read_only;
            SAY(memory_op(cmd, &r), "command %u, a read-only list", cmd);
        }
    }
}

static void exchanges(void)
{
    u32 in_order, out_order, i, before;

    /* Room for what the exchanges take. */
    for (i = 10; i < PAGES; i++)
        unmap(i);
    for (in_order = 0; in_order < 12; in_order += in_order < 2 ? 1 : 3)
        for (out_order = 0; out_order < 12; out_order += out_order < 2 ? 1 : 3) {
            u32 larger = in_order > out_order ? in_order : out_order;
            struct exchange x = {{(u32)list, 1u << (larger - in_order), in_order, 0, DOMID_SELF, 0},
                                 {(u32)out_list, 1u << (larger - out_order), out_order, 0, DOMID_SELF, 0},
                                 0};
            for (i = 0; i < 1200; i++)
                list[i] = 0x7FFFFFF, out_list[i] = 0x3000 + i;
            SAY(memory_op(11, &x), "exchange of orders %u and %u, no frames", in_order, out_order);
            SAY(x.nr_exchanged, "  done");
        }
    before = total();
    for (i = 0; i < 4; i++)
        list[i] = mfns[10 + i], out_list[i] = pfn(10 + i);
    {
        struct exchange x = {{(u32)list, 1, 0, 0, DOMID_SELF, 0}, {(u32)out_list, 1, 0, 0, DOMID_SELF, 0}, 0};
        SAY(memory_op(11, &x), "exchange of a page");
        SAY(x.nr_exchanged, "  done");
        SAY(m2p()[out_list[0]] == pfn(10), "  m2p entry");
        SAY(total() - before, "  pages more");
        x.nr_exchanged = 0;
        SAY(memory_op(11, &x), "exchange of what was given away");
        SAY(x.nr_exchanged, "  done");
        list[0] = out_list[0];
        out_list[0] = pfn(10);
        x.nr_exchanged = 1;
        SAY(memory_op(11, &x), "exchange that is done");
        x.nr_exchanged = 2;
        SAY(memory_op(11, &x), "exchange that is more than done");
        x.nr_exchanged = 0;
        x.in.nr = x.out.nr = 0;
        SAY(memory_op(11, &x), "exchange of none");
        x.in.nr = x.out.nr = 1;
        x.in.domid = x.out.domid = 1;
        SAY(memory_op(11, &x), "exchange by the own number");
        SAY(x.nr_exchanged, "  done");
        x.nr_exchanged = 0;
        list[0] = out_list[0];
        out_list[0] = pfn(10);
        x.out.domid = DOMID_SELF;
        SAY(memory_op(11, &x), "exchange, two names of itself");
        for (i = 0; i < 5; i++) {
            static const u16 domains[] = {0, 99, 0x7FF1, 0x7FF2, 0xFFFF};
            x.in.domid = x.out.domid = domains[i];
            SAY(memory_op(11, &x), "exchange for domain 0x%x", domains[i]);
        }
        x.in.domid = x.out.domid = DOMID_SELF;
        x.in.nr = x.out.nr = 2;
        list[1] = 0x7FFFFFF;
        SAY(memory_op(11, &x), "exchange of two, the second is none");
        SAY(x.nr_exchanged, "  done");
        list[0] = mfns[11];
        list[1] = mfns[12];
        x.nr_exchanged = 0;
        x.in.extents = ASK_END - 4;
        SAY(memory_op(11, &x), "exchange, list of input cut");
        x.in.extents = (u32)list;
        x.out.extents = ASK_END - 4;
        SAY(memory_op(11, &x), "exchange, list of output cut");
        SAY(x.nr_exchanged, "  done");
        list[0] = mfns[13];
        list[1] = mfns[14];
        x.nr_exchanged = 0;
        x.out.extents = (u32)ask_read_only;
        SAY(memory_op(11, &x), "exchange, list of output read-only");
        SAY(x.nr_exchanged, "  done");
        for (i = 0; i < 2; i++)
            list[i] = virt_to_mfn(page(7 + i)), out_list[i] = 0x3000;
        x.nr_exchanged = 0;
        x.out.extents = (u32)out_list;
        SAY(memory_op(11, &x), "exchange of mapped pages");
        SAY(x.nr_exchanged, "  done");
        list[0] = mfns[15];
        x.in.nr = x.out.nr = 1;
        x.nr_exchanged = 0;
        x.out.flags = 0xFF;
        SAY(memory_op(11, &x), "exchange below 2^255");
        list[0] = mfns[16];
        x.nr_exchanged = 0;
        x.out.flags = 0x40000;
        SAY(memory_op(11, &x), "exchange, flag 18");
        list[0] = mfns[17];
        x.nr_exchanged = 0;
        x.out.flags = 1;
        SAY(memory_op(11, &x), "exchange below 2^1");
        SAY(memory_op(11 | 1 << 6, &x), "exchange from extent 1");
        x.out.flags = 0;
        x.out.nr = 2;
        SAY(memory_op(11, &x), "exchange of sizes that differ");
        x.in.nr = x.out.nr = 0x40000000;
        SAY(memory_op(11, &x), "exchange of very many");
        x.in.nr = x.out.nr = 0xFFFFFFFF;
        SAY(memory_op(11, &x), "exchange of 2^32-1");
    }
}

static void queries(void)
{
    static const u16 domains[] = {0x7FF0, 1, 0, 2, 99, 0x7FF1, 0x7FF2, 0x7FF3, 0x7FF4, 0x7FF5, 0xFFFF};
    static const u32 commands[] = {3, 4, 14};
    u32 i, c;

    for (c = 0; c < 3; c++) {
        for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
            s32 rc = memory_op(commands[c], &domains[i]);
            SAY(rc > 0 ? 1 : rc, "command %u of domain 0x%x", commands[c], domains[i]);
        }
        SAY(memory_op(commands[c], 0), "command %u, null", commands[c]);
        SAY(memory_op(commands[c], (void *)(ASK_END - 1)), "command %u, cut", commands[c]);
        SAY(memory_op(commands[c], (void *)0xFFFFFFFF), "command %u, -1", commands[c]);
        SAY(memory_op(commands[c] | 1 << 6, &domains[0]), "command %u from extent 1", commands[c]);
    }
    SAY(total(), "pages");
    {
        volatile u32 *max_pfn = (volatile u32 *)(shared_info + 2316);
        u32 old = *max_pfn, values[] = {0, 1, 0x1000, 0x80000000, 0xFFFFFFFF};
        for (i = 0; i < 5; i++) {
            *max_pfn = values[i];
            SAY(memory_op(14, &domains[0]), "maximum_gpfn with max_pfn 0x%x", values[i]);
        }
        *max_pfn = old;
    }
    for (c = 5; c <= 25; c += 20)
        for (i = 0; i < 6; i++) {
            static const u32 counts[] = {0, 1, 2, 16, 1000, 0xFFFFFFFF};
            struct {
                u32 max, at, nr;
            } q = {counts[i], (u32)list, 0x5A};
            u32 j;
            s32 rc;
            for (j = 0; j < 20; j++)
                list[j] = 0x5A5A5A5A;
            rc = memory_op(c, &q);
            SAY(rc, "command %u, up to %u", c, counts[i]);
            SAY(rc == 0 && q.nr <= counts[i], "  not more");
            if (counts[i] < 3)
                SAY(q.nr, "  entries");
            SAY(list[counts[i] < 20 ? counts[i] : 19] == 0x5A5A5A5A, "  nothing behind");
            q.at = 0x40000000;
            SAY(memory_op(c, &q), "  to an unmapped list");
            q.at = HYPERVISOR_START;
            SAY(memory_op(c, &q), "  to Xen");
        }
    {
        u32 place[4] = {9, 9, 9, 9};
        SAY(memory_op(12, place), "machphys_mapping");
        SAY(place[0], "  start");
        SAY(place[1], "  end");
        SAY(place[2], "  last frame");
        SAY(place[3], "  behind");
        SAY(memory_op(12, (void *)(ASK_END - 12)), "  up to an unmapped page");
        SAY(memory_op(12, (void *)(ASK_END - 11)), "  cut");
        SAY(memory_op(12, ask_read_only), "  read-only");
    }
}

static void maps(void)
{
    static u32 entries[5 * 1024] PAGE;
    struct {
        u16 domid, pad;
        u32 nr, at;
    } set = {DOMID_SELF, 0, 0, (u32)entries};
    struct {
        u32 nr, at;
    } get = {128, (u32)list};
    u32 i;

    SAY(memory_op(9, &get), "memory_map");
    SAY(get.nr, "  entries");
    SAY(list[0], "  start");
    SAY(list[4], "  type");
    get.nr = 0;
    SAY(memory_op(9, &get), "memory_map of none");
    SAY(get.nr, "  entries");
    get.nr = 0xFFFFFFFF;
    SAY(memory_op(9, &get), "memory_map of many");
    SAY(get.nr, "  entries");
    for (i = 0; i < 6; i++) {
        static const u32 at[] = {0, 0x40000000, HYPERVISOR_START, 0xFFFFFFFF, 0, 0};
        get.nr = 1;
        get.at = i < 4 ? at[i] : i == 4 ? (u32)ask_read_only : ASK_END - 19;
        SAY(memory_op(9, &get), "memory_map to 0x%x", i < 4 ? at[i] : i);
        SAY(get.nr, "  entries");
    }
    SAY(memory_op(9, 0), "memory_map, null");
    SAY(memory_op(9, (void *)(ASK_END - 7)), "memory_map, cut");
    memcpy(ask_read_only, &get, 0);
    SAY(memory_op(10, &get), "machine_memory_map");
    for (i = 0; i < 5 * 1024; i++)
        entries[i] = i * 0x1001;
    for (i = 0; i < 4; i++) {
        static const u32 counts[] = {1, 5, 32, 1025};
        set.nr = counts[i];
        SAY(memory_op(13, &set), "set_memory_map of %u", counts[i]);
        get.nr = 200;
        get.at = (u32)list;
        SAY(memory_op(9, &get), "  then");
        SAY(get.nr, "  entries");
        SAY(memcmp(list, entries, 20 * 5), "  are they the same");
    }
    for (i = 0; i < 8; i++) {
        static const u16 domains[] = {1, 0, 99, 0x7FF1, 0x7FF2, 0x7FF4, 0xFFFF, 2};
        set.nr = 1;
        set.domid = domains[i];
        SAY(memory_op(13, &set), "set_memory_map of domain 0x%x", domains[i]);
    }
    set.domid = DOMID_SELF;
    set.at = 0x40000000;
    SAY(memory_op(13, &set), "set_memory_map from an unmapped list");
    set.at = HYPERVISOR_START;
    SAY(memory_op(13, &set), "set_memory_map from the m2p");
    set.nr = 0;
    SAY(memory_op(13, &set), "set_memory_map of none");
    get.nr = 5;
    SAY(memory_op(9, &get), "  then");
    SAY(get.nr, "  entries");
}

void guest_main(void)
{
    set_up_measure();
    queries();
    giving_back();
    taking();
    bad_lists();
    exchanges();
    maps();
}
