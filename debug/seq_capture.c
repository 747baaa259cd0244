/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_capture.c - see seq_capture.h: the calls. What lies between them is
 * seq_capture_state.c's.
 */
#include "seq_capture.h"

#include "emu/machine.h"
#include "event.h"
#include "seq_capture_state.h"

#include <string.h>

struct capture {
    seq_capture_sink sink;
    void *user;
    struct seq *seq; /* lines that are not written yet */
    struct seq_writer writer;
    struct seq_frames *frames;
    unsigned nr_results;
    struct seq_state *state;
    struct seq_item *call, *entry; /* in progress */
    struct seq_item *done;         /* the last line that was complete when the call began */
    uint64_t serial;               /* of the call in progress, or that goes on */
    bool goes_on, entry_goes_on;
    bool skipped; /* the call in progress is not written down */
    bool many_vcpus;
    uint64_t time;        /* that a run of what is written down has */
    uint64_t began;       /* the call in progress */
    GHashTable *left_out; /* name -> how often */
    GString *text;
};

static const struct decode_limits no_limits = {.elements = 1u << 20, .bytes = 1u << 20};

struct capture *seq_capture_new(seq_capture_sink sink, void *user)
{
    struct capture *c = g_new0(struct capture, 1);
    c->sink = sink;
    c->user = user;
    c->state = seq_state_new();
    c->left_out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->text = g_string_new(NULL);
    return c;
}

/* What is kept of one machine. */
static void drop_lines(struct capture *c)
{
    if (!c->seq)
        return;
    seq_writer_clear(&c->writer);
    seq_free(c->seq);
    seq_frames_free(c->frames);
}

void seq_capture_free(struct capture *c)
{
    if (!c)
        return;
    drop_lines(c);
    seq_state_free(c->state);
    g_hash_table_unref(c->left_out);
    g_string_free(c->text, TRUE);
    g_free(c);
}

/* Write the lines that there are, and begin with none. */
static void write_out(struct capture *c)
{
    const struct domain *d = c->writer.domain;
    g_string_truncate(c->text, 0);
    seq_print(c->seq, c->text);
    if (c->text->len)
        c->sink(c->user, c->text->str, c->text->len);
    seq_writer_clear(&c->writer);
    seq_free(c->seq);
    c->seq = seq_new_empty();
    seq_writer_init(&c->writer, c->seq, d, c->frames, &c->nr_results);
    c->call = c->entry = NULL;
}

/* --- the start --------------------------------------------------------------------------- */

/* Types of vm_assist that the builder switched on. */
static struct seq_value *assists(struct capture *c, uint32_t bits)
{
    struct seq_value * or = seq_value(c->seq, SEQ_OR);
    for (unsigned i = 0; i < 32; i++) {
        const char *name = value_name(&values_vm_assist_type, i);
        if (bits >> i & 1)
            seq_append(or, name ? seq_name(c->seq, name) : seq_number(c->seq, i, SEQ_DEC));
    }
    return or ;
}

static void add_page_field(struct capture *c, struct seq_value *v, const char *name, mfn_t mfn)
{
    uint32_t pfn;
    if (mfn.mfn && seq_write_page_of(c->writer.domain, mfn, &pfn))
        seq_append_field(c->seq, v, name, seq_number(c->seq, pfn, SEQ_HEX));
}

static void add_domain(struct capture *c, const struct domain *d)
{
    struct seq_value *v = seq_add_domain(c->seq)->value;
    uint32_t top;
    seq_append_field(c->seq, v, "memory",
                     seq_number(c->seq, (uint64_t)d->s.nr_pages << RING1_PAGE_SHIFT, SEQ_SIZE));
    if (d->s.max_pages > d->s.nr_pages)
        seq_append_field(c->seq, v, "maxmem",
                         seq_number(c->seq, (uint64_t)d->s.max_pages << RING1_PAGE_SHIFT, SEQ_SIZE));
    seq_append_field(c->seq, v, "vcpus", seq_number(c->seq, d->s.nr_vcpus, SEQ_DEC));
    if (seq_write_page_of(d, d->s.vcpu[0].cr3, &top)) {
        g_autofree char *name = g_strdup_printf("l%u_%x", d->abi->levels, top);
        seq_append_field(c->seq, v, "cr3", seq_name(c->seq, name));
    }
    if (d->s.vm_assist)
        seq_append_field(c->seq, v, "assist", assists(c, d->s.vm_assist));
    add_page_field(c, v, "console", d->s.console_mfn);
    add_page_field(c, v, "store", d->s.store_mfn);
}

