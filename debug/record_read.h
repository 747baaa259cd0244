/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_read.h - reads a record (record_format.h). The whole file is looked through
 * when it is opened: what is foreign or damaged is refused then, and a file that just
 * ends is known to be cut. Nothing in it is believed.
 */
#ifndef DEBUG_RECORD_READ_H
#define DEBUG_RECORD_READ_H

#include "record_format.h"

struct record_reader;

/* NULL: RING1_ERROR_HOST, or RING1_ERROR_INPUT and the reason. */
struct record_reader *record_reader_new(const char *path, GError **error);
struct record_reader *record_reader_new_from_bytes(const char *name, const void *bytes, size_t len,
                                                   GError **error);
/* Of what is open; `fd` becomes the reader's. */
struct record_reader *record_reader_take_fd(const char *name, int fd, GError **error);
/* One that is still written, by its descriptor, which stays the caller's. */
struct record_reader *record_reader_new_from_fd(const char *name, int fd, GError **error);
/* What was added since. */
bool record_reader_refresh(struct record_reader *r, GError **error);
void record_reader_free(struct record_reader *r);

/* It does not end as a record does that was closed: a crash cut it. */
bool record_is_cut(const struct record_reader *r);

/* A value of the first chunk (machine -1), of machine 0, 1 ... or of the end (-2);
 * NULL: there is none. */
const char *record_value(const struct record_reader *r, int machine, const char *key);
/* All of a machine's, or NULL. */
GHashTable *record_table(const struct record_reader *r, unsigned machine);
unsigned record_nr_machines(const struct record_reader *r);

/* The contents of a file by its SHA-256 in hexadecimal digits; NULL: RING1_ERROR_INPUT. */
GBytes *record_blob(struct record_reader *r, const char *sha256, GError **error);

/* A place among a machine's events. `chunk` is NULL, or holds what `at` counts in. */
struct record_cursor {
    unsigned machine;
    unsigned index; /* of the chunk in the file */
    GBytes *chunk;
    size_t at;
    uint64_t time, calls;
};
void record_cursor_init(struct record_cursor *c, unsigned machine);
void record_cursor_clear(struct record_cursor *c);
void record_cursor_copy(struct record_cursor *to, const struct record_cursor *from);
/* To and from a place in the file. */
struct record_place record_cursor_place(const struct record_cursor *c);
void record_cursor_go(struct record_cursor *c, unsigned machine, const struct record_place *place);

/* The next event; *event's bytes are valid until the cursor moves. False: there is no
 * other, or (*error is set) it makes no sense. */
bool record_next(struct record_reader *r, struct record_cursor *c, struct record_event *event,
                 GError **error);

/* What the file holds, counted. */
struct record_facts {
    uint64_t size, ops[RECORD_NR_OPS], bytes[RECORD_NR_OPS], calls, time;
};
/* Of a machine; reads all of its events. */
bool record_count(struct record_reader *r, unsigned machine, struct record_facts *facts, GError **error);

#endif
