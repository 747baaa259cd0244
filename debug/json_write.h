/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * json_write.h - JSON written straight into a GString, for lines of which there are
 * hundreds of thousands a second. Whoever writes one document uses json-glib.
 *
 * A number of 64 bits above 2^53 - 1, which many readers would round, is a string of
 * decimal digits: int() of Python, BigInt() of JavaScript take both.
 */
#ifndef DEBUG_JSON_WRITE_H
#define DEBUG_JSON_WRITE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JSON_EXACT_MAX ((UINT64_C(1) << 53) - 1)

struct json {
    GString *out;
    bool comma; /* something stands before in this bracket */
};

/* `c` is one of `{ [`, or of `} ]`. In front of an opening one, json_key has the
 * member's name. */
void json_open(struct json *j, char c);
void json_close(struct json *j, char c);

/* A member's name; NULL: an element. It has nothing in it that JSON escapes. */
void json_key(struct json *j, const char *name);

void json_uint(struct json *j, const char *name, uint64_t value);
void json_int(struct json *j, const char *name, int64_t value);
void json_true(struct json *j, const char *name);
void json_null(struct json *j, const char *name);
/* A word of ours: nothing in it is escaped. */
void json_word(struct json *j, const char *name, const char *word);
/* Text for people; what is no UTF-8 is replaced. */
void json_text(struct json *j, const char *name, const char *text);
/* Any bytes: U+0000 to U+00FF for each. */
void json_bytes(struct json *j, const char *name, const uint8_t *bytes, size_t len);

#endif
