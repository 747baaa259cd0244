/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_run.c - the loop that runs a machine: what is done between two runs of the
 * CPU, and where a run may end.
 */
#include "enter.h"
#include "machine.h"
#include "stops_priv.h"
#include "vcpus.h"

#include "dispatch/preempt.h"
#include "dispatch/schedule.h"
#include "dispatch/timer.h"
#include "dispatch/traps.h"

#include <stdatomic.h>
#include <string.h>

/* Back ends look at their rings at least this often. */
#define POLL_NS 1000000u
/* With real time, the host's clock is looked at this often (bytes of code). */
#define REAL_SLICE 1000000u

/* --- between two runs of the CPU -------------------------------------------- */

static bool selector_for_cpu(void *user, uint16_t selector, uint64_t *descriptor)
{
    struct machine *m = user;
    return selector_descriptor(m->current, selector, descriptor);
}

void machine_forget_all_code(struct machine *m)
{
    cpu_forget_all_code(m->cpu);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++)
        m->mem->marks[i] &= MARK_DIRTY;
}

void machine_forget_code(struct machine *m)
{
    struct domain_state *s = &m->domain->s;
    if (s->forget_nr > G_N_ELEMENTS(s->forget)) {
        machine_forget_all_code(m);
    } else {
        for (uint32_t i = 0; i < s->forget_nr; i++) {
            cpu_forget_code(m->cpu, MFN(s->forget[i]));
            m->mem->marks[s->forget[i]] &= (uint8_t)~MARK_EXECUTED;
        }
    }
    s->forget_nr = 0;
}

/* Selectors that the CPU would not load: the failsafe callback of native Xen, the
 * guest's #GP in 4.17 (docs/xen-abi.md 6.4, 13.1). */
static void give_regs(struct machine *m, struct vcpu *v)
{
    struct domain *d = m->domain;
    struct regs wanted = v->regs;
    for (unsigned tries = 0; tries < 4 && d->s.shutdown == SHUTDOWN_NONE; tries++) {
        uint32_t error = 0;
        unsigned vector = enter_check(v, &error);
        if (!vector && cpu_set_regs(m->cpu, &v->regs, selector_for_cpu, m))
            return;
        if (d->abi->xen >= RING1_XEN_4_17)
            deliver_entry_fault(v, vector ? vector : TRAP_gp_fault, vector ? error : v->regs.cs & 0xFFFCu);
        else
            deliver_failsafe(v);
    }
    domain_crash(d, "the guest cannot be entered: CS:EIP %#06x:%#010x, SS:ESP %#06x:%#010x", wanted.cs,
                 wanted.eip, wanted.ss, wanted.esp);
}

/* A segment that is neither Xen's nor null. */
static bool has_own_segments(struct vcpu *v)
{
    const struct abi *abi = v->domain->abi;
    const struct regs *r = vcpu_regs(v);
    const uint16_t selectors[] = {r->cs, r->ss, r->ds, r->es, r->fs, r->gs};
    for (unsigned i = 0; i < G_N_ELEMENTS(selectors); i++) {
        uint16_t s = selectors[i];
        if (s > 3 && s != abi->kernel_cs && s != abi->kernel_ds && s != abi->user_cs && s != abi->user_ds)
            return true;
    }
    return false;
}

/* Native Xens load all segment registers on each return to the guest, and so find
 * what became of their descriptors; 4.17 loads CS and SS, the others when the vcpu
 * gets the CPU (6.4). */
static void reload_segments(struct machine *m, struct vcpu *v)
{
    bool all = m->s.switched || m->abi->xen < RING1_XEN_4_17;
    m->s.switched = false;
    if (!has_own_segments(v))
        return;
    vcpu_regs_mut(v);
    cpu_reload_segments(m->cpu, all ? CPU_ALL_SEGMENTS : CPU_CODE_AND_STACK);
    if (all && !data_segments_load(v))
        deliver_failsafe(v);
}

/* Do what hypercalls and traps left to be done before the guest's next
 * instruction. */
