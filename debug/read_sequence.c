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

#include <ring1/ring1.h>
#include <string.h>

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

struct call_log *read_trace_file(const char *path, const struct read_trace_options *options, GError **error)
{
    g_autoptr(GError) why = NULL;
    gchar *bytes;
    gsize len;
    if (!g_file_get_contents(path, &bytes, &len, &why)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s", why->message);
        return NULL;
    }
    const uint8_t *head = (const uint8_t *)bytes;
    struct call_log *log = is_record(head, len)     ? read_record(path, error)
                           : is_sequence(head, len) ? read_sequence(path, bytes, len, error)
                                                    : read_trace(path, head, len, options, error);
    g_free(bytes);
    return log;
}
