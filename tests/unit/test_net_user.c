/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_net_user.c - what is behind a card of the kind "user", against a guest that is
 * played here: its ports' names, ARP, DHCP; and that it wakes nobody without a reason.
 */
#include "devices/net_restrict.h"
#include "devices/net_user.h"

#include <arpa/inet.h>
#include <check.h>
#include <ring1/ring1.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t now;
static GArray *forwards;
static struct net_user *u;

static uint64_t clock_now(void *user)
{
    ck_assert_ptr_eq(user, &now);
    return now;
}

static struct net_user *make(bool restricted, GError **error)
{
    const struct net_user_config c = {.restricted = restricted, .forwards = forwards};
    return net_user_new(&c, clock_now, &now, error);
}

static void setup(void)
{
    now = 1000000000;
    forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward));
    u = make(false, NULL);
    ck_assert_ptr_nonnull(u);
}

static void teardown(void)
{
    net_user_free(u);
    g_array_unref(forwards);
}

/* One wait, for `ms` at most, and what it brings. */
static void turn(int ms)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    uint64_t timeout = UINT64_MAX;
    net_user_prepare(u, fds, &timeout);
    struct pollfd *p = (struct pollfd *)(void *)fds->data;
    ck_assert_int_ge(poll(p, fds->len, timeout == 0 ? 0 : ms), 0);
    net_user_serve(u, p, fds->len);
}

/* The next frame, which may take its time. */
static GBytes *next(void)
{
    GBytes *frame = net_user_next(u);
    for (gint64 end = g_get_monotonic_time() + 10000000; !frame && g_get_monotonic_time() < end;) {
        turn(100);
        frame = net_user_next(u);
    }
    return frame;
}

START_TEST(test_forwards)
{
    struct net_forward f;
    ck_assert(net_forward_parse("tcp:127.0.0.1:8080-:80", &f));
    ck_assert(!f.udp && f.host == 0x7F000001 && f.host_port == 8080 && f.guest == 0 && f.guest_port == 80);
    ck_assert(net_forward_parse("udp::53-10.0.2.16:65535", &f));
    ck_assert(f.udp && f.host == 0x7F000001 && f.host_port == 53 && f.guest == 0x0A000210 &&
              f.guest_port == 65535);
    ck_assert(net_forward_parse("tcp:0.0.0.0:1-:1", &f));
    ck_assert_uint_eq(f.host, 0);
    static const char *const bad[] = {"",
                                      "tcp",
                                      "tcp:",
                                      "icmp:127.0.0.1:1-:1",
                                      "tcp:127.0.0.1:1",
                                      "tcp:127.0.0.1:1-",
                                      "tcp:127.0.0.1:1-1",
                                      "tcp:127.0.0.1:0-:1",
                                      "tcp:127.0.0.1:1-:0",
                                      "tcp:127.0.0.1:65536-:1",
                                      "tcp:127.0.0.1:1-:65536",
                                      "tcp:127.0.0.256:1-:1",
                                      "tcp:localhost:1-:1",
                                      "tcp:127.0.0.1:1-:1x",
                                      "tcp:127.0.0.1:+1-:1",
                                      "tcp:127.0.0.1:-:1"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        ck_assert_msg(!net_forward_parse(bad[i], &f), "%s", bad[i]);
}
END_TEST

/* Ask who has 10.0.2.`host`. */
static void ask(uint8_t host)
{
    uint8_t frame[60] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x16, 0x3E, 0,    0,    1, 8, 6,
                         0,    1,    8,    0,    6,    4,    0, 1,    0,    0x16, 0x3E, 0, 0, 1,
                         10,   0,    2,    15,   0,    0,    0, 0,    0,    0,    10,   0, 2, host};
    net_user_output(u, frame, sizeof frame);
}

START_TEST(test_arp)
{
    ck_assert_ptr_null(net_user_next(u));
    ask(2);
    ask(99); /* nobody */
    ask(3);  /* so that the answer that does not come is heard of */
    g_autoptr(GBytes) answer = next();
    g_autoptr(GBytes) last = next();
    ck_assert_ptr_nonnull(answer);
    ck_assert_ptr_nonnull(last);
    ck_assert_mem_eq((const uint8_t *)g_bytes_get_data(last, NULL) + 28, ((uint8_t[]){10, 0, 2, 3}), 4);
    const uint8_t *bytes = g_bytes_get_data(answer, NULL);
    ck_assert_mem_eq(bytes, ((uint8_t[]){0, 0x16, 0x3E, 0, 0, 1}), 6);
    ck_assert_mem_eq(bytes + 28, ((uint8_t[]){10, 0, 2, 2}), 4);
}
END_TEST

