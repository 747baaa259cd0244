/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report.h - a struct report (emu/report.h) written down: as text for a person,
 * and as the JSON document of docs/crash-report.md. What both say in words is in
 * report_words.c.
 */
#ifndef DEBUG_REPORT_H
#define DEBUG_REPORT_H

#include "emu/report.h"

#define REPORT_SCHEMA 1

/* Whole lines; the caller frees. */
char *report_text(const struct report *r);
char *report_json(const struct report *r);
/* The entries of a walk, from the top down, of tables with words of `width` bytes, and the
 * frame that they lead to: two lines each. */
void report_append_entries(GString *out, const struct report_walk *w, unsigned width);

/* --- words; strings of functions without `const` are the caller's ------------- */

/* Why it ended, in a sentence or two. */
char *report_plain(const struct report *r);
/* What the walk found, in a sentence. */
char *report_walk_words(const struct report_walk *w);

const char *report_verdict_name(enum report_verdict verdict);
const char *report_access_name(enum access access);
/* "poweroff", or NULL for a number that has no name. */
const char *report_shutdown_name(uint32_t reason);
/* "#PF", "page fault"; of RING1_VECTOR_FAILSAFE too. */
const char *report_vector_mnemonic(uint32_t vector);
const char *report_vector_name(uint32_t vector);
/* "store, ring 1, the page is present". */
char *report_error_words(uint32_t vector, uint32_t error);
/* "l2 table"; "the domain". */
const char *report_type_name(const struct report_frame *f);
const char *report_owner_name(const struct report_frame *f);
/* "mfn 0x1a2 (pfn 0x12), l2 table, pinned, the domain's, 3 references, 2 of the type". */
char *report_frame_words(const struct report_frame *f);
/* Flags of an entry: names by bit, from low to high; NULL ends them. */
const char *const *report_pte_flags(uint64_t value, const char *names[16]);
/* "mmu_update(req 0xc0104000, count 2, done* 0x0, domid 0x7ff0)". */
char *report_call_words(const struct report_call *c);
char *report_result_words(const struct report_call *c);

#endif
