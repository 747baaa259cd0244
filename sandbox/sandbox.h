/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * sandbox.h - a process gives away what it no longer needs: new files, sockets,
 * processes and code (docs/security.md). There is no way back. It uses no other room.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

enum sandbox_mode {
    SANDBOX_ON,
    SANDBOX_OFF,
    SANDBOX_REPORT, /* nothing is refused; each call that would be is told of, once */
};

/* What is still needed beside time, memory and what is open. */
enum sandbox_needs {
    SANDBOX_CLIENTS = 1,       /* sockets that listen: more clients come */
    SANDBOX_TALK = 2,          /* sockets that are connected */
    SANDBOX_ENGINE = 4,        /* machines, any time: Unicorn's code buffer, mapped anew */
    SANDBOX_INTERNET = 8,      /* sockets of TCP, UDP and ICMP, made and connected: ring1-net */
    SANDBOX_FIRST_ENGINE = 16, /* machines until sandbox_no_engine */
};

struct sandbox_setup {
    enum sandbox_mode mode;
    unsigned needs; /* enum sandbox_needs */
    int more_files; /* descriptors that may be opened beside those that are: clients */
    /* SANDBOX_REPORT: a call that would have been refused; from another thread. */
    void (*told)(const char *call);
    /* With SANDBOX_INTERNET: what every file that is opened for reading turns out to be,
     * or -1. */
    int only_file;
};

/* What is in force; with SANDBOX_REPORT: what would be. */
struct sandbox_state {
    bool no_new_privs;
    bool filter;  /* seccomp */
    int landlock; /* its ABI; 0: the kernel has none */
    bool limits;  /* rlimits */
};

/* At a program's start: what is open beyond stdin, stdout and stderr is somebody else's.
 * Programs that are run do not get it, and sandbox_enter closes it. */
void sandbox_note_files(void);

/* Whether this build can: it was made with libseccomp, and without sanitizers, which
 * need more. NULL, or why not. */
const char *sandbox_missing(void);

/* Enter it. `state` says what is in force. False: the filter is not, and *why says why (static); what
 * could be had is in force all the same. */
bool sandbox_enter(const struct sandbox_setup *setup, struct sandbox_state *state, const char **why);

/* With SANDBOX_REPORT: what was told so far, with how often it was called. Returns how
 * many of `max` there are. */
struct sandbox_call {
    const char *name;
    uint64_t count;
};
unsigned sandbox_reported(struct sandbox_call *out, unsigned max);

/* With SANDBOX_FIRST_ENGINE: no other engine from here. */
void sandbox_no_engine(void);

/* What this system would give, without entering: for `ring1 --version`. Without a filter
 * *why says why. */
void sandbox_probe(struct sandbox_state *state, const char **why);

/* --- the parts, for sandbox.c ------------------------------------------------------- */

int landlock_version(void);
bool landlock_enter(unsigned needs);
bool filter_enter(const struct sandbox_setup *setup, const char **why);
/* Why there can be no filter on this system, or NULL. */
const char *filter_missing(void);

#endif
