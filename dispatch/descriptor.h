/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * descriptor.h - segment descriptors of the guest: what it may have in its GDT
 * and LDT, and the pages that hold them (docs/xen-abi.md 5.3, 8.2, 8.10).
 */
#ifndef DISPATCH_DESCRIPTOR_H
#define DISPATCH_DESCRIPTOR_H

#include "domain.h"

/* Whether a guest may have this descriptor; Xen changes some so that they can
 * be allowed (a limit cut at the hole, a DPL raised). */
bool check_descriptor(const struct domain *d, uint64_t *descriptor);

/* All of a page that is to hold descriptors: 0 or -EINVAL. Those before the one that is
 * refused may have been changed. */
int32_t validate_descriptors(struct domain *d, mfn_t mfn);

/* The guest touched its LDT at byte `offset` and the page there is not yet in
 * the CPU's LDT: type it and note it in v->ldt. False: it is not mapped, or is no
 * page of descriptors; the guest gets #PF with CR2 = ldt_base + offset, error
 * code 0. */
bool ldt_fault(struct vcpu *v, uint32_t offset);

/* After SET_LDT and a new CR3: Xens before 4.17 do not wait for the first page's use (13.5). */
void ldt_reload(struct vcpu *v);

/* Let go of the pages that ldt_fault typed: they are asked for anew. */
void ldt_drop(struct vcpu *v);
void ldt_drop_all(struct domain *d);

/* SET_LDT of mmuext_op and of 2.0's mmu_update: 0 or -EINVAL. */
int32_t ldt_set(struct vcpu *v, uint32_t base, uint32_t entries);

/* Replace the GDT by `nr` frames (MAX_GDT_FRAMES at most) with `entries` entries:
 * 0 or -EINVAL, then the old one stays. Also for vcpus brought up by vcpu_op. */
int32_t gdt_set(struct vcpu *v, const uint32_t *frames, uint32_t entries);

#endif
