/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * cpuid.h - the CPU that guests are shown (docs/cpu.md).
 */
#ifndef EMU_CPUID_H
#define EMU_CPUID_H

#include "dispatch/domain.h"

/* A model: what it is called and what it shows less of than the engine can do. */
struct cpu_model {
    const char *name;
    const char *what;
    uint32_t signature;              /* leaf 1 EAX: type, family, model, stepping */
    uint32_t hidden_edx, hidden_ecx; /* of leaf 1 */
    bool nx;
};

/* All models, the default first; ended by one without a name. */
const struct cpu_model *cpu_models(void);
/* By name, NULL: the default. NULL when there is none of that name. */
const struct cpu_model *cpu_model_find(const char *name);

/* CPUID on v: regs hold EAX, EBX, ECX, EDX before and after. `forced`: by Xen's
 * emulation prefix. */
void cpuid_answer(const struct cpu_model *model, struct vcpu *v, uint32_t regs[4], bool forced);

#endif
