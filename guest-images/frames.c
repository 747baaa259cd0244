/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * frames - IRET and the iret hypercall with frames of every kind, handlers at odd
 * places, callbacks, NMIs, task-switched FPU, single steps: what the guest finds
 * then (docs/xen-abi.md 6).
 */
#include "lib/measure.h"

u32 iret_area[1024] PAGE;
static u32 *const frame = iret_area + 512;
void hyper_iret(u32 unused), native_iret(u32 unused), far_return(u32 unused);
asm("hyper_iret: mov $iret_area + 2048, %esp; mov $23, %eax; int $0x82\n"
    "native_iret: mov $iret_area + 2052, %esp; iret\n"
    "far_return: mov $iret_area + 2052, %esp; lret");

static void outcome(s32 vec)
{
    const struct trap *t = &last_trap;

    if (vec == NO_TRAP) {
        print(" none\n");
        return;
    }
    print(" %d:%x", vec, t->error);
    if (t->eip - (u32)user_code < PAGE_SIZE)
        print(" user+%d", (s32)(t->eip - (u32)user_code));
    else if (t->eip - (u32)hyper_iret < 0x20)
        print(" insn+%d", (s32)(t->eip - (u32)hyper_iret));
    else
        print(" %x", t->eip);
    print(" cs %x fl %x", t->cs, t->eflags);
    if (t->cs & 2)
        print(" esp %x ss %x", t->esp, t->ss);
    else
        print(" at %d", (s32)(t->at - (u32)frame));
    print(" mask %u saved %x", t->mask, t->saved_mask);
    if (vec == 14)
        print(" cr2 %x", t->cr2);
    print("\n");
}

static void go(void *how, u32 mask)
{
    memset(&last_trap, 0, sizeof(last_trap));
    UPCALL_MASK = (u8)mask;
    outcome(try_call(how, 0));
    UPCALL_MASK = 1;
    UPCALL_PENDING = 0;
    asm volatile("mov %0, %%fs; mov %0, %%gs" : : "r"(KERNEL_DS));
}

static void fill(u32 eip, u32 cs, u32 eflags, u32 esp, u32 ss)
{
    u32 i;

    for (i = 0; i < 1024; i++)
        iret_area[i] = 0;
    frame[0] = 0x1234;
    frame[1] = eip;
    frame[2] = cs;
    frame[3] = eflags;
    frame[4] = esp;
    frame[5] = ss;
}

static const u32 user_codes[] = {USER_CS, 0xE02A, 0xE029, 0xE033, 0x0003, 0xFFFB, 0x0007, 0xE01B, 0xE02F};
static const u32 user_stacks[] = {USER_DS, 0xE031, 0xE032, 0xE021, 0xE02B, 0, 3, 0xFFFB, 7, 0xE023};
static const u32 kernel_codes[] = {KERNEL_CS, 0xE021, 0xE029, 0x0001, 0xFFF9, 0x0005, 0xE031};

static void returns(const char *name, void *how)
{
    u32 i, mask, code = (u32)user_code, stack = USER_STACK_TOP;
    int hyper = how == (void *)hyper_iret;

    for (i = 0; i < 22; i++)
        for (mask = 0; mask < 2; mask++) {
            if (!hyper && i == 17) /* VM: a native one ignores it */
                continue;
            print("got %s to ring 3, flags 0x%x, mask %u =", name, 0x202 ^ 1u << i, mask);
            fill(code, USER_CS, 0x202 ^ 1u << i, stack, USER_DS);
            go(how, mask);
            print("got %s to ring 1, flags 0x%x, mask %u =", name, 0x202 ^ 1u << i, mask);
            fill(code, KERNEL_CS, 0x202 ^ 1u << i, 0, 0);
            go(how, mask);
        }
    print("got %s to ring 3, all flags =", name);
    fill(code, USER_CS, 0xFFFCFFFF, stack, USER_DS);
    go(how, 0);
    for (i = 0; i < sizeof(user_codes) / sizeof(user_codes[0]); i++) {
        print("got %s to cs 0x%x =", name, user_codes[i]);
        fill(code, user_codes[i], 0x202, stack, USER_DS);
        go(how, 0);
        fill(code, 0xABCD0000 | user_codes[i], 0x202, stack, 0x12340000 | USER_DS);
        print("got %s to cs 0x%x, high halves =", name, user_codes[i]);
        go(how, 0);
    }
    for (i = 0; i < sizeof(user_stacks) / sizeof(user_stacks[0]); i++) {
        print("got %s to ss 0x%x =", name, user_stacks[i]);
        fill(code, USER_CS, 0x202, stack, user_stacks[i]);
        go(how, 0);
    }
    for (i = 0; i < sizeof(kernel_codes) / sizeof(kernel_codes[0]); i++) {
        print("got %s to cs 0x%x =", name, kernel_codes[i]);
        fill(code, kernel_codes[i], 0x202, 0x55, 0x66);
        go(how, 0);
    }
    print("got %s to an unmapped page, ring 3 =", name);
    fill(0x40000000, USER_CS, 0x202, stack, USER_DS);
    go(how, 1);
    print("got %s to an unmapped page, ring 1 =", name);
    fill(0x40000000, KERNEL_CS, 0x202, stack, USER_DS);
    go(how, 1);
    print("got %s to a kernel page, ring 3 =", name);
    fill((u32)iret_area, USER_CS, 0x202, stack, USER_DS);
    go(how, 1);
    print("got %s to Xen, ring 3 =", name);
    fill(HYPERVISOR_START, USER_CS, 0x202, stack, USER_DS);
    go(how, 1);
    print("got %s to Xen, ring 1 =", name);
    fill(0xFFFFF000, KERNEL_CS, 0x202, stack, USER_DS);
    go(how, 1);
    for (i = 0; i < 4; i++) {
        print("got %s with an event pending, IF %u, mask %u =", name, i & 1, i >> 1);
        fill(code, i & 1 ? USER_CS : KERNEL_CS, i & 1 ? 0x202 : 2, stack, USER_DS);
        UPCALL_PENDING = 1;
        go(how, i >> 1);
    }
}

