/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_text.c - a report for a person: the reason first, then what it happened
 * to, then how the guest got there.
 */
#include "report.h"

#include "dispatch/traps.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_S 1000000000u
#define WIDTH    100u
#define INDENT   "          "

static void heading(GString *out, const char *text)
{
    g_string_append_printf(out, "%s\n", text);
}

/* Words in lines of WIDTH, after a title of ten columns. */
static void paragraph(GString *out, const char *title, const char *text)
{
    g_string_append_printf(out, "%-10s", title);
    size_t column = 10;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column > 10 && column + 1 + len > WIDTH) {
            g_string_append(out, "\n" INDENT);
            column = 10;
        } else if (column > 10) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, text, (gssize)len);
        column += len;
        text += len;
        text += strspn(text, " ");
    }
    g_string_append_c(out, '\n');
}

static void append_place(GString *out, const struct report_place *p)
{
    g_string_append_printf(out, "0x%08x", p->va);
    if (p->symbol)
        g_string_append_printf(out, " %s", p->symbol);
    if (p->source)
        g_string_append_printf(out, " (%s)", p->source);
}

static void append_time(GString *out, uint64_t ns)
{
    g_string_append_printf(out, "%" PRIu64 ".%09" PRIu64 " s", ns / NS_PER_S, ns % NS_PER_S);
}

static void why(GString *out, const struct report *r)
{
    g_autofree char *plain = report_plain(r);
    g_autoptr(GString) line = g_string_new(NULL);
    if (r->end == REPORT_CRASH) {
        paragraph(out, "Xen says", r->xen_says);
    } else if (r->end == REPORT_SHUTDOWN) {
        const char *name = report_shutdown_name(r->shutdown);
        g_string_printf(line, "shutdown, reason %u%s%s%s", r->shutdown, name ? " (" : "", name ? name : "",
                        name ? ")" : "");
        paragraph(out, "end", line->str);
    }
    paragraph(out, "why", plain);
    g_string_assign(line, "");
    append_place(line, &r->last.at);
    g_string_append_printf(line, ", ring %u, vcpu %u, ", r->last.ring, r->vcpu);
    append_time(line, r->ns);
    g_string_append_printf(line, " of guest time; ABI %s, Xen %s", r->abi, r->xen);
    paragraph(out, "at", line->str);
}

static void exception_line(GString *out, const struct report_exception *e, const struct report *r)
{
    g_autofree char *words = report_error_words(e->record.vector, e->record.error);
    append_time(out, e->record.ns);
    if (r->nr_vcpus > 1)
        g_string_append_printf(out, "  v%u", e->record.vcpu);
    g_string_append_printf(out, "  %s", report_vector_mnemonic(e->record.vector));
    if (e->record.vector < 32)
        g_string_append_printf(out, " (%u)", e->record.vector);
    if (e->record.has_error)
        g_string_append_printf(out, " error %#x (%s)", e->record.error, words);
    if (e->record.vector == TRAP_page_fault)
        g_string_append_printf(out, " CR2 0x%08x", e->record.cr2);
    if (e->record.times > 1)
        g_string_append_printf(out, " %u times in a row", e->record.times);
    g_string_append(out, " at ");
    append_place(out, &e->at);
    g_string_append_printf(out, ", ring %u", regs_ring(&e->record.regs));
    if (!e->record.has_frame)
        g_string_append(out, ", never delivered");
    else if (e->unfinished)
        g_string_append(out, ", its handler has not returned");
    if (r->cause >= 0 && e == &r->exception[r->cause])
        g_string_append(out, "  <- this one");
}

static void registers(GString *out, const struct regs *g)
{
    g_string_append_printf(out,
                           "  eax %08x  ebx %08x  ecx %08x  edx %08x\n"
                           "  esi %08x  edi %08x  ebp %08x  esp %08x\n"
                           "  eip %08x  eflags %08x\n"
                           "  cs %04x  ss %04x  ds %04x  es %04x  fs %04x  gs %04x\n",
                           g->eax, g->ebx, g->ecx, g->edx, g->esi, g->edi, g->ebp, g->esp, g->eip, g->eflags,
                           g->cs, g->ss, g->ds, g->es, g->fs, g->gs);
}

