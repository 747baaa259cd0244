/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * site.c - see site.h.
 */
#include "site.h"

#define INT_BYTES 2u

void site_of_call(struct vcpu *v, uint32_t *eip, unsigned *ring)
{
    const struct regs *r = vcpu_regs(v);
    *eip = r->eip - INT_BYTES;
    *ring = regs_ring(r);
}

void site_append(GString *out, struct vcpu *v, uint32_t eip)
{
    (void)v;
    g_string_append_printf(out, "%#x", eip);
}
