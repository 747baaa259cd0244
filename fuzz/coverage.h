/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * coverage.h - which edges of dispatch/ have been taken, in a build of -Dfuzz=own: the
 * compiler calls here at each of them. An edge counts once; a run that takes a new one is
 * worth keeping. The map is the process's, as instrumented code knows no other.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#define FUZZ_COVERAGE_BYTES (1u << 17)

/* The code was built to call here. */
bool fuzz_coverage_on(void);
/* From now on edges are noted in `map`, of FUZZ_COVERAGE_BYTES, which may be shared;
 * NULL: nowhere. */
void fuzz_coverage_use(uint8_t *map);
/* New ones since this was asked last. */
unsigned fuzz_coverage_new(void);

#endif
