/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * timer.c - one-shot timers, ticks, watchdogs and the clock in shared memory
 * (docs/xen-abi.md 4.5, 8.15, 9.6).
 */
#include "timer.h"

#include "access.h"
#include "evtchn.h"
#include "hypercall.h"
#include "schedule.h"
#include "shared.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/sched.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

/* vcpu_time_info, ≥ 3.0. */
struct time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct time_info) == 32);
#define VI_TIME 32u /* its place in vcpu_info */

/* 2.0's clock, from shared_info + 264. */
struct time_info_2_0 {
    uint64_t cpu_freq;
    uint32_t time_version1;
    uint32_t time_version2;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t wc_sec;
    uint32_t wc_usec;
    uint64_t domain_time;
    uint64_t wall_timeout;
    uint64_t domain_timeout;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct time_info_2_0) == 64);
#define SI_TIME_2_0 264u

/* ≥ 3.0: the wallclock in shared_info. */
#define SI_WC_VERSION 2304u
#define SI_WC_SEC     2308u
#define SI_WC_NSEC    2312u
#define SI_WC_SEC_HI  2340u

/* Nanoseconds since 1970 at system time `at`; a date before 1970 reads as 1970. */
static uint64_t wallclock(const struct domain *d, uint64_t at)
{
    int64_t base = d->s.wallclock_ns;
    return base < 0 && at < 0 - (uint64_t)base ? 0 : (uint64_t)base + at;
}

static void update_2_0(struct domain *d, uint64_t now)
{
    struct time_info_2_0 t;
    uint8_t *place = shared_info(d) + SI_TIME_2_0;
    uint64_t wall = wallclock(d, now);
    memcpy(&t, place, sizeof t);
    t.cpu_freq = TSC_HZ;
    t.time_version2 = ++t.time_version1;
    t.tsc_timestamp = now;
    t.system_time = now;
    t.wc_sec = (uint32_t)(wall / NS_PER_S);
    t.wc_usec = (uint32_t)(wall % NS_PER_S / 1000);
    t.domain_time = now;
    memcpy(place, &t, sizeof t);
    frame_changed(d, d->s.shared_info);
}

/* A guest reads the version twice around the rest: it is odd while Xen writes.
 * Here the guest does not run meanwhile, so two steps at once do. */
static void fill_time_info(struct time_info *t, uint64_t now)
{
    t->version = (t->version | 1) + 1;
    t->tsc_timestamp = now;
    t->system_time = now;
    /* As Xen scales 1 GHz: doubled to lie above it, so half a ns a count. */
    t->tsc_to_system_mul = 0x80000000u;
    t->tsc_shift = 1;
    t->flags = 0;
}

void time_update_vcpu(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct time_info t;
    v->time_updated = domain_now(d);
    if (d->abi->xen == RING1_XEN_2_0) {
        update_2_0(d, v->time_updated);
        return;
    }
    uint8_t *place = vcpu_info(v) + VI_TIME;
    memcpy(&t, place, sizeof t);
    fill_time_info(&t, v->time_updated);
    memcpy(place, &t, sizeof t);
    frame_changed(d, v->info_mfn);
    /* The guest may have unmapped its own copy: then it is not served. */
    if (v->time_area)
        (void)guest_write(v, GVA(v->time_area), &t, sizeof t);
}

void time_update(struct vcpu *v)
{
    if (domain_now(v->domain) - v->time_updated >= NS_PER_MS)
        time_update_vcpu(v);
}

/* From 3.0 on the wallclock is that of system time 0, and changes no more. */
static void wallclock_init(struct domain *d)
{
    uint8_t *si = shared_info(d);
    uint64_t base = wallclock(d, 0);
    store32(si + SI_WC_VERSION, (load32(si + SI_WC_VERSION) | 1) + 1);
    store32(si + SI_WC_SEC, (uint32_t)(base / NS_PER_S));
    store32(si + SI_WC_NSEC, (uint32_t)(base % NS_PER_S));
    if (d->abi->xen >= RING1_XEN_4_17)
        store32(si + SI_WC_SEC_HI, (uint32_t)(base / NS_PER_S >> 32));
    frame_changed(d, d->s.shared_info);
}

