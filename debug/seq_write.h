/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_write.h - calls that are seen, as lines of a sequence: what decode.h takes apart
 * becomes values of seq.h. Frames get the number of their page, so that the sequence
 * means the same wherever Xen puts it.
 */
#ifndef DEBUG_SEQ_WRITE_H
#define DEBUG_SEQ_WRITE_H

#include "decode.h"
#include "seq.h"
#include "seq_frames.h"

struct seq_writer {
    struct seq *seq;
    const struct domain *domain;
    struct seq_frames *frames; /* names of frames; calls that give some add to them */
    unsigned *nr_results;      /* that have a name: r1, r2, ... */
    struct seq_item *call;     /* that gets arguments, or outputs */
    bool output;
    bool cut;          /* something of it was not to be had: see limits */
    GPtrArray *parent; /* struct seq_value, the innermost last */
};

/* The sink for decode_input and decode_output; `user` is a struct seq_writer. */
extern const struct decode_sink seq_write_sink;

void seq_writer_init(struct seq_writer *w, struct seq *seq, const struct domain *domain,
                     struct seq_frames *frames, unsigned *nr_results);
void seq_writer_clear(struct seq_writer *w);

/* The frame as mfn(page) when it is a page's or one of Xen's that have a word; else as
 * its number. */
struct seq_value *seq_write_frame(const struct seq_writer *w, uint64_t mfn);
struct seq_value *seq_write_maddr(const struct seq_writer *w, uint64_t maddr);
/* An entry of a page table. */
struct seq_value *seq_write_entry(const struct seq_writer *w, uint64_t entry);
/* A result: an errno by its name. */
struct seq_value *seq_write_result(const struct seq_writer *w, int32_t result);

/* The page of a frame that is the domain's memory, by its m2p. */
bool seq_write_page_of(const struct domain *d, mfn_t mfn, uint32_t *pfn);

#endif
