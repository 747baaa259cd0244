/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * breakpoints.h - addresses at which an execution, a store or any access is to be
 * noticed: the guest's own, from its debug registers. Here is only which there are and
 * what they match; step.h is how they are noticed. A debugger's are stops.h.
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

struct breakpoint {
    uint32_t address, size; /* bytes, not 0; execution is at the first */
    uint8_t kind;           /* one of BREAK_* */
    uint8_t number;         /* of its register */
};

#define MAX_BREAKPOINTS 4u

struct breakpoints {
    unsigned nr; /* 0 costs nothing */
    struct breakpoint at[MAX_BREAKPOINTS];
};

/* As the debug registers are now. Breakpoints on ports are not among
 * them. */
void breakpoints_load_guest(struct breakpoints *b, const uint32_t dr[8]);

/* The kinds of all that lie in the page of `address`. */
unsigned breakpoints_in_page(const struct breakpoints *b, uint32_t address);

/* Those of these kinds that [address, address + size) touches: a
 * bit for each number. */
uint32_t breakpoints_hit(const struct breakpoints *b, unsigned kinds, uint32_t address, uint32_t size);

#endif
