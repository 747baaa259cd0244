/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_event.c - events as text, and the words for them: a machine is played here
 * around the fixture's domain.
 */
#include "debug/event.h"
#include "debug/trace_text.h"
#include "played_machine.h"

#include <check.h>

static struct fixture *f;
static GString *text;
static struct trace *trace;
static struct trace_text *writer;

/* --- what is known of the image: one function -------------------------------- */

#define FUNCTION 0xC0108000u

static const char *symbol(uint32_t va, bool is_return)
{
    static char name[32];
    uint32_t inside = is_return ? va - 1 : va;
    if (inside - FUNCTION >= 0x100)
        return NULL;
    g_snprintf(name, sizeof name, va == FUNCTION ? "handler" : "handler+%#x", va - FUNCTION);
    return name;
}

static char *source(uint32_t va)
{
    return va - FUNCTION < 0x100 ? g_strdup("handler.c:7") : NULL;
}

static unsigned stack(const ring1_vcpu *v, struct ring1_stack_frame *frames)
{
    frames[0] = (struct ring1_stack_frame){.eip = v->regs.eip};
    frames[1] = (struct ring1_stack_frame){.eip = FUNCTION + 0x100};
    frames[2] = (struct ring1_stack_frame){.eip = 0xC0109000, .guess = true};
    return 3;
}

static void sink(G_GNUC_UNUSED void *user, const char *bytes, size_t len)
{
    g_string_append_len(text, bytes, (gssize)len);
}

