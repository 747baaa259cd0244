/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * options_trace.c - the options of `ring1 trace` beside those of a run, and of `ring1
 * replay`: strace's letters, where it has them.
 */
#include "debug/filter.h"
#include "option_rows.h"

#include <string.h>

#define TAKE(what)                                                                                           \
    static bool take_##what(struct options *o, G_GNUC_UNUSED const char *option,                             \
                            G_GNUC_UNUSED const char *value, G_GNUC_UNUSED GError **error)

TAKE(expression)
{
    g_autoptr(GError) why = NULL;
    if (filter_add(o->tracing.filter, value, &why))
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", option, why->message);
    return false;
}

TAKE(place)
{
    g_autoptr(GError) why = NULL;
    if (filter_add_place(o->tracing.filter, value, &why))
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", option, why->message);
    return false;
}

static bool take_file(char **file, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(*file);
    *file = g_strdup(value);
    return true;
}

TAKE(output)
{
    return take_file(&o->trace_file, option, value, error);
}

TAKE(perfetto)
{
    return take_file(&o->tracing.perfetto, option, value, error);
}

TAKE(hc)
{
    return take_file(&o->tracing.hc, option, value, error);
}

TAKE(xentrace)
{
    return take_file(&o->tracing.xentrace, option, value, error);
}

TAKE(relative)
{
    o->tracing.text.clock = TRACE_CLOCK_RELATIVE;
    return true;
}

TAKE(timestamps)
{
    enum trace_clock *clock = &o->tracing.text.clock;
    *clock = *clock == TRACE_CLOCK_DATE ? TRACE_CLOCK_HOST : TRACE_CLOCK_DATE;
    return true;
}

TAKE(call_times)
{
    enum trace_spent *spent = &o->tracing.text.spent;
    *spent = *spent == TRACE_SPENT_GUEST ? TRACE_SPENT_HOST : TRACE_SPENT_GUEST;
    return true;
}

TAKE(string_limit)
{
    uint64_t bytes;
    if (!parse_number(value, 0, TRACE_TEXT_MAX_BYTES, &bytes))
        return bad_value(error, option, value, "a number of bytes from 0 to 2816");
    o->tracing.text.limits.bytes = (uint32_t)bytes;
    return true;
}

TAKE(list_limit)
{
    uint64_t elements;
    if (!parse_number(value, 0, TRACE_TEXT_MAX_ELEMENTS, &elements))
        return bad_value(error, option, value, "a number of elements from 0 to 65536");
    o->tracing.text.limits.elements = (uint32_t)elements;
    return true;
}

TAKE(summary_alone)
{
    o->tracing.summary = SUMMARY_ALONE;
    return true;
}

TAKE(summary)
{
    o->tracing.summary = SUMMARY_TOO;
    return true;
}

TAKE(summary_order)
{
    static const char *const words[] = {[SUMMARY_BY_TIME] = "time",
                                        [SUMMARY_BY_HOST] = "host",
                                        [SUMMARY_BY_CALLS] = "calls",
                                        [SUMMARY_BY_ERRORS] = "errors",
                                        [SUMMARY_BY_NAME] = "name"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(value, words[i]))
            continue;
        o->tracing.summary_order = (enum summary_order)i;
        return true;
    }
    return bad_value(error, option, value, "time, host, calls, errors or name");
}

TAKE(stacks)
{
    o->tracing.text.stacks = true;
    return true;
}

TAKE(style)
{
    static const char *const words[] = {
        [TEXT_ABBREV] = "abbrev", [TEXT_RAW] = "raw", [TEXT_VERBOSE] = "verbose"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(value, words[i]))
            continue;
        o->tracing.text.style = (enum text_style)i;
        return true;
    }
    return bad_value(error, option, value, "raw, abbrev or verbose");
}

static const struct option_row rows[] = {
    {"expression", 'e', COMMANDS_TRACE, "EXPRESSION",
     "What to trace: [trace=]SET, status=SET, event=SET, inject=SET:... (all calls)", take_expression},
    {"touches", 'P', COMMANDS_TRACE, "PLACE", "Only calls that touch mfn:N, pfn:N or an address", take_place},
    {"output", 'o', COMMANDS_TRACE, "FILE", "Write the trace to FILE (stderr)", take_output},
    {"perfetto", 0, COMMANDS_TRACE, "FILE", "Write trace events, for Perfetto's and Chrome's viewers",
     take_perfetto},
    {"xentrace", 0, COMMANDS_TRACE, "FILE", "Write records as Xen's xentrace does, for Xen's own tools",
     take_xentrace},
    {"hc", 0, COMMANDS_TRACE, "FILE", "Write a sequence that stands alone, for ring1 seq", take_hc},
    {"summary-only", 'c', COMMANDS_TRACE, NULL,
     "Count calls, errors and times at the end, and write no lines", take_summary_alone},
    {"summary", 'C', COMMANDS_TRACE, NULL, "Write lines and then the counts", take_summary},
    {"summary-sort-by", 'S', COMMANDS_TRACE, "COLUMN", "time, host, calls, errors or name (time)",
     take_summary_order},
    {"relative-timestamps", 'r', COMMANDS_TRACE, NULL, "Before each call the time since the one before it",
     take_relative},
    {"timestamps", 't', COMMANDS_TRACE, NULL, "The guest's date and time of day; -tt: the host's",
     take_timestamps},
    {"call-times", 'T', COMMANDS_TRACE, NULL, "What each call took of the guest's time; -TT: of the host's",
     take_call_times},
    {"string-limit", 's', COMMANDS_TRACE, "N", "Bytes of a text that are shown (128)", take_string_limit},
    {"list-limit", 0, COMMANDS_TRACE, "N", "Elements of a list that are shown (8)", take_list_limit},
    {"stack-traces", 'k', COMMANDS_TRACE, NULL, "The guest's stack below each call", take_stacks},
    {"const-print-style", 'X', COMMANDS_TRACE, "STYLE",
     "Numbers that have names: raw, abbrev (the name) or verbose (both) (abbrev)", take_style},
};

const struct option_row *trace_option_rows(size_t *nr)
{
    *nr = G_N_ELEMENTS(rows);
    return rows;
}
