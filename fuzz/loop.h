/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loop.h - the fuzzer itself: inputs are taken from a corpus, changed, tried, and kept
 * when they did something new. It runs in a child process, so that a host crash is a find
 * like any other; all that it has learnt lies in memory that both share.
 */
#ifndef FUZZ_LOOP_H
#define FUZZ_LOOP_H

#include "coverage.h"
#include "target.h"

enum fuzz_effort {
    FUZZ_AUTO,     /* cheap checks; full ones for inputs that do something new, and now and then */
    FUZZ_ALL_FULL, /* full ones for each */
    FUZZ_ALL_CHEAP,
};

struct fuzz_status {
    uint64_t runs, calls;
    double seconds;
    unsigned corpus;  /* inputs */
    unsigned edges;   /* of dispatch/; 0 without coverage */
    unsigned places;  /* of the target's own coverage */
    unsigned results; /* kinds of results seen */
    unsigned finds;   /* kinds */
    unsigned crashes; /* of them, of ring1 itself */
    bool coverage;
};

struct fuzz_options {
    uint64_t runs;  /* 0: no limit */
    double seconds; /* 0: no limit */
    uint64_t seed;
    unsigned max_finds; /* stop at so many; 0: never */
    unsigned min_tries; /* of a find's minimising */
    enum fuzz_effort effort;
    const char *corpus; /* folder, read and added to; NULL: none */
    const char *merge;  /* folder: the inputs of the corpus that reach something new, the shortest
                         * first, are written there, and nothing else is done; NULL: no */
    const char *finds;  /* folder that finds are left in; NULL: they are told only */
    /* Called now and then, twice a second; NULL: nobody looks. */
    void (*progress)(void *user, const struct fuzz_status *status);
    /* A new kind of find: its line, and its file or NULL. */
    void (*found)(void *user, const char *reason, const char *file);
    /* In a child, before it looks at an input, when all that it needs is open; NULL: nothing
     * is to be done. */
    void (*confine)(void *user);
    void *user;
    volatile int *stop; /* set by a signal handler; NULL: there is none */
};

/* False: the host refused something (RING1_ERROR_HOST, RING1_ERROR_OPTION). */
bool fuzz_loop(const struct fuzz_options *o, struct fuzz_target *t, struct fuzz_status *out, GError **error);

#endif
