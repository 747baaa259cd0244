/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops.c - the rows of a debugger at a machine that goes forward: a step, and what a
 * breakpoint costs that is not hit, in a page of code that is hot, and a watchpoint on memory that is
 * not written.
 */
#include "bench.h"

#include <ring1/debugger.h>
#include <string.h>

#define PAIRS       7u
#define QUICK_PAIRS 2u
#define RUN_NS      UINT64_C(400000000) /* of the guest's */
#define QUICK_NS    UINT64_C(50000000)
#define STEPS       200000u
#define QUICK_STEPS 20000u
#define SAMPLES     5u

#define CODE_AT    0xC0000000u
#define IMAGE_SIZE (1u << 20)
#define NOT_HIT    (CODE_AT + 0x1C) /* in the middle of an instruction of the loop */
#define NOT_HIT_2  (CODE_AT + 0x800)
#define ELSEWHERE  (CODE_AT + IMAGE_SIZE - 0x1000)

/* As in backward.c: stores over 256 KiB, then a hypercall, again and again. */
static const uint8_t code[] = {0xE8, 0x00, 0x00, 0x00, 0x00, 0x5E, 0x81, 0xE6, 0x00, 0xF0, 0xFF, 0xFF, 0x31,
                               0xDB, 0x8D, 0xBE, 0x00, 0x10, 0x00, 0x00, 0xB9, 0x00, 0x40, 0x00, 0x00, 0x89,
                               0x1F, 0x83, 0xC7, 0x10, 0x43, 0x49, 0x75, 0xF7, 0x53, 0x31, 0xDB, 0x31, 0xC9,
                               0xB8, 0x11, 0x00, 0x00, 0x00, 0xCD, 0x82, 0x5B, 0xEB, 0xDD};

struct subject {
    ring1_machine *m;
    ring1_debugger *d;
};

static bool subject_new(struct subject *s, bool debugged)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    g_autofree uint8_t *image = g_malloc0(IMAGE_SIZE);
    memcpy(image, code, sizeof code);
    config->memory_mib = 32;
    config->raw_address = CODE_AT;
    *s = (struct subject){0};
    s->m = ring1_machine_new_from_bytes(config, "loop", image, IMAGE_SIZE, &error);
    if (s->m && debugged)
        s->d = ring1_debugger_new(s->m, NULL, &error);
    return error ? bench_failed("%s", error->message) : true;
}

static void subject_free(struct subject *s)
{
    ring1_debugger_free(s->d);
    ring1_machine_free(s->m);
}

static bool run(struct subject *s, uint64_t ns, double *took)
{
    g_autoptr(GError) error = NULL;
    struct ring1_debug_stop stop = {.reason = RING1_DEBUG_GUEST};
    struct ring1_budget b = RING1_BUDGET_UNLIMITED;
    b.until_ns = ring1_machine_now(s->m) + ns;
    uint64_t start = cpu_ns();
    bool ok = s->d ? ring1_debugger_run(s->d, RING1_GO_ON, 0, &b, &stop, &error)
                   : ring1_machine_run(s->m, &b, &stop.guest, &error);
    *took = (double)(cpu_ns() - start);
    if (!ok || stop.reason != RING1_DEBUG_GUEST || stop.guest.reason != RING1_STOP_BUDGET)
        return bench_failed("a run: %s", error ? error->message : "it ended early");
    return true;
}

/* With a debugger, or without: the same machine, for where its memory lies matters more. */
static bool arm(struct subject *s, bool debugged, bool watch)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&s->d, ring1_debugger_free);
    if (!debugged)
        return true;
    if (!(s->d = ring1_debugger_new(s->m, NULL, &error)))
        return bench_failed("%s", error->message);
    if (watch)
        return ring1_debugger_watch(s->d, ELSEWHERE, 4, RING1_WATCH_WRITE, NULL);
    ring1_debugger_break(s->d, NOT_HIT);
    ring1_debugger_break(s->d, NOT_HIT_2);
    return true;
}

static bool measure_cost(struct bench *b, const char *name, bool watch, double limit)
{
    double ratio[PAIRS], took[2] = {0, 0}, warm;
    uint64_t ns = b->quick ? QUICK_NS : RUN_NS;
    struct subject s;
    struct bench_row *row = bench_add(b, name, "us");
    bool ok = subject_new(&s, false);
    row->samples = b->quick ? QUICK_PAIRS : PAIRS;
    for (unsigned i = 0; ok && i < row->samples; i++) {
        for (unsigned n = 0; ok && n < 2; n++) {
            unsigned debugged = (i + n) & 1u;
            ok = arm(&s, debugged, watch) && run(&s, ns / 4, &warm) && run(&s, ns, &took[debugged]);
        }
        ratio[i] = took[1] / took[0];
    }
    row->goal = GOAL_RATIO;
    row->limit = limit;
    row->figure = took[1] / ((double)ns / 1e6) / 1e3;
    row->bare = took[0] / ((double)ns / 1e6) / 1e3;
    row->ratio = median(ratio, row->samples);
    row->note = "a ms of the guest's; bare: the same machine without a debugger";
    subject_free(&s);
    return ok;
}

static bool measure_steps(struct bench *b)
{
    double us[SAMPLES];
    unsigned steps = b->quick ? QUICK_STEPS : STEPS;
    struct subject s;
    struct ring1_debug_stop stop = {.reason = RING1_DEBUG_STEPPED};
    struct bench_row *row = bench_add(b, "debugger, a step", "us");
    bool ok = subject_new(&s, true);
    for (unsigned i = 0; ok && i < SAMPLES; i++) {
        uint64_t start = cpu_ns();
        for (unsigned n = 0; ok && n < steps; n++)
            ok = ring1_debugger_run(s.d, RING1_GO_STEP, 0, NULL, &stop, NULL) &&
                 stop.reason == RING1_DEBUG_STEPPED;
        us[i] = (double)(cpu_ns() - start) / steps / 1e3;
    }
    row->samples = SAMPLES;
    row->figure = median(us, SAMPLES);
    row->goal = GOAL_FIGURE;
    row->limit = 10;
    row->note = "without gdb; a hypercall in each 81,926";
    subject_free(&s);
    return ok;
}

bool measure_stops(struct bench *b)
{
    return measure_steps(b) && measure_cost(b, "breakpoints that are not hit", false, 1.05) &&
           measure_cost(b, "write watchpoint elsewhere", true, 1.10);
}
