/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * target.h - what the loop needs to know of that which is fuzzed: how inputs are made, tried
 * and written down. The dispatcher is one target (calls.h), a guest another (guest.h).
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum fuzz_level { FUZZ_CHEAP, FUZZ_RECOUNT /* and a recount at the end */, FUZZ_FULL };

/* What a try told, beside its reason; all of it the target's, until the next try. */
struct fuzz_outcome {
    unsigned calls;
    /* Kinds of results: new ones mean that the input did something new. */
    const uint32_t *feature;
    unsigned nr_features;
    /* Places of the target's own coverage, each with how often it was come to. */
    const uint16_t *place;
    const uint8_t *count; /* by place */
    unsigned nr_places;
};
#define FUZZ_PLACES 65536u

/* The inputs that did something new. */
struct fuzz_pool {
    const uint8_t *inputs;
    size_t stride;
    unsigned nr;
    const uint16_t *way; /* of these, nr_ways: those that took a new way through code, the oldest first */
    unsigned nr_ways;
};
static inline const void *fuzz_pool_at(const struct fuzz_pool *pool, unsigned i)
{
    return pool->inputs + i * pool->stride;
}

/* Whether a changed input still does what it is to do. */
struct fuzz_trial {
    bool (*holds)(void *user, const void *input);
    void *user;
};

struct fuzz_target {
    const struct fuzz_target_ops *ops;
    size_t input_bytes; /* of an input in memory; what is all zeroes is one */
    size_t file_bytes;  /* at most, of one as a file */
    /* Of inputs that do nothing new, one in so many is tried with all checks, and one in so many with a
     * recount at its end. */
    unsigned full_each, recount_each;
    unsigned start_seconds; /* that ready() may take, at most */
};

struct fuzz_target_ops {
    void (*copy)(void *to, const void *from);
    /* As a file, of file_bytes at most, even where the input is damaged: a child that was taken over
     * may have left it. Any bytes at all are an input. */
    size_t (*encode)(struct fuzz_target *t, const void *input, uint8_t *bytes);
    void (*decode)(struct fuzz_target *t, const uint8_t *bytes, size_t len, void *input);
    /* Of a corpus: it is to be tried. NULL: each is. */
    bool (*wanted)(struct fuzz_target *t, const void *input);

    /* In a child, confined, before anything is tried: what takes its time, and is not to be done outside of
     * the sandbox. False: it could not be; said on stderr. NULL: there is nothing of the kind. */
    bool (*ready)(struct fuzz_target *t);
    /* In the child, before the first: random numbers begin there. */
    void (*begin)(struct fuzz_target *t, uint64_t seed);
    /* Make one, of nothing or of others. */
    void (*next)(struct fuzz_target *t, const struct fuzz_pool *pool, void *input);
    /* Try it, from the start. NULL: all is well; else what is broken, in one line. */
    const char *(*check)(struct fuzz_target *t, void *input, enum fuzz_level level, struct fuzz_outcome *out);

    /* A smaller one for which `trial` holds, in place; `tries` at most. */
    void (*reduce)(struct fuzz_target *t, void *input, const struct fuzz_trial *trial, unsigned tries);
    /* What a find's kind is: finds of one are kept once. The caller frees it. NULL: the reason
     * without its numbers. */
    char *(*kind)(const char *reason);
    /* A find, minimised, as a sequence that breaks alike, headed by what broke; NULL: there is none, or
     * the op is NULL: then the input is reduced. */
    char *(*sequence)(struct fuzz_target *t, const void *input, const char *reason, unsigned tries);
    /* What there is to be read about a find, after its line; the caller frees it. NULL: nothing. */
    char *(*report)(struct fuzz_target *t, const void *input);
    /* Its calls as lines of a sequence, each written before it is made: in a child, which may
     * not come to the end. */
    void (*tell)(struct fuzz_target *t, const void *input, int fd);
};

#endif
