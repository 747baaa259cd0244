/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * control.c - see control.h. Requests are served between two runs of the machine.
 */
#include "control.h"

#include "control_requests.h"
#include "unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 16u
#define MAX_LINE    65536u

struct client {
    int fd;
    GString *in, *out;
};

struct control {
    int fd;
    char *path;
    GPtrArray *clients; /* struct client */
    struct controlled run;
};

/* --- clients -------------------------------------------------------------------- */

static void client_free(void *data)
{
    struct client *client = data;
    close(client->fd);
    g_string_free(client->in, TRUE);
    g_string_free(client->out, TRUE);
    g_free(client);
}

static bool write_out(struct client *client)
{
    while (client->out->len > 0) {
        ssize_t n = send(client->fd, client->out->str, client->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        g_string_erase(client->out, 0, n);
    }
    return true;
}

/* False: it is gone, or spoke more than a line may be. */
static bool read_in(struct control *c, struct client *client)
{
    char bytes[4096], *end;
    ssize_t n = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    g_string_append_len(client->in, bytes, n);
    while ((end = memchr(client->in->str, '\n', client->in->len))) {
        *end = '\0';
        g_autofree char *answer = control_answer(&c->run, client->in->str);
        g_string_append(client->out, answer);
        g_string_erase(client->in, 0, end + 1 - client->in->str);
    }
    return client->in->len <= MAX_LINE;
}

static void take_client(struct control *c)
{
    int fd = unix_socket_accept(c->fd);
    if (fd < 0)
        return;
    if (c->clients->len >= MAX_CLIENTS) {
        close(fd);
        return;
    }
    struct client *client = g_new0(struct client, 1);
    client->fd = fd;
    client->in = g_string_new(NULL);
    client->out = g_string_new(NULL);
    g_ptr_array_add(c->clients, client);
}

/* --- the source ------------------------------------------------------------------- */

static bool source_open(G_GNUC_UNUSED void *user)
{
    return true;
}

static void prepare(void *user, GArray *fds, G_GNUC_UNUSED uint64_t *timeout_ns)
{
    const struct control *c = user;
    struct pollfd fd = {.fd = c->fd, .events = POLLIN};
    g_array_append_val(fds, fd);
    for (guint i = 0; i < c->clients->len; i++) {
        const struct client *client = g_ptr_array_index(c->clients, i);
        /* Who does not listen is not listened to. */
        fd = (struct pollfd){.fd = client->fd, .events = client->out->len ? POLLOUT : POLLIN};
        g_array_append_val(fds, fd);
    }
}

static void serve(void *user, const struct pollfd *fds, guint nr)
{
    struct control *c = user;
    if (!c->run.machine)
        return;
    for (guint i = nr; i-- > 1;) {
        struct client *client = g_ptr_array_index(c->clients, i - 1);
        bool alive = fds[i].revents == 0 || (fds[i].revents & POLLOUT) || read_in(c, client);
        if (!alive || !write_out(client))
            g_ptr_array_remove_index(c->clients, i - 1);
    }
    if (nr > 0 && fds[0].revents)
        take_client(c);
}

const struct poll_source control_source = {.open = source_open, .prepare = prepare, .serve = serve};

/* --- opening ---------------------------------------------------------------------- */

struct control *control_open(const char *path, GError **error)
{
    int fd = unix_socket_listen(path, error);
    if (fd < 0)
        return NULL;
    struct control *c = g_new0(struct control, 1);
    c->fd = fd;
    c->path = g_strdup(path);
    c->clients = g_ptr_array_new_with_free_func(client_free);
    return c;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    for (guint i = 0; i < c->clients->len; i++)
        write_out(g_ptr_array_index(c->clients, i));
    g_ptr_array_unref(c->clients);
    close(c->fd);
    unix_socket_unlink(c->path);
    g_free(c->path);
    g_free(c);
}

void control_attach(struct control *c, ring1_machine *m)
{
    c->run.machine = m;
}

bool control_paused(const struct control *c)
{
    return c && c->run.paused;
}

bool control_destroyed(const struct control *c)
{
    return c && c->run.destroyed;
}
