/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_export_watch.c - see seq_export_watch.h.
 */
#include "seq_export_watch.h"

#include "dispatch/describe.h"

#include <string.h>

#define NR_MEMORY_OP 12u

static uint8_t watch_kind(uint8_t format)
{
    switch (format) {
    case FORMAT_MFN:
    case FORMAT_FRAME:
        return SEQ_WATCH_FRAME;
    case FORMAT_MADDR:
    case FORMAT_PTE:
    case FORMAT_MMU_PTR:
    case FORMAT_MMU_VAL:
        return SEQ_WATCH_LOW;
    case FORMAT_NS: /* when it was asked */
    case FORMAT_NS_HL:
        return SEQ_WATCH_ANY;
    default:
        return SEQ_WATCH_NUMBER;
    }
}

/* Kinds of the words of numbers; the upper half of a wide one says nothing without the lower. */
static void number_kinds(GByteArray *kinds, uint32_t at, uint32_t n, uint8_t size, uint8_t format)
{
    uint8_t kind = watch_kind(format);
    for (uint32_t i = 0; kind != SEQ_WATCH_NUMBER && size >= 4 && i < n; i++)
        for (uint32_t word = (at + i * size) / 4; word < (at + (i + 1) * size) / 4 && word < kinds->len;
             word++)
            kinds->data[word] = word == (at + i * size) / 4 ? kind : SEQ_WATCH_ANY;
}

static bool is_private(const char *const *private, const struct structure *s, const struct field *f)
{
    g_autofree char *whole = g_strdup_printf("%s.%s", s->name, f->name);
    return private && (g_strv_contains(private, s->name) || g_strv_contains(private, whole));
}

static void field_kinds(GByteArray *kinds, uint32_t at, const struct field *f, uint8_t kind)
{
    uint32_t end = at + (uint32_t)f->n * (f->size ? f->size : 1u);
    for (uint32_t i = at / 4; i < (end + 3) / 4 && i < kinds->len; i++)
        kinds->data[i] = kind;
}

static void structure_kinds(const char *const *private, GByteArray *kinds, uint32_t at,
                            const struct structure *s)
{
    for (unsigned i = 0; i < s->nr_fields; i++) {
        const struct field *f = &s->fields[i];
        if (is_private(private, s, f))
            field_kinds(kinds, at + f->offset, f, SEQ_WATCH_ANY);
        else if (f->kind == FIELD_NUMBER)
            number_kinds(kinds, at + f->offset, f->n, f->size, f->format);
        else if (f->kind == FIELD_NESTED)
            structure_kinds(private, kinds, at + f->offset, f->target);
    }
}

/* The list of a multicall: its words but for results are Xen's to use. */
static bool is_list(const struct seq_program *p, const struct seq_op *op, uint32_t blob)
{
    return op->line == SEQ_MULTICALL &&
           g_array_index(p->blobs, struct seq_blob, op->first_blob + blob).va == op->word[0];
}

GByteArray *seq_watch_kinds(const struct seq_program *p, const struct seq_op *op, uint32_t blob,
                            uint32_t words, const char *const *private)
{
    GByteArray *kinds = g_byte_array_new();
    g_byte_array_set_size(kinds, words);
    memset(kinds->data, SEQ_WATCH_NUMBER, words);
    for (uint32_t i = 0; i < words && i < op->word[1] * 8 && is_list(p, op, blob); i++)
        if (i % 8 != 1)
            kinds->data[i] = SEQ_WATCH_NOT;
    for (uint32_t i = 0; i < op->nr_shapes; i++) {
        const struct seq_shape *s = &g_array_index(p->shapes, struct seq_shape, op->first_shape + i);
        if (s->blob != blob)
            continue;
        if (!s->structure)
            number_kinds(kinds, s->offset, s->n, s->size, s->format);
        for (uint32_t n = 0; s->structure && n < s->n && s->offset / 4 + n * s->structure->size / 4 < words;
             n++)
            structure_kinds(private, kinds, s->offset + n * s->structure->size, s->structure);
    }
    /* What is given back may be given out again, or not. */
    for (uint32_t i = 0; op->row && op->row->nr == NR_MEMORY_OP && i < words; i++)
        if (kinds->data[i] == SEQ_WATCH_FRAME)
            kinds->data[i] = SEQ_WATCH_ANY;
    return kinds;
}
