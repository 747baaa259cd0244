/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fixture.h - a small domain for unit tests: RAM, page tables as a builder leaves
 * them, shared_info, a clock that the test moves; and hypercalls by
 * hypercall_enter with every reference counted anew after each.
 *
 * pfn p is mapped at 0xC0000000 + p * 4096, tables read-only, everything else
 * read-write. Machine frames: 0..255 are I/O space, then the RAM in a scrambled
 * order, then FX_SPARE free ones, then Xen's.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "suite.h"

#include "dispatch/access.h"
#include "dispatch/hypercall.h"
#include "dispatch/page_type.h"

#include <string.h>
#include <xen/errno.h>

#define FX_BASE   0xC0000000u
#define FX_PAGES  256u     /* of RAM: a power of two */
#define FX_IO     0x100u   /* frames of I/O space */
#define FX_SPARE  32u      /* free frames */
#define FX_BEYOND 0x7FFFFu /* a frame that does not exist */
#define FX_SELF   0x7FF0u  /* DOMID_SELF */

struct fixture {
    const struct abi *abi;
    struct memory *mem;
    struct domain *d;
    struct vcpu *v;
    mfn_t xen_frame;   /* one of Xen's, that the guest has no business with */
    mfn_t top, l2, l1; /* tables of the boot mapping; with two levels top is l2 */
    uint32_t pt_pfn;   /* first pfn of a table, the last is FX_PAGES - 1 */
    uint32_t next_pfn; /* fx_alloc */
    uint32_t arena;    /* bytes used of fx_put's pages */
    uint64_t now;      /* system time in ns */
    GString *console;  /* what the guest and Xen wrote */
    GArray *notified;  /* struct fx_notify: events sent to back ends */
    const char *input; /* what console_io reads, or NULL */
};

struct fx_notify {
    enum backend backend;
    uint16_t port;
};

struct fixture *fixture_new(enum ring1_abi abi, enum ring1_xen xen);
void fixture_free(struct fixture *f);

/* Every pair of ABI and Xen: for (struct fixture *f; (f = fixture_each(&i)); fixture_free(f)) */
struct fixture *fixture_each(unsigned *i);

/* Frame, address and bytes of a pfn. */
mfn_t fx_mfn(const struct fixture *f, uint32_t pfn);
gva_t fx_va(const struct fixture *f, uint32_t pfn);
void *fx_page(const struct fixture *f, uint32_t pfn);

/* A page of RAM that nothing uses yet, mapped read-write; zeroed. */
uint32_t fx_alloc(struct fixture *f);

/* Put an argument into guest memory; the place is good until the test ends or
 * fx_reset. Addresses are multiples of 16. */
gva_t fx_put(struct fixture *f, const void *bytes, uint32_t len);
void fx_reset(struct fixture *f);
#define FX_WORDS(f, ...) fx_put(f, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}))

/* A word of guest memory; the test fails when there is none. */
uint32_t fx_get(struct fixture *f, gva_t va);
void fx_set(struct fixture *f, gva_t va, uint32_t value);

/* A hypercall; the test fails when it, or an entry of its list, is refused without a
 * reason. */
int32_t fx_enter(struct fixture *f, uint32_t nr, const uint32_t *arg);
/* And page_recount after it. */
int32_t fx_call(struct fixture *f, uint32_t nr, const uint32_t *arg);
#define CALL(f, nr, ...) fx_call(f, nr, (uint32_t[MAX_HYPERCALL_ARGS]){__VA_ARGS__})
void fx_recount(struct fixture *f);

/* The L1 entry that maps an address of the boot mapping, and where it lies. */
uint64_t fx_pte(const struct fixture *f, gva_t va);
uint64_t fx_pte_maddr(const struct fixture *f, gva_t va);
/* Set it by update_va_mapping with UVMF_INVLPG: the answer. */
int32_t fx_map(struct fixture *f, gva_t va, uint64_t pte);

/* mmu_update with one request: the answer. */
int32_t fx_mmu(struct fixture *f, uint64_t ptr, uint64_t val);
/* One command of mmuext_op, or of 2.0's mmu_update; `cmd` is a number of
 * mmuext_op up to 13. */
int32_t fx_ext(struct fixture *f, uint32_t cmd, uint32_t arg1, uint32_t arg2);

/* An entry for a frame. */
static inline uint64_t fx_entry(mfn_t mfn, uint64_t flags)
{
    return (uint64_t)mfn.mfn << RING1_PAGE_SHIFT | flags;
}

#define ck_rc(call, expected)                                                                                \
    do {                                                                                                     \
        int32_t rc_ = (call), want_ = (expected);                                                            \
        ck_assert_msg(rc_ == want_, "%s %s: %s is %d, not %d; %s", f->abi->name, f->abi->xen_name, #call,    \
                      rc_, want_, f->d->why);                                                                \
    } while (0)

/* main() of a test program. */
int fx_main(Suite *suite);

#endif
