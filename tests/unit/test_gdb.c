/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_gdb.c - gdb's remote protocol: packets as bytes, and every command on a machine with a
 * guest of a few instructions. Real gdb is tests/gdb's.
 */
#include "debug/gdb.h"
#include "debug/gdb_packet.h"
#include "suite.h"

#include <ring1/ring1.h>
#include <stdio.h>
#include <string.h>

#define START 0x100000u

/* nop; inc eax; mov [0x100800], eax; jmp start */
static const uint8_t loop_code[] = {0x90, 0x40, 0xA3, 0x00, 0x08, 0x10, 0x00, 0xEB, 0xF7};
/* shutdown: mov eax, 6 (sched_op_compat); mov ebx, 2; mov ecx, REASON; int 0x82 */
static const uint8_t end_code[] = {0xB8, 6, 0, 0, 0, 0xBB, 2, 0, 0, 0, 0xB9, 0, 0, 0, 0, 0xCD, 0x82};
/* A fault that nobody handles. */
static const uint8_t crash_code[] = {0x90, 0x0F, 0x0B};

static ring1_machine *machine;
static ring1_debugger *debugger;
static struct gdb_server *server;

/* --- a client ---------------------------------------------------------------------------- */

static void start(const uint8_t *code, size_t len, unsigned vcpus)
{
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autofree uint8_t *image = g_malloc0(0x2000);
    memcpy(image, code, len);
    c->memory_mib = 8;
    c->raw_address = START;
    c->vcpus = vcpus;
    machine = ring1_machine_new_from_bytes(c, "raw", image, 0x2000, NULL);
    ck_assert_ptr_nonnull(machine);
    debugger = ring1_debugger_new(machine, NULL, NULL);
    ck_assert_ptr_nonnull(debugger);
    server = gdb_server_new("/image", NULL, NULL);
    gdb_server_set(server, debugger, false);
    ck_assert_int_eq(gdb_server_state(server), GDB_ABSENT);
    gdb_server_attach(server);
    ck_assert_int_eq(gdb_server_state(server), GDB_STOPPED);
}

static void stop(void)
{
    gdb_server_set(server, NULL, false);
    gdb_server_free(server);
    ring1_debugger_free(debugger);
    ring1_machine_free(machine);
}

static void feed(const char *bytes)
{
    gdb_server_input(server, bytes, strlen(bytes));
}

/* All that is there to be sent; the caller frees it. */
static char *heard(void)
{
    GByteArray *out = gdb_server_output(server);
    char *text = g_strndup((const char *)out->data, out->len);
    g_byte_array_set_size(out, 0);
    return text;
}

static char *framed(const char *data, size_t len)
{
    struct gdb_packets p;
    gdb_packets_init(&p);
    gdb_packets_send(&p, data, len);
    char *text = g_strndup((const char *)p.out->data, p.out->len);
    gdb_packets_clear(&p);
    return text;
}

/* Say this, acknowledged, and hear exactly one answer: its data, in a buffer of this function's. */
static const char *say(const char *data)
{
    static char answer[2 * GDB_PACKET_MAX];
    g_autofree char *packet = framed(data, strlen(data));
    feed(packet);
    g_autofree char *text = heard();
    ck_assert_msg(text[0] == '+' && text[1] == '$', "%s: '%s'", data, text);
    g_strlcpy(answer, text + 2, sizeof answer);
    size_t len = strlen(answer);
    ck_assert_uint_ge(len, 3);
    ck_assert_int_eq(answer[len - 3], '#');
    answer[len - 3] = '\0';
    g_autofree char *again = framed(answer, len - 3);
    ck_assert_str_eq(again, text + 1);
    feed("+");
    return answer;
}

#define expect(data, wanted)                                                                                 \
    do {                                                                                                     \
        const char *seen_ = say(data);                                                                       \
        ck_assert_msg(strcmp(seen_, wanted) == 0, "%s: '%s', not '%s'", data, seen_, wanted);                \
    } while (0)

#define expect_start(data, wanted)                                                                           \
    do {                                                                                                     \
        const char *seen_ = say(data);                                                                       \
        ck_assert_msg(g_str_has_prefix(seen_, wanted), "%s: '%s', not '%s...'", data, seen_, wanted);        \
    } while (0)

