/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * call_set.h - which hypercalls are meant, in strace's words:
 *
 *   mmu_update,EVTCHNOP_send   names of hypercalls and of their sub-operations
 *   event_channel_op:EVTCHNOP_close   the same sub-operation
 *   %event                     a class (hypercalls.def)
 *   /^set_/                    those whose name, or a sub-operation's, has the expression
 *   hypercall_77               a number that has no name
 *   all, none
 *   !%event,iret               all but these
 *
 * A set is the same for all Xens; a matcher is made of sets for one, and is quick.
 */
#ifndef DEBUG_CALL_SET_H
#define DEBUG_CALL_SET_H

#include "dispatch/describe.h"

struct call_set;

/* RING1_ERROR_OPTION names the bad word and says what it may be. */
struct call_set *call_set_parse(const char *text, GError **error);
void call_set_free(struct call_set *set);

/* What a set may name on this Xen, in order: hypercalls, their sub-operations, classes with
 * their %. Strings are the array's. */
GPtrArray *call_set_names(const struct abi *abi);

enum call_match {
    MATCH_NONE,
    MATCH_ALL,
    MATCH_SOME, /* the command decides */
};

/* What one hypercall number has to do with the sets. */
struct call_rule {
    enum call_match match;
    bool unknown;                 /* MATCH_SOME: so do commands that this Xen has no name for */
    const struct argument *cmd;   /* which has the command */
    const struct argument *count; /* ARG_OP: how many there are; NULL: one */
    unsigned op_size;             /* ARG_OP: of each */
    uint64_t small;               /* commands below 64 that match */
    GArray *large;                /* of struct { uint32_t command; bool matches }: named ones */
    struct signature signature;
};

struct call_matcher {
    uint64_t numbers;      /* bit n: calls of number n may match */
    bool high;             /* some from 64 do */
    const GPtrArray *sets; /* still the caller's */
    struct call_rule rule[NR_HYPERCALLS];
};

/* Of what any plain set has (all, where there is none) and no `!` set. `sets` is of
 * struct call_set and stays the caller's. */
struct call_matcher *call_matcher_new(const struct abi *abi, const GPtrArray *sets);
void call_matcher_free(struct call_matcher *m);

/* Whether calls of this number (after the wrap of old Xens) can match at all. */
static inline bool call_matcher_may(const struct call_matcher *m, uint32_t nr)
{
    return nr < NR_HYPERCALLS ? m->numbers >> nr & 1 : m->high;
}

/* Whether this call does. Its arguments have been loaded; nothing has been done. */
bool call_matcher_match(const struct call_matcher *m, struct vcpu *v, uint32_t nr, const uint32_t *arg);

#endif
