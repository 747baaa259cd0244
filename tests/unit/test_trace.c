/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_trace.c - the lines of debug/trace_text.c: a machine that is played here around
 * the fixture's domain.
 */
#include "debug/event.h"
#include "debug/filter.h"
#include "debug/summary.h"
#include "debug/trace_text.h"
#include "played_machine.h"

#include <check.h>
#include <stdlib.h>
#include <xen/errno.h>

static struct fixture *f;
static GString *text;
static struct trace *trace;
static struct trace_text *writer;

static void sink(G_GNUC_UNUSED void *user, const char *bytes, size_t len)
{
    g_string_append_len(text, bytes, (gssize)len);
}

static void setup_pair(enum ring1_abi abi, enum ring1_xen xen)
{
    f = play_machine(abi, xen);
    text = g_string_new(NULL);
    trace = trace_new();
    writer = trace_text_new(NULL, sink, NULL);
    trace_add(trace, &trace_text_consumer, writer);
    trace_attach(trace, &machine);
}

static void setup(void)
{
    setup_pair(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
}

static void teardown(void)
{
    trace_free(trace);
    trace_text_free(writer);
    g_string_free(text, TRUE);
    fixture_free(f);
}

static void before(struct ring1_call *call)
{
    ck_assert(!machine.watch.before(f->v, call, machine.user));
}

static void after(struct ring1_call *call, int32_t result, const char *why)
{
    call->result = result;
    call->why = why;
    machine.watch.after(f->v, call, machine.user);
}

/* --- lines ----------------------------------------------------------------- */

static const uint32_t words[6] = {0xE021, 2, 0, 0x7FF0, 0, 0};

static const struct line {
    uint32_t nr;
    const char *name;
    unsigned nargs;
    int32_t result;
    const char *why;
    const char *line;
} lines[] = {
    {3, "stack_switch", 2, 0, NULL, "stack_switch(0xe021, 0x2) = 0"},
    {3, "stack_switch", 2, -XEN_EINVAL, "a reason",
     "stack_switch(0xe021, 0x2) = -EINVAL (Invalid argument): a reason"},
    {17, "xen_version", 2, 0x40011, NULL, "xen_version(0xe021 /* no version */, 0x2) = 0x40011"},
    {77, NULL, 0, -XEN_ENOSYS, NULL, "hypercall_77(...) = -ENOSYS (Function not implemented)"},
    {100, NULL, 2, 1023, "", "hypercall_100(0xe021, 2) = 1023"},
    {23, "iret", 0, -2000, NULL, "iret() = 0xfffff830"},
};

START_TEST(a_line_says_what_was_asked_and_answered)
{
    const struct line *l = &lines[_i];
    struct ring1_call call = {.nr = l->nr, .name = l->name, .nargs = l->nargs, .arg = words};
    before(&call);
    after(&call, l->result, l->why);
    g_autofree char *expected = g_strdup_printf("[  12.000000034] v0 r1 0xc0100000: %s\n", l->line);
    ck_assert_str_eq(text->str, expected);
}
END_TEST

START_TEST(old_xens_wrap)
{
    struct ring1_call call = {.nr = 35, .name = "stack_switch", .nargs = 2, .arg = words};
    teardown();
    setup_pair(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    before(&call);
    after(&call, 0, NULL);
    ck_assert_str_eq(text->str, "[  12.000000034] v0 r1 0xc0100000: stack_switch#35(0xe021, 0x2) = 0\n");
}
END_TEST

START_TEST(entries_stand_below_their_multicall)
{
    const uint32_t arg[6] = {0xC0105000, 2};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = arg};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    before(&outer);
    for (inner.index = 0; inner.index < 2; inner.index++) {
        f->now += 100;
        before(&inner);
        after(&inner, 0, NULL);
    }
    ck_assert_str_eq(text->str, "");
    after(&outer, 0, NULL);
    ck_assert_str_eq(text->str, "[  12.000000034] v0 r1 0xc0100000: multicall(0xc0105000, 2) = 0\n"
                                "  [  12.000000134] v0 [0] stack_switch(0xe021, 0x2) = 0\n"
                                "  [  12.000000234] v0 [1] stack_switch(0xe021, 0x2) = 0\n");
}
END_TEST

START_TEST(a_call_that_never_came_back)
{
    uint32_t arg[6] = {2, 3};
    struct ring1_call call = {.nr = 29, .name = "sched_op", .nargs = 2, .arg = arg};
    before(&call);
    trace_end(trace);
    ck_assert_str_eq(
        text->str,
        "[  12.000000034] v0 r1 0xc0100000: sched_op(SCHEDOP_shutdown, 0x3 /* cannot be read */) = ?\n");
    trace_end(trace);
    ck_assert_uint_eq(
        text->len,
        strlen(
            "[  12.000000034] v0 r1 0xc0100000: sched_op(SCHEDOP_shutdown, 0x3 /* cannot be read */) = ?\n"));
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
    ck_assert(g_str_has_prefix(text->str,
                               "[  12.000000034] v0 r1 0xc0100000: multicall(0xc0105000, 0x186a0) = ?\n  ["));
    after(&outer, -XEN_EFAULT, NULL);
    ck_assert(g_str_has_suffix(text->str,
                               " [4999] stack_switch(0xe021, 0x2) = 0\n"
                               "[  12.000000034] v0 r1 0xc0100000: multicall(0xc0105000, 0x186a0) = "
                               "-EFAULT (Bad address)\n"));
    unsigned nr_lines = 0;
    for (const char *at = text->str; (at = strchr(at, '\n')); at++)
        nr_lines++;
    ck_assert_uint_eq(nr_lines, 5002);
}
END_TEST

/* Events of an entry stand in the multicall that they came in. */
START_TEST(events_of_an_entry_that_is_not_shown)
{
    static const struct ring1_event pin = {.kind = RING1_EVENT_FRAME,
                                           .frame = {.to = RING1_FRAME_L1, .why = RING1_FRAME_PINNED}};
    const struct trace_event event = {.v = f->v, .event = &pin, .ns = f->now, .depth = 2};
    const uint32_t arg[6] = {0xC0105000, 1};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = arg};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    struct filter *filter = filter_new();
    ck_assert(filter_add(filter, "multicall", NULL));
    trace_set_filter(trace, filter);
    trace_attach(trace, &machine);
    for (unsigned i = 0; i < 2; i++) {
        g_string_truncate(text, 0);
        before(&outer);
        before(&inner);
        if (i == 0)
            trace_tell(trace, &event);
        after(&inner, 0, NULL);
        after(&outer, 0, NULL);
        ck_assert_int_eq(strstr(text->str, "--- frame") != NULL, i == 0);
        ck_assert(!strstr(text->str, "stack_switch"));
    }
    filter_free(filter);
}
END_TEST

