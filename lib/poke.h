/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * poke.h - what somebody outside changes of a guest's memory and registers between two
 * runs: as bytes of a record, so that a replay has it too. Xen's own accounts (page
 * tables, descriptor tables, frames of others) are out of reach.
 */
#ifndef LIB_POKE_H
#define LIB_POKE_H

#include "machine_priv.h"

#include <ring1/debugger.h>

/* Write to linear addresses of a vcpu; nothing is written unless all can be.
 * RING1_ERROR_STATE says which page and why. */
bool poke_memory(ring1_machine *m, struct vcpu *v, uint32_t va, const void *src, uint32_t len,
                 GError **error);
bool poke_registers(ring1_machine *m, struct vcpu *v, const struct ring1_registers *r, GError **error);

/* ring1_write between two runs. */
int32_t poke_write(ring1_machine *m, struct vcpu *v, gva_t va, const void *src, uint32_t len);
bool poke_apply_write(ring1_machine *m, const uint8_t *bytes, size_t len);

/* RECORD_POKE and RECORD_REGISTERS. False: they make no sense. */
bool poke_apply_memory(ring1_machine *m, const uint8_t *bytes, size_t len);
bool poke_apply_registers(ring1_machine *m, const uint8_t *bytes, size_t len);

#endif
