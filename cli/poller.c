/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * poller.c - see poller.h.
 */
#define _GNU_SOURCE /* ppoll */
#include "poller.h"

#include "signals.h"

#include <time.h>

#define NS_PER_S 1000000000u

struct source {
    const struct poll_source *ops;
    void *user;
    guint first, nr; /* of fds, in the present wait */
};

struct poller {
    GArray *sources; /* struct source */
    GArray *fds;     /* struct pollfd */
};

struct poller *poller_new(void)
{
    struct poller *p = g_new0(struct poller, 1);
    p->sources = g_array_new(FALSE, TRUE, sizeof(struct source));
    p->fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    return p;
}

void poller_free(struct poller *p)
{
    if (!p)
        return;
    g_array_unref(p->sources);
    g_array_unref(p->fds);
    g_free(p);
}

static struct source *source_at(const struct poller *p, guint i)
{
    return &g_array_index(p->sources, struct source, i);
}

void poller_add(struct poller *p, const struct poll_source *ops, void *user)
{
    struct source source = {.ops = ops, .user = user};
    g_array_append_val(p->sources, source);
}

bool poller_open(const struct poller *p)
{
    for (guint i = 0; i < p->sources->len; i++)
        if (source_at(p, i)->ops->open(source_at(p, i)->user))
            return true;
    return false;
}

static uint64_t host_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void poller_wait(struct poller *p, uint64_t timeout_ns, uint64_t *waited_ns)
{
    g_array_set_size(p->fds, 0);
    for (guint i = 0; i < p->sources->len; i++) {
        struct source *s = source_at(p, i);
        s->first = p->fds->len;
        s->ops->prepare(s->user, p->fds, &timeout_ns);
        s->nr = p->fds->len - s->first;
    }
    struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
                             .tv_nsec = (long)(timeout_ns % NS_PER_S)};
    uint64_t start = host_now();
    sigset_t before;
    signals_hold(&before);
    int n = signals_leave() ? -1
                            : ppoll((struct pollfd *)(void *)p->fds->data, p->fds->len,
                                    timeout_ns == UINT64_MAX ? NULL : &limit, &before);
    signals_release(&before);
    *waited_ns = host_now() - start;
    for (guint i = 0; n < 0 && i < p->fds->len; i++)
        g_array_index(p->fds, struct pollfd, i).revents = 0;
}

void poller_serve(struct poller *p)
{
    for (guint i = 0; i < p->sources->len; i++) {
        struct source *s = source_at(p, i);
        s->ops->serve(s->user, (const struct pollfd *)(void *)p->fds->data + s->first, s->nr);
    }
}