static void settle(struct machine *m, struct vcpu *v)
{
    struct domain_state *s = &m->domain->s;
    uint32_t attention = s->attention;
    if (G_UNLIKELY(m->forgetful))
        machine_forget_all_code(m);
    if (attention & ATTN_FORGET)
        machine_forget_code(m);
    if (attention & ATTN_TIMER)
        m->timer_known = false;
    if (attention & ATTN_GDT) {
        unsigned first = m->abi->first_reserved_gdt;
        cpu_set_gdt_limit(m->cpu, first >= 512 ? 0xEFFF : MAX(v->gdt_entries, 512u) * 8 - 1);
        cpu_set_idt_limit(m->cpu, m->abi->xen >= RING1_XEN_4_17 ? 0xFFF : 0x7FF);
        cpu_set_task(m->cpu, (uint16_t)(first >= 512 ? 0xE040 : 0x0840));
        cpu_set_ldt(m->cpu, (uint16_t)(first >= 512 ? 0xE050 : 0x0850), v->ldt_entries * 8);
    }
    if (attention & ATTN_DEBUG)
        breakpoints_load_guest(&m->breakpoints, v->dr);
    if (attention & (ATTN_FLUSH | ATTN_GDT | ATTN_DEBUG))
        machine_flush_tlb(m);
    if ((attention & ATTN_GDT) || m->s.switched)
        reload_segments(m, v);
    if (v->regs_changed)
        give_regs(m, v);
    if (G_UNLIKELY(v->fpu_given)) {
        cpu_set_fpu(m->cpu, v->fpu);
        v->fpu_given = false;
    }
    cpu_set_ts(m->cpu, v->ts || !m->s.fpu_live);
    cpu_set_tsd(m->cpu, v->cr4 & CR4_TSD);
    v->regs_changed = v->regs_loaded = false;
    s->attention &= ATTN_SCHED;
}

/* A guest from which something came, or for which something came, does not wait:
 * it may be printing, a character a look. */
static bool poll_backends(struct machine *m)
{
    m->s.polled = cpu_clock(m->cpu);
    bool moved = m->ops->poll && m->ops->poll(m->ops_user);
    if (moved)
        idle_reset(m);
    return moved;
}

/* --- the loop --------------------------------------------------------------- */

/* Before the guest runs the machine looks what there is to be done: timers, back ends,
 * whose turn it is, events. When it looks is part of the run, for the guest can see
 * some of it. So it looks only where the guest's own run leaves the CPU: at a trap, at a
 * hypercall that left something to do, at a deadline that follows from the machine's
 * state. Where the CPU was left for another's sake (a budget, an interruption, the
 * caches of CPU and machine) it is `unseen`, and the guest goes on without a look, as
 * if nothing had been: however a run is sliced, it is the same run. Only
 * machine_disturb ends that, when something did come from outside.
 *
 * A run that does anything ends only where the clock is another than at the last
 * look. So time alone says where that was, and a run that is told to end at that time
 * ends at the very same place. */

enum step { STEP_RUN, STEP_AGAIN, STEP_STOP };

static enum step stop_at(struct ring1_stop *stop, enum ring1_stop_reason reason)
{
    stop->reason = reason;
    return STEP_STOP;
}

static enum step ended(const struct domain *d, struct ring1_stop *stop)
{
    stop->shutdown = d->s.shutdown;
    stop->text = d->s.crashed ? d->s.crash_text : NULL;
    return stop_at(stop, d->s.crashed ? RING1_STOP_CRASH : RING1_STOP_SHUTDOWN);
}

/* Nothing runs until `wake`: let the caller wait, or jump there. */
static enum step wait_until(struct machine *m, uint64_t wake, const struct ring1_budget *budget,
                            struct ring1_stop *stop)
{
    if (budget->return_when_idle || wake == NO_DEADLINE || m->time_mode == RING1_TIME_REAL) {
        stop->wake_ns = wake;
        return stop_at(stop, RING1_STOP_IDLE);
    }
    m->s.jump_to = wake;
    return STEP_AGAIN;
}

/* A jump goes as far as it may. */
static void go_on_waiting(struct machine *m, const struct ring1_budget *budget)
{
    uint64_t clock = cpu_clock(m->cpu), to = MIN(m->s.jump_to, budget->until_ns);
    if (to > clock)
        machine_pass(m, to - clock);
    if (cpu_clock(m->cpu) >= m->s.jump_to)
        m->s.jump_to = 0;
}

/* A budget's counts as the machine's counters will show them. */
struct limits {
    uint64_t hypercalls, traps;
};

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* timers_next looks at every vcpu: only when a deadline moved. */
static uint64_t next_timer(struct machine *m)
{
    bool moved = m->domain->s.attention & ATTN_TIMER;
    if (!m->timer_known || moved)
        m->next_timer = timers_next(m->domain);
    m->timer_known = !moved;
    return m->next_timer;
}

