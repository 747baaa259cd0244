/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privileged - instructions that ring 1 or 3 may not execute, one by one: emulated,
 * ignored or refused, with the I/O privilege off, for the kernel and for all
 * (docs/xen-abi.md 7). What depends on the processor is left out.
 */
#include "lib/measure.h"

struct insn {
    const char *name;
    u8 len, code[12];
    u32 eax, ecx, edx;
    u8 shows; /* which registers are printed: 1 EAX, 2 EDX, 4 ECX, 8 EBX */
};

#define I(name, eax, ecx, edx, shows, ...)                                                                   \
    {                                                                                                        \
        name, sizeof((u8[]){__VA_ARGS__}), {__VA_ARGS__}, eax, ecx, edx, shows                               \
    }

static const struct insn insns[] = {
    I("nop", 1, 2, 3, 7, 0x90),
    I("cli", 0, 0, 0, 0, 0xFA),
    I("sti", 0, 0, 0, 0, 0xFB),
    I("hlt", 0, 0, 0, 0, 0xF4),
    I("clts", 0, 0, 0, 0, 0x0F, 0x06),
    I("invd", 0, 0, 0, 0, 0x0F, 0x08),
    I("wbinvd", 0, 0, 0, 0, 0x0F, 0x09),
    I("lgdt", 0xC0000000, 0, 0, 0, 0x0F, 0x01, 0x10),
    I("lidt", 0xC0000000, 0, 0, 0, 0x0F, 0x01, 0x18),
    I("lldt", 0, 0, 0, 0, 0x0F, 0x00, 0xD0),
    I("ltr", 0, 0, 0, 0, 0x0F, 0x00, 0xD8),
    I("lmsw", 1, 0, 0, 0, 0x0F, 0x01, 0xF0),
    I("invlpg", 0xC0000000, 0, 0, 0, 0x0F, 0x01, 0x38),
    I("mov eax, cr0", 0, 0, 0, 1, 0x0F, 0x20, 0xC0),
    I("mov eax, cr1", 0, 0, 0, 0, 0x0F, 0x20, 0xC8),
    I("mov eax, cr2", 0, 0, 0, 0, 0x0F, 0x20, 0xD0),
    I("mov eax, cr5", 0, 0, 0, 0, 0x0F, 0x20, 0xE8),
    I("mov eax, cr6", 0, 0, 0, 0, 0x0F, 0x20, 0xF0),
    I("mov eax, cr7", 0, 0, 0, 0, 0x0F, 0x20, 0xF8),
    I("lock mov eax, cr0", 0, 0, 0, 0, 0xF0, 0x0F, 0x20, 0xC0),
    I("mov cr0, eax: 0", 0, 0, 0, 0, 0x0F, 0x22, 0xC0),
    I("mov cr0, eax: -1", 0xFFFFFFFF, 0, 0, 0, 0x0F, 0x22, 0xC0),
    I("mov cr0, eax: the real one", 0x8005003B, 0, 0, 0, 0x0F, 0x22, 0xC0),
    I("mov cr0, eax: without TS", 0x80050033, 0, 0, 0, 0x0F, 0x22, 0xC0),
    I("mov cr1, eax", 0, 0, 0, 0, 0x0F, 0x22, 0xC8),
    I("mov cr2, eax", 0x12345678, 0, 0, 0, 0x0F, 0x22, 0xD0),
    I("mov eax, cr2 after it", 0, 0, 0, 1, 0x0F, 0x20, 0xD0),
    I("mov cr3, eax: 0", 0, 0, 0, 0, 0x0F, 0x22, 0xD8),
    I("mov cr3, eax: bad", 0xFFFFF000, 0, 0, 0, 0x0F, 0x22, 0xD8),
    I("mov cr5, eax", 0, 0, 0, 0, 0x0F, 0x22, 0xE8),
    I("mov cr7, eax", 0, 0, 0, 0, 0x0F, 0x22, 0xF8),
    I("mov eax, dr0", 0, 0, 0, 1, 0x0F, 0x21, 0xC0),
    I("mov eax, dr1", 0, 0, 0, 1, 0x0F, 0x21, 0xC8),
    I("mov eax, dr4", 0, 0, 0, 1, 0x0F, 0x21, 0xE0),
    I("mov eax, dr5", 0, 0, 0, 1, 0x0F, 0x21, 0xE8),
    I("mov eax, dr6", 0, 0, 0, 1, 0x0F, 0x21, 0xF0),
    I("mov eax, dr7", 0, 0, 0, 1, 0x0F, 0x21, 0xF8),
    I("mov dr0, eax", 0x1000, 0, 0, 0, 0x0F, 0x23, 0xC0),
    I("mov eax, dr0 after it", 0, 0, 0, 1, 0x0F, 0x21, 0xC0),
    I("mov dr6, eax: 0", 0, 0, 0, 0, 0x0F, 0x23, 0xF0),
    I("mov eax, dr6 after it", 0, 0, 0, 1, 0x0F, 0x21, 0xF0),
    I("mov dr7, eax: GD", 0x2400, 0, 0, 0, 0x0F, 0x23, 0xF8),
    I("mov dr7, eax: I/O", 0x20002, 0, 0, 0, 0x0F, 0x23, 0xF8),
    I("mov dr4, eax", 0, 0, 0, 0, 0x0F, 0x23, 0xE0),
    I("mov dr0, eax: 0", 0, 0, 0, 0, 0x0F, 0x23, 0xC0),
    I("rdpmc", 0, 0, 0, 0, 0x0F, 0x33),
    I("rsm", 0, 0, 0, 0, 0x0F, 0xAA),
    I("sysenter", 0, 0, 0, 0, 0x0F, 0x34),
    I("sysexit", 0, 0, 0, 0, 0x0F, 0x35),
    I("ud2", 0, 0, 0, 0, 0x0F, 0x0B),
    I("ud1", 0, 0, 0, 0, 0x0F, 0xB9, 0xC0),
    I("ud0", 0, 0, 0, 0, 0x0F, 0xFF, 0xC0),
    I("xsetbv", 1, 0, 0, 0, 0x0F, 0x01, 0xD1),
    I("vmcall", 0, 0, 0, 0, 0x0F, 0x01, 0xC1),
    I("monitor", 0xC0000000, 0, 0, 0, 0x0F, 0x01, 0xC8),
    I("mwait", 0, 0, 0, 0, 0x0F, 0x01, 0xC9),
    I("swapgs", 0, 0, 0, 0, 0x0F, 0x01, 0xF8),
    I("in al, 0x60", 0x11223344, 0, 0, 1, 0xE4, 0x60),
    I("in ax, 0x60", 0x11223344, 0, 0, 1, 0x66, 0xE5, 0x60),
    I("in eax, 0x60", 0x11223344, 0, 0, 1, 0xE5, 0x60),
    I("in al, 0x42", 0x11223344, 0, 0, 1, 0xE4, 0x42),
    I("in al, 0x43", 0x11223344, 0, 0, 1, 0xE4, 0x43),
    I("in al, 0x61", 0x11223344, 0, 0, 1, 0xE4, 0x61),
    I("in al, 0x70", 0x11223344, 0, 0, 1, 0xE4, 0x70),
    I("in al, 0x71", 0x11223344, 0, 0, 1, 0xE4, 0x71),
    I("in al, 0x80", 0x11223344, 0, 0, 1, 0xE4, 0x80),
    I("in al, dx: 0x3f8", 0x11223344, 0, 0x3F8, 1, 0xEC),
    I("in ax, dx: 0x3f8", 0x11223344, 0, 0x3F8, 1, 0x66, 0xED),
    I("in eax, dx: 0xcf8", 0x11223344, 0, 0xCF8, 1, 0xED),
    I("out dx, eax: 0xcf8", 0x80000010, 0, 0xCF8, 0, 0xEF),
    I("in eax, dx: 0xcf8 after it", 0x11223344, 0, 0xCF8, 1, 0xED),
    I("in ax, dx: 0xcf8", 0x11223344, 0, 0xCF8, 1, 0x66, 0xED),
    I("in al, dx: 0xcf8", 0x11223344, 0, 0xCF8, 1, 0xEC),
    I("in eax, dx: 0xcfc", 0x11223344, 0, 0xCFC, 1, 0xED),
    I("in ax, dx: 0xcfe", 0x11223344, 0, 0xCFE, 1, 0x66, 0xED),
    I("in al, dx: 0xcff", 0x11223344, 0, 0xCFF, 1, 0xEC),
    I("in eax, dx: 0xffff", 0x11223344, 0, 0xFFFF, 1, 0xED),
    I("out 0x80, al", 0x55, 0, 0, 1, 0xE6, 0x80),
    I("out 0x70, al", 0x0A, 0, 0, 1, 0xE6, 0x70),
    I("in al, 0x71 after it", 0x11223344, 0, 0, 1, 0xE4, 0x71),
    I("out dx, al: 0x3f8", 0, 0, 0x3F8, 0, 0xEE),
    I("lock in", 0, 0, 0x3F8, 0, 0xF0, 0xEC),
    I("rep in", 0x11223344, 5, 0x3F8, 5, 0xF3, 0xEC),
    I("lar ax: 0xe019", 0xE019, 0, 0, 1, 0x0F, 0x02, 0xC0),
    I("lar ax: 0", 0x0, 0, 0, 1, 0x0F, 0x02, 0xC0),
    I("lsl ax: 0xe019", 0xE019, 0, 0, 1, 0x0F, 0x03, 0xC0),
    I("lsl ax: 0xe033", 0xE033, 0, 0, 1, 0x0F, 0x03, 0xC0),
    I("lar ax: 0xe02b", 0xE02B, 0, 0, 1, 0x0F, 0x02, 0xC0),
    I("lar ax: 0xe008", 0xE008, 0, 0, 1, 0x0F, 0x02, 0xC0),
    I("sldt eax", 0, 0, 0, 1, 0x0F, 0x00, 0xC0),
    I("int 0x90 by code", 0, 0, 0, 0, 0xCD, 0x90),
    I("int 0x91 by code", 0, 0, 0, 0, 0xCD, 0x91),
    I("int 0", 0, 0, 0, 0, 0xCD, 0x00),
    I("int 1", 0, 0, 0, 0, 0xCD, 0x01),
    I("int 2", 0, 0, 0, 0, 0xCD, 0x02),
    I("int 8", 0, 0, 0, 0, 0xCD, 0x08),
    I("int 13", 0, 0, 0, 0, 0xCD, 0x0D),
    I("int 14", 0, 0, 0, 0, 0xCD, 0x0E),
    I("int 0x80", 0, 0, 0, 0, 0xCD, 0x80),
    I("int 0x81", 0, 0, 0, 0, 0xCD, 0x81),
    I("int 0xff", 0, 0, 0, 0, 0xCD, 0xFF),
    I("icebp", 0, 0, 0, 0, 0xF1),
    I("forced, then nop", 0, 0, 0, 0, 0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x90, 0x90),
    I("forced, then rdtsc", 0, 0, 0, 0, 0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0x31),
    I("forced, cut", 0, 0, 0, 0, 0x0F, 0x0B, 0x78, 0x65, 0x6D, 0x0F, 0xA2),
    I("forced, with a prefix", 0, 0, 0, 0, 0x66, 0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2),
    I("jmp far 0xe008", 0, 0, 0, 0, 0xEA, 0, 0, 0, 0, 0x08, 0xE0),
    I("call far 0", 0, 0, 0, 0, 0x9A, 0, 0, 0, 0, 0, 0),
    I("mov ds, ax: 0xe008", 0xE008, 0, 0, 0, 0x8E, 0xD8),
    I("mov es, ax: 3", 3, 0, 0, 0, 0x8E, 0xC0),
    I("mov ss, ax: 0", 0, 0, 0, 0, 0x8E, 0xD0),
    I("mov gs, ax: 0xfff8", 0xFFF8, 0, 0, 0, 0x8E, 0xE8),
    I("mov gs, ax: LDT", 7, 0, 0, 0, 0x8E, 0xE8),
    I("mov fs, ax: 0xe033", 0xE033, 0, 0, 0, 0x8E, 0xE0),
    I("div by zero", 1, 0, 0, 0, 0xF7, 0xF1),
    I("bound", 1, 0, 0, 0, 0x0F, 0x0B),
    I("into without OF", 0, 0, 0, 0, 0xCE),
    I("aam 0", 0, 0, 0, 0, 0xD4, 0x00),
};

