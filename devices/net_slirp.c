/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_slirp.c - see net_slirp.h: what libslirp asks of its owner.
 */
#include "net_slirp.h"

#include "net_restrict.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <string.h>

#define NS_PER_MS 1000000u

#define NETWORK 0x0A000200u /* 10.0.2.0 */
#define NETMASK 0xFFFFFF00u
#define ROUTER  (NETWORK + 2)
#define DNS     (NETWORK + 3)
#define GUEST   (NETWORK + 15)

struct net_slirp {
    Slirp *slirp;
    const struct net_slirp_ops *ops;
    void *user;
    bool restricted;
    struct net_restrict filter;
    /* During prepare and serve. */
    GArray *fds;
    guint first;
    const struct pollfd *ready;
    guint nr_ready;
};

/* --- what libslirp calls -------------------------------------------------------------- */

static ssize_t on_packet(const void *frame, size_t len, void *user)
{
    struct net_slirp *u = user;
    if (u->restricted)
        net_restrict_learn(&u->filter, frame, (uint32_t)len);
    u->ops->input(u->user, frame, (uint32_t)len);
    return (ssize_t)len;
}

static int64_t on_clock(void *user)
{
    struct net_slirp *u = user;
    return (int64_t)u->ops->now(u->user);
}

/* Timers are those of IPv6's router, which is not there. */
static void *on_timer_new(SlirpTimerCb fn, void *fn_user, void *user)
{
    (void)fn;
    (void)fn_user;
    (void)user;
    return NULL;
}

static void on_timer_free(void *timer, void *user)
{
    (void)timer;
    (void)user;
}

static void on_timer_mod(void *timer, int64_t at_ms, void *user)
{
    (void)timer;
    (void)at_ms;
    (void)user;
}

static void on_guest_error(const char *text, void *user)
{
    (void)text;
    (void)user;
}

/* Descriptors are asked for before every wait. */
static void on_fd(int fd, void *user)
{
    (void)fd;
    (void)user;
}

static void on_notify(void *user)
{
    (void)user;
}

static const SlirpCb callbacks = {
    .send_packet = on_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_fd,
    .unregister_poll_fd = on_fd,
    .notify = on_notify,
};

/* --- making ------------------------------------------------------------------------- */

static struct in_addr address(uint32_t number)
{
    return (struct in_addr){htonl(number)};
}

static bool add_forward(struct net_slirp *u, const struct net_forward *f, char **why)
{
    uint32_t guest = f->guest ? f->guest : GUEST;
    errno = 0;
    if (slirp_add_hostfwd(u->slirp, f->udp, address(f->host), f->host_port, address(guest), f->guest_port) ==
        0)
        return true;
    int err = errno;
    struct in_addr host = address(f->host);
    char name[INET_ADDRSTRLEN];
    *why = g_strdup_printf("%s port %u of %s cannot be forwarded: %s", f->udp ? "UDP" : "TCP", f->host_port,
                           inet_ntop(AF_INET, &host, name, sizeof name),
                           err ? g_strerror(err) : "libslirp refuses");
    return false;
}

struct net_slirp *net_slirp_new(const struct net_user_config *config, const struct net_slirp_ops *ops,
                                void *user, char **why)
{
    bool udp = false;
    for (guint i = 0; i < config->forwards->len; i++)
        udp |= g_array_index(config->forwards, struct net_forward, i).udp;
    const SlirpConfig c = {
        .version = 1,
        .restricted = config->restricted && !udp, /* it would drop what the guest answers */
        .in_enabled = true,
        .vnetwork = address(NETWORK),
        .vnetmask = address(NETMASK),
        .vhost = address(ROUTER),
        .vdhcp_start = address(GUEST),
        .vnameserver = address(DNS),
    };
    struct net_slirp *u = g_new0(struct net_slirp, 1);
    u->ops = ops;
    u->user = user;
    u->restricted = config->restricted;
    u->filter.router = ROUTER;
    u->slirp = slirp_new(&c, &callbacks, u);
    if (!u->slirp)
        *why = g_strdup("libslirp cannot start");
    bool good = u->slirp != NULL;
    for (guint i = 0; good && i < config->forwards->len; i++)
        good = add_forward(u, &g_array_index(config->forwards, struct net_forward, i), why);
    if (good)
        return u;
    net_slirp_free(u);
    return NULL;
}

void net_slirp_free(struct net_slirp *u)
{
    if (u && u->slirp)
        slirp_cleanup(u->slirp);
    g_free(u);
}

/* --- running ------------------------------------------------------------------------ */

void net_slirp_output(struct net_slirp *u, const uint8_t *frame, uint32_t len)
{
    if (!u->restricted || net_restrict_passes(&u->filter, frame, len))
        slirp_input(u->slirp, frame, (int)len);
}

/* libslirp's names of poll's flags. */
static const struct {
    int slirp;
    short poll;
} flags[] = {{SLIRP_POLL_IN, POLLIN},
             {SLIRP_POLL_OUT, POLLOUT},
             {SLIRP_POLL_PRI, POLLPRI},
             {SLIRP_POLL_ERR, POLLERR},
             {SLIRP_POLL_HUP, POLLHUP}};

static int on_add_poll(int fd, int events, void *user)
{
    struct net_slirp *u = user;
    struct pollfd p = {.fd = fd};
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (events & flags[i].slirp)
            p.events = (short)(p.events | flags[i].poll);
    g_array_append_val(u->fds, p);
    return (int)(u->fds->len - 1 - u->first);
}

static int on_revents(int index, void *user)
{
    const struct net_slirp *u = user;
    int events = 0;
    if (index < 0 || (guint)index >= u->nr_ready)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (u->ready[index].revents & flags[i].poll)
            events |= flags[i].slirp;
    return events;
}

void net_slirp_prepare(struct net_slirp *u, GArray *fds, uint64_t *timeout_ns)
{
    uint32_t ms = UINT32_MAX;
    u->fds = fds;
    u->first = fds->len;
    slirp_pollfds_fill(u->slirp, &ms, on_add_poll, u);
    u->fds = NULL;
    if (ms != UINT32_MAX)
        *timeout_ns = MIN(*timeout_ns, (uint64_t)ms * NS_PER_MS);
}

void net_slirp_serve(struct net_slirp *u, const struct pollfd *fds, guint nr)
{
    u->ready = fds;
    u->nr_ready = nr;
    slirp_pollfds_poll(u->slirp, 0, on_revents, u);
    u->ready = NULL;
    u->nr_ready = 0;
}
