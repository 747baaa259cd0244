/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay.c - `ring1 replay`: a recorded run once more, without the outside. Its console
 * goes to stdout at full speed, its status is that of the recorded run.
 */
#include "commands.h"
#include "debug/filter.h"
#include "options.h"
#include "post_mortem.h"
#include "signals.h"
#include "tracing.h"

#include <errno.h>
#include <ring1/record.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct replaying {
    const struct options *o;
    ring1_replay *replay;
    struct tracing *tracing;
    uint64_t past_ns, past_calls; /* of machines before a reboot */
    int write_errno;
    int status;
};

static void write_console(void *user, const char *bytes, size_t len)
{
    struct replaying *s = user;
    tracing_flush(s->tracing);
    while (len > 0 && s->write_errno == 0 && !signals_leave()) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno != EINTR) {
            s->write_errno = errno;
            ring1_machine_interrupt(ring1_replay_machine(s->replay));
        }
    }
}

static bool end(struct replaying *s, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool end(struct replaying *s, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    complain("%s", text);
    s->status = status;
    return false;
}

static bool failed(struct replaying *s, const GError *error)
{
    return end(s, status_of_error(error), "%s", error->message);
}

/* The recorded run's last words and status. */
static bool finish(struct replaying *s)
{
    const char *text;
    if (!ring1_replay_result(s->replay, &s->status, &text))
        return end(s, STATUS_CUT, "replay: the record was cut here");
    if (text)
        complain("%s", text);
    return false;
}

/* What ends a run of the machine. True: another may follow. */
static bool after(struct replaying *s, const struct ring1_replay_stop *stop)
{
    const ring1_machine *m = ring1_replay_machine(s->replay);
    switch (stop->reason) {
    case RING1_REPLAY_FINISHED:
        return true;
    case RING1_REPLAY_CUT:
        return end(s, STATUS_CUT, "replay: the record was cut here, at %.9f s, after call %" G_GUINT64_FORMAT,
                   (double)ring1_machine_now(m) / 1e9, ring1_machine_hypercalls(m));
    case RING1_REPLAY_INTERRUPTED:
        if (s->write_errno)
            return end(s, STATUS_FAILED, "cannot write to standard output: %s", g_strerror(s->write_errno));
        if (tracing_error(s->tracing))
            return end(s, STATUS_FAILED, "cannot write the trace: %s", tracing_error(s->tracing));
        s->status = signals_end() ? STATUS_SIGNAL + signals_end() : STATUS_BUDGET;
        return false;
    case RING1_REPLAY_STOPPED:
    case RING1_REPLAY_LIMIT:
        s->status = STATUS_OK;
        return false;
    }
    return false;
}

static uint64_t left(uint64_t limit, uint64_t past)
{
    if (limit == NO_LIMIT)
        return NO_LIMIT;
    return limit > past ? limit - past : 0;
}

/* Where it stands: for people and scripts that compare runs. */
static void print_hash(const struct replaying *s)
{
    g_autofree char *hash = ring1_machine_hash(ring1_replay_machine(s->replay));
    const ring1_machine *m = ring1_replay_machine(s->replay);
    fprintf(stderr, "ring1: replay: memory %s, %.9f s, %" G_GUINT64_FORMAT " calls\n", hash,
            (double)ring1_machine_now(m) / 1e9, ring1_machine_hypercalls(m));
}

static void write_report(struct replaying *s)
{
    g_autofree char *text = ring1_machine_report(ring1_replay_machine(s->replay), true);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(s->o->report_file, text, -1, &error))
        end(s, STATUS_FAILED, "replay: --report: %s", error->message);
}

static bool run_machine(struct replaying *s)
{
    static const struct ring1_console console = {.write = write_console};
    ring1_machine *m = ring1_replay_machine(s->replay);
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_replay_stop stop;
    g_autoptr(GError) error = NULL;
    budget.until_ns = left(s->o->until_ns, s->past_ns);
    budget.hypercalls = left(s->o->until_calls, s->past_calls);
    if (!post_mortem_add_symbols(s->o, m, &error)) {
        g_prefix_error(&error, "replay: ");
        return failed(s, error);
    }
    ring1_machine_set_console(m, &console, s);
    tracing_attach(s->tracing, m, ring1_replay_image(s->replay));
    signals_set_machine(m);
    bool ok = ring1_replay_run(s->replay, &budget, &stop, &error);
    signals_set_machine(NULL);
    tracing_detach(s->tracing);
    bool more = ok ? after(s, &stop) : failed(s, error);
    s->past_ns += ring1_machine_now(m);
    s->past_calls += ring1_machine_hypercalls(m);
    return more;
}

static void run_all(struct replaying *s)
{
    bool more = true;
    while (more) {
        g_autoptr(GError) error = NULL;
        bool had_one = ring1_replay_machine(s->replay) != NULL;
        if (had_one && !ring1_replay_has_next(s->replay)) {
            finish(s);
            break;
        }
        if (!ring1_replay_next(s->replay, &error)) {
            if (error)
                failed(s, error);
            return;
        }
        more = run_machine(s);
    }
    if (s->o->hash)
        print_hash(s);
    if (s->o->report_file)
        write_report(s);
}

static int describe(ring1_replay *replay, bool json)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = ring1_replay_describe(replay, json, &error);
    if (text)
        return print_out(text);
    complain("replay: %s", error->message);
    return status_of_error(error);
}

static int replay(const struct options *o)
{
    struct replaying s = {.o = o, .status = STATUS_FAILED};
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_replay) replay = ring1_replay_open(o->image, &error);
    if (!replay) {
        complain("replay: %s", error->message);
        return error->code == RING1_ERROR_HOST ? STATUS_IMAGE : status_of_error(error);
    }
    if (o->info)
        return describe(replay, o->json);
    s.replay = replay;
    if (ring1_replay_warning(replay))
        complain("replay: %s", ring1_replay_warning(replay));
    if (!signals_init(o->max_host_ns)) {
        complain("cannot make a timer: %s", g_strerror(errno));
    } else if (tracing_open(o, &s.tracing)) {
        run_all(&s);
        if (!tracing_close(s.tracing))
            s.status = STATUS_FAILED;
    }
    return s.status;
}

/* Options that do not go together. */
static bool check(struct options *o)
{
    o->trace |= o->json && !o->info;
    if (o->tracing.filter->injections->len == 0)
        return true;
    complain("replay: -e: nothing can be injected into a replay: it repeats what was injected into the run");
    return false;
}

int command_replay(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_REPLAY, argc, argv, &status))
        status = check(&o) ? replay(&o) : STATUS_OPTION;
    options_clear(&o);
    return status;
}
