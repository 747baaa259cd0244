/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * terminal.c - see terminal.h. Signals that ask for an end are caught by
 * signals.c, whose way out restores the terminal; here are those that leave no
 * time for that (a crash) and those of job control.
 */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* Signal handlers have no argument of ours: a process has one terminal. */
static struct {
    int fd;
    volatile sig_atomic_t is_raw;
    struct termios before, raw;
} terminal;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGQUIT};
#define NR_CRASH_SIGNALS (sizeof(crash_signals) / sizeof(crash_signals[0]))
static struct sigaction crash_before[NR_CRASH_SIGNALS];

/* A terminal that gives what was typed, as it was typed. Output keeps its
 * processing: a guest that ends lines with '\n' alone would print a staircase. */
static struct termios make_raw(const struct termios *before)
{
    struct termios t = *before;
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_oflag |= OPOST | ONLCR;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    t.c_cflag |= CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    return t;
}

/* tcsetattr, also from a background process group, which would be stopped. */
static int set_termios(const struct termios *t)
{
    sigset_t ttou, old;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &ttou, &old);
    int rc;
    do {
        rc = tcsetattr(terminal.fd, TCSANOW, t);
    } while (rc < 0 && errno == EINTR);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

void terminal_restore(void)
{
    if (!terminal.is_raw)
        return;
    terminal.is_raw = 0;
    set_termios(&terminal.before);
}

/* The instruction at fault runs again when a handler returns. */
static bool is_fault(int sig, const siginfo_t *info)
{
    return (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE) && info->si_code > 0;
}

/* Restore, and let the signal do what it would have done without us: a fault
 * comes again by itself, any other signal is sent again. */
static void on_crash(int sig, siginfo_t *info, void *context)
{
    (void)context;
    terminal_restore();
    for (size_t i = 0; i < NR_CRASH_SIGNALS; i++)
        if (crash_signals[i] == sig)
            sigaction(sig, &crash_before[i], NULL);
    if (!is_fault(sig, info))
        raise(sig);
}

static void catch_stop(void);

/* Stop with the terminal restored, and make it raw again afterwards. */
static void on_stop(int sig)
{
    int saved_errno = errno;
    bool was_raw = terminal.is_raw;
    terminal_restore();
    signal(sig, SIG_DFL);
    sigset_t this, old;
    sigemptyset(&this);
    sigaddset(&this, sig);
    raise(sig);
    pthread_sigmask(SIG_UNBLOCK, &this, &old);
    /* Stopped here, until SIGCONT. */
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    catch_stop();
    if (was_raw && tcgetpgrp(terminal.fd) == getpgrp()) {
        set_termios(&terminal.raw);
        terminal.is_raw = 1;
    }
    errno = saved_errno;
}

/* A shell gives a job its own idea of the terminal when it goes on. */
static void on_continue(int sig)
{
    (void)sig;
    int saved_errno = errno;
    if (tcgetpgrp(terminal.fd) == getpgrp()) {
        set_termios(&terminal.raw);
        terminal.is_raw = 1;
    }
    errno = saved_errno;
}

static void catch_stop(void)
{
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, NULL);
}

static void catch_signals(void)
{
    /* A stack of its own: the crash may be that there is none left. */
    static char stack[16384];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    stack_t present;
    if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE) != 0)
        sigaltstack(&alternative, NULL);
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < NR_CRASH_SIGNALS; i++)
        sigaction(crash_signals[i], &crash, &crash_before[i]);
    catch_stop();
    struct sigaction go_on = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
    sigemptyset(&go_on.sa_mask);
    sigaction(SIGCONT, &go_on, NULL);
}

bool terminal_raw(int fd)
{
    terminal.fd = fd;
    if (tcgetattr(fd, &terminal.before) < 0)
        return false;
    terminal.raw = make_raw(&terminal.before);
    catch_signals();
    atexit(terminal_restore);
    terminal.is_raw = 1;
    int rc;
    do {
        rc = tcsetattr(fd, TCSANOW, &terminal.raw);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        terminal.is_raw = 0;
    return rc == 0;
}
