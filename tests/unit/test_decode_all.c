/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_decode_all.c - every hypercall and every sub-operation of every Xen as text:
 * each is given arguments whose values tell fields apart, and what debug/decode.c and
 * debug/text.c make of it must stand in decode_all.txt, which people have read. What
 * has no line there, and what no call leads to, fails.
 *
 * RING1_KEEP=1 in the environment writes the file anew.
 */
#include "debug/text.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct decode_limits limits = {.elements = 4, .bytes = 32};

/* --- samples ------------------------------------------------------------------------- */

struct sample {
    struct fixture *f;
    unsigned k;       /* numbers given so far: no two are alike */
    GHashTable *seen; /* structures and sets */
};

#define ELEMENTS 2u /* of each list */

static uint64_t flags_of(const struct value_set *set)
{
    /* Two flags that do not share bits. */
    uint64_t value = 0;
    for (unsigned i = 0, n = 0; i < set->nr && n < 2; i++) {
        uint64_t mask = (uint64_t)set->values[set->nr - 1 - i].value;
        if (value & mask)
            continue;
        value |= mask;
        n++;
    }
    return value;
}

/* A value that says by itself what it is. */
static uint64_t sample_number(struct sample *s, enum format format, const struct value_set *set)
{
    unsigned k = ++s->k;
    if (set)
        g_hash_table_add(s->seen, (gpointer)(uintptr_t)set);
    switch (format) {
    case FORMAT_DEC:
        return 100 + k;
    case FORMAT_HEX:
        return 0xA00 + k;
    case FORMAT_VA:
        return 0xC00A0000 + k * 16;
    case FORMAT_MFN:
        return 0x9000 + k;
    case FORMAT_PFN:
    case FORMAT_FRAME:
        return 0x8000 + k;
    case FORMAT_MADDR:
        return 0x7000000 + k * 8;
    case FORMAT_PORT:
        return 10 + k;
    case FORMAT_DOMID:
        return k % 2 ? 0x7FF0 : k;
    case FORMAT_SELECTOR:
        return 0xE001 + k * 8;
    case FORMAT_NS:
        return k * 1000000000ull + 5;
    case FORMAT_NS_HL:
        return (k * 1000000000ull + 5) << 32 | (k * 1000000000ull + 5) >> 32;
    case FORMAT_PTE:
        return (0x9000ull + k) << 12 | 0x63;
    case FORMAT_DESCRIPTOR:
        return 0x00CFBB000000FFFFull + k * 0x10000;
    case FORMAT_MMU_PTR:
        /* An entry of a table, then one of the m2p. */
        return 0x7000000ull + k * 8 + (k == 1 ? 0 : s->f->abi->xen == RING1_XEN_2_0 ? 2 : 1);
    case FORMAT_MMU_VAL:
        return (0x9000ull + k) << 12 | 0x63;
    case FORMAT_MMU_COUNT:
        return ELEMENTS;
    case FORMAT_UVM_FLAGS:
        return 6;
    case FORMAT_NAMES:
        return set->flags ? flags_of(set) : (uint64_t)set->values[k % set->nr].value;
    }
    return 0;
}

static bool is_count(const struct structure *s, const char *name)
{
    for (unsigned i = 0; i < s->nr_fields; i++)
        if (s->fields[i].count && strcmp(s->fields[i].count, name) == 0)
            return true;
    return false;
}

static void fill(struct sample *s, const struct structure *target, uint8_t *bytes);

static uint32_t sample_structures(struct sample *s, const struct structure *target, unsigned n)
{
    g_autofree uint8_t *bytes = g_malloc0(target->size * n + 1);
    for (unsigned i = 0; i < n; i++)
        fill(s, target, bytes + i * target->size);
    return fx_put(s->f, bytes, target->size * n).va;
}

static uint32_t sample_numbers(struct sample *s, unsigned size, enum format format,
                               const struct value_set *set, unsigned n)
{
    uint8_t bytes[8 * ELEMENTS] = {0};
    for (unsigned i = 0; i < n; i++) {
        uint64_t value = sample_number(s, format, set);
        memcpy(bytes + i * size, &value, size);
    }
    return fx_put(s->f, bytes, size * n).va;
}

