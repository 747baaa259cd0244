/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * post_mortem.c - what is asked of a machine that stands: names of its addresses, by its image and
 * by files that the user names; reports; core files.
 */
#include "debug/core_write.h"
#include "debug/report.h"
#include "emu/symbols.h"
#include "host.h"
#include "machine_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <ring1/host.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool ring1_host_fetch_symbols(ring1_host *h, const char *spec, GError **error)
{
    g_autofree char *path = g_strdup(spec);
    uint32_t offset;
    if (!take_offset(path, &offset, error))
        return false;
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) file = host_file(h, path, false, &why);
    if (!file)
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_OPTION, why->message);
    return file != NULL;
}

/* --- reports and cores ------------------------------------------------------------- */

char *ring1_machine_report(ring1_machine *m, bool json)
{
    struct report *report = machine_report(m->machine, machine_symbols(m), m->image->name);
    char *text = json ? report_json(report) : report_text(report);
    report_free(report);
    return text;
}

bool ring1_machine_report_due(ring1_machine *m)
{
    return machine_report_due(m->machine);
}

bool ring1_machine_ended(const ring1_machine *m)
{
    return m->machine->domain->s.shutdown != SHUTDOWN_NONE;
}

bool ring1_machine_write_core_to(ring1_machine *m, int fd, GError **error)
{
    return core_write(m->machine, m->image, fd, error);
}

static bool refuse_path(const char *path, const char *why, GError **error)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "%s: %s", path, why);
    return false;
}

bool ring1_machine_write_core(ring1_machine *m, const char *path, GError **error)
{
    GStatBuf st;
    if (g_stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return refuse_path(path, "is no regular file, and a core has to be one", error);
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    g_autoptr(GError) why = NULL;
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse_path(path, g_strerror(errno), error);
    bool ok = ring1_machine_write_core_to(m, fd, &why);
    if (close(fd) != 0 || (ok && g_rename(temporary, path) != 0)) {
        g_clear_error(&why);
        why = g_error_new_literal(RING1_ERROR, RING1_ERROR_HOST, g_strerror(errno));
    }
    if (!why)
        return true;
    g_unlink(temporary);
    return refuse_path(path, why->message, error);
}
