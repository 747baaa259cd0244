/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * describe.c - see describe.h.
 */
#include "describe.h"

#include "members.h"

#include <elf.h>

static const char *const SOURCE_NAMES[] = {
    [IMAGE_FROM_NOTES] = "ELF notes",
    [IMAGE_FROM_GUEST_STRING] = "__xen_guest",
    [IMAGE_RAW] = "none",
};

static const char *const PAE_NAMES[] = {
    [IMAGE_PAE_NO] = "no",
    [IMAGE_PAE_YES] = "yes",
    [IMAGE_PAE_EXTENDED_CR3] = "extended-cr3",
    [IMAGE_PAE_BIMODAL] = "bimodal",
};

static void segment_flags(const struct image_segment *s, char out[4])
{
    out[0] = s->flags & PF_R ? 'r' : '-';
    out[1] = s->flags & PF_W ? 'w' : '-';
    out[2] = s->flags & PF_X ? 'x' : '-';
    out[3] = 0;
}

static uint32_t entry_of(const struct image *image)
{
    return image->has_entry ? image->entry : image->e_entry;
}

/* The VA of the hypercall page; the string gives a page number from VIRT_BASE. */
static uint32_t hypercall_page_of(const struct image *image)
{
    if (image->source != IMAGE_FROM_GUEST_STRING)
        return image->hypercall_page;
    return (image->has_virt_base ? image->virt_base : 0) + (image->hypercall_page << RING1_PAGE_SHIFT);
}

/* --- JSON --------------------------------------------------------------------------- */

