/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control_requests.c - see control_requests.h.
 */
#include "control_requests.h"

#include "emu/members.h"

#include <string.h>

/* One request: words as strings. It answers by adding members to `b`, which stands
 * in an object; false: `error`. */
typedef bool (*request_fn)(struct controlled *c, char **words, JsonBuilder *b, GError **error);

static bool bad_word(GError **error, const char *word, const char *wanted)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "'%s' is not %s", word, wanted);
    return false;
}

static bool do_status(struct controlled *c, G_GNUC_UNUSED char **words, JsonBuilder *b,
                      G_GNUC_UNUSED GError **error)
{
    unsigned vcpus = 0;
    while (ring1_machine_vcpu(c->machine, vcpus))
        vcpus++;
    member_string(b, "state", c->paused ? "paused" : "running");
    member_string(b, "abi", ring1_abi_name(ring1_machine_abi(c->machine)));
    member_string(b, "xen", ring1_xen_name(ring1_machine_xen(c->machine)));
    member_int(b, "vcpus", vcpus);
    member_int(b, "boot_pages", ring1_machine_nr_pages(c->machine));
    member_int(b, "guest_ns", ring1_machine_now(c->machine));
    member_int(b, "hypercalls", ring1_machine_hypercalls(c->machine));
    return true;
}

static bool do_shutdown(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    return ring1_machine_ask_shutdown(c->machine, words[0] ? words[0] : "poweroff", error);
}

static bool do_reboot(struct controlled *c, G_GNUC_UNUSED char **words, G_GNUC_UNUSED JsonBuilder *b,
                      GError **error)
{
    return ring1_machine_ask_shutdown(c->machine, "reboot", error);
}

static bool do_suspend(struct controlled *c, G_GNUC_UNUSED char **words, G_GNUC_UNUSED JsonBuilder *b,
                       GError **error)
{
    return ring1_machine_ask_shutdown(c->machine, "suspend", error);
}

static bool do_sysrq(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    if (strlen(words[0]) != 1)
        return bad_word(error, words[0], "one key");
    return ring1_machine_ask_sysrq(c->machine, words[0][0], error);
}

static bool get_number(const char *word, uint64_t max, const char *wanted, uint64_t *number, GError **error)
{
    guint64 n;
    if (!g_ascii_string_to_unsigned(word, 10, 0, max, &n, NULL))
        return bad_word(error, word, wanted);
    *number = n;
    return true;
}

static bool do_nmi(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    uint64_t vcpu = 0;
    return (!words[0] || get_number(words[0], 31, "a vcpu", &vcpu, error)) &&
           ring1_machine_send_nmi(c->machine, (unsigned)vcpu, error);
}

static bool do_balloon(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    uint64_t mib;
    return get_number(words[0], 4096, "a number of MiB", &mib, error) &&
           ring1_machine_ask_memory(c->machine, mib * 1024, error);
}

static bool do_vcpus(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    uint64_t nr;
    if (!get_number(words[0], 32, "a number of vcpus", &nr, error))
        return false;
    if (nr == 0)
        return bad_word(error, words[0], "a number of vcpus");
    if (!ring1_machine_vcpu(c->machine, (unsigned)nr - 1))
        return bad_word(error, words[0], "a number of vcpus that the guest can have");
    for (unsigned i = 0; ring1_machine_vcpu(c->machine, i); i++)
        if (!ring1_machine_ask_vcpu(c->machine, i, i < nr, error))
            return false;
    return true;
}

static bool do_pause(struct controlled *c, G_GNUC_UNUSED char **words, G_GNUC_UNUSED JsonBuilder *b,
                     G_GNUC_UNUSED GError **error)
{
    c->paused = true;
    return true;
}

static bool do_resume(struct controlled *c, G_GNUC_UNUSED char **words, G_GNUC_UNUSED JsonBuilder *b,
                      G_GNUC_UNUSED GError **error)
{
    c->paused = false;
    return true;
}

static bool do_destroy(struct controlled *c, G_GNUC_UNUSED char **words, G_GNUC_UNUSED JsonBuilder *b,
                       G_GNUC_UNUSED GError **error)
{
    c->destroyed = true;
    return true;
}

