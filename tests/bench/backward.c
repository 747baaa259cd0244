/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * backward.c - the rows of time that runs backwards: what a run costs that can be gone
 * back in, and how long a step back takes in a recording of 10 s.
 */
#include "bench.h"

#include <glib/gstdio.h>
#include <ring1/debugger.h>
#include <string.h>

#define PAIRS       5u
#define QUICK_PAIRS 2u
#define RUN_NS      UINT64_C(600000000) /* of the guest's, for the cost */
#define LONG_NS     UINT64_C(10000000000)
#define QUICK_NS    UINT64_C(2000000000)
#define STEPS       9u

#define CODE_AT    0xC0000000u
#define IMAGE_SIZE (1u << 20)

/* Flat code: stores over 256 KiB of its own image, then a hypercall, again and again.
 *         call 1f ; 1: pop %esi ; and $0xfffff000, %esi ; xor %ebx, %ebx
 *   0:    lea 0x1000(%esi), %edi ; mov $16384, %ecx
 *   1:    mov %ebx, (%edi) ; add $16, %edi ; inc %ebx ; dec %ecx ; jnz 1b
 *         push %ebx ; xor %ebx, %ebx ; xor %ecx, %ecx ; mov $17, %eax ; int $0x82 ; pop %ebx
 *         jmp 0b */
static const uint8_t code[] = {0xE8, 0x00, 0x00, 0x00, 0x00, 0x5E, 0x81, 0xE6, 0x00, 0xF0, 0xFF, 0xFF, 0x31,
                               0xDB, 0x8D, 0xBE, 0x00, 0x10, 0x00, 0x00, 0xB9, 0x00, 0x40, 0x00, 0x00, 0x89,
                               0x1F, 0x83, 0xC7, 0x10, 0x43, 0x49, 0x75, 0xF7, 0x53, 0x31, 0xDB, 0x31, 0xC9,
                               0xB8, 0x11, 0x00, 0x00, 0x00, 0xCD, 0x82, 0x5B, 0xEB, 0xDD};

struct subject {
    ring1_record *record;
    ring1_machine *m;
    ring1_debugger *d;
};

static void subject_free(struct subject *s)
{
    ring1_debugger_free(s->d);
    ring1_machine_free(s->m);
    ring1_record_free(s->record);
}

/* `path` NULL: neither recorded nor debugged. */
static bool subject_new(struct subject *s, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    g_autofree uint8_t *image = g_malloc0(IMAGE_SIZE);
    memcpy(image, code, sizeof code);
    config->memory_mib = 32;
    config->raw_address = CODE_AT;
    *s = (struct subject){0};
    if (path && !(s->record = config->record = ring1_record_new(path, &error)))
        return bench_failed("%s", error->message);
    s->m = ring1_machine_new_from_bytes(config, "loop", image, IMAGE_SIZE, &error);
    if (s->m && path)
        s->d = ring1_debugger_new(s->m, s->record, &error);
    return error ? bench_failed("%s", error->message) : true;
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

static bool measure_cost(struct bench *b, const char *path)
{
    double ratio[PAIRS], without = 0, with = 0;
    struct subject plain, recorded;
    struct bench_row *row = bench_add(b, "recorded for going back, a ms of the guest's", "us");
    bool ok = subject_new(&plain, NULL) && subject_new(&recorded, path);
    row->samples = b->quick ? QUICK_PAIRS : PAIRS;
    for (unsigned i = 0; ok && i <= row->samples; i++) {
        ok = run(&plain, RUN_NS, &without) && run(&recorded, RUN_NS, &with);
        ratio[i ? i - 1 : 0] = with / without; /* the first warms caches */
    }
    row->goal = GOAL_RATIO;
    row->limit = 1.3;
    row->figure = with / ((double)RUN_NS / 1e6) / 1e3;
    row->bare = without / ((double)RUN_NS / 1e6) / 1e3;
    row->ratio = median(ratio, row->samples);
    row->note = "bare: the same run without a record and a debugger";
    subject_free(&plain);
    subject_free(&recorded);
    return ok;
}

/* To some place in the last half, and a step back from there; then a few more. */
static bool step_back(struct subject *s, double place, double *first, double *next)
{
    g_autoptr(GError) error = NULL;
    struct ring1_debug_stop stop;
    struct ring1_place to = {.ns = (uint64_t)((double)ring1_machine_now(s->m) * place)};
    uint64_t start = wall_ns();
    bool ok = ring1_debugger_goto(s->d, &to, &stop, &error) &&
              ring1_debugger_run_back(s->d, RING1_GO_STEP, 0, NULL, NULL, &stop, &error);
    *first = (double)(wall_ns() - start) / 1e6;
    start = wall_ns();
    for (unsigned i = 0; ok && i < STEPS; i++)
        ok = ring1_debugger_run_back(s->d, RING1_GO_STEP, 0, NULL, NULL, &stop, &error);
    *next = (double)(wall_ns() - start) / STEPS / 1e6;
    if (!ok || stop.reason != RING1_DEBUG_STEPPED)
        return bench_failed("a step back: %s", error ? error->message : "it went elsewhere");
    return true;
}

static bool measure_steps(struct bench *b, const char *path)
{
    double took, first[STEPS], next[STEPS];
    struct subject s;
    struct bench_row *row = bench_add(b, "reverse-step in a recording of 10 s", "ms");
    bool ok = subject_new(&s, path) && run(&s, b->quick ? QUICK_NS : LONG_NS, &took);
    row->samples = STEPS;
    for (unsigned i = 0; ok && i < STEPS; i++)
        ok = step_back(&s, 0.99 - 0.1 * i, &first[i], &next[i]);
    row->goal = GOAL_FIGURE;
    row->limit = 500;
    row->note = "from somewhere else; of 9 places all over it";
    row->figure = ok ? median(first, STEPS) : 0;
    struct bench_row *more = bench_add(b, "another from there", "ms");
    more->samples = STEPS * STEPS;
    more->figure = ok ? median(next, STEPS) : 0;
    subject_free(&s);
    return ok;
}

bool measure_backward(struct bench *b)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("ring1-bench-XXXXXX", &path, &error);
    if (fd < 0)
        return bench_failed("%s", error->message);
    g_close(fd, NULL);
    bool ok = measure_cost(b, path) && measure_steps(b, path);
    g_unlink(path);
    return ok;
}
