/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * place.c - see place.h.
 */
#include "place.h"

#include "dispatch/memory.h"

#include <string.h>

/* Of a list so many elements are looked at. */
static const struct decode_limits limits = {.elements = 65536, .bytes = 0};

struct search {
    const struct domain *d;
    const struct place *places;
    unsigned nr;
    bool found;
};

bool place_parse(const char *text, struct place *place, GError **error)
{
    static const struct {
        const char *prefix;
        enum place_kind kind;
    } kinds[] = {{"mfn:", PLACE_MFN}, {"pfn:", PLACE_PFN}, {"va:", PLACE_VA}, {"", PLACE_VA}};
    size_t i = 0;
    while (!g_str_has_prefix(text, kinds[i].prefix))
        i++;
    const char *digits = text + strlen(kinds[i].prefix);
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    guint64 number;
    if (!g_ascii_string_to_unsigned(hex ? digits + 2 : digits, hex ? 16 : 10, 0, UINT32_MAX, &number, NULL)) {
        g_autofree char *shown = g_utf8_make_valid(text, (gssize)MIN(strlen(text), 200));
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "'%s' is no place: mfn:NUMBER, pfn:NUMBER, or an address of 32 bits", shown);
        return false;
    }
    place->kind = kinds[i].kind;
    place->number = (uint32_t)number >> (place->kind == PLACE_VA ? RING1_PAGE_SHIFT : 0);
    return true;
}

static void saw(struct search *s, enum place_kind kind, uint64_t number)
{
    for (unsigned i = 0; i < s->nr; i++)
        if (s->places[i].kind == kind && s->places[i].number == number)
            s->found = true;
}

static void saw_mfn(struct search *s, uint64_t mfn)
{
    saw(s, PLACE_MFN, mfn);
    if (mfn < s->d->mem->nr_frames) {
        uint32_t pfn = m2p_get(s->d->mem, MFN((uint32_t)mfn));
        if (pfn < s->d->s.max_pages)
            saw(s, PLACE_PFN, pfn);
    }
}

static void saw_va(struct search *s, uint64_t va)
{
    saw(s, PLACE_VA, va >> RING1_PAGE_SHIFT);
}

static void saw_pte(struct search *s, uint64_t entry)
{
    if (entry & 1)
        saw_mfn(s, (entry & 0x000FFFFFFFFFF000ull) >> RING1_PAGE_SHIFT);
}

static void on_number(void *user, const char *name, const struct number *n)
{
    struct search *s = user;
    (void)name;
    switch (n->format) {
    case FORMAT_VA:
        saw_va(s, n->value);
        break;
    case FORMAT_MFN:
        saw_mfn(s, n->value);
        break;
    case FORMAT_PFN:
        saw(s, PLACE_PFN, n->value);
        break;
    case FORMAT_FRAME: /* pfns go in, mfns come back: either may be meant */
        saw(s, PLACE_PFN, n->value);
        saw_mfn(s, n->value);
        break;
    case FORMAT_MADDR:
    case FORMAT_MMU_PTR:
        saw_mfn(s, n->value >> RING1_PAGE_SHIFT);
        break;
    case FORMAT_PTE:
        saw_pte(s, n->value);
        break;
    case FORMAT_MMU_VAL:
        if ((n->peer & 3) == 1) /* MMU_MACHPHYS_UPDATE: a pfn */
            saw(s, PLACE_PFN, n->value);
        else
            saw_pte(s, n->value);
        break;
    default:
        break;
    }
}

static void on_begin(void *user, const char *name, enum bracket bracket, uint32_t va)
{
    (void)name;
    (void)bracket;
    if (va)
        saw_va(user, va);
}

static void on_end(void *user, enum bracket bracket, uint32_t left_out)
{
    (void)user;
    (void)bracket;
    (void)left_out;
}

static void on_text(void *user, const char *name, uint32_t va, const uint8_t *bytes, uint32_t len,
                    uint32_t left_out)
{
    (void)name;
    (void)bytes;
    for (uint64_t at = va; va && at < (uint64_t)va + len + left_out; at += RING1_PAGE_SIZE)
        saw_va(user, at);
    if (va && len + left_out)
        saw_va(user, (uint64_t)va + len + left_out - 1);
}

static void on_pointer(void *user, const char *name, uint32_t va, bool bad)
{
    (void)name;
    (void)bad;
    if (va)
        saw_va(user, va);
}

static const struct decode_sink sink = {
    .begin = on_begin, .end = on_end, .number = on_number, .text = on_text, .pointer = on_pointer};

bool call_touches_input(const struct trace_call *c, const struct place *places, unsigned nr)
{
    struct search s = {.d = c->v->domain, .places = places, .nr = nr};
    if (c->row)
        decode_input(c->decoder, c->v, c->row, c->call->arg, &limits, &sink, &s);
    return s.found;
}

bool call_touches_output(const struct trace_call *c, const struct place *places, unsigned nr)
{
    struct search s = {.d = c->v->domain, .places = places, .nr = nr};
    if (c->row && c->row->service == HC_SERVED && !c->injected)
        decode_output(c->decoder, c->v, c->row, c->call->arg, errno_name(c->call->result) != NULL, &limits,
                      &sink, &s);
    return s.found;
}
