/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * driver.c - a main for a fuzz target where there is no fuzzing engine: replays
 * files, then mutates them for some seconds. The same seed makes the same inputs.
 * The input at work lies in the artifact file, which is left behind by a finding.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_INPUT ((size_t)256 << 10)
#define HANG_SECONDS  20 /* one input, sanitizers included */

struct corpus {
    GPtrArray *files; /* GBytes */
};

static uint64_t state;

static uint32_t roll(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return bound ? (uint32_t)((state * 0x2545F4914F6CDD1Dull >> 32) % bound) : 0;
}

/* --- inputs ------------------------------------------------------------------------ */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_path(struct corpus *corpus, const char *path)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
        for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;)
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
        if (dir)
            g_dir_close(dir);
        /* In the same order on every machine. */
        g_ptr_array_sort(names, by_name);
        bool ok = true;
        for (guint i = 0; i < names->len; i++)
            ok = add_path(corpus, g_ptr_array_index(names, i)) && ok;
        g_ptr_array_free(names, TRUE);
        return ok;
    }
    char *bytes;
    gsize len;
    if (!g_file_get_contents(path, &bytes, &len, NULL)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    g_ptr_array_add(corpus->files, g_bytes_new_take(bytes, len));
    return true;
}

/* --- mutations ----------------------------------------------------------------------- */

static const uint32_t ODD[] = {
    0,        1,          2,          3,          4,          7,          8,          16,         0x7F,
    0x80,     0xFF,       0x100,      0xFFF,      0x1000,     0x7FFF,     0xFFFF,     0x10000,    0x3FFFFF,
    0x400000, 0x7FFFFFFF, 0x80000000, 0xC0000000, 0xF5800000, 0xFC000000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF,
};

static void put_number(uint8_t *at, size_t room)
{
    uint32_t value = roll(4) ? ODD[roll(G_N_ELEMENTS(ODD))] : roll(UINT32_MAX);
    size_t len = (size_t)1 << roll(3);
    memcpy(at, &value, MIN(len, room));
}

static size_t mutate_once(uint8_t *bytes, size_t len, const struct corpus *corpus)
{
    /* Half of the strokes go to the headers at the start. */
    uint32_t span = (uint32_t)(roll(2) && len > 512 ? 512 : len), at = roll(span);
    switch (roll(8)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << roll(8));
        break;
    case 1:
        bytes[at] = (uint8_t)roll(256);
        break;
    case 2:
    case 3:
        put_number(bytes + (at & ~3u), len - (at & ~3u));
        break;
    case 4: { /* add or take a little */
        uint32_t value = 0;
        size_t room = MIN(len - at, 4);
        memcpy(&value, bytes + at, room);
        value += roll(64) - 32;
        memcpy(bytes + at, &value, room);
        break;
    }
    case 5: /* cut, or longer with zeros */
        if (roll(2) && len > 1)
            return roll((uint32_t)len - 1) + 1;
        at = roll((uint32_t)MIN(LARGEST_INPUT - len, 4096) + 1);
        memset(bytes + len, 0, at);
        return len + at;
    case 6: { /* a piece moves within the file */
        uint32_t from = roll((uint32_t)len), n = roll((uint32_t)MIN(len - MAX(from, at), 64) + 1);
        memmove(bytes + at, bytes + from, n);
        break;
    }
    case 7: { /* a piece of another file */
        GBytes *other = g_ptr_array_index(corpus->files, roll(corpus->files->len));
        gsize other_len;
        const uint8_t *data = g_bytes_get_data(other, &other_len);
        uint32_t from = roll((uint32_t)other_len), n = roll((uint32_t)MIN(other_len - from, len - at) + 1);
        if (n)
            memcpy(bytes + at, data + from, n);
        break;
    }
    }
    return len;
}

static size_t make_input(uint8_t *bytes, const struct corpus *corpus)
{
    gsize len;
    const void *data = g_bytes_get_data(g_ptr_array_index(corpus->files, roll(corpus->files->len)), &len);
    len = MIN(len, LARGEST_INPUT);
    if (len)
        memcpy(bytes, data, len);
    for (uint32_t n = 1 + roll(1u << roll(5)); n > 0 && len > 0; n--)
        len = mutate_once(bytes, len, corpus);
    return len;
}

/* --- running --------------------------------------------------------------------------- */

/* Keep the input where a finding leaves it, then try an exact copy: a sanitizer
 * sees a byte too many. */
static void try_input(int artifact, const uint8_t *bytes, size_t len)
{
    if (ftruncate(artifact, (off_t)len) != 0 || pwrite(artifact, bytes, len, 0) != (ssize_t)len)
        perror("artifact");
    uint8_t *copy = g_malloc(len ? len : 1);
    memcpy(copy, bytes, len);
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput(copy, len);
    alarm(0);
    g_free(copy);
}

static void replay(int artifact, const struct corpus *corpus)
{
    for (guint i = 0; i < corpus->files->len; i++) {
        gsize len;
        const void *data = g_bytes_get_data(g_ptr_array_index(corpus->files, i), &len);
        try_input(artifact, data, MIN(len, LARGEST_INPUT));
    }
}

static uint64_t mutate(int artifact, const struct corpus *corpus, int seconds, int64_t iterations)
{
    uint8_t *bytes = g_malloc(LARGEST_INPUT);
    gint64 end = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    uint64_t done = 0;
    while ((iterations <= 0 || done < (uint64_t)iterations) &&
           (seconds <= 0 || g_get_monotonic_time() < end)) {
        size_t len = make_input(bytes, corpus);
        try_input(artifact, bytes, len);
        done++;
    }
    g_free(bytes);
    return done;
}

int main(int argc, char **argv)
{
    int seconds = 0;
    gint64 iterations = 0, seed = 1;
    char *artifact_path = NULL;
    char **paths = NULL;
    const GOptionEntry options[] = {
        {"seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "mutate the files for so long", "N"},
        {"iterations", 0, 0, G_OPTION_ARG_INT64, &iterations, "mutate so often", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the mutations (1)", "N"},
        {"artifact", 0, 0, G_OPTION_ARG_FILENAME, &artifact_path, "where a finding is left", "FILE"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FILE or FOLDER..."},
        G_OPTION_ENTRY_NULL,
    };
    GError *error = NULL;
    GOptionContext *context = g_option_context_new("- replay inputs; with a limit, mutate them");
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || !paths) {
        fprintf(stderr, "%s\n", error ? error->message : "no inputs given");
        return 2;
    }
    g_option_context_free(context);
    if (!artifact_path)
        artifact_path = g_strdup_printf("%s.finding", g_get_prgname());

    struct corpus corpus = {g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
    bool readable = true;
    for (char **p = paths; *p; p++)
        readable = add_path(&corpus, *p) && readable;
    int artifact = g_open(artifact_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (!readable || corpus.files->len == 0 || artifact < 0) {
        fprintf(stderr, "no inputs to try, or %s cannot be written\n", artifact_path);
        return 2;
    }
    state = (uint64_t)seed * 0x9E3779B97F4A7C15ull | 1;
    replay(artifact, &corpus);
    uint64_t done = seconds > 0 || iterations > 0 ? mutate(artifact, &corpus, seconds, iterations) : 0;
    printf("%u files replayed, %" G_GUINT64_FORMAT " mutations tried, nothing found\n", corpus.files->len,
           done);

    close(artifact);
    g_unlink(artifact_path);
    g_free(artifact_path);
    g_strfreev(paths);
    g_ptr_array_free(corpus.files, TRUE);
    return 0;
}
