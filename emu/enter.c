/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * enter.c - the checks of IRET from ring 0 to the guest: what fails is the guest's
 * exception in 4.17, older Xens call its failsafe callback (docs/xen-abi.md 6.4, 6.5).
 */
#include "enter.h"

#include "dispatch/traps.h"

#define DESC_RW   (1u << 9)  /* of data: writable */
#define DESC_CONF (1u << 10) /* of code: conforming */
#define DESC_CODE (1u << 11)
#define DESC_S    (1u << 12)
#define DESC_DPL  13
#define DESC_P    (1u << 15)

static bool read_high(struct vcpu *v, uint16_t selector, uint32_t *hi)
{
    uint64_t desc;
    if ((selector & ~3u) == 0 || !selector_descriptor(v, selector, &desc))
        return false;
    *hi = (uint32_t)(desc >> 32);
    return true;
}

static unsigned check_cs(struct vcpu *v, uint16_t cs)
{
    uint32_t hi, rpl = cs & 3u;
    if (!read_high(v, cs, &hi) || (hi & (DESC_S | DESC_CODE)) != (DESC_S | DESC_CODE))
        return TRAP_gp_fault;
    uint32_t dpl = hi >> DESC_DPL & 3u;
    if (hi & DESC_CONF ? dpl > rpl : dpl != rpl)
        return TRAP_gp_fault;
    return hi & DESC_P ? 0 : TRAP_no_segment;
}

static unsigned check_ss(struct vcpu *v, uint16_t ss, uint32_t rpl)
{
    uint32_t hi;
    if ((ss & 3u) != rpl || !read_high(v, ss, &hi) ||
        (hi & (DESC_S | DESC_CODE | DESC_RW)) != (DESC_S | DESC_RW) || (hi >> DESC_DPL & 3u) != rpl)
        return TRAP_gp_fault;
    return hi & DESC_P ? 0 : TRAP_stack_error;
}

unsigned enter_check(struct vcpu *v, uint32_t *error)
{
    const struct regs *r = &v->regs;
    const struct abi *abi = v->domain->abi;
    /* The usual ones are Xen's own and cannot be bad. */
    if ((r->cs == abi->kernel_cs && r->ss == abi->kernel_ds) ||
        (r->cs == abi->user_cs && r->ss == abi->user_ds))
        return 0;
    unsigned vector = check_cs(v, (uint16_t)r->cs);
    *error = r->cs & 0xFFFCu;
    if (vector)
        return vector;
    *error = r->ss & 0xFFFCu;
    return check_ss(v, (uint16_t)r->ss, r->cs & 3u);
}
