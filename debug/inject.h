/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * inject.h - answers that are made up, and time that is made to pass, as strace has it:
 *
 *   SET:error=ENOMEM:when=3+2     the 3rd, 5th, 7th ... call of SET fails
 *   SET:retval=0x10:when=2..4     the 2nd to the 4th give 16
 *   SET:delay=50ms                each takes 50 ms of the guest's time longer
 *
 * A call with an error or a retval is not executed. An entry of a multicall is a call.
 */
#ifndef DEBUG_INJECT_H
#define DEBUG_INJECT_H

#include "call_set.h"

struct injection {
    GPtrArray *sets;
    struct call_matcher *matcher; /* of the machine's Xen */
    bool answers;                 /* it has a result */
    int32_t result;
    uint64_t delay_ns;          /* 0: none */
    uint64_t first, last, step; /* of `when` */
    uint64_t count;             /* calls of the set so far */
};

/* What stands behind "inject=". RING1_ERROR_OPTION names the bad part. */
struct injection *injection_parse(const char *text, GError **error);
void injection_free(struct injection *i);

void injection_attach(struct injection *i, const struct abi *abi);

/* A call is about to be made: true when it is one of the set and its turn is now. */
bool injection_due(struct injection *i, struct vcpu *v, uint32_t nr, const uint32_t *arg);

#endif
