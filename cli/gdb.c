/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb.c - see gdb.h. Between two runs of the guest the client's bytes go to the protocol's
 * server, and what that says goes to the client.
 */
#include "gdb.h"

#include "debug/gdb.h"
#include "listen.h"
#include "options.h"
#include "signals.h"
#include "unix_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Who does not take its answers is not listened to. */
#define BACKLOG_MAX (256u << 10)
/* How long a client may take to hear the last of it. */
#define GOODBYE_MS 500

/* The guest runs so long, of its own time, between two looks at the socket; less where a run takes
 * longer of the host's than a client is to wait for its Ctrl-C. */
#define SLICE_MAX_NS  10000000u
#define SLICE_MIN_NS  20000u
#define LOOK_LONG_US  20000
#define LOOK_SHORT_US 5000

/* Who steps asks again this soon. */
#define AGAIN_US 50

struct gdb {
    int fd, client; /* -1: none */
    char *folder;   /* where ring1 was started */
    char *path;     /* of a socket in the file system, or NULL */
    struct gdb_server *server;
    ring1_debugger *debugger; /* NULL: there is no machine */
    bool wait;                /* for the first client */
    bool gone;                /* the client, noticed while time ran backward */
    bool killed;
    bool can_spin; /* the client has another CPU */
    uint64_t slice_ns;
};

/* --- the client ------------------------------------------------------------------------------------ */

