/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols.c - see symbols.h. Everything is read once into sorted arrays; DWARF
 * only when a line is asked for.
 */
#include "symbols.h"

#include <elfutils/libdw.h>
#include <gelf.h>
#include <string.h>

struct symbol {
    uint32_t start, end; /* end == start: its size is not known */
    uint8_t rank;        /* of several at one address the highest is shown */
    const char *name;    /* the file's; NULL: a function that .eh_frame tells of */
};

struct range {
    uint32_t start, end;
};

struct symbols {
    GBytes *bytes;
    Elf *elf;
    Dwarf *dwarf;
    bool dwarf_tried;
    GArray *symbols; /* struct symbol, by start and then rank */
    GArray *code;    /* struct range */
    /* Names that were asked for, by address; of return addresses apart. NULL: it has
     * none. */
    GHashTable *names[2];
};

/* A guest may come from everywhere: then they are all forgotten. */
#define NAMES_MAX 16384u

/* --- reading ---------------------------------------------------------------- */

static bool is_range(uint64_t start, uint64_t size)
{
    return start <= UINT32_MAX && size <= UINT32_MAX - start;
}

/* Functions before labels, global names before local ones. */
static uint8_t rank_of(const GElf_Sym *sym)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    return (uint8_t)((type == STT_FUNC     ? 8
                      : type == STT_OBJECT ? 4
                                           : 0) +
                     (sym->st_size ? 2 : 0) + (GELF_ST_BIND(sym->st_info) != STB_LOCAL ? 1 : 0));
}

static void add_symbol(struct symbols *s, const GElf_Sym *sym, const char *name)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    if ((type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE) || sym->st_shndx == SHN_UNDEF ||
        sym->st_shndx == SHN_ABS || !is_range(sym->st_value, sym->st_size))
        return;
    if (!name || !name[0] || g_str_has_prefix(name, ".L"))
        return;
    struct symbol out = {
        .start = (uint32_t)sym->st_value,
        .end = (uint32_t)(sym->st_value + sym->st_size),
        .rank = rank_of(sym),
        .name = name,
    };
    g_array_append_val(s->symbols, out);
}

static void read_table(struct symbols *s, Elf_Scn *scn, const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || !data->d_buf || sh->sh_entsize == 0)
        return;
    size_t n = MIN(data->d_size / sh->sh_entsize, SYMBOLS_MAX);
    for (size_t i = 1; i < n && s->symbols->len < SYMBOLS_MAX; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym))
            add_symbol(s, &sym, elf_strptr(s->elf, sh->sh_link, sym.st_name));
    }
}

static void add_code(struct symbols *s, uint64_t start, uint64_t size)
{
    if (!size || !is_range(start, size))
        return;
    struct range r = {(uint32_t)start, (uint32_t)(start + size)};
    g_array_append_val(s->code, r);
}

/* Functions of a stripped file: .eh_frame has an entry for each, with the address
 * relative to the entry (what compilers make) or as it is. */
static void read_eh_frame(struct symbols *s, Elf_Scn *scn, const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || !data->d_buf || !is_range(sh->sh_addr, data->d_size))
        return;
    const uint8_t *bytes = data->d_buf;
    Dwarf_Off next = 0, at = 0;
    const unsigned char *ident = (const unsigned char *)elf_getident(s->elf, NULL);
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
        struct symbol out = {.start = va, .end = va + word[1]};
        if (out.end > out.start)
            g_array_append_val(s->symbols, out);
    }
}

static void read_sections(struct symbols *s)
{
    size_t names;
    bool named = elf_getshdrstrndx(s->elf, &names) == 0;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(s->elf, scn)) != NULL;) {
        GElf_Shdr sh;
        if (!gelf_getshdr(scn, &sh))
            continue;
        const char *name = named ? elf_strptr(s->elf, names, sh.sh_name) : NULL;
        if (sh.sh_type == SHT_SYMTAB)
            read_table(s, scn, &sh);
        else if (sh.sh_type == SHT_PROGBITS && name && strcmp(name, ".eh_frame") == 0)
            read_eh_frame(s, scn, &sh);
        if ((sh.sh_flags & SHF_ALLOC) && (sh.sh_flags & SHF_EXECINSTR))
            add_code(s, sh.sh_addr, sh.sh_size);
    }
}

static void read_segments(struct symbols *s)
{
    size_t n = 0;
    if (elf_getphdrnum(s->elf, &n) != 0)
        return;
    for (size_t i = 0; i < MIN(n, 256u); i++) {
        GElf_Phdr ph;
        if (gelf_getphdr(s->elf, (int)i, &ph) && ph.p_type == PT_LOAD && (ph.p_flags & PF_X))
            add_code(s, ph.p_vaddr, ph.p_memsz);
    }
}

static gint by_start(gconstpointer pa, gconstpointer pb)
{
    const struct symbol *a = pa, *b = pb;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (!a->name != !b->name)
        return a->name ? 1 : -1;
    return a->rank - b->rank;
}

