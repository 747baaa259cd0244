/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mmu - page-table entries with every flag at every level, type conflicts, every
 * command of mmu_update and mmuext_op with good and odd arguments (docs/xen-abi.md
 * 5.4 to 5.6).
 */
#include "lib/measure.h"

static u32 page[1024] PAGE, other[1024] PAGE, read_only[1024] PAGE, gdt[1024] PAGE;
static pte_t l1[PTES] PAGE, l1b[PTES] PAGE, l2[PTES] PAGE, l2b[PTES] PAGE, l3[PTES] PAGE, l3b[PTES] PAGE;

#define OWN     1u
#define HOLE_VA 0x40000000u /* no L2 there at the start */

static struct mmu_update r[8];
static u32 done;

static s32 update(u64 ptr, u64 val, u32 domain)
{
    r[0].ptr = ptr;
    r[0].val = val;
    done = NOT_WRITTEN;
    return hypercall(NR_mmu_update, (u32)r, 1, (u32)&done, domain, 0);
}

static s32 ext(u32 op, u32 a, u32 b, u32 domain)
{
    u32 e[3] = {op, a, b};

    done = NOT_WRITTEN;
    return hypercall(NR_mmuext_op, (u32)e, 1, (u32)&done, domain, 0);
}

static u64 entry_of(const void *va)
{
    u64 maddr = 0;

    pte_of((u32)va, 1, &maddr);
    return maddr;
}

static u64 ma(const void *va)
{
    return (u64)virt_to_mfn(va) << 12;
}

/* Bits of the frame's number, as far as memory reaches. */
static int in_frame(u32 bit)
{
    return bit >= 12 && bit < 40;
}

/* Each flag alone in addition to a plain entry, at level 1. */
static void flags_level_1(void)
{
    u64 frame = ma(page);
    u32 bit;
    static const u32 combined[] = {0,    1,     2,     3,     4,     5,     6,     7,    0x21,
                                   0x61, 0x63,  0x67,  0xE1,  0x163, 0x1E3, 0x9,   0x11, 0x19,
                                   0x80, 0x181, 0xE01, 0xE67, 0xFFF, 0xFFE, 0xF7F, 0xF67};

    for (bit = 0; bit < 64; bit++) {
        u64 e = (1ull << bit) | 1 | frame;
        if (in_frame(bit))
            continue;
        SAY(map_page(page, e), "L1 entry with bit %u", bit);
        SAY((u32)*L1E(page) & 0xFFF, "  flags there");
        SAY((u32)(*L1E(page) >> 52), "  high flags there");
        map_page(page, pte(virt_to_mfn(page), PTE_RWX));
        SAY(update(entry_of(page), e, DOMID_SELF), "  by mmu_update");
        map_page(page, pte(virt_to_mfn(page), PTE_RWX));
        e &= ~1ull;
        SAY(map_page(page, e), "not present with bit %u", bit);
        SAY(map_page(page, pte(virt_to_mfn(page), PTE_RWX)), "  back");
    }
    for (bit = 0; bit < sizeof(combined) / sizeof(combined[0]); bit++) {
        SAY(map_page(page, frame | combined[bit]), "L1 entry with flags 0x%x", combined[bit]);
        SAY((u32)*L1E(page) & 0xFFF, "  flags there");
        SAY(update(entry_of(page) | 2, frame | combined[bit] | 0x20, DOMID_SELF), "  preserving A and D");
        SAY((u32)*L1E(page) & 0xFFF, "  flags there");
        map_page(page, pte(virt_to_mfn(page), PTE_RWX));
    }
}