static void json_keys(JsonBuilder *b, const struct image *image)
{
    member_array(b, "keys");
    for (unsigned i = 0; i < image->nr_keys; i++) {
        json_builder_begin_object(b);
        member_string(b, "name", image->key[i].name);
        member_string(b, "value", image->key[i].value);
        /* JSON readers know 53 bits for sure; `value` has all of them. */
        member_int_or_null(b, "number", image->key[i].is_number && image->key[i].number <= G_MAXINT64,
                           image->key[i].number);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    member_array(b, "features");
    for (unsigned i = 0; i < image->nr_features; i++) {
        json_builder_begin_object(b);
        member_string(b, "name", image->feature[i].name);
        member_bool(b, "required", image->feature[i].required);
        member_int_or_null(b, "bit", image->feature[i].bit >= 0, (uint64_t)image->feature[i].bit);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void json_segments(JsonBuilder *b, const struct image *image)
{
    member_array(b, "segments");
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct image_segment *s = &image->segment[i];
        char flags[4];
        segment_flags(s, flags);
        json_builder_begin_object(b);
        member_int(b, "vaddr", s->vaddr);
        member_int(b, "paddr", s->paddr);
        member_int(b, "file_bytes", s->filesz);
        member_int(b, "memory_bytes", s->memsz);
        member_string(b, "flags", flags);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
}

static void json_layout(JsonBuilder *b, const struct layout *l)
{
    json_builder_set_member_name(b, "layout");
    if (!l) {
        json_builder_add_null_value(b);
        return;
    }
    json_builder_begin_object(b);
    member_string(b, "abi", l->abi->name);
    member_string(b, "xen", l->abi->xen_name);
    member_int(b, "pages", l->nr_pages);
    member_int(b, "virt_base", l->virt_base);
    member_int(b, "virt_end", l->virt_end);
    member_int(b, "entry", l->entry);
    member_int(b, "kernel_start", l->kernel_start);
    member_int(b, "kernel_end", l->kernel_end);
    member_int_or_null(b, "symtab", l->symtab != 0, l->symtab);
    member_int_or_null(b, "hypercall_page", l->has_hypercall_page, l->hypercall_page);
    member_int(b, "l3_tables", l->nr_l3);
    member_int(b, "l2_tables", l->nr_l2);
    member_int(b, "l1_tables", l->nr_l1);
    member_array(b, "elements");
    for (unsigned i = 0; i < l->nr_elements; i++) {
        const struct layout_element *e = &l->element[i];
        json_builder_begin_object(b);
        member_string(b, "name", e->name);
        member_int_or_null(b, "va", e->mapped, e->va);
        member_int(b, "pfn", e->pfn);
        member_int(b, "pages", e->pages);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
}

static char *describe_json(const struct image *image, const struct layout *layout)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    g_autofree char *kind = image_kind(image);
    json_builder_begin_object(b);
    member_string(b, "file", image->name);
    member_int(b, "file_bytes", image->file_size);
    member_string(b, "kind", kind);
    member_string(b, "class", image->source == IMAGE_RAW ? "flat" : "ELF32");
    member_bool(b, "gzip", image->gzipped);
    member_bool(b, "bzimage", image->bzimage);
    member_string(b, "payload", compression_name(image->payload));
    member_string(b, "abi", abi_name(image->abi));
    member_string(b, "abi_why", image->abi_why);
    member_string(b, "source", SOURCE_NAMES[image->source]);
    member_string(b, "pae", PAE_NAMES[image->pae]);
    member_int(b, "entry", entry_of(image));
    member_int_or_null(b, "virt_base", image->has_virt_base, image->virt_base);
    member_int_or_null(b, "hypercall_page", image->has_hypercall_page, hypercall_page_of(image));
    member_int_or_null(b, "symtab_bytes", image->symtab, image->symtab ? g_bytes_get_size(image->symtab) : 0);
    json_keys(b, image);
    json_segments(b, image);
    json_layout(b, layout);
    json_builder_end_object(b);
    return members_text(b, true);
}

/* --- text --------------------------------------------------------------------------- */

static void text_asked(GString *out, const struct image *image)
{
    if (image->nr_keys)
        g_string_append_printf(out, "\n%s\n",
                               image->source == IMAGE_FROM_NOTES ? "Xen notes" : "__xen_guest");
    for (unsigned i = 0; i < image->nr_keys; i++)
        g_string_append_printf(out, "  %-20s %s\n", image->key[i].name, image->key[i].value);
    if (image->nr_features)
        g_string_append(out, "\nfeatures\n");
    for (unsigned i = 0; i < image->nr_features; i++)
        g_string_append_printf(out, "  %s%s%s\n", image->feature[i].name,
                               image->feature[i].required ? ", required" : "",
                               image->feature[i].bit < 0 ? ", unknown" : "");
}

static void text_segments(GString *out, const struct image *image)
{
    g_string_append(out, "\nsegments   vaddr      paddr      file       memory     flags\n");
    for (unsigned i = 0; i < image->nr_segments; i++) {
        const struct image_segment *s = &image->segment[i];
        char flags[4];
        segment_flags(s, flags);
        g_string_append_printf(out, "  %-8u 0x%08x 0x%08x 0x%08x 0x%08x %s\n", i, s->vaddr, s->paddr,
                               s->filesz, s->memsz, flags);
    }
}

static void text_layout(GString *out, const struct layout *l)
{
    g_string_append_printf(out, "\nlayout by Xen %s for %s, %u pages of memory (%u MiB)\n", l->abi->xen_name,
                           l->abi->name, l->nr_pages, l->nr_pages >> 8);
    for (unsigned i = 0; i < l->nr_elements; i++) {
        const struct layout_element *e = &l->element[i];
        if (e->mapped)
            g_string_append_printf(out, "  0x%08x  %-14s %6u page%s\n", e->va, e->name, e->pages,
                                   e->pages == 1 ? "" : "s");
        else
            g_string_append_printf(out, "  not mapped  %-14s %6u pages, from pfn 0x%x\n", e->name, e->pages,
                                   e->pfn);
    }
    g_string_append_printf(out, "  0x%08x  end of what is mapped\n", l->virt_end);
    g_string_append(out, "  page tables:");
    if (l->nr_l3)
        g_string_append_printf(out, " %u L3,", l->nr_l3);
    g_string_append_printf(out, " %u L2, %u L1\n", l->nr_l2, l->nr_l1);
}

static char *describe_text(const struct image *image, const struct layout *layout)
{
    GString *out = g_string_new(NULL);
    g_autofree char *kind = image_kind(image);
    g_string_append_printf(out, "%s: %s, %zu bytes\n", image->name, kind, image->file_size);
    g_string_append_printf(out, "ABI             %s: %s\n", abi_name(image->abi), image->abi_why);
    g_string_append_printf(out, "entry           0x%08x\n", entry_of(image));
    if (image->has_hypercall_page)
        g_string_append_printf(out, "hypercall page  0x%08x\n", hypercall_page_of(image));
    else
        g_string_append(out, "hypercall page  none: int 0x82 in the guest's own code\n");
    if (image->symtab)
        g_string_append_printf(out, "symbol table    %zu bytes behind the kernel\n",
                               g_bytes_get_size(image->symtab));
    text_asked(out, image);
    text_segments(out, image);
    if (layout)
        text_layout(out, layout);
    return g_string_free(out, FALSE);
}

char *image_describe(const struct image *image, const struct layout *layout, bool json)
{
    return json ? describe_json(image, layout) : describe_text(image, layout);
}
