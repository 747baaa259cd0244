/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * corners - what hypervisors have got wrong before: bits of control and debug
 * registers one by one, the IOPL that an iret sets, CPUID that faults in ring 3, an
 * iret inside a multicall, emulation through odd code segments and many prefixes,
 * string I/O that faults, pages that were an LDT (docs/xen-abi.md 3, 5.5, 5.8, 6, 7).
 */
#include "lib/measure.h"

extern u8 run_code[PAGE_SIZE];
u32 corner_area[1024] PAGE;
static u64 gdt[512] PAGE, ldt[512] PAGE;

static void done(struct outcome o, int shows)
{
    if (o.vec != NO_TRAP)
        print(" %d:%x+%d", o.vec, o.error, (s32)o.at);
    else if (shows)
        print(" %x", o.eax);
    else
        print(" ok");
}

static void control_registers(void)
{
    static const u8 to_cr0[] = {0x0F, 0x22, 0xC0}, from_cr0[] = {0x0F, 0x20, 0xC0},
                    to_cr4[] = {0x0F, 0x22, 0xE0}, from_cr4[] = {0x0F, 0x20, 0xE0},
                    smsw[] = {0x0F, 0x01, 0xE0}, lmsw[] = {0x0F, 0x01, 0xF0}, to_cr2[] = {0x0F, 0x22, 0xD0},
                    from_cr2[] = {0x0F, 0x20, 0xD0};
    u32 cr0 = execute(from_cr0, 3, 0, 0, 0, 1).eax, cr4 = execute(from_cr4, 3, 0, 0, 0, 1).eax, bit;

    SAY(cr0, "CR0");
    SAY(cr4 & ~0x40600u, "CR4 but OSFXSR, OSXMMEXCPT, OSXSAVE");
    for (bit = 0; bit < 32; bit++) {
        print("got CR0 bit %u =", bit);
        done(execute(to_cr0, 3, cr0 ^ 1u << bit, 0, 0, 1), 0);
        done(execute(from_cr0, 3, 0, 0, 0, 1), 1);
        print(" %x\n", execute(smsw, 3, 0, 0, 0, 1).eax & 0xFFFF);
        hypercall(NR_fpu_taskswitch, 0, 0, 0, 0, 0);
        print("got CR4 bit %u =", bit);
        done(execute(to_cr4, 3, cr4 ^ 1u << bit, 0, 0, 1), 0);
        print(" %x\n", (execute(from_cr4, 3, 0, 0, 0, 1).eax ^ cr4) & ~0x40600u);
        execute(to_cr4, 3, cr4, 0, 0, 1);
        print("got CR2 bit %u =", bit);
        done(execute(to_cr2, 3, 1u << bit, 0, 0, 1), 0);
        print(" %x", VCPU_CR2);
        done(execute(from_cr2, 3, 0, 0, 0, 1), 1);
        print("\n");
        print("got LMSW bit %u =", bit);
        done(execute(lmsw, 3, 1u << bit, 0, 0, 1), 0);
        print("\n");
    }
}

static void debug_registers(void)
{
    u32 bit, reg;

    for (reg = 0; reg < 8; reg++)
        for (bit = 0; bit < 32; bit++) {
            const u8 to[] = {0x0F, 0x23, (u8)(0xC0 | reg << 3)}, from[] = {0x0F, 0x21, (u8)(0xC0 | reg << 3)};
            if (reg < 4 && bit % 5)
                continue;
            if (reg == 7 && (bit < 8 || bit == 13)) /* breakpoints that would fire */
                continue;
            print("got DR%u bit %u = %d", reg, bit, hypercall(8, reg, 1u << bit, 0, 0, 0));
            print(" %x", (u32)hypercall(9, reg, 0, 0, 0, 0));
            done(execute(from, 3, 0, 0, 0, 1), 1);
            hypercall(8, reg, reg == 6 ? 0xFFFF0FF0 : reg == 7 ? 0x400 : 0, 0, 0, 0);
            done(execute(to, 3, 1u << bit, 0, 0, 1), 0);
            print(" %x\n", (u32)hypercall(9, reg, 0, 0, 0, 0));
            hypercall(8, reg, reg == 6 ? 0xFFFF0FF0 : reg == 7 ? 0x400 : 0, 0, 0, 0);
        }
}

