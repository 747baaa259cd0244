/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * advisories - what once brought a Xen down, or let its guest out, and only a CPU can do
 * (tests/xsa/README.md has the classes, and the sequences for all else): the guest finds
 * an exception of its own, or nothing, and lives. Advisories are Xen's, XSA-n.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define IS_2_0 (xen == XEN_2_0)
#define AVL0   0x200u

static u8 victim[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static u32 ss_word = KERNEL_DS;

static s32 set_debugreg(u32 reg, u32 value)
{
    return hypercall(8, reg, value, 0, 0, 0);
}

/* One of two vectors, as Xens differ, or none; what the frame says is of this ring. */
static void check_vector(const char *name, s32 vec, s32 a, s32 b, u32 cs)
{
    CHECK(name, vec == a || vec == b ? a : vec, a);
    if (vec != NO_TRAP)
        check_quietly("  cs", last_trap.cs & 3, cs & 3);
}

/* --- exceptions that come late: XSA-260 ------------------------------------------------------ */

static u32 nr_debug, nr_breakpoint, wild;

/* #DB and #BP are counted, and gone on from; where they say they are is the kernel. */
static int count(struct trap *t)
{
    if (t->vec != 1 && t->vec != 3)
        return 0;
    nr_debug += t->vec == 1;
    nr_breakpoint += t->vec == 3;
    wild += t->cs != KERNEL_CS || t->eip < VIRT_BASE || t->eip >= HYPERVISOR_START;
    if (nr_debug > 8)
        set_debugreg(7, 0);
    set_debugreg(6, 0);
    return 1;
}

static u32 watched_call(void)
{
    u32 result;
    asm volatile("movw %1, %%ss; int $0x82"
                 : "=a"(result)
                 : "m"(ss_word), "0"(NR_xen_version), "b"(0), "c"(0)
                 : "memory");
    return result;
}

static u32 watched_breakpoint(void)
{
    asm volatile("movw %0, %%ss; int3" : : "m"(ss_word) : "memory");
    return 77;
}

static u32 watched_interrupt(void)
{
    asm volatile("movw %0, %%ss; int $0x90" : : "m"(ss_word) : "memory");
    return 78;
}

static void late_one(const char *name, u32 (*fn)(void), s32 ends, u32 result)
{
    nr_debug = nr_breakpoint = wild = 0;
    set_debugreg(0, (u32)&ss_word);
    set_debugreg(7, 2u | 3u << 16 | 1u << 18); /* two bytes, read or written */
    on_trap = count;
    s32 vec = try_call((void *)fn, 0);
    on_trap = 0;
    set_debugreg(7, 0);
    CHECK(name, vec, ends);
    if (ends == NO_TRAP)
        CHECK("  its result", try_result, result);
    CHECK("  frames that are nobody's", wild, 0);
    check_quietly("  storms", nr_debug > 2, 0);
}

static void late(void)
{
    print("MOV SS, and what follows at once:\n");
    late_one("a hypercall", watched_call, NO_TRAP, (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0));
    late_one("a breakpoint", watched_breakpoint, NO_TRAP, 77);
    CHECK("  it was told", nr_breakpoint, 1);
    late_one("an interrupt", watched_interrupt, 0x90, 0);
}

/* --- breakpoints where frames go: XSA-156, XSA-265 ----------------------------------------------- */

static u32 breakpoint(u32 esp_to)
{
    u32 esp;
    asm volatile("mov %%esp, %0" : "=r"(esp));
    *(u32 *)esp_to = esp;
    asm volatile("int3");
    return 79;
}

static void storms(void)
{
    u32 esp = 0;
    print("breakpoints on the stack:\n");
    CHECK("where it is", try_call((void *)breakpoint, (u32)&esp), 3);
    for (u32 below = 4; below <= 32; below += 4) {
        nr_debug = nr_breakpoint = wild = 0;
        set_debugreg(0, esp - below);
        set_debugreg(7, 2u | 1u << 16 | 3u << 18); /* four bytes, written */
        on_trap = count;
        s32 vec = try_call((void *)breakpoint, (u32)&esp);
        on_trap = 0;
        set_debugreg(7, 0);
        check_quietly("a frame on it", vec, NO_TRAP);
        check_quietly("  breakpoints", nr_breakpoint, 1);
        check_quietly("  frames that are nobody's", wild, 0);
    }
    /* Where ring 3's frames go. */
    static const u8 ud2[] = {0x0F, 0x0B};
    set_debugreg(0, KERNEL_STACK_TOP - 8);
    set_debugreg(7, 2u | 1u << 16 | 3u << 18);
    s32 vec = run_user(ud2, sizeof ud2, 0);
    set_debugreg(7, 0);
    set_debugreg(6, 0);
    check_vector("from ring 3", vec, 6, 1, vec == 6 ? USER_CS : KERNEL_CS);
    CHECK("still here", run_user(ud2, sizeof ud2, 0), 6);
}

/* --- instructions that are none here ------------------------------------------------------------ */

struct insn {
    const char *name;
    u8 len, code[10];
    u32 ecx; /* put there first */
};
#define I(name, ecx, ...)                                                                                    \
    {                                                                                                        \
        name, sizeof((u8[]){__VA_ARGS__}), {__VA_ARGS__}, ecx                                                \
    }

static const struct insn insns[] = {
    I("sysenter (XSA-8, 44, 339)", 0, 0x0F, 0x34),
    I("sysexit", 0, 0x0F, 0x35),
    I("syscall (XSA-8)", 0, 0x0F, 0x05),
    I("sysret", 0, 0x0F, 0x07),
    I("invpcid (XSA-279)", 0, 0x66, 0x0F, 0x38, 0x82, 0x0C, 0x24),
    I("rdmsr MISC_ENABLE (XSA-333)", 0x1A0, 0x0F, 0x32),
    I("wrmsr MISC_ENABLE (XSA-333)", 0x1A0, 0x0F, 0x30),
    I("wrmsr DEBUGCTL (XSA-269)", 0x1D9, 0x0F, 0x30),
    I("rdmsr PKG_ENERGY_STATUS (XSA-351)", 0x611, 0x0F, 0x32),
    I("rdmsr F15H_CU_POWER (XSA-351)", 0xC001007A, 0x0F, 0x32),
    I("wrmsr DR0_ADDR_MASK (XSA-444)", 0xC0011027, 0x0F, 0x30),
    I("wrmsr SYSENTER_EIP", 0x176, 0x0F, 0x30),
    I("wrmsr LSTAR (XSA-7)", 0xC0000082, 0x0F, 0x30),
};

static u8 kernel_code[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));

