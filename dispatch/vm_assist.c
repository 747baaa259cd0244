/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vm_assist.c - turning Xen's helping hands on and off (docs/xen-abi.md 5.8).
 */
#include "hypercall.h"

#include <xen/errno.h>

enum {
    VMASST_CMD_enable = 0,
    VMASST_CMD_disable = 1,
};

/* Types 0 to this one exist: writable_pagetables, pae_extended_cr3,
 * runstate_update_flag are the last. */
static unsigned last_type(const struct abi *abi)
{
    if (abi->xen <= RING1_XEN_3_0_0)
        return 2;
    return abi->xen >= RING1_XEN_4_17 ? 5 : 3;
}

int32_t do_vm_assist(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t cmd = arg[0], type = arg[1];

    if (type > last_type(d->abi))
        return refuse(d, -XEN_EINVAL, "type %u is unknown to Xen %s", type, d->abi->xen_name);
    switch (cmd) {
    case VMASST_CMD_enable:
        d->s.vm_assist |= 1u << type;
        return 0;
    case VMASST_CMD_disable:
        d->s.vm_assist &= ~(1u << type);
        return 0;
    default:
        return refuse(d, -XEN_ENOSYS, "command %u is unknown", cmd);
    }
}
