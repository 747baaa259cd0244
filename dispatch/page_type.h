/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_type.h - who may use a frame for what: general and type references,
 * validation of page tables and descriptor pages, pins (docs/xen-abi.md 5.4 to
 * 5.6). Everything that enters a page table or a CR3 goes through here, so that
 * a guest can never write to a table behind Xen's back.
 *
 * Results are 0 or -errno as Xen 4.17 gives them; older ones know -EINVAL alone,
 * which is mmu_errno's business.
 */
#ifndef DISPATCH_PAGE_TYPE_H
#define DISPATCH_PAGE_TYPE_H

#include "access.h"

/* Bits 51:12 of an entry. */
#define PTE_FRAME 0x000FFFFFFFFFF000ull

/* The type of the table that CR3 points at. */
static inline enum page_type root_type(const struct abi *abi)
{
    return abi->levels == 2 ? PGT_l2_table : PGT_l3_table;
}

static inline bool is_table(enum page_type type)
{
    return type >= PGT_l1_table && type <= PGT_l3_table;
}

/* "an L1 table", for messages. */
const char *page_type_name(enum page_type type);

/* What a frame is used as, for a refusal: "an L2 table (pinned, CR3 of vcpu 0, 2 uses)".
 * Good until the next call; empty when nobody wants to know. */
const char *page_use(struct domain *d, mfn_t mfn);
/* The same, for who asks without being refused anything. */
void page_use_words(const struct domain *d, mfn_t mfn, char *text, size_t size);
/* A validated table with an entry that holds the frame, of L1 tables alone and for writing
 * with `writable`: the first from *index of *table on. Looks at all tables. */
bool page_find_entry(const struct domain *d, mfn_t mfn, bool writable, mfn_t *table, unsigned *index);
/* d->why for a watcher: with the entry that holds the frame which it was about. */
const char *page_why(struct domain *d);
/* The names of an entry's flags, likewise. */
const char *pte_flag_names(struct domain *d, uint64_t flags);

/* What an entry's failure is for the guest: -EINVAL before 4.17. */
static inline int32_t mmu_errno(const struct domain *d, int32_t err)
{
    return err && d->abi->xen < RING1_XEN_4_17 ? -22 /* EINVAL */ : err;
}

/* A general reference: the frame exists and is the domain's, else -EINVAL. A
 * frame is free when the last one goes. */
int32_t page_get(struct domain *d, mfn_t mfn);
void page_put(struct domain *d, mfn_t mfn);

/* A reference to the frame's use as `type`, on top of a general one that the
 * caller holds: the type changes when nobody uses the present one, and a table or
 * descriptor page is validated then. */
int32_t page_get_type(struct domain *d, mfn_t mfn, enum page_type type);
void page_put_type(struct domain *d, mfn_t mfn);
/* One more reference to the use as what the frame is, or last was. */
int32_t page_get_same_type(struct domain *d, mfn_t mfn);

/* Both at once. */
int32_t page_get_and_type(struct domain *d, mfn_t mfn, enum page_type type);
void page_put_and_type(struct domain *d, mfn_t mfn);

/* A pin holds a general and a type reference, once a frame. */
int32_t page_pin(struct domain *d, mfn_t mfn, enum page_type type);
int32_t page_unpin(struct domain *d, mfn_t mfn);

/* The references of a CR3; the caller sets v->cr3. */
int32_t page_take_cr3(struct domain *d, mfn_t mfn);
void page_drop_cr3(struct domain *d, mfn_t mfn);

/* Replace an entry of a table that is validated as the level the name says.
 * `owner` is whose frames an L1 entry may map: the domain's number, or
 * OWNER_DOMID_IO. Refused entries leave the table as it was. */
int32_t mod_l1_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value, uint16_t owner);
int32_t mod_l2_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value);
int32_t mod_l3_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value);

/* For grants, whose references are taken before the entry is looked for: write
 * an L1 entry that comes with its references, and drop those of the old one. */
void place_l1_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value);
/* The references of an entry that stands nowhere. */
void drop_l1_entry(struct domain *d, uint64_t value);

/* A free frame becomes the domain's memory, with the reference of its being
 * allocated. */
void page_assign(struct domain *d, mfn_t mfn);
/* The domain gives a frame back: the reference of its being allocated goes, and before
 * 4.17 its pin; it is free when nothing else holds it. False when it was not allocated. */
bool page_release(struct domain *d, mfn_t mfn);
/* The domain's, and nothing but its being allocated holds it: it can be given
 * away. */
bool page_is_only_allocated(const struct domain *d, mfn_t mfn);
/* A frame of Xen's that the domain may map writable and never use for anything
 * else: shared_info, grant table. Not counted as the domain's memory. */
void page_share(struct domain *d, mfn_t mfn);

/* Count every reference anew from pins, tables, CR3s, GDTs, LDTs and grants and compare
 * with what the frames hold. True when all agree; else `report`, if not NULL,
 * gets a line a frame. For tests and debugging. */
bool page_recount(const struct domain *d, GString *report);

/* The same for who does it after each call: `mfns` are all frames that anybody has; NULL: all there
 * are, `nr`. */
struct recount_room;
struct recount_room *recount_room_new(const struct memory *mem);
void recount_room_free(struct recount_room *room);
bool page_recount_of(const struct domain *d, struct recount_room *room, const uint32_t *mfns, uint32_t nr,
                     GString *report);

#endif
