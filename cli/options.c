/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * options.c - see options.h. GOption finds the options; each one's value is
 * checked by a function of the table below. What a value means for an image (does
 * it fit?) is libring1's business.
 */
#include "debug/filter.h"
#include "option_rows.h"
#include "xl_config.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The last second that shared_info's 32 bits of wallclock can hold. */
#define LAST_DATE_S ((int64_t)UINT32_MAX)
#define NS_PER_S    1000000000

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

/* Seconds with decimals, more than none and at most a billion, as ns. */
static bool parse_seconds(const char *text, uint64_t *ns)
{
    char *end;
    errno = 0;
    double s = g_ascii_strtod(text, &end);
    if (!g_ascii_isdigit(text[0]) || *end != '\0' || errno != 0 || !isfinite(s) || s <= 0 || s > 1e9)
        return false;
    *ns = MAX((uint64_t)(s * NS_PER_S), 1);
    return true;
}

static bool take_vcpus(struct options *o, const char *option, const char *value, GError **error)
{
    uint64_t vcpus;
    if (!parse_number(value, 1, 32, &vcpus))
        return bad_value(error, option, value, "a number of vcpus from 1 to 32");
    o->config->vcpus = (unsigned)vcpus;
    return true;
}

static bool take_memory(struct options *o, const char *option, const char *value, GError **error)
{
    uint64_t mib;
    if (!parse_number(value, 1, 4096, &mib))
        return bad_value(error, option, value, "a number of MiB from 1 to 4096");
    o->config->memory_mib = (unsigned)mib;
    return true;
}

static bool take_maxmem(struct options *o, const char *option, const char *value, GError **error)
{
    uint64_t mib;
    if (!parse_number(value, 1, 4096, &mib))
        return bad_value(error, option, value, "a number of MiB from 1 to 4096");
    o->config->maxmem_mib = (unsigned)mib;
    return true;
}

static bool take_initrd(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->config->initrd);
    o->config->initrd = g_strdup(value);
    return true;
}

static bool take_name(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value || strlen(value) > 255)
        return bad_value(error, option, value, "a name of 1 to 255 bytes");
    g_free(o->config->name);
    o->config->name = g_strdup(value);
    return true;
}

static bool take_xenstore(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->config->xenstore);
    o->config->xenstore = g_strdup(value);
    return true;
}

static bool take_console(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value || strcmp(value, "unix:") == 0)
        return bad_value(error, option, value, "a file's name, unix:PATH or pty");
    g_free(o->console);
    o->console = g_strdup(value);
    return true;
}

static bool take_control(struct options *o, const char *option, const char *value, GError **error)
{
    if (!g_str_has_prefix(value, "unix:") || !value[strlen("unix:")])
        return bad_value(error, option, value, "unix:PATH");
    g_free(o->console);
    g_free(o->control);
    o->control = g_strdup(value + strlen("unix:"));
    return true;
}

static char **append_word(char **list, const char *word)
{
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    if (list)
        g_strv_builder_addv(b, (const char **)list);
    g_strv_builder_add(b, word);
    g_strfreev(list);
    return g_strv_builder_end(b);
}

/* The library looks at what it says: nothing is opened yet. */
static bool take_disk(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "FILE[,ro][,snapshot][,dev=xvdb]");
    o->config->disks = append_word(o->config->disks, value);
    return true;
}

static bool take_net(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "user[,hostfwd=tcp:127.0.0.1:8080-:80][,mac=..][,restrict]");
    o->config->nets = append_word(o->config->nets, value);
    return true;
}

static bool take_net_dump(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->net_dump);
    o->net_dump = g_strdup(value);
    return true;
}

static bool take_append(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    g_free(o->append);
    o->append = g_strdup(value);
    return true;
}

static bool take_abi(struct options *o, const char *option, const char *value, GError **error)
{
    return ring1_abi_from_name(value, &o->config->abi) ||
           bad_value(error, option, value, "one of auto, xen-2.0, xen-3.0, xen-3.0-pae");
}