/* mov ecx, imm32; the instruction; and, in ring 1, ret. */
static u32 put_insn(u8 *to, const struct insn *insn, int returns)
{
    to[0] = 0xB9;
    memcpy(to + 1, &insn->ecx, 4);
    memcpy(to + 5, insn->code, insn->len);
    to[5 + insn->len] = 0xC3;
    return 5u + insn->len + (returns ? 1 : 0);
}

static void instructions(void)
{
    print("instructions and registers that are none:\n");
    for (u32 i = 0; i < sizeof insns / sizeof insns[0]; i++) {
        u8 code[20];
        u32 len = put_insn(code, &insns[i], 0);
        s32 vec;
        put_insn(kernel_code, &insns[i], 1);
        vec = try_call(kernel_code, 0);
        CHECK(insns[i].name, vec == NO_TRAP || vec == 6 || vec == 13, 1);
        vec = run_user(code, len, 0); /* with an int3 behind it */
        check_quietly("  in ring 3", vec == 3 || vec == 6 || vec == 13, 1);
        check_quietly("  its frame", last_trap.cs, USER_CS);
    }
}

/* --- int 0x80, and interrupts that the guest masks: XSA-259, XSA-202 -------------------------------- */

static u32 flags_after_cli(void)
{
    u32 flags;
    asm volatile("cli; pushf; pop %0; sti" : "=r"(flags));
    return flags;
}

