/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grants - grant_table_op as an ordinary domain can use it: the table, its own grants
 * mapped, unmapped, replaced, copied, swapped and transferred, and every way to be
 * refused (docs/xen-abi.md 8.20).
 */
#include "lib/paging.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
#define OWN  1u /* the domain's own number */

enum {
    MAP,
    UNMAP,
    SETUP,
    TRANSFER = 4,
    COPY,
    QUERY_SIZE,
    REPLACE,
    SET_VERSION,
    GET_STATUS_FRAMES,
    GET_VERSION,
    SWAP,
    CACHE_FLUSH
};
enum { DEVICE_MAP = 1, HOST_MAP = 2, RO = 4, APPLICATION = 8, BY_PTE = 16 };
enum { PERMIT = 1, ACCEPT = 2, READONLY = 4, READING = 8, WRITING = 16, SUB_PAGE = 256 };

#define OKAY          0
#define GENERAL       -1
#define BAD_DOMAIN    -2
#define BAD_GNTREF    -3
#define BAD_HANDLE    -4
#define BAD_DEV_ADDR  -6
#define NOT_PERMITTED -8
#define BAD_PAGE      -9
#define BAD_COPY_ARG  -10
#define EAGAIN_       -12

struct grant_entry {
    u16 flags, domid;
    u32 frame;
};

struct copy_op {
    u32 source;
    u16 source_domid, source_offset;
    u32 dest;
    u16 dest_domid, dest_offset, len, flags, status, pad;
};

static u32 page[1024] PAGE, other[1024] PAGE, window[1024] PAGE, gone[1024] PAGE;
static struct grant_entry table[512] PAGE;
static volatile u16 *flags_of(u32 ref)
{
    return &((volatile struct grant_entry *)table)[ref].flags;
}

static s32 op(u32 cmd, const void *arg, u32 count)
{
    return hypercall(NR_grant_table_op, cmd, (u32)arg, count, 0, 0);
}

static void offer(u32 ref, u32 mfn, u32 flags, u32 domid)
{
    table[ref].domid = (u16)domid;
    table[ref].frame = mfn;
    *flags_of(ref) = (u16)flags;
}

static u32 handle, bus;

static s32 map(u64 host, u32 flags, u32 ref, u32 dom)
{
    u32 a[8] = {(u32)host, (u32)(host >> 32), flags, ref, dom | 0x77770000, 0xBAD, 0xBAD, 0xBAD};
    s32 rc = op(MAP, a, 1);

    handle = a[5];
    bus = a[6];
    return rc ? rc * 1000 : (s32)a[4] >> 16;
}

static s32 unmap_by(u32 cmd, u64 host, u32 second, u32 which)
{
    u32 a[6] = {(u32)host, (u32)(host >> 32), second, 0, which, 0x7777};
    s32 rc = op(cmd, a, 1);

    return rc ? rc * 1000 : (s32)(a[5] << 16) >> 16;
}

static s32 unmap(const void *host, u32 second)
{
    return unmap_by(UNMAP, (u32)host, second, handle);
}

/* --- the table --------------------------------------------------------------------- */

static u32 frames[64];

static s32 setup(u32 dom, u32 nr, const void *list)
{
    u32 a[4] = {dom, nr, 0x7777, (u32)list};
    s32 rc = op(SETUP, a, 1);

    return rc ? rc * 1000 : (s32)(a[2] << 16) >> 16;
}

