/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * symbols.c - names of a machine's addresses: its image's, and those of files that the
 * user names.
 */
#include "emu/symbols.h"
#include "host.h"
#include "machine_priv.h"

#include <string.h>

struct symbols *machine_symbols(ring1_machine *m)
{
    if (!m->symbols)
        m->symbols = symbols_new(m->image->bytes);
    return m->symbols;
}

void machine_share_symbols(ring1_machine *to, ring1_machine *from)
{
    struct symbols *symbols = symbols_ref(machine_symbols(from));
    symbols_free(to->symbols);
    to->symbols = symbols;
}

const char *ring1_machine_symbol(ring1_machine *m, uint32_t va, bool is_return)
{
    return symbols_lookup(machine_symbols(m), va, is_return);
}

char *ring1_machine_source(ring1_machine *m, uint32_t va, bool is_return)
{
    return symbols_source(machine_symbols(m), is_return ? va - 1 : va);
}

unsigned ring1_machine_code_frames(ring1_machine *m, uint32_t va, bool is_return,
                                   const struct ring1_code_frame **frames)
{
    return symbols_frames(machine_symbols(m), va, is_return, frames);
}

/* The part of "FILE,offset=N" behind the comma; a file's name may have commas, too. */
static bool take_offset(char *path, uint32_t *offset, GError **error)
{
    static const char key[] = ",offset=";
    char *at = g_strrstr(path, key);
    *offset = 0;
    if (!at)
        return true;
    const char *value = at + strlen(key);
    bool minus = *value == '-';
    guint64 number;
    const char *digits = value + minus;
    bool hex = g_str_has_prefix(digits, "0x");
    if (!g_ascii_string_to_unsigned(digits + (hex ? 2 : 0), hex ? 16 : 10, 0, UINT32_MAX, &number, NULL)) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "offset=%s is no number of 32 bits", value);
        return false;
    }
    *offset = minus ? 0u - (uint32_t)number : (uint32_t)number;
    *at = '\0';
    return true;
}

bool ring1_machine_add_symbols(ring1_machine *m, const char *spec, GError **error)
{
    g_autofree char *path = g_strdup(spec);
    uint32_t offset;
    if (!take_offset(path, &offset, error))
        return false;
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) file = host_file(m->host, path, false, &why);
    if (file)
        return symbols_add(machine_symbols(m), file, path, offset, m->image, error);
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, why->message);
    return false;
}
