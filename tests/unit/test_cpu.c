/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_cpu.c - the CPU behind cpu.h: rings, events, clock, and that a store into
 * code is seen. Pages are mapped one to one; the GDT is Xen's own of 3.0.
 */
#include "dispatch/gdt.h"
#include "emu/cpu.h"

#include <check.h>
#include <string.h>

#define CODE      0x10000u
#define STACK     0x20000u
#define GDT_FRAME 0x40u

struct world {
    struct memory *mem;
    struct cpu *cpu;
    uint32_t refuse; /* page that is not there */
    uint32_t last_nr;
    bool go_on;
};
static struct world w;

static bool fill(void *user, uint32_t va, enum access access, bool ring3, struct cpu_mapping *out)
{
    struct world *world = user;
    (void)ring3;
    if (va >= HIDDEN_GDT && va < HIDDEN_LDT) {
        *out = (struct cpu_mapping){.mfn = MFN(va == HIDDEN_GDT + 0xE000 ? GDT_FRAME : 0x41), .write = true};
        return true;
    }
    if (va >= HIDDEN_WINDOW) {
        *out = (struct cpu_mapping){.mfn = cpu_window(world->cpu), .execute = true};
        return true;
    }
    if (va == world->refuse || va >> 12 >= world->mem->nr_frames)
        return false;
    *out = (struct cpu_mapping){
        .mfn = MFN(va >> 12), .write = access == ACCESS_WRITE, .execute = access == ACCESS_FETCH};
    return true;
}

static bool hypercall(void *user, struct cpu_call *call)
{
    struct world *world = user;
    world->last_nr = call->eax;
    cpu_read_args(world->cpu, call->arg, 6);
    call->eax = call->arg[0] + call->arg[1];
    return world->go_on;
}

static uint64_t tsc(void *user)
{
    return cpu_clock(((struct world *)user)->cpu);
}

static const struct cpu_ops ops = {.fill = fill, .hypercall = hypercall, .tsc = tsc};

static bool descriptor(void *user, uint16_t selector, uint64_t *desc)
{
    (void)user;
    *desc = xen_descriptor(abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17), selector >> 3);
    return *desc != 0;
}

static void enter(unsigned ring, uint32_t eip)
{
    struct regs r;
    cpu_get_regs(w.cpu, &r);
    r.cs = ring == 1 ? 0xE019 : 0xE02B;
    r.ss = r.ds = r.es = ring == 1 ? 0xE021 : 0xE033;
    r.fs = r.gs = 0;
    r.eip = eip;
    r.esp = STACK;
    r.eflags = 0x202;
    ck_assert(cpu_set_regs(w.cpu, &r, descriptor, NULL));
}

static struct cpu_event run(unsigned ring, const void *code, size_t len)
{
    struct cpu_event e;
    memcpy(w.mem->base + CODE, code, len);
    cpu_forget_code(w.cpu, MFN(CODE >> 12));
    enter(ring, CODE);
    ck_assert(cpu_run(w.cpu, &e, NULL));
    return e;
}
#define RUN(ring, ...) run(ring, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct regs regs(void)
{
    struct regs r;
    cpu_get_regs(w.cpu, &r);
    return r;
}

static void setup(void)
{
    GError *error = NULL;
    memset(&w, 0, sizeof w);
    w.refuse = 0x30000;
    w.mem = memory_new(256);
    const struct abi *abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    for (unsigned i = 0; i < 512; i++)
        ((uint64_t *)frame_ptr(w.mem, MFN(GDT_FRAME)))[i] = xen_descriptor(abi, 7168 + i);
    w.cpu = cpu_new(w.mem, &ops, &w, &error);
    ck_assert_msg(w.cpu != NULL, "%s", error ? error->message : "?");
}

static void teardown(void)
{
    cpu_free(w.cpu);
    memory_free(w.mem);
}

START_TEST(ring_is_entered)
{
    for (unsigned ring = 1; ring <= 3; ring += 2) {
        struct cpu_event e = RUN(ring, 0x8C, 0xC8, 0xCC); /* mov %cs, %eax; int3 */
        ck_assert_int_eq(e.exit, CPU_EXIT_INTERRUPT);
        ck_assert_uint_eq(e.vector, 3);
        ck_assert_uint_eq(regs().eax, ring == 1 ? 0xE019 : 0xE02B);
        ck_assert_uint_eq(regs().eip, CODE + 3);
    }
}
END_TEST

START_TEST(faults_follow_each_other)
{
    for (unsigned i = 0; i < 20; i++) {
        struct cpu_event e = RUN(1, 0xFA); /* cli */
        ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
        ck_assert_uint_eq(e.vector, 13);
        ck_assert_uint_eq(e.error, 0);
        ck_assert_uint_eq(regs().eip, CODE);
        e = RUN(3, 0x66, 0xB8, 0x34, 0x12, 0x8E, 0xE0); /* mov $0x1234, %ax; mov %ax, %fs */
        ck_assert_uint_eq(e.vector, 13);
        ck_assert_uint_eq(e.error, 0x1234);
        ck_assert_uint_eq(regs().eip, CODE + 4);
    }
}
END_TEST

