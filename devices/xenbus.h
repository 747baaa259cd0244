/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenbus.h - how a back end and a front end find each other: two directories of
 * xenstore and a state in each (Xen's io/xenbus.h; the order is that of Linux's
 * back ends and of libxl).
 *
 *     front end                          back end
 *     Initialising                       Initialising: offer(), then
 *                                        InitWait
 *     ring and port written: Initialised
 *                                        connect(), then Connected
 *     Connected
 *     Closing                            disconnect(), Closing
 *     Closed                             Closed; and from the start, if it returns
 *
 * The front end's directory is the guest's own: what stands there is checked by
 * whoever reads it.
 */
#ifndef DEVICES_XENBUS_H
#define DEVICES_XENBUS_H

#include "xenstore.h"

#include <xen/io/xenbus.h>

struct xenbus;

/* A kind of device. All callbacks get the device's own pointer. */
struct xenbus_driver {
    const char *type; /* "vbd" */
    /* Say in the back end's directory what it can do. */
    void (*offer)(void *device);
    /* The front end has a ring and a port: take them. False: it was told why by
     * xenbus_fail. */
    bool (*connect)(void *device);
    /* Let go of all that is the guest's. */
    void (*disconnect)(void *device);
};

/* Make both directories, for device `id` of the domain, and watch the front end. The
 * device adds its own nodes with xenbus_put and xenbus_put_front, then calls
 * xenbus_start. */
struct xenbus *xenbus_new(struct xenstore *x, struct domain *d, const struct xenbus_driver *driver,
                          void *device, unsigned id);
void xenbus_start(struct xenbus *b);
/* The back end must have been disconnected, or its domain be gone. */
void xenbus_free(struct xenbus *b);

/* The domain came back in a new life (xenstore_resumed): everything from the start. The
 * device has forgotten what it had of the old one. */
void xenbus_restart(struct xenbus *b);

/* A node in the back end's directory, and one in the front end's. */
void xenbus_put(struct xenbus *b, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void xenbus_put_front(struct xenbus *b, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* What the front end says. NULL: nothing; g_free. */
char *xenbus_get_front(const struct xenbus *b, const char *name);
/* A decimal number up to max; false: there is none. */
bool xenbus_get_number(const struct xenbus *b, const char *name, uint32_t max, uint32_t *number);

/* It does not go on with this front end: the reason goes to its error node, where
 * tools look for it, and the state to Closing. */
void xenbus_fail(struct xenbus *b, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "vbd/51712" */
const char *xenbus_name(const struct xenbus *b);

/* Xenstore holds all of its state but one word. */
uint32_t xenbus_save(const struct xenbus *b);
#define XENBUS_SAVED_MAX 0x108u
void xenbus_restore(struct xenbus *b, uint32_t saved);

#endif
