/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_breakpoints.c - which addresses a set of breakpoints matches, and what the
 * guest's debug registers mean.
 */
#include "emu/breakpoints.h"

#include <check.h>
#include <stdlib.h>

START_TEST(ranges)
{
    struct breakpoints b = {.nr = 2, .at = {{0x1FFE, 4, BREAK_WRITE, 3}, {0xFFFFFFFE, 4, BREAK_ACCESS, 2}}};
    const struct breakpoints none = {.nr = 0};
    ck_assert_uint_eq(breakpoints_in_page(&none, 0x1000), 0);
    /* Both pages, and no other. */
    ck_assert_uint_eq(breakpoints_in_page(&b, 0x0FFF), BREAK_ACCESS);
    ck_assert_uint_eq(breakpoints_in_page(&b, 0x1000), BREAK_WRITE);
    ck_assert_uint_eq(breakpoints_in_page(&b, 0x2FFF), BREAK_WRITE);
    ck_assert_uint_eq(breakpoints_in_page(&b, 0x3000), 0);
    ck_assert_uint_eq(breakpoints_in_page(&b, 0xFFFFF000), BREAK_ACCESS);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_WRITE, 0x1FFD, 1), 0);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_WRITE, 0x1FFD, 2), 1u << 3);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_WRITE, 0x2001, 1), 1u << 3);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_WRITE, 0x2002, 4), 0);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_ACCESS, 0x1FFE, 4), 0);
    /* Round the end of the address space. */
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_ACCESS, 1, 1), 1u << 2);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_ACCESS, 2, 1), 0);
    ck_assert_uint_eq(breakpoints_hit(&b, BREAK_ACCESS, 0xFFFFFFFC, 4), 1u << 2);
}
END_TEST

static const struct {
    uint32_t dr7;
    unsigned kinds;        /* in the page of DR1 */
    uint32_t first, bytes; /* that it covers */
} REGISTERS[] = {
    {0x00000000, 0, 0, 0},
    {0x00000003, BREAK_EXECUTE, 0, 0}, /* DR0's, which is 0 as DR1's page is */
    {0x00000008, BREAK_EXECUTE, 0x103, 1},
    {0x00000004, BREAK_EXECUTE, 0x103, 1},
    {0x00C00004, BREAK_EXECUTE, 0x103, 1},
    {0x00100004, BREAK_WRITE, 0x103, 1},
    {0x00500004, BREAK_WRITE, 0x102, 2},
    {0x00D00004, BREAK_WRITE, 0x100, 4},
    {0x00F00004, BREAK_ACCESS, 0x100, 4},
    {0x00300008, BREAK_ACCESS, 0x103, 1},
    {0x00200004, 0, 0, 0}, /* a port */
};

START_TEST(registers)
{
    uint32_t dr[8] = {0, 0x103, 0x5000, 0x6000, 0, 0, 0, REGISTERS[_i].dr7 | 0x400};
    struct breakpoints b = {.nr = 0};
    breakpoints_load_guest(&b, dr);
    ck_assert_uint_eq(breakpoints_in_page(&b, 0x100), REGISTERS[_i].kinds);
    for (uint32_t at = 0xF0; at < 0x120; at++) {
        bool in = at - REGISTERS[_i].first < REGISTERS[_i].bytes;
        ck_assert_uint_eq(breakpoints_hit(&b, 7, at, 1), in ? 2 : 0);
    }
    dr[7] = 0x400;
    breakpoints_load_guest(&b, dr);
    ck_assert_uint_eq(b.nr, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("breakpoints");
    TCase *t = tcase_create("breakpoints");
    tcase_add_test(t, ranges);
    tcase_add_loop_test(t, registers, 0, sizeof REGISTERS / sizeof REGISTERS[0]);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
