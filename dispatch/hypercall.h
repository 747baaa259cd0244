/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall.h - the table of hypercalls and the door through which every call
 * goes, from `int $0x82` and from inside a multicall alike.
 */
#ifndef DISPATCH_HYPERCALL_H
#define DISPATCH_HYPERCALL_H

#include "domain.h"

#include <ring1/event.h>

/* How a row answers. */
enum hypercall_service {
    HC_SERVED,  /* by its handler */
    HC_ANSWERS, /* always with one errno: what Xen gives an ordinary domain */
    HC_NOT_YET, /* known, not served yet: -ENOSYS */
};

/* One row of hypercalls.def. */
struct hypercall {
    unsigned nr;
    const char *name;
    const char *class;       /* "memory": what it is about */
    unsigned nargs;          /* registers read: EBX, ECX, EDX, ESI, EDI */
    const char *signature;   /* "cmd, arg*": names; `*` marks a guest pointer */
    enum ring1_xen from, to; /* Xens that have it, both included */
    enum hypercall_service service;
    int32_t answer;
    hypercall_fn fn;
};

#define MAX_HYPERCALL_ARGS 6u

/* All rows, in order of number; *nr_rows of them. */
const struct hypercall *hypercall_rows(size_t *nr_rows);
/* The row that a Xen has for a number, or NULL. */
const struct hypercall *hypercall_row(const struct abi *abi, unsigned nr);

/* Fill d->table with the rows of its ABI. */
void hypercall_table_init(struct domain *d);

/* The slot that serves number `nr` after the wrap of old Xens, or NULL. */
static inline const struct hypercall_slot *hypercall_slot(const struct domain *d, uint32_t nr)
{
    nr &= d->abi->number_mask;
    if (G_LIKELY(nr < NR_HYPERCALLS))
        return &d->table[nr];
    return d->extra ? (const struct hypercall_slot *)g_hash_table_lookup(d->extra, GUINT_TO_POINTER(nr))
                    : NULL;
}

/* Nobody watches and ring1's own handler serves: calling slot->fn is all that
 * the door would do. For the two places where a call's cost is everything. */
static inline bool hypercall_is_plain(const struct domain *d, const struct hypercall_slot *slot)
{
    return G_LIKELY(!d->tap && slot && slot->fn && !slot->user_fn);
}

/* How a call is looked at from outside: debug/ and users of the library. */
struct call {
    uint32_t nr;                 /* as the guest gave it, before any wrap */
    const struct hypercall *row; /* NULL: never heard of, or a user's own */
    const uint32_t *arg;         /* MAX_HYPERCALL_ARGS */
    int depth;                   /* 0: by int 0x82; 1: an entry of a multicall */
    unsigned index;              /* with depth 1: which entry */
    int32_t result;              /* in after() */
    const char *why;             /* in after(): why it was refused, or NULL */
    bool continued;              /* in after(): it stopped half-way, and goes on (preempt.h) */
};

/* One tap a domain. before() may answer the call itself: it returns true and
 * sets call->result; the handler is then not called, after() is. */
struct tap {
    bool (*before)(void *user, struct vcpu *v, struct call *call);
    void (*after)(void *user, struct vcpu *v, const struct call *call);
    /* What happens beside calls: those of `events`, RING1_EVENT_BIT of each
     * (event.h). */
    void (*event)(void *user, struct vcpu *v, const struct ring1_event *e);
    uint32_t events;
    void *user;
};

/* Who has a multicall stand still. */
struct hold {
    /* Entry call->index is about to be made: true, it is not, and do_multicall returns with
     * domain_state.held set; multicall_resume goes on. */
    bool (*before)(void *user, struct vcpu *v, const struct call *call);
    void (*after)(void *user, struct vcpu *v, const struct call *call);
    void *user;
};

/* The rest of the call that is held: as do_multicall. */
int32_t multicall_resume(struct vcpu *v);

/* Serve a call. `arg` has MAX_HYPERCALL_ARGS words (those beyond the row's
 * nargs need not be loaded). Returns what goes to EAX. */
int32_t hypercall_enter(struct vcpu *v, uint32_t nr, const uint32_t *arg);
/* The same for who counts work himself: what was done before the call, by faults, is
 * not forgotten (preempt_begin). */
int32_t hypercall_enter_counted(struct vcpu *v, uint32_t nr, const uint32_t *arg);

/* The same for entry `index` of a multicall. */
int32_t hypercall_enter_nested(struct vcpu *v, uint32_t nr, const uint32_t *arg, unsigned index);

/* "-EINVAL" for -22, NULL for a value that is no errno Xen uses; and the words
 * that go with it ("Invalid argument"). */
const char *errno_name(int32_t err);
const char *errno_text(int32_t err);

/* The handlers, one a row: arguments as docs/xen-abi.md section 2 has them, in
 * arg[0..4]; they return what goes to EAX: 0, a positive value or -errno. */
#define HYPERCALL(nr, name, class, nargs, signature, from, to, service) service
#define SERVED(handler)                                                 int32_t handler(struct vcpu *v, const uint32_t *arg);
#define ANSWERS(err)
#define NOT_YET
#include "hypercalls.def"

#endif
