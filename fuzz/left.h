/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * left.h - the memory that a refused call has left: what the guest could read before it,
 * it reads after it, but for what Xen writes all the same, which is a table here
 * (left.c). Memory is compared frame by frame with a copy that is kept up by the marks of
 * what was written.
 */
#ifndef FUZZ_LEFT_H
#define FUZZ_LEFT_H

#include "dispatch/hypercall.h"

struct fuzz_left;
/* Of a domain at its start; `cpu`: one runs it, and goes by the marks, too. */
struct fuzz_left *fuzz_left_new(struct domain *d, bool cpu);
void fuzz_left_free(struct fuzz_left *l);

/* The domain was put back to its start. */
void fuzz_left_reset(struct fuzz_left *l);
/* The marks of memory are as if nobody had looked: before the domain is put back, and before
 * whoever else goes by them. */
void fuzz_left_give_back(struct fuzz_left *l);

/* A call begins; it was refused: NULL, or what it has left, of one line, until the next call. */
void fuzz_left_before(struct fuzz_left *l, const struct call *call);
const char *fuzz_left_after(struct fuzz_left *l);
/* The call wrote to a table, or to a frame of Xen's own. */
bool fuzz_left_tables(const struct fuzz_left *l);
/* What lies there, as far as the vcpu can read, is what lay there when the last call began. */
bool fuzz_left_holds(const struct fuzz_left *l, struct vcpu *v, uint32_t va, uint64_t len);

/* Calls whose errno says only that the rest was not done, or not told: nothing is known of
 * what they leave. */
bool fuzz_leaves_more(const struct abi *abi, uint32_t nr, const uint32_t *arg, int32_t result);
/* Calls that may refuse a table half-way. The references of its first entries are given back; where one of
 * them showed a page of an LDT the LDTs of all vcpus go, as whenever such an entry goes
 * (put_page_from_l1e of xen/arch/x86/mm.c). */
bool fuzz_drops_ldts(uint32_t nr);

#endif
