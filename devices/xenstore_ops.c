/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_ops.c - the guest's requests, as xenstored answers an ordinary domain
 * (docs/xen-abi.md 9.3).
 */
#include "dispatch/event.h"
#include "xenstore_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* A request, and where its changes go. */
struct request {
    struct xenstore *x;
    const char *data; /* NUL-terminated behind its end */
    uint32_t len;
    struct store_ctx ctx;
    bool answered;
};

typedef int (*request_fn)(struct request *r);

static const char *request_name(uint32_t type)
{
#define NAME(type) [type] = #type
    static const char *const names[XS_TYPE_COUNT] = {
        NAME(XS_CONTROL),
        NAME(XS_DIRECTORY),
        NAME(XS_READ),
        NAME(XS_GET_PERMS),
        NAME(XS_WATCH),
        NAME(XS_UNWATCH),
        NAME(XS_TRANSACTION_START),
        NAME(XS_TRANSACTION_END),
        NAME(XS_INTRODUCE),
        NAME(XS_RELEASE),
        NAME(XS_GET_DOMAIN_PATH),
        NAME(XS_WRITE),
        NAME(XS_MKDIR),
        NAME(XS_RM),
        NAME(XS_SET_PERMS),
        NAME(XS_WATCH_EVENT),
        NAME(XS_ERROR),
        NAME(XS_IS_DOMAIN_INTRODUCED),
        NAME(XS_RESUME),
        NAME(XS_SET_TARGET),
        NAME(XS_RESET_WATCHES),
        NAME(XS_DIRECTORY_PART),
    };
#undef NAME
    return type < G_N_ELEMENTS(names) && names[type] ? names[type] : "unknown";
}

static void tell(const struct request *r, const void *answer, size_t len, const char *error)
{
    event_device(r->x->d, &(const struct ring1_device_event){.device = RING1_DEVICE_XENSTORE,
                                                             .request = request_name(r->x->header.type),
                                                             .data = (const uint8_t *)r->data,
                                                             .len = r->len,
                                                             .answer = answer,
                                                             .answer_len = (uint32_t)len,
                                                             .error = error,
                                                             .tx = r->x->header.tx_id});
}

static void reply(struct request *r, const void *data, size_t len)
{
    tell(r, data, len, NULL);
    xenstore_send(r->x, &r->x->header, data, len);
    r->answered = true;
}

static int reply_ok(struct request *r)
{
    reply(r, "OK", 3);
    return 0;
}

static int reply_text(struct request *r, const char *text)
{
    reply(r, text, strlen(text) + 1);
    return 0;
}

static void reply_error(struct request *r, int err)
{
    struct xsd_sockmsg header = r->x->header;
    const char *name = "EINVAL";
    for (size_t i = 0; i < G_N_ELEMENTS(xsd_errors); i++)
        if (xsd_errors[i].errnum == err)
            name = xsd_errors[i].errstring;
    header.type = XS_ERROR;
    tell(r, NULL, 0, name);
    xenstore_send(r->x, &header, name, strlen(name) + 1);
    r->answered = true;
}

/* --- arguments --------------------------------------------------------------- */

/* Terminated strings at the front of the payload: up to max of them in strings[];
 * returns how many there are in all. */
static unsigned get_strings(const struct request *r, const char **strings, unsigned max)
{
    unsigned nr = 0;
    for (uint32_t at = 0; at < r->len;) {
        const char *end = memchr(r->data + at, '\0', r->len - at);
        if (!end)
            break;
        if (nr < max)
            strings[nr] = r->data + at;
        nr++;
        at = (uint32_t)(end - r->data) + 1;
    }
    return nr;
}

/* The only argument: one string that is the whole payload. */
static const char *one_string(const struct request *r)
{
    return r->len && strlen(r->data) + 1 == r->len ? r->data : NULL;
}

static char *canonical(const struct request *r, const char *path)
{
    if (path[0] == '/')
        return g_strdup(path);
    g_autofree char *home = xenstore_home(r->x);
    return g_strconcat(home, "/", path, NULL);
}

