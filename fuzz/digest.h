/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * digest.h - the state of a domain, kept for comparing it, and as numbers.
 */
#ifndef FUZZ_DIGEST_H
#define FUZZ_DIGEST_H

#include "dispatch/domain.h"

/* What a refused call must leave as it was, in parts. */
enum fuzz_part { PART_FRAMES, PART_PORTS, PART_GRANTS, PART_VCPUS, PART_TIMES, PART_DOMAIN, NR_PARTS };
extern const char *const fuzz_part_names[];

/* A state of the domain as it was at some time: only what counts is copied. */
struct fuzz_shadow;
/* The domain is at its start. */
struct fuzz_shadow *fuzz_shadow_new(const struct domain *d);
void fuzz_shadow_free(struct fuzz_shadow *s);
void fuzz_shadow_take(struct fuzz_shadow *s, const struct domain *d);
/* What changed since, as bits; bit n: enum fuzz_part. */
unsigned fuzz_shadow_changed(struct fuzz_shadow *s, const struct domain *d);
/* If the domain's vcpus have lost all pages of their LDTs since, they had none then either. */
void fuzz_shadow_drop_ldts(struct fuzz_shadow *s, const struct domain *d);
/* page_recount of the domain as it is. */
bool fuzz_shadow_recount(struct fuzz_shadow *s, const struct domain *d, GString *report);

/* Numbers of all that a guest could find out, for comparing runs. */
struct fuzz_digest {
    uint64_t all;
    uint64_t memory;  /* its bytes alone */
    uint64_t stopped; /* what does not depend on where calls were stopped half-way */
};
/* Of the domain as it is, at that time; what was taken is lost. */
struct fuzz_digest fuzz_shadow_digest(struct fuzz_shadow *s, const struct domain *d, uint64_t now);

#endif
