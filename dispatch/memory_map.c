/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_map.c - memory_op's memory_map and set_memory_map (docs/xen-abi.md 5.9):
 * where the domain's memory lies. Today's toolstack gives a domain one range of
 * RAM and lets it set another map for itself; older ones gave none.
 */
#include "hypercall.h"
#include "memory_priv.h"
#include "mmu.h"

#include <string.h>

#define E820_RAM     1u
#define E820MAX_3_X  3u
#define E820MAX_4_17 1024u

/* The map as it is: the builder's, until the guest set one. */
static uint32_t current_map(const struct domain *d, const struct e820_entry **map, struct e820_entry *builder)
{
    if (d->s.e820_set) {
        *map = d->s.e820;
        return d->s.e820_nr;
    }
    if (d->abi->xen < RING1_XEN_4_17)
        return 0;
    *builder = (struct e820_entry){0, (uint64_t)d->s.max_pages << RING1_PAGE_SHIFT, E820_RAM};
    *map = builder;
    return 1;
}

int32_t get_memory_map(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    const struct e820_entry *map;
    struct e820_entry builder;
    struct {
        uint32_t nr_entries, buffer;
    } out;
    /* Older Xens ask for the map before the argument. */
    if (d->abi->xen < RING1_XEN_4_17 && current_map(d, &map, &builder) == 0)
        return refuse(d, -XEN_ENOSYS, "domain %u has no memory map", d->s.domid);
    if (guest_read(v, arg, &out, sizeof out))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    uint32_t nr = current_map(d, &map, &builder);
    if (nr == 0)
        return refuse(d, -XEN_ENOSYS, "domain %u has no memory map", d->s.domid);
    out.nr_entries = MIN(out.nr_entries, nr);
    if ((out.nr_entries && guest_write(v, GVA(out.buffer), map, out.nr_entries * (uint32_t)sizeof *map)) ||
        guest_write(v, arg, &out, sizeof out))
        return refuse(d, -XEN_EFAULT, "the map cannot be written to %#x", out.buffer);
    return 0;
}

static int32_t set_own_map(struct vcpu *v, gva_t buffer, uint32_t nr)
{
    struct domain *d = v->domain;
    struct e820_entry map[MAX_E820] = {0};
    if (nr > MAX_E820)
        return refuse(d, -XEN_ENOMEM, "%u entries: only %u are kept here", nr, MAX_E820);
    if (nr && guest_read(v, buffer, map, nr * (uint32_t)sizeof *map))
        return refuse(d, -XEN_EFAULT, "the map at %#x cannot be read", buffer.va);
    d->s.e820_set = true;
    d->s.e820_nr = nr;
    memcpy(d->s.e820, map, sizeof map);
    return 0;
}

int32_t set_memory_map(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct {
        uint16_t domid, pad;
        uint32_t nr_entries, buffer;
    } map;
    if (guest_read(v, arg, &map, sizeof map))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", arg.va);
    if (d->abi->xen < RING1_XEN_4_17) {
        if (map.nr_entries > E820MAX_3_X)
            return refuse(d, -XEN_EINVAL, "%u entries, %u at most", map.nr_entries, E820MAX_3_X);
        if (map.domid != FOREIGN_SELF)
            return refuse(d, -XEN_EPERM, "the map of domain %u, not of the caller", map.domid);
        return set_own_map(v, GVA(map.buffer), map.nr_entries);
    }
    if (map.nr_entries > E820MAX_4_17)
        return refuse(d, -XEN_EINVAL, "%u entries, %u at most", map.nr_entries, E820MAX_4_17);
    if (!domain_exists(d, map.domid))
        return refuse(d, -XEN_ESRCH, "no domain %u", map.domid);
    if (map.domid == DOMID_BACKEND)
        return refuse(d, -XEN_EPERM, "the map of domain %u, not of the caller", map.domid);
    return set_own_map(v, GVA(map.buffer), map.nr_entries);
}