START_TEST(int13_is_no_fault)
{
    struct cpu_event e = RUN(1, 0xCD, 0x0D);
    ck_assert_int_eq(e.exit, CPU_EXIT_INTERRUPT);
    ck_assert_uint_eq(e.vector, 13);
    ck_assert_uint_eq(regs().eip, CODE + 2);
}
END_TEST

START_TEST(hypercall_from_ring1_alone)
{
    w.go_on = true;
    /* mov $17, %eax; mov $40, %ebx; mov $2, %ecx; int $0x82; int3 */
    const uint8_t code[] = {0xB8, 17, 0, 0, 0, 0xBB, 40, 0, 0, 0, 0xB9, 2, 0, 0, 0, 0xCD, 0x82, 0xCC};
    struct cpu_event e = run(1, code, sizeof code);
    ck_assert_uint_eq(e.vector, 3);
    ck_assert_uint_eq(regs().eax, 42);
    ck_assert_uint_eq(w.last_nr, 17);
    w.last_nr = 0;
    e = run(3, code, sizeof code);
    ck_assert_int_eq(e.exit, CPU_EXIT_INTERRUPT);
    ck_assert_uint_eq(e.vector, 0x82);
    ck_assert_uint_eq(w.last_nr, 0);
    w.go_on = false;
    e = run(1, code, sizeof code);
    ck_assert_int_eq(e.exit, CPU_EXIT_STOPPED);
    ck_assert_uint_eq(regs().eip, CODE + 17);
    ck_assert_uint_eq(regs().eax, 42);
}
END_TEST

START_TEST(ring3_by_iret_is_seen)
{
    /* push SS, ESP, EFLAGS, CS, EIP for ring 3; iret; there: int $0x82 */
    w.go_on = true;
    const uint8_t code[] = {0x68, 0x33, 0xE0, 0,    0, 0x68, 0,    0,    2, 0, 0x68, 2,    2,    0,
                            0,    0x68, 0x2B, 0xE0, 0, 0,    0x68, 0x1A, 0, 1, 0,    0xCF, 0xCD, 0x82};
    struct cpu_event e = run(1, code, sizeof code);
    ck_assert_int_eq(e.exit, CPU_EXIT_INTERRUPT);
    ck_assert_uint_eq(e.vector, 0x82);
    ck_assert_uint_eq(regs().cs, 0xE02B);
    ck_assert_uint_eq(w.last_nr, 0);
}
END_TEST

START_TEST(miss_leaves_the_instruction)
{
    /* inc %ebx; mov %eax, 0x30010 */
    struct cpu_event e = RUN(1, 0x43, 0xA3, 0x10, 0, 3, 0);
    ck_assert_int_eq(e.exit, CPU_EXIT_MISS);
    ck_assert_uint_eq(e.page, 0x30000);
    ck_assert_int_eq(e.access, ACCESS_WRITE);
    ck_assert_uint_eq(regs().eip, CODE + 1);
}
END_TEST

START_TEST(undefined_instruction)
{
    struct cpu_event e = RUN(1, 0x90, 0x0F, 0x0B);
    ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
    ck_assert_uint_eq(e.vector, 6);
    ck_assert_uint_eq(regs().eip, CODE + 1);
}
END_TEST

START_TEST(in_and_out_fault_untouched)
{
    /* mov $0x55, %al; in (%dx), %al; mov %al, 0x50000; mov %al, 0x50001 */
    w.mem->base[0x50000] = 0x11;
    struct cpu_event e = RUN(1, 0xB0, 0x55, 0xEC, 0xA2, 0, 0, 5, 0, 0xA2, 1, 0, 5, 0, 0xCC);
    ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
    ck_assert_uint_eq(e.vector, 13);
    ck_assert_uint_eq(regs().eip, CODE + 2);
    ck_assert_uint_eq(regs().eax & 0xFF, 0x55);
    ck_assert_uint_eq(w.mem->base[0x50000], 0x11);
    e = RUN(3, 0x40, 0xE6, 0x80, 0x40, 0xCC); /* inc %eax; out %al, $0x80; inc %eax */
    ck_assert_uint_eq(e.vector, 13);
    ck_assert_uint_eq(regs().eip, CODE + 1);
}
END_TEST

/* Fast system calls that nobody set up: #GP(0) and #UD, nothing done. */
START_TEST(fast_calls_fault)
{
    for (unsigned ring = 1; ring <= 3; ring += 2) {
        struct cpu_event e = RUN(ring, 0xB0, 0x55, 0x0F, 0x34, 0xB0, 0x66, 0xCC); /* sysenter */
        ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
        ck_assert_uint_eq(e.vector, 13);
        ck_assert_uint_eq(e.error, 0);
        ck_assert_uint_eq(regs().eip, CODE + 2);
        ck_assert_uint_eq(regs().eax & 0xFF, 0x55);
        e = RUN(ring, 0xB0, 0x55, 0x0F, 0x05, 0xB0, 0x66, 0xCC); /* syscall */
        ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
        ck_assert_uint_eq(e.vector, 6);
        ck_assert_uint_eq(regs().eip, CODE + 2);
        ck_assert_uint_eq(regs().eax & 0xFF, 0x55);
    }
}
END_TEST

