/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_catch.c - which hypercalls a debugger's user wants to see made, and the words for
 * the stop when one is:
 *
 *   catch mmu_update,%event           before and after each of them, in multicalls too
 *   catch mmu_update entry            before it alone; `return`: after it alone
 *   catch failed                      after any that gave an error
 *   catch %memory failed
 *   catch multicall[2]                the third entry of any multicall
 *   catch multicall[2]:mmu_update     the same if it is one
 *   catch multicall[*]:set_gdt        in multicalls alone
 */
#include "monitor_priv.h"

#include "call_set.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

#define ANY_ENTRY UINT32_MAX
#define CATCHES   100u

struct catch
{
    unsigned number;
    char *text; /* as it was given */
    GPtrArray *sets;
    struct call_matcher *matcher;
    bool nested;    /* entries of multicalls alone, */
    uint32_t index; /* that one, or ANY_ENTRY */
    bool before, after;
    bool failed;
};

void catch_free(gpointer catch)
{
    struct catch *c = catch;
    if (!c)
        return;
    call_matcher_free(c->matcher);
    g_ptr_array_unref(c->sets);
    g_free(c->text);
    g_free(c);
}

/* --- matching ----------------------------------------------------------------------- */

static bool has_failed(const struct vcpu *v, const struct ring1_call *call)
{
    const struct hypercall_slot *slot = call->name ? hypercall_slot(v->domain, call->nr) : NULL;
    return errno_name(call->result) &&
           (call->why || !slot || !slot->row || is_refusal(slot->row, call->result));
}

static bool catch_matches(const struct catch *c, struct vcpu *v, const struct ring1_call *call,
                          bool is_return)
{
    if (!(is_return ? c->after : c->before) || (c->failed && !has_failed(v, call)))
        return false;
    if (c->nested && (call->depth == 0 || (c->index != ANY_ENTRY && c->index != call->index)))
        return false;
    uint32_t nr = call->nr & v->domain->abi->number_mask;
    return call_matcher_may(c->matcher, nr) && call_matcher_match(c->matcher, v, nr, call->arg);
}

static const struct catch *find_catch(const struct monitor *m, struct vcpu *v, const struct ring1_call *call,
                                      bool is_return)
{
    if (is_return && call->continued)
        return NULL; /* it comes again */
    for (unsigned i = 0; i < m->catches->len; i++)
        if (catch_matches(m->catches->pdata[i], v, call, is_return))
            return m->catches->pdata[i];
    return NULL;
}

bool monitor_catches_number(const struct monitor *m, uint32_t number)
{
    for (unsigned i = 0; i < m->numbers->len; i++)
        if (g_array_index(m->numbers, uint32_t, i) == number)
            return true;
    return m->catch_all;
}

uint64_t monitor_call_number(struct vcpu *v, const struct ring1_call *call, bool is_return)
{
    uint64_t begun = ring1_machine_hypercalls(ring1_vcpu_machine(v));
    return begun + (call->depth == 0 && !is_return);
}

/* ring1_catch_fn. What it says follows from the machine and from what there is to stop for
 * alone: a run that is gone through again stops at the same places. */
static bool on_call(void *user, ring1_vcpu *v, const struct ring1_call *call, bool is_return)
{
    struct monitor *m = user;
    uint64_t number = monitor_call_number(v, call, is_return);
    if (m->collector.active) {
        collector_tell(m, v, call, is_return);
        return call->depth == 0 && (is_return ? number >= m->collector.to : number > m->collector.to);
    }
    if (m->stop_before)
        return call->depth == 0 && !is_return && number >= m->stop_before;
    if (monitor_catches_number(m, call->nr) && !(is_return && call->continued))
        return true;
    return find_catch(m, v, call, is_return) != NULL;
}

void monitor_update_catch(struct monitor *m)
{
    bool any = m->collector.active || m->stop_before || m->catch_all || m->numbers->len || m->catches->len;
    ring1_debugger_catch(m->d, any ? on_call : NULL, m);
}

void monitor_catch_numbers(struct monitor *m, bool all, const uint32_t *numbers, unsigned nr)
{
    m->catch_all = all;
    g_array_set_size(m->numbers, 0);
    if (nr)
        g_array_append_vals(m->numbers, numbers, nr);
    monitor_update_catch(m);
}

/* --- catch -------------------------------------------------------------------------- */

static bool fail(GError **error, const char *text)
{
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, text);
    return false;
}

/* "multicall[2]:SET": leaves SET, or NULL where there is none. False: it is no such thing, or a
 * bad one (error). */
