/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger.c - a guest is run under a debugger, with steps, pokes, input and slices at
 * random, and recorded; then its past is looked at: at every place that was seen, memory
 * and registers must be as they were, whichever way one came there. Steps back must be the
 * steps forward, stops back the stops forward, and the record must be one that replays.
 *
 * usage: debugger [--vcpus N] [--preempt every] [--disk TEXT] [--net TEXT] IMAGE ABI XEN [GUEST-COMMAND-LINE]
 */
#include "outcome.h"

#include <glib/gstdio.h>
#include <ring1/debugger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_NS    UINT64_C(60000000) /* of guests that would go on */
#define PLACES    16u
#define STEPS     16u
#define STOPS_MAX 12u

static unsigned passed, failed;

static bool check(bool good, const char *what, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool check(bool good, const char *what, const char *format, ...)
{
    good ? passed++ : failed++;
    if (!good) {
        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);
        printf("FAIL %s: %s\n", what, text);
    }
    return good;
}

static char *place_text(const struct ring1_place *p)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " ns, call %" G_GUINT64_FORMAT ", entry %u%s", p->ns,
                           p->calls, p->entry, p->looked ? ", looked" : "");
}

/* What somebody who looks can tell. */
struct sight {
    struct ring1_place place;
    char *hash;
    struct ring1_registers regs;
    enum ring1_debug_reason reason;
    unsigned vcpu;
};

static struct sight look(ring1_debugger *d, const struct ring1_debug_stop *stop)
{
    struct sight s = {.place = ring1_debugger_place(d),
                      .hash = ring1_machine_hash(ring1_debugger_machine(d))};
    if (stop) {
        s.reason = stop->reason;
        s.vcpu = stop->vcpu;
    }
    ring1_debugger_get_registers(d, s.vcpu, &s.regs);
    return s;
}

static void sight_clear(void *sight)
{
    g_free(((struct sight *)sight)->hash);
}

static GArray *sights_new(void)
{
    GArray *a = g_array_new(FALSE, FALSE, sizeof(struct sight));
    g_array_set_clear_func(a, sight_clear);
    return a;
}

static bool same(const struct sight *a, const struct sight *b, const char *what)
{
    g_autofree char *at = place_text(&a->place), *other = place_text(&b->place);
    return check(ring1_place_compare(&a->place, &b->place) == 0, what, "%s instead of %s", other, at) &&
           check(strcmp(a->hash, b->hash) == 0, what, "memory or registers are others at %s, seen for %d", at,
                 a->reason) &&
           check(memcmp(&a->regs, &b->regs, sizeof a->regs) == 0, what, "registers are others at %s", at);
}

/* --- the run ------------------------------------------------------------------------------ */

struct session {
    ring1_machine *m;
    ring1_debugger *d;
    GRand *rand;
    GArray *seen;
    GArray *code; /* uint32_t: addresses of instructions that were executed */
    bool over;
    bool preempted; /* a call that is forced to stop goes on at no cost: its turns have one place */
};

#define POKED 160u /* byte of fxsave, in XMM0 */

static void poke(struct session *s)
{
    struct ring1_registers r;
    uint32_t word;
    if (!ring1_debugger_get_registers(s->d, 0, &r) ||
        ring1_debugger_read(s->d, 0, r.esp - 256, &word, 4) != 4)
        return;
    word ^= 0x5A5A;
    ring1_debugger_write(s->d, 0, r.esp - 256, &word, 4, NULL);
    r.fxsave[POKED] ^= 1;
    ring1_debugger_set_registers(s->d, 0, &r, NULL);
}

static void disturb(struct session *s)
{
    char bytes[32];
    switch (g_rand_int_range(s->rand, 0, 5)) {
    case 0:
        memset(bytes, 'a' + g_rand_int_range(s->rand, 0, 26), sizeof bytes);
        ring1_machine_console_input(s->m, bytes, (size_t)g_rand_int_range(s->rand, 1, sizeof bytes));
        break;
    case 1:
        poke(s);
        break;
    default:
        break;
    }
}

