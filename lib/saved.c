/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * saved.c - a snapshot's file, and the machine that is made of it. Nothing in the file is
 * believed: see machine_file.h, domain_check, devices_check.
 */
#include "saved.h"

#include "config.h"
#include "config_text.h"
#include "debug/record_format.h"
#include "devices/disk.h"
#include "dispatch/grant.h"
#include "emu/machine_file.h"
#include "machine_priv.h"
#include "record.h"

#include <inttypes.h>
#include <string.h>

struct ring1_saved {
    struct chunk_reader *reader;
    GBytes *bytes;
    GHashTable *about, *machine, *end;
    ring1_config *config;
    GBytes *image, *initrd, *xenstore;
};

/* --- opening --------------------------------------------------------------------------------- */

static GHashTable *read_text(ring1_saved *s, unsigned i, GError **error)
{
    g_autoptr(GBytes) bytes = chunk_unpack(s->reader, i, error);
    gsize len;
    const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    return text ? chunk_parse_text(text, len) : NULL;
}

/* ABOUT comes first, MACHINE before all state, END last. */
static bool read_order(ring1_saved *s, GError **error)
{
    for (unsigned i = 0; i < chunk_count(s->reader); i++) {
        const struct chunk *c = chunk_at(s->reader, i);
        GHashTable **text = c->kind == SAVED_ABOUT     ? &s->about
                            : c->kind == SAVED_MACHINE ? &s->machine
                            : c->kind == SAVED_END     ? &s->end
                                                       : NULL;
        bool known = c->kind >= SAVED_ABOUT && c->kind <= SAVED_END;
        bool early = (i == 0) != (c->kind == SAVED_ABOUT) || (!s->machine && c->kind > SAVED_MACHINE);
        if (!known)
            return chunk_refuse(s->reader, error,
                                "the chunk at byte %" PRIu64 " is of kind %u, which is not known", c->offset,
                                c->kind);
        if (early || s->end || (text && *text))
            return chunk_refuse(s->reader, error, "the chunk at byte %" PRIu64 " is out of order", c->offset);
        if (text && !(*text = read_text(s, i, error)))
            return false;
    }
    if (!s->end)
        return chunk_refuse(s->reader, error, "was cut: it has no end");
    return true;
}

static const char *value(GHashTable *table, const char *key)
{
    const char *word = g_hash_table_lookup(table, key);
    return word ? word : "nothing";
}

/* It was written by a ring1 whose machines are as ours. */
static bool is_ours(ring1_saved *s, GError **error)
{
    g_autofree char *layout = machine_layout();
    if (text_number(s->about, "runs", 0) != RECORD_RUNS || strcmp(value(s->about, "layout"), layout) != 0)
        return chunk_refuse(
            s->reader, error,
            "was written by a ring1 (%s, %s) whose machines consist of other things than this "
            "one's: it can be loaded by that one alone",
            value(s->about, "ring1"), value(s->about, "engine"));
    return true;
}

static bool read_file(ring1_saved *s, const char *key, GBytes **file, GError **error)
{
    const char *sha256 = g_hash_table_lookup(s->machine, key);
    return !sha256 || (*file = chunk_blob(s->reader, SAVED_BLOB, sha256, error)) != NULL;
}

bool ring1_saved_check_disks(char *const *disks, GError **error)
{
    for (; disks && *disks; disks++)
        if (!devices_disk_is_kept(*disks)) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                        "its disk '%s' can be written: a snapshot's are ,ro or ,snapshot", *disks);
            return false;
        }
    return true;
}

static bool read_config(ring1_saved *s, GError **error)
{
    g_autoptr(GError) why = NULL;
    s->config = ring1_config_new();
    if (!config_from_text(s->machine, s->config, &why) || !config_check(s->config, &why) ||
        !ring1_saved_check_disks(s->config->disks, &why))
        return chunk_refuse(s->reader, error, "%s", why->message);
    if (!read_file(s, "image", &s->image, error) || !read_file(s, "initrd", &s->initrd, error) ||
        !read_file(s, "xenstore", &s->xenstore, error))
        return false;
    if (!s->image)
        return chunk_refuse(s->reader, error, "has no image");
    if (!s->initrd) /* nothing is read from outside */
        g_clear_pointer(&s->config->initrd, g_free);
    if (!s->xenstore)
        g_clear_pointer(&s->config->xenstore, g_free);
    return true;
}

