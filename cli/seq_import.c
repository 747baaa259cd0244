/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_import.c - `ring1 seq import`: a sequence from a JSON trace.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/read_trace.h"
#include "debug/seq_import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool read_all(const char *file, GString *out)
{
    char part[65536];
    FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "rbe");
    size_t got;
    if (!f) {
        complain("%s: %s", file, g_strerror(errno));
        return false;
    }
    while ((got = fread(part, 1, sizeof part, f)) > 0)
        g_string_append_len(out, part, (gssize)got);
    bool ok = !ferror(f);
    if (!ok)
        complain("%s: %s", file, g_strerror(errno));
    if (f != stdin)
        fclose(f);
    return ok;
}

static int write_sequence(const struct seq *s, const char *output)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    seq_print(s, out);
    if (!output)
        return print_out(out->str);
    if (g_file_set_contents(output, out->str, (gssize)out->len, &error))
        return STATUS_OK;
    complain("%s", error->message);
    return STATUS_FAILED;
}

static int import_file(const char *file, const char *output)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!read_all(file, text))
        return STATUS_IMAGE;
    struct call_log *log =
        read_json_trace(strcmp(file, "-") == 0 ? "<stdin>" : file, text->str, text->len, &error);
    struct seq *s = log ? seq_import(log, &error) : NULL;
    int status;
    if (s) {
        status = write_sequence(s, output);
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

int seq_command_import(int argc, char **argv)
{
    g_autofree char *output = NULL;
    int status;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the sequence to FILE (stdout)", "FILE"},
        {0},
    };
    if (!seq_parse_options("import", "make a sequence of a JSON trace", entries, &argc, &argv, &status))
        return status;
    if (argc != 2) {
        complain("seq import: expected one file");
        return STATUS_OPTION;
    }
    return import_file(argv[1], output);
}
