/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * report_words.c - what a report says in words: tables, and the sentences made
 * from them.
 */
#include "report.h"

#include "commands.h"
#include "dispatch/hypercall.h"
#include "dispatch/traps.h"

#include <string.h>

/* How the words of domain_crash begin, and what they mean to who wrote the guest. */
static const struct {
    const char *begins, *plain;
} crashes[] = {
    {"unhandled exception", "The guest raised an exception for which it has registered no handler "
                            "(set_trap_table): Xen has nowhere to go on and kills the domain."},
    {"no stack for a frame",
     "An exception or event was to be given to the guest, but the stack segment that its "
     "frame belongs on cannot be used."},
    {"fault while a frame",
     "An exception or event was to be given to the guest, but its frame cannot be written to "
     "the guest's stack: the stack has overflowed, or ESP (or the stack of stack_switch) "
     "points at memory that is not mapped writable."},
    {"an event is pending",
     "An event became due, and the guest unmasked it before it registered an event callback "
     "(set_callbacks, callback_op)."},
    {"a selector cannot be loaded",
     "A segment register holds a selector whose descriptor cannot be loaded, and the "
     "guest has registered no failsafe callback (set_callbacks, callback_op)."},
    {"iret: the frame",
     "HYPERVISOR_iret takes its frame from the guest's stack, and ESP points at memory that "
     "cannot be read."},
    {"iret: ESP and SS",
     "HYPERVISOR_iret to an outer ring takes ESP and SS from the guest's stack, and they cannot "
     "be read."},
    {"iret: CS", "The frame of HYPERVISOR_iret has a code selector of ring 0, which is Xen's own."},
    {"iret: to virtual-8086",
     "The frame of HYPERVISOR_iret has EFLAGS.VM set: virtual-8086 mode is not emulated."},
    {"switch_vm86: to virtual-8086",
     "switch_vm86 (hypercall 23 of 2.0 and 3.0.0; later Xens have iret there) goes to virtual-8086 "
     "mode, which is not emulated."},
    {"switch_vm86: the frame",
     "switch_vm86 (hypercall 23 of 2.0 and 3.0.0; later Xens have iret there) takes its frame from the "
     "guest's stack, and it cannot be read as a whole."},
    {"switch_vm86: SS", "switch_vm86 takes its frame from the guest's stack, and SS cannot be used."},
    {"Error while installing new baseptr",
     "The guest asked for a new top-level page table, and the frame is none "
     "and cannot become one: it is not the guest's, is in use as something "
     "else, or one of its entries is refused."},
    {"PTWR failure",
     "The guest stored to a page table of its own (a writable page table), which this Xen takes out "
     "of its place meanwhile: this table cannot be taken out."},
    {"PTWR: could not revalidate",
     "The guest stored to a page table of its own (a writable page table), and an "
     "entry is one that Xen refuses."},
    {"the guest cannot be entered",
     "The code or stack selector that the guest is to go on with cannot be loaded "
     "(its descriptor is absent, of another ring or of another kind), and neither "
     "could the handler's that was to hear of it."},
};

static const char *const shutdowns[] = {"poweroff", "reboot", "suspend", "crash", "watchdog", "soft reset"};

static const struct {
    const char *mnemonic, *name;
} vectors[] = {
    [0] = {"#DE", "division error"},
    [1] = {"#DB", "debug"},
    [2] = {"NMI", "non-maskable interrupt"},
    [3] = {"#BP", "breakpoint"},
    [4] = {"#OF", "overflow"},
    [5] = {"#BR", "bound range exceeded"},
    [6] = {"#UD", "invalid opcode"},
    [7] = {"#NM", "no FPU (CR0.TS)"},
    [8] = {"#DF", "double fault"},
    [10] = {"#TS", "invalid TSS"},
    [11] = {"#NP", "segment not present"},
    [12] = {"#SS", "stack fault"},
    [13] = {"#GP", "general protection"},
    [14] = {"#PF", "page fault"},
    [16] = {"#MF", "x87 error"},
    [17] = {"#AC", "alignment check"},
    [18] = {"#MC", "machine check"},
    [19] = {"#XM", "SIMD error"},
};

const char *report_vector_mnemonic(uint32_t vector)
{
    if (vector == RING1_VECTOR_FAILSAFE)
        return "failsafe";
    return vector < G_N_ELEMENTS(vectors) && vectors[vector].mnemonic ? vectors[vector].mnemonic : "int";
}

const char *report_vector_name(uint32_t vector)
{
    if (vector == RING1_VECTOR_FAILSAFE)
        return "a selector that cannot be loaded";
    return vector < G_N_ELEMENTS(vectors) && vectors[vector].name ? vectors[vector].name : "interrupt";
}

const char *report_shutdown_name(uint32_t reason)
{
    return reason < G_N_ELEMENTS(shutdowns) ? shutdowns[reason] : NULL;
}

