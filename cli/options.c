/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * options.c - see options.h. GOption finds the options; each one's value is
 * checked by a function of its row (option_rows.h).
 */
#include "debug/filter.h"
#include "option_rows.h"
#include "xl_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "ring1: %s\n", text);
}

int print_out(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        complain("cannot write to standard output: %s", g_strerror(errno));
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

int status_of_error(const GError *error)
{
    if (error->domain != RING1_ERROR)
        return STATUS_FAILED;
    switch ((enum ring1_error)error->code) {
    case RING1_ERROR_OPTION:
        return STATUS_OPTION;
    case RING1_ERROR_IMAGE:
    case RING1_ERROR_INPUT:
        return STATUS_IMAGE;
    case RING1_ERROR_DIVERGED:
        return STATUS_DIVERGED;
    case RING1_ERROR_CPU:
    case RING1_ERROR_HOST:
    case RING1_ERROR_STATE:
        break;
    }
    return STATUS_FAILED;
}

bool bad_value(GError **error, const char *option, const char *value, const char *wanted)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is not %s", option, value, wanted);
    return false;
}

bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    guint64 n;
    if (!g_ascii_string_to_unsigned(text, base, min, max, &n, NULL))
        return false;
    *number = n;
    return true;
}

static const struct command_row {
    enum subcommand command;
    const char *name;
    const char *usage;
    const char *summary;
} commands[] = {
    {COMMAND_RUN, "run", "IMAGE [-- GUEST COMMAND LINE]",
     "Run a 32-bit Xen PV kernel. The console is the terminal: Ctrl-] leaves.\n"
     "With --load FILE in the place of IMAGE a run goes on where --save left it."},
    {COMMAND_TRACE, "trace", "IMAGE [-- GUEST COMMAND LINE]",
     "Run a 32-bit Xen PV kernel and write each of its hypercalls down."},
    {COMMAND_REPLAY, "replay", "FILE",
     "Repeat a run of `ring1 run --record FILE`, to the byte, without the outside."},
    {COMMAND_INFO, "info", "IMAGE",
     "Tell what an image is and asks for, and the layout it would get; or what a snapshot holds."},
    {COMMAND_HYPERCALLS, "hypercalls", "", "List the hypercalls of a Xen and how each is served."},
};

static const struct command_row *command_row(enum subcommand command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].command == command)
            return &commands[i];
    g_assert_not_reached();
}

/* The row `i` of all, NULL after the last. */
static const struct option_row *option_row(size_t i)
{
    size_t nr_trace;
    const struct option_row *trace = trace_option_rows(&nr_trace);
    if (i < nr_trace)
        return &trace[i];
    i -= nr_trace;
    size_t nr_run;
    const struct option_row *run = run_option_rows(&nr_run);
    return i < nr_run ? &run[i] : NULL;
}

static gboolean take_option(const char *option, const char *value, gpointer data, GError **error)
{
    struct options *o = data;
    const struct option_row *row;
    for (size_t i = 0; (row = option_row(i)); i++) {
        if ((row->commands & o->command) == 0)
            continue;
        bool is_letter = option[0] == '-' && option[1] != '-';
        if (is_letter ? option[1] != row->letter : strcmp(option + strlen("--"), row->name) != 0)
            continue;
        /* An option of a trace asks for one. */
        o->trace |= row->commands == COMMANDS_TRACE;
        if ((row->commands & OPTION_OF_MACHINE) && !o->machine_option)
            o->machine_option = row->name;
        return row->take(o, option, value, error);
    }
    g_assert_not_reached();
}

/* The rows of one command as GOption wants them, closed by an empty entry. */
static GOptionEntry *make_entries(enum subcommand command)
{
    size_t n = 0;
    while (option_row(n))
        n++;
    GOptionEntry *entries = g_new0(GOptionEntry, n + 1);
    const struct option_row *row;
    n = 0;
    for (size_t i = 0; (row = option_row(i)); i++) {
        if ((row->commands & command) == 0)
            continue;
        entries[n++] = (GOptionEntry){
            .long_name = row->name,
            .short_name = row->letter,
            /* FILENAME: bytes as they are, whatever the locale. */
            .flags = row->arg ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
            .arg = G_OPTION_ARG_CALLBACK,
            .arg_data = (gpointer)take_option,
            .description = row->help,
            .arg_description = row->arg && row->arg[0] == '\0' ? "[FILE]" : row->arg,
        };
    }
    return entries;
}

/* Two habits that GOption does not have: the value of --trace, which may be left
 * out, stands only after `=`; and -m64 is -m 64. */
