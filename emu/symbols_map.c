/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols_map.c - a System.map, or what `nm` prints: lines of "ADDRESS TYPE NAME", in any
 * order. It has no sizes: a name reaches to the next one.
 */
#include "symbols_priv.h"

#include <ring1/ring1.h>
#include <string.h>

/* A name farther away than that says nothing. */
#define REACH_MAX 0x100000u

struct map_line {
    uint64_t address;
    char type;
    const char *name;
    size_t len;
};

enum kind { LINE_SYMBOL, LINE_EMPTY, LINE_BAD };

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* Of [at, end). What nm prints of names that are elsewhere has no address: nothing. */
static enum kind parse(const char *at, const char *end, struct map_line *out)
{
    const char *start = at = skip_blanks(at, end);
    if (at == end)
        return LINE_EMPTY;
    out->address = 0;
    for (; at < end && g_ascii_isxdigit(*at) && at - start < 16; at++)
        out->address = out->address << 4 | (uint64_t)g_ascii_xdigit_value(*at);
    bool has_address = at > start && at < end && (*at == ' ' || *at == '\t');
    at = skip_blanks(has_address ? at : start, end);
    if (at == end || (!g_ascii_isalpha(*at) && *at != '-' && *at != '?'))
        return LINE_BAD;
    out->type = *at++;
    if (at == end || (*at != ' ' && *at != '\t'))
        return LINE_BAD;
    out->name = at = skip_blanks(at, end);
    while (at < end && *at != ' ' && *at != '\t')
        at++;
    out->len = (size_t)(at - out->name);
    if (out->len == 0)
        return LINE_BAD;
    if (!has_address)
        return out->type == 'U' || out->type == 'w' || out->type == 'v' ? LINE_EMPTY : LINE_BAD;
    return LINE_SYMBOL;
}

static void add(struct symbols *s, struct symbol_file *f, const struct map_line *line)
{
    char type = g_ascii_tolower(line->type);
    /* Numbers that are no addresses, and files. */
    if (type == 'a' || type == '-' || type == 'n' || line->address > UINT32_MAX)
        return;
    bool is_code = type == 't' || type == 'w', is_global = line->type != type;
    struct symbol out = {
        .start = (uint32_t)line->address + f->offset,
        .rank = (uint8_t)((is_code ? RANK_FUNCTION : RANK_OBJECT) + (is_global ? RANK_GLOBAL : 0) + f->rank),
        .name = g_string_chunk_insert_len(f->names, line->name, (gssize)MIN(line->len, SYMBOL_NAME_MAX)),
    };
    out.end = out.start;
    symbols_append(s, &out);
}

static gint by_start(gconstpointer pa, gconstpointer pb)
{
    const struct symbol *a = pa, *b = pb;
    return (a->start > b->start) - (a->start < b->start);
}

/* The last stays without a size. */
static void give_sizes(struct symbols *s, guint first)
{
    struct symbol *sym = (struct symbol *)(void *)s->symbols->data + first;
    guint n = s->symbols->len - first;
    qsort(sym, n, sizeof *sym, by_start);
    for (guint i = n, next = n; i-- > 0;) {
        if (i + 1 < n && sym[i + 1].start != sym[i].start)
            next = i + 1;
        if (next < n)
            sym[i].end = sym[i].start + MIN(sym[next].start - sym[i].start, REACH_MAX);
    }
}

static bool is_no_map(const char *name, unsigned nr, const char *line, size_t len, GError **error)
{
    g_autoptr(GString) shown = g_string_new(NULL);
    for (size_t i = 0; i < MIN(len, 40u); i++)
        g_string_append_c(shown, g_ascii_isprint(line[i]) ? line[i] : '?');
    g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                "%s: is neither an ELF file nor a System.map: line %u, '%s', is not ADDRESS TYPE NAME", name,
                nr, shown->str);
    return false;
}

bool symbols_read_map(struct symbols *s, struct symbol_file *f, const char *name, GError **error)
{
    size_t len;
    const char *at = g_bytes_get_data(f->bytes, &len), *end = len ? at + len : at;
    guint first = s->symbols->len;
    f->names = g_string_chunk_new(65536);
    for (unsigned nr = 1; at < end; nr++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *next = stop ? stop + 1 : end;
        struct map_line line;
        if (!stop)
            stop = end;
        if (stop > at && stop[-1] == '\r')
            stop--;
        enum kind kind = parse(at, stop, &line);
        if (kind == LINE_BAD)
            return is_no_map(name, nr, at, (size_t)(stop - at), error);
        if (kind == LINE_SYMBOL)
            add(s, f, &line);
        at = next;
    }
    if (s->symbols->len == first) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "%s: names no address of 32 bits", name);
        return false;
    }
    give_sizes(s, first);
    return true;
}