/* --- IOPL ------------------------------------------------------------------------------ */

void corner_iret(u32 unused), corner_multicall(u32 unused);
u32 corner_list[24] __asm__("corner_list");
asm("corner_iret: mov $corner_area + 2048, %esp; mov $23, %eax; int $0x82\n"
    "corner_multicall: mov $corner_area + 2048, %esp; mov $13, %eax; mov $corner_list, %ebx; mov $3, %ecx\n"
    "int $0x82; int3");

static void frame(u32 eip, u32 cs, u32 eflags)
{
    u32 *f = corner_area + 512;

    f[0] = 0x1234;
    f[1] = eip;
    f[2] = cs;
    f[3] = eflags;
    f[4] = USER_STACK_TOP;
    f[5] = USER_DS;
}

static void iopl(void)
{
    static const u8 codes[][2] = {{0xFA, 0xCC}, {0xFB, 0xCC}, {0xEC, 0xCC}, {0x9C, 0x58}};
    static const char *const names[] = {"cli", "sti", "in", "pushf"};
    u32 assist, level, ring, i, by_call;

    for (assist = 0; assist < 2; assist++) {
        SAY(hypercall(NR_vm_assist, !assist, 4, 0, 0, 0), "architectural_iopl %u", assist);
        for (by_call = 0; by_call < 2; by_call++)
            for (level = 0; level < 4; level++)
                for (ring = 1; ring <= 3; ring += 2)
                    for (i = 0; i < 4; i++) {
                        s32 vec;
                        u32 zero = 0;
                        hypercall(33, 6, (u32)&zero, 0, 0, 0);
                        if (by_call)
                            hypercall(33, 6, (u32)&level, 0, 0, 0);
                        memcpy(user_code, codes[i], 2);
                        memset(user_code + 2, 0xCC, 8);
                        frame((u32)user_code, ring == 3 ? USER_CS : KERNEL_CS,
                              0x202 | (by_call ? 0 : level << 12));
                        vec = try_call(corner_iret, 0);
                        print("got IOPL %u by %s, %s in ring %u = %d:%x+%d fl %x eax %x\n", level,
                              by_call ? "physdev_op" : "iret", names[i], ring, vec, last_trap.error,
                              (s32)(last_trap.eip - (u32)user_code), last_trap.eflags,
                              last_trap.regs[TRAP_EAX] & 0xFFFF);
                        UPCALL_MASK = 1;
                    }
    }
    hypercall(NR_vm_assist, 1, 4, 0, 0, 0);
    level = 0;
    hypercall(33, 6, (u32)&level, 0, 0, 0);
}

static void cpuid_faults(void)
{
    static const u8 forced[] = {0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2}, rdmsr[] = {0x0F, 0x32},
                    wrmsr[] = {0x0F, 0x30};
    u32 value, ring;

    for (value = 0; value < 3; value++) {
        print("got MISC_FEATURES_ENABLES %u =", value);
        done(execute(wrmsr, 2, value, 0x140, 0, 1), 0);
        done(execute(rdmsr, 2, 0, 0x140, 0, 1), 1);
        for (ring = 1; ring <= 3; ring += 2) {
            struct outcome o = execute(forced, 7, 0x40000000, 0, 0, ring);
            o.eax = 0;
            done(o, 0);
        }
        print("\n");
    }
    execute(wrmsr, 2, 0, 0x140, 0, 1);
}

/* --- an iret as an entry of a multicall -------------------------------------------------- */

static void multicalls(void)
{
    static const u32 others[] = {23, 13, 0x80000011, 64, 11, 25};
    u32 i;

    for (i = 0; i < 6; i++) {
        s32 vec;
        memset(corner_list, 0, sizeof(corner_list));
        corner_list[0] = corner_list[16] = NR_xen_version;
        corner_list[1] = corner_list[9] = corner_list[17] = 0x5A5A5A5A;
        corner_list[8] = others[i];
        memset(user_code, 0xCC, 8);
        frame((u32)user_code, KERNEL_CS, 0x202);
        vec = try_call(corner_multicall, 0);
        print("got multicall of %x = %d eax %x results %x %x %x\n", others[i], vec, last_trap.regs[TRAP_EAX],
              corner_list[1], corner_list[9], corner_list[17]);
        UPCALL_MASK = 1;
    }
}

