/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore.h - a small real xenstore for one domain: the ring and its protocol
 * (docs/xen-abi.md 9.3), and the host's own way to the tree.
 */
#ifndef DEVICES_XENSTORE_H
#define DEVICES_XENSTORE_H

#include "dispatch/domain.h"

#include <glib.h>
#include <ring1/ring1.h>

typedef struct xenstore xenstore;

/* A xenstore with the tree that a toolstack writes for the domain, whose pages and
 * ports stand in d->s, under the name `name`. `d` outlives it. */
struct xenstore *xenstore_new(struct domain *d, const char *name);
void xenstore_free(struct xenstore *x);
/* The domain has come back in a new life: what its connection had (watches,
 * transactions, a message that was under way) is gone, the tree stays and names its
 * new rings. */
void xenstore_resumed(struct xenstore *x);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xenstore, xenstore_free)

/* Serve the requests in the ring, and give the guest what waits for it: when it
 * kicked the port, and now and then besides. True when anything moved. */
bool xenstore_poll(struct xenstore *x);
static inline void xenstore_notify(struct xenstore *x)
{
    (void)xenstore_poll(x);
}

/* The host's way, with all rights; paths are absolute. */
char *xenstore_read(const struct xenstore *x, const char *path); /* NULL: not there; g_free */
bool xenstore_write(struct xenstore *x, const char *path, const char *value);
bool xenstore_mkdir(struct xenstore *x, const char *path);
bool xenstore_rm(struct xenstore *x, const char *path);
/* Rights as xenstore writes them: "n0", "r1", ...; NULL ends them. */
bool xenstore_set_perms(struct xenstore *x, const char *path, const char *const *perms);
/* Names below a path, or NULL when it is not there; g_strfreev. */
char **xenstore_directory(const struct xenstore *x, const char *path);

/* Have `fn` called for every change of `path` or below it; it may use xenstore
 * itself. Nothing is called up front. */
typedef void (*xenstore_watch_fn)(void *user, const char *path);
void xenstore_watch(struct xenstore *x, const char *path, xenstore_watch_fn fn, void *user);
void xenstore_unwatch(struct xenstore *x, xenstore_watch_fn fn, void *user);

/* Why the connection is given up (indices or a length that cannot be), or NULL:
 * then nothing more is served, as xenstored does it. */
const char *xenstore_fault(const struct xenstore *x);

/* Tree, watches of the guest, transactions and what is on its way; the ring is
 * guest memory, watches of the host are their setters'. */
GBytes *xenstore_save(const struct xenstore *x);
bool xenstore_restore(struct xenstore *x, GBytes *saved, GError **error);

#endif
