/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_wire.h - what ring1 and its helper ring1-net say to each other, over a pair of
 * sockets that keep messages apart. A message is a byte that says what it is, then what
 * it holds. Each side takes nothing of the other's for granted.
 */
#ifndef DEVICES_NET_WIRE_H
#define DEVICES_NET_WIRE_H

#include "net.h"

#include <glib.h>

/* Counted up when what is said changes: both are of one build. */
#define WIRE_VERSION 1u
/* The descriptor on which a helper finds the wire. */
#define WIRE_FD 3

enum wire_kind {
    WIRE_CONFIG = 1, /* to the helper, first of all: struct wire_config */
    WIRE_FRAME,      /* both ways: a frame */
    WIRE_TIME,       /* to the helper: the guest's clock, 8 bytes */
    WIRE_RESET,      /* to the helper: another guest; as if it had just begun */
    WIRE_READY,      /* from the helper, its answer to CONFIG or RESET; or */
    WIRE_FAILED,     /* why not, in words */
};

#define WIRE_FORWARDS 64u
struct wire_config {
    uint32_t version;
    uint32_t restricted; /* 0 or 1 */
    uint32_t unconfined; /* 0 or 1 */
    uint32_t nr_forwards;
    struct wire_forward {
        uint32_t udp, host, guest;
        uint16_t host_port, guest_port;
    } forward[WIRE_FORWARDS];
};

#define WIRE_MAX (1 + NET_FRAME_MAX)

/* What waits to be sent, at most: what is too much is lost, as in any network. */
#define WIRE_BYTES  (4u << 20)
#define WIRE_FRAMES 8192u

struct wire;

/* Owns `fd`. */
struct wire *wire_new(int fd);
void wire_free(struct wire *w);
int wire_fd(const struct wire *w);

/* Put a message behind those that wait. False: they are too many. */
bool wire_put(struct wire *w, enum wire_kind kind, const void *bytes, size_t len);
bool wire_waits(const struct wire *w);
/* The bytes that wait. */
size_t wire_waiting(const struct wire *w);
/* Send what the other side takes now. False: it is gone. */
bool wire_flush(struct wire *w);

/* Take messages that have come, a few dozen at most. False: the other side is gone.
 * `more`: there may be others. */
typedef void (*wire_fn)(void *user, unsigned kind, const uint8_t *bytes, size_t len);
bool wire_take(struct wire *w, wire_fn fn, void *user, bool *more);

#endif
