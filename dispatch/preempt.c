/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * preempt.c - see preempt.h.
 */
#include "preempt.h"

#include <string.h>

/* xorshift64*: the state is never 0. */
static uint32_t next_random(struct preempt *p)
{
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return (uint32_t)((p->random * 0x2545F4914F6CDD1Dull) >> 32);
}

/* Mostly a few steps, now and then many. */
static void new_limit(struct domain *d)
{
    struct preempt *p = &d->s.preempt;
    if (d->preempt_mode == RING1_PREEMPT_EVERY)
        p->limit = 0;
    else if (d->preempt_mode == RING1_PREEMPT_RANDOM)
        p->limit = next_random(p) % (2u << next_random(p) % 8u);
    else
        p->limit = WORK_MAX;
}

void preempt_set_mode(struct domain *d, enum ring1_preempt mode, uint64_t seed)
{
    d->preempt_mode = mode;
    d->s.preempt = (struct preempt){.random = seed * 2 + 1};
    new_limit(d);
}

uint32_t preempt_begin_anew(struct domain *d)
{
    uint32_t work = d->s.preempt.work;
    d->s.preempt.work = 0;
    d->s.preempt.continued = false;
    if (work)
        new_limit(d);
    return work;
}

int32_t hypercall_continue(struct vcpu *v, uint32_t nr, unsigned nargs, const uint32_t *arg)
{
    struct domain *d = v->domain;
    d->s.preempt.continued = true;
    if (d->in_multicall) {
        memcpy(d->s.entry[(d->s.nr_entries - 1) % LAST_ENTRIES].arg, arg, nargs * sizeof *arg);
        return (int32_t)nr;
    }
    struct regs *r = vcpu_regs_mut(v);
    uint32_t *const place[] = {&r->ebx, &r->ecx, &r->edx, &r->esi, &r->edi};
    for (unsigned i = 0; i < nargs && i < G_N_ELEMENTS(place); i++)
        *place[i] = arg[i];
    r->eip -= 2;
    return (int32_t)nr;
}