static void mend_words(GPtrArray *words)
{
    for (guint i = 1; i < words->len; i++) {
        char *word = words->pdata[i];
        if (strcmp(word, "--trace") == 0)
            words->pdata[i] = g_strdup("--trace=");
        else if (word[0] == '-' && word[1] == 'm' && word[2] != '\0')
            words->pdata[i] = g_strconcat("--memory=", word + strlen("-m"), NULL);
        else
            continue;
        g_free(word);
    }
}

/* The guest's command line: --append, then the words after `--`. */
void options_join(struct options *o, char **words)
{
    g_autofree char *rest = words ? g_strjoinv(" ", words) : NULL;
    g_free(o->config->cmdline);
    if (o->append && rest && rest[0] != '\0')
        o->config->cmdline = g_strconcat(o->append, " ", rest, NULL);
    else
        o->config->cmdline = g_strdup(o->append ? o->append : rest);
}

/* A pair that is wrong whatever the image asks for. */
static bool check_pair(const struct options *o, const char *name)
{
    enum ring1_abi abi = o->config->abi;
    enum ring1_xen xen = o->config->xen;
    g_autofree char *table = ring1_describe_hypercalls(abi, xen, true, NULL);
    if (!table)
        complain("%s: --abi %s and --xen %s never existed together", name, ring1_abi_name(abi),
                 ring1_xen_name(xen));
    return table != NULL;
}

static bool take_image(struct options *o, const GPtrArray *words, const char *name)
{
    if (o->command == COMMAND_HYPERCALLS) {
        if (words->len > 1)
            complain("%s: unexpected argument '%s'", name, (char *)words->pdata[1]);
        return words->len <= 1;
    }
    if (words->len < 2 && o->load_file)
        return true;
    if (words->len < 2) {
        complain("%s: %s is missing (see ring1 %s --help)", name,
                 o->command == COMMAND_REPLAY ? "FILE" : "IMAGE", name);
        return false;
    }
    if (words->len > 2) {
        complain("%s: unexpected argument '%s'%s", name, (char *)words->pdata[2],
                 o->command & COMMANDS_RUN ? "; the guest's command line goes after --" : "");
        return false;
    }
    if (o->load_file) {
        complain("%s: --load %s: the image is in the snapshot: '%s'", name, o->load_file,
                 (char *)words->pdata[1]);
        return false;
    }
    o->image = g_strdup(words->pdata[1]);
    return true;
}

/* What is not --load's, and --at without --save. */
static bool check_snapshot(const struct options *o, const char *name, bool has_command_line)
{
    const char *what = o->machine_option ? o->machine_option : has_command_line ? "" : NULL;
    if (o->load_file && what)
        complain("%s: --load %s: the machine is as the snapshot has it: --%s cannot be given", name,
                 o->load_file, what);
    else if (!o->save_file && (o->at_ns != NO_LIMIT || o->at_calls != NO_LIMIT))
        complain("%s: --at says when to --save: there is no --save", name);
    else
        return true;
    return false;
}

static void print_command_help(GOptionContext *context, int *status)
{
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
    /* GOption has no words for a value that may be left out. */
    static const char mended[] = "--trace[=FILE]";
    char *trace = strstr(help, "--trace=[FILE]");
    if (trace)
        memcpy(trace, mended, sizeof(mended) - 1);
    *status = print_out(help);
}

bool options_take(GOptionContext *context, const char *name, int *argc, char ***argv)
{
    g_autofree char *program = g_strconcat("ring1 ", name, NULL);
    g_autoptr(GError) error = NULL;
    g_set_prgname(program);
    g_option_context_set_help_enabled(context, FALSE);
    if (g_option_context_parse(context, argc, argv, &error))
        return true;
    bool unknown = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
    g_autofree char *hint = g_strdup_printf(" (see %s --help)", program);
    complain("%s: %s%s", name, error->message, unknown ? hint : "");
    return false;
}

void options_begin(struct options *o, enum subcommand command)
{
    *o = (struct options){.command = command,
                          .name = command_row(command)->name,
                          .config = ring1_config_new(),
                          .max_host_ns = NO_LIMIT,
                          .max_guest_ns = NO_LIMIT,
                          .max_hypercalls = NO_LIMIT,
                          .until_calls = NO_LIMIT,
                          .until_ns = NO_LIMIT,
                          .at_calls = NO_LIMIT,
                          .at_ns = NO_LIMIT,
                          .tracing = {.filter = filter_new(), .text = TRACE_TEXT_DEFAULTS}};
}

