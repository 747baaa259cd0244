/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant_priv.h - what the files of grant_table_op share: active entries, which say
 * who uses a grant right now, and map handles.
 */
#ifndef DISPATCH_GRANT_PRIV_H
#define DISPATCH_GRANT_PRIV_H

#include "grant.h"
#include "page_type.h"

#include <xen/errno.h>
#include <xen/grant_table.h>

/* Counts of uses in struct active_entry.pin, a byte each. */
#define PIN_HOST_WRITE   0x00000001u
#define PIN_HOST_READ    0x00000100u
#define PIN_DEVICE_WRITE 0x00010000u
#define PIN_DEVICE_READ  0x01000000u
#define PIN_WRITE_MASK   0x00FF00FFu

/* A grant in use; one for each entry of the table. They and the maptrack lie in
 * frames that are Xen's own. */
struct active_entry {
    uint32_t pin;
    uint32_t frame; /* what is valid while pin is not 0: the guest may change its entry */
    uint16_t domid; /* who uses it */
    uint16_t pad[3];
};
G_STATIC_ASSERT(sizeof(struct active_entry) == 16);
#define ACTIVE_PER_FRAME (RING1_PAGE_SIZE / (uint32_t)sizeof(struct active_entry))

/* A mapping that the guest made, by handle. */
struct maptrack_entry {
    uint32_t ref;   /* the grant; of a free handle: the next free one */
    uint16_t flags; /* GNTMAP_*; 0: not mapped */
    uint16_t domid;
    uint32_t vcpu; /* whose list it goes back to */
    uint32_t pad;
};
G_STATIC_ASSERT(sizeof(struct maptrack_entry) == 16);

struct active_entry *active_entry(const struct domain *d, uint32_t ref);
/* The entry of a handle below maptrack_limit. */
struct maptrack_entry *maptrack_entry(const struct domain *d, uint32_t handle);
uint32_t maptrack_limit(const struct domain *d);

/* A frame of Xen's that the guest has nothing to do with, zeroed; frame 0: none. */
mfn_t xen_frame_alloc_hidden(struct domain *d);

/* GNTST_* with the words why, of which the first of a call stay. */
int16_t grant_fail(struct domain *d, int16_t status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The guest's entry was written: its frame is marked. */
void grant_changed(struct domain *d, uint32_t ref);
/* Why a grant of the back ends' domain cannot be had: it makes none. */
int16_t grant_backend_ref(struct domain *d, uint32_t ref);

/* Who may be named as a domain: the guest itself and the back ends'. */
static inline bool domain_known(const struct domain *d, uint16_t dom)
{
    return dom == d->s.domid || dom == DOMID_BACKEND;
}

/* Begin a use of the guest's grant `ref` by `user`: flags and counts of the grant,
 * and one general reference to the frame. `increment` is a sum of PIN_*. */
struct pin_request {
    uint32_t ref, increment;
    uint16_t user;
    bool readonly;
    bool whole_page; /* a mapping: no sub-page grant will do */
};
int16_t grant_pin(struct domain *d, const struct pin_request *r, mfn_t *mfn);
/* Its end, but for the reference. */
void grant_unpin(struct domain *d, uint32_t ref, uint32_t increment, bool readonly);

/* map_grant_ref and its kin, as grant_table_op reads and writes them. */
struct map_op {
    uint64_t host_addr;
    uint32_t flags;
    uint32_t ref;
    uint16_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct map_op) == 32);

/* unmap_grant_ref and unmap_and_replace, whose second address is another thing. */
struct unmap_op {
    uint64_t host_addr;
    uint64_t other_addr;
    uint32_t handle;
    int16_t status;
    uint16_t pad;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct unmap_op) == 24);

void grant_map_op(struct vcpu *v, struct map_op *op);
void grant_unmap_op(struct vcpu *v, struct unmap_op *op, bool replace);

#endif
