/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenstore_watch.c - who is told of changes: the guest by events, the host's
 * devices by callbacks.
 */
#include "dispatch/event.h"
#include "xenstore_priv.h"

struct guest_watch *guest_watch_new(const char *path, const char *token, bool relative)
{
    struct guest_watch *watch = g_new0(struct guest_watch, 1);
    watch->path = g_strdup(path);
    watch->token = g_strdup(token);
    watch->relative = relative;
    return watch;
}

void guest_watch_free(void *data)
{
    struct guest_watch *watch = data;
    g_free(watch->path);
    g_free(watch->token);
    g_free(watch);
}

void xenstore_watch_event(struct xenstore *x, const struct guest_watch *watch, const char *path)
{
    static const struct xsd_sockmsg header = {.type = XS_WATCH_EVENT};
    if (watch->relative) {
        g_autofree char *home = xenstore_home(x);
        path += strlen(home);
        path += *path == '/';
    }
    size_t path_len = strlen(path) + 1, token_len = strlen(watch->token) + 1;
    if (path_len + token_len > XENSTORE_PAYLOAD_MAX)
        return;
    g_autofree char *payload = g_malloc(path_len + token_len);
    memcpy(payload, path, path_len);
    memcpy(payload + path_len, watch->token, token_len);
    event_device(x->d, &(const struct ring1_device_event){.device = RING1_DEVICE_XENSTORE,
                                                          .request = "XS_WATCH_EVENT",
                                                          .to_guest = true,
                                                          .data = (const uint8_t *)payload,
                                                          .len = (uint32_t)(path_len + token_len)});
    xenstore_send(x, &header, payload, path_len + token_len);
}

static bool concerns(const char *watched, const struct store_change *change)
{
    return change->exact ? strcmp(watched, change->path) == 0 : store_path_below(change->path, watched);
}

/* The guest hears of nodes that it may read, or whose parent it may. */
static bool may_hear(struct xenstore *x, const struct store_change *change)
{
    struct store_ctx ctx = {.tree = x->tree};
    if (store_rights(change->node, x->d->s.domid) & STORE_READ)
        return true;
    g_autofree char *above = store_parent(change->path);
    const struct store_node *parent = store_peek(&ctx, above);
    return parent && store_rights(parent, x->d->s.domid) & STORE_READ;
}

void xenstore_fire(struct xenstore *x, GPtrArray *changes)
{
    for (guint i = 0; i < changes->len; i++) {
        const struct store_change *change = g_ptr_array_index(changes, i);
        for (guint w = 0; w < x->watches->len; w++) {
            const struct guest_watch *watch = g_ptr_array_index(x->watches, w);
            if (concerns(watch->path, change) && may_hear(x, change))
                xenstore_watch_event(x, watch, change->path);
        }
        /* A callback may add and drop watches. */
        for (guint w = 0; w < x->host_watches->len; w++) {
            const struct host_watch *watch = g_ptr_array_index(x->host_watches, w);
            if (concerns(watch->path, change))
                watch->fn(watch->user, change->path);
        }
    }
}

void xenstore_watch(struct xenstore *x, const char *path, xenstore_watch_fn fn, void *user)
{
    struct host_watch *watch = g_new0(struct host_watch, 1);
    watch->path = g_strdup(path);
    watch->fn = fn;
    watch->user = user;
    g_ptr_array_add(x->host_watches, watch);
}

void xenstore_unwatch(struct xenstore *x, xenstore_watch_fn fn, void *user)
{
    for (guint w = x->host_watches->len; w-- > 0;) {
        const struct host_watch *watch = g_ptr_array_index(x->host_watches, w);
        if (watch->fn == fn && watch->user == user)
            g_ptr_array_remove_index(x->host_watches, w);
    }
}
