/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * option_rows.h - one row an option, and what the functions that take values share.
 * options_run.c has those of a run, options_trace.c those of a trace.
 */
#ifndef CLI_OPTION_ROWS_H
#define CLI_OPTION_ROWS_H

#include "options.h"

/* `arg` NULL: it takes no value. A letter may lack a name only where no user would
 * write one. */
#define OPTION_OF_MACHINE 0x100u /* beside the commands: it says what the machine is */
struct option_row {
    const char *name;
    char letter;
    unsigned commands; /* enum subcommand, as bits */
    const char *arg;
    const char *help;
    bool (*take)(struct options *o, const char *option, const char *value, GError **error);
};

/* The rows of a trace, and all others; *nr of them. */
const struct option_row *trace_option_rows(size_t *nr);
const struct option_row *run_option_rows(size_t *nr);

/* Set the error "OPTION: 'VALUE' is not WANTED"; false. */
bool bad_value(GError **error, const char *option, const char *value, const char *wanted);

/* An unsigned number, decimal or 0x and hexadecimal, nothing before or after. */
bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

#endif
