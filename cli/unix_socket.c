/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * unix_socket.c - see unix_socket.h.
 */
#define _GNU_SOURCE /* accept4, close_range, pipe2 */
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 16

static bool make_address(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (g_strlcpy(address->sun_path, path, sizeof address->sun_path) < sizeof address->sun_path)
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                "%s: is longer than a socket's path may be, %zu bytes", path, sizeof address->sun_path - 1);
    return false;
}

static int fail(int fd, const char *path, int why, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", path, g_strerror(why));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int new_socket(int flags)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* --- who removes the paths ------------------------------------------------------------- */

/* A process that waits for the end of a pipe, which is ours, and removes a path then. */
struct keeper {
    char *path;
    pid_t pid;
    int fd;
};

/* A process has one table of sockets that it listens at. */
static GArray *keepers;

/* In the keeper: it has nothing but its end of the pipe, and hears no terminal. */
G_GNUC_NORETURN static void keep(const char *path, int fd)
{
    struct stat before, now;
    char byte;
    bool known = lstat(path, &before) == 0;
    setsid();
    dup2(fd, 0);
    close_range(1, ~0U, 0);
    while (read(0, &byte, 1) < 0 && errno == EINTR)
        continue;
    if (known && lstat(path, &now) == 0 && before.st_dev == now.st_dev && before.st_ino == now.st_ino)
        unlink(path);
    _exit(0);
}

static void start_keeper(const char *path)
{
    struct keeper k = {.path = g_strdup(path)};
    int fd[2];
    k.pid = pipe2(fd, O_CLOEXEC) ? -1 : fork();
    if (k.pid == 0)
        keep(path, fd[0]);
    if (k.pid < 0) { /* the path will be left behind */
        g_free(k.path);
        return;
    }
    close(fd[0]);
    k.fd = fd[1];
    if (!keepers)
        keepers = g_array_new(FALSE, FALSE, sizeof k);
    g_array_append_val(keepers, k);
}

void unix_socket_unlink(const char *path)
{
    for (guint i = 0; keepers && i < keepers->len; i++) {
        struct keeper k = g_array_index(keepers, struct keeper, i);
        if (strcmp(k.path, path))
            continue;
        close(k.fd);
        while (waitpid(k.pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        g_free(k.path);
        g_array_remove_index(keepers, i);
        return;
    }
}

/* --------------------------------------------------------------------------------------- */

/* Nobody listens there: a socket of a process that is gone. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return false;
    int fd = new_socket(0);
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

int unix_socket_listen(const char *path, GError **error)
{
    struct sockaddr_un address;
    if (!make_address(path, &address, error))
        return -1;
    if (is_stale(&address))
        unlink(path);
    int fd = new_socket(SOCK_NONBLOCK);
    if (fd < 0)
        return fail(fd, path, errno, error);
    mode_t before = umask(0177);
    int bad = bind(fd, (const struct sockaddr *)&address, sizeof address);
    int why = errno;
    umask(before);
    if (bad)
        return fail(fd, path, why, error);
    if (listen(fd, BACKLOG)) {
        why = errno;
        unlink(path);
        return fail(fd, path, why, error);
    }
    start_keeper(path);
    return fd;
}

int unix_socket_accept(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int unix_socket_connect(const char *path, GError **error)
{
    struct sockaddr_un address;
    if (!make_address(path, &address, error))
        return -1;
    int fd = new_socket(0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address))
        return fail(fd, path, errno, error);
    return fd;
}
