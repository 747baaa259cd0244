/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_user.c - see net_user.h: starting the helper, and what it says.
 */
#define _GNU_SOURCE /* gettid, POSIX_SPAWN_SETSIGDEF */
#include "net_user.h"

#include "module.h"
#include "net_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Frames for the guest that nobody has taken; what is more waits in the helper. */
#define INBOX_BYTES  (4u << 20)
#define INBOX_FRAMES 8192u
/* The helper's clock goes on by itself for a second at most. */
#define NS_PER_S 1000000000u
/* How long a helper may take to begin. */
#define START_MS 10000
/* And to end. */
#define END_MS 1000u

struct net_user {
    uint64_t (*now)(void *user);
    void *now_user;
    struct wire *wire; /* NULL: the helper is gone */
    pid_t pid;         /* 0: none */
    char *error;       /* why it is gone, or NULL */
    uint64_t told_ns;  /* the guest's clock as the helper knows it */
    GQueue inbox;      /* GBytes */
    size_t inbox_bytes;
    unsigned others; /* who has it beside the one who made it */
    bool begun;      /* READY came */
};

/* --- "tcp:127.0.0.1:8080-:80" ------------------------------------------------------- */

/* "[ADDRESS]:PORT", and then the character `end`. Returns what follows, or NULL. */
static const char *parse_place(const char *text, char end, uint32_t *address, uint16_t *port)
{
    const char *colon = strchr(text, ':'), *stop = colon ? strchr(colon, end) : NULL;
    guint64 number;
    struct in_addr in;
    if (!stop)
        return NULL;
    g_autofree char *name = g_strndup(text, (gsize)(colon - text));
    g_autofree char *digits = g_strndup(colon + 1, (gsize)(stop - colon - 1));
    if (*name && inet_pton(AF_INET, name, &in) != 1)
        return NULL;
    if (*name)
        *address = ntohl(in.s_addr);
    if (!g_ascii_string_to_unsigned(digits, 10, 1, UINT16_MAX, &number, NULL))
        return NULL;
    *port = (uint16_t)number;
    return end ? stop + 1 : stop;
}

bool net_forward_parse(const char *text, struct net_forward *f)
{
    *f = (struct net_forward){.udp = g_str_has_prefix(text, "udp:"), .host = INADDR_LOOPBACK};
    if (!f->udp && !g_str_has_prefix(text, "tcp:"))
        return false;
    const char *guest = parse_place(text + 4, '-', &f->host, &f->host_port);
    return guest && parse_place(guest, '\0', &f->guest, &f->guest_port);
}

/* --- the helper's end ------------------------------------------------------------------ */

/* The end of the wire is the helper's, too. One that went mad is killed, if this process
 * may still do that; else it is left behind. */
static int wait_for_end(pid_t pid)
{
    int status = 0;
    for (unsigned ms = 0; ms < END_MS; ms++) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR))
            return status;
        if (ms == END_MS / 2)
            kill(pid, SIGKILL);
        g_usleep(1000);
    }
    return 0;
}

/* The cable is out. */
static void lose(struct net_user *u, const char *why)
{
    if (!u->wire)
        return;
    wire_free(u->wire);
    u->wire = NULL;
    int status = u->pid > 0 ? wait_for_end(u->pid) : 0;
    u->pid = 0;
    if (!u->error && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        u->error = g_strdup_printf("%s (signal %d)", why, WTERMSIG(status));
    else if (!u->error)
        u->error = g_strdup(why);
}

static void heard(void *user, unsigned kind, const uint8_t *bytes, size_t len)
{
    struct net_user *u = user;
    if (u->error)
        return;
    if (kind == WIRE_READY && !u->begun) {
        u->begun = true;
    } else if (kind == WIRE_FAILED && !u->begun) {
        g_autofree char *text = g_strndup((const char *)bytes, len);
        u->error = g_utf8_make_valid(text, -1);
    } else if (kind == WIRE_FRAME && !u->begun) {
        return; /* for the guest before this one */
    } else if (kind == WIRE_FRAME) {
        g_queue_push_tail(&u->inbox, g_bytes_new(bytes, len));
        u->inbox_bytes += len;
    } else {
        u->error = g_strdup("its helper talks nonsense");
    }
}

/* Take what the helper has sent, while there is room for it. */
static void take(struct net_user *u)
{
    bool more = true, there = true;
    while (u->wire && more && there && !u->error && u->inbox_bytes < INBOX_BYTES &&
           g_queue_get_length(&u->inbox) < INBOX_FRAMES)
        there = wire_take(u->wire, heard, u, &more);
    if (!there || u->error)
        lose(u, "its helper ended");
}

/* --- making ------------------------------------------------------------------------- */

/* What the helper gets of our environment: how its libraries are found, and how a
 * sanitizer is told what to do. */
static char **helper_environment(void)
{
    static const char *const kept[] = {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        const char *value = getenv(kept[i]);
        g_autofree char *text = value ? g_strdup_printf("%s=%s", kept[i], value) : NULL;
        if (text)
            g_strv_builder_add(b, text);
    }
    return g_strv_builder_end(b);
}

/* Start the program with one end of the wire. Returns an errno. */
static int spawn(const char *path, int fd, pid_t *pid)
{
    /* Its parent's end is its own; but a parent's thread may end before the parent. */
    char *const argv[] = {(char *)"ring1-net", gettid() == getpid() ? (char *)"wd" : (char *)"w", NULL};
    g_auto(GStrv) environment = helper_environment();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, fd, WIRE_FD);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    int err = posix_spawn(pid, path, &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return err;
}

static bool start_helper(struct net_user *u, GError **error)
{
    g_autofree char *path = module_find("ring1-net");
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "net: %s", g_strerror(errno));
        return false;
    }
    int err = spawn(path, fd[1], &u->pid);
    close(fd[1]);
    u->wire = wire_new(fd[0]);
    if (err)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "net: %s: %s", path, g_strerror(err));
    return err == 0;
}

