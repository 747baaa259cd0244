/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_forms.c - the trace's other forms: JSON lines, trace events, xentrace's
 * records. Calls are played on the fixture's domain; what can be read again is.
 */
#include "debug/event.h"
#include "debug/read_trace.h"
#include "debug/trace_json.h"
#include "debug/trace_perfetto.h"
#include "debug/trace_xentrace.h"
#include "fixture.h"

static struct fixture *f;
static struct decoder *decoder;
static GString *out;

static void sink(G_GNUC_UNUSED void *user, const char *bytes, size_t len)
{
    g_string_append_len(out, bytes, (gssize)len);
}

static void setup(void)
{
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    decoder = decoder_new(f->abi);
    out = g_string_new(NULL);
}

static void teardown(void)
{
    g_string_free(out, TRUE);
    decoder_free(decoder);
    fixture_free(f);
}

/* --- played calls ------------------------------------------------------------------ */

struct played {
    struct ring1_call call;
    struct trace_call c;
};

static void play(struct played *p, unsigned nr, const uint32_t *arg, int entry, uint64_t serial, uint64_t ns)
{
    const struct hypercall *row = hypercall_row(f->abi, nr);
    *p = (struct played){.call = {.nr = nr,
                                  .name = row ? row->name : NULL,
                                  .nargs = row ? row->nargs : 0,
                                  .arg = arg,
                                  .depth = entry >= 0,
                                  .index = entry >= 0 ? (unsigned)entry : 0}};
    p->c = (struct trace_call){.v = f->v,
                               .row = row,
                               .decoder = decoder,
                               .serial = serial,
                               .ns = ns,
                               .end_ns = ns + 40,
                               .eip = 0xC0101000,
                               .ring = 1};
}

static void begin(const struct trace_consumer *ops, void *user, struct played *p)
{
    p->c.call = &p->call;
    ops->before(user, &p->c);
}

static void end(const struct trace_consumer *ops, void *user, struct played *p, int32_t result,
                const char *why)
{
    p->call.result = result;
    p->call.why = why;
    ops->after(user, &p->c);
}

#define ARG(...)                                                                                             \
    (uint32_t[MAX_HYPERCALL_ARGS])                                                                           \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

/* One call, a multicall of two, one that is dropped, and one that never ends. Returns
 * where the first one's structure lies. */
static gva_t play_all(const struct trace_consumer *ops, void *user)
{
    struct played one, multi, entry;
    gva_t virq = FX_WORDS(f, 0, 0, 12);
    play(&one, 32, ARG(1, virq.va), -1, 1, 1000);
    begin(ops, user, &one);
    end(ops, user, &one, 0, NULL);
    play(&multi, 13, ARG(0xC0105000, 2), -1, 2, 2000000);
    begin(ops, user, &multi);
    for (int i = 0; i < 2; i++) {
        play(&entry, i ? 3 : 77, ARG(0xE021, 2), i, 2, 2000000 + 50 * (uint64_t)i);
        begin(ops, user, &entry);
        end(ops, user, &entry, i ? -XEN_EINVAL : -XEN_ENOSYS, i ? "a \"reason\"" : NULL);
    }
    end(ops, user, &multi, 0, NULL);
    play(&one, 9, ARG(7), -1, 3, 2000500);
    begin(ops, user, &one);
    ops->drop(user, &one.c);
    play(&one, 29, ARG(2, 0), -1, 4, 2000600);
    begin(ops, user, &one);
    ops->end(user);
    return virq;
}

/* --- JSON -------------------------------------------------------------------------- */

static const struct trace_origin origin = {"xen-3.0-pae", "4.17", "a\"b", 256, 2, 512, 0x77};

