/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * idle.h - guests that wait by polling. Xen knows SCHEDOP_block; some guests do
 * not use it, and look at a ring again and again, with SCHEDOP_yield between two
 * looks or with nothing. A row of such looks with next to nothing done between
 * them counts as a wait, so that an idle prompt does not keep a core busy.
 *
 * Looks at the console's and xenstore's page are seen only while a guest makes no
 * hypercalls: their pages are then kept out of the TLB. All of it follows the
 * clock alone, so that equal runs stay equal.
 */
#ifndef EMU_IDLE_H
#define EMU_IDLE_H

#include <ring1/types.h>

struct machine;
struct vcpu;

struct idle_state {
    unsigned looks;       /* in a row */
    bool waiting;         /* the last of them is to become a wait */
    uint64_t last;        /* clock of the last one */
    uint64_t calls;       /* hypercalls made when that was last checked */
    uint64_t quiet_since; /* clock since when none was made */
    bool watching;        /* the rings' pages are kept out of the TLB */
    bool closed;          /* since the pass ended, no translation has shown a ring's page */
    uint64_t pass_until;  /* but not before this clock */
};

/* Before the guest runs: begin, go on with or end the watch. */
void idle_check(struct machine *m);

/* Until when the guest is taken to wait, in system time; 0: it is not. */
uint64_t idle_wait(struct machine *m);

/* The clock was moved by a wait: that is not being busy. */
void idle_waited(struct machine *m, uint64_t ns);

/* The guest looked whether something came: it yielded, or read a ring. */
void idle_look(struct machine *m);

/* Something came for the guest. */
void idle_reset(struct machine *m);

/* Whether the CPU must not have this frame now, for its next access is a look. */
bool idle_watches(const struct machine *m, mfn_t mfn);

/* The clock at which idle_check wants to be called, UINT64_MAX: none. */
uint64_t idle_deadline(const struct machine *m);

#endif
