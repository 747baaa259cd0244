/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * finds.c - what was found, as files: a sequence with a line that says what broke, and the
 * input that it was. And the corpus as files.
 */
#include "check_seq.h"
#include "loop_priv.h"
#include "to_seq.h"

#include <glib/gstdio.h>
#include <ring1/ring1.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRASH_SECONDS 20u

/* --- files ------------------------------------------------------------------------------------- */

static uint64_t hash_of(const void *bytes, size_t len)
{
    uint64_t h = 0xCBF29CE484222325ull;
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3ull;
    return h;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, bytes, (gssize)len, &error))
        g_printerr("ring1: %s\n", error->message);
}

void fuzz_corpus_write(const struct fuzz_input *in, const char *folder)
{
    uint8_t bytes[FUZZ_INPUT_MAX];
    size_t len = fuzz_encode(in, bytes);
    g_autofree char *name = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash_of(bytes, len));
    write_file(folder, name, bytes, len);
}

void fuzz_corpus_add(struct fuzz_loop *l, const struct fuzz_input *in, const char *folder)
{
    struct fuzz_shared *s = l->s;
    if (s->nr_corpus == MAX_CORPUS)
        return;
    fuzz_copy(&s->corpus[s->nr_corpus], in);
    s->nr_corpus++;
    if (folder)
        fuzz_corpus_write(in, folder);
}

/* The shortest first, and those of one length by name: on every machine the same. */
static gint by_size(gconstpointer a, gconstpointer b)
{
    GStatBuf x = {0}, y = {0};
    const char *p = *(char *const *)a, *q = *(char *const *)b;
    (void)g_stat(p, &x);
    (void)g_stat(q, &y);
    return x.st_size != y.st_size ? (x.st_size < y.st_size ? -1 : 1) : strcmp(p, q);
}

bool fuzz_corpus_read(struct fuzz_loop *l, GError **error)
{
    const char *folder = l->o->corpus;
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: cannot be made", folder);
        return false;
    }
    GDir *dir = g_dir_open(folder, 0, error);
    if (!dir)
        return false;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        if (name[0] != '.' && !g_str_has_suffix(name, ".hc"))
            g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(names, by_size);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *bytes = NULL;
        gsize len;
        struct fuzz_input in;
        if (!g_file_get_contents(names->pdata[i], &bytes, &len, NULL))
            continue;
        fuzz_decode(l->g, (const uint8_t *)bytes, len, &in);
        fuzz_corpus_add(l, &in, NULL);
    }
    return true;
}

/* --- kinds ---------------------------------------------------------------------------------------- */

bool fuzz_kind_known(struct fuzz_shared *s, const char *reason, unsigned *index)
{
    g_autofree char *kind = fuzz_reason_kind(reason);
    uint64_t hash = hash_of(kind, strlen(kind));
    for (unsigned i = 0; i < s->nr_kinds; i++)
        if (s->kind[i].hash == hash)
            return true;
    if (s->nr_kinds == MAX_KINDS)
        return true;
    s->kind[s->nr_kinds].hash = hash;
    g_strlcpy(s->kind[s->nr_kinds].reason, reason, sizeof s->kind[0].reason);
    *index = s->nr_kinds;
    return false;
}

/* The name of its files: "counts-3fa2", by kind. */
static char *base_name(const char *reason, uint64_t hash)
{
    g_autofree char *word = g_strndup(reason, strcspn(reason, ":"));
    g_strdelimit(word, " /", '-');
    return g_strdup_printf("%s-%08x", word, (unsigned)(hash ^ hash >> 32));
}

static void leave(struct fuzz_loop *l, unsigned index, const struct fuzz_input *in, const char *text)
{
    const struct fuzz_options *o = l->o;
    struct fuzz_shared *s = l->s;
    g_autofree char *base = base_name(s->kind[index].reason, s->kind[index].hash);
    if (o->finds) {
        uint8_t bytes[FUZZ_INPUT_MAX];
        size_t len = fuzz_encode(in, bytes);
        g_autofree char *hc = g_strconcat(base, ".hc", NULL), *raw = g_strconcat(base, ".input", NULL);
        g_mkdir_with_parents(o->finds, 0777);
        write_file(o->finds, raw, bytes, len);
        if (text)
            write_file(o->finds, hc, text, strlen(text));
        g_strlcpy(s->kind[index].file, text ? hc : raw, sizeof s->kind[0].file);
    }
    s->nr_kinds = index + 1;
}

