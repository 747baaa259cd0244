/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_guest.c - `ring1 fuzz --guest`: a guest runs to where its work on a buffer begins, and
 * from there again and again with other bytes. Here are the options, what they mean for an
 * image, and one run that can be looked at. All of it runs in children in the sandbox, each
 * of which comes to that place by itself; but for one run, for which this process enters it.
 */
#include "fuzz_command.h"
#include "snapshot_look.h"
#include "tracing.h"

#include "debug/seq_capture.h"
#include "fuzz/guest.h"

#include <errno.h>
#include <inttypes.h>
#include <ring1/host.h>
#include <ring1/snapshot.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_S      1000000000.0
#define BOOT_S        60.0 /* of the guest's time, to come to its start */
#define INPUT_DEFAULT 4096
#define INPUT_LIMIT   (1 << 20)

#define NO_SEQUENCE                                                                                          \
    "There is no sequence (.hc) of it: one stands alone, from the guest's first call on, and this\n"         \
    "run began with --load. `--input FILE --trace -` shows its calls.\n"

/* What a guest names who knows of this (ring1/fuzz_guest.h). */
#define SYMBOL_START  "ring1_fuzz_start"
#define SYMBOL_DONE   "ring1_fuzz_done"
#define SYMBOL_CRASH  "ring1_fuzz_crash"
#define SYMBOL_INPUT  "ring1_fuzz_input"
#define SYMBOL_LENGTH "ring1_fuzz_length"

GOptionGroup *fuzz_guest_group(struct fuzz_guest_asked *a)
{
    const GOptionEntry entries[] = {
        {"guest", 0, 0, G_OPTION_ARG_FILENAME, &a->image, "Fuzz this kernel, and what it calls", "IMAGE"},
        {"buffer", 0, 0, G_OPTION_ARG_STRING, &a->buffer, "Where inputs go (" SYMBOL_INPUT ")",
         "PLACE[:SIZE]"},
        {"length", 0, 0, G_OPTION_ARG_STRING, &a->length,
         "32 bits that are told how many bytes (" SYMBOL_LENGTH ", if there is one)", "PLACE"},
        {"from", 0, 0, G_OPTION_ARG_STRING, &a->from,
         "Where each run begins: a symbol, an address, or call:N (" SYMBOL_START ")", "PLACE"},
        {"until", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->until,
         "Where a run is over (" SYMBOL_DONE ", or where --from returns to); may be repeated", "PLACE"},
        {"crash", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a->crash,
         "A run that comes here has failed (" SYMBOL_CRASH ", if there is one); may be repeated", "PLACE"},
        {"skip", 0, 0, G_OPTION_ARG_INT, &a->skip, "Begin when --from is passed for the time after N times",
         "N"},
        {"budget", 0, 0, G_OPTION_ARG_DOUBLE, &a->budget, "A run of more guest time hangs (0.05)", "S"},
        {"max-guest-time", 0, 0, G_OPTION_ARG_DOUBLE, &a->boot, "For coming to --from (60)", "S"},
        {"max-input", 0, 0, G_OPTION_ARG_INT, &a->max, "Bytes of an input (the buffer's, at most 4096)", "N"},
        {"words", 0, 0, G_OPTION_ARG_FILENAME, &a->dictionary,
         "Words of inputs, a dictionary as AFL++ has them", "FILE"},
        {"host-only", 0, 0, G_OPTION_ARG_NONE, &a->host_only, "Crashes and hangs of the guest are no finds",
         NULL},
        {"load", 0, 0, G_OPTION_ARG_FILENAME, &a->load, "Begin with what `ring1 run --save` wrote", "FILE"},
        {"symbols", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->symbols, "Names of addresses; may be repeated",
         "FILE[,offset=N]"},
        {"input", 0, 0, G_OPTION_ARG_FILENAME, &a->input, "Run this input, tell how it ends, and exit",
         "FILE"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &a->trace,
         "With --input: its calls, as `ring1 trace` writes them", "FILE"},
        {"hc", 0, 0, G_OPTION_ARG_FILENAME, &a->hc,
         "With --input: all calls from the guest's first on, as a sequence", "FILE"},
        {0},
    };
    GOptionGroup *group = g_option_group_new("guest", "Of a guest:", "Options for a guest", a, NULL);
    g_option_group_add_entries(group, entries);
    return group;
}

void fuzz_guest_clear(struct fuzz_guest_asked *a)
{
    char *const texts[] = {a->image, a->load,  a->buffer, a->length,    a->from,
                           a->input, a->trace, a->hc,     a->dictionary};
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_strfreev(a->until);
    g_strfreev(a->crash);
    g_strfreev(a->symbols);
}