static void the_table(void)
{
    u32 max = xen == XEN_4_17 ? 64 : xen == XEN_3_2 ? 32 : 4, i, same = 0;
    u32 size[4] = {DOMID_SELF, 0, 0, 0x7777};

    CHECK("setup_table", setup(DOMID_SELF, 1, frames), OKAY);
    CHECK("the table is mapped", map_page(table, pte(frames[0], PTE_RWX)), 0);
    CHECK("more frames than may be", setup(DOMID_SELF, max + 1, frames), GENERAL);
    CHECK("another domain's table", setup(99, 1, frames), xen == XEN_4_17 ? BAD_DOMAIN : NOT_PERMITTED);
    CHECK("its own number", setup(OWN, 1, frames), xen == XEN_4_17 ? OKAY : NOT_PERMITTED);
    if (xen == XEN_4_17) {
        CHECK("a list that is not mapped", setup(DOMID_SELF, 1, (void *)0x1000), OKAY);
        CHECK("a list in the hole", setup(DOMID_SELF, 1, (void *)0xFFFFF000u), -14000);
    }
    CHECK("two tables", op(SETUP, size, 2), -EINVAL);
    CHECK("all frames", setup(DOMID_SELF, max, frames), OKAY);
    for (i = 1; i < max; i++)
        same += frames[i] == frames[i - 1] || !frames[i];
    CHECK("frames that are the same", same, 0);
    CHECK("the last is mapped", map_page(window, pte(frames[max - 1], PTE_RWX)), 0);
    CHECK("and empty", window[0] | window[1023], 0);
    map_page(window, 0);
    if (xen >= XEN_3_2) {
        CHECK("query_size", op(QUERY_SIZE, size, 1), 0);
        CHECK("frames now", size[1], max);
        CHECK("frames at most", size[2], max);
        CHECK("status", size[3] & 0xFFFF, 0);
    }
}

/* --- mappings ------------------------------------------------------------------------ */

#define NX_417 (xen == XEN_4_17 ? (u64)1 << 63 : 0)

static void host_maps(u32 mfn)
{
    pte_t entry;

    CHECK("map", map((u32)window, HOST_MAP, 9, OWN), OKAY);
    entry = *L1E(window);
    CHECK("its frame", (u32)(entry >> 12) - mfn, 0);
    CHECK("its flags", (u32)entry & 0xFFF, 0x63);
#ifdef GUEST_PAE
    CHECK("its high word", (u32)(entry >> 32), (u32)(NX_417 >> 32));
#endif
    CHECK("bus address", bus - (mfn << 12), 0);
    CHECK("flags of the grant", *flags_of(9), PERMIT | READING | WRITING);
    window[5] = 0x1234;
    CHECK("what is written there", page[5], 0x1234);
    CHECK("unmap", unmap(window, 0), OKAY);
    CHECK("the entry after that", (u32)*L1E(window), 0);
    CHECK("the grant after that", *flags_of(9), PERMIT);
    CHECK("unmap again", unmap(window, 0), BAD_HANDLE);

    offer(9, mfn, PERMIT | READONLY, OWN);
    CHECK("a read-only grant, to write", map((u32)window, HOST_MAP, 9, OWN), GENERAL);
    CHECK("a read-only grant", map((u32)window, HOST_MAP | RO | APPLICATION, 9, OWN), OKAY);
    CHECK("flags of its entry", (u32)*L1E(window) & 0xFFF, 0x65);
    CHECK("flags of the grant", *flags_of(9), PERMIT | READONLY | READING);
    CHECK("unmap", unmap(window, 0), OKAY);
    offer(9, mfn, PERMIT, OWN);
    CHECK("available bits", map((u32)window, HOST_MAP | 0x70000, 9, OWN), OKAY);
    CHECK("flags of its entry", (u32)*L1E(window) & 0xFFF, xen == XEN_4_17 ? 0xE63 : 0x63);
    CHECK("unmap", unmap(window, 0), OKAY);
}

static void maps_by_pte(u32 mfn)
{
    u64 maddr = 0;

    pte_of((u32)window, 1, &maddr);
    CHECK("map by the entry's address", map(maddr, HOST_MAP | BY_PTE, 9, OWN), OKAY);
    CHECK("its frame", (u32)(*L1E(window) >> 12) - mfn, 0);
    CHECK("replace it", unmap_by(REPLACE, maddr, (u32)other, handle), GENERAL);
    CHECK("unmap", unmap_by(UNMAP, maddr, 0, handle), OKAY);
    CHECK("not aligned", map(maddr + 1, HOST_MAP | BY_PTE, 9, OWN), GENERAL);
    CHECK("in no table", map((u64)mfn << 12, HOST_MAP | BY_PTE, 9, OWN), GENERAL);
    CHECK("in no frame", map((u64)0x0FFFFFFF << 12, HOST_MAP | BY_PTE, 9, OWN), GENERAL);
    CHECK("at the end of the world", map(~(u64)7, HOST_MAP | BY_PTE, 9, OWN), GENERAL);
}