/* Let the guest go on by this packet until it stops for the client: the reply. */
static char *run(const char *data)
{
    g_autofree char *packet = framed(data, strlen(data));
    feed(packet);
    ck_assert_int_eq(gdb_server_state(server), GDB_RUNS);
    struct ring1_debug_stop s;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    for (int i = 0; i < 1000 && gdb_server_state(server) == GDB_RUNS; i++) {
        budget.until_ns = ring1_machine_now(machine) + 100000;
        ck_assert(gdb_server_run(server, &budget, &s, NULL));
        if (s.reason == RING1_DEBUG_GUEST && s.guest.reason != RING1_STOP_BUDGET)
            break;
    }
    return heard();
}

/* --- packets ------------------------------------------------------------------------------- */

static enum gdb_token take(struct gdb_packets *p, const char *bytes)
{
    enum gdb_token token = GDB_NOTHING;
    size_t len = strlen(bytes), n = 0;
    while (n < len && token == GDB_NOTHING)
        n += gdb_packets_take(p, (const uint8_t *)bytes + n, 1, &token);
    ck_assert_uint_eq(n, len);
    return token;
}

static char *sent(struct gdb_packets *p)
{
    char *text = g_strndup((const char *)p->out->data, p->out->len);
    g_byte_array_set_size(p->out, 0);
    return text;
}

#define ck_sent(p, wanted)                                                                                   \
    do {                                                                                                     \
        g_autofree char *seen_ = sent(p);                                                                    \
        ck_assert_str_eq(seen_, wanted);                                                                     \
    } while (0)

START_TEST(packets)
{
    struct gdb_packets p;
    gdb_packets_init(&p);
    ck_assert_int_eq(take(&p, "$qC#b4"), GDB_PACKET);
    ck_assert_str_eq(p.data, "qC");
    ck_sent(&p, "+");
    ck_assert_int_eq(take(&p, "noise+$qC#B4"), GDB_PACKET);
    ck_sent(&p, "+");
    ck_assert_int_eq(take(&p, "$#00"), GDB_PACKET);
    ck_assert_uint_eq(p.len, 0);
    ck_sent(&p, "+");
    /* Damaged: said again. */
    ck_assert_int_eq(take(&p, "$qC#b5"), GDB_NOTHING);
    ck_sent(&p, "-");
    ck_assert_int_eq(take(&p, "$qC#zz"), GDB_NOTHING);
    ck_sent(&p, "-");
    ck_assert_int_eq(take(&p, "z$qC#b4"), GDB_PACKET);
    ck_sent(&p, "+");
    /* The end of one was lost. */
    ck_assert_int_eq(take(&p, "$qSuppo$qC#b4"), GDB_PACKET);
    ck_assert_str_eq(p.data, "qC");
    ck_sent(&p, "+");
    /* Escapes: 0x7d 0x03 is '#'; the sum is of what was sent. */
    ck_assert_int_eq(take(&p, "$X}\x03}]#3a"), GDB_NOTHING);
    ck_sent(&p, "-");
    ck_assert_int_eq(take(&p, "$X}\x03}]#b2"), GDB_PACKET);
    ck_assert_str_eq(p.data, "X#}");
    ck_assert_int_eq(take(&p, "\x03"), GDB_INTERRUPT);
    g_byte_array_set_size(p.out, 0);
    /* What is sent, and sent again. */
    gdb_packets_send(&p, "OK", 2);
    ck_sent(&p, "$OK#9a");
    ck_assert_int_eq(take(&p, "-"), GDB_NOTHING);
    ck_sent(&p, "$OK#9a");
    p.no_ack = true;
    ck_assert_int_eq(take(&p, "-$qC#b4"), GDB_PACKET);
    ck_assert_int_eq(take(&p, "$qC#b5"), GDB_DAMAGED);
    ck_sent(&p, "");
    gdb_packets_clear(&p);
}
END_TEST

