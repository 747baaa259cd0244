/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * options_run.c - the options of all subcommands but those of traces alone: what each
 * value may be. What it means for an image (does it fit?) is libring1's business.
 */
#include "option_rows.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The last second that shared_info's 32 bits of wallclock can hold. */
#define LAST_DATE_S ((int64_t)UINT32_MAX)
#define NS_PER_S    1000000000

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
    static const struct {
        const char *name;
        enum ring1_mfn_mode mode;
    } drawn[] = {{"shuffle", RING1_MFN_SHUFFLE}, {"sparse", RING1_MFN_SPARSE}};
    for (size_t i = 0; i < G_N_ELEMENTS(drawn); i++) {
        const char *rest = value + strlen(drawn[i].name);
        uint64_t seed = 1;
        if (!g_str_has_prefix(value, drawn[i].name) ||
            (*rest && !(*rest == ':' && parse_number(rest + 1, 0, UINT64_MAX, &seed))))
            continue;
        o->config->mfn_mode = drawn[i].mode;
        o->config->mfn_seed = seed;
        return true;
    }
    return bad_value(
        error, option, value,
        "one of identity, offset, shuffle, sparse, shuffle:SEED, sparse:SEED (a number of 64 bits)");
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

bool sandbox_choice_parse(const char *value, struct sandbox_choice *choice)
{
    static const char *const words[] = {
        [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off", [SANDBOX_REPORT] = "report"};
    choice->given = true;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(value, words[i]))
            continue;
        choice->mode = (enum sandbox_mode)i;
        return true;
    }
    return false;
}

static bool take_sandbox(struct options *o, const char *option, const char *value, GError **error)
{
    if (!sandbox_choice_parse(value, &o->sandbox))
        return bad_value(error, option, value, SANDBOX_VALUES);
    o->config->helpers_unconfined = o->sandbox.mode != SANDBOX_ON;
    return true;
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

static bool take_core(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->core_file);
    o->core_file = g_strdup(value);
    return true;
}

static bool take_symbols(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "FILE[,offset=N]");
    o->symbols = append_word(o->symbols, value);
    return true;
}

static bool take_record(struct options *o, G_GNUC_UNUSED const char *option, const char *value,
                        G_GNUC_UNUSED GError **error)
{
    g_free(o->record_file);
    o->record_file = g_strdup(value);
    return true;
}

static bool take_gdb(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value || strcmp(value, "unix:") == 0)
        return bad_value(error, option, value, "PORT, HOST:PORT or unix:PATH");
    g_free(o->gdb);
    o->gdb = g_strdup(value);
    return true;
}

static bool take_gdb_wait(struct options *o, G_GNUC_UNUSED const char *option,
                          G_GNUC_UNUSED const char *value, G_GNUC_UNUSED GError **error)
{
    o->gdb_wait = true;
    return true;
}

/* A whole number is a call's; with a point or an `s` it is a time. */
static bool take_place(const char *option, const char *value, uint64_t *calls, uint64_t *ns, GError **error)
{
    size_t len = strlen(value);
    bool has_unit = len > 1 && value[len - 1] == 's';
    g_autofree char *seconds = g_strndup(value, has_unit ? len - 1 : len);
    bool ok = has_unit || strchr(value, '.') ? parse_seconds(seconds, ns)
                                             : parse_number(value, 1, UINT64_MAX - 1, calls);
    return ok ||
           bad_value(error, option, value, "the number of a call (1000) or a time in seconds (1.5 or 2s)");
}

static bool take_until(struct options *o, const char *option, const char *value, GError **error)
{
    return take_place(option, value, &o->until_calls, &o->until_ns, error);
}

static bool take_at(struct options *o, const char *option, const char *value, GError **error)
{
    return take_place(option, value, &o->at_calls, &o->at_ns, error);
}

static bool take_save(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->save_file);
    o->save_file = g_strdup(value);
    return true;
}

