/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/record.h - a run written down so that it can be repeated to the byte, without
 * the outside: record and replay. docs/records.md has the file's format.
 *
 *     config->record = ring1_record_new("run.rec", &error);
 *     ... machines made with `config` are recorded from their making to their freeing ...
 *     ring1_record_end(config->record, 0, "the guest powered off", &error);
 *     ring1_record_free(config->record);
 *
 *     ring1_replay *r = ring1_replay_open("run.rec", &error);
 *     while (ring1_replay_next(r, &error)) {
 *         ring1_machine_set_console(ring1_replay_machine(r), &console, NULL);
 *         if (!ring1_replay_run(r, NULL, &stop, &error) || stop.reason != RING1_REPLAY_FINISHED)
 *             break;
 *     }
 *     ring1_replay_free(r);
 */
#ifndef RING1_RECORD_H
#define RING1_RECORD_H

#include <ring1/ring1.h>

G_BEGIN_DECLS

/* --- record ------------------------------------------------------------------ */

/* Make or empty the file. Everything that a machine gets from outside while it is
 * recorded must come by functions of ring1.h; what a watch answers is in the record, but
 * not what the caller's own hypercalls answer, nor what is written from within a run. Snapshots
 * cannot be restored into a machine that is recorded, and its time must be virtual. */
ring1_record *ring1_record_new(const char *path, GError **error);

/* How the run ended: an exit status and words, for the replay. False: something of the
 * record could not be written, at any time. */
bool ring1_record_end(ring1_record *r, int status, const char *text, GError **error);

/* After its machines. Without ring1_record_end it is a record that was cut. */
void ring1_record_free(ring1_record *r);

/* --- replay ------------------------------------------------------------------ */

typedef struct ring1_replay ring1_replay;

/* RING1_ERROR_INPUT: the file is foreign, damaged, or of a ring1 that ran guests in
 * another way. */
ring1_replay *ring1_replay_open(const char *path, GError **error);
/* Of what is open; `fd` is closed with it, or when it fails. `name` is for messages. */
ring1_replay *ring1_replay_open_fd(int fd, const char *name, GError **error);
void ring1_replay_free(ring1_replay *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ring1_replay, ring1_replay_free)

/* What is in the record, as text or JSON; the caller frees it. */
char *ring1_replay_describe(ring1_replay *r, bool json, GError **error);
/* What a user should know beforehand: it was written with another CPU engine, it was
 * cut. NULL: nothing. Owned by `r`. */
const char *ring1_replay_warning(const ring1_replay *r);

/* Make the next machine of the record, the first one at first: after a reboot there is
 * another. The one before is freed. False with *error unset: there is none. */
bool ring1_replay_next(ring1_replay *r, GError **error);
/* Where its machines find files that were read ahead (ring1/host.h), those of symbols: before
 * the first is made. It must outlive them. */
void ring1_replay_use_host(ring1_replay *r, ring1_host *host);
/* There is another after the present one. */
bool ring1_replay_has_next(const ring1_replay *r);
/* The name of the present machine's image, as it was given to the recorded run. Owned by
 * `r`. */
const char *ring1_replay_image(const ring1_replay *r);
/* The present machine. It may be watched, looked at and interrupted, but not be run or
 * changed. Owned by `r`. */
ring1_machine *ring1_replay_machine(ring1_replay *r);

enum ring1_replay_reason {
    RING1_REPLAY_FINISHED,    /* as the recorded machine: memory, registers and time are the same */
    RING1_REPLAY_LIMIT,       /* of the budget */
    RING1_REPLAY_INTERRUPTED, /* ring1_machine_interrupt */
    RING1_REPLAY_CUT,         /* the record goes no further */
    RING1_REPLAY_STOPPED,     /* for its debugger: ring1/debugger.h */
};

struct ring1_replay_stop {
    enum ring1_replay_reason reason;
    struct ring1_stop guest; /* the machine's last stop */
};

/* Run up to a limit (NULL: none; return_when_idle is not looked at), or to the end.
 * False: RING1_ERROR_DIVERGED says where this run was first seen not to be the recorded
 * one, others that it could not be run. */
bool ring1_replay_run(ring1_replay *r, const struct ring1_budget *limits, struct ring1_replay_stop *stop,
                      GError **error);

/* How the recorded run ended. False: it was cut, and that is not known. `text` may be
 * NULL. */
bool ring1_replay_result(const ring1_replay *r, int *status, const char **text);

/* A place in a replay to come back to: what reverse execution is made of. Of the present
 * machine only. */
typedef struct ring1_replay_point ring1_replay_point;
ring1_replay_point *ring1_replay_save(ring1_replay *r);
bool ring1_replay_restore(ring1_replay *r, const ring1_replay_point *point, GError **error);
void ring1_replay_point_free(ring1_replay_point *point);

G_END_DECLS

#endif
