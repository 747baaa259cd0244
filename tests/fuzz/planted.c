/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * planted.c - each fault of dispatch/plant.h is found by the fuzzer within so many runs,
 * and without any fault nothing is found in as many, or in CLEAN. Linked with a dispatcher
 * that has the faults, and coverage.
 *
 *     planted [RUNS[,CLEAN] [SEED [NAME [FOLDER]]]]
 */
#include "dispatch/plant.h"
#include "fuzz/calls.h"
#include "fuzz/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum plant plant_now;

static const struct {
    const char *name, *what;
} plants[NR_PLANTS] = {{"none", "the dispatcher as it is"},
#define PLANT_ROW(name, what) {#name, what},
                       PLANTS(PLANT_ROW)
#undef PLANT_ROW
};

static void remember(void *user, const char *reason, const char *file)
{
    (void)file;
    g_strlcpy(user, reason, 512);
}

/* Whether that came out which had to. */
static bool hunt(unsigned plant, uint64_t budget, uint64_t seed, const char *finds)
{
    char reason[512] = "nothing";
    struct fuzz_status status;
    g_autoptr(GError) error = NULL;
    const struct fuzz_options o = {.runs = budget,
                                   .seed = seed,
                                   .max_finds = 1,
                                   .min_tries = finds ? 3000 : 1,
                                   .finds = finds,
                                   .found = remember,
                                   .user = reason};
    struct fuzz_grammars *g = fuzz_grammars_new();
    plant_now = (enum plant)plant;
    struct fuzz_target *t = fuzz_calls_new(g, -1, NULL, &error);
    bool ran = t && fuzz_loop(&o, t, &status, &error);
    plant_now = PLANT_none;
    fuzz_calls_free(t);
    fuzz_grammars_free(g);
    bool good = ran && (status.finds > 0) == (plant != PLANT_none);
    printf("%s %s (%s): %" PRIu64 " runs, %.1f s, %u edges: %s\n", good ? "ok" : "FAIL", plants[plant].name,
           plants[plant].what, ran ? status.runs : 0, ran ? status.seconds : 0, ran ? status.edges : 0,
           ran ? reason : error->message);
    fflush(stdout);
    return good;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    uint64_t budget = argc > 1 ? strtoull(argv[1], &end, 0) : 100000;
    uint64_t clean = end && *end == ',' ? strtoull(end + 1, NULL, 0) : budget;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned good = 0, bad = 0;
    for (unsigned i = 0; i < NR_PLANTS; i++) {
        if (argc > 3 && strcmp(argv[3], plants[i].name) != 0)
            continue;
        if (hunt(i, i == PLANT_none ? clean : budget, seed, argc > 4 ? argv[4] : NULL))
            good++;
        else
            bad++;
    }
    printf("%u passed, %u failed\n", good, bad);
    return bad != 0;
}
