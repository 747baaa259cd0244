/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * registers - a hypercall changes EAX and nothing else: seven registers,
 * EFLAGS and six selectors are compared before and after, through `int $0x82`
 * and through the hypercall page (docs/xen-abi.md 1.2).
 */
#include "lib/guest.h"

struct state {
    u32 eax, ebx, ecx, edx, esi, edi, ebp, eflags, ds, es, fs, gs, ss, cs, esp;
};

/* registers_asm.S: loads all of `in`, calls `how`, stores all in `out`. */
void call_with(const struct state *in, struct state *out, const void *how);
extern char by_int[];

#define FLAGS_SET   0xCD5u /* OF DF SF ZF AF PF CF */
#define FLAGS_FIXED 0x202u /* IF and bit 1 read as one */

static const char *const names[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "eflags",
                                    "ds",  "es",  "fs",  "gs",  "ss",  "cs",  "esp"};

static u32 calls[8];

static const struct call {
    const char *name;
    u32 nr, args; /* how many of the arguments below count */
    u32 arg[4];
    s32 result;
} table[] = {
    {"xen_version", NR_xen_version, 1, {0}, 0},
    {"unknown number 63", 63, 0, {0}, -ENOSYS},
    {"mmu_update of nothing", NR_mmu_update, 4, {0, 0, 0, 0x7FF0}, 0},
    {"vm_assist of an unknown type", NR_vm_assist, 2, {0, 99}, -EINVAL},
    {"set_timer_op(0)", NR_set_timer_op, 2, {0, 0}, 0},
    {"sched_op yield", NR_sched_op_compat, 2, {0, 0}, 0},
    /* Of two it may stop between them: its registers are then at the second. */
    {"multicall of one", NR_multicall, 2, {(u32)calls, 1}, 0},
    {"event_channel_op of a bad pointer", NR_event_channel_op_compat, 1, {0x1000}, -EFAULT},
    {"fpu_taskswitch(0)", NR_fpu_taskswitch, 1, {0}, 0},
};

/* Which registers but EAX differ, one bit each in the order of `names`. */
static u32 changed(const struct state *a, const struct state *b)
{
    const u32 *p = (const u32 *)a, *q = (const u32 *)b;
    u32 i, bits = 0;

    for (i = 1; i < sizeof(*a) / 4; i++)
        if (p[i] != q[i]) {
            print("  %s: 0x%x became 0x%x\n", names[i], p[i], q[i]);
            bits |= 1u << i;
        }
    return bits;
}

static void one(const struct call *c, const char *way, int page, u32 flags)
{
    struct state in = {.eax = c->nr,
                       .ebx = 0xB1B2B3B4,
                       .ecx = 0xC1C2C3C4,
                       .edx = 0xD1D2D3D4,
                       .esi = 0x51525354,
                       .edi = 0x71727374,
                       .ebp = 0x61626364,
                       .eflags = flags | FLAGS_FIXED,
                       .ds = KERNEL_DS,
                       .es = USER_DS,
                       .fs = USER_DS,
                       .gs = 0},
                 out;
    u32 *args[] = {&in.ebx, &in.ecx, &in.edx, &in.esi}, i;
    s32 expected = c->nr == NR_xen_version ? hypercall(NR_xen_version, 0, 0, 0, 0, 0) : c->result;

    for (i = 0; i < c->args; i++)
        *args[i] = c->arg[i];
    if (c->nr == NR_multicall)
        memset(calls, 0, sizeof(calls)), calls[0] = NR_xen_version;
    call_with(&in, &out, page ? (const void *)(hypercall_page + c->nr * 32) : (const void *)by_int);
    in.ss = KERNEL_DS;
    in.cs = KERNEL_CS;
    in.esp = 0; /* call_with stores by how much it moved */
    print("%s, %s:\n", c->name, way);
    CHECK("  result", out.eax, expected);
    CHECK("  registers that changed", changed(&in, &out), 0);
}

void guest_main(void)
{
    u32 i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        one(&table[i], "int $0x82", 0, 0);
        one(&table[i], "int $0x82, all flags set", 0, FLAGS_SET);
        if (has_hypercall_page() && table[i].nr < 128)
            one(&table[i], "hypercall page", 1, FLAGS_SET);
    }
}
