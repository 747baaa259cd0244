/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_diff.c - two runs beside each other: what is found to be alike, which calls are
 * taken for the same, and how the first difference is explained.
 */
#include "debug/diff.h"
#include "debug/read_trace.h"
#include "debug/xentrace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"type\":\"trace\",\"version\":1}\n"

static const struct diff_options plain = {.window = 64, .context = 2, .shown = 10};

static struct call_log *log_of(const char *name, const char *lines)
{
    g_autofree char *text = g_strconcat(HEAD, lines, NULL);
    GError *error = NULL;
    struct call_log *log = read_json_trace(name, text, strlen(text), &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "");
    return log;
}

/* A log with a call a letter: its number is the letter, its argument is n's value for
 * capitals, so that 'A' and 'a' are the same call made differently. */
static struct call_log *log_of_letters(const char *name, const char *letters)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (unsigned i = 0; letters[i]; i++)
        g_string_append_printf(
            lines,
            "{\"type\":\"call\",\"serial\":%u,\"vcpu\":0,\"ns\":%u,\"nr\":%u,\"args\":{\"n\":%u},"
            "\"result\":0}\n",
            i + 1, i * 10, g_ascii_tolower(letters[i]) - 'a', letters[i]);
    return log_of(name, lines->str);
}

/* ". x=" and so on: a mark for each difference, in order. */
static char *marks(const struct diff *d)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < d->ops->len; i++) {
        const struct diff_op *op = &g_array_index(d->ops, struct diff_op, i);
        g_string_append_printf(out, "%s%c%u,%u", i ? " " : "", "!-+"[op->kind], op -> a, op -> b);
    }
    return g_string_free(out, FALSE);
}

static const struct {
    const char *a, *b, *marks;
} alignments[] = {
    {"", "", ""},
    {"abc", "abc", ""},
    {"abc", "", "-0,0 -1,0 -2,0"},
    {"", "ab", "+0,0 +0,1"},
    {"abcdef", "abdef", "-2,2"},
    {"abdef", "abcdef", "+2,2"},
    {"abcdef", "abCdef", "!2,2"},
    {"abcdef", "ABCDEF", "!0,0 !1,1 !2,2 !3,3 !4,4 !5,5"},
    {"abcdef", "axcdef", "-1,1 +2,1"},
    {"aaaabcd", "aaabcd", "-3,3"},
    {"abcdefgh", "abxyefgh", "-2,2 -3,2 +4,2 +4,3"},
    {"abcxyzdefg", "abcDefg", "-3,3 -4,3 -5,3 !6,3"},
    {"abc", "abcde", "+3,3 +3,4"},
    {"abcde", "abc", "-3,3 -4,3"},
    {"abcdefabcdef", "abcdefXabcdef", "+6,6"},
};

START_TEST(calls_are_aligned)
{
    struct call_log *a = log_of_letters("a", alignments[_i].a), *b = log_of_letters("b", alignments[_i].b);
    struct diff_options options = plain;
    options.ignore = DIFF_TIME;
    struct diff *d = diff_new(a, b, &options);
    g_autofree char *seen = marks(d);
    ck_assert_str_eq(seen, alignments[_i].marks);
    ck_assert_uint_eq(d->equal + d->count[DIFF_CHANGED] + d->count[DIFF_ONLY_A], a->calls->len);
    ck_assert_uint_eq(d->equal + d->count[DIFF_CHANGED] + d->count[DIFF_ONLY_B], b->calls->len);
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

/* Whatever stands in them, each call is accounted for, and soon. */
START_TEST(no_call_is_lost)
{
    uint32_t state = (uint32_t)_i * 2654435761u + 1;
    char letters[2][600];
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < sizeof letters[0] - 1; i++) {
            state = state * 1664525 + 1013904223;
            letters[side][i] = "abcdefgA"[state >> 29];
        }
        letters[side][sizeof letters[0] - 1 - (state >> 24)] = '\0';
    }
    struct call_log *a = log_of_letters("a", letters[0]), *b = log_of_letters("b", letters[1]);
    struct diff_options options = {.window = (unsigned)_i + 1};
    struct diff *d = diff_new(a, b, &options);
    guint next_a = 0, next_b = 0;
    for (guint i = 0; i < d->ops->len; i++) {
        const struct diff_op *op = &g_array_index(d->ops, struct diff_op, i);
        ck_assert_uint_ge(op->a, next_a);
        ck_assert_uint_ge(op->b, next_b);
        ck_assert_uint_eq(op->a - next_a, op->b - next_b);
        next_a = op->a + (op->kind != DIFF_ONLY_B);
        next_b = op->b + (op->kind != DIFF_ONLY_A);
    }
    ck_assert_uint_eq(a->calls->len - next_a, b->calls->len - next_b);
    ck_assert_uint_eq(d->equal + d->count[DIFF_CHANGED] + d->count[DIFF_ONLY_A], a->calls->len);
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

