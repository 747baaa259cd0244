/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * rules.h - what holds of a domain at any time, as far as it can be looked at in constant
 * time; and what a call may return. Both say what is broken in one line.
 */
#ifndef FUZZ_RULES_H
#define FUZZ_RULES_H

#include "dispatch/domain.h"

/* What is broken, in one line; empty: nothing. */
struct fuzz_reason {
    char text[400];
};
/* The first that is broken stays. False. */
bool fuzz_broken(struct fuzz_reason *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A hypercall's name. */
const char *fuzz_row_name(const struct domain *d, uint32_t nr);

bool fuzz_domain_holds(const struct domain *d, struct fuzz_reason *r);
/* `arg`: the call's words. A multicall may have ended by an iret. */
bool fuzz_result_holds(const struct domain *d, uint32_t nr, const uint32_t *arg, int32_t result,
                       struct fuzz_reason *r);

#endif
