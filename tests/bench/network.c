/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * network.c - the rows of the network: a stream of TCP from the guest of
 * guest-images/network.c to a socket of this process, and one to it and back, both
 * through libslirp and a forwarded port. All of it is in one thread.
 */
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK  32768u
#define MS     1000000u
#define GIVEUP UINT64_C(60000000000)

struct stream {
    ring1_machine *m;
    GArray *fds;
    GString *console;
    int fd; /* -1: the guest is not ready yet */
};

static void on_console(void *user, const char *bytes, size_t len)
{
    g_string_append_len(user, bytes, (gssize)len);
}

/* A port that nobody has. */
static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = bind(s, (struct sockaddr *)&a, len) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0;
    close(s);
    return good ? ntohs(a.sin_port) : 0;
}

/* A run of the machine, and a wait for the host while the guest has nothing to do.
 * False: it has ended. */
static bool step(struct stream *s)
{
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_stop stop = {0};
    budget.until_ns = ring1_machine_now(s->m) + 10 * MS;
    budget.return_when_idle = true;
    if (!ring1_machine_run(s->m, &budget, &stop, NULL))
        return bench_failed("network: the CPU failed");
    if (stop.reason == RING1_STOP_SHUTDOWN || stop.reason == RING1_STOP_CRASH)
        return bench_failed("network: the guest ended: %s", s->console->str);
    uint64_t now = ring1_machine_now(s->m), start = wall_ns();
    uint64_t timeout = stop.reason == RING1_STOP_IDLE ? MIN(MAX(stop.wake_ns, now) - now, 100 * MS) : 0;
    g_array_set_size(s->fds, 0);
    if (s->fd >= 0)
        g_array_append_val(s->fds, ((struct pollfd){.fd = s->fd, .events = POLLIN}));
    guint first = s->fds->len;
    ring1_machine_network_prepare(s->m, s->fds, &timeout);
    struct pollfd *fds = (struct pollfd *)(void *)s->fds->data;
    if (poll(fds, s->fds->len, (int)(timeout / MS)) < 0)
        for (guint i = 0; i < s->fds->len; i++)
            fds[i].revents = 0;
    if (stop.reason == RING1_STOP_IDLE)
        ring1_machine_advance(s->m, wall_ns() - start);
    ring1_machine_network_serve(s->m, fds + first, s->fds->len - first);
    return true;
}

static bool set_up(struct stream *s, const struct bench *b, unsigned guest_port, unsigned bytes)
{
    static const struct ring1_console console = {.write = on_console};
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autoptr(GError) error = NULL;
    uint16_t port = free_port();
    c->memory_mib = 16;
    c->cmdline = g_strdup_printf("bytes=%u", bytes);
    c->nets = g_new0(char *, 2);
    c->nets[0] = g_strdup_printf("user,restrict,hostfwd=tcp:127.0.0.1:%u-:%u", port, guest_port);
    *s = (struct stream){.fd = -1};
    s->fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    s->console = g_string_new(NULL);
    s->m = ring1_machine_new_from_file(c, b->network, &error);
    if (!s->m)
        return bench_failed("network: %s", error->message);
    ring1_machine_set_console(s->m, &console, s->console);
    for (uint64_t end = wall_ns() + GIVEUP; !strstr(s->console->str, "ready\n");)
        if (wall_ns() > end || !step(s))
            return bench_failed("network: the guest is not ready");
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(s->fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
        return bench_failed("network: %s", g_strerror(errno));
    return true;
}

static void tear_down(struct stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    ring1_machine_free(s->m);
    g_array_unref(s->fds);
    g_string_free(s->console, TRUE);
}

/* Until `bytes` have come; with `echo`, of those that are sent. ns of the host. */
static double transfer(struct stream *s, unsigned bytes, bool echo)
{
    static char chunk[CHUNK];
    unsigned sent = 0, came = 0;
    uint64_t start = wall_ns();
    while (came < bytes && wall_ns() - start < GIVEUP) {
        ssize_t n = 1;
        if (echo && sent < bytes && sent - came < CHUNK &&
            (n = send(s->fd, chunk, MIN(CHUNK, bytes - sent), MSG_NOSIGNAL)) > 0)
            sent += (unsigned)n;
        while ((n = recv(s->fd, chunk, sizeof chunk, 0)) > 0)
            came += (unsigned)n;
        if (n == 0 || !step(s))
            break;
    }
    return came == bytes ? (double)(wall_ns() - start) : NAN;
}

bool measure_network(struct bench *b)
{
    static const struct {
        const char *name;
        unsigned port, bytes;
    } rows[] = {{"network: TCP from the guest, a KiB", 19, 32u << 20},
                {"network: TCP echo, a KiB", 7, 8u << 20}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        unsigned bytes = b->quick ? rows[i].bytes / 8 : rows[i].bytes;
        struct stream s;
        bool good = set_up(&s, b, rows[i].port, bytes);
        double ns = good ? transfer(&s, bytes, rows[i].port == 7) : NAN;
        tear_down(&s);
        if (isnan(ns))
            return bench_failed("network: %s: it stopped", rows[i].name);
        struct bench_row *row = bench_add(b, rows[i].name, "ns");
        row->figure = ns / (bytes / 1024.0);
        row->samples = 1;
    }
    return true;
}
