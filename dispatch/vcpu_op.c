/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpu_op.c - vcpu_op (docs/xen-abi.md 8.24 with 12.2): states, timers and the
 * places where the guest wants its vcpus' information.
 */
#include "access.h"
#include "hypercall.h"
#include "page_type.h"
#include "plant.h"
#include "schedule.h"
#include "shared.h"
#include "timer.h"
#include "vcpu_context.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define MIN_PERIOD_NS 1000000u

/* `v` is the vcpu that the call is about, `current` the caller; all guest
 * pointers are the caller's. */
typedef int32_t (*vcpu_cmd_fn)(struct vcpu *current, struct vcpu *v, gva_t arg);

static int32_t read_arg(struct vcpu *current, gva_t arg, void *to, uint32_t len)
{
    if (guest_read(current, arg, to, len))
        return refuse(current->domain, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    return 0;
}

static int32_t only_oneself(struct vcpu *v)
{
    return refuse(v->domain, -XEN_EINVAL, "vcpu %u is not the caller", v->id);
}

/* --- states ---------------------------------------------------------------- */

static int32_t initialise(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    struct vcpu_context context;
    if (read_arg(current, arg, &context, sizeof context))
        return -XEN_EFAULT;
    if (v->initialised)
        return refuse(v->domain, -XEN_EEXIST, "vcpu %u is initialised", v->id);
    return vcpu_set_context(v, &context);
}

static int32_t up(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    (void)current, (void)arg;
    if (!v->initialised)
        return refuse(v->domain, -XEN_EINVAL, "vcpu %u is not initialised", v->id);
    vcpu_bring_up(v);
    return 0;
}

static int32_t down(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    bool others = false;
    (void)current, (void)arg;
    for (unsigned i = 0; i < d->s.nr_vcpus; i++)
        others |= i != v->id && d->s.vcpu[i].run != VCPU_DOWN;
    if (!others && d->abi->xen >= RING1_XEN_4_17) {
        domain_shutdown(d, SHUTDOWN_poweroff);
        return 0;
    }
    vcpu_take_down(v);
    return 0;
}

static int32_t is_up(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    (void)current, (void)arg;
    return v->run != VCPU_DOWN;
}

/* --- information ----------------------------------------------------------- */

static int32_t get_runstate(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    struct runstate_info info;
    if (!PLANTED(host_bytes))
        vcpu_runstate(v, &info);
    if (guest_write(current, arg, &info, sizeof info))
        return refuse(v->domain, -XEN_EFAULT, "the answer at %#x cannot be written", arg.va);
    return 0;
}

/* A 32-bit caller's structure begins with a 4-byte pointer. */
static int32_t read_area(struct vcpu *current, gva_t arg, uint32_t len, uint32_t *area)
{
    if (read_arg(current, arg, area, sizeof *area))
        return -XEN_EFAULT;
    if (!guest_range_ok(current->domain, GVA(*area), len))
        return refuse(current->domain, -XEN_EFAULT, "the area of %u bytes at %#x is not the guest's", len,
                      *area);
    return 0;
}

static int32_t register_runstate(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    uint32_t area;
    if (read_area(current, arg, sizeof(struct runstate_info), &area))
        return -XEN_EFAULT;
    v->runstate_area = area;
    vcpu_runstate_update(v);
    return 0;
}

static int32_t register_time(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    uint32_t area;
    if (read_area(current, arg, 32, &area))
        return -XEN_EFAULT;
    v->time_area = area;
    time_update_vcpu(v);
    return 0;
}

struct register_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t pad;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct register_info) == 16);

/* The guest's own frame, held and kept writable for as long as it is used. */
static bool take_writable(struct domain *d, uint64_t mfn)
{
    return mfn <= UINT32_MAX && page_get_and_type(d, MFN((uint32_t)mfn), PGT_writable) == 0;
}

static int32_t register_info(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    struct register_info info;
    if (read_arg(current, arg, &info, sizeof info))
        return -XEN_EFAULT;
    if (!new) /* a frame's number has 32 bits there */
        info.mfn = (uint32_t)info.mfn;
    if (info.offset > RING1_PAGE_SIZE - VCPU_INFO_SIZE || (new &&info.offset % 4 != 0))
        return refuse(d, new ? -XEN_ENXIO : -XEN_EINVAL, "vcpu_info does not fit at offset %u", info.offset);
    if (v->info_mfn.mfn != d->s.shared_info.mfn || v->info_offset != v->id * VCPU_INFO_SIZE)
        return refuse(d, -XEN_EINVAL, "vcpu %u has its place already", v->id);
    if (v != current && v->run != VCPU_DOWN)
        return refuse(d, -XEN_EINVAL, "vcpu %u is up", v->id);
    if (!take_writable(d, info.mfn))
        return refuse(d, -XEN_EINVAL, "frame %#llx cannot be had writable: it is %s",
                      (unsigned long long)info.mfn,
                      page_use(d, MFN(info.mfn > UINT32_MAX ? UINT32_MAX : (uint32_t)info.mfn)));
    if (info.mfn == d->s.shared_info.mfn) /* which is Xen's, and held for good */
        page_put_and_type(d, d->s.shared_info);
    uint8_t saved[VCPU_INFO_SIZE];
    memcpy(saved, vcpu_info(v), sizeof saved);
    v->info_mfn = MFN((uint32_t)info.mfn);
    v->info_offset = info.offset;
    /* An event may have come meanwhile: have the guest look at all of them. */
    saved[0] = 1;
    store32(saved + d->abi->vi_pending_sel, UINT32_MAX);
    memcpy(vcpu_info(v), saved, sizeof saved);
    frame_changed(d, v->info_mfn);
    vcpu_wake_check(v);
    return 0;
}

