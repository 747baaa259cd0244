/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * chunks_write.c - writes a file of chunks: see chunks.h.
 */
#include "chunks.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <ring1/ring1.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct chunk_writer {
    const struct chunk_file *file;
    int fd;
    char *path, *temporary; /* NULL: it is written in place */
    bool borrowed;          /* `fd` */
    GError *error;
    GArray *chunks;    /* uint64_t: where each begins, from where the file did */
    uint64_t size;     /* likewise */
    GHashTable *blobs; /* digits of their SHA-256 */
    ZSTD_CCtx *zstd;
    uint8_t *packed;
};

void chunk_put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

void chunk_put64(uint8_t *p, uint64_t v)
{
    chunk_put32(p, (uint32_t)v);
    chunk_put32(p + 4, (uint32_t)(v >> 32));
}

static uint32_t checksum(const void *bytes, size_t len)
{
    return (uint32_t)crc32(0, bytes, (uInt)len);
}

void chunk_writer_fail(struct chunk_writer *w, const char *format, ...)
{
    if (w->error)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(&w->error, RING1_ERROR, RING1_ERROR_HOST, "%s %s: %s", w->file->word, w->path, why);
}

static void failed(struct chunk_writer *w, const char *why)
{
    chunk_writer_fail(w, "%s", why);
}

const GError *chunk_writer_error(const struct chunk_writer *w)
{
    return w->error;
}

static void write_bytes(struct chunk_writer *w, const uint8_t *bytes, size_t len)
{
    while (len > 0 && !w->error) {
        ssize_t n = write(w->fd, bytes, len);
        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            failed(w, g_strerror(errno));
        }
    }
}

void chunk_write(struct chunk_writer *w, uint32_t kind, const void *bytes, size_t len)
{
    if (w->error)
        return;
    uint8_t *head = w->packed;
    if (len > CHUNK_RAW_MAX) {
        failed(w, "a line of its configuration is too long");
        return;
    }
    size_t stored = ZSTD_compressCCtx(w->zstd, head + CHUNK_HEAD, ZSTD_compressBound(CHUNK_RAW_MAX), bytes,
                                      len, w->file->level);
    if (ZSTD_isError(stored)) {
        failed(w, ZSTD_getErrorName(stored));
        return;
    }
    chunk_put32(head, kind);
    chunk_put32(head + 4, w->chunks->len);
    chunk_put32(head + 8, (uint32_t)len);
    chunk_put32(head + 12, (uint32_t)stored);
    chunk_put32(head + 16, checksum(head + CHUNK_HEAD, stored));
    chunk_put32(head + 20, checksum(head, 20));
    g_array_append_val(w->chunks, w->size);
    w->size += CHUNK_HEAD + stored;
    write_bytes(w, head, CHUNK_HEAD + stored); /* as one write: a crash leaves all or a part of one */
}

char *chunk_write_blob(struct chunk_writer *w, uint32_t kind, const void *bytes, size_t len)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree uint8_t *piece = g_malloc(CHUNK_RAW_MAX);
    gsize size = CHUNK_SHA256;
    g_checksum_update(sum, bytes, (gssize)len);
    char *name = g_strdup(g_checksum_get_string(sum));
    g_checksum_get_digest(sum, piece, &size);
    if (!g_hash_table_add(w->blobs, g_strdup(name)))
        return name;
    chunk_put64(piece + CHUNK_SHA256, len);
    size_t done = 0;
    do {
        size_t n = MIN(len - done, CHUNK_RAW_MAX - CHUNK_BLOB_HEAD);
        chunk_put64(piece + CHUNK_SHA256 + 8, done);
        if (n)
            memcpy(piece + CHUNK_BLOB_HEAD, (const uint8_t *)bytes + done, n);
        chunk_write(w, kind, piece, CHUNK_BLOB_HEAD + n);
        done += n;
    } while (done < len);
    return name;
}

unsigned chunk_writer_count(const struct chunk_writer *w)
{
    return w->chunks->len;
}

