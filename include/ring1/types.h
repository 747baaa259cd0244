/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/types.h - the words of the field as C types: addresses and frame
 * numbers that cannot be mixed up, the ABIs and the Xen releases whose answers
 * are given.
 */
#ifndef RING1_TYPES_H
#define RING1_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A guest virtual (linear) address. */
typedef struct {
    uint32_t va;
} gva_t;

/* A machine frame number: what page-table entries, CR3 and start_info hold. */
typedef struct {
    uint32_t mfn;
} mfn_t;

/* A pseudo-physical frame number: the guest's own numbering, 0..nr_pages-1. */
typedef struct {
    uint32_t pfn;
} pfn_t;

/* A machine address in bytes. */
typedef struct {
    uint64_t maddr;
} maddr_t;

#define GVA(x)   ((gva_t){(x)})
#define MFN(x)   ((mfn_t){(x)})
#define PFN(x)   ((pfn_t){(x)})
#define MADDR(x) ((maddr_t){(x)})

#define RING1_PAGE_SHIFT 12
#define RING1_PAGE_SIZE  4096u

/* The three binary interfaces of 32-bit PV guests (docs/xen-abi.md, the table
 * that opens it). */
enum ring1_abi {
    RING1_ABI_AUTO = 0,    /* what the image asks for */
    RING1_ABI_XEN_2_0,     /* 2 levels, 4-byte entries, control interface */
    RING1_ABI_XEN_3_0,     /* 2 levels, 4-byte entries, xenstore */
    RING1_ABI_XEN_3_0_PAE, /* 3 levels, 8-byte entries, xenstore */
};

/* The hypervisor whose answers are given; in order of release. */
enum ring1_xen {
    RING1_XEN_AUTO = 0, /* 2.0 for xen-2.0, 3.2 for xen-3.0, 4.17 for PAE */
    RING1_XEN_2_0,
    RING1_XEN_3_0_0,
    RING1_XEN_3_0_4,
    RING1_XEN_3_2,
    RING1_XEN_4_17,
};

/* Who numbers the machine frames of a domain's memory, and how. */
enum ring1_mfn_mode {
    RING1_MFN_SHUFFLE = 0, /* a permutation drawn from a seed */
    RING1_MFN_OFFSET,      /* mfn = pfn + a constant */
    RING1_MFN_IDENTITY,    /* mfn = pfn: hides guest bugs */
    RING1_MFN_SPARSE,      /* drawn from a seed, among 768 MiB of free frames */
};

/* The clock a guest sees. */
enum ring1_time_mode {
    RING1_TIME_VIRTUAL = 0, /* counts what the guest executes: repeatable */
    RING1_TIME_REAL,        /* follows the host's monotonic clock */
};

/* When long hypercalls stop half-way and are called again for the rest. A guest
 * sees its argument registers and multicall entries advance, no more. */
enum ring1_preempt {
    RING1_PREEMPT_NORMAL = 0, /* for events, and after much work */
    RING1_PREEMPT_EVERY,      /* at each step: for tests */
    RING1_PREEMPT_RANDOM,     /* at steps that a seed picks: for tests */
};

#ifdef __cplusplus
}
#endif

#endif
