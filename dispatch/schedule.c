/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * schedule.c - sched_op in its three forms, and the states of a vcpu
 * (docs/xen-abi.md 8.6, 8.29, 9.6, with 12.2 and 13).
 */
#include "schedule.h"

#include "access.h"
#include "evtchn_port.h"
#include "hypercall.h"
#include "run_queue.h"
#include "shared.h"
#include "timer.h"

#include <xen/errno.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

/* --- states ---------------------------------------------------------------- */

static bool has_cpu(const struct vcpu *v)
{
    return v->id == v->domain->s.queue.current;
}

static uint32_t runstate_of(const struct vcpu *v, enum vcpu_run run)
{
    switch (run) {
    case VCPU_RUNNING:
        return has_cpu(v) ? RUNSTATE_running : RUNSTATE_runnable;
    case VCPU_BLOCKED:
    case VCPU_POLLING:
        return RUNSTATE_blocked;
    case VCPU_DOWN: /* one that was blocked stays so, until something comes */
        return v->initialised && v->run_up != VCPU_RUNNING ? RUNSTATE_blocked : RUNSTATE_offline;
    default:
        return RUNSTATE_offline;
    }
}

static void set_runstate(struct vcpu *v, uint32_t runstate)
{
    uint64_t now = domain_now(v->domain);
    if (v->runstate == runstate)
        return;
    v->runstate_time[v->runstate & 3u] += now - v->runstate_since;
    v->runstate_since = now;
    v->runstate = runstate;
}

void vcpu_set_run(struct vcpu *v, enum vcpu_run run)
{
    if (v->run == run)
        return;
    v->run = run;
    set_runstate(v, runstate_of(v, run));
    if (run == VCPU_RUNNING || run == VCPU_BLOCKED)
        v->poll_until = NO_DEADLINE;
    v->domain->s.attention |= ATTN_TIMER;
    run_queue_changed(v);
    /* Of one that has not the CPU Xen shows it when it gets it. */
    if (has_cpu(v))
        vcpu_runstate_update(v);
}

void vcpu_lose_cpu(struct vcpu *v)
{
    if (v->run != VCPU_RUNNING)
        return;
    set_runstate(v, RUNSTATE_runnable);
    vcpu_runstate_update(v);
}

void vcpu_get_cpu(struct vcpu *v)
{
    set_runstate(v, RUNSTATE_running);
    vcpu_runstate_update(v);
}

void vcpu_take_down(struct vcpu *v)
{
    if (v->run == VCPU_DOWN)
        return;
    v->run_up = v->run == VCPU_DORMANT ? VCPU_RUNNING : v->run;
    vcpu_set_run(v, VCPU_DOWN);
}

void vcpu_bring_up(struct vcpu *v)
{
    if (v->run == VCPU_DOWN)
        vcpu_set_run(v, v->run_up);
}

void vcpu_runstate(const struct vcpu *v, struct runstate_info *info)
{
    info->state = v->runstate;
    info->state_entry_time = v->runstate_since;
    for (unsigned i = 0; i < 4; i++)
        info->time[i] = v->runstate_time[i];
    info->time[v->runstate & 3u] += domain_now(v->domain) - v->runstate_since;
}

void vcpu_runstate_update(struct vcpu *v)
{
    struct runstate_info info;
    if (!v->runstate_area)
        return;
    vcpu_runstate(v, &info);
    /* The guest may have unmapped it: its own loss. */
    (void)guest_write(v, GVA(v->runstate_area), &info, sizeof info);
}

/* It runs when it comes up. */
static void wake_down(struct vcpu *v)
{
    v->run_up = VCPU_RUNNING;
    set_runstate(v, RUNSTATE_offline);
}

void vcpu_wake(struct vcpu *v)
{
    if (v->run == VCPU_BLOCKED || v->run == VCPU_POLLING)
        vcpu_set_run(v, VCPU_RUNNING);
    else if (v->run == VCPU_DOWN)
        wake_down(v);
    else
        run_queue_urge(v);
}

static bool port_pending(const struct domain *d, unsigned port)
{
    return port < NR_EVTCHNS && bit_test(shared_info(d) + d->abi->si_evtchn_pending, port);
}

