/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_import.c - `ring1 seq import`: a sequence from a JSON trace.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/read_trace.h"
#include "debug/seq_import.h"

#include <unistd.h>

/* The work of a child: it writes to stdout, or where the parent takes it from. */
struct importing {
    const struct seq_source *source;
    int fd; /* -1: stdout */
};

static int write_sequence(const struct seq *s, int fd)
{
    g_autoptr(GString) out = g_string_new(NULL);
    seq_print(s, out);
    if (fd < 0)
        return print_out(out->str);
    return confine_write(fd, out->str, out->len) ? STATUS_OK : STATUS_FAILED;
}

static int import_file(void *user)
{
    const struct importing *todo = user;
    const struct seq_source *source = todo->source;
    g_autoptr(GError) error = NULL;
    int status = STATUS_OK;
    if (!seq_source_ok(source, &status))
        return status;
    struct call_log *log = read_json_trace(source->name, source->text, source->len, &error);
    struct seq *s = log ? seq_import(log, &error) : NULL;
    if (s) {
        status = write_sequence(s, todo->fd);
    } else {
        complain("%s", error->message);
        status = status_of_error(error);
    }
    if (s)
        seq_free(s);
    if (log)
        call_log_free(log);
    return status;
}

static int import_apart(struct importing *todo, const char *output, const struct sandbox_choice *sandbox)
{
    todo->fd = output ? confine_file() : -1;
    if (output && todo->fd < 0)
        return STATUS_FAILED;
    int status = confine_apart("seq import", sandbox, 0, import_file, todo);
    if (output && status == STATUS_OK && !confine_copy(todo->fd, output))
        status = STATUS_FAILED;
    if (output)
        close(todo->fd);
    return status;
}

int seq_command_import(int argc, char **argv)
{
    g_autofree char *output = NULL;
    struct sandbox_choice sandbox;
    int status;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the sequence to FILE (stdout)", "FILE"},
        {0},
    };
    if (!seq_parse_options("import", "make a sequence of a JSON trace", entries, &argc, &argv, &sandbox,
                           &status))
        return status;
    if (argc != 2) {
        complain("seq import: expected one file");
        return STATUS_OPTION;
    }
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    struct importing todo = {.source = sources->pdata[0]};
    return import_apart(&todo, output, &sandbox);
}
