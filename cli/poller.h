/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * poller.h - the outside of a run: whatever may still give the guest something, and
 * one wait for all of it.
 */
#ifndef CLI_POLLER_H
#define CLI_POLLER_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* One source. All get the pointer of poller_add. */
struct poll_source {
    /* Something may still come from it: the guest's waits take as long as the host's,
     * and none of them is the last. */
    bool (*open)(void *user);
    /* Add struct pollfds to `fds`, and lower *timeout_ns (of the host) where it has to
     * act earlier. */
    void (*prepare)(void *user, GArray *fds, uint64_t *timeout_ns);
    /* After a wait, with the guest's clock moved on: `fds` are the `nr` that prepare
     * added. Called whether one of them is ready or not. */
    void (*serve)(void *user, const struct pollfd *fds, guint nr);
};

struct poller;
struct poller *poller_new(void);
void poller_free(struct poller *p);

/* `ops` and `user` outlive the poller. */
void poller_add(struct poller *p, const struct poll_source *ops, void *user);

/* One of the sources is open. */
bool poller_open(const struct poller *p);

/* Wait for all of them up to `timeout_ns` of the host (0: only look, UINT64_MAX: no
 * limit); a signal that asks for an end ends the wait. *waited_ns is how long it took.
 * poller_serve has to follow. */
void poller_wait(struct poller *p, uint64_t timeout_ns, uint64_t *waited_ns);
void poller_serve(struct poller *p);

#endif