static void far_returns(void)
{
    u32 i;

    for (i = 0; i < sizeof(user_codes) / sizeof(user_codes[0]); i++) {
        print("got lret to cs 0x%x =", user_codes[i]);
        fill((u32)user_code, user_codes[i], USER_STACK_TOP, USER_DS, 0);
        go(far_return, 0);
    }
    for (i = 0; i < sizeof(kernel_codes) / sizeof(kernel_codes[0]); i++) {
        print("got lret to cs 0x%x =", kernel_codes[i]);
        fill((u32)user_code, kernel_codes[i], USER_STACK_TOP, USER_DS, 0);
        go(far_return, 0);
    }
    for (i = 0; i < sizeof(user_stacks) / sizeof(user_stacks[0]); i++) {
        print("got lret to ss 0x%x =", user_stacks[i]);
        fill((u32)user_code, USER_CS, USER_STACK_TOP, user_stacks[i], 0);
        go(far_return, 0);
    }
}

/* --- where frames go --------------------------------------------------------------- */

struct trap_info {
    u8 vector, flags;
    u16 cs;
    u32 address;
};

static void gate(u32 vec, u32 flags, u32 cs, u32 address)
{
    struct trap_info t[2] = {{(u8)vec, (u8)flags, (u16)cs, address}, {0, 0, 0, 0}};
    hypercall(NR_set_trap_table, (u32)t, 0, 0, 0, 0);
}

static void stacks(void)
{
    static const u8 int3[] = {0xCC}, ud2[] = {0x0F, 0x0B}, pf[] = {0xA1, 0, 0, 0, 0x40};
    static const u32 selectors[] = {KERNEL_DS, 0xE020};
    u32 i, s;

    for (i = 0; i < 8; i++) {
        for (s = 0; s < 2; s++) {
            hypercall(NR_stack_switch, selectors[s], KERNEL_STACK_TOP - i, 0, 0, 0);
            execute(int3, 1, 0, 0, 0, 3);
            print("got int3 in ring 3, stack 0x%x:-%u = at -%u cs %x esp %x\n", selectors[s], i,
                  KERNEL_STACK_TOP - last_trap.at, last_trap.cs, last_trap.esp);
            execute(pf, 5, 0, 0, 0, 3);
            print("got #PF in ring 3, stack 0x%x:-%u = at -%u cs %x error %x\n", selectors[s], i,
                  KERNEL_STACK_TOP - last_trap.at, last_trap.cs, last_trap.error);
        }
    }
    hypercall(NR_stack_switch, KERNEL_DS, KERNEL_STACK_TOP, 0, 0, 0);
    for (i = 0; i < 32; i++) {
        u8 code[2] = {0xCD, (u8)i};
        if (i == 2)
            continue;
        gate(i, 3 | (i & 1 ? 4 : 0), KERNEL_CS, (u32)trap_stub(i));
        UPCALL_MASK = 0;
        execute(code, 2, 0, 0, 0, 3);
        print("got int %u, gate DPL 3 = vec %u fl %x saved %x mask %u\n", i, last_trap.vec, last_trap.eflags,
              last_trap.saved_mask, last_trap.mask);
        UPCALL_MASK = 1;
    }
    install_traps();
    /* Handlers at odd places. */
    {
        static const u32 places[][2] = {
            {KERNEL_CS, 0x40000000}, {KERNEL_CS, 0x80000000}, {0xE018, 0x40000000}, {0xE021, 0x40000000},
            {0xFFF9, 0x40000000},    {0xE02B, 0x40000000},    {0x0009, 0x40000000}, {0x0005, 0x40000000},
            {0xE01A, 0x40000000},    {0xE01B, 0x40000000}};
        for (i = 0; i < 10; i++)
            for (s = 1; s <= 3; s += 2) {
                struct outcome o;
                gate(6, 0, places[i][0], places[i][1]);
                o = execute(ud2, 2, 0, 0, 0, s);
                print("got #UD in ring %u, handler 0x%x:0x%x = %d:%x eip %x cs %x fl %x esp %d\n", s,
                      places[i][0], places[i][1], o.vec, o.error, last_trap.eip, last_trap.cs,
                      last_trap.eflags, s == 1 ? 0 : (s32)(KERNEL_STACK_TOP - last_trap.at));
            }
        install_traps();
    }
}

