/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpus.c - see vcpus.h. A switch exchanges the CPU's registers. The TLB stays, where
 * both vcpus use the same page tables: GDT and LDT images have their places by vcpu.
 */
#include "vcpus.h"

#include "dispatch/stale.h"
#include "machine.h"

/* Nobody waits in a loop that has no PAUSE so near, or for less than two looks. */
#define SPIN_BYTES 48u

static bool has_breakpoints(const struct vcpu *v)
{
    return (v->dr[7] & 0xFFu) != 0;
}

static void switch_cpu(struct machine *m, struct vcpu *to)
{
    struct domain *d = m->domain;
    struct vcpu *from = m->current;
    cpu_select(m->cpu, to->id);
    m->s.steps[from->id] = m->s.step;
    m->s.step = m->s.steps[to->id];
    m->current = to;
    /* It is loaded on its first use after each switch (12.2). */
    m->s.fpu_live = false;
    m->s.goes_on = false;
    m->s.switched = true;
    if (has_breakpoints(from) || has_breakpoints(to))
        d->s.attention |= ATTN_DEBUG;
    if (from->cr3.mfn != to->cr3.mfn || stale_any(d))
        domain_flush(d);
}

/* The bytes around EIP hold a PAUSE. Accessed bits are left alone. */
static bool pauses_near(struct vcpu *v, uint32_t linear)
{
    uint32_t start = MAX(linear & ~(RING1_PAGE_SIZE - 1), linear - MIN(linear, SPIN_BYTES));
    uint32_t end = MIN(linear | (RING1_PAGE_SIZE - 1), linear + SPIN_BYTES);
    struct walk w;
    if (guest_walk(v, GVA(linear), ACCESS_FETCH, regs_ring(&v->regs) == 3, false, &w) != WALK_OK)
        return false;
    const uint8_t *page = frame_ptr(v->domain->mem, w.mfn);
    for (uint32_t at = start; at < end; at++)
        if (page[at % RING1_PAGE_SIZE] == 0xF3 && page[(at + 1) % RING1_PAGE_SIZE] == 0x90)
            return true;
    return false;
}

/* A vcpu that waits for another has PAUSE in its loop and is found there, with the
 * same stack, at two looks in a row. */
static bool spins(struct machine *m, struct vcpu *v)
{
    struct run_queue *q = &m->domain->s.queue;
    const struct regs *r = vcpu_regs(v);
    uint32_t linear;
    bool stays = q->spin_esp == r->esp && r->eip - q->spin_eip + SPIN_BYTES <= 2 * SPIN_BYTES;
    q->look_at = machine_now(m) + LOOK_NS;
    q->spin_eip = r->eip;
    q->spin_esp = r->esp;
    return stays && insn_code_address(v, &linear) && pauses_near(v, linear);
}

struct vcpu *vcpus_schedule(struct machine *m)
{
    struct domain *d = m->domain;
    struct vcpu *v = m->current;
    bool waits =
        v->run == VCPU_RUNNING && run_queue_waits(d) && machine_now(m) >= d->s.queue.look_at && spins(m, v);
    struct vcpu *to = run_queue_choose(d, waits);
    if (to && to != v)
        switch_cpu(m, to);
    return to;
}