static void targets_level_1(void)
{
    struct {
        const char *name;
        u32 mfn;
    } t[] = {{"another page", virt_to_mfn(other)},
             {"the L1 itself", (u32)(entry_of(page) >> 12)},
             {"the L3", virt_to_mfn((void *)start_info->pt_base)},
             {"shared_info", start_info->shared_info >> 12},
             {"frame 0", 0},
             {"frame 1", 1},
             {"frame 0xA0", 0xA0},
             {"frame 0xFF", 0xFF},
             {"a frame beyond memory", 0x7FFFFF},
             {"frame 2^24-1", 0xFFFFFF},
             {"frame 2^32-1", 0xFFFFFFFF},
             {"the m2p's frame", 0},
             {"a page of the GDT", virt_to_mfn(gdt)}};
    u32 i;

    {
        u32 list[3] = {1, 0, 0};
        u32 m = 0;
        list[1] = (u32)&m;
        hypercall(12, 5, (u32)list, 0, 0, 0);
        t[11].mfn = m;
    }
    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        SAY(map_page(page, pte(t[i].mfn, PTE_RO)), "map %s read-only", t[i].name);
        SAY(map_page(page, pte(t[i].mfn, PTE_RWX)), "map %s writable", t[i].name);
        SAY(map_page(page, pte(t[i].mfn, PTE_USER)), "map %s for ring 3", t[i].name);
        SAY(update(entry_of(page), pte(t[i].mfn, PTE_RWX), DOMID_SELF), "  by mmu_update");
        SAY(update(entry_of(page), pte(t[i].mfn, PTE_RWX), 0x7FF1), "  of the I/O domain");
        SAY(update(entry_of(page), pte(t[i].mfn, PTE_RO), 0x7FF1), "  of the I/O domain, read-only");
        map_page(page, pte(virt_to_mfn(page), PTE_RWX));
    }
}

static void domains(void)
{
    static const u32 ids[] = {0x7FF0, OWN, 99, 0x7FF1, 0x7FF2, 0x7FF3, 0x7FF4, 0x7FFF, 0xFFFF, 0x8000};
    u32 i, n;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        u32 e[3] = {6, 0, 0};
        SAY(update(ma(other) + 64, 5, ids[i]), "mmu_update for domain 0x%x", ids[i]);
        SAY(done, "  done");
        SAY(update(entry_of(page), pte(virt_to_mfn(page), PTE_RWX), ids[i]), "  of an L1 entry");
        SAY(update(ma(other) | 1, 0x777, ids[i]), "  m2p");
        update(ma(other) | 1, ((u32)other - VIRT_BASE) / PAGE_SIZE, DOMID_SELF);
        if (ids[i] != OWN) { /* domain 0, which a measuring set-up may have without a vcpu */
            SAY(update(ma(other) + 64, 5, ids[i] << 16 | 0x7FF0), "  in the upper half");
            SAY(done, "  done");
        }
        SAY(update(ma(other) + 64, 5, (ids[i] + 1) << 16 | 0x7FF0), "  plus one in the upper half");
        SAY(done, "  done");
        SAY(hypercall(NR_mmu_update, (u32)r, 0, (u32)&done, ids[i], 0), "  no requests");
        SAY(done, "  done");
        for (n = 0; n < 3; n++) {
            e[0] = n == 0 ? 6 : n == 1 ? 5 : 4;
            e[1] = n == 1 ? virt_to_mfn((void *)start_info->pt_base) : virt_to_mfn(other);
            done = NOT_WRITTEN;
            SAY(hypercall(NR_mmuext_op, (u32)e, 1, (u32)&done, ids[i], 0), "  mmuext_op %u", e[0]);
            SAY(done, "  done");
        }
        done = NOT_WRITTEN;
        SAY(hypercall(NR_mmuext_op, (u32)e, 0, (u32)&done, ids[i], 0), "  no operations");
        SAY(done, "  done");
        SAY(ext(0, virt_to_mfn(l1), 0, ids[i]), "  pin");
        SAY(ext(13, 0, 0, ids[i]), "  LDT");
        SAY(ext(8, 0, 0, ids[i]), "  multi flush, null");
        SAY(ext(16, virt_to_mfn(other), 0, ids[i]), "  clear page");
    }
}

