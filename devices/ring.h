/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring.h - a back end's side of the rings of requests and responses that block and
 * network share with a front end (docs/xen-abi.md 9.4; Xen's io/ring.h): one or more
 * granted pages, 64 bytes of indices, then slots. What stands there belongs to the
 * guest: each slot is copied once, and indices that cannot be are an error.
 */
#ifndef DEVICES_RING_H
#define DEVICES_RING_H

#include "dispatch/grant.h"
#include "dispatch/state_type.h"

#define RING_PAGES_MAX 16u
#define RING_HEADER    64u
#define RING_SLOT_MAX  128u
#define RING_RESPONSE  16u /* bytes of a response at most */

/* Plain data: a device saves it with its own state. */
struct ring {
    struct grant_mapping page[RING_PAGES_MAX];
    unsigned nr_pages; /* 0: there is no ring */
    uint32_t slot;     /* bytes of a slot: the larger of request and response */
    uint32_t nr_slots;
    uint32_t req_cons; /* next request to take */
    uint32_t rsp_prod; /* next response to write */
};

/* Map the pages `refs` as a ring of slots of `slot` bytes, in the state in which it
 * stands there. 0, or a GNTST_* status with domain.why set; nothing is mapped then. */
int16_t ring_map(struct domain *d, struct ring *r, const uint32_t *refs, unsigned nr_pages, uint32_t slot);
/* Nothing happens to one that is not mapped. */
void ring_unmap(struct domain *d, struct ring *r);

/* For snapshots. One that was read from a file: false, it cannot be a ring of slots of `slot` bytes, or
 * its pages are not mapped. */
extern const struct state_type ring_state_type;
bool ring_check(const struct domain *d, const struct ring *r, uint32_t slot);
/* grant_pins of its pages. */
void ring_pins(const struct domain *d, const struct ring *r, uint32_t *pins);

enum ring_state {
    RING_EMPTY,
    RING_TAKEN,
    RING_BROKEN, /* req_prod is further than the ring is long */
};
/* Take the next request: `slot` bytes. */
enum ring_state ring_take(const struct domain *d, struct ring *r, void *request);
/* The same without taking it. */
enum ring_state ring_look(const struct domain *d, const struct ring *r, void *request);
/* Requests that wait. A broken ring has none. */
uint32_t ring_waiting(const struct domain *d, const struct ring *r);

/* Write a response, not seen by the front end before ring_push. */
void ring_respond(struct domain *d, struct ring *r, const void *response, uint32_t len);
/* Show the responses. True: the front end wants an event for them. */
bool ring_push(struct domain *d, struct ring *r);
/* The back end would wait: ask for an event at the next request. True: one is there
 * already. */
bool ring_wait(struct domain *d, struct ring *r);
/* True: `nr` requests are there. Else ask for an event at the next one; a broken ring
 * never has them. */
bool ring_wait_for(struct domain *d, struct ring *r, uint32_t nr);

#endif
