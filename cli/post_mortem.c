/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * post_mortem.c - see post_mortem.h.
 */
#include "post_mortem.h"
#include "confine.h"

#include <ring1/host.h>
#include <string.h>

bool post_mortem_add_symbols(const struct options *o, ring1_machine *m, GError **error)
{
    for (char **spec = o->symbols; spec && *spec; spec++) {
        if (ring1_machine_add_symbols(m, *spec, error))
            continue;
        g_prefix_error(error, "--symbols: ");
        return false;
    }
    return true;
}

bool post_mortem_fetch_symbols(const struct options *o, ring1_host *host, GError **error)
{
    for (char **spec = o->symbols; spec && *spec; spec++) {
        if (ring1_host_fetch_symbols(host, *spec, error))
            continue;
        g_prefix_error(error, "--symbols: ");
        return false;
    }
    return true;
}

static bool prefixed(bool ok, const char *option, GError **error)
{
    if (!ok)
        g_prefix_error(error, "%s: ", option);
    return ok;
}

bool post_mortem_open(struct post_mortem *p, const struct options *o, GError **error)
{
    *p = (struct post_mortem)POST_MORTEM_NONE;
    p->o = o;
    return prefixed(output_open(&p->report, o->report_file, error), "--report", error) &&
           prefixed(core_file_open(&p->core, o->core_file, error), "--core", error);
}

static bool write_report(struct post_mortem *p, ring1_machine *m, GError **error)
{
    if (p->report.fd < 0)
        return true;
    g_autofree char *text = confine_into_report(&p->o->sandbox, ring1_machine_report(m, true));
    return output_write(&p->report, text, strlen(text), error);
}

/* A guest that powered off, rebooted or suspended leaves nothing to look into. */
static bool write_core(struct post_mortem *p, ring1_machine *m, GError **error)
{
    if (p->core.fd < 0 || (ring1_machine_ended(m) && !ring1_machine_report_due(m)))
        return true;
    if (ring1_machine_write_core_to(m, p->core.fd, error))
        return core_file_keep(&p->core, error);
    g_prefix_error(error, "%s: ", p->core.path);
    return false;
}

bool post_mortem_write(struct post_mortem *p, ring1_machine *m, GError **error)
{
    return prefixed(write_report(p, m, error), "--report", error) &&
           prefixed(write_core(p, m, error), "--core", error);
}

void post_mortem_close(struct post_mortem *p)
{
    output_close(&p->report);
    core_file_close(&p->core);
}
