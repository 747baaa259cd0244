/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * planted_guest.c - faults of dispatch/plant.h are found through the CPU, too: the guest `fuzzed` makes
 * the calls that its input says. One for each kind of check; and without a fault nothing is found.
 *
 *     planted_guest IMAGE CORPUS [RUNS[,CLEAN] [SEED]]
 */
#include "dispatch/domain.h"
#include "dispatch/plant.h"
#include "fuzz/loop.h"
#include "guest_target.h"

#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum plant plant_now;

static const struct {
    enum plant plant;
    const char *name,
        *kind; /* an expression for what it has to be found as; NULL: there is nothing to be found */
} hunts[] = {
    {PLANT_none, "none", NULL},
    {PLANT_type_check, "type_check", "counts: "},
    {PLANT_wrong_sign, "wrong_sign", "result: "},
    {PLANT_refused_answer, "refused_answer", "leaves: "},
    /* What lies on the host's stack: under ASan it is something else each time. */
    {PLANT_host_bytes, "host_bytes", "(host bytes|repeat): "},
    {PLANT_continuation, "continuation", "stopped: "},
};

static void remember(void *user, const char *reason, const char *file)
{
    (void)file;
    g_strlcpy(user, reason, 512);
}

/* Inputs to begin with, in a folder that the loop may add to. */
static char *copy_corpus(const char *from)
{
    char *to = g_dir_make_tmp("ring1-planted-XXXXXX", NULL);
    GDir *dir = to ? g_dir_open(from, 0, NULL) : NULL;
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *source = g_build_filename(from, name, NULL),
                        *copy = g_build_filename(to, name, NULL), *bytes = NULL;
        gsize len;
        if (g_file_get_contents(source, &bytes, &len, NULL))
            (void)g_file_set_contents(copy, bytes, (gssize)len, NULL);
    }
    if (dir)
        g_dir_close(dir);
    return to;
}

/* No input knows by itself where the guest's tables are: one that asks to map the top one writable. */
static void add_table_input(const struct guest_target *g, const char *folder)
{
    uint32_t va = 0, unused;
    (void)ring1_target_symbol(g->machine, "ring1_fuzz_input", &va, &unused);
    const uint32_t record[] = {
        14 /* update_va_mapping */, va, ring1_machine_vcpu(g->machine, 0)->cr3.mfn << 12 | 7, 0, 0, 0};
    g_autofree char *file = g_build_filename(folder, "table", NULL);
    (void)g_file_set_contents(file, (const char *)record, sizeof record, NULL);
}

static void remove_folder(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    if (dir)
        g_dir_close(dir);
    g_rmdir(path);
}

static bool hunt(unsigned i, const char *image, const char *seeds, uint64_t runs, uint64_t seed)
{
    char reason[512] = "nothing";
    struct fuzz_status status = {0};
    struct guest_target g;
    g_autoptr(GError) error = NULL;
    g_autofree char *corpus = copy_corpus(seeds);
    const struct fuzz_options o = {.runs = runs,
                                   .seed = seed,
                                   .max_finds = 1,
                                   .min_tries = 1,
                                   .corpus = corpus,
                                   .found = remember,
                                   .user = reason};
    bool ran = corpus && guest_target_start(&g, image, &error);
    plant_now = hunts[i].plant;
    if (ran)
        add_table_input(&g, corpus);
    ran = ran && fuzz_loop(&o, g.fuzz, &status, &error);
    plant_now = PLANT_none;
    guest_target_clear(&g);
    bool good = ran && (hunts[i].kind ? g_regex_match_simple(hunts[i].kind, reason, G_REGEX_ANCHORED, 0)
                                      : status.finds == 0);
    printf("%s %s: %" PRIu64 " runs, %.1f s: %s\n", good ? "ok" : "FAIL", hunts[i].name, status.runs,
           status.seconds, error ? error->message : reason);
    fflush(stdout);
    if (corpus)
        remove_folder(corpus);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    char *end = NULL;
    uint64_t runs = argc > 3 ? strtoull(argv[3], &end, 0) : 20000;
    uint64_t clean = end && *end == ',' ? strtoull(end + 1, NULL, 0) : runs;
    uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 0) : 1;
    unsigned bad = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(hunts); i++)
        bad += !hunt(i, argv[1], argv[2], hunts[i].kind ? runs : clean, seed);
    printf("%u passed, %u failed\n", (unsigned)G_N_ELEMENTS(hunts) - bad, bad);
    return bad != 0;
}