static void run_once(struct session *s)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    struct ring1_budget b = RING1_BUDGET_UNLIMITED;
    bool step = g_rand_int_range(s->rand, 0, 3) == 0;
    b.until_ns = ring1_machine_now(s->m) + (uint64_t)g_rand_int_range(s->rand, 1, 400000);
    b.return_when_idle = g_rand_boolean(s->rand);
    unsigned vcpu = (unsigned)g_rand_int_range(s->rand, 0, (int)ring1_machine_nr_vcpus(s->m));
    if (!ring1_debugger_run(s->d, step ? RING1_GO_STEP : RING1_GO_ON, vcpu, &b, &stop, &error))
        give_up("run", error);
    struct sight now = look(s->d, &stop);
    g_array_append_val(s->seen, now);
    if (stop.reason == RING1_DEBUG_STEPPED)
        g_array_append_val(s->code, now.regs.eip);
    if (stop.reason == RING1_DEBUG_GUEST && stop.guest.reason == RING1_STOP_IDLE)
        ring1_machine_advance(s->m, (uint64_t)g_rand_int_range(s->rand, 0, 3000000));
    s->over = stop.reason == RING1_DEBUG_GUEST &&
              (stop.guest.reason == RING1_STOP_SHUTDOWN || stop.guest.reason == RING1_STOP_CRASH);
}

static void run_forward(struct session *s)
{
    while (!s->over && ring1_machine_now(s->m) < END_NS) {
        run_once(s);
        if (!s->over && ring1_machine_now(s->m) < END_NS)
            disturb(s);
    }
}

/* --- looking back --------------------------------------------------------------------------- */

static struct sight *seen(struct session *s, guint i)
{
    return &g_array_index(s->seen, struct sight, i);
}

/* A place is only seen again as it was if nothing came in there: the first sight counts. */
static bool is_first(struct session *s, guint i)
{
    return i == 0 || ring1_place_compare(&seen(s, i - 1)->place, &seen(s, i)->place) < 0;
}

static void visit(struct session *s, guint i, const char *what)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    if (!is_first(s, i))
        return;
    bool went = ring1_debugger_goto(s->d, &seen(s, i)->place, &stop, &error);
    if (!check(went, what, "%s", error ? error->message : "no reason")) {
        g_clear_error(&error);
        return;
    }
    stop.vcpu = seen(s, i)->vcpu;
    struct sight now = look(s->d, &stop);
    same(seen(s, i), &now, what);
    sight_clear(&now);
}

static void visit_all(struct session *s)
{
    guint n = s->seen->len;
    for (guint i = 0; i < MIN(n, PLACES); i++)
        visit(s, n - 1 - i * (n - 1) / MIN(n, PLACES), "backwards");
    for (guint i = 0; i < PLACES; i++)
        visit(s, (guint)g_rand_int_range(s->rand, 0, (int)n), "to and fro");
}

/* Others may have gone on since the vcpu's step before, and then something come in. */
static bool same_but_for_pokes(const struct ring1_registers *a, const struct ring1_registers *b)
{
    struct ring1_registers poked = *b;
    poked.fxsave[POKED] = a->fxsave[POKED];
    return memcmp(a, &poked, sizeof poked) == 0;
}

/* Some place, then steps forward, and as many back. */
static void steps(struct session *s, unsigned vcpu)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    guint from = (guint)g_rand_int_range(s->rand, 0, (int)s->seen->len);
    g_autoptr(GArray) way = sights_new();
    if (!ring1_debugger_goto(s->d, &seen(s, from)->place, &stop, &error))
        give_up("goto", error);
    for (unsigned i = 0; i < STEPS; i++) {
        if (!ring1_debugger_run(s->d, RING1_GO_STEP, vcpu, NULL, &stop, &error))
            give_up("step", error);
        if (stop.reason != RING1_DEBUG_STEPPED)
            break;
        stop.vcpu = vcpu;
        struct sight now = look(s->d, &stop);
        g_array_append_val(way, now);
    }
    for (guint i = ring1_debugger_in_past(s->d) ? way->len : 0; i-- > 1;) {
        if (!check(ring1_debugger_run_back(s->d, RING1_GO_STEP, vcpu, NULL, NULL, &stop, &error), "step back",
                   "%s", error ? error->message : "no reason"))
            break;
        stop.vcpu = vcpu;
        struct sight now = look(s->d, &stop);
        const struct sight *then = &g_array_index(way, struct sight, i - 1);
        bool ok = check(stop.reason == RING1_DEBUG_STEPPED, "step back", "reason %d", stop.reason);
        ok = ok && (ring1_machine_nr_vcpus(s->m) > 1
                        ? check(same_but_for_pokes(&then->regs, &now.regs), "step back", "other registers")
                        : same(then, &now, "step back"));
        sight_clear(&now);
        if (!ok)
            break;
    }
    g_clear_error(&error);
}

