/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * afl.c - a main for a fuzz target under AFL++: the fork server begins when the target is
 * ready, and a process tries many inputs, which lie in shared memory. Without AFL++
 * it tries files that are named, or standard input: afl-fuzz's finds, one after another.
 */
#include "fuzz.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A process; then it is made anew, should something pile up. */
#define INPUTS 100000

__AFL_FUZZ_INIT();

/* Of its own size: a sanitizer sees a byte too many. */
static void try_input(const void *data, size_t len)
{
    uint8_t *copy = g_malloc(len ? len : 1);
    if (len)
        memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    g_free(copy);
}

static int try_files(int n, char **files)
{
    for (int i = 0; i < n; i++) {
        g_autofree char *bytes = NULL;
        gsize len;
        if (!g_file_get_contents(files[i], &bytes, &len, NULL)) {
            fprintf(stderr, "%s: cannot be read\n", files[i]);
            return 2;
        }
        try_input(bytes, len);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    if (argc > 1)
        return try_files(argc - 1, argv + 1);
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(INPUTS)) {
        /* Asked once: away from AFL++ each time reads standard input. */
#pragma clang diagnostic ignored "-Wconversion"
        size_t len = (size_t)__AFL_FUZZ_TESTCASE_LEN;
        try_input(data, len);
    }
    return 0;
}