START_TEST(clock_counts_bytes)
{
    uint64_t before = cpu_clock(w.cpu);
    RUN(1, 0x90, 0x90, 0x90, 0xCC);
    ck_assert_uint_eq(cpu_clock(w.cpu) - before, 4 * CPU_NS_PER_BYTE);
    before = cpu_clock(w.cpu);
    RUN(1, 0x90, 0x90, 0xFA, 0x90); /* a fault gives back what follows */
    ck_assert_uint_eq(cpu_clock(w.cpu) - before, 2 * CPU_NS_PER_BYTE);
    before = cpu_clock(w.cpu);
    RUN(1, 0x43, 0xA3, 0x10, 0, 3, 0, 0x90);
    ck_assert_uint_eq(cpu_clock(w.cpu) - before, CPU_NS_PER_BYTE);
}
END_TEST

START_TEST(deadline_ends_a_spin)
{
    cpu_set_deadline(w.cpu, cpu_clock(w.cpu) + 100000);
    struct cpu_event e = RUN(1, 0xEB, 0xFE);
    ck_assert_int_eq(e.exit, CPU_EXIT_STOPPED);
    ck_assert_uint_ge(cpu_clock(w.cpu), 99990);
    ck_assert_uint_le(cpu_clock(w.cpu), 100010);
}
END_TEST

START_TEST(saved_state_comes_back)
{
    RUN(1, 0xBB, 7, 0, 0, 0, 0xD9, 0xE8, 0xCC); /* mov $7, %ebx; fld1; int3 */
    g_autoptr(GBytes) saved = cpu_save(w.cpu);
    RUN(3, 0xBB, 8, 0, 0, 0, 0xDD, 0xD8, 0xCC);
    struct cpu *other = cpu_new(w.mem, &ops, &w, NULL);
    cpu_free(w.cpu);
    w.cpu = other;
    ck_assert(cpu_put_back(w.cpu, saved));
    ck_assert_uint_eq(regs().ebx, 7);
    ck_assert_uint_eq(regs().cs, 0xE019);
    /* The FPU stack still holds 1.0: fstpl 0x50000. */
    struct cpu_event e;
    memcpy(w.mem->base + CODE, (uint8_t[]){0xDD, 0x1D, 0, 0, 5, 0, 0xCC}, 7);
    struct regs r = regs();
    r.eip = CODE;
    ck_assert(cpu_set_regs(w.cpu, &r, descriptor, NULL));
    ck_assert(cpu_run(w.cpu, &e, NULL));
    ck_assert_double_eq(*(double *)(w.mem->base + 0x50000), 1.0);
}
END_TEST

START_TEST(ts_raises_no_device)
{
    cpu_set_ts(w.cpu, true);
    struct cpu_event e = RUN(1, 0xD9, 0xE8, 0xCC);
    ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
    ck_assert_uint_eq(e.vector, 7);
    cpu_set_ts(w.cpu, false);
    e = RUN(1, 0xD9, 0xE8, 0xCC);
    ck_assert_uint_eq(e.vector, 3);
}
END_TEST

START_TEST(single_step)
{
    struct cpu_event e;
    memcpy(w.mem->base + CODE, (uint8_t[]){0x43, 0x43, 0x43, 0xCC}, 4);
    cpu_forget_code(w.cpu, MFN(CODE >> 12));
    enter(1, CODE);
    struct regs r = regs();
    r.eflags |= EFLAGS_TF;
    r.ebx = 0;
    ck_assert(cpu_set_regs(w.cpu, &r, descriptor, NULL));
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert(cpu_run(w.cpu, &e, NULL));
        ck_assert_int_eq(e.exit, CPU_EXIT_EXCEPTION);
        ck_assert_uint_eq(e.vector, 1);
        ck_assert_uint_eq(regs().ebx, i);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cpu");
    TCase *tc = tcase_create("cpu");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, ring_is_entered);
    tcase_add_test(tc, faults_follow_each_other);
    tcase_add_test(tc, int13_is_no_fault);
    tcase_add_test(tc, hypercall_from_ring1_alone);
    tcase_add_test(tc, ring3_by_iret_is_seen);
    tcase_add_test(tc, miss_leaves_the_instruction);
    tcase_add_test(tc, undefined_instruction);
    tcase_add_test(tc, in_and_out_fault_untouched);
    tcase_add_test(tc, fast_calls_fault);
    tcase_add_test(tc, clock_counts_bytes);
    tcase_add_test(tc, deadline_ends_a_spin);
    tcase_add_test(tc, saved_state_comes_back);
    tcase_add_test(tc, ts_raises_no_device);
    tcase_add_test(tc, single_step);
    suite_add_tcase(s, tc);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