static bool take_xen(struct options *o, const char *option, const char *value, GError **error)
{
    return ring1_xen_from_name(value, &o->config->xen) ||
           bad_value(error, option, value, "one of auto, 2.0, 3.0.0, 3.0.4, 3.2, 4.17");
}

static bool take_cpu(struct options *o, const char *option, const char *value, GError **error)
{
    if (strcmp(value, "list") == 0) {
        o->list_cpus = true;
        return true;
    }
    if (!ring1_cpu_exists(value))
        return bad_value(error, option, value, "a name that --cpu list shows");
    g_free(o->config->cpu);
    o->config->cpu = g_strdup(value);
    return true;
}

static bool take_mfn(struct options *o, const char *option, const char *value, GError **error)
{
    if (strcmp(value, "identity") == 0) {
        o->config->mfn_mode = RING1_MFN_IDENTITY;
        return true;
    }
    if (strcmp(value, "offset") == 0) {
        o->config->mfn_mode = RING1_MFN_OFFSET;
        return true;
    }
    uint64_t seed = 1;
    if (strcmp(value, "shuffle") != 0 && !(g_str_has_prefix(value, "shuffle:") &&
                                           parse_number(value + strlen("shuffle:"), 0, UINT64_MAX, &seed)))
        return bad_value(error, option, value,
                         "one of identity, offset, shuffle, shuffle:SEED (a number of 64 bits)");
    o->config->mfn_mode = RING1_MFN_SHUFFLE;
    o->config->mfn_seed = seed;
    return true;
}

static bool take_time(struct options *o, const char *option, const char *value, GError **error)
{
    if (strcmp(value, "virtual") == 0)
        o->config->time = RING1_TIME_VIRTUAL;
    else if (strcmp(value, "real") == 0)
        o->config->time = RING1_TIME_REAL;
    else
        return bad_value(error, option, value, "virtual or real");
    return true;
}

static bool take_date(struct options *o, const char *option, const char *value, GError **error)
{
    o->date_given = true;
    o->date_now = strcmp(value, "now") == 0;
    if (o->date_now)
        return true;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *midnight = g_strconcat(value, "T00:00:00Z", NULL);
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(value, utc);
    if (!date)
        date = g_date_time_new_from_iso8601(midnight, utc);
    if (!date)
        return bad_value(error, option, value, "now, or a date of ISO 8601 like 2020-01-01T00:00:00Z");
    int64_t s = g_date_time_to_unix(date);
    if (s < 0 || s > LAST_DATE_S)
        return bad_value(error, option, value, "between 1970-01-01 and 2106-02-07T06:28:15Z, as Xen's clock");
    o->config->date_ns = s * NS_PER_S + (int64_t)g_date_time_get_microsecond(date) * 1000;
    return true;
}

static bool take_input(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                       G_GNUC_UNUSED GError **error)
{
    g_free(o->input);
    o->input = g_strdup(value);
    return true;
}

static bool take_max_time(struct options *o, const char *option, const char *value, GError **error)
{
    return parse_seconds(value, &o->max_host_ns) ||
           bad_value(error, option, value, "a number of seconds above 0 and up to 1000000000");
}

static bool take_max_guest_time(struct options *o, const char *option, const char *value, GError **error)
{
    return parse_seconds(value, &o->max_guest_ns) ||
           bad_value(error, option, value, "a number of seconds above 0 and up to 1000000000");
}

static bool take_max_hypercalls(struct options *o, const char *option, const char *value, GError **error)
{
    return parse_number(value, 1, UINT64_MAX - 1, &o->max_hypercalls) ||
           bad_value(error, option, value, "a number of hypercalls from 1");
}

static bool take_on_reboot(struct options *o, const char *option, const char *value, GError **error)
{
    o->restart = strcmp(value, "restart") == 0;
    return o->restart || strcmp(value, "exit") == 0 || bad_value(error, option, value, "exit or restart");
}

