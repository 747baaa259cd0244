/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * chunks_read.c - reads a file of chunks: see chunks.h. Nothing in it is believed.
 */
#include "chunks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <ring1/ring1.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct chunk_reader {
    const struct chunk_file *file;
    char *name;
    int fd; /* -1: bytes */
    const uint8_t *bytes;
    uint64_t size;
    GArray *chunks;  /* struct chunk */
    uint64_t offset; /* up to where it was looked through */
    bool cut;
    uint32_t last; /* kind of chunk behind which nothing is looked at; 0: none */
};

bool chunk_refuse(const struct chunk_reader *r, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s %s: %s", r->file->word, r->name, text);
    return false;
}

uint32_t chunk_get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t chunk_get64(const uint8_t *p)
{
    return chunk_get32(p) | (uint64_t)chunk_get32(p + 4) << 32;
}

static uint32_t checksum(const void *bytes, size_t len)
{
    return (uint32_t)crc32(0, bytes, (uInt)len);
}

static bool read_at(const struct chunk_reader *r, uint64_t offset, void *to, size_t len, GError **error)
{
    if (offset > r->size || len > r->size - offset)
        return chunk_refuse(r, error, "is shorter than it was");
    if (r->fd < 0) {
        memcpy(to, r->bytes + offset, len);
        return true;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(r->fd, (uint8_t *)to + done, len - done, (off_t)(offset + done));
        if (n == 0)
            return chunk_refuse(r, error, "is shorter than it was");
        if (n < 0 && errno != EINTR) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s %s: %s", r->file->word, r->name,
                        g_strerror(errno));
            return false;
        }
        if (n > 0)
            done += (size_t)n;
    }
    return true;
}

/* --- opening ------------------------------------------------------------------------- */

/* Checksums of all of a chunk. True and `r->cut`: the file ends within it. */
static bool read_chunk(struct chunk_reader *r, uint8_t *buffer, GError **error)
{
    uint8_t head[CHUNK_HEAD];
    uint64_t offset = r->offset;
    if (r->size - offset < sizeof head) {
        r->cut = true;
        return true;
    }
    if (!read_at(r, offset, head, sizeof head, error))
        return false;
    if (checksum(head, 20) != chunk_get32(head + 20))
        return chunk_refuse(r, error, "is damaged at byte %" PRIu64 ": a chunk's head has another checksum",
                            offset);
    struct chunk c = {.offset = offset,
                      .kind = chunk_get32(head),
                      .raw = chunk_get32(head + 8),
                      .stored = chunk_get32(head + 12)};
    if (chunk_get32(head + 4) != r->chunks->len)
        return chunk_refuse(r, error, "is damaged at byte %" PRIu64 ": chunk %u stands in the place of %u",
                            offset, chunk_get32(head + 4), r->chunks->len);
    if (c.raw > CHUNK_RAW_MAX || c.stored > ZSTD_compressBound(CHUNK_RAW_MAX))
        return chunk_refuse(r, error, "the chunk at byte %" PRIu64 " is larger than chunks are", offset);
    if (r->size - c.offset - CHUNK_HEAD < c.stored) {
        r->cut = true;
        return true;
    }
    if (!read_at(r, c.offset + CHUNK_HEAD, buffer, c.stored, error))
        return false;
    if (checksum(buffer, c.stored) != chunk_get32(head + 16))
        return chunk_refuse(r, error, "is damaged at byte %" PRIu64 ": a chunk has another checksum", offset);
    r->offset = offset + CHUNK_HEAD + c.stored;
    g_array_append_val(r->chunks, c);
    return true;
}

static bool read_chunks(struct chunk_reader *r, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(ZSTD_compressBound(CHUNK_RAW_MAX));
    r->cut = false;
    while (r->offset < r->size && !r->cut) {
        if (!read_chunk(r, buffer, error))
            return false;
        if (r->last && r->chunks->len && chunk_at(r, r->chunks->len - 1)->kind == r->last)
            break;
    }
    return true;
}

