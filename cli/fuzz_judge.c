/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_judge.c - who answers for `ring1 fuzz --oracle`: another hypervisor, by a program
 * that runs a file of kernels, and ring1 itself, kernel after kernel in this process.
 */
#include "fuzz_command.h"

#include "fuzz/oracle.h"

#include <errno.h>
#include <ring1/ring1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
/* Guest time that a kernel of a few dozen calls never needs. */
#define MAX_GUEST_NS 2000000000ull

/* --- the judge -------------------------------------------------------------------------------------- */

static char *program_of(const struct fuzz_judge *j)
{
    return g_build_filename(j->folder, "judge", NULL);
}

bool fuzz_judge_check(const struct fuzz_judge *j, GError **error)
{
    g_autofree char *program = program_of(j);
    if (g_file_test(program, G_FILE_TEST_IS_EXECUTABLE))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                "--oracle: there is no judge in %s (no program %s); tests/oracle/make_judge %s makes one",
                j->folder, program, j->folder);
    return false;
}

/* Each kernel behind a page that begins with its length, and filled up to pages; 0 at the end. */
static bool write_kernels(int fd, const GPtrArray *kernels)
{
    static const uint8_t zeroes[PAGE];
    FILE *f = fdopen(fd, "wb");
    bool ok = f != NULL;
    for (unsigned i = 0; ok && i < kernels->len; i++) {
        gsize len;
        const void *bytes = g_bytes_get_data(kernels->pdata[i], &len);
        uint32_t word = GUINT32_TO_LE((uint32_t)len);
        ok = fwrite(&word, 4, 1, f) == 1 && fwrite(zeroes, PAGE - 4, 1, f) == 1 &&
             fwrite(bytes, 1, len, f) == len &&
             fwrite(zeroes, 1, (PAGE - len % PAGE) % PAGE, f) == (PAGE - len % PAGE) % PAGE;
    }
    ok = ok && fwrite(zeroes, PAGE, 1, f) == 1;
    if (!f)
        close(fd);
    return f && fclose(f) == 0 && ok;
}

/* "(d1) 3: -16 ..." is the kernel's, "... domu: 7 ended, reason 0" is Xen's. */
static void take_line(GPtrArray *answers, struct oracle_answer **now, char *line)
{
    unsigned nr, reason;
    const char *mark = strstr(line, "domu: ");
    g_strchomp(line);
    if (g_str_has_prefix(line, "(d1) ")) {
        oracle_answer_line(*now, line + 5);
    } else if (mark && sscanf(mark, "domu: %u ended, reason %u", &nr, &reason) == 2 && nr == answers->len) {
        (*now)->end = (int)reason;
        g_ptr_array_add(answers, *now);
        *now = oracle_answer_new();
    }
}

static bool read_answers(int fd, const struct fuzz_judge *j, GPid pid, GPtrArray *answers, unsigned nr)
{
    FILE *f = fdopen(fd, "r");
    struct oracle_answer *now = oracle_answer_new();
    char *line = NULL;
    size_t size = 0;
    while (f && answers->len < nr && getline(&line, &size, f) >= 0) {
        if (j->stop && *j->stop)
            kill(pid, SIGTERM);
        take_line(answers, &now, line);
    }
    bool any = answers->len > 0;
    /* What is left of it is of one that ended the hypervisor. */
    oracle_answer_free(now);
    free(line);
    if (f)
        fclose(f);
    else
        close(fd);
    return any;
}

static bool run_judge(const struct fuzz_judge *j, const char *file, unsigned nr, GPtrArray *answers,
                      GError **error)
{
    g_autofree char *program = program_of(j), *memory = g_strdup_printf("%u", ORACLE_MEMORY_MIB),
                    *vcpus = g_strdup_printf("%u", ORACLE_VCPUS);
    char *argv[] = {program, (char *)file, memory, vcpus, NULL};
    GPid pid;
    int out, status;
    if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out,
                                  NULL, error))
        return false;
    bool any = read_answers(out, j, pid, answers, nr);
    kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!any && !(j->stop && *j->stop))
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "--oracle: the judge %s ran none of %u kernels",
                    program, nr);
    return any || (j->stop && *j->stop);
}

