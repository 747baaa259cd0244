/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore.c - the ring, and the host's way to the tree. Requests are served in
 * xenstore_ops.c, watches in xenstore_watch.c.
 */
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "page.h"
#include "xenstore_priv.h"

/* struct xenstore_domain_interface. */
#define REQ              0u
#define RSP              1024u
#define RING_SIZE        1024u
#define REQ_CONS         2048u
#define REQ_PROD         2052u
#define RSP_CONS         2056u
#define RSP_PROD         2060u
#define CONNECTION_ERROR 2072u

#define HEADER_SIZE ((uint32_t)sizeof(struct xsd_sockmsg))

static void txn_free(void *txn)
{
    store_txn_free(txn);
}

static void host_watch_free(void *data)
{
    struct host_watch *watch = data;
    g_free(watch->path);
    g_free(watch);
}

struct xenstore *xenstore_new(struct domain *d, const char *name)
{
    struct xenstore *x = g_new0(struct xenstore, 1);
    x->d = d;
    x->tree = store_tree_new();
    x->txns = g_hash_table_new_full(NULL, NULL, NULL, txn_free);
    x->next_txn = 1;
    x->watches = g_ptr_array_new_with_free_func(guest_watch_free);
    x->host_watches = g_ptr_array_new_with_free_func(host_watch_free);
    x->out = g_byte_array_new();
    xenstore_populate(x, name);
    return x;
}

void xenstore_free(struct xenstore *x)
{
    if (!x)
        return;
    store_tree_free(x->tree);
    g_hash_table_destroy(x->txns);
    g_ptr_array_unref(x->watches);
    g_ptr_array_unref(x->host_watches);
    g_byte_array_unref(x->out);
    g_free(x);
}

const char *xenstore_fault(const struct xenstore *x)
{
    static const char *const text[NR_FAULTS] = {
        [FAULT_REQ] = "xenstore ring: req_prod is beyond the ring",
        [FAULT_RSP] = "xenstore ring: rsp_cons is beyond the ring",
        [FAULT_LONG] = "xenstore: a message of more than 4096 bytes",
    };
    return text[x->fault];
}

char *xenstore_home(const struct xenstore *x)
{
    return g_strdup_printf("/local/domain/%u", x->d->s.domid);
}

/* --- the ring ------------------------------------------------------------------- */

static bool give_up(struct xenstore *x, uint8_t *ring, enum xenstore_fault fault)
{
    x->fault = fault;
    if (x->d->abi->xen >= RING1_XEN_4_17)
        store32(ring + CONNECTION_ERROR, fault == FAULT_LONG ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_RINGIDX);
    return true;
}

static size_t out_pending(const struct xenstore *x)
{
    return x->out->len - x->out_taken;
}

static void out_drop(struct xenstore *x, size_t len)
{
    x->out_taken += len;
    if (x->out_taken == x->out->len) {
        g_byte_array_set_size(x->out, 0);
        x->out_taken = 0;
    }
}

void xenstore_send(struct xenstore *x, const struct xsd_sockmsg *header, const void *data, size_t len)
{
    struct xsd_sockmsg h = *header;
    h.len = (uint32_t)len;
    g_byte_array_append(x->out, (const uint8_t *)&h, HEADER_SIZE);
    g_byte_array_append(x->out, data, (guint)len);
}

/* Bytes that wait go to the guest as far as there is room. */
static bool flush_out(struct xenstore *x, uint8_t *ring)
{
    uint32_t cons = load32(ring + RSP_CONS), prod = load32(ring + RSP_PROD);
    if (prod - cons > RING_SIZE)
        return give_up(x, ring, FAULT_RSP);
    uint32_t left = (uint32_t)MIN(out_pending(x), RING_SIZE - (prod - cons));
    bool moved = left != 0;
    while (left) {
        uint32_t at = prod % RING_SIZE, n = MIN(left, RING_SIZE - at);
        memcpy(ring + RSP + at, x->out->data + x->out_taken, n);
        out_drop(x, n);
        prod += n;
        left -= n;
    }
    store32(ring + RSP_PROD, prod);
    return moved;
}