static bool check_version(const struct chunk_reader *r, uint32_t version, GError **error)
{
    const struct chunk_file *f = r->file;
    if (version >= f->oldest && version <= f->version)
        return true;
    if (f->oldest == f->version)
        return chunk_refuse(r, error, "is of format %u; this ring1 reads %u", version, f->version);
    return chunk_refuse(r, error, "is of format %u; this ring1 reads %u to %u", version, f->oldest,
                        f->version);
}

static bool read_file(struct chunk_reader *r, GError **error)
{
    uint8_t head[CHUNK_FILE_HEAD];
    const struct chunk_file *f = r->file;
    if (r->size < sizeof head)
        return chunk_refuse(r, error, "is no %s: it has %" PRIu64 " bytes", f->word, r->size);
    if (!read_at(r, 0, head, sizeof head, error))
        return false;
    if (memcmp(head, f->magic, 8) != 0)
        return chunk_refuse(r, error, "is no %s of ring1", f->word);
    if (checksum(head, 12) != chunk_get32(head + 12))
        return chunk_refuse(r, error, "is damaged at byte 0: its head has another checksum");
    r->offset = sizeof head;
    return check_version(r, chunk_get32(head + 8), error) && read_chunks(r, error);
}

static struct chunk_reader *reader_new(const struct chunk_file *file, const char *name)
{
    struct chunk_reader *r = g_new0(struct chunk_reader, 1);
    r->file = file;
    r->name = g_strdup(name);
    r->fd = -1;
    r->chunks = g_array_new(FALSE, FALSE, sizeof(struct chunk));
    return r;
}

static struct chunk_reader *reader_read(struct chunk_reader *r, GError **error)
{
    if (read_file(r, error))
        return r;
    chunk_reader_free(r);
    return NULL;
}

static bool find_size(struct chunk_reader *r, GError **error)
{
    struct stat st;
    if (r->fd < 0 || fstat(r->fd, &st) < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s %s: %s", r->file->word, r->name,
                    g_strerror(errno));
        return false;
    }
    r->size = (uint64_t)st.st_size;
    return S_ISREG(st.st_mode) || chunk_refuse(r, error, "is no regular file");
}

/* `fd` becomes the reader's. */
static struct chunk_reader *read_fd(const struct chunk_file *file, const char *name, int fd, uint32_t last,
                                    GError **error)
{
    struct chunk_reader *r = reader_new(file, name);
    r->fd = fd;
    r->last = last;
    if (find_size(r, error))
        return reader_read(r, error);
    chunk_reader_free(r);
    return NULL;
}

struct chunk_reader *chunk_reader_new(const struct chunk_file *file, const char *path, GError **error)
{
    return read_fd(file, path, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), 0, error);
}

struct chunk_reader *chunk_reader_take_fd(const struct chunk_file *file, const char *name, int fd,
                                          uint32_t last, GError **error)
{
    return read_fd(file, name, fd, last, error);
}

struct chunk_reader *chunk_reader_new_from_fd(const struct chunk_file *file, const char *name, int fd,
                                              GError **error)
{
    return read_fd(file, name, fcntl(fd, F_DUPFD_CLOEXEC, 0), 0, error);
}

bool chunk_reader_refresh(struct chunk_reader *r, GError **error)
{
    return r->fd < 0 || (find_size(r, error) && read_chunks(r, error));
}

struct chunk_reader *chunk_reader_new_from_bytes(const struct chunk_file *file, const char *name,
                                                 const void *bytes, size_t len, GError **error)
{
    struct chunk_reader *r = reader_new(file, name);
    r->bytes = bytes;
    r->size = len;
    return reader_read(r, error);
}

void chunk_reader_free(struct chunk_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    g_array_unref(r->chunks);
    g_free(r->name);
    g_free(r);
}

