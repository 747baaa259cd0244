/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * state_type.h - structures of state described field by field, so that they can be
 * written to a file and read back: each number is checked against the most that it may
 * be, a truth is 0 or 1, a text has an end. Padding and pointers have no row. Whoever
 * adds a field to such a structure adds its row, or the field is not saved:
 * tests/unit/test_state_type.c counts the bytes.
 */
#ifndef DISPATCH_STATE_TYPE_H
#define DISPATCH_STATE_TYPE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state_kind {
    STATE_NUMBER, /* of 1, 2, 4 or 8 bytes, unsigned, little-endian */
    STATE_BOOL,
    STATE_BYTES,
    STATE_TEXT, /* bytes, of which one is 0 */
    STATE_STRUCT,
};

struct state_type;
struct state_field {
    const char *name;
    uint32_t offset, size; /* of the first element; bytes of each */
    uint32_t count;
    enum state_kind kind;
    uint64_t max; /* NUMBER */
    const struct state_type *type;
};

struct state_type {
    const char *name;
    uint32_t size;
    uint32_t nr_fields;
    const struct state_field *fields;
};

#define STATE_MEMBER(s, f) ((const struct s *)0)->f
#define STATE_ROW(s, f, n, z, k, m, t)                                                                       \
    {                                                                                                        \
#f, (uint32_t)offsetof(struct s, f), (uint32_t)(z), (uint32_t)(n), k, m, t                           \
    }
/* Rows of struct s: a number, at most m; numbers; a truth; bytes; a text; structures. */
#define STATE_N(s, f, m) STATE_ROW(s, f, 1, sizeof STATE_MEMBER(s, f), STATE_NUMBER, m, NULL)
#define STATE_NS(s, f, m)                                                                                    \
    STATE_ROW(s, f, sizeof STATE_MEMBER(s, f) / sizeof STATE_MEMBER(s, f)[0], sizeof STATE_MEMBER(s, f)[0],  \
              STATE_NUMBER, m, NULL)
#define STATE_ANY        UINT64_MAX
#define STATE_B(s, f)    STATE_ROW(s, f, 1, sizeof(bool), STATE_BOOL, 1, NULL)
#define STATE_Y(s, f)    STATE_ROW(s, f, sizeof STATE_MEMBER(s, f), 1, STATE_BYTES, 0, NULL)
#define STATE_T(s, f)    STATE_ROW(s, f, sizeof STATE_MEMBER(s, f), 1, STATE_TEXT, 0, NULL)
#define STATE_S(s, f, t) STATE_ROW(s, f, 1, sizeof STATE_MEMBER(s, f), STATE_STRUCT, 0, t)
#define STATE_SS(s, f, t)                                                                                    \
    STATE_ROW(s, f, sizeof STATE_MEMBER(s, f) / sizeof STATE_MEMBER(s, f)[0], sizeof STATE_MEMBER(s, f)[0],  \
              STATE_STRUCT, 0, t)
/* The type of struct s, of an array of rows. */
#define STATE_TYPE(s, rows)                                                                                  \
    {                                                                                                        \
#s, sizeof(struct s), G_N_ELEMENTS(rows), rows                                                       \
    }

void state_pack(GByteArray *out, const struct state_type *type, const void *state);

/* Bytes that are taken from the front. */
struct state_bytes {
    const uint8_t *at;
    size_t left;
};
/* *state gets the fields; what has no row is left. False: *error (RING1_ERROR_INPUT) names the field and
 * what is wrong with it, and *state is of no use. */
bool state_unpack(struct state_bytes *from, const struct state_type *type, void *state, GError **error);

/* One word for all names, sizes and counts: equal layouts have equal words. */
void state_describe(GString *out, const struct state_type *type);
/* Bytes of the structure that rows cover. */
size_t state_covered(const struct state_type *type);

#endif