/* --- forms ------------------------------------------------------------------- */

static const struct form {
    struct trace_text_options options;
    int32_t result;
    const char *text; /* of two calls, a second apart */
} forms[] = {
    {{.style = TEXT_RAW},
     -XEN_EPERM,
     "[  12.000000034] v0 r1 0xc0100000: vm_assist(0, 2) = -1\n"
     "[  13.000000034] v0 r1 0xc0100000: vm_assist(0, 2) = -1\n"},
    {{.style = TEXT_VERBOSE},
     -XEN_EPERM,
     "[  12.000000034] v0 r1 0xc0100000: vm_assist(0 /* VMASST_CMD_enable */, 2 /* "
     "VMASST_TYPE_writable_pagetables */) = -1 /* -EPERM (Operation not permitted) */\n"
     "[  13.000000034] v0 r1 0xc0100000: vm_assist(0 /* VMASST_CMD_enable */, 2 /* "
     "VMASST_TYPE_writable_pagetables */) = -1 /* -EPERM (Operation not permitted) */\n"},
    {{.clock = TRACE_CLOCK_RELATIVE},
     0,
     "[+ 12.000000034] v0 r1 0xc0100000: vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = 0\n"
     "[+  1.000000000] v0 r1 0xc0100000: vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables) = "
     "0\n"},
    {{.clock = TRACE_CLOCK_DATE, .spent = TRACE_SPENT_GUEST},
     0,
     "[1970-01-01 00:00:12.000000034] v0 r1 0xc0100000: vm_assist(VMASST_CMD_enable, "
     "VMASST_TYPE_writable_pagetables) = 0 <0.000000500>\n"
     "[1970-01-01 00:00:13.000000034] v0 r1 0xc0100000: vm_assist(VMASST_CMD_enable, "
     "VMASST_TYPE_writable_pagetables) = 0 <0.000000500>\n"},
};