/* Stops forward from some place, then backward. */
static void stops(struct session *s, const char *what)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    g_autoptr(GArray) way = sights_new();
    guint from = (guint)g_rand_int_range(s->rand, 0, (int)s->seen->len);
    if (!ring1_debugger_goto(s->d, &seen(s, from)->place, &stop, &error))
        give_up("goto", error);
    while (way->len < STOPS_MAX) {
        if (!ring1_debugger_run(s->d, RING1_GO_ON, 0, NULL, &stop, &error))
            give_up("run in the past", error);
        if (stop.reason == RING1_DEBUG_PRESENT || !ring1_debugger_in_past(s->d))
            break;
        struct sight now = look(s->d, &stop);
        g_array_append_val(way, now);
    }
    /* From the last of them, or from behind it. */
    for (guint i = way->len + (ring1_debugger_in_past(s->d) ? 0 : 1); i-- > 1;) {
        const struct sight *then = &g_array_index(way, struct sight, i - 1);
        bool went = ring1_debugger_run_back(s->d, RING1_GO_ON, 0, NULL, NULL, &stop, &error);
        if (!check(went, what, "%s", error ? error->message : "no reason"))
            break;
        stop.vcpu = then->vcpu;
        struct sight now = look(s->d, &stop);
        bool ok = check(stop.reason == then->reason, what, "%d instead of %d", stop.reason, then->reason) &&
                  same(then, &now, what);
        sight_clear(&now);
        if (!ok)
            break;
    }
    g_clear_error(&error);
}

static bool catch_some(G_GNUC_UNUSED void *user, G_GNUC_UNUSED ring1_vcpu *v, const struct ring1_call *call,
                       bool is_return)
{
    return !is_return && (call->depth > 0 || call->nr % 3 == 0);
}

static void all_stops(struct session *s)
{
    for (unsigned i = 0; i < 3 && s->code->len > 0; i++) {
        guint k = (guint)g_rand_int_range(s->rand, 0, (int)s->code->len);
        ring1_debugger_break(s->d, g_array_index(s->code, uint32_t, k));
    }
    for (unsigned i = 0; i < 2; i++)
        stops(s, "breakpoints");
    for (guint i = 0; i < s->code->len; i++)
        ring1_debugger_unbreak(s->d, g_array_index(s->code, uint32_t, i));
    if (s->preempted)
        return;
    ring1_debugger_catch(s->d, catch_some, NULL);
    for (unsigned i = 0; i < 2; i++)
        stops(s, "calls");
    ring1_debugger_catch(s->d, NULL, NULL);
}

/* From the beginning, through all of the past, to the present. */
static void end_to_end(struct session *s, const struct sight *present)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    bool ok = ring1_debugger_run_back(s->d, RING1_GO_ON, 0, NULL, NULL, &stop, &error);
    if (!check(ok && stop.reason == RING1_DEBUG_BEGIN, "end to end", "%s",
               error ? error->message : "not the beginning"))
        return;
    ok = ring1_debugger_run(s->d, RING1_GO_ON, 0, NULL, &stop, &error);
    if (!check(ok && stop.reason == RING1_DEBUG_PRESENT, "end to end", "%s",
               error ? error->message : "not the present"))
        return;
    check(!ring1_debugger_in_past(s->d), "end to end", "still in the past");
    stop.vcpu = present->vcpu;
    struct sight now = look(s->d, &stop);
    same(present, &now, "end to end");
    sight_clear(&now);
}