const char *report_verdict_name(enum report_verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_OK] = "allowed",
        [VERDICT_HOLE] = "hypervisor",
        [VERDICT_SEGMENT] = "beyond-segment",
        [VERDICT_NOT_PRESENT] = "not-present",
        [VERDICT_NO_SUCH_FRAME] = "no-such-frame",
        [VERDICT_READ_ONLY] = "read-only",
        [VERDICT_KERNEL_ONLY] = "kernel-only",
        [VERDICT_NO_EXECUTE] = "no-execute",
    };
    return names[verdict];
}

const char *report_access_name(enum access access)
{
    return access == ACCESS_WRITE ? "write" : access == ACCESS_FETCH ? "fetch" : "read";
}

/* --- frames and entries ------------------------------------------------------- */

const char *report_type_name(const struct report_frame *f)
{
    static const char *const names[] = {
        [PGT_none] = "none",         [PGT_l1_table] = "l1 table",        [PGT_l2_table] = "l2 table",
        [PGT_l3_table] = "l3 table", [PGT_seg_desc] = "descriptor page", [PGT_writable] = "writable",
    };
    return f->exists && f->info.type < G_N_ELEMENTS(names) ? names[f->info.type] : "none";
}

const char *report_owner_name(const struct report_frame *f)
{
    if (!f->exists)
        return "nobody";
    switch (f->info.owner) {
    case DOMID_GUEST:
        return "the domain";
    case DOMID_BACKEND:
        return "domain 0";
    case OWNER_DOMID_IO:
        return "I/O";
    case OWNER_DOMID_XEN:
        return "Xen";
    default:
        return "nobody";
    }
}

char *report_frame_words(const struct report_frame *f)
{
    if (!f->exists)
        return g_strdup_printf("mfn %#x, which does not exist", f->mfn);
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "mfn %#x", f->mfn);
    if (f->pfn != M2P_INVALID)
        g_string_append_printf(s, " (pfn %#x)", f->pfn);
    if (f->info.type == PGT_none)
        g_string_append(s, ", no type");
    else
        g_string_append_printf(s, ", %s%s", f->info.type_count ? "" : "last used as ", report_type_name(f));
    if (f->info.flags & PGF_PINNED)
        g_string_append(s, ", pinned");
    g_string_append_printf(s, ", owner %s, count %u, type count %u", report_owner_name(f), f->info.count,
                           f->info.type_count);
    return g_string_free(s, FALSE);
}

const char *const *report_pte_flags(uint64_t value, const char *names[16])
{
    static const struct {
        uint64_t bit;
        const char *name;
    } flags[] = {
        {PTE_P, "present"},    {PTE_RW, "writable"},   {PTE_US, "user"}, {PTE_PWT, "write-through"},
        {PTE_PCD, "uncached"}, {PTE_A, "accessed"},    {PTE_D, "dirty"}, {PTE_PSE, "large"},
        {PTE_G, "global"},     {PTE_NX, "no-execute"},
    };
    unsigned n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (value & flags[i].bit)
            names[n++] = flags[i].name;
    names[n] = NULL;
    return names;
}

/* Why a page is mapped read-only, as far as its frame tells. */
static const char *why_read_only(const struct report_frame *f)
{
    switch (f->exists ? (enum page_type)f->info.type : PGT_none) {
    case PGT_l1_table:
        return "The frame is an L1 page table, which no guest may map writable; Xen completes a kernel's "
               "simple "
               "stores to a valid L1 table in the address space in force, and this was none.";
    case PGT_l2_table:
    case PGT_l3_table:
        return "The frame is a page table above L1, which no guest may map writable: its entries are changed "
               "by "
               "mmu_update. Xen emulates stores to L1 tables only.";
    case PGT_seg_desc:
        return "The frame is in use as a GDT or LDT page, which no guest may map writable: its entries are "
               "changed "
               "by update_descriptor.";
    default:
        return "The guest itself mapped the page read-only.";
    }
}

char *report_walk_words(const struct report_walk *w)
{
    const char *verb = w->access == ACCESS_WRITE   ? "A store"
                       : w->access == ACCESS_FETCH ? "A fetch"
                                                   : "A read";
    const char *who = w->ring3 ? " by ring 3" : "";
    switch (w->verdict) {
    case VERDICT_HOLE:
        return g_strdup_printf("%s%s is refused: the address lies in the hypervisor's own part.", verb, who);
    case VERDICT_SEGMENT:
        return g_strdup_printf("%s%s is refused: the address lies beyond the end of the flat segments.", verb,
                               who);
    case VERDICT_NOT_PRESENT:
        return g_strdup_printf("Nothing is mapped there: the L%u entry is not present.", w->level);
    case VERDICT_NO_SUCH_FRAME:
        return g_strdup_printf("The L%u entry names a frame that does not exist.", w->level);
    case VERDICT_READ_ONLY:
        return g_strdup_printf("%s%s is refused: the L%u entry is not writable. %s", verb, who, w->level,
                               w->has_frame && w->level == 1 ? why_read_only(&w->frame) : "");
    case VERDICT_KERNEL_ONLY:
        return g_strdup_printf("%s%s is refused: the L%u entry is not for user code.", verb, who, w->level);
    case VERDICT_NO_EXECUTE:
        return g_strdup_printf("%s%s is refused: the L%u entry forbids execution.", verb, who, w->level);
    case VERDICT_OK:
        break;
    }
    return g_strdup_printf("%s%s would be allowed as the tables are now.", verb, who);
}

