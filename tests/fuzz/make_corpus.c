/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * make_corpus.c - writes the seeds of corpus/loader/: one small file for each path
 * through the loader. Run by hand when such a path comes:
 * `ninja tests/fuzz/make_corpus && tests/fuzz/make_corpus ../tests/fuzz/corpus/loader`.
 */
#include "../unit/elf_writer.h"

#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <xen/elfnote.h>
#include <zlib.h>
#include <zstd.h>

static const uint8_t CODE[16] = {0x90, 0xCD, 0x82, 0xEB, 0xFE};
#define BASE       0xC0000000u
#define STRING_3_0 "GUEST_OS=t,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,LOADER=generic"

static const char *folder;

static void save(const char *name, GBytes *bytes)
{
    gsize len;
    const char *data = g_bytes_get_data(bytes, &len);
    char *path = g_build_filename(folder, name, NULL);
    GError *error = NULL;
    if (!g_file_set_contents(path, data, (gssize)len, &error))
        g_error("%s", error->message);
    g_free(path);
    g_bytes_unref(bytes);
}

static GBytes *string_kernel(const char *text)
{
    return elf_simple_string(BASE, CODE, sizeof(CODE), 0x2000, text);
}

/* Every note there is. */
static GBytes *all_notes(void)
{
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), 0x3000, PF_R | PF_X);
    elf_segment(w, BASE + 0x4000, CODE, sizeof(CODE), 0x800, PF_R | PF_W);
    elf_note_text(w, XEN_ELFNOTE_GUEST_OS, "linux");
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_PAE_MODE, "yes,bimodal");
    elf_note_text(w, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
    elf_note_word(w, XEN_ELFNOTE_VIRT_BASE, BASE);
    elf_note_word(w, XEN_ELFNOTE_PADDR_OFFSET, BASE);
    elf_note_word(w, XEN_ELFNOTE_ENTRY, BASE);
    elf_note_word(w, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1000);
    elf_note_word(w, XEN_ELFNOTE_HV_START_LOW, 0xF5800000u);
    elf_note(w, XEN_ELFNOTE_L1_MFN_VALID, CODE, 16);
    elf_note_word(w, XEN_ELFNOTE_MOD_START_PFN, 1);
    elf_note(w, XEN_ELFNOTE_INIT_P2M, CODE, 8);
    elf_notes_segment(w);
    return elf_finish(w);
}

static GBytes *section_notes(void)
{
    struct elf_writer *w = elf_begin(0);
    elf_segment(w, 0, CODE, sizeof(CODE), 0x1000, PF_R | PF_W | PF_X);
    elf_note_of(w, "name", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_notes_section(w);
    return elf_finish(w);
}

static GBytes *symbols(void)
{
    static const Elf32_Sym table[2] = {{0}, {.st_name = 1, .st_value = BASE}};
    struct elf_writer *w = elf_begin(BASE);
    elf_segment(w, BASE, CODE, sizeof(CODE), 0x1003, PF_R | PF_W | PF_X);
    elf_guest_string(w, STRING_3_0 ",BSD_SYMTAB=yes,PAE=no");
    elf_section(w, ".symtab", SHT_SYMTAB, table, sizeof(table))->sh_link = 3;
    elf_section(w, ".strtab", SHT_STRTAB, "\0start", 7);
    return elf_finish(w);
}

static GBytes *pack(GBytes *bytes, char how)
{
    gsize len, got = 0, room = 65536;
    const guint8 *data = g_bytes_get_data(bytes, &len);
    guint8 *out = g_malloc0(room);
    switch (how) {
    case 'g': {
        z_stream z = {
            .next_in = (Bytef *)data, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)room};
        deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        got = room - z.avail_out;
        deflateEnd(&z);
        break;
    }
    case 'x':
        if (lzma_easy_buffer_encode(0, LZMA_CHECK_NONE, NULL, data, len, out, &got, room) != LZMA_OK)
            g_error("xz");
        break;
    case '4': {
        uint32_t words[] = {0x184C2102, 0, (uint32_t)len};
        words[1] =
            (uint32_t)LZ4_compress_default((const char *)data, (char *)out + 8, (int)len, (int)room - 8);
        memcpy(out, words, 8);
        memcpy(out + 8 + words[1], &words[2], 4);
        got = words[1] + 12;
        break;
    }
    case 'z':
        got = ZSTD_compress(out, room, data, len, 3);
        break;
    }
    g_bytes_unref(bytes);
    return g_bytes_new_take(out, got);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    folder = argv[1];
    save("notes", elf_simple_notes(BASE, CODE, sizeof(CODE), 0x2000, "yes"));
    save("notes-all", all_notes());
    save("notes-section", section_notes());
    save("string-2.0", string_kernel("GUEST_OS=linux,XEN_VER=2.0,VIRT_BASE=0xC0000000,PT_MODE_WRITABLE"));
    save("string-3.0", string_kernel(STRING_3_0));
    save("string-pae", string_kernel(STRING_3_0 ",PAE=yes[extended-cr3],HYPERCALL_PAGE=0x1,FEATURES=dom0"));
    save("symtab", symbols());
    save("gzip", pack(string_kernel(STRING_3_0), 'g'));
    save("bzimage-gzip", elf_bzimage(pack(string_kernel(STRING_3_0), 'g')));
    save("bzimage-xz", elf_bzimage(pack(string_kernel(STRING_3_0), 'x')));
    save("bzimage-lz4", elf_bzimage(pack(string_kernel(STRING_3_0), '4')));
    save("bzimage-zstd", elf_bzimage(pack(string_kernel(STRING_3_0), 'z')));
    return 0;
}
