/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * output.c - see output.h.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const struct output *o, const char *path, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", o->path ? o->path : path, g_strerror(errno));
    return false;
}

bool output_open(struct output *o, const char *path, GError **error)
{
    *o = (struct output){.fd = -1};
    if (!path)
        return true;
    o->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
    if (o->fd < 0)
        return fail(o, path, error);
    struct stat st;
    o->is_file = fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode);
    o->path = g_strdup(path);
    return true;
}

bool output_begin(struct output *o, GError **error)
{
    return !o->is_file || ftruncate(o->fd, 0) == 0 || fail(o, NULL, error);
}

bool output_write(struct output *o, const char *bytes, size_t len, GError **error)
{
    if (!output_begin(o, error))
        return false;
    while (len > 0) {
        ssize_t n = write(o->fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return fail(o, NULL, error);
        bytes += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

void output_close(struct output *o)
{
    if (o->fd >= 0)
        close(o->fd);
    g_free(o->path);
    *o = (struct output){.fd = -1};
}
