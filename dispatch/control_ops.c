/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control_ops.c - calls of control domains and of device models: what an ordinary
 * domain is told, in Xen's order of checks (docs/xen-abi.md 8.7, 8.34 to
 * 8.41, with 12.2 and 13).
 */
#include "access.h"
#include "hypercall.h"

#include <xen/errno.h>

/* 4.17's versions of the structures, and their sizes for a 32-bit caller. */
#define PLATFORM_VERSION          0x03000001u
#define PLATFORM_SIZE             136u
#define SYSCTL_VERSION            0x15u
#define SYSCTL_SIZE               136u
#define DOMCTL_VERSION            0x15u
#define DOMCTL_SIZE               144u
#define DOMCTL_shadow_op          10u
#define DOMCTL_createdomain       1u
#define DOMCTL_getdomaininfo      5u
#define DOMCTL_vm_event_op        56u
#define DOMCTL_gdbsx_guestmemio   1000u
#define DOMCTL_nobody             0x7FF4u
#define DOMCTL_test_assign_device 45u

static int32_t denied(struct domain *d)
{
    return refuse(d, -XEN_EPERM, "only for domain 0: this is domain %u", d->s.domid);
}

static int32_t unreadable(struct domain *d, gva_t at)
{
    return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", at.va);
}

static bool domain_known(const struct domain *d, uint32_t dom)
{
    return dom == d->s.domid || dom == DOMID_BACKEND;
}

static int32_t no_domain(struct domain *d, uint32_t dom)
{
    return refuse(d, -XEN_ESRCH, "there is no domain %u", dom);
}

/* Before 4.17 the caller's rights are looked at first; since, the structure and
 * its version, the word after the command. `op` takes the whole structure. */
static int32_t read_op(struct vcpu *v, gva_t at, uint32_t *op, uint32_t size, uint32_t version)
{
    struct domain *d = v->domain;
    if (d->abi->xen < RING1_XEN_4_17)
        return denied(d);
    if (guest_read(v, at, op, size))
        return unreadable(d, at);
    if (op[1] != version)
        return refuse(d, -XEN_EACCES, "interface version %#x: Xen's is %#x", op[1], version);
    return 0;
}

int32_t do_platform_op(struct vcpu *v, const uint32_t *arg)
{
    uint32_t op[PLATFORM_SIZE / 4];
    int32_t rc = read_op(v, GVA(arg[0]), op, sizeof op, PLATFORM_VERSION);
    return rc ? rc : denied(v->domain);
}

int32_t do_sysctl(struct vcpu *v, const uint32_t *arg)
{
    uint32_t op[SYSCTL_SIZE / 4];
    int32_t rc = read_op(v, GVA(arg[0]), op, sizeof op, SYSCTL_VERSION);
    return rc ? rc : denied(v->domain);
}

int32_t do_domctl(struct vcpu *v, const uint32_t *arg)
{
    uint32_t op[DOMCTL_SIZE / 4];
    int32_t rc = read_op(v, GVA(arg[0]), op, sizeof op, DOMCTL_VERSION);
    if (rc)
        return rc;
    uint32_t cmd = op[0], dom = op[2] & 0xFFFFu;
    bool about_none =
        cmd == DOMCTL_createdomain || cmd == DOMCTL_getdomaininfo || cmd == DOMCTL_gdbsx_guestmemio ||
        ((cmd == DOMCTL_test_assign_device || cmd == DOMCTL_vm_event_op) && dom == DOMCTL_nobody);
    if (!about_none && !domain_known(v->domain, dom))
        return no_domain(v->domain, dom);
    return denied(v->domain);
}

/* The continuation of one domctl, which anybody may call. */
int32_t do_paging_domctl_cont(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t op[DOMCTL_SIZE / 4];
    if (guest_read(v, GVA(arg[0]), op, sizeof op))
        return unreadable(d, GVA(arg[0]));
    if (op[0] != DOMCTL_shadow_op || op[1] != DOMCTL_VERSION)
        return refuse(d, -XEN_EOPNOTSUPP, "domctl %u of version %#x", op[0], op[1]);
    if (!domain_known(d, op[2] & 0xFFFFu))
        return no_domain(d, op[2] & 0xFFFFu);
    return denied(d);
}

/* --- hvm_op: an ordinary PV domain is no HVM domain ------------------------- */

enum hvm_check {
    HVM_UNKNOWN = 0,
    HVM_PARAM,    /* {u16 domid, u32 index, u64}: read, index, domain, then no */
    HVM_DOMAIN,   /* {u16 domid, ...}: read, domain, rights, then no */
    HVM_DYING,    /* the same, another domain -EOPNOTSUPP */
    HVM_REQUEST,  /* no argument: served, and nobody listens */
    HVM_NO,       /* -EINVAL */
    HVM_GET_TIME, /* {u64 now}: served */
    HVM_TRACE,    /* served, and nobody traces */
    HVM_UNOFFERED,
    HVM_DENIED, /* up to 3.2: read, then -EPERM */
};

#define HVM_NR_PARAMS_4_17 39u
#define HVM_NR_PARAMS_OLD  16u

