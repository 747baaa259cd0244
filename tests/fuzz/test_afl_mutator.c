/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_afl_mutator.c - the shared object that AFL++ loads, called as AFL++ calls it: what it
 * makes are inputs in their usual form within the bound, the same seed makes the same, and
 * what is trimmed is a part of what there was.
 *
 *     test_afl_mutator ring1-mutator.so FOLDER
 */
#include "fuzz/mutate.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Enough of the folder's. */
#define FILES 30u

static struct {
    void *(*init)(void *, unsigned);
    void (*deinit)(void *);
    size_t (*fuzz)(void *, uint8_t *, size_t, uint8_t **, uint8_t *, size_t, size_t);
    int32_t (*init_trim)(void *, uint8_t *, size_t);
    size_t (*trim)(void *, uint8_t **);
    int32_t (*post_trim)(void *, uint8_t);
} afl;

static struct fuzz_grammars *grammars;

static bool load(const char *path)
{
    void *so = dlopen(path, RTLD_NOW);
    if (!so) {
        printf("FAIL %s\n", dlerror());
        return false;
    }
    *(void **)&afl.init = dlsym(so, "afl_custom_init");
    *(void **)&afl.deinit = dlsym(so, "afl_custom_deinit");
    *(void **)&afl.fuzz = dlsym(so, "afl_custom_fuzz");
    *(void **)&afl.init_trim = dlsym(so, "afl_custom_init_trim");
    *(void **)&afl.trim = dlsym(so, "afl_custom_trim");
    *(void **)&afl.post_trim = dlsym(so, "afl_custom_post_trim");
    return afl.init && afl.deinit && afl.fuzz && afl.init_trim && afl.trim && afl.post_trim;
}

/* What it means is all that it is: encoded again it is the same. */
static bool is_usual(const uint8_t *bytes, size_t len, unsigned *steps)
{
    struct fuzz_input in;
    uint8_t again[FUZZ_INPUT_MAX];
    fuzz_decode(grammars, bytes, len, &in);
    *steps = in.nr_steps;
    return fuzz_encode(&in, again) == len && memcmp(bytes, again, len) == 0;
}

static bool check_made(uint8_t *seed, size_t len, uint8_t *other, size_t other_len)
{
    void *a = afl.init(NULL, 7), *b = afl.init(NULL, 7);
    bool good = true, changed = false;
    for (unsigned i = 0; i < 50 && good; i++) {
        uint8_t *x, *y;
        size_t max = i % 5 == 4 ? 60 : 4096;
        size_t n = afl.fuzz(a, seed, len, &x, i & 1 ? other : NULL, i & 1 ? other_len : 0, max);
        size_t m = afl.fuzz(b, seed, len, &y, i & 1 ? other : NULL, i & 1 ? other_len : 0, max);
        unsigned steps;
        good = n == m && memcmp(x, y, n) == 0 && n <= max && is_usual(x, n, &steps);
        changed |= n != len || memcmp(x, seed, len) != 0;
    }
    afl.deinit(a);
    afl.deinit(b);
    return good && changed;
}

/* Each trial has one step less; `keep`: the first and last have to stay. */
static bool check_trimmed(uint8_t *seed, size_t len, bool keep)
{
    void *a = afl.init(NULL, 1);
    struct fuzz_input whole;
    fuzz_decode(grammars, seed, len, &whole);
    unsigned steps = whole.nr_steps, left = steps, now;
    int32_t most = afl.init_trim(a, seed, len), at = 0;
    bool good = (unsigned)most == steps;
    for (unsigned i = 0; at < most && good; i++) {
        uint8_t *out;
        size_t n = afl.trim(a, &out);
        good = n <= len && is_usual(out, n, &now) && i < steps && (now + 1 == left || left <= 1);
        struct fuzz_input in;
        fuzz_decode(grammars, out, n, &in);
        bool first = in.nr_steps && memcmp(&in.step[0], &whole.step[0], 8) == 0;
        bool last = in.nr_steps && memcmp(&in.step[in.nr_steps - 1], &whole.step[steps - 1], 8) == 0;
        bool success = !keep || (first && last);
        left -= success && left > 1;
        at = afl.post_trim(a, success);
    }
    afl.deinit(a);
    return good && (left == 1 || (keep && left <= steps));
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    if (argc != 3 || !load(argv[1]))
        return 2;
    grammars = fuzz_grammars_new();
    GDir *dir = g_dir_open(argv[2], 0, NULL);
    g_autofree char *other = g_strdup("");
    gsize other_len = 0, len;
    for (const char *name; dir && passed < FILES && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(argv[2], name, NULL);
        char *bytes;
        if (!g_file_get_contents(path, &bytes, &len, NULL))
            continue;
        uint8_t *seed = (uint8_t *)bytes;
        bool good = check_made(seed, len, (uint8_t *)other, other_len) && check_trimmed(seed, len, false) &&
                    check_trimmed(seed, len, true);
        if (!good)
            printf("FAIL %s\n", name);
        passed += good;
        failed += !good;
        g_free(other);
        other = bytes;
        other_len = len;
    }
    if (dir)
        g_dir_close(dir);
    fuzz_grammars_free(grammars);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
