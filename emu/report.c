/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report.c - see report.h: how the domain ended, which exception led there, the
 * stack, and the last calls.
 */
#include "report.h"

#include "backtrace.h"
#include "dispatch/hypercall.h"
#include "dispatch/traps.h"

#include <string.h>

/* A frame so far above ESP is another stack's: what a handler left there when it
 * returned may still look like a frame. A stack that overflows may be long. */
#define SAME_STACK    0x4000u
#define OVERFLOWN_MAX 0x100000u

static const char *keep(struct report *r, char *text)
{
    const char *kept = text ? g_string_chunk_insert(r->texts, text) : NULL;
    g_free(text);
    return kept;
}

struct report_place report_place(struct report *r, struct symbols *symbols, uint32_t va)
{
    struct report_place p = {.va = va};
    if (!symbols_is_code(symbols, va))
        return p;
    p.symbol = keep(r, symbols_name(symbols, va));
    p.source = keep(r, symbols_source(symbols, va));
    return p;
}

/* --- stacks ------------------------------------------------------------------- */

#define STACK_FRAMES 16u

static void add_frames(struct report *r, struct symbols *symbols, const struct ring1_stack_frame *f,
                       bool is_return, struct report_trace *out)
{
    const struct ring1_code_frame *frames;
    unsigned n = symbols_frames(symbols, f->eip, is_return, &frames);
    for (unsigned i = 0; i < n && out->nr < REPORT_FRAMES; i++) {
        bool known = frames[i].inlined || symbols_is_code(symbols, f->eip - is_return);
        out->frame[out->nr].inlined = frames[i].inlined;
        out->frame[out->nr].guess = f->guess;
        out->frame[out->nr++].at = (struct report_place){
            .va = f->eip,
            .symbol = known ? keep(r, g_strdup(frames[i].name)) : NULL,
            .source = keep(r, g_strdup(frames[i].source)),
        };
    }
}

void report_trace(struct report *r, const struct report_source *source, struct vcpu *v,
                  const struct regs *regs, struct report_trace *out)
{
    struct ring1_stack_frame frames[STACK_FRAMES];
    bool code32;
    uint32_t eip = segment_base_peek(v, regs->cs, &code32) + regs->eip;
    unsigned n = backtrace_of(v, regs, source->symbols, frames, STACK_FRAMES);
    out->nr = 0;
    /* In the hypercall page: what it returns to is the second. */
    bool in_stub = n > 0 && frames[0].eip != eip;
    if (in_stub)
        add_frames(r, source->symbols, &(struct ring1_stack_frame){.eip = eip}, false, out);
    for (unsigned i = 0; i < n; i++)
        add_frames(r, source->symbols, &frames[i], in_stub || i > 0, out);
}

/* --- exceptions -------------------------------------------------------------- */

static uint32_t stack_address(struct vcpu *v)
{
    bool is32;
    const struct regs *regs = vcpu_regs(v);
    return segment_base_peek(v, regs->ss, &is32) + regs->esp;
}

/* The handler has not returned: its frame lies above ESP, and holds what was
 * interrupted. */
static bool is_unfinished(struct vcpu *v, const struct exception_record *e)
{
    uint32_t words[2];
    if (!e->has_frame)
        return true;
    uint32_t distance = v->domain->s.crash_place == CRASH_WRITE ? OVERFLOWN_MAX : SAME_STACK;
    if (e->frame - stack_address(v) >= distance || report_peek(v, e->frame, words, 8) != 8)
        return false;
    return words[0] == e->regs.eip && (words[1] & 0xFFFFu) == e->regs.cs;
}

/* The oldest that is kept, as an index that exception_at takes. */
static uint32_t first_exception(const struct domain_state *s)
{
    return s->nr_exceptions > LAST_EXCEPTIONS ? s->nr_exceptions - LAST_EXCEPTIONS : 0;
}

