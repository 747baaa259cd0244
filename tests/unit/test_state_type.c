/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_state_type.c - state as rows: what is written is read, what cannot be is refused, and no field is
 * forgotten: whoever adds one to a structure of state adds its row, and then its bytes here.
 */
#include "dispatch/domain_fields.h"
#include "dispatch/grant.h"
#include "emu/machine_file.h"
#include "suite.h"

#include <ring1/ring1.h>
#include <string.h>

/* Bytes of padding, and of pointers that have no row: all that rows do not cover. */
START_TEST(no_field_is_forgotten)
{
    const struct state_type *const *all = machine_state_types();
    static const struct {
        const char *name;
        size_t padding;
    } known[] = {
        {"domain_state", 32 * sizeof(struct vcpu) + 135},
        {"vcpu", 285},
        {"machine_state", 191},
        {"cpu_state", 4},
        {"frame", 2},
    };
    unsigned seen = 0;
    for (; *all; all++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
            if (strcmp((*all)->name, known[i].name))
                continue;
            seen++;
            ck_assert_msg((*all)->size - state_covered(*all) == known[i].padding,
                          "struct %s: %zu bytes have no row, not %zu", known[i].name,
                          (*all)->size - state_covered(*all), known[i].padding);
        }
    }
    ck_assert_uint_eq(seen, G_N_ELEMENTS(known));
}
END_TEST

START_TEST(there_and_back)
{
    struct regs in = {.eax = 1, .eip = 0xFFFFFFFF, .gs = 0xE021}, out = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    state_pack(bytes, &regs_state_type, &in);
    ck_assert_uint_eq(bytes->len, state_covered(&regs_state_type));
    struct state_bytes from = {bytes->data, bytes->len};
    ck_assert(state_unpack(&from, &regs_state_type, &out, &error));
    ck_assert_uint_eq(from.left, 0);
    ck_assert_mem_eq(&in, &out, sizeof in);
    for (guint cut = 0; cut < bytes->len; cut++) {
        g_autoptr(GError) why = NULL;
        from = (struct state_bytes){bytes->data, cut};
        ck_assert(!state_unpack(&from, &regs_state_type, &out, &why));
        ck_assert(g_error_matches(why, RING1_ERROR, RING1_ERROR_INPUT));
    }
}
END_TEST

START_TEST(what_cannot_be)
{
    struct grant_mapping in = {.ref = 8, .mapped = true}, out;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    state_pack(bytes, &grant_mapping_state_type, &in);
    bytes->data[9] = 2; /* a truth */
    struct state_bytes from = {bytes->data, bytes->len};
    ck_assert(!state_unpack(&from, &grant_mapping_state_type, &out, &error));
    ck_assert_str_eq(error->message, "grant_mapping.mapped[0] is 2, at most 1 is possible");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("state_type");
    TCase *tc = tcase_create("state_type");
    tcase_add_test(tc, no_field_is_forgotten);
    tcase_add_test(tc, there_and_back);
    tcase_add_test(tc, what_cannot_be);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
