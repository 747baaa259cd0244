/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * finds.c - what was found, as files: a sequence with a line that says what broke, and the
 * input that it was. And the corpus as files.
 */
#include "finds.h"

#include "check.h"
#include "loop_priv.h"

#include <glib/gstdio.h>
#include <ring1/ring1.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRASH_SECONDS 20u
/* A hang takes its time at each try, and so does a guest that has to start. */
#define REDUCE_SECONDS 300

/* --- files ------------------------------------------------------------------------------------- */

static uint64_t hash_of(const void *bytes, size_t len)
{
    uint64_t h = 0xCBF29CE484222325ull;
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3ull;
    return h;
}

static bool write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents(path, bytes, (gssize)len, &error))
        return true;
    g_printerr("ring1: %s\n", error->message);
    return false;
}

bool fuzz_file_write(const char *folder, const void *bytes, size_t len)
{
    g_autofree char *name = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash_of(bytes, len));
    return write_file(folder, name, bytes, len);
}

/* In the parent: a copy of what a child left, whatever that did to it, and its bytes. */
static void *take(const struct fuzz_loop *l, const void *shared, uint8_t **bytes, size_t *len)
{
    void *input = g_malloc0(l->stride);
    memcpy(input, shared, l->target->input_bytes);
    *bytes = g_malloc(l->target->file_bytes);
    *len = l->target->ops->encode(l->target, input, *bytes);
    l->target->ops->decode(l->target, *bytes, *len, input);
    return input;
}

static void write_input(const struct fuzz_loop *l, const void *shared, const char *folder)
{
    size_t len;
    g_autofree uint8_t *bytes = NULL;
    g_autofree void *input = take(l, shared, &bytes, &len);
    (void)input;
    fuzz_file_write(folder, bytes, len);
}

/* The parent takes what is below `nr_corpus`. */
void fuzz_corpus_add(struct fuzz_loop *l, const void *input, enum fuzz_wanted wanted)
{
    struct fuzz_shared *s = l->s;
    if (s->nr_corpus >= l->max_corpus)
        return;
    l->target->ops->copy(fuzz_corpus_at(l, s->nr_corpus), input);
    s->wanted[s->nr_corpus] = (uint8_t)wanted;
    __atomic_store_n(&s->nr_corpus, s->nr_corpus + 1, __ATOMIC_RELEASE);
}

void fuzz_corpus_write(struct fuzz_loop *l)
{
    struct fuzz_shared *s = l->s;
    unsigned nr = MIN(__atomic_load_n(&s->nr_corpus, __ATOMIC_ACQUIRE), l->max_corpus);
    for (; l->nr_saved < nr; l->nr_saved++)
        if (s->wanted[l->nr_saved] == FUZZ_NEW && l->o->corpus)
            write_input(l, fuzz_corpus_at(l, l->nr_saved), l->o->corpus);
    for (unsigned i = 0; l->o->merge && s->done && i < nr; i++)
        if (s->wanted[i] == FUZZ_MERGED)
            write_input(l, fuzz_corpus_at(l, i), l->o->merge);
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
        if (!g_file_get_contents(names->pdata[i], &bytes, &len, NULL))
            continue;
        l->target->ops->decode(l->target, (const uint8_t *)bytes, len, fuzz_now(l));
        fuzz_corpus_add(l, fuzz_now(l), FUZZ_OF_FOLDER);
    }
    return true;
}

/* --- kinds ---------------------------------------------------------------------------------------- */

static char *kind_of(const struct fuzz_loop *l, const char *reason)
{
    return l->target->ops->kind ? l->target->ops->kind(reason) : fuzz_reason_kind(reason);
}

