/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine.c - making a machine, and the loop that runs it.
 */
#include "machine.h"
#include "enter.h"

#include "dispatch/evtchn.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/schedule.h"
#include "dispatch/timer.h"
#include "dispatch/traps.h"
#include "vcpus.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* `int $0x82` */
#define INT_BYTES 2u

/* Back ends look at their rings at least this often. */
#define POLL_NS 1000000u
/* With real time, the host's clock is looked at this often (bytes of code). */
#define REAL_SLICE 1000000u

/* --- time ------------------------------------------------------------------- */

static int64_t host_ns(void)
{
    return g_get_monotonic_time() * 1000;
}

uint64_t machine_now(const struct machine *m)
{
    if (m->time_mode == RING1_TIME_REAL)
        return (uint64_t)(host_ns() - m->host_base);
    return cpu_clock(m->cpu);
}

/* The clock without the guest. */
static void pass_time(struct machine *m, uint64_t ns)
{
    cpu_set_clock(m->cpu, cpu_clock(m->cpu) + ns);
    idle_waited(m, ns);
}

uint64_t machine_advance(struct machine *m, uint64_t ns)
{
    if (m->time_mode == RING1_TIME_REAL)
        return 0;
    uint64_t now = cpu_clock(m->cpu), next = timers_next_event(m->domain);
    uint64_t limit = next == NO_DEADLINE ? UINT64_MAX - now : next > now ? next - now : 0;
    ns = MIN(ns, limit);
    pass_time(m, ns);
    return ns;
}

/* --- what the domain asks of the machine ------------------------------------ */

static void op_load_regs(void *user, struct vcpu *v)
{
    struct machine *m = user;
    cpu_get_regs_of(m->cpu, v->id, &v->regs);
    /* RF has done its work: a fault's frame gets its own. */
    v->regs.eflags &= ~(m->step.armed && !m->step.guest_tf ? EFLAGS_TF | EFLAGS_RF : EFLAGS_RF);
}

static uint64_t op_now(void *user)
{
    return machine_now(user);
}

static void op_notify(void *user, enum backend backend, uint16_t port)
{
    struct machine *m = user;
    idle_reset(m);
    if (m->ops->notify)
        m->ops->notify(m->ops_user, backend, port);
}

static void op_console_write(void *user, const char *bytes, size_t len)
{
    struct machine *m = user;
    if (m->ops->console_write)
        m->ops->console_write(m->ops_user, bytes, len);
}

static size_t op_console_read(void *user, char *bytes, size_t len)
{
    struct machine *m = user;
    return m->ops->console_read ? m->ops->console_read(m->ops_user, bytes, len) : 0;
}

static const struct domain_ops domain_ops = {
    .load_regs = op_load_regs,
    .now = op_now,
    .notify = op_notify,
    .console_write = op_console_write,
    .console_read = op_console_read,
};

/* --- what the CPU asks of the machine --------------------------------------- */

static void flush_tlb(struct machine *m)
{
    cpu_flush_tlb(m->cpu);
    tlb_filter_clear(&m->tlb);
    m->flushes++;
}

/* The guest may go on without leaving the run when nothing but a flush is to be
 * done. */
static bool may_go_on(struct machine *m, struct vcpu *v)
{
    struct domain *d = m->domain;
    if (d->s.attention == ATTN_FLUSH) {
        flush_tlb(m);
        d->s.attention = 0;
    }
    return !(d->s.attention || m->step.armed || vcpu_event_deliverable(v) ||
             m->s.hypercalls >= m->hypercall_limit || m->forgetful);
}

/* Exactly the words that the hypercall takes; the others are 0. */
static void take_args(struct machine *m, unsigned nargs, uint32_t *arg)
{
    if (nargs > CPU_ARGS_GIVEN)
        cpu_read_args(m->cpu, arg, nargs);
    else
        memset(arg + nargs, 0, (CPU_ARGS_GIVEN - nargs) * sizeof *arg);
}

#ifdef RING1_RECOUNT
/* After a guest's first calls one of many is looked at: some make a hundred thousand. */
#define RECOUNT_ALL  400u
#define RECOUNT_EACH 509u

/* The books of all frames, counted anew: a build for finding bugs. */
static void recount(struct domain *d, uint32_t nr, uint64_t calls)
{
    if (calls > RECOUNT_ALL && calls % RECOUNT_EACH != 0)
        return;
    g_autoptr(GString) report = g_string_new(NULL);
    if (d->s.shutdown == SHUTDOWN_NONE && !page_recount(d, report))
        domain_crash(d, "the counts are wrong after hypercall %u: %s", nr, report->str);
}
#else
static void recount(struct domain *d, uint32_t nr, uint64_t calls)
{
    (void)d;
    (void)nr;
    (void)calls;
}
#endif

/* A call that stopped for the sake of others goes on where nobody wanted the CPU: it
 * is the same call, and its second `int` is free, so that stops that are forced cost
 * no time. */
