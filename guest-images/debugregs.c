/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugregs - breakpoints by debug registers, on code and data, single steps, and
 * the instructions that are traps of their own (docs/xen-abi.md 6.2, 8.8, 8.9,
 * 13.2; Intel SDM 3, 17.2 and 17.3).
 */
#include "lib/paging.h"
#include "lib/traps.h"

/* debugregs_asm.S */
extern char code[], code_a[], code_b[], code_c[], code_fault[], code_ud2[];
extern char store4[], store4_end[], store1[], store1_end[], store_before[], store_before_end[],
    store_beside[], load4[], load4_end[], modify[], modify_end[], name_only[], twice[], twice_1[], twice_2[],
    crossing[], crossing_end[], rep_store[], rep_at[], rep_end[], rep_nothing[], store_missing[], load_ss[],
    load_ss_end[];
extern char steps[], steps_1[], steps_2[], steps_off[], step_hypercall[], step_hypercall_1[],
    step_hypercall_2[], step_hypercall_3[], step_rep[], step_rep_end[], step_pushf[], step_ss[], step_ss_1[],
    step_ss_2[], step_store[], step_store_end[], step_emulated[], step_emulated_end[];
extern char icebp[], icebp_end[], int_1[], int_1_end[], int_2[], do_bound[], bound_at[], do_into[],
    into_end[], into_not[], do_ud2[], read_missing[], do_int3[], int3_end[];
extern char iret_to_code_b[], read_dr6[], write_dr0[], set_de[], port_out[], port_out_end[];
extern u32 watched, watched2, page_end, watched_ss;
extern u8 missing[];

#define TF 0x100u
#define RF 0x10000u

#define DR6_CLEAR 0xFFFF0FF0u
#define BS        0x4000u

/* DR7: breakpoint i, what (0 execute, 1 write, 3 access), bytes 1, 2 or 4. */
#define ENABLE(i)        (2u << (i)*2)
#define ENABLE_LOCAL(i)  (1u << (i)*2)
#define WHAT(i, what, n) ((u32)((what) | ((n)-1) << 2) << (16 + (i)*4))
#define EXECUTE          0u
#define WRITE            1u
#define ACCESS           3u

static s32 set_debugreg(u32 reg, u32 value)
{
    return hypercall(8, reg, value, 0, 0, 0);
}

static u32 get_debugreg(u32 reg)
{
    return (u32)hypercall(9, reg, 0, 0, 0, 0);
}

/* QEMU, as the CPU of a real Xen, stops late in string instructions and early after
 * MOV SS, and never ends when a step meets a breakpoint: `qemu` on the command line
 * leaves that out. */
static int real_cpu;

/* Every #DB of a run; the handler clears DR6 and goes on. */
#define MAX_HITS 16u
static struct {
    u32 eip, dr6, eflags, ecx, cs;
} hits[MAX_HITS];
static u32 nr_hits, resume_after; /* RF is set from that hit on */
static s32 other;                 /* the last trap that was no #DB */
static u32 other_hits;            /* how many #DB came before it */

static int on_debug(struct trap *t)
{
    if (t->vec == 1) {
        u32 i = nr_hits < MAX_HITS ? nr_hits : MAX_HITS - 1;

        hits[i].eip = t->eip;
        hits[i].dr6 = get_debugreg(6);
        hits[i].eflags = t->eflags;
        hits[i].ecx = t->regs[6];
        hits[i].cs = t->cs;
        set_debugreg(6, 0);
        if (++nr_hits >= resume_after)
            t->eflags |= RF;
        if (nr_hits < 2 * MAX_HITS)
            return 1;
        set_debugreg(7, 0);
    }
    other = (s32)t->vec;
    other_hits = nr_hits;
    return 0;
}

/* Run it with these breakpoints; the number of #DB. */
static u32 run(const char *function, u32 dr7)
{
    nr_hits = 0;
    other = NO_TRAP;
    memset(hits, 0, sizeof(hits));
    set_debugreg(6, 0);
    set_debugreg(7, dr7);
    on_trap = on_debug;
    other = try_call((void *)function, 0);
    on_trap = 0;
    set_debugreg(7, 0);
    return nr_hits;
}

static void check_hit(u32 i, const char *at, u32 reasons)
{
    CHECK("  eip", hits[i].eip, at);
    CHECK("  dr6", hits[i].dr6, DR6_CLEAR | reasons);
}

static void watch(u32 i, const volatile void *address)
{
    CHECK("set_debugreg", set_debugreg(i, (u32)address), 0);
}