/* --- FPU, steps, NMI, callbacks ------------------------------------------------------- */

static void fpu(void)
{
    static const u8 fninit[] = {0xDB, 0xE3}, fwait[] = {0x9B}, smsw[] = {0x0F, 0x01, 0xE0},
                    from_cr0[] = {0x0F, 0x20, 0xC0}, clts[] = {0x0F, 0x06}, movups[] = {0x0F, 0x10, 0xC0};
    static const struct {
        const char *name;
        const u8 *code;
        u32 len;
    } uses[] = {{"fninit", fninit, 2}, {"fwait", fwait, 1},      {"movups", movups, 3},
                {"smsw", smsw, 3},     {"mov cr0", from_cr0, 3}, {"clts", clts, 2}};
    u32 i, ring, set;

    for (set = 0; set < 3; set++)
        for (ring = 1; ring <= 3; ring += 2)
            for (i = 0; i < 6; i++) {
                struct outcome o;
                hypercall(NR_fpu_taskswitch, set == 2 ? 0x80000000 : set, 0, 0, 0, 0);
                o = execute(uses[i].code, uses[i].len, 0, 0, 0, ring);
                print("got TS %u, %s in ring %u = %d eax %x", set, uses[i].name, ring, o.vec,
                      o.vec == NO_TRAP && i >= 3 && i < 5 ? o.eax & 0xFFFF : 0);
                o = execute(from_cr0, 3, 0, 0, 0, 1);
                print(" then %x", o.eax & 0xFFFF);
                o = execute(fninit, 2, 0, 0, 0, 1);
                print(" %d\n", o.vec);
            }
    hypercall(NR_fpu_taskswitch, 0, 0, 0, 0, 0);
}

static u32 steps, step_at[16];

static int stepping(struct trap *t)
{
    if (t->vec != 1)
        return 0;
    if (steps < 16)
        step_at[steps] = t->eip;
    if (++steps > 12)
        t->eflags &= ~0x100u;
    return 1;
}

static void single_steps(void)
{
    /* popf with TF, then these, then int3. */
    static const struct {
        const char *name;
        u8 code[8], len;
    } rows[] = {{"nops", {0x90, 0x90, 0x90}, 3},
                {"mov ss", {0x8C, 0xD0, 0x8E, 0xD0, 0x90, 0x90}, 6},
                {"mov cr0", {0x0F, 0x20, 0xC0, 0x90, 0x90}, 5},
                {"rdtsc", {0x0F, 0x31, 0x90, 0x90}, 4},
                {"cpuid", {0x0F, 0xA2, 0x90}, 3},
                {"forced cpuid", {0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2, 0x90}, 8},
                {"pushf popf", {0x9C, 0x9D, 0x90}, 3},
                {"rep stosb", {0x31, 0xC9, 0xF3, 0xAA, 0x90}, 5},
                {"wrmsr 0xE7", {0xB9, 0xE7, 0, 0, 0, 0x0F, 0x30, 0x90}, 8},
                {"in al", {0xE4, 0x60, 0x90}, 3},
                {"ud2", {0x0F, 0x0B, 0x90}, 3},
                {"int 0x90", {0xCD, 0x90, 0x90}, 3},
                {"wbinvd", {0x0F, 0x09, 0x90}, 3}};
    u32 i, j, ring;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (ring = 1; ring <= 3; ring += 2) {
            u8 code[24] = {0x9C, 0x81, 0x0C, 0x24, 0, 1, 0, 0, 0x9D}; /* pushf; or $TF; popf */
            struct outcome o;
            u32 base;
            memcpy(code + 9, rows[i].code, rows[i].len);
            code[9 + rows[i].len] = 0xCC;
            steps = 0;
            on_trap = stepping;
            hypercall(8, 6, 0, 0, 0, 0);
            o = execute(code, rows[i].len + 10, 0, 0, 0, ring);
            on_trap = 0;
            base = ring == 3 ? (u32)user_code + 10 : 0xC0000000;
            print("got step over %s, ring %u = %d, %u steps:", rows[i].name, ring, o.vec, steps);
            for (j = 0; j < steps && j < 16; j++)
                print(" %d", (s32)(step_at[j] - (ring == 3 ? base + 9 : step_at[0])));
            print(" dr6 %x\n", (u32)hypercall(9, 6, 0, 0, 0, 0));
        }
}