static ring1_saved *open_reader(struct chunk_reader *reader, GError **error)
{
    if (!reader)
        return NULL;
    ring1_saved *s = g_new0(ring1_saved, 1);
    s->reader = reader;
    if ((!chunk_is_cut(reader) || chunk_refuse(reader, error, "was cut: it ends within a chunk")) &&
        read_order(s, error) && is_ours(s, error) && read_config(s, error))
        return s;
    ring1_saved_free(s);
    return NULL;
}

ring1_saved *ring1_saved_open(const char *path, GError **error)
{
    return open_reader(chunk_reader_new(&saved_file, path, error), error);
}

ring1_saved *ring1_saved_open_fd(int fd, const char *name, GError **error)
{
    return open_reader(chunk_reader_take_fd(&saved_file, name, fd, 0, error), error);
}

bool ring1_saved_outside(int fd, const char *name, char ***disks, char ***nets, GError **error)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    struct chunk_reader *reader = chunk_reader_take_fd(&saved_file, name, fd, SAVED_MACHINE, error);
    ring1_saved s = {.reader = reader, .config = config};
    g_autoptr(GError) why = NULL;
    unsigned last = reader ? chunk_count(reader) : 0;
    bool ok = last > 0 && chunk_at(reader, last - 1)->kind == SAVED_MACHINE;
    *disks = *nets = NULL;
    if (reader && !ok)
        chunk_refuse(reader, error, "has no machine");
    ok = ok && (s.machine = read_text(&s, last - 1, error));
    if (ok && (!config_from_text(s.machine, config, &why) || !ring1_saved_check_disks(config->disks, &why)))
        ok = chunk_refuse(reader, error, "%s", why->message);
    if (ok) {
        *disks = g_strdupv(config->disks);
        *nets = g_strdupv(config->nets);
    }
    g_clear_pointer(&s.machine, g_hash_table_unref);
    chunk_reader_free(reader);
    return ok;
}

ring1_saved *ring1_saved_open_bytes(const char *name, const void *bytes, size_t len, GError **error)
{
    g_autoptr(GBytes) copy = g_bytes_new(bytes, len);
    ring1_saved *s = open_reader(
        chunk_reader_new_from_bytes(&saved_file, name, g_bytes_get_data(copy, NULL), len, error), error);
    if (s)
        s->bytes = g_steal_pointer(&copy);
    return s;
}

void ring1_saved_free(ring1_saved *s)
{
    if (!s)
        return;
    chunk_reader_free(s->reader);
    g_clear_pointer(&s->about, g_hash_table_unref);
    g_clear_pointer(&s->machine, g_hash_table_unref);
    g_clear_pointer(&s->end, g_hash_table_unref);
    g_clear_pointer(&s->bytes, g_bytes_unref);
    g_clear_pointer(&s->image, g_bytes_unref);
    g_clear_pointer(&s->initrd, g_bytes_unref);
    g_clear_pointer(&s->xenstore, g_bytes_unref);
    ring1_config_free(s->config);
    g_free(s);
}

bool ring1_saved_is(const char *path)
{
    return chunk_file_is(&saved_file, path);
}

GBytes *saved_bytes(ring1_saved *s, GError **error)
{
    return s->bytes ? g_bytes_ref(s->bytes) : chunk_file_bytes(s->reader, error);
}

/* --- state ------------------------------------------------------------------------------------- */

struct parts {
    GByteArray *part[PARTS_MAX];
    unsigned nr;
};

static void parts_clear(struct parts *p)
{
    for (unsigned i = 0; i < PARTS_MAX; i++)
        g_clear_pointer(&p->part[i], g_byte_array_unref);
}

static bool add_part(ring1_saved *s, struct parts *p, const struct chunk *c, const uint8_t *bytes, gsize len,
                     GError **error)
{
    uint32_t part = len >= 4 ? chunk_get32(bytes) : UINT32_MAX;
    if (part > p->nr || part >= PARTS_MAX || part + 1 < p->nr)
        return chunk_refuse(s->reader, error,
                            "the chunk at byte %" PRIu64 " is of part %u of the state, after %u", c->offset,
                            part, p->nr);
    if (part == p->nr)
        p->part[p->nr++] = g_byte_array_new();
    if (p->part[part]->len + len > PART_BYTES_MAX)
        return chunk_refuse(s->reader, error, "part %u of the state is too large", part);
    g_byte_array_append(p->part[part], bytes + 4, (guint)len - 4);
    return true;
}

