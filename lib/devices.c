/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * devices.c - see devices.h.
 */
#include "devices.h"

#include "devices/block.h"
#include "devices/block_2_0.h"
#include "host.h"
#include "networks.h"

struct devices {
    GPtrArray *blocks;
    GPtrArray *disks;            /* struct disk, not owned */
    struct block_2_0 *block_2_0; /* NULL: none */
    struct networks *networks;
};

/* --- "FILE[,ro][,snapshot][,dev=NAME]" -------------------------------------------- */

struct disk_spec {
    char *place;
    const char *dev; /* NULL: the next free */
    bool readonly, snapshot;
};

/* One word behind the place; false: none that we know. */
static bool take_word(struct disk_spec *spec, const char *word)
{
    if (strcmp(word, "ro") == 0)
        spec->readonly = true;
    else if (strcmp(word, "rw") == 0)
        spec->readonly = false;
    else if (strcmp(word, "snapshot") == 0)
        spec->snapshot = true;
    else if (g_str_has_prefix(word, "dev="))
        spec->dev = word + 4;
    else
        return false;
    return true;
}

/* Words are taken from the end, so that a file's name may have commas. */
static bool parse_disk(const char *text, struct disk_spec *spec, GError **error)
{
    *spec = (struct disk_spec){.place = g_strdup(text)};
    char *comma;
    while ((comma = strrchr(spec->place, ',')) && take_word(spec, comma + 1)) {
        if (spec->dev == comma + 1 + 4)
            spec->dev = text + (comma - spec->place) + 1 + 4;
        *comma = '\0';
    }
    if (*spec->place)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "disk '%s': the file is missing", text);
    return false;
}

/* --- making ----------------------------------------------------------------------- */

static char *device_name(const struct disk_spec *spec, unsigned index)
{
    if (!spec->dev)
        return g_strdup_printf("xvd%c", 'a' + index);
    return g_strndup(spec->dev, strcspn(spec->dev, ","));
}

static struct disk *open_place(const struct disk_spec *spec, GError **error)
{
    struct disk *disk = disk_open(spec->place, spec->readonly || spec->snapshot, error);
    if (!disk || !spec->snapshot)
        return disk;
    struct disk *overlay = disk_overlay(disk, error);
    if (!overlay)
        disk_close(disk);
    else
        overlay->readonly = spec->readonly;
    return overlay;
}

static bool name_is_free(const GArray *numbers, unsigned number)
{
    for (guint i = 0; i < numbers->len; i++)
        if (g_array_index(numbers, unsigned, i) == number)
            return false;
    return true;
}

/* One that a machine before this one had, or another. */
static struct disk *take_disk(ring1_host *host, const char *text, unsigned index,
                              const struct disk_spec *spec, GError **error)
{
    g_autofree char *key = g_strdup_printf("%u: %s", index, text); /* lines may be alike */
    struct disk *disk = host_disk(host, key);
    if (disk)
        return disk;
    disk = open_place(spec, error);
    if (disk)
        host_keep_disk(host, key, disk);
    return disk;
}

static struct disk *open_disk(struct devices *devices, ring1_host *host, const char *text,
                              const struct disk_spec *spec, unsigned index, const struct disk_hook *hook,
                              GError **error)
{
    struct disk *disk = hook && hook->makes ? NULL : take_disk(host, text, index, spec, error);
    g_ptr_array_add(devices->disks, disk);
    if (!hook || (!disk && !hook->makes))
        return disk;
    return hook->use(hook->user, index, disk, error);
}

static bool add_disk(struct devices *devices, ring1_host *host, const char *text, struct domain *d,
                     struct xenstore *x, const struct disk_hook *hook, GArray *numbers, GError **error)
{
    struct disk_spec spec;
    unsigned number;
    bool ok = parse_disk(text, &spec, error);
    g_autofree char *place = spec.place;
    if (!ok)
        return false;
    g_autofree char *dev = device_name(&spec, numbers->len);
    unsigned limit = devices->block_2_0 ? UINT16_MAX : UINT_MAX;
    if (!block_device_number(dev, &number) || number > limit || !name_is_free(numbers, number)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "disk '%s': dev=%s %s", text, dev,
                    block_device_number(dev, &number) && number <= limit
                        ? "is taken"
                        : "is no name of a disk: xvda, sda, hda, xvda1 ...");
        return false;
    }
    struct disk *disk = open_disk(devices, host, text, &spec, numbers->len, hook, error);
    if (!disk)
        return false;
    g_array_append_val(numbers, number);
    if (devices->block_2_0)
        block_2_0_add(devices->block_2_0, disk, number);
    else
        g_ptr_array_add(devices->blocks, block_new(x, d, disk, dev, number));
    return true;
}

bool devices_disk_is_kept(const char *text)
{
    struct disk_spec spec;
    bool good = parse_disk(text, &spec, NULL);
    g_autofree char *place = spec.place;
    return good && (spec.readonly || spec.snapshot);
}

bool devices_fetch(const ring1_config *c, GError **error)
{
    for (unsigned i = 0; c->disks && c->disks[i]; i++) {
        struct disk_spec spec;
        bool good = parse_disk(c->disks[i], &spec, error);
        g_autofree char *place = spec.place;
        struct disk *disk = good ? take_disk(c->host, c->disks[i], i, &spec, error) : NULL;
        if (!disk)
            return false;
        disk_close(disk); /* the host has it */
    }
    return true;
}

static void free_block(void *block)
{
    block_free(block);
}