static bool poll_satisfied(const struct vcpu *v)
{
    for (unsigned i = 0; i < MIN(v->poll_nr, G_N_ELEMENTS(v->poll_ports)); i++)
        if (port_pending(v->domain, v->poll_ports[i]))
            return true;
    return domain_now(v->domain) >= v->poll_until;
}

bool vcpu_wake_check(struct vcpu *v)
{
    bool waits = v->run == VCPU_BLOCKED || v->run == VCPU_POLLING;
    if (waits && (vcpu_event_deliverable(v) || (v->run == VCPU_POLLING && poll_satisfied(v))))
        vcpu_wake(v);
    return v->run == VCPU_RUNNING;
}

void sched_port_pending(struct domain *d, unsigned port)
{
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        /* Xen remembers one port alone: who polls several wakes up for any. Up to 3.3 it
         * remembers none (13.5). */
        bool any = v->poll_nr != 1 || d->abi->xen < RING1_XEN_4_17;
        if (v->run == VCPU_POLLING && (any || v->poll_ports[0] == port))
            vcpu_wake(v);
    }
}

/* --- operations ------------------------------------------------------------ */

static int32_t yield(struct vcpu *v)
{
    v->yielded = true;
    v->domain->s.attention |= ATTN_SCHED;
    return 0;
}

/* Unmask, then wait until an event is deliverable. True: it waits. */
static bool block(struct vcpu *v)
{
    vcpu_info(v)[1] = 0;
    frame_changed(v->domain, v->info_mfn);
    if (vcpu_event_deliverable(v))
        return false;
    vcpu_set_run(v, VCPU_BLOCKED);
    return true;
}

static int32_t sched_shutdown(struct vcpu *v, uint32_t reason)
{
    struct domain *d = v->domain;
    domain_shutdown(d, d->s.shutdown_code ? d->s.shutdown_code - 1 : reason & 0xFFu);
    return 0;
}

struct poll_args {
    uint32_t ports; /* u32 each */
    uint32_t nr_ports;
    uint64_t timeout; /* absolute ns; 0: none */
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct poll_args) == 16);

static int32_t poll(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    struct poll_args poll;
    uint16_t ports[G_N_ELEMENTS(v->poll_ports)];
    if (guest_read(v, arg, &poll, sizeof poll))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    if (poll.nr_ports > G_N_ELEMENTS(ports))
        return refuse(d, -XEN_EINVAL, "%u ports: at most 128", poll.nr_ports);
    if (d->abi->array_range_checked && !guest_range_ok(d, GVA(poll.ports), poll.nr_ports * 4ull))
        return refuse(d, -XEN_EFAULT, "ports at %#x", poll.ports);
    if (vcpu_event_deliverable(v))
        return 0;
    for (uint32_t i = 0; i < poll.nr_ports; i++) {
        uint32_t port;
        if (guest_read_index(v, GVA(poll.ports), i, &port, sizeof port))
            return refuse(d, -XEN_EFAULT, "port %u of the list cannot be read", i);
        if (new ? !port_is_valid(d, port) : port >= NR_EVTCHNS)
            return refuse(d, -XEN_EINVAL, "port %u is not valid", port);
        if (new && (port == 0 || d->s.evtchn[port].kind == ECS_FREE))
            return refuse(d, -XEN_EINVAL, "port %u is closed", port);
        if (port_pending(d, port))
            return 0;
        ports[i] = (uint16_t)port;
    }
    v->poll_nr = poll.nr_ports;
    for (uint32_t i = 0; i < poll.nr_ports; i++)
        v->poll_ports[i] = ports[i];
    vcpu_set_run(v, VCPU_POLLING);
    /* A time that is past ends the wait at once (negative ones too). */
    v->poll_until = poll.timeout ? poll.timeout : NO_DEADLINE;
    if ((int64_t)poll.timeout < 0 || v->poll_until <= domain_now(d))
        vcpu_wake(v);
    return 0;
}

static int32_t remote_shutdown(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct {
        uint16_t domid, pad;
        uint32_t reason;
    } remote;
    if (d->abi->xen >= RING1_XEN_4_17) {
        if (guest_read(v, arg, &remote, sizeof remote))
            return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
        if (remote.domid != d->s.domid && remote.domid != DOMID_BACKEND)
            return refuse(d, -XEN_ESRCH, "there is no domain %u", remote.domid);
    }
    return refuse(d, -XEN_EPERM, "domain %u has no right to shut down others", d->s.domid);
}

