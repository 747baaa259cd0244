/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * site.h - places in the guest's code: where a hypercall was made, what an address is
 * called, and who called whom.
 */
#ifndef DEBUG_SITE_H
#define DEBUG_SITE_H

#include "dispatch/domain.h"

/* Of the call by int 0x82 that is in progress: the instruction's address, or that of
 * the call of the hypercall page, and the ring that it was executed in. */
void site_of_call(struct vcpu *v, uint32_t *eip, unsigned *ring);

/* An address of code, with its symbol's name where one is known. */
void site_append(GString *out, struct vcpu *v, uint32_t eip);

/* The guest's stack, a frame after the other, nearest first. A function that the compiler put
 * in line is a frame of its own, at the same address as the one that it is in. `eip` is
 * the present place, as site_of_call or an event has it. */
struct site_frame {
    uint32_t eip;
    bool guess, inlined;
    const char *name;   /* NULL: not known */
    const char *source; /* likewise */
};
typedef void (*site_frame_fn)(void *user, const struct site_frame *f);
void site_stack(struct vcpu *v, uint32_t eip, site_frame_fn fn, void *user);

/* The same as lines, as strace's -k has it:
 *
 *    > set_pte (inlined) [mm/init.c:40]
 *    > start_kernel+0x1f [init/main.c:512]
 *    > ? 0xc0100042
 *
 * `indent` stands before each line. A frame with a `?` was guessed. */
void site_append_stack(GString *out, struct vcpu *v, uint32_t eip, const char *indent);

#endif
