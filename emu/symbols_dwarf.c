/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols_dwarf.c - DWARF by libdw: which unit an address is in, its line, the functions
 * that were put in line there. Units are found by their own ranges, for not every compiler
 * writes .debug_aranges. Trees of a file that is not trusted may be deep, or have no end:
 * every look has its budget.
 */
#include "symbols_priv.h"

#include <dwarf.h>
#include <string.h>

#define UNITS_MAX    (1u << 20) /* ranges of units */
#define RANGES_MAX   4096u      /* of one unit or function */
#define DEPTH_MAX    64u
#define VISITS_LOOK  (1u << 20) /* entries that one look goes by */
#define VISITS_UNITS (1u << 25) /* and that the search for all functions does */
#define OVERLAPS_MAX 64u

struct unit {
    uint32_t start, end;
    Dwarf_Off die;
};

struct dwarf_view {
    Dwarf *dwarf;
    GArray *units; /* struct unit, by start */
    uint32_t visits;
};

/* --- units ------------------------------------------------------------------------ */

static bool add_unit(struct dwarf_view *view, Dwarf_Die *die, uint64_t start, uint64_t end)
{
    if (start >= end || end > (uint64_t)UINT32_MAX + 1 || view->units->len >= UNITS_MAX)
        return false;
    /* A last byte of 4 GiB is lost. */
    struct unit u = {(uint32_t)start, (uint32_t)MIN(end, UINT32_MAX), dwarf_dieoffset(die)};
    g_array_append_val(view->units, u);
    return true;
}

/* By the rows of its line table, where the unit names no range: a row each sequence. */
static void add_by_lines(struct dwarf_view *view, Dwarf_Die *die)
{
    Dwarf_Lines *lines;
    size_t n;
    if (dwarf_getsrclines(die, &lines, &n) != 0)
        return;
    Dwarf_Addr start = 0;
    bool open = false;
    for (size_t i = 0; i < n; i++) {
        Dwarf_Line *line = dwarf_onesrcline(lines, i);
        Dwarf_Addr at;
        bool last;
        if (!line || dwarf_lineaddr(line, &at) != 0 || dwarf_lineendsequence(line, &last) != 0)
            return;
        if (!open)
            start = at;
        open = !last;
        if (last)
            add_unit(view, die, start, at);
    }
}

static void add_ranges(struct dwarf_view *view, Dwarf_Die *die)
{
    Dwarf_Addr base, start, end;
    ptrdiff_t offset = 0;
    bool any = false;
    for (unsigned i = 0; i < RANGES_MAX && (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0; i++)
        any |= add_unit(view, die, start, end);
    if (!any)
        add_by_lines(view, die);
}

static gint by_start(gconstpointer pa, gconstpointer pb)
{
    const struct unit *a = pa, *b = pb;
    return a->start != b->start ? (a->start < b->start ? -1 : 1) : (a->end > b->end) - (a->end < b->end);
}

/* Calls `fn` for the top of each unit. */
static void for_units(struct dwarf_view *view,
                      void (*fn)(struct dwarf_view *view, Dwarf_Die *die, void *user), void *user)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die;
    for (unsigned i = 0;
         i < UNITS_MAX && dwarf_get_units(view->dwarf, cu, &cu, &version, &type, &die, NULL) == 0; i++)
        if (type == DW_UT_compile || type == DW_UT_skeleton)
            fn(view, &die, user);
}

static void on_unit(struct dwarf_view *view, Dwarf_Die *die, G_GNUC_UNUSED void *user)
{
    add_ranges(view, die);
}

struct dwarf_view *dwarf_view_new(Elf *elf)
{
    Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    if (!dwarf)
        return NULL;
    struct dwarf_view *view = g_new0(struct dwarf_view, 1);
    view->dwarf = dwarf;
    view->units = g_array_new(FALSE, FALSE, sizeof(struct unit));
    for_units(view, on_unit, NULL);
    g_array_sort(view->units, by_start);
    return view;
}

void dwarf_view_free(struct dwarf_view *view)
{
    if (!view)
        return;
    g_array_free(view->units, TRUE);
    dwarf_end(view->dwarf);
    g_free(view);
}

/* The unit that begins nearest below `va` and reaches to it. */
static bool find_unit(const struct dwarf_view *view, uint32_t va, Dwarf_Die *die)
{
    guint low = 0, high = view->units->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(view->units, struct unit, middle).start <= va)
            low = middle + 1;
        else
            high = middle;
    }
    for (guint i = low; i > 0 && low - i < OVERLAPS_MAX; i--) {
        const struct unit *u = &g_array_index(view->units, struct unit, i - 1);
        if (va < u->end)
            return dwarf_offdie(view->dwarf, u->die, die) != NULL;
    }
    return false;
}

/* --- functions -------------------------------------------------------------------- */

