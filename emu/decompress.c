/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * decompress.c - see decompress.h. All formats share one growing output with one
 * bound; what is left for each is a loop around its library.
 */
#include "decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <ring1/ring1.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* The output so far. `size` bytes are reserved, `len` of them hold data. */
struct output {
    uint8_t *bytes;
    size_t len, size, max;
};

enum verdict {
    DONE,
    DAMAGED,
    CUT_SHORT,
    TOO_LONG,
    NO_MEMORY,
};

/* Memory that a stream's own dictionary may ask for. */
#define DICTIONARY_MAX ((uint64_t)192 << 20)

/* One block of lz4's legacy frame unpacks to at most this. */
#define LZ4_LEGACY_BLOCK ((size_t)8 << 20)

/* Have room for more bytes, `want` of them if the bound allows; false when the
 * output is full or the host has no memory. */
static bool output_room(struct output *out, size_t want, enum verdict *verdict)
{
    if (out->size - out->len >= want && out->len < out->size)
        return true;
    if (out->len >= out->max) {
        *verdict = TOO_LONG;
        return false;
    }
    size_t size = out->size ? out->size * 2 : 256 << 10;
    if (size < out->len + want)
        size = out->len + want;
    if (size > out->max)
        size = out->max;
    uint8_t *bytes = g_try_realloc(out->bytes, size);
    if (!bytes) {
        *verdict = NO_MEMORY;
        return false;
    }
    out->bytes = bytes;
    out->size = size;
    return true;
}

/* A full output is only too long when the stream has more to give: the streams
 * below are asked for one byte beyond the bound. */
static enum verdict inflate_gzip(struct output *out, const uint8_t *in, size_t len)
{
    z_stream z = {.next_in = (Bytef *)in};
    enum verdict verdict = DAMAGED;
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return NO_MEMORY;
    for (size_t left = len;;) {
        if (z.avail_in == 0 && left > 0) {
            z.avail_in = (uInt)MIN(left, (size_t)1 << 30);
            left -= z.avail_in;
        }
        if (!output_room(out, 1, &verdict))
            break;
        uInt room = (uInt)MIN(out->size - out->len, (size_t)1 << 30);
        z.next_out = out->bytes + out->len;
        z.avail_out = room;
        int rc = inflate(&z, Z_NO_FLUSH);
        out->len += room - z.avail_out;
        if (rc == Z_STREAM_END && z.avail_in > 1 && z.next_in[0] == 0x1F && z.next_in[1] == 0x8B &&
            inflateReset(&z) == Z_OK)
            continue; /* members follow each other, as gzip(1) has it */
        if (rc == Z_STREAM_END)
            verdict = DONE;
        else if (rc == Z_BUF_ERROR || (rc == Z_OK && z.avail_in == 0 && left == 0 && z.avail_out > 0))
            verdict = CUT_SHORT;
        else if (rc == Z_MEM_ERROR)
            verdict = NO_MEMORY;
        else if (rc == Z_OK)
            continue;
        break;
    }
    inflateEnd(&z);
    return verdict;
}

static enum verdict inflate_lzma(struct output *out, const uint8_t *in, size_t len, bool alone)
{
    lzma_stream s = LZMA_STREAM_INIT;
    enum verdict verdict = DAMAGED;
    lzma_ret rc = alone ? lzma_alone_decoder(&s, DICTIONARY_MAX) : lzma_stream_decoder(&s, DICTIONARY_MAX, 0);
    if (rc != LZMA_OK)
        return NO_MEMORY;
    s.next_in = in;
    s.avail_in = len;
    for (;;) {
        if (!output_room(out, 1, &verdict))
            break;
        size_t room = out->size - out->len;
        s.next_out = out->bytes + out->len;
        s.avail_out = room;
        rc = lzma_code(&s, LZMA_FINISH);
        out->len += room - s.avail_out;
        if (rc == LZMA_OK)
            continue;
        if (rc == LZMA_STREAM_END)
            verdict = DONE;
        else if (rc == LZMA_BUF_ERROR)
            verdict = CUT_SHORT;
        else if (rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR)
            verdict = NO_MEMORY;
        break;
    }
    lzma_end(&s);
    return verdict;
}

static enum verdict inflate_zstd(struct output *out, const uint8_t *in, size_t len)
{
    enum verdict verdict = DAMAGED;
    ZSTD_DStream *z = ZSTD_createDStream();
    if (!z)
        return NO_MEMORY;
    ZSTD_inBuffer src = {in, len, 0};
    for (;;) {
        if (!output_room(out, 1, &verdict))
            break;
        ZSTD_outBuffer dst = {out->bytes + out->len, out->size - out->len, 0};
        size_t rc = ZSTD_decompressStream(z, &dst, &src);
        out->len += dst.pos;
        if (ZSTD_isError(rc))
            break;
        if (rc == 0) {
            verdict = DONE;
            break;
        }
        if (src.pos == src.size && dst.pos < dst.size) {
            verdict = CUT_SHORT;
            break;
        }
    }
    ZSTD_freeDStream(z);
    return verdict;
}

