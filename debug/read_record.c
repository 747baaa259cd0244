/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * read_record.c - a record as a call_log: it is replayed with a trace, which is read as
 * JSON, so that there is one way in.
 */
#include "read_trace.h"

#include "record_format.h"
#include "trace.h"
#include "trace_json.h"

#include <ring1/record.h>
#include <string.h>

bool is_record(const uint8_t *bytes, size_t len)
{
    return len >= strlen(record_file.magic) &&
           memcmp(bytes, record_file.magic, strlen(record_file.magic)) == 0;
}

static void append(void *user, const char *text, size_t len)
{
    g_string_append_len(user, text, (gssize)len);
}

/* True: it came to the end, and another may follow. */
static bool run_machine(ring1_replay *r, struct trace *trace, struct trace_json *json, GError **error)
{
    ring1_machine *m = ring1_replay_machine(r);
    struct ring1_replay_stop stop;
    const struct trace_origin origin = {.abi = ring1_abi_name(ring1_machine_abi(m)),
                                        .xen = ring1_xen_name(ring1_machine_xen(m)),
                                        .image = ring1_replay_image(r),
                                        .pages = ring1_machine_nr_pages(m),
                                        .vcpus = ring1_machine_nr_vcpus(m)};
    trace_json_begin(json, &origin);
    trace_attach(trace, m);
    bool ok = ring1_replay_run(r, NULL, &stop, error);
    trace_end(trace);
    return ok && stop.reason == RING1_REPLAY_FINISHED;
}

static bool run_all(ring1_replay *r, GString *text, GError **error)
{
    struct trace_json *json = trace_json_new(append, text);
    struct trace *trace = trace_new();
    GError *why = NULL;
    trace_add(trace, &trace_json_consumer, json);
    while (ring1_replay_next(r, &why) && run_machine(r, trace, json, &why))
        continue;
    trace_free(trace);
    trace_json_free(json);
    if (why)
        g_propagate_error(error, why);
    return !why;
}

struct call_log *read_record(int fd, const char *name, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) why = NULL;
    ring1_replay *r = ring1_replay_open_fd(fd, name, &why);
    struct call_log *log = NULL;
    if (r && run_all(r, text, &why))
        log = read_json_trace(name, text->str, text->len, &why);
    ring1_replay_free(r);
    for (guint i = 0; log && i < log->calls->len; i++)
        g_array_index(log->calls, struct logged_call, i).place = call_log_get(log, i)->serial;
    if (log)
        log->place_unit = "call";
    else
        g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", name);
    return log;
}
