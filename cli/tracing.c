/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tracing.c - see tracing.h. A form of output is a row of the table below.
 */
#include "tracing.h"

#include "debug/filter.h"
#include "debug/seq_capture.h"
#include "debug/trace_json.h"
#include "debug/trace_perfetto.h"
#include "debug/trace_xentrace.h"
#include "emu/machine.h"
#include "trace_out.h"

#include <errno.h>

/* --- text, where no other form was asked for or it was given a file ------------------ */

static bool wants_text(const struct options *o)
{
    if (o->tracing.summary == SUMMARY_ALONE)
        return false;
    return !o->json && (o->trace_file || !(o->tracing.perfetto || o->tracing.xentrace || o->tracing.hc));
}

static void *open_text(const struct options *o, struct trace_out *out)
{
    return trace_text_new(&o->tracing.text, trace_out_write, out);
}

static void close_text(void *user)
{
    trace_text_free(user);
}

/* --- JSON lines ----------------------------------------------------------------------- */

static bool wants_json(const struct options *o)
{
    return o->json;
}

static void *open_json(const struct options *o, struct trace_out *out)
{
    struct trace_json *t = trace_json_new(trace_out_write, out);
    trace_json_set_stacks(t, o->tracing.text.stacks);
    return t;
}

static void attach_json(void *user, ring1_machine *m, const char *image)
{
    const struct domain *d = ring1_machine_vcpu(m, 0)->domain;
    const struct trace_origin origin = {
        .max_pages = d->s.max_pages,
        .shared_info = d->s.shared_info.mfn,
        .abi = ring1_abi_name(ring1_machine_abi(m)),
        .xen = ring1_xen_name(ring1_machine_xen(m)),
        .image = image,
        .pages = ring1_machine_nr_pages(m),
        .vcpus = ring1_machine_nr_vcpus(m),
    };
    trace_json_begin(user, &origin);
}

static void close_json(void *user)
{
    trace_json_free(user);
}

/* --- trace events ---------------------------------------------------------------------- */

static bool wants_perfetto(const struct options *o)
{
    return o->tracing.perfetto != NULL;
}

static const char *file_of_perfetto(const struct options *o)
{
    return o->tracing.perfetto;
}

static void *open_perfetto(G_GNUC_UNUSED const struct options *o, struct trace_out *out)
{
    return trace_perfetto_new(trace_out_write, out);
}

static void attach_perfetto(void *user, ring1_machine *m, const char *image)
{
    trace_perfetto_begin(user, image, ring1_machine_nr_vcpus(m));
}

static void close_perfetto(void *user)
{
    trace_perfetto_close(user);
    trace_perfetto_free(user);
}

/* --- xentrace's records ---------------------------------------------------------------- */

static bool wants_xentrace(const struct options *o)
{
    return o->tracing.xentrace != NULL;
}

static const char *file_of_xentrace(const struct options *o)
{
    return o->tracing.xentrace;
}

static void *open_xentrace(G_GNUC_UNUSED const struct options *o, struct trace_out *out)
{
    return trace_xentrace_new(trace_out_write, out);
}

static void close_xentrace(void *user)
{
    trace_xentrace_free(user);
}

/* --- counts ------------------------------------------------------------------------------ */

struct counting {
    struct summary *summary;
    enum summary_order order;
    struct trace_out *out;
};

static bool wants_summary(const struct options *o)
{
    return o->tracing.summary != SUMMARY_NONE;
}

static void *open_summary(const struct options *o, struct trace_out *out)
{
    struct counting *c = g_new(struct counting, 1);
    *c = (struct counting){.summary = summary_new(), .order = o->tracing.summary_order, .out = out};
    return c;
}

static void count_call(void *user, const struct trace_call *c)
{
    const struct counting *counting = user;
    summary_consumer.after(counting->summary, c);
}

static const struct trace_consumer counting_consumer = {.after = count_call};

static void close_summary(void *user)
{
    struct counting *c = user;
    summary_write(c->summary, c->order, trace_out_write, c->out);
    summary_free(c->summary);
    g_free(c);
}

/* --- a sequence ------------------------------------------------------------------------- */

static bool wants_hc(const struct options *o)
{
    return o->tracing.hc != NULL;
}

static const char *file_of_hc(const struct options *o)
{
    return o->tracing.hc;
}

static void *open_hc(G_GNUC_UNUSED const struct options *o, struct trace_out *out)
{
    return seq_capture_new(trace_out_write, out);
}

static void attach_hc(void *user, ring1_machine *m, const char *image)
{
    g_autofree char *name = g_path_get_basename(image);
    seq_capture_start(user, m, name);
}

static void close_hc(void *user)
{
    seq_capture_free(user);
}

