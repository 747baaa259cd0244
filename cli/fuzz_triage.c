/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_triage.c - `ring1 fuzz triage`: what finds still break, each kind once; `ring1 fuzz
 * show`: an input as a sequence.
 */
#include "fuzz_command.h"
#include "options.h"
#include "seq_command.h"

#include "fuzz/check_seq.h"
#include "fuzz/to_seq.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct kind {
    char *reason; /* of the first file */
    GPtrArray *files;
};

static void kind_free(gpointer p)
{
    struct kind *k = p;
    g_free(k->reason);
    g_ptr_array_unref(k->files);
    g_free(k);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_files(GPtrArray *files, const char *path, const char *ending)
{
    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_ptr_array_add(files, g_strdup(path));
        return g_file_test(path, G_FILE_TEST_EXISTS);
    }
    GDir *dir = g_dir_open(path, 0, NULL);
    if (!dir)
        return false;
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (name[0] != '.' && (!ending || g_str_has_suffix(name, ending)))
            g_ptr_array_add(files, g_build_filename(path, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(files, by_name);
    return true;
}

/* --- one file ------------------------------------------------------------------------------------ */

static char *check_input(const char *bytes, gsize len)
{
    struct fuzz_grammars *g = fuzz_grammars_new();
    struct fuzz_input in;
    fuzz_decode(g, (const uint8_t *)bytes, len, &in);
    struct world *w = fuzz_world_new(g->of[in.pair]->abi, NULL);
    struct fuzz_checker *c = w ? fuzz_checker_new(w, g->of[in.pair]) : NULL;
    char *reason = c ? g_strdup(fuzz_check(c, &in, FUZZ_FULL)) : NULL;
    fuzz_checker_free(c);
    world_free(w);
    fuzz_grammars_free(g);
    return reason;
}

static char *check_bytes(void *user, const char *file, const char *bytes, gsize len)
{
    g_autoptr(GError) error = NULL;
    (void)user;
    if (!g_str_has_suffix(file, ".hc"))
        return check_input(bytes, len);
    struct seq *s = seq_parse(bytes, len, file, &error);
    char *reason = s ? fuzz_check_seq(s, NULL, &error) : NULL;
    seq_free(s);
    return error ? g_strdup_printf("no sequence: %s", error->message) : reason;
}

/* What a file breaks; NULL: nothing. It is read, and then looked at. */
static char *check_file(const struct fuzz_triage *how, const char *file, const struct sandbox_choice *sandbox)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize len;
    if (!g_file_get_contents(file, &bytes, &len, &error))
        return g_strdup_printf("unreadable: %s", error->message);
    if (sandbox && !confine_reader("fuzz triage", sandbox, how->needs))
        return g_strdup("unreadable: there is no sandbox");
    return how->check(how->user, file, bytes, len);
}

/* In a child: a find may end the process. */
static char *check_apart(const struct fuzz_triage *how, const char *file,
                         const struct sandbox_choice *sandbox)
{
    int pipes[2], status = 0;
    char text[512] = "";
    if (pipe(pipes) != 0)
        return check_file(how, file, NULL);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60 + how->seconds);
        g_autofree char *reason = check_file(how, file, sandbox);
        if (reason && write(pipes[1], reason, strlen(reason)) < 0)
            _exit(1);
        _exit(0);
    }
    close(pipes[1]);
    ssize_t n = pid > 0 ? read(pipes[0], text, sizeof text - 1) : -1;
    close(pipes[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        return g_strdup_printf("crash: ring1 was ended by %s", g_strsignal(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status))
        return g_strdup_printf("crash: ring1 ended with status %d", WEXITSTATUS(status));
    text[MAX(n, 0)] = '\0';
    return n > 0 ? g_strdup(text) : NULL;
}

/* --sandbox=HOW, the one option, before the files. */
static bool take_sandbox(int *argc, char ***argv, struct sandbox_choice *sandbox)
{
    const char *word = *argc > 1 ? (*argv)[1] : "";
    bool is = g_str_has_prefix(word, "--sandbox=");
    if (is) {
        (*argv)++;
        (*argc)--;
    }
    return confine_choose(is ? word + strlen("--sandbox=") : NULL, sandbox);
}

/* --- triage ---------------------------------------------------------------------------------------- */

static struct kind *kind_of(const struct fuzz_triage *how, GPtrArray *kinds, GHashTable *by_kind,
                            const char *reason)
{
    g_autofree char *name = reason ? how->kind(reason) : g_strdup("");
    struct kind *k = g_hash_table_lookup(by_kind, name);
    if (k)
        return k;
    k = g_new0(struct kind, 1);
    k->reason = g_strdup(reason);
    k->files = g_ptr_array_new();
    g_ptr_array_add(kinds, k);
    g_hash_table_insert(by_kind, g_steal_pointer(&name), k);
    return k;
}

static int report(const GPtrArray *kinds, guint nr_files)
{
    g_autoptr(GString) out = g_string_new(NULL);
    guint broken = 0;
    for (guint i = 0; i < kinds->len; i++) {
        const struct kind *k = kinds->pdata[i];
        broken += k->reason != NULL;
        g_string_append_printf(out, "%s\n", k->reason ? k->reason : "nothing is broken any more");
        for (guint n = 0; n < k->files->len; n++)
            g_string_append_printf(out, "    %s\n", (const char *)k->files->pdata[n]);
    }
    g_string_append_printf(out, "%u file%s, %u kind%s of find\n", nr_files, nr_files == 1 ? "" : "s", broken,
                           broken == 1 ? "" : "s");
    int status = print_out(out->str);
    return status == STATUS_OK && broken ? STATUS_DIFFERS : status;
}

int fuzz_triage_files(const struct fuzz_triage *how, const struct sandbox_choice *sandbox, int argc,
                      char **argv)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) kinds = g_ptr_array_new_with_free_func(kind_free);
    g_autoptr(GHashTable) by_kind = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (argc < 2) {
        complain("fuzz triage: a folder of finds, or files, are missing");
        return STATUS_OPTION;
    }
    for (int i = 1; i < argc; i++)
        if (!add_files(files, argv[i], how->ending)) {
            complain("%s: cannot be read", argv[i]);
            return STATUS_IMAGE;
        }
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *reason = check_apart(how, files->pdata[i], sandbox);
        g_ptr_array_add(kind_of(how, kinds, by_kind, reason)->files, files->pdata[i]);
    }
    return report(kinds, files->len);
}