static void on_code(void)
{
    print("execution:\n");
    resume_after = 1;
    watch(0, code_a);
    CHECK("stops before", run(code, ENABLE(0)), 1);
    check_hit(0, code_a, 1);
    CHECK("  RF in its frame", hits[0].eflags & RF, 0);
    CHECK("  TF in its frame", hits[0].eflags & TF, 0);
    CHECK("  cs", hits[0].cs, KERNEL_CS);
    CHECK("  then it ran", other, NO_TRAP);
    CHECK("enabled locally", run(code, ENABLE_LOCAL(0)), 1);
    CHECK("not enabled", run(code, 0), 0);
    CHECK("elsewhere", run(load4, ENABLE(0)), 0);
    resume_after = 3;
    CHECK("without RF it stops again", run(code, ENABLE(0)), 3);
    check_hit(2, code_a, 1);
    resume_after = 1;
    watch(1, code_b);
    watch(2, code_c);
    watch(3, code);
    CHECK("four in one page", run(code, ENABLE(0) | ENABLE(1) | ENABLE(2) | ENABLE(3)), 4);
    check_hit(0, code, 8);
    check_hit(1, code_a, 1);
    check_hit(2, code_b, 2);
    check_hit(3, code_c, 4);
    watch(1, code_a);
    CHECK("two at one place", run(code, ENABLE(0) | ENABLE(1)), 1);
    check_hit(0, code_a, 3);
    watch(0, code_ud2);
    CHECK("before a fault", run(code_fault, ENABLE(0)), 1);
    check_hit(0, code_ud2, 1);
    CHECK("  and the fault", other, 6);
    CHECK("  its eip", last_trap.eip, code_ud2);
#ifndef GUEST_2_0
    if (xen >= XEN_3_0_4) {
        watch(0, code_b);
        CHECK("HYPERVISOR_iret without RF", run(iret_to_code_b, ENABLE(0)), 1);
        check_hit(0, code_b, 1);
    }
#endif
}

static void on_data(void)
{
    print("data:\n");
    resume_after = 1000;
    watch(0, &watched);
    CHECK("store", run(store4, ENABLE(0) | WHAT(0, WRITE, 4)), 1);
    check_hit(0, store4_end, 1);
    CHECK("  RF in its frame", hits[0].eflags & RF, 0);
    CHECK("  stored", watched, 0x11223344);
    CHECK("store of a byte of it", run(store1, ENABLE(0) | WHAT(0, WRITE, 4)), 1);
    check_hit(0, store1_end, 1);
    CHECK("store from before it", run(store_before, ENABLE(0) | WHAT(0, WRITE, 1)), 1);
    check_hit(0, store_before_end, 1);
    CHECK("stores beside it", run(store_beside, ENABLE(0) | WHAT(0, WRITE, 4)), 0);
    CHECK("a byte is not stored to", run(store1, ENABLE(0) | WHAT(0, WRITE, 1)), 0);
    CHECK("two bytes are", run(store1, ENABLE(0) | WHAT(0, WRITE, 2)), 1);
    CHECK("load, stores watched", run(load4, ENABLE(0) | WHAT(0, WRITE, 4)), 0);
    CHECK("load, all watched", run(load4, ENABLE(0) | WHAT(0, ACCESS, 4)), 1);
    check_hit(0, load4_end, 1);
    CHECK("store, all watched", run(store4, ENABLE(0) | WHAT(0, ACCESS, 4)), 1);
    CHECK("inc, stores watched", run(modify, ENABLE(0) | WHAT(0, WRITE, 4)), 1);
    check_hit(0, modify_end, 1);
    CHECK("inc, all watched", run(modify, ENABLE(0) | WHAT(0, ACCESS, 4)), 1);
    CHECK("lea", run(name_only, ENABLE(0) | WHAT(0, ACCESS, 4)), 0);
    watch(1, &watched2);
    CHECK("two in a page", run(twice, ENABLE(0) | ENABLE(1) | WHAT(0, ACCESS, 4) | WHAT(1, WRITE, 4)), 2);
    check_hit(0, twice_1, 1);
    check_hit(1, twice_2, 2);
    watch(1, &page_end);
    CHECK("store over two pages", run(crossing, ENABLE(1) | WHAT(1, WRITE, 2)), 1);
    check_hit(0, crossing_end, 2);
    watch(0, &watched);
    CHECK("rep stosb", run(rep_store, ENABLE(0) | WHAT(0, WRITE, 1)), 1);
    if (real_cpu) {
        check_hit(0, rep_at, 1);
        CHECK("  ecx", hits[0].ecx, 2);
    }
    CHECK("rep stosb of nothing", run(rep_nothing, ENABLE(0) | WHAT(0, WRITE, 4)), 0);
    if (real_cpu) {
        watch(1, &watched_ss);
        CHECK("mov ss, which is watched", run(load_ss, ENABLE(1) | WHAT(1, ACCESS, 4)), 1);
        check_hit(0, load_ss_end, 2);
    }
    CHECK("store and then a #PF", run(store_missing, ENABLE(0) | WHAT(0, WRITE, 4)), 1);
    CHECK("  its vector", other, 14);
}