static u32 flags_after_popf(void)
{
    u32 flags;
    asm volatile("pushf; pop %0; push %0; andl $~0x200, (%%esp); popf; pushf; pop %0"
                 : "=&r"(flags)
                 :
                 : "memory", "cc");
    return flags;
}

static void interrupts(void)
{
    static const u8 int_80[] = {0xCD, 0x80}, cli[] = {0xFA};
    u8 mask = UPCALL_MASK;
    s32 vec;
    print("interrupts:\n");
    vec = run_user(int_80, sizeof int_80, 0);
    CHECK("int 0x80 in ring 3 (XSA-259)", vec == 0x80 || vec == 13, 1);
    CHECK("cli in ring 3", run_user(cli, sizeof cli, 0), 13);
    vec = try_call((void *)flags_after_cli, 0);
    CHECK("cli without the right", vec, 13);
    CHECK("popf (XSA-202)", try_call((void *)flags_after_popf, 0), NO_TRAP);
    CHECK("  IF stays", try_result & 0x200, 0x200);
    if (!IS_2_0) {
        static const u32 iopl[] = {6, 1}; /* set_iopl, old style */
        CHECK("set_iopl", hypercall(19, (u32)iopl, 0, 0, 0, 0), 0);
        CHECK("cli with it", try_call((void *)flags_after_cli, 0), NO_TRAP);
        CHECK("  IF stays", try_result & 0x200, 0x200);
    }
    CHECK("  and the mask is the guest's", UPCALL_MASK, mask);
}

/* --- selectors: XSA-110, XSA-298 ------------------------------------------------------------------- */

static u32 far_jump(u32 selector)
{
    struct {
        u32 eip;
        u16 cs;
    } __attribute__((packed)) to = {VIRT_BASE, (u16)selector};
    asm volatile("ljmp *%0" : : "m"(to) : "memory");
    return 80;
}

static u32 far_call(u32 selector)
{
    struct {
        u32 eip;
        u16 cs;
    } __attribute__((packed)) to = {VIRT_BASE, (u16)selector};
    asm volatile("lcall *%0" : : "m"(to) : "memory");
    return 81;
}

static u32 load_ds(u32 selector)
{
    asm volatile("movw %w0, %%es" : : "r"(selector));
    return 82;
}

static void selectors(void)
{
    u32 xens_code = (KERNEL_CS & ~7u) - 0x10, xens_data = xens_code + 8;
    const struct {
        const char *name;
        u32 selector, error;
    } codes[] = {
        {"Xen's code", xens_code, xens_code},
        {"Xen's code, as of ring 1", xens_code | 1, xens_code},
        {"null", 0, 0},
        {"of an LDT that is not there", 0x0F, 0x0C},
        {"behind the LDT's limit", 0xFFFC, 0xFFFC},
        {"behind the GDT's limit", 0xFFF9, 0xFFF8},
        {"ring 3's", USER_CS, USER_CS & ~3u},
    };
    print("selectors (XSA-110, XSA-298):\n");
    for (u32 i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK(codes[i].name, try_call((void *)far_jump, codes[i].selector), 13);
        check_quietly("  error", last_trap.error, codes[i].error);
        check_quietly("  by a call", try_call((void *)far_call, codes[i].selector), 13);
        check_quietly("  error", last_trap.error, codes[i].error);
    }
    CHECK("Xen's data", try_call((void *)load_ds, xens_data), 13);
    CHECK("  error", last_trap.error, xens_data);
    CHECK("of the LDT", try_call((void *)load_ds, 0x1F), 13);
    asm volatile("movw %w0, %%es" : : "r"(KERNEL_DS));
}

/* --- tables: XSA-241, XSA-286, XSA-200 ---------------------------------------------------------------- */

static u32 store(u32 at)
{
    *(volatile u32 *)at = 0x41414141;
    return 83;
}