static const struct exception_record *exception_at(const struct domain_state *s, uint32_t i)
{
    return &s->exception[i % LAST_EXCEPTIONS];
}

/* The exception that led to the end: the first in ring 1 whose handler has not
 * returned; else the last such one of ring 3. -1: none. */
static int64_t find_cause(struct vcpu *v, bool ring1_only)
{
    const struct domain_state *s = &v->domain->s;
    int64_t cause = -1;
    for (uint32_t i = first_exception(s); i < s->nr_exceptions; i++) {
        const struct exception_record *e = exception_at(s, i);
        if (e->vcpu != v->id || !is_unfinished(v, e))
            continue;
        if (regs_ring(&e->regs) != 3)
            return i;
        cause = i;
    }
    return ring1_only ? -1 : cause;
}

static void collect_exceptions(struct report *r, const struct report_source *source)
{
    struct vcpu *v = source->v;
    const struct domain_state *s = &v->domain->s;
    int64_t cause = r->end == REPORT_RUNNING ? -1 : find_cause(v, false);
    r->cause = -1;
    r->nr_exceptions_given = s->nr_exceptions;
    for (uint32_t i = first_exception(s); i < s->nr_exceptions; i++) {
        const struct exception_record *e = exception_at(s, i);
        uint32_t handler = e->vector < NR_TRAPS ? v->traps[e->vector].address : v->failsafe_callback.eip;
        bool code32;
        if (i == cause)
            r->cause = (int)r->nr_exceptions;
        r->exception[r->nr_exceptions++] = (struct report_exception){
            .record = *e,
            .at = report_place(r, source->symbols, segment_base_peek(v, e->regs.cs, &code32) + e->regs.eip),
            .handler = report_place(r, source->symbols, handler),
            .unfinished = is_unfinished(&v->domain->s.vcpu[e->vcpu], e),
        };
    }
}

/* --- the rest ---------------------------------------------------------------- */

static bool ordinary(uint32_t shutdown)
{
    return shutdown <= RING1_SHUTDOWN_SUSPEND;
}

static bool is_due(struct vcpu *v)
{
    const struct domain_state *s = &v->domain->s;
    if (s->shutdown == SHUTDOWN_NONE)
        return false;
    return s->crashed || !ordinary(s->shutdown) || find_cause(v, true) >= 0;
}

static void add_walk(struct report *r, struct vcpu *v, const char *what, uint32_t va, enum access access,
                     bool ring3)
{
    for (unsigned i = 0; i < r->nr_walks; i++)
        if (r->walk[i].va == va)
            return;
    if (r->nr_walks == REPORT_WALKS)
        return;
    struct report_walk *w = &r->walk[r->nr_walks++];
    report_walk(v, va, access, ring3, w);
    w->what = what;
}