static int32_t send_nmi(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    if (arg.va)
        return refuse(v->domain, -XEN_EINVAL, "an argument is given, %#x: it must be NULL", arg.va);
    v->nmi_pending = true;
    if (v == current) /* it is delivered on the way back to the guest */
        v->domain->s.attention |= ATTN_SCHED;
    vcpu_wake(v);
    return 0;
}

static int32_t get_physid(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    (void)current, (void)arg;
    return refuse(v->domain, -XEN_EINVAL, "vcpu %u is not pinned", v->id);
}

/* --- timers ---------------------------------------------------------------- */

static void timer_moved(struct vcpu *v)
{
    v->domain->s.attention |= ATTN_TIMER;
    timers_run(v->domain);
}

static int32_t set_periodic(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    uint64_t period;
    if (read_arg(current, arg, &period, sizeof period))
        return -XEN_EFAULT;
    if (v->domain->abi->xen < RING1_XEN_4_17)
        period = MIN(period, UINT64_MAX >> 2); /* taken as it is, and never over */
    if (period < MIN_PERIOD_NS || period > UINT64_MAX >> 2)
        return refuse(v->domain, -XEN_EINVAL, "a period of %llu ns: at least %u", (unsigned long long)period,
                      (unsigned)MIN_PERIOD_NS);
    /* Counted from the last tick. */
    uint64_t last = v->periodic ? v->periodic_next - v->periodic : domain_now(v->domain);
    v->periodic = period;
    v->periodic_next = last + period;
    timer_moved(v);
    return 0;
}

static int32_t stop_periodic(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    (void)current, (void)arg;
    v->periodic = 0;
    timer_moved(v);
    return 0;
}

struct singleshot {
    uint64_t timeout_abs_ns;
    uint32_t flags;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct singleshot) == 12);

static int32_t set_singleshot(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct singleshot set;
    bool reads_first = d->abi->xen >= RING1_XEN_4_17; /* as for all of a 32-bit caller */
    if (v != current && !reads_first)
        return only_oneself(v);
    if (read_arg(current, arg, &set, sizeof set))
        return -XEN_EFAULT;
    if (v != current)
        return only_oneself(v);
    bool negative = (int64_t)set.timeout_abs_ns < 0, past = negative || set.timeout_abs_ns < domain_now(d);
    /* A negative time is not compared as one. */
    if (past && !negative && (set.flags & VCPU_SSHOTTMR_future) && d->abi->xen < RING1_XEN_4_17)
        return refuse(d, -XEN_ETIME, "the deadline of %llu ns is past: it is %llu",
                      (unsigned long long)set.timeout_abs_ns, (unsigned long long)domain_now(d));
    v->singleshot = past ? 0 : set.timeout_abs_ns;
    timer_moved(v);
    return 0;
}

static int32_t stop_singleshot(struct vcpu *current, struct vcpu *v, gva_t arg)
{
    (void)arg;
    if (v != current)
        return only_oneself(v);
    v->singleshot = NO_DEADLINE;
    timer_moved(v);
    return 0;
}

static const struct {
    vcpu_cmd_fn fn;
    enum ring1_xen from;
} cmds[] = {
    [VCPUOP_initialise] = {initialise, RING1_XEN_3_0_0},
    [VCPUOP_up] = {up, RING1_XEN_3_0_0},
    [VCPUOP_down] = {down, RING1_XEN_3_0_0},
    [VCPUOP_is_up] = {is_up, RING1_XEN_3_0_0},
    [VCPUOP_get_runstate_info] = {get_runstate, RING1_XEN_3_0_4},
    [VCPUOP_register_runstate_memory_area] = {register_runstate, RING1_XEN_3_0_4},
    [VCPUOP_set_periodic_timer] = {set_periodic, RING1_XEN_3_2},
    [VCPUOP_stop_periodic_timer] = {stop_periodic, RING1_XEN_3_2},
    [VCPUOP_set_singleshot_timer] = {set_singleshot, RING1_XEN_3_2},
    [VCPUOP_stop_singleshot_timer] = {stop_singleshot, RING1_XEN_3_2},
    [VCPUOP_register_vcpu_info] = {register_info, RING1_XEN_3_2},
    [VCPUOP_send_nmi] = {send_nmi, RING1_XEN_3_2},
    [VCPUOP_get_physid] = {get_physid, RING1_XEN_4_17},
    [VCPUOP_register_vcpu_time_memory_area] = {register_time, RING1_XEN_4_17},
};

int32_t do_vcpu_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    enum ring1_xen xen = d->abi->xen;
    uint32_t cmd = arg[0], id = arg[1];
    if (id >= MAX_VCPUS && xen < RING1_XEN_4_17)
        return refuse(d, -XEN_EINVAL, "vcpu %u: there can be %u", id, MAX_VCPUS);
    if (PLANTED(sign) ? (int32_t)id >= (int32_t)d->s.nr_vcpus : id >= d->s.nr_vcpus)
        return refuse(d, -XEN_ENOENT, "there is no vcpu %u", id);
    if (cmd < G_N_ELEMENTS(cmds) && xen >= cmds[cmd].from)
        return cmds[cmd].fn(v, &d->s.vcpu[id], GVA(arg[2]));
    /* 3.0.0 answers 0 for what it does not know. */
    return xen == RING1_XEN_3_0_0
               ? 0
               : refuse(d, -XEN_ENOSYS, "vcpu command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}
