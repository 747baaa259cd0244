/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_import.h - a trace that was written down as JSON becomes a sequence: each call
 * with its arguments, result and outputs. What no call points at (tables that the
 * guest filled itself, event bits, grants) is not in such a trace; comments say so.
 */
#ifndef DEBUG_SEQ_IMPORT_H
#define DEBUG_SEQ_IMPORT_H

#include "call_log.h"
#include "seq.h"

/* NULL: the log does not say for which ABI it is. */
struct seq *seq_import(const struct call_log *log, GError **error);

#endif
