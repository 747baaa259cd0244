/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_sequence.c - a file as a call_log, whatever it is: a trace is read; a sequence is
 * run, and its calls are written down and read as JSON, so that there is one way in.
 */
#include "read_trace.h"

#include "dispatch/abi.h"
#include "seq_run.h"
#include "trace_json.h"
#include "world_trace.h"

#include <fcntl.h>
#include <ring1/ring1.h>
#include <string.h>
#include <unistd.h>

static void append(void *user, const char *text, size_t len)
{
    g_string_append_len(user, text, (gssize)len);
}

static void run(struct seq *s, struct world *w, struct seq_program *p, GString *json)
{
    const struct trace_origin origin = {.abi = w->abi->name,
                                        .xen = w->abi->xen_name,
                                        .image = s->file,
                                        .pages = w->d->s.nr_pages,
                                        .vcpus = w->d->s.nr_vcpus,
                                        .max_pages = w->d->s.max_pages,
                                        .shared_info = w->d->s.shared_info.mfn};
    struct seq_report report;
    struct trace_json *t = trace_json_new(append, json);
    trace_json_begin(t, &origin);
    struct world_trace *trace = world_trace_new(w, &trace_json_consumer, t);
    /* An expectation that is not met ends it, and so the log. */
    seq_run(p, w, &report);
    seq_report_clear(&report);
    world_trace_free(trace);
    trace_json_free(t);
}

struct call_log *read_sequence(const char *source, const char *text, size_t len, GError **error)
{
    struct call_log *log = NULL;
    g_autoptr(GString) json = g_string_new(NULL);
    struct seq *s = seq_parse(text, len, source, error);
    struct world *w = s ? seq_world(s, error) : NULL;
    struct seq_program *p = w ? seq_compile(s, w, error) : NULL;
    if (p) {
        run(s, w, p, json);
        log = read_json_trace(source, json->str, json->len, error);
    }
    seq_program_free(p);
    if (w)
        world_free(w);
    if (s)
        seq_free(s);
    for (guint i = 0; log && i < log->calls->len; i++)
        g_array_index(log->calls, struct logged_call, i).place = call_log_get(log, i)->serial;
    if (log)
        log->place_unit = "call";
    return log;
}

/* Behind comments and empty lines its first word is `ring1-sequence`. */
static bool is_sequence(const uint8_t *bytes, size_t len)
{
    static const char word[] = "ring1-sequence";
    size_t at = 0;
    while (at < len && strchr("# \t\r\n", bytes[at]) && bytes[at]) {
        const uint8_t *end = bytes[at] == '#' ? memchr(bytes + at, '\n', len - at) : bytes + at;
        at = end ? (size_t)(end - bytes) + 1 : len;
    }
    return len - at >= strlen(word) && memcmp(bytes + at, word, strlen(word)) == 0;
}

/* --- in two steps ------------------------------------------------------------------------- */

struct trace_file {
    char *path;
    gchar *bytes;
    gsize len;
    int fd; /* of a record; -1: it is none */
};

/* A record may be large, and is read where it is looked at. */
static bool open_file(struct trace_file *f, GError **error)
{
    uint8_t head[16];
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = f->fd < 0 ? -1 : pread(f->fd, head, sizeof head, 0);
    if (n >= 0 && is_record(head, (size_t)n))
        return true;
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    g_autoptr(GError) why = NULL;
    if (g_file_get_contents(f->path, &f->bytes, &f->len, &why))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s", why->message);
    return false;
}

struct trace_file *trace_file_open(const char *path, GError **error)
{
    struct trace_file *f = g_new0(struct trace_file, 1);
    f->path = g_strdup(path);
    if (open_file(f, error))
        return f;
    trace_file_free(f);
    return NULL;
}

bool trace_file_is_record(const struct trace_file *f)
{
    return f->fd >= 0;
}

struct call_log *trace_file_read(struct trace_file *f, const struct read_trace_options *options,
                                 GError **error)
{
    const uint8_t *head = (const uint8_t *)f->bytes;
    if (f->fd < 0)
        return is_sequence(head, f->len) ? read_sequence(f->path, f->bytes, f->len, error)
                                         : read_trace(f->path, head, f->len, options, error);
    int fd = f->fd; /* the replay's, which closes it */
    f->fd = -1;
    return read_record(fd, f->path, error);
}

void trace_file_free(struct trace_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    g_free(f->bytes);
    g_free(f->path);
    g_free(f);
}
