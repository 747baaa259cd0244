/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine.c - making a machine, its clock, and what domain and CPU ask of it. The loop
 * that runs it is machine_run.c.
 */
#include "machine.h"
#include "enter.h"

#include "dispatch/evtchn.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/schedule.h"
#include "dispatch/timer.h"
#include "dispatch/traps.h"
#include "stops_priv.h"
#include "vcpus.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* `int $0x82` */
#define INT_BYTES 2u

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

void machine_pass(struct machine *m, uint64_t ns)
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
    if (ns == 0)
        return 0;
    machine_disturb(m);
    machine_pass(m, ns);
    return ns;
}

void machine_disturb(struct machine *m)
{
    m->s.unseen = false;
    m->s.jump_to = 0;
    m->s.block = (struct block_state){0};
}

/* --- what the domain asks of the machine ------------------------------------ */

static void op_load_regs(void *user, struct vcpu *v)
{
    struct machine *m = user;
    cpu_get_regs_of(m->cpu, v->id, &v->regs);
    /* RF has done its work: a fault's frame gets its own. */
    bool own_tf = (m->step.armed && !m->step.guest_tf) || (G_UNLIKELY(m->stops) && m->stops->own_tf);
    v->regs.eflags &= ~(own_tf ? EFLAGS_TF | EFLAGS_RF : EFLAGS_RF);
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

void machine_flush_tlb(struct machine *m)
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
        machine_flush_tlb(m);
        d->s.attention = 0;
    }
    m->door_shut =
        (d->s.attention & ~(ATTN_FLUSH | ATTN_FORGET)) || m->step.armed || vcpu_event_deliverable(v);
    return !(m->door_shut || d->s.attention || m->s.hypercalls >= m->hypercall_limit || m->forgetful);
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
/* Frames of a guest of more than 512 MiB: a count of them takes as long as a short test. */
#define RECOUNT_LARGE 0x28000u

/* Each of a machine's first calls, then fewer and fewer: some make a hundred thousand, and a count
 * costs what a thousand calls cost. Who is sent back again and again makes ever more. */
static bool is_recounted(const struct memory *mem, uint64_t calls)
{
    unsigned longer = mem->nr_frames > RECOUNT_LARGE ? 8 : 1;
    return calls <= 64 / longer || calls % (longer * (calls <= 4096 ? 61 : 509)) == 0;
}