/* The node that the whole payload names, with rights on it. */
static int get_node(struct request *r, const char *path, unsigned rights, struct store_node **node)
{
    if (!path)
        return EINVAL;
    g_autofree char *full = canonical(r, path);
    return store_get(&r->ctx, full, rights, node);
}

/* --- nodes -------------------------------------------------------------------- */

static GByteArray *child_list(const struct store_node *node)
{
    GByteArray *list = g_byte_array_new();
    for (guint i = 0; i < node->children->len; i++) {
        const char *name = g_ptr_array_index(node->children, i);
        g_byte_array_append(list, (const uint8_t *)name, (guint)strlen(name) + 1);
    }
    return list;
}

static int op_directory(struct request *r)
{
    struct store_node *node;
    int err = get_node(r, one_string(r), STORE_READ, &node);
    if (err)
        return err;
    g_autoptr(GByteArray) list = child_list(node);
    if (list->len > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    reply(r, list->data, list->len);
    return 0;
}

/* A long list in parts: generation, then names from a byte offset on, and an empty
 * name where it ends. */
static int op_directory_part(struct request *r)
{
    const char *arg[2];
    struct store_node *node;
    if (get_strings(r, arg, 2) != 2)
        return EINVAL;
    int err = get_node(r, arg[0], STORE_READ, &node);
    if (err)
        return err;
    g_autoptr(GByteArray) list = child_list(node);
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_autofree char *generation = g_strdup_printf("%" G_GUINT64_FORMAT, node->generation);
    g_byte_array_append(part, (const uint8_t *)generation, (guint)strlen(generation) + 1);
    /* An offset is a place that an earlier part ended at; others read from there. */
    guint64 offset = g_ascii_strtoull(arg[1], NULL, 10);
    guint at = (guint)MIN(offset, list->len);
    while (at < list->len) {
        const char *name = (const char *)list->data + at;
        guint len = (guint)strlen(name) + 1;
        if (part->len + len >= XENSTORE_PAYLOAD_MAX)
            break;
        g_byte_array_append(part, (const uint8_t *)name, len);
        at += len;
    }
    if (at == list->len)
        g_byte_array_append(part, (const uint8_t *)"", 1);
    reply(r, part->data, part->len);
    return 0;
}

static int op_read(struct request *r)
{
    struct store_node *node;
    int err = get_node(r, one_string(r), STORE_READ, &node);
    if (err)
        return err;
    if (g_bytes_get_size(node->data) > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    reply(r, g_bytes_get_data(node->data, NULL), g_bytes_get_size(node->data));
    return 0;
}

static int op_write(struct request *r)
{
    const char *arg[1];
    if (get_strings(r, arg, 1) < 1)
        return EINVAL;
    uint32_t at = (uint32_t)strlen(arg[0]) + 1;
    g_autofree char *full = canonical(r, arg[0]);
    int err = store_write(&r->ctx, full, r->data + at, r->len - at);
    return err ? err : reply_ok(r);
}

static int on_path(struct request *r, int (*op)(const struct store_ctx *ctx, const char *path))
{
    const char *path = one_string(r);
    if (!path)
        return EINVAL;
    g_autofree char *full = canonical(r, path);
    int err = op(&r->ctx, full);
    return err ? err : reply_ok(r);
}

static int op_mkdir(struct request *r)
{
    return on_path(r, store_mkdir);
}

static int op_rm(struct request *r)
{
    return on_path(r, store_rm);
}

static const char perm_letters[] = "nrwb";

bool xenstore_parse_perm(const char *text, struct store_perm *perm)
{
    const char *letter = text[0] ? strchr(perm_letters, text[0]) : NULL;
    char *end;
    if (!letter || !g_ascii_isdigit(text[1]))
        return false;
    guint64 domid = g_ascii_strtoull(text + 1, &end, 10);
    if (*end || domid > UINT16_MAX)
        return false;
    perm->domid = (uint16_t)domid;
    perm->perms = (uint8_t)(letter - perm_letters);
    return true;
}

char *xenstore_format_perm(const struct store_perm *perm)
{
    return g_strdup_printf("%c%u", perm_letters[perm->perms & 3u], perm->domid);
}

static int op_get_perms(struct request *r)
{
    struct store_node *node;
    int err = get_node(r, one_string(r), STORE_READ, &node);
    if (err)
        return err;
    g_autoptr(GByteArray) list = g_byte_array_new();
    for (guint i = 0; i < node->perms->len; i++) {
        g_autofree char *text = xenstore_format_perm(&g_array_index(node->perms, struct store_perm, i));
        g_byte_array_append(list, (const uint8_t *)text, (guint)strlen(text) + 1);
    }
    if (list->len > XENSTORE_PAYLOAD_MAX)
        return E2BIG;
    reply(r, list->data, list->len);
    return 0;
}

static int op_set_perms(struct request *r)
{
    const char *arg[64];
    unsigned nr = get_strings(r, arg, G_N_ELEMENTS(arg));
    if (nr < 2)
        return EINVAL;
    if (nr > G_N_ELEMENTS(arg))
        return ENOSPC;
    struct store_perm perms[G_N_ELEMENTS(arg)];
    for (unsigned i = 1; i < nr; i++)
        if (!xenstore_parse_perm(arg[i], &perms[i - 1]))
            return EINVAL;
    g_autofree char *full = canonical(r, arg[0]);
    int err = store_set_perms(&r->ctx, full, perms, nr - 1);
    return err ? err : reply_ok(r);
}

/* --- watches -------------------------------------------------------------------- */

static guint find_watch(const struct xenstore *x, const char *path, const char *token)
{
    for (guint i = 0; i < x->watches->len; i++) {
        const struct guest_watch *watch = g_ptr_array_index(x->watches, i);
        if (strcmp(watch->path, path) == 0 && strcmp(watch->token, token) == 0)
            return i;
    }
    return G_MAXUINT;
}

static int op_watch(struct request *r)
{
    struct xenstore *x = r->x;
    const char *arg[2];
    if (get_strings(r, arg, 2) != 2)
        return EINVAL;
    bool special = arg[0][0] == '@', relative = !special && arg[0][0] != '/';
    g_autofree char *full = special ? g_strdup(arg[0]) : canonical(r, arg[0]);
    if (special ? strlen(full) > STORE_REL_PATH_MAX : !store_path_ok(full))
        return EINVAL;
    if (find_watch(x, full, arg[1]) != G_MAXUINT)
        return EEXIST;
    if (x->watches->len >= QUOTA_WATCHES)
        return E2BIG;
    struct guest_watch *watch = guest_watch_new(full, arg[1], relative);
    g_ptr_array_add(x->watches, watch);
    reply_ok(r);
    /* At once, so that the watcher needs no first look of its own. */
    xenstore_watch_event(x, watch, full);
    return 0;
}

static int op_unwatch(struct request *r)
{
    const char *arg[2];
    if (get_strings(r, arg, 2) != 2)
        return EINVAL;
    g_autofree char *full = arg[0][0] == '@' ? g_strdup(arg[0]) : canonical(r, arg[0]);
    guint at = find_watch(r->x, full, arg[1]);
    if (at == G_MAXUINT)
        return ENOENT;
    g_ptr_array_remove_index(r->x->watches, at);
    return reply_ok(r);
}

static int op_reset_watches(struct request *r)
{
    g_ptr_array_set_size(r->x->watches, 0);
    g_hash_table_remove_all(r->x->txns);
    return reply_ok(r);
}

/* --- transactions ----------------------------------------------------------------- */

static int op_transaction_start(struct request *r)
{
    struct xenstore *x = r->x;
    if (r->ctx.txn)
        return EBUSY;
    if (g_hash_table_size(x->txns) >= QUOTA_TXNS)
        return ENOSPC;
    while (x->next_txn == 0 || g_hash_table_contains(x->txns, GUINT_TO_POINTER(x->next_txn)))
        x->next_txn++;
    uint32_t id = x->next_txn++;
    g_hash_table_insert(x->txns, GUINT_TO_POINTER(id), store_txn_new(id));
    g_autofree char *text = g_strdup_printf("%u", id);
    return reply_text(r, text);
}

static int op_transaction_end(struct request *r)
{
    const char *arg = one_string(r);
    struct store_txn *txn = r->ctx.txn;
    if (!arg || (strcmp(arg, "T") != 0 && strcmp(arg, "F") != 0))
        return EINVAL;
    if (!txn)
        return ENOENT;
    bool done = arg[0] == 'F' || store_txn_commit(r->x->tree, txn);
    if (arg[0] == 'T' && done) {
        /* Only now can anybody see them. */
        g_ptr_array_unref(r->ctx.changes);
        r->ctx.changes = g_ptr_array_ref(txn->changes);
    }
    r->ctx.txn = NULL;
    g_hash_table_remove(r->x->txns, GUINT_TO_POINTER(txn->id));
    return done ? reply_ok(r) : EAGAIN;
}

/* --- domains ------------------------------------------------------------------------ */

static int op_get_domain_path(struct request *r)
{
    const char *arg = one_string(r);
    if (!arg)
        return EINVAL;
    g_autofree char *path = g_strdup_printf("/local/domain/%u", (unsigned)strtoul(arg, NULL, 10));
    return reply_text(r, path);
}

static int op_is_domain_introduced(struct request *r)
{
    const char *arg = one_string(r);
    if (!arg)
        return EINVAL;
    unsigned long domid = strtoul(arg, NULL, 10);
    return reply_text(r, domid == DOMID_BACKEND || domid == r->x->d->s.domid ? "T" : "F");
}

/* For the control domain alone. */
static int op_denied(struct request *r)
{
    (void)r;
    return EACCES;
}

static const request_fn ops[XS_TYPE_COUNT] = {
    [XS_CONTROL] = op_denied,
    [XS_DIRECTORY] = op_directory,
    [XS_READ] = op_read,
    [XS_GET_PERMS] = op_get_perms,
    [XS_WATCH] = op_watch,
    [XS_UNWATCH] = op_unwatch,
    [XS_TRANSACTION_START] = op_transaction_start,
    [XS_TRANSACTION_END] = op_transaction_end,
    [XS_INTRODUCE] = op_denied,
    [XS_RELEASE] = op_denied,
    [XS_GET_DOMAIN_PATH] = op_get_domain_path,
    [XS_WRITE] = op_write,
    [XS_MKDIR] = op_mkdir,
    [XS_RM] = op_rm,
    [XS_SET_PERMS] = op_set_perms,
    [XS_IS_DOMAIN_INTRODUCED] = op_is_domain_introduced,
    [XS_RESUME] = op_denied,
    [XS_SET_TARGET] = op_denied,
    [XS_RESET_WATCHES] = op_reset_watches,
    [XS_DIRECTORY_PART] = op_directory_part,
};

static int serve(struct request *r)
{
    const struct xsd_sockmsg *header = &r->x->header;
    if (header->type >= G_N_ELEMENTS(ops) || !ops[header->type])
        return ENOSYS;
    if (header->tx_id) {
        r->ctx.txn = g_hash_table_lookup(r->x->txns, GUINT_TO_POINTER(header->tx_id));
        if (!r->ctx.txn)
            return ENOENT;
        if (g_hash_table_size(r->ctx.txn->entries) > QUOTA_TXN_NODES && header->type != XS_TRANSACTION_END)
            return ENOSPC;
    }
    return ops[header->type](r);
}

void xenstore_request(struct xenstore *x)
{
    struct request r = {.x = x,
                        .data = x->payload,
                        .len = x->header.len,
                        .ctx = {.tree = x->tree, .domid = x->d->s.domid, .changes = store_changes_new()}};
    int err = serve(&r);
    if (err)
        reply_error(&r, err);
    /* The answer comes before the events that it caused. */
    xenstore_fire(x, r.ctx.changes);
    g_ptr_array_unref(r.ctx.changes);
}