static void commands(void)
{
    u32 cmd;
    u64 at = entry_of(page);
    pte_t there = pte(virt_to_mfn(page), PTE_RWX);

    for (cmd = 0; cmd < 8; cmd++) {
        SAY(update(at | cmd, there, DOMID_SELF), "mmu_update command %u on an L1 entry", cmd);
        SAY(done, "  done");
        if (cmd == 1)
            update((at & ~0xFFFull) | 1, ((u32)mfn_to_virt((u32)(at >> 12)) - VIRT_BASE) / PAGE_SIZE,
                   DOMID_SELF);
        SAY(update((ma(other) + 512) | cmd, 0x11223344, DOMID_SELF), "  on an ordinary page");
        SAY(other[128], "  word");
        if (cmd == 1)
            update(ma(other) | 1, ((u32)other - VIRT_BASE) / PAGE_SIZE, DOMID_SELF);
        SAY(update((u64)0x7FFFF000 | cmd, there, DOMID_SELF), "  beyond memory");
        SAY(update(0xFFFFFFFFFFFFF000ull | cmd, there, DOMID_SELF), "  at the end of the address space");
        SAY(update((u64)start_info->shared_info | cmd, 0, DOMID_SELF), "  on shared_info");
        SAY(update(0x1000 | cmd, 0, DOMID_SELF), "  on frame 1");
        if (cmd == 1)
            UPCALL_PENDING = 0;
    }
    UPCALL_MASK = 1;
    /* The list. */
    for (cmd = 0; cmd < 8; cmd++) {
        r[cmd].ptr = ma(other) + 8 * cmd;
        r[cmd].val = cmd;
    }
    SAY(mmu_update(r, 8, &done), "eight requests");
    SAY(done, "  done");
    memcpy((void *)(ASK_END - 64), r, 64);
    SAY(mmu_update((void *)(ASK_END - 64), 5, &done), "five of which four are readable");
    SAY(done, "  done");
    SAY(mmu_update((void *)(ASK_END - 60), 4, &done), "four of which three are readable");
    SAY(done, "  done");
    SAY(mmu_update((void *)ASK_END, 1, &done), "one that is not readable");
    SAY(done, "  done");
    SAY(mmu_update((void *)(ASK_END - 64), 0x7FFFFFFF, &done), "2^31-1");
    SAY(done, "  done");
    SAY(mmu_update((void *)HYPERVISOR_START, 1, &done), "at Xen");
    SAY(done, "  done");
    SAY(mmu_update((void *)0xFFFFFFF0, 1, &done), "at the end");
    SAY(done, "  done");
    SAY(mmu_update(0, 0x80000000, &done), "continuation of none");
    SAY(done, "  done");
    SAY(hypercall(NR_mmu_update, (u32)r, 2, (u32)ask_read_only, DOMID_SELF, 0), "done read-only");
    SAY(hypercall(NR_mmu_update, (u32)r, 2, ASK_END, DOMID_SELF, 0), "done unmapped");
    SAY(hypercall(NR_mmu_update, (u32)r, 2, HYPERVISOR_START, DOMID_SELF, 0), "done at Xen");
    SAY(hypercall(NR_mmu_update, (u32)r, 2, 0xFFFFFFFF, DOMID_SELF, 0), "done at -1");
    r[3].ptr = 0x7FFFF000;
    SAY(mmu_update(r, 8, &done), "the fourth of eight is bad");
    SAY(done, "  done");
}