/* True: one of this kind is known; else it is from now on. */
static bool kind_known(struct fuzz_loop *l, const char *reason, unsigned *index)
{
    struct fuzz_shared *s = l->s;
    g_autofree char *kind = kind_of(l, reason);
    uint64_t hash = hash_of(kind, strlen(kind));
    for (unsigned i = 0; i < MIN(s->nr_kinds, MAX_KINDS); i++)
        if (s->kind[i].hash == hash)
            return true;
    if (s->nr_kinds >= MAX_KINDS)
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

/* Where a sequence breaks alike, that is what is told of. */
static void leave(struct fuzz_loop *l, unsigned index, const void *input, const char *text, bool is_sequence)
{
    struct fuzz_shared *s = l->s;
    l->target->ops->copy(fuzz_kind_at(l, index), input);
    if (!text || g_strlcpy(s->kind[index].text, text, FIND_TEXT) >= FIND_TEXT)
        s->kind[index].text[0] = '\0';
    s->kind[index].is_sequence = is_sequence;
    __atomic_store_n(&s->nr_kinds, index + 1, __ATOMIC_RELEASE);
}

/* --- in children ------------------------------------------------------------------------------- */

/* How a child ended that tried the input: its signal, or 0. */
static int trial(struct fuzz_loop *l, const void *input)
{
    struct fuzz_target *t = l->target;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        struct fuzz_outcome out;
        void *copy = g_malloc0(l->stride);
        alarm(CRASH_SECONDS + t->start_seconds);
        (void)!freopen("/dev/null", "w", stderr);
        if (l->o->confine)
            l->o->confine(l->o->user);
        if (!fuzz_ready(t))
            _exit(0);
        t->ops->copy(copy, input);
        t->ops->check(t, copy, FUZZ_FULL, &out);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -WEXITSTATUS(status) : 0;
}

/* Its lines, up to one that ends the process. */
static char *lines_of(struct fuzz_loop *l, const void *input, const char *reason)
{
    g_autofree char *path = NULL;
    char *text = NULL;
    int fd = g_file_open_tmp("ring1-fuzz-XXXXXX", &path, NULL), status;
    if (fd < 0)
        return NULL;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(CRASH_SECONDS + l->target->start_seconds);
        (void)!freopen("/dev/null", "w", stderr);
        if (l->o->confine)
            l->o->confine(l->o->user);
        l->target->ops->tell(l->target, input, fd);
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

/* What there is to be read of an input that is no sequence: the report, and its calls. */
static void write_about(struct fuzz_loop *l, const void *input, const char *base, const char *reason,
                        const char *report)
{
    g_autofree char *hc = g_strconcat(base, ".hc", NULL), *about = g_strconcat(base, ".txt", NULL);
    g_autofree char *all = g_strdup_printf("%s\n\n%s", reason, report);
    g_autofree char *lines = lines_of(l, input, reason);
    write_file(l->o->finds, about, all, strlen(all));
    if (lines)
        write_file(l->o->finds, hc, lines, strlen(lines));
}

void fuzz_find_write(struct fuzz_loop *l, unsigned index, char **file)
{
    const char *folder = l->o->finds;
    const struct fuzz_shared *s = l->s;
    if (!folder)
        return;
    size_t len;
    g_autofree uint8_t *bytes = NULL;
    g_autofree void *input = take(l, fuzz_kind_at(l, index), &bytes, &len);
    g_autofree char *reason = g_strndup(s->kind[index].reason, sizeof s->kind[0].reason);
    g_autofree char *base = base_name(reason, s->kind[index].hash);
    g_autofree char *text = g_strndup(s->kind[index].text, FIND_TEXT);
    g_autofree char *hc = g_strconcat(base, ".hc", NULL), *raw = g_strconcat(base, ".input", NULL);
    write_file(folder, raw, bytes, len);
    if (!l->target->ops->sequence)
        write_about(l, input, base, reason, text);
    else if (text[0])
        write_file(folder, hc, text, strlen(text));
    *file = g_strdup(text[0] && l->target->ops->sequence && s->kind[index].is_sequence ? hc : raw);
}

/* --- finds --------------------------------------------------------------------------------------- */

struct alike {
    struct fuzz_loop *l;
    const char *reason; /* a crash: NULL */
    int how;            /* a crash */
    char *kind;
    void *copy;
    enum fuzz_level level;
    unsigned left; /* tries */
    gint64 end;    /* of them; a crash */
};

static bool crashes_alike(void *user, const void *input)
{
    struct alike *a = user;
    return a->left && a->left-- && g_get_monotonic_time() < a->end && trial(a->l, input) == a->how;
}

static bool breaks_alike(void *user, const void *input)
{
    struct alike *a = user;
    struct fuzz_target *t = a->l->target;
    struct fuzz_outcome out;
    if (!a->left)
        return false;
    a->left--;
    t->ops->copy(a->copy, input);
    const char *reason = t->ops->check(t, a->copy, a->level, &out);
    g_autofree char *kind = reason ? kind_of(a->l, reason) : NULL;
    return g_strcmp0(kind, a->kind) == 0;
}

/* Of an input that no sequence stands for: it is made smaller itself. */
static void reduce_find(struct fuzz_loop *l, void *input, const char *reason)
{
    struct alike a = {
        .l = l, .kind = kind_of(l, reason), .copy = g_malloc0(l->stride), .left = l->o->min_tries};
    const struct fuzz_trial holds = {breaks_alike, &a};
    if (!breaks_alike(&a, input))
        a.level = FUZZ_FULL;
    if (breaks_alike(&a, input))
        l->target->ops->reduce(l->target, input, &holds, l->o->min_tries);
    g_free(a.kind);
    g_free(a.copy);
}

void fuzz_keep_find(struct fuzz_loop *l, const void *input, const char *reason)
{
    const struct fuzz_target_ops *ops = l->target->ops;
    g_autofree char *copy = g_strdup(reason), *text = NULL;
    unsigned index;
    if (kind_known(l, copy, &index))
        return;
    g_autofree void *small = g_malloc0(l->stride);
    ops->copy(small, input);
    l->s->busy = true;
    if (l->o->finds && ops->sequence) {
        text = ops->sequence(l->target, small, copy, l->o->min_tries);
    } else if (l->o->finds) {
        reduce_find(l, small, copy);
        text = ops->report ? ops->report(l->target, small) : NULL;
    }
    l->s->busy = false;
    leave(l, index, small, text, ops->sequence != NULL);
}

void fuzz_keep_crash(struct fuzz_loop *l, const void *shared, const char *reason)
{
    const struct fuzz_target_ops *ops = l->target->ops;
    unsigned index;
    g_autofree char *text = NULL;
    if (kind_known(l, reason, &index))
        return;
    size_t len;
    g_autofree uint8_t *bytes = NULL;
    g_autofree void *small = take(l, shared, &bytes, &len);
    l->s->crashes++;
    if (l->o->finds) {
        gint64 end = g_get_monotonic_time() + REDUCE_SECONDS * G_USEC_PER_SEC;
        struct alike a = {.l = l, .how = trial(l, small), .left = l->o->min_tries, .end = end};
        const struct fuzz_trial holds = {crashes_alike, &a};
        if (a.how)
            ops->reduce(l->target, small, &holds, l->o->min_tries);
        text = ops->sequence ? lines_of(l, small, reason) : NULL;
    }
    leave(l, index, small, text, true);
}
