/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter.c - the filter of system calls (seccomp). What is on the lists is allowed; what
 * nobody but an intruder would try ends the process; all else is refused with EPERM, for
 * libraries try this and that and can do without.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))
/* What Unicorn maps for the code that it makes, for each engine. */
#define ENGINE_BYTES (1u << 30)

/* A part of a filter: calls that come with these needs, or always (0). */
struct part {
    unsigned needs;
    const int *calls;
    size_t nr;
};

static const int always[] = {
    /* what is open */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(preadv2),
    SCMP_SYS(pwritev2),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fstat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pselect6),
    /* memory */
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    /* time */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(timer_settime),
    SCMP_SYS(timer_gettime),
    SCMP_SYS(timer_delete),
    SCMP_SYS(restart_syscall),
    /* signals, and the process itself */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrandom),
    SCMP_SYS(uname),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* a child that was started before */
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
};

static const int talk[] = {
    SCMP_SYS(sendto),   SCMP_SYS(recvfrom), SCMP_SYS(sendmsg),  SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
};

static const int clients[] = {
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(setsockopt),
};

static const int internet[] = {
    SCMP_SYS(bind), SCMP_SYS(listen),     SCMP_SYS(connect),
    SCMP_SYS(stat), SCMP_SYS(newfstatat), SCMP_SYS(lstat),
};

static const struct part parts[] = {
    {0, always, N_OF(always)},
    {SANDBOX_TALK | SANDBOX_CLIENTS | SANDBOX_INTERNET, talk, N_OF(talk)},
    {SANDBOX_CLIENTS | SANDBOX_INTERNET, clients, N_OF(clients)},
    {SANDBOX_INTERNET, internet, N_OF(internet)},
};

/* Nobody here ever does: whoever tries is somebody else. */
static const int never[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(open_tree),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(personality),
    SCMP_SYS(modify_ldt),
};

/* A terminal's, and how much there is to read. */
static const unsigned long ioctls[] = {TCGETS,     TCSETS,   TCSETSW, TCSETSF,   TIOCGPGRP,
                                       TIOCGWINSZ, FIONREAD, FIONBIO, BLKDISCARD};

static int flag_calls(scmp_filter_ctx c, uint32_t action, const int *calls, size_t nr)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < nr; i++)
        /* Names that this machine has not are negative. */
        if (calls[i] >= 0)
            err = seccomp_rule_add(c, action, calls[i], 0);
    return err;
}

/* Memory that was never code does not become any. */
static int add_memory(scmp_filter_ctx c, unsigned needs)
{
    int err =
        seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (err == 0)
        err =
            seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                             SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if (err == 0) /* realloc's way; a second copy of what is code is none */
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 1, SCMP_A3(SCMP_CMP_EQ, MREMAP_MAYMOVE));
    if (err == 0 && (needs & SANDBOX_ENGINE))
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 4, SCMP_A0(SCMP_CMP_EQ, 0),
                               SCMP_A1(SCMP_CMP_EQ, ENGINE_BYTES),
                               SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_WRITE | PROT_EXEC),
                               SCMP_A3(SCMP_CMP_EQ, MAP_PRIVATE | MAP_ANONYMOUS));
    if (err == 0 && (needs & SANDBOX_ENGINE)) /* sandbox_no_engine */
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 1,
                               SCMP_A0(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER));
    return err;
}

static int add_files(scmp_filter_ctx c)
{
    static const unsigned commands[] = {F_GETFL, F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC};
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(ioctls); i++)
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i]));
    for (size_t i = 0; err == 0 && i < N_OF(commands); i++)
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, commands[i]));
    if (err == 0) /* a file that sends signals is none of ours */
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2, SCMP_A1(SCMP_CMP_EQ, F_SETFL),
                               SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0));
    return err;
}

/* To itself: raise() and abort(). */
static int add_signals(scmp_filter_ctx c)
{
    return seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
}

/* No process; a thread is refused; and glibc is told that clone3, whose flags a filter
 * cannot see, is not there. */
static int add_clone(scmp_filter_ctx c, uint32_t deadly)
{
    int err = seccomp_rule_add(c, deadly, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return err ? err : seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Sockets of the internet's families alone, and files that are all the same one. */
static int add_internet(scmp_filter_ctx c)
{
    static const unsigned families[] = {AF_INET, AF_INET6};
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(families); i++)
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, families[i]));
    if (err == 0)
        err = seccomp_rule_add(c, SCMP_ACT_TRAP, SCMP_SYS(openat), 0);
#ifdef __x86_64__
    if (err == 0)
        err = seccomp_rule_add(c, SCMP_ACT_TRAP, SCMP_SYS(open), 0);
#endif
    return err;
}

