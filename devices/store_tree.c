/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * store_tree.c - nodes, transactions and rights of xenstore, as xenstored has
 * them (docs/xen-abi.md 9.3).
 */
#include "store_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- nodes ------------------------------------------------------------------ */

struct store_node *store_node_new(const void *data, size_t len)
{
    struct store_node *node = g_new0(struct store_node, 1);
    g_atomic_ref_count_init(&node->refs);
    node->data = g_bytes_new(data, len);
    node->children = g_ptr_array_new_with_free_func(g_free);
    node->perms = g_array_new(FALSE, FALSE, sizeof(struct store_perm));
    return node;
}

struct store_node *store_node_ref(struct store_node *node)
{
    if (node)
        g_atomic_ref_count_inc(&node->refs);
    return node;
}

void store_node_unref(struct store_node *node)
{
    if (!node || !g_atomic_ref_count_dec(&node->refs))
        return;
    g_bytes_unref(node->data);
    g_ptr_array_unref(node->children);
    g_array_unref(node->perms);
    g_free(node);
}

static void node_free(void *node)
{
    store_node_unref(node);
}

static gpointer copy_name(gconstpointer name, gpointer user)
{
    (void)user;
    return g_strdup(name);
}

/* A copy to be changed and put in place. */
static struct store_node *node_copy(const struct store_node *old)
{
    struct store_node *node = g_new0(struct store_node, 1);
    g_atomic_ref_count_init(&node->refs);
    node->data = g_bytes_ref(old->data);
    node->children = g_ptr_array_copy(old->children, copy_name, NULL);
    g_ptr_array_set_free_func(node->children, g_free);
    node->perms = g_array_copy(old->perms);
    return node;
}

/* Bytes of a node as xenstored counts them for the quota. */
static size_t node_size(const struct store_node *node)
{
    size_t size = 20 + 8 * (size_t)node->perms->len + g_bytes_get_size(node->data);
    for (guint i = 0; i < node->children->len; i++)
        size += strlen(g_ptr_array_index(node->children, i)) + 1;
    return size;
}

static uint16_t node_owner(const struct store_node *node)
{
    return g_array_index(node->perms, struct store_perm, 0).domid;
}

unsigned store_rights(const struct store_node *node, uint16_t domid)
{
    const unsigned all = STORE_READ | STORE_WRITE | STORE_OWNER;
    if (domid == 0 || node_owner(node) == domid)
        return all;
    for (guint i = 1; i < node->perms->len; i++)
        if (g_array_index(node->perms, struct store_perm, i).domid == domid)
            return g_array_index(node->perms, struct store_perm, i).perms;
    return g_array_index(node->perms, struct store_perm, 0).perms;
}

/* --- paths ------------------------------------------------------------------ */

bool store_path_ok(const char *path)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@";
    size_t len = strlen(path);
    unsigned domid;
    int relative = 0;
    if (path[0] != '/' || len >= STORE_PATH_MAX || (len > 1 && path[len - 1] == '/') || strstr(path, "//"))
        return false;
    if (sscanf(path, "/local/domain/%5u/%n", &domid, &relative) == 1 && relative &&
        len - (size_t)relative > STORE_REL_PATH_MAX)
        return false;
    return strspn(path, chars) == len;
}

