/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * must.h - what holds whatever the input is. Where it does not the process ends, which is
 * what every engine takes for a finding.
 */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H

#include <ring1/ring1.h>
#include <stdbool.h>
#include <string.h>

static inline void must(bool holds, const char *what)
{
    if (!holds)
        g_error("%s", what);
}

/* Of a refusal, which is freed: it can be shown to a person. */
static inline void must_be_one_line(GError *error)
{
    must(error != NULL, "refused without a word");
    must(error->domain == RING1_ERROR, "an error of another domain");
    must(strchr(error->message, '\n') == NULL, "more than one line");
    must(strlen(error->message) < 4000, "an endless line");
    g_error_free(error);
}

#endif