/* See on_trap. */
static int add_fstat(scmp_filter_ctx c)
{
    return seccomp_rule_add(c, SCMP_ACT_TRAP, SCMP_SYS(newfstatat), 1, SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
}

static int add_rules(scmp_filter_ctx c, const struct sandbox_setup *setup)
{
    uint32_t deadly = setup->mode == SANDBOX_ON ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_NOTIFY;
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(parts); i++)
        if (parts[i].needs == 0 || (parts[i].needs & setup->needs))
            err = flag_calls(c, SCMP_ACT_ALLOW, parts[i].calls, parts[i].nr);
    if (err == 0 && deadly != SCMP_ACT_NOTIFY)
        err = flag_calls(c, deadly, never, N_OF(never));
    if (err == 0)
        err = add_memory(c, setup->needs);
    if (err == 0)
        err = add_files(c);
    if (err == 0)
        err = add_signals(c);
    if (err == 0 && deadly != SCMP_ACT_NOTIFY)
        err = add_clone(c, deadly);
    if (err == 0 && (setup->needs & SANDBOX_INTERNET))
        err = add_internet(c);
    else if (err == 0 && deadly != SCMP_ACT_NOTIFY)
        err = add_fstat(c);
    return err;
}

/* --- SANDBOX_REPORT: a thread that was there before hears of what would be refused ----- */

struct listener {
    pthread_mutex_t ready; /* held until `fd` is there */
    int fd;
    void (*told)(const char *call);
};

#define CALLS_MAX 1024

static void tell(const struct listener *l, int call)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
    l->told(name ? name : "an unknown system call");
    free(name);
}

static void *listen_on(void *user)
{
    struct listener *l = user;
    bool seen[CALLS_MAX] = {false};
    struct seccomp_notif *request;
    struct seccomp_notif_resp *answer;
    pthread_mutex_lock(&l->ready);
    if (l->fd < 0 || seccomp_notify_alloc(&request, &answer))
        return NULL;
    for (;;) {
        int err = seccomp_notify_receive(l->fd, request);
        if (err && err != -EINTR && err != -ENOENT && err != -ECANCELED)
            return NULL;
        if (err)
            continue;
        int call = request->data.nr;
        if (call < 0 || call >= CALLS_MAX || !seen[call])
            tell(l, call);
        if (call >= 0 && call < CALLS_MAX)
            seen[call] = true;
        *answer = (struct seccomp_notif_resp){.id = request->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        seccomp_notify_respond(l->fd, answer);
    }
}

/* Signals are for the other thread. */
static struct listener *start_listener(void (*told)(const char *call))
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

/* --- loading ---------------------------------------------------------------------------- */

/* The SIGSYS handler has no argument of ours. */
static int only_file;

#if defined(__x86_64__)
#define ARGUMENT(c, r) ((c)->uc_mcontext.gregs[r])
#define FIRST(c)       ARGUMENT(c, REG_RDI)
#define THIRD(c)       ARGUMENT(c, REG_RDX)
#define RESULT(c)      ARGUMENT(c, REG_RAX)
#elif defined(__aarch64__)
#define FIRST(c)  ((c)->uc_mcontext.regs[0])
#define THIRD(c)  ((c)->uc_mcontext.regs[2])
#define RESULT(c) ((c)->uc_mcontext.regs[0])
#endif

/* Two calls are answered here. Whatever is opened is the one file, from its beginning.
 * And glibc's fstat is a call that could ask for any name: it gets the answer for the
 * descriptor, whatever name stands there. */
static void on_trap(int sig, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    (void)sig;
    (void)context;
#ifdef RESULT
    ucontext_t *c = context;
    long result;
    if (info->si_syscall == SCMP_SYS(newfstatat)) {
        result = syscall(SYS_fstat, (int)FIRST(c), (void *)(uintptr_t)THIRD(c));
    } else {
        result = only_file >= 0 ? fcntl(only_file, F_DUPFD_CLOEXEC, 0) : -1;
        errno = result < 0 ? ENOENT : 0;
        if (result >= 0)
            lseek((int)result, 0, SEEK_SET);
    }
    RESULT(c) = result < 0 ? -errno : result;
#else
    (void)info;
#endif
    errno = saved_errno;
}

static bool load(scmp_filter_ctx c, const struct sandbox_setup *setup, const char **why)
{
    struct listener *l = NULL;
    int err = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH,
                               setup->mode == SANDBOX_ON ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);
    seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (err == 0)
        err = add_rules(c, setup);
    if (setup->mode == SANDBOX_REPORT && !(l = start_listener(setup->told)))
        err = -ENOMEM;
    if (err == 0)
        err = seccomp_load(c);
    if (l && err == 0)
        l->fd = seccomp_notify_fd(c);
    if (l)
        pthread_mutex_unlock(&l->ready);
    if (err)
        *why = err == -EINVAL ? "the kernel does not take the filter" : "the filter cannot be loaded";
    return err == 0;
}

void sandbox_no_engine(void)
{
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    /* It comes on top of the first, which lets nothing in but another filter. */
    if (c && seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0) == 0 &&
        seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)) == 0)
        seccomp_load(c);
    seccomp_release(c);
}

bool filter_enter(const struct sandbox_setup *setup, const char **why)
{
    scmp_filter_ctx c = seccomp_init(setup->mode == SANDBOX_ON ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_NOTIFY);
    if (!c) {
        *why = "libseccomp cannot begin";
        return false;
    }
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_RESTART};
    only_file = setup->only_file;
    if (setup->mode == SANDBOX_ON)
        sigaction(SIGSYS, &action, NULL);
    bool good = load(c, setup, why);
    if (setup->mode == SANDBOX_ON)
        seccomp_release(c); /* else it is the listener's */
    return good;
}

#else

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
