/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_priv.h - what the files of memory_op share.
 */
#ifndef DISPATCH_MEMORY_PRIV_H
#define DISPATCH_MEMORY_PRIV_H

#include "access.h"

/* Is that number one of a domain: the caller's, or the back ends'? */
bool domain_exists(const struct domain *d, uint16_t domid);

int32_t get_memory_map(struct vcpu *v, gva_t arg);
int32_t set_memory_map(struct vcpu *v, gva_t arg);

enum {
    XENMEM_increase_reservation = 0,
    XENMEM_decrease_reservation = 1,
    XENMEM_maximum_ram_page = 2,
    XENMEM_current_reservation = 3,
    XENMEM_maximum_reservation = 4,
    XENMEM_machphys_mfn_list = 5,
    XENMEM_populate_physmap = 6,
    XENMEM_add_to_physmap = 7,
    XENMEM_translate_gpfn_list = 8,
    XENMEM_memory_map = 9,
    XENMEM_machine_memory_map = 10,
    XENMEM_exchange = 11,
    XENMEM_machphys_mapping = 12,
    XENMEM_set_memory_map = 13,
    XENMEM_maximum_gpfn = 14,
    XENMEM_remove_from_physmap = 15,
    XENMEM_set_pod_target = 16,
    XENMEM_get_pod_target = 17,
    XENMEM_get_sharing_freed_pages = 18,
    XENMEM_get_sharing_shared_pages = 19,
    XENMEM_access_op = 21,
    XENMEM_add_to_physmap_batch = 23,
    XENMEM_machphys_compat_mfn_list = 25,
    XENMEM_get_vnumainfo = 26,
    XENMEM_reserved_device_memory_map = 27,
    /* 4.17 has more, for toolstacks. */
    XENMEM_acquire_resource = 28,
};

struct xen_memory_reservation {
    uint32_t extent_start, nr_extents, extent_order, mem_flags;
    uint16_t domid, pad;
};
G_STATIC_ASSERT(sizeof(struct xen_memory_reservation) == 20);

struct xen_memory_exchange {
    struct xen_memory_reservation in, out;
    uint32_t nr_exchanged;
};
G_STATIC_ASSERT(sizeof(struct xen_memory_exchange) == 44);

/* Highest order of an extent that 4.17 gives a domain without devices; older
 * Xens give single pages only. */
#define MAX_ORDER_4_17 9u
/* 2^order frames, which a domain has or gets at once. */
unsigned extent_max_order(const struct domain *d);
/* Where frames end that a machine address of as many bits as mem_flags says can
 * name; 0 bits: any. Older Xens are not known well enough. */
uint32_t extent_end(const struct domain *d, uint32_t mem_flags);
/* mem_flags' NUMA node is a wish; a domain that insists on one must have the right to. */
bool node_may_be_asked(const struct domain *d, uint32_t mem_flags);
/* Free ones below `end`, aligned, found from *cursor on, which is left behind them: one call
 * looks at each frame once, and a row of calls for single ones too. */
bool extent_find(struct domain *d, unsigned order, uint32_t end, uint32_t *cursor, mfn_t *first);
void extent_assign(struct domain *d, mfn_t first, unsigned order);
void extent_release(struct domain *d, mfn_t first, unsigned order);

int32_t memory_exchange(struct vcpu *v, gva_t arg);

#endif