static void code(GString *out, const struct report_site *site)
{
    if (site->nr_insns == 0) {
        g_string_append_printf(out, "  nothing can be read at EIP, 0x%08x\n", site->at.va);
        return;
    }
    const char *source = NULL;
    for (unsigned i = 0; i < site->nr_insns; i++) {
        const struct report_insn *in = &site->insn[i];
        char bytes[3 * REPORT_INSN_BYTES + 1] = "";
        for (unsigned b = 0; b < in->length; b++)
            g_snprintf(bytes + 3 * b, 4, "%02x ", in->bytes[b]);
        if (in->at.source && g_strcmp0(source, in->at.source) != 0)
            g_string_append_printf(out, "     %s\n", in->at.source);
        source = in->at.source;
        g_string_append_printf(out, "  %s %08x  %-24s %s\n", i == site->here ? "=>" : "  ", in->at.va, bytes,
                               in->text);
    }
}

static void backtrace(GString *out, const struct report_trace *trace)
{
    for (unsigned i = 0; i < trace->nr; i++) {
        const struct report_place *at = &trace->frame[i].at;
        g_string_append_printf(out, "  #%-2u %s0x%08x", i, trace->frame[i].guess ? "? " : "", at->va);
        if (at->symbol)
            g_string_append_printf(out, " %s", at->symbol);
        if (trace->frame[i].inlined)
            g_string_append(out, " (inlined)");
        if (at->source)
            g_string_append_printf(out, " %s", at->source);
        g_string_append_c(out, '\n');
    }
}

static void frame_line(GString *out, const char *what, const struct report_frame *f)
{
    g_autofree char *words = report_frame_words(f);
    g_string_append_printf(out, "  %s %s\n", what, words);
}

void report_append_entries(GString *out, const struct report_walk *w, unsigned width)
{
    for (unsigned i = 0; i < w->nr_entries; i++) {
        const struct report_entry *e = &w->entry[i];
        const char *names[16];
        g_autofree char *flags = g_strjoinv(" ", (char **)report_pte_flags(e->value, names));
        g_autofree char *table = report_frame_words(&e->table);
        g_string_append_printf(out, "  L%u[%u] at machine address %#" PRIx64 " = 0x%0*" PRIx64 ": %s\n",
                               e->level, e->index, e->maddr, (int)width * 2, e->value,
                               e->value & PTE_P ? flags : "not present");
        g_string_append_printf(out, "    in %s\n", table);
    }
    if (w->has_frame)
        frame_line(out, "->", &w->frame);
}

static void walk(GString *out, const struct report_walk *w, unsigned width)
{
    g_autofree char *verdict = report_walk_words(w);
    g_string_append_printf(out, "Page walk of 0x%08x (%s), %s%s\n", w->va, w->what,
                           w->access == ACCESS_WRITE   ? "written"
                           : w->access == ACCESS_FETCH ? "executed"
                                                       : "read",
                           w->ring3 ? " by ring 3" : "");
    report_append_entries(out, w, width);
    paragraph(out, "  verdict", verdict);
}

static void stack(GString *out, const struct report *r)
{
    g_string_append_printf(out, "Stack at 0x%08x (SS:ESP %04x:%08x)\n", r->stack, r->last.regs.ss,
                           r->last.regs.esp);
    if (!r->has_stack) {
        g_string_append(out, "  cannot be read\n");
        return;
    }
    for (unsigned i = 0; i < r->nr_words; i++) {
        if (i % 8 == 0)
            g_string_append_printf(out, "%s  %08x ", i ? "\n" : "", r->word[i].va);
        g_string_append_printf(out, " %08x", r->word[i].value);
    }
    g_string_append_c(out, '\n');
    bool any = false;
    for (unsigned i = 0; i < r->nr_words; i++) {
        const struct report_word *w = &r->word[i];
        if (!w->follows_call && !(w->is_code && w->symbol && i < 8))
            continue;
        if (!any)
            g_string_append(out, "  of these in the code (* behind a call):\n");
        any = true;
        g_string_append_printf(out, "  %08x  %08x%s %s\n", w->va, w->value, w->follows_call ? "*" : " ",
                               w->symbol ? w->symbol : "");
    }
    any = false;
    for (unsigned i = 0; i < r->nr_words; i++) {
        const struct report_word *w = &r->word[i];
        if (!w->text)
            continue;
        if (!any)
            g_string_append(out, "  of these that point at text:\n");
        any = true;
        g_string_append_printf(out, "  %08x  %08x  \"%s\"\n", w->va, w->value, w->text);
    }
}

/* Where the others stand; with one vcpu there are none. */
static void other_vcpus(GString *out, const struct report *r)
{
    if (r->nr_vcpus > 1)
        heading(out, "The other vcpus");
    for (unsigned i = 0; i < r->nr_vcpus; i++) {
        const struct report_vcpu *v = &r->vcpus[i];
        if (i == r->vcpu)
            continue;
        g_string_append_printf(out, "vcpu %u, %s", i, v->state);
        if (v->top.mfn) {
            g_string_append(out, ", at ");
            append_place(out, &v->at);
            g_string_append_printf(out, ", ring %u, cr3 mfn %#x\n", v->ring, v->top.mfn);
            registers(out, &v->regs);
            backtrace(out, &v->trace);
        } else {
            g_string_append_c(out, '\n');
        }
    }
}

