/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor.c - see monitor.h: which commands there are, and what all of them need.
 */
#include "monitor_priv.h"

#include "dispatch/traps.h"

#include <inttypes.h>
#include <string.h>

/* A line longer than this is no command. */
#define LINE_MAX_BYTES 1000u

static void do_help(struct monitor *m, GString *out, const char *args);

static const struct command_row {
    const char *name;  /* one word or two */
    const char *takes; /* its arguments, for a person */
    const char *line;  /* what it does */
    monitor_fn fn;
    bool wants; /* it cannot be without arguments */
} commands[] = {
    {"help", "[COMMAND]", "what there is", do_help, false},

    {"catch", "[SET] [failed] [entry|return]", "stop before and after hypercalls; without arguments: list",
     monitor_do_catch, false},
    {"uncatch", "N|all", "stop for them no longer", monitor_do_uncatch, true},
    {"names", "", "hypercalls, sub-operations and classes that `catch` knows, a line each", monitor_do_names,
     false},
    {"hypercall-backtrace", "", "the call that is made here: arguments, multicall, the guest's stack",
     monitor_do_backtrace, false},

    {"info domain", "", "the domain: memory, frames by type, its end", monitor_do_domain, false},
    {"info frame", "MFN", "a machine frame: type, counts, who holds it and where it is mapped",
     monitor_do_frame, true},
    {"info grants", "", "grants that the guest made, and its mappings of them", monitor_do_grants, false},
    {"info hypercalls", "[N]", "the last N calls with results, 10 by default", monitor_do_hypercalls, false},
    {"info pagetable", "VA", "the walk to an address, and the entries around its own", monitor_do_pagetable,
     true},
    {"info ports", "", "event channels, what is pending and masked", monitor_do_ports, false},
    {"info record", "", "how far the past goes back", monitor_do_record, false},
    {"info vcpus", "", "where each vcpu stands, and what it does", monitor_do_vcpus, false},
    {"phys", "ADDR [LEN]", "machine memory, 64 bytes by default", monitor_do_phys, true},
    {"translate", "VA", "the page-table walk, and what rings 1 and 3 may do there", monitor_do_translate,
     true},
    {"report", "", "the report of a crash, at any time", monitor_do_report, false},

    {"where", "", "time, hypercalls made, vcpu and place; past or present", monitor_do_where, false},
    {"goto", "TIME|#CALL", "to a time (1.5s, 120ms, +10us), before a call (#1042), `begin` or `end`",
     monitor_do_goto, true},
    {"snapshot", "NAME", "remember this place", monitor_do_snapshot, true},
    {"restore", "NAME", "go back there", monitor_do_restore, true},
    {"snapshots", "", "which there are", monitor_do_snapshots, false},
    {"drop-future", "", "go on from here: what came later is no more", monitor_do_drop_future, false},
};

/* --- finding a command -------------------------------------------------------------- */

/* What of `line` follows the command's name, whose words may be shortened; NULL: it is
 * another one. */
static const char *after_name(const char *name, const char *line, bool *whole)
{
    *whole = true;
    for (;;) {
        size_t given = strcspn(line, " \t"), len = strcspn(name, " ");
        if (given == 0 || given > len || strncmp(name, line, given) != 0)
            return NULL;
        *whole = *whole && given == len;
        line += given + strspn(line + given, " \t");
        if (name[len] == '\0')
            return line;
        name += len + 1;
    }
}

/* By its name, or by the only one that begins so. */
static const struct command_row *find_command(const char *line, const char **args)
{
    const struct command_row *found = NULL;
    unsigned times = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        bool whole;
        const char *rest = after_name(commands[i].name, line, &whole);
        if (!rest)
            continue;
        if (whole) {
            *args = rest;
            return &commands[i];
        }
        if (times++ == 0) {
            found = &commands[i];
            *args = rest;
        }
    }
    return times == 1 ? found : NULL;
}

static void usage(GString *out, const struct command_row *row)
{
    g_string_append_printf(out, "%s%s%s: %s\n", row->name, row->takes[0] ? " " : "", row->takes, row->line);
}

static void do_help(struct monitor *m, GString *out, const char *args)
{
    (void)m;
    const char *rest;
    const struct command_row *one = args[0] ? find_command(args, &rest) : NULL;
    if (one) {
        usage(out, one);
        return;
    }
    size_t begin = strlen(args);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *call = g_strdup_printf("%s %s", commands[i].name, commands[i].takes);
        if (strncmp(commands[i].name, args, begin) == 0)
            g_string_append_printf(out, "%-36s %s\n", call, commands[i].line);
    }
    if (out->len == 0)
        g_string_append_printf(out, "'%s' is no command; `help` lists them\n", args);
    else if (begin == 0)
        g_string_append(
            out,
            "SET is in strace's words: mmu_update,EVTCHNOP_send  %memory  /^set_/  !iret  all\n"
            "  event_channel_op:EVTCHNOP_close (a sub-operation), multicall[2] (an entry of any),\n"
            "  multicall[2]:mmu_update, multicall[*]:%memory. Numbers may be $eip and other registers.\n");
}

char *monitor_command(struct monitor *m, unsigned vcpu, const char *line, bool *moved)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(line, (gssize)MIN(strlen(line), LINE_MAX_BYTES));
    const char *args = NULL;
    g_strstrip(valid);
    const struct command_row *row = find_command(valid[0] ? valid : "help", &args);
    m->vcpu = vcpu;
    m->moved = false;
    if (!row)
        do_help(m, out, valid); /* those that begin so, or none does */
    else if (row->wants && !args[0])
        usage(out, row);
    else
        row->fn(m, out, args);
    if (moved)
        *moved = m->moved;
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