/* One file of kernels, from the first that has no answer yet. */
static bool ask_from(const struct fuzz_judge *j, const GPtrArray *kernels, GPtrArray *answers, GError **error)
{
    g_autofree char *file = NULL;
    g_autoptr(GPtrArray) rest = g_ptr_array_new(), got = g_ptr_array_new();
    int fd = g_file_open_tmp("ring1-oracle-XXXXXX", &file, error);
    if (fd < 0)
        return false;
    for (unsigned i = answers->len; i < kernels->len; i++)
        g_ptr_array_add(rest, kernels->pdata[i]);
    bool ok = write_kernels(fd, rest);
    if (!ok)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s cannot be written", file);
    ok = ok && run_judge(j, file, rest->len, got, error);
    for (unsigned i = 0; i < got->len; i++)
        g_ptr_array_add(answers, got->pdata[i]);
    unlink(file);
    return ok;
}

bool fuzz_judge_ask(void *judge, const GPtrArray *kernels, GPtrArray *answers, GError **error)
{
    const struct fuzz_judge *j = judge;
    while (answers->len < kernels->len && !(j->stop && *j->stop)) {
        unsigned before = answers->len;
        g_autoptr(GError) why = NULL;
        if (!ask_from(j, kernels, answers, &why) && before == 0) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
        if (answers->len < kernels->len) /* that one ended the hypervisor itself */
            g_ptr_array_add(answers, oracle_answer_new());
    }
    return true;
}

/* --- ring1 -------------------------------------------------------------------------------------------- */

static void on_console(void *user, const char *bytes, size_t len)
{
    g_string_append_len(user, bytes, (gssize)len);
}

static void take_text(struct oracle_answer *a, char *text)
{
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        oracle_answer_line(a, line);
    }
}

static int end_of(const struct ring1_stop *stop)
{
    switch (stop->reason) {
    case RING1_STOP_SHUTDOWN:
        return (int)stop->shutdown;
    case RING1_STOP_CRASH:
        return RING1_SHUTDOWN_CRASH;
    default:
        return ORACLE_HANGS;
    }
}

bool fuzz_ring1_ask(void *layout, const GPtrArray *kernels, GPtrArray *answers, GError **error)
{
    static const struct ring1_console console = {.write = on_console};
    const struct ring1_budget budget = {
        .until_ns = MAX_GUEST_NS, .hypercalls = UINT64_MAX, .traps = UINT64_MAX};
    g_autoptr(ring1_config) config = ring1_config_new();
    const struct fuzz_layout *l = layout;
    config->memory_mib = ORACLE_MEMORY_MIB;
    config->vcpus = ORACLE_VCPUS;
    config->xen = RING1_XEN_4_17;
    config->mfn_mode = (enum ring1_mfn_mode)l->mfn_mode;
    config->mfn_seed = l->mfn_seed;
    for (unsigned i = 0; i < kernels->len; i++) {
        gsize len;
        const void *bytes = g_bytes_get_data(kernels->pdata[i], &len);
        g_autoptr(ring1_machine) m = ring1_machine_new_from_bytes(config, "oracle", bytes, len, error);
        g_autoptr(GString) text = g_string_new(NULL);
        struct ring1_stop stop;
        if (!m)
            return false;
        ring1_machine_set_console(m, &console, text);
        if (!ring1_machine_run(m, &budget, &stop, error))
            return false;
        struct oracle_answer *a = oracle_answer_new();
        a->end = end_of(&stop);
        take_text(a, text->str);
        g_ptr_array_add(answers, a);
    }
    return true;
}
