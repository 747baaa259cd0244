/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * selectors - each selector into each segment register, descriptors of every type
 * and right in a GDT and an LDT of one's own, jumps and calls through them
 * (docs/xen-abi.md 5.3, 8.2, 8.10).
 */
#include "lib/measure.h"

static u64 gdt[512] PAGE, ldt[512] PAGE;

static const struct load {
    const char *name;
    u8 code[12], len, shows; /* 1: what ECX and EDX then are */
} loads[] = {
    {"ds", {0x1E, 0x8E, 0xD8, 0x1F}, 4, 0},
    {"es", {0x06, 0x8E, 0xC0, 0x07}, 4, 0},
    {"fs", {0x0F, 0xA0, 0x8E, 0xE0, 0x0F, 0xA1}, 6, 0},
    {"gs", {0x0F, 0xA8, 0x8E, 0xE8, 0x0F, 0xA9}, 6, 0},
    {"ss", {0x8C, 0xD1, 0x8E, 0xD0, 0x8E, 0xD1}, 6, 0},
    {"lar", {0x0F, 0x02, 0xC8, 0x0F, 0x94, 0xC2}, 6, 1},
    {"lsl", {0x0F, 0x03, 0xC8, 0x0F, 0x94, 0xC2}, 6, 1},
    {"verr", {0x0F, 0x00, 0xE0, 0x0F, 0x94, 0xC2}, 6, 2},
    {"verw", {0x0F, 0x00, 0xE8, 0x0F, 0x94, 0xC2}, 6, 2},
};

static void one(const char *name, const u8 *code, u32 len, u32 selector, u32 ring, u32 shows)
{
    struct outcome o = execute(code, len, selector, 0x99, 0, ring);

    if (o.vec != NO_TRAP)
        print(" %s %d:%x+%u", name, o.vec, o.error, o.at);
    else if (shows == 1 && (o.edx & 1))
        print(" %s %x", name, o.ecx);
    else if (shows)
        print(" %s %u", name, o.edx & 1);
    else
        print(" %s ok", name);
}

/* A far jump there and back. */
static void jump(u32 selector, u32 ring)
{
    extern u8 run_code[];
    u32 base = ring == 1 ? (u32)run_code : (u32)user_code + 10, at;
    u16 cs = ring == 1 ? KERNEL_CS : USER_CS;
    u8 code[14];

    at = base + 7;
    code[0] = 0xEA;
    memcpy(code + 1, &at, 4);
    memcpy(code + 5, &selector, 2);
    at = base + 14;
    code[7] = 0xEA;
    memcpy(code + 8, &at, 4);
    memcpy(code + 12, &cs, 2);
    one("jmp", code, 14, 0, ring, 0);
}

static void all_loads(const char *what, u32 number, u32 selector)
{
    u32 i, ring;

    for (ring = 1; ring <= 3; ring += 2) {
        print("got %s 0x%x: 0x%x ring %u =", what, number, selector, ring);
        for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
            one(loads[i].name, loads[i].code, loads[i].len, selector, ring, loads[i].shows);
        jump(selector, ring);
        print("\n");
    }
    asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(KERNEL_DS));
}

static s32 set(const u64 *table, u32 entry, u64 value)
{
    u64 at = ((u64)virt_to_mfn(table) << 12) + entry * 8;

    return hypercall(10, (u32)at, (u32)(at >> 32), (u32)value, (u32)(value >> 32), 0);
}

static void default_table(void)
{
    u32 s;

    for (s = 0; s < 0x10; s++)
        all_loads("no table", 0, s);
    for (s = 0xE000; s < 0xE080; s++)
        if (s < 0xE030 || (s & 7) == 0 || (s & 7) == 3)
            all_loads("no table", 0, s);
    for (s = 0x1000; s < 0x10000; s += 0x1003)
        all_loads("no table", 0, s & 0xFFFF);
    all_loads("no table", 0, 0xDFFB);
    all_loads("no table", 0, 0xF000);
    all_loads("no table", 0, 0xFFFB);
}

