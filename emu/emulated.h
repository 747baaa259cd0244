/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * emulated.h - telling whoever looks on of an instruction that was emulated.
 */
#ifndef EMU_EMULATED_H
#define EMU_EMULATED_H

#include "dispatch/event.h"
#include "insn.h"

struct emulated {
    bool wanted, code32;
    struct ring1_event event;
};

/* Before: the registers are those of the instruction at EIP, of `length` bytes. */
void emulated_begin(struct emulated *e, struct vcpu *v, const uint8_t *bytes, unsigned length);

/* It was emulated, the registers are as it left them. `text` is what it is; NULL: it
 * is disassembled. */
void emulated_end(const struct emulated *e, struct insn_cache *insns, struct vcpu *v, const char *text);

#endif
