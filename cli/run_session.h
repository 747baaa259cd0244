/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_session.h - a run of `ring1 run` or `trace`, between its files: what is opened for it
 * (run_open.c), its machines (run.c), the loop that lets their time pass beside the host's
 * (run_loop.c), and its end (run_end.c).
 */
#ifndef CLI_RUN_SESSION_H
#define CLI_RUN_SESSION_H

#include "console.h"
#include "control.h"
#include "gdb.h"
#include "network.h"
#include "options.h"
#include "poller.h"
#include "post_mortem.h"
#include "snapshot_look.h"
#include "tracing.h"

#include <ring1/host.h>
#include <ring1/record.h>
#include <ring1/snapshot.h>

#define NS_PER_S 1000000000

struct session {
    const struct options *o;
    struct console console;
    struct network network;
    ring1_host *host; /* what was opened for its machines */
    struct post_mortem files;
    struct output save; /* of --save */
    bool confined;
    struct poller *poller;
    struct control *control;    /* NULL: none */
    struct gdb *gdb;            /* NULL: none */
    struct snapshot_look load;  /* of --load */
    ring1_saved *loaded;        /* of --load, or NULL */
    const ring1_config *config; /* the machine's, but for the date */
    bool has_begun;             /* a machine was made */
    bool saved;                 /* --save is done, or failed */
    ring1_machine *machine;
    GByteArray *input;       /* of --input; NULL: stdin */
    struct tracing *tracing; /* NULL: none */
    uint64_t past_ns;        /* guest time and hypercalls of machines before a */
    uint64_t past_calls;     /* restart */
    uint64_t suspends;       /* that were followed by a resume */
    uint64_t idle_since;     /* guest time since when it only waits */
    uint64_t idle_until;     /* end of its last wait */
    uint64_t idle_written;   /* console bytes that it had written then */
    ring1_record *record;    /* NULL: none */
    bool waits;              /* for ever, and that was said */
    char *words;             /* that were said at the end */
    int status;
};

/* What becomes of a run. */
enum next {
    GO_ON,
    RESTART,
    END,
};

/* --- run_open.c */

/* All that the options name. False: s->status is the exit status; said so. */
bool session_open(struct session *s);
/* Open what machines will need, and then nothing more: neither the image nor a snapshot is
 * looked at before. */
bool session_lock_up(struct session *s);
/* At the end: the record's, then all others. */
void session_close_record(struct session *s);
void session_close(struct session *s);

/* --- run_loop.c: the machine runs, until something else is to be done. */
enum next session_run(struct session *s);
/* The rest of a limit, after what former machines took of it. */
uint64_t session_left(uint64_t limit, uint64_t past);

/* --- run_end.c */

enum next session_end(struct session *s, int status);
/* With the last line on stderr, and the terminal as it was. */
enum next session_end_saying(struct session *s, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* --at is reached. */
enum next session_save_and_end(struct session *s);
/* The guest has ended: why, if it was nothing that a guest ought to do. */
void session_print_report(struct session *s);
/* How the guest stands at the end of the run, whatever ended it: --report, --core. */
void session_write_files(struct session *s);

#endif
