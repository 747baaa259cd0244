/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory.h - machine memory: one host mapping, and for each frame its owner,
 * its type and its counts (docs/xen-abi.md 5.4). What a type means, and who may
 * take which, is page_type.h.
 */
#ifndef DISPATCH_MEMORY_H
#define DISPATCH_MEMORY_H

#include <glib.h>
#include <ring1/types.h>

struct domain;
struct memory_image;

/* Owners that are not domains (xen/include/public/xen.h). */
#define OWNER_DOMID_SELF 0x7FF0u
#define OWNER_DOMID_IO   0x7FF1u
#define OWNER_DOMID_XEN  0x7FF2u
#define OWNER_NOBODY     0x7FF4u

enum page_type {
    PGT_none = 0,
    PGT_l1_table,
    PGT_l2_table,
    PGT_l3_table,
    PGT_seg_desc, /* GDT or LDT page */
    PGT_writable,
};

/* Flags of struct frame. */
#define PGF_PINNED     0x01u /* holds one type reference */
#define PGF_VALIDATED  0x02u /* entries checked for the current type */
#define PGF_PAE_XEN_L2 0x04u /* the L2 of PAE slot 3: holds Xen's own slots */
#define PGF_ALLOCATED  0x08u /* holds one general reference: not freed */
#define PGF_SHARED                                                                                           \
    0x10u /* Xen's own, for the domain to map: holds one reference to                                        \
           * type writable, is never freed */

struct frame {
    uint32_t count;      /* general references; one while PGF_ALLOCATED */
    uint32_t type_count; /* references that need the present type */
    uint16_t owner;      /* domid, or OWNER_* */
    uint8_t type;        /* enum page_type; stays at type_count 0 ("sticky") */
    uint8_t flags;       /* PGF_* */
    /* Entries of its own that make linear tables of others; below 0: entries of others that
     * make one of it (page_linear.h). */
    int16_t linear;
    uint16_t zero; /* so that frames can be compared as they stand */
};

/* Marks of a frame, kept apart from struct frame because the CPU's side sets
 * them on every first access after a flush. */
#define MARK_DIRTY 0x01u /* changed since memory was as `last` has it */
#define MARK_WRITTEN                                                                                         \
    0x02u                   /* the guest holds or held a writable mapping of it in                           \
                             * the CPU's TLB */
#define MARK_EXECUTED 0x04u /* the CPU may hold translations of its code */
#define MARK_EPOCH    0x18u /* when code of it was last looked up: fill.c */
#define MARK_COOLED   0xE0u /* how often its code was forgotten since */

struct memory {
    uint8_t *base;        /* host mapping of nr_frames frames and two more */
    uint32_t nr_frames;   /* machine frames 0..nr_frames-1 exist */
    struct frame *frames; /* nr_frames, and zeroes up to a multiple of MEMORY_ROUND */
    uint8_t *marks;       /* nr_frames of MARK_*, likewise */
    uint8_t *touched;     /* one for MEMORY_ROUND frames: TOUCHED_*, of what may be another than it was when
                           * memory was saved or restored last */
    mfn_t m2p;            /* first frame of the m2p array: one u32 a machine frame */
    uint32_t m2p_frames;
    /* Two frames beyond, nobody's: one that is always zero, one to work in. */
    mfn_t zero, scratch;
    struct memory_image *last; /* as it was saved or restored last; NULL: it never was, all is zero */
};

#define TOUCHED_BYTES  1u /* MARK_DIRTY of one of them */
#define TOUCHED_FRAMES 2u /* struct frame of one of them */

#define MEMORY_EXTRA_FRAMES 2u
#define MEMORY_ROUND        64u

/* Host address of a frame. The frame must exist. */
static inline void *frame_ptr(const struct memory *mem, mfn_t mfn)
{
    return mem->base + ((size_t)mfn.mfn << RING1_PAGE_SHIFT);
}

static inline bool frame_exists(const struct memory *mem, mfn_t mfn)
{
    return mfn.mfn < mem->nr_frames;
}

static inline const struct frame *frame_info(const struct memory *mem, mfn_t mfn)
{
    return &mem->frames[mfn.mfn];
}

/* For whoever changes it. */
static inline struct frame *frame_edit(const struct memory *mem, mfn_t mfn)
{
    mem->touched[mfn.mfn / MEMORY_ROUND] |= TOUCHED_FRAMES;
    return &mem->frames[mfn.mfn];
}

/* Its bytes are about to change, and nobody holds translations of them. */
static inline void frame_dirty(const struct memory *mem, mfn_t mfn)
{
    mem->touched[mfn.mfn / MEMORY_ROUND] |= TOUCHED_BYTES;
    mem->marks[mfn.mfn] |= MARK_DIRTY;
}

/* Tell the CPU's side that Xen or a back end changed a frame's bytes: sets
 * MARK_DIRTY and, if the CPU may hold translations of the frame, has them
 * forgotten before the guest runs on. */
void frame_changed(struct domain *d, mfn_t mfn);

/* The m2p entry of a frame: what the guest reads at the m2p's place. */
uint32_t m2p_get(const struct memory *mem, mfn_t mfn);
void m2p_set(struct domain *d, mfn_t mfn, uint32_t pfn);

/* m2p entries that are no pfn (docs/xen-abi.md 5.2, 12.2). */
#define M2P_INVALID 0xFFFFFFFFu
#define M2P_FILLER  0x55555555u

/* Reserve machine memory for a machine of `nr_frames` frames: nothing of it is
 * touched, so that it costs nothing until used. NULL and errno when the host
 * refuses. */
struct memory *memory_new(uint32_t nr_frames);
void memory_free(struct memory *mem);

#endif
