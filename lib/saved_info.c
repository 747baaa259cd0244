/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * saved_info.c - what a snapshot's file is, in words and as JSON.
 */
#include "emu/members.h"
#include "saved.h"

/* In this order; of the file, of the machine, of the end. */
static const struct {
    enum saved_text text;
    const char *key;
    bool is_number;
} rows[] = {
    {SAVED_TEXT_ABOUT, "ring1", false},       {SAVED_TEXT_ABOUT, "engine", false},
    {SAVED_TEXT_ABOUT, "layout", false},      {SAVED_TEXT_MACHINE, "image_name", false},
    {SAVED_TEXT_MACHINE, "image", false},     {SAVED_TEXT_MACHINE, "initrd_name", false},
    {SAVED_TEXT_MACHINE, "initrd", false},    {SAVED_TEXT_MACHINE, "xenstore", false},
    {SAVED_TEXT_MACHINE, "abi", false},       {SAVED_TEXT_MACHINE, "xen", false},
    {SAVED_TEXT_MACHINE, "cmdline", false},   {SAVED_TEXT_MACHINE, "memory_mib", true},
    {SAVED_TEXT_MACHINE, "maxmem_mib", true}, {SAVED_TEXT_MACHINE, "vcpus", true},
    {SAVED_TEXT_MACHINE, "cpu", false},       {SAVED_TEXT_MACHINE, "name", false},
    {SAVED_TEXT_MACHINE, "mfn_mode", true},   {SAVED_TEXT_MACHINE, "mfn_seed", true},
    {SAVED_TEXT_MACHINE, "date_ns", true},    {SAVED_TEXT_MACHINE, "now_ns", true},
    {SAVED_TEXT_MACHINE, "hypercalls", true}, {SAVED_TEXT_MACHINE, "resumes", true},
    {SAVED_TEXT_END, "pages", true},
};

static char *as_json(const ring1_saved *s)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    const ring1_config *c = ring1_saved_config(s);
    json_builder_begin_object(b);
    member_string(b, "kind", "snapshot");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = saved_value(s, rows[i].text, rows[i].key);
        if (value && rows[i].is_number)
            member_signed(b, rows[i].key, g_ascii_strtoll(value, NULL, 10));
        else if (value)
            member_string(b, rows[i].key, value);
    }
    member_strings(b, "disks", c->disks);
    member_strings(b, "nets", c->nets);
    json_builder_end_object(b);
    return members_text(b, true);
}

static void add_lines(GString *text, const char *name, char *const *list)
{
    for (; list && *list; list++) {
        g_autofree char *escaped = g_strescape(*list, NULL);
        g_string_append_printf(text, "%-12s %s\n", name, escaped);
    }
}

char *ring1_saved_describe(const ring1_saved *s, bool json)
{
    if (json)
        return as_json(s);
    const ring1_config *c = ring1_saved_config(s);
    GString *text = g_string_new("a snapshot of ring1\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = saved_value(s, rows[i].text, rows[i].key);
        if (!value)
            continue;
        g_autofree char *escaped = g_strescape(value, NULL);
        g_string_append_printf(text, "%-12s %s\n", rows[i].key, escaped);
    }
    add_lines(text, "disk", c->disks);
    add_lines(text, "net", c->nets);
    return g_string_free(text, FALSE);
}
