/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_trace.c - the lines of debug/trace.c, on a machine that is played here:
 * whoever traces sees a ring1_machine only through the public API.
 */
#include "debug/trace.h"

#include <check.h>
#include <stdlib.h>
#include <xen/errno.h>

/* --- the played machine ---------------------------------------------------- */

struct ring1_machine {
    enum ring1_abi abi;
    enum ring1_xen xen;
    uint64_t now;
    const struct ring1_watch *watch;
    void *user;
};

static struct ring1_machine machine;
static GString *text;
static struct trace *trace;

enum ring1_abi ring1_machine_abi(const ring1_machine *m)
{
    return m->abi;
}

enum ring1_xen ring1_machine_xen(const ring1_machine *m)
{
    return m->xen;
}

uint64_t ring1_machine_now(const ring1_machine *m)
{
    return m->now;
}

unsigned ring1_vcpu_id(G_GNUC_UNUSED const ring1_vcpu *v)
{
    return 0;
}

void ring1_machine_set_watch(ring1_machine *m, const struct ring1_watch *watch, void *user)
{
    m->watch = watch;
    m->user = user;
}

static void sink(G_GNUC_UNUSED void *user, const char *bytes, size_t len)
{
    g_string_append_len(text, bytes, (gssize)len);
}

static void setup(void)
{
    machine = (struct ring1_machine){
        .abi = RING1_ABI_XEN_3_0_PAE, .xen = RING1_XEN_4_17, .now = 12 * G_GUINT64_CONSTANT(1000000000) + 34};
    text = g_string_new(NULL);
    trace = trace_new(sink, NULL);
    trace_attach(trace, &machine);
}

static void teardown(void)
{
    trace_free(trace);
    g_string_free(text, TRUE);
}

static void before(struct ring1_call *call)
{
    ck_assert(!machine.watch->before(NULL, call, machine.user));
}

static void after(struct ring1_call *call, int32_t result, const char *why)
{
    call->result = result;
    call->why = why;
    machine.watch->after(NULL, call, machine.user);
}

/* --- lines ----------------------------------------------------------------- */

static const uint32_t words[6] = {0xC0104000, 2, 0, 0x7FF0, 0, 0};

static const struct line {
    enum ring1_abi abi;
    enum ring1_xen xen;
    uint32_t nr;
    const char *name;
    unsigned nargs, depth, index;
    int32_t result;
    const char *why;
    const char *line;
} lines[] = {
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17, 1, "mmu_update", 4, 0, 0, 0, NULL,
     "[   0.001234567] v3 mmu_update(0xc0104000, 2, 0x0, 0x7ff0) = 0"},
    {RING1_ABI_XEN_2_0, RING1_XEN_2_0, 1, "mmu_update", 3, 0, 0, -XEN_EINVAL, "entry 1 names frame 7",
     "[   0.001234567] v3 mmu_update(0xc0104000, 2, 0x0) = -EINVAL (Invalid argument): entry 1 names frame "
     "7"},
    {RING1_ABI_XEN_2_0, RING1_XEN_2_0, 33, "mmu_update", 3, 0, 0, 0, NULL,
     "[   0.001234567] v3 mmu_update#33(0xc0104000, 2, 0x0) = 0"},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17, 17, "xen_version", 2, 1, 7, 0x40011, NULL,
     "  [   0.001234567] v3 [7] xen_version(0xc0104000, 0x2) = 0x40011"},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17, 77, NULL, 0, 0, 0, -XEN_ENOSYS, NULL,
     "[   0.001234567] v3 hypercall_77(...) = -ENOSYS (Function not implemented)"},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17, 100, NULL, 2, 0, 0, 1023, "",
     "[   0.001234567] v3 hypercall_100(0xc0104000, 2) = 1023"},
    {RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17, 23, "iret", 0, 0, 0, -2000, NULL,
     "[   0.001234567] v3 iret() = 0xfffff830"},
};

START_TEST(a_line_says_what_was_asked_and_answered)
{
    const struct line *l = &lines[_i];
    struct ring1_call call = {.nr = l->nr,
                              .name = l->name,
                              .nargs = l->nargs,
                              .arg = words,
                              .depth = l->depth,
                              .index = l->index,
                              .result = l->result,
                              .why = l->why};
    trace_line(text, l->abi, l->xen, 1234567, 3, &call, true);
    ck_assert_str_eq(text->str, l->line);
}
END_TEST

START_TEST(entries_stand_below_their_multicall)
{
    uint32_t arg[6] = {0xC0105000, 2};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = arg};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    before(&outer);
    for (inner.index = 0; inner.index < 2; inner.index++) {
        machine.now += 100;
        before(&inner);
        after(&inner, 0, NULL);
    }
    ck_assert_str_eq(text->str, "");
    arg[0] = 0; /* a handler may change the words that it was given */
    after(&outer, 0, NULL);
    ck_assert_str_eq(text->str, "[  12.000000034] v0 multicall(0xc0105000, 2) = 0\n"
                                "  [  12.000000134] v0 [0] stack_switch(0xc0104000, 2) = 0\n"
                                "  [  12.000000234] v0 [1] stack_switch(0xc0104000, 2) = 0\n");
}
END_TEST

START_TEST(a_call_that_never_came_back)
{
    uint32_t arg[6] = {2, 3};
    struct ring1_call call = {.nr = 29, .name = "sched_op", .nargs = 2, .arg = arg};
    before(&call);
    trace_end(trace);
    ck_assert_str_eq(text->str, "[  12.000000034] v0 sched_op(2, 0x3) = ?\n");
    trace_end(trace);
    ck_assert_uint_eq(text->len, strlen("[  12.000000034] v0 sched_op(2, 0x3) = ?\n"));
}
END_TEST

/* However long the list is, what is held back stays small. */
START_TEST(a_long_multicall_is_let_go)
{
    uint32_t arg[6] = {0xC0105000, 100000};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = arg};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    before(&outer);
    for (inner.index = 0; inner.index < 5000; inner.index++) {
        before(&inner);
        after(&inner, 0, NULL);
    }
    ck_assert_uint_gt(text->len, 65536);
    ck_assert(g_str_has_prefix(text->str, "[  12.000000034] v0 multicall(0xc0105000, 0x186a0) = ?\n  ["));
    after(&outer, -XEN_EFAULT, NULL);
    ck_assert(g_str_has_suffix(text->str, " [4999] stack_switch(0xc0104000, 2) = 0\n"
                                          "[  12.000000034] v0 multicall(0xc0105000, 0x186a0) = "
                                          "-EFAULT (Bad address)\n"));
    unsigned nr_lines = 0;
    for (const char *at = text->str; (at = strchr(at, '\n')); at++)
        nr_lines++;
    ck_assert_uint_eq(nr_lines, 5002);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tc = tcase_create("lines");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_line_says_what_was_asked_and_answered, 0, G_N_ELEMENTS(lines));
    tcase_add_test(tc, entries_stand_below_their_multicall);
    tcase_add_test(tc, a_call_that_never_came_back);
    tcase_add_test(tc, a_long_multicall_is_let_go);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
