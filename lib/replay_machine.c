/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_machine.c - the machine of a record made anew: its configuration, its files,
 * and disks that give what was recorded.
 */
#include "devices/disk.h"
#include "replay_priv.h"

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

static char *word(const ring1_replay *r, const char *key)
{
    return g_strdup(record_value(r->reader, (int)r->machine, key));
}

static bool bad_machine(GError **error, unsigned machine, const char *what)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "record: machine %u has no %s that is known", machine,
                what);
    return false;
}

/* The values of PREFIX.0, PREFIX.1 ... */
static char **read_list(const ring1_replay *r, const char *prefix)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (unsigned i = 0;; i++) {
        char key[32];
        g_snprintf(key, sizeof key, "%s.%u", prefix, i);
        g_ptr_array_add(list, word(r, key));
        if (!g_ptr_array_index(list, i))
            return (char **)g_ptr_array_steal(list, NULL);
    }
}

static bool read_config(const ring1_replay *r, ring1_config *c, GError **error)
{
    g_autofree char *abi = word(r, "abi"), *xen = word(r, "xen");
    if (!abi || !ring1_abi_from_name(abi, &c->abi))
        return bad_machine(error, r->machine, "ABI");
    if (!xen || !ring1_xen_from_name(xen, &c->xen))
        return bad_machine(error, r->machine, "Xen");
    c->memory_mib = (unsigned)MIN(number(r, "memory_mib", 0), UINT_MAX);
    c->maxmem_mib = (unsigned)MIN(number(r, "maxmem_mib", 0), UINT_MAX);
    c->vcpus = (unsigned)MIN(number(r, "vcpus", 1), UINT_MAX);
    c->mfn_mode = (enum ring1_mfn_mode)MIN(number(r, "mfn_mode", 0), 255);
    c->mfn_seed = number(r, "mfn_seed", 1);
    c->date_ns = (int64_t)number(r, "date_ns", 0);
    c->console_io = number(r, "console_io", 1) != 0;
    c->segment_limits = number(r, "segment_limits", 0) != 0;
    c->preempt = (enum ring1_preempt)MIN(number(r, "preempt", 0), 255);
    c->preempt_seed = number(r, "preempt_seed", 1);
    c->raw_address = (int64_t)MIN(number(r, "raw_address", UINT64_MAX), INT64_MAX);
    if (!record_value(r->reader, (int)r->machine, "raw_address"))
        c->raw_address = -1;
    c->cmdline = word(r, "cmdline");
    c->cpu = word(r, "cpu");
    c->name = word(r, "name");
    c->initrd = word(r, "initrd_name");
    c->xenstore = word(r, "xenstore_name");
    c->disks = read_list(r, "disk");
    c->nets = read_list(r, "net");
    return true;
}

/* A file of the machine; true and *file NULL: it has none. */
static bool read_file(ring1_replay *r, const char *key, GBytes **file, GError **error)
{
    const char *sha256 = record_value(r->reader, (int)r->machine, key);
    *file = NULL;
    return !sha256 || (*file = record_blob(r->reader, sha256, error)) != NULL;
}

ring1_machine *replay_make(ring1_replay *r,
                           bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len),
                           GError **error)
{
    g_autoptr(ring1_config) c = ring1_config_new();
    g_autoptr(GBytes) image = NULL;
    struct machine_parts parts = {.disks = &r->hook};
    ring1_machine *m = NULL;
    struct disk_source source = {r, data};
    if (!r->host)
        r->host = ring1_host_new();
    c->host = r->host;
    r->hook = (struct disk_hook){.use = use_disk, .user = &source, .makes = true};
    if (read_config(r, c, error) && read_file(r, "image", &image, error) &&
        (image || bad_machine(error, r->machine, "image")) && read_file(r, "initrd", &parts.initrd, error) &&
        read_file(r, "xenstore", &parts.xenstore, error)) {
        size_t len;
        const void *bytes = g_bytes_get_data(image, &len);
        if (!parts.initrd)
            g_clear_pointer(&c->initrd, g_free); /* nothing is read from outside */
        if (!parts.xenstore)
            g_clear_pointer(&c->xenstore, g_free);
        m = machine_make(c, ring1_replay_image(r), bytes, len, &parts, error);
    }
    g_clear_pointer(&parts.initrd, g_bytes_unref);
    g_clear_pointer(&parts.xenstore, g_bytes_unref);
    return m;
}
