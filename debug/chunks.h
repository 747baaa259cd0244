/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * chunks.h - files of chunks: a head with magic and version, then chunks, each of a kind, compressed,
 * with checksums of its head and its contents (docs/records.md, docs/snapshots.md). It knows nothing of what
 * is in them but for texts of key=value lines, and files within the file. A reader looks through the whole
 * file when it is opened: what is foreign or damaged is refused then.
 */
#ifndef DEBUG_CHUNKS_H
#define DEBUG_CHUNKS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CHUNK_FILE_HEAD 16u
#define CHUNK_HEAD      24u        /* bytes before a chunk's contents */
#define CHUNK_RAW_MAX   (1u << 20) /* a chunk's contents, before compression */
#define CHUNK_SHA256    32u
#define CHUNK_BLOB_HEAD (CHUNK_SHA256 + 16u)
#define CHUNK_BLOB_MAX  (UINT64_C(4) << 30)

/* A kind of file. */
struct chunk_file {
    const char *word; /* for messages: "snapshot" */
    char magic[9];    /* 8 bytes */
    uint32_t version; /* that is written */
    uint32_t oldest;  /* that is read, too */
    int level;        /* of zstd */
};

/* --- writing ------------------------------------------------------------------------ */

struct chunk_writer;

/* The file appears, or is replaced, when it is closed. NULL: RING1_ERROR_HOST. */
struct chunk_writer *chunk_writer_new(const struct chunk_file *file, const char *path, GError **error);
/* To what is open, from where it stands, which stays the caller's: for who can open nothing, or whose
 * file is read while it is written. `name` is for messages. */
struct chunk_writer *chunk_writer_new_fd(const struct chunk_file *file, const char *name, int fd);
/* The first error, NULL: none. */
const GError *chunk_writer_error(const struct chunk_writer *w);
/* An error of the caller's: RING1_ERROR_HOST, "snapshot FILE: ...". */
void chunk_writer_fail(struct chunk_writer *w, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* At most CHUNK_RAW_MAX bytes, in one write(2). The first error is kept; everything after it is let be. */
void chunk_write(struct chunk_writer *w, uint32_t kind, const void *bytes, size_t len);
/* A file's contents, once however often it is asked for, in chunks of SHA-256, whole size, offset, bytes; its
 * SHA-256 in hexadecimal digits, which the caller frees. */
char *chunk_write_blob(struct chunk_writer *w, uint32_t kind, const void *bytes, size_t len);
/* How many chunks were written. */
unsigned chunk_writer_count(const struct chunk_writer *w);
/* Chunk `i` and all behind it are no more; `contents` are those that it had. The file can be read. */
void chunk_writer_cut(struct chunk_writer *w, unsigned i, GByteArray *contents);
/* Ends and frees it. False: RING1_ERROR_HOST; there is no new file then. */
bool chunk_writer_close(struct chunk_writer *w, GError **error);
/* It is given up. */
void chunk_writer_free(struct chunk_writer *w);

/* --- reading ------------------------------------------------------------------------ */

struct chunk_reader;
struct chunk {
    uint64_t offset; /* of its head in the file */
    uint32_t kind, raw, stored;
};

/* Whether the file begins as such a file does. */
bool chunk_file_is(const struct chunk_file *file, const char *path);
/* NULL: RING1_ERROR_HOST, or RING1_ERROR_INPUT and the reason. Bytes stay the caller's. */
struct chunk_reader *chunk_reader_new(const struct chunk_file *file, const char *path, GError **error);
/* Of what is open; `fd` becomes the reader's. Not beyond the first chunk of the kind `last`, if
 * there is one: what follows is not looked at (0: to the end). */
struct chunk_reader *chunk_reader_take_fd(const struct chunk_file *file, const char *name, int fd,
                                          uint32_t last, GError **error);
struct chunk_reader *chunk_reader_new_from_bytes(const struct chunk_file *file, const char *name,
                                                 const void *bytes, size_t len, GError **error);
/* One that is still written, by its descriptor, which stays the caller's. */
struct chunk_reader *chunk_reader_new_from_fd(const struct chunk_file *file, const char *name, int fd,
                                              GError **error);
/* What was added since it was opened. */
bool chunk_reader_refresh(struct chunk_reader *r, GError **error);
void chunk_reader_free(struct chunk_reader *r);

unsigned chunk_count(const struct chunk_reader *r);
const struct chunk *chunk_at(const struct chunk_reader *r, unsigned i);
/* The whole file, as it was opened. */
GBytes *chunk_file_bytes(const struct chunk_reader *r, GError **error);
uint64_t chunk_file_size(const struct chunk_reader *r);
/* The file ends within a chunk. */
bool chunk_is_cut(const struct chunk_reader *r);
/* The contents of a chunk; NULL: RING1_ERROR_INPUT. */
GBytes *chunk_unpack(struct chunk_reader *r, unsigned i, GError **error);
/* A file in chunks of this kind; its bytes have that SHA-256. NULL: RING1_ERROR_INPUT. */
GBytes *chunk_blob(struct chunk_reader *r, uint32_t kind, const char *sha256, GError **error);
/* False, and RING1_ERROR_INPUT: "snapshot FILE: ...". */
bool chunk_refuse(const struct chunk_reader *r, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Lines key=value, the value escaped as by g_strescape. */
GHashTable *chunk_parse_text(const char *text, size_t len);

uint32_t chunk_get32(const uint8_t *p);
uint64_t chunk_get64(const uint8_t *p);
void chunk_put32(uint8_t *p, uint32_t v);
void chunk_put64(uint8_t *p, uint64_t v);

#endif
