/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * domain_fields.h - the rows of a domain's state (state_type.h), and whether a state that
 * came from a file can be one.
 */
#ifndef DISPATCH_DOMAIN_FIELDS_H
#define DISPATCH_DOMAIN_FIELDS_H

#include "domain.h"
#include "state_type.h"

/* All but the vcpus, of which there are nr_vcpus. */
extern const struct state_type domain_state_type, vcpu_state_type, regs_state_type;
extern const struct state_type frame_state_type;

/* After state and memory were read: every number that says where something is says where
 * something is, every reference is counted, and nothing of Xen's is within the guest's reach. `backend`: of
 * each grant what back ends have mapped, as a sum of PIN_* (grant_pins); NULL: nothing. False: *error,
 * RING1_ERROR_INPUT. */
bool domain_check(const struct domain *d, const uint32_t *backend, GError **error);

#endif
