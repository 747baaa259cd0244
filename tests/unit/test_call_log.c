/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_call_log.c - readers of traces: what becomes of good ones, and where bad ones
 * are said to be wrong.
 */
#include "debug/json_read.h"
#include "debug/json_write.h"
#include "debug/read_trace.h"
#include "debug/xentrace.h"

#include <check.h>
#include <ring1/ring1.h>
#include <stdlib.h>

/* --- JSON ------------------------------------------------------------------------ */

static char *written(void (*write)(struct json *j))
{
    struct json j = {.out = g_string_new(NULL)};
    write(&j);
    return g_string_free(j.out, FALSE);
}

static void write_all(struct json *j)
{
    static const uint8_t bytes[] = {'a', 0, '"', '\\', '\n', 0x7F, 0x80, 0xFF};
    json_open(j, '{');
    json_uint(j, "small", 0);
    json_uint(j, "exact", JSON_EXACT_MAX);
    json_uint(j, "large", JSON_EXACT_MAX + 1);
    json_uint(j, "most", UINT64_MAX);
    json_int(j, "minus", -22);
    json_int(j, "least", INT64_MIN);
    json_true(j, "yes");
    json_null(j, "none");
    json_word(j, "word", "abc");
    json_text(j, "text", "a\tb\xC3\xA9");
    json_text(j, "odd", "a\xFF");
    json_bytes(j, "bytes", bytes, sizeof bytes);
    json_key(j, "list");
    json_open(j, '[');
    json_uint(j, NULL, 1);
    json_uint(j, NULL, 2);
    json_close(j, ']');
    json_close(j, '}');
}

START_TEST(json_is_written)
{
    g_autofree char *text = written(write_all);
    ck_assert_str_eq(
        text,
        "{\"small\":0,\"exact\":9007199254740991,\"large\":\"9007199254740992\","
        "\"most\":\"18446744073709551615\",\"minus\":-22,\"least\":\"-9223372036854775808\",\"yes\":true,"
        "\"none\":null,\"word\":\"abc\",\"text\":\"a\\tb\xC3\xA9\",\"odd\":\"a\xEF\xBF\xBD\","
        "\"bytes\":\"a\\u0000\\\"\\\\\\n\\u007f\\u0080\\u00ff\",\"list\":[1,2]}");
}
END_TEST

START_TEST(what_is_written_is_read)
{
    g_autofree char *text = written(write_all);
    g_autoptr(GString) s = g_string_new(NULL);
    struct json_reader r;
    char name[16];
    uint64_t n = 0;
    int64_t i = 0;
    bool yes = false;
    json_reader_init(&r, "x", text, strlen(text), 1);
    ck_assert(json_enter(&r, '{'));
    while (json_member(&r, name, sizeof name)) {
        if (strcmp(name, "most") == 0)
            json_get_uint(&r, UINT64_MAX, &n);
        else if (strcmp(name, "least") == 0)
            json_get_int(&r, &i);
        else if (strcmp(name, "yes") == 0)
            json_get_bool(&r, &yes);
        else if (strcmp(name, "bytes") == 0)
            json_get_bytes(&r, s);
        else
            json_skip(&r);
    }
    ck_assert(json_at_end(&r));
    ck_assert_uint_eq(n, UINT64_MAX);
    ck_assert_int_eq(i, INT64_MIN);
    ck_assert(yes);
    ck_assert_uint_eq(s->len, 8);
    ck_assert_mem_eq(s->str, "a\0\"\\\n\x7F\x80\xFF", 8);
}
END_TEST

static const struct {
    const char *text, *error;
} bad_json[] = {
    {"", "x:7:1: expected an object, not the end"},
    {"[1]", "x:7:1: expected an object, not '['"},
    {"{a:1}", "x:7:2: expected a member's name, not 'a'"},
    {"{\"a\" 1}", "x:7:6: expected ':', not '1'"},
    {"{\"a\":}", "x:7:6: expected a value, not '}'"},
    {"{\"a\":1 \"b\":2}", "x:7:8: expected ',' or '}', not '\"'"},
    {"{\"a\":1,}", "x:7:8: expected a member's name, not '}'"},
    {"{\"a\":[1 2]}", "x:7:9: expected ',' or ']', not '2'"},
    {"{\"a\":\"b}", "x:7:9: expected '\"', not the end"},
    {"{\"a\":\"\\q\"}", "x:7:8: expected one of \" \\ / b f n r t u after '\\', not 'q'"},
    {"{\"a\":\"\\ud800\"}", "x:7:13: expected the second half of a character, not '\"'"},
    {"{\"a\":\"\x80\"}", "x:7:7: expected UTF-8, not byte 0x80"},
    {"{\"a\":tru}", "x:7:6: expected true or false, not 't'"},
};

