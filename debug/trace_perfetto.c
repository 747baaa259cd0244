/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_perfetto.c - see trace_perfetto.h. A viewer puts spans that begin at the same
 * time into each other as they stand in the file: a multicall is written before its
 * entries, which are held back until it is over.
 */
#include "trace_perfetto.h"

#include "dispatch/shared.h"
#include "event.h"
#include "json_sink.h"

#define NS_PER_US 1000u
#define NS_PER_MS 1000000u

/* Entries that are held back at most; then their multicall is written as open. */
#define HELD_BYTES  262144
#define FLUSH_BYTES 65536

/* Arguments are for people to look at. */
static const struct decode_limits limits = {.elements = 8, .bytes = 64};

struct trace_perfetto {
    void (*sink)(void *user, const char *text, size_t len);
    void *user;
    struct json done;           /* whole events */
    struct json_writer args[2]; /* of the call in progress, and of its entry */
    GString *entries;
    uint64_t ms;            /* of the counters' present bin */
    unsigned calls, errors; /* in it */
    unsigned pid;
    struct { /* the call in progress, for when it never comes back */
        uint64_t ns;
        const char *name;
        unsigned vcpu;
    } call;
    bool in_call, let_go, opened, closed;
};

struct trace_perfetto *trace_perfetto_new(void (*sink)(void *user, const char *text, size_t len), void *user)
{
    struct trace_perfetto *t = g_new0(struct trace_perfetto, 1);
    t->sink = sink;
    t->user = user;
    t->done.out = g_string_new(NULL);
    t->entries = g_string_new(NULL);
    for (unsigned i = 0; i < 2; i++)
        t->args[i].json.out = g_string_new(NULL);
    return t;
}

void trace_perfetto_free(struct trace_perfetto *t)
{
    if (!t)
        return;
    g_string_free(t->done.out, TRUE);
    g_string_free(t->entries, TRUE);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(t->args[i].json.out, TRUE);
    g_free(t);
}

static void hand_on(struct trace_perfetto *t, size_t at_least)
{
    if (t->done.out->len < at_least)
        return;
    t->sink(t->user, t->done.out->str, t->done.out->len);
    g_string_truncate(t->done.out, 0);
}

/* --- events ------------------------------------------------------------------------- */

/* Microseconds with three digits behind the point: exact, whatever a reader's numbers
 * can hold. */
static void write_us(struct json *j, const char *name, uint64_t ns)
{
    json_key(j, name);
    g_string_append_printf(j->out, "%" G_GUINT64_FORMAT ".%03u", ns / NS_PER_US, (unsigned)(ns % NS_PER_US));
}

static void begin_event(struct json *j, const char *phase, const char *name, unsigned pid)
{
    g_string_append(j->out, ",\n");
    j->comma = false;
    json_open(j, '{');
    json_word(j, "ph", phase);
    json_word(j, "name", name);
    json_uint(j, "pid", pid);
}

static void write_name(struct trace_perfetto *t, const char *what, int vcpu, const char *name)
{
    struct json *j = &t->done;
    begin_event(j, "M", what, t->pid);
    if (vcpu >= 0)
        json_int(j, "tid", vcpu);
    json_key(j, "args");
    json_open(j, '{');
    json_text(j, "name", name);
    json_close(j, '}');
    json_close(j, '}');
}

static void write_counter(struct trace_perfetto *t, const char *name, const char *unit, uint64_t ns,
                          uint64_t value)
{
    struct json *j = &t->done;
    begin_event(j, "C", name, t->pid);
    write_us(j, "ts", ns);
    json_key(j, "args");
    json_open(j, '{');
    json_uint(j, unit, value);
    json_close(j, '}');
    json_close(j, '}');
}