/* The contents of the chunk that lies there. */
static bool read_again(struct chunk_writer *w, uint64_t from, uint64_t to, GByteArray *contents)
{
    size_t len = (size_t)(to - from), n = 0;
    g_autofree uint8_t *stored = g_malloc(len);
    g_byte_array_set_size(contents, CHUNK_RAW_MAX);
    bool ok = pread(w->fd, stored, len, (off_t)from) == (ssize_t)len;
    if (ok)
        n = ZSTD_decompress(contents->data, CHUNK_RAW_MAX, stored + CHUNK_HEAD, len - CHUNK_HEAD);
    ok = ok && !ZSTD_isError(n);
    g_byte_array_set_size(contents, ok ? (guint)n : 0);
    return ok;
}

void chunk_writer_cut(struct chunk_writer *w, unsigned i, GByteArray *contents)
{
    if (w->error)
        return;
    uint64_t from = g_array_index(w->chunks, uint64_t, i);
    uint64_t to = i + 1 < w->chunks->len ? g_array_index(w->chunks, uint64_t, i + 1) : w->size;
    if (!read_again(w, from, to, contents))
        failed(w, "it cannot be cut: a chunk cannot be read again");
    if (ftruncate(w->fd, (off_t)from) != 0 || lseek(w->fd, (off_t)from, SEEK_SET) < 0)
        chunk_writer_fail(w, "it cannot be cut: %s", g_strerror(errno));
    w->size = from;
    g_array_set_size(w->chunks, i);
}

/* What stands at the path stays until the new file is whole. */
static int open_beside(struct chunk_writer *w)
{
    struct stat st;
    if (stat(w->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    w->temporary = g_strdup_printf("%s.XXXXXX", w->path);
    int fd = g_mkstemp_full(w->temporary, O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0)
        g_clear_pointer(&w->temporary, g_free);
    return fd;
}

static struct chunk_writer *writer_new(const struct chunk_file *file, const char *path)
{
    struct chunk_writer *w = g_new0(struct chunk_writer, 1);
    w->file = file;
    w->path = g_strdup(path);
    w->fd = -1;
    w->chunks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    w->blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return w;
}

static void begin(struct chunk_writer *w, int fd)
{
    uint8_t head[CHUNK_FILE_HEAD];
    w->fd = fd;
    w->zstd = ZSTD_createCCtx();
    w->packed = g_malloc(CHUNK_HEAD + ZSTD_compressBound(CHUNK_RAW_MAX));
    memcpy(head, w->file->magic, 8);
    chunk_put32(head + 8, w->file->version);
    chunk_put32(head + 12, checksum(head, 12));
    write_bytes(w, head, sizeof head);
    w->size = sizeof head;
}

struct chunk_writer *chunk_writer_new(const struct chunk_file *file, const char *path, GError **error)
{
    struct chunk_writer *w = writer_new(file, path);
    int fd = open_beside(w);
    if (fd < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s %s: %s", file->word, path, g_strerror(errno));
        chunk_writer_free(w);
        return NULL;
    }
    begin(w, fd);
    return w;
}

struct chunk_writer *chunk_writer_new_fd(const struct chunk_file *file, const char *name, int fd)
{
    struct chunk_writer *w = writer_new(file, name);
    w->borrowed = true;
    begin(w, fd);
    return w;
}

void chunk_writer_free(struct chunk_writer *w)
{
    if (!w)
        return;
    if (w->fd >= 0 && !w->borrowed)
        close(w->fd);
    if (w->temporary)
        g_unlink(w->temporary);
    g_clear_error(&w->error);
    ZSTD_freeCCtx(w->zstd);
    g_array_unref(w->chunks);
    g_hash_table_unref(w->blobs);
    g_free(w->packed);
    g_free(w->temporary);
    g_free(w->path);
    g_free(w);
}

bool chunk_writer_close(struct chunk_writer *w, GError **error)
{
    if (!w->error && !w->borrowed && close(w->fd) != 0)
        failed(w, g_strerror(errno));
    w->fd = -1;
    if (!w->error && w->temporary && g_rename(w->temporary, w->path) != 0)
        failed(w, g_strerror(errno));
    bool ok = !w->error;
    if (ok)
        g_clear_pointer(&w->temporary, g_free);
    else
        g_propagate_error(error, g_steal_pointer(&w->error));
    chunk_writer_free(w);
    return ok;
}
