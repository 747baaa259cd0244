/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * layout.c - see layout.h. Three generations of builders are told apart: that of
 * 2.0, that of 3.0.0, and libelf's, which came after it.
 */
#include "layout.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#define SLOT_4M      0x400000ull
#define SPARE_AT_END 0x80000ull /* at least 512 KiB behind the boot stack */

static const char *const PART_NAMES[LAYOUT_PARTS] = {
    [LAYOUT_KERNEL] = "kernel",
    [LAYOUT_INITRD] = "initrd",
    [LAYOUT_P2M] = "p2m list",
    [LAYOUT_START_INFO] = "start_info",
    [LAYOUT_XENSTORE] = "xenstore page",
    [LAYOUT_CONSOLE] = "console page",
    [LAYOUT_PAGE_TABLES] = "page tables",
    [LAYOUT_BOOT_STACK] = "boot stack",
};

/* What follows the initrd's place, docs/xen-abi.md 4.2. */
static const enum layout_part ORDER_2_0[] = {LAYOUT_P2M, LAYOUT_PAGE_TABLES, LAYOUT_START_INFO,
                                             LAYOUT_BOOT_STACK};
static const enum layout_part ORDER_3_0[] = {LAYOUT_P2M,     LAYOUT_START_INFO,  LAYOUT_XENSTORE,
                                             LAYOUT_CONSOLE, LAYOUT_PAGE_TABLES, LAYOUT_BOOT_STACK};

const struct layout_element *layout_find(const struct layout *layout, enum layout_part part)
{
    for (unsigned i = 0; i < layout->nr_elements; i++)
        if (layout->element[i].part == part)
            return &layout->element[i];
    return NULL;
}

/* --- where the image wants to be ------------------------------------------------ */

/* Neither 2.0 nor 3.0.0 had libelf. Notes came later than 3.0.0; an image that
 * has only notes is placed by libelf's rule there too. */
static bool has_libelf_rules(const struct abi *abi, const struct image *image)
{
    return abi->xen > RING1_XEN_3_0_0 || (abi->xen == RING1_XEN_3_0_0 && image->source == IMAGE_FROM_NOTES);
}

bool layout_segment_loads(const struct abi *abi, const struct image_segment *segment)
{
    uint32_t wanted = abi->xen <= RING1_XEN_3_0_0 ? PF_W | PF_X : PF_R | PF_W | PF_X;
    return (segment->flags & wanted) != 0 && segment->memsz > 0;
}

static uint32_t libelf_virt_base(const struct image *image)
{
    return image->has_virt_base ? image->virt_base : 0;
}

uint32_t layout_segment_va(const struct abi *abi, const struct image *image,
                           const struct image_segment *segment)
{
    if (abi->xen == RING1_XEN_2_0)
        return segment->vaddr;
    if (!has_libelf_rules(abi, image))
        return segment->paddr;
    uint32_t base = libelf_virt_base(image);
    uint32_t offset = image->has_paddr_offset             ? image->paddr_offset
                      : image->source == IMAGE_FROM_NOTES ? 0
                                                          : base;
    return segment->paddr - offset + base;
}

/* Two segments that share a byte: one of them is not what its author meant. */
static bool check_overlap(const struct abi *abi, const struct image *image, GError **error)
{
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct image_segment *a = &image->segment[i];
        uint64_t a_va = layout_segment_va(abi, image, a);
        if (!layout_segment_loads(abi, a))
            continue;
        if (a_va + a->memsz > 1ull << 32)
            return image_refuse(image, error, "segment %u: 0x%x bytes at 0x%" PRIx64 " go beyond 4 GiB", i,
                                a->memsz, a_va);
        for (unsigned j = 0; j < i; j++) {
            const struct image_segment *b = &image->segment[j];
            uint64_t b_va = layout_segment_va(abi, image, b);
            if (layout_segment_loads(abi, b) && a_va < b_va + b->memsz && b_va < a_va + a->memsz)
                return image_refuse(image, error,
                                    "segments %u and %u overlap: 0x%x bytes at 0x%" PRIx64
                                    ", 0x%x bytes at 0x%" PRIx64,
                                    j, i, b->memsz, b_va, a->memsz, a_va);
        }
    }
    return true;
}

