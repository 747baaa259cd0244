/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.h - 2.0's control interface: two rings of messages in the second half of
 * shared_info (docs/xen-abi.md 9.1). The console's are served; network front
 * ends are told that they have no device, block's messages go to a client.
 */
#ifndef DEVICES_CONTROL_H
#define DEVICES_CONTROL_H

#include "dispatch/domain.h"

#define CONTROL_DATA_MAX 60u

/* A device that has control messages of its own. */
struct control_client {
    uint8_t type; /* CONTROL_BLKIF_FE */
    /* The guest's message; what is changed in `msg` goes back with the echo. */
    void (*message)(void *user, uint8_t subtype, uint8_t msg[CONTROL_DATA_MAX]);
    /* There may be room again for messages of ours: whether it was used. */
    bool (*room)(void *user);
};

/* Take the guest's next message and answer it. False: there is none, one that
 * cannot be answered before the guest answers ours, or the indices are nonsense
 * (then *fault says so). `data` takes the bytes of a console
 * message, *len their number; other messages have none. `client` may be NULL. */
bool control_receive(struct domain *d, const struct control_client *client, void *client_user,
                     uint8_t data[CONTROL_DATA_MAX], size_t *len, const char **fault);

/* Give the guest a console message of up to CONTROL_DATA_MAX bytes; returns how
 * many were taken: 0 when the ring is full or the indices are nonsense. */
size_t control_send(struct domain *d, const uint8_t *data, size_t len, const char **fault);

/* Another of its messages (io/domain_controller.h of 2.0): CONTROL_SHUTDOWN with the
 * reason as subtype, CONTROL_MEM_REQUEST. False: the ring is full, or nonsense. */
#define CONTROL_BLKIF_FE       2u
#define CONTROL_SHUTDOWN       6u
#define CONTROL_SHUTDOWN_SYSRQ 3u
#define CONTROL_MEM_REQUEST    7u
bool control_send_message(struct domain *d, uint8_t type, uint8_t subtype, const void *data, size_t len);

#endif