START_TEST(long_packets)
{
    struct gdb_packets p;
    gdb_packets_init(&p);
    for (unsigned more = 0; more < 2; more++) {
        g_autofree char *data = g_strnfill(GDB_PACKET_MAX + more, 'a');
        g_autofree char *text = framed(data, strlen(data));
        ck_assert_int_eq(take(&p, text), more ? GDB_TOO_LONG : GDB_PACKET);
        ck_sent(&p, "+");
    }
    ck_assert_int_eq(take(&p, "$qC#b4"), GDB_PACKET);
    gdb_packets_clear(&p);
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t n;
    } rows[] = {
        {"0", true, 0},
        {"fF", true, 255},
        {"ffffffff", true, UINT32_MAX},
        {"100000000", false, 0},
        {"", false, 0},
        {"x", false, 0},
        {"00000000000012", true, 18},
        {"-1", false, 0},
        {"ffffffffffffffffffff", false, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *text = rows[i].text;
        uint64_t n = 0;
        ck_assert_msg(gdb_get_number(&text, UINT32_MAX, &n) == rows[i].good, "%s", rows[i].text);
        ck_assert_uint_eq(n, rows[i].n);
        ck_assert(!rows[i].good || *text == '\0');
    }
    const char *text = "ffffffffffffffff";
    uint64_t n;
    ck_assert(gdb_get_number(&text, UINT64_MAX, &n) && n == UINT64_MAX);
    text = "100";
    ck_assert(!gdb_get_number(&text, 10, &n));
    text = "4";
    ck_assert(gdb_get_number(&text, 4, &n));
}
END_TEST

START_TEST(binary)
{
    g_autoptr(GString) s = g_string_new(NULL);
    ck_assert_uint_eq(gdb_put_binary(s, "a#b$c}d*e", 9, 100), 9);
    ck_assert_str_eq(s->str, "a}\x03"
                             "b}\x04"
                             "c}]d}\ne");
    g_string_truncate(s, 0);
    ck_assert_uint_eq(gdb_put_binary(s, "ab#", 3, 3), 2);
    ck_assert_str_eq(s->str, "ab");
}
END_TEST

/* --- commands ------------------------------------------------------------------------------ */

START_TEST(handshake)
{
    start(loop_code, sizeof loop_code, 2);
    const char *offer = say("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386");
    ck_assert_ptr_nonnull(strstr(offer, "PacketSize=4000;"));
    ck_assert_ptr_nonnull(strstr(offer, "swbreak+"));
    ck_assert_ptr_nonnull(strstr(offer, "qXfer:exec-file:read+"));
    ck_assert_ptr_null(strstr(offer, "ReverseStep"));
    expect("qAttached", "1");
    expect("qAttached:1", "1");
    expect("vCont?", "vCont;c;C;s;S;t;r");
    expect_start("?", "T05thread:1;05:");
    expect("vMustReplyEmpty", "");
    expect("QNonStop:0", "OK");
    expect_start("QNonStop:1", "E.");
    expect_start("vAttach;1", "E.");
    expect_start("vRun;", "E.");
    expect("vCtrlC", "OK");
    expect("!", "");
    expect("", "");
    expect("qTStatus", "");
    expect("qSomething:1", "");
    expect("qSupportedX", "");
    feed("$QStartNoAckMode#b0");
    g_autofree char *text = heard();
    ck_assert_str_eq(text, "+$OK#9a");
    feed("+$qC#b4");
    g_autofree char *after = heard();
    ck_assert_str_eq(after, "$QC1#c5");
    feed("$qC#b5");
    g_autofree char *damaged = heard();
    ck_assert_str_eq(damaged, "$E01#a6");
    stop();
}
END_TEST

START_TEST(errors)
{
    start(loop_code, sizeof loop_code, 1);
    expect("m0,10", "E01");
    say("qSupported:error-message+");
    expect("m0,10", "E.cannot read memory at 0x00000000");
    expect("H", "E.H: for 'c' or 'g'");
    expect("Hg7", "E.there is no such vcpu");
    stop();
}
END_TEST

