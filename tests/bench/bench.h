/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench.h - what the files of the benchmark share: a table of measures, each of
 * which adds rows. Adding one is a function and a line in bench.c.
 */
#ifndef BENCH_H
#define BENCH_H

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a row's goal lies: at most `limit`, of its figure or of its ratio to the
 * bare engine's. */
enum goal {
    GOAL_NONE,
    GOAL_FIGURE,
    GOAL_RATIO,
};

/* A share of a figure: where the time goes. */
struct bench_part {
    const char *name;
    double figure;
};

/* One line of the table. Texts live as long as the program. */
struct bench_row {
    const char *name;
    const char *unit;
    double figure, bare, ratio; /* NAN: there is none */
    enum goal goal;
    double limit;
    unsigned samples;
    const char *note;    /* what must be known to read it, or NULL */
    const char *skipped; /* why it was not measured, or NULL */
    GArray *parts;       /* struct bench_part, or NULL */
};

struct bench {
    const char *ring1; /* the command */
    const char *hello; /* images */
    const char *work;
    const char *smp;
    const char *network;
    const char *fuzzed;
    const char *grub; /* may be missing */
    const char *self;
    bool quick;
    GPtrArray *rows;
};

/* A new row at the table's end. */
struct bench_row *bench_add(struct bench *b, const char *name, const char *unit);

/* Measures. False: something does not work, and said so on stderr. */
bool measure_start(struct bench *b);
bool measure_memory(struct bench *b);
bool measure_grub(struct bench *b);
bool measure_hypercall(struct bench *b);
bool measure_door(struct bench *b);
bool measure_tracing(struct bench *b);
bool measure_records(struct bench *b);
bool measure_snapshots(struct bench *b);
bool measure_multicall(struct bench *b);
bool measure_compute(struct bench *b);
bool measure_traps(struct bench *b);
bool measure_vcpus(struct bench *b);
bool measure_sequences(struct bench *b);
bool measure_fuzzing(struct bench *b);
bool measure_guest_fuzzing(struct bench *b);
bool measure_devices(struct bench *b);
bool measure_network(struct bench *b);
bool measure_gdb(struct bench *b);
bool measure_backward(struct bench *b);
bool measure_stops(struct bench *b);

/* One of them in `rounds` fresh processes (one with --quick): the rows with the
 * middle ratio, or figure. */
bool measure_in_children(struct bench *b, const char *name, unsigned rounds);

/* On stdout; and as a text that the caller frees. */
void report_table(const struct bench *b);
char *report_json(const struct bench *b);

/* Numbers: sorts `values`. */
double median(double *values, unsigned nr);

/* What went wrong, on stderr; returns false. */
bool bench_failed(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* ns of CPU time of this thread, and of the host's clock. */
uint64_t cpu_ns(void);
uint64_t wall_ns(void);

#endif
