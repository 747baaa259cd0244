/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_serve.c - see net_serve.h.
 *
 * Its clock is the guest's as ring1 tells it before each wait, and goes on with the
 * host's from there, for a second at most: ring1 waits no longer without a word, and
 * the connections of a guest that stands still do not grow old.
 */
#define _GNU_SOURCE /* ppoll */
#include "net_serve.h"

#include "net_slirp.h"
#include "net_wire.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
/* While so much waits for ring1 nothing is taken from the host's sockets. */
#define FULL (WIRE_BYTES / 4)
/* Batches of frames from the guest between two looks at the host's sockets. */
#define ROUNDS 8u

struct net_serve {
    struct wire *wire;
    struct net_slirp *slirp; /* NULL: not configured */
    struct net_user_config config;
    uint64_t guest_ns, told_ns; /* the guest's clock, and the host's when it was told */
    uint64_t last_ns;           /* what libslirp was told last */
    bool broken;                /* what ring1 said made no sense, or could not be done */
    void (*confine)(void);
    GArray *fds; /* struct pollfd */
};

static uint64_t host_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t now(void *user)
{
    struct net_serve *h = user;
    uint64_t passed = MIN(host_ns() - h->told_ns, NS_PER_S);
    h->last_ns = MAX(h->last_ns, h->guest_ns + passed);
    return h->last_ns;
}

static void input(void *user, const uint8_t *frame, uint32_t len)
{
    struct net_serve *h = user;
    wire_put(h->wire, WIRE_FRAME, frame, len);
}

static const struct net_slirp_ops ops = {.now = now, .input = input};

/* --- what ring1 says -------------------------------------------------------------------- */

static void begin(struct net_serve *h)
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

static void configure(struct net_serve *h, const uint8_t *bytes, size_t len)
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
        h->confine();
}

static void heard(void *user, unsigned kind, const uint8_t *bytes, size_t len)
{
    struct net_serve *h = user;
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

static bool listen_to_ring1(struct net_serve *h)
{
    bool more = true, there = true;
    for (unsigned i = 0; more && there && i < ROUNDS; i++)
        there = wire_take(h->wire, heard, h, &more);
    return there;
}

bool net_serve_turn(struct net_serve *h)
{
    GArray *fds = h->fds;
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

struct net_serve *net_serve_new(int fd, void (*confine)(void))
{
    struct net_serve *h = g_new0(struct net_serve, 1);
    h->wire = wire_new(fd);
    h->confine = confine;
    h->config.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward));
    h->fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    return h;
}

bool net_serve_free(struct net_serve *h)
{
    bool good = !h->broken;
    wire_flush(h->wire);
    net_slirp_free(h->slirp);
    wire_free(h->wire);
    g_array_unref(h->config.forwards);
    g_array_unref(h->fds);
    g_free(h);
    return good;
}