void trace_perfetto_begin(struct trace_perfetto *t, const char *image, unsigned vcpus)
{
    bool first = !t->opened;
    if (first)
        g_string_append(t->done.out,
                        "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"ring1\":\"" RING1_VERSION_STRING
                        "\"},\"traceEvents\":[");
    gsize begin = t->done.out->len;
    t->opened = true;
    t->pid++;
    t->ms = t->calls = t->errors = 0;
    write_name(t, "process_name", -1, image);
    if (first) /* no comma */
        g_string_erase(t->done.out, (gssize)begin, 1);
    for (unsigned i = 0; i < vcpus; i++) {
        g_autofree char *name = g_strdup_printf("vcpu %u", i);
        write_name(t, "thread_name", (int)i, name);
    }
}

/* --- counters ----------------------------------------------------------------------- */

static void write_bin(struct trace_perfetto *t)
{
    write_counter(t, "hypercalls per ms", "calls", t->ms * NS_PER_MS, t->calls);
    write_counter(t, "refused per ms", "calls", t->ms * NS_PER_MS, t->errors);
}

/* Events of the guest that wait for it, masked ones too. */
static unsigned pending_events(const struct domain *d)
{
    const uint8_t *map = shared_info(d) + d->abi->si_evtchn_pending;
    unsigned nr = 0;
    for (unsigned i = 0; i < NR_EVTCHNS / 32; i++)
        nr += (unsigned)__builtin_popcount(load32(map + 4 * i));
    return nr;
}

/* A bin is written when the first call after it comes; where nothing was done for
 * longer, an empty one says so. */
static void count_to(struct trace_perfetto *t, const struct trace_call *c)
{
    uint64_t ms = c->ns / NS_PER_MS;
    if (ms == t->ms)
        return;
    if (t->calls)
        write_bin(t);
    t->calls = t->errors = 0;
    if (ms > t->ms + 1) {
        t->ms++;
        write_bin(t);
    }
    t->ms = ms;
    write_counter(t, "pending events", "events", c->ns, pending_events(c->v->domain));
}

/* --- calls -------------------------------------------------------------------------- */

static void before_call(void *user, const struct trace_call *c)
{
    struct trace_perfetto *t = user;
    struct json_writer *w = &t->args[c->call->depth ? 1 : 0];
    if (c->call->depth == 0) {
        count_to(t, c);
        t->in_call = true;
        t->let_go = false;
        g_string_truncate(t->entries, 0);
        t->call.ns = c->ns;
        t->call.name = c->call->name ? c->call->name : "hypercall";
        t->call.vcpu = c->v->id;
    }
    g_string_truncate(w->json.out, 0);
    w->json.comma = false;
    w->domain = c->v->domain;
    w->output = false;
    json_open(&w->json, '{');
    json_uint(&w->json, "serial", c->serial);
    if (c->call->depth)
        json_uint(&w->json, "index", c->call->index);
    else
        json_uint(&w->json, "eip", c->eip);
    if (c->row)
        decode_input(c->decoder, c->v, c->row, c->call->arg, &limits, &json_sink, w);
}

static void begin_span(struct json *j, const char *phase, const struct trace_perfetto *t,
                       const struct trace_call *c)
{
    g_autofree char *number = c->call->name ? NULL : g_strdup_printf("hypercall_%u", c->call->nr);
    begin_event(j, phase, number ? number : c->call->name, t->pid);
    json_word(j, "cat", c->call->depth ? "multicall" : "hypercall");
    json_uint(j, "tid", c->v->id);
}

/* What came of the call, at the end of its arguments. */
static void write_end(struct json *args, const struct trace_call *c)
{
    const struct ring1_call *call = c->call;
    const char *error = call->result < 0 && !call->continued ? errno_name(call->result) : NULL;
    if (call->continued)
        json_true(args, "continued");
    else if (error)
        json_word(args, "result", error);
    else
        json_int(args, "result", call->result);
    if (call->why && call->why[0])
        json_text(args, "why", call->why);
    if (c->injected)
        json_true(args, "injected");
    json_close(args, '}');
}