/* Find the kernel's extent, its base and its entry; docs/xen-abi.md 4.1. */
static bool place_kernel(const struct image *image, struct layout *l, uint64_t *end, GError **error)
{
    const struct abi *abi = l->abi;
    if (!check_overlap(abi, image, error))
        return false;
    uint64_t low = UINT64_MAX, high = 0;
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct image_segment *s = &image->segment[i];
        if (!layout_segment_loads(abi, s))
            continue;
        uint64_t va = layout_segment_va(abi, image, s);
        low = MIN(low, va);
        high = MAX(high, va + s->memsz);
    }
    if (high == 0)
        return image_refuse(image, error, "no segment that Xen %s would load", abi->xen_name);

    bool libelf = has_libelf_rules(abi, image);
    if (libelf && image->has_paddr_offset && !image->has_virt_base)
        return image_refuse(image, error, "PADDR_OFFSET 0x%x is given without VIRT_BASE",
                            image->paddr_offset);
    l->virt_base = libelf ? libelf_virt_base(image) : image->has_virt_base ? image->virt_base : (uint32_t)low;
    l->entry = libelf && image->has_entry ? image->entry : image->e_entry;
    l->kernel_start = (uint32_t)low;
    if (l->virt_base % RING1_PAGE_SIZE != 0)
        return image_refuse(image, error, "%s 0x%x is no page boundary",
                            image->has_virt_base ? "VIRT_BASE" : "the lowest segment's address",
                            l->virt_base);
    if (l->virt_base > low)
        return image_refuse(image, error, "VIRT_BASE 0x%x lies above the kernel's start 0x%" PRIx64,
                            l->virt_base, low);
    if (l->entry < low || l->entry > high)
        return image_refuse(image, error,
                            "the entry point 0x%x lies outside the kernel, 0x%" PRIx64 "..0x%" PRIx64,
                            l->entry, low, high);
    if (image->symtab) {
        l->symtab = (uint32_t)((high + 3) & ~3ull);
        high = ((high + 3) & ~3ull) + g_bytes_get_size(image->symtab);
    }
    *end = high;
    return true;
}

static bool place_hypercall_page(const struct image *image, struct layout *l, GError **error)
{
    if (!image->has_hypercall_page || l->abi->xen <= RING1_XEN_3_0_0)
        return true;
    uint64_t va = image->hypercall_page;
    if (image->source == IMAGE_FROM_GUEST_STRING)
        va = l->virt_base + (va << RING1_PAGE_SHIFT);
    if (va % RING1_PAGE_SIZE != 0 || va < l->virt_base || va + RING1_PAGE_SIZE > l->virt_end)
        return image_refuse(image, error, "HYPERCALL_PAGE 0x%" PRIx64 " is no page of 0x%x..0x%x", va,
                            l->virt_base, l->virt_end);
    l->hypercall_page = (uint32_t)va;
    l->has_hypercall_page = true;
    return true;
}

/* --- does it want this ABI -------------------------------------------------------- */

static bool check_abi(const struct abi *abi, const struct image *image, GError **error)
{
    if (image->source == IMAGE_RAW)
        return true;
    bool wants_2_0 = image->abi == RING1_ABI_XEN_2_0, is_2_0 = abi->abi == RING1_ABI_XEN_2_0;
    bool is_pae = abi->abi == RING1_ABI_XEN_3_0_PAE;
    bool fits = wants_2_0 == is_2_0;
    /* Where the image says nothing about PAE, --abi has the word. */
    if (fits && !is_2_0 && image->has_pae && image->pae != IMAGE_PAE_BIMODAL)
        fits = (image->pae != IMAGE_PAE_NO) == is_pae;
    if (fits)
        return true;
    return image_refuse(image, error, "asks for %s (%s), which %s of Xen %s does not run",
                        abi_name(image->abi), image->abi_why, abi->name, abi->xen_name);
}

/* --- the domain's space ------------------------------------------------------------- */

/* Tables for [virt_base, end). A PAE top table must have its fourth slot filled,
 * whether or not anything is mapped there (docs/xen-abi.md 5.6). */
static unsigned count_tables(struct layout *l, uint64_t end)
{
    uint64_t start = l->virt_base;
    if (l->abi->levels == 2) {
        l->nr_l3 = 0;
        l->nr_l2 = 1;
        l->nr_l1 = (unsigned)(((end - 1) >> 22) - (start >> 22) + 1);
    } else {
        l->nr_l3 = 1;
        l->nr_l2 = (unsigned)(((end - 1) >> 30) - (start >> 30) + 1) + (end - 1 < 0xC0000000u);
        l->nr_l1 = (unsigned)(((end - 1) >> 21) - (start >> 21) + 1);
    }
    return l->nr_l3 + l->nr_l2 + l->nr_l1;
}

static void set_flags(struct layout *l)
{
    l->l1_flags = 0x23;       /* P, RW, A */
    l->l1_table_flags = 0x21; /* a page table: not RW */
    l->l2_flags = 0x67;       /* P, RW, US, A, D */
    /* Only a Xen that is 64-bit itself has a whole L3. */
    l->l3_flags = l->abi->xen >= RING1_XEN_4_17 ? 0x67 : 0x01;
}

