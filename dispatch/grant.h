/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant.h - the domain's grant table (docs/xen-abi.md 8.20), and how the back ends'
 * domain uses what the guest grants it.
 */
#ifndef DISPATCH_GRANT_H
#define DISPATCH_GRANT_H

#include "domain.h"
#include "state_type.h"

/* --- the table -------------------------------------------------------------------- */

/* A frame of Xen's, shared with the domain: its own and writable for good, no
 * part of its p2m, zeroed. Frame 0 when the machine has none to spare. */
mfn_t xen_frame_alloc(struct domain *d);

/* Make the table as it is when the domain starts: the first frames, and from 4.17
 * on the entries for console and xenstore that a toolstack fills. Served lazily
 * by grant_table_op too; a second call does nothing. False: no frames left. */
bool grant_init(struct domain *d);

/* Frames that the table starts with, and may grow to; frames that Xen needs
 * behind the largest table, its own ones included. */
unsigned grant_initial_frames(const struct abi *abi);
unsigned grant_max_frames(const struct abi *abi);
unsigned grant_frames_needed(const struct abi *abi);
/* Have at least nr_frames; false: no frames left. */
bool grant_grow(struct domain *d, unsigned nr_frames);

/* Entries of the table as large as it is now. */
uint32_t grant_nr_entries(const struct domain *d);

/* An entry of the guest's table, version 1. */
struct grant_entry {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};
G_STATIC_ASSERT(sizeof(struct grant_entry) == 8);

/* The guest's entry `ref`, or NULL beyond the table. It is shared memory: copy
 * it once before looking at it. */
struct grant_entry *grant_entry(const struct domain *d, uint32_t ref);

/* --- for back ends ------------------------------------------------------------------ */

/* What the back ends' domain (DOMID_BACKEND) does with a grant of the guest, by
 * the rules that map_grant_ref has for everybody. A status is 0 or a GNTST_* code;
 * domain.why says what was wrong. No grant can be taken back, nor its frame go to
 * another use, while it is mapped.
 *
 * A mapping is plain data: a device saves it with its own state, and it holds in a
 * restored machine. */
struct grant_mapping {
    uint32_t ref;
    mfn_t mfn;
    bool readonly;
    bool mapped;
};

/* Map a whole page. Every mapping that is made must be unmapped. */
int16_t grant_map(struct domain *d, uint32_t ref, bool readonly, struct grant_mapping *out);
/* Nothing happens to one that is not mapped. */
void grant_unmap(struct domain *d, struct grant_mapping *m);

/* The page's 4096 bytes. The guest may change them at any time: look once. After
 * writing to them, grant_written. */
static inline uint8_t *grant_bytes(const struct domain *d, const struct grant_mapping *m)
{
    return (uint8_t *)frame_ptr(d->mem, m->mfn);
}
void grant_written(struct domain *d, const struct grant_mapping *m);

/* One that was read from a file: false, it is of a grant or a frame that there is not. */
bool grant_mapping_check(const struct domain *d, const struct grant_mapping *m);
/* What it adds to the uses of its grant (domain_check): `pins` has one for each grant. */
void grant_pins(const struct domain *d, const struct grant_mapping *m, uint32_t *pins);
extern const struct state_type grant_mapping_state_type;

/* Copy from and to a granted page without mapping it: GNTST_bad_copy_arg when
 * offset and len reach beyond the page. */
int16_t grant_copy_from(struct domain *d, uint32_t ref, uint32_t offset, void *to, uint32_t len);
int16_t grant_copy_to(struct domain *d, uint32_t ref, uint32_t offset, const void *from, uint32_t len);
/* Give the guest a page of its own for the one that it awaits at `ref` (8.20's transfer),
 * with these bytes in it. */
int16_t grant_transfer(struct domain *d, uint32_t ref, uint32_t offset, const void *from, uint32_t len);

/* The guest's own mappings end without a trace in its tables, as when a domain
 * dies: no grant stays in use but what back ends have mapped. */
void grant_release_all(struct domain *d);

#endif