static void extended(void)
{
    static const u32 arguments[] = {0, 1, 0xC0000000, HYPERVISOR_START, 0xFFFFF000, 0xFFFFFFFF, 0x7FFFFF};
    u32 op, i, flush = 0;

    for (op = 0; op < 24; op++)
        for (i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
            if (op == 13)
                continue;
            SAY(ext(op, arguments[i], 0, DOMID_SELF), "mmuext %u of 0x%x", op, arguments[i]);
            if (i == 0)
                SAY(done, "  done");
            if (op == 8 || op == 9)
                SAY(ext(op, 0xC0000000, arguments[i], DOMID_SELF), "mmuext %u with mask at 0x%x", op,
                    arguments[i]);
        }
    for (op = 20; op < 32; op++)
        SAY(ext(1u << op, 0, 0, DOMID_SELF), "mmuext 0x%x", 1u << op);
    flush = 1;
    SAY(ext(8, 0, (u32)&flush, DOMID_SELF), "multi flush of vcpu 0");
    flush = 0xFFFFFFFF;
    SAY(ext(8, 0, (u32)&flush, DOMID_SELF), "multi flush of all");
    SAY(ext(9, (u32)page, (u32)&flush, DOMID_SELF), "multi invlpg of all");
    SAY(ext(9, (u32)page, ASK_END - 4, DOMID_SELF), "multi invlpg, mask at the page's end");
    SAY(ext(9, (u32)page, ASK_END - 3, DOMID_SELF), "multi invlpg, mask cut");
    SAY(ext(9, (u32)page, ASK_END, DOMID_SELF), "multi invlpg, mask unmapped");
    for (i = 0; i < 16; i++)
        SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), i), "update_va_mapping flags %u", i);
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), (u32)&flush | 1), "flags with a mask");
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), ASK_END | 1), "flags with an unmapped mask");
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), HYPERVISOR_START | 2),
        "flags with a mask at Xen");
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), 0xFFFFFFFE), "flags -2");
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), (u32)&flush | 3), "flags 3 with a mask");
    SAY(map_page_flags(page, pte(virt_to_mfn(page), PTE_RWX), (u32)&flush), "flags 0 with a mask");
    SAY(map_page((u8 *)page + 0xFFF, pte(virt_to_mfn(page), PTE_RWX)), "low bits of the address");
    SAY(map_page((void *)HOLE_VA, pte(virt_to_mfn(page), PTE_RWX)), "no L2 there");
    SAY(map_page((void *)0xD0000000, 0), "no L1 there, empty");
    SAY(map_page((void *)0, 0), "address 0");
    SAY(map_page((void *)0xFFFFF000, 0), "the last page");
    /* Lists of operations. */
    {
        u32 e[9] = {6, 0, 0, 99, 0, 0, 6, 0, 0};
        done = NOT_WRITTEN;
        SAY(hypercall(NR_mmuext_op, (u32)e, 3, (u32)&done, DOMID_SELF, 0), "the second of three is unknown");
        SAY(done, "  done");
        e[3] = 6;
        SAY(hypercall(NR_mmuext_op, (u32)e, 3, (u32)&done, DOMID_SELF, 0), "three");
        SAY(done, "  done");
        memcpy((void *)(ASK_END - 36), e, 36);
        SAY(hypercall(NR_mmuext_op, ASK_END - 36, 4, (u32)&done, DOMID_SELF, 0),
            "the fourth is not readable");
        SAY(done, "  done");
        SAY(hypercall(NR_mmuext_op, ASK_END - 36, 0x7FFFFFFF, (u32)&done, DOMID_SELF, 0),
            "2^31-1 operations");
        SAY(done, "  done");
        SAY(hypercall(NR_mmuext_op, HYPERVISOR_START, 1, (u32)&done, DOMID_SELF, 0), "operations at Xen");
        SAY(hypercall(NR_mmuext_op, HYPERVISOR_START - 12, 1, (u32)&done, DOMID_SELF, 0),
            "operations below Xen");
        SAY(hypercall(NR_mmuext_op, HYPERVISOR_START - 12, 2, (u32)&done, DOMID_SELF, 0),
            "operations up to Xen");
        SAY(hypercall(NR_mmuext_op, 0, 0x80000000, (u32)&done, DOMID_SELF, 0), "continuation of none");
        SAY(hypercall(NR_mmuext_op, (u32)e, 0x80000001, (u32)&done, DOMID_SELF, 0), "continuation of one");
        SAY(hypercall(NR_mmuext_op, (u32)e, 1, ASK_END, DOMID_SELF, 0), "done unmapped");
        SAY(hypercall(NR_mmuext_op, (u32)e, 1, (u32)ask_read_only, DOMID_SELF, 0), "done read-only");
        SAY(hypercall(NR_mmuext_op, (u32)e, 1, HYPERVISOR_START, DOMID_SELF, 0), "done at Xen");
    }
    for (i = 0; i < 8; i++) {
        static const u32 ents[] = {0, 1, 512, 8191, 8192, 8193, 0x80000000, 0xFFFFFFFF};
        SAY(ext(13, (u32)gdt, ents[i], DOMID_SELF), "LDT of %u entries", ents[i]);
        SAY(ext(13, (u32)gdt + 4, ents[i], DOMID_SELF), "  not aligned");
        SAY(ext(13, HYPERVISOR_START, ents[i], DOMID_SELF), "  at Xen");
        SAY(ext(13, HYPERVISOR_START - PAGE_SIZE, ents[i], DOMID_SELF), "  below Xen");
        SAY(ext(13, 0xFFFFF000, ents[i], DOMID_SELF), "  at the end");
        SAY(ext(13, 0, 0, DOMID_SELF), "  none");
    }
}

