/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export.h - a sequence as a bootable kernel: it sets up the same pages and tables,
 * makes the same calls in the same order, prints each result and what came back, and
 * powers off.
 */
#ifndef DEBUG_SEQ_EXPORT_H
#define DEBUG_SEQ_EXPORT_H

#include "seq_program.h"

struct seq_export_options {
    bool skip_backends; /* leave out calls that need a back end's domain */
    /* Lines are "3: -16 +0x10008=0x3": number, result, and each word of its arguments in memory that the
     * call changed, by the number of the blob and its offset there. Ports are the sequence's own from 3 on, and no grant of a toolstack's is left, so that the
     * same kernel says the same wherever it runs. 3.2 and 4.17. */
    bool watch;
    /* Structures, and fields "structure.field", whose contents are not comparable, ended by NULL; or
     * NULL. */
    const char *const *private;
    int file;           /* an empty one that nobody needs, for libelf to write to; 0: it makes one */
};

struct seq_export {
    GBytes *elf;
    uint32_t memory_mib; /* that the domain needs */
    uint32_t nr_vcpus;   /* that it has */
    uint32_t va;         /* of the kernel's first page */
    GString *expected;   /* lines that it prints under ring1 */
    GString *left_out;   /* a line for each call that is not in it, and why */
};

/* False: RING1_ERROR_INPUT, "x.hc:3: ..."; the sequence does not agree with itself, or cannot
 * be exported; RING1_ERROR_OPTION, RING1_ERROR_HOST. */
bool seq_export(const struct seq *s, const struct seq_export_options *options, struct seq_export *out,
                GError **error);
void seq_export_clear(struct seq_export *e);

#endif
