/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_save.c - xenstore's state as bytes, for snapshots of a machine.
 */
#include "xenstore_priv.h"

/* Of a node: generation, data, children, perms; absent ones have no perms. */
#define NODE_TYPE "(tayasa(qy))"
/* tree: generation, (path, node); transactions: id, (path, seen, modified, node),
 * changes (path, exact, node); watches; next id; request: have, header, payload;
 * what waits for the guest; whether the connection is given up. */
#define SAVE_TYPE "(ta(s" NODE_TYPE ")a(ua(stb" NODE_TYPE ")a(sb" NODE_TYPE "))a(ayayb)uuayayayu)"

static GVariant *bytes_variant(const void *data, size_t len)
{
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, len ? data : "", len, 1);
}

static GVariant *node_variant(const struct store_node *node)
{
    GVariantBuilder names, perms;
    g_variant_builder_init(&names, G_VARIANT_TYPE("as"));
    g_variant_builder_init(&perms, G_VARIANT_TYPE("a(qy)"));
    for (guint i = 0; node && i < node->children->len; i++)
        g_variant_builder_add(&names, "s", g_ptr_array_index(node->children, i));
    for (guint i = 0; node && i < node->perms->len; i++) {
        const struct store_perm *perm = &g_array_index(node->perms, struct store_perm, i);
        g_variant_builder_add(&perms, "(qy)", perm->domid, perm->perms);
    }
    gsize len = 0;
    const void *data = node ? g_bytes_get_data(node->data, &len) : NULL;
    return g_variant_new("(t@ayasa(qy))", node ? node->generation : 0, bytes_variant(data, len), &names,
                         &perms);
}

static struct store_node *variant_node(GVariant *v)
{
    g_autoptr(GVariant) data = NULL;
    g_autoptr(GVariantIter) names = NULL, perms = NULL;
    const char *name;
    struct store_perm perm;
    guint64 generation;
    gsize len;
    g_variant_get(v, "(t@ayasa(qy))", &generation, &data, &names, &perms);
    if (g_variant_iter_n_children(perms) == 0)
        return NULL;
    const void *bytes = g_variant_get_fixed_array(data, &len, 1);
    struct store_node *node = store_node_new(bytes, len);
    node->generation = generation;
    while (g_variant_iter_next(names, "&s", &name))
        g_ptr_array_add(node->children, g_strdup(name));
    while (g_variant_iter_next(perms, "(qy)", &perm.domid, &perm.perms))
        g_array_append_val(node->perms, perm);
    return node;
}

/* Keys in order, so that equal states are equal bytes. */
static GList *sorted_keys(GHashTable *table)
{
    return g_list_sort(g_hash_table_get_keys(table), (GCompareFunc)(void (*)(void))strcmp);
}

static int compare_ids(gconstpointer a, gconstpointer b)
{
    return GPOINTER_TO_UINT(a) < GPOINTER_TO_UINT(b) ? -1 : 1;
}

static void add_tree(GVariantBuilder *b, const struct store_tree *t)
{
    g_autoptr(GList) paths = sorted_keys(t->nodes);
    g_variant_builder_open(b, G_VARIANT_TYPE("a(s" NODE_TYPE ")"));
    for (GList *i = paths; i; i = i->next)
        g_variant_builder_add(b, "(s@" NODE_TYPE ")", i->data,
                              node_variant(g_hash_table_lookup(t->nodes, i->data)));
    g_variant_builder_close(b);
}

static void add_txn(GVariantBuilder *b, const struct store_txn *txn)
{
    g_autoptr(GList) paths = sorted_keys(txn->entries);
    g_variant_builder_open(b, G_VARIANT_TYPE("(ua(stb" NODE_TYPE ")a(sb" NODE_TYPE "))"));
    g_variant_builder_add(b, "u", txn->id);
    g_variant_builder_open(b, G_VARIANT_TYPE("a(stb" NODE_TYPE ")"));
    for (GList *i = paths; i; i = i->next) {
        const struct store_entry *entry = g_hash_table_lookup(txn->entries, i->data);
        g_variant_builder_add(b, "(stb@" NODE_TYPE ")", i->data, entry->seen, entry->modified,
                              node_variant(entry->node));
    }
    g_variant_builder_close(b);
    g_variant_builder_open(b, G_VARIANT_TYPE("a(sb" NODE_TYPE ")"));
    for (guint i = 0; i < txn->changes->len; i++) {
        const struct store_change *change = g_ptr_array_index(txn->changes, i);
        g_variant_builder_add(b, "(sb@" NODE_TYPE ")", change->path, change->exact,
                              node_variant(change->node));
    }
    g_variant_builder_close(b);
    g_variant_builder_close(b);
}

