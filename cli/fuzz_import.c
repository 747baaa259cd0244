/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_import.c - `ring1 fuzz import`: sequences, written by hand or captured, become inputs
 * of a corpus.
 */
#include "commands.h"
#include "fuzz_command.h"
#include "options.h"
#include "seq_command.h"

#include "fuzz/finds.h"
#include "fuzz/folder.h"
#include "fuzz/from_seq.h"

#include <string.h>
#include <unistd.h>

/* The work of a child, which leaves inputs where the parent makes files of them. */
struct import {
    char *corpus, *abi, *xen, *how;
    struct fuzz_grammars *grammars;
    GPtrArray *sources;
    GString *out;
    int fd; /* each input: its length, 4 bytes, and its bytes */
};

static void append_unsaid(GString *out, const char *file, const GPtrArray *unsaid)
{
    for (guint i = 0; i < unsaid->len; i++) {
        const struct fuzz_unsaid *u = unsaid->pdata[i];
        g_string_append_printf(out, "%s:%u: not said: %s", file, u->line, u->what);
        if (u->more)
            g_string_append_printf(out, " (nor in %u other line%s)", u->more, u->more == 1 ? "" : "s");
        g_string_append_c(out, '\n');
    }
}

static bool leave(const struct import *o, const struct fuzz_input *in)
{
    uint8_t bytes[sizeof(uint32_t) + FUZZ_INPUT_MAX];
    uint32_t len = (uint32_t)fuzz_encode(in, bytes + sizeof len);
    memcpy(bytes, &len, sizeof len);
    return confine_write(o->fd, (const char *)bytes, sizeof len + len);
}

static int import_file(const struct import *o, const struct seq_source *source)
{
    const char *file = source->file;
    g_autoptr(GError) error = NULL;
    struct fuzz_imported in;
    int status = STATUS_OK;
    struct seq *s = seq_parse_source(source, &status);
    if (!s)
        return status;
    if (!seq_other_abi(o->abi, o->xen, s)) {
        seq_free(s);
        return STATUS_OPTION;
    }
    if (fuzz_from_seq(o->grammars, s, &in, &error)) {
        append_unsaid(o->out, file, in.unsaid);
        for (guint i = 0; i < in.inputs->len && status == STATUS_OK; i++)
            status = leave(o, in.inputs->pdata[i]) ? STATUS_OK : STATUS_FAILED;
        g_string_append_printf(o->out, "%s: %u call%s in %u input%s\n", file, in.calls,
                               in.calls == 1 ? "" : "s", in.inputs->len, in.inputs->len == 1 ? "" : "s");
    } else {
        complain("%s", error->message);
        status = status_of_error(error);
    }
    fuzz_imported_clear(&in);
    seq_free(s);
    return status;
}

static int import_all(void *user)
{
    struct import *o = user;
    int status = STATUS_OK;
    o->grammars = fuzz_grammars_new();
    o->out = g_string_new(NULL);
    for (guint i = 0; i < o->sources->len && status == STATUS_OK; i++)
        status = import_file(o, o->sources->pdata[i]);
    int printed = print_out(o->out->str);
    g_string_free(o->out, TRUE);
    fuzz_grammars_free(o->grammars);
    return status == STATUS_OK ? printed : status;
}

static bool write_files(const struct import *o)
{
    uint8_t bytes[FUZZ_INPUT_MAX];
    uint32_t len;
    off_t at = 0;
    bool good = true;
    while (good && pread(o->fd, &len, sizeof len, at) == sizeof len && len <= sizeof bytes &&
           pread(o->fd, bytes, len, at + (off_t)sizeof len) == (ssize_t)len) {
        good = fuzz_file_write(o->corpus, bytes, len);
        at += (off_t)(sizeof len + len);
    }
    return good;
}

static int import_apart(struct import *o, int argc, char **argv)
{
    struct sandbox_choice sandbox;
    if (!confine_choose(o->how, &sandbox))
        return STATUS_OPTION;
    g_autoptr(GError) error = NULL;
    struct fuzz_folder corpus;
    if (!fuzz_folder_open(&corpus, o->corpus, &error)) {
        complain("%s", error->message);
        return STATUS_FAILED;
    }
    if ((o->fd = confine_file()) < 0)
        return STATUS_FAILED;
    o->sources = seq_read_files(argc, argv);
    int status = confine_apart("fuzz import", &sandbox, 0, import_all, o);
    if (!write_files(o))
        status = STATUS_FAILED;
    fuzz_folder_close(&corpus);
    g_ptr_array_unref(o->sources);
    close(o->fd);
    return status;
}

int fuzz_command_import(int argc, char **argv)
{
    struct import o = {0};
    gboolean help = FALSE;
    int status = STATUS_OPTION;
    const GOptionEntry entries[] = {
        {"corpus", 'c', 0, G_OPTION_ARG_FILENAME, &o.corpus, "Write the inputs to DIR (corpus)", "DIR"},
        {"abi", 0, 0, G_OPTION_ARG_STRING, &o.abi, "This ABI, whatever the files say", "ABI"},
        {"xen", 0, 0, G_OPTION_ARG_STRING, &o.xen, "This Xen, whatever the files say", "VERSION"},
        {"sandbox", 0, 0, G_OPTION_ARG_STRING, &o.how, "on, off, or report what would be refused (on)",
         "HOW"},
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Print this text", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("FILE.hc... - sequences as inputs");
    g_option_context_add_main_entries(context, entries, NULL);
    if (options_take(context, "fuzz import", &argc, &argv)) {
        g_autofree char *text = help ? g_option_context_get_help(context, TRUE, NULL) : NULL;
        if (help)
            status = print_out(text);
        else if (argc < 2)
            complain("fuzz import: a file is missing ('-' is standard input)");
        else {
            if (!o.corpus)
                o.corpus = g_strdup("corpus");
            status = import_apart(&o, argc, argv);
        }
    }
    g_free(o.corpus);
    g_free(o.abi);
    g_free(o.xen);
    g_free(o.how);
    return status;
}
