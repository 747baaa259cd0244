/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * modes.c - what a guest must not be able to tell: it is run straight; saved,
 * freed and restored into a new machine every 100 traps, with a watch, which must be
 * told why whenever a call is refused; saved in slices, going ahead and back again to that
 * place, or to one before; saved to a file and loaded from it; with TLB and
 * translated code dropped at each trap; with long hypercalls stopped at each
 * step, and at random ones; in slices of random length; and interrupted again and
 * again by a signal. Console, memory, registers, time and the report of its
 * end must be the same. A guest that suspends is resumed, in other frames each time.
 *
 * usage: modes [--vcpus N] IMAGE ABI XEN [MEMORY-MIB [GUEST-COMMAND-LINE [INPUT [INITRD]]]]
 */
#include "outcome.h"

#include <ring1/snapshot.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define TRAPS_A_PIECE 100u
/* Times that a run is sent back. */
#define REWINDS 3000u
/* Files of a run, and the pieces between them. */
#define FILES       30u
#define FILED_TRAPS 2000u
#define FILED_NS    (20 * SLICE_NS)
#define LAST_ERRNO  133 /* of XEN_E* */

enum mode {
    STRAIGHT,
    RESTORED,
    REWOUND,
    FILED,
    FORGETFUL,
    PREEMPTED,
    PREEMPTED_AT_RANDOM,
    SLICED,
    INTERRUPTED,
    NR_MODES
};
static const char *const mode_names[NR_MODES] = {
    "straight",  "saved and restored",  "rewound", "saved to files", "forgetful",
    "preempted", "preempted at random", "sliced",  "interrupted"};

/* Slices of up to so many ns of the guest's time; interruptions each so many us of the
 * host's. */
#define SLICE_NS     40000
#define INTERRUPT_US 150

static ring1_machine *volatile interrupted; /* by on_alarm */

static void on_alarm(int sig)
{
    ring1_machine *m = interrupted;
    (void)sig;
    if (m)
        ring1_machine_interrupt(m);
}

static void interrupt_each(long us)
{
    struct itimerval each = {.it_value.tv_usec = us, .it_interval.tv_usec = us};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &each, NULL);
}

