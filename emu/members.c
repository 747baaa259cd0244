/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * members.c - see members.h.
 */
#include "members.h"

static void add_string(JsonBuilder *b, const char *value)
{
    g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;
    if (valid)
        json_builder_add_string_value(b, valid);
    else
        json_builder_add_null_value(b);
}

void member_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    add_string(b, value);
}

void member_take(JsonBuilder *b, const char *name, char *value)
{
    member_string(b, name, value);
    g_free(value);
}

void member_bool(JsonBuilder *b, const char *name, bool value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

void member_int(JsonBuilder *b, const char *name, uint64_t value)
{
    member_signed(b, name, (int64_t)MIN(value, (uint64_t)INT64_MAX));
}

void member_int_or_null(JsonBuilder *b, const char *name, bool has, uint64_t value)
{
    if (has)
        member_int(b, name, value);
    else
        member_null(b, name);
}

void member_signed(JsonBuilder *b, const char *name, int64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

void member_hex(JsonBuilder *b, const char *name, uint64_t value)
{
    char text[24];
    g_snprintf(text, sizeof text, "0x%" G_GINT64_MODIFIER "x", value);
    member_string(b, name, text);
}

void member_null(JsonBuilder *b, const char *name)
{
    member_string(b, name, NULL);
}

void member_strings(JsonBuilder *b, const char *name, char *const *values)
{
    member_array(b, name);
    for (; values && *values; values++)
        add_string(b, *values);
    json_builder_end_array(b);
}

void member_array(JsonBuilder *b, const char *name)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
}

void member_object(JsonBuilder *b, const char *name)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
}

char *members_text(JsonBuilder *b, bool pretty)
{
    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autofree char *text = json_to_string(root, pretty);
    return g_strconcat(text, "\n", NULL);
}
