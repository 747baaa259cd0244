/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * idioms.h - a few calls that belong together, as a guest makes them: what chance alone
 * would seldom find, and mutations then take apart.
 */
#ifndef FUZZ_IDIOMS_H
#define FUZZ_IDIOMS_H

#include "mutate.h"

/* A step that calls `nr` with this command, its numbers drawn; NULL: the Xen has no such
 * call, or there is no room. */
struct fuzz_step *fuzz_add_call(struct fuzz_mutator *m, struct fuzz_input *in, uint32_t nr, uint32_t command);
/* Its n-th slot of the role and format gets this number. */
void fuzz_say(const struct fuzz_mutator *m, const struct fuzz_input *in, struct fuzz_step *s, unsigned role,
              unsigned format, unsigned n, struct fuzz_said value);

/* Put one at the end of the input. */
void fuzz_add_idiom(struct fuzz_mutator *m, struct fuzz_input *in);

#endif