static void go_on(struct machine *m)
{
    m->s.goes_on = false;
    cpu_set_clock(m->cpu, cpu_clock(m->cpu) - TRAP_NS - INT_BYTES * CPU_NS_PER_BYTE);
}

/* The price of what the call did beside being called. */
static void charge_work(struct machine *m, struct vcpu *v)
{
    const struct preempt *p = &m->domain->s.preempt;
    m->s.goes_on = p->continued && !(m->domain->s.attention & ATTN_SCHED) && !vcpu_event_deliverable(v);
    cpu_charge(m->cpu, (uint64_t)preempt_begin(m->domain) * WORK_NS);
}

static struct call_record *remember_call(struct machine *m, const struct cpu_call *call)
{
    if (G_UNLIKELY(m->s.goes_on)) {
        go_on(m);
        return &m->s.last_call[(m->s.hypercalls - 1) % LAST_CALLS];
    }
    struct call_record *kept = &m->s.last_call[m->s.hypercalls++ % LAST_CALLS];
    kept->first_entry = m->domain->s.nr_entries;
    kept->nr = call->eax;
    kept->vcpu = (uint8_t)m->current->id;
    kept->eip = call->eip;
    memcpy(kept->arg, call->arg, sizeof kept->arg);
    return kept;
}

static bool on_hypercall(void *user, struct cpu_call *call)
{
    struct machine *m = user;
    struct vcpu *v = m->current;
    const struct hypercall_slot *slot = hypercall_slot(m->domain, call->eax);
    unsigned nargs = slot ? slot->nargs : 0;
    if (G_UNLIKELY(nargs != CPU_ARGS_GIVEN))
        take_args(m, nargs, call->arg);
    struct call_record *kept = remember_call(m, call);
    m->domain->why[0] = '\0';
    int32_t result = hypercall_is_plain(m->domain, slot) ? slot->fn(v, call->arg)
                                                         : hypercall_enter_counted(v, call->eax, call->arg);
    call->eax = (uint32_t)result;
    kept->result = result;
    kept->nr_entries = (uint32_t)(m->domain->s.nr_entries - kept->first_entry);
    keep_why(m->domain, kept->why);
    kept->continued = m->domain->s.preempt.continued;
    if (m->domain->s.preempt.work || kept->continued)
        charge_work(m, v);
    recount(m->domain, kept->nr, m->s.hypercalls);
    if (v->regs_loaded)
        v->regs.eax = call->eax;
    if (G_UNLIKELY(!may_go_on(m, v)))
        return false;
    v->regs_loaded = false;
    return true;
}

static uint64_t on_tsc(void *user)
{
    return machine_now(user);
}

static bool on_cpuid(void *user, uint32_t regs[4], bool ring3)
{
    struct machine *m = user;
    if (ring3 && m->current->cpuid_faulting)
        return false;
    privop_cpuid(m->privop, m->current, regs, false);
    return true;
}

static const struct cpu_ops cpu_ops = {
    .fill = machine_fill,
    .hypercall = on_hypercall,
    .trap_price = TRAP_NS,
    .tsc = on_tsc,
    .cpuid = on_cpuid,
};

/* --- making ----------------------------------------------------------------- */

static bool make_memory(struct machine *m, const struct boot_config *boot, GError **error)
{
    uint32_t frames = boot_machine_frames(m->abi, boot, error);
    if (frames == 0) {
        return false;
    }
    m->mem = memory_new(frames);
    if (!m->mem)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%u MiB of memory: %s", boot->nr_pages / 256,
                    g_strerror(errno));
    return m->mem != NULL;
}

static bool selector_for_cpu(void *user, uint16_t selector, uint64_t *descriptor)
{
    struct machine *m = user;
    return selector_descriptor(m->current, selector, descriptor);
}

struct machine *machine_new(const struct abi *abi, const struct image *image, const struct boot_config *boot,
                            const struct machine_setup *setup, const struct machine_ops *ops, void *ops_user,
                            GError **error)
{
    struct machine *m = g_new0(struct machine, 1);
    m->abi = abi;
    m->ops = ops;
    m->ops_user = ops_user;
    m->mfn_mode = boot->mfn_mode;
    m->time_mode = setup->time_mode;
    m->host_base = host_ns();
    m->insns = insn_cache_new();
    if (!make_memory(m, boot, error))
        goto fail;
    m->domain = domain_new(abi, m->mem, &domain_ops, m);
    m->domain->s.wallclock_ns = setup->date_ns;
    m->domain->want_why = true; /* for the report */
    m->domain->s.nr_vcpus = MAX(setup->nr_vcpus, 1u);
    m->domain->tlb = &m->tlb;
    m->current = &m->domain->s.vcpu[0];
    m->privop = privop_new(m->insns, setup->cpu);
    if (!(m->cpu = cpu_new(m->mem, &cpu_ops, m, error)) ||
        !cpu_make_sets(m->cpu, m->domain->s.nr_vcpus, error) || !boot_build(m->domain, image, boot, error))
        goto fail;
    time_init(m->domain);
    m->domain->s.attention = ATTN_REGS | ATTN_GDT | ATTN_FLUSH;
    m->current->regs_loaded = m->current->regs_changed = true;
    return m;
fail:
    machine_free(m);
    return NULL;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    cpu_free(m->cpu);
    domain_free(m->domain);
    memory_free(m->mem);
    privop_free(m->privop);
    insn_cache_free(m->insns);
    g_free(m);
}

