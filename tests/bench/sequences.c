/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sequences.c - the rows of `ring1 seq run`: simple calls of a sequence without a CPU,
 * and a world's way back to its start.
 */
#include "bench.h"

#include "debug/seq_run.h"

#include <string.h>

#define SAMPLES       9u
#define QUICK_SAMPLES 3u
#define CALLS         2000u

static const struct {
    const char *name, *call;
    double limit;
} rows[] = {
    {"seq run, a call: xen_version", "xen_version(XENVER_version, NULL) = 0x40011\n", 1000},
    {"seq run, a call: evtchn send", "event_channel_op(EVTCHNOP_send, {port=1}) = 0\n", 1000},
    {"seq run, a call: update_va_mapping", "update_va_mapping(&0x40, mfn(0x40)|P|RW|A, UVMF_INVLPG) = 0\n",
     1000},
};

static bool run_samples(const struct bench *b, struct bench_row *row, struct seq_program *p, struct world *w)
{
    double figure[SAMPLES];
    row->samples = b->quick ? QUICK_SAMPLES : SAMPLES;
    for (unsigned k = 0; k <= row->samples; k++) {
        struct seq_report report;
        uint64_t start = cpu_ns();
        bool ok = seq_run(p, w, &report) == SEQ_AGREES;
        double ns = (double)(cpu_ns() - start) / CALLS;
        seq_report_clear(&report);
        world_reset(w);
        if (!ok)
            return bench_failed("%s: a result differs", row->name);
        if (k > 0)
            figure[k - 1] = ns;
    }
    row->figure = median(figure, row->samples);
    return true;
}

static bool measure_row(struct bench *b, size_t i)
{
    g_autoptr(GString) text = g_string_new("ring1-sequence 1\nabi xen-3.0-pae 4.17\n");
    g_autoptr(GError) error = NULL;
    struct bench_row *row = bench_add(b, rows[i].name, "ns");
    for (unsigned k = 0; k < CALLS; k++)
        g_string_append(text, rows[i].call);
    row->goal = GOAL_FIGURE;
    row->limit = rows[i].limit;
    struct seq *s = seq_parse(text->str, text->len, NULL, &error);
    struct world *w = s ? seq_world(s, &error) : NULL;
    struct seq_program *p = w ? seq_compile(s, w, &error) : NULL;
    bool ok = p ? run_samples(b, row, p, w) : bench_failed("%s: %s", row->name, error->message);
    seq_program_free(p);
    world_free(w);
    seq_free(s);
    return ok;
}

static bool measure_reset(struct bench *b)
{
    const struct world_setup setup = {.abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17)};
    struct bench_row *row = bench_add(b, "a world's reset, after a call", "ns");
    struct world *w = world_new(&setup, NULL);
    double figure[SAMPLES];
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {0};
    bool ok = w && world_start(w, NULL);
    row->samples = b->quick ? QUICK_SAMPLES : SAMPLES;
    for (unsigned k = 0; ok && k < row->samples; k++) {
        uint64_t start = cpu_ns();
        for (unsigned i = 0; i < CALLS; i++) {
            (void)world_call(w, 17, arg);
            world_reset(w);
        }
        figure[k] = (double)(cpu_ns() - start) / CALLS;
    }
    world_free(w);
    if (ok)
        row->figure = median(figure, row->samples);
    return ok || bench_failed("%s: there is no world", row->name);
}

bool measure_sequences(struct bench *b)
{
    bool ok = true;
    for (size_t i = 0; ok && i < G_N_ELEMENTS(rows); i++)
        ok = measure_row(b, i);
    return ok && measure_reset(b);
}