static void setup(void)
{
    f = play_machine(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    machine.symbol = symbol;
    machine.source = source;
    machine.stack = stack;
    text = g_string_new(NULL);
    trace = trace_new();
    writer = trace_text_new(NULL, sink, NULL);
    trace_add(trace, &trace_text_consumer, writer);
    trace_set_events(trace, RING1_EVENTS_ALL);
    trace_attach(trace, &machine);
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

static void after(struct ring1_call *call, int32_t result)
{
    call->result = result;
    machine.watch.after(f->v, call, machine.user);
}

static void tell(const struct ring1_event *event)
{
    ck_assert(machine.watch.events & RING1_EVENT_BIT(event->kind));
    machine.watch.event(f->v, event, machine.user);
}

/* --- lines ----------------------------------------------------------------------- */

#define AT "[  12.000000034] v0 "

static const struct event_line {
    struct ring1_event event;
    const char *line;
} event_lines[] = {
    {{.kind = RING1_EVENT_UPCALL,
      .ring = 1,
      .eip = FUNCTION + 4,
      .upcall = {.handler = {true, 0xE019, FUNCTION}, .nr_ports = 2, .ports = {3, 17}}},
     "r1 handler+0x4: --- upcall {ports=[3, 17]} => handler ---"},
    {{.kind = RING1_EVENT_UPCALL, .ring = 3, .eip = 0x8048000, .upcall = {.nr_ports = 20}},
     "r3 0x8048000: --- upcall {ports=[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ... 4 more]} => no "
     "handler ---"},
    {{.kind = RING1_EVENT_EXCEPTION,
      .ring = 3,
      .eip = 0x804801C,
      .exception = {{true, 0xE019, 0xC0105230}, 14, false, true, 4, 0x8049000}},
     "r3 0x804801c: --- #PF {error=0x4, cr2=0x8049000} => 0xc0105230 ---"},
    {{.kind = RING1_EVENT_EXCEPTION,
      .ring = 1,
      .eip = 0x1000,
      .exception = {{true, 0xE019, FUNCTION}, 13, false, true, 0x402, 0}},
     "r1 0x1000: --- #GP {error=0x402} => handler ---"},
    {{.kind = RING1_EVENT_EXCEPTION,
      .ring = 3,
      .eip = 0x1002,
      .exception = {{true, 0xE019, FUNCTION}, 0x80, true, false, 0, 0}},
     "r3 0x1002: --- int 0x80 => handler ---"},
    {{.kind = RING1_EVENT_EXCEPTION, .ring = 1, .eip = 0x1000, .exception = {.vector = 3, .software = true}},
     "r1 0x1000: --- int 0x3 => no handler ---"},
    {{.kind = RING1_EVENT_EXCEPTION,
      .ring = 1,
      .eip = 0x1000,
      .exception = {.handler = {true, 0xE019, FUNCTION}, .vector = RING1_VECTOR_FAILSAFE}},
     "r1 0x1000: --- failsafe => handler ---"},
    {{.kind = RING1_EVENT_EXCEPTION,
      .ring = 1,
      .eip = 0x1000,
      .exception = {.handler = {true, 0xE019, FUNCTION}, .vector = 2}},
     "r1 0x1000: --- NMI => handler ---"},
    {{.kind = RING1_EVENT_EMULATED,
      .ring = 1,
      .eip = FUNCTION + 9,
      .emulated = {.text = "movl %cr0, %eax", .before = {1, 2}, .after = {0x8005003B, 2, [7] = 5}}},
     "r1 handler+0x9: --- emulated {movl %cr0, %eax} => {eax=0x8005003b, edi=0x5} ---"},
    {{.kind = RING1_EVENT_EMULATED, .ring = 1, .eip = FUNCTION, .emulated = {.text = "clts"}},
     "r1 handler: --- emulated {clts} ---"},
    {{.kind = RING1_EVENT_EMULATED,
      .ring = 1,
      .eip = FUNCTION,
      .emulated = {.text = "movl %eax, %cr0", .before = {7}, .after = {7}}},
     "r1 handler: --- emulated {movl %eax, %cr0, eax=0x7} ---"},
    {{.kind = RING1_EVENT_EMULATED,
      .ring = 1,
      .eip = FUNCTION,
      .emulated = {.text = "wrmsr", .before = {1, 0x174, 2}, .after = {1, 0x174, 2}}},
     "r1 handler: --- emulated {wrmsr, eax=0x1, ecx=0x174, edx=0x2} ---"},
    {{.kind = RING1_EVENT_EMULATED,
      .ring = 3,
      .eip = FUNCTION,
      .emulated = {.text = "forced cpuid", .before = {0x40000000}, .after = {0x40000005, 1}}},
     "r3 handler: --- emulated {forced cpuid, eax=0x40000000, ecx=0} => {eax=0x40000005, ecx=0x1} ---"},
    {{.kind = RING1_EVENT_EMULATED,
      .ring = 3,
      .eip = FUNCTION,
      .emulated = {.text = "inb %dx, %al", .before = {0, 0, 0x60}, .after = {0xFF, 0, 0x60}}},
     "r3 handler: --- emulated {inb %dx, %al, edx=0x60} => {eax=0xff} ---"},
    {{.kind = RING1_EVENT_STORE,
      .ring = 1,
      .eip = FUNCTION,
      .store = {.va = {0xC0105128}, .table = {0xFFFFFF}, .index = 37, .old = 0, .value = 0xFFFFF067}},
     "r1 handler: --- store {va=0xc0105128, table=mfn 0xffffff, index=37, old=0} => mfn 0xfffff|P|RW|US|A|D "
     "---"},
    {{.kind = RING1_EVENT_FRAME,
      .frame =
          {.mfn = {0xFFFFFE}, .from = RING1_FRAME_WRITABLE, .to = RING1_FRAME_L1, .why = RING1_FRAME_PINNED}},
     "--- frame {mfn 0xfffffe, was=writable, by=pin} => L1 table ---"},
    {{.kind = RING1_EVENT_FRAME,
      .frame = {.mfn = {0xFFFFFE},
                .from = RING1_FRAME_L1,
                .to = RING1_FRAME_NONE,
                .why = RING1_FRAME_ENTRY,
                .table = {0xFFFFFF},
                .index = 5,
                .table_type = RING1_FRAME_L2}},
     "--- frame {mfn 0xfffffe, was=L1 table, by=entry 5 of L2 table mfn 0xffffff} => nothing ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device =
          {.device = RING1_DEVICE_CONSOLE, .request = "write", .data = (const uint8_t *)"a\"\n", .len = 3}},
     "--- console write \"a\\\"\\n\" ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_XENSTORE,
                 .request = "XS_READ",
                 .data = (const uint8_t *)"device/vbd",
                 .len = 11,
                 .answer = (const uint8_t *)"768",
                 .answer_len = 3,
                 .tx = 4}},
     "--- xenstore XS_READ(\"device/vbd\", tx=4) = \"768\" ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_XENSTORE,
                 .request = "XS_RESET_WATCHES",
                 .answer = (const uint8_t *)""}},
     "--- xenstore XS_RESET_WATCHES() = \"\" ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_XENSTORE,
                 .request = "XS_READ",
                 .data = (const uint8_t *)"a",
                 .len = 2,
                 .error = "ENOENT"}},
     "--- xenstore XS_READ(\"a\") = ENOENT ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_XENSTORE,
                 .request = "XS_WATCH_EVENT",
                 .to_guest = true,
                 .data = (const uint8_t *)"path\0token",
                 .len = 11}},
     "--- xenstore XS_WATCH_EVENT(\"path\", \"token\") ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device =
          {.device = RING1_DEVICE_GRANT, .request = "map", .ref = 8, .mfn = {0xFFFFFF}, .readonly = true}},
     "--- grant map {ref=8, readonly} => mfn 0xffffff ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_GRANT, .request = "map", .ref = 9, .error = "GNTST_bad_gntref"}},
     "--- grant map {ref=9} = GNTST_bad_gntref ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_BLOCK,
                 .request = "read",
                 .disk = "root.img",
                 .sector = 1ull << 32,
                 .nr_sectors = 8}},
     "--- block read {disk=\"root.img\", sector=4294967296, sectors=8} ---"},
    {{.kind = RING1_EVENT_DEVICE,
      .device = {.device = RING1_DEVICE_BLOCK, .request = "flush", .disk = "root.img", .error = "error"}},
     "--- block flush {disk=\"root.img\"} = error ---"},
};

