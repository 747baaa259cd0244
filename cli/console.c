/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * console.c - see console.h.
 */
#include "console.h"

#include "signals.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define CTRL_RIGHT_BRACKET 0x1d
/* Bytes of a pipe that wait for the guest, at most. */
#define PENDING_MAX 65536u

/* All bytes, however slow the reader; a signal that asks for an end ends it. */
static void write_all(struct console *c, const char *bytes, size_t len)
{
    while (len > 0 && c->write_errno == 0 && !signals_leave()) {
        ssize_t n = write(c->out, bytes, len);
        if (n > 0) {
            c->last = bytes[n - 1];
            c->written += (uint64_t)n;
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            /* Somebody made the file non-blocking. */
            poll(&(struct pollfd){.fd = c->out, .events = POLLOUT}, 1, 100);
        } else if (n < 0 && errno != EINTR) {
            c->write_errno = errno;
            ring1_machine_interrupt(c->machine);
        }
    }
}

static void write_console(void *user, const char *bytes, size_t len)
{
    struct console *c = user;
    if (c->before_output)
        c->before_output(c->before_user);
    if (c->line) {
        line_write(c->line, bytes, len);
        c->written += len;
    } else {
        write_all(c, bytes, len);
    }
}

bool console_open(struct console *c, const char *where, GError **error)
{
    c->out = STDOUT_FILENO;
    if (!where)
        return true;
    if (strcmp(where, "pty") == 0 || g_str_has_prefix(where, "unix:")) {
        c->line = where[0] == 'p' ? line_open_pty(error) : line_open_unix(where + strlen("unix:"), error);
        return c->line != NULL;
    }
    c->out = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (c->out < 0)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", where, g_strerror(errno));
    return c->out >= 0;
}

void console_open_stdin(struct console *c)
{
    c->open = true;
    if (c->line)
        return;
    if (isatty(STDIN_FILENO))
        c->is_terminal = terminal_raw(STDIN_FILENO);
}

void console_attach(struct console *c, ring1_machine *m)
{
    static const struct ring1_console console = {.write = write_console};
    c->machine = m;
    ring1_machine_set_console(m, &console, c);
}

static bool source_open(void *user)
{
    const struct console *c = user;
    return c->open;
}

/* A pipe waits while the guest has more than enough to read; keys never do, for one
 * of them may be Ctrl-]. */
static void prepare(void *user, GArray *fds, uint64_t *timeout_ns)
{
    const struct console *c = user;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    bool want = c->is_terminal || ring1_machine_console_pending(c->machine) < PENDING_MAX;
    if (c->line)
        line_prepare(c->line, fds, c->open && want, timeout_ns);
    else if (c->open && want)
        g_array_append_val(fds, in);
}

static void read_stdin(struct console *c)
{
    char bytes[4096];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    /* A terminal that hung up gives EIO: no more bytes, as at an end. */
    if (n <= 0) {
        c->open = false;
        return;
    }
    size_t len = (size_t)n;
    const char *leave = c->is_terminal ? memchr(bytes, CTRL_RIGHT_BRACKET, len) : NULL;
    if (leave) {
        c->leave = true;
        len = (size_t)(leave - bytes);
    }
    if (len > 0)
        ring1_machine_console_input(c->machine, bytes, len);
}

static void serve(void *user, const struct pollfd *fds, guint nr)
{
    struct console *c = user;
    if (c->line) {
        char bytes[4096];
        size_t len = line_serve(c->line, fds, nr, bytes, sizeof bytes);
        if (len > 0)
            ring1_machine_console_input(c->machine, bytes, len);
    } else if (nr > 0 && fds[0].revents != 0) {
        read_stdin(c);
    }
}

const struct poll_source console_source = {.open = source_open, .prepare = prepare, .serve = serve};

void console_let_go(struct console *c)
{
    terminal_restore();
    if (c->out == STDOUT_FILENO && c->last != '\0' && c->last != '\n' && isatty(STDOUT_FILENO) &&
        isatty(STDERR_FILENO))
        write_all(c, "\n", 1);
}

void console_close(struct console *c)
{
    console_let_go(c);
    line_close(c->line);
    c->line = NULL;
    if (c->out > STDERR_FILENO)
        close(c->out);
}
