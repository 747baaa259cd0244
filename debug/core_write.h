/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * core_write.h - a machine as an ELF core file, which gdb opens beside the guest's image:
 * registers of each vcpu, and memory at its virtual addresses. docs/core-files.md says what is in it.
 */
#ifndef DEBUG_CORE_WRITE_H
#define DEBUG_CORE_WRITE_H

#include "emu/machine.h"

/* Into a regular file that is open for writing; what is in it goes. It changes nothing in the
 * machine. RING1_ERROR_HOST: it cannot be written. */
bool core_write(struct machine *m, const struct image *image, int fd, GError **error);

/* --- core_map.c: what goes where ------------------------------------------------------- */

/* Consecutive pages of addresses that are consecutive in the file. */
struct core_run {
    uint32_t page; /* of the first address */
    uint32_t pages;
    uint32_t slot;  /* of the first in the file, in pages */
    uint32_t flags; /* PF_R, PF_W, PF_X: rights of any of them */
    bool is_pfn;    /* the slots are pfns */
};

/* gdb makes a section of each. */
#define CORE_RUNS_MAX 0xFF00u

struct core_map {
    GArray *runs;      /* struct core_run, by address */
    GArray *frames;    /* mfns as uint32_t: what is in each slot; CORE_NOTHING: nothing */
    uint32_t left_out; /* pages for which there was no room */
};

#define CORE_NOTHING UINT32_MAX

/* What a vcpu's page tables map, and the m2p array, in at most `slots_max` pages of a file. A
 * frame has one slot, however often it is mapped: its pfn if it has one that no other frame claims. */
void core_map_make(struct core_map *map, struct vcpu *v, uint32_t slots_max);
void core_map_clear(struct core_map *map);

#endif