START_TEST(threads)
{
    start(loop_code, sizeof loop_code, 2);
    expect("qC", "QC1");
    expect("qfThreadInfo", "m1"); /* the other was never started */
    expect("qsThreadInfo", "l");
    expect("T1", "OK");
    expect("T2", "E01");
    expect("T0", "E01");
    expect("Tp1.1", "E01");
    expect("Hg1", "OK");
    expect("Hg0", "OK");
    expect("Hc-1", "OK");
    expect("Hg2", "E01");
    expect("Hg-5", "E01");
    expect("qThreadExtraInfo,1",
           "7663707520303a2068617320746865204350552c2072696e672031"); /* vcpu 0: has ... */
    expect_start("qXfer:threads:read::0,1000",
                 "l<?xml version=\"1.0\"?><threads><thread id=\"1\" core=\"0\" name=\"vcpu 0\">");
    stop();
}
END_TEST

START_TEST(registers)
{
    start(loop_code, sizeof loop_code, 1);
    expect("p8", "00001000");
    expect("p30", "01000000"); /* cpl */
    expect("p29", "ffffffff"); /* orig_eax */
    expect("p31", "E01");
    expect("p", "E01");
    expect("P0=78563412", "OK");
    expect("p0", "78563412");
    expect("P0=7856", "E.eax has 4 bytes");
    expect("P0", "E.eax has 4 bytes");
    expect("P30=02000000", "E.cpl is Xen's to change");
    expect("P30=01000000", "OK");
    expect("P29=ffffffff", "OK");
    /* x87: a register that is in use, and one that is empty. */
    expect("P10=0000000000000080ff3f", "OK"); /* st0 = 1 */
    expect("P1a=ffff0000", "OK");
    expect("p1a", "ffff0000");
    expect("P1a=fcff0000", "OK");
    expect("p1a", "fcff0000");
    expect("p10", "0000000000000080ff3f");
    expect("P18=7f030000", "OK");
    expect("p18", "7f030000");
    expect("P20=000102030405060708090a0b0c0d0e0f", "OK"); /* xmm0 */
    expect("p20", "000102030405060708090a0b0c0d0e0f");
    expect("P28=801f0000", "OK");
    g_autofree char *all = g_strdup(say("g"));
    ck_assert_uint_eq(strlen(all), 2 * (16 * 4 + 8 * 10 + 8 * 4 + 8 * 16 + 4 + 4 + 7 * 4));
    ck_assert(g_str_has_prefix(all, "78563412"));
    memcpy(all, "11", 2);
    g_autofree char *back = g_strconcat("G", all, NULL);
    expect(back, "OK");
    expect("p0", "11563412");
    expect("G22", "E01");
    /* EIP, by the table's number. */
    expect("P8=01001000", "OK");
    expect_start("?", "T05thread:1;");
    stop();
}
END_TEST

START_TEST(memory)
{
    start(loop_code, sizeof loop_code, 1);
    expect("m100000,9", "9040a300081000ebf7");
    expect("m100000,0", "");
    expect("m0,1", "E01");
    expect("m100000", "E01");
    expect("m,1", "E01");
    expect("m100000,1x", "E01");
    expect("mfffffffff,1", "E01");
    expect("mffffffff,ffffffff", "E01");
    expect("M100800,4:01020304", "OK");
    expect("m100800,4", "01020304");
    expect("M100800,4:010203", "E01");
    expect("M100800,4:0102030405", "E01");
    expect("M100800,ffffffff:00", "E01");
    expect("M100800,0:", "OK");
    expect_start("M0,1:00", "E.");
    expect("X100800,0:", "OK");
    expect("X100800,3:}\x03"
           "ab",
           "OK");
    expect("m100800,4", "23616204");
    expect("X100800,3:ab", "E01");
    expect("x100800,3", "b}\x03"
                        "ab");
    ck_assert_uint_eq(strlen(say("m100000,ffff")), 16384);
    stop();
}
END_TEST

