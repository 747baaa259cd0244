/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_frames.h - what the frames of a domain are called in a sequence that is captured:
 * those that it had at the start by their pages, whatever becomes of the m2p, and those
 * that a call gave by that call's output.
 */
#ifndef DEBUG_SEQ_FRAMES_H
#define DEBUG_SEQ_FRAMES_H

#include <dispatch/domain.h>
#include <glib.h>

/* r1 and .extent_start[2], and how many frames behind that one. */
struct seq_given {
    char *result, *path;
    uint32_t offset;
};

/* With the pages that the domain has now. */
struct seq_frames *seq_frames_new(const struct domain *d);
void seq_frames_free(struct seq_frames *f);

/* From here on the frame, and those behind it, have this name. */
void seq_frames_give(struct seq_frames *f, mfn_t mfn, uint32_t nr, const char *result, const char *path);
/* NULL: no call gave it. */
const struct seq_given *seq_frames_given(const struct seq_frames *f, mfn_t mfn);
/* The page that it was at the start; false for one that a call gave since, too. */
bool seq_frames_page(const struct seq_frames *f, mfn_t mfn, uint32_t *pfn);

#endif