int fuzz_command_triage(int argc, char **argv)
{
    static const struct fuzz_triage how = {.check = check_bytes, .kind = fuzz_reason_kind};
    struct sandbox_choice sandbox;
    return take_sandbox(&argc, &argv, &sandbox) ? fuzz_triage_files(&how, &sandbox, argc, argv)
                                                : STATUS_OPTION;
}

/* --- show -------------------------------------------------------------------------------------------- */

static int show(const char *bytes, gsize len, GString *out)
{
    g_autoptr(GError) error = NULL;
    struct fuzz_input in;
    struct fuzz_grammars *g = fuzz_grammars_new();
    fuzz_decode(g, (const uint8_t *)bytes, len, &in);
    struct world *w = fuzz_world_new(g->of[in.pair]->abi, &error);
    if (w) {
        struct seq *s = fuzz_to_seq(w, g->of[in.pair], &in, FUZZ_NAMES, true);
        seq_print(s, out);
        seq_free(s);
    } else {
        complain("%s", error->message);
    }
    world_free(w);
    fuzz_grammars_free(g);
    return error ? STATUS_FAILED : STATUS_OK;
}

static void free_bytes(gpointer bytes)
{
    g_bytes_unref(bytes);
}

int fuzz_command_show(int argc, char **argv)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_bytes);
    struct sandbox_choice sandbox;
    int status = STATUS_OK;
    if (!take_sandbox(&argc, &argv, &sandbox))
        return STATUS_OPTION;
    if (argc < 2) {
        complain("fuzz show: a file is missing");
        return STATUS_OPTION;
    }
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        char *bytes;
        gsize len;
        if (!g_file_get_contents(argv[i], &bytes, &len, &error)) {
            complain("%s", error->message);
            return STATUS_IMAGE;
        }
        g_ptr_array_add(files, g_bytes_new_take(bytes, len));
    }
    if (!confine_reader("fuzz show", &sandbox, 0))
        return STATUS_FAILED;
    for (guint i = 0; status == STATUS_OK && i < files->len; i++) {
        gsize len;
        const char *bytes = g_bytes_get_data(files->pdata[i], &len);
        status = show(bytes, len, out);
    }
    confine_tell(&sandbox);
    return status == STATUS_OK ? print_out(out->str) : status;
}
