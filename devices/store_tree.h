/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * store_tree.h - xenstore's tree: nodes by their full path, transactions laid
 * over them, and the operations with their rights and quotas. No protocol, no
 * watches: those are xenstore.c's.
 */
#ifndef DEVICES_STORE_TREE_H
#define DEVICES_STORE_TREE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Rights of struct store_perm. */
#define STORE_READ  1u
#define STORE_WRITE 2u
#define STORE_OWNER 4u /* asked for, never stored */

/* The first of a node's list names its owner, and what all others may do. */
struct store_perm {
    uint16_t domid;
    uint8_t perms;
};

/* A node never changes: it is replaced. */
struct store_node {
    gatomicrefcount refs;
    uint64_t generation; /* of the change that made it */
    GBytes *data;
    GPtrArray *children; /* names, in order of creation */
    GArray *perms;       /* struct store_perm, at least one */
};

struct store_tree {
    GHashTable *nodes; /* path -> struct store_node */
    uint64_t generation;
};

/* What a transaction has looked at or changed. */
struct store_entry {
    struct store_node *node; /* NULL: not there */
    uint64_t seen;           /* generation in the tree at first sight; 0: not there */
    bool modified;
};

struct store_txn {
    uint32_t id;
    GHashTable *entries; /* path -> struct store_entry */
    GPtrArray *changes;  /* struct store_change, in order */
};

/* For watches: a node that was changed or removed. */
struct store_change {
    char *path;
    struct store_node *node; /* as it is, or was before it went */
    bool exact;              /* went with its parent: who watches this very node */
};

/* Who acts, and where. */
struct store_ctx {
    struct store_tree *tree;
    struct store_txn *txn; /* NULL: at once */
    uint16_t domid;        /* 0 may do everything and has no quotas */
    GPtrArray *changes;    /* struct store_change, added to */
};

#define STORE_QUOTA_NODES  1000u
#define STORE_QUOTA_ENTRY  2048u
#define STORE_QUOTA_PERMS  5u
#define STORE_PATH_MAX     3072u
#define STORE_REL_PATH_MAX 2048u

struct store_tree *store_tree_new(void);
void store_tree_free(struct store_tree *t);

struct store_txn *store_txn_new(uint32_t id);
void store_txn_free(struct store_txn *txn);
/* Take a transaction's changes into the tree; false when anything that it saw has
 * changed meanwhile. The transaction stays the caller's either way. */
bool store_txn_commit(struct store_tree *t, struct store_txn *txn);

struct store_node *store_node_ref(struct store_node *node);
void store_node_unref(struct store_node *node);
GPtrArray *store_changes_new(void);

/* An absolute path with no empty component and xenstore's characters alone. */
bool store_path_ok(const char *path);
/* Whether `path` is `parent` or lies below it. */
bool store_path_below(const char *path, const char *parent);
/* A new string; "/" for a child of the root. */
char *store_parent(const char *path);

/* Rights of a domain on a node. */
unsigned store_rights(const struct store_node *node, uint16_t domid);

/* Operations on an absolute path: 0, or a positive errno of the host's <errno.h>:
 * EINVAL path, EACCES rights, ENOENT, ENOSPC quota. *node is the context's: valid
 * until the next change. */
int store_get(const struct store_ctx *ctx, const char *path, unsigned rights, struct store_node **node);
int store_write(const struct store_ctx *ctx, const char *path, const void *data, size_t len);
int store_mkdir(const struct store_ctx *ctx, const char *path);
int store_rm(const struct store_ctx *ctx, const char *path);
int store_set_perms(const struct store_ctx *ctx, const char *path, const struct store_perm *perms, guint nr);

/* The node as it stands, or NULL; no rights asked. */
struct store_node *store_peek(const struct store_ctx *ctx, const char *path);

/* Put a node in place, for restoring a saved tree. Takes the reference. */
void store_tree_put(struct store_tree *t, const char *path, struct store_node *node);
struct store_node *store_node_new(const void *data, size_t len);

#endif
