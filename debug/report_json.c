/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_json.c - a report as one JSON object: docs/crash-report.md. Addresses and
 * register values are strings in hexadecimal, counts are numbers; members are always
 * there, null when there is nothing to say.
 */
#include "report.h"

#include "commands.h"
#include "dispatch/traps.h"
#include "emu/members.h"

/* --- parts -------------------------------------------------------------------- */

static void place_members(JsonBuilder *b, const struct report_place *p)
{
    member_hex(b, "address", p->va);
    member_string(b, "symbol", p->symbol);
    member_string(b, "source", p->source);
}

static void add_place(JsonBuilder *b, const char *name, const struct report_place *p)
{
    member_object(b, name);
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
    member_object(b, name);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        member_hex(b, rows[i].name, rows[i].value);
    json_builder_end_object(b);
}

static void add_code(JsonBuilder *b, const char *name, const struct report_site *site)
{
    member_array(b, name);
    for (unsigned i = 0; i < site->nr_insns; i++) {
        const struct report_insn *in = &site->insn[i];
        char bytes[2 * REPORT_INSN_BYTES + 1] = "";
        for (unsigned k = 0; k < in->length; k++)
            g_snprintf(bytes + 2 * k, 3, "%02x", in->bytes[k]);
        json_builder_begin_object(b);
        place_members(b, &in->at);
        member_string(b, "bytes", bytes);
        member_string(b, "text", in->text);
        member_bool(b, "here", i == site->here);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_trace(JsonBuilder *b, const struct report_trace *trace)
{
    member_array(b, "backtrace");
    for (unsigned i = 0; i < trace->nr; i++) {
        json_builder_begin_object(b);
        place_members(b, &trace->frame[i].at);
        member_bool(b, "inlined", trace->frame[i].inlined);
        member_bool(b, "guess", trace->frame[i].guess);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_site(JsonBuilder *b, const char *name, const struct report_site *site)
{
    member_object(b, name);
    member_int(b, "ring", site->ring);
    add_place(b, "at", &site->at);
    add_registers(b, "registers", &site->regs);
    add_code(b, "code", site);
    add_trace(b, &site->trace);
    json_builder_end_object(b);
}

static void add_frame(JsonBuilder *b, const char *name, const struct report_frame *f)
{
    member_object(b, name);
    member_hex(b, "mfn", f->mfn);
    member_bool(b, "exists", f->exists);
    member_int_or_null(b, "pfn", f->exists && f->pfn != M2P_INVALID, f->pfn);
    member_string(b, "owner", report_owner_name(f));
    member_string(b, "type", report_type_name(f));
    member_bool(b, "pinned", f->exists && (f->info.flags & PGF_PINNED));
    member_bool(b, "validated", f->exists && (f->info.flags & PGF_VALIDATED));
    member_int(b, "count", f->info.count);
    member_int(b, "type_count", f->info.type_count);
    json_builder_end_object(b);
}

static void add_walks(JsonBuilder *b, const struct report *r)
{
    member_array(b, "walks");
    for (unsigned i = 0; i < r->nr_walks; i++) {
        const struct report_walk *w = &r->walk[i];
        json_builder_begin_object(b);
        member_string(b, "what", w->what);
        member_hex(b, "address", w->va);
        member_string(b, "access", report_access_name(w->access));
        member_int(b, "ring", w->ring3 ? 3 : 1);
        member_array(b, "levels");
        for (unsigned k = 0; k < w->nr_entries; k++) {
            const struct report_entry *e = &w->entry[k];
            const char *names[16];
            report_pte_flags(e->value, names);
            json_builder_begin_object(b);
            member_int(b, "level", e->level);
            member_int(b, "index", e->index);
            member_hex(b, "machine_address", e->maddr);
            member_hex(b, "value", e->value);
            member_array(b, "flags");
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
            member_null(b, "frame");
        member_string(b, "verdict", report_verdict_name(w->verdict));
        member_int(b, "verdict_level", w->level);
        member_take(b, "plain", report_walk_words(w));
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_stack(JsonBuilder *b, const struct report *r)
{
    member_object(b, "stack");
    member_hex(b, "address", r->stack);
    member_array(b, "words");
    for (unsigned i = 0; i < r->nr_words; i++) {
        const struct report_word *w = &r->word[i];
        json_builder_begin_object(b);
        member_hex(b, "address", w->va);
        member_hex(b, "value", w->value);
        member_bool(b, "code", w->is_code);
        member_bool(b, "follows_call", w->follows_call);
        member_string(b, "symbol", w->symbol);
        member_string(b, "text", w->text);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

/* What calls by `int` and entries of multicalls have in common. */
static void add_call(JsonBuilder *b, const struct report_call *c)
{
    member_int(b, "index", c->number);
    member_int(b, "number", c->nr);
    member_string(b, "name", c->row ? c->row->name : NULL);
    member_string(b, "command", command_name(c->row, c->arg[0]));
    member_array(b, "arguments");
    for (unsigned k = 0; k < c->nargs && k < MAX_HYPERCALL_ARGS; k++) {
        char text[16];
        g_snprintf(text, sizeof text, "0x%x", c->arg[k]);
        json_builder_add_string_value(b, text);
    }
    json_builder_end_array(b);
    member_signed(b, "result", c->result);
    member_string(b, "why", c->why);
    member_take(b, "text", report_call_words(c));
    member_take(b, "result_text", report_result_words(c));
}

static void add_entries(JsonBuilder *b, const struct report *r, const struct report_call *c)
{
    member_int(b, "entries_made", c->nr_entries);
    member_array(b, "entries");
    for (unsigned i = 0; i < c->nr_kept; i++) {
        json_builder_begin_object(b);
        add_call(b, &r->entry[c->first_kept + i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_vcpus(JsonBuilder *b, const struct report *r)
{
    member_array(b, "vcpus");
    for (unsigned i = 0; i < r->nr_vcpus; i++) {
        const struct report_vcpu *v = &r->vcpus[i];
        json_builder_begin_object(b);
        member_int(b, "id", i);
        member_string(b, "state", v->state);
        if (v->top.mfn) {
            member_int(b, "ring", v->ring);
            add_place(b, "at", &v->at);
            add_registers(b, "registers", &v->regs);
            add_frame(b, "cr3", &v->top);
            add_trace(b, &v->trace);
        } else {
            member_null(b, "ring");
            member_null(b, "at");
            member_null(b, "registers");
            member_null(b, "cr3");
            member_null(b, "backtrace");
        }
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_calls(JsonBuilder *b, const struct report *r)
{
    member_int(b, "hypercalls_made", r->nr_calls_made);
    member_array(b, "hypercalls");
    for (unsigned i = 0; i < r->nr_calls; i++) {
        const struct report_call *c = &r->call[i];
        json_builder_begin_object(b);
        add_call(b, c);
        member_int(b, "vcpu", c->vcpu);
        member_bool(b, "continued", c->continued);
        add_place(b, "from", &c->from);
        add_entries(b, r, c);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_exceptions(JsonBuilder *b, const struct report *r)
{
    member_int(b, "exceptions_given", r->nr_exceptions_given);
    member_array(b, "exceptions");
    for (unsigned i = 0; i < r->nr_exceptions; i++) {
        const struct report_exception *e = &r->exception[i];
        bool pf = e->record.vector == TRAP_page_fault;
        json_builder_begin_object(b);
        member_int(b, "vcpu", e->record.vcpu);
        member_int(b, "vector", e->record.vector);
        member_string(b, "mnemonic", report_vector_mnemonic(e->record.vector));
        member_int(b, "time_ns", e->record.ns);
        member_int(b, "times", e->record.times);
        if (e->record.has_error) {
            member_hex(b, "error", e->record.error);
            member_take(b, "error_text", report_error_words(e->record.vector, e->record.error));
        } else {
            member_null(b, "error");
            member_null(b, "error_text");
        }
        if (pf)
            member_hex(b, "cr2", e->record.cr2);
        else
            member_null(b, "cr2");
        member_int(b, "ring", regs_ring(&e->record.regs));
        add_place(b, "at", &e->at);
        add_place(b, "handler", &e->handler);
        member_bool(b, "delivered", e->record.has_frame);
        member_bool(b, "unfinished", e->unfinished);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void add_end(JsonBuilder *b, const struct report *r)
{
    static const char *const ends[] = {
        [REPORT_RUNNING] = "running", [REPORT_CRASH] = "crash", [REPORT_SHUTDOWN] = "shutdown"};
    member_object(b, "end");
    member_string(b, "kind", ends[r->end]);
    member_int_or_null(b, "reason", r->end != REPORT_RUNNING, r->shutdown);
    member_string(b, "reason_name", r->end == REPORT_RUNNING ? NULL : report_shutdown_name(r->shutdown));
    member_string(b, "xen", r->xen_says);
    member_take(b, "plain", report_plain(r));
    member_bool(b, "due", r->due);
    member_int_or_null(b, "cause", r->cause >= 0, (uint64_t)r->cause);
    json_builder_end_object(b);
}

char *report_json(const struct report *r)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    json_builder_begin_object(b);
    member_int(b, "schema", REPORT_SCHEMA);
    member_string(b, "image", r->image);
    member_string(b, "abi", r->abi);
    member_string(b, "xen", r->xen);
    member_int(b, "vcpu", r->vcpu);
    member_int(b, "time_ns", r->ns);
    add_end(b, r);
    add_site(b, "last", &r->last);
    member_hex(b, "cr2", r->cr2);
    member_hex(b, "cr4", r->cr4);
    add_frame(b, "cr3", &r->top);
    if (r->cause >= 0)
        add_site(b, "fault", &r->fault);
    else
        member_null(b, "fault");
    add_walks(b, r);
    if (r->has_frame)
        add_frame(b, "frame", &r->frame);
    else
        member_null(b, "frame");
    add_vcpus(b, r);
    add_stack(b, r);
    add_calls(b, r);
    add_exceptions(b, r);
    json_builder_end_object(b);
    return members_text(b, true);
}
