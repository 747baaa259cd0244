/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_machine.c - the machine of a record made anew: its configuration, its files,
 * and disks that give what was recorded.
 */
#include "config_text.h"
#include "devices/disk.h"
#include "replay_priv.h"
#include "saved.h"

#include <inttypes.h>

/* --- what it is made of --------------------------------------------------------------------- */

static uint64_t number(const ring1_replay *r, const char *key, uint64_t otherwise)
{
    const char *value = record_value(r->reader, (int)r->machine, key);
    return value ? g_ascii_strtoull(value, NULL, 10) : otherwise;
}

static uint64_t disk_number(const ring1_replay *r, unsigned index, const char *what)
{
    char key[32];
    g_snprintf(key, sizeof key, "disk.%u.%s", index, what);
    return number(r, key, 0);
}

struct disk_source {
    ring1_replay *r;
    bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len);
};

static struct disk *use_disk(void *user, unsigned index, G_GNUC_UNUSED struct disk *disk,
                             G_GNUC_UNUSED GError **error)
{
    const struct disk_source *from = user;
    const ring1_replay *r = from->r;
    return replay_disk(disk_number(r, index, "size") & ~UINT64_C(511), disk_number(r, index, "readonly") != 0,
                       disk_number(r, index, "discard") != 0, index, from->data, from->r);
}

/* --- a machine ------------------------------------------------------------------------------ */

static bool bad_machine(GError **error, unsigned machine, const char *what)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "record: machine %u has no %s that is known", machine,
                what);
    return false;
}

/* A file of the machine; true and *file NULL: it has none. */
static bool read_file(ring1_replay *r, const char *key, GBytes **file, GError **error)
{
    const char *sha256 = record_value(r->reader, (int)r->machine, key);
    *file = NULL;
    return !sha256 || (*file = record_blob(r->reader, sha256, error)) != NULL;
}

static bool read_config(const ring1_replay *r, ring1_config *c, GError **error)
{
    if (config_from_text(record_table(r->reader, r->machine), c, error))
        return true;
    g_prefix_error(error, "record: machine %u: ", r->machine);
    return false;
}

/* The snapshot that it began as; *saved NULL: it began at its start. */
static bool read_saved(ring1_replay *r, ring1_saved **saved, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gsize len;
    if (!read_file(r, "snapshot", &bytes, error))
        return false;
    const void *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    return !bytes || (*saved = ring1_saved_open_bytes("of the record", data, len, error)) != NULL;
}

ring1_machine *replay_make(ring1_replay *r,
                           bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len),
                           GError **error)
{
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autoptr(GBytes) image = NULL;
    g_autoptr(ring1_saved) saved = NULL;
    struct machine_parts parts = {.disks = &r->hook};
    ring1_machine *m = NULL;
    struct disk_source source = {r, data};
    c->host = r->host;
    r->hook = (struct disk_hook){.use = use_disk, .user = &source, .makes = true};
    if (read_config(r, c, error) && read_saved(r, &saved, error) && read_file(r, "image", &image, error) &&
        (image || bad_machine(error, r->machine, "image")) && read_file(r, "initrd", &parts.initrd, error) &&
        read_file(r, "xenstore", &parts.xenstore, error)) {
        size_t len;
        const void *bytes = g_bytes_get_data(image, &len);
        if (!parts.initrd)
            g_clear_pointer(&c->initrd, g_free); /* nothing is read from outside */
        if (!parts.xenstore)
            g_clear_pointer(&c->xenstore, g_free);
        parts.saved = saved;
        m = machine_make(c, ring1_replay_image(r), bytes, len, &parts, error);
    }
    g_clear_pointer(&parts.initrd, g_bytes_unref);
    g_clear_pointer(&parts.xenstore, g_bytes_unref);
    return m;
}