static void write_span(struct json *j, const struct trace_perfetto *t, const struct trace_call *c,
                       const GString *args)
{
    bool closing = c->call->depth == 0 && t->let_go;
    begin_span(j, closing ? "E" : "X", t, c);
    write_us(j, "ts", closing ? c->end_ns : c->ns);
    if (!closing)
        write_us(j, "dur", c->end_ns - c->ns);
    json_key(j, "args");
    g_string_append_len(j->out, args->str, (gssize)args->len);
    j->comma = true;
    json_close(j, '}');
}

/* The call in progress is written as open: too much is held back, or it never came
 * back. */
static void let_go(struct trace_perfetto *t)
{
    struct json *j = &t->done;
    if (!t->let_go) {
        begin_event(j, "B", t->call.name, t->pid);
        json_word(j, "cat", "hypercall");
        json_uint(j, "tid", t->call.vcpu);
        write_us(j, "ts", t->call.ns);
        json_close(j, '}');
    }
    t->let_go = true;
    g_string_append_len(j->out, t->entries->str, (gssize)t->entries->len);
    g_string_truncate(t->entries, 0);
}

static void after_call(void *user, const struct trace_call *c)
{
    struct trace_perfetto *t = user;
    struct json *args = &t->args[c->call->depth ? 1 : 0].json;
    if (!t->in_call)
        return;
    write_end(args, c);
    t->calls++;
    t->errors += c->call->result < 0 && !c->call->continued && errno_name(c->call->result);
    if (c->call->depth) {
        struct json entry = {.out = t->entries};
        write_span(&entry, t, c, args->out);
        if (t->entries->len >= HELD_BYTES)
            let_go(t);
        return;
    }
    write_span(&t->done, t, c, args->out);
    g_string_append_len(t->done.out, t->entries->str, (gssize)t->entries->len);
    t->in_call = false;
    hand_on(t, FLUSH_BYTES);
}

static void drop_call(void *user, const struct trace_call *c)
{
    struct trace_perfetto *t = user;
    if (c->call->depth)
        return;
    g_string_append_len(t->done.out, t->entries->str, (gssize)t->entries->len);
    t->in_call = false;
}

/* --- what is no call ---------------------------------------------------------------- */

static void append_event_name(GString *out, const struct trace_event *e)
{
    if (e->event->kind == RING1_EVENT_EXCEPTION)
        event_append_vector(out, &e->event->exception);
    else if (e->event->kind == RING1_EVENT_DEVICE)
        g_string_append_printf(out, "%s %s", event_device_name(e->event->device.device),
                               e->event->device.request);
    else
        g_string_append(out, event_kind_name(e->event->kind));
}

static void on_event(void *user, const struct trace_event *e)
{
    struct trace_perfetto *t = user;
    struct json j = {.out = t->in_call ? t->entries : t->done.out};
    g_autoptr(GString) text = g_string_new(NULL);
    append_event_name(text, e);
    begin_event(&j, "i", text->str, t->pid);
    json_word(&j, "cat", event_kind_name(e->event->kind));
    json_word(&j, "s", "t");
    json_uint(&j, "tid", e->v->id);
    write_us(&j, "ts", e->ns);
    g_string_truncate(text, 0);
    event_append(text, e, limits.bytes);
    json_key(&j, "args");
    json_open(&j, '{');
    json_text(&j, "what", text->str);
    json_close(&j, '}');
    json_close(&j, '}');
    if (t->in_call && t->entries->len >= HELD_BYTES)
        let_go(t);
    hand_on(t, FLUSH_BYTES);
}

static void end_trace(void *user)
{
    struct trace_perfetto *t = user;
    if (t->in_call)
        let_go(t);
    t->in_call = false;
    if (t->calls)
        write_bin(t);
    t->calls = t->errors = 0;
    hand_on(t, 1);
}

void trace_perfetto_close(struct trace_perfetto *t)
{
    if (!t->closed)
        g_string_append(t->done.out, t->opened ? "\n]}\n" : "{\"traceEvents\":[]}\n");
    t->closed = true;
    hand_on(t, 1);
}

const struct trace_consumer trace_perfetto_consumer = {
    .before = before_call,
    .after = after_call,
    .drop = drop_call,
    .event = on_event,
    .end = end_trace,
};
