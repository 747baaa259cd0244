/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * calls - every hypercall with sub-operations that an ordinary domain may make:
 * each command with no structure, with zeros, with ones, with a structure that is
 * cut by an unmapped page or cannot be written (docs/xen-abi.md 8).
 */
#include "lib/measure.h"

static const u32 zeros[64], ones[64] = {[0 ... 63] = ~0u};

/* Commands `from` to `to` of a call (cmd, arg*), but those of `skip`. */
struct sweep {
    const char *name;
    u32 nr, from, to, bytes;
    u64 skip;
};

#define BIT(n) (1ull << (n))

static const struct sweep sweeps[] = {
    {"xen_version", NR_xen_version, 0, 12, 128, BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(7) | BIT(8)},
    {"physdev", 33, 0, 36, 32, 0},
    {"evtchn", 32, 0, 16, 24, BIT(10) | BIT(11) | BIT(12) | BIT(13)},
    {"sched", 29, 3, 10, 16, BIT(3) | BIT(6)},
    {"hvm", 34, 0, 30, 32, BIT(10)},
    {"callback", 30, 0, 6, 12, BIT(0)},
    {"nmi", 28, 0, 4, 8, 0},
    {"memory", 12, 0, 30, 44, BIT(1) | BIT(2) | BIT(4) | BIT(5) | BIT(9) | BIT(12)},
    {"xenoprof", 31, 0, 20, 32, 0},
    {"kexec", 37, 0, 7, 32, 0},
};

static void sweep(const struct sweep *s)
{
    static char name[40];
    u32 cmd, n;

    for (cmd = s->from; cmd <= s->to; cmd++) {
        u32 args[5] = {cmd, 0, 0, 0, 0};
        if (s->skip & BIT(cmd))
            continue;
        for (n = 0; s->name[n]; n++)
            name[n] = s->name[n];
        name[n++] = ' ';
        if (cmd > 9)
            name[n++] = (char)('0' + cmd / 10);
        name[n++] = (char)('0' + cmd % 10);
        memcpy(name + n, " zeros", 7);
        ask(name, s->nr, args, 1, zeros, s->bytes);
        memcpy(name + n, " ones", 6);
        ask(name, s->nr, args, 1, ones, s->bytes);
        name[n] = 0;
        if (s->nr != 12) /* its pointers are asked in `memory` */
            ask_pointers(name, s->nr, args, 1, zeros, s->bytes);
    }
    for (cmd = 5; cmd < 32; cmd++)
        SAY(hypercall(s->nr, (1u << cmd) | 0x1F, 0, 0, 0, 0), "%s command 0x%x", s->name, (1u << cmd) | 0x1F);
}

/* Calls whose structure says the command: what zeros, ones and each small first
 * word give. */
static void structures(void)
{
    static const struct {
        const char *name;
        u32 nr, bytes;
    } calls[] = {
        {"platform_op", 7, 128},   {"sysctl", 35, 128},        {"domctl", 36, 128},      {"mca", 48, 64},
        {"evtchn compat", 16, 28}, {"physdev compat", 19, 24}, {"set_trap_table", 0, 8}, {"xsm", 27, 64}};
    u32 i, cmd, args[5] = {0};
    static u32 words[64];

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        print("%s:\n", calls[i].name);
        ask("zeros", calls[i].nr, args, 0, zeros, calls[i].bytes);
        if (calls[i].nr)
            ask("ones", calls[i].nr, args, 0, ones, calls[i].bytes);
        if (calls[i].nr == 0)
            continue;
        ask_pointers("pointers", calls[i].nr, args, 0, zeros, calls[i].bytes);
        for (cmd = 0; cmd < 34; cmd++) {
            memset(words, 0, sizeof(words));
            words[0] = cmd;
            if (calls[i].nr == 16 && (cmd == 3 || cmd == 10 || cmd == 11))
                words[1] = 0xFFFF;
            print("command %u ", cmd);
            ask("zeros", calls[i].nr, args, 0, words, calls[i].bytes);
        }
    }
    /* The versions that the interfaces have, with commands of each. */
    for (cmd = 0; cmd < 90; cmd++) {
        u32 domctl[32] = {cmd, 0x15, 1};
        u32 sysctl[32] = {cmd, 0x15};
        u32 platform[32] = {cmd, 0x03000001};
        SAY(hypercall(36, (u32)domctl, 0, 0, 0, 0), "domctl version 0x15 command %u", cmd);
        domctl[2] = 99;
        SAY(hypercall(36, (u32)domctl, 0, 0, 0, 0), "domctl version 0x15 command %u domain 99", cmd);
        if (cmd < 32) {
            SAY(hypercall(35, (u32)sysctl, 0, 0, 0, 0), "sysctl version 0x15 command %u", cmd);
            SAY(hypercall(7, (u32)platform, 0, 0, 0, 0), "platform_op version 0x03000001 command %u", cmd);
        }
    }
    for (cmd = 0x12; cmd < 0x18; cmd++) {
        u32 op[32] = {1, cmd, 1};
        SAY(hypercall(36, (u32)op, 0, 0, 0, 0), "domctl version 0x%x", cmd);
        SAY(hypercall(35, (u32)op, 0, 0, 0, 0), "sysctl version 0x%x", cmd);
    }
}

