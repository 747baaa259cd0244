/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols_priv.h - what symbols are made of, for the files that read them: ELF
 * (symbols_elf.c), System.map (symbols_map.c), DWARF (symbols_dwarf.c), and whether a
 * file is the image's (symbols_fit.c).
 */
#ifndef EMU_SYMBOLS_PRIV_H
#define EMU_SYMBOLS_PRIV_H

#include "symbols.h"

#include <elfutils/libdw.h>
#include <gelf.h>

struct symbol {
    uint32_t start, end; /* end == start: its size is not known */
    uint8_t rank;        /* of several at one address the highest is shown */
    const char *name;    /* the file's; NULL: a function that .eh_frame tells of */
};

struct symbol_range {
    uint32_t start, end;
};

/* Ranks add up. */
enum {
    RANK_GLOBAL = 1,
    RANK_SIZED = 2,
    RANK_OBJECT = 4,
    RANK_FUNCTION = 8,
    RANK_ADDED = 16, /* from a file that the user named */
};

/* Where the guest's code comes from, or what the user gave beside it. */
struct symbol_file {
    GBytes *bytes;
    Elf *elf;            /* NULL: none */
    uint32_t offset;     /* is added to its addresses */
    uint8_t rank;        /* of all its symbols */
    GStringChunk *names; /* of a System.map, else NULL */
    struct dwarf_view *dwarf;
    bool dwarf_tried;
};

struct symbols {
    unsigned refs;
    GPtrArray *files; /* struct symbol_file; the image's first */
    GArray *symbols;  /* struct symbol, by start and then rank */
    GArray *code;     /* struct symbol_range */
    bool sorted;
    /* What was asked for, by address; of return addresses apart. */
    GHashTable *names[2];  /* NULL: it has no name */
    GHashTable *frames[2]; /* struct code_frames */
};

/* Add one, unless there are SYMBOLS_MAX. */
void symbols_append(struct symbols *s, const struct symbol *symbol);
void symbols_append_code(struct symbols *s, uint32_t offset, uint64_t start, uint64_t size);

/* symbols_elf.c: what an ELF file tells of code and names. */
void symbols_read_elf(struct symbols *s, struct symbol_file *f);
Elf *symbols_open_elf(GBytes *bytes);

/* symbols_map.c: a System.map, or what nm prints. False: a line is none, RING1_ERROR_OPTION. */
bool symbols_read_map(struct symbols *s, struct symbol_file *f, const char *name, GError **error);

/* symbols_fit.c: what was read from `f`, symbols from index `first` on, is of the image. */
struct image;
bool symbols_fit(const struct symbols *s, const struct symbol_file *f, guint first, const struct image *image,
                 const char *name, GError **error);

/* --- symbols_dwarf.c ---------------------------------------------------------------- */

struct dwarf_view;

/* NULL: the file has none. */
struct dwarf_view *dwarf_view_new(Elf *elf);
void dwarf_view_free(struct dwarf_view *view);

/* Tell of each function that it has code of. `name` lives as long as the view. */
typedef void (*dwarf_function_fn)(void *user, const char *name, uint64_t start, uint64_t end, bool external);
void dwarf_view_functions(struct dwarf_view *view, dwarf_function_fn fn, void *user);

/* A place in the source; `file` lives as long as the view, NULL: not known. */
struct dwarf_place {
    const char *file;
    int line;
};

/* What is at an address, innermost first: names of functions that were put in line there
 * (at most CODE_FRAMES_MAX - 1), and the place in each; the last place is in the function that has
 * the code. Returns how many names; the places are one more. False: nothing is known. */
struct dwarf_inlined {
    unsigned nr;
    const char *name[CODE_FRAMES_MAX];
    struct dwarf_place at[CODE_FRAMES_MAX];
};
bool dwarf_view_look(struct dwarf_view *view, uint32_t va, struct dwarf_inlined *out);

#endif