static bool xs_read(struct controlled *c, char **words, JsonBuilder *b, GError **error)
{
    g_autofree char *value = ring1_machine_xenstore_read(c->machine, words[0], error);
    if (!value)
        return false;
    g_autofree char *text = g_utf8_make_valid(value, -1);
    member_string(b, "value", text);
    return true;
}

static bool xs_write(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    return ring1_machine_xenstore_write(c->machine, words[0], words[1], error);
}

static bool xs_list(struct controlled *c, char **words, JsonBuilder *b, GError **error)
{
    g_auto(GStrv) names = ring1_machine_xenstore_list(c->machine, words[0], error);
    if (!names)
        return false;
    member_strings(b, "names", names);
    return true;
}

static bool xs_rm(struct controlled *c, char **words, G_GNUC_UNUSED JsonBuilder *b, GError **error)
{
    return ring1_machine_xenstore_rm(c->machine, words[0], error);
}

static const struct {
    const char *name, *more; /* "xenstore", "read" */
    unsigned min, max;       /* words after them */
    request_fn fn;
} requests[] = {
    {"status", NULL, 0, 0, do_status},     {"shutdown", NULL, 0, 1, do_shutdown},
    {"reboot", NULL, 0, 0, do_reboot},     {"suspend", NULL, 0, 0, do_suspend},
    {"sysrq", NULL, 1, 1, do_sysrq},       {"nmi", NULL, 0, 1, do_nmi},
    {"balloon", NULL, 1, 1, do_balloon},   {"vcpus", NULL, 1, 1, do_vcpus},
    {"pause", NULL, 0, 0, do_pause},       {"resume", NULL, 0, 0, do_resume},
    {"destroy", NULL, 0, 0, do_destroy},   {"xenstore", "read", 1, 1, xs_read},
    {"xenstore", "write", 2, 2, xs_write}, {"xenstore", "ls", 1, 1, xs_list},
    {"xenstore", "rm", 1, 1, xs_rm},
};

static bool serve_words(struct controlled *c, char **words, JsonBuilder *b, GError **error)
{
    unsigned nr = g_strv_length(words);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        unsigned used = requests[i].more ? 2 : 1;
        if (nr < used || strcmp(words[0], requests[i].name) != 0 ||
            (requests[i].more && strcmp(words[1], requests[i].more) != 0))
            continue;
        if (nr - used >= requests[i].min && nr - used <= requests[i].max)
            return requests[i].fn(c, words + used, b, error);
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s%s%s takes %u%s%s arguments, not %u", words[0],
                    requests[i].more ? " " : "", requests[i].more ? requests[i].more : "", requests[i].min,
                    requests[i].max > requests[i].min ? " or " : "",
                    requests[i].max > requests[i].min ? "more" : "", nr - used);
        return false;
    }
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "'%s%s%s' is no request", nr ? words[0] : "",
                nr > 1 ? " " : "", nr > 1 ? words[1] : "");
    return false;
}

/* What a request is made of: one array, and strings. Whatever else the parser would take it does not get to
 * see: what is nested deep would take it as deep down the stack. */
static bool is_plain(const char *line)
{
    unsigned arrays = 0;
    bool quoted = false;
    for (; *line; line++) {
        if (quoted && *line == '\\' && line[1])
            line++;
        else if (*line == '"')
            quoted = !quoted;
        else if (!quoted && (!strchr("[], \t\r", *line) || (*line == '[' && arrays++)))
            return false;
    }
    return true;
}

/* The words of a request: ["xenstore", "read", "/..."]. */
static char **parse_line(const char *line, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    bool good = is_plain(line);
    if (good && !json_parser_load_from_data(parser, line, -1, error))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    good = good && root && JSON_NODE_HOLDS_ARRAY(root);
    for (guint i = 0; good && i < json_array_get_length(json_node_get_array(root)); i++) {
        JsonNode *node = json_array_get_element(json_node_get_array(root), i);
        good = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
        if (good)
            g_ptr_array_add(words, json_node_dup_string(node));
    }
    if (!good) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "a request is an array of strings");
        return NULL;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

char *control_answer(struct controlled *c, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = parse_line(line, &error);
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    if (!words || !serve_words(c, words, b, &error))
        member_string(b, "error", error->message);
    json_builder_end_object(b);
    return members_text(b, false);
}
