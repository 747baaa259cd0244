/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb.c - the row of gdb's remote protocol: single steps of a client at a socket of this host, each with its
 * packet, its step and its reply.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS       20000u
#define QUICK_STEPS 2000u
#define SAMPLES     5u
#define PATIENCE_S  20

/* inc eax; add ebx, eax; jmp back */
static const char code[] = {0x40, 0x01, (char)0xC3, (char)0xEB, (char)0xFB};

/* The port that ring1 says on its stderr, 0: it does not. */
static unsigned read_port(int err)
{
    char text[256];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof text - 1 && (n = read(err, text + len, sizeof text - 1 - len)) > 0) {
        len += (size_t)n;
        text[len] = '\0';
        const char *at = strstr(text, "127.0.0.1:"), *end = strchr(text, '\n');
        if (at && end)
            return (unsigned)g_ascii_strtoull(at + strlen("127.0.0.1:"), NULL, 10);
    }
    return 0;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Say a packet and hear another. False: something else was heard, or nothing. */
static bool ask(int fd, const char *packet, const char *wanted)
{
    char text[2048];
    size_t len = 0;
    ssize_t n;
    if (send(fd, packet, strlen(packet), MSG_NOSIGNAL) < 0)
        return false;
    while (len < sizeof text - 1 && (n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0) {
        len += (size_t)n;
        text[len] = '\0';
        const char *end = strchr(text, '#');
        if (end && end + 3 <= text + len)
            return strstr(text, wanted) != NULL;
    }
    return false;
}

static bool step_many(int fd, struct bench *b, double *us)
{
    unsigned steps = b->quick ? QUICK_STEPS : STEPS;
    if (!ask(fd, "$QStartNoAckMode#b0", "$OK"))
        return false;
    for (unsigned i = 0; i <= SAMPLES; i++) { /* the first warms up */
        uint64_t start = wall_ns();
        for (unsigned n = 0; n < steps; n++)
            if (!ask(fd, n ? "$vCont;s:1#23" : "+$vCont;s:1#23", "$T05"))
                return false;
        us[i ? i - 1 : 0] = (double)(wall_ns() - start) / steps / 1000;
    }
    return true;
}

static bool measure(struct bench *b, const char *image, double *us)
{
    const char *argv[] = {b->ring1,   "run", "--gdb", "0",   "--gdb-wait", "--raw",
                          "0x100000", "-m",  "8",     image, NULL};
    g_autoptr(GError) error = NULL;
    GPid pid;
    int err;
    if (!g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                  NULL, NULL, &err, &error))
        return bench_failed("%s", error->message);
    unsigned port = read_port(err);
    int fd = port ? connect_to(port) : -1;
    bool ok = fd >= 0 && step_many(fd, b, us);
    if (fd >= 0)
        close(fd);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    close(err);
    return ok || bench_failed("ring1 does not step for a client");
}

bool measure_gdb(struct bench *b)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *image = NULL;
    double us[SAMPLES];
    int fd = g_file_open_tmp("ring1-bench-XXXXXX", &image, &error);
    if (fd < 0)
        return bench_failed("%s", error->message);
    bool ok = write(fd, code, sizeof code) == (ssize_t)sizeof code && measure(b, image, us);
    close(fd);
    unlink(image);
    if (!ok)
        return false;
    struct bench_row *row = bench_add(b, "gdb, a step over loopback", "us");
    row->figure = median(us, SAMPLES);
    row->samples = SAMPLES;
    row->goal = GOAL_FIGURE;
    row->limit = 50;
    row->note = "a packet, the step, its reply; 50 us are 20,000 steps in a second";
    return true;
}