static u32 nmi(u32 unused)
{
    (void)unused;
    return (u32)hypercall(24, 11, 0, 0, 0, 0);
}

static void nmis(void)
{
    u32 i;

    for (i = 0; i < 3; i++) {
        s32 vec;
        memset(&last_trap, 0, sizeof(last_trap));
        UPCALL_MASK = 0;
        if (i == 1)
            SAY(hypercall(28, 0, (u32)trap_stub(0x55), 0, 0, 0), "nmi_op register");
        if (i == 2)
            SAY(hypercall(28, 1, 0, 0, 0, 0), "nmi_op unregister");
        if (i == 2)
            gate(2, 0, KERNEL_CS, (u32)trap_stub(0x66));
        vec = try_call(nmi, 0);
        print("got NMI %u = %d: cs %x fl %x saved %x mask %u result %d\n", i, vec, last_trap.cs,
              last_trap.eflags, last_trap.saved_mask, last_trap.mask,
              (s32)(vec == NO_TRAP ? try_result : last_trap.regs[TRAP_EAX]));
        /* It is masked until the iret hypercall. */
        vec = try_call(nmi, 0);
        print("got NMI %u, another = %d\n", i, vec);
        fill((u32)user_code, KERNEL_CS, 2, 0, 0);
        print("got   iret =");
        go(hyper_iret, 1);
        fill((u32)user_code, KERNEL_CS, 2, 0, 0);
        print("got   again =");
        go(hyper_iret, 1);
        UPCALL_MASK = 1;
    }
    install_traps();
}

static u32 enter(u32 unused)
{
    (void)unused;
    return (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0);
}

/* Event callbacks at odd places. */
static void callbacks(void)
{
    extern char event_stub[], failsafe_stub[];
    static const u32 places[][2] = {{KERNEL_CS, 0x40000000}, {0xE018, 0x40000000},   {0xE021, 0x40000000},
                                    {0xFFF9, 0x40000000},    {0xE02B, 0x40000000},   {0x0009, 0x40000000},
                                    {0x1E019, 0x40000000},   {KERNEL_CS, 0xFFFFFFF0}};
    u32 i;

    for (i = 0; i < 8; i++) {
        u32 cb[3] = {0, places[i][0], places[i][1]};
        s32 vec, rc = hypercall(30, 0, (u32)cb, 0, 0, 0);
        memset(&last_trap, 0, sizeof(last_trap));
        UPCALL_PENDING = 1;
        UPCALL_MASK = 0;
        vec = try_call(enter, 0);
        print("got event callback at 0x%x:0x%x = %d: %d:%x eip %x cs %x mask %u saved %x\n", places[i][0],
              places[i][1], rc, vec, last_trap.error, last_trap.eip, last_trap.cs, last_trap.mask,
              last_trap.saved_mask);
        UPCALL_PENDING = 0;
        UPCALL_MASK = 1;
    }
    hypercall(NR_set_callbacks, KERNEL_CS, (u32)event_stub, KERNEL_CS, (u32)failsafe_stub, 0);
    for (i = 0; i < 256; i += i < 8 ? 1 : 31) {
        u32 j;
        for (j = 0; j < 3; j++) {
            s32 vec;
            UPCALL_PENDING = (u8)i;
            UPCALL_MASK = (u8)(j == 2 ? i : j);
            vec = try_call(enter, 0);
            print("got pending %u mask %u = %d\n", i, j == 2 ? i : j, vec);
            UPCALL_PENDING = 0;
            UPCALL_MASK = 1;
        }
    }
}

void guest_main(void)
{
    set_up_measure();
    memset(user_code, 0xCC, PAGE_SIZE);
    returns("hypercall", hyper_iret);
    returns("iret", native_iret);
    far_returns();
    stacks();
    fpu();
    single_steps();
    nmis();
    callbacks();
}
