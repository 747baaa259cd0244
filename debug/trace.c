/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.c - see trace.h. A multicall's own line has its result and yet stands
 * above those of its entries: they are held back until it is known.
 */
#include "trace.h"

#include "dispatch/hypercall.h"

#include <inttypes.h>
#include <string.h>

/* Lines of one multicall that are held back at most; then they are let go, below
 * a line that has no result yet. */
#define HELD_BYTES 65536

struct trace {
    trace_sink sink;
    void *user;
    ring1_machine *machine;
    enum ring1_abi abi;
    enum ring1_xen xen;
    GString *entries;       /* lines of the entries of the call in progress */
    bool in_call;           /* between before and after of a call by int 0x82 */
    bool let_go;            /* its line is written already */
    struct ring1_call call; /* that call */
    uint32_t arg[MAX_HYPERCALL_ARGS];
    unsigned vcpu;
    uint64_t ns;
};

#define NS_PER_S 1000000000u

/* Small numbers are counts and commands, large ones addresses and flags. */
static void append_number(GString *line, uint32_t value)
{
    if (value < 1024)
        g_string_append_printf(line, "%u", value);
    else
        g_string_append_printf(line, "%#x", value);
}

/* The signature says which words are pointers ("cmd, arg*"). */
static bool is_pointer(const char *signature, unsigned index)
{
    for (; index > 0 && signature; index--) {
        signature = strchr(signature, ',');
        if (signature)
            signature++;
    }
    return signature && signature[strcspn(signature, "*,")] == '*';
}

static void append_arguments(GString *line, const struct ring1_call *call, const char *signature)
{
    for (unsigned i = 0; i < call->nargs && i < MAX_HYPERCALL_ARGS; i++) {
        if (i > 0)
            g_string_append(line, ", ");
        if (is_pointer(signature, i))
            g_string_append_printf(line, "0x%x", call->arg[i]);
        else
            append_number(line, call->arg[i]);
    }
}

static void append_result(GString *line, const struct ring1_call *call)
{
    if (call->continued) {
        g_string_append(line, "continued");
        return;
    }
    const char *name = call->result < 0 ? errno_name(call->result) : NULL;
    if (name)
        g_string_append_printf(line, "%s (%s)", name, errno_text(call->result));
    else
        append_number(line, (uint32_t)call->result);
    if (call->why && call->why[0] != '\0')
        g_string_append_printf(line, ": %s", call->why);
}

void trace_line(GString *line, enum ring1_abi abi, enum ring1_xen xen, uint64_t ns, unsigned id,
                const struct ring1_call *call, bool ended)
{
    if (call->depth > 0)
        g_string_append(line, "  ");
    g_string_append_printf(line, "[%4" PRIu64 ".%09" PRIu64 "] v%u ", ns / NS_PER_S, ns % NS_PER_S, id);
    if (call->depth > 0)
        g_string_append_printf(line, "[%u] ", call->index);
    const struct abi *a = abi_find(abi, xen);
    uint32_t nr = a ? call->nr & a->number_mask : call->nr;
    if (!call->name && call->nargs == 0) {
        g_string_append_printf(line, "hypercall_%u(...)", call->nr);
    } else {
        const struct hypercall *row = a && call->name ? hypercall_row(a, nr) : NULL;
        if (call->name)
            g_string_append(line, call->name);
        else
            g_string_append_printf(line, "hypercall_%u", call->nr);
        /* Old Xens wrap: say which number was asked for. */
        if (nr != call->nr)
            g_string_append_printf(line, "#%u", call->nr);
        g_string_append_c(line, '(');
        append_arguments(line, call, row ? row->signature : NULL);
        g_string_append_c(line, ')');
    }
    g_string_append(line, " = ");
    if (ended)
        append_result(line, call);
    else
        g_string_append_c(line, '?');
}

static void write_call(struct trace *t, bool ended)
{
    g_autoptr(GString) line = g_string_new(NULL);
    if (!t->let_go) {
        trace_line(line, t->abi, t->xen, t->ns, t->vcpu, &t->call, ended);
        g_string_append_c(line, '\n');
    }
    g_string_append_len(line, t->entries->str, (gssize)t->entries->len);
    g_string_truncate(t->entries, 0);
    if (line->len > 0)
        t->sink(t->user, line->str, line->len);
}

static bool before_call(ring1_vcpu *v, struct ring1_call *call, void *user)
{
    struct trace *t = user;
    if (call->depth > 0)
        return false;
    if (t->in_call)
        write_call(t, false);
    t->call = *call;
    t->call.arg = memcpy(t->arg, call->arg, sizeof(t->arg));
    t->vcpu = ring1_vcpu_id(v);
    t->ns = ring1_machine_now(t->machine);
    t->in_call = true;
    t->let_go = false;
    return false;
}

static void after_entry(struct trace *t, unsigned id, const struct ring1_call *call)
{
    trace_line(t->entries, t->abi, t->xen, ring1_machine_now(t->machine), id, call, true);
    g_string_append_c(t->entries, '\n');
    if (t->entries->len < HELD_BYTES)
        return;
    write_call(t, false);
    t->let_go = true;
}

static void after_call(ring1_vcpu *v, const struct ring1_call *call, void *user)
{
    struct trace *t = user;
    if (call->depth > 0) {
        after_entry(t, ring1_vcpu_id(v), call);
        return;
    }
    t->call = *call;
    /* The words as they were before: a handler may have changed them. */
    t->call.arg = t->arg;
    if (t->let_go)
        write_call(t, true);
    t->let_go = false;
    write_call(t, true);
    t->in_call = false;
}

struct trace *trace_new(trace_sink sink, void *user)
{
    struct trace *t = g_new0(struct trace, 1);
    t->sink = sink;
    t->user = user;
    t->entries = g_string_new(NULL);
    return t;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    g_string_free(t->entries, TRUE);
    g_free(t);
}

void trace_attach(struct trace *t, ring1_machine *m)
{
    static const struct ring1_watch watch = {.before = before_call, .after = after_call};
    t->machine = m;
    t->abi = ring1_machine_abi(m);
    t->xen = ring1_machine_xen(m);
    ring1_machine_set_watch(m, &watch, t);
}

void trace_end(struct trace *t)
{
    if (t->in_call)
        write_call(t, false);
    t->in_call = false;
}