/* Until the helper has begun, or said why not. */
static void wait_for_helper(struct net_user *u)
{
    struct pollfd p = {.fd = wire_fd(u->wire), .events = POLLIN};
    gint64 end = g_get_monotonic_time() + START_MS * INT64_C(1000);
    if (!wire_flush(u->wire))
        lose(u, "its helper ended");
    while (u->wire && !u->begun) {
        gint64 left = end - g_get_monotonic_time();
        int n = left > 0 ? poll(&p, 1, (int)(left / 1000) + 1) : 0;
        if (n > 0)
            take(u);
        else if (n == 0)
            lose(u, "its helper does not begin");
    }
}

static void put_config(struct net_user *u, const struct net_user_config *config)
{
    struct wire_config c = {
        .version = WIRE_VERSION, .restricted = config->restricted, .unconfined = config->unconfined};
    c.nr_forwards = MIN(config->forwards->len, WIRE_FORWARDS);
    for (unsigned i = 0; i < c.nr_forwards; i++) {
        const struct net_forward *f = &g_array_index(config->forwards, struct net_forward, i);
        c.forward[i] = (struct wire_forward){.udp = f->udp,
                                             .host = f->host,
                                             .guest = f->guest,
                                             .host_port = f->host_port,
                                             .guest_port = f->guest_port};
    }
    wire_put(u->wire, WIRE_CONFIG, &c, sizeof c);
}

/* `fd`: the wire of a helper that is there; -1: one is started. */
static struct net_user *make(const struct net_user_config *config, uint64_t (*now)(void *user), void *user,
                             int fd, GError **error)
{
    struct net_user *u = g_new0(struct net_user, 1);
    u->now = now;
    u->now_user = user;
    g_queue_init(&u->inbox);
    bool good = fd >= 0 || start_helper(u, error);
    if (fd >= 0)
        u->wire = wire_new(fd);
    if (good) {
        put_config(u, config);
        wait_for_helper(u);
        good = u->begun;
        if (!good)
            g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "net: %s", u->error);
    }
    if (good)
        return u;
    net_user_free(u);
    return NULL;
}

struct net_user *net_user_new(const struct net_user_config *config, uint64_t (*now)(void *user), void *user,
                              GError **error)
{
    if (config->forwards->len > WIRE_FORWARDS) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "net: more than %u ports of one card",
                    WIRE_FORWARDS);
        return NULL;
    }
    return make(config, now, user, -1, error);
}

struct net_user *net_user_of_wire(int fd, const struct net_user_config *config, uint64_t (*now)(void *user),
                                  void *user, GError **error)
{
    return make(config, now, user, fd, error);
}

static void empty_inbox(struct net_user *u)
{
    GBytes *frame;
    while ((frame = g_queue_pop_head(&u->inbox)))
        g_bytes_unref(frame);
    u->inbox_bytes = 0;
}

void net_user_restart(struct net_user *u, uint64_t (*now)(void *user), void *user)
{
    bool is_first = !u->now_user;
    u->now = now;
    u->now_user = user;
    if (is_first)
        return;
    u->told_ns = 0;
    u->begun = false;
    empty_inbox(u);
    if (u->wire && wire_put(u->wire, WIRE_RESET, NULL, 0))
        net_user_flush(u);
}

void net_user_share(struct net_user *u)
{
    u->others++;
}

void net_user_free(struct net_user *u)
{
    if (!u)
        return;
    if (u->others > 0) {
        u->others--;
        return;
    }
    lose(u, "");
    empty_inbox(u);
    g_free(u->error);
    g_free(u);
}

/* --- running ------------------------------------------------------------------------ */

void net_user_output(struct net_user *u, const uint8_t *frame, uint32_t len)
{
    if (u->wire)
        wire_put(u->wire, WIRE_FRAME, frame, len);
}

void net_user_flush(struct net_user *u)
{
    if (u->wire && !wire_flush(u->wire))
        take(u); /* its last words, then its end */
}

GBytes *net_user_next(struct net_user *u)
{
    GBytes *frame = g_queue_pop_head(&u->inbox);
    if (frame)
        u->inbox_bytes -= g_bytes_get_size(frame);
    return frame;
}

void net_user_prepare(struct net_user *u, GArray *fds, uint64_t *timeout_ns)
{
    uint64_t now = u->now(u->now_user);
    if (!g_queue_is_empty(&u->inbox))
        *timeout_ns = 0;
    if (!u->wire)
        return;
    if (now != u->told_ns)
        wire_put(u->wire, WIRE_TIME, &now, sizeof now);
    u->told_ns = now;
    net_user_flush(u);
    if (!u->wire)
        return;
    struct pollfd p = {.fd = wire_fd(u->wire), .events = POLLIN};
    if (wire_waits(u->wire))
        p.events |= POLLOUT;
    g_array_append_val(fds, p);
    *timeout_ns = MIN(*timeout_ns, NS_PER_S);
}

void net_user_serve(struct net_user *u, const struct pollfd *fds, guint nr)
{
    if (!u->wire || nr == 0)
        return;
    if (fds[0].revents & POLLOUT)
        net_user_flush(u);
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
        take(u);
}

const char *net_user_error(const struct net_user *u)
{
    return u->wire ? NULL : u->error;
}
