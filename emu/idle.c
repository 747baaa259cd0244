/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * idle.c - see idle.h.
 */
#include "idle.h"

#include "dispatch/timer.h"
#include "machine.h"

/* Looks in a row that make a wait, and what may be executed between two. */
#define IDLE_LOOKS 16u
#define BUSY_NS    200000u
/* The first wait, by how much each is longer than the one before, and the longest. */
#define WAIT_STEP_NS 1000000u
#define WAIT_MAX_NS  10000000u
/* Without a hypercall for so long, the rings' pages are watched. */
#define QUIET_NS 4000000u
/* A look takes a few accesses: for so long they are let pass. */
#define PASS_NS 1000u

void idle_reset(struct machine *m)
{
    m->s.idle.looks = 0;
    m->s.idle.waiting = false;
}

void idle_look(struct machine *m)
{
    struct idle_state *s = &m->s.idle;
    uint64_t clock = cpu_clock(m->cpu);
    if (clock - s->last > BUSY_NS)
        s->looks = 0;
    s->last = clock;
    s->waiting = ++s->looks >= IDLE_LOOKS;
    s->pass_until = clock + PASS_NS;
    s->closed = false;
}

uint64_t idle_wait(struct machine *m)
{
    struct idle_state *s = &m->s.idle;
    if (!s->waiting)
        return 0;
    uint64_t now = machine_now(m), next = timers_next(m->domain);
    uint64_t span = MIN((uint64_t)(s->looks - IDLE_LOOKS + 1) * WAIT_STEP_NS, WAIT_MAX_NS);
    uint64_t until = MIN(now + span, MAX(next, now + 1));
    s->waiting = false;
    return until;
}

void idle_waited(struct machine *m, uint64_t ns)
{
    m->s.idle.last += ns;
    m->s.idle.pass_until += ns;
}

bool idle_watches(const struct machine *m, mfn_t mfn)
{
    const struct idle_state *s = &m->s.idle;
    const struct domain_state *d = &m->domain->s;
    return s->watching && mfn.mfn != 0 && (mfn.mfn == d->console_mfn.mfn || mfn.mfn == d->store_mfn.mfn) &&
           cpu_clock(m->cpu) >= s->pass_until;
}

void idle_check(struct machine *m)
{
    struct idle_state *s = &m->s.idle;
    uint64_t clock = cpu_clock(m->cpu);
    if (s->calls != m->s.hypercalls) {
        s->calls = m->s.hypercalls;
        s->quiet_since = clock;
        s->watching = false;
    } else if (clock - s->quiet_since >= QUIET_NS) {
        bool over = clock >= s->pass_until;
        if (!s->watching || (over && !s->closed))
            m->domain->s.attention |= ATTN_FLUSH;
        s->watching = true;
        s->closed = over;
    }
}

uint64_t idle_deadline(const struct machine *m)
{
    const struct idle_state *s = &m->s.idle;
    if (!s->watching)
        return s->quiet_since + QUIET_NS;
    return cpu_clock(m->cpu) < s->pass_until ? s->pass_until : UINT64_MAX;
}
