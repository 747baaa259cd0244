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

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- common ------------------------------------------------------------------------------------ */

bool seq_parse_options(const char *name, const char *summary, const GOptionEntry *entries, int *argc,
                       char ***argv, struct sandbox_choice *sandbox, int *status)
{
    g_autofree char *how = NULL;
    g_autofree char *usage = g_strdup_printf("FILE... - %s", summary);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autofree char *command = g_strconcat("seq ", name, NULL);
    gboolean help = FALSE;
    const GOptionEntry own[] = {
        {"sandbox", 0, 0, G_OPTION_ARG_STRING, &how, "on, off, or report what would be refused (on)", "HOW"},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Print this text", NULL},
        {0}};
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
    return confine_choose(how, sandbox);
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

static bool load(const struct seq_source *source, const struct run_options *o, struct loaded *l, int *status)
{
    g_autoptr(GError) error = NULL;
    *l = (struct loaded){.seq = seq_parse_source(source, status)};
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

static int run_one(const struct seq_source *source, const struct run_options *o)
{
    int status = STATUS_OK;
    struct loaded l;
    struct seq_report report;
    if (!load(source, o, &l, &status))
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
    struct sandbox_choice sandbox;
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
                           &sandbox, &status))
        return status;
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    if (!confine_reader("seq run", &sandbox, 0))
        return STATUS_FAILED;
    for (guint i = 0; i < sources->len; i++)
        worst = worse(worst, run_one(sources->pdata[i], &o));
    confine_tell(&sandbox);
    return worst;
}

/* --- check, fmt ----------------------------------------------------------------------------------- */

static int seq_command_check(int argc, char **argv)
{
    g_auto(run_options) o = {0};
    struct sandbox_choice sandbox;
    int status, worst = STATUS_OK;
    const GOptionEntry entries[] = {ABI_OPTIONS(o), {0}};
    if (!seq_parse_options("check", "parse sequences and look up every name", entries, &argc, &argv, &sandbox,
                           &status))
        return status;
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    if (!confine_reader("seq check", &sandbox, 0))
        return STATUS_FAILED;
    for (guint i = 0; i < sources->len; i++) {
        struct loaded l;
        if (load(sources->pdata[i], &o, &l, &status))
            unload(&l);
        else
            worst = worse(worst, status);
    }
    confine_tell(&sandbox);
    return worst;
}

static char *format(const struct seq_source *source, int *status)
{
    GString *out = g_string_new(NULL);
    struct seq *s = seq_parse_source(source, status);
    if (s)
        seq_print(s, out);
    seq_free(s);
    return g_string_free(out, s == NULL);
}

static int format_one(const struct seq_source *source)
{
    int status = STATUS_OK;
    g_autofree char *text = format(source, &status);
    return text ? print_out(text) : status;
}

/* A file that is changed is looked at in a child, and written here. */
struct formatted {
    const struct seq_source *source;
    int fd;
};

static int format_apart(void *user)
{
    const struct formatted *f = user;
    int status = STATUS_OK;
    g_autofree char *text = format(f->source, &status);
    return !text ? status : confine_write(f->fd, text, strlen(text)) ? STATUS_OK : STATUS_FAILED;
}

static int format_in_place(const struct seq_source *source, const struct sandbox_choice *sandbox)
{
    struct formatted f = {source, confine_file()};
    int status = f.fd < 0 ? STATUS_FAILED : confine_apart("seq fmt", sandbox, 0, format_apart, &f);
    if (status == STATUS_OK && !confine_copy(f.fd, source->file))
        status = STATUS_FAILED;
    if (f.fd >= 0)
        close(f.fd);
    return status;
}

static int seq_command_fmt(int argc, char **argv)
{
    gboolean in_place = FALSE;
    struct sandbox_choice sandbox;
    int status, worst = STATUS_OK;
    const GOptionEntry entries[] = {
        {"in-place", 'i', 0, G_OPTION_ARG_NONE, &in_place, "Change the files", NULL},
        {0},
    };
    if (!seq_parse_options("fmt", "write sequences as ring1 does", entries, &argc, &argv, &sandbox, &status))
        return status;
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    if (!in_place && !confine_reader("seq fmt", &sandbox, 0))
        return STATUS_FAILED;
    for (guint i = 0; i < sources->len; i++) {
        const struct seq_source *source = sources->pdata[i];
        bool apart = in_place && strcmp(source->file, "-") != 0;
        worst = worse(worst, apart ? format_in_place(source, &sandbox) : format_one(source));
    }
    if (!in_place)
        confine_tell(&sandbox);
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
