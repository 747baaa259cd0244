/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_command.h - between the files of `ring1 fuzz`.
 */
#ifndef CLI_FUZZ_COMMAND_H
#define CLI_FUZZ_COMMAND_H

#include "fuzz/input.h"

/* --- fuzz_triage.c */
int fuzz_command_triage(int argc, char **argv);
int fuzz_command_show(int argc, char **argv);

/* --- fuzz_import.c */
int fuzz_command_import(int argc, char **argv);

/* --- fuzz_module.c: handlers of a user, from a shared object that has
 *
 *     bool ring1_module_register(ring1_machine *m, GError **error);
 */
struct world;
struct fuzz_module;
/* Its handlers become calls of the grammars, of which only they are left. `pair`: -1 for
 * all. NULL: `error` is set. */
struct fuzz_module *fuzz_module_open(const char *path, struct fuzz_grammars *g, int pair, GError **error);
void fuzz_module_close(struct fuzz_module *m);
/* Put the handlers into a world. */
void fuzz_module_install(struct fuzz_module *m, struct world *w);
void fuzz_module_prepare(void *user, struct world *w);

#endif