static void device_maps(u32 mfn)
{
    u32 wrong = xen == XEN_4_17 ? BAD_DEV_ADDR : GENERAL;

    CHECK("device and host", map((u32)window, DEVICE_MAP | HOST_MAP, 9, OWN), OKAY);
    CHECK("a wrong bus address", unmap(0, bus + 0x1000), wrong);
    CHECK("no address at all", unmap(0, 0), OKAY);
    CHECK("the host's alone", unmap(window, 0), OKAY);
    CHECK("flags of the grant", *flags_of(9), PERMIT | READING | WRITING);
    CHECK("the device's alone", unmap(0, mfn << 12), OKAY);
    CHECK("flags of the grant", *flags_of(9), PERMIT);
    CHECK("once more", unmap(0, mfn << 12), BAD_HANDLE);
    CHECK("device", map(0, DEVICE_MAP | RO, 9, OWN), OKAY);
    CHECK("both, one is not there", unmap(window, mfn << 12), OKAY);
    CHECK("device and host, no table", map(0xE0000000u, DEVICE_MAP | HOST_MAP, 9, OWN), GENERAL);
    CHECK("flags of the grant", *flags_of(9), PERMIT);
}

static void replaced(u32 mfn)
{
    u32 its = virt_to_mfn(other);

    CHECK("map", map((u32)window, HOST_MAP, 9, OWN), OKAY);
    CHECK("replace by nothing mapped", unmap_by(REPLACE, (u32)window, 0xE0000000u, handle), GENERAL);
    CHECK("replace by the hole", unmap_by(REPLACE, (u32)window, 0xFFFFF000u, handle), GENERAL);
    CHECK("replace", unmap_by(REPLACE, (u32)window, (u32)other, handle), OKAY);
    CHECK("what is there now", (u32)(*L1E(window) >> 12) - its, 0);
    CHECK("what it was taken from", (u32)*L1E(other), 0);
    CHECK("its place again", remap_page(other, PTE_RWX), 0);
    CHECK("the window again", map_page(window, 0), 0);
    CHECK("flags of the grant", *flags_of(9), PERMIT);
    CHECK("map", map((u32)window, HOST_MAP, 9, OWN), OKAY);
    CHECK("elsewhere", unmap(other, 0), GENERAL);
    CHECK("replaced by itself", unmap_by(REPLACE, (u32)window, (u32)window, handle), GENERAL);
    CHECK("the entry after that", (u32)*L1E(window), 0);
    CHECK("flags of the grant", *flags_of(9), PERMIT | READING | WRITING);
    /* That use lasts as long as the domain; its entry no longer counts. */
    offer(9, 1, 0, 0);
    CHECK("in use: mapped whatever it says", map((u32)window, HOST_MAP, 9, OWN), OKAY);
    CHECK("the frame that it was", (u32)(*L1E(window) >> 12) - mfn, 0);
    CHECK("unmap", unmap(window, 0), OKAY);
}

