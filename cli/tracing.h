/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tracing.h - the trace of a run: which consumers the options ask for, and the files
 * that they write to.
 */
#ifndef CLI_TRACING_H
#define CLI_TRACING_H

#include "options.h"

struct tracing;

/* What the options ask for. False: a file cannot be opened, which has been said.
 * *t is NULL when nothing is to be traced. */
bool tracing_open(const struct options *o, struct tracing **t);

/* The rest takes NULL: nothing is traced. */

/* Watch a machine made from `image`, until tracing_detach; several may come one after
 * another. */
void tracing_attach(struct tracing *t, ring1_machine *m, const char *image);
void tracing_detach(struct tracing *t);

/* Whoever reads along shall see all that happened. */
void tracing_flush(struct tracing *t);

/* Why a file takes no more, as "FILE: why"; NULL: all do. */
const char *tracing_error(struct tracing *t);

/* The last words of all consumers; then everything is closed. False: a file did not
 * take them, and the reason was said, unless tracing_error has told it before. */
bool tracing_close(struct tracing *t);

#endif
