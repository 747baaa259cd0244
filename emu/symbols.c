/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols.c - see symbols.h. All names are read once into one array, which is sorted
 * when the first is asked for; DWARF is read only when a line is.
 */
#include "symbols_priv.h"

#include "image.h"

#include <ring1/ring1.h>
#include <string.h>

/* A guest may come from everywhere: then what was kept is forgotten. */
#define KEPT_MAX 16384u

struct code_frames {
    unsigned nr;
    struct ring1_code_frame frame[]; /* texts are owned */
};

/* --- making ------------------------------------------------------------------- */

void symbols_append(struct symbols *s, const struct symbol *symbol)
{
    if (s->symbols->len < SYMBOLS_MAX)
        g_array_append_vals(s->symbols, symbol, 1);
    s->sorted = false;
}

void symbols_append_code(struct symbols *s, uint32_t offset, uint64_t start, uint64_t size)
{
    if (!size || start > UINT32_MAX || size > UINT32_MAX - start)
        return;
    struct symbol_range r = {(uint32_t)start + offset, (uint32_t)(start + size) + offset};
    if (r.end > r.start)
        g_array_append_val(s->code, r);
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

static void sort(struct symbols *s)
{
    if (!s->sorted)
        g_array_sort(s->symbols, by_start);
    s->sorted = true;
}

static struct symbol_file *file_new(GBytes *bytes, uint32_t offset, uint8_t rank)
{
    struct symbol_file *f = g_new0(struct symbol_file, 1);
    f->bytes = g_bytes_ref(bytes);
    f->elf = symbols_open_elf(bytes);
    f->offset = offset;
    f->rank = rank;
    return f;
}

static void file_free(void *file)
{
    struct symbol_file *f = file;
    dwarf_view_free(f->dwarf);
    if (f->elf)
        elf_end(f->elf);
    if (f->names)
        g_string_chunk_free(f->names);
    g_bytes_unref(f->bytes);
    g_free(f);
}

struct symbols *symbols_new(GBytes *elf)
{
    struct symbols *s = g_new0(struct symbols, 1);
    s->refs = 1;
    s->files = g_ptr_array_new_with_free_func(file_free);
    s->symbols = g_array_new(FALSE, FALSE, sizeof(struct symbol));
    s->code = g_array_new(FALSE, FALSE, sizeof(struct symbol_range));
    struct symbol_file *f = file_new(elf, 0, 0);
    g_ptr_array_add(s->files, f);
    if (f->elf)
        symbols_read_elf(s, f);
    return s;
}

struct symbols *symbols_ref(struct symbols *s)
{
    s->refs++;
    return s;
}

static void forget_kept(struct symbols *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(s->names); i++) {
        g_clear_pointer(&s->names[i], g_hash_table_destroy);
        g_clear_pointer(&s->frames[i], g_hash_table_destroy);
    }
}

void symbols_free(struct symbols *s)
{
    if (!s || --s->refs > 0)
        return;
    forget_kept(s);
    g_array_free(s->symbols, TRUE);
    g_array_free(s->code, TRUE);
    g_ptr_array_free(s->files, TRUE);
    g_free(s);
}

/* An ELF file of this machine, whose addresses mean something. */
static bool check_elf(Elf *elf, const char *name, GError **error)
{
    GElf_Ehdr eh;
    const char *why = !gelf_getehdr(elf, &eh)                       ? "its ELF header cannot be read"
                      : gelf_getclass(elf) != ELFCLASS32            ? "is a 64-bit ELF file"
                      : eh.e_machine != EM_386                      ? "is an ELF file of another machine"
                      : eh.e_type != ET_EXEC && eh.e_type != ET_DYN ? "is an ELF file that is not linked"
                                                                    : NULL;
    if (why)
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: %s", name, why);
    return why == NULL;
}

static bool read_added(struct symbols *s, struct symbol_file *f, const char *name, GError **error)
{
    if (!f->elf)
        return symbols_read_map(s, f, name, error);
    if (!check_elf(f->elf, name, error))
        return false;
    symbols_read_elf(s, f);
    return true;
}