/* A vcpu that waits may have what it waits for. */
static bool anyone_wakes(struct domain *d)
{
    bool wakes = false;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        wakes |= vcpu_wake_check(&d->s.vcpu[i]);
    return wakes;
}

/* The run's owner wants it to end here. */
static bool is_over(struct machine *m, const struct ring1_budget *budget, const struct limits *limits,
                    struct ring1_stop *stop)
{
    bool over = true;
    if (atomic_exchange(&m->interrupted, false))
        stop->reason = RING1_STOP_INTERRUPTED;
    else if (machine_now(m) >= budget->until_ns || m->s.hypercalls >= limits->hypercalls ||
             m->s.hypercalls + m->s.traps >= limits->traps)
        stop->reason = RING1_STOP_BUDGET;
    else
        over = false;
    return over;
}

/* The look: everything that may keep the guest from its next instruction. */
static enum step before_guest(struct machine *m, const struct ring1_budget *budget, struct ring1_stop *stop)
{
    struct domain *d = m->domain;
    uint64_t now = machine_now(m);
    m->s.looked = cpu_clock(m->cpu);
    if (next_timer(m) <= now) {
        timers_run(d);
        time_update(m->current);
        if (d->s.shutdown != SHUTDOWN_NONE)
            return ended(d, stop);
    }
    if (cpu_clock(m->cpu) - m->s.polled >= POLL_NS)
        poll_backends(m);
    d->s.attention &= ~ATTN_SCHED;
    if (!vcpus_schedule(m) && !anyone_wakes(d)) {
        if (poll_backends(m) && anyone_wakes(d))
            return STEP_AGAIN;
        if (m->abi->xen == RING1_XEN_2_0)
            m->s.fpu_live = false; /* another had the CPU: TS is set again (12.2) */
        return wait_until(m, timers_next(d), budget, stop);
    }
    if (m->current->run != VCPU_RUNNING)
        return STEP_AGAIN;
    if (d->s.queue.everyone) {
        d->s.queue.everyone = false;
        idle_look(m);
        poll_backends(m);
    }
    uint64_t until = idle_wait(m);
    if (until && !poll_backends(m))
        return wait_until(m, until, budget, stop);
    idle_check(m);
    return STEP_RUN;
}

/* Of the guest's own run. It follows from the machine's state alone. */
static uint64_t next_deadline(struct machine *m)
{
    if (m->time_mode == RING1_TIME_REAL)
        return cpu_clock(m->cpu) + REAL_SLICE;
    uint64_t next = MIN(next_timer(m), run_queue_deadline(m->domain));
    return MIN(next, MIN(idle_deadline(m), m->s.polled + 10 * POLL_NS));
}

void machine_count_trap(struct machine *m)
{
    m->s.traps++;
    cpu_charge(m->cpu, TRAP_NS + (uint64_t)preempt_begin(m->domain) * WORK_NS);
}

static bool prepare_step(struct machine *m, struct vcpu *v, bool given)
{
    if (!step_begin(m, v, given)) {
        if (v->regs_changed)
            machine_count_trap(m);
        return false;
    }
    v->regs_loaded = false;
    return true;
}

static void after_step(struct machine *m, struct vcpu *v, const struct cpu_event *event)
{
    if (!step_end(m, v, event))
        machine_trap(m, v, event);
    if (v->regs_changed)
        machine_count_trap(m);
    m->step.armed = false;
}

/* What came of a run of the CPU. */
static void after_guest(struct machine *m, struct vcpu *v, const struct cpu_event *event, uint64_t deadline)
{
    bool stopped = event->exit == CPU_EXIT_STOPPED;
    if (G_UNLIKELY(m->step.armed)) {
        after_step(m, v, event);
    } else if (!stopped) {
        machine_trap(m, v, event);
        if (event->exit != CPU_EXIT_MISS || v->regs_changed)
            machine_count_trap(m);
    } else {
        m->s.unseen = !m->door_shut;
    }
    m->s.unseen =
        (m->s.unseen || m->mended) && cpu_clock(m->cpu) < deadline && m->time_mode == RING1_TIME_VIRTUAL;
}

