/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * networks.h - the network cards that a configuration asks for, what is behind each of
 * them, and the one door by which packets come in.
 */
#ifndef LIB_NETWORKS_H
#define LIB_NETWORKS_H

#include "devices/xenstore.h"

#include <poll.h>

struct networks;

/* The cards of `c` for a domain. NULL: RING1_ERROR_OPTION or _HOST says which one and
 * what. */
struct networks *networks_new(const ring1_config *c, struct domain *d, struct xenstore *x, GError **error);
/* Start what is behind the cards of `c` ahead, for c->host to keep. */
bool networks_fetch(const ring1_config *c, GError **error);
/* The domain goes too. */
void networks_free(struct networks *n);

/* The guest kicked a port. False: it is no card's. */
bool networks_notify(struct networks *n, uint16_t port);
/* True: the guest got something. */
bool networks_poll(struct networks *n);

void networks_suspend(struct networks *n);
void networks_resume(struct networks *n);

/* The door. False: it was dropped, or there is no such card. */
bool networks_input(struct networks *n, unsigned card, const void *frame, size_t len);
/* The next frame that waits before the door, or NULL; g_bytes_unref. */
GBytes *networks_next(struct networks *n, unsigned *card);
/* Who sees every packet that comes in or goes out; any number of them. */
void networks_watch(struct networks *n, ring1_packet_fn fn, void *user);

/* They are told nothing for a while. */
void networks_set_quiet(struct networks *n, bool quiet);

/* ring1_machine_network_*. */
bool networks_open(const struct networks *n);
const char *networks_error(const struct networks *n, unsigned *card);
void networks_prepare(struct networks *n, GArray *fds, uint64_t *timeout_ns);
void networks_serve(struct networks *n, const struct pollfd *fds, guint nr);

/* The text of a card that is like that of `spec`, the `index`th, with nothing behind it;
 * g_free. */
char *networks_unplugged(const char *spec, unsigned index);

/* One blob a card. */
unsigned networks_count(const struct networks *n);
GBytes *networks_save(const struct networks *n, unsigned card);
void networks_pins(const struct networks *n, unsigned card, uint32_t *pins);
bool networks_check(const struct networks *n, unsigned card, GError **error);
bool networks_restore(struct networks *n, unsigned card, GBytes *saved, GError **error);

#endif
