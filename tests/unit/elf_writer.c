/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * elf_writer.c - see elf_writer.h.
 */
#include "elf_writer.h"

#include <string.h>
#include <xen/elfnote.h>

#define DATA_AT 0x100u /* room for 6 program headers */

struct elf_writer *elf_begin(uint32_t entry)
{
    struct elf_writer *w = g_new0(struct elf_writer, 1);
    memcpy(w->ehdr.e_ident, ELFMAG, SELFMAG);
    w->ehdr.e_ident[EI_CLASS] = ELFCLASS32;
    w->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    w->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
    w->ehdr.e_type = ET_EXEC;
    w->ehdr.e_machine = EM_386;
    w->ehdr.e_version = EV_CURRENT;
    w->ehdr.e_entry = entry;
    w->ehdr.e_ehsize = sizeof(Elf32_Ehdr);
    w->ehdr.e_phentsize = sizeof(Elf32_Phdr);
    w->ehdr.e_shentsize = sizeof(Elf32_Shdr);
    w->phdrs = g_array_new(FALSE, TRUE, sizeof(Elf32_Phdr));
    w->shdrs = g_array_new(FALSE, TRUE, sizeof(Elf32_Shdr));
    w->names = g_byte_array_new();
    w->data = g_byte_array_new();
    w->notes = g_byte_array_new();
    g_array_set_size(w->shdrs, 1);
    g_byte_array_append(w->names, (const guint8 *)"", 1);
    return w;
}

static void align_4(GByteArray *a)
{
    while (a->len % 4)
        g_byte_array_append(a, (const guint8 *)"", 1);
}

uint32_t elf_data(struct elf_writer *w, const void *bytes, uint32_t len)
{
    align_4(w->data);
    uint32_t at = DATA_AT + w->data->len;
    if (len)
        g_byte_array_append(w->data, bytes, len);
    return at;
}

Elf32_Phdr *elf_segment(struct elf_writer *w, uint32_t va, const void *bytes, uint32_t filesz, uint32_t memsz,
                        uint32_t flags)
{
    Elf32_Phdr ph = {
        .p_type = PT_LOAD,
        .p_offset = elf_data(w, bytes, filesz),
        .p_vaddr = va,
        .p_paddr = va,
        .p_filesz = filesz,
        .p_memsz = memsz,
        .p_flags = flags,
        .p_align = 4,
    };
    g_array_append_val(w->phdrs, ph);
    return &g_array_index(w->phdrs, Elf32_Phdr, w->phdrs->len - 1);
}

Elf32_Shdr *elf_section(struct elf_writer *w, const char *name, uint32_t type, const void *bytes,
                        uint32_t len)
{
    Elf32_Shdr sh = {
        .sh_name = w->names->len,
        .sh_type = type,
        .sh_offset = elf_data(w, bytes, len),
        .sh_size = len,
        .sh_addralign = 1,
    };
    g_byte_array_append(w->names, (const guint8 *)name, (guint)strlen(name) + 1);
    g_array_append_val(w->shdrs, sh);
    return &g_array_index(w->shdrs, Elf32_Shdr, w->shdrs->len - 1);
}

void elf_note_of(struct elf_writer *w, const char *owner, uint32_t type, const void *desc, uint32_t len)
{
    Elf32_Nhdr nh = {.n_namesz = (Elf32_Word)strlen(owner) + 1, .n_descsz = len, .n_type = type};
    g_byte_array_append(w->notes, (const guint8 *)&nh, sizeof(nh));
    g_byte_array_append(w->notes, (const guint8 *)owner, nh.n_namesz);
    align_4(w->notes);
    g_byte_array_append(w->notes, desc, len);
    align_4(w->notes);
}

void elf_note(struct elf_writer *w, uint32_t type, const void *desc, uint32_t len)
{
    elf_note_of(w, "Xen", type, desc, len);
}

void elf_note_text(struct elf_writer *w, uint32_t type, const char *text)
{
    elf_note(w, type, text, (uint32_t)strlen(text) + 1);
}

void elf_note_word(struct elf_writer *w, uint32_t type, uint32_t value)
{
    elf_note(w, type, &value, 4);
}

Elf32_Phdr *elf_notes_segment(struct elf_writer *w)
{
    Elf32_Phdr *ph = elf_segment(w, 0, w->notes->data, w->notes->len, 0, PF_R);
    ph->p_type = PT_NOTE;
    return ph;
}

