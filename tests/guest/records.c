/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * records.c - a guest is run in slices of random length, with console input, NMIs and
 * waits at random moments, some of its calls answered by a watch, and recorded; the
 * replay must be the same run: straight, sliced in another way, gone back to places on
 * the way. A record that was changed must be seen to be another run.
 *
 * usage: records [--vcpus N] IMAGE ABI XEN [GUEST-COMMAND-LINE]
 */
#include "debug/record_read.h"
#include "debug/record_write.h"
#include "outcome.h"

#include <glib/gstdio.h>
#include <ring1/record.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

#define END_NS UINT64_C(200000000) /* of guests that would wait for more */

static unsigned passed, failed;

static void check(bool good, const char *what, const char *detail)
{
    good ? passed++ : failed++;
    if (!good)
        printf("FAIL %s: %s\n", what, detail);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return g_string_equal(a->console, b->console) && strcmp(a->hash, b->hash) == 0 && a->ns == b->ns &&
           a->calls == b->calls;
}

/* --- the run that is recorded --------------------------------------------------------- */

static void disturb(ring1_machine *m, GRand *rand)
{
    char bytes[64];
    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        memset(bytes, 'a' + g_rand_int_range(rand, 0, 26), sizeof bytes);
        ring1_machine_console_input(m, bytes, (size_t)g_rand_int_range(rand, 1, sizeof bytes));
        break;
    case 1:
        ring1_machine_console_flush(m);
        break;
    case 2:
        ring1_machine_xenstore_write(m, "/local/domain/1/memory/target", "4096", NULL);
        break;
    default:
        break;
    }
}

/* Now and then a call gets an answer that nobody gave. */
static bool answer(G_GNUC_UNUSED ring1_vcpu *v, struct ring1_call *call, void *user)
{
    call->result = -XEN_EAGAIN;
    return g_rand_int_range(user, 0, 50) == 0;
}

static void record(const ring1_config *config, const char *image, const char *path, unsigned seed,
                   struct outcome *out)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_autoptr(ring1_config) c = g_memdup2(config, sizeof *config);
    GError *error = NULL;
    c->cmdline = g_strdup(config->cmdline);
    if (!(c->record = ring1_record_new(path, &error)))
        give_up(path, error);
    ring1_machine *m = outcome_make(c, image, out);
    struct ring1_stop stop = {.reason = RING1_STOP_BUDGET};
    if (seed > 2)
        ring1_machine_set_watch(m, &(struct ring1_watch){.before = answer}, rand);
    while (ring1_machine_now(m) < END_NS) {
        struct ring1_budget b = RING1_BUDGET_UNLIMITED;
        b.until_ns = ring1_machine_now(m) + (uint64_t)g_rand_int_range(rand, 1, 400000);
        b.traps = (uint64_t)g_rand_int_range(rand, 1, 500);
        b.return_when_idle = g_rand_boolean(rand);
        if (!ring1_machine_run(m, &b, &stop, &error))
            give_up("run", error);
        if (stop.reason == RING1_STOP_SHUTDOWN || stop.reason == RING1_STOP_CRASH)
            break;
        if (stop.reason == RING1_STOP_IDLE)
            ring1_machine_advance(m, (uint64_t)g_rand_int_range(rand, 0, 3000000));
        disturb(m, rand);
    }
    outcome_take(out, m);
    ring1_machine_free(m);
    if (!ring1_record_end(c->record, 0, NULL, &error))
        give_up("end", error);
    ring1_record_free(c->record);
}

/* --- replays ---------------------------------------------------------------------------- */

/* `pieces`: with limits, and back to a place on the way. */
static bool replay(const char *path, bool pieces, unsigned seed, struct outcome *out, GError **error)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_autoptr(ring1_replay) r = ring1_replay_open(path, error);
    ring1_replay_point *point = NULL;
    size_t printed = 0;
    struct ring1_replay_stop stop = {.reason = RING1_REPLAY_LIMIT};
    if (!r || !ring1_replay_next(r, error))
        return false;
    outcome_hear(out, ring1_replay_machine(r));
    for (unsigned i = 0; stop.reason == RING1_REPLAY_LIMIT; i++) {
        struct ring1_budget b = RING1_BUDGET_UNLIMITED;
        if (pieces) {
            b.until_ns =
                ring1_machine_now(ring1_replay_machine(r)) + (uint64_t)g_rand_int_range(rand, 1, 3000000);
            b.hypercalls = (uint64_t)g_rand_int_range(rand, 1, 2000);
        }
        if (!ring1_replay_run(r, &b, &stop, error))
            break;
        if (pieces && i % 8 == 2) {
            ring1_replay_point_free(point);
            point = ring1_replay_save(r);
            printed = out->console->len;
        } else if (point && i % 8 == 5) {
            if (!ring1_replay_restore(r, point, error))
                break;
            g_string_truncate(out->console, printed);
            stop.reason = RING1_REPLAY_LIMIT;
            g_clear_pointer(&point, ring1_replay_point_free);
        }
    }
    ring1_replay_point_free(point);
    outcome_take(out, ring1_replay_machine(r));
    return stop.reason == RING1_REPLAY_FINISHED && !*error;
}

