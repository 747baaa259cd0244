/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * records.c - the rows of records: what one costs the calls of the guest that is
 * recorded, and how fast a long one is replayed.
 */
#include "bench.h"
#include "guest.h"

#include <glib/gstdio.h>
#include <ring1/record.h>

#define SAMPLES       9u
#define QUICK_SAMPLES 3u
#define CALLS         200000u
#define QUICK_CALLS   50000u
#define MANY          1000000u

static bool sample(struct runner *r, uint32_t turns, double *ns)
{
    uint32_t sum;
    uint64_t start = cpu_ns();
    bool ok = r->run(r, WORK_PAGE, turns, &sum);
    *ns = (double)(cpu_ns() - start) / turns;
    return ok;
}

/* Machines in pairs, one of them recorded; *plain is the other's call. */
static bool measure_cost(struct bench *b, struct runner *plain, struct runner *recorded, double *bare)
{
    double more[SAMPLES], without[SAMPLES], with;
    struct bench_row *row = bench_add(b, "record, a call", "ns");
    uint32_t turns = b->quick ? QUICK_CALLS : CALLS;
    row->samples = b->quick ? QUICK_SAMPLES : SAMPLES;
    for (unsigned i = 0; i <= row->samples; i++) {
        unsigned at = i ? i - 1 : 0; /* the first warms caches */
        if (!sample(plain, turns, &without[at]) || !sample(recorded, turns, &with))
            return false;
        more[at] = with - without[at];
    }
    row->goal = GOAL_FIGURE;
    row->limit = 150;
    row->note = "beside the same call in a machine that is not recorded";
    row->figure = median(more, row->samples);
    *bare = median(without, row->samples);
    return true;
}

/* What serve_bench of guest.c answered while MANY calls were recorded: to go on, the
 * work, to go on. */
static int32_t serve_again(G_GNUC_UNUSED ring1_vcpu *v, G_GNUC_UNUSED const uint32_t *arg, void *user)
{
    unsigned *asked = user;
    return (int32_t)(++*asked == 2 ? work_command(WORK_PAGE, MANY) : work_command(WORK_NONE, 0));
}

static bool replay(const char *path, double *ns)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_replay) r = ring1_replay_open(path, &error);
    struct ring1_replay_stop stop = {.reason = RING1_REPLAY_CUT};
    unsigned asked = 0;
    if (r && ring1_replay_next(r, &error) &&
        ring1_machine_register_hypercall(ring1_replay_machine(r), NR_BENCH, 1, serve_again, &asked, &error)) {
        uint64_t start = cpu_ns();
        if (ring1_replay_run(r, NULL, &stop, &error) && stop.reason == RING1_REPLAY_FINISHED) {
            *ns = (double)(cpu_ns() - start) / MANY;
            return true;
        }
    }
    return bench_failed("replay: %s", error ? error->message : "it did not come to its end");
}

static bool record_many(const struct bench *b, const char *path)
{
    g_autoptr(GError) error = NULL;
    uint32_t sum;
    ring1_record *record = ring1_record_new(path, &error);
    struct runner *r = record ? ring1_recorded_runner(b->work, record) : NULL;
    bool ok = r && r->run(r, WORK_PAGE, MANY, &sum);
    if (r)
        r->free(r);
    if (ok && !ring1_record_end(record, 0, NULL, &error))
        ok = bench_failed("%s", error->message);
    ring1_record_free(record);
    return ok;
}

static bool measure_replay(struct bench *b, const char *path, double bare)
{
    double ns[SAMPLES];
    struct bench_row *row = bench_add(b, "replay of 1,000,000 calls, a call", "ns");
    bool ok = record_many(b, path);
    row->samples = QUICK_SAMPLES;
    row->bare = bare;
    for (unsigned i = 0; ok && i < row->samples; i++)
        ok = replay(path, &ns[i]);
    if (ok)
        row->figure = median(ns, row->samples);
    return ok;
}

bool measure_records(struct bench *b)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    double bare;
    int fd = g_file_open_tmp("ring1-bench-XXXXXX", &path, &error);
    ring1_record *record = fd < 0 ? NULL : ring1_record_new(path, &error);
    if (!record)
        return bench_failed("%s", error->message);
    struct runner *plain = ring1_runner(b->work, 1), *recorded = ring1_recorded_runner(b->work, record);
    bool ok = plain && recorded && measure_cost(b, plain, recorded, &bare);
    if (plain)
        plain->free(plain);
    if (recorded)
        recorded->free(recorded);
    ring1_record_free(record);
    ok = ok && measure_replay(b, path, bare);
    g_close(fd, NULL);
    g_unlink(path);
    return ok;
}
