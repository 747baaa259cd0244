/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_command.h - between the files of `ring1 fuzz`.
 */
#ifndef CLI_FUZZ_COMMAND_H
#define CLI_FUZZ_COMMAND_H

#include "confine.h"
#include "options.h"

#include "fuzz/input.h"
#include "fuzz/target.h"

/* --- fuzz_guest.c: a guest's own code and what it does with the dispatcher. */
struct fuzz_guest_asked {
    char *image; /* NULL: it is not about a guest */
    char *load, *buffer, *length, *from, **until, **crash, *dictionary, **symbols;
    char *input, *trace, *hc; /* one run */
    double budget, boot;      /* seconds of the guest's time; 0: as ever */
    int skip, max;
    gboolean host_only;
};

/* --- fuzz.c */
struct fuzz_asked {
    char *abi, *xen, *corpus, *finds, *checks, *module, *merge, *how;
    struct sandbox_choice sandbox;
    gint64 runs, seed;
    double seconds;
    int max_finds, tries;
    gboolean json, quiet, dictionary, help;
    struct fuzz_guest_asked guest;
    struct options machine;
};
/* The loop, with lines for a person; the exit status. `needs` of its children's sandbox. */
int fuzz_hunt(const struct fuzz_asked *a, struct fuzz_target *target, unsigned needs);

GOptionGroup *fuzz_guest_group(struct fuzz_guest_asked *a);
void fuzz_guest_clear(struct fuzz_guest_asked *a);
int fuzz_guest(const struct fuzz_asked *a);
/* What inputs, files or folders of them, still do. */
int fuzz_guest_triage(const struct fuzz_asked *a, int argc, char **argv);

/* --- fuzz_triage.c */
int fuzz_command_triage(int argc, char **argv);
int fuzz_command_show(int argc, char **argv);
/* argv[1..] are files or folders of them; `check` says what a file's bytes break, g_free, NULL: nothing; it
 * runs in a confined process of its own. `kind` as of struct fuzz_target_ops. */
struct fuzz_triage {
    char *(*check)(void *user, const char *file, const char *bytes, gsize len);
    char *(*kind)(const char *reason);
    const char *ending; /* files of a folder that are meant; NULL: all */
    void *user;
    unsigned needs;   /* of the sandbox */
    unsigned seconds; /* that it takes at the start, at most */
};
int fuzz_triage_files(const struct fuzz_triage *how, const struct sandbox_choice *sandbox, int argc,
                      char **argv);

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
/* ring1 itself, with the machine frames of a `const struct fuzz_layout`. */
struct fuzz_layout {
    int mfn_mode; /* enum ring1_mfn_mode */
    uint64_t mfn_seed;
};
bool fuzz_ring1_ask(void *layout, const GPtrArray *kernels, GPtrArray *answers, GError **error);

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
void fuzz_module_prepare(void *module, struct world *w);

#endif
