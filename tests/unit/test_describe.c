/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_describe.c - every row, structure and sub-operation is described, and the
 * descriptions agree with one another.
 */
#include "dispatch/describe.h"
#include "fixture.h"

#include <string.h>

/* A row's signature takes as many words as the row reads. */
START_TEST(every_row_has_a_signature)
{
    size_t nr;
    const struct hypercall *rows = hypercall_rows(&nr);
    ck_assert_uint_gt(nr, 40);
    for (size_t i = 0; i < nr; i++) {
        struct signature s;
        char error[128];
        unsigned words = 0;
        ck_assert_msg(signature_parse(rows[i].signature, &s, error, sizeof error), "%s: %s", rows[i].name,
                      error);
        for (unsigned k = 0; k < s.nr; k++) {
            ck_assert_uint_eq(s.arg[k].word, words);
            words += s.arg[k].words;
        }
        ck_assert_msg(words == rows[i].nargs, "%s takes %u words, its signature %u", rows[i].name,
                      rows[i].nargs, words);
    }
}
END_TEST

/* Fields lie inside, in order, and do not overlap; counts are fields. */
START_TEST(structures_hold_together)
{
    unsigned nr;
    const struct structure *const *all = describe_structures(&nr);
    ck_assert_uint_gt(nr, 60);
    for (unsigned i = 0; i < nr; i++) {
        const struct structure *s = all[i];
        unsigned end = 0;
        ck_assert_ptr_eq(describe_structure(s->name), s);
        for (unsigned k = 0; k < s->nr_fields; k++) {
            const struct field *f = &s->fields[k];
            bool pointer = f->kind == FIELD_STRUCTS || f->kind == FIELD_NUMBERS, counted = false;
            unsigned size = f->kind == FIELD_NESTED ? f->target->size : pointer ? 4 : f->size * f->n;
            /* Variants begin at the same place. */
            bool variant = k > 0 && f->when && s->fields[k - 1].when;
            ck_assert_msg(f->offset >= (variant ? s->fields[k - 1].offset : end), "%s.%s", s->name, f->name);
            end = MAX(end, f->offset + size);
            for (unsigned c = 0; f->when && c < k; c++)
                counted |= strcmp(s->fields[c].name, f->when) == 0;
            ck_assert_msg(!f->when || counted, "%s.%s stands there when what?", s->name, f->name);
            for (unsigned c = 0; pointer && c < s->nr_fields; c++)
                counted |= strcmp(s->fields[c].name, f->count) == 0;
            ck_assert_msg(!pointer || counted || strcmp(f->count, "1") == 0, "%s.%s", s->name, f->name);
            ck_assert_msg(f->format != FORMAT_NAMES || f->set, "%s.%s", s->name, f->name);
        }
        ck_assert_msg(end <= s->size, "%s", s->name);
    }
}
END_TEST

/* One meaning a number and Xen. */
START_TEST(commands_are_told_apart)
{
    unsigned nr;
    const struct command_set *const *all = describe_command_sets(&nr);
    for (unsigned i = 0; i < nr; i++) {
        const struct command_set *set = all[i];
        for (unsigned a = 0; a < set->nr; a++)
            for (unsigned b = 0; b < a; b++)
                ck_assert_msg(set->commands[a].nr != set->commands[b].nr ||
                                  set->commands[a].from > set->commands[b].to ||
                                  set->commands[b].from > set->commands[a].to,
                              "%s: %s and %s", set->name, set->commands[a].name, set->commands[b].name);
    }
    const struct command_set *sched = describe_commands("sched_op");
    ck_assert_str_eq(command_of(sched, 3, RING1_XEN_3_0_4)->name, "SCHEDOP_poll");
    ck_assert_ptr_null(command_of(sched, 6, RING1_XEN_3_2));
    ck_assert_ptr_null(command_of(sched, 99, RING1_XEN_4_17));
    const struct command_set *memory = describe_commands("memory_op");
    ck_assert_str_eq(command_of(memory, 6 | 3 << 6, RING1_XEN_4_17)->name, "XENMEM_populate_physmap");
    ck_assert_str_eq(command_of(memory, 6 | 3 << 4, RING1_XEN_3_2)->name, "XENMEM_populate_physmap");
    ck_assert_ptr_null(command_of(memory, 6 | 3 << 4, RING1_XEN_4_17));
}
END_TEST

static const struct {
    const char *text, *error;
} bad[] = {
    {"a,b", "\"a,b\", column 3: expected \", \""},
    {"a:nonsense", "\"a:nonsense\", column 11: expected a type before here"},
    {"a:?*", "\"a:?*\", column 4: expected a command before it"},
    {"a:trap_info", "\"a:trap_info\", column 12: expected *"},
    {"a:u32*[b]", "\"a:u32*[b]\", column 10: expected an argument that is a count"},
    {"a:u32*[b", "\"a:u32*[b\", column 9: expected ]"},
    {"a:u32*[b/x]", "\"a:u32*[b/x]\", column 10: expected a number"},
    {"a, b, c, d, e, f, g", "\"a, b, c, d, e, f, g\", column 19: expected no more arguments"},
    {"a:pte@4*", "\"a:pte@4*\", column 7: expected a set of commands, and an offset up to 16"},
    {"", NULL},
    {"a = hex", NULL},
    {" = hex", NULL},
    {"a = b", "\"a = b\", column 6: expected a format before here"},
    {"a = hex, b", "\"a = hex, b\", column 8: expected nothing more"},
    {"a b", "\"a b\", column 2: expected \" = \" and a format"},
    {"a:ns, b:u32*[c/512]>, c", NULL},
};

START_TEST(signatures)
{
    struct signature s;
    char error[128] = "";
    bool ok = signature_parse(bad[_i].text, &s, error, sizeof error);
    if (bad[_i].error)
        ck_assert_str_eq(error, bad[_i].error);
    ck_assert(ok == !bad[_i].error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe");
    TCase *tc = tcase_create("describe");
    tcase_add_test(tc, every_row_has_a_signature);
    tcase_add_test(tc, structures_hold_together);
    tcase_add_test(tc, commands_are_told_apart);
    tcase_add_loop_test(tc, signatures, 0, G_N_ELEMENTS(bad));
    suite_add_tcase(suite, tc);
    return fx_main(suite);
}
