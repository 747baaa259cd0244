/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fpu.c - fpu_taskswitch: the virtual CR0.TS (docs/xen-abi.md 8.5), and 2.0's
 * set_fast_trap (6.3, 8.11).
 */
#include "hypercall.h"

static void set_ts(struct vcpu *v, bool ts)
{
    v->ts = ts;
    vcpu_attend(v, ATTN_TS);
}

int32_t do_fpu_taskswitch(struct vcpu *v, const uint32_t *arg)
{
    set_ts(v, arg[0] != 0);
    return 0;
}

int32_t do_fpu_taskswitch_2_0(struct vcpu *v, const uint32_t *arg)
{
    (void)arg;
    set_ts(v, true);
    return 0;
}

/* One vector may enter the guest without Xen; not one that masks events, for the
 * CPU cannot do that. */
int32_t do_set_fast_trap(struct vcpu *v, const uint32_t *arg)
{
    uint32_t vector = arg[0];
    if (vector == 0) {
        v->fast_trap = 0;
        return 0;
    }
    if (vector != 0x80 && (vector < 0x20 || vector > 0x2F))
        return refuse(v->domain, -1, "vector %#x may not be fast", vector);
    const struct trap_gate *gate = &v->traps[vector];
    if (TRAP_MASKS_EVENTS(gate) || (gate->cs & ~3u) == 0)
        return refuse(v->domain, -1, "vector %#x: its entry masks events or has no CS", vector);
    v->fast_trap = (int)vector;
    return 0;
}