static const uint8_t hvm_4_17[] = {
    [0] = HVM_PARAM,  [1] = HVM_PARAM,   [5] = HVM_NO,  [9] = HVM_DYING,    [10] = HVM_GET_TIME,
    [11] = HVM_TRACE, [15] = HVM_DOMAIN, [23] = HVM_NO, [24] = HVM_REQUEST, [25] = HVM_UNOFFERED,
};
static const uint8_t hvm_old[] = {
    [0] = HVM_PARAM, [1] = HVM_PARAM, [2] = HVM_DENIED, [3] = HVM_DENIED, [4] = HVM_DENIED,
};

static int32_t not_hvm(struct domain *d)
{
    return refuse(d, -XEN_EINVAL, "domain %u is no HVM domain", d->s.domid);
}

static int32_t hvm_param(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    struct {
        uint16_t domid, pad;
        uint32_t index, value[2];
    } param;
    if (guest_read(v, at, &param, sizeof param))
        return unreadable(d, at);
    if (param.index >= (new ? HVM_NR_PARAMS_4_17 : HVM_NR_PARAMS_OLD))
        return refuse(d, -XEN_EINVAL, "there is no parameter %u", param.index);
    if (param.domid != OWNER_DOMID_SELF && !new)
        return denied(d);
    if (param.domid != OWNER_DOMID_SELF && !domain_known(d, param.domid))
        return no_domain(d, param.domid);
    return not_hvm(d);
}

static int32_t hvm_domain(struct vcpu *v, gva_t at, int32_t other)
{
    struct {
        uint16_t domid, rest[7];
    } who;
    uint16_t dom;
    if (guest_read(v, at, &who, sizeof who))
        return unreadable(v->domain, at);
    dom = who.domid;
    if (dom != OWNER_DOMID_SELF && !domain_known(v->domain, dom))
        return no_domain(v->domain, dom);
    if (dom == DOMID_BACKEND)
        return refuse(v->domain, other, "domain %u is another", dom);
    return not_hvm(v->domain);
}

static int32_t hvm_get_time(struct vcpu *v, gva_t at)
{
    uint64_t now = domain_now(v->domain);
    if (guest_write(v, at, &now, sizeof now))
        return refuse(v->domain, -XEN_EFAULT, "the answer at %#x cannot be written", at.va);
    return 0;
}

/* What nobody reads: an event of 28 bits, at most 28 bytes beside it. */
static int32_t hvm_trace(struct vcpu *v, gva_t at)
{
    uint32_t trace[8];
    if (guest_read(v, at, trace, sizeof trace))
        return unreadable(v->domain, at);
    if ((trace[0] & 0xFFFF) >> 12 || trace[0] >> 16 > 28)
        return refuse(v->domain, -XEN_EINVAL, "event %#x, %u bytes: 0xfff and 28 at most", trace[0] & 0xFFFF,
                      trace[0] >> 16);
    return 0;
}

int32_t do_hvm_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    uint32_t cmd = arg[0], word;
    gva_t at = GVA(arg[1]);
    uint8_t check = HVM_UNKNOWN;
    if (new &&cmd < G_N_ELEMENTS(hvm_4_17))
        check = hvm_4_17[cmd];
    else if (!new && d->abi->xen >= RING1_XEN_3_0_4 && cmd < G_N_ELEMENTS(hvm_old))
        check = hvm_old[cmd];
    switch (check) {
    case HVM_PARAM:
        return hvm_param(v, at);
    case HVM_DOMAIN:
        return hvm_domain(v, at, -XEN_EPERM);
    case HVM_DYING:
        return hvm_domain(v, at, -XEN_EOPNOTSUPP);
    case HVM_REQUEST:
        return at.va ? not_hvm(d) : 0;
    case HVM_NO:
        return not_hvm(d);
    case HVM_GET_TIME:
        return hvm_get_time(v, at);
    case HVM_TRACE:
        return hvm_trace(v, at);
    case HVM_UNOFFERED:
        return refuse(d, -XEN_EOPNOTSUPP, "HVM command %u is not offered", cmd);
    case HVM_DENIED:
        return guest_read(v, at, &word, sizeof word) ? unreadable(d, at) : denied(d);
    default:
        return refuse(d, -XEN_ENOSYS, "HVM command %u is unknown to Xen %s", cmd, d->abi->xen_name);
    }
}

/* --- device models ---------------------------------------------------------- */

#define DM_OP_MAX_BUFS 2u

int32_t do_dm_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t dom = arg[0] & 0xFFFFu, nr_bufs = arg[1];
    struct {
        uint32_t pointer, size;
    } bufs[DM_OP_MAX_BUFS];
    if (nr_bufs > DM_OP_MAX_BUFS)
        return refuse(d, -XEN_E2BIG, "%u buffers: at most %u", nr_bufs, DM_OP_MAX_BUFS);
    if (nr_bufs == 0)
        return refuse(d, -XEN_ENODATA, "%u buffers: at least 1", nr_bufs);
    if (guest_read(v, GVA(arg[2]), bufs, nr_bufs * (uint32_t)sizeof bufs[0]))
        return unreadable(d, GVA(arg[2]));
    if (!domain_known(d, dom))
        return no_domain(d, dom);
    return denied(d);
}