/* A table made of `entry` alone, pinned; what is said, and what remains. */
static void pin_with(const char *name, pte_t *table, u32 level, u32 slot, pte_t entry)
{
    s32 rc;

    remap_page(table, PTE_RWX);
    table[slot] = entry;
    remap_page(table, PTE_RO);
    rc = ext(level - 1, virt_to_mfn(table), 0, DOMID_SELF);
    print("got pin L%u with %s = %d\n", level, name, rc);
    if (rc == 0)
        SAY(ext(4, virt_to_mfn(table), 0, DOMID_SELF), "  unpin");
    SAY(remap_page(table, PTE_RWX), "  writable again");
    print("got   entry = 0x%x\n", (u32)table[slot] & 0xFFF);
    table[slot] = 0;
}

static void pins(void)
{
    u32 bit, level;
    pte_t *const tables[] = {0, l1, l2, l3};

    for (level = 1; level <= 4; level++) {
        pte_t *t = level < 4 ? tables[level] : l3b;
        remap_page(t, PTE_RWX);
        memset(t, 0, PAGE_SIZE);
        SAY(ext(level - 1, virt_to_mfn(t), 0, DOMID_SELF), "pin a writable page as L%u", level);
        if (level == 4)
            break;
        SAY(remap_page(t, PTE_RO), "  make it read-only");
        SAY(ext(level - 1, virt_to_mfn(t), 0, DOMID_SELF), "  pin it");
        SAY(ext(level - 1, virt_to_mfn(t), 0, DOMID_SELF), "  again");
        SAY(ext(level % 3, virt_to_mfn(t), 0, DOMID_SELF), "  as L%u", level % 3 + 1);
        SAY(remap_page(t, PTE_RWX), "  map it writable");
        SAY(update(ma(t), 0, DOMID_SELF), "  clear its first entry");
        SAY(update(ma(t) + 4, 0, DOMID_SELF), "  an entry that is not aligned");
        SAY(ext(16, virt_to_mfn(t), 0, DOMID_SELF), "  clear it as a page");
        SAY(ext(17, virt_to_mfn(t), virt_to_mfn(other), DOMID_SELF), "  copy to it");
        SAY(ext(17, virt_to_mfn(page), virt_to_mfn(t), DOMID_SELF), "  copy from it");
        SAY(ext(4, virt_to_mfn(t), 0, DOMID_SELF), "  unpin");
        SAY(ext(4, virt_to_mfn(t), 0, DOMID_SELF), "  again");
        SAY(remap_page(t, PTE_RWX), "  map it writable");
    }
    for (bit = 1; bit < 64; bit++) {
        static char name[16] = "bit ";
        if (in_frame(bit))
            continue;
        name[4] = (char)('0' + bit / 10);
        name[5] = (char)('0' + bit % 10);
        name[6] = 0;
        pin_with(name, l1, 1, 5, (1ull << bit) | ma(other) | 1);
        remap_page(l1b, PTE_RO);
        pin_with(name, l2, 2, 5, (1ull << bit) | ma(l1b) | 1);
        SAY(remap_page(l1b, PTE_RWX), "  its L1 writable again");
        remap_page(l2b, PTE_RO);
        pin_with(name, l3, 3, 1, (1ull << bit) | ma(l2b) | 1);
    }
    remap_page(l2b, PTE_RWX);
    pin_with("itself read-only", l1, 1, 7, ma(l1) | PTE_RO);
    pin_with("itself writable", l1, 1, 7, ma(l1) | PTE_RWX);
    pin_with("itself, linear", l2, 2, 7, ma(l2) | PTE_RO);
    pin_with("itself, linear and writable", l2, 2, 7, ma(l2) | PTE_RWX);
    pin_with("itself", l3, 3, 1, ma(l3) | 1);
    pin_with("a writable page as L1", l2, 2, 7, ma(other) | PTE_RWX);
    pin_with("a writable page as L2", l3, 3, 1, ma(other) | 1);
    pin_with("a page of nobody", l1, 1, 7, 0x7FFFF000ull | 1);
    pin_with("a page of nobody", l2, 2, 7, 0x7FFFF000ull | 1);
    pin_with("a page of nobody", l3, 3, 1, 0x7FFFF000ull | 1);
    pin_with("frame 0", l1, 1, 7, 1);
    pin_with("frame 0", l2, 2, 7, 1);
    pin_with("frame 0", l3, 3, 1, 1);
    pin_with("only slot 3", l3, 3, 3, ma(l2b) | 1);
    pin_with("entry 4", l3, 3, 4, ma(l2b) | 1);
    pin_with("entry 511", l3, 3, 511, ~0ull);
    pin_with("a present slot of Xen's", l2, 2, 500, ma(other) | 1);
    pin_with("shared_info read-only", l1, 1, 7, start_info->shared_info | PTE_RO);
    pin_with("shared_info writable", l1, 1, 7, start_info->shared_info | PTE_RWX);
    pin_with("not present, all bits", l1, 1, 7, ~1ull);
    pin_with("not present, all bits", l2, 2, 7, ~1ull);
    pin_with("not present, all bits", l3, 3, 1, ~1ull);
}