START_TEST(json_lines)
{
    struct trace_json *t = trace_json_new(sink, NULL);
    trace_json_begin(t, &origin);
    uint32_t virq = play_all(&trace_json_consumer, t).va;
    trace_json_free(t);
    g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
    g_autofree char *first = g_strdup_printf(
        "{\"type\":\"call\",\"serial\":1,\"depth\":0,\"ns\":1000,\"vcpu\":0,\"ring\":1,\"eip\":3222278144,"
        "\"symbol\":\"f+0x10\",\"nr\":32,\"name\":\"event_channel_op\",\"words\":[1,%u],\"args\":{\"cmd\":"
        "{\"value\":1,\"name\":\"EVTCHNOP_bind_virq\"},\"arg\":{\"at\":%u,\"struct\":{\"virq\":{\"value\":0,"
        "\"name\":\"VIRQ_TIMER\"},\"vcpu\":0}}},\"end_ns\":1040,\"result\":0,\"out\":{\"arg\":{\"at\":%u,"
        "\"struct\":{\"port\":12}}}}",
        virq, virq, virq);
    const char *const expected[] = {
        "{\"type\":\"trace\",\"version\":1,\"ring1\":\"" RING1_VERSION_STRING
        "\",\"abi\":\"xen-3.0-pae\",\"xen\":\"4.17\",\"image\":\"a\\\"b\",\"pages\":256,\"vcpus\":2,\"max_pages\":512,"
        "\"shared_info\":119}",
        first,
        "{\"type\":\"call\",\"serial\":2,\"depth\":1,\"index\":0,\"ns\":2000000,\"vcpu\":0,\"nr\":77,"
        "\"words\":[],"
        "\"end_ns\":2000040,\"result\":-38,\"error\":\"ENOSYS\"}",
        "{\"type\":\"call\",\"serial\":2,\"depth\":1,\"index\":1,\"ns\":2000050,\"vcpu\":0,\"nr\":3,\"name\":"
        "\"stack_switch\",\"words\":[57377,2],\"args\":{\"ss\":57377,\"esp\":2},\"end_ns\":2000090,"
        "\"result\":-22,"
        "\"error\":\"EINVAL\",\"why\":\"a \\\"reason\\\"\"}",
        "{\"type\":\"call\",\"serial\":2,\"depth\":0,\"ns\":2000000,\"vcpu\":0,\"ring\":1,\"eip\":3222278144,"
        "\"symbol\":\"f+0x10\",\"nr\":13,\"name\":\"multicall\",\"words\":[3222294528,2],\"args\":{\"calls\":"
        "3222294528,\"nr_calls\":2},\"end_ns\":2000040,\"result\":0}",
        "{\"type\":\"call\",\"serial\":4,\"depth\":0,\"ns\":2000600,\"vcpu\":0,\"ring\":1,\"eip\":3222278144,"
        "\"symbol\":\"f+0x10\",\"nr\":29,\"name\":\"sched_op\",\"words\":[2,0],\"args\":{\"cmd\":{\"value\":"
        "2,"
        "\"name\":\"SCHEDOP_shutdown\"},\"arg\":{\"pointer\":0}},\"result\":null}",
        "",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        ck_assert_str_eq(lines[i], expected[i]);
    ck_assert_ptr_null(lines[G_N_ELEMENTS(expected)]);
}
END_TEST

/* What the writer wrote the reader takes, entries behind their multicall. */
START_TEST(json_is_read_again)
{
    const struct read_trace_options any = {XENTRACE_ANY_DOMAIN, 1000000000};
    GError *error = NULL;
    struct trace_json *t = trace_json_new(sink, NULL);
    trace_json_begin(t, &origin);
    play_all(&trace_json_consumer, t);
    trace_json_free(t);
    struct call_log *log = read_trace("x", (const uint8_t *)out->str, out->len, &any, &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "");
    static const char *const lines[] = {
        "v0 event_channel_op(EVTCHNOP_bind_virq, {virq=VIRQ_TIMER, vcpu=0}) = 0 => arg={port=12}",
        "v0 multicall(0xc0105000, 2) = 0",
        "v0 [0] hypercall_77() = -ENOSYS",
        "v0 [1] stack_switch(0xe021, 2) = -EINVAL: a \"reason\"",
        "v0 sched_op(SCHEDOP_shutdown, NULL) = ?",
    };
    ck_assert_uint_eq(log->calls->len, G_N_ELEMENTS(lines));
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        call_log_append_call(log, text, call_log_get(log, i));
        ck_assert_str_eq(text->str, lines[i]);
    }
    call_log_free(log);
}
END_TEST

