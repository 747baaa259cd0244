/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report.c - the rows as a table for a person and as JSON ("schema": 1) for a
 * program that compares runs.
 */
#include "bench.h"
#include "emu/cpu.h"
#include "emu/members.h"

#include <ring1/ring1.h>
#include <stdio.h>

/* --- the table -------------------------------------------------------------- */

static bool has_verdict(const struct bench_row *row)
{
    return row->goal != GOAL_NONE && !row->skipped;
}

static bool met(const struct bench_row *row)
{
    return (row->goal == GOAL_RATIO ? row->ratio : row->figure) <= row->limit;
}

/* Three figures that count; "-" where there is none. The caller frees. */
static char *show(double value, const char *unit)
{
    if (isnan(value))
        return g_strdup("-");
    return g_strdup_printf("%.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
}

static void print_row(const struct bench_row *row)
{
    g_autofree char *figure = row->skipped ? g_strdup("skipped") : show(row->figure, row->unit);
    g_autofree char *bare = show(row->bare, row->unit);
    g_autofree char *ratio = show(row->ratio, "x");
    g_autofree char *goal = row->goal == GOAL_NONE    ? g_strdup("-")
                            : row->goal == GOAL_RATIO ? g_strdup_printf("<= %g x bare", row->limit)
                                                      : g_strdup_printf("<= %g %s", row->limit, row->unit);
    printf("%-38s %12s %12s %9s  %-13s %s\n", row->name, figure, bare, ratio, goal,
           !has_verdict(row) ? "-"
           : met(row)        ? "yes"
                             : "NO");
    for (guint i = 0; row->parts && i < row->parts->len; i++) {
        const struct bench_part *part = &g_array_index(row->parts, struct bench_part, i);
        g_autofree char *text = show(part->figure, row->unit);
        printf("  %-36s %12s\n", part->name, text);
    }
}

void report_table(const struct bench *b)
{
    printf("%-38s %12s %12s %9s  %-13s %s\n", "", "ring1", "bare engine", "ratio", "goal", "met");
    for (guint i = 0; i < b->rows->len; i++)
        print_row(b->rows->pdata[i]);
    for (guint i = 0; i < b->rows->len; i++) {
        const struct bench_row *row = b->rows->pdata[i];
        const char *note = row->skipped ? row->skipped : row->note;
        if (note)
            printf("%s: %s\n", row->name, note);
    }
}

/* --- JSON ------------------------------------------------------------------- */

static void json_number(JsonBuilder *j, const char *name, double value)
{
    json_builder_set_member_name(j, name);
    if (isnan(value))
        json_builder_add_null_value(j);
    else
        json_builder_add_double_value(j, value);
}

static void json_goal(JsonBuilder *j, const struct bench_row *row)
{
    if (row->goal == GOAL_NONE) {
        member_null(j, "goal");
    } else {
        member_object(j, "goal");
        member_string(j, "of", row->goal == GOAL_RATIO ? "ratio" : "figure");
        json_number(j, "at_most", row->limit);
        json_builder_end_object(j);
    }
    if (has_verdict(row))
        member_bool(j, "met", met(row));
    else
        member_null(j, "met");
}

static void json_row(JsonBuilder *j, const struct bench_row *row)
{
    json_builder_begin_object(j);
    member_string(j, "name", row->name);
    member_string(j, "unit", row->unit);
    json_number(j, "figure", row->figure);
    json_number(j, "bare", row->bare);
    json_number(j, "ratio", row->ratio);
    json_goal(j, row);
    member_int(j, "samples", row->samples);
    member_string(j, "note", row->note);
    member_string(j, "skipped", row->skipped);
    if (row->parts) {
        member_object(j, "parts");
        for (guint i = 0; i < row->parts->len; i++) {
            const struct bench_part *part = &g_array_index(row->parts, struct bench_part, i);
            json_number(j, part->name, part->figure);
        }
        json_builder_end_object(j);
    }
    json_builder_end_object(j);
}

char *report_json(const struct bench *b)
{
    g_autoptr(JsonBuilder) j = json_builder_new();
    g_autofree char *engine = cpu_engine_version();
    json_builder_begin_object(j);
    member_int(j, "schema", 1);
    member_string(j, "ring1", RING1_VERSION_STRING);
    member_string(j, "engine", engine);
    member_bool(j, "quick", b->quick);
    member_array(j, "rows");
    for (guint i = 0; i < b->rows->len; i++)
        json_row(j, b->rows->pdata[i]);
    json_builder_end_array(j);
    json_builder_end_object(j);
    return members_text(j, true);
}
