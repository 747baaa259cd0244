/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * signals.c - see signals.h. A timer repeats the interruption until the process
 * has noticed, so that none is lost between a check and a system call.
 */
#include "signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#define REPEAT_NS 50000000
#define NS_PER_S  1000000000u

/* Signal handlers have no argument of ours. */
static struct {
    volatile sig_atomic_t end, time_is_up, armed;
    _Atomic(ring1_machine *) machine;
    timer_t timer;
} state;

static void interrupt_machine(void)
{
    ring1_machine *m = atomic_load(&state.machine);
    if (m)
        ring1_machine_interrupt(m);
}

static void on_end(int sig)
{
    int saved_errno = errno;
    if (state.end == 0)
        state.end = sig;
    interrupt_machine();
    struct itimerspec soon = {.it_value.tv_nsec = REPEAT_NS, .it_interval.tv_nsec = REPEAT_NS};
    timer_settime(state.timer, 0, &soon, NULL);
    errno = saved_errno;
}

static void on_alarm(int sig)
{
    (void)sig;
    if (state.end == 0 && state.armed)
        state.time_is_up = 1;
    interrupt_machine();
}

static void catch (int sig, void (*handler)(int))
{
    /* No SA_RESTART: a read or write that waits must end. */
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(sig, &action, NULL);
}

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM};

bool signals_init(uint64_t max_host_ns)
{
    if (timer_create(CLOCK_MONOTONIC, NULL, &state.timer) < 0)
        return false;
    sigset_t all;
    sigemptyset(&all);
    for (size_t i = 0; i < G_N_ELEMENTS(caught); i++) {
        struct sigaction before;
        sigaction(caught[i], NULL, &before);
        /* nohup, and a shell's background jobs: what is ignored stays so. */
        if (caught[i] == SIGALRM || before.sa_handler != SIG_IGN)
            catch (caught[i], caught[i] == SIGALRM ? on_alarm : on_end);
        sigaddset(&all, caught[i]);
    }
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (max_host_ns == UINT64_MAX)
        return true;
    state.armed = 1;
    struct itimerspec limit = {.it_value.tv_sec = (time_t)(max_host_ns / NS_PER_S),
                               .it_value.tv_nsec = (long)(max_host_ns % NS_PER_S),
                               .it_interval.tv_nsec = REPEAT_NS};
    return timer_settime(state.timer, 0, &limit, NULL) == 0;
}

void signals_set_machine(ring1_machine *m)
{
    atomic_store(&state.machine, m);
}

int signals_end(void)
{
    return state.end;
}

bool signals_time_is_up(void)
{
    return state.time_is_up;
}

bool signals_leave(void)
{
    return state.end != 0 || state.time_is_up;
}

void signals_hold(sigset_t *before)
{
    sigset_t all;
    sigemptyset(&all);
    for (size_t i = 0; i < G_N_ELEMENTS(caught); i++)
        sigaddset(&all, caught[i]);
    sigprocmask(SIG_BLOCK, &all, before);
}

void signals_release(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}