/* The running tables' upper entries. */
static void upper(void)
{
    volatile pte_t *top = (volatile pte_t *)start_info->pt_base;
    u64 top_at = (u64)virt_to_mfn((void *)start_info->pt_base) << 12, at;
    u32 bit, i;
    pte_t *running;

    for (i = 0; i < 6; i++) {
        if (i >= 3) /* a builder may or may not fill those below */
            SAY((u32)top[i] & 0xFFF, "L3 entry %u", i);
        SAY(update(top_at + 8 * i, top[i], DOMID_SELF), "  the same again");
        SAY(update(top_at + 8 * i, ma(other) | 1, DOMID_SELF), "  an ordinary page");
    }
    SAY(update(top_at + 24, 0, DOMID_SELF), "L3 entry 3 cleared");
    SAY(update(top_at + 511 * 8, 0, DOMID_SELF), "L3 entry 511 cleared");
    remap_page(l2b, PTE_RWX);
    memset(l2b, 0, PAGE_SIZE);
    remap_page(l2b, PTE_RO);
    for (bit = 1; bit < 64; bit++) {
        if (in_frame(bit))
            continue;
        SAY(update(top_at + 8, ma(l2b) | 1 | 1ull << bit, DOMID_SELF), "L3 entry 1 with bit %u", bit);
        SAY((u32)top[1] & 0xFFF, "  flags there");
        SAY(update(top_at + 8, 0, DOMID_SELF), "  and away");
    }
    SAY(update(top_at + 8, ma(l2b) | 1, DOMID_SELF), "L3 entry 1");
    remap_page(l1b, PTE_RWX);
    memset(l1b, 0, PAGE_SIZE);
    remap_page(l1b, PTE_RO);
    for (bit = 1; bit < 64; bit++) {
        if (in_frame(bit))
            continue;
        SAY(update(ma(l2b) + 16, ma(l1b) | 1 | 1ull << bit, DOMID_SELF), "L2 entry with bit %u", bit);
        SAY((u32)l2b[2] & 0xFFF, "  flags there");
        SAY(update(ma(l2b) + 16, 0, DOMID_SELF), "  and away");
    }
    SAY(update(ma(l2b) + 16, ma(l1b) | 7, DOMID_SELF), "L2 entry");
    SAY(update(ma(l2b) + 24, ma(l1b) | 7, DOMID_SELF), "the same L1 in a second slot");
    SAY(update(ma(l2b) + 32, ma(l2b) | 5, DOMID_SELF), "the L2 in itself, read-only");
    SAY(update(ma(l2b) + 32, ma(l2b) | 7, DOMID_SELF), "the L2 in itself, writable");
    SAY(update(ma(l2b) + 40, ma(other) | 7, DOMID_SELF), "an ordinary page as L1");
    SAY(update(ma(l2b) + 500 * 8, ma(l1b) | 7, DOMID_SELF), "the slot that Xen has in another L2");
    SAY(update(ma(l1b), ma(page) | PTE_RWX, DOMID_SELF), "an entry of the L1");
    page[0] = 0x1234;
    SAY(*(volatile u32 *)(HOLE_VA + 2 * 0x200000), "  read through it");
    SAY(*(volatile u32 *)(HOLE_VA + 3 * 0x200000), "  through the second slot");
    SAY(map_page((void *)(HOLE_VA + 2 * 0x200000 + 0x1000), ma(other) | PTE_RO), "  update_va_mapping there");
    SAY(map_page((void *)(HOLE_VA + 5 * 0x200000), ma(other) | PTE_RO), "  where there is no L1");
    SAY(update(top_at + 16, ma(l2b) | 1, DOMID_SELF), "the same L2 in L3 entry 2");
    SAY(update(top_at + 16, 0, DOMID_SELF), "  away");
    SAY(update(top_at + 16, top[3], DOMID_SELF), "the L2 of slot 3 in L3 entry 2");
    SAY(update(top_at + 8, ma(other) | 1, DOMID_SELF), "L3 entry 1: an ordinary page instead");
    SAY((u32)top[1] & 1, "  still there");
    SAY(update(top_at + 8, 0, DOMID_SELF), "L3 entry 1 away");
    SAY(remap_page(l2b, PTE_RWX), "its L2 writable again");
    SAY(remap_page(l1b, PTE_RWX), "its L1 writable again");
    memset(l2b, 0, PAGE_SIZE);
    memset(l1b, 0, PAGE_SIZE);
    running = mfn_to_virt((u32)(top[3] >> 12));
    at = top[3] & 0xFFFFFFFFF000ull;
    for (i = 424; i < 512; i++) {
        SAY((u32)running[i] & 0x1DF, "L2 entry %u", i);
        SAY(update(at + i * 8, running[i], DOMID_SELF), "  the same again");
        if (i >= 428)
            SAY(update(at + i * 8, 0, DOMID_SELF), "  cleared");
    }
    SAY(ext(0, (u32)(at >> 12), 0, DOMID_SELF), "pin the running L2 as L1");
    SAY(ext(1, (u32)(at >> 12), 0, DOMID_SELF), "pin the running L2 as L2");
    SAY(ext(2, (u32)(top_at >> 12), 0, DOMID_SELF), "pin the running L3");
    SAY(ext(5, (u32)(top_at >> 12), 0, DOMID_SELF), "baseptr to itself");
    SAY(ext(5, virt_to_mfn(other), 0, DOMID_SELF), "baseptr to an ordinary page");
    SAY(ext(5, (u32)(at >> 12), 0, DOMID_SELF), "baseptr to the running L2");
    SAY(ext(15, (u32)(top_at >> 12), 0, DOMID_SELF), "user baseptr");
}

