/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run.c - `ring1 run`, and what other commands share with it: a machine, its console,
 * and the loop that lets its time pass beside the host's. How the guest ended becomes
 * the exit status.
 */
#include "run.h"
#include "commands.h"
#include "confine.h"
#include "console.h"
#include "control.h"
#include "gdb.h"
#include "network.h"
#include "poller.h"
#include "post_mortem.h"
#include "signals.h"
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/host.h>
#include <ring1/record.h>
#include <ring1/snapshot.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* While something may come from outside the guest runs in slices of its own time, and
 * the outside is looked at between them. */
#define SLICE_NS 10000000u
/* The same while a trace is written: whoever reads along waits no longer. */
#define TRACE_SLICE_NS 100000000u
#define NS_PER_S       1000000000
#define INPUT_MAX      (64u << 20)

/* A guest that polls while nothing can come: what it may execute between two looks
 * without being busy, how long its waits are taken as they are, and when they have
 * lasted for ever. All in ns of its own time. */
#define BUSY_NS     UINT64_C(1000000000)
#define PATIENCE_NS UINT64_C(60000000000)
#define FOR_EVER_NS UINT64_C(3600000000000)

struct session {
    const struct options *o;
    struct console console;
    struct network network;
    ring1_host *host; /* what was opened for its machines */
    struct post_mortem files;
    struct output save; /* of --save */
    bool confined;
    struct poller *poller;
    struct control *control;    /* NULL: none */
    struct gdb *gdb;            /* NULL: none */
    ring1_saved *loaded;        /* of --load, or NULL */
    const ring1_config *config; /* the machine's, but for the date */
    bool has_begun;             /* a machine was made */
    bool saved;                 /* --save is done, or failed */
    ring1_machine *machine;
    GByteArray *input;       /* of --input; NULL: stdin */
    struct tracing *tracing; /* NULL: none */
    uint64_t past_ns;        /* guest time and hypercalls of machines before a */
    uint64_t past_calls;     /* restart */
    uint64_t suspends;       /* that were followed by a resume */
    uint64_t idle_since;     /* guest time since when it only waits */
    uint64_t idle_until;     /* end of its last wait */
    uint64_t idle_written;   /* console bytes that it had written then */
    ring1_record *record;    /* NULL: none */
    bool waits;              /* for ever, and that was said */
    char *words;             /* that were said at the end */
    int status;
};

/* What becomes of a run. */
enum next {
    GO_ON,
    RESTART,
    END,
};

static bool save(struct session *s);

/* What the guest wrote and nobody saw yet comes out of the one that is loaded. */
static enum next end_with(struct session *s, int status)
{
    s->status = status;
    if (s->machine && s->o->save_file && !s->saved)
        save(s);
    else if (s->machine && !s->saved)
        ring1_machine_console_flush(s->machine);
    return END;
}

/* The last line on stderr, with the terminal as it was. */
static enum next end_saying(struct session *s, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);
static enum next end_saying(struct session *s, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    end_with(s, status);
    console_let_go(&s->console);
    complain("%s", text);
    g_free(s->words);
    s->words = g_steal_pointer(&text);
    return END;
}

/* --- --input --------------------------------------------------------------- */

static bool file_error(const struct session *s, const char *option, const char *path, const char *why)
{
    complain("%s: %s: %s: %s", s->o->name, option, path, why);
    return false;
}

static bool read_input(struct session *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_error(s, "--input", path, g_strerror(errno));
    s->input = g_byte_array_new();
    guint8 bytes[16384];
    ssize_t n = 1;
    while (n != 0 && s->input->len <= INPUT_MAX && !signals_leave()) {
        n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            g_byte_array_append(s->input, bytes, (guint)n);
    }
    int why = errno;
    close(fd);
    if (n < 0)
        return file_error(s, "--input", path, g_strerror(why));
    return s->input->len <= INPUT_MAX || file_error(s, "--input", path, "more than 64 MiB");
}

static bool open_console(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (console_open(&s->console, s->o->console, &error))
        return true;
    complain("%s: --console: %s", s->o->name, error->message);
    return false;
}

static bool open_record(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->record = ring1_record_new(s->o->record_file, &error);
    if (!s->record)
        complain("%s: --record: %s", s->o->name, error->message);
    return s->record != NULL;
}

