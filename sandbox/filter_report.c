/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter_report.c - SANDBOX_REPORT: a thread hears of what would be refused, lets it pass
 * and counts it.
 */
#define _GNU_SOURCE
#include "filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_MAX 1024

struct listener {
    pthread_mutex_t ready; /* held until `fd` is there */
    int fd;
    void (*told)(const char *call);
};

/* A process is under one filter: what its thread counted. */
static struct {
    pthread_mutex_t mutex;
    const char *name[CALLS_MAX];
    uint64_t count[CALLS_MAX];
} calls = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static const char *name_of(int call)
{
    const char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
    return name ? name : "an unknown system call";
}

/* Numbers that nobody has given a meaning are counted together. */
static void count(const struct listener *l, int call)
{
    unsigned at = call >= 0 && call < CALLS_MAX - 1 ? (unsigned)call : CALLS_MAX - 1;
    pthread_mutex_lock(&calls.mutex);
    bool is_first = calls.count[at]++ == 0;
    if (is_first)
        calls.name[at] = name_of(call);
    pthread_mutex_unlock(&calls.mutex);
    if (is_first)
        l->told(calls.name[at]);
}

unsigned sandbox_reported(struct sandbox_call *out, unsigned max)
{
    unsigned n = 0;
    pthread_mutex_lock(&calls.mutex);
    for (unsigned i = 0; i < CALLS_MAX && n < max; i++)
        if (calls.count[i])
            out[n++] = (struct sandbox_call){calls.name[i], calls.count[i]};
    pthread_mutex_unlock(&calls.mutex);
    return n;
}

static void *listen_on(void *user)
{
    struct listener *l = user;
    struct seccomp_notif *request;
    struct seccomp_notif_resp *answer;
    struct seccomp_notif_sizes sizes;
    pthread_mutex_lock(&l->ready);
    if (l->fd < 0 || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) ||
        seccomp_notify_alloc(&request, &answer))
        return NULL;
    for (;;) {
        memset(request, 0, sizes.seccomp_notif); /* the kernel wants it so */
        int err = seccomp_notify_receive(l->fd, request);
        if (err && err != -EINTR && err != -ENOENT && err != -ECANCELED)
            return NULL;
        if (err)
            continue;
        count(l, request->data.nr);
        *answer = (struct seccomp_notif_resp){.id = request->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        seccomp_notify_respond(l->fd, answer);
    }
}

/* Signals are for the other thread. */
struct listener *report_start(void (*told)(const char *call))
{
    struct listener *l = calloc(1, sizeof *l);
    pthread_t thread;
    sigset_t all, before;
    if (!l)
        return NULL;
    *l = (struct listener){.fd = -1, .told = told};
    pthread_mutex_init(&l->ready, NULL);
    pthread_mutex_lock(&l->ready);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&thread, NULL, listen_on, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err) {
        free(l);
        return NULL;
    }
    pthread_detach(thread);
    return l;
}

void report_begin(struct listener *l, int fd)
{
    l->fd = fd;
    pthread_mutex_unlock(&l->ready);
}

#else

unsigned sandbox_reported(struct sandbox_call *out, unsigned max)
{
    (void)out;
    (void)max;
    return 0;
}

#endif
