/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_net_wire.c - what ring1 and ring1-net say to each other, by somebody who has taken one of
 * them over: to the helper's end (an even first byte) or to ring1's. Then messages: two
 * bytes of length, and the message. libslirp is a stand-in here: what reaches it is
 * what an honest ring1 could say.
 */
#include "fuzz.h"
#include "must.h"

#include "devices/net_serve.h"
#include "devices/net_slirp.h"
#include "devices/net_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More fills the socket. */
#define MESSAGES_MAX 64u

/* --- in libslirp's place --------------------------------------------------------------- */

struct net_slirp {
    const struct net_slirp_ops *ops;
    void *user;
    unsigned nr; /* frames */
};

struct net_slirp *net_slirp_new(const struct net_user_config *config, const struct net_slirp_ops *ops,
                                void *user, char **why)
{
    must(config->forwards->len <= WIRE_FORWARDS, "more ports than there may be");
    if (config->forwards->len && g_array_index(config->forwards, struct net_forward, 0).host_port == 0) {
        *why = g_strdup("a port that cannot be had");
        return NULL;
    }
    struct net_slirp *s = g_new0(struct net_slirp, 1);
    *s = (struct net_slirp){.ops = ops, .user = user};
    return s;
}

void net_slirp_free(struct net_slirp *s)
{
    g_free(s);
}

/* Each byte is looked at, for a sanitizer; and some are answered. */
void net_slirp_output(struct net_slirp *s, const uint8_t *frame, uint32_t len)
{
    unsigned sum = 0;
    must(len <= NET_FRAME_MAX, "a frame that is too long");
    for (uint32_t i = 0; i < len; i++)
        sum += frame[i];
    if (sum % 2)
        s->ops->input(s->user, frame, len);
    s->nr++;
}

void net_slirp_prepare(struct net_slirp *s, GArray *fds, uint64_t *timeout_ns)
{
    (void)fds;
    s->ops->now(s->user);
    *timeout_ns = 0;
}

void net_slirp_serve(struct net_slirp *s, const struct pollfd *fds, guint nr)
{
    (void)s;
    (void)fds;
    (void)nr;
}

/* --- both ends ---------------------------------------------------------------------------- */

static bool make_wire(int fd[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == 0;
}

static void say(int fd, const void *bytes, size_t len)
{
    if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        must(errno == EAGAIN || errno == EPIPE || errno == EMSGSIZE || errno == ECONNRESET ||
                 errno == ENOBUFS,
             "a message that cannot be sent");
}

/* What is said, and then the end of the wire. */
static void say_all(int fd, const uint8_t *data, size_t size)
{
    for (unsigned i = 0; i < MESSAGES_MAX && size >= 2; i++) {
        size_t len = MIN((size_t)(data[0] | data[1] << 8), size - 2);
        say(fd, data + 2, len);
        data += 2 + len;
        size -= 2 + len;
    }
    shutdown(fd, SHUT_WR);
}

static void hear_all(int fd)
{
    static uint8_t bytes[2 * WIRE_MAX];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        must(n <= (ssize_t)WIRE_MAX && bytes[0] >= WIRE_CONFIG && bytes[0] <= WIRE_FAILED,
             "a message that none is");
}

static void confine(void)
{
}

static void to_helper(const uint8_t *data, size_t size)
{
    int fd[2];
    if (!make_wire(fd))
        return;
    struct net_serve *serve = net_serve_new(fd[1], confine);
    say_all(fd[0], data, size);
    unsigned turns = 0;
    while (net_serve_turn(serve))
        must(++turns < 1000, "a wire whose end is not seen");
    hear_all(fd[0]);
    net_serve_free(serve);
    close(fd[0]);
}

static uint64_t now(void *user)
{
    uint64_t *ns = user;
    return *ns += 1000;
}

/* Frames of the guest's, and another guest's, while the other says what it likes. */
static void use(struct net_user *u, uint64_t *ns)
{
    static const uint8_t frame[64];
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    for (unsigned i = 0; i < 8; i++) {
        uint64_t timeout = 1;
        GBytes *got;
        g_array_set_size(fds, 0);
        net_user_output(u, frame, sizeof frame);
        net_user_prepare(u, fds, &timeout);
        struct pollfd *p = (struct pollfd *)(void *)fds->data;
        if (poll(p, fds->len, 0) > 0)
            net_user_serve(u, p, fds->len);
        while ((got = net_user_next(u))) {
            must(g_bytes_get_size(got) <= NET_FRAME_MAX, "a frame that is too long");
            g_bytes_unref(got);
        }
        if (i == 4)
            net_user_restart(u, now, ns);
        if (net_user_error(u))
            must(g_utf8_validate(net_user_error(u), -1, NULL), "words that are none");
    }
}

static void to_ring1(const uint8_t *data, size_t size)
{
    static const uint8_t ready = WIRE_READY;
    struct net_user_config config = {.forwards = g_array_new(FALSE, FALSE, sizeof(struct net_forward))};
    g_autoptr(GError) error = NULL;
    uint64_t ns = 0;
    int fd[2];
    if (make_wire(fd)) {
        if (size == 0 || data[0] % 8) /* else it may never begin */
            say(fd[1], &ready, 1);
        say_all(fd[1], data, size);
        struct net_user *u = net_user_of_wire(fd[0], &config, now, &ns, &error);
        must((u == NULL) == (error != NULL), "no reason");
        if (u)
            use(u, &ns);
        if (u)
            net_user_free(u);
        hear_all(fd[1]);
        close(fd[1]);
    }
    g_array_unref(config.forwards);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] % 2 == 0)
        to_helper(data + 1, size - 1);
    else if (size > 0)
        to_ring1(data + 1, size - 1);
    return 0;
}
