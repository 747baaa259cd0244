/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * step.h - single instructions under supervision. A page with a breakpoint is
 * kept out of the CPU's TLB, for the kind of access that would matter; what
 * touches it is executed as one step (EFLAGS.TF in the CPU), with a look at what
 * it is before and what became of it after. Without breakpoints, segment limits
 * and stores as in fill.c none of this is reached.
 */
#ifndef EMU_STEP_H
#define EMU_STEP_H

#include "breakpoints.h"
#include "cpu.h"
#include "insn.h"

struct machine;

/* What lies between two instructions; saved with the machine. */
struct step_state {
    bool wanted;        /* the next instruction is to be one step */
    bool passed;        /* the one at passed_at may run, whatever breaks there */
    uint32_t passed_at; /* linear */
};

/* During a step. */
struct single_step {
    bool armed;
    bool guest_tf;      /* the guest's own TF, before */
    bool rep;           /* a string instruction with a count */
    bool checks;        /* of segments, see segments.h */
    struct regs before; /* with checks */
    struct insn insn;
    uint32_t linear; /* where it is */
    uint32_t hits;   /* the guest's breakpoints that it touches: bits of DR6 */
};

/* Whether a page must not be given to the CPU for this access, which is to be one
 * step. `executed`: its frame holds code that was executed. */
bool step_withholds(const struct machine *m, uint32_t page, enum access access, bool executed);

/* A miss on a page that is withheld. */
void step_want(struct machine *m);

/* The guest is about to run. `given`: its registers were put there just now.
 * False: it has got an exception instead, or the run is to end. */
bool step_begin(struct machine *m, struct vcpu *v, bool given);

/* After a run that step_begin armed. True: nothing is left to do about it. */
bool step_end(struct machine *m, struct vcpu *v, const struct cpu_event *event);

/* The CPU raised #DB by the guest's own TF. */
void step_native(struct machine *m, struct vcpu *v);

#endif