static bool put_pages(ring1_saved *s, ring1_machine *m, const struct chunk *c, const uint8_t *bytes,
                      gsize len, GError **error)
{
    uint32_t nr = len >= 4 ? chunk_get32(bytes) : UINT32_MAX;
    g_autoptr(GError) why = NULL;
    if (nr > PAGES_MAX || len != 4 + (gsize)nr * (4 + RING1_PAGE_SIZE))
        return chunk_refuse(s->reader, error, "the chunk at byte %" PRIu64 " has %u pages in %zu bytes",
                            c->offset, nr, len);
    for (uint32_t i = 0; i < nr; i++)
        if (!machine_unpack_page(m->machine, chunk_get32(bytes + 4 + 4 * i),
                                 bytes + 4 + 4 * nr + (gsize)i * RING1_PAGE_SIZE, &why))
            return chunk_refuse(s->reader, error, "the chunk at byte %" PRIu64 ": %s", c->offset,
                                why->message);
    return true;
}

static bool put_cluster(ring1_saved *s, ring1_machine *m, const struct chunk *c, const uint8_t *bytes,
                        gsize len, GError **error)
{
    const GPtrArray *disks = devices_disks(m->devices);
    uint32_t index = len == 12 + DISK_CLUSTER ? chunk_get32(bytes) : UINT32_MAX;
    struct disk *disk = index < disks->len ? g_ptr_array_index(disks, index) : NULL;
    if (!disk || !disk_is_overlay(disk))
        return chunk_refuse(s->reader, error, "the chunk at byte %" PRIu64 " is of a disk that there is not",
                            c->offset);
    int err = disk_overlay_put(disk, chunk_get64(bytes + 4), bytes + 12);
    if (err)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "disk %s: what was written to it: %s", disk->name,
                    g_strerror(err));
    return err == 0;
}

/* Memory and overlays go to their places, state to `p`. */
static bool read_chunks(ring1_saved *s, ring1_machine *m, bool disks, struct parts *p, GError **error)
{
    for (unsigned i = 0; i < chunk_count(s->reader); i++) {
        const struct chunk *c = chunk_at(s->reader, i);
        if (c->kind != SAVED_STATE && c->kind != SAVED_MEMORY && (c->kind != SAVED_OVERLAY || !disks))
            continue;
        g_autoptr(GBytes) chunk = chunk_unpack(s->reader, i, error);
        if (!chunk)
            return false;
        gsize len;
        const uint8_t *bytes = g_bytes_get_data(chunk, &len);
        bool ok = c->kind == SAVED_STATE    ? add_part(s, p, c, bytes, len, error)
                  : c->kind == SAVED_MEMORY ? put_pages(s, m, c, bytes, len, error)
                                            : put_cluster(s, m, c, bytes, len, error);
        if (!ok)
            return false;
    }
    return true;
}

static GBytes *part_bytes(const struct parts *p, unsigned i)
{
    return g_bytes_new_static(p->part[i]->data, p->part[i]->len);
}

static bool put_devices(ring1_machine *m, const struct parts *p, GError **error)
{
    GVariantBuilder b;
    g_variant_builder_init(&b, G_VARIANT_TYPE("aay"));
    for (unsigned i = PART_DEVICE; i < p->nr; i++) {
        g_autoptr(GBytes) bytes = part_bytes(p, i);
        g_variant_builder_add_value(&b, g_variant_new_from_bytes(G_VARIANT_TYPE("ay"), bytes, TRUE));
    }
    g_autoptr(GVariant) saved = g_variant_ref_sink(g_variant_builder_end(&b));
    return devices_restore(m->devices, saved, error);
}

static bool put_parts(ring1_machine *m, const struct parts *p, GError **error)
{
    if (p->nr < PART_DEVICE) {
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_INPUT, "parts of the state are missing");
        return false;
    }
    g_autoptr(GBytes) machine = part_bytes(p, PART_MACHINE), frames = part_bytes(p, PART_FRAMES);
    g_autoptr(GBytes) input = part_bytes(p, PART_CONSOLE), tree = part_bytes(p, PART_XENSTORE);
    if (!machine_unpack_frames(m->machine, frames, error) || !machine_unpack(m->machine, machine, error))
        return false;
    console_restore(m->console, input);
    return xenstore_restore(m->xenstore, tree, error) && put_devices(m, p, error);
}