/* --- what a difference is ---------------------------------------------------------- */

#define CALL(more) "{\"type\":\"call\",\"serial\":1,\"vcpu\":0,\"nr\":1,\"name\":\"mmu_update\"," more "}\n"

static const struct {
    const char *a, *b;
    unsigned ignore;
    const char *fields;
} differences[] = {
    {CALL("\"result\":0"), CALL("\"result\":-22"), 0, "result: 0 | -EINVAL\n"},
    {CALL("\"result\":0"), CALL("\"result\":-22"), DIFF_RESULTS, ""},
    {CALL("\"result\":0"), CALL("\"result\":null"), 0, "result: 0 | ? (it never came back)\n"},
    {CALL("\"why\":\"x\""), CALL("\"why\":\"y\""), 0, "why: x | y\n"},
    {CALL("\"why\":\"x\""), CALL("\"why\":\"y\""), DIFF_WHY, ""},
    {CALL("\"eip\":16,\"ring\":1"), CALL("\"eip\":32,\"ring\":1,\"symbol\":\"f+2\""), 0,
     "call site: 0x10 | 0x20 (f+2)\n"},
    {CALL("\"eip\":16,\"ring\":1"), CALL("\"eip\":32,\"ring\":1"), DIFF_SITES, ""},
    {CALL("\"args\":{\"a\":{\"list\":[1,{\"struct\":{\"x\":2}}]}}"),
     CALL("\"args\":{\"a\":{\"list\":[1,{\"struct\":{\"x\":3}},4]}}"), 0,
     "argument a[1].x: 2 | 3\nargument a[2]: (none) | 4\n"},
    {CALL("\"args\":{\"a\":{\"at\":16,\"text\":\"u\"}}"), CALL("\"args\":{\"a\":{\"at\":32,\"text\":\"v\"}}"),
     0, "argument a: \"u\" | \"v\"\naddress of argument a: 0x10 | 0x20\n"},
    {CALL("\"args\":{\"a\":{\"at\":16,\"text\":\"u\"}}"), CALL("\"args\":{\"a\":{\"at\":32,\"text\":\"u\"}}"),
     DIFF_ADDRESSES, ""},
    {CALL("\"args\":{\"a\":{\"pointer\":16}}"), CALL("\"args\":{\"a\":{\"pointer\":0}}"), DIFF_ADDRESSES,
     "argument a: 16 | NULL\n"},
    {CALL("\"args\":{\"a\":{\"pointer\":16}}"), CALL("\"args\":{\"a\":{\"pointer\":16,\"unreadable\":true}}"),
     0, "argument a: 16 | 16 /* cannot be read */\n"},
    {CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":3}}"), CALL("\"args\":{\"f\":{\"mfn\":400,\"pfn\":3}}"),
     DIFF_FRAMES, ""},
    {CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":3}}"), CALL("\"args\":{\"f\":{\"mfn\":400,\"pfn\":3}}"), 0,
     "argument f: 300 /* pfn 0x3 */ | 400 /* pfn 0x3 */\n"},
    {CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":3}}"), CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":4}}"),
     DIFF_FRAMES, "argument f: 300 /* pfn 0x3 */ | 300 /* pfn 0x4 */\n"},
    {CALL("\"args\":{\"f\":{\"value\":4097,\"mfn\":1,\"pfn\":3,\"flags\":[\"P\"]}}"),
     CALL("\"args\":{\"f\":{\"value\":8193,\"mfn\":2,\"pfn\":3,\"flags\":[\"P\"]}}"), DIFF_FRAMES, ""},
    {CALL("\"args\":{\"f\":{\"value\":4097,\"mfn\":1,\"pfn\":3,\"flags\":[\"P\"]}}"),
     CALL("\"args\":{\"f\":{\"value\":8195,\"mfn\":2,\"pfn\":3,\"flags\":[\"P\",\"RW\"]}}"), DIFF_FRAMES,
     "argument f: 0x1001 /* pfn 0x3|P */ | 0x2003 /* pfn 0x3|P|RW */\n"},
    {CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":3}}"), CALL("\"args\":{\"f\":300}"), DIFF_FRAMES, ""},
    {CALL("\"args\":{\"f\":{\"mfn\":300}}"), CALL("\"args\":{\"f\":{\"mfn\":400}}"), DIFF_FRAMES, ""},
    {CALL("\"args\":{\"f\":{\"mfn\":300}}"), CALL("\"args\":{\"f\":{\"mfn\":400}}"), 0,
     "argument f: 300 | 400\n"},
    {CALL("\"args\":{\"f\":{\"mfn\":300}}"), CALL("\"args\":{\"f\":{\"mfn\":300,\"pfn\":1}}"), DIFF_FRAMES,
     "argument f: 300 | 300 /* pfn 0x1 */\n"},
    {CALL("\"why\":\"L1 0x12 is 0x3\""), CALL("\"why\":\"L1 0x345 is 0x67\""), DIFF_FRAMES, ""},
    {CALL("\"why\":\"L1 0x12 is 0x3\""), CALL("\"why\":\"L1 0x345 was 0x67\""), DIFF_FRAMES,
     "why: L1 0x12 is 0x3 | L1 0x345 was 0x67\n"},
    {CALL("\"out\":{\"port\":3}"), CALL("\"out\":{\"port\":4}"), 0, "output port: 3 | 4\n"},
    {CALL("\"out\":{\"port\":3}"), CALL("\"result\":0"), DIFF_RESULTS, "output port: 3 | (none)\n"},
    {CALL("\"out\":{\"port\":3}"), CALL("\"out\":{\"port\":4}"), DIFF_OUT, ""},
    {CALL("\"words\":[1,2]"), CALL("\"words\":[1,3]"), 0, "argument word 1: 0x2 | 0x3\n"},
    {CALL("\"ns\":5,\"end_ns\":9"), CALL("\"ns\":6,\"end_ns\":11"), 0,
     "time since the call before: 5 ns | 6 ns\ntime of the call: 4 ns | 5 ns\n"},
    {CALL("\"ns\":5,\"end_ns\":9"), CALL("\"ns\":6,\"end_ns\":11"), DIFF_TIME, ""},
};

