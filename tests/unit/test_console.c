/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_console.c - the console ring, 2.0's console messages, and console_io's end
 * (docs/xen-abi.md 9.1, 9.2).
 */
#include "devices/console.h"
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "fixture.h"

#define IN_CONS  3072
#define IN_PROD  3076
#define OUT_CONS 3080
#define OUT_PROD 3084

struct ends {
    struct fixture *f;
    struct console *c;
    GString *out;  /* what the host got */
    uint8_t *ring; /* the guest's view; 2.0: the control interface */
};

static void take(void *user, const char *bytes, size_t len)
{
    g_string_append_len(user, bytes, (gssize)len);
}

static struct ends setup(enum ring1_abi abi, enum ring1_xen xen)
{
    struct ends e = {.f = fixture_new(abi, xen), .out = g_string_new(NULL)};
    struct domain *d = e.f->d;
    if (abi == RING1_ABI_XEN_2_0) {
        d->s.control_port = (uint16_t)evtchn_backend_alloc(d, BACKEND_CONTROL);
        e.ring = shared_info(d) + 2048;
    } else {
        uint32_t pfn = fx_alloc(e.f);
        d->s.console_mfn = fx_mfn(e.f, pfn);
        d->s.console_port = (uint16_t)evtchn_backend_alloc(d, BACKEND_CONSOLE);
        e.ring = fx_page(e.f, pfn);
    }
    e.c = console_new(d, take, e.out);
    return e;
}

static void teardown(struct ends *e)
{
    console_free(e->c);
    g_string_free(e->out, TRUE);
    fixture_free(e->f);
}

#define PAE setup(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17)

static void guest_writes(struct ends *e, const char *text)
{
    uint32_t prod = load32(e->ring + OUT_PROD);
    for (; *text; text++, prod++)
        e->ring[1024 + prod % 2048] = (uint8_t)*text;
    store32(e->ring + OUT_PROD, prod);
}

/* Everything in the ring, as a guest reads it. */
static char *guest_reads(struct ends *e)
{
    GString *s = g_string_new(NULL);
    uint32_t cons = load32(e->ring + IN_CONS), prod = load32(e->ring + IN_PROD);
    ck_assert_uint_le(prod - cons, 1024);
    for (; cons != prod; cons++)
        g_string_append_c(s, (char)e->ring[cons % 1024]);
    store32(e->ring + IN_CONS, cons);
    return g_string_free(s, FALSE);
}

static bool event(struct ends *e, unsigned port)
{
    return bit_test_and_clear(shared_info(e->f->d) + e->f->abi->si_evtchn_pending, port);
}

START_TEST(output)
{
    struct ends e = PAE;
    ck_assert(!console_poll(e.c));
    ck_assert(!event(&e, 1));
    guest_writes(&e, "hello");
    e.f->mem->marks[e.f->d->s.console_mfn.mfn] = 0;
    console_notify(e.c);
    ck_assert_str_eq(e.out->str, "hello");
    ck_assert_uint_eq(load32(e.ring + OUT_CONS), 5);
    ck_assert(event(&e, 1));
    ck_assert(e.f->mem->marks[e.f->d->s.console_mfn.mfn] & MARK_DIRTY);
    teardown(&e);
}
END_TEST

/* Around the ring's end and around the counters' end. */
START_TEST(wraps)
{
    struct ends e = PAE;
    static const uint32_t starts[] = {2040, 0xFFFFFFFA};
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        store32(e.ring + OUT_CONS, starts[i]);
        store32(e.ring + OUT_PROD, starts[i]);
        store32(e.ring + IN_CONS, starts[i]);
        store32(e.ring + IN_PROD, starts[i]);
        g_string_truncate(e.out, 0);
        guest_writes(&e, "abcdefghijklmnop");
        console_poll(e.c);
        ck_assert_str_eq(e.out->str, "abcdefghijklmnop");
        console_input(e.c, "0123456789", 10);
        g_autofree char *got = guest_reads(&e);
        ck_assert_str_eq(got, "0123456789");
    }
    teardown(&e);
}
END_TEST

