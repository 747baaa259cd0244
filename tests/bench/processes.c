/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * processes.c - the rows that start the ring1 command: time to the guest's first
 * byte, memory, GRUB's way to its prompt.
 *
 * Linux counts the memory of who starts a process into the peak of the process:
 * this one must make no machine before it has measured that.
 */
#include "bench.h"
#include "guest.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS       20u
#define QUICK_STARTS 3u
#define PATIENCE_S   20

extern char **environ;

struct child {
    pid_t pid;
    int in, out; /* its stdin and stdout */
    uint64_t started;
};

static bool spawn(const char *const *argv, struct child *c)
{
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    g_autoptr(GError) error = NULL;
    if (!g_unix_open_pipe(in, FD_CLOEXEC, &error) || !g_unix_open_pipe(out, FD_CLOEXEC, &error))
        return bench_failed("%s", error->message);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    c->started = wall_ns();
    int err = posix_spawn(&c->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    c->in = in[1];
    c->out = out[0];
    return err == 0 || bench_failed("%s: %s", argv[0], g_strerror(err));
}

/* Read until `text` was seen (NULL: a byte). False: it did not come, or nothing
 * did for a long time. */
static bool wait_for(struct child *c, const char *text)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    struct pollfd readable = {.fd = c->out, .events = POLLIN};
    char bytes[4096];
    ssize_t n;
    while (poll(&readable, 1, PATIENCE_S * 1000) > 0 && (n = read(c->out, bytes, sizeof bytes)) > 0) {
        g_string_append_len(seen, bytes, n);
        if (!text || strstr(seen->str, text))
            return true;
    }
    return false;
}

/* Let it end, or end it; its status and what it used. */
static int reap(struct child *c, bool end_it, struct rusage *usage)
{
    int status = 0;
    char bytes[4096];
    close(c->in);
    if (end_it)
        kill(c->pid, SIGKILL);
    while (read(c->out, bytes, sizeof bytes) > 0)
        ;
    close(c->out);
    wait4(c->pid, &status, 0, usage);
    return status;
}

/* ms from a start to `text` on its stdout; the process must end well unless it
 * is ended here. */
static bool time_to(const char *const *argv, const char *text, bool end_it, double *ms, struct rusage *usage)
{
    struct child c;
    if (!spawn(argv, &c))
        return false;
    bool came = wait_for(&c, text);
    *ms = (double)(wall_ns() - c.started) / 1e6;
    int status = reap(&c, end_it || !came, usage);
    return came && (end_it || status == 0)
               ? true
               : bench_failed("%s %s: no answer, wait status %#x", argv[0], argv[1], (unsigned)status);
}

static double cpu_ms(const struct rusage *u)
{
    const struct timeval *t[] = {&u->ru_utime, &u->ru_stime};
    double ms = 0;
    for (unsigned i = 0; i < 2; i++)
        ms += (double)t[i]->tv_sec * 1e3 + (double)t[i]->tv_usec / 1e3;
    return ms;
}

static void add_part(struct bench_row *row, const char *name, double figure)
{
    struct bench_part part = {name, figure};
    if (!row->parts)
        row->parts = g_array_new(FALSE, FALSE, sizeof(struct bench_part));
    g_array_append_val(row->parts, part);
}

bool measure_start(struct bench *b)
{
    const char *const real_argv[] = {b->ring1, "run", b->hello, NULL};
    const char *const link_argv[] = {b->ring1, "--version", NULL};
    const char *const bare_argv[] = {b->self, "--bare-start", NULL};
    double real[STARTS], bare[STARTS], linked[STARTS], cpu[STARTS];
    struct rusage usage;
    struct bench_row *row = bench_add(b, "process start to hello's first byte", "ms");
    row->samples = b->quick ? QUICK_STARTS : STARTS;
    row->goal = GOAL_FIGURE;
    row->limit = 30;
    row->note = "bare: a process that opens the engine, runs one block, writes a byte";
    for (unsigned i = 0; i < row->samples; i++) {
        if (!time_to(bare_argv, NULL, false, &bare[i], &usage) ||
            !time_to(link_argv, NULL, false, &linked[i], &usage) ||
            !time_to(real_argv, NULL, false, &real[i], &usage))
            return false;
        cpu[i] = cpu_ms(&usage);
    }
    row->bare = median(bare, row->samples);
    row->figure = median(real, row->samples);
    row->ratio = row->figure / row->bare;
    add_part(row, "start and linking (--version)", median(linked, row->samples));
    add_part(row, "CPU time, until the process ends", median(cpu, row->samples));
    return true;
}

