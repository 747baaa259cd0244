/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay.c - `ring1 replay`: a recorded run once more, without the outside. Its console
 * goes to stdout at full speed, its status is that of the recorded run.
 */
#include "commands.h"
#include "confine.h"
#include "debug/filter.h"
#include "gdb.h"
#include "options.h"
#include "poller.h"
#include "post_mortem.h"
#include "signals.h"
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/host.h>
#include <ring1/record.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct replaying {
    const struct options *o;
    ring1_replay *replay;
    int fd;           /* of the record, not read yet; -1: none */
    ring1_host *host; /* files of --symbols */
    struct post_mortem files;
    struct tracing *tracing;
    struct poller *poller;        /* NULL: nobody looks on */
    struct gdb *gdb;              /* NULL: none */
    uint64_t shown_ns;            /* with gdb: what the guest wrote before it was printed already */
    uint64_t past_ns, past_calls; /* of machines before a reboot */
    int write_errno;
    int status;
};

static void write_console(void *user, const char *bytes, size_t len)
{
    struct replaying *s = user;
    if (s->gdb && ring1_machine_now(ring1_replay_machine(s->replay)) < s->shown_ns)
        return;
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

static void write_files(struct replaying *s)
{
    g_autoptr(GError) error = NULL;
    if (!post_mortem_write(&s->files, ring1_replay_machine(s->replay), &error))
        end(s, STATUS_FAILED, "replay: %s", error->message);
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

/* --- with gdb ----------------------------------------------------------------- */

/* What it is told at the end of this machine's record. */
static char *end_words(struct replaying *s)
{
    const char *text;
    int status;
    if (ring1_replay_has_next(s->replay))
        return g_strdup("the guest rebooted here; to go on from here is to go on with its next start\n");
    if (!ring1_replay_result(s->replay, &status, &text))
        return g_strdup("the record was cut here\n");
    return g_strdup_printf("the record ends here, with status %d%s%s\n", status, text ? ": " : "",
                           text ? text : "");
}

/* False: the replay is over. */
static bool may_go_on(struct replaying *s)
{
    if (s->write_errno)
        return end(s, STATUS_FAILED, "cannot write to standard output: %s", g_strerror(s->write_errno));
    if (tracing_error(s->tracing))
        return end(s, STATUS_FAILED, "cannot write the trace: %s", tracing_error(s->tracing));
    if (signals_leave())
        s->status = signals_end() ? STATUS_SIGNAL + signals_end() : STATUS_BUDGET;
    else if (gdb_killed(s->gdb))
        s->status = STATUS_OK;
    else
        return true;
    return false;
}

/* It stands still, or goes somewhere, as gdb wants it; without gdb, to the end of this machine's record.
 * True: there it is. */
static bool run_to_end(struct replaying *s)
{
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_debug_stop stop = {.reason = RING1_DEBUG_BEGIN};
    while (may_go_on(s)) {
        g_autoptr(GError) error = NULL;
        uint64_t waited;
        poller_wait(s->poller, gdb_stands(s->gdb) ? UINT64_MAX : 0, &waited);
        poller_serve(s->poller);
        if (gdb_stands(s->gdb) || !may_go_on(s))
            continue;
        if (!gdb_run(s->gdb, &budget, &stop, &error))
            return failed(s, error);
        tracing_flush(s->tracing);
        s->shown_ns = MAX(s->shown_ns, ring1_machine_now(ring1_replay_machine(s->replay)));
        if (stop.reason == RING1_DEBUG_PRESENT && !gdb_stands(s->gdb))
            return true;
    }
    return false;
}

static bool run_debugged(struct replaying *s)
{
    static const struct ring1_console console = {.write = write_console};
    g_autofree char *words = end_words(s);
    g_autoptr(GError) error = NULL;
    ring1_machine *m = ring1_replay_machine(s->replay);
    s->shown_ns = 0;
    ring1_machine_set_console(m, &console, s);
    tracing_attach(s->tracing, m, ring1_replay_image(s->replay));
    bool more = gdb_attach_replay(s->gdb, s->replay, words, ring1_replay_has_next(s->replay), &error);
    if (!more)
        failed(s, error);
    signals_set_machine(m);
    more = more && run_to_end(s);
    signals_set_machine(NULL);
    gdb_detach(s->gdb);
    tracing_detach(s->tracing);
    return more;
}

static bool open_files(struct replaying *s)
{
    g_autoptr(GError) error = NULL;
    return post_mortem_open(&s->files, s->o, &error) || end(s, STATUS_FAILED, "replay: %s", error->message);
}

static bool open_gdb(struct replaying *s)
{
    g_autoptr(GError) error = NULL;
    if (!s->o->gdb)
        return true;
    s->poller = poller_new();
    s->gdb = gdb_open(s->o->gdb, true, &error);
    if (!s->gdb)
        return end(s, STATUS_OPTION, "replay: --gdb: %s", error->message);
    poller_add(s->poller, &gdb_source, s->gdb);
    return true;
}

/* ------------------------------------------------------------------------------- */

/* --- what is open, and the rest ----------------------------------------------------- */

static bool open_record(struct replaying *s)
{
    s->fd = open(s->o->image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return s->fd >= 0 || end(s, STATUS_IMAGE, "replay: record %s: %s", s->o->image, g_strerror(errno));
}

static bool read_symbols(struct replaying *s)
{
    g_autoptr(GError) error = NULL;
    s->host = ring1_host_new();
    return post_mortem_fetch_symbols(s->o, s->host, &error) ||
           end(s, status_of_error(error), "replay: %s", error->message);
}

/* Nothing is opened from here; and only here the record is looked at. */
static bool lock_up(struct replaying *s)
{
    g_autoptr(GError) error = NULL;
    if (!confine(s->o, 0)) {
        s->status = STATUS_FAILED;
        return false;
    }
    s->replay = ring1_replay_open_fd(s->fd, s->o->image, &error);
    s->fd = -1;
    if (!s->replay)
        return end(s, error->code == RING1_ERROR_HOST ? STATUS_IMAGE : status_of_error(error), "replay: %s",
                   error->message);
    if (s->host)
        ring1_replay_use_host(s->replay, s->host);
    return true;
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
        if (!post_mortem_add_symbols(s->o, ring1_replay_machine(s->replay), &error)) {
            g_prefix_error(&error, "replay: ");
            failed(s, error);
            return;
        }
        more = s->gdb ? run_debugged(s) : run_machine(s);
    }
    if (s->o->hash)
        print_hash(s);
    write_files(s);
}

static void replay(struct replaying *s)
{
    if (!lock_up(s))
        return;
    if (ring1_replay_warning(s->replay))
        complain("replay: %s", ring1_replay_warning(s->replay));
    if (s->gdb)
        gdb_set_image(s->gdb, ring1_replay_image(s->replay));
    s->status = STATUS_FAILED;
    run_all(s);
}

static int open_and_replay(const struct options *o)
{
    struct replaying s = {.o = o, .fd = -1, .files = POST_MORTEM_NONE, .status = STATUS_FAILED};
    if (!signals_init(o->max_host_ns)) {
        complain("cannot make a timer: %s", g_strerror(errno));
    } else if (open_record(&s) && open_files(&s) && open_gdb(&s) && tracing_open(o, &s.tracing) &&
               read_symbols(&s)) {
        replay(&s);
        gdb_end(s.gdb, s.status, s.status == STATUS_CRASH);
        if (!tracing_close(s.tracing))
            s.status = STATUS_FAILED;
    }
    confine_tell(&o->sandbox);
    ring1_replay_free(s.replay);
    ring1_host_free(s.host);
    if (s.fd >= 0)
        close(s.fd);
    post_mortem_close(&s.files);
    gdb_close(s.gdb);
    poller_free(s.poller);
    return s.status;
}

/* --info */
static int describe(const struct options *o)
{
    struct replaying s = {.o = o, .fd = -1, .status = STATUS_FAILED};
    g_autoptr(GError) error = NULL;
    if (open_record(&s) && lock_up(&s)) {
        g_autofree char *text = ring1_replay_describe(s.replay, o->json, &error);
        s.status = text ? print_out(text) : STATUS_FAILED;
        if (!text)
            failed(&s, error);
    }
    confine_tell(&o->sandbox);
    ring1_replay_free(s.replay);
    return s.status;
}

/* Options that do not go together. */
static bool check(struct options *o)
{
    o->trace |= o->json && !o->info;
    if (o->gdb && (o->until_ns != NO_LIMIT || o->until_calls != NO_LIMIT)) {
        complain("replay: --until and --gdb: gdb itself goes to a place, `monitor goto`");
        return false;
    }
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
        status = !check(&o) ? STATUS_OPTION : o.info ? describe(&o) : open_and_replay(&o);
    options_clear(&o);
    return status;
}
