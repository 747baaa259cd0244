/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_user.h - a network without privileges behind a card: libslirp is router, DHCP and
 * DNS server at once, in a process of its own (net_helper.c), where the guest's
 * connections are sockets.
 *
 * Nothing comes in by itself: what the guest sends goes to net_user_output, and frames
 * for it wait until net_user_serve has fetched them and net_user_next takes them. The
 * clock there is the guest's, by which its peer's timers run too.
 *
 *     10.0.2.2 the router and this host   10.0.2.3 the DNS server   10.0.2.15 the guest
 */
#ifndef DEVICES_NET_USER_H
#define DEVICES_NET_USER_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* A port of the host that leads to one of the guest. */
struct net_forward {
    bool udp;
    uint32_t host, guest; /* addresses in the host's byte order; guest 0: 10.0.2.15 */
    uint16_t host_port, guest_port;
};
/* "tcp:127.0.0.1:8080-:80": TYPE:[HOST]:PORT-[GUEST]:PORT; without HOST it is 127.0.0.1.
 * False: it is none. */
bool net_forward_parse(const char *text, struct net_forward *forward);

struct net_user_config {
    bool restricted;  /* the guest reaches nobody; forwarded ports work */
    bool unconfined;  /* the helper does not lock itself up */
    GArray *forwards; /* struct net_forward */
};

struct net_user;

/* `now` is the guest's clock in ns. NULL: RING1_ERROR_HOST says which port cannot be
 * had. */
struct net_user *net_user_new(const struct net_user_config *config, uint64_t (*now)(void *user), void *user,
                              GError **error);
/* The same with a helper that is there, at the other end of `fd`, which becomes its. */
struct net_user *net_user_of_wire(int fd, const struct net_user_config *config, uint64_t (*now)(void *user),
                                  void *user, GError **error);
/* Another guest has the card, or the first, if `user` was NULL until now: what was there for the one before
 * is gone. */
void net_user_restart(struct net_user *u, uint64_t (*now)(void *user), void *user);
/* Somebody else has it, too: it ends when each of them has freed it. */
void net_user_share(struct net_user *u);
void net_user_free(struct net_user *u);

/* A frame from the guest; it goes out with the next net_user_flush or net_user_prepare. */
void net_user_output(struct net_user *u, const uint8_t *frame, uint32_t len);
void net_user_flush(struct net_user *u);
/* The next frame for the guest, or NULL; g_bytes_unref. */
GBytes *net_user_next(struct net_user *u);

/* Add the descriptors (struct pollfd) to wait for, and lower *timeout_ns to when there
 * is something to be done without them. */
void net_user_prepare(struct net_user *u, GArray *fds, uint64_t *timeout_ns);
/* After the wait: the `nr` descriptors that net_user_prepare added. */
void net_user_serve(struct net_user *u, const struct pollfd *fds, guint nr);

/* Why the cable is out: its helper ended. NULL: it did not. */
const char *net_user_error(const struct net_user *u);

#endif
