/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * console.h - the host's end of the guest's console: the shared ring
 * (docs/xen-abi.md 9.2), or 2.0's control messages (9.1), and console_io, which
 * shares the same two streams.
 */
#ifndef DEVICES_CONSOLE_H
#define DEVICES_CONSOLE_H

#include "dispatch/domain.h"

#include <glib.h>

typedef struct console console;

/* Bytes from the guest; takes all of them. */
typedef void (*console_write_fn)(void *user, const char *bytes, size_t len);

/* A console for a domain whose console page and port stand in d->s (2.0: the
 * control port). `d` outlives it. */
struct console *console_new(struct domain *d, console_write_fn write, void *user);
void console_free(struct console *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(console, console_free)

/* 2.0: a device whose control messages come the same way. */
struct control_client;
void console_set_client(struct console *c, const struct control_client *client, void *user);

/* Move what can be moved, either way: when the guest kicked the port, and now and
 * then besides, for a guest may look at the ring without kicking. True when
 * something moved. */
bool console_poll(struct console *c);
static inline void console_notify(struct console *c)
{
    (void)console_poll(c);
}

/* Bytes for the guest, any number: they wait until it makes room. */
void console_input(struct console *c, const char *bytes, size_t len);

/* console_io's read: up to len bytes that the guest has not read otherwise. */
size_t console_read(struct console *c, char *bytes, size_t len);

/* Bytes that wait on the host's side. */
size_t console_pending(const struct console *c);

/* What the guest did wrong with its indices, or NULL: such a ring counts as
 * empty until they make sense again. The console owns the text. */
const char *console_fault(const struct console *c);

/* The waiting bytes. Ring and indices are guest memory. */
GBytes *console_save(const struct console *c);
void console_restore(struct console *c, GBytes *saved);

#endif
