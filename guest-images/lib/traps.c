/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traps.c - takes frames apart as docs/xen-abi.md 6.2 has them for the ABI,
 * and puts back what a handler changed.
 */
#include "traps.h"
#include "paging.h"

struct trap last_trap;
u32 trap_count, try_result;
int (*on_trap)(struct trap *t);

extern u32 try_esp;
extern char trap_stubs[], event_stub[], failsafe_stub[], try_break[];
void enter_user(u32 eax);
u32 trap_enter(u32 vec, u32 *regs, u32 *frame);

static int has_error_code(u32 vec)
{
    return vec == 8 || (vec >= 10 && vec <= 14) || vec == 17;
}

static void unexpected(const struct trap *t)
{
    print("unexpected trap: vector %u error 0x%x eip 0x%x cs 0x%x eflags 0x%x cr2 0x%x\n", t->vec, t->error,
          t->eip, t->cs, t->eflags, t->cr2);
    shut_down(SHUTDOWN_crash);
}

u32 trap_enter(u32 vec, u32 *regs, u32 *frame)
{
    struct trap *t = &last_trap;
    u32 drop = 0, msw;

    memset(t, 0, sizeof(*t));
    asm volatile("smsw %0" : "=r"(msw));
    t->vec = vec;
    t->at = (u32)frame;
    t->msw = msw;
    asm volatile("mov %%fs, %0" : "=r"(t->fs));
    t->fs &= 0xFFFF;
    t->mask = UPCALL_MASK;
    t->pending = UPCALL_PENDING;
    memcpy(t->regs, regs, sizeof(t->regs));
#ifdef GUEST_2_0
    if (vec == 14) {
        t->cr2 = frame[0];
        drop++;
    }
#else
    t->cr2 = VCPU_CR2;
#endif
    if (has_error_code(vec))
        t->error = frame[drop++];
    frame += drop;
    t->eip = frame[0];
    t->cs = frame[1] & 0xFFFF;
    t->saved_mask = frame[1] >> 16;
    t->eflags = frame[2];
    if (t->cs & 2) {
        t->esp = frame[3];
        t->ss = frame[4];
    }
    trap_count++;
    if (on_trap && on_trap(t)) {
        frame[0] = t->eip;
        frame[2] = t->eflags;
        if (t->cs & 2)
            frame[3] = t->esp;
        regs[TRAP_EAX] = t->regs[TRAP_EAX];
        return drop * 4;
    }
    if (!try_esp)
        unexpected(t);
    UPCALL_MASK = 1;
    UPCALL_PENDING = 0;
    asm volatile("jmp *%1" : : "a"(vec), "r"(try_break) : "memory");
    __builtin_unreachable();
}

void *trap_stub(u32 vec)
{
    return trap_stubs + vec * 16;
}

struct trap_info {
    u8 vector, flags;
    u16 cs;
    u32 address;
};

s32 set_trap(u32 vec, u32 flags, void *handler)
{
    struct trap_info table[2] = {{(u8)vec, (u8)flags, KERNEL_CS, (u32)handler}, {0, 0, 0, 0}};

    return hypercall(NR_set_trap_table, (u32)table, 0, 0, 0, 0);
}

static u32 gate_flags(u32 vec)
{
    if (vec == 3 || vec == 4 || vec == 0x80 || vec == INT_RING3)
        return 3;
    if (vec == INT_RING1_MASKS)
        return 1 | GATE_MASKS;
    return vec == INT_RING1 ? 1 : 0;
}

void install_traps(void)
{
    static struct trap_info table[256];
    u32 vec, n = 0;

    if (map_page((const void *)shared_info, pte(start_info->shared_info >> 12, PTE_RWX)))
        print("FAIL mapping shared_info\n");
    for (vec = 0; vec < 256; vec++)
        if (vec != 0x82)
            table[n++] = (struct trap_info){(u8)vec, (u8)gate_flags(vec), KERNEL_CS, (u32)trap_stub(vec)};
    if (hypercall(NR_set_trap_table, (u32)table, 0, 0, 0, 0))
        print("FAIL set_trap_table\n");
    if (hypercall(NR_set_callbacks, KERNEL_CS, (u32)event_stub, KERNEL_CS, (u32)failsafe_stub, 0))
        print("FAIL set_callbacks\n");
    if (hypercall(NR_stack_switch, KERNEL_DS, KERNEL_STACK_TOP, 0, 0, 0))
        print("FAIL stack_switch\n");
    if (remap_page(user_code, PTE_USER) || remap_page(user_stack, PTE_USER) ||
        remap_page(user_data, PTE_USER))
        print("FAIL mapping pages for ring 3\n");
}

s32 run_user(const void *code, u32 len, u32 eax)
{
    memcpy(user_code, code, len);
    memset(user_code + len, 0xCC, 8);
    return try_call(enter_user, eax);
}