static bool take_on_suspend(struct options *o, const char *option, const char *value, GError **error)
{
    static const char *const words[] = {
        [SUSPEND_EXIT] = "exit", [SUSPEND_RESUME] = "resume", [SUSPEND_CANCEL] = "cancel"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(value, words[i]))
            continue;
        o->on_suspend = (enum on_suspend)i;
        return true;
    }
    return bad_value(error, option, value, "exit, resume or cancel");
}

static bool take_console_io(struct options *o, const char *option, const char *value, GError **error)
{
    o->config->console_io = strcmp(value, "allow") == 0;
    return o->config->console_io || strcmp(value, "deny") == 0 ||
           bad_value(error, option, value, "allow or deny");
}

static bool take_segment_limits(struct options *o, const char *option, const char *value, GError **error)
{
    o->config->segment_limits = strcmp(value, "strict") == 0;
    return o->config->segment_limits || strcmp(value, "off") == 0 ||
           bad_value(error, option, value, "strict or off");
}

static bool take_preempt(struct options *o, const char *option, const char *value, GError **error)
{
    uint64_t *seed = &o->config->preempt_seed;
    if (strcmp(value, "normal") == 0)
        o->config->preempt = RING1_PREEMPT_NORMAL;
    else if (strcmp(value, "every") == 0)
        o->config->preempt = RING1_PREEMPT_EVERY;
    else if (g_str_has_prefix(value, "random:") &&
             parse_number(value + strlen("random:"), 0, UINT64_MAX, seed))
        o->config->preempt = RING1_PREEMPT_RANDOM;
    else
        return bad_value(error, option, value, "normal, every, or random:SEED (a number of 64 bits)");
    return true;
}

static bool take_trace(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                       G_GNUC_UNUSED GError **error)
{
    o->trace = true;
    g_free(o->trace_file);
    o->trace_file = value[0] != '\0' ? g_strdup(value) : NULL;
    return true;
}

static bool take_report(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    g_free(o->report_file);
    o->report_file = g_strdup(value);
    return true;
}

static bool take_record(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    g_free(o->record_file);
    o->record_file = g_strdup(value);
    return true;
}

/* A whole number is a call's; with a point or an `s` it is a time. */
static bool take_until(struct options *o, const char *option, const char *value, GError **error)
{
    size_t len = strlen(value);
    bool has_unit = len > 1 && value[len - 1] == 's';
    g_autofree char *seconds = g_strndup(value, has_unit ? len - 1 : len);
    bool ok = has_unit || strchr(value, '.') ? parse_seconds(seconds, &o->until_ns)
                                             : parse_number(value, 1, UINT64_MAX - 1, &o->until_calls);
    return ok ||
           bad_value(error, option, value, "the number of a call (1000) or a time in seconds (1.5 or 2s)");
}

static bool take_info(struct options *o, G_GNUC_UNUSED const char *option, G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    o->info = true;
    return true;
}

static bool take_hash(struct options *o, G_GNUC_UNUSED const char *option, G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    o->hash = true;
    return true;
}

static bool take_raw(struct options *o, const char *option, const char *value, GError **error)
{
    uint64_t address;
    if (!parse_number(value, 0, UINT32_MAX, &address))
        return bad_value(error, option, value, "an address of 32 bits");
    o->config->raw_address = (int64_t)address;
    return true;
}

static bool take_json(struct options *o, G_GNUC_UNUSED const char *option, G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    o->json = true;
    return true;
}

static bool take_help(struct options *o, G_GNUC_UNUSED const char *option, G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    o->help = true;
    return true;
}

#define RUNS COMMANDS_RUN

