/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host.c - see host.h.
 */
#include "host.h"

#include "config.h"
#include "devices.h"
#include "emu/image.h"
#include "networks.h"

#include <ring1/host.h>

struct ring1_host {
    GHashTable *files; /* path: GBytes */
    GHashTable *disks; /* name: struct disk */
    GHashTable *nets;  /* index: struct net_user */
};

static void free_bytes(void *bytes)
{
    g_bytes_unref(bytes);
}

static void free_disk(void *disk)
{
    disk_close(disk);
}

static void free_net(void *net)
{
    net_user_free(net);
}

ring1_host *ring1_host_new(void)
{
    ring1_host *h = g_new0(ring1_host, 1);
    h->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_bytes);
    h->disks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_disk);
    h->nets = g_hash_table_new_full(NULL, NULL, NULL, free_net);
    return h;
}

void ring1_host_free(ring1_host *h)
{
    if (!h)
        return;
    g_hash_table_unref(h->files);
    g_hash_table_unref(h->disks);
    g_hash_table_unref(h->nets);
    g_free(h);
}

static GBytes *read_any(const char *path, GError **error)
{
    char *text;
    gsize len;
    return g_file_get_contents(path, &text, &len, error) ? g_bytes_new_take(text, len) : NULL;
}

GBytes *host_file(ring1_host *h, const char *path, bool any, GError **error)
{
    GBytes *bytes = h ? g_hash_table_lookup(h->files, path) : NULL;
    if (bytes)
        return g_bytes_ref(bytes);
    bytes = any ? read_any(path, error) : image_read_file(path, error);
    if (h && bytes)
        g_hash_table_insert(h->files, g_strdup(path), g_bytes_ref(bytes));
    return bytes;
}

struct disk *host_disk(ring1_host *h, const char *name)
{
    struct disk *disk = h ? g_hash_table_lookup(h->disks, name) : NULL;
    if (!disk)
        return NULL;
    disk_share(disk);
    if (disk->ops->renew)
        disk->ops->renew(disk);
    return disk;
}

void host_keep_disk(ring1_host *h, const char *name, struct disk *disk)
{
    if (!h)
        return;
    disk_share(disk);
    g_hash_table_insert(h->disks, g_strdup(name), disk);
}

struct net_user *host_net(ring1_host *h, unsigned index)
{
    struct net_user *net = h ? g_hash_table_lookup(h->nets, GUINT_TO_POINTER(index)) : NULL;
    if (net)
        net_user_share(net);
    return net;
}

void host_keep_net(ring1_host *h, unsigned index, struct net_user *net)
{
    if (!h)
        return;
    net_user_share(net);
    g_hash_table_insert(h->nets, GUINT_TO_POINTER(index), net);
}

/* --- ahead ------------------------------------------------------------------------------ */

static bool fetch_file(ring1_host *h, const char *path, bool any, GError **error)
{
    g_autoptr(GBytes) bytes = path ? host_file(h, path, any, error) : NULL;
    return !path || bytes;
}

bool ring1_host_fetch_image(ring1_host *h, const ring1_config *config, const char *image, GError **error)
{
    return config_check(config, error) && fetch_file(h, image, false, error) &&
           fetch_file(h, config->initrd, false, error);
}

bool ring1_host_fetch(ring1_host *h, const ring1_config *config, const char *image, GError **error)
{
    ring1_config c = *config;
    g_autoptr(GError) why = NULL;
    c.host = h;
    if (!config_check(&c, error) || !fetch_file(h, image, false, error) ||
        !fetch_file(h, c.initrd, false, error) || !devices_fetch(&c, error) || !networks_fetch(&c, error))
        return false;
    if (fetch_file(h, c.xenstore, true, &why))
        return true;
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, why->message);
    return false;
}

void ring1_host_forget_files(ring1_host *h)
{
    g_hash_table_remove_all(h->files);
}