void fuzz_keep_find(struct fuzz_loop *l, const struct fuzz_input *in, const char *reason)
{
    g_autofree char *copy = g_strdup(reason), *text = NULL;
    unsigned index;
    if (fuzz_kind_known(l->s, copy, &index))
        return;
    if (l->o->finds) {
        l->s->busy = true;
        const struct fuzz_prepare prepare = {l->o->prepare, l->o->user};
        text = fuzz_find_text(l->world[in->pair], l->g->of[in->pair], in, copy, &prepare, l->o->min_tries);
        l->s->busy = false;
    }
    leave(l, index, in, text);
}

/* --- crashes ------------------------------------------------------------------------------------------ */

/* How a child ended that tried the input: its signal, or 0. */
static int trial(struct fuzz_loop *l, const struct fuzz_input *in)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct fuzz_input copy;
        alarm(CRASH_SECONDS);
        (void)!freopen("/dev/null", "w", stderr);
        fuzz_copy(&copy, in);
        fuzz_check(l->checker[in->pair], &copy, FUZZ_FULL);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -WEXITSTATUS(status) : 0;
}

static bool without(struct fuzz_loop *l, struct fuzz_input *in, unsigned from, unsigned n, int how)
{
    struct fuzz_input less;
    fuzz_copy(&less, in);
    for (unsigned i = from; i + n < in->nr_steps; i++)
        fuzz_copy_step(&less.step[i], &in->step[i + n]);
    less.nr_steps = (uint8_t)(in->nr_steps - n);
    if (trial(l, &less) != how)
        return false;
    fuzz_copy(in, &less);
    return true;
}

static void reduce_crash(struct fuzz_loop *l, struct fuzz_input *in, int how)
{
    for (unsigned n = in->nr_steps / 2u; n > 0; n /= 2)
        for (unsigned at = in->nr_steps; at >= n && at > 0;) {
            at = at > n ? at - n : 0;
            if (at + n <= in->nr_steps && in->nr_steps > n)
                without(l, in, at, n, how);
            if (at == 0)
                break;
        }
    for (unsigned i = 0; i < in->nr_steps; i++)
        for (unsigned k = in->step[i].nr_said; k-- > 0;) {
            struct fuzz_input less;
            fuzz_copy(&less, in);
            struct fuzz_step *s = &less.step[i];
            memmove(&s->said[k], &s->said[k + 1], (s->nr_said - k - 1u) * sizeof s->said[0]);
            s->nr_said--;
            if (fuzz_is_call(s) && trial(l, &less) == how)
                fuzz_copy(in, &less);
        }
}

/* Lines up to the one that does it, by a child that writes before each. */
static char *crash_text(struct fuzz_loop *l, const struct fuzz_input *in, const char *reason)
{
    g_autofree char *path = NULL;
    char *text = NULL;
    int fd = g_file_open_tmp("ring1-fuzz-XXXXXX", &path, NULL), status;
    if (fd < 0)
        return NULL;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CRASH_SECONDS);
        (void)!freopen("/dev/null", "w", stderr);
        fuzz_to_seq_file(l->world[in->pair], l->g->of[in->pair], in, fd);
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, &status, 0);
    close(fd);
    g_autofree char *lines = NULL;
    if (g_file_get_contents(path, &lines, NULL, NULL) && lines[0])
        text = g_strdup_printf("# broken: %s\n%s", reason, lines);
    g_unlink(path);
    return text;
}

void fuzz_keep_crash(struct fuzz_loop *l, const struct fuzz_input *in, const char *reason)
{
    unsigned index;
    struct fuzz_input small;
    g_autofree char *text = NULL;
    if (fuzz_kind_known(l->s, reason, &index))
        return;
    fuzz_copy(&small, in);
    l->s->crashes++;
    if (fuzz_loop_world(l, in->pair, NULL) && l->o->finds) {
        int how = trial(l, &small);
        if (how)
            reduce_crash(l, &small, how);
        text = crash_text(l, &small, reason);
    }
    leave(l, index, &small, text);
}