/* Every row and command of every Xen, with memory that can be read and with none. */
START_TEST(everything_is_read_again)
{
    const struct read_trace_options any = {XENTRACE_ANY_DOMAIN, 1000000000};
    unsigned each = 0;
    struct fixture *own = f;
    while ((f = fixture_each(&each))) {
        struct trace_json *t = trace_json_new(sink, NULL);
        struct played p;
        GError *error = NULL;
        gva_t page = fx_va(f, fx_alloc(f));
        decoder_free(decoder);
        decoder = decoder_new(f->abi);
        g_string_truncate(out, 0);
        trace_json_begin(t, &origin);
        unsigned calls = 0;
        for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++) {
            for (uint32_t cmd = 0; cmd < 32; cmd++) {
                fx_set(f, page, cmd);
                /* Lists that never end, as grant_table_op's here, are alike for all commands, too. */
                uint32_t third = cmd < 2 ? page.va : 3;
                const uint32_t *args[] = {ARG(cmd, page.va, third, 1, 2), ARG(page.va, cmd, 1, 0x7FF0),
                                          ARG(cmd, 3, page.va), ARG(cmd, ~0u, ~0u, ~0u, ~0u, ~0u)};
                /* Pointers that lead nowhere are alike for all commands. */
                for (unsigned i = 0; i < (cmd < 2 ? 4u : 2u); i++, calls++) {
                    play(&p, nr, args[i], -1, 1, 1);
                    begin(&trace_json_consumer, t, &p);
                    end(&trace_json_consumer, t, &p, 0, NULL);
                }
            }
        }
        trace_json_free(t);
        struct call_log *log = read_trace("x", (const uint8_t *)out->str, out->len, &any, &error);
        ck_assert_msg(log != NULL, "%s", error ? error->message : "");
        ck_assert_uint_eq(log->calls->len, calls);
        call_log_free(log);
        fixture_free(f);
    }
    f = own;
}
END_TEST

START_TEST(json_of_frames_and_flags)
{
    struct trace_json *t = trace_json_new(sink, NULL);
    struct played p;
    mfn_t mfn = fx_mfn(f, 5);
    gva_t req = FX_WORDS(f, 0x5008, 0, mfn.mfn << 12 | 0x63, 0x80000000), ext = FX_WORDS(f, 77, mfn.mfn, 0);
    play(&p, 1, ARG(req.va, 1, 0x1000, 0x7FF0), -1, 1, 1);
    begin(&trace_json_consumer, t, &p);
    g_autofree char *entry = g_strdup_printf(
        "{\"struct\":{\"ptr\":{\"value\":20488,\"name\":\"MMU_NORMAL_PT_UPDATE\",\"mfn\":5},\"val\":{"
        "\"value\":"
        "\"%" G_GUINT64_FORMAT "\",\"mfn\":%u,\"pfn\":5,\"flags\":[\"P\",\"RW\",\"A\",\"D\",\"NX\"]}}}",
        UINT64_C(1) << 63 | (uint64_t)mfn.mfn << 12 | 0x63, mfn.mfn);
    end(&trace_json_consumer, t, &p, 0, NULL);
    ck_assert_msg(strstr(out->str, entry) != NULL, "%s has no %s", out->str, entry);
    ck_assert_ptr_nonnull(strstr(out->str, "\"pdone\":{\"pointer\":4096},"));
    ck_assert_ptr_nonnull(strstr(out->str, "\"foreigndom\":{\"value\":32752,\"name\":\"DOMID_SELF\"}"));
    ck_assert_ptr_nonnull(strstr(out->str, "\"out\":{\"pdone\":{\"pointer\":4096,\"unreadable\":true}}"));
    g_string_truncate(out, 0);
    play(&p, 26, ARG(ext.va, 1, 0, 0x7FF0), -1, 1, 1);
    begin(&trace_json_consumer, t, &p);
    end(&trace_json_consumer, t, &p, 0, NULL);
    ck_assert_msg(strstr(out->str, "\"cmd\":{\"value\":77,\"expected\":\"mmuext_op\"}") != NULL, "%s",
                  out->str);
    trace_json_free(t);
}
END_TEST

START_TEST(json_events)
{
    const struct ring1_event exception = {.kind = RING1_EVENT_EXCEPTION,
                                          .ring = 1,
                                          .eip = 0xC0101000,
                                          .exception = {.handler = {true, 0xE019, 0xC0102000},
                                                        .vector = 14,
                                                        .has_error = true,
                                                        .error = 2,
                                                        .cr2 = 0x1000}};
    const struct ring1_event frame = {.kind = RING1_EVENT_FRAME,
                                      .frame = {.mfn = fx_mfn(f, 5),
                                                .to = RING1_FRAME_L1,
                                                .why = RING1_FRAME_ENTRY,
                                                .table = fx_mfn(f, 6),
                                                .index = 7,
                                                .table_type = RING1_FRAME_L2}};
    struct trace_json *t = trace_json_new(sink, NULL);
    trace_json_consumer.event(
        t, &(struct trace_event){.v = f->v, .event = &exception, .ns = 9, .ring = 1, .eip = 0xC0101000});
    ck_assert_str_eq(out->str,
                     "{\"type\":\"event\",\"ns\":9,\"vcpu\":0,\"ring\":1,\"eip\":3222278144,\"symbol\":"
                     "\"f+0x10\",\"kind\":\"exception\",\"data\":{\"vector\":14,\"name\":\"#PF\","
                     "\"error\":2,\"cr2\":4096,\"handler\":{\"cs\":57369,\"eip\":3222282240}}}\n");
    g_string_truncate(out, 0);
    trace_json_consumer.event(
        t, &(struct trace_event){.v = f->v, .event = &frame, .ns = 9, .serial = 3, .depth = 2, .index = 4});
    g_autofree char *line = g_strdup_printf("{\"type\":\"event\",\"serial\":3,\"index\":4,\"ns\":9,\"vcpu\":"
                                            "0,\"kind\":\"frame\",\"data\":{\"frame\":"
                                            "{\"mfn\":%u,\"pfn\":5},\"from\":\"nothing\",\"to\":\"L1 "
                                            "table\",\"why\":\"entry\",\"table\":{\"mfn\":%u,"
                                            "\"pfn\":6},\"index\":7,\"table_type\":\"L2 table\"}}\n",
                                            fx_mfn(f, 5).mfn, fx_mfn(f, 6).mfn);
    ck_assert_str_eq(out->str, line);
    trace_json_free(t);
}
END_TEST

