/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * measure.c - asking with structures that lie well and badly, and executing
 * single instructions from bytes.
 */
#include "measure.h"

u32 ask_area[2 * 1024] PAGE, ask_read_only[1024] PAGE;
extern u8 run_code[PAGE_SIZE];
u8 run_code[PAGE_SIZE] PAGE;

void say_value(u32 value)
{
    print(" = ");
    if ((s32)value >= -200 && (s32)value < 10000)
        print("%d\n", (s32)value);
    else
        print("0x%x\n", value);
}

void set_up_measure(void)
{
    u32 port;

    install_traps();
    /* The console's and xenstore's, which not every domain has. */
    for (port = 1; port <= 2; port++)
        hypercall(NR_event_channel_op, 3, (u32)&port, 0, 0, 0);
    if (map_page(ask_area + 1024, 0) || remap_page(ask_read_only, PTE_RO))
        print("FAIL set_up_measure\n");
}

static s32 call(u32 nr, const u32 args[5], u32 which, u32 pointer)
{
    u32 a[5];

    memcpy(a, args, sizeof(a));
    a[which] = pointer;
    return hypercall(nr, a[0], a[1], a[2], a[3], a[4]);
}

static void print_small(u32 value)
{
    if ((s32)value >= -200 && (s32)value < 10000)
        print("%d", (s32)value);
    else
        print("0x%x", value);
}

void ask(const char *name, u32 nr, const u32 args[5], u32 which, const void *from, u32 len)
{
    u8 *at = (u8 *)(ASK_END - len);
    s32 rc;
    u32 i;

    memcpy(at, from, len);
    rc = call(nr, args, which, (u32)at);
    print("got %s = ", name);
    print_small((u32)rc);
    for (i = 0; i + 4 <= len; i += 4)
        if (memcmp(at + i, (const u8 *)from + i, 4)) {
            print(" +%u:", i);
            print_small(*(u32 *)(at + i));
        }
    print("\n");
}

void ask_pointers(const char *name, u32 nr, const u32 args[5], u32 which, const void *from, u32 len)
{
    u8 *cut = (u8 *)(ASK_END - len + 1);

    SAY(call(nr, args, which, 0), "%s, null", name);
    memcpy(cut, from, len - 1);
    SAY(call(nr, args, which, (u32)cut), "%s, last byte unmapped", name);
    SAY(call(nr, args, which, HYPERVISOR_START - len + 1), "%s, up to Xen", name);
    SAY(call(nr, args, which, HYPERVISOR_START), "%s, at Xen", name);
    SAY(call(nr, args, which, 0xFFFFFFFF), "%s, -1", name);
    remap_page(ask_read_only, PTE_RWX);
    memcpy(ask_read_only, from, len);
    remap_page(ask_read_only, PTE_RO);
    SAY(call(nr, args, which, (u32)ask_read_only), "%s, read-only", name);
}

u32 regs_in[3] __asm__("regs_in"), regs_out[4] __asm__("regs_out");

/* Runs run_code with EAX, ECX, EDX of regs_in; all registers come back. */
static u32 run_it(u32 unused)
{
    (void)unused;
    asm volatile(
        "push %%ebp; push %%ebx; push %%esi; push %%edi\n"
        "mov regs_in, %%eax; mov regs_in + 4, %%ecx; mov regs_in + 8, %%edx; xor %%ebx, %%ebx\n"
        "call run_code\n"
        "mov %%eax, regs_out; mov %%ebx, regs_out + 4; mov %%ecx, regs_out + 8; mov %%edx, regs_out + 12\n"
        "pop %%edi; pop %%esi; pop %%ebx; pop %%ebp\n"
        :
        :
        : "eax", "ecx", "edx", "memory", "cc");
    return 0;
}

struct outcome execute(const void *code, u32 len, u32 eax, u32 ecx, u32 edx, u32 ring)
{
    struct outcome o = {0};

    regs_in[0] = eax;
    regs_in[1] = ecx;
    regs_in[2] = edx;
    memset(&last_trap, 0, sizeof(last_trap));
    if (ring == 3) {
        static u8 entry[64];
        u32 n = 0;
        entry[n++] = 0xB9;
        memcpy(entry + n, &ecx, 4);
        n += 4;
        entry[n++] = 0xBA;
        memcpy(entry + n, &edx, 4);
        n += 4;
        memcpy(entry + n, code, len);
        o.vec = run_user(entry, n + len, eax);
        o.at = last_trap.eip - (u32)user_code - n;
        if (o.vec == 3 && o.at == len + 1)
            o.vec = NO_TRAP;
    } else {
        memcpy(run_code, code, len);
        run_code[len] = 0xC3;
        o.vec = try_call(run_it, 0);
        o.at = last_trap.eip - (u32)run_code;
    }
    o.error = last_trap.error;
    o.cr2 = last_trap.cr2;
    if (ring == 3 || o.vec != NO_TRAP) {
        o.eax = last_trap.regs[TRAP_EAX];
        o.ecx = last_trap.regs[6];
        o.edx = last_trap.regs[5];
        o.ebx = last_trap.regs[4];
    } else {
        o.eax = regs_out[0];
        o.ebx = regs_out[1];
        o.ecx = regs_out[2];
        o.edx = regs_out[3];
    }
    return o;
}