START_TEST(objects)
{
    start(loop_code, sizeof loop_code, 1);
    g_autofree char *whole = g_strdup(say("qXfer:features:read:target.xml:0,3fff"));
    ck_assert(g_str_has_prefix(whole, "l<?xml") && g_str_has_suffix(whole, "</feature></target>"));
    g_autoptr(GString) pieces = g_string_new(NULL);
    for (bool more = true; more;) {
        g_autofree char *ask = g_strdup_printf("qXfer:features:read:target.xml:%zx,100", pieces->len);
        const char *piece = say(ask);
        more = *piece == 'm';
        ck_assert_uint_eq(strlen(piece), more ? 0x101u : strlen(piece));
        g_string_append(pieces, piece + 1);
    }
    ck_assert_str_eq(pieces->str, whole + 1);
    expect("qXfer:features:read:target.xml:ffff,10", "l");
    expect("qXfer:features:read:other.xml:0,10", "E01");
    expect("qXfer:features:write:target.xml:0:00", "");
    expect("qXfer:unknown:read::0,10", "");
    expect("qXfer:memory-map:read::0,10x", "E01");
    expect_start("qXfer:memory-map:read::0,1000", "l<?xml");
    expect("qXfer:exec-file:read:1:0,100", "l/image");
    stop();
}
END_TEST

START_TEST(files)
{
    start(loop_code, sizeof loop_code, 1);
    expect("vFile:setfs:0", "F0");
    expect("vFile:open:2f696d616765,0,0", "F-1,2"); /* flat code is no file that gdb could read */
    expect("vFile:open:2f,0,0", "F-1,2");
    expect("vFile:open:zz,0,0", "F-1,16");
    expect("vFile:pread:0,10,0", "F-1,9");
    expect("vFile:pread:ffffffff,10,0", "F-1,9");
    expect("vFile:close:0", "F-1,9");
    expect("vFile:fstat:9", "F-1,9");
    expect("vFile:unlink:2f", "");
    stop();
}
END_TEST

START_TEST(points)
{
    start(loop_code, sizeof loop_code, 1);
    expect("Z0,100001,1", "OK");
    expect("Z1,100001,1", "OK");
    expect("z0,100001,1", "OK");
    expect("z0,100001,1", "OK");
    expect("z1,100001,1", "OK");
    expect("Z2,100800,4", "OK");
    expect("z2,100800,4", "OK");
    expect_start("Z2,100800,0", "E.");
    expect_start("Z3,100800,1001", "E.");
    expect("Z5,100800,1", "");
    expect("Z0,100800", "E01");
    expect("Z0,1000000000,1", "E01");
    stop();
}
END_TEST

START_TEST(interrupted)
{
    start(loop_code, sizeof loop_code, 1);
    feed("$vCont;c#a8");
    ck_assert_int_eq(gdb_server_state(server), GDB_RUNS);
    g_autofree char *text = heard();
    ck_assert_str_eq(text, "+");
    /* What is asked while it runs waits; Ctrl-C does not. */
    feed("$qC#b4\x03");
    struct ring1_debug_stop s;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    ck_assert(gdb_server_run(server, &budget, &s, NULL));
    ck_assert_int_eq(gdb_server_state(server), GDB_STOPPED);
    g_autofree char *after = heard();
    ck_assert_msg(g_str_has_prefix(after, "+$T02thread:1;") && g_str_has_suffix(after, "$QC1#c5"), "%s", after);
    /* One that comes too late is nothing. */
    feed("\x03");
    ck_assert_int_eq(gdb_server_state(server), GDB_STOPPED);
    expect("qC", "QC1");
    /* vCont;t */
    expect_start("vCont;t", "T00thread:1;");
    stop();
}
END_TEST

START_TEST(flooded)
{
    start(loop_code, sizeof loop_code, 1);
    feed("$c#63");
    for (int i = 0; i < 20000; i++)
        feed("$qC#b4");
    ck_assert(gdb_server_flooded(server));
    gdb_server_leave(server);
    ck_assert_int_eq(gdb_server_state(server), GDB_ABSENT);
    gdb_server_attach(server);
    ck_assert(!gdb_server_flooded(server));
    expect("qC", "QC1");
    stop();
}
END_TEST

START_TEST(bad_actions)
{
    static const char *const bad[] = {
        "vCont;",     "vCont;x",    "vCont;s:9", "vCont;s:", "vCont;S", "vCont;r1000", "vCont;r1000,",
        "vCont;s:1;", "vCont;c:1x", "Sxx",       "cxx",      "C",       "vCont;R1,2"};
    start(loop_code, sizeof loop_code, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect(bad[i], "E01");
        ck_assert_int_eq(gdb_server_state(server), GDB_STOPPED);
    }
    expect_start("bs", "E.there is no past");
    expect_start("bc", "E.there is no past");
    expect("bx", "");
    stop();
}
END_TEST

