/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sandbox.c - see sandbox.h: no new privileges, limits, and in which order the rest.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* poll's list may not be longer than what may be open. */
#define FILES_MIN 16

const char *sandbox_missing(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "this build has sanitizers, which need what it takes away";
#elif !defined(HAVE_SECCOMP)
    return "this build has no libseccomp";
#else
    return NULL;
#endif
}

/* --- files ------------------------------------------------------------------------------ */

/* Call it with each descriptor beyond stderr. False: /proc is not there. */
static bool each_file(void (*fn)(int fd, void *user), void *user)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return false;
    for (struct dirent *e; (e = readdir(dir));) {
        int fd = atoi(e->d_name);
        if (fd > STDERR_FILENO && fd != dirfd(dir))
            fn(fd, user);
    }
    closedir(dir);
    return true;
}

#define NOTED_MAX 4096
static unsigned char noted[NOTED_MAX / 8];

static void note(int fd, void *user)
{
    (void)user;
    if (fd >= NOTED_MAX)
        return;
    noted[fd / 8] |= (unsigned char)(1 << fd % 8);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void sandbox_note_files(void)
{
    each_file(note, NULL);
}

static void close_noted(void)
{
    for (int fd = 0; fd < NOTED_MAX; fd++)
        if (noted[fd / 8] & 1 << fd % 8)
            close(fd);
    memset(noted, 0, sizeof noted);
}

static void keep_highest(int fd, void *user)
{
    int *highest = user;
    *highest = fd > *highest ? fd : *highest;
}

static int highest_file(void)
{
    int highest = STDERR_FILENO;
    return each_file(keep_highest, &highest) ? highest : -1;
}

/* --- limits and rights -------------------------------------------------------------------- */

/* Never raise one. */
static bool lower(__rlimit_resource_t what, rlim_t to)
{
    struct rlimit now;
    if (getrlimit(what, &now))
        return false;
    struct rlimit limit = {now.rlim_cur < to ? now.rlim_cur : to, now.rlim_max < to ? now.rlim_max : to};
    return setrlimit(what, &limit) == 0;
}

static bool set_limits(const struct sandbox_setup *setup)
{
    int highest = highest_file();
    int files = highest + 1 + setup->more_files;
    /* A core file would be one that an intruder makes, with what he likes in it. */
    bool good = lower(RLIMIT_NPROC, 0) && lower(RLIMIT_MEMLOCK, 0) && lower(RLIMIT_MSGQUEUE, 0) &&
                lower(RLIMIT_CORE, 0);
    if (highest >= 0)
        good &= lower(RLIMIT_NOFILE, (rlim_t)(files > FILES_MIN ? files : FILES_MIN));
    return good;
}

/* Of root's rights none is left but what the network's helper needs: ports below 1024,
 * and echo requests. Others have none. */
static void drop_capabilities(unsigned needs)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}}, now[2];
    uint32_t kept = needs & SANDBOX_INTERNET ? 1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_RAW : 0;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &head, now))
        return;
    data[0].permitted = now[0].permitted & kept;
    data[0].effective = now[0].effective & kept;
    syscall(SYS_capset, &head, data);
}

/* Whoever started us may have asked for it (setarch -X): all that is read could be run. */
static void let_code_be_code(void)
{
    int now = personality(0xFFFFFFFF);
    if (now != -1 && (now & READ_IMPLIES_EXEC))
        personality((unsigned long)now & ~(unsigned long)READ_IMPLIES_EXEC);
}

/* --- entering --------------------------------------------------------------------------------- */

void sandbox_probe(struct sandbox_state *state, const char **why)
{
    *state = (struct sandbox_state){.landlock = landlock_version(), .limits = true};
    state->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0;
    *why = sandbox_missing();
    if (!*why)
        *why = filter_missing();
    state->filter = !*why;
}

/* The order: limits and Landlock while calls for them are not filtered; rights are not
 * dropped before, for where new privileges cannot be refused they are what a filter
 * needs. */
bool sandbox_enter(const struct sandbox_setup *setup, struct sandbox_state *state, const char **why)
{
    sandbox_probe(state, why);
    if (sandbox_missing()) {
        *state = (struct sandbox_state){0};
        return false;
    }
    bool can_filter = state->filter;
    state->no_new_privs =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    if (setup->mode == SANDBOX_ON) {
        close_noted();
        let_code_be_code();
        state->limits = set_limits(setup);
        if (!landlock_enter(setup->needs))
            state->landlock = 0;
        if (state->no_new_privs)
            drop_capabilities(setup->needs);
    }
    state->filter = can_filter && filter_enter(setup, why);
    return state->filter;
}
