/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * frames.h - which machine frames a machine has and what each is for: low I/O
 * frames, Xen's own hidden ones, the domain's memory in one of four numberings,
 * and some free frames for balloons and exchanges.
 */
#ifndef EMU_FRAMES_H
#define EMU_FRAMES_H

#include <dispatch/domain.h>

#include <glib.h>

/* Frames below the first MiB of a real machine: no memory (docs/xen-abi.md 5.1). */
#define FRAMES_IO 256u

/* Frame numbers that fit the start of day: page tables of the non-PAE ABIs hold 20
 * bits, and start_info.shared_info and CR3 are 32-bit machine addresses. */
#define FRAMES_BELOW_4G 0x100000u

/* What RING1_MFN_SPARSE has beside: nobody's, the domain's frames lie scattered among them. */
#define FRAMES_SPARSE 0x30000u

struct frame_plan {
    enum ring1_mfn_mode mode;
    uint32_t nr_frames; /* memory_new takes this */
    uint32_t io;        /* [0, io): none with identity */
    uint32_t ram;       /* [ram, ram + nr_pages): the domain's */
    uint32_t nr_pages;
    uint32_t hidden; /* shared_info, the GDT page, then the m2p */
    uint32_t nr_hidden;
    uint32_t m2p, m2p_frames;
    /* Free: for grant tables, what the domain may grow by, and 1/64 of nr_pages, at
     * least 64, to exchange with; fewer of those where numbers are scarce. */
    uint32_t spare, nr_spare;
    uint32_t nr_row; /* the last of them are never shuffled: for extents of many frames */
};

/* Is the numbering drawn from a seed? */
bool frames_are_drawn(enum ring1_mfn_mode mode);

/* Plan a machine for `nr_pages` of domain memory that may grow to `max_pages`.
 * RING1_ERROR_OPTION when no such machine can be numbered: 4 GiB without PAE, or
 * under the identity. */
bool frames_plan(const struct abi *abi, uint32_t nr_pages, uint32_t max_pages, enum ring1_mfn_mode mode,
                 struct frame_plan *out, GError **error);

/* Give every frame of d->mem its owner, write the m2p, and set d->s.shared_info and
 * d->s.gdt_reserved. Returns the p2m, nr_pages long, which the caller frees: a
 * permutation drawn from `seed` when frames_are_drawn. The first `low` pages,
 * and all of Xen's, have frames below 4 GiB. */
uint32_t *frames_hand_out(struct domain *d, const struct frame_plan *plan, uint64_t seed, uint32_t low);

/* The same for a domain that comes back with `nr` pages, whose numbers are pfn[0..nr):
 * the frame of pfn[i] is element i. Its shared_info has another frame than before. */
uint32_t *frames_deal(struct domain *d, const struct frame_plan *plan, uint64_t seed, uint32_t low,
                      const uint32_t *pfn, uint32_t nr);

#endif
