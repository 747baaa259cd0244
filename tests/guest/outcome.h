/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * outcome.h - what a guest's run comes to, for programs that run it in several ways and
 * say whether it was the same run.
 */
#ifndef TESTS_GUEST_OUTCOME_H
#define TESTS_GUEST_OUTCOME_H

#include <ring1/ring1.h>

struct outcome {
    GString *console;
    char *hash, *report;
    uint64_t ns, calls;
    struct ring1_stop stop;
};

/* Ends the program, with status 99: the test could not be made. */
G_NORETURN void give_up(const char *what, const GError *error);

/* [--vcpus N] [--preempt every] [--disk TEXT] [--net TEXT] IMAGE ABI XEN, into *config and *image, which is
 * among the arguments; *argc and *argv become what stands behind. False: that is not what they are. */
bool guest_arguments(ring1_config *config, const char **image, int *argc, char ***argv);

/* A machine with this guest, whose console goes on where out's ends. */
ring1_machine *outcome_make(const ring1_config *config, const char *image, struct outcome *out);
/* Likewise, for a machine that is there already. */
void outcome_hear(struct outcome *out, ring1_machine *m);
/* What the machine is now; `stop` is the caller's. */
void outcome_take(struct outcome *out, ring1_machine *m);
/* Prints a line for each that must be the same; how many are not. */
#define OUTCOME_LINES 5u
unsigned outcome_compare(const struct outcome *a, const struct outcome *b);
void outcome_clear(struct outcome *out);

/* A line "ok" or "FAIL". */
bool outcome_check(const char *what, bool good);

#endif
