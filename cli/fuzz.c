/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz.c - `ring1 fuzz`: the dispatcher is given calls that no guest would make, and every
 * rule that it breaks is a find. What is fuzzed and how is fuzz/'s; here are the options,
 * and the lines for a person.
 */
#include "commands.h"
#include "fuzz_command.h"
#include "options.h"

#include "dispatch/abi.h"
#include "fuzz/calls.h"
#include "fuzz/loop.h"
#include "fuzz/mutate.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

static void asked_clear(struct fuzz_asked *a)
{
    g_free(a->abi);
    g_free(a->xen);
    g_free(a->corpus);
    g_free(a->finds);
    g_free(a->checks);
    g_free(a->module);
    g_free(a->merge);
    g_free(a->how);
    fuzz_guest_clear(&a->guest);
    options_clear(&a->machine);
}

/* --- lines for a person ---------------------------------------------------------------------- */

static void show_progress(void *user, const struct fuzz_status *s)
{
    (void)user;
    fprintf(stderr, "\r\033[K%8.1f s  %" PRIu64 " runs  %.0f/s  corpus %u", s->seconds, s->runs,
            s->seconds > 0 ? (double)s->runs / s->seconds : 0, s->corpus);
    if (s->coverage)
        fprintf(stderr, "  edges %u", s->edges);
    if (s->places)
        fprintf(stderr, "  guest %u", s->places);
    fprintf(stderr, "  results %u  finds %u", s->results, s->finds);
    fflush(stderr);
}

struct telling {
    const struct fuzz_asked *asked;
    bool terminal;
    unsigned needs; /* of the children's sandbox */
};

static void show_find(void *user, const char *reason, const char *file)
{
    const struct telling *t = user;
    if (t->terminal)
        fprintf(stderr, "\r\033[K");
    if (t->asked->json)
        return;
    if (file)
        printf("%s/%s: %s\n", t->asked->finds, file, reason);
    else
        printf("%s\n", reason);
    fflush(stdout);
}

static const char *coverage_words(const struct fuzz_status *s, char *words, size_t size)
{
    g_autofree char *edges = s->coverage ? g_strdup_printf("%u edges", s->edges) : NULL;
    g_autofree char *places = s->places ? g_strdup_printf("%u pairs of the guest's blocks", s->places) : NULL;
    g_snprintf(words, size, "%s%s%s", places ? places : "", places && edges ? ", " : "",
               edges    ? edges
               : places ? ""
                        : "no coverage in this build");
    return words;
}

static int print_summary(const struct fuzz_asked *a, const struct fuzz_status *s)
{
    double rate = s->seconds > 0 ? (double)s->runs / s->seconds : 0;
    g_autofree char *text = NULL;
    char words[120];
    if (a->json)
        text = g_strdup_printf(
            "{\"schema\": 1, \"runs\": %" PRIu64 ", \"calls\": %" PRIu64
            ", \"seconds\": %.3f, \"runs_per_second\": %.0f, \"corpus\": %u, "
            "\"coverage\": %s, \"edges\": %u, \"places\": %u, \"results\": %u, \"finds\": %u, "
            "\"crashes\": %u, \"seed\": %" PRId64 "}\n",
            s->runs, s->calls, s->seconds, rate, s->corpus, s->coverage ? "true" : "false", s->edges,
            s->places, s->results, s->finds, s->crashes, a->seed);
    else if (!a->quiet)
        text = g_strdup_printf("%" PRIu64 " runs of %" PRIu64 " calls in %.1f s (%.0f a second), corpus %u, "
                               "%s, %u kinds of results, %u find%s\n",
                               s->runs, s->calls, s->seconds, rate, s->corpus,
                               coverage_words(s, words, sizeof words), s->results, s->finds,
                               s->finds == 1 ? "" : "s");
    return text ? print_out(text) : STATUS_OK;
}

/* --- children ------------------------------------------------------------------------------------ */

/* A child runs a dispatcher that may be broken. Whether there can be a sandbox was tried. */
static void confine_child(void *user)
{
    const struct telling *t = user;
    if (!confine_reader("fuzz", &t->asked->sandbox, t->needs))
        _exit(STATUS_FAILED);
}

static int nothing(void *user)
{
    (void)user;
    return STATUS_OK;
}

/* --- options ------------------------------------------------------------------------------------ */