/* What may hold functions without being one. */
static bool is_container(int tag)
{
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
           tag == DW_TAG_class_type;
}

/* The first child, or the next one; false: there is none, or the budget is spent. */
static bool first_child(struct dwarf_view *view, Dwarf_Die *parent, Dwarf_Die *child)
{
    return view->visits > 0 && view->visits-- && dwarf_child(parent, child) == 0;
}

static bool next_child(struct dwarf_view *view, Dwarf_Die *child)
{
    Dwarf_Die next;
    if (view->visits == 0 || dwarf_siblingof(child, &next) != 0)
        return false;
    view->visits--;
    *child = next;
    return true;
}

struct telling {
    dwarf_function_fn fn;
    void *user;
};

static void tell(Dwarf_Die *die, const struct telling *t)
{
    Dwarf_Attribute attribute;
    bool external = false;
    const char *name = dwarf_diename(die);
    if (!name || !name[0])
        return;
    if (dwarf_attr_integrate(die, DW_AT_external, &attribute))
        dwarf_formflag(&attribute, &external);
    Dwarf_Addr base, start, end;
    ptrdiff_t offset = 0;
    for (unsigned i = 0; i < RANGES_MAX && (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0; i++)
        t->fn(t->user, name, start, end, external);
}

static void tell_all(struct dwarf_view *view, Dwarf_Die *parent, const struct telling *t, unsigned depth)
{
    Dwarf_Die die;
    if (depth >= DEPTH_MAX || !first_child(view, parent, &die))
        return;
    do {
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_subprogram)
            tell(&die, t);
        else if (is_container(tag))
            tell_all(view, &die, t, depth + 1);
    } while (next_child(view, &die));
}

static void tell_unit(struct dwarf_view *view, Dwarf_Die *die, void *user)
{
    tell_all(view, die, user, 0);
}

void dwarf_view_functions(struct dwarf_view *view, dwarf_function_fn fn, void *user)
{
    view->visits = VISITS_UNITS;
    for_units(view, tell_unit, &(struct telling){fn, user});
}

/* --- one address ------------------------------------------------------------------- */

/* The calls in line around it, outermost first; of more than there is room for the
 * innermost. */
struct nest {
    unsigned nr;
    Dwarf_Die die[CODE_FRAMES_MAX - 1];
};

static void push(struct nest *nest, const Dwarf_Die *die)
{
    if (nest->nr == G_N_ELEMENTS(nest->die))
        memmove(nest->die, nest->die + 1, --nest->nr * sizeof nest->die[0]);
    nest->die[nest->nr++] = *die;
}

/* Into the child of `parent` that holds `va`, and on from there. False: none does. */
static bool descend(struct dwarf_view *view, Dwarf_Die *parent, uint32_t va, struct nest *nest,
                    unsigned depth)
{
    Dwarf_Die die;
    if (depth >= DEPTH_MAX || !first_child(view, parent, &die))
        return false;
    do {
        int tag = dwarf_tag(&die);
        if (is_container(tag) && descend(view, &die, va, nest, depth + 1))
            return true;
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
            tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
            continue;
        if (dwarf_haspc(&die, va) != 1)
            continue;
        if (tag == DW_TAG_inlined_subroutine)
            push(nest, &die);
        descend(view, &die, va, nest, depth + 1);
        return true;
    } while (next_child(view, &die));
    return false;
}

static int number_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 || value > INT_MAX)
        return 0;
    return (int)value;
}

/* Where a function that was put in line is called. */
static struct dwarf_place call_of(Dwarf_Die *unit, Dwarf_Die *die)
{
    Dwarf_Files *files;
    size_t n;
    struct dwarf_place at = {.line = number_of(die, DW_AT_call_line)};
    int file = number_of(die, DW_AT_call_file);
    /* DWARF 2 had no way to say it. */
    if (at.line > 0 && dwarf_getsrcfiles(unit, &files, &n) == 0 && (size_t)file < n)
        at.file = dwarf_filesrc(files, (size_t)file, NULL, NULL);
    return at;
}

bool dwarf_view_look(struct dwarf_view *view, uint32_t va, struct dwarf_inlined *out)
{
    Dwarf_Die unit;
    struct nest nest = {0};
    *out = (struct dwarf_inlined){0};
    if (!find_unit(view, va, &unit))
        return false;
    Dwarf_Line *line = dwarf_getsrc_die(&unit, va);
    int number = 0;
    if (line && dwarf_lineno(line, &number) == 0)
        out->at[0] = (struct dwarf_place){dwarf_linesrc(line, NULL, NULL), number};
    view->visits = VISITS_LOOK;
    descend(view, &unit, va, &nest, 0);
    while (nest.nr > 0) {
        Dwarf_Die *die = &nest.die[--nest.nr];
        out->name[out->nr++] = dwarf_diename(die);
        out->at[out->nr] = call_of(&unit, die);
    }
    return true;
}
