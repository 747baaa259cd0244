/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_priv.h - what the files of xenstore share.
 */
#ifndef DEVICES_XENSTORE_PRIV_H
#define DEVICES_XENSTORE_PRIV_H

#include "store_tree.h"
#include "xenstore.h"

#include <errno.h>
#include <string.h>
#include <xen/io/xs_wire.h>

/* Limits on the guest's connection, as xenstored's defaults. */
#define QUOTA_WATCHES   128u
#define QUOTA_TXNS      10u
#define QUOTA_TXN_NODES 1024u

/* While more than this waits for the guest, its requests wait, too. */
#define OUT_HIGH 16384u

enum xenstore_fault {
    FAULT_NONE = 0,
    FAULT_REQ,  /* req_prod is beyond the ring */
    FAULT_RSP,  /* rsp_cons is */
    FAULT_LONG, /* a message is longer than may be */
    NR_FAULTS,
};

struct guest_watch {
    char *path; /* absolute, or "@..." */
    char *token;
    bool relative; /* events name paths from the domain's own on */
};

struct host_watch {
    char *path;
    xenstore_watch_fn fn;
    void *user;
};

struct xenstore {
    struct domain *d;
    struct store_tree *tree;
    GHashTable *txns; /* id -> struct store_txn */
    uint32_t next_txn;
    GPtrArray *watches; /* struct guest_watch */
    GPtrArray *host_watches;
    struct xsd_sockmsg header; /* of the request that is coming in */
    uint32_t have;             /* bytes of it, header included */
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    GByteArray *out;  /* waits for room in the ring */
    size_t out_taken; /* bytes at its front that are gone */
    unsigned fault;   /* enum xenstore_fault */
};

/* Serve the request in header and payload: exactly one reply. */
void xenstore_request(struct xenstore *x);

/* Queue a message for the guest. */
void xenstore_send(struct xenstore *x, const struct xsd_sockmsg *header, const void *data, size_t len);

/* Tell the watchers. */
void xenstore_fire(struct xenstore *x, GPtrArray *changes);
/* One event for a watch of the guest, whatever the rights. */
void xenstore_watch_event(struct xenstore *x, const struct guest_watch *watch, const char *path);
struct guest_watch *guest_watch_new(const char *path, const char *token, bool relative);
void guest_watch_free(void *watch);

/* "n0" and the like; false for what is none. */
bool xenstore_parse_perm(const char *text, struct store_perm *perm);
char *xenstore_format_perm(const struct store_perm *perm);

/* The tree of a new domain. */
void xenstore_populate(struct xenstore *x, const char *name);

/* The domain's own place: "/local/domain/1". */
char *xenstore_home(const struct xenstore *x);

#endif