/* False: *event is not set, for the guest got something else to do. */
static bool prepare(struct machine *m, struct vcpu *v)
{
    bool given = v->regs_changed;
    settle(m, v);
    return m->domain->s.shutdown == SHUTDOWN_NONE &&
           (G_LIKELY(!(m->breakpoints.nr || m->segment_limits || m->s.step.wanted)) ||
            prepare_step(m, v, given));
}

static bool run_guest(struct machine *m, struct vcpu *v, const struct ring1_budget *budget,
                      const struct limits *limits, bool cut, GError **error)
{
    struct cpu_event event;
    uint64_t deadline = G_UNLIKELY(m->s.block.size) ? m->s.block.deadline : next_deadline(m);
    m->hypercall_limit = MIN(limits->hypercalls, limits->traps - m->s.traps);
    m->door_shut = false;
    cpu_set_deadline(m->cpu, MIN(deadline, budget->until_ns));
    /* On, at least to where the clock is another. */
    if (cut || (cpu_clock(m->cpu) < deadline && !m->s.block.size))
        cpu_finish_block(m->cpu);
    if (m->step.armed)
        cpu_finish_step(m->cpu);
    if (G_UNLIKELY(m->stops))
        stops_before_run(m, v);
    if (atomic_load(&m->interrupted))
        cpu_stop(m->cpu); /* where a block ends */
    if (!cpu_run(m->cpu, &event, error))
        return false;
    m->mended = false;
    if (G_UNLIKELY(m->stops) && stops_after_run(m, v, &event, deadline))
        return true;
    after_guest(m, v, &event, deadline);
    if (G_UNLIKELY(m->stops))
        stops_after_guest(m, v, &event, deadline);
    return true;
}

static bool run(struct machine *m, const struct ring1_budget *budget, struct ring1_stop *stop, GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    struct domain *d = m->domain;
    if (!budget)
        budget = &unlimited;
    *stop = (struct ring1_stop){.wake_ns = NO_DEADLINE};
    const struct limits limits = {
        .hypercalls = saturating_add(m->s.hypercalls, budget->hypercalls),
        .traps = saturating_add(m->s.hypercalls + m->s.traps, budget->traps),
    };

    for (bool begins = true;; begins = false) {
        bool cut = m->block_cut || stops_in_block(m) || d->s.held.active;
        if (G_UNLIKELY(m->goals && m->goals->reached)) {
            stop->reason = RING1_STOP_INTERRUPTED;
            return true;
        }
        if (G_UNLIKELY(m->stops) && stops_here(m, stop))
            return true;
        if (G_LIKELY(!cut)) {
            bool moved = (begins || m->s.looked != cpu_clock(m->cpu)) && !stops_between_blocks(m);
            if (d->s.shutdown != SHUTDOWN_NONE) {
                ended(d, stop);
                return true;
            }
            if (moved && is_over(m, budget, &limits, stop))
                return true;
            if (G_UNLIKELY(m->s.jump_to)) {
                go_on_waiting(m, budget);
                continue;
            }
            enum step step = m->s.unseen ? STEP_RUN : before_guest(m, budget, stop);
            if (step == STEP_STOP)
                return true;
            if (step == STEP_AGAIN)
                continue;
            if (!m->s.unseen && deliver_pending(m->current)) {
                cpu_charge(m->cpu, TRAP_NS);
                m->s.goes_on = false;
                if (G_UNLIKELY(m->stops))
                    stops_delivered(m, m->current);
            }
            if (G_UNLIKELY(m->stops) && stops_here(m, stop)) {
                m->s.unseen = true; /* the look is done */
                return true;
            }
        }
        struct vcpu *v = m->current;
        m->block_cut = m->s.unseen = false;
        if (G_UNLIKELY(d->s.held.active)) {
            stops_resume_call(m);
            continue;
        }
        if (prepare(m, v) && !run_guest(m, v, budget, &limits, cut, error))
            return false;
    }
}

bool machine_run(struct machine *m, const struct ring1_budget *budget, struct ring1_stop *stop,
                 GError **error)
{
    if (G_UNLIKELY(!m->stops && (m->s.block.size || m->domain->s.held.active)))
        stops_attach(m); /* a debugger has gone */
    bool ok = run(m, budget, stop, error);
    if (G_UNLIKELY(m->stops))
        stops_run_over(m);
    return ok;
}