static bool take_load(struct options *o, const char *option, const char *value, GError **error)
{
    if (!*value)
        return bad_value(error, option, value, "a file's name");
    g_free(o->load_file);
    o->load_file = g_strdup(value);
    return true;
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
    {"memory", 'm', RUNS | OPTION_OF_MACHINE | COMMAND_INFO, "MIB",
     "The guest's memory in MiB, 1 to 4096 (256)", take_memory},
    {"name", 0, RUNS | OPTION_OF_MACHINE, "NAME", "The domain's name in xenstore (ring1)", take_name},
    {"vcpus", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO, "N", "How many vcpus the guest has, 1 to 32 (1)",
     take_vcpus},
    {"maxmem", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO, "MIB",
     "What the guest may grow to by its balloon (as --memory)", take_maxmem},
    {"initrd", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO, "FILE", "Give the guest this file as its initrd",
     take_initrd},
    {"disk", 0, RUNS | OPTION_OF_MACHINE, "FILE[,OPTION...]",
     "Give the guest a disk: an image, a block device or nbd+unix:...; options are ro, snapshot, dev=xvdb",
     take_disk},
    {"net", 0, RUNS | OPTION_OF_MACHINE, "KIND[,OPTION...]",
     "Give the guest a network card: user, or none; options are hostfwd=tcp:127.0.0.1:8080-:80, mac=..., "
     "restrict",
     take_net},
    {"net-dump", 0, RUNS, "FILE", "Write all packets to FILE, as pcap", take_net_dump},
    {"console", 0, RUNS, "FILE|unix:PATH|pty", "Where the guest's console is (stdin and stdout)",
     take_console},
    {"control", 0, RUNS, "unix:PATH", "Let `ring1 ctl` steer the guest by this socket", take_control},
    {"xenstore", 0, RUNS | OPTION_OF_MACHINE, "FILE",
     "Put these nodes into xenstore: lines of PATH = \"VALUE\"", take_xenstore},
    {"append", 0, RUNS | OPTION_OF_MACHINE, "STRING", "The guest's command line", take_append},
    {"abi", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO | COMMAND_HYPERCALLS, "ABI",
     "auto, xen-2.0, xen-3.0 or xen-3.0-pae (auto: what the image asks for)", take_abi},
    {"xen", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO | COMMAND_HYPERCALLS, "VERSION",
     "Answer as this Xen: 2.0, 3.0.0, 3.0.4, 3.2 or 4.17 (the ABI's own)", take_xen},
    {"cpu", 0, RUNS | OPTION_OF_MACHINE, "MODEL",
     "What CPUID shows: a model's name, or list to see them (atom)", take_cpu},
    {"mfn", 0, RUNS | OPTION_OF_MACHINE, "ORDER",
     "Machine frames: identity, offset, shuffle[:SEED] or sparse[:SEED] (shuffle:1)", take_mfn},
    {"time", 0, RUNS | OPTION_OF_MACHINE, "CLOCK",
     "virtual counts what the guest executes, real is the host's (virtual)", take_time},
    {"date", 0, RUNS | OPTION_OF_MACHINE, "DATE",
     "The date at the start: ISO 8601 or now (now at a terminal, else 2020-01-01)", take_date},
    {"input", 0, RUNS, "FILE", "Console input from FILE, all there from the start; stdin is not read",
     take_input},
    {"max-time", 0, RUNS | COMMAND_REPLAY, "SECONDS", "End after this time of the host", take_max_time},
    {"max-guest-time", 0, RUNS, "SECONDS", "End after this time of the guest", take_max_guest_time},
    {"max-hypercalls", 0, RUNS, "N", "End after N hypercalls", take_max_hypercalls},
    {"on-reboot", 0, RUNS, "WHAT", "exit or restart (exit)", take_on_reboot},
    {"on-suspend", 0, RUNS, "WHAT", "exit, resume in other frames, or cancel (exit)", take_on_suspend},
    {"console-io", 0, RUNS | OPTION_OF_MACHINE, "WHAT", "The console_io hypercall: allow or deny (allow)",
     take_console_io},
    {"sandbox", 0, RUNS | COMMAND_REPLAY | COMMAND_INFO, "HOW",
     "Give away what is not needed before the image is looked at: on, off, or report what would be refused "
     "(on)",
     take_sandbox},
    {"segment-limits", 0, RUNS | OPTION_OF_MACHINE, "WHAT",
     "Enforce the limits of segments: strict or off (off)", take_segment_limits},
    {"preempt", 0, RUNS | OPTION_OF_MACHINE, "WHEN",
     "Stop long hypercalls half-way: normal, every or random:SEED (normal)", take_preempt},
    {"record", 0, RUNS, "FILE", "Write down all that enters, for `ring1 replay`", take_record},
    {"gdb", 0, RUNS | COMMAND_REPLAY, "PORT|HOST:PORT|unix:PATH", "Listen there for gdb: `target remote`",
     take_gdb},
    {"gdb-wait", 0, RUNS, NULL, "With --gdb: wait for it before the first instruction", take_gdb_wait},
    {"save", 0, RUNS, "FILE", "Write the guest as it stands to FILE, at the end of the run or --at",
     take_save},
    {"at", 0, RUNS, "CALL|TIME", "Save, and end, after this hypercall (1000) or time (1.5, 2s)", take_at},
    {"load", 0, RUNS, "FILE", "Go on with the guest in FILE, in the place of IMAGE", take_load},
    {"until", 0, COMMAND_REPLAY, "CALL|TIME", "Stop after this hypercall (1000) or time (1.5, 2s)",
     take_until},
    {"info", 0, COMMAND_REPLAY, NULL, "Tell what the record holds", take_info},
    {"hash", 0, COMMAND_REPLAY, NULL, "Tell the hash of memory and registers at the end", take_hash},
    {"trace", 0, COMMAND_RUN | COMMAND_REPLAY, "", "A line for every hypercall, to stderr or to FILE",
     take_trace},
    {"report", 0, RUNS | COMMAND_REPLAY, "FILE", "Write how the run ended to FILE, as JSON", take_report},
    {"core", 0, RUNS | COMMAND_REPLAY, "FILE",
     "Unless the guest ends in order, write FILE for gdb: registers and memory", take_core},
    {"symbols", 0, RUNS | COMMAND_REPLAY, "FILE[,offset=N]",
     "Names of addresses: an ELF file that was not stripped, or a System.map; may be repeated", take_symbols},
    {"raw", 0, RUNS | OPTION_OF_MACHINE | COMMAND_INFO, "ADDRESS",
     "IMAGE is flat 32-bit code, loaded and entered there", take_raw},
    {"json", 0, COMMAND_REPLAY | COMMAND_INFO | COMMAND_HYPERCALLS | COMMAND_TRACE, NULL, "Print JSON",
     take_json},
    {"help", 'h', RUNS | COMMAND_REPLAY | COMMAND_INFO | COMMAND_HYPERCALLS, NULL, "Print this text",
     take_help},
};

const struct option_row *run_option_rows(size_t *nr)
{
    *nr = G_N_ELEMENTS(rows);
    return rows;
}
