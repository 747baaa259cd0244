/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * backtrace.h - who called whom: where a hypercall comes from, and the guest's stack.
 * Looks from outside: nothing in the guest changes, nothing can fault, and what is
 * looked at has an end, whatever the guest left there.
 */
#ifndef EMU_BACKTRACE_H
#define EMU_BACKTRACE_H

#include "dispatch/access.h"
#include "symbols.h"

#include <ring1/ring1.h>

/* How long the call instruction before `va` is; 0: none is there. */
unsigned backtrace_call_before(struct vcpu *v, uint32_t va);
/* `va` may be a return address. */
static inline bool backtrace_follows_call(struct vcpu *v, uint32_t va)
{
    return backtrace_call_before(v, va) != 0;
}

/* `eip` is behind the `int $0x82` of a stub in a page that hypercall_page_init has
 * filled, iret's apart: what called it is on top of the stack. */
bool backtrace_in_stub(struct vcpu *v, uint32_t eip);

/* ring1_vcpu_call_site: `eip` is behind the `int`, `esp` its linear SS:ESP. */
uint32_t backtrace_call_site(struct vcpu *v, uint32_t eip, uint32_t esp);

/* ring1_vcpu_stack; of other registers than the vcpu's: those that an exception interrupted. */
unsigned backtrace(struct vcpu *v, struct symbols *symbols, struct ring1_stack_frame *frames, unsigned max);
unsigned backtrace_of(struct vcpu *v, const struct regs *regs, struct symbols *symbols,
                      struct ring1_stack_frame *frames, unsigned max);

#endif