static void close_record(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (s->record && !ring1_record_end(s->record, s->status, s->words, &error)) {
        complain("%s: --record: %s", s->o->name, error->message);
        s->status = STATUS_FAILED;
    }
    ring1_record_free(s->record);
}

static bool open_control(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->control = control_open(s->o->control, &error);
    if (!s->control) {
        complain("%s: --control: %s", s->o->name, error->message);
        return false;
    }
    poller_add(s->poller, &control_source, s->control);
    return true;
}

/* A debugger's past is what was recorded: without --record in a file that nobody sees. */
static bool open_hidden_record(struct session *s)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    if (s->o->config->time != RING1_TIME_VIRTUAL)
        return true;
    int fd = g_file_open_tmp("ring1-gdb-XXXXXX", &path, &error);
    if (fd >= 0) {
        close(fd);
        s->record = ring1_record_new(path, &error);
        unlink(path);
    }
    if (!s->record)
        complain("%s: --gdb: %s", s->o->name, error->message);
    return s->record != NULL;
}

static bool open_gdb(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->gdb = gdb_open(s->o->gdb, s->o->image, s->o->gdb_wait, &error);
    if (!s->gdb) {
        complain("%s: --gdb: %s", s->o->name, error->message);
        return false;
    }
    poller_add(s->poller, &gdb_source, s->gdb);
    return s->record || open_hidden_record(s);
}