/* --- trace events ------------------------------------------------------------------ */

START_TEST(trace_events)
{
    struct trace_perfetto *t = trace_perfetto_new(sink, NULL);
    trace_perfetto_begin(t, "k", 1);
    play_all(&trace_perfetto_consumer, t);
    trace_perfetto_close(t);
    trace_perfetto_free(t);
    static const char *const expected[] = {
        "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"ring1\":\"" RING1_VERSION_STRING
        "\"},\"traceEvents\":[",
        "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"args\":{\"name\":\"k\"}},",
        "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":0,\"args\":{\"name\":\"vcpu 0\"}},",
        "{\"ph\":\"X\",\"name\":\"event_channel_op\",\"pid\":1,\"cat\":\"hypercall\",\"tid\":0,\"ts\":1.000,"
        "\"dur\":0.040,"
        "\"args\":{\"serial\":1,",
        "{\"ph\":\"C\",\"name\":\"hypercalls per ms\",\"pid\":1,\"ts\":0.000,\"args\":{\"calls\":1}},",
        "{\"ph\":\"C\",\"name\":\"refused per ms\",\"pid\":1,\"ts\":0.000,\"args\":{\"calls\":0}},",
        "{\"ph\":\"C\",\"name\":\"hypercalls per ms\",\"pid\":1,\"ts\":1000.000,\"args\":{\"calls\":0}},",
        "{\"ph\":\"C\",\"name\":\"refused per ms\",\"pid\":1,\"ts\":1000.000,\"args\":{\"calls\":0}},",
        "{\"ph\":\"C\",\"name\":\"pending events\",\"pid\":1,\"ts\":2000.000,\"args\":{\"events\":0}},",
        "{\"ph\":\"X\",\"name\":\"multicall\",\"pid\":1,\"cat\":\"hypercall\",\"tid\":0,\"ts\":2000.000,"
        "\"dur\":0.040,",
        "{\"ph\":\"X\",\"name\":\"hypercall_77\",\"pid\":1,\"cat\":\"multicall\",\"tid\":0,\"ts\":2000.000,"
        "\"dur\":0.040,"
        "\"args\":{\"serial\":2,\"index\":0,\"result\":\"-ENOSYS\"}},",
        "{\"ph\":\"X\",\"name\":\"stack_switch\",\"pid\":1,\"cat\":\"multicall\",\"tid\":0,\"ts\":2000.050,"
        "\"dur\":0.040,",
        "{\"ph\":\"B\",\"name\":\"sched_op\",\"pid\":1,\"cat\":\"hypercall\",\"tid\":0,\"ts\":2000.600},",
        "{\"ph\":\"C\",\"name\":\"hypercalls per ms\",\"pid\":1,\"ts\":2000.000,\"args\":{\"calls\":3}},",
        "{\"ph\":\"C\",\"name\":\"refused per ms\",\"pid\":1,\"ts\":2000.000,\"args\":{\"calls\":2}}",
        "]}",
    };
    g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        ck_assert_msg(g_str_has_prefix(lines[i], expected[i]), "%s is not %s", lines[i], expected[i]);
}
END_TEST

