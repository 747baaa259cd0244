/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_guest.c - `ring1 fuzz --guest` for other engines: the input goes to the buffer of a guest that runs on
 * the CPU, and what it makes of it is checked. Places of the guest's own code are told to the engine beside
 * those of the host's: libFuzzer by its extra counters, AFL++ by the end of its map.
 *
 * The guest is `fuzzed` (guest-images/fuzzed.c), or whichever names its places as ring1/fuzz_guest.h does:
 * the environment's RING1_FUZZ_GUEST, or fuzzed-xen-3.0-pae.elf beside the program. RING1_FUZZ_CHECKS: full
 * (the default) or cheap.
 */
#include "fuzz.h"

#include "guest_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NR_COUNTERS 4096u

/* libFuzzer finds them by their section; for others they are but bytes. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[NR_COUNTERS];

/* AFL++'s, when it is linked: how long its map is, and who counts a place of it. The map itself cannot be
 * named here, for AFL++'s compiler puts that name into this file. */
extern uint32_t __afl_map_size __attribute__((weak));
extern void __sanitizer_cov_trace_pc_guard(uint32_t *place) __attribute__((weak));

static struct guest_target guest;
static enum fuzz_level level = FUZZ_FULL;

static char *image_beside(const char *program)
{
    const char *named = getenv("RING1_FUZZ_GUEST");
    g_autofree char *path = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(path ? path : program);
    return named ? g_strdup(named) : g_build_filename(folder, "fuzzed-xen-3.0-pae.elf", NULL);
}

static void start(const char *program)
{
    const char *checks = getenv("RING1_FUZZ_CHECKS");
    g_autoptr(GError) error = NULL;
    g_autofree char *image = NULL;
    if (guest.fuzz)
        return;
    if (checks && strcmp(checks, "cheap") == 0)
        level = FUZZ_CHEAP;
    image = image_beside(program);
    if (!guest_target_start(&guest, image, &error)) {
        fprintf(stderr, "fuzz_guest: %s\n", error->message);
        exit(1);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    start(*argc ? (*argv)[0] : "");
    return 0;
}

static void tell_afl(unsigned at, unsigned count)
{
    uint32_t place = __afl_map_size - NR_COUNTERS + at;
    while (count-- > 0)
        __sanitizer_cov_trace_pc_guard(&place);
}

/* A run's places, each at one of the engine's. */
static void tell_places(void)
{
    const uint16_t *place;
    const uint8_t *count;
    unsigned nr = ring1_target_coverage(guest.target, &place, &count);
    bool afl = &__afl_map_size && __sanitizer_cov_trace_pc_guard && __afl_map_size > NR_COUNTERS;
    for (unsigned i = 0; i < nr; i++) {
        unsigned at = place[i] * 0x9E3779B1u >> 20;
        if (afl)
            tell_afl(at, count[place[i]]);
        else
            counters[at] = (uint8_t)MIN(counters[at] + count[place[i]], 255);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ring1_target_end end;
    start("");
    const char *reason = fuzz_guest_try(guest.fuzz, data, size, level, &end);
    if (reason) {
        fprintf(stderr, "fuzz_guest: %s\n", reason);
        abort();
    }
    tell_places();
    return 0;
}