static void add_txns(GVariantBuilder *b, const struct xenstore *x)
{
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(x->txns), compare_ids);
    g_variant_builder_open(b, G_VARIANT_TYPE("a(ua(stb" NODE_TYPE ")a(sb" NODE_TYPE "))"));
    for (GList *i = ids; i; i = i->next)
        add_txn(b, g_hash_table_lookup(x->txns, i->data));
    g_variant_builder_close(b);
}

static void add_watches(GVariantBuilder *b, const struct xenstore *x)
{
    g_variant_builder_open(b, G_VARIANT_TYPE("a(ayayb)"));
    for (guint i = 0; i < x->watches->len; i++) {
        const struct guest_watch *w = g_ptr_array_index(x->watches, i);
        g_variant_builder_add(b, "(@ay@ayb)", bytes_variant(w->path, strlen(w->path)),
                              bytes_variant(w->token, strlen(w->token)), w->relative);
    }
    g_variant_builder_close(b);
}

GBytes *xenstore_save(const struct xenstore *x)
{
    GVariantBuilder b;
    const uint8_t *out = x->out->data ? x->out->data + x->out_taken : NULL;
    g_variant_builder_init(&b, G_VARIANT_TYPE(SAVE_TYPE));
    g_variant_builder_add(&b, "t", x->tree->generation);
    add_tree(&b, x->tree);
    add_txns(&b, x);
    add_watches(&b, x);
    g_variant_builder_add(&b, "u", x->next_txn);
    g_variant_builder_add(&b, "u", x->have);
    g_variant_builder_add_value(&b, bytes_variant(&x->header, sizeof x->header));
    g_variant_builder_add_value(&b, bytes_variant(x->payload, sizeof x->payload));
    g_variant_builder_add_value(&b, bytes_variant(out, out ? x->out->len - x->out_taken : 0));
    g_variant_builder_add(&b, "u", x->fault);
    g_autoptr(GVariant) v = g_variant_ref_sink(g_variant_builder_end(&b));
    return g_variant_get_data_as_bytes(v);
}

/* Below, what is walked along must be a path. */
static bool is_path(const char *path)
{
    return path[0] == '/' && strlen(path) < STORE_PATH_MAX;
}

/* False: it cannot be a state of xenstore. */
static bool check(const struct xenstore *x)
{
    const size_t head = sizeof x->header;
    GHashTableIter txns, i;
    gpointer path, txn, entry;
    if (!g_hash_table_contains(x->tree->nodes, "/") ||
        (!x->fault && x->have >= head &&
         (x->header.len > XENSTORE_PAYLOAD_MAX || x->have > head + x->header.len)))
        return false;
    g_hash_table_iter_init(&i, x->tree->nodes);
    while (g_hash_table_iter_next(&i, &path, NULL))
        if (!is_path(path))
            return false;
    g_hash_table_iter_init(&txns, x->txns);
    while (g_hash_table_iter_next(&txns, NULL, &txn)) {
        const struct store_txn *t = txn;
        g_hash_table_iter_init(&i, t->entries);
        while (g_hash_table_iter_next(&i, &path, &entry))
            if (!is_path(path) || (strcmp(path, "/") == 0 && !((const struct store_entry *)entry)->node))
                return false;
        for (guint n = 0; n < t->changes->len; n++)
            if (!is_path(((const struct store_change *)g_ptr_array_index(t->changes, n))->path))
                return false;
    }
    return true;
}

