/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_target.h - the guest `fuzzed`, at the place where its runs begin, as a target of the fuzzer.
 */
#ifndef TESTS_GUEST_TARGET_H
#define TESTS_GUEST_TARGET_H

#include "fuzz/guest.h"

struct guest_target {
    ring1_machine *machine;
    ring1_target *target;
    struct fuzz_target *fuzz;
};

/* It names its places itself (ring1/fuzz_guest.h), and makes any call that its input says; what it does to
 * itself is no find. */
bool guest_target_start(struct guest_target *g, const char *image, GError **error);
void guest_target_clear(struct guest_target *g);

#endif