START_TEST(bad_json_has_a_place)
{
    struct json_reader r;
    json_reader_init(&r, "x", bad_json[_i].text, strlen(bad_json[_i].text), 7);
    char name[8];
    json_enter(&r, '{');
    while (json_member(&r, name, sizeof name))
        json_skip(&r);
    ck_assert_ptr_nonnull(r.error);
    ck_assert_str_eq(r.error->message, bad_json[_i].error);
    ck_assert(!json_at_end(&r));
    g_error_free(r.error);
}
END_TEST

START_TEST(nesting_has_an_end)
{
    g_autofree char *deep = g_strnfill(1000000, '[');
    struct json_reader r;
    json_reader_init(&r, "x", deep, strlen(deep), 1);
    ck_assert(!json_skip(&r));
    ck_assert_str_eq(r.error->message, "x:1:33: expected no deeper nesting, not '['");
    g_error_free(r.error);
}
END_TEST

/* --- traces ---------------------------------------------------------------------- */

#define HEAD "{\"type\":\"trace\",\"version\":1,\"abi\":\"xen-3.0-pae\",\"xen\":\"4.17\",\"image\":\"k\"}\n"
#define CALL "{\"type\":\"call\",\"serial\":1,\"vcpu\":0,\"nr\":17,\"name\":\"xen_version\""

static struct call_log *read_text(const char *text, GError **error)
{
    return read_json_trace("t", text, strlen(text), error);
}

static char *line_of(const struct call_log *log, size_t i)
{
    GString *out = g_string_new(NULL);
    call_log_append_call(log, out, call_log_get(log, i));
    return g_string_free(out, FALSE);
}

START_TEST(a_trace_is_read)
{
    GError *error = NULL;
    struct call_log *log = read_text(
        HEAD
        "{\"type\":\"call\",\"serial\":1,\"depth\":1,\"index\":0,\"ns\":5,\"vcpu\":2,\"nr\":26,\"name\":"
        "\"mmuext_op\","
        "\"words\":[4096,1,0,32752],\"args\":{\"ops\":{\"at\":4096,\"list\":[{\"struct\":{\"cmd\":{\"value\":"
        "6,"
        "\"name\":\"MMUEXT_TLB_FLUSH_LOCAL\"},\"mfn\":{\"pfn\":33,\"mfn\":418}}},3],\"more\":null},"
        "\"count\":1,\"pdone\":{\"pointer\":0},\"odd\":{\"pointer\":5,\"unreadable\":true},"
        "\"text\":{\"text\":\"a\\u0000\\u00ff\",\"more\":4},\"pte\":{\"value\":\"9223372036854775809\","
        "\"mfn\":5,\"pfn\":6,\"flags\":[\"P\",\"NX\"]},\"neg\":{\"value\":-1}},\"end_ns\":7,\"result\":-22,"
        "\"error\":\"EINVAL\",\"out\":{\"pdone\":{\"at\":16,\"value\":1}},\"why\":\"no\",\"later\":[{}]}\n"
        "{\"type\":\"call\",\"serial\":1,\"depth\":0,\"ns\":5,\"vcpu\":2,\"ring\":1,\"eip\":3,\"symbol\":\"f+"
        "1\",\"nr\":13,"
        "\"name\":\"multicall\",\"words\":[1,1],\"result\":0}\n"
        "{\"type\":\"event\",\"what\":3}\n\n"
        "{\"type\":\"call\",\"serial\":2,\"depth\":0,\"vcpu\":0,\"nr\":60,\"words\":[],\"result\":null}\n",
        &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "");
    ck_assert_uint_eq(log->calls->len, 3);
    ck_assert_str_eq(log->abi, "xen-3.0-pae");
    ck_assert_str_eq(log->image, "k");
    g_autofree char *one = line_of(log, 0), *two = line_of(log, 1), *three = line_of(log, 2);
    ck_assert_str_eq(one, "v2 multicall(1, 1) = 0");
    ck_assert_str_eq(
        two, "v2 [0] mmuext_op([{cmd=MMUEXT_TLB_FLUSH_LOCAL, mfn=418 /* pfn 0x21 */}, 3, ...], 1, NULL, "
             "5 /* cannot be read */, \"a\\x00\\xff\"..., 0x8000000000000001 /* pfn 0x6|P|NX */, "
             "-1) = -EINVAL => pdone=1: no");
    ck_assert_str_eq(three, "v0 hypercall_60() = ?");
    const struct logged_call *c = call_log_get(log, 1);
    ck_assert_uint_eq(c->place, 2);
    ck_assert_uint_eq(call_log_value(log, c->args)->at, 4096);
    ck_assert_uint_eq(call_log_get(log, 0)->eip, 3);
    ck_assert_str_eq(call_log_get(log, 0)->symbol, "f+1");
    call_log_free(log);
}
END_TEST

