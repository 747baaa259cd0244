/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ptwrites - stores of every size and kind to page tables that are mapped read-only,
 * with and without vm_assist 2 (docs/xen-abi.md 5.6, 5.7). The table is one of the
 * guest's own, in use.
 */
#include "lib/measure.h"

static pte_t table[512] PAGE, plain[512] PAGE;
static u8 target[PAGE_SIZE] PAGE, other[PAGE_SIZE] PAGE;
#define HOLE_VA 0xE0000000u

/* Each stores EAX (and EDX) at EDI, on entry 8 of the table or a part of it. */
static const struct store {
    const char *name;
    u8 code[12], len;
} stores[] = {
    {"movb", {0x88, 0x07}, 2},
    {"movw", {0x66, 0x89, 0x07}, 3},
    {"movl", {0x89, 0x07}, 2},
    {"xchgl", {0x87, 0x07}, 2},
    {"addl", {0x01, 0x07}, 2},
    {"orl", {0x09, 0x07}, 2},
    {"andl", {0x21, 0x07}, 2},
    {"lock orl", {0xF0, 0x09, 0x07}, 3},
    {"btsl $6", {0x0F, 0xBA, 0x2F, 0x06}, 4},
    {"lock btrl $0", {0xF0, 0x0F, 0xBA, 0x37, 0x00}, 5},
    {"notl", {0xF7, 0x17}, 2},
    {"incl", {0xFF, 0x07}, 2},
    {"cmpxchgl", {0x0F, 0xB1, 0x07}, 3},
    {"xaddl", {0x0F, 0xC1, 0x07}, 3},
    {"stosl", {0xAB}, 1},
    {"movl imm 0", {0xC7, 0x07, 0, 0, 0, 0}, 6},
    {"cmpxchg8b", {0x0F, 0xC7, 0x0F}, 3},
    {"lock cmpxchg8b", {0xF0, 0x0F, 0xC7, 0x0F}, 4},
    {"andb", {0x20, 0x07}, 2},
    {"popl", {0x50, 0x8F, 0x07}, 3},
};

static u64 entry_at(u32 i)
{
    return ((volatile u64 *)table)[i];
}

static void put(u32 i, u64 value)
{
    write_pte(((u64)virt_to_mfn(table) << 12) + i * 8, value);
}

/* The frame as a letter: what was stored, and not which number. */
static void say_entry(u64 e)
{
    u32 mfn = (u32)(e >> 12);

    print(" %s+%x/%x",
          mfn == virt_to_mfn(target)  ? "target"
          : mfn == virt_to_mfn(other) ? "other"
          : mfn == virt_to_mfn(table) ? "table"
          : mfn == 0                  ? "0"
                                      : "?",
          (u32)e & 0xFFF, (u32)(e >> 52));
}

static void store(const struct store *s, u32 offset, u32 eax, u32 edx, u64 before)
{
    u8 code[32] = {0xBF, 0, 0, 0, 0, 0xBB, 0, 0, 0, 0, 0xB9, 0, 0, 0, 0}; /* mov edi, ebx, ecx */
    u32 at = (u32)table + 64 + offset, lo = (u32)before, hi = (u32)(before >> 32);
    struct outcome o;

    put(8, before);
    memcpy(code + 1, &at, 4);
    /* cmpxchg8b compares EDX:EAX and stores ECX:EBX. */
    memcpy(code + 6, &eax, 4);
    memcpy(code + 11, &edx, 4);
    memcpy(code + 15, s->code, s->len);
    if (s->code[s->len - 2] == 0xC7 && s->len < 5)
        o = execute(code, s->len + 15, lo, 0, hi, 1);
    else
        o = execute(code, s->len + 15, eax, 0, edx, 1);
    if (o.vec == NO_TRAP)
        print(" done");
    else
        print(" %d:%x+%d cr2+%d", o.vec, o.error, (s32)o.at - 15, (s32)(o.cr2 - (u32)table - 64));
    say_entry(entry_at(8));
    print("\n");
}

/* So that no answer depends on the frames that a machine happens to give. */
static u32 operand(u32 i, u32 offset, u64 before)
{
    const char *name = stores[i].name;

    if (name[0] == 'm' && name[3] != 'l') /* movb, movw */
        return (u32)(before >> offset * 8) ^ (offset == 0 ? 0x40 : offset == 1 ? 2 : 0);
    if (name[0] == 'a' && name[1] == 'n') /* and */
        return offset == 0 ? ~0x40u : ~0u;
    if (name[0] == 'a' || name[0] == 'o' || (name[0] == 'l' && name[5] == 'o') ||
        (name[0] == 'x' && name[1] == 'a'))
        return offset == 0 ? 0x200 : 0;
    return offset < 4 ? ((u32)virt_to_mfn(other) << 12) | PTE_RWX : 0;
}