/* Another future from some place on. */
static void drop_future(struct session *s)
{
    GError *error = NULL;
    struct ring1_debug_stop stop;
    guint from = (guint)g_rand_int_range(s->rand, 0, (int)s->seen->len);
    if (!ring1_debugger_goto(s->d, &seen(s, from)->place, &stop, &error))
        give_up("goto", error);
    if (!ring1_debugger_in_past(s->d))
        return;
    struct sight there = look(s->d, NULL);
    if (!ring1_debugger_drop_future(s->d, &error)) {
        check(strstr(error->message, "disk") != NULL, "drop the future", "%s", error->message);
        g_clear_error(&error);
        return;
    }
    check(!ring1_debugger_in_past(s->d), "drop the future", "still in the past");
    struct sight now = look(s->d, NULL);
    same(&there, &now, "drop the future");
    while (s->seen->len > 0 && ring1_place_compare(&seen(s, s->seen->len - 1)->place, &there.place) > 0)
        g_array_set_size(s->seen, s->seen->len - 1);
    sight_clear(&there);
    sight_clear(&now);
    s->over = false;
    poke(s);
    run_forward(s);
    visit_all(s);
}

/* --- the record ------------------------------------------------------------------------------- */

static void replay(const char *path, const struct sight *end, GArray *places)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_replay) r = ring1_replay_open(path, &error);
    struct ring1_replay_stop stop = {.reason = RING1_REPLAY_CUT};
    bool ok = r && ring1_replay_next(r, &error) && ring1_replay_run(r, NULL, &stop, &error);
    if (!check(ok && stop.reason == RING1_REPLAY_FINISHED, "replay", "%s",
               error ? error->message : "it did not finish"))
        return;
    g_autofree char *hash = ring1_machine_hash(ring1_replay_machine(r));
    check(strcmp(hash, end->hash) == 0, "replay", "another end");

    g_autoptr(ring1_replay) again = ring1_replay_open(path, &error);
    if (!again || !ring1_replay_next(again, &error))
        give_up(path, error);
    struct session s = {.d = ring1_debugger_new_replay(again, &error), .seen = places};
    struct ring1_debug_stop at;
    ok = ring1_debugger_run(s.d, RING1_GO_ON, 0, NULL, &at, &error);
    check(ok && at.reason == RING1_DEBUG_PRESENT, "a replay's debugger", "%s",
          error ? error->message : "no end");
    for (guint i = 0; i < PLACES && places->len > 0; i++)
        visit(&s, i * 7919 % places->len, "a replay's places");
    ring1_debugger_free(s.d);
}

static void test(const ring1_config *config, const char *image, unsigned seed)
{
    GError *error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("ring1-debugger-XXXXXX", &path, NULL);
    g_autoptr(ring1_config) c = g_memdup2(config, sizeof *config);
    struct session s = {.rand = g_rand_new_with_seed(seed),
                        .seen = sights_new(),
                        .code = g_array_new(FALSE, FALSE, sizeof(uint32_t))};
    g_close(fd, NULL);
    s.preempted = config->preempt != RING1_PREEMPT_NORMAL;
    c->cmdline = g_strdup(config->cmdline);
    c->disks = g_strdupv(config->disks);
    c->nets = g_strdupv(config->nets);
    if (!(c->record = ring1_record_new(path, &error)) ||
        !(s.m = ring1_machine_new_from_file(c, image, &error)) ||
        !(s.d = ring1_debugger_new(s.m, c->record, &error)))
        give_up(image, error);
    run_forward(&s);
    visit_all(&s);
    for (unsigned i = 0; i < 2; i++)
        steps(&s, i % ring1_machine_nr_vcpus(s.m));
    all_stops(&s);
    struct ring1_place last = {.ns = UINT64_MAX};
    struct ring1_debug_stop stop;
    if (!ring1_debugger_goto(s.d, &last, &stop, &error))
        give_up("goto", error);
    struct sight present = look(s.d, &stop);
    end_to_end(&s, &present);
    sight_clear(&present);
    drop_future(&s);
    if (!ring1_debugger_goto(s.d, &last, &stop, &error))
        give_up("goto", error);
    present = look(s.d, &stop);
    ring1_debugger_free(s.d);
    ring1_machine_free(s.m);
    if (!ring1_record_end(c->record, 0, NULL, &error))
        give_up("end", error);
    ring1_record_free(c->record);
    replay(path, &present, s.seen);
    sight_clear(&present);
    g_array_unref(s.seen);
    g_array_unref(s.code);
    g_rand_free(s.rand);
    g_unlink(path);
}

