/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_seq_min.c - what is left of a sequence when somebody says what matters
 * (debug/seq_min.h).
 */
#include "suite.h"

#include "debug/seq_min.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "ring1-sequence 1\n"
    "abi xen-3.0-pae 4.17\n"
    "domain {memory=16M, vcpus=2}\n"
    "\n"
    "# a page\n"
    "page pt1 0x40 = l1 {0: mfn(0x41)|P|RW|A, 4..300: mfn(0x50..)|P|A}\n"
    "r1 = event_channel_op(EVTCHNOP_alloc_unbound, {dom=DOMID_SELF, remote_dom=0}) = 0 => {port=3}\n"
    "time 1.500000000s\n"
    "multicall = 0\n"
    "  [0] xen_version(XENVER_version, NULL) = 0x40011\n"
    "  [1] set_gdt([mfn(1), mfn(2), mfn(0x77), mfn(3)]@0xc0105000, 4) = 0\n"
    "  [2] stack_switch(0xe021, 0xc0100000) = 0\n"
    "write &pt1+8 = u32 0x1067  # here\n"
    "event_channel_op(EVTCHNOP_close, {port=r1.port}) = 0\n";

static unsigned asked;

/* The case: all of these words, separated by '&', stand in it, and it can be read. */
static bool has_words(void *user, const struct seq *s)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) word = g_strsplit(user, "&", 0);
    asked++;
    seq_print(s, out);
    for (unsigned i = 0; word[i]; i++)
        if (!strstr(out->str, word[i]))
            return false;
    struct seq *again = seq_parse(out->str, out->len, NULL, NULL);
    seq_free(again);
    return again != NULL;
}

static const struct seq_min_ops ops = {.same = has_words};

static char *smallest(const char *words, unsigned max_tries, struct seq_min_result *result)
{
    g_autoptr(GError) error = NULL;
    struct seq *s = seq_parse(text, strlen(text), "x.hc", &error);
    ck_assert_msg(s != NULL, "%s", error ? error->message : "?");
    asked = 0;
    *result = seq_min(s, &ops, (void *)(uintptr_t)words, max_tries);
    ck_assert_uint_eq(result->tries, asked);
    GString *out = g_string_new(NULL);
    seq_print(s, out);
    seq_free(s);
    return g_string_free(out, FALSE);
}

#define HEAD "ring1-sequence 1\nabi xen-3.0-pae 4.17\n"

START_TEST(lines)
{
    struct seq_min_result r;
    g_autofree char *left = smallest("time 1.5", 10000, &r);
    ck_assert_str_eq(left, HEAD "time 1.500000000s\n");
    ck_assert_uint_eq(r.lines_before, 12);
    ck_assert_uint_eq(r.lines, 3);
    ck_assert(!r.stopped);
}
END_TEST

/* What must be in the text, and the smallest that has it. */
static const struct {
    const char *must, *left;
} cases[] = {
    /* entries, elements and counts */
    {"mfn(0x77)", HEAD "multicall\n  [0] set_gdt([mfn(0x77)], 1)\n"},
    /* names stay while they are used */
    {"r1.port&r1 =", HEAD "r1 = event_channel_op(EVTCHNOP_alloc_unbound, {})\n"
                          "event_channel_op(EVTCHNOP_close, {port=r1.port})\n"},
    /* pages, ranges and bits */
    {"mfn(0x50..)&P", HEAD "page pt1 0x40 = l1 {4: mfn(0x50..)|P}\n"},
    {"u32 &write ", HEAD "write &pt1 = u32 0\n"},
};

START_TEST(no_more_than_it_takes)
{
    struct seq_min_result r;
    g_autofree char *left = smallest(cases[_i].must, 10000, &r);
    ck_assert_str_eq(left, cases[_i].left);
}
END_TEST

START_TEST(work_is_bounded)
{
    struct seq_min_result r;
    g_autofree char *left = smallest("r1.port", 7, &r);
    ck_assert_uint_eq(r.tries, 7);
    ck_assert(r.stopped);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("seq_min");
    TCase *t = tcase_create("all");
    tcase_add_test(t, lines);
    tcase_add_loop_test(t, no_more_than_it_takes, 0, G_N_ELEMENTS(cases));
    tcase_add_test(t, work_is_bounded);
    suite_add_tcase(s, t);
    return run_suite(s);
}
