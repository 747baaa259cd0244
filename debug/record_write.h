/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_write.h - writes a record (record_format.h): events are gathered and go to the
 * file in chunks, each compressed and with its checksums, so that what was written
 * before a crash can be read. The first error is kept; everything after it is let be.
 */
#ifndef DEBUG_RECORD_WRITE_H
#define DEBUG_RECORD_WRITE_H

#include "record_format.h"

struct record_writer;

/* Make or empty the file. NULL: RING1_ERROR_HOST. */
struct record_writer *record_writer_new(const char *path, GError **error);
/* What is gathered is written. */
void record_writer_free(struct record_writer *w);

/* The first error, NULL: none. */
const GError *record_writer_error(const struct record_writer *w);

/* Its file, for a reader while it is written. */
int record_writer_fd(const struct record_writer *w);
const char *record_writer_path(const struct record_writer *w);

/* Behind the last event. */
struct record_place record_writer_place(const struct record_writer *w);
/* What was written behind a place is no more. */
void record_write_cut(struct record_writer *w, const struct record_place *place);

/* A file's contents, once however often it is asked for; its SHA-256 in hexadecimal
 * digits, the caller frees it. */
char *record_write_blob(struct record_writer *w, const void *bytes, size_t len);

/* A chunk of text. Time and calls begin anew with a MACHINE. */
void record_write_text(struct record_writer *w, enum record_chunk kind, const char *text);

void record_write_event(struct record_writer *w, const struct record_event *event);

/* What is gathered goes to the file: if the last time was `ms` of the host ago. */
void record_write_flush(struct record_writer *w, unsigned ms);
bool record_write_due(const struct record_writer *w, unsigned ms);

#endif