/* Whether accesses by the hypervisor count. */
static void by_hypercalls(void)
{
    print("hypercalls:\n");
    nr_hits = 0;
    watch(0, shared_info + 64);
    on_trap = on_debug;
    set_debugreg(7, ENABLE(0) | WHAT(0, ACCESS, 4));
    CHECK("a hypercall goes on", hypercall(NR_xen_version, 0, 0, 0, 0, 0) >= 0x20000, 1);
    CHECK("a read outside of it", UPCALL_MASK <= 1, 1);
    CHECK("  no #DB", nr_hits, 0);
#ifndef GUEST_2_0
    watch(0, &watched);
    set_debugreg(7, ENABLE(0) | WHAT(0, ACCESS, 4));
    CHECK("Xen writes to it", hypercall(NR_xen_version, 1, (u32)&watched - 8, 0, 0, 0), 0);
    CHECK("  no #DB", nr_hits, 0);
#endif
    set_debugreg(7, 0);
    on_trap = 0;
}

#define USER(...) ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__})
#define WORD(x)   (u8)(x), (u8)((x) >> 8), (u8)((x) >> 16), (u8)((x) >> 24)

static void user(const char *name, u32 dr7, u32 expected, u32 offset, u32 reasons)
{
    nr_hits = 0;
    memset(hits, 0, sizeof(hits));
    set_debugreg(6, 0);
    set_debugreg(7, dr7);
    on_trap = on_debug;
    /* mov eax, user_data; inc ebx; mov user_data, eax */
    run_user(USER(0xA3, WORD((u32)user_data), 0x43, 0xA1, WORD((u32)user_data)), 0);
    on_trap = 0;
    set_debugreg(7, 0);
    CHECK(name, nr_hits, expected);
    if (expected) {
        CHECK("  eip", hits[0].eip - (u32)user_code, offset);
        CHECK("  dr6", hits[0].dr6, DR6_CLEAR | reasons);
        CHECK("  cs", hits[0].cs, USER_CS);
        CHECK("  ss", last_trap.ss, USER_DS);
    }
    CHECK("  it ran to its end", last_trap.vec, 3);
}

static void in_ring3(void)
{
    print("ring 3:\n");
    resume_after = 1;
    watch(0, user_code + 5);
    user("execution", ENABLE(0), 1, 5, 1);
    watch(0, user_data);
    user("store", ENABLE(0) | WHAT(0, WRITE, 4), 1, 5, 1);
    user("store and load", ENABLE(0) | WHAT(0, ACCESS, 4), 2, 5, 1);
    user("nothing", 0, 0, 0, 0);
    watch(0, user_stack + PAGE_SIZE - 4);
    nr_hits = 0;
    on_trap = on_debug;
    set_debugreg(7, ENABLE(0) | WHAT(0, ACCESS, 4));
    run_user(USER(0x50, 0x90, 0x5B), 0); /* push eax; nop; pop ebx */
    set_debugreg(7, 0);
    on_trap = 0;
    CHECK("push and pop", nr_hits, 2);
    CHECK("  eip", hits[0].eip - (u32)user_code, 1);
    CHECK("  eip", hits[1].eip - (u32)user_code, 3);
}

static int stepping(struct trap *t)
{
    if (t->vec == 1 && nr_hits < MAX_HITS) {
        hits[nr_hits].eip = t->eip;
        hits[nr_hits].dr6 = get_debugreg(6);
        hits[nr_hits].eflags = t->eflags;
        nr_hits++;
        set_debugreg(6, 0);
        return 1;
    }
    return 0;
}

static u32 step(const char *function)
{
    nr_hits = 0;
    memset(hits, 0, sizeof(hits));
    set_debugreg(6, 0);
    on_trap = stepping;
    other = try_call((void *)function, 0);
    on_trap = 0;
    set_debugreg(7, 0);
    return nr_hits;
}

