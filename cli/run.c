/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run.c - `ring1 run`, and what other commands share with it: a machine after the other,
 * from making to freeing. How the last guest ended becomes the exit status.
 */
#include "run.h"
#include "commands.h"
#include "confine.h"
#include "run_session.h"
#include "signals.h"

#include <errno.h>

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
        session_end_saying(s, STATUS_FAILED, "--save: %s", error->message);
        g_clear_pointer(&s->machine, ring1_machine_free);
        return false;
    }
    if (!s->machine) {
        session_end_saying(s, status_of_error(error), "%s", error->message);
        return false;
    }
    if (!post_mortem_add_symbols(s->o, s->machine, &error)) {
        ring1_machine_free(g_steal_pointer(&s->machine));
        session_end_saying(s, status_of_error(error), "%s: %s", s->o->name, error->message);
        return false;
    }
    console_attach(&s->console, s->machine);
    network_attach(&s->network, s->machine, config.date_ns);
    tracing_attach(s->tracing, s->machine, image);
    if (s->control)
        control_attach(s->control, s->machine);
    if (s->gdb && !gdb_attach(s->gdb, s->machine, s->record, &error)) {
        session_end_saying(s, status_of_error(error), "--gdb: %s", error->message);
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

static void run_machines(struct session *s)
{
    enum next next = RESTART;
    while (next == RESTART) {
        if (!s->confined && !session_lock_up(s))
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
        next = session_run(s);
        if (next == END) {
            session_write_files(s);
            gdb_end(s->gdb, s->status, s->status == STATUS_CRASH);
        }
        free_machine(s);
    }
}

int run_image(const struct options *o)
{
    struct session s = {.o = o,
                        .config = o->config,
                        .poller = poller_new(),
                        .files = POST_MORTEM_NONE,
                        .save.fd = -1,
                        .load.fd = -1,
                        .status = STATUS_OPTION};
    poller_add(s.poller, &console_source, &s.console);
    poller_add(s.poller, &network_source, &s.network);
    if (!signals_init(o->max_host_ns)) {
        complain("cannot make a timer: %s", g_strerror(errno));
        s.status = STATUS_FAILED;
    } else if (session_open(&s)) {
        run_machines(&s);
        ring1_host_free(s.host);
        console_let_go(&s.console);
        session_close_record(&s);
        if (!tracing_close(s.tracing))
            s.status = STATUS_FAILED;
    }
    session_close(&s);
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
