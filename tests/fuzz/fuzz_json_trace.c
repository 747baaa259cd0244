/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_json_trace.c - any bytes at all as a JSON trace: read, or refused in one line
 * with its place. What was read can be shown and compared with itself.
 */
#include "read_and_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct call_log *log = read_json_trace("input", (const char *)data, size, &error);
    return compare_or_refused(log, error, "input:");
}
