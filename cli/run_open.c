/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_open.c - what a run opens, and where: before the sandbox is entered. What was made
 * by others, the image and a snapshot, is looked at behind that.
 */
#include "confine.h"
#include "run_session.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (64u << 20)

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

void session_close_record(struct session *s)
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
    s->gdb = gdb_open(s->o->gdb, s->o->gdb_wait, &error);
    if (!s->gdb) {
        complain("%s: --gdb: %s", s->o->name, error->message);
        return false;
    }
    if (s->o->image)
        gdb_set_image(s->gdb, s->o->image);
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

/* --- --load ------------------------------------------------------------------ */

static bool open_snapshot(struct session *s)
{
    bool good = snapshot_look(&s->load, s->o->name, s->o->load_file, &s->o->sandbox, &s->status);
    if (good)
        s->status = STATUS_OPTION;
    return good;
}

static bool read_snapshot(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->loaded = ring1_saved_open_fd(s->load.fd, s->o->load_file, &error);
    s->load.fd = -1;
    if (!s->loaded) {
        session_end_saying(s, status_of_error(error), "%s: --load: %s", s->o->name, error->message);
        return false;
    }
    s->config = ring1_saved_config(s->loaded);
    s->suspends = ring1_saved_resumes(s->loaded);
    return true;
}

/* --- all of it ------------------------------------------------------------------ */

static void on_output(void *user)
{
    tracing_flush(user);
}

bool session_open(struct session *s)
{
    const struct options *o = s->o;
    if ((o->load_file && !open_snapshot(s)) || !open_console(s) || (o->control && !open_control(s)) ||
        (o->input && !read_input(s, o->input)) || !open_dump(s) || !open_files(s) || !open_save(s) ||
        !tracing_open(o, &s->tracing) || (o->record_file && !open_record(s)) || (o->gdb && !open_gdb(s)))
        return false;
    if (s->tracing)
        s->console.before_output = on_output;
    s->console.before_user = s->tracing;
    if (!o->input && (!o->console || s->console.line))
        console_open_stdin(&s->console);
    s->host = ring1_host_new();
    return true;
}

/* What a machine of the options, or of the snapshot, takes from outside. */
static bool fetch(struct session *s, GError **error)
{
    ring1_config config = *s->config;
    if (s->load.fd >= 0) { /* it has the files in it */
        config.initrd = config.xenstore = NULL;
        config.disks = s->load.disks;
        config.nets = s->load.nets;
    }
    if (!ring1_host_fetch(s->host, &config, s->o->image, error))
        return false;
    if (post_mortem_fetch_symbols(s->o, s->host, error))
        return true;
    g_prefix_error(error, "%s: ", s->o->name);
    return false;
}

bool session_lock_up(struct session *s)
{
    const ring1_config outside = {.disks = s->load.disks, .nets = s->load.nets};
    g_autoptr(GError) error = NULL;
    if (!fetch(s, &error))
        session_end_saying(s, status_of_error(error), "%s", error->message);
    else if (!confine(s->o, SANDBOX_FIRST_ENGINE | confine_needs(&outside)))
        session_end(s, STATUS_FAILED);
    else
        return s->load.fd < 0 || read_snapshot(s);
    return false;
}

void session_close(struct session *s)
{
    if (!network_close(&s->network)) {
        complain("cannot write the packets: %s", s->network.error->message);
        s->status = STATUS_FAILED;
    }
    confine_tell(&s->o->sandbox);
    g_clear_error(&s->network.error);
    g_free(s->words);
    ring1_saved_free(s->loaded);
    snapshot_look_clear(&s->load);
    if (s->input)
        g_byte_array_unref(s->input);
    post_mortem_close(&s->files);
    output_close(&s->save);
    console_close(&s->console);
    control_close(s->control);
    gdb_close(s->gdb);
    poller_free(s->poller);
}
