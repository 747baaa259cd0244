/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_user.c - see net_user.h: what libslirp asks of its owner.
 */
#include "net_user.h"

#include "net_restrict.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <ring1/ring1.h>
#include <string.h>

#define NS_PER_MS 1000000u
/* Frames for the guest that nobody has taken, at most. */
#define INBOX_BYTES  (4u << 20)
#define INBOX_FRAMES 8192u

#define NETWORK 0x0A000200u /* 10.0.2.0 */
#define NETMASK 0xFFFFFF00u
#define ROUTER  (NETWORK + 2)
#define DNS     (NETWORK + 3)
#define GUEST   (NETWORK + 15)

struct net_user {
    Slirp *slirp;
    uint64_t (*now)(void *user);
    void *now_user;
    bool restricted;
    struct net_restrict filter;
    GQueue inbox; /* GBytes */
    size_t inbox_bytes;
    /* During prepare and serve. */
    GArray *fds;
    guint first;
    const struct pollfd *ready;
    guint nr_ready;
};

/* --- "tcp:127.0.0.1:8080-:80" ------------------------------------------------------- */

/* "[ADDRESS]:PORT", and then the character `end`. Returns what follows, or NULL. */
static const char *parse_place(const char *text, char end, uint32_t *address, uint16_t *port)
{
    const char *colon = strchr(text, ':'), *stop = colon ? strchr(colon, end) : NULL;
    guint64 number;
    struct in_addr in;
    if (!stop)
        return NULL;
    g_autofree char *name = g_strndup(text, (gsize)(colon - text));
    g_autofree char *digits = g_strndup(colon + 1, (gsize)(stop - colon - 1));
    if (*name && inet_pton(AF_INET, name, &in) != 1)
        return NULL;
    if (*name)
        *address = ntohl(in.s_addr);
    if (!g_ascii_string_to_unsigned(digits, 10, 1, UINT16_MAX, &number, NULL))
        return NULL;
    *port = (uint16_t)number;
    return end ? stop + 1 : stop;
}

bool net_forward_parse(const char *text, struct net_forward *f)
{
    *f = (struct net_forward){.udp = g_str_has_prefix(text, "udp:"), .host = INADDR_LOOPBACK};
    if (!f->udp && !g_str_has_prefix(text, "tcp:"))
        return false;
    const char *guest = parse_place(text + 4, '-', &f->host, &f->host_port);
    return guest && parse_place(guest, '\0', &f->guest, &f->guest_port);
}

/* --- what libslirp calls -------------------------------------------------------------- */

static ssize_t on_packet(const void *frame, size_t len, void *user)
{
    struct net_user *u = user;
    if (u->restricted)
        net_restrict_learn(&u->filter, frame, (uint32_t)len);
    /* What is too much is lost, as in any network. */
    if (u->inbox_bytes + len <= INBOX_BYTES && g_queue_get_length(&u->inbox) < INBOX_FRAMES) {
        g_queue_push_tail(&u->inbox, g_bytes_new(frame, len));
        u->inbox_bytes += len;
    }
    return (ssize_t)len;
}

static int64_t on_clock(void *user)
{
    struct net_user *u = user;
    return (int64_t)u->now(u->now_user);
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

static bool add_forward(struct net_user *u, const struct net_forward *f, GError **error)
{
    uint32_t guest = f->guest ? f->guest : GUEST;
    errno = 0;
    if (slirp_add_hostfwd(u->slirp, f->udp, address(f->host), f->host_port, address(guest), f->guest_port) ==
        0)
        return true;
    int why = errno;
    struct in_addr host = address(f->host);
    char name[INET_ADDRSTRLEN];
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "net: %s port %u of %s cannot be forwarded: %s",
                f->udp ? "UDP" : "TCP", f->host_port, inet_ntop(AF_INET, &host, name, sizeof name),
                why ? g_strerror(why) : "libslirp refuses");
    return false;
}

struct net_user *net_user_new(const struct net_user_config *config, uint64_t (*now)(void *user), void *user,
                              GError **error)
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
    struct net_user *u = g_new0(struct net_user, 1);
    u->now = now;
    u->now_user = user;
    u->restricted = config->restricted;
    u->filter.router = ROUTER;
    g_queue_init(&u->inbox);
    u->slirp = slirp_new(&c, &callbacks, u);
    if (!u->slirp)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "net: libslirp cannot start");
    bool good = u->slirp != NULL;
    for (guint i = 0; good && i < config->forwards->len; i++)
        good = add_forward(u, &g_array_index(config->forwards, struct net_forward, i), error);
    if (good)
        return u;
    net_user_free(u);
    return NULL;
}

void net_user_free(struct net_user *u)
{
    GBytes *frame;
    if (!u)
        return;
    if (u->slirp)
        slirp_cleanup(u->slirp);
    while ((frame = g_queue_pop_head(&u->inbox)))
        g_bytes_unref(frame);
    g_free(u);
}

/* --- running ------------------------------------------------------------------------ */

void net_user_output(struct net_user *u, const uint8_t *frame, uint32_t len)
{
    if (!u->restricted || net_restrict_passes(&u->filter, frame, len))
        slirp_input(u->slirp, frame, (int)len);
}

GBytes *net_user_next(struct net_user *u)
{
    GBytes *frame = g_queue_pop_head(&u->inbox);
    if (frame)
        u->inbox_bytes -= g_bytes_get_size(frame);
    return frame;
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
    struct net_user *u = user;
    struct pollfd p = {.fd = fd};
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (events & flags[i].slirp)
            p.events = (short)(p.events | flags[i].poll);
    g_array_append_val(u->fds, p);
    return (int)(u->fds->len - 1 - u->first);
}

static int on_revents(int index, void *user)
{
    const struct net_user *u = user;
    int events = 0;
    if (index < 0 || (guint)index >= u->nr_ready)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (u->ready[index].revents & flags[i].poll)
            events |= flags[i].slirp;
    return events;
}

void net_user_prepare(struct net_user *u, GArray *fds, uint64_t *timeout_ns)
{
    uint32_t ms = UINT32_MAX;
    u->fds = fds;
    u->first = fds->len;
    slirp_pollfds_fill(u->slirp, &ms, on_add_poll, u);
    u->fds = NULL;
    if (ms != UINT32_MAX)
        *timeout_ns = MIN(*timeout_ns, (uint64_t)ms * NS_PER_MS);
    if (!g_queue_is_empty(&u->inbox))
        *timeout_ns = 0;
}

void net_user_serve(struct net_user *u, const struct pollfd *fds, guint nr)
{
    u->ready = fds;
    u->nr_ready = nr;
    slirp_pollfds_poll(u->slirp, 0, on_revents, u);
    u->ready = NULL;
    u->nr_ready = 0;
}