static void descriptors(void)
{
    static const u32 counts[] = {0, 1, 511, 512, 513, 7168, 7169, 8192, 0xFFFFFFFF};
    u32 frames[16] = {0}, i, bit;

    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        frames[0] = virt_to_mfn(gdt);
        remap_page(gdt, PTE_RO);
        SAY(hypercall(NR_set_gdt, (u32)frames, counts[i], 0, 0, 0), "set_gdt of %u", counts[i]);
        hypercall(NR_set_gdt, 0, 0, 0, 0, 0);
        SAY(hypercall(NR_set_gdt, ASK_END, counts[i], 0, 0, 0), "  list unmapped");
        SAY(hypercall(NR_set_gdt, HYPERVISOR_START, counts[i], 0, 0, 0), "  list at Xen");
        SAY(hypercall(NR_set_gdt, ASK_END - 2, counts[i], 0, 0, 0), "  list cut");
    }
    remap_page(gdt, PTE_RWX);
    frames[0] = virt_to_mfn(gdt);
    SAY(hypercall(NR_set_gdt, (u32)frames, 1, 0, 0, 0), "set_gdt of a writable page");
    frames[0] = 0x7FFFF;
    SAY(hypercall(NR_set_gdt, (u32)frames, 1, 0, 0, 0), "set_gdt beyond memory");
    frames[0] = 0;
    SAY(hypercall(NR_set_gdt, (u32)frames, 1, 0, 0, 0), "set_gdt of frame 0");
    frames[0] = virt_to_mfn((void *)start_info->pt_base);
    SAY(hypercall(NR_set_gdt, (u32)frames, 1, 0, 0, 0), "set_gdt of the L3");
    /* Every type, present and not, by update_descriptor to an ordinary page. */
    for (i = 0; i < 256; i++) {
        u64 at = ma(other) + 256;
        u32 low = 0x0000FFFF, high = 0x00C00000 | i << 8;
        other[64] = other[65] = 0;
        s32 rc = hypercall(10, (u32)at, (u32)(at >> 32), low, high, 0);
        print("got descriptor 0x%x = %d: 0x%x 0x%x\n", i << 8, rc, other[64], other[65]);
    }
    for (bit = 0; bit < 64; bit++) {
        u64 at = ma(other) + 256, desc = 0x00CFBB000000FFFFull ^ 1ull << bit;
        other[64] = other[65] = 0;
        s32 rc = hypercall(10, (u32)at, (u32)(at >> 32), (u32)desc, (u32)(desc >> 32), 0);
        print("got descriptor 0x%x 0x%x = %d: 0x%x 0x%x\n", (u32)desc, (u32)(desc >> 32), rc, other[64],
              other[65]);
        desc = 0x0000EC000018FFFFull ^ 1ull << bit;
        rc = hypercall(10, (u32)at, (u32)(at >> 32), (u32)desc, (u32)(desc >> 32), 0);
        print("got gate 0x%x 0x%x = %d: 0x%x 0x%x\n", (u32)desc, (u32)(desc >> 32), rc, other[64], other[65]);
    }
    for (i = 0; i < 9; i++) {
        u64 at = ma(other) + i;
        SAY(hypercall(10, (u32)at, (u32)(at >> 32), 0, 0, 0), "update_descriptor at offset %u", i);
    }
    SAY(hypercall(10, 0x7FFFF000, 0, 0, 0, 0), "update_descriptor beyond memory");
    SAY(hypercall(10, 0, 1, 0, 0, 0), "update_descriptor at 4 GiB");
    SAY(hypercall(10, 0xFFFFFFF8, 0xFFFFFFFF, 0, 0, 0), "update_descriptor at the end");
    SAY(hypercall(10, 0, 0, 0, 0, 0), "update_descriptor at 0");
    SAY(hypercall(10, start_info->shared_info, 0, 0, 0, 0), "update_descriptor in shared_info");
    SAY(hypercall(10, (u32)entry_of(page), 0, 0, 0, 0), "update_descriptor in an L1");
    remap_page(read_only, PTE_RO);
    SAY(hypercall(10, (u32)ma(read_only), 0, 0, 0, 0), "update_descriptor in a read-only page");
}

void guest_main(void)
{
    set_up_measure();
    flags_level_1();
    targets_level_1();
    domains();
    commands();
    extended();
    pins();
    upper();
    descriptors();
}
