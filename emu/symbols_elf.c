/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols_elf.c - names from an ELF file: its symbol table; where there is none, DWARF's
 * functions; and the bounds of functions from .eh_frame.
 */
#include "symbols_priv.h"

#include <string.h>

static bool is_range(uint64_t start, uint64_t size)
{
    return start <= UINT32_MAX && size <= UINT32_MAX - start;
}

Elf *symbols_open_elf(GBytes *bytes)
{
    size_t len;
    /* elf_memory takes char *, and reads. */
    char *data = (char *)g_bytes_get_data(bytes, &len);
    elf_version(EV_CURRENT);
    Elf *elf = len > 0 ? elf_memory(data, len) : NULL;
    if (elf && elf_kind(elf) != ELF_K_ELF)
        g_clear_pointer(&elf, elf_end);
    return elf;
}

/* Functions before labels, global names before local ones. */
static uint8_t rank_of(const GElf_Sym *sym)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    return (uint8_t)((type == STT_FUNC     ? RANK_FUNCTION
                      : type == STT_OBJECT ? RANK_OBJECT
                                           : 0) +
                     (sym->st_size ? RANK_SIZED : 0) +
                     (GELF_ST_BIND(sym->st_info) != STB_LOCAL ? RANK_GLOBAL : 0));
}

static void add_symbol(struct symbols *s, const struct symbol_file *f, const GElf_Sym *sym, const char *name)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    if ((type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE) || sym->st_shndx == SHN_UNDEF ||
        sym->st_shndx == SHN_ABS || !is_range(sym->st_value, sym->st_size))
        return;
    if (!name || !name[0] || g_str_has_prefix(name, ".L"))
        return;
    struct symbol out = {
        .start = (uint32_t)sym->st_value + f->offset,
        .end = (uint32_t)(sym->st_value + sym->st_size) + f->offset,
        .rank = (uint8_t)(rank_of(sym) + f->rank),
        .name = name,
    };
    symbols_append(s, &out);
}

static void read_table(struct symbols *s, const struct symbol_file *f, Elf_Scn *scn, const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || !data->d_buf || sh->sh_entsize == 0)
        return;
    size_t n = MIN(data->d_size / sh->sh_entsize, SYMBOLS_MAX);
    for (size_t i = 1; i < n; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym))
            add_symbol(s, f, &sym, elf_strptr(f->elf, sh->sh_link, sym.st_name));
    }
}

/* Functions of a stripped file: .eh_frame has an entry for each, with the address
 * relative to the entry (what compilers make) or as it is. */
static void read_eh_frame(struct symbols *s, const struct symbol_file *f, Elf_Scn *scn, const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || !data->d_buf || !is_range(sh->sh_addr, data->d_size))
        return;
    const uint8_t *bytes = data->d_buf;
    Dwarf_Off next = 0, at = 0;
    const unsigned char *ident = (const unsigned char *)elf_getident(f->elf, NULL);
    Dwarf_CFI_Entry entry;
    int encoding = -1;
    while (ident && s->symbols->len < SYMBOLS_MAX &&
           (at = next, dwarf_next_cfi(ident, data, true, at, &next, &entry) == 0) && next > at) {
        if (dwarf_cfi_cie_p(&entry)) {
            /* "zR": one byte of encoding is all there is. */
            encoding = strcmp(entry.cie.augmentation, "zR") == 0 && entry.cie.augmentation_data_size >= 1
                           ? entry.cie.augmentation_data[0]
                           : -1;
            continue;
        }
        const uint8_t *start = entry.fde.start;
        if ((encoding != 0x1B && encoding != 0) || start < bytes || entry.fde.end < start ||
            entry.fde.end > bytes + data->d_size || entry.fde.end - start < 8)
            continue;
        uint32_t word[2];
        memcpy(word, start, 8);
        uint32_t va = encoding ? word[0] + (uint32_t)sh->sh_addr + (uint32_t)(start - bytes) : word[0];
        struct symbol out = {.start = va + f->offset, .end = va + f->offset + word[1]};
        if (out.end > out.start)
            symbols_append(s, &out);
    }
}

static void read_sections(struct symbols *s, const struct symbol_file *f)
{
    size_t names;
    bool named = elf_getshdrstrndx(f->elf, &names) == 0;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(f->elf, scn)) != NULL;) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh))
            continue;
        const char *name = named ? elf_strptr(f->elf, names, sh.sh_name) : NULL;
        if (sh.sh_type == SHT_SYMTAB)
            read_table(s, f, scn, &sh);
        else if (sh.sh_type == SHT_PROGBITS && name && strcmp(name, ".eh_frame") == 0)
            read_eh_frame(s, f, scn, &sh);
        if ((sh.sh_flags & SHF_ALLOC) && (sh.sh_flags & SHF_EXECINSTR))
            symbols_append_code(s, f->offset, sh.sh_addr, sh.sh_size);
    }
}

static void read_segments(struct symbols *s, const struct symbol_file *f)
{
    size_t n = 0;
    if (elf_getphdrnum(f->elf, &n) != 0)
        return;
    for (size_t i = 0; i < MIN(n, 256u); i++) {
        GElf_Phdr ph;
        if (gelf_getphdr(f->elf, (int)i, &ph) && ph.p_type == PT_LOAD && (ph.p_flags & PF_X))
            symbols_append_code(s, f->offset, ph.p_vaddr, ph.p_memsz);
    }
}

struct adding {
    struct symbols *s;
    const struct symbol_file *f;
};

static void add_function(void *user, const char *name, uint64_t start, uint64_t end, bool external)
{
    const struct adding *a = user;
    if (start > UINT32_MAX || end > UINT32_MAX || end <= start)
        return;
    struct symbol out = {
        .start = (uint32_t)start + a->f->offset,
        .end = (uint32_t)end + a->f->offset,
        .rank = (uint8_t)(RANK_FUNCTION + RANK_SIZED + (external ? RANK_GLOBAL : 0) + a->f->rank),
        .name = name,
    };
    if (out.end > out.start)
        symbols_append(a->s, &out);
}

/* The file's symbol table, or what else there is, names something. */
static bool has_names(const struct symbols *s, guint first)
{
    for (guint i = first; i < s->symbols->len; i++)
        if (g_array_index(s->symbols, struct symbol, i).name)
            return true;
    return false;
}

void symbols_read_elf(struct symbols *s, struct symbol_file *f)
{
    guint first = s->symbols->len, code = s->code->len;
    read_sections(s, f);
    if (s->code->len == code)
        read_segments(s, f);
    if (has_names(s, first))
        return;
    f->dwarf = dwarf_view_new(f->elf);
    f->dwarf_tried = true;
    if (f->dwarf)
        dwarf_view_functions(f->dwarf, add_function, &(struct adding){s, f});
}