/* Linux's lz4 payload: the legacy magic, then blocks of {u32 packed length,
 * bytes}; what follows the last block (the unpacked length) is too short or too
 * odd to be one. */
static enum verdict inflate_lz4(struct output *out, const uint8_t *in, size_t len)
{
    enum verdict verdict = DAMAGED;
    for (size_t at = 4; len - at > 4;) {
        uint32_t packed;
        memcpy(&packed, in + at, 4);
        packed = GUINT32_FROM_LE(packed);
        at += 4;
        if (packed == 0x184C2102) /* frames may follow each other */
            continue;
        if (packed == 0 || packed > LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK))
            return DAMAGED;
        if (packed > len - at)
            return CUT_SHORT;
        uint8_t *block = g_try_malloc(LZ4_LEGACY_BLOCK);
        if (!block)
            return NO_MEMORY;
        int got =
            LZ4_decompress_safe((const char *)in + at, (char *)block, (int)packed, (int)LZ4_LEGACY_BLOCK);
        bool fits = got >= 0 && out->max - out->len >= (size_t)got;
        bool room = fits && (got == 0 || output_room(out, (size_t)got, &verdict));
        if (room && got > 0) {
            memcpy(out->bytes + out->len, block, (size_t)got);
            out->len += (size_t)got;
        }
        g_free(block);
        if (!room)
            return got < 0 ? DAMAGED : fits ? verdict : TOO_LONG;
        at += packed;
        verdict = DONE;
    }
    return verdict == DONE ? DONE : CUT_SHORT;
}

static const struct {
    enum compression kind;
    const char *name;
    uint8_t magic[6];
    uint8_t magic_len;
} FORMATS[] = {
    {COMPRESSION_GZIP, "gzip", {0x1F, 0x8B}, 2},
    {COMPRESSION_BZIP2, "bzip2", {'B', 'Z', 'h'}, 3},
    {COMPRESSION_XZ, "xz", {0xFD, '7', 'z', 'X', 'Z', 0}, 6},
    {COMPRESSION_LZMA, "lzma", {0x5D, 0x00}, 2},
    {COMPRESSION_LZO, "lzo", {0x89, 'L', 'Z', 'O'}, 4},
    {COMPRESSION_LZ4, "lz4", {0x02, 0x21}, 2},
    {COMPRESSION_ZSTD, "zstd", {0x28, 0xB5, 0x2F, 0xFD}, 4},
};

enum compression compression_detect(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++)
        if (len >= FORMATS[i].magic_len && memcmp(bytes, FORMATS[i].magic, FORMATS[i].magic_len) == 0)
            return FORMATS[i].kind;
    return COMPRESSION_NONE;
}

const char *compression_name(enum compression kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++)
        if (FORMATS[i].kind == kind)
            return FORMATS[i].name;
    return "none";
}

size_t decompress_limit(size_t len)
{
    size_t most = len > DECOMPRESS_MAX / 256 ? DECOMPRESS_MAX : len * 256;
    return MAX(most, (size_t)64 << 20);
}

static enum verdict inflate_any(enum compression kind, struct output *out, const uint8_t *in, size_t len)
{
    switch (kind) {
    case COMPRESSION_GZIP:
        return inflate_gzip(out, in, len);
    case COMPRESSION_XZ:
        return inflate_lzma(out, in, len, false);
    case COMPRESSION_LZMA:
        return inflate_lzma(out, in, len, true);
    case COMPRESSION_LZ4:
        return inflate_lz4(out, in, len);
    case COMPRESSION_ZSTD:
        return inflate_zstd(out, in, len);
    default:
        return DAMAGED;
    }
}

GBytes *decompress(enum compression kind, const uint8_t *bytes, size_t len, size_t max, const char *name,
                   GError **error)
{
    const char *how = compression_name(kind);
    if (kind == COMPRESSION_NONE || kind == COMPRESSION_BZIP2 || kind == COMPRESSION_LZO) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE,
                    "%s: compression %s is not served: only gzip, xz, lzma, "
                    "lz4 and zstd are",
                    name, how);
        return NULL;
    }
    max = MIN(max, DECOMPRESS_MAX);
    /* One byte beyond the bound tells a stream that ends there from a longer one. */
    struct output out = {.max = max + 1};
    enum verdict verdict = inflate_any(kind, &out, bytes, len);
    if (verdict == DONE && out.len > max)
        verdict = TOO_LONG;
    if (verdict == DONE)
        return g_bytes_new_take(g_realloc(out.bytes, out.len), out.len);
    g_free(out.bytes);
    if (verdict == TOO_LONG)
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE,
                    "%s: %zu bytes of %s unpack to more than the %zu that are allowed", name, len, how, max);
    else
        g_set_error(error, RING1_ERROR, RING1_ERROR_IMAGE, "%s: %s data %s", name, how,
                    verdict == CUT_SHORT   ? "ends too early"
                    : verdict == NO_MEMORY ? "asks for more memory than is allowed"
                                           : "is damaged");
    return NULL;
}
