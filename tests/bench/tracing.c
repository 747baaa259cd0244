/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tracing.c - the rows of traces: what a filter costs a call that it does not want,
 * and how many calls a second are written down. Nothing is written to a file: lines
 * end in a counter.
 */
#include "bench.h"
#include "debug/filter.h"
#include "debug/trace_json.h"
#include "debug/trace_text.h"
#include "guest.h"

#define SAMPLES       9u
#define QUICK_SAMPLES 3u
#define CALLS         200000u
#define QUICK_CALLS   50000u

static void count_bytes(void *user, const char *bytes, size_t len)
{
    *(uint64_t *)user += len + (bytes[len - 1] != '\n');
}

/* CPU time of a turn. */
static bool sample(struct runner *r, enum work work, uint32_t turns, double *ns)
{
    uint32_t sum;
    uint64_t start = cpu_ns();
    bool ok = r->run(r, work, turns, &sum);
    *ns = (double)(cpu_ns() - start) / turns;
    return ok;
}

enum form { FORM_TEXT, FORM_JSON };

/* A trace of everything but what has been left out, written down. */
struct tracer {
    struct trace *trace;
    struct trace_text *text; /* or NULL */
    struct trace_json *json; /* or NULL */
    struct filter *filter;
    uint64_t bytes;
};

static void open_tracer(struct tracer *t, enum form form, const char *expression)
{
    *t = (struct tracer){.trace = trace_new(), .filter = filter_new()};
    if (form == FORM_TEXT)
        t->text = trace_text_new(NULL, count_bytes, &t->bytes);
    else
        t->json = trace_json_new(count_bytes, &t->bytes);
    if (expression)
        filter_add(t->filter, expression, NULL);
    trace_set_filter(t->trace, t->filter);
    if (form == FORM_TEXT)
        trace_add(t->trace, &trace_text_consumer, t->text);
    else
        trace_add(t->trace, &trace_json_consumer, t->json);
}

static void close_tracer(struct tracer *t)
{
    trace_free(t->trace);
    trace_text_free(t->text);
    trace_json_free(t->json);
    filter_free(t->filter);
}

/* A turn with the trace and one without, in pairs. */
static bool measure_pairs(const struct bench *b, struct runner *r, enum form form, const char *expression,
                          enum work work, double *traced, double *plain, double *extra, unsigned *samples)
{
    double with[SAMPLES], without[SAMPLES], more[SAMPLES];
    ring1_machine *m = ring1_runner_machine(r);
    struct tracer t;
    uint32_t turns = b->quick ? QUICK_CALLS : CALLS;
    bool ok = true;
    *samples = b->quick ? QUICK_SAMPLES : SAMPLES;
    open_tracer(&t, form, expression);
    for (unsigned i = 0; ok && i <= *samples; i++) {
        unsigned at = i ? i - 1 : 0; /* the first warms caches */
        ok = sample(r, work, turns, &without[at]);
        trace_attach(t.trace, m);
        ok = ok && sample(r, work, turns, &with[at]);
        ring1_machine_set_watch(m, NULL, NULL);
        more[at] = with[at] - without[at];
    }
    close_tracer(&t);
    if (!ok)
        return false;
    *traced = median(with, *samples);
    *plain = median(without, *samples);
    *extra = median(more, *samples);
    return true;
}

static bool measure_filter(struct bench *b, struct runner *r)
{
    double traced, plain;
    struct bench_row *row = bench_add(b, "filter that never matches, a call", "ns");
    row->goal = GOAL_FIGURE;
    row->limit = 20;
    row->note = "beside the same null hypercall without a trace";
    return measure_pairs(b, r, FORM_TEXT, "trace=%event", WORK_INT, &traced, &plain, &row->figure,
                         &row->samples);
}

static bool measure_form(struct bench *b, struct runner *r, enum form form, enum work work, const char *name)
{
    double extra;
    struct bench_row *row = bench_add(b, name, "ns");
    row->goal = GOAL_FIGURE;
    row->limit = form == FORM_TEXT ? 2000 : 3333;
    row->note = form == FORM_TEXT ? "2000 ns are 500,000 calls a second; bare: the same call without a trace"
                                  : "3333 ns are 300,000 calls a second; bare: the same call without a trace";
    return measure_pairs(b, r, form, NULL, work, &row->figure, &row->bare, &extra, &row->samples);
}

bool measure_tracing(struct bench *b)
{
    static const struct {
        enum form form;
        enum work work;
        const char *name;
    } forms[] = {
        {FORM_TEXT, WORK_PAGE, "trace as text: xen_version"},
        {FORM_TEXT, WORK_REMAP, "trace as text: update_va_mapping"},
        {FORM_JSON, WORK_PAGE, "trace as JSON: xen_version"},
        {FORM_JSON, WORK_REMAP, "trace as JSON: update_va_mapping"},
    };
    struct runner *r = ring1_runner(b->work, 1);
    bool ok = r && measure_filter(b, r);
    for (size_t i = 0; ok && i < G_N_ELEMENTS(forms); i++)
        ok = measure_form(b, r, forms[i].form, forms[i].work, forms[i].name);
    if (r)
        r->free(r);
    return ok;
}
