/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_helper.c - the program ring1-net: libslirp in a process of its own, behind a wire
 * (net_wire.h). It has none of the guest's memory and none of ring1's files, and ends
 * when ring1 does.
 *
 * Its clock is the guest's as ring1 tells it before each wait, and goes on with the
 * host's from there, for a second at most: ring1 waits no longer without a word, and
 * the connections of a guest that stands still do not grow old.
 */
#define _GNU_SOURCE /* close_range, ppoll */
#include "net_slirp.h"
#include "net_wire.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
/* While so much waits for ring1 nothing is taken from the host's sockets. */
#define FULL (WIRE_BYTES / 4)
/* Batches of frames from the guest between two looks at the host's sockets. */
#define ROUNDS 8u
/* Sockets of the guest, at most. */
#define CONNECTIONS 4096

struct helper {
    struct wire *wire;
    struct net_slirp *slirp; /* NULL: not configured */
    struct net_user_config config;
    uint64_t guest_ns, told_ns; /* the guest's clock, and the host's when it was told */
    uint64_t last_ns;           /* what libslirp was told last */
    bool broken;                /* what ring1 said made no sense, or could not be done */
};

static uint64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t now(void *user)
{
    struct helper *h = user;
    uint64_t passed = MIN(host_ns() - h->told_ns, NS_PER_S);
    h->last_ns = MAX(h->last_ns, h->guest_ns + passed);
    return h->last_ns;
}

static void input(void *user, const uint8_t *frame, uint32_t len)
{
    struct helper *h = user;
    wire_put(h->wire, WIRE_FRAME, frame, len);
}

static const struct net_slirp_ops ops = {.now = now, .input = input};

/* --- what ring1 says -------------------------------------------------------------------- */

static void begin(struct helper *h)
{
    g_autofree char *why = NULL;
    h->guest_ns = h->last_ns = 0;
    h->told_ns = host_ns();
    h->slirp = net_slirp_new(&h->config, &ops, h, &why);
    if (h->slirp)
        wire_put(h->wire, WIRE_READY, NULL, 0);
    else
        wire_put(h->wire, WIRE_FAILED, why, strlen(why));
    h->broken = !h->slirp;
}

/* What cannot be had of it is done without: the wire has come to life already. */
static void confine(void)
{
    const struct sandbox_setup setup = {
        .needs = SANDBOX_INTERNET,
        .more_files = CONNECTIONS,
        .only_file = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC),
    };
    struct sandbox_state state;
    const char *why;
    sandbox_enter(&setup, &state, &why);
}

static void configure(struct helper *h, const uint8_t *bytes, size_t len)
{
    struct wire_config c;
    h->broken = h->slirp || len != sizeof c;
    if (h->broken)
        return;
    memcpy(&c, bytes, sizeof c);
    h->broken = c.version != WIRE_VERSION || c.nr_forwards > WIRE_FORWARDS;
    if (h->broken)
        return;
    h->config.restricted = c.restricted != 0;
    for (unsigned i = 0; i < c.nr_forwards; i++) {
        const struct wire_forward *f = &c.forward[i];
        const struct net_forward forward = {.udp = f->udp != 0,
                                            .host = f->host,
                                            .guest = f->guest,
                                            .host_port = f->host_port,
                                            .guest_port = f->guest_port};
        g_array_append_val(h->config.forwards, forward);
    }
    begin(h);
    if (h->slirp && !c.unconfined)
        confine();
}

static void heard(void *user, unsigned kind, const uint8_t *bytes, size_t len)
{
    struct helper *h = user;
    if (h->broken)
        return;
    if (kind == WIRE_CONFIG) {
        configure(h, bytes, len);
    } else if (kind == WIRE_FRAME && h->slirp) {
        net_slirp_output(h->slirp, bytes, (uint32_t)len);
    } else if (kind == WIRE_TIME && len == sizeof h->guest_ns) {
        memcpy(&h->guest_ns, bytes, sizeof h->guest_ns);
        h->told_ns = host_ns();
    } else if (kind == WIRE_RESET && h->slirp) {
        net_slirp_free(h->slirp);
        begin(h);
    } else {
        h->broken = true;
    }
}

/* --- the loop ----------------------------------------------------------------------------- */

static bool listen_to_ring1(struct helper *h)
{
    bool more = true, there = true;
    for (unsigned i = 0; more && there && i < ROUNDS; i++)
        there = wire_take(h->wire, heard, h, &more);
    return there;
}

/* One wait, and what follows from it. False: ring1 is gone. */
static bool turn(struct helper *h, GArray *fds)
{
    struct pollfd wire = {.fd = wire_fd(h->wire), .events = POLLIN};
    uint64_t timeout = UINT64_MAX;
    bool look = h->slirp && wire_waiting(h->wire) < FULL;
    if (wire_waits(h->wire))
        wire.events |= POLLOUT;
    g_array_set_size(fds, 0);
    g_array_append_val(fds, wire);
    if (look)
        net_slirp_prepare(h->slirp, fds, &timeout);
    struct pollfd *p = (struct pollfd *)(void *)fds->data;
    struct timespec t = {.tv_sec = (time_t)(timeout / NS_PER_S), .tv_nsec = (long)(timeout % NS_PER_S)};
    if (ppoll(p, fds->len, timeout == UINT64_MAX ? NULL : &t, NULL) < 0)
        return errno == EINTR;
    if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) && !listen_to_ring1(h))
        return false;
    if (look && h->slirp)
        net_slirp_serve(h->slirp, p + 1, fds->len - 1);
    return wire_flush(h->wire) && !h->broken;
}

/* What comes from a terminal for all of its processes is ring1's business. */
static void be_quiet(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP};
    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        signal(ignored[i], SIG_IGN);
    close_range(WIRE_FD + 1, ~0U, 0);
}

int main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] != 'w') {
        static const char text[] = "ring1-net is a part of ring1, which starts it for --net user.\n";
        return write(STDERR_FILENO, text, sizeof text - 1) < 0 ? 1 : 2;
    }
    if (argv[1][1] == 'd') /* ring1's own thread made this, and not one that comes and goes */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    be_quiet();
    struct helper h = {.wire = wire_new(WIRE_FD)};
    h.config.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward));
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    while (turn(&h, fds))
        continue;
    wire_flush(h.wire);
    net_slirp_free(h.slirp);
    wire_free(h.wire);
    g_array_unref(h.config.forwards);
    return h.broken;
}