static int32_t watchdog(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct watchdog *dog;
    struct {
        uint32_t id, timeout;
    } wd;
    if (guest_read(v, arg, &wd, sizeof wd))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    if (wd.id > NR_WATCHDOGS)
        return refuse(d, -XEN_EINVAL, "watchdog %u: there are %u", wd.id, NR_WATCHDOGS);
    int32_t rc = 0;
    if (wd.id == 0) {
        for (dog = d->s.watchdog; dog < d->s.watchdog + NR_WATCHDOGS && dog->armed; dog++)
            ;
        rc = (int32_t)(dog - d->s.watchdog) + 1;
        if (rc > (int32_t)NR_WATCHDOGS)
            return refuse(d, -XEN_ENOSPC, "all %u watchdogs are in use", NR_WATCHDOGS);
    } else {
        dog = &d->s.watchdog[wd.id - 1];
        if (!dog->armed)
            return refuse(d, -XEN_EINVAL, "watchdog %u is not in use", wd.id);
    }
    /* A new one with timeout 0 fires at once (13.2); one in use is released. */
    dog->armed = wd.id == 0 || wd.timeout != 0;
    dog->deadline = domain_now(d) + wd.timeout * 1000000000ull;
    d->s.attention |= ATTN_TIMER;
    timers_run(d);
    return rc;
}

static int32_t read_reason(struct vcpu *v, gva_t arg, uint32_t *reason)
{
    if (guest_read(v, arg, reason, sizeof *reason))
        return refuse(v->domain, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    return 0;
}

static int32_t unknown_cmd(struct domain *d, uint32_t cmd)
{
    return refuse(d, -XEN_ENOSYS, "scheduler command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}

/* The newest Xen's additions. */
static int32_t sched_op_4_17(struct vcpu *v, uint32_t cmd, gva_t arg)
{
    struct domain *d = v->domain;
    uint32_t reason;
    switch (cmd) {
    case SCHEDOP_shutdown_code:
        if (read_reason(v, arg, &reason))
            return -XEN_EFAULT;
        if (!d->s.shutdown_code)
            d->s.shutdown_code = (reason & 0xFFu) + 1;
        return 0;
    case SCHEDOP_watchdog:
        return watchdog(v, arg);
    case SCHEDOP_pin_override:
        return refuse(d, -XEN_EPERM, "domain %u is not the hardware domain, which alone is pinned",
                      d->s.domid);
    default:
        return unknown_cmd(d, cmd);
    }
}

int32_t do_sched_op(struct vcpu *v, const uint32_t *arg)
{
    uint32_t cmd = arg[0], reason;
    gva_t at = GVA(arg[1]);
    switch (cmd) {
    case SCHEDOP_yield:
        return yield(v);
    case SCHEDOP_block:
        block(v);
        return 0;
    case SCHEDOP_shutdown:
        return read_reason(v, at, &reason) ? -XEN_EFAULT : sched_shutdown(v, reason);
    case SCHEDOP_poll:
        return poll(v, at);
    case SCHEDOP_remote_shutdown:
        return remote_shutdown(v, at);
    default:
        return v->domain->abi->xen >= RING1_XEN_4_17 ? sched_op_4_17(v, cmd, at)
                                                     : unknown_cmd(v->domain, cmd);
    }
}

int32_t do_sched_op_compat(struct vcpu *v, const uint32_t *arg)
{
    switch (arg[0]) {
    case SCHEDOP_yield:
        return yield(v);
    case SCHEDOP_block:
        block(v);
        return 0;
    case SCHEDOP_shutdown:
        return sched_shutdown(v, arg[1]);
    default:
        return unknown_cmd(v->domain, arg[0]);
    }
}

/* One argument: the command in its low byte, the reason in the next. A wait loses
 * the result: EAX still holds the hypercall's number afterwards (12.2). */
int32_t do_sched_op_2_0(struct vcpu *v, const uint32_t *arg)
{
    switch (arg[0] & 0xFFu) {
    case SCHEDOP_yield:
        return yield(v);
    case SCHEDOP_block:
        return block(v) ? 6 : 0;
    case SCHEDOP_shutdown:
        return sched_shutdown(v, arg[0] >> 8);
    default:
        return unknown_cmd(v->domain, arg[0] & 0xFFu);
    }
}
