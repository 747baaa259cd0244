/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_priv.h - what a ring1_machine is made of.
 */
#ifndef LIB_MACHINE_PRIV_H
#define LIB_MACHINE_PRIV_H

#include "devices.h"
#include "devices/console.h"
#include "devices/xenstore.h"
#include "emu/machine.h"

/* Which turn of which call is being made: one that stopped half-way comes again. */
struct call_turn {
    uint64_t call;
    uint32_t turn;
};

static inline void call_turn_next(struct call_turn *t, uint64_t call)
{
    t->turn = t->call == call ? t->turn + 1 : 0;
    t->call = call;
}

/* What a replay does to calls: what the recorded run's watch did. */
struct answers {
    /* A call is about to be made: true, call->result is its answer. */
    bool (*before)(void *user, struct ring1_call *call, uint32_t *work);
    void *user;
};

/* What it was made of, for snapshots. */
struct origin {
    GBytes *image, *initrd, *xenstore; /* files, or NULL */
    char *config;                      /* config_text.h */
    uint64_t resumes;                  /* ring1_machine_resume*, so far */
};

/* Of ring1_machine.stirred. */
enum { STIRRED_CONSOLE = 1, STIRRED_XENSTORE = 2, STIRRED_DEVICES = 4, STIRRED_ALL = 7 };

struct ring1_machine {
    struct machine *machine;
    ring1_host *host;        /* NULL: none; not owned */
    struct image *image;     /* for its symbols */
    struct origin origin;
    struct symbols *symbols; /* NULL: not asked for yet */
    struct console *console;
    struct xenstore *xenstore;
    struct devices *devices;
    struct ring1_console console_ops;
    void *console_user;
    struct ring1_watch watch;
    void *watch_user;
    struct tap tap;
    struct recorder *recorder;     /* NULL: its run is not recorded */
    const struct answers *answers; /* NULL: none */
    unsigned stirred;              /* STIRRED_*: back ends that may have changed */
    bool running;                  /* within ring1_machine_run */
    bool quiet;                    /* what it does was seen before: nobody is told */
};

/* Names of the guest's addresses: post_mortem.c. */
struct symbols *machine_symbols(ring1_machine *m);
/* A second machine of the same image knows what the first was told. */
void machine_share_symbols(ring1_machine *to, ring1_machine *from);

/* ring1_machine_restore, whoever records it. */
bool machine_put(ring1_machine *m, const ring1_snapshot *s, GError **error);

/* Nobody is told of what it prints, sends and calls. */
void machine_set_quiet(ring1_machine *m, bool quiet);
/* The machine's watch, or what knows the answers, is another. */
void machine_set_tap(ring1_machine *m);

#endif
