/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_oracle.c - `ring1 fuzz --oracle`: the options, and the lines for a person. What is
 * compared and how is fuzz/oracle.h's.
 */
#include "commands.h"
#include "fuzz_command.h"
#include "options.h"

#include "fuzz/oracle.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where tests/oracle/make_judge puts it. */
#define DEFAULT_FOLDER "deps/oracle"

static volatile int stop_asked;

static void on_signal(int sig)
{
    (void)sig;
    stop_asked = 1;
}

struct asked {
    char *folder, *finds;
    char **files;
    gint64 calls, seed;
    double seconds;
    int batch, max_finds, rounds;
    gboolean json, quiet, help, terminal;
};

static void show_progress(void *user, const struct oracle_status *s, const char *doing)
{
    (void)user;
    fprintf(stderr,
            "\r\033[K%8.1f s  %" PRIu64 " calls of %" PRIu64 " sequences compared  %u differences  %s",
            s->seconds, s->calls, s->sequences, s->differences, doing);
    fflush(stderr);
}

static void show_find(void *user, const char *what, const char *file)
{
    const struct asked *a = user;
    if (a->terminal)
        fprintf(stderr, "\r\033[K");
    if (a->json)
        return;
    if (file)
        printf("%s/%s: %s\n", a->finds, file, what);
    else
        printf("%s\n", what);
    fflush(stdout);
}

static int print_summary(const struct asked *a, const struct oracle_status *s)
{
    g_autofree char *text = NULL;
    if (a->json)
        text = g_strdup_printf("{\"schema\": 1, \"calls\": %" PRIu64 ", \"sequences\": %" PRIu64
                               ", \"batches\": %" PRIu64 ", \"seconds\": %.3f, \"differences\": %u, "
                               "\"known\": %" PRIu64 ", \"unstable\": %" PRIu64 ", \"lost\": %" PRIu64
                               ", \"not_compared\": %" PRIu64 ", \"not_compared_in\": %" PRIu64
                               ", \"refused\": %u, \"seed\": %" PRId64 "}\n",
                               s->calls, s->sequences, s->batches, s->seconds, s->differences, s->known,
                               s->unstable, s->lost, s->own, s->own_in, s->refused, a->seed);
    else if (!a->quiet)
        text = g_strdup_printf(
            "%" PRIu64 " calls of %" PRIu64 " sequences compared in %.1f s, %u difference%s, %" PRIu64
            " sequences with known ones, %" PRIu64 " that differed once only, %" PRIu64 " without an answer\n"
            "not compared: %" PRIu64 " calls (%.1f %%) of %" PRIu64
            " sequences, behind an answer of ring1's that depends on numbers of frames\n",
            s->calls, s->sequences, s->seconds, s->differences, s->differences == 1 ? "" : "s", s->known,
            s->unstable, s->lost, s->own, 100.0 * (double)s->own / (double)MAX(s->calls + s->own, 1),
            s->own_in);
    return text ? print_out(text) : STATUS_OK;
}

/* The first, which is compared: one behind the other, as Xen's builder has them. */
static struct fuzz_layout layouts[ORACLE_LAYOUTS] = {
    {RING1_MFN_OFFSET, 1}, {RING1_MFN_SHUFFLE, 2026}, {RING1_MFN_SPARSE, 2027}};

