/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * image_symtab.c - the symbol table that BSD kernels want behind their bss
 * (BSD_SYMTAB, docs/xen-abi.md 4.1): a length word, an ELF header with three
 * section headers, then the tables, all in the shape that Xen's loader gives it.
 */
#include "image.h"

#include <gelf.h>
#include <string.h>

/* What lies before the tables: the length of all that follows, and headers. */
struct symtab_head {
    uint32_t size;
    Elf32_Ehdr header;
    Elf32_Shdr section[3]; /* none, symbols, names */
};
G_STATIC_ASSERT(sizeof(struct symtab_head) == 4 + 52 + 3 * 40);

static uint32_t round_up_4(uint64_t value)
{
    return (uint32_t)((value + 3) & ~3ull);
}

static bool inside(const struct image *image, const GElf_Shdr *sh)
{
    size_t len = g_bytes_get_size(image->bytes);
    return sh->sh_offset <= len && sh->sh_size <= len - sh->sh_offset;
}

/* Find the one symbol table with its names. False: there is none. */
static bool find_symbols(Elf *elf, GElf_Shdr *symbols, GElf_Shdr *names)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        if (!gelf_getshdr(scn, symbols) || symbols->sh_type != SHT_SYMTAB)
            continue;
        Elf_Scn *linked = symbols->sh_link ? elf_getscn(elf, symbols->sh_link) : NULL;
        return linked && gelf_getshdr(linked, names) && names->sh_type == SHT_STRTAB;
    }
    return false;
}

static Elf32_Shdr section_at(const GElf_Shdr *sh, uint32_t offset, uint32_t link)
{
    return (Elf32_Shdr){
        .sh_name = sh->sh_name,
        .sh_type = sh->sh_type,
        .sh_flags = (Elf32_Word)sh->sh_flags,
        .sh_addr = (Elf32_Addr)sh->sh_addr,
        .sh_offset = offset,
        .sh_size = (Elf32_Word)sh->sh_size,
        .sh_link = link,
        .sh_info = sh->sh_info,
        .sh_addralign = (Elf32_Word)sh->sh_addralign,
        .sh_entsize = (Elf32_Word)sh->sh_entsize,
    };
}

bool image_parse_symtab(struct image *image, Elf *elf, GError **error)
{
    GElf_Shdr symbols, names;
    if (!image->bsd_symtab || !find_symbols(elf, &symbols, &names))
        return true; /* Xen goes on without, too */
    if (!inside(image, &symbols) || !inside(image, &names))
        return image_refuse(image, error, "BSD_SYMTAB: the symbol table lies beyond the file's %zu bytes",
                            g_bytes_get_size(image->bytes));

    const uint8_t *bytes = g_bytes_get_data(image->bytes, NULL);
    uint32_t symbols_at = round_up_4(sizeof(struct symtab_head));
    uint32_t names_at = round_up_4(symbols_at + symbols.sh_size);
    uint32_t size = round_up_4(names_at + names.sh_size);
    struct symtab_head head = {.size = size - 4};
    memcpy(&head.header, bytes, sizeof(head.header));
    head.header.e_ehsize = sizeof(Elf32_Ehdr);
    head.header.e_shoff = offsetof(struct symtab_head, section) - offsetof(struct symtab_head, header);
    head.header.e_shentsize = sizeof(Elf32_Shdr);
    head.header.e_shnum = 3;
    head.header.e_shstrndx = 0;
    head.header.e_version = EV_CURRENT;
    head.header.e_phoff = 0;
    head.header.e_phentsize = 0;
    head.header.e_phnum = 0;
    /* Offsets count from the ELF header, which lies behind the length word. */
    head.section[1] = section_at(&symbols, symbols_at - 4, 2);
    head.section[2] = section_at(&names, names_at - 4, 0);

    uint8_t *table = g_malloc0(size);
    memcpy(table, &head, sizeof(head));
    memcpy(table + symbols_at, bytes + symbols.sh_offset, symbols.sh_size);
    memcpy(table + names_at, bytes + names.sh_offset, names.sh_size);
    image->symtab = g_bytes_new_take(table, size);
    return true;
}
