/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols.h - names of a kernel's addresses: its symbol table (libelf), the
 * bounds of functions from .eh_frame where it was stripped, and source lines
 * (libdw) where it has DWARF.
 *
 * The file is not trusted: whatever its tables say, names are at most
 * SYMBOL_NAME_MAX printable ASCII characters and nothing outside the file is read.
 */
#ifndef EMU_SYMBOLS_H
#define EMU_SYMBOLS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_NAME_MAX 120u
/* Entries that are looked at; the rest of a larger table is left out. */
#define SYMBOLS_MAX 2000000u

struct symbols;

/* Of an ELF file. Never NULL: without tables it knows no names. Keeps a reference. */
struct symbols *symbols_new(GBytes *elf);
void symbols_free(struct symbols *s);

/* How many names it knows. */
size_t symbols_count(const struct symbols *s);

/* Whether the file has code at `va`: a section of instructions, or, where there
 * are no sections, an executable segment. */
bool symbols_is_code(const struct symbols *s, uint32_t va);
/* It has code somewhere: symbols_is_code can be believed. */
bool symbols_has_code(const struct symbols *s);

/* Where the function around `va` begins. False: not known. */
bool symbols_function(const struct symbols *s, uint32_t va, uint32_t *start);

/* "start_kernel+0x1f", or "function@0xc0005240+0x1a" for one without a name; the
 * caller frees it. NULL: nothing is known of the address. */
char *symbols_name(const struct symbols *s, uint32_t va);

/* The same, kept so that asking again costs next to nothing; valid until the next
 * time. `is_return`: of a return address, by the function that holds the call, which
 * may be its last instruction. */
const char *symbols_lookup(struct symbols *s, uint32_t va, bool is_return);

/* "init/main.c:512", or NULL; the caller frees it. */
char *symbols_source(struct symbols *s, uint32_t va);

#endif
