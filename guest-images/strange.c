/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * strange - what no sane kernel does, and a Xen answers all the same: ways back into the
 * guest that the CPU refuses, frames on stacks that are none, calls at the ends of
 * their ranges (docs/xen-abi.md 6.4, 6.5, 8.24, 8.29, 13.5).
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define BAD_CS 0x55u /* of ring 1, and no such descriptor */
#define HERE   0x12345678u

static u32 int3(u32 unused)
{
    (void)unused;
    asm volatile("int3");
    return 0;
}

/* Where the guest cannot be entered: native Xens enter the failsafe callback, with the
 * place in its frame; 4.17 gives #GP there. */
static void entered(const char *name, s32 vec, u32 cs, u32 eip)
{
    print("%s\n", name);
    CHECK("  vector", vec, xen == XEN_4_17 ? 13 : VEC_FAILSAFE);
    CHECK("  CS", last_trap.cs, cs);
    CHECK("  EIP", last_trap.eip, eip);
    if (xen == XEN_4_17)
        CHECK("  error", last_trap.error, cs & ~3u);
}

/* A function of its own: what the call leaves in EBX is nobody's business. */
static __attribute__((noinline)) s32 set_bad_trap(u32 vec)
{
    struct {
        u8 vector, flags;
        u16 cs;
        u32 address;
    } gate[2] = {{(u8)vec, 3, BAD_CS, HERE}, {0, 0, 0, 0}};

    return hypercall(NR_set_trap_table, (u32)gate, 0, 0, 0, 0);
}

static void handlers(void)
{
    CHECK("a handler without a segment", set_bad_trap(3), 0);
    entered("int3 to it", try_call(int3, 0), BAD_CS, HERE);
    CHECK("the right one again", set_trap(3, 3, trap_stub(3)), 0);
    CHECK("int3", try_call(int3, 0), 3);
}

#ifndef GUEST_2_0
/* EAX, EIP, CS, EFLAGS, ESP, SS, on a stack of their own. */
static u32 iret_area[1024] __attribute__((used));
static u32 *const iret_frame = iret_area + 512;
void strange_iret(u32 unused);
asm("strange_iret: mov $iret_area + 2048, %esp; mov $23, %eax; int $0x82");

static s32 iret_to(u32 cs, u32 ss)
{
    const u32 frame[6] = {0xEEEEEEEE, HERE, cs, 0x202, USER_STACK_TOP, ss};

    memcpy(iret_frame, frame, sizeof frame);
    UPCALL_MASK = 1;
    return try_call(strange_iret, 0);
}

static void returns(void)
{
    if (xen < XEN_3_0_4)
        return;
    entered("iret to a CS of ring 1", iret_to(BAD_CS, 0), BAD_CS, HERE);
    CHECK("  on the stack that it named", last_trap.at, (u32)(iret_frame + 4) - (xen == XEN_4_17 ? 16 : 12));
    CHECK("  mask", last_trap.saved_mask, 0);
    entered("iret to a CS of ring 3", iret_to(0x57, USER_DS), 0x57, HERE);
    CHECK("  ESP", last_trap.esp, USER_STACK_TOP);
    CHECK("  SS", last_trap.ss, USER_DS);
    CHECK("  EAX", last_trap.regs[TRAP_EAX], 0xEEEEEEEE);
    print("iret to an SS of ring 1\n");
    CHECK("  vector", iret_to(USER_CS, KERNEL_DS), xen == XEN_4_17 ? 13 : VEC_FAILSAFE);
    CHECK("  CS", last_trap.cs, USER_CS);
    CHECK("  SS", last_trap.ss, KERNEL_DS);
}
#endif

void guest_main(void)
{
    install_traps();
    handlers();
#ifndef GUEST_2_0
    returns();
#endif
}