/* The page was written to, so that the CPU knows it; then it is a table. */
static void old_translations(void)
{
    print("a page that becomes a table (XSA-241, XSA-286):\n");
    CHECK("written", try_call((void *)store, (u32)victim), NO_TRAP);
    memset(victim, 0, PAGE_SIZE);
    CHECK("read-only, no flush asked for", map_page_flags(victim, pte(virt_to_mfn(victim), PTE_RO), 0), 0);
    CHECK("pinned", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(victim), 0), 0);
    CHECK("written again", try_call((void *)store, (u32)victim), 14);
    CHECK("  error", last_trap.error, 3);
    CHECK("  nothing was", *(volatile u32 *)victim, 0);
    CHECK("writable", map_page_flags(victim, pte(virt_to_mfn(victim), PTE_RWX), 0) < 0, 1);
    CHECK("unpinned", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(victim), 0), 0);
    CHECK("writable", remap_page(victim, PTE_RWX), 0);
    CHECK("written", try_call((void *)store, (u32)victim), NO_TRAP);
}

#ifdef GUEST_PAE
static u64 compare, exchange, found;
static u32 zero_flag;

#define EXCHANGE(name, prefix)                                                                               \
    static u32 name(u32 at)                                                                                  \
    {                                                                                                        \
        u32 lo = (u32)compare, hi = (u32)(compare >> 32);                                                    \
        u8 zf;                                                                                               \
        asm volatile(prefix "cmpxchg8b (%4); setz %2"                                                        \
                     : "+a"(lo), "+d"(hi), "=q"(zf)                                                          \
                     : "b"((u32)exchange), "S"(at), "c"((u32)(exchange >> 32))                               \
                     : "memory", "cc");                                                                      \
        found = (u64)hi << 32 | lo;                                                                          \
        zero_flag = zf;                                                                                      \
        return 84;                                                                                           \
    }
EXCHANGE(exchange_entry, "")
/* The prefix for operands of 16 bits says nothing to it; QEMU's CPU has #UD for it. */
EXCHANGE(exchange_prefixed, ".byte 0x66; ")

static void exchange_one(const char *name, volatile pte_t *entry, u64 old, u64 new, int equal)
{
    u64 was = *entry, beside = entry[1];
    compare = old;
    exchange = new;
    CHECK(name, try_call((void *)exchange_entry, (u32)entry), NO_TRAP);
    CHECK("  equal", zero_flag, equal);
    CHECK("  what was found", found == was, 1);
    CHECK("  what is there", *entry == (equal ? new : was), 1);
    CHECK("  and beside it", entry[1] == beside, 1);
    compare ^= *entry ^ was;
    exchange = was;
    was = *entry;
    CHECK("  back, with a prefix", try_call((void *)exchange_prefixed, (u32)entry), NO_TRAP);
    check_quietly("  prefix: equal", zero_flag, equal);
    check_quietly("  prefix: what was found", found == was, 1);
    check_quietly("  prefix: what is there", *entry == (equal ? exchange : was), 1);
    check_quietly("  prefix: and beside it", entry[1] == beside, 1);
}

static void entries(void)
{
    volatile pte_t *entry = L1E(victim);
    print("an entry that is compared and exchanged (XSA-200):\n");
    if (xen < XEN_3_0_4)
        return; /* one that is not written at once may be another's by then */
    CHECK("vm_assist", hypercall(NR_vm_assist, 0, 2, 0, 0, 0), 0);
    exchange_one("equal", entry, *entry, *entry ^ AVL0, 1);
    exchange_one("not equal", entry, *entry ^ 0x1000, 0, 0);
    exchange_one("the upper half alone", entry, *entry ^ 1ull << 40, 0, 0);
    CHECK("vm_assist", hypercall(NR_vm_assist, 1, 2, 0, 0, 0), 0);
}
#endif

void guest_main(void)
{
    install_traps();
    late();
    storms();
    instructions();
    interrupts();
    selectors();
    old_translations();
#ifdef GUEST_PAE
    entries();
#endif
}