static void map_refusals(u32 mfn)
{
    u32 own_l1 = (u32)(*pte_of((u32)window, 2, 0) >> 12);
    u32 sub = xen == XEN_4_17 ? GENERAL : OKAY, no_page = xen == XEN_4_17 ? BAD_PAGE : GENERAL;

    CHECK("no kind of mapping", map((u32)window, 0, 10, 99), BAD_GNTREF);
    CHECK("no such domain", map((u32)window, HOST_MAP, 10, 99), BAD_DOMAIN);
    CHECK("DOMID_SELF", map((u32)window, HOST_MAP, 10, DOMID_SELF), BAD_DOMAIN);
    CHECK("domain 0", map((u32)window, HOST_MAP, 10, 0), GENERAL);
    CHECK("a grant that is none", map((u32)window, HOST_MAP, 10, OWN), GENERAL);
    CHECK("beyond the table", map((u32)window, HOST_MAP, 0x8000, OWN), BAD_GNTREF);
    CHECK("far beyond", map((u32)window, HOST_MAP, 0xFFFFFFFF, OWN), BAD_GNTREF);
    offer(10, mfn, PERMIT, 0);
    CHECK("for another domain", map((u32)window, HOST_MAP, 10, OWN), GENERAL);
    offer(10, mfn, PERMIT | SUB_PAGE, OWN);
    CHECK("a part of a page", map((u32)window, HOST_MAP, 10, OWN), sub);
    if (sub == OKAY)
        unmap(window, 0);
    offer(10, 0x0FFFFFFF, PERMIT, OWN);
    CHECK("no such frame", map((u32)window, HOST_MAP, 10, OWN), no_page);
    CHECK("flags of the grant", *flags_of(10), PERMIT);
    offer(10, 0xA0, PERMIT, OWN);
    CHECK("I/O space", map((u32)window, HOST_MAP, 10, OWN), no_page);
    offer(10, own_l1, PERMIT, OWN);
    CHECK("a page table", map((u32)window, HOST_MAP, 10, OWN), GENERAL);
    CHECK("flags of the grant", *flags_of(10), PERMIT);
    CHECK("a page table, to read", map((u32)window, HOST_MAP | RO, 10, OWN), OKAY);
    CHECK("unmap", unmap(window, 0), OKAY);
    offer(10, mfn, PERMIT, OWN);
    CHECK("no table at the address", map(0xE0000000u, HOST_MAP, 10, OWN), GENERAL);
    CHECK("in the hole", map(0xFFFFF000u, HOST_MAP, 10, OWN), GENERAL);
    CHECK("beyond 4 GiB", map((u64)1 << 32 | (u32)window, HOST_MAP, 10, OWN), GENERAL);
    CHECK("a handle that never was", unmap_by(UNMAP, (u32)window, 0, 0x7FFFFFFF), BAD_HANDLE);
    CHECK("unmap: changed by hand", map((u32)window, HOST_MAP, 10, OWN), OKAY);
    map_page(window, 0);
    CHECK("unmap: not there", unmap(window, 0), GENERAL);
}

/* Handles are given out in an order that a guest can see. */
static void handles(u32 mfn)
{
    u32 first, i, steps = 0;

    offer(11, mfn, PERMIT, OWN);
    map((u32)window, HOST_MAP, 11, OWN);
    first = handle;
    unmap(window, 0);
    for (i = 0; i < 1000; i++) {
        if (map((u32)window, HOST_MAP, 11, OWN))
            break;
        steps += handle != first;
        if (unmap(window, 0))
            break;
    }
    CHECK("mapped and unmapped", i, 1000);
    CHECK("under other handles", steps > 500, xen == XEN_4_17);
    CHECK("flags of the grant", *flags_of(11), PERMIT);
    for (i = 0; i < 200 && !map(0, DEVICE_MAP, 11, OWN); i++)
        continue;
    CHECK("mappings of one grant", i, 128);
    CHECK("and one to read", map(0, DEVICE_MAP | RO, 11, OWN), xen == XEN_4_17 ? OKAY : GENERAL);
}

/* An ordinary domain of the first releases. */
static void early_maps(void)
{
    if (xen == XEN_3_0_4) {
        CHECK("map without rights", map((u32)window, HOST_MAP, 9, OWN), -EPERM * 1000);
    } else {
        CHECK("map its own", map((u32)window, HOST_MAP, 9, OWN), BAD_DOMAIN);
        CHECK("domain 0", map((u32)window, HOST_MAP, 9, 0), GENERAL);
        CHECK("an address of Xen's", map(0xFFFFF000u, HOST_MAP, 9, 0), -5);
        CHECK("no kind of mapping", map(0, 0, 9, 0), BAD_GNTREF);
        CHECK("beyond the table", map(0, HOST_MAP, 2048, 0), BAD_GNTREF);
    }
    CHECK("unmap", unmap_by(UNMAP, (u32)window, 0, 0), BAD_HANDLE);
}

/* --- copies, swaps, transfers ---------------------------------------------------------- */

static s32 copy(u32 source, u32 source_domid, u32 dest, u32 dest_domid, u32 offset, u32 len, u32 flags)
{
    struct copy_op a = {source, (u16)source_domid, (u16)offset, dest,   (u16)dest_domid,
                        8,      (u16)len,          (u16)flags,  0x7777, 0};
    s32 rc = op(COPY, &a, 1);

    return rc ? rc * 1000 : (s32)((u32)a.status << 16) >> 16;
}

