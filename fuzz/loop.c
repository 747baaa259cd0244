/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loop.c - the parent: it looks after the child, tells how far it is, and turns its death
 * into a find.
 */
#include "folder.h"
#include "loop_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_SECONDS 20
#define LOOK_USEC    20000u /* at the child */
#define TELL_USEC    500000

static bool refuse_host(GError **error, const char *what)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", what, g_strerror(errno));
    return false;
}

static void fill_status(const struct fuzz_loop *l, struct fuzz_status *out)
{
    const struct fuzz_shared *s = l->s;
    *out = (struct fuzz_status){
        .runs = s->runs,
        .calls = s->calls,
        .seconds = (double)(g_get_monotonic_time() - l->begun) / G_USEC_PER_SEC,
        .corpus = s->nr_corpus,
        .edges = s->edges,
        .places = s->places,
        .results = s->results,
        .finds = s->nr_kinds,
        .crashes = s->crashes,
        .coverage = s->edges > 0,
    };
}

static void tell(struct fuzz_loop *l, gint64 *told, bool now)
{
    struct fuzz_status status;
    unsigned nr = MIN(__atomic_load_n(&l->s->nr_kinds, __ATOMIC_ACQUIRE), MAX_KINDS);
    fuzz_corpus_write(l);
    for (; l->announced < nr; l->announced++) {
        g_autofree char *file = NULL;
        g_autofree char *raw = g_strndup(l->s->kind[l->announced].reason, sizeof l->s->kind[0].reason);
        g_autofree char *reason = g_utf8_make_valid(raw, -1);
        fuzz_find_write(l, l->announced, &file);
        if (l->o->found)
            l->o->found(l->o->user, reason, file);
    }
    gint64 t = g_get_monotonic_time();
    if (!l->o->progress || (!now && t - *told < TELL_USEC))
        return;
    *told = t;
    fill_status(l, &status);
    l->o->progress(l->o->user, &status);
}

/* What a sanitizer or an assertion said: its first line of weight. */
static char *last_words(int fd, int status)
{
    char bytes[16384];
    ssize_t n = pread(fd, bytes, sizeof bytes - 1, 0);
    bytes[MAX(n, 0)] = '\0';
    static const char *const marks[] = {"ERROR: ", "runtime error: ", "ERROR:", "Assertion"};
    for (unsigned i = 0; i < G_N_ELEMENTS(marks); i++) {
        char *at = strstr(bytes, marks[i]);
        if (!at)
            continue;
        at[strcspn(at, "\n")] = '\0';
        char *address = strstr(at, " on address");
        if (address) /* where it was depends on the host */
            *address = '\0';
        return g_strdup_printf("crash: %s", at);
    }
    if (WIFSIGNALED(status))
        return g_strdup_printf("crash: ring1 was ended by %s", g_strsignal(WTERMSIG(status)));
    return g_strdup_printf("crash: ring1 ended with status %d", WEXITSTATUS(status));
}

/* One child, to its end. NULL: it came to the end of its limits; else how it died. */
static char *watch_child(struct fuzz_loop *l, pid_t pid, int words, gint64 *told)
{
    struct fuzz_shared *s = l->s;
    uint64_t runs = s->runs;
    gint64 moved = g_get_monotonic_time();
    int status;
    for (;;) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            break;
        g_usleep(LOOK_USEC);
        tell(l, told, false);
        if (l->o->stop && *l->o->stop)
            s->stop = true;
        if (s->runs != runs || s->busy) {
            runs = s->runs;
            moved = g_get_monotonic_time();
        } else if (g_get_monotonic_time() - moved > (gint64)HANG_SECONDS * G_USEC_PER_SEC) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return g_strdup("hang: an input takes more than 20 s");
        }
    }
    return WIFEXITED(status) && s->done ? NULL : last_words(words, status);
}

static int open_words(void)
{
    FILE *f = tmpfile();
    int fd = f ? dup(fileno(f)) : -1;
    if (f)
        fclose(f);
    return fd;
}

static bool run_children(struct fuzz_loop *l, GError **error)
{
    gint64 told = 0;
    for (; !l->s->done && !l->s->stop; l->generation++) {
        int words = open_words();
        l->s->busy = false;
        pid_t pid = words < 0 ? -1 : fork();
        if (pid < 0)
            return refuse_host(error, "a process for the fuzzer");
        if (pid == 0) {
            signal(SIGINT, SIG_IGN);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(words, STDERR_FILENO);
            fuzz_worker(l);
        }
        g_autofree char *died = watch_child(l, pid, words, &told);
        close(words);
        if (died)
            fuzz_keep_crash(l, fuzz_now(l), died);
        l->s->runs += died != NULL;
        bool enough = (l->o->runs && l->s->runs >= l->o->runs) ||
                      (l->o->max_finds && l->s->nr_kinds >= l->o->max_finds) ||
                      (l->o->seconds > 0 &&
                       (double)(g_get_monotonic_time() - l->begun) >= l->o->seconds * G_USEC_PER_SEC);
        l->s->done |= enough;
    }
    tell(l, &told, true);
    return true;
}

/* All that is left goes to folders, which are looked for first. */
static bool run_in_folders(struct fuzz_loop *l, GError **error)
{
    const char *const path[] = {l->o->corpus, l->o->merge, l->o->finds};
    struct fuzz_folder folder[G_N_ELEMENTS(path)];
    unsigned nr = 0;
    while (nr < G_N_ELEMENTS(path) && fuzz_folder_open(&folder[nr], path[nr], error))
        nr++;
    bool ok =
        nr == G_N_ELEMENTS(path) && (!l->o->corpus || fuzz_corpus_read(l, error)) && run_children(l, error);
    while (nr-- > 0)
        fuzz_folder_close(&folder[nr]);
    return ok;
}

bool fuzz_loop(const struct fuzz_options *o, struct fuzz_target *t, struct fuzz_status *out, GError **error)
{
    struct fuzz_loop l = {.o = o, .target = t, .begun = g_get_monotonic_time()};
    l.stride = (t->input_bytes + 15u) & ~(size_t)15;
    l.max_corpus = (unsigned)MIN(MAX_CORPUS, CORPUS_BYTES / l.stride);
    l.shared_bytes = sizeof *l.s + (l.max_corpus + 1u + MAX_KINDS) * l.stride;
    l.s =
        mmap(NULL, l.shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (l.s == MAP_FAILED)
        return refuse_host(error, "memory for the fuzzer");
    bool ok = run_in_folders(&l, error);
    fill_status(&l, out);
    munmap(l.s, l.shared_bytes);
    return ok;
}
