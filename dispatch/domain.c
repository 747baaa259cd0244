/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * domain.c - making, ending and mending a domain.
 */
#include "domain.h"

#include "hypercall.h"
#include "preempt.h"

#include <stdarg.h>
#include <string.h>

static void vcpu_init(struct domain *d, unsigned id)
{
    struct vcpu *v = &d->s.vcpu[id];
    const struct abi *abi = d->abi;
    v->domain = d;
    v->id = id;
    v->run = VCPU_DOWN;
    v->run_up = VCPU_RUNNING;
    v->regs_loaded = true;
    v->runstate = id ? 3 /* RUNSTATE_offline */ : 0;
    v->singleshot = NO_DEADLINE;
    v->periodic_next = NO_DEADLINE;
    v->poll_until = NO_DEADLINE;
    v->maptrack_head = v->maptrack_tail = NO_HANDLE;
    if (abi->xen >= RING1_XEN_4_17) {
        v->dr[6] = 0xFFFF0FF0u;
        v->dr[7] = 0x400u;
    }
    if (abi->xen <= RING1_XEN_3_2) {
        /* The builders of 2.0 to 3.2 fill the table with address 0 in the
         * kernel's segment (docs/xen-abi.md 4.3, 13.5). */
        for (unsigned i = 0; i < NR_TRAPS; i++)
            v->traps[i].cs = abi->kernel_cs;
        v->event_callback.cs = v->failsafe_callback.cs = abi->kernel_cs;
    }
}

struct domain *domain_new(const struct abi *abi, struct memory *mem, const struct domain_ops *ops,
                          void *ops_user)
{
    struct domain *d = g_new0(struct domain, 1);
    d->abi = abi;
    d->mem = mem;
    d->ops = ops;
    d->ops_user = ops_user;
    d->console_io_allowed = true;
    d->s.domid = DOMID_GUEST;
    d->s.shutdown = SHUTDOWN_NONE;
    d->s.nr_vcpus = 1;
    d->s.evtchn[0].kind = ECS_RESERVED;
    d->s.evtchn_top = 1;
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        vcpu_init(d, i);
    d->s.vcpu[0].initialised = true;
    d->s.vcpu[0].run = VCPU_RUNNING;
    preempt_set_mode(d, RING1_PREEMPT_NORMAL, 0);
    d->s.queue.runnable = 1;
    hypercall_table_init(d);
    return d;
}

void domain_free(struct domain *d)
{
    if (!d)
        return;
    g_clear_pointer(&d->extra, g_hash_table_destroy);
    g_free(d);
}

void domain_restored(struct domain *d)
{
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        d->s.vcpu[i].domain = d;
        if (i >= d->s.nr_vcpus) /* of those that there are not nothing is saved */
            d->s.vcpu[i].info_mfn = d->s.shared_info;
        vcpu_attend(&d->s.vcpu[i], ATTN_GDT | ATTN_REGS | ATTN_DEBUG);
    }
    domain_flush(d);
    d->s.attention |= ATTN_TIMER;
}

const struct regs *vcpu_regs(struct vcpu *v)
{
    const struct domain *d = v->domain;
    if (!v->regs_loaded) {
        if (d->ops && d->ops->load_regs)
            d->ops->load_regs(d->ops_user, v);
        v->regs_loaded = true;
    }
    return &v->regs;
}

struct regs *vcpu_regs_mut(struct vcpu *v)
{
    vcpu_regs(v);
    v->regs_changed = true;
    vcpu_attend(v, ATTN_REGS);
    return &v->regs;
}

uint8_t *shared_info(const struct domain *d)
{
    return frame_ptr(d->mem, d->s.shared_info);
}

uint64_t domain_now(const struct domain *d)
{
    return d->ops && d->ops->now ? d->ops->now(d->ops_user) : 0;
}

void domain_shutdown(struct domain *d, uint32_t reason)
{
    if (d->s.shutdown != SHUTDOWN_NONE)
        return;
    d->s.shutdown = reason;
    d->s.attention |= ATTN_SCHED;
}

static void crash(struct domain *d, const char *format, va_list ap) G_GNUC_PRINTF(2, 0);
static void crash(struct domain *d, const char *format, va_list ap)
{
    g_vsnprintf(d->s.crash_text, sizeof d->s.crash_text, format, ap);
    d->s.crashed = true;
    domain_shutdown(d, 3 /* SHUTDOWN_crash */);
}

void domain_crash(struct domain *d, const char *format, ...)
{
    if (d->s.shutdown != SHUTDOWN_NONE)
        return;
    va_list ap;
    va_start(ap, format);
    crash(d, format, ap);
    va_end(ap);
}

void domain_crash_at(struct domain *d, enum crash_place place, uint32_t where, const char *format, ...)
{
    if (d->s.shutdown != SHUTDOWN_NONE)
        return;
    d->s.crash_place = place;
    d->s.crash_where = where;
    va_list ap;
    va_start(ap, format);
    crash(d, format, ap);
    va_end(ap);
}

int32_t refuse(struct domain *d, int32_t err, const char *format, ...)
{
    if (d->want_why) {
        va_list ap;
        va_start(ap, format);
        g_vsnprintf(d->why, sizeof d->why, format, ap);
        va_end(ap);
    }
    return err;
}

struct regs regs_at_start(const struct abi *abi, uint32_t eip, uint32_t esp)
{
    return (struct regs){
        .eip = eip,
        .esp = esp,
        .eflags = EFLAGS_IF | 2u,
        .cs = abi->kernel_cs,
        .ss = abi->kernel_ds,
        .ds = abi->kernel_ds,
        .es = abi->kernel_ds,
        .fs = abi->kernel_ds,
        .gs = abi->kernel_ds,
    };
}