/* --- the machine ------------------------------------------------------------------------------- */

/* A machine at its start. */
struct guest {
    const struct fuzz_asked *asked;
    ring1_host *host; /* what was opened for its machines: who is in the sandbox opens nothing */
    struct snapshot_look load;
    int found;  /* where a child leaves how large the buffer is */
    int status; /* when there is none */
    ring1_machine *m;
    ring1_target *target;
    struct ring1_target_setup setup;
};

static bool bad_option(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool bad_option(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, text);
    return false;
}

static bool take_pair(const struct fuzz_asked *a, ring1_config *config, GError **error)
{
    if (a->abi && !ring1_abi_from_name(a->abi, &config->abi))
        return bad_option(error, "--abi: '%s' is not xen-2.0, xen-3.0 or xen-3.0-pae", a->abi);
    if (a->xen && !ring1_xen_from_name(a->xen, &config->xen))
        return bad_option(error, "--xen: '%s' is not 2.0, 3.0.0, 3.0.4, 3.2 or 4.17", a->xen);
    return true;
}

/* Open what it wants. False: said so. */
static bool open_outside(struct guest *g)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    g_autoptr(GError) error = NULL;
    ring1_config config = *g->asked->machine.config;
    bool good = take_pair(g->asked, g->asked->machine.config, &error);
    if (good && a->load) {
        if (!snapshot_look(&g->load, "fuzz", a->load, &g->asked->sandbox, &g->status))
            return false;
        config.initrd = config.xenstore = NULL; /* it has the files in it */
        config.disks = g->load.disks;
        config.nets = g->load.nets;
    }
    good = good && ring1_host_fetch(g->host, &config, a->load ? NULL : a->image, &error);
    for (char **s = a->symbols; good && s && *s; s++)
        good = ring1_host_fetch_symbols(g->host, *s, &error);
    if (good)
        return true;
    complain("fuzz: %s", error->message);
    g->status = status_of_error(error);
    return false;
}

static ring1_machine *load_machine(struct guest *g, GError **error)
{
    g_autoptr(ring1_saved) saved = ring1_saved_open_fd(g->load.fd, g->asked->guest.load, error);
    g->load.fd = -1;
    return saved ? ring1_saved_make(saved, g->asked->machine.config, error) : NULL;
}

static bool make_machine(struct guest *g, GError **error)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    ring1_config *config = g->asked->machine.config;
    config->host = g->host;
    g->m = a->load ? load_machine(g, error) : ring1_machine_new_from_file(config, a->image, error);
    for (char **s = a->symbols; g->m && s && *s; s++)
        if (!ring1_machine_add_symbols(g->m, *s, error))
            return false;
    return g->m != NULL;
}

/* --- places ------------------------------------------------------------------------------------ */

static bool parse_u32(const char *text, uint32_t *number)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    guint64 n;
    if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, UINT32_MAX, &n, NULL))
        return false;
    *number = (uint32_t)n;
    return true;
}

/* SYMBOL, SYMBOL+NUMBER or NUMBER. */
static bool find_place(const struct guest *g, const char *option, const char *text, uint32_t *address,
                       uint32_t *size, GError **error)
{
    uint32_t offset = 0;
    *size = 0;
    if (parse_u32(text, address))
        return true;
    const char *plus = strrchr(text, '+');
    g_autofree char *name = g_strndup(text, plus ? (gsize)(plus - text) : strlen(text));
    if ((plus && !parse_u32(plus + 1, &offset)) || !ring1_target_symbol(g->m, name, address, size))
        return bad_option(error, "%s: '%s' is no symbol of the image, and no address", option, text);
    *address += offset;
    *size = *size > offset ? *size - offset : 0;
    return true;
}

static bool find_buffer(struct guest *g, GError **error)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    const char *text = a->buffer ? a->buffer : SYMBOL_INPUT, *colon = strrchr(text, ':');
    g_autofree char *place = g_strndup(text, colon ? (gsize)(colon - text) : strlen(text));
    uint32_t size, unused;
    if (!find_place(g, "--buffer", place, &g->setup.buffer, &size, error))
        return false;
    if (colon && !parse_u32(colon + 1, &size))
        return bad_option(error, "--buffer: '%s' is no number of bytes", colon + 1);
    if (size == 0)
        return bad_option(error, "--buffer: %s does not say how large it is: %s:SIZE", text, place);
    g->setup.size = a->max ? (uint32_t)a->max : MIN(size, INPUT_DEFAULT);
    if (a->max < 0 || g->setup.size > MIN(size, INPUT_LIMIT))
        return bad_option(error, "--max-input: the buffer has %u bytes", size);
    if (a->length)
        return find_place(g, "--length", a->length, &g->setup.length, &unused, error);
    if (!ring1_target_symbol(g->m, SYMBOL_LENGTH, &g->setup.length, &unused))
        g->setup.length = 0;
    return true;
}