/* Every form: a consumer and the file that it writes to. */
static const struct form {
    const char *option; /* names the file in messages */
    const struct trace_consumer *ops;
    bool (*wanted)(const struct options *o);
    const char *(*file)(const struct options *o);                  /* NULL: where the lines go (-o, stderr) */
    void *(*open)(const struct options *o, struct trace_out *out); /* makes ops' user */
    /* A machine is to be traced, the first or another; or NULL. */
    void (*attach)(void *user, ring1_machine *m, const char *image);
    void (*close)(void *user); /* its last words go to `out`; frees it */
} forms[] = {
    {"--output", &trace_text_consumer, wants_text, NULL, open_text, NULL, close_text},
    {"--output", &trace_json_consumer, wants_json, NULL, open_json, attach_json, close_json},
    {"--perfetto", &trace_perfetto_consumer, wants_perfetto, file_of_perfetto, open_perfetto, attach_perfetto,
     close_perfetto},
    {"--xentrace", &trace_xentrace_consumer, wants_xentrace, file_of_xentrace, open_xentrace, NULL,
     close_xentrace},
    {"--output", &counting_consumer, wants_summary, NULL, open_summary, NULL, close_summary},
    {"--hc", &seq_capture_consumer, wants_hc, file_of_hc, open_hc, attach_hc, close_hc},
};
#define NR_FORMS G_N_ELEMENTS(forms)

struct tracing {
    struct trace *trace;
    ring1_machine *machine;
    struct trace_out lines; /* -o, or stderr */
    struct trace_out out[NR_FORMS];
    void *user[NR_FORMS]; /* NULL: not wanted */
    char *error;
    const struct options *options;
};

static bool open_file(struct trace_out *out, const char *option, const char *path, struct tracing *t)
{
    if (trace_out_open(out, path, &t->machine))
        return true;
    complain("%s: %s: %s: %s", t->options->name, option, path, g_strerror(errno));
    return false;
}

static bool open_form(struct tracing *t, size_t i, const struct options *o)
{
    const struct form *form = &forms[i];
    if (!form->wanted(o))
        return true;
    if (form->file && !open_file(&t->out[i], form->option, form->file(o), t))
        return false;
    t->user[i] = form->open(o, form->file ? &t->out[i] : &t->lines);
    trace_add(t->trace, form->ops, t->user[i]);
    return true;
}

bool tracing_open(const struct options *o, struct tracing **tracing)
{
    *tracing = NULL;
    if (!o->trace)
        return true;
    if (o->json && wants_summary(o)) {
        complain("%s: --json and a summary (-c, -C) do not go together", o->name);
        return false;
    }
    struct tracing *t = g_new0(struct tracing, 1);
    t->trace = trace_new();
    trace_set_filter(t->trace, o->tracing.filter);
    t->options = o;
    if (o->tracing.text.spent == TRACE_SPENT_HOST || wants_summary(o))
        trace_want_host(t->trace);
    bool ok = open_file(&t->lines, o->command != COMMAND_TRACE ? "--trace" : "--output", o->trace_file, t);
    for (size_t i = 0; ok && i < NR_FORMS; i++)
        ok = open_form(t, i, o);
    if (ok)
        *tracing = t;
    else
        tracing_close(t);
    return ok;
}

void tracing_attach(struct tracing *t, ring1_machine *m, const char *image)
{
    if (!t)
        return;
    t->machine = m;
    for (size_t i = 0; i < NR_FORMS; i++)
        if (t->user[i] && forms[i].attach)
            forms[i].attach(t->user[i], m, image);
    trace_attach(t->trace, m);
}

void tracing_detach(struct tracing *t)
{
    if (!t || !t->machine)
        return;
    trace_end(t->trace);
    tracing_flush(t);
    t->machine = NULL;
}

void tracing_flush(struct tracing *t)
{
    if (!t)
        return;
    trace_out_flush(&t->lines);
    for (size_t i = 0; i < NR_FORMS; i++)
        if (t->out[i].waiting)
            trace_out_flush(&t->out[i]);
}

static void note_error(struct tracing *t, const struct trace_out *out)
{
    if (out->error && !t->error)
        t->error = g_strdup_printf("%s: %s", out->name, g_strerror(out->error));
}

const char *tracing_error(struct tracing *t)
{
    if (!t)
        return NULL;
    note_error(t, &t->lines);
    for (size_t i = 0; i < NR_FORMS; i++)
        note_error(t, &t->out[i]);
    return t->error;
}

bool tracing_close(struct tracing *t)
{
    if (!t)
        return true;
    bool told = t->error != NULL;
    for (size_t i = 0; i < NR_FORMS; i++) {
        if (t->user[i])
            forms[i].close(t->user[i]);
        trace_out_close(&t->out[i]);
    }
    trace_out_close(&t->lines);
    const char *error = tracing_error(t);
    if (error && !told)
        complain("cannot write the trace: %s", error);
    trace_free(t->trace);
    g_free(t->error);
    g_free(t);
    return !error;
}
