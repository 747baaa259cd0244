/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tracing.c - see tracing.h. A form of output is a row of the table below.
 */
#include "tracing.h"

#include "trace_out.h"

#include <errno.h>

static void *open_text(const struct options *o, struct trace_out *out)
{
    return trace_text_new(&o->tracing.text, trace_out_write, out);
}

static void close_text(void *user)
{
    trace_text_free(user);
}

static bool wants_text(const struct options *o)
{
    (void)o;
    return true;
}

/* Every form: a consumer and the file that it writes to. */
static const struct form {
    const char *option; /* names the file in messages */
    const struct trace_consumer *ops;
    bool (*wanted)(const struct options *o);
    const char *(*file)(const struct options *o);                  /* NULL: where the lines go (-o, stderr) */
    void *(*open)(const struct options *o, struct trace_out *out); /* makes ops' user */
    void (*close)(void *user);                                     /* its last words go to `out`; frees it */
} forms[] = {
    {"--output", &trace_text_consumer, wants_text, NULL, open_text, close_text},
};
#define NR_FORMS G_N_ELEMENTS(forms)

struct tracing {
    struct trace *trace;
    ring1_machine *machine;
    struct trace_out lines; /* -o, or stderr */
    struct trace_out out[NR_FORMS];
    void *user[NR_FORMS]; /* NULL: not wanted */
    char *error;
    const char *command;
};

static bool open_file(struct trace_out *out, const char *option, const char *path, struct tracing *t)
{
    if (trace_out_open(out, path, &t->machine))
        return true;
    complain("%s: %s: %s: %s", t->command, option, path, g_strerror(errno));
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
    struct tracing *t = g_new0(struct tracing, 1);
    t->trace = trace_new();
    t->command = o->name;
    trace_set_events(t->trace, o->tracing.events);
    if (o->tracing.text.spent == TRACE_SPENT_HOST)
        trace_want_host(t->trace);
    bool ok = open_file(&t->lines, o->command == COMMAND_RUN ? "--trace" : "--output", o->trace_file, t);
    for (size_t i = 0; ok && i < NR_FORMS; i++)
        ok = open_form(t, i, o);
    if (ok)
        *tracing = t;
    else
        tracing_close(t);
    return ok;
}

void tracing_attach(struct tracing *t, ring1_machine *m)
{
    if (!t)
        return;
    t->machine = m;
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
    bool told = tracing_error(t) != NULL;
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