/* Every option of every subcommand but those of traces alone. */
static const struct option_row rows[] = {
    {"memory", 'm', RUNS | COMMAND_INFO, "MIB", "The guest's memory in MiB, 1 to 4096 (256)", take_memory},
    {"name", 0, RUNS, "NAME", "The domain's name in xenstore (ring1)", take_name},
    {"vcpus", 0, RUNS | COMMAND_INFO, "N", "How many vcpus the guest has, 1 to 32 (1)", take_vcpus},
    {"maxmem", 0, RUNS | COMMAND_INFO, "MIB", "What the guest may grow to by its balloon (as --memory)",
     take_maxmem},
    {"initrd", 0, RUNS | COMMAND_INFO, "FILE", "Give the guest this file as its initrd", take_initrd},
    {"disk", 0, RUNS, "FILE[,OPTION...]",
     "Give the guest a disk: an image, a block device or nbd+unix:...; options are ro, snapshot, dev=xvdb",
     take_disk},
    {"net", 0, RUNS, "KIND[,OPTION...]",
     "Give the guest a network card: user, or none; options are hostfwd=tcp:127.0.0.1:8080-:80, mac=..., "
     "restrict",
     take_net},
    {"net-dump", 0, RUNS, "FILE", "Write all packets to FILE, as pcap", take_net_dump},
    {"console", 0, RUNS, "FILE|unix:PATH|pty", "Where the guest's console is (stdin and stdout)",
     take_console},
    {"control", 0, RUNS, "unix:PATH", "Let `ring1 ctl` steer the guest by this socket", take_control},
    {"xenstore", 0, RUNS, "FILE", "Put these nodes into xenstore: lines of PATH = \"VALUE\"", take_xenstore},
    {"append", 0, RUNS, "STRING", "The guest's command line", take_append},
    {"abi", 0, RUNS | COMMAND_INFO | COMMAND_HYPERCALLS, "ABI",
     "auto, xen-2.0, xen-3.0 or xen-3.0-pae (auto: what the image asks for)", take_abi},
    {"xen", 0, RUNS | COMMAND_INFO | COMMAND_HYPERCALLS, "VERSION",
     "Answer as this Xen: 2.0, 3.0.0, 3.0.4, 3.2 or 4.17 (the ABI's own)", take_xen},
    {"cpu", 0, RUNS, "MODEL", "What CPUID shows: a model's name, or list to see them (atom)", take_cpu},
    {"mfn", 0, RUNS, "ORDER", "Machine frames: identity, offset or shuffle[:SEED] (shuffle:1)", take_mfn},
    {"time", 0, RUNS, "CLOCK", "virtual counts what the guest executes, real is the host's (virtual)",
     take_time},
    {"date", 0, RUNS, "DATE", "The date at the start: ISO 8601 or now (now at a terminal, else 2020-01-01)",
     take_date},
    {"input", 0, RUNS, "FILE", "Console input from FILE, all there from the start; stdin is not read",
     take_input},
    {"max-time", 0, RUNS | COMMAND_REPLAY, "SECONDS", "End after this time of the host", take_max_time},
    {"max-guest-time", 0, RUNS, "SECONDS", "End after this time of the guest", take_max_guest_time},
    {"max-hypercalls", 0, RUNS, "N", "End after N hypercalls", take_max_hypercalls},
    {"on-reboot", 0, RUNS, "WHAT", "exit or restart (exit)", take_on_reboot},
    {"on-suspend", 0, RUNS, "WHAT", "exit, resume in other frames, or cancel (exit)", take_on_suspend},
    {"console-io", 0, RUNS, "WHAT", "The console_io hypercall: allow or deny (allow)", take_console_io},
    {"segment-limits", 0, RUNS, "WHAT", "Enforce the limits of segments: strict or off (off)",
     take_segment_limits},
    {"preempt", 0, RUNS, "WHEN", "Stop long hypercalls half-way: normal, every or random:SEED (normal)",
     take_preempt},
    {"record", 0, RUNS, "FILE", "Write down all that enters, for `ring1 replay`", take_record},
    {"until", 0, COMMAND_REPLAY, "CALL|TIME", "Stop after this hypercall (1000) or time (1.5, 2s)",
     take_until},
    {"info", 0, COMMAND_REPLAY, NULL, "Tell what the record holds", take_info},
    {"hash", 0, COMMAND_REPLAY, NULL, "Tell the hash of memory and registers at the end", take_hash},
    {"trace", 0, COMMAND_RUN | COMMAND_REPLAY, "", "A line for every hypercall, to stderr or to FILE",
     take_trace},
    {"report", 0, RUNS | COMMAND_REPLAY, "FILE", "Write how the run ended to FILE, as JSON", take_report},
    {"raw", 0, RUNS | COMMAND_INFO, "ADDRESS", "IMAGE is flat 32-bit code, loaded and entered there",
     take_raw},
    {"json", 0, COMMAND_REPLAY | COMMAND_INFO | COMMAND_HYPERCALLS | COMMAND_TRACE, NULL, "Print JSON",
     take_json},
    {"help", 'h', RUNS | COMMAND_REPLAY | COMMAND_INFO | COMMAND_HYPERCALLS, NULL, "Print this text",
     take_help},
};