bool chunk_file_is(const struct chunk_file *file, const char *path)
{
    char magic[8];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && pread(fd, magic, sizeof magic, 0) == sizeof magic &&
              memcmp(magic, file->magic, sizeof magic) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

/* --- contents ------------------------------------------------------------------------- */

GBytes *chunk_file_bytes(const struct chunk_reader *r, GError **error)
{
    g_autofree uint8_t *bytes = g_try_malloc(MAX(r->size, 1));
    if (!bytes) {
        chunk_refuse(r, error, "does not fit into memory");
        return NULL;
    }
    size_t len = r->size;
    return read_at(r, 0, bytes, len, error) ? g_bytes_new_take(g_steal_pointer(&bytes), len) : NULL;
}

unsigned chunk_count(const struct chunk_reader *r)
{
    return r->chunks->len;
}

const struct chunk *chunk_at(const struct chunk_reader *r, unsigned i)
{
    return &g_array_index(r->chunks, struct chunk, i);
}

uint64_t chunk_file_size(const struct chunk_reader *r)
{
    return r->size;
}

bool chunk_is_cut(const struct chunk_reader *r)
{
    return r->cut;
}

GBytes *chunk_unpack(struct chunk_reader *r, unsigned i, GError **error)
{
    const struct chunk *c = chunk_at(r, i);
    g_autofree uint8_t *stored = g_malloc(c->stored + 1u), *raw = g_malloc(c->raw + 1u);
    if (!read_at(r, c->offset + CHUNK_HEAD, stored, c->stored, error))
        return NULL;
    size_t n = ZSTD_decompress(raw, c->raw, stored, c->stored);
    if (ZSTD_isError(n) || n != c->raw) {
        chunk_refuse(r, error, "the chunk at byte %" PRIu64 " cannot be unpacked: %s", c->offset,
                     ZSTD_isError(n) ? ZSTD_getErrorName(n) : "its length is another");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&raw), c->raw);
}

static bool add_piece(struct chunk_reader *r, GByteArray *all, const uint8_t *piece, size_t len,
                      GError **error)
{
    uint64_t size = chunk_get64(piece + CHUNK_SHA256), offset = chunk_get64(piece + CHUNK_SHA256 + 8);
    if (offset != all->len || size > CHUNK_BLOB_MAX || size < offset ||
        len - CHUNK_BLOB_HEAD > size - offset || size > G_MAXUINT)
        return chunk_refuse(r, error, "pieces of a file do not fit together");
    g_byte_array_append(all, piece + CHUNK_BLOB_HEAD, (guint)(len - CHUNK_BLOB_HEAD));
    return true;
}

GBytes *chunk_blob(struct chunk_reader *r, uint32_t kind, const char *sha256, GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    for (guint i = 0; i < r->chunks->len; i++) {
        g_autoptr(GBytes) piece = NULL;
        char name[2 * CHUNK_SHA256 + 1] = "";
        if (chunk_at(r, i)->kind != kind)
            continue;
        if (!(piece = chunk_unpack(r, i, error)))
            return NULL;
        gsize len;
        const uint8_t *bytes = g_bytes_get_data(piece, &len);
        if (len < CHUNK_BLOB_HEAD) {
            chunk_refuse(r, error, "a piece of a file has %zu bytes", len);
            return NULL;
        }
        for (unsigned k = 0; k < CHUNK_SHA256; k++)
            g_snprintf(name + 2 * k, 3, "%02x", bytes[k]);
        if (strcmp(name, sha256) == 0 && !add_piece(r, all, bytes, len, error))
            return NULL;
    }
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, all->data, all->len);
    if (strcmp(sum, sha256) == 0)
        return g_byte_array_free_to_bytes(g_steal_pointer(&all));
    chunk_refuse(r, error, "the file %.64s is not in it as it was", sha256);
    return NULL;
}

GHashTable *chunk_parse_text(const char *text, size_t len)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *equals = strchr(*line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        char *value = equals + 1;
        size_t end = strlen(value), slashes = 0;
        while (slashes < end && value[end - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2)
            value[end - 1] = '\0'; /* it would escape nothing */
        g_hash_table_replace(table, g_strdup(*line), g_strcompress(value));
    }
    return table;
}