struct devices *devices_new(const ring1_config *c, struct domain *d, struct xenstore *x, struct console *host,
                            const struct disk_hook *hook, GError **error)
{
    struct devices *devices = g_new0(struct devices, 1);
    devices->blocks = g_ptr_array_new_with_free_func(free_block);
    devices->disks = g_ptr_array_new();
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
    if (c->disks && c->disks[0] && d->abi->xen == RING1_XEN_2_0) {
        devices->block_2_0 = block_2_0_new(d);
        console_set_client(host, &block_2_0_client, devices->block_2_0);
    }
    for (char **disk = c->disks; disk && *disk; disk++) {
        if (!add_disk(devices, c->host, *disk, d, x, hook, numbers, error)) {
            devices_free(devices);
            return NULL;
        }
    }
    devices->networks = networks_new(c, d, x, error);
    if (!devices->networks) {
        devices_free(devices);
        return NULL;
    }
    return devices;
}

void devices_free(struct devices *devices)
{
    if (!devices)
        return;
    g_ptr_array_unref(devices->blocks);
    g_ptr_array_unref(devices->disks);
    block_2_0_free(devices->block_2_0);
    networks_free(devices->networks);
    g_free(devices);
}

/* --- running ---------------------------------------------------------------------- */

void devices_notify(struct devices *devices, uint16_t port)
{
    if (devices->block_2_0 && block_2_0_notify(devices->block_2_0, port))
        return;
    for (guint i = 0; i < devices->blocks->len; i++)
        if (block_notify(g_ptr_array_index(devices->blocks, i), port))
            return;
    networks_notify(devices->networks, port);
}

bool devices_poll(struct devices *devices)
{
    return networks_poll(devices->networks);
}

struct networks *devices_networks(const struct devices *devices)
{
    return devices->networks;
}

void devices_suspend(struct devices *devices)
{
    for (guint i = 0; i < devices->blocks->len; i++)
        block_suspend(g_ptr_array_index(devices->blocks, i));
    networks_suspend(devices->networks);
}

void devices_resume(struct devices *devices)
{
    for (guint i = 0; i < devices->blocks->len; i++)
        block_resume(g_ptr_array_index(devices->blocks, i));
    networks_resume(devices->networks);
}

/* --- snapshots -------------------------------------------------------------------- */

static void add_bytes(GVariantBuilder *b, GBytes *bytes)
{
    g_variant_builder_add_value(b, g_variant_new_from_bytes(G_VARIANT_TYPE("ay"), bytes, TRUE));
    g_bytes_unref(bytes);
}

const GPtrArray *devices_disks(const struct devices *devices)
{
    return devices->disks;
}

bool devices_mark_disks(struct devices *devices, GError **error)
{
    for (guint i = 0; i < devices->disks->len; i++) {
        struct disk *disk = g_ptr_array_index(devices->disks, i);
        if (!disk) /* a replay's */
            continue;
        if (!disk_is_overlay(disk) && !disk->readonly) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                        "disk %s would be written to again and again: it has to be ,ro or ,snapshot",
                        disk->name);
            return false;
        }
        if (disk_is_overlay(disk))
            disk_overlay_mark(disk);
    }
    return true;
}

void devices_put_back_disks(struct devices *devices)
{
    for (guint i = 0; i < devices->disks->len; i++) {
        struct disk *disk = g_ptr_array_index(devices->disks, i);
        if (disk && disk_is_overlay(disk))
            disk_overlay_back(disk);
    }
}

void devices_pins(const struct devices *devices, uint32_t *pins)
{
    for (guint i = 0; i < devices->blocks->len; i++)
        block_pins(g_ptr_array_index(devices->blocks, i), pins);
    for (guint i = 0; i < networks_count(devices->networks); i++)
        networks_pins(devices->networks, i, pins);
}

bool devices_check(const struct devices *devices, GError **error)
{
    for (guint i = 0; i < devices->blocks->len; i++)
        if (!block_check(g_ptr_array_index(devices->blocks, i), error))
            return false;
    for (guint i = 0; i < networks_count(devices->networks); i++)
        if (!networks_check(devices->networks, i, error))
            return false;
    return true;
}

/* Disks, those of 2.0, network cards. */
GVariant *devices_save(const struct devices *devices)
{
    GVariantBuilder b;
    g_variant_builder_init(&b, G_VARIANT_TYPE("aay"));
    for (guint i = 0; i < devices->blocks->len; i++)
        add_bytes(&b, block_save(g_ptr_array_index(devices->blocks, i)));
    if (devices->block_2_0)
        add_bytes(&b, block_2_0_save(devices->block_2_0));
    for (guint i = 0; i < networks_count(devices->networks); i++)
        add_bytes(&b, networks_save(devices->networks, i));
    return g_variant_ref_sink(g_variant_builder_end(&b));
}

static bool restore_one(struct devices *devices, guint i, GBytes *bytes, GError **error)
{
    if (i < devices->blocks->len)
        return block_restore(g_ptr_array_index(devices->blocks, i), bytes, error);
    i -= devices->blocks->len;
    if (devices->block_2_0 && i-- == 0)
        return block_2_0_restore(devices->block_2_0, bytes, error);
    return networks_restore(devices->networks, i, bytes, error);
}

bool devices_restore(struct devices *devices, GVariant *saved, GError **error)
{
    guint nr = devices->blocks->len + (devices->block_2_0 != NULL) + networks_count(devices->networks);
    if (g_variant_n_children(saved) != nr) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE,
                    "the snapshot has %" G_GSIZE_FORMAT " devices, not %u", g_variant_n_children(saved), nr);
        return false;
    }
    for (guint i = 0; i < nr; i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(saved, i);
        g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(one);
        if (!restore_one(devices, i, bytes, error))
            return false;
    }
    return true;
}
