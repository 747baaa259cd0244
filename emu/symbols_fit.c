/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols_fit.c - whether a file of symbols is of the image that runs: names of another build
 * would be believed, and wrong. Where both have a build-id that decides; else the hypercall
 * page's address, and the code itself. A file that speaks of other addresses than
 * the image (a program of the guest's) has nothing to fit.
 */
#include "symbols_priv.h"

#include "image.h"

#include <elfutils/libdwelf.h>
#include <ring1/ring1.h>
#include <string.h>

static bool unfit(const char *name, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool unfit(const char *name, GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: is not of this image: %s", name, text);
    return false;
}

static const struct image_segment *segment_at(const struct image *image, uint32_t va)
{
    for (unsigned i = 0; i < image->nr_segments; i++)
        if (va - image->segment[i].vaddr < image->segment[i].memsz)
            return &image->segment[i];
    return NULL;
}

static char *hex(const uint8_t *bytes, size_t len)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < MIN(len, 32u); i++)
        g_string_append_printf(out, "%02x", bytes[i]);
    return g_string_free(out, FALSE);
}

static GBytes *build_id(Elf *elf)
{
    const void *id;
    ssize_t len = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
    return len > 0 ? g_bytes_new(id, (size_t)len) : NULL;
}

/* 1: the same; 0: others; -1: one of them has none. */
static int compare_ids(const struct symbols *s, const struct symbol_file *f, char **here, char **there)
{
    const struct symbol_file *image = g_ptr_array_index(s->files, 0);
    g_autoptr(GBytes) a = build_id(image->elf), b = build_id(f->elf);
    if (!a || !b)
        return -1;
    size_t len;
    const uint8_t *bytes = g_bytes_get_data(a, &len);
    *here = hex(bytes, len);
    bytes = g_bytes_get_data(b, &len);
    *there = hex(bytes, len);
    return g_bytes_equal(a, b);
}

/* --- the code -------------------------------------------------------------------- */

struct pages {
    unsigned equal, compared;
};

static void compare_page(const struct image *image, uint32_t va, const uint8_t *bytes, uint32_t len,
                         struct pages *p)
{
    const struct image_segment *seg = segment_at(image, va);
    if (!seg || va - seg->vaddr >= seg->filesz)
        return;
    uint32_t room = seg->filesz - (va - seg->vaddr);
    p->compared++;
    p->equal += memcmp(seg->data + (va - seg->vaddr), bytes, MIN(len, room)) == 0;
}

/* Sections of instructions that the file has with their bytes (one of debugging data alone has not),
 * in pieces of a page. */
static struct pages compare_code(const struct symbol_file *f, const struct image *image)
{
    struct pages p = {0};
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f->elf, scn)) != NULL;) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_PROGBITS || !(sh.sh_flags & SHF_EXECINSTR) ||
            !(sh.sh_flags & SHF_ALLOC) || (sh.sh_flags & SHF_COMPRESSED))
            continue;
        Elf_Data *data = elf_rawdata(scn, NULL);
        for (size_t at = 0; data && data->d_buf && at < data->d_size; at += RING1_PAGE_SIZE)
            compare_page(image, (uint32_t)(sh.sh_addr + at) + f->offset, (const uint8_t *)data->d_buf + at,
                         (uint32_t)MIN(RING1_PAGE_SIZE, data->d_size - at), &p);
    }
    return p;
}

/* --- all of it ------------------------------------------------------------------- */

/* Symbols of the file that lie in the image, and the first of a name. */
static guint count_inside(const struct symbols *s, guint first, const struct image *image)
{
    guint n = 0;
    for (guint i = first; i < s->symbols->len; i++)
        n += segment_at(image, g_array_index(s->symbols, struct symbol, i).start) != NULL;
    return n;
}

static const struct symbol *named(const struct symbols *s, guint first, const char *name)
{
    for (guint i = first; i < s->symbols->len; i++) {
        const struct symbol *sym = &g_array_index(s->symbols, struct symbol, i);
        if (sym->name && strcmp(sym->name, name) == 0)
            return sym;
    }
    return NULL;
}

static bool check_hypercall_page(const struct symbols *s, guint first, const struct image *image,
                                 const char *name, GError **error)
{
    const struct symbol *sym = named(s, first, "hypercall_page");
    if (!sym || !image->has_hypercall_page || image->source != IMAGE_FROM_NOTES ||
        sym->start == image->hypercall_page)
        return true;
    return unfit(name, error, "hypercall_page is at 0x%08x there, and at 0x%08x in the image", sym->start,
                 image->hypercall_page);
}

bool symbols_fit(const struct symbols *s, const struct symbol_file *f, guint first, const struct image *image,
                 const char *name, GError **error)
{
    g_autofree char *here = NULL, *there = NULL;
    if (!image || image->nr_segments == 0)
        return true;
    if (count_inside(s, first, image) == 0) {
        if (f->elf)
            return true;
        return unfit(name, error, "none of its %u names is in the image's memory, which begins at 0x%08x",
                     s->symbols->len - first, image->segment[0].vaddr);
    }
    int same = f->elf ? compare_ids(s, f, &here, &there) : -1;
    if (same >= 0)
        return same > 0 || unfit(name, error, "its build-id is %s, the image's %s", there, here);
    struct pages p = f->elf ? compare_code(f, image) : (struct pages){0};
    if (p.equal * 2 < p.compared)
        return unfit(name, error, "of %u pages of code %u are others", p.compared, p.compared - p.equal);
    return check_hypercall_page(s, first, image, name, error);
}