/* --- who last wrote this page-table entry? ------------------------------------------------------ */

static uint32_t find_symbol(ring1_machine *m, const char *name)
{
    for (uint32_t at = 0xC0000000; at < 0xC0100000; at += 4)
        if (g_strcmp0(ring1_machine_symbol(m, at, false), name) == 0)
            return at;
    return 0;
}

static void expect_stop(bool ok, const struct ring1_debug_stop *stop, enum ring1_debug_reason reason,
                        const char *what, GError *error)
{
    check(ok && stop->reason == reason, what, "%s, reason %d", error ? error->message : "no error",
          stop->reason);
}

/* guest-images/debugged/ledger.c crashes at a page whose entry the third entry of a
 * multicall took away: one watchpoint and one run back. */
static void last_writer(const ring1_config *config, const char *image)
{
    GError *error = NULL;
    g_autofree char *path = NULL;
    g_autoptr(ring1_config) c = g_memdup2(config, sizeof *config);
    struct ring1_debug_stop stop;
    uint32_t entry = 0;
    c->cmdline = NULL;
    c->disks = c->nets = NULL;
    g_close(g_file_open_tmp("ring1-debugger-XXXXXX", &path, NULL), NULL);
    c->record = ring1_record_new(path, &error);
    ring1_machine *m = ring1_machine_new_from_file(c, image, &error);
    ring1_debugger *d = m ? ring1_debugger_new(m, c->record, &error) : NULL;
    if (!d || !ring1_debugger_run(d, RING1_GO_ON, 0, NULL, &stop, &error))
        give_up(image, error);
    check(stop.reason == RING1_DEBUG_GUEST && stop.guest.reason == RING1_STOP_CRASH, "ledger",
          "it did not crash");
    struct sight crashed = look(d, &stop);
    ring1_debugger_read(d, 0, find_symbol(m, "ledger_entry"), &entry, 4);
    ring1_debugger_watch(d, entry, 4, RING1_WATCH_WRITE, NULL);
    bool ok = ring1_debugger_run_back(d, RING1_GO_ON, 0, NULL, NULL, &stop, &error);
    struct ring1_place place = ring1_debugger_place(d);
    expect_stop(ok, &stop, RING1_DEBUG_WATCHPOINT, "the last writer", error);
    check(stop.by_hypercall && place.entry == 2, "the last writer", "entry %u", place.entry);
    check(!ring1_debugger_write(d, 0, entry, &entry, 4, NULL), "the past", "it was written");
    ok = ring1_debugger_run(d, RING1_GO_ON, 0, NULL, &stop, &error);
    expect_stop(ok, &stop, RING1_DEBUG_WATCHPOINT, "and forward", error);
    ok = ring1_debugger_run(d, RING1_GO_ON, 0, NULL, &stop, &error);
    expect_stop(ok, &stop, RING1_DEBUG_PRESENT, "to the present", error);
    stop.vcpu = crashed.vcpu;
    struct sight now = look(d, &stop);
    same(&crashed, &now, "the crashed guest");
    check(!ring1_debugger_write(d, 0, entry, &entry, 4, NULL), "a page table", "it was written");
    sight_clear(&crashed);
    sight_clear(&now);
    ring1_debugger_free(d);
    ring1_machine_free(m);
    ring1_record_free(c->record);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    const char *image;
    if (!guest_arguments(config, &image, &argc, &argv)) {
        fprintf(stderr,
                "usage: debugger [--vcpus N] [--preempt every] [--disk TEXT] [--net TEXT] IMAGE ABI XEN"
                " [GUEST-COMMAND-LINE]\n");
        return 2;
    }
    config->cmdline = g_strdup(argc > 0 ? argv[0] : NULL);
    if (strstr(image, "ledger"))
        last_writer(config, image);
    for (unsigned seed = 1; seed <= 2; seed++)
        test(config, image, seed);
    printf("verdict: %u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
