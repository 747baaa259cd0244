/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_and_compare.h - what both fuzz targets for traces do with what was read.
 */
#ifndef TESTS_READ_AND_COMPARE_H
#define TESTS_READ_AND_COMPARE_H

#include "debug/diff.h"
#include "debug/read_trace.h"
#include "fuzz.h"

/* Every call can be shown; a log is alike itself, and its halves can be compared.
 * Without a log: the error is one line that begins with `place`. */
int compare_or_refused(struct call_log *log, GError *error, const char *place);

#endif