static bool parse_entry(struct catch *c, const char **set, GError **error)
{
    static const char prefix[] = "multicall[";
    if (!g_str_has_prefix(*set, prefix))
        return false;
    const char *at = *set + strlen(prefix), *end = strchr(at, ']');
    guint64 index = ANY_ENTRY;
    g_autofree char *inside = g_strndup(at, end ? (size_t)(end - at) : 0);
    bool any = strcmp(inside, "*") == 0;
    if (!end || (end[1] != '\0' && end[1] != ':') || (end[1] == ':' && end[2] == '\0') ||
        (!any && !g_ascii_string_to_unsigned(inside, 10, 0, ANY_ENTRY - 1, &index, NULL)))
        return fail(error, "an entry of multicalls is multicall[2], the third; multicall[*], any; "
                           "multicall[2]:SET, if it is of the set");
    c->nested = true;
    c->index = (uint32_t)index;
    *set = end[1] ? end + 2 : NULL;
    return true;
}

static bool add_set(struct catch *c, const char *word, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (c->sets->len || c->nested)
        return fail(error,
                    "one set of hypercalls, its words separated by commas alone; then `failed`, `entry` "
                    "or `return`");
    if (!parse_entry(c, &word, &why) && why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    struct call_set *set = word ? call_set_parse(word, error) : NULL;
    if (set)
        g_ptr_array_add(c->sets, set);
    return set || !word;
}

static bool add_word(struct catch *c, const char *word, GError **error)
{
    if (strcmp(word, "failed") == 0)
        c->failed = true;
    else if (strcmp(word, "entry") == 0)
        c->after = false;
    else if (strcmp(word, "return") == 0)
        c->before = false;
    else
        return add_set(c, word, error);
    return true;
}

static struct catch *catch_parse(const char *args, GError **error)
{
    g_auto(GStrv) words = monitor_words(args);
    struct catch *c = g_new0(struct catch, 1);
    c->sets = g_ptr_array_new_with_free_func((GDestroyNotify)call_set_free);
    c->text = g_strjoinv(" ", words);
    c->before = c->after = true;
    bool ok = true;
    for (char **word = words; ok && *word; word++)
        ok = add_word(c, *word, error);
    if (ok && !c->before && !c->after)
        ok = fail(error, "`entry` is before a call, `return` after it; without either: both");
    if (ok && c->failed && !c->after)
        ok = fail(error, "whether a call failed is known after it: `failed` is no `entry`");
    if (ok) {
        c->before = c->before && !c->failed;
        return c;
    }
    catch_free(c);
    return NULL;
}

static void list_catch(GString *out, const struct catch *c)
{
    const char *when = c->before && c->after ? "before and after" : c->before ? "before" : "after";
    g_string_append_printf(out, "%3u  %-20s %s\n", c->number, when, c->text);
}

void monitor_do_catch(struct monitor *m, GString *out, const char *args)
{
    g_autoptr(GError) error = NULL;
    if (!args[0]) {
        for (unsigned i = 0; i < m->catches->len; i++)
            list_catch(out, m->catches->pdata[i]);
        if (!m->catches->len)
            g_string_append(
                out, "no hypercalls are caught; `catch mmu_update`, `catch %event`, `catch failed` ...\n");
        return;
    }
    struct catch *c = m->catches->len < CATCHES ? catch_parse(args, &error) : NULL;
    if (!c) {
        g_string_append_printf(out, "%s\n", error ? error->message : "100 catches are the most");
        return;
    }
    c->number = m->next_catch++;
    c->matcher = call_matcher_new(monitor_domain(m)->abi, c->sets);
    g_ptr_array_add(m->catches, c);
    monitor_update_catch(m);
    g_string_append_printf(out, "catch %u: %s %s\n", c->number,
                           c->before && c->after ? "before and after"
                           : c->before           ? "before"
                                                 : "after",
                           c->text);
}

void monitor_do_uncatch(struct monitor *m, GString *out, const char *args)
{
    uint64_t number = 0;
    bool all = strcmp(args, "all") == 0;
    if (!all && !monitor_number(m, args, &number)) {
        g_string_append(out, "uncatch takes a number, which `catch` lists, or `all`\n");
        return;
    }
    unsigned was = m->catches->len;
    for (unsigned i = m->catches->len; i-- > 0;)
        if (all || ((const struct catch *)m->catches->pdata[i])->number == number)
            g_ptr_array_remove_index(m->catches, i);
    if (was == m->catches->len && !all)
        g_string_append_printf(out, "there is no catch %" PRIu64 "; `catch` lists them\n", number);
    monitor_update_catch(m);
}

void monitor_do_names(struct monitor *m, GString *out, const char *args)
{
    g_autoptr(GPtrArray) names = call_set_names(monitor_domain(m)->abi);
    (void)args;
    for (unsigned i = 0; i < names->len; i++)
        g_string_append_printf(out, "%s\n", (const char *)names->pdata[i]);
}

/* --- words for a stop ----------------------------------------------------------------- */

/* The reason of the call that was just made, which the machine keeps for its report. */
static const char *why_of(const struct monitor *m, const struct ring1_call *call)
{
    const struct machine *machine = monitor_machine(m);
    const struct domain_state *s = &machine->domain->s;
    const char *why =
        call->depth == 0 ? machine->s.last_call[(machine->s.hypercalls - 1) % LAST_CALLS].why : "";
    for (unsigned i = 0; call->depth > 0 && i < LAST_REFUSED; i++)
        if (s->refused[i].entry == s->nr_entries)
            why = s->refused[i].why;
    return why[0] ? why : NULL;
}

static void call_stop(struct monitor *m, GString *out, struct vcpu *v, const struct ring1_debug_stop *stop)
{
    const struct ring1_call *call = &m->last.stop.call;
    const struct catch *c = find_catch(m, v, call, stop->is_return);
    uint64_t number = monitor_call_number(v, call, stop->is_return);
    if (c)
        g_string_append_printf(out, "catch %u (%s): ", c->number, c->text);
    g_string_append_printf(out, "vcpu %u %s ", v->id, stop->is_return ? "made" : "is about to make");
    if (call->depth > 0)
        g_string_append_printf(out, "entry [%u] of multicall #%" PRIu64, call->index, number);
    else
        g_string_append_printf(out, "hypercall #%" PRIu64, number);
    g_string_append(out, ", at ");
    monitor_append_time(out, m->last.place.ns);
    g_string_append(out, "\n  ");
    monitor_append_call(m, out, v, call);
    if (stop->is_return)
        monitor_append_result(m, out, v, call);
    g_string_append_c(out, '\n');
}

/* A crash, in a sentence or two; the report has the rest. */
static void end_stop(struct monitor *m, GString *out, const struct ring1_stop *stop)
{
    if (stop->reason == RING1_STOP_SHUTDOWN) {
        const char *name = report_shutdown_name(stop->shutdown);
        g_string_append_printf(out, "the guest shut down: %s (%u)\n",
                               name ? name : "no reason that Xen knows", stop->shutdown);
    } else if (stop->reason == RING1_STOP_CRASH) {
        g_string_append_printf(out, "Xen killed the domain: %s\n", stop->text);
        g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
        struct symbols *symbols = symbols_new(none);
        struct report *report = machine_report(monitor_machine(m), symbols, "");
        g_autofree char *plain = report_plain(report);
        g_string_append_printf(out, "  %s\n  `monitor report` has more.\n", plain);
        report_free(report);
        symbols_free(symbols);
    }
}

static void watch_stop(struct monitor *m, GString *out, const struct ring1_debug_stop *stop)
{
    if (!stop->by_hypercall)
        return;
    g_string_append_printf(out, "a hypercall of vcpu %u stores to 0x%08x:\n", stop->vcpu, stop->address);
    m->vcpu = stop->vcpu;
    monitor_do_backtrace(m, out, "");
}

char *monitor_stopped(struct monitor *m, const struct ring1_debug_stop *stop)
{
    g_autoptr(GString) out = g_string_new(NULL);
    struct last_stop *last = &m->last;
    last->known = true;
    last->place = ring1_debugger_place(m->d);
    last->stop = *stop;
    if (stop->reason == RING1_DEBUG_CALL) {
        memcpy(last->arg, stop->call.arg, sizeof last->arg);
        last->stop.call.arg = last->arg;
        last->stop.call.why = stop->is_return ? why_of(m, &stop->call) : NULL;
    }
    struct vcpu *v = &monitor_domain(m)->s.vcpu[stop->vcpu];
    if (stop->reason == RING1_DEBUG_CALL)
        call_stop(m, out, v, stop);
    else if (stop->reason == RING1_DEBUG_WATCHPOINT)
        watch_stop(m, out, stop);
    else if (stop->reason == RING1_DEBUG_GUEST)
        end_stop(m, out, &stop->guest);
    return out->len ? g_utf8_make_valid(out->str, (gssize)out->len) : NULL;
}