START_TEST(a_line_says_what_happened)
{
    tell(&event_lines[_i].event);
    g_autofree char *expected = g_strconcat(AT, event_lines[_i].line, "\n", NULL);
    ck_assert_str_eq(text->str, expected);
}
END_TEST

/* The first line of a kind. */
static const struct event_line *line_of(enum ring1_event_kind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(event_lines); i++)
        if (event_lines[i].event.kind == kind)
            return &event_lines[i];
    ck_abort_msg("no line");
}

static const uint32_t words[6] = {0xE021, 2, 0, 0x7FF0, 0, 0};
static const uint32_t list[6] = {0xC0105000, 1};

START_TEST(events_stand_below_their_call)
{
    static const struct ring1_event pin = {
        .kind = RING1_EVENT_FRAME,
        .frame = {.mfn = {0xFFFFFE}, .to = RING1_FRAME_L1, .why = RING1_FRAME_PINNED}};
    struct ring1_call outer = {.nr = 13, .name = "multicall", .nargs = 2, .arg = list};
    struct ring1_call inner = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words, .depth = 1};
    before(&outer);
    tell(&pin);
    before(&inner);
    tell(&pin);
    after(&inner, 0);
    after(&outer, 0);
    tell(&pin);
#define PIN AT "--- frame {mfn 0xfffffe, was=nothing, by=pin} => L1 table ---\n"
    ck_assert_str_eq(text->str, AT "r1 0xc0100000: multicall(0xc0105000, 1) = 0\n"
                                   "  " PIN "  " AT "[0] stack_switch(0xe021, 0x2) = 0\n"
                                   "    " PIN PIN);
}
END_TEST

START_TEST(many_events_of_a_call_are_let_go)
{
    struct ring1_call call = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words};
    before(&call);
    for (unsigned i = 0; i < 5000; i++)
        tell(&line_of(RING1_EVENT_FRAME)->event);
    ck_assert(
        g_str_has_prefix(text->str, AT "r1 0xc0100000: stack_switch(0xe021, 0x2) = ?\n  " AT "--- frame"));
    after(&call, 0);
    ck_assert(g_str_has_suffix(text->str, "---\n" AT "r1 0xc0100000: stack_switch(0xe021, 0x2) = 0\n"));
}
END_TEST

START_TEST(stacks_stand_below_their_line)
{
    struct ring1_call call = {.nr = 3, .name = "stack_switch", .nargs = 2, .arg = words};
    trace_text_set_stacks(writer, true);
    before(&call);
    after(&call, 0);
    tell(&line_of(RING1_EVENT_EMULATED)->event);
    tell(&line_of(RING1_EVENT_FRAME)->event);
#define UP " > handler+0x100\n > ? 0xc0109000\n"
    g_autofree char *expected =
        g_strconcat(AT "r1 0xc0100000: stack_switch(0xe021, 0x2) = 0\n > 0xc0100000\n" UP AT,
                    line_of(RING1_EVENT_EMULATED)->line, "\n > handler+0x9 [handler.c:7]\n" UP AT,
                    line_of(RING1_EVENT_FRAME)->line, "\n", NULL);
    ck_assert_str_eq(text->str, expected);
}
END_TEST

/* --- words ----------------------------------------------------------------------- */

START_TEST(sets_of_events)
{
#define BIT(kind) RING1_EVENT_BIT(RING1_EVENT_##kind)
    static const struct {
        const char *text;
        uint32_t events;
    } good[] = {
        {"all", RING1_EVENTS_ALL},
        {"none", 0},
        {"upcall", BIT(UPCALL)},
        {"frame,upcall", BIT(UPCALL) | BIT(FRAME)},
        {"!device", RING1_EVENTS_ALL & ~BIT(DEVICE)},
        {"!store,frame", RING1_EVENTS_ALL & ~(BIT(STORE) | BIT(FRAME))},
        {"!none", RING1_EVENTS_ALL},
    };
    static const char *const bad[] = {"", "upcal", "upcall,", "!", ",all", "up call", "frame,!store"};
    uint32_t events;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        ck_assert(event_set_parse(good[i].text, &events, NULL));
        ck_assert_uint_eq(events, good[i].events);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        ck_assert(!event_set_parse(bad[i], &events, &error));
        ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_OPTION));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event");
    TCase *tc = tcase_create("lines");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_line_says_what_happened, 0, G_N_ELEMENTS(event_lines));
    tcase_add_test(tc, events_stand_below_their_call);
    tcase_add_test(tc, many_events_of_a_call_are_let_go);
    tcase_add_test(tc, stacks_stand_below_their_line);
    tcase_add_test(tc, sets_of_events);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
