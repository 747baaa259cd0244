/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_out.c - see trace_out.h.
 */
#include "trace_out.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define WAITING_MAX 65536u

bool trace_out_open(struct trace_out *out, const char *path, ring1_machine **machine)
{
    *out = (struct trace_out){.fd = STDERR_FILENO, .name = path ? path : "stderr", .machine = machine};
    if (path)
        out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out->fd < 0)
        return false;
    out->each = isatty(out->fd);
    out->waiting = g_string_sized_new(WAITING_MAX + 4096);
    return true;
}

void trace_out_flush(struct trace_out *out)
{
    const char *bytes = out->waiting->str;
    size_t len = out->waiting->len;
    while (len > 0 && out->error == 0) {
        ssize_t n = write(out->fd, bytes, len);
        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (signals_leave()) {
            break;
        } else if (errno == EAGAIN) {
            /* Somebody made the file non-blocking. */
            poll(&(struct pollfd){.fd = out->fd, .events = POLLOUT}, 1, 100);
        } else if (errno != EINTR) {
            out->error = errno;
            if (*out->machine)
                ring1_machine_interrupt(*out->machine);
        }
    }
    g_string_truncate(out->waiting, 0);
}

void trace_out_write(void *user, const char *bytes, size_t len)
{
    struct trace_out *out = user;
    if (out->error)
        return;
    g_string_append_len(out->waiting, bytes, (gssize)len);
    if (out->each || out->waiting->len >= WAITING_MAX)
        trace_out_flush(out);
}

void trace_out_close(struct trace_out *out)
{
    if (!out->waiting)
        return;
    trace_out_flush(out);
    g_string_free(out->waiting, TRUE);
    out->waiting = NULL;
    if (out->fd != STDERR_FILENO && close(out->fd) < 0 && !out->error)
        out->error = errno;
}
