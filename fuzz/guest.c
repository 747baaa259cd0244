/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest.c - see guest.h.
 */
#include "guest.h"

#include "check.h"
#include "dispatch/hypercall.h"
#include "dispatch/page_type.h"
#include "guest_runs.h"

#include <string.h>

#define NEW_EACH  32u /* of all inputs, one in so many is made up from nothing */
#define NEWEST    8u  /* inputs that are tried more often */
#define MAX_CALLS 16u /* of a run that are looked at: the last */

struct guest {
    struct fuzz_target target;
    struct fuzz_guest_setup setup;
    struct fuzz_random random;
    bool used; /* the machine is not at its start */
    struct fuzz_reason reason;
    struct domain *d;
    struct guest_runs *runs; /* of runs with all checks */
    uint32_t feature[MAX_CALLS];
    struct fuzz_bytes *trial;
};

static struct guest *guest_of(struct fuzz_target *t)
{
    return (struct guest *)(void *)t;
}

/* --- inputs ------------------------------------------------------------------------------------ */

static void decode(struct fuzz_target *t, const uint8_t *bytes, size_t len, void *input)
{
    struct fuzz_bytes *in = input;
    in->len = (uint32_t)MIN(len, guest_of(t)->setup.max);
    memcpy(in->byte, bytes, in->len);
}

static bool ready(struct fuzz_target *t)
{
    struct guest *g = guest_of(t);
    if (g->d)
        return true;
    if (!g->setup.machine && !g->setup.start(g->setup.user, &g->setup.machine, &g->setup.target))
        return false;
    g->d = ring1_machine_vcpu(g->setup.machine, 0)->domain;
    g->runs = guest_runs_new(g->setup.machine, g->setup.target, &g->reason);
    return true;
}

static void begin(struct fuzz_target *t, uint64_t seed)
{
    fuzz_seed(&guest_of(t)->random, seed);
}

/* Ways through the guest's code before results of calls, and new ones before old ones: who has
 * guessed half a word shall be asked for the other half. */
static unsigned pick(struct guest *g, const struct fuzz_pool *pool)
{
    unsigned n = pool->nr_ways;
    if (n == 0 || fuzz_roll(&g->random, 4) == 0)
        return fuzz_roll(&g->random, pool->nr);
    unsigned last = MIN(n, NEWEST);
    if (fuzz_roll(&g->random, 2))
        return pool->way[n - 1 - fuzz_roll(&g->random, last)];
    return pool->way[fuzz_roll(&g->random, n)];
}

static void next(struct fuzz_target *t, const struct fuzz_pool *pool, void *input)
{
    struct guest *g = guest_of(t);
    if (pool->nr == 0 || fuzz_roll(&g->random, NEW_EACH) == 0) {
        fuzz_bytes_generate(&g->random, g->setup.words, input, g->setup.max);
        return;
    }
    fuzz_bytes_copy(input, fuzz_pool_at(pool, pick(g, pool)));
    const struct fuzz_bytes *other = fuzz_pool_at(pool, fuzz_roll(&g->random, pool->nr));
    fuzz_bytes_mutate(&g->random, g->setup.words, input, other, g->setup.max);
}

/* --- what is broken ------------------------------------------------------------------------------- */

static void check_counts(struct guest *g)
{
    if (g->reason.text[0] || g->d->s.shutdown != SHUTDOWN_NONE || G_LIKELY(page_recount(g->d, NULL)))
        return;
    g_autoptr(GString) report = g_string_new(NULL);
    page_recount(g->d, report);
    fuzz_broken(&g->reason, "counts: after the last call: %s", report->str);
}

static void check_end(struct guest *g, const struct ring1_target_end *end)
{
    if (g->setup.host_only || (end->reason != RING1_TARGET_CRASHED && end->reason != RING1_TARGET_HANGS))
        return;
    g_autofree char *text = ring1_target_describe(g->setup.target);
    fuzz_broken(&g->reason, "guest %s: %s", end->reason == RING1_TARGET_HANGS ? "hang" : "crash", text);
}

