/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sweep - thousands of answers in few lines: every hypercall number with every
 * mixture of a few arguments, every vector by `int n`, every port, ranges of MSRs,
 * CPUID leaves (docs/xen-abi.md 2, 6.3, 7, 8). What is equal in a row is said once.
 */
#include "lib/measure.h"

static u32 own_page[1024] PAGE;

/* A value in few letters. */
static void brief(u32 value)
{
    if ((s32)value >= -200 && (s32)value < 10000)
        print(" %d", (s32)value);
    else
        print(" %x", value);
}

/* Calls that would end the sweep or change its ground: iret, multicall of what is in
 * the page, writing to the console. */
#define SKIPPED (1ull << 23 | 1ull << 18)

static int skip(u32 nr, u32 cmd)
{
    if (SKIPPED >> nr & 1)
        return 1;
    if (nr == 14) /* the guest's own pages */
        return cmd >= VIRT_BASE && cmd < HYPERVISOR_START;
    if (nr == 0) /* the first traps that the m2p may be taken for */
        return cmd == HYPERVISOR_START;
    if (nr == 6 || nr == 29) /* block, shutdown, poll; a watchdog fires at once */
        return cmd == 1 || cmd == 2 || cmd == 3 || cmd == 6;
    if (nr == 24) /* another place for vcpu_info, going down, an NMI */
        return cmd == 2 || cmd == 10 || cmd == 11;
    return 0;
}

/* What a call may have changed and the next ones need. */
static void mend(void)
{
    extern char event_stub[], failsafe_stub[];
    static const u32 closes[] = {1, 2, 3, 4, 5};
    u32 i, zero = 0;

    install_traps();
    hypercall(NR_set_callbacks, KERNEL_CS, (u32)event_stub, KERNEL_CS, (u32)failsafe_stub, 0);
    hypercall(NR_fpu_taskswitch, 0, 0, 0, 0, 0);
    hypercall(33, 6, (u32)&zero, 0, 0, 0);
    for (i = 0; i < 5; i++)
        hypercall(NR_event_channel_op, 3, (u32)(closes + i), 0, 0, 0);
    for (i = 0; i < 6; i++)
        hypercall(NR_vm_assist, 1, i, 0, 0, 0);
    hypercall(8, 7, 0x400, 0, 0, 0);
    hypercall(NR_set_timer_op, 0, 0, 0, 0, 0);
    hypercall(24, 7, 0, 0, 0, 0);
    UPCALL_PENDING = 0;
    UPCALL_MASK = 1;
}

static void hypercalls(void)
{
    u32 values[] = {0, 1, 0xFFFFFFFF, 0x40000000, (u32)own_page + 1, HYPERVISOR_START, (u32)own_page};
    static const char *const names[] = {"0", "1", "-1", "unmapped", "odd", "Xen", "page"};
    u32 nr, a, b, c;

    for (nr = 0; nr < 64; nr++)
        for (a = 0; a < 7; a++) {
            if (skip(nr, values[a]))
                continue;
            print("got call %u %s =", nr, names[a]);
            for (b = 0; b < 7; b++)
                for (c = 0; c < 7; c += 6) {
                    memset(own_page, 0, PAGE_SIZE);
                    u32 rc = (u32)hypercall(nr, values[a], values[b], values[c], 0x7FF0, 0);
                    brief(rc);
                    mend();
                }
            print("\n");
        }
}

/* Sub-operations beyond what `calls` asks, with a structure of odd words. */
static void commands(void)
{
    static const struct {
        u32 nr, to;
        u64 skip;
    } rows[] = {{12, 40, 0}, {17, 40, 0},    {20, 40, 0}, {24, 40, 1 << 2 | 1 << 10 | 1 << 11},
                {28, 40, 0}, {29, 40, 0x4E}, {30, 40, 0}, {31, 40, 0},
                {32, 40, 0}, {33, 40, 0},    {34, 40, 0}, {37, 40, 0}};
    static const u32 fills[] = {1, 2, 3, 0x7FF0, 0x8000, 0xFFFF, 0x10000, 0x80000000};
    u32 i, cmd, f, w;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (cmd = 0; cmd <= rows[i].to; cmd++) {
            if (rows[i].skip >> cmd & 1)
                continue;
            print("got command %u %u =", rows[i].nr, cmd);
            for (f = 0; f < 8; f++) {
                for (w = 0; w < 16; w++)
                    own_page[w] = fills[f];
                brief((u32)hypercall(rows[i].nr, cmd, (u32)own_page, rows[i].nr == 20 ? 1 : 0, 0, 0));
                for (w = 0; w < 16 && own_page[w] == fills[f]; w++)
                    ;
                if (w < 16) /* the first word that the call wrote */
                    print("+%u", w);
            }
            mend();
            print("\n");
        }
}

/* --- int n -------------------------------------------------------------------------- */

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

