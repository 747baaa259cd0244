/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_json.c - a report as one JSON object: docs/crash-report.md. Addresses and
 * register values are strings in hexadecimal, counts are numbers; members are always
 * there, null when there is nothing to say.
 */
#include "report.h"

#include "commands.h"
#include "dispatch/traps.h"

#include <json-glib/json-glib.h>

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
    json_builder_set_member_name(b, name);
    if (value)
        json_builder_add_string_value(b, value);
    else
        json_builder_add_null_value(b);
}

/* Takes the string. */
static void add_words(JsonBuilder *b, const char *name, char *value)
{
    add_string(b, name, value);
    g_free(value);
}

static void add_hex(JsonBuilder *b, const char *name, uint64_t value)
{
    char text[24];
    g_snprintf(text, sizeof text, "0x%" G_GINT64_MODIFIER "x", value);
    add_string(b, name, text);
}

static void add_int(JsonBuilder *b, const char *name, uint64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, (gint64)value);
}

static void add_bool(JsonBuilder *b, const char *name, bool value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_boolean_value(b, value);
}

static void begin_array(JsonBuilder *b, const char *name)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
}

static void begin_object(JsonBuilder *b, const char *name)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_object(b);
}

static void add_null(JsonBuilder *b, const char *name)
{
    add_string(b, name, NULL);
}

/* --- parts -------------------------------------------------------------------- */

static void place_members(JsonBuilder *b, const struct report_place *p)
{
    add_hex(b, "address", p->va);
    add_string(b, "symbol", p->symbol);
    add_string(b, "source", p->source);
}

static void add_place(JsonBuilder *b, const char *name, const struct report_place *p)
{
    begin_object(b, name);
    place_members(b, p);
    json_builder_end_object(b);
}

static void add_registers(JsonBuilder *b, const char *name, const struct regs *g)
{
    const struct {
        const char *name;
        uint32_t value;
    } rows[] = {
        {"eax", g->eax}, {"ebx", g->ebx},       {"ecx", g->ecx}, {"edx", g->edx},
        {"esi", g->esi}, {"edi", g->edi},       {"ebp", g->ebp}, {"esp", g->esp},
        {"eip", g->eip}, {"eflags", g->eflags}, {"cs", g->cs},   {"ss", g->ss},
        {"ds", g->ds},   {"es", g->es},         {"fs", g->fs},   {"gs", g->gs},
    };
    begin_object(b, name);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        add_hex(b, rows[i].name, rows[i].value);
    json_builder_end_object(b);
}

