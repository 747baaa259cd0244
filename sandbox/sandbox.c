/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sandbox.c - see sandbox.h: no new privileges, limits, and in which order the rest.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

static int highest_file(void)
{
    int highest = -1;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));) {
        int fd = atoi(e->d_name);
        if (fd > highest && fd != dirfd(dir))
            highest = fd;
    }
    closedir(dir);
    return highest;
}

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
    bool good = lower(RLIMIT_NPROC, 0) && lower(RLIMIT_MEMLOCK, 0) && lower(RLIMIT_MSGQUEUE, 0);
    if (highest >= 0)
        good &= lower(RLIMIT_NOFILE, (rlim_t)(files > FILES_MIN ? files : FILES_MIN));
    return good;
}

void sandbox_probe(struct sandbox_state *state)
{
    *state = (struct sandbox_state){.landlock = landlock_version()};
    state->no_new_privs = state->limits = true;
    state->filter = !sandbox_missing();
}

bool sandbox_enter(const struct sandbox_setup *setup, struct sandbox_state *state, const char **why)
{
    sandbox_probe(state);
    *why = sandbox_missing();
    if (*why)
        *state = (struct sandbox_state){0};
    if (*why || setup->mode == SANDBOX_OFF)
        return !*why;
    state->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (setup->mode == SANDBOX_ON) {
        state->limits = set_limits(setup);
        if (!landlock_enter(setup->needs))
            state->landlock = 0;
    }
    state->filter = filter_enter(setup, why);
    return state->filter;
}