static bool find_list(const struct guest *g, const char *option, char **list, uint32_t *address, unsigned *nr,
                      GError **error)
{
    uint32_t unused;
    for (; list && *list; list++) {
        if (*nr == RING1_TARGET_ADDRESSES)
            return bad_option(error, "%s: there are more than %u", option, RING1_TARGET_ADDRESSES);
        if (!find_place(g, option, *list, &address[(*nr)++], &unused, error))
            return false;
    }
    return true;
}

/* Where runs end, unless it is where --from returns to. */
static bool find_ends(struct guest *g, GError **error)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    struct ring1_target_setup *s = &g->setup;
    uint32_t size;
    if (!find_list(g, "--until", a->until, s->until, &s->nr_until, error) ||
        !find_list(g, "--crash", a->crash, s->crash, &s->nr_crash, error))
        return false;
    if (!a->until && !a->from && ring1_target_symbol(g->m, SYMBOL_DONE, &s->until[0], &size))
        s->nr_until = 1;
    if (!a->crash && ring1_target_symbol(g->m, SYMBOL_CRASH, &s->crash[0], &size))
        s->nr_crash = 1;
    return true;
}

static bool go_to_call(struct guest *g, const char *text, const struct ring1_budget *limits, GError **error)
{
    struct ring1_budget budget = *limits;
    struct ring1_stop stop;
    uint32_t calls;
    if (!parse_u32(text, &calls) || calls == 0)
        return bad_option(error, "--from: call:%s is no call", text);
    budget.hypercalls = calls;
    if (!ring1_machine_run(g->m, &budget, &stop, error))
        return false;
    if (stop.reason == RING1_STOP_BUDGET && ring1_machine_hypercalls(g->m) >= calls)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "--from: the guest made %" PRIu64 " calls, and ended",
                ring1_machine_hypercalls(g->m));
    return false;
}

/* To --from; and if nothing says where a run is over, it is where that function returns to. */
static bool go_to_start(struct guest *g, GError **error)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    const char *from = a->from ? a->from : SYMBOL_START;
    uint32_t address, size;
    unsigned which;
    budget.until_ns = ring1_machine_now(g->m) + (uint64_t)((a->boot > 0 ? a->boot : BOOT_S) * NS_PER_S);
    if (g_str_has_prefix(from, "call:"))
        return go_to_call(g, from + strlen("call:"), &budget, error);
    if (!find_place(g, "--from", from, &address, &size, error))
        return false;
    for (int i = 0; i <= a->skip; i++)
        if (!ring1_target_goto(g->m, &address, 1, &budget, &which, error)) {
            g_prefix_error(error, "--from %s: ", from);
            return false;
        }
    if (g->setup.nr_until == 0 && !ring1_target_return_address(g->m, &g->setup.until[g->setup.nr_until++]))
        return bad_option(error, "--until: the guest's stack cannot be read: say where a run is over");
    return true;
}

static bool guest_start(struct guest *g, GError **error)
{
    g->setup.budget_ns = (uint64_t)(g->asked->guest.budget * NS_PER_S);
    return find_buffer(g, error) && find_ends(g, error) && go_to_start(g, error) &&
           (g->target = ring1_target_new(g->m, &g->setup, error));
}

static void guest_clear(struct guest *g)
{
    ring1_target_free(g->target);
    ring1_machine_free(g->m);
}

/* --- the calls of an input -------------------------------------------------------------------------- */

