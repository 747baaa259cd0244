/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * elf_writer.h - ELF images made in memory for tests: segments, notes, sections,
 * and every field open to be spoiled afterwards.
 */
#ifndef TESTS_ELF_WRITER_H
#define TESTS_ELF_WRITER_H

#include <elf.h>
#include <glib.h>
#include <stdint.h>

struct elf_writer {
    Elf32_Ehdr ehdr;   /* offsets and counts are filled in by elf_finish */
    GArray *phdrs;     /* Elf32_Phdr */
    GArray *shdrs;     /* Elf32_Shdr; 0 is the empty one */
    GByteArray *names; /* section names */
    GByteArray *data;  /* the file, from offset 0x100 on */
    GByteArray *notes; /* collected by elf_note */
};

/* A 32-bit x86 executable with entry `entry` and nothing in it. */
struct elf_writer *elf_begin(uint32_t entry);

/* Bytes into the file; returns their offset. */
uint32_t elf_data(struct elf_writer *w, const void *bytes, uint32_t len);

/* A LOAD segment at vaddr = paddr = `va`. */
Elf32_Phdr *elf_segment(struct elf_writer *w, uint32_t va, const void *bytes, uint32_t filesz, uint32_t memsz,
                        uint32_t flags);

/* A section over bytes of the file. */
Elf32_Shdr *elf_section(struct elf_writer *w, const char *name, uint32_t type, const void *bytes,
                        uint32_t len);

/* Collect a note of the owner "Xen" (or `owner`). */
void elf_note(struct elf_writer *w, uint32_t type, const void *desc, uint32_t len);
void elf_note_of(struct elf_writer *w, const char *owner, uint32_t type, const void *desc, uint32_t len);
void elf_note_text(struct elf_writer *w, uint32_t type, const char *text);
void elf_note_word(struct elf_writer *w, uint32_t type, uint32_t value);

/* The collected notes become a PT_NOTE segment, or a section `.note.Xen`. */
Elf32_Phdr *elf_notes_segment(struct elf_writer *w);
Elf32_Shdr *elf_notes_section(struct elf_writer *w);

/* A section __xen_guest. */
void elf_guest_string(struct elf_writer *w, const char *text);

/* The file; frees the writer. */
GBytes *elf_finish(struct elf_writer *w);

/* A whole small kernel: `code` of `len` bytes at `base`, bss up to memsz, and the
 * notes of a PAE guest (pae "yes", "no", or NULL for none). */
GBytes *elf_simple_notes(uint32_t base, const void *code, uint32_t len, uint32_t memsz, const char *pae);
/* The same with a `__xen_guest` string. */
GBytes *elf_simple_string(uint32_t base, const void *code, uint32_t len, uint32_t memsz, const char *text);

/* `payload`, which is freed, inside a bzImage of protocol 2.12. */
GBytes *elf_bzimage(GBytes *payload);

#endif
