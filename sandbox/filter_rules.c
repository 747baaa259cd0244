/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * filter_rules.c - the filter of system calls (seccomp). What is on the lists is allowed; what
 * nobody but an intruder would try ends the process; all else is refused with EPERM, for
 * libraries try this and that and can do without.
 */
#define _GNU_SOURCE
#include "filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
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
    SCMP_SYS(sysinfo), /* qsort asks how much memory there is */
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* a child that was started before */
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
};

/* Bytes of sockets. */
static const int bytes[] = {SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(shutdown)};

/* Messages could have descriptors with them: not from clients. */
static const int messages[] = {SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg)};

static const int clients[] = {SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockname),
                              SCMP_SYS(getpeername)};

static const int internet[] = {SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(connect)};

static const struct part parts[] = {
    {0, always, N_OF(always)},
    {SANDBOX_TALK | SANDBOX_CLIENTS | SANDBOX_INTERNET, bytes, N_OF(bytes)},
    {SANDBOX_TALK | SANDBOX_INTERNET, messages, N_OF(messages)},
    {SANDBOX_CLIENTS | SANDBOX_INTERNET, clients, N_OF(clients)},
    {SANDBOX_INTERNET, internet, N_OF(internet)},
};

/* Nobody here ever does: whoever tries is somebody else. With their names, for last words. */
#define CALL(name) {SCMP_SYS(name), #name}
static const struct {
    int nr;
    const char *name;
} never[] = {
    CALL(execve),
    CALL(execveat),
    CALL(fork),
    CALL(vfork),
    CALL(ptrace),
    CALL(process_vm_readv),
    CALL(process_vm_writev),
    CALL(process_madvise),
    CALL(kcmp),
    CALL(pidfd_open),
    CALL(pidfd_getfd),
    CALL(pidfd_send_signal),
    CALL(bpf),
    CALL(perf_event_open),
    CALL(userfaultfd),
    CALL(io_uring_setup),
    CALL(io_uring_enter),
    CALL(io_uring_register),
    CALL(fanotify_init),
    CALL(init_module),
    CALL(finit_module),
    CALL(delete_module),
    CALL(kexec_load),
    CALL(kexec_file_load),
    CALL(reboot),
    CALL(mount),
    CALL(umount2),
    CALL(move_mount),
    CALL(fsopen),
    CALL(fsmount),
    CALL(open_tree),
    CALL(mount_setattr),
    CALL(swapon),
    CALL(swapoff),
    CALL(acct),
    CALL(quotactl),
    CALL(settimeofday),
    CALL(clock_settime),
    CALL(sethostname),
    CALL(setdomainname),
    CALL(pivot_root),
    CALL(chroot),
    CALL(setns),
    CALL(unshare),
    CALL(setuid),
    CALL(setgid),
    CALL(setreuid),
    CALL(setregid),
    CALL(setresuid),
    CALL(setresgid),
    CALL(setgroups),
    CALL(capset),
    CALL(keyctl),
    CALL(add_key),
    CALL(request_key),
    CALL(open_by_handle_at),
    CALL(iopl),
    CALL(ioperm),
    CALL(personality),
    CALL(modify_ldt),
};

/* What newer C libraries ask a terminal with; the kernel's own structure has 44 bytes. */
#define TERMIOS2         44
#define GET_TERMIOS2     _IOC(_IOC_READ, 'T', 0x2A, TERMIOS2)
#define SET_TERMIOS2(nr) _IOC(_IOC_WRITE, 'T', 0x2B + (nr), TERMIOS2)

/* A terminal's, and how much there is to read. */
static const unsigned long ioctls[] = {
    TCGETS,          TCSETS,   TCSETSW, TCSETSF,   GET_TERMIOS2, SET_TERMIOS2(0), SET_TERMIOS2(1),
    SET_TERMIOS2(2), FIONREAD, FIONBIO, TIOCGPGRP, TIOCGWINSZ,   BLKDISCARD,
};

/* Options of sockets that come with these needs. Some others would run programs in the
 * kernel (SO_ATTACH_FILTER), or give descriptors (SO_PEERPIDFD). */
static const struct socket_option {
    unsigned needs;
    bool get;
    int level, name;
} socket_options[] = {
    {SANDBOX_TALK | SANDBOX_INTERNET, true, SOL_SOCKET, SO_ERROR},
    {SANDBOX_TALK | SANDBOX_INTERNET, true, SOL_SOCKET, SO_TYPE},
    {SANDBOX_CLIENTS | SANDBOX_INTERNET, false, IPPROTO_TCP, TCP_NODELAY},
    {SANDBOX_INTERNET, true, SOL_SOCKET, SO_ACCEPTCONN},
    {SANDBOX_INTERNET, false, SOL_SOCKET, SO_REUSEADDR},
    {SANDBOX_INTERNET, false, SOL_SOCKET, SO_OOBINLINE},
    {SANDBOX_INTERNET, false, SOL_SOCKET, SO_KEEPALIVE},
    {SANDBOX_INTERNET, false, SOL_SOCKET, SO_SNDBUF},
    {SANDBOX_INTERNET, false, SOL_SOCKET, SO_RCVBUF},
    {SANDBOX_INTERNET, false, IPPROTO_IP, IP_TTL},
    {SANDBOX_INTERNET, false, IPPROTO_IP, IP_TOS},
    {SANDBOX_INTERNET, false, IPPROTO_IP, IP_RECVERR},
    {SANDBOX_INTERNET, false, IPPROTO_IP, IP_MTU_DISCOVER},
    {SANDBOX_INTERNET, false, IPPROTO_IPV6, IPV6_V6ONLY},
    {SANDBOX_INTERNET, false, IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {SANDBOX_INTERNET, false, IPPROTO_IPV6, IPV6_RECVERR},
};

/* Sockets that ring1-net makes, for both families: raw ones only where a system has no
 * others for echo requests. */
static const struct {
    int type, protocol;
} sockets[] = {
    {SOCK_STREAM, 0},
    {SOCK_STREAM, IPPROTO_TCP},
    {SOCK_DGRAM, 0},
    {SOCK_DGRAM, IPPROTO_UDP},
    {SOCK_DGRAM, IPPROTO_ICMP},
    {SOCK_RAW, IPPROTO_ICMP},
    {SOCK_DGRAM, IPPROTO_ICMPV6},
    {SOCK_RAW, IPPROTO_ICMPV6},
};

static int flag_calls(scmp_filter_ctx c, uint32_t action, const int *calls, size_t nr)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < nr; i++)
        /* Names that this machine has not are negative. */
        if (calls[i] >= 0)
            err = seccomp_rule_add(c, action, calls[i], 0);
    return err;
}

