/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * unix_socket.c - see unix_socket.h.
 */
#define _GNU_SOURCE /* accept4 */
#include "unix_socket.h"

#include <errno.h>
#include <ring1/ring1.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