/* Without connections nothing comes but libslirp's second, and frames that wait are a
 * reason not to wait. */
START_TEST(test_quiet)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    uint64_t timeout = UINT64_MAX;
    net_user_prepare(u, fds, &timeout);
    ck_assert_uint_eq(fds->len, 1);
    ck_assert_uint_ge(timeout, 1000000000);
    ck_assert_int_eq(poll((struct pollfd *)(void *)fds->data, 1, 1500), 0);
    ask(2);
    for (unsigned i = 0; i < 100 && timeout > 0; i++) {
        turn(100);
        g_array_set_size(fds, 0);
        net_user_prepare(u, fds, &timeout);
    }
    ck_assert_uint_eq(timeout, 0);
}
END_TEST

/* The helper dies: what is sent is lost, nothing comes, and somebody is told why. */
START_TEST(test_death)
{
    g_autofree char *children = g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *pids = NULL;
    ck_assert(g_file_get_contents(children, &pids, NULL, NULL));
    ck_assert_ptr_null(net_user_error(u));
    ck_assert_int_eq(kill((pid_t)atoi(pids), SIGABRT), 0);
    for (unsigned i = 0; i < 100 && !net_user_error(u); i++) {
        ask(2);
        turn(100);
    }
    ck_assert_str_eq(net_user_error(u), "its helper ended (signal 6)");
    ask(2);
    turn(0);
    net_user_restart(u, clock_now, &now);
    turn(0);
    ck_assert_ptr_null(net_user_next(u));
}
END_TEST

/* The next guest gets nothing of what was there for the last one. */
START_TEST(test_restart)
{
    for (unsigned i = 0; i < 100; i++)
        ask(2);
    turn(100);
    now = 5;
    net_user_restart(u, clock_now, &now);
    ask(3);
    g_autoptr(GBytes) answer = next();
    ck_assert_ptr_nonnull(answer);
    ck_assert_mem_eq((const uint8_t *)g_bytes_get_data(answer, NULL) + 28, ((uint8_t[]){10, 0, 2, 3}), 4);
    ck_assert_ptr_null(net_user_error(u));
}
END_TEST

/* Whatever a guest sends: no answer is a fine answer. */
START_TEST(test_nonsense)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    static uint8_t frame[65535];
    for (unsigned i = 0; i < 20000; i++) {
        unsigned len = 14 + (unsigned)g_rand_int_range(rand, 0, i % 100 ? 200 : 65000);
        for (unsigned at = 0; at < MIN(len, 100); at++)
            frame[at] = (uint8_t)g_rand_int_range(rand, 0, 256);
        frame[12] = 8;
        frame[13] = i % 3 ? 0 : 6;
        if (i % 2)
            memcpy(frame + 14, (uint8_t[]){0x45, 0, (uint8_t)((len - 14) >> 8), (uint8_t)(len - 14)}, 4);
        net_user_output(u, frame, len);
        if (i % 16 == 0)
            turn(0);
    }
    for (unsigned i = 0; i < 20; i++)
        turn(50);
    for (GBytes *b; (b = net_user_next(u));)
        g_bytes_unref(b);
    ask(2);
    g_autoptr(GBytes) answer = next();
    ck_assert_ptr_nonnull(answer);
    ck_assert_ptr_null(net_user_error(u));
}
END_TEST

/* An IPv4 frame from the guest (or to it) to 10.0.2.2, port 7 to `port`. */
struct probe {
    uint8_t bytes[64];
};

static struct probe probe(uint8_t protocol, uint16_t from, uint16_t to, uint8_t flags)
{
    struct probe p = {{[12] = 8, [14] = 0x45, [17] = 50, [22] = 64}};
    p.bytes[23] = protocol;
    memcpy(p.bytes + 26, (uint8_t[]){10, 0, 2, 15, 10, 0, 2, 2}, 8);
    p.bytes[34] = (uint8_t)(from >> 8);
    p.bytes[35] = (uint8_t)from;
    p.bytes[36] = (uint8_t)(to >> 8);
    p.bytes[37] = (uint8_t)to;
    p.bytes[47] = flags;
    return p;
}

