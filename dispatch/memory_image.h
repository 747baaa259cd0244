/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_image.h - machine memory as it stood once: bytes, owners, types, counts.
 * Images of one memory share what did not change between them, so that one more costs
 * what was written since the last; they are never changed, and may be put into
 * another memory of the same size.
 *
 * What was written is told by MARK_DIRTY, set since memory was saved
 * or restored last. Only Xen's own frames may be
 * written past the marks: they are compared.
 */
#ifndef DISPATCH_MEMORY_IMAGE_H
#define DISPATCH_MEMORY_IMAGE_H

#include "memory.h"

struct memory_image;

/* Take an image; its memory's marks are clean then. Whoever lets a CPU write on without
 * a mark takes that back first: its TLB is to be empty. */
struct memory_image *memory_save(struct memory *mem);

/* Memory becomes the image. `code_changed` (may be NULL) is told of each frame with
 * MARK_EXECUTED that got other bytes; the mark is left to it. The TLB is to be emptied. */
typedef void (*memory_code_fn)(void *user, mfn_t mfn);
void memory_restore(struct memory *mem, struct memory_image *image, memory_code_fn code_changed, void *user);

/* The same, back to what memory was saved as or restored to last, at the price of what was
 * touched since: of Xen's own frames, too, only what is marked is looked at. Each may be NULL. `keep`: its
 * mark stays for a frame of which it is true, since a CPU may go on writing there without telling. */
struct memory_rewind {
    void *user;
    memory_code_fn code_changed;
    bool (*keep)(void *user, mfn_t mfn);
    /* A page table got other bytes, or came or went. */
    void (*tables_changed)(void *user);
};
void memory_rewind(struct memory *mem, const struct memory_rewind *how);
/* Memory is as it was saved or restored last, and no CPU writes without telling: no mark is left. */
void memory_clean(struct memory *mem);

/* NULL is allowed. Images may be held and let go of in any thread. */
void memory_image_unref(struct memory_image *image);

uint32_t memory_image_nr_frames(const struct memory_image *image);
/* The bytes of a frame; NULL: zeroes. The same bytes in two images of one memory mostly
 * are the same pointer. */
const uint8_t *memory_image_page(const struct memory_image *image, mfn_t mfn);

/* False: there are but zeroes in the frame, and nobody ever wrote there. */
bool memory_may_differ_from_zero(const struct memory *mem, mfn_t mfn);

#endif