static void copies(u32 mfn)
{
    u32 to = virt_to_mfn(other), l1 = (u32)(*pte_of((u32)window, 2, 0) >> 12), i;
    u32 no_page = xen == XEN_4_17 ? BAD_PAGE : GENERAL;
    static struct copy_op many[300];

    page[1] = 0xC0FFEE;
    CHECK("frame to frame", copy(mfn, DOMID_SELF, to, DOMID_SELF, 4, 4, 0), OKAY);
    CHECK("what arrived", other[2], 0xC0FFEE);
    offer(12, mfn, PERMIT | READONLY, OWN);
    other[2] = 0;
    CHECK("grant to frame", copy(12, OWN, to, DOMID_SELF, 4, 4, 1), OKAY);
    CHECK("what arrived", other[2], 0xC0FFEE);
    CHECK("flags of the grant", *flags_of(12), PERMIT | READONLY);
    CHECK("to a read-only grant", copy(to, DOMID_SELF, 12, OWN, 4, 4, 2), GENERAL);
    offer(13, to, PERMIT, OWN);
    CHECK("grant to grant", copy(12, OWN, 13, DOMID_SELF, 0, 4088, 3), OKAY);
    CHECK("flags of the grant", *flags_of(13), PERMIT);
    CHECK("beyond the page", copy(mfn, DOMID_SELF, to, DOMID_SELF, 0, 4089, 0), BAD_COPY_ARG);
    CHECK("beyond, of no domain", copy(1, 99, to, DOMID_SELF, 0, 4089, 1),
          xen == XEN_4_17 ? BAD_DOMAIN : BAD_COPY_ARG);
    CHECK("a frame by number", copy(mfn, OWN, to, DOMID_SELF, 0, 4, 0), NOT_PERMITTED);
    CHECK("into a frame by number", copy(mfn, DOMID_SELF, to, OWN, 0, 4, 0), NOT_PERMITTED);
    CHECK("no such domain", copy(1, 99, to, DOMID_SELF, 0, 4, 1), BAD_DOMAIN);
    CHECK("domain 0's grant", copy(1, 0, to, DOMID_SELF, 0, 4, 1), GENERAL);
    CHECK("beyond the table", copy(0x8000, OWN, to, DOMID_SELF, 0, 4, 1), BAD_GNTREF);
    CHECK("no such frame", copy(0x0FFFFFFF, DOMID_SELF, to, DOMID_SELF, 0, 4, 0), no_page);
    CHECK("into a page table", copy(mfn, DOMID_SELF, l1, DOMID_SELF, 0, 4, 0), GENERAL);
    CHECK("nothing at all", copy(mfn, DOMID_SELF, to, DOMID_SELF, 0, 0, 0), OKAY);
    for (i = 0; i < 300; i++)
        many[i] =
            (struct copy_op){mfn, DOMID_SELF, 4, i % 7 ? to : 0x0FFFFFFF, DOMID_SELF, 8, 4, 0, 0x7777, 0};
    CHECK("many", op(COPY, many, 300), 0);
    CHECK("the first", many[0].status, no_page & 0xFFFF);
    CHECK("the last", many[299].status, OKAY);
}

static s32 transfer(u32 mfn, u32 dom, u32 ref)
{
    u32 a[4] = {mfn, dom, ref, 0x7777};
    s32 rc = op(TRANSFER, a, 1);

    return rc ? rc * 1000 : (s32)(a[3] << 16) >> 16;
}

static s32 pages_now(void)
{
    static u16 self = DOMID_SELF;
    return hypercall(NR_memory_op, 3, (u32)&self, 0, 0, 0);
}

static void transfers(void)
{
    u32 mfn = virt_to_mfn(gone);
    s32 before = pages_now();

    CHECK("no such frame", transfer(0x0FFFFFFF, 0, 14), BAD_PAGE);
    CHECK("one that is mapped", transfer(mfn, OWN, 14), BAD_PAGE);
    map_page(gone, 0);
    offer(14, 0x321, ACCEPT, OWN);
    CHECK("to itself", transfer(mfn, OWN, 14), OKAY);
    CHECK("flags of the grant", *flags_of(14), 14);
    CHECK("its frame", table[14].frame - mfn, 0);
    CHECK("its m2p entry", m2p()[mfn], 0x321);
    CHECK("to no domain", transfer(mfn, 99, 14), BAD_DOMAIN);
    CHECK("the page is gone", transfer(mfn, OWN, 14), BAD_PAGE);
    if (before > 0)
        CHECK("pages less", before - pages_now(), 1);
}

