/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff.c - `ring1 diff`: two runs beside each other, call by call.
 */
#include "debug/diff.h"
#include "commands.h"
#include "confine.h"
#include "debug/read_trace.h"
#include "option_rows.h"

#include <string.h>

#define STATUS_EQUAL  0
#define STATUS_DIFFER 1

/* Of our own: its TSC counts ns. */
#define DEFAULT_HZ 1000000000

struct diff_command {
    struct diff_options options;
    struct read_trace_options read;
    bool json, quiet, help;
    struct sandbox_choice sandbox;
    char **files;
};

static const struct {
    const char *name;
    unsigned bit;
} ignored[] = {
    {"frames", DIFF_FRAMES},       {"time", DIFF_TIME}, {"sites", DIFF_SITES},     {"why", DIFF_WHY},
    {"addresses", DIFF_ADDRESSES}, {"out", DIFF_OUT},   {"results", DIFF_RESULTS}, {"vcpus", DIFF_VCPUS},
};

static gboolean take_ignore(const char *option, const char *value, gpointer data, GError **error)
{
    struct diff_command *c = data;
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    for (unsigned i = 0; i == 0 || words[i]; i++) {
        const char *word = words[i] ? words[i] : "";
        size_t k = 0;
        while (k < G_N_ELEMENTS(ignored) && strcmp(ignored[k].name, word) != 0)
            k++;
        if (k == G_N_ELEMENTS(ignored))
            return bad_value(error, option, word,
                             "one of frames, time, sites, why, addresses, out, results, vcpus");
        c->options.ignore |= ignored[k].bit;
    }
    return TRUE;
}

/* The options that are a number. */
static gboolean take_number(const char *option, const char *value, gpointer data, GError **error)
{
    struct diff_command *c = data;
    const struct {
        const char *name;
        uint64_t min, max;
        unsigned *to;
        const char *wanted;
    } rows[] = {
        {"--window", 1, DIFF_WINDOW_MAX, &c->options.window, "a number of calls from 1 to 4096"},
        {"--context", 0, 1000000, &c->options.context, "a number of calls up to 1000000"},
        {"--shown", 0, UINT32_MAX - 1, &c->options.shown, "a number of differences"},
        {"--domain", 0, 0x7FEF, &c->read.domain, "a domain's number from 0 to 32751"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint64 n;
        if (strcmp(rows[i].name, option) != 0)
            continue;
        if (!g_ascii_string_to_unsigned(value, 10, rows[i].min, rows[i].max, &n, NULL))
            return bad_value(error, option, value, rows[i].wanted);
        *rows[i].to = (unsigned)n;
        return TRUE;
    }
    g_assert_not_reached();
}

static gboolean take_hz(const char *option, const char *value, gpointer data, GError **error)
{
    struct diff_command *c = data;
    guint64 n;
    if (!g_ascii_string_to_unsigned(value, 10, 1, UINT64_C(1000000000000), &n, NULL))
        return bad_value(error, option, value, "a frequency in Hz");
    c->read.hz = n;
    return TRUE;
}

static bool parse(struct diff_command *c, int argc, char **argv, int *status)
{
    gboolean json = FALSE, quiet = FALSE, help = FALSE;
    g_autofree char *how = NULL;
    const GOptionEntry entries[] = {
        {"ignore", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_ignore,
         "Do not compare these: frames (compare their pfns), time, sites, why, addresses, out, results, "
         "vcpus",
         "WHAT,..."},
        {"window", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_number,
         "How many calls ahead both are tried to be brought together again (256)", "N"},
        {"context", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_number,
         "Calls shown before the first difference (3)", "N"},
        {"shown", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_number,
         "Differences shown after the first (10)", "N"},
        {"domain", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_number,
         "xentrace: whose calls (the only domain's but 0)", "N"},
        {"tsc-hz", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_hz,
         "xentrace: how fast its clock counts (1000000000)", "HZ"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing: the exit status tells", NULL},
        {"sandbox", 0, 0, G_OPTION_ARG_STRING, &how, "on, off, or report what would be refused (on)", "HOW"},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Print this text", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &c->files, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("A B");
    g_option_context_set_summary(context,
                                 "Compare two runs call by call: JSON traces, xentrace's, sequences or "
                                 "records. The exit\nstatus is 0 when they are alike, 1 when not.");
    GOptionGroup *group = g_option_group_new("diff", "diff", "diff", c, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    *status = STATUS_OPTION;
    if (!options_take(context, "diff", &argc, &argv))
        return false;
    if (help) {
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        *status = print_out(text);
        return false;
    }
    c->json = json;
    c->quiet = quiet;
    guint nr = c->files ? g_strv_length(c->files) : 0;
    if (nr < 2)
        complain("diff: %s is missing (see ring1 diff --help)", nr == 0 ? "A" : "B");
    if (nr > 2)
        complain("diff: unexpected argument '%s'", c->files[2]);
    return nr == 2 && confine_choose(how, &c->sandbox);
}

static int compare(const struct diff_command *c, const struct call_log *a, const struct call_log *b)
{
    struct diff *d = diff_new(a, b, &c->options);
    g_autoptr(GString) out = g_string_new(NULL);
    int status = d->ops->len ? STATUS_DIFFER : STATUS_EQUAL;
    if (c->json)
        diff_append_json(d, out);
    else
        diff_append_text(d, out);
    diff_free(d);
    if (!c->quiet && print_out(out->str) != STATUS_OK)
        return STATUS_FAILED;
    return status;
}

static int failed(const GError *error)
{
    complain("diff: %s", error->message);
    return status_of_error(error);
}

/* Both are opened, the sandbox is entered, and then they are looked at. */
static int compare_files(const struct diff_command *c)
{
    g_autoptr(GError) error = NULL;
    struct trace_file *file[2] = {NULL, NULL};
    struct call_log *log[2] = {NULL, NULL};
    int status = STATUS_FAILED;
    bool good =
        (file[0] = trace_file_open(c->files[0], &error)) && (file[1] = trace_file_open(c->files[1], &error));
    unsigned needs =
        good && (trace_file_is_record(file[0]) || trace_file_is_record(file[1])) ? SANDBOX_ENGINE : 0;
    good = good && confine_reader("diff", &c->sandbox, needs);
    for (unsigned i = 0; good && i < 2; i++)
        good = (log[i] = trace_file_read(file[i], &c->read, &error)) != NULL;
    if (good)
        status = compare(c, log[0], log[1]);
    else if (error)
        status = failed(error);
    for (unsigned i = 0; i < 2; i++) {
        call_log_free(log[i]);
        trace_file_free(file[i]);
    }
    confine_tell(&c->sandbox);
    return status;
}

int command_diff(int argc, char **argv)
{
    struct diff_command c = {.options = {.window = 256, .context = 3, .shown = 10},
                             .read = {.domain = XENTRACE_ANY_DOMAIN, .hz = DEFAULT_HZ}};
    int status;
    if (parse(&c, argc, argv, &status))
        status = compare_files(&c);
    g_strfreev(c.files);
    return status;
}
