/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq.c - `ring1 seq`: sequences of hypercalls, run, checked and written anew. Each
 * of its commands takes options of its own, which GLib parses.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/seq_run.h"
#include "debug/trace_text.h"
#include "debug/world_trace.h"
#include "dispatch/abi.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- common ------------------------------------------------------------------------------------ */

bool seq_parse_options(const char *name, const char *summary, const GOptionEntry *entries, int *argc,
                       char ***argv, int *status)
{
    g_autofree char *usage = g_strdup_printf("FILE... - %s", summary);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autofree char *command = g_strconcat("seq ", name, NULL);
    gboolean help = FALSE;
    const GOptionEntry own[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Print this text", NULL}, {0}};
    g_option_context_add_main_entries(context, own, NULL);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    *status = STATUS_OPTION;
    if (!options_take(context, command, argc, argv))
        return false;
    if (help) {
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        *status = print_out(text);
        return false;
    }
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)++;
        (*argc)--;
    }
    if (*argc < 2) {
        complain("seq %s: a file is missing ('-' is standard input)", name);
        return false;
    }
    return true;
}

static bool read_text(const char *file, char **text, gsize *len, GError **error)
{
    if (strcmp(file, "-") != 0)
        return g_file_get_contents(file, text, len, error);
    GString *all = g_string_new(NULL);
    char buffer[65536];
    ssize_t n;
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        g_string_append_len(all, buffer, n);
    *len = all->len;
    *text = g_string_free(all, FALSE);
    if (n == 0)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "standard input: %s", g_strerror(errno));
    g_clear_pointer(text, g_free);
    return false;
}

struct seq *seq_read_file(const char *file, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize len;
    struct seq *s = NULL;
    if (read_text(file, &text, &len, &error))
        s = seq_parse(text, len, strcmp(file, "-") ? file : "<stdin>", &error);
    if (s)
        return s;
    complain("%s", error->message);
    *status = error->domain == RING1_ERROR ? status_of_error(error) : STATUS_IMAGE;
    return NULL;
}

static int worse(int a, int b)
{
    return MAX(a, b);
}

/* A sequence with the world that it describes, ready to run. */
struct loaded {
    struct seq *seq;
    struct world *world;
    struct seq_program *program;
};

static void unload(struct loaded *l)
{
    seq_program_free(l->program);
    world_free(l->world);
    seq_free(l->seq);
    *l = (struct loaded){0};
}

typedef struct run_options {
    gboolean trace, quiet, console;
    char *abi, *xen; /* in place of the file's; NULL: its own */
} run_options;

static void run_options_clear(run_options *o)
{
    g_free(o->abi);
    g_free(o->xen);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(run_options, run_options_clear)

#define ABI_OPTIONS(o)                                                                                       \
    {"abi", 0, 0, G_OPTION_ARG_STRING, &(o).abi, "This ABI, whatever the files say", "ABI"},                 \
    {                                                                                                        \
        "xen", 0, 0, G_OPTION_ARG_STRING, &(o).xen, "This Xen, whatever the files say", "VERSION"            \
    }

bool seq_other_abi(const char *abi, const char *xen, struct seq *s)
{
    if (abi && (!abi_from_name(abi, &s->abi) || s->abi == RING1_ABI_AUTO)) {
        complain("--abi: '%s' is not xen-2.0, xen-3.0 or xen-3.0-pae", abi);
        return false;
    }
    if (abi)
        s->xen = RING1_XEN_AUTO;
    if (xen && !xen_from_name(xen, &s->xen)) {
        complain("--xen: '%s' is not 2.0, 3.0.0, 3.0.4, 3.2 or 4.17", xen);
        return false;
    }
    if (!abi_find(s->abi, s->xen)) {
        complain("--xen: Xen %s never spoke %s", xen_name(s->xen), abi_name(s->abi));
        return false;
    }
    return true;
}

static bool load(const char *file, const struct run_options *o, struct loaded *l, int *status)
{
    g_autoptr(GError) error = NULL;
    *l = (struct loaded){.seq = seq_read_file(file, status)};
    if (!l->seq)
        return false;
    if (!seq_other_abi(o->abi, o->xen, l->seq)) {
        *status = STATUS_OPTION;
        unload(l);
        return false;
    }
    if ((l->world = seq_world(l->seq, &error)) && (l->program = seq_compile(l->seq, l->world, &error)))
        return true;
    const char *name = error->domain == RING1_ERROR && error->code == RING1_ERROR_INPUT ? "" : l->seq->file;
    complain("%s%s%s", name, name[0] ? ": " : "", error->message);
    *status = status_of_error(error);
    unload(l);
    return false;
}

/* --- run ---------------------------------------------------------------------------------------- */

static void to_stdout(void *user, const char *text, size_t len)
{
    (void)user;
    fwrite(text, 1, len, stdout);
}

static int run_one(const char *file, const struct run_options *o)
{
    int status = STATUS_OK;
    struct loaded l;
    struct seq_report report;
    if (!load(file, o, &l, &status))
        return status;
    l.world->console = g_string_new(NULL);
    struct trace_text *text = o->trace ? trace_text_new(NULL, to_stdout, NULL) : NULL;
    struct world_trace *trace = text ? world_trace_new(l.world, &trace_text_consumer, text) : NULL;
    seq_run(l.program, l.world, &report);
    world_trace_free(trace);
    trace_text_free(text);
    if (o->console)
        fwrite(l.world->console->str, 1, l.world->console->len, stdout);
    g_autoptr(GString) out = g_string_new(NULL);
    seq_report_print(&report, l.seq, out);
    if (report.outcome == SEQ_AGREES && !o->quiet)
        g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT " call%s, %u expectation%s met\n", l.seq->file,
                               report.calls, report.calls == 1 ? "" : "s", report.checked,
                               report.checked == 1 ? "" : "s");
    if (report.outcome != SEQ_AGREES)
        status = STATUS_DIFFERS;
    if (print_out(out->str) != STATUS_OK)
        status = STATUS_FAILED;
    seq_report_clear(&report);
    unload(&l);
    return status;
}

