/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_xl.c - any bytes at all as one of xl's files: refused in one line, or read as options and their
 * values.
 */
#include "cli/xl_config.h"
#include "fuzz.h"
#include "must.h"

/* libxlutil forgets what it had of a file with a mistake. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxlutil\n";
}

static void check_words(const GPtrArray *words)
{
    must(words->len % 2 == 0, "an option without a value");
    for (guint i = 0; i < words->len; i += 2)
        must(g_str_has_prefix(g_ptr_array_index(words, i), "--"), "a value without an option");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    struct xl_config xl;
    g_autofree char *text = g_malloc0(size + 1);
    memcpy(text, data, size);
    xl_config_init(&xl);
    if (!ring1_xl_config_read("input.cfg", text, size, &xl, &error))
        must_be_one_line(error);
    else
        must(xl.kernel != NULL, "there is no kernel");
    check_words(xl.words);
    xl_config_clear(&xl);
    return 0;
}
