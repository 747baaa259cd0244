/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * layout.h - where a domain builder puts things in a new domain's virtual and
 * pseudo-physical space, as data: computed before anything is written, and shown
 * by `ring1 info`. docs/xen-abi.md 4.1 and 4.2.
 */
#ifndef EMU_LAYOUT_H
#define EMU_LAYOUT_H

#include "image.h"

#include <dispatch/abi.h>

enum layout_part {
    LAYOUT_KERNEL, /* from virt_base to the end of bss or symbol table */
    LAYOUT_INITRD,
    LAYOUT_P2M,
    LAYOUT_START_INFO,
    LAYOUT_XENSTORE,
    LAYOUT_CONSOLE,
    LAYOUT_PAGE_TABLES,
    LAYOUT_BOOT_STACK,
    LAYOUT_PARTS,
};

struct layout_element {
    enum layout_part part;
    const char *name;
    uint32_t va; /* 0 and `mapped` false: an initrd that is not mapped */
    uint32_t pfn;
    uint32_t pages;
    bool mapped;
};

struct layout {
    const struct abi *abi;
    uint32_t nr_pages;

    /* [virt_base, virt_end) is mapped; pfn p lies at virt_base + p * 4096. */
    uint32_t virt_base, virt_end;
    uint32_t entry;
    uint32_t kernel_start, kernel_end; /* kernel_end behind the symbol table */
    uint32_t symtab;                   /* VA, 0: none */
    uint32_t hypercall_page;           /* VA */
    bool has_hypercall_page;           /* asked for, and this Xen has them */

    /* In order of placement. */
    struct layout_element element[LAYOUT_PARTS];
    unsigned nr_elements;
    uint64_t initrd_len;

    /* Page tables in the order of their pages: top level first. `nr_l3` and, with
     * 4-byte entries, `nr_l2` are 1 or 0. */
    unsigned nr_l3, nr_l2, nr_l1;
    uint64_t l1_flags, l1_table_flags, l2_flags, l3_flags;
};

/* The element of a part, or NULL. */
const struct layout_element *layout_find(const struct layout *layout, enum layout_part part);

/* VA at which a segment of the image lands, and whether this builder loads it. */
uint32_t layout_segment_va(const struct abi *abi, const struct image *image,
                           const struct image_segment *segment);
bool layout_segment_loads(const struct abi *abi, const struct image_segment *segment);

/* Compute the layout for `nr_pages` of memory and an initrd of `initrd_len`
 * bytes as it lies in memory (0: none). RING1_ERROR_IMAGE when the image asks for
 * another ABI, contradicts itself, or does not fit. */
bool layout_compute(const struct abi *abi, const struct image *image, uint32_t nr_pages, uint64_t initrd_len,
                    struct layout *out, GError **error);

#endif
