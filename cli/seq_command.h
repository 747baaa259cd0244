/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_command.h - what the commands of `ring1 seq` share.
 */
#ifndef CLI_SEQ_COMMAND_H
#define CLI_SEQ_COMMAND_H

#include "debug/seq.h"

/* Parse what `entries` say; the names of files are left in argv. False: *status is
 * the exit status. */
bool seq_parse_options(const char *name, const char *summary, const GOptionEntry *entries, int *argc,
                       char ***argv, int *status);

/* NULL: what is wrong was said, *status is the exit status. */
struct seq *seq_read_file(const char *file, int *status);

/* Have it be for another ABI or Xen than the file says; NULL: that one. False: what is wrong
 * was said. */
bool seq_other_abi(const char *abi, const char *xen, struct seq *s);

int seq_command_min(int argc, char **argv);
int seq_command_export(int argc, char **argv);
int seq_command_import(int argc, char **argv);

#endif