static uint32_t pages_of(uint64_t bytes)
{
    return (uint32_t)((bytes + RING1_PAGE_SIZE - 1) >> RING1_PAGE_SHIFT);
}

static void add_element(struct layout *l, enum layout_part part, uint64_t *at, uint32_t pages)
{
    l->element[l->nr_elements++] = (struct layout_element){
        .part = part,
        .name = PART_NAMES[part],
        .va = (uint32_t)*at,
        .pfn = (uint32_t)((*at - l->virt_base) >> RING1_PAGE_SHIFT),
        .pages = pages,
        .mapped = true,
    };
    *at += (uint64_t)pages << RING1_PAGE_SHIFT;
}

/* Lay out everything behind the kernel's end; the number of tables depends on the
 * end of the region, and the end on the number of tables. Returns the end. */
static uint64_t place_parts(struct layout *l, uint64_t kernel_end, bool initrd_mapped)
{
    bool is_2_0 = l->abi->abi == RING1_ABI_XEN_2_0;
    const enum layout_part *order = is_2_0 ? ORDER_2_0 : ORDER_3_0;
    unsigned nr = is_2_0 ? G_N_ELEMENTS(ORDER_2_0) : G_N_ELEMENTS(ORDER_3_0);
    for (uint64_t end = kernel_end;;) {
        end = (end + SLOT_4M - 1) & ~(SLOT_4M - 1);
        unsigned tables = count_tables(l, end);
        uint64_t at = l->virt_base;
        l->nr_elements = 0;
        add_element(l, LAYOUT_KERNEL, &at, pages_of(kernel_end - l->virt_base));
        if (initrd_mapped)
            add_element(l, LAYOUT_INITRD, &at, pages_of(l->initrd_len));
        for (unsigned i = 0; i < nr; i++)
            add_element(l, order[i], &at,
                        order[i] == LAYOUT_P2M           ? pages_of(4ull * l->nr_pages)
                        : order[i] == LAYOUT_PAGE_TABLES ? tables
                                                         : 1);
        if (at + SPARE_AT_END <= end)
            return end;
        end = at + SPARE_AT_END;
    }
}

static bool check_fit(const struct image *image, struct layout *l, uint64_t end, uint64_t initrd_behind,
                      GError **error)
{
    uint64_t pages = ((end - l->virt_base) >> RING1_PAGE_SHIFT) + initrd_behind;
    if (end > l->abi->hole)
        return image_refuse(image, error,
                            "kernel%s and what the builder adds take 0x%x..0x%" PRIx64
                            ", into the hypervisor's hole at 0x%x",
                            l->initrd_len ? ", initrd" : "", l->virt_base, end, l->abi->hole);
    if (pages > l->nr_pages)
        return image_refuse(image, error,
                            "kernel%s and what the builder adds need %" PRIu64 " KiB of memory; it is %u KiB",
                            l->initrd_len ? ", initrd" : "", pages * 4, l->nr_pages * 4);
    l->virt_end = (uint32_t)end;
    return true;
}

bool layout_compute(const struct abi *abi, const struct image *image, uint32_t nr_pages, uint64_t initrd_len,
                    struct layout *out, GError **error)
{
    struct layout *l = out;
    *l = (struct layout){.abi = abi, .nr_pages = nr_pages, .initrd_len = initrd_len};
    if (nr_pages == 0 || nr_pages > 1u << 20)
        return image_refuse(image, error, "memory of %u pages: 1 to 1048576 are possible", nr_pages);
    if (pages_of(MIN(initrd_len, UINT32_MAX + 1ull)) > nr_pages || initrd_len > UINT32_MAX)
        return image_refuse(image, error, "an initrd of %" PRIu64 " KiB does not fit into %u KiB of memory",
                            initrd_len >> 10, nr_pages * 4);
    uint64_t kernel_end = 0;
    if (!check_abi(abi, image, error) || !place_kernel(image, l, &kernel_end, error))
        return false;

    bool behind = initrd_len > 0 && image->mod_start_pfn && abi->xen >= RING1_XEN_4_17;
    uint64_t end = place_parts(l, kernel_end, initrd_len > 0 && !behind);
    if (!check_fit(image, l, end, behind ? pages_of(initrd_len) : 0, error))
        return false;
    l->kernel_end = (uint32_t)kernel_end;
    if (behind)
        l->element[l->nr_elements++] = (struct layout_element){
            .part = LAYOUT_INITRD,
            .name = PART_NAMES[LAYOUT_INITRD],
            .pfn = (l->virt_end - l->virt_base) >> RING1_PAGE_SHIFT,
            .pages = pages_of(initrd_len),
        };
    set_flags(l);
    return place_hypercall_page(image, l, error);
}