static void kinds(u32 assist)
{
    u64 t = ((u64)virt_to_mfn(target) << 12);
    u64 befores[] = {0, t | PTE_RWX, t | PTE_RO};
    static const char *const names[] = {"empty", "writable", "read-only"};
    u32 i, b, offset;

    for (i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
        for (b = 0; b < 3; b++)
            for (offset = 0; offset < 8; offset++) {
                if ((offset != 0 && offset != 4 && offset != 1 && offset != 6) || (i == 8 && offset & 3))
                    continue;
                print("got assist %u, %s at +%u, %s before =", assist, stores[i].name, offset, names[b]);
                store(stores + i, offset, operand(i, offset, befores[b]), 0, befores[b]);
            }
}

static void values(void)
{
    u64 t = (u64)virt_to_mfn(target) << 12;
    u64 list[] = {t | PTE_RWX | 4,
                  t | PTE_RWX | 0x80,
                  t | PTE_RWX | 0x100,
                  t | PTE_RWX | 0x10,
                  t | PTE_RWX | 0xE00,
                  t | PTE_RWX | 1ull << 63,
                  t | PTE_RWX | 1ull << 52,
                  t | PTE_RWX | 1ull << 51,
                  t | 6,
                  ((u64)virt_to_mfn(table) << 12) | PTE_RWX,
                  ((u64)virt_to_mfn(table) << 12) | PTE_RO,
                  ((u64)virt_to_mfn((void *)start_info->pt_base) << 12) | PTE_RWX,
                  ((u64)virt_to_mfn((void *)start_info->pt_base) << 12) | PTE_RO,
                  ((u64)(start_info->shared_info >> 12) << 12) | PTE_RWX,
                  0x1000 | PTE_RWX,
                  0xA0000 | PTE_RO,
                  0x7FFFFFF000ull | PTE_RWX,
                  0x7FFFFFF000ull,
                  0xFFFFFFFFFFFFFFFEull};
    u32 i, how;

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        for (how = 0; how < 3; how++) {
            const struct store *movl = stores + 2, *cx8 = stores + 16;
            print("got value %u by %s =", i, how == 0 ? "cmpxchg8b" : how == 1 ? "low half" : "high half");
            if (how == 0)
                store(cx8, 0, (u32)list[i], (u32)(list[i] >> 32), 0);
            else if (how == 1)
                store(movl, 0, (u32)list[i], 0, list[i] & 0xFFFFFFFF00000000ull & ~1ull);
            else
                store(movl, 4, (u32)(list[i] >> 32), 0, t | PTE_RWX);
        }
    put(8, 0);
}

/* Where no store is emulated. */
static void elsewhere(void)
{
    static const u8 movl[] = {0x89, 0x07}, movl_edx[] = {0x89, 0x02};
    u64 l2, l3 = (u64)virt_to_mfn((void *)start_info->pt_base);
    struct {
        const char *name;
        u32 at;
    } rows[] = {{"a read-only page", (u32)ask_read_only},
                {"the L3", start_info->pt_base},
                {"the L2", (u32)mfn_to_virt((u32)(*(volatile u64 *)(start_info->pt_base + 24) >> 12))},
                {"the m2p", HYPERVISOR_START},
                {"the table in ring 3", (u32)table}};
    u32 i;

    (void)movl;
    (void)l2;
    (void)l3;
    for (i = 0; i < 5; i++) {
        struct outcome o = execute(movl_edx, 2, 0, 0, rows[i].at, i == 4 ? 3 : 1);
        print("got store to %s = %d:%x cr2+%d\n", rows[i].name, o.vec, o.error, (s32)(o.cr2 - rows[i].at));
    }
}

void guest_main(void)
{
    u64 l2_at;
    u32 assist;

    set_up_measure();
    remap_page(table, PTE_RO);
    pte_of(HOLE_VA, 2, &l2_at);
    SAY(write_pte(l2_at, ((u64)virt_to_mfn(table) << 12) | 7), "hook the table in");
    memset(plain, 0, PAGE_SIZE);
    for (assist = 0; assist < 2; assist++) {
        SAY(hypercall(NR_vm_assist, !assist, 2, 0, 0, 0), "writable_pagetables %u", assist);
        kinds(assist);
        elsewhere();
    }
    values();
    SAY(write_pte(l2_at, 0), "unhook it");
    print("got store to the table, no longer in use =");
    store(stores + 2, 0, 0, 0, 0);
    SAY(remap_page(table, PTE_RWX), "writable");
}