/* --- emulation ----------------------------------------------------------------------------- */

static void prefixes(void)
{
    static const u8 kinds[] = {0x66, 0x67, 0x2E, 0x3E, 0x64, 0xF2, 0xF3};
    static const struct {
        const char *name;
        u8 code[3], len;
    } ops[] = {{"mov cr0", {0x0F, 0x20, 0xC0}, 3},
               {"cli", {0xFA}, 1},
               {"in al", {0xEC}, 1},
               {"rdmsr", {0x0F, 0x32}, 2},
               {"wbinvd", {0x0F, 0x09}, 2},
               {"clts", {0x0F, 0x06}, 2},
               {"hlt", {0xF4}, 1}};
    u32 level = 1, k, n, i;

    hypercall(33, 6, (u32)&level, 0, 0, 0);
    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        for (k = 0; k < sizeof(kinds); k++) {
            print("got %s with prefix %x =", ops[i].name, kinds[k]);
            for (n = 1; n < 16; n += n < 3 ? 1 : n == 3 ? 8 : 1) {
                u8 code[24];
                memset(code, kinds[k], n);
                memcpy(code + n, ops[i].code, ops[i].len);
                done(execute(code, n + ops[i].len, 0x11, 0x1B, 0x60, 1), 0);
            }
            print("\n");
        }
    level = 0;
    hypercall(33, 6, (u32)&level, 0, 0, 0);
}

static void set(u32 entry, u64 value)
{
    u64 at = ((u64)virt_to_mfn(gdt) << 12) + entry * 8;

    hypercall(10, (u32)at, (u32)(at >> 32), (u32)value, (u32)(value >> 32), 0);
}

/* In a code segment that begins at run_code + 0x100, of 32 and of 16 bits. */
static void segments(void)
{
    static const struct {
        const char *name;
        u8 code[9], len;
    } ops[] = {{"mov cr0", {0x0F, 0x20, 0xC0, 0x66, 0xCB}, 5},
               {"clts", {0x0F, 0x06, 0x66, 0xCB}, 4},
               {"forced cpuid", {0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2, 0x66, 0xCB}, 9},
               {"hlt", {0xF4, 0x66, 0xCB}, 3},
               {"ud2", {0x0F, 0x0B}, 2},
               {"int 0x90", {0xCD, 0x90}, 2},
               {"int 0x91", {0xCD, 0x91}, 2}};
    u32 base = (u32)run_code + 0x100, i, wide, frame_mfn = virt_to_mfn(gdt);

    remap_page(gdt, PTE_RO);
    SAY(hypercall(NR_set_gdt, (u32)&frame_mfn, 512, 0, 0, 0), "set_gdt");
    for (wide = 0; wide < 2; wide++)
        for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
            u8 call[] = {0x9A, 0, 0, 0, 0, 0x09, 0};
            struct outcome o;
            u8 code[12];
            u32 n = 0;
            set(1, 0x0000BA000000FFFFull | (u64)(base & 0xFFFFFF) << 16 | (u64)(base >> 24) << 56 |
                       (wide ? 1ull << 54 : 0));
            memcpy(code, ops[i].code, ops[i].len);
            n = ops[i].len;
            /* A far return takes two words of the caller's size: 0x66 in 16 bits. */
            if (wide && n > 2 && code[n - 2] == 0x66) {
                code[n - 2] = 0xCB;
                n--;
            }
            memcpy(run_code + 0x100, code, n);
            o = execute(call, 7, 0x40000000, 0, 0, 1);
            print("got %s in a segment of %u bits =", ops[i].name, wide ? 32 : 16);
            if (o.vec == NO_TRAP)
                print(" %x\n", i == 0 ? o.eax : i == 2 ? o.ebx : 0);
            else
                print(" %d:%x eip %x cs %x\n", o.vec, o.error, last_trap.eip, last_trap.cs);
        }
    remap_page(ldt, PTE_RO);
    /* A page that was an LDT. */
    set(1, 0);
    {
        static const u8 load[] = {0x0F, 0xA8, 0x8E, 0xE8, 0x0F, 0xA9}; /* push gs; mov gs, eax; pop gs */
        struct outcome o;
        SAY(mmuext(MMUEXT_SET_LDT, (u32)ldt, 16), "LDT");
        SAY(remap_page(ldt, PTE_RWX), "  writable before its use");
        SAY(remap_page(ldt, PTE_RO), "  read-only");
        o = execute(load, 6, 4, 0, 0, 1);
        print("got   null entry = %d:%x\n", o.vec, o.error);
        SAY(remap_page(ldt, PTE_RWX), "  writable after its use");
        SAY(mmuext(0, virt_to_mfn(ldt), 0), "  pin it as L1");
        SAY(mmuext(MMUEXT_SET_LDT, 0, 0), "  no LDT");
        SAY(remap_page(ldt, PTE_RWX), "  writable then");
        SAY(remap_page(gdt, PTE_RWX), "the GDT's page writable");
        SAY(map_page(gdt, 0), "  unmapped");
        SAY(remap_page(gdt, PTE_RO), "  read-only");
        SAY(mmuext(0, frame_mfn, 0), "  pin it as L1");
        SAY(hypercall(NR_set_gdt, 0, 0, 0, 0, 0), "no GDT");
        SAY(remap_page(gdt, PTE_RWX), "  writable then");
    }
}