static const struct {
    const char *text, *error;
} bad_traces[] = {
    {"", "t:1:1: expected an object, not the end"},
    {"{\"type\":\"trace\"}", "t:1:17: expected a line before here with \"version\":1, not the end"},
    {"{\"type\":\"trace\",\"version\":2}",
     "t:1:29: expected a line before here with \"version\":1, not the end"},
    {CALL "}", "t:1:65: expected a line of type \"trace\" first, not the end"},
    {HEAD "{}", "t:2:3: expected \"type\" in the object before here, not the end"},
    {HEAD CALL "} x", "t:2:66: expected the end of the line, not 'x'"},
    {HEAD "{\"type\":\"call\",\"nr\":1}",
     "t:2:23: expected \"serial\", \"vcpu\" and \"nr\" in the call before here, not the end"},
    {HEAD "{\"type\":\"call\",\"vcpu\":32}", "t:2:25: expected a number from 0 to 31 before here, not '}'"},
    {HEAD CALL ",\"words\":[1,2,3,4,5,6,7]}", "t:2:86: expected no more than 6 words, not '7'"},
    {HEAD CALL ",\"result\":2147483648}", "t:2:84: expected a signed number of 32 bits before here, not '}'"},
    {HEAD CALL ",\"result\":1.5}", "t:2:75: expected a whole number, not '.'"},
    {HEAD CALL ",\"args\":{\"a\":{}}}",
     "t:2:79: expected one of value, mfn, struct, list, text, pointer before here, not '}'"},
    {HEAD CALL ",\"args\":{\"a\":{\"value\":1,\"list\":[]}}}",
     "t:2:95: expected only one of value, mfn, struct, list, text, pointer before here, not '['"},
    {HEAD CALL ",\"args\":{\"a\":{\"text\":\"\\u0100\"}}}",
     "t:2:92: expected a character up to U+00FF before here, not '\"'"},
};

START_TEST(a_bad_trace_has_a_place)
{
    GError *error = NULL;
    ck_assert_ptr_null(read_text(bad_traces[_i].text, &error));
    ck_assert_str_eq(error->message, bad_traces[_i].error);
    ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_INPUT));
    g_error_free(error);
}
END_TEST

/* --- xentrace -------------------------------------------------------------------- */

/* A file in the making: words, and where the present window's size stands. */
struct xt_file {
    GArray *words;
    guint window;
};

static void xt_words(struct xt_file *f, const uint32_t *words, unsigned nr)
{
    g_array_append_vals(f->words, words, nr);
    g_array_index(f->words, uint32_t, f->window + 2) = 4 * (f->words->len - f->window - 3);
}
#define WORDS(f, ...) xt_words(f, (uint32_t[]){__VA_ARGS__}, G_N_ELEMENTS(((uint32_t[]){__VA_ARGS__})))

static void xt_window(struct xt_file *f, uint32_t cpu)
{
    f->window = f->words->len;
    WORDS(f, XT_CPU_CHANGE, cpu, 0);
}

static void xt_record(struct xt_file *f, uint32_t event, uint32_t tsc, const uint32_t *words, unsigned nr)
{
    WORDS(f, event | XT_CYCLES | XT_WORDS(nr), tsc, 0);
    xt_words(f, words, nr);
}
#define RECORD(f, event, tsc, ...)                                                                           \
    xt_record(f, event, tsc, (uint32_t[]){__VA_ARGS__}, G_N_ELEMENTS(((uint32_t[]){__VA_ARGS__})))