/* Results of the last calls, and what kinds there were. */
static unsigned look_at_calls(struct guest *g)
{
    struct ring1_target_call call[MAX_CALLS];
    unsigned n = ring1_target_calls(g->setup.target, call, MAX_CALLS);
    for (unsigned i = 0; i < n; i++) {
        int32_t result = call[i].result;
        uint32_t kind = result >= 0 ? (uint32_t)MIN(result, 2) : (uint32_t)result;
        g->feature[i] =
            ((call[i].nr * 0x9E3779B1u ^ (call[i].arg[0] & 63)) * 0x85EBCA77u ^ kind) * 0xC2B2AE3Du;
        fuzz_result_holds(g->d, call[i].nr, call[i].arg, result, &g->reason);
    }
    return n;
}

/* --- running -------------------------------------------------------------------------------------- */

static bool put_back(struct guest *g)
{
    g_autoptr(GError) error = NULL;
    if (g->used && !ring1_target_reset(g->setup.target, &error))
        return fuzz_broken(&g->reason, "engine: %s", error->message);
    g->used = false;
    return true;
}

static bool run(struct guest *g, const struct fuzz_bytes *in, struct ring1_target_end *end)
{
    g_autoptr(GError) error = NULL;
    g->used = true;
    ring1_target_put(g->setup.target, in->byte, in->len);
    return ring1_target_run(g->setup.target, end, &error) ||
           fuzz_broken(&g->reason, "engine: %s", error->message);
}

static bool run_watched(struct guest *g, const struct fuzz_bytes *in, enum guest_turn turn,
                        struct ring1_target_end *end)
{
    *end = (struct ring1_target_end){0};
    if (!put_back(g))
        return false;
    guest_runs_begin(g->runs, turn);
    bool ran = run(g, in, end);
    guest_runs_end(g->runs, end);
    return ran;
}

/* The same input again does the same. */
static void check_again(struct guest *g, const struct fuzz_bytes *in)
{
    struct ring1_target_end end;
    const char *how;
    if (g->reason.text[0] || !run_watched(g, in, GUEST_AGAIN, &end) ||
        !(how = guest_runs_differs(g->runs, GUEST_AGAIN)))
        return;
    g_autofree char *first = g_strdup(how);
    if (run_watched(g, in, GUEST_THIRD, &end) && guest_runs_differs(g->runs, GUEST_THIRD))
        fuzz_broken(&g->reason, "repeat: the same input again: %s", first);
    else
        fuzz_broken(&g->reason, "host bytes: with other bytes on the host's stack %s", first);
}

/* Stopped half-way or not, calls do the same; unless they do something else each time anyway. */
static void check_stopped(struct guest *g, const struct fuzz_bytes *in)
{
    struct ring1_target_end end;
    const char *how;
    if (g->reason.text[0] || !run_watched(g, in, GUEST_STOPPED, &end) ||
        !(how = guest_runs_differs(g->runs, GUEST_STOPPED)))
        return;
    g_autofree char *stopped = g_strdup(how);
    check_again(g, in);
    fuzz_broken(&g->reason, "stopped: when calls are stopped half-way %s", stopped);
}

static const char *try(struct guest *g, const struct fuzz_bytes *in, enum fuzz_level level,
                       struct fuzz_outcome *out, struct ring1_target_end *end)
{
    bool full = level == FUZZ_FULL;
    g->reason.text[0] = '\0';
    *out = (struct fuzz_outcome){.feature = g->feature};
    *end = (struct ring1_target_end){0};
    if (full ? run_watched(g, in, GUEST_FIRST, end) : put_back(g) && run(g, in, end)) {
        out->calls = (unsigned)end->hypercalls;
        out->nr_features = look_at_calls(g);
        fuzz_domain_holds(g->d, &g->reason);
        if (level != FUZZ_CHEAP)
            check_counts(g);
        check_end(g, end);
        if (full) {
            check_stopped(g, in);
            check_again(g, in); /* the last, so that it is the way of the input itself that is told */
        }
        out->nr_places = ring1_target_coverage(g->setup.target, &out->place, &out->count);
    }
    return g->reason.text[0] ? g->reason.text : NULL;
}

