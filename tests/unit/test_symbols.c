/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_symbols.c - names of addresses, and files that lie about their tables:
 * no name may come from outside the file, be longer than promised or hold what a
 * terminal obeys.
 */
#include "suite.h"

#include "elf_writer.h"
#include "emu/symbols.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0xC0100000u

static const char NAMES[] = "\0start\0middle\0local\0data\0.Lhidden\0bad\x1b[2J\n\xff\0absolute";

/* Offset of a name in NAMES. */
static uint32_t name_at(const char *name)
{
    for (size_t i = 0; i < sizeof NAMES; i++)
        if (memcmp(NAMES + i, name, strlen(name) + 1) == 0)
            return (uint32_t)i;
    ck_abort_msg("%s", name);
}

static Elf32_Sym symbol(const char *name, uint32_t value, uint32_t size, unsigned bind, unsigned type)
{
    return (Elf32_Sym){.st_name = name_at(name),
                       .st_value = value,
                       .st_size = size,
                       .st_info = (unsigned char)ELF32_ST_INFO(bind, type),
                       .st_shndx = 1};
}

/* Code of 0x1000 bytes at BASE, data behind it, symbols. `spoil` may change the
 * sections of the symbols and of the names. */
static GBytes *image(void (*spoil)(Elf32_Shdr *symtab, Elf32_Shdr *strtab), const Elf32_Sym *extra)
{
    static const uint8_t code[0x1000];
    Elf32_Sym syms[] = {
        {0},
        symbol("start", BASE, 0x100, STB_GLOBAL, STT_FUNC),
        symbol("local", BASE, 0, STB_LOCAL, STT_NOTYPE),
        symbol("middle", BASE + 0x80, 0, STB_LOCAL, STT_NOTYPE),
        symbol(".Lhidden", BASE + 0x90, 0, STB_LOCAL, STT_NOTYPE),
        symbol("data", BASE + 0x1000, 4, STB_GLOBAL, STT_OBJECT),
        symbol("bad\x1b[2J\n\xff", BASE + 0x200, 0x10, STB_GLOBAL, STT_FUNC),
        symbol("absolute", BASE + 0x300, 0x10, STB_GLOBAL, STT_FUNC),
        extra ? *extra : (Elf32_Sym){0},
    };
    syms[7].st_shndx = SHN_ABS;
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, code, sizeof code, sizeof code, PF_R | PF_X);
    Elf32_Shdr *text = elf_section(w, ".text", SHT_PROGBITS, code, sizeof code);
    text->sh_addr = BASE;
    text->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    elf_section(w, ".strtab", SHT_STRTAB, NAMES, sizeof NAMES);
    elf_section(w, ".symtab", SHT_SYMTAB, syms, sizeof syms);
    Elf32_Shdr *sections = (Elf32_Shdr *)(void *)w->shdrs->data;
    sections[3].sh_link = 2;
    sections[3].sh_entsize = sizeof(Elf32_Sym);
    if (spoil)
        spoil(&sections[3], &sections[2]);
    return elf_finish(w);
}

static struct symbols *open_image(void (*spoil)(Elf32_Shdr *, Elf32_Shdr *), const Elf32_Sym *extra)
{
    g_autoptr(GBytes) bytes = image(spoil, extra);
    return symbols_new(bytes);
}

static void ck_name(struct symbols *s, uint32_t va, const char *expected)
{
    g_autofree char *name = symbols_name(s, va);
    ck_assert_msg(g_strcmp0(name, expected) == 0, "%#x is %s, not %s", va, name, expected);
}

