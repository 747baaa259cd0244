/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugged.c - what a guest must not be able to tell, continued from modes.c: it is stopped
 * by a debugger again and again, by steps, breakpoints where it was seen before,
 * watchpoints where its registers point, catches of calls; at some of these stops it is saved
 * and restored into a new machine. Then once more, to places that the first of these runs
 * stood at, where the registers must be the same. Console, memory, registers, time and the
 * report of its end must be as without a debugger.
 *
 * usage: debugged [--vcpus N] [--seed N] IMAGE ABI XEN [MEMORY-MIB [GUEST-COMMAND-LINE [INPUT]]]
 */
#include "emu/stops.h"
#include "lib/machine_priv.h"
#include "outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode { STRAIGHT, STEPPED, DEBUGGED, AT_PLACES, NR_MODES };
static const char *const mode_names[NR_MODES] = {"straight", "stepped", "debugged", "at places"};

/* Stops of a run; then it runs freely. */
#define STEPS      60000u
#define STOPS      12000u
#define MAX_PLACES 4000u

struct place {
    struct ring1_place at;
    struct regs regs;
    unsigned vcpu;
};

struct session {
    ring1_config *config;
    const char *image, *input;
    ring1_machine *m;
    GRand *rand;
    struct outcome *out;
    unsigned stops[STOP_PLACE + 1]; /* of this run */
    GArray *seen;                   /* addresses of instructions */
    GArray *set;                    /* breakpoints */
    struct watch_set {
        uint32_t address, size;
        enum ring1_watch_kind kind;
    } watches[8];
    unsigned nr_watches;
    bool catching;
    GArray *places; /* struct place */
    guint next_place;
    uint64_t length; /* of the straight run, ns */
    unsigned failed;
};

static bool one_in(struct session *s, int n)
{
    return g_rand_int_range(s->rand, 0, n) == 0;
}

/* --- what to stop for ---------------------------------------------------------------- */

/* Some of the calls, by what they are: the answers must be the same in each run. */
static bool on_call(void *user, ring1_vcpu *v, const struct ring1_call *call, bool is_return)
{
    (void)user;
    (void)v;
    return (call->nr + call->arg[0] / 64 + call->index + is_return) % 5 == 0;
}

static void arm(struct session *s)
{
    struct machine *m = s->m->machine;
    stops_attach(m);
    for (guint i = 0; i < s->set->len; i++)
        stops_break(m, g_array_index(s->set, uint32_t, i));
    for (unsigned i = 0; i < s->nr_watches; i++)
        stops_watch(m, s->watches[i].address, s->watches[i].size, s->watches[i].kind);
    stops_catch(m, s->catching ? on_call : NULL, NULL);
}

static void add_breakpoint(struct session *s)
{
    if (s->seen->len == 0 || s->set->len >= 12)
        return;
    uint32_t at = g_array_index(s->seen, uint32_t, g_rand_int_range(s->rand, 0, (gint32)s->seen->len));
    g_array_append_val(s->set, at);
    stops_break(s->m->machine, at);
}

static void drop_breakpoint(struct session *s)
{
    if (s->set->len == 0)
        return;
    guint i = (guint)g_rand_int_range(s->rand, 0, (gint32)s->set->len);
    uint32_t at = g_array_index(s->set, uint32_t, i);
    g_array_remove_index_fast(s->set, i);
    for (i = 0; i < s->set->len; i++)
        if (g_array_index(s->set, uint32_t, i) == at)
            return; /* it was there twice */
    stops_unbreak(s->m->machine, at);
}

static void change_watch(struct session *s)
{
    static const uint32_t sizes[] = {1, 2, 4, 8, 64};
    struct machine *m = s->m->machine;
    const struct regs *r = vcpu_regs(m->current);
    const uint32_t bases[] = {r->esp, r->esp - 4, r->ebx, r->esi, r->edi, r->eax, r->edx};
    if (s->nr_watches == G_N_ELEMENTS(s->watches) || (s->nr_watches && one_in(s, 2))) {
        struct watch_set w = s->watches[--s->nr_watches];
        stops_unwatch(m, w.address, w.size, w.kind);
        return;
    }
    struct watch_set w = {.address = bases[g_rand_int_range(s->rand, 0, G_N_ELEMENTS(bases))],
                          .size = sizes[g_rand_int_range(s->rand, 0, G_N_ELEMENTS(sizes))],
                          .kind = (enum ring1_watch_kind)g_rand_int_range(s->rand, 1, 4)};
    if (!stops_watch(m, w.address, w.size, w.kind))
        give_up("watch", NULL);
    s->watches[s->nr_watches++] = w;
}