/* Types, rights, P; the granularity bits; bases and limits. */
static void types(const u64 *table, const char *name, u32 ti)
{
    u32 type, dpl, p;

    for (type = 0; type < 32; type++)
        for (dpl = 0; dpl < 4; dpl++)
            for (p = 0; p < 2; p++) {
                u32 access = type | dpl << 5 | p << 7;
                u64 d = 0x00CF00000000FFFFull | (u64)access << 40;
                s32 rc;
                if (!p && (dpl == 1 || dpl == 2))
                    continue;
                set(table, 1, 0);
                rc = set(table, 1, d);
                print("got %s access 0x%x = %d: %x %x\n", name, access, rc, (u32)table[1],
                      (u32)(table[1] >> 32));
                if (!rc && (type & 16 || dpl == 0)) {
                    all_loads(name, access, 8 | ti | 1);
                    if (dpl == 3 && p)
                        all_loads(name, access, 8 | ti | 3);
                    if (type == 0x1A || type == 0x12)
                        all_loads(name, access, 8 | ti | (dpl & 2));
                }
            }
}

static void sizes(void)
{
    static const u64 values[] = {
        0x00CFF2000000FFFF, 0x004FF2000000FFFF, 0x008FF2000000FFFF, 0x00AFF2000000FFFF, 0x00EFF2000000FFFF,
        0x00CFFA000000FFFF, 0x004FFA000000FFFF, 0x008FFA000000FFFF, 0x00AFFA000000FFFF, 0x00EFFA000000FFFF,
        0x00C0F20000000000, 0x0040F20000000000, 0x00CFF6000000FFFF, 0x00C0F60000000000, 0xFFCFF2FFFFFFFFFF,
        0xF5CFF2800000FFFF, 0x00CFF20000010000, 0x00CEF2000000FFFF, 0x00CFD2000000FFFF, 0x00CFB2000000FFFF,
        0x00CF92000000FFFF, 0x00CF9A000000FFFF, 0x00CFBA000000FFFF, 0x00DFF2000000FFFF, 0x00CFF3000000FFFF,
        0x00C5F2000000FFFF, 0x004FF2000000FFF0, 0x00CFFE000000FFFF, 0x00CF9E000000FFFF, 0x00CFFC000000FFFF,
    };
    u32 i;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        s32 rc = set(gdt, 1, values[i]);
        print("got descriptor %x %x = %d: %x %x\n", (u32)(values[i] >> 32), (u32)values[i], rc, (u32)gdt[1],
              (u32)(gdt[1] >> 32));
        if (!rc && (values[i] >> 43 & 1) == 0)
            all_loads("descriptor", i, 8 | 3);
    }
}

/* --- call gates ---------------------------------------------------------------------- */

extern u8 gate_target[];
asm("gate_target: mov $0x1234, %eax; lret");