START_TEST(full_ring)
{
    struct ends e = PAE;
    for (unsigned i = 0; i < 2048; i++)
        e.ring[1024 + i] = 'x';
    store32(e.ring + OUT_PROD, 2048);
    console_poll(e.c);
    ck_assert_uint_eq(e.out->len, 2048);
    ck_assert_ptr_null(console_fault(e.c));
    teardown(&e);
}
END_TEST

START_TEST(flow_control)
{
    struct ends e = PAE;
    g_autoptr(GString) all = g_string_new(NULL), got = g_string_new(NULL);
    for (unsigned i = 0; i < 300000; i++)
        g_string_append_c(all, (char)('a' + i % 26));
    console_input(e.c, all->str, all->len);
    ck_assert_uint_eq(console_pending(e.c), 300000 - 1024);
    ck_assert(event(&e, 1));
    ck_assert(!console_poll(e.c));
    while (got->len < all->len) {
        g_autofree char *piece = guest_reads(&e);
        ck_assert_uint_ne(strlen(piece), 0);
        g_string_append(got, piece);
        console_notify(e.c);
    }
    ck_assert_str_eq(got->str, all->str);
    ck_assert_uint_eq(console_pending(e.c), 0);
    teardown(&e);
}
END_TEST

/* A ring whose indices cannot be counts as empty; it lives on when they can. */
START_TEST(nonsense)
{
    struct ends e = PAE;
    store32(e.ring + OUT_PROD, 2049);
    ck_assert(!console_poll(e.c));
    ck_assert_ptr_nonnull(console_fault(e.c));
    ck_assert_uint_eq(e.out->len, 0);
    ck_assert_uint_eq(load32(e.ring + OUT_CONS), 0);
    store32(e.ring + IN_CONS, 77);
    console_input(e.c, "abc", 3);
    ck_assert_uint_eq(console_pending(e.c), 3);
    store32(e.ring + IN_CONS, 0);
    store32(e.ring + OUT_PROD, 3);
    ck_assert(console_poll(e.c));
    ck_assert_uint_eq(e.out->len, 3);
    ck_assert_uint_eq(console_pending(e.c), 0);
    /* A page that has become a page table is no ring. */
    store32(e.ring + OUT_PROD, 9);
    e.f->d->s.console_mfn = e.f->l1;
    ck_assert(!console_poll(e.c));
    e.f->d->s.console_mfn = MFN(FX_BEYOND);
    ck_assert(!console_poll(e.c));
    teardown(&e);
}
END_TEST

START_TEST(console_io_shares)
{
    struct ends e = PAE;
    char bytes[2000];
    ck_assert_uint_eq(console_read(e.c, bytes, 10), 0);
    console_input(e.c, "first second", 12);
    ck_assert_uint_eq(console_pending(e.c), 0);
    ck_assert_uint_eq(console_read(e.c, bytes, 6), 6);
    ck_assert_mem_eq(bytes, "first ", 6);
    /* What is left goes to the ring's reader again. */
    console_poll(e.c);
    g_autofree char *rest = guest_reads(&e);
    ck_assert_str_eq(rest, "second");
    teardown(&e);
}
END_TEST

START_TEST(saved_and_restored)
{
    struct ends e = PAE;
    g_autofree char *many = g_strnfill(1500, 'q');
    console_input(e.c, many, 1500);
    g_autoptr(GBytes) saved = console_save(e.c);
    struct ends other = PAE;
    console_input(other.c, many, 1024);
    console_restore(other.c, saved);
    ck_assert_uint_eq(console_pending(other.c), 476);
    g_free(guest_reads(&other));
    console_poll(other.c);
    g_autofree char *rest = guest_reads(&other);
    ck_assert_uint_eq(strlen(rest), 476);
    teardown(&e);
    teardown(&other);
}
END_TEST