bool symbols_add(struct symbols *s, GBytes *file, const char *name, uint32_t offset,
                 const struct image *image, GError **error)
{
    sort(s);
    guint before = s->symbols->len, code = s->code->len;
    struct symbol_file *f = file_new(file, offset, RANK_ADDED);
    if (!read_added(s, f, name, error) || !symbols_fit(s, f, before, image, name, error)) {
        g_array_set_size(s->symbols, before);
        g_array_set_size(s->code, code);
        s->sorted = true;
        file_free(f);
        return false;
    }
    g_ptr_array_add(s->files, f);
    forget_kept(s);
    return true;
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

/* --- names -------------------------------------------------------------------- */

bool symbols_is_code(const struct symbols *s, uint32_t va)
{
    for (guint i = 0; i < s->code->len; i++) {
        const struct symbol_range *r = &g_array_index(s->code, struct symbol_range, i);
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

static const struct symbol *find(struct symbols *s, uint32_t va, bool function)
{
    sort(s);
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

bool symbols_find(struct symbols *s, const char *name, uint32_t *start, uint32_t *size)
{
    int best = -1;
    for (guint i = 0; i < s->symbols->len; i++) {
        const struct symbol *sym = &g_array_index(s->symbols, struct symbol, i);
        if (!sym->name || sym->rank <= best || strcmp(sym->name, name) != 0)
            continue;
        best = sym->rank;
        *start = sym->start;
        *size = sym->end - sym->start;
    }
    return best >= 0;
}

bool symbols_function(struct symbols *s, uint32_t va, uint32_t *start)
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
static char *name_of(struct symbols *s, uint32_t va, uint32_t inside)
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

char *symbols_name(struct symbols *s, uint32_t va)
{
    return name_of(s, va, va);
}

/* What is kept of `va` in one of two tables. */
static bool is_kept(GHashTable **table, uint32_t va, GDestroyNotify free_value, gpointer *value)
{
    if (!*table)
        *table = g_hash_table_new_full(NULL, NULL, NULL, free_value);
    if (g_hash_table_lookup_extended(*table, GUINT_TO_POINTER(va), NULL, value))
        return true;
    if (g_hash_table_size(*table) >= KEPT_MAX)
        g_hash_table_remove_all(*table);
    return false;
}

const char *symbols_lookup(struct symbols *s, uint32_t va, bool is_return)
{
    GHashTable **names = &s->names[is_return];
    gpointer name;
    if (is_kept(names, va, g_free, &name))
        return name;
    name = name_of(s, va, is_return ? va - 1 : va);
    g_hash_table_insert(*names, GUINT_TO_POINTER(va), name);
    return name;
}

/* --- source ------------------------------------------------------------------- */

/* What DWARF says of `va`: of the file that was added last, first. */
static bool look(struct symbols *s, uint32_t va, struct dwarf_inlined *out)
{
    for (guint i = s->files->len; i-- > 0;) {
        struct symbol_file *f = g_ptr_array_index(s->files, i);
        if (!f->dwarf_tried && f->elf)
            f->dwarf = dwarf_view_new(f->elf);
        f->dwarf_tried = true;
        if (f->dwarf && dwarf_view_look(f->dwarf, va - f->offset, out))
            return true;
    }
    return false;
}

static char *place_text(const struct dwarf_place *at)
{
    if (!at->file)
        return NULL;
    /* The end of a long path says more than its start. */
    size_t len = strlen(at->file);
    GString *out = g_string_new(NULL);
    append_printable(out, len > SYMBOL_NAME_MAX ? at->file + len - SYMBOL_NAME_MAX : at->file);
    g_string_append_printf(out, ":%d", at->line);
    return g_string_free(out, FALSE);
}

char *symbols_source(struct symbols *s, uint32_t va)
{
    struct dwarf_inlined in;
    return look(s, va, &in) ? place_text(&in.at[0]) : NULL;
}

static void frames_free(void *frames)
{
    struct code_frames *f = frames;
    for (unsigned i = 0; i < f->nr; i++) {
        g_free((char *)f->frame[i].name);
        g_free((char *)f->frame[i].source);
    }
    g_free(f);
}

static char *printable(const char *text)
{
    if (!text)
        return NULL;
    GString *out = g_string_new(NULL);
    append_printable(out, text);
    return g_string_free(out, FALSE);
}

unsigned symbols_frames(struct symbols *s, uint32_t va, bool is_return,
                        const struct ring1_code_frame **frames)
{
    GHashTable **kept = &s->frames[is_return];
    struct code_frames *f;
    gpointer value;
    if (is_kept(kept, va, frames_free, &value)) {
        f = value;
    } else {
        struct dwarf_inlined in = {0};
        if (!look(s, is_return ? va - 1 : va, &in))
            in = (struct dwarf_inlined){0};
        f = g_malloc0(sizeof *f + (in.nr + 1) * sizeof f->frame[0]);
        f->nr = in.nr + 1;
        for (unsigned i = 0; i < f->nr; i++)
            f->frame[i] = (struct ring1_code_frame){
                .name = i < in.nr ? printable(in.name[i]) : g_strdup(symbols_lookup(s, va, is_return)),
                .source = place_text(&in.at[i]),
                .inlined = i < in.nr,
            };
        g_hash_table_insert(*kept, GUINT_TO_POINTER(va), f);
    }
    *frames = f->frame;
    return f->nr;
}
