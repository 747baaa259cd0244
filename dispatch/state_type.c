/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * state_type.c - see state_type.h.
 */
#include "state_type.h"

#include <ring1/ring1.h>
#include <string.h>

static uint64_t load_number(const void *at, uint32_t size)
{
    uint8_t n8;
    uint16_t n16;
    uint32_t n32;
    uint64_t n64;
    switch (size) {
    case 1:
        memcpy(&n8, at, 1);
        return n8;
    case 2:
        memcpy(&n16, at, 2);
        return n16;
    case 4:
        memcpy(&n32, at, 4);
        return n32;
    default:
        memcpy(&n64, at, 8);
        return n64;
    }
}

static void store_number(void *at, uint32_t size, uint64_t value)
{
    const uint8_t n8 = (uint8_t)value;
    const uint16_t n16 = (uint16_t)value;
    const uint32_t n32 = (uint32_t)value;
    switch (size) {
    case 1:
        memcpy(at, &n8, 1);
        break;
    case 2:
        memcpy(at, &n16, 2);
        break;
    case 4:
        memcpy(at, &n32, 4);
        break;
    default:
        memcpy(at, &value, 8);
        break;
    }
}

static void pack_number(GByteArray *out, const void *at, uint32_t size)
{
    uint64_t value = GUINT64_TO_LE(load_number(at, size));
    g_byte_array_append(out, (const guint8 *)&value, size);
}

static void pack_field(GByteArray *out, const struct state_field *f, const uint8_t *at)
{
    bool whole = f->kind == STATE_BYTES || f->kind == STATE_TEXT;
    if (whole)
        g_byte_array_append(out, at, f->count);
    for (uint32_t i = 0; !whole && i < f->count; i++, at += f->size) {
        if (f->kind == STATE_STRUCT)
            state_pack(out, f->type, at);
        else
            pack_number(out, at, f->size);
    }
}

void state_pack(GByteArray *out, const struct state_type *type, const void *state)
{
    for (uint32_t i = 0; i < type->nr_fields; i++)
        pack_field(out, &type->fields[i], (const uint8_t *)state + type->fields[i].offset);
}

/* --- back ---------------------------------------------------------------------- */

static const uint8_t *take(struct state_bytes *from, uint32_t n)
{
    if (from->left < n)
        return NULL;
    from->left -= n;
    from->at += n;
    return from->at - n;
}

static bool bad(const struct state_type *type, const struct state_field *f, uint32_t i, uint64_t value,
                GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT,
                "%s.%s[%u] is %" G_GUINT64_FORMAT ", at most %" G_GUINT64_FORMAT " is possible", type->name,
                f->name, i, value, f->max);
    return false;
}

static bool cut(const struct state_type *type, const struct state_field *f, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s.%s: the state ends there", type->name, f->name);
    return false;
}

static bool unpack_number(struct state_bytes *from, const struct state_type *type,
                          const struct state_field *f, uint32_t i, uint8_t *at, GError **error)
{
    uint64_t value = 0;
    const uint8_t *bytes = take(from, f->size);
    if (!bytes)
        return cut(type, f, error);
    memcpy(&value, bytes, f->size);
    value = GUINT64_FROM_LE(value);
    if (value > f->max)
        return bad(type, f, i, value, error);
    store_number(at, f->size, value);
    return true;
}

static bool unpack_bytes(struct state_bytes *from, const struct state_type *type, const struct state_field *f,
                         uint8_t *at, GError **error)
{
    const uint8_t *bytes = take(from, f->count);
    if (!bytes)
        return cut(type, f, error);
    memcpy(at, bytes, f->count);
    if (f->kind == STATE_BYTES || memchr(bytes, 0, f->count))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s.%s has no end", type->name, f->name);
    return false;
}

static bool unpack_field(struct state_bytes *from, const struct state_type *type, const struct state_field *f,
                         uint8_t *at, GError **error)
{
    if (f->kind == STATE_BYTES || f->kind == STATE_TEXT)
        return unpack_bytes(from, type, f, at, error);
    for (uint32_t i = 0; i < f->count; i++, at += f->size) {
        bool ok = f->kind == STATE_STRUCT ? state_unpack(from, f->type, at, error)
                                          : unpack_number(from, type, f, i, at, error);
        if (!ok)
            return false;
    }
    return true;
}

bool state_unpack(struct state_bytes *from, const struct state_type *type, void *state, GError **error)
{
    for (uint32_t i = 0; i < type->nr_fields; i++) {
        const struct state_field *f = &type->fields[i];
        if (!unpack_field(from, type, f, (uint8_t *)state + f->offset, error))
            return false;
    }
    return true;
}

/* --- what it is -------------------------------------------------------------------- */

void state_describe(GString *out, const struct state_type *type)
{
    g_string_append_printf(out, "%s{", type->name);
    for (uint32_t i = 0; i < type->nr_fields; i++) {
        const struct state_field *f = &type->fields[i];
        g_string_append_printf(out, "%s:%u*%u/%d ", f->name, f->count, f->type ? 0 : f->size, (int)f->kind);
        if (f->type)
            state_describe(out, f->type);
    }
    g_string_append_c(out, '}');
}

size_t state_covered(const struct state_type *type)
{
    size_t n = 0;
    for (uint32_t i = 0; i < type->nr_fields; i++) {
        const struct state_field *f = &type->fields[i];
        n += f->count * (f->type ? state_covered(f->type) : f->size);
    }
    return n;
}