void seq_capture_start(struct capture *c, ring1_machine *m, const char *image)
{
    const struct domain *d = ring1_machine_vcpu(m, 0)->domain;
    drop_lines(c); /* of the machine before a restart */
    c->many_vcpus = d->s.nr_vcpus > 1;
    c->frames = seq_frames_new(d);
    c->seq = seq_new(d->abi->abi, d->abi->xen);
    seq_writer_init(&c->writer, c->seq, d, c->frames, &c->nr_results);
    g_autofree char *note = g_strdup_printf("# Captured of %s.", image);
    seq_add_note(c->seq, note);
    add_domain(c, d);
    seq_state_tables(c->state, &c->writer);
    seq_add_note(c->seq, NULL);
    write_out(c);
}

/* --- calls ----------------------------------------------------------------------------------- */

enum {
    NR_SCHED_OP_OLD = 6,
    NR_MEMORY = 12,
    NR_EVTCHN_OLD = 16,
    NR_GRANT = 20,
    NR_IRET = 23,
    NR_VCPU_OP = 24,
    NR_SCHED_OP = 29,
    NR_EVTCHN = 32,
    NR_MULTICALL = 13
};

static bool depends_on_events(unsigned nr)
{
    return nr == NR_SCHED_OP_OLD || nr == NR_SCHED_OP || nr == NR_EVTCHN_OLD || nr == NR_EVTCHN ||
           nr == NR_VCPU_OP;
}