static void gates(void)
{
    static const u32 targets[] = {
        KERNEL_CS, KERNEL_CS & ~3u, KERNEL_CS | 2, USER_CS, KERNEL_DS, 0, 0x11, 0x13, 0x19, 0x23, 0xFFF9};
    u32 i, type, dpl, ring, params;

    set(gdt, 2, 0x00CFBA000000FFFFull); /* 0x11: code, DPL 1 */
    set(gdt, 3, 0x00CFBE000000FFFFull); /* 0x19: conforming */
    set(gdt, 4, 0x00CFFA000000FFFFull); /* 0x23: code, DPL 3 */
    for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        for (dpl = 0; dpl < 4; dpl++)
            for (params = 0; params < 2; params++) {
                u32 at = (u32)gate_target;
                u64 g = (at & 0xFFFF) | (u64)targets[i] << 16 |
                        (u64)((at & 0xFFFF0000) | 0x8C00 | dpl << 13 | params * 2) << 32;
                s32 rc = set(gdt, 1, g);
                print("got gate to 0x%x dpl %u params %u = %d: %x %x\n", targets[i], dpl, params * 2, rc,
                      (u32)gdt[1], (u32)(gdt[1] >> 32));
                if (rc || (params && dpl != 3))
                    continue;
                for (ring = 1; ring <= 3; ring += 2) {
                    static const u8 call[] = {0x9A, 0, 0, 0, 0, 0x0B, 0, 0x89, 0xE1},
                                    jmp[] = {0xEA, 0, 0, 0, 0, 0x0B, 0};
                    u32 j;
                    for (j = 0; j < 2; j++) {
                        struct outcome o = execute(j ? jmp : call, j ? 7 : 9, 0, 0, 0, ring);
                        print("got   ring %u %s = %d:%x+%d %x\n", ring, j ? "jmp" : "call", o.vec,
                              o.vec == NO_TRAP ? 0 : o.error, o.vec == NO_TRAP ? 0 : (s32)o.at,
                              o.vec == NO_TRAP ? o.eax : 0);
                    }
                }
            }
    for (type = 0; type < 16; type++) {
        static const u8 call[] = {0x9A, 0, 0, 0, 0, 0x0B, 0};
        u32 at = (u32)gate_target;
        u64 g = (at & 0xFFFF) | (u64)KERNEL_CS << 16 | (u64)((at & 0xFFFF0000) | 0xE000 | type << 8) << 32;
        s32 rc = set(gdt, 1, g);
        print("got system type %u = %d: %x\n", type, rc, (u32)(gdt[1] >> 32));
        if (!rc) {
            struct outcome o = execute(call, 7, 0, 0, 0, 1);
            print("got   call = %d:%x\n", o.vec, o.vec == NO_TRAP ? 0 : o.error);
        }
        rc = set(gdt, 1, g & ~(1ull << 47));
        print("got   not present = %d: %x\n", rc, (u32)(gdt[1] >> 32));
        if (!rc) {
            struct outcome o = execute(call, 7, 0, 0, 0, 1);
            print("got   call = %d:%x\n", o.vec, o.vec == NO_TRAP ? 0 : o.error);
        }
    }
    for (i = 0; i < 8; i++) {
        u64 g = (u64)KERNEL_CS << 16 | (u64)(0xEC00 | 1u << i) << 32;
        print("got gate with bit %u = %d\n", i, set(gdt, 1, g));
    }
}

void guest_main(void)
{
    u32 frame, i;

    set_up_measure();
    default_table();
    remap_page(gdt, PTE_RO);
    frame = virt_to_mfn(gdt);
    SAY(hypercall(NR_set_gdt, (u32)&frame, 512, 0, 0, 0), "set_gdt");
    for (i = 0; i < 0x20; i++)
        all_loads("empty table", 0, i);
    types(gdt, "GDT", 0);
    sizes();
    gates();
    remap_page(ldt, PTE_RO);
    SAY(mmuext(MMUEXT_SET_LDT, (u32)ldt, 3), "LDT of 3 entries");
    for (i = 0; i < 0x20; i++)
        all_loads("empty table", 0, i);
    types(ldt, "LDT", 4);
    SAY(mmuext(MMUEXT_SET_LDT, 0x40000000, 3), "LDT unmapped");
    all_loads("LDT unmapped", 0, 0xC);
    all_loads("LDT unmapped", 0, 0xF);
    SAY(mmuext(MMUEXT_SET_LDT, (u32)ask_area, 8192), "LDT in a writable page");
    all_loads("LDT writable", 0, 0xC);
    all_loads("LDT writable, beyond the page", 0, 0xFFFF);
    SAY(mmuext(MMUEXT_SET_LDT, 0, 0), "no LDT");
    all_loads("no LDT", 0, 0xC);
}