void time_init(struct domain *d)
{
    uint64_t now = domain_now(d);
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        v->periodic = TICK_NS;
        v->periodic_next = now + TICK_NS;
        v->singleshot = NO_DEADLINE;
        v->poll_until = NO_DEADLINE;
        v->runstate_since = now;
        time_update_vcpu(v);
    }
    if (d->abi->xen > RING1_XEN_2_0)
        wallclock_init(d);
    d->s.attention |= ATTN_TIMER;
}

/* --- deadlines ------------------------------------------------------------- */

/* A vcpu that has not the CPU has no ticks: it gets one when it runs again. */
static bool ticks(const struct vcpu *v)
{
    return v->run == VCPU_RUNNING && v->periodic && v->id == v->domain->s.queue.current;
}

/* `events`: of those alone that give the guest an event. */
static uint64_t vcpu_next(const struct vcpu *v, bool events)
{
    uint64_t next = NO_DEADLINE;
    bool bound = v->virq_port[v->domain->abi->virq_timer] != 0;
    if (bound || !events)
        next = v->singleshot;
    if (v->run == VCPU_POLLING)
        next = MIN(next, v->poll_until);
    if (ticks(v) && (bound || !events))
        next = MIN(next, v->periodic_next);
    return next;
}

static uint64_t domain_next(const struct domain *d, bool events)
{
    uint64_t next = NO_DEADLINE;
    if (d->s.shutdown != SHUTDOWN_NONE)
        return next;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        next = MIN(next, vcpu_next(&d->s.vcpu[i], events));
    for (unsigned i = 0; i < NR_WATCHDOGS; i++)
        if (d->s.watchdog[i].armed)
            next = MIN(next, d->s.watchdog[i].deadline);
    return next;
}

uint64_t timers_next(const struct domain *d)
{
    return domain_next(d, false);
}

uint64_t timers_next_event(const struct domain *d)
{
    return domain_next(d, true);
}

static void vcpu_timers_run(struct vcpu *v, uint64_t now)
{
    unsigned virq = v->domain->abi->virq_timer;
    if (v->singleshot <= now) {
        v->singleshot = NO_DEADLINE;
        v->domain->s.attention |= ATTN_TIMER;
        virq_raise(v, virq);
    }
    if (v->run == VCPU_POLLING && v->poll_until <= now)
        vcpu_wake(v);
    if (ticks(v) && v->periodic_next <= now) {
        v->periodic_next += v->periodic;
        v->domain->s.attention |= ATTN_TIMER;
        if (v->periodic_next <= now)
            v->periodic_next = now + v->periodic;
        virq_raise(v, virq);
    }
}

void timers_catch_up(struct vcpu *v)
{
    vcpu_timers_run(v, domain_now(v->domain));
    time_update(v);
}

void timers_run(struct domain *d)
{
    uint64_t now = domain_now(d);
    if (d->s.shutdown != SHUTDOWN_NONE)
        return;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        vcpu_timers_run(&d->s.vcpu[i], now);
    for (unsigned i = 0; i < NR_WATCHDOGS; i++)
        if (d->s.watchdog[i].armed && d->s.watchdog[i].deadline <= now)
            domain_shutdown(d, SHUTDOWN_watchdog);
}

/* --- set_timer_op ---------------------------------------------------------- */

static int32_t set_timer(struct vcpu *v, uint64_t deadline)
{
    struct domain *d = v->domain;
    uint64_t now = domain_now(d);
    if (deadline == 0) {
        v->singleshot = NO_DEADLINE;
    } else if (d->abi->xen >= RING1_XEN_3_2 &&
               ((int64_t)deadline < 0 || (deadline > now && deadline - now >= 1ull << 50))) {
        /* Guests whose own arithmetic wrapped mean "soon", not "in centuries". */
        v->singleshot = now + 100 * NS_PER_MS;
    } else {
        /* A signed time in Xen: a negative one is long past. */
        v->singleshot = (int64_t)deadline < 0 ? 0 : deadline;
    }
    d->s.attention |= ATTN_TIMER;
    vcpu_timers_run(v, now);
    return 0;
}

int32_t do_set_timer_op(struct vcpu *v, const uint32_t *arg)
{
    return set_timer(v, (uint64_t)arg[1] << 32 | arg[0]);
}

int32_t do_set_timer_op_2_0(struct vcpu *v, const uint32_t *arg)
{
    return set_timer(v, (uint64_t)arg[0] << 32 | arg[1]);
}
