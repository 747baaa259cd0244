/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_serve.h - ring1-net's end of the wire: what ring1 says becomes calls of net_slirp.h,
 * and frames go back. Nothing that comes is believed.
 */
#ifndef DEVICES_NET_SERVE_H
#define DEVICES_NET_SERVE_H

#include <stdbool.h>

struct net_serve;

/* Owns `fd`. `confine` is called when it has begun, unless ring1 wants it unconfined. */
struct net_serve *net_serve_new(int fd, void (*confine)(void));
/* One wait, and what follows from it. False: ring1 is gone, or talks nonsense. */
bool net_serve_turn(struct net_serve *s);
/* False: it was nonsense, or could not be done. */
bool net_serve_free(struct net_serve *s);

#endif