static void leave_out(struct capture *c, const char *name)
{
    gpointer n = g_hash_table_lookup(c->left_out, name);
    g_hash_table_insert(c->left_out, g_strdup(name), GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
}

/* What a call of this number may look at, as it is now. */
static void catch_up(struct capture *c, unsigned nr, uint64_t ns)
{
    seq_write_time(&c->writer, &c->time, nr, ns);
    if (depends_on_events(nr))
        seq_state_events(c->state, &c->writer);
    if (nr == NR_MEMORY)
        seq_state_memory(c->state, &c->writer);
    if (nr == NR_GRANT)
        seq_state_grants(c->state, &c->writer);
}

static void decode_call(struct capture *c, struct seq_item *item, const struct trace_call *call)
{
    c->writer.call = item;
    c->writer.output = false;
    if (!call->row) {
        for (unsigned i = 0; i < call->call->nargs; i++)
            seq_append_arg(item, seq_number(c->seq, call->call->arg[i], SEQ_PLAIN));
        return;
    }
    decode_input(call->decoder, call->v, call->row, call->call->arg, &no_limits, &seq_write_sink, &c->writer);
}

static const char *name_of(const struct trace_call *call)
{
    return call->call->name;
}

/* Numbers that old Xens wrap, and those without a row. */
static void number_of(struct seq_item *item, const struct trace_call *call)
{
    item->number = call->call->nr;
    item->has_number = !call->row || (call->call->nr & call->v->domain->abi->number_mask) != call->call->nr;
    if (!call->row)
        item->name = NULL;
}

static bool same_call(const struct capture *c, const struct trace_call *call)
{
    return c->goes_on && c->serial == call->serial;
}

static void begin_entry(struct capture *c, const struct trace_call *call)
{
    if (c->skipped || !c->call)
        return;
    if (c->entry_goes_on) {
        c->entry_goes_on = false;
        return;
    }
    unsigned nr = call->row ? call->row->nr : UINT32_MAX;
    (void)nr;
    c->entry = seq_add_entry(c->seq, c->call, name_of(call) ? name_of(call) : "");
    number_of(c->entry, call);
    decode_call(c, c->entry, call);
}

static void begin_call(struct capture *c, const struct trace_call *call)
{
    unsigned nr = call->row ? call->row->nr : UINT32_MAX;
    if (same_call(c, call)) {
        c->goes_on = false;
        return;
    }
    if (c->goes_on) {
        leave_out(c, "rest of a call that an event interrupted");
        write_out(c);
    }
    c->goes_on = c->entry_goes_on = false;
    c->serial = call->serial;
    c->skipped = nr == NR_IRET;
    seq_state_before(c->state, call->v->domain);
    if (c->skipped) {
        leave_out(c, name_of(call));
        return;
    }
    catch_up(c, nr, call->ns);
    c->began = call->ns;
    c->done = c->seq->last;
    c->call = nr == NR_MULTICALL ? seq_add_multicall(c->seq) : seq_add_call(c->seq, name_of(call));
    number_of(c->call, call);
    if (c->many_vcpus)
        c->call->vcpu = (int)call->v->id;
    if (nr == NR_MULTICALL)
        c->call->address = seq_number(c->seq, call->call->arg[0], SEQ_HEX);
    else
        decode_call(c, c->call, call);
}

static void on_before(void *user, const struct trace_call *call)
{
    struct capture *c = user;
    if (call->call->depth)
        begin_entry(c, call);
    else
        begin_call(c, call);
}

/* A list of which nothing could be read is an address. */
static void end_multicall(struct capture *c, struct seq_item *item, const struct trace_call *call)
{
    if (item->line != SEQ_MULTICALL || item->entries)
        return;
    item->line = SEQ_CALL;
    item->address = NULL;
    seq_append_arg(item, seq_number(c->seq, call->call->arg[0], SEQ_HEX));
    seq_append_arg(item, seq_number(c->seq, call->call->arg[1], SEQ_PLAIN));
}

static void end_line(struct capture *c, struct seq_item *item, const struct trace_call *call)
{
    int32_t result = call->call->result;
    item->result = seq_write_result(&c->writer, result);
    if (!call->row || call->row->service != HC_SERVED)
        return;
    c->writer.call = item;
    c->writer.output = true;
    decode_output(call->decoder, call->v, call->row, call->call->arg, errno_name(result) != NULL, &no_limits,
                  &seq_write_sink, &c->writer);
}

/* Not to be written down: the filter has found that it is not wanted. */
static void on_drop(void *user, const struct trace_call *call)
{
    struct capture *c = user;
    if (call->call->depth || !c->call)
        return;
    seq_state_after(c->state, call->v->domain);
    if (c->done)
        c->done->next = NULL;
    else
        c->seq->first = NULL;
    c->seq->last = c->done;
    leave_out(c, name_of(call) ? name_of(call) : "a call without a name");
    write_out(c);
}

static void on_after(void *user, const struct trace_call *call)
{
    struct capture *c = user;
    if (call->call->depth) {
        c->entry_goes_on = call->call->continued;
        if (c->entry && !c->entry_goes_on)
            end_line(c, c->entry, call);
        return;
    }
    if (call->injected) {
        on_drop(c, call);
        return;
    }
    c->goes_on = call->call->continued;
    if (c->goes_on)
        return;
    seq_state_after(c->state, call->v->domain);
    if (c->call) {
        end_multicall(c, c->call, call);
        end_line(c, c->call, call);
        c->time += SEQ_CALL_NS + (call->end_ns - c->began);
    }
    write_out(c);
}

/* A line that belongs before the call in progress. */
static void put_before_call(struct capture *c, struct seq_item *last)
{
    if (!c->call || c->seq->last == last || last != c->call)
        return;
    struct seq_item *first = c->call->next;
    c->call->next = NULL;
    struct seq_item *end = c->seq->last;
    if (c->done)
        c->done->next = first;
    else
        c->seq->first = first;
    end->next = c->call;
    c->seq->last = c->call;
    c->done = end;
}

static void add_store(struct capture *c, const struct trace_event *e)
{
    const struct ring1_store_event *store = &e->event->store;
    unsigned offset = store->va.va % c->writer.domain->abi->pte_size;
    struct seq_item *item = seq_add(c->seq, SEQ_PTWRITE);
    item->address = seq_number(c->seq, store->va.va, SEQ_HEX);
    if (c->many_vcpus)
        item->vcpu = (int)e->v->id;
    if (offset == 0) {
        item->value = seq_write_entry(&c->writer, store->value);
    } else {
        item->value = seq_number(c->seq, store->value >> (offset * 8), SEQ_HEX);
        item->value->bytes = 4;
    }
}

static void on_event(void *user, const struct trace_event *e)
{
    struct capture *c = user;
    struct seq_item *last = c->seq->last;
    if (e->event->kind == RING1_EVENT_FRAME)
        seq_state_frame(c->state, &c->writer, &e->event->frame);
    else if (e->event->kind == RING1_EVENT_STORE)
        add_store(c, e);
    put_before_call(c, last);
}

void seq_capture_finish(struct capture *c)
{
    GHashTableIter iter;
    gpointer name, n;
    if (!c->seq)
        return;
    if (c->call && !c->call->result)
        c->call->comment = "# it never came back";
    g_hash_table_iter_init(&iter, c->left_out);
    while (g_hash_table_iter_next(&iter, &name, &n)) {
        g_autofree char *note =
            g_strdup_printf("# left out: %s, %u times", (char *)name, GPOINTER_TO_UINT(n));
        seq_add_note(c->seq, note);
    }
    g_hash_table_remove_all(c->left_out);
    write_out(c);
}

static void on_end(void *user)
{
    seq_capture_finish(user);
}

const struct trace_consumer seq_capture_consumer = {
    .before = on_before,
    .after = on_after,
    .drop = on_drop,
    .event = on_event,
    .end = on_end,
    .needs = RING1_EVENT_BIT(RING1_EVENT_FRAME) | RING1_EVENT_BIT(RING1_EVENT_STORE),
};
