/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_text.h - a whole call as text, for traces and for a debugger's user:
 *
 *   mmu_update([{ptr=0x1a2008|MMU_NORMAL_PT_UPDATE, val=mfn 0x1a3/pfn 0x21|P|RW|A|D}], 1, NULL, DOMID_SELF)
 *   = -EINVAL (Invalid argument): why
 */
#ifndef DEBUG_CALL_TEXT_H
#define DEBUG_CALL_TEXT_H

#include "text.h"

#include <ring1/ring1.h>

struct call_text {
    const struct decoder *decoder;
    struct decode_limits limits;
    enum text_style style;
};

/* Name and arguments, as they are now; the row as hypercall_slot has it, or NULL. */
void call_text_append(const struct call_text *t, GString *out, struct vcpu *v, const struct ring1_call *call,
                      const struct hypercall *row);
/* What EAX gets, in words. */
void call_text_append_result(const struct call_text *t, GString *out, const struct ring1_call *call,
                             const struct hypercall *row);
/* " => " and what was written to memory, if anything was. */
void call_text_append_answer(const struct call_text *t, GString *out, struct vcpu *v,
                             const struct ring1_call *call, const struct hypercall *row);
/* ": " and why it was refused, if it was. */
void call_text_append_why(GString *out, const struct ring1_call *call);

#endif
