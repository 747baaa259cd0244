/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * breakpoints.h - addresses at which an execution, a store or any access is to be
 * noticed: the guest's own, from its debug registers, and a debugger's. Here is
 * only which there are and what they match; step.h is how they are noticed.
 *
 * A breakpoint is about linear addresses, in every address space.
 */
#ifndef EMU_BREAKPOINTS_H
#define EMU_BREAKPOINTS_H

#include <stdbool.h>
#include <stdint.h>

/* What is noticed; several may be looked for at once. */
enum {
    BREAK_EXECUTE = 1, /* before the instruction at that address */
    BREAK_WRITE = 2,
    BREAK_ACCESS = 4, /* stores and loads */
};

enum breakpoint_origin {
    BREAKPOINT_GUEST,    /* DR0 to DR3: the guest gets #DB */
    BREAKPOINT_DEBUGGER, /* the run ends */
};

struct breakpoint {
    uint32_t address, size; /* bytes, not 0; execution is at the first */
    uint8_t kind;           /* one of BREAK_* */
    uint8_t origin;         /* enum breakpoint_origin */
    uint8_t number;         /* 0..31; a guest's: of its register */
};

/* Four of the guest and as many as a debugger's numbers can name. */
#define MAX_BREAKPOINTS 36u

struct breakpoints {
    unsigned nr; /* 0 costs nothing */
    struct breakpoint at[MAX_BREAKPOINTS];
};

/* One more; false: there is no room. The caller has translations flushed. */
bool breakpoints_add(struct breakpoints *b, const struct breakpoint *breakpoint);
/* Without that one of that origin; false: it was not there. */
bool breakpoints_remove(struct breakpoints *b, enum breakpoint_origin origin, unsigned number);

/* The guest's as its debug registers are now. Breakpoints on ports are not among
 * them. */
void breakpoints_load_guest(struct breakpoints *b, const uint32_t dr[8]);

/* The kinds of all that lie in the page of `address`. */
unsigned breakpoints_in_page(const struct breakpoints *b, uint32_t address);

/* Those of these kinds and that origin that [address, address + size) touches: a
 * bit for each number. */
uint32_t breakpoints_hit(const struct breakpoints *b, enum breakpoint_origin origin, unsigned kinds,
                         uint32_t address, uint32_t size);

#endif