static enum access access_of(uint32_t error)
{
    return error & PF_FETCH ? ACCESS_FETCH : error & PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* The addresses that the end is about. */
static void collect_walks(struct report *r, struct vcpu *v)
{
    const struct domain_state *s = &v->domain->s;
    if (s->crash_place == CRASH_READ)
        add_walk(r, v, "the address that Xen could not read", s->crash_where, ACCESS_READ, false);
    if (s->crash_place == CRASH_WRITE)
        add_walk(r, v, "the address that Xen could not write", s->crash_where, ACCESS_WRITE, false);
    if (s->crash_place == CRASH_FRAME) {
        r->has_frame = true;
        r->frame = report_frame(v->domain, MFN(s->crash_where));
    }
    if (r->cause >= 0) {
        const struct exception_record *e = &r->exception[r->cause].record;
        if (e->vector == TRAP_page_fault && e->has_error)
            add_walk(r, v, "CR2 of the exception", e->cr2, access_of(e->error), regs_ring(&e->regs) == 3);
    }
    if (r->end != REPORT_RUNNING && r->last.nr_insns == 0)
        add_walk(r, v, "EIP, where nothing can be read", r->last.at.va, ACCESS_FETCH, r->last.ring == 3);
}

/* What a panic was told is often still on the stack: text of four characters and
 * more, printable but for line ends, closed by 0 or as long as is shown. */
static const char *text_at(struct report *r, struct vcpu *v, uint32_t va)
{
    char bytes[REPORT_TEXT], out[2 * REPORT_TEXT + 1];
    uint32_t n = report_peek(v, va, bytes, sizeof bytes), len = 0, i;
    for (i = 0; i < n && bytes[i]; i++) {
        bool quoted = bytes[i] == '\n' || bytes[i] == '\t' || bytes[i] == '"' || bytes[i] == '\\';
        if (!g_ascii_isprint(bytes[i]) && !quoted)
            return NULL;
        if (quoted)
            out[len++] = '\\';
        out[len++] = bytes[i] == '\n' ? 'n' : bytes[i] == '\t' ? 't' : bytes[i];
    }
    if (i < 4 || (i == n && n < sizeof bytes))
        return NULL;
    out[len] = '\0';
    return g_string_chunk_insert(r->texts, out);
}

static void collect_stack(struct report *r, const struct report_source *source)
{
    uint32_t words[REPORT_STACK_WORDS];
    r->stack = stack_address(source->v);
    r->nr_words = report_peek(source->v, r->stack, words, sizeof words) / 4;
    r->has_stack = r->nr_words > 0;
    for (unsigned i = 0; i < r->nr_words; i++) {
        struct report_word *w = &r->word[i];
        *w = (struct report_word){.va = r->stack + i * 4, .value = words[i]};
        w->is_code = symbols_is_code(source->symbols, words[i]);
        w->follows_call = w->is_code && backtrace_follows_call(source->v, words[i]);
        if (w->is_code)
            w->symbol = keep(r, g_strdup(symbols_lookup(source->symbols, words[i], w->follows_call)));
        if (!w->follows_call)
            w->text = text_at(r, source->v, words[i]);
    }
}

static struct report_call describe_call(struct report *r, const struct domain *d, uint32_t nr,
                                        const uint32_t *arg, int32_t result, const char *why)
{
    const struct hypercall_slot *slot = hypercall_slot(d, nr);
    struct report_call call = {
        .nr = nr,
        .row = slot ? slot->row : NULL,
        .nargs = slot ? slot->nargs : 0,
        .result = result,
        .why = why[0] ? g_string_chunk_insert(r->texts, why) : NULL,
    };
    memcpy(call.arg, arg, sizeof call.arg);
    call.is_multicall = slot && slot->fn == do_multicall;
    return call;
}

static const char *entry_why(const struct domain *d, uint64_t n)
{
    for (unsigned i = 0; i < LAST_REFUSED; i++)
        if (d->s.refused[i].entry == n + 1)
            return d->s.refused[i].why;
    return "";
}

/* The entries of a multicall that are still there. */
static void collect_entries(struct report *r, const struct domain *d, const struct call_record *c,
                            struct report_call *out)
{
    uint64_t end = c->first_entry + c->nr_entries,
             oldest = d->s.nr_entries - MIN(d->s.nr_entries, LAST_ENTRIES);
    out->nr_entries = c->nr_entries;
    out->first_kept = r->nr_entries;
    for (uint64_t n = MAX(c->first_entry, oldest); n < end && r->nr_entries < LAST_ENTRIES; n++) {
        const struct entry_record *e = &d->s.entry[n % LAST_ENTRIES];
        struct report_call *entry = &r->entry[r->nr_entries++];
        *entry = describe_call(r, d, e->nr, e->arg, e->result, entry_why(d, n));
        entry->number = n - c->first_entry;
        entry->is_multicall = false;
        out->nr_kept++;
    }
}

static void collect_calls(struct report *r, const struct report_source *source)
{
    const struct domain *d = source->v->domain;
    uint64_t first = source->nr_calls > LAST_CALLS ? source->nr_calls - LAST_CALLS : 0;
    r->nr_calls_made = source->nr_calls;
    for (uint64_t i = first; i < source->nr_calls; i++) {
        const struct call_record *c = &source->calls[i % LAST_CALLS];
        struct report_call *out = &r->call[r->nr_calls++];
        *out = describe_call(r, d, c->nr, c->arg, c->result, c->why);
        out->number = i;
        out->vcpu = c->vcpu;
        out->continued = c->continued;
        out->from = report_place(r, source->symbols, c->eip);
        if (out->is_multicall)
            collect_entries(r, d, c, out);
    }
}

const char *report_vcpu_state(const struct vcpu *v)
{
    static const char *const states[] = {[VCPU_RUNNING] = "runnable",
                                         [VCPU_BLOCKED] = "blocked",
                                         [VCPU_POLLING] = "polling",
                                         [VCPU_DOWN] = "down",
                                         [VCPU_DORMANT] = "never woken"};
    if (!v->initialised)
        return "not initialised";
    return v->run == VCPU_RUNNING && v->id == v->domain->s.queue.current ? "running" : states[v->run];
}

static void collect_vcpus(struct report *r, const struct report_source *source)
{
    struct domain *d = source->v->domain;
    r->nr_vcpus = d->s.nr_vcpus;
    for (unsigned i = 0; i < r->nr_vcpus; i++) {
        struct vcpu *v = &d->s.vcpu[i];
        struct report_vcpu *out = &r->vcpus[i];
        bool code32;
        out->state = report_vcpu_state(v);
        if (!v->initialised)
            continue;
        out->regs = *vcpu_regs(v);
        out->ring = regs_ring(&out->regs);
        out->at =
            report_place(r, source->symbols, segment_base_peek(v, out->regs.cs, &code32) + out->regs.eip);
        out->top = report_frame(d, v->cr3);
        report_trace(r, source, v, &out->regs, &out->trace);
    }
}

struct report *report_collect(const struct report_source *source)
{
    struct vcpu *v = source->v;
    const struct domain *d = v->domain;
    struct report *r = g_new0(struct report, 1);
    r->texts = g_string_chunk_new(4096);
    r->image = g_string_chunk_insert(r->texts, source->image);
    r->abi = d->abi->name;
    r->xen = d->abi->xen_name;
    r->ns = domain_now(d);
    r->vcpu = v->id;
    r->end = d->s.shutdown == SHUTDOWN_NONE ? REPORT_RUNNING : d->s.crashed ? REPORT_CRASH : REPORT_SHUTDOWN;
    r->shutdown = d->s.shutdown;
    r->xen_says = d->s.crashed ? g_string_chunk_insert(r->texts, d->s.crash_text) : NULL;
    r->due = is_due(v);
    r->cr2 = v->cr2;
    r->cr3 = v->cr3.mfn;
    r->cr4 = v->cr4;
    r->top = report_frame(d, v->cr3);
    report_code(r, source, vcpu_regs(v), &r->last);
    collect_exceptions(r, source);
    if (r->cause >= 0) {
        const struct regs *regs = &r->exception[r->cause].record.regs;
        report_code(r, source, regs, &r->fault);
    }
    collect_vcpus(r, source);
    collect_walks(r, v);
    collect_stack(r, source);
    collect_calls(r, source);
    return r;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    g_string_chunk_free(r->texts);
    g_free(r);
}

struct report *machine_report(struct machine *m, struct symbols *symbols, const char *image)
{
    return report_collect(&(struct report_source){
        .v = m->current,
        .calls = m->s.last_call,
        .nr_calls = m->s.hypercalls,
        .symbols = symbols,
        .image = image,
    });
}

bool machine_report_due(struct machine *m)
{
    return is_due(m->current);
}