GOptionGroup *options_of_machine(struct options *o)
{
    g_autofree GOptionEntry *entries = make_entries(COMMAND_RUN);
    size_t n = 0;
    const struct option_row *row;
    for (size_t i = 0, k = 0; (row = option_row(i)); i++) {
        if (!(row->commands & COMMAND_RUN))
            continue;
        GOptionEntry entry = entries[k++];
        entry.short_name = 0;
        if ((row->commands & OPTION_OF_MACHINE) && strcmp(row->name, "abi") != 0 &&
            strcmp(row->name, "xen") != 0)
            entries[n++] = entry;
    }
    entries[n] = (GOptionEntry){0};
    GOptionGroup *group =
        g_option_group_new("machine", "What the guest's machine is:", "The guest's machine", o, NULL);
    g_option_group_add_entries(group, entries);
    return group;
}

static bool parse_words(struct options *o, enum subcommand command, int argc, char **argv, int *status)
{
    const struct command_row *row = command_row(command);
    options_begin(o, command);
    *status = STATUS_OPTION;

    int end = 1;
    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < end; i++)
        g_ptr_array_add(words, g_strdup(argv[i]));
    mend_words(words);

    g_autofree GOptionEntry *entries = make_entries(command);
    g_autoptr(GOptionContext) context = g_option_context_new(row->usage);
    g_option_context_set_summary(context, row->summary);
    GOptionGroup *group = g_option_group_new(row->name, row->name, row->name, o, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);

    /* GOption takes words out of the array that it is given, not their memory. */
    int nr_words = (int)words->len;
    g_autofree char **parsed = g_new0(char *, words->len + 1);
    memcpy(parsed, words->pdata, words->len * sizeof(*parsed));
    if (!options_take(context, row->name, &nr_words, &parsed))
        return false;
    if (o->help) {
        print_command_help(context, status);
        return false;
    }
    if (o->list_cpus) {
        g_autofree char *cpus = ring1_describe_cpus();
        *status = print_out(cpus);
        return false;
    }
    g_autoptr(GPtrArray) rest = g_ptr_array_new();
    for (int i = 0; i < nr_words; i++)
        g_ptr_array_add(rest, parsed[i]);
    if (end < argc && !(command & COMMANDS_RUN)) {
        complain("%s: there is no command line for a guest here: '--'", row->name);
        return false;
    }
    if (!check_pair(o, row->name) || !take_image(o, rest, row->name) ||
        !check_snapshot(o, row->name, end < argc))
        return false;
    options_join(o, end < argc ? argv + end + 1 : NULL);
    return true;
}

/* IMAGE is a file of xl's: its words come first, so that those given here are heard
 * after them; and what it names is the image. */
static bool parse_xl(struct options *o, int argc, char **argv, int *status)
{
    struct xl_config xl;
    enum subcommand command = o->command;
    bool good = xl_config_read(o->name, o->image, &o->sandbox, &xl, status);
    for (guint i = 0; i < xl.unserved->len; i++)
        complain("%s: %s", o->image, (const char *)g_ptr_array_index(xl.unserved, i));
    if (good) {
        g_autoptr(GPtrArray) words = g_ptr_array_new();
        g_ptr_array_add(words, argv[0]);
        g_ptr_array_extend(words, xl.words, NULL, NULL);
        for (int i = 1; i < argc; i++)
            g_ptr_array_add(words, argv[i]);
        options_clear(o);
        good = parse_words(o, command, (int)words->len, (char **)words->pdata, status);
        if (good) {
            g_free(o->image);
            o->image = g_strdup(xl.kernel);
        }
    }
    xl_config_clear(&xl);
    return good;
}

bool options_parse(struct options *o, enum subcommand command, int argc, char **argv, int *status)
{
    if (!parse_words(o, command, argc, argv, status))
        return false;
    return !o->image || !(command & COMMANDS_RUN) || !xl_config_is(o->image) ||
           parse_xl(o, argc, argv, status);
}

void options_clear(struct options *o)
{
    ring1_config_free(o->config);
    g_free(o->image);
    g_free(o->input);
    g_free(o->trace_file);
    g_free(o->console);
    g_free(o->tracing.perfetto);
    g_free(o->tracing.xentrace);
    g_free(o->tracing.hc);
    g_free(o->control);
    g_free(o->core_file);
    g_free(o->report_file);
    g_strfreev(o->symbols);
    g_free(o->net_dump);
    g_free(o->record_file);
    g_free(o->gdb);
    g_free(o->save_file);
    g_free(o->load_file);
    g_free(o->append);
    filter_free(o->tracing.filter);
    *o = (struct options){0};
}
