/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_trace.c - see read_trace.h: which kind of file it is.
 */
#include "read_trace.h"

#include <ring1/ring1.h>
#include <string.h>

/* What xentrace begins with: 0x2001f003, little-endian. */
static const uint8_t xentrace_magic[4] = {0x03, 0xF0, 0x01, 0x20};

struct call_log *read_trace(const char *source, const uint8_t *bytes, size_t len,
                            const struct read_trace_options *options, GError **error)
{
    if (len >= sizeof xentrace_magic && memcmp(bytes, xentrace_magic, sizeof xentrace_magic) == 0)
        return read_xentrace(source, bytes, len, options->domain, options->hz, error);
    if (len > 0 && bytes[0] == '{')
        return read_json_trace(source, (const char *)bytes, len, error);
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                "%s: expected JSON lines, whose first byte is '{', xentrace's records, a sequence, or what "
                "--record wrote (%s)",
                source, len ? "its first bytes are neither" : "the file is empty");
    return NULL;
}
