/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * played_machine.h - a ring1_machine that is played around the fixture's domain: for
 * tests of what watches one, without the library that has the real one.
 */
#ifndef TESTS_PLAYED_MACHINE_H
#define TESTS_PLAYED_MACHINE_H

#include "fixture.h"

#include <ring1/event.h>
#include <ring1/ring1.h>

struct ring1_machine {
    enum ring1_abi abi;
    enum ring1_xen xen;
    uint64_t calls; /* ring1_machine_hypercalls */
    struct ring1_watch watch;
    void *user;
    /* What is known of the image; NULL: nothing. */
    const char *(*symbol)(uint32_t va, bool is_return);
    char *(*source)(uint32_t va);
    unsigned (*stack)(const ring1_vcpu *v, struct ring1_stack_frame *frames);
};

/* The one of this test; every vcpu is its own. */
extern struct ring1_machine machine;

/* A fixture whose vcpu 0 is to make a call at 0xC0100000, 12.000000034 s after its
 * start; the machine is like it, and knows nothing. */
struct fixture *play_machine(enum ring1_abi abi, enum ring1_xen xen);

#endif
