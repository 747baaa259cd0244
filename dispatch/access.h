/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * access.h - the one page-table walker of the program and the one way to guest
 * memory.
 *
 * The walker reads the guest's tables as they stand in machine memory and sets
 * A and D bits as the CPU does. Hypercall arguments go through guest_read and
 * guest_write alone: the range must lie below the hole, each page is walked
 * with the rights of ring 0 (CR0.WP set), and a failure is -EFAULT.
 */
#ifndef DISPATCH_ACCESS_H
#define DISPATCH_ACCESS_H

#include "domain.h"

#include <string.h>

enum access {
    ACCESS_READ = 0,
    ACCESS_WRITE = 1,
    ACCESS_FETCH = 2,
};

/* Error code bits of #PF. */
#define PF_PRESENT  0x01u
#define PF_WRITE    0x02u
#define PF_USER     0x04u
#define PF_RESERVED 0x08u
#define PF_FETCH    0x10u

/* Bits of a page-table entry. */
#define PTE_P     0x001u
#define PTE_RW    0x002u
#define PTE_US    0x004u
#define PTE_PWT   0x008u
#define PTE_PCD   0x010u
#define PTE_A     0x020u
#define PTE_D     0x040u
#define PTE_PSE   0x080u
#define PTE_G     0x100u
#define PTE_AVAIL 0xE00u
#define PTE_NX    (1ull << 63)

enum walk_result {
    WALK_OK = 0,
    WALK_FAULT,   /* page fault; `error` is its code as the CPU makes it */
    WALK_SEGMENT, /* beyond the flat segment's end: #GP or #SS, not #PF */
};

struct walk {
    mfn_t mfn;       /* frame behind the page */
    bool writable;   /* a write is allowed by every level (WP set) */
    bool user;       /* ring 3 may touch it */
    bool executable; /* no NX on the way */
    bool dirty;      /* D is set in the entry (true for hidden frames) */
    uint32_t error;  /* with WALK_FAULT */
    unsigned level;  /* level of the entry that refused: 3, 2, 1; 0: hole */
    maddr_t entry;   /* where the last entry looked at lives */
    uint64_t value;  /* and its value */
};

/* Walk `va` in the tables that hang from v->cr3. `ring3` says whose rights
 * count. With `set_bits` A (and D for a write) are set on success, as the CPU's
 * own walk would. */
enum walk_result guest_walk(struct vcpu *v, gva_t va, enum access access, bool ring3, bool set_bits,
                            struct walk *out);

/* The same below the hole, as the tables stand: without translations that live on (stale.h). */
enum walk_result guest_walk_tables(struct vcpu *v, gva_t va, enum access access, bool ring3,
                                   struct walk *out);

/* [va, va + len) lies below the hypervisor's hole and does not wrap. */
bool guest_range_ok(const struct domain *d, gva_t va, uint64_t len);

/* Copy between guest and host; any alignment, pages in any order of frames.
 * 0, or -EFAULT: then the bytes of the pages before the bad one were copied,
 * as Xen's copy_from_user and copy_to_user leave it. */
int32_t guest_read(struct vcpu *v, gva_t va, void *dst, uint32_t len);
int32_t guest_write(struct vcpu *v, gva_t va, const void *src, uint32_t len);

/* The same, and nobody can tell that it was read: for who looks on from outside. */
int32_t guest_peek(struct vcpu *v, gva_t va, void *dst, uint32_t len);

/* Element `index` of an array of `size`-byte elements at `array`: overflow and
 * range are checked per element. */
int32_t guest_read_index(struct vcpu *v, gva_t array, uint32_t index, void *dst, uint32_t size);
int32_t guest_write_index(struct vcpu *v, gva_t array, uint32_t index, const void *src, uint32_t size);

/* Entries of page tables in machine memory, 4 or 8 bytes as the ABI has them;
 * `index` below abi->ptes_per_page. pte_write marks the frame changed and, when
 * the old value was present and may be in the TLB, has it flushed. */
static inline uint64_t pte_read(const struct domain *d, mfn_t table, unsigned index)
{
    const uint8_t *page = frame_ptr(d->mem, table);
    if (d->abi->pte_size == 4) {
        uint32_t v;
        memcpy(&v, page + index * 4u, 4);
        return v;
    }
    uint64_t v;
    memcpy(&v, page + index * 8u, 8);
    return v;
}
void pte_write(struct domain *d, mfn_t table, unsigned index, uint64_t value);

/* Frame number in an entry; one that needs more than 32 bits becomes the highest,
 * which never exists. */
static inline mfn_t pte_mfn(uint64_t pte)
{
    uint64_t frame = (pte & 0x000FFFFFFFFFF000ull) >> RING1_PAGE_SHIFT;
    return MFN(frame > UINT32_MAX ? UINT32_MAX : (uint32_t)frame);
}

/* Index of va in the table of `level`. */
static inline unsigned pt_index_of(unsigned levels, gva_t va, unsigned level)
{
    if (levels == 2)
        return level == 2 ? va.va >> 22 : (va.va >> 12) & 1023u;
    return level == 3 ? va.va >> 30 : level == 2 ? (va.va >> 21) & 511u : (va.va >> 12) & 511u;
}
static inline unsigned pt_index(const struct abi *abi, gva_t va, unsigned level)
{
    return pt_index_of(abi->levels, va, level);
}

/* Where hidden things lie in the hole, for the CPU alone: none of it is in the
 * guest's tables. GDT and LDT images (64 KiB each), stubs, and the window
 * through which a frame's code is forgotten. */
#define HIDDEN_GDT    0xFFF00000u
#define HIDDEN_LDT    0xFFF10000u
#define HIDDEN_STUB   0xFFF20000u
#define HIDDEN_WINDOW 0xFFF30000u
#define HIDDEN_END    0xFFF40000u

/* GDT and LDT images of vcpu n lie lower than those of vcpu 0, so that vcpus of one
 * address space need no flush between them. */
#define HIDDEN_IMAGES    0x20000u
#define HIDDEN_GDT_OF(n) (HIDDEN_GDT - (n)*HIDDEN_IMAGES)
#define HIDDEN_LDT_OF(n) (HIDDEN_LDT - (n)*HIDDEN_IMAGES)

#endif