START_TEST(names)
{
    struct symbols *s = open_image(NULL, NULL);
    ck_name(s, BASE, "start");
    ck_name(s, BASE + 1, "start+0x1");
    ck_name(s, BASE + 0x7F, "start+0x7f");
    ck_name(s, BASE + 0x80, "middle");
    ck_name(s, BASE + 0x95, "middle+0x15");
    ck_name(s, BASE + 0x1000, "data");
    ck_name(s, BASE + 0x1004, NULL);
    ck_name(s, BASE - 1, NULL);
    ck_name(s, 0, NULL);
    ck_name(s, UINT32_MAX, NULL);
    ck_name(s, BASE + 0x200, "bad?[2J??");
    uint32_t start;
    ck_assert(symbols_function(s, BASE + 0x95, &start));
    ck_assert_uint_eq(start, BASE);
    ck_assert(!symbols_function(s, BASE + 0x1000, &start));
    ck_assert(symbols_is_code(s, BASE) && symbols_is_code(s, BASE + 0xFFF));
    ck_assert(!symbols_is_code(s, BASE + 0x1000) && !symbols_is_code(s, BASE - 1));
    ck_assert_ptr_null(symbols_source(s, BASE));
    symbols_free(s);
}
END_TEST

/* 64 KiB of one letter: a name is cut. */
START_TEST(long_name)
{
    g_autofree char *strings = g_malloc0(65536);
    memset(strings + 1, 'x', 65534);
    Elf32_Sym syms[2] = {{0},
                         {.st_name = 1, .st_value = BASE, .st_size = 1, .st_info = STT_FUNC, .st_shndx = 1}};
    struct elf_writer *w = elf_begin(BASE);
    elf_section(w, ".strtab", SHT_STRTAB, strings, 65536);
    elf_section(w, ".symtab", SHT_SYMTAB, syms, sizeof syms);
    Elf32_Shdr *sections = (Elf32_Shdr *)(void *)w->shdrs->data;
    sections[2].sh_link = 1;
    sections[2].sh_entsize = sizeof(Elf32_Sym);
    g_autoptr(GBytes) bytes = elf_finish(w);
    struct symbols *s = symbols_new(bytes);
    g_autofree char *name = symbols_name(s, BASE);
    ck_assert_ptr_nonnull(name);
    ck_assert_uint_eq(strlen(name), SYMBOL_NAME_MAX);
    symbols_free(s);
}
END_TEST

static void link_beyond(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_link = 0xFFFF;
}

static void link_itself(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_link = 3;
}

static void entries_of_1(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_entsize = 1;
}

static void entries_of_0(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_entsize = 0;
}

static void table_beyond(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_offset = 0xFFFFFFF0u;
}

static void table_huge(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)strtab;
    symtab->sh_size = 0xFFFFFFF0u;
}

static void names_beyond(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)symtab;
    strtab->sh_offset = 0xFFFFFFF0u;
}

static void names_cut(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)symtab;
    strtab->sh_size = 3; /* in the middle of a name */
}

static void names_empty(Elf32_Shdr *symtab, Elf32_Shdr *strtab)
{
    (void)symtab;
    strtab->sh_size = 0;
}

/* Ask for every kind of answer; the sanitizers look on. */
static void ask(struct symbols *s)
{
    static const uint32_t places[] = {0,         1, BASE - 1, BASE, BASE + 0x85, BASE + 0xFFF, BASE + 0x1000,
                                      UINT32_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *name = symbols_name(s, places[i]), *source = symbols_source(s, places[i]);
        uint32_t start;
        ck_assert(!name || strlen(name) <= SYMBOL_NAME_MAX + 12);
        for (const char *p = name; p && *p; p++)
            ck_assert(g_ascii_isgraph(*p));
        if (symbols_function(s, places[i], &start))
            ck_assert_uint_le(start, places[i]);
        symbols_is_code(s, places[i]);
    }
}

START_TEST(spoilt_tables)
{
    void (*const spoils[])(Elf32_Shdr *, Elf32_Shdr *) = {
        link_beyond, link_itself,  entries_of_1, entries_of_0, table_beyond,
        table_huge,  names_beyond, names_cut,    names_empty,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(spoils); i++) {
        struct symbols *s = open_image(spoils[i], NULL);
        ask(s);
        symbols_free(s);
    }
}
END_TEST