/* INS and OUTS by good and bad memory. */
static void strings(void)
{
    static const struct {
        const char *name;
        u8 code[3], len;
    } ops[] = {{"insb", {0x6C}, 1},
               {"insw", {0x66, 0x6D}, 2},
               {"insd", {0x6D}, 1},
               {"outsb", {0x6E}, 1},
               {"outsd", {0x6F}, 1},
               {"rep insb", {0xF3, 0x6C}, 2},
               {"rep outsb", {0xF3, 0x6E}, 2},
               {"fs outsb", {0x64, 0x6E}, 2}};
    u32 places[] = {(u32)corner_area, 0x40000000,       (u32)ask_read_only,
                    ASK_END - 2,      HYPERVISOR_START, 0xFFFFFFFF};
    static const char *const names[] = {"a page", "nothing", "read-only", "the page's end", "Xen", "-1"};
    u32 i, j, ring, level = 3;

    hypercall(33, 6, (u32)&level, 0, 0, 0);
    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        for (j = 0; j < 6; j++)
            for (ring = 1; ring <= 3; ring += 2) {
                u8 code[24] = {0xBE, 0, 0, 0, 0, 0xBF, 0, 0, 0, 0}; /* mov esi, mov edi */
                struct outcome o;
                memset(corner_area, 0x11, 64);
                memcpy(code + 1, &places[j], 4);
                memcpy(code + 6, &places[j], 4);
                memcpy(code + 10, ops[i].code, ops[i].len);
                o = execute(code, ops[i].len + 10, 0, 4, 0x60, ring);
                print("got %s, %s, ring %u =", ops[i].name, names[j], ring);
                if (o.vec == NO_TRAP)
                    print(" ecx %u word %x\n", ops[i].code[0] == 0xF3 ? o.ecx : 0, corner_area[0]);
                else
                    print(" %d:%x+%d cr2 %x ecx %u esi +%d edi +%d\n", o.vec, o.error, (s32)o.at - 10,
                          o.vec == 14 ? o.cr2 : 0, o.ecx, (s32)(last_trap.regs[1] - places[j]),
                          (s32)(last_trap.regs[0] - places[j]));
            }
    level = 0;
    hypercall(33, 6, (u32)&level, 0, 0, 0);
}

void guest_main(void)
{
    set_up_measure();
    control_registers();
    debug_registers();
    iopl();
    cpuid_faults();
    multicalls();
    prefixes();
    strings();
    segments();
}
