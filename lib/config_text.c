/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * config_text.c - see config_text.h.
 */
#include "config_text.h"

void text_add(GString *text, const char *key, const char *value)
{
    g_autofree char *escaped = value ? g_strescape(value, NULL) : NULL;
    if (escaped)
        g_string_append_printf(text, "%s=%s\n", key, escaped);
}

void text_add_number(GString *text, const char *key, uint64_t value)
{
    g_string_append_printf(text, "%s=%" G_GUINT64_FORMAT "\n", key, value);
}

void text_add_list(GString *text, const char *prefix, char *const *list)
{
    for (unsigned i = 0; list && list[i]; i++) {
        char key[32];
        g_snprintf(key, sizeof key, "%s.%u", prefix, i);
        text_add(text, key, list[i]);
    }
}

void config_to_text(GString *text, const ring1_config *c, enum ring1_abi abi, enum ring1_xen xen)
{
    text_add(text, "abi", ring1_abi_name(abi));
    text_add(text, "xen", ring1_xen_name(xen));
    text_add_number(text, "memory_mib", c->memory_mib);
    text_add_number(text, "maxmem_mib", c->maxmem_mib);
    text_add_number(text, "vcpus", c->vcpus);
    text_add_number(text, "mfn_mode", c->mfn_mode);
    text_add_number(text, "mfn_seed", c->mfn_seed);
    text_add_number(text, "date_ns", (uint64_t)c->date_ns);
    text_add_number(text, "console_io", c->console_io);
    text_add_number(text, "segment_limits", c->segment_limits);
    text_add_number(text, "preempt", c->preempt);
    text_add_number(text, "preempt_seed", c->preempt_seed);
    text_add(text, "cmdline", c->cmdline);
    text_add(text, "cpu", c->cpu);
    text_add(text, "name", c->name);
    text_add(text, "initrd_name", c->initrd);
    text_add(text, "xenstore_name", c->xenstore);
    if (c->raw_address >= 0)
        text_add_number(text, "raw_address", (uint64_t)c->raw_address);
}

uint64_t text_number(GHashTable *table, const char *key, uint64_t otherwise)
{
    guint64 value;
    const char *word = g_hash_table_lookup(table, key);
    return word && g_ascii_string_to_unsigned(word, 10, 0, UINT64_MAX, &value, NULL) ? value : otherwise;
}

static char **read_list(GHashTable *table, const char *prefix)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    for (unsigned i = 0;; i++) {
        char key[32];
        g_snprintf(key, sizeof key, "%s.%u", prefix, i);
        char *word = g_strdup(g_hash_table_lookup(table, key));
        g_ptr_array_add(list, word);
        if (!word)
            return (char **)g_ptr_array_steal(list, NULL);
    }
}

static char *word(GHashTable *table, const char *key)
{
    return g_strdup(g_hash_table_lookup(table, key));
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "its machine has no %s that is known", what);
    return false;
}

bool config_from_text(GHashTable *table, ring1_config *c, GError **error)
{
    const char *abi = g_hash_table_lookup(table, "abi"), *xen = g_hash_table_lookup(table, "xen");
    if (!abi || !ring1_abi_from_name(abi, &c->abi))
        return bad(error, "ABI");
    if (!xen || !ring1_xen_from_name(xen, &c->xen))
        return bad(error, "Xen");
    c->memory_mib = (unsigned)MIN(text_number(table, "memory_mib", 0), UINT_MAX);
    c->maxmem_mib = (unsigned)MIN(text_number(table, "maxmem_mib", 0), UINT_MAX);
    c->vcpus = (unsigned)MIN(text_number(table, "vcpus", 1), UINT_MAX);
    c->mfn_mode = (enum ring1_mfn_mode)MIN(text_number(table, "mfn_mode", 0), 255);
    c->mfn_seed = text_number(table, "mfn_seed", 1);
    c->date_ns = (int64_t)text_number(table, "date_ns", 0);
    c->console_io = text_number(table, "console_io", 1) != 0;
    c->segment_limits = text_number(table, "segment_limits", 0) != 0;
    c->preempt = (enum ring1_preempt)MIN(text_number(table, "preempt", 0), 255);
    c->preempt_seed = text_number(table, "preempt_seed", 1);
    c->raw_address = g_hash_table_contains(table, "raw_address")
                         ? (int64_t)MIN(text_number(table, "raw_address", 0), INT64_MAX)
                         : -1;
    c->cmdline = word(table, "cmdline");
    c->cpu = word(table, "cpu");
    c->name = word(table, "name");
    c->initrd = word(table, "initrd_name");
    c->xenstore = word(table, "xenstore_name");
    c->disks = read_list(table, "disk");
    c->nets = read_list(table, "net");
    return true;
}
