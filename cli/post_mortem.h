/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * post_mortem.h - what `ring1 run`, `trace` and `replay` have for the time after the guest's
 * end: names of its addresses, the report, the core file.
 */
#ifndef CLI_POST_MORTEM_H
#define CLI_POST_MORTEM_H

#include "core_file.h"
#include "options.h"
#include "output.h"

/* Read the files of --symbols ahead, for machines of this host. */
bool post_mortem_fetch_symbols(const struct options *o, ring1_host *host, GError **error);

/* --symbols. False: one is wrong, "--symbols: FILE: why". */
bool post_mortem_add_symbols(const struct options *o, ring1_machine *m, GError **error);

/* The files of --report and --core. */
struct post_mortem {
    const struct options *o;
    struct output report;
    struct core_file core;
};
#define POST_MORTEM_NONE                                                                                     \
    {                                                                                                        \
        .report.fd = -1, .core = CORE_FILE_NONE                                                              \
    }

/* Before the run; at its end; and after that. False: one cannot be made or written, "--core: FILE:
 * why". */
bool post_mortem_open(struct post_mortem *p, const struct options *o, GError **error);
bool post_mortem_write(struct post_mortem *p, ring1_machine *m, GError **error);
void post_mortem_close(struct post_mortem *p);

#endif