static void call_line(GString *out, const struct report_call *c)
{
    g_autofree char *words = report_call_words(c), *result = report_result_words(c);
    g_string_append_printf(out, "%s = %s", words, result);
    if (c->why)
        g_string_append_printf(out, ": %s", c->why);
}

static void entries(GString *out, const struct report *r, const struct report_call *c)
{
    if (c->nr_kept < c->nr_entries)
        g_string_append_printf(out, "    [0] to [%u] are no longer known\n", c->nr_entries - c->nr_kept - 1);
    for (unsigned i = 0; i < c->nr_kept; i++) {
        const struct report_call *entry = &r->entry[c->first_kept + i];
        g_string_append_printf(out, "    [%" PRIu64 "] ", entry->number);
        call_line(out, entry);
        g_string_append_c(out, '\n');
    }
}

static void calls(GString *out, const struct report *r)
{
    if (r->nr_calls == 0) {
        heading(out, "No hypercalls were made");
        return;
    }
    g_string_append_printf(out, "Last hypercalls of %" PRIu64 " (the last one below)\n", r->nr_calls_made);
    for (unsigned i = 0; i < r->nr_calls; i++) {
        const struct report_call *c = &r->call[i];
        g_string_append(out, "  ");
        if (r->nr_vcpus > 1)
            g_string_append_printf(out, "v%u ", c->vcpu);
        call_line(out, c);
        g_string_append(out, ", from ");
        append_place(out, &c->from);
        g_string_append_c(out, '\n');
        if (c->is_multicall)
            entries(out, r, c);
    }
}

static void exceptions(GString *out, const struct report *r)
{
    if (r->nr_exceptions == 0) {
        heading(out, "No exceptions were given to the guest");
        return;
    }
    g_string_append_printf(out, "Last exceptions given to the guest, of %u\n", r->nr_exceptions_given);
    for (unsigned i = 0; i < r->nr_exceptions; i++) {
        g_string_append(out, "  ");
        exception_line(out, &r->exception[i], r);
        g_string_append_c(out, '\n');
    }
}

/* The exception that led to the end: what raised it. */
static void cause(GString *out, const struct report *r)
{
    const struct report_exception *e = &r->exception[r->cause];
    g_string_append_printf(out, "The exception that led there: %s, %s\n  ",
                           report_vector_mnemonic(e->record.vector), report_vector_name(e->record.vector));
    exception_line(out, e, r);
    g_string_append(out, "\n  handler ");
    append_place(out, &e->handler);
    g_string_append_c(out, '\n');
    registers(out, &r->fault.regs);
    code(out, &r->fault);
    heading(out, "Who called whom, at the exception (?: guessed)");
    backtrace(out, &r->fault.trace);
}

char *report_text(const struct report *r)
{
    GString *out = g_string_new(NULL);
    unsigned width = strcmp(r->abi, "xen-3.0-pae") == 0 ? 8 : 4;
    static const char *const ends[] = {
        [REPORT_RUNNING] = "runs", [REPORT_CRASH] = "crashed", [REPORT_SHUTDOWN] = "shut down"};
    g_string_append_printf(out, "==== ring1 report: %s %s ====\n", r->image, ends[r->end]);
    why(out, r);
    if (r->cause >= 0)
        cause(out, r);
    for (unsigned i = 0; i < r->nr_walks; i++)
        walk(out, &r->walk[i], width);
    if (r->has_frame)
        frame_line(out, "The frame it is about:", &r->frame);
    g_string_append_printf(out, "%s, ring %u\n",
                           r->end == REPORT_RUNNING ? "Registers" : "Registers at the end", r->last.ring);
    registers(out, &r->last.regs);
    g_string_append_printf(out, "  cr2 %08x  cr4 %08x\n", r->cr2, r->cr4);
    frame_line(out, "cr3:", &r->top);
    if (r->cause < 0 || r->fault.at.va != r->last.at.va)
        code(out, &r->last);
    heading(out, "Who called whom (?: guessed)");
    backtrace(out, &r->last.trace);
    stack(out, r);
    other_vcpus(out, r);
    calls(out, r);
    exceptions(out, r);
    heading(out, "==== end of report ====");
    return g_string_free(out, FALSE);
}
