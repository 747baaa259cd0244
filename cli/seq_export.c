/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export.c - `ring1 seq export`: a bootable kernel that makes a sequence's calls.
 */
#include "commands.h"
#include "options.h"
#include "seq_command.h"

#include "debug/seq_export.h"

#include <unistd.h>

/* The work of a child, which leaves the kernel and its lines where the parent takes them from. */
struct exporting {
    const struct seq_source *source;
    const char *elf;
    bool skip_backends, watch;
    int fd, expected_fd; /* -1: not wanted */
    int scratch;         /* for libelf */
};

static int export_file(void *user)
{
    const struct exporting *todo = user;
    int status = STATUS_OK;
    g_autoptr(GError) error = NULL;
    struct seq_export_options options = {
        .skip_backends = todo->skip_backends, .watch = todo->watch, .file = todo->scratch};
    struct seq_export out;
    struct seq *s = seq_parse_source(todo->source, &status);
    if (!s)
        return status;
    if (!seq_export(s, &options, &out, &error)) {
        complain("%s", error->message);
        seq_free(s);
        return status_of_error(error);
    }
    gsize len;
    const void *bytes = g_bytes_get_data(out.elf, &len);
    bool ok =
        confine_write(todo->fd, bytes, len) &&
        (todo->expected_fd < 0 || confine_write(todo->expected_fd, out.expected->str, out.expected->len));
    g_autofree char *text =
        g_strdup_printf("%s%s: a kernel at %#x; boot it with --memory %u --vcpus %u\n", out.left_out->str,
                        todo->elf, out.va, out.memory_mib, out.nr_vcpus);
    if (!ok || print_out(text) != STATUS_OK)
        status = STATUS_FAILED;
    seq_export_clear(&out);
    seq_free(s);
    return status;
}

static int export_apart(struct exporting *todo, const char *expected, const struct sandbox_choice *sandbox)
{
    int status = STATUS_FAILED;
    todo->fd = confine_file();
    todo->expected_fd = expected ? confine_file() : -1;
    todo->scratch = confine_file();
    if (todo->fd >= 0 && todo->scratch >= 0 && (!expected || todo->expected_fd >= 0))
        status = confine_apart("seq export", sandbox, 0, export_file, todo);
    if (status == STATUS_OK &&
        (!confine_copy(todo->fd, todo->elf) || (expected && !confine_copy(todo->expected_fd, expected))))
        status = STATUS_FAILED;
    if (todo->fd >= 0)
        close(todo->fd);
    if (todo->scratch >= 0)
        close(todo->scratch);
    if (todo->expected_fd >= 0)
        close(todo->expected_fd);
    return status;
}

int seq_command_export(int argc, char **argv)
{
    g_autofree char *elf = NULL, *expected = NULL;
    gboolean skip = FALSE, watch = FALSE;
    struct sandbox_choice sandbox;
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
                           &argv, &sandbox, &status))
        return status;
    if (argc != 2 || !elf) {
        complain(elf ? "seq export: expected one file" : "seq export: --elf and a file are missing");
        return STATUS_OPTION;
    }
    if (watch && expected) {
        complain("seq export: what a kernel that watches prints is not known before");
        return STATUS_OPTION;
    }
    g_autoptr(GPtrArray) sources = seq_read_files(argc, argv);
    struct exporting todo = {.source = sources->pdata[0], .elf = elf, .skip_backends = skip, .watch = watch};
    return export_apart(&todo, expected, &sandbox);
}