/* --- between two runs of the CPU -------------------------------------------- */

static void forget_all_code(struct machine *m)
{
    cpu_forget_all_code(m->cpu);
    for (uint32_t i = 0; i < m->mem->nr_frames; i++)
        m->mem->marks[i] &= MARK_DIRTY;
}

static void forget_code(struct machine *m)
{
    struct domain_state *s = &m->domain->s;
    if (s->forget_nr > G_N_ELEMENTS(s->forget)) {
        forget_all_code(m);
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
        bool new = d->abi->xen >= RING1_XEN_4_17;
        uint32_t error = 0;
        unsigned vector = new ? enter_check(v, &error) : 0;
        if (!vector && cpu_set_regs(m->cpu, &v->regs, selector_for_cpu, m))
            return;
        if (new) {
            deliver_entry_fault(v, vector ? vector : TRAP_gp_fault, vector ? error : v->regs.cs & 0xFFFCu);
        } else {
            /* The frame is built on a stack that is surely good. */
            vcpu_regs_mut(v)->cs = d->abi->user_cs;
            deliver_failsafe(v);
        }
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
        forget_all_code(m);
    if (attention & ATTN_FORGET)
        forget_code(m);
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
        flush_tlb(m);
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
    uint64_t to = MIN(wake, budget->until_ns);
    if (to > cpu_clock(m->cpu))
        pass_time(m, to - cpu_clock(m->cpu));
    return STEP_AGAIN;
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

/* Everything that may keep the guest from its next instruction. */
static enum step before_guest(struct machine *m, const struct ring1_budget *budget,
                              const struct limits *limits, struct ring1_stop *stop)
{
    struct domain *d = m->domain;
    uint64_t now = machine_now(m);
    if (d->s.shutdown != SHUTDOWN_NONE)
        return ended(d, stop);
    if (atomic_exchange(&m->interrupted, false))
        return stop_at(stop, RING1_STOP_INTERRUPTED);
    if (now >= budget->until_ns || m->s.hypercalls >= limits->hypercalls ||
        m->s.hypercalls + m->s.traps >= limits->traps)
        return stop_at(stop, RING1_STOP_BUDGET);
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

static uint64_t next_deadline(struct machine *m, const struct ring1_budget *budget)
{
    uint64_t clock = cpu_clock(m->cpu);
    if (m->time_mode == RING1_TIME_REAL)
        return clock + REAL_SLICE;
    uint64_t next = MIN(next_timer(m), budget->until_ns);
    next = MIN(next, run_queue_deadline(m->domain));
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

bool machine_run(struct machine *m, const struct ring1_budget *budget, struct ring1_stop *stop,
                 GError **error)
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

    for (;;) {
        bool cut = m->block_cut;
        if (G_LIKELY(!cut)) {
            enum step step = before_guest(m, budget, &limits, stop);
            if (step == STEP_STOP)
                return true;
            if (step == STEP_AGAIN)
                continue;
            if (deliver_pending(m->current)) {
                cpu_charge(m->cpu, TRAP_NS);
                m->s.goes_on = false;
            }
        }
        struct vcpu *v = m->current;
        m->block_cut = false;
        bool given = v->regs_changed;
        settle(m, v);
        if (d->s.shutdown != SHUTDOWN_NONE ||
            (G_UNLIKELY(m->breakpoints.nr || m->segment_limits || m->s.step.wanted) &&
             !prepare_step(m, v, given)))
            continue;

        struct cpu_event event;
        m->hypercall_limit = MIN(limits.hypercalls, limits.traps - m->s.traps);
        cpu_set_deadline(m->cpu, next_deadline(m, budget));
        if (G_UNLIKELY(cut))
            cpu_finish_block(m->cpu);
        if (atomic_load(&m->interrupted)) {
            if (!cut)
                continue;
            cpu_stop(m->cpu); /* at the block's end */
        }
        if (!cpu_run(m->cpu, &event, error))
            return false;
        if (G_UNLIKELY(m->step.armed)) {
            after_step(m, v, &event);
        } else if (event.exit != CPU_EXIT_STOPPED) {
            machine_trap(m, v, &event);
            if (event.exit != CPU_EXIT_MISS || v->regs_changed)
                machine_count_trap(m);
        }
    }
}

void machine_interrupt(struct machine *m)
{
    atomic_store(&m->interrupted, true);
    cpu_stop(m->cpu);
}