static void write_lines(void *user, const char *text, size_t len)
{
    const int *fd = user;
    while (len > 0) {
        ssize_t n = write(*fd, text, len);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

/* Once more from the guest's first instruction: a sequence stands alone. */
static void tell_calls(void *user, const void *bytes, size_t len, int fd)
{
    const struct guest *first = user;
    struct guest g = {.asked = first->asked, .host = first->host};
    struct ring1_target_end end;
    struct capture *capture = seq_capture_new(write_lines, &fd);
    struct trace *trace = trace_new();
    trace_add(trace, &seq_capture_consumer, capture);
    if (!g.asked->guest.load && make_machine(&g, NULL)) {
        seq_capture_start(capture, g.m, g.asked->guest.image);
        trace_attach(trace, g.m);
        if (guest_start(&g, NULL)) {
            ring1_target_set_quiet(g.target, false);
            ring1_target_put(g.target, bytes, (uint32_t)len);
            ring1_target_run(g.target, &end, NULL);
        }
        trace_end(trace);
    }
    guest_clear(&g);
    trace_free(trace);
    seq_capture_free(capture);
}

/* --- one run ------------------------------------------------------------------------------------ */

static void show_console(void *user, const char *bytes, size_t len)
{
    (void)user;
    fwrite(bytes, 1, len, stdout);
}

static int tell_end(struct guest *g, const char *reason, const struct ring1_target_end *end)
{
    g_autofree char *how = ring1_target_describe(g->target);
    g_autofree char *text =
        g_strdup_printf("%s\n%" PRIu64 " hypercalls, %" PRIu64 " ns of the guest's time\n",
                        reason ? reason : how, end->hypercalls, end->ns);
    int status = print_out(text);
    return status == STATUS_OK && reason ? STATUS_DIFFERS : status;
}

static FILE *open_sequence(const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        complain("--hc: %s: %s", path, g_strerror(errno));
    return f;
}

/* First as it is, so that it can be looked at; then with all checks. */
static int run_opened(struct guest *g, struct fuzz_target *t, GBytes *input, struct tracing *tracing,
                      FILE *sequence)
{
    static const struct ring1_console console = {.write = show_console};
    g_autoptr(GError) error = NULL;
    struct ring1_target_end end;
    if (!confine_reader("fuzz", &g->asked->sandbox, SANDBOX_ENGINE) || !t->ops->ready(t))
        return g->status;
    gsize len = MIN(g_bytes_get_size(input), g->setup.size);
    const char *bytes = g_bytes_get_data(input, NULL);
    ring1_machine_set_console(g->m, &console, NULL);
    ring1_target_set_quiet(g->target, false);
    tracing_attach(tracing, g->m, g->asked->guest.image);
    ring1_target_put(g->target, bytes, (uint32_t)len);
    bool ran = ring1_target_run(g->target, &end, &error);
    if (ran && end.reason == RING1_TARGET_CRASHED) {
        g_autofree char *report = ring1_machine_report(g->m, false);
        fputs(report, stderr);
    }
    tracing_detach(tracing);
    ring1_machine_set_watch(g->m, NULL, NULL);
    ring1_target_set_quiet(g->target, true);
    if (sequence)
        tell_calls(g, bytes, len, fileno(sequence));
    const char *reason =
        ran && ring1_target_reset(g->target, &error) ? fuzz_guest_try(t, bytes, len, FUZZ_FULL, &end) : NULL;
    if (error) {
        complain("%s", error->message);
        return status_of_error(error);
    }
    return tell_end(g, reason, &end);
}

static int run_input(struct guest *g, struct fuzz_target *t)
{
    const struct fuzz_guest_asked *a = &g->asked->guest;
    char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    struct options o = g->asked->machine;
    struct tracing *tracing = NULL;
    FILE *sequence = NULL;
    gsize len;
    if (!g_file_get_contents(a->input, &bytes, &len, &error)) {
        complain("--input: %s", error->message);
        return STATUS_IMAGE;
    }
    g_autoptr(GBytes) input = g_bytes_new_take(bytes, len);
    o.trace = a->trace != NULL;
    o.trace_file = a->trace && strcmp(a->trace, "-") != 0 ? a->trace : NULL;
    if (!tracing_open(&o, &tracing))
        return STATUS_FAILED;
    if (a->hc && !(sequence = open_sequence(a->hc))) {
        tracing_close(tracing);
        return STATUS_FAILED;
    }
    int status = run_opened(g, t, input, tracing, sequence);
    if (sequence)
        fclose(sequence);
    return tracing_close(tracing) ? status : STATUS_FAILED;
}

/* --- the commands --------------------------------------------------------------------------------- */

static struct fuzz_words *read_words(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    struct fuzz_words *words = fuzz_words_new();
    if (!path || (g_file_get_contents(path, &text, NULL, error) && fuzz_words_read(words, path, text, error)))
        return words;
    fuzz_words_free(words);
    return NULL;
}

/* In who is in the sandbox. */
static bool start(void *user, ring1_machine **m, ring1_target **target)
{
    struct guest *g = user;
    g_autoptr(GError) error = NULL;
    if (make_machine(g, &error) && guest_start(g, &error)) {
        *m = g->m;
        *target = g->target;
        return true;
    }
    complain("fuzz: %s", error->message);
    g->status = status_of_error(error);
    return false;
}

static int find_size(void *user)
{
    struct guest *g = user;
    ring1_machine *m;
    ring1_target *target;
    if (!start(g, &m, &target))
        return g->status;
    return confine_write(g->found, (const char *)&g->setup.size, sizeof g->setup.size) ? STATUS_OK
                                                                                       : STATUS_FAILED;
}

/* A child looks whether there is a start, and how large an input may be; false: it said why not. */
static bool look_for_start(struct guest *g, uint32_t *size, unsigned *seconds)
{
    gint64 begun = g_get_monotonic_time();
    g->found = confine_file();
    g->status = g->found < 0 ? STATUS_FAILED
                             : confine_apart("fuzz", &g->asked->sandbox, SANDBOX_ENGINE, find_size, g);
    bool good = g->status == STATUS_OK && pread(g->found, size, sizeof *size, 0) == sizeof *size &&
                *size > 0 && *size <= INPUT_LIMIT;
    if (!good && g->status == STATUS_OK)
        g->status = STATUS_FAILED;
    if (g->found >= 0)
        close(g->found);
    *seconds = 2 + (unsigned)((g_get_monotonic_time() - begun) * 4 / G_USEC_PER_SEC);
    return good;
}

static bool may_tell(const struct fuzz_guest_asked *a, GError **error)
{
    return !(a->load && a->hc) ||
           bad_option(error, "--hc: not with --load: a sequence stands alone, from the "
                             "guest's first call on; --trace shows the calls");
}

static int with_guest(const struct fuzz_asked *a, bool many,
                      int (*run)(struct guest *g, struct fuzz_target *t, void *user), void *user)
{
    struct guest g = {.asked = a, .host = ring1_host_new(), .load.fd = -1, .status = STATUS_FAILED};
    g_autoptr(GError) error = NULL;
    struct fuzz_words *words = may_tell(&a->guest, &error) ? read_words(a->guest.dictionary, &error) : NULL;
    uint32_t size = INPUT_LIMIT;
    unsigned seconds = 0;
    if (!words) {
        complain("fuzz: %s", error->message);
        g.status = status_of_error(error);
    } else if (open_outside(&g) && (!many || look_for_start(&g, &size, &seconds))) {
        const struct fuzz_guest_setup setup = {
            .start = start,
            .max = size,
            .words = words,
            .host_only = a->guest.host_only,
            .tell = a->guest.load ? NULL : tell_calls,
            .no_sequence = NO_SEQUENCE,
            .user = &g,
        };
        struct fuzz_target *t = fuzz_guest_new(&setup);
        t->start_seconds = seconds;
        g.status = run(&g, t, user);
        fuzz_guest_free(t);
    }
    fuzz_words_free(words);
    guest_clear(&g);
    snapshot_look_clear(&g.load);
    ring1_host_free(g.host);
    return g.status;
}

static int hunt(struct guest *g, struct fuzz_target *t, void *user)
{
    (void)user;
    return g->asked->guest.input ? run_input(g, t) : fuzz_hunt(g->asked, t, SANDBOX_ENGINE);
}

int fuzz_guest(const struct fuzz_asked *a)
{
    return with_guest(a, !a->guest.input, hunt, NULL);
}

/* --- triage ------------------------------------------------------------------------------------------ */

struct files {
    int argc;
    char **argv;
};

static char *check_bytes(void *user, const char *file, const char *bytes, gsize len)
{
    struct ring1_target_end end;
    struct fuzz_target *t = user;
    (void)file;
    if (!t->ops->ready(t))
        return g_strdup("unreadable: the guest does not start");
    return g_strdup(fuzz_guest_try(t, bytes, len, FUZZ_FULL, &end));
}

static int triage(struct guest *g, struct fuzz_target *t, void *user)
{
    const struct files *files = user;
    const struct fuzz_triage how = {check_bytes, fuzz_guest_kind, ".input",
                                    t,           SANDBOX_ENGINE,  t->start_seconds};
    return fuzz_triage_files(&how, &g->asked->sandbox, files->argc, files->argv);
}

int fuzz_guest_triage(const struct fuzz_asked *a, int argc, char **argv)
{
    struct files files = {argc, argv};
    return with_guest(a, true, triage, &files);
}
