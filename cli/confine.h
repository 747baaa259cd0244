/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * confine.h - --sandbox: what a command still needs when all is opened, and giving away all
 * else (sandbox/sandbox.h, docs/security.md).
 */
#ifndef CLI_CONFINE_H
#define CLI_CONFINE_H

#include "options.h"

/* Enter the sandbox; nothing can be opened from here. `needs` are beyond what follows from
 * the options (enum sandbox_needs). False: it was asked for and cannot be had; said so. */
bool confine(const struct options *o, unsigned needs);

/* The same of a command that has other options, for what it reads. */
bool confine_reader(const char *name, const struct sandbox_choice *choice, unsigned needs);

/* The value of its --sandbox, or NULL. False: it is none; said so. */
bool confine_choose(const char *value, struct sandbox_choice *choice);

/* What follows from a configuration that the options do not have: of a snapshot. */
unsigned confine_needs(const ring1_config *config);

/* The first machine stands: code for another is mapped no more, if none can follow. */
void confine_made(const struct options *o);

/* --- work in a process of its own -------------------------------------------------------- */

/* For commands that write files: a child reads and works in the sandbox and writes to files
 * in memory, from which the parent, who looks at nothing, takes the bytes. */

/* Such a file; -1: there can be none, said so. */
int confine_file(void);
/* Its bytes become the file `path`. False: said so. */
bool confine_copy(int fd, const char *path);
/* Write to it, in the child. False: said so. */
bool confine_write(int fd, const char *bytes, size_t len);

/* Do `work` in a confined child; the exit status that it returned. */
int confine_apart(const char *name, const struct sandbox_choice *choice, unsigned needs,
                  int (*work)(void *user), void *user);

/* What has to be opened for a run may stand in a file that somebody else has made. `look` says it in a
 * confined child, by confine_say, and returns an exit status, which *status is. The lines, for confine_heard;
 * NULL: there are none, said so, and *status is of a failure. What was said before a failure is there, too.
 * The child may have been taken over: what is heard is only words. g_strfreev. */
char **confine_look(const char *name, const struct sandbox_choice *choice,
                    int (*look)(GString *out, void *user), void *user, int *status);
/* A line: a letter, and a word of any bytes but 0. */
void confine_say(GString *out, char mark, const char *word);
/* The words behind this letter; g_strfreev. */
char **confine_heard(char *const *lines, char mark);

/* --- --sandbox=report ----------------------------------------------------------------------- */

/* At the end: what was heard, on one line of stderr; and as a member of the report's object
 * (docs/crash-report.md), of which the text is given and freed. */
void confine_tell(const struct sandbox_choice *choice);
char *confine_into_report(const struct sandbox_choice *choice, char *json);

/* The line of `ring1 --version`; g_free. */
char *confine_describe(void);

#endif
