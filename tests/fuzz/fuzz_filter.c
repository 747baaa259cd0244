/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_filter.c - any bytes at all as the expressions of a trace, a line each (a place
 * after an @): refused in one line, or taken for every Xen; and a set has what its
 * contrary has not.
 */
#include "fuzz.h"
#include "must.h"

#include "debug/filter.h"

/* More are slow and show nothing new. */
#define LINES_MAX 16u

/* A call whose command is in a register. */
static bool matches(const struct call_matcher *m, uint32_t nr, uint32_t command)
{
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {command, command, command, command, command, command};
    const struct argument *cmd = nr < NR_HYPERCALLS ? m->rule[nr].cmd : NULL;
    if (cmd && cmd->kind == ARG_OP)
        return false;
    return call_matcher_match(m, NULL, nr, arg);
}

static void compare(const struct abi *abi, const struct filter *f, const struct filter *contrary)
{
    static const uint32_t numbers[] = {64, 77, 100, UINT32_MAX};
    struct call_matcher *a = call_matcher_new(abi, f->sets), *b = call_matcher_new(abi, contrary->sets);
    for (uint32_t i = 0; i < NR_HYPERCALLS + G_N_ELEMENTS(numbers); i++) {
        uint32_t nr = i < NR_HYPERCALLS ? i : numbers[i - NR_HYPERCALLS];
        const struct argument *cmd = i < NR_HYPERCALLS ? a->rule[i].cmd : NULL;
        for (uint32_t command = 0; command < 70; command++) {
            bool has = matches(a, nr, command);
            must(!has || call_matcher_may(a, nr), "a call matches whose number may not");
            must((cmd && cmd->kind == ARG_OP) || has != matches(b, nr, command),
                 "a set and its contrary agree");
        }
    }
    call_matcher_free(a);
    call_matcher_free(b);
}

/* One set, and all but it. */
static void check_contrary(const char *line)
{
    if (line[0] == '!' || line[0] == '@' || strchr(line, '='))
        return;
    struct filter *f = filter_new(), *contrary = filter_new();
    g_autofree char *negated = g_strconcat("!", line, NULL);
    if (filter_add(f, line, NULL)) {
        must(filter_add(contrary, negated, NULL), "a set without a contrary");
        for (int abi = RING1_ABI_XEN_2_0; abi <= RING1_ABI_XEN_3_0_PAE; abi++)
            compare(abi_find((enum ring1_abi)abi, RING1_XEN_AUTO), f, contrary);
    }
    filter_free(f);
    filter_free(contrary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", LINES_MAX);
    struct filter *f = filter_new();
    for (char **line = lines; *line; line++) {
        GError *error = NULL;
        if (!(**line == '@' ? filter_add_place(f, *line + 1, &error) : filter_add(f, *line, &error)))
            must_be_one_line(error);
        else
            check_contrary(*line);
    }
    for (int abi = RING1_ABI_XEN_2_0; abi <= RING1_ABI_XEN_3_0_PAE; abi++)
        filter_attach(f, abi_find((enum ring1_abi)abi, RING1_XEN_AUTO));
    filter_free(f);
    return 0;
}