static void fill_field(struct sample *s, const struct structure *target, const struct field *f,
                       uint8_t *bytes)
{
    uint64_t value;
    uint32_t va;
    unsigned n = f->count && strcmp(f->count, "1") == 0 ? 1 : ELEMENTS;
    switch ((enum field_kind)f->kind) {
    case FIELD_NUMBER:
        for (unsigned i = 0; i < f->n; i++) {
            value = is_count(target, f->name) ? ELEMENTS : sample_number(s, f->format, f->set);
            memcpy(bytes + f->offset + i * f->size, &value, f->size);
        }
        break;
    case FIELD_TEXT:
        g_snprintf((char *)bytes + f->offset, f->n, "text %u", ++s->k);
        break;
    case FIELD_NESTED:
        g_hash_table_add(s->seen, (gpointer)(uintptr_t)f->target);
        if (!f->when || f->when_is == 2)
            fill(s, f->target, bytes + f->offset);
        break;
    case FIELD_STRUCTS:
    case FIELD_NUMBERS:
        va = f->kind == FIELD_STRUCTS ? sample_structures(s, f->target, n)
                                      : sample_numbers(s, f->size, f->format, f->set, n);
        memcpy(bytes + f->offset, &va, sizeof va);
        break;
    }
}

static void fill(struct sample *s, const struct structure *target, uint8_t *bytes)
{
    g_hash_table_add(s->seen, (gpointer)(uintptr_t)target);
    for (unsigned i = 0; i < target->nr_fields; i++) {
        const struct field *f = &target->fields[i];
        fill_field(s, target, f, bytes);
        /* Of a status, the one with most to tell. */
        if (f->set && strcmp(f->name, "status") == 0 && strcmp(f->set->name, "evtchn_status") == 0)
            memcpy(bytes + f->offset, &(uint32_t){2}, 4);
    }
}

static uint32_t sample_op(struct sample *s, const struct argument *a, const struct command *c)
{
    uint8_t bytes[ELEMENTS * 64] = {0};
    unsigned n = a->count == COUNT_ONE ? 1 : ELEMENTS, size = op_size(a);
    ck_assert_uint_le(size * n, sizeof bytes);
    for (unsigned i = 0; i < n; i++) {
        memcpy(bytes + i * size, &c->nr, 4);
        fill(s, c->arg, bytes + i * size + a->op_offset);
    }
    return fx_put(s->f, bytes, n * size).va;
}

/* The words of one argument. */
static void sample_argument(struct sample *s, const struct signature *sig, const struct argument *a,
                            const struct command *c, uint32_t *arg)
{
    unsigned n = a->count == COUNT_ONE ? 1 : ELEMENTS;
    uint64_t value = 0;
    switch ((enum argument_kind)a->kind) {
    case ARG_NUMBER:
        value = sample_number(s, a->format, a->set);
        for (unsigned i = 0; i < sig->nr; i++)
            if (sig->arg[i].count >= 0 && &sig->arg[sig->arg[i].count] == a)
                value = ELEMENTS * sig->arg[i].count_unit;
        break;
    case ARG_COMMAND:
        value = c->nr;
        break;
    case ARG_BY_COMMAND:
        g_hash_table_add(s->seen, (gpointer)(uintptr_t)c->arg);
        value = g_str_has_prefix(c->arg->name, "bytes_") ? fx_put(s->f, "te\"xt", 5).va
                : c->arg->size != 0                      ? sample_structures(s, c->arg, n)
                                                         : 0;
        break;
    case ARG_OP:
        value = sample_op(s, a, c);
        break;
    case ARG_STRUCTS:
        value = sample_structures(s, a->target, n);
        break;
    case ARG_NUMBERS:
        value = sample_numbers(s, a->size, a->format, a->set, n);
        break;
    case ARG_VALUE:
        value = c->arg->nr_fields == 1 ? sample_number(s, c->arg->fields[0].format, c->arg->fields[0].set)
                                       : ++s->k;
        break;
    case ARG_TEXT:
        value = fx_put(s->f, "te\"xt", 5).va;
        break;
    }
    memcpy(&arg[a->word], &value, a->words * sizeof *arg);
}

/* --- lines ------------------------------------------------------------------------------ */

struct line {
    char *text;
    unsigned pairs; /* bit n: abi_all()[n] */
};

static void add_line(GArray *lines, const char *text, unsigned pair)
{
    for (guint i = 0; i < lines->len; i++) {
        struct line *l = &g_array_index(lines, struct line, i);
        if (strcmp(l->text, text) == 0) {
            l->pairs |= 1u << pair;
            return;
        }
    }
    struct line l = {g_strdup(text), 1u << pair};
    g_array_append_val(lines, l);
}

static void show(struct sample *s, const struct decoder *d, const struct hypercall *row,
                 const struct signature *sig, const struct command *c, GArray *lines, unsigned pair)
{
    uint32_t arg[MAX_HYPERCALL_ARGS] = {0};
    fx_reset(s->f);
    s->k = 0;
    for (unsigned i = 0; i < sig->nr; i++)
        sample_argument(s, sig, &sig->arg[i], c, arg);
    g_autoptr(GString) text = g_string_new(row->name);
    struct text_writer in = {.out = text, .domain = s->f->d};
    g_string_append_c(text, '(');
    decode_input(d, s->f->v, row, arg, &limits, &text_sink, &in);
    g_string_append_c(text, ')');
    for (unsigned failed = 0; failed < 2; failed++) {
        size_t before = text->len;
        struct text_writer out = {.out = text, .domain = s->f->d, .output = true};
        decode_answer(d, s->f->v, row, arg, failed ? -XEN_EINVAL : 1, &limits, &text_sink, &out);
        if (text->len > before)
            g_string_insert(text, (gssize)before, failed ? "; -EINVAL => " : " = 1 => ");
    }
    add_line(lines, text->str, pair);
}