static void vectors(void)
{
    static const u8 flags[] = {0, 1, 2, 3, 4, 5, 7, 0xF8};
    u32 n, f, ring;

    for (n = 0; n < 256; n++) {
        u8 code[2] = {0xCD, (u8)n};
        if (n == 13)
            continue;
        for (ring = 1; ring <= 3; ring += 2) {
            if (n == 0x82 && ring == 1)
                continue;
            print("got int %u ring %u =", n, ring);
            for (f = 0; f < 8; f++) {
                gate(n, flags[f], KERNEL_CS, (u32)trap_stub(n));
                UPCALL_MASK = 0;
                struct outcome o = execute(code, 2, 0, 0, 0, ring);
                print(" %d:%x+%u/%u%u", o.vec, o.error, o.at, last_trap.mask, last_trap.saved_mask);
                UPCALL_MASK = 1;
            }
            print("\n");
        }
    }
    install_traps();
}

/* --- ports, MSRs, CPUID -------------------------------------------------------------- */

/* Runs of equal answers: `from` to `to`. */
static u32 run_from, run_a, run_b, run_c;

static void run_end(const char *name, u32 to)
{
    print("got %s 0x%x-0x%x = %d %x %x\n", name, run_from, to, (s32)run_a, run_b, run_c);
}

static void run_add(const char *name, u32 at, u32 first, u32 a, u32 b, u32 c)
{
    if (at != first && (a != run_a || b != run_b || c != run_c))
        run_end(name, at - 1);
    if (at == first || a != run_a || b != run_b || c != run_c) {
        run_from = at;
        run_a = a;
        run_b = b;
        run_c = c;
    }
}

static void ports(void)
{
    static const struct {
        const char *name;
        u8 code[2];
        u32 len;
    } in[] = {{"in al", {0xEC}, 1},  {"in ax", {0x66, 0xED}, 2},  {"in eax", {0xED}, 1},
              {"out al", {0xEE}, 1}, {"out ax", {0x66, 0xEF}, 2}, {"out eax", {0xEF}, 1}};
    u32 level, i, port;

    for (level = 0; level < 4; level++) {
        hypercall(33, 6, (u32)&level, 0, 0, 0);
        for (i = 0; i < 6; i++) {
            print("virtual IOPL %u\n", level);
            for (port = 0; port < 0x10000;
                 port += port < 0x100 || (port >= 0xCF0 && port < 0xD00) ? 1 : 0x10) {
                struct outcome o = execute(in[i].code, in[i].len, 0x11223344, 0, port, 1);
                run_add(in[i].name, port, 0, (u32)o.vec, o.vec == NO_TRAP ? o.eax : o.error, 0);
            }
            run_end(in[i].name, port);
            if (level == 0)
                break;
        }
    }
    level = 0;
    hypercall(33, 6, (u32)&level, 0, 0, 0);
}

/* Not the same on two processors. */
static int by_model(u32 nr)
{
    return nr == 0x8B || nr == 0xCE || nr == 0x10A || nr == 0xC0000080 || nr == 0xC0000103;
}

static void msrs(void)
{
    static const u32 ranges[][2] = {{0, 0x1000}, {0x40000000, 0x40000300}, {0xC0000080, 0xC0000110}};
    static const u8 rdmsr[] = {0x0F, 0x32}, wrmsr[] = {0x0F, 0x30};
    u32 i, nr;

    for (i = 0; i < 3; i++) {
        for (nr = ranges[i][0]; nr < ranges[i][1]; nr++) {
            if (by_model(nr))
                continue;
            struct outcome o = execute(rdmsr, 2, 0, nr, 0, 1);
            run_add("rdmsr", nr, ranges[i][0], (u32)o.vec, nr == 0x10 || o.vec != NO_TRAP ? 0 : o.eax,
                    nr == 0x10 || o.vec != NO_TRAP ? 0 : o.edx);
        }
        run_end("rdmsr", nr - 1);
        for (nr = ranges[i][0]; nr < ranges[i][1]; nr++) {
            struct outcome z, o;
            if (by_model(nr))
                continue;
            z = execute(wrmsr, 2, 0, nr, 0, 1);
            o = execute(wrmsr, 2, 0xFFFFFFFF, nr, 0xFFFFFFFF, 1);
            struct outcome r = execute(rdmsr, 2, 0, nr, 0, 1);
            run_add("wrmsr of 0, of ones; read", nr, ranges[i][0], (u32)z.vec, (u32)o.vec,
                    r.vec != NO_TRAP || nr == 0x10 ? 0 : r.eax);
            execute(wrmsr, 2, 0, nr, 0, 1);
        }
        run_end("wrmsr of 0, of ones; read", nr - 1);
    }
}

static void cpuid(void)
{
    static const u8 plain[] = {0x0F, 0xA2}, forced[] = {0x0F, 0x0B, 0x78, 0x65, 0x6E, 0x0F, 0xA2};
    u32 leaf, ring;

    for (ring = 1; ring <= 3; ring += 2)
        for (leaf = 0x40000000; leaf < 0x40000110; leaf++) {
            struct outcome o = execute(forced, 7, leaf, 0, 0, ring), p = execute(plain, 2, leaf, 0, 0, ring);
            u32 any = o.eax | o.ebx | o.ecx | o.edx;
            if (leaf == 0x40000003 || leaf == 0x40000005)
                continue;
            run_add("leaf", leaf, 0x40000000, (u32)o.vec, (u32)p.vec, any);
        }
    run_end("leaf", 0x4000010F);
}

void guest_main(void)
{
    set_up_measure();
    vectors();
    hypercalls();
    commands();
    ports();
    msrs();
    cpuid();
}
