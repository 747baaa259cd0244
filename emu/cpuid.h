/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpuid.h - the CPU that guests are shown (docs/cpu.md).
 */
#ifndef EMU_CPUID_H
#define EMU_CPUID_H

#include "dispatch/domain.h"

/* CPUID on v: regs hold EAX, EBX, ECX, EDX before and after. `forced`: by Xen's
 * emulation prefix. */
void cpuid_model(struct vcpu *v, uint32_t regs[4], bool forced);

#endif
