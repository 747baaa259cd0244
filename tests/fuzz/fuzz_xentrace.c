/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_xentrace.c - any bytes at all as a trace of xentrace: read, or refused in one
 * line with its offset.
 */
#include "read_and_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct call_log *log =
        read_xentrace("input", data, size, XENTRACE_ANY_DOMAIN, size ? data[size - 1] + 1u : 1, &error);
    return compare_or_refused(log, error, "input: offset ");
}