/* Take bytes of the request that is coming in; complete ones are served. */
static void take_in(struct xenstore *x, const uint8_t *from, uint32_t len)
{
    while (len && !x->fault) {
        bool in_header = x->have < HEADER_SIZE;
        uint32_t want = in_header ? HEADER_SIZE - x->have : HEADER_SIZE + x->header.len - x->have;
        uint32_t n = MIN(want, len);
        char *to = in_header ? (char *)&x->header + x->have : x->payload + (x->have - HEADER_SIZE);
        memcpy(to, from, n);
        x->have += n;
        from += n;
        len -= n;
        if (x->have < HEADER_SIZE)
            continue;
        if (x->header.len > XENSTORE_PAYLOAD_MAX) {
            x->fault = FAULT_LONG;
        } else if (x->have == HEADER_SIZE + x->header.len) {
            x->payload[x->header.len] = '\0';
            x->have = 0;
            xenstore_request(x);
        }
    }
}

/* Read what the guest wrote, one piece up to the ring's end at a time. */
static bool drain_in(struct xenstore *x, uint8_t *ring)
{
    uint32_t cons = load32(ring + REQ_CONS), prod = load32(ring + REQ_PROD);
    if (prod - cons > RING_SIZE)
        return give_up(x, ring, FAULT_REQ);
    uint8_t piece[RING_SIZE];
    uint32_t at = cons % RING_SIZE, n = MIN(prod - cons, RING_SIZE - at);
    if (n == 0)
        return false;
    memcpy(piece, ring + REQ + at, n);
    store32(ring + REQ_CONS, cons + n);
    take_in(x, piece, n);
    if (x->fault)
        give_up(x, ring, FAULT_LONG);
    return true;
}

bool xenstore_poll(struct xenstore *x)
{
    uint8_t *ring = shared_page(x->d, x->d->s.store_mfn);
    bool moved = false, more = ring != NULL;
    while (more && !x->fault) {
        more = flush_out(x, ring);
        if (!x->fault && out_pending(x) < OUT_HIGH)
            more |= drain_in(x, ring);
        moved |= more;
    }
    if (moved) {
        frame_changed(x->d, x->d->s.store_mfn);
        evtchn_backend_send(x->d, x->d->s.store_port);
    }
    return moved;
}

/* --- the host's way ------------------------------------------------------------- */

static struct store_ctx host_ctx(const struct xenstore *x, GPtrArray *changes)
{
    return (struct store_ctx){.tree = x->tree, .domid = DOMID_BACKEND, .changes = changes};
}

char *xenstore_read(const struct xenstore *x, const char *path)
{
    struct store_ctx ctx = host_ctx(x, NULL);
    const struct store_node *node = store_peek(&ctx, path);
    gsize len;
    if (!node)
        return NULL;
    const char *data = g_bytes_get_data(node->data, &len);
    return data ? g_strndup(data, len) : g_strdup("");
}

char **xenstore_directory(const struct xenstore *x, const char *path)
{
    struct store_ctx ctx = host_ctx(x, NULL);
    const struct store_node *node = store_peek(&ctx, path);
    if (!node)
        return NULL;
    char **names = g_new0(char *, node->children->len + 1);
    for (guint i = 0; i < node->children->len; i++)
        names[i] = g_strdup(g_ptr_array_index(node->children, i));
    return names;
}

/* What the host changed may have woken watches of the guest. */
static bool host_done(struct xenstore *x, GPtrArray *changes, int err)
{
    xenstore_fire(x, changes);
    g_ptr_array_unref(changes);
    xenstore_poll(x);
    return err == 0;
}

bool xenstore_write(struct xenstore *x, const char *path, const char *value)
{
    GPtrArray *changes = store_changes_new();
    struct store_ctx ctx = host_ctx(x, changes);
    return host_done(x, changes, store_write(&ctx, path, value, strlen(value)));
}

bool xenstore_mkdir(struct xenstore *x, const char *path)
{
    GPtrArray *changes = store_changes_new();
    struct store_ctx ctx = host_ctx(x, changes);
    return host_done(x, changes, store_mkdir(&ctx, path));
}

bool xenstore_rm(struct xenstore *x, const char *path)
{
    GPtrArray *changes = store_changes_new();
    struct store_ctx ctx = host_ctx(x, changes);
    return host_done(x, changes, store_rm(&ctx, path));
}

bool xenstore_set_perms(struct xenstore *x, const char *path, const char *const *perms)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct store_perm));
    for (; *perms; perms++) {
        struct store_perm perm;
        if (!xenstore_parse_perm(*perms, &perm))
            return false;
        g_array_append_val(list, perm);
    }
    if (list->len == 0)
        return false;
    GPtrArray *changes = store_changes_new();
    struct store_ctx ctx = host_ctx(x, changes);
    return host_done(x, changes,
                     store_set_perms(&ctx, path, (const struct store_perm *)(void *)list->data, list->len));
}