START_TEST(control_messages)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    uint8_t *msg = e.ring + 64 * 7;
    store32(e.ring + 1024, 8);
    store32(e.ring + 1028, 7);
    msg[0] = 0;
    msg[1] = 0;
    msg[2] = 42;
    msg[3] = 5;
    memcpy(msg + 4, "twoO!", 5);
    ck_assert(console_poll(e.c));
    ck_assert_str_eq(e.out->str, "twoO!");
    ck_assert_uint_eq(load32(e.ring + 1028), 8);
    ck_assert(event(&e, 1));
    /* A length beyond the message, and another type. */
    e.ring[0] = 0;
    e.ring[3] = 255;
    e.ring[64] = 6;
    e.ring[67] = 4;
    store32(e.ring + 1024, 10);
    g_string_truncate(e.out, 0);
    ck_assert(console_poll(e.c));
    ck_assert_uint_eq(e.out->len, 60);
    ck_assert_uint_eq(load32(e.ring + 1028), 10);
    /* Nonsense. */
    store32(e.ring + 1024, 19);
    ck_assert(!console_poll(e.c));
    ck_assert_ptr_nonnull(console_fault(e.c));
    teardown(&e);
}
END_TEST

START_TEST(control_input)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    g_autofree char *many = g_strnfill(1000, 'z');
    console_input(e.c, many, 1000);
    ck_assert_uint_eq(load32(e.ring + 1032), 8);
    ck_assert_uint_eq(console_pending(e.c), 1000 - 480);
    ck_assert_uint_eq(e.ring[512 + 3], 60);
    ck_assert_uint_eq(e.ring[512 + 4], 'z');
    store32(e.ring + 1036, 8);
    console_notify(e.c);
    ck_assert_uint_eq(load32(e.ring + 1032), 16);
    store32(e.ring + 1036, 16);
    console_notify(e.c);
    ck_assert_uint_eq(load32(e.ring + 1032), 17);
    ck_assert_uint_eq(e.ring[512 + 3], 40);
    ck_assert_uint_eq(console_pending(e.c), 0);
    teardown(&e);
}
END_TEST

static void tell(struct ends *e, unsigned n, uint8_t type, uint8_t subtype, uint8_t length)
{
    uint8_t *msg = e->ring + 64 * (n % 8);
    msg[0] = type;
    msg[1] = subtype;
    msg[2] = (uint8_t)(0x40 + n);
    msg[3] = length;
    memset(msg + 4, 'a' + (int)n, 60);
    store32(e->ring + 1024, n + 1);
}

/* Whatever a guest says is echoed, as xend does; a length beyond the message is cut. */
START_TEST(control_echo)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    static const uint8_t types[][2] = {{2, 32}, {2, 33}, {4, 33}, {4, 0}, {6, 1}, {7, 0}, {200, 200}, {0, 1}};
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        tell(&e, i, types[i][0], types[i][1], i == 3 ? 200 : 60);
        ck_assert(console_poll(e.c));
        ck_assert_uint_eq(load32(e.ring + 1028), i + 1);
        ck_assert_uint_eq(e.ring[64 * i], types[i][0]);
        ck_assert_uint_eq(e.ring[64 * i + 1], types[i][1]);
        ck_assert_uint_eq(e.ring[64 * i + 2], 0x40 + i);
        ck_assert_uint_eq(e.ring[64 * i + 3], 60);
        ck_assert_uint_eq(e.ring[64 * i + 63], 'a' + i);
        ck_assert(event(&e, 1));
    }
    ck_assert_uint_eq(e.out->len, 0);
    ck_assert_uint_eq(load32(e.ring + 1032), 0); /* nothing was sent to the guest */
    teardown(&e);
}
END_TEST

/* A network front end that is up hears that it has no interface. */
START_TEST(control_no_interfaces)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    tell(&e, 0, 4, 32, 8);
    ck_assert(console_poll(e.c));
    ck_assert_uint_eq(load32(e.ring + 1028), 1);
    ck_assert_uint_eq(load32(e.ring + 1032), 1);
    const uint8_t *msg = e.ring + 512;
    ck_assert_uint_eq(msg[0], 4);
    ck_assert_uint_eq(msg[1], 32);
    ck_assert_uint_eq(msg[3], 8);
    ck_assert_uint_eq(load32(msg + 4), 1);
    ck_assert_uint_eq(load32(msg + 8), 0);
    ck_assert(event(&e, 1));
    teardown(&e);
}
END_TEST