/* The place of a pair in abi_all(); -1: all of them; -2: what is wrong was said. */
static int pair_of(const struct fuzz_asked *a)
{
    enum ring1_abi abi = RING1_ABI_AUTO;
    enum ring1_xen xen = RING1_XEN_AUTO;
    const struct abi *const *all = abi_all();
    if (!a->abi && !a->xen)
        return -1;
    if (a->abi && !abi_from_name(a->abi, &abi)) {
        complain("--abi: '%s' is not xen-2.0, xen-3.0 or xen-3.0-pae", a->abi);
        return -2;
    }
    if (a->xen && !xen_from_name(a->xen, &xen)) {
        complain("--xen: '%s' is not 2.0, 3.0.0, 3.0.4, 3.2 or 4.17", a->xen);
        return -2;
    }
    for (int i = 0; all[i]; i++)
        if ((abi == RING1_ABI_AUTO || all[i]->abi == abi) && (xen == RING1_XEN_AUTO || all[i]->xen == xen) &&
            (xen != RING1_XEN_AUTO || all[i] == abi_find(abi, RING1_XEN_AUTO)))
            return i;
    complain("--xen: Xen %s never spoke %s", xen_name(xen), abi_name(abi));
    return -2;
}

static bool effort_of(const struct fuzz_asked *a, enum fuzz_effort *effort)
{
    static const char *const names[] = {"auto", "full", "cheap"};
#ifdef RING1_FUZZ
    *effort = FUZZ_ALL_FULL;
#else
    *effort = FUZZ_AUTO;
#endif
    for (unsigned i = 0; a->checks && i < G_N_ELEMENTS(names); i++)
        if (strcmp(a->checks, names[i]) == 0) {
            *effort = (enum fuzz_effort)i;
            return true;
        }
    if (a->checks)
        complain("--checks: '%s' is not auto, full or cheap", a->checks);
    return a->checks == NULL;
}

static bool limits_are_good(const struct fuzz_asked *a)
{
    if (a->runs < 0 || a->seconds < 0 || a->max_finds < 0 || a->tries < 1) {
        complain("fuzz: a limit is not a positive number");
        return false;
    }
    if (a->sandbox.mode == SANDBOX_REPORT) {
        complain("fuzz: --sandbox: 'report' is not on or off: nobody would hear a child's report");
        return false;
    }
    if (a->merge && !a->corpus) {
        complain("--merge: needs --corpus, whose inputs it takes");
        return false;
    }
    return true;
}

int fuzz_hunt(const struct fuzz_asked *a, struct fuzz_target *target, unsigned needs)
{
    struct telling t = {
        .asked = a, .terminal = isatty(STDERR_FILENO) && !a->quiet && !a->json, .needs = needs};
    struct fuzz_options o = {
        .runs = (uint64_t)a->runs,
        .seconds = a->seconds,
        .seed = (uint64_t)a->seed,
        .max_finds = (unsigned)a->max_finds,
        .min_tries = (unsigned)a->tries,
        .corpus = a->corpus,
        .finds = a->finds,
        .merge = a->merge,
        .progress = t.terminal ? show_progress : NULL,
        .found = show_find,
        .confine = a->sandbox.mode == SANDBOX_ON ? confine_child : NULL,
        .user = &t,
        .stop = &stop_asked,
    };
    struct fuzz_status status;
    g_autoptr(GError) error = NULL;
    if (!effort_of(a, &o.effort))
        return STATUS_OPTION;
    /* Children cannot tell why there is none; but one that looked for a guest's start has. */
    if (a->sandbox.mode == SANDBOX_ON && !target->ops->ready &&
        confine_apart("fuzz", &a->sandbox, 0, nothing, NULL) != STATUS_OK)
        return STATUS_FAILED;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (!fuzz_loop(&o, target, &status, &error)) {
        complain("%s", error->message);
        return status_of_error(error);
    }
    if (t.terminal)
        fputc('\n', stderr);
    int rc = print_summary(a, &status);
    return rc == STATUS_OK && status.finds ? STATUS_DIFFERS : rc;
}

/* The dispatcher. */
static int hunt_calls(const struct fuzz_asked *a, int pair)
{
    g_autoptr(GError) error = NULL;
    struct fuzz_grammars *g = fuzz_grammars_new();
    struct fuzz_module *module = NULL;
    struct fuzz_target *target = NULL;
    struct fuzz_prepare prepare = {0};
    int rc;
    if (a->module && (module = fuzz_module_open(a->module, g, pair, &error)))
        prepare = (struct fuzz_prepare){fuzz_module_prepare, module};
    if (!error && (target = fuzz_calls_new(g, pair, &prepare, &error))) {
        rc = fuzz_hunt(a, target, 0);
    } else {
        complain("%s", error->message);
        rc = status_of_error(error);
    }
    fuzz_calls_free(target);
    fuzz_module_close(module);
    fuzz_grammars_free(g);
    return rc;
}

static int fuzz(const struct fuzz_asked *a)
{
    enum fuzz_effort effort;
    if (!effort_of(a, &effort) || !limits_are_good(a))
        return STATUS_OPTION;
    if (a->guest.image)
        return fuzz_guest(a);
    int pair = pair_of(a);
    return pair == -2 ? STATUS_OPTION : hunt_calls(a, pair);
}