START_TEST(spoilt_symbols)
{
    const Elf32_Sym syms[] = {
        {.st_name = UINT32_MAX, .st_value = BASE + 0x400, .st_size = 4, .st_info = STT_FUNC, .st_shndx = 1},
        {.st_name = 1, .st_value = 0xFFFFFFF0u, .st_size = 0x100, .st_info = STT_FUNC, .st_shndx = 1},
        {.st_name = 1, .st_value = 1, .st_size = 0xFFFFFFFFu, .st_info = STT_FUNC, .st_shndx = 1},
        {.st_name = 1, .st_value = 0, .st_size = 0xFFFFFFFFu, .st_info = STT_FUNC, .st_shndx = 0xFFFE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(syms); i++) {
        struct symbols *s = open_image(NULL, &syms[i]);
        ask(s);
        ck_name(s, BASE, "start");
        symbols_free(s);
    }
}
END_TEST

/* .eh_frame of two functions of a stripped file, as a compiler writes it. */
static GBytes *stripped(uint32_t encoding, uint32_t first, uint32_t length)
{
    struct __attribute__((packed)) {
        uint32_t cie_length, cie_id;
        uint8_t version;
        char augmentation[3];
        uint8_t code_align, data_align, ra, augmentation_size, encoding, nops[3];
        struct __attribute__((packed)) {
            uint32_t length, cie, start, size;
            uint8_t augmentation_size, nops[3];
        } fde[2];
        uint32_t end;
    } eh = {
        .cie_length = 16,
        .version = 1,
        .augmentation = "zR",
        .code_align = 1,
        .data_align = 0x7C,
        .ra = 8,
        .augmentation_size = 1,
        .encoding = (uint8_t)encoding,
    };
    const uint32_t at = BASE + 0x2000;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t offset = (uint32_t)((uint8_t *)&eh.fde[i] - (uint8_t *)&eh);
        eh.fde[i].length = 16;
        eh.fde[i].cie = offset + 4;
        eh.fde[i].start = first + i * 0x40 - (encoding ? at + offset + 8 : 0);
        eh.fde[i].size = length;
    }
    static const uint8_t code[0x100];
    struct elf_writer *w = elf_begin(BASE);
    Elf32_Shdr *text = elf_section(w, ".text", SHT_PROGBITS, code, sizeof code);
    text->sh_addr = BASE;
    text->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
    elf_section(w, ".eh_frame", SHT_PROGBITS, &eh, sizeof eh)->sh_addr = at;
    return elf_finish(w);
}

START_TEST(functions_of_eh_frame)
{
    for (uint32_t encoding = 0; encoding <= 0x1B; encoding += 0x1B) {
        g_autoptr(GBytes) bytes = stripped(encoding, BASE + 0x10, 0x40);
        struct symbols *s = symbols_new(bytes);
        ck_assert_uint_eq(symbols_count(s), 2);
        ck_name(s, BASE + 0x10, "function@0xc0100010");
        ck_name(s, BASE + 0x4F, "function@0xc0100010+0x3f");
        ck_name(s, BASE + 0x50, "function@0xc0100050");
        ck_name(s, BASE + 0x90, NULL);
        ck_name(s, BASE, NULL);
        symbols_free(s);
    }
    g_autoptr(GBytes) wraps = stripped(0, 0xFFFFFFF0u, 0x100);
    struct symbols *s = symbols_new(wraps);
    ask(s);
    symbols_free(s);
}
END_TEST

START_TEST(no_elf)
{
    static const char *const files[] = {"", "\177ELF", "\177ELF\1\1\1", "flat code without end"};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(files[i], strlen(files[i]));
        struct symbols *s = symbols_new(bytes);
        ck_assert_uint_eq(symbols_count(s), 0);
        ask(s);
        symbols_free(s);
    }
}
END_TEST