static void numbers(void)
{
    static const u32 values[] = {0, 1, 2, 0x7F, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    u32 nr, i;

    for (nr = 50; nr < 70; nr++)
        SAY(hypercall(nr, 1, 2, 3, 4, 5), "number %u", nr);
    for (i = 6; i < 32; i++)
        SAY(hypercall((1u << i) | 17, 0, 0, 0, 0, 0), "number 0x%x", (1u << i) | 17);
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        u32 v = values[i];
        SAY(hypercall(NR_vm_assist, 0, v, 0, 0, 0), "vm_assist enable 0x%x", v);
        SAY(hypercall(NR_vm_assist, 1, v, 0, 0, 0), "vm_assist disable 0x%x", v);
        SAY(hypercall(NR_vm_assist, v, 2, 0, 0, 0), "vm_assist command 0x%x", v);
        SAY(hypercall(NR_vm_assist, v, 77, 0, 0, 0), "vm_assist command 0x%x, bad type", v);
        if (v != 1 && v != 2)
            SAY(hypercall(NR_sched_op_compat, v, 0, 0, 0, 0), "sched_op_compat 0x%x", v);
        SAY(hypercall(NR_fpu_taskswitch, v, 0, 0, 0, 0), "fpu_taskswitch 0x%x", v);
        SAY(hypercall(25, v, v, 0, 0, 0), "set_segment_base 0x%x", v);
        SAY(hypercall(38, v, v, 0, 0, 0), "tmem_op 0x%x", v);
        SAY(hypercall(39, v, v, 0, 0, 0), "argo_op 0x%x", v);
        SAY(hypercall(40, v, v, 0, 0, 0), "xenpmu_op 0x%x", v);
        SAY(hypercall(40, v, (u32)ask_area, 0, 0, 0), "xenpmu_op 0x%x with zeros", v);
        SAY(hypercall(42, v, v, 0, 0, 0), "hypfs_op 0x%x", v);
        SAY(hypercall(49, v, v, 0, 0, 0), "paging_domctl_cont 0x%x", v);
    }
    hypercall(NR_fpu_taskswitch, 0, 0, 0, 0, 0);
    for (i = 0; i < 34; i++) {
        SAY(hypercall(NR_vm_assist, 0, i, 0, 0, 0), "vm_assist enable %u", i);
        SAY(hypercall(NR_vm_assist, 1, i, 0, 0, 0), "vm_assist disable %u", i);
    }
    for (i = 0; i < 5; i++) {
        SAY(hypercall(41, 0x7FF0, i, (u32)ask_area, 0, 0), "dm_op self %u", i);
        SAY(hypercall(41, 1, i, (u32)ask_area, 0, 0), "dm_op own number %u", i);
        SAY(hypercall(41, 99, i, (u32)ask_area, 0, 0), "dm_op domain 99 %u", i);
        SAY(hypercall(41, 1, i, 0, 0, 0), "dm_op own number %u null", i);
        SAY(hypercall(41, 1, i, HYPERVISOR_START, 0, 0), "dm_op own number %u at Xen", i);
        SAY(hypercall(41, 1, 0xFFFFFFF0 + i, (u32)ask_area, 0, 0), "dm_op own number 0x%x", 0xFFFFFFF0 + i);
    }
}

