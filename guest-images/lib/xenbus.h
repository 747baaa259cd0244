/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenbus.h - what a small front end needs: xenstore, grants for the back end, event
 * channels, and a device's way to Connected. It never sleeps: it looks and yields.
 */
#ifndef XENBUS_H
#define XENBUS_H

#include "paging.h"

/* xs_wire.h */
enum {
    XS_DIRECTORY = 1,
    XS_READ,
    XS_GET_PERMS,
    XS_WATCH,
    XS_UNWATCH,
    XS_TRANSACTION_START,
    XS_TRANSACTION_END,
    XS_GET_DOMAIN_PATH = 10,
    XS_WRITE,
    XS_MKDIR,
    XS_RM,
    XS_SET_PERMS,
    XS_WATCH_EVENT,
    XS_ERROR,
    XS_RESET_WATCHES = 21,
    XS_DIRECTORY_PART,
};

#define XS_MAX 4096

/* A request: `payload` of `len` bytes in transaction `tx` (0: none). The reply is put,
 * ended by a zero, into xs_reply; its length, or -1: an error, whose name it is. */
extern char xs_reply[XS_MAX + 1];
s32 xs_request(u32 type, u32 tx, const void *payload, u32 len);

/* One path. As xs_request; read's value is in xs_reply. */
s32 xs_path(u32 type, u32 tx, const char *path);
s32 xs_write(u32 tx, const char *path, const char *value);
s32 xs_watch(u32 type, const char *path, const char *token);
/* A new transaction's number. */
u32 xs_start(void);
s32 xs_end(u32 tx, const char *how); /* "T" or "F" */

/* The next event of a watch that has come: 1, and *path and *token, good until the
 * next; 0: none is here. */
int xs_event(const char **path, const char **token);

/* "state" of a device, by the path of its directory; a missing one is 0. */
u32 xenbus_state(const char *directory);
void xenbus_set_state(const char *directory, u32 state);
/* Look until it is `state`: 1; 0 when it is not for long. */
int xenbus_wait(const char *directory, u32 state);
/* A path below a directory, good until the next but three. */
const char *xenbus_path(const char *directory, const char *name);
u32 xenbus_number(const char *directory, const char *name);
void xenbus_put_number(const char *directory, const char *name, u32 number);

/* Grant a page of the guest's own to domain 0: the reference. */
u32 grant_page(const void *va, int readonly);
/* Take it back: 1; 0: it is in use. */
int grant_end(u32 ref);
/* Give the page at `va` away, by a reference that grant_page gave, and await another in its
 * place; and take that: 0, none came. */
void grant_await(u32 ref, const void *va);
int grant_take(u32 ref, const void *va);

/* A port that waits for domain 0, and an event to it. */
u32 channel_new(void);
void channel_send(u32 port);
void channel_close(u32 port);
/* Give others the CPU. */
void yield(void);

#endif