static bool write_out(struct gdb *g)
{
    GByteArray *out = gdb_server_output(g->server);
    while (out->len > 0) {
        ssize_t n = send(g->client, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        g_byte_array_remove_range(out, 0, (guint)n);
    }
    return true;
}

/* False: it is gone, or floods. */
static bool read_in(struct gdb *g)
{
    uint8_t bytes[4096];
    ssize_t n = 1;
    while (n > 0 && gdb_server_output(g->server)->len < BACKLOG_MAX) {
        n = recv(g->client, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0)
            gdb_server_input(g->server, bytes, (size_t)n);
        if (n < (ssize_t)sizeof bytes)
            break;
    }
    return n != 0 && (n > 0 || errno == EAGAIN || errno == EINTR) && !gdb_server_flooded(g->server);
}

/* The last words arrive, also where the client has said something that was not read: closing would
 * throw both away. */
static void say_goodbye(struct gdb *g)
{
    gint64 end = g_get_monotonic_time() + GOODBYE_MS * 1000;
    GByteArray *out = gdb_server_output(g->server);
    bool alive = true, shut = false;
    do {
        struct pollfd fd = {.fd = g->client, .events = POLLIN};
        uint8_t bytes[4096];
        alive = write_out(g);
        if (alive && out->len == 0 && !shut)
            shut = shutdown(g->client, SHUT_WR) == 0;
        if (out->len > 0)
            fd.events |= POLLOUT;
        if (alive && poll(&fd, 1, 50) > 0 && (fd.revents & (POLLIN | POLLHUP | POLLERR)))
            alive = recv(g->client, bytes, sizeof bytes, MSG_DONTWAIT) > 0;
    } while (alive && g_get_monotonic_time() < end && !signals_leave());
}

static void drop_client(struct gdb *g)
{
    close(g->client);
    g->client = -1;
    g->gone = false;
    gdb_server_leave(g->server);
}

static void take_client(struct gdb *g)
{
    int fd = unix_socket_accept(g->fd), one = 1;
    if (fd < 0)
        return;
    if (g->client >= 0) { /* one at a time */
        close(fd);
        return;
    }
    if (!g->path)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    g->client = fd;
    g->wait = false;
    gdb_server_attach(g->server);
}

/* Time runs backward: look whether that is still wanted. */
static bool asked(void *user)
{
    struct gdb *g = user;
    g->gone = g->gone || !read_in(g);
    return g->gone || signals_leave();
}

/* --- the source -------------------------------------------------------------------------------------- */

/* A client is no input of the guest's: its waits are as long as without one. */
static bool source_open(G_GNUC_UNUSED void *user)
{
    return false;
}

static void prepare(void *user, GArray *fds, G_GNUC_UNUSED uint64_t *timeout_ns)
{
    const struct gdb *g = user;
    struct pollfd fd = {.fd = g->fd, .events = POLLIN};
    g_array_append_val(fds, fd);
    if (g->client < 0)
        return;
    guint left = gdb_server_output(g->server)->len;
    fd.fd = g->client;
    fd.events = (short)((left ? POLLOUT : 0) | (left < BACKLOG_MAX ? POLLIN : 0));
    g_array_append_val(fds, fd);
}

static void serve_client(struct gdb *g, short events)
{
    bool alive = !g->gone && (!(events & ~POLLOUT) || read_in(g));
    enum gdb_state state = gdb_server_state(g->server);
    if (state == GDB_KILLED || state == GDB_DETACHED) {
        g->killed |= state == GDB_KILLED;
        say_goodbye(g);
        alive = false;
    }
    if (!alive || !write_out(g))
        drop_client(g);
}

static void serve(void *user, const struct pollfd *fds, guint nr)
{
    struct gdb *g = user;
    if (g->client >= 0 && nr > 1)
        serve_client(g, fds[1].revents);
    if (nr > 0 && fds[0].revents)
        take_client(g);
}

const struct poll_source gdb_source = {.open = source_open, .prepare = prepare, .serve = serve};

/* --- opening ------------------------------------------------------------------------------------------- */

static bool open_socket(struct gdb *g, const char *where, GError **error)
{
    g_autofree char *name = NULL;
    bool is_remote = false;
    if (g_str_has_prefix(where, "unix:")) {
        g->fd = unix_socket_listen(where + strlen("unix:"), error);
        g->path = g->fd >= 0 ? g_strdup(where + strlen("unix:")) : NULL;
        name = g_strdup(where);
    } else {
        g->fd = listen_tcp(where, &name, &is_remote, error);
    }
    if (g->fd < 0)
        return false;
    complain("gdb: listening on %s", name);
    if (is_remote)
        complain("gdb: warning: whoever can reach %s controls the guest", name);
    return true;
}

struct gdb *gdb_open(const char *where, bool wait, GError **error)
{
    struct gdb *g = g_new0(struct gdb, 1);
    g->folder = g_get_current_dir(); /* the sandbox would not tell */
    g->fd = g->client = -1;
    g->wait = wait;
    g->slice_ns = SLICE_MAX_NS;
    g->can_spin = g_get_num_processors() > 1;
    g->server = gdb_server_new(NULL, asked, g);
    if (open_socket(g, where, error))
        return g;
    gdb_close(g);
    return NULL;
}

/* gdb asks for the file by an absolute name. */
void gdb_set_image(struct gdb *g, const char *image)
{
    g_autofree char *path = g_canonicalize_filename(image, g->folder);
    gdb_server_set_image(g->server, path);
}

void gdb_close(struct gdb *g)
{
    if (!g)
        return;
    if (g->client >= 0) {
        say_goodbye(g);
        drop_client(g);
    }
    gdb_detach(g);
    gdb_server_free(g->server);
    g_free(g->folder);
    if (g->fd >= 0)
        close(g->fd);
    if (g->path)
        unix_socket_unlink(g->path);
    g_free(g->path);
    g_free(g);
}

bool gdb_attach(struct gdb *g, ring1_machine *m, ring1_record *record, GError **error)
{
    g->debugger = ring1_debugger_new(m, record, error);
    gdb_server_set(g->server, g->debugger, record != NULL);
    return g->debugger != NULL;
}

bool gdb_attach_replay(struct gdb *g, ring1_replay *replay, const char *words, bool follows, GError **error)
{
    g->debugger = ring1_debugger_new_replay(replay, error);
    gdb_server_set(g->server, g->debugger, true);
    gdb_server_set_end(g->server, words, follows);
    return g->debugger != NULL;
}

void gdb_detach(struct gdb *g)
{
    if (!g || !g->debugger)
        return;
    gdb_server_set(g->server, NULL, false);
    g_clear_pointer(&g->debugger, ring1_debugger_free);
}

/* --- running ----------------------------------------------------------------------------------------------
 */

bool gdb_stands(const struct gdb *g)
{
    if (!g)
        return false;
    return gdb_server_state(g->server) == GDB_STOPPED || (g->wait && g->client < 0);
}

bool gdb_killed(const struct gdb *g)
{
    return g && g->killed;
}

bool gdb_has_client(const struct gdb *g)
{
    return g && g->client >= 0;
}

bool gdb_in_past(const struct gdb *g)
{
    return g && g->debugger && ring1_debugger_in_past(g->debugger);
}

/* How long the last one took decides how long the next may be. */
static void choose_slice(struct gdb *g, gint64 took_us)
{
    if (took_us > LOOK_LONG_US)
        g->slice_ns = MAX(g->slice_ns / 4, SLICE_MIN_NS);
    else if (took_us < LOOK_SHORT_US)
        g->slice_ns = MIN(g->slice_ns * 2, SLICE_MAX_NS);
}

/* The client was told that the guest stands. A process that sleeps is woken late: ten steps take less. */
static void await_client(const struct gdb *g)
{
    struct pollfd fd = {.fd = g->client, .events = POLLIN};
    gint64 end = g_get_monotonic_time() + AGAIN_US;
    while (poll(&fd, 1, 0) == 0 && g_get_monotonic_time() < end)
        continue;
}

bool gdb_run(struct gdb *g, const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    struct ring1_budget b = RING1_BUDGET_UNLIMITED;
    if (!gdb_in_past(g))
        b = *budget;
    b.until_ns = MIN(b.until_ns, ring1_machine_now(ring1_debugger_machine(g->debugger)) + g->slice_ns);
    gint64 start = g_get_monotonic_time();
    bool ok = gdb_server_run(g->server, &b, stop, error);
    if (ok && stop->reason == RING1_DEBUG_GUEST)
        choose_slice(g, g_get_monotonic_time() - start);
    if (g->client < 0)
        return ok;
    if (!write_out(g))
        g->gone = true;
    else if (g->can_spin && gdb_server_state(g->server) == GDB_STOPPED)
        await_client(g);
    return ok;
}

bool gdb_crash(struct gdb *g, const struct ring1_debug_stop *stop, const char *why)
{
    return g && gdb_server_crash(g->server, stop, why) && (write_out(g) || true);
}

void gdb_end(struct gdb *g, int status, bool crashed)
{
    if (g)
        gdb_server_end(g->server, status, crashed);
}
