/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_kernel_elf.c - the image of an exported sequence: two segments, one of them all
 * zeroes, and what each builder looks for, notes and a section `__xen_guest`
 * (docs/xen-abi.md 4.1).
 */
#define _GNU_SOURCE /* memfd_create */
#include "seq_kernel_priv.h"

#include <fcntl.h>
#include <gelf.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Types of notes: docs/xen-abi.md 4.1. */
enum {
    NOTE_ENTRY = 1,
    NOTE_VIRT_BASE = 3,
    NOTE_PADDR_OFFSET = 4,
    NOTE_XEN_VERSION = 5,
    NOTE_GUEST_OS = 6,
    NOTE_LOADER = 8,
    NOTE_PAE_MODE = 9,
};

struct writer {
    Elf *elf;
    GByteArray *names; /* of sections */
    uint32_t offset;   /* in the file, of what comes next */
};

static void add_note(GByteArray *notes, uint32_t type, const void *desc, uint32_t len)
{
    const uint32_t head[3] = {GUINT32_TO_LE(4), GUINT32_TO_LE(len), GUINT32_TO_LE(type)};
    g_byte_array_append(notes, (const uint8_t *)head, sizeof head);
    g_byte_array_append(notes, (const uint8_t *)"Xen", 4);
    g_byte_array_append(notes, desc, len);
    g_byte_array_append(notes, (const uint8_t *)"\0\0\0", (4 - len % 4) % 4);
}

static void add_text_note(GByteArray *notes, uint32_t type, const char *text)
{
    add_note(notes, type, text, (uint32_t)strlen(text) + 1);
}

static void add_word_note(GByteArray *notes, uint32_t type, uint32_t word)
{
    word = GUINT32_TO_LE(word);
    add_note(notes, type, &word, sizeof word);
}

static uint32_t virt_base(const struct seq_kernel *k)
{
    return k->site.va - k->site.pfn * RING1_PAGE_SIZE;
}

/* With notes a PAE kernel has page tables anywhere (pae_extended_cr3) from the start:
 * one that shall not must do without. 2.0 knows none. */
static GByteArray *make_notes(const struct seq_kernel *k, uint32_t entry)
{
    GByteArray *notes = g_byte_array_new();
    bool pae = k->abi->abi == RING1_ABI_XEN_3_0_PAE;
    if (k->abi->abi == RING1_ABI_XEN_2_0 || (pae && !k->site.extended_cr3))
        return notes;
    add_text_note(notes, NOTE_GUEST_OS, "ring1-sequence");
    add_text_note(notes, NOTE_LOADER, "generic");
    add_text_note(notes, NOTE_XEN_VERSION, "xen-3.0");
    add_text_note(notes, NOTE_PAE_MODE, pae ? "yes" : "no");
    add_word_note(notes, NOTE_VIRT_BASE, virt_base(k));
    add_word_note(notes, NOTE_PADDR_OFFSET, virt_base(k));
    add_word_note(notes, NOTE_ENTRY, entry);
    return notes;
}

static char *make_string(const struct seq_kernel *k)
{
    bool old = k->abi->abi == RING1_ABI_XEN_2_0;
    const char *more = "";
    if (old && k->site.writable_tables)
        more = ",PT_MODE_WRITABLE";
    else if (k->abi->abi == RING1_ABI_XEN_3_0_PAE)
        more = k->site.extended_cr3 ? ",PAE=yes[extended-cr3]" : ",PAE=yes";
    return g_strdup_printf("GUEST_OS=ring1-sequence,GUEST_VER=1,LOADER=generic,XEN_VER=%s,VIRT_BASE=0x%x%s",
                           old ? "2.0" : "xen-3.0", virt_base(k), more);
}

static uint32_t add_section(struct writer *w, const char *name, uint32_t type, const void *bytes,
                            uint32_t len)
{
    Elf_Scn *section = elf_newscn(w->elf);
    Elf32_Shdr *header = section ? elf32_getshdr(section) : NULL;
    Elf_Data *data = header ? elf_newdata(section) : NULL;
    if (!data)
        return 0;
    *header = (Elf32_Shdr){
        .sh_name = w->names->len,
        .sh_type = type,
        .sh_offset = w->offset,
        .sh_size = len,
        .sh_addralign = 4,
    };
    g_byte_array_append(w->names, (const uint8_t *)name, (uint32_t)strlen(name) + 1);
    *data =
        (Elf_Data){.d_buf = (void *)(uintptr_t)bytes, .d_size = len, .d_align = 1, .d_version = EV_CURRENT};
    w->offset += (len + 3) & ~3u;
    return header->sh_offset;
}

static Elf32_Phdr segment(uint32_t va, uint32_t offset, uint32_t filesz, uint32_t memsz)
{
    return (Elf32_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W | PF_X,
        .p_offset = offset,
        .p_vaddr = va,
        .p_paddr = va,
        .p_filesz = filesz,
        .p_memsz = memsz,
        .p_align = 4,
    };
}

