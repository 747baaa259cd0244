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

/* The n-th frame of the grant table. */
#define SEQ_WRITE_GRANT 0x80000000u

struct seq_writer {
    struct seq *seq;
    const struct abi *abi;
    const struct domain *domain; /* NULL: what is known of frames is in `known` */
    struct seq_frames *frames;   /* names of frames; calls that give some add to them */
    unsigned *nr_results;        /* that have a name: r1, r2, ... */
    GHashTable *known;           /* mfn -> pfn + 1, or SEQ_WRITE_GRANT + n; or NULL */
    uint32_t shared_info;        /* with `known`: its mfn, 0: not known */
    struct seq_item *call;       /* that gets arguments, or outputs */
    bool output;
    bool cut;          /* something of it was not to be had: see limits */
    GPtrArray *parent; /* struct seq_value, the innermost last */
};

/* The sink for decode_input and decode_output; `user` is a struct seq_writer. */
extern const struct decode_sink seq_write_sink;

void seq_writer_init(struct seq_writer *w, struct seq *seq, const struct domain *domain,
                     struct seq_frames *frames, unsigned *nr_results);
void seq_writer_clear(struct seq_writer *w);

/* A call's own time, as a world counts it: `int $0x82`. Beside it comes what Xen took. */
#define SEQ_CALL_NS (TRAP_NS + 2 * CPU_NS_PER_BYTE)
/* A line that lets time pass until `ns`, when a call of this number begins that may
 * look at it, or much has passed; *time is what a run of the lines before has. */
void seq_write_time(const struct seq_writer *w, uint64_t *time, unsigned nr, uint64_t ns);

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
