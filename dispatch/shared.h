/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * shared.h - words and bits in memory that the guest shares, at any alignment.
 */
#ifndef DISPATCH_SHARED_H
#define DISPATCH_SHARED_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t load32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline void store32(uint8_t *p, uint32_t value)
{
    memcpy(p, &value, sizeof value);
}

static inline void store64(uint8_t *p, uint64_t value)
{
    memcpy(p, &value, sizeof value);
}

/* Bits numbered as in a little-endian bitmap of any word size. */
static inline bool bit_test(const uint8_t *map, unsigned nr)
{
    return (map[nr / 8] >> (nr % 8) & 1u) != 0;
}

static inline bool bit_test_and_set(uint8_t *map, unsigned nr)
{
    bool old = bit_test(map, nr);
    map[nr / 8] = (uint8_t)(map[nr / 8] | 1u << (nr % 8));
    return old;
}

static inline bool bit_test_and_clear(uint8_t *map, unsigned nr)
{
    bool old = bit_test(map, nr);
    map[nr / 8] = (uint8_t)(map[nr / 8] & ~(1u << (nr % 8)));
    return old;
}

#endif
