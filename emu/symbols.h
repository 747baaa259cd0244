/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols.h - names of a guest's addresses: the symbol table of its image (libelf), or
 * DWARF's functions where that was stripped, or the bounds of functions from .eh_frame; source lines
 * and inlined functions (libdw) where there is DWARF. Files that the user names add to it.
 *
 * No file is trusted: whatever its tables say, names are at most
 * SYMBOL_NAME_MAX printable ASCII characters and nothing outside the file is read.
 */
#ifndef EMU_SYMBOLS_H
#define EMU_SYMBOLS_H

#include <ring1/ring1.h>
#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_NAME_MAX 120u
/* Entries that are looked at; the rest of a larger table is left out. */
#define SYMBOLS_MAX 2000000u

struct symbols;
struct image;

/* Of an ELF file. Never NULL: without tables it knows no names. Keeps a reference. */
struct symbols *symbols_new(GBytes *elf);
struct symbols *symbols_ref(struct symbols *s);
void symbols_free(struct symbols *s); /* lets go of one reference */

/* Add those of a file: an ELF file, or a System.map; `offset` is added to its addresses. `image` is
 * what it must be of, as far as it speaks of the same addresses; NULL: of none. False: it is
 * neither, or of another image, RING1_ERROR_OPTION; nothing was added. */
bool symbols_add(struct symbols *s, GBytes *file, const char *name, uint32_t offset,
                 const struct image *image, GError **error);

/* How many names it knows. */
size_t symbols_count(const struct symbols *s);

/* Whether a file has code at `va`: a section of instructions, or, where there
 * are no sections, an executable segment. */
bool symbols_is_code(const struct symbols *s, uint32_t va);
/* It has code somewhere: symbols_is_code can be believed. */
bool symbols_has_code(const struct symbols *s);

/* Where the function around `va` begins. False: not known. */
bool symbols_function(struct symbols *s, uint32_t va, uint32_t *start);

/* Where a name stands, and how many bytes it is of: 0, not known. False: there is no such
 * name. */
bool symbols_find(struct symbols *s, const char *name, uint32_t *start, uint32_t *size);

/* "start_kernel+0x1f", or "function@0xc0005240+0x1a" for one without a name; the
 * caller frees it. NULL: nothing is known of the address. */
char *symbols_name(struct symbols *s, uint32_t va);

/* The same, kept so that asking again costs next to nothing; valid until the next
 * time. `is_return`: of a return address, by the function that holds the call, which
 * may be its last instruction. */
const char *symbols_lookup(struct symbols *s, uint32_t va, bool is_return);

/* "init/main.c:512", or NULL; the caller frees it. */
char *symbols_source(struct symbols *s, uint32_t va);

/* An address in the source, innermost first: the functions that the compiler put in line
 * there, and last the one that they are in, by its symbol. */
#define CODE_FRAMES_MAX 16u
/* At least one, at most CODE_FRAMES_MAX: the middle of a deeper nest is left out. Kept, like
 * names; valid until the next time. */
unsigned symbols_frames(struct symbols *s, uint32_t va, bool is_return,
                        const struct ring1_code_frame **frames);

#endif