START_TEST(ends)
{
    start(end_code, sizeof end_code, 1);
    g_autofree char *text = run("vCont;c");
    ck_assert_str_eq(text, "+");
    gdb_server_end(server, 0, false);
    g_autofree char *w = heard();
    ck_assert_str_eq(w, "$W00#b7");
    ck_assert_int_eq(gdb_server_state(server), GDB_DETACHED);
    gdb_server_leave(server);
    stop();
}
END_TEST

START_TEST(crashes)
{
    start(crash_code, sizeof crash_code, 1);
    feed("$c#63");
    struct ring1_debug_stop s;
    ck_assert(gdb_server_run(server, NULL, &s, NULL));
    ck_assert_int_eq(s.reason, RING1_DEBUG_GUEST);
    ck_assert_int_eq(s.guest.reason, RING1_STOP_CRASH);
    ck_assert(gdb_server_crash(server, &s, "why"));
    g_autofree char *text = heard();
    ck_assert_msg(strstr(text, "$O") && strstr(text, "$T06thread:1;"), "%s", text);
    expect("p8", "01001000");
    /* It goes on to its end. */
    feed("$c#63");
    memset(&s, 0, sizeof s);
    ck_assert(gdb_server_run(server, NULL, &s, NULL));
    ck_assert_int_eq(s.guest.reason, RING1_STOP_CRASH);
    ck_assert(!gdb_server_crash(server, &s, "why"));
    gdb_server_end(server, 3, true);
    g_autofree char *x = heard();
    ck_assert_str_eq(x, "+$X06#be");
    stop();
}
END_TEST

START_TEST(leaves)
{
    start(loop_code, sizeof loop_code, 1);
    expect("D", "OK");
    ck_assert_int_eq(gdb_server_state(server), GDB_DETACHED);
    gdb_server_leave(server);
    ck_assert_int_eq(gdb_server_state(server), GDB_ABSENT);
    gdb_server_attach(server);
    feed("$k#6b");
    ck_assert_int_eq(gdb_server_state(server), GDB_KILLED);
    gdb_server_leave(server);
    gdb_server_attach(server);
    g_autofree char *nothing = heard();
    expect("vKill;1", "OK");
    ck_assert_int_eq(gdb_server_state(server), GDB_KILLED);
    stop();
}
END_TEST

START_TEST(calls)
{
    start(loop_code, sizeof loop_code, 1);
    expect("QCatchSyscalls:1", "OK");
    expect("QCatchSyscalls:1;11;12", "OK");
    expect("QCatchSyscalls:0", "OK");
    expect("QCatchSyscalls:2", "E01");
    expect("QCatchSyscalls:1;", "E01");
    expect("QCatchSyscalls:1;zz", "E01");
    expect("qRcmd,zz", "E01");
    stop();
}
END_TEST

static Suite *gdb_suite(void)
{
    Suite *s = suite_create("gdb");
    TCase *packet = tcase_create("packets"), *command = tcase_create("commands");
    tcase_add_test(packet, packets);
    tcase_add_test(packet, long_packets);
    tcase_add_test(packet, numbers);
    tcase_add_test(packet, binary);
    suite_add_tcase(s, packet);
    tcase_add_test(command, handshake);
    tcase_add_test(command, errors);
    tcase_add_test(command, threads);
    tcase_add_test(command, registers);
    tcase_add_test(command, memory);
    tcase_add_test(command, objects);
    tcase_add_test(command, files);
    tcase_add_test(command, points);
    tcase_add_test(command, interrupted);
    tcase_add_test(command, flooded);
    tcase_add_test(command, bad_actions);
    tcase_add_test(command, ends);
    tcase_add_test(command, crashes);
    tcase_add_test(command, leaves);
    tcase_add_test(command, calls);
    tcase_set_timeout(command, 60);
    suite_add_tcase(s, command);
    return s;
}

int main(void)
{
    return run_suite(gdb_suite());
}
