/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * commands.c - see commands.h.
 */
#include "commands.h"

#include <string.h>

const char *command_name(const struct hypercall *row, uint32_t cmd)
{
    struct signature s;
    if (!row || !signature_parse(row->signature, &s, NULL, 0) || s.nr == 0 || s.arg[0].kind != ARG_COMMAND)
        return NULL;
    const struct command *c = command_of(s.arg[0].commands, cmd, row->to);
    return c ? strchr(c->name, '_') + 1 : NULL;
}

char *argument_name(const struct hypercall *row, unsigned word)
{
    struct signature s;
    if (!row || !signature_parse(row->signature, &s, NULL, 0))
        return g_strdup("");
    for (unsigned i = 0; i < s.nr; i++)
        if (word >= s.arg[i].word && word < (unsigned)s.arg[i].word + s.arg[i].words)
            return g_strdup_printf("%s%s", s.arg[i].name, word > s.arg[i].word ? "'" : "");
    return g_strdup("");
}
