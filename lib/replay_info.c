/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_info.c - what a record is, in words and as JSON.
 */
#include "emu/members.h"
#include "replay_priv.h"

#include <string.h>

static const char *const machine_keys[] = {"image",       "image_name",   "initrd",     "initrd_name",
                                           "xenstore",    "snapshot",     "abi",        "xen",
                                           "cmdline",     "memory_mib",   "maxmem_mib", "vcpus",
                                           "cpu",         "mfn_mode",     "mfn_seed",   "date_ns",
                                           "preempt",     "preempt_seed", "console_io", "segment_limits",
                                           "raw_address", "disk.0"};

static void add_value(JsonBuilder *b, const struct record_reader *r, int machine, const char *key)
{
    const char *value = record_value(r, machine, key);
    if (value)
        member_string(b, key, value);
}

static bool add_machine(JsonBuilder *b, struct record_reader *r, unsigned machine, GError **error)
{
    struct record_facts facts;
    if (!record_count(r, machine, &facts, error))
        return false;
    json_builder_begin_object(b);
    for (size_t i = 0; i < G_N_ELEMENTS(machine_keys); i++)
        add_value(b, r, (int)machine, machine_keys[i]);
    member_int(b, "time_ns", facts.time);
    member_int(b, "calls", facts.calls);
    member_int(b, "stops", facts.ops[RECORD_STOP]);
    member_int(b, "inputs", facts.ops[RECORD_INPUT]);
    member_int(b, "input_bytes", facts.bytes[RECORD_INPUT]);
    member_int(b, "waits", facts.ops[RECORD_ADVANCE]);
    member_int(b, "resumes", facts.ops[RECORD_RESUME] + facts.ops[RECORD_CANCEL]);
    member_int(b, "device_answers", facts.ops[RECORD_DATA]);
    member_int(b, "device_bytes", facts.bytes[RECORD_DATA]);
    member_int(b, "call_answers", facts.ops[RECORD_ANSWER]);
    member_int(b, "marks", facts.ops[RECORD_MARK]);
    member_bool(b, "finished", facts.ops[RECORD_FINISH] != 0);
    json_builder_end_object(b);
    return true;
}

static JsonNode *describe(struct record_reader *r, GError **error)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    bool ok = true;
    json_builder_begin_object(b);
    add_value(b, r, -1, "ring1");
    add_value(b, r, -1, "engine");
    add_value(b, r, -1, "runs");
    member_bool(b, "cut", record_is_cut(r));
    add_value(b, r, -2, "status");
    add_value(b, r, -2, "text");
    member_array(b, "machines");
    for (unsigned i = 0; ok && i < record_nr_machines(r); i++)
        ok = add_machine(b, r, i, error);
    json_builder_end_array(b);
    json_builder_end_object(b);
    return ok ? json_builder_get_root(b) : NULL;
}

/* Members as lines; those of a machine are indented. */
static void add_lines(GString *text, JsonObject *object, const char *indent)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &key, &value)) {
        if (JSON_NODE_HOLDS_ARRAY(value))
            continue;
        GType type = json_node_get_value_type(value);
        g_string_append_printf(text, "%s%-16s ", indent, key);
        if (type == G_TYPE_STRING) {
            g_autofree char *escaped = g_strescape(json_node_get_string(value), NULL);
            g_string_append(text, escaped);
        } else if (type == G_TYPE_BOOLEAN) {
            g_string_append(text, json_node_get_boolean(value) ? "yes" : "no");
        } else {
            g_string_append_printf(text, "%" G_GINT64_FORMAT, json_node_get_int(value));
        }
        g_string_append_c(text, '\n');
    }
}

static char *as_text(JsonNode *root)
{
    GString *text = g_string_new(NULL);
    JsonArray *machines = json_object_get_array_member(json_node_get_object(root), "machines");
    add_lines(text, json_node_get_object(root), "");
    for (guint i = 0; i < json_array_get_length(machines); i++) {
        g_string_append_printf(text, "machine %u\n", i);
        add_lines(text, json_array_get_object_element(machines, i), "  ");
    }
    return g_string_free(text, FALSE);
}

char *ring1_replay_describe(ring1_replay *r, bool json, GError **error)
{
    g_autoptr(JsonNode) root = describe(replay_reader(r), error);
    if (!root)
        return NULL;
    if (!json)
        return as_text(root);
    g_autofree char *text = json_to_string(root, TRUE);
    return g_strconcat(text, "\n", NULL);
}
