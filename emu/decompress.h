/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * decompress.h - unpack what kernels and initrds are packed with. Each format is
 * its own library's job; here are the bounds that keep a small file from
 * becoming a large trouble.
 */
#ifndef EMU_DECOMPRESS_H
#define EMU_DECOMPRESS_H

#include <glib.h>
#include <ring1/types.h>

enum compression {
    COMPRESSION_NONE = 0,
    COMPRESSION_GZIP,
    COMPRESSION_BZIP2, /* known, not unpacked */
    COMPRESSION_XZ,
    COMPRESSION_LZMA,
    COMPRESSION_LZO, /* known, not unpacked */
    COMPRESSION_LZ4, /* the legacy frame, as Linux has it */
    COMPRESSION_ZSTD,
};

/* Nothing unpacks to more. */
#define DECOMPRESS_MAX ((size_t)512 << 20)

/* By the magic at the start (docs/xen-abi.md 4.1). */
enum compression compression_detect(const uint8_t *bytes, size_t len);

/* "gzip", "xz", ...; "none". */
const char *compression_name(enum compression kind);

/* The largest output that is believed of `len` bytes of a kernel: 64 MiB, or 256
 * times the input, and never above DECOMPRESS_MAX. */
size_t decompress_limit(size_t len);

/* Unpack. Bytes after the end of the packed stream are ignored, as gzip's
 * readers do and bzImage's trailing length needs. `name` stands in messages.
 * NULL with RING1_ERROR_IMAGE when the format is not served, the data is damaged
 * or cut short, or the output would be longer than `max`. */
GBytes *decompress(enum compression kind, const uint8_t *bytes, size_t len, size_t max, const char *name,
                   GError **error);

#endif
