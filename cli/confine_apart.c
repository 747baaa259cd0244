/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine_apart.c - see confine.h: work in a confined child, for commands that write files.
 */
#define _GNU_SOURCE /* memfd_create */
#include "confine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int confine_file(void)
{
    int fd = memfd_create("ring1", MFD_CLOEXEC);
    if (fd < 0)
        complain("a file in memory: %s", g_strerror(errno));
    return fd;
}

bool confine_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR) {
            complain("a file in memory: %s", g_strerror(errno));
            return false;
        }
        bytes += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

bool confine_copy(int fd, const char *path)
{
    struct stat st;
    g_autoptr(GError) error = NULL;
    if (fstat(fd, &st)) {
        complain("%s: %s", path, g_strerror(errno));
        return false;
    }
    size_t len = (size_t)st.st_size;
    void *bytes = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    bool good = bytes != MAP_FAILED && g_file_set_contents(path, len ? bytes : "", (gssize)len, &error);
    if (!good)
        complain("%s", error ? error->message : g_strerror(errno));
    if (len && bytes != MAP_FAILED)
        munmap(bytes, len);
    return good;
}

G_GNUC_NORETURN static void do_apart(const char *name, const struct sandbox_choice *choice, unsigned needs,
                                     int (*work)(void *user), void *user)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = confine_reader(name, choice, needs) ? work(user) : STATUS_FAILED;
    confine_tell(choice);
    if (fflush(stdout) && status == STATUS_OK)
        status = STATUS_FAILED;
    _exit(status);
}

int confine_apart(const char *name, const struct sandbox_choice *choice, unsigned needs,
                  int (*work)(void *user), void *user)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        do_apart(name, choice, needs, work, user);
    if (pid < 0) {
        complain("%s: %s", name, g_strerror(errno));
        return STATUS_FAILED;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return STATUS_FAILED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    complain("%s: ended by signal %d: %s", name, WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    return STATUS_FAILED;
}
