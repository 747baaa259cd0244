/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_min.c - `ring1 seq min`: the smallest sequence that still differs the same way.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/seq_min.h"
#include "debug/seq_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TRIES 20000

struct minimum {
    char *wanted; /* how it differs */
    bool progress;
};

/* Numbers of frames and entries change with what is left out: the words stay. */
static void append_words(GString *out, const char *text)
{
    for (; text && *text; text++) {
        if (!g_ascii_isxdigit(*text) || (out->len && g_ascii_isalpha(out->str[out->len - 1]))) {
            g_string_append_c(out, *text);
            continue;
        }
        while (g_ascii_isxdigit(text[1]) || text[1] == 'x')
            text++;
        g_string_append_c(out, '#');
    }
    g_string_append_c(out, '\n');
}

/* How a sequence differs, to be compared; NULL: it agrees, or makes no sense. */
static char *way_of(const struct seq *s)
{
    struct seq_report report;
    char *way = NULL;
    struct world *w = seq_world(s, NULL);
    struct seq_program *p = w ? seq_compile(s, w, NULL) : NULL;
    if (p && seq_run(p, w, &report) != SEQ_AGREES) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_printf(text, "%d %d %s\n%s\n%s\n", report.outcome, report.item->line,
                        report.item->name ? report.item->name : "", report.expected, report.got);
        append_words(text, report.why);
        way = g_strdup(text->str);
    }
    if (p)
        seq_report_clear(&report);
    seq_program_free(p);
    world_free(w);
    return way;
}

static bool is_same(void *user, const struct seq *s)
{
    const struct minimum *m = user;
    g_autofree char *way = way_of(s);
    return g_strcmp0(way, m->wanted) == 0;
}

static void show_progress(void *user, unsigned tries, unsigned lines)
{
    const struct minimum *m = user;
    if (m->progress && tries % 16 == 0)
        fprintf(stderr, "\r%u tries, %u lines left ", tries, lines);
}

/* The work of a child: it writes to stdout, or where the parent takes it from. */
struct minimising {
    const struct seq_source *source;
    unsigned tries;
    int fd; /* -1: stdout */
};

static int write_result(const struct seq *s, int fd)
{
    g_autoptr(GString) out = g_string_new(NULL);
    seq_print(s, out);
    if (fd < 0)
        return print_out(out->str);
    return confine_write(fd, out->str, out->len) ? STATUS_OK : STATUS_FAILED;
}

static int minimise(void *user)
{
    static const struct seq_min_ops ops = {.same = is_same, .progress = show_progress};
    const struct minimising *todo = user;
    const char *file = todo->source->file;
    int status = STATUS_OK;
    struct seq *s = seq_parse_source(todo->source, &status);
    if (!s)
        return status;
    struct minimum m = {.wanted = way_of(s), .progress = isatty(STDERR_FILENO) != 0};
    if (!m.wanted) {
        complain("%s: it agrees with what it expects, or cannot be run: see ring1 seq run", file);
        seq_free(s);
        return STATUS_IMAGE;
    }
    struct seq_min_result r = seq_min(s, &ops, &m, todo->tries);
    if (m.progress)
        fprintf(stderr, "\r%u tries: %u lines of %u are left%s\n", r.tries, r.lines, r.lines_before,
                r.stopped ? "; more could be tried (--tries)" : "");
    else if (r.stopped)
        complain("%s: stopped after %u tries; more could be left out (--tries)", file, r.tries);
    status = write_result(s, todo->fd);
    g_free(m.wanted);
    seq_free(s);
    return status;
}

static int minimise_apart(struct minimising *todo, const char *output, const struct sandbox_choice *sandbox)
{
    todo->fd = output ? confine_file() : -1;
    if (output && todo->fd < 0)
        return STATUS_FAILED;
    int status = confine_apart("seq min", sandbox, 0, minimise, todo);
    if (output && status == STATUS_OK && !confine_copy(todo->fd, output))
        status = STATUS_FAILED;
    if (output)
        close(todo->fd);
    return status;
}

int seq_command_min(int argc, char **argv)
{
    g_autofree char *output = NULL;
    struct sandbox_choice sandbox;
    int tries = DEFAULT_TRIES, status;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the sequence to FILE (stdout)", "FILE"},
        {"tries", 'n', 0, G_OPTION_ARG_INT, &tries, "Run at most so many sequences (20000)", "N"},
        {0},
    };
    if (!seq_parse_options("min", "find the smallest sequence that still differs the same way", entries,
                           &argc, &argv, &sandbox, &status))
        return status;
    if (argc != 2 || tries < 1) {
        complain(tries < 1 ? "seq min: --tries: expected a number from 1 on" : "seq min: expected one file");
        return STATUS_OPTION;
    }
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    struct minimising todo = {.source = sources->pdata[0], .tries = (unsigned)tries};
    return minimise_apart(&todo, output, &sandbox);
}