bool store_path_below(const char *path, const char *parent)
{
    size_t len = strlen(parent);
    if (len == 1)
        return path[0] == '/';
    return strncmp(path, parent, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

char *store_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == path ? g_strdup("/") : g_strndup(path, (gsize)(slash - path));
}

static const char *base_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

static char *child_path(const char *path, const char *name)
{
    return g_strconcat(path[1] ? path : "", "/", name, NULL);
}

/* --- tree and transactions ---------------------------------------------------- */

struct store_tree *store_tree_new(void)
{
    static const struct store_perm root_perm = {0, STORE_READ};
    struct store_tree *t = g_new0(struct store_tree, 1);
    t->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
    struct store_node *root = store_node_new(NULL, 0);
    g_array_append_val(root->perms, root_perm);
    root->generation = ++t->generation;
    store_tree_put(t, "/", root);
    return t;
}

void store_tree_free(struct store_tree *t)
{
    if (!t)
        return;
    g_hash_table_destroy(t->nodes);
    g_free(t);
}

void store_tree_put(struct store_tree *t, const char *path, struct store_node *node)
{
    g_hash_table_insert(t->nodes, g_strdup(path), node);
}

static void entry_free(void *data)
{
    struct store_entry *entry = data;
    store_node_unref(entry->node);
    g_free(entry);
}

static void change_free(void *data)
{
    struct store_change *change = data;
    g_free(change->path);
    store_node_unref(change->node);
    g_free(change);
}

GPtrArray *store_changes_new(void)
{
    return g_ptr_array_new_with_free_func(change_free);
}

struct store_txn *store_txn_new(uint32_t id)
{
    struct store_txn *txn = g_new0(struct store_txn, 1);
    txn->id = id;
    txn->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    txn->changes = store_changes_new();
    return txn;
}

void store_txn_free(struct store_txn *txn)
{
    if (!txn)
        return;
    g_hash_table_destroy(txn->entries);
    g_ptr_array_unref(txn->changes);
    g_free(txn);
}

static uint64_t generation_of(const struct store_tree *t, const char *path)
{
    const struct store_node *node = g_hash_table_lookup(t->nodes, path);
    return node ? node->generation : 0;
}

bool store_txn_commit(struct store_tree *t, struct store_txn *txn)
{
    GHashTableIter it;
    gpointer path, value;
    g_hash_table_iter_init(&it, txn->entries);
    while (g_hash_table_iter_next(&it, &path, &value))
        if (generation_of(t, path) != ((struct store_entry *)value)->seen)
            return false;
    g_hash_table_iter_init(&it, txn->entries);
    while (g_hash_table_iter_next(&it, &path, &value)) {
        struct store_entry *entry = value;
        if (!entry->modified)
            continue;
        if (entry->node) {
            entry->node->generation = ++t->generation;
            store_tree_put(t, path, store_node_ref(entry->node));
        } else {
            g_hash_table_remove(t->nodes, path);
        }
    }
    return true;
}

static struct store_entry *txn_entry(const struct store_ctx *ctx, const char *path)
{
    struct store_entry *entry = g_hash_table_lookup(ctx->txn->entries, path);
    if (entry)
        return entry;
    entry = g_new0(struct store_entry, 1);
    entry->node = store_node_ref(g_hash_table_lookup(ctx->tree->nodes, path));
    entry->seen = entry->node ? entry->node->generation : 0;
    g_hash_table_insert(ctx->txn->entries, g_strdup(path), entry);
    return entry;
}

struct store_node *store_peek(const struct store_ctx *ctx, const char *path)
{
    return ctx->txn ? txn_entry(ctx, path)->node : g_hash_table_lookup(ctx->tree->nodes, path);
}

/* Put a node in place, or take one away (NULL). Takes the reference. */
static void put(const struct store_ctx *ctx, const char *path, struct store_node *node)
{
    if (ctx->txn) {
        struct store_entry *entry = txn_entry(ctx, path);
        store_node_unref(entry->node);
        entry->node = node;
        entry->modified = true;
    } else if (node) {
        node->generation = ++ctx->tree->generation;
        store_tree_put(ctx->tree, path, node);
    } else {
        ctx->tree->generation++;
        g_hash_table_remove(ctx->tree->nodes, path);
    }
}

/* A transaction that writes a node often has one change of it. */
static void forget_change(GPtrArray *list, const char *path)
{
    for (guint i = 0; i < list->len; i++) {
        const struct store_change *change = g_ptr_array_index(list, i);
        if (strcmp(change->path, path) == 0) {
            g_ptr_array_remove_index(list, i);
            return;
        }
    }
}

static void changed(const struct store_ctx *ctx, const char *path, struct store_node *node, bool exact)
{
    struct store_change *change = g_new0(struct store_change, 1);
    if (ctx->txn)
        forget_change(ctx->txn->changes, path);
    change->path = g_strdup(path);
    change->node = store_node_ref(node);
    change->exact = exact;
    g_ptr_array_add(ctx->txn ? ctx->txn->changes : ctx->changes, change);
}

/* --- operations ----------------------------------------------------------------- */

/* Who may not see a place shall not learn what is missing there: the nearest node
 * above decides. */
static int errno_for_missing(const struct store_ctx *ctx, const char *path, unsigned rights)
{
    g_autofree char *at = g_strdup(path);
    while (strcmp(at, "/") != 0) {
        char *parent = store_parent(at);
        g_free(at);
        at = parent;
        const struct store_node *node = store_peek(ctx, at);
        if (node)
            return (store_rights(node, ctx->domid) & rights) == rights ? ENOENT : EACCES;
    }
    return ENOENT;
}

int store_get(const struct store_ctx *ctx, const char *path, unsigned rights, struct store_node **node)
{
    if (!store_path_ok(path))
        return EINVAL;
    *node = store_peek(ctx, path);
    if (!*node)
        return errno_for_missing(ctx, path, rights);
    return (store_rights(*node, ctx->domid) & rights) == rights ? 0 : EACCES;
}

/* Nodes that the acting domain owns. */
static unsigned nodes_owned(const struct store_ctx *ctx)
{
    GHashTableIter it;
    gpointer path, value;
    unsigned nr = 0;
    g_hash_table_iter_init(&it, ctx->tree->nodes);
    while (g_hash_table_iter_next(&it, &path, &value))
        if (node_owner(value) == ctx->domid && !(ctx->txn && g_hash_table_contains(ctx->txn->entries, path)))
            nr++;
    if (!ctx->txn)
        return nr;
    g_hash_table_iter_init(&it, ctx->txn->entries);
    while (g_hash_table_iter_next(&it, &path, &value)) {
        const struct store_entry *entry = value;
        if (entry->node && node_owner(entry->node) == ctx->domid)
            nr++;
    }
    return nr;
}

static bool too_big(const struct store_ctx *ctx, const struct store_node *node)
{
    return ctx->domid != 0 && node_size(node) >= STORE_QUOTA_ENTRY;
}

/* Create a node and the missing ones above it, each with its parent's rights; a
 * guest owns what it makes. Nothing is created on failure. */
static int create(const struct store_ctx *ctx, const char *path, const void *data, size_t len)
{
    g_autofree char *above = store_parent(path);
    struct store_node *parent = store_peek(ctx, above);
    if (!parent) {
        int err = create(ctx, above, NULL, 0);
        if (err)
            return err;
        parent = store_peek(ctx, above);
    }
    if (ctx->domid != 0 && nodes_owned(ctx) >= STORE_QUOTA_NODES)
        return ENOSPC;
    struct store_node *node = store_node_new(data, len);
    g_array_append_vals(node->perms, parent->perms->data, parent->perms->len);
    if (ctx->domid != 0)
        g_array_index(node->perms, struct store_perm, 0).domid = ctx->domid;
    parent = node_copy(parent);
    g_ptr_array_add(parent->children, g_strdup(base_name(path)));
    if (too_big(ctx, node) || too_big(ctx, parent)) {
        store_node_unref(node);
        store_node_unref(parent);
        return ENOSPC;
    }
    put(ctx, above, parent);
    put(ctx, path, node);
    return 0;
}

static void unlink_child(const struct store_ctx *ctx, const char *path);
static void remove_tree(const struct store_ctx *ctx, const char *path, bool exact);

/* create, undone as a whole when it fails half-way. */
static int create_all(const struct store_ctx *ctx, const char *path, const void *data, size_t len)
{
    g_autofree char *top = g_strdup(path);
    for (;;) {
        g_autofree char *above = store_parent(top);
        if (store_peek(ctx, above))
            break;
        g_free(top);
        top = g_steal_pointer(&above);
    }
    int err = create(ctx, path, data, len);
    if (err && store_peek(ctx, top)) {
        GPtrArray *list = ctx->txn ? ctx->txn->changes : ctx->changes;
        guint before = list->len;
        unlink_child(ctx, top);
        remove_tree(ctx, top, true);
        g_ptr_array_set_size(list, (gint)before);
    }
    return err;
}

int store_write(const struct store_ctx *ctx, const char *path, const void *data, size_t len)
{
    struct store_node *node;
    int err = store_get(ctx, path, STORE_WRITE, &node);
    if (err && err != ENOENT)
        return err;
    if (err == ENOENT) {
        err = create_all(ctx, path, data, len);
    } else {
        node = node_copy(node);
        g_bytes_unref(node->data);
        node->data = g_bytes_new(data, len);
        if (too_big(ctx, node)) {
            store_node_unref(node);
            return ENOSPC;
        }
        put(ctx, path, node);
        err = 0;
    }
    if (!err)
        changed(ctx, path, store_peek(ctx, path), false);
    return err;
}

int store_mkdir(const struct store_ctx *ctx, const char *path)
{
    struct store_node *node;
    int err = store_get(ctx, path, STORE_WRITE, &node);
    if (err != ENOENT)
        return err;
    err = create_all(ctx, path, NULL, 0);
    if (!err)
        changed(ctx, path, store_peek(ctx, path), false);
    return err;
}

static void unlink_child(const struct store_ctx *ctx, const char *path)
{
    g_autofree char *above = store_parent(path);
    const struct store_node *there = store_peek(ctx, above);
    if (!there) /* a transaction saw it when it was not */
        return;
    struct store_node *parent = node_copy(there);
    for (guint i = 0; i < parent->children->len; i++) {
        if (strcmp(g_ptr_array_index(parent->children, i), base_name(path)) == 0) {
            g_ptr_array_remove_index(parent->children, i);
            break;
        }
    }
    put(ctx, above, parent);
}

static void remove_tree(const struct store_ctx *ctx, const char *path, bool exact)
{
    struct store_node *node = store_node_ref(store_peek(ctx, path));
    for (guint i = 0; node && i < node->children->len; i++) {
        g_autofree char *child = child_path(path, g_ptr_array_index(node->children, i));
        remove_tree(ctx, child, true);
    }
    put(ctx, path, NULL);
    if (node)
        changed(ctx, path, node, exact);
    store_node_unref(node);
}

int store_rm(const struct store_ctx *ctx, const char *path)
{
    struct store_node *node;
    int err = store_get(ctx, path, STORE_WRITE, &node);
    if (err == ENOENT) {
        /* Gone already is fine, where the parent stands. */
        g_autofree char *above = store_parent(path);
        return store_peek(ctx, above) ? 0 : ENOENT;
    }
    if (err)
        return err;
    if (strcmp(path, "/") == 0)
        return EINVAL;
    unlink_child(ctx, path);
    remove_tree(ctx, path, false);
    return 0;
}

int store_set_perms(const struct store_ctx *ctx, const char *path, const struct store_perm *perms, guint nr)
{
    struct store_node *node;
    int err = store_get(ctx, path, STORE_WRITE | STORE_OWNER, &node);
    if (err)
        return err;
    if (ctx->domid != 0 && nr > STORE_QUOTA_PERMS)
        return ENOSPC;
    if (ctx->domid != 0 && perms[0].domid != node_owner(node))
        return EPERM;
    node = node_copy(node);
    g_array_set_size(node->perms, 0);
    g_array_append_vals(node->perms, perms, nr);
    if (too_big(ctx, node)) {
        store_node_unref(node);
        return ENOSPC;
    }
    put(ctx, path, node);
    changed(ctx, path, node, false);
    return 0;
}
