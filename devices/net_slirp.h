/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_slirp.h - libslirp, as the program ring1-net has it: router, DHCP and DNS server
 * at once, and the guest's connections are sockets of this process.
 *
 * Nothing here happens by itself: what the guest sends goes to net_slirp_output, the
 * host is looked at in net_slirp_serve.
 */
#ifndef DEVICES_NET_SLIRP_H
#define DEVICES_NET_SLIRP_H

#include "net_user.h"

struct net_slirp;

struct net_slirp_ops {
    uint64_t (*now)(void *user); /* the guest's clock in ns */
    /* A frame for the guest. */
    void (*input)(void *user, const uint8_t *frame, uint32_t len);
};

/* NULL: *why says which port cannot be had; g_free. */
struct net_slirp *net_slirp_new(const struct net_user_config *config, const struct net_slirp_ops *ops,
                                void *user, char **why);
void net_slirp_free(struct net_slirp *u);

/* A frame from the guest. */
void net_slirp_output(struct net_slirp *u, const uint8_t *frame, uint32_t len);

/* Add the descriptors (struct pollfd) to wait for, and lower *timeout_ns to when there
 * is something to be done without them. */
void net_slirp_prepare(struct net_slirp *u, GArray *fds, uint64_t *timeout_ns);
/* After the wait: the `nr` descriptors that net_slirp_prepare added. */
void net_slirp_serve(struct net_slirp *u, const struct pollfd *fds, guint nr);

#endif