static int seq_command_run(int argc, char **argv)
{
    g_auto(run_options) o = {0};
    int status, worst = STATUS_OK;
    const GOptionEntry entries[] = {
        {"trace", 't', 0, G_OPTION_ARG_NONE, &o.trace, "Print each call with its result, as ring1 trace does",
         NULL},
        {"console", 'c', 0, G_OPTION_ARG_NONE, &o.console, "Print what the domain wrote to the console",
         NULL},
        ABI_OPTIONS(o),
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &o.quiet, "Print nothing of sequences that agree", NULL},
        {0},
    };
    if (!seq_parse_options("run", "execute sequences, each in a fresh domain", entries, &argc, &argv,
                           &status))
        return status;
    for (int i = 1; i < argc; i++)
        worst = worse(worst, run_one(argv[i], &o));
    return worst;
}

/* --- check, fmt ----------------------------------------------------------------------------------- */

static int seq_command_check(int argc, char **argv)
{
    g_auto(run_options) o = {0};
    int status, worst = STATUS_OK;
    const GOptionEntry entries[] = {ABI_OPTIONS(o), {0}};
    if (!seq_parse_options("check", "parse sequences and look up every name", entries, &argc, &argv, &status))
        return status;
    for (int i = 1; i < argc; i++) {
        struct loaded l;
        if (load(argv[i], &o, &l, &status))
            unload(&l);
        else
            worst = worse(worst, status);
    }
    return worst;
}

static int format_one(const char *file, bool in_place)
{
    int status = STATUS_OK;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct seq *s = seq_read_file(file, &status);
    if (!s)
        return status;
    seq_print(s, out);
    seq_free(s);
    if (!in_place || strcmp(file, "-") == 0)
        return print_out(out->str);
    if (g_file_set_contents(file, out->str, (gssize)out->len, &error))
        return STATUS_OK;
    complain("%s", error->message);
    return STATUS_FAILED;
}

static int seq_command_fmt(int argc, char **argv)
{
    gboolean in_place = FALSE;
    int status, worst = STATUS_OK;
    const GOptionEntry entries[] = {
        {"in-place", 'i', 0, G_OPTION_ARG_NONE, &in_place, "Change the files", NULL},
        {0},
    };
    if (!seq_parse_options("fmt", "write sequences as ring1 does", entries, &argc, &argv, &status))
        return status;
    for (int i = 1; i < argc; i++)
        worst = worse(worst, format_one(argv[i], in_place));
    return worst;
}

/* --- which one ------------------------------------------------------------------------------------- */

static const struct seq_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"run", seq_command_run, "execute sequences, each in a fresh domain, and compare results"},
    {"check", seq_command_check, "parse sequences and look up every name"},
    {"fmt", seq_command_fmt, "write sequences in the usual form"},
    {"min", seq_command_min, "find the smallest sequence that still differs the same way"},
    {"export", seq_command_export, "write a bootable kernel that makes the same calls"},
    {"import", seq_command_import, "make a sequence of a JSON trace"},
};

int command_seq(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (word && strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
        g_string_append_printf(names, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
        g_string_prepend(names, "usage: ring1 seq COMMAND [OPTION...] FILE...\n\n"
                                "Sequences of hypercalls (.hc), without any guest code.\n\ncommands:\n");
        g_string_append(names,
                        "\n`ring1 seq COMMAND --help`: of a command. The language: docs/sequences.md\n");
        return print_out(names->str);
    }
    if (word)
        complain("seq: '%s' is not one of its commands (see ring1 seq --help)", word);
    else
        complain("seq: a command is missing: run, check, fmt, min, export or import (see ring1 seq --help)");
    return STATUS_OPTION;
}