/* The books of all frames, counted anew: a build for finding bugs. */
static void recount(struct machine *m, uint32_t nr)
{
    struct domain *d = m->domain;
    if (!is_recounted(d->mem, ++m->calls_made) || d->s.shutdown != SHUTDOWN_NONE)
        return;
    g_autoptr(GString) report = g_string_new(NULL);
    if (!m->recount)
        m->recount = recount_room_new(d->mem);
    if (!page_recount_of(d, m->recount, NULL, d->mem->nr_frames, report))
        domain_crash(d, "the counts are wrong after hypercall %u: %s", nr, report->str);
}
#else
static void recount(struct machine *m, uint32_t nr)
{
    (void)m;
    (void)nr;
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

static uint64_t mix(uint64_t sum, uint64_t a, uint64_t b)
{
    sum = (sum ^ a) * UINT64_C(0x9E3779B97F4A7C15);
    sum = (sum ^ sum >> 32 ^ b) * UINT64_C(0xD6E8FEB86659FD93);
    return sum ^ sum >> 32;
}

static void sum_call(struct machine *m, const struct call_record *call)
{
    const uint32_t *a = call->arg;
    uint64_t sum = mix(m->s.sum, call->nr | (uint64_t)call->eip << 32, a[0] | (uint64_t)a[1] << 32);
    sum = mix(sum, a[2] | (uint64_t)a[3] << 32, a[4] | (uint64_t)a[5] << 32);
    m->s.sum = mix(sum, (uint32_t)call->result | (uint64_t)call->vcpu << 32, machine_now(m));
    if (m->s.hypercalls % m->sums->each == 0 && !call->continued)
        m->sums->mark(m->sums->user);
}

/* The call was made, as far as it went. True: the guest may run on. */
static bool end_call(struct machine *m, struct vcpu *v, struct call_record *kept, int32_t result)
{
    kept->result = result;
    kept->nr_entries = (uint32_t)(m->domain->s.nr_entries - kept->first_entry);
    keep_why(m->domain, kept->why);
    kept->continued = m->domain->s.preempt.continued;
    if (m->domain->s.preempt.work || kept->continued)
        charge_work(m, v);
    if (G_UNLIKELY(m->sums))
        sum_call(m, kept);
    recount(m, kept->nr);
    if (v->regs_loaded)
        v->regs.eax = (uint32_t)result;
    bool stop = G_UNLIKELY(m->stops) && stops_after_call(m, v, kept);
    return G_LIKELY(may_go_on(m, v)) && !stop;
}

static bool on_hypercall(void *user, struct cpu_call *call)
{
    struct machine *m = user;
    struct vcpu *v = m->current;
    const struct hypercall_slot *slot = hypercall_slot(m->domain, call->eax);
    unsigned nargs = slot ? slot->nargs : 0;
    if (G_UNLIKELY(nargs != CPU_ARGS_GIVEN))
        take_args(m, nargs, call->arg);
    if (G_UNLIKELY(m->stops) && stops_before_call(m, v, call)) {
        cpu_undo_call(m->cpu);
        return false;
    }
    struct call_record *kept = remember_call(m, call);
    m->domain->why[0] = '\0';
    int32_t result = hypercall_is_plain(m->domain, slot) ? slot->fn(v, call->arg)
                                                         : hypercall_enter_counted(v, call->eax, call->arg);
    if (G_UNLIKELY(m->domain->s.held.active))
        return false;
    call->eax = (uint32_t)result;
    if (!end_call(m, v, kept, result))
        return false;
    v->regs_loaded = false;
    return true;
}

void machine_resume_call(struct machine *m)
{
    struct vcpu *v = m->current;
    struct call_record *kept = &m->s.last_call[(m->s.hypercalls - 1) % LAST_CALLS];
    m->door_shut = false;
    int32_t result = multicall_resume(v);
    if (m->domain->s.held.active)
        return;
    cpu_set_eax(m->cpu, (uint32_t)result);
    end_call(m, v, kept, result);
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

static bool on_code(void *user, uint32_t address, const struct cpu_block *block)
{
    struct machine *m = user;
    struct run_goals *goals = m->goals;
    for (unsigned i = 0; goals && i < goals->nr; i++) {
        if (goals->address[i] != address || goals->begun == cpu_clock(m->cpu))
            continue;
        goals->reached = true;
        goals->which = i;
        return true;
    }
    return stops_code(m, address, block);
}

void machine_set_goals(struct machine *m, struct run_goals *goals)
{
    m->goals = goals;
    for (unsigned i = 0; goals && i < goals->nr; i++)
        cpu_ask_at(m->cpu, goals->address[i]);
    machine_forget_all_code(m);
}

static const struct cpu_ops cpu_ops = {
    .fill = machine_fill,
    .hypercall = on_hypercall,
    .trap_price = TRAP_NS,
    .tsc = on_tsc,
    .cpuid = on_cpuid,
    .code = on_code,
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
    m->s.looked = UINT64_MAX;
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
    stops_free(m->stops);
    cpu_free(m->cpu);
    domain_free(m->domain);
    memory_free(m->mem);
    privop_free(m->privop);
    insn_cache_free(m->insns);
    recount_room_free(m->recount);
    g_free(m);
}

void machine_interrupt(struct machine *m)
{
    atomic_store(&m->interrupted, true);
    cpu_stop(m->cpu);
}

void machine_get_fpu(struct machine *m, struct vcpu *v, uint8_t image[512])
{
    if (v->fpu_given) {
        memcpy(image, v->fpu, 512);
        return;
    }
    cpu_select(m->cpu, v->id);
    cpu_get_fpu(m->cpu, image);
    cpu_select(m->cpu, m->current->id);
}

struct ring1_call machine_call_seen(const struct domain *d, const struct call *call)
{
    const struct hypercall_slot *slot = hypercall_slot(d, call->nr);
    return (struct ring1_call){
        .nr = call->nr,
        .name = slot && slot->row ? slot->row->name : NULL,
        .nargs = slot ? slot->nargs : 0,
        .arg = call->arg,
        .depth = (unsigned)call->depth,
        .index = call->index,
        .result = call->result,
        .why = call->why,
        .continued = call->continued,
    };
}
