/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench.c - the benchmark: runs every measure, prints one table, writes it as
 * JSON. A figure that misses its goal says so and fails nothing; the status is 1
 * only when something does not work. docs/benchmarks.md.
 */
#include "bench.h"
#include "guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In the table's order; --only takes the name. Each runs in so many processes. */
static const struct measure {
    const char *name;
    bool (*run)(struct bench *b);
    unsigned rounds;
} measures[] = {
    {"start", measure_start, 1},
    {"memory", measure_memory, 1},
    {"grub", measure_grub, 1},
    {"hypercall", measure_hypercall, 3},
    {"trace-off", measure_door, 3},
    {"tracing", measure_tracing, 3},
    {"records", measure_records, 3},
    {"multicall", measure_multicall, 3},
    {"compute", measure_compute, 1},
    {"traps", measure_traps, 3},
    {"vcpus", measure_vcpus, 3},
    {"sequences", measure_sequences, 1},
    {"fuzzing", measure_fuzzing, 1},
    {"devices", measure_devices, 1},
    {"network", measure_network, 1},
    {"snapshots", measure_snapshots, 1},
    {"gdb", measure_gdb, 1},
    {"backward", measure_backward, 1},
    {"stops", measure_stops, 1},
    {"fuzz-guest", measure_guest_fuzzing, 1},
};

/* --- shared ----------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double median(double *values, unsigned nr)
{
    qsort(values, nr, sizeof *values, compare);
    return nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
}

bool bench_failed(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

struct bench_row *bench_add(struct bench *b, const char *name, const char *unit)
{
    struct bench_row *row = g_new0(struct bench_row, 1);
    row->name = name;
    row->unit = unit;
    row->figure = row->bare = row->ratio = NAN;
    g_ptr_array_add(b->rows, row);
    return row;
}

static void free_row(void *p)
{
    struct bench_row *row = p;
    if (row->parts)
        g_array_free(row->parts, TRUE);
    g_free(row);
}

/* --- main ------------------------------------------------------------------- */

/* In this process when it is a child, else in children. */
static bool run_measures(struct bench *b, const char *only, bool child)
{
    bool ok = true, known = !only;
    for (size_t i = 0; i < G_N_ELEMENTS(measures); i++) {
        const struct measure *m = &measures[i];
        if (only && strcmp(only, m->name) != 0)
            continue;
        known = true;
        ok = (child ? m->run(b) : measure_in_children(b, m->name, m->rounds)) && ok;
    }
    return known ? ok : bench_failed("--only %s: no such measure", only);
}

/* In place: the file may be a device. */
static bool write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    bool ok = f && fprintf(f, "%s\n", text) >= 0;
    if (f && fclose(f) != 0)
        ok = false;
    return ok || bench_failed("%s: %s", path, g_strerror(errno));
}

int main(int argc, char **argv)
{
    char *only = NULL, *json = NULL;
    gboolean quick = FALSE, bare = FALSE, child = FALSE;
    struct bench b = {.self = "/proc/self/exe", .grub = ""};
    const GOptionEntry entries[] = {
        {"quick", 0, 0, G_OPTION_ARG_NONE, &quick, "Few and short samples", NULL},
        {"only", 0, 0, G_OPTION_ARG_STRING, &only,
         "One measure: start, memory, grub, hypercall, trace-off, tracing, multicall, compute, traps, vcpus, "
         "sequences, fuzzing, devices, network, snapshots, gdb, backward, stops, fuzz-guest",
         "NAME"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &json, "Write the table there too", "FILE"},
        {"ring1", 0, 0, G_OPTION_ARG_FILENAME, &b.ring1, "The ring1 command", "FILE"},
        {"hello", 0, 0, G_OPTION_ARG_FILENAME, &b.hello, "The guest hello", "FILE"},
        {"work", 0, 0, G_OPTION_ARG_FILENAME, &b.work, "The guest bench", "FILE"},
        {"smp", 0, 0, G_OPTION_ARG_FILENAME, &b.smp, "The guest bench_smp", "FILE"},
        {"network", 0, 0, G_OPTION_ARG_FILENAME, &b.network, "The guest network", "FILE"},
        {"fuzzed", 0, 0, G_OPTION_ARG_FILENAME, &b.fuzzed, "The guest fuzzed", "FILE"},
        {"grub", 0, 0, G_OPTION_ARG_FILENAME, &b.grub, "GRUB's image", "FILE"},
        {"bare-start", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &bare, "", NULL},
        {"child", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &child, "", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- measure ring1 beside its bare engine");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        bench_failed("%s", error->message);
        return 2;
    }
    if (bare)
        return bare_start();
    if (!b.ring1 || !b.hello || !b.work || !b.smp || !b.network || !b.fuzzed) {
        bench_failed("--ring1, --hello, --work, --smp, --network and --fuzzed must be given");
        return 2;
    }
    b.quick = quick;
    b.rows = g_ptr_array_new_with_free_func(free_row);
    bool ok = run_measures(&b, only, child);
    g_autofree char *text = report_json(&b);
    if (child)
        fputs(text, stdout);
    else
        report_table(&b);
    if (json)
        ok = write_text(json, text) && ok;
    g_ptr_array_unref(b.rows);
    return ok ? 0 : 1;
}
