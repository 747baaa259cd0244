/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * digest.h - the state of a domain as numbers that can be compared.
 */
#ifndef FUZZ_DIGEST_H
#define FUZZ_DIGEST_H

#include "debug/world.h"

/* What a refused call must leave as it was, in parts. */
enum fuzz_part { PART_FRAMES, PART_PORTS, PART_GRANTS, PART_VCPUS, PART_TIMES, PART_DOMAIN, NR_PARTS };
extern const char *const fuzz_part_names[];
struct fuzz_parts {
    uint64_t part[NR_PARTS];
};
void fuzz_parts(const struct world *w, struct fuzz_parts *out);

#endif
