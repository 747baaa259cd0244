/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export_watch.h - how the words are compared that a call changes in memory: by what
 * dispatch/describe.h says they are.
 */
#ifndef DEBUG_SEQ_EXPORT_WATCH_H
#define DEBUG_SEQ_EXPORT_WATCH_H

#include "seq_kernel.h"
#include "seq_program.h"

/* A kind (enum seq_watch_kind) for each word of a blob. `private`: structures and fields
 * ("gnttab_map.handle") of which it counts only that they changed, ended by NULL; or NULL. */
GByteArray *seq_watch_kinds(const struct seq_program *p, const struct seq_op *op, uint32_t blob,
                            uint32_t words, const char *const *private);

#endif
