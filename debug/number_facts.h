/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * number_facts.h - what is known of a number beyond its value, for whoever writes
 * data for programs: its name, its flags, the frame that it is or holds.
 */
#ifndef DEBUG_NUMBER_FACTS_H
#define DEBUG_NUMBER_FACTS_H

#include "decode.h"

#define FACTS_MAX_FLAGS 24
#define FACTS_NO_PFN    UINT32_MAX

struct number_facts {
    const char *name;     /* of the value, or of the command in it; NULL: none */
    const char *expected; /* it has no name: what it should have been one of; or NULL */
    bool has_flags;
    unsigned nr_flags;
    const char *flags[FACTS_MAX_FLAGS];
    uint64_t rest;  /* bits without a name */
    bool has_frame; /* it is a frame's number, or an address or entry with one */
    bool is_frame;  /* the value itself is it */
    uint64_t mfn;
    uint32_t pfn; /* FACTS_NO_PFN: not one of the domain's */
};

/* `domain` may be NULL: no pfn is known then. `output`: what came back. False: there
 * is nothing but the value. */
bool number_facts(const struct number *n, const struct domain *domain, bool output,
                  struct number_facts *facts);

#endif