static void run(const char *when, u32 ring)
{
    u32 i;

    for (i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
        const struct insn *n = insns + i;
        struct outcome o = execute(n->code, n->len, n->eax, n->ecx, n->edx, ring);

        print("got %s %s =", when, n->name);
        if (o.vec == NO_TRAP) {
            print(" done");
            if (n->shows & 1)
                print(" eax 0x%x", o.eax);
            if (n->shows & 2)
                print(" edx 0x%x", o.edx);
            if (n->shows & 4)
                print(" ecx 0x%x", o.ecx);
            if (n->shows & 8)
                print(" ebx 0x%x", o.ebx);
        } else {
            print(" vector %d error 0x%x eip +%d", o.vec, o.error, (s32)o.at);
        }
        print("\n");
    }
    asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(KERNEL_DS));
    hypercall(NR_fpu_taskswitch, 0, 0, 0, 0, 0);
}

static void iopl(u32 level)
{
    hypercall(33, 6, (u32)&level, 0, 0, 0);
}

/* RDMSR and WRMSR of the numbers around those that Xen knows. */
static void msrs(void)
{
    static const u32 numbers[] = {
        0x0,        0x10,       0x17,       0x1B,       0x2A,       0x3A,       0x48,       0x49,
        0x79,       0x8B,       0xC1,       0xCE,       0xE7,       0xE8,       0xFE,       0x10A,
        0x10B,      0x140,      0x174,      0x175,      0x176,      0x179,      0x186,      0x198,
        0x199,      0x1A0,      0x1D9,      0x200,      0x20F,      0x250,      0x277,      0x2FF,
        0x345,      0x38F,      0x400,      0x480,      0x6E0,      0x800,      0x830,      0xDA0,
        0x12345,    0x3FFFFFFF, 0x40000000, 0x40000001, 0x400000FF, 0x40000100, 0xC0000080, 0xC0000081,
        0xC0000082, 0xC0000084, 0xC0000100, 0xC0000101, 0xC0000102, 0xC0000103, 0xC0010000, 0xC0010004,
        0xC0010010, 0xC0010015, 0xC001001F, 0xC0010020, 0xC0010061, 0xC0010062, 0xC0010063, 0xC0010114,
        0xC0010117, 0xC0011000, 0xC001100A, 0xC001102C, 0xFFFFFFFF};
    static const u8 rdmsr[] = {0x0F, 0x32}, wrmsr[] = {0x0F, 0x30};
    u32 i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct outcome o = execute(rdmsr, 2, 0x11, numbers[i], 0x22, 1);
        print("got rdmsr 0x%x = vector %d error 0x%x eip +%d\n", numbers[i], o.vec, o.vec < 0 ? 0 : o.error,
              o.vec < 0 ? 0 : (s32)o.at);
        if (o.vec == NO_TRAP && numbers[i] != 0x10) {
            struct outcome w = execute(wrmsr, 2, o.eax, numbers[i], o.edx, 1);
            print("got wrmsr 0x%x, what was read = vector %d\n", numbers[i], w.vec);
            w = execute(wrmsr, 2, o.eax ^ 0x100, numbers[i], o.edx, 1);
            print("got wrmsr 0x%x, bit 8 changed = vector %d\n", numbers[i], w.vec);
        } else {
            struct outcome w = execute(wrmsr, 2, 0, numbers[i], 0, 1);
            print("got wrmsr 0x%x, 0 = vector %d error 0x%x\n", numbers[i], w.vec, w.vec < 0 ? 0 : w.error);
        }
    }
}

