/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter.h - what a trace is to have, and to do, in the words of strace's -e:
 *
 *   trace=SET    calls of the set (call_set.h); several add up, those with a `!` take
 *                away; "SET" alone is the same
 *   status=SET   calls that ended so: successful, failed, unfinished
 *   event=SET    what is no call (event.h)
 *   inject=SET:...   inject.h
 *
 * and of -P: calls that have to do with a place (place.h).
 */
#ifndef DEBUG_FILTER_H
#define DEBUG_FILTER_H

#include "inject.h"
#include "place.h"

#define CALL_SUCCESSFUL 1u
#define CALL_FAILED     2u
#define CALL_UNFINISHED 4u /* it stopped half-way and goes on later */
#define CALL_NEVER      8u

struct filter {
    GPtrArray *sets;              /* of struct call_set */
    struct call_matcher *matcher; /* of the machine's Xen; NULL: there are no sets */
    uint32_t status;              /* CALL_* wanted; 0: any */
    GArray *places;               /* of struct place; empty: any */
    GPtrArray *injections;        /* of struct injection */
    uint32_t events;              /* RING1_EVENT_BITs */
};

struct filter *filter_new(void);
void filter_free(struct filter *f);

/* RING1_ERROR_OPTION names the word that is wrong and says what it may be. */
bool filter_add(struct filter *f, const char *expression, GError **error);
bool filter_add_place(struct filter *f, const char *text, GError **error);

/* For a machine of this Xen from now on. */
void filter_attach(struct filter *f, const struct abi *abi);

/* Whether a call that ended so is wanted. */
bool filter_wants_status(const struct filter *f, const struct ring1_call *call);

#endif
