/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest.h - a guest as a target of the loop: inputs are bytes for a buffer of its own, and
 * what is executed of its code is the coverage.
 */
#ifndef FUZZ_GUEST_H
#define FUZZ_GUEST_H

#include "bytes.h"
#include "target.h"

#include <ring1/target.h>

struct fuzz_guest_setup {
    ring1_machine *machine;
    ring1_target *target; /* of it, at its start */
    /* Or: NULL, and each child makes its own, in the sandbox. False: it cannot; said on stderr. */
    bool (*start)(void *user, ring1_machine **machine, ring1_target **target);
    uint32_t max;             /* bytes of an input */
    struct fuzz_words *words; /* or NULL */
    bool host_only;           /* what the guest does to itself is no find */
    /* Write the calls of an input as a sequence, in a process of its own; NULL: nobody does. */
    void (*tell)(void *user, const void *bytes, size_t len, int fd);
    const char *no_sequence; /* lines that say why, for reports; NULL: none */
    void *user;
};

/* All that is in `setup` stays the caller's, and lives longer. */
struct fuzz_target *fuzz_guest_new(const struct fuzz_guest_setup *setup);
void fuzz_guest_free(struct fuzz_target *t);

/* Try these bytes with all checks: what is broken, or NULL; *end is how the run ended. */
const char *fuzz_guest_try(struct fuzz_target *t, const void *bytes, size_t len, enum fuzz_level level,
                           struct ring1_target_end *end);
/* The kind of a reason; the caller frees it. */
char *fuzz_guest_kind(const char *reason);

#endif
