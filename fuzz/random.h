/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * random.h - random numbers that a seed repeats.
 */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdint.h>

struct fuzz_random {
    uint64_t state;
};

static inline void fuzz_seed(struct fuzz_random *r, uint64_t seed)
{
    r->state = seed * 0x9E3779B97F4A7C15ull ^ 0xD1B54A32D192ED03ull;
    r->state = r->state ? r->state : 1;
}

/* xorshift64* */
static inline uint32_t fuzz_roll(struct fuzz_random *r, uint32_t bound)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (uint32_t)(((r->state * 0x2545F4914F6CDD1Dull >> 32) * bound) >> 32);
}

#endif
