/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * line.c - see line.h.
 */
#define _GNU_SOURCE /* posix_openpt */
#include "line.h"

#include "options.h"
#include "signals.h"
#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* How often a pseudo-terminal that nobody has open is looked at. */
#define LOOK_NS UINT64_C(100000000)

struct line {
    int listener; /* -1: a pseudo-terminal */
    int fd;       /* the client, -1: none; or the terminal's master */
    bool deaf;    /* the client reads no more; what it sent is still to be read */
    char *path;   /* of the socket, or NULL */
    GByteArray *kept;
};

static struct line *new_line(int listener, int fd, const char *path)
{
    struct line *l = g_new0(struct line, 1);
    *l = (struct line){.listener = listener, .fd = fd, .path = g_strdup(path), .kept = g_byte_array_new()};
    return l;
}

struct line *line_open_unix(const char *path, GError **error)
{
    int fd = unix_socket_listen(path, error);
    return fd >= 0 ? new_line(fd, -1, path) : NULL;
}

/* No echo and no line discipline: what the guest writes is for the reader alone. */
static bool make_raw(const char *name)
{
    struct termios t;
    int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool good = fd >= 0 && tcgetattr(fd, &t) == 0;
    if (good) {
        cfmakeraw(&t);
        good = tcsetattr(fd, TCSANOW, &t) == 0;
    }
    if (fd >= 0)
        close(fd);
    return good;
}

struct line *line_open_pty(GError **error)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    const char *name = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 ? ptsname(fd) : NULL;
    if (!name || !make_raw(name)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "pty: %s", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    complain("the console is %s", name);
    return new_line(-1, fd, NULL);
}

/* A terminal that nobody has open is hung up. */
static bool somebody_reads(const struct line *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};
    return l->fd >= 0 && !l->deaf && (l->listener >= 0 || (poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP)));
}

static void drop_client(struct line *l)
{
    if (l->listener < 0)
        return;
    close(l->fd);
    l->fd = -1;
    l->deaf = false;
}

/* Write what is kept. False: there is some left. */
static bool flush(struct line *l)
{
    while (l->kept->len > 0 && somebody_reads(l)) {
        ssize_t n = write(l->fd, l->kept->data, l->kept->len);
        if (n > 0)
            g_byte_array_remove_range(l->kept, 0, (guint)n);
        else if (n < 0 && errno == EAGAIN)
            return false;
        else if (n < 0 && errno != EINTR && l->listener >= 0)
            l->deaf = true;
        else if (n < 0 && errno != EINTR)
            return false;
    }
    return l->kept->len == 0;
}

void line_write(struct line *l, const char *bytes, size_t len)
{
    g_byte_array_append(l->kept, (const guint8 *)bytes, (guint)len);
    while (!flush(l) && somebody_reads(l) && !signals_leave())
        poll(&(struct pollfd){.fd = l->fd, .events = POLLOUT}, 1, 100);
    if (l->kept->len > LINE_KEPT)
        g_byte_array_remove_range(l->kept, 0, l->kept->len - LINE_KEPT);
}

static void take_client(struct line *l)
{
    l->fd = unix_socket_accept(l->listener);
    flush(l);
}

void line_prepare(struct line *l, GArray *fds, bool want_input, uint64_t *timeout_ns)
{
    struct pollfd p = {.fd = l->fd >= 0 ? l->fd : l->listener, .events = POLLIN};
    /* A terminal that is hung up is ready all the time, and nothing tells of its end. */
    if (l->listener < 0 && !somebody_reads(l)) {
        p.fd = -1;
        *timeout_ns = MIN(*timeout_ns, LOOK_NS);
    }
    if (l->fd >= 0 && !want_input)
        p.events = 0;
    if (l->kept->len > 0 && somebody_reads(l))
        p.events |= POLLOUT;
    g_array_append_val(fds, p);
}

size_t line_serve(struct line *l, const struct pollfd *fds, guint nr, char *bytes, size_t len)
{
    flush(l);
    if (nr == 0 || fds[0].fd < 0 || fds[0].revents == 0)
        return 0;
    if (l->fd < 0) {
        take_client(l);
        return 0;
    }
    if (!(fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
        return 0;
    ssize_t n = read(l->fd, bytes, len);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop_client(l);
    return n > 0 ? (size_t)n : 0;
}

void line_close(struct line *l)
{
    if (!l)
        return;
    if (l->fd < 0)
        take_client(l); /* who came when the guest was at its end */
    line_write(l, "", 0);
    if (l->fd >= 0)
        close(l->fd);
    if (l->listener >= 0) {
        close(l->listener);
        unix_socket_unlink(l->path);
    }
    g_free(l->path);
    g_byte_array_unref(l->kept);
    g_free(l);
}