#define RUNS(f, domain, vcpu, tsc) RECORD(f, XT_RUNSTATE(1, 0), tsc, (domain) << 16 | (vcpu))

static struct call_log *xt_read(const struct xt_file *f, uint32_t domain, GError **error)
{
    return read_xentrace("x", (const uint8_t *)f->words->data, f->words->len * 4, domain, 2000000000, error);
}

/* Two CPUs; a multicall whose entries another vcpu's call stands between. */
START_TEST(a_trace_of_xen_is_read)
{
    struct xt_file f = {g_array_new(FALSE, FALSE, 4), 0};
    GError *error = NULL;
    xt_window(&f, 3);
    RUNS(&f, 1u, 1u, 100);
    RECORD(&f, TRC_PV_HYPERCALL_V2, 200, TRC_PV_HYPERCALL_V2_ARG_32(1) | 13, 2);
    RECORD(&f, TRC_PV_HYPERCALL_SUBCALL, 220, 17);
    RECORD(&f, TRC_PV_HYPERCALL_SUBCALL, 240,
           TRC_PV_HYPERCALL_V2_ARG_32(0) | TRC_PV_HYPERCALL_V2_ARG_32(2) | 20, 7, 9);
    WORDS(&f, XT_WORDS(2) | 0x1234, 1, 2); /* of some other subject */
    RUNS(&f, 0u, 0u, 300);
    RECORD(&f, TRC_PV_HYPERCALL_V2, 310, 3);
    xt_window(&f, 0);
    RUNS(&f, 1u, 0u, 90);
    RECORD(&f, TRC_PV_HYPERCALL_V2, 210, TRC_PV_HYPERCALL_V2_ARG_64(0) | 29, 6, 0);
    RECORD(&f, TRC_PV_HYPERCALL, 250, 0xC0100000, 21);
    RECORD(&f, TRC_PV_HYPERCALL | TRC_64_FLAG, 260, 0xC0100004, 0, 22);

    struct call_log *log = xt_read(&f, XENTRACE_ANY_DOMAIN, &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "");
    static const char *const lines[] = {
        "v1 hypercall_13(?, 2) = ?", "v1 [0] hypercall_17() = ?", "v1 [1] hypercall_20(7, ?, 9) = ?",
        "v0 hypercall_29(6) = ?",    "v0 hypercall_21() = ?",     "v0 hypercall_22() = ?",
    };
    ck_assert_uint_eq(log->calls->len, G_N_ELEMENTS(lines));
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = line_of(log, i);
        ck_assert_str_eq(line, lines[i]);
    }
    ck_assert_uint_eq(call_log_get(log, 0)->ns, 100);
    ck_assert_uint_eq(call_log_get(log, 2)->serial, call_log_get(log, 0)->serial);
    ck_assert(!call_log_get(log, 0)->has_site);
    ck_assert_uint_eq(call_log_get(log, 4)->eip, 0xC0100000);
    call_log_free(log);

    log = xt_read(&f, 0, &error);
    ck_assert_uint_eq(log->calls->len, 1);
    call_log_free(log);
    RUNS(&f, 7u, 0u, 400);
    RECORD(&f, TRC_PV_HYPERCALL_V2, 410, 3);
    ck_assert_ptr_null(xt_read(&f, XENTRACE_ANY_DOMAIN, &error));
    g_autofree char *both =
        g_strdup_printf("x: offset %u: domains 1 and 7 both make hypercalls: say whose are meant (--domain)",
                        f.words->len * 4);
    ck_assert_str_eq(error->message, both);
    g_error_free(error);
    g_array_unref(f.words);
}
END_TEST

/* Without the scheduler's records every CPU is a vcpu. */
START_TEST(a_trace_without_a_scheduler)
{
    struct xt_file f = {g_array_new(FALSE, FALSE, 4), 0};
    GError *error = NULL;
    xt_window(&f, 2);
    RECORD(&f, TRC_PV_HYPERCALL_V2, 200, 3);
    struct call_log *log = xt_read(&f, XENTRACE_ANY_DOMAIN, &error);
    ck_assert_uint_eq(log->calls->len, 1);
    ck_assert_uint_eq(call_log_get(log, 0)->vcpu, 2);
    call_log_free(log);
    g_array_unref(f.words);
}
END_TEST

