/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1/snapshot.h - a machine written to a file, and made again from it: in another
 * process, at another time, it goes on as if it had not been away. docs/snapshots.md has
 * the file's format.
 *
 *     ring1_machine_save_file(m, "guest.snap", &error);
 *
 *     ring1_saved *saved = ring1_saved_open("guest.snap", &error);
 *     ring1_machine *m = ring1_saved_make(saved, NULL, &error);
 *     ring1_saved_free(saved);
 */
#ifndef RING1_SNAPSHOT_H
#define RING1_SNAPSHOT_H

#include <ring1/ring1.h>

G_BEGIN_DECLS

/* All of the machine and what it was made of; what stands at `path` is replaced when the
 * new file is whole. Between two runs; it changes nothing. Console bytes that the guest has
 * not read are in it; handlers of the caller's own, a watch, and what network cards are
 * connected with are not. RING1_ERROR_STATE: a disk is writable and is no `,snapshot`, for it goes
 * on changing; or the machine's time is the host's, or it is a replay's. RING1_ERROR_HOST: the file. */
bool ring1_machine_save_file(ring1_machine *m, const char *path, GError **error);
/* To what is open, an empty file or a pipe; `name` is for messages. */
bool ring1_machine_save_fd(ring1_machine *m, int fd, const char *name, GError **error);
/* Whether its configuration lets it be saved. */
bool ring1_machine_may_save(const ring1_machine *m, GError **error);

typedef struct ring1_saved ring1_saved;

/* Whether the file begins like a snapshot. */
bool ring1_saved_is(const char *path);
/* RING1_ERROR_INPUT: it is foreign, damaged, cut, or of a ring1 whose machines consist of other things;
 * RING1_ERROR_HOST. */
ring1_saved *ring1_saved_open(const char *path, GError **error);
/* Of what is open; `fd` is closed with it, or when it fails. `name` is for messages. */
ring1_saved *ring1_saved_open_fd(int fd, const char *name, GError **error);
/* The bytes are copied. */
ring1_saved *ring1_saved_open_bytes(const char *name, const void *bytes, size_t len, GError **error);
void ring1_saved_free(ring1_saved *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ring1_saved, ring1_saved_free)

/* What its machine wants of the outside, to be freed with g_strfreev: `disks` and `nets` as ring1_config has
 * them. For who opens these (ring1_host_fetch), gives all else away, and reads the file only then; no more of
 * it is looked at than is needed. `fd` is closed. */
bool ring1_saved_outside(int fd, const char *name, char ***disks, char ***nets, GError **error);
/* Whether a snapshot may name these disks: what its machine writes reaches none of them (`,ro` or `,snapshot`).
 * ring1_saved_* refuse others; this is for who hears of disks from a process that he does not trust. */
bool ring1_saved_check_disks(char *const *disks, GError **error);

/* The machine as it stood. Of `with`, which may be NULL, count what is no part of a machine: record, host,
 * helpers_unconfined. RING1_ERROR_INPUT: what the file says cannot be; RING1_ERROR_STATE: a disk is another
 * than it was; and as ring1_machine_new_from_bytes. Any number of times. */
ring1_machine *ring1_saved_make(ring1_saved *s, const ring1_config *with, GError **error);
/* The machine from its start, as after a reboot; of `with` the date counts, too. */
ring1_machine *ring1_saved_make_anew(ring1_saved *s, const ring1_config *with, GError **error);

/* The image's name; owned by `s`. */
const char *ring1_saved_image(const ring1_saved *s);
/* The machine's configuration; owned by `s`. What `record` names is NULL. */
const ring1_config *ring1_saved_config(const ring1_saved *s);
/* How often it was resumed (ring1_machine_resume*): each time has a seed of its own. */
uint64_t ring1_saved_resumes(const ring1_saved *s);
/* What is in it, as text or JSON; the caller frees it. */
char *ring1_saved_describe(const ring1_saved *s, bool json);

G_END_DECLS

#endif