static void versions(void)
{
    static const u32 sizes[] = {
        [1] = 16, [2] = 144, [3] = 1024, [4] = 64, [5] = 4, [6] = 8, [8] = 16, [9] = 1024};
    u32 i;

    SAY(hypercall(NR_xen_version, 0, 0, 0, 0, 0), "version");
    SAY(hypercall(NR_xen_version, 0, 0xFFFFFFFF, 0, 0, 0), "version, pointer -1");
    for (i = 1; i <= 9; i++) {
        if (!sizes[i])
            continue;
        memset(ask_area, 0x5A, PAGE_SIZE);
        SAY(hypercall(NR_xen_version, i, (u32)ask_area, 0, 0, 0), "version %u", i);
        if (i != 8)
            SAY(((u8 *)ask_area)[sizes[i] - 1], "version %u last byte", i);
        SAY(((u8 *)ask_area)[sizes[i]], "version %u byte behind", i);
        SAY(hypercall(NR_xen_version, i, ASK_END - sizes[i], 0, 0, 0), "version %u up to an unmapped page",
            i);
        SAY(hypercall(NR_xen_version, i, ASK_END - sizes[i] + 1, 0, 0, 0), "version %u cut", i);
        SAY(hypercall(NR_xen_version, i, 0, 0, 0, 0), "version %u null", i);
        SAY(hypercall(NR_xen_version, i, (u32)ask_read_only, 0, 0, 0), "version %u read-only", i);
        SAY(hypercall(NR_xen_version, i, HYPERVISOR_START, 0, 0, 0), "version %u at Xen", i);
    }
    memset(ask_area, 0, PAGE_SIZE);
    hypercall(NR_xen_version, 3, (u32)ask_area, 0, 0, 0);
    SAY(!memcmp(ask_area, "xen-3.0-x86_64 xen-3.0-x86_32p ", 32), "capabilities of both");
    SAY(strlen((const char *)ask_area), "length of the capabilities");
    hypercall(NR_xen_version, 9, (u32)ask_area, 0, 0, 0);
    SAY(memcmp(ask_area, "<denied>", 9), "command line denied");
    hypercall(NR_xen_version, 5, (u32)ask_area, 0, 0, 0);
    SAY(ask_area[0], "virt_start");
    for (i = 0; i < 4; i++) {
        u32 f[2] = {i, 0x5A5A5A5A};
        SAY(hypercall(NR_xen_version, 6, (u32)f, 0, 0, 0), "features %u", i);
        SAY(f[1], "features %u word", i);
    }
    hypercall(NR_vm_assist, 0, 3, 0, 0, 0);
    {
        u32 f[2] = {0, 0};
        hypercall(NR_xen_version, 6, (u32)f, 0, 0, 0);
        SAY(f[1], "features with extended cr3");
        hypercall(NR_vm_assist, 1, 3, 0, 0, 0);
        hypercall(NR_xen_version, 6, (u32)f, 0, 0, 0);
        SAY(f[1], "features without extended cr3");
    }
    SAY(hypercall(NR_xen_version, 7, 0, 0, 0, 0), "pagesize");
    SAY(hypercall(NR_xen_version, 7, 4, 0, 0, 0), "pagesize with a pointer");
}

