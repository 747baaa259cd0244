/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * save_file.c - ring1_machine_save_file: a machine to a file (docs/snapshots.md).
 */
#include "config_text.h"
#include "debug/record_format.h"
#include "devices/disk.h"
#include "emu/machine_file.h"
#include "machine_priv.h"
#include "saved.h"

#include <dispatch/memory_image.h>
#include <errno.h>
#include <string.h>

const struct chunk_file saved_file = {
    .word = "snapshot", .magic = "ring1snp", .version = SAVED_VERSION, .oldest = SAVED_VERSION, .level = 1};

/* --- what cannot be saved ---------------------------------------------------------------- */

static bool refuse_save(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse_save(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the machine cannot be saved: %s", text);
    return false;
}

static bool may_be_saved(const ring1_machine *m, GError **error)
{
    const GPtrArray *disks = devices_disks(m->devices);
    if (m->machine->time_mode != RING1_TIME_VIRTUAL)
        return refuse_save(error, "its time is the host's, which goes on without it");
    for (guint i = 0; i < disks->len; i++) {
        const struct disk *disk = g_ptr_array_index(disks, i);
        if (!disk)
            return refuse_save(error, "it is a replay, whose disks are in the record");
        if (!disk->readonly && !disk_is_overlay(disk))
            return refuse_save(
                error,
                "disk %s is writable, and would go on changing beside the snapshot; with ,ro or "
                ",snapshot it can be",
                disk->name);
    }
    return true;
}

/* --- texts -------------------------------------------------------------------------------- */

static void write_text(struct chunk_writer *w, enum saved_chunk kind, const GString *text)
{
    chunk_write(w, kind, text->str, text->len);
}

static void write_about(struct chunk_writer *w)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *engine = cpu_engine_version(), *layout = machine_layout();
    text_add(text, "ring1", RING1_VERSION_STRING);
    text_add_number(text, "runs", RECORD_RUNS);
    text_add(text, "engine", engine);
    text_add(text, "layout", layout);
    write_text(w, SAVED_ABOUT, text);
}

static void add_file(struct chunk_writer *w, GString *text, const char *key, GBytes *file)
{
    if (!file)
        return;
    gsize len;
    const void *bytes = g_bytes_get_data(file, &len);
    g_autofree char *sha256 = chunk_write_blob(w, SAVED_BLOB, bytes, len);
    text_add(text, key, sha256);
}

static void add_disks(GString *text, const ring1_machine *m)
{
    const GPtrArray *disks = devices_disks(m->devices);
    for (guint i = 0; i < disks->len; i++) {
        struct disk *disk = g_ptr_array_index(disks, i);
        g_string_append_printf(text,
                               "disk.%u.size=%" G_GUINT64_FORMAT "\ndisk.%u.changed=%" G_GUINT64_FORMAT "\n",
                               i, disk->size, i, disk_changed(disk));
    }
}

static void write_machine(struct chunk_writer *w, ring1_machine *m)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const struct origin *o = &m->origin;
    add_file(w, text, "image", o->image);
    add_file(w, text, "initrd", o->initrd);
    add_file(w, text, "xenstore", o->xenstore);
    text_add(text, "image_name", m->image->name);
    g_string_append(text, o->config);
    text_add_number(text, "resumes", o->resumes);
    text_add_number(text, "now_ns", ring1_machine_now(m));
    text_add_number(text, "hypercalls", ring1_machine_hypercalls(m));
    add_disks(text, m);
    write_text(w, SAVED_MACHINE, text);
}

/* --- state and memory ------------------------------------------------------------------------ */

static void write_part(struct chunk_writer *w, uint32_t part, GBytes *bytes)
{
    gsize len, done = 0;
    const uint8_t *at = g_bytes_get_data(bytes, &len);
    g_autofree uint8_t *piece = g_malloc(CHUNK_RAW_MAX);
    do {
        gsize n = MIN(len - done, CHUNK_RAW_MAX - 4);
        chunk_put32(piece, part);
        if (n)
            memcpy(piece + 4, at + done, n);
        chunk_write(w, SAVED_STATE, piece, 4 + n);
        done += n;
    } while (done < len);
    g_bytes_unref(bytes);
}