static const struct command_row {
    enum subcommand command;
    const char *name;
    const char *usage;
    const char *summary;
} commands[] = {
    {COMMAND_RUN, "run", "IMAGE [-- GUEST COMMAND LINE]",
     "Run a 32-bit Xen PV kernel. The console is the terminal: Ctrl-] leaves."},
    {COMMAND_TRACE, "trace", "IMAGE [-- GUEST COMMAND LINE]",
     "Run a 32-bit Xen PV kernel and write each of its hypercalls down."},
    {COMMAND_REPLAY, "replay", "FILE",
     "Repeat a run of `ring1 run --record FILE`, to the byte, without the outside."},
    {COMMAND_INFO, "info", "IMAGE", "Tell what an image is and asks for, and the layout it would get."},
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
    return i < G_N_ELEMENTS(rows) ? &rows[i] : NULL;
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
static void join_command_line(struct options *o, char **words)
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
    o->image = g_strdup(words->pdata[1]);
    return true;
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

static bool parse_words(struct options *o, enum subcommand command, int argc, char **argv, int *status)
{
    const struct command_row *row = command_row(command);
    *o = (struct options){.command = command,
                          .name = row->name,
                          .config = ring1_config_new(),
                          .max_host_ns = NO_LIMIT,
                          .max_guest_ns = NO_LIMIT,
                          .max_hypercalls = NO_LIMIT,
                          .until_calls = NO_LIMIT,
                          .until_ns = NO_LIMIT,
                          .tracing = {.filter = filter_new(), .text = TRACE_TEXT_DEFAULTS}};
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
    g_autofree char *program = g_strconcat("ring1 ", row->name, NULL);
    g_set_prgname(program);
    g_option_context_set_summary(context, row->summary);
    g_option_context_set_help_enabled(context, FALSE);
    GOptionGroup *group = g_option_group_new(row->name, row->name, row->name, o, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);

    /* GOption takes words out of the array that it is given, not their memory. */
    int nr_words = (int)words->len;
    g_autofree char **parsed = g_new0(char *, words->len + 1);
    memcpy(parsed, words->pdata, words->len * sizeof(*parsed));
    g_autoptr(GError) error = NULL;
    if (!g_option_context_parse(context, &nr_words, &parsed, &error)) {
        bool unknown = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
        g_autofree char *hint = g_strdup_printf(" (see ring1 %s --help)", row->name);
        complain("%s: %s%s", row->name, error->message, unknown ? hint : "");
        return false;
    }
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
    if (!check_pair(o, row->name) || !take_image(o, rest, row->name))
        return false;
    join_command_line(o, end < argc ? argv + end + 1 : NULL);
    return true;
}

/* IMAGE is a file of xl's: its words come first, so that those given here are heard
 * after them; and what it names is the image. */
static bool parse_xl(struct options *o, int argc, char **argv, int *status)
{
    struct xl_config xl;
    enum subcommand command = o->command;
    g_autoptr(GError) error = NULL;
    bool good = xl_config_read(o->image, &xl, &error);
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
    } else {
        complain("%s", error->message);
        *status = status_of_error(error);
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
    g_free(o->report_file);
    g_free(o->net_dump);
    g_free(o->record_file);
    g_free(o->append);
    filter_free(o->tracing.filter);
    *o = (struct options){0};
}