bool measure_memory(struct bench *b)
{
    const char *const real_argv[] = {b->ring1, "run", "--memory", "256", b->hello, NULL};
    const char *const bare_argv[] = {b->self, "--bare-start", NULL};
    struct rusage real, bare;
    double ms;
    struct bench_row *row = bench_add(b, "resident memory, hello in 256 MiB", "MiB");
    if (!time_to(real_argv, NULL, false, &ms, &real) || !time_to(bare_argv, NULL, false, &ms, &bare))
        return false;
    row->samples = 1;
    row->figure = (double)real.ru_maxrss / 1024;
    row->bare = (double)bare.ru_maxrss / 1024;
    row->ratio = row->figure / row->bare;
    row->goal = GOAL_FIGURE;
    row->limit = 40;
    return true;
}

/* --- GRUB ------------------------------------------------------------------- */

#define PROMPT "grub> "

/* The same in this process, with the clock read between the steps. */
struct grub {
    ring1_machine *machine;
    GString *seen;
    uint64_t first_byte, prompt;
};

static void on_write(void *user, const char *bytes, size_t len)
{
    struct grub *g = user;
    if (!g->first_byte)
        g->first_byte = wall_ns();
    g_string_append_len(g->seen, bytes, (gssize)len);
    if (!g->prompt && strstr(g->seen->str, PROMPT)) {
        g->prompt = wall_ns();
        ring1_machine_interrupt(g->machine);
    }
}

enum { GRUB_PROCESS, GRUB_MAKING, GRUB_FIRST_BYTE, GRUB_PROMPT, GRUB_PARTS };
static const char *const part_names[GRUB_PARTS] = {"process", "making the machine", "to the first byte",
                                                   "to the prompt"};

/* Fills all parts but the process's, in ms. */
static bool time_grub(const char *path, double *part)
{
    static const struct ring1_console console = {.write = on_write};
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    g_autoptr(GString) seen = g_string_new(NULL);
    struct grub g = {.seen = seen};
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    struct ring1_stop stop = {0};
    uint64_t start = wall_ns();
    g.machine = ring1_machine_new_from_file(config, path, &error);
    uint64_t made = wall_ns();
    if (!g.machine)
        return bench_failed("%s", error->message);
    ring1_machine_set_console(g.machine, &console, &g);
    budget.until_ns = (uint64_t)PATIENCE_S * 1000000000u;
    bool ran = ring1_machine_run(g.machine, &budget, &stop, &error);
    ring1_machine_free(g.machine);
    if (!ran || !g.prompt)
        return bench_failed("%s: no prompt: %s", path, error ? error->message : "it stopped before");
    part[GRUB_MAKING] = (double)(made - start) / 1e6;
    part[GRUB_FIRST_BYTE] = (double)(g.first_byte - made) / 1e6;
    part[GRUB_PROMPT] = (double)(g.prompt - g.first_byte) / 1e6;
    return true;
}

bool measure_grub(struct bench *b)
{
    const char *const argv[] = {b->ring1, "run", b->grub, NULL};
    double whole[STARTS], part[GRUB_PARTS][STARTS];
    struct rusage usage;
    struct bench_row *row = bench_add(b, "GRUB, process start to its prompt", "ms");
    if (!b->grub || !g_file_test(b->grub, G_FILE_TEST_IS_REGULAR)) {
        row->skipped = "its image was not fetched";
        return true;
    }
    row->samples = b->quick ? QUICK_STARTS : STARTS / 2;
    for (unsigned i = 0; i < row->samples; i++) {
        double p[GRUB_PARTS] = {0};
        if (!time_to(argv, PROMPT, true, &whole[i], &usage) || !time_grub(b->grub, p))
            return false;
        p[GRUB_PROCESS] = MAX(0, whole[i] - p[GRUB_MAKING] - p[GRUB_FIRST_BYTE] - p[GRUB_PROMPT]);
        for (unsigned k = 0; k < GRUB_PARTS; k++)
            part[k][i] = p[k];
    }
    row->figure = median(whole, row->samples);
    for (unsigned k = 0; k < GRUB_PARTS; k++)
        add_part(row, part_names[k], median(part[k], row->samples));
    return true;
}
