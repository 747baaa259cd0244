/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * exceptions - each exception that ring 1 can cause, and what its frame holds
 * (docs/xen-abi.md 6.2, 6.3, 12.1): vector, error code, EIP, CS, the mask.
 */
#include "lib/traps.h"

/* exceptions_asm.S: the instructions, and where each is in its function. */
extern char do_int3[], do_into[], do_ud2[], ud2_at[], do_div0[], div0_at[], do_cli[], do_sti[], do_hlt[],
    do_invlpg[], do_lgdt[], do_int_ring1[], do_int_ring1_masks[], do_int_nobody[], do_int_0e[], do_int_80[],
    do_step[], step_at[], do_iret_nt[], iret_nt_at[], do_selector[], do_fpu[], do_fault_chain[], do_popf[];

/* The part of EFLAGS that is compared: TF, and IF apart. RF is the CPU's. */
#define TF 0x100u

static void check_frame(const char *name, s32 vec, u32 expected_vec, u32 error, const char *function,
                        u32 offset)
{
    const struct trap *t = &last_trap;

    print("%s:\n", name);
    CHECK("  vector", vec, expected_vec);
    CHECK("  error code", t->error, error);
    CHECK("  eip", t->eip - (u32)function, offset);
    CHECK("  cs", t->cs, KERNEL_CS);
    CHECK("  TF in the handler's frame", t->eflags & TF, expected_vec == 1 ? TF : 0);
}

/* `raw`: the CPU's own frame, which knows no mask; `masks`: the gate does. */
static void check_mask(u32 before, int raw, int masks)
{
    int shows = xen != XEN_2_0 && !raw;

    CHECK("  saved mask", last_trap.saved_mask, shows ? before : 0);
    CHECK("  IF", last_trap.eflags >> 9 & 1, shows ? !before : 1);
    CHECK("  mask byte in the handler", last_trap.mask, masks ? 1 : before);
}

static s32 run(const char *function, u32 arg)
{
    UPCALL_PENDING = 0;
    return try_call((void *)function, arg);
}

static void plain(void)
{
    int direct = xen >= XEN_3_0_0 && xen <= XEN_3_2;
    u32 mask;

    for (mask = 0; mask < 2; mask++) {
        print("mask %u\n", mask);
        UPCALL_MASK = (u8)mask;
        check_frame("int3", run(do_int3, 0), 3, 0, do_int3, 1);
        check_mask(mask, 0, 0);
        UPCALL_MASK = (u8)mask;
        check_frame("into", run(do_into, 0), 4, 0, do_into, 5);
        check_mask(mask, 0, 0);
        UPCALL_MASK = (u8)mask;
        check_frame("ud2", run(do_ud2, 0), 6, 0, do_ud2, 0);
        check_mask(mask, 0, 0);
        UPCALL_MASK = (u8)mask;
        check_frame("division by zero", run(do_div0, 0), 0, 0, div0_at, 0);
        check_mask(mask, 0, 0);
        UPCALL_MASK = (u8)mask;
        check_frame("int of a gate with DPL 1", run(do_int_ring1, 0), INT_RING1, 0, do_int_ring1, 2);
        check_mask(mask, 0, 0);
        UPCALL_MASK = (u8)mask;
        check_frame("int of a gate that masks", run(do_int_ring1_masks, 0), INT_RING1_MASKS, 0,
                    do_int_ring1_masks, 2);
        check_mask(mask, 0, 1);
        UPCALL_MASK = (u8)mask;
        check_frame("int $0x80", run(do_int_80, 0), 0x80, 0, do_int_80, 2);
        check_mask(mask, direct, 0);
    }
}

static void protection(void)
{
    UPCALL_MASK = 1;
    check_frame("cli", run(do_cli, 0), 13, 0, do_cli, 0);
    check_mask(1, 0, 0);
    check_frame("sti", run(do_sti, 0), 13, 0, do_sti, 0);
    check_frame("hlt", run(do_hlt, 0), 13, 0, do_hlt, 0);
    check_frame("invlpg", run(do_invlpg, 0), 13, 0, do_invlpg, 0);
    check_frame("lgdt", run(do_lgdt, 0), 13, 0, do_lgdt, 0);
    check_frame("int of a gate with DPL 0", run(do_int_nobody, 0), 13, INT_NOBODY * 8 + 2, do_int_nobody, 0);
    check_frame("int $0x0e", run(do_int_0e, 0), 13, 14 * 8 + 2, do_int_0e, 0);
    /* A task to go back to, of which there is none; 64 bits know no tasks. */
    check_frame("iret with NT", run(do_iret_nt, 0), xen == XEN_4_17 ? 13 : 10, 0, iret_nt_at, 0);
    check_frame("selector of nothing", run(do_selector, 0x55), 13, 0x54, do_selector, 4);
}

static void others(void)
{
    check_frame("single step", run(do_step, 0), 1, 0, step_at, 0);
    CHECK("fpu without TS", run(do_fpu, 0), NO_TRAP);
    hypercall(NR_fpu_taskswitch, 1, 0, 0, 0, 0);
    check_frame("fpu with TS", run(do_fpu, 0), 7, 0, do_fpu, 0);
    CHECK("fpu, TS cleared by Xen", run(do_fpu, 0), NO_TRAP);
    CHECK("popf cannot clear IF", (run(do_popf, 0), try_result >> 9 & 1), 1);
}

/* A handler that goes on behind the instruction. */
static int skip_two(struct trap *t)
{
    t->eip += 2;
    return 1;
}

/* In the handler of a #GP comes a #DE, whose handler goes on; 2000 times. Both
 * are of the kind that makes a double fault where Xen's CPU sees them together:
 * it never does. */
static u32 chain_gp, chain_de;

static int chain(struct trap *t)
{
    struct trap first = *t;

    if (t->vec == 0) {
        chain_de++;
        t->eip += 2; /* div eax */
        return 1;
    }
    chain_gp++;
    asm volatile("xor %%eax, %%eax; xor %%edx, %%edx; div %%eax" : : : "eax", "edx", "cc");
    *t = first;
    t->eip += 1; /* hlt */
    return 1;
}

static void chains(void)
{
    on_trap = skip_two;
    trap_count = 0;
    CHECK("2000 times ud2, skipped", run(do_fault_chain, 0), NO_TRAP);
    CHECK("  traps", trap_count, 2000);
    on_trap = chain;
    CHECK("2000 times #DE in the handler of #GP", run(do_fault_chain, 1), NO_TRAP);
    CHECK("  #GP", chain_gp, 2000);
    CHECK("  #DE", chain_de, 2000);
    on_trap = 0;
}

void guest_main(void)
{
    install_traps();
    plain();
    protection();
    others();
    chains();
}