static void disarm(struct session *s)
{
    stops_detach(s->m->machine);
    g_array_set_size(s->set, 0);
    s->nr_watches = 0;
    s->catching = false;
}

/* --- the runs ------------------------------------------------------------------------ */

static void exchange(struct session *s)
{
    GError *error = NULL;
    ring1_snapshot *snapshot = ring1_machine_save(s->m);
    ring1_machine_free(s->m);
    s->m = outcome_make(s->config, s->image, s->out);
    if (!ring1_machine_restore(s->m, snapshot, &error))
        give_up("restore", error);
    ring1_snapshot_free(snapshot);
    arm(s);
}

static void note_place(struct session *s)
{
    struct machine *m = s->m->machine;
    struct place p = {.at = stops_place(m), .regs = *vcpu_regs(m->current), .vcpu = m->current->id};
    uint32_t linear;
    if (insn_code_address(m->current, &linear) && s->seen->len < 4096)
        g_array_append_val(s->seen, linear);
    if (!s->places)
        return;
    struct place *last = s->places->len ? &g_array_index(s->places, struct place, s->places->len - 1) : NULL;
    if (last && ring1_place_compare(&last->at, &p.at) > 0) {
        printf("FAIL   %" PRIu64 " ns: places go backwards\n", p.at.ns);
        s->failed++;
    } else if (last && ring1_place_compare(&last->at, &p.at) == 0) {
        if (memcmp(&last->regs, &p.regs, sizeof p.regs) != 0 || last->vcpu != p.vcpu) {
            printf("FAIL   %" PRIu64 " ns: two states at one place\n", p.at.ns);
            s->failed++;
        }
    } else if (s->places->len < MAX_PLACES * 8) {
        g_array_append_val(s->places, p);
    }
}

/* Before each run of the mode; false: from now on freely. */
static bool prepare_stepped(struct session *s, unsigned n)
{
    struct machine *m = s->m->machine;
    if (n == 0)
        arm(s);
    else
        note_place(s);
    if (n >= STEPS)
        return false;
    stops_step(m, one_in(s, 10) ? (unsigned)g_rand_int_range(s->rand, 0, (gint32)m->domain->s.nr_vcpus)
                                : m->current->id);
    return true;
}

static bool prepare_debugged(struct session *s, unsigned n)
{
    struct machine *m = s->m->machine;
    if (n == 0)
        arm(s);
    else
        note_place(s);
    if (n >= STOPS)
        return false;
    if (one_in(s, 20))
        add_breakpoint(s);
    if (one_in(s, 25))
        drop_breakpoint(s);
    if (one_in(s, 40))
        change_watch(s);
    if (one_in(s, 60)) {
        s->catching = !s->catching;
        stops_catch(m, s->catching ? on_call : NULL, NULL);
    }
    if (one_in(s, 80))
        exchange(s);
    m = s->m->machine;
    struct ring1_place at = stops_place(m);
    at.ns += (uint64_t)g_rand_int_range(s->rand, 1,
                                        one_in(s, 4) ? (gint32)MIN(s->length / 200, INT32_MAX) + 4000 : 4000);
    stops_at(m, &at); /* at the latest */
    if (one_in(s, 3))
        stops_step(m, m->current->id);
    return true;
}

static void compare_place(struct session *s)
{
    struct machine *m = s->m->machine;
    const struct place *p = &g_array_index(s->places, struct place, s->next_place);
    struct ring1_place now = stops_place(m);
    const struct regs *r = vcpu_regs(m->current);
    if (ring1_place_compare(&now, &p->at) != 0 || p->vcpu != m->current->id ||
        memcmp(r, &p->regs, sizeof *r) != 0) {
        if (s->failed++ < 10)
            printf("FAIL   at %" PRIu64 " ns, %" PRIu64 " calls, entry %u, %d, EIP %#x, vcpu %u, not %" PRIu64
                   ", %" PRIu64 ", %u, %d, %#x, %u\n",
                   now.ns, now.calls, now.entry, now.looked, r->eip, m->current->id, p->at.ns, p->at.calls,
                   p->at.entry, p->at.looked, p->regs.eip, p->vcpu);
        for (unsigned i = 0; s->failed < 10 && i < sizeof *r / 4; i++)
            if (((const uint32_t *)r)[i] != ((const uint32_t *)&p->regs)[i])
                printf("       word %u: %#x, not %#x\n", i, ((const uint32_t *)r)[i],
                       ((const uint32_t *)&p->regs)[i]);
    }
    s->next_place++;
}

