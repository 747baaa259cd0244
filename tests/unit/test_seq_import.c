/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_seq_import.c - what lines of a JSON trace become in a sequence
 * (debug/seq_import.h).
 */
#include "debug/seq_import.h"

#include "debug/read_trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                                 \
    "{\"type\":\"trace\",\"version\":1,\"abi\":\"xen-3.0-pae\",\"xen\":\"4.17\",\"pages\":1024,\"vcpus\":1," \
    "\"max_pages\":2048,\"shared_info\":119}\n"
#define CALL(rest) "{\"type\":\"call\",\"serial\":1,\"vcpu\":0,\"depth\":0," rest "}\n"

/* The lines behind the head, without its comments. */
static char *imported(const char *calls)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *text = g_strconcat(HEAD, calls, NULL);
    struct call_log *log = read_json_trace("t.json", text, strlen(text), &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "?");
    struct seq *s = seq_import(log, &error);
    ck_assert_msg(s != NULL, "%s", error ? error->message : "?");
    seq_print(s, out);
    struct seq *again = seq_parse(out->str, out->len, "x.hc", &error);
    ck_assert_msg(again != NULL, "%s\n%s", error ? error->message : "?", out->str);
    seq_free(again);
    seq_free(s);
    call_log_free(log);
    ck_assert_ptr_nonnull(strstr(out->str, "\ndomain {memory=4M, maxmem=8M, vcpus=1}\n\n"));
    return g_strdup(strstr(out->str, "\n\n") + 2);
}

/* Frames have the name of the page that the trace gives them. */
START_TEST(frames)
{
    static const char update[] =
        CALL("\"nr\":14,\"words\":[3221291008,%u,0,2],\"result\":0,\"args\":{\"va\":3221291008,"
             "\"value\":{\"value\":%u,\"mfn\":1%s,\"flags\":[\"P\",\"RW\"]},\"flags\":{\"value\":2,\"flags\":"
             "[]}}");
    static const struct {
        uint32_t value;
        const char *pfn, *text;
    } cases[] = {
        {0x123003, ",\"pfn\":33", "mfn(0x21)|P|RW"},
        {119u << 12 | 3, "", "mfn(shared_info)|P|RW"},
        {0x345003, "", "0x345003"},
        {0x345003, ",\"pfn\":5000", "0x345003"}, /* more than there is */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strdup_printf(update, cases[i].value, cases[i].value, cases[i].pfn);
        g_autofree char *got = imported(line);
        g_autofree char *want =
            g_strdup_printf("update_va_mapping(0xc0010000, %s, UVMF_INVLPG) = 0\n", cases[i].text);
        ck_assert_str_eq(got, want);
    }
}
END_TEST

/* What the description does not know is written by words. */
START_TEST(words)
{
    g_autofree char *strange = imported(CALL("\"nr\":32,\"words\":[3,64],\"result\":-22,\"args\":{\"cmd\":{"
                                             "\"value\":3,\"name\":\"EVTCHNOP_close\"},"
                                             "\"arg\":{\"at\":64,\"struct\":{\"color\":1}}}"));
    ck_assert_str_eq(strange,
                     "hypercall_32(3, 64) = -EINVAL  # the trace does not tell all of its arguments\n");
    g_autofree char *cut =
        imported(CALL("\"nr\":18,\"words\":[0,9000,64],\"result\":0,\"args\":{\"cmd\":{\"value\":0,\"name\":"
                      "\"CONSOLEIO_write\"},"
                      "\"count\":9000,\"buffer\":{\"at\":64,\"text\":\"ab\",\"more\":8998}}"));
    ck_assert_ptr_nonnull(strstr(cut, "hypercall_18(0, 0x2328, 64) = 0"));
    g_autofree char *bare = imported(CALL("\"nr\":61,\"words\":[],\"result\":-38"));
    ck_assert_str_eq(bare, "hypercall_61() = -ENOSYS\n");
}
END_TEST

/* Parts of a call that an event interrupted are one line. */
START_TEST(parts)
{
#define ENTRY(index, more)                                                                                   \
    "{\"type\":\"call\",\"serial\":1,\"vcpu\":0,\"depth\":1,\"index\":" index ",\"nr\":17,\"words\":[0,0],"  \
    "\"args\":{\"cmd\":{\"value\":0},\"arg\":{\"pointer\":0}}," more "}\n"
    g_autofree char *got =
        imported(ENTRY("0", "\"result\":262161") ENTRY("1", "\"continued\":true")
                     CALL("\"nr\":13,\"words\":[64,3],\"continued\":true") ENTRY("0", "\"result\":262161")
                         ENTRY("1", "\"result\":262161") CALL("\"nr\":13,\"words\":[96,2],\"result\":0"));
    ck_assert_str_eq(got, "multicall = 0\n"
                          "  [0] xen_version(0, NULL) = 0x40011\n"
                          "  [1] xen_version(0, NULL) = 0x40011\n"
                          "  [2] xen_version(0, NULL) = 0x40011\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("seq_import");
    TCase *t = tcase_create("import");
    tcase_add_test(t, frames);
    tcase_add_test(t, words);
    tcase_add_test(t, parts);
    suite_add_tcase(s, t);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
