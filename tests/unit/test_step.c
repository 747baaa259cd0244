/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_step.c - a debugger's breakpoints in a machine that runs flat code, and the
 * rules of segments that segments.c knows.
 */
#include "emu/image.h"
#include "emu/machine.h"
#include "emu/segments.h"

#include <check.h>
#include <stdlib.h>

#define CODE 0x100000u
#define DATA 0x100800u

/* Three rounds: EAX up, stored at DATA and loaded from there; then it powers off. */
static const uint8_t PROGRAM[] = {
    0xB9, 0x03, 0x00, 0x00, 0x00,       /* 00 mov $3, %ecx */
    0x40,                               /* 05 inc %eax */
    0xA3, 0x00, 0x08, 0x10, 0x00,       /* 06 mov %eax, DATA */
    0x8B, 0x1D, 0x00, 0x08, 0x10, 0x00, /* 0B mov DATA, %ebx */
    0x49,                               /* 11 dec %ecx */
    0x75, 0xF1,                         /* 12 jnz 05 */
    0x51,                               /* 14 push %ecx: poweroff */
    0xB8, 0x1D, 0x00, 0x00, 0x00,       /* 15 mov $29, %eax: sched_op */
    0xBB, 0x02, 0x00, 0x00, 0x00,       /* 1A mov $2, %ebx: shutdown */
    0x89, 0xE1,                         /* 1F mov %esp, %ecx */
    0xCD, 0x82,                         /* 21 int $0x82 */
};

static struct machine *m;

static void setup(void)
{
    static const struct machine_ops none = {.notify = NULL};
    GError *error = NULL;
    struct image *image = image_raw(PROGRAM, sizeof PROGRAM, CODE, "flat", &error);
    ck_assert_ptr_nonnull(image);
    const struct boot_config boot = {.nr_pages = 1024};
    const struct machine_setup how = {.time_mode = RING1_TIME_VIRTUAL, .cpu = cpu_model_find(NULL)};
    m = machine_new(abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17), image, &boot, &how, &none, NULL, &error);
    ck_assert_msg(m != NULL, "%s", error ? error->message : "?");
    image_free(image);
}

static void teardown(void)
{
    machine_free(m);
}

static void set(unsigned number, unsigned kind, uint32_t address, uint32_t size)
{
    struct breakpoint b = {
        .address = address, .size = size, .kind = (uint8_t)kind, .number = (uint8_t)number};
    ck_assert(step_break(m, &b));
}

/* Run: to a breakpoint, whose bit is returned with EIP there; 0 at the end. */
static uint32_t go(uint32_t offset)
{
    struct ring1_stop stop;
    GError *error = NULL;
    m->debugger_hits = 0;
    ck_assert(machine_run(m, NULL, &stop, &error));
    if (stop.reason == RING1_STOP_SHUTDOWN) {
        ck_assert_uint_eq(stop.shutdown, 0);
        return 0;
    }
    ck_assert_int_eq(stop.reason, RING1_STOP_INTERRUPTED);
    ck_assert_uint_eq(vcpu_regs(m->current)->eip, CODE + offset);
    ck_assert_uint_eq(vcpu_regs(m->current)->eflags & (EFLAGS_TF | EFLAGS_RF), 0);
    return m->debugger_hits;
}

START_TEST(execution)
{
    set(7, BREAK_EXECUTE, CODE + 5, 1);
    for (unsigned round = 0; round < 3; round++) {
        ck_assert_uint_eq(go(5), 1u << 7);
        ck_assert_uint_eq(vcpu_regs(m->current)->ecx, 3 - round);
    }
    ck_assert_uint_eq(go(0), 0);
}
END_TEST

START_TEST(taken_away)
{
    set(0, BREAK_EXECUTE, CODE + 5, 1);
    ck_assert_uint_eq(go(5), 1);
    ck_assert(step_unbreak(m, 0));
    ck_assert(!step_unbreak(m, 0));
    ck_assert_uint_eq(go(0), 0);
}
END_TEST

START_TEST(stores)
{
    set(1, BREAK_WRITE, DATA, 4);
    for (unsigned round = 0; round < 3; round++)
        ck_assert_uint_eq(go(0xB), 2);
    ck_assert_uint_eq(go(0), 0);
}
END_TEST

START_TEST(stores_and_loads)
{
    set(1, BREAK_ACCESS, DATA + 2, 1);
    set(2, BREAK_WRITE, DATA + 4, 4);
    for (unsigned round = 0; round < 3; round++) {
        ck_assert_uint_eq(go(0xB), 2);
        ck_assert_uint_eq(go(0x11), 2);
    }
    ck_assert_uint_eq(go(0), 0);
}
END_TEST

/* The run that is watched takes the same time. */
START_TEST(time_is_the_same)
{
    ck_assert_uint_eq(go(0), 0);
    uint64_t end = machine_now(m);
    teardown();
    setup();
    set(1, BREAK_ACCESS, DATA, 4);
    set(2, BREAK_EXECUTE, CODE + 0x11, 1);
    struct ring1_stop stop = {.reason = RING1_STOP_INTERRUPTED};
    unsigned hits = 0;
    for (; stop.reason == RING1_STOP_INTERRUPTED && hits < 20; hits++)
        ck_assert(machine_run(m, NULL, &stop, NULL));
    ck_assert_uint_eq(hits, 3 * 3 + 1); /* the last of them was the end */
    ck_assert_uint_eq(machine_now(m), end);
}
END_TEST

static uint64_t describe(uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    return (limit & 0xFFFFu) | (uint64_t)(base & 0xFFFFFFu) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15u) << 48 | (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

/* Which descriptors make a page of them worth a look. */
START_TEST(pages)
{
    const struct abi *native = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    const struct abi *compat = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    const struct {
        uint64_t descriptor;
        bool native, compat;
    } rows[] = {
        {0, false, false},
        {describe(0, 0xFFFFF, 0xB2, 0xC), false, false},      /* all */
        {describe(0, 0xFFFFF, 0xBA, 0xC), false, false},      /* code */
        {describe(0, 0xFC3FF, 0xB2, 0xC), false, true},       /* up to native Xen's end */
        {describe(0, 0xFC3FE, 0xB2, 0xC), true, true},        /* a page less */
        {describe(0x1000, 0xFFFFF, 0xF2, 0xC), false, false}, /* another base */
        {describe(0x1000, 0xFC3FE, 0xF2, 0xC), true, true},
        {describe(0, 0xFFFFF, 0xB0, 0xC), true, true}, /* read-only */
        {describe(0, 0xFFFFF, 0xB8, 0xC), true, true}, /* execute-only */
        {describe(0, 0xFFFFF, 0xB6, 0xC), true, true}, /* down */
        {describe(0, 0xFFFFF, 0xB2, 0x4), true, true}, /* bytes */
        {describe(0, 0x10, 0x32, 0xC), false, false},  /* not present */
        {describe(0, 0x67, 0x89, 0x0), false, false},  /* a TSS */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t page[512] = {0};
        page[i * 37 % 512] = rows[i].descriptor;
        ck_assert_msg(segments_page_matters(native, page) == rows[i].native, "native, row %zu", i);
        ck_assert_msg(segments_page_matters(compat, page) == rows[i].compat, "compat, row %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("step");
    TCase *t = tcase_create("step");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, execution);
    tcase_add_test(t, taken_away);
    tcase_add_test(t, stores);
    tcase_add_test(t, stores_and_loads);
    tcase_add_test(t, time_is_the_same);
    suite_add_tcase(s, t);
    TCase *g = tcase_create("segments");
    tcase_add_test(g, pages);
    suite_add_tcase(s, g);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