static bool prepare_at_places(struct session *s, unsigned n)
{
    if (n == 0)
        arm(s);
    else if (s->out->stop.reason == RING1_STOP_DEBUG)
        compare_place(s);
    if (one_in(s, 200))
        exchange(s);
    s->next_place += (guint)g_rand_int_range(s->rand, 0, 1 + (gint32)(s->places->len / 500));
    if (s->next_place >= s->places->len)
        return false;
    stops_at(s->m->machine, &g_array_index(s->places, struct place, s->next_place).at);
    return true;
}

static void run(struct session *s, enum mode mode)
{
    static bool (*const prepare[NR_MODES])(struct session *, unsigned) = {
        [STEPPED] = prepare_stepped, [DEBUGGED] = prepare_debugged, [AT_PLACES] = prepare_at_places};
    uint64_t seed = s->config->mfn_seed;
    GError *error = NULL;
    memset(s->stops, 0, sizeof s->stops);
    s->m = outcome_make(s->config, s->image, s->out);
    if (s->input)
        ring1_machine_console_input(s->m, s->input, strlen(s->input));
    bool freely = mode == STRAIGHT;
    for (unsigned n = 0;; n++) {
        if (!freely && !prepare[mode](s, n)) {
            disarm(s);
            freely = true;
        }
        if (!ring1_machine_run(s->m, NULL, &s->out->stop, &error))
            give_up("run", error);
        if (s->out->stop.reason == RING1_STOP_DEBUG)
            s->stops[stops_last(s->m->machine)->kind]++;
        else if (s->out->stop.reason != RING1_STOP_SHUTDOWN ||
                 s->out->stop.shutdown != RING1_SHUTDOWN_SUSPEND || !ring1_machine_resume(s->m, ++seed, NULL))
            break;
    }
    if (s->m->machine->stops)
        disarm(s);
    outcome_take(s->out, s->m);
    ring1_machine_free(s->m);
}

int main(int argc, char **argv)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    struct session s = {.config = config};
    struct outcome out[NR_MODES] = {0};
    unsigned seed = 1, failed = 0;
    if (argc > 2 && strcmp(argv[1], "--seed") == 0) {
        seed = (unsigned)atoi(argv[2]);
        argc -= 2;
        argv += 2;
    }
    if (!guest_arguments(config, &s.image, &argc, &argv)) {
        fprintf(stderr, "usage: debugged [--seed N] [--vcpus N] IMAGE ABI XEN "
                        "[MEMORY-MIB [GUEST-COMMAND-LINE [INPUT]]]\n");
        return 2;
    }
    if (argc > 0)
        config->memory_mib = (unsigned)atoi(argv[0]);
    config->cmdline = g_strdup(argc > 1 ? argv[1] : NULL);
    g_autofree char *input = argc > 2 ? g_strcompress(argv[2]) : NULL;
    s.input = input;
    s.rand = g_rand_new_with_seed(seed);
    s.seen = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    s.set = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));
    for (int mode = 0; mode < NR_MODES; mode++) {
        s.out = &out[mode];
        s.places = mode == DEBUGGED || mode == AT_PLACES ? places : NULL;
        run(&s, (enum mode)mode);
        printf("%s: %u steps, %u breakpoints, %u watchpoints, %u calls, %u places\n", mode_names[mode],
               s.stops[STOP_STEPPED], s.stops[STOP_BREAKPOINT], s.stops[STOP_WATCHPOINT], s.stops[STOP_CALL],
               s.stops[STOP_PLACE]);
        s.length = out[STRAIGHT].ns;
        if (mode != STRAIGHT)
            failed += outcome_compare(&out[STRAIGHT], &out[mode]);
        failed += !outcome_check("places", s.failed == 0);
        s.failed = 0;
    }
    printf("verdict: %u failed\n", failed);
    for (int mode = 0; mode < NR_MODES; mode++)
        outcome_clear(&out[mode]);
    g_array_unref(places);
    g_array_unref(s.seen);
    g_array_unref(s.set);
    g_rand_free(s.rand);
    return failed ? 1 : 0;
}