static void swaps(u32 mfn)
{
    u32 a[3] = {15, 16, 0x7777};

    offer(15, mfn, PERMIT, OWN);
    offer(16, 0x777, ACCEPT, 7);
    CHECK("swap", op(SWAP, a, 1), 0);
    CHECK("status", a[2] & 0xFFFF, OKAY);
    CHECK("the second", table[16].frame - mfn, 0);
    CHECK("the first", table[15].frame, 0x777);
    CHECK("map", map((u32)window, HOST_MAP, 16, OWN), OKAY);
    op(SWAP, a, 1);
    CHECK("in use", a[2] & 0xFFFF, EAGAIN_ & 0xFFFF);
    unmap(window, 0);
    a[1] = 0x8000;
    op(SWAP, a, 1);
    CHECK("beyond the table", a[2] & 0xFFFF, BAD_GNTREF & 0xFFFF);
}

static s32 flush(u32 maddr, u32 offset, u32 len, u32 what, u32 going_on)
{
    u32 a[4] = {maddr, 0, offset | len << 16, what};
    return op(CACHE_FLUSH | going_on << 12, a, 1);
}

static void flushes(u32 mfn)
{
    u32 at = mfn << 12;

    CHECK("clean", flush(at, 0, 4096, 1, 0), 0);
    CHECK("clean and invalidate", flush(at, 8, 8, 3, 0), 0);
    CHECK("invalidate", flush(at, 0, 8, 2, 0), -95);
    CHECK("another operation", flush(at, 0, 8, 4, 0), -EINVAL);
    CHECK("beyond the page", flush(at, 4089, 8, 1, 0), -EINVAL);
    CHECK("at the page's end", flush(at, 4096, 0, 1, 0), -EINVAL);
    CHECK("nothing", flush(at, 4095, 0, 1, 0), 0);
    CHECK("nothing, from a place on", flush(at, 4095, 0, 1, 1), -84);
    CHECK("no operation", flush(at, 0, 8, 0, 0), 0);
    CHECK("another command, from a place on", op(GET_VERSION | 1 << 12, table, 1), -EINVAL);
    CHECK("a command that is none", op(99, table, 1), -ENOSYS);
    CHECK("no entries", op(99, table, 0x80000000u), -EINVAL);
}

static void versions(void)
{
    u32 one = 1, three = 3, get[2] = {DOMID_SELF, 77}, status[3] = {1, DOMID_SELF | 0x77770000, (u32)frames};

    CHECK("version", op(GET_VERSION, get, 1), 0);
    CHECK("its number", get[1], 1);
    get[0] = 99;
    CHECK("another domain's", op(GET_VERSION, get, 1), -ESRCH);
    get[0] = 0;
    CHECK("domain 0's", op(GET_VERSION, get, 1), -EPERM);
    CHECK("set version 1", op(SET_VERSION, &one, 1), 0);
    CHECK("set version 3", op(SET_VERSION, &three, 1), -EINVAL);
    CHECK("the version then", three, 1);
    CHECK("status frames", op(GET_STATUS_FRAMES, status, 1), 0);
    CHECK("their status", status[1] >> 16, GENERAL & 0xFFFF);
    status[0] = 0;
    CHECK("no status frames", op(GET_STATUS_FRAMES, status, 1), 0);
    CHECK("their status", status[1] >> 16, OKAY);
    status[0] = 1;
    status[2] = 0xFFFFF000u;
    CHECK("status frames, a list in the hole", op(GET_STATUS_FRAMES, status, 1), -EFAULT);
    CHECK("status frames, two", op(GET_STATUS_FRAMES, status, 2), -EINVAL);
}

void guest_main(void)
{
    u32 mfn = virt_to_mfn(page);

    map_page(window, 0);
    the_table();
    offer(9, mfn, PERMIT, OWN);
    if (xen >= XEN_3_2) {
        host_maps(mfn);
        maps_by_pte(mfn);
        device_maps(mfn);
        replaced(mfn);
        map_refusals(mfn);
        handles(mfn);
    } else {
        early_maps();
    }
    if (xen >= XEN_3_0_4)
        copies(mfn);
    transfers();
    if (xen == XEN_4_17) {
        swaps(mfn);
        flushes(mfn);
        versions();
    }
}