static bool finish(ring1_machine *m, GError **error)
{
    g_autofree uint32_t *pins = g_new0(uint32_t, grant_nr_entries(m->machine->domain) + 1u);
    devices_pins(m->devices, pins);
    return machine_unpack_end(m->machine, pins, error) && devices_check(m->devices, error);
}

/* --- disks --------------------------------------------------------------------------------------- */

static bool check_disk(const ring1_saved *s, struct disk *disk, unsigned i, GError **error)
{
    char size_key[32], changed_key[32];
    g_snprintf(size_key, sizeof size_key, "disk.%u.size", i);
    g_snprintf(changed_key, sizeof changed_key, "disk.%u.changed", i);
    uint64_t size = text_number(s->machine, size_key, 0), changed = text_number(s->machine, changed_key, 0);
    const char *what = NULL;
    if (disk->size != size)
        what = "has another size";
    else if (changed && disk_changed(disk) != changed)
        what = "was changed";
    if (what)
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE,
                    "disk %s %s since the snapshot was made (%" PRIu64 " bytes, modified at %" PRIu64
                    ".%09u): what the guest knows of it does not hold",
                    disk->name, what, size, changed / 1000000000u, (unsigned)(changed % 1000000000u));
    return !what;
}

static bool check_disks(const ring1_saved *s, const ring1_machine *m, GError **error)
{
    const GPtrArray *disks = devices_disks(m->devices);
    for (guint i = 0; i < disks->len; i++)
        if (g_ptr_array_index(disks, i) && !check_disk(s, g_ptr_array_index(disks, i), i, error))
            return false;
    return true;
}

/* --- the machine ----------------------------------------------------------------------------------- */

bool saved_apply(ring1_saved *s, ring1_machine *m, bool disks, GError **error)
{
    struct parts parts = {.nr = 0};
    g_autoptr(GError) why = NULL;
    if (disks && !check_disks(s, m, error))
        return false;
    machine_unpack_begin(m->machine);
    bool read = read_chunks(s, m, disks, &parts, error);
    bool ok = read && put_parts(m, &parts, &why) && finish(m, &why);
    if (read && !ok)
        chunk_refuse(s->reader, error, "what it holds cannot be: %s", why->message);
    parts_clear(&parts);
    m->origin.resumes = ring1_saved_resumes(s);
    return ok;
}

static ring1_machine *make(ring1_saved *s, const ring1_config *c, bool anew, GError **error)
{
    struct machine_parts parts = {.initrd = s->initrd, .xenstore = s->xenstore, .saved = anew ? NULL : s};
    gsize len;
    const void *bytes = g_bytes_get_data(s->image, &len);
    return machine_make(c, ring1_saved_image(s), bytes, len, &parts, error);
}

/* What is no part of a machine. */
static ring1_config with_host(const ring1_saved *s, const ring1_config *with)
{
    ring1_config c = *s->config;
    if (with) {
        c.record = with->record;
        c.host = with->host;
        c.helpers_unconfined = with->helpers_unconfined;
    }
    return c;
}

ring1_machine *ring1_saved_make(ring1_saved *s, const ring1_config *with, GError **error)
{
    const ring1_config c = with_host(s, with);
    return make(s, &c, false, error);
}

ring1_machine *ring1_saved_make_anew(ring1_saved *s, const ring1_config *with, GError **error)
{
    ring1_config c = with_host(s, with);
    if (with)
        c.date_ns = with->date_ns;
    return make(s, &c, true, error);
}

/* --- what it is ---------------------------------------------------------------------------------------- */

const char *ring1_saved_image(const ring1_saved *s)
{
    const char *name = g_hash_table_lookup(s->machine, "image_name");
    return name ? name : "image";
}

const ring1_config *ring1_saved_config(const ring1_saved *s)
{
    return s->config;
}

uint64_t ring1_saved_resumes(const ring1_saved *s)
{
    return text_number(s->machine, "resumes", 0);
}

const char *saved_value(const ring1_saved *s, enum saved_text text, const char *key)
{
    GHashTable *table = text == SAVED_TEXT_ABOUT     ? s->about
                        : text == SAVED_TEXT_MACHINE ? s->machine
                                                     : s->end;
    return g_hash_table_lookup(table, key);
}