/* --- what they need ------------------------------------------------------------------ */

struct domain *monitor_domain(const struct monitor *m)
{
    return ring1_machine_vcpu(ring1_debugger_machine(m->d), 0)->domain;
}

struct machine *monitor_machine(const struct monitor *m)
{
    return monitor_domain(m)->ops_user;
}

struct vcpu *monitor_vcpu(const struct monitor *m)
{
    struct domain_state *s = &monitor_domain(m)->s;
    bool is_there = m->vcpu < s->nr_vcpus && s->vcpu[m->vcpu].initialised;
    struct vcpu *v = &s->vcpu[is_there ? m->vcpu : s->queue.current];
    vcpu_regs(v);
    return v;
}

uint32_t monitor_eip(struct vcpu *v)
{
    bool code32;
    const struct regs *regs = vcpu_regs(v);
    return segment_base_peek(v, regs->cs, &code32) + regs->eip;
}

static bool register_by_name(const struct monitor *m, const char *name, uint64_t *value)
{
    struct ring1_registers r;
    if (!ring1_debugger_get_registers(m->d, monitor_vcpu(m)->id, &r))
        return false;
    const struct {
        const char *name;
        uint32_t value;
    } registers[] = {
        {"eax", r.eax}, {"ebx", r.ebx}, {"ecx", r.ecx}, {"edx", r.edx}, {"esi", r.esi},
        {"edi", r.edi}, {"ebp", r.ebp}, {"esp", r.esp}, {"eip", r.eip}, {"cr2", r.cr2},
        {"cr3", r.cr3}, {"sp", r.esp},  {"pc", r.eip},  {"fp", r.ebp},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (strcmp(registers[i].name, name) == 0) {
            *value = registers[i].value;
            return true;
        }
    }
    return false;
}

bool monitor_number(const struct monitor *m, const char *text, uint64_t *value)
{
    if (text[0] == '$')
        return register_by_name(m, text + 1, value);
    bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
    guint64 number;
    if (!g_ascii_string_to_unsigned(text + (hex ? 2 : 0), hex ? 16 : 10, 0, UINT64_MAX, &number, NULL))
        return false;
    *value = number;
    return true;
}

char **monitor_words(const char *args)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    while (*args) {
        size_t len = strcspn(args, " \t");
        if (len)
            g_ptr_array_add(words, g_strndup(args, len));
        args += len;
        args += strspn(args, " \t");
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_steal(words, NULL);
}

void monitor_append_time(GString *out, uint64_t ns)
{
    g_string_append_printf(out, "%" PRIu64 ".%09" PRIu64 " s", ns / 1000000000u, ns % 1000000000u);
}

void monitor_append_place(GString *out, struct vcpu *v, uint32_t eip, bool is_return)
{
    ring1_machine *machine = ring1_vcpu_machine(v);
    const char *symbol = ring1_machine_symbol(machine, eip, is_return);
    g_autofree char *source = ring1_machine_source(machine, eip, is_return);
    g_string_append_printf(out, "0x%08x", eip);
    if (symbol)
        g_string_append_printf(out, " %s", symbol);
    if (source)
        g_string_append_printf(out, " [%s]", source);
}

struct call_text monitor_call_text(const struct monitor *m)
{
    return (struct call_text){.decoder = m->decoder, .limits = {.elements = 8, .bytes = 128}};
}

static const struct hypercall *row_of(struct vcpu *v, const struct ring1_call *call)
{
    const struct hypercall_slot *slot = call->name ? hypercall_slot(v->domain, call->nr) : NULL;
    return slot ? slot->row : NULL;
}

void monitor_append_call(const struct monitor *m, GString *out, struct vcpu *v, const struct ring1_call *call)
{
    const struct call_text how = monitor_call_text(m);
    call_text_append(&how, out, v, call, row_of(v, call));
}

void monitor_append_result(const struct monitor *m, GString *out, struct vcpu *v,
                           const struct ring1_call *call)
{
    const struct call_text how = monitor_call_text(m);
    const struct hypercall *row = row_of(v, call);
    g_string_append(out, " = ");
    call_text_append_result(&how, out, call, row);
    call_text_append_answer(&how, out, v, call, row);
    call_text_append_why(out, call);
}

/* --- making ----------------------------------------------------------------------------- */

struct monitor *monitor_new(ring1_debugger *d)
{
    struct monitor *m = g_new0(struct monitor, 1);
    m->d = d;
    m->numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    m->catches = g_ptr_array_new_with_free_func(catch_free);
    m->snapshots = g_ptr_array_new_with_free_func(named_place_free);
    m->collector.calls = g_ptr_array_new_with_free_func(kept_call_free);
    m->next_catch = 1;
    m->decoder = decoder_new(monitor_domain(m)->abi);
    return m;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    ring1_debugger_catch(m->d, NULL, NULL);
    decoder_free(m->decoder);
    g_ptr_array_unref(m->collector.calls);
    g_ptr_array_unref(m->snapshots);
    g_ptr_array_unref(m->catches);
    g_array_unref(m->numbers);
    g_free(m);
}

void monitor_set_asked(struct monitor *m, bool (*asked)(void *user), void *user)
{
    m->asked = asked;
    m->asked_user = user;
}