static void compare(const char *what, const char *path, bool pieces, unsigned seed,
                    const struct outcome *wanted)
{
    g_autoptr(GError) error = NULL;
    struct outcome out = {0};
    bool ok = replay(path, pieces, seed, &out, &error);
    check(ok, what, error ? error->message : "it did not finish");
    if (ok)
        check(same(wanted, &out), what, "console, memory, time or calls differ");
    outcome_clear(&out);
}

/* --- another run under the same name --------------------------------------------------- */

/* The record with the checksum of its last mark changed, or with one wait longer. */
static void change(const char *from, const char *to, enum record_op op)
{
    GError *error = NULL;
    struct record_reader *r = record_reader_new(from, &error);
    struct record_writer *w = r ? record_writer_new(to, &error) : NULL;
    if (!w)
        give_up(to, error);
    g_autoptr(GBytes) image = record_blob(r, record_value(r, 0, "image"), &error);
    g_autoptr(GString) text = g_string_new(NULL);
    static const char *const keys[] = {"image", "abi",      "xen",     "memory_mib",
                                       "vcpus", "mfn_seed", "date_ns", "cmdline"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (record_value(r, 0, keys[i]))
            g_string_append_printf(text, "%s=%s\n", keys[i], record_value(r, 0, keys[i]));
    g_autofree char *about = g_strdup_printf("runs=%s\n", record_value(r, -1, "runs"));
    record_write_text(w, RECORD_ABOUT, about);
    g_free(record_write_blob(w, g_bytes_get_data(image, NULL), g_bytes_get_size(image)));
    record_write_text(w, RECORD_MACHINE, text->str);
    struct record_cursor c;
    struct record_event e;
    record_cursor_init(&c, 0);
    while (record_next(r, &c, &e, &error)) {
        if (e.op == op)
            e.value ^= 4;
        record_write_event(w, &e);
    }
    record_cursor_clear(&c);
    record_write_text(w, RECORD_END, "status=0\n");
    record_writer_free(w);
    record_reader_free(r);
}

static void compare_changed(const char *path, enum record_op op)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *other = g_strconcat(path, ".other", NULL);
    struct outcome out = {0};
    change(path, other, op);
    bool ok = replay(other, false, 0, &out, &error);
    if (op == RECORD_NR_OPS)
        check(ok, "a copy of the record", error ? error->message : "");
    else
        check(!ok && g_error_matches(error, RING1_ERROR, RING1_ERROR_DIVERGED), "a changed record",
              error ? error->message : "it was replayed as if nothing were");
    outcome_clear(&out);
    g_unlink(other);
}

int main(int argc, char **argv)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    const char *image;
    if (!guest_arguments(config, &image, &argc, &argv)) {
        fprintf(stderr, "usage: records [--vcpus N] IMAGE ABI XEN [GUEST-COMMAND-LINE]\n");
        return 2;
    }
    config->cmdline = g_strdup(argc > 0 ? argv[0] : NULL);
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("ring1-records-XXXXXX", &path, NULL);
    if (fd < 0)
        give_up("a temporary file", NULL);
    g_close(fd, NULL);
    for (unsigned seed = 1; seed <= 4; seed++) {
        struct outcome out = {0};
        config->preempt = seed % 2 ? RING1_PREEMPT_NORMAL : RING1_PREEMPT_EVERY;
        record(config, image, path, seed, &out);
        compare("straight", path, false, 0, &out);
        compare("in pieces, with steps back", path, true, seed, &out);
        if (seed == 1) {
            compare_changed(path, RECORD_NR_OPS);
            compare_changed(path, RECORD_MARK);
        }
        outcome_clear(&out);
    }
    g_unlink(path);
    printf("verdict: %u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