static void single_steps(void)
{
    u32 i;

    print("single steps:\n");
    /* nop, inc, and the three that end it: the POPF that clears TF still counts */
    CHECK("two instructions and step_off", step(steps), 5);
    check_hit(0, steps_1, BS);
    check_hit(1, steps_2, BS);
    CHECK("  TF in the frame", hits[0].eflags & TF, TF);
    CHECK("  RF in the frame", hits[0].eflags & RF, 0);
    check_hit(4, steps_off, BS);
    CHECK("  TF in the last frame", hits[4].eflags & TF, 0);
    /* nop, (int 0x82, lost), nop, step_off */
    CHECK("over int 0x82", step(step_hypercall), 5);
    check_hit(0, step_hypercall_1, BS);
    check_hit(1, step_hypercall_3, BS);
    CHECK("  its result", try_result >= 0x20000 || try_result == 0, 1);
    if (real_cpu) {
        CHECK("rep stosb of three", step(step_rep), 3 + 3);
        for (i = 0; i < 2; i++)
            CHECK("  RF between two of them", hits[i].eflags & RF, RF);
        check_hit(2, step_rep_end, BS);
        CHECK("  RF behind it", hits[2].eflags & RF, 0);
    }
    CHECK("pushf and pop", step(step_pushf), 5);
    CHECK("  TF as pushed", try_result & TF, TF);
    if (real_cpu) {
        CHECK("mov ss", step(step_ss), 4);
        check_hit(0, step_ss_2, BS);
        watch(0, &watched);
        set_debugreg(7, ENABLE(0) | WHAT(0, WRITE, 4));
        CHECK("over a store that is watched", step(step_store), 4);
        check_hit(0, step_store_end, BS | 1);
    }
    if (xen == XEN_4_17) {
        CHECK("over an emulated instruction", step(step_emulated), 4);
        check_hit(0, step_emulated_end, BS);
    }
    /* In ring 3: push, orl, popf, nop, nop, int3; TF is set to the end. */
    nr_hits = 0;
    on_trap = stepping;
    run_user(USER(0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0x90, 0x90), 0);
    on_trap = 0;
    CHECK("ring 3", nr_hits, 2);
    CHECK("  eip", hits[0].eip - (u32)user_code, 8);
    CHECK("  int3 ends it", last_trap.vec, 3);
    CHECK("  TF in its frame", last_trap.eflags & TF, TF);
}

static void trap(const char *name, const char *function, s32 vec, u32 error, const char *at, u32 rf)
{
    CHECK(name, try_call((void *)function, 0), vec);
    CHECK("  eip", last_trap.eip, at);
    CHECK("  error code", last_trap.error, error);
    CHECK("  RF in its frame", last_trap.eflags & RF, xen == XEN_4_17 ? rf : 0);
}

static void traps(void)
{
    print("traps and faults:\n");
    set_debugreg(6, 0);
    trap("int1", icebp, 1, 0, icebp_end, 0);
    CHECK("  dr6", get_debugreg(6), DR6_CLEAR);
    trap("int $1, DPL 0", int_1, 13, 1 * 8 + 2, int_1, RF);
    set_trap(1, 1, trap_stub(1));
    trap("int $1, DPL 1", int_1, 1, 0, int_1_end, RF);
    set_trap(1, 0, trap_stub(1));
    trap("int $2, DPL 0", int_2, 13, 2 * 8 + 2, int_2, RF);
    trap("int3", do_int3, 3, 0, int3_end, 0);
    trap("into", do_into, 4, 0, into_end, 0);
    CHECK("into without overflow", try_call(into_not, 0), NO_TRAP);
    trap("bound", do_bound, 5, 0, bound_at, RF);
    trap("ud2", do_ud2, 6, 0, do_ud2, RF);
    trap("#PF", read_missing, 14, 0, read_missing, RF);
}

#ifndef GUEST_2_0
static void moves(void)
{
    print("mov to and from debug registers:\n");
    set_debugreg(6, 0);
    CHECK("dr6", (try_call(read_dr6, 0), try_result), DR6_CLEAR);
    CHECK("dr0", (try_call(write_dr0, 0x1234), try_result), 0x1234);
    CHECK("  as the hypercall has it", get_debugreg(0), 0x1234);
}

/* Breakpoints on ports, which Xen itself looks at. */
static void on_ports(void)
{
    u32 iopl = 1;

    print("ports:\n");
    resume_after = 1000;
    watch(0, (void *)0x80);
    CHECK("without CR4.DE", set_debugreg(7, ENABLE(0) | WHAT(0, 2, 1)), -EPERM);
    CHECK("CR4.DE", (try_call(set_de, 0), try_result & 8), 8);
    CHECK("set_iopl", hypercall(33, 6, (u32)&iopl, 0, 0, 0), 0);
    CHECK("out", run(port_out, ENABLE(0) | WHAT(0, 2, 1)), 1);
    check_hit(0, port_out_end, 1);
    watch(0, (void *)0x86);
    CHECK("four ports", run(port_out, ENABLE(0) | WHAT(0, 2, 4)), 1);
    CHECK("not enabled", run(port_out, WHAT(0, 2, 4)), 0);
}
#endif

void guest_main(void)
{
    install_traps();
    real_cpu = option("qemu") == 0;
    map_page(missing, 0);
    watched_ss = KERNEL_DS;
    on_code();
    on_data();
    by_hypercalls();
    in_ring3();
    single_steps();
    traps();
#ifndef GUEST_2_0
    moves();
    if (xen == XEN_4_17)
        on_ports();
#endif
}
