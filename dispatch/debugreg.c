/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugreg.c - set_debugreg and get_debugreg (docs/xen-abi.md 8.8, 8.9 with 12.2
 * and 13), and #DB, which leaves its reasons in DR6. Breakpoints are found by
 * whoever runs the vcpu.
 */
#include "access.h"
#include "hypercall.h"
#include "traps.h"

#include <xen/errno.h>

#define CR4_DE      0x8u
#define DR6_ZERO    0x00001000u
#define DR6_ONE     0xFFFF0FF0u
#define DR7_ZERO    0x0000D800u
#define DR7_ONE     0x00000400u
#define DR7_GD      0x00002000u
#define DR7_ENABLED 0x000000FFu

static int32_t bad_register(struct domain *d, uint32_t reg)
{
    return refuse(d, d->abi->bad_debugreg, "there is no debug register %u", reg);
}

/* DR4 and DR5 stand for DR6 and DR7 while CR4.DE is clear, from 4.17 on. */
static bool aliases(const struct vcpu *v)
{
    return v->domain->abi->xen >= RING1_XEN_4_17 && !(v->cr4 & CR4_DE);
}

static bool address_ok(const struct domain *d, uint32_t value)
{
    if (d->abi->xen >= RING1_XEN_4_17)
        return true;
    /* 2.0 takes the m2p for the guest's. */
    if (d->abi->xen == RING1_XEN_2_0)
        return value <= d->abi->m2p_end - 4;
    return guest_range_ok(d, GVA(value), 4);
}

static int32_t set_dr7(struct vcpu *v, uint32_t value)
{
    struct domain *d = v->domain;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    if (value & DR7_GD)
        return refuse(d, -XEN_EPERM, "DR7 %#x: GD, bit 13, is Xen's", value);
    /* Each breakpoint has its type and its length, 2 bits each; 2 is a port as
     * type, and was nothing as length. */
    for (unsigned i = 16; i < 32 && (!new || value &DR7_ENABLED); i += new ? 4 : 2)
        if ((value >> i & 3u) == 2 && !(new && v->cr4 &CR4_DE))
            return refuse(d, -XEN_EPERM, "DR7 %#x: bits %u and %u are 2, which is not offered", value, i,
                          i + 1);
    if ((v->dr[7] | value) & DR7_ENABLED)
        vcpu_attend(v, ATTN_DEBUG);
    /* Older ones add no bit to 0: nothing is debugged. */
    v->dr[7] = value == 0 && d->abi->xen < RING1_XEN_3_2 ? 0 : (value & ~DR7_ZERO) | DR7_ONE;
    return 0;
}

int32_t do_set_debugreg(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t reg = arg[0], value = arg[1];
    if (reg > 7 || ((reg == 4 || reg == 5) && !aliases(v)))
        return bad_register(d, reg);
    if (reg == 7 || reg == 5)
        return set_dr7(v, value);
    if (reg == 6 || reg == 4) {
        v->dr[6] = (value & ~DR6_ZERO) | DR6_ONE;
        return 0;
    }
    if (!address_ok(d, value))
        return refuse(d, -XEN_EPERM, "DR%u %#x is not the guest's", reg, value);
    v->dr[reg] = value;
    if (v->dr[7] & DR7_ENABLED)
        vcpu_attend(v, ATTN_DEBUG);
    return 0;
}

/* 4.17 collects the bits of all exceptions in its own copy until the guest clears
 * them. Older ones show the CPU's register, where the four breakpoints' bits are
 * those of the last exception. */
void deliver_debug(struct vcpu *v, uint32_t reasons)
{
    if (v->domain->abi->xen >= RING1_XEN_4_17)
        v->dr[6] |= DR6_ONE | reasons;
    else
        v->dr[6] = (v->dr[6] & ~DR6_BREAKPOINTS) | DR6_ONE | reasons;
    deliver_exception(v, TRAP_debug, 0);
}

int32_t do_get_debugreg(struct vcpu *v, const uint32_t *arg)
{
    uint32_t reg = arg[0];
    bool old = v->domain->abi->xen < RING1_XEN_4_17;
    if (reg > 7)
        return bad_register(v->domain, reg);
    if (reg == 4 || reg == 5) {
        if (old)
            return 0;
        if (!aliases(v))
            return bad_register(v->domain, reg);
        reg += 2;
    }
    return (int32_t)v->dr[reg]; /* Xen's copy: 0 in the old ones until it is written */
}