/* However long the list is, what is held back stays small. */
START_TEST(a_long_multicall_is_let_go)
{
    struct trace_perfetto *t = trace_perfetto_new(sink, NULL);
    struct played multi, entry;
    trace_perfetto_begin(t, "k", 1);
    play(&multi, 13, ARG(0xC0105000, 2), -1, 2, 2000000);
    begin(&trace_perfetto_consumer, t, &multi);
    for (int i = 0; i < 5000; i++) {
        play(&entry, 3, ARG(0xE021, 2), i, 2, 2000000);
        begin(&trace_perfetto_consumer, t, &entry);
        end(&trace_perfetto_consumer, t, &entry, 0, NULL);
    }
    end(&trace_perfetto_consumer, t, &multi, -XEN_EFAULT, NULL);
    trace_perfetto_close(t);
    trace_perfetto_free(t);
    const char *open = strstr(out->str, "{\"ph\":\"B\",\"name\":\"multicall\""),
               *first = strstr(out->str, "stack_switch");
    const char *close = strstr(out->str, "{\"ph\":\"E\",\"name\":\"multicall\"");
    ck_assert(open && first && close && open < first && first < close);
    ck_assert_ptr_nonnull(strstr(close, "\"result\":\"-EFAULT\""));
}
END_TEST

/* --- xentrace ---------------------------------------------------------------------- */

START_TEST(records_of_xen)
{
    struct trace_xentrace *t = trace_xentrace_new(sink, NULL);
    play_all(&trace_xentrace_consumer, t);
    trace_xentrace_free(t);
    uint32_t who = (uint32_t)f->d->s.domid << 16;
    const uint32_t expected[] = {
        0x2001F003, 0,       100,      /* a CPU's window */
        0x90021101, 1000,    0,   who, /* vcpu 0 runs */
        0x9020100D, 1000,    0,   32,  /* event_channel_op */
        0xA020100D, 2000000, 0,   1 << 22 | 13,
        2,                            /* multicall */
        0x9020200E, 2000000, 0,   77, /* its entries */
        0x9020200E, 2000050, 0,   3,  /* */
        0xA020100D, 2000600, 0,   1 << 20 | 29,
        2, /* sched_op */
    };
    ck_assert_uint_eq(out->len, sizeof expected + 0);
    ck_assert_mem_eq(out->str + 12, expected + 3, sizeof expected - 12);
}
END_TEST

START_TEST(records_are_read_again)
{
    GError *error = NULL;
    struct trace_xentrace *t = trace_xentrace_new(sink, NULL);
    play_all(&trace_xentrace_consumer, t);
    trace_xentrace_free(t);
    struct call_log *log =
        read_xentrace("x", (const uint8_t *)out->str, out->len, XENTRACE_ANY_DOMAIN, 1000000000, &error);
    ck_assert_msg(log != NULL, "%s", error ? error->message : "");
    static const char *const lines[] = {"v0 hypercall_32() = ?", "v0 hypercall_13(?, 2) = ?",
                                        "v0 [0] hypercall_77() = ?", "v0 [1] hypercall_3() = ?",
                                        "v0 hypercall_29(2) = ?"};
    ck_assert_uint_eq(log->calls->len, G_N_ELEMENTS(lines));
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        call_log_append_call(log, text, call_log_get(log, i));
        ck_assert_str_eq(text->str, lines[i]);
    }
    ck_assert_uint_eq(call_log_get(log, 3)->ns, 2000050);
    call_log_free(log);
}
END_TEST

/* --- of the library that is not linked ---------------------------------------------- */

ring1_machine *ring1_vcpu_machine(G_GNUC_UNUSED ring1_vcpu *v)
{
    return NULL;
}

const char *ring1_machine_symbol(G_GNUC_UNUSED ring1_machine *m, uint32_t va, G_GNUC_UNUSED bool is_return)
{
    return va == 0xC0101000 ? "f+0x10" : NULL;
}

uint32_t ring1_vcpu_call_site(G_GNUC_UNUSED ring1_vcpu *v)
{
    return 0;
}

unsigned ring1_machine_code_frames(G_GNUC_UNUSED ring1_machine *m, G_GNUC_UNUSED uint32_t va,
                                   G_GNUC_UNUSED bool is_return, const struct ring1_code_frame **frames)
{
    static const struct ring1_code_frame none;
    *frames = &none;
    return 1;
}

unsigned ring1_vcpu_stack(G_GNUC_UNUSED ring1_vcpu *v, G_GNUC_UNUSED struct ring1_stack_frame *frames,
                          G_GNUC_UNUSED unsigned max)
{
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("forms");
    TCase *tc = tcase_create("forms");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, json_lines);
    tcase_add_test(tc, json_is_read_again);
    tcase_add_test(tc, everything_is_read_again);
    tcase_add_test(tc, json_of_frames_and_flags);
    tcase_add_test(tc, json_events);
    tcase_add_test(tc, trace_events);
    tcase_add_test(tc, a_long_multicall_is_let_go);
    tcase_add_test(tc, records_of_xen);
    tcase_add_test(tc, records_are_read_again);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
