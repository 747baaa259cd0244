/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * abi.h - what differs between the ABIs and between the Xens that spoke them,
 * as data. One constant `struct abi` for each legal pair; code asks for a named
 * property and never for a version, unless the difference is a whole feature
 * that came or went (then: abi->xen >= RING1_XEN_3_0_4).
 */
#ifndef DISPATCH_ABI_H
#define DISPATCH_ABI_H

#include <ring1/types.h>

struct abi {
    enum ring1_abi abi;
    enum ring1_xen xen;
    const char *name;         /* "xen-3.0-pae", as --abi has it */
    const char *xen_name;     /* "4.17", as --xen has it */
    uint32_t xen_version;     /* major << 16 | minor: XENVER_version */
    const char *capabilities; /* XENVER_capabilities */
    const char *magic;        /* start_info.magic; NULL in 2.0 */

    /* Page tables: docs/xen-abi.md 5.2, 5.4 */
    unsigned levels;        /* 2 or 3 */
    unsigned pte_size;      /* bytes: 4 or 8 */
    unsigned ptes_per_page; /* 1024 or 512 */
    uint32_t hole;          /* HYPERVISOR_VIRT_START: pointers end below */
    uint32_t m2p_end;       /* m2p is [hole, m2p_end), ring 1 reads it */
    uint32_t segment_top;   /* first address beyond a flat guest segment;
                             * 0: the segment is 4 GiB */
    uint64_t l1_disallow;   /* bits refused in a present entry */
    uint64_t l2_disallow;
    uint64_t l3_disallow;
    bool l1_flags_unchecked; /* 2.0: a flags-only change of an L1 entry is
                              * not looked at (12.2) */

    /* Selectors: docs/xen-abi.md 4.3 */
    uint16_t kernel_cs, kernel_ds, user_cs, user_ds;
    unsigned first_reserved_gdt; /* entry number */
    unsigned max_gdt_entries;    /* set_gdt refuses more */

    /* Hypercalls: docs/xen-abi.md 1.3, 3.1 */
    uint32_t number_mask;      /* 31: numbers wrap; UINT32_MAX: they do not */
    unsigned multicall_result; /* word of the entry that takes the result */
    unsigned multicall_arg;    /* word of the entry with argument 0 */
    bool array_range_checked;  /* an array that leaves guest space is refused
                                * before anything runs (not in 4.17: 13, 1) */
    unsigned mmu_update_size;  /* bytes of an mmu_update entry: 8 or 16 */

    /* Frames of exceptions: docs/xen-abi.md 6.2 */
    bool frame_has_cr2;   /* #PF pushes CR2 below the error code */
    bool frame_has_mask;  /* saved upcall mask in CS[23:16], IF = !mask */
    bool pf_code_by_ring; /* bit 2 of #PF's code is made from the ring */
    bool int80_direct;    /* int 0x80 gives the CPU's raw frame */

    /* Layout of shared_info: docs/xen-abi.md 4.5 */
    unsigned max_vcpus; /* 1 in 2.0, else 32 */
    unsigned nr_virqs;
    unsigned virq_timer, virq_debug, virq_console;
    unsigned si_evtchn_pending; /* byte offsets in shared_info */
    unsigned si_evtchn_mask;
    unsigned vi_pending_sel; /* byte offset in vcpu_info */

    /* Answers that changed over the years: docs/xen-abi.md 12.2 */
    int32_t bad_mmu_cmd; /* unknown command of mmu_update */
    int32_t bad_mmuext_cmd;
    int32_t bad_foreigndom;
    int32_t bad_debugreg;
    int32_t bad_callback_type;
};

/* The constant for a pair, or NULL when that pair never existed. AUTO as ABI is
 * refused (NULL); AUTO as Xen picks the ABI's default. */
const struct abi *abi_find(enum ring1_abi abi, enum ring1_xen xen);

/* All pairs, NULL-terminated, in order of release. */
const struct abi *const *abi_all(void);

/* "xen-3.0-pae" -> RING1_ABI_XEN_3_0_PAE; "auto" -> RING1_ABI_AUTO. False for a
 * name that is neither. The same for Xen's releases ("4.17"). */
bool abi_from_name(const char *name, enum ring1_abi *abi);
bool xen_from_name(const char *name, enum ring1_xen *xen);
const char *abi_name(enum ring1_abi abi);
const char *xen_name(enum ring1_xen xen);

#endif