static void write_state(struct chunk_writer *w, ring1_machine *m)
{
    g_autoptr(GVariant) devices = devices_save(m->devices);
    write_part(w, PART_MACHINE, machine_pack(m->machine));
    write_part(w, PART_FRAMES, machine_pack_frames(m->machine));
    write_part(w, PART_CONSOLE, console_save(m->console));
    write_part(w, PART_XENSTORE, xenstore_save(m->xenstore));
    for (gsize i = 0; i < g_variant_n_children(devices); i++) {
        g_autoptr(GVariant) one = g_variant_get_child_value(devices, i);
        write_part(w, PART_DEVICE + (uint32_t)i, g_variant_get_data_as_bytes(one));
    }
}

/* Pages of a chunk in the making. */
struct pages {
    uint32_t mfn[PAGES_MAX], nr;
    uint8_t *chunk;
};

static void write_pages(struct chunk_writer *w, const struct memory *mem, struct pages *p)
{
    uint8_t *at = p->chunk;
    if (p->nr == 0)
        return;
    chunk_put32(at, p->nr);
    at += 4;
    for (uint32_t i = 0; i < p->nr; i++, at += 4)
        chunk_put32(at, p->mfn[i]);
    for (uint32_t i = 0; i < p->nr; i++, at += RING1_PAGE_SIZE)
        memcpy(at, frame_ptr(mem, MFN(p->mfn[i])), RING1_PAGE_SIZE);
    chunk_write(w, SAVED_MEMORY, p->chunk, (size_t)(at - p->chunk));
    p->nr = 0;
}

static uint64_t write_memory(struct chunk_writer *w, const struct memory *mem)
{
    static const uint8_t zeroes[RING1_PAGE_SIZE];
    g_autofree struct pages *p = g_new0(struct pages, 1);
    g_autofree uint8_t *chunk = g_malloc(CHUNK_RAW_MAX);
    uint64_t total = 0;
    p->chunk = chunk;
    for (uint32_t i = 0; i < mem->nr_frames; i++) {
        if (!memory_may_differ_from_zero(mem, MFN(i)) ||
            memcmp(frame_ptr(mem, MFN(i)), zeroes, RING1_PAGE_SIZE) == 0)
            continue;
        p->mfn[p->nr++] = i;
        total++;
        if (p->nr == PAGES_MAX)
            write_pages(w, mem, p);
    }
    write_pages(w, mem, p);
    return total;
}

static bool write_overlay(struct chunk_writer *w, struct disk *disk, uint32_t index, GError **error)
{
    g_autofree uint8_t *piece = g_malloc(12 + DISK_CLUSTER);
    uint64_t cluster = 0;
    int err;
    while ((err = disk_overlay_next(disk, &cluster, piece + 12)) == 0) {
        chunk_put32(piece, index);
        chunk_put64(piece + 4, cluster++);
        chunk_write(w, SAVED_OVERLAY, piece, 12 + DISK_CLUSTER);
    }
    if (err == ENOENT)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "disk %s: %s", disk->name, g_strerror(err));
    return false;
}

static bool write_all(ring1_machine *m, struct chunk_writer *w, GError **error)
{
    const GPtrArray *disks = devices_disks(m->devices);
    g_autoptr(GString) end = g_string_new(NULL);
    write_about(w);
    write_machine(w, m);
    write_state(w, m);
    text_add_number(end, "pages", write_memory(w, m->machine->mem));
    for (guint i = 0; i < disks->len; i++) {
        struct disk *disk = g_ptr_array_index(disks, i);
        if (disk_is_overlay(disk) && !write_overlay(w, disk, i, error)) {
            chunk_writer_free(w);
            return false;
        }
    }
    write_text(w, SAVED_END, end);
    return chunk_writer_close(w, error);
}

bool ring1_machine_save_file(ring1_machine *m, const char *path, GError **error)
{
    struct chunk_writer *w = may_be_saved(m, error) ? chunk_writer_new(&saved_file, path, error) : NULL;
    return w && write_all(m, w, error);
}

bool ring1_machine_save_fd(ring1_machine *m, int fd, const char *name, GError **error)
{
    return may_be_saved(m, error) && write_all(m, chunk_writer_new_fd(&saved_file, name, fd), error);
}

bool ring1_machine_may_save(const ring1_machine *m, GError **error)
{
    return may_be_saved(m, error);
}
