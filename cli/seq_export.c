/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export.c - `ring1 seq export`: a bootable kernel that makes a sequence's calls.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/seq_export.h"

#include <string.h>

static bool write_file(const char *file, const void *bytes, gsize len)
{
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents(file, bytes, (gssize)len, &error))
        return true;
    complain("%s", error->message);
    return false;
}

static int export_file(const char *file, const char *elf, const char *expected,
                       const struct seq_export_options *options)
{
    int status = STATUS_OK;
    g_autoptr(GError) error = NULL;
    struct seq_export out;
    struct seq *s = seq_read_file(file, &status);
    if (!s)
        return status;
    if (!seq_export(s, options, &out, &error)) {
        complain("%s", error->message);
        seq_free(s);
        return status_of_error(error);
    }
    gsize len;
    const void *bytes = g_bytes_get_data(out.elf, &len);
    bool ok = write_file(elf, bytes, len) &&
              (!expected || write_file(expected, out.expected->str, out.expected->len));
    g_autofree char *text = g_strdup_printf("%s%s: a kernel at %#x; boot it with --memory %u --vcpus %u\n",
                                            out.left_out->str, elf, out.va, out.memory_mib, out.nr_vcpus);
    if (!ok || print_out(text) != STATUS_OK)
        status = STATUS_FAILED;
    seq_export_clear(&out);
    seq_free(s);
    return status;
}

int seq_command_export(int argc, char **argv)
{
    g_autofree char *elf = NULL, *expected = NULL;
    gboolean skip = FALSE, watch = FALSE;
    int status;
    const GOptionEntry entries[] = {
        {"elf", 'e', 0, G_OPTION_ARG_FILENAME, &elf, "Write the kernel to FILE", "FILE"},
        {"expected", 'x', 0, G_OPTION_ARG_FILENAME, &expected, "Write the lines that it prints to FILE",
         "FILE"},
        {"skip-backends", 0, 0, G_OPTION_ARG_NONE, &skip,
         "Leave out calls that need a back end's domain, and list them", NULL},
        {"watch", 0, 0, G_OPTION_ARG_NONE, &watch,
         "Have it print each result with the words of its arguments that the call changed", NULL},
        {0},
    };
    if (!seq_parse_options("export", "write a bootable kernel that makes the same calls", entries, &argc,
                           &argv, &status))
        return status;
    if (argc != 2 || !elf) {
        complain(elf ? "seq export: expected one file" : "seq export: --elf and a file are missing");
        return STATUS_OPTION;
    }
    if (watch && expected) {
        complain("seq export: what a kernel that watches prints is not known before");
        return STATUS_OPTION;
    }
    const struct seq_export_options options = {.skip_backends = skip, .watch = watch};
    return export_file(argv[1], elf, expected, &options);
}
