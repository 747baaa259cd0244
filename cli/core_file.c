/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * core_file.c - see core_file.h.
 */
#define _GNU_SOURCE /* close_range */
#include "core_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <ring1/ring1.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool fail(const char *path, int why, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", path, g_strerror(why));
    return false;
}

/* In the keeper: it has nothing but its end of the socket, and hears no terminal. A byte: the
 * file is whole, and how the renaming went is answered; the end of the socket: it is not to be. */
G_GNUC_NORETURN static void keep(const char *temporary, const char *path, int fd)
{
    char byte;
    ssize_t n;
    setsid();
    dup2(fd, 0);
    close_range(1, ~0U, 0);
    while ((n = read(0, &byte, 1)) < 0 && errno == EINTR)
        continue;
    int why = n == 1 && rename(temporary, path) == 0 ? 0 : errno;
    if (n != 1 || why)
        unlink(temporary);
    if (n == 1)
        send(0, &why, sizeof why, MSG_NOSIGNAL);
    _exit(0);
}

static bool start_keeper(struct core_file *f, const char *temporary)
{
    int end[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end))
        return false;
    f->pid = fork();
    if (f->pid == 0)
        keep(temporary, f->path, end[1]);
    close(end[1]);
    f->keeper = end[0];
    if (f->pid < 0) {
        close(end[0]);
        f->keeper = -1;
    }
    return f->pid > 0;
}

bool core_file_open(struct core_file *f, const char *path, GError **error)
{
    struct stat st;
    *f = (struct core_file)CORE_FILE_NONE;
    if (!path)
        return true;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: is no regular file, and a core has to be one",
                    path);
        return false;
    }
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    f->fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (f->fd < 0)
        return fail(path, errno, error);
    f->path = g_strdup(path);
    if (start_keeper(f, temporary))
        return true;
    int why = errno;
    unlink(temporary);
    core_file_close(f);
    return fail(path, why, error);
}

bool core_file_keep(struct core_file *f, GError **error)
{
    char byte = 1;
    int why = EIO;
    if (write(f->keeper, &byte, 1) != 1 || read(f->keeper, &why, sizeof why) != sizeof why || why)
        return fail(f->path, why, error);
    return true;
}

void core_file_close(struct core_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->keeper >= 0) {
        close(f->keeper);
        while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    g_free(f->path);
    *f = (struct core_file)CORE_FILE_NONE;
}