static void restore_txn(struct xenstore *x, uint32_t id, GVariantIter *entries, GVariantIter *changes)
{
    struct store_txn *txn = store_txn_new(id);
    const char *path;
    guint64 seen;
    gboolean flag;
    GVariant *node;
    while (g_variant_iter_next(entries, "(&stb@" NODE_TYPE ")", &path, &seen, &flag, &node)) {
        struct store_entry *entry = g_new0(struct store_entry, 1);
        entry->node = variant_node(node);
        entry->seen = seen;
        entry->modified = flag;
        g_hash_table_insert(txn->entries, g_strdup(path), entry);
        g_variant_unref(node);
    }
    while (g_variant_iter_next(changes, "(&sb@" NODE_TYPE ")", &path, &flag, &node)) {
        struct store_change *change = g_new0(struct store_change, 1);
        change->path = g_strdup(path);
        change->exact = flag;
        change->node = variant_node(node);
        g_ptr_array_add(txn->changes, change);
        g_variant_unref(node);
    }
    g_hash_table_insert(x->txns, GUINT_TO_POINTER(id), txn);
}

static void restore_tree(struct xenstore *x, guint64 generation, GVariantIter *nodes)
{
    const char *path;
    GVariant *node;
    g_hash_table_remove_all(x->tree->nodes);
    while (g_variant_iter_next(nodes, "(&s@" NODE_TYPE ")", &path, &node)) {
        struct store_node *made = variant_node(node);
        if (made)
            store_tree_put(x->tree, path, made);
        g_variant_unref(node);
    }
    x->tree->generation = generation;
}

static char *variant_text(GVariant *v)
{
    gsize len;
    const char *bytes = g_variant_get_fixed_array(v, &len, 1);
    return bytes ? g_strndup(bytes, len) : g_strdup("");
}

static void restore_watches(struct xenstore *x, GVariantIter *watches)
{
    gboolean relative;
    GVariant *path, *token;
    g_ptr_array_set_size(x->watches, 0);
    while (g_variant_iter_next(watches, "(@ay@ayb)", &path, &token, &relative)) {
        g_autofree char *path_text = variant_text(path), *token_text = variant_text(token);
        g_ptr_array_add(x->watches, guest_watch_new(path_text, token_text, relative));
        g_variant_unref(path);
        g_variant_unref(token);
    }
}

static void copy_fixed(GVariant *v, void *to, size_t size)
{
    gsize len;
    const void *bytes = g_variant_get_fixed_array(v, &len, 1);
    if (bytes)
        memcpy(to, bytes, MIN(len, size));
}

bool xenstore_restore(struct xenstore *x, GBytes *saved, GError **error)
{
    g_autoptr(GVariant) v =
        g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(SAVE_TYPE), saved, FALSE));
    g_autoptr(GVariantIter) nodes = NULL, txns = NULL, watches = NULL;
    g_autoptr(GVariant) header = NULL, payload = NULL, out = NULL;
    guint64 generation;
    guint32 fault;
    if (!g_variant_is_normal_form(v)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "xenstore's saved state is damaged");
        return false;
    }
    g_variant_get(v, "(ta(s" NODE_TYPE ")a(ua(stb" NODE_TYPE ")a(sb" NODE_TYPE "))a(ayayb)uu@ay@ay@ayu)",
                  &generation, &nodes, &txns, &watches, &x->next_txn, &x->have, &header, &payload, &out,
                  &fault);
    restore_tree(x, generation, nodes);
    g_hash_table_remove_all(x->txns);
    uint32_t id;
    GVariantIter *entries, *changes;
    while (g_variant_iter_next(txns, "(ua(stb" NODE_TYPE ")a(sb" NODE_TYPE "))", &id, &entries, &changes)) {
        restore_txn(x, id, entries, changes);
        g_variant_iter_free(entries);
        g_variant_iter_free(changes);
    }
    restore_watches(x, watches);
    copy_fixed(header, &x->header, sizeof x->header);
    copy_fixed(payload, x->payload, sizeof x->payload);
    gsize len;
    const uint8_t *bytes = g_variant_get_fixed_array(out, &len, 1);
    g_byte_array_set_size(x->out, 0);
    g_byte_array_append(x->out, bytes, (guint)len);
    x->out_taken = 0;
    x->fault = MIN(fault, NR_FAULTS - 1);
    if (check(x))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "xenstore's saved state is none that can be");
    return false;
}
