/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loads - every kind of descriptor loaded in every way, from ring 1 and from
 * ring 3; LAR, LSL, VERR, VERW, ARPL; what SMSW, SGDT, SIDT, SLDT and STR show; flags;
 * call gates (docs/xen-abi.md 5.3, 7.1, 13.2). It has no opinion.
 */
#include "lib/measure.h"

static u32 gdt[1024] PAGE, ldt[1024] PAGE;

static void describe(u32 *at, u32 access, u32 flags)
{
    at[0] = 0xFFFF;
    at[1] = access << 8 | 0xF0000 | flags << 20;
}

static void gate(u32 *at, u32 selector, u32 target, u32 access)
{
    at[0] = (target & 0xFFFF) | selector << 16;
    at[1] = (target & 0xFFFF0000) | access << 8;
}

/* --- ways to load ------------------------------------------------------------------ */

/* EAX is the selector. What was there before is there again at the end. */
struct way {
    const char *name;
    u8 len, code[40];
};
#define W(name, ...)                                                                                         \
    {                                                                                                        \
        name, sizeof((u8[]){__VA_ARGS__}),                                                                   \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

/* call next; pop edx; add edx, n: EDX is n behind the pop. */
#define HERE_PLUS(n) 0xE8, 0, 0, 0, 0, 0x5A, 0x83, 0xC2, n
/* In the new segment, where EDX is: EAX is its CS, then back by a far return to EBX and
 * n behind EDX. */
#define COME_BACK(n) 0x8C, 0xC8, 0x53, 0x83, 0xC2, n, 0x52, 0xCB

static const struct way ways[] = {
    W("mov ds", 0x1E, 0x8E, 0xD8, 0x1F),
    W("mov es", 0x06, 0x8E, 0xC0, 0x07),
    W("mov fs", 0x0F, 0xA0, 0x8E, 0xE0, 0x0F, 0xA1),
    W("mov ss", 0x8C, 0xD3, 0x8E, 0xD0, 0x8E, 0xD3),
    W("pop ds", 0x1E, 0x50, 0x1F, 0x1F),
    W("pop gs", 0x0F, 0xA8, 0x50, 0x0F, 0xA9, 0x0F, 0xA9),
    W("pop ss", 0x16, 0x50, 0x17, 0x17),
    W("lds", 0x1E, 0x50, 0x51, 0xC5, 0x14, 0x24, 0x5A, 0x5A, 0x1F),
    W("les", 0x06, 0x50, 0x51, 0xC4, 0x14, 0x24, 0x5A, 0x5A, 0x07),
    W("lfs", 0x0F, 0xA0, 0x50, 0x51, 0x0F, 0xB4, 0x14, 0x24, 0x5A, 0x5A, 0x0F, 0xA1),
    W("lgs", 0x0F, 0xA8, 0x50, 0x51, 0x0F, 0xB5, 0x14, 0x24, 0x5A, 0x5A, 0x0F, 0xA9),
    W("lss", 0x8C, 0xD3, 0x50, 0x54, 0x0F, 0xB2, 0x14, 0x24, 0x8E, 0xD3, 0x5A, 0x5A),
    W("jmp far", 0x8C, 0xCB, HERE_PLUS(9), 0x50, 0x52, 0xFF, 0x2C, 0x24, 0x59, 0x59, COME_BACK(10)),
    W("retf", 0x8C, 0xCB, HERE_PLUS(7), 0x50, 0x52, 0xCB, COME_BACK(8)),
    W("iret", 0x8C, 0xCB, HERE_PLUS(8), 0x9C, 0x50, 0x52, 0xCF, COME_BACK(8)),
    W("call far", 0x8C, 0xCB, HERE_PLUS(9), 0x50, 0x52, 0xFF, 0x1C, 0x24, 0x59, 0x59, 0x59, 0x59,
      COME_BACK(12)),
};

#define SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void print_outcome(struct outcome o)
{
    if (o.vec == NO_TRAP)
        print(" done 0x%x", o.eax);
    else
        print(" %d/%x+%d", o.vec, o.error, (s32)o.at);
}

static void loads(const char *name, u32 selector)
{
    u32 i, ring;

    for (ring = 1; ring <= 3; ring += 2)
        for (i = 0; i < SIZE(ways); i++) {
            /* Xen cuts lines of the console at 256 characters. */
            if (i % 6 == 0)
                print("got ring %u %s:", ring, name);
            print("%s %s", i % 6 ? "," : "", ways[i].name);
            print_outcome(
                execute(ways[i].code, ways[i].len, selector > 3 ? selector | ring : selector, 0, 0, ring));
            if (i % 6 == 5 || i + 1 == SIZE(ways))
                print(" = 0\n");
        }
}

/* --- what is asked about a selector -------------------------------------------------- */

static void questions(const char *name, u32 selector)
{
    static const struct way asked[] = {
        W("lar", 0x31, 0xD2, 0x0F, 0x02, 0xD0, 0x0F, 0x94, 0xC1, 0x89, 0xD0),
        W("lsl", 0x31, 0xD2, 0x0F, 0x03, 0xD0, 0x0F, 0x94, 0xC1, 0x89, 0xD0),
        W("lar of 16 bits", 0x31, 0xD2, 0x66, 0x0F, 0x02, 0xD0, 0x0F, 0x94, 0xC1, 0x89, 0xD0),
        W("verr", 0x0F, 0x00, 0xE0, 0x0F, 0x94, 0xC1, 0x31, 0xC0),
        W("verw", 0x0F, 0x00, 0xE8, 0x0F, 0x94, 0xC1, 0x31, 0xC0),
    };
    u32 i, ring, rpl;

    for (ring = 1; ring <= 3; ring += 2)
        for (rpl = 0; rpl <= 3; rpl += 3) {
            print("got ring %u rpl %u %s:", ring, rpl, name);
            for (i = 0; i < SIZE(asked); i++) {
                struct outcome o = execute(asked[i].code, asked[i].len, (selector & ~3u) | rpl, 0, 0, ring);
                print("%s %s %u", i ? "," : "", asked[i].name, o.ecx & 0xFF);
                print_outcome(o);
            }
            print(" = 0\n");
        }
}

/* --- call gates -------------------------------------------------------------------- */

/* What is at the other end: the selectors and ESP in registers, and back. */
extern const u8 behind_gate[], behind_gate_args[];
asm("behind_gate:\n"
    "    mov %cs, %eax; mov %ss, %ecx; mov (%esp), %edx; mov 4(%esp), %ebx; lret\n"
    "behind_gate_args:\n"
    "    mov 8(%esp), %eax; mov 12(%esp), %ecx; mov 4(%esp), %edx; mov 16(%esp), %ebx; lret $8\n");

static void gates(const char *name, u32 selector, int takes_words)
{
    static const struct way calls[] = {
        W("call far", 0x50, 0x6A, 0x00, 0xFF, 0x1C, 0x24, 0x59, 0x59),
        W("call far, direct", 0x9A, 0, 0, 0, 0, 0, 0),
        W("call far, with two words", 0x50, 0x6A, 0x00, 0x6A, 0x55, 0x6A, 0x44, 0xFF, 0x5C, 0x24, 0x08, 0x59,
          0x59),
        W("jmp far", 0x50, 0x6A, 0x00, 0xFF, 0x2C, 0x24),
    };
    u32 i, ring;

    for (ring = 1; ring <= 3; ring += 2)
        for (i = 0; i < SIZE(calls); i++) {
            u8 code[40];

            if ((i == 2) != takes_words && i < 3)
                continue;
            memcpy(code, calls[i].code, calls[i].len);
            if (i == 1)
                code[5] = (u8)(selector | ring), code[6] = (u8)(selector >> 8);
            struct outcome o = execute(code, calls[i].len, selector | ring, 0, 0, ring);
            print("got ring %u gate %s, %s:", ring, name, calls[i].name);
            print_outcome(o);
            if (o.vec == NO_TRAP)
                print(" cx %x bx %x", o.ecx & 0xFFFF, o.ebx & 0xFFFF);
            print(" = 0\n");
        }
}

/* --- instructions ------------------------------------------------------------------ */

static void instructions(void)
{
    static const struct way asked[] = {
        W("smsw eax", 0x0F, 0x01, 0xE0),
        W("smsw ax", 0x66, 0x0F, 0x01, 0xE0),
        W("smsw mem", 0x50, 0x0F, 0x01, 0x24, 0x24, 0x58),
        W("smsw eax; mov cr0, eax", 0x0F, 0x01, 0xE0, 0x0F, 0x22, 0xC0),
        W("sgdt limit", 0x83, 0xEC, 0x08, 0x0F, 0x01, 0x04, 0x24, 0x58, 0x59, 0x25, 0xFF, 0xFF, 0, 0),
        W("sidt limit", 0x83, 0xEC, 0x08, 0x0F, 0x01, 0x0C, 0x24, 0x58, 0x59, 0x25, 0xFF, 0xFF, 0, 0),
        W("sldt eax", 0x0F, 0x00, 0xC0),
        W("sldt ax", 0x66, 0x0F, 0x00, 0xC0),
        W("str eax", 0x0F, 0x00, 0xC8),
        W("str ax", 0x66, 0x0F, 0x00, 0xC8),
        W("arpl lower", 0xB9, 3, 0, 0, 0, 0x63, 0xC8, 0x0F, 0x94, 0xC1),
        W("arpl equal", 0x31, 0xC9, 0x63, 0xC8, 0x0F, 0x94, 0xC1),
        W("pushf", 0x9C, 0x58, 0x25, 0x00, 0x72, 0x3C, 0x00),
        W("popf -1, pushf", 0x68, 0xFF, 0xFE, 0xFF, 0xFF, 0x9D, 0x9C, 0x58, 0x6A, 0x02, 0x9D, 0x25, 0xFF,
          0x7F, 0x1F, 0),
        W("popf 0, pushf", 0x6A, 0x00, 0x9D, 0x9C, 0x58),
        W("popf of 16 bits", 0x66, 0x68, 0xFF, 0xBE, 0x66, 0x9D, 0x9C, 0x58, 0x6A, 0x02, 0x9D, 0x25, 0xFF,
          0x7F, 0, 0),
        W("xgetbv", 0x31, 0xC9, 0x0F, 0x01, 0xD0),
        W("xsetbv", 0x31, 0xC9, 0x0F, 0x01, 0xD1),
        W("xsave", 0x0F, 0xAE, 0x20),
        W("rdtsc", 0x0F, 0x31, 0x31, 0xC0),
        W("rdpmc", 0x31, 0xC9, 0x0F, 0x33),
        W("hlt", 0xF4),
        W("monitor", 0x0F, 0x01, 0xC8),
        W("mwait", 0x0F, 0x01, 0xC9),
        W("aligned with AC", 0x9C, 0x81, 0x0C, 0x24, 0, 0, 4, 0, 0x9D, 0x8B, 0x04, 0x24, 0x6A, 0x02, 0x9D,
          0x31, 0xC0),
        W("unaligned with AC", 0x9C, 0x81, 0x0C, 0x24, 0, 0, 4, 0, 0x9D, 0x8B, 0x44, 0x24, 0x01, 0x6A, 0x02,
          0x9D, 0x31, 0xC0),
    };
    u32 i, ring;

    for (ring = 1; ring <= 3; ring += 2)
        for (i = 0; i < SIZE(asked); i++) {
            struct outcome o = execute(asked[i].code, asked[i].len, 0x11223300, 0x5500, 0, ring);
            print("got ring %u %s:", ring, asked[i].name);
            print_outcome(o);
            print(" = 0\n");
        }
}

/* CR4.TSD is the guest's to set: RDTSC then is the kernel's alone. */
static void time_stamp(u32 tsd)
{
    static const u8 set[] = {0x0F, 0x22, 0xE0}, get[] = {0x0F, 0x20, 0xE0};
    static const u8 rdtsc[] = {0x0F, 0x31, 0x31, 0xC0};
    struct outcome o = execute(get, 3, 0, 0, 0, 1);
    u32 ring;

    o = execute(set, 3, (o.eax & ~4u) | tsd << 2, 0, 0, 1);
    print("got CR4.TSD %u:", tsd);
    print_outcome(o);
    o = execute(get, 3, 0, 0, 0, 1);
    print(", reads %u", o.eax >> 2 & 1);
    for (ring = 1; ring <= 3; ring += 2) {
        o = execute(rdtsc, 4, 0, 0, 0, ring);
        print(", rdtsc in ring %u", ring);
        print_outcome(o);
    }
    print(" = 0\n");
}

static s32 set_gdt(const void *page, u32 entries)
{
    u32 frames[1] = {virt_to_mfn(page)};

    return hypercall(NR_set_gdt, (u32)frames, entries, 0, 0, 0);
}

void guest_main(void)
{
    static const struct {
        const char *name;
        u32 access, flags;
    } kinds[] = {
        {"data of ring 1", 0xB3, 0xC},
        {"data of ring 3", 0xF3, 0xC},
        {"read-only of ring 3", 0xF1, 0xC},
        {"expand-down", 0xF7, 0xC},
        {"data of ring 1, absent", 0x33, 0xC},
        {"data of ring 3, absent", 0x73, 0xC},
        {"code of ring 1", 0xBB, 0xC},
        {"code of ring 3", 0xFB, 0xC},
        {"unreadable of ring 1", 0xB9, 0xC},
        {"unreadable of ring 3", 0xF9, 0xC},
        {"code of ring 1, absent", 0x3B, 0xC},
        {"code of ring 3, absent", 0x7B, 0xC},
        {"conforming of ring 1", 0xBF, 0xC},
        {"conforming of ring 3", 0xFF, 0xC},
        {"conforming, absent", 0x3F, 0xC},
        {"unreadable conforming of ring 3", 0xFD, 0xC},
        {"nothing", 0, 0},
    };
    const u32 first_gate = 32;
    u32 i;

    set_up_measure();
    for (i = 0; i < SIZE(kinds); i++) {
        describe(gdt + 2 * (i + 1), kinds[i].access, kinds[i].flags);
        describe(ldt + 2 * (i + 1), kinds[i].access, kinds[i].flags);
    }
    gate(gdt + 2 * first_gate, KERNEL_CS, (u32)behind_gate, 0xEC);
    gate(gdt + 2 * first_gate + 2, KERNEL_CS, (u32)behind_gate, 0x6C);
    gate(gdt + 2 * first_gate + 4, KERNEL_CS, (u32)behind_gate, 0xAC);
    gate(gdt + 2 * first_gate + 6, 8 * 8 | 3, (u32)behind_gate, 0xEC);
    gate(gdt + 2 * first_gate + 8, KERNEL_CS, (u32)behind_gate_args, 0xEC);
    gdt[2 * first_gate + 9] |= 2;
    gate(gdt + 2 * first_gate + 10, 11 * 8 | 1, (u32)behind_gate, 0xEC);
    remap_page(gdt, PTE_RO);
    SAY(set_gdt(gdt, 512), "set_gdt");
    instructions();
    time_stamp(1);
    time_stamp(0);
    for (i = 0; i < SIZE(kinds); i++) {
        loads(kinds[i].name, (i + 1) * 8);
        questions(kinds[i].name, (i + 1) * 8);
    }
    loads("null", 0);
    loads("null with RPL 3", 3);
    loads("Xen's code", 0xE008);
    loads("Xen's data", 0xE010);
    loads("flat code of ring 1", KERNEL_CS & ~3u);
    loads("flat data of ring 1", KERNEL_DS & ~3u);
    loads("flat code of ring 3", USER_CS & ~3u);
    loads("flat data of ring 3", USER_DS & ~3u);
    loads("beyond the table", 0xFFF8);
    loads("in no LDT", 0x0C);
    questions("Xen's code", 0xE008);
    questions("flat code of ring 1", KERNEL_CS);
    questions("flat data of ring 3", USER_DS);
    questions("Xen's TSS", 0xE040);
    questions("beyond the table", 0xFFF8);
    questions("in no LDT", 0x0C);
    remap_page(ldt, PTE_RO);
    SAY(mmuext(MMUEXT_SET_LDT, (u32)ldt, SIZE(kinds) + 1), "SET_LDT");
    loads("LDT, data of ring 1", 0x0C);
    loads("LDT, absent", 5 * 8 + 4);
    loads("LDT, code of ring 3", 8 * 8 + 4);
    loads("LDT, beyond", 30 * 8 + 4);
    questions("LDT, code of ring 3", 8 * 8 + 4);
    mmuext(MMUEXT_SET_LDT, 0, 0);
    gates("of ring 3", first_gate * 8, 0);
    gates("absent", first_gate * 8 + 8, 0);
    gates("of ring 1", first_gate * 8 + 16, 0);
    gates("to ring 3", first_gate * 8 + 24, 0);
    gates("with two words", first_gate * 8 + 32, 1);
    gates("to absent code", first_gate * 8 + 40, 0);
    loads("a gate", first_gate * 8);
    questions("a gate", first_gate * 8);
}