/* With no room for what must be said, the guest's message waits, and so do those
 * behind it; none is lost or printed twice. */
START_TEST(control_waits_for_room)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    g_autofree char *many = g_strnfill(480, 'z');
    console_input(e.c, many, 480);
    ck_assert_uint_eq(load32(e.ring + 1032), 8);
    tell(&e, 0, 0, 0, 1);
    tell(&e, 1, 4, 32, 8);
    tell(&e, 2, 0, 0, 2);
    console_poll(e.c);
    ck_assert_str_eq(e.out->str, "a");
    ck_assert_uint_eq(load32(e.ring + 1028), 1);
    ck_assert(!console_poll(e.c));
    store32(e.ring + 1036, 1);
    ck_assert(console_poll(e.c));
    ck_assert_str_eq(e.out->str, "acc");
    ck_assert_uint_eq(load32(e.ring + 1028), 3);
    ck_assert_uint_eq(load32(e.ring + 1032), 9);
    ck_assert_uint_eq(e.ring[512], 4);
    /* An answer to what was never asked. */
    store32(e.ring + 1036, 10);
    console_input(e.c, "x", 1);
    ck_assert_uint_eq(console_pending(e.c), 1);
    ck_assert_ptr_nonnull(console_fault(e.c));
    teardown(&e);
}
END_TEST

/* Indices run on beyond 2^32, and a line may be cut anywhere. */
START_TEST(control_wraps)
{
    struct ends e = setup(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    const uint32_t start = 0xFFFFFFFC;
    for (unsigned i = 1024; i <= 1036; i += 4)
        store32(e.ring + i, start);
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t *msg = e.ring + 64 * ((start + i) % 8);
        msg[0] = msg[1] = 0;
        msg[3] = 1;
        msg[4] = (uint8_t) "one\ntwo\n"[i];
    }
    store32(e.ring + 1024, start + 8);
    ck_assert(console_poll(e.c));
    ck_assert_str_eq(e.out->str, "one\ntwo\n");
    ck_assert_uint_eq(load32(e.ring + 1028), 4);
    console_input(e.c, "in", 2);
    ck_assert_uint_eq(load32(e.ring + 1032), start + 1);
    ck_assert_uint_eq(e.ring[512 + 64 * (start % 8) + 3], 2);
    teardown(&e);
}
END_TEST

static void on_event(void *user, G_GNUC_UNUSED struct vcpu *v, const struct ring1_event *e)
{
    const struct ring1_device_event *x = &e->device;
    ck_assert(e->kind == RING1_EVENT_DEVICE && x->device == RING1_DEVICE_CONSOLE);
    ck_assert_str_eq(x->request, x->to_guest ? "input" : "write");
    g_string_append_printf(user, "%s:%.*s;", x->request, (int)x->len, (const char *)x->data);
}

START_TEST(requests_are_told)
{
    g_autoptr(GString) told = g_string_new(NULL);
    struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_DEVICE), .user = told};
    struct ends e = PAE;
    e.f->d->tap = &tap;
    guest_writes(&e, "out");
    console_poll(e.c);
    console_input(e.c, "in", 2);
    ck_assert_str_eq(told->str, "write:out;input:in;");
    teardown(&e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("console");
    TCase *tc = tcase_create("console");
    tcase_add_test(tc, output);
    tcase_add_test(tc, wraps);
    tcase_add_test(tc, full_ring);
    tcase_add_test(tc, flow_control);
    tcase_add_test(tc, nonsense);
    tcase_add_test(tc, console_io_shares);
    tcase_add_test(tc, saved_and_restored);
    tcase_add_test(tc, control_messages);
    tcase_add_test(tc, control_input);
    tcase_add_test(tc, control_echo);
    tcase_add_test(tc, control_no_interfaces);
    tcase_add_test(tc, control_waits_for_room);
    tcase_add_test(tc, control_wraps);
    tcase_add_test(tc, requests_are_told);
    suite_add_tcase(s, tc);
    return fx_main(s);
}
