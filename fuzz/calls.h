/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * calls.h - the dispatcher as a target of the loop: inputs are struct fuzz_input, tried in
 * worlds without a CPU.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "check_seq.h"
#include "target.h"

/* `pair`: a place in abi_all(), -1 for all. `prepare` may be NULL; both stay the caller's.
 * NULL: RING1_ERROR_HOST. */
struct fuzz_target *fuzz_calls_new(const struct fuzz_grammars *g, int pair,
                                   const struct fuzz_prepare *prepare, GError **error);
void fuzz_calls_free(struct fuzz_target *t);

#endif