static const struct {
    uint32_t words[8];
    unsigned bytes;
    const char *error;
} bad_xentrace[] = {
    {{1, 2, 3}, 12, "offset 0: expected the record of a CPU's window (0x2001f003), not 0x1"},
    {{XT_CPU_CHANGE, 0, 0},
     10,
     "offset 0: expected the record of a CPU's window (12 bytes), the file has 10 left"},
    {{XT_CPU_CHANGE, 4096, 0}, 12, "offset 4: expected a CPU's number below 4096, not 4096"},
    {{XT_CPU_CHANGE, 0, 8, 1}, 16, "offset 12: expected a window of 8 bytes, the file has 4 left"},
    {{XT_CPU_CHANGE, 0, 4, XT_WORDS(1) | 5},
     16,
     "offset 12: expected a record of 8 bytes, its window has 4 left"},
    {{XT_CPU_CHANGE, 0, 2, 5}, 14, "offset 12: expected a record of 4 bytes, its window has 2 left"},
    {{XT_CPU_CHANGE, 0, 8, XT_WORDS(1) | TRC_PV_HYPERCALL, 5},
     20,
     "offset 12: a hypercall's record: expected 2 words, not 1"},
    {{XT_CPU_CHANGE, 0, 8, XT_WORDS(1) | TRC_PV_HYPERCALL_V2, TRC_PV_HYPERCALL_V2_ARG_32(3)},
     20,
     "offset 12: argument 3 of the hypercall: expected as many words as are named"},
    {{XT_CPU_CHANGE, 0, 12, XT_WORDS(2) | TRC_PV_HYPERCALL_V2, 3u << 20, 0},
     24,
     "offset 12: argument 0 of the hypercall: expected 1 (32 bits) or 2 (64 bits) in its bits"},
};

START_TEST(a_bad_trace_of_xen_has_a_place)
{
    GError *error = NULL;
    const uint8_t *bytes = (const uint8_t *)bad_xentrace[_i].words;
    ck_assert_ptr_null(read_xentrace("x", bytes, bad_xentrace[_i].bytes, 0, 1000000000, &error));
    ck_assert_str_eq(error->message + strlen("x: "), bad_xentrace[_i].error);
    ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_INPUT));
    g_error_free(error);
}
END_TEST

START_TEST(the_kind_of_file_is_seen)
{
    const struct read_trace_options options = {XENTRACE_ANY_DOMAIN, 1000000000};
    static const uint32_t window[] = {XT_CPU_CHANGE, 0, 0};
    GError *error = NULL;
    struct call_log *log = read_trace("x", (const uint8_t *)window, sizeof window, &options, &error);
    ck_assert_ptr_nonnull(log);
    call_log_free(log);
    log = read_trace("x", (const uint8_t *)HEAD, strlen(HEAD), &options, &error);
    ck_assert_ptr_nonnull(log);
    call_log_free(log);
    ck_assert_ptr_null(read_trace("x", (const uint8_t *)"abc", 3, &options, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "its first bytes are neither"));
    g_clear_error(&error);
    ck_assert_ptr_null(read_trace("x", NULL, 0, &options, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "the file is empty"));
    g_clear_error(&error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("call_log");
    TCase *tc = tcase_create("json");
    tcase_add_test(tc, json_is_written);
    tcase_add_test(tc, what_is_written_is_read);
    tcase_add_loop_test(tc, bad_json_has_a_place, 0, G_N_ELEMENTS(bad_json));
    tcase_add_test(tc, nesting_has_an_end);
    tcase_add_test(tc, a_trace_is_read);
    tcase_add_loop_test(tc, a_bad_trace_has_a_place, 0, G_N_ELEMENTS(bad_traces));
    suite_add_tcase(suite, tc);
    tc = tcase_create("xentrace");
    tcase_add_test(tc, a_trace_of_xen_is_read);
    tcase_add_test(tc, a_trace_without_a_scheduler);
    tcase_add_loop_test(tc, a_bad_trace_of_xen_has_a_place, 0, G_N_ELEMENTS(bad_xentrace));
    tcase_add_test(tc, the_kind_of_file_is_seen);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