/* The leaves that Xen itself makes, by the prefix, and where each list ends. */
static void cpuid(void)
{
    static const u8 forced[] = {0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2};
    static const u32 leaves[] = {0x40000000, 0x40000001, 0x40000002, 0x40000004, 0x40000005,
                                 0x40000006, 0x40000100, 0x4000FFFF, 0x3FFFFFFF};
    u32 i, sub, ring;

    for (ring = 1; ring <= 3; ring += 2)
        for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
            for (sub = 0; sub < 3; sub++) {
                struct outcome o = execute(forced, 7, leaves[i], sub, 0, ring);
                print("got cpuid 0x%x %u from ring %u = vector %d: 0x%x 0x%x 0x%x 0x%x\n", leaves[i], sub,
                      ring, o.vec, o.eax, o.ebx, o.ecx, o.edx);
            }
    {
        struct outcome o = execute(forced, 7, 1, 0, 0, 1);
        SAY(o.ecx >> 31, "leaf 1: hypervisor");
        SAY(o.edx & 0x1E, "leaf 1: VME DE PSE TSC");
        SAY(o.edx >> 5 & 0x7F, "leaf 1: MSR PAE MCE CX8 APIC - SEP");
        SAY(o.edx >> 12 & 0x3F, "leaf 1: MTRR PGE MCA CMOV PAT PSE36");
        SAY(o.edx >> 23 & 7, "leaf 1: MMX FXSR SSE");
        o = execute(forced, 7, 0x80000001, 0, 0, 1);
        SAY(o.edx >> 20 & 1, "leaf 0x80000001: NX");
        SAY(o.edx >> 29 & 1, "leaf 0x80000001: LM");
        SAY(o.ecx >> 2 & 1, "leaf 0x80000001: SVM");
    }
}

void guest_main(void)
{
    static const u8 popf[] = {0x50, 0x9D, 0x9C, 0x58};
    u32 level;

    set_up_measure();
    run("ring 1", 1);
    run("ring 3", 3);
    for (level = 1; level <= 3; level++) {
        iopl(level);
        print("virtual IOPL %u:\n", level);
        run("ring 1", 1);
        if (level == 3)
            run("ring 3", 3);
    }
    iopl(0);
    for (level = 0; level < 22; level++) {
        struct outcome o = execute(popf, 4, 1u << level, 0, 0, 1);
        if (level != 8)
            SAY(o.vec == NO_TRAP ? o.eax & ~0xFFC0F000u : (u32)o.vec, "popf, pushf with bit %u", level);
    }
    msrs();
    cpuid();
}
