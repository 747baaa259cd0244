/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * site.h - where in the guest a hypercall was made.
 */
#ifndef DEBUG_SITE_H
#define DEBUG_SITE_H

#include "dispatch/domain.h"

/* Of the call by int 0x82 that is in progress: the instruction's address, and the
 * ring that it was executed in. */
void site_of_call(struct vcpu *v, uint32_t *eip, unsigned *ring);

/* An address of code, with its symbol's name where one is known. */
void site_append(GString *out, struct vcpu *v, uint32_t eip);

#endif