struct symbols *symbols_new(GBytes *elf)
{
    struct symbols *s = g_new0(struct symbols, 1);
    s->bytes = g_bytes_ref(elf);
    s->symbols = g_array_new(FALSE, FALSE, sizeof(struct symbol));
    s->code = g_array_new(FALSE, FALSE, sizeof(struct range));
    size_t len;
    /* elf_memory takes char *, and reads. */
    char *bytes = (char *)g_bytes_get_data(elf, &len);
    elf_version(EV_CURRENT);
    if (len > 0)
        s->elf = elf_memory(bytes, len);
    if (s->elf && elf_kind(s->elf) == ELF_K_ELF) {
        read_sections(s);
        if (s->code->len == 0)
            read_segments(s);
    }
    g_array_sort(s->symbols, by_start);
    return s;
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    if (s->dwarf)
        dwarf_end(s->dwarf);
    if (s->elf)
        elf_end(s->elf);
    g_array_free(s->symbols, TRUE);
    g_array_free(s->code, TRUE);
    for (unsigned i = 0; i < G_N_ELEMENTS(s->names); i++)
        g_clear_pointer(&s->names[i], g_hash_table_destroy);
    g_bytes_unref(s->bytes);
    g_free(s);
}

size_t symbols_count(const struct symbols *s)
{
    return s->symbols->len;
}

/* Append as it may be printed: an image's bytes go to terminals. */
static void append_printable(GString *out, const char *text)
{
    for (size_t n = 0; n < SYMBOL_NAME_MAX && text[n]; n++)
        g_string_append_c(out, g_ascii_isgraph(text[n]) ? text[n] : '?');
}

/* --- asking ----------------------------------------------------------------- */

bool symbols_is_code(const struct symbols *s, uint32_t va)
{
    for (guint i = 0; i < s->code->len; i++) {
        const struct range *r = &g_array_index(s->code, struct range, i);
        if (va >= r->start && va < r->end)
            return true;
    }
    return false;
}

bool symbols_has_code(const struct symbols *s)
{
    return s->code->len > 0;
}

/* Number of symbols that begin at or below `va`. */
static guint count_below(const struct symbols *s, uint32_t va)
{
    guint low = 0, high = s->symbols->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(s->symbols, struct symbol, middle).start <= va)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The nearest one below that reaches to `va`: labels inside a function are
 * nearer than the function, and say more. Those of unknown size reach to the end
 * of the code or data that they stand in, as far as anyone can tell. */
#define LOOK_BACK   64u
#define UNKNOWN_MAX 0x1000u

static const struct symbol *find(const struct symbols *s, uint32_t va, bool function)
{
    guint at = count_below(s, va);
    for (guint tries = 0; at > 0 && tries < LOOK_BACK; tries++) {
        const struct symbol *sym = &g_array_index(s->symbols, struct symbol, --at);
        bool sized = sym->end > sym->start;
        if (function && !sized)
            continue;
        if (sized ? va < sym->end
                  : va - sym->start < UNKNOWN_MAX && symbols_is_code(s, va) == symbols_is_code(s, sym->start))
            return sym;
    }
    return NULL;
}

bool symbols_function(const struct symbols *s, uint32_t va, uint32_t *start)
{
    if (!symbols_is_code(s, va))
        return false;
    const struct symbol *sym = find(s, va, true);
    if (!sym)
        sym = find(s, va, false);
    if (sym)
        *start = sym->start;
    return sym != NULL;
}

/* The name of `va` by the symbol around `inside`. */
static char *name_of(const struct symbols *s, uint32_t va, uint32_t inside)
{
    const struct symbol *sym = find(s, inside, false);
    if (!sym)
        return NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    if (sym->name)
        append_printable(out, sym->name);
    else
        g_string_append_printf(out, "function@%#x", sym->start);
    if (va != sym->start)
        g_string_append_printf(out, "+%#x", va - sym->start);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *symbols_name(const struct symbols *s, uint32_t va)
{
    return name_of(s, va, va);
}

const char *symbols_lookup(struct symbols *s, uint32_t va, bool is_return)
{
    GHashTable **names = &s->names[is_return];
    gpointer name;
    if (!*names)
        *names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    if (g_hash_table_lookup_extended(*names, GUINT_TO_POINTER(va), NULL, &name))
        return name;
    if (g_hash_table_size(*names) >= NAMES_MAX)
        g_hash_table_remove_all(*names);
    name = name_of(s, va, is_return ? va - 1 : va);
    g_hash_table_insert(*names, GUINT_TO_POINTER(va), name);
    return name;
}

char *symbols_source(struct symbols *s, uint32_t va)
{
    if (!s->dwarf_tried && s->elf && elf_kind(s->elf) == ELF_K_ELF)
        s->dwarf = dwarf_begin_elf(s->elf, DWARF_C_READ, NULL);
    s->dwarf_tried = true;
    Dwarf_Die unit;
    if (!s->dwarf || !dwarf_addrdie(s->dwarf, va, &unit))
        return NULL;
    Dwarf_Line *line = dwarf_getsrc_die(&unit, va);
    const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    int number = 0;
    if (!file || dwarf_lineno(line, &number) != 0)
        return NULL;
    /* The end of a long path says more than its start. */
    size_t len = strlen(file);
    if (len > SYMBOL_NAME_MAX)
        file += len - SYMBOL_NAME_MAX;
    GString *out = g_string_new(NULL);
    append_printable(out, file);
    g_string_append_printf(out, ":%d", number);
    return g_string_free(out, FALSE);
}
