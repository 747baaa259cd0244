/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * image.h - a guest kernel as a file: what it is packed in, its segments, and
 * what its Xen notes or its `__xen_guest` string ask for. Nothing here knows how
 * much memory there is; where things go is layout.h, putting them there boot.h.
 */
#ifndef EMU_IMAGE_H
#define EMU_IMAGE_H

#include "decompress.h"

#include <glib.h>
#include <ring1/types.h>

/* Files larger than this are refused unread. */
#define IMAGE_FILE_MAX ((size_t)512 << 20)

enum image_source {
    IMAGE_FROM_NOTES,        /* ELF notes with the owner "Xen" */
    IMAGE_FROM_GUEST_STRING, /* the section `__xen_guest` */
    IMAGE_RAW,               /* flat code: asks for nothing */
};

/* PAE as the image has it (docs/xen-abi.md 4.1). */
enum image_pae {
    IMAGE_PAE_NO = 0,
    IMAGE_PAE_YES,
    IMAGE_PAE_EXTENDED_CR3,
    IMAGE_PAE_BIMODAL, /* runs on either */
};

/* A loadable segment; `data` points into the image's own bytes. */
struct image_segment {
    uint32_t vaddr, paddr;
    uint32_t memsz, filesz;
    uint32_t flags; /* PF_R, PF_W, PF_X of elf.h */
    const uint8_t *data;
};

/* A note, or a key of `__xen_guest`, as found: for `ring1 info`. */
struct image_key {
    char *name;  /* "HYPERCALL_PAGE"; "note 99" for one without a name */
    char *value; /* text as it stands, or a number in hexadecimal */
    bool is_number;
    uint64_t number;
};

/* Bits of image.features: the numbers of xen/features.h. */
struct image_feature {
    char *name;
    bool required; /* `!` stood before it */
    int bit;       /* XENFEAT_*, or -1: unknown */
};

struct image {
    char *name; /* for messages */

    /* The file. */
    size_t file_size;
    bool gzipped;              /* the whole file was */
    bool bzimage;              /* Linux's boot format around the ELF */
    unsigned bzimage_protocol; /* 0x020C is 2.12 */
    enum compression payload;  /* of the bzImage */
    GBytes *bytes;             /* the ELF file, or the flat code */

    /* The ELF. */
    uint32_t e_entry;
    struct image_segment *segment; /* those that a builder loads, as they stand */
    unsigned nr_segments;
    GBytes *symtab; /* the BSD symbol table as it goes into memory, or NULL */

    /* What it asks for. A `has_` is false where the image says nothing. */
    enum image_source source;
    struct image_key *key;
    unsigned nr_keys;
    struct image_feature *feature;
    unsigned nr_features;
    char *guest_os, *guest_version, *loader, *xen_version; /* "" if not given */
    bool has_entry, has_hypercall_page, has_virt_base, has_paddr_offset, has_hv_start_low, has_pae;
    uint32_t entry;
    uint32_t hypercall_page; /* a VA; with __xen_guest a page number from VIRT_BASE */
    uint32_t virt_base, paddr_offset, hv_start_low;
    enum image_pae pae;
    bool bsd_symtab;       /* asked for */
    bool mod_start_pfn;    /* the initrd may stay unmapped */
    bool pt_mode_writable; /* 2.0: PT_MODE_WRITABLE */

    enum ring1_abi abi; /* see image_abi */
    char *abi_why;
};

/* An image from memory: an ELF file, whole or gzipped, or a bzImage. `name`
 * stands in messages. The bytes are copied. NULL with RING1_ERROR_IMAGE and one
 * line that names what is wrong. */
struct image *image_load(const void *bytes, size_t len, const char *name, GError **error);

/* The same from a regular file of at most IMAGE_FILE_MAX bytes. */
struct image *image_load_file(const char *path, GError **error);

/* Flat code that lies at `address` and is entered there. virt_base is the page
 * of `address`; any ABI will do, PAE is the default. */
struct image *image_raw(const void *bytes, size_t len, uint32_t address, const char *name, GError **error);
struct image *image_raw_file(const char *path, uint32_t address, GError **error);

void image_free(struct image *image);

/* A whole regular file, as image_load_file reads it: an initrd. */
GBytes *image_read_file(const char *path, GError **error);

/* The ABI that the image asks for, and the words that say so. */
enum ring1_abi image_abi(const struct image *image, const char **why);

/* "ELF", "gzip, ELF", "bzImage 2.12 (xz), ELF", "flat code"; the caller frees. */
char *image_kind(const struct image *image);

/* --- for the files of the loader alone -------------------------------------- */

/* Read notes or `__xen_guest` into `image`, and decide the ABI. `elf` is the
 * Elf of libelf over image->bytes. */
struct Elf;
bool image_parse_notes(struct image *image, struct Elf *elf, GError **error);

/* Build image->symtab where the image asks for it and has one. */
bool image_parse_symtab(struct image *image, struct Elf *elf, GError **error);

/* Set RING1_ERROR_IMAGE with "NAME: " before the text. Returns false. */
bool image_refuse(const struct image *image, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
