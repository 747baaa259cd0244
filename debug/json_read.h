/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_read.h - JSON taken apart as it is asked for, without a tree in memory, with
 * line and column of what is wrong. For JSON Lines of which there are millions.
 *
 *     json_enter(r, '{');
 *     while (json_member(r, name, sizeof name))
 *         if (strcmp(name, "n") == 0)
 *             json_get_uint(r, &n);
 *         else
 *             json_skip(r);
 *
 * After an error every function returns false and does nothing: it is enough to look
 * at `error` at the end.
 */
#ifndef DEBUG_JSON_READ_H
#define DEBUG_JSON_READ_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 32

struct json_reader {
    const char *source; /* for messages */
    const char *at, *end, *line_start;
    uint64_t line; /* from 1 */
    unsigned depth;
    bool first; /* nothing stands before in this bracket */
    GError *error;
};

/* One line of JSON Lines, or a document. */
void json_reader_init(struct json_reader *r, const char *source, const char *text, size_t len, uint64_t line);

/* The error that stops it: RING1_ERROR_INPUT, "SOURCE:LINE:COLUMN: expected ...". */
bool json_expected(struct json_reader *r, const char *what);

/* The first byte of the value that comes: { [ " digit - t f n; 0: nothing more. */
char json_peek(struct json_reader *r);
bool json_at_end(struct json_reader *r);

bool json_enter(struct json_reader *r, char bracket);
/* The next member's name, cut to `size`; false at the closing bracket, which is taken. */
bool json_member(struct json_reader *r, char *name, size_t size);
bool json_element(struct json_reader *r);

/* Integers, also as strings of digits (json_write.h). */
bool json_get_uint(struct json_reader *r, uint64_t max, uint64_t *value);
bool json_get_int(struct json_reader *r, int64_t *value);
/* Either of the two: `negative` says which. */
bool json_get_number(struct json_reader *r, uint64_t *value, bool *negative);
bool json_get_bool(struct json_reader *r, bool *value);
bool json_get_null(struct json_reader *r);
/* As UTF-8; or as bytes, U+0000 to U+00FF for each. Sets `out` anew. */
bool json_get_text(struct json_reader *r, GString *out);
bool json_get_bytes(struct json_reader *r, GString *out);
bool json_skip(struct json_reader *r);

#endif
