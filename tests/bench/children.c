/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * children.c - a measure in processes of its own. What ran before it, and where
 * the host happened to put code and data, can make a loop of 50 ns twice as slow
 * for as long as a process lives: each measure has a fresh one, and those of
 * loops have three, of which the middle one counts.
 */
#include "bench.h"

#include <json-glib/json-glib.h>

#define MAX_ROUNDS 3u

/* --- rows from the JSON that a child wrote ---------------------------------- */

static double number_of(JsonObject *o, const char *name)
{
    JsonNode *node = json_object_get_member(o, name);
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_double(node) : (double)NAN;
}

static const char *text_of(JsonObject *o, const char *name)
{
    return g_intern_string(json_object_get_string_member_with_default(o, name, NULL));
}

static void add_part(JsonObject *parts, const char *name, JsonNode *value, gpointer row)
{
    struct bench_part part = {g_intern_string(name), json_node_get_double(value)};
    (void)parts;
    g_array_append_val(((struct bench_row *)row)->parts, part);
}

static void add_row(JsonArray *rows, guint index, JsonNode *node, gpointer user)
{
    struct bench *b = user;
    JsonObject *o = json_node_get_object(node);
    struct bench_row *row = bench_add(b, text_of(o, "name"), text_of(o, "unit"));
    JsonNode *goal = json_object_get_member(o, "goal"), *parts = json_object_get_member(o, "parts");
    (void)rows;
    (void)index;
    row->figure = number_of(o, "figure");
    row->bare = number_of(o, "bare");
    row->ratio = number_of(o, "ratio");
    row->samples = (unsigned)json_object_get_int_member(o, "samples");
    row->note = text_of(o, "note");
    row->skipped = text_of(o, "skipped");
    if (goal && JSON_NODE_HOLDS_OBJECT(goal)) {
        bool ratio = g_str_equal(text_of(json_node_get_object(goal), "of"), "ratio");
        row->goal = ratio ? GOAL_RATIO : GOAL_FIGURE;
        row->limit = number_of(json_node_get_object(goal), "at_most");
    }
    if (parts) {
        row->parts = g_array_new(FALSE, FALSE, sizeof(struct bench_part));
        json_object_foreach_member(json_node_get_object(parts), add_part, row);
    }
}

static bool take_rows(struct bench *b, const char *text)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    if (!json_parser_load_from_data(parser, text, -1, &error))
        return bench_failed("a measure's process: %s", error->message);
    JsonNode *node = json_parser_get_root(parser);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node))
        return bench_failed("a measure's process wrote no rows");
    JsonObject *root = json_node_get_object(node);
    json_array_foreach_element(json_object_get_array_member(root, "rows"), add_row, b);
    return true;
}

/* --- processes -------------------------------------------------------------- */

static bool run_child(struct bench *b, const char *name)
{
    const char *argv[] = {b->self,
                          "--child",
                          "--only",
                          name,
                          "--ring1",
                          b->ring1,
                          "--hello",
                          b->hello,
                          "--work",
                          b->work,
                          "--smp",
                          b->smp,
                          "--network",
                          b->network,
                          "--fuzzed",
                          b->fuzzed,
                          "--grub",
                          b->grub,
                          b->quick ? "--quick" : NULL,
                          NULL};
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    int status;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, &status, &error))
        return bench_failed("%s: %s", name, error->message);
    if (!g_spawn_check_wait_status(status, &error))
        return bench_failed("%s: %s", name, error->message);
    return take_rows(b, text);
}

/* What a round is judged by. */
static double key(const struct bench_row *row)
{
    return isnan(row->ratio) ? row->figure : row->ratio;
}

/* Of the rows of `rounds` rounds, one after the other from `first` on, keep for
 * each place the one in the middle. */
static void keep_middle(struct bench *b, guint first, unsigned rounds)
{
    guint nr = (b->rows->len - first) / rounds;
    for (guint place = 0; place < nr; place++) {
        double keys[MAX_ROUNDS];
        for (unsigned r = 0; r < rounds; r++)
            keys[r] = key(b->rows->pdata[first + r * nr + place]);
        double middle = median(keys, rounds);
        for (unsigned r = 1; r < rounds; r++) {
            gpointer *kept = &b->rows->pdata[first + place], *other = &b->rows->pdata[first + r * nr + place];
            if (key(*kept) != middle && key(*other) == middle) {
                gpointer swap = *kept;
                *kept = *other;
                *other = swap;
            }
        }
    }
    g_ptr_array_set_size(b->rows, (gint)(first + nr));
}

bool measure_in_children(struct bench *b, const char *name, unsigned rounds)
{
    guint first = b->rows->len;
    rounds = b->quick ? 1 : MIN(rounds, MAX_ROUNDS);
    for (unsigned r = 0; r < rounds; r++)
        if (!run_child(b, name))
            return false;
    keep_middle(b, first, rounds);
    return true;
}