static const char *check(struct fuzz_target *t, void *input, enum fuzz_level level, struct fuzz_outcome *out)
{
    struct ring1_target_end end;
    return try(guest_of(t), input, level, out, &end);
}

const char *fuzz_guest_try(struct fuzz_target *t, const void *bytes, size_t len, enum fuzz_level level,
                           struct ring1_target_end *end)
{
    struct fuzz_outcome out;
    decode(t, bytes, len, guest_of(t)->trial);
    return try(guest_of(t), guest_of(t)->trial, level, &out, end);
}

/* --- finds ---------------------------------------------------------------------------------------- */

struct slow {
    const struct fuzz_trial *trial;
    unsigned left;
};

static bool few_times(void *user, const void *input)
{
    struct slow *slow = user;
    return slow->left && slow->left-- && slow->trial->holds(slow->trial->user, input);
}

/* The trial counts its tries; but a hang takes its time. */
static void reduce(struct fuzz_target *t, void *input, const struct fuzz_trial *trial, unsigned tries)
{
    struct guest *g = guest_of(t);
    bool hangs = g_str_has_prefix(g->reason.text, "guest hang");
    struct slow slow = {trial, hangs ? tries / 20 : tries};
    const struct fuzz_trial counted = {few_times, &slow};
    fuzz_bytes_reduce(input, g->setup.max, &counted);
}

/* Crashes by how and where, hangs by the function that goes on. */
char *fuzz_guest_kind(const char *reason)
{
    static const char crash[] = "guest crash: ", hang[] = "guest hang: ";
    if (g_str_has_prefix(reason, crash))
        return g_strndup(reason, strlen(crash) + strcspn(reason + strlen(crash), ":"));
    if (g_str_has_prefix(reason, hang))
        return g_strndup(reason, strlen(hang) + strcspn(reason + strlen(hang), "+0"));
    return fuzz_reason_kind(reason);
}

static char *report(struct fuzz_target *t, const void *input)
{
    struct guest *g = guest_of(t);
    struct fuzz_outcome out;
    struct ring1_target_end end;
    try(g, input, FUZZ_CHEAP, &out, &end);
    char *text = ring1_machine_report(g->setup.machine, false);
    if (g->setup.tell)
        return text;
    g_autofree char *about = text;
    return g_strconcat(about, g->setup.no_sequence, NULL);
}

static void tell(struct fuzz_target *t, const void *input, int fd)
{
    const struct guest *g = guest_of(t);
    const struct fuzz_bytes *in = input;
    if (g->setup.tell)
        g->setup.tell(g->setup.user, in->byte, in->len, fd);
}

static const struct fuzz_target_ops ops = {
    .copy = fuzz_bytes_copy,
    .encode = fuzz_bytes_encode,
    .decode = decode,
    .ready = ready,
    .begin = begin,
    .next = next,
    .check = check,
    .reduce = reduce,
    .kind = fuzz_guest_kind,
    .report = report,
    .tell = tell,
};

struct fuzz_target *fuzz_guest_new(const struct fuzz_guest_setup *setup)
{
    struct guest *g = g_new0(struct guest, 1);
    g->setup = *setup;
    g->target = (struct fuzz_target){
        .ops = &ops,
        .input_bytes = sizeof(struct fuzz_bytes) + setup->max,
        .file_bytes = MAX(setup->max, 1u),
        .full_each = 8192,
        .recount_each = 1024,
    };
    g->trial = g_malloc0(g->target.input_bytes);
    if (setup->machine)
        ready(&g->target);
    return &g->target;
}

void fuzz_guest_free(struct fuzz_target *t)
{
    if (!t)
        return;
    guest_runs_free(guest_of(t)->runs);
    g_free(guest_of(t)->trial);
    g_free(t);
}
