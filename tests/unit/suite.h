/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * suite.h - how a unit test's main ends: for those that need nothing else of fixture.h.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Check notes the place of each check that passes, in a pipe, and reads them all at the
 * end: most of the time of a test of a million checks. Those that fail say their place
 * themselves; what crashes shows it in a debugger, or by a sanitizer. */
#define _mark_point(file, line) ((void)0)

/* Runs the tests and frees them: the status to leave with. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