static int compare(struct asked *a)
{
    struct oracle_status status;
    g_autoptr(GError) error = NULL;
    const char *named = g_getenv("RING1_ORACLE");
    struct fuzz_judge judge = {.folder = a->folder ? a->folder
                                         : named   ? named
                                                   : DEFAULT_FOLDER,
                               .stop = &stop_asked};
    const struct oracle_options o = {
        .calls = (uint64_t)a->calls,
        .seconds = a->seconds,
        .seed = (uint64_t)a->seed,
        .batch = (unsigned)a->batch,
        .max_finds = (unsigned)a->max_finds,
        .rounds = (unsigned)a->rounds,
        .finds = a->finds,
        .ring1 = {{fuzz_ring1_ask, &layouts[0]},
                  {fuzz_ring1_ask, &layouts[1]},
                  {fuzz_ring1_ask, &layouts[2]}},
        .judge = {.ask = fuzz_judge_ask, .user = &judge},
        .progress = a->terminal ? show_progress : NULL,
        .found = show_find,
        .user = a,
        .stop = &stop_asked,
    };
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    bool ok = fuzz_judge_check(&judge, &error) &&
              (a->files ? fuzz_oracle_files(&o, (const char *const *)a->files, &status, &error)
                        : fuzz_oracle(&o, &status, &error));
    if (a->terminal)
        fputc('\n', stderr);
    if (!ok) {
        complain("%s", error->message);
        return status_of_error(error);
    }
    int rc = print_summary(a, &status);
    return rc == STATUS_OK && status.differences ? STATUS_DIFFERS : rc;
}

static gboolean take_folder(const char *name, const char *value, void *user, GError **error)
{
    struct asked *a = user;
    (void)name;
    (void)error;
    g_free(a->folder);
    a->folder = g_strdup(value);
    return TRUE;
}

static GOptionGroup *make_group(struct asked *a)
{
    const GOptionEntry entries[] = {
        {"oracle", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (void *)(intptr_t)take_folder,
         "The judge's folder (RING1_ORACLE, or " DEFAULT_FOLDER ")", "FOLDER"},
        {"calls", 'n', 0, G_OPTION_ARG_INT64, &a->calls, "Stop after so many calls", "N"},
        {"seconds", 't', 0, G_OPTION_ARG_DOUBLE, &a->seconds, "Stop after this time", "S"},
        {"seed", 's', 0, G_OPTION_ARG_INT64, &a->seed, "The same seed makes the same sequences (1)", "N"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &a->batch, "Sequences for one start of the judge (300)", "N"},
        {"finds", 'o', 0, G_OPTION_ARG_FILENAME, &a->finds, "Leave differences in DIR (finds)", "DIR"},
        {"max-finds", 0, 0, G_OPTION_ARG_INT, &a->max_finds, "Stop at so many kinds of differences", "N"},
        {"rounds", 0, 0, G_OPTION_ARG_INT, &a->rounds, "Minimise them with so many starts of the judge (12)",
         "N"},
        {"json", 'j', 0, G_OPTION_ARG_NONE, &a->json, "The summary as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &a->quiet, "Print differences only", NULL},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &a->help, "Print this text", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->files, NULL, "[FILE.hc...]"},
        {0},
    };
    GOptionGroup *group = g_option_group_new("oracle", "", "", a, NULL);
    g_option_group_add_entries(group, entries);
    return group;
}

static bool limits_are_good(const struct asked *a)
{
    if (a->calls >= 0 && a->seconds >= 0 && a->max_finds >= 0 && a->rounds >= 0 && a->batch > 0)
        return true;
    complain("fuzz: a limit is not a positive number");
    return false;
}

int fuzz_command_oracle(int argc, char **argv)
{
    struct asked a = {.seed = 1, .batch = 300, .rounds = 12};
    int status = STATUS_OPTION;
    g_autoptr(GOptionContext) context = g_option_context_new("- compare ring1 with a real Xen, call by call");
    g_option_context_set_main_group(context, make_group(&a));
    if (options_take(context, "fuzz --oracle", &argc, &argv)) {
        if (!a.finds)
            a.finds = g_strdup("finds");
        a.terminal = isatty(STDERR_FILENO) && !a.quiet && !a.json;
        if (a.help) {
            g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
            status = print_out(text);
        } else if (limits_are_good(&a)) {
            status = compare(&a);
        }
    }
    g_free(a.folder);
    g_free(a.finds);
    g_strfreev(a.files);
    return status;
}
