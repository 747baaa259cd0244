/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * enter.h - what the CPU looks at when a 64-bit hypervisor returns to the guest.
 */
#ifndef EMU_ENTER_H
#define EMU_ENTER_H

#include "dispatch/domain.h"

/* CS and SS as IRETQ would load them: 0, or the vector that it raises and *error. */
unsigned enter_check(struct vcpu *v, uint32_t *error);

#endif
