/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * members.h - members of JSON objects, one line each. Strings need not be UTF-8: what is
 * not is replaced. A string that is NULL is null.
 */
#ifndef EMU_MEMBERS_H
#define EMU_MEMBERS_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

void member_string(JsonBuilder *b, const char *name, const char *value);
/* Takes the string. */
void member_take(JsonBuilder *b, const char *name, char *value);
void member_bool(JsonBuilder *b, const char *name, bool value);
/* At most INT64_MAX, which more becomes. */
void member_int(JsonBuilder *b, const char *name, uint64_t value);
void member_int_or_null(JsonBuilder *b, const char *name, bool has, uint64_t value);
void member_signed(JsonBuilder *b, const char *name, int64_t value);
/* A string, "0x...". */
void member_hex(JsonBuilder *b, const char *name, uint64_t value);
void member_null(JsonBuilder *b, const char *name);
/* An array of strings; NULL: of none. */
void member_strings(JsonBuilder *b, const char *name, char *const *values);
/* json_builder_end_array, json_builder_end_object end these. */
void member_array(JsonBuilder *b, const char *name);
void member_object(JsonBuilder *b, const char *name);
/* What was built, with a line feed; the caller frees it. */
char *members_text(JsonBuilder *b, bool pretty);

#endif