static bool write_elf(struct writer *w, const struct seq_kernel *k, uint32_t entry)
{
    Elf32_Ehdr *header = elf32_newehdr(w->elf);
    Elf32_Phdr *segments = header ? elf32_newphdr(w->elf, 3) : NULL;
    if (!segments)
        return false;
    g_autoptr(GByteArray) notes = make_notes(k, entry);
    g_autofree char *string = make_string(k);
    const GByteArray *code = k->code.bytes;
    elf_flagelf(w->elf, ELF_C_SET, ELF_F_LAYOUT);
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_EXEC;
    header->e_machine = EM_386;
    header->e_version = EV_CURRENT;
    header->e_entry = entry;
    header->e_phoff = sizeof *header;
    w->offset = sizeof *header + 3 * sizeof *segments;

    uint32_t at = add_section(w, ".text", SHT_PROGBITS, code->data, code->len);
    uint32_t notes_at = add_section(w, ".note.Xen", SHT_NOTE, notes->data, notes->len);
    uint32_t string_at = add_section(w, "__xen_guest", SHT_PROGBITS, string, (uint32_t)strlen(string) + 1);
    g_byte_array_append(w->names, (const uint8_t *)".shstrtab", sizeof ".shstrtab");
    uint32_t name = w->names->len - (uint32_t)sizeof ".shstrtab";
    /* Its name stands in it already: the bytes must not move any more. */
    uint32_t names_at = add_section(w, "", SHT_STRTAB, w->names->data, name + (uint32_t)sizeof ".shstrtab");
    if (!at || !notes_at || !string_at || !names_at)
        return false;
    elf32_getshdr(elf_getscn(w->elf, 4))->sh_name = name;
    header->e_shstrndx = 4;
    header->e_shoff = w->offset;
    segments[0] = segment(k->site.va, at, 0, k->code.base - k->site.va);
    segments[1] = segment(k->code.base, at, code->len, code->len);
    segments[2] = (Elf32_Phdr){
        .p_type = notes->len ? PT_NOTE : PT_NULL,
        .p_offset = notes_at,
        .p_filesz = notes->len,
        .p_memsz = notes->len,
        .p_align = 4,
    };
    return elf_update(w->elf, ELF_C_WRITE) > 0;
}

static bool file_bytes(int fd, GBytes **out)
{
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0)
        return false;
    char *bytes = g_malloc((gsize)size);
    if (pread(fd, bytes, (size_t)size, 0) != size) {
        g_free(bytes);
        return false;
    }
    *out = g_bytes_new_take(bytes, (gsize)size);
    return true;
}

/* libelf writes to a file: one that has no name. */
static GBytes *make_elf(const struct seq_kernel *k, uint32_t entry)
{
    GBytes *out = NULL;
    int fd = k->site.file > 0 ? k->site.file : memfd_create("sequence", MFD_CLOEXEC);
    struct writer w = {.names = g_byte_array_new()};
    g_byte_array_append(w.names, (const uint8_t *)"", 1);
    elf_version(EV_CURRENT);
    w.elf = fd >= 0 ? elf_begin(fd, ELF_C_WRITE, NULL) : NULL;
    bool written = w.elf && write_elf(&w, k, entry);
    elf_end(w.elf);
    if (written && !file_bytes(fd, &out))
        out = NULL;
    if (fd >= 0 && fd != k->site.file)
        close(fd);
    g_byte_array_unref(w.names);
    return out;
}

static bool fits(const struct seq_kernel *k, GError **error)
{
    struct seq_kernel_size size = seq_kernel_size(k);
    uint64_t end = (uint64_t)k->site.va + (uint64_t)(size.pages_at_boot) * RING1_PAGE_SIZE;
    const char *what = NULL;
    if (size.slots > k->site.nr_slots)
        what = "there are fewer free slots in its page tables than it needs";
    else if (size.variables > k->site.nr_variables)
        what = "it keeps more results than were expected";
    else if (k->site.pfn + size.pages_at_boot > k->site.nr_pages)
        what = "its memory is too small";
    else if (end > k->abi->hole || k->site.va / RING1_PAGE_SIZE < k->site.pfn)
        what = "there is no room for it below the hypervisor";
    if (what)
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "the kernel of %u pages does not fit: %s",
                    size.pages, what);
    return !what;
}

GBytes *seq_kernel_finish(struct seq_kernel *k, GError **error)
{
    i386_set(&k->code, EBX, 0); /* poweroff */
    i386_jump(&k->code, k->routine[ROUTINE_END]);
    uint32_t entry = seq_kernel_start(k);
    if (!fits(k, error))
        return NULL;
    GBytes *elf = make_elf(k, entry);
    if (!elf)
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "the ELF image could not be made: %s",
                    elf_errmsg(-1));
    return elf;
}