static int print_dictionary(void)
{
    struct fuzz_grammars *g = fuzz_grammars_new();
    g_autofree char *text = fuzz_dictionary(g);
    fuzz_grammars_free(g);
    return print_out(text);
}

static int parse(struct fuzz_asked *a, int argc, char **argv, bool triage)
{
    const GOptionEntry entries[] = {
        {"abi", 0, 0, G_OPTION_ARG_STRING, &a->abi, "Calls of this ABI (all)", "ABI"},
        {"xen", 0, 0, G_OPTION_ARG_STRING, &a->xen, "Calls to this Xen (all)", "VERSION"},
        {"runs", 'n', 0, G_OPTION_ARG_INT64, &a->runs, "Stop after so many inputs", "N"},
        {"seconds", 't', 0, G_OPTION_ARG_DOUBLE, &a->seconds, "Stop after this time", "S"},
        {"seed", 's', 0, G_OPTION_ARG_INT64, &a->seed, "The same seed makes the same inputs (1)", "N"},
        {"corpus", 'c', 0, G_OPTION_ARG_FILENAME, &a->corpus, "Begin with the inputs of DIR, and add to them",
         "DIR"},
        {"merge", 0, 0, G_OPTION_ARG_FILENAME, &a->merge,
         "Write the inputs of the corpus that are needed to DIR, and exit", "DIR"},
        {"finds", 'o', 0, G_OPTION_ARG_FILENAME, &a->finds, "Leave finds in DIR (finds)", "DIR"},
        {"max-finds", 0, 0, G_OPTION_ARG_INT, &a->max_finds, "Stop at so many kinds of finds", "N"},
        {"checks", 0, 0, G_OPTION_ARG_STRING, &a->checks, "auto, full or cheap", "WHICH"},
        {"tries", 0, 0, G_OPTION_ARG_INT, &a->tries, "Minimise a find with so many tries (3000)", "N"},
        {"module", 'm', 0, G_OPTION_ARG_FILENAME, &a->module, "Fuzz the handlers that FILE registers",
         "FILE.so"},
        {"sandbox", 0, 0, G_OPTION_ARG_STRING, &a->how, "Of the children that try inputs: on or off (on)",
         "HOW"},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &a->json, "The summary as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &a->quiet, "Print finds only", NULL},
        {"dictionary", 0, 0, G_OPTION_ARG_NONE, &a->dictionary, "Print the dictionary of inputs and exit",
         NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &a->help, "Print this text", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(
        "- look for calls that break the dispatcher\n"
        "  ring1 fuzz --guest IMAGE [OPTION...] [-- GUEST COMMAND LINE]\n"
        "  ring1 fuzz triage [--sandbox=HOW] [--guest IMAGE [OPTION...]] DIR or FILE...\n"
        "  ring1 fuzz show FILE...\n"
        "  ring1 fuzz import [--corpus DIR] FILE.hc...");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_group(context, fuzz_guest_group(&a->guest));
    g_option_context_add_group(context, options_of_machine(&a->machine));
    int end = 1;
    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    char **words = end < argc ? argv + end + 1 : NULL;
    argc = end;
    if (!options_take(context, "fuzz", &argc, &argv))
        return STATUS_OPTION;
    if (a->help) {
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        return print_out(text);
    }
    if (!confine_choose(a->how, &a->sandbox))
        return STATUS_OPTION;
    options_join(&a->machine, words);
    if (triage)
        return fuzz_guest_triage(a, argc, argv);
    if (argc > 1) {
        complain("fuzz: '%s' is not expected", argv[1]);
        return STATUS_OPTION;
    }
    if (words && !a->guest.image) {
        complain("fuzz: there is no command line without --guest: '--'");
        return STATUS_OPTION;
    }
    if (!a->finds)
        a->finds = g_strdup("finds");
    return a->dictionary ? print_dictionary() : fuzz(a);
}

static bool asks(const char *option, int argc, char **argv)
{
    g_autofree char *with_value = g_strconcat(option, "=", NULL);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], option) == 0 || g_str_has_prefix(argv[i], with_value))
            return true;
    return false;
}

int command_fuzz(int argc, char **argv)
{
    struct fuzz_asked a = {.seed = 1, .tries = 3000};
    bool triage = argc > 1 && strcmp(argv[1], "triage") == 0;
    if (triage && !asks("--guest", argc, argv))
        return fuzz_command_triage(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "show") == 0)
        return fuzz_command_show(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "import") == 0)
        return fuzz_command_import(argc - 1, argv + 1);
    if (asks("--oracle", argc, argv))
        return fuzz_command_oracle(argc, argv);
    options_begin(&a.machine, COMMAND_RUN);
    int status = parse(&a, argc - triage, argv + triage, triage);
    asked_clear(&a);
    return status;
}
