/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff_call.h - two calls beside each other: diff.c asks whether they are alike, and
 * diff_text.c what is not.
 */
#ifndef DEBUG_DIFF_CALL_H
#define DEBUG_DIFF_CALL_H

#include "diff.h"

/* What may be compared of two logs: what is not ignored, and both know. */
struct diff_rules {
    unsigned ignore;
    bool values; /* arguments taken apart, results, outputs; else words alone */
    bool words;  /* with !values: those that Xen records */
};
struct diff_rules diff_rules(const struct call_log *a, const struct call_log *b, unsigned ignore);

/* Equal calls have equal hashes; but not calls of which one log knows more. `shape`:
 * of the vcpu, the number and the command alone. */
uint64_t diff_hash(const struct diff_rules *rules, const struct call_log *log, const struct logged_call *call,
                   bool shape);

/* Add what is different to `fields`; NULL: only tell whether anything is. */
bool diff_calls_equal(const struct diff_rules *rules, const struct call_log *log_a,
                      const struct logged_call *a, const struct call_log *log_b, const struct logged_call *b,
                      GArray *fields);

/* The same of their times, with the calls before them. */
bool diff_times_equal(const struct logged_call *before_a, const struct logged_call *a,
                      const struct logged_call *before_b, const struct logged_call *b, GArray *fields);

#endif