/* A System.map beside an image that was stripped: names reach to the next one. */
START_TEST(system_map)
{
    g_autoptr(GBytes) bytes = stripped(0x1B, BASE + 0x10, 0x40);
    struct symbols *s = symbols_new(bytes);
    const char *map = "c0100010 T first\r\n"
                      "c0100050 t second\t[module]\n"
                      "         U elsewhere\n"
                      "00000042 A number\n"
                      "\n"
                      "c0100050 T alias\n"
                      "c0100080 W late";
    g_autoptr(GBytes) file = g_bytes_new(map, strlen(map));
    g_autoptr(GError) error = NULL;
    ck_assert(symbols_add(s, file, "map", 0, NULL, &error));
    ck_name(s, BASE + 0x10, "first");
    ck_name(s, BASE + 0x4F, "first+0x3f");
    ck_name(s, BASE + 0x50, "alias");
    ck_name(s, BASE + 0x7F, "alias+0x2f");
    ck_name(s, BASE + 0x81, "late+0x1");
    ck_name(s, 0x42, NULL);
    ck_name(s, BASE, NULL);
    /* Another of the same is added at an offset; what it is asked for was kept before. */
    ck_assert_str_eq(symbols_lookup(s, BASE + 0x10, false), "first");
    g_autoptr(GBytes) moved = g_bytes_new_static("c00ff010 T renamed\nc00ff050 T b\n", 32);
    ck_assert(symbols_add(s, moved, "map", 0x1000, NULL, &error));
    ck_assert_str_eq(symbols_lookup(s, BASE + 0x11, false), "renamed+0x1");
    symbols_free(s);
}
END_TEST

START_TEST(no_map)
{
    static const char *const files[] = {"c0100000\n",
                                        "c0100000 T\n",
                                        "c0100000 T \n",
                                        "T name\n",
                                        "c0100000 TT name\n",
                                        "0xc0100000 T name\n",
                                        "\177ELF",
                                        "",
                                        "c0100000000000000 T name\n",
                                        "00000042 A number\n"};
    g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        struct symbols *s = symbols_new(none);
        g_autoptr(GBytes) bytes = g_bytes_new(files[i], strlen(files[i]));
        g_autoptr(GError) error = NULL;
        ck_assert_msg(!symbols_add(s, bytes, "file", 0, NULL, &error), "%s", files[i]);
        ck_assert(g_error_matches(error, RING1_ERROR, RING1_ERROR_OPTION));
        ck_assert_uint_eq(symbols_count(s), 0);
        symbols_free(s);
    }
}
END_TEST

/* Bytes of a good file changed at random, headers most of all. */
START_TEST(mutations)
{
    g_autoptr(GBytes) whole = image(NULL, NULL), bare = stripped(0x1B, BASE + 0x10, 0x40);
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (unsigned round = 0; round < 4000; round++) {
        gsize len;
        const uint8_t *bytes = g_bytes_get_data(round & 1 ? bare : whole, &len);
        uint8_t *copy = g_memdup2(bytes, len);
        for (int n = g_rand_int_range(rand, 1, 8); n > 0; n--) {
            uint32_t tail = (uint32_t)MIN(len, 600u);
            uint32_t at = g_rand_int(rand) & 1 ? g_rand_int(rand) % (uint32_t)len
                                               : (uint32_t)len - 1 - g_rand_int(rand) % tail;
            copy[at] = (uint8_t)g_rand_int(rand);
        }
        if (g_rand_int_range(rand, 0, 10) == 0)
            len = g_rand_int(rand) % len;
        g_autoptr(GBytes) spoilt = g_bytes_new_take(copy, len);
        struct symbols *s = symbols_new(spoilt);
        ask(s);
        symbols_free(s);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("symbols");
    TCase *tc = tcase_create("symbols");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, names);
    tcase_add_test(tc, long_name);
    tcase_add_test(tc, spoilt_tables);
    tcase_add_test(tc, spoilt_symbols);
    tcase_add_test(tc, functions_of_eh_frame);
    tcase_add_test(tc, no_elf);
    tcase_add_test(tc, system_map);
    tcase_add_test(tc, no_map);
    tcase_add_test(tc, mutations);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