static bool open_files(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (post_mortem_open(&s->files, s->o, &error))
        return true;
    complain("%s: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
    return false;
}

static bool open_dump(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (network_open_dump(&s->network, s->o->net_dump, &error))
        return true;
    complain("%s: --net-dump: %s", s->o->name, error->message);
    return false;
}

/* --- snapshots --------------------------------------------------------------- */

static bool save(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->saved = true;
    if (output_begin(&s->save, &error) &&
        ring1_machine_save_fd(s->machine, s->save.fd, s->o->save_file, &error))
        return true;
    console_let_go(&s->console);
    complain("%s: --save: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
    return false;
}

/* It is made now, and written then. */
static bool open_save(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (output_open(&s->save, s->o->save_file, &error))
        return true;
    complain("%s: --save: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
    return false;
}

/* --at is reached. */
static enum next save_and_end(struct session *s)
{
    s->status = STATUS_OK;
    save(s);
    return END;
}

static bool load(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->loaded = ring1_saved_open(s->o->load_file, &error);
    if (!s->loaded) {
        complain("%s: --load: %s", s->o->name, error->message);
        s->status = status_of_error(error);
        return false;
    }
    s->config = ring1_saved_config(s->loaded);
    s->suspends = ring1_saved_resumes(s->loaded);
    return true;
}

/* --- reports --------------------------------------------------------------- */

/* The guest has ended: why, if it was nothing that a guest ought to do. With
 * --report all is said in the file. */
static void print_report(struct session *s)
{
    if (s->o->report_file || !ring1_machine_report_due(s->machine))
        return;
    g_autofree char *text = ring1_machine_report(s->machine, false);
    console_let_go(&s->console);
    fputs(text, stderr);
}

/* How the guest stands at the end of the run, whatever ended it. */
static void write_files(struct session *s)
{
    g_autoptr(GError) error = NULL;
    if (post_mortem_write(&s->files, s->machine, &error))
        return;
    console_let_go(&s->console);
    complain("%s: %s", s->o->name, error->message);
    s->status = STATUS_FAILED;
}

/* --- the machine ----------------------------------------------------------- */

/* Which date a machine that starts now gets: a restart goes on with the first
 * one's, unless it is the host's. */
static int64_t start_date(const struct session *s)
{
    const struct options *o = s->o;
    if (!s->loaded && (o->date_now || (!o->date_given && s->console.is_terminal)))
        return g_get_real_time() * 1000;
    return s->config->date_ns + (int64_t)MIN(s->past_ns, (uint64_t)G_MAXINT64 / 2);
}

static bool make_machine(struct session *s)
{
    ring1_config config = *s->config;
    const char *image = s->loaded ? ring1_saved_image(s->loaded) : s->o->image;
    config.date_ns = start_date(s);
    config.record = s->record;
    config.host = s->host;
    config.helpers_unconfined = s->o->config->helpers_unconfined;
    g_autoptr(GError) error = NULL;
    if (!s->loaded)
        s->machine = ring1_machine_new_from_file(&config, image, &error);
    else if (!s->has_begun)
        s->machine = ring1_saved_make(s->loaded, &config, &error);
    else
        s->machine = ring1_saved_make_anew(s->loaded, &config, &error);
    s->has_begun = true;
    if (s->machine && s->o->save_file && !ring1_machine_may_save(s->machine, &error)) {
        s->saved = true;
        end_saying(s, STATUS_FAILED, "--save: %s", error->message);
        g_clear_pointer(&s->machine, ring1_machine_free);
        return false;
    }
    if (!s->machine) {
        end_saying(s, status_of_error(error), "%s", error->message);
        return false;
    }
    if (!post_mortem_add_symbols(s->o, s->machine, &error)) {
        ring1_machine_free(g_steal_pointer(&s->machine));
        end_saying(s, status_of_error(error), "%s: %s", s->o->name, error->message);
        return false;
    }
    console_attach(&s->console, s->machine);
    network_attach(&s->network, s->machine, config.date_ns);
    tracing_attach(s->tracing, s->machine, image);
    if (s->control)
        control_attach(s->control, s->machine);
    if (s->gdb && !gdb_attach(s->gdb, s->machine, s->record, &error)) {
        end_saying(s, status_of_error(error), "--gdb: %s", error->message);
        return false;
    }
    signals_set_machine(s->machine);
    return true;
}

static void free_machine(struct session *s)
{
    if (!s->machine)
        return;
    gdb_detach(s->gdb);
    tracing_detach(s->tracing);
    signals_set_machine(NULL);
    if (s->control)
        control_attach(s->control, NULL);
    s->past_ns += ring1_machine_now(s->machine);
    s->past_calls += ring1_machine_hypercalls(s->machine);
    ring1_machine_free(s->machine);
    s->machine = NULL;
    s->idle_since = s->idle_until = 0;
}

/* --- running --------------------------------------------------------------- */

/* What is left of a limit, after what former machines took of it. */
static uint64_t left(uint64_t limit, uint64_t past)
{
    if (limit == NO_LIMIT)
        return NO_LIMIT;
    return limit > past ? limit - past : 0;
}

/* The guest's time passes with the host's while it waits: something outside may
 * still come, or the clock is the host's. */
static bool is_paced(const struct session *s)
{
    return poller_open(s->poller) || s->config->time == RING1_TIME_REAL;
}

/* The guest's time at which it has to be left. */
static uint64_t time_limit(const struct session *s)
{
    return MIN(left(s->o->max_guest_ns, s->past_ns), left(s->o->at_ns, s->past_ns));
}

static bool is_at(const struct session *s)
{
    return ring1_machine_now(s->machine) >= left(s->o->at_ns, s->past_ns) ||
           ring1_machine_hypercalls(s->machine) >= left(s->o->at_calls, s->past_calls);
}

/* What ended the run from outside the guest, if anything did. */
static enum next check_outside(struct session *s)
{
    if (signals_end() != 0)
        return end_with(s, STATUS_SIGNAL + signals_end());
    if (s->console.leave)
        return end_with(s, STATUS_SIGNAL + SIGTERM);
    if (s->console.write_errno != 0)
        return end_saying(s, STATUS_FAILED, "cannot write to standard output: %s",
                          g_strerror(s->console.write_errno));
    if (tracing_error(s->tracing))
        return end_saying(s, STATUS_FAILED, "cannot write the trace: %s", tracing_error(s->tracing));
    if (control_destroyed(s->control))
        return end_saying(s, STATUS_OTHER, "the guest was destroyed");
    if (gdb_killed(s->gdb))
        return end_saying(s, STATUS_OTHER, "the guest was killed by gdb");
    if (s->network.error)
        return end_saying(s, STATUS_FAILED, "cannot write the packets: %s", s->network.error->message);
    if (signals_time_is_up())
        return end_saying(s, STATUS_BUDGET, "--max-time: %g s of the host's time are spent",
                          (double)s->o->max_host_ns / NS_PER_S);
    return GO_ON;
}

static enum next check_limits(struct session *s)
{
    const struct options *o = s->o;
    if (ring1_machine_now(s->machine) >= left(o->max_guest_ns, s->past_ns))
        return end_saying(s, STATUS_BUDGET, "--max-guest-time: %g s of the guest's time are spent",
                          (double)o->max_guest_ns / NS_PER_S);
    if (ring1_machine_hypercalls(s->machine) >= left(o->max_hypercalls, s->past_calls))
        return end_saying(s, STATUS_BUDGET, "--max-hypercalls: %" G_GUINT64_FORMAT " are spent",
                          o->max_hypercalls);
    return GO_ON;
}

/* Nothing will happen any more, unless somebody with a debugger wants to see why. */
static enum next end_waiting(struct session *s)
{
    uint64_t waited;
    if (s->gdb) {
        if (!gdb_has_client(s->gdb) && !s->waits)
            complain("gdb: the guest waits for ever: attach to see why, or end ring1 with a signal");
        s->waits = true;
        poller_wait(s->poller, UINT64_MAX, &waited);
        poller_serve(s->poller);
        return GO_ON;
    }
    return end_saying(s, STATUS_OTHER, "the guest waits for ever: no timer is set, and no input can come");
}

/* The guest waits, and nothing outside can come: its clock jumps. A guest that
 * polls waits a moment at a time and says of none that it is the last; when it has
 * done nothing else for a while these moments grow, and in the end it has waited
 * for ever. A timer of the guest cuts the jump short. */
static enum next jump(struct session *s, uint64_t wake_ns)
{
    uint64_t now = ring1_machine_now(s->machine);
    if (now - s->idle_until > BUSY_NS || s->console.written != s->idle_written)
        s->idle_since = now;
    if (wake_ns == UINT64_MAX || now - s->idle_since > FOR_EVER_NS)
        return end_waiting(s);
    uint64_t end = MAX(wake_ns, now);
    if (now - s->idle_since > PATIENCE_NS)
        end = MAX(end, now + (now - s->idle_since) / 8);
    end = MIN(end, left(s->o->max_guest_ns, s->past_ns));
    uint64_t asked = end > now ? end - now : 0;
    if (ring1_machine_advance(s->machine, asked) < asked)
        s->idle_since = ring1_machine_now(s->machine);
    s->idle_until = ring1_machine_now(s->machine);
    s->idle_written = s->console.written;
    /* A wait is not left half-way for --at: a look there could be one too many. */
    return is_at(s) ? save_and_end(s) : GO_ON;
}

/* The guest waits, until wake_ns of its time or for input: so does ring1. */
static enum next wait_with_guest(struct session *s, uint64_t wake_ns)
{
    if (!is_paced(s))
        return jump(s, wake_ns);
    if (wake_ns == UINT64_MAX && !poller_open(s->poller))
        return end_waiting(s);
    uint64_t until = MIN(wake_ns, time_limit(s));
    uint64_t now = ring1_machine_now(s->machine);
    uint64_t span = until == UINT64_MAX ? UINT64_MAX : until > now ? until - now : 0;
    uint64_t waited;
    poller_wait(s->poller, span, &waited);
    ring1_machine_advance(s->machine, waited);
    poller_serve(s->poller);
    return GO_ON;
}

static enum next shut_down(struct session *s, uint32_t reason)
{
    static const char *const words[] = {
        [RING1_SHUTDOWN_REBOOT] = "reboot",         [RING1_SHUTDOWN_SUSPEND] = "suspend",
        [RING1_SHUTDOWN_CRASH] = "crash",           [RING1_SHUTDOWN_WATCHDOG] = "watchdog",
        [RING1_SHUTDOWN_SOFT_RESET] = "soft reset",
    };
    if (reason == RING1_SHUTDOWN_POWEROFF)
        return end_with(s, STATUS_OK);
    if (reason == RING1_SHUTDOWN_REBOOT && s->o->restart)
        return RESTART;
    int status = reason == RING1_SHUTDOWN_REBOOT  ? STATUS_REBOOT
                 : reason == RING1_SHUTDOWN_CRASH ? STATUS_CRASH
                                                  : STATUS_OTHER;
    if (reason < G_N_ELEMENTS(words))
        return end_saying(s, status, "the guest shut down: %s", words[reason]);
    return end_saying(s, status, "the guest shut down: reason %u", reason);
}

/* The guest suspended: it goes on at once, each time in frames of the next seed. */
static enum next wake_up(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->suspends++;
    if (s->o->on_suspend == SUSPEND_CANCEL
            ? ring1_machine_resume_cancelled(s->machine, &error)
            : ring1_machine_resume(s->machine, s->config->mfn_seed + s->suspends, &error))
        return check_limits(s);
    return end_saying(s, STATUS_OTHER, "the guest shut down: suspend; %s", error->message);
}

/* The guest stands still, and so does its clock, until somebody wants it to go on. */
static enum next stand_still(struct session *s)
{
    enum next next = GO_ON;
    while (next == GO_ON && (control_paused(s->control) || gdb_stands(s->gdb))) {
        uint64_t waited;
        poller_wait(s->poller, UINT64_MAX, &waited);
        poller_serve(s->poller);
        next = check_outside(s);
    }
    return next;
}

/* A look at the outside, without waiting. */
static void look_outside(struct session *s)
{
    uint64_t waited;
    poller_wait(s->poller, 0, &waited);
    poller_serve(s->poller);
}

static void choose_budget(const struct session *s, struct ring1_budget *budget)
{
    uint64_t now = ring1_machine_now(s->machine);
    *budget = (struct ring1_budget)RING1_BUDGET_UNLIMITED;
    budget->until_ns = time_limit(s);
    budget->hypercalls =
        left(MIN(s->o->max_hypercalls, s->o->at_calls), s->past_calls + ring1_machine_hypercalls(s->machine));
    budget->return_when_idle = true;
    if (poller_open(s->poller))
        budget->until_ns = MIN(budget->until_ns, now + SLICE_NS);
    else if (s->tracing)
        budget->until_ns = MIN(budget->until_ns, now + TRACE_SLICE_NS);
}

/* Without a debugger the machine's own stops are all that there are. */
static bool run_for(struct session *s, const struct ring1_budget *budget, struct ring1_debug_stop *stop,
                    GError **error)
{
    if (s->gdb)
        return gdb_run(s->gdb, budget, stop, error);
    stop->reason = RING1_DEBUG_GUEST;
    return ring1_machine_run(s->machine, budget, &stop->guest, error);
}

/* The guest shut down or crashed. */
static enum next after_end(struct session *s, const struct ring1_debug_stop *end)
{
    const struct ring1_stop *stop = &end->guest;
    const char *text = stop->text ? stop->text : "no reason is known";
    if (stop->reason == RING1_STOP_SHUTDOWN && stop->shutdown == RING1_SHUTDOWN_SUSPEND &&
        s->o->on_suspend != SUSPEND_EXIT)
        return wake_up(s);
    if (ring1_machine_report_due(s->machine) &&
        gdb_crash(s->gdb, end, stop->reason == RING1_STOP_CRASH ? text : "the guest shut down after a fault"))
        return stand_still(s);
    print_report(s);
    if (stop->reason == RING1_STOP_SHUTDOWN)
        return shut_down(s, stop->shutdown);
    return end_saying(s, STATUS_CRASH, "the guest crashed: %s", text);
}

/* One run of the machine, and what follows from its stop. */
static enum next run_slice(struct session *s)
{
    struct ring1_budget budget;
    struct ring1_debug_stop stop = {0};
    g_autoptr(GError) error = NULL;
    choose_budget(s, &budget);
    bool ran = run_for(s, &budget, &stop, &error);
    tracing_flush(s->tracing);
    if (!ran)
        return end_saying(s, status_of_error(error), "%s", error->message);
    enum next next = check_outside(s);
    if (next != GO_ON)
        return next;
    if (gdb_stands(s->gdb))
        return stand_still(s);
    if (stop.reason != RING1_DEBUG_GUEST || gdb_in_past(s->gdb))
        look_outside(s);
    else if (stop.guest.reason == RING1_STOP_SHUTDOWN || stop.guest.reason == RING1_STOP_CRASH)
        return after_end(s, &stop);
    else if (stop.guest.reason == RING1_STOP_IDLE)
        next = wait_with_guest(s, stop.guest.wake_ns);
    else if (is_at(s))
        next = save_and_end(s);
    else
        look_outside(s);
    if (next == GO_ON)
        next = check_outside(s);
    if (next == GO_ON)
        next = stand_still(s);
    return next == GO_ON ? check_limits(s) : next;
}

/* Open what machines will need, and then nothing more: not even the image is looked at
 * before. */
static bool lock_up(struct session *s)
{
    ring1_config config = *s->config;
    g_autoptr(GError) error = NULL;
    config.helpers_unconfined = s->o->config->helpers_unconfined;
    if (s->loaded) /* it has the files in it */
        config.initrd = config.xenstore = NULL;
    bool good = ring1_host_fetch(s->host, &config, s->loaded ? NULL : s->o->image, &error);
    if (good && !post_mortem_fetch_symbols(s->o, s->host, &error)) {
        g_prefix_error(&error, "%s: ", s->o->name);
        good = false;
    }
    if (!good)
        end_saying(s, status_of_error(error), "%s", error->message);
    else if (!confine(s->o, SANDBOX_ENGINE | confine_needs(s->config)))
        end_with(s, STATUS_FAILED);
    else
        return true;
    return false;
}

static void run_machines(struct session *s)
{
    enum next next = RESTART;
    while (next == RESTART) {
        if (!s->confined && !lock_up(s))
            return;
        if (!make_machine(s))
            return;
        if (!s->confined)
            confine_made(s->o);
        if (!s->o->restart)
            ring1_host_forget_files(s->host);
        s->confined = true;
        if (s->input && s->input->len > 0) {
            ring1_machine_console_input(s->machine, (const char *)s->input->data, s->input->len);
            /* What a guest has not read when it reboots is gone. */
            g_byte_array_set_size(s->input, 0);
        }
        next = check_outside(s);
        if (next == GO_ON)
            next = stand_still(s);
        while (next == GO_ON)
            next = run_slice(s);
        if (next == END) {
            write_files(s);
            gdb_end(s->gdb, s->status, s->status == STATUS_CRASH);
        }
        free_machine(s);
    }
}

static void on_output(void *user)
{
    tracing_flush(user);
}

int run_image(const struct options *o)
{
    struct session s = {.o = o,
                        .config = o->config,
                        .poller = poller_new(),
                        .files = POST_MORTEM_NONE,
                        .save.fd = -1,
                        .status = STATUS_OPTION};
    poller_add(s.poller, &console_source, &s.console);
    poller_add(s.poller, &network_source, &s.network);
    if (!signals_init(o->max_host_ns)) {
        complain("cannot make a timer: %s", g_strerror(errno));
        s.status = STATUS_FAILED;
    } else if ((!o->load_file || load(&s)) && open_console(&s) && (!o->control || open_control(&s)) &&
               (!o->input || read_input(&s, o->input)) && open_dump(&s) && open_files(&s) && open_save(&s) &&
               tracing_open(o, &s.tracing) && (!o->record_file || open_record(&s)) &&
               (!o->gdb || open_gdb(&s))) {
        if (s.tracing)
            s.console.before_output = on_output;
        s.console.before_user = s.tracing;
        if (!o->input && (!o->console || s.console.line))
            console_open_stdin(&s.console);
        s.host = ring1_host_new();
        run_machines(&s);
        ring1_host_free(s.host);
        console_let_go(&s.console);
        close_record(&s);
        if (!tracing_close(s.tracing))
            s.status = STATUS_FAILED;
    }
    if (!network_close(&s.network)) {
        complain("cannot write the packets: %s", s.network.error->message);
        s.status = STATUS_FAILED;
    }
    g_clear_error(&s.network.error);
    g_free(s.words);
    ring1_saved_free(s.loaded);
    if (s.input)
        g_byte_array_unref(s.input);
    post_mortem_close(&s.files);
    output_close(&s.save);
    console_close(&s.console);
    control_close(s.control);
    gdb_close(s.gdb);
    poller_free(s.poller);
    return s.status;
}

int command_run(int argc, char **argv)
{
    struct options o;
    int status;
    if (options_parse(&o, COMMAND_RUN, argc, argv, &status))
        status = run_image(&o);
    options_clear(&o);
    return status;
}
