/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * signals.h - signals that ask ring1 to end, and the limit on the host's time:
 * both interrupt the machine that runs, and whatever the command waits for.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <ring1/ring1.h>
#include <signal.h>

/* Catch SIGINT, SIGTERM and SIGHUP, ignore SIGPIPE, and count `max_host_ns` of
 * the host's time from now (UINT64_MAX: no limit). False with errno. */
bool signals_init(uint64_t max_host_ns);

/* The machine that a signal interrupts; NULL: none. */
void signals_set_machine(ring1_machine *m);

/* The signal that asked for an end, 0: none did. */
int signals_end(void);

/* The host's time is spent. */
bool signals_time_is_up(void);

/* Something above is the case: leave what you wait for. */
bool signals_leave(void);

/* Hold them back; `before` is the mask for ppoll, and for signals_release. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

#endif