START_TEST(a_difference_is_explained)
{
    struct call_log *a = log_of("a", differences[_i].a), *b = log_of("b", differences[_i].b);
    struct diff_options options = plain;
    options.ignore = differences[_i].ignore;
    struct diff *d = diff_new(a, b, &options);
    g_autoptr(GString) seen = g_string_new(NULL);
    for (guint i = 0; i < d->ops->len; i++) {
        g_autoptr(GArray) fields = diff_fields(d, &g_array_index(d->ops, struct diff_op, i));
        for (guint k = 0; k < fields->len; k++) {
            const struct diff_field *f = &g_array_index(fields, struct diff_field, k);
            g_string_append_printf(seen, "%s: %s | %s\n", f->path, f->a ? f->a : "(none)",
                                   f->b ? f->b : "(none)");
        }
    }
    ck_assert_str_eq(seen->str, differences[_i].fields);
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

/* A later start is one difference, not one in each call that follows. */
START_TEST(time_counts_from_the_call_before)
{
    struct call_log *a = log_of_letters("a", "abcdef"), *b = log_of_letters("b", "abcdef");
    for (guint i = 2; i < b->calls->len; i++)
        g_array_index(b->calls, struct logged_call, i).ns += 1000;
    struct diff *d = diff_new(a, b, &plain);
    g_autofree char *seen = marks(d);
    ck_assert_str_eq(seen, "!2,2");
    diff_free(d);
    call_log_free(b);

    b = log_of_letters("b", "abxcdef");
    d = diff_new(a, b, &plain);
    g_autofree char *inserted = marks(d);
    ck_assert_str_eq(inserted, "+2,2");
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

/* Of a real Xen's trace there are numbers and some words: the rest is not compared. */
START_TEST(a_trace_of_xen_is_compared)
{
    const uint32_t words[] = {
        XT_CPU_CHANGE,
        0,
        4 * 11,
        TRC_PV_HYPERCALL_V2 | XT_CYCLES | XT_WORDS(2),
        99,
        0,
        TRC_PV_HYPERCALL_V2_ARG_32(1) | 1,
        2,
        TRC_PV_HYPERCALL_V2 | XT_WORDS(1),
        17,
        TRC_PV_HYPERCALL_V2 | XT_CYCLES | XT_WORDS(1),
        120,
        0,
        3,
    };
    GError *error = NULL;
    struct call_log *b =
        read_xentrace("b", (const uint8_t *)words, sizeof words, XENTRACE_ANY_DOMAIN, 1000000000, &error);
    ck_assert_msg(b != NULL, "%s", error ? error->message : "");
    struct call_log *a = log_of(
        "a",
        "{\"type\":\"call\",\"serial\":1,\"vcpu\":0,\"ns\":5,\"nr\":1,\"words\":[4096,2,0,32752],\"args\":{},"
        "\"result\":0}\n{\"type\":\"call\",\"serial\":2,\"vcpu\":0,\"nr\":17,\"words\":[0,0],\"result\":0}\n"
        "{\"type\":\"call\",\"serial\":3,\"vcpu\":0,\"nr\":3,\"words\":[1,2]}\n");
    struct diff *d = diff_new(a, b, &plain);
    g_autofree char *seen = marks(d);
    ck_assert_str_eq(seen, "");
    diff_free(d);
    g_array_index(a->calls, struct logged_call, 0).word[1] = 3;
    d = diff_new(a, b, &plain);
    g_autofree char *other = marks(d);
    ck_assert_str_eq(other, "!0,0");
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

/* --- written down ------------------------------------------------------------------- */

START_TEST(text_and_json)
{
    struct call_log *a = log_of_letters("x.json", "abcde"), *b = log_of_letters("y.json", "abCdef");
    struct diff_options options = plain;
    options.context = 1;
    struct diff *d = diff_new(a, b, &options);
    g_autoptr(GString) out = g_string_new(NULL);
    diff_append_text(d, out);
    ck_assert_str_eq(out->str, "- x.json: 5 calls\n"
                               "+ y.json: 6 calls\n"
                               "The first difference:\n"
                               "    #2 (line 3) [   0.000000010] v0 hypercall_1(98) = 0\n"
                               "  - #3 (line 4) [   0.000000020] v0 hypercall_2(99) = 0\n"
                               "  + #3 (line 4) [   0.000000020] v0 hypercall_2(67) = 0\n"
                               "      argument n: 99 | 67\n"
                               "Further ones:\n"
                               "  + #6 (line 7) [   0.000000050] v0 hypercall_5(102) = 0\n"
                               "4 calls alike, 1 different, 0 only in x.json, 1 only in y.json\n");
    g_string_truncate(out, 0);
    diff_append_json(d, out);
    ck_assert_str_eq(
        out->str,
        "{\"version\":1,\"equal\":false,\"a\":{\"file\":\"x.json\",\"calls\":5},\"b\":{\"file\":\"y.json\","
        "\"calls\":6},"
        "\"alike\":4,\"changed\":1,\"only_a\":0,\"only_b\":1,\"differences\":[{\"kind\":\"changed\",\"a\":{"
        "\"line\":4,"
        "\"serial\":3,\"ns\":20,\"text\":\"v0 hypercall_2(99) = "
        "0\"},\"b\":{\"line\":4,\"serial\":3,\"ns\":20,\"text\":"
        "\"v0 hypercall_2(67) = 0\"},\"fields\":[{\"path\":\"argument "
        "n\",\"a\":\"99\",\"b\":\"67\"}]},{\"kind\":"
        "\"only_b\",\"b\":{\"line\":7,\"serial\":6,\"ns\":50,\"text\":\"v0 hypercall_5(102) = 0\"}}]}\n");
    diff_free(d);
    d = diff_new(a, a, &plain);
    g_string_truncate(out, 0);
    diff_append_text(d, out);
    ck_assert_str_eq(out->str, "5 calls, no difference\n");
    diff_free(d);
    call_log_free(a);
    call_log_free(b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diff");
    TCase *tc = tcase_create("diff");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, calls_are_aligned, 0, G_N_ELEMENTS(alignments));
    tcase_add_loop_test(tc, no_call_is_lost, 0, 40);
    tcase_add_loop_test(tc, a_difference_is_explained, 0, G_N_ELEMENTS(differences));
    tcase_add_test(tc, time_counts_from_the_call_before);
    tcase_add_test(tc, a_trace_of_xen_is_compared);
    tcase_add_test(tc, text_and_json);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