START_TEST(forms_of_lines)
{
    const uint32_t arg[6] = {0, 2};
    struct ring1_call call = {.nr = 21, .name = "vm_assist", .nargs = 2, .arg = arg};
    struct trace *other = trace_new();
    struct trace_text *w = trace_text_new(&forms[_i].options, sink, NULL);
    f->d->s.wallclock_ns = 0;
    trace_add(other, &trace_text_consumer, w);
    trace_attach(other, &machine);
    for (unsigned i = 0; i < 2; i++) {
        before(&call);
        f->now += 500;
        after(&call, forms[_i].result, NULL);
        f->now += 999999500;
    }
    ck_assert_str_eq(text->str, forms[_i].text);
    trace_free(other);
    trace_text_free(w);
}
END_TEST

/* --- the summary ----------------------------------------------------------------- */

START_TEST(calls_are_counted)
{
    const uint32_t arg[6] = {0xC0105000, 2};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = arg};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    struct ring1_call unknown = {.nr = 77, .arg = words};
    struct summary *s = summary_new();
    trace_add(trace, &summary_consumer, s);
    before(&outer);
    before(&inner);
    f->now += 3000;
    after(&inner, 0, NULL);
    outer.continued = true;
    after(&outer, 13, NULL);
    outer.continued = false;
    before(&outer);
    before(&inner);
    after(&inner, -XEN_EPERM, NULL);
    after(&outer, 0, NULL);
    before(&unknown);
    after(&unknown, -XEN_ENOSYS, NULL);
    g_string_truncate(text, 0);
    summary_write(s, SUMMARY_BY_CALLS, sink, NULL);
#define HEAD(what) "         guest s        host s   us/call     calls   entries    errors  " what "\n"
    ck_assert_str_eq(
        text->str,
        HEAD(
            "hypercall") "     0.000003000      0.000000      0.00         2         2         1  "
                         "stack_switch\n"
                         "     0.000000000      0.000000      0.00         1         0         1  "
                         "hypercall_77\n"
                         "     0.000003000      0.000000      0.00         1         0         0  multicall\n"
                         "     0.000003000      0.000000      0.00         4         2         2  "
                         "total\n\n" HEAD("call site") "     0.000003000      0.000000      0.00         2   "
                                                       "      2         1  stack_switch at "
                                                       "0xc0100000\n"
                                                       "     0.000000000      0.000000      0.00         1   "
                                                       "      0         1  hypercall_77 at "
                                                       "0xc0100000\n"
                                                       "     0.000003000      0.000000      0.00         1   "
                                                       "      0         0  multicall at "
                                                       "0xc0100000\n");
    summary_free(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tc = tcase_create("lines");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_line_says_what_was_asked_and_answered, 0, G_N_ELEMENTS(lines));
    tcase_add_test(tc, old_xens_wrap);
    tcase_add_test(tc, entries_stand_below_their_multicall);
    tcase_add_test(tc, a_call_that_never_came_back);
    tcase_add_test(tc, a_long_multicall_is_let_go);
    tcase_add_test(tc, events_of_an_entry_that_is_not_shown);
    tcase_add_loop_test(tc, forms_of_lines, 0, G_N_ELEMENTS(forms));
    tcase_add_test(tc, calls_are_counted);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