static void show_row(struct sample *s, const struct decoder *d, const struct hypercall *row, GArray *lines,
                     unsigned pair)
{
    struct signature sig;
    const struct command_set *set = NULL;
    enum ring1_xen xen = s->f->abi->xen;
    ck_assert(signature_parse(row->signature, &sig, NULL, 0));
    for (unsigned i = 0; i < sig.nr; i++)
        if (sig.arg[i].kind == ARG_COMMAND || sig.arg[i].kind == ARG_OP)
            set = sig.arg[i].commands;
    if (!set) {
        show(s, d, row, &sig, NULL, lines, pair);
        return;
    }
    g_hash_table_add(s->seen, (gpointer)(uintptr_t)set);
    for (unsigned i = 0; i < set->nr; i++)
        if (xen >= set->commands[i].from && xen <= set->commands[i].to)
            show(s, d, row, &sig, &set->commands[i], lines, pair);
}

static GString *everything(GHashTable *seen)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(struct line));
    GString *all = g_string_new(
        "# What test_decode_all makes of every hypercall and sub-operation, for each Xen that has it:\n"
        "#   2.0 | xen-3.0: 3.0.0, 3.0.4, 3.2 | xen-3.0-pae: 3.0.0, 3.0.4, 3.2, 4.17\n"
        "# With RING1_KEEP=1 the test writes this file; read what it changed.\n");
    for (unsigned pair = 0, each = 0;; pair++) {
        struct sample s = {.f = fixture_each(&each), .seen = seen};
        if (!s.f)
            break;
        struct decoder *d = decoder_new(s.f->abi);
        for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++)
            if (hypercall_row(s.f->abi, nr))
                show_row(&s, d, hypercall_row(s.f->abi, nr), lines, pair);
        decoder_free(d);
        fixture_free(s.f);
    }
    for (guint i = 0; i < lines->len; i++) {
        struct line *l = &g_array_index(lines, struct line, i);
        for (unsigned pair = 0; abi_all()[pair]; pair++) {
            if (pair > 0 && abi_all()[pair]->abi != abi_all()[pair - 1]->abi)
                g_string_append_c(all, '|');
            g_string_append_c(all, l->pairs >> pair & 1 ? 'x' : '.');
        }
        g_string_append_printf(all, " %s\n", l->text);
        g_free(l->text);
    }
    return all;
}

static void complain_of_first_difference(const char *expected, const char *got)
{
    g_auto(GStrv) a = g_strsplit(expected, "\n", 0), b = g_strsplit(got, "\n", 0);
    unsigned i = 0;
    while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    ck_abort_msg("decode_all.txt, line %u:\n-%s\n+%s\n(RING1_KEEP=1 writes it anew)", i + 1, a[i] ? a[i] : "",
                 b[i] ? b[i] : "");
}

START_TEST(as_people_have_read_it)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GString) all = everything(seen);
    g_autofree char *expected = NULL;
    if (getenv("RING1_KEEP"))
        ck_assert(g_file_set_contents(DECODE_ALL_TXT, all->str, (gssize)all->len, NULL));
    ck_assert_msg(g_file_get_contents(DECODE_ALL_TXT, &expected, NULL, NULL), DECODE_ALL_TXT);
    if (strcmp(expected, all->str) != 0)
        complain_of_first_difference(expected, all->str);
}
END_TEST

/* Nothing is described that no call leads to. */
START_TEST(all_is_reached)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    unsigned nr;
    g_string_free(everything(seen), TRUE);
    const struct structure *const *structures = describe_structures(&nr);
    for (unsigned i = 0; i < nr; i++)
        ck_assert_msg(g_hash_table_contains(seen, structures[i]), "no call takes structure %s",
                      structures[i]->name);
    const struct command_set *const *sets = describe_command_sets(&nr);
    for (unsigned i = 0; i < nr; i++)
        ck_assert_msg(g_hash_table_contains(seen, sets[i]), "no call takes commands %s", sets[i]->name);
    /* Those that formats know by themselves. */
    static const char *const known[] = {"mmu_cmd",       "mmu_cmd_2_0", "mmuext_2_0",      "pte_flags",
                                        "domain_number", "uvm_flags",   "mmu_count_flags", "pte_flags_high"};
    const struct value_set *const *values = describe_sets(&nr);
    for (unsigned i = 0; i < nr; i++) {
        bool found = g_hash_table_contains(seen, values[i]);
        for (unsigned k = 0; k < G_N_ELEMENTS(known); k++)
            found |= strcmp(values[i]->name, known[k]) == 0;
        ck_assert_msg(found, "no call takes set %s", values[i]->name);
    }
}
END_TEST

