/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_source.c - the files of a command of `ring1 seq`: all are read, the sandbox is
 * entered, and then they are looked at.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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

static void free_source(gpointer p)
{
    struct seq_source *source = p;
    g_free(source->text);
    g_clear_error(&source->error);
    g_free(source);
}

GPtrArray *seq_read_files(int argc, char **argv)
{
    GPtrArray *sources = g_ptr_array_new_with_free_func(free_source);
    for (int i = 1; i < argc; i++) {
        struct seq_source *source = g_new0(struct seq_source, 1);
        source->file = argv[i];
        source->name = strcmp(argv[i], "-") ? argv[i] : "<stdin>";
        read_text(argv[i], &source->text, &source->len, &source->error);
        g_ptr_array_add(sources, source);
    }
    return sources;
}

static int complain_of(const GError *error)
{
    complain("%s", error->message);
    return error->domain == RING1_ERROR ? status_of_error(error) : STATUS_IMAGE;
}

bool seq_source_ok(const struct seq_source *source, int *status)
{
    if (source->error)
        *status = complain_of(source->error);
    return !source->error;
}

struct seq *seq_parse_source(const struct seq_source *source, int *status)
{
    g_autoptr(GError) error = NULL;
    if (!seq_source_ok(source, status))
        return NULL;
    struct seq *s = seq_parse(source->text, source->len, source->name, &error);
    if (!s)
        *status = complain_of(error);
    return s;
}
