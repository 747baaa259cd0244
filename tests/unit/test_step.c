/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_step.c - the rules of segments that segments.c knows.
 */
#include "emu/segments.h"

#include <check.h>
#include <stdlib.h>

static uint64_t describe(uint32_t base, uint32_t limit, unsigned access, unsigned flags)
{
    return (limit & 0xFFFFu) | (uint64_t)(base & 0xFFFFFFu) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15u) << 48 | (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

/* Which descriptors make a page of them worth a look. */
START_TEST(pages)
{
    const struct abi *native = abi_find(RING1_ABI_XEN_3_0, RING1_XEN_3_2);
    const struct abi *compat = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    const struct {
        uint64_t descriptor;
        bool native, compat;
    } rows[] = {
        {0, false, false},
        {describe(0, 0xFFFFF, 0xB2, 0xC), false, false},      /* all */
        {describe(0, 0xFFFFF, 0xBA, 0xC), false, false},      /* code */
        {describe(0, 0xFC3FF, 0xB2, 0xC), false, true},       /* up to native Xen's end */
        {describe(0, 0xFC3FE, 0xB2, 0xC), true, true},        /* a page less */
        {describe(0x1000, 0xFFFFF, 0xF2, 0xC), false, false}, /* another base */
        {describe(0x1000, 0xFC3FE, 0xF2, 0xC), true, true},
        {describe(0, 0xFFFFF, 0xB0, 0xC), true, true}, /* read-only */
        {describe(0, 0xFFFFF, 0xB8, 0xC), true, true}, /* execute-only */
        {describe(0, 0xFFFFF, 0xB6, 0xC), true, true}, /* down */
        {describe(0, 0xFFFFF, 0xB2, 0x4), true, true}, /* bytes */
        {describe(0, 0x10, 0x32, 0xC), false, false},  /* not present */
        {describe(0, 0x67, 0x89, 0x0), false, false},  /* a TSS */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t page[512] = {0};
        page[i * 37 % 512] = rows[i].descriptor;
        ck_assert_msg(segments_page_matters(native, page) == rows[i].native, "native, row %zu", i);
        ck_assert_msg(segments_page_matters(compat, page) == rows[i].compat, "compat, row %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("step");
    TCase *g = tcase_create("segments");
    tcase_add_test(g, pages);
    suite_add_tcase(s, g);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