static int add_never(scmp_filter_ctx c, uint32_t deadly)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(never); i++)
        if (never[i].nr >= 0)
            err = seccomp_rule_add(c, deadly, never[i].nr, 0);
    return err;
}

const char *filter_never_name(int call)
{
    for (size_t i = 0; i < N_OF(never); i++)
        if (never[i].nr == call)
            return never[i].name;
    return call == SCMP_SYS(clone) ? "clone" : NULL;
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
    if (err == 0 && (needs & (SANDBOX_ENGINE | SANDBOX_FIRST_ENGINE)))
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 4, SCMP_A0(SCMP_CMP_EQ, 0),
                               SCMP_A1(SCMP_CMP_EQ, ENGINE_BYTES),
                               SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_WRITE | PROT_EXEC),
                               SCMP_A3(SCMP_CMP_EQ, MAP_PRIVATE | MAP_ANONYMOUS));
    if (err == 0 && (needs & SANDBOX_FIRST_ENGINE)) /* sandbox_no_engine */
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 2,
                               SCMP_A0(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER), SCMP_A1(SCMP_CMP_EQ, 0));
    return err;
}

static int add_files(scmp_filter_ctx c, unsigned needs)
{
    static const unsigned commands[] = {F_GETFL, F_GETFD, F_SETFD};
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(ioctls); i++)
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i]));
    for (size_t i = 0; err == 0 && i < N_OF(commands); i++)
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, commands[i]));
    if (err == 0) /* a file that sends signals is none of ours */
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2, SCMP_A1(SCMP_CMP_EQ, F_SETFL),
                               SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0));
    if (err == 0 && (needs & (SANDBOX_CLIENTS | SANDBOX_INTERNET)))
        err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
    return err;
}

static int add_socket_options(scmp_filter_ctx c, unsigned needs)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(socket_options); i++) {
        const struct socket_option *o = &socket_options[i];
        if (o->needs & needs)
            err = seccomp_rule_add(c, SCMP_ACT_ALLOW, o->get ? SCMP_SYS(getsockopt) : SCMP_SYS(setsockopt), 2,
                                   SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)o->level),
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)o->name));
    }
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

/* Files are all the same one: see on_trap. */
static int add_internet(scmp_filter_ctx c)
{
    static const int named[] = {SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(newfstatat), SCMP_SYS(stat),
                                SCMP_SYS(lstat)};
    static const unsigned families[] = {AF_INET, AF_INET6};
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(families) * N_OF(sockets); i++) {
        size_t k = i / N_OF(families);
        err = seccomp_rule_add(
            c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, SCMP_A0(SCMP_CMP_EQ, families[i % N_OF(families)]),
            SCMP_A1(SCMP_CMP_MASKED_EQ, ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), (uint64_t)sockets[k].type),
            SCMP_A2(SCMP_CMP_EQ, (uint64_t)sockets[k].protocol));
    }
    return err ? err : flag_calls(c, SCMP_ACT_TRAP, named, N_OF(named));
}

/* See on_trap. Where nothing is enforced it is no call to be told of. */
static int add_fstat(scmp_filter_ctx c, bool on)
{
    return seccomp_rule_add(c, on ? SCMP_ACT_TRAP : SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                            SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
}

int filter_add_rules(scmp_filter_ctx c, const struct sandbox_setup *setup)
{
    uint32_t deadly = setup->mode == SANDBOX_ON ? SCMP_ACT_TRAP : SCMP_ACT_NOTIFY;
    int err = 0;
    for (size_t i = 0; err == 0 && i < N_OF(parts); i++)
        if (parts[i].needs == 0 || (parts[i].needs & setup->needs))
            err = flag_calls(c, SCMP_ACT_ALLOW, parts[i].calls, parts[i].nr);
    if (err == 0 && deadly != SCMP_ACT_NOTIFY)
        err = add_never(c, deadly);
    if (err == 0)
        err = add_memory(c, setup->needs);
    if (err == 0)
        err = add_files(c, setup->needs);
    if (err == 0)
        err = add_socket_options(c, setup->needs);
    if (err == 0)
        err = add_signals(c);
    if (err == 0 && deadly != SCMP_ACT_NOTIFY)
        err = add_clone(c, deadly);
    if (err == 0 && (setup->needs & SANDBOX_INTERNET))
        err = add_internet(c);
    else if (err == 0)
        err = add_fstat(c, setup->mode == SANDBOX_ON);
    return err;
}

#endif
