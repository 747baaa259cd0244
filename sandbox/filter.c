/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter.c - loading the filter of system calls, the few calls that are answered here and
 * not by the kernel, and the end of a process that tried what it never does.
 */
#define _GNU_SOURCE
#include "filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* --- calls that are answered here ------------------------------------------------------- */

#define X32 0x40000000 /* of its numbers, on an x86-64 */

/* The SIGSYS handler has no argument of ours. */
static int only_file;
static struct sigaction before; /* of SIGSYS: a terminal is put right, and the process ends */

#if defined(__x86_64__)
#define ARGUMENT(c, r) ((c)->uc_mcontext.gregs[r])
#define FIRST(c)       ARGUMENT(c, REG_RDI)
#define SECOND(c)      ARGUMENT(c, REG_RSI)
#define THIRD(c)       ARGUMENT(c, REG_RDX)
#define FOURTH(c)      ARGUMENT(c, REG_R10)
#define RESULT(c)      ARGUMENT(c, REG_RAX)
#elif defined(__aarch64__)
#define FIRST(c)  ((c)->uc_mcontext.regs[0])
#define SECOND(c) ((c)->uc_mcontext.regs[1])
#define THIRD(c)  ((c)->uc_mcontext.regs[2])
#define FOURTH(c) ((c)->uc_mcontext.regs[3])
#define RESULT(c) ((c)->uc_mcontext.regs[0])
#endif

#ifdef RESULT
/* Whatever is opened is the one file, from its beginning. */
static long open_only_file(void)
{
    int fd = only_file >= 0 ? fcntl(only_file, F_DUPFD_CLOEXEC, 0) : -1;
    errno = ENOENT;
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* And what is asked for by a name is that file. glibc's fstat is a call that could ask for
 * any name: it gets the answer for the descriptor, whatever name stands there. */
static long look_at(int fd, uintptr_t to)
{
    errno = ENOENT;
    return fd < 0 ? -1 : syscall(SYS_fstat, fd, (void *)to);
}

/* False: it is not one of these. */
static bool answer(ucontext_t *c, int call, long *result)
{
    bool by_descriptor = FOURTH(c) == AT_EMPTY_PATH;
    if (call == SCMP_SYS(openat) || call == SCMP_SYS(open))
        *result = open_only_file();
    else if (call == SCMP_SYS(newfstatat))
        *result = look_at(by_descriptor ? (int)FIRST(c) : only_file, (uintptr_t)THIRD(c));
    else if (call == SCMP_SYS(stat) || call == SCMP_SYS(lstat))
        *result = look_at(only_file, (uintptr_t)SECOND(c));
    else
        return false;
    return true;
}
#endif

static void put(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return; /* nobody hears it */
}

/* The call was not made. Whoever could try it could have taken this handler away before; more
 * than to live on without it is not to be had by that. The last call is one of those, too: while its
 * handler runs the kernel has another SIGSYS end the process. */
static void end(siginfo_t *info, void *context, bool is_native)
{
    const char *name =
        is_native ? filter_never_name(info->si_syscall) : "a system call of another kind of machine";
    put("ring1: sandbox: ");
    put(name ? name : "a system call");
    put(" was tried, which ring1 never does: somebody has taken it over, and it ends here\n");
    if ((before.sa_flags & SA_SIGINFO) && before.sa_sigaction)
        before.sa_sigaction(SIGSYS, info, context);
    syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    (void)sig;
    (void)context;
    bool is_native = info->si_arch == seccomp_arch_native() && !(info->si_syscall & X32);
#ifdef RESULT
    long result;
    if (is_native && answer(context, info->si_syscall, &result)) {
        RESULT((ucontext_t *)context) = result < 0 ? -errno : result;
    } else {
        end(info, context, is_native);
    }
#else
    end(info, context, is_native);
#endif
    errno = saved_errno;
}

/* --- loading ---------------------------------------------------------------------------- */

/* Whether it could be: a container may not let us. */
const char *filter_missing(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
        return NULL;
    return errno == EPERM || errno == EACCES
               ? "seccomp is not permitted here: another sandbox, or a container, refuses it"
               : "the kernel has no filters of system calls (seccomp)";
}

static const char *reason(int err)
{
    switch (-err) {
    case EPERM:
    case EACCES:
        return "seccomp is not permitted here: another sandbox, or a container, refuses it";
    case ENOSYS:
        return "the kernel has no filters of system calls (seccomp)";
    case EINVAL:
        return "the kernel does not take the filter";
    case EBUSY:
        return "somebody listens already to what a filter refuses here";
    default:
        return "the filter cannot be loaded";
    }
}

static int load(scmp_filter_ctx c, const struct sandbox_setup *setup)
{
    struct listener *l = NULL;
    bool on = setup->mode == SANDBOX_ON;
    int err = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, on ? SCMP_ACT_TRAP : SCMP_ACT_ALLOW);
    seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    seccomp_attr_set(c, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (err == 0 && on) /* whatever threads a library has made */
        err = seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1);
    if (err == 0) /* it was asked for before, and may be refused */
        err = seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0);
    if (err == 0)
        err = filter_add_rules(c, setup);
    if (err == 0 && !on && !(l = report_start(setup->told)))
        err = -ENOMEM;
    if (err == 0)
        err = seccomp_load(c);
    if (l)
        report_begin(l, err == 0 ? seccomp_notify_fd(c) : -1);
    return err;
}

void sandbox_no_engine(void)
{
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    /* It comes on top of the first, which lets nothing in but this one. */
    if (c && seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0) == 0 &&
        seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) == 0 &&
        seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(seccomp), 0) == 0 &&
        seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)) == 0)
        seccomp_load(c);
    seccomp_release(c);
}

bool filter_enter(const struct sandbox_setup *setup, const char **why)
{
    bool on = setup->mode == SANDBOX_ON;
    scmp_filter_ctx c = seccomp_init(on ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_NOTIFY);
    if (!c) {
        *why = "libseccomp cannot begin";
        return false;
    }
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART};
    only_file = setup->only_file;
    if (on)
        sigaction(SIGSYS, &action, &before);
    int err = load(c, setup);
    if (err)
        *why = reason(err);
    if (on)
        seccomp_release(c); /* else it is the listener's */
    return err == 0;
}

#else

const char *filter_missing(void)
{
    return sandbox_missing();
}

void sandbox_no_engine(void)
{
}

bool filter_enter(const struct sandbox_setup *setup, const char **why)
{
    (void)setup;
    *why = sandbox_missing();
    return false;
}

#endif