static void add_code(JsonBuilder *b, const char *name, const struct report_site *site)
{
    begin_array(b, name);
    for (unsigned i = 0; i < site->nr_insns; i++) {
        const struct report_insn *in = &site->insn[i];
        char bytes[2 * REPORT_INSN_BYTES + 1] = "";
        for (unsigned k = 0; k < in->length; k++)
            g_snprintf(bytes + 2 * k, 3, "%02x", in->bytes[k]);
        json_builder_begin_object(b);
        place_members(b, &in->at);
        add_string(b, "bytes", bytes);
        add_string(b, "text", in->text);
        add_bool(b, "here", i == site->here);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_trace(JsonBuilder *b, const struct report_trace *trace)
{
    begin_array(b, "backtrace");
    for (unsigned i = 0; i < trace->nr; i++) {
        json_builder_begin_object(b);
        place_members(b, &trace->frame[i].at);
        add_bool(b, "inlined", trace->frame[i].inlined);
        add_bool(b, "guess", trace->frame[i].guess);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_site(JsonBuilder *b, const char *name, const struct report_site *site)
{
    begin_object(b, name);
    add_int(b, "ring", site->ring);
    add_place(b, "at", &site->at);
    add_registers(b, "registers", &site->regs);
    add_code(b, "code", site);
    add_trace(b, &site->trace);
    json_builder_end_object(b);
}

static void add_frame(JsonBuilder *b, const char *name, const struct report_frame *f)
{
    begin_object(b, name);
    add_hex(b, "mfn", f->mfn);
    add_bool(b, "exists", f->exists);
    json_builder_set_member_name(b, "pfn");
    if (f->exists && f->pfn != M2P_INVALID)
        json_builder_add_int_value(b, f->pfn);
    else
        json_builder_add_null_value(b);
    add_string(b, "owner", report_owner_name(f));
    add_string(b, "type", report_type_name(f));
    add_bool(b, "pinned", f->exists && (f->info.flags & PGF_PINNED));
    add_bool(b, "validated", f->exists && (f->info.flags & PGF_VALIDATED));
    add_int(b, "count", f->info.count);
    add_int(b, "type_count", f->info.type_count);
    json_builder_end_object(b);
}

static void add_walks(JsonBuilder *b, const struct report *r)
{
    begin_array(b, "walks");
    for (unsigned i = 0; i < r->nr_walks; i++) {
        const struct report_walk *w = &r->walk[i];
        json_builder_begin_object(b);
        add_string(b, "what", w->what);
        add_hex(b, "address", w->va);
        add_string(b, "access", report_access_name(w->access));
        add_int(b, "ring", w->ring3 ? 3 : 1);
        begin_array(b, "levels");
        for (unsigned k = 0; k < w->nr_entries; k++) {
            const struct report_entry *e = &w->entry[k];
            const char *names[16];
            report_pte_flags(e->value, names);
            json_builder_begin_object(b);
            add_int(b, "level", e->level);
            add_int(b, "index", e->index);
            add_hex(b, "machine_address", e->maddr);
            add_hex(b, "value", e->value);
            begin_array(b, "flags");
            for (unsigned n = 0; names[n]; n++)
                json_builder_add_string_value(b, names[n]);
            json_builder_end_array(b);
            add_frame(b, "table", &e->table);
            json_builder_end_object(b);
        }
        json_builder_end_array(b);
        if (w->has_frame)
            add_frame(b, "frame", &w->frame);
        else
            add_null(b, "frame");
        add_string(b, "verdict", report_verdict_name(w->verdict));
        add_int(b, "verdict_level", w->level);
        add_words(b, "plain", report_walk_words(w));
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_stack(JsonBuilder *b, const struct report *r)
{
    begin_object(b, "stack");
    add_hex(b, "address", r->stack);
    begin_array(b, "words");
    for (unsigned i = 0; i < r->nr_words; i++) {
        const struct report_word *w = &r->word[i];
        json_builder_begin_object(b);
        add_hex(b, "address", w->va);
        add_hex(b, "value", w->value);
        add_bool(b, "code", w->is_code);
        add_bool(b, "follows_call", w->follows_call);
        add_string(b, "symbol", w->symbol);
        add_string(b, "text", w->text);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

/* What calls by `int` and entries of multicalls have in common. */
static void add_call(JsonBuilder *b, const struct report_call *c)
{
    add_int(b, "index", c->number);
    add_int(b, "number", c->nr);
    add_string(b, "name", c->row ? c->row->name : NULL);
    add_string(b, "command", command_name(c->row, c->arg[0]));
    begin_array(b, "arguments");
    for (unsigned k = 0; k < c->nargs && k < MAX_HYPERCALL_ARGS; k++) {
        char text[16];
        g_snprintf(text, sizeof text, "0x%x", c->arg[k]);
        json_builder_add_string_value(b, text);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "result");
    json_builder_add_int_value(b, c->result);
    add_string(b, "why", c->why);
    add_words(b, "text", report_call_words(c));
    add_words(b, "result_text", report_result_words(c));
}

static void add_entries(JsonBuilder *b, const struct report *r, const struct report_call *c)
{
    add_int(b, "entries_made", c->nr_entries);
    begin_array(b, "entries");
    for (unsigned i = 0; i < c->nr_kept; i++) {
        json_builder_begin_object(b);
        add_call(b, &r->entry[c->first_kept + i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_vcpus(JsonBuilder *b, const struct report *r)
{
    begin_array(b, "vcpus");
    for (unsigned i = 0; i < r->nr_vcpus; i++) {
        const struct report_vcpu *v = &r->vcpus[i];
        json_builder_begin_object(b);
        add_int(b, "id", i);
        add_string(b, "state", v->state);
        if (v->top.mfn) {
            add_int(b, "ring", v->ring);
            add_place(b, "at", &v->at);
            add_registers(b, "registers", &v->regs);
            add_frame(b, "cr3", &v->top);
            add_trace(b, &v->trace);
        } else {
            add_null(b, "ring");
            add_null(b, "at");
            add_null(b, "registers");
            add_null(b, "cr3");
            add_null(b, "backtrace");
        }
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_calls(JsonBuilder *b, const struct report *r)
{
    add_int(b, "hypercalls_made", r->nr_calls_made);
    begin_array(b, "hypercalls");
    for (unsigned i = 0; i < r->nr_calls; i++) {
        const struct report_call *c = &r->call[i];
        json_builder_begin_object(b);
        add_call(b, c);
        add_int(b, "vcpu", c->vcpu);
        add_bool(b, "continued", c->continued);
        add_place(b, "from", &c->from);
        add_entries(b, r, c);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_exceptions(JsonBuilder *b, const struct report *r)
{
    add_int(b, "exceptions_given", r->nr_exceptions_given);
    begin_array(b, "exceptions");
    for (unsigned i = 0; i < r->nr_exceptions; i++) {
        const struct report_exception *e = &r->exception[i];
        bool pf = e->record.vector == TRAP_page_fault;
        json_builder_begin_object(b);
        add_int(b, "vcpu", e->record.vcpu);
        add_int(b, "vector", e->record.vector);
        add_string(b, "mnemonic", report_vector_mnemonic(e->record.vector));
        add_int(b, "time_ns", e->record.ns);
        add_int(b, "times", e->record.times);
        if (e->record.has_error) {
            add_hex(b, "error", e->record.error);
            add_words(b, "error_text", report_error_words(e->record.vector, e->record.error));
        } else {
            add_null(b, "error");
            add_null(b, "error_text");
        }
        if (pf)
            add_hex(b, "cr2", e->record.cr2);
        else
            add_null(b, "cr2");
        add_int(b, "ring", regs_ring(&e->record.regs));
        add_place(b, "at", &e->at);
        add_place(b, "handler", &e->handler);
        add_bool(b, "delivered", e->record.has_frame);
        add_bool(b, "unfinished", e->unfinished);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_end(JsonBuilder *b, const struct report *r)
{
    static const char *const ends[] = {
        [REPORT_RUNNING] = "running", [REPORT_CRASH] = "crash", [REPORT_SHUTDOWN] = "shutdown"};
    begin_object(b, "end");
    add_string(b, "kind", ends[r->end]);
    json_builder_set_member_name(b, "reason");
    if (r->end == REPORT_RUNNING)
        json_builder_add_null_value(b);
    else
        json_builder_add_int_value(b, r->shutdown);
    add_string(b, "reason_name", r->end == REPORT_RUNNING ? NULL : report_shutdown_name(r->shutdown));
    add_string(b, "xen", r->xen_says);
    add_words(b, "plain", report_plain(r));
    add_bool(b, "due", r->due);
    json_builder_set_member_name(b, "cause");
    if (r->cause >= 0)
        json_builder_add_int_value(b, r->cause);
    else
        json_builder_add_null_value(b);
    json_builder_end_object(b);
}

char *report_json(const struct report *r)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    add_int(b, "schema", REPORT_SCHEMA);
    add_string(b, "image", r->image);
    add_string(b, "abi", r->abi);
    add_string(b, "xen", r->xen);
    add_int(b, "vcpu", r->vcpu);
    add_int(b, "time_ns", r->ns);
    add_end(b, r);
    add_site(b, "last", &r->last);
    add_hex(b, "cr2", r->cr2);
    add_hex(b, "cr4", r->cr4);
    add_frame(b, "cr3", &r->top);
    if (r->cause >= 0)
        add_site(b, "fault", &r->fault);
    else
        add_null(b, "fault");
    add_walks(b, r);
    if (r->has_frame)
        add_frame(b, "frame", &r->frame);
    else
        add_null(b, "frame");
    add_vcpus(b, r);
    add_stack(b, r);
    add_calls(b, r);
    add_exceptions(b, r);
    json_builder_end_object(b);

    g_autoptr(JsonNode) root = json_builder_get_root(b);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    g_autofree char *text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}