/* What has no name is a number, with what it should have been. */
START_TEST(numbers_without_a_name)
{
    unsigned nr;
    const struct value_set *const *sets = describe_sets(&nr);
    for (unsigned i = 0; i < nr; i++) {
        const struct value_set *set = sets[i];
        struct number n = {.size = 4, .format = FORMAT_NAMES, .set = set, .kind = set->name};
        n.value = set->flags ? 0x08000000 : 0xABCD;
        g_autofree char *note = g_strdup_printf("%#x /* no %s */", (unsigned)n.value, set->name);
        struct text_writer w = {.out = g_string_new(NULL)};
        text_sink.number(&w, NULL, &n);
        if (strcmp(set->name, "mem_flags") == 0)
            g_string_append(w.out, " /* no mem_flags */");
        ck_assert_str_eq(w.out->str, note);
        g_string_free(w.out, TRUE);
    }
}
END_TEST

/* --- described and served are the same ------------------------------------------------------ */

/* Offered by Xen, and not here: guests do without (docs/xen-abi.md 8.16). */
static bool is_not_here(const struct hypercall *row, uint32_t nr)
{
    return (row->nr == 32 && nr >= 11 && nr <= 13) ||
           /* 4.17 serves by the old numbers only what was there when they were new. */
           (row->nr == 16 && nr > 9) || (row->nr == 19 && nr > 10);
}

static bool called_unknown(struct fixture *f, const struct hypercall *row, const struct signature *sig,
                           uint32_t nr)
{
    uint32_t arg[MAX_HYPERCALL_ARGS] = {0};
    gva_t zero = fx_va(f, fx_alloc(f));
    for (unsigned i = 0; i < sig->nr; i++) {
        const struct argument *a = &sig->arg[i];
        if (a->kind == ARG_COMMAND)
            arg[a->word] = nr;
        else if (a->kind >= ARG_BY_COMMAND && a->kind != ARG_VALUE)
            arg[a->word] = zero.va;
        if (a->count >= 0)
            arg[sig->arg[a->count].word] = 1;
        if (a->kind == ARG_OP)
            fx_set(f, zero, nr);
        if (strcmp(a->name, "foreigndom") == 0)
            arg[a->word] = FX_SELF;
        if (strcmp(a->name, "domid") == 0)
            arg[a->word] = FX_SELF;
    }
    f->d->console_io_allowed = true;
    fx_enter(f, row->nr, arg);
    return strstr(f->d->why, "unknown") != NULL;
}

static void ck_commands(const struct abi *abi, const struct hypercall *row)
{
    struct signature sig;
    ck_assert(signature_parse(row->signature, &sig, NULL, 0));
    for (unsigned i = 0; i < sig.nr; i++) {
        const struct argument *a = &sig.arg[i];
        if (row->service != HC_SERVED || (a->kind != ARG_COMMAND && a->kind != ARG_OP))
            continue;
        /* 3.0.0 answers 0 for what it does not know. */
        if (row->nr == 24 && abi->xen == RING1_XEN_3_0_0)
            continue;
        for (uint32_t nr = 0; nr < 40 && nr <= command_mask(a->commands, abi->xen); nr++) {
            struct fixture *f = fixture_new(abi->abi, abi->xen);
            bool unknown = called_unknown(f, row, &sig, nr);
            const struct command *c = command_of(a->commands, nr, abi->xen);
            ck_assert_msg(unknown == !c || is_not_here(row, nr), "%s %s: %s %u is %s, and it is %s: %s",
                          abi->name, abi->xen_name, a->commands->name, nr, c ? c->name : "not described",
                          unknown ? "unknown" : "served", f->d->why);
            fixture_free(f);
        }
    }
}

START_TEST(described_is_what_is_served)
{
    const struct abi *abi = abi_all()[_i];
    for (unsigned nr = 0; nr < NR_HYPERCALLS; nr++)
        if (hypercall_row(abi, nr))
            ck_commands(abi, hypercall_row(abi, nr));
}
END_TEST

int main(void)
{
    unsigned abis = 0;
    while (abi_all()[abis])
        abis++;
    Suite *suite = suite_create("decode_all");
    TCase *tc = tcase_create("decode_all");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, as_people_have_read_it);
    tcase_add_test(tc, all_is_reached);
    tcase_add_test(tc, numbers_without_a_name);
    tcase_add_loop_test(tc, described_is_what_is_served, 0, (int)abis);
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