/* Rows whose value may look like an errno. */
static bool returns_value(const char *name)
{
    static const char *const names[] = {"get_debugreg", "iret", "switch_vm86"};
    for (size_t i = 0; name && i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void after_call(ring1_vcpu *v, const struct ring1_call *call, void *user)
{
    (void)v;
    (void)user;
    if (call->result >= 0 || call->result < -LAST_ERRNO || returns_value(call->name))
        return;
    if (!call->why || !strpbrk(call->why, "0123456789")) {
        fprintf(stderr, "modes: hypercall %u (%s), command %u, is refused with %d: %s\n", call->nr,
                call->name ? call->name : "?", call->arg[0], call->result,
                call->why ? call->why : "no reason is given");
        exit(99);
    }
}

static void watch(ring1_machine *m, enum mode mode)
{
    if (mode == RESTORED)
        ring1_machine_set_watch(m, &(struct ring1_watch){.after = after_call}, NULL);
}

/* The same state in a machine that never ran. */
static ring1_machine *exchange(const ring1_config *config, const char *image, ring1_machine *m,
                               struct outcome *out)
{
    GError *error = NULL;
    ring1_snapshot *snapshot = ring1_machine_save(m);
    ring1_machine_free(m);
    m = outcome_make(config, image, out);
    watch(m, RESTORED);
    if (!ring1_machine_restore(m, snapshot, &error))
        give_up("restore", error);
    ring1_snapshot_free(snapshot);
    return m;
}

/* The same by way of a file. */
static ring1_machine *exchange_by_file(ring1_machine *m, const char *path, struct outcome *out)
{
    GError *error = NULL;
    if (!ring1_machine_save_file(m, path, &error))
        give_up("save", error);
    ring1_machine_free(m);
    g_autoptr(ring1_saved) saved = ring1_saved_open(path, &error);
    if (!saved || !(m = ring1_saved_make(saved, NULL, &error)))
        give_up("load", error);
    outcome_hear(out, m);
    return m;
}

/* Places that a machine was saved at, the oldest first. */
#define MAX_KEPT 8
struct kept {
    ring1_snapshot *snapshot[MAX_KEPT];
    gsize console[MAX_KEPT]; /* bytes written until then */
    uint64_t seed[MAX_KEPT];
    int nr;
};

static void drop_kept(struct kept *k, int at)
{
    ring1_snapshot_free(k->snapshot[at]);
    k->nr--;
    memmove(&k->snapshot[at], &k->snapshot[at + 1], (size_t)(k->nr - at) * sizeof k->snapshot[0]);
    memmove(&k->console[at], &k->console[at + 1], (size_t)(k->nr - at) * sizeof k->console[0]);
    memmove(&k->seed[at], &k->seed[at + 1], (size_t)(k->nr - at) * sizeof k->seed[0]);
}

/* Save, go ahead for a while, and back to this place; now and then to another. */
static void rewind_machine(struct kept *k, GRand *rand, ring1_machine *m, uint64_t *seed, struct outcome *out)
{
    GError *error = NULL;
    struct ring1_stop stop;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    budget.traps = (uint64_t)g_rand_int_range(rand, 0, TRAPS_A_PIECE);
    budget.until_ns = ring1_machine_now(m) + SLICE_NS;
    if (k->nr == MAX_KEPT)
        drop_kept(k, 0);
    k->snapshot[k->nr] = ring1_machine_save(m);
    k->seed[k->nr] = *seed;
    k->console[k->nr++] = out->console->len;
    if (!ring1_machine_run(m, &budget, &stop, &error))
        give_up("run", error);
    int to = g_rand_int_range(rand, 0, 16) ? k->nr - 1 : g_rand_int_range(rand, 0, k->nr);
    if (!ring1_machine_restore(m, k->snapshot[to], &error))
        give_up("restore", error);
    g_string_truncate(out->console, k->console[to]);
    *seed = k->seed[to];
    while (k->nr > to + 1)
        drop_kept(k, k->nr - 1);
}

/* How far to go next. */
static void choose_piece(enum mode mode, const ring1_machine *m, GRand *rand, unsigned pieces,
                         struct ring1_budget *budget)
{
    uint64_t now = ring1_machine_now(m);
    if (mode == FILED) {
        bool more = pieces <= FILES;
        budget->traps = more ? (uint64_t)g_rand_int_range(rand, 1, FILED_TRAPS) : UINT64_MAX;
        budget->until_ns = more ? now + (uint64_t)g_rand_int_range(rand, 1, FILED_NS) : UINT64_MAX;
    }
    if (mode == REWOUND && pieces > REWINDS)
        budget->until_ns = UINT64_MAX;
    else if (mode == SLICED || mode == REWOUND) /* short ones, and now and then a long one */
        budget->until_ns =
            now + (uint64_t)g_rand_int_range(rand, 1, SLICE_NS) * (g_rand_int_range(rand, 0, 16) ? 1 : 100);
}

/* How many pieces it took. */
static unsigned run(ring1_config *config, const char *image, const char *input, enum mode mode,
                    struct outcome *out)
{
    config->preempt = mode == PREEMPTED             ? RING1_PREEMPT_EVERY
                      : mode == PREEMPTED_AT_RANDOM ? RING1_PREEMPT_RANDOM
                                                    : RING1_PREEMPT_NORMAL;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    GError *error = NULL;
    uint64_t seed = config->mfn_seed;
    unsigned pieces = 0;
    ring1_machine *m = outcome_make(config, image, out);
    watch(m, mode);
    if (input)
        ring1_machine_console_input(m, input, strlen(input));
    ring1_machine_set_forgetful(m, mode == FORGETFUL);
    if (mode == RESTORED)
        budget.traps = TRAPS_A_PIECE;
    struct kept kept = {.nr = 0};
    g_autofree char *path = g_strdup_printf("%s/ring1-modes-%d.snap", g_get_tmp_dir(), (int)getpid());
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    interrupted = mode == INTERRUPTED ? m : NULL;
    interrupt_each(mode == INTERRUPTED ? INTERRUPT_US : 0);
    for (;;) {
        choose_piece(mode, m, rand, ++pieces, &budget);
        if (!ring1_machine_run(m, &budget, &out->stop, &error))
            give_up("run", error);
        if (out->stop.reason == RING1_STOP_SHUTDOWN && out->stop.shutdown == RING1_SHUTDOWN_SUSPEND &&
            ring1_machine_resume(m, ++seed, NULL))
            continue;
        if (out->stop.reason != RING1_STOP_BUDGET && out->stop.reason != RING1_STOP_INTERRUPTED)
            break;
        if (mode == RESTORED)
            m = exchange(config, image, m, out);
        if (mode == FILED)
            m = exchange_by_file(m, path, out);
        if (mode == REWOUND)
            rewind_machine(&kept, rand, m, &seed, out);
    }
    interrupt_each(0);
    interrupted = NULL;
    outcome_take(out, m);
    ring1_machine_free(m);
    unlink(path);
    while (kept.nr)
        drop_kept(&kept, kept.nr - 1);
    return pieces;
}

int main(int argc, char **argv)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    struct outcome straight = {0};
    unsigned failed = 0;
    const char *image;
    if (!guest_arguments(config, &image, &argc, &argv)) {
        fprintf(stderr, "usage: modes [--vcpus N] IMAGE ABI XEN "
                        "[MEMORY-MIB [GUEST-COMMAND-LINE [INPUT [INITRD]]]]\n");
        return 2;
    }
    if (argc > 0)
        config->memory_mib = (unsigned)atoi(argv[0]);
    config->cmdline = g_strdup(argc > 1 ? argv[1] : NULL);
    g_autofree char *input = argc > 2 ? g_strcompress(argv[2]) : NULL;
    config->initrd = g_strdup(argc > 3 ? argv[3] : NULL);
    printf("%s: %u pieces\n", mode_names[STRAIGHT], run(config, image, input, STRAIGHT, &straight));
    for (int mode = STRAIGHT + 1; mode < NR_MODES; mode++) {
        struct outcome out = {0};
        printf("%s: %u pieces\n", mode_names[mode], run(config, image, input, (enum mode)mode, &out));
        failed += outcome_compare(&straight, &out);
        outcome_clear(&out);
    }
    printf("verdict: %u passed, %u failed\n", OUTCOME_LINES * (NR_MODES - 1) - failed, failed);
    outcome_clear(&straight);
    return failed ? 1 : 0;
}
