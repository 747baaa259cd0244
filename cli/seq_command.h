/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_command.h - what the commands of `ring1 seq` share.
 */
#ifndef CLI_SEQ_COMMAND_H
#define CLI_SEQ_COMMAND_H

#include "confine.h"
#include "debug/seq.h"

/* Parse what `entries` say, and --sandbox; the names of files are left in argv. False: *status is
 * the exit status. */
bool seq_parse_options(const char *name, const char *summary, const GOptionEntry *entries, int *argc,
                       char ***argv, struct sandbox_choice *sandbox, int *status);

/* --- seq_source.c */

/* A file as it was read, or why it was not. */
struct seq_source {
    const char *file, *name; /* as it was given; for messages */
    char *text;
    gsize len;
    GError *error;
};

/* argv[1] and on; nothing in them is looked at. */
GPtrArray *seq_read_files(int argc, char **argv);
/* It was read. False: why not was said, *status is the exit status. */
bool seq_source_ok(const struct seq_source *source, int *status);
/* NULL: what is wrong was said, *status is the exit status. */
struct seq *seq_parse_source(const struct seq_source *source, int *status);

/* Have it be for another ABI or Xen than the file says; NULL: that one. False: what is wrong
 * was said. */
bool seq_other_abi(const char *abi, const char *xen, struct seq *s);

int seq_command_min(int argc, char **argv);
int seq_command_export(int argc, char **argv);
int seq_command_import(int argc, char **argv);

#endif
