/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * device_world.h - a domain whose front ends are the fuzzer: bytes of the input are
 * what a guest might do to a back end.
 */
#ifndef TESTS_FUZZ_DEVICE_WORLD_H
#define TESTS_FUZZ_DEVICE_WORLD_H

#include "debug/world.h"
#include "devices/xenstore.h"

/* The input, read from its front; zeroes once it is used up. */
struct feed {
    const uint8_t *at;
    size_t left;
};

static inline uint32_t feed_bytes(struct feed *f, unsigned n)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value = value << 8 | (f->left ? *f->at : 0);
        f->at += f->left > 0;
        f->left -= f->left > 0;
    }
    return value;
}
static inline uint8_t feed_byte(struct feed *f)
{
    return (uint8_t)feed_bytes(f, 1);
}

/* Numbers that front ends get wrong, and others. */
uint32_t feed_interesting(struct feed *f);

/* pfns of pages that a front end may use. */
#define FRONT_PFN   (WORLD_FREE_PFN)
#define FRONT_PAGES 32u
/* Grant i of the front end names page i, until the fuzzer changes it. */
#define FRONT_REF 8u

/* The domain, at its start. It is made once. */
struct world *device_world(void);
struct xenstore *device_world_xenstore(struct world *w);

/* An event channel for the back end, told in `front`'s node. */
void device_world_channel(struct world *w, struct xenstore *x, const char *front);

/* A step that any front end can do: grants, pages, event channels, nodes below
 * `front`. */
void device_world_step(struct world *w, struct xenstore *x, struct feed *f, const char *front,
                       const char *const *nodes, unsigned nr_nodes);

/* References counted anew, or the process ends with what is wrong. */
void device_world_check(struct world *w);

#endif