static bool passes(const struct net_restrict *r, struct probe p)
{
    return net_restrict_passes(r, p.bytes, sizeof p.bytes);
}

static struct probe with(struct probe p, unsigned at, uint8_t byte)
{
    p.bytes[at] = byte;
    return p;
}

START_TEST(test_restrict)
{
    struct net_restrict r = {.router = 0x0A000202};
    struct probe dhcp = probe(17, 68, 67, 0), ping = probe(1, 0, 0, 0), syn = probe(6, 7, 8, 2);
    ck_assert(passes(&r, dhcp));
    ck_assert(!passes(&r, with(dhcp, 33, 3))); /* not to the router */
    ck_assert(passes(&r, ping));
    ck_assert(!passes(&r, with(ping, 30, 8)));
    ck_assert(!passes(&r, syn));
    ck_assert(passes(&r, probe(6, 7, 8, 0x12)));
    ck_assert(passes(&r, probe(6, 7, 8, 0x10)));
    ck_assert(!passes(&r, probe(47, 7, 8, 0x10)));
    /* Nothing hides behind options, fragments, lengths or other protocols. */
    static const uint8_t spoilt[][2] = {{14, 0x46}, {14, 0x65}, {20, 0x20}, {21, 1},
                                        {16, 1},    {17, 19},   {17, 30},   {12, 0x86}};
    for (size_t i = 0; i < G_N_ELEMENTS(spoilt); i++)
        ck_assert_msg(!passes(&r, with(probe(6, 7, 8, 0x10), spoilt[i][0], spoilt[i][1])), "%zu", i);
    for (uint32_t len = 0; len < 64; len++)
        ck_assert(!net_restrict_passes(&r, syn.bytes, len));
    /* Answers to a datagram, to nobody else; the last 64 are known. */
    struct probe answer = probe(17, 7, 5000, 0), question = probe(17, 5000, 7, 0);
    memcpy(question.bytes + 26, (uint8_t[]){10, 0, 2, 2, 10, 0, 2, 15}, 8);
    ck_assert(!passes(&r, answer));
    net_restrict_learn(&r, question.bytes, sizeof question.bytes);
    ck_assert(passes(&r, answer));
    ck_assert(!passes(&r, with(answer, 35, 8)));
    ck_assert(!passes(&r, with(answer, 37, 0)));
    ck_assert(!passes(&r, with(answer, 33, 3)));
    ck_assert(!passes(&r, with(answer, 29, 16)));
    for (unsigned i = 0; i < 64; i++) {
        ck_assert(passes(&r, answer));
        net_restrict_learn(&r, with(question, 34, (uint8_t)(100 + i)).bytes, sizeof question.bytes);
    }
    ck_assert(!passes(&r, answer));
}
END_TEST

/* Many questions and nobody who takes the answers: what waits is bounded. */
START_TEST(test_bound)
{
    unsigned nr = 0;
    for (unsigned i = 0; i < 100000; i++) {
        ask(2);
        if (i % 16 == 0)
            turn(0);
    }
    for (unsigned i = 0; i < 10; i++)
        turn(20);
    for (GBytes *b; (b = net_user_next(u)); nr++)
        g_bytes_unref(b);
    ck_assert_uint_le(nr, 8192 + 32);
    ck_assert_uint_ge(nr, 1000);
    g_autoptr(GBytes) another = next(); /* that waited in the helper, or was lost there */
}
END_TEST

START_TEST(test_port_taken)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    ck_assert(bind(s, (struct sockaddr *)&a, len) == 0 && listen(s, 1) == 0);
    ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &len), 0);
    struct net_forward f = {.host = INADDR_LOOPBACK, .host_port = ntohs(a.sin_port), .guest_port = 7};
    g_array_append_val(forwards, f);
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(make(true, &error));
    ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_HOST));
    g_autofree char *port = g_strdup_printf("TCP port %u of 127.0.0.1", f.host_port);
    ck_assert_msg(strstr(error->message, port), "%s", error->message);
    close(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("net_user");
    TCase *c = tcase_create("user");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    const TTest *const tests[] = {test_forwards,   test_arp,      test_quiet, test_nonsense, test_bound,
                                  test_port_taken, test_restrict, test_death, test_restart};
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