Elf32_Shdr *elf_notes_section(struct elf_writer *w)
{
    return elf_section(w, ".note.Xen", SHT_NOTE, w->notes->data, w->notes->len);
}

void elf_guest_string(struct elf_writer *w, const char *text)
{
    elf_section(w, "__xen_guest", SHT_PROGBITS, text, (uint32_t)strlen(text) + 1);
}

GBytes *elf_finish(struct elf_writer *w)
{
    GByteArray *file = g_byte_array_new();
    /* The names of sections are the last section. */
    elf_section(w, ".shstrtab", SHT_STRTAB, "", 0);
    Elf32_Shdr *names = &g_array_index(w->shdrs, Elf32_Shdr, w->shdrs->len - 1);
    names->sh_offset = elf_data(w, w->names->data, w->names->len);
    names->sh_size = w->names->len;
    w->ehdr.e_shstrndx = (Elf32_Half)(w->shdrs->len - 1);
    w->ehdr.e_shnum = (Elf32_Half)w->shdrs->len;
    w->ehdr.e_phnum = (Elf32_Half)w->phdrs->len;
    w->ehdr.e_phoff = sizeof(Elf32_Ehdr);
    w->ehdr.e_shoff = elf_data(w, w->shdrs->data, w->shdrs->len * (guint)sizeof(Elf32_Shdr));

    g_byte_array_append(file, (const guint8 *)&w->ehdr, sizeof(w->ehdr));
    g_byte_array_append(file, (const guint8 *)w->phdrs->data, w->phdrs->len * (guint)sizeof(Elf32_Phdr));
    guint head = file->len;
    g_assert(head <= DATA_AT);
    g_byte_array_set_size(file, DATA_AT);
    memset(file->data + head, 0, DATA_AT - head);
    g_byte_array_append(file, w->data->data, w->data->len);
    g_array_free(w->phdrs, TRUE);
    g_array_free(w->shdrs, TRUE);
    g_byte_array_free(w->names, TRUE);
    g_byte_array_free(w->data, TRUE);
    g_byte_array_free(w->notes, TRUE);
    g_free(w);
    return g_byte_array_free_to_bytes(file);
}

GBytes *elf_simple_notes(uint32_t base, const void *code, uint32_t len, uint32_t memsz, const char *pae)
{
    struct elf_writer *w = elf_begin(base);
    elf_segment(w, base, code, len, memsz, PF_R | PF_W | PF_X);
    elf_note_text(w, XEN_ELFNOTE_GUEST_OS, "test");
    elf_note_text(w, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(w, XEN_ELFNOTE_LOADER, "generic");
    elf_note_word(w, XEN_ELFNOTE_VIRT_BASE, base);
    elf_note_word(w, XEN_ELFNOTE_PADDR_OFFSET, base);
    if (pae)
        elf_note_text(w, XEN_ELFNOTE_PAE_MODE, pae);
    elf_notes_segment(w);
    return elf_finish(w);
}

GBytes *elf_simple_string(uint32_t base, const void *code, uint32_t len, uint32_t memsz, const char *text)
{
    struct elf_writer *w = elf_begin(base);
    elf_segment(w, base, code, len, memsz, PF_R | PF_W | PF_X);
    elf_guest_string(w, text);
    return elf_finish(w);
}

GBytes *elf_bzimage(GBytes *payload)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(payload, &len);
    guint8 head[1024] = {0};
    uint32_t size = (uint32_t)len;
    head[0x1F1] = 1; /* setup_sects: the payload starts at 1024 + payload_offset */
    memcpy(head + 0x202, "HdrS", 4);
    head[0x206] = 0x0C;
    head[0x207] = 0x02;
    head[0x248] = 16;
    memcpy(head + 0x24C, &size, 4);
    GByteArray *file = g_byte_array_new();
    guint8 gap[16] = {0};
    g_byte_array_append(file, head, sizeof(head));
    g_byte_array_append(file, gap, sizeof(gap));
    g_byte_array_append(file, bytes, (guint)len);
    g_byte_array_append(file, gap, sizeof(gap));
    g_bytes_unref(payload);
    return g_byte_array_free_to_bytes(file);
}