/* --- exceptions and calls ------------------------------------------------------ */

char *report_error_words(uint32_t vector, uint32_t error)
{
    if (vector == TRAP_page_fault)
        return g_strdup_printf("%s, ring %s, %s%s",
                               error & PF_FETCH   ? "fetch"
                               : error & PF_WRITE ? "store"
                                                  : "read",
                               error & PF_USER ? "3" : "1",
                               error & PF_PRESENT ? "a right is missing" : "an entry is not present",
                               error & PF_RESERVED ? ", reserved bits" : "");
    if (error & 2)
        return g_strdup_printf("gate of vector %u", error >> 3 & 0xFFu);
    if (error & ~7u)
        return g_strdup_printf("selector %#x", error & 0xFFFCu);
    return g_strdup("no selector");
}

char *report_call_words(const struct report_call *c)
{
    GString *s = g_string_new(NULL);
    if (c->row)
        g_string_append(s, c->row->name);
    else
        g_string_append_printf(s, "hypercall_%u", c->nr);
    g_string_append_c(s, '(');
    for (unsigned i = 0; i < c->nargs && i < MAX_HYPERCALL_ARGS; i++) {
        g_autofree char *name = argument_name(c->row, i);
        g_string_append_printf(s, c->arg[i] < 1024 ? "%s%s%s%u" : "%s%s%s%#x", i ? ", " : "", name,
                               name[0] ? " " : "", c->arg[i]);
        const char *command = i == 0 ? command_name(c->row, c->arg[0]) : NULL;
        if (command)
            g_string_append_printf(s, " %s", command);
    }
    g_string_append_c(s, ')');
    return g_string_free(s, FALSE);
}

char *report_result_words(const struct report_call *c)
{
    const char *name = c->result < 0 ? errno_name(c->result) : NULL;
    if (c->continued)
        return g_strdup("continued");
    if (name)
        return g_strdup_printf("%s (%s)", name, errno_text(c->result));
    return g_strdup_printf((uint32_t)c->result < 1024 ? "%u" : "%#x", (uint32_t)c->result);
}

/* --- the end -------------------------------------------------------------------- */

static const char *plain_crash(const char *xen_says)
{
    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++)
        if (g_str_has_prefix(xen_says, crashes[i].begins))
            return crashes[i].plain;
    return "Xen cannot go on with this guest.";
}

static const char *plain_shutdown(uint32_t reason)
{
    switch (reason) {
    case RING1_SHUTDOWN_CRASH:
        return "The guest shut itself down and called that a crash: its own panic.";
    case RING1_SHUTDOWN_WATCHDOG:
        return "A watchdog that the guest had set (SCHEDOP_watchdog) ran out, or the guest says so.";
    case RING1_SHUTDOWN_POWEROFF:
    case RING1_SHUTDOWN_REBOOT:
    case RING1_SHUTDOWN_SUSPEND:
    case RING1_SHUTDOWN_SOFT_RESET:
        return "The guest shut itself down.";
    default:
        return "The guest shut itself down and gave a reason that no Xen knows: likely no number at all.";
    }
}

static void append_cause(GString *s, const struct report *r)
{
    const struct report_exception *e = &r->exception[r->cause];
    const char *mnemonic = report_vector_mnemonic(e->record.vector);
    if (e->record.has_frame || e->record.times > 1)
        g_string_append_printf(
            s, " That was in its handler of %s (%s), %" G_GUINT64_FORMAT " ns after Xen gave that to it.",
            mnemonic, report_vector_name(e->record.vector), r->ns - MIN(r->ns, e->record.ns));
    if (e->handler.va == 0 && r->end == REPORT_CRASH && !g_str_has_prefix(r->xen_says, "unhandled"))
        g_string_append_printf(
            s, " The handler of %s is at address 0: none was registered, and this Xen goes there.", mnemonic);
    if (e->record.regs.eip == 0)
        g_string_append(s, " EIP was 0: a null pointer was called, or a callback that was never registered.");
}

char *report_plain(const struct report *r)
{
    GString *s = g_string_new(r->end == REPORT_CRASH      ? plain_crash(r->xen_says)
                              : r->end == REPORT_SHUTDOWN ? plain_shutdown(r->shutdown)
                                                          : "The guest has not ended.");
    if (r->cause >= 0)
        append_cause(s, r);
    for (unsigned i = 0; i < r->nr_walks; i++) {
        g_autofree char *walk = report_walk_words(&r->walk[i]);
        walk[0] = g_ascii_tolower(walk[0]);
        g_string_append_printf(s, " At 0x%08x: %s", r->walk[i].va, walk);
    }
    return g_string_free(s, FALSE);
}
