/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_command.h - between the files of `ring1 fuzz`.
 */
#ifndef CLI_FUZZ_COMMAND_H
#define CLI_FUZZ_COMMAND_H

#include "confine.h"
#include "fuzz/input.h"

/* --- fuzz_triage.c */
int fuzz_command_triage(int argc, char **argv);
int fuzz_command_show(int argc, char **argv);

/* --- fuzz_import.c */
int fuzz_command_import(int argc, char **argv);

/* --- fuzz_oracle.c: with --oracle among the options. */
int fuzz_command_oracle(int argc, char **argv);

/* --- fuzz_judge.c: who runs kernels for it. The judge's folder has a program `judge`, which
 * takes a file of kernels, memory and vcpus, and prints what they say (tests/oracle/judge). */
struct fuzz_judge {
    const char *folder;
    volatile int *stop;
};
bool fuzz_judge_check(const struct fuzz_judge *j, GError **error);
bool fuzz_judge_ask(void *judge, const GPtrArray *kernels, GPtrArray *answers, GError **error);
/* ring1 itself; `user` is not used. */
bool fuzz_ring1_ask(void *user, const GPtrArray *kernels, GPtrArray *answers, GError **error);

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
