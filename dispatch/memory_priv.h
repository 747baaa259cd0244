/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_priv.h - what the files of memory_op share.
 */
#ifndef DISPATCH_MEMORY_PRIV_H
#define DISPATCH_MEMORY_PRIV_H

#include "access.h"

/* Is that number one of a domain: the caller's, or the back ends'? */
bool domain_exists(const struct domain *d, uint16_t domid);

int32_t get_memory_map(struct vcpu *v, gva_t arg);
int32_t set_memory_map(struct vcpu *v, gva_t arg);

#endif
