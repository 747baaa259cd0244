/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snapshots.c - the rows of snapshots in memory: of a machine of 256 MiB, all of it in
 * use, after a thousand frames were written, and the way back.
 */
#include "bench.h"

#include "lib/machine_priv.h"

#include <ring1/ring1.h>

#include <string.h>

#define SAMPLES 15u
#define DIRTY   1000u

static ring1_machine *full_machine(const struct bench *b)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    ring1_machine *m = ring1_machine_new_from_file(config, b->hello, &error);
    if (!m) {
        bench_failed("%s", error->message);
        return NULL;
    }
    struct domain *d = m->machine->domain;
    for (uint32_t mfn = 0; mfn < d->mem->nr_frames; mfn++) {
        if (frame_info(d->mem, MFN(mfn))->owner != d->s.domid)
            continue;
        memset((uint8_t *)frame_ptr(d->mem, MFN(mfn)) + 2048, (int)(mfn | 1), 2048);
        frame_changed(d, MFN(mfn));
    }
    return m;
}

/* All over memory. */
static void dirty(ring1_machine *m, unsigned round)
{
    struct domain *d = m->machine->domain;
    uint32_t first = d->mem->nr_frames - d->s.nr_pages, step = d->s.nr_pages / DIRTY;
    for (uint32_t i = 0; i < DIRTY; i++) {
        mfn_t mfn = MFN(first + i * step + round);
        memset((uint8_t *)frame_ptr(d->mem, mfn) + 4000, (int)round + 1, 8);
        frame_changed(d, mfn);
    }
}

static void add_row(struct bench *b, const char *name, double *ms, double limit, const char *note)
{
    struct bench_row *row = bench_add(b, name, "ms");
    row->samples = SAMPLES;
    row->figure = median(ms, SAMPLES);
    row->goal = GOAL_FIGURE;
    row->limit = limit;
    row->note = note;
}

bool measure_snapshots(struct bench *b)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_machine) m = full_machine(b);
    double save[SAMPLES], restore[SAMPLES];
    if (!m)
        return false;
    ring1_snapshot *last = ring1_machine_save(m);
    for (unsigned i = 0; i < SAMPLES; i++) {
        dirty(m, i);
        uint64_t start = wall_ns();
        ring1_snapshot *next = ring1_machine_save(m);
        save[i] = (double)(wall_ns() - start) / 1e6;
        dirty(m, i + 20);
        start = wall_ns();
        if (!ring1_machine_restore(m, next, &error))
            return bench_failed("%s", error->message);
        restore[i] = (double)(wall_ns() - start) / 1e6;
        ring1_snapshot_free(last);
        last = next;
    }
    ring1_snapshot_free(last);
    add_row(b, "snapshot, 1000 frames written", save, 5,
            "256 MiB, all of it in use; the second of a machine");
    add_row(b, "restore, 1000 frames written", restore, 5, "into the same machine");
    return true;
}