static void debug_registers(void)
{
    static const u32 values[] = {0,
                                 1,
                                 0xC0000000,
                                 HYPERVISOR_START - 1,
                                 HYPERVISOR_START,
                                 0xFFFFFFFF,
                                 0x2000,
                                 0x400,
                                 0xFFFF0FF0,
                                 0x155,
                                 0x20000,
                                 0x80000,
                                 0x30000,
                                 0xFF,
                                 0x300,
                                 0x55,
                                 0xAA,
                                 0xF0000,
                                 0xA0000};
    u32 reg, i;

    for (reg = 0; reg < 10; reg++) {
        SAY(hypercall(9, reg, 0, 0, 0, 0), "get_debugreg %u at first", reg);
        for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            SAY(hypercall(8, reg, values[i], 0, 0, 0), "set_debugreg %u to 0x%x", reg, values[i]);
            SAY(hypercall(9, reg, 0, 0, 0, 0), "  reads");
        }
        hypercall(8, reg, reg == 7 ? 0x400 : 0, 0, 0, 0);
    }
    hypercall(8, 6, 0xFFFF0FF0, 0, 0, 0);
    SAY(hypercall(8, 0xFFFFFFFF, 0, 0, 0, 0), "set_debugreg -1");
    SAY(hypercall(9, 0xFFFFFFFF, 0, 0, 0, 0), "get_debugreg -1");
    SAY(hypercall(8, 0x80000000, 0, 0, 0, 0), "set_debugreg 0x80000000");
}

static void traps(void)
{
    struct {
        u8 vector, flags;
        u16 cs;
        u32 address;
    } t[3] = {{0x50, 0, KERNEL_CS, 1}, {0x51, 0xFF, 3, 2}, {0, 0, 0, 0}};
    u32 ss;

    SAY(hypercall(0, (u32)t, 0, 0, 0, 0), "set_trap_table of two");
    SAY(hypercall(0, ASK_END - 16, 0, 0, 0, 0), "set_trap_table of zeros");
    memcpy((void *)(ASK_END - 8), t, 8);
    SAY(hypercall(0, ASK_END - 8, 0, 0, 0, 0), "set_trap_table that ends at an unmapped page");
    memcpy((void *)(ASK_END - 5), t, 5);
    SAY(hypercall(0, ASK_END - 5, 0, 0, 0, 0), "set_trap_table cut");
    for (ss = 0; ss < 8; ss++) {
        SAY(hypercall(NR_stack_switch, ss, KERNEL_STACK_TOP, 0, 0, 0), "stack_switch %u", ss);
        SAY(hypercall(NR_stack_switch, 0xE020 + ss, KERNEL_STACK_TOP, 0, 0, 0), "stack_switch 0x%x",
            0xE020 + ss);
    }
    SAY(hypercall(NR_stack_switch, 0xFFFFFFFF, 0, 0, 0, 0), "stack_switch -1");
    SAY(hypercall(NR_stack_switch, KERNEL_DS, HYPERVISOR_START, 0, 0, 0), "stack_switch to Xen");
    hypercall(NR_stack_switch, KERNEL_DS, KERNEL_STACK_TOP, 0, 0, 0);
}

static void callbacks(void)
{
    static const u16 flags[] = {0, 1, 2, 0xFFFF};
    u32 type, i, cmd;

    for (type = 0; type < 12; type++) {
        if (type == 0) /* the event callback stays */
            continue;
        for (i = 0; i < 4; i++) {
            struct {
                u16 type, flags;
                u32 cs, eip;
            } c = {(u16)type, flags[i], KERNEL_CS, 0xC0000000};
            SAY(hypercall(30, 0, (u32)&c, 0, 0, 0), "callback register %u flags 0x%x", type, flags[i]);
            c.cs = 0xFFFFFFFF;
            c.eip = 0xFFFFFFFF;
            SAY(hypercall(30, 0, (u32)&c, 0, 0, 0), "callback register %u flags 0x%x, ones", type, flags[i]);
            SAY(hypercall(30, 1, (u32)&c, 0, 0, 0), "callback unregister %u flags 0x%x", type, flags[i]);
        }
        for (cmd = 2; cmd < 5; cmd++) {
            u32 c[3] = {type, KERNEL_CS, 0};
            SAY(hypercall(30, cmd, (u32)c, 0, 0, 0), "callback command %u type %u", cmd, type);
        }
    }
    {
        u32 c[3] = {0};
        SAY(hypercall(30, 1, (u32)c, 0, 0, 0), "callback unregister event");
    }
}

void guest_main(void)
{
    u32 i;

    set_up_measure();
    for (i = 0; i < 0x104; i += i < 4 ? 1 : 63)
        SAY(m2p()[i], "m2p entry %u", i);
    numbers();
    versions();
    debug_registers();
    for (i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
        sweep(sweeps + i);
    structures();
    traps();
    callbacks();
}
